// The transport on a real cluster: slots that move in mid-run, redirects in pipelines, nodes that go and come back.
#include "redis/transport_fake.hpp"
#include "support/catch.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_server.hpp"

#include <lake/detail/redis_client.hpp>
#include <lake/detail/redis_slots.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake::errc;
using lake::detail::may_have_happened;
using lake::detail::redis_client;
using lake::detail::redis_script;
using lake::detail::redis_slot;
using lake_test::calls_of;
using lake_test::connected;
using lake_test::fake_answer;
using lake_test::fake_redis;
using lake_test::fake_request;
using lake_test::hasty;
using lake_test::owned_call;
using lake_test::redis_cluster;
using lake_test::shown;

/// Appends, so that the order of calls can be read off the value.
const redis_script& append_script() {
  static const redis_script script("return redis.call('APPEND', KEYS[1], ARGV[1])");
  return script;
}
owned_call append(const std::string& key, const std::string& what) { return owned_call(append_script(), {key}, {what}); }

std::string get(const redis_client& client, const std::string& key) { return shown(client.run(owned_call({"GET", key}).at(key))); }

/// The answer to CLUSTER SLOTS of a cluster whose slots are all at one port.
std::string slots_at(int port) { return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:" + std::to_string(port) + "\r\n"; }

}  // namespace

TEST_CASE("A key goes to the node that owns its slot, whichever node the client was told of") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_cluster cluster;
  CHECK(redis_slot("users:{a b}:log") == cluster.slot_of("users:{a b}:log"));
  CHECK(redis_slot("\xc3\xa4") == cluster.slot_of("\xc3\xa4"));

  for (std::size_t seed = 0; seed < redis_cluster::size; ++seed) {
    const redis_client client = connected(cluster.url(seed));
    for (int i = 0; i < 40; ++i) {
      const std::string key = "k" + std::to_string(i) + "-" + std::to_string(seed);
      REQUIRE(shown(client.run(append(key, "v"))) == "1");
      CHECK(cluster.node(redis_cluster::first_owner(redis_slot(key))).command({"GET", key}) == "v");
    }
    CHECK(shown(client.run(owned_call({"PING"}))) == "PONG");
  }
  const auto crossed = connected(cluster.url()).run(owned_call(append_script(), {"a", "b"}, {"v"}));
  REQUIRE_FALSE(crossed.has_value());
  CHECK(crossed.error().code == errc::configuration);
}

TEST_CASE("A pipeline goes to every node its own part, and answers come in the order of the calls") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_cluster cluster;
  const redis_client client = connected(cluster.url(1));
  std::vector<owned_call> owned;
  for (int i = 0; i < 2'500; ++i) owned.push_back(append("k" + std::to_string(i % 100), std::to_string(i / 100 % 10)));

  const auto answers = client.run_many(calls_of(owned));

  REQUIRE(answers.size() == 2'500);
  for (std::size_t i = 0; i < answers.size(); ++i) REQUIRE(shown(answers[i]) == std::to_string(i / 100 + 1));
  for (int i = 0; i < 100; ++i) CHECK(get(client, "k" + std::to_string(i)) == "0123456789012345678901234");
}

TEST_CASE("While a slot moves, its keys are found at either node, and after it at the new one") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_cluster cluster;
  const redis_client client = connected(cluster.url());
  const std::string tag = "{moving}";
  const int slot = redis_slot(tag);
  const std::size_t from = redis_cluster::first_owner(slot);
  const std::size_t to = (from + 1) % redis_cluster::size;
  for (int i = 0; i < 6; ++i) REQUIRE(shown(client.run(append(tag + std::to_string(i), "a"))) == "1");

  int step = 0;
  cluster.migrate_slot(slot, from, to, [&] {
    ++step;
    std::vector<owned_call> owned;
    for (int i = 0; i < 6; ++i) owned.push_back(append(tag + std::to_string(i), "p"));
    for (int i = 0; i < 6; ++i) owned.push_back(append(tag + std::to_string(i), "q"));
    owned.push_back(append(tag + "new" + std::to_string(step), "n"));
    owned.push_back(append("elsewhere", "e"));
    for (const auto& answer : client.run_many(calls_of(owned))) REQUIRE(answer.has_value());
    REQUIRE(shown(client.run(append(tag + "0", "r"))) == std::to_string(1 + 3 * step));
    const auto together = client.run_together(tag + "5", calls_of({append(tag + "5", "s").at(tag + "5")}));
    if (!together[0]) CHECK(together[0].error().code == errc::unavailable);
  });

  CHECK(step >= 8);
  std::string ends;
  for (int i = 0; i < step; ++i) ends += "pqr";
  CHECK(get(client, tag + "0") == "a" + ends);
  for (int i = 1; i <= step; ++i) CHECK(get(client, tag + "new" + std::to_string(i)) == "n");
  CHECK(cluster.keys_in(slot, from) == 0);
  CHECK(cluster.node(to).command({"GET", tag + "0"}) == "a" + ends);
}

