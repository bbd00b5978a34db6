// redis_cache on a real server: the law of caches, values that cannot be trusted, servers that fail.
#include <lake/cache/redis.hpp>

#include <lake/lake.hpp>

#include <lake/index/memory.hpp>
#include <lake/storage/memory.hpp>
#include <lake/testing/cache_contract.hpp>
#include <lake/testing/manual_clock.hpp>

#include "support/catch.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake_test::redis_server;

constexpr lake::object_kind delta = lake::object_kind::delta;
constexpr lake::object_kind snapshot = lake::object_kind::snapshot;

lake::redis_cache connect(lake::redis_cache_options options) {
  auto cache = lake::redis_cache::connect(std::move(options));
  INFO((cache ? std::string() : cache.error().to_string()));
  REQUIRE(cache.has_value());
  return *std::move(cache);
}

lake::redis_cache connect(const redis_server& server) { return connect(lake::redis_cache_options{.url = server.url()}); }

lake::body_ptr bytes(std::string of) { return std::make_shared<const std::string>(std::move(of)); }

/// What is found, or "none".
std::string found(lake::redis_cache& cache, lake::object_kind kind, std::string_view key) {
  const lake::body_ptr got = cache.find(kind, key);
  return got == nullptr ? "none" : *got;
}

long long milliseconds_left(const redis_server& server, const std::string& key) { return std::stoll(server.command({"PTTL", key})); }

/// A server's cache with patience for nothing, and a clock for its pauses that the test moves.
struct failing {
  lake::testing::manual_clock clock;
  redis_server server = redis_server();
  lake::redis_cache cache = connect(
      {.url = server.url(), .timeout = 500ms, .clock = clock.source(), .random = lake::random_source([] { return std::uint64_t{0}; })});
};

}  // namespace

TEST_CASE("redis_cache holds the law of caches, by TCP and by a unix socket, with a password and in a database of its own") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.password = "open sesame"});
  const std::string way = GENERATE("tcp", "unix");
  CAPTURE(way);
  lake::redis_options connection;
  connection.password = "open sesame";
  const std::string url =
      way == "tcp" ? "redis://" + server.address() + "/3" : "unix://" + (server.folder() / "redis.sock").string() + "?db=3";

  const auto make = [&](const lake::testing::cache_setup& setup) {
    server.command({"FLUSHALL"});
    return connect(
        {.url = url, .snapshot_ttl = setup.snapshot_ttl, .delta_ttl = setup.delta_ttl, .timeout = 10s, .connection = connection});
  };
  for (const lake::testing::contract_case& law :
       lake::testing::cache_contract(make, {.shares_bodies = false, .bounded = false, .kinds_apart = false, .expires = false})) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }

  CHECK(server.info("keyspace", "db0").empty());
  CHECK_FALSE(server.info("keyspace", "db3").empty());
}

TEST_CASE("redis_cache spreads its entries over a cluster") {
  LAKE_SKIP_WITHOUT_REDIS();
  const lake_test::redis_cluster cluster;
  lake::redis_cache cache = connect(lake::redis_cache_options{.url = cluster.url(), .timeout = 10s});

  for (int i = 0; i < 60; ++i) cache.store(delta, "key " + std::to_string(i), bytes("body " + std::to_string(i)));
  for (int i = 0; i < 60; i += 2) cache.forget(delta, "key " + std::to_string(i));

  for (int i = 0; i < 60; ++i) CHECK(found(cache, delta, "key " + std::to_string(i)) == (i % 2 == 0 ? "none" : "body " + std::to_string(i)));
  for (std::size_t node = 0; node < lake_test::redis_cluster::size; ++node) CHECK(cluster.node(node).command({"DBSIZE"}) != "0");
  CHECK(cache.stats().errors == 0);
}

TEST_CASE("redis_cache stores the bytes as they are, under the key as it is, behind a header that is pinned here") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  lake::redis_cache cache = connect(server);

  cache.store(delta, "oss:lake:cache:key", bytes("abc"));

  CHECK(server.command({"KEYS", "*"}) == "oss:lake:cache:key");
  const std::string header("lakC\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x80\x65\x41\xf9\x92\x3e\xed\x99", 24);
  CHECK(server.command({"GET", "oss:lake:cache:key"}) == header + "abc");
}

