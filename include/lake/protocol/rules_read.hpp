// view, publish_snapshot and the plain reads: the rules of a reader. Checks first, in the protocol's order; then all effects.
// Knows a catalog only through its `catalog_log`. The numbers in comments are those of the index protocol, section 2.
#ifndef LAKE_PROTOCOL_RULES_READ_HPP
#define LAKE_PROTOCOL_RULES_READ_HPP

#include <lake/config.hpp>
#include <lake/core/log_entry.hpp>
#include <lake/core/member.hpp>
#include <lake/core/result.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/rule_step.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

/// The deltas with from <= id <= upto, in id order. Errors: limit_exceeded.
template <catalog_log Log>
[[nodiscard]] result<std::vector<delta>> collect_deltas(Log& log, std::string_view operation, std::string_view catalog, time_seq from,
                                                        time_seq upto, std::size_t max_deltas) {
  std::vector<delta> deltas;
  bool too_many = false;
  log.for_each_member(from, upto, [&](const member_row& row) {
    if (row.pending) return true;
    too_many = deltas.size() == max_deltas;
    if (!too_many) deltas.push_back(delta{row.id, row.merge, std::string(row.path)});
    return !too_many;
  });
  if (!too_many) return deltas;
  return lake::error{errc::limit_exceeded, std::string(operation), std::string(catalog),
                     "more than " + std::to_string(max_deltas) + " deltas to read: save a snapshot, then clear_history"};
}

template <catalog_log Log>
[[nodiscard]] pending_info describe(Log& log, const pending_record& pending, const log_step& at) {
  pending_info info{.id = pending.batch.first, .merge = merge_type::replace, .path = {}, .age = age_of(pending, at)};
  log.for_each_member(info.id, info.id, [&](const member_row& row) {
    info.merge = row.merge;
    info.path = std::string(row.path);
    return false;
  });
  return info;
}

/// Check 4 of view: the snapshot to start from. False: `trimmed`.
/// A base that was asked for and is no longer recorded, or lies above the bound, is `trimmed` too.
template <catalog_log Log>
[[nodiscard]] bool choose_base(Log& log, const control_record& control, std::optional<time_seq> wanted, time_seq bound,
                               std::optional<snapshot_info>& base) {
  if (!wanted) {
    base = log.newest_snapshot(bound);
  } else if (!wanted->is_zero()) {
    base = log.newest_snapshot(*wanted);
    if (!base || base->stop != *wanted || base->stop > bound) return false;
  }
  const time_seq start = base ? base->stop : time_seq{};
  if (start == bound || start >= control.cleared) return true;
  // An emptied log begins with the empty document, but not before it was emptied.
  const time_seq emptied = start.is_zero() ? emptied_upto(log, control) : time_seq{};
  return !emptied.is_zero() && emptied <= bound;
}

[[nodiscard]] inline result<void> check_view(const view_args& args) {
  if (result<void> named = check_name("index.view", args.catalog); !named) return named;
  if (args.base) {
    if (result<void> base = check_id("index.view", args.catalog, *args.base, true); !base) return base;
  }
  return args.upto ? check_id("index.view", args.catalog, *args.upto, true) : result<void>();
}

/// The effects of a view: a step back of the clock, and the closed prefix that the answer relies on. Mostly none.
template <catalog_log Log>
void store_view(Log& log, log_step& at, time_seq expired) {
  const bool stepped_back = at.raw < at.control.clk;
  if (!stepped_back && expired <= at.control.closed) return;
  if (stepped_back) at.tick();
  at.control.closed = (std::max)(at.control.closed, expired);
  log.put_control(at.control);
}

}  // namespace detail

