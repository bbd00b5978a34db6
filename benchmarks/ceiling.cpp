// Writes of one catalog at the rate that its ids allow, and beyond it: errors are counted here, not thrown.

#include "documents.hpp"
#include "harness.hpp"

#include <lake/lake.hpp>

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t ids_a_second = 999'999;
constexpr double mean_body_bytes = 132;

/// What all rounds together came to.
struct tally {
  std::size_t acknowledged = 0;
  std::size_t overflows = 0;
  std::size_t other_errors = 0;
  std::size_t final_errors = 0;  ///< Errors that say that a repetition is of no use.
  std::size_t lost = 0;          ///< Acknowledged, and not in the list afterwards, or the other way round.
  double seconds = 0;            ///< In which the acknowledged were written.
};

/// The index's clock where it is to stand still.
struct still_clock {
  std::atomic<std::int64_t> ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
};

/// A lake in memory whose only catalog is written; when it goes, what was acknowledged is compared with what is there.
class one_catalog {
 public:
  one_catalog(std::shared_ptr<tally> sum, lake::clock_source clock)
      : sum_(std::move(sum)),
        db_(lake::lake_options{.snapshots = lake::snapshot_policy::never(), .limits = {.deltas_per_list = std::size_t{1} << 30U}},
            lake::memory_index({.clock = std::move(clock)})) {}
  one_catalog(const one_catalog&) = delete;
  one_catalog& operator=(const one_catalog&) = delete;
  ~one_catalog() {
    const std::size_t found = db_.list("tenants/0").deltas().size();
    sum_->acknowledged += written_;
    sum_->lost += found > written_ ? found - written_ : written_ - found;
  }

  /// True if the write was acknowledged.
  bool write() {
    const auto done = db_.write({.catalog = "tenants/0", .path = "/user", .body = bodies_[written_ % bodies_.size()]});
    if (done) {
      ++written_;
      return true;
    }
    ++(done.error().code == lake::errc::sequence_overflow ? sum_->overflows : sum_->other_errors);
    if (!done.error().retryable()) ++sum_->final_errors;
    return false;
  }
  [[nodiscard]] tally& sum() noexcept { return *sum_; }

 private:
  std::shared_ptr<tally> sum_;
  std::vector<std::string> bodies_ = make_small_bodies(4096);
  lake::memory_lake db_;
  std::size_t written_ = 0;
};

