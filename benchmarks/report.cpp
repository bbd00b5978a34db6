#include "report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

void print_findings(const report& made) {
  for (const finding& each : made.findings) {
    const bool missed = each.wanted && each.value != *each.wanted;
    std::printf("  %s: %s%s\n", each.what.c_str(), grouped(each.value).c_str(), missed ? " MISSED" : "");
  }
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

void print_report(const report& made) {
  std::printf("\n%s: %s\n", made.name.c_str(), made.what.what.c_str());
  for (std::size_t i = 1; i < made.outcomes.size(); ++i) {
    const double ratio = made.ratio(i);
    std::printf("  %*.*f x the speed of %s (%s)\n", ratio < 0.1 ? 8 : 6, ratio < 0.1 ? 4 : 2, ratio, made.outcomes[i].name.c_str(),
                std::string(to_string(made.outcomes[i].is)).c_str());
  }
  print_goal(made);
  print_findings(made);
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
  nlohmann::ordered_json out = as_json(around);
  out["repeat"] = with.repeat;
  out["seconds"] = with.seconds;
  out["full"] = with.full;
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
    for (const finding& one : made.findings) each["findings"][one.what] = one.value;
    auto& contenders = each["contenders"] = nlohmann::ordered_json::array();
    for (const outcome& one : made.outcomes) contenders.push_back(as_json(made, one));
    workloads.push_back(std::move(each));
  }
  std::ofstream to(file);
  to << out.dump(2) << '\n';
  if (!to.flush()) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace bench
