// lake::open without any server: settings texts, folders, and what is refused before anything is connected.
#include <lake/settings.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace {

/// The error of opening; fails the test where there is none.
lake::error refusal(std::string_view from) {
  auto db = lake::open(from);
  REQUIRE_FALSE(db.has_value());
  return db.error();
}

std::string text_in(const std::filesystem::path& folder, std::string_view more = {}) {
  return R"({"Name":"mine","Storage":"file","BasePath":")" + folder.string() + '"' + std::string(more) + "}";
}

}  // namespace

TEST_CASE("a settings text with Storage memory is a lake in memory") {
  auto db = lake::open(" \n{\"Name\":\"mine\",\"Storage\":\"memory\"}").value();

  db.write({.catalog = "users", .body = "{\"a\":1}"}).value();

  CHECK(db.read_string("users").value() == "{\"a\":1}");
  CHECK(std::holds_alternative<lake::memory_index>(db.index().held()));
  CHECK(std::holds_alternative<lake::memory_storage>(db.storage().held()));
  CHECK(std::holds_alternative<lake::identity_codec>(db.codec().held()));
  CHECK(db.list("users").read_at("/a").value() == "1");
  CHECK(db.catalogs().value() == std::vector<std::string>{"users"});
}

TEST_CASE("a settings text with Storage file is an embedded lake in BasePath, and is opened again under its name only") {
  const lake_test::scratch_folder folder;
  const auto base = folder.path() / "lake";
  {
    auto db = lake::open(text_in(base)).value();
    db.write({.catalog = "users", .body = "{\"a\":1}"}).value();
    CHECK(std::holds_alternative<lake::sqlite_index>(db.index().held()));
    CHECK(std::holds_alternative<lake::gzip_codec>(db.codec().held()));
    CHECK(std::holds_alternative<lake::memory_cache>(db.cache().held()));
  }
  CHECK(std::filesystem::exists(base / "index.db"));

  CHECK(lake::open(text_in(base)).value().read_string("users").value() == "{\"a\":1}");
  auto options = lake::embedded_options();
  options.name = "mine";
  CHECK(lake::open_embedded(base, options).value().read_string("users").value() == "{\"a\":1}");
  const auto other = refusal(R"({"Name":"other","Storage":"file","BasePath":")" + base.string() + "\"}");
  CHECK(other.code == lake::errc::configuration);
}

TEST_CASE("a folder is the lake that open_embedded makes there") {
  const lake_test::scratch_folder folder;
  const auto base = (folder.path() / "lake").string();
  lake::open_embedded(base).value().write({.catalog = "users", .body = "[1]"}).value();

  CHECK(lake::open(base).value().read_string("users").value() == "[1]");
  lake::lake_options options;
  options.name = "other";
  CHECK(lake::open(base, options).error().code == lake::errc::configuration);
}

