// A lake of any composition, by name: "memory+memory", "sqlite+filesystem+gzip:none".
#ifndef BENCHMARKS_ANY_LAKE_HPP
#define BENCHMARKS_ANY_LAKE_HPP

#include <lake/core/options.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The operations that workloads use. A call costs one indirect call more than on the lake itself, some 2 ns.
struct any_lake {
  std::function<lake::result<lake::time_seq>(const lake::write_request&)> write;
  std::function<lake::result<std::vector<lake::time_seq>>(std::span<const lake::write_request>)> write_batch;
  std::function<lake::result<std::string>(std::string_view catalog)> read_string;
  std::function<std::size_t(std::string_view catalog)> list;  ///< The number of deltas; 0 also for a failed list.
  std::function<void()> flush;
};

/// Opens a fresh lake in an empty folder. The name: index, storage, then codecs and caches, joined by "+"; then ":none", ":data"
/// or ":full" for the durability (default full). Throws std::invalid_argument for a name that is not in `compositions()`.
[[nodiscard]] any_lake open_lake(std::string_view name, const std::filesystem::path& folder, lake::lake_options options = {});

/// The names that `open_lake` knows, without durability.
[[nodiscard]] std::vector<std::string> compositions();

/// What `lake::open_embedded` gives.
inline constexpr std::string_view embedded = "sqlite+filesystem+cached+gzip";

}  // namespace bench

#endif  // BENCHMARKS_ANY_LAKE_HPP
