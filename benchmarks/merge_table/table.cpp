#include "table.hpp"

#include "figures.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace merge_table {
namespace {

bool at_least(measure as) noexcept { return as == measure::times || as == measure::share || as == measure::one_in; }

bool reaches(const figure& of, double goal) noexcept { return at_least(of.as) ? of.value >= goal : of.value <= goal; }

/// Goals without digits that say nothing, values with those that matter.
std::string plain(double number) {
  std::string out = bench::fixed(number, 2);
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

std::string written(measure as, const std::string& number) {
  switch (as) {
    case measure::times:
    case measure::times_at_most: return number + 'x';
    case measure::share:
    case measure::ratio_at_most: return number;
    case measure::one_in: return "1/" + number;
    case measure::microseconds_at_most: return number + " us";
  }
  return number;
}

std::string value_of(const figure& of) {
  const bool wide = (of.as == measure::times || of.as == measure::one_in) && of.value >= 10;
  return written(of.as, bench::fixed(of.value, wide ? 0 : of.value < 1 ? 3 : 2));
}

template <class Write>
std::string all_of(const row& of, Write&& write) {
  std::string out;
  for (const figure& each : of.figures) out += (out.empty() ? "" : " / ") + write(each);
  return out;
}

std::string goals_of(const row& of, double figure::*goal) {
  if (of.figures.empty()) return "";
  const bool rising = at_least(of.figures.front().as) && of.figures.front().as != measure::one_in;
  return (rising ? ">= " : "<= ") + all_of(of, [goal](const figure& each) { return written(each.as, plain(each.*goal)); });
}

std::size_t count(const std::vector<row>& all, verdict what) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [what](const row& each) { return each.outcome() == what; }));
}

using line = std::array<std::string, 5>;

void print_line(style how, const line& cells) {
  constexpr std::array<std::size_t, 5> widths{70, 29, 29, 30, 0};
  std::string out = how == style::markdown ? "|" : "";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (how == style::markdown) out += ' ' + cells[i] + " |";
    else out += cells[i] + std::string(widths[i] > cells[i].size() ? widths[i] - cells[i].size() : 0, ' ');
  }
  std::puts(out.c_str());
  std::fflush(stdout);
}

}  // namespace

std::string_view to_string(verdict of) noexcept {
  switch (of) {
    case verdict::stretch: return "stretch";
    case verdict::must: return "must";
    case verdict::missed: return "MISSED";
    case verdict::not_measured: break;
  }
  return "not measured";
}

verdict row::outcome() const noexcept {
  if (figures.empty()) return verdict::not_measured;
  if (!std::all_of(figures.begin(), figures.end(), [](const figure& each) { return reaches(each, each.must); })) return verdict::missed;
  return std::all_of(figures.begin(), figures.end(), [](const figure& each) { return reaches(each, each.stretch); }) ? verdict::stretch
                                                                                                                     : verdict::must;
}

double ratio(const measurement& of, std::size_t over, std::size_t under) { return of.sides[over].best / of.sides[under].best; }

void print_head(style how) {
  std::puts("");
  print_line(how, {"goal", "must", "stretch", "measured", "verdict"});
  if (how == style::markdown) print_line(how, {"---", "---", "---", "---", "---"});
}

void print_row(style how, const row& of) {
  print_line(how, {of.name, goals_of(of, &figure::must), goals_of(of, &figure::stretch), all_of(of, value_of),
                   std::string(to_string(of.outcome()))});
}

void print_details(const std::vector<row>& all) {
  std::puts("\nwhat the figures are made of (the best of many samples each)");
  for (const row& each : all) {
    std::printf("%s\n", each.name.c_str());
    if (!each.note.empty()) std::printf("    %s\n", each.note.c_str());
    for (const measurement& one : each.measured) {
      std::printf("    %s:", one.what.c_str());
      for (const timed& side : one.sides) {
        std::printf("%s %s %s", &side == &one.sides.front() ? "" : ",", side.name.c_str(), bench::duration(side.best).c_str());
      }
      std::puts("");
    }
  }
}

void print_summary(const std::vector<row>& all) {
  std::printf("\n%zu of %zu rows at stretch, %zu below must", count(all, verdict::stretch), all.size(), count(all, verdict::missed));
  if (const std::size_t missing = count(all, verdict::not_measured); missing > 0) std::printf(", %zu not measured", missing);
  std::puts("");
}

nlohmann::ordered_json as_json(const measurement& of) {
  nlohmann::ordered_json sides;
  for (const timed& each : of.sides) sides[each.name] = {{"ns", each.best}, {"ns_median", each.median}, {"samples", each.samples}};
  return {{"what", of.what}, {"sides", std::move(sides)}};
}

nlohmann::ordered_json as_json(const std::vector<row>& all) {
  auto rows = nlohmann::ordered_json::array();
  for (const row& each : all) {
    nlohmann::ordered_json out = {{"name", each.name}, {"verdict", to_string(each.outcome())}};
    if (!each.note.empty()) out["note"] = each.note;
    out["must"] = goals_of(each, &figure::must);
    out["stretch"] = goals_of(each, &figure::stretch);
    out["measured"] = all_of(each, value_of);
    auto& figures = out["figures"] = nlohmann::ordered_json::array();
    for (const figure& one : each.figures) figures.push_back({{"value", one.value}, {"must", one.must}, {"stretch", one.stretch}});
    auto& measured = out["measured_times"] = nlohmann::ordered_json::array();
    for (const measurement& one : each.measured) measured.push_back(as_json(one));
    rows.push_back(std::move(out));
  }
  return {{"rows", std::move(rows)},
          {"at_stretch", count(all, verdict::stretch)},
          {"below_must", count(all, verdict::missed)},
          {"not_measured", count(all, verdict::not_measured)}};
}

}  // namespace merge_table
