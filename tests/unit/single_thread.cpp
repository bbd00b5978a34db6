// A whole lake in one thread: spawned tasks, waits and sleeps all go through the injected executor, so a simulation can own them.
#include "support/catch.hpp"

#include <lake/lake.hpp>
#include <lake/testing/manual_clock.hpp>

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace {

/// Runs tasks only inside waits and sleeps, on the thread that waits or sleeps.
class one_thread {
 public:
  explicit one_thread(lake::testing::manual_clock clock) : state_(std::make_shared<state>(state{clock, {}, 0})) {}

  [[nodiscard]] lake::executor_ref executor() const {
    return lake::executor_ref(lake::executor_functions{
        .spawn = [own = state_](std::function<void()> task) { own->tasks.push_back(std::move(task)); },
        .sleep =
            [own = state_](std::chrono::nanoseconds time) {
              own->clock.advance(std::chrono::ceil<std::chrono::milliseconds>(time));
              own->run_one();
            },
        .wait =
            [own = state_](std::unique_lock<std::mutex>& lock, std::condition_variable&, const std::function<bool()>& ready) {
              while (!ready()) {
                lock.unlock();
                own->run_one();
                lock.lock();
              }
            },
        .wake = [](std::condition_variable&) {}});
  }
  [[nodiscard]] std::size_t ran() const { return state_->ran; }

 private:
  struct state {
    lake::testing::manual_clock clock;
    std::deque<std::function<void()>> tasks;
    std::size_t ran;
    void run_one() {
      if (tasks.empty()) return;
      const std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      task();
      ++ran;
    }
  };
  std::shared_ptr<state> state_;
};

std::size_t threads_of_this_process() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator()));
}

/// memory_storage, but loads are worth running side by side.
class slow_storage : public lake::memory_storage {
 public:
  static constexpr std::size_t concurrent_from = 2;
};

}  // namespace

TEST_CASE("A lake runs in one thread on an injected executor, clock and random source") {
  const lake::testing::manual_clock clock;
  const one_thread world(clock);
  std::uint64_t draws = 0;
  const std::size_t threads_before = threads_of_this_process();
  lake::memory_index index({.clock = clock.source()});
  {
    lake::basic_lake db(lake::lake_options{.clock = clock.source(),
                                           .random = lake::random_source([&draws] { return ++draws * 0x9e3779b97f4a7c15U; }),
                                           .executor = world.executor()},
                        index, slow_storage{});
    for (int i = 0; i < 20; ++i) db.write({.catalog = "users", .path = "/k" + std::to_string(i), .body = std::to_string(i)}).value();
    REQUIRE(db.read_json("users").value().size() == 20);
    db.flush();
    CHECK(db.list("users").latest_snapshot().has_value());
    CHECK(db.stats().snapshots_saved == 1);

    // A writer that died: the reader's wait passes on the injected clock only.
    const lake::member_spec spec{lake::merge_type::replace, "/lost"};
    index.reserve({.catalog = "users", .token = {1}, .members = {&spec, 1}}, {}).value();
    const auto begin = clock.wall();
    const auto blocked = db.read_string("users");
    REQUIRE(!blocked);
    CHECK(blocked.error().code == lake::errc::pending_write);
    CHECK(clock.wall() - begin >= std::chrono::seconds{2});
    CHECK(clock.wall() - begin < std::chrono::seconds{3});
    db.write({.catalog = "users", .path = "/k0", .body = "1"}).value();
  }
  CHECK(world.ran() > 0);
  CHECK(draws > 40);
  CHECK(threads_of_this_process() == threads_before);
}
