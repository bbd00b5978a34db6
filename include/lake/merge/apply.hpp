// The merge engine's face: a base text and ordered steps in, the merged text out. Knows which engine does the work.
#ifndef LAKE_MERGE_APPLY_HPP
#define LAKE_MERGE_APPLY_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/reference.hpp>
#include <lake/merge/step.hpp>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {

/// Returns `base` (empty: `{}`) with `steps` applied in order. What no step touched comes back byte for byte, without the
/// white space around the document; merging in one go and through any intermediate result gives the same bytes.
/// Call it as `lake::merge::apply`: unqualified, `std::apply` may be found beside it.
/// Errors: merge_failed; the message begins "step N" (from 0), then the operation, its pointer and the reason, or "base".
/// Complexity: linear in base, steps and result, times the logarithm of the width of touched objects. Threads: any.
[[nodiscard]] inline result<std::string> apply(std::string_view base, std::span<const step> steps, const options& with = {}) {
  return reference_apply(base, steps, with);
}
[[nodiscard]] inline result<std::string> apply(std::string_view base, std::initializer_list<step> steps, const options& with = {}) {
  return reference_apply(base, std::span<const step>(steps.begin(), steps.size()), with);
}

/// As `apply`, but a step that cannot be applied is void and reported in `skipped`. Nothing of it remains, not even parents
/// that it created. Deterministic. Errors: merge_failed (the base is no JSON; the result is too large).
[[nodiscard]] inline result<std::string> apply_skipping(std::string_view base, std::span<const step> steps, const options& with,
                                                        std::vector<failure>& skipped) {
  return reference_apply_skipping(base, steps, with, skipped);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_APPLY_HPP
