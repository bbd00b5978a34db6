// How long one operation on Redis may go on, and how it waits between tries. Knows no connection. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_DEADLINE_HPP
#define LAKE_DETAIL_REDIS_DEADLINE_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/random.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// One operation's bound in time. Confined to the operation.
class redis_deadline {
 public:
  redis_deadline(const clock_source& clock, std::chrono::milliseconds length)
      : clock_(&clock),
        unwaited_(std::clamp(length, std::chrono::milliseconds{0}, std::chrono::milliseconds{std::chrono::hours{24 * 365}})),
        until_(clock.steady() + unwaited_) {}

  /// A bound inside this one, for one step of the operation.
  [[nodiscard]] redis_deadline within(std::chrono::milliseconds length) const {
    return redis_deadline(*clock_, (std::min)(length, std::chrono::ceil<std::chrono::milliseconds>(left())));
  }

  /// What is left, never below zero. An injected clock that stands still ends no wait, so the pauses count by themselves too.
  [[nodiscard]] std::chrono::microseconds left() const {
    const auto by_clock = std::chrono::ceil<std::chrono::microseconds>(until_ - clock_->steady());
    return (std::max)((std::min)(by_clock, unwaited_), std::chrono::microseconds{0});
  }
  [[nodiscard]] bool passed() const { return left().count() == 0; }

  /// What is left as poll() takes it: whole milliseconds, rounded up.
  [[nodiscard]] int left_for_poll() const {
    constexpr std::int64_t day = std::int64_t{24} * 3600 * 1000;
    return static_cast<int>((std::min)(day, static_cast<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left()).count())));
  }

  /// Sleeps before the next try: 2 ms doubling to 256 ms, the upper half by chance, never past the end. False where the end has come.
  [[nodiscard]] bool back_off(const random_source& random) {
    const std::uint64_t ceiling_us = std::uint64_t{2'000} << (std::min)(tries_, std::size_t{7});
    const std::chrono::microseconds wanted(static_cast<std::int64_t>(ceiling_us / 2 + random.below(ceiling_us / 2 + 1)));
    const std::chrono::microseconds pause = (std::min)(wanted, left());
    if (pause.count() == 0) return false;
    ++tries_;
    std::this_thread::sleep_for(pause);
    unwaited_ -= pause;
    return !passed();
  }

 private:
  const clock_source* clock_;
  std::chrono::microseconds unwaited_;
  std::chrono::steady_clock::time_point until_;
  std::size_t tries_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_DEADLINE_HPP
