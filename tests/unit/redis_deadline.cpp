// How long an operation on Redis goes on: by the clock it was given, and to an end also where that clock stands still.
#include "support/catch.hpp"

#include <lake/detail/redis_deadline.hpp>
#include <lake/testing/manual_clock.hpp>

#include <chrono>
#include <cstdint>

using namespace std::chrono_literals;
using lake::detail::redis_deadline;

TEST_CASE("A deadline counts down by its clock and never below zero") {
  lake::testing::manual_clock clock;
  const lake::clock_source source = clock.source();
  const redis_deadline until(source, 100ms);

  CHECK(until.left() == 100ms);
  CHECK(until.left_for_poll() == 100);
  clock.advance(99ms);
  CHECK(until.left() == 1ms);
  CHECK(until.left_for_poll() == 1);
  CHECK_FALSE(until.passed());
  clock.advance(1ms);
  CHECK(until.passed());
  clock.advance(1h);
  CHECK(until.left() == 0us);
  CHECK(until.left_for_poll() == 0);
}

TEST_CASE("A bound inside a deadline never reaches beyond it, and lengths without sense are taken as zero or very long") {
  lake::testing::manual_clock clock;
  const lake::clock_source source = clock.source();
  const redis_deadline until(source, 100ms);

  CHECK(until.within(10ms).left() == 10ms);
  CHECK(until.within(10s).left() == 100ms);
  CHECK(redis_deadline(source, -5ms).passed());
  CHECK(redis_deadline(source, std::chrono::milliseconds::max()).left() > 24h);
  CHECK(redis_deadline(source, std::chrono::milliseconds::max()).left_for_poll() == 24 * 3600 * 1000);
}

TEST_CASE("Pauses between tries end, also with a clock that stands still") {
  lake::testing::manual_clock clock;
  const lake::clock_source source = clock.source();
  const lake::random_source least([] { return std::uint64_t{0}; });
  redis_deadline until(source, 20ms);

  int tries = 0;
  while (tries < 1'000 && until.back_off(least)) ++tries;

  CHECK(tries == 4);  // 1 + 2 + 4 + 8 ms, and then what is left
  CHECK(until.passed());
  CHECK_FALSE(until.back_off(least));
}