TEST_CASE("settings that are wrong are refused by name, and no value is shown") {
  const lake_test::scratch_folder folder;
  const auto expect = [](std::string_view from, std::string_view message, lake::errc code = lake::errc::configuration) {
    const lake::error refused = refusal(from);
    INFO(refused.to_string());
    CHECK(refused.code == code);
    CHECK(refused.operation == "lake.open");
    CHECK(refused.message == message);
    CHECK(refused.to_string().find("hush") == std::string::npos);
  };

  expect("", "lake::open wants a Redis URL, a settings text or a folder, it got nothing");
  expect(R"({"Name":"a","AESPwd":"hush)", "the settings are no JSON: byte 21: the string has no end");
  expect(R"({"Name":"a"})", R"(Storage is missing or empty: it is one of "oss", "s3", "file", "memory")");
  expect(R"({"Name":"a","Storage":"tape"})", R"(Storage "tape" is not known: it is one of "oss", "s3", "file", "memory")");
  expect(R"({"Storage":"memory"})", "Name is missing or empty: it is a part of every key of the lake");
  expect(R"({"Name":"a","Storage":"file"})", "BasePath is missing or empty: with Storage \"file\" it is the folder of the lake");
  expect(R"({"Name":7,"Storage":"file"})", "Name must be a text, it is of type number");
  expect(R"({"Name":"a","Storage":"memory","AESPwd":["hush"]})", "AESPwd must be a text, it is of type array");
  expect(R"({"Name":"a","Storage":"memory","PathStyle":"yes"})", "PathStyle must be true or false, it is of type string");
  expect(R"({"Name":"a","Storage":"memory","Layout":"go_v9"})",
         R"(Layout "go_v9" is not known: it is one of "documented", "cluster", "go_v2")");
  for (const std::string kind : {"s3", "oss"}) {
    expect(R"({"Name":"a","Bucket":"b","SecretKey":"hush","Storage":")" + kind + "\"}",
           "Storage \"" + kind + "\" keeps bodies where processes share them, so their index must be shared too: SET these settings at the key "
                                "lake.setting of a Redis and give lake::open its URL");
  }
  expect(R"({"Name":"a","Storage":"memory","AESPwd":"hush"})",
         "AESPwd is supported with the Layout \"go_v2\" only; nothing would be encrypted", lake::errc::unsupported);
  expect(text_in(folder.path(), R"(,"Layout":"go_v2","AESPwd":"hush")"),
         "Layout \"go_v2\" is for an index in Redis: give lake::open its URL", lake::errc::unsupported);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("keys of settings that are null or not known are passed over") {
  CHECK(lake::open(R"({"Name":"a","Storage":"memory","AESPwd":null,"Layout":"","New":{"x":1},"PathStyle":true})").has_value());
}

TEST_CASE("a bad URL is refused at once, without its password") {
  for (const char* url : {"redis://:hush@host:port", "http://user:hush@host", "redis://:hush@", "redis+sentinel://:hush@host"}) {
    const lake::error refused = refusal(url);
    INFO(refused.to_string());
    CHECK(refused.code == lake::errc::configuration);
    CHECK(refused.to_string().find("hush") == std::string::npos);
  }
}

TEST_CASE("a good URL connects to nothing before it is used, and says then what is wrong") {
  lake::open_options options;
  options.index.connection.connect_timeout = std::chrono::milliseconds{200};
  options.index.connection.timeout = std::chrono::milliseconds{300};
  auto db = lake::open("redis://:hush@127.0.0.1:1/0", options).value();

  for (int i = 0; i < 2; ++i) {
    const auto read = db.read_string("users");
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().retryable());
    CHECK(read.error().to_string().find("hush") == std::string::npos);
  }
  CHECK_FALSE(db.write({.catalog = "users", .body = "{}"}).has_value());
  CHECK_FALSE(db.write_many({{.catalog = "users", .body = "{}"}}).front().has_value());
  CHECK_FALSE(db.write_file({.catalog = "users", .path = "/a", .body = "{}"}).has_value());
  CHECK(db.list("users").error().has_value());
  CHECK(db.batch_list({"users", "orders"}).back().error().has_value());
  CHECK_FALSE(db.meta("users").has_value());
  CHECK_FALSE(db.catalogs().has_value());
  CHECK_FALSE(db.open().has_value());
}

TEST_CASE("a set without a backend refuses what needs it") {
  using small = lake::backends<lake::variant_index<lake::memory_index>, lake::variant_storage<lake::memory_storage>,
                               lake::variant_cache<lake::no_cache>, lake::variant_codec<lake::identity_codec>>;
  const lake_test::scratch_folder folder;

  CHECK(lake::open<small>(R"({"Name":"a","Storage":"memory"})").value().write({.catalog = "users", .body = "{}"}).has_value());
  const auto refused = lake::open<small>(folder.path().string());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::unsupported);
  CHECK(refused.error().message == "this set of backends has no sqlite_index");
  auto remote = lake::open<small>("redis://127.0.0.1:1").value();
  CHECK(remote.open().error().message == "this set of backends has no index in Redis");
}
