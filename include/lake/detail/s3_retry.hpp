// When another try of a request to an S3 service begins, and what ends the tries. Decisions only: knows no transport and no key, and does
// not wait. Full jitter, and a budget for all requests together, as in the "standard" retry mode of Amazon's clients.
#ifndef LAKE_DETAIL_S3_RETRY_HPP
#define LAKE_DETAIL_S3_RETRY_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/random.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/s3_verdict.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// What all operations of one storage may spend on retries, so that a service which is down is not hammered. Thread-safe.
class s3_retry_tokens {
 public:
  explicit s3_retry_tokens(const s3_retry_options& options) noexcept
      : most_(options.tokens), cost_(options.token_cost), left_(options.tokens) {}

  /// Pays for one retry; false if there is not enough left.
  [[nodiscard]] bool take() noexcept {
    std::size_t left = left_.load(std::memory_order_relaxed);
    do {
      if (left < cost_) return false;
    } while (!left_.compare_exchange_weak(left, left - cost_, std::memory_order_relaxed));
    return true;
  }

  /// A request succeeded without a retry: one token comes back.
  void give_back() noexcept {
    std::size_t left = left_.load(std::memory_order_relaxed);
    do {
      if (left >= most_) return;
    } while (!left_.compare_exchange_weak(left, left + 1, std::memory_order_relaxed));
  }

  [[nodiscard]] std::size_t left() const noexcept { return left_.load(std::memory_order_relaxed); }

 private:
  std::size_t most_;
  std::size_t cost_;
  std::atomic<std::size_t> left_;
};

/// The tries of one request: counts them, and says how long to wait before the next. Confined. Begins with its construction, which
/// stands before the first try.
/// Lifetime: what it is constructed with outlives it.
class s3_retry {
 public:
  using milliseconds = std::chrono::milliseconds;
  using moment = std::chrono::steady_clock::time_point;

  /// No try begins at `end` or later: the caller's deadline, where there is one.
  s3_retry(const s3_retry_options& options, s3_retry_tokens& tokens, const clock_source& clock, const random_source& random,
           std::optional<moment> end = std::nullopt)
      : options_(options), tokens_(tokens), clock_(clock), random_(random), begun_(clock.steady()), end_(end),
        total_(std::clamp(options.total, milliseconds{0}, milliseconds{std::chrono::hours{24 * 365 * 100}})) {}

  /// The wait before another try after one that came to `verdict`, or nothing if that was the last.
  /// `asked`: the service's own wish (`retry_after`), which no random wait falls below.
  [[nodiscard]] std::optional<milliseconds> before_next(s3_verdict verdict, std::optional<milliseconds> asked = std::nullopt) {
    now_ = clock_.steady();
    milliseconds wait{0};
    ended_ = why_not(verdict);
    if (ended_ == ending::none) {
      const milliseconds least = std::clamp(asked.value_or(milliseconds{0}), milliseconds{0}, longest_retry_after);
      const milliseconds chosen = chosen_wait(verdict);
      wait = (std::max)(chosen, least);
      ended_ = why_not_after(wait, least > chosen);
    }
    const bool pays = verdict == s3_verdict::transient || verdict == s3_verdict::throttled || verdict == s3_verdict::conflicting;
    if (ended_ == ending::none && pays && !tokens_.take()) ended_ = ending::tokens;
    if (ended_ != ending::none) return std::nullopt;
    skewed_ = skewed_ || verdict == s3_verdict::skewed;
    expired_ = expired_ || verdict == s3_verdict::expired;
    ++attempts_;
    return wait;
  }

  /// Tries begun, the one under way or last ended included.
  [[nodiscard]] std::size_t attempts() const noexcept { return attempts_; }

  /// Whether the caller's deadline left no time for another try.
  [[nodiscard]] bool met_deadline() const noexcept { return ended_ == ending::deadline; }

  /// For the error of the last try: "6 attempts in 1203 ms", and which bound ended them where it was another. Empty where a first try
  /// failed for good: there is nothing to tell.
  [[nodiscard]] std::string why_ended() const {
    if (ended_ == ending::none || (ended_ == ending::settled && attempts_ == 1)) return {};
    std::string out;
    pure::append_decimal(out, attempts_);
    out += attempts_ == 1 ? " attempt in " : " attempts in ";
    pure::append_decimal(out, std::chrono::duration_cast<milliseconds>(now_ - begun_).count());
    out += " ms";
    switch (ended_) {
      case ending::none:
      case ending::settled:
      case ending::attempts: break;
      case ending::time: out += "; no other begins within the time allowed"; break;
      case ending::deadline: out += "; no other begins before the caller's deadline"; break;
      case ending::asked: out += "; the service asks for a longer wait than the time left"; break;
      case ending::tokens: out += "; the retry budget of this storage is used up"; break;
      case ending::skewed: out += "; the clock was set by the server's time already"; break;
      case ending::expired: out += "; the credentials were renewed already"; break;
    }
    return out;
  }

 private:
  enum class ending : std::uint8_t { none, settled, attempts, time, deadline, asked, tokens, skewed, expired };

  [[nodiscard]] ending why_not(s3_verdict verdict) const noexcept {
    if (verdict == s3_verdict::done || verdict == s3_verdict::final) return ending::settled;
    if (verdict == s3_verdict::skewed && skewed_) return ending::skewed;
    if (verdict == s3_verdict::expired && expired_) return ending::expired;
    return attempts_ >= options_.attempts ? ending::attempts : ending::none;
  }

  /// Whether a try after `wait` would begin too late: then nobody waits for it in vain.
  [[nodiscard]] ending why_not_after(milliseconds wait, bool asked) const noexcept {
    if (end_ && (now_ >= *end_ || *end_ - now_ <= wait)) return asked ? ending::asked : ending::deadline;
    const auto spent = now_ - begun_;
    if (spent >= total_ || total_ - spent <= wait) return asked ? ending::asked : ending::time;
    return ending::none;
  }

  /// Full jitter: anything below a ceiling that doubles with each retry. Nothing to wait for where it is us who mend something.
  [[nodiscard]] milliseconds chosen_wait(s3_verdict verdict) const {
    if (verdict == s3_verdict::skewed || verdict == s3_verdict::expired) return milliseconds{0};
    constexpr milliseconds day = std::chrono::hours{24};
    const milliseconds longest = std::clamp(options_.longest_wait, milliseconds{0}, day);
    const milliseconds base = verdict == s3_verdict::throttled ? options_.throttle_base : options_.transient_base;
    milliseconds ceiling = std::clamp(base, milliseconds{0}, longest);
    for (std::size_t i = 1; i < attempts_ && ceiling < longest; ++i) ceiling = (std::min)(ceiling * 2, longest);
    if (ceiling.count() == 0) return ceiling;
    return milliseconds{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(ceiling.count())))};
  }

  const s3_retry_options& options_;
  s3_retry_tokens& tokens_;
  const clock_source& clock_;
  const random_source& random_;
  moment begun_;
  std::optional<moment> end_;
  milliseconds total_;  ///< At most a century, which a clock can be compared with.
  moment now_ = begun_;
  std::size_t attempts_ = 1;
  ending ended_ = ending::none;
  bool skewed_ = false;
  bool expired_ = false;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_RETRY_HPP
