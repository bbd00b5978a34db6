// One request to S3, taken to its end: how it is addressed and signed, which answers are tried again and after which waits, what the
// server's time and new credentials change, and that no message tells a secret. The service is a script, and time is the test's.
#include "support/catch.hpp"
#include "support/recorded_transport.hpp"

#include <lake/core/error.hpp>
#include <lake/core/random.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace lake_test;
using lake::errc;

constexpr std::string_view hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view hash_of_hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

lake::s3_credentials trial_credentials() { return {.access_key = "AKIDTRIAL", .secret_key = std::string(s3_trial::secret_key)}; }

/// The waits that are no mere turn: what a client does at once is a wait of nothing.
waits real_waits(const s3_trial& trial) {
  waits out = *trial.waited;
  std::erase(out, 0ms);
  return out;
}

/// What a storage hands out in pieces.
struct received {
  std::string bytes = {};
  auto sink() {
    return [this](std::string_view part) -> lake::result<void> {
      bytes += part;
      return {};
    };
  }
};

constexpr std::string_view twenty = "0123456789abcdefghij";

}  // namespace

// --- where a request goes, and what it carries ---------------------------------------------------------------------------

TEST_CASE("In path style a request goes to the host of the endpoint, bucket first") {
  s3_trial trial;
  trial.service.then({said_object("hello", "t1")});

  const auto body = trial.storage().get("a/b.snap");

  CHECK(*body.value() == "hello");
  const recorded_request sent = trial.service.request(0);
  CHECK(sent.method == "GET");
  CHECK(sent.url == "http://s3.example:7480/things/a/b.snap");
  CHECK_FALSE(sent.has("host"));  // HTTP sends it by itself
  CHECK(sent.body.empty());
}

TEST_CASE("In virtual-hosted style the bucket stands before the host, also in what is signed") {
  s3_trial trial;
  trial.options.endpoint = "https://s3.example";
  trial.options.path_style = false;
  trial.service.then({said_object("hello", "t1")});

  trial.storage().get("k").value();

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.url == "https://things.s3.example/k");
  CHECK(sent.header("authorization") == expected_authorization(sent, trial_credentials(), "eu-test-1", trial_begin));
}

TEST_CASE("The bucket itself is asked for by its path, or by its host") {
  s3_trial path;
  path.service.then({said(200)});
  s3_trial host;
  host.options.path_style = false;
  host.service.then({said(200)});

  path.storage().check().value();
  host.storage().check().value();

  CHECK(path.service.request(0).host() + path.service.request(0).path() == "s3.example:7480/things");
  CHECK(host.service.request(0).host() + host.service.request(0).path() == "things.s3.example:7480/");
}

TEST_CASE("A prefix stands before each key with one slash between") {
  s3_trial trial;
  trial.options.prefix = "tenants/7";
  trial.service.then({said_object("x", "t"), said(204)});
  auto storage = trial.storage();

  storage.get("a/b").value();
  storage.remove("c").value();

  CHECK(trial.service.lines() == std::vector<std::string>{"GET /things/tenants/7/a/b", "DELETE /things/tenants/7/c"});
}

TEST_CASE("The bytes of odd keys are encoded once, and signed as they are sent") {
  const std::vector<std::pair<std::string, std::string>> keys{
      {"a b", "a%20b"},
      {"a+b", "a%2Bb"},
      {"100%", "100%25"},
      {"%41", "%2541"},
      {"\xC3\xBC/\xF0\x9F\x8C\x8A", "%C3%BC/%F0%9F%8C%8A"},
      {"a~b.snap", "a~b.snap"},
      {"9bc6/(users", "9bc6/%28users"},
      {"it's!*", "it%27s%21%2A"},
      {"a?b#c&d=e;f,g:h@i$j", "a%3Fb%23c%26d%3De%3Bf%2Cg%3Ah%40i%24j"},
      {"tab\there", "tab%09here"},
  };
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said_object("x", "t"); });
  const auto storage = trial.storage();

  for (const auto& [key, encoded] : keys) {
    INFO(key);
    storage.get(key).value();
    const recorded_request sent = trial.service.last();
    CHECK(sent.url == "http://s3.example:7480/things/" + encoded);
    CHECK(sent.header("authorization") == expected_authorization(sent, trial_credentials(), "eu-test-1", trial_begin));
  }
}

