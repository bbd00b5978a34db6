// lake::open on a real server: settings that are read once, at first use; lakes of v2 clients; what does not go together.
#include <lake/settings.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/folder.hpp"
#include "support/redis_cluster.hpp"
#include "support/redis_restore.hpp"
#include "support/redis_sentinel.hpp"
#include "support/redis_server.hpp"

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace fs = std::filesystem;
using lake_test::redis_server;

std::string settings_in(const fs::path& folder, std::string_view more = {}) {
  return R"({"Name":"interop","Storage":"file","BasePath":")" + folder.string() + '"' + std::string(more) + "}";
}
lake::error refusal(redis_server& server, const std::string& settings) {
  server.command({"SET", "lake.setting", settings});
  auto db = lake::open(server.url()).value();
  auto opened = db.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().to_string().find("hush") == std::string::npos);
  return opened.error();
}

}  // namespace

TEST_CASE("lake::open reads the settings at first use, once, and keeps what was written") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server({.password = "hush"});
  const lake_test::scratch_folder folder;
  auto db = lake::open(server.url()).value();
  const std::string before = server.info("stats", "total_connections_received");
  CHECK(db.open().error().message.starts_with("the index has no settings: SET the key lake.setting"));
  server.command({"SET", "lake.setting", settings_in(folder.path() / "bodies")});

  std::vector<std::thread> writers;
  std::atomic<int> written = 0;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back(
        [&, i] { written += db.write({.catalog = "users", .path = "/n" + std::to_string(i), .body = "1"}).has_value() ? 1 : 0; });
  }
  for (std::thread& each : writers) each.join();

  CHECK(written == 8);
  CHECK(server.info("commandstats", "cmdstat_get").find("calls=2,") == 0);  // One by each `open`, none by the other writers.
  CHECK(std::holds_alternative<lake::redis_index>(db.index().held()));
  CHECK(std::holds_alternative<lake::gzip_codec>(db.codec().held()));
  CHECK(server.command({"EXISTS", "file:interop:lake"}) == "1");
  server.command({"DEL", "lake.setting"});
  CHECK(db.read_json("users").value().size() == 8);
  CHECK(lake::open(server.url()).value().open().error().code == lake::errc::configuration);
}

TEST_CASE("lake::open takes the way that the URL says, and caches where the options say") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  redis_server cache;
  const lake_test::scratch_folder folder;
  server.command({"SET", "lake.setting", settings_in(folder.path() / "bodies")});
  lake::open_options options;
  options.cache.url = cache.url();
  auto db = lake::open(server.unix_url(), options).value();

  db.write({.catalog = "users", .body = "{\"a\":1}"}).value();

  CHECK(db.read_string("users").value() == "{\"a\":1}");
  CHECK(std::holds_alternative<lake::redis_cache>(db.cache().held()));
  CHECK(cache.command({"DBSIZE"}) != "0");
}

TEST_CASE("lake::open reads the settings of a cluster, whose index wants the layout for one") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_cluster cluster;
  const lake_test::scratch_folder folder;
  redis_server& holder = cluster.node(cluster.first_owner(cluster.slot_of("lake.setting")));

  holder.command({"SET", "lake.setting", settings_in(folder.path() / "bodies")});
  CHECK(lake::open(cluster.url()).value().open().error().code == lake::errc::configuration);
  CHECK_FALSE(fs::exists(folder.path() / "bodies"));

  holder.command({"SET", "lake.setting", settings_in(folder.path() / "bodies", R"(,"Layout":"cluster")")});
  auto db = lake::open(cluster.url()).value();
  db.write_many({{.catalog = "users", .body = "1"}, {.catalog = "orders", .body = "2"}, {.catalog = "events", .body = "3"}});
  CHECK(lake::open(cluster.url(2)).value().catalogs().value() == std::vector<std::string>{"events", "orders", "users"});
  CHECK(db.read_string("orders") == "2");
}

TEST_CASE("lake::open finds the primary that sentinels watch") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_replica_pair pair;
  const lake_test::redis_sentinel sentinel(pair);
  const lake_test::scratch_folder folder;
  pair.primary().command({"SET", "lake.setting", settings_in(folder.path() / "bodies")});
  auto db = lake::open(sentinel.url()).value();

  db.write({.catalog = "users", .body = "{\"a\":1}"}).value();

  CHECK(db.read_string("users") == "{\"a\":1}");
  CHECK(pair.primary().command({"EXISTS", "file:interop:lake"}) == "1");
}

