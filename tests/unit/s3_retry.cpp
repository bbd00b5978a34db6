// Which answers of an S3 service are tried again, how long one waits, and which bound ends it. No time passes: clock and randomness are
// the test's.
#include "support/catch.hpp"

#include <lake/detail/s3_retry.hpp>
#include <lake/testing/manual_clock.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake::detail::http_answer;
using lake::detail::http_failure;
using lake::detail::http_fields;
using lake::detail::judge;
using lake::detail::s3_retry;
using lake::detail::s3_retry_tokens;
using lake::detail::s3_verdict;
using lake::detail::surely_not_applied;
using waits = std::vector<std::chrono::milliseconds>;

http_answer answer_of(int status, http_fields headers = {}) {
  http_answer out;
  out.status = status;
  out.headers = std::move(headers);
  return out;
}

http_answer failed(http_failure failure) {
  http_answer out;
  out.failure = failure;
  return out;
}

/// A moment of 2026, and the same as a Date.
constexpr std::chrono::system_clock::time_point november{1'795'304'953s};
constexpr std::string_view november_date = "Sat, 21 Nov 2026 23:49:13 GMT";

/// Tries with a clock that stands still and bits that are always the same.
struct trial {
  explicit trial(lake::s3_retry_options with = {}, std::uint64_t bits = ~std::uint64_t{0})
      : options(with), tokens(options), random([bits] { return bits; }) {}

  lake::s3_retry_options options;
  lake::testing::manual_clock time;
  s3_retry_tokens tokens;
  lake::clock_source clock = time.source();
  lake::random_source random;

  [[nodiscard]] s3_retry begin(std::optional<std::chrono::steady_clock::time_point> end = std::nullopt) {
    return s3_retry(options, tokens, clock, random, end);
  }
  /// All waits until no other try is allowed; the time of each passes.
  waits all(s3_retry& tries, s3_verdict verdict) {
    waits out;
    while (const auto wait = tries.before_next(verdict)) {
      out.push_back(*wait);
      time.advance(*wait);
    }
    return out;
  }
};

}  // namespace

// --- what a try came to ------------------------------------------------------------------------------------------------

TEST_CASE("A success and 304 are done") {
  for (const int status : {200, 201, 204, 206, 304}) CHECK(judge(answer_of(status), "") == s3_verdict::done);
}

TEST_CASE("A lost connection is transient, what no retry mends is final") {
  CHECK(judge(failed(http_failure::not_sent), "") == s3_verdict::transient);
  CHECK(judge(failed(http_failure::lost), "") == s3_verdict::transient);
  CHECK(judge(failed(http_failure::timed_out), "") == s3_verdict::transient);
  CHECK(judge(failed(http_failure::cancelled), "") == s3_verdict::final);
  CHECK(judge(failed(http_failure::sink_refused), "") == s3_verdict::final);
  CHECK(judge(failed(http_failure::untrusted), "") == s3_verdict::final);
  CHECK(judge(failed(http_failure::unusable), "") == s3_verdict::final);
}

TEST_CASE("A failure of the transport outweighs the status that came before it") {
  http_answer answer = answer_of(200);
  answer.failure = http_failure::lost;

  CHECK(judge(answer, "") == s3_verdict::transient);
}

TEST_CASE("Without a known code the status decides") {
  for (const int status : {408, 500, 502, 503, 504, 520, 524}) {
    INFO(status);
    CHECK(judge(answer_of(status), "") == s3_verdict::transient);
    CHECK(judge(answer_of(status), "UnknownError") == s3_verdict::transient);
  }
  CHECK(judge(answer_of(429), "") == s3_verdict::throttled);
  for (const int status : {0, 301, 307, 400, 401, 403, 404, 405, 409, 411, 412, 416, 501, 505, 507}) {
    INFO(status);
    CHECK(judge(answer_of(status), "") == s3_verdict::final);
    CHECK(judge(answer_of(status), "SomethingNew") == s3_verdict::final);
  }
}

