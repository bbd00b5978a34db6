// What happens to a log afterwards: clearing, removals, changes, and lakes that are opened again.
#include "support/lakes.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::keys_with;
using lake_test::lake_home;
using namespace std::chrono_literals;

namespace {

struct in_flight {
  lake::write_token token{};
  lake::id_run ids;
  std::string key;
};

/// A write that was reserved, whose body is stored (garbage will do), and which is not committed.
template <class Lake>
in_flight reserve_and_store(Lake& db, std::string_view catalog) {
  const lake::member_spec member{lake::merge_type::replace, "/slow"};
  in_flight write{lake::random_source{}.bits128(), {}, {}};
  const auto answer = db.index().reserve({.catalog = catalog, .token = write.token, .members = {&member, 1}}, lake::index_timing{}).value();
  write.ids = answer.ids;
  write.key = Lake::layout_type::delta_key(db.storage().kind, catalog, write.ids.first, lake::merge_type::replace);
  db.storage().create(write.key, "half a body").value();
  return write;
}

template <class Lake>
lake::commit_status commit(Lake& db, std::string_view catalog, const in_flight& write) {
  return db.index().commit({.catalog = catalog, .ids = write.ids, .token = write.token}, lake::index_timing{}).value().status;
}

std::vector<lake::time_seq> ids_of(const std::vector<lake::delta>& deltas) {
  std::vector<lake::time_seq> ids;
  for (const lake::delta& each : deltas) ids.push_back(each.id);
  return ids;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("clear_history removes what a snapshot replaces, and a second one nothing", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  std::vector<lake::time_seq> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(db.write({.catalog = "doc", .path = "/n" + std::to_string(i), .body = std::to_string(i) + ".0"}).value());
    db.take_snapshot("doc").value();
    home.clock.advance(1s);
  }
  const std::string document = db.read_string("doc").value();

  SECTION("all but the newest") {
    const lake::clear_result cleared = db.clear_history("doc").value();
    CHECK(cleared.cut == ids[3]);
    CHECK(cleared.removed.deltas == 4);
    CHECK(cleared.removed.snapshots == 3);
    CHECK(cleared.objects_removed == 7);
    CHECK(cleared.failures.empty());
    CHECK(cleared.wait == 0ms);
    CHECK(keys_with(home.storage(), "/snap/").size() == 1);
  }
  SECTION("with retention") {
    const lake::clear_result cleared = db.clear_history_with_retention("doc", 2).value();
    CHECK(cleared.removed.deltas == 4);
    CHECK(cleared.removed.snapshots == 1);
    CHECK(keys_with(home.storage(), "/snap/").size() == 3);
    CHECK(db.list("doc", {.as_of = ids[1]}).read_string().value() == R"({"n0":0.0,"n1":1.0})");
    CHECK(db.list("doc", {.as_of = ids[0]}).error()->code == lake::errc::history_trimmed);
  }
  SECTION("up to a snapshot that is old enough") {
    const lake::clear_result cleared = db.clear_history("doc", {.keep_snaps = 0, .older_than = 3s, .grace = 0ms}).value();
    CHECK(cleared.cut == ids[1]);
    CHECK(cleared.removed.deltas == 2);
    CHECK(cleared.removed.snapshots == 1);
    CHECK(ids_of(db.changes("doc", ids[1]).value()) == std::vector<lake::time_seq>{ids[2], ids[3]});
  }
  CHECK(keys_with(home.storage(), "/delta/").size() + db.history("doc").value().size() == 2 * db.history("doc").value().size());
  CHECK(db.read_string("doc").value() == document);
  CHECK(home.client().read_string("doc").value() == document);
  CHECK(db.list("doc").version() == ids[3]);

  const std::size_t keep = keys_with(home.storage(), "/snap/").size() - 1;
  const auto before = home.objects();
  const lake::clear_result again = db.clear_history("doc", {.keep_snaps = keep, .older_than = 3s, .grace = 0ms}).value();
  CHECK(again.removed.deltas == 0);
  CHECK(again.removed.snapshots == 0);
  CHECK(again.objects_removed == 0);
  CHECK(home.objects() == before);
  CHECK(db.write({.catalog = "doc", .path = "/more", .body = "1"}).value() > ids[3]);
  CHECK(home.client().read_at("doc", "/more") == "1");
}

TEMPLATE_LIST_TEST_CASE("clear_history waits for the grace, and says how long", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const lake::clear_options graceful{.keep_snaps = 0, .older_than = 0ms, .grace = 60s};

  const lake::clear_result nothing = db.clear_history("doc", graceful).value();
  CHECK(nothing.cut == lake::time_seq{});
  CHECK(nothing.objects_removed == 0);
  const lake::time_seq first = db.write({.catalog = "doc", .body = "[1]"}).value();
  const lake::clear_result made = db.clear_history("doc", graceful).value();  // Makes the snapshot.
  CHECK(made.wait == 60s);
  CHECK(made.cut == lake::time_seq{});
  home.clock.advance(59'999ms);
  const auto before = home.objects();
  CHECK(db.clear_history("doc", graceful).value().wait == 1ms);
  CHECK(home.objects() == before);
  CHECK(keys_with(home.storage(), "/delta/").size() == 1);

  home.clock.advance(1ms);
  const lake::clear_result cleared = db.clear_history("doc", graceful).value();
  CHECK(cleared.wait == 0ms);
  CHECK(cleared.cut == first);
  CHECK(cleared.removed.deltas == 1);
  CHECK(keys_with(home.storage(), "/delta/").empty());
  CHECK(db.read_string("doc").value() == "[1]");
}

TEMPLATE_LIST_TEST_CASE("clear_history reaps writes that died, and leaves those in flight alone", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  const in_flight dead = reserve_and_store(db, "doc");
  const in_flight late = reserve_and_store(db, "doc");  // Its body arrives after it was rolled back.
  CHECK(db.index().rollback("doc", late.ids, late.token).value() == lake::rollback_status::rolled_back);
  db.write_file({.catalog = "doc", .path = "/f", .body = "old"}).value();
  db.write_file({.catalog = "doc", .path = "/f", .body = "new"}).value();
  home.clock.advance(121s);

  CHECK(db.clear_history("doc").value().removed.pendings == 1);
  CHECK(keys_with(home.storage(), "/delta/") == std::vector<std::string>{late.key});
  CHECK(keys_with(home.storage(), "/files/").size() == 1);
  CHECK(db.read_file("doc", "/f") == "new");
  CHECK(commit(db, "doc", dead) == lake::commit_status::fenced);
  home.clock.advance(24h);
  CHECK(db.clear_history("doc").value().removed.records == 2);
  CHECK(keys_with(home.storage(), "/delta/").empty());

  db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
  db.take_snapshot("doc").value();
  const in_flight live = reserve_and_store(db, "doc");
  const auto cleared = db.clear_history("doc");
  CHECK(keys_with(home.storage(), live.key).size() == 1);
  CHECK(home.index_dump().find(live.ids.first.to_string()) != std::string::npos);
  INFO("a write in flight above the snapshot is no reason to keep what the snapshot replaces");
  CHECK(cleared.has_value());
  CHECK(keys_with(home.storage(), "/delta/").size() == 1);
  CHECK(db.index().rollback("doc", live.ids, live.token).value() == lake::rollback_status::rolled_back);
  CHECK(db.read_string("doc").value() == R"({"a":1,"b":2})");
}

TEMPLATE_LIST_TEST_CASE("clear_history is the way out of a log that is too long to list", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  lake::lake_options options = home.options();
  options.limits.deltas_per_list = 3;
  TestType db = home.client(options);
  for (int i = 0; i < 5; ++i) db.write({.catalog = "doc", .path = "/n" + std::to_string(i), .body = "1"}).value();

  const auto list = db.list("doc");
  REQUIRE(list.error().has_value());
  CHECK(list.error()->code == lake::errc::limit_exceeded);
  CHECK(list.error()->message.find("clear_history") != std::string::npos);
  const auto cleared = db.clear_history("doc");
  INFO((cleared ? std::string("cleared") : cleared.error().to_string()));
  CHECK(cleared.has_value());
  CHECK(!db.list("doc").error());
}

TEMPLATE_LIST_TEST_CASE("remove_delta takes one write out of the log, once", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const lake::time_seq covered = db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  db.take_snapshot("doc").value();
  const lake::time_seq second = db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
  const lake::time_seq third = db.write({.catalog = "doc", .path = "/c", .body = "3"}).value();
  CHECK(db.read_string("doc").value() == R"({"a":1,"b":2,"c":3})");

  CHECK(db.remove_delta("doc", second) == true);
  CHECK(db.read_string("doc").value() == R"({"a":1,"c":3})");
  CHECK(db.list("doc").version() > third);
  CHECK(keys_with(home.storage(), "/delta/" + second.to_string()).empty());
  CHECK(db.remove_delta("doc", second) == false);
  CHECK(db.remove_delta("doc", covered).error().code == lake::errc::history_trimmed);
  CHECK(db.remove_delta("doc", {third.timestamp + 100, 1}).error().code == lake::errc::not_found);
  CHECK(db.remove_delta("other", third).error().code == lake::errc::not_found);
  const in_flight slow = reserve_and_store(db, "doc");
  CHECK(db.remove_delta("doc", slow.ids.first).error().code == lake::errc::pending_write);
  CHECK(db.index().rollback("doc", slow.ids, slow.token).value() == lake::rollback_status::rolled_back);

  // A snapshot taken now says so in its name, and reads the same.
  const lake::snapshot after = db.take_snapshot("doc").value();
  CHECK(after.stop == third);
  CHECK(home.client().read_string("doc").value() == R"({"a":1,"c":3})");
  CHECK(db.committed("doc", second) == true);
}

TEMPLATE_LIST_TEST_CASE("a catalog that was removed begins anew, with ids above the old ones", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  CHECK(db.remove_catalog("doc") == false);
  db.write({.catalog = "other", .body = "[0]"}).value();
  const auto untouched = home.objects();
  lake::time_seq last;
  for (int i = 0; i < 3; ++i) {
    last = db.write({.catalog = "doc", .path = "/n" + std::to_string(i), .body = "1", .meta = R"({"m":1})"}).value();
    db.take_snapshot("doc").value();
  }
  last = db.write({.catalog = "doc", .path = "/n", .body = "1"}).value();
  db.write_file({.catalog = "doc", .path = "/f", .body = "x"}).value();
  db.read_string("doc").value();

  CHECK(db.remove_catalog("doc") == true);
  CHECK(home.objects() == untouched);
  CHECK(!db.list("doc").exists());
  CHECK(db.read_string("doc").value() == "{}");
  CHECK(db.meta("doc") == "{}");
  CHECK(db.files_and_meta("doc") == "{}");
  CHECK(db.file_exists("doc", "/f") == false);
  CHECK(db.history("doc").value().empty());
  CHECK(db.catalogs().value() == std::vector<std::string>{"other"});
  CHECK(db.take_snapshot("doc").error().code == lake::errc::not_found);

  const lake::time_seq fresh = db.write({.catalog = "doc", .path = "/new", .body = "2"}).value();
  CHECK(fresh > last);
  CHECK(db.read_string("doc").value() == R"({"new":2})");
  CHECK(home.reopened().read_string("doc").value() == R"({"new":2})");
  CHECK(db.list("doc", {.as_of = last}).error()->code == lake::errc::history_trimmed);
  CHECK(db.remove_catalog("doc") == true);
  CHECK(home.objects() == untouched);
}

TEMPLATE_LIST_TEST_CASE("history shows each write, changes resume where one left off", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  std::vector<lake::time_seq> ids;
  const auto write = [&](const char* path) {
    ids.push_back(db.write({.catalog = "doc", .path = path, .body = R"({"x": 1})", .meta = R"({"by":"me"})"}).value());
  };
  write("/a");
  write("/b");

  const auto entries = db.history("doc").value();
  REQUIRE(entries.size() == 2);
  CHECK(entries[1].id == ids[1]);
  CHECK(entries[1].path == "/b");
  CHECK(entries[1].merge == lake::merge_type::replace);
  CHECK(entries[1].bytes == 8);
  CHECK(entries[1].meta == R"({"by":"me"})");
  CHECK(db.history("nothing").value().empty());
  CHECK(db.changes("nothing", {}).value().empty());

  // One reader resumes after every step; a write in flight hides what came after it until it ends.
  std::vector<lake::time_seq> seen = ids_of(db.changes("doc", {}).value());
  const auto resume = [&] {
    for (const lake::delta& each : db.changes("doc", seen.back()).value()) seen.push_back(each.id);
  };
  CHECK(seen == ids);
  const in_flight slow = reserve_and_store(db, "doc");
  write("/c");
  resume();
  CHECK(seen.size() == 2);
  CHECK(commit(db, "doc", slow) == lake::commit_status::ok);
  ids.insert(ids.end() - 1, slow.ids.first);
  write("/d");
  resume();
  CHECK(seen == ids);
  resume();
  CHECK(seen == ids);

  CHECK(db.remove_delta("doc", slow.ids.first) == true);
  db.take_snapshot("doc").value();
  write("/e");
  resume();
  CHECK(seen == ids);
  db.clear_history("doc").value();
  write("/f");
  CHECK(db.changes("doc", ids[1]).error().code == lake::errc::history_trimmed);
  resume();
  CHECK(seen == ids);
}

TEMPLATE_LIST_TEST_CASE("a list that was cleared away reads what is there now", "[lake][history]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  lake::lake_options forgetful = home.options();
  forgetful.document_cache_bytes = 0;
  TestType reader = home.client(forgetful);
  TestType other = home.client();
  other.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  other.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
  const auto list = reader.list("doc");
  const auto removed = reader.list("doc");

  other.write({.catalog = "doc", .path = "/c", .body = "3"}).value();
  CHECK(other.clear_history("doc").value().removed.deltas == 3);
  CHECK(list.read_string().value() == R"({"a":1,"b":2,"c":3})");
  CHECK(other.remove_catalog("doc") == true);
  CHECK(reader.read_string("doc").value() == "{}");
}
