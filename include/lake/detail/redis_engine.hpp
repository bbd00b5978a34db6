// How a call gets its answer: where it goes, in which form, and what is done when that fails. The rules, for every kind of router:
//
// - EVALSHA first. NOSCRIPT: EVAL. NOPERM that names evalsha: EVAL from then on. An error from inside a script: never a second run.
// - The server did nothing (LOADING, BUSY, TRYAGAIN, CLUSTERDOWN, not connected, not sent whole): once more after a pause with jitter.
// - The answer was lost: once more if the call says that it may be repeated, else the error says that it may have happened.
// - MOVED and ASK are followed, five times at most. All of it within the operation's deadline.
#ifndef LAKE_DETAIL_REDIS_ENGINE_HPP
#define LAKE_DETAIL_REDIS_ENGINE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_lane.hpp>
#include <lake/detail/redis_node.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/redis_setup.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Runs calls over a router. Thread-safe; knows no script by name.
template <class Router>
class redis_engine {
 public:
  template <class... Args>
  explicit redis_engine(std::shared_ptr<const redis_setup> setup, Args&&... args)
      : setup_(std::move(setup)), router_(std::forward<Args>(args)...) {}

  [[nodiscard]] const redis_setup& setup() const noexcept { return *setup_; }
  [[nodiscard]] const std::shared_ptr<const redis_setup>& shared_setup() const noexcept { return setup_; }

  /// Connects once, without repeating: what a wrong URL or password is told by.
  [[nodiscard]] result<void> probe() {
    const redis_deadline until = setup_->deadline();
    result<redis_node_ptr> node = find(std::nullopt, until);
    if (!node) return std::move(node).error();
    result<redis_node::lease> line = (*node)->take(until, false);
    if (!line) return std::move(line).error();
    return {};
  }

  [[nodiscard]] result<redis_reply> run(const redis_call& call) {
    redis_deadline until = setup_->deadline();
    redis_task task(call);
    do {
      attempt(task, until);
    } while (!task.answer && go_on(task, until));
    return std::move(*task.answer);
  }

  /// Answers in the order of the calls. Each window of calls has the time of one operation, as long as all before it were answered.
  [[nodiscard]] std::vector<result<redis_reply>> run_many(std::span<const redis_call> calls) {
    std::vector<redis_task> tasks(calls.begin(), calls.end());
    redis_deadline until = setup_->deadline();
    for (std::span<redis_task> rest(tasks); !rest.empty();) {
      const std::size_t size = window(rest);
      const bool reached = run_window(rest.first(size), until);
      rest = rest.subspan(size);
      if (reached && !rest.empty()) until = setup_->deadline();
    }
    return answers(tasks);
  }

  /// All on one connection, in one pipeline, without repeats: what follows WAIT must be on the connection that wrote.
  /// Only scripts that the server did not have are sent once more, as text, with all that follows the first of them.
  [[nodiscard]] std::vector<result<redis_reply>> run_together(std::string_view key, std::span<const redis_call> calls) {
    const redis_deadline until = setup_->deadline();
    std::vector<redis_task> tasks(calls.begin(), calls.end());
    for (redis_task& task : tasks) task.form = form();
    result<redis_node_ptr> node = find(key, until);
    if (!node) return fail_all(tasks, node.error());
    result<redis_node::lease> line = (*node)->take(until, true);
    if (!line) {
      note_break(**node, line.error());
      return fail_all(tasks, line.error());
    }
    redis_lane lane(*node, std::move(*line));
    send_together(lane, tasks, until);
    if (const std::size_t first = first_unknown_script(tasks); first < tasks.size() && lane.line().reusable()) {
      const std::span<redis_task> again = std::span(tasks).subspan(first);
      for (redis_task& task : again) task.form = redis_form::whole;
      send_together(lane, again, until);
    }
    for (redis_task& task : tasks) {
      if (!*task.came) note_break(**node, task.came->error());
      conclude(task, **node);
    }
    return answers(tasks);
  }

  /// The name of the server that calls of `key` go to now.
  [[nodiscard]] result<std::string> server_of(std::string_view key) {
    return find(key, setup_->deadline()).transform([](const redis_node_ptr& node) { return node->name(); });
  }

  /// A call on a connection of its own for every server that holds data.
  [[nodiscard]] result<std::vector<redis_node_ptr>> primaries() { return router_.primaries(setup_->deadline()); }