TEST_CASE("A bad key is refused before anything is sent") {
  s3_trial trial;
  auto storage = trial.storage();

  for (const std::string& key : {std::string(), std::string("a//b"), std::string("../x"), std::string("/a"), std::string("a\0b", 3)}) {
    CHECK(trial.refusal(storage.get(key)).code == errc::invalid_argument);
    CHECK(trial.refusal(storage.create(key, "x")).code == errc::invalid_argument);
    CHECK(trial.refusal(storage.put(key, "x")).code == errc::invalid_argument);
    CHECK(trial.refusal(storage.remove(key)).code == errc::invalid_argument);
    CHECK(trial.refusal(storage.stat(key)).code == errc::invalid_argument);
    CHECK(trial.refusal(storage.get_range(key, 0, 1)).code == errc::invalid_argument);
    CHECK(trial.refusal(storage.swap(key, "", "x")).code == errc::invalid_argument);
    CHECK(trial.refusal(storage.presign_get(key, 60s)).code == errc::invalid_argument);
  }

  CHECK(trial.service.count() == 0);
}

// --- signatures ------------------------------------------------------------------------------------------------------------

TEST_CASE("A request is signed with date, hash of the body and all of its headers") {
  s3_trial trial;
  trial.service.then({said_stored("t1")});

  trial.storage().put("k", "hello").value();

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.header("x-amz-date") == trial_begin_signed);
  CHECK(sent.header("x-amz-content-sha256") == hash_of_hello);
  CHECK(signed_names(sent) == "host;x-amz-content-sha256;x-amz-date;x-amz-meta-lake-put");
  CHECK(sent.header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIDTRIAL/20261121/eu-test-1/s3/aws4_request, "));
  CHECK(sent.header("authorization") == expected_authorization(sent, trial_credentials(), "eu-test-1", trial_begin));
  CHECK_FALSE(sent.has("x-amz-security-token"));
}

TEST_CASE("The signature of a plain GET is the one that another implementation computes") {
  s3_trial trial;
  trial.service.then({said_object("hello", "t1")});

  trial.storage().get("a/b.snap").value();

  CHECK(trial.service.request(0).header("x-amz-content-sha256") == hash_of_nothing);
  CHECK(trial.service.request(0)
            .header("authorization")
            .ends_with("Signature=59b4d33b75cbc009ab4be2a1bd218a1877f990095b6b4d375d8b7660f6d2c5f7"));
}

TEST_CASE("Each try is signed anew, with the time it begins at") {
  s3_trial trial;
  trial.options.retry.transient_base = 10s;
  trial.service.then({aws_error(500, "InternalError"), said_object("x", "t")});

  trial.storage().get("k").value();

  REQUIRE(trial.service.count() == 2);
  const recorded_request first = trial.service.request(0);
  const recorded_request second = trial.service.request(1);
  CHECK(*trial.waited == waits{5s});
  CHECK(first.header("x-amz-date") == "20261121T234913Z");
  CHECK(second.header("x-amz-date") == "20261121T234918Z");
  CHECK(first.header("authorization") != second.header("authorization"));
  CHECK(second.header("authorization") == expected_authorization(second, trial_credentials(), "eu-test-1", trial_begin + 5s));
}

TEST_CASE("A try that begins after midnight is signed with the key of its own day") {
  s3_trial trial;
  trial.service.then({aws_error(503, "SlowDown", {{"retry-after", "50"}}), said_object("x", "t")});
  trial.clock.advance(10min);
  trial.storage().get("k").value();

  const recorded_request second = trial.service.request(1);
  CHECK(second.header("x-amz-date") == "20261122T000003Z");
  CHECK(second.header("authorization") == expected_authorization(second, trial_credentials(), "eu-test-1", trial_begin + 10min + 50s));
}

TEST_CASE("A session token is sent and signed") {
  s3_trial trial;
  trial.options.session_token = s3_trial::session_token;
  trial.service.then({said_object("x", "t")});

  trial.storage().get("k").value();

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.header("x-amz-security-token") == s3_trial::session_token);
  CHECK(signed_names(sent) == "host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
  CHECK(sent.header("authorization") == expected_authorization(sent, trial_credentials(), "eu-test-1", trial_begin));
}

TEST_CASE("A range is sent and not signed, since not all services do") {
  s3_trial trial;
  trial.service.then({said(206, {{"content-range", "bytes 2-4/20"}}, "234")});

  CHECK(trial.storage().get_range("k", 2, 3).value() == "234");

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.header("range") == "bytes=2-4");
  CHECK(signed_names(sent) == "host;x-amz-content-sha256;x-amz-date");
  CHECK(sent.header("authorization") == expected_authorization(sent, trial_credentials(), "eu-test-1", trial_begin));
}

TEST_CASE("Over https the hash of bodies can be left out") {
  s3_trial trial;
  trial.options.endpoint = "https://s3.example";
  trial.options.sign_payload = false;
  trial.service.then({said_stored("t1")});

  trial.storage().put("k", "hello").value();

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.header("x-amz-content-sha256") == "UNSIGNED-PAYLOAD");
  CHECK(sent.header("authorization") == expected_authorization(sent, trial_credentials(), "eu-test-1", trial_begin));
}

