#include <lake/core/executor.hpp>
#include <lake/detail/single_flight.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Counts the callers that wait, so that a loader can hold on until they do; no test sleeps.
class counting_waiter {
 public:
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, const std::function<bool()>& ready) const {
    waiting_->fetch_add(1);
    waiting_->notify_all();
    condition.wait(lock, ready);
  }
  void wake(std::condition_variable& condition) const { condition.notify_all(); }

  void until(int callers) const {
    for (int now = waiting_->load(); now < callers; now = waiting_->load()) waiting_->wait(now);
  }

 private:
  std::shared_ptr<std::atomic<int>> waiting_ = std::make_shared<std::atomic<int>>(0);
};

using flights = lake::detail::single_flight<std::shared_ptr<const std::string>, counting_waiter>;
using body_result = lake::result<std::shared_ptr<const std::string>>;

body_result loaded(const char* bytes) { return std::make_shared<const std::string>(bytes); }

/// One leader whose load ends when `waiters` others wait for it; what each got, the leader first.
template <class Load, class Again>
std::vector<body_result> together(flights& flight, const counting_waiter& waiter, int waiters, Load load, Again again) {
  std::promise<void> loading;
  std::vector<std::future<body_result>> others;
  std::future<body_result> leader = std::async(std::launch::async, [&] {
    return flight.take("key", [&] {
      loading.set_value();
      waiter.until(waiters);
      return load();
    });
  });
  loading.get_future().wait();
  for (int i = 0; i < waiters; ++i) others.push_back(std::async(std::launch::async, [&] { return flight.take("key", again); }));
  std::vector<body_result> got;
  got.push_back(leader.get());
  for (std::future<body_result>& other : others) got.push_back(other.get());
  return got;
}

}  // namespace

TEST_CASE("one load serves all who ask for the key meanwhile") {
  const counting_waiter waiter;
  flights flight(waiter);
  std::atomic<int> loads{0};

  const std::vector<body_result> got = together(
      flight, waiter, 5, [&] { return ++loads, loaded("value"); }, [&] { return ++loads, loaded("another"); });

  CHECK(loads == 1);
  REQUIRE(got.size() == 6);
  for (const body_result& each : got) CHECK(*each == *got.front());
  CHECK(**got.front() == "value");
  CHECK(flight.in_flight() == 0);
}

TEST_CASE("a failing load gives its error to all who wait, and is not remembered") {
  const counting_waiter waiter;
  flights flight(waiter);
  const auto fail = [] { return body_result(lake::error{lake::errc::corrupt_body, "load", "key", "damaged"}); };

  const std::vector<body_result> got = together(flight, waiter, 3, fail, [] { return loaded("another"); });

  REQUIRE(got.size() == 4);
  for (const body_result& each : got) {
    REQUIRE_FALSE(each);
    CHECK(each.error().to_string() == "load \"key\": corrupt_body: damaged");
  }
  CHECK(**flight.take("key", [] { return loaded("after"); }) == "after");
}

TEST_CASE("a caller that waits does not share the cancellation of the one that loads") {
  const counting_waiter waiter;
  flights flight(waiter);
  const auto cancelled = [] { return body_result(lake::error{lake::errc::cancelled, "load", "key", "stopped"}); };

  const std::vector<body_result> got = together(flight, waiter, 2, cancelled, [] { return loaded("by itself"); });

  REQUIRE(got.size() == 3);
  CHECK(got[0].error().code == lake::errc::cancelled);
  CHECK(**got[1] == "by itself");
  CHECK(**got[2] == "by itself");
}

TEST_CASE("a load runs without the lock, so other keys are loaded meanwhile") {
  lake::detail::single_flight<int> flight;

  const lake::result<int> outer = flight.take("a", [&flight] {
    const lake::result<int> inner = flight.take("b", [] { return lake::result<int>(1); });
    return lake::result<int>(*inner + static_cast<int>(flight.in_flight()));
  });

  CHECK(*outer == 2);
  CHECK(flight.in_flight() == 0);
}

TEST_CASE("values are not remembered: that is a cache's affair") {
  lake::detail::single_flight<int> flight;

  CHECK(*flight.take("key", [] { return lake::result<int>(1); }) == 1);
  CHECK(*flight.take("key", [] { return lake::result<int>(2); }) == 2);
}

TEST_CASE("an executor can be what a single_flight waits with") {
  lake::detail::single_flight<int, lake::executor_ref> flight(lake::executor_ref::threads(1));

  CHECK(*flight.take("key", [] { return lake::result<int>(7); }) == 7);
}

#if defined(__cpp_exceptions)
TEST_CASE("a load that throws wakes those who wait, and they load by themselves") {
  const counting_waiter waiter;
  flights flight(waiter);
  std::promise<void> loading;
  std::future<body_result> leader = std::async(std::launch::async, [&] {
    return flight.take("key", [&]() -> body_result {
      loading.set_value();
      waiter.until(1);
      throw std::string("out of the loader");
    });
  });
  loading.get_future().wait();

  CHECK(**flight.take("key", [] { return loaded("value"); }) == "value");
  CHECK_THROWS_AS(leader.get(), std::string);
  CHECK(flight.in_flight() == 0);
}
#endif