 private:
  static constexpr std::size_t max_redirects = 5;
  static constexpr std::size_t window_calls = 1000;
  static constexpr std::size_t window_bytes = std::size_t{4} << 20U;

  [[nodiscard]] redis_form form() const noexcept { return whole_.load(std::memory_order_relaxed) ? redis_form::whole : redis_form::digest; }

  [[nodiscard]] static std::optional<std::string_view> key_of(const redis_call& call) noexcept {
    return call.keys.empty() ? std::nullopt : std::optional<std::string_view>(call.keys.front());
  }

  /// The server of `key`. Whatever failed on the way to it, nothing of the caller's was sent.
  [[nodiscard]] result<redis_node_ptr> find(std::optional<std::string_view> key, const redis_deadline& until) {
    result<redis_node_ptr> found = router_.find(key, until);
    if (found) return found;
    lake::error failed = std::move(found).error();
    failed.operation = redis_connecting;
    return failed;
  }

  /// One try of one call.
  void attempt(redis_task& task, const redis_deadline& until) {
    if (form() == redis_form::whole) task.form = redis_form::whole;
    redis_node_ptr node = std::exchange(task.node, nullptr);
    if (!node) {
      result<redis_node_ptr> found = find(key_of(*task.call), until);
      if (!found) return repeat_later(task, std::move(found).error());
      node = std::move(*found);
    }
    {
      result<redis_node::lease> line = node->take(until, !task.call->repeatable);
      if (!line) {
        task.came.emplace(std::move(line).error());
      } else {
        std::string& out = (*line)->begin();
        (*line)->expect(append_redis_task(out, task));
        task.came.emplace((*line)->ask(until));
      }
    }  // The connection goes back before anything else is asked.
    settle(task, *node);
  }

  /// What the round's outcome means: the end of the task, or how it is sent next.
  void settle(redis_task& task, redis_node& node) {
    task.asking = false;
    if (!*task.came) {
      settle_break(task, node);
    } else if ((*task.came)->view().kind() == redis_kind::failure) {
      settle_refusal(task, node);
    } else {
      task.answer = std::move(task.came);
    }
    task.came.reset();
  }

  /// The same without any repeat.
  void conclude(redis_task& task, redis_node& node) {
    if (*task.came && (*task.came)->view().kind() == redis_kind::failure) {
      const std::string_view message = (*task.came)->view().text();
      const redis_verdict verdict = judge(message);
      if (verdict.remedy == redis_remedy::leave) router_.doubt(node);
      if (verdict.remedy == redis_remedy::move) (void)follow(message, node);  // Only the map learns of it.
      task.answer.emplace(redis_refusal(node.name(), message, verdict));
    } else {
      task.answer = std::move(task.came);
    }
  }

  void settle_break(redis_task& task, redis_node& node) {
    lake::error broke = std::move(*task.came).error();
    note_break(node, broke);
    if (may_have_happened(broke)) {
      if (!task.call->repeatable || task.resent) {
        return fail(task, std::move(broke));
      }
      task.resent = true;
    }
    const bool at_once = ++task.breaks == 1 && broke.operation != redis_connecting;  // An idle connection that the server had closed.
    repeat_later(task, std::move(broke));
    if (at_once) task.waits = false;
  }

  void settle_refusal(redis_task& task, redis_node& node) {
    const std::string_view message = (*task.came)->view().text();
    const redis_verdict verdict = judge(message);
    lake::error refused = redis_refusal(node.name(), message, verdict);
    bool repeats = false;
    switch (verdict.remedy) {
      case redis_remedy::none: break;
      case redis_remedy::wait: repeats = task.waits = true; break;
      case redis_remedy::stray:
        if (Router::recovers()) router_.doubt(node);
        repeats = task.waits = true;
        break;
      case redis_remedy::leave:
        router_.doubt(node);
        repeats = task.waits = Router::recovers() && !came_from_script(message);
        break;
      case redis_remedy::whole:
      case redis_remedy::load:
        repeats = task.call->script != nullptr && task.form == redis_form::digest;
        if (repeats && verdict.remedy == redis_remedy::whole) whole_.store(true, std::memory_order_relaxed);
        task.form = redis_form::whole;
        break;
      case redis_remedy::move:
      case redis_remedy::ask:
        task.node = ++task.redirects > max_redirects ? nullptr : follow(message, node);
        task.asking = verdict.remedy == redis_remedy::ask;
        task.waits = task.redirects > 2;  // Two nodes that send a call to each other need a moment to agree.
        repeats = task.node != nullptr;
        if (task.redirects > max_redirects) refused.message.insert(0, "the cluster redirects in a circle: ");
        break;
    }
    if (message.starts_with("NOAUTH")) node.drop();  // A connection that lost its user does not find it again.
    if (repeats) task.last = std::move(refused);
    else fail(task, std::move(refused));
  }

