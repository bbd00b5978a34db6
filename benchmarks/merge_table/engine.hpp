// The engine under test, and its parts, at each level of vector instructions that this machine has.
#ifndef BENCHMARKS_MERGE_TABLE_ENGINE_HPP
#define BENCHMARKS_MERGE_TABLE_ENGINE_HPP

#include "inputs.hpp"

#include <lake/merge/apply.hpp>
#include <lake/merge/simd.hpp>
#include <lake/merge/skip.hpp>
#include <lake/merge/span_apply.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace merge_table {

using level = lake::merge::detail::simd;

/// As a read merges: bodies were checked when they were written.
inline constexpr lake::merge::options as_a_read{.trust_bodies = true};

[[nodiscard]] inline std::string merge(const task& given) { return lake::merge::apply(given.base, given.steps, as_a_read).value(); }
[[nodiscard]] inline std::string merge_checked(const task& given) { return lake::merge::apply(given.base, given.steps).value(); }

[[nodiscard]] inline std::string merge_at(level with, const task& given) {
  return lake::merge::detail::span_apply(given.base, given.steps, as_a_read, with).value();
}

/// One past the value that begins at 0.
[[nodiscard]] inline std::size_t skip(level with, std::string_view input) { return lake::merge::detail::skip_value(input, 0, with); }

/// Those with vector instructions that this machine has, the widest last.
[[nodiscard]] inline std::vector<level> levels() {
  std::vector<level> all;
  for (const level each : {level::sse2, level::avx2, level::avx512}) {
    if (each <= lake::merge::detail::widest_simd()) all.push_back(each);
  }
  if (all.empty()) all.push_back(level::portable);
  return all;
}

}  // namespace merge_table

#endif  // BENCHMARKS_MERGE_TABLE_ENGINE_HPP
