// Looking into texts, numbers as text, effective writes, patches as bodies, and the boundary to nlohmann::json.
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/merge_texts.hpp"
#include "support/repeat.hpp"

#include <lake/merge.hpp>
#include <lake/merge/document.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake::errc;
using lake::merge_type;
namespace merge = lake::merge;

namespace {

std::string found(std::string_view document, std::string_view pointer) {
  const auto at = merge::find(document, pointer);
  return at ? std::string(*at) : "error: " + std::string(lake::to_string(at.error().code));
}
std::string find_fault(std::string_view document, std::string_view pointer) {
  const auto at = merge::find(document, pointer);
  return at ? "" : at.error().message;
}

/// What `find` gives on each level of vector instructions that this machine has, if it is the same on all.
std::string found_on_all_levels(std::string_view document, std::string_view pointer) {
  using merge::detail::pointer_walk;
  const std::string wanted = found(document, pointer);
  for (const auto level : {merge::detail::simd::portable, merge::detail::simd::sse2, merge::detail::simd::avx2, merge::detail::simd::avx512}) {
    if (level > merge::detail::widest_simd() || pointer.empty() || pointer == "/") continue;
    pointer_walk walk(merge::trim(document), pointer, level);
    const auto came_to = walk.run();
    const std::string here = came_to == pointer_walk::outcome::found    ? std::string(walk.found())
                             : came_to == pointer_walk::outcome::absent ? "error: not_found"
                                                                        : "error: invalid_body";
    if (here != wanted) return std::string(merge::detail::to_string(level)) + " gives " + here + " instead of " + wanted;
  }
  return wanted;
}

/// The child that a token names, by nlohmann's values; null if there is none.
const nlohmann::json* child_by_value(const nlohmann::json& of, const std::string& token) {
  if (of.is_object()) return of.contains(token) ? &of[token] : nullptr;
  const std::size_t index = of.is_array() ? merge::detail::array_index(token) : std::string::npos;
  return index < of.size() && index != std::string::npos ? &of[index] : nullptr;
}

std::string escaped(const std::string& token) {
  std::string out;
  for (const char c : token) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::string patch_fault(std::string_view body) {
  const auto checked = merge::validate_patch(body);
  return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("a pointer finds the value as it was written") {
  const std::string_view document = R"( {"a" : [1.0, {"b" : "x" }],"m~n":{"/":2},"":{"":3},"\u00e9":4} )";
  CHECK(found(document, "/a/0") == "1.0");
  CHECK(found(document, "/a/1") == R"({"b" : "x" })");
  CHECK(found(document, "/a/1/b") == "\"x\"");
  CHECK(found(document, "/m~0n/~1") == "2");
  CHECK(found(document, "//") == "3");
  CHECK(found(document, "/é") == "4");
}

TEST_CASE("the empty pointer and the slash are both the whole document") {
  CHECK(found(" {\"\":1} ", "") == "{\"\":1}");
  CHECK(found(" {\"\":1} ", "/") == "{\"\":1}");
  CHECK(found("5", "") == "5");
}

TEST_CASE("of duplicate keys the last is found") { CHECK(found(R"({"a":{"x":1},"\u0061":{"y":2},"b":0})", "/a") == R"({"y":2})"); }

TEST_CASE("of duplicate keys on the way down the last decides, whatever it holds") {
  CHECK(found_on_all_levels(R"({"a":{"x":1},"a":{"x":2},"b":{"x":3}})", "/a/x") == "2");
  CHECK(found_on_all_levels(R"({"a":{"x":1,"x":{"y":5}},"a":{"x":[{"y":6},{"y":7,"y":8}]}})", "/a/x/1/y") == "8");
  CHECK(found_on_all_levels(R"({"a":{"x":1},"a":{"y":2}})", "/a/x") == "error: not_found");
  CHECK(found_on_all_levels(R"({"a":{"x":1},"a":2})", "/a/x") == "error: not_found");
  CHECK(found_on_all_levels(R"({"a":2,"a":{"x":1}})", "/a/x") == "1");
  CHECK(found_on_all_levels(R"({"a":[1,[2,3],4],"a":[5]})", "/a/1") == "error: not_found");
  CHECK(found_on_all_levels(R"({"a":[5],"a":[1,[2,3],"],"],"b":"]"})", "/a/1/0") == "2");
  CHECK(find_fault(R"({"a":{"x":1},"a":"s"})", "/a/x") == R"(pointer "/a/x": a string has no "x")");
  CHECK(find_fault(R"({"a":{"x":1},"a":{"b":1}})", "/a/x/y") == R"(pointer "/a/x/y": an object has no "x")");
}

TEST_CASE("what is not found is named with the token and what has no such child") {
  CHECK(find_fault(R"({"a":[1,2]})", "/b") == R"(pointer "/b": an object has no "b")");
  CHECK(find_fault(R"({"a":[1,2]})", "/a/2") == R"(pointer "/a/2": an array has no "2")");
  CHECK(find_fault(R"({"a":[1,2]})", "/a/-/x") == R"(pointer "/a/-/x": an array has no "-")");
  CHECK(find_fault(R"({"a":[1,null]})", "/a/1/m~1n~0") == R"(pointer "/a/1/m~1n~0": null has no "m/n~")");
  CHECK(find_fault("[]", "/0") == R"(pointer "/0": an array has no "0")");
  CHECK(find_fault("{}", "//") == R"(pointer "//": an object has no "")");
  CHECK(find_fault("true", "/a") == R"(pointer "/a": a boolean has no "a")");
  CHECK(find_fault("{", "/a") == "the document is not JSON");
  CHECK(merge::find("{}", "/a").error().operation == "find");
}

TEST_CASE("a key is compared by what it means") {
  const std::string_view document = R"({"ab":1,"a\b":2,"\u0061":3,"a\u0062c":4,"\\":5,"\"":6,"\ud83d\ude00":7,"a\x":8})";
  CHECK(found_on_all_levels(document, "/a\\b") == "error: not_found");
  CHECK(found_on_all_levels(document, "/a\b") == "2");
  CHECK(found_on_all_levels(document, "/a") == "3");
  CHECK(found_on_all_levels(document, "/\\u0061") == "error: not_found");
  CHECK(found_on_all_levels(document, "/abc") == "4");
  CHECK(found_on_all_levels(document, "/\\") == "5");
  CHECK(found_on_all_levels(document, "/\"") == "6");
  CHECK(found_on_all_levels(document, "/\xF0\x9F\x98\x80") == "7");
  CHECK(found_on_all_levels(document, "/ab") == "1");
}

