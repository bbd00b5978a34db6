// Pruning against its definition, against merges of the whole list, and against the lists where simpler rules go wrong.
#include "support/catch.hpp"

#include <lake/merge.hpp>
#include <lake/merge/prune.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake::merge_type;
using lake::merge::effect;
using lake::merge::prune;
using lake::merge::pruned;
using lake::merge::step;

namespace {

constexpr merge_type replace = merge_type::replace;
constexpr merge_type rfc7396 = merge_type::rfc7396;
constexpr merge_type rfc6902 = merge_type::rfc6902;

struct named {
  merge_type type;
  std::string path;
};

pruned prune_of(std::span<const named> list) {
  return prune(list.size(), [&](std::size_t i) { return effect{list[i].type, list[i].path}; });
}

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> all;
  for (const std::string_view one : lake::path_segments(path)) all.emplace_back(one);
  return all;
}

/// Equal or ancestor, by whole segments.
bool covers(std::string_view above, std::string_view below) {
  const auto a = segments_of(above);
  const auto b = segments_of(below);
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

/// True if the Replace `j` hides delta `i` of the list, by the words of rule P.
bool hides(std::span<const named> list, const std::vector<bool>& dead, std::size_t i, std::size_t j) {
  if (j <= i || list[j].type != replace || !covers(list[j].path, list[i].path)) return false;
  for (std::size_t k = i + 1; k < j; ++k) {
    const bool strictly_above = list[k].path != list[j].path && covers(list[k].path, list[j].path);
    if (list[k].type == rfc6902 && !dead[k] && strictly_above) return false;
  }
  return true;
}

std::vector<bool> dead_by_definition(std::span<const named> list) {
  std::vector<bool> dead(list.size(), false);
  for (std::size_t i = list.size(); i-- > 0;) {
    for (std::size_t j = i + 1; j < list.size() && !dead[i]; ++j) dead[i] = hides(list, dead, i, j);
  }
  return dead;
}

/// What a pruned list says that its definition does not; empty if they agree.
std::string disagreement(std::span<const named> list) {
  const std::vector<bool> dead = dead_by_definition(list);
  const pruned got = prune_of(list);
  const auto at = [](std::size_t i) { return "delta " + std::to_string(i) + ": "; };
  if (got.first >= list.size() && !list.empty()) return "first";
  if (!got.base && (list[got.first].type != replace || list[got.first].path != "/" || dead[got.first]))
    return at(got.first) + "no live Replace of all";
  if (got.base && got.first != 0) return "deltas dropped without a Replace of all";
  std::vector<std::string> touched;  // Since the last live delta.
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i < got.first) {
      if (!dead[i]) return at(i) + "dropped, and live";
      continue;
    }
    const std::uint32_t fate = got.fate(i);
    if ((fate == pruned::live) == dead[i]) return at(i) + (dead[i] ? "is dead" : "is live");
    if (fate == pruned::live) {
      touched.clear();
    } else if (fate == pruned::gone) {
      const auto done = [&](std::size_t j) {
        return j > i && !dead[j] && hides(list, dead, i, j) && std::find(touched.begin(), touched.end(), list[j].path) != touched.end();
      };
      bool any = false;
      for (std::size_t j = i + 1; j < list.size(); ++j) any = any || done(j);
      if (!any) return at(i) + "is gone without a touch";
    } else {
      if (fate >= list.size() || dead[fate] || !hides(list, dead, i, fate)) return at(i) + "hidden by " + std::to_string(fate);
      touched.push_back(list[fate].path);
    }
  }
  if (!got.base && std::any_of(got.fates.begin(), got.fates.end(), [](std::uint32_t fate) { return fate == 0; }))
    return "a touch of the root";
  return {};
}

std::string told(std::span<const named> list) {
  std::string out;
  for (const named& one : list) out += std::to_string(static_cast<unsigned>(one.type)) + ' ' + one.path + '\n';
  return out;
}

