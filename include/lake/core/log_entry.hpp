// What a list shows of a catalog's log: deltas and snapshots. Plain values.
#ifndef LAKE_CORE_LOG_ENTRY_HPP
#define LAKE_CORE_LOG_ENTRY_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/time_seq.hpp>

#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One committed write: where and how its body changes the document.
struct delta {
  time_seq id;
  merge_type merge = merge_type::replace;
  std::string path;
  friend bool operator==(const delta&, const delta&) = default;
};

/// The range of ids that a snapshot merges: (start, stop] on top of the snapshot that ends at `start`.
struct snapshot {
  time_seq start;
  time_seq stop;
  friend bool operator==(const snapshot&, const snapshot&) = default;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_LOG_ENTRY_HPP
