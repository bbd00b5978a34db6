// Work that a lake does behind its callers: bounded, one task per name at a time, waited for. Knows the executor only.
#ifndef LAKE_IMPL_BACKGROUND_HPP
#define LAKE_IMPL_BACKGROUND_HPP

#include <lake/config.hpp>
#include <lake/core/executor.hpp>
#include <lake/detail/contain.hpp>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// Background tasks by name; a function object is made per task that starts, none per read. Thread-safe. The destructor waits for what runs or is queued.
class background_tasks {
 public:
  background_tasks(const executor_ref& executor, std::size_t limit) : executor_(executor), limit_(limit) {}
  background_tasks(const background_tasks&) = delete;
  background_tasks& operator=(const background_tasks&) = delete;
  ~background_tasks() { wait(); }

  /// Schedules the task unless one of that name is under way or the queue is full; says whether it did. Never waits.
  bool start(std::string name, std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      if (names_.size() >= limit_ || !names_.insert(name).second) return false;
    }
    executor_.spawn([this, name = std::move(name), task = std::move(task)] {
      contained(task);
      const std::lock_guard lock(mutex_);
      names_.erase(name);
      if (names_.empty()) executor_.wake(idle_);  // Under the lock: the destructor cannot be past it yet.
    });
    return true;
  }

  /// Whether a task of that name is under way.
  [[nodiscard]] bool running(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return names_.contains(name);
  }

  /// Returns when nothing is under way.
  void wait() {
    std::unique_lock lock(mutex_);
    executor_.wait(lock, idle_, [this] { return names_.empty(); });
  }

 private:
  executor_ref executor_;
  std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::unordered_set<std::string> names_;
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_BACKGROUND_HPP
