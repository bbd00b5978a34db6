// The steps of the index in Redis: sends each primitive's call, and sees to what any answer may say. Knows no rule.
#ifndef LAKE_INDEX_REDIS_STEPS_HPP
#define LAKE_INDEX_REDIS_STEPS_HPP

#include <lake/config.hpp>
#include <lake/core/catalog.hpp>
#include <lake/core/control.hpp>
#include <lake/core/error.hpp>
#include <lake/core/member.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_client.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/index/redis_answers.hpp>
#include <lake/index/redis_calls.hpp>
#include <lake/index/redis_connect.hpp>
#include <lake/index/redis_dump.hpp>
#include <lake/index/redis_layout.hpp>
#include <lake/index/redis_request.hpp>
#include <lake/index/redis_scripts.hpp>
#include <lake/index/redis_seen.hpp>
#include <lake/index/redis_text_meta.hpp>
#include <lake/layout/index_part.hpp>
#include <lake/protocol/rule_step.hpp>
#include <lake/protocol/types.hpp>
#include <lake/pure/hex.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A handle: what the calls need, and the connections. Thread-safe but for `attach`; copies share all but the prefix.
class redis_steps : public redis_calls {
 public:
  [[nodiscard]] static result<redis_steps> connect(redis_index_options options, const redis_layout& layout) {
    if (!layout.one_slot && std::string_view(options.url).substr(0, options.url.find("://")).ends_with("+cluster")) {
      return lake::error{errc::configuration, "redis_index::connect", {},
                         "a cluster needs layout::cluster, which keeps all keys of a catalog in one slot: basic_redis_index<layout::cluster>"};
    }
    result<redis_client> client = redis_client::connect(options.url, options.connection);
    if (!client) return std::move(client).error();
    result<std::vector<redis_server_info>> servers = ask_all_servers(*client);
    if (!servers) return std::move(servers).error();
    std::string eviction = worst_eviction(*servers);
    if (result<void> kept = check_eviction(options, eviction); !kept) return std::move(kept).error();
    auto made = std::make_shared<redis_state>(std::move(options), *std::move(client), layout);
    made->eviction = std::move(eviction);
    made->servers = *std::move(servers);
    return redis_steps(std::move(made));
  }

  [[nodiscard]] std::string eviction_policy() const { return state_->eviction; }

