// What comes back of a document: the three merge types, bytes, depth, names of catalogs, typed values and parts.
#include "support/lakes.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::keys_with;
using lake_test::lake_home;

namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

/// A name of `bytes` bytes in segments that every key may have.
std::string long_name(std::size_t bytes) {
  std::string name(bytes, 'a');
  for (std::size_t at = 200; at + 1 < bytes; at += 201) name[at] = '/';
  return name;
}

struct profile {
  std::string name;
  int age = 0;
  std::vector<std::string> tags;
  friend bool operator==(const profile&, const profile&) = default;
};
void to_json(nlohmann::json& to, const profile& from) { to = {{"name", from.name}, {"age", from.age}, {"tags", from.tags}}; }
void from_json(const nlohmann::json& from, profile& to) {
  from.at("name").get_to(to.name);
  from.at("age").get_to(to.age);
  from.at("tags").get_to(to.tags);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the three merge types apply in order, and what they do not touch keeps its bytes", "[lake][documents]",
                        embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  db.write({.catalog = "doc", .body = "\n { \"z\" : 1.0 , \"a\":1e2,\"n\":12345678901234567890123 , \"u\":\"\\u00e9 <b>\" } \t"}).value();
  CHECK(db.read_string("doc").value() == "{ \"z\" : 1.0 , \"a\":1e2,\"n\":12345678901234567890123 , \"u\":\"\\u00e9 <b>\" }");

  db.write({.catalog = "doc", .path = "/a", .body = " [ 1.50 , -0 ] "}).value();
  CHECK(db.read_string("doc").value() == "{ \"z\" : 1.0 , \"a\":[ 1.50 , -0 ],\"n\":12345678901234567890123 , \"u\":\"\\u00e9 <b>\" }");

  db.write({.catalog = "doc", .body = R"({"b":{ "c":1e2 },"z":null})", .merge = lake::merge_type::rfc7396}).value();
  CHECK(db.read_at("doc", "/a").value() == "[ 1.50 , -0 ]");
  CHECK(db.read_at("doc", "/n").value() == "12345678901234567890123");
  CHECK(db.read_at("doc", "/u").value() == "\"\\u00e9 <b>\"");
  CHECK(db.read_at("doc", "/b").value() == "{\"c\":1e2}");
  CHECK(db.read_at("doc", "/z").error().code == lake::errc::not_found);

  db.write(
        {.catalog = "doc",
         .path = "/b",
         .body = R"([{"op":"test","path":"/c","value":100},{"op":"add","path":"/x/y","value":0.10},{"op":"move","from":"/c","path":"/d"}])",
         .merge = lake::merge_type::rfc6902})
      .value();
  CHECK(db.read_at("doc", "/b/x/y").value() == "0.10");
  CHECK(db.read_at("doc", "/b/d").value() == "1e2");
  const auto ordered = db.template read<nlohmann::ordered_json>("doc").value();
  std::vector<std::string> keys;
  for (const auto& member : ordered.items()) keys.push_back(member.key());
  CHECK(keys == std::vector<std::string>{"a", "n", "u", "b"});
}

TEMPLATE_LIST_TEST_CASE("a write that is a replace in effect is stored as one", "[lake][documents]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  const lake::time_seq first = db.write({.catalog = "doc", .path = "/a", .body = " 7.0", .merge = lake::merge_type::rfc7396}).value();
  const lake::time_seq second =
      db.write({.catalog = "doc", .path = "/b", .body = R"([{"op":"add","path":"","value":[ 1 ]}])", .merge = lake::merge_type::rfc6902})
          .value();

  const std::vector<lake::delta> expected{{first, lake::merge_type::replace, "/a"}, {second, lake::merge_type::replace, "/b"}};
  CHECK(db.list("doc").deltas() == expected);
  CHECK(db.read_string("doc").value() == R"({"a":7.0,"b":[ 1 ]})");
  CHECK(keys_with(home.storage(), "_2.json").empty());
  CHECK(keys_with(home.storage(), "_3.json").empty());
}

