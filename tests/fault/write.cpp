// Every row of the failure table of writes, provoked: what the caller gets, and what is left behind, by full dumps.
#include "fault/support.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

using lake_test::faulty_world;
using lake_test::milliseconds;

constexpr auto always = lake::fault_rule::until_cleared;

bool tells(const lake::error& story, std::string_view piece) { return story.to_string().find(piece) != std::string::npos; }

}  // namespace

TEMPLATE_TEST_CASE("A reserve that fails leaves nothing", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string index_before = world.index_dump();
  const std::string storage_before = world.storage_dump();

  SECTION("for good") {
    world.plan.fail({.operation = "reserve", .code = lake::errc::io});

    const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

    REQUIRE(!written);
    CHECK(written.error().code == lake::errc::io);
    CHECK(tells(written.error(), "not written"));
    CHECK(world.plan.calls("reserve") == 2);
  }
  SECTION("for longer than it is repeated") {
    world.plan.fail({.operation = "reserve", .times = always, .code = lake::errc::unavailable});

    const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

    REQUIRE(!written);
    CHECK(written.error().code == lake::errc::unavailable);
    CHECK(written.error().retryable());
  }
  CHECK(world.index_dump() == index_before);
  CHECK(world.storage_dump() == storage_before);
  world.plan.clear();
  CHECK(db.read_string("users") == R"({"a":1})");
}

TEMPLATE_TEST_CASE("A reserve whose reply is lost is repeated with its token and reserves once", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  world.plan.fail({.operation = "reserve", .mode = lake::fault_mode::after});

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "1"});

  REQUIRE(written);
  CHECK(world.plan.calls("reserve") == 2);
  CHECK(world.count_in_log("delta|") == 1);
  CHECK(world.count_in_log("pending|") == 0);
  CHECK(db.read_string("users") == R"({"a":1})");
}

TEMPLATE_TEST_CASE("A store that fails leaves nothing but a dead record", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string log_before = world.log_dump();
  const std::string storage_before = world.storage_dump();
  const auto mode = GENERATE(lake::fault_mode::before, lake::fault_mode::after);
  INFO("the object was " << (mode == lake::fault_mode::before ? "not put" : "put, the reply lost"));
  world.plan.fail({.operation = "create", .mode = mode, .code = lake::errc::io});

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "2", .meta = R"({"by":"me"})"});

  REQUIRE(!written);
  CHECK(written.error().code == lake::errc::io);
  CHECK(tells(written.error(), "not written"));
  CHECK(world.log_dump() == log_before);
  CHECK(world.storage_dump() == storage_before);
  CHECK(db.list("users").read_string() == R"({"a":1})");
  CHECK(db.meta("users") == "{}");
}

TEMPLATE_TEST_CASE("A store and a rollback that fail leave a pending member that ages out", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string log_before = world.log_dump();
  const std::string storage_before = world.storage_dump();
  world.plan.fail({.operation = "create", .mode = lake::fault_mode::after, .code = lake::errc::io});
  world.plan.fail({.operation = "rollback", .times = always, .code = lake::errc::access_denied});

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

  REQUIRE(!written);
  CHECK(written.error().code == lake::errc::io);
  CHECK(written.error().causes.size() == 2);
  CHECK(tells(written.error(), "io"));
  CHECK(tells(written.error(), "access_denied"));
  CHECK(world.count_in_log("pending|") == 1);
  CHECK(world.storage_dump() != storage_before);
  world.plan.clear();
  CHECK(db.list("users").has_pending());
  CHECK(db.list("users").read_string().error().code == lake::errc::pending_write);

  world.clock.advance(milliseconds{120'001});
  CHECK(db.list("users").read_string() == R"({"a":1})");
  const auto cleared = db.clear_history("users", {.grace = milliseconds{1'000'000}});
  REQUIRE(cleared);
  CHECK(cleared->removed.pendings == 1);
  CHECK(world.count_in_log("pending|") == 0);
  CHECK(world.count_in_log("delta|") == 1);
  CHECK(log_before.find("delta|") != std::string::npos);
  // Only the snapshot that the clear made is new.
  CHECK(world.storage_dump().find(storage_before.substr(0, storage_before.find('\n'))) != std::string::npos);
}

TEMPLATE_TEST_CASE("A commit whose reply is lost is asked again and answered truly", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  const auto mode = GENERATE(lake::fault_mode::before, lake::fault_mode::after);
  const std::size_t times = GENERATE(1U, 5U);
  CAPTURE(static_cast<int>(mode), times);
  world.plan.fail({.operation = "commit", .times = times, .mode = mode});

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "1"});

  REQUIRE(written);
  CHECK(world.plan.calls("commit") == times + 1);
  CHECK(world.count_in_log("delta|") == 1);
  CHECK(db.read_string("users") == R"({"a":1})");
  CHECK(db.committed("users", *written) == true);
}

