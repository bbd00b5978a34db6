// The rows of the table of speed goals, what they came to, and how they are printed.
#ifndef BENCHMARKS_MERGE_TABLE_TABLE_HPP
#define BENCHMARKS_MERGE_TABLE_TABLE_HPP

#include "timing.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace merge_table {

struct settings {
  double seconds = 1;               ///< Of one measurement, in which all its sides take turns.
  std::filesystem::path documents;  ///< The real documents; empty: rows that need them are not measured.
};

/// How a number is written and compared.
enum class measure : std::uint8_t {
  times,  ///< "8.0x", at least.
  times_at_most,
  share,  ///< "0.30", at least.
  ratio_at_most,
  one_in,  ///< Kept as 8.0, written as "1/8.0": the goal is at most 1/n, so n is at least.
  microseconds_at_most,
};

/// A number of a row and its two goals.
struct figure {
  measure as = measure::times;
  double value = 0;
  double must = 0;
  double stretch = 0;
};

enum class verdict : std::uint8_t { stretch, must, missed, not_measured };
[[nodiscard]] std::string_view to_string(verdict of) noexcept;

/// A row: at stretch, or at must, only if all its figures are. Without figures it is not measured.
struct row {
  std::string name;
  std::vector<figure> figures = {};
  std::vector<measurement> measured = {};  ///< What the figures were made of, and more.
  std::string note = {};

  [[nodiscard]] verdict outcome() const noexcept;
};

/// A row by name, made only if it is asked for.
struct row_maker {
  std::string id;
  std::function<row(const settings&)> make;
};

/// How many times as long the `over` side's best took as the `under` side's.
[[nodiscard]] double ratio(const measurement& of, std::size_t over, std::size_t under);

/// The table, line by line as it is measured: for a terminal, or as Markdown.
enum class style : std::uint8_t { terminal, markdown };
void print_head(style how);
void print_row(style how, const row& of);
void print_details(const std::vector<row>& all);
/// "N of 18 rows at stretch, M below must", and how many were not measured, if any.
void print_summary(const std::vector<row>& all);
[[nodiscard]] nlohmann::ordered_json as_json(const std::vector<row>& all);
[[nodiscard]] nlohmann::ordered_json as_json(const measurement& of);

// The rows, a file each kind, in the specification's order.
void add_merge_rows(std::vector<row_maker>& all);
void add_text_rows(std::vector<row_maker>& all);
void add_list_rows(std::vector<row_maker>& all);

/// The two plots' series, measured. Prints them too.
[[nodiscard]] nlohmann::ordered_json measure_plots(double seconds);

}  // namespace merge_table

#endif  // BENCHMARKS_MERGE_TABLE_TABLE_HPP
