// What a merge costs as it grows: linear in the base, the steps and the result, and in nothing else.
//
// Memory is counted, exactly. Work has no counter, so its growth is measured: a merge eight times as large may take at most 24 times the
// processor time of this thread. Linear work takes 8 times as much, up to twice that where it leaves a cache; quadratic work takes 64 times.
// No figure here is a time: both sides are best times of runs that alternate in one thread, time in which other threads run is not counted,
// and a growth that looks too large is measured again before it is believed.
#include "support/catch.hpp"
#include "support/merge_engines.hpp"
#include "support/repeat.hpp"

#include <lake/merge.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <malloc.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LAKE_TESTS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LAKE_TESTS_SANITIZED 1
#endif
#endif

using lake::merge_type;
using lake::merge::options;
using lake::merge::step;
using lake_test::simd;
using lake_test::span_merge;

namespace {

/// What this thread holds of operator new, and the most that it held since `peak_bytes` was set to it.
thread_local std::ptrdiff_t held_bytes = 0;
thread_local std::ptrdiff_t peak_bytes = 0;

}  // namespace

// A sanitizer has an operator new of its own, which finds more than a count would.
#if !defined(LAKE_TESTS_SANITIZED)
void* operator new(std::size_t size) {
  void* const got = std::malloc(size == 0 ? 1 : size);
  if (got == nullptr) throw std::bad_alloc();
  held_bytes += static_cast<std::ptrdiff_t>(::malloc_usable_size(got));
  peak_bytes = (std::max)(peak_bytes, held_bytes);
  return got;
}
void operator delete(void* given) noexcept {
  if (given != nullptr) held_bytes -= static_cast<std::ptrdiff_t>(::malloc_usable_size(given));
  std::free(given);
}
void operator delete(void* given, std::size_t) noexcept { ::operator delete(given); }
#endif

