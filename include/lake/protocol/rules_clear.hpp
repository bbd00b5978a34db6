// clear_cut and remove_members, remove_delta, remove_catalog, heal: the rules of what goes, and of what comes back.
// Knows a catalog only through its `catalog_log`. The numbers in comments are those of the index protocol, section 2.
//
// An object goes in three moves, and a crash between any two of them is finished by the next caller:
//   1. a step after which nothing can refer to it any more: clear_cut (cleared, closed), remove_delta (`r:`), remove_catalog
//      (`r:`, `x:`, `g:`, `d:`), put_file and drop_file (`d:`). The record that names the object stays, or begins.
//   2. the object is deleted (behind the barrier).
//   3. remove_members drops the record. It checks each again, so a stale list of victims removes nothing that is needed.
// Records that may meet a late object (`x:`, and `r:` of single deltas) stay for the horizon. What `remove_catalog` left (`r:` at or below
// the emptied prefix, `g:`) was complete when it was recorded and may go at once; `d:` goes when its object did.
#ifndef LAKE_PROTOCOL_RULES_CLEAR_HPP
#define LAKE_PROTOCOL_RULES_CLEAR_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/rule_step.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

template <catalog_log Log>
[[nodiscard]] std::vector<pending_record> all_pendings(Log& log) {
  std::vector<pending_record> all;
  log.for_each_pending([&](const pending_record& pending) {
    all.push_back(pending);
    return true;
  });
  return all;
}

template <catalog_log Log>
[[nodiscard]] std::vector<std::pair<time_seq, file_object_record>> all_objects(Log& log, object_state state) {
  std::vector<std::pair<time_seq, file_object_record>> all;
  log.for_each_object(state, [&](time_seq id, const file_object_record& object) {
    all.emplace_back(id, object);
    return true;
  });
  return all;
}

template <catalog_log Log>
[[nodiscard]] std::vector<std::pair<time_seq, dead_record>> all_dead(Log& log, dead_kind kind) {
  std::vector<std::pair<time_seq, dead_record>> all;
  log.for_each_dead(kind, [&](time_seq id, const dead_record& record) {
    all.emplace_back(id, record);
    return true;
  });
  return all;
}

template <catalog_log Log>
[[nodiscard]] std::vector<snapshot_info> all_snapshots(Log& log, snapshot_set set) {
  std::vector<snapshot_info> all;
  log.for_each_snapshot(set, [&](const snapshot_info& info) {
    all.push_back(info);
    return true;
  });
  return all;
}

/// The members with from <= id <= upto of one kind, as references to their bodies.
template <catalog_log Log>
void collect_bodies(Log& log, time_seq from, time_seq upto, bool pending, std::vector<body_ref>& out) {
  log.for_each_member(from, upto, [&](const member_row& row) {
    if (row.pending == pending) out.push_back(body_ref{row.id, row.merge});
    return true;
  });
}

/// Whether a dead record has outlived its use. `emptied`: where `remove_catalog` emptied the log, `0_0` if it did not.
[[nodiscard]] inline bool is_droppable(dead_kind kind, time_seq id, const dead_record& record, std::int64_t mono, time_seq emptied,
                                       const index_timing& timing) noexcept {
  return mono - record.mono >= timing.horizon.count() || (kind == dead_kind::removed && id <= emptied);
}

/// Writers of files that are as late as an expired pending member: their `put_file` will be fenced, their objects wait as superseded ones.
/// The grace counts from now, so that most late objects arrive before their deletion.
template <catalog_log Log>
void fence_late_files(Log& log, const log_step& at, const index_timing& timing) {
  for (const auto& [id, object] : all_objects(log, object_state::writing)) {
    if (at.mono - object.mono < timing.pending_timeout.count()) continue;
    log.erase_object(object_state::writing, id);
    log.put_object(object_state::superseded, id, file_object_record{object.path, at.mono});
  }
}

/// What may go, after the cut was recorded.
template <catalog_log Log>
[[nodiscard]] victims collect_victims(Log& log, const log_step& at, const cut_args& args, const index_timing& timing) {
  victims gone;
  const control_record& control = at.control;
  collect_bodies(log, time_seq{0, 1}, control.cleared, false, gone.deltas);
  for (const pending_record& pending : all_pendings(log)) {
    if (pending.batch.first <= control.closed) {
      collect_bodies(log, pending.batch.first, (std::min)(pending.batch.last(), control.closed), true, gone.pendings);
    }
  }
  if (args.cut) {
    for (const snapshot_info& info : all_snapshots(log, snapshot_set::published)) {
      if (info.stop < args.cut->stop) gone.snapshots.push_back(info);
    }
    gone.snapshots.resize(gone.snapshots.size() - (std::min)(gone.snapshots.size(), args.keep));
  }
  for (const snapshot_info& info : all_snapshots(log, snapshot_set::removed)) gone.snapshots.push_back(info);
  const time_seq emptied = emptied_upto(log, control);
  for (const dead_kind kind : {dead_kind::killed, dead_kind::removed}) {
    for (const auto& [id, record] : all_dead(log, kind)) {
      if (is_droppable(kind, id, record, at.mono, emptied, timing)) gone.records.push_back(body_ref{id, record.merge});
    }
  }
  for (const auto& [id, object] : all_objects(log, object_state::superseded)) {
    if (at.mono - object.mono >= args.grace.count()) gone.files.push_back(file_ref{object.path, id});
  }
  return gone;
}

}  // namespace detail

