// A lake whose index and storage fail where a test tells them to, on a clock that only the test moves.
#ifndef LAKE_TESTS_FAULT_SUPPORT_HPP
#define LAKE_TESTS_FAULT_SUPPORT_HPP

#include "support/folder.hpp"
#ifdef LAKE_TESTS_REDIS_MATRIX
#include "support/redis_lakes.hpp"
#endif

#include <lake/decorate/faulty.hpp>
#include <lake/embedded.hpp>
#include <lake/testing/manual_clock.hpp>
#include <lake/testing/storage_contract.hpp>

#include <chrono>
#include <cstddef>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace lake_test {

using std::chrono::milliseconds;

/// Threads as usual, but sleeping moves the test's clock instead of waiting.
inline lake::executor_ref sleepless(lake::testing::manual_clock clock) {
  const lake::executor_ref threads = lake::executor_ref::threads(2);
  return lake::executor_ref(lake::executor_functions{
      .spawn = [threads](std::function<void()> task) { threads.spawn(std::move(task)); },
      .sleep = [clock](std::chrono::nanoseconds time) mutable { clock.advance(std::chrono::ceil<milliseconds>(time)); },
      .wait = [threads](std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                        const std::function<bool()>& ready) { threads.wait(lock, condition, ready); },
      .wake = [threads](std::condition_variable& condition) { threads.wake(condition); }});
}

/// In memory.
struct in_memory {
  using index_type = lake::memory_index;
  using storage_type = lake::memory_storage;
  static constexpr const char* name = "memory_index + memory_storage";
  struct place {};
  static index_type index(place&, const lake::testing::manual_clock& clock) { return index_type({.clock = clock.source()}); }
  static storage_type storage(place&) { return {}; }
};

/// In a folder.
struct on_disk {
  using index_type = lake::sqlite_index;
  using storage_type = lake::filesystem_storage;
  static constexpr const char* name = "sqlite_index + filesystem_storage";
  using place = scratch_folder;
  static index_type index(place& folder, const lake::testing::manual_clock& clock) {
    return index_type::open({.file = folder.path() / "index.db", .durability = lake::durability::none, .clock = clock.source()}).value();
  }
  static storage_type storage(place& folder) {
    return storage_type::open({.root = folder.path() / "objects", .create = true, .durability = lake::durability::none}).value();
  }
};

#ifdef LAKE_TESTS_REDIS_MATRIX
/// In a database of a real server.
struct in_redis {
  using index_type = lake::redis_index;
  using storage_type = lake::memory_storage;
  static constexpr const char* name = "redis_index + memory_storage";
  using place = redis_database;
  static index_type index(place& database, const lake::testing::manual_clock& clock) {
    index_type index = index_type::connect({.url = database.url(), .clock = clock.source()}).value();
    index.attach(lake::layout::documented::prefix(storage_type::kind, lake::lake_options{}.name));
    return index;
  }
  static storage_type storage(place&) { return {}; }
};
#define LAKE_TESTS_BACKENDS lake_test::in_redis
#else
#define LAKE_TESTS_BACKENDS lake_test::in_memory, lake_test::on_disk
#endif

/// Policies that outlive their lakes, so that a test can look past every fault and open the lake again after a "crash".
template <class Backend>
class faulty_world {
 public:
  using index_type = lake::faulty_index<typename Backend::index_type>;
  using storage_type = lake::faulty_storage<typename Backend::storage_type>;
  using lake_type = lake::basic_lake<index_type, storage_type>;

  faulty_world() : index_(Backend::index(place_, clock), plan), storage_(Backend::storage(place_), plan) {}

  /// A lake through the faults. No snapshots by themselves, no kept documents unless asked for: each read says what index and storage hold.
  lake_type open(lake::lake_options options = {}, std::size_t document_cache_bytes = 0) {
    options.clock = clock.source();
    options.executor = sleepless(clock);
    options.snapshots = lake::snapshot_policy::never();
    options.document_cache_bytes = document_cache_bytes;
    options.on_event = [this](const lake::event& what) {
      const std::lock_guard lock(events_mutex_);
      events_.insert(what.kind);
    };
    return lake_type(std::move(options), index_, storage_);
  }

  [[nodiscard]] std::string index_dump() { return index_.inner().dump().value(); }
  [[nodiscard]] std::string storage_dump() { return lake::testing::dump_storage(storage_.inner()).value(); }
  [[nodiscard]] typename Backend::index_type& index() { return index_.inner(); }
  [[nodiscard]] typename Backend::storage_type& storage() { return storage_.inner(); }
  [[nodiscard]] bool told(lake::event_kind kind) {
    const std::lock_guard lock(events_mutex_);
    return events_.contains(kind);
  }

  /// The members and files of the index: its dump without clocks, control fields and the records of the dead.
  [[nodiscard]] std::string log_dump() {
    std::istringstream lines(index_dump());
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      const std::size_t fact = line.find("\" ");
      const std::string_view what = fact == std::string::npos ? std::string_view(line) : std::string_view(line).substr(fact + 2);
      for (const std::string_view wanted : {"delta|", "pending|", "snap|", "file ", "meta "}) {
        if (what.starts_with(wanted)) kept += line + '\n';
      }
    }
    return kept;
  }
  [[nodiscard]] std::size_t count_in_log(std::string_view what) {
    const std::string log = log_dump();
    std::size_t found = 0;
    for (std::size_t at = log.find(what); at != std::string::npos; at = log.find(what, at + 1)) ++found;
    return found;
  }

#ifdef LAKE_TESTS_REDIS_MATRIX
  [[nodiscard]] int server_port() const { return place_.port(); }
  [[nodiscard]] std::string database_number() const { return place_.number(); }
#endif

  lake::testing::manual_clock clock;
  lake::fault_plan plan;

 private:
  typename Backend::place place_{};
  index_type index_;
  storage_type storage_;
  std::mutex events_mutex_;
  std::set<lake::event_kind> events_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_FAULT_SUPPORT_HPP