TEST_CASE("Writers see nothing of a slot that moves to and fro under them") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_cluster cluster;
  const redis_client client = connected(cluster.url(), hasty(30s));
  const std::string tag = "{busy}";
  const std::size_t from = redis_cluster::first_owner(redis_slot(tag));
  const std::size_t to = (from + 2) % redis_cluster::size;
  std::atomic<bool> over{false};
  std::vector<std::string> failures(4);
  std::vector<std::size_t> written(4);
  std::vector<std::thread> writers;
  for (std::size_t w = 0; w < written.size(); ++w) {
    writers.emplace_back([&, w] {
      const std::string key = tag + std::to_string(w);
      while (!over && written[w] < 20'000) {
        std::vector<owned_call> owned;
        for (int i = 0; i < 5; ++i) owned.push_back(append(key, std::to_string((written[w] + static_cast<std::size_t>(i)) % 10)));
        for (const auto& answer : client.run_many(calls_of(owned))) failures[w] += answer ? "" : answer.error().to_string() + "\n";
        written[w] += 5;
      }
    });
  }
  std::string trouble;
  try {
    for (int round = 0; round < 4; ++round) {
      cluster.migrate_and_settle(tag, from, to);
      cluster.migrate_and_settle(tag, to, from);
    }
  } catch (const std::runtime_error& failed) {
    trouble = failed.what();
  }
  over = true;
  for (std::thread& each : writers) each.join();

  CHECK(trouble == "");
  CHECK(failures == std::vector<std::string>(4));
  for (std::size_t w = 0; w < written.size(); ++w) {
    std::string expected;
    for (std::size_t i = 0; i < written[w]; ++i) expected += std::to_string(i % 10);
    CHECK((get(client, tag + std::to_string(w)) == expected));
  }
}

TEST_CASE("Every primary of a cluster is visited") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_cluster cluster;
  const redis_client client = connected(cluster.url(2));
  for (int i = 0; i < 60; ++i) REQUIRE(shown(client.run(append("k" + std::to_string(i), "v"))) == "1");
  std::set<std::string> keys;
  int visits = 0;

  const lake::result<void> done = client.for_each_primary([&](const redis_client& one) -> lake::result<void> {
    ++visits;
    const auto found = one.run(owned_call({"SCAN", "0", "COUNT", "1000"}));
    if (!found) return found.error();
    for (std::size_t i = 0; i < found->view()[1].size(); ++i) keys.insert(std::string(found->view()[1][i].text()));
    return {};
  });

  CHECK(done.has_value());
  CHECK(visits == 3);
  CHECK(keys.size() == 60);
}

TEST_CASE("A node that is gone makes its keys unavailable within the time, others are served, and it is found again") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_cluster cluster({"cluster-require-full-coverage no"});
  const redis_client client = connected(cluster.url(), hasty(1s));
  std::string gone;
  std::string kept;
  for (int i = 0; gone.empty() || kept.empty(); ++i) {
    const std::string key = "k" + std::to_string(i);
    (redis_cluster::first_owner(redis_slot(key)) == 1 ? gone : kept) = key;
  }
  REQUIRE(shown(client.run(append(gone, "a"))) == "1");
  REQUIRE(shown(client.run(append(kept, "a"))) == "1");

  cluster.node(1).kill();
  const auto failed = client.run(append(gone, "b"));
  const auto answers = client.run_many(calls_of({append(kept, "b"), append(gone, "c")}));
  cluster.node(1).start_again();
  const redis_client patient = connected(cluster.url(), hasty(30s));
  const auto again = patient.run(append(gone, "d"));

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK(shown(answers[0]) == "2");
  CHECK(shown(answers[1]) == "unavailable!");
  CHECK(shown(again) == "1");
  CHECK(get(client, kept) == "ab");
}

