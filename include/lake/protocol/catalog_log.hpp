// What the rules of the index protocol need of an index: access to one catalog's records inside one atomic step.
// Knows the records and nothing of how they are kept. An index that keeps its state in this process provides a `catalog_log`
// and gets every primitive from protocol/rules.hpp.
#ifndef LAKE_PROTOCOL_CATALOG_LOG_HPP
#define LAKE_PROTOCOL_CATALOG_LOG_HPP

#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/protocol/types.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Above every id: the open upper end of a range.
inline constexpr time_seq beyond_all{(std::numeric_limits<std::int64_t>::max)(), time_seq::max_seqid};

/// A member of a catalog's log as a `catalog_log` shows it. The path is valid during the call-back only.
struct member_row {
  time_seq id;
  merge_type merge = merge_type::replace;
  bool pending = false;
  std::string_view path;
};

/// The two kinds of ids that are no longer in the log but whose bodies may linger.
enum class dead_kind : std::uint8_t {
  killed,   ///< `x:{id}`: issued, certainly never committed.
  removed,  ///< `r:{id}`: was a delta.
};

/// The two kinds of snapshots.
enum class snapshot_set : std::uint8_t {
  published,  ///< Part of the log (`s:{stop}` and its member).
  removed,    ///< `g:{stop}`: of a removed catalog; only its object may still exist.
};

/// The two kinds of file objects that no file record points to.
enum class object_state : std::uint8_t {
  writing,     ///< `f:{id}`: between `issue_id` and `put_file`.
  superseded,  ///< `d:{id}`: waits for the grace, then goes.
};

// The law of a catalog_log.
//
// One atomic step: what the methods show is one moment, and what they change becomes visible to others at once and whole, when the rule
// has returned (memory: under a mutex; SQL: one transaction). A change is visible to the later calls of the same rule.
//
// Sticky errors: the methods return plain values. A log that fails (I/O, a record that breaks its format) keeps its first error, answers
// emptily from then on, and its index throws the step away and returns that error instead of the rule's answer.
//
// Ranges `from`, `to` are inclusive. The `for_each` methods visit in ascending order of id (stop, path, key) until the call-back returns
// false; no call-back calls the log. Ids are never reused, so each `put` of an id is new, or replaces the record of the same id.

/// Raw clock and control record. `sizes_match`: the log has exactly `n` members of both kinds and `ns` published snapshots, and the newest
/// of these has the stop `stop` (`0_0`: none).
template <class L>
concept logs_control = requires(L& log, const control_record& control) {
  { log.clock_ms() } -> std::same_as<std::int64_t>;
  { log.control() } -> std::same_as<std::optional<control_record>>;
  { log.put_control(control) } -> std::same_as<void>;
  { log.sizes_match(control) } -> std::same_as<bool>;
};

/// Members. `newest_member`: of both kinds; `newest_delta_below`: the newest delta strictly below the bound; `0_0` where there is none.
/// Reservations are whole: the members of one `pending_record` (its `batch`) are all pending, or none of them is. `for_each_pending` visits
/// each reservation once. `put_pending` adds the reservation and its pending members, `commit_pending` makes these deltas and drops the
/// reservation, `kill_pending` takes both out and adds an `x:` record with the stamp `mono` per id. `erase_delta` takes one delta out.
template <class L>
concept logs_members = requires(L& log, time_seq id, const pending_record& pending, std::span<const member_spec> members, std::int64_t mono,
                                bool (*visit)(const member_row&), bool (*visit_pending)(const pending_record&)) {
  { log.newest_member() } -> std::same_as<time_seq>;
  { log.newest_delta_below(id) } -> std::same_as<time_seq>;
  { log.for_each_member(id, id, visit) } -> std::same_as<void>;
  { log.for_each_pending(visit_pending) } -> std::same_as<void>;
  { log.put_pending(pending, members) } -> std::same_as<void>;
  { log.commit_pending(pending) } -> std::same_as<void>;
  { log.kill_pending(pending, mono) } -> std::same_as<void>;
  { log.erase_delta(id) } -> std::same_as<void>;
};

/// Snapshots, by stop. `newest_snapshot`: the published one with the greatest stop at or below `upto`. `put_snapshot` replaces one of an
/// equal stop in the same set.
template <class L>
concept logs_snapshots = requires(L& log, time_seq stop, snapshot_set set, const snapshot_info& info, bool (*visit)(const snapshot_info&)) {
  { log.newest_snapshot(stop) } -> std::same_as<std::optional<snapshot_info>>;
  { log.for_each_snapshot(set, visit) } -> std::same_as<void>;
  { log.put_snapshot(set, info) } -> std::same_as<void>;
  { log.erase_snapshot(set, stop) } -> std::same_as<void>;
};

/// Dead records, by id.
template <class L>
concept logs_dead = requires(L& log, dead_kind kind, time_seq id, const dead_record& record, bool (*visit)(time_seq, const dead_record&)) {
  { log.find_dead(kind, id) } -> std::same_as<std::optional<dead_record>>;
  { log.for_each_dead(kind, visit) } -> std::same_as<void>;
  { log.put_dead(kind, id, record) } -> std::same_as<void>;
  { log.erase_dead(kind, id) } -> std::same_as<void>;
};

/// File records, by path, and the file objects that no record points to, by id.
template <class L>
concept logs_files = requires(L& log, std::string_view path, const file_record& record, object_state state, time_seq id,
                              const file_object_record& object, bool (*visit)(std::string_view, const file_record&),
                              bool (*visit_object)(time_seq, const file_object_record&)) {
  { log.find_file(path) } -> std::same_as<std::optional<file_record>>;
  { log.for_each_file(visit) } -> std::same_as<void>;
  { log.put_file(path, record) } -> std::same_as<void>;
  { log.erase_file(path) } -> std::same_as<void>;
  { log.find_object(state, id) } -> std::same_as<std::optional<file_object_record>>;
  { log.for_each_object(state, visit_object) } -> std::same_as<void>;
  { log.put_object(state, id, object) } -> std::same_as<void>;
  { log.erase_object(state, id) } -> std::same_as<void>;
};

/// Meta: raw value and the id that last set it (`m:{key}`; `0_0` where the key is not there), and samples.
/// `drop_meta_and_samples` empties both.
template <class L>
concept logs_meta = requires(L& log, std::string_view key, std::string_view value, time_seq setter, double score,
                             bool (*visit)(std::string_view, std::string_view, time_seq), bool (*visit_sample)(std::string_view, double)) {
  { log.meta_setter(key) } -> std::same_as<time_seq>;
  { log.for_each_meta(visit) } -> std::same_as<void>;
  { log.put_meta(key, value, setter) } -> std::same_as<void>;
  { log.find_sample(key) } -> std::same_as<std::optional<double>>;
  { log.for_each_sample(visit_sample) } -> std::same_as<void>;
  { log.put_sample(key, score) } -> std::same_as<void>;
  { log.drop_meta_and_samples() } -> std::same_as<void>;
};

/// Access to one catalog inside one atomic step; the law is above. Confined to the step.
template <class L>
concept catalog_log = logs_control<L> && logs_members<L> && logs_snapshots<L> && logs_dead<L> && logs_files<L> && logs_meta<L>;

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_CATALOG_LOG_HPP
