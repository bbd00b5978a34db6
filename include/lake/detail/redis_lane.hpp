// Several requests on one connection, and several connections at once: all are sent before any answer is waited for.
// Knows no meaning of an answer. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_LANE_HPP
#define LAKE_DETAIL_REDIS_LANE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_connection.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_encode.hpp>
#include <lake/detail/redis_node.hpp>
#include <lake/detail/redis_reply.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// One call on its way: how it is sent next, and what came of it. Confined.
struct redis_task {
  explicit redis_task(const redis_call& wanted) noexcept : call(&wanted) {}

  const redis_call* call;
  redis_node_ptr node = nullptr;  ///< Where a redirect sends it; null: where its key lives.
  redis_form form = redis_form::digest;
  bool asking = false;  ///< With ASKING before it.
  bool waits = false;   ///< After a pause.
  bool resent = false;  ///< It left whole before, and its answer was lost.
  std::uint8_t redirects = 0;
  std::uint8_t breaks = 0;                         ///< Connections that broke under it.
  std::optional<lake::error> last = {};            ///< Why it is repeated.
  std::optional<result<redis_reply>> came = {};    ///< Of this round: an answer, an error reply, or what broke.
  std::optional<result<redis_reply>> answer = {};  ///< For the caller: the end.
};

/// Appends the request of `task`; how many replies it has.
[[nodiscard]] inline std::size_t append_redis_task(std::string& out, const redis_task& task) {
  if (task.asking) append_redis_command(out, {"ASKING"});
  append_redis_call(out, *task.call, task.form);
  return task.asking ? 2 : 1;
}

/// One connection and the tasks that go over it, in order. Confined.
class redis_lane {
 public:
  redis_lane(redis_node_ptr node, redis_node::lease line) noexcept : node_(std::move(node)), line_(std::move(line)) {}

  [[nodiscard]] redis_node& node() const noexcept { return *node_; }
  [[nodiscard]] redis_connection& line() const noexcept { return *line_; }

  /// Encodes the next tasks, once those before are finished; they must outlive the lane.
  void load(std::vector<redis_task*> tasks) {
    tasks_ = std::move(tasks);
    ends_.clear();
    next_ = 0;
    std::string& out = line_->begin();
    for (const redis_task* task : tasks_) {
      line_->expect(append_redis_task(out, *task));
      ends_.push_back(out.size());
    }
    to_skip_ = !tasks_.empty() && tasks_.front()->asking ? 1 : 0;
  }

  /// True once every task has its `came`.
  [[nodiscard]] bool finished() const noexcept { return next_ == tasks_.size(); }

  /// Sends what can be sent now.
  void push() {
    if (!line_->all_sent() && !line_->push()) fail();
  }

  /// Takes what has come, and hands it to the tasks.
  void pull() {
    if (!line_->pull()) return fail();
    redis_reply got;
    while (!finished() && line_->take(got)) {
      if (to_skip_ > 0) {
        --to_skip_;
        continue;
      }
      tasks_[next_]->came.emplace(std::move(got));
      if (++next_ < tasks_.size()) to_skip_ = tasks_[next_]->asking ? 1 : 0;
    }
    if (line_->lost()) fail();
  }

  /// The time is over.
  void give_up() {
    line_->give_up();
    fail();
  }

 private:
  void fail() {
    for (; next_ < tasks_.size(); ++next_) tasks_[next_]->came.emplace(line_->failure(line_->sent() >= ends_[next_]));
  }

  redis_node_ptr node_;  // Before the lease, which goes back to it.
  redis_node::lease line_;
  std::vector<redis_task*> tasks_;
  std::vector<std::size_t> ends_;
  std::size_t next_ = 0;
  std::size_t to_skip_ = 0;
};

/// Drives all lanes to their end. It reads while it sends: a server whose answers nobody takes stops reading requests.
inline void drive_redis_lanes(std::span<redis_lane> lanes, const redis_deadline& until) {
  std::vector<pollfd> watched;
  std::vector<redis_lane*> open;
  for (redis_lane& lane : lanes) lane.push();
  for (;;) {
    watched.clear();
    open.clear();
    bool at_once = false;
    for (redis_lane& lane : lanes) {
      if (lane.finished()) continue;
      open.push_back(&lane);
      watched.push_back({lane.line().fd(), lane.line().events(), 0});
      at_once = at_once || watched.back().events == 0;
    }
    if (open.empty()) return;
    if (!at_once && !poll_until(watched, until)) {
      for (redis_lane* lane : open) lane->give_up();
      return;
    }
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (!at_once && watched[i].revents == 0) continue;
      if (at_once || (watched[i].revents & POLLOUT) != 0) open[i]->push();
      if (!open[i]->finished() && (at_once || (watched[i].revents & ~POLLOUT) != 0)) open[i]->pull();
    }
  }
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_LANE_HPP
