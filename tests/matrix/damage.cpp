// What a lake does about damaged, missing and exchanged objects, in the storage and in a cache.
#include "support/events.hpp"
#include "support/lakes.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::event_log;
using lake_test::keys_with;
using lake_test::lake_home;

namespace {

/// The object's last byte, which belongs to its body, in another spelling.
std::string flipped(std::string bytes) {
  bytes.back() = static_cast<char>(bytes.back() ^ 0x20);
  return bytes;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a snapshot that cannot be read is fallen back from, told, and replaced", "[lake][damage]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType writer = home.client();
  writer.write({.catalog = "doc", .path = "/a", .body = "1.0"}).value();
  const bool older = GENERATE(false, true);  // Whether there is an older snapshot to fall back to.
  CAPTURE(older);
  if (older) writer.take_snapshot("doc").value();
  const lake::time_seq last = writer.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
  writer.take_snapshot("doc").value();
  const std::string key = keys_with(home.storage(), "~" + last.to_string() + ".snap").at(0);
  const std::string good = *home.storage().get(key).value();
  const std::string document = R"({"a":1.0,"b":2})";
  event_log log;
  lake::lake_options options = home.options();
  options.on_event = log.hook();

  SECTION("flipped, truncated, foreign or gone") {
    const int how = GENERATE(0, 1, 2, 3);
    CAPTURE(how);
    if (how == 0) home.storage().put(key, flipped(good)).value();
    if (how == 1) home.storage().put(key, good.substr(0, good.size() / 2)).value();
    if (how == 2) home.storage().put(key, "{}").value();
    if (how == 3) home.storage().remove(key).value();
    TestType reader = home.client(options);

    CHECK(reader.read_string("doc").value() == document);
    const auto told = log.of(lake::event_kind::snapshot_damaged);
    REQUIRE(told.size() == 1);
    CHECK(told[0].subject == "doc");
    REQUIRE(told[0].reason.has_value());
    CHECK(told[0].reason->to_string().find(key) != std::string::npos);
    reader.flush();
    CHECK(log.of(lake::event_kind::background_failed).empty());

    // The read has put a whole one in its place.
    log.clear();
    TestType later = home.client(options);
    CHECK(later.read_string("doc").value() == document);
    CHECK(log.of(lake::event_kind::snapshot_damaged).empty());
    CHECK(later.list("doc").deltas().empty());
    CHECK(later.clear_history("doc").value().cut == last);
    CHECK(home.client().read_string("doc").value() == document);
  }
  SECTION("with a delta after it") {
    writer.write({.catalog = "doc", .path = "/c", .body = "3"}).value();
    home.storage().put(key, flipped(good)).value();
    TestType reader = home.client(options);
    CHECK(reader.read_string("doc").value() == R"({"a":1.0,"b":2,"c":3})");
    CHECK(log.of(lake::event_kind::snapshot_damaged).size() == 1);
    CHECK(reader.list("doc", {.as_of = last}).read_string().value() == document);
    reader.flush();
    log.clear();
    CHECK(home.client(options).read_string("doc").value() == R"({"a":1.0,"b":2,"c":3})");
    CHECK(log.of(lake::event_kind::snapshot_damaged).empty());
  }
  SECTION("where nothing else is left the read fails and names it, and a clear removes nothing") {
    writer.clear_history_with_retention("doc", 0).value();
    home.storage().put(key, flipped(good)).value();
    TestType reader = home.client(options);
    const auto before = home.objects();
    const auto read = reader.read_string("doc");
    REQUIRE(!read.has_value());
    CHECK(read.error().code == lake::errc::corrupt_body);
    CHECK(read.error().to_string().find(key) != std::string::npos);
    CHECK(reader.clear_history("doc").error().code == lake::errc::corrupt_body);
    CHECK(home.objects() == before);
  }
}

TEMPLATE_LIST_TEST_CASE("a clear does not cut at a snapshot that cannot be read", "[lake][damage]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
  db.take_snapshot("doc").value();
  CHECK(db.read_string("doc").value() == R"({"a":1,"b":2})");  // Maybe in a cache now: what counts is the object.
  const std::string key = keys_with(home.storage(), "/snap/").at(0);
  const std::string good = *home.storage().get(key).value();
  home.storage().put(key, flipped(good)).value();

  const auto cleared = db.clear_history("doc");
  INFO((cleared ? std::string("cleared") : cleared.error().to_string()));
  CHECK((cleared.has_value() || cleared.error().code == lake::errc::corrupt_body));
  if (!cleared) CHECK(keys_with(home.storage(), "/delta/").size() == 2);
  CHECK(home.client().read_string("doc").value() == R"({"a":1,"b":2})");
}

TEMPLATE_LIST_TEST_CASE("a damaged, missing or exchanged delta is an error that names its key", "[lake][damage]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const lake::time_seq first = db.write({.catalog = "doc", .path = "/a", .body = "[1111111111111111111111111111111111]"}).value();
  db.write({.catalog = "doc", .path = "/b", .body = "[2222222222222222222222222222222222]"}).value();
  db.write_file({.catalog = "doc", .path = "/f", .body = "a file of some bytes, a file of some bytes"}).value();
  const auto deltas = keys_with(home.storage(), "/delta/");
  REQUIRE(deltas.size() == 2);
  CHECK(deltas[0].find(first.to_string()) != std::string::npos);
  const std::string one = *home.storage().get(deltas[0]).value();
  const std::string two = *home.storage().get(deltas[1]).value();
  const auto refused = [&](lake::errc code) {
    TestType reader = home.client();
    const auto read = reader.read_string("doc");
    REQUIRE(!read.has_value());
    CHECK(read.error().code == code);
    CHECK(read.error().to_string().find(deltas[0]) != std::string::npos);
    CHECK(reader.history("doc").error().code == code);
    CHECK(reader.take_snapshot("doc").error().code == code);
  };

  home.storage().put(deltas[0], flipped(one)).value();
  refused(lake::errc::corrupt_body);
  home.storage().put(deltas[0], one.substr(0, one.size() - 1)).value();
  refused(lake::errc::corrupt_body);
  home.storage().put(deltas[0], one + "x").value();
  refused(lake::errc::corrupt_body);
  home.storage().put(deltas[0], "").value();
  refused(lake::errc::corrupt_body);
  home.storage().put(deltas[0], two).value();
  refused(lake::errc::corrupt_body);
  home.storage().remove(deltas[0]).value();
  refused(lake::errc::not_found);
  home.storage().put(deltas[0], one).value();
  CHECK(home.client().read_at("doc", "/b").value() == "[2222222222222222222222222222222222]");

  const std::string file = keys_with(home.storage(), "/files/").at(0);
  home.storage().put(file, flipped(*home.storage().get(file).value())).value();
  const auto bytes = home.client().read_file("doc", "/f");
  REQUIRE(!bytes.has_value());
  CHECK(bytes.error().code == lake::errc::corrupt_body);
  CHECK(bytes.error().to_string().find(file) != std::string::npos);
}

TEMPLATE_LIST_TEST_CASE("a cache that holds damaged bytes counts as a miss", "[lake][damage]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  typename lake_home<TestType>::cache_type cache = home.fresh_cache();
  TestType db = home.with_cache(cache);
  db.write({.catalog = "doc", .path = "/a", .body = "[1,2,3,4,5,6,7,8,9,10]"}).value();
  const std::string key = keys_with(home.storage(), "/delta/").at(0);
  const std::string id = lake::decode_marker(*home.storage().get("lake.json").value(), "lake.json").value().lake_id;
  const std::string name = TestType::layout_type::cache_key(TestType::layout_type::prefix(db.storage().kind, "lake"), id, key);
  const auto read_with_new_document_store = [&] { return home.with_cache(cache).read_at("doc", "/a").value(); };

  CHECK(read_with_new_document_store() == "[1,2,3,4,5,6,7,8,9,10]");
  const bool caches = TestType::state_type::cache_type::enabled;
  CHECK((cache.find(lake::object_kind::delta, name) != nullptr) == caches);
  for (const std::string& lie : {std::string(), std::string("{}"), flipped(*home.storage().get(key).value())}) {
    cache.store(lake::object_kind::delta, name, std::make_shared<const std::string>(lie));
    CHECK(read_with_new_document_store() == "[1,2,3,4,5,6,7,8,9,10]");
    if (caches) CHECK(*cache.find(lake::object_kind::delta, name) == *home.storage().get(key).value());
  }
  // A whole one serves without the storage.
  if (caches) {
    home.storage().remove(key).value();
    TestType reader = home.with_cache(cache);
    CHECK(reader.read_at("doc", "/a") == "[1,2,3,4,5,6,7,8,9,10]");
    CHECK(reader.stats().cache_hits == 1);
  }
}
