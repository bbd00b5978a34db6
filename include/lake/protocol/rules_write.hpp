// reserve, commit and rollback: the rules of a write. Checks first, in the protocol's order; then all effects.
// Knows a catalog only through its `catalog_log`. The numbers in comments are those of the index protocol, section 2.
#ifndef LAKE_PROTOCOL_RULES_WRITE_HPP
#define LAKE_PROTOCOL_RULES_WRITE_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/path.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/rule_step.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

[[nodiscard]] inline result<void> check_reserve(const reserve_args& args) {
  constexpr std::string_view operation = "index.reserve";
  if (result<void> named = check_name(operation, args.catalog); !named) return named;
  if (args.members.empty() || args.members.size() > static_cast<std::size_t>(time_seq::max_seqid)) {
    return bad_argument(operation, args.catalog, "a reservation has 1 to 999999 members, not " + std::to_string(args.members.size()));
  }
  for (const member_spec& spec : args.members) {
    if (!is_merge_type(spec.merge)) {
      return bad_argument(operation, args.catalog, "the merge type must be 1, 2 or 3, not " + std::to_string(static_cast<int>(spec.merge)));
    }
    // How long a path may be is the client's option, not the index's.
    if (result<void> path = check_field_path(spec.path, (std::numeric_limits<std::size_t>::max)()); !path) {
      return bad_argument(operation, args.catalog, path.error().message);
    }
  }
  return args.expected ? check_id(operation, args.catalog, *args.expected, true) : result<void>();
}

/// Checks 3 and 4 of reserve; nothing if they pass.
template <catalog_log Log>
[[nodiscard]] std::optional<reserve_answer> refuse_expected(Log& log, log_step& at, time_seq expected, const pending_scan& pendings) {
  const time_seq newest = log.newest_delta_below(beyond_all);
  if (!expected_holds(expected, newest, at.control)) {
    return reserve_answer{.status = reserve_status::conflict, .seen = (std::max)({newest, at.control.stop, at.control.gen})};
  }
  if (!pendings.live) return std::nullopt;
  keep_step_back(log, at);
  return reserve_answer{.status = reserve_status::blocked, .seen = pendings.live->batch.first, .age = age_of(*pendings.live, at)};
}

}  // namespace detail

namespace rules {

/// The ids of a new reservation, or why there is none. Errors: invalid_argument; corrupt_index.
/// `blocked` stores a step back of the clock, as a view does, or a caller that only repeats it would wait for the size of the step.
template <catalog_log Log>
[[nodiscard]] result<reserve_answer> reserve(Log& log, const reserve_args& args, const index_timing& timing) {
  if (result<void> checked = detail::check_reserve(args); !checked) return std::move(checked).error();  // 1
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.reserve", args.catalog);
  if (at.presence == detail::log_presence::lost) return reserve_answer{.status = reserve_status::no_control};

  std::optional<id_run> repeated;  // 2
  log.for_each_pending([&](const pending_record& pending) {
    if (pending.token != args.token) return true;
    repeated = pending.batch;
    return false;
  });
  if (repeated && repeated->count != args.members.size()) {
    return detail::bad_argument("index.reserve", args.catalog, "the token belongs to a reservation of " + std::to_string(repeated->count) +
                                                                   " members, not " + std::to_string(args.members.size()));
  }
  if (repeated) return reserve_answer{.ids = *repeated};

  detail::pending_scan pendings;
  if (args.expected) {  // 3, 4
    pendings = detail::scan_pendings(log, at, beyond_all, timing.pending_timeout);
    if (std::optional<reserve_answer> refused = detail::refuse_expected(log, at, *args.expected, pendings)) return *refused;
  }
  const std::optional<id_run> ids = detail::fresh_ids(log, at, static_cast<std::uint32_t>(args.members.size()), timing);  // 5
  if (!ids) return reserve_answer{.status = reserve_status::overflow};

  at.tick();
  at.control.closed = (std::max)(at.control.closed, pendings.expired);
  at.control.last = ids->last();
  at.control.n += ids->count;
  log.put_pending(pending_record{.stamp = at.mono, .token = args.token, .batch = *ids}, args.members);
  log.put_control(at.control);
  return reserve_answer{.ids = *ids};
}

}  // namespace rules