TEST_CASE("a hundred thousand levels and tokens are gone down in linear time, without recursion") {
  constexpr std::size_t depth = 100'000;
  std::string arrays;
  std::string objects;
  std::string of_arrays;
  std::string of_objects;
  for (std::size_t i = 0; i < depth; ++i) {
    arrays += "[0,";
    of_arrays += "/1";
    objects += "{\"a\":0,\"b\":";
    of_objects += "/b";
  }

  CHECK(found_on_all_levels(arrays + "7" + lake_test::repeat(depth, ']'), of_arrays) == "7");
  CHECK(found_on_all_levels(objects + "7" + lake_test::repeat(depth, '}'), of_objects) == "7");
  CHECK(found_on_all_levels(objects + "7" + lake_test::repeat(depth, '}'), of_objects + "/b") == "error: not_found");
  CHECK(found_on_all_levels("{\"x\":" + arrays + "7" + lake_test::repeat(depth, ']') + "}", "/x" + of_arrays) == "7");
  CHECK(found_on_all_levels(objects + "7" + lake_test::repeat(depth - 1, '}'), of_objects) == "error: invalid_body");
  CHECK(found_on_all_levels(arrays, of_arrays) == "error: invalid_body");
}

TEST_CASE("many matches of a long pointer cost what their text costs") {
  std::string document = "{\"a\":{}";
  for (std::size_t i = 0; i < 100'000; ++i) document += ",\"a\":{}";
  const std::string pointer = "/a/" + lake_test::repeat(1'000'000, 't');

  CHECK(found_on_all_levels(document + "}", pointer) == "error: not_found");
  CHECK(found_on_all_levels(document + ",\"a\":{\"" + pointer.substr(3) + "\":9}}", pointer) == "9");
}

TEST_CASE("a document that is cut anywhere is never read beyond its end") {
  const std::string whole =
      R"( {"name" : "a string with \" and \\ and ] } in it, longer than a block of sixty-four bytes, which is what the skipper looks at", "n":[0,{"x":-1.5e3},[[]],{"k\u00e9y":[true,null]}], "n":[0,1,2,{"k\u00e9y":[true,nul,{}]}] } )";
  lake_test::guarded room(4096);
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const std::string_view cut = room.at_end(std::string_view(whole).substr(0, length));
    const bool closed = cut.find_last_of('}') == whole.find_last_of('}');
    CAPTURE(length);
    CHECK(found_on_all_levels(cut, "/n/3/k\xC3\xA9y/0") == (closed ? "true" : "error: invalid_body"));
    CHECK(found_on_all_levels(cut, "/n/x") == (closed ? "error: not_found" : "error: invalid_body"));
    CHECK(found_on_all_levels(cut, "/n/5") == (closed ? "error: not_found" : "error: invalid_body"));
    CHECK(merge::members(cut).has_value() == closed);
    static_cast<void>(found_on_all_levels(room.at_end(std::string_view(whole).substr(length)), "/n/3"));  // Any outcome: it must not crash.
    static_cast<void>(merge::members(room.at_end(std::string_view(whole).substr(length))));
  }
}