  // ------------------------------------------------------------------------------------------------------------- sending
  /// Sends the call and sees to the refusals that any script may answer.
  [[nodiscard]] result<redis_reply> run(std::string_view operation, std::string_view catalog, redis_request& request) const {
    return looked_at(operation, catalog, state_->client.run(request.call()), request.seen);
  }
  template <class Decode>
  auto ask(std::string_view operation, std::string_view catalog, redis_request& request, const Decode& answer_of) const
      -> decltype(answer_of(redis_view{})) {
    return decode(operation, catalog, run(operation, catalog, request), answer_of);
  }
  template <class Decode>
  auto decode(std::string_view operation, std::string_view catalog, result<redis_reply> reply, const Decode& answer_of) const
      -> decltype(answer_of(redis_view{})) {
    if (!reply) return std::move(reply).error();
    auto answer = answer_of(reply->view());
    if (!answer) return located(std::move(answer).error(), operation, catalog);
    return answer;
  }
  /// Many calls in one pipeline; what the checks refuse is not sent.
  template <class Answer, class Args, class Check, class Make, class Finish>
  [[nodiscard]] std::vector<result<Answer>> many(std::string_view operation, std::span<const Args> all, const Check& check, const Make& make,
                                                 const Finish& finish) const {
    std::vector<result<Answer>> answers(all.size(), result<Answer>(Answer{}));
    std::vector<redis_request> requests;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (result<void> good = check(all[i]); !good) {
        answers[i] = std::move(good).error();
        continue;
      }
      requests.push_back(make(all[i]));
      places.push_back(i);
    }
    std::vector<redis_call> calls;
    calls.reserve(requests.size());
    for (redis_request& request : requests) calls.push_back(request.call());
    std::vector<result<redis_reply>> replies = state_->client.run_many(calls);
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Args& args = all[places[i]];
      const result<redis_reply> reply = looked_at(operation, args.catalog, std::move(replies[i]), requests[i].seen);
      answers[places[i]] = reply ? finish(args, *reply) : result<Answer>(reply.error());
      if (!answers[places[i]]) answers[places[i]] = located(std::move(answers[places[i]]).error(), operation, args.catalog);
    }
    return answers;
  }

  /// Beside v2 clients: the ids lay outside the seconds whose counters were named. Remembers where; true while a repeat may help.
  [[nodiscard]] bool must_move_window(const redis_reply& reply, int tries) const { return is_window(reply) && tries < 3; }
  [[nodiscard]] bool is_window(const redis_reply& reply) const {
    if (reply.view()[0].text() != "window") return false;
    state_->server_ahead.store(reply.view()[1].integer() - local_seconds(), std::memory_order_relaxed);
    return true;
  }

  // ----------------------------------------------------------------------------------------------------- beside the log
  [[nodiscard]] result<std::vector<std::pair<std::string, std::string>>> read_meta(std::string_view catalog) const {
    const std::string name = key(layout::index_part::meta, catalog);
    const bool text = state_->layout.dialect == redis_dialect::foreign;
    const std::array<std::string_view, 2> command{text ? "GET" : "HGETALL", name};
    const result<redis_reply> reply = plain("index.read_meta", catalog, name, command);
    if (!reply) return reply.error();
    std::vector<std::pair<std::string, std::string>> all;
    if (text) {
      result<text_meta_members> members = read_text_meta(reply->view().text());
      if (!members) return located(std::move(members).error(), "index.read_meta", catalog);
      for (auto& [member, value] : *members) all.emplace_back(member, std::move(value));
      return all;
    }
    for (std::size_t i = 0; i + 1 < reply->view().size(); i += 2) all.emplace_back(reply->view()[i].text(), reply->view()[i + 1].text());
    std::sort(all.begin(), all.end());
    return all;
  }
  [[nodiscard]] result<std::optional<file_record>> read_file(std::string_view catalog, std::string_view path) const {
    const std::string name = key(layout::index_part::files, catalog);
    const std::array<std::string_view, 3> command{"HGET", name, path};
    const result<redis_reply> reply = plain("index.read_file", catalog, name, command);
    if (!reply) return reply.error();
    if (reply->view().kind() == redis_kind::nil) return std::optional<file_record>{};
    result<file_record> record = file_of(reply->view().text());
    if (!record) return located(std::move(record).error(), "index.read_file", catalog);
    return std::optional<file_record>(*std::move(record));
  }
  [[nodiscard]] result<std::vector<std::pair<std::string, file_record>>> read_files(std::string_view catalog) const {
    const std::string name = key(layout::index_part::files, catalog);
    const std::array<std::string_view, 2> command{"HGETALL", name};
    const result<redis_reply> reply = plain("index.read_files", catalog, name, command);
    if (!reply) return reply.error();
    std::vector<std::pair<std::string, file_record>> all;
    for (std::size_t i = 0; i + 1 < reply->view().size(); i += 2) {
      result<file_record> record = file_of(reply->view()[i + 1].text());
      if (!record) return located(std::move(record).error(), "index.read_files", catalog);
      all.emplace_back(reply->view()[i].text(), *std::move(record));
    }
    std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) { return left.first < right.first; });
    return all;
  }
  [[nodiscard]] result<double> store_sample(std::string_view catalog, std::string_view indicator, double score) const {
    redis_request request(scripts().store_sample);
    std::array<char, 32> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), score);
    request.key(key(layout::index_part::sample, catalog)).arg(indicator);
    request.arg({digits.data(), static_cast<std::size_t>(written.ptr - digits.data())});
    return ask("index.store_sample", catalog, request, [](redis_view answer) -> result<double> {
      const std::optional<double> kept = score_of(answer.text());
      if (!kept) return strange_answer(answer.text());
      return *kept;
    });
  }
  [[nodiscard]] result<std::optional<double>> read_sample(std::string_view catalog, std::string_view indicator) const {
    const std::string name = key(layout::index_part::sample, catalog);
    const std::array<std::string_view, 3> command{"ZSCORE", name, indicator};
    const result<redis_reply> reply = plain("index.read_sample", catalog, name, command);
    if (!reply) return reply.error();
    return reply->view().kind() == redis_kind::nil ? std::optional<double>{} : score_of(reply->view().text());
  }

  // -------------------------------------------------------------------------------------------------------- the whole lake
  [[nodiscard]] result<std::optional<std::string>> marker() const {
    if (state_->layout.lake_key == nullptr) return std::optional<std::string>{};
    const std::string name = state_->layout.lake_key(prefix_);
    if (result<void> allowed = check_permissions(name); !allowed) return std::move(allowed).error();
    const std::array<std::string_view, 3> command{"HGET", name, marker_field};
    const result<redis_reply> reply = plain("index.marker", {}, name, command);
    if (!reply) return reply.error();
    if (reply->view().kind() != redis_kind::text) return std::optional<std::string>{};
    return std::optional<std::string>(reply->view().text());
  }
  [[nodiscard]] result<std::string> set_marker(std::string_view marker_text) const {
    if (state_->layout.lake_key == nullptr) return std::string(marker_text);
    const std::string name = state_->layout.lake_key(prefix_);
    const std::array<std::string_view, 4> command{"HSETNX", name, marker_field, marker_text};
    const result<redis_reply> set = plain("index.set_marker", {}, name, command);
    if (!set) return set.error();
    if (set->view().integer() == 1) return std::string(marker_text);
    result<std::optional<std::string>> kept = marker();
    if (!kept) return std::move(kept).error();
    if (!*kept) return lake::error{errc::corrupt_index, "index.set_marker", name, "the marker vanished while it was set"};
    return **std::move(kept);
  }
  /// For the steps behind which objects are deleted: begun before the script, so that a loss after it is seen.
  void note_cut(std::string_view catalog) const {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(state_->mutex);
    std::erase_if(state_->cuts, [&](const redis_cut& one) { return now - one.at > cut_window(); });
    state_->cuts.push_back({key(layout::index_part::ctl, catalog), now, state_->losses});
  }
  [[nodiscard]] result<void> barrier() const {
    const redis_barrier& wanted = state_->options.barrier;
    if (wanted.replicas == std::size_t{0} && !wanted.fsync) return {};
    result<std::vector<redis_server_info>> servers = ask_all_servers(state_->client);
    if (!servers) return std::move(servers).error();
    // Of several servers what the most demanding of them asks for.
    redis_server_info most;
    for (const redis_server_info& one : *servers) {
      most.replicas = (std::max)(most.replicas, one.replicas);
      most.append_only = most.append_only || one.append_only;
    }
    const bool waits = wanted.replicas.value_or(most.replicas) > 0 || (wanted.fsync && most.append_only);
    if (waits) {
      if (result<void> waited = await_cuts(most); !waited) return waited;
      servers = ask_all_servers(state_->client);
      if (!servers) return std::move(servers).error();
    }
    return look_for_losses(*std::move(servers));
  }
  /// Names of catalogs that have a key of these parts. Errors: those of the connection.
  [[nodiscard]] result<std::set<std::string>> catalogs(std::string_view name_prefix) const {
    using layout::index_part;
    return scan_names(name_prefix, std::array{index_part::delta, index_part::snap, index_part::meta, index_part::files});
  }
  [[nodiscard]] result<std::string> dump() const {
    using layout::index_part;
    constexpr std::array parts{index_part::delta, index_part::snap, index_part::ctl, index_part::meta, index_part::files, index_part::sample};
    std::string out;
    const result<std::optional<std::string>> marked = marker();
    if (!marked) return marked.error();
    if (*marked) {
      out += "marker ";
      append_dumped(out, **marked);
      out += '\n';
    }
    const result<std::set<std::string>> names = scan_names({}, parts);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      std::array<std::string, parts.size()> all;
      for (std::size_t i = 0; i < parts.size(); ++i) all[i] = key(parts[i], name);
      const result<void> told = dump_redis_catalog(state_->client, all, state_->layout.dialect, name, out);
      if (!told) return located(told.error(), "index.dump", name);
    }
    return out;
  }

 private:
  static constexpr std::string_view marker_field = "marker";

  /// Once, where a lake is opened. Errors: access_denied names the command that the user may not run.
  [[nodiscard]] result<void> check_permissions(const std::string& name) const {
    if (state_->may_run.load(std::memory_order_relaxed)) return {};
    redis_request request(scripts().may_run);
    request.key(name);
    const result<redis_reply> denied = state_->client.run(request.call());
    if (!denied) return of_script(denied.error(), "index.marker", name);
    if (!denied->view().text().empty()) {
      return lake::error{errc::access_denied, "index.marker", name,
                         "the user may not run " + std::string(denied->view().text()) + ", without which a script would stop in its midst"};
    }
    state_->may_run.store(true, std::memory_order_relaxed);
    return {};
  }
  /// Longer than it takes from a step to the barrier behind it.
  [[nodiscard]] std::chrono::milliseconds cut_window() const { return 3 * state_->options.connection.timeout + std::chrono::seconds(5); }
  /// Waits on each server that has had a step of late, once: what it confirms is all that went before.
  [[nodiscard]] result<void> await_cuts(const redis_server_info& info) const {
    std::set<std::string> keys;
    {
      const std::lock_guard lock(state_->mutex);
      for (const redis_cut& one : state_->cuts) keys.insert(one.key);
    }
    std::map<std::string, std::string> servers;  // By server, one of its keys.
    for (const std::string& name : keys) {
      result<std::string> server = state_->client.server_of(name);
      if (!server) return std::move(server).error();
      servers.emplace(*std::move(server), name);
    }
    for (const auto& [server, name] : servers) {
      if (result<void> waited = await_server(state_->client, scripts().touch, name, info, state_->options.barrier); !waited) return waited;
    }
    return {};
  }
  /// Compares the servers with the last look. A step from before a loss may be lost itself, whoever noticed the loss: its barrier fails.
  [[nodiscard]] result<void> look_for_losses(std::vector<redis_server_info> now) const {
    const std::lock_guard lock(state_->mutex);
    const auto same = [](const redis_server_info& left, const redis_server_info& right) {
      return left.run_id == right.run_id && left.replication_id == right.replication_id;
    };
    if (!std::equal(now.begin(), now.end(), state_->servers.begin(), state_->servers.end(), same)) ++state_->losses;
    state_->servers = std::move(now);
    const bool lost = std::any_of(state_->cuts.begin(), state_->cuts.end(), [&](const redis_cut& one) {
      return one.losses != state_->losses && std::chrono::steady_clock::now() - one.at <= cut_window();
    });
    if (!lost) return {};
    return barrier_failed("a server was restarted or replaced since the step, so what it acknowledged before may be lost");
  }

  explicit redis_steps(std::shared_ptr<redis_state> made) : redis_calls(std::move(made)) {}

  [[nodiscard]] result<file_record> file_of(std::string_view stored) const {
    if (state_->layout.dialect == redis_dialect::own) return decode_file_record(stored);
    return file_record{.id = {}, .bytes = 0, .digest = 0, .meta = std::string(stored)};
  }

  [[nodiscard]] static lake::error located(lake::error reason, std::string_view operation, std::string_view subject) {
    if (reason.operation.empty()) reason.operation = operation;
    if (reason.subject.empty()) reason.subject = subject;
    return reason;
  }
  /// A script that stumbles does so over a record that breaks its format: everything else it asks before it computes.
  [[nodiscard]] static lake::error of_script(lake::error reason, std::string_view operation, std::string_view catalog) {
    const auto says = [&](std::string_view words) { return reason.code == errc::io && reason.message.find(words) != std::string::npos; };
    if (says("can't run this command") || says("NOPERM")) reason.code = errc::access_denied;
    const bool stumbled = says("attempt to") || says("bad argument");
    if (stumbled) {
      lake::error story{errc::corrupt_index, std::string(operation), std::string(catalog), "a record or a member breaks its format"};
      return std::move(story).because(std::move(reason));
    }
    reason.operation = operation;
    reason.subject = catalog;
    return reason;
  }
  [[nodiscard]] result<redis_reply> looked_at(std::string_view operation, std::string_view catalog, result<redis_reply> reply,
                                              const seen_revisions::sight& seen) const {
    if (!reply) return of_script(std::move(reply).error(), operation, catalog);
    const redis_view answer = reply->view();
    const std::string_view status = answer[0].text();
    if (status == "damaged") return damaged_log(operation, catalog);
    if (status == "split") {
      return lake::error{errc::corrupt_index, std::string(operation), std::string(catalog), "some ids of one write are pending, some are not"};
    }
    if (status == "limit") {
      return lake::error{errc::limit_exceeded, std::string(operation), std::string(catalog),
                         "more deltas to read than the limit allows: save a snapshot, then clear_history"};
    }
    if (status == "regressed") return regressed(operation, catalog, answer[1].integer(), seen);
    state_->seen.note(seen, shown_by(operation, status, answer));
    return reply;
  }
  /// The revision that an answer shows; 0 where it shows none.
  [[nodiscard]] static std::int64_t shown_by(std::string_view operation, std::string_view status, redis_view answer) {
    if (status == "reserved" || status == "repeated") return answer[3].integer();
    if (operation == "index.view") return answer[5].integer();
    if (operation == "index.commit" || operation == "index.rollback") return answer[status == "conflict" ? 2 : 1].integer();
    if (status == "issued" || operation == "index.remove_delta") return answer[2].integer();
    if (operation == "index.remove_catalog") return answer[4].integer();
    return 0;
  }
  [[nodiscard]] lake::error regressed(std::string_view operation, std::string_view catalog, std::int64_t now,
                                      const seen_revisions::sight& seen) const {
    if (!state_->seen.accept(seen, now)) {
      return {errc::unavailable, std::string(operation), std::string(catalog),
              "the index has fallen behind, which another call was told: repeat this one"};
    }
    return {errc::index_regressed, std::string(operation), std::string(catalog),
            "the index knows of " + std::to_string(now) + " changes of this catalog, this client has seen " + std::to_string(seen.revision) +
                ": it was failed over to an older copy, or restored; acknowledged writes may be lost. Said once per catalog and loss"};
  }

  [[nodiscard]] result<redis_reply> plain(std::string_view operation, std::string_view catalog, std::string_view name,
                                          std::span<const std::string_view> command) const {
    const std::array<std::string_view, 1> route{name};
    result<redis_reply> reply = state_->client.run(redis_call{.keys = route, .args = command});
    if (!reply) return of_script(std::move(reply).error(), operation, catalog);
    return reply;
  }

  template <std::size_t N>
  [[nodiscard]] result<std::set<std::string>> scan_names(std::string_view name_prefix, const std::array<layout::index_part, N>& parts) const {
    std::set<std::string> names;
    std::string pattern;
    for (const char c : prefix_) {
      if (std::string_view("*?[]\\^").find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
    pattern += ":*";
    const result<void> scanned = state_->client.for_each_primary([&](const auto& node) -> result<void> {
      std::string cursor = "0";
      do {
        const std::array<std::string_view, 6> command{"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"};
        const result<redis_reply> page = node.run(redis_call{.args = command});
        if (!page) return located(page.error(), "index.for_each_catalog", prefix_);
        cursor = page->view()[0].text();
        const redis_view found = page->view()[1];
        for (std::size_t i = 0; i < found.size(); ++i) {
          for (const layout::index_part part : parts) {
            const std::optional<std::string> name = state_->layout.catalog_of(prefix_, part, found[i].text());
            if (name && name->starts_with(name_prefix) && check_catalog(*name, name->size())) names.insert(*name);
          }
        }
      } while (cursor != "0" && !cursor.empty());
      return {};
    });
    if (!scanned) return scanned.error();
    return names;
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_STEPS_HPP