TEST_CASE("lake::open refuses settings that do not go with an index that processes share") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const lake_test::scratch_folder folder;

  const auto in_memory = refusal(server, R"({"Name":"a","Storage":"memory"})");
  CHECK(in_memory.code == lake::errc::configuration);
  CHECK(in_memory.message.starts_with("Storage \"memory\" keeps bodies in one process"));
  const auto s3 = refusal(server, R"({"Name":"a","Storage":"s3","Bucket":"b","SecretKey":"hush"})");
  CHECK(s3.code == lake::errc::configuration);
  CHECK(s3.to_string().find("the access key missing") != std::string::npos);
  for (const char* layout : {"", R"(,"Layout":"documented")", R"(,"Layout":"cluster")"}) {
    const auto encrypted = refusal(server, settings_in(folder.path(), std::string(layout) + R"(,"AESPwd":"hush")"));
    CHECK(encrypted.code == lake::errc::unsupported);
    CHECK(encrypted.message.starts_with("AESPwd "));
  }
  CHECK(refusal(server, R"({"Name":"a","Storage":"file"})").message.starts_with("BasePath is missing"));
  CHECK(refusal(server, "{\"Name\":\"hush").message.starts_with("the settings are no JSON: byte "));
  CHECK(refusal(server, "[1]").message == "the settings must be a JSON object, they are of type array");
  CHECK(server.command({"DBSIZE"}) == "1");
  server.command({"DEL", "lake.setting"});
  server.command({"HSET", "lake.setting", "hush", "hush"});
  CHECK_FALSE(lake::open(server.url()).value().open().has_value());
}

TEST_CASE("a lake in Redis whose folder is gone is not begun anew") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const lake_test::scratch_folder folder;
  server.command({"SET", "lake.setting", settings_in(folder.path() / "bodies")});
  lake::open(server.url()).value().write({.catalog = "users", .body = "{}"}).value();

  const auto moved = refusal(server, settings_in(folder.path() / "elsewhere"));

  CHECK(moved.code == lake::errc::configuration);
  CHECK(moved.message.find("is its disk mounted?") != std::string::npos);
  const auto v2 = refusal(server, settings_in(folder.path() / "elsewhere", R"(,"Layout":"go_v2")"));
  CHECK(v2.code == lake::errc::configuration);
  CHECK(v2.message.find("is its disk mounted?") != std::string::npos);
  CHECK_FALSE(fs::exists(folder.path() / "elsewhere"));
}

TEST_CASE("lake::open goes on with a v2 client's lake, plain and encrypted, if the settings say that it is one") {
  LAKE_SKIP_WITHOUT_REDIS();
  const auto data = lake_test::data_folder() / "go_v2";
  if (!fs::exists(data)) LAKE_SKIP("no golden data in " + data.string());
  for (const auto& [run, password] : {std::pair("plain", ""), std::pair("aes", "s3cret-key")}) {
    INFO(run);
    redis_server server;
    const lake_test::scratch_folder folder;
    fs::copy(data / run / "storage", folder.path() / "storage", fs::copy_options::recursive);
    lake_test::restore(server, data / run / "redis-restore.resp");
    const std::string secret = std::string(R"(,"AESPwd":")") + password + '"';

    const auto unnamed = refusal(server, settings_in(folder.path() / "storage"));
    CHECK(unnamed.code == lake::errc::configuration);
    CHECK(unnamed.message.find("set \"Layout\" to \"go_v2\"") != std::string::npos);

    server.command({"SET", "lake.setting", settings_in(folder.path() / "storage", R"(,"Layout":"go_v2")" + secret)});
    auto db = lake::open(server.url()).value();
    const auto expected = nlohmann::json::parse(lake_test::file_bytes(data / run / "expected.json"));
    for (const auto& [catalog, wanted] : expected.items()) {
      INFO(catalog);
      CHECK(db.read_string(catalog) == wanted.at("doc").get<std::string>());
    }
    db.write({.catalog = "users", .path = "/ours", .body = "true"}).value();
    auto again = lake::open(server.url()).value();
    CHECK(again.read_at("users", "/ours").value() == "true");
    CHECK(again.read_at("users", "/name").value() == "\"Alice B.\"");
    CHECK(server.command({"EXISTS", "file:interop:lake"}) == "0");
  }
}
