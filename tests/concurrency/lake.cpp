// Lakes between threads and processes: what was acknowledged is there once, in order, whatever else goes on.
#include <lake/lake.hpp>

#include <lake/codec/gzip.hpp>
#include <lake/index/sqlite.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"
#include "support/threads.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

using namespace std::chrono_literals;
using lake_test::complaints;
using lake_test::run_threads;

namespace {

/// How often each thread does its part: enough to meet the others, few enough for a sanitizer. Memory is faster than files.
constexpr int memory_rounds = 1'000;
constexpr int file_rounds = 150;

using durable_lake = lake::basic_lake<lake::sqlite_index, lake::filesystem_storage, lake::memory_cache, lake::gzip_codec>;

/// Options for a lake whose readers are all here: clears need no grace, reads wait as long as a slow machine takes.
lake::lake_options busy_options() {
  lake::lake_options options;
  options.clear.grace = 0ms;
  options.read_pending = lake::pending::wait{20s};
  options.workers = 4;
  return options;
}

durable_lake open_durable(const std::filesystem::path& folder, lake::lake_options options) {
  auto index = lake::sqlite_index::open({.file = folder / "index.db", .durability = lake::durability::none});
  auto storage = lake::filesystem_storage::open({.root = folder / "objects", .create = true, .durability = lake::durability::none});
  return durable_lake(std::move(options), std::move(index).value(), std::move(storage).value());
}

/// The document, asked for again where it is cleared away under the reader: without a grace that may happen to one read twice.
template <class Lake>
lake::result<std::map<std::string, int>> read_counters(const Lake& db, std::string_view catalog) {
  for (int tries = 1;; ++tries) {
    auto document = db.template read<std::map<std::string, int>>(catalog);
    if (document || document.error().code != lake::errc::not_found || tries == 10) return document;
  }
}

/// Five writers that each count up in a place of their own, two maintainers and a reader, all on one catalog.
template <class Writers, class Lake>
void write_read_and_clear(int rounds, Writers&& lake_of, Lake& reader) {
  constexpr std::size_t writers = 5;
  complaints wrong;
  std::atomic<int> writing = static_cast<int>(writers);
  lake_of(0).write({.catalog = "shared", .body = "{}"}).value();
  std::mutex acknowledging;
  std::vector<lake::time_seq> acknowledged;
  run_threads(8, [&](std::size_t thread) {
    Lake& db = lake_of(thread);
    const std::string path = "/t" + std::to_string(thread);
    if (thread < writers) {
      lake::time_seq before;
      for (int i = 1; i <= rounds; ++i) {
        const auto id = db.write(
            {.catalog = "shared", .path = path, .body = std::to_string(i), .meta = "{\"" + path + "\":" + std::to_string(i) + "}"});
        if (!wrong.expect(id, "write")) break;
        wrong.expect(before < *id, "the ids of one writer do not rise");
        before = *id;
        const std::lock_guard lock(acknowledging);
        acknowledged.push_back(*id);
      }
      --writing;
      return;
    }
    std::map<std::string, int> seen;
    for (int i = 0; writing > 0; ++i) {
      if (thread < 7 && i % 4 == 1) wrong.expect(db.take_snapshot("shared"), "take_snapshot");
      if (thread < 7 && i % 8 == 5) wrong.expect(db.clear_history_with_retention("shared", 1), "clear");
      const auto document = read_counters(db, "shared");
      if (!wrong.expect(document, "read")) break;
      for (const auto& [key, value] : *document) {
        wrong.expect(value >= seen[key], "a counter went back");
        seen[key] = value;
      }
      for (const auto& [key, value] : seen) wrong.expect(value == 0 || document->contains(key), "a counter was lost");
      const auto list = db.list("shared", {.pending = lake::pending::committed_prefix{}});
      wrong.expect(!list.error(), "list");
      wrong.expect(std::is_sorted(list.deltas().begin(), list.deltas().end(), [](const auto& a, const auto& b) { return a.id < b.id; }),
                   "order");
    }
  });
  wrong.require_none();

  std::string all_meta = "{";
  for (std::size_t thread = 0; thread < writers; ++thread) {
    CHECK(reader.read_at("shared", "/t" + std::to_string(thread)) == std::to_string(rounds));
    all_meta += (thread == 0 ? "\"/t" : ",\"/t") + std::to_string(thread) + "\":" + std::to_string(rounds);
  }
  CHECK(reader.meta("shared") == all_meta + "}");
  CHECK(std::set<lake::time_seq>(acknowledged.begin(), acknowledged.end()).size() == writers * static_cast<std::size_t>(rounds));
  CHECK(reader.list("shared").version() >= *std::max_element(acknowledged.begin(), acknowledged.end()));
  CHECK(reader.take_snapshot("shared").has_value());
  CHECK(reader.clear_history("shared").value().failures.empty());
  std::size_t deltas = 0;
  reader.storage()
      .list("",
            [&](const lake::object_info& each) {
              if (each.key.find("/delta/") != std::string::npos) ++deltas;
              return true;
            })
      .value();
  CHECK(deltas == 0);
}

/// A program running beside this one. It waits until `start`.
class writer_process {
 public:
  explicit writer_process(std::vector<std::string> words) {
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int failed = ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    begin_ = in[1];
    lines_ = ::fdopen(out[0], "r");
    REQUIRE(failed == 0);
  }
  writer_process(const writer_process&) = delete;
  writer_process& operator=(const writer_process&) = delete;
  ~writer_process() {
    start();
    if (pid_ > 0) wait();
    std::fclose(lines_);
  }