TEST_CASE("where only arrays are open, what follows the value is not looked at") {
  CHECK(found_on_all_levels("[[1,2],[3,", "/0/1") == "2");
  CHECK(found_on_all_levels("[[1,2],[3,", "/1/0") == "3");
  CHECK(found_on_all_levels("[[1,2],[3,", "/1/1") == "error: invalid_body");
  CHECK(found_on_all_levels("[[1,2],[3,", "/x") == "error: not_found");
  CHECK(found_on_all_levels("[{\"a\":1},[3,", "/0/a") == "1");
  CHECK(found_on_all_levels("[{\"a\":1,", "/0/a") == "error: invalid_body");
}

TEST_CASE("every place of random documents is found as nlohmann's values have it") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    lake_test::text_writer writer{lake_test::seeded_numbers(seed)};
    writer.style = {.space = writer.below(4), .duplicates = writer.one_in(2), .odd = false, .wide = writer.one_in(3)};
    const std::string document = writer.space() + writer.value(1 + writer.below(6)) + writer.space();
    const nlohmann::json values = nlohmann::json::parse(document);
    CAPTURE(seed, document);
    std::vector<std::pair<const nlohmann::json*, std::string>> open{{&values, ""}};
    while (!open.empty()) {
      const auto [now, pointer] = open.back();
      open.pop_back();
      if (pointer != "/") REQUIRE(nlohmann::json::parse(found_on_all_levels(document, pointer), nullptr, false) == *now);
      std::vector<std::string> tokens = {"0", "1", "3", "-", "01", "a", "b", "", "m~n", "nothing"};
      for (auto it = now->begin(); now->is_object() && it != now->end(); ++it) tokens.push_back(it.key());
      std::sort(tokens.begin(), tokens.end());
      tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
      for (const std::string& token : tokens) {
        const nlohmann::json* const child = child_by_value(*now, token);
        const std::string below = pointer + "/" + escaped(token);
        if (child != nullptr) open.emplace_back(child, below);
        else if (below != "/") REQUIRE(found_on_all_levels(document, below) == "error: not_found");
      }
    }
  }
}

TEST_CASE("the members of random objects are those of nlohmann's values, in the order of the text") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    lake_test::text_writer writer{lake_test::seeded_numbers(seed)};
    writer.style = {.space = writer.below(4), .duplicates = writer.one_in(2), .odd = false, .wide = writer.one_in(3)};
    const std::string document = writer.object(1 + writer.below(4));
    CAPTURE(seed, document);
    const auto all = merge::members(document);
    REQUIRE(all);
    nlohmann::ordered_json put_together = nlohmann::ordered_json::object();
    for (const auto& [key, value] : *all) put_together[key] = nlohmann::ordered_json::parse(value);
    CHECK(put_together.dump() == nlohmann::ordered_json::parse(document).dump());
  }
}

TEST_CASE("what is not there, no pointer, and no document are told apart") {
  for (const std::string_view pointer : {"/b", "/a/2", "/a/-", "/a/01", "/a/x", "/a/0/x"}) CHECK(found(R"({"a":[1,2]})", pointer) == "error: not_found");
  for (const std::string_view pointer : {"a", "/~", "/~2", "/a~"}) CHECK(found(R"({"a":[1,2]})", pointer) == "error: invalid_path");
  for (const std::string_view document : {"", "{\"b\":", "{\"b\" 1}", "{b", "]", "{\"a\":1"}) CHECK(found(document, "/c") == "error: invalid_body");
}

TEST_CASE("the members of an object come in order with unescaped keys") {
  const auto all = merge::members(R"( {"b" : [1, 2] , "\u0061" : null, "b":3} )");

  REQUIRE(all);
  const std::vector<std::pair<std::string, std::string_view>> wanted = {{"b", "[1, 2]"}, {"a", "null"}, {"b", "3"}};
  CHECK(*all == wanted);
  CHECK(merge::members("{}").value().empty());
  CHECK_FALSE(merge::members("[1]").has_value());
  CHECK_FALSE(merge::members("{\"a\":1").has_value());
}

