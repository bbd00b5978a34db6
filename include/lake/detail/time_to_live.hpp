// How long a cache keeps an entry, by what its options say of the object's kind. Knows no cache. Not part of the API.
#ifndef LAKE_DETAIL_TIME_TO_LIVE_HPP
#define LAKE_DETAIL_TIME_TO_LIVE_HPP

#include <lake/config.hpp>
#include <lake/core/envelope.hpp>

#include <chrono>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// `Options` has `ttl` (for all, where set), `snapshot_ttl` and `delta_ttl`.
template <class Options>
[[nodiscard]] std::chrono::milliseconds time_to_live(const Options& options, object_kind kind) noexcept {
  return options.ttl ? *options.ttl : kind == object_kind::snapshot ? options.snapshot_ttl : options.delta_ttl;
}

/// Longer than a century counts as for ever, and no sum of times overflows.
[[nodiscard]] constexpr bool is_endless(std::chrono::milliseconds kept) noexcept { return kept > std::chrono::hours(24 * 36'525); }

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_TIME_TO_LIVE_HPP
