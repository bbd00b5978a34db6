// Results for people and for programs: a table on the terminal, and JSON.
#ifndef BENCHMARKS_REPORT_HPP
#define BENCHMARKS_REPORT_HPP

#include "harness.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace bench {

/// Where and how the figures came about. Figures without it mean nothing.
struct circumstances {
  std::string machine;  ///< Processor, number of cores, system.
  std::string load;     ///< Load averages when the run began: others' work on the machine.
  std::string compiler;
  std::string flags;  ///< What of the flags can be seen from within.
  std::string date;   ///< Only if given.
  std::string command;
  double fsync_microseconds = 0;  ///< Median of 20 of a 4 KiB file in the folder; figures of durable workloads rest on it.
};

[[nodiscard]] circumstances look_around(const std::filesystem::path& folder);

void print_circumstances(const circumstances& around);
void print_report(const report& made);
/// Throws std::runtime_error where the file cannot be written.
void write_json(const std::filesystem::path& file, const circumstances& around, const settings& with, const std::vector<report>& all);

}  // namespace bench

#endif  // BENCHMARKS_REPORT_HPP
