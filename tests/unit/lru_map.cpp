#include <lake/detail/lru_map.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using int_map = lake::detail::lru_map<int>;

/// A budget for exactly `entries` entries with keys of one byte and values of `value_bytes`.
std::size_t budget(std::size_t entries, std::size_t value_bytes) { return entries * (int_map::overhead_bytes("k") + value_bytes); }

std::vector<std::string> present(int_map& map, const std::string& keys) {
  std::vector<std::string> found;
  for (const char key : keys) {
    int_map::dropped taken = map.erase(std::string(1, key));
    if (taken.count() == 1) found.emplace_back(1, key);
  }
  return found;
}

}  // namespace

TEST_CASE("an lru_map finds what was inserted and nothing else") {
  int_map map;
  map.insert("one", 1, 0);
  map.insert(std::string("a\0b", 3), 2, 0);
  map.insert("", 3, 0);

  CHECK(*map.find("one") == 1);
  CHECK(*map.find(std::string("a\0b", 3)) == 2);
  CHECK(*map.find("") == 3);
  CHECK(map.find("on") == nullptr);
  CHECK(map.find("a") == nullptr);
  CHECK(map.size() == 3);
}

TEST_CASE("an lru_map without entries finds, erases and drops nothing") {
  int_map map;

  CHECK(map.find("key") == nullptr);
  CHECK(map.erase("key").count() == 0);
  CHECK(map.erase_oldest().count() == 0);
  CHECK(map.oldest() == nullptr);
}

TEST_CASE("an lru_map replaces the value of a key and counts it once") {
  int_map map;
  map.insert("key", 1, 100);
  const int_map::dropped gone = map.insert("key", 2, 10);

  CHECK(gone.count() == 1);
  CHECK(gone.bytes() == int_map::overhead_bytes("key") + 100);
  CHECK(*map.find("key") == 2);
  CHECK(map.size() == 1);
  CHECK(map.bytes() == int_map::overhead_bytes("key") + 10);
}

TEST_CASE("an lru_map drops what was used longest ago") {
  int_map map(budget(3, 8));
  map.insert("a", 1, 8);
  map.insert("b", 2, 8);
  map.insert("c", 3, 8);
  REQUIRE(map.find("a") != nullptr);

  const int_map::dropped gone = map.insert("d", 4, 8);

  CHECK(gone.count() == 1);
  CHECK(present(map, "abcd") == std::vector<std::string>{"a", "c", "d"});
}

TEST_CASE("an lru_map drops as many entries as a large one needs") {
  int_map map(budget(4, 100));
  for (const char* key : {"a", "b", "c", "d"}) map.insert(key, 0, 100);

  const int_map::dropped gone = map.insert("e", 0, 2 * (int_map::overhead_bytes("k") + 100));

  CHECK(gone.count() == 3);
  CHECK(map.bytes() <= map.max_bytes());
  CHECK(present(map, "abcde") == std::vector<std::string>{"d", "e"});
}

TEST_CASE("an lru_map does not keep a value beyond its budget, nor the older value of that key") {
  int_map map(budget(2, 10));
  map.insert("a", 1, 10);
  map.insert("b", 1, 10);

  map.insert("a", 2, budget(2, 10));
  CHECK(map.find("a") == nullptr);
  CHECK(*map.find("b") == 1);

  map.insert("c", 3, int_map::unbounded);
  CHECK(map.find("c") == nullptr);
  CHECK(map.size() == 1);
}

TEST_CASE("what leaves an lru_map lives until the caller lets go of it") {
  lake::detail::lru_map<std::shared_ptr<int>> map;
  const auto value = std::make_shared<int>(1);
  map.insert("a", value, 0);
  map.insert("b", value, 0);
  {
    auto gone = map.clear();
    CHECK(gone.count() == 2);
    CHECK(map.size() == 0);
    CHECK(map.bytes() == 0);
    CHECK(value.use_count() == 3);
    auto moved = std::move(gone);
    CHECK(value.use_count() == 3);
  }
  CHECK(value.use_count() == 1);
}

TEST_CASE("an lru_map can be moved and destroys what it holds") {
  const auto value = std::make_shared<int>(1);
  {
    lake::detail::lru_map<std::shared_ptr<int>> first;
    first.insert("a", value, 0);
    lake::detail::lru_map<std::shared_ptr<int>> second(std::move(first));
    CHECK(*second.find("a") == value);
    CHECK(value.use_count() == 2);
  }
  CHECK(value.use_count() == 1);
}

TEST_CASE("an lru_map agrees with a plain list over random operations") {
  const unsigned seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::size_t capacity = 50;
  const std::size_t each = int_map::overhead_bytes("000");
  int_map map(capacity * each);
  std::list<std::pair<std::string, int>> model;  // newest first
  const auto in_model = [&model](const std::string& key) {
    auto at = model.begin();
    while (at != model.end() && at->first != key) ++at;
    return at;
  };

  for (int turn = 0; turn < 20'000; ++turn) {
    const std::string key = std::to_string(100 + random() % 120);
    const auto at = in_model(key);
    switch (random() % 4) {
      case 0:
        map.erase(key);
        if (at != model.end()) model.erase(at);
        break;
      case 1:
        map.insert(key, turn, 0);
        if (at != model.end()) model.erase(at);
        model.emplace_front(key, turn);
        if (model.size() > capacity) model.pop_back();
        break;
      default: {
        const int* const got = map.find(key);
        REQUIRE((got != nullptr) == (at != model.end()));
        if (got == nullptr) break;
        REQUIRE(*got == at->second);
        model.splice(model.begin(), model, at);
      }
    }
    REQUIRE(map.size() == model.size());
    REQUIRE(map.bytes() == model.size() * each);
    REQUIRE((map.oldest() == nullptr ? -1 : *map.oldest()) == (model.empty() ? -1 : model.back().second));
  }
}
