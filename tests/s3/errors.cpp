// What real services refuse, and what becomes of it: the right kind of error, with bucket, key, code and request, and never a secret. Who of
// many creators wins; clocks that are off; URLs that expire; a service that asks to slow down.
#include <lake/storage/s3.hpp>

#include "s3/support.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/s3_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using lake::errc;
using lake::s3_options;
using lake::s3_storage;
using lake_test::ask_plainly;
using lake_test::s3_bucket;
using lake_test::watched_s3;
using lake_test::watched_transport;
using namespace std::chrono_literals;

namespace {

/// The longest run of hex digits: a secret of our servers has 40, a signature 64.
std::size_t longest_hex(std::string_view text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) longest = (std::max)(longest, run = std::isxdigit(static_cast<unsigned char>(c)) != 0 ? run + 1 : 0);
  return longest;
}

/// The whole story of a refusal, which is of this kind and tells nothing that is secret.
template <class T>
std::string story(const lake::result<T>& refused, errc wanted) {
  REQUIRE_FALSE(refused);
  std::string text = refused.error().to_string();
  INFO(text);
  CHECK(lake::to_string(refused.error().code) == lake::to_string(wanted));
  CHECK(longest_hex(text) < 33);  // An MD5 may be told.
  for (const std::string_view secret : {"://", "AWS4-HMAC-SHA256", "X-Amz-", "Credential=", "uthorization:"}) {
    CHECK(text.find(secret) == std::string::npos);
  }
  return text;
}

/// Names all of these.
bool tells(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    INFO(text << "\nlacks: " << part);
    CHECK(text.find(part) != std::string::npos);
  }
  return true;
}

/// A secret that is wrong in one digit.
std::string spoilt(std::string secret) {
  secret.back() = secret.back() == '0' ? '1' : '0';
  return secret;
}

/// A clock that is off by so much.
lake::clock_source clock_off_by(std::chrono::minutes by) {
  return lake::clock_source([by] { return std::chrono::system_clock::now() + by; });
}

/// A storage whose requests are counted.
struct watched {
  explicit watched(const s3_options& options)
      : transport(watched_transport::open(options)), storage(watched_s3::over(options, transport).value()) {}
  watched_transport transport;
  watched_s3 storage;
};

/// Runs the rest of a test on each of the servers.
template <class Tried>
void on_both_servers(const Tried& tried) {
  SECTION("Ceph") {
    LAKE_SKIP_WITHOUT_RGW();
    tried(lake_test::shared_rgw());
  }
  SECTION("Swift") {
    LAKE_SKIP_WITHOUT_SWIFT();
    tried(lake_test::shared_swift());
  }
}

}  // namespace

TEST_CASE("of six creators of an object that begin together one wins, in each of 40 rounds", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::size_t rounds = 40, creators = 6;
  const s3_bucket bucket(lake_test::shared_rgw());
  const s3_storage storage = s3_storage::open(bucket.options()).value();
  std::array<std::array<errc, creators>, rounds> refused{};
  std::array<std::array<bool, creators>, rounds> won{};
  std::barrier together(creators);

  lake_test::run_threads(creators, [&](std::size_t creator) {
    s3_storage own = storage;
    for (std::size_t round = 0; round < rounds; ++round) {
      together.arrive_and_wait();
      const auto made = own.create("race/" + std::to_string(round), "of creator " + std::to_string(creator));
      won[round][creator] = made.has_value();
      refused[round][creator] = made ? errc::already_exists : made.error().code;
    }
  });

  for (std::size_t round = 0; round < rounds; ++round) {
    INFO("round " << round);
    REQUIRE(std::count(won[round].begin(), won[round].end(), true) == 1);
    const auto winner = std::find(won[round].begin(), won[round].end(), true) - won[round].begin();
    CHECK(**storage.get("race/" + std::to_string(round)) == "of creator " + std::to_string(winner));
    CHECK(std::count(refused[round].begin(), refused[round].end(), errc::already_exists) == creators);
  }
}