TEST_CASE("quoting escapes what must be and nothing else") {
  std::string out;
  merge::append_quoted(out, std::string_view("a\"\\/\b\n\r\t\x1f\0é\x7f", 13));
  CHECK(out == "\"a\\\"\\\\/\\u0008\\n\\r\\t\\u001f\\u0000é\x7f\"");
}

TEST_CASE("numbers are equal by exact decimal value") {
  const auto same = [](std::string_view a, std::string_view b) { return merge::detail::same_number(a, b) && merge::detail::same_number(b, a); };
  CHECK(same("1", "1.0"));
  CHECK(same("1", "10e-1"));
  CHECK(same("100", "1E+2"));
  CHECK(same("0.001", "1e-3"));
  CHECK(same("0", "-0.0e5"));
  CHECK(same("12345678901234567890123", "12345678901234567890.123e3"));
  CHECK_FALSE(same("12345678901234567890123", "12345678901234567890124"));
  CHECK_FALSE(same("1", "-1"));
  CHECK_FALSE(same("1", "10"));
  CHECK_FALSE(same("0", "1e-99999999999999999999"));
  CHECK(same("1e99999999999999999999", "10e99999999999999999998"));
  CHECK(same("1e100000000000000000000", "0.1e100000000000000000001"));
  CHECK(same("1000e99999999999999999", "1e100000000000000002"));
  CHECK(same("0.001e100000000000000002", "1e99999999999999999"));
  CHECK(same("1e-100000000000000000", "10e-100000000000000001"));
  CHECK(same("1e-99999999999999999", "0.1e-99999999999999998"));
  CHECK_FALSE(same("1e99999999999999999999", "1e-99999999999999999999"));
  CHECK_FALSE(same("1e99999999999999999999", "1e99999999999999999998"));
}

TEST_CASE("a write that replaces in effect is told as a replace") {
  const auto effective = [](merge_type asked, std::string_view body) { return merge::effective_write(asked, body).value(); };
  CHECK(effective(merge_type::rfc7396, " [1] ").type == merge_type::replace);
  CHECK(effective(merge_type::rfc7396, " [1] ").body == "[1]");
  CHECK(effective(merge_type::rfc7396, "null").type == merge_type::replace);
  CHECK(effective(merge_type::rfc7396, " {\"a\":null}").type == merge_type::rfc7396);
  CHECK(effective(merge_type::rfc7396, " {\"a\":null}").body == "{\"a\":null}");
  CHECK(effective(merge_type::rfc6902, R"([{"op":"add","path":"","value": { "a" : 1.0 } }])").type == merge_type::replace);
  CHECK(effective(merge_type::rfc6902, R"([{"op":"add","path":"","value": { "a" : 1.0 } }])").body == "{ \"a\" : 1.0 }");
  CHECK(effective(merge_type::rfc6902, R"([{"op":"replace","path":"","value":1}])").type == merge_type::replace);
  CHECK(effective(merge_type::rfc6902, R"([{"op":"test","path":"","value":1}])").type == merge_type::rfc6902);
  CHECK(effective(merge_type::rfc6902, R"([{"op":"add","path":"/","value":1}])").type == merge_type::rfc6902);
  CHECK(effective(merge_type::rfc6902, R"([{"op":"add","path":"","value":1},{"op":"add","path":"","value":2}])").type == merge_type::rfc6902);
  CHECK(effective(merge_type::rfc6902, "[]").type == merge_type::rfc6902);
  CHECK_FALSE(merge::effective_write(merge_type::rfc6902, "[{}]").has_value());
  CHECK_FALSE(merge::effective_write(static_cast<merge_type>(9), "1").has_value());
}

