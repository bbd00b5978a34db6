// Lakes on what is more than one server: a cluster whose slots move, a primary that dies under Sentinel; and a server whose clock steps.
#include <lake/lake.hpp>

#include <lake/index/redis.hpp>
#include <lake/layout/cluster.hpp>

#include "support/catch.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_crowd.hpp"
#include "support/redis_sentinel.hpp"
#include "support/redis_server.hpp"

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using cluster_index = lake::basic_redis_index<lake::layout::cluster>;
using cluster_lake = lake::basic_lake<cluster_index, lake::memory_storage>;
using lake_test::crowd;
using lake_test::members;
using redis_lake = lake::basic_lake<lake::redis_index, lake::memory_storage>;

lake::lake_options quiet() {
  lake::lake_options options;
  options.pending_timeout = 5s;
  options.read_pending = lake::pending::wait{10s};
  options.snapshots = lake::snapshot_policy::never();
  options.document_cache_bytes = 0;
  return options;
}

}  // namespace

TEST_CASE("while a slot moves to and fro under writing threads, nothing is refused, lost or doubled") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_cluster cluster;
  const lake::memory_storage bodies;
  cluster_lake db(quiet(), cluster_index::connect({.url = cluster.url(0)}).value(), bodies);
  std::vector<std::string> catalogs;
  for (int i = 0; i < 6; ++i) catalogs.push_back("catalog " + std::to_string(i));
  // Every key of a catalog lies in the slot of its tag.
  const std::string hot = lake::layout::cluster::index_key("memory:lake", lake::layout::index_part::ctl, catalogs[0]);
  const int slot = cluster.slot_of(hot);
  CHECK(slot == cluster.slot_of(lake::layout::cluster::index_key("memory:lake", lake::layout::index_part::delta, catalogs[0])));
  const std::size_t home = lake_test::redis_cluster::first_owner(slot);

  crowd writers(db, catalogs, 4);
  for (int round = 0; round < 5; ++round) {
    for (const auto& [from, to] : {std::pair(home, (home + 1) % 3), std::pair((home + 1) % 3, home)}) {
      // While its keys are at two nodes, a catalog waits: its scripts name more than one of them.
      cluster.migrate_and_settle(hot, from, to);
      CHECK(writers.go_on(20));
    }
  }
  const lake_test::crowd_record& record = writers.stop();

  CHECK(record.errors == std::set<std::string>{});
  for (const std::string& catalog : catalogs) {
    INFO(catalog);
    CHECK(members(db, catalog) == record.written.at(catalog));
  }
  CHECK(db.catalogs().value().size() == catalogs.size());
  // Another client, told of another node, batches over all of them.
  const cluster_lake other(quiet(), cluster_index::connect({.url = cluster.url((home + 2) % 3)}).value(), bodies);
  for (const auto& list : other.batch_list(catalogs)) CHECK_FALSE(list.error().has_value());
}

TEST_CASE("a cluster is refused to a layout that scatters the keys of a catalog") {
  const auto refused = lake::redis_index::connect({.url = "redis+cluster://127.0.0.1:1"});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::configuration);
  CHECK(refused.error().message.find("layout::cluster") != std::string::npos);
}

TEST_CASE("a user whose name looks like a scheme does not make a cluster of one server") {
  LAKE_SKIP_WITHOUT_REDIS();
  const lake_test::redis_server server({.lines = {"user u+cluster on >x ~* &* +@all"}});

  const auto connected = lake::redis_index::connect({.url = "redis://u+cluster:x@" + server.address()});

  INFO((connected ? std::string() : connected.error().to_string()));
  CHECK(connected.has_value());
}

