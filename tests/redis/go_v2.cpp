// A lake of v2 clients in a real Redis: their data read, what we write as they write it, and ids that never meet. Data: LAKE_DATA/go_v2.
#include <lake/lake.hpp>

#include <lake/codec/go_v2.hpp>
#include <lake/index/redis.hpp>
#include <lake/layout/go_v2.hpp>
#include <lake/storage/filesystem.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/folder.hpp"
#include "support/redis_restore.hpp"
#include "support/redis_server.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using lake_test::redis_server;
using go_index = lake::basic_redis_index<lake::layout::go_v2>;
using go_lake = lake::basic_lake<go_index, lake::filesystem_storage, lake::no_cache, lake::go_v2_codec>;

/// The golden lake in a server and a folder of the test's own.
struct interop {
  explicit interop(const std::string& which, std::string secret) : password(std::move(secret)) {
    const fs::path data = lake_test::data_folder() / "go_v2" / which;
    fs::copy(data / "storage", folder.path() / "storage", fs::copy_options::recursive);
    lake_test::restore(server, data / "redis-restore.resp");
    expected = nlohmann::json::parse(lake_test::file_bytes(data / "expected.json"));
  }
  /// `prefix`: of the index's keys, where it is not that of the lake's name.
  go_lake open(std::string_view prefix = {}) const {
    lake::lake_options options;
    options.name = "interop";
    options.snapshots = lake::snapshot_policy::never();
    return go_lake(std::move(options), go_index::connect({.url = server.url(), .prefix = std::string(prefix)}).value(),
                   lake::filesystem_storage::open({.root = folder.path() / "storage"}).value(), {},
                   lake::go_v2_codec::create({.password = password}).value());
  }
  std::string key(const std::string& catalog, const std::string& part) const { return "file:interop:" + catalog + ":" + part; }
  std::set<std::string> keys() const {
    std::set<std::string> all;
    for (const auto& one : server.ask({"KEYS", "*"}).parts) all.insert(one.words);
    return all;
  }
  std::set<std::string> objects() const {
    std::set<std::string> all;
    for (const auto& one : fs::recursive_directory_iterator(folder.path() / "storage")) {
      if (one.is_regular_file()) all.insert(fs::relative(one.path(), folder.path() / "storage").string());
    }
    return all;
  }

  redis_server server;
  lake_test::scratch_folder folder;
  std::string password;
  nlohmann::json expected;
};

/// What stands behind `left` and not behind `right`.
std::set<std::string> without(const std::set<std::string>& left, const std::set<std::string>& right) {
  std::set<std::string> out;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(), std::inserter(out, out.end()));
  return out;
}

/// As a v2 client reserves an id: the counter of the server's second, and a pending member. Returns `{ts}_{seq}`.
std::string reserve_as_v2(const redis_server& server, const std::string& catalog, const std::string& path) {
  return server.command({"EVAL",
                         "local t=redis.call('TIME')[1] local c='lake:seqid:'..ARGV[1]..':'..t "
                         "local q=redis.call('INCR',c) redis.call('EXPIRE',c,5) "
                         "redis.call('ZADD','file:interop:'..ARGV[1]..':delta',string.format('%s.%06d',t,q),'pending|delta|1|'..ARGV[2]..'|'..t..'_'..q) "
                         "return t..'_'..q",
                         "0", catalog, path});
}

const std::vector<std::pair<std::string, std::string>> runs{{"plain", ""}, {"aes", "s3cret-key"}};

#define LAKE_SKIP_WITHOUT_GOLDEN() \
  LAKE_SKIP_WITHOUT_REDIS();       \
  if (!fs::exists(lake_test::data_folder() / "go_v2")) LAKE_SKIP("no golden data in " + (lake_test::data_folder() / "go_v2").string())

}  // namespace

TEST_CASE("a v2 client's lake reads equal, from its snapshots, and its meta and files too") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  for (const auto& [run, password] : runs) {
    const interop golden(run, password);
    go_lake db = golden.open();
    for (const auto& [catalog, wanted] : golden.expected.items()) {
      INFO(run << " " << catalog);
      CHECK(db.read_string(catalog) == wanted.at("doc").get<std::string>());
      CHECK(nlohmann::json::parse(db.meta(catalog).value()) == nlohmann::json::parse(wanted.at("meta").get<std::string>()));
    }
    CHECK(db.read_file("users", "/avatars/1.png") == std::string("not really a png"));
    CHECK(db.read_file("ORDERS", "/a.b/c_d") == std::string("file two"));
    CHECK(db.files_and_meta("users") == std::string(R"({"/avatars/1.png":{"type":"image/png","size":16}})"));
  }
}

