// The transport under sentinels: the primary is found, verified, and found again after a failover.
#include "redis/transport_fake.hpp"
#include "support/catch.hpp"
#include "support/redis_sentinel.hpp"
#include "support/redis_server.hpp"

#include <lake/detail/redis_client.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake::errc;
using lake::detail::redis_client;
using lake::detail::redis_script;
using lake_test::calls_of;
using lake_test::connected;
using lake_test::eventually;
using lake_test::fake_answer;
using lake_test::fake_redis;
using lake_test::fake_request;
using lake_test::hasty;
using lake_test::owned_call;
using lake_test::redis_replica_pair;
using lake_test::redis_sentinel;
using lake_test::shown;

/// What a sentinel says of the port.
std::string address_reply(int port) {
  const std::string digits = std::to_string(port);
  return "*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(digits.size()) + "\r\n" + digits + "\r\n";
}

}  // namespace

TEST_CASE("The primary that the sentinels name is served, and its successor after it died") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_replica_pair pair;
  redis_sentinel sentinels(pair, 3);
  const redis_client client = connected(sentinels.url(), hasty(30s));
  const redis_script add("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  REQUIRE(shown(client.run(owned_call(add, {"n"}, {"5"}))) == "5");
  CHECK(pair.primary().command({"GET", "n"}) == "5");
  pair.catch_up();

  pair.primary().kill();
  CHECK(shown(client.run(owned_call(add, {"n"}, {"2"}))) == "7");
  CHECK(pair.replica().command({"GET", "n"}) == "7");
  const auto answers = client.run_many(calls_of({owned_call(add, {"n"}, {"1"}), owned_call(add, {"n"}, {"1"}).once()}));
  CHECK(shown(answers[0]) == "8");
  CHECK(shown(answers[1]) == "9");
  int visits = 0;
  CHECK(client
            .for_each_primary([&](const redis_client& one) -> lake::result<void> {
              ++visits;
              CHECK(shown(one.run(owned_call({"GET", "n"}))) == "9");
              return {};
            })
            .has_value());
  CHECK(visits == 1);
}

TEST_CASE("A primary that was made a replica is left for its successor") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_replica_pair pair;
  redis_sentinel sentinels(pair);
  const redis_client client = connected(sentinels.url(), hasty(30s));
  REQUIRE(shown(client.run(owned_call({"SET", "k", "a"}))) == "OK");
  pair.catch_up();

  REQUIRE(eventually([&] { return sentinels.sentinel(0).command({"SENTINEL", "FAILOVER", "mine"}) == "OK"; }));
  REQUIRE(sentinels.promoted(pair.replica()));
  pair.primary().command({"REPLICAOF", "127.0.0.1", std::to_string(pair.replica().port())});  // as the sentinel would within seconds
  REQUIRE(pair.primary().comes_to("replication", "role", "slave"));

  CHECK(shown(client.run(owned_call({"SET", "k", "b"}).once())) == "OK");
  CHECK(pair.replica().command({"GET", "k"}) == "b");
}

TEST_CASE("Sentinels that are down are passed over; a name that none knows is a mistake in the set-up") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_replica_pair pair;
  redis_sentinel sentinels(pair);
  const std::string place = sentinels.sentinel(0).address();

  CHECK(shown(connected("redis+sentinel://127.0.0.1:1," + place + "/mine").run(owned_call({"PING"}))) == "PONG");
  const auto unknown = redis_client::connect("redis+sentinel://" + place + "/theirs");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == errc::configuration);
  CHECK_THAT(unknown.error().message, Catch::Matchers::Contains("theirs"));
  const auto nobody = redis_client::connect("redis+sentinel://127.0.0.1:1,127.0.0.1:2/mine");
  REQUIRE_FALSE(nobody.has_value());
  CHECK(nobody.error().code == errc::unavailable);
}

TEST_CASE("A server that the sentinels call the primary and that says it is a replica is not written to") {
  fake_redis replica([](const fake_request& request, std::size_t) {
    return fake_answer{.bytes = request[0] == "ROLE" ? "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:1\r\n"
                                                     : "+written\r\n"};
  });
  fake_redis sentinel([&replica](const fake_request&, std::size_t) { return fake_answer{.bytes = address_reply(replica.port())}; });

  const auto failed = redis_client::connect("redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/mine", hasty(1s));

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK_THAT(failed.error().message, Catch::Matchers::Contains("replica"));
  for (const fake_request& each : replica.requests()) CHECK(each[0] == "ROLE");
}

TEST_CASE("READONLY makes the client ask the sentinels again, and a script that met it inside is not run twice") {
  fake_redis old([](const fake_request& request, std::size_t) {
    if (request[0] == "ROLE") return fake_answer{.bytes = "*1\r\n$6\r\nmaster\r\n"};
    if (request[0] == "SET") return fake_answer{.bytes = "-READONLY You can't write against a read only replica.\r\n"};
    return fake_answer{.bytes = "-READONLY You can't write against a read only replica. script: 1f, on @user_script:1.\r\n"};
  });
  fake_redis fresh([](const fake_request& request, std::size_t) {
    return fake_answer{.bytes = request[0] == "ROLE" ? "*1\r\n$6\r\nmaster\r\n" : "+fresh\r\n"};
  });
  fake_redis sentinel(
      [&](const fake_request&, std::size_t nth) { return fake_answer{.bytes = address_reply(nth % 2 == 0 ? old.port() : fresh.port())}; });
  const redis_script script("return 1");
  const redis_client client = connected("redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/mine", hasty(5s));

  CHECK(shown(client.run(owned_call({"SET", "k", "v"}).once())) == "fresh");
  CHECK(sentinel.requests().size() == 2);

  const redis_client other = connected("redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/mine", hasty(5s));
  CHECK(shown(other.run(owned_call(script, {"k"}))) == "unavailable!");
  CHECK(sentinel.requests().size() == 3);
  CHECK(shown(other.run(owned_call(script, {"k"}))) == "fresh");
}

TEST_CASE("Sentinels that want the servers' password get it, and answers that are no address are refused") {
  LAKE_SKIP_WITHOUT_REDIS();
  const lake_test::redis_server primary({.password = "pw"});
  lake_test::redis_server sentinel(
      {.lines = {"sentinel monitor mine 127.0.0.1 " + std::to_string(primary.port()) + " 1", "sentinel auth-pass mine pw"},
       .password = "pw",
       .sentinel = true});
  CHECK(shown(connected("redis+sentinel://:pw@" + sentinel.address() + "/mine").run(owned_call({"PING"}))) == "PONG");

  for (const std::string said : {"+OK\r\n", "*0\r\n", "*2\r\n$1\r\nh\r\n$1\r\n0\r\n", "*2\r\n$0\r\n\r\n$4\r\n6379\r\n"}) {
    INFO(said);
    fake_redis liar([said](const fake_request&, std::size_t) { return fake_answer{.bytes = said}; });
    CHECK_FALSE(redis_client::connect("redis+sentinel://127.0.0.1:" + std::to_string(liar.port()) + "/mine", hasty()).has_value());
  }
}
