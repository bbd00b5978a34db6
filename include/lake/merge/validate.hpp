// Is a text JSON? Strictly (what a write accepts), or by its grammar alone (what a read trusts). One pass without recursion, by
// vector instructions where the machine has them; what they do not pass is read again, byte after byte, and the fault named.
// Knows no delta. Format: RFC 8259, and what design and specification add: no lone surrogate escape, no number beyond a double.
#ifndef LAKE_MERGE_VALIDATE_HPP
#define LAKE_MERGE_VALIDATE_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/simd.hpp>
#include <lake/merge/step.hpp>
#include <lake/merge/validate_keys.hpp>
#include <lake/merge/validate_plain.hpp>
#include <lake/merge/validate_wide.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {
namespace detail {

/// Strict check, as for a write.
[[nodiscard]] inline findings check_strictly(std::string_view input, std::size_t max_depth, simd level = quickest_check()) {
  findings found;
  if (passes_wide<strictness::strict>(input, max_depth, level, found.height)) return found;
  return checker<true>(input, max_depth).run();
}

/// Check of the grammar alone: what other writers stored may hold bytes in strings, surrogates and numbers that a write refuses.
[[nodiscard]] inline findings check_grammar(std::string_view input, std::size_t max_depth, simd level = quickest_check()) {
  findings found;
  if (passes_wide<strictness::grammar>(input, max_depth, level, found.height)) return found;
  return checker<false>(input, max_depth).run();
}

/// Strict check that refuses two keys of one object which mean the same, too.
[[nodiscard]] inline findings check_unique(std::string_view input, std::size_t max_depth, simd level = quickest_check()) {
  findings found;
  if (passes_wide<strictness::unique>(input, max_depth, level, found.height)) return found;
  found = checker<true>(input, max_depth).run();
  if (found.reason != nullptr || plain_keys(input).differ()) return found;
  const std::size_t offset = duplicate_key_offset(input);
  if (offset == npos) return found;
  return {"the object has this key already", offset, found.height};
}

[[nodiscard]] inline lake::error invalid_body(std::size_t offset, std::string_view reason) {
  return {errc::invalid_body, "validate", {}, "byte " + std::to_string(offset) + ": " + std::string(reason)};
}

[[nodiscard]] inline lake::error to_error(const findings& found, std::size_t max_depth) {
  std::string reason = found.reason;
  if (reason == "too many open containers") reason += ", the limit is " + std::to_string(max_depth);
  return invalid_body(found.offset, reason);
}

}  // namespace detail

/// Success if `input` is one strict JSON value: RFC 8259, UTF-8, no byte order mark, no lone surrogate escape, no number
/// that rounds to infinity, at most `max_depth` open containers. White space around it is accepted.
/// Duplicate keys are accepted unless `refuse_duplicate_keys`; then they are compared unescaped.
/// Errors: invalid_body names the byte's offset and the reason.
/// Complexity: one pass, a second one over a text that is refused; no recursion; no allocation up to 64 levels. With
/// `refuse_duplicate_keys` a text with equal keys, or with keys that were chosen to look so, is passed over thrice and its keys sorted.
[[nodiscard]] inline result<void> validate(std::string_view input, const options& with = {}) {
  const detail::findings found =
      with.refuse_duplicate_keys ? detail::check_unique(input, with.max_depth) : detail::check_strictly(input, with.max_depth);
  if (found.reason != nullptr) return detail::to_error(found, with.max_depth);
  return {};
}

/// Returns `body` without the white space around it if it is strict JSON (as `validate`) and no deeper than `max_depth`
/// less `outer_depth`, the containers that will be around it: the segments of its path.
/// Errors: invalid_body names the byte's offset (in `body` as given) and the reason. Lifetime: a view of `body`.
[[nodiscard]] inline result<std::string_view> validated(std::string_view body, const options& with = {}, std::size_t outer_depth = 0) {
  if (outer_depth > with.max_depth) {
    return detail::invalid_body(
        0, "the path alone has " + std::to_string(outer_depth) + " segments, the limit of the depth is " + std::to_string(with.max_depth));
  }
  options inner = with;
  inner.max_depth -= outer_depth;
  if (result<void> checked = validate(body, inner); !checked) return std::move(checked).error();
  return trim(body);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_VALIDATE_HPP
