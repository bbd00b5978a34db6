// Threads for workloads in which many work at once.
#ifndef BENCHMARKS_CREW_HPP
#define BENCHMARKS_CREW_HPP

#include <barrier>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace bench {

/// Threads that all do the same at the same time, as often as they are told to.
class crew {
 public:
  /// `make(thread)` is called on this thread, and returns what the thread does.
  template <class Make>
  crew(std::size_t size, const Make& make) : gate_(static_cast<std::ptrdiff_t>(size) + 1) {
    for (std::size_t i = 0; i < size; ++i) {
      threads_.emplace_back([this, work = std::function<void()>(make(i))] {
        for (gate_.arrive_and_wait(); !over_; gate_.arrive_and_wait()) {
          work();
          gate_.arrive_and_wait();
        }
      });
    }
  }
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew() {
    over_ = true;
    gate_.arrive_and_wait();
    for (std::thread& each : threads_) each.join();
  }
  /// All threads work once; returns when all have.
  void run() {
    gate_.arrive_and_wait();
    gate_.arrive_and_wait();
  }

 private:
  std::barrier<> gate_;
  bool over_ = false;  // ordered by the gate
  std::vector<std::thread> threads_;
};

}  // namespace bench

#endif  // BENCHMARKS_CREW_HPP
