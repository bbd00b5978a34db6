// One load per key at a time: whoever asks for a key that is being loaded waits for that load. Knows no cache and no executor.
#ifndef LAKE_DETAIL_SINGLE_FLIGHT_HPP
#define LAKE_DETAIL_SINGLE_FLIGHT_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Waits as a thread does; the function object is made only for a caller that has to wait.
/// What a `single_flight` waits with has these two; an `executor_ref` does.
struct thread_waiter {
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, const std::function<bool()>& ready) const {
    condition.wait(lock, ready);
  }
  void wake(std::condition_variable& condition) const { condition.notify_all(); }
};

/// Shares loads between callers. Thread-safe; a loader never runs under its lock and must not `take` its own key again.
/// Nothing is kept beyond the load: neither values (that is a cache's affair; a loader should look there again first, for a load
/// may have ended between the miss and the call) nor errors.
template <class Value, class Waiter = thread_waiter>
class single_flight {
 public:
  explicit single_flight(Waiter waiter = Waiter{}) : waiter_(std::move(waiter)) {}

  /// What `load()` returns, a `result<Value>`: of this caller's load, or of the one that was under way.
  /// Errors: those of the load. `cancelled` and `timeout` may come from the other caller's own deadline or stop token: a waiter
  /// that gets one of them tries once more by itself, so at most two loads pass. A load that leaves by an exception is `cancelled`.
  template <class Load>
  [[nodiscard]] result<Value> take(std::string_view key, Load&& load) {
    for (bool tried = false;; tried = true) {
      std::unique_lock lock(mutex_);
      const auto found = flights_.find(key);
      if (found == flights_.end()) {
        leader lead(*this, key, lock);
        return lead.land(std::forward<Load>(load)());
      }
      const std::shared_ptr<flight> joined = found->second;
      waiter_.wait(lock, joined->landed, [&joined] { return joined->outcome.has_value(); });
      lock.unlock();
      if (tried || !belongs_to_caller(*joined->outcome)) return *joined->outcome;  // set once, never changed
    }
  }

  /// How many keys are being loaded.
  [[nodiscard]] std::size_t in_flight() const {
    const std::lock_guard lock(mutex_);
    return flights_.size();
  }

 private:
  struct flight {
    std::condition_variable landed;
    std::optional<result<Value>> outcome;
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
  };

  /// The caller that loads; wakes the waiters whichever way it leaves.
  class leader {
   public:
    leader(single_flight& owner, std::string_view key, std::unique_lock<std::mutex>& lock)
        : owner_(owner), key_(key), flight_(std::make_shared<flight>()) {
      owner_.flights_.emplace(key_, flight_);
      lock.unlock();
    }
    leader(const leader&) = delete;
    leader& operator=(const leader&) = delete;
    ~leader() {
      if (flight_) finish(lake::error{errc::cancelled, "load", key_, "the load ended without a result"});
    }

    [[nodiscard]] result<Value> land(result<Value> loaded) {
      finish(loaded);
      return loaded;
    }

   private:
    void finish(result<Value> loaded) {
      const std::lock_guard lock(owner_.mutex_);
      flight_->outcome.emplace(std::move(loaded));
      owner_.flights_.erase(key_);
      owner_.waiter_.wake(flight_->landed);
      flight_.reset();
    }

    single_flight& owner_;
    std::string key_;
    std::shared_ptr<flight> flight_;
  };

  [[nodiscard]] static bool belongs_to_caller(const result<Value>& outcome) noexcept {
    return !outcome && (outcome.error().code == errc::cancelled || outcome.error().code == errc::timeout);
  }

  Waiter waiter_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<flight>, text_hash, std::equal_to<>> flights_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_SINGLE_FLIGHT_HPP
