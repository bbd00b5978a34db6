// Damages a memory index behind its back, as only a broken backend is damaged.
#ifndef LAKE_TESTS_SUPPORT_MEMORY_INDEX_ACCESS_HPP
#define LAKE_TESTS_SUPPORT_MEMORY_INDEX_ACCESS_HPP

#include <lake/index/memory.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// The friend that memory_index declares for this.
struct memory_index_access {
  static detail::memory_catalog& catalog(memory_index& index, std::string_view name) {
    return index.shard_of(name).catalogs.find(name)->second;
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_TESTS_SUPPORT_MEMORY_INDEX_ACCESS_HPP