/// Memory that the allocator already has from the system and gives back to it only at the end, as that of a program that has run for a
/// while: where a page is first touched inside a virtual machine, the system takes longer for it than a write.
class kept_memory {
 public:
  kept_memory() {
    constexpr std::size_t wanted = std::size_t{12} << 30U;
    constexpr std::size_t piece = std::size_t{1} << 20U;
    const auto pages = static_cast<std::size_t>((std::max)(0L, sysconf(_SC_AVPHYS_PAGES)));
    const std::size_t bytes = (std::min)(wanted, pages / 2 * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);  // Never.
    std::vector<std::unique_ptr<char[]>> all;
    for (std::size_t taken = 0; taken < bytes; taken += piece) all.emplace_back(new char[piece])[0] = 1;
    for (const auto& each : all) {
      for (std::size_t at = 0; at < piece; at += 4096) each[at] = 1;
    }
  }
  kept_memory(const kept_memory&) = delete;
  kept_memory& operator=(const kept_memory&) = delete;
  ~kept_memory() {
    mallopt(M_MMAP_MAX, 65'536);
    mallopt(M_TRIM_THRESHOLD, 128 << 10U);
    malloc_trim(0);
  }
};

/// One second of the clock that ids are made of: as many writes as it has ids, evenly, or as many as this machine can. None of them
/// within a millisecond of another second, whose ids they would take.
void write_one_second(one_catalog& to) {
  using std::chrono::system_clock;
  constexpr std::size_t between_looks = 64;
  constexpr auto margin = std::chrono::milliseconds(1);
  const auto second = std::chrono::ceil<std::chrono::seconds>(system_clock::now());
  const auto begin = second + margin;
  const auto end = second + std::chrono::seconds(1) - margin;
  const double pace = static_cast<double>(ids_a_second) / std::chrono::duration<double>(end - begin).count();
  for (std::size_t done = 0; done < ids_a_second;) {
    const auto now = system_clock::now();
    if (now >= end) break;
    const double due = std::chrono::duration<double>(now - begin).count() * pace;
    if (static_cast<double>(done) >= due) continue;
    const std::size_t next = (std::min)(ids_a_second, done + between_looks);
    for (; done < next; ++done) to.write();
  }
  to.sum().seconds += 1;
}

session write_at_pace(const std::shared_ptr<tally>& sum) {
  const auto memory = std::make_shared<kept_memory>();
  const auto db = std::make_shared<one_catalog>(sum, lake::clock_source());
  return [memory, db](std::size_t seconds) {
    for (std::size_t i = 0; i < seconds; ++i) write_one_second(*db);
  };
}

/// Each refused write is repeated until it is acknowledged. The index's clock stands still, so that every machine is beyond the ceiling,
/// and goes on by a second after a thousand refusals.
session write_beyond(const std::shared_ptr<tally>& sum) {
  const auto now = std::make_shared<still_clock>();
  const auto db = std::make_shared<one_catalog>(
      sum, lake::clock_source([now] { return std::chrono::system_clock::time_point(std::chrono::milliseconds(now->ms.load())); }));
  return [db, now, refused = std::size_t{0}](std::size_t count) mutable {
    for (std::size_t i = 0; i < count; ++i) {
      while (!db->write()) {
        if (++refused % 1'000 == 0) now->ms += 1'000;
        if (refused > 1'000'000) return;  // What is wrong is in the findings.
      }
    }
  };
}

workload write_paced(const settings&) {
  const auto sum = std::make_shared<tally>();
  return {.what =
              "memory+memory, one catalog at 999,999 writes a second, or as fast as this machine is, in memory that the allocator already "
              "has; an operation is a second of it; takes up to 12 GB",
          .operations = 10,
          .rounds = 1,
          .findings = [sum]() -> std::vector<finding> {
            return {{"writes a second", static_cast<double>(sum->acknowledged) / sum->seconds},
                    {"acknowledged", static_cast<double>(sum->acknowledged)},
                    {"errors", static_cast<double>(sum->overflows + sum->other_errors), 0},
                    {"acknowledged and not in the list", static_cast<double>(sum->lost), 0}};
          },
          .contenders = {{"one catalog, paced", role::ours, [sum] { return write_at_pace(sum); }}}};
}

workload write_unpaced(const settings&) {
  const auto sum = std::make_shared<tally>();
  return {.what =
              "memory+memory, one catalog, an index whose clock stands still but for a second after every 1,000 refusals; each refused "
              "write is repeated; takes up to 5 GB",
          .bytes = mean_body_bytes,
          .operations = 7 * ids_a_second,
          .rounds = 1,
          .findings = [sum]() -> std::vector<finding> {
            return {{"acknowledged", static_cast<double>(sum->acknowledged)},
                    {"refused: sequence_overflow", static_cast<double>(sum->overflows)},
                    {"refused: anything else", static_cast<double>(sum->other_errors), 0},
                    {"refused and not retryable", static_cast<double>(sum->final_errors), 0},
                    {"acknowledged and not in the list", static_cast<double>(sum->lost), 0}};
          },
          .contenders = {{"one catalog, beyond the ceiling", role::ours, [sum] { return write_beyond(sum); }}}};
}

}  // namespace

void add_ceiling_workloads(std::vector<entry>& all) {
  all.push_back({"write_paced", write_paced});
  all.push_back({"write_unpaced_one_catalog", write_unpaced});
}

}  // namespace bench
