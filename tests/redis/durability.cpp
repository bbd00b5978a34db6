// What an index in Redis loses when, and that it says so: killed servers, power cuts, failovers, full and emptied servers. Each row
// of the table in examples/deploy/README.md names a test of this file.
#include <lake/lake.hpp>

#include <lake/cache/redis.hpp>
#include <lake/index/redis.hpp>
#include <lake/pure/base64.hpp>
#include <lake/storage/memory.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/redis_crowd.hpp"
#include "support/redis_sentinel.hpp"
#include "support/redis_server.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake_test::compare;
using lake_test::crowd;
using lake_test::eventually;
using lake_test::members;
using lake_test::names_in;
using lake_test::redis_disk;
using lake_test::redis_server;
using lake_test::told;
using lake_test::told_by;
using lake_test::verdict;
using redis_lake = lake::basic_lake<lake::redis_index, lake::memory_storage>;

lake::redis_index open_index(const std::string& url) {
  auto index = lake::redis_index::connect({.url = url, .barrier = {.timeout = 500ms}});
  INFO((index ? std::string() : index.error().to_string()));
  REQUIRE(index.has_value());
  return *std::move(index);
}

/// A lake whose bodies outlive the index's server. Without snapshots every read asks for every delta that was acknowledged.
redis_lake open_lake(const std::string& url, const lake::memory_storage& bodies) {
  return redis_lake(lake::lake_options{.pending_timeout = 5s,
                                       .read_pending = lake::pending::wait{10s},
                                       .snapshots = lake::snapshot_policy::never(),
                                       .document_cache_bytes = 0},
                    open_index(url), bodies);
}

/// Writes that are acknowledged, `count` of them, with names that begin with `stem`.
std::set<std::string> write_acknowledged(redis_lake& db, const std::string& catalog, const std::string& stem, int count) {
  std::set<std::string> names;
  for (int i = 0; i < count; ++i) {
    const std::string name = stem + std::to_string(i);
    const auto id = db.write({.catalog = catalog, .path = "/" + name, .body = "1"});
    INFO((id ? std::string() : id.error().to_string()));
    REQUIRE(id.has_value());
    names.insert(name);
  }
  return names;
}

/// The same after the index lost writes. Their ids may be issued again within the second; a body that has such an id is left alone,
/// so a write may take some tries, each of which says "not written".
std::set<std::string> write_patiently(redis_lake& db, const std::string& catalog, const std::string& stem, int count) {
  std::set<std::string> names;
  for (int i = 0; i < count; ++i) {
    const std::string name = stem + std::to_string(i);
    told last = told::not_written;
    REQUIRE(eventually([&] { return (last = told_by(db.write({.catalog = catalog, .path = "/" + name, .body = "1"}))) != told::not_written; }));
    CHECK(last == told::written);
    names.insert(name);
  }
  return names;
}

/// The kind of error of a read, as a word.
std::string read_error(const redis_lake& db, const std::string& catalog) {
  const auto document = db.read_string(catalog);
  return document ? "none" : std::string(lake::to_string(document.error().code));
}

/// Whether a server with appendfsync everysec has no sync under way, if its disk takes no time: it syncs when a second has begun.
bool between_syncs() {
  const auto into_second = std::chrono::system_clock::now().time_since_epoch() % 1s;
  return into_second > 400ms && into_second < 800ms;
}

const std::vector<std::string> some_catalogs{"catalog 0", "catalog 1", "catalog 2", "catalog 3"};

/// Five times, each time after so many more acknowledged writes of 8 threads: `strike` ends the server, which is started again. The verdict
/// is that of a client that was not there.
template <class Strike>
verdict strike_beneath_writers(redis_server& server, std::size_t writes, const Strike& strike) {
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  crowd writers(db, some_catalogs, 8);
  for (int round = 0; round < 5; ++round) {
    CHECK(writers.go_on(writes));
    strike();
    server.start_again();
  }
  CHECK(writers.go_on(50));
  return compare(open_lake(server.url(), bodies), writers.stop());
}

