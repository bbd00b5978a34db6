// Random words: repeatable where injected, different where they name things, also on both sides of a fork.
#include "support/catch.hpp"

#include <lake/core/random.hpp>

#include <array>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using words = std::array<std::uint64_t, 4>;

words draw() {
  const lake::random_source random;
  return {random(), random(), random(), random()};
}

/// What a forked child draws; zeros if it could not tell.
words drawn_in_child() {
  std::array<int, 2> ends{};
  words theirs{};
  if (::pipe(ends.data()) != 0) return theirs;
  const pid_t child = ::fork();
  if (child == 0) {
    const words mine = draw();
    const bool told = ::write(ends[1], mine.data(), sizeof mine) == static_cast<ssize_t>(sizeof mine);
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  if (::read(ends[0], theirs.data(), sizeof theirs) != static_cast<ssize_t>(sizeof theirs)) theirs = {};
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return theirs;
}

}  // namespace

TEST_CASE("A child of fork draws other words than its parent and its siblings") {
  draw();  // The generator of this thread is seeded before the forks.

  const words first = drawn_in_child();
  const words second = drawn_in_child();
  const words mine = draw();

  CHECK(first != words{});
  CHECK(second != words{});
  CHECK(first != second);
  CHECK(first != mine);
  CHECK(second != mine);
}

TEST_CASE("Two threads draw different words") {
  words other{};
  std::thread([&other] { other = draw(); }).join();

  CHECK(draw() != other);
}

TEST_CASE("An injected source is drawn from and nothing else") {
  std::uint64_t next = 0;
  const lake::random_source random([&next] { return ++next; });

  CHECK(random() == 1);
  const auto bits = random.bits128();
  CHECK(bits[0] == 2);
  CHECK(bits[8] == 3);
}

TEST_CASE("below stays below its bound and reaches all of it") {
  const lake::random_source random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 2'000; ++i) seen.insert(random.below(7));

  CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6});
}