TEST_CASE("Ceph refuses a wrong secret and an unknown user, once", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  s3_options options = bucket.options();
  std::string code = "SignatureDoesNotMatch";
  SECTION("a wrong secret") { options.secret_key = spoilt(options.secret_key); }
  SECTION("an unknown access key") {
    options.access_key = "NOBODY";
    code = "InvalidAccessKeyId";
  }
  watched mine(options);

  const std::string get = story(mine.storage.get("some/key"), errc::access_denied);
  const std::string create = story(mine.storage.create("some/key", "bytes"), errc::access_denied);
  const std::string list = story(mine.storage.list("", [](const lake::object_info&) { return true; }), errc::access_denied);
  const std::string removal = story(mine.storage.remove_many(std::vector<std::string>{"some/key"}), errc::access_denied);

  CHECK(mine.transport.requests() == 4);
  tells(get, {"storage.get \"some/key\"", code, "HTTP 403", "bucket \"" + bucket.name() + "\"", "request tx"});
  tells(create, {"storage.create \"some/key\"", code, "request tx"});
  tells(list, {"storage.list \"" + bucket.name() + "\"", code, "request tx"});
  tells(removal, {"storage.remove_many", code, "request tx"});
  // An answer to HEAD has no body, so no code.
  tells(story(mine.storage.check(), errc::access_denied), {"storage.check", "HTTP 403", bucket.name(), "request tx"});
  CHECK(get.find(options.secret_key) == std::string::npos);
}

TEST_CASE("Swift refuses a wrong secret and an unknown user, once", "[s3]") {
  LAKE_SKIP_WITHOUT_SWIFT();
  const s3_bucket bucket(lake_test::shared_swift());
  s3_options options = bucket.options();
  SECTION("a wrong secret") { options.secret_key = spoilt(options.secret_key); }
  SECTION("an unknown access key") { options.access_key = "test:nobody"; }
  watched mine(options);

  const std::string get = story(mine.storage.get("some/key"), errc::access_denied);
  const std::string put = story(mine.storage.put("some/key", "bytes"), errc::access_denied);

  CHECK(mine.transport.requests() == 2);
  tells(get, {"storage.get \"some/key\"", "SignatureDoesNotMatch", "HTTP 403", bucket.name(), "request tx"});
  tells(put, {"storage.put \"some/key\"", "SignatureDoesNotMatch"});
}

TEST_CASE("Swift refuses another region than its own and names it", "[s3]") {
  LAKE_SKIP_WITHOUT_SWIFT();
  const s3_bucket bucket(lake_test::shared_swift());
  s3_options options = bucket.options();
  options.region = "eu-central-1";
  watched mine(options);

  const std::string text = story(mine.storage.get("some/key"), errc::configuration);

  CHECK(mine.transport.requests() == 1);
  tells(text, {"AuthorizationHeaderMalformed", "HTTP 400", "bucket \"" + bucket.name() + "\" is in region us-east-1", "request tx"});
}

TEST_CASE("Swift refuses a header of Amazon's that was added after the signing", "[s3]") {
  LAKE_SKIP_WITHOUT_SWIFT();
  const s3_bucket bucket(lake_test::shared_swift());
  watched mine(bucket.options());
  REQUIRE(mine.storage.put("some/key", "bytes"));

  mine.transport.add_header({"x-amz-meta-added", "later"});

  tells(story(mine.storage.get("some/key"), errc::access_denied), {"AccessDenied", "HTTP 403", bucket.name()});
}

TEST_CASE("a clock that is half an hour off is set by the server's time, once", "[s3]") {
  const auto tried = [](const lake_test::s3_service& server, std::chrono::minutes off) {
    const s3_bucket bucket(server);
    s3_options options = bucket.options();
    options.clock = clock_off_by(off);
    watched mine(options);

    REQUIRE(mine.storage.put("some/key", "bytes"));
    CHECK(mine.transport.requests() == 2);  // The first was refused.
    CHECK(**mine.storage.get("some/key") == "bytes");
    CHECK(mine.transport.requests() == 3);

    watched looks(options);
    CHECK(looks.storage.check());  // HEAD: the refusal has no body.
    CHECK(looks.transport.requests() == 2);
    CHECK(ask_plainly("GET", looks.storage.presign_get("some/key", 60s).value()).body == "bytes");
  };
  for (const std::chrono::minutes off : {30min, -30min}) {
    INFO("off by " << off.count() << " minutes");
    SECTION("Ceph " + std::to_string(off.count())) {
      LAKE_SKIP_WITHOUT_RGW();
      tried(lake_test::shared_rgw(), off);
    }
    SECTION("Swift " + std::to_string(off.count())) {
      LAKE_SKIP_WITHOUT_SWIFT();
      tried(lake_test::shared_swift(), off);
    }
  }
}