/// A fragment of redis.conf under examples/deploy with its users, granted to a lake in memory.
std::vector<std::string> granted_users(const std::string& fragment) {
  const std::string file = std::string(LAKE_SOURCE_DIR) + "/examples/deploy/" + fragment;
  std::vector<std::string> lines = {"include \"" + file + "\""};
  std::istringstream in(lake_test::file_bytes(file));
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("# user ", 0) != 0) continue;
    line.erase(0, 2);
    if (const std::size_t at = line.find("~oss:"); at != std::string::npos) line.replace(at, 5, "~memory:");
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

TEST_CASE("kill -9 with appendfsync always under 8 writing threads: every acknowledged write is read back") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server({.lines = {"appendonly yes", "appendfsync always"}});

  const verdict seen = strike_beneath_writers(server, 200, [&] { server.kill(); });

  CHECK(seen.written >= 1'050);
  CHECK(seen.lost == 0);
  CHECK(seen.ghosts == 0);
}

TEST_CASE("kill -9 with appendfsync everysec under 8 writing threads: every acknowledged write is read back while the disk keeps up") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.lines = {"appendonly yes", "appendfsync everysec"}, .shimmed = true});
  server.set_disk(redis_disk::instant);

  const verdict seen = strike_beneath_writers(server, 1'000, [&] {
    REQUIRE(eventually(between_syncs));
    server.kill();
  });

  CHECK(seen.written >= 5'050);
  CHECK(seen.lost == 0);
  CHECK(seen.ghosts == 0);
}

TEST_CASE("kill -9 with appendfsync everysec while the disk hangs: what the server held back is lost, and that is reported") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.lines = {"appendonly yes", "appendfsync everysec"}, .shimmed = true});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  server.set_disk(redis_disk::hanging);
  std::set<std::string> kept = write_acknowledged(db, "users", "kept", 5);
  REQUIRE(server.comes_to("persistence", "aof_pending_bio_fsync", "1"));

  // While a sync is under way, the server holds its appends back for up to two seconds, and answers all the same.
  bool held_back = false;
  for (int i = 0; i < 1'000 && !held_back; ++i) {
    const std::set<std::string> more = write_acknowledged(db, "users", "late" + std::to_string(i) + "_", 1);
    held_back = server.info("persistence", "aof_buffer_length") != "0";
    if (!held_back) kept.insert(more.begin(), more.end());
  }
  REQUIRE(held_back);
  server.kill();
  server.set_disk(redis_disk::real);
  server.start_again();

  CHECK(read_error(db, "users") == "index_regressed");
  CHECK(members(db, "users") == kept);
  CHECK(members(open_lake(server.url(), bodies), "users") == kept);
}

TEST_CASE("A power cut with appendfsync always under 8 writing threads: every acknowledged write is read back") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.lines = {"appendonly yes", "appendfsync always"}, .shimmed = true});

  const verdict seen = strike_beneath_writers(server, 200, [&] { server.cut_power(); });

  CHECK(seen.written >= 1'050);
  CHECK(seen.lost == 0);
  CHECK(seen.ghosts == 0);
}

TEST_CASE("A power cut with appendfsync everysec: what was acknowledged since the last sync is lost, nothing before it, and that is reported") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.lines = {"appendonly yes", "appendfsync everysec"}, .shimmed = true});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  const std::set<std::string> synced = write_acknowledged(db, "users", "synced", 20);
  REQUIRE(eventually([&] { return server.synced_bytes() == std::filesystem::file_size(server.append_only_log()); }));
  server.set_disk(redis_disk::hanging);  // the sync of what follows does not end before the cut
  write_acknowledged(db, "users", "unsynced", 20);

  server.cut_power();
  server.set_disk(redis_disk::real);
  server.start_again();

  CHECK(read_error(db, "users") == "index_regressed");
  CHECK(members(db, "users") == synced);
  CHECK(members(open_lake(server.url(), bodies), "users") == synced);
  // The ids of the lost writes may be issued again; their bodies must not come back with them.
  std::set<std::string> all = write_patiently(db, "users", "new", 20);
  all.insert(synced.begin(), synced.end());
  CHECK(members(db, "users") == all);
}

