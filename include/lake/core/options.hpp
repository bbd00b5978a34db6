// How a lake behaves: each option with a unit, a default and a sentence. Knows no policy.
#ifndef LAKE_CORE_OPTIONS_HPP
#define LAKE_CORE_OPTIONS_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/event.hpp>
#include <lake/core/executor.hpp>
#include <lake/core/random.hpp>
#include <lake/core/request.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// When a read saves the document that it merged. A plain value.
class snapshot_policy {
 public:
  /// After every read that merged at least one delta.
  [[nodiscard]] static constexpr snapshot_policy always() noexcept { return {1, 0.0}; }
  /// Never by itself; `take_snapshot` still works.
  [[nodiscard]] static constexpr snapshot_policy never() noexcept { return {0, 0.0}; }
  /// After a read that merged at least `deltas` deltas, or deltas of at least `bytes_ratio` times the document's bytes (0: bytes do not count).
  [[nodiscard]] static constexpr snapshot_policy after(std::size_t deltas, double bytes_ratio = 0.25) noexcept { return {deltas, bytes_ratio}; }

  [[nodiscard]] constexpr bool due(std::size_t deltas, std::uint64_t delta_bytes, std::uint64_t document_bytes) const noexcept {
    if (deltas_ == 0 || deltas == 0) return false;
    if (deltas >= deltas_) return true;
    return bytes_ratio_ > 0 && static_cast<double>(delta_bytes) >= bytes_ratio_ * static_cast<double>(document_bytes);
  }

 private:
  constexpr snapshot_policy(std::size_t deltas, double bytes_ratio) noexcept : deltas_(deltas), bytes_ratio_(bytes_ratio) {}
  std::size_t deltas_;
  double bytes_ratio_;
};

/// Bounds, each with an error that names value and limit (errc::limit_exceeded).
struct limits_options {
  std::size_t catalog_bytes = 1'024;
  std::size_t path_bytes = 4'096;
  std::size_t body_bytes = std::size_t{1} << 30U;
  std::size_t meta_bytes = std::size_t{1} << 20U;
  std::size_t deltas_per_list = 100'000;       ///< Beyond it, reads ask for `clear_history`.
  std::size_t batch = 10'000;                  ///< Requests in one `write_batch` or `write_many`.
  std::size_t depth = 1'000;                   ///< Open containers of a body and of a document, path segments counted.
  bool refuse_duplicate_keys = false;          ///< Refuse bodies in which an object has one key twice.
};

/// What `clear_history` keeps.
struct clear_options {
  std::size_t keep_snaps = 0;                  ///< Historical snapshots to keep besides the one that is cut at.
  std::chrono::milliseconds older_than{0};     ///< Cut only at snapshots created at least this long ago.
  std::chrono::milliseconds grace{60'000};     ///< The least age of the snapshot that is cut at; 0 only if you own all readers.
};

/// The options of a lake.
struct lake_options {
  std::string name = "lake";                                   ///< Part of the marker and of every index key; opening with another is refused.
  std::chrono::milliseconds pending_timeout{120'000};          ///< A property of the lake, kept in the index: the first opener sets it.
  pending_mode read_pending = pending::wait{};                 ///< For `db.read_*`; `list` fails by default.
  snapshot_policy snapshots = snapshot_policy::always();
  std::size_t workers = 10;                                    ///< Threads, and the most bodies loaded or stored at once by one call.
  std::size_t document_cache_bytes = std::size_t{64} << 20U;   ///< Merged documents kept in memory; 0: none.
  limits_options limits = {};
  clear_options clear = {};
  std::chrono::milliseconds deadline{30'000};                  ///< Of every call; must be shorter than `clear.grace` (unless that is 0).
  std::size_t write_attempts = 3;                              ///< How often a write that was fenced takes a new id.
  std::size_t snapshot_queue = 64;                             ///< Background snapshots waiting at most; beyond it none is scheduled.
  event_hook on_event = {};
  clock_source clock = {};                                     ///< For deadlines, durations and the marker; ids come from the index's clock.
  random_source random = {};                                   ///< For write ids, tokens and jitter.
  executor_ref executor = {};                                  ///< Default: own threads.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_OPTIONS_HPP