/// The steps that are left of a list.
std::vector<step> left_of(std::span<const step> steps, const pruned& plan) {
  std::vector<step> out;
  for (std::size_t i = plan.first; i < steps.size(); ++i) {
    const std::uint32_t fate = plan.fate(i);
    if (fate == pruned::live) out.push_back(steps[i]);
    else if (fate != pruned::gone) out.push_back({replace, steps[fate].path.view(), "", true});
  }
  return out;
}

pruned prune_of(std::span<const step> steps) {
  return prune(steps.size(), [&](std::size_t i) { return effect{steps[i].type, steps[i].path}; });
}

/// The merge of what is left; the base is given up where the plan does not want it.
lake::result<std::string> merged_pruned(std::string_view base, std::span<const step> steps) {
  const pruned plan = prune_of(steps);
  return lake::merge::apply(plan.base ? base : std::string_view(), left_of(steps, plan));
}

std::size_t count_dead(std::span<const step> steps) {
  const pruned plan = prune_of(steps);
  std::size_t dead = plan.first;
  for (std::size_t i = plan.first; i < steps.size(); ++i) dead += plan.fate(i) == pruned::live ? 0 : 1;
  return dead;
}

std::string random_path(std::mt19937_64& chance, std::size_t deepest) {
  // Names that begin with each other: whole segments count.
  static const char* const names[] = {"a", "b", "ab", "a.b", "aa", "a$", "averylongname_of_more_than_16", "averylongname_of_more_than_17"};
  std::string out;
  for (std::size_t left = chance() % (deepest + 1); left > 0; --left)
    out += std::string("/") + names[chance() % (chance() % 3 == 0 ? std::size(names) : 2)];
  return out.empty() ? "/" : out;
}

}  // namespace