TEST_CASE("clear_history deletes a body only when the disk has what replaces it: a power cut right after it costs nothing") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.lines = {"appendonly yes", "appendfsync everysec"}, .shimmed = true});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  const std::set<std::string> all = write_acknowledged(db, "users", "n", 10);
  REQUIRE(db.take_snapshot("users").has_value());

  const auto cleared = db.clear_history("users", lake::clear_options{.grace = 0ms});
  server.cut_power();
  server.start_again();

  REQUIRE(cleared.has_value());
  CHECK(cleared->removed.deltas == 10);
  CHECK(members(open_lake(server.url(), bodies), "users") == all);
}

TEST_CASE("clear_history waits for the disk also where INFO is denied") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.lines = {"appendonly yes", "appendfsync everysec", "rename-command INFO \"\""}, .shimmed = true});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  const std::set<std::string> all = write_acknowledged(db, "users", "n", 10);
  REQUIRE(db.take_snapshot("users").has_value());

  const auto cleared = db.clear_history("users", lake::clear_options{.grace = 0ms});
  server.cut_power();
  server.start_again();

  REQUIRE(cleared.has_value());
  CHECK(members(open_lake(server.url(), bodies), "users") == all);
}

TEST_CASE("clear_history while the disk hangs deletes nothing, and says so") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.lines = {"appendonly yes", "appendfsync everysec"}, .shimmed = true});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  const std::set<std::string> all = write_acknowledged(db, "users", "n", 10);
  REQUIRE(eventually([&] { return server.synced_bytes() == std::filesystem::file_size(server.append_only_log()); }));
  server.set_disk(redis_disk::hanging);
  REQUIRE(db.take_snapshot("users").has_value());

  const auto cleared = db.clear_history("users", lake::clear_options{.grace = 0ms});
  server.cut_power();
  server.set_disk(redis_disk::real);
  server.start_again();

  CHECK(members(open_lake(server.url(), bodies), "users") == all);
  REQUIRE_FALSE(cleared.has_value());
  CHECK(cleared.error().code == lake::errc::unavailable);
}

TEST_CASE("A server without persistence loses everything when it is killed: a client that wrote is told, and so is one that opens the lake") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  write_acknowledged(db, "users", "lost", 5);

  server.kill();
  server.start_again();

  CHECK(read_error(db, "users") == "index_regressed");
  CHECK(read_error(open_lake(server.url(), bodies), "users") == "corrupt_index");
}

TEST_CASE("FLUSHALL on the index's server loses everything: a client that wrote is told, and so is one that opens the lake") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  write_acknowledged(db, "users", "lost", 5);

  server.command({"FLUSHALL"});

  CHECK(read_error(db, "users") == "index_regressed");
  CHECK(read_error(open_lake(server.url(), bodies), "users") == "corrupt_index");
}

TEST_CASE("A stopped replica that takes the primary's place has lost what it missed, nothing before it, and that is reported") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_replica_pair pair({"appendonly yes"});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(pair.primary().url(), bodies);
  const std::set<std::string> replicated = write_acknowledged(db, "users", "replicated", 20);
  pair.catch_up();
  pair.stop_replica();
  write_acknowledged(db, "users", "missed", 20);

  pair.primary().kill();
  pair.replace_primary();

  CHECK(read_error(db, "users") == "index_regressed");
  CHECK(members(db, "users") == replicated);
  CHECK(members(open_lake(pair.primary().url(), bodies), "users") == replicated);
  std::set<std::string> all = write_patiently(db, "users", "new", 20);
  all.insert(replicated.begin(), replicated.end());
  CHECK(members(db, "users") == all);
}

