// remove_catalog and heal: the rules of a whole catalog's end, and of its control record's return.
// Knows a catalog only through its `catalog_log`. How objects go is told in protocol/rules_clear.hpp.
#ifndef LAKE_PROTOCOL_RULES_CATALOG_HPP
#define LAKE_PROTOCOL_RULES_CATALOG_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/rule_step.hpp>
#include <lake/protocol/rules_clear.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

/// True if the catalog has anything to remove: a member, snapshot, file, file in flight, meta or sample.
template <catalog_log Log>
[[nodiscard]] bool has_content(Log& log) {
  bool found = !log.newest_member().is_zero() || log.newest_snapshot(beyond_all).has_value();
  const auto see = [&found](const auto&...) { return found = true, false; };
  if (!found) log.for_each_file(see);
  if (!found) log.for_each_object(object_state::writing, see);
  if (!found) log.for_each_meta(see);
  if (!found) log.for_each_sample(see);
  return found;
}

/// True if objects wait for their deletion (`r:`, `g:`, `d:`) under ids above `above`.
template <catalog_log Log>
[[nodiscard]] bool has_garbage(Log& log, time_seq above) {
  bool found = false;
  const auto see_id = [&](time_seq id, const auto&) { return found = found || id > above, !found; };
  log.for_each_dead(dead_kind::removed, see_id);
  log.for_each_object(object_state::superseded, see_id);
  log.for_each_snapshot(snapshot_set::removed, [&](const snapshot_info& info) { return found = found || info.stop > above, !found; });
  return found;
}

/// Every object of an emptied catalog that may still exist. Bodies of dead ids are among the records: they may go now, their records stay
/// for the horizon, because a late put may still bring one back.
template <catalog_log Log>
[[nodiscard]] victims collect_emptied(Log& log) {
  victims gone;
  for (const dead_kind kind : {dead_kind::killed, dead_kind::removed}) {
    for (const auto& [id, record] : all_dead(log, kind)) gone.records.push_back(body_ref{id, record.merge});
  }
  gone.snapshots = all_snapshots(log, snapshot_set::removed);
  for (const auto& [id, object] : all_objects(log, object_state::superseded)) gone.files.push_back(file_ref{object.path, id});
  return gone;
}

/// Turns all that the catalog has into records of what is to be deleted.
template <catalog_log Log>
void empty_log(Log& log, const log_step& at) {
  for (const pending_record& pending : all_pendings(log)) log.kill_pending(pending, at.mono);
  std::vector<body_ref> deltas;
  collect_bodies(log, time_seq{0, 1}, beyond_all, false, deltas);
  for (const body_ref& body : deltas) {
    log.erase_delta(body.id);
    log.put_dead(dead_kind::removed, body.id, dead_record{body.merge, at.mono});
  }
  for (const snapshot_info& info : all_snapshots(log, snapshot_set::published)) {
    log.erase_snapshot(snapshot_set::published, info.stop);
    log.put_snapshot(snapshot_set::removed, info);
  }
  std::vector<file_ref> files;
  log.for_each_file([&](std::string_view path, const file_record& record) {
    files.push_back(file_ref{std::string(path), record.id});
    return true;
  });
  for (const file_ref& file : files) {
    log.erase_file(file.path);
    log.put_object(object_state::superseded, file.id, file_object_record{file.path, at.mono});
  }
  for (const auto& [id, object] : all_objects(log, object_state::writing)) {
    log.erase_object(object_state::writing, id);
    log.put_object(object_state::superseded, id, file_object_record{object.path, at.mono});
  }
  log.drop_meta_and_samples();
}

}  // namespace detail