TEST_CASE("A redis_cache needs a URL that can be used, and says what is wrong with it without the password") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.password = "right"});

  const auto none = lake::redis_cache::connect({});
  const auto odd = lake::redis_cache::connect({.url = "http://user:hidden@somewhere"});
  const auto refused = lake::redis_cache::connect({.url = "redis://:hidden@" + server.address()});
  const auto hasty = lake::redis_cache::connect({.url = server.url(), .timeout = 0ms});

  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == lake::errc::configuration);
  REQUIRE_FALSE(odd.has_value());
  CHECK(odd.error().code == lake::errc::configuration);
  CHECK(odd.error().to_string().find("hidden") == std::string::npos);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::access_denied);
  CHECK(refused.error().to_string().find("hidden") == std::string::npos);
  REQUIRE_FALSE(hasty.has_value());
  CHECK(hasty.error().code == lake::errc::configuration);
}

TEST_CASE("H33: a value that is damaged, cut, extended, foreign or stored under another key is a miss, and is gone afterwards") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  lake::redis_cache cache = connect(server);
  cache.store(delta, "key", bytes("the body"));
  const std::string good = server.command({"GET", "key"});
  std::vector<std::string> bad = {"",        "x", "{\"a\":1}", good.substr(0, 23), good.substr(0, 24), good.substr(0, good.size() - 1),
                                  good + "x"};
  for (std::size_t at = 0; at < good.size(); ++at) {
    bad.push_back(good);
    bad.back()[at] = static_cast<char>(bad.back()[at] ^ 0x10);
  }
  std::uint64_t met = 0;

  for (const std::string& value : bad) {
    CAPTURE(value);
    server.command({"SET", "key", value});
    CHECK(found(cache, delta, "key") == "none");
    CHECK(server.command({"EXISTS", "key"}) == "0");
    CHECK(cache.stats().damaged == ++met);
  }
  server.command({"SET", "another key", good});
  CHECK(found(cache, delta, "another key") == "none");
  server.command({"RPUSH", "list", good});
  CHECK(found(cache, delta, "list") == "none");
  CHECK(server.command({"DBSIZE"}) == "0");
  CHECK(cache.stats().damaged == met + 2);
  CHECK(cache.stats().errors == 0);

  server.command({"SET", "key", good});
  CHECK(found(cache, delta, "key") == "the body");
}

TEST_CASE("H33: a damaged value that cannot be removed does not live on by being asked for") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.lines = {"user reader on >word ~* +@all -del"}});
  lake::testing::manual_clock clock;
  lake::redis_cache cache = connect({.url = "redis://reader:word@" + server.address(), .clock = clock.source()});
  server.command({"SET", "key", "damaged", "PX", "5000"});

  for (int i = 0; i < 3; ++i) {
    CHECK(found(cache, delta, "key") == "none");
    clock.advance(1h);
  }

  CHECK(milliseconds_left(server, "key") <= 5'000);
  CHECK(cache.stats().damaged == 3);
}

