// sqlite_index between threads and processes: ids, order, acknowledgement, and the death of a writer.
#include <lake/core/random.hpp>
#include <lake/index/sqlite.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

/// A folder of its own, and the index file in it.
struct scratch_folder : lake_test::scratch_folder {
  [[nodiscard]] std::string file() const { return (path() / "lake.db").string(); }
};

/// A writer process. It waits until `start`, and is killed if the test leaves it running.
class writer_process {
 public:
  writer_process(const std::string& file, const std::string& name, const std::string& threads, const std::string& writes) {
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::string words[] = {LAKE_CHILD_SQLITE_WRITER, file, name, threads, writes};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), words[4].data(), nullptr};
    const int failed = ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments, environ);
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
    if (pid_ > 0) kill();
    start();
    std::fclose(lines_);
  }

  void start() {
    if (begin_ >= 0) ::close(std::exchange(begin_, -1));
  }
  /// The next line of its output, without the line feed; empty at the end.
  std::string line() {
    std::string out;
    for (int c = std::fgetc(lines_); c != EOF && c != '\n'; c = std::fgetc(lines_)) out += static_cast<char>(c);
    return out;
  }
  std::vector<std::string> rest() {
    std::vector<std::string> out;
    for (std::string one = line(); !one.empty(); one = line()) out.push_back(std::move(one));
    return out;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = -1;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }

 private:
  pid_t pid_ = -1;
  int begin_ = -1;
  std::FILE* lines_ = nullptr;
};

lake::sqlite_index open_index(const std::string& file, lake::clock_source clock = {}) {
  auto index = lake::sqlite_index::open({.file = file, .durability = lake::durability::none, .clock = std::move(clock)});
  INFO((index ? std::string() : index.error().to_string()));
  REQUIRE(index.has_value());
  return *std::move(index);
}

/// "ack PATH ID" as "PATH ID".
std::set<std::string> acknowledged(const std::vector<std::string>& lines) {
  std::set<std::string> out;
  for (const std::string& line : lines) {
    if (line.rfind("ack ", 0) == 0) out.insert(line.substr(4));
  }
  return out;
}

std::set<std::string> stored(const lake::view_answer& seen) {
  std::set<std::string> out;
  for (const lake::delta& one : seen.deltas) out.insert(one.path + " " + one.id.to_string());
  return out;
}

/// How many deltas do not lie above the delta that the same thread wrote before.
std::size_t misplaced(const lake::view_answer& seen) {
  std::size_t out = 0;
  std::map<std::string, int> written;
  for (const lake::delta& one : seen.deltas) {
    const std::size_t cut = one.path.rfind("/n");
    if (written[one.path.substr(0, cut)]++ != std::stoi(one.path.substr(cut + 2))) ++out;
  }
  return out;
}

}  // namespace

TEST_CASE("Two processes with four threads each write to one sqlite_index: every id is unique, every write is there, in order") {
  const scratch_folder folder;
  constexpr std::size_t writes = 400;
  writer_process left(folder.file(), "left", "4", std::to_string(writes));
  writer_process right(folder.file(), "right", "4", std::to_string(writes));

  left.start();
  right.start();
  std::vector<std::string> right_lines;
  std::thread reader([&] { right_lines = right.rest(); });
  std::vector<std::string> lines = left.rest();
  reader.join();
  lines.insert(lines.end(), right_lines.begin(), right_lines.end());

  CHECK(left.wait() == 0);
  CHECK(right.wait() == 0);
  lake::sqlite_index index = open_index(folder.file());
  const auto seen = index.view({.catalog = "shared"}, {});
  REQUIRE(seen.has_value());
  CHECK(seen->deltas.size() == 2 * 4 * writes);
  CHECK(std::adjacent_find(seen->deltas.begin(), seen->deltas.end(),
                           [](const lake::delta& a, const lake::delta& b) { return !(a.id < b.id); }) == seen->deltas.end());
  CHECK(acknowledged(lines) == stored(*seen));
  CHECK(misplaced(*seen) == 0);
}

