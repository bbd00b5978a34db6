// The memory index against the law of indexes, and against itself under random streams.
#include <lake/index/memory.hpp>
#include <lake/testing/index_contract.hpp>

#include "support/catch.hpp"
#include "support/memory_index_access.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

lake::memory_index make_memory_index(const lake::clock_source& clock) { return lake::memory_index{{.clock = clock}}; }

lake::testing::index_damage<lake::memory_index> memory_damage() {
  using lake::memory_index;
  using lake::memory_index_access;
  return {
      .drop_control = [](memory_index& index, std::string_view name) { memory_index_access::catalog(index, name).control.reset(); },
      .drop_member =
          [](memory_index& index, std::string_view name, lake::time_seq id) {
            std::erase_if(memory_index_access::catalog(index, name).members, [&](const auto& one) { return one.id == id; });
          },
      .drop_snapshot =
          [](memory_index& index, std::string_view name, lake::time_seq stop) {
            std::erase_if(memory_index_access::catalog(index, name).snapshots[0], [&](const auto& one) { return one.stop == stop; });
          },
  };
}

}  // namespace

TEST_CASE("memory_index holds the law of indexes") {
  for (const lake::testing::contract_case& law : lake::testing::index_contract(make_memory_index, memory_damage())) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

TEST_CASE("two memory indexes agree under the same random primitives") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const lake::testing::manual_clock clock;
    lake::memory_index oracle = make_memory_index(clock.source());
    lake::memory_index other = make_memory_index(clock.source());

    CHECK(lake::testing::compare_indexes(oracle, other, clock, seed, 1'000) == std::vector<std::string>{});
  }
}