TEST_CASE("what is dead is dead by the definition, on random lists") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 chance(seed);
  std::size_t dead = 0;
  std::size_t barred = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t deepest = 1 + chance() % 5;
    const std::size_t roots = chance() % 4 == 0 ? 4 : 40;
    std::vector<named> list(chance() % 14);
    for (named& one : list) {
      const std::size_t what = chance() % 6;
      one = {what < 3 ? replace : what < 4 ? rfc7396 : rfc6902, random_path(chance, deepest)};
      if (one.path == "/" && one.type == replace && chance() % roots != 0) one.path = "/a";
    }
    const std::string wrong = disagreement(list);
    const auto by_definition = dead_by_definition(list);
    dead += static_cast<std::size_t>(std::count(by_definition.begin(), by_definition.end(), true));
    for (named& one : list) one.type = one.type == rfc6902 ? rfc7396 : one.type;
    const auto unbarred = dead_by_definition(list);
    barred += static_cast<std::size_t>(unbarred != by_definition);
    if (wrong.empty()) continue;
    CAPTURE(round, told(list));
    CHECK(wrong == "");
  }
  CHECK(dead > 10'000);
  CHECK(barred > 1'000);
}

TEST_CASE("lists that a trie is easily wrong about") {
  const auto check = [](std::vector<named> list) {
    CAPTURE(told(list));
    CHECK(disagreement(list) == "");
  };
  check({});
  check({{replace, "/"}});
  check({{replace, "/a"}});
  check({{replace, "/a/b/c"}, {replace, "/a/b"}});    // Within an edge, above.
  check({{replace, "/a/b"}, {replace, "/a/b/c"}});    // Below: both live.
  check({{rfc7396, "/a/b/d"}, {replace, "/a/b/c"}});  // An edge that parts.
  check(
      {{replace, "/a/b/d/x"}, {rfc7396, "/a/b/d"}, {replace, "/a/b"}, {replace, "/a/b/c/d"}, {rfc6902, "/a/b/c/e"}, {replace, "/a/b/c/d"}});
  check({{replace, "/ab"}, {replace, "/a"}, {replace, "/ab"}, {replace, "/a/b"}, {rfc6902, "/a"}, {replace, "/a/b"}});
  check({{replace, "/x"}, {rfc6902, "/x"}, {replace, "/x"}});  // A patch at the path itself is no barrier: it is dead.
  check({{replace, "/x/y"}, {rfc6902, "/x"}, {replace, "/x/y"}});
  check({{replace, "/x/y"}, {rfc6902, "/x"}, {replace, "/x/y"}, {replace, "/x"}});  // A dead patch is no barrier.
  check({{rfc6902, "/"}, {replace, "/x"}, {rfc6902, "/"}, {replace, "/x"}, {replace, "/x"}});
  check({{rfc6902, "/a"},
         {replace, "/"},
         {replace, "/a"},
         {replace, "/a"},
         {replace, "/"},
         {replace, "/a"},
         {rfc7396, "/a"},
         {replace, "/a"}});
  check({{replace, "/"}, {rfc6902, "/"}, {replace, "/"}});  // Nothing is above the root.
  const std::string deep = [] {
    std::string out;
    while (out.size() < 4'094) out += "/a";
    return out;
  }();
  check({{rfc7396, deep},
         {replace, deep + "/b"},
         {rfc7396, deep + "/b/c"},
         {replace, deep.substr(0, 2'000)},
         {rfc6902, deep.substr(0, 1'000)},
         {replace, deep}});
}

TEST_CASE("a Replace of the whole document makes the base and all before it unnecessary") {
  const std::vector<named> list{{rfc6902, "/a"}, {replace, "/"}, {rfc7396, "/"}, {replace, "/"}, {replace, "/b"}, {rfc7396, "/b"}};
  const pruned plan = prune_of(list);
  CHECK(plan.first == 3);
  CHECK(!plan.base);
  CHECK(plan.fates.empty());
  const std::vector<named> again{{replace, "/"}, {replace, "/b"}, {replace, "/b"}};
  const pruned other = prune_of(again);
  CHECK(other.first == 0);
  CHECK(!other.base);
  CHECK(other.fates == std::vector<std::uint32_t>{pruned::live, 2, pruned::live});
}

TEST_CASE("touches of one path are repeated only after a live delta") {
  const std::vector<named> list{{replace, "/n"}, {replace, "/t"}, {replace, "/n"}, {replace, "/t/x"}, {rfc7396, "/other"},
                                {rfc6902, "/n"}, {rfc6902, "/t"}, {replace, "/n"}, {replace, "/t"}};
  const std::vector<std::uint32_t> wanted{7, 8, pruned::gone, pruned::gone, pruned::live, 7, 8, pruned::live, pruned::live};
  CHECK(prune_of(list).fates == wanted);
}

TEST_CASE("each of many paths keeps its own marks") {
  std::vector<named> list;
  constexpr std::size_t paths = 30'000;
  for (std::size_t i = 0; i < 2 * paths; ++i) {
    const std::size_t name = i % paths;
    list.push_back({replace, "/data/s" + std::to_string(name % 100) + "/r" + std::to_string(name)});
  }
  const pruned plan = prune_of(list);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < paths; ++i) wrong += plan.fate(i) == i + paths && plan.fate(i + paths) == pruned::live ? 0 : 1;
  CHECK(wrong == 0);
}

namespace {

struct example {
  std::string_view name;
  std::string_view base;
  std::vector<step> steps;
  std::string_view wanted;
  std::size_t dead;
};

}  // namespace

TEST_CASE("the lists that simpler rules get wrong") {
  // The numbers are those of section 8 of the merge engine's rules. C7 and C8 cannot be said: no field path holds `-` or an index, so such
  // places are reached through patches only, and a patch hides nothing.
  const std::vector<example> all{
      {"C1 copy",
       R"({"a":1})",
       {{replace, "/a", "2"}, {rfc6902, "/", R"([{"op":"copy","from":"/a","path":"/b"}])"}, {replace, "/a", "3"}},
       R"({"a":3,"b":2})",
       0},
      {"C2 test",
       R"({"a":1})",
       {{replace, "/a", "2"},
        {rfc6902, "/", R"([{"op":"test","path":"/a","value":2},{"op":"add","path":"/ok","value":true}])"},
        {replace, "/a", "3"}},
       R"({"a":3,"ok":true})",
       0},
      {"C3 move",
       R"({"a":1})",
       {{replace, "/a", "2"}, {rfc6902, "/", R"([{"op":"move","from":"/a","path":"/b"}])"}, {replace, "/a", "3"}},
       R"({"b":2,"a":3})",
       0},
      {"C4 type",
       R"({"a":[]})",
       {{replace, "/a", "{}"}, {rfc6902, "/", R"([{"op":"add","path":"/a/x","value":1}])"}, {replace, "/a", "5"}},
       R"({"a":5})",
       0},
      {"C5 order", "{}", {{replace, "/a/x", "1"}, {replace, "/b", "2"}, {replace, "/a/x", "3"}}, R"({"a":{"x":3},"b":2})", 1},
      {"C6 sibling",
       R"({"a":5})",
       {{replace, "/a/b", "1"}, {rfc6902, "/a/c", R"([{"op":"add","path":"/k","value":1}])"}, {replace, "/a/b", "2"}},
       R"({"a":{"b":2,"c":{"k":1}}})",
       1},
      {"C7 append",
       R"({"arr":[]})",
       {{rfc6902, "/arr", R"([{"op":"add","path":"/-","value":1}])"}, {rfc6902, "/arr", R"([{"op":"add","path":"/-","value":2}])"}},
       R"({"arr":[1,2]})",
       0},
      {"C8 index shift",
       R"({"arr":[1,2,3]})",
       {{rfc6902, "/", R"([{"op":"replace","path":"/arr/1","value":"X"}])"},
        {rfc6902, "/arr", R"([{"op":"remove","path":"/0"}])"},
        {rfc6902, "/", R"([{"op":"replace","path":"/arr/1","value":"Y"}])"}},
       R"({"arr":["X","Y"]})",
       0},
      {"C11 name prefix", "{}", {{replace, "/ab", "1"}, {replace, "/a", "2"}}, R"({"ab":1,"a":2})", 0},
      {"C12 wrong killer", "{}", {{replace, "/a", R"({"x":1})"}, {rfc7396, "/a", R"({"y":2})"}}, R"({"a":{"x":1,"y":2}})", 0},
      {"C13 joining patches",
       R"({"k":{"old":2}})",
       {{rfc7396, "/", R"({"k":null})"}, {rfc7396, "/", R"({"k":{"a":1}})"}},
       R"({"k":{"a":1}})",
       0},
      {"C14 sub-read",
       R"({"b":1})",
       {{replace, "/b", "7"}, {rfc6902, "/", R"([{"op":"copy","from":"/b","path":"/a"}])"}},
       R"({"b":7,"a":7})",
       0},
      {"a poisoned body is healed",
       "{}",
       {{replace, "/a", "not JSON"}, {rfc6902, "/a", R"([{"op":"test","path":"","value":0}])"}, {replace, "/b", "1"}, {replace, "/a", "2"}},
       R"({"a":2,"b":1})",
       2},
      {"a patch below is hidden",
       R"({"a":{"b":1}})",
       {{rfc6902, "/a/b", R"([{"op":"replace","path":"","value":2}])"},
        {rfc6902, "/a", R"([{"op":"remove","path":"/b"}])"},
        {replace, "/a", "3"}},
       R"({"a":3})",
       2},
      {"a merge patch removes what a touch made",
       "{}",
       {{replace, "/a/x", "1"}, {rfc7396, "/", R"({"a":null,"b":0})"}, {replace, "/a/x", "2"}},
       R"({"b":0,"a":{"x":2}})",
       1},
      {"the base is not looked at", "{ not JSON", {{rfc7396, "/a", "{}"}, {replace, "/", "[ 1 ]"}, {replace, "/b", "2"}}, R"({"b":2})", 1},
  };
  for (const example& one : all) {
    INFO(one.name);
    CHECK(count_dead(one.steps) == one.dead);
    CHECK(merged_pruned(one.base, one.steps).value() == one.wanted);
    const auto whole = lake::merge::apply(one.base, one.steps);
    if (whole) CHECK(*whole == one.wanted);
  }
  {
    INFO("C10, C15: another list, another answer");
    const std::vector<named> list{{replace, "/a"}, {replace, "/a"}};
    CHECK(prune_of(list).fate(0) == 1);
    CHECK(prune_of(std::span<const named>(list).first(1)).fate(0) == pruned::live);
  }
}

TEST_CASE("merging what is left gives the bytes of the whole, on random lists") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 chance(seed);
  const auto one_of = [&chance](std::span<const std::string_view> some) { return some[chance() % some.size()]; };
  constexpr std::string_view values[] = {"0",
                                         "1.0",
                                         "null",
                                         "{}",
                                         "{ }",
                                         "[]",
                                         R"({ "a":1 , "b" : {"a":2} })",
                                         R"({"b":{ "a":[1,2] ,"b":null}})",
                                         "[ 0, {\"a\":1} ]",
                                         R"({"a":{},"a":{"b":1}})"};
  constexpr std::string_view patches[] = {
      R"([{"op":"add","path":"/a","value":{ "b":7 }}])", R"([{"op":"copy","from":"/a","path":"/b"}])",
      R"([{"op":"move","from":"/b","path":"/a"}])",      R"([{"op":"remove","path":"/a"}])",
      R"([{"op":"add","path":"/a/b","value":1e2}])",     R"([{"op":"test","path":"/a","value":1},{"op":"add","path":"/b/a","value":[]}])",
      R"([{"op":"replace","path":"/b","value":0}])",     "[]"};
  std::size_t compared = 0;
  for (int round = 0; round < 8'000; ++round) {
    const std::string_view base = one_of(values);
    std::vector<step> steps;
    std::string now(base);
    for (std::size_t tries = 0; tries < 9; ++tries) {
      std::string path;
      for (std::size_t left = chance() % 4; left > 0; --left) path += chance() % 2 == 0 ? "/a" : "/b";
      const std::size_t what = chance() % 5;
      if (path.empty() && what < 3 && chance() % 4 != 0) path = "/a";
      const merge_type type = what < 3 ? replace : what == 3 ? rfc7396 : rfc6902;
      const std::string_view body = what < 3 ? one_of(values) : what == 3 ? values[3 + chance() % 2 * 3] : one_of(patches);
      const step made{type, path.empty() ? std::string("/") : std::move(path), body};
      auto next = lake::merge::apply(now, {made});
      if (!next) continue;
      now = *std::move(next);
      steps.push_back(made);
    }
    if (count_dead(steps) == 0) continue;
    ++compared;
    const auto out = merged_pruned(base, steps);
    if (out == now && lake::merge::apply(base, steps) == now) continue;
    CAPTURE(round, base);
    for (const step& each : steps) UNSCOPED_INFO(static_cast<int>(each.type) << " " << each.path.view() << " " << each.body.view());
    REQUIRE(out);
    CHECK(*out == now);
  }
  CHECK(compared > 2'000);
}

TEST_CASE("paths chosen to be slow are walked in time linear in their bytes") {
  using clock = std::chrono::steady_clock;
  // Each path has 2,000 segments, and the first deltas part the edges at as many places as there are deltas.
  const auto seconds = [](std::size_t segments) {
    std::vector<named> list;
    for (std::size_t i = 0; i < 400; ++i) {
      std::string path;
      for (std::size_t k = 0; k < segments; ++k) path += "/a";
      list.push_back({rfc7396, path});
    }
    for (std::size_t k = 1; k <= segments; ++k) {
      std::string path;
      for (std::size_t i = 0; i < k; ++i) path += "/a";
      list.push_back({k % 2 == 0 ? rfc6902 : replace, path + (k % 2 == 0 ? "" : "/b")});
    }
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const auto begin = clock::now();
      CHECK(prune_of(list).base);
      best = (std::min)(best, std::chrono::duration<double>(clock::now() - begin).count());
    }
    return best;
  };
  const double half = seconds(500);
  const double whole = seconds(1'000);
  INFO(half << " s, " << whole << " s");
  CHECK(whole < half * 12);  // Bytes grow fourfold and less; a cost per pair of segments would grow eightfold, per pair of paths more.
}