TEST_CASE("a primary that dies under Sentinel with its replica in step: writers go on, and every acknowledged write is read back") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_replica_pair pair;
  const lake_test::redis_sentinel sentinels(pair, 3);
  redis_lake db(quiet(), lake::redis_index::connect({.url = sentinels.url()}).value(), lake::memory_storage{});
  std::set<std::string> acknowledged;
  for (int i = 0; i < 100; ++i) {
    db.write({.catalog = "doc", .path = "/before" + std::to_string(i), .body = "1"}).value();
    acknowledged.insert("before" + std::to_string(i));
  }
  pair.catch_up();

  pair.primary().kill();

  for (int i = 0; i < 100; ++i) {
    const std::string name = "after" + std::to_string(i);
    const bool went_on = lake_test::eventually([&] { return db.write({.catalog = "doc", .path = "/" + name, .body = "1"}).has_value(); });
    REQUIRE(went_on);
    acknowledged.insert(name);
  }
  CHECK(sentinels.promoted(pair.replica()));
  CHECK(members(db, "doc") == acknowledged);
}

TEST_CASE("a primary that is killed under Sentinel beneath writing threads: what is lost is told, what was refused is not there") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_replica_pair pair;
  const lake_test::redis_sentinel sentinels(pair, 3);
  redis_lake db(quiet(), lake::redis_index::connect({.url = sentinels.url()}).value(), lake::memory_storage{});
  crowd writers(db, {"a", "b", "c"}, 4);
  CHECK(writers.go_on(300));

  pair.primary().kill();

  CHECK(sentinels.promoted(pair.replica()));
  CHECK(writers.go_on(300));
  const lake_test::crowd_record& record = writers.stop();
  const lake_test::verdict seen = compare(db, record);
  INFO("lost " << seen.lost);
  CHECK(seen.ghosts == 0);
  // Replication is asynchronous: something may be lost, but then a client has been told.
  if (seen.lost > 0) CHECK(record.reasons.contains(lake::errc::index_regressed));
}

TEST_CASE("a server whose clock steps, both ways, issues no id twice, loses nothing, and blocks nobody for longer than a timeout") {
  LAKE_SKIP_WITHOUT_REDIS();
  LAKE_SKIP_WITHOUT_SHIM();
  lake_test::redis_server server({.shimmed = true});
  lake::lake_options options = quiet();
  options.pending_timeout = 1s;
  const lake::index_timing patient{.pending_timeout = 24h};  // Only what the index has recorded can refuse its commit.
  redis_lake db(options, lake::redis_index::connect({.url = server.url()}).value(), lake::memory_storage{});
  std::set<std::string> acknowledged;
  std::set<lake::time_seq> ids;
  lake::time_seq newest;
  int number = 0;
  const auto write = [&] {
    const std::string name = "w" + std::to_string(number++);
    const auto id = db.write({.catalog = "doc", .path = "/" + name, .body = "1"}).value();
    CHECK(newest < id);
    newest = id;
    ids.insert(id);
    acknowledged.insert(name);
  };
  write();
  for (const std::chrono::milliseconds step : {-7'000ms, -1'000ms, 1'000ms, 130'000ms, -130'000ms, -31'536'000'000ms, 31'536'000'000ms}) {
    INFO("step " << step.count());
    const lake::member_spec spec{lake::merge_type::replace, "/dead"};
    const lake::write_token token{static_cast<std::uint8_t>(number)};
    const auto dead = db.index().reserve({.catalog = "doc", .token = token, .members = {&spec, 1}}, patient);
    REQUIRE(dead.has_value());

    server.step_clock(step);
    write();
    write();
    // The dead writer's member is passed over once its timeout has passed by the logical clock, whatever the wall clock did.
    CHECK(db.read_json("doc").has_value());
    server.step_clock(2s);
    write();
    CHECK(members(db, "doc") == acknowledged);
    const auto late = db.index().commit({.catalog = "doc", .ids = dead->ids, .token = token}, patient);
    REQUIRE(late.has_value());
    CHECK(late->status == lake::commit_status::fenced);
  }
  CHECK(ids.size() == static_cast<std::size_t>(number));
}