TEST_CASE("Without https the hash of bodies cannot be left out") {
  s3_trial trial;
  trial.options.sign_payload = false;

  const auto refused = trial.refusal(recorded_storage::over(trial.options, trial.service));

  CHECK(refused.code == errc::configuration);
  CHECK(has_part(refused.message, "sign_payload"));
}

// --- what is tried again, and when -------------------------------------------------------------------------------------------

TEST_CASE("What may help is tried again after a random wait below a ceiling that doubles") {
  const std::vector<http_answer> mishaps{aws_error(500, "InternalError"),
                                         rgw_error(500, "UnknownError"),
                                         r2_error(500, "InternalError"),
                                         oss_error(500, "InternalError"),
                                         said(502),
                                         said(503),
                                         said(504),
                                         aws_error(503, "ServiceUnavailable"),
                                         aws_error(400, "RequestTimeout"),
                                         said(522),
                                         said_nothing(http_failure::lost),
                                         said_nothing(http_failure::timed_out),
                                         said_nothing(http_failure::not_sent)};
  for (const http_answer& mishap : mishaps) {
    s3_trial trial;
    INFO(mishap.status << ' ' << mishap.body << ' ' << static_cast<int>(mishap.failure));
    trial.service.then({mishap, mishap, mishap, mishap, mishap, said_object("x", "t")});

    CHECK(*trial.storage().get("k").value() == "x");

    CHECK(trial.service.count() == 6);
    CHECK(*trial.waited == waits{25ms, 50ms, 100ms, 200ms, 400ms});
  }
}

TEST_CASE("A service that asks for fewer requests is given more time") {
  for (const http_answer& throttled : {aws_error(503, "SlowDown"), rgw_error(503, "SlowDown"), said(429),
                                       oss_error(503, "DownloadTrafficRateLimitExceeded"), r2_error(429, "TooManyRequests")}) {
    s3_trial trial;
    INFO(throttled.status << ' ' << throttled.body);
    trial.service.then({throttled, throttled, throttled, throttled, throttled, said_object("x", "t")});

    CHECK(*trial.storage().get("k").value() == "x");

    CHECK(*trial.waited == waits{250ms, 500ms, 1s, 2s, 4s});
  }
}

TEST_CASE("The random part of a wait is between nothing and the whole ceiling") {
  s3_trial least;
  least.options.random = lake::random_source([] { return std::uint64_t{0}; });
  least.service.then({said(500), said(500), said_object("x", "t")});
  s3_trial most;
  most.options.random = lake::random_source([] { return ~std::uint64_t{0}; });
  most.service.then({said(500), said(500), said_object("x", "t")});

  least.storage().get("k").value();
  most.storage().get("k").value();

  CHECK(*least.waited == waits{0ms, 0ms});
  CHECK(*most.waited == waits{49ms, 99ms});
}

TEST_CASE("No wait is longer than the longest, unless the service names one") {
  s3_trial trial;
  trial.options.retry.longest_wait = 1s;
  trial.service.then({aws_error(503, "SlowDown"), aws_error(503, "SlowDown"), aws_error(503, "SlowDown"),
                      aws_error(503, "SlowDown", {{"retry-after", "7"}}), said_object("x", "t")});

  trial.storage().get("k").value();

  CHECK(*trial.waited == waits{250ms, 500ms, 500ms, 7s});
}

TEST_CASE("A wait that the service names is kept: Retry-After in seconds or as a date, x-amz-retry-after in milliseconds") {
  s3_trial trial;
  trial.service.then({aws_error(503, "SlowDown", {{"retry-after", "3"}}), aws_error(500, "InternalError", {{"x-amz-retry-after", "1750"}}),
                      said(503, {{"date", "Sat, 21 Nov 2026 23:50:00 GMT"}, {"retry-after", "Sat, 21 Nov 2026 23:50:09 GMT"}}),
                      aws_error(503, "SlowDown", {{"retry-after", "0"}}), said_object("x", "t")});

  trial.storage().get("k").value();

  CHECK(*trial.waited == waits{3s, 1750ms, 9s, 2s});
}

TEST_CASE("After six attempts the last answer is the error, with the count") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return aws_error(500, "InternalError"); });

  const auto refused = trial.refusal(trial.storage().get("k"));

  CHECK(trial.service.count() == 6);
  CHECK(refused.code == errc::unavailable);
  CHECK(refused.retryable());
  CHECK(refused.operation == "storage.get");
  CHECK(refused.subject == "k");
  CHECK(has_part(refused.message, "InternalError (HTTP 500): Words for people about InternalError"));
  CHECK(has_part(refused.message, "bucket \"things\""));
  CHECK(has_part(refused.message, "request AWSREQ4442587FB7"));
  CHECK(has_part(refused.message, "6 attempts in 775 ms"));
}

