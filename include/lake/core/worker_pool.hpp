// A bounded pool of threads that start when there is work for them. Not part of the API; knows no policy.
#ifndef LAKE_CORE_WORKER_POOL_HPP
#define LAKE_CORE_WORKER_POOL_HPP

#include <lake/config.hpp>
#include <lake/detail/contain.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// Runs tasks on at most `limit` threads, started one by one while all others are busy. Thread-safe.
/// Destruction runs what is queued, then joins.
class worker_pool {
 public:
  explicit worker_pool(std::size_t limit) : limit_((std::max)(limit, std::size_t{1})) {}
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : threads_) worker.join();
  }

  void spawn(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(task));
      if (idle_ < queue_.size() && threads_.size() < limit_) threads_.emplace_back([this] { work(); });
    }
    wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (queue_.empty()) return;
      std::function<void()> task = std::move(queue_.front());
      queue_.erase(queue_.begin());
      lock.unlock();
      contained(task);
      task = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void()>> queue_;  // Short: a few dozen at most.
  std::vector<std::thread> threads_;
  std::size_t limit_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_WORKER_POOL_HPP