  /// A redirect is part of a cluster's life, and a mistake elsewhere.
  [[nodiscard]] static redis_verdict judge(std::string_view message) noexcept {
    redis_verdict verdict = judge_redis(message);
    const bool redirect = verdict.remedy == redis_remedy::move || verdict.remedy == redis_remedy::ask;
    if (redirect && Router::redirects()) verdict = {errc::unavailable, verdict.remedy, {}};
    return verdict;
  }

  [[nodiscard]] redis_node_ptr follow(std::string_view message, const redis_node& from) {
    const std::optional<redis_redirect> to = parse_redirect(message);
    if (!to) return nullptr;
    return message.starts_with("ASK ") ? router_.asked(*to, from) : router_.moved(*to, from);
  }

  /// One slow call says nothing about a lone server's other connections; of several servers another may have taken over.
  void note_break(redis_node& node, const lake::error& broke) {
    const bool slow = broke.code == errc::timeout && !Router::recovers();
    if (broke.operation != redis_queueing && broke.code != errc::access_denied && !slow) router_.doubt(node);
  }

  /// Repeats after a pause what may succeed then; ends what never will.
  void repeat_later(redis_task& task, lake::error why) {
    const bool passing = why.code == errc::unavailable || why.code == errc::timeout;
    if (passing) {
      task.waits = true;
      task.last = std::move(why);
    } else {
      fail(task, std::move(why));
    }
  }

  /// Ends the task. Where an earlier try was lost after it had left, what came later does not tell that it did nothing.
  static void fail(redis_task& task, lake::error why) {
    if (task.resent && !may_have_happened(why)) {
      why.operation = redis_awaiting;
      why.message = "the answer to a first try was lost, so the call may have been carried out; then: " + why.message;
    }
    task.answer.emplace(std::move(why));
  }

  /// Pauses if the task is to; ends it where the time is over.
  [[nodiscard]] bool go_on(redis_task& task, redis_deadline& until) {
    if (task.waits ? until.back_off(setup_->options.random) : !until.passed()) {
      task.waits = false;
      return true;
    }
    end_late(task);
    return false;
  }

  static void end_late(redis_task& task) {
    lake::error last = std::move(*task.last);
    if (last.code == errc::unavailable || last.code == errc::timeout) return fail(task, std::move(last));
    fail(task, lake::error{errc::timeout, last.operation, last.subject, "the time given is over"}.because(last));
  }

  // --- Pipelines. ---------------------------------------------------------------------------------------------------------

  /// How many of the tasks are sent before their answers are waited for: bounds memory on both sides.
  [[nodiscard]] static std::size_t window(std::span<const redis_task> tasks) noexcept {
    std::size_t bytes = 0;
    std::size_t size = 0;
    while (size < tasks.size() && size < window_calls && bytes < window_bytes) {
      const redis_call& call = *tasks[size++].call;
      for (const std::string_view arg : call.args) bytes += arg.size();
    }
    return size;
  }

  /// Runs the tasks to their end. False where one of them ended because its server could not be reached in time.
  [[nodiscard]] bool run_window(std::span<redis_task> tasks, redis_deadline& until) {
    bool waits = false;
    do {
      run_round(tasks, until);
      waits = false;
      bool open = false;
      for (redis_task& task : tasks) {
        open = open || !task.answer;
        waits = waits || (!task.answer && task.waits);
      }
      if (!open) break;
      if (waits ? until.back_off(setup_->options.random) : !until.passed()) continue;
      for (redis_task& task : tasks) {
        if (!task.answer) end_late(task);
      }
      return false;
    } while (true);
    return std::none_of(tasks.begin(), tasks.end(),
                        [](const redis_task& task) { return !*task.answer && task.answer->error().operation != redis_answered; });
  }