TEST_CASE("Lost connections end as unavailable, those that took too long as timeout") {
  s3_trial lost;
  lost.service.always([](const recorded_request&) { return said_nothing(http_failure::lost); });
  s3_trial slow;
  slow.service.always([](const recorded_request&) { return said_nothing(http_failure::timed_out); });

  CHECK(lost.refusal(lost.storage().get("k")).code == errc::unavailable);
  CHECK(slow.refusal(slow.storage().get("k")).code == errc::timeout);
  CHECK(lost.service.count() == 6);
  CHECK(slow.service.count() == 6);
}

TEST_CASE("No try begins after the total time") {
  s3_trial trial;
  trial.options.retry.total = 1s;
  trial.service.always([](const recorded_request&) { return aws_error(503, "SlowDown"); });

  const auto refused = trial.refusal(trial.storage().get("k"));

  CHECK(*trial.waited == waits{250ms, 500ms});
  CHECK(trial.service.count() == 3);
  CHECK(has_part(refused.message, "3 attempts in 750 ms; no other begins within the time allowed"));
}

TEST_CASE("A service that asks for a longer wait than the time left is not waited for") {
  s3_trial trial;
  trial.service.then({aws_error(503, "SlowDown", {{"retry-after", "61"}})});

  const auto refused = trial.refusal(trial.storage().get("k"));

  CHECK(trial.waited->empty());
  CHECK(trial.service.count() == 1);
  CHECK(has_part(refused.message, "the service asks for a longer wait than the time left"));
}

TEST_CASE("The retry budget ends the tries, and is shared by copies and by those of another patience") {
  s3_trial trial;
  trial.options.retry.tokens = 12;
  trial.service.always([](const recorded_request&) { return said(500); });
  const auto storage = trial.storage();
  const auto copy = storage;
  const auto patient = storage.within({.deadline = 1h});

  CHECK(has_part(trial.story(storage.within({.deadline = 30ms}).get("k")), "before the caller's deadline"));  // one retry: 4 tokens
  CHECK(trial.service.count() == 2);
  CHECK(has_part(trial.story(copy.get("k")), "3 attempts in 75 ms; the retry budget of this storage is used up"));  // two
  CHECK(trial.service.count() == 5);
  CHECK(has_part(trial.story(patient.get("k")), "1 attempt in 0 ms; the retry budget of this storage is used up"));
  CHECK(trial.service.count() == 6);
}

TEST_CASE("Each success without a retry gives a token back to the retry budget") {
  s3_trial trial;
  trial.options.retry.tokens = 4;
  const auto storage = trial.storage();
  const http_answer good = said_object("x", "t");
  trial.service.then({said(500), good,              // All is spent; the success after a retry gives nothing back
                      good, good, good, said(500),  // three are not enough
                      good, said(500), good});      // the fourth is

  CHECK(storage.get("k").has_value());
  for (int i = 0; i < 3; ++i) CHECK(storage.get("k").has_value());
  CHECK(has_part(trial.story(storage.get("k")), "the retry budget of this storage is used up"));
  CHECK(storage.get("k").has_value());
  CHECK(storage.get("k").has_value());

  CHECK(trial.service.all_said());
}

TEST_CASE("What would fail again is tried once, and says no count") {
  const std::vector<std::pair<http_answer, errc>> finals{
      {aws_error(403, "AccessDenied"), errc::access_denied},
      {aws_error(403, "InvalidAccessKeyId"), errc::access_denied},
      {aws_error(403, "SignatureDoesNotMatch"), errc::access_denied},
      {aws_error(404, "NoSuchKey"), errc::not_found},
      {rgw_error(404, "NoSuchKey"), errc::not_found},
      {r2_error(404, "NoSuchKey"), errc::not_found},
      {oss_error(404, "NoSuchKey"), errc::not_found},
      {aws_error(404, "NoSuchBucket"), errc::configuration},
      {aws_error(301, "PermanentRedirect"), errc::configuration},
      {aws_error(400, "InvalidRequest"), errc::invalid_argument},
      {aws_error(400, "EntityTooLarge"), errc::limit_exceeded},
      {aws_error(501, "NotImplemented"), errc::unsupported},
      {aws_error(405, "MethodNotAllowed"), errc::unsupported},
      {said_nothing(http_failure::untrusted), errc::configuration},
      {said_nothing(http_failure::unusable), errc::configuration},
      {said_nothing(http_failure::cancelled), errc::cancelled},
  };
  for (const auto& [answer, kind] : finals) {
    INFO(answer.status << ' ' << answer.body << ' ' << static_cast<int>(answer.failure));
    s3_trial trial;
    trial.service.then({answer});

    const auto refused = trial.refusal(trial.storage().get("k"));

    CHECK(refused.code == kind);
    CHECK_FALSE(has_part(refused.to_string(), "attempt"));
    CHECK(trial.service.count() == 1);
    CHECK(trial.waited->empty());
  }
}

