// Where a lake runs tasks and how it waits: threads by default, or what a simulation injects. Knows no policy.
#ifndef LAKE_CORE_EXECUTOR_HPP
#define LAKE_CORE_EXECUTOR_HPP

#include <lake/config.hpp>
#include <lake/core/worker_pool.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What an injected executor supplies. Each function is called from any thread or fibre of a lake.
struct executor_functions {
  /// Runs the task some time, not inside this call.
  std::function<void(std::function<void()>)> spawn;
  /// Lets this much time pass for the caller.
  std::function<void(std::chrono::nanoseconds)> sleep;
  /// Waits until `ready()`; `lock` is held whenever `ready` runs and when the call returns, and released in between.
  std::function<void(std::unique_lock<std::mutex>&, std::condition_variable&, const std::function<bool()>& ready)> wait;
  /// Makes waiters on the condition ask `ready()` again.
  std::function<void(std::condition_variable&)> wake;
};

/// Every spawn, sleep and blocking wait of a lake goes through one of these. A copyable handle; thread-safe.
/// A default-constructed one stands for "the lake's own threads".
class executor_ref {
 public:
  executor_ref() = default;

  /// An injected executor: a whole lake can then run deterministically in one thread.
  explicit executor_ref(executor_functions functions) : functions_(std::make_shared<executor_functions>(std::move(functions))) {}

  /// At most `workers` threads, started on demand and joined when the last copy goes.
  [[nodiscard]] static executor_ref threads(std::size_t workers) {
    auto pool = std::make_shared<detail::worker_pool>(workers);
    return executor_ref(executor_functions{
        .spawn = [pool](std::function<void()> task) { pool->spawn(std::move(task)); },
        .sleep = [](std::chrono::nanoseconds duration) { std::this_thread::sleep_for(duration); },
        .wait = [](std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                   const std::function<bool()>& ready) { condition.wait(lock, ready); },
        .wake = [](std::condition_variable& condition) { condition.notify_all(); }});
  }

  explicit operator bool() const noexcept { return functions_ != nullptr; }

  void spawn(std::function<void()> task) const { functions_->spawn(std::move(task)); }
  void sleep(std::chrono::nanoseconds duration) const { functions_->sleep(duration); }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, const std::function<bool()>& ready) const {
    functions_->wait(lock, condition, ready);
  }
  void wake(std::condition_variable& condition) const { functions_->wake(condition); }

 private:
  std::shared_ptr<executor_functions> functions_;
};

namespace detail {

/// Calls `job(i)` for each i in [0, count), at most `width` at a time, the caller's thread among them; returns when all that were
/// started are done. Once a job returns false, no further one is started.
/// The caller works too, so a full or slow executor delays nothing and cannot deadlock. A helper that comes late finds no index
/// left and touches nothing but the shared block: `job` and `executor` are used only while the caller cannot have returned.
template <class Job>
void parallel_for(const executor_ref& executor, std::size_t count, std::size_t width, const Job& job) {
  struct shared_block {
    std::mutex mutex;
    std::condition_variable done;
    std::size_t next_index = 0;
    std::size_t count;
    std::size_t running = 0;
    const Job* job;
    const executor_ref* executor;

    shared_block(std::size_t jobs, const Job& each, const executor_ref& runner) : count(jobs), job(&each), executor(&runner) {}
    void work() {
      std::unique_lock lock(mutex);
      while (next_index < count) {
        const std::size_t index = next_index++;
        ++running;
        lock.unlock();
        const bool go_on = (*job)(index);
        lock.lock();
        if (!go_on) next_index = count;
        if (--running == 0 && next_index >= count) executor->wake(done);
      }
    }
  };
  auto shared = std::make_shared<shared_block>(count, job, executor);
  const std::size_t wanted = (std::min)(count, (std::max)(width, std::size_t{1}));
  for (std::size_t helper = 1; helper < wanted; ++helper) executor.spawn([shared] { shared->work(); });
  shared->work();
  std::unique_lock lock(shared->mutex);
  executor.wait(lock, shared->done, [&] { return shared->running == 0; });
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_EXECUTOR_HPP
