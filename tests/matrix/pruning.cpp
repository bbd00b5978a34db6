// Reads pass over what a later write hides: which bodies they fetch, what they return, and when nothing may be passed over.
#include "support/events.hpp"
#include "support/watched_storage.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::event_log;
using lake_test::keys_with;
using lake_test::watched_home;

namespace {

constexpr lake::merge_type rfc7396 = lake::merge_type::rfc7396;
constexpr lake::merge_type rfc6902 = lake::merge_type::rfc6902;

std::vector<std::string> sorted(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// The document by a read that passes over nothing.
template <class Lake>
std::string whole_read(const Lake& db) {
  return db.list("doc", {.unappliable = lake::unappliable::skip}).read_string().value();
}

std::string flipped(std::string bytes) {
  bytes.back() = static_cast<char>(bytes.back() ^ 0x20);
  return bytes;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a read fetches the bodies that no later write hides, and the order of keys stays", "[lake][pruning]",
                        embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  TestType writer = home.client();
  const auto write = [&](std::string_view path, std::string_view body, lake::merge_type merge = lake::merge_type::replace) {
    return home.delta_key("doc", writer.write({.catalog = "doc", .path = path, .body = body, .merge = merge}).value(), merge);
  };
  write("/a/x", R"({"hidden":1})");
  const std::string b = write("/b", "2.0");
  write("/a/x/y", "[3]", rfc7396);  // Stored as a Replace, and hidden.
  write("/a/x", R"([{"op":"remove","path":"/hidden"}])", rfc6902);
  const std::string order = write("/", R"({"z":{"q":1}})", rfc7396);
  const std::string x = write("/a/x", "5");
  const std::string other = write("/a/other", R"([{"op":"add","path":"/k","value":1e2}])", rfc6902);

  auto reader = home.watched();
  lake::trace trace{"Read"};
  CHECK(reader.read_string("doc", trace).value() == R"({"a":{"x":5,"other":{"k":1e2}},"b":2.0,"z":{"q":1}})");
  CHECK(home.watch.fetched() == sorted({b, order, x, other}));
  CHECK(reader.stats().bodies_loaded == 4);
  CHECK(trace.steps()[2].name == "LoadDeltas");
  CHECK(trace.steps()[2].detail == "{4}");
  CHECK(whole_read(home.client()) == R"({"a":{"x":5,"other":{"k":1e2}},"b":2.0,"z":{"q":1}})");
  CHECK(home.client().history("doc").value().size() == 7);
}

TEMPLATE_LIST_TEST_CASE("what a patch may have seen is fetched", "[lake][pruning]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  TestType writer = home.client();
  struct example {
    const char* patch;
    const char* wanted;
  };
  const example one =
      GENERATE(values<example>({{R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":3,"b":2})"},
                                {R"([{"op":"test","path":"/a","value":2},{"op":"add","path":"/ok","value":true}])", R"({"a":3,"ok":true})"},
                                {R"([{"op":"move","from":"/a","path":"/b"}])", R"({"b":2,"a":3})"}}));
  writer.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  writer.write({.catalog = "doc", .path = "/a", .body = "2"}).value();
  writer.write({.catalog = "doc", .body = one.patch, .merge = rfc6902}).value();
  writer.write({.catalog = "doc", .path = "/a", .body = "3"}).value();

  auto reader = home.watched();
  CHECK(reader.read_string("doc").value() == one.wanted);
  CHECK(home.watch.fetched().size() == 3);
  CHECK(whole_read(home.client()) == one.wanted);
}

TEMPLATE_LIST_TEST_CASE("nothing before a write of the whole document is fetched, a snapshot neither", "[lake][pruning]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  TestType writer = home.client();
  writer.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  writer.take_snapshot("doc").value();
  const std::string snapshot = keys_with(home.storage(), "/snap/").at(0);
  writer.write({.catalog = "doc", .body = R"({"b":1})", .merge = rfc7396}).value();
  writer.write({.catalog = "doc", .body = "[]"}).value();
  const std::string all =
      home.delta_key("doc", writer.write({.catalog = "doc", .body = R"({ "all":1 })", .merge = lake::merge_type::replace}).value());
  writer.write({.catalog = "doc", .path = "/c", .body = "1"}).value();
  const std::string c = home.delta_key("doc", writer.write({.catalog = "doc", .path = "/c", .body = "2"}).value());
  const std::string document = R"({ "all":1,"c":2 })";
  event_log log;
  lake::lake_options options = home.options();
  options.on_event = log.hook();

  SECTION("read") {
    CHECK(home.watched(options).read_string("doc").value() == document);
    CHECK(home.watch.fetched() == sorted({all, c}));
    CHECK(whole_read(home.client()) == document);
  }
  SECTION("a damaged snapshot is in nobody's way, and a clear still has it replaced") {
    home.storage().put(snapshot, flipped(*home.storage().get(snapshot).value())).value();
    CHECK(home.watched(options).read_string("doc").value() == document);
    CHECK(log.of(lake::event_kind::snapshot_damaged).empty());

    TestType cleaner = home.client(options);
    CHECK(cleaner.clear_history("doc").error().code == lake::errc::corrupt_body);
    CHECK(log.of(lake::event_kind::snapshot_damaged).size() == 1);
    cleaner.flush();
    CHECK(cleaner.clear_history("doc").value().removed.deltas == 6);
    CHECK(home.client().read_string("doc").value() == document);
  }
  SECTION("a snapshot saved from such a read is right") {
    CHECK(home.watched(options).take_snapshot("doc").has_value());
    CHECK(keys_with(home.storage(), "/snap/").size() == 2);
    auto reader = home.watched();
    home.watch.fetched();
    CHECK(reader.read_string("doc").value() == document);
    REQUIRE(home.watch.fetched().size() == 1);
    CHECK(reader.clear_history("doc").has_value());
    CHECK(home.client().read_string("doc").value() == document);
  }
}

TEMPLATE_LIST_TEST_CASE("a damaged or missing body does not matter once it is hidden", "[lake][pruning]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  TestType writer = home.client();
  const std::string hidden = home.delta_key("doc", writer.write({.catalog = "doc", .path = "/a/x", .body = "[1,1,1,1,1,1,1,1]"}).value());
  const std::string b = home.delta_key("doc", writer.write({.catalog = "doc", .path = "/b", .body = "2"}).value());
  const lake::time_seq killer = writer.write({.catalog = "doc", .path = "/a", .body = "3"}).value();
  const std::string good = *home.storage().get(hidden).value();
  const int how = GENERATE(0, 1, 2);
  CAPTURE(how);
  if (how == 0) home.storage().put(hidden, flipped(good)).value();
  if (how == 1) home.storage().put(hidden, "{}").value();
  if (how == 2) home.storage().remove(hidden).value();
  const lake::errc damage = how == 2 ? lake::errc::not_found : lake::errc::corrupt_body;
  const auto refused = [&](const auto& read, const std::string& key) {
    REQUIRE(!read.has_value());
    CHECK(read.error().code == damage);
    CHECK(read.error().to_string().find(key) != std::string::npos);
  };

  CHECK(home.client().read_string("doc").value() == R"({"a":3,"b":2})");
  refused(home.client().history("doc"), hidden);
  INFO("without what hid it, and in the past, it matters again");
  refused(home.client().list("doc", {.as_of = lake::time_seq{killer.timestamp, killer.seqid - 1}}).read_string(), hidden);
  refused(home.client().list("doc", {.unappliable = lake::unappliable::skip}).read_string(), hidden);
  SECTION("the delta that hid it is removed") {
    CHECK(writer.remove_delta("doc", killer) == true);
    refused(home.client().read_string("doc"), hidden);
  }
  SECTION("one that is alive is named") {
    if (how == 2) home.storage().remove(b).value();
    else home.storage().put(b, how == 0 ? flipped(*home.storage().get(b).value()) : "{}").value();
    refused(home.client().read_string("doc"), b);
    writer.write({.catalog = "doc", .path = "/b", .body = "4"}).value();
    CHECK(home.client().read_string("doc").value() == R"({"a":3,"b":4})");
  }
}

TEMPLATE_LIST_TEST_CASE("an error names the delta, whatever is hidden before it", "[lake][pruning]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  TestType db = home.client();
  const auto patch = [&](std::string_view path) {
    return db.write({.catalog = "doc", .path = path, .body = R"([{"op":"remove","path":"/none"}])", .merge = rfc6902}).value();
  };
  for (int i = 0; i < 3; ++i) {
    db.write({.catalog = "doc", .path = "/n", .body = "1"}).value();
    db.write({.catalog = "doc", .path = "/t", .body = "2"}).value();
  }
  db.write({.catalog = "doc", .path = "/live", .body = "{}"}).value();
  patch("/n");
  db.write({.catalog = "doc", .path = "/n", .body = "3"}).value();
  const lake::time_seq culprit = patch("/live");
  db.write({.catalog = "doc", .path = "/t", .body = "4"}).value();

  const auto read = db.read_string("doc");
  REQUIRE(!read.has_value());
  CHECK(read.error().code == lake::errc::merge_failed);
  CHECK(read.error().id == culprit);
  CHECK(read.error().message.find("\"/live\"") != std::string::npos);

  // What hides the culprit heals the document.
  db.write({.catalog = "doc", .path = "/live", .body = "5"}).value();
  CHECK(db.read_string("doc").value() == R"({"n":3,"t":4,"live":5})");
  CHECK(db.list("doc", {.unappliable = lake::unappliable::skip}).skipped().value().size() == 2);
}

TEMPLATE_LIST_TEST_CASE("a read that skips takes every delta: one that cannot be applied hides nothing", "[lake][pruning]",
                        embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  home.client().write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  const lake::time_seq deep = home.client().write({.catalog = "doc", .path = "/a", .body = "[[[[]]]]"}).value();
  lake::lake_options shallow = home.options();
  shallow.limits.depth = 3;  // Below what the writer allowed.
  auto reader = home.watched(shallow);

  const auto list = reader.list("doc", {.unappliable = lake::unappliable::skip});
  CHECK(list.read_string().value() == R"({"a":1})");
  CHECK(home.watch.fetched().size() == 2);
  CHECK(list.skipped().value().at(0).id == deep);
  CHECK(reader.read_string("doc").error().id == deep);
  CHECK(home.client().read_string("doc").value() == R"({"a":[[[[]]]]})");
}

TEMPLATE_LIST_TEST_CASE("the past is pruned as it was", "[lake][pruning]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  auto db = home.watched();
  std::vector<lake::time_seq> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(db.write({.catalog = "doc", .path = "/a", .body = std::to_string(i)}).value());

  CHECK(db.read_string("doc").value() == R"({"a":3})");
  CHECK(home.watch.fetched() == std::vector<std::string>{home.delta_key("doc", ids[3])});
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CHECK(home.watched().list("doc", {.as_of = ids[i]}).read_string().value() == "{\"a\":" + std::to_string(i) + "}");
    CHECK(home.watch.fetched() == std::vector<std::string>{home.delta_key("doc", ids[i])});
  }
}

TEMPLATE_LIST_TEST_CASE("hidden deltas count for the policy, their bytes do not", "[lake][pruning]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  lake::lake_options options = home.options();
  const auto saves = [&](TestType& db) {
    db.read_string("doc").value();
    db.flush();
    return db.list("doc").deltas().empty();
  };
  SECTION("so many deltas") {
    options.snapshots = lake::snapshot_policy::after(3, 0);
    TestType db = home.client(options);
    for (int i = 0; i < 2; ++i) db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
    CHECK(!saves(db));
    db.write({.catalog = "doc", .body = "{}"}).value();
    CHECK(saves(db));
  }
  SECTION("so many bytes") {
    options.snapshots = lake::snapshot_policy::after(1'000, 0.5);
    TestType db = home.client(options);
    db.write({.catalog = "doc", .body = "{\"filler\":\"" + std::string(1'000, 'x') + "\"}"}).value();
    CHECK(!saves(db));  // One Replace of the whole document is as good as a snapshot.
    db.write({.catalog = "doc", .body = "{\"filler\":\"" + std::string(1'000, 'y') + "\"}"}).value();
    CHECK(!saves(db));  // Also if it hides others.
    db.take_snapshot("doc").value();
    for (int i = 0; i < 20; ++i) db.write({.catalog = "doc", .path = "/a", .body = "\"" + std::string(100, 'a') + "\""}).value();
    CHECK(!saves(db));
    for (int i = 0; i < 12; ++i)
      db.write({.catalog = "doc", .path = "/b" + std::to_string(i), .body = "\"" + std::string(100, 'b') + "\""}).value();
    CHECK(saves(db));
  }
}
