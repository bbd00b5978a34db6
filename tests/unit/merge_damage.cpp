// Damaged texts: every truncation and every flipped bit of some bases and bodies, each between pages that nobody may touch. A merge gives
// an error or a result; where the base is still JSON, every engine gives the same one.
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/merge_engines.hpp"
#include "support/repeat.hpp"

#include <lake/merge.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using lake::merge_type;
using lake::merge::options;
using lake::merge::step;
using lake_test::guarded;

namespace {

constexpr std::string_view small_base = R"( {"a":{"b":[1,{"c":"x"}],"\u0061b":-1.5e3},"l":[ {"k":true} , null ],"a\\":"\""} )";

/// More than four blocks of 64 bytes, with everything that a skipper looks at on both sides of their borders.
const std::string long_base = "{ \"skipped\" : [ " + lake_test::repeat(40, ' ') + "\"" + lake_test::repeat(38, '\\') + "\\\\\\\"}]{[\" , { \"\\u0061\\\\\" : { } , \"" + lake_test::repeat(70, 'k') +
                              "\" : [ ] } ] ,\n  \"a\" : { \"b\" : [ 1 , { \"c\" : \"\\ud83d\\ude00\" } , [ ] ] , \"dup\" : 1 , \"dup\" : { \"x\" : 2 } } , \"l\" : [ { \"k\" : true } , null , 12345678901234567890123 ] ,\t\"" +
                              "z\" : \"" + lake_test::repeat(60, 'z') + "\\\\\" }";

/// Merges that go wherever the bases have something.
const std::vector<std::vector<step>>& merges() {
  static const std::vector<std::vector<step>> all = {
      {},
      {{merge_type::replace, "/a/b", "[ 2 ]"}, {merge_type::replace, "/l/deep", "1"}, {merge_type::replace, "/a/dup/y", "", true}, {merge_type::rfc7396, "/", R"({"a":{"b":null,"dup":{"x":null}},"z":{"n":1}})"}},
      {{merge_type::rfc6902, "/", R"([{"op":"test","path":"/a/b/0","value":1},{"op":"move","from":"/l/0","path":"/a/b/1"},{"op":"add","path":"/a/b/1/k","value":[ ]},
                                      {"op":"copy","from":"/a","path":"/l/-"},{"op":"remove","path":"/a/b/0"},{"op":"move","from":"/a/b/0","path":"/l/0"},{"op":"replace","path":"/l/1","value":{}}])"},
       {merge_type::replace, "/a/b", "{}"}},
  };
  return all;
}

bool is_json(std::string_view input) { return lake::merge::trim(input).empty() || lake::merge::detail::check_grammar(lake::merge::trim(input), 1000).reason == nullptr; }

/// Merges a base, which may be damaged, at every level. What an engine says otherwise than the plain one, if the base is JSON.
std::string try_base(std::string_view base, const std::vector<step>& steps) {
  const bool comparable = is_json(base);
  const std::string wanted = comparable ? lake_test::outcome(lake::merge::reference_apply(base, steps)) : std::string();
  std::string broken;
  for (const auto level : lake_test::simd_levels()) {
    const std::string said = lake_test::outcome(lake_test::span_merge(base, steps, {}, level));
    if (comparable) broken += lake_test::difference(lake_test::engine_name(level, false), said, wanted);
  }
  return broken;
}

/// Merges one step, whose body may be damaged, into a sound base at every level, trusting the body and not.
std::string try_step(std::string_view base, const step& one) {
  const std::vector<step> steps = {one};
  const bool sound = is_json(one.body);
  const std::string wanted = lake_test::outcome(lake::merge::reference_apply(base, steps));
  std::string broken;
  for (const bool trusting : {false, true}) {
    const options with{.trust_bodies = trusting};
    for (const auto level : lake_test::simd_levels()) {
      const std::string said = lake_test::outcome(lake_test::span_merge(base, steps, with, level));
      if (!trusting || sound) broken += lake_test::difference(lake_test::engine_name(level, trusting), said, wanted);
    }
  }
  return broken;
}

/// Calls `use` with each text that lacks some bytes at its end, and with each that has one bit wrong.
template <class Use>
void each_damaged(const std::string& whole, Use use) {
  for (std::size_t size = 0; size < whole.size(); ++size) use(std::string_view(whole).substr(0, size), "the first " + std::to_string(size) + " bytes");
  std::string flipped = whole;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      flipped[at] = static_cast<char>(static_cast<unsigned char>(whole[at]) ^ (1u << bit));
      use(flipped, "bit " + std::to_string(bit) + " of byte " + std::to_string(at));
    }
    flipped[at] = whole[at];
  }
}

}  // namespace

