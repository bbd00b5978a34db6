// Failures beneath reads that pass over hidden deltas and go on from kept documents: what is not needed cannot fail, what fails leaves
// nothing wrong behind.
#include "fault/support.hpp"
#include "support/catch.hpp"
#include "support/memory_index_access.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using lake_test::faulty_world;
using lake_test::in_memory;
using lake_test::milliseconds;

constexpr std::size_t plenty = std::size_t{1} << 20U;

}  // namespace

TEMPLATE_TEST_CASE("A read asks the storage for what no later write hides", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open();
  for (int i = 0; i < 5; ++i) db.write({.catalog = "users", .path = "/n", .body = std::to_string(i)}).value();
  db.write({.catalog = "users", .path = "/m", .body = "1"}).value();
  const std::size_t before = world.plan.calls("get");
  world.plan.fail({.operation = "get", .nth = 3, .times = lake::fault_rule::until_cleared});

  CHECK(db.read_string("users") == R"({"n":4,"m":1})");

  CHECK(world.plan.calls("get") == before + 2);
}

TEMPLATE_TEST_CASE("A read that fails leaves the kept document as it was", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open({}, plenty);
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  CHECK(db.read_string("users") == R"({"a":1})");
  db.write({.catalog = "users", .path = "/b", .body = "2"}).value();
  db.write({.catalog = "users", .path = "/c", .body = "3"}).value();
  world.plan.fail({.operation = "get", .nth = 2, .code = lake::errc::unavailable});

  const auto failed = db.read_string("users");
  const std::size_t before = world.plan.calls("get");
  const auto read = db.read_string("users");

  REQUIRE(!failed);
  CHECK(failed.error().code == lake::errc::unavailable);
  CHECK(read == R"({"a":1,"b":2,"c":3})");
  CHECK(world.plan.calls("get") == before + 2);
}

TEMPLATE_TEST_CASE("History cleared beneath a read that goes on from a kept document is listed again", "[fault]", LAKE_TESTS_BACKENDS) {
  INFO(TestType::name);
  faulty_world<TestType> world;
  auto db = world.open({}, plenty);
  auto other = world.open();
  for (int i = 0; i < 3; ++i) db.write({.catalog = "users", .path = "/k" + std::to_string(i), .body = std::to_string(i)}).value();
  CHECK(db.read_string("users") == R"({"k0":0,"k1":1,"k2":2})");
  other.write({.catalog = "users", .path = "/k3", .body = "3"}).value();
  bool cleared = false;
  world.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation != "get" || cleared) return;
    cleared = true;
    CHECK(other.clear_history("users", {.grace = milliseconds{0}}));
  });

  CHECK(db.read_string("users") == R"({"k0":0,"k1":1,"k2":2,"k3":3})");

  CHECK(cleared);
  CHECK(world.count_in_log("delta|") == 0);
  other.write({.catalog = "users", .path = "/k4", .body = "4"}).value();
  const std::size_t before = world.plan.calls("get");
  CHECK(db.read_string("users") == R"({"k0":0,"k1":1,"k2":2,"k3":3,"k4":4})");
  CHECK(world.plan.calls("get") == before + 1);
}

TEST_CASE("After an index fell back, a document kept from the lost writes is not gone on from", "[fault]") {
  faulty_world<in_memory> world;
  auto db = world.open({}, plenty);
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  auto& log = lake::memory_index_access::catalog(world.index(), "users");
  const auto copy_that_lags = log;
  const lake::time_seq lost = db.write({.catalog = "users", .path = "/b", .body = "2"}).value();
  CHECK(db.read_string("users") == R"({"a":1,"b":2})");
  log = copy_that_lags;
  world.clock.advance(milliseconds{1});

  SECTION("nothing was written since") {}
  SECTION("another write got the id") {
    CHECK(db.write({.catalog = "users", .path = "/b", .body = R"({"c":3})", .merge = lake::merge_type::rfc7396}).value() == lost);
  }
  SECTION("the lost body stands in the way of such a write") {
    CHECK(db.write({.catalog = "users", .path = "/b", .body = "3"}).value() > lost);
  }
  auto fresh = world.open();
  const std::string document = fresh.read_string("users").value();
  CHECK(document != R"({"a":1,"b":2})");
  CHECK(db.read_string("users") == document);

  db.write({.catalog = "users", .path = "/d", .body = "4"}).value();
  const std::size_t before = world.plan.calls("get");
  CHECK(db.read_string("users").value() == fresh.read_string("users").value());
  const std::size_t both = world.plan.calls("get") - before;
  CHECK(both == fresh.list("users").deltas().size() + 1);  // The kept one is of the new history by now.
}