TEST_CASE("a body of RFC 6902 must be an array of well-formed operations") {
  CHECK(patch_fault("[]").empty());
  CHECK(patch_fault(R"([{"op":"remove","path":"/a","value":1,"extra":{}},{"\u006fp":"copy","from":"","path":"/~01~1"}])").empty());
  CHECK(patch_fault("{}") == "a JSON Patch must be an array, this is an object");
  CHECK(patch_fault("[1]") == "operation 0: an operation must be an object, this is a number");
  CHECK(patch_fault(R"([{"op":"remove","path":""},{"path":"/a"}])") == "operation 1: an operation has exactly one \"op\", this has 0");
  CHECK(patch_fault(R"([{"op":"add","op":"remove","path":"/a","value":1}])") == "operation 0: an operation has exactly one \"op\", this has 2");
  CHECK(patch_fault(R"([{"op":"remove","path":"/a","path":"/b"}])") == "operation 0: an operation has exactly one \"path\", this has 2");
  CHECK(patch_fault(R"([{"op":"remove"}])") == "operation 0: an operation has exactly one \"path\", this has 0");
  CHECK(patch_fault(R"([{"op":"ADD","path":"/a","value":1}])").starts_with("operation 0: \"op\" is \"ADD\""));
  CHECK(patch_fault(R"([{"op":1,"path":"/a"}])") == "operation 0: \"op\" must be a string");
  CHECK(patch_fault(R"([{"op":"remove","path":1}])") == "operation 0: \"path\" must be a string");
  CHECK(patch_fault(R"([{"op":"remove","path":"a"}])").starts_with("operation 0: \"path\" \"a\":"));
  CHECK(patch_fault(R"([{"op":"remove","path":"/~2"}])").starts_with("operation 0: \"path\" \"/~2\":"));
  CHECK(patch_fault(R"([{"op":"add","path":"/a"}])") == "operation 0: the operation has no \"value\"");
  CHECK(patch_fault(R"([{"op":"test","path":"/a","value":null}])").empty());
  CHECK(patch_fault(R"([{"op":"move","path":"/a"}])") == "operation 0: the operation has no \"from\"");
  CHECK(patch_fault(R"([{"op":"copy","from":"x","path":"/a"}])").starts_with("operation 0: \"from\" \"x\":"));
}

TEST_CASE("text becomes json and typed values, and what does not fit is an error") {
  CHECK(merge::to_json(R"({"b":1,"a":[2]})").value() == nlohmann::json::parse(R"({"a":[2],"b":1})"));
  CHECK(merge::to_json<nlohmann::ordered_json>(R"({"b":1,"a":2})").value().dump() == R"({"b":1,"a":2})");
  CHECK(merge::to_json("{bad").error().code == errc::invalid_body);
  CHECK(merge::to_json("1e400").error().code == errc::invalid_body);
  CHECK(merge::to_value<int>("42").value() == 42);
  CHECK(merge::to_value<double>("42").value() == 42.0);
  CHECK(merge::to_value<bool>("true").value());
  CHECK(merge::to_value<std::string>("\"x\"").value() == "x");
  CHECK(merge::to_value<std::map<std::string, std::vector<int>>>(R"({"a":[1,2]})").value() == std::map<std::string, std::vector<int>>{{"a", {1, 2}}});
  CHECK(merge::to_value<std::pair<int, int>>("[1,2]").value() == std::pair{1, 2});
  CHECK(merge::to_value<std::pair<int, int>>("[1,\"x\"]").error().code == errc::invalid_argument);
  for (const std::string_view bad : {"\"x\"", "1.5", "null", "3000000000", "-3000000000", "[1]", "true"}) {
    CAPTURE(bad);
    CHECK(merge::to_value<int>(bad).error().code == errc::invalid_argument);
  }
  CHECK(merge::to_value<unsigned>("-1").error().code == errc::invalid_argument);
  CHECK(merge::to_value<std::uint64_t>("18446744073709551615").value() == (std::numeric_limits<std::uint64_t>::max)());
  CHECK(merge::to_value<std::int64_t>("18446744073709551615").error().code == errc::invalid_argument);
  CHECK(merge::to_value<std::int64_t>("-9223372036854775808").value() == (std::numeric_limits<std::int64_t>::min)());
}

TEST_CASE("values become text, and what JSON cannot say is an error") {
  CHECK(merge::from_value(std::vector<int>{1, 2}).value() == "[1,2]");
  CHECK(merge::from_value(nlohmann::ordered_json::parse(R"({"b":"é","a":2})")).value() == R"({"b":"é","a":2})");
  CHECK(merge::from_value(std::string("\xff")).error().code == errc::invalid_argument);
  CHECK(merge::from_value(std::map<std::string, int>{{"\xff", 1}}).error().code == errc::invalid_argument);
  CHECK(merge::from_value((std::numeric_limits<double>::infinity)()).error().code == errc::invalid_argument);
  nlohmann::json deep = 1;
  for (int i = 0; i < 1001; ++i) deep = nlohmann::json::array({std::move(deep)});
  CHECK(merge::from_value(deep).error().code == errc::invalid_argument);
  CHECK(merge::from_value(deep[0]).has_value());
}
