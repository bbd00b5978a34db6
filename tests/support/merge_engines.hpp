// The merge engines side by side: the plain one, which is exact by being obvious, and the span engine on every level of vector
// instructions that this machine has. What they say is compared byte for byte, messages too. Knows no test framework.
#ifndef LAKE_TESTS_SUPPORT_MERGE_ENGINES_HPP
#define LAKE_TESTS_SUPPORT_MERGE_ENGINES_HPP

#include <lake/merge/apply.hpp>
#include <lake/merge/reference.hpp>
#include <lake/merge/simd.hpp>
#include <lake/merge/span_apply.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lake_test {

using lake::merge::options;
using lake::merge::step;
using lake::merge::detail::simd;

/// The levels of vector instructions that this machine has, narrowest first.
inline const std::vector<simd>& simd_levels() {
  static const std::vector<simd> levels = [] {
    std::vector<simd> all;
    for (const simd level : {simd::portable, simd::sse2, simd::avx2, simd::avx512}) {
      if (level <= lake::merge::detail::widest_simd()) all.push_back(level);
    }
    return all;
  }();
  return levels;
}

/// The span engine at one level.
inline lake::result<std::string> span_merge(std::string_view base, std::span<const step> steps, const options& with, simd level) {
  return lake::merge::detail::span_apply(base, steps, with, level);
}

/// What a merge came to, for comparison: the text behind "=", or the error's whole story behind "error: ".
inline std::string outcome(const lake::result<std::string>& of) { return of ? "=" + *of : "error: " + of.error().to_string(); }

/// Two outcomes around the first byte in which they differ; empty if they are equal.
inline std::string difference(std::string_view who, std::string_view said, std::string_view wanted) {
  if (said == wanted) return {};
  const auto at = static_cast<std::size_t>(std::mismatch(said.begin(), said.end(), wanted.begin(), wanted.end()).first - said.begin());
  const std::size_t from = at < 100 ? 0 : at - 100;
  return std::string(who) + " differs at byte " + std::to_string(at) + "\n  it says: " + std::string(said.substr(from, 300)) +
         "\n  wanted:  " + std::string(wanted.substr((std::min)(from, wanted.size()), 300)) + "\n";
}

/// The name of the span engine at a level, for messages.
inline std::string engine_name(simd level, bool trusting) {
  return "the span engine, " + std::string(lake::merge::detail::to_string(level)) + (trusting ? ", trusting" : "");
}

/// True if a body of the history is refused by its grammar or its depth: then trusting the bodies is no promise that was kept.
inline bool blames_a_body(std::string_view plain_outcome) { return plain_outcome.find("the body is no JSON: ") != std::string_view::npos; }

/// What the span engine says otherwise than `wanted`, the plain engine's outcome; empty if nothing: at the levels given, with
/// bodies that are checked and with bodies that are trusted, and through `apply`. The base must be well formed.
inline std::string disagreement(std::string_view wanted, std::string_view base, std::span<const step> steps, const options& with,
                                std::span<const simd> levels = simd_levels()) {
  std::string all;
  std::string last;
  const auto compare = [&](const std::string& who, const std::string& said) {
    if (said == wanted) return;
    // What several levels say alike is shown once.
    all += said == last ? who + " says the same\n" : difference(who, said, wanted);
    last = said;
  };
  for (const bool trusting : {false, true}) {
    options now = with;
    now.trust_bodies = trusting;
    for (const simd level : levels) {
      const std::string said = outcome(span_merge(base, steps, now, level));
      if (!trusting || !blames_a_body(wanted)) compare(engine_name(level, trusting), said);
    }
  }
  compare("apply", outcome(lake::merge::apply(base, steps, with)));
  return all;
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_MERGE_ENGINES_HPP
