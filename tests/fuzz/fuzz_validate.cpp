// A fuzzer of reading: its input is a text. The validator must agree with nlohmann's parser and with itself at every level, values must
// be read as nlohmann reads them, what a pointer finds must be there, and nothing may crash, whatever the text is.
#include "support/exact.hpp"
#include "support/merge_engines.hpp"
#include "support/merge_histories.hpp"

#include <lake/merge.hpp>
#include <lake/merge/document.hpp>
#include <lake/merge/skip.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lake_test::exact;
using nlohmann::json;
using nlohmann::ordered_json;

[[noreturn]] void fail(const char* what, std::string_view input) {
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(input.size()), input.data());
  std::abort();
}

/// nlohmann takes a byte order mark, ends at a zero byte, and has no limit of depth.
bool comparable(std::string_view input) { return !input.starts_with("\xEF\xBB\xBF") && input.find('\0') == std::string_view::npos; }

/// What a check found, with its level where it has one, as text.
template <class Check>
std::string story(std::string_view input, Check check, lake::merge::detail::simd level) {
  const auto found = [&] {
    if constexpr (requires { check(input, std::size_t{100}, level); }) return check(input, std::size_t{100}, level);
    else return check(input, std::size_t{100});
  }();
  return found.reason == nullptr ? "good, height " + std::to_string(found.height) : std::to_string(found.offset) + " " + found.reason;
}

/// The validator says the same at every level, and what is strictly JSON is JSON by its grammar too.
void check_levels(std::string_view input) {
  using namespace lake::merge::detail;
  const auto strictly = [](std::string_view of, auto... more) -> decltype(check_strictly(of, more...)) { return check_strictly(of, more...); };
  const auto by_grammar = [](std::string_view of, auto... more) -> decltype(check_grammar(of, more...)) { return check_grammar(of, more...); };
  const std::string strict = story(input, strictly, simd::portable);
  const std::string lax = story(input, by_grammar, simd::portable);
  if (strict.starts_with("good") && strict != lax) fail("strict JSON, but not by its grammar", input);
  const std::size_t end = lake::merge::detail::skip_value(input, 0, simd::portable);
  if (strict.starts_with("good") && !input.empty() && !lake::merge::is_space(input.front()) && end != value_end(input, 0)) fail("the skipper ends elsewhere", input);
  for (const auto level : lake_test::simd_levels()) {
    if (story(input, strictly, level) != strict || story(input, by_grammar, level) != lax) fail("the levels of the validator disagree", input);
    if (skip_value(input, 0, level) != end) fail("the levels of the skipper disagree", input);
  }
}

/// True if two members of an object have one name, in `value` or in anything in it.
bool has_duplicates(std::string_view value) {
  std::map<std::string, int> names;
  bool found = false;
  std::string room;
  if (!value.starts_with('{') && !value.starts_with('[')) return false;
  for (lake::merge::detail::cursor walk(value); walk.next();) {
    if (value.starts_with('{')) found = ++names[std::string(lake::merge::detail::meaning(walk.key, room))] > 1 || found;
    found = has_duplicates(walk.value) || found;
  }
  return found;
}

void check_values(std::string_view input) {
  const bool valid = lake::merge::validate(input, {.max_depth = 100}).has_value();
  const json theirs = json::parse(input, nullptr, false);
  const auto ours = lake::merge::to_json(input);
  if (ours.has_value() == theirs.is_discarded()) fail("to_json takes what nlohmann refuses, or the other way round", input);
  // Compared as text too: equal numbers of different types have different texts.
  if (ours && (*ours != theirs || ours->dump(-1, ' ', true) != theirs.dump(-1, ' ', true))) fail("to_json gives another value", input);
  if (ours && lake::merge::to_json<ordered_json>(input).value().dump(-1, ' ', true) != ordered_json::parse(input).dump(-1, ' ', true)) fail("to_json gives another order", input);
  const bool deep = lake::merge::detail::check_grammar(input, 100).reason != nullptr && lake::merge::detail::check_grammar(input, 1'000'000).reason == nullptr;
  if (comparable(input) && !deep && valid == theirs.is_discarded()) fail("validate takes what nlohmann refuses, or the other way round", input);
  if (!valid) return;
  const bool refused = !lake::merge::validate(input, {.refuse_duplicate_keys = true, .max_depth = 100});
  if (refused != has_duplicates(lake::merge::trim(input))) fail("duplicates are seen where there are none, or the other way round", input);
}

/// Each value is found at its pointer; of duplicates the last.
void check_finds(std::string_view input) {
  static_cast<void>(lake::merge::members(input));                                               // error or result
  for (const char* pointer : {"/a", "/0/a/1", "//", "/a~1b/~0"}) static_cast<void>(lake::merge::find(input, pointer));  // the same
  for (const auto type : {lake::merge_type::rfc7396, lake::merge_type::rfc6902}) static_cast<void>(lake::merge::effective_write(type, input));
  static_cast<void>(lake::merge::validate_patch(input));
  if (lake::merge::detail::check_grammar(input, 100).reason != nullptr) return;
  std::vector<lake_test::spot> spots;
  lake_test::find_spots(lake::merge::trim(input), spots);
  std::map<std::string, std::string_view> last;
  for (const lake_test::spot& one : spots) {
    // What is below a value goes with it when a later one of its name comes.
    for (auto below = last.lower_bound(one.pointer + "/"); below != last.end() && below->first.starts_with(one.pointer + "/");) below = last.erase(below);
    last[one.pointer] = one.text;
  }
  if (spots.size() > 100) return;
  for (const auto& [pointer, value] : last) {
    const auto found = lake::merge::find(input, pointer);
    if (pointer != "/" && (!found || found->data() != value.data() || found->size() != value.size())) fail("another value is found", pointer);
  }
}

/// The text as a body and as a base of merges that do not look into it.
void check_merges(std::string_view input) {
  const bool sound = lake::merge::detail::check_grammar(input, 100).reason == nullptr;
  const std::string inner(lake::merge::trim(input));
  const std::vector<lake::merge::step> put = {{lake::merge_type::replace, "/a", input}};
  for (const auto level : lake_test::simd_levels()) {
    const auto as_base = lake_test::span_merge(input, {}, {.max_depth = 101}, level);
    const auto as_body = lake_test::span_merge("{}", put, {.max_depth = 101}, level);
    if (sound && (as_base != inner || as_body != "{\"a\":" + inner + "}")) fail("a merge changes the text", input);
    if (!sound && as_body && lake::merge::detail::check_grammar(input, 1'000'000).reason != nullptr) fail("a body that is no JSON is merged", input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const exact room(std::string_view(reinterpret_cast<const char*>(data), size));
  check_levels(room.view());
  check_values(room.view());
  check_finds(room.view());
  check_merges(room.view());
  return 0;
}