namespace rules {

/// Records that everything at or below the cut may go, and says what. Errors: invalid_argument; corrupt_index.
/// Also ends late file writers. `too_new` stores a step back of the clock, or its caller would wait for the size of the step.
template <catalog_log Log>
[[nodiscard]] result<cut_answer> clear_cut(Log& log, const cut_args& args, const index_timing& timing) {
  if (result<void> named = detail::check_name("index.clear_cut", args.catalog); !named) return std::move(named).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.clear_cut", args.catalog);
  if (at.presence == detail::log_presence::lost) return cut_answer{.status = cut_status::no_control};
  time_seq cut;
  if (args.cut) {
    const std::optional<snapshot_info> recorded = log.newest_snapshot(args.cut->stop);  // 1
    if (!recorded || recorded->stop != args.cut->stop || recorded->start != args.cut->start || recorded->gen != args.cut->gen ||
        recorded->digest != args.cut->digest) {
      return cut_answer{.status = cut_status::stale};
    }
    const std::int64_t age = at.mono - recorded->created;
    if (age < args.grace.count()) {  // 2
      detail::keep_step_back(log, at);
      return cut_answer{.status = cut_status::too_new, .wait = args.grace - std::chrono::milliseconds(age)};
    }
    cut = recorded->stop;
  }
  if (at.presence == detail::log_presence::fresh) return cut_answer{};

  const time_seq expired = detail::scan_pendings(log, at, beyond_all, timing.pending_timeout).expired;
  at.tick();
  at.control.cleared = (std::max)(at.control.cleared, cut);
  at.control.closed = (std::max)({at.control.closed, cut, expired});
  log.put_control(at.control);
  detail::fence_late_files(log, at, timing);
  return cut_answer{.status = cut_status::cut, .gone = detail::collect_victims(log, at, args, timing)};
}

}  // namespace rules

namespace detail {

// The parts of remove_members. What is absent was removed by somebody else before: neither counted nor kept.

template <catalog_log Log>
void remove_deltas(Log& log, log_step& at, const std::vector<body_ref>& bodies, removed_counts& counts) {
  for (const body_ref& body : bodies) {
    std::optional<member_row> found;
    log.for_each_member(body.id, body.id, [&](const member_row& row) {
      found = member_row{row.id, row.merge, row.pending, {}};
      return false;
    });
    if (!found) continue;
    if (found->pending || found->merge != body.merge || body.id > at.control.cleared) {
      ++counts.kept;
      continue;
    }
    log.erase_delta(body.id);
    if (at.control.n > 0) --at.control.n;
    ++counts.deltas;
  }
}

/// A reservation goes as a whole, also where only some of its ids are asked for: a part of it could neither be committed nor rolled back
/// any more. The dead records of the others name their bodies for a later sweep.
template <catalog_log Log>
void remove_pendings(Log& log, log_step& at, const std::vector<body_ref>& bodies, removed_counts& counts) {
  const std::vector<pending_record> pendings = all_pendings(log);
  std::vector<const pending_record*> dead;
  for (const body_ref& body : bodies) {
    const auto holder =
        std::find_if(pendings.begin(), pendings.end(), [&](const pending_record& one) { return one.batch.contains(body.id); });
    if (holder == pendings.end()) continue;
    if (body.id > at.control.closed) {
      ++counts.kept;
      continue;
    }
    ++counts.pendings;
    if (std::find(dead.begin(), dead.end(), &*holder) == dead.end()) dead.push_back(&*holder);
  }
  for (const pending_record* pending : dead) kill(log, at, *pending);
}

/// A snapshot that is no longer the one listed (a repair replaced it under the same stop) stays: its object is another.
template <catalog_log Log>
void remove_snapshots(Log& log, log_step& at, const std::vector<snapshot_info>& listed, removed_counts& counts) {
  const std::vector<snapshot_info> published = all_snapshots(log, snapshot_set::published);
  const std::vector<snapshot_info> removed = all_snapshots(log, snapshot_set::removed);
  const auto same_stop = [](const std::vector<snapshot_info>& all, time_seq stop) {
    return std::find_if(all.begin(), all.end(), [&](const snapshot_info& one) { return one.stop == stop; });
  };
  for (const snapshot_info& info : listed) {
    if (same_stop(removed, info.stop) != removed.end()) {
      log.erase_snapshot(snapshot_set::removed, info.stop);
      ++counts.snapshots;
      continue;
    }
    const auto recorded = same_stop(published, info.stop);
    if (recorded == published.end()) continue;
    if (info.stop >= at.control.cleared || info.stop == at.control.stop || recorded->start != info.start || recorded->gen != info.gen ||
        recorded->digest != info.digest) {
      ++counts.kept;
      continue;
    }
    log.erase_snapshot(snapshot_set::published, info.stop);
    if (at.control.ns > 0) --at.control.ns;
    ++counts.snapshots;
  }
}

template <catalog_log Log>
void remove_records(Log& log, log_step& at, const std::vector<body_ref>& bodies, const index_timing& timing, removed_counts& counts) {
  const time_seq emptied = emptied_upto(log, at.control);
  for (const body_ref& body : bodies) {
    for (const dead_kind kind : {dead_kind::killed, dead_kind::removed}) {
      const std::optional<dead_record> record = log.find_dead(kind, body.id);
      if (!record) continue;
      if (record->merge != body.merge || !is_droppable(kind, body.id, *record, at.mono, emptied, timing)) {
        ++counts.kept;
        continue;
      }
      log.erase_dead(kind, body.id);
      // An absent id reads as committed, which is true of `r:`; of `x:` it must read as unknown.
      if (kind == dead_kind::killed) at.control.forgotten = (std::max)(at.control.forgotten, body.id);
      ++counts.records;
    }
  }
}

template <catalog_log Log>
void remove_files(Log& log, const std::vector<file_ref>& files, removed_counts& counts) {
  for (const file_ref& file : files) {
    const std::optional<file_object_record> object = log.find_object(object_state::superseded, file.id);
    if (!object || object->path != file.path) continue;
    log.erase_object(object_state::superseded, file.id);
    ++counts.files;
  }
}

}  // namespace detail

