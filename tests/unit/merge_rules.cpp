// The rules of merging, one by one, in literal bytes, by every engine there is.
#include "support/catch.hpp"
#include "support/merge_engines.hpp"
#include "support/repeat.hpp"

#include <lake/merge.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake::errc;
using lake::merge_type;
using lake::merge::apply;
using lake::merge::failure;
using lake::merge::options;
using lake::merge::step;

namespace {

/// The merged text, or "error: " and the message: what the plain engine says and, where the base is JSON, every other one too.
std::string merged(std::string_view base, const std::vector<step>& steps, const options& with = {}) {
  const auto out = lake::merge::reference_apply(base, steps, with);
  const std::string_view inner = lake::merge::trim(base);
  if (inner.empty() || lake::merge::detail::check_grammar(inner, 1'000'000).reason == nullptr) {
    CHECK(lake_test::disagreement(lake_test::outcome(out), base, steps, with) == "");
  }
  return out ? *out : "error: " + out.error().message;
}
std::string replaced(std::string_view base, std::string_view path, std::string_view body) { return merged(base, {{merge_type::replace, path, body}}); }
std::string patched(std::string_view base, std::string_view path, std::string_view body) { return merged(base, {{merge_type::rfc7396, path, body}}); }
std::string run(std::string_view base, std::string_view path, std::string_view body) { return merged(base, {{merge_type::rfc6902, path, body}}); }
bool fails(const std::string& outcome) { return outcome.starts_with("error: "); }

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("an empty base is an empty object, and white space around a base is dropped") {
  CHECK(merged("", {}) == "{}");
  CHECK(merged(" \n", {}) == "{}");
  CHECK(merged(" { \"a\" : 1 }\n", {}) == "{ \"a\" : 1 }");
  CHECK(merged("42", {}) == "42");
}

TEST_CASE("what no step touches keeps its bytes") {
  const std::string base = R"({ "n" : [1.0, 1e2 ,12345678901234567890123,-0],
  "s" : "\u00e9\/" , "d":1 , "d" : 2 , "x":0 })";
  std::string wanted = base;
  wanted.replace(wanted.rfind(":0") + 1, 1, "9");

  CHECK(replaced(base, "/x", " 9 ") == wanted);
}

TEST_CASE("replace stores the body at its path") {
  CHECK(replaced(R"({"a":1,"b":2})", "/a", R"({"x":[1, 2]})") == R"({"a":{"x":[1, 2]},"b":2})");
  CHECK(replaced(R"({"a":1})", "/z", "true") == R"({"a":1,"z":true})");
  CHECK(replaced(R"({"a":1})", "/", " [1] ") == "[1]");
  CHECK(replaced(R"({"a":1})", "/a", "null") == R"({"a":null})");
  CHECK(replaced(R"({"user":1})", "/user.info", "2") == R"({"user":1,"user.info":2})");
}

TEST_CASE("missing ancestors become objects for all three types") {
  CHECK(replaced("{}", "/a/b/c", "1") == R"({"a":{"b":{"c":1}}})");
  CHECK(patched("{}", "/a/b/c", R"({"x":1})") == R"({"a":{"b":{"c":{"x":1}}}})");
  CHECK(run("{}", "/a/b/c", R"([{"op":"add","path":"/x","value":1}])") == R"({"a":{"b":{"c":{"x":1}}}})");
}

TEST_CASE("an ancestor that is no object becomes one for all three types") {
  for (const std::string_view old : {"1", "\"s\"", "null", "[1,{\"b\":2}]", "true"}) {
    const std::string base = "{\"a\":" + std::string(old) + ",\"k\":0}";
    CAPTURE(base);
    CHECK(replaced(base, "/a/b", "1") == R"({"a":{"b":1},"k":0})");
    CHECK(patched(base, "/a/b", R"({"x":1})") == R"({"a":{"b":{"x":1}},"k":0})");
    CHECK(run(base, "/a/b", "[]") == R"({"a":{"b":{}},"k":0})");
    CHECK(replaced(old, "/b", "1") == R"({"b":1})");
  }
}

TEST_CASE("a removed member takes the separator before it, the first one the separator behind it") {
  const std::string base = "{ \"a\" : 1 ,\n \"b\" : 2 ,  \"c\" : 3 }";
  CHECK(patched(base, "/", R"({"a":null})") == "{ \"b\" : 2 ,  \"c\" : 3 }");
  CHECK(patched(base, "/", R"({"b":null})") == "{ \"a\" : 1 ,  \"c\" : 3 }");
  CHECK(patched(base, "/", R"({"c":null})") == "{ \"a\" : 1 ,\n \"b\" : 2 }");
  CHECK(patched(base, "/", R"({"a":null,"b":null})") == "{ \"c\" : 3 }");
}

TEST_CASE("a new member goes directly behind the last value, before the white space at the end") {
  CHECK(replaced("{ \"a\" : 1 }", "/b", "9") == "{ \"a\" : 1,\"b\":9 }");
  CHECK(replaced("{\n  \"a\": 1\n}\n", "/b", "9") == "{\n  \"a\": 1,\"b\":9\n}");
}

TEST_CASE("a container that becomes empty is compact from then on") {
  CHECK(patched("{ \"a\" : 1 }", "/", R"({"a":null})") == "{}");
  CHECK(patched("{ \"a\" : 1 }", "/", R"({"a":null,"b":2})") == R"({"b":2})");
  CHECK(run("[ 1 ]", "/", R"([{"op":"remove","path":"/0"},{"op":"add","path":"/-","value":2}])") == "[2]");
}

TEST_CASE("an empty container keeps its white space until something is added") {
  CHECK(patched("{ }", "/", "{}") == "{ }");
  CHECK(run("[ \n]", "/", "[]") == "[ \n]");
  CHECK(replaced("{ }", "/b", "9") == R"({"b":9})");
  CHECK(run("[ ]", "/", R"([{"op":"add","path":"/0","value":2}])") == "[2]");
}

TEST_CASE("elements keep the separator between old neighbours, new neighbours get a comma") {
  const std::string base = "[ 1 , 2 ,\n3 ]";
  const auto one = [&](std::string_view op) { return run(base, "/", op); };
  CHECK(one(R"([{"op":"add","path":"/1","value":9}])") == "[ 1,9,2 ,\n3 ]");
  CHECK(one(R"([{"op":"add","path":"/0","value":9}])") == "[ 9,1 , 2 ,\n3 ]");
  CHECK(one(R"([{"op":"add","path":"/-","value":9}])") == "[ 1 , 2 ,\n3,9 ]");
  CHECK(one(R"([{"op":"remove","path":"/1"}])") == "[ 1,3 ]");
  CHECK(one(R"([{"op":"remove","path":"/0"}])") == "[ 2 ,\n3 ]");
  CHECK(one(R"([{"op":"remove","path":"/2"}])") == "[ 1 , 2 ]");
  CHECK(one(R"([{"op":"replace","path":"/1","value":9}])") == "[ 1 , 9 ,\n3 ]");
}

TEST_CASE("an existing member keeps its place and the spelling of its key") {
  CHECK(replaced(R"({"\u0061" : 1,"b":2})", "/a", "9") == R"({"\u0061" : 9,"b":2})");
  CHECK(patched(R"({"a":1,"b":2})", "/", R"({"b":3,"a":4})") == R"({"a":4,"b":3})");
  CHECK(run(R"({"a":1,"b":2})", "/", R"([{"op":"add","path":"/a","value":3}])") == R"({"a":3,"b":2})");
  CHECK(patched(R"({"a":1,"b":2})", "/", R"({"a":null})") == R"({"b":2})");
}

