// memory_storage against the law of storages.
#include <lake/storage/memory.hpp>
#include <lake/testing/storage_contract.hpp>

#include "support/catch.hpp"

#include <map>
#include <random>
#include <string>
#include <vector>

TEST_CASE("memory_storage holds the law of storages") {
  for (const lake::testing::contract_case& law : lake::testing::storage_contract([] { return lake::memory_storage{}; })) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

TEST_CASE("memory_storage keeps every object of a table that grew and shrank") {
  lake::memory_storage storage;
  constexpr int count = 20'000;
  for (int i = 0; i < count; ++i) REQUIRE(storage.create(std::to_string(i), std::to_string(i * 7)));

  for (int i = 0; i < count; ++i) {
    if (i % 3 != 0) REQUIRE(storage.remove(std::to_string(i)));
  }

  REQUIRE(storage.object_count() == (count + 2) / 3);
  for (int i = 0; i < count; ++i) {
    const auto got = storage.get(std::to_string(i));
    REQUIRE(got.has_value() == (i % 3 == 0));
    if (got) REQUIRE(**got == std::to_string(i * 7));
  }
}

TEST_CASE("memory_storage holds what a map holds after any creates, replacements and removals") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  lake::memory_storage storage;
  std::map<std::string, std::string> model;

  for (int i = 0; i < 30'000; ++i) {
    const std::string key = std::string(random() % 3 * 20 + 1, 'k') + std::to_string(random() % 400);
    const std::string bytes = std::to_string(i);
    switch (random() % 3) {
      case 0: REQUIRE(storage.create(key, bytes).has_value() == model.emplace(key, bytes).second); break;
      case 1:
        REQUIRE(storage.put(key, bytes));
        model[key] = bytes;
        break;
      default:
        REQUIRE(storage.remove(key));
        model.erase(key);
    }
  }

  REQUIRE(storage.object_count() == model.size());
  for (const auto& [key, bytes] : model) REQUIRE(*storage.get(key).value() == bytes);
  auto next = model.begin();
  REQUIRE(storage.list("", [&](const lake::object_info& found) { return found.key == (next++)->first; }));
  REQUIRE(next == model.end());
}

TEST_CASE("memory_storage hands out the stored bytes without a copy, and they outlive it") {
  lake::body_ptr body;
  {
    lake::memory_storage storage;
    REQUIRE(storage.create("k", std::string(1'000, 'x')));
    body = storage.get("k").value();

    REQUIRE(storage.get("k").value().get() == body.get());
    REQUIRE(storage.put("k", "replaced"));
  }

  REQUIRE(*body == std::string(1'000, 'x'));
}

TEST_CASE("errors of memory_storage name the operation, the key and the rule") {
  lake::memory_storage storage;

  const auto missing = storage.get("users/1");
  const auto bad = storage.put("users//1", "x");

  REQUIRE(missing.error().to_string() == "storage.get \"users/1\": not_found: no object has this key");
  REQUIRE(bad.error().to_string() ==
          "storage.put \"users//1\": invalid_argument: an object key has no empty segment, so no \"/\" at its ends and no \"//\"");
}

TEST_CASE("dump_storage tells what a storage holds") {
  lake::memory_storage storage;
  REQUIRE(storage.create("b", ""));
  REQUIRE(storage.create("a/c", "abc"));

  REQUIRE(lake::testing::dump_storage(storage).value() == "3 44bc2cf5ad770999 a/c\n0 ef46db3751d8e999 b\n");
}
