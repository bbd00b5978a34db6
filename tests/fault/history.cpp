// Crashes and failures at every step of what removes or replaces things: nothing needed is lost, and the next call finishes the work.
#include "fault/support.hpp"
#include "support/catch.hpp"

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lake_test::faulty_world;
using lake_test::in_memory;
using lake_test::milliseconds;

constexpr auto always = lake::fault_rule::until_cleared;

/// A catalog with two snapshots, deltas above them, a superseded file and an expired pending member.
template <class World, class Lake>
std::string make_history(World& world, Lake& db) {
  for (int i = 0; i < 4; ++i) db.write({.catalog = "users", .path = "/k" + std::to_string(i), .body = std::to_string(i)}).value();
  db.take_snapshot("users").value();
  db.write({.catalog = "users", .path = "/k1", .body = R"({"x":1.0})"}).value();
  db.take_snapshot("users").value();
  db.write({.catalog = "users", .path = "/k1", .body = R"({"y":1e2})", .merge = lake::merge_type::rfc7396}).value();
  db.write_file({.catalog = "users", .path = "/a.bin", .body = "old"}).value();
  db.write_file({.catalog = "users", .path = "/a.bin", .body = "new"}).value();
  world.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation == "commit") world.plan.crash();
  });
  CHECK(!db.write({.catalog = "users", .path = "/lost", .body = "0"}));
  world.plan.clear();
  world.clock.advance(milliseconds{200'000});
  return db.read_string("users").value();
}

const lake::clear_options at_once{.grace = milliseconds{0}};

}  // namespace

TEMPLATE_TEST_CASE("A crash at any step of clear_history is finished by the next call", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  std::string clean_storage;
  std::string clean_log;
  {
    faulty_world<TestType> world;
    auto db = world.open();
    make_history(world, db);
    db.clear_history("users", at_once).value();
    clean_storage = world.storage_dump();
    clean_log = world.log_dump();
  }
  // Steps are counted over both policies; one more than there are ends the loop.
  bool crashed = true;
  std::size_t steps = 0;
  for (std::size_t step = 1; crashed; ++step) {
    faulty_world<TestType> world;
    std::string document;
    {
      auto db = world.open();
      document = make_history(world, db);
      std::size_t at = 0;
      crashed = false;
      world.plan.before_each([&](std::string_view, std::size_t) {
        if (++at < step || crashed) return;
        crashed = true;
        world.plan.crash();
      });
      static_cast<void>(db.clear_history("users", at_once));  // its outcome is the crash
      world.plan.clear();
    }
    auto db = world.open();
    INFO("crash at step " << step);
    CHECK(db.read_string("users") == document);
    const auto finished = db.clear_history("users", at_once);
    REQUIRE(finished);
    CHECK(finished->failures.empty());
    CHECK(db.read_string("users") == document);
    const auto lines = [](const std::string& dump) { return std::count(dump.begin(), dump.end(), '\n'); };
    CHECK(lines(world.storage_dump()) == lines(clean_storage));
    CHECK(lines(world.log_dump()) == lines(clean_log));
    CHECK(db.read_file("users", "/a.bin") == "new");
    steps = step;
  }
  CHECK(steps > 10);
}

TEMPLATE_TEST_CASE("A body that cannot be removed keeps its member, and the error is in the result", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  const std::string document = make_history(world, db);
  world.plan.fail({.operation = "remove", .nth = 2, .code = lake::errc::access_denied});

  const auto first = db.clear_history("users", at_once);
  const std::size_t left = world.count_in_log("delta|");
  const auto second = db.clear_history("users", at_once);

  REQUIRE(first);
  REQUIRE(first->failures.size() == 1);
  CHECK(first->failures.front().code == lake::errc::access_denied);
  CHECK(left == 2);  // The one that resisted, and the one above the cut.
  REQUIRE(second);
  CHECK(second->failures.empty());
  CHECK(world.count_in_log("delta|") == 1);
  CHECK(db.read_string("users") == document);
}

TEMPLATE_TEST_CASE("Nothing is removed when the snapshot cannot be read back", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  make_history(world, db);
  const lake::snapshot newest = db.take_snapshot("users").value();
  const std::string key = lake::layout::documented::snapshot_key(lake::storage_kind::memory, "users", newest.start, newest.stop, {});
  std::string damaged = **world.storage().get(key);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  world.storage().put(key, damaged).value();
  const std::string log_before = world.log_dump();
  // Names only: a read that met the damage may mend the snapshot in the background.
  const auto names = [](const std::string& dump) {
    std::istringstream lines{dump};
    std::string all;
    for (std::string line; std::getline(lines, line);) all += line.substr(line.rfind(' ') + 1) + '\n';
    return all;
  };
  const std::string names_before = names(world.storage_dump());

  const auto cleared = db.clear_history("users", at_once);

  REQUIRE(!cleared);
  CHECK(cleared.error().code == lake::errc::corrupt_body);
  CHECK(world.log_dump() == log_before);
  CHECK_FALSE(names_before.empty());
  CHECK(names(world.storage_dump()) == names_before);
}

