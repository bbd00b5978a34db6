// What the reference got wrong and this library must not: those rows of the contract's list that need a failing policy or a slow writer.
// The other rows are behaviours of every lake; their tests stand with the rest: 2, 5 clocks (keeping), 3 empty meta and 7, 9, 10 bad
// requests (writes), 4 a clear between list and read (history), 6 damaged snapshots (damage), 8 writers of one file (the concurrency
// suite), 14 aliases (documents), 15 reads beside writers (reading).
#include <lake/lake.hpp>

#include <lake/decorate/faulty.hpp>
#include <lake/testing/manual_clock.hpp>

#include "support/catch.hpp"
#include "support/lakes.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using lake_test::keys_with;
using lake_test::quiet_options;
using namespace std::chrono_literals;

namespace {

using faulty_lake = lake::basic_lake<lake::memory_index, lake::faulty_storage<lake::memory_storage>>;

/// A lake and, on the same policies, one whose storage a test can make fail.
struct two_clients {
  lake::testing::manual_clock clock;
  lake::memory_index index{{.clock = clock.source()}};
  lake::memory_storage storage;
  lake::fault_plan plan;

  lake::lake_options options() const { return quiet_options(clock); }
  lake::memory_lake steady() const { return lake::memory_lake(options(), index, storage); }
  faulty_lake faulty(lake::lake_options with) const { return faulty_lake(std::move(with), index, lake::faulty_storage(storage, plan)); }
};

}  // namespace

TEST_CASE("row 1: a writer slower than the pending timeout takes a new id, and is read back", "[lake][reference]") {
  two_clients both;
  lake::memory_lake reader = both.steady();
  reader.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  lake::lake_options patient = both.options();
  patient.deadline = 300s;
  faulty_lake writer = both.faulty(patient);
  bool slow = true;
  lake::time_seq overtaking;
  both.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation != "create" || !slow) return;
    slow = false;
    both.clock.advance(121s);
    overtaking = reader.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
    reader.take_snapshot("doc").value();
  });

  const lake::time_seq id = writer.write({.catalog = "doc", .path = "/slow", .body = "3"}).value();

  CHECK(id > overtaking);
  CHECK(reader.read_string("doc").value() == R"({"a":1,"b":2,"slow":3})");
  CHECK(reader.list("doc").deltas().size() == 1);
  CHECK(keys_with(both.storage, "/delta/").size() == 3);
}

TEST_CASE("row 1: a writer whose deadline passes meanwhile has not written, and says so", "[lake][reference]") {
  two_clients both;
  lake::memory_lake reader = both.steady();
  reader.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  faulty_lake writer = both.faulty(both.options());
  both.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation == "create") both.clock.advance(31s);
  });

  const auto written = writer.write({.catalog = "doc", .path = "/slow", .body = "3"});

  REQUIRE(!written.has_value());
  CHECK(written.error().code == lake::errc::timeout);
  CHECK(written.error().message.find("not written") != std::string::npos);
  CHECK(reader.read_string("doc").value() == R"({"a":1})");
  CHECK(keys_with(both.storage, "/delta/").size() == 1);
  CHECK(!reader.list("doc").has_pending());
}

TEST_CASE("row 6: an object that resists its removal keeps its member and is reported; the next clear finishes", "[lake][reference]") {
  two_clients both;
  faulty_lake db = both.faulty(both.options());
  for (int i = 0; i < 4; ++i) db.write({.catalog = "doc", .path = "/n" + std::to_string(i), .body = "1"}).value();
  both.plan.fail({.operation = "remove", .nth = 2, .times = 1, .code = lake::errc::access_denied});

  const lake::clear_result first = db.clear_history("doc").value();
  REQUIRE(first.failures.size() == 1);
  CHECK(first.failures[0].code == lake::errc::access_denied);
  CHECK(first.removed.deltas == 3);
  CHECK(first.objects_removed == 3);
  CHECK(keys_with(both.storage, "/delta/").size() == 1);
  CHECK(both.index.dump().value().find("delta|1|/n1|") != std::string::npos);
  CHECK(db.read_json("doc").value().size() == 4);

  const lake::clear_result second = db.clear_history("doc").value();
  CHECK(second.failures.empty());
  CHECK(second.removed.deltas == 1);
  CHECK(keys_with(both.storage, "/delta/").empty());
  CHECK(both.index.dump().value().find("delta|1|/n1|") == std::string::npos);
}

TEST_CASE("row 6: an index that fails in the middle of a clear is an error, and the next clear finishes", "[lake][reference]") {
  using broken_lake = lake::basic_lake<lake::faulty_index<lake::memory_index>, lake::memory_storage>;
  const two_clients both;
  broken_lake db(both.options(), lake::faulty_index(both.index, both.plan), both.storage);
  for (int i = 0; i < 3; ++i) db.write({.catalog = "doc", .path = "/n" + std::to_string(i), .body = "1"}).value();
  lake::fault_plan plan = both.plan;
  const std::string failing = GENERATE("clear_cut", "barrier", "remove_members", "read_log", "view");
  CAPTURE(failing);
  const auto mode = GENERATE(lake::fault_mode::before, lake::fault_mode::after);
  plan.fail({.operation = failing, .nth = 1, .times = 1, .mode = mode, .code = lake::errc::io});

  const auto failed = db.clear_history("doc");
  REQUIRE(!failed.has_value());
  CHECK(failed.error().code == lake::errc::io);
  CHECK(db.read_json("doc").value().size() == 3);
  if (failing == "barrier" || failing == "clear_cut") CHECK(keys_with(both.storage, "/delta/").size() == 3);

  CHECK(db.clear_history("doc").value().failures.empty());
  CHECK(keys_with(both.storage, "/delta/").empty());
  CHECK(both.index.dump().value().find("delta|") == std::string::npos);
  CHECK(both.steady().read_json("doc").value().size() == 3);
}

TEST_CASE("row 11: two bodies of one catalog cannot be exchanged", "[lake][reference]") {
  two_clients both;
  lake::memory_lake db = both.steady();
  db.write({.catalog = "doc", .path = "/price", .body = "1"}).value();
  db.write({.catalog = "doc", .path = "/price", .body = "2"}).value();
  const auto keys = keys_with(both.storage, "/delta/");
  const std::string one = *both.storage.get(keys[0]).value();
  const std::string two = *both.storage.get(keys[1]).value();
  both.storage.put(keys[0], two).value();
  both.storage.put(keys[1], one).value();

  const auto read = both.steady().read_string("doc");
  REQUIRE(!read.has_value());
  CHECK(read.error().code == lake::errc::corrupt_body);
}
