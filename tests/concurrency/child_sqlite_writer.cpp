// A process that writes to a sqlite_index from several threads: child_sqlite_writer FILE NAME THREADS WRITES.
// It begins when its standard input ends, and says "ack PATH ID" after each acknowledged write to the catalog "shared".
// WRITES 0 goes on until somebody kills it.
#include <lake/core/random.hpp>
#include <lake/index/sqlite.hpp>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {

bool say(const std::string& line) { return ::write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size()); }

int complain(const lake::error& what) {
  std::fprintf(stderr, "%s\n", what.to_string().c_str());
  return 1;
}

int write_one(lake::sqlite_index& index, const std::string& path) {
  const lake::index_timing timing;
  const lake::write_token token = lake::random_source{}.bits128();
  const lake::member_spec member{.path = path};
  const auto reserved = index.reserve({.catalog = "shared", .token = token, .members = {&member, 1}}, timing);
  if (!reserved) return complain(reserved.error());
  if (reserved->status != lake::reserve_status::reserved) return 2;
  const auto committed = index.commit({.catalog = "shared", .ids = reserved->ids, .token = token}, timing);
  if (!committed) return complain(committed.error());
  if (committed->status != lake::commit_status::ok) return 3;
  return say("ack " + path + " " + reserved->ids.first.to_string() + "\n") ? 0 : 4;
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 64;
  const std::string name = words[2];
  const int threads = std::atoi(words[3]);
  const int writes = std::atoi(words[4]);

  auto index = lake::sqlite_index::open({.file = words[1], .durability = lake::durability::none});
  if (!index) return complain(index.error());
  for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
  }

  std::atomic<int> outcome = 0;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      for (int i = 0; outcome == 0 && (writes == 0 || i < writes); ++i) {
        const std::string path = "/" + name + "/t" + std::to_string(thread) + "/n" + std::to_string(i);
        if (const int failed = write_one(*index, path); failed != 0) outcome = failed;
      }
    });
  }
  for (std::thread& each : running) each.join();
  return outcome;
}
