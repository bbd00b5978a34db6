// How long one call may go on, and how it waits between tries. Not part of the API.
#ifndef LAKE_CORE_DEADLINE_HPP
#define LAKE_CORE_DEADLINE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/options.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// One call's bound in time and its stop token. Confined to the call. Reads the clock only when asked.
class deadline {
 public:
  deadline(const lake_options& options, const executor_ref& executor, const call_options& call)
      : options_(options), executor_(executor), stop_(call.stop), length_(bounded(call.deadline.value_or(options.deadline))),
        until_(options.clock.steady() + length_) {}

  /// The duration, kept between zero and a century: what is added to a clock must not overflow it.
  [[nodiscard]] static constexpr std::chrono::milliseconds bounded(std::chrono::milliseconds wanted) noexcept {
    return std::clamp(wanted, std::chrono::milliseconds{0}, std::chrono::milliseconds{std::chrono::hours{24 * 365 * 100}});
  }

  [[nodiscard]] bool passed() const { return options_.clock.steady() >= until_; }
  [[nodiscard]] bool cancelled() const noexcept { return stop_.stop_requested(); }

  /// An error if the call must end now. `operation` and `subject` go into it.
  [[nodiscard]] result<void> check(std::string_view operation, std::string_view subject) const {
    return go_on_unless(cancelled(), passed(), operation, subject);
  }

  /// The same for a call that begins now, with this object: no time has passed, so no clock is read.
  [[nodiscard]] result<void> check_begin(std::string_view operation, std::string_view subject) const {
    return go_on_unless(cancelled(), length_.count() == 0, operation, subject);
  }

  /// Sleeps before try number `attempt` (from 0): 1 ms doubling to 64 ms, with full jitter, never past the deadline.
  void back_off(std::size_t attempt) const {
    const std::uint64_t ceiling_us = std::uint64_t{1'000} << (std::min)(attempt, std::size_t{6});
    const auto wanted = std::chrono::microseconds(static_cast<std::int64_t>(ceiling_us / 2 + options_.random.below(ceiling_us / 2 + 1)));
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until_ - options_.clock.steady());
    if (left.count() > 0) executor_.sleep((std::min)(wanted, left));
  }

 private:
  static result<void> go_on_unless(bool cancelled, bool passed, std::string_view operation, std::string_view subject) {
    if (cancelled) return lake::error{errc::cancelled, std::string(operation), std::string(subject), "the caller's stop token was set"};
    if (passed) return lake::error{errc::timeout, std::string(operation), std::string(subject), "the deadline passed"};
    return {};
  }

  const lake_options& options_;
  const executor_ref& executor_;
  std::stop_token stop_;
  std::chrono::milliseconds length_;
  std::chrono::steady_clock::time_point until_;
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_DEADLINE_HPP