  /// One pipeline per server, all at once.
  void run_round(std::span<redis_task> tasks, const redis_deadline& until) {
    std::map<redis_node_ptr, std::vector<redis_task*>> places = place(tasks, until);  // Ordered: two callers never wait for each other.
    std::vector<redis_lane> lanes;
    lanes.reserve(places.size());
    for (auto& [node, placed] : places) {
      const bool checked = std::any_of(placed.begin(), placed.end(), [](const redis_task* task) { return !task->call->repeatable; });
      result<redis_node::lease> line = node->take(until, checked);
      if (!line) {
        for (redis_task* task : placed) task->came.emplace(line.error());
        continue;
      }
      lanes.emplace_back(node, std::move(*line)).load(placed);
    }
    drive_redis_lanes(lanes, until);
    lanes.clear();
    for (auto& [node, placed] : places) {
      for (redis_task* task : placed) settle(*task, *node);
    }
  }

  /// Where each open task goes in this round. A task waits for the next one if an earlier one of its key goes elsewhere, or in another
  /// form: the two would be carried out in any order.
  [[nodiscard]] std::map<redis_node_ptr, std::vector<redis_task*>> place(std::span<redis_task> tasks, const redis_deadline& until) {
    std::map<redis_node_ptr, std::vector<redis_task*>> places;
    std::unordered_map<std::string_view, std::pair<redis_node*, bool>> busy;
    std::unordered_map<const redis_script*, redis_node*> loading;
    for (redis_task& task : tasks) {
      if (task.answer) continue;
      if (form() == redis_form::whole) task.form = redis_form::whole;
      task.waits = false;
      redis_node_ptr node = task.node;
      if (!node) {
        result<redis_node_ptr> found = find(key_of(*task.call), until);
        if (!found) {
          repeat_later(task, std::move(found).error());
          continue;
        }
        node = std::move(*found);
      }
      if (const std::optional<std::string_view> key = key_of(*task.call); key && Router::redirects()) {
        const auto [at, first] = busy.try_emplace(*key, node.get(), task.asking);
        if (!first && at->second != std::pair(node.get(), task.asking)) {
          at->second.first = nullptr;  // And so do all behind it.
          continue;
        }
      }
      // The first text of a script in a pipeline loads it for those behind.
      if (task.form == redis_form::whole && form() == redis_form::digest && !loading.try_emplace(task.call->script, node.get()).second &&
          loading[task.call->script] == node.get()) {
        task.form = redis_form::digest;
      }
      task.node = nullptr;
      places[std::move(node)].push_back(&task);
    }
    return places;
  }

  static void send_together(redis_lane& lane, std::span<redis_task> tasks, const redis_deadline& until) {
    std::vector<redis_task*> all;
    for (redis_task& task : tasks) all.push_back(&task);
    lane.load(std::move(all));
    drive_redis_lanes({&lane, 1}, until);
  }

  /// The first task whose script the server did not have or the user may not name, if no script behind it was carried out.
  [[nodiscard]] std::size_t first_unknown_script(std::span<const redis_task> tasks) {
    std::size_t first = tasks.size();
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const redis_task& task = tasks[i];
      if (task.call->script == nullptr || !*task.came) continue;
      const bool failed = (*task.came)->view().kind() == redis_kind::failure;
      const redis_remedy remedy = failed ? judge_redis((*task.came)->view().text()).remedy : redis_remedy::none;
      const bool unknown = task.form == redis_form::digest && (remedy == redis_remedy::load || remedy == redis_remedy::whole);
      if (remedy == redis_remedy::whole) whole_.store(true, std::memory_order_relaxed);
      if (unknown) first = (std::min)(first, i);
      else if (first < i) return tasks.size();
    }
    return first;
  }

  [[nodiscard]] static std::vector<result<redis_reply>> answers(std::span<redis_task> tasks) {
    std::vector<result<redis_reply>> out;
    out.reserve(tasks.size());
    for (redis_task& task : tasks) out.push_back(std::move(*task.answer));
    return out;
  }

  [[nodiscard]] static std::vector<result<redis_reply>> fail_all(std::span<redis_task> tasks, const lake::error& why) {
    for (redis_task& task : tasks) task.answer.emplace(why);
    return answers(tasks);
  }

  const std::shared_ptr<const redis_setup> setup_;
  Router router_;
  std::atomic<bool> whole_{false};  ///< The user may not use EVALSHA.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_ENGINE_HPP
