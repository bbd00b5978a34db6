#include "circumstances.hpp"

#include "figures.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

}  // namespace

circumstances look_around(const std::filesystem::path& folder) {
  circumstances around;
  around.machine = machine();
  std::ifstream load("/proc/loadavg");
  std::getline(load, around.load);
  around.compiler = compiler();
  around.flags = flags();
  if (!folder.empty()) around.fsync_microseconds = fsync_microseconds(folder);
  return around;
}

void print_circumstances(const circumstances& around) {
  std::printf("%s\n%s, %s; load %s", around.machine.c_str(), around.compiler.c_str(), around.flags.c_str(), around.load.c_str());
  if (around.fsync_microseconds > 0) std::printf("; an fsync in the folder takes %.0f us", around.fsync_microseconds);
  std::puts("");
}

nlohmann::ordered_json as_json(const circumstances& around) {
  nlohmann::ordered_json out = {{"machine", around.machine},
                                {"load", around.load},
                                {"compiler", around.compiler},
                                {"flags", around.flags},
                                {"command", around.command}};
  if (around.fsync_microseconds > 0) out["fsync_us"] = around.fsync_microseconds;
  if (!around.date.empty()) out["date"] = around.date;
  return out;
}

}  // namespace bench
