// Named workloads, each with ours and its rivals and limits, measured in turns within one run so that a busy machine slows all alike.
#ifndef BENCHMARKS_HARNESS_HPP
#define BENCHMARKS_HARNESS_HPP

#include "figures.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What the command line asks for.
struct settings {
  std::string filter = ".*";
  std::size_t repeat = 5;              ///< Rounds.
  double seconds = 1.0;                ///< For all rounds of one contender together.
  bool full = false;                   ///< Larger workloads.
  bool ours = false;                   ///< Without rivals and limits: for profilers.
  std::string lake = "memory+memory";  ///< The composition in workloads that run on any lake.
  std::filesystem::path folder;        ///< Where workloads may write; emptied by the caller.
};

/// A contender's state during one round, in the captures: a call does n operations, destroying it is the teardown, timed by itself.
using session = std::function<void(std::size_t n)>;

enum class role : std::uint8_t {
  ours,
  rival,  ///< Another way to do the same.
  limit,  ///< What nobody can beat: the least work that must be done.
};

[[nodiscard]] std::string_view to_string(role is) noexcept;

struct contender {
  std::string name;
  role is = role::ours;
  std::function<session()> open;
};

/// What the first contender is to reach.
struct goal {
  double per_second = 0;  ///< Items a second; 0: none.
  double ratio = 0;       ///< Of the speed of the contender `against`; 0: none.
  std::string against = {};
};

/// A fact besides times, of all rounds together: how many errors there were.
struct finding {
  std::string what;
  double value = 0;
  std::optional<double> wanted = {};  ///< Another value is a miss.
};

struct workload {
  std::string what;            ///< One line for people.
  double bytes = 0;            ///< Per operation.
  double items = 1;            ///< Per operation: figures are per item.
  std::size_t operations = 0;  ///< Per round; 0: as many as fit the time.
  std::size_t rounds = 0;      ///< At most; 0: as many as asked for.
  goal wanted = {};
  std::function<std::vector<finding>()> findings = {};  ///< Asked after the last round.
  std::vector<contender> contenders;                    ///< The first one is ours, against which ratios are.
};

/// A workload by name, made only if it is run.
struct entry {
  std::string name;
  std::function<workload(const settings&)> make;
};

/// What one contender did. Times in nanoseconds per item.
struct outcome {
  std::string name;
  role is = role::ours;
  std::size_t operations = 0;  ///< Per round.
  std::vector<double> rounds;  ///< Time of each.
  double median = 0;
  double cpu = 0;  ///< Processor time of all threads, median: what others' work on the machine disturbs least.
  double p50 = 0;  ///< Of single operations, per operation.
  double p99 = 0;
  double teardown = 0;  ///< Median.
  double allocations = 0;
  double allocated_bytes = 0;
};

struct report {
  std::string name;
  workload what;
  std::vector<outcome> outcomes;
  std::vector<finding> findings;

  /// How much faster the first contender was than another: the median of the rounds' ratios.
  [[nodiscard]] double ratio(std::size_t other) const;
  /// Whether the goal is met; nothing without one.
  [[nodiscard]] std::optional<bool> goal_met() const;
};

/// Measures all contenders of a workload, in turns.
[[nodiscard]] report measure(const entry& which, const settings& with);

// The workloads, a file each.
void add_write_workloads(std::vector<entry>& all);
void add_ceiling_workloads(std::vector<entry>& all);
void add_read_workloads(std::vector<entry>& all);
void add_merge_workloads(std::vector<entry>& all);
void add_codec_workloads(std::vector<entry>& all);
void add_redis_workloads(std::vector<entry>& all);
void add_s3_workloads(std::vector<entry>& all);

}  // namespace bench

#endif  // BENCHMARKS_HARNESS_HPP