TEST_CASE("A replica that was in step takes the primary's place and nothing is lost") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_replica_pair pair({"appendonly yes"});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(pair.primary().url(), bodies);
  std::set<std::string> all = write_acknowledged(db, "users", "replicated", 20);
  pair.catch_up();

  pair.primary().kill();
  pair.stop_replica();
  pair.replace_primary();

  CHECK(members(db, "users") == all);
  all.merge(write_acknowledged(db, "users", "new", 5));
  CHECK(members(db, "users") == all);
}

TEST_CASE("With min-replicas-to-write a primary that lost its replica refuses writes: what it refuses is not written") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_replica_pair pair({"appendonly yes", "min-replicas-to-write 1", "min-replicas-max-lag 10"});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(pair.primary().url(), bodies);
  std::set<std::string> all = write_acknowledged(db, "users", "before", 5);
  pair.stop_replica();
  REQUIRE(pair.primary().comes_to("replication", "min_slaves_good_slaves", "0"));

  const auto refused = db.write({.catalog = "users", .path = "/refused", .body = "1"}, lake::call_options{.deadline = 1s});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::unavailable);
  CHECK(members(db, "users") == all);

  pair.replica().start_again({"replicaof 127.0.0.1 " + std::to_string(pair.primary().port())});
  REQUIRE(pair.primary().comes_to("replication", "min_slaves_good_slaves", "1"));
  all.merge(write_acknowledged(db, "users", "after", 5));
  CHECK(members(db, "users") == all);
}

TEST_CASE("A full server that may not evict refuses writes and still reads: what it refuses is not written") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.lines = {"maxmemory-policy noeviction"}});
  const lake::memory_storage bodies;
  redis_lake db = open_lake(server.url(), bodies);
  std::set<std::string> all = write_acknowledged(db, "users", "before", 5);
  server.command({"CONFIG", "SET", "maxmemory", "1"});

  const auto refused = db.write({.catalog = "users", .path = "/refused", .body = "1"}, lake::call_options{.deadline = 1s});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::unavailable);
  CHECK(refused.error().to_string().find("maxmemory") != std::string::npos);
  CHECK(members(db, "users") == all);

  server.command({"CONFIG", "SET", "maxmemory", "0"});
  all.merge(write_acknowledged(db, "users", "after", 5));
  CHECK(members(db, "users") == all);
}

TEST_CASE("H65: a server that evicts any key is refused for an index; where that is overridden, a key that went is noticed") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.lines = {"maxmemory 1gb", "maxmemory-policy allkeys-lru"}});

  const auto refused = lake::redis_index::connect({.url = server.url()});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::configuration);
  CHECK(refused.error().message.find("allkeys-lru") != std::string::npos);

  std::vector<std::string> notices;
  auto accepted = lake::redis_index::connect(
      {.url = server.url(), .accept_eviction = true, .on_notice = [&](const lake::error& what) { notices.push_back(what.message); }});
  REQUIRE(accepted.has_value());
  CHECK(notices.size() == 1);
  const lake::memory_storage bodies;
  redis_lake db(lake::lake_options{.snapshots = lake::snapshot_policy::never(), .document_cache_bytes = 0}, *accepted, bodies);
  write_acknowledged(db, "users", "n", 5);
  for (const lake_test::redis_said& key : server.ask({"KEYS", "*:delta:*"}).parts) server.command({"DEL", key.words});
  CHECK(read_error(db, "users") == "corrupt_index");

  // A catalog of which nothing is left looks like one that never was, but not to those who saw it.
  write_acknowledged(db, "all gone", "n", 5);
  for (const lake_test::redis_said& key : server.ask({"KEYS", "*"}).parts) {
    if (key.words.find(lake::pure::base64url("all gone")) != std::string::npos) server.command({"DEL", key.words});
  }
  CHECK(read_error(db, "all gone") == "index_regressed");
}