TEST_CASE("of duplicate keys a step sees and writes the last and drops the others") {
  const std::string base = R"({"a":{"x":1} , "b":0,"\u0061":{"x":2}})";
  CHECK(replaced(base, "/a", "9") == R"({"b":0,"\u0061":9})");
  CHECK(replaced(base, "/a/x", "9") == R"({"b":0,"\u0061":{"x":9}})");
  CHECK(patched(base, "/", R"({"a":null})") == R"({"b":0})");
  CHECK(run(base, "/", R"([{"op":"remove","path":"/a"}])") == R"({"b":0})");
  CHECK(run(base, "/", R"([{"op":"remove","path":"/a/x"}])") == R"({"b":0,"\u0061":{}})");
  CHECK(run(base, "/", R"([{"op":"copy","from":"/a/x","path":"/c"}])") == R"({"a":{"x":1} , "b":0,"\u0061":{"x":2},"c":2})");
  CHECK(replaced(base, "/b", "1") == R"({"a":{"x":1} , "b":1,"\u0061":{"x":2}})");
}

TEST_CASE("of duplicate keys in a merge patch the last counts") {
  CHECK(patched("{}", "/", R"({"a":{"x":1},"a":{"y":2}})") == R"({"a":{"y":2}})");
  CHECK(patched(R"({"a":1})", "/", R"({"a":null,"a":2})") == R"({"a":2})");
}

TEST_CASE("a merge patch treats a target that is no object as an empty one") {
  for (const std::string_view old : {"1", "\"s\"", "null", "[1]"}) {
    CAPTURE(old);
    CHECK(patched(old, "/", R"({"a":{"b":1,"c":null}})") == R"({"a":{"b":1}})");
    CHECK(patched("{\"u\":" + std::string(old) + "}", "/u", R"({"a":1})") == R"({"u":{"a":1}})");
  }
}

TEST_CASE("a merge patch that is no object replaces, null included") {
  CHECK(patched(R"({"u":{"a":1},"v":2})", "/u", "null") == R"({"u":null,"v":2})");
  CHECK(patched("{}", "/u", "null") == R"({"u":null})");
  CHECK(patched(R"({"a":1})", "/", "[1,null,{\"a\":null}]") == "[1,null,{\"a\":null}]");
}

TEST_CASE("an empty merge patch creates what is missing and leaves what is there") {
  CHECK(patched("{}", "/u", "{}") == R"({"u":{}})");
  CHECK(patched("{\"u\": { \"a\" : 1 } }", "/u", "{}") == "{\"u\": { \"a\" : 1 } }");
}

TEST_CASE("nulls below a missing target vanish but the objects around them stay") {
  CHECK(patched("{}", "/", R"({"a":{"bb":{"ccc":null}}})") == R"({"a":{"bb":{}}})");
  CHECK(patched("{}", "/", R"({"a":[{"x":null}]})") == R"({"a":[{"x":null}]})");
}

TEST_CASE("a patch works relative to the value at its path, whatever its type") {
  CHECK(run(R"({"a":[1,2]})", "/a", R"([{"op":"remove","path":"/0"}])") == R"({"a":[2]})");
  CHECK(run(R"({"a":5})", "/a", R"([{"op":"test","path":"","value":5},{"op":"replace","path":"","value":[ 6]}])") == R"({"a":[ 6]})");
  CHECK(run("{}", "/a", "[]") == R"({"a":{}})");
  CHECK(fails(run(R"({"a":null})", "/a", R"([{"op":"add","path":"/x","value":1}])")));
}

TEST_CASE("the six operations do what RFC 6902 says") {
  CHECK(run(R"({"a":1})", "/", R"([{"op":"add","path":"/b","value":2}])") == R"({"a":1,"b":2})");
  CHECK(run(R"({"a":1,"b":2})", "/", R"([{"op":"remove","path":"/a"}])") == R"({"b":2})");
  CHECK(run(R"({"a":1})", "/", R"([{"op":"replace","path":"/a","value":2}])") == R"({"a":2})");
  CHECK(run(R"({"a":1,"b":{}})", "/", R"([{"op":"move","from":"/a","path":"/b/c"}])") == R"({"b":{"c":1}})");
  CHECK(run(R"({"a":[1, 2]})", "/", R"([{"op":"copy","from":"/a","path":"/b"},{"op":"remove","path":"/b/0"}])") == R"({"a":[1, 2],"b":[2]})");
  CHECK(run(R"({"a":1})", "/", R"([{"op":"test","path":"/a","value":1}])") == R"({"a":1})");
}

TEST_CASE("operations on a missing location fail") {
  for (const std::string_view op : {R"([{"op":"remove","path":"/x"}])", R"([{"op":"replace","path":"/x","value":1}])", R"([{"op":"test","path":"/x","value":null}])",
                                    R"([{"op":"move","from":"/x","path":"/y"}])", R"([{"op":"copy","from":"/x","path":"/y"}])", R"([{"op":"move","from":"/x","path":"/x"}])"}) {
    CAPTURE(op);
    CHECK(fails(run(R"({"a":1})", "/", op)));
  }
}

TEST_CASE("add creates missing parent objects when it runs, and strict mode does not") {
  const std::string_view op = R"([{"op":"add","path":"/a/0/c","value":1}])";
  CHECK(run("{}", "/", op) == R"({"a":{"0":{"c":1}}})");
  CHECK(run(R"({"x":{"k":1}})", "/", R"([{"op":"remove","path":"/x"},{"op":"add","path":"/x/y/z","value":1}])") == R"({"x":{"y":{"z":1}}})");
  CHECK(fails(run("{}", "/", R"([{"op":"test","path":"/a","value":{"b":{}}},{"op":"add","path":"/a/b/c","value":2}])")));
  CHECK(fails(merged("{}", {{merge_type::rfc6902, "/", op}}, {.strict_rfc6902 = true})));
  CHECK(fails(run(R"({"a":1})", "/", R"([{"op":"copy","from":"/a","path":"/b/c"}])")));
  CHECK(fails(run(R"({"a":1})", "/", R"([{"op":"move","from":"/a","path":"/b/c"}])")));
}

TEST_CASE("add never creates through a scalar, null or a missing element") {
  for (const std::string_view base : {R"({"a":1})", R"({"a":null})", R"({"a":"s"})", R"({"a":[]})", R"({"a":[1]})"}) {
    CAPTURE(base);
    CHECK(fails(run(base, "/", R"([{"op":"add","path":"/a/b","value":1}])")));
    CHECK(fails(run(base, "/", R"([{"op":"add","path":"/a/b/c","value":1}])")));
    CHECK(fails(run(base, "/", R"([{"op":"add","path":"/a/1/c","value":1}])")));
    CHECK(fails(run(base, "/", R"([{"op":"add","path":"/a/-/c","value":1}])")));
  }
}

TEST_CASE("an array index has no sign, no leading zero and no exponent, and ends at the length") {
  const auto add = [](std::string_view index) { return run("[1,2]", "/", "[{\"op\":\"add\",\"path\":\"/" + std::string(index) + "\",\"value\":9}]"); };
  CHECK(add("0") == "[9,1,2]");
  CHECK(add("2") == "[1,2,9]");
  CHECK(add("-") == "[1,2,9]");
  for (const std::string_view bad : {"3", "01", "00", "-1", "+1", "1e0", "", "1 ", "99999999999999999999999999"}) {
    CAPTURE(bad);
    CHECK(fails(add(bad)));
  }
  for (const std::string_view verb : {"remove", "test", "replace"}) {
    CHECK(fails(run("[1,2]", "/", "[{\"op\":\"" + std::string(verb) + "\",\"path\":\"/2\",\"value\":9}]")));
    CHECK(fails(run("[1,2]", "/", "[{\"op\":\"" + std::string(verb) + "\",\"path\":\"/-\",\"value\":9}]")));
  }
}