TEST_CASE("a v2 client's lake reads equal by replay of all its deltas, but where our merge keeps to the rules and theirs does not") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  // Of ten. A snapshot that a v2 client made before keeps its reading.
  const std::map<std::string, std::string> differing{
      {"12345", "an index of RFC 6902 is 0 ... length or -: their -1 is the last element"},
      {"UPPER/2.0-RC_1", "RFC 6902 tests what is there: they take a missing member for null"},
      {"UserProfiles", "missing parents are created once: theirs leaves a member that splits the name at its dot"},
  };
  for (const auto& [run, password] : runs) {
    const interop golden(run, password);
    for (const auto& [catalog, wanted] : golden.expected.items()) golden.server.command({"DEL", golden.key(catalog, "snap")});
    go_lake db = golden.open();
    for (const auto& [catalog, wanted] : golden.expected.items()) {
      INFO(run << " " << catalog);
      const auto list = db.list(catalog);
      CHECK_FALSE(list.latest_snapshot().has_value());
      const auto read = db.read_json(catalog);
      const auto theirs = nlohmann::json::parse(wanted.at("doc").get<std::string>());
      if (const auto rule = differing.find(catalog); rule == differing.end()) {
        CHECK(read.value() == theirs);
      } else {
        INFO(rule->second);
        CHECK((read ? *read != theirs : read.error().code == lake::errc::merge_failed));
      }
    }
  }
}

TEST_CASE("what we write to a v2 lake has exactly that client's members, keys and body forms, besides one control key") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  for (const auto& [run, password] : runs) {
    INFO(run);
    const interop golden(run, password);
    const auto keys_before = golden.keys();
    const auto objects_before = golden.objects();
    go_lake db = golden.open();

    const lake::time_seq id =
        db.write({.catalog = "12345", .path = "/we", .body = R"({"x":1})", .merge = lake::merge_type::rfc7396, .meta = R"({"by":"us"})"}).value();

    const std::string text = id.to_string();
    CHECK(golden.server.command({"ZSCORE", golden.key("12345", "delta"), "delta|2|/we|" + text}) != "(nil)");
    CHECK(golden.server.command({"TYPE", golden.key("12345", "meta")}) == "string");
    CHECK(golden.server.command({"GET", golden.key("12345", "meta")}) == R"({"by":"us"})");
    auto added = without(golden.keys(), keys_before);
    CHECK(added.erase("lake:seqid:12345:" + std::to_string(id.timestamp)) == 1);
    added.erase(golden.key("12345", "meta"));
    CHECK(added == std::set<std::string>{golden.key("12345", "ctl")});
    const auto bodies = without(golden.objects(), objects_before);
    REQUIRE(bodies.size() == 1);
    CHECK(bodies.begin()->starts_with("82/(12345/"));
    CHECK(bodies.begin()->ends_with(text + "_2.dat"));
    const std::string stored = lake_test::file_bytes(golden.folder.path() / "storage" / *bodies.begin());
    if (password.empty()) CHECK(stored.starts_with("\x1f\x8b"));
    else CHECK(stored.find("\x1f\x8b") == std::string::npos);
  }
}

TEST_CASE("meta of a v2 lake is merged as text: nothing that a write does not name is changed") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  const interop golden("plain", "");
  const std::string name = golden.key("users", "meta");
  golden.server.command({"SET", name, R"({ "big":12345678901234567890, "list":[ ], "\u00e9":{"a":"}\\\""} })"});
  go_lake db = golden.open();

  db.write({.catalog = "users", .path = "/q", .body = "1", .meta = R"({"n":2})"}).value();
  CHECK(golden.server.command({"GET", name}) == R"({"big":12345678901234567890,"list":[ ],"n":2,"é":{"a":"}\\\""}})");

  db.write({.catalog = "users", .path = "/q", .body = "2", .meta = R"({"n":null,"list":7})"}).value();
  CHECK(golden.server.command({"GET", name}) == R"({"big":12345678901234567890,"list":7,"n":null,"é":{"a":"}\\\""}})");
  CHECK(db.meta("users") == std::string(R"({"big":12345678901234567890,"list":7,"n":null,"é":{"a":"}\\\""}})"));
}

TEST_CASE("the counter of a v2 lake is respected both ways: ids of both clients never meet") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  const interop golden("plain", "");
  go_lake db = golden.open();
  std::set<std::string> ids;
  std::size_t issued = 0;
  for (int round = 0; round < 50; ++round) {
    const std::string theirs = reserve_as_v2(golden.server, "users", "/t");
    ids.insert(theirs);
    golden.server.command({"ZREM", golden.key("users", "delta"), "pending|delta|1|/t|" + theirs});
    const auto ours = db.write({.catalog = "users", .path = "/q", .body = "1"}).value();
    ids.insert(ours.to_string());
    const auto batch = db.write_batch({{.catalog = "users", .path = "/a", .body = "1"}, {.catalog = "users", .path = "/b", .body = "2"}}).value();
    for (const lake::time_seq& one : batch) ids.insert(one.to_string());
    issued += 4;
  }
  CHECK(ids.size() == issued);
}