TEST_CASE("A server that belongs to no cluster is refused at connect, and a cluster's node taken for a lone server says so") {
  LAKE_SKIP_WITHOUT_REDIS();
  const lake_test::redis_server lone;
  redis_cluster cluster;

  const auto failed = redis_client::connect("redis+cluster://" + lone.address());
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::configuration);
  CHECK_THAT(failed.error().message, Catch::Matchers::Contains("redis://"));

  const redis_client wrong = connected("redis://" + cluster.node((redis_cluster::first_owner(redis_slot("k")) + 1) % 3).address());
  const auto moved = wrong.run(owned_call({"GET", "k"}).at("k"));
  REQUIRE_FALSE(moved.has_value());
  CHECK(moved.error().code == errc::configuration);
  CHECK_THAT(moved.error().message, Catch::Matchers::Contains("redis+cluster://"));
}

TEST_CASE("Seeds that are down are passed over") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_cluster cluster;

  const redis_client client = connected("redis+cluster://127.0.0.1:1," + cluster.node(2).address());

  CHECK(shown(client.run(append("k", "v"))) == "1");
  const auto failed = redis_client::connect("redis+cluster://127.0.0.1:1,127.0.0.1:2");
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
}

TEST_CASE("ASK is followed with ASKING on the same connection and not remembered, MOVED is remembered") {
  fake_redis other(
      [](const fake_request& request, std::size_t) { return fake_answer{.bytes = request[0] == "ASKING" ? "+OK\r\n" : "+other\r\n"}; });
  int first_port = 0;
  int other_port = other.port();
  std::atomic<bool> moves{false};
  fake_redis first([&](const fake_request& request, std::size_t) {
    if (request[0] == "CLUSTER") return fake_answer{.bytes = slots_at(first_port)};
    return fake_answer{.bytes = (moves ? "-MOVED " : "-ASK ") + std::to_string(redis_slot("k")) +
                                " 127.0.0.1:" + std::to_string(other_port) + "\r\n"};
  });
  first_port = first.port();
  const redis_client client = connected("redis+cluster://127.0.0.1:" + std::to_string(first_port), hasty(5s));

  CHECK(shown(client.run(owned_call({"GET", "k"}).at("k"))) == "other");
  const auto both = client.run_many(calls_of({owned_call({"GET", "k"}).at("k"), owned_call({"GET", "k"}).at("k")}));
  CHECK(shown(both[0]) == "other");
  CHECK(shown(both[1]) == "other");
  CHECK(first.requests().size() == 4);
  const std::vector<fake_request> asked = other.requests();
  CHECK(asked == std::vector<fake_request>{{"ASKING"}, {"GET", "k"}, {"ASKING"}, {"GET", "k"}, {"ASKING"}, {"GET", "k"}});

  moves = true;
  CHECK(shown(client.run(owned_call({"GET", "k"}).at("k"))) == "other");
  CHECK(shown(client.run(owned_call({"GET", "k"}).at("k"))) == "other");
  CHECK(first.requests().size() == 5);
}

TEST_CASE("Redirects in a circle end") {
  int port = 0;
  fake_redis server([&port](const fake_request& request, std::size_t) {
    return fake_answer{.bytes = request[0] == "CLUSTER" ? slots_at(port) : "-MOVED 1 127.0.0.1:" + std::to_string(port) + "\r\n"};
  });
  port = server.port();
  const redis_client client = connected("redis+cluster://127.0.0.1:" + std::to_string(port), hasty(5s));

  const auto failed = client.run(owned_call({"GET", "k"}).at("k"));

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK_FALSE(may_have_happened(failed.error()));
  CHECK(server.requests().size() == 7);
}

TEST_CASE("Answers about slots that make no sense are errors, also where they come back as redirects") {
  for (const std::string said : {"+OK\r\n", "$-1\r\n", "*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n$1\r\nh\r\n:1\r\n", "*0\r\n"}) {
    INFO(said);
    fake_redis server([said](const fake_request&, std::size_t) { return fake_answer{.bytes = said}; });
    CHECK_FALSE(redis_client::connect("redis+cluster://127.0.0.1:" + std::to_string(server.port()), hasty()).has_value());
  }
  int port = 0;
  fake_redis server([&port](const fake_request& request, std::size_t) {
    return fake_answer{.bytes = request[0] == "CLUSTER" ? slots_at(port) : "-MOVED 99999 nowhere\r\n"};
  });
  port = server.port();
  const redis_client client = connected("redis+cluster://127.0.0.1:" + std::to_string(port), hasty());
  CHECK(shown(client.run(owned_call({"GET", "k"}).at("k"))) == "unavailable!");
}