TEMPLATE_TEST_CASE("At the deadline of an unanswered commit the rollback decides", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string log_before = world.log_dump();
  const std::string storage_before = world.storage_dump();

  SECTION("not written, if no commit took effect") {
    world.plan.fail({.operation = "commit", .times = always});

    const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

    REQUIRE(!written);
    CHECK(tells(written.error(), "not written"));
    CHECK(world.log_dump() == log_before);
    CHECK(world.storage_dump() == storage_before);
  }
  SECTION("written, if one did") {
    world.plan.fail({.operation = "commit", .times = always, .mode = lake::fault_mode::after});

    const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

    REQUIRE(written);
    world.plan.clear();
    CHECK(db.read_string("users") == R"({"a":2})");
  }
}

TEMPLATE_TEST_CASE("An index that stays away leaves an unknown outcome that can be asked for later", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const auto mode = GENERATE(lake::fault_mode::before, lake::fault_mode::after);
  CAPTURE(static_cast<int>(mode));
  world.plan.fail({.operation = "commit", .times = always, .mode = mode});
  world.plan.fail({.operation = "rollback", .times = always});

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

  REQUIRE(!written);
  CHECK(written.error().code == lake::errc::outcome_unknown);
  REQUIRE(written.error().id);
  const lake::time_seq id = *written.error().id;
  world.plan.clear();
  if (mode == lake::fault_mode::after) {
    CHECK(db.committed("users", id) == true);
    CHECK(db.read_string("users") == R"({"a":2})");
  } else {
    CHECK(db.committed("users", id).error().code == lake::errc::outcome_unknown);  // still pending
    world.clock.advance(milliseconds{120'001});
    CHECK(db.read_string("users") == R"({"a":1})");
    REQUIRE(db.clear_history("users", {.grace = milliseconds{1'000'000}}));
    CHECK(db.committed("users", id) == false);
  }
}

TEMPLATE_TEST_CASE("A writer that dies between store and commit leaves a pending member and a body", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  {
    auto db = world.open();
    db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  }
  const std::string storage_before = world.storage_dump();
  {
    auto dying = world.open();
    world.plan.before_each([&](std::string_view operation, std::size_t) {
      if (operation == "commit") world.plan.crash();
    });
    CHECK(!dying.write({.catalog = "users", .path = "/a", .body = "2"}));
  }
  world.plan.clear();
  auto db = world.open();

  CHECK(world.count_in_log("pending|") == 1);
  CHECK(world.storage_dump().size() > storage_before.size());
  CHECK(db.list("users").has_pending());
  CHECK(db.list("users", {.pending = lake::pending::committed_prefix{}}).read_string() == R"({"a":1})");
  world.clock.advance(milliseconds{120'001});
  CHECK(db.read_string("users") == R"({"a":1})");
  REQUIRE(db.clear_history("users", {.grace = milliseconds{0}}));
  CHECK(world.count_in_log("pending|") == 0);
  CHECK(db.read_string("users") == R"({"a":1})");
  CHECK(world.storage_dump().find("/delta/") == std::string::npos);
}

TEMPLATE_TEST_CASE("A writer slower than the pending timeout is fenced and writes once, under a new id", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open({.clear = {.grace = std::chrono::hours{2}}, .deadline = std::chrono::hours{1}});
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string storage_before = world.storage_dump();
  bool slow = true;
  world.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation != "create" || !slow) return;
    slow = false;
    world.clock.advance(milliseconds{121'000});
    // A reader relies on the pending member being expired: from now on it may never be committed.
    CHECK(db.list("users").read_string() == R"({"a":1})");
  });

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

  REQUIRE(written);
  CHECK(world.plan.calls("reserve") == 3);
  CHECK(world.count_in_log("delta|") == 2);
  CHECK(world.count_in_log("pending|") == 0);
  CHECK(db.read_string("users") == R"({"a":2})");
  const std::string storage_after = world.storage_dump();
  CHECK(std::count(storage_after.begin(), storage_after.end(), '\n') == std::count(storage_before.begin(), storage_before.end(), '\n') + 1);
}

TEMPLATE_TEST_CASE("A body that stands under a re-issued id is left alone", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(world.clock.wall()).count();
  const std::string taken = lake::layout::documented::delta_key(lake::storage_kind::memory, "users", {second, 2}, lake::merge_type::replace);
  world.storage().create(taken, "somebody else's bytes").value();

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"});

  REQUIRE(written);
  CHECK(*written == lake::time_seq{second, 3});
  CHECK(**world.storage().get(taken) == "somebody else's bytes");
  CHECK(db.read_string("users") == R"({"a":2})");
}

TEMPLATE_TEST_CASE("A batch of which one body fails is rolled back whole", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string log_before = world.log_dump();
  const std::string storage_before = world.storage_dump();
  const std::size_t failing = GENERATE(1U, 2U, 3U);
  CAPTURE(failing);
  world.plan.fail({.operation = "create", .nth = failing, .mode = lake::fault_mode::after, .code = lake::errc::io});
  const std::vector<lake::write_request> batch{
      {.catalog = "users", .path = "/a", .body = "2"}, {.catalog = "users", .path = "/b", .body = "3"}, {.catalog = "users", .path = "/c", .body = "4"}};

  SECTION("write_batch") {
    const auto written = db.write_batch(batch);

    REQUIRE(!written);
    CHECK(written.error().code == lake::errc::io);
  }
  SECTION("write_many") {
    const auto written = db.write_many(batch);

    REQUIRE(written.size() == 3);
    for (const auto& each : written) CHECK(!each);
  }
  CHECK(world.log_dump() == log_before);
  CHECK(world.storage_dump() == storage_before);
  CHECK(db.read_string("users") == R"({"a":1})");
}

TEMPLATE_TEST_CASE("Lost replies in write_many write each request once", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  const std::string operation = GENERATE("reserve_many", "commit_many", "create");
  const auto mode = GENERATE(lake::fault_mode::before, lake::fault_mode::after);
  CAPTURE(operation, static_cast<int>(mode));
  std::vector<lake::write_request> requests;
  for (int i = 0; i < 6; ++i) {
    requests.push_back({.catalog = "c" + std::to_string(i % 3), .path = "/k" + std::to_string(i), .body = std::to_string(i)});
  }
  REQUIRE(!db.list("c0").exists());  // Opens the lake: from here on `create` is a body's.
  world.plan.fail({.operation = operation, .mode = mode});

  const auto written = db.write_many(requests);

  // A lost store is an honest failure of its catalog; lost index replies are repeated.
  const std::size_t failed = operation == "create" ? 2 : 0;
  CHECK(static_cast<std::size_t>(std::count_if(written.begin(), written.end(), [](const auto& each) { return !each; })) == failed);
  CHECK(world.count_in_log("delta|") == 6 - failed);
  CHECK(world.count_in_log("pending|") == 0);
  CHECK(db.read_string("c2") == R"({"k2":2,"k5":5})");
}

TEMPLATE_TEST_CASE("A cancelled write is not written and leaves nothing", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string log_before = world.log_dump();
  const std::string storage_before = world.storage_dump();
  std::stop_source stop;
  world.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation == "create") stop.request_stop();
  });

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "2"}, lake::call_options{.stop = stop.get_token()});

  REQUIRE(!written);
  CHECK(written.error().code == lake::errc::cancelled);
  CHECK(world.log_dump() == log_before);
  CHECK(world.storage_dump() == storage_before);
}
