// What survives a power loss. Knows no policy.
#ifndef LAKE_CORE_DURABILITY_HPP
#define LAKE_CORE_DURABILITY_HPP

#include <lake/config.hpp>

#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// How much of what was acknowledged a policy on a local disk keeps when the power goes. The death of a process loses nothing at any level.
enum class durability : std::uint8_t {
  none,  ///< Nothing is promised: no fsync at all. A power loss may damage files. For tests and for data that can be made again.
  data,  ///< Nothing is damaged, but the last writes may be missing: file data is fsynced, folders and index commits are not.
  full,  ///< An acknowledged write survives: file, folder and index commit were fsynced before the answer.
};

/// The level as settings spell it: "none", "data", "full".
[[nodiscard]] constexpr std::string_view to_string(durability level) noexcept {
  switch (level) {
    case durability::none: return "none";
    case durability::data: return "data";
    case durability::full: return "full";
  }
  return "invalid";
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_DURABILITY_HPP
