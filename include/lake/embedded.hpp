// A durable lake in a folder, without any server: SQLite index, files, memory cache, gzip.
#ifndef LAKE_EMBEDDED_HPP
#define LAKE_EMBEDDED_HPP

#include <lake/config.hpp>
#include <lake/codec/gzip.hpp>
#include <lake/index/sqlite.hpp>
#include <lake/lake.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// A lake for one machine: several processes may share its folder.
using embedded_lake = basic_lake<sqlite_index, filesystem_storage, memory_cache, gzip_codec>;

/// The options of an embedded lake: snapshots after 64 deltas, or after deltas of a quarter of the document's bytes. Start from these to
/// change one: `auto options = embedded_options(); options.name = "mine";`.
[[nodiscard]] inline lake_options embedded_options() { return lake_options{.snapshots = snapshot_policy::after(64, 0.25)}; }

namespace detail {

/// What lies where in the folder of an embedded lake.
struct embedded_files {
  sqlite_index_options index;
  filesystem_options storage;
};

/// Makes the folder if need be. Errors: io.
[[nodiscard]] inline result<embedded_files> embedded_files_in(const std::filesystem::path& folder, std::string_view operation) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return lake::error{errc::io, std::string(operation), folder.string(), "the folder cannot be created: " + failed.message()};
  return embedded_files{.index = {.file = folder / "index.db", .durability = durability::full},
                        .storage = {.root = folder / "objects", .create = true, .durability = durability::full}};
}

}  // namespace detail

/// Opens the lake in `folder`, creating both if need be: `folder/index.db` and `folder/objects`. Durable: an acknowledged write survives
/// power loss, as far as the disk keeps its word.
/// Errors: io, access_denied; configuration where the folder holds another lake or no lake's files. Threads: any number of threads and
/// processes may open one folder.
[[nodiscard]] inline result<embedded_lake> open_embedded(const std::filesystem::path& folder, lake_options options) {
  auto files = detail::embedded_files_in(folder, "open_embedded");
  if (!files) return std::move(files).error();
  auto index = sqlite_index::open(std::move(files->index));
  if (!index) return std::move(index).error();
  auto storage = filesystem_storage::open(std::move(files->storage));
  if (!storage) return std::move(storage).error();
  embedded_lake db(std::move(options), *std::move(index), *std::move(storage));
  if (auto open = db.open(); !open) return std::move(open).error();
  return db;
}
[[nodiscard]] inline result<embedded_lake> open_embedded(const std::filesystem::path& folder) { return open_embedded(folder, embedded_options()); }

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_EMBEDDED_HPP
