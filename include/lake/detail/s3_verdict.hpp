// What an answer of an S3 service means for another try: whether one is worth it, whether the first had an effect, and what the service
// says of time. Pure functions; knows no transport and no bound.
// Source of codes: the error tables of Amazon S3, Aliyun OSS and MinIO.
#ifndef LAKE_DETAIL_S3_VERDICT_HPP
#define LAKE_DETAIL_S3_VERDICT_HPP

#include <lake/config.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/http_date.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// What one try came to.
enum class s3_verdict : std::uint8_t {
  done,         ///< It did what was asked; 304 too.
  final,        ///< It failed, and would again.
  transient,    ///< It failed, and may succeed soon: no connection, a server's mishap.
  throttled,    ///< The service asks for fewer requests.
  skewed,       ///< Our clock is off: adopt the server's time, sign again, once.
  conflicting,  ///< Another request for the same key was under way: nothing happened.
  expired,      ///< The session token is too old: get another, once.
};

/// The verdict that a code of an error document names by itself, `final` for all others.
[[nodiscard]] constexpr s3_verdict judge_code(std::string_view code) noexcept {
  struct known {
    std::string_view code;
    s3_verdict verdict;
  };
  constexpr known all[] = {
      {"BandwidthLimitExceeded", s3_verdict::throttled},
      {"ConditionalRequestConflict", s3_verdict::conflicting},
      {"ExpiredToken", s3_verdict::expired},
      {"ExpiredTokenException", s3_verdict::expired},
      {"InternalError", s3_verdict::transient},
      {"InternalFailure", s3_verdict::transient},
      {"OperationAborted", s3_verdict::conflicting},
      {"RequestExpired", s3_verdict::skewed},
      {"RequestInTheFuture", s3_verdict::skewed},
      {"RequestLimitExceeded", s3_verdict::throttled},
      {"RequestTimeTooSkewed", s3_verdict::skewed},
      {"RequestTimeout", s3_verdict::transient},
      {"RequestTimeoutException", s3_verdict::transient},
      {"SecurityTokenExpired", s3_verdict::expired},
      {"ServiceUnavailable", s3_verdict::transient},
      {"TokenRefreshRequired", s3_verdict::expired},
  };
  for (const known& one : all) {
    if (one.code == code) return one.verdict;
  }
  for (const std::string_view begin : {"SlowDown", "Throttl", "RequestThrottled", "TooManyRequests"}) {
    if (code.starts_with(begin)) return s3_verdict::throttled;
  }
  for (const std::string_view end : {"QpsLimitExceeded", "RateLimitExceeded"}) {
    if (code.ends_with(end)) return s3_verdict::throttled;
  }
  return s3_verdict::final;
}

/// What the try came to whose answer this is. `code` is that of the error document, empty if there is none; with a 2xx answer it is
/// what the body of an apparent success confessed.
[[nodiscard]] inline s3_verdict judge(const http_answer& answer, std::string_view code) noexcept {
  switch (answer.failure) {
    case http_failure::none: break;
    case http_failure::not_sent:
    case http_failure::lost:
    case http_failure::timed_out: return s3_verdict::transient;
    case http_failure::cancelled:
    case http_failure::sink_refused:
    case http_failure::untrusted:
    case http_failure::unusable: return s3_verdict::final;
  }
  if ((answer.succeeded() && code.empty()) || answer.status == 304) return s3_verdict::done;
  if (const s3_verdict named = judge_code(code); named != s3_verdict::final) return named;
  switch (answer.status) {
    case 429: return s3_verdict::throttled;
    case 408:
    case 500:
    case 502:
    case 503:
    case 504: return s3_verdict::transient;
    // Cloudflare's own, in front of R2 and others: the origin was not reached, was lost or too slow.
    case 520:
    case 521:
    case 522:
    case 523:
    case 524: return s3_verdict::transient;
    default: return s3_verdict::final;
  }
}

/// True if the service surely did not do what this try asked: it was not reached, or it refused before doing anything. False where it
/// did, or may have: a connection that broke, 500, 502, 504, a 503 that does not say why, an error in the body of a 200.
[[nodiscard]] inline bool surely_not_applied(const http_answer& answer, std::string_view code) noexcept {
  switch (answer.failure) {
    case http_failure::none: break;
    case http_failure::not_sent:
    case http_failure::untrusted:
    case http_failure::unusable: return true;
    default: return false;
  }
  const s3_verdict verdict = judge(answer, code);
  if (answer.status == 503) return verdict == s3_verdict::throttled;
  if (answer.status == 501) return true;
  return answer.status >= 300 && answer.status < 500 && verdict != s3_verdict::done && verdict != s3_verdict::transient;
}

/// The server's time, by the answer's Date; nothing if it tells none.
[[nodiscard]] inline std::optional<std::chrono::system_clock::time_point> server_time(const http_answer& answer) noexcept {
  return parse_http_date(answer.header("date"));
}

/// True where a refusal without a body (an answer to HEAD has none) is likely that of a clock more than some minutes off: the code that
/// would say so is missing. The services allow 15 minutes; `now` is the time that was signed.
[[nodiscard]] inline bool clock_seems_off(const http_answer& answer, std::chrono::system_clock::time_point now) noexcept {
  if (answer.failure != http_failure::none || answer.status != 403 || !answer.body.empty()) return false;
  const auto theirs = server_time(answer);
  return theirs && (*theirs > now ? *theirs - now : now - *theirs) > std::chrono::minutes{10};
}

/// No service is believed that asks for more: a bound for arithmetic.
inline constexpr std::chrono::milliseconds longest_retry_after = std::chrono::hours{24 * 365};

/// How long the service asks to wait: `x-amz-retry-after` in milliseconds or `Retry-After` in seconds or as a date, the longer of them;
/// a date is compared with the answer's own, with `now` if that has none. Never more than a year.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> retry_after(const http_answer& answer,
                                                                          std::chrono::system_clock::time_point now) noexcept {
  using std::chrono::milliseconds;
  std::optional<milliseconds> wait;
  const auto ask = [&wait](milliseconds one) {
    wait = std::clamp(one, wait.value_or(milliseconds{0}), longest_retry_after);
  };
  const auto units = [](std::uint64_t stated) {
    return static_cast<std::int64_t>((std::min)(stated, static_cast<std::uint64_t>(longest_retry_after.count())));
  };
  const std::string_view standard = answer.header("retry-after");
  if (const auto stated = pure::parse_decimal<std::uint64_t>(answer.header("x-amz-retry-after"))) ask(milliseconds{units(*stated)});
  if (const auto stated = pure::parse_decimal<std::uint64_t>(standard)) {
    ask(std::chrono::seconds{units(*stated)});
  } else if (const auto moment = parse_http_date(standard)) {
    ask(std::chrono::ceil<milliseconds>(*moment - server_time(answer).value_or(now)));
  }
  return wait;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_VERDICT_HPP
