// A process that writes to an embedded lake from several threads: child_lake_writer FOLDER NAME THREADS WRITES DURABILITY.
// It begins when its standard input ends, and says "ack PATH ID" after each acknowledged write to the catalog "shared".
// DURABILITY is "none" or "full".
#include <lake/lake.hpp>

#include <lake/codec/gzip.hpp>
#include <lake/index/sqlite.hpp>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using shared_lake = lake::basic_lake<lake::sqlite_index, lake::filesystem_storage, lake::memory_cache, lake::gzip_codec>;

bool say(const std::string& line) { return ::write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size()); }

int complain(const lake::error& what) {
  std::fprintf(stderr, "%s\n", what.to_string().c_str());
  return 1;
}

lake::result<shared_lake> open_lake(const std::filesystem::path& folder, lake::durability durability) {
  auto index = lake::sqlite_index::open({.file = folder / "index.db", .durability = durability});
  if (!index) return std::move(index).error();
  auto storage = lake::filesystem_storage::open({.root = folder / "objects", .create = true, .durability = durability});
  if (!storage) return std::move(storage).error();
  return shared_lake(lake::lake_options{}, *std::move(index), *std::move(storage));
}

int write_one(shared_lake& db, const std::string& path, int number) {
  const auto id = db.write({.catalog = "shared", .path = path, .body = std::to_string(number)});
  if (!id) return complain(id.error());
  return say("ack " + path + " " + id->to_string() + "\n") ? 0 : 2;
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) return 64;
  const std::string name = words[2];
  const int threads = std::atoi(words[3]);
  const int writes = std::atoi(words[4]);
  auto db = open_lake(words[1], std::string_view(words[5]) == "full" ? lake::durability::full : lake::durability::none);
  if (!db) return complain(db.error());
  for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
  }

  std::atomic<int> outcome = 0;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      for (int i = 0; outcome == 0 && i < writes; ++i) {
        if (const int failed = write_one(*db, "/" + name + "/t" + std::to_string(thread), i); failed != 0) outcome = failed;
      }
    });
  }
  for (std::thread& each : running) each.join();
  return outcome;
}
