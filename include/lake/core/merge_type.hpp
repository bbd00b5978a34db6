// How a delta changes the document at its path. The numbers are on the wire: never renumber. Knows no other header.
#ifndef LAKE_CORE_MERGE_TYPE_HPP
#define LAKE_CORE_MERGE_TYPE_HPP

#include <lake/config.hpp>

#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// The merge type of a delta; stored as this number in members, object names and envelopes.
enum class merge_type : std::uint8_t {
  replace = 1,  ///< The value at the path becomes the body.
  rfc7396 = 2,  ///< JSON Merge Patch (RFC 7396) at the path.
  rfc6902 = 3,  ///< JSON Patch (RFC 6902) relative to the path.
};

/// True for the three numbers of the wire format.
[[nodiscard]] constexpr bool is_merge_type(merge_type type) noexcept {
  return type == merge_type::replace || type == merge_type::rfc7396 || type == merge_type::rfc6902;
}

/// The type's name for messages and traces: "replace", "rfc7396", "rfc6902"; "invalid" for any other number.
[[nodiscard]] constexpr std::string_view to_string(merge_type type) noexcept {
  switch (type) {
    case merge_type::replace: return "replace";
    case merge_type::rfc7396: return "rfc7396";
    case merge_type::rfc6902: return "rfc6902";
  }
  return "invalid";
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_MERGE_TYPE_HPP
