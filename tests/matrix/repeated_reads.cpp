// Reads that go on from a document merged before: what they fetch, and that they return what a reader without one does.
#include "support/watched_storage.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::keys_with;
using lake_test::lake_home;
using lake_test::watched_home;

namespace {

constexpr lake::merge_type rfc7396 = lake::merge_type::rfc7396;
constexpr lake::merge_type rfc6902 = lake::merge_type::rfc6902;

using keys = std::vector<std::string>;

/// How many bodies a lake asked for, its cache included, since the last question. Confined to the test.
template <class Lake>
class load_count {
 public:
  explicit load_count(const Lake& db) : db_(db), before_(db.stats().bodies_loaded) {}

  std::uint64_t operator()() {
    const std::uint64_t now = db_.stats().bodies_loaded;
    return now - std::exchange(before_, now);
  }

 private:
  const Lake& db_;
  std::uint64_t before_;
};

/// Writes `count` members to the document, and returns it as it is then.
template <class Lake>
std::string fill(Lake& db, int count) {
  std::vector<lake::write_request> requests;
  std::string document = "{";
  for (int i = 0; i < count; ++i) {
    const std::string name = "m" + std::to_string(i);
    requests.push_back({.catalog = "doc", .path = "/" + name, .body = std::to_string(i) + ".0"});
    document += (i == 0 ? "\"" : ",\"") + name + "\":" + std::to_string(i) + ".0";
  }
  db.write_batch(requests).value();
  return document + "}";
}

/// A delta chosen by chance, which applies to any object.
lake::write_request random_delta(std::mt19937_64& chance, std::string_view catalog) {
  const std::string key(1, static_cast<char>('a' + chance() % 3));
  const std::string number = std::to_string(chance() % 1'000) + (chance() % 2 == 0 ? ".0" : "e1");
  const auto on = [&](std::string path, std::string body, lake::merge_type merge = lake::merge_type::replace) {
    return lake::write_request{.catalog = catalog, .path = std::move(path), .body = std::move(body), .merge = merge};
  };
  switch (chance() % 9) {
    case 0: return on("/" + key, std::string(number));
    case 1: return on("/" + key + "/x", "[ " + number + " ]");
    case 2: return on("/" + key + "/x/y", "{ \"k\" : " + number + " }");
    case 3: return on("/", "{\"" + key + "\":" + number + ",\"d\":null}", rfc7396);
    case 4: return on("/" + key, "{ \"" + key + "\" : " + number + ",\"x\":null}", rfc7396);
    case 5: return on("/p", R"([{"op":"add","path":"/)" + key + R"(","value":)" + number + "}]", rfc6902);
    case 6:
      return on("/", R"([{"op":"add","path":"/p","value":{ "q":)" + number + R"( }},{"op":"copy","from":"/p","path":"/)" + key + R"("}])",
                rfc6902);
    case 7: return on("/" + key, "null", rfc7396);
    default: return chance() % 4 == 0 ? on("/", "{ \"base\":" + number + " }") : on("/" + key + "/x", std::string(number));
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a read after one write fetches that write's body", "[lake][repeated]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  auto db = home.watched();
  std::string document = fill(db, 100);
  CHECK(db.read_string("doc").value() == document);
  CHECK(home.watch.fetched().size() == 100);
  CHECK(db.read_string("doc").value() == document);
  CHECK(home.watch.fetched().empty());

  const lake::time_seq one = db.write({.catalog = "doc", .path = "/more", .body = "1e2"}).value();
  document.replace(document.size() - 1, 1, ",\"more\":1e2}");
  lake::trace trace{"Read"};
  CHECK(db.read_string("doc", trace).value() == document);
  CHECK(home.watch.fetched() == keys{home.delta_key("doc", one)});
  CHECK(trace.steps()[1].name == "LoadDeltas");
  CHECK(trace.steps()[1].detail == "{1}");
  CHECK(db.stats().documents_reused == 2);

  INFO("another client's writes are found, and of what hides another only the last");
  TestType other = home.client();
  other.write({.catalog = "doc", .path = "/m1", .body = "[1]"}).value();
  other.write({.catalog = "doc", .path = "/m1", .body = "{\"k\":2}", .merge = rfc7396}).value();
  const lake::time_seq last = other.write({.catalog = "doc", .path = "/m1", .body = "3"}).value();
  document.replace(document.find("\"m1\":1.0"), 8, "\"m1\":3");
  CHECK(db.read_string("doc").value() == document);
  CHECK(home.watch.fetched() == keys{home.delta_key("doc", last)});
  CHECK(home.client().read_string("doc").value() == document);
}

TEMPLATE_LIST_TEST_CASE("a snapshot in between is not fetched, nor missed", "[lake][repeated]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  auto db = home.watched();
  TestType other = home.client();
  fill(db, 10);
  db.read_string("doc").value();
  home.watch.fetched();
  const auto write = [&](const char* path) {
    return home.delta_key("doc", other.write({.catalog = "doc", .path = path, .body = "1"}).value());
  };
  const auto reads = [&](const keys& wanted) {
    const std::string document = home.client().read_string("doc").value();
    CHECK(db.read_string("doc").value() == document);
    CHECK(home.watch.fetched() == wanted);
  };

  SECTION("at the end of the kept document, and the history cleared") {
    other.take_snapshot("doc").value();
    reads({});
    other.clear_history("doc").value();
    reads({});
    reads({write("/a")});
  }
  SECTION("within the kept document") {
    const lake::snapshot_info within = [&] {
      // As a snapshot that a slower reader saved: of the first five only.
      lake::list_options past{.as_of = db.list("doc").deltas()[4].id};
      const std::string text = other.list("doc", past).read_string().value();
      lake::member_hash hash;
      const auto list = db.list("doc");
      for (std::size_t i = 0; i < 5; ++i) hash.add(list.deltas()[i].id, list.deltas()[i].merge, list.deltas()[i].path);
      const lake::time_seq stop = list.deltas()[4].id;
      const std::string digits = hash.hex();
      CHECK(home.index()
                .publish_snapshot({"doc", {}, stop, {}, digits, text.size(), lake::pure::xxh64(text)}, lake::index_timing{})
                .value() == lake::publish_status::published);
      return lake::snapshot_info{{}, stop, {}, 0, text.size(), lake::pure::xxh64(text)};
    }();
    CHECK(db.list("doc").latest_snapshot() == lake::snapshot{{}, within.stop});
    CHECK(db.read_string("doc").value().size() > within.length);  // Its object was never stored: nobody asked for it.
    CHECK(home.watch.fetched().empty());
    const std::string key = write("/a");
    CHECK(db.read_at("doc", "/a").value() == "1");
    CHECK(home.watch.fetched() == keys{key});
  }
  SECTION("beyond the kept document: from the snapshot on") {
    write("/a");
    other.take_snapshot("doc").value();
    const std::string snapshot = keys_with(home.storage(), "/snap/").at(0);
    const std::string b = write("/b");
    keys both{b, snapshot};
    std::sort(both.begin(), both.end());
    reads(both);
    reads({write("/c")});
  }
  SECTION("a write of the whole document makes the kept one unnecessary") {
    write("/a");
    const std::string all = write("/");
    const auto reused = db.stats().documents_reused;
    reads({all});
    CHECK(db.stats().documents_reused == reused);
  }
}

TEMPLATE_LIST_TEST_CASE("a document kept from another history is not gone on from", "[lake][repeated]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  auto db = home.watched();
  fill(db, 5);
  const lake::time_seq victim = db.write({.catalog = "doc", .path = "/victim", .body = "1"}).value();
  db.write({.catalog = "doc", .path = "/last", .body = "1"}).value();
  CHECK(db.read_string("doc").value().find("victim") != std::string::npos);
  load_count loads(db);

  SECTION("a removed delta") {
    CHECK(home.client().remove_delta("doc", victim) == true);
    const std::string document = home.client().read_string("doc").value();
    CHECK(document.find("victim") == std::string::npos);
    CHECK(db.read_string("doc").value() == document);
    CHECK(loads() == 6);
    CHECK(db.read_string("doc").value() == document);
    CHECK(loads() == 0);
  }
  SECTION("a removed catalog") {
    CHECK(home.client().remove_catalog("doc") == true);
    CHECK(db.read_string("doc").value() == "{}");
    db.write({.catalog = "doc", .path = "/new", .body = "1"}).value();
    CHECK(db.read_string("doc").value() == R"({"new":1})");
  }
  SECTION("a read that skips neither uses nor leaves one") {
    db.write({.catalog = "doc", .path = "/p", .body = R"([{"op":"remove","path":"/none"}])", .merge = rfc6902}).value();
    CHECK(db.list("doc", {.unappliable = lake::unappliable::skip}).read_string().has_value());
    CHECK(loads() == 8);
    CHECK(db.read_string("doc").error().code == lake::errc::merge_failed);
    CHECK(loads() == 1);
    CHECK(db.list("doc", {.unappliable = lake::unappliable::skip}).skipped().value().size() == 1);
    db.write({.catalog = "doc", .path = "/p", .body = "1"}).value();
    CHECK(db.read_string("doc").value() == home.client().read_string("doc").value());
  }
}

TEMPLATE_LIST_TEST_CASE("lists of the past are kept beside the newest document", "[lake][repeated]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  auto db = home.watched();
  std::vector<lake::time_seq> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(db.write({.catalog = "doc", .path = "/n" + std::to_string(i), .body = "1"}).value());
  const auto old = db.list("doc", {.as_of = ids[3]});
  load_count loads(db);
  CHECK(db.list("doc", {.as_of = ids[1]}).read_string().value() == R"({"n0":1,"n1":1})");
  CHECK(loads() == 2);
  CHECK(db.read_string("doc").value() == R"({"n0":1,"n1":1,"n2":1,"n3":1,"n4":1,"n5":1})");
  CHECK(loads() == 4);  // Went on from the past one.

  CHECK(old.read_string().value() == R"({"n0":1,"n1":1,"n2":1,"n3":1})");
  CHECK(loads() == 4);
  CHECK(old.read_at("/n3").value() == "1");
  CHECK(loads() == 0);
  db.write({.catalog = "doc", .path = "/more", .body = "1"}).value();
  CHECK(db.read_at("doc", "/more").value() == "1");
  CHECK(loads() == 1);
}

TEMPLATE_LIST_TEST_CASE("what is kept is bounded, newer versions take the place of older ones", "[lake][repeated]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  lake::lake_options options = home.options();
  options.document_cache_bytes = 12'000;
  auto db = home.watched(options);
  const std::string filler = "\"" + std::string(4'000, 'x') + "\"";
  for (const char* name : {"one", "two", "three"}) db.write({.catalog = name, .path = "/f", .body = filler}).value();
  db.read_string("one").value();
  for (int i = 0; i < 10; ++i) {
    db.write({.catalog = "two", .path = "/n", .body = std::to_string(i)}).value();
    db.read_string("two").value();
  }
  home.watch.fetched();
  db.read_string("one").value();
  CHECK(home.watch.fetched().empty());
  db.read_string("three").value();
  home.watch.fetched();
  db.read_string("one").value();
  CHECK(home.watch.fetched().empty());
  INFO("the one that was used longest ago went");
  const auto reused = db.stats().documents_reused;
  db.read_string("two").value();
  CHECK(db.stats().documents_reused == reused);
}

TEMPLATE_LIST_TEST_CASE("the bytes that a policy counts do not depend on what is kept", "[lake][repeated]", embedded_matrix) {
  INFO(describe<TestType>());
  const auto saved_after = [](std::size_t budget) {
    watched_home<TestType> home;
    lake::lake_options options = home.options();
    options.document_cache_bytes = budget;
    options.snapshots = lake::snapshot_policy::after(1'000, 0.5);
    TestType db = home.client(options);
    db.write({.catalog = "doc", .body = "{\"filler\":\"" + std::string(1'000, 'x') + "\"}"}).value();
    db.take_snapshot("doc").value();
    std::vector<int> saved;
    for (int i = 0; i < 60; ++i) {
      db.write({.catalog = "doc", .path = "/m" + std::to_string(i), .body = "\"" + std::string(100, 'a') + "\""}).value();
      db.read_string("doc").value();
      db.flush();
      if (db.list("doc").deltas().empty()) saved.push_back(i);
    }
    return saved;
  };
  const std::vector<int> without = saved_after(0);
  CHECK(without.size() == 2);
  CHECK(saved_after(std::size_t{1} << 20U) == without);
}

TEMPLATE_LIST_TEST_CASE("with documents kept and deltas passed over, reads return what a fresh lake reads", "[lake][repeated]",
                        embedded_matrix) {
  INFO(describe<TestType>());
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 chance(seed);
  watched_home<TestType> home;
  lake::lake_options options = home.options();
  const std::size_t budgets[] = {std::size_t{1} << 20U, 3'000, 600};
  options.document_cache_bytes = budgets[chance() % 3];
  options.snapshots = chance() % 2 == 0 ? lake::snapshot_policy::never() : lake::snapshot_policy::after(5, 0.5);
  CAPTURE(options.document_cache_bytes);
  TestType db = home.client(options);
  const auto check = [&](const std::string& catalog, lake::list_options with) {
    const auto list = db.list(catalog, with);
    REQUIRE(!list.error());
    const std::string read = list.read_string().value();
    lake::lake_options forgetful = home.options();
    forgetful.document_cache_bytes = 0;
    const TestType fresh = home.client(forgetful);
    with.unappliable = lake::unappliable::skip;  // Passes over nothing.
    CHECK(fresh.list(catalog, with).read_string().value() == read);
    with.unappliable = lake::unappliable::fail;
    CHECK(fresh.list(catalog, with).read_string().value() == read);
    return std::pair(list, read);
  };

  std::vector<std::pair<decltype(db.list("doc")), std::string>> lists;
  std::vector<lake::time_seq> ids[2];
  for (int round = 0; round < 150; ++round) {
    INFO(round);
    const std::size_t which = chance() % 4 == 0 ? 1 : 0;
    const std::string catalog = which == 0 ? "doc" : "other";
    for (std::size_t count = chance() % 4; count > 0; --count) ids[which].push_back(db.write(random_delta(chance, catalog)).value());
    const std::size_t what = chance() % 24;
    bool history_changed = true;
    if (what == 0) db.clear_history_with_retention(catalog, chance() % 2).value();
    else if (what == 1 && !ids[which].empty())
      static_cast<void>(db.remove_delta(catalog, ids[which][chance() % ids[which].size()]));  // Or a snapshot covers it.
    else if (what == 2 && chance() % 3 == 0) db.remove_catalog(catalog).value();
    else history_changed = false;
    if (what == 3 || what == 4) static_cast<void>(home.client().take_snapshot(catalog));  // Or nothing was written.
    if (history_changed) db.flush(), lists.clear();
    if (what >= 5 && what < 9 && !ids[which].empty()) {
      const lake::list_options past{.as_of = ids[which][ids[which].size() - 1 - chance() % (std::min)(ids[which].size(), std::size_t{9})]};
      if (!db.list(catalog, past).error()) check(catalog, past);
    }
    if (what >= 9 && what < 20) lists.push_back(check(catalog, {}));
    if (!lists.empty() && chance() % 3 == 0) {
      const auto& [list, read] = lists[chance() % lists.size()];
      CHECK(list.read_string().value() == read);
    }
  }
  db.flush();
  check("doc", {});
  check("other", {});
}

TEMPLATE_LIST_TEST_CASE("readers beside a writer return whole documents", "[lake][repeated]", embedded_matrix) {
  INFO(describe<TestType>());
  watched_home<TestType> home;
  lake::lake_options options = home.options();
  options.snapshots = lake::snapshot_policy::after(7, 0);
  TestType db = home.client(options);
  constexpr int writes = 120;
  std::vector<lake::write_request> requests;
  std::vector<std::string> documents{"{}"};
  for (int i = 1; i <= writes; ++i) {
    const std::string number = std::to_string(i);
    requests.push_back({.catalog = "doc",
                        .body = R"({"n":)" + number + R"(,"k)" + std::to_string(i % 5) + R"(":{"at":)" + number + "}}",
                        .merge = rfc7396});
    documents.push_back(lake::merge::apply(documents.back(), {{rfc7396, "/", requests.back().body}}).value());
  }
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int newest = 0;
      while (true) {
        const bool last = done.load();
        const auto list = db.list("doc", {.pending = lake::pending::committed_prefix{}});
        const auto read = list.read_string();
        const auto n = read ? lake::merge::find(*read, "/n") : lake::result<std::string_view>(std::string_view("0"));
        const int now = n ? std::stoi(std::string(*n)) : 0;
        if (!read || *read != documents[static_cast<std::size_t>(now)] || now < newest) ++wrong;
        newest = now;
        ++reads;
        if (last) break;
      }
      if (newest != writes) ++wrong;
    });
  }
  for (const lake::write_request& request : requests) {
    if (!db.write(request)) ++wrong;
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(reads >= 3);
  CHECK(home.client().read_string("doc").value() == documents.back());
}
