// Where and how figures came about: figures mean nothing without it.
#ifndef BENCHMARKS_CIRCUMSTANCES_HPP
#define BENCHMARKS_CIRCUMSTANCES_HPP

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>

namespace bench {

struct circumstances {
  std::string machine;  ///< Processor, number of cores, system.
  std::string load;     ///< Load averages when the run began: others' work on the machine.
  std::string compiler;
  std::string flags;  ///< What of the flags can be seen from within, or what the build says.
  std::string date;   ///< Only if given.
  std::string command;
  double fsync_microseconds = 0;  ///< Median of 20 of a 4 KiB file in the folder; figures of durable workloads rest on it. 0: not asked.
};

/// Looks around; writes to `folder` unless it is empty. Throws std::runtime_error where it cannot.
[[nodiscard]] circumstances look_around(const std::filesystem::path& folder);

void print_circumstances(const circumstances& around);
[[nodiscard]] nlohmann::ordered_json as_json(const circumstances& around);

}  // namespace bench

#endif  // BENCHMARKS_CIRCUMSTANCES_HPP