namespace rules {

/// Takes out what may go of the records listed, whose objects the caller has deleted. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<removed_counts> remove_members(Log& log, std::string_view catalog, const victims& gone, const index_timing& timing) {
  if (result<void> named = detail::check_name("index.remove_members", catalog); !named) return std::move(named).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.remove_members", catalog);
  if (at.presence == detail::log_presence::lost) {
    return lake::error{errc::corrupt_index, "index.remove_members", std::string(catalog), "the control record is missing"};
  }
  removed_counts counts;
  if (at.presence == detail::log_presence::fresh) return counts;
  at.tick();
  detail::remove_deltas(log, at, gone.deltas, counts);
  detail::remove_pendings(log, at, gone.pendings, counts);
  detail::remove_snapshots(log, at, gone.snapshots, counts);
  detail::remove_records(log, at, gone.records, timing, counts);
  detail::remove_files(log, gone.files, counts);
  log.put_control(at.control);
  return counts;
}

/// Takes one delta out of the log. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<remove_delta_answer> remove_delta(Log& log, std::string_view catalog, time_seq id, const index_timing& timing) {
  if (result<void> named = detail::check_name("index.remove_delta", catalog); !named) return std::move(named).error();
  if (result<void> valid = detail::check_id("index.remove_delta", catalog, id, false); !valid) return std::move(valid).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.remove_delta", catalog);
  if (at.presence == detail::log_presence::lost) return remove_delta_answer{.status = remove_delta_status::no_control};
  if (const std::optional<dead_record> removed = log.find_dead(dead_kind::removed, id)) {  // 1
    return remove_delta_answer{.status = remove_delta_status::already, .merge = removed->merge};
  }
  std::optional<member_row> found;
  log.for_each_member(id, id, [&](const member_row& row) {
    found = member_row{row.id, row.merge, row.pending, {}};
    return false;
  });
  if (found && found->pending) return remove_delta_answer{.status = remove_delta_status::pending};                            // 2
  if (id <= at.control.stop || id <= at.control.cleared) return remove_delta_answer{.status = remove_delta_status::covered};  // 3
  if (!found) return remove_delta_answer{.status = remove_delta_status::not_found};                                           // 4
  const std::optional<id_run> fresh = detail::fresh_ids(log, at, 1, timing);                                                  // 5
  if (!fresh) return remove_delta_answer{.status = remove_delta_status::overflow};

  at.tick();
  at.control.last = at.control.gen = fresh->first;
  if (at.control.n > 0) --at.control.n;
  log.erase_delta(id);
  log.put_dead(dead_kind::removed, id, dead_record{found->merge, at.mono});
  log.put_control(at.control);
  return remove_delta_answer{.status = remove_delta_status::removed, .merge = found->merge};
}

}  // namespace rules

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_RULES_CLEAR_HPP
