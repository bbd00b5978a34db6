// The document store with the backends that need no library but nlohmann_json: memory and files.
#ifndef LAKE_LAKE_HPP
#define LAKE_LAKE_HPP

#include <lake/config.hpp>
#include <lake/basic_lake.hpp>
#include <lake/cache/memory.hpp>
#include <lake/cache/none.hpp>
#include <lake/codec/identity.hpp>
#include <lake/core/trace.hpp>
#include <lake/impl/document.hpp>
#include <lake/index/memory.hpp>
#include <lake/merge.hpp>
#include <lake/storage/filesystem.hpp>
#include <lake/storage/memory.hpp>
#include <lake/version.hpp>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Everything in this process's memory: for tests, and for data that may go with the process.
using memory_lake = basic_lake<memory_index, memory_storage>;

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_LAKE_HPP