namespace rules {

/// What a reader merges, in one moment. Errors: invalid_argument; corrupt_index; limit_exceeded.
/// The oldest live pending member at or below the bound is part of the answer in both modes.
template <catalog_log Log>
[[nodiscard]] result<view_answer> view(Log& log, const view_args& args, const index_timing& timing) {
  if (result<void> checked = detail::check_view(args); !checked) return std::move(checked).error();
  detail::log_step at = detail::open_log(log);  // 1
  view_answer answer;
  answer.clock = at.raw;
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.view", args.catalog);
  if (at.presence == detail::log_presence::lost) answer.status = view_status::no_control;
  if (at.presence != detail::log_presence::ready) return answer;

  answer.version = detail::version_of(log, at.control);
  answer.gen = at.control.gen;
  answer.cleared = at.control.cleared;
  time_seq bound = args.upto && *args.upto <= at.control.last ? *args.upto : beyond_all;                // 2
  const detail::pending_scan pendings = detail::scan_pendings(log, at, bound, timing.pending_timeout);  // 3
  if (pendings.live) {
    answer.pending = detail::describe(log, *pendings.live, at);
    if (args.mode == view_mode::fail) {
      detail::keep_step_back(log, at);
      answer.status = view_status::pending;
      return answer;
    }
    bound = detail::before(pendings.live->batch.first);
  }
  if (!detail::choose_base(log, at.control, args.base, bound, answer.base)) {  // 4
    answer.status = view_status::trimmed;
    return answer;
  }
  answer.stop = answer.base ? answer.base->stop : time_seq{};
  result<std::vector<delta>> deltas = detail::collect_deltas(log, "index.view", args.catalog, next(answer.stop), bound, args.max_deltas);
  if (!deltas) return std::move(deltas).error();
  answer.deltas = *std::move(deltas);
  if (!answer.deltas.empty()) answer.stop = answer.deltas.back().id;
  detail::store_view(log, at, pendings.expired);
  return answer;
}

/// Records a snapshot if what it merged is still exactly the log. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<publish_status> publish_snapshot(Log& log, const publish_args& args, const index_timing& timing) {
  constexpr std::string_view operation = "index.publish_snapshot";
  if (result<void> named = detail::check_name(operation, args.catalog); !named) return std::move(named).error();
  if (result<void> id = detail::check_id(operation, args.catalog, args.start, true); !id) return std::move(id).error();
  if (result<void> id = detail::check_id(operation, args.catalog, args.stop, false); !id) return std::move(id).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log(operation, args.catalog);
  if (at.presence == detail::log_presence::lost) return publish_status::no_control;
  if (args.gen != at.control.gen || args.stop < at.control.stop) return publish_status::stale;  // 1, 2
  if (args.start != at.control.stop) {                                                          // 3: a repair, on an older base
    const std::optional<snapshot_info> base = log.newest_snapshot(args.start);
    if (!args.start.is_zero() && (!base || base->stop != args.start)) return publish_status::stale;
    if (!detail::is_whole_above(log, at.control, args.start)) return publish_status::stale;
  }
  member_hash hash;  // 4
  time_seq newest;
  log.for_each_member(next(args.start), args.stop, [&](const member_row& row) {
    if (row.pending) return true;
    hash.add(row.id, row.merge, row.path);
    newest = row.id;
    return true;
  });
  if (newest != args.stop || hash.hex() != args.hash) return publish_status::stale;
  if (detail::scan_pendings(log, at, args.stop, timing.pending_timeout).live) return publish_status::stale;  // 5

  at.tick();
  at.control.closed = (std::max)(at.control.closed, args.stop);
  if (args.stop != at.control.stop) ++at.control.ns;
  at.control.stop = args.stop;
  log.put_snapshot(snapshot_set::published, snapshot_info{args.start, args.stop, args.gen, at.mono, args.length, args.digest});
  log.put_control(at.control);
  return publish_status::published;
}

/// Deltas above `cleared` (or `since`) and all snapshots; changes nothing. With `no_control` all that is there: what a heal has to go by.
/// Errors: invalid_argument; corrupt_index; limit_exceeded.
template <catalog_log Log>
[[nodiscard]] result<log_answer> read_log(Log& log, std::string_view catalog, time_seq since, std::size_t max_deltas) {
  constexpr std::string_view operation = "index.read_log";
  if (result<void> named = detail::check_name(operation, catalog); !named) return std::move(named).error();
  if (result<void> id = detail::check_id(operation, catalog, since, true); !id) return std::move(id).error();
  const detail::log_step at = detail::open_log(log);
  log_answer answer;
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log(operation, catalog);
  if (at.presence == detail::log_presence::lost) answer.status = view_status::no_control;
  answer.mono = at.mono;
  if (at.presence == detail::log_presence::fresh) return answer;
  answer.cleared = at.control.cleared;
  answer.version = detail::version_of(log, at.control);
  const time_seq after = (std::max)(since, at.control.cleared);
  result<std::vector<delta>> deltas = detail::collect_deltas(log, operation, catalog, next(after), beyond_all, max_deltas);
  if (!deltas) return std::move(deltas).error();
  answer.deltas = *std::move(deltas);
  if (at.presence == detail::log_presence::lost) {
    log.for_each_member(time_seq{0, 1}, beyond_all, [&](const member_row& row) {
      if (row.pending) answer.pendings.push_back(body_ref{row.id, row.merge});
      return true;
    });
  }
  log.for_each_snapshot(snapshot_set::published, [&](const snapshot_info& info) {
    answer.snapshots.push_back(info);
    return true;
  });
  return answer;
}

/// True if an enumeration shows the catalog: it has a member, a snapshot, meta or a file.
template <catalog_log Log>
[[nodiscard]] bool is_in_use(Log& log) {
  if (!log.newest_member().is_zero() || log.newest_snapshot(beyond_all)) return true;
  bool found = false;
  log.for_each_meta([&](std::string_view, std::string_view, time_seq) { return found = true, false; });
  if (!found) log.for_each_file([&](std::string_view, const file_record&) { return found = true, false; });
  return found;
}

/// Meta as (unescaped key, raw JSON value), sorted by key bytes.
template <catalog_log Log>
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_meta(Log& log) {
  std::vector<std::pair<std::string, std::string>> all;
  log.for_each_meta([&](std::string_view key, std::string_view value, time_seq) {
    all.emplace_back(key, value);
    return true;
  });
  return all;
}

}  // namespace rules

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_RULES_READ_HPP
