// What a lake tells of its work: deltas that cannot be applied, traces and events.
#include "support/events.hpp"
#include "support/lakes.hpp"

#include <algorithm>
#include <string>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::event_log;
using lake_test::keys_with;
using lake_test::lake_home;

namespace {

std::vector<std::string> names_of(const lake::trace& trace) {
  std::vector<std::string> names;
  for (const lake::trace::step& each : trace.steps()) names.push_back(each.name);
  return names;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a delta that cannot be applied is named, or skipped where that is asked for", "[lake][damage]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  event_log log;
  lake::lake_options options = home.options();
  options.snapshots = lake::snapshot_policy::always();
  options.on_event = log.hook();
  TestType db = home.client(options);
  db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  const lake::time_seq bad = db.write({.catalog = "doc",
                                       .path = "/p",
                                       .body = R"([{"op":"add","path":"/x","value":1},{"op":"remove","path":"/nothing~1here"}])",
                                       .merge = lake::merge_type::rfc6902})
                                 .value();
  db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();

  const auto read = db.read_string("doc");
  REQUIRE(!read.has_value());
  CHECK(read.error().code == lake::errc::merge_failed);
  CHECK(!read.error().retryable());
  CHECK(read.error().subject == "doc");
  CHECK(read.error().id == bad);
  for (const char* part : {"rfc6902", "\"/p\"", "operation 1", "/nothing~1here"}) {
    INFO(part << " in " << read.error().message);
    CHECK(read.error().message.find(part) != std::string::npos);
  }
  CHECK(read.error().message.find(bad.to_string()) != std::string::npos);
  CHECK(db.take_snapshot("doc").error().code == lake::errc::merge_failed);

  const auto list = db.list("doc", {.unappliable = lake::unappliable::skip});
  CHECK(list.read_string().value() == R"({"a":1,"b":2})");
  const auto skipped = list.skipped().value();
  REQUIRE(skipped.size() == 1);
  CHECK(skipped[0].id == bad);
  CHECK(skipped[0].code == lake::errc::merge_failed);
  CHECK(log.of(lake::event_kind::delta_skipped).size() == 1);
  db.flush();
  CHECK(!db.list("doc").latest_snapshot());
  CHECK(keys_with(home.storage(), "/snap/").empty());
  CHECK(db.read_string("doc").error().code == lake::errc::merge_failed);

  CHECK(db.remove_delta("doc", bad) == true);
  CHECK(db.read_string("doc").value() == R"({"a":1,"b":2})");
  CHECK(db.list("doc").skipped().value().empty());
}

TEMPLATE_LIST_TEST_CASE("traces name the steps, and without one nothing is different", "[lake][trace]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  lake::lake_options options = home.options();
  options.snapshots = lake::snapshot_policy::always();
  TestType db = home.client(options);
  using names = std::vector<std::string>;

  lake::trace first{"Write"};
  const lake::time_seq id = db.write({.catalog = "doc", .path = "/a", .body = "[1,2]"}, first).value();
  CHECK(names_of(first) == names{"Init", "PreCommit", "StoragePut", "Commit"});
  CHECK(first.steps()[1].detail == "{tsSeq:" + id.to_string() + ", seqID:" + std::to_string(id.seqid) + "}");
  CHECK(first.steps()[2].detail == "{key:" + keys_with(home.storage(), "/delta/").at(0) + ", size:5}");
  lake::trace second{"Write"};
  db.write({.catalog = "doc", .path = "/b", .body = "2"}, second).value();
  CHECK(names_of(second) == names{"PreCommit", "StoragePut", "Commit"});

  lake::trace read{"Read"};
  CHECK(db.read_string("doc", read).value() == R"({"a":[1,2],"b":2})");
  CHECK(names_of(read) == names{"List", "LoadDeltas", "Merge", "SnapSave"});
  CHECK(read.steps()[1].detail == "{2}");
  CHECK(read.steps()[2].detail == "{bytes:17}");
  CHECK(read.steps()[3].detail == "scheduled");
  db.flush();
  lake::trace cold{"Read"};
  CHECK(home.client().read_string("doc", cold).value() == R"({"a":[1,2],"b":2})");
  CHECK(names_of(cold) == names{"Init", "List", "LoadSnap", "Merge"});
  lake::trace hot{"Read"};
  CHECK(db.read_json("doc", hot).value().size() == 2);
  CHECK(names_of(hot) == names{"List"});
}

TEMPLATE_LIST_TEST_CASE("every operation tells its beginning and its end", "[lake][events]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  event_log log;
  lake::lake_options options = home.options();
  options.on_event = log.hook();
  TestType db = home.client(options);
  const auto tells = [&](const std::string& operation, bool succeeds) {
    INFO(operation);
    const auto begun = log.of(lake::event_kind::started);
    const auto ended = log.of(succeeds ? lake::event_kind::finished : lake::event_kind::failed);
    const auto is = [&](const event_log::entry& each) { return each.operation == operation; };
    CHECK(std::count_if(begun.begin(), begun.end(), is) == 1);
    CHECK(std::count_if(ended.begin(), ended.end(), is) == 1);
    for (const auto& each : ended) CHECK(each.reason.has_value() == !succeeds);
    log.clear();
  };

  const lake::time_seq id = db.write({.catalog = "doc", .body = "{}"}).value();
  tells("write", true);
  CHECK(!db.write({.catalog = "doc", .body = "{"}).has_value());
  tells("write", false);
  db.write_batch({{.catalog = "doc", .body = "{}"}}).value();
  tells("write_batch", true);
  db.read_string("doc").value();
  tells("read", true);
  db.write_file({.catalog = "doc", .path = "/f", .body = "x"}).value();
  tells("write_file", true);
  db.read_file("doc", "/f").value();
  tells("read_file", true);
  db.remove_file("doc", "/f").value();
  tells("remove_file", true);
  db.meta("doc").value();
  tells("meta", true);
  CHECK(!db.remove_delta("doc", {id.timestamp + 9, 1}).has_value());
  tells("remove_delta", false);
  db.take_snapshot("doc").value();
  tells("take_snapshot", true);
  db.clear_history("doc").value();
  tells("clear_history", true);
  db.history("doc").value();
  tells("history", true);
  CHECK(!db.list("doc").error());
  tells("list", true);
  db.write_many({{.catalog = "doc", .body = "{}"}})[0].value();
  tells("write_many", true);
  db.catalogs().value();
  tells("catalogs", true);
  db.remove_catalog("doc").value();
  tells("remove_catalog", true);

  // What a hook throws is its own affair.
  lake::lake_options rude = home.options();
  rude.on_event = [](const lake::event&) { throw 7; };
  TestType other = home.client(rude);
  CHECK(other.write({.catalog = "doc", .body = "1"}).has_value());
  CHECK(other.read_string("doc").value() == "1");
}
