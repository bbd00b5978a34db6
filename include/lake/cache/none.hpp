// The cache that keeps nothing. Knows no other cache.
#ifndef LAKE_CACHE_NONE_HPP
#define LAKE_CACHE_NONE_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Keeps nothing; a lake with it does not even build cache keys. Immutable, thread-safe.
class no_cache {
 public:
  static constexpr bool enabled = false;

  [[nodiscard]] body_ptr find(object_kind /*kind*/, std::string_view /*key*/) const noexcept { return nullptr; }
  void store(object_kind /*kind*/, std::string_view /*key*/, const body_ptr& /*body*/) const noexcept {}
  void forget(object_kind /*kind*/, std::string_view /*key*/) const noexcept {}
};

static_assert(cache_policy<no_cache>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CACHE_NONE_HPP
