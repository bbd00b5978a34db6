// A cache that is chosen at run time, out of a closed set. Knows the concept of a cache, and none of them.
#ifndef LAKE_CACHE_VARIANT_HPP
#define LAKE_CACHE_VARIANT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/envelope.hpp>

#include <concepts>
#include <string_view>
#include <utility>
#include <variant>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One of the caches. A copyable handle, thread-safe as the one that is held is. No virtual call: the set is closed.
template <cache_policy... Caches>
  requires(sizeof...(Caches) > 0)
class variant_cache {
 public:
  using variant_type = std::variant<Caches...>;
  static constexpr bool enabled = (Caches::enabled || ...);

  /// Holds the first of the set.
  variant_cache() requires std::default_initializable<variant_type>
  = default;
  /// Holds this cache.
  template <class Cache>
    requires(std::same_as<Cache, Caches> || ...)
  explicit variant_cache(Cache held) : held_(std::move(held)) {}

  [[nodiscard]] variant_type& held() noexcept { return held_; }
  [[nodiscard]] const variant_type& held() const noexcept { return held_; }

  [[nodiscard]] body_ptr find(object_kind kind, std::string_view key) {
    return std::visit([&](auto& cache) { return cache.find(kind, key); }, held_);
  }
  void store(object_kind kind, std::string_view key, const body_ptr& body) {
    std::visit([&](auto& cache) { cache.store(kind, key, body); }, held_);
  }
  void forget(object_kind kind, std::string_view key) {
    std::visit([&](auto& cache) { cache.forget(kind, key); }, held_);
  }

 private:
  variant_type held_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CACHE_VARIANT_HPP