  void start() {
    if (begin_ >= 0) ::close(std::exchange(begin_, -1));
  }
  /// Every line of its output, read until it ends.
  std::vector<std::string> lines() {
    std::vector<std::string> all(1);
    for (int c = std::fgetc(lines_); c != EOF; c = std::fgetc(lines_)) {
      if (c == '\n') all.emplace_back();
      else all.back() += static_cast<char>(c);
    }
    all.pop_back();
    return all;
  }
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
  int begin_ = -1;
  std::FILE* lines_ = nullptr;
};

/// Two processes of four threads write `writes` times each; everything acknowledged is there, once, in order.
void write_from_two_processes(const std::string& durability, int writes) {
  const lake_test::scratch_folder folder;
  lake::lake_options options = busy_options();
  options.clear = {};
  durable_lake db = open_durable(folder.path(), options);
  db.write({.catalog = "shared", .body = "{}"}).value();
  std::vector<std::vector<std::string>> told(2);
  {
    std::vector<std::unique_ptr<writer_process>> processes;
    for (const char* name : {"p0", "p1"}) {
      processes.push_back(std::make_unique<writer_process>(
          std::vector<std::string>{LAKE_CHILD_LAKE_WRITER, folder.path().string(), name, "4", std::to_string(writes), durability}));
    }
    for (auto& each : processes) each->start();
    run_threads(2, [&](std::size_t i) { told[i] = processes[i]->lines(); });
    for (auto& each : processes) CHECK(each->wait() == 0);
  }

  std::map<lake::time_seq, std::string> acknowledged;
  std::map<std::string, lake::time_seq> last;
  for (const auto& lines : told) {
    REQUIRE(lines.size() == 4U * static_cast<std::size_t>(writes));
    for (const std::string& line : lines) {
      const std::size_t space = line.rfind(' ');
      const std::string path = line.substr(4, space - 4);
      const lake::time_seq id = lake::time_seq::parse(line.substr(space + 1)).value();
      REQUIRE(acknowledged.emplace(id, path).second);
      REQUIRE(last[path] < id);
      last[path] = id;
    }
  }
  const auto log = db.changes("shared", db.history("shared").value().at(0).id).value();
  REQUIRE(log.size() == acknowledged.size());
  auto expected = acknowledged.begin();
  for (const lake::delta& each : log) {
    REQUIRE(each.id == expected->first);
    REQUIRE(each.path == expected->second);
    ++expected;
  }
  const auto document = db.read_json("shared").value();
  for (const char* name : {"p0", "p1"}) {
    for (int thread = 0; thread < 4; ++thread) CHECK(document[name]["t" + std::to_string(thread)] == writes - 1);
  }
}

}  // namespace