TEST_CASE("SCRIPT FLUSH, CLIENT KILL, CLIENT PAUSE and SIGSTOP in the middle of a run: no wrong answer, and the writers go on") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const lake::memory_storage bodies;
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  redis_lake db = open_lake(server.url(), bodies);
  crowd running(db, some_catalogs, 8);
  std::atomic<bool> done = false;
  std::atomic<std::size_t> backwards = 0;
  std::thread reader([&] {  // a document only grows here
    std::set<std::string> before;
    while (!done) {
      const auto document = db.read_json("catalog 0");
      if (!document) continue;
      std::set<std::string> now = names_in(*document);
      for (const std::string& name : before) backwards += now.contains(name) ? 0U : 1U;
      before = std::move(now);
    }
  });

  for (int turn = 0; turn < 40; ++turn) {
    switch (random() % 4) {
      case 0: CHECK(server.command({"SCRIPT", "FLUSH"}) == "OK"); break;
      case 1: server.command({"CLIENT", "KILL", "TYPE", "normal"}); break;
      case 2: CHECK(server.command({"CLIENT", "PAUSE", "30", "ALL"}) == "OK"); break;
      default:
        server.suspend();
        for (int moments = 0; moments < 10; ++moments) lake_test::pause_a_moment();
        server.resume();
    }
    CHECK(running.go_on(20));
  }
  const auto& told_of_writes = running.stop();
  done = true;
  reader.join();

  const verdict seen = compare(open_lake(server.url(), bodies), told_of_writes);
  CHECK(seen.written >= 800);
  CHECK(seen.lost == 0);
  CHECK(seen.ghosts == 0);
  CHECK(backwards == 0);
}

TEST_CASE("A server that stands still: every call comes back at its deadline, and says what it knows") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const lake::memory_storage bodies;
  lake::redis_options connection;
  connection.timeout = 300ms;
  auto index = lake::redis_index::connect({.url = server.url(), .connection = connection});
  REQUIRE(index.has_value());
  redis_lake db(lake::lake_options{.pending_timeout = 2s, .read_pending = lake::pending::wait{10s}, .document_cache_bytes = 0},
                *std::move(index), bodies);
  std::set<std::string> all = write_acknowledged(db, "users", "before", 5);
  const lake::call_options soon{.deadline = 500ms};

  server.suspend();  // nobody resumes it before the calls have come back
  const auto written = db.write({.catalog = "users", .path = "/during", .body = "1"}, soon);
  const auto document = db.read_string("users", soon);
  const std::array<std::string, 2> catalogs = {"users", "others"};
  const auto lists = db.batch_list(catalogs, {}, soon);
  server.resume();

  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == lake::errc::timeout);
  REQUIRE_FALSE(document.has_value());
  CHECK(document.error().code == lake::errc::timeout);
  for (const auto& each : lists) CHECK(each.error().has_value());
  all.merge(write_acknowledged(db, "users", "after", 5));
  CHECK(members(db, "users") == all);
}

