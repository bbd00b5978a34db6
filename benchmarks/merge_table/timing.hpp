// Ways to do the same, timed in turns by the thread's processor time: the best sample of each counts, as others' work on the machine
// only ever adds.
#ifndef BENCHMARKS_MERGE_TABLE_TIMING_HPP
#define BENCHMARKS_MERGE_TABLE_TIMING_HPP

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace merge_table {

/// One way; a call does it once.
struct side {
  std::string name;
  std::function<void()> once;
};

/// Nanoseconds for once.
struct timed {
  std::string name;
  double best = 0;
  double median = 0;
  std::size_t samples = 0;
};

/// What was timed together.
struct measurement {
  std::string what;
  std::vector<timed> sides;
};

/// Times all sides in turns for `seconds`, and longer where five turns of each take longer. A turn is one sample, or as many as fit
/// into some milliseconds, so that short work is also seen with its data in the caches after a longer rival was at them.
[[nodiscard]] measurement race(std::string what, const std::vector<side>& sides, double seconds);

}  // namespace merge_table

#endif  // BENCHMARKS_MERGE_TABLE_TIMING_HPP
