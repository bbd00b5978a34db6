// The keys an index keeps per catalog, as layouts name them. Knows no layout.
#ifndef LAKE_LAYOUT_INDEX_PART_HPP
#define LAKE_LAYOUT_INDEX_PART_HPP

#include <lake/config.hpp>

#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout {

/// One of the six keys of a catalog in an index.
enum class index_part : std::uint8_t { delta, snap, meta, files, sample, ctl };

/// The part as keys spell it: "delta", "snap", "meta", "files", "sample", "ctl".
[[nodiscard]] constexpr std::string_view to_string(index_part part) noexcept {
  switch (part) {
    case index_part::delta: return "delta";
    case index_part::snap: return "snap";
    case index_part::meta: return "meta";
    case index_part::files: return "files";
    case index_part::sample: return "sample";
    case index_part::ctl: return "ctl";
  }
  return "invalid";
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout

#endif  // LAKE_LAYOUT_INDEX_PART_HPP
