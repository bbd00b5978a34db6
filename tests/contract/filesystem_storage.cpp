// filesystem_storage against the law of storages, at every durability.
#include <lake/storage/filesystem.hpp>
#include <lake/testing/storage_contract.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"

#include <memory>
#include <string>
#include <vector>

TEST_CASE("filesystem_storage holds the law of storages at every durability") {
  const lake::durability level = GENERATE(lake::durability::none, lake::durability::data, lake::durability::full);
  CAPTURE(lake::to_string(level));
  const lake_test::scratch_folder folder;
  int roots = 0;
  const auto make = [&] {
    return lake::filesystem_storage::open({.root = folder.path() / std::to_string(++roots), .create = true, .durability = level}).value();
  };
  const lake::testing::storage_trial trial{.rounds = level == lake::durability::none ? std::size_t{100} : std::size_t{10}};

  for (const lake::testing::contract_case& law : lake::testing::storage_contract(make, trial)) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}
