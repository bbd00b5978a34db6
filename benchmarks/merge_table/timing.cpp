#include "timing.hpp"

#include "figures.hpp"

#include <algorithm>
#include <utility>

#include <ctime>

namespace merge_table {
namespace {

/// The processor time of this thread: while others have the processor, it stands still.
double now_ns() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

constexpr double sample_ns = 100'000;  // Long against the time to read the clock, short against the time between interruptions.
constexpr double turn_ns = 5'000'000;
constexpr std::size_t least_turns = 5;

double once_ns(const side& who, std::size_t repeat) {
  const double begin = now_ns();
  for (std::size_t i = 0; i < repeat; ++i) who.once();
  return (now_ns() - begin) / static_cast<double>(repeat);
}

/// How often to repeat for one sample. Fills the caches and the allocator on the way.
std::size_t repeats(const side& who) {
  std::size_t repeat = 1;
  while (once_ns(who, repeat) * static_cast<double>(repeat) < sample_ns / 2) repeat *= 2;
  return repeat;
}

/// Adds the samples of a turn; returns its time.
double take_turn(const side& who, std::size_t repeat, std::vector<double>& samples) {
  double spent = 0;
  while (spent < turn_ns) {
    samples.push_back(once_ns(who, repeat));
    spent += samples.back() * static_cast<double>(repeat);
  }
  return spent;
}

}  // namespace

measurement race(std::string what, const std::vector<side>& sides, double seconds) {
  std::vector<std::size_t> repeat;
  for (const side& each : sides) repeat.push_back(repeats(each));
  std::vector<std::vector<double>> samples(sides.size());
  double spent = 0;
  for (std::size_t turn = 0; turn < least_turns || spent < seconds * 1e9; ++turn) {
    for (std::size_t i = 0; i < sides.size(); ++i) spent += take_turn(sides[i], repeat[i], samples[i]);
  }
  measurement made{std::move(what), {}};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    made.sides.push_back(
        {sides[i].name, *std::min_element(samples[i].begin(), samples[i].end()), bench::quantile(samples[i]), samples[i].size()});
  }
  return made;
}

}  // namespace merge_table
