// What bounds a call and where a lake's work is done: deadlines, stop tokens, executors, queues, names. One lake stands for all.
#include "support/lakes.hpp"

#include <lake/decorate/faulty.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake_test::lake_home;
using namespace std::chrono_literals;

namespace {

lake::call_options stopped() {
  std::stop_source stop;
  stop.request_stop();
  return {.stop = stop.get_token()};
}

/// Options whose sleeps do what the test says.
template <class Nap>
lake::lake_options with_sleep(lake::lake_options options, Nap nap) {
  const lake::executor_ref threads = lake::executor_ref::threads(2);
  options.executor = lake::executor_ref(
      lake::executor_functions{.spawn = [threads](std::function<void()> task) { threads.spawn(std::move(task)); },
                               .sleep = [nap](std::chrono::nanoseconds duration) mutable { nap(duration); },
                               .wait = [threads](std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                                                 const std::function<bool()>& ready) { threads.wait(lock, condition, ready); },
                               .wake = [threads](std::condition_variable& condition) { threads.wake(condition); }});
  return options;
}

void reserve_slow(lake::memory_lake& db) {
  const lake::member_spec member{lake::merge_type::replace, "/slow"};
  db.index().reserve({.catalog = "doc", .token = lake::random_source{}.bits128(), .members = {&member, 1}}, lake::index_timing{}).value();
}

}  // namespace

TEST_CASE("a call whose stop token is set, or whose time is over, does nothing", "[lake][calls]") {
  const lake_home<lake::memory_lake> home;
  lake::memory_lake db = home.client();
  db.write({.catalog = "doc", .body = "1"}).value();
  const auto before = home.everything();
  const lake::write_request request{.catalog = "doc", .body = "2"};
  const auto refuses = [&](const lake::call_options& call, lake::errc code) {
    CHECK(db.write(request, call).error().code == code);
    CHECK(db.write_batch({&request, 1}, call).error().code == code);
    CHECK(db.list("doc", {}, call).error().value().code == code);
    CHECK(db.read_string("doc", call).error().code == code);
    CHECK(db.read_json("doc", call).error().code == code);
    const auto many = db.write_many({&request, 1}, call);
    REQUIRE(many.size() == 1);
    CHECK((!many[0] && many[0].error().code == code));
    CHECK(home.everything() == before);
  };
  SECTION("stopped") { refuses(stopped(), lake::errc::cancelled); }
  SECTION("late") { refuses({.deadline = 0ms}, lake::errc::timeout); }
}

TEST_CASE("a caller that gives up while it waits for a write in flight is told so", "[lake][calls]") {
  const lake_home<lake::memory_lake> home;
  std::stop_source stop;
  const lake::testing::manual_clock clock = home.clock;
  lake::memory_lake db = home.client(with_sleep(home.options(), [&stop, moving = clock](std::chrono::nanoseconds) mutable {
    moving.advance(1ms);
    stop.request_stop();
  }));
  const lake::time_seq first = db.write({.catalog = "doc", .body = "1"}).value();
  reserve_slow(db);

  CHECK(db.read_string("doc", lake::call_options{.stop = stop.get_token()}).error().code == lake::errc::cancelled);
  stop = std::stop_source();
  CHECK(db.write({.catalog = "doc", .body = "2", .expected = first}, lake::call_options{.stop = stop.get_token()}).error().code ==
        lake::errc::cancelled);
  CHECK(home.index_dump().find("pending|delta|1|/|") == std::string::npos);
}

TEST_CASE("a read that has to list again waits for a write in flight as it was told to", "[lake][calls]") {
  using faulty_lake = lake::basic_lake<lake::memory_index, lake::faulty_storage<lake::memory_storage>>;
  lake_home<lake::memory_lake> home;
  lake::memory_lake other = home.client();
  other.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  lake::fault_plan plan;
  const lake::member_spec member{lake::merge_type::replace, "/slow"};
  const lake::write_token token = lake::random_source{}.bits128();
  std::optional<lake::id_run> slow;
  // Between the list and the load everything is cleared away, and another write begins; it ends while the read waits.
  plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation != "get" || slow || plan.calls("get") < 2) return;
    other.clear_history("doc").value();
    slow = other.index().reserve({.catalog = "doc", .token = token, .members = {&member, 1}}, lake::index_timing{}).value().ids;
  });
  faulty_lake reader(with_sleep(home.options(),
                                [&, moving = lake::testing::manual_clock(home.clock)](std::chrono::nanoseconds) mutable {
                                  moving.advance(1ms);
                                  other.index().rollback("doc", *slow, token).value();
                                }),
                     home.index(), lake::faulty_storage(home.storage(), plan));

  const auto read = reader.read_string("doc");

  INFO((read ? *read : read.error().to_string()));
  CHECK(plan.calls("get") > 2);
  CHECK(read == R"({"a":1})");
}

