// The search for a few names in an object of large members: it finds what a walk from member to member finds, whatever stands around a
// name and wherever a name stands in the blocks that the search goes by. Every engine against the plain one, byte for byte.
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/merge_engines.hpp"
#include "support/repeat.hpp"

#include <lake/merge.hpp>
#include <lake/merge/sparse/seek.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sparse = lake::merge::detail::sparse;
using lake::merge_type;
using lake::merge::options;
using lake::merge::step;
using lake::merge::detail::simd;
using lake::merge::detail::skipper;
using lake_test::repeat;
using sparse::sought;

namespace {

/// A value large enough to make a search pay, with all that a search for `rec5` must not take for one of its members.
const std::string large = R"({"n":"rec5","rec5":[{"rec5":1},"}{][",{"c5":"\"rec5\":\\"}],"f":")" + repeat(70, 'v') + R"("})";
/// A member that leaves text enough to search.
const std::string rest = R"("rest":{"r":")" + repeat(1200, 'r') + R"("})";

std::string object_of(const std::string& members) { return R"({"first":)" + large + "," + members + (members.empty() ? "" : ",") + rest + "}"; }

/// What the engines say otherwise than the plain one; empty if nothing.
std::string fault(const std::string& base, const std::vector<step>& steps, const options& with = {}) {
  const std::string wanted = lake_test::outcome(lake::merge::reference_apply(base, steps, with));
  const std::string broken = lake_test::disagreement(wanted, base, steps, with);
  return broken.empty() ? broken : base + "\n" + broken;
}

/// As fault, for steps that change the member `name` of `object`, look into it, add to it and remove it.
std::string fault_at(const std::string& object, const std::string& name = "rec5") {
  const std::string below = "/in/" + name;
  const std::string key = '"' + name + '"';
  const std::string base = R"({"in":)" + object + R"(,"z":1})";
  std::string all;
  all += fault(base, {{merge_type::replace, below, "7"}});
  all += fault(base, {{merge_type::replace, below + "/x/y", "7"}, {merge_type::replace, "/in/missing", "{ }"}});
  all += fault(base, {{merge_type::rfc7396, "/in", "{" + key + R"(:{"x":null,"y":{"z":1}},"first":null})"}});
  all += fault(object, {{merge_type::rfc7396, "/", "{" + key + ":null}"}});
  all += fault(object, {{merge_type::rfc6902, "/", R"([{"op":"remove","path":"/)" + name + R"("},{"op":"add","path":"/)" + name + R"(/deep","value":[]}])"}});
  return all;
}

/// Where a search for names below the root stops, from behind the member `first` to the end of the object: at keys, then there.
struct found_places {
  std::vector<std::size_t> keys;
  sought last;
};
found_places search(const std::string& object, const std::vector<std::string>& names, simd level) {
  sparse::arena memory;
  sparse::trie places(memory);
  for (const std::string& name : names) static_cast<void>(places.child(places.root(), name));
  const sparse::name_search search_for(places.root(), skipper::of(level));
  const char* const end = object.data() + object.size();
  found_places all;
  for (const char* at = object.data() + std::string_view(R"({"first":)").size() + large.size();;) {
    all.last = search_for(at, end);
    if (all.last.what != sought::alike) return all;
    REQUIRE(all.last.found != nullptr);
    REQUIRE(std::string_view(all.last.at + 1, all.last.found->name.size()) == all.last.found->name);
    all.keys.push_back(static_cast<std::size_t>(all.last.at - object.data()));
    at = all.last.at + all.last.found->name.size() + 2;
  }
}

std::vector<simd> searching_levels() {
  std::vector<simd> all;
  for (const simd level : lake_test::simd_levels()) {
    if (level != simd::portable) all.push_back(level);
  }
  return all;
}

}  // namespace

