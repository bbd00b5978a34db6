#include "harness.hpp"

#include "allocations.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include <ctime>

namespace bench {
namespace {

using clock = std::chrono::steady_clock;

double processor_nanoseconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

double nanoseconds(clock::duration time) { return std::chrono::duration<double, std::nano>(time).count(); }

/// Operations slower than this are timed one by one; the clock's own 20 to 30 ns then do not count.
constexpr double slow_operation = 20'000;
/// Of fast operations, so many are timed one by one after the round.
constexpr std::size_t sampled = 2'000;

struct plan {
  std::size_t operations = 1;
  bool one_by_one = false;
};

struct round_times {
  double each = 0;
  double cpu = 0;
  double teardown = 0;
};

/// Runs n operations and notes each one's time.
void run_one_by_one(const session& open, std::size_t count, std::vector<double>& latencies) {
  latencies.reserve(latencies.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = clock::now();
    open(1);
    latencies.push_back(nanoseconds(clock::now() - begin));
  }
}

round_times run_round(const contender& who, const plan& how, std::vector<double>& latencies) {
  session open = who.open();
  const double processor = processor_nanoseconds();
  const auto begin = clock::now();
  if (how.one_by_one) run_one_by_one(open, how.operations, latencies);
  else open(how.operations);
  const auto end = clock::now();
  const double worked = processor_nanoseconds() - processor;
  if (!how.one_by_one) run_one_by_one(open, (std::min)(how.operations, sampled), latencies);
  const auto closing = clock::now();
  open = nullptr;
  const double count = static_cast<double>(how.operations);
  return {nanoseconds(end - begin) / count, worked / count, nanoseconds(clock::now() - closing) / count};
}

/// Finds out how many operations make a round, and counts their allocations on the way: this round is not timed for the result,
/// and is a tenth of one where rounds are limited because they are long.
plan prepare(const contender& who, const workload& what, const settings& with, outcome& into) {
  const double budget = with.seconds * 1e9 / static_cast<double>(with.repeat);
  session open = who.open();
  open(1);
  std::size_t count = what.operations;
  double each = 0;
  for (std::size_t tried = count > 0 ? (what.rounds > 0 ? (count + 9) / 10 : count) : 1;;) {
    const counting all;
    const auto begin = clock::now();
    open(tried);
    each = nanoseconds(clock::now() - begin) / static_cast<double>(tried);
    const allocation_count made = all.so_far();
    into.allocations = static_cast<double>(made.calls) / static_cast<double>(tried) / what.items;
    into.allocated_bytes = static_cast<double>(made.bytes) / static_cast<double>(tried) / what.items;
    if (count > 0 || each * static_cast<double>(tried) > budget / 8) break;
    tried *= 4;
  }
  if (count == 0) count = static_cast<std::size_t>((std::max)(1.0, std::round(budget / each)));
  return {count, each > slow_operation};
}

}  // namespace

std::string_view to_string(role is) noexcept {
  switch (is) {
    case role::ours: return "ours";
    case role::rival: return "rival";
    case role::limit: return "limit";
  }
  return "";
}

double report::ratio(std::size_t other) const {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < outcomes[other].rounds.size(); ++i) ratios.push_back(outcomes[other].rounds[i] / outcomes.front().rounds[i]);
  return quantile(std::move(ratios));
}

std::optional<bool> report::goal_met() const {
  const goal& wanted = what.wanted;
  if (wanted.per_second > 0) return 1e9 / outcomes.front().median >= wanted.per_second;
  for (std::size_t i = 1; i < outcomes.size(); ++i) {
    if (wanted.ratio > 0 && outcomes[i].name == wanted.against) return ratio(i) >= wanted.ratio;
  }
  return std::nullopt;
}

report measure(const entry& which, const settings& with) {
  report made{which.name, which.make(with), {}, {}};
  std::vector<contender>& all = made.what.contenders;
  if (with.ours) all.resize(1);
  std::vector<plan> plans;
  for (const contender& each : all) {
    outcome& into = made.outcomes.emplace_back();
    into.name = each.name;
    into.is = each.is;
    plans.push_back(prepare(each, made.what, with, into));
    into.operations = plans.back().operations;
  }
  std::vector<std::vector<double>> latencies(all.size());
  std::vector<std::vector<double>> teardowns(all.size());
  std::vector<std::vector<double>> processor(all.size());
  const std::size_t rounds = made.what.rounds > 0 ? (std::min)(with.repeat, made.what.rounds) : with.repeat;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < all.size(); ++turn) {
      const std::size_t i = round % 2 == 0 ? turn : all.size() - 1 - turn;  // There and back: nobody is always first.
      const round_times times = run_round(all[i], plans[i], latencies[i]);
      made.outcomes[i].rounds.push_back(times.each / made.what.items);
      processor[i].push_back(times.cpu / made.what.items);
      teardowns[i].push_back(times.teardown / made.what.items);
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    outcome& each = made.outcomes[i];
    each.median = quantile(each.rounds);
    each.cpu = quantile(processor[i]);
    each.p50 = quantile(latencies[i]);
    each.p99 = quantile(latencies[i], 0.99);
    each.teardown = quantile(teardowns[i]);
  }
  if (made.what.findings) made.findings = made.what.findings();
  return made;
}

}  // namespace bench