TEST_CASE("A known code outweighs the status") {
  struct known {
    int status;
    std::string_view code;
    s3_verdict verdict;
  };
  const std::vector<known> all = {
      {503, "SlowDown", s3_verdict::throttled},
      {503, "SlowDownWrite", s3_verdict::throttled},
      {400, "ThrottlingException", s3_verdict::throttled},
      {400, "Throttling", s3_verdict::throttled},
      {400, "ThrottledException", s3_verdict::throttled},
      {400, "RequestThrottled", s3_verdict::throttled},
      {400, "RequestLimitExceeded", s3_verdict::throttled},
      {400, "TooManyRequestsException", s3_verdict::throttled},
      {509, "BandwidthLimitExceeded", s3_verdict::throttled},
      {503, "TotalQpsLimitExceeded", s3_verdict::throttled},
      {400, "RequestTimeout", s3_verdict::transient},
      {500, "InternalError", s3_verdict::transient},
      {503, "ServiceUnavailable", s3_verdict::transient},
      {403, "RequestTimeTooSkewed", s3_verdict::skewed},
      {409, "ConditionalRequestConflict", s3_verdict::conflicting},
      {409, "OperationAborted", s3_verdict::conflicting},
      {400, "ExpiredToken", s3_verdict::expired},
      {403, "ExpiredToken", s3_verdict::expired},
      {400, "TokenRefreshRequired", s3_verdict::expired},
      {404, "NoSuchKey", s3_verdict::final},
      {403, "AccessDenied", s3_verdict::final},
      {412, "PreconditionFailed", s3_verdict::final},
      {409, "BucketNotEmpty", s3_verdict::final},
      {403, "QuotaExceeded", s3_verdict::final},
      {501, "NotImplemented", s3_verdict::final},
  };
  for (const known& one : all) {
    INFO(one.status << " " << one.code);
    CHECK(judge(answer_of(one.status), one.code) == one.verdict);
  }
}

TEST_CASE("An error in the body of a success is judged by its code") {
  CHECK(judge(answer_of(200), "InternalError") == s3_verdict::transient);
  CHECK(judge(answer_of(200), "SlowDown") == s3_verdict::throttled);
  CHECK(judge(answer_of(200), "InvalidPart") == s3_verdict::final);
}

// --- whether it had an effect ------------------------------------------------------------------------------------------

TEST_CASE("A refusal surely had no effect") {
  CHECK(surely_not_applied(failed(http_failure::not_sent), ""));
  CHECK(surely_not_applied(failed(http_failure::untrusted), ""));
  CHECK(surely_not_applied(failed(http_failure::unusable), ""));
  CHECK(surely_not_applied(answer_of(503), "SlowDown"));
  CHECK(surely_not_applied(answer_of(429), ""));
  CHECK(surely_not_applied(answer_of(403), "RequestTimeTooSkewed"));
  CHECK(surely_not_applied(answer_of(409), "ConditionalRequestConflict"));
  CHECK(surely_not_applied(answer_of(400), "ExpiredToken"));
  for (const int status : {301, 307, 400, 403, 404, 409, 412, 501}) CHECK(surely_not_applied(answer_of(status), ""));
}

TEST_CASE("What broke in the midst may have had its effect") {
  for (const http_failure failure : {http_failure::lost, http_failure::timed_out, http_failure::cancelled, http_failure::sink_refused})
    CHECK_FALSE(surely_not_applied(failed(failure), ""));
  for (const int status : {200, 204, 304, 408, 500, 502, 503, 504, 507}) {
    INFO(status);
    CHECK_FALSE(surely_not_applied(answer_of(status), ""));
  }
  CHECK_FALSE(surely_not_applied(answer_of(500), "SlowDown"));
  CHECK_FALSE(surely_not_applied(answer_of(400), "RequestTimeout"));
  CHECK_FALSE(surely_not_applied(answer_of(503), "ServiceUnavailable"));
  CHECK_FALSE(surely_not_applied(answer_of(200), "InternalError"));
  CHECK_FALSE(surely_not_applied(answer_of(200), "SlowDown"));
}

// --- the server's time and wishes --------------------------------------------------------------------------------------

TEST_CASE("The server's time is that of its Date") {
  CHECK(lake::detail::server_time(answer_of(403, {{"date", std::string(november_date)}})) == november);
  CHECK(lake::detail::server_time(answer_of(403)) == std::nullopt);
  CHECK(lake::detail::server_time(answer_of(403, {{"date", "soon"}})) == std::nullopt);
}

TEST_CASE("A clock seems off where a refusal without a body comes from another time") {
  const http_answer refused = answer_of(403, {{"date", std::string(november_date)}});
  http_answer explained = refused;
  explained.body = "<Error/>";

  CHECK(lake::detail::clock_seems_off(refused, november - 16min));
  CHECK(lake::detail::clock_seems_off(refused, november + 16min));
  CHECK_FALSE(lake::detail::clock_seems_off(refused, november + 1min));
  CHECK_FALSE(lake::detail::clock_seems_off(explained, november - 16min));
  CHECK_FALSE(lake::detail::clock_seems_off(answer_of(403), november));
  CHECK_FALSE(lake::detail::clock_seems_off(answer_of(404, refused.headers), november - 16min));
}

