// Counts what the program allocates, while asked to. The operators new of the benchmark binary are in allocations.cpp.
#ifndef BENCHMARKS_ALLOCATIONS_HPP
#define BENCHMARKS_ALLOCATIONS_HPP

#include <cstdint>

namespace bench {

struct allocation_count {
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;
};

/// Counts from construction to destruction, in all threads. One at a time. What is not counted is not slowed down either, but
/// for one load and a branch: rounds that are timed are not counted.
class counting {
 public:
  counting();
  counting(const counting&) = delete;
  counting& operator=(const counting&) = delete;
  ~counting();

  [[nodiscard]] allocation_count so_far() const;
};

}  // namespace bench

#endif  // BENCHMARKS_ALLOCATIONS_HPP