TEST_CASE("a clock that is off cannot be set where answers have no date", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  s3_options options = bucket.options();
  options.clock = clock_off_by(30min);
  watched mine(options);
  mine.transport.drop_from_answers("date");

  const std::string text = story(mine.storage.put("some/key", "bytes"), errc::access_denied);

  tells(text, {"RequestTimeTooSkewed", "HTTP 403", bucket.name(), "request tx"});
  CHECK(mine.transport.requests() == 1);
}

TEST_CASE("a URL that was signed reads and writes one object, whatever its key", "[s3]") {
  const auto tried = [](const lake_test::s3_service& server) {
    const s3_bucket bucket(server);
    s3_storage storage = s3_storage::open(bucket.options()).value();
    for (const std::string key : {"plain", "9bc6/(users/delta/1700000000_1_1.json", "a~b c+d%2Fe&f=g?h#i.snap", "\xc3\xa4/\xf0\x9f\x90\xac",
                                  "'!*$,;:@"}) {
      INFO(key);
      const std::string put = storage.presign_put(key, 60s).value();
      const std::string get = storage.presign_get(key, 60s).value();

      CHECK(ask_plainly("PUT", put, "bytes of " + key).status == 200);

      CHECK(ask_plainly("GET", get).body == "bytes of " + key);
      CHECK(**storage.get(key) == "bytes of " + key);
      CHECK(ask_plainly("GET", put).status == 403);
      CHECK(ask_plainly("PUT", get, "other bytes").status == 403);
      CHECK(ask_plainly("GET", get + "0").status == 403);
    }
    const std::string unsigned_url = storage.presign_get("plain", 60s).value();
    CHECK(ask_plainly("GET", unsigned_url.substr(0, unsigned_url.find('?'))).status >= 400);
  };
  on_both_servers(tried);
}

TEST_CASE("a URL that was signed for one content type takes no other", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  const s3_storage storage = s3_storage::open(bucket.options()).value();

  const std::string url = storage.presign_put("picture", 60s, "image/png").value();

  CHECK(ask_plainly("PUT", url, "bytes", "text/html").status == 403);
  CHECK(ask_plainly("PUT", url, "bytes", "image/png").status == 200);
  CHECK(**storage.get("picture") == "bytes");
}

TEST_CASE("a URL that has expired is refused", "[s3]") {
  const auto tried = [](const lake_test::s3_service& server) {
    const s3_bucket bucket(server);
    s3_options options = bucket.options();
    s3_storage storage = s3_storage::open(options).value();
    REQUIRE(storage.put("key", "bytes"));
    options.clock = clock_off_by(-10min);  // Within what services allow: it is the expiry that is refused.
    const s3_storage late = s3_storage::open(options).value();

    const auto expired = ask_plainly("GET", late.presign_get("key", 9min).value());
    const auto still_good = ask_plainly("GET", late.presign_get("key", 1h).value());

    INFO(expired.body);
    CHECK(expired.status == 403);
    CHECK(expired.body.find("<Code>AccessDenied</Code>") != std::string::npos);
    CHECK(still_good.body == "bytes");
  };
  on_both_servers(tried);
}

TEST_CASE("a bucket that is not there is a wrong set-up, an object that is not there is not found", "[s3]") {
  const auto tried = [](const lake_test::s3_service& server) {
    const s3_bucket bucket(server);
    s3_options options = bucket.options();
    watched here(options);
    options.bucket = "lake-nowhere";
    watched nowhere(options);

    tells(story(here.storage.get("no/key"), errc::not_found), {"storage.get \"no/key\"", "NoSuchKey", "HTTP 404", bucket.name(), "request tx"});
    tells(story(here.storage.stat("no/key"), errc::not_found), {"storage.stat \"no/key\"", "HTTP 404", bucket.name()});
    tells(story(here.storage.get_range("no/key", 0, 1), errc::not_found), {"NoSuchKey"});
    CHECK(here.transport.requests() == 3);

    const std::vector<std::string> told = {"NoSuchBucket", "HTTP 404", "lake-nowhere", "request tx"};
    tells(story(nowhere.storage.get("no/key"), errc::configuration), told);
    tells(story(nowhere.storage.put("no/key", "bytes"), errc::configuration), told);
    tells(story(nowhere.storage.remove("no/key"), errc::configuration), told);
    tells(story(nowhere.storage.list("", [](const lake::object_info&) { return true; }), errc::configuration), told);
    CHECK(nowhere.transport.requests() == 4);
    tells(story(nowhere.storage.check(), errc::configuration), {"HTTP 404", "lake-nowhere"});
  };
  on_both_servers(tried);
}

