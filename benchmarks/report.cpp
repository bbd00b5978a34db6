#include "report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace bench {
namespace {

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string machine() {
  utsname system{};
  uname(&system);
  return processor() + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores, " + system.sysname + ' ' + system.release +
         ' ' + system.machine;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string flags() {
#if defined(LAKE_BENCH_FLAGS)
  return LAKE_BENCH_FLAGS;
#else
  std::string seen;
#if defined(__OPTIMIZE__)
  seen += "optimised";
#else
  seen += "NOT OPTIMISED";
#endif
#if defined(NDEBUG)
  seen += " -DNDEBUG";
#endif
#if defined(__AVX512F__)
  seen += " AVX-512";
#elif defined(__AVX2__)
  seen += " AVX2";
#elif defined(__SSE4_2__)
  seen += " SSE4.2";
#endif
  return seen;
#endif
}

double fsync_microseconds(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "fsync";
  const int descriptor = open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) throw std::runtime_error("cannot write to " + folder.string());
  std::vector<double> times;
  const std::array<char, 4096> block{};
  for (int i = 0; i < 20; ++i) {
    if (pwrite(descriptor, block.data(), block.size(), 0) < 0) break;
    const auto begin = std::chrono::steady_clock::now();
    fsync(descriptor);
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  close(descriptor);
  std::filesystem::remove(file);
  return quantile(std::move(times));
}

/// 1234567 as "1,234,567".
std::string grouped(double number) {
  std::string digits = std::to_string(std::llround(number));
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

/// A time with the unit that suits it.
std::string duration(double nanoseconds) {
  std::array<char, 64> out{};
  if (nanoseconds < 1e3) std::snprintf(out.data(), out.size(), "%.0f ns", nanoseconds);
  else if (nanoseconds < 1e6) std::snprintf(out.data(), out.size(), "%.2f us", nanoseconds / 1e3);
  else std::snprintf(out.data(), out.size(), "%.2f ms", nanoseconds / 1e6);
  return out.data();
}

std::string fixed(double number, int digits) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%.*f", digits, number);
  return out.data();
}

void print_goal(const report& made) {
  const goal& wanted = made.what.wanted;
  const auto met = made.goal_met();
  if (!met) return;
  const std::string what = wanted.per_second > 0 ? grouped(wanted.per_second) + "/s" : fixed(wanted.ratio, 2) + " of " + wanted.against;
  std::printf("  goal %s: %s\n", what.c_str(), *met ? "met" : "MISSED");
}

double bytes_per_second(const report& made, const outcome& each) { return made.what.bytes / made.what.items * 1e9 / each.median; }

nlohmann::ordered_json as_json(const report& made, const outcome& each) {
  const auto [least, most] = std::minmax_element(each.rounds.begin(), each.rounds.end());
  return {{"name", each.name},
          {"role", to_string(each.is)},
          {"per_second", 1e9 / each.median},
          {"bytes_per_second", bytes_per_second(made, each)},
          {"ns", each.median},
          {"ns_least", *least},
          {"ns_most", *most},
          {"ns_rounds", each.rounds},
          {"cpu_ns", each.cpu},
          {"operation_ns_p50", each.p50},
          {"operation_ns_p99", each.p99},
          {"teardown_ns", each.teardown},
          {"allocations", each.allocations},
          {"allocated_bytes", each.allocated_bytes},
          {"operations_per_round", each.operations}};
}

}  // namespace

circumstances look_around(const std::filesystem::path& folder) {
  circumstances around;
  around.machine = machine();
  std::ifstream load("/proc/loadavg");
  std::getline(load, around.load);
  around.compiler = compiler();
  around.flags = flags();
  around.fsync_microseconds = fsync_microseconds(folder);
  return around;
}

void print_circumstances(const circumstances& around) {
  std::printf("%s\n%s, %s; load %s; an fsync in the folder takes %.0f us\n", around.machine.c_str(), around.compiler.c_str(),
              around.flags.c_str(), around.load.c_str(), around.fsync_microseconds);
}

void print_report(const report& made) {
  std::printf("\n%s: %s\n", made.name.c_str(), made.what.what.c_str());
  for (std::size_t i = 1; i < made.outcomes.size(); ++i) {
    const double ratio = made.ratio(i);
    std::printf("  %*.*f x the speed of %s (%s)\n", ratio < 0.1 ? 8 : 6, ratio < 0.1 ? 4 : 2, ratio, made.outcomes[i].name.c_str(),
                std::string(to_string(made.outcomes[i].is)).c_str());
  }
  print_goal(made);
  std::printf("  %-30s %12s %10s %10s %10s %10s %9s %11s %9s %10s\n", "", "per second", "each", "cpu each", "op p50", "op p99", "allocs",
              "alloc bytes", "MB/s", "teardown");
  for (const outcome& each : made.outcomes) {
    std::printf("  %-30s %12s %10s %10s %10s %10s %9s %11s %9s %10s\n", each.name.c_str(), grouped(1e9 / each.median).c_str(),
                duration(each.median).c_str(), duration(each.cpu).c_str(), duration(each.p50).c_str(), duration(each.p99).c_str(),
                fixed(each.allocations, 1).c_str(), grouped(each.allocated_bytes).c_str(),
                fixed(bytes_per_second(made, each) / 1e6, 1).c_str(), duration(each.teardown).c_str());
  }
  std::fflush(stdout);
}

void write_json(const std::filesystem::path& file, const circumstances& around, const settings& with, const std::vector<report>& all) {
  nlohmann::ordered_json out = {{"machine", around.machine}, {"load", around.load},       {"compiler", around.compiler},
                                {"flags", around.flags},     {"command", around.command}, {"fsync_us", around.fsync_microseconds},
                                {"repeat", with.repeat},     {"seconds", with.seconds},   {"full", with.full}};
  if (!around.date.empty()) out["date"] = around.date;
  auto& workloads = out["workloads"] = nlohmann::ordered_json::array();
  for (const report& made : all) {
    nlohmann::ordered_json each = {{"name", made.name}, {"what", made.what.what}, {"items_per_operation", made.what.items}};
    auto& ratios = each["ratios"] = nlohmann::ordered_json::object();
    for (std::size_t i = 1; i < made.outcomes.size(); ++i) ratios[made.outcomes[i].name] = made.ratio(i);
    if (const auto met = made.goal_met()) {
      each["goal"] = {{"per_second", made.what.wanted.per_second},
                      {"ratio", made.what.wanted.ratio},
                      {"against", made.what.wanted.against},
                      {"met", *met}};
    }
    auto& contenders = each["contenders"] = nlohmann::ordered_json::array();
    for (const outcome& one : made.outcomes) contenders.push_back(as_json(made, one));
    workloads.push_back(std::move(each));
  }
  std::ofstream to(file);
  to << out.dump(2) << '\n';
  if (!to.flush()) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace bench
