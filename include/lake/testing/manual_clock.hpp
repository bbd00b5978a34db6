// A clock that a test moves by hand. Knows only `clock_source`, which is how it is injected.
#ifndef LAKE_TESTING_MANUAL_CLOCK_HPP
#define LAKE_TESTING_MANUAL_CLOCK_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

/// Wall and steady time that stand still until they are moved. A handle: copies and sources share the time. Thread-safe.
class manual_clock {
 public:
  /// Begins at `wall`, by default somewhere in November 2023.
  explicit manual_clock(std::chrono::milliseconds wall = std::chrono::milliseconds{1'700'000'000'000})
      : time_(std::make_shared<time>(wall.count())) {}

  /// Time passes: wall and steady time go on.
  void advance(std::chrono::milliseconds by) {
    time_->wall += by.count();
    time_->steady += by.count();
  }
  /// The wall clock is set, forward or back; no time passes.
  void step(std::chrono::milliseconds by) { time_->wall += by.count(); }

  [[nodiscard]] std::chrono::milliseconds wall() const { return std::chrono::milliseconds(time_->wall.load()); }

  /// The clock to inject.
  [[nodiscard]] clock_source source() const {
    return clock_source(
        [shared = time_] { return std::chrono::system_clock::time_point(std::chrono::milliseconds(shared->wall.load())); },
        [shared = time_] { return std::chrono::steady_clock::time_point(std::chrono::milliseconds(shared->steady.load())); });
  }

 private:
  struct time {
    explicit time(std::int64_t begin) : wall(begin) {}
    std::atomic<std::int64_t> wall;
    std::atomic<std::int64_t> steady{0};
  };
  std::shared_ptr<time> time_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_MANUAL_CLOCK_HPP
