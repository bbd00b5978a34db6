// The kinds of storage that a key prefix names. Knows no storage.
#ifndef LAKE_CORE_STORAGE_KIND_HPP
#define LAKE_CORE_STORAGE_KIND_HPP

#include <lake/config.hpp>

#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Where the objects of a lake live; part of the index's key prefix, so the spellings are on the wire.
enum class storage_kind : std::uint8_t {
  memory,      ///< "memory"
  filesystem,  ///< "file"
  s3,          ///< "s3"
  oss,         ///< "oss"
};

/// The kind as key prefixes and settings spell it: "memory", "file", "s3", "oss".
[[nodiscard]] constexpr std::string_view to_string(storage_kind kind) noexcept {
  switch (kind) {
    case storage_kind::memory: return "memory";
    case storage_kind::filesystem: return "file";
    case storage_kind::s3: return "s3";
    case storage_kind::oss: return "oss";
  }
  return "invalid";
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_STORAGE_KIND_HPP