TEMPLATE_TEST_CASE("A crash at any step of remove_catalog shows the whole document or none, and is finished by the next call", "[fault]",
                   LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  bool crashed = true;
  for (std::size_t step = 1; crashed; ++step) {
    faulty_world<TestType> world;
    std::string document;
    std::string others;
    {
      auto db = world.open();
      db.write({.catalog = "others", .body = "1"}).value();
      others = world.storage_dump();
      document = make_history(world, db);
      std::size_t at = 0;
      crashed = false;
      world.plan.before_each([&](std::string_view, std::size_t) {
        if (++at < step || crashed) return;
        crashed = true;
        world.plan.crash();
      });
      static_cast<void>(db.remove_catalog("users"));  // its outcome is the crash
      world.plan.clear();
    }
    auto db = world.open();
    INFO("crash at step " << step);
    const std::string seen = db.read_string("users").value();
    CHECK((seen == document || seen == "{}"));
    REQUIRE(db.remove_catalog("users"));
    CHECK(db.read_string("users") == "{}");
    CHECK(db.files_and_meta("users") == "{}");
    // The body of the write that died waits for its horizon, in case it arrives late.
    world.clock.advance(std::chrono::hours{25});
    REQUIRE(db.clear_history("users", at_once));
    CHECK(world.storage_dump() == others);
  }
}

TEMPLATE_TEST_CASE("A background snapshot that fails reaches the hook and no reader", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  const std::string operation = GENERATE("create", "publish_snapshot");
  CAPTURE(operation);
  lake::fault_plan plan = world.plan;
  auto quiet = world.open();
  quiet.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  std::mutex mutex;
  std::vector<std::string> failures;
  lake::lake_options options{.snapshots = lake::snapshot_policy::always(), .document_cache_bytes = 0, .on_event = [&](const lake::event& what) {
                               if (what.kind != lake::event_kind::background_failed) return;
                               const std::lock_guard lock(mutex);
                               failures.push_back(std::string(what.subject) + ": " + what.reason->to_string());
                             }};
  options.clock = world.clock.source();
  options.executor = lake_test::sleepless(world.clock);
  lake::basic_lake db(options, quiet.index(), quiet.storage());
  REQUIRE(!db.list("nobody").exists());
  plan.fail({.operation = operation, .code = lake::errc::io});

  CHECK(db.read_string("users") == R"({"a":1})");
  db.flush();

  REQUIRE(failures.size() == 1);
  CHECK(failures.front().find("users: ") == 0);
  CHECK(failures.front().find("as planned") != std::string::npos);
  CHECK(db.stats().snapshots_failed == 1);
  CHECK(db.read_string("users") == R"({"a":1})");
  db.flush();
  CHECK(db.list("users").latest_snapshot().has_value());
}

TEMPLATE_TEST_CASE("History cleared between the list and the load is listed again, once", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  auto other = world.open();
  for (int i = 0; i < 3; ++i) db.write({.catalog = "users", .path = "/k" + std::to_string(i), .body = std::to_string(i)}).value();
  bool cleared = false;
  world.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation != "get" || cleared) return;
    cleared = true;
    CHECK(other.clear_history("users", at_once));
  });

  const auto document = db.read_string("users");

  CHECK(document == R"({"k0":0,"k1":1,"k2":2})");
  CHECK(world.plan.calls("view") >= 3);
}

TEMPLATE_TEST_CASE("A missing body that no clear explains is an error that names the key", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  const lake::time_seq id = db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  const std::string key = lake::layout::documented::delta_key(lake::storage_kind::memory, "users", id, lake::merge_type::replace);
  world.storage().remove(key).value();

  const auto document = db.read_string("users");

  REQUIRE(!document);
  CHECK(document.error().code == lake::errc::not_found);
  CHECK(document.error().to_string().find(key) != std::string::npos);
}

TEMPLATE_TEST_CASE("A file whose commit is unanswered is written once or reported unknown", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write_file({.catalog = "users", .path = "/a", .body = "old"}).value();

  SECTION("a lost reply") {
    world.plan.fail({.operation = "put_file", .mode = lake::fault_mode::after});

    CHECK(db.write_file({.catalog = "users", .path = "/a", .body = "new"}));
    CHECK(db.read_file("users", "/a") == "new");
  }
  SECTION("a lost call") {
    world.plan.fail({.operation = "put_file"});

    CHECK(db.write_file({.catalog = "users", .path = "/a", .body = "new"}));
    CHECK(db.read_file("users", "/a") == "new");
  }
  SECTION("no answer at all") {
    world.plan.fail({.operation = "put_file", .times = always});

    const auto written = db.write_file({.catalog = "users", .path = "/a", .body = "new"});

    REQUIRE(!written);
    CHECK(written.error().code == lake::errc::outcome_unknown);
    CHECK(db.read_file("users", "/a") == "old");
  }
  SECTION("a store that fails") {
    world.plan.fail({.operation = "create", .code = lake::errc::io});

    const auto written = db.write_file({.catalog = "users", .path = "/a", .body = "new"});

    REQUIRE(!written);
    CHECK(written.error().code == lake::errc::io);
    CHECK(db.read_file("users", "/a") == "old");
  }
}

