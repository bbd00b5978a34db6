// What all rules of the index protocol share: opening one atomic step, the logical clock, fresh ids, who is live, what was removed.
// Knows a catalog only through its `catalog_log`.
#ifndef LAKE_PROTOCOL_RULE_STEP_HPP
#define LAKE_PROTOCOL_RULE_STEP_HPP

#include <lake/config.hpp>
#include <lake/core/catalog.hpp>
#include <lake/core/control.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// What the control record says about the log before a rule begins.
enum class log_presence : std::uint8_t {
  ready,    ///< The record is there and agrees with the log.
  fresh,    ///< No record, no member, no snapshot: a new catalog.
  lost,     ///< No record, but a log: `no_control`.
  damaged,  ///< The record contradicts the log: corrupt_index.
};

/// One atomic step of one catalog: the control record as stored, and the clock at its beginning.
struct log_step {
  control_record control;
  log_presence presence = log_presence::fresh;
  std::int64_t raw = 0;   ///< Wall clock, milliseconds; never negative.
  std::int64_t mono = 0;  ///< The logical clock now, milliseconds.

  /// Writes the clock into the control record: part of the effects of every primitive that changes anything.
  void tick() noexcept {
    control.clk = raw;
    control.mono = mono;
  }
};

/// Opens the step: reads clock and control record and compares the record with the log (section 1 of the protocol).
template <catalog_log Log>
[[nodiscard]] log_step open_log(Log& log) {
  log_step at;
  at.raw = (std::max)(std::int64_t{0}, log.clock_ms());
  if (const std::optional<control_record> control = log.control()) {
    at.control = *control;
    at.mono = control->mono + (std::max)(std::int64_t{0}, at.raw - control->clk);
    at.presence = log.sizes_match(*control) ? log_presence::ready : log_presence::damaged;
    return at;
  }
  at.mono = at.raw;
  at.presence = log.newest_member().is_zero() && !log.newest_snapshot(beyond_all) ? log_presence::fresh : log_presence::lost;
  return at;
}

/// Stores a step back of the wall clock, and nothing else. A refusal that makes its caller wait does this too: until it is stored,
/// the logical clock stands still and a dead writer would block for the size of the step.
template <catalog_log Log>
void keep_step_back(Log& log, log_step& at) {
  if (at.presence != log_presence::ready || at.raw >= at.control.clk) return;
  at.tick();
  log.put_control(at.control);
}

[[nodiscard]] inline lake::error damaged_log(std::string_view operation, std::string_view catalog) {
  return {errc::corrupt_index, std::string(operation), std::string(catalog),
          "the control record contradicts the log: its counts or its newest stop are not those of the members and snapshots found"};
}

[[nodiscard]] inline lake::error bad_argument(std::string_view operation, std::string_view catalog, std::string message) {
  return {errc::invalid_argument, std::string(operation), std::string(catalog), std::move(message)};
}

/// A name as such: how long it may be is the client's option, not the index's.
[[nodiscard]] inline result<void> check_name(std::string_view operation, std::string_view catalog) {
  result<void> checked = check_catalog(catalog, (std::numeric_limits<std::size_t>::max)());
  if (checked) [[likely]]
    return {};
  return bad_argument(operation, catalog, checked.error().message);
}

[[nodiscard]] inline result<void> check_id(std::string_view operation, std::string_view catalog, time_seq id, bool zero_allowed) {
  if (id.is_valid() && (zero_allowed || !id.is_zero())) [[likely]]
    return {};
  return bad_argument(operation, catalog, "not an id: " + id.to_string());
}

/// At most as many ids as one second holds: what any reservation may ask for.
[[nodiscard]] inline result<void> check_run(std::string_view operation, std::string_view catalog, const id_run& ids) {
  if (ids.count >= 1 && ids.count <= static_cast<std::uint32_t>(time_seq::max_seqid) && ids.first.is_valid() && !ids.first.is_zero() &&
      ids.last().is_valid()) [[likely]] {
    return {};
  }
  return bad_argument(operation, catalog, "not a run of ids: " + std::to_string(ids.count) + " from " + ids.first.to_string());
}

/// The id before `id`; `0_0` before the first.
[[nodiscard]] constexpr time_seq before(time_seq id) noexcept {
  if (id.seqid > 1) return {id.timestamp, id.seqid - 1};
  return id.timestamp > 0 ? time_seq{id.timestamp - 1, time_seq::max_seqid} : time_seq{};
}

