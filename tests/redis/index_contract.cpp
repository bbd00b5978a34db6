// redis_index against the law of indexes, and step for step against memory_index, on a real server.
#include <lake/core/clock.hpp>
#include <lake/index/memory.hpp>
#include <lake/index/redis.hpp>
#include <lake/layout/cluster.hpp>
#include <lake/layout/go_v2.hpp>
#include <lake/layout/index_part.hpp>
#include <lake/testing/index_compare.hpp>
#include <lake/testing/index_contract.hpp>

#include "support/catch.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_server.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using cluster_index = lake::basic_redis_index<lake::layout::cluster>;

/// Makes indexes of one server or cluster, each with a prefix of its own, and damages them behind their backs.
template <class Index>
class redis_makers {
 public:
  explicit redis_makers(const std::shared_ptr<lake_test::redis_server>& server) : server_(server), url_(server->url()) {}
  /// Without a server of its own nothing is damaged.
  explicit redis_makers(std::string url) : url_(std::move(url)) {}

  Index operator()(const lake::clock_source& clock) const {
    Index index = Index::connect({.url = url_, .clock = clock}).value();
    prefix_ = "test:" + std::to_string(++*made_);
    index.attach(prefix_);
    return index;
  }
  [[nodiscard]] lake::testing::index_damage<Index> damage() const {
    using lake::layout::index_part;
    if (server_ == nullptr) return {};
    const auto key = [this](index_part part, std::string_view catalog) { return Index::layout_type::index_key(prefix_, part, catalog); };
    const auto by_score = [server = server_](const std::string& name, lake::time_seq id) {
      std::string score;
      lake::detail::append_score(score, id);
      REQUIRE(server->command({"ZREMRANGEBYSCORE", name, score, score}) == "1");
    };
    return {.drop_control = [server = server_, key](Index&, std::string_view catalog) { REQUIRE(server->command({"DEL", key(index_part::ctl, catalog)}) == "1"); },
            .drop_member = [key, by_score](Index&, std::string_view catalog, lake::time_seq id) { by_score(key(index_part::delta, catalog), id); },
            .drop_snapshot = [key, by_score](Index&, std::string_view catalog, lake::time_seq stop) { by_score(key(index_part::snap, catalog), stop); }};
  }

 private:
  std::shared_ptr<lake_test::redis_server> server_;
  std::string url_;
  std::shared_ptr<int> made_ = std::make_shared<int>(0);
  mutable std::string prefix_;
};

/// `differing`: laws that a layout does not promise.
template <class Index>
void hold_the_law(const redis_makers<Index>& makers, const std::set<std::string>& differing = {}) {
  for (const lake::testing::contract_case& law : lake::testing::index_contract(std::cref(makers), makers.damage())) {
    if (differing.contains(law.name)) continue;
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

/// The catalogs that are listed where keys of somebody else stand among those of the lake.
template <class Index>
std::vector<std::string> listed_among_strangers() {
  const lake_test::redis_server server;
  Index index = Index::connect({.url = server.url()}).value();
  index.attach("test");
  for (const char* name : {"good", "caf\xc3\xa9", "caf\xe9", "\xff\xfe", "\xed\xa0\x80", "half\xc3"}) {
    const std::string key = Index::layout_type::index_key("test", lake::layout::index_part::delta, name);
    REQUIRE(server.command({"ZADD", key, "1600000000.000001", "delta|1|/a|1600000000_1"}) == "1");
  }
  std::vector<std::string> names;
  index
      .for_each_catalog("",
                        [&](std::string_view name) {
                          names.emplace_back(name);
                          return true;
                        })
      .value();
  return names;
}

}  // namespace

TEST_CASE("redis_index holds the law of indexes") {
  LAKE_SKIP_WITHOUT_REDIS();
  hold_the_law(redis_makers<lake::redis_index>(std::make_shared<lake_test::redis_server>()));
}

TEST_CASE("redis_index of the layout for clusters holds the law of indexes") {
  LAKE_SKIP_WITHOUT_REDIS();
  hold_the_law(redis_makers<cluster_index>(std::make_shared<lake_test::redis_server>()));
}

TEST_CASE("redis_index on a cluster of three holds the law of indexes") {
  LAKE_SKIP_WITHOUT_REDIS();
  const lake_test::redis_cluster cluster;
  hold_the_law(redis_makers<cluster_index>(cluster.url()));
}

TEST_CASE("redis_index of the layout of v2 clients holds the law of indexes, but for what their data cannot tell") {
  LAKE_SKIP_WITHOUT_REDIS();
  hold_the_law(redis_makers<lake::basic_redis_index<lake::layout::go_v2>>(std::make_shared<lake_test::redis_server>()), {
      "a lost control record is healed",          // is adopted: an old client's catalog has none
      "lost members and snapshots are noticed",   // an old client adds and removes them without counting
      "files point to their newest object",       // are overwritten in place, so the last write counts
      "late files are fenced",                    // the same
      "the marker is set once",                   // there is none
      "batches equal single calls",               // compares two indexes, whose counters are one
  });
}

TEST_CASE("redis_index answers as memory_index does, and holds the same, over 100,000 random steps") {
  LAKE_SKIP_WITHOUT_REDIS();
  const std::uint64_t seed = GENERATE(std::uint64_t{1}, std::uint64_t{20'231'114}, std::uint64_t{424'242}, std::uint64_t{7'777'777});
  CAPTURE(seed);
  const auto server = std::make_shared<lake_test::redis_server>();
  const redis_makers<lake::redis_index> makers(server);
  const lake::testing::manual_clock clock;
  lake::memory_index oracle{{.clock = clock.source()}};
  lake::redis_index index = makers(clock.source());

  CHECK(lake::testing::compare_indexes(oracle, index, clock, seed, 25'000, 50) == std::vector<std::string>{});
}

TEST_CASE("a key whose catalog would have a name that is no UTF-8 is not listed: no call would take it") {
  LAKE_SKIP_WITHOUT_REDIS();
  const std::vector<std::string> good{"caf\xc3\xa9", "good"};

  CHECK(listed_among_strangers<lake::redis_index>() == good);
  CHECK(listed_among_strangers<cluster_index>() == good);
  CHECK(listed_among_strangers<lake::basic_redis_index<lake::layout::go_v2>>() == good);
}