TEST_CASE("a pending member of a v2 client blocks a read while it is young, and is passed over once it is old") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  const interop golden("plain", "");
  go_lake db = golden.open();
  const std::string id = reserve_as_v2(golden.server, "users", "/slow");

  const auto list = db.list("users");
  REQUIRE(list.error().has_value());
  CHECK(list.error()->code == lake::errc::pending_write);
  CHECK(list.error()->message.find(id) != std::string::npos);

  golden.server.command({"ZREM", golden.key("users", "delta"), "pending|delta|1|/slow|" + id});
  golden.server.command({"ZADD", golden.key("users", "delta"), "1600000000.000001", "pending|delta|1|/dead|1600000000_1"});
  const auto passed_over = db.list("users");
  INFO((passed_over.error() ? passed_over.error()->to_string() : std::string()));
  CHECK_FALSE(passed_over.error().has_value());
}

TEST_CASE("a history of a v2 lake is cleared: bodies go, the document stays") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  const interop golden("aes", "s3cret-key");
  go_lake db = golden.open();
  const std::string before = db.read_string("users").value();
  const auto is_body = [](const std::string& key) { return key.starts_with("9b/(users/") && key.ends_with(".dat"); };
  const auto bodies = [&] {
    const auto all = golden.objects();
    return std::count_if(all.begin(), all.end(), is_body);
  };
  REQUIRE(bodies() == 9);

  const auto cleared = db.clear_history("users").value();

  CHECK(cleared.removed.deltas == 9);
  CHECK(golden.server.command({"ZCARD", golden.key("users", "delta")}) == "0");
  CHECK(bodies() == 0);
  CHECK(db.read_string("users") == before);
  CHECK(db.read_file("users", "/avatars/1.png") == std::string("not really a png"));
}

TEST_CASE("a lake of v2 clients that were made with an injected storage is read and written under their prefix") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  const interop golden("plain", "");
  const std::string usual = "file:interop:";
  for (const std::string& key : golden.keys()) {
    if (key.starts_with(usual)) golden.server.command({"RENAME", key, "lake:" + key.substr(usual.size())});
  }
  const auto keys_before = golden.keys();
  go_lake db = golden.open("lake");

  for (const auto& [catalog, wanted] : golden.expected.items()) {
    INFO(catalog);
    CHECK(db.read_string(catalog) == wanted.at("doc").get<std::string>());
  }
  CHECK(db.catalogs().value().size() == golden.expected.size());
  const lake::time_seq id = db.write({.catalog = "12345", .path = "/we", .body = "1"}).value();

  CHECK(golden.server.command({"ZSCORE", "lake:12345:delta", "delta|1|/we|" + id.to_string()}) != "(nil)");
  CHECK(without(golden.keys(), keys_before) == std::set<std::string>{"lake:12345:ctl", "lake:seqid:12345:" + std::to_string(id.timestamp)});
}

TEST_CASE("files that are removed from a v2 lake are numbered, as they have no ids: none is forgotten for another") {
  LAKE_SKIP_WITHOUT_GOLDEN();
  const interop golden("plain", "");
  go_lake db = golden.open();
  const std::string control = golden.key("users", "ctl");
  const auto dropped = [&] {
    std::set<std::string> fields;
    for (const auto& field : golden.server.ask({"HKEYS", control}).parts) {
      if (field.words.starts_with("d:")) fields.insert(field.words);
    }
    return fields;
  };
  for (const char* path : {"/one", "/two", "/three"}) db.write_file({.catalog = "users", .path = path, .body = path}).value();
  for (const char* object : {"9b/(users/one", "9b/(users/two", "9b/(users/three"}) CHECK(golden.objects().contains(object));

  CHECK(db.remove_file("users", "/one") == true);
  CHECK(db.remove_file("users", "/two") == true);
  CHECK(dropped() == std::set<std::string>{"d:0_2", "d:0_3"});
  // What is written again is not dropped any more.
  db.write_file({.catalog = "users", .path = "/one", .body = "again"}).value();
  CHECK(dropped() == std::set<std::string>{"d:0_3"});
  CHECK(db.remove_file("users", "/three") == true);
  CHECK(dropped() == std::set<std::string>{"d:0_3", "d:0_4"});
  CHECK(golden.server.command({"HGET", control, "dropped"}) == "3");

  const auto cleared = db.clear_history("users", lake::clear_options{.grace = 0ms}).value();

  CHECK(cleared.removed.files == 2);
  CHECK(dropped() == std::set<std::string>{});
  CHECK(golden.objects().contains("9b/(users/one"));
  CHECK_FALSE(golden.objects().contains("9b/(users/two"));
  CHECK_FALSE(golden.objects().contains("9b/(users/three"));
  CHECK(db.read_file("users", "/one") == std::string("again"));
}