namespace {

/// A merge that is to be measured.
struct trial {
  std::string base = "{}";
  std::vector<step> steps = {};
  options with = {};
};

struct cost {
  double seconds;
  std::ptrdiff_t bytes;  ///< The most that was held at once, the result included. 0 where a sanitizer is in charge.
  bool merged;
  std::size_t result_bytes;
};

cost cost_of(const trial& of, simd level) {
  timespec begun{};
  timespec ended{};
  const std::ptrdiff_t before = peak_bytes = held_bytes;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
  const auto out = span_merge(of.base, of.steps, of.with, level);
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
  return {static_cast<double>(ended.tv_sec - begun.tv_sec) + static_cast<double>(ended.tv_nsec - begun.tv_nsec) * 1e-9, peak_bytes - before, out.has_value(),
          out ? out->size() : 0};
}
cost cost_of(const trial& of) { return cost_of(of, lake::merge::detail::widest_simd()); }

/// How many times the work of `small` the work of `large` is, if that is no more than `most`; else what is left of it after three attempts.
double times_the_work(const trial& large, const trial& small, double most, simd level = lake::merge::detail::widest_simd()) {
  // Freed memory stays at hand: else a large merge pays for fresh pages each time, and a small one does not.
  static const bool kept = ::mallopt(M_TRIM_THRESHOLD, 1 << 30) != 0 && ::mallopt(M_MMAP_THRESHOLD, 1 << 30) != 0;
  static_cast<void>(kept);  // where it cannot be had, the bounds are wide enough
  double ratio = 0;
  REQUIRE(cost_of(large, level).merged == cost_of(small, level).merged);
  for (int attempt = 0; attempt < 3; ++attempt) {
    double best_large = 1e9;
    double best_small = 1e9;
    for (int i = 0; i < 3; ++i) {
      best_small = (std::min)(best_small, cost_of(small, level).seconds);
      best_large = (std::min)(best_large, cost_of(large, level).seconds);
    }
    for (int i = 0; i < 4; ++i) best_small = (std::min)(best_small, cost_of(small, level).seconds);
    ratio = best_large / best_small;
    if (ratio <= most) break;
  }
  return ratio;
}

/// Checks that work and memory of what `make` makes are linear in its argument.
template <class Make>
void check_linear(Make make, std::size_t small, simd level = lake::merge::detail::widest_simd()) {
  const trial less = make(small);
  const trial more = make(small * 8);
  CHECK(times_the_work(more, less, 24, level) <= 24);
  // What a step names takes some hundred bytes, however short its text is, and memory is asked for in chunks that grow: so the factor. What
  // is not linear is beyond it soon.
  const cost used = cost_of(more, level);
  std::size_t given = more.base.size() + used.result_bytes;
  for (const step& one : more.steps) given += one.path.view().size() + one.body.view().size();
  CHECK(used.bytes <= static_cast<std::ptrdiff_t>(200 * given + 65'536));
}

std::string number(std::size_t n) { return std::to_string(n); }

/// `first`, then `count` times what `one` makes of 0, 1, ..., with commas, then `last`.
template <std::invocable<std::size_t> One>
std::string list(std::string_view first, std::size_t count, std::string_view last, One one) {
  std::string out(first);
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ',';
    out += one(i);
  }
  return out += last;
}
std::string list(std::string_view first, std::size_t count, std::string_view last, std::string_view one) {
  return list(first, count, last, [one](std::size_t) { return one; });
}

std::string adding(const std::string& path, const std::string& value) { return "{\"op\":\"add\",\"path\":\"" + path + "\",\"value\":" + value + "}"; }
std::string removing(const std::string& path) { return "{\"op\":\"remove\",\"path\":\"" + path + "\"}"; }
std::string moving(const std::string& from, const std::string& path) { return "{\"op\":\"move\",\"from\":\"" + from + "\",\"path\":\"" + path + "\"}"; }

trial patch(std::string base, std::string body, std::string path = "/") { return {std::move(base), {{merge_type::rfc6902, std::move(path), std::move(body)}}}; }

std::string wide_object(std::size_t members) {
  return list("{", members, "}", [](std::size_t i) { return "\"key" + number(i) + "\":{\"value\":" + number(i) + "}"; });
}
std::string nested(std::size_t depth) { return lake_test::repeat(depth, '[') + lake_test::repeat(depth, ']'); }

}  // namespace

TEST_CASE("a base that is passed over costs what its bytes cost, whatever they are", "[complexity]") {
  const auto with_value = [](const std::string& value) { return trial{"{\"skipped\":" + value + ",\"a\":1}", {{merge_type::replace, "/a", "2"}}}; };
  const auto of_units = [&with_value](std::string_view unit) {
    return [&with_value, unit](std::size_t n) {
      std::string value = "\"";
      for (std::size_t i = 0; i < n; ++i) value += unit;
      return with_value(value + "\"");
    };
  };
  for (const simd level : lake_test::simd_levels()) {
    INFO(lake::merge::detail::to_string(level));
    check_linear(of_units("xx"), 60'000, level);
    check_linear(of_units("\\\\"), 60'000, level);
    check_linear(of_units("\\\""), 60'000, level);
    check_linear([&](std::size_t n) { return with_value(list("[", n, "]", "{}")); }, 40'000, level);
    check_linear([&](std::size_t n) { return with_value(list("{", n, "}", "\"\":\"\\\"\"")); }, 15'000, level);
    check_linear([&](std::size_t n) { return with_value(list("[", n / 1000, "]", nested(500))); }, 120'000, level);
    check_linear([&](std::size_t n) { return with_value(lake_test::repeat(n, ' ') + "0"); }, 120'000, level);
  }
}

TEST_CASE("a string of backslashes or quotes costs hardly more than one of letters", "[complexity]") {
  const auto of_units = [](std::string_view unit) {
    std::string value = "{\"skipped\":[\"";
    for (std::size_t i = 0; i < 500'000; ++i) value += unit;
    return trial{value + "\"],\"a\":1}", {{merge_type::replace, "/a", "2"}}};
  };
  const trial letters = of_units("xx");
  for (const simd level : lake_test::simd_levels()) {
    INFO(lake::merge::detail::to_string(level));
    CHECK(times_the_work(of_units("\\\\"), letters, 6, level) <= 6);
    CHECK(times_the_work(of_units("\\\""), letters, 6, level) <= 6);
  }
}

TEST_CASE("an object whose names are searched for costs what its bytes cost, however often the search stops", "[complexity]") {
  const std::string large = ":{\"value\":\"" + lake_test::repeat(110, 'x') + "\"}";
  const auto beside = [&large](std::size_t n, const std::string& sibling) {
    return trial{list("{\"first\"" + large + ",", n, ",\"a5\":1}", "\"" + sibling + "\"" + large), {{merge_type::replace, "/a5", "2"}}};
  };
  // Each level has what makes a search give up behind its bracket, and the next level before it.
  const auto in_each_other = [&large](std::size_t n) {
    std::string base = "0";
    std::string path;
    for (std::size_t i = 0; i < n; ++i) {
      base = "{\"first\"" + large + ",\"a5\":" + base + ",\"\\u0062\"" + large + "}";
      path += "/a5";
    }
    return trial{std::move(base), {{merge_type::replace, std::move(path), "2"}}};
  };
  for (const simd level : lake_test::simd_levels()) {
    INFO(lake::merge::detail::to_string(level));
    check_linear([&](std::size_t n) { return beside(n, "k"); }, 2'000, level);
    check_linear([&](std::size_t n) { return beside(n, "aa5"); }, 2'000, level);
    check_linear([&](std::size_t n) { return beside(n, "a5"); }, 2'000, level);
    check_linear([&](std::size_t n) { return beside(n, "\\u0061"); }, 2'000, level);
    check_linear(in_each_other, 40, level);
    CHECK(times_the_work(beside(2'000, "aa5"), beside(2'000, "k"), 12, level) <= 12);
  }
}

TEST_CASE("three million empty objects beside a change cost no memory but the result", "[complexity]") {
  const trial many{list("{\"skipped\":[", 3'000'000, "],\"a\":1}", "{}"), {{merge_type::replace, "/a", "2"}}};
  const trial wide{wide_object(100'000), {{merge_type::replace, "/key77", "2"}}};
  for (const trial* one : {&many, &wide}) {
    const cost used = cost_of(*one);
    CHECK(used.merged);
    CHECK(used.bytes <= static_cast<std::ptrdiff_t>(one->base.size()) + 65'536);
  }
}

TEST_CASE("many steps in a wide object cost little more than one", "[complexity]") {
  trial one{wide_object(10'000), {{merge_type::replace, "/key5000/value", "0"}}};
  trial thousand = one;
  for (std::size_t i = 0; i < 1000; ++i) thousand.steps.push_back({merge_type::replace, "/key" + number(i * 10) + "/value", "1"});

  CHECK(times_the_work(thousand, one, 12) <= 12);
}

TEST_CASE("members times steps is no product: both may grow at once", "[complexity]") {
  check_linear(
      [](std::size_t n) {
        trial both{wide_object(n)};
        for (std::size_t i = 0; i < n / 2; ++i) both.steps.push_back({merge_type::replace, "/key" + number(i * 2) + "/new", "1"});
        return both;
      },
      500);
  check_linear(
      [](std::size_t n) {
        trial both{wide_object(n)};
        for (std::size_t i = 0; i < n / 2; ++i) both.steps.push_back({merge_type::rfc7396, "/", "{\"key" + number(i * 2) + "\":null,\"new" + number(i) + "\":{\"a\":1}}"});
        return both;
      },
      500);
  check_linear([](std::size_t n) { return trial{wide_object(n), {{merge_type::rfc7396, "/", list("{", n, "}", [](std::size_t i) { return "\"key" + number(i + i % 2) + "\":{\"value\":null,\"b\":2}"; })}}}; }, 500);
}

TEST_CASE("steps at one and the same place cost what they cost alone", "[complexity]") {
  check_linear(
      [](std::size_t n) {
        trial all;
        for (std::size_t i = 0; i < n; ++i) {
          all.steps.push_back({merge_type::replace, "/a/b/c", R"({"x":1})"});
          all.steps.push_back({merge_type::rfc7396, "/a/b", R"({"c":{"y":2},"d":null})"});
          all.steps.push_back({merge_type::rfc6902, "/a", R"([{"op":"add","path":"/b/c/z","value":3},{"op":"test","path":"/b/c/y","value":2}])"});
          all.steps.push_back({merge_type::replace, "/a/b/c", "", true});
        }
        return all;
      },
      300);
  check_linear(
      [](std::size_t n) {
        trial all{list("{", n, "}", [](std::size_t i) { return "\"a\":" + number(i); })};
        for (std::size_t i = 0; i < n; ++i) all.steps.push_back({merge_type::rfc7396, "/", i % 2 == 0 ? "{\"a\":null}" : "{\"a\":1}"});
        return all;
      },
      1500);
}

TEST_CASE("what kind of value a place had before, and how many names it had, costs nothing", "[complexity]") {
  // A place that is an object with ever new names, and in between an array.
  for (const std::string_view name : {"k", "1"}) {
    INFO(name);
    check_linear(
        [name](std::size_t n) {
          return patch("{}", list("[", n, "]", [name](std::size_t i) {
                         const std::string key = std::string(name) + number(i);
                         return adding("/a", "{\"" + key + "\":{}}") + "," + adding("/a/" + key + "/x", "1") + "," + adding("/a", "[]") + "," + adding("/a/-", "1");
                       }));
        },
        200);
  }
}

TEST_CASE("inserts and removals anywhere in a long array cost no more than appends", "[complexity]") {
  const std::string base = list("[", 100'000, "]", [](std::size_t i) { return number(i); });
  const trial append = patch(base, "[" + adding("/-", "1") + "]");
  CHECK(times_the_work(patch(base, list("[", 1000, "]", adding("/0", "1"))), append, 12) <= 12);
  CHECK(times_the_work(patch(base, list("[", 1000, "]", removing("/0"))), append, 12) <= 12);
  CHECK(times_the_work(patch(base, list("[", 1000, "]", [](std::size_t i) { return i % 2 == 0 ? adding("/" + number(i * 7919 % 99'000), "1") : removing("/" + number(i * 104'729 % 99'000)); })), append, 12) <= 12);
  check_linear(
      [](std::size_t n) {
        return patch(list("[", n, "]", "{\"x\":0}"), list("[", n, "]", [n](std::size_t i) { return moving("/0", "/" + number(i * 7919 % n)) + "," + adding("/" + number(i * 31 % n) + "/y", "1"); }));
      },
      250);  // all of both in a cache: searching a tree beyond it costs more than the logarithm
}

TEST_CASE("a large value that moves again and again is changed where it lies", "[complexity]") {
  std::string object = wide_object(20'000);
  const std::string base = "{\"a\":" + object + "}";
  const auto moved = [](std::size_t times) {
    return list("[", times, "]", [](std::size_t i) {
      const std::string from = i % 2 == 0 ? "/a" : "/b";
      const std::string to = i % 2 == 0 ? "/b" : "/a";
      return moving(from, to) + "," + adding(to + "/key" + number(i * 17) + "/new", "1");
    });
  };

  CHECK(times_the_work(patch(base, moved(1000)), patch(base, moved(1)), 25) <= 25);
}

TEST_CASE("a step on each level of a deep document costs no scan of its own", "[complexity]") {
  const std::size_t levels = 64;
  std::string base;
  std::string path;
  trial each;
  for (std::size_t i = 0; i < levels; ++i) {
    base += "{\"a\":";
    path += "/a";
    each.steps.push_back({merge_type::replace, path + "/new", "1"});
  }
  const std::string bottom = "{\"text\":[\"" + lake_test::repeat(1'000'000, 'x') + "\"]}";
  each.base = base + bottom + lake_test::repeat(levels, '}');
  const trial alone{bottom, {{merge_type::replace, "/new", "1"}}};

  CHECK(times_the_work(each, alone, 12) <= 12);
}

TEST_CASE("deep documents are merged up to the limit and refused beyond it, by every engine, without a crash", "[complexity]") {
  std::string path;
  for (int i = 0; i < 990; ++i) path += "/a";
  std::string pointer;
  for (int i = 0; i < 990; ++i) pointer += "/0";
  const options lifted{.max_depth = 100'000};
  std::string far;
  for (int i = 0; i < 9'999; ++i) far += "/0";
  const auto deep_object = [](std::size_t depth) {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out += "{\"a\":";
    return out + "1" + lake_test::repeat(depth, '}');
  };
  const auto agreed = [](const std::string& base, const std::vector<step>& steps, const options& with = {}) {
    const auto out = lake::merge::reference_apply(base, steps, with);
    CHECK(lake_test::disagreement(lake_test::outcome(out), base, steps, with) == "");
    return out.has_value();
  };
  CHECK(agreed("{}", {{merge_type::replace, path, "1"}, {merge_type::rfc7396, path, "{\"x\":{}}"}, {merge_type::replace, path + "/x/y", "2"}}));
  CHECK(agreed(nested(1000), {{merge_type::rfc6902, "/", "[" + adding(pointer + "/-", "1") + "," + moving(pointer + "/0", "/-") + "]"}}));
  CHECK_FALSE(agreed(nested(100'000), {{merge_type::replace, "/a", "1"}}));
  CHECK_FALSE(agreed("{\"deep\":" + nested(100'000) + "}", {{merge_type::replace, "/a", "1"}}));
  CHECK_FALSE(agreed("{}", {{merge_type::replace, "/a", nested(100'000)}}));
  CHECK_FALSE(agreed("{}", {{merge_type::rfc7396, "/a", deep_object(100'000)}}));
  CHECK_FALSE(agreed("{}", {{merge_type::rfc6902, "/", "[" + adding("/a", nested(100'000)) + "]"}}));
  CHECK_FALSE(agreed("{}", {{merge_type::rfc6902, "/", "[" + adding("/a" + far.substr(0, 4000), "1") + "]"}}));
  CHECK(agreed(nested(10'000), {{merge_type::rfc6902, "/", "[" + adding(far + "/-", "{}") + "," + moving(far + "/0", "/-") + "]"}}, lifted));
  CHECK(agreed("{}", {{merge_type::rfc7396, "/", deep_object(20'000)}, {merge_type::rfc7396, "/", deep_object(20'000)}, {merge_type::replace, "/b", deep_object(20'000)}}, lifted));
}

TEST_CASE("a pointer far beyond the limit of depth is refused at the cost of its bytes", "[complexity]") {
  check_linear(
      [](std::size_t n) {
        std::string pointer;
        for (std::size_t i = 0; i < n; ++i) pointer += "/a";
        return patch("{}", "[" + adding(pointer, "1") + "]");
      },
      2000);
  check_linear([](std::size_t n) { return trial{"{}", {{merge_type::replace, [n] {
                                                         std::string path;
                                                         for (std::size_t i = 0; i < n; ++i) path += "/a";
                                                         return path;
                                                       }(), "1"}}}; }, 2000);
}

TEST_CASE("copies that double stop at the limit, and take no more memory than it", "[complexity]") {
  const std::string body = "[" + adding("/a", "\"0123456789\"") + "," + list("", 60, "]", [](std::size_t i) { return "{\"op\":\"copy\",\"from\":\"\",\"path\":\"/c" + number(i) + "\"}"; });
  const trial bomb{"{}", {{merge_type::rfc6902, "/", body}}, {.max_bytes = 1'000'000}};

  const cost used = cost_of(bomb);

  CHECK_FALSE(used.merged);
  CHECK(used.bytes <= 12'000'000);
}

TEST_CASE("looking at a changed value again and again keeps no memory", "[complexity]") {
  const auto tested = [](std::size_t times) {
    return patch("{\"a\":" + lake_test::repeat(100'000, ' ') + "1}", "[" + adding("/b", "2") + "," + list("", times, "]", R"({"op":"test","path":"","value":{"a":1,"b":2}})"));
  };
  const cost once = cost_of(tested(1));
  const cost often = cost_of(tested(100));

  CHECK(often.merged);
  CHECK(often.bytes <= once.bytes + 200'000);
}
