// Results for people and for programs: a table on the terminal, and JSON.
#ifndef BENCHMARKS_REPORT_HPP
#define BENCHMARKS_REPORT_HPP

#include "circumstances.hpp"
#include "harness.hpp"

#include <filesystem>
#include <vector>

namespace bench {

void print_report(const report& made);
/// Throws std::runtime_error where the file cannot be written.
void write_json(const std::filesystem::path& file, const circumstances& around, const settings& with, const std::vector<report>& all);

}  // namespace bench

#endif  // BENCHMARKS_REPORT_HPP
