// The Redis index on loopback, against bare hiredis programs of the same shape: same threads, connections and scripts. The server has
// one thread and shares the machine, so where it is the bottleneck, ratios say little about us; the server's time per write says more.

#include "redis.hpp"

#include "crew.hpp"
#include "documents.hpp"
#include "harness.hpp"

#include <lake/lake.hpp>

#include <lake/index/redis.hpp>
#include <lake/storage/memory.hpp>

#include "support/redis_server.hpp"

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {
namespace {

using redis_lake = lake::basic_lake<lake::redis_index, lake::memory_storage>;

constexpr std::size_t catalogs = 64;
constexpr std::size_t many_threads = 64;
constexpr std::size_t writes_of_a_thread = 50;  // in one operation of the workloads with many threads
constexpr std::size_t batch = 100;
constexpr double mean_body_bytes = 132;
constexpr const char* bare_prefix = "memory:bare";

/// A server for one workload, what all its contenders send, and what the server spent on each of them.
struct redis_site {
  redis_site() {
    for (std::size_t i = 0; i < catalogs; ++i) {
      names.push_back("tenants/" + std::to_string(i));
      bare.emplace_back(bare_prefix, names.back());
    }
  }
  [[nodiscard]] double processor_seconds() const {
    return std::strtod(server.info("cpu", "used_cpu_user").c_str(), nullptr) + std::strtod(server.info("cpu", "used_cpu_sys").c_str(), nullptr);
  }
  struct spent {
    double seconds = 0;
    double items = 0;
  };

  /// As examples/deploy/redis-index.conf has it, for all contenders.
  lake_test::redis_server server{lake_test::redis_server_options{.lines = {"zset-max-listpack-entries 16"}}};
  std::vector<std::string> names;
  std::vector<bare_catalog> bare;
  std::vector<std::string> bodies = make_small_bodies(4096);
  std::map<std::string, spent> by;
};
using shared_site = std::shared_ptr<redis_site>;

/// A session that begins with an empty server and notes what the server's processor spends on it. `open` makes what does one operation.
session metered(const shared_site& at, const std::string& who, std::size_t items, const std::function<std::function<void()>()>& open) {
  struct meter {
    meter(shared_site site, std::string name) : at(std::move(site)), who(std::move(name)), before(at->processor_seconds()) {}
    meter(const meter&) = delete;
    meter& operator=(const meter&) = delete;
    ~meter() {
      at->by[who].seconds += at->processor_seconds() - before;
      at->by[who].items += done;
    }
    shared_site at;
    std::string who;
    double before;
    double done = 0;
  };
  at->server.command({"FLUSHALL", "SYNC"});
  std::function<void()> once = open();
  const auto counted = std::make_shared<meter>(at, who);
  return [once = std::move(once), counted, items](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) once();
    counted->done += static_cast<double>(count * items);
  };
}

/// A lake in which every catalog was written once.
std::shared_ptr<redis_lake> open_redis_lake(const redis_site& at) {
  lake::redis_options connection;
  connection.connections = many_threads;
  auto index = lake::redis_index::connect({.url = at.server.url(), .connection = connection});
  auto db = std::make_shared<redis_lake>(lake::lake_options{.snapshots = lake::snapshot_policy::never()}, std::move(index).value(),
                                         lake::memory_storage{});
  for (std::size_t i = 0; i < catalogs; ++i) db->write({.catalog = at.names[i], .path = "/user", .body = "{}"}).value();
  return db;
}

std::shared_ptr<bare_redis> open_bare(const redis_site& at, std::size_t number) { return std::make_shared<bare_redis>(at.server.port(), number); }

std::vector<finding> server_findings(const shared_site& at) {
  std::vector<finding> found;
  for (const auto& [who, spent] : at->by) {
    if (spent.items > 0) found.push_back({.what = "server's processor per item, ns, " + who, .value = spent.seconds * 1e9 / spent.items});
  }
  return found;
}

// ------------------------------------------------------------------------------------------------------------- one at a time

workload redis_write(const settings&) {
  const shared_site at = std::make_shared<redis_site>();
  const auto ours = [at]() -> std::function<void()> {
    return [at, db = open_redis_lake(*at), next = std::size_t{0}]() mutable {
      db->write({.catalog = at->names[next % catalogs], .path = "/user", .body = at->bodies[next % at->bodies.size()]}).value();
      ++next;
    };
  };
  const auto bare = [at]() -> std::function<void()> {
    return [at, by = open_bare(*at, 0), next = std::size_t{0}]() mutable {
      const bare_catalog* const to = &at->bare[next++ % catalogs];
      by->write({&to, 1}, 1);
    };
  };
  const auto minimal = [at]() -> std::function<void()> {
    return [at, by = open_bare(*at, 0), next = std::size_t{0}]() mutable { by->write_minimal(at->bare[next++ % catalogs]); };
  };
  return {.what = "redis_index + memory, one thread, one connection, one write at a time",
          .bytes = mean_body_bytes,
          .wanted = {.ratio = 0.85, .against = "bare hiredis, same scripts"},
          .findings = [at] { return server_findings(at); },
          .contenders = {{"lake", role::ours, [=] { return metered(at, "lake", 1, ours); }},
                         {"bare hiredis, same scripts", role::limit, [=] { return metered(at, "bare hiredis, same scripts", 1, bare); }},
                         {"bare hiredis, ZADD and ZREM", role::limit, [=] { return metered(at, "bare hiredis, ZADD and ZREM", 1, minimal); }}}};
}

workload redis_write_threads(const settings&) {
  const shared_site at = std::make_shared<redis_site>();
  const auto run_all = [](std::shared_ptr<crew> all) -> std::function<void()> { return [all] { all->run(); }; };
  const auto ours = [=] {
    const auto db = open_redis_lake(*at);
    return run_all(std::make_shared<crew>(many_threads, [&](std::size_t thread) {
      return [at, db, thread, next = thread]() mutable {
        for (std::size_t i = 0; i < writes_of_a_thread; ++i, ++next) {
          db->write({.catalog = at->names[thread % catalogs], .path = "/user", .body = at->bodies[next % at->bodies.size()]}).value();
        }
      };
    }));
  };
  const auto bare = [=] {
    return run_all(std::make_shared<crew>(many_threads, [&](std::size_t thread) {
      return [at, by = open_bare(*at, thread), to = &at->bare[thread % catalogs]] {
        for (std::size_t i = 0; i < writes_of_a_thread; ++i) by->write({&to, 1}, 1);
      };
    }));
  };
  const auto minimal = [=] {
    return run_all(std::make_shared<crew>(many_threads, [&](std::size_t thread) {
      return [at, by = open_bare(*at, thread), to = &at->bare[thread % catalogs]] {
        for (std::size_t i = 0; i < writes_of_a_thread; ++i) by->write_minimal(*to);
      };
    }));
  };
  constexpr std::size_t items = many_threads * writes_of_a_thread;
  return {.what = "redis_index + memory, 64 threads, 64 connections, one write at a time on each; figures per write",
          .bytes = mean_body_bytes * items,
          .items = items,
          .wanted = {.ratio = 0.85, .against = "bare hiredis, same scripts"},
          .findings = [at] { return server_findings(at); },
          .contenders = {{"lake", role::ours, [=] { return metered(at, "lake", items, ours); }},
                         {"bare hiredis, same scripts", role::limit, [=] { return metered(at, "bare hiredis, same scripts", items, bare); }},
                         {"bare hiredis, ZADD and ZREM", role::limit, [=] { return metered(at, "bare hiredis, ZADD and ZREM", items, minimal); }}}};
}

// ---------------------------------------------------------------------------------------------------------------------- many

workload redis_write_many(const settings&) {
  const shared_site at = std::make_shared<redis_site>();
  const auto ours = [at]() -> std::function<void()> {
    return [at, db = open_redis_lake(*at), next = std::size_t{0}]() mutable {
      std::vector<lake::write_request> requests;
      requests.reserve(catalogs);
      for (const std::string& name : at->names) {
        requests.push_back({.catalog = name, .path = "/user", .body = at->bodies[next++ % at->bodies.size()]});
      }
      for (const auto& each : db->write_many(requests)) {
        if (!each) throw std::runtime_error(each.error().to_string());
      }
    };
  };
  const auto bare = [at]() -> std::function<void()> {
    std::vector<const bare_catalog*> all;
    for (const bare_catalog& each : at->bare) all.push_back(&each);
    return [at, all, by = open_bare(*at, 0)] { by->write(all, 1); };
  };
  return {.what = "redis_index + memory, write_many of 64 catalogs at a time, one thread; figures per write",
          .bytes = mean_body_bytes * catalogs,
          .items = catalogs,
          .wanted = {.ratio = 0.85, .against = "pipelining bare hiredis"},
          .findings = [at] { return server_findings(at); },
          .contenders = {{"lake, write_many", role::ours, [=] { return metered(at, "lake", catalogs, ours); }},
                         {"pipelining bare hiredis", role::limit, [=] { return metered(at, "pipelining bare hiredis", catalogs, bare); }}}};
}

/// What the index's server holds per delta, of 10,000 in one catalog.
std::vector<finding> memory_findings(const redis_site& at) {
  at.server.command({"FLUSHALL", "SYNC"});
  const auto db = open_redis_lake(at);
  constexpr std::size_t batches = 100;
  const std::string prefix = lake::layout::documented::prefix(lake::storage_kind::memory, lake::lake_options{}.name);
  const bare_catalog keys(prefix, "measured");
  for (std::size_t i = 0; i < batches; ++i) {
    db->write_batch(std::vector<lake::write_request>(batch, {.catalog = "measured", .path = "/user", .body = "1"})).value();
  }
  double bytes = 0;
  for (const std::string& key : keys.keys) bytes += std::strtod(at.server.command({"MEMORY", "USAGE", key, "SAMPLES", "0"}).c_str(), nullptr);
  return {{.what = "MEMORY USAGE of a catalog's keys, bytes per delta", .value = bytes / static_cast<double>(batches * batch)}};
}

workload redis_write_batch(const settings&) {
  const shared_site at = std::make_shared<redis_site>();
  const auto ours = [at]() -> std::function<void()> {
    return [at, db = open_redis_lake(*at), next = std::size_t{0}]() mutable {
      std::vector<lake::write_request> requests;
      requests.reserve(batch);
      for (std::size_t i = 0; i < batch; ++i) {
        requests.push_back({.catalog = at->names[next % catalogs], .path = "/user", .body = at->bodies[i]});
      }
      ++next;
      db->write_batch(requests).value();
    };
  };
  const auto bare = [at]() -> std::function<void()> {
    return [at, by = open_bare(*at, 0), next = std::size_t{0}]() mutable {
      const bare_catalog* const to = &at->bare[next++ % catalogs];
      by->write({&to, 1}, batch);
    };
  };
  return {.what = "redis_index + memory, batches of 100 for one catalog at a time, one thread; figures per write",
          .bytes = mean_body_bytes * batch,
          .items = batch,
          .wanted = {.ratio = 0.85, .against = "bare hiredis, same scripts"},
          .findings =
              [at] {
                std::vector<finding> found = server_findings(at);
                for (finding& each : memory_findings(*at)) found.push_back(std::move(each));
                return found;
              },
          .contenders = {{"lake, batches", role::ours, [=] { return metered(at, "lake", batch, ours); }},
                         {"bare hiredis, same scripts", role::limit, [=] { return metered(at, "bare hiredis, same scripts", batch, bare); }}}};
}

// --------------------------------------------------------------------------------------------------------------------- lists

workload redis_list(const settings&, std::size_t deltas) {
  const shared_site at = std::make_shared<redis_site>();
  const auto filled = [at, deltas] {
    const auto db = open_redis_lake(*at);
    db->take_snapshot(at->names[0]).value();
    for (std::size_t i = 0; i < deltas; ++i) db->write({.catalog = at->names[0], .path = "/user", .body = at->bodies[i]}).value();
    return db;
  };
  const auto ours = [=]() -> std::function<void()> {
    return [at, db = filled(), deltas] {
      const auto list = db->list(at->names[0]);
      if (list.error() || list.deltas().size() != deltas) throw std::runtime_error("the list is not what it should be");
    };
  };
  const auto bare = [=]() -> std::function<void()> {
    filled();
    const std::string prefix = lake::layout::documented::prefix(lake::storage_kind::memory, lake::lake_options{}.name);
    return [at, by = open_bare(*at, 0), of = bare_catalog(prefix, at->names[0]), deltas] {
      if (by->view(of) != deltas) throw std::runtime_error("the view is not what it should be");
    };
  };
  return {.what = "redis_index, list of " + std::to_string(deltas) + " deltas above a snapshot, one thread",
          .wanted = {.ratio = 0.85, .against = "bare hiredis, same script"},
          .findings = [at] { return server_findings(at); },
          .contenders = {{"lake", role::ours, [=] { return metered(at, "lake", 1, ours); }},
                         {"bare hiredis, same script", role::limit, [=] { return metered(at, "bare hiredis, same script", 1, bare); }}}};
}

}  // namespace

/// None where redis-server is not installed.
void add_redis_workloads(std::vector<entry>& all) {
  if (lake_test::redis_missing()) return;
  all.push_back({"redis_write", redis_write});
  all.push_back({"redis_write_threads", redis_write_threads});
  all.push_back({"redis_write_many", redis_write_many});
  all.push_back({"redis_write_batch", redis_write_batch});
  for (const std::size_t deltas : {std::size_t{0}, std::size_t{10}, std::size_t{100}}) {
    all.push_back({"redis_list_" + std::to_string(deltas), [deltas](const settings& with) { return redis_list(with, deltas); }});
  }
}

}  // namespace bench
