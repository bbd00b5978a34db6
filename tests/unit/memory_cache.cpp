#include <lake/cache/memory.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

using lake::object_kind;
using std::chrono::milliseconds;

namespace {

lake::body_ptr body_of(std::size_t bytes) { return std::make_shared<const std::string>(bytes, '.'); }

struct hand_time {
  std::shared_ptr<milliseconds> passed = std::make_shared<milliseconds>(1'000);
  lake::clock_source source() const {
    return lake::clock_source({}, [at = passed] { return std::chrono::steady_clock::time_point(*at); });
  }
};

}  // namespace

TEST_CASE("memory_cache gives the very body that was stored") {
  lake::memory_cache cache;
  const lake::body_ptr stored = body_of(100);
  cache.store(object_kind::delta, "key", stored);

  CHECK(cache.find(object_kind::delta, "key") == stored);
}

TEST_CASE("memory_cache keeps a body as large as nearly the whole budget, whatever the number of shards") {
  lake::memory_cache cache({.max_bytes = 1'000'000, .shards = 64});
  cache.store(object_kind::snapshot, "large", body_of(999'000));

  CHECK(cache.find(object_kind::snapshot, "large") != nullptr);
}

TEST_CASE("memory_cache makes room by what was used longest ago, across shards and kinds") {
  lake::memory_cache cache({.max_bytes = 10'000});
  cache.store(object_kind::snapshot, "a", body_of(2'000));
  cache.store(object_kind::delta, "b", body_of(2'000));
  cache.store(object_kind::file, "c", body_of(2'000));
  cache.store(object_kind::delta, "d", body_of(2'000));
  REQUIRE(cache.find(object_kind::snapshot, "a") != nullptr);

  cache.store(object_kind::delta, "e", body_of(4'000));

  CHECK(cache.find(object_kind::snapshot, "a") != nullptr);
  CHECK(cache.find(object_kind::delta, "b") == nullptr);
  CHECK(cache.find(object_kind::file, "c") == nullptr);
  CHECK(cache.find(object_kind::delta, "d") != nullptr);
  CHECK(cache.find(object_kind::delta, "e") != nullptr);
  CHECK(cache.stats().evictions == 2);
}

TEST_CASE("a body that stays in use keeps its place among many others") {
  lake::memory_cache cache({.max_bytes = 100'000});
  const lake::body_ptr favourite = body_of(1'000);
  cache.store(object_kind::snapshot, "favourite", favourite);

  for (std::size_t i = 0; i < 5'000; ++i) {
    cache.store(object_kind::delta, "key " + std::to_string(i), body_of(1'000));
    REQUIRE(cache.find(object_kind::snapshot, "favourite") == favourite);
  }
}

TEST_CASE("memory_cache counts what it holds, and lets go of all of it") {
  lake::memory_cache cache({.max_bytes = 100'000});
  for (std::size_t i = 0; i < 1'000; ++i) {
    cache.store(object_kind::delta, "key " + std::to_string(i), body_of(i));
    REQUIRE(cache.stats().bytes <= 100'000);
  }
  for (std::size_t i = 0; i < 1'000; ++i) cache.forget(object_kind::delta, "key " + std::to_string(i));

  CHECK(cache.stats().bytes == 0);
  CHECK(cache.stats().entries == 0);
  cache.store(object_kind::delta, "as large as allowed", body_of(99'000));
  CHECK(cache.stats().entries == 1);
}

TEST_CASE("small entries count what they cost besides their bytes") {
  lake::memory_cache cache({.max_bytes = 100'000});
  for (std::size_t i = 0; i < 10'000; ++i) cache.store(object_kind::delta, std::to_string(i), body_of(0));

  CHECK(cache.stats().entries < 1'000);
}

TEST_CASE("memory_cache counts hits, misses and expirations") {
  const hand_time time;
  lake::memory_cache cache({.ttl = milliseconds{10}, .clock = time.source()});
  cache.store(object_kind::delta, "key", body_of(1));
  CHECK(cache.find(object_kind::delta, "key") != nullptr);
  CHECK(cache.find(object_kind::delta, "other") == nullptr);
  *time.passed += milliseconds{10};
  CHECK(cache.find(object_kind::delta, "key") == nullptr);

  const lake::memory_cache_stats stats = cache.stats();

  CHECK(stats.hits == 1);
  CHECK(stats.misses == 2);
  CHECK(stats.expirations == 1);
  CHECK(stats.evictions == 0);
  CHECK(stats.entries == 0);
}

TEST_CASE("one time to live overrides those of the kinds") {
  const hand_time time;
  lake::memory_cache cache({.ttl = milliseconds{50}, .clock = time.source()});
  cache.store(object_kind::snapshot, "key", body_of(1));
  cache.store(object_kind::delta, "key", body_of(1));

  *time.passed += milliseconds{49};
  CHECK(cache.find(object_kind::snapshot, "key") != nullptr);
  CHECK(cache.find(object_kind::delta, "key") != nullptr);
  *time.passed += milliseconds{1};
  CHECK(cache.find(object_kind::snapshot, "key") == nullptr);
  CHECK(cache.find(object_kind::delta, "key") == nullptr);
}

TEST_CASE("times to live at the ends of their range neither overflow nor surprise") {
  const hand_time time;
  lake::memory_cache for_ever({.ttl = (milliseconds::max)(), .clock = time.source()});
  lake::memory_cache never({.ttl = (milliseconds::min)(), .clock = time.source()});
  for_ever.store(object_kind::delta, "key", body_of(1));
  never.store(object_kind::delta, "key", body_of(1));
  *time.passed += std::chrono::hours(24 * 365 * 50);

  CHECK(for_ever.find(object_kind::delta, "key") != nullptr);
  CHECK(never.find(object_kind::delta, "key") == nullptr);
}

TEST_CASE("storing again makes an entry younger, finding it does not") {
  const hand_time time;
  lake::memory_cache cache({.ttl = milliseconds{10}, .clock = time.source()});
  cache.store(object_kind::delta, "stored again", body_of(1));
  cache.store(object_kind::delta, "found", body_of(1));
  *time.passed += milliseconds{9};
  cache.store(object_kind::delta, "stored again", body_of(1));
  CHECK(cache.find(object_kind::delta, "found") != nullptr);
  *time.passed += milliseconds{1};

  CHECK(cache.find(object_kind::delta, "stored again") != nullptr);
  CHECK(cache.find(object_kind::delta, "found") == nullptr);
}

TEST_CASE("a memory_cache without budget keeps nothing") {
  lake::memory_cache cache({.max_bytes = 0});
  cache.store(object_kind::delta, "key", body_of(1));

  CHECK(cache.find(object_kind::delta, "key") == nullptr);
}
