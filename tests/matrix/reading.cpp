// Lists and reads: what a catalog shows, writes in flight, the past, and snapshots.
#include "support/lakes.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::keys_with;
using lake_test::lake_home;
using namespace std::chrono_literals;

namespace {

/// A write that was reserved and is not committed yet.
struct in_flight {
  lake::write_token token{};
  lake::id_run ids;
};

template <class Lake>
in_flight reserve(Lake& db, std::string_view catalog, std::string_view path) {
  const lake::member_spec member{lake::merge_type::replace, path};
  in_flight write{lake::random_source{}.bits128(), {}};
  const auto answer = db.index().reserve({.catalog = catalog, .token = write.token, .members = {&member, 1}}, lake::index_timing{}).value();
  REQUIRE(answer.status == lake::reserve_status::reserved);
  write.ids = answer.ids;
  return write;
}

template <class Lake>
lake::commit_status commit(Lake& db, std::string_view catalog, const in_flight& write) {
  return db.index().commit({.catalog = catalog, .ids = write.ids, .token = write.token}, lake::index_timing{}).value().status;
}

template <class List>
std::vector<lake::delta> deltas_of(const List& list) {
  return {list.deltas().begin(), list.deltas().end()};
}

template <class List>
lake::errc code_of(const List& list) {
  REQUIRE(list.error().has_value());
  return list.error()->code;
}

/// A delta chosen by chance, which applies to any object.
lake::write_request random_delta(std::mt19937_64& chance) {
  const std::string key(1, static_cast<char>('a' + chance() % 4));
  const std::string number = std::to_string(chance() % 1'000) + (chance() % 2 == 0 ? ".0" : "e1");
  switch (chance() % 6) {
    case 0: return {.catalog = "doc", .path = "/" + key, .body = std::string(number)};
    case 1: return {.catalog = "doc", .path = "/" + key + "/x", .body = "[ " + number + " ]"};
    case 2: return {.catalog = "doc", .body = "{\"" + key + "\":" + number + ",\"d\":null}", .merge = lake::merge_type::rfc7396};
    case 3: return {.catalog = "doc", .path = "/o", .body = "{ \"" + key + "\" : " + number + "}", .merge = lake::merge_type::rfc7396};
    case 4:
      return {.catalog = "doc",
              .path = "/p",
              .body = R"([{"op":"add","path":"/)" + key + R"(","value":)" + number + "}]",
              .merge = lake::merge_type::rfc6902};
    default: return {.catalog = "doc", .body = "{ \"base\":" + number + " }", .meta = "{\"" + key + "\":" + number + "}"};
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a list shows the log, and nothing written reads as an empty object", "[lake][reading]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  CHECK(!db.list("doc").exists());
  CHECK(db.list("doc").version() == lake::time_seq{});
  CHECK(!(db.list("doc").last_updated() > 0));
  CHECK(db.list("doc").read_string().value() == "{}");
  CHECK(db.read_string("doc").value() == "{}");
  CHECK(db.read_json("doc").value().empty());
  db.write_file({.catalog = "doc", .path = "/f", .body = "x", .meta = "{}"}).value();
  CHECK(!db.list("doc").exists());
  CHECK(home.index_dump().find("delta|") == std::string::npos);

  const lake::time_seq first = db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  home.clock.advance(1s);
  const lake::time_seq second =
      db.write({.catalog = "doc", .path = "/b", .body = R"({"c":2})", .merge = lake::merge_type::rfc7396}).value();
  {
    const auto list = db.list("doc");
    CHECK(!list.error());
    CHECK(!list.has_pending());
    CHECK(list.exists());
    CHECK(list.version() == second);
    CHECK(!(list.last_updated() < second.score()) == !(list.last_updated() > second.score()));
    CHECK(deltas_of(list) == std::vector<lake::delta>{{first, lake::merge_type::replace, "/a"}, {second, lake::merge_type::rfc7396, "/b"}});
    CHECK(!list.latest_snapshot());
    CHECK(list.dump() == "catalog doc version " + second.to_string() + "\n  delta|1|/a|" + first.to_string() + "\n  delta|2|/b|" +
                             second.to_string() + "\n");
    CHECK(lake::read_string(list).value() == R"({"a":1,"b":{"c":2}})");
    CHECK(lake::read_bytes(list).value().size() == list.read_string().value().size());
  }
  const lake::snapshot taken = db.take_snapshot("doc").value();
  CHECK(taken == lake::snapshot{{}, second});
  const lake::time_seq third = db.write({.catalog = "doc", .path = "/a", .body = "3"}).value();
  const auto list = db.list("doc");
  CHECK(list.latest_snapshot() == taken);
  CHECK(deltas_of(list) == std::vector<lake::delta>{{third, lake::merge_type::replace, "/a"}});
  CHECK(list.version() == third);
  CHECK(list.dump().find("snap|0_0|" + second.to_string()) != std::string::npos);

  auto lists = db.batch_list({"doc", "nothing", ""});
  REQUIRE(lists.size() == 3);
  CHECK(lists[0].read_string().value() == R"({"a":3,"b":{"c":2}})");
  CHECK(lists[1].read_string().value() == "{}");
  CHECK(!lists[1].exists());
  CHECK(code_of(lists[2]) == lake::errc::invalid_catalog);
  CHECK(lists[2].read_string().error().code == lake::errc::invalid_catalog);

  // A list stays what it was, also when its lake moves.
  TestType moved = std::move(db);
  moved.write({.catalog = "doc", .body = "4"}).value();
  CHECK(list.read_string().value() == R"({"a":3,"b":{"c":2}})");
  CHECK(moved.read_string("doc").value() == "4");
}

TEMPLATE_LIST_TEST_CASE("a write in flight stops a list, makes a read wait, and is passed over by a prefix", "[lake][reading]",
                        embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const lake::time_seq first = db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  const in_flight slow = reserve(db, "doc", "/slow");
  db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
  home.clock.advance(7s);

  {  // fail, the default of list
    const auto list = db.list("doc");
    CHECK(list.has_pending());
    CHECK(code_of(list) == lake::errc::pending_write);
    CHECK(list.error()->id == slow.ids.first);
    CHECK(list.error()->retryable());
    CHECK(list.error()->message.find("pending|delta|1|/slow|" + slow.ids.first.to_string()) != std::string::npos);
    CHECK(list.error()->message.find("7000 ms") != std::string::npos);
    CHECK(list.read_string().error().code == lake::errc::pending_write);
    CHECK(db.batch_list({"doc", "other"})[0].error()->code == lake::errc::pending_write);
  }
  {  // wait, and in vain
    const auto begin = home.clock.wall();
    CHECK(code_of(db.list("doc", {.pending = lake::pending::wait{300ms}})) == lake::errc::pending_write);
    CHECK(home.clock.wall() - begin >= 300ms);
    CHECK(home.clock.wall() - begin < 600ms);
    CHECK(db.read_string("doc").error().code == lake::errc::pending_write);
    CHECK(home.clock.wall() - begin >= 2'300ms);
  }
  {  // everything before it
    const auto list = db.list("doc", {.pending = lake::pending::committed_prefix{}});
    CHECK(!list.error());
    CHECK(list.has_pending());
    CHECK(list.version() == first);
    CHECK(list.read_string().value() == R"({"a":1})");
    CHECK(db.batch_list({"doc"}, {.pending = lake::pending::committed_prefix{}})[0].read_string().value() == R"({"a":1})");
  }
  CHECK(db.committed("doc", slow.ids.first).error().code == lake::errc::outcome_unknown);
  CHECK(db.committed("doc", first) == true);
  CHECK(db.write({.catalog = "doc", .body = "3", .expected = first}).error().code == lake::errc::version_conflict);
  const auto blocked =
      db.write({.catalog = "doc", .body = "3", .expected = db.list("doc", {.pending = lake::pending::committed_prefix{}}).version()},
               lake::call_options{.deadline = 200ms});
  CHECK(!blocked.has_value());

  // Its end lets everybody go on.
  CHECK(db.index().rollback("doc", slow.ids, slow.token).value() == lake::rollback_status::rolled_back);
  CHECK(db.read_string("doc").value() == R"({"a":1,"b":2})");
  CHECK(db.committed("doc", slow.ids.first) == false);
}

TEMPLATE_LIST_TEST_CASE("a waiting read sees the write that it waited for", "[lake][reading]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType writer = home.client();
  writer.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  const in_flight slow = reserve(writer, "doc", "/slow");
  int naps = 0;
  lake::lake_options options = home.options();
  options.executor =
      lake::executor_ref(lake::executor_functions{.spawn = [](std::function<void()> task) { task(); },
                                                  .sleep =
                                                      [&](std::chrono::nanoseconds) {
                                                        home.clock.advance(5ms);
                                                        if (++naps == 3) writer.index().rollback("doc", slow.ids, slow.token).value();
                                                        if (naps == 3) writer.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
                                                      },
                                                  .wait = [](std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                                                             const std::function<bool()>& ready) { condition.wait(lock, ready); },
                                                  .wake = [](std::condition_variable& condition) { condition.notify_all(); }});
  TestType reader = home.client(options);

  CHECK(reader.read_string("doc").value() == R"({"a":1,"b":2})");
  CHECK(naps == 3);
}

TEMPLATE_LIST_TEST_CASE("a write in flight that is older than the timeout is passed over, and can no longer commit", "[lake][reading]",
                        embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  const in_flight slow = reserve(db, "doc", "/slow");
  const lake::time_seq second = db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();

  home.clock.advance(119'999ms);
  CHECK(code_of(db.list("doc")) == lake::errc::pending_write);
  home.clock.advance(1ms);
  const auto list = db.list("doc");
  CHECK(!list.error());
  CHECK(list.version() == second);
  CHECK(list.read_string().value() == R"({"a":1,"b":2})");
  home.clock.step(-100s);  // The reader has relied on its end: no clock brings it back.
  CHECK(!db.list("doc").error());
  CHECK(commit(db, "doc", slow) == lake::commit_status::fenced);
  CHECK(db.committed("doc", slow.ids.first) == false);
  CHECK(db.read_string("doc").value() == R"({"a":1,"b":2})");
}

TEMPLATE_LIST_TEST_CASE("the past is read at any id, until it is cleared", "[lake][reading]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  std::vector<lake::time_seq> ids;
  const auto past = [&](lake::time_seq id) { return db.list("doc", {.as_of = id}); };
  for (int i = 0; i < 6; ++i) {
    ids.push_back(db.write({.catalog = "doc", .path = "/n" + std::to_string(i), .body = std::to_string(i)}).value());
    if (i == 2) db.take_snapshot("doc").value();
    home.clock.advance(400ms);
  }
  std::vector<std::string> documents;
  for (std::size_t i = 0; i < ids.size(); ++i)
    documents.push_back((i == 0 ? "{" : documents.back().substr(0, documents.back().size() - 1) + ",") + "\"n" + std::to_string(i) +
                        "\":" + std::to_string(i) + "}");

  for (std::size_t i = 0; i < ids.size(); ++i) {
    INFO(i);
    CHECK(past(ids[i]).read_string().value() == documents[i]);
    CHECK(past(ids[i]).version() == ids[i]);
    CHECK(past(ids[i]).read_string().value() == documents[i]);
  }
  CHECK(past({}).read_string().value() == "{}");
  CHECK(past({ids.back().timestamp + 1'000, 1}).read_string().value() == documents.back());
  CHECK(past({ids[0].timestamp - 5, 1}).read_string().value() == "{}");

  db.take_snapshot("doc").value();
  CHECK(db.clear_history_with_retention("doc", 1).value().cut == ids.back());
  const auto trimmed = past(ids[4]);
  CHECK(code_of(trimmed) == lake::errc::history_trimmed);
  CHECK(trimmed.error()->message.find(ids[4].to_string()) != std::string::npos);
  CHECK(trimmed.read_string().error().code == lake::errc::history_trimmed);
  CHECK(code_of(past(ids[0])) == lake::errc::history_trimmed);
  CHECK(past(ids[2]).read_string().value() == documents[2]);
  CHECK(past(ids[5]).read_string().value() == documents[5]);
  const lake::time_seq later = db.write({.catalog = "doc", .path = "/later", .body = "1"}).value();
  CHECK(past(ids[5]).read_string().value() == documents[5]);
  CHECK(past(later).read_string().value() == documents[5].substr(0, documents[5].size() - 1) + ",\"later\":1}");
  CHECK(home.reopened().list("doc", {.as_of = ids[2]}).read_string().value() == documents[2]);
}

TEMPLATE_LIST_TEST_CASE("snapshots are saved as the policy says", "[lake][reading]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  lake::lake_options options = home.options();
  const auto saved = [&](TestType& db, int writes) {
    lake::time_seq newest;
    for (int i = 0; i < writes; ++i) newest = db.write({.catalog = "doc", .path = "/n", .body = std::to_string(i)}).value();
    db.read_string("doc").value();
    db.flush();
    const auto snap = db.list("doc").latest_snapshot();
    return snap && snap->stop == newest;
  };

  SECTION("always: after every read with a delta") {
    options.snapshots = lake::snapshot_policy::always();
    TestType db = home.client(options);
    CHECK(saved(db, 1));
    CHECK(saved(db, 3));
    CHECK(db.stats().snapshots_saved == 2);
    CHECK(keys_with(home.storage(), "/snap/").size() == 2);
    db.read_string("doc").value();
    db.flush();
    CHECK(db.stats().snapshots_saved == 2);
  }
  SECTION("never") {
    options.snapshots = lake::snapshot_policy::never();
    TestType db = home.client(options);
    CHECK(!saved(db, 5));
    CHECK(keys_with(home.storage(), "/snap/").empty());
  }
  SECTION("after so many deltas") {
    options.snapshots = lake::snapshot_policy::after(3, 0);
    TestType db = home.client(options);
    CHECK(!saved(db, 1));
    CHECK(!saved(db, 1));
    CHECK(saved(db, 1));
    CHECK(!saved(db, 2));
  }
  SECTION("only full reads save") {
    options.snapshots = lake::snapshot_policy::always();
    TestType db = home.client(options);
    const lake::time_seq first = db.write({.catalog = "doc", .body = "1"}).value();
    db.write({.catalog = "doc", .body = "2"}).value();
    CHECK(db.list("doc", {.as_of = first}).read_string().value() == "1");
    db.flush();
    CHECK(keys_with(home.storage(), "/snap/").empty());
  }
  SECTION("taken on demand, once for a version") {
    TestType db = home.client(options);
    CHECK(db.take_snapshot("doc").error().code == lake::errc::not_found);
    const lake::time_seq first = db.write({.catalog = "doc", .body = "{ \"a\":1.0 }"}).value();
    const lake::snapshot one = db.take_snapshot("doc").value();
    const auto before = home.everything();
    CHECK(one == lake::snapshot{{}, first});
    CHECK(db.take_snapshot("doc").value() == one);
    CHECK(home.client().take_snapshot("doc").value() == one);
    CHECK(home.everything() == before);
    const lake::time_seq second = db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
    CHECK(db.take_snapshot("doc").value() == lake::snapshot{first, second});
  }
}

TEMPLATE_LIST_TEST_CASE("a read through any snapshots equals the replay, byte for byte", "[lake][reading]", embedded_matrix) {
  INFO(describe<TestType>());
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 chance(seed);
  lake_home<TestType> plain_home;
  lake_home<TestType> snap_home;
  lake::lake_options forgetful = plain_home.options();
  forgetful.document_cache_bytes = 0;
  TestType plain = plain_home.client(forgetful);
  TestType snapped = snap_home.client(forgetful);

  std::vector<lake::time_seq> ids;
  for (int i = 0; i < 40; ++i) {
    const lake::write_request request = random_delta(chance);
    ids.push_back(plain.write(request).value());
    REQUIRE(snapped.write(request).value() == ids.back());
    if (chance() % 4 == 0) CHECK(snapped.take_snapshot("doc").value().stop == ids.back());
    if (chance() % 8 == 0) REQUIRE(snapped.clear_history_with_retention("doc", 1).has_value());
    if (chance() % 9 == 0) {
      const lake::time_seq victim = ids[chance() % ids.size()];
      if (snapped.remove_delta("doc", victim) == true) CHECK(plain.remove_delta("doc", victim) == true);
      else
        plain.write({.catalog = "doc", .path = "/same", .body = "0"}).value(),
            snapped.write({.catalog = "doc", .path = "/same", .body = "0"}).value();
    }
    REQUIRE(snapped.read_string("doc").value() == plain.read_string("doc").value());
  }
  CHECK(snap_home.reopened().read_string("doc").value() == plain_home.reopened().read_string("doc").value());
  CHECK(snapped.meta("doc").value() == plain.meta("doc").value());
}