namespace rules {

/// Empties the catalog in one step and names every object that may still exist. Errors: invalid_argument; corrupt_index.
///
/// What stays is a tombstone: the control record with `last` = `closed` = `forgotten` = `cleared` = `gen` = one fresh id, counts of zero
/// and no stop. So ids go on above it; a commit, rollback or put_file in flight meets a fence; a reader in flight cannot publish what it
/// merged; as_of below it is `trimmed`; and a `cleared` without a snapshot at it says that the log above begins with the empty document.
/// A repeat after a crash answers the same objects again, as long as records of them are left; then `not_found`.
template <catalog_log Log>
[[nodiscard]] result<remove_catalog_answer> remove_catalog(Log& log, std::string_view catalog, const index_timing&) {
  constexpr std::string_view operation = "index.remove_catalog";
  if (result<void> named = detail::check_name(operation, catalog); !named) return std::move(named).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log(operation, catalog);
  if (at.presence == detail::log_presence::lost) return remove_catalog_answer{.status = remove_catalog_status::no_control};
  const time_seq emptied = detail::emptied_upto(log, at.control);
  // Records above the last tombstone are of single deltas and files: a tombstone above them lets them go with the catalog.
  if (detail::has_content(log) || detail::has_garbage(log, emptied)) {
    const time_seq fresh = detail::fresh_id(log, at);
    detail::empty_log(log, at);
    at.tick();
    control_record& control = at.control;
    control.last = control.closed = control.cleared = control.gen = control.forgotten = fresh;
    control.stop = time_seq{};
    control.n = control.ns = 0;
    log.put_control(control);
  } else if (!detail::has_garbage(log, time_seq{})) {
    return remove_catalog_answer{.status = remove_catalog_status::not_found};
  }
  return remove_catalog_answer{.status = remove_catalog_status::removed, .gone = detail::collect_emptied(log)};
}

}  // namespace rules

namespace detail {

/// Restamps what an older logical clock stamped later than the new one shows: else it would wait for the difference of the two.
template <catalog_log Log>
void restamp(Log& log, std::int64_t mono) {
  for (const dead_kind kind : {dead_kind::killed, dead_kind::removed}) {
    for (const auto& [id, record] : all_dead(log, kind)) {
      if (record.mono > mono) log.put_dead(kind, id, dead_record{record.merge, mono});
    }
  }
  for (const object_state state : {object_state::writing, object_state::superseded}) {
    for (const auto& [id, object] : all_objects(log, state)) {
      if (object.mono > mono) log.put_object(state, id, file_object_record{object.path, mono});
    }
  }
}

/// Records the snapshots anew: generation, length and digest as their envelopes tell, where they do; the grace begins now.
template <catalog_log Log>
void heal_snapshots(Log& log, const heal_args& args, control_record& control) {
  for (snapshot_info info : all_snapshots(log, snapshot_set::published)) {
    const auto told = std::find_if(args.snapshots.begin(), args.snapshots.end(),
                                   [&](const snapshot_info& one) { return one.start == info.start && one.stop == info.stop; });
    if (told != args.snapshots.end()) info = *told;
    info.created = control.mono;
    log.put_snapshot(snapshot_set::published, info);
    ++control.ns;
    control.stop = info.stop;
  }
}

}  // namespace detail

namespace rules {

/// Makes a new control record for a log that lost its own; nothing where there is one, or nothing to heal (section 4 of the protocol).
/// Every write in flight is fenced, every read in flight cannot publish. Errors: invalid_argument.
/// The protocol's start `(raw + 6, 0)` is no id; what is stored in its place is the last id before it.
template <catalog_log Log>
[[nodiscard]] result<void> heal(Log& log, const heal_args& args, const index_timing&) {
  if (result<void> named = detail::check_name("index.heal", args.catalog); !named) return named;
  const detail::log_step at = detail::open_log(log);
  if (at.presence != detail::log_presence::lost) return {};
  const std::optional<snapshot_info> newest = log.newest_snapshot(beyond_all);
  const time_seq start =
      (std::max)({log.newest_member(), newest ? newest->stop : time_seq{}, time_seq{at.raw / 1000 + 5, time_seq::max_seqid}});
  control_record control;
  control.closed = control.forgotten = start;
  control.last = control.gen = next(start);
  control.cleared = newest ? newest->stop : time_seq{};
  control.clk = at.raw;
  control.mono = (std::max)(at.raw, control.last.timestamp * 1000);
  log.for_each_member(time_seq{0, 1}, beyond_all, [&](const member_row&) { return ++control.n, true; });
  detail::heal_snapshots(log, args, control);
  detail::restamp(log, control.mono);
  log.put_control(control);
  return {};
}

}  // namespace rules

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_RULES_CATALOG_HPP
