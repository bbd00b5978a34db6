// More writes than a catalog has ids: they borrow from the next seconds up to the limit, then they are refused, and nothing is lost.
#include "support/catch.hpp"
#include "support/memory_index_access.hpp"

#include <lake/lake.hpp>
#include <lake/testing/manual_clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using lake::time_seq;

constexpr std::int64_t now = 1'700'000'000;
constexpr std::int64_t last_second = now + 5;  // The limit of borrowing, as the clock stands.

/// A lake in memory whose index's clock stands at `now`, with one catalog whose ids are partly used up.
class busy_catalog {
 public:
  /// As if all ids up to this one had been issued, to writes that have gone into a snapshot since: writing them all would take minutes.
  void use_up(time_seq last) {
    if (written_.empty()) REQUIRE(write());
    lake::memory_index_access::catalog(db_.index(), "users").control->last = last;
  }

  lake::result<time_seq> write() {
    auto id = db_.write({.catalog = "users", .path = "/n", .body = std::to_string(written_.size())});
    if (id) written_.push_back(*id);
    return id;
  }
  lake::result<std::vector<time_seq>> write_batch(std::size_t count) {
    std::vector<lake::write_request> requests;
    for (std::size_t i = 0; i < count; ++i) {
      requests.push_back({.catalog = "users", .path = "/n", .body = std::to_string(written_.size() + i)});
    }
    auto ids = db_.write_batch(requests);
    if (ids) written_.insert(written_.end(), ids->begin(), ids->end());
    return ids;
  }

  void advance(std::chrono::milliseconds time) { clock_.advance(time); }
  [[nodiscard]] const std::vector<time_seq>& written() const { return written_; }
  [[nodiscard]] lake::memory_lake& db() { return db_; }

  /// That the log holds what was acknowledged and nothing else, each id once and in order, and that the last write is read.
  void check_nothing_lost() {
    const auto list = db_.list("users");
    REQUIRE_FALSE(list.error());
    std::vector<time_seq> logged;
    for (const lake::delta& each : list.deltas()) logged.push_back(each.id);
    CHECK(logged == written_);
    for (std::size_t i = 1; i < written_.size(); ++i) REQUIRE(written_[i - 1] < written_[i]);
    CHECK(list.read_string().value() == R"({"n":)" + std::to_string(written_.size() - 1) + "}");
  }

 private:
  lake::testing::manual_clock clock_{std::chrono::seconds{now}};
  lake::memory_lake db_{lake::lake_options{.snapshots = lake::snapshot_policy::never(), .clock = clock_.source()},
                        lake::memory_index({.clock = clock_.source()})};
  std::vector<time_seq> written_;
};

}  // namespace

TEST_CASE("the write after the last id of a second takes the first of the next") {
  busy_catalog users;
  users.use_up({now, 999'998});

  CHECK(users.write().value() == time_seq{now, 999'999});
  CHECK(users.write().value() == time_seq{now + 1, 1});
  CHECK(users.write_batch(2).value() == std::vector<time_seq>{{now + 1, 2}, {now + 1, 3}});

  users.check_nothing_lost();
}

TEST_CASE("a write beyond the ids that may be borrowed is refused, may be repeated, and leaves nothing behind") {
  busy_catalog users;
  users.use_up({last_second, 999'997});
  REQUIRE(users.write());
  REQUIRE(users.write());
  const std::string index = users.db().index().dump().value();
  const std::size_t objects = users.db().storage().object_count();

  for (int i = 0; i < 3; ++i) {
    const auto refused = users.write();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == lake::errc::sequence_overflow);
    CHECK(refused.error().retryable());
    CHECK(refused.error().to_string().find("not written") != std::string::npos);
  }

  CHECK(users.written().back() == time_seq{last_second, 999'999});
  CHECK(users.db().index().dump().value() == index);
  CHECK(users.db().storage().object_count() == objects);
  CHECK(users.db().stats().failed_writes == 3);
  users.check_nothing_lost();
}

TEST_CASE("a batch that does not fit below the ceiling is refused whole, and what fits is still written") {
  busy_catalog users;
  users.use_up({last_second, 999'996});

  CHECK(users.write_batch(4).error().code == lake::errc::sequence_overflow);
  CHECK(users.write_batch(3).value().back() == time_seq{last_second, 999'999});
  CHECK(users.write_batch(1).error().code == lake::errc::sequence_overflow);

  users.check_nothing_lost();
}

TEST_CASE("other catalogs are written on while one has used up its ids") {
  busy_catalog users;
  users.use_up({last_second, 999'999});

  const auto answers = users.db().write_many({{.catalog = "users", .path = "/n", .body = "1"}, {.catalog = "others", .body = "1"}});

  CHECK(answers[0].error().code == lake::errc::sequence_overflow);
  CHECK(answers[0].error().retryable());
  CHECK(answers[1].value() == time_seq{now, 1});
  users.check_nothing_lost();
}

TEST_CASE("once the clock goes on, so does writing, with the next ids") {
  busy_catalog users;
  users.use_up({last_second, 999'999});
  REQUIRE(users.write().error().code == lake::errc::sequence_overflow);

  users.advance(std::chrono::milliseconds{999});
  CHECK(users.write().error().code == lake::errc::sequence_overflow);
  users.advance(std::chrono::milliseconds{1});
  CHECK(users.write().value() == time_seq{last_second + 1, 1});
  users.advance(std::chrono::seconds{10});
  CHECK(users.write().value() == time_seq{now + 11, 1});

  users.check_nothing_lost();
}
