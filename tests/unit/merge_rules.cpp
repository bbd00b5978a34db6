// The rules of merging, one by one, in literal bytes.
#include "support/catch.hpp"

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

/// The merged text, or "error: " and the message.
std::string merged(std::string_view base, const std::vector<step>& steps, const options& with = {}) {
  const auto out = apply(base, steps, with);
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
