// lake_bench: the command line. `lake_bench --help` says what there is.

#include "any_lake.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "report.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

constexpr const char* usage =
    "usage: lake_bench [options]\n"
    "\n"
    "Runs named workloads. In each, ours and its rivals and limits take turns in one run: compare the ratios, not figures of two runs.\n"
    "\n"
    "  --list           the names of the workloads and of the lakes\n"
    "  --filter REGEX   only workloads whose name holds a match (default: all)\n"
    "  --repeat N       rounds; the result is their median (default 5)\n"
    "  --seconds S      measuring time of one contender, all rounds together (default 1)\n"
    "  --full           larger workloads, 9 rounds of 5 seconds unless said otherwise\n"
    "  --ours           without rivals and limits: for a profiler, or to compare two builds of ours\n"
    "  --lake NAME      the lake in workloads that run on any (default memory+memory); with :none, :data or :full for its durability\n"
    "  --folder FOLDER  where to write (default: a temporary one); a folder within it is made and removed\n"
    "  --json FILE      writes the results there too\n"
    "  --date TEXT      goes into the JSON file\n"
    "\n"
    "Columns: 'each' is the median over rounds of the time per item; 'cpu each' the processor time of all threads; 'op p50' and\n"
    "'op p99' are of single operations, of all rounds; 'allocs' and 'alloc bytes' are calls of operator new per item, counted in a\n"
    "round of their own; 'teardown' is the time per item to destroy the state after a round, in no other figure.\n"
    "\n"
    "Workloads of Redis and S3 start servers of their own (redis-server; Ceph's radosgw) and are left out where those are not installed.\n"
    "\n"
    "Ends with 0, also where a goal was missed; 1 if a workload failed; 2 for a wrong command line.\n";

using bench::wrong_usage;

struct command {
  bench::settings with;
  bool list = false;
  std::optional<std::filesystem::path> json;
  std::string date;
  std::string line;
};

template <class Number>
Number number(const std::string& flag, const std::string& given, Number least, Number most) {
  Number value{};
  const auto [end, failed] = std::from_chars(given.data(), given.data() + given.size(), value);
  if (failed != std::errc() || end != given.data() + given.size() || !(value >= least && value <= most)) {
    throw wrong_usage(flag + " takes a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not \"" + given + "\"");
  }
  return value;
}

command parse(const std::vector<std::string>& arguments) {
  command given;
  given.line = "lake_bench";
  bool timed = false;
  bool repeated = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& flag = arguments[i];
    given.line += ' ' + flag;
    const auto value = [&]() -> const std::string& {
      if (i + 1 == arguments.size()) throw wrong_usage(flag + " takes a value");
      given.line += ' ' + arguments[++i];
      return arguments[i];
    };
    if (flag == "--list") given.list = true;
    else if (flag == "--full") given.with.full = true;
    else if (flag == "--ours") given.with.ours = true;
    else if (flag == "--filter") given.with.filter = value();
    else if (flag == "--repeat") given.with.repeat = number<std::size_t>(flag, value(), 1, 1000), repeated = true;
    else if (flag == "--seconds") given.with.seconds = number<double>(flag, value(), 0.001, 3600), timed = true;
    else if (flag == "--lake") given.with.lake = value();
    else if (flag == "--folder") given.with.folder = value();
    else if (flag == "--json") given.json = value();
    else if (flag == "--date") given.date = value();
    else throw wrong_usage("there is no option " + flag);
  }
  if (given.with.full && !timed) given.with.seconds = 5;
  if (given.with.full && !repeated) given.with.repeat = 9;
  return given;
}

std::vector<bench::entry> all_workloads() {
  std::vector<bench::entry> all;
  bench::add_write_workloads(all);
  bench::add_ceiling_workloads(all);
  bench::add_read_workloads(all);
  bench::add_merge_workloads(all);
  bench::add_codec_workloads(all);
  bench::add_redis_workloads(all);
  bench::add_s3_workloads(all);
  return all;
}

void print_names() {
  std::puts("workloads:");
  for (const bench::entry& each : all_workloads()) std::printf("  %s\n", each.name.c_str());
  std::puts("lakes (--lake), each also with :none, :data or :full:");
  for (const std::string& name : bench::compositions()) std::printf("  %s\n", name.c_str());
}

/// A folder of this run's own, removed at its end.
class run_folder {
 public:
  explicit run_folder(const std::filesystem::path& given) {
    const std::filesystem::path parent = given.empty() ? std::filesystem::temp_directory_path() : given;
    path_ = parent / ("lake_bench." + std::to_string(std::random_device()()));
    std::filesystem::create_directories(path_);
  }
  run_folder(const run_folder&) = delete;
  run_folder& operator=(const run_folder&) = delete;
  ~run_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

void run(command given) {
  const std::vector<bench::entry> workloads = bench::matching(all_workloads(), "--filter", given.with.filter, "workload",
                                                               [](const bench::entry& each) { return each.name; });
  const run_folder folder(given.with.folder);
  given.with.folder = folder.path();
  bench::circumstances around = bench::look_around(folder.path());
  around.command = given.line;
  around.date = given.date;
  bench::print_circumstances(around);
  std::vector<bench::report> reports;
  for (const bench::entry& each : workloads) {
    reports.push_back(bench::measure(each, given.with));
    bench::print_report(reports.back());
    reports.back().what.contenders.clear();
  }
  if (given.json) bench::write_json(*given.json, around, given.with, reports);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (std::any_of(arguments.begin(), arguments.end(), [](const auto& each) { return each == "--help" || each == "-h"; })) {
      std::fputs(usage, stdout);
      return 0;
    }
    command given = parse(arguments);
    if (given.list) print_names();
    else run(std::move(given));
    return 0;
  } catch (const std::invalid_argument& problem) {
    std::fprintf(stderr, "lake_bench: %s\nlake_bench --help lists the options\n", problem.what());
    return 2;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "lake_bench: %s\n", failure.what());
    return 1;
  }
}
