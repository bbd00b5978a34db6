// Files, enumeration, and what a lake finds when it is opened again.
#include "support/lakes.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::keys_with;
using lake_test::lake_home;
using namespace std::chrono_literals;

TEMPLATE_LIST_TEST_CASE("files are opaque bytes with a meta of their own", "[lake][files]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const std::string bytes("\0\xff{not json\0\n", 13);

  CHECK(db.files_and_meta("doc") == "{}");
  CHECK(db.file_exists("doc", "/avatar.png") == false);
  CHECK(db.read_file("doc", "/avatar.png").error().code == lake::errc::not_found);
  CHECK(db.remove_file("doc", "/avatar.png") == false);

  db.write_file({.catalog = "doc", .path = "/avatar.png", .body = bytes, .meta = R"( {"w": 1.0,"h":2} )"}).value();
  db.write_file({.catalog = "doc", .path = "/a/b/c", .body = ""}).value();
  db.write_file({.catalog = "doc", .path = "/Avatar.png", .body = std::string(100'000, 'x')}).value();
  CHECK(db.read_file("doc", "/avatar.png") == bytes);
  CHECK(db.read_file("doc", "/a/b/c") == "");
  CHECK(db.read_file("doc", "/Avatar.png") == std::string(100'000, 'x'));
  CHECK(db.file_exists("doc", "/avatar.png") == true);
  CHECK(db.file_exists("doc", "/a/b") == false);
  CHECK(db.file_exists("other", "/avatar.png") == false);
  CHECK(db.files_and_meta("doc") == R"({"/Avatar.png":{},"/a/b/c":{},"/avatar.png":{"w": 1.0,"h":2}})");

  // Replaced as a whole, meta too; the document and its meta know nothing of it.
  db.write_file({.catalog = "doc", .path = "/avatar.png", .body = "new", .meta = R"({"d":3})"}).value();
  db.write_file({.catalog = "doc", .path = "/Avatar.png", .body = "y"}).value();
  CHECK(db.read_file("doc", "/avatar.png") == "new");
  CHECK(db.files_and_meta("doc") == R"({"/Avatar.png":{},"/a/b/c":{},"/avatar.png":{"d":3}})");
  CHECK(db.meta("doc") == "{}");
  CHECK(db.read_string("doc").value() == "{}");

  CHECK(db.remove_file("doc", "/avatar.png") == true);
  CHECK(db.remove_file("doc", "/avatar.png") == false);
  CHECK(db.read_file("doc", "/avatar.png").error().code == lake::errc::not_found);
  CHECK(db.files_and_meta("doc") == R"({"/Avatar.png":{},"/a/b/c":{}})");
  TestType other = home.reopened();
  CHECK(other.read_file("doc", "/Avatar.png") == "y");

  // What nobody points to goes with a clear, after the grace.
  CHECK(keys_with(home.storage(), "/files/").size() == 5);
  db.clear_history("doc", {.grace = 60s}).value();
  CHECK(keys_with(home.storage(), "/files/").size() == 5);
  home.clock.advance(60s);
  CHECK(db.clear_history("doc", {.grace = 60s}).value().removed.files == 3);
  CHECK(keys_with(home.storage(), "/files/").size() == 2);
  CHECK(db.read_file("doc", "/a/b/c") == "");
}

TEMPLATE_LIST_TEST_CASE("a file cannot stand in the way of a delta or a snapshot", "[lake][files]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const lake::time_seq id = db.write({.catalog = "doc", .body = "[1]"}).value();
  const lake::time_seq soon{id.timestamp, id.seqid + 1};

  for (const std::string& path : {"/delta/" + id.to_string() + "_1.json", "/delta/" + soon.to_string() + "_1.json",
                                  std::string("/snap/0_0"), std::string("/lake.json"), std::string("/files/x")}) {
    CHECK(db.write_file({.catalog = "doc", .path = path, .body = "file"}).has_value());
    CHECK(db.read_file("doc", path) == "file");
  }
  db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
  db.take_snapshot("doc").value();
  CHECK(home.reopened().read_string("doc").value() == R"({"b":2})");
  CHECK(home.reopened().list("doc", {.as_of = id}).read_string().value() == "[1]");
}

TEMPLATE_LIST_TEST_CASE("catalogs are enumerated by prefix, sorted by bytes", "[lake][catalogs]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  CHECK(db.catalogs().value().empty());
  for (const char* name : {"users/2", "users/1", "Users", "user", "éa", "z", "users%1", "users_1"})
    db.write({.catalog = name, .body = "1"}).value();
  db.write_file({.catalog = "files only", .path = "/f", .body = "x"}).value();
  db.list("listed only").read_string().value();
  db.write({.catalog = "removed", .body = "1"}).value();
  db.remove_catalog("removed").value();

  CHECK(db.catalogs().value() ==
        std::vector<std::string>{"Users", "files only", "user", "users%1", "users/1", "users/2", "users_1", "z", "éa"});
  CHECK(db.catalogs("users/").value() == std::vector<std::string>{"users/1", "users/2"});
  CHECK(db.catalogs("users%").value() == std::vector<std::string>{"users%1"});
  CHECK(db.catalogs("é").value() == std::vector<std::string>{"éa"});
  CHECK(db.catalogs("nothing").value().empty());
}

TEMPLATE_LIST_TEST_CASE("a lake that is opened again has everything, and only the same lake is", "[lake][reopen]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  lake::time_seq last;
  {
    TestType db = home.client();
    db.write({.catalog = "doc", .path = "/a", .body = "1.0", .meta = R"({"k":1})"}).value();
    db.take_snapshot("doc").value();
    last = db.write({.catalog = "doc", .path = "/b", .body = "2"}).value();
    db.write_file({.catalog = "doc", .path = "/f", .body = "x"}).value();
  }
  const auto before = home.everything();
  home.clock.step(-3'600s);
  TestType db = home.reopened();
  CHECK(db.read_string("doc").value() == R"({"a":1.0,"b":2})");
  CHECK(db.meta("doc") == R"({"k":1})");
  CHECK(db.read_file("doc", "/f") == "x");
  CHECK(db.list("doc").version() == last);
  CHECK(home.objects() == before.objects);
  CHECK(db.write({.catalog = "doc", .path = "/c", .body = "3"}).value() > last);
  CHECK(home.client().read_string("doc").value() == R"({"a":1.0,"b":2,"c":3})");

  const auto refused = [&](auto change) {
    lake::lake_options options = home.options();
    change(options);
    TestType other = home.reopened(options);
    const auto contents = home.everything();
    const auto write = other.write({.catalog = "doc", .body = "0"});
    CHECK(home.everything() == contents);
    REQUIRE(!write.has_value());
    CHECK(write.error().code == lake::errc::configuration);
    CHECK(other.list("doc").error()->code == lake::errc::configuration);
    CHECK(other.catalogs().error().code == lake::errc::configuration);
    CHECK(other.write_many({{.catalog = "doc", .body = "0"}})[0].error().code == lake::errc::configuration);
    return write.error().message;
  };
  const std::string other_name = refused([](lake::lake_options& options) { options.name = "another"; });
  CHECK(other_name.find("\"lake\"") != std::string::npos);
  CHECK(other_name.find("\"another\"") != std::string::npos);
  const std::string other_timeout = refused([](lake::lake_options& options) { options.pending_timeout = 7s; });
  CHECK(other_timeout.find("120000 ms") != std::string::npos);
  CHECK(other_timeout.find("7000 ms") != std::string::npos);
  refused([](lake::lake_options& options) { options.name.clear(); });
  refused([](lake::lake_options& options) { options.pending_timeout = 0ms; });
  refused([](lake::lake_options& options) { options.write_attempts = 0; });
  refused([](lake::lake_options& options) { options.clear.grace = options.deadline; });
}

TEMPLATE_LIST_TEST_CASE("a lost index is told, never an empty lake", "[lake][reopen]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  home.client().write({.catalog = "doc", .body = "1"}).value();
  const auto before = home.objects();

  TestType db = home.without_index();
  CHECK(db.read_string("doc").error().code == lake::errc::corrupt_index);
  CHECK(db.write({.catalog = "doc", .body = "2"}).error().code == lake::errc::corrupt_index);
  CHECK(db.catalogs().error().code == lake::errc::corrupt_index);
  CHECK(home.objects() == before);
  CHECK(home.client().read_string("doc").value() == "1");

  // An index with the storage of another lake.
  lake_home<TestType> stranger;
  stranger.client().write({.catalog = "doc", .body = "1"}).value();
  TestType mixed(home.options(), home.index(), stranger.storage(), home.fresh_cache());
  const auto read = mixed.read_string("doc");
  REQUIRE(!read.has_value());
  CHECK(read.error().code == lake::errc::configuration);
}

TEMPLATE_LIST_TEST_CASE("a client's own clock decides nothing", "[lake][reopen]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  lake::lake_options wrong = home.options();
  const lake::testing::manual_clock ten_years_ahead(home.clock.wall() + 24h * 3650);
  wrong.clock = ten_years_ahead.source();
  TestType db = home.client(wrong);
  const lake::time_seq id = db.write({.catalog = "doc", .body = "1"}).value();
  CHECK(id.timestamp == home.clock.wall() / 1s);

  const lake::member_spec member{lake::merge_type::replace, "/slow"};
  const lake::write_token token = lake::random_source{}.bits128();
  db.index().reserve({.catalog = "doc", .token = token, .members = {&member, 1}}, lake::index_timing{}).value();
  CHECK(db.list("doc").error()->code == lake::errc::pending_write);
  home.clock.advance(120s);
  CHECK(!db.list("doc").error());
  // Back by a day: ids go on above the last one.
  home.clock.step(-24h);
  const lake::time_seq later = db.write({.catalog = "doc", .body = "2"}).value();
  CHECK(later > id);
  CHECK(home.reopened().write({.catalog = "doc", .body = "3"}).value() > later);
  CHECK(db.read_string("doc").value() == "3");
}
