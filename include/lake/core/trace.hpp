// Where the time of one operation went: a compile-time sink that costs nothing when it is off. Knows no policy.
#ifndef LAKE_CORE_TRACE_HPP
#define LAKE_CORE_TRACE_HPP

#include <lake/config.hpp>

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Takes the steps of one operation as they end. `T::enabled` false: nothing is measured and nothing is called.
/// Threads: confined to the calling thread of the operation; the lake never passes it to a worker.
template <class T>
concept trace_sink = requires(std::remove_reference_t<T>& sink, std::string_view name, std::chrono::nanoseconds duration, std::string detail) {
  { std::remove_reference_t<T>::enabled } -> std::convertible_to<bool>;
  sink.add(name, duration, std::move(detail));
};

/// The sink that is off.
struct no_trace {
  static constexpr bool enabled = false;
  static void add(std::string_view, std::chrono::nanoseconds, std::string) noexcept {}
};

/// Collects the steps of one operation: `lake::trace tr{"Write"}; db.write(req, tr); std::cout << tr.dump();`. Thread-compatible.
class trace {
 public:
  static constexpr bool enabled = true;

  /// One step: what it was called, how long it took, and details such as `{key:…, size:5}` (may be empty).
  struct step {
    std::string name;
    std::chrono::nanoseconds duration{0};
    std::string detail;
  };

  explicit trace(std::string name) : name_(std::move(name)) {}

  void add(std::string_view name, std::chrono::nanoseconds duration, std::string detail) {
    steps_.push_back({std::string(name), duration, std::move(detail)});
  }

  [[nodiscard]] std::span<const step> steps() const noexcept { return steps_; }

  /// The sum of the steps.
  [[nodiscard]] std::chrono::nanoseconds total() const noexcept {
    std::chrono::nanoseconds sum{0};
    for (const step& each : steps_) sum += each.duration;
    return sum;
  }

  /// Text: `=== Trace [Write]: Total 248ms ===`, then a line a step: `[2] PreCommit: 2.14ms {tsSeq:…, seqID:1}`.
  /// A step without a duration shows its detail alone: `[5] SnapSave: scheduled`.
  [[nodiscard]] std::string dump() const {
    std::string out = "=== Trace [" + name_ + "]: Total " + milliseconds(total()) + " ===\n";
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const bool took_time = steps_[i].duration.count() != 0 || steps_[i].detail.empty();
      out += '[' + std::to_string(i + 1) + "] " + steps_[i].name + ": ";
      if (took_time) out += milliseconds(steps_[i].duration);
      if (took_time && !steps_[i].detail.empty()) out += ' ';
      out += steps_[i].detail;
      out += '\n';
    }
    return out;
  }

 private:
  static std::string milliseconds(std::chrono::nanoseconds duration) {
    char digits[64];
    const double value = static_cast<double>(duration.count()) / 1e6;
    char* end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 2).ptr;
    while (end[-1] == '0') --end;
    if (end[-1] == '.') --end;
    return std::string(digits, end) + "ms";
  }

  std::string name_;
  std::vector<step> steps_;
};

namespace detail {

/// Measures one step from construction to destruction, if the sink is on.
template <trace_sink Trace>
class stage {
 public:
  stage(Trace& sink, std::string_view name) : sink_(sink), name_(name), begin_(now()) {}
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;
  ~stage() {
    if constexpr (Trace::enabled) sink_.add(name_, now() - begin_, std::move(detail_));
  }

  /// Sets the step's detail from `make()`, which is not called when the sink is off.
  template <class Make>
  void note(const Make& make) {
    if constexpr (Trace::enabled) detail_ = make();
  }

 private:
  using time_point = std::chrono::steady_clock::time_point;
  static time_point now() {
    if constexpr (Trace::enabled) return std::chrono::steady_clock::now();
    else return {};
  }

  Trace& sink_;
  std::string_view name_;
  time_point begin_;
  std::string detail_;
};

/// With the sink off, a step is nothing at all.
template <trace_sink Trace>
  requires(!Trace::enabled)
class stage<Trace> {
 public:
  stage(Trace&, std::string_view) noexcept {}
  template <class Make>
  void note(const Make&) const noexcept {}
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_TRACE_HPP