TEMPLATE_TEST_CASE("A file write whose reply was lost does not come back over a newer write", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  auto other = world.open();
  db.write_file({.catalog = "users", .path = "/a", .body = "first"}).value();
  bool overtaken = false;
  world.plan.fail({.operation = "put_file", .mode = lake::fault_mode::after});
  world.plan.before_each([&](std::string_view operation, std::size_t number) {
    // Before the repeat of the lost call somebody else writes, or removes, the file.
    if (operation != "put_file" || number < 3 || overtaken) return;
    overtaken = true;
    CHECK(other.write_file({.catalog = "users", .path = "/a", .body = "newer"}));
  });

  CHECK(db.write_file({.catalog = "users", .path = "/a", .body = "lost"}));

  CHECK(overtaken);
  CHECK(db.read_file("users", "/a") == "newer");
}

TEMPLATE_TEST_CASE("A step back of the clock does not hold up clear_history", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  for (int i = 0; i < 3; ++i) {
    db.write({.catalog = "users", .path = "/k" + std::to_string(i), .body = std::to_string(i)}).value();
    db.take_snapshot("users").value();
    if (i == 0) world.clock.step(-std::chrono::hours{24 * 365});
  }
  world.clock.advance(milliseconds{61'000});

  const auto cleared = db.clear_history("users", {.grace = milliseconds{60'000}});

  REQUIRE(cleared);
  CHECK(cleared->removed.deltas == 3);
  CHECK(cleared->wait == milliseconds{0});
  CHECK(world.count_in_log("delta|") == 0);
}

TEMPLATE_TEST_CASE("clear_history does not depend on a head that cannot be read", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  db.take_snapshot("users").value();

  SECTION("a delta that cannot be applied") {
    db.write({.catalog = "users", .body = R"([{"op":"remove","path":"/none"}])", .merge = lake::merge_type::rfc6902}).value();
    CHECK(db.read_string("users").error().code == lake::errc::merge_failed);

    CHECK(db.clear_history("users", at_once).value().removed.deltas == 1);
  }
  SECTION("a write in flight") {
    const lake::member_spec spec{lake::merge_type::replace, "/b"};
    world.index().reserve({.catalog = "users", .token = {1}, .members = {&spec, 1}}, {}).value();

    CHECK(db.clear_history("users", at_once).value().removed.deltas == 1);
    CHECK(world.count_in_log("pending|") == 1);
  }
  SECTION("a body that is missing, with no snapshot at all") {
    const lake::time_seq id = db.write({.catalog = "other", .path = "/a", .body = "1"}).value();
    world.storage().remove(lake::layout::documented::delta_key(lake::storage_kind::memory, "other", id, lake::merge_type::replace)).value();

    CHECK(db.clear_history("other", at_once).error().code == lake::errc::not_found);
    CHECK(world.count_in_log("delta|") == 2);
  }
}

TEMPLATE_TEST_CASE("take_snapshot saves one snapshot, also where every read saves one", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto quiet = world.open();
  quiet.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  lake::lake_options options{.clock = world.clock.source(), .executor = lake_test::sleepless(world.clock)};
  lake::basic_lake db(options, quiet.index(), quiet.storage());
  const std::size_t creates = world.plan.calls("create");

  const auto made = db.take_snapshot("users");
  db.flush();

  REQUIRE(made);
  CHECK(db.stats().snapshots_saved == 1);
  CHECK(world.plan.calls("publish_snapshot") == 1);
  CHECK(world.plan.calls("create") == creates + 1);
}

TEST_CASE("A wait or deadline without end does not end at once", "[fault]") {
  faulty_world<in_memory> world;
  auto db = world.open();

  CHECK(db.write({.catalog = "users", .path = "/a", .body = "1"}, lake::call_options{.deadline = (milliseconds::max)()}));
  const lake::member_spec spec{lake::merge_type::replace, "/b"};
  world.index().reserve({.catalog = "users", .token = {1}, .members = {&spec, 1}}, {}).value();
  CHECK(db.list("users", {.pending = lake::pending::wait{(milliseconds::max)()}}, lake::call_options{.deadline = (milliseconds::max)()})
            .read_string() == R"({"a":1})");  // The dead writer expires on the test's clock.
}
