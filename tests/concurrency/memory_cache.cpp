#include <lake/cache/memory.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using lake::object_kind;

TEST_CASE("memory_cache stays within its budget at every moment while threads fill it") {
  constexpr std::size_t max_bytes = 300'000;
  const std::size_t shards = GENERATE(std::size_t{1}, std::size_t{8});
  CAPTURE(shards);
  lake::memory_cache cache({.max_bytes = max_bytes, .shards = shards});
  std::atomic<int> filling{3};
  std::atomic<std::size_t> found{0};
  std::vector<std::thread> threads;
  for (std::uint64_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&filling, &found, thread, own = cache]() mutable {
      for (std::uint64_t turn = 0; turn < 4'000; ++turn) {
        const std::string key = std::to_string(thread) + ' ' + std::to_string(turn);
        const auto kind = static_cast<object_kind>(1 + turn % 3);
        own.store(kind, key, std::make_shared<const std::string>((turn * 7919) % 60'000, 'x'));
        if (own.find(kind, std::to_string((thread + 1) % 3) + ' ' + std::to_string(turn)) != nullptr) ++found;
        if (turn % 16 == 0) own.forget(kind, key);
      }
      --filling;
    });
  }

  std::size_t most = 0;
  while (filling > 0) most = (std::max)(most, cache.stats().bytes);
  for (std::thread& thread : threads) thread.join();

  // Shards are looked at one after the other, so a sum may see an entry that went and the one that took its place.
  CHECK(most <= 2 * max_bytes);
  CHECK(cache.stats().bytes <= max_bytes);
  CHECK(cache.stats().bytes > 0);
  CHECK(cache.stats().hits == found);
}

TEST_CASE("threads that store bodies as large as the budget never wait for each other for ever") {
  constexpr std::size_t max_bytes = 100'000;
  lake::memory_cache cache({.max_bytes = max_bytes});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([thread, own = cache]() mutable {
      const auto large = std::make_shared<const std::string>(max_bytes - 1'000, 'x');
      for (int turn = 0; turn < 2'000; ++turn) own.store(object_kind::snapshot, std::to_string(thread) + ' ' + std::to_string(turn), large);
    });
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(cache.stats().entries <= 1);
}