TEST_CASE("a creation in a bucket that is not there is a wrong set-up", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  s3_options options = lake_test::shared_rgw().options("lake-nowhere");
  options.create = GENERATE(lake::s3_create::atomic, lake::s3_create::checked);
  s3_storage storage = s3_storage::open(options).value();

  tells(story(storage.create("no/key", "bytes"), errc::configuration), {"NoSuchBucket", "lake-nowhere", "request tx"});
}

TEST_CASE("a service of TLS is talked to if its certificate is vouched for", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const lake_test::rgw_server server({.lines = {}, .tls = true});
  s3_options options = server.options(server.fresh_bucket());
  watched trusted(options);
  options.sign_payload = false;
  watched unsigned_bodies(options);
  options.ca_file.clear();
  watched stranger(options);

  CHECK(trusted.storage.check());
  CHECK(trusted.storage.create("key", "bytes"));
  CHECK(**unsigned_bodies.storage.get("key") == "bytes");
  CHECK(unsigned_bodies.storage.put("other", "more bytes"));
  CHECK(**trusted.storage.get("other") == "more bytes");

  tells(story(stranger.storage.get("key"), errc::configuration), {"certificate is not trusted", options.bucket});
  CHECK(stranger.transport.requests() == 1);
}

TEST_CASE("a port that nobody listens on is tried as often as the options say", "[s3]") {
  s3_options options{.endpoint = "http://127.0.0.1:" + std::to_string(lake_test::free_port()),
                     .bucket = "bucket", .access_key = "key", .secret_key = "0123456789abcdef0123456789abcdef01234567"};
  options.retry.attempts = 4;
  options.retry.transient_base = 1ms;
  watched mine(options);

  const std::string text = story(mine.storage.create("some/key", "bytes"), errc::unavailable);

  tells(text, {"storage.create \"some/key\"", "the service was not reached", "bucket \"bucket\"", "4 attempts"});
  CHECK(mine.transport.requests() == 4);
}

TEST_CASE("without credentials nothing is sent", "[s3]") {
  s3_options options{.endpoint = "http://127.0.0.1:" + std::to_string(lake_test::free_port()), .bucket = "bucket"};
  SECTION("a provider that gives empty ones") {
    options.provider = [] { return lake::result<lake::s3_credentials>(lake::s3_credentials{}); };
    watched mine(options);
    tells(story(mine.storage.get("key"), errc::configuration), {"storage.get", "provider", "missing"});
    tells(story(mine.storage.presign_get("key", 60s), errc::configuration), {"provider"});
    CHECK(mine.transport.requests() == 0);
  }
  SECTION("an access key alone") {
    options.access_key = "somebody";
    tells(story(s3_storage::open(options), errc::configuration), {"secret key missing"});
  }
}

TEST_CASE("every request of many threads comes through a service that asks to slow down", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::size_t threads = 16, puts = 20;
  const lake_test::rgw_server server({.lines = {"rgw_max_concurrent_requests = 2"}});
  s3_options options = server.options(server.fresh_bucket());
  options.retry = {.attempts = 100, .transient_base = 1ms, .throttle_base = 5ms, .longest_wait = 100ms, .tokens = 1'000'000};
  watched mine(options);
  lake_test::complaints wrong;

  lake_test::run_threads(threads, [&](std::size_t thread) {
    watched_s3 own = mine.storage;
    for (std::size_t i = 0; i < puts; ++i) {
      const std::string key = std::to_string(thread) + '/' + std::to_string(i);
      wrong.expect(own.create(key, std::string(20'000, 'x') + key), "create");
    }
  });

  wrong.check_none();
  CHECK(mine.transport.answers(503) > 0);
  CHECK(mine.transport.answers(200) == threads * puts);
  for (std::size_t thread = 0; thread < threads; ++thread) {
    const std::string key = std::to_string(thread) + "/0";
    CHECK(**mine.storage.get(key) == std::string(20'000, 'x') + key);
  }
}