TEST_CASE("A success that confesses an error is tried again where that may be, and an object that looks like one is not") {
  s3_trial trial;
  const http_answer confessing = aws_error(200, "InternalError");
  trial.service.then({confessing, said(200, {}, "<DeleteResult/>"), confessing});
  auto storage = trial.storage();

  const std::vector<std::string> keys{"k"};
  CHECK(storage.remove_many(keys).has_value());
  CHECK(*trial.waited == waits{25ms});
  CHECK(*storage.get("k").value() == confessing.body);

  CHECK(trial.service.count() == 3);
}

// --- the server's time -------------------------------------------------------------------------------------------------------

TEST_CASE("A clock that is off is set by the server's Date, for this request and those that follow") {
  s3_trial trial;
  trial.service.then(
      {aws_error(403, "RequestTimeTooSkewed", {{"date", "Sun, 22 Nov 2026 01:00:00 GMT"}}), said_object("x", "t"), said_object("y", "t")});
  const auto storage = trial.storage();

  CHECK(*storage.get("k").value() == "x");
  trial.clock.advance(7s);
  CHECK(*storage.get("k").value() == "y");

  CHECK(trial.service.request(0).header("x-amz-date") == "20261121T234913Z");
  CHECK(trial.service.request(1).header("x-amz-date") == "20261122T010000Z");
  CHECK(trial.service.request(2).header("x-amz-date") == "20261122T010007Z");
  CHECK(real_waits(trial).empty());
  const recorded_request second = trial.service.request(1);
  CHECK(second.header("authorization") == expected_authorization(second, trial_credentials(), "eu-test-1", trial_begin + 1h + 10min + 47s));
}

TEST_CASE("A presigned URL is dated by the server's time too, once it is known") {
  s3_trial trial;
  trial.service.then({aws_error(403, "RequestTimeTooSkewed", {{"date", "Sun, 22 Nov 2026 01:00:00 GMT"}}), said_object("x", "t")});
  const auto storage = trial.storage();
  storage.get("k").value();

  CHECK(has_part(storage.presign_get("k", 60s).value(), "X-Amz-Date=20261122T010000Z"));
}

TEST_CASE("A clock that is behind is set back as well") {
  s3_trial trial;
  trial.service.then({rgw_error(403, "RequestTimeTooSkewed", {{"date", "Sat, 21 Nov 2026 20:00:00 GMT"}}), said_object("x", "t")});

  trial.storage().get("k").value();

  CHECK(trial.service.request(1).header("x-amz-date") == "20261121T200000Z");
}

TEST_CASE("The server's time is taken once for each request") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) {
    return aws_error(403, "RequestTimeTooSkewed", {{"date", "Sun, 22 Nov 2026 01:00:00 GMT"}});
  });

  const auto refused = trial.refusal(trial.storage().get("k"));

  CHECK(trial.service.count() == 2);
  CHECK(refused.code == errc::access_denied);
  CHECK(has_part(refused.message, "RequestTimeTooSkewed"));
  CHECK(has_part(refused.message, "the clock was set by the server's time already"));
}

TEST_CASE("A refusal of HEAD, which has no body, means the clock where the Date is far") {
  s3_trial trial;
  trial.service.then({said(403, {{"date", "Sun, 22 Nov 2026 01:00:00 GMT"}}), said(200, {{"content-length", "5"}})});

  CHECK(trial.storage().stat("k").value().bytes == 5);

  CHECK(trial.service.request(1).header("x-amz-date") == "20261122T010000Z");
}

TEST_CASE("A refusal without a body and with our own time is a refusal") {
  s3_trial trial;
  trial.service.then({said(403, {{"date", std::string(trial_begin_date)}})});

  CHECK(trial.refusal(trial.storage().stat("k")).code == errc::access_denied);

  CHECK(trial.service.count() == 1);
}

TEST_CASE("A far Date at another refusal than of HEAD does not set the clock") {
  s3_trial trial;
  trial.service.then({aws_error(403, "AccessDenied", {{"date", "Sun, 22 Nov 2026 01:00:00 GMT"}}), said_object("x", "t")});
  const auto storage = trial.storage();

  CHECK(trial.refusal(storage.get("k")).code == errc::access_denied);
  storage.get("k").value();

  CHECK(trial.service.request(1).header("x-amz-date") == "20261121T234913Z");
}

// --- credentials that change ---------------------------------------------------------------------------------------------------

