// A lost control record: the library checks the storage, has the index make a new record, and goes on; or says why it cannot.
#include "fault/support.hpp"
#include "support/catch.hpp"
#include "support/memory_index_access.hpp"

#include <string>
#include <vector>

namespace {

using world_type = lake_test::faulty_world<lake_test::in_memory>;
using lake_test::milliseconds;

void lose_control(world_type& world) { lake::memory_index_access::catalog(world.index(), "users").control.reset(); }

lake::time_seq make_log(world_type::lake_type& db) {
  db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  db.take_snapshot("users").value();
  return db.write({.catalog = "users", .path = "/b", .body = "2"}).value();
}

}  // namespace

TEST_CASE("A lost control record is healed by whoever meets it first", "[fault]") {
  world_type world;
  auto db = world.open();
  const lake::time_seq last = make_log(db);
  lose_control(world);

  SECTION("a reader") { CHECK(db.list("users").read_string() == R"({"a":1,"b":2})"); }
  SECTION("a writer") { CHECK(db.write({.catalog = "users", .path = "/b", .body = "3"}).value() > last); }
  SECTION("a batch_list") { CHECK(db.batch_list({"users"}).front().read_string() == R"({"a":1,"b":2})"); }
  SECTION("a remove_delta") { CHECK(db.remove_delta("users", last) == true); }
  SECTION("a remove_catalog") { CHECK(db.remove_catalog("users") == true); }
  SECTION("a clear_history") { CHECK(db.clear_history("users", {.grace = milliseconds{0}})); }
  SECTION("a write_file") { CHECK(db.write_file({.catalog = "users", .path = "/f", .body = "x"})); }

  const auto later = db.write({.catalog = "users", .path = "/c", .body = "4"});
  REQUIRE(later);
  CHECK(*later > last);
}

TEST_CASE("A write in flight while the control record is lost is fenced and written once", "[fault]") {
  world_type world;
  auto db = world.open();
  make_log(db);
  bool lost = false;
  world.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation != "commit" || lost) return;
    lost = true;
    lose_control(world);
  });

  const auto written = db.write({.catalog = "users", .path = "/b", .body = "3"});

  // Which it is depends on what the healed index still knows; both are honest.
  if (written) {
    CHECK(db.read_string("users") == R"({"a":1,"b":3})");
  } else {
    CHECK(written.error().code == lake::errc::outcome_unknown);
    world.clock.advance(milliseconds{120'001});
    CHECK(db.read_string("users") == R"({"a":1,"b":2})");
  }
  CHECK(world.count_in_log("delta|") <= 3);
}

TEST_CASE("An object that the index should know stands in the way of a heal", "[fault]") {
  world_type world;
  auto db = world.open();
  const lake::time_seq last = make_log(db);
  const std::string orphan =
      lake::layout::documented::delta_key(lake::storage_kind::memory, "users", lake::next(last), lake::merge_type::replace);
  world.storage().create(orphan, "an orphan, or a write that the index lost").value();
  lose_control(world);

  const auto document = db.read_string("users");

  REQUIRE(!document);
  CHECK(document.error().code == lake::errc::corrupt_index);
  CHECK(document.error().to_string().find(orphan) != std::string::npos);
}

TEST_CASE("A lost member is corruption, never a shorter document", "[fault]") {
  world_type world;
  auto db = world.open();
  const lake::time_seq last = make_log(db);
  std::erase_if(lake::memory_index_access::catalog(world.index(), "users").members, [&](const auto& one) { return one.id == last; });

  CHECK(db.read_string("users").error().code == lake::errc::corrupt_index);
  CHECK(db.write({.catalog = "users", .body = "1"}).error().code == lake::errc::corrupt_index);
  CHECK(db.clear_history("users", {.grace = milliseconds{0}}).error().code == lake::errc::corrupt_index);
}