TEMPLATE_LIST_TEST_CASE("a thousand containers in each other are the limit, the path's segments counted", "[lake][documents]",
                        embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  CHECK(db.write({.catalog = "deep", .body = nested(1'000)}).has_value());
  CHECK(db.read_string("deep").value() == nested(1'000));
  CHECK(db.write({.catalog = "deep", .path = "/a/b", .body = nested(998)}).has_value());
  CHECK(db.read_at("deep", "/a/b").value() == nested(998));

  const auto before = home.everything();
  CHECK(db.write({.catalog = "deep", .body = nested(1'001)}).error().code == lake::errc::invalid_body);
  CHECK(db.write({.catalog = "deep", .path = "/a/b", .body = nested(999)}).error().code == lake::errc::invalid_body);
  CHECK(db.write({.catalog = "deep", .path = "/a/b", .body = nested(999), .merge = lake::merge_type::rfc7396}).error().code ==
        lake::errc::invalid_body);
  CHECK(home.everything() == before);
}

TEMPLATE_LIST_TEST_CASE("every name is a catalog of its own", "[lake][documents]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const std::vector<std::string> names{"users",  "USERS",     "Users",       "中文",  "tenants/42/profile", "tenants/42", "tenants",
                                       "x y:z",  "delta",     "snap",        "files", "../../etc",          ".",          "..",
                                       "/",      "a//b",      "a/delta/b",   "*",     "\xc3\xa9",           "e\xcc\x81",  "nul\x01",
                                       "(users", "lake.json", long_name(953)};

  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    CHECK(
        db.write({.catalog = names[i], .path = "/i", .body = std::to_string(i), .meta = "{\"i\":" + std::to_string(i) + "}"}).has_value());
    CHECK(db.write_file({.catalog = names[i], .path = "/f", .body = std::to_string(i)}).has_value());
    CHECK(db.take_snapshot(names[i]).has_value());
  }
  TestType other = home.reopened();
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    CHECK(other.read_at(names[i], "/i") == std::to_string(i));
    CHECK(other.meta(names[i]) == "{\"i\":" + std::to_string(i) + "}");
    CHECK(other.read_file(names[i], "/f") == std::to_string(i));
  }
  CHECK(other.catalogs().value().size() == names.size());
  CHECK(db.write({.catalog = long_name(954), .body = "{}"}).error().code == lake::errc::limit_exceeded);
  CHECK(db.write({.catalog = long_name(1'025), .body = "{}"}).error().code == lake::errc::limit_exceeded);
}

TEMPLATE_LIST_TEST_CASE("parts are read by pointers, whatever the key", "[lake][documents]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const std::string body = R"({"a/b":[ 10 , {"~":1.0} ],"":{"":2},"user.info":3,"é":null})";
  db.write({.catalog = "doc", .body = body}).value();

  CHECK(db.read_at("doc", "") == body);
  CHECK(db.read_at("doc", "/") == body);
  CHECK(db.read_at("doc", "/a~1b/0") == "10");
  CHECK(db.read_at("doc", "/a~1b/1/~0") == "1.0");
  CHECK(db.read_at("doc", "/user.info") == "3");
  CHECK(db.read_at("doc", "/é") == "null");
  CHECK(db.list("doc").read_at("/a~1b").value() == "[ 10 , {\"~\":1.0} ]");
  CHECK(db.template read_at<int>("doc", "/user.info") == 3);
  CHECK(db.read_at("doc", "/nothing").error().code == lake::errc::not_found);
  CHECK(db.read_at("doc", "/a~1b/2").error().code == lake::errc::not_found);
  CHECK(db.read_at("doc", "/a~1b/-").error().code == lake::errc::not_found);
  CHECK(db.read_at("doc", "no slash").error().code == lake::errc::invalid_path);
  CHECK(db.read_at("doc", "/a~2").error().code == lake::errc::invalid_path);
  CHECK(db.read_at("nothing", "/a").error().code == lake::errc::not_found);
}

TEMPLATE_LIST_TEST_CASE("values are written and read as types", "[lake][documents]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  const profile ann{"Ann \"é\"", 41, {"a", "b"}};

  db.write("users", "/ann", ann).value();
  db.write("users", "/count", 1).value();

  CHECK(db.template read_at<profile>("users", "/ann") == ann);
  CHECK(db.read_json("users").value()["ann"]["age"] == 41);
  CHECK(db.list("users").template read_at<std::vector<std::string>>("/ann/tags").value() == ann.tags);
  CHECK(lake::read<std::map<std::string, nlohmann::json>>(db, "users").value().size() == 2);
  CHECK(db.template read<profile>("users").error().code == lake::errc::invalid_argument);
  CHECK(db.template read<int>("users").error().code == lake::errc::invalid_argument);
  CHECK(db.write("users", "/bytes", nlohmann::json("\xff")).error().code == lake::errc::invalid_argument);

  // What a caller does with a result is its own affair.
  std::string mine = db.read_string("users").value();
  const std::string original = mine;
  mine.assign(mine.size(), 'x');
  CHECK(db.read_string("users").value() == original);
  CHECK(home.reopened().read_string("users").value() == original);
}
