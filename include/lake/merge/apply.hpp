// The merge engine's face: a base text and ordered steps in, the merged text out. Knows which engine does the work.
#ifndef LAKE_MERGE_APPLY_HPP
#define LAKE_MERGE_APPLY_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/reference.hpp>
#include <lake/merge/span_apply.hpp>
#include <lake/merge/step.hpp>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {

/// Returns `base` (empty: `{}`) with `steps` applied in order. What no step touched comes back byte for byte, without the
/// white space around the document; merging in one go and through any intermediate result gives the same bytes.
/// The base is trusted to be JSON: where it is not, a fault that the way to a change meets is an error, any other comes back as
/// it was. Bodies are checked by their grammar, unless `trust_bodies`. `validate` is the strict check of either.
/// Call it as `lake::merge::apply`: unqualified, `std::apply` may be found beside it.
/// Errors: merge_failed; the message begins "step N" (from 0), then the operation, its pointer and the reason, or "base".
/// Complexity: one pass over the base; linear in base, bodies and result; a change of an array also costs the logarithm of the
/// changes to it, and a `test` the text of the value it looks at. Allocates the result once, at its size. No recursion but over
/// the changes of one array, to their logarithm. Threads: any.
[[nodiscard]] inline result<std::string> apply(std::string_view base, std::span<const step> steps, const options& with = {}) {
  return detail::span_apply(base, steps, with);
}
[[nodiscard]] inline result<std::string> apply(std::string_view base, std::initializer_list<step> steps, const options& with = {}) {
  return detail::span_apply(base, std::span<const step>(steps.begin(), steps.size()), with);
}

/// As `apply`, but a step that cannot be applied is void and reported in `skipped`. Nothing of it remains, not even parents
/// that it created. Deterministic. Errors: merge_failed (the base is no JSON; the result is too large).
/// Complexity: as `apply` where nothing is skipped; else the plain engine, which can take steps back, does it all again.
[[nodiscard]] inline result<std::string> apply_skipping(std::string_view base, std::span<const step> steps, const options& with,
                                                        std::vector<failure>& skipped) {
  result<std::string> merged = detail::span_apply(base, steps, with);
  return merged ? merged : reference_apply_skipping(base, steps, with, skipped);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_APPLY_HPP
