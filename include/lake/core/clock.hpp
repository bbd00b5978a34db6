// Where time comes from: the system, or what a test injects. Knows no policy.
#ifndef LAKE_CORE_CLOCK_HPP
#define LAKE_CORE_CLOCK_HPP

#include <lake/config.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// A clock: the system's by default, or injected functions. Copyable; thread-safe if the injected functions are.
class clock_source {
 public:
  using wall_function = std::function<std::chrono::system_clock::time_point()>;
  using steady_function = std::function<std::chrono::steady_clock::time_point()>;

  /// The system's clocks.
  clock_source() = default;

  /// Injected clocks; an empty function means the system's.
  explicit clock_source(wall_function wall, steady_function steady = {}) : wall_(std::move(wall)), steady_(std::move(steady)) {}

  /// Wall time; may step either way.
  [[nodiscard]] std::chrono::system_clock::time_point now() const {
    return wall_ ? wall_() : std::chrono::system_clock::now();
  }

  /// Wall time as whole milliseconds since the Unix epoch.
  [[nodiscard]] std::int64_t now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  }

  /// Monotonic time, for deadlines and durations.
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const {
    return steady_ ? steady_() : std::chrono::steady_clock::now();
  }

 private:
  wall_function wall_;
  steady_function steady_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_CLOCK_HPP