TEST_CASE("Where a token has expired the provider is asked again and the request signed with what it gives") {
  for (const std::string_view code : {"ExpiredToken", "SecurityTokenExpired", "TokenRefreshRequired"}) {
    s3_trial trial;
    auto asked = std::make_shared<int>(0);
    trial.options.access_key.clear();
    trial.options.secret_key.clear();
    trial.options.provider = [asked]() -> lake::result<lake::s3_credentials> {
      const std::string number = std::to_string(++*asked);
      return lake::s3_credentials{
          .access_key = "AKID" + number, .secret_key = std::string(s3_trial::secret_key), .session_token = "token" + number};
    };
    trial.service.then({aws_error(400, std::string(code)), said_object("x", "t"), said_object("y", "t")});
    const auto storage = trial.storage();
    CHECK(*asked == 0);

    storage.get("k").value();
    storage.get("k").value();

    CHECK(*asked == 2);
    CHECK(trial.service.request(0).header("x-amz-security-token") == "token1");
    for (const std::size_t later : {std::size_t{1}, std::size_t{2}}) {
      CHECK(trial.service.request(later).header("x-amz-security-token") == "token2");
      CHECK(has_part(trial.service.request(later).header("authorization"), "Credential=AKID2/"));
    }
    CHECK(real_waits(trial).empty());
  }
}

TEST_CASE("A HEAD with a token that was refused without a word is asked again with what the provider gives") {
  s3_trial trial;
  auto asked = std::make_shared<int>(0);
  trial.options.access_key.clear();
  trial.options.secret_key.clear();
  trial.options.provider = [asked]() -> lake::result<lake::s3_credentials> {
    return lake::s3_credentials{
        .access_key = "AKID", .secret_key = std::string(s3_trial::secret_key), .session_token = "token" + std::to_string(++*asked)};
  };
  trial.service.then({said(400), said(200, {{"content-length", "5"}})});

  CHECK(trial.storage().stat("k").value().bytes == 5);

  CHECK(trial.service.lines() == std::vector<std::string>{"HEAD /things/k", "HEAD /things/k"});
  CHECK(trial.service.request(1).header("x-amz-security-token") == "token2");
}

TEST_CASE("The provider is asked again once for each request") {
  s3_trial trial;
  auto asked = std::make_shared<int>(0);
  trial.options.access_key.clear();
  trial.options.secret_key.clear();
  trial.options.provider = [asked]() -> lake::result<lake::s3_credentials> {
    ++*asked;
    return lake::s3_credentials{
        .access_key = "AKID", .secret_key = std::string(s3_trial::secret_key), .session_token = std::string(s3_trial::session_token)};
  };
  trial.service.always([](const recorded_request&) { return aws_error(400, "ExpiredToken"); });

  const auto refused = trial.refusal(trial.storage().get("k"));

  CHECK(trial.service.count() == 2);
  CHECK(*asked == 2);
  CHECK(refused.code == errc::access_denied);
  CHECK(has_part(refused.message, "the credentials were renewed already"));
}

TEST_CASE("A provider that gives nothing is the error, and nothing is sent") {
  s3_trial trial;
  trial.options.access_key.clear();
  trial.options.secret_key.clear();
  trial.options.provider = []() -> lake::result<lake::s3_credentials> {
    return lake::error{errc::unavailable, "role", {}, "the role's server is away"};
  };

  const auto refused = trial.refusal(trial.storage().get("k"));

  CHECK(refused.code == errc::unavailable);
  CHECK(refused.operation == "storage.get");
  CHECK(refused.subject == "k");
  CHECK(has_part(refused.to_string(), "the role's server is away"));
  CHECK(trial.service.count() == 0);
}

// --- the caller's patience -------------------------------------------------------------------------------------------------------

TEST_CASE("Without a bound an attempt has the timeout of the options, which may be none") {
  s3_trial none;
  none.service.then({said_object("x", "t")});
  s3_trial some;
  some.options.timeout = 700ms;
  some.service.then({said_object("x", "t")});

  none.storage().get("k").value();
  some.storage().get("k").value();

  CHECK(none.service.request(0).timeout == 0ms);
  CHECK(some.service.request(0).timeout == 700ms);
}

TEST_CASE("A caller's deadline bounds each attempt, and no try begins after it") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said(500); });

  const auto refused = trial.refusal(trial.storage().within({.deadline = 300ms}).get("k"));

  std::vector<std::chrono::milliseconds> timeouts;
  for (const recorded_request& each : trial.service.requests()) timeouts.push_back(each.timeout);
  CHECK(timeouts == waits{300ms, 275ms, 225ms, 125ms});
  CHECK(*trial.waited == waits{25ms, 50ms, 100ms});
  CHECK(refused.retryable());
  CHECK(has_part(refused.message, "4 attempts in 175 ms; no other begins before the caller's deadline"));
  CHECK(refused.code == errc::timeout);
}

