// Threads of a test that begin together, and what they have to complain about. Tests only; knows nothing of lakes.
#ifndef LAKE_TESTS_SUPPORT_THREADS_HPP
#define LAKE_TESTS_SUPPORT_THREADS_HPP

#include <lake/core/result.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <functional>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lake_test {

/// What went wrong in threads; Catch's own macros are for the test's thread only.
class complaints {
 public:
  void expect(bool right, const std::string& what) {
    if (right) return;
    const std::lock_guard lock(mutex_);
    if (all_.size() < 5) all_.push_back(what);
    ++count_;
  }
  template <class T>
  bool expect(const lake::result<T>& right, const std::string& what) {
    expect(right.has_value(), right.has_value() ? std::string() : what + ": " + right.error().to_string());
    return right.has_value();
  }
  /// For the test's thread, when the others have ended.
  void check_none() {
    for (const std::string& each : all_) UNSCOPED_INFO(each);
    CHECK(count_ == 0);
  }
  /// The same where the rest of the test makes no sense otherwise.
  void require_none() {
    for (const std::string& each : all_) UNSCOPED_INFO(each);
    REQUIRE(count_ == 0);
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> all_;
  std::size_t count_ = 0;
};

/// Runs the body in so many threads, which begin together.
inline void run_threads(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::latch begin(static_cast<std::ptrdiff_t>(count));
  std::vector<std::thread> running;
  for (std::size_t thread = 0; thread < count; ++thread) {
    running.emplace_back([&, thread] {
      begin.arrive_and_wait();
      body(thread);
    });
  }
  for (std::thread& each : running) each.join();
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_THREADS_HPP