TEST_CASE("eight threads write, read, snapshot and clear one memory lake", "[concurrency][lake]") {
  lake::memory_lake db(busy_options());
  write_read_and_clear(
      memory_rounds, [&](std::size_t) -> lake::memory_lake& { return db; }, db);
}

TEST_CASE("eight threads write, read, snapshot and clear one embedded lake", "[concurrency][lake]") {
  const lake_test::scratch_folder folder;
  durable_lake db = open_durable(folder.path(), busy_options());
  write_read_and_clear(
      file_rounds, [&](std::size_t) -> durable_lake& { return db; }, db);
}

TEST_CASE("two lakes on the same policies are two clients", "[concurrency][lake]") {
  using cached_lake = lake::basic_lake<lake::memory_index, lake::memory_storage, lake::memory_cache>;
  const lake::memory_index index;
  const lake::memory_storage storage;
  cached_lake one(busy_options(), index, storage);
  cached_lake two(busy_options(), index, storage);
  write_read_and_clear(
      memory_rounds, [&](std::size_t thread) -> cached_lake& { return thread % 2 == 0 ? one : two; }, one);
  CHECK(two.read_string("shared").value() == one.read_string("shared").value());
}

TEST_CASE("two lakes on one folder are two clients", "[concurrency][lake]") {
  const lake_test::scratch_folder folder;
  durable_lake one = open_durable(folder.path(), busy_options());
  durable_lake two = open_durable(folder.path(), busy_options());
  write_read_and_clear(
      file_rounds, [&](std::size_t thread) -> durable_lake& { return thread % 2 == 0 ? one : two; }, two);
  CHECK(two.read_string("shared").value() == one.read_string("shared").value());
}

TEST_CASE("of many that create a catalog one succeeds, and counting by compare-and-set loses nothing", "[concurrency][lake]") {
  lake::memory_lake db(busy_options());
  complaints wrong;
  std::atomic<int> created = 0;
  std::atomic<int> conflicts = 0;
  run_threads(4, [&](std::size_t) {
    const auto first = db.write({.catalog = "counter", .body = "0", .expected = lake::time_seq{}});
    if (first) ++created;
    else wrong.expect(first.error().code == lake::errc::version_conflict, first.error().to_string());
    for (int counted = 0; counted < 25;) {
      const auto list = db.list("counter", {.pending = lake::pending::wait{20s}});
      const auto now = list.read<int>();
      if (!wrong.expect(now, "read")) return;
      const auto written = db.write({.catalog = "counter", .body = std::to_string(*now + 1), .expected = list.version()});
      if (written) ++counted;
      else if (written.error().code == lake::errc::version_conflict) ++conflicts;
      else wrong.expect(written, "write");
    }
  });
  wrong.require_none();
  CHECK(created == 1);
  CHECK(db.read<int>("counter") == 100);
}