TEST_CASE("The deadline and the timeout of the options: the shorter counts") {
  s3_trial trial;
  trial.options.timeout = 250ms;
  trial.service.always([](const recorded_request&) { return said(500); });

  CHECK_FALSE(trial.storage().within({.deadline = 300ms}).get("k").has_value());

  std::vector<std::chrono::milliseconds> timeouts;
  for (const recorded_request& each : trial.service.requests()) timeouts.push_back(each.timeout);
  CHECK(timeouts == waits{250ms, 250ms, 225ms, 125ms});
}

TEST_CASE("A deadline that no clock can reach is none") {
  s3_trial trial;
  trial.service.then({said_object("x", "t")});

  CHECK(**trial.storage().within({.deadline = (std::chrono::milliseconds::max)()}).get("k") == "x");
}

TEST_CASE("A deadline bounds its own handle only") {
  s3_trial trial;
  trial.service.then({said_object("x", "t"), said_object("x", "t")});
  const auto storage = trial.storage();

  storage.within({.deadline = 300ms}).get("k").value();
  storage.get("k").value();

  CHECK(trial.service.request(0).timeout == 300ms);
  CHECK(trial.service.request(1).timeout == 0ms);
}

TEST_CASE("After the deadline nothing more is sent") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said_object("x", "t"); });
  const auto bounded = trial.storage().within({.deadline = 300ms});
  trial.clock.advance(300ms);

  const auto refused = trial.refusal(bounded.get("k"));

  CHECK(refused.code == errc::timeout);
  CHECK(trial.service.count() == 0);
}

TEST_CASE("A stop token that is set while the client waits ends the request as cancelled") {
  s3_trial trial;
  std::stop_source stop;
  trial.while_waiting = [&stop] { stop.request_stop(); };
  trial.service.always([](const recorded_request&) { return said(503); });

  const auto refused = trial.refusal(trial.storage().within({.stop = stop.get_token()}).get("k"));

  CHECK(refused.code == errc::cancelled);
  CHECK(trial.service.count() == 1);
  CHECK(trial.waited->size() == 1);
}

TEST_CASE("A stop token reaches the transport") {
  s3_trial trial;
  std::stop_source stop;
  trial.service.always([&stop](const recorded_request&) {
    stop.request_stop();
    return said_object("x", "t");
  });

  CHECK(trial.refusal(trial.storage().within({.stop = stop.get_token()}).get("k")).code == errc::cancelled);

  CHECK(trial.service.count() == 1);
}

// --- secrets ---------------------------------------------------------------------------------------------------------------------

TEST_CASE("What a service repeats of a wrong signature is not told") {
  for (const bool in_message : {false, true}) {
    s3_trial trial;
    trial.options.session_token = s3_trial::session_token;
    trial.service.always([in_message](const recorded_request& request) {
      const std::string told = request.header("authorization") + ' ' + request.header("x-amz-security-token");
      return said(403, {{"x-amz-request-id", "AWSREQ1"}},
                  "<Error><Code>SignatureDoesNotMatch</Code><Message>" + (in_message ? told : "No match.") +
                      "</Message><AWSAccessKeyId>AKIDTRIAL</AWSAccessKeyId><StringToSign>" + told + "</StringToSign><SignatureProvided>" +
                      told + "</SignatureProvided><CanonicalRequest>" + told + "</CanonicalRequest><RequestId>AWSREQ1</RequestId></Error>");
    });

    const auto refused = trial.refusal(trial.storage().get("k"));

    CHECK(refused.code == errc::access_denied);
    CHECK(has_part(refused.message, "SignatureDoesNotMatch"));
    CHECK(has_part(refused.message, "AWSREQ1"));
  }
}

TEST_CASE("A storage keeps no secret in its options") {
  s3_trial trial;
  trial.options.session_token = s3_trial::session_token;

  const auto client = trial.client();

  CHECK(client.options().secret_key.empty());
  CHECK(client.options().session_token.empty());
}

// --- bodies that come in pieces ----------------------------------------------------------------------------------------------------

