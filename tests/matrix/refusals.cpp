// Every request that must be refused, by name and without a trace, and the odd ones that must not.
#include "support/lakes.hpp"

#include <string>
#include <utility>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::lake_home;

namespace {

/// The limits of the lake that refuses.
lake::limits_options small_limits() {
  lake::limits_options limits;
  limits.catalog_bytes = 24;
  limits.path_bytes = 40;
  limits.body_bytes = 120;
  limits.meta_bytes = 40;
  limits.batch = 2;
  limits.depth = 6;
  limits.refuse_duplicate_keys = true;
  return limits;
}

struct bad_write {
  std::string why;
  std::string catalog, path, body;
  lake::merge_type merge;
  std::string meta;
  lake::errc code;
};

std::vector<bad_write> bad_writes() {
  using lake::errc;
  using lake::merge_type;
  const auto named = [](std::string why, std::string catalog, errc code) {
    return bad_write{"catalog: " + why, std::move(catalog), "/", "{}", merge_type::replace, "", code};
  };
  const auto at = [](std::string path, errc code = errc::invalid_path) {
    return bad_write{"path: " + path, "doc", path, "{}", merge_type::replace, "", code};
  };
  const auto with = [](std::string body, merge_type merge = merge_type::replace, errc code = errc::invalid_body) {
    return bad_write{"body: " + body, "doc", "/", body, merge, "", code};
  };
  const auto patch = [&](const std::string& operations) { return with("[" + operations + "]", merge_type::rfc6902); };
  const auto meta = [](std::string text, errc code = errc::invalid_meta) {
    return bad_write{"meta: " + text, "doc", "/", "{}", merge_type::replace, text, code};
  };
  return {
      named("empty", "", errc::invalid_catalog),
      named("not UTF-8", "a\xff", errc::invalid_catalog),
      named("surrogate", "\xed\xa0\x80", errc::invalid_catalog),
      named("overlong", "\xc0\xaf", errc::invalid_catalog),
      named("25 bytes", std::string(25, 'a'), errc::limit_exceeded),
      at("user"),
      at("/user/"),
      at("/123"),
      at("/user-name"),
      at("//a"),
      at(""),
      at("/a|b"),
      at("/a//b"),
      at("/é"),
      at("/a b"),
      at("/a\n"),
      at("/" + std::string(40, 'a'), errc::limit_exceeded),
      with(""),
      with(" "),
      with("{"),
      with("{}x"),
      with("{} {}"),
      with("'a'"),
      with("{a:1}"),
      with("[1,]"),
      with("{\"a\":1,}"),
      with("01"),
      with("1."),
      with(".5"),
      with("+1"),
      with("0x10"),
      with("NaN"),
      with("Infinity"),
      with("1e400"),
      with("-1e999"),
      with("nul"),
      with("True"),
      with("\xef\xbb\xbf{}"),
      with("\"\xff\""),
      with("\"\\ud800\""),
      with("\"\\udc00\\ud800\""),
      with("\"\\x\""),
      with("\"\\u12\""),
      with("\"a"),
      with("\"\n\""),
      with(std::string("\"\0\"", 3)),
      with("//c\n{}"),
      with("[[[[[[[]]]]]]]"),
      with(R"({"a":1,"a":2})"),
      with(R"({"a":1,"\u0061":2})"),
      with("\"" + std::string(119, 'a') + "\"", merge_type::replace, errc::limit_exceeded),
      with("{}", static_cast<merge_type>(0), errc::invalid_argument),
      with("{}", static_cast<merge_type>(4), errc::invalid_argument),
      with("{}", merge_type::rfc6902),
      with("1", merge_type::rfc6902),
      with("{", merge_type::rfc7396),
      patch("1"),
      patch("{}"),
      patch(R"({"op":"fly","path":"/a"})"),
      patch(R"({"op":"add","path":"/a"})"),
      patch(R"({"op":"add","value":1})"),
      patch(R"({"op":"move","path":"/a"})"),
      patch(R"({"op":"add","path":"a","value":1})"),
      patch(R"({"op":"add","path":"/~2","value":1})"),
      patch(R"({"op":"copy","from":"b","path":"/a"})"),
      patch(R"({"op":"add","path":7,"value":1})"),
      meta("1"),
      meta("[]"),
      meta("null"),
      meta("{"),
      meta("{}x"),
      meta("\xff"),
      meta(R"({"a":1e999})"),
      meta("{\"k\":\"" + std::string(40, 'm') + "\"}", errc::limit_exceeded),
  };
}

struct bad_file {
  std::string catalog, path, body, meta;
  lake::errc code;
};

std::vector<bad_file> bad_files() {
  using lake::errc;
  std::vector<bad_file> all{{"", "/f", "x", "", errc::invalid_catalog},
                            {"\xff", "/f", "x", "", errc::invalid_catalog},
                            {std::string(25, 'a'), "/f", "x", "", errc::limit_exceeded},
                            {"doc", "/" + std::string(40, 'f'), "x", "", errc::limit_exceeded},
                            {"doc", "/f", std::string(121, 'x'), "", errc::limit_exceeded},
                            {"doc", "/f", "x", "[]", errc::invalid_meta},
                            {"doc", "/f", "x", "{", errc::invalid_meta},
                            {"doc", "/f", "x", "{\"k\":\"" + std::string(40, 'm') + "\"}", errc::limit_exceeded}};
  for (const char* path : {"", "/", "f", "/f/", "//f", "/a/../../x", "/..", "/.", "/a/./b", "/a b", "/a-b", "/é", "/a|b"}) {
    all.push_back({"doc", path, "x", "", errc::invalid_path});
  }
  return all;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a bad request is refused by name and changes nothing anywhere", "[lake][refusals]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  lake::lake_options options = home.options();
  options.limits = small_limits();
  TestType db = home.client(options);
  db.write({.catalog = "doc", .body = R"({"kept":true})", .meta = "{\"m\":1}"}).value();
  db.write_file({.catalog = "doc", .path = "/kept", .body = "bytes"}).value();
  const auto before = home.everything();

  for (const bad_write& bad : bad_writes()) {
    INFO(bad.why);
    const lake::write_request request{.catalog = bad.catalog, .path = bad.path, .body = bad.body, .merge = bad.merge, .meta = bad.meta};
    const auto alone = db.write(request);
    REQUIRE(!alone.has_value());
    CHECK(alone.error().code == bad.code);
    CHECK(!alone.error().message.empty());
    CHECK(!alone.error().retryable());
    CHECK(db.write_batch({{.catalog = bad.catalog, .body = "1"}, request}).error().code == bad.code);
    const auto many = db.write_many({{.catalog = bad.catalog, .body = "1"}, request});
    CHECK(many[0].error().code == bad.code);
    CHECK(many[1].error().code == bad.code);
  }
  for (const bad_file& bad : bad_files()) {
    INFO(bad.catalog + " " + bad.path + " " + bad.meta);
    CHECK(db.write_file({.catalog = bad.catalog, .path = bad.path, .body = bad.body, .meta = bad.meta}).error().code == bad.code);
  }
  CHECK(db.write_batch({{.catalog = "doc", .body = "1"}, {.catalog = "doc", .body = "2"}, {.catalog = "doc", .body = "3"}}).error().code ==
        lake::errc::limit_exceeded);
  CHECK(db.write_many({{.catalog = "a", .body = "1"}, {.catalog = "b", .body = "2"}, {.catalog = "c", .body = "3"}})[0].error().code ==
        lake::errc::limit_exceeded);
  CHECK(db.write({.catalog = "doc", .body = "1", .expected = lake::time_seq{-1, 5}}).error().code == lake::errc::invalid_argument);
  CHECK(db.committed("doc", {}).error().code == lake::errc::invalid_time_seq);
  CHECK(db.list("doc", {.as_of = lake::time_seq{5, -1}}).error()->code == lake::errc::invalid_time_seq);

  const auto invalid = lake::errc::invalid_catalog;
  CHECK(db.list("").error()->code == invalid);
  CHECK(db.batch_list({"doc", "\xff"})[1].error()->code == invalid);
  CHECK(db.read_string("").error().code == invalid);
  CHECK(db.read_at("\xff", "/a").error().code == invalid);
  CHECK(db.meta("").error().code == invalid);
  CHECK(db.files_and_meta("").error().code == invalid);
  CHECK(db.read_file("", "/f").error().code == invalid);
  CHECK(db.file_exists("", "/f").error().code == invalid);
  CHECK(db.remove_file("", "/f").error().code == invalid);
  CHECK(db.file_exists("doc", "/../x").error().code == lake::errc::invalid_path);
  CHECK(db.read_file("doc", "x").error().code == lake::errc::invalid_path);
  CHECK(db.remove_file("doc", "/kept/..").error().code == lake::errc::invalid_path);
  CHECK(db.take_snapshot("").error().code == invalid);
  CHECK(db.clear_history("").error().code == invalid);
  CHECK(db.remove_delta("", {1, 1}).error().code == invalid);
  CHECK(db.remove_catalog("").error().code == invalid);
  CHECK(db.history("").error().code == invalid);
  CHECK(db.changes("", {}).error().code == invalid);
  CHECK(home.everything() == before);
}

TEMPLATE_LIST_TEST_CASE("what is odd but legal is accepted", "[lake][refusals]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  for (const char* body :
       {"1e-400", "null", "\"\"", "[]", R"({"a":1,"a":2})", "\"\\u0000\"", "-0.0", "\"\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\""}) {
    INFO(body);
    CHECK(db.write({.catalog = "doc", .body = body}).has_value());
    CHECK(db.read_string("doc").value() == body);
  }
  CHECK(db.write({.catalog = "dup", .body = R"({"a":1,"b":0,"a":2})"}).has_value());
  CHECK(db.read_at("dup", "/a") == "2");
  db.write({.catalog = "dup", .path = "/a", .body = "3"}).value();
  CHECK(db.read_string("dup").value() == R"({"b":0,"a":3})");
}