TEST_CASE("a search stops at the keys that it is for, at each place in a block, and behind the object") {
  for (const simd level : searching_levels()) {
    for (std::size_t shift = 0; shift < 140; ++shift) {
      const std::string before = object_of(R"("fill":")" + repeat(shift, 'f') + R"(","x":{"rec5":2},"y":"rec5")");
      const std::string head = before.substr(0, before.size() - rest.size() - 1);
      const std::string object = head + R"("rec5":1,"prec5":2,"c5":[3],"5":{},)" + rest + R"(,"rec5" :4})";

      const found_places all = search(object + R"(,"rec5":5})", {"rec5", "c5", "5", "absent"}, level);

      const std::vector<std::size_t> wanted = {head.size(), head.size() + 19, head.size() + 28, object.rfind("\"rec5\" ")};
      REQUIRE(all.keys == wanted);
      REQUIRE(all.last.what == sought::end);
      REQUIRE(all.last.peak >= 1);
    }
  }
}

TEST_CASE("a search ends where a key may be written with escapes, where the text ends, and where names alike stand close") {
  for (const simd level : searching_levels()) {
    std::string alike;
    for (std::size_t i = 0; i < 100; ++i) alike += R"("xrec5":1,)";

    CHECK(search(object_of(R"("rec\u0035":1)"), {"rec5"}, level).last.what == sought::escapes);
    CHECK(search(object_of(R"("v":"\\")"), {"rec5"}, level).last.what == sought::escapes);
    CHECK(search(object_of(R"("v":["\\"])"), {"rec5"}, level).last.what == sought::end);
    CHECK(search(object_of(alike + R"("rec5":1)"), {"rec5"}, level).last.what == sought::escapes);
    CHECK(search(object_of("").substr(0, object_of("").size() - 1), {"rec5"}, level).last.what == sought::broken);
    CHECK(search(object_of(""), {""}, level).last.what == sought::escapes);
    CHECK(search(object_of(""), {"1", "2", "3", "4", "5"}, level).last.what == sought::escapes);
  }
}

TEST_CASE("a member is found at each place in a block") {
  for (std::size_t shift = 0; shift < 140; ++shift) {
    const std::string broken = fault_at(object_of(R"("fill":")" + repeat(shift, 'f') + R"(","rec5":{"x":{"y":1},"q":2},"b":3)"));
    if (!broken.empty()) FAIL_CHECK("shift " << shift << ": " << broken);
  }
}

TEST_CASE("what only looks like the member is passed over") {
  for (const std::string members :
       {"", R"("b":"rec5")", R"("b":["rec5",{"rec5":1}],"rec55":2)", R"("xrec5":1,"5":2,"c5":3)", R"("b":"\"rec5\":1,")", R"("b":",\"rec5\":")",
        R"("\"rec5":1,"rec5\"":2)", R"("b":{"c":"\\"},"d":"{\"rec5\":1}")", R"("rec5\\":1,"\\rec5":2)", R"("b":[["rec5",[{"rec5":"rec5"}]]])"}) {
    for (const std::string behind : {"", R"(,"rec5":{"x":1})", R"(,"rec5":"rec5")"}) {
      CHECK(fault_at(object_of(members.empty() && !behind.empty() ? behind.substr(1) : members + behind)) == "");
    }
  }
}

TEST_CASE("of members with the same name the last is found and the others go, however they are written") {
  for (const std::string first : {R"("rec5":1)", R"("rec5" : {"x":1})", R"("rec\u0035":{"y":1})", R"("\u0072ec5":2)"}) {
    for (const std::string last : {R"("rec5":{"x":{"y":2}})", R"("rec5":[])", R"("rec\u0035":{"x":3})"}) {
      CHECK(fault_at(object_of(first + "," + last)) == "");
      CHECK(fault_at(object_of(first + R"(,"b":)" + large + "," + last)) == "");
      CHECK(fault_at(object_of(first).insert(1, last + " , ")) == "");
      CHECK(fault_at("{" + first + "," + object_of("").substr(1, object_of("").size() - 2) + "," + last + "}") == "");
    }
  }
}