TEST_CASE("writers of one file leave one whole file", "[concurrency][lake]") {
  const lake_test::scratch_folder folder;
  durable_lake db = open_durable(folder.path(), busy_options());
  complaints wrong;
  const auto bytes_of = [](std::size_t thread, int round) {
    return std::string(5'000 + thread * 100, static_cast<char>('a' + thread)) + std::to_string(round);
  };
  db.write_file({.catalog = "doc", .path = "/f", .body = bytes_of(0, 0)}).value();
  run_threads(6, [&](std::size_t thread) {
    for (int i = 0; i < file_rounds / 5; ++i) {
      wrong.expect(
          db.write_file({.catalog = "doc", .path = "/f", .body = bytes_of(thread, i), .meta = "{\"t\":" + std::to_string(thread) + "}"}),
          "write");
      const auto now = db.read_file("doc", "/f");
      if (!wrong.expect(now, "read")) return;
      const std::size_t writer = static_cast<std::size_t>(now->front() - 'a');
      wrong.expect(writer < 6 && now->starts_with(std::string(5'000 + writer * 100, now->front())), "torn");
    }
  });
  wrong.require_none();
  const std::string last = db.read_file("doc", "/f").value();
  CHECK(db.files_and_meta("doc") == "{\"/f\":{\"t\":" + std::to_string(last.front() - 'a') + "}}");
  CHECK(db.clear_history("doc").value().removed.files == 6U * static_cast<std::size_t>(file_rounds / 5));
  CHECK(db.read_file("doc", "/f") == last);
}

TEST_CASE("a lake goes while its background snapshots run", "[concurrency][lake]") {
  const lake::memory_index index;
  const lake::memory_storage storage;
  for (int round = 0; round < memory_rounds / 5; ++round) {
    lake::memory_lake db(busy_options(), index, storage);
    for (int i = 0; i < 8; ++i) {
      const std::string catalog = "c" + std::to_string(i);
      db.write({.catalog = catalog, .path = "/r", .body = std::to_string(round)}).value();
      CHECK(db.read_at(catalog, "/r") == std::to_string(round));
    }
    if (round % 3 == 0) db = lake::memory_lake(busy_options(), index, storage);
    if (round % 3 == 1) lake::memory_lake moved = std::move(db);
  }
  const lake::memory_lake after(busy_options(), index, storage);
  for (int i = 0; i < 8; ++i) CHECK(after.read_at("c" + std::to_string(i), "/r") == std::to_string(memory_rounds / 5 - 1));
}

TEST_CASE("threads open one lake at once, and agree on whose it is", "[concurrency][lake]") {
  for (int round = 0; round < 20; ++round) {
    const lake::memory_index index;
    const lake::memory_storage storage;
    lake::memory_lake one(busy_options(), index, storage);
    lake::memory_lake two(busy_options(), index, storage);
    complaints wrong;
    run_threads(4, [&](std::size_t thread) {
      auto& db = thread % 2 == 0 ? one : two;
      wrong.expect(db.write({.catalog = "c" + std::to_string(thread), .body = "1"}), "write");
    });
    wrong.require_none();
    CHECK(one.catalogs().value().size() == 4);
    CHECK(*storage.get("lake.json").value() == index.marker().value());
  }
}

TEST_CASE("a removal between writes and reads shows the whole document or a new one", "[concurrency][lake]") {
  lake::memory_lake db(busy_options());
  complaints wrong;
  std::atomic<bool> done = false;
  run_threads(4, [&](std::size_t thread) {
    if (thread == 0) {
      for (int i = 0; i < memory_rounds; ++i) {
        wrong.expect(db.write_batch({{.catalog = "doc", .path = "/a", .body = std::to_string(i)},
                                     {.catalog = "doc", .path = "/b", .body = std::to_string(i)}}),
                     "write");
        if (i % 5 == 4) wrong.expect(db.remove_catalog("doc"), "remove");
      }
      done = true;
      return;
    }
    while (!done) {
      const auto document = read_counters(db, "doc");
      if (!wrong.expect(document, "read")) return;
      wrong.expect(document->empty() || (document->size() == 2 && document->at("a") == document->at("b")), "half a batch");
    }
  });
  wrong.require_none();
}

TEST_CASE("two processes of four threads write to one folder without fsync", "[concurrency][lake][processes]") {
  write_from_two_processes("none", 2'000);
}

TEST_CASE("two processes of four threads write to one folder durably", "[concurrency][lake][processes]") {
  write_from_two_processes("full", 200);
}
