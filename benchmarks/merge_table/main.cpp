// lake_merge_table: the merge engine's table of speed goals, and the series of its plots. `lake_merge_table --help` says what there is.

#include "circumstances.hpp"
#include "command_line.hpp"
#include "figures.hpp"
#include "table.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

constexpr const char* usage =
    "usage: lake_merge_table [table|plots] [options]\n"
    "\n"
    "table (default): measures the rows of the merge engine's speed goals and says which are at must and at stretch.\n"
    "plots: measures the time over the number of deltas and over the size of the base.\n"
    "All that a figure compares takes turns in this one process; times are the thread's processor time, the best sample of each.\n"
    "\n"
    "  --list           the names of the rows\n"
    "  --only REGEX     only rows whose name holds a match\n"
    "  --seconds S      of one measurement, all its sides together (default 1)\n"
    "  --markdown       the table as Markdown\n"
    "  --json FILE      writes the results there too\n"
    "  --date TEXT      goes into the JSON file\n"
    "\n"
    "LAKE_DATA names the folder with json-docs, the real documents; without it the rows that need them are not measured.\n"
    "Ends with 0, also where a goal was missed; 1 if something failed; 2 for a wrong command line.\n";

using bench::wrong_usage;

struct command {
  bool plots = false;
  bool list = false;
  bool help = false;
  merge_table::style how = merge_table::style::terminal;
  std::string only = ".*";
  merge_table::settings with;
  std::optional<std::filesystem::path> to;
  std::string date;
  std::string line = "lake_merge_table";
};

double number(const std::string& flag, const std::string& given) {
  double value = 0;
  const auto [end, failed] = std::from_chars(given.data(), given.data() + given.size(), value);
  if (failed != std::errc() || end != given.data() + given.size() || !(value > 0 && value <= 3600)) {
    throw wrong_usage(flag + " takes a number above 0 and up to 3600, not \"" + given + "\"");
  }
  return value;
}

command parse(const std::vector<std::string>& arguments) {
  command given;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& flag = arguments[i];
    given.line += ' ' + flag;
    const auto value = [&]() -> const std::string& {
      if (i + 1 == arguments.size()) throw wrong_usage(flag + " takes a value");
      given.line += ' ' + arguments[++i];
      return arguments[i];
    };
    if (i == 0 && flag == "table") given.plots = false;
    else if (i == 0 && flag == "plots") given.plots = true;
    else if (flag == "--help" || flag == "-h") given.help = true;
    else if (flag == "--list") given.list = true;
    else if (flag == "--markdown") given.how = merge_table::style::markdown;
    else if (flag == "--only") given.only = value();
    else if (flag == "--seconds") given.with.seconds = number(flag, value());
    else if (flag == "--json") given.to = value();
    else if (flag == "--date") given.date = value();
    else throw wrong_usage("there is no option " + flag);
  }
  if (const char* const data = std::getenv("LAKE_DATA")) given.with.documents = std::filesystem::path(data) / "json-docs";
  return given;
}

std::vector<merge_table::row_maker> all_rows() {
  std::vector<merge_table::row_maker> all;
  merge_table::add_merge_rows(all);
  merge_table::add_text_rows(all);
  merge_table::add_list_rows(all);
  return all;
}

nlohmann::ordered_json measure_table(const command& given) {
  const std::vector<merge_table::row_maker> rows =
      bench::matching(all_rows(), "--only", given.only, "row", [](const merge_table::row_maker& each) { return each.id; });
  std::vector<merge_table::row> measured;
  merge_table::print_head(given.how);
  for (const merge_table::row_maker& each : rows) {
    measured.push_back(each.make(given.with));
    merge_table::print_row(given.how, measured.back());
  }
  merge_table::print_details(measured);
  merge_table::print_summary(measured);
  return merge_table::as_json(measured);
}

/// Brings glibc's allocator into the state that a process is in for good once it has freed a large block: it keeps up to 60 MB. Before,
/// it hands back to the system, and takes from it again, whatever has more than 128 KB, each time.
void settle_allocator() {
  constexpr std::size_t large = std::size_t{30} << 20U;
  const std::string once(large, 'x');
  bench::keep(once.data());
}

void run(const command& given) {
  settle_allocator();
  bench::circumstances around = bench::look_around({});
  around.command = given.line;
  around.date = given.date;
  bench::print_circumstances(around);
  nlohmann::ordered_json out = bench::as_json(around);
  out["seconds"] = given.with.seconds;
  out.update(given.plots ? merge_table::measure_plots(given.with.seconds) : measure_table(given));
  if (!given.to) return;
  std::ofstream to(*given.to);
  to << out.dump(2) << '\n';
  if (!to.flush()) throw std::runtime_error("cannot write " + given.to->string());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const command given = parse({argv + 1, argv + argc});
    if (given.help) std::fputs(usage, stdout);
    else if (given.list)
      for (const merge_table::row_maker& each : all_rows()) std::puts(each.id.c_str());
    else run(given);
    return 0;
  } catch (const wrong_usage& problem) {
    std::fprintf(stderr, "lake_merge_table: %s\nlake_merge_table --help lists the options\n", problem.what());
    return 2;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "lake_merge_table: %s\n", failure.what());
    return 1;
  }
}