TEST_CASE("white space stands where it may around a member that is found") {
  const std::string wide = " \t\r\n" + repeat(70, ' ');
  for (const std::string& space : {std::string(" "), std::string("\n"), std::string("\t\r"), wide}) {
    const std::string member = space + R"("rec5")" + space + ":" + space + R"({"x":1})" + space;
    CHECK(fault_at(object_of(member)) == "");
    CHECK(fault_at("{" + member + "," + space + object_of("").substr(1, object_of("").size() - 2) + "," + member + "}") == "");
    CHECK(fault_at("{" + space + R"("first")" + space + ":" + large + space + "," + rest + "," + member + "}") == "");
  }
}

TEST_CASE("names of every kind are found") {
  const std::string long_name = repeat(150, 'l');
  const std::string flowers = "\xC3\xA9\xE2\x82\xAC";
  for (const std::string& name : {std::string("a"), std::string("r"), std::string("ab"), std::string("first"), std::string("rest"), std::string("0"), long_name, flowers}) {
    CHECK(fault_at(object_of("\"" + name + R"(":{"x":1})"), name) == "");
    CHECK(fault_at(object_of(R"("q":")" + name + R"(","x)" + name + R"(":1)"), name) == "");
  }
  for (const std::string key : {R"("")", R"("a\"b")", R"("a\\")", R"("\u00e9\u20ac")", R"("a\nb")", R"("a\/b")"}) {
    for (const std::string& written : {key, std::string(R"("a/b")"), flowers}) {
      const std::string base = object_of((written == flowers ? "\"" + flowers + "\"" : written) + R"(:{"x":1})");
      CHECK(fault(base, {{merge_type::rfc7396, "/", "{" + key + R"(:{"x":null,"y":2},"other":3})"}}) == "");
      CHECK(fault(base, {{merge_type::rfc7396, "/", "{" + key + R"(:null})"}}) == "");
    }
  }
}

TEST_CASE("an object becomes empty when its last member goes, and not before, also where a search passed over members") {
  const std::string spaced = "{ \"first\" : " + large + " , \"rec5\" : 1 , " + rest + " }";
  const std::string base = "{ \"in\" : " + spaced + " }";
  const step found{merge_type::replace, "/in/rec5", "2"};
  for (const std::string operations :
       {R"({"op":"remove","path":"/in/rec5"})", R"({"op":"remove","path":"/in/rec5"},{"op":"add","path":"/in/rec5","value":3})",
        R"({"op":"move","from":"/in","path":"/out"},{"op":"remove","path":"/out/rec5"},{"op":"remove","path":"/out/first"},{"op":"add","path":"/out/n","value":3})",
        R"({"op":"move","from":"/in","path":"/out"},{"op":"remove","path":"/out/rec5"},{"op":"remove","path":"/out/first"},{"op":"remove","path":"/out/rest"})",
        R"({"op":"move","from":"/in","path":"/out"},{"op":"remove","path":"/out/first"},{"op":"remove","path":"/out/rest"},{"op":"remove","path":"/out/rec5"},{"op":"add","path":"/out/n","value":3})",
        R"({"op":"move","from":"/in","path":"/out"},{"op":"remove","path":"/out/first"},{"op":"remove","path":"/out/rest"},{"op":"add","path":"/out/n","value":3})"}) {
    const std::string body = "[" + operations + "]";
    CHECK(fault(base, {found, {merge_type::rfc6902, "/", body}}) == "");
    CHECK(fault(base, {{merge_type::rfc6902, "/", body}}) == "");
  }
  CHECK(fault(base, {{merge_type::rfc7396, "/in", R"({"first":null,"rec5":null,"rest":null})"}, {merge_type::replace, "/in/n", "1"}}) == "");
}

TEST_CASE("the depth of what a search passes over counts") {
  const std::string deep = repeat(40, '[') + repeat(40, ']');
  const std::string base = object_of(R"("deep":)" + deep + R"(,"rec5":1)");
  for (std::size_t depth = 38; depth < 46; ++depth) {
    CHECK(fault(base, {{merge_type::replace, "/rec5", "[]"}}, {.max_depth = depth}) == "");
    CHECK(fault(R"({"in":)" + base + "}", {{merge_type::replace, "/in/rec5", "[]"}}, {.max_depth = depth}) == "");
  }
}

TEST_CASE("a damaged object gives an error or a result, and is never read beyond its ends") {
  const std::string whole = R"({"in":)" + object_of(R"("b" : "x" , "rec5" :{"x":{"y":"z"}},"c":[{"d":1}],"rec\u0035":2)") + R"(,"rec5":3})";
  const std::vector<step> steps = {{merge_type::replace, "/in/rec5/x", "7"}, {merge_type::rfc6902, "/", R"([{"op":"move","from":"/in","path":"/out"},{"op":"add","path":"/out/n","value":1}])"}};
  lake_test::guarded room(8192);
  const auto try_one = [&](std::string_view base) {
    const bool sound = lake::merge::detail::check_grammar(base, 1000).reason == nullptr;
    const std::string wanted = sound ? lake_test::outcome(lake::merge::reference_apply(base, steps)) : std::string();
    for (const simd level : lake_test::simd_levels()) {
      const std::string said = lake_test::outcome(lake_test::span_merge(base, steps, {}, level));
      if (sound && said != wanted) FAIL_CHECK(lake_test::difference(lake_test::engine_name(level, false), said, wanted));
    }
  };
  for (std::size_t size = 1; size < whole.size(); ++size) {
    try_one(room.at_end(std::string_view(whole).substr(0, size)));
    try_one(room.at_start(std::string_view(whole).substr(0, size)));
  }
  std::string flipped = whole;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (whole[at] == 'r' && whole[at - 1] == 'r') continue;
    for (const char wrong : {'"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\0'}) {
      flipped[at] = wrong;
      try_one(room.at_end(flipped));
    }
    flipped[at] = whole[at];
  }
}

TEST_CASE("random objects of large and small members, and random steps, give what the plain engine gives") {
  const std::vector<std::string> keys = {"rec5", "ec5", "c5", "5", "rec15", "a", "", "rec\\u0035", "b\\n", "q", "q1", "q2", "q3", "z5"};
  const std::vector<std::string> values = {large, large, large, "1", "\"rec5\"", "\"\\\"\"", "{\"x\":1}", "{ }", "[]", "{\"rec5\":{\"x\":2}}", "[\"\\\\\"]", "null"};
  const std::vector<std::string> spaces = {"", "", "", " ", "\n  "};
  std::mt19937_64 random(20240917);
  const auto any = [&](const std::vector<std::string>& of) -> const std::string& { return of[random() % of.size()]; };
  for (std::size_t round = 0; round < 1500; ++round) {
    std::string object = "{" + any(spaces);
    for (std::size_t count = random() % 12; count > 0; --count) object += "\"" + any(keys) + "\"" + any(spaces) + ":" + any(spaces) + any(values) + any(spaces) + "," + any(spaces);
    object += rest + any(spaces) + "}";
    const std::string base = random() % 2 == 0 ? object : R"({"in":)" + object + "," + rest + "}";
    const std::string top = base.size() == object.size() ? "" : "/in";
    std::vector<std::string> texts(10);
    std::vector<step> steps;
    for (std::size_t i = 0; i + 1 < texts.size() && (i == 0 || random() % 3 != 0); i += 2) {
      texts[i] = top + "/" + keys[random() % 6];
      texts[i + 1] = any({"7", "{ }", R"({"x":null,"y":1})"});
      if (random() % 4 == 0) {
        texts[i + 1] = "{\"" + any(keys) + "\":null,\"" + any(keys) + "\":{\"x\":null}}";
        texts[i] = top.empty() ? "/" : top;
      }
      steps.push_back({random() % 2 == 0 ? merge_type::replace : merge_type::rfc7396, texts[i], texts[i + 1]});
    }
    const std::string broken = fault(base, steps);
    if (!broken.empty()) FAIL_CHECK("round " << round << ": " << broken);
  }
}
