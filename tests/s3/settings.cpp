// lake::open of lakes whose index is in Redis and whose bodies are in a bucket, on real servers: what the settings say, and what is wrong with them.
#include <lake/settings.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/redis_server.hpp"
#include "support/s3_server.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#define LAKE_SKIP_WITHOUT_BOTH() \
  LAKE_SKIP_WITHOUT_REDIS();     \
  LAKE_SKIP_WITHOUT_RGW()

namespace {

using lake_test::redis_server;

/// Settings of a lake in this bucket of the shared server; `more` begins with a comma.
std::string settings_of(const lake_test::s3_bucket& bucket, std::string_view storage, std::string_view more = {}) {
  const lake::s3_options at = bucket.options();
  return R"({"Name":"stack","Storage":")" + std::string(storage) + R"(","Bucket":")" + at.bucket + R"(","Endpoint":")" + at.endpoint +
         R"(","AccessKey":")" + at.access_key + R"(","SecretKey":")" + at.secret_key + R"(","PathStyle":true)" + std::string(more) + "}";
}

std::vector<std::string> keys_in(const lake_test::s3_bucket& bucket) {
  std::vector<std::string> keys;
  const auto storage = lake::s3_storage::open(bucket.options()).value();
  storage.list("", [&](const lake::object_info& each) { return keys.push_back(each.key), true; }).value();
  return keys;
}

lake::error refusal(redis_server& server, const std::string& settings, const lake_test::s3_bucket& bucket) {
  server.command({"SET", "lake.setting", settings});
  auto opened = lake::open(server.url()).value().open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().to_string().find(bucket.options().secret_key) == std::string::npos);
  return opened.error();
}

}  // namespace

TEST_CASE("lake::open keeps the bodies of a lake in the bucket that the settings name") {
  LAKE_SKIP_WITHOUT_BOTH();
  redis_server server;
  const lake_test::s3_bucket bucket(lake_test::shared_rgw());
  server.command({"SET", "lake.setting", settings_of(bucket, "s3", R"(,"BasePath":"/data/lakes/")")});

  auto db = lake::open(server.url()).value();
  const lake::time_seq id = db.write({.catalog = "users", .path = "/a", .body = "1"}).value();
  db.write_file({.catalog = "users", .path = "/f.bin", .body = "bytes"}).value();

  CHECK(std::holds_alternative<lake::s3_storage>(db.storage().held()));
  CHECK(lake::open(server.url()).value().read_string("users") == "{\"a\":1}");
  CHECK(lake::open(server.url()).value().read_file("users", "/f.bin") == "bytes");
  db.flush();
  const std::vector<std::string> keys = keys_in(bucket);
  REQUIRE(keys.size() >= 3);
  CHECK(keys.front() == "data/lakes/9bc6/(users/delta/" + id.to_string() + "_1.json");
  CHECK(keys.back() == "data/lakes/lake.json");
  CHECK(server.command({"EXISTS", "s3:stack:lake"}) == "1");
}

TEST_CASE("the kind oss of the settings is another prefix of the index, and the same service") {
  LAKE_SKIP_WITHOUT_BOTH();
  redis_server server;
  const lake_test::s3_bucket bucket(lake_test::shared_rgw());
  server.command({"SET", "lake.setting", settings_of(bucket, "oss")});

  auto db = lake::open(server.url()).value();
  db.write({.catalog = "users", .body = "[1]"}).value();

  CHECK(db.read_string("users") == "[1]");
  CHECK(server.command({"EXISTS", "oss:stack:lake"}) == "1");
}

TEST_CASE("lakes of v2 clients in a bucket have the names of v2 objects") {
  LAKE_SKIP_WITHOUT_BOTH();
  redis_server server;
  const lake_test::s3_bucket bucket(lake_test::shared_rgw());
  server.command({"SET", "lake.setting", settings_of(bucket, "oss", R"(,"Layout":"go_v2","AESPwd":"pass")")});

  auto db = lake::open(server.url()).value();
  const lake::time_seq id = db.write({.catalog = "users", .path = "/a", .body = "1"}).value();

  CHECK(keys_in(bucket) == std::vector<std::string>{"9bc6/(users/" + id.to_string() + "_1.dat"});
  CHECK(server.command({"ZCARD", "oss:stack:users:delta"}) == "1");
  CHECK(lake::open(server.url()).value().read_string("users") == "{\"a\":1}");
}

TEST_CASE("lake::open says what is wrong with a bucket, and begins no lake there") {
  LAKE_SKIP_WITHOUT_BOTH();
  redis_server server;
  const lake_test::s3_bucket bucket(lake_test::shared_rgw());
  const lake::s3_options at = bucket.options();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string settings = settings_of(bucket, "s3");
    settings.replace(settings.find(from), from.size(), to);
    return settings;
  };

  CHECK(refusal(server, with('"' + at.bucket + '"', "\"no-such-bucket\""), bucket).code == lake::errc::configuration);
  CHECK(refusal(server, with(at.secret_key, "another"), bucket).code == lake::errc::access_denied);
  CHECK(refusal(server, with(at.access_key, "nobody"), bucket).code == lake::errc::access_denied);
  CHECK(refusal(server, with(R"("SecretKey":")" + at.secret_key + '"', R"("SecretKey":"")"), bucket).code == lake::errc::configuration);
  CHECK(refusal(server, with(at.endpoint, "ftp://127.0.0.1"), bucket).code == lake::errc::configuration);
  CHECK(refusal(server, with('"' + at.bucket + '"', "\"\""), bucket).code == lake::errc::configuration);
  CHECK(refusal(server, settings_of(bucket, "s3", R"(,"AESPwd":"hush")"), bucket).code == lake::errc::unsupported);
  CHECK(keys_in(bucket).empty());
  CHECK(server.command({"DBSIZE"}) == "1");
}

TEST_CASE("settings of a bucket are no use without an index that is shared") {
  const auto refused = lake::open(R"({"Name":"a","Storage":"oss","Bucket":"b","Endpoint":"oss-cn-hangzhou"})");

  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::configuration);
  CHECK(refused.error().message.find("lake.setting") != std::string::npos);
}
