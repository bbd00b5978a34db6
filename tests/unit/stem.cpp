// The beginnings of object keys: whatever a thread has named before, they are those of the format.
#include <lake/layout/stem.hpp>

#include <lake/layout/documented.hpp>

#include <atomic>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"

namespace {

/// The stem by the format, remembering nothing.
std::string plain_stem(std::string_view name) {
  std::string out;
  lake::layout::detail::append_spread(out, name, 4);
  lake::layout::append_enc(out, name);
  return out;
}

std::string stem(std::string_view name) {
  std::string out = "before ";
  lake::layout::detail::append_stem(out, name);
  return out.substr(7);
}

/// Names of 1 to 60 bytes, of every form that the encoding tells apart.
std::vector<std::string> some_names(std::mt19937& random, std::size_t count) {
  constexpr std::string_view alphabets[] = {"abc019-_/.", "ABC019-_/.", "aB c\xc3", "a/delta.snp"};
  std::vector<std::string> names;
  while (names.size() < count) {
    const std::string_view alphabet = alphabets[random() % 4];
    std::string name;
    for (auto left = random() % 60 + 1; left > 0; --left) name += alphabet[random() % alphabet.size()];
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

TEST_CASE("a stem is the same whether its catalog is named for the first time, again, or after many others", "[layout]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> names = some_names(random, 500);

  for (int i = 0; i < 20'000; ++i) {
    const std::size_t recent = i % 3 == 0 ? 10 : names.size();  // Some are asked for again and again.
    const std::string& name = names[random() % recent];
    CAPTURE(name);
    REQUIRE(stem(name) == plain_stem(name));
  }
}

TEST_CASE("a stem is right on both sides of the lengths that are remembered", "[layout]") {
  for (std::size_t size = 0; size <= 300; ++size) {
    for (const char byte : {'a', 'A', ' '}) {
      const std::string name(size, byte);
      REQUIRE(stem(name) == plain_stem(name));
      REQUIRE(stem(name) == plain_stem(name));
      REQUIRE(stem(name).size() <= lake::layout::detail::longest_stem(size));
    }
  }
}

TEST_CASE("names that begin or end alike have stems of their own", "[layout]") {
  std::vector<std::string> names = {"a", "aa", "a/b", "a/b/c", "users", "users ", " users"};
  for (int i = 0; i < 200; ++i) names.push_back("tenants/" + std::to_string(i) + "/profile");

  for (int round = 0; round < 3; ++round) {
    for (const std::string& name : names) REQUIRE(stem(name) == plain_stem(name));
  }
}

TEST_CASE("threads name catalogs side by side", "[layout]") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([seed, &wrong] {
      std::mt19937 random(seed);
      const std::vector<std::string> names = some_names(random, 100);
      for (int i = 0; i < 2'000; ++i) {
        const std::string& name = names[random() % names.size()];
        if (stem(name) != plain_stem(name)) ++wrong;
      }
    });
  }
  for (std::thread& each : threads) each.join();

  CHECK(wrong == 0);
}

TEST_CASE("a catalog's name is refused by the length of its keys alike, long or short", "[layout]") {
  using lake::layout::documented;
  for (std::size_t size = 1; size <= 300; ++size) {
    for (const char byte : {'a', ' '}) {
      const std::string name(size, byte);
      const std::string encoded = lake::layout::enc(name);
      CHECK(documented::check_names(name).has_value() == (encoded.size() <= 255));
      CHECK(documented::check_names(name, {.segment_bytes = 1'000, .key_bytes = 200}).has_value() == (5 + encoded.size() + 64 <= 200));
    }
  }
}
