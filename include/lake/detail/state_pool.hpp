// States that are dear to make and cheap to reuse: compressor streams. Knows nothing about them.
#ifndef LAKE_DETAIL_STATE_POOL_HPP
#define LAKE_DETAIL_STATE_POOL_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A free list of states. Thread-safe; a state in use belongs to one caller.
/// A list behind a mutex, not thread_local: threads come and go, and their states would go with them.
template <class State>
class state_pool {
 public:
  /// How many idle states are kept; a deflate state holds 260 KiB.
  static constexpr std::size_t max_idle = 8;

  /// A state taken out of the pool; goes back when it leaves its scope.
  class lease {
   public:
    lease(state_pool& pool, std::unique_ptr<State> state) noexcept : pool_(&pool), state_(std::move(state)) {}
    lease(lease&& other) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease() {
      if (state_) pool_->give_back(std::move(state_));
    }

    State& operator*() const noexcept { return *state_; }
    State* operator->() const noexcept { return state_.get(); }

    /// Frees the state instead of keeping it: for one that cannot be reset.
    void discard() noexcept { state_.reset(); }

   private:
    state_pool* pool_;
    std::unique_ptr<State> state_;
  };

  state_pool() { idle_.reserve(max_idle); }

  /// An idle state, else what `make()` returns. A state comes back as its last user left it: reset it before use.
  template <class Make>
  [[nodiscard]] lease take(Make&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<State> state = std::move(idle_.back());
        idle_.pop_back();
        return lease(*this, std::move(state));
      }
    }
    return lease(*this, std::forward<Make>(make)());
  }

 private:
  void give_back(std::unique_ptr<State> state) noexcept {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < max_idle) idle_.push_back(std::move(state));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<State>> idle_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_STATE_POOL_HPP