TEST_CASE("A hit gives an entry its whole time to live again, unless an eighth of it has not passed yet") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  lake::redis_cache cache = connect({.url = server.url(), .snapshot_ttl = 2h, .delta_ttl = 10min});
  cache.store(snapshot, "snapshot", bytes("s"));
  cache.store(delta, "delta", bytes("d"));
  CHECK(milliseconds_left(server, "snapshot") > 7'100'000);
  CHECK(milliseconds_left(server, "snapshot") <= 7'200'000);
  CHECK(milliseconds_left(server, "delta") > 540'000);
  CHECK(milliseconds_left(server, "delta") <= 600'000);

  server.command({"PEXPIRE", "snapshot", "60000"});
  server.command({"PEXPIRE", "delta", "580000"});
  CHECK(found(cache, snapshot, "snapshot") == "s");
  CHECK(found(cache, delta, "delta") == "d");
  CHECK(milliseconds_left(server, "snapshot") > 7'100'000);
  CHECK(milliseconds_left(server, "delta") <= 580'000);

  server.command({"PERSIST", "delta"});
  CHECK(found(cache, delta, "delta") == "d");
  CHECK(milliseconds_left(server, "delta") > 540'000);
}

TEST_CASE("One time to live may stand for both, be endless, or be none at all") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  lake::redis_cache both = connect({.url = server.url(), .ttl = 50s});
  lake::redis_cache endless = connect({.url = server.url(), .ttl = std::chrono::milliseconds::max()});
  lake::redis_cache none = connect({.url = server.url(), .ttl = 0ms});

  both.store(snapshot, "both", bytes("b"));
  endless.store(delta, "endless", bytes("e"));
  none.store(delta, "both", bytes("n"));
  none.store(delta, "none", bytes("n"));

  CHECK(server.command({"EXISTS", "both", "none"}) == "0");  // what is not kept does not leave something older either
  both.store(snapshot, "both", bytes("b"));
  CHECK(milliseconds_left(server, "both") <= 50'000);
  CHECK(found(endless, delta, "endless") == "e");
  CHECK(milliseconds_left(server, "endless") == -1);
}

TEST_CASE("A circuit breaker pauses for 100 ms, doubling to 2 s, lets one caller try after each pause, and closes at the first success") {
  lake::detail::circuit_breaker breaker;
  const lake::random_source none([] { return std::uint64_t{0}; });
  auto now = std::chrono::steady_clock::time_point(1h);
  const auto fail = [&] { breaker.failed(now, now, 100ms, 2'000ms, none); };
  CHECK(breaker.permits(now, 500ms));
  CHECK(breaker.permits(now, 500ms));
  const auto together = now - 1ms;

  fail();
  for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1'600ms, 2'000ms, 2'000ms}) {
    now += pause - 1ms;
    CHECK_FALSE(breaker.permits(now, 500ms));
    now += 1ms;
    CHECK(breaker.permits(now, 500ms));
    CHECK_FALSE(breaker.permits(now, 500ms));
    breaker.failed(together, now, 100ms, 2'000ms, none);  // one that began before the first failure tells nothing new
    CHECK_FALSE(breaker.permits(now + 499ms, 500ms));
    fail();
  }
  now += 2'000ms;
  REQUIRE(breaker.permits(now, 500ms));
  CHECK(breaker.permits(now + 500ms, 500ms));  // the one that tried never came back
  breaker.succeeded();
  CHECK(breaker.permits(now, 500ms));
  fail();
  CHECK_FALSE(breaker.permits(now + 99ms, 500ms));
  CHECK(breaker.permits(now + 100ms, 500ms));
}

TEST_CASE("The pauses of a circuit breaker are shortened by chance, to a half at most") {
  lake::detail::circuit_breaker breaker;
  const lake::random_source most([] { return ~std::uint64_t{0}; });
  const auto now = std::chrono::steady_clock::time_point(1h);

  breaker.failed(now, now, 100ms, 2'000ms, most);

  CHECK_FALSE(breaker.permits(now + 49ms, 500ms));
  CHECK(breaker.permits(now + 50ms, 500ms));
}

TEST_CASE("A server that stands still costs one operation per pause: the others miss at once") {
  LAKE_SKIP_WITHOUT_REDIS();
  failing at;
  at.cache.store(delta, "key", bytes("body"));
  REQUIRE(found(at.cache, delta, "key") == "body");

  at.server.suspend();
  CHECK(found(at.cache, delta, "key") == "none");
  CHECK(at.cache.stats().errors == 1);
  for (int i = 0; i < 100; ++i) {
    CHECK(found(at.cache, delta, "key") == "none");
    at.cache.store(delta, "key", bytes("other"));
    at.cache.forget(delta, "key");
  }
  CHECK(at.cache.stats().errors == 1);
  CHECK(at.cache.stats().skipped == 300);

  at.clock.advance(99ms);
  CHECK(found(at.cache, delta, "key") == "none");
  CHECK(at.cache.stats().errors == 1);
  at.clock.advance(1ms);
  CHECK(found(at.cache, delta, "key") == "none");
  CHECK(at.cache.stats().errors == 2);
  at.clock.advance(199ms);
  CHECK(found(at.cache, delta, "key") == "none");
  CHECK(at.cache.stats().errors == 2);

  at.server.resume();
  at.clock.advance(2s);
  CHECK(found(at.cache, delta, "key") == "body");
  CHECK(found(at.cache, delta, "key") == "body");
  CHECK(at.cache.stats().errors == 2);
}

TEST_CASE("A server that is killed and comes back is used again, and has forgotten everything") {
  LAKE_SKIP_WITHOUT_REDIS();
  failing at;
  at.cache.store(delta, "key", bytes("body"));

  at.server.kill();
  CHECK(found(at.cache, delta, "key") == "none");
  CHECK(found(at.cache, delta, "key") == "none");
  CHECK(at.cache.stats().errors == 1);
  CHECK(at.cache.stats().skipped == 1);

  at.server.start_again();
  at.clock.advance(1h);
  CHECK(found(at.cache, delta, "key") == "none");
  at.cache.store(delta, "key", bytes("anew"));
  CHECK(found(at.cache, delta, "key") == "anew");
  CHECK(at.cache.stats().errors == 1);
}

TEST_CASE("A cache whose server is down from the start is a cache: it misses, and serves once the server is there") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  server.stop();
  lake::testing::manual_clock clock;
  lake::redis_cache cache = connect({.url = server.url(), .timeout = 500ms, .clock = clock.source()});

  cache.store(delta, "key", bytes("body"));
  CHECK(found(cache, delta, "key") == "none");
  CHECK(cache.stats().errors == 1);
  CHECK(cache.stats().skipped == 2);

  server.start_again();
  clock.advance(1h);
  cache.store(delta, "key", bytes("body"));
  CHECK(found(cache, delta, "key") == "body");
  CHECK(cache.stats().errors == 1);
}

TEST_CASE("A body larger than allowed is not kept, and neither is what it was to replace") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  lake::redis_cache cache = connect({.url = server.url(), .max_value_bytes = 1'000});
  cache.store(delta, "key", bytes(std::string(1'000, 'x')));
  CHECK(found(cache, delta, "key") == std::string(1'000, 'x'));

  cache.store(delta, "key", bytes(std::string(1'001, 'y')));

  CHECK(found(cache, delta, "key") == "none");
  CHECK(cache.stats().bytes_stored == 1'000);
  CHECK(cache.stats().bytes_found == 1'000);
}

TEST_CASE("A server that is full and may not evict refuses stores and still answers finds") {
  LAKE_SKIP_WITHOUT_REDIS();
  failing at;
  at.cache.store(delta, "key", bytes("body"));
  at.server.command({"CONFIG", "SET", "maxmemory", "1"});

  for (int i = 0; i < 10; ++i) {
    at.cache.store(delta, "other", bytes("body"));
    CHECK(found(at.cache, delta, "key") == "body");
  }
  CHECK(at.cache.stats().errors == 1);
  CHECK(at.cache.stats().skipped == 9);

  at.server.command({"CONFIG", "SET", "maxmemory", "0"});
  at.clock.advance(1h);
  at.cache.store(delta, "other", bytes("body"));
  CHECK(found(at.cache, delta, "other") == "body");
}

TEST_CASE("Two lakes with one redis_cache: the second reads what the first loaded, and neither believes a damaged value") {
  LAKE_SKIP_WITHOUT_REDIS();
  using cached_lake = lake::basic_lake<lake::memory_index, lake::memory_storage, lake::redis_cache>;
  const redis_server server;
  const lake::memory_index index;
  const lake::memory_storage storage;
  cached_lake first(lake::lake_options{.document_cache_bytes = 0}, index, storage, connect(server));
  cached_lake second(lake::lake_options{.document_cache_bytes = 0}, index, storage, connect(server));
  REQUIRE(first.write({.catalog = "users", .path = "/a", .body = "1"}).has_value());
  REQUIRE(first.write({.catalog = "users", .path = "/b", .body = "2"}).has_value());

  CHECK(first.read_string("users").value() == "{\"a\":1,\"b\":2}");
  CHECK(second.read_string("users").value() == "{\"a\":1,\"b\":2}");
  CHECK(second.stats().cache_hits > 0);

  for (const lake_test::redis_said& key : server.ask({"KEYS", "*"}).parts) server.command({"SETRANGE", key.words, "30", "!!"});
  CHECK(second.read_string("users").value() == "{\"a\":1,\"b\":2}");
}
