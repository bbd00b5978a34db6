// What a barrier asks before bodies are deleted: replicas that stand still on real servers, and servers that know WAITAOF, which fakes play.
#include "redis/transport_fake.hpp"
#include "support/catch.hpp"
#include "support/redis_sentinel.hpp"
#include "support/redis_server.hpp"

#include <lake/lake.hpp>

#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_client.hpp>
#include <lake/index/redis.hpp>
#include <lake/index/redis_connect.hpp>
#include <lake/storage/memory.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake::errc;
using lake::detail::await_server;
using lake::detail::redis_script;
using lake::detail::redis_server_info;
using lake_test::connected;
using lake_test::fake_answer;
using lake_test::fake_redis;
using lake_test::fake_request;
using lake_test::hasty;
using redis_lake = lake::basic_lake<lake::redis_index, lake::memory_storage>;

/// Answers WAIT and WAITAOF with these, and every script with 0.
auto waits_with(std::string wait, std::string waitaof) {
  return [wait, waitaof](const fake_request& request, std::size_t) {
    if (request[0] == "WAIT") return fake_answer{.bytes = wait};
    if (request[0] == "WAITAOF") return fake_answer{.bytes = waitaof};
    return fake_answer{.bytes = ":0\r\n"};
  };
}

const redis_script touching("return 0");

/// The barrier of one such server: how it ended, and what it was asked besides the script.
struct outcome {
  std::string code = "none";
  std::string message = {};
  std::vector<fake_request> asked = {};
};
outcome barrier_of(const std::string& wait, const std::string& waitaof, const redis_server_info& info, const lake::redis_barrier& wanted) {
  fake_redis server(waits_with(wait, waitaof));
  const auto waited = await_server(connected(server.url(), hasty(2s)), touching, "key", info, wanted);
  outcome out;
  if (!waited) {
    out.code = lake::to_string(waited.error().code);
    out.message = waited.error().message;
  }
  for (const fake_request& request : server.requests()) {
    if (request[0].starts_with("WAIT")) out.asked.push_back(request);
  }
  return out;
}

std::size_t count_of(const lake::memory_storage& bodies) {
  std::size_t count = 0;
  bodies.list("", [&](const lake::object_info&) { return ++count, true; }).value();
  return count;
}

}  // namespace

TEST_CASE("clear_history waits for the replicas that are connected: while one stands still it deletes nothing, and says so") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_replica_pair pair;
  const lake::memory_storage bodies;
  redis_lake db(lake::lake_options{.snapshots = lake::snapshot_policy::never(), .document_cache_bytes = 0},
                lake::redis_index::connect({.url = pair.primary().url(), .barrier = {.timeout = 300ms}}).value(), bodies);
  for (int i = 0; i < 10; ++i) db.write({.catalog = "users", .path = "/n" + std::to_string(i), .body = "1"}).value();
  db.take_snapshot("users").value();
  pair.catch_up();
  const std::string before = db.read_string("users").value();
  const std::size_t objects = count_of(bodies);

  pair.replica().suspend();
  const auto refused = db.clear_history("users", lake::clear_options{.grace = 0ms});
  const std::size_t objects_left = count_of(bodies);
  pair.replica().resume();
  pair.catch_up();
  const auto cleared = db.clear_history("users", lake::clear_options{.grace = 0ms});

  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::unavailable);
  CHECK(refused.error().to_string().find("only 0 of 1 replicas confirmed in 300 ms") != std::string::npos);
  CHECK(objects_left == objects);
  REQUIRE(cleared.has_value());
  CHECK(cleared->removed.deltas == 10);
  CHECK(count_of(bodies) == objects - 10);
  CHECK(db.read_string("users") == before);
}

TEST_CASE("A barrier counts the replicas that confirm: as many as are connected, or as many as were asked for") {
  const redis_server_info two{.run_id = {}, .replication_id = {}, .eviction_policy = {}, .append_only = false, .replicas = 2};

  const outcome enough = barrier_of(":2\r\n", "", two, {});
  CHECK(enough.code == "none");
  CHECK(enough.asked == std::vector<fake_request>{{"WAIT", "2", "3000"}});
  CHECK(barrier_of(":1\r\n", "", two, {}).code == "unavailable");
  CHECK(barrier_of(":1\r\n", "", two, {}).message == "only 1 of 2 replicas confirmed in 3000 ms; nothing was deleted, repeat the call");

  const outcome fewer = barrier_of(":1\r\n", "", two, {.replicas = 1, .timeout = 0ms});
  CHECK(fewer.code == "none");
  CHECK(fewer.asked == std::vector<fake_request>{{"WAIT", "1", "1"}});  // 0 would wait for ever.
  CHECK(barrier_of(":0\r\n", "", two, {.replicas = 0}).asked.empty());
  CHECK(barrier_of(":2\r\n", "", two, {.replicas = 3}).code == "unavailable");
  for (const char* strange : {"+OK\r\n", "*0\r\n", "$-1\r\n", ":-1\r\n"}) CHECK(barrier_of(strange, "", two, {}).code == "unavailable");
  CHECK(barrier_of("-ERR WAIT cannot be used with replica instances\r\n", "", two, {}).code == "io");
}

TEST_CASE("A barrier asks a server that knows WAITAOF whether its own append-only file is on disk") {
  const redis_server_info keeps{.run_id = {}, .replication_id = {}, .eviction_policy = {}, .append_only = true, .replicas = 0};
  const redis_server_info forgets{.run_id = {}, .replication_id = {}, .eviction_policy = {}, .append_only = false, .replicas = 0};

  const outcome synced = barrier_of("", "*2\r\n:1\r\n:0\r\n", keeps, {});
  CHECK(synced.code == "none");
  CHECK(synced.asked == std::vector<fake_request>{{"WAITAOF", "1", "0", "3000"}});
  const outcome late = barrier_of("", "*2\r\n:0\r\n:0\r\n", keeps, {});
  CHECK(late.code == "unavailable");
  CHECK(late.message == "the append-only file was not on disk in 3000 ms; nothing was deleted, repeat the call");
  for (const char* strange : {"+OK\r\n", "*0\r\n", "$-1\r\n", ":1\r\n"}) CHECK(barrier_of("", strange, keeps, {}).code == "unavailable");
  CHECK(barrier_of("", "", keeps, {.fsync = false}).asked.empty());
  CHECK(barrier_of("", "", forgets, {}).asked.empty());
}