TEST_CASE("A service may ask to wait, in each of three ways") {
  const auto asked = [](http_fields headers) { return lake::detail::retry_after(answer_of(503, std::move(headers)), november); };

  CHECK(asked({}) == std::nullopt);
  CHECK(asked({{"retry-after", "120"}}) == 120s);
  CHECK(asked({{"retry-after", "Sat, 21 Nov 2026 23:49:43 GMT"}}) == 30s);
  CHECK(asked({{"retry-after", "Sat, 21 Nov 2026 23:49:03 GMT"}}) == 0s);
  CHECK(asked({{"x-amz-retry-after", "1500"}}) == 1500ms);
  CHECK(asked({{"x-amz-retry-after", "1500"}, {"retry-after", "1"}}) == 1500ms);
  CHECK(asked({{"x-amz-retry-after", "1500"}, {"retry-after", "2"}}) == 2s);
}

TEST_CASE("A date to wait for is compared with the server's own clock") {
  const http_answer answer =
      answer_of(503, {{"date", std::string(november_date)}, {"retry-after", "Sat, 21 Nov 2026 23:49:43 GMT"}});

  CHECK(lake::detail::retry_after(answer, november + 10h) == 30s);
}

TEST_CASE("A wish that is no wish is nothing, and one beyond a year is a year") {
  const auto asked = [](http_fields headers) { return lake::detail::retry_after(answer_of(503, std::move(headers)), november); };
  constexpr std::chrono::milliseconds year = 24h * 365;

  for (const char* wrong : {"", "-1", "1.5", "soon", "99999999999999999999999"}) CHECK(asked({{"retry-after", wrong}}) == std::nullopt);
  CHECK(asked({{"retry-after", "18446744073709551615"}}) == year);
  CHECK(asked({{"x-amz-retry-after", "18446744073709551615"}}) == year);
  CHECK(asked({{"retry-after", "Tue, 31 Dec 2261 23:59:59 GMT"}}) == year);
}

// --- waits -------------------------------------------------------------------------------------------------------------

TEST_CASE("Waits are random below a ceiling that doubles, up to the longest") {
  trial highest;
  s3_retry tries = highest.begin();
  CHECK(highest.all(tries, s3_verdict::transient) == waits{49ms, 99ms, 199ms, 399ms, 799ms});

  trial throttled;
  s3_retry slow = throttled.begin();
  CHECK(throttled.all(slow, s3_verdict::throttled) == waits{499ms, 999ms, 1999ms, 3999ms, 7999ms});

  trial capped({.longest_wait = 150ms});
  s3_retry short_waits = capped.begin();
  CHECK(capped.all(short_waits, s3_verdict::transient) == waits{49ms, 99ms, 149ms, 149ms, 149ms});

  trial lowest({}, 0);
  s3_retry at_once = lowest.begin();
  CHECK(lowest.all(at_once, s3_verdict::throttled) == waits{0ms, 0ms, 0ms, 0ms, 0ms});
}

TEST_CASE("The service's wish is the least one waits, even beyond the longest wait") {
  trial room;
  s3_retry tries = room.begin();

  CHECK(tries.before_next(s3_verdict::throttled, 20s) == 20s);
  CHECK(tries.before_next(s3_verdict::transient, 1ms) == 99ms);
}

TEST_CASE("Bounds without sense end tries instead of breaking arithmetic") {
  using std::chrono::milliseconds;
  trial vast({.attempts = 100, .total = milliseconds::max(), .transient_base = milliseconds::max(), .longest_wait = milliseconds::max()});
  s3_retry tries = vast.begin(std::chrono::steady_clock::time_point::max());
  CHECK(tries.before_next(s3_verdict::transient).value() < 24h);
  CHECK(tries.before_next(s3_verdict::transient, milliseconds::max()) == 24h * 365);

  trial none({.total = milliseconds::min(), .transient_base = milliseconds::min(), .longest_wait = milliseconds::min()});
  s3_retry once = none.begin();
  CHECK(once.before_next(s3_verdict::transient) == std::nullopt);
}

// --- what ends tries ---------------------------------------------------------------------------------------------------

TEST_CASE("Attempts end tries") {
  trial room;
  s3_retry tries = room.begin();
  CHECK(tries.attempts() == 1);

  CHECK(room.all(tries, s3_verdict::transient).size() == 5);
  CHECK(tries.attempts() == 6);
  CHECK(tries.why_ended() == "6 attempts in 1545 ms");
}

