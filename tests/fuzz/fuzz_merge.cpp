// A fuzzer of merging. Its input is either what random histories are drawn from (any bytes), or a history in words:
//   text[s][d][b]     s: strict RFC 6902; d: a low limit of depth; b: a low limit of bytes
//   {"a":1}           the base
//   2 /path           a step: 1 Replace, 2 RFC 7396, 3 RFC 6902, t touch
//   {"b":2}           its body; then the next step
// Where the base is JSON, the engines must agree on bytes and messages, and keep the laws; where it is not, nothing may crash.
#include "support/exact.hpp"
#include "support/merge_laws.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using lake_test::exact;
using lake_test::history;

/// A copy of the whole into itself doubles it: a fuzzer finds that at once, and it is no fault. So no limit of bytes is higher.
constexpr std::size_t highest_limit = 65'536;

std::string_view next_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size() == rest.size() ? line.size() : line.size() + 1);
  return line;
}

/// A history in words. Its texts are in `room`.
history read_words(std::string_view input, std::vector<exact>& room) {
  history out;
  const std::string_view settings = next_line(input).substr(4);
  out.with.strict_rfc6902 = settings.find('s') != std::string_view::npos;
  if (settings.find('d') != std::string_view::npos) out.with.max_depth = 4;
  out.with.max_bytes = settings.find('b') != std::string_view::npos ? 200 : highest_limit;
  out.base = next_line(input);
  while (!input.empty()) {
    const std::string_view head = next_line(input);
    room.emplace_back(head.substr(head.size() < 2 ? head.size() : 2));
    const std::string_view path = room.back().view();
    room.emplace_back(next_line(input));
    const auto type = static_cast<lake::merge_type>(head.empty() || head[0] == 't' ? 1 : head[0] - '0');
    out.steps.push_back({type, path, room.back().view(), !head.empty() && head[0] == 't'});
  }
  return out;
}

/// Runs the span engine on a base that may be anything, with bodies that may be anything.
void merge_unchecked(const history& of, lake_test::simd level) {
  const exact base(of.base);
  for (const bool trusting : {false, true}) {
    lake::merge::options with = of.with;
    with.trust_bodies = trusting;
    static_cast<void>(lake_test::span_merge(base.view(), of.steps, with, level));  // error or result
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<exact> room;
  const history one = input.starts_with("text") ? read_words(input, room) : lake_test::history_writer(lake_test::spelled_numbers(input), highest_limit).write();
  // One level for each input: the fuzzer varies inputs, and so levels.
  const std::vector<lake_test::simd>& levels = lake_test::simd_levels();
  const auto level = std::span(levels).subspan(size % levels.size(), 1);
  merge_unchecked(one, level.front());
  const std::string_view base = lake::merge::trim(one.base);
  if (!base.empty() && lake::merge::detail::check_grammar(base, one.with.max_depth).reason != nullptr) return 0;
  const std::string broken = lake_test::broken_laws(one, size / levels.size(), level);
  if (broken.empty()) return 0;
  std::fprintf(stderr, "%s\n%s\n", one.to_string().c_str(), broken.c_str());
  std::abort();
}