TEST_CASE(
    "A writer process killed in the middle leaves every acknowledged write, at most a pending member per thread, and a sound "
    "sqlite_index") {
  const scratch_folder folder;
  constexpr std::size_t threads = 4;
  writer_process writer(folder.file(), "victim", std::to_string(threads), "0");
  writer.start();
  std::vector<std::string> lines;
  while (lines.size() < 300) lines.push_back(writer.line());

  writer.kill();
  const std::vector<std::string> rest = writer.rest();
  lines.insert(lines.end(), rest.begin(), rest.end());

  const lake::index_timing timing;
  lake::sqlite_index index =
      open_index(folder.file(), lake::clock_source([&] { return std::chrono::system_clock::now() + timing.pending_timeout; }));
  const auto dumped = index.dump();
  REQUIRE(dumped.has_value());
  std::size_t pendings = 0;
  for (std::size_t at = dumped->find(" p:"); at != std::string::npos; at = dumped->find(" p:", at + 1)) ++pendings;
  CHECK(pendings <= threads);
  const auto seen = index.view({.catalog = "shared"}, timing);
  REQUIRE(seen.has_value());
  CHECK(seen->status == lake::view_status::ok);
  const std::set<std::string> kept = stored(*seen);
  // The last line may be cut off in the middle.
  for (const std::string& one : acknowledged({lines.begin(), lines.end() - 1})) CHECK(kept.count(one) == 1);
  CHECK(misplaced(*seen) == 0);

  const lake::member_spec member{.path = "/after"};
  const auto reserved = index.reserve({.catalog = "shared", .members = {&member, 1}}, timing);
  REQUIRE(reserved.has_value());
  const auto committed = index.commit({.catalog = "shared", .ids = reserved->ids}, timing);
  REQUIRE(committed.has_value());
  CHECK(committed->status == lake::commit_status::ok);
}

TEST_CASE(
    "Threads on copies of one sqlite_index write and read at once: nothing acknowledged is missing and no failing step takes another "
    "along") {
  const lake::durability level = GENERATE(lake::durability::none, lake::durability::data, lake::durability::full);
  CAPTURE(lake::to_string(level));
  const scratch_folder folder;
  auto opened = lake::sqlite_index::open({.file = folder.file(), .durability = level});
  REQUIRE(opened.has_value());
  const lake::index_timing timing;
  std::atomic<int> failed = 0;
  std::atomic<bool> over = false;

  std::vector<std::thread> writers;
  for (int thread = 0; thread < 8; ++thread) {
    writers.emplace_back([&, thread, index = *opened]() mutable {
      for (int i = 0; i < 40; ++i) {
        const std::string path = "/t" + std::to_string(thread) + "/n" + std::to_string(i);
        const lake::write_token token = lake::random_source{}.bits128();
        const lake::member_spec specs[] = {{.path = path}, {.path = "no path"}};
        const auto refused = index.reserve({.catalog = "shared", .token = token, .members = specs}, timing);
        if (refused || refused.error().code != lake::errc::invalid_argument) ++failed;
        const auto reserved = index.reserve({.catalog = "shared", .token = token, .members = {specs, 1}}, timing);
        const bool taken = reserved && reserved->status == lake::reserve_status::reserved;
        const auto committed =
            taken ? index.commit({.catalog = "shared", .ids = reserved->ids, .token = token}, timing) : lake::commit_answer{};
        if (!taken || !committed || committed->status != lake::commit_status::ok) ++failed;
      }
    });
  }
  std::thread reader([&, index = *opened] {
    std::size_t before = 0;
    while (!over) {
      const auto seen = index.view({.catalog = "shared", .mode = lake::view_mode::prefix}, timing);
      if (!seen || seen->deltas.size() < before) ++failed;
      else before = seen->deltas.size();
    }
  });
  for (std::thread& each : writers) each.join();
  over = true;
  reader.join();

  CHECK(failed == 0);
  const auto seen = opened->view({.catalog = "shared"}, timing);
  REQUIRE(seen.has_value());
  CHECK(seen->deltas.size() == 8 * 40);
  CHECK(misplaced(*seen) == 0);
}