TEST_CASE("a compare-and-set beside a write in flight waits, then says what it waited for", "[lake][calls]") {
  const lake_home<lake::memory_lake> home;
  lake::memory_lake db = home.client();
  const lake::time_seq first = db.write({.catalog = "doc", .body = "1"}).value();
  reserve_slow(db);
  const auto begin = home.clock.wall();

  const auto written = db.write({.catalog = "doc", .body = "2", .expected = first}, lake::call_options{.deadline = 500ms});

  REQUIRE(!written.has_value());
  CHECK(written.error().code == lake::errc::pending_write);
  CHECK(home.clock.wall() - begin >= 500ms);
  CHECK(home.clock.wall() - begin < 1s);
  // With time enough, the write in flight dies of age and the other one is done.
  lake::lake_options patient = home.options();
  patient.deadline = 200s;
  CHECK(home.client(patient).write({.catalog = "doc", .body = "2", .expected = first}).has_value());
}

TEST_CASE("background snapshots are bounded, one for a version, and never the reader's trouble", "[lake][calls]") {
  const lake_home<lake::memory_lake> home;
  std::vector<std::function<void()>> tasks;
  lake::lake_options options = home.options();
  options.snapshots = lake::snapshot_policy::always();
  options.document_cache_bytes = 0;
  options.snapshot_queue = 2;
  options.executor = lake::executor_ref(lake::executor_functions{
      .spawn = [&tasks](std::function<void()> task) { tasks.push_back(std::move(task)); },
      .sleep = [](std::chrono::nanoseconds) {},
      .wait =
          [&tasks](std::unique_lock<std::mutex>& lock, std::condition_variable&, const std::function<bool()>& ready) {
            lock.unlock();
            for (auto& task : std::exchange(tasks, {})) task();
            lock.lock();
            CHECK(ready());
          },
      .wake = [](std::condition_variable&) {}});
  lake::memory_lake db = home.client(options);

  for (const char* name : {"a", "b", "c"}) {
    db.write({.catalog = name, .body = "1"}).value();
    for (int i = 0; i < 3; ++i) CHECK(db.read_string(name) == "1");
  }
  CHECK(tasks.size() == 2);
  CHECK(!db.list("a").latest_snapshot());
  db.flush();
  CHECK(db.list("a").latest_snapshot());
  CHECK(db.list("b").latest_snapshot());
  CHECK(!db.list("c").latest_snapshot());
  CHECK(db.stats().snapshots_saved == 2);
  CHECK(db.stats().reads == 9);
}

TEST_CASE("a lake without threads of its own still works", "[lake][calls]") {
  lake::lake_options options;
  options.workers = 0;
  options.snapshots = lake::snapshot_policy::always();
  lake::memory_lake db(options);
  db.write({.catalog = "doc", .body = "1"}).value();
  const auto read = db.read_string("doc");
  CHECK((read == "1" || read.error().code == lake::errc::configuration));
  db.flush();
}

TEST_CASE("a lake may be called anything that is not empty", "[lake][calls]") {
  for (const std::string& name : {std::string("a:b%{c}"), std::string("中文"), std::string("\"quoted\"\n"), std::string(500, 'n')}) {
    CAPTURE(name);
    const lake_home<lake::memory_lake> home;
    lake::lake_options options = home.options();
    options.name = name;
    CHECK(home.client(options).write({.catalog = "doc", .body = "1"}).has_value());
    CHECK(home.client(options).read_string("doc") == "1");
    CHECK(home.client().read_string("doc").error().code == lake::errc::configuration);
  }
}

TEST_CASE("the counts of a lake are those of its work", "[lake][calls]") {
  const lake_home<lake::memory_lake> home;
  lake::memory_lake db = home.client();
  db.write({.catalog = "doc", .body = "1"}).value();
  db.write_batch({{.catalog = "doc", .body = "2"}, {.catalog = "doc", .body = "3"}}).value();
  CHECK(!db.write({.catalog = "doc", .body = "4", .expected = lake::time_seq{}}).has_value());
  CHECK(db.read_string("doc") == "3");
  CHECK(db.read_string("doc") == "3");
  CHECK(db.read_at("nothing", "/a").error().code == lake::errc::not_found);

  const lake::lake_stats stats = db.stats();
  CHECK(stats.writes == 3);
  CHECK(stats.failed_writes == 1);
  CHECK(stats.bodies_loaded == 1);  // Each write replaces the whole document: what it hides is not loaded.
  CHECK(stats.documents_reused == 1);
  CHECK(stats.cache_hits == 0);
  CHECK(stats.snapshots_saved == 0);
}
