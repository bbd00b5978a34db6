// Storages under threads and processes that race each other. Meant to run under the thread sanitizer too.
#include <lake/storage/filesystem.hpp>
#include <lake/storage/memory.hpp>
#include <lake/testing/storage_contract.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/folder.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Threads that create, replace, remove, read and list objects of a few keys; every body names its key.
template <class Storage>
std::size_t lies_under_churn(Storage storage, std::size_t rounds) {
  std::atomic<std::size_t> lies{0};
  std::vector<std::thread> running;
  for (std::size_t thread = 0; thread < 6; ++thread) {
    running.emplace_back([&lies, thread, rounds, own = storage]() mutable {
      std::size_t word = thread + 1;
      for (std::size_t round = 0; round < rounds; ++round) {
        word = word * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        const std::string key = "folder/" + std::to_string((word >> 33U) % 5) + '/' + std::to_string((word >> 40U) % 5);
        const std::string body = key + std::string((word >> 50U) % 3'000, '.');
        switch ((word >> 58U) % 8) {
          case 0: lies += own.remove(key) ? 0U : 1U; break;
          case 1: lies += own.put(key, body) ? 0U : 1U; break;
          case 2: {
            const auto made = own.create(key, body);
            lies += made || made.error().code == lake::errc::already_exists ? 0U : 1U;
            break;
          }
          case 3: {
            std::string last;
            const auto listed = own.list("folder/", [&](const lake::object_info& each) {
              lies += last < each.key ? 0U : 1U;
              last = each.key;
              return true;
            });
            lies += listed ? 0U : 1U;
            break;
          }
          default: {
            const auto got = own.get(key);
            lies += got ? ((*got)->starts_with(key) ? 0U : 1U) : (got.error().code == lake::errc::not_found ? 0U : 1U);
          }
        }
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  return lies;
}

[[maybe_unused]] pid_t start(const std::string& program, const std::string& root, const std::string& name) {
  std::array<std::string, 3> words = {program, root, name};
  std::array<char*, 4> arguments = {words[0].data(), words[1].data(), name.empty() ? nullptr : words[2].data(), nullptr};
  pid_t child = -1;
  return ::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environ) == 0 ? child : -1;
}

[[maybe_unused]] int exit_code(pid_t child) {
  int status = -1;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("memory_storage answers truly while threads change it") { REQUIRE(lies_under_churn(lake::memory_storage{}, 3'000) == 0); }

TEST_CASE("filesystem_storage answers truly while threads change it") {
  const lake_test::scratch_folder folder;
  const auto level = GENERATE(lake::durability::none, lake::durability::full);

  auto storage = lake::filesystem_storage::open({.root = folder.path(), .durability = level}).value();

  REQUIRE(lies_under_churn(storage, level == lake::durability::none ? 500 : 60) == 0);
}

TEST_CASE("threads that make the same folders of a filesystem_storage at once all succeed") {
  const lake_test::scratch_folder folder;
  const auto level = GENERATE(lake::durability::none, lake::durability::full);
  const auto storage = lake::filesystem_storage::open({.root = folder.path(), .durability = level}).value();
  std::atomic<std::size_t> failed{0};

  lake::testing::detail_storage::race(6, [&](std::size_t thread) {
    lake::filesystem_storage own = storage;
    for (int i = 0; i < 20; ++i) {
      const std::string deep = std::to_string(i) + "/a/b/c/";
      if (!own.create(deep + std::to_string(thread), "x")) ++failed;
    }
  });

  REQUIRE(failed == 0);
}

TEST_CASE("of two processes that create the same keys exactly one wins each") {
#ifdef LAKE_CHILD_CREATE
  const lake_test::scratch_folder folder;
  auto storage = lake::filesystem_storage::open({.root = folder.path(), .durability = lake::durability::none}).value();
  const std::array<pid_t, 2> children = {start(LAKE_CHILD_CREATE, folder.path().string(), "one"),
                                         start(LAKE_CHILD_CREATE, folder.path().string(), "two")};
  REQUIRE((children[0] > 0 && children[1] > 0));

  while (!storage.get("ready/one") || !storage.get("ready/two")) {
    for (const pid_t child : children) REQUIRE(::waitpid(child, nullptr, WNOHANG) == 0);  // it may not end before it was told to go
    std::this_thread::yield();
  }
  REQUIRE(storage.create("go", ""));
  REQUIRE(exit_code(children[0]) == 0);
  REQUIRE(exit_code(children[1]) == 0);

  const std::string won_by_one = ' ' + *storage.get("won/one").value();
  const std::string won_by_two = ' ' + *storage.get("won/two").value();
  for (int i = 0; i < 200; ++i) {
    const std::string number = ' ' + std::to_string(i) + ' ';
    const bool one = won_by_one.find(number) != std::string::npos;
    const bool two = won_by_two.find(number) != std::string::npos;
    CAPTURE(i, one, two);
    REQUIRE(one != two);
    REQUIRE(*storage.get("race/" + std::to_string(i)).value() == (one ? "one" : "two"));
  }
#else
  LAKE_SKIP("this build has no child process to race with (LAKE_CHILD_CREATE)");
#endif
}

TEST_CASE("a process killed in the middle of its writes leaves whole objects only") {
#ifdef LAKE_CHILD_CREATE
  const lake_test::scratch_folder folder;
  auto storage = lake::filesystem_storage::open({.root = folder.path(), .durability = lake::durability::none}).value();
  const pid_t child = start(LAKE_CHILD_CREATE, folder.path().string(), "");
  REQUIRE(child > 0);
  while (!storage.get("big/3")) {
    REQUIRE(::waitpid(child, nullptr, WNOHANG) == 0);
    std::this_thread::yield();
  }

  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);

  std::size_t whole = 0;
  REQUIRE(storage.list("", [&](const lake::object_info& each) { return whole += each.bytes == std::size_t{1} << 20U, true; }));
  REQUIRE(whole >= 4);
  REQUIRE(storage.get("big/" + std::to_string(whole)).error().code == lake::errc::not_found);
  REQUIRE(storage.sweep_temporaries(std::chrono::system_clock::now() + std::chrono::hours(1)).value() <= 1);
  REQUIRE(storage.create("big/" + std::to_string(whole), "next"));
#else
  LAKE_SKIP("this build has no child process to kill (LAKE_CHILD_CREATE)");
#endif
}
