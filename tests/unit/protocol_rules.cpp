// The rules of the index protocol on a log whose records are set by hand: exact ids, clocks and texts. What every index must do besides is
// in lake/testing/index_contract.hpp.
#include <lake/index/memory_log.hpp>
#include <lake/protocol/rules.hpp>
#include <lake/testing/index_describe.hpp>
#include <lake/testing/manual_clock.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lake::control_record;
using lake::id_run;
using lake::time_seq;
using lake::testing::describe;

constexpr std::int64_t now = 1'700'000'000;

/// One catalog, its clock at `now`, and a log over it.
struct bench {
  lake::testing::manual_clock clock;
  lake::clock_source source = clock.source();
  lake::detail::memory_catalogs catalogs = {};
  lake::index_timing timing = {};

  lake::detail::memory_log log() { return {catalogs, std::string_view("users"), source}; }
  control_record control() { return log().control().value_or(control_record{}); }
  void set_last(time_seq last) {
    control_record record;
    record.last = last;
    record.clk = record.mono = clock.wall().count();
    log().put_control(record);
  }
  std::string reserve(std::size_t count, std::uint8_t token = 1) {
    const std::vector<lake::member_spec> members(count, lake::member_spec{lake::merge_type::rfc7396, "/a"});
    auto on = log();
    const auto answer = lake::rules::reserve(on, {.catalog = "users", .token = {token}, .members = members}, timing);
    if (answer && answer->status == lake::reserve_status::reserved) return describe(answer->ids);
    return answer && answer->status == lake::reserve_status::overflow ? "overflow" : describe(answer);
  }
  std::string commit(id_run ids, std::uint8_t token = 1, const std::vector<lake::meta_entry>& meta = {}) {
    auto on = log();
    return describe(lake::rules::commit(on, {.catalog = "users", .ids = ids, .token = {token}, .meta = meta}, timing));
  }
  std::string dump() {
    std::string out;
    auto on = log();
    lake::append_dump(on, "users", out);
    return out;
  }
};

}  // namespace

TEST_CASE("the first id of a catalog is number 1 of the index's second") {
  bench on;

  CHECK(on.reserve(1) == "1700000000_1x1");
  CHECK(on.reserve(2, 2) == "1700000000_2x2");
  CHECK(on.control().last == time_seq{now, 3});
}

