// Time over the number of deltas and over the size of the base: the series of the two plots.

#include "engine.hpp"
#include "figures.hpp"
#include "rival.hpp"
#include "table.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

namespace merge_table {
namespace {

using bench::keep;

/// One x of a plot.
nlohmann::ordered_json measure_point(std::size_t bytes, std::size_t count, double seconds) {
  const task given = make_task(bytes, count);
  check_agreement(given);
  const std::string result = merge(given);
  std::string to(result.size(), 'x');
  const measurement seen = race(std::to_string(given.base.size()) + " bytes, N=" + std::to_string(count),
                                {{"lake", [&] { keep(merge(given).data()); }},
                                 {"nlohmann", [&] { keep(merge_with_nlohmann(given).data()); }},
                                 {"memcpy",
                                  [&] {
                                    std::memcpy(to.data(), result.data(), result.size());
                                    keep(to.data());
                                  }}},
                                seconds);
  nlohmann::ordered_json out = {{"base_bytes", given.base.size()}, {"deltas", count}};
  std::printf("%-28s", seen.what.c_str());
  for (const timed& each : seen.sides) {
    std::printf("  %s %12s", each.name.c_str(), bench::duration(each.best).c_str());
    out[each.name] = each.best;
  }
  std::puts("");
  std::fflush(stdout);
  return out;
}

}  // namespace

nlohmann::ordered_json measure_plots(double seconds) {
  auto over_deltas = nlohmann::ordered_json::array();
  for (const std::size_t count : {1, 3, 10, 30, 100, 300, 1000, 3000, 10'000})
    over_deltas.push_back(measure_point(megabyte, count, seconds));
  auto over_base = nlohmann::ordered_json::array();
  for (const std::size_t bytes : {kilobyte, std::size_t{8'700}, hundred_kilobytes, megabyte, ten_megabytes, beyond_caches}) {
    over_base.push_back(measure_point(bytes, 10, seconds));
  }
  return {{"over_deltas", std::move(over_deltas)}, {"over_base", std::move(over_base)}};
}

}  // namespace merge_table