TEST_CASE("pointers decode ~1 before ~0 and may hold empty tokens") {
  CHECK(run(R"({"a/b":1,"m~n":2,"~1":3,"":4})", "/",
            R"([{"op":"test","path":"/a~1b","value":1},{"op":"test","path":"/m~0n","value":2},{"op":"test","path":"/~01","value":3},{"op":"test","path":"/","value":4}])") ==
        R"({"a/b":1,"m~n":2,"~1":3,"":4})");
  CHECK(run("{}", "/", R"([{"op":"add","path":"/a~1\"\n//b","value":1}])") == R"({"a/\"\n":{"":{"b":1}}})");
}

TEST_CASE("the whole value can be set, tested, copied to and moved to, but not removed") {
  CHECK(run(R"({"a":1})", "/", R"([{"op":"add","path":"","value":5}])") == "5");
  CHECK(run(R"({"a":1})", "/", R"([{"op":"replace","path":"","value":[ ]}])") == "[ ]");
  CHECK(run(R"({"a":{"x":1}})", "/", R"([{"op":"move","from":"/a","path":""}])") == R"({"x":1})");
  CHECK(run(R"({"a":{"x":1}})", "/", R"([{"op":"copy","from":"/a","path":""}])") == R"({"x":1})");
  CHECK(run(R"({"a":1})", "/", R"([{"op":"move","from":"","path":""}])") == R"({"a":1})");
  CHECK(fails(run(R"({"a":1})", "/", R"([{"op":"remove","path":""}])")));
}

TEST_CASE("a move onto itself changes nothing, into its own descendant is an error") {
  CHECK(run(R"({"a":1, "b":2})", "/", R"([{"op":"move","from":"/a","path":"/a"}])") == R"({"a":1, "b":2})");
  CHECK(fails(run(R"({"a":{"b":1}})", "/", R"([{"op":"move","from":"/a","path":"/a/b"}])")));
  CHECK(fails(run(R"({"a":1})", "/", R"([{"op":"move","from":"","path":"/a"}])")));
  CHECK(run(R"({"a":1,"ab":{}})", "/", R"([{"op":"move","from":"/a","path":"/ab/c"}])") == R"({"ab":{"c":1}})");
}

TEST_CASE("a copy is independent of what it was copied from") {
  CHECK(run(R"({"a":{"x":1}})", "/", R"([{"op":"add","path":"/a/y","value":2},{"op":"copy","from":"/a","path":"/b"},{"op":"replace","path":"/b/x","value":3},{"op":"remove","path":"/a/y"}])") ==
        R"({"a":{"x":1},"b":{"x":3,"y":2}})");
  CHECK(run(R"({"a":1})", "/", R"([{"op":"copy","from":"","path":"/b"},{"op":"copy","from":"","path":"/b/c"}])") == R"({"a":1,"b":{"a":1,"c":{"a":1,"b":{"a":1}}}})");
}

TEST_CASE("test compares by meaning and changes no byte") {
  const std::string base = R"({ "n" : [1.0, 12345678901234567890123] , "s" : "\u00e9\/" , "o" : { "b" : 1 , "a" : 2 } })";
  const auto test = [&](std::string_view pointer, std::string_view value) {
    return run(base, "/", "[{\"op\":\"test\",\"path\":\"" + std::string(pointer) + "\",\"value\":" + std::string(value) + "}]");
  };
  CHECK(test("/n", "[10e-1,12345678901234567890123.0]") == base);
  CHECK(test("/s", "\"é/\"") == base);
  CHECK(test("/o", R"({"a":2e0,"b":1})") == base);
  CHECK(fails(test("/n/1", "12345678901234567890124")));
  CHECK(fails(test("/o", R"({"a":2})")));
  CHECK(fails(test("/o", R"([2,1])")));
  CHECK(fails(test("/n", "[12345678901234567890123,1]")));
}

TEST_CASE("a patch is atomic: a step that fails is void when it is skipped") {
  const std::vector<step> steps = {{merge_type::replace, "/ok", "1"},
                                   {merge_type::rfc6902, "/w/deep", R"([{"op":"add","path":"/q/r","value":[1]},{"op":"test","path":"/q","value":1}])"},
                                   {merge_type::rfc6902, "/", R"([{"op":"remove","path":"/a"},{"op":"move","from":"/l/1","path":"/l/0"},{"op":"add","path":"/z","value":1},{"op":"remove","path":"/z"},{"op":"remove","path":"/zz"}])"},
                                   {merge_type::rfc7396, "/a", "{bad"},
                                   {merge_type::replace, "bad path", "1"},
                                   {merge_type::rfc7396, "/", R"({"k":2})"}};
  std::vector<failure> skipped;
  const auto out = lake::merge::apply_skipping("{ \"a\" : 0 , \"l\" : [ 1 , 2 ] , \"a\" : 3 }", steps, {}, skipped);

  REQUIRE(out);
  CHECK(*out == "{ \"a\" : 0 , \"l\" : [ 1 , 2 ] , \"a\" : 3,\"ok\":1,\"k\":2 }");
  REQUIRE(skipped.size() == 4);
  CHECK(skipped[0].step == 1);
  CHECK(skipped[0].operation == 1u);
  CHECK(skipped[0].pointer == "/q");
  CHECK(skipped[1].step == 2);
  CHECK(skipped[1].operation == 4u);
  CHECK(skipped[2].step == 3);
  CHECK(skipped[3].step == 4);
}

TEST_CASE("an error names the step, the operation, the pointer and the reason") {
  const auto out = apply("{}", {{merge_type::replace, "/a", "1"}, {merge_type::rfc6902, "/", R"([{"op":"test","path":"/a","value":1},{"op":"remove","path":"/b"}])"}});

  REQUIRE_FALSE(out);
  CHECK(out.error().code == errc::merge_failed);
  CHECK(out.error().message == R"(step 1: operation 1: pointer "/b": the object has no member "b")");
}

TEST_CASE("a step with a bad type, path or body fails and is named") {
  CHECK(merged("{}", {{static_cast<merge_type>(0), "/a", "1"}}).starts_with("error: step 0: merge type 0"));
  CHECK(merged("{}", {{static_cast<merge_type>(4), "/a", "1"}}).starts_with("error: step 0: merge type 4"));
  for (const std::string_view path : {"", "a", "/a/", "//a", "/1", "/a-b"}) CHECK(merged("{}", {{merge_type::replace, path, "1"}}).starts_with("error: step 0: the path"));
  for (const std::string_view body : {"", "{", "1,2", "{\"a\":}", "nul", "\xEF\xBB\xBF{}"}) {
    CAPTURE(body);
    CHECK(merged("{}", {{merge_type::replace, "/a", body}}).starts_with("error: step 0: the body"));
    CHECK(merged("{}", {{merge_type::rfc7396, "/a", body}}).starts_with("error: step 0: the body"));
    CHECK(merged("{}", {{merge_type::rfc6902, "/a", body}}).starts_with("error: step 0: the body"));
  }
  CHECK(merged("{\"a\"", {}).starts_with("error: base: byte 4"));
  for (const std::string_view base : {"{\"a\"", "[", "{\"a\":[}", "\"a", "]", "{} {}", "{}]"}) {
    CAPTURE(base);
    CHECK_FALSE(apply(base, {{merge_type::replace, "/b", "1"}}).has_value());
  }
}

