// What the Redis index needs of a layout, as a value: so that one index serves all layouts. Knows no connection.
#ifndef LAKE_INDEX_REDIS_LAYOUT_HPP
#define LAKE_INDEX_REDIS_LAYOUT_HPP

#include <lake/config.hpp>
#include <lake/index/redis_scripts.hpp>
#include <lake/layout/cluster.hpp>
#include <lake/layout/go_v2.hpp>
#include <lake/layout/index_part.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Names of keys, and how records are kept. A plain value; the functions are those of the layout.
struct redis_layout {
  redis_dialect dialect;
  bool one_slot;  ///< All keys of a catalog lie in one slot of a cluster.
  std::string (*index_key)(std::string_view prefix, layout::index_part part, std::string_view catalog);
  std::optional<std::string> (*catalog_of)(std::string_view prefix, layout::index_part part, std::string_view key);
  std::string (*lake_key)(std::string_view prefix);                                ///< Null: no markers.
  std::string (*counter_key)(std::string_view catalog, std::int64_t timestamp);    ///< Null: no counters.
};

template <class Layout>
[[nodiscard]] constexpr redis_layout redis_layout_of() noexcept {
  redis_layout out{.dialect = redis_dialect::own,
                   .one_slot = std::is_same_v<Layout, layout::cluster>,
                   .index_key = &Layout::index_key,
                   .catalog_of = &Layout::catalog_of,
                   .lake_key = nullptr,
                   .counter_key = nullptr};
  if constexpr (Layout::has_markers) out.lake_key = &Layout::lake_key;
  if constexpr (requires { &Layout::counter_key; }) {
    out.dialect = redis_dialect::foreign;
    out.counter_key = &Layout::counter_key;
  }
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_LAYOUT_HPP
