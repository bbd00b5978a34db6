// Running tasks at once: the lake's own threads, an injected executor, and the loop over both.
#include <lake/core/executor.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

using lake::executor_ref;
using lake::detail::parallel_for;
using namespace std::chrono_literals;

namespace {

/// Keeps what is spawned until it is told to run it, in one thread.
struct hand_executor {
  std::deque<std::function<void()>> tasks;
  std::chrono::nanoseconds slept{0};

  executor_ref ref() {
    return executor_ref(lake::executor_functions{
        .spawn = [this](std::function<void()> task) { tasks.push_back(std::move(task)); },
        .sleep = [this](std::chrono::nanoseconds duration) { slept += duration; },
        .wait =
            [this](std::unique_lock<std::mutex>& lock, std::condition_variable&, const std::function<bool()>& ready) {
              while (!ready()) {
                REQUIRE(!tasks.empty());
                lock.unlock();
                run_one();
                lock.lock();
              }
            },
        .wake = [](std::condition_variable&) {}});
  }
  void run_one() {
    auto task = std::move(tasks.front());
    tasks.pop_front();
    task();
  }
};

}  // namespace

TEST_CASE("the loop runs each job once, the caller among the workers", "[executor]") {
  const executor_ref threads = executor_ref::threads(4);
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
    for (const std::size_t width : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{1'000}}) {
      CAPTURE(count, width);
      std::vector<std::atomic<int>> ran(count);
      parallel_for(threads, count, width, [&](std::size_t i) { return ++ran[i], true; });
      CHECK(std::all_of(ran.begin(), ran.end(), [](const auto& times) { return times == 1; }));
    }
  }
}

TEST_CASE("no more jobs run at once than the width allows", "[executor]") {
  const executor_ref threads = executor_ref::threads(8);
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  parallel_for(threads, 200, 3, [&](std::size_t) {
    const int running = ++now;
    int seen = most;
    while (running > seen && !most.compare_exchange_weak(seen, running)) {
    }
    std::this_thread::yield();
    --now;
    return true;
  });
  CHECK(most <= 3);
  CHECK(now == 0);
}

TEST_CASE("a job that says stop is the last to be started", "[executor]") {
  hand_executor hand;
  std::vector<std::size_t> ran;
  parallel_for(hand.ref(), 10, 4, [&](std::size_t i) { return ran.push_back(i), i != 3; });
  CHECK(ran == std::vector<std::size_t>{0, 1, 2, 3});
  CHECK(hand.tasks.size() == 3);
  while (!hand.tasks.empty()) hand.run_one();  // Helpers that come late find nothing to do.
  CHECK(ran.size() == 4);
}

TEST_CASE("an executor that runs nothing delays nothing", "[executor]") {
  hand_executor hand;
  std::size_t sum = 0;
  parallel_for(hand.ref(), 5, 5, [&](std::size_t i) { return sum += i, true; });
  CHECK(sum == 10);
  CHECK(hand.tasks.size() == 4);
}

TEST_CASE("loops within loops come to an end on few threads", "[executor]") {
  const executor_ref threads = executor_ref::threads(2);
  std::atomic<int> ran = 0;
  parallel_for(threads, 4, 4, [&](std::size_t) {
    parallel_for(threads, 4, 4, [&](std::size_t) {
      parallel_for(threads, 4, 4, [&](std::size_t) { return ++ran, true; });
      return true;
    });
    return true;
  });
  CHECK(ran == 64);
}

TEST_CASE("own threads run every task before they are joined", "[executor]") {
  std::atomic<int> ran = 0;
  {
    const executor_ref threads = executor_ref::threads(2);
    for (int i = 0; i < 50; ++i) threads.spawn([&] { ++ran; });
  }
  CHECK(ran == 50);
}

TEST_CASE("waiting goes by the condition, sleeping by the executor", "[executor]") {
  const executor_ref threads = executor_ref::threads(1);
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  threads.spawn([&] {
    const std::lock_guard lock(mutex);
    done = true;
    threads.wake(changed);
  });
  std::unique_lock lock(mutex);
  threads.wait(lock, changed, [&] { return done; });
  CHECK(done);

  hand_executor hand;
  hand.ref().sleep(5s);
  CHECK(hand.slept == 5s);
  CHECK(!executor_ref());
  CHECK(static_cast<bool>(hand.ref()));
}
