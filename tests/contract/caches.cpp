// Every cache against the law of caches.
#include <lake/cache/memory.hpp>
#include <lake/cache/none.hpp>
#include <lake/testing/cache_contract.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace {

template <class Make>
void hold(Make make, lake::testing::cache_promises promises) {
  for (const lake::testing::contract_case& law : lake::testing::cache_contract(make, promises)) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

}  // namespace

TEST_CASE("no_cache holds the law of caches by keeping nothing") {
  hold([](const lake::testing::cache_setup&) { return lake::no_cache{}; },
       {.keeps = false, .shares_bodies = false, .bounded = false, .expires = false});
}

TEST_CASE("memory_cache holds the law of caches with one lock and with many") {
  const std::size_t shards = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{16});
  CAPTURE(shards);

  hold(
      [shards](const lake::testing::cache_setup& setup) {
        return lake::memory_cache{{.max_bytes = setup.max_bytes,
                                   .snapshot_ttl = setup.snapshot_ttl,
                                   .delta_ttl = setup.delta_ttl,
                                   .clock = setup.clock,
                                   .shards = shards}};
      },
      {});
}