TEST_CASE("A body that was cut short is resumed where it broke, and each byte is given once") {
  s3_trial trial;
  trial.service.then({cut_short(200, std::string(twenty.substr(0, 9)), {{"etag", "\"t1\""}}),
                      cut_short(206, std::string(twenty.substr(9, 3)), {{"etag", "\"t1\""}, {"content-range", "bytes 9-19/20"}}), said(503),
                      said(206, {{"etag", "\"t1\""}, {"content-range", "bytes 12-19/20"}}, std::string(twenty.substr(12)))});
  received got;

  CHECK(trial.storage().get_into("k", got.sink()).has_value());

  CHECK(got.bytes == twenty);
  REQUIRE(trial.service.count() == 4);
  CHECK_FALSE(trial.service.request(0).has("range"));
  CHECK(trial.service.request(0).sink_from == 0);
  const std::vector<std::string> ranges{"", "bytes=9-", "bytes=12-", "bytes=12-"};
  for (std::size_t i = 1; i < 4; ++i) {
    const recorded_request again = trial.service.request(i);
    CHECK(again.header("range") == ranges[i]);
    CHECK(again.header("if-match") == "\"t1\"");
    CHECK("bytes=" + std::to_string(again.sink_from) + "-" == ranges[i]);
    CHECK(has_part(again.header("authorization"), signed_names(trial.service.request(0))));
    const auto after = (trial.clock.wall() - trial_begin) - (i == 3 ? 0ms : i == 2 ? 100ms : 150ms);
    CHECK(again.header("authorization") == expected_authorization(again, trial_credentials(), "eu-test-1", trial_begin + after));
  }
}

TEST_CASE("A body that broke before its first byte is asked for as a whole") {
  s3_trial trial;
  trial.service.then({cut_short(200, "", {{"etag", "\"t1\""}}), said_object(std::string(twenty), "t2")});
  received got;

  CHECK(trial.storage().get_into("k", got.sink()).has_value());

  CHECK(got.bytes == twenty);
  CHECK_FALSE(trial.service.request(1).has("range"));
  CHECK_FALSE(trial.service.request(1).has("if-match"));
}

TEST_CASE("A body that broke after its last byte is whole") {
  s3_trial trial;
  trial.service.then({cut_short(200, std::string(twenty), {{"etag", "\"t1\""}}), said(416, {{"content-range", "bytes */20"}})});
  received got;

  CHECK(trial.storage().get_into("k", got.sink()).has_value());

  CHECK(got.bytes == twenty);
}

TEST_CASE("A body of which nobody can tell whether it is still the same is not resumed") {
  for (const std::string tag : {"", "W/\"t1\""}) {
    s3_trial trial;
    trial.service.then({cut_short(200, "01234", {{"etag", tag}})});
    received got;

    CHECK(trial.refusal(trial.storage().get_into("k", got.sink())).code == errc::unavailable);
    CHECK(trial.service.count() == 1);
  }
}

TEST_CASE("The tag of a try that gave no byte does not count") {
  s3_trial trial;
  trial.service.then({cut_short(200, "", {{"etag", "\"t1\""}}), cut_short(200, std::string(twenty.substr(0, 9)), {{"etag", "\"t2\""}}),
                      said(206, {{"etag", "\"t2\""}, {"content-range", "bytes 9-19/20"}}, std::string(twenty.substr(9)))});
  received got;

  CHECK(trial.storage().get_into("k", got.sink()).has_value());

  CHECK(got.bytes == twenty);
  CHECK(trial.service.request(2).header("if-match") == "\"t2\"");
}

TEST_CASE("An object that was replaced in the midst of it is a version conflict") {
  s3_trial trial;
  trial.service.then({cut_short(200, "01234", {{"etag", "\"t1\""}}), aws_error(412, "PreconditionFailed")});
  received got;

  const auto refused = trial.refusal(trial.storage().get_into("k", got.sink()));

  CHECK(refused.code == errc::version_conflict);
  CHECK(got.bytes == "01234");
}

TEST_CASE("A service that answers a resumed request with the whole object gives no byte twice, and a part of it is no success") {
  s3_trial trial;
  trial.service.then({cut_short(200, "01234", {{"etag", "\"t1\""}})});
  trial.service.always([](const recorded_request&) { return said_object(std::string(twenty), "t1"); });
  received got;

  const auto outcome = trial.storage().get_into("k", got.sink());

  CHECK(twenty.starts_with(got.bytes));
  CHECK((!outcome.has_value() || got.bytes == twenty));
}

TEST_CASE("A sink that says stop ends the request with its own error") {
  s3_trial trial;
  trial.service.then({said_object(std::string(twenty), "t1")});

  const auto refused = trial.refusal(trial.storage().get_into("k", [](std::string_view) -> lake::result<void> {
    return lake::error{errc::limit_exceeded, "reader", {}, "enough"};
  }));

  CHECK(refused.code == errc::limit_exceeded);
  CHECK(refused.message == "enough");
  CHECK(trial.service.count() == 1);
}

TEST_CASE("The body of a refusal does not reach the sink") {
  s3_trial trial;
  trial.service.then({aws_error(500, "InternalError"), aws_error(404, "NoSuchKey")});
  received got;

  const auto refused = trial.refusal(trial.storage().get_into("k", got.sink()));

  CHECK(refused.code == errc::not_found);
  CHECK(got.bytes.empty());
}