TEST_CASE("ids borrow from the next seconds up to the limit") {
  bench on;

  SECTION("the last second within the limit is used to its end") {
    on.set_last({now + 5, 999'998});
    CHECK(on.reserve(1) == "1700000005_999999x1");
    CHECK(on.reserve(1, 2) == "overflow");
  }
  SECTION("a run must end within the limit") {
    on.set_last({now + 5, 999'998});
    CHECK(on.reserve(2) == "overflow");
    CHECK(on.control().last == time_seq{now + 5, 999'998});
  }
  SECTION("a run crosses from second to second") {
    on.set_last({now + 1, 999'998});
    CHECK(on.reserve(3) == "1700000001_999999x3");
    CHECK(on.control().last == time_seq{now + 2, 2});
  }
  SECTION("time that passes gives room again") {
    on.set_last({now + 5, 999'999});
    CHECK(on.reserve(1) == "overflow");
    on.clock.advance(std::chrono::milliseconds{1'000});
    CHECK(on.reserve(1) == "1700000006_1x1");
  }
  SECTION("no id lies past the last timestamp of the format") {
    on.timing.borrow = std::chrono::milliseconds{9'000'000'000'000};
    on.set_last({time_seq::max_timestamp, 999'998});
    CHECK(on.reserve(2) == "overflow");
    CHECK(on.reserve(1) == "8589934591_999999x1");
    CHECK(on.reserve(1, 2) == "overflow");
  }
}

TEST_CASE("the logical clock goes on with the wall clock and stands still at its steps back") {
  bench on;
  on.reserve(1);
  const std::int64_t start = on.control().mono;

  on.clock.advance(std::chrono::milliseconds{10});
  on.reserve(1, 2);
  CHECK(on.control().mono == start + 10);

  on.clock.step(std::chrono::milliseconds{-5'000});
  on.reserve(1, 3);
  CHECK(on.control().mono == start + 10);
  CHECK(on.control().clk == start - 4'990);

  on.clock.advance(std::chrono::milliseconds{7});
  on.reserve(1, 4);
  CHECK(on.control().mono == start + 17);
}

TEST_CASE("a clock before 1970 counts as 1970") {
  bench on;
  on.clock.step(-on.clock.wall() - std::chrono::milliseconds{5});

  CHECK(on.reserve(1) == "0_1x1");
}

TEST_CASE("the id before an id is the one whose next it is") {
  CHECK(lake::detail::before({5, 7}) == time_seq{5, 6});
  CHECK(lake::detail::before({5, 1}) == time_seq{4, 999'999});
  CHECK(lake::detail::before({0, 1}) == time_seq{});
  CHECK(lake::next(lake::detail::before({5, 1})) == time_seq{5, 1});
}

TEST_CASE("runs count the ids they share across seconds") {
  const id_run run{{5, 999'998}, 4};

  CHECK(lake::detail::shared_ids(run, run) == 4);
  CHECK(lake::detail::shared_ids(run, id_run{{6, 1}, 10}) == 2);
  CHECK(lake::detail::shared_ids(run, id_run{{5, 999'999}, 2}) == 2);
}

TEST_CASE("a commit whose ids are partly pending is a corrupt index") {
  bench on;
  on.reserve(1, 1);
  on.reserve(2, 2);
  on.commit(id_run{{now, 1}, 1}, 1);

  CHECK(on.commit(id_run{{now, 1}, 2}, 2) == "error corrupt_index");
  CHECK(on.commit(id_run{{now, 2}, 2}, 2) == "#0 version 0_0");
}

TEST_CASE("heal starts six seconds ahead and fences all that was in flight") {
  bench on;
  on.reserve(1, 1);
  on.commit(id_run{{now, 1}, 1}, 1);
  on.reserve(1, 2);
  on.catalogs.find(std::string_view("users"))->second.control.reset();
  auto log = on.log();

  REQUIRE(lake::rules::heal(log, {.catalog = "users"}, on.timing));

  const control_record healed = on.control();
  CHECK(healed.closed == time_seq{now + 5, 999'999});
  CHECK(healed.forgotten == healed.closed);
  CHECK(healed.gen == time_seq{now + 6, 1});
  CHECK(healed.last == healed.gen);
  CHECK(healed.cleared == time_seq{});
  CHECK(healed.n == 2);
  CHECK(healed.clk == now * 1000);
  CHECK(healed.mono == (now + 6) * 1000);
  CHECK(on.reserve(1, 3) == "1700000006_2x1");
  CHECK(on.commit(id_run{{now, 2}, 1}, 2) == "#1 version 0_0");
}

TEST_CASE("heal starts above a log that is ahead of the clock, and restamps what its old clock stamped") {
  bench on;
  on.set_last({now + 1000, 5});
  on.timing.borrow = std::chrono::milliseconds{2'000'000};
  on.reserve(1, 1);
  on.commit(id_run{{now + 1000, 6}, 1}, 1);
  auto log = on.log();
  log.put_dead(lake::dead_kind::removed, {now, 1}, {lake::merge_type::replace, 9'000'000'000'000});
  log.put_object(lake::object_state::superseded, {now, 2}, {"/f", 9'000'000'000'000});
  on.catalogs.find(std::string_view("users"))->second.control.reset();
  auto healing = on.log();

  REQUIRE(lake::rules::heal(healing, {.catalog = "users"}, on.timing));

  CHECK(on.control().last == time_seq{now + 1000, 7});
  CHECK(on.control().mono == (now + 1000) * 1000);
  CHECK(healing.find_dead(lake::dead_kind::removed, {now, 1})->mono == on.control().mono);
  CHECK(healing.find_object(lake::object_state::superseded, {now, 2})->mono == on.control().mono);
}

TEST_CASE("without a control record files cannot be touched") {
  bench on;
  on.reserve(1);
  auto log = on.log();
  log.put_file("/f", lake::file_record{.id = {1, 1}, .bytes = 1, .digest = 2, .meta = ""});
  on.catalogs.find(std::string_view("users"))->second.control.reset();

  CHECK(describe(lake::rules::drop_file(log, "users", "/f")) == "error corrupt_index");
  CHECK(describe(lake::rules::put_file(log, "users", "/f", lake::file_record{.id = {1, 2}, .bytes = 1, .digest = 2, .meta = ""})) == "#1");
  CHECK(describe(lake::rules::issue_id(log, "users", "/f", on.timing)) ==
        describe(lake::issue_answer{.status = lake::issue_status::no_control}));
  CHECK(describe(lake::rules::remove_members(log, "users", {}, on.timing)) == "error corrupt_index");
}

TEST_CASE("a sample must be a finite number") {
  bench on;
  auto log = on.log();

  CHECK(describe(lake::rules::store_sample(log, "users", "i", std::numeric_limits<double>::quiet_NaN())) == "error invalid_argument");
  CHECK(describe(lake::rules::store_sample(log, "users", "i", std::numeric_limits<double>::infinity())) == "error invalid_argument");
  CHECK(on.dump().empty());
}

TEST_CASE("the dump names every fact on a line of its own") {
  bench on;
  on.reserve(1, 1);
  on.commit(id_run{{now, 1}, 1}, 1, {{"k\n\"", "1"}});
  on.reserve(2, 2);
  auto log = on.log();
  log.put_dead(lake::dead_kind::killed, {now, 9}, {lake::merge_type::rfc6902, 5});
  log.put_snapshot(lake::snapshot_set::removed, {{}, {3, 4}, {5, 6}, 7, 8, 255});
  log.put_file("/f", lake::file_record{.id = {1, 2}, .bytes = 3, .digest = 4, .meta = "{}"});
  log.put_object(lake::object_state::writing, {1, 3}, {"/g", 11});
  log.put_sample("s", 1.0);

  CHECK(on.dump() ==
        "\"users\" last 1700000000_3\n"
        "\"users\" closed 0_0\n"
        "\"users\" cleared 0_0\n"
        "\"users\" gen 0_0\n"
        "\"users\" forgotten 0_0\n"
        "\"users\" stop 0_0\n"
        "\"users\" n 3\n"
        "\"users\" ns 0\n"
        "\"users\" clk 1700000000000\n"
        "\"users\" mono 1700000000000\n"
        "\"users\" delta|2|/a|1700000000_1\n"
        "\"users\" pending|delta|2|/a|1700000000_2\n"
        "\"users\" pending|delta|2|/a|1700000000_3\n"
        "\"users\" p:1700000000_2 1700000000000|02000000000000000000000000000000|1700000000_2|2\n"
        "\"users\" g:0_0|3_4 5_6|7|8|00000000000000ff\n"
        "\"users\" x:1700000000_9 3|5\n"
        "\"users\" file \"/f\" 1_2|3|0000000000000004|\"{}\"\n"
        "\"users\" f:1_3 11|\"/g\"\n"
        "\"users\" meta \"k\\x0a\\x22\" \"1\" 1700000000_1\n"
        "\"users\" sample \"s\" 3ff0000000000000\n");
}