TEST_CASE("The shim moves what TIME says inside a script, and the age of keys with it") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  redis_server server({.shimmed = true});
  const auto now = [&] { return std::stoll(server.command({"EVAL", "return redis.call('TIME')[1]", "0"})); };
  const long long before = now();
  server.command({"SET", "key", "value", "EX", "1000"});

  server.step_clock(900s);
  const long long later = now();
  CHECK(later - before >= 900);
  CHECK(later - before < 960);
  CHECK(server.command({"GET", "key"}) == "value");
  server.step_clock(200s);
  CHECK(server.command({"GET", "key"}) == "(nil)");
  server.step_clock(-3'600s);
  CHECK(now() < before - 2'000);
}

TEST_CASE("The fragments of redis.conf under examples/deploy are taken by a real server and say what README says") {
  LAKE_SKIP_WITHOUT_REDIS();
  const std::string folder = LAKE_SOURCE_DIR "/examples/deploy/";

  const redis_server index({.lines = {"include \"" + folder + "redis-index.conf\""}});
  CHECK(index.command({"CONFIG", "GET", "maxmemory-policy"}) == "maxmemory-policy\nnoeviction");
  CHECK(index.command({"CONFIG", "GET", "appendonly"}) == "appendonly\nyes");
  CHECK(index.command({"CONFIG", "GET", "appendfsync"}) == "appendfsync\neverysec");
  CHECK(index.command({"CONFIG", "GET", "zset-max-listpack-entries"}) == "zset-max-listpack-entries\n16");
  CHECK(index.command({"CONFIG", "GET", "no-appendfsync-on-rewrite"}) == "no-appendfsync-on-rewrite\nno");

  const redis_server cache({.lines = {"include \"" + folder + "redis-cache.conf\""}});
  CHECK(cache.command({"CONFIG", "GET", "maxmemory-policy"}) == "maxmemory-policy\nallkeys-lru");
  CHECK(cache.command({"CONFIG", "GET", "appendonly"}) == "appendonly\nno");
  CHECK(cache.command({"CONFIG", "GET", "save"}) == "save\n");
}

TEST_CASE("The users that examples/deploy grants suffice for a lake with a cache, and for nothing else") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server index_server({.lines = granted_users("redis-index.conf")});
  const redis_server cache_server({.lines = granted_users("redis-cache.conf")});
  auto index = lake::redis_index::connect({.url = "redis://lake:change-me@" + index_server.address(), .barrier = {.fsync = false}});
  INFO((index ? std::string() : index.error().to_string()));
  REQUIRE(index.has_value());
  auto cache = lake::redis_cache::connect({.url = "redis://lake-cache:change-me@" + cache_server.address()});
  INFO((cache ? std::string() : cache.error().to_string()));
  REQUIRE(cache.has_value());
  lake::basic_lake<lake::redis_index, lake::memory_storage, lake::redis_cache> db(
      lake::lake_options{.name = "my-lake", .document_cache_bytes = 0, .clear = {.grace = 0ms}}, *index, lake::memory_storage{}, *cache);

  CHECK(db.write({.catalog = "users", .path = "/a", .body = "1", .meta = "{\"by\":\"me\"}"}).has_value());
  CHECK(db.write_batch({{.catalog = "users", .path = "/b", .body = "2"}, {.catalog = "users", .path = "/c", .body = "3"}}).has_value());
  CHECK(db.write_file({.catalog = "users", .path = "/file", .body = "bytes"}).has_value());
  for (int i = 0; i < 2; ++i) {
    const auto document = db.read_string("users");
    INFO((document ? std::string() : document.error().to_string()));
    CHECK(document == std::string("{\"a\":1,\"b\":2,\"c\":3}"));
  }
  CHECK(db.take_snapshot("users").has_value());
  CHECK(db.clear_history("users").has_value());
  CHECK(db.remove_catalog("users").has_value());
  CHECK(cache->stats().errors == 0);
  CHECK(cache->stats().hits > 0);

  lake_test::redis_talk as_lake(index_server.port());
  CHECK(as_lake.ask({"AUTH", "lake", "change-me"}).words == "OK");
  for (const std::vector<std::string>& denied : std::vector<std::vector<std::string>>{
           {"FLUSHALL"}, {"FLUSHDB"}, {"KEYS", "*"}, {"CONFIG", "GET", "*"}, {"SHUTDOWN"}, {"DEL", "memory:other-lake:lake"}, {"ACL", "LIST"}}) {
    INFO(denied[0]);
    CHECK(as_lake.ask(denied).words.rfind("NOPERM", 0) == 0);
  }
  lake_test::redis_talk as_cache(cache_server.port());
  CHECK(as_cache.ask({"AUTH", "lake-cache", "change-me"}).words == "OK");
  CHECK(as_cache.ask({"GET", "memory:my-lake:delta:users"}).words.rfind("NOPERM", 0) == 0);
  CHECK(as_cache.ask({"FLUSHALL"}).words.rfind("NOPERM", 0) == 0);
}