TEST_CASE("a truncated or flipped base gives an error or a result, and is never read beyond its ends") {
  guarded room(4096);
  for (const std::string& whole : {std::string(small_base), long_base}) {
    REQUIRE(is_json(whole));
    for (const std::vector<step>& steps : merges()) {
      REQUIRE(lake::merge::reference_apply(whole, steps).has_value());
      each_damaged(whole, [&](std::string_view base, const std::string& how) {
        const std::string broken = try_base(room.at_end(base), steps);
        if (!broken.empty()) FAIL_CHECK(how << " of " << whole << "\n" << broken);
      });
      for (std::size_t size = 0; size <= whole.size(); ++size) {
        const std::string broken = try_base(room.at_start(whole.substr(0, size)), steps);
        if (!broken.empty()) FAIL_CHECK("the first " << size << " bytes of " << whole << "\n" << broken);
      }
    }
  }
}

TEST_CASE("a truncated or flipped body gives an error or a result, and the engines agree unless it is trusted wrongly") {
  const std::string base = R"({"a":{"b":[{"k":0},2],"c":1},"l":[ ]})";
  guarded room(4096);
  guarded path_room(64);
  const std::string filling = lake_test::repeat(66, 'x');
  const std::vector<step> wholes = {
      {merge_type::replace, "/a/c", R"({"x":[1,"\u00e9\\"],"y":-0.5E+10} )"},
      {merge_type::rfc7396, "/a", R"({"b":null,"c":{"d":{"\u0065":[ {"n":null} ]}},"n":"\"","n":true})"},
      {merge_type::rfc7396, "/", "{\"a\":{\"" + filling + "\\\\\":{\"\\\"" + filling + "\":[ \"" + filling + "\" , { } ]}},\"l\":{\"x\":null}}"},
      {merge_type::rfc6902, "/a", R"([{"op":"add","path":"/b/-","value":{"x":1}},{"op":"test","path":"/b/1","value":2.0},{"op":"move","from":"/b/0","path":"/m~0~1"},{"op":"add","path":"/m~0~1/k","value":[ ]},
                                      {"op":"copy","from":"/c","path":"/b/0"},{"op":"remove","path":"/b/1"},{"\u006fp":"replace","path":"/c","value":"\ud83d\ude00"}])"},
      {merge_type::rfc6902, "/", R"([{"op":"add","path":"/q/r/s","value":[]}])"},
  };
  for (const step& whole : wholes) {
    const std::string body(whole.body.view());
    REQUIRE(lake::merge::reference_apply(base, std::vector<step>{whole}).has_value());
    const std::string_view path = path_room.at_end(whole.path);
    each_damaged(body, [&](std::string_view damaged, const std::string& how) {
      const std::string broken = try_step(base, {whole.type, path, room.at_end(damaged)});
      if (!broken.empty()) FAIL_CHECK(how << " of " << body << "\n" << broken);
    });
    for (std::size_t size = 0; size <= body.size(); ++size) {
      const std::string broken = try_step(base, {whole.type, path, room.at_start(body.substr(0, size))});
      if (!broken.empty()) FAIL_CHECK("the first " << size << " bytes of " << body << "\n" << broken);
    }
  }
}

TEST_CASE("texts of nothing but brackets, quotes, backslashes or commas are refused or kept, wherever they end") {
  guarded room(4096);
  const std::string base = R"({"a":[1]})";
  for (const std::string_view unit : {"{", "}", "[", "]", "\"", "\\", ",", ":", "{\"a\":", "[[", "\"\\\"", "\"\"", "{}", "{\"\":", " ", "-", "1", "t", "{\"a\":{},", "\\u", "\"\\u00", "\xC3", "\xFF"}) {
    for (const std::string_view begin : {"", "{", "[", "{\"a\":", "{\"a\":\"", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":"}) {
      std::string whole(begin);
      while (whole.size() < 134) {
        whole += unit;
        const std::string_view input = room.at_end(whole);
        std::string broken = try_base(input, merges()[1]) + try_base(input, merges()[2]);
        broken += try_step(base, {whole.size() % 2 == 0 ? merge_type::rfc7396 : merge_type::rfc6902, "/a/b", input});
        if (!broken.empty()) FAIL_CHECK(whole << "\n" << broken);
      }
    }
  }
}

TEST_CASE("looking into a truncated or flipped document gives an error or a result") {
  guarded room(4096);
  for (const std::string& whole : {std::string(small_base), long_base}) {
    std::size_t found = 0;
    each_damaged(whole, [&](std::string_view damaged, const std::string&) {
      const std::string_view document = room.at_end(damaged);
      for (const std::string_view pointer : {"/a/b/1/c", "/l/0/k", "/z", "/a/dup/x", "/none"}) found += lake::merge::find(document, pointer) ? 1u : 0u;
      found += lake::merge::members(document) ? 1u : 0u;
      found += lake::merge::validate(document) && !is_json(document) ? 1'000'000u : 0u;
      found += lake::merge::effective_write(merge_type::rfc7396, document) ? 1u : 0u;
      found += lake::merge::effective_write(merge_type::rfc6902, document) ? 1u : 0u;
    });
    CHECK(found > 1000);
    CHECK(found < 1'000'000);
  }
}
