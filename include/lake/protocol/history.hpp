// What a lake tells of its past, and of clearing it. Plain values.
#ifndef LAKE_PROTOCOL_HISTORY_HPP
#define LAKE_PROTOCOL_HISTORY_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/protocol/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One delta of a catalog's past.
struct history_entry {
  time_seq id;
  merge_type merge = merge_type::replace;
  std::string path;
  std::uint64_t bytes = 0;       ///< Of the body, decoded.
  std::string meta;              ///< Of this write, as it was given; empty if none.
};

/// What a clear did.
struct clear_result {
  removed_counts removed = {};               ///< Members taken out of the index, by kind; `kept` failed a re-check.
  time_seq cut = {};                         ///< Deltas up to this id are gone; `0_0`: none.
  std::size_t objects_removed = 0;
  std::vector<lake::error> failures = {};    ///< Objects that could not be removed; their members stay, the next clear tries again.
  std::chrono::milliseconds wait{0};         ///< Not zero: nothing was old enough; the next snapshot is, after this long.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_HISTORY_HPP
