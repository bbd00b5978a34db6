// Options and what they are made of: snapshot policies, clocks, randomness, the bound of a call.
#include <lake/core/clock.hpp>
#include <lake/core/deadline.hpp>
#include <lake/core/options.hpp>
#include <lake/core/random.hpp>
#include <lake/testing/manual_clock.hpp>

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;

TEST_CASE("the defaults are those of the contract", "[options]") {
  const lake::lake_options options;
  CHECK(options.name == "lake");
  CHECK(options.pending_timeout == 120s);
  CHECK(std::get<lake::pending::wait>(options.read_pending).timeout == 2s);
  CHECK(options.workers == 10);
  CHECK(options.document_cache_bytes == 64U << 20U);
  CHECK(options.deadline == 30s);
  CHECK(options.clear.keep_snaps == 0);
  CHECK(options.clear.grace == 60s);
  CHECK(options.deadline < options.clear.grace);
  CHECK(options.limits.catalog_bytes == 1'024);
  CHECK(options.limits.path_bytes == 4'096);
  CHECK(options.limits.body_bytes == 1U << 30U);
  CHECK(options.limits.meta_bytes == 1U << 20U);
  CHECK(options.limits.deltas_per_list == 100'000);
  CHECK(options.limits.batch == 10'000);
  CHECK(options.limits.depth == 1'000);
  CHECK(!options.limits.refuse_duplicate_keys);
  CHECK(!options.on_event);
  CHECK(!options.executor);
  const lake::list_options listing;
  CHECK(std::holds_alternative<lake::pending::fail>(listing.pending));
  CHECK(listing.unappliable == lake::unappliable::fail);
  CHECK(!listing.as_of);
}

TEST_CASE("a snapshot policy says when a read saves its document", "[options]") {
  using lake::snapshot_policy;
  CHECK(snapshot_policy::always().due(1, 1, 1'000'000));
  CHECK(!snapshot_policy::always().due(0, 0, 10));
  CHECK(!snapshot_policy::never().due(1'000, 1'000, 1));
  const snapshot_policy some = snapshot_policy::after(64, 0.25);
  CHECK(!some.due(63, 24, 100));
  CHECK(some.due(64, 1, 100));
  CHECK(some.due(1, 25, 100));
  CHECK(!some.due(0, 25, 100));
  CHECK(!snapshot_policy::after(64, 0).due(63, 1'000, 1));
  CHECK(snapshot_policy::after(64, 0).due(64, 0, 1));
  CHECK(lake::lake_options{}.snapshots.due(1, 1, 1'000));
}

TEST_CASE("a clock is the system's, or what is injected", "[options]") {
  const lake::clock_source system;
  const auto before = std::chrono::system_clock::now();
  CHECK(system.now() >= before);
  CHECK(system.now_ms() >= std::chrono::duration_cast<std::chrono::milliseconds>(before.time_since_epoch()).count());

  lake::testing::manual_clock hand(5'000ms);
  const lake::clock_source source = hand.source();
  const auto steady = source.steady();
  CHECK(source.now_ms() == 5'000);
  hand.advance(250ms);
  CHECK(source.now_ms() == 5'250);
  CHECK(source.steady() - steady == 250ms);
  hand.step(-1'000ms);
  CHECK(source.now_ms() == 4'250);
  CHECK(source.steady() - steady == 250ms);
  CHECK(hand.wall() == 4'250ms);

  const lake::clock_source wall_only([] { return std::chrono::system_clock::time_point(7ms); });
  CHECK(wall_only.now_ms() == 7);
  const auto asked = wall_only.steady();
  CHECK(asked <= std::chrono::steady_clock::now());
}

TEST_CASE("random bits differ, in one thread and between threads, unless they are injected", "[options]") {
  const lake::random_source random;
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 1'000; ++i) seen.insert(random.bits128());
  std::array<std::uint8_t, 16> elsewhere{};
  std::thread([&] { elsewhere = random.bits128(); }).join();
  seen.insert(elsewhere);
  CHECK(seen.size() == 1'001);

  std::uint64_t next = 0;
  const lake::random_source counted([&] { return ++next; });
  const std::array<std::uint8_t, 16> bits = counted.bits128();
  CHECK(bits[0] == 1);
  CHECK(bits[8] == 2);
  CHECK(counted() == 3);
}

TEST_CASE("a number below a bound is below it, and reaches all of them", "[options]") {
  const lake::random_source random;
  std::vector<int> hits(7);
  for (int i = 0; i < 2'000; ++i) {
    const std::uint64_t drawn = random.below(7);
    REQUIRE(drawn < 7);
    ++hits[static_cast<std::size_t>(drawn)];
  }
  for (const int count : hits) CHECK(count > 0);
  CHECK(random.below(1) == 0);
  CHECK(lake::random_source([] { return ~std::uint64_t{0}; }).below(10) == 9);
  CHECK(lake::random_source([] { return std::uint64_t{0}; }).below(10) == 0);
}

TEST_CASE("a call ends by its deadline or its stop token", "[options]") {
  lake::testing::manual_clock hand;
  std::chrono::nanoseconds slept{0};
  lake::lake_options options;
  options.clock = hand.source();
  options.random = lake::random_source([] { return ~std::uint64_t{0}; });
  options.executor = lake::executor_ref(lake::executor_functions{.spawn = [](std::function<void()>) {},
                                                                 .sleep = [&](std::chrono::nanoseconds duration) { slept = duration; },
                                                                 .wait = {},
                                                                 .wake = {}});
  std::stop_source stop;
  const lake::detail::deadline own(options, options.executor, lake::call_options{.deadline = 100ms, .stop = stop.get_token()});
  const lake::detail::deadline general(options, options.executor, lake::call_options{});

  CHECK(own.check("op", "subject").has_value());
  own.back_off(0);
  CHECK(slept > 0us);
  CHECK(slept <= 1ms);
  own.back_off(6);
  CHECK(slept > 32ms);
  CHECK(slept <= 64ms);
  own.back_off(1'000);
  CHECK(slept <= 64ms);
  hand.advance(95ms);
  own.back_off(6);
  CHECK(slept == 5ms);
  hand.advance(5ms);
  CHECK(own.passed());
  CHECK(own.check("op", "subject").error().code == lake::errc::timeout);
  CHECK(own.check("op", "subject").error().subject == "subject");
  CHECK(!general.passed());
  hand.advance(30s);
  CHECK(general.passed());
  stop.request_stop();
  CHECK(own.check("op", "subject").error().code == lake::errc::cancelled);
}