TEST_CASE("documents and results keep to the depth limit") {
  CHECK(merged(nested(1000), {}) == nested(1000));
  CHECK(fails(merged(nested(1001), {})));
  CHECK_FALSE(fails(replaced("{}", "/a", nested(999))));
  CHECK(replaced("{}", "/a", nested(1000)).starts_with("error: step 0: "));
  CHECK_FALSE(fails(patched("{}", "/a/b", "{\"x\":" + nested(997) + "}")));
  CHECK(patched("{}", "/a/b", "{\"x\":" + nested(998) + "}").starts_with("error: step 0: "));
  CHECK(run("{\"a\":" + nested(999) + ",\"b\":{}}", "/", R"([{"op":"move","from":"/a","path":"/b/c"}])").starts_with("error: step 0: operation 0: "));
  CHECK_FALSE(fails(run("{\"a\":" + nested(998) + ",\"b\":{}}", "/", R"([{"op":"move","from":"/a","path":"/b/c"}])")));
  std::string long_path;
  for (int i = 0; i < 1000; ++i) long_path += "/a";
  CHECK_FALSE(fails(replaced("{}", long_path, "1")));
  CHECK(patched("{}", long_path, "{}").starts_with("error: step 0: "));
  CHECK(run("{}", long_path, "[]").starts_with("error: step 0: "));
  CHECK_FALSE(fails(run("{}", long_path.substr(2), "[]")));
  CHECK(replaced("{}", long_path + "/a", "1").starts_with("error: step 0: the path has 1001 segments"));
  CHECK_FALSE(fails(run("{\"a\":" + nested(999) + ",\"b\":{}}", "/", R"([{"op":"move","from":"/a/0/0","path":"/b/c"}])")));
}