TEST_CASE("A first try that failed for good has no story") {
  trial room;
  s3_retry tries = room.begin();

  CHECK(tries.before_next(s3_verdict::final) == std::nullopt);
  CHECK(tries.why_ended().empty());
  CHECK(room.tokens.left() == 1'000);
}

TEST_CASE("A final answer after a retry tells how many there were") {
  trial room;
  s3_retry tries = room.begin();
  room.time.advance(*tries.before_next(s3_verdict::transient));

  CHECK(tries.before_next(s3_verdict::final) == std::nullopt);
  CHECK(tries.why_ended() == "2 attempts in 49 ms");
}

TEST_CASE("The total time ends tries: none begins after it, and nobody waits in vain") {
  trial room({.attempts = 100, .total = 1000ms});
  s3_retry tries = room.begin();

  CHECK(room.all(tries, s3_verdict::transient) == waits{49ms, 99ms, 199ms, 399ms});
  CHECK(tries.why_ended() == "5 attempts in 746 ms; no other begins within the time allowed");

  s3_retry late = room.begin();
  room.time.advance(1000ms);
  CHECK(late.before_next(s3_verdict::skewed) == std::nullopt);
}

TEST_CASE("The caller's deadline ends tries") {
  trial room;
  s3_retry tries = room.begin(room.clock.steady() + 100ms);

  CHECK(room.all(tries, s3_verdict::transient) == waits{49ms});
  CHECK(tries.why_ended() == "2 attempts in 49 ms; no other begins before the caller's deadline");
}

TEST_CASE("A service that asks for more than the time left is given up at once") {
  trial room;
  s3_retry tries = room.begin();

  CHECK(tries.before_next(s3_verdict::throttled, 60s) == std::nullopt);
  CHECK(tries.why_ended() == "1 attempt in 0 ms; the service asks for a longer wait than the time left");
  CHECK(room.tokens.left() == 1'000);
}

TEST_CASE("The budget that all operations share ends tries") {
  trial room({.tokens = 7, .token_cost = 3});
  s3_retry first = room.begin();
  s3_retry second = room.begin();

  CHECK(first.before_next(s3_verdict::transient));
  CHECK(second.before_next(s3_verdict::throttled));
  CHECK_FALSE(first.before_next(s3_verdict::transient));
  CHECK(first.why_ended() == "2 attempts in 0 ms; the retry budget of this storage is used up");
  CHECK(room.tokens.left() == 1);
}

TEST_CASE("Successes fill the budget again, up to what it was") {
  s3_retry_tokens tokens({.tokens = 5, .token_cost = 4});
  CHECK(tokens.take());
  CHECK_FALSE(tokens.take());

  for (int i = 0; i < 3; ++i) tokens.give_back();
  CHECK(tokens.take());
  for (int i = 0; i < 9; ++i) tokens.give_back();
  CHECK(tokens.left() == 5);
}

TEST_CASE("A budget of nothing allows no retry, a retry that costs nothing all of them") {
  s3_retry_tokens nothing({.tokens = 0, .token_cost = 1});
  s3_retry_tokens gratis({.tokens = 0, .token_cost = 0});

  CHECK_FALSE(nothing.take());
  CHECK(gratis.take());
}

TEST_CASE("Threads share the budget without losing of it") {
  s3_retry_tokens tokens({.tokens = 10'000, .token_cost = 2});
  std::atomic<std::size_t> taken{0};
  const auto work = [&] {
    for (int i = 0; i < 4'000; ++i) {
      if (tokens.take()) ++taken;
    }
  };
  std::thread other(work);
  work();
  other.join();

  CHECK(taken == 5'000);
  CHECK(tokens.left() == 0);
}

TEST_CASE("A clock is corrected once, at once and for nothing") {
  trial room;
  s3_retry tries = room.begin();

  CHECK(tries.before_next(s3_verdict::skewed) == 0ms);
  CHECK(room.tokens.left() == 1'000);
  CHECK_FALSE(tries.before_next(s3_verdict::skewed));
  CHECK(tries.why_ended() == "2 attempts in 0 ms; the clock was set by the server's time already");
}

TEST_CASE("Credentials are renewed once, at once and for nothing") {
  trial room;
  s3_retry tries = room.begin();

  CHECK(tries.before_next(s3_verdict::expired) == 0ms);
  CHECK(tries.before_next(s3_verdict::skewed) == 0ms);
  CHECK_FALSE(tries.before_next(s3_verdict::expired));
  CHECK(tries.why_ended() == "3 attempts in 0 ms; the credentials were renewed already");
  CHECK(room.tokens.left() == 1'000);
}

TEST_CASE("One attempt allowed is one attempt made") {
  trial room({.attempts = 1});
  s3_retry tries = room.begin();

  CHECK_FALSE(tries.before_next(s3_verdict::skewed));
  CHECK(tries.why_ended() == "1 attempt in 0 ms");
}