/// The first id that may be issued now, without regard to the borrow limit: above all that was issued, seen or closed.
template <catalog_log Log>
[[nodiscard]] time_seq fresh_id(Log& log, const log_step& at) {
  const control_record& c = at.control;
  const time_seq floor = (std::max)({c.last, log.newest_member(), c.stop, c.gen, c.closed});
  return (std::max)(time_seq{at.raw / 1000, 1}, next(floor));
}

/// `count` fresh ids; nothing if the last of them would run too far ahead of the logical clock, or past the last timestamp of the format.
template <catalog_log Log>
[[nodiscard]] std::optional<id_run> fresh_ids(Log& log, const log_step& at, std::uint32_t count, const index_timing& timing) {
  const id_run ids{fresh_id(log, at), count};
  const std::int64_t second = ids.last().timestamp;
  if (second > time_seq::max_timestamp || second * 1000 > at.mono + timing.borrow.count()) return std::nullopt;
  return ids;
}

/// The version of the whole catalog.
template <catalog_log Log>
[[nodiscard]] time_seq version_of(Log& log, const control_record& control) {
  return (std::max)({log.newest_delta_below(beyond_all), control.stop, control.gen});
}

/// Whether `expected` holds for a log whose newest delta (below some bound) is `newest`.
[[nodiscard]] inline bool expected_holds(time_seq expected, time_seq newest, const control_record& control) noexcept {
  if (expected.is_zero()) return newest.is_zero() && control.stop.is_zero();
  return expected == (std::max)({newest, control.stop, control.gen});
}

/// Whether a reservation may still be committed by its age and the closed prefix. One that lies in the prefix with its first id never can:
/// a commit is all or nothing.
[[nodiscard]] inline bool is_live(const pending_record& pending, const log_step& at, std::chrono::milliseconds timeout) noexcept {
  return pending.batch.first > at.control.closed && at.mono - pending.stamp < timeout.count();
}

/// The reservations at or below a bound, as far as the oldest live one.
struct pending_scan {
  std::optional<pending_record> live;  ///< The oldest live one.
  time_seq expired;                    ///< Newest id of E: the expired ones below it; `0_0` if there is none.
};
template <catalog_log Log>
[[nodiscard]] pending_scan scan_pendings(Log& log, const log_step& at, time_seq bound, std::chrono::milliseconds timeout) {
  pending_scan found;
  log.for_each_pending([&](const pending_record& pending) {
    if (pending.batch.first > bound) return false;
    if (is_live(pending, at, timeout)) {
      found.live = pending;
      return false;
    }
    // Ids of a run have no gaps, so a bound inside it is one of its ids.
    found.expired = (std::min)(pending.batch.last(), bound);
    return true;
  });
  return found;
}

[[nodiscard]] inline std::chrono::milliseconds age_of(const pending_record& pending, const log_step& at) noexcept {
  return std::chrono::milliseconds(at.mono - pending.stamp);
}

/// kill(): takes the reservation out for good, dead records in. The caller stores the control record.
template <catalog_log Log>
void kill(Log& log, log_step& at, const pending_record& pending) {
  log.kill_pending(pending, at.mono);
  at.control.n -= (std::min)(at.control.n, std::uint64_t{pending.batch.count});
}

/// Where `remove_catalog` emptied the log last, `0_0` if what `cleared` says is the work of `clear_cut`.
///
/// `clear_cut` sets `cleared` to the stop of a snapshot that stays recorded while it is the cut, so a `cleared` without one is the trace of
/// `remove_catalog`. There the empty document stands in for that snapshot: a read may begin at `0_0`,
/// because the log above `cleared` is whole.
template <catalog_log Log>
[[nodiscard]] time_seq emptied_upto(Log& log, const control_record& control) {
  if (control.cleared.is_zero()) return {};
  const std::optional<snapshot_info> cut = log.newest_snapshot(control.cleared);
  return cut && cut->stop == control.cleared ? time_seq{} : control.cleared;
}

/// Whether the deltas above `start` are all there, given that `start` is `0_0` or the stop of a snapshot.
template <catalog_log Log>
[[nodiscard]] bool is_whole_above(Log& log, const control_record& control, time_seq start) {
  return start >= control.cleared || (start.is_zero() && !emptied_upto(log, control).is_zero());
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_PROTOCOL_RULE_STEP_HPP
