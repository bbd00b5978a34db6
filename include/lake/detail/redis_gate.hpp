// Work that one caller does for all who need it at the same time: finding out who serves what. Knows no Redis. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_GATE_HPP
#define LAKE_DETAIL_REDIS_GATE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_deadline.hpp>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Single flight with a deadline: unlike `single_flight`, whoever waits leaves when its own time is over. Thread-safe.
class redis_gate {
 public:
  /// What `work()`, a result<void>, gave: this caller's, or that of a caller who was at it. Errors: those of the work; timeout.
  template <class Work>
  [[nodiscard]] result<void> pass(const redis_deadline& until, std::string_view operation, Work&& work) {
    std::unique_lock lock(mutex_);
    const std::uint64_t seen = ended_;
    while (busy_) {
      const bool late = free_.wait_for(lock, until.left()) == std::cv_status::timeout;
      if (ended_ != seen) return last_;
      if (late)
        return lake::error{errc::timeout, std::string(operation), "", "another call was still finding the servers when the time was over"};
    }
    turn mine(*this, lock);
    result<void> outcome = std::forward<Work>(work)();
    mine.outcome = outcome;
    return outcome;
  }

 private:
  /// Opens the gate again whichever way the work ends.
  struct turn {
    turn(redis_gate& of, std::unique_lock<std::mutex>& lock) : gate(of) {
      gate.busy_ = true;
      lock.unlock();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
      const std::lock_guard lock(gate.mutex_);
      gate.busy_ = false;
      ++gate.ended_;
      gate.last_ = std::move(outcome);
      gate.free_.notify_all();
    }
    redis_gate& gate;
    result<void> outcome = lake::error{errc::unavailable, "redis.connect", "", "finding the servers ended without a result"};
  };

  std::mutex mutex_;
  std::condition_variable free_;
  bool busy_ = false;
  std::uint64_t ended_ = 0;
  result<void> last_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_GATE_HPP
