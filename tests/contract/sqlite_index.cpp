// sqlite_index against the law of indexes, and step for step against memory_index.
#include <lake/core/clock.hpp>
#include <lake/core/durability.hpp>
#include <lake/detail/sqlite_handle.hpp>
#include <lake/index/memory.hpp>
#include <lake/index/sqlite.hpp>
#include <lake/index/sqlite_schema.hpp>
#include <lake/testing/index_compare.hpp>
#include <lake/testing/index_contract.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

/// Makes indexes in folders of their own, and damages them through SQL. The folders go with the last copy.
class sqlite_makers {
 public:
  explicit sqlite_makers(lake::durability level) : state_(std::make_shared<state>()) {
    state_->level = level;
  }

  lake::sqlite_index operator()(const lake::clock_source& clock) const {
    const std::filesystem::path folder = state_->folder.path() / std::to_string(++state_->made);
    std::error_code failed;
    std::filesystem::create_directory(folder, failed);
    lake::sqlite_index index = open((folder / "lake.db").string(), clock);
    state_->clocks.insert_or_assign(index.file(), clock);
    return index;
  }

  /// Runs SQL on the catalog and the number, ?1 and ?2, and opens the index anew: only the first look of a process counts rows.
  void damage(lake::sqlite_index& index, const char* sql, std::string_view catalog, std::int64_t number) const {
    auto db = lake::detail::sqlite_connection::open(index.file(), SQLITE_OPEN_READWRITE, std::chrono::seconds(1));
    REQUIRE(db.has_value());
    auto prepared = db->prepare(sql);
    REQUIRE(prepared.has_value());
    lake::detail::sqlite_run run(prepared->get());
    run.bind(catalog, number);
    REQUIRE(run.step() == SQLITE_DONE);
    REQUIRE(db->changes() == 1);
    index = open(index.file(), state_->clocks.at(index.file()));
  }

 private:
  struct state {
    lake_test::scratch_folder folder;
    lake::durability level = lake::durability::none;
    std::size_t made = 0;
    std::map<std::string, lake::clock_source> clocks;
  };

  [[nodiscard]] lake::sqlite_index open(const std::string& file, const lake::clock_source& clock) const {
    auto index = lake::sqlite_index::open({.file = file, .durability = state_->level, .clock = clock});
    INFO((index ? std::string() : index.error().to_string()));
    REQUIRE(index.has_value());
    return *std::move(index);
  }

  std::shared_ptr<state> state_;
};

lake::testing::index_damage<lake::sqlite_index> damage_by(const sqlite_makers& makers) {
  return {.drop_control =
              [makers](lake::sqlite_index& index, std::string_view catalog) {
                makers.damage(index, "UPDATE catalog SET last = NULL WHERE name = ?1 AND ?2 = 0", catalog, 0);
              },
          .drop_member =
              [makers](lake::sqlite_index& index, std::string_view catalog, lake::time_seq id) {
                makers.damage(index, "DELETE FROM member WHERE catalog = (SELECT id FROM catalog WHERE name = ?1) AND id = ?2", catalog,
                              lake::detail::sqlite_id(id));
              },
          .drop_snapshot =
              [makers](lake::sqlite_index& index, std::string_view catalog, lake::time_seq stop) {
                makers.damage(index, "DELETE FROM snapshot WHERE catalog = (SELECT id FROM catalog WHERE name = ?1) AND stop = ?2", catalog,
                              lake::detail::sqlite_id(stop));
              }};
}

}  // namespace

TEST_CASE("sqlite_index holds the law of indexes") {
  const sqlite_makers makers(lake::durability::none);
  for (const lake::testing::contract_case& law : lake::testing::index_contract(makers, damage_by(makers))) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

TEST_CASE("sqlite_index answers as memory_index does, and holds the same, after each of some thousand random steps") {
  const std::uint64_t seed = GENERATE(std::uint64_t{1}, std::uint64_t{20'231'114}, std::uint64_t{7'777'777}, std::uint64_t{424'242});
  CAPTURE(seed);
  const sqlite_makers makers(lake::durability::none);
  const lake::testing::manual_clock clock;
  lake::memory_index oracle{{.clock = clock.source()}};
  lake::sqlite_index index = makers(clock.source());

  CHECK(lake::testing::compare_indexes(oracle, index, clock, seed, 1200) == std::vector<std::string>{});
}