namespace detail {

/// What a run of ids is, when somebody asks to commit it or to roll it back: checks 2 to 4.
enum class run_fate : std::uint8_t {
  reserved,   ///< All pending, one reservation, this token.
  committed,  ///< Deltas now, or once.
  killed,     ///< Never committed, never will be.
  unknown,    ///< Never issued here, forgotten, or somebody else's.
  lost,       ///< No control record.
};
struct run_state {
  run_fate fate = run_fate::unknown;
  log_step at;
  pending_record pending;  ///< Of `reserved`.
};

/// How many ids two overlapping runs share.
[[nodiscard]] inline std::uint64_t shared_ids(const id_run& left, const id_run& right) noexcept {
  const auto place = [](time_seq id) { return id.timestamp * time_seq::max_seqid + id.seqid; };
  return static_cast<std::uint64_t>(place((std::min)(left.last(), right.last())) - place((std::max)(left.first, right.first)) + 1);
}

/// Check 3: the fate of ids none of which is pending.
template <catalog_log Log>
[[nodiscard]] run_fate fate_of_absent(Log& log, const control_record& control, const id_run& ids) {
  for (std::uint32_t i = 0; i < ids.count; ++i) {
    if (log.find_dead(dead_kind::killed, ids[i])) return run_fate::killed;
  }
  bool found = false;
  log.for_each_member(ids.first, ids.last(), [&](const member_row&) {
    found = true;
    return false;
  });
  for (std::uint32_t i = 0; !found && i < ids.count; ++i) found = log.find_dead(dead_kind::removed, ids[i]).has_value();
  if (found) return run_fate::committed;
  // Absent above `forgotten` and not dead: it was committed, and its member was trimmed since.
  return ids.first <= control.forgotten ? run_fate::unknown : run_fate::committed;
}

/// Checks 1 to 4 of commit and rollback. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<run_state> find_run(Log& log, std::string_view operation, std::string_view catalog, const id_run& ids,
                                         const write_token& token) {
  if (result<void> named = check_name(operation, catalog); !named) return std::move(named).error();
  if (result<void> run = check_run(operation, catalog, ids); !run) return std::move(run).error();
  run_state found{.fate = run_fate::unknown, .at = open_log(log), .pending = {}};
  if (found.at.presence == log_presence::damaged) return damaged_log(operation, catalog);
  if (found.at.presence == log_presence::lost) found.fate = run_fate::lost;
  if (found.at.presence == log_presence::lost || ids.last() > found.at.control.last) return found;  // 2

  std::uint64_t pending = 0;
  log.for_each_pending([&](const pending_record& one) {
    if (one.batch.first > ids.last()) return false;
    if (one.batch.last() < ids.first) return true;
    pending += shared_ids(one.batch, ids);
    found.pending = one;
    return true;
  });
  if (pending == 0) {
    found.fate = fate_of_absent(log, found.at.control, ids);  // 3
  } else if (pending < ids.count) {                           // 4
    return lake::error{errc::corrupt_index, std::string(operation), std::string(catalog), "some ids of one write are pending, some are not",
                       ids.first};
  } else if (found.pending.token == token && found.pending.batch == ids) {
    found.fate = run_fate::reserved;  // else: another's reservation, or a part of one, which nobody may commit alone
  }
  return found;
}

template <catalog_log Log>
void kill_run(Log& log, run_state& run) {
  run.at.tick();
  kill(log, run.at, run.pending);
  log.put_control(run.at.control);
}

}  // namespace detail

namespace rules {

/// Makes the reserved ids deltas, or says what became of them. Errors: invalid_argument; corrupt_index.
/// A meta key remembers the first id of the run that set it.
template <catalog_log Log>
[[nodiscard]] result<commit_answer> commit(Log& log, const commit_args& args, const index_timing& timing) {
  if (args.expected) {
    if (result<void> id = detail::check_id("index.commit", args.catalog, *args.expected, true); !id) return std::move(id).error();
  }
  result<detail::run_state> found = detail::find_run(log, "index.commit", args.catalog, args.ids, args.token);  // 1 to 4
  if (!found) return std::move(found).error();
  switch (found->fate) {
    case detail::run_fate::reserved: break;
    case detail::run_fate::committed: return commit_answer{.status = commit_status::ok};
    case detail::run_fate::killed: return commit_answer{.status = commit_status::fenced};
    case detail::run_fate::unknown: return commit_answer{.status = commit_status::unknown};
    case detail::run_fate::lost: return commit_answer{.status = commit_status::no_control};
  }
  detail::log_step& at = found->at;
  const time_seq first = args.ids.first;
  if (first <= at.control.stop || !detail::is_live(found->pending, at, timing.pending_timeout)) {  // 5
    detail::kill_run(log, *found);
    return commit_answer{.status = commit_status::fenced};
  }
  if (args.expected) {  // 6
    const time_seq below = log.newest_delta_below(first);
    if (!detail::expected_holds(*args.expected, below, at.control)) {
      detail::kill_run(log, *found);
      return commit_answer{.status = commit_status::conflict, .version = (std::max)({below, at.control.stop, at.control.gen})};
    }
  }
  at.tick();
  log.commit_pending(found->pending);
  for (const meta_entry& entry : args.meta) {
    if (log.meta_setter(entry.key) <= first) log.put_meta(entry.key, entry.value, first);
  }
  log.put_control(at.control);
  return commit_answer{.status = commit_status::ok};
}

/// Takes the reserved ids out for good, or says what became of them. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<rollback_status> rollback(Log& log, std::string_view catalog, const id_run& ids, const write_token& token) {
  result<detail::run_state> found = detail::find_run(log, "index.rollback", catalog, ids, token);
  if (!found) return std::move(found).error();
  switch (found->fate) {
    case detail::run_fate::reserved: break;
    case detail::run_fate::committed: return rollback_status::committed;
    case detail::run_fate::killed: return rollback_status::rolled_back;
    case detail::run_fate::unknown: return rollback_status::unknown;
    case detail::run_fate::lost: return rollback_status::no_control;
  }
  detail::kill_run(log, *found);
  return rollback_status::rolled_back;
}

}  // namespace rules

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_RULES_WRITE_HPP