TEST_CASE("hostile nesting is refused without a crash") {
  const options deep{.max_depth = 1'000'000};
  CHECK(fails(merged(std::string(250'000, '['), {})));
  CHECK(fails(replaced("{}", "/a", nested(250'000))));
  CHECK(merged(nested(250'000), {{merge_type::rfc6902, "/", R"([{"op":"add","path":"/0/0/0/-","value":1},{"op":"copy","from":"/0","path":"/1"}])"}}, deep).size() > 500'000);
}

TEST_CASE("copies and results keep to the limit of bytes") {
  std::string bomb = "[{\"op\":\"add\",\"path\":\"/a\",\"value\":\"0123456789\"}";
  for (int i = 0; i < 60; ++i) bomb += ",{\"op\":\"copy\",\"from\":\"\",\"path\":\"/c" + std::to_string(i) + "\"}";
  bomb += "]";
  const options small{.max_bytes = 100'000};

  const std::string outcome = merged("{}", {{merge_type::rfc6902, "/", bomb}}, small);

  CHECK(outcome.starts_with("error: step 0: operation "));
  CHECK(merged("{}", {{merge_type::replace, "/a", "\"" + std::string(100'000, 'x') + "\""}}, small).starts_with("error: step 0: "));
  CHECK(merged("\"" + std::string(100'000, 'x') + "\"", {}, small).starts_with("error: base: "));
}

TEST_CASE("a touch makes a member exist and leaves a value that is there") {
  const auto touch = [](std::string_view base, std::string_view path) { return merged(base, {{merge_type::replace, path, "", true}}); };
  CHECK(touch("{ \"a\" : { \"b\" : 1 } }", "/a/b") == "{ \"a\" : { \"b\" : 1 } }");
  CHECK(touch("{ \"a\":1 , \"a\" : 2}", "/a") == "{ \"a\":1 , \"a\" : 2}");
  CHECK(touch("{ \"a\" : 1 }", "/") == "{ \"a\" : 1 }");
  CHECK(merged("{}", {{merge_type::replace, "/a/x", "", true}, {merge_type::replace, "/b", "2"}, {merge_type::replace, "/a/x", "3"}}) == R"({"a":{"x":3},"b":2})");
}

TEST_CASE("wide objects find their members, old and new") {
  std::string base = "{";
  for (int i = 0; i < 2000; ++i) base += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":" + std::to_string(i);
  base += "}";
  std::vector<step> steps;
  for (int i = 0; i < 2000; i += 2) steps.push_back({merge_type::rfc7396, "/", "{\"k" + std::to_string(i) + "\":null,\"n" + std::to_string(i) + "\":1}"});
  for (int i = 0; i < 2000; i += 2) steps.push_back({merge_type::rfc7396, "/", "{\"n" + std::to_string(i) + "\":null,\"k" + std::to_string(i + 1) + "\":0}"});
  std::string wanted = "{";
  for (int i = 1; i < 2000; i += 2) wanted += (i == 1 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
  wanted += "}";

  CHECK(merged(base, steps) == wanted);
}

TEST_CASE("the counter-examples to naive pruning give their sequential results") {
  const auto at = [](std::string_view path, std::string_view body) { return step{merge_type::replace, path, body}; };
  const auto patch = [](std::string_view path, std::string_view body) { return step{merge_type::rfc6902, path, body}; };
  CHECK(merged(R"({"a":1})", {at("/a", "2"), patch("/", R"([{"op":"copy","from":"/a","path":"/b"}])"), at("/a", "3")}) == R"({"a":3,"b":2})");
  CHECK(merged(R"({"a":1})", {at("/a", "2"), patch("/", R"([{"op":"test","path":"/a","value":2},{"op":"add","path":"/ok","value":true}])"), at("/a", "3")}) == R"({"a":3,"ok":true})");
  CHECK(merged(R"({"a":1})", {at("/a", "2"), patch("/", R"([{"op":"move","from":"/a","path":"/b"}])"), at("/a", "3")}) == R"({"b":2,"a":3})");
  CHECK(merged(R"({"a":[]})", {at("/a", "{}"), patch("/", R"([{"op":"add","path":"/a/x","value":1}])"), at("/a", "5")}) == R"({"a":5})");
  CHECK(merged("{}", {at("/a/x", "1"), at("/b", "2"), at("/a/x", "3")}) == R"({"a":{"x":3},"b":2})");
  CHECK(merged(R"({"a":5})", {at("/a/b", "1"), patch("/a/c", R"([{"op":"add","path":"/k","value":1}])"), at("/a/b", "2")}) == R"({"a":{"b":2,"c":{"k":1}}})");
  CHECK(merged("{}", {at("/a", R"({"x":1})"), {merge_type::rfc7396, "/a", R"({"y":2})"}}) == R"({"a":{"x":1,"y":2}})");
  CHECK(merged(R"({"k":{"old":2}})", {{merge_type::rfc7396, "/", R"({"k":null})"}, {merge_type::rfc7396, "/", R"({"k":{"a":1}})"}}) == R"({"k":{"a":1}})");
}

TEST_CASE("keys are the same if they mean the same, however they are spelled") {
  CHECK(replaced(R"({"\u0061\u002e\u0062":1})", "/a.b", "2") == R"({"\u0061\u002e\u0062":2})");
  CHECK(patched(R"({"\ud83d\ude00":1})", "/", "{\"😀\":2}") == R"({"\ud83d\ude00":2})");
  CHECK(patched("{\"😀\":1}", "/", R"({"\uD83D\uDE00":null})") == "{}");
  CHECK(patched(R"({"\u00E9":1,"\u00e9":2})", "/", "{\"é\":3}") == R"({"\u00e9":3})");
  CHECK(patched(R"({"\/":1})", "/", R"({"/":2})") == R"({"\/":2})");
  CHECK(run(R"({"\u0022\u005c":1})", "/", R"([{"op":"replace","path":"/\"\\","value":2}])") == R"({"\u0022\u005c":2})");
  CHECK(patched(R"({"\u0000":1,"":2})", "/", R"({"\u0000":null})") == R"({"":2})");
}

TEST_CASE("keys that look alike are different keys") {
  CHECK(patched(R"({"\\u0061":1})", "/", R"({"a":2})") == R"({"\\u0061":1,"a":2})");
  CHECK(patched(R"({"a":1})", "/", R"({"A":2})") == R"({"a":1,"A":2})");
  CHECK(patched(R"({"a\\":1,"a\"":2})", "/", R"({"a\\":null})") == R"({"a\"":2})");
  CHECK(patched("{\"\u00e9\":1}", "/", "{\"e\u0301\":2}") == "{\"\u00e9\":1,\"e\u0301\":2}");
  CHECK(patched(R"({"\u0000":1})", "/", R"({"\u0000\u0000":2,"":3})") == R"({"\u0000":1,"\u0000\u0000":2,"":3})");
  CHECK(replaced(R"({"ab":1,"abc":2,"":3})", "/a", "4") == R"({"ab":1,"abc":2,"":3,"a":4})");
}

TEST_CASE("half of a surrogate pair equals only itself") {
  CHECK(patched(R"({"\ud800":1})", "/", R"({"\uD800":2})") == R"({"\ud800":2})");
  CHECK(patched(R"({"\ud83d":1,"\ude00":2})", "/", "{\"😀\":3}") == "{\"\\ud83d\":1,\"\\ude00\":2,\"😀\":3}");
  CHECK(patched(R"({"\ud83d\ud83d\ude00":1})", "/", R"({"\ud83d":2})") == R"({"\ud83d\ud83d\ude00":1,"\ud83d":2})");
  CHECK(patched(R"({"\ud83d\u0061":1})", "/", R"({"\ud83da":2})") == R"({"\ud83d\u0061":2})");
  CHECK(patched(R"({"\ude00\ud83d":1})", "/", "{\"😀\":2}") == "{\"\\ude00\\ud83d\":1,\"😀\":2}");
}

TEST_CASE("long keys that differ late are told apart, and equal ones are found") {
  for (const std::size_t length : {7u, 8u, 15u, 16u, 31u, 32u, 63u, 64u, 65u, 127u, 128u, 300u}) {
    CAPTURE(length);
    const std::string name = lake_test::repeat(length, 'k');
    const std::string base = "{\"" + name + "\":1,\"" + name + "k\":2,\"" + name.substr(1) + "\":3}";
    CHECK(replaced(base, "/" + name, "9") == "{\"" + name + "\":9,\"" + name + "k\":2,\"" + name.substr(1) + "\":3}");
    CHECK(replaced(base, "/" + name.substr(1) + "x", "9") == base.substr(0, base.size() - 1) + ",\"" + name.substr(1) + "x\":9}");
  }
}

TEST_CASE("an escape anywhere in a key is seen, however long the key is") {
  // Many members before it, so that it is met by what passes over members fast.
  std::string head = "{";
  for (int i = 0; i < 20; ++i) head += "\"m" + std::to_string(i) + "\":[" + std::to_string(i) + "],";
  for (const std::size_t length : {1u, 15u, 16u, 40u, 63u, 64u, 65u, 100u, 130u, 200u, 260u}) {
    const std::string name = lake_test::repeat(length, 'a');
    for (std::size_t at = 0; at < length; at += length < 70 ? 1 : 3) {
      const std::string spelled = name.substr(0, at) + "\\u0061" + name.substr(at + 1);
      const std::string tail = ",\"next\":{\"b\":0},\"last\":\"x\"}";
      const std::string base = head + "\"" + spelled + "\":1" + tail;
      const std::vector<step> steps = {{merge_type::rfc7396, "/", "{\"" + name + "\":9}"}};
      const std::string broken = lake_test::disagreement("=" + head + "\"" + spelled + "\":9" + tail, base, steps, {});
      if (!broken.empty()) FAIL_CHECK("length " << length << ", escape at " << at << "\n" << broken);
    }
  }
}

TEST_CASE("a new key is escaped as JSON demands, and one from a merge patch stays as the patch spelled it") {
  CHECK(run("{}", "/", R"([{"op":"add","path":"/\u0001\u001f\n\"\\\u007f","value":1}])") == "{\"\\u0001\\u001f\\n\\\"\\\\\x7f\":1}");
  CHECK(run("{}", "/", R"([{"op":"add","path":"/\u00e9\/x~1y","value":1}])") == "{\"é\":{\"x/y\":1}}");
  CHECK(patched("{}", "/", R"({ "\u0061" : { "\u0062" : 1 } })") == R"({"\u0061":{"\u0062":1}})");
  CHECK(patched(R"({"\u0061":0})", "/", R"({"a":1})") == R"({"\u0061":1})");
}

TEST_CASE("a value from a body keeps its inner white space, what a merge patch builds around it is compact") {
  CHECK(replaced("{ }", "/a/b", " [ 1 , 2 ] ") == R"({"a":{"b":[ 1 , 2 ]}})");
  CHECK(patched("{}", "/", "{ \"a\" : { \"b\" : [ 1 , 2 ] , \"c\" : null } }") == R"({"a":{"b":[ 1 , 2 ]}})");
  CHECK(patched(R"({"a":{"x":0}})", "/", "{ \"a\" : { \"b\" : { \"d\" : 1 } } }") == R"({"a":{"x":0,"b":{"d":1}}})");
  CHECK(run("{}", "/", R"([{"op":"add","path":"/a","value" : { "b" : [ ] } }])") == R"({"a":{ "b" : [ ] }})");
}

TEST_CASE("paths may hold dollars, dots and underscores, and share no more than whole segments") {
  const std::string base = R"({"a":{"b":1},"a.b":2,"a.":3,"$":{"$.x":4},"_":{"$":5}})";
  CHECK(replaced(base, "/a.b", "9") == R"({"a":{"b":1},"a.b":9,"a.":3,"$":{"$.x":4},"_":{"$":5}})");
  CHECK(merged(base, {{merge_type::replace, "/$/$.x", "7"}, {merge_type::replace, "/_/$", "8"}, {merge_type::replace, "/a./b", "6"}, {merge_type::replace, "/a/b.c", "0"}}) ==
        R"({"a":{"b":1,"b.c":0},"a.b":2,"a.":{"b":6},"$":{"$.x":7},"_":{"$":8}})");
  CHECK(merged("{}", {{merge_type::replace, "/ab/c", "1"}, {merge_type::replace, "/a/bc", "2"}, {merge_type::replace, "/abc", "3"}}) == R"({"ab":{"c":1},"a":{"bc":2},"abc":3})");
}

TEST_CASE("what was replaced can be descended into, in its own white space") {
  CHECK(merged("{}", {{merge_type::replace, "/a", " { \"x\" : 1 } "}, {merge_type::replace, "/a/y", "2"}}) == R"({"a":{ "x" : 1,"y":2 }})");
  CHECK(merged("{}", {{merge_type::replace, "/a", " { \"x\" : 1 , \"z\" : 0 } "}, {merge_type::rfc7396, "/a", R"({"x":null})"}}) == R"({"a":{ "z" : 0 }})");
  CHECK(merged("{}", {{merge_type::replace, "/a", "[ 1 , {\"b\" : [ ]} ]"}, {merge_type::rfc6902, "/a", R"([{"op":"add","path":"/1/b/-","value":2},{"op":"remove","path":"/0"}])"}}) ==
        R"({"a":[ {"b" : [2]} ]})");
  CHECK(merged("{}", {{merge_type::rfc7396, "/", R"({"a":[ {"b" : null} ]})"}, {merge_type::rfc6902, "/a/b", "[]"}}) == R"({"a":{"b":{}}})");
  CHECK(merged("{}", {{merge_type::rfc7396, "/", R"({"a":[ {"b" : null} ]})"}, {merge_type::rfc6902, "/", R"([{"op":"replace","path":"/a/0/b","value":1}])"}}) == R"({"a":[ {"b" : 1} ]})");
  CHECK(merged(R"({"a":{"b":1}})", {{merge_type::replace, "/a", "5"}, {merge_type::replace, "/a/c", "6"}}) == R"({"a":{"c":6}})");
  CHECK(merged(R"({"a":1})", {{merge_type::replace, "/", "{ \"a\" : {} }"}, {merge_type::replace, "/a/b", "2"}, {merge_type::replace, "/", "[ ]"}, {merge_type::replace, "/c", "3"}}) == R"({"c":3})");
}

TEST_CASE("a container that was empty for a moment is compact, however that came") {
  const std::string base = "{ \"a\" : 1 }";
  CHECK(run(base, "/", R"([{"op":"remove","path":"/a"}])") == "{}");
  CHECK(run("{ \"l\" : [ 1 ] }", "/", R"([{"op":"remove","path":"/l/0"}])") == "{ \"l\" : [] }");
  CHECK(run(base, "/", R"([{"op":"move","from":"/a","path":"/b"}])") == R"({"b":1})");
  CHECK(run(base, "/", R"([{"op":"remove","path":"/a"},{"op":"add","path":"/a","value":2}])") == R"({"a":2})");
  CHECK(merged(base, {{merge_type::rfc7396, "/", R"({"a":null})"}, {merge_type::replace, "/a", "1"}}) == R"({"a":1})");
  CHECK(patched("{ \"a\" : 1 , \"a\" : 2 }", "/", R"({"a":null,"b":3})") == R"({"b":3})");
  CHECK(run("{ \"l\" : [ 1 ] , \"o\" : { } }", "/", R"([{"op":"move","from":"/l/0","path":"/o/x"},{"op":"move","from":"/o/x","path":"/l/0"}])") == "{ \"l\" : [1] , \"o\" : {} }");
  CHECK(run("{ \"l\" : [ 1 ] }", "/", R"([{"op":"move","from":"/l/0","path":"/l/-"}])") == "{ \"l\" : [1] }");
  CHECK(run("{ \"l\" : [ 1 ] }", "/", R"([{"op":"move","from":"/l/0","path":"/l/0"}])") == "{ \"l\" : [ 1 ] }");
  CHECK(run("{ \"l\" : [ 1 ] }", "/", R"([{"op":"replace","path":"/l/0","value":2}])") == "{ \"l\" : [ 2 ] }");
  CHECK(run("{ \"o\" : { \"x\" : 1 } }", "/", R"([{"op":"move","from":"/o","path":"/p"},{"op":"remove","path":"/p/x"},{"op":"move","from":"/p","path":"/o"},{"op":"add","path":"/o/y","value":2}])") ==
        R"({"o":{"y":2}})");
}

TEST_CASE("an empty container that only moves, or is only looked at, keeps its white space") {
  CHECK(run("{\"o\": { \n} ,\"l\":[ ]}", "/", R"([{"op":"move","from":"/o","path":"/p"},{"op":"copy","from":"/l","path":"/m"},{"op":"test","path":"/l","value":[]}])") ==
        "{\"l\":[ ],\"p\":{ \n},\"m\":[ ]}");
  CHECK(patched("{\"o\": { }}", "/", R"({"o":{"x":null}})") == "{\"o\": { }}");
  CHECK(run("{\"o\": { }}", "/o", R"([{"op":"test","path":"","value":{}}])") == "{\"o\": { }}");
}

TEST_CASE("members that go and come go last, with commas alone between new ones") {
  const std::string base = "{ \"a\" : 1 , \"b\" : 2 , \"c\" : 3 }";
  CHECK(merged(base, {{merge_type::rfc7396, "/", R"({"a":null})"}, {merge_type::rfc7396, "/", R"({"a":9})"}}) == "{ \"b\" : 2 , \"c\" : 3,\"a\":9 }");
  CHECK(merged(base, {{merge_type::rfc7396, "/", R"({"c":null})"}, {merge_type::rfc7396, "/", R"({"c":9})"}}) == "{ \"a\" : 1 , \"b\" : 2,\"c\":9 }");
  CHECK(merged(base, {{merge_type::rfc7396, "/", R"({"d":1,"e":2})"}, {merge_type::rfc7396, "/", R"({"c":null,"d":null})"}}) == "{ \"a\" : 1 , \"b\" : 2,\"e\":2 }");
  CHECK(merged(base, {{merge_type::rfc7396, "/", R"({"a":null,"b":null})"}, {merge_type::rfc7396, "/", R"({"c":null,"x":1})"}}) == R"({"x":1})");
  CHECK(run(base, "/", R"([{"op":"move","from":"/a","path":"/b"}])") == "{ \"b\" : 1 , \"c\" : 3 }");
  CHECK(run(base, "/", R"([{"op":"move","from":"/c","path":"/a"},{"op":"move","from":"/a","path":"/c"}])") == "{ \"b\" : 2,\"c\":3 }");
}

TEST_CASE("elements that became neighbours again have a comma between them, not their old separator") {
  CHECK(run("[ 1 , 2 ]", "/", R"([{"op":"add","path":"/1","value":9},{"op":"remove","path":"/1"}])") == "[ 1,2 ]");
  CHECK(run("[ 1 , 2 , 3 ]", "/", R"([{"op":"move","from":"/0","path":"/2"}])") == "[ 2 , 3,1 ]");
  CHECK(run("[ 1 , 2 , 3 ]", "/", R"([{"op":"move","from":"/0","path":"/1"},{"op":"move","from":"/1","path":"/0"}])") == "[ 1,2,3 ]");
  CHECK(run("[ 1 , 2 , 3 ]", "/", R"([{"op":"move","from":"/2","path":"/2"}])") == "[ 1 , 2 , 3 ]");
  CHECK(run("[ 1 , 2 ]", "/", R"([{"op":"remove","path":"/1"},{"op":"add","path":"/-","value":3}])") == "[ 1,3 ]");
  CHECK(run("[ 1 , 2 , 3 , 4 ]", "/", R"([{"op":"remove","path":"/1"},{"op":"add","path":"/2","value":9},{"op":"remove","path":"/0"}])") == "[ 3,9,4 ]");
  CHECK(run("[ {\"a\" : 1} , 2 ]", "/", R"([{"op":"add","path":"/0/b","value":3},{"op":"test","path":"/1","value":2},{"op":"copy","from":"/0","path":"/2"}])") ==
        "[ {\"a\" : 1,\"b\":3} , 2,{\"a\" : 1,\"b\":3} ]");
}

TEST_CASE("an index counts elements at the moment its operation runs") {
  const std::string base = R"([{"n":0},{"n":1},{"n":2}])";
  CHECK(run(base, "/", R"([{"op":"add","path":"/0","value":9},{"op":"replace","path":"/2/n","value":"x"}])") == R"([9,{"n":0},{"n":"x"},{"n":2}])");
  CHECK(run(base, "/", R"([{"op":"remove","path":"/0"},{"op":"add","path":"/1/m","value":"x"}])") == R"([{"n":1},{"n":2,"m":"x"}])");
  CHECK(run(base, "/", R"([{"op":"move","from":"/0","path":"/1/in"}])") == R"([{"n":1},{"n":2,"in":{"n":0}}])");
  CHECK(run(base, "/", R"([{"op":"move","from":"/2","path":"/0"},{"op":"replace","path":"/0/n","value":5},{"op":"move","from":"/0","path":"/2"},{"op":"remove","path":"/2/n"}])") ==
        R"([{"n":0},{"n":1},{}])");
  CHECK(run(base, "/", R"([{"op":"move","from":"/0","path":"/3"}])") == R"(error: step 0: operation 0: pointer "/3": "3" is no index here, the array has 2 elements)");
  CHECK(run(base, "/", R"([{"op":"copy","from":"/0","path":"/3"}])") == R"([{"n":0},{"n":1},{"n":2},{"n":0}])");
  CHECK(run(base, "/", R"([{"op":"copy","from":"/0","path":"/0/n"},{"op":"copy","from":"/0","path":"/1"},{"op":"remove","path":"/0/n/n"}])") ==
        R"([{"n":{}},{"n":{"n":0}},{"n":1},{"n":2}])");
}

TEST_CASE("digits and a dash are plain names in an object") {
  CHECK(run(R"({"0":{"1":1},"-":2,"01":3})", "/", R"([{"op":"replace","path":"/0/1","value":4},{"op":"add","path":"/-","value":5},{"op":"remove","path":"/01"},{"op":"add","path":"/1e0","value":6}])") ==
        R"({"0":{"1":4},"-":5,"1e0":6})");
  CHECK(run("{}", "/", R"([{"op":"add","path":"/","value":1},{"op":"add","path":"//","value":1}])").starts_with("error: step 0: operation 1: pointer \"//\": a number"));
  CHECK(run("{}", "/", R"([{"op":"add","path":"//","value":1},{"op":"add","path":"/","value":2}])") == R"({"":2})");
}

TEST_CASE("what moved is changed where it lies, and what lay there is another value") {
  CHECK(run(R"({"a":{"x":{"y":1}},"b":{"x":{"y":2}}})", "/", R"([{"op":"move","from":"/a/x","path":"/c"},{"op":"move","from":"/b/x","path":"/a/x"},{"op":"replace","path":"/a/x/y","value":3},{"op":"replace","path":"/c/y","value":4},{"op":"move","from":"/c","path":"/b/x"},{"op":"add","path":"/b/x/z","value":5}])") ==
        R"({"a":{"x":{"y":3}},"b":{"x":{"y":4,"z":5}}})");
  CHECK(merged(R"({"a":{"x":1},"b":{"x":2}})", {{merge_type::rfc6902, "/", R"([{"op":"move","from":"/a","path":"/t"},{"op":"move","from":"/b","path":"/a"},{"op":"move","from":"/t","path":"/b"}])"},
                                               {merge_type::replace, "/a/x", "3"},
                                               {merge_type::rfc7396, "/b", R"({"x":null,"y":4})"}}) == R"({"a":{"x":3},"b":{"y":4}})");
  CHECK(run(R"({"a":{"b":{"c":1}}})", "/", R"([{"op":"move","from":"/a/b","path":"/a"},{"op":"add","path":"/a/d","value":2}])") == R"({"a":{"c":1,"d":2}})");
  CHECK(run(R"({"l":[{"k":1}]})", "/", R"([{"op":"move","from":"/l/0","path":"/o"},{"op":"add","path":"/o/l","value":[]},{"op":"move","from":"/o","path":"/l/-"},{"op":"add","path":"/l/0/l/-","value":2}])") ==
        R"({"l":[{"k":1,"l":[2]}]})");
}

TEST_CASE("no value moves into itself, by whole tokens and whatever their spelling") {
  CHECK(fails(run(R"({"a/b":{"c":1}})", "/", R"([{"op":"move","from":"/a~1b","path":"/a~1b/c/d"}])")));
  CHECK(fails(run(R"([[1]])", "/", R"([{"op":"move","from":"/0","path":"/0/0"}])")));
  CHECK(fails(run(R"({"a":{}})", "/", R"([{"op":"move","from":"/a","path":"\u002fa/b"}])")));
  CHECK(run(R"({"a":1,"a~b":{},"a/b":{}})", "/", R"([{"op":"move","from":"/a","path":"/a~0b/x"},{"op":"move","from":"/a~0b","path":"/a~1b/y"}])") == R"({"a/b":{"y":{"x":1}}})");
  CHECK(run(R"({"a":1})", "/", R"([{"op":"copy","from":"","path":"/a"},{"op":"copy","from":"/a","path":"/a/a"}])") == R"({"a":{"a":{"a":1}}})");
}

TEST_CASE("an operation on the whole value reaches the member that holds it") {
  CHECK(run("{ \"k\" : 0 , \"a\" : { \"x\" : 1 } }", "/a", R"([{"op":"move","from":"/x","path":""}])") == "{ \"k\" : 0 , \"a\" : 1 }");
  CHECK(run("{ \"k\" : 0 , \"a\" : 5 }", "/a", R"([{"op":"replace","path":"","value":{ }},{"op":"add","path":"/b","value":1}])") == "{ \"k\" : 0 , \"a\" : {\"b\":1} }");
  CHECK(run("{ \"a\" : { \"x\" : [ ] } }", "/a", R"([{"op":"copy","from":"","path":""},{"op":"copy","from":"/x","path":""},{"op":"add","path":"/0","value":1}])") == "{ \"a\" : [1] }");
  CHECK(run(" [ 1 ] ", "/", R"([{"op":"add","path":"","value": {"a" : 1} },{"op":"test","path":"","value":{"a":1}}])") == "{\"a\" : 1}");
}

TEST_CASE("duplicates stay until something is written at or below their name") {
  const std::string base = "{ \"a\" : 1 , \"b\" : 0 , \"a\" : { \"x\" : 2 } }";
  CHECK(run(base, "/", R"([{"op":"test","path":"/a/x","value":2},{"op":"copy","from":"/a","path":"/c"},{"op":"move","from":"/a","path":"/a"}])") ==
        "{ \"a\" : 1 , \"b\" : 0 , \"a\" : { \"x\" : 2 },\"c\":{ \"x\" : 2 } }");
  CHECK(run(base, "/", R"([{"op":"replace","path":"/b","value":1}])") == "{ \"a\" : 1 , \"b\" : 1 , \"a\" : { \"x\" : 2 } }");
  CHECK(run(base, "/", R"([{"op":"add","path":"/a/y","value":3}])") == "{ \"b\" : 0 , \"a\" : { \"x\" : 2,\"y\":3 } }");
  CHECK(run(base, "/", R"([{"op":"move","from":"/a/x","path":"/b"}])") == "{ \"b\" : 2 , \"a\" : {} }");
  CHECK(patched(base, "/a", R"({"z":null})") == "{ \"b\" : 0 , \"a\" : { \"x\" : 2 } }");
  CHECK(patched(base, "/", R"({"a":{}})") == "{ \"b\" : 0 , \"a\" : { \"x\" : 2 } }");
  CHECK(merged(base, {{merge_type::replace, "/a/x", "", true}}) == base);
  CHECK(merged(base, {{merge_type::replace, "/a/y", "", true}}) == "{ \"b\" : 0 , \"a\" : { \"x\" : 2,\"y\":null } }");
  CHECK(replaced("{\"a\":{\"b\":1},\"a\":5}", "/a/b", "2") == R"({"a":{"b":2}})");
  CHECK(replaced("{\"a\":1,\"\\u0061\":2,\"a\":3,\"a\":4}", "/a", "5") == R"({"a":5})");
  CHECK(replaced("{\"o\":{\"a\":1},\"o\":{\"a\":{\"b\":1},\"a\":{\"b\":2}}}", "/o/a/b", "3") == R"({"o":{"a":{"b":3}}})");
  CHECK(run("[{\"a\":1,\"a\":2}]", "/", R"([{"op":"replace","path":"/0/a","value":3}])") == R"([{"a":3}])");
}

TEST_CASE("a merge patch takes the last of its duplicates, in the last one's place") {
  CHECK(patched("{}", "/", R"({"a":1,"b":2,"a":3})") == R"({"b":2,"a":3})");
  CHECK(patched(R"({"a":{"k":0}})", "/", R"({"a":1,"a":{"x":2}})") == R"({"a":{"k":0,"x":2}})");
  CHECK(patched(R"({"a":0})", "/", R"({"a":1,"\u0061":null})") == "{}");
  CHECK(replaced("{}", "/a", R"({"b":1,"b":2})") == R"({"a":{"b":1,"b":2}})");
}

TEST_CASE("test sees what earlier operations and steps left, and the last of duplicates") {
  CHECK(run(R"({"a":{"x":1},"l":[1,2]})", "/",
            R"([{"op":"add","path":"/a/y","value":[ 1.0 ]},{"op":"remove","path":"/l/0"},{"op":"test","path":"","value":{"l":[2e0],"a":{"y":[1],"x":1}}}])") == R"({"a":{"x":1,"y":[ 1.0 ]},"l":[2]})");
  CHECK(run(R"({"a":1,"a":2})", "/", R"([{"op":"test","path":"","value":{"a":2}},{"op":"test","path":"","value":{"a":3,"a":2.0}}])") == R"({"a":1,"a":2})");
  CHECK(fails(run(R"({"a":1,"a":2})", "/", R"([{"op":"test","path":"","value":{"a":1}}])")));
  CHECK(fails(run(R"({"a":[]})", "/", R"([{"op":"test","path":"/a","value":{}}])")));
  CHECK(fails(run(R"({"a":"1"})", "/", R"([{"op":"test","path":"/a","value":1}])")));
  CHECK(fails(run(R"({"a":null})", "/", R"([{"op":"test","path":"/a","value":false}])")));
}

TEST_CASE("the depth of the result is exact, also after much moving") {
  const options shallow{.max_depth = 5};
  // Bounds of depth that were sharpened once must not hide what comes to lie deeper later.
  CHECK(merged(R"({"x":{"y":{}}})", {{merge_type::rfc6902, "/", R"([{"op":"add","path":"/a","value":{"b":{}},"more":[[[]]]},{"op":"add","path":"/a/b/k","value":1},{"op":"move","from":"/a","path":"/x/y/a"},
                                      {"op":"move","from":"/x/y/a","path":"/a"},{"op":"add","path":"/a/b/d","value":{}},{"op":"move","from":"/a","path":"/x/y/a"}])"}}, shallow) ==
        R"(error: step 0: operation 5: pointer "/x/y/a": the document would have 6 open containers, the limit is 5)");
  CHECK(merged(R"({"x":{"y":{"z":{}}}})", {{merge_type::rfc6902, "/", R"([{"op":"add","path":"/x/y/z/w","value":[]},{"op":"remove","path":"/x/y/z/w"},{"op":"move","from":"/x","path":"/v"},{"op":"add","path":"/v/y/z/w","value":[1]}])"}}, shallow) ==
        R"({"v":{"y":{"z":{"w":[1]}}}})");
  CHECK(merged("{}", {{merge_type::rfc7396, "/a/b/c", R"({"d":{}})"}}, shallow) == R"({"a":{"b":{"c":{"d":{}}}}})");
  CHECK(fails(merged("{}", {{merge_type::rfc7396, "/a/b/c", R"({"d":{"e":{}}})"}}, shallow)));
  CHECK(merged("{}", {{merge_type::replace, "/a/b/c/d/e", "1"}}, shallow) == R"({"a":{"b":{"c":{"d":{"e":1}}}}})");
  CHECK(merged("{}", {{merge_type::replace, "/a/b/c/d/e", "", true}}, shallow) == R"({"a":{"b":{"c":{"d":{"e":null}}}}})");
  CHECK(fails(merged("{}", {{merge_type::replace, "/a/b/c/d/e", "{}"}}, shallow)));
  CHECK(merged("5", {{merge_type::replace, "/", "6"}}, {.max_depth = 0}) == "6");
  CHECK(fails(merged("", {}, {.max_depth = 0})));
  CHECK(fails(merged("5", {{merge_type::replace, "/a", "6"}}, {.max_depth = 0})));
}

TEST_CASE("the limits of bytes are exact, and count the copies of all steps together") {
  const std::string base = "{\"a\":\"0123456789\"}";
  const auto copies = [&](std::size_t limit, std::size_t times) {
    std::vector<step> steps;
    for (std::size_t i = 0; i < times; ++i) steps.push_back({merge_type::rfc6902, "/", std::string(R"([{"op":"copy","from":"/a","path":"/b"}])")});
    return merged(base, steps, {.max_bytes = limit});
  };
  CHECK(copies(36, 3) == R"({"a":"0123456789","b":"0123456789"})");
  CHECK(copies(36, 4) == R"(error: step 3: operation 0: pointer "/b": the copy operations of the merge exceed the limit of 36 bytes)");
  CHECK(copies(35, 2) == R"({"a":"0123456789","b":"0123456789"})");
  CHECK(copies(34, 1) == "error: step 0: the merged document has 35 bytes, the limit is 34");
  CHECK(merged("  " + base + "\n", {}, {.max_bytes = 18}) == base);
  CHECK(merged(base, {}, {.max_bytes = 17}) == "error: base: 18 bytes, the limit is 17");
  CHECK(merged(base, {{merge_type::replace, "/a", "\"" + lake_test::repeat(99, 'x') + "\""}, {merge_type::replace, "/a", "1"}}, {.max_bytes = 18}) == R"({"a":1})");
}

TEST_CASE("documents are cut nowhere wrongly, wherever blocks of 16, 32 and 64 bytes end") {
  for (const std::string_view run_of : {"x", "\\\\", "\\\"", "{", "]", "\\\\\\\"", "\xC3\xA9"}) {
    CAPTURE(run_of);
    for (std::size_t length = 0; length < 140; ++length) {
      std::string filling;
      while (filling.size() < length) filling += run_of;
      const std::string head = "{\"" + filling + "\":[\"" + filling + "\" , {\"a\":1}],";
      const std::string tail = ", \"z\" : { \"" + filling + "\\\\\" : \"}\" , \"a\" : [ ] } }";
      const auto out = lake::merge::reference_apply(head + "\"a\" : 1" + tail, std::vector<step>{{merge_type::replace, "/a", "[2]"}});
      REQUIRE(out == head + "\"a\" : [2]" + tail);
      const std::vector<step> steps = {{merge_type::replace, "/a", "[2]"}};
      const std::string broken = lake_test::disagreement("=" + *out, head + "\"a\" : 1" + tail, steps, {});
      if (!broken.empty()) FAIL_CHECK("length " << length << ": " << broken);
    }
  }
}

TEST_CASE("white space of any length is kept between what is touched") {
  for (std::size_t length = 0; length < 140; length += 3) {
    const std::string space(length, ' ');
    const std::string base = "{" + space + "\"k\"" + space + ":" + space + "{" + space + "}" + space + "," + space + "\"a\"" + space + ":" + space + "1" + space + "," + space + "\"l\"" + space + ":" + space + "[" + space + "1" +
                             space + "," + space + "2" + space + "]" + space + "}";
    std::string wanted = base;
    wanted.replace(wanted.find('1'), 1, "9");
    wanted.replace(wanted.find('2'), 1, "[]");
    CHECK(merged(base, {{merge_type::replace, "/a", "9"}, {merge_type::rfc6902, "/l", R"([{"op":"replace","path":"/1","value":[]}])"}}) == wanted);
  }
}

TEST_CASE("a thousand steps in one merge are what they are one by one") {
  std::string now = "{ \"list\" : [ ] , \"map\" : { } }";
  const std::string base = now;
  std::vector<step> steps;
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    const std::string field = "f" + std::to_string(i % 37);
    if (i % 4 == 0) steps.push_back({merge_type::replace, "/map/" + field + "/deep", "{ \"v\" : " + n + " }"});
    if (i % 4 == 1) steps.push_back({merge_type::rfc7396, "/map", "{\"" + field + "\":{\"n\":" + n + ",\"deep\":" + (i % 3 == 0 ? "null" : "{\"w\":1}") + "}}"});
    if (i % 4 == 2) steps.push_back({merge_type::rfc6902, "/", "[{\"op\":\"add\",\"path\":\"/list/0\",\"value\":{\"n\":" + n + "}},{\"op\":\"copy\",\"from\":\"/list/0\",\"path\":\"/list/-\"}]"});
    if (i % 4 == 3) steps.push_back({merge_type::rfc6902, "/list", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/1\"},{\"op\":\"add\",\"path\":\"/0/m\",\"value\":" + n + "},{\"op\":\"remove\",\"path\":\"/1\"}]"});
  }
  for (const step& one : steps) now = lake::merge::reference_apply(now, std::vector<step>{one}).value();

  CHECK(merged(base, steps) == now);
}
