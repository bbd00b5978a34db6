// One catalog of a `sqlite_index` inside one transaction, as a `catalog_log`: rows in, rows out. Knows no rule of the protocol.
// Formats: index/sqlite_schema.hpp.
#ifndef LAKE_INDEX_SQLITE_LOG_HPP
#define LAKE_INDEX_SQLITE_LOG_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/control.hpp>
#include <lake/core/path.hpp>
#include <lake/core/quote.hpp>
#include <lake/detail/sqlite_handle.hpp>
#include <lake/index/sqlite_schema.hpp>
#include <lake/protocol/catalog_log.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A connection with its prepared statements; each is prepared when it is first used. Confined to one thread at a time.
class sqlite_session {
 public:
  explicit sqlite_session(sqlite_connection db) noexcept : db_(std::move(db)) {}

  [[nodiscard]] const sqlite_connection& db() const noexcept { return db_; }

  /// Runs a query and hands each row to `on_row(const sqlite_run&) -> bool` until it returns false.
  template <class OnRow, class... Args>
  [[nodiscard]] result<void> each(sqlite_query which, OnRow&& on_row, const Args&... args) {
    sqlite_statement& slot = prepared_[static_cast<std::size_t>(which)];
    if (!slot) {
      result<sqlite_statement> made = db_.prepare(sqlite_statements[static_cast<std::size_t>(which)]);
      if (!made) return std::move(made).error();
      slot = *std::move(made);
    }
    sqlite_run run(slot.get());
    run.bind(args...);
    int code = run.step();
    while (code == SQLITE_ROW) {
      if (!on_row(run)) return {};
      code = run.step();
    }
    if (code != SQLITE_DONE) return db_.failure(code, "sqlite.step");
    return {};
  }

  /// Runs a statement without rows.
  template <class... Args>
  [[nodiscard]] result<void> run(sqlite_query which, const Args&... args) {
    return each(
        which, [](const sqlite_run&) { return true; }, args...);
  }

 private:
  sqlite_connection db_;
  std::array<sqlite_statement, sqlite_statements.size()> prepared_;  // after db_: finalised before it is closed
};

/// The catalogs whose sizes this process has counted. Thread-safe.
class sqlite_counted {
 public:
  [[nodiscard]] bool contains(std::int64_t row) const {
    if (row < 0 || row >= limit) return false;
    const std::scoped_lock hold(mutex_);
    return static_cast<std::size_t>(row) < seen_.size() && seen_[static_cast<std::size_t>(row)];
  }
  void insert(std::int64_t row) {
    if (row < 0 || row >= limit) return;
    const std::scoped_lock hold(mutex_);
    const auto at = static_cast<std::size_t>(row);
    if (at >= seen_.size()) seen_.resize((std::max)(at + 1, seen_.size() * 2));
    seen_[at] = true;
  }

 private:
  // A bit per row number, and these count from 1; a file that says otherwise must not cost memory: its catalogs are counted each time.
  static constexpr std::int64_t limit = std::int64_t{1} << 27U;
  mutable std::mutex mutex_;
  std::vector<bool> seen_;
};

/// The `catalog_log` of one catalog; its law is in protocol/catalog_log.hpp. Confined to one transaction of the session.
///
/// A log that may not write (a reader's) only notes that the rule wanted to: the index then repeats the rule where it may.
/// `sizes_match` counts rows when this process meets the catalog for the first time, and then trusts the control record: rows and record
/// change in one transaction, whoever does it. That the newest snapshot is the recorded one is looked up every time.
/// Its many members are those that the concept names.
class sqlite_log {
 public:
  sqlite_log(sqlite_session& session, std::string_view catalog, const clock_source& clock, sqlite_counted& counted, bool may_write)
      : session_(session), catalog_(catalog), clock_(clock), counted_(counted), may_write_(may_write) {
    query(
        sqlite_query::find_catalog, [&](const sqlite_run& row) { return load(row), false; }, catalog);
  }

  /// The first thing that went wrong, if anything did.
  [[nodiscard]] std::optional<lake::error> take_failure() { return std::exchange(failed_, std::nullopt); }
  /// True if the rule changed something that this log could not.
  [[nodiscard]] bool wanted_to_write() const noexcept { return wanted_to_write_; }

  // Clock and control record.

  [[nodiscard]] std::int64_t clock_ms() const { return clock_.now_ms(); }
  [[nodiscard]] std::optional<control_record> control() const { return failed_ ? std::nullopt : control_; }
  void put_control(const control_record& control) {
    if (!writes()) return;
    change(sqlite_query::put_control, row_, sqlite_id(control.last), sqlite_id(control.closed), sqlite_id(control.cleared),
           sqlite_id(control.gen), sqlite_id(control.forgotten), sqlite_id(control.stop), control.clk, control.mono,
           static_cast<std::int64_t>(control.n), static_cast<std::int64_t>(control.ns));
    control_ = control;
  }
  [[nodiscard]] bool sizes_match(const control_record& control) {
    const std::optional<snapshot_info> newest = newest_snapshot(beyond_all);
    if ((newest ? newest->stop : time_seq{}) != control.stop) return false;
    if (counted_.contains(row_)) return true;
    const bool match = number(sqlite_query::count_members, row_) == static_cast<std::int64_t>(control.n) &&
                       number(sqlite_query::count_snapshots, row_) == static_cast<std::int64_t>(control.ns);
    if (match && !failed_) counted_.insert(row_);
    return match;
  }

  // Members.

  [[nodiscard]] time_seq newest_member() { return sqlite_time_seq(number(sqlite_query::newest_member, row_)); }
  [[nodiscard]] time_seq newest_delta_below(time_seq bound) {
    return sqlite_time_seq(number(sqlite_query::newest_delta_below, row_, sqlite_id(bound)));
  }
  template <class Visit>
  void for_each_member(time_seq from, time_seq to, Visit&& visit) {
    query(
        sqlite_query::members,
        [&](const sqlite_run& row) {
          const member_row member{id_at(row, 0), merge_at(row, 1), row.number(2) != 0, row.text_at(3)};
          if (!is_field_path(member.path))
            fail("the member " + member.id.to_string() + " has no field path: " + detail::in_quotes(member.path));
          return !failed_ && visit(member);
        },
        row_, sqlite_id(from), sqlite_id(to));
  }
  template <class Visit>
  void for_each_pending(Visit&& visit) {
    query(
        sqlite_query::reservations,
        [&](const sqlite_run& row) {
          pending_record pending;
          pending.batch = {id_at(row, 0), static_cast<std::uint32_t>(row.number(2))};
          pending.stamp = row.number(3);
          const std::span<const std::uint8_t> token = row.blob(4);
          const bool sound = token.size() == pending.token.size() && row.number(2) >= 1 && sqlite_id(pending.batch.last()) == row.number(1);
          if (!sound) fail("the reservation of " + pending.batch.first.to_string() + " is damaged");
          if (failed_) return false;
          std::copy(token.begin(), token.end(), pending.token.begin());
          return static_cast<bool>(visit(std::as_const(pending)));
        },
        row_);
  }
  void put_pending(const pending_record& pending, std::span<const member_spec> members) {
    if (!writes()) return;
    change(sqlite_query::add_reservation, row_, first(pending), last(pending), std::int64_t{pending.batch.count}, pending.stamp,
           std::span<const std::uint8_t>(pending.token));
    for (std::uint32_t i = 0; i < pending.batch.count; ++i) {
      change(sqlite_query::add_member, row_, sqlite_id(pending.batch[i]), static_cast<std::int64_t>(members[i].merge), members[i].path);
    }
  }
  void commit_pending(const pending_record& pending) {
    if (!writes()) return;
    change(sqlite_query::commit_members, row_, first(pending), last(pending));
    demand_changes(pending);
    change(sqlite_query::drop_reservation, row_, first(pending));
  }
  void kill_pending(const pending_record& pending, std::int64_t mono) {
    if (!writes()) return;
    change(sqlite_query::bury_members, row_, first(pending), last(pending), mono);
    change(sqlite_query::drop_members, row_, first(pending), last(pending));
    demand_changes(pending);
    change(sqlite_query::drop_reservation, row_, first(pending));
  }
  void erase_delta(time_seq id) {
    if (writes()) change(sqlite_query::drop_delta, row_, sqlite_id(id));
  }

  // Snapshots.

  [[nodiscard]] std::optional<snapshot_info> newest_snapshot(time_seq upto) {
    std::optional<snapshot_info> found;
    query(
        sqlite_query::newest_snapshot, [&](const sqlite_run& row) { return found = snapshot_at(row), false; }, row_, sqlite_id(upto));
    return failed_ ? std::nullopt : found;
  }
  template <class Visit>
  void for_each_snapshot(snapshot_set set, Visit&& visit) {
    query(
        sqlite_query::snapshots,
        [&](const sqlite_run& row) {
          const snapshot_info info = snapshot_at(row);
          return !failed_ && visit(info);
        },
        row_, kind(set));
  }
  void put_snapshot(snapshot_set set, const snapshot_info& info) {
    if (!writes()) return;
    change(sqlite_query::put_snapshot, row_, kind(set), sqlite_id(info.stop), sqlite_id(info.start), sqlite_id(info.gen), info.created,
           std::bit_cast<std::int64_t>(info.length), std::bit_cast<std::int64_t>(info.digest));
  }
  void erase_snapshot(snapshot_set set, time_seq stop) {
    if (writes()) change(sqlite_query::drop_snapshot, row_, kind(set), sqlite_id(stop));
  }

  // Dead records.

  [[nodiscard]] std::optional<dead_record> find_dead(dead_kind which, time_seq id) {
    std::optional<dead_record> found;
    query(
        sqlite_query::find_dead,
        [&](const sqlite_run& row) {
          return found = dead_record{merge_at(row, 0), row.number(1)}, false;
        },
        row_, kind(which), sqlite_id(id));
    return failed_ ? std::nullopt : found;
  }
  template <class Visit>
  void for_each_dead(dead_kind which, Visit&& visit) {
    query(
        sqlite_query::dead,
        [&](const sqlite_run& row) {
          const time_seq id = id_at(row, 0);
          const dead_record record{merge_at(row, 1), row.number(2)};
          return !failed_ && visit(id, record);
        },
        row_, kind(which));
  }
  void put_dead(dead_kind which, time_seq id, const dead_record& record) {
    if (writes()) change(sqlite_query::put_dead, row_, kind(which), sqlite_id(id), static_cast<std::int64_t>(record.merge), record.mono);
  }
  void erase_dead(dead_kind which, time_seq id) {
    if (writes()) change(sqlite_query::drop_dead, row_, kind(which), sqlite_id(id));
  }

  // Files and file objects.

  [[nodiscard]] std::optional<file_record> find_file(std::string_view path) {
    std::optional<file_record> found;
    query(
        sqlite_query::find_file, [&](const sqlite_run& row) { return found = file_at(row, 0), false; }, row_, path);
    return failed_ ? std::nullopt : found;
  }
  template <class Visit>
  void for_each_file(Visit&& visit) {
    query(
        sqlite_query::files,
        [&](const sqlite_run& row) {
          const file_record record = file_at(row, 1);
          return !failed_ && visit(row.text_at(0), record);
        },
        row_);
  }
  void put_file(std::string_view path, const file_record& record) {
    if (!writes()) return;
    change(sqlite_query::put_file, row_, path, sqlite_id(record.id), std::bit_cast<std::int64_t>(record.bytes),
           std::bit_cast<std::int64_t>(record.digest), std::string_view(record.meta));
  }
  void erase_file(std::string_view path) {
    if (writes()) change(sqlite_query::drop_file, row_, path);
  }
  [[nodiscard]] std::optional<file_object_record> find_object(object_state state, time_seq id) {
    std::optional<file_object_record> found;
    query(
        sqlite_query::find_object,
        [&](const sqlite_run& row) {
          return found = file_object_record{std::string(row.text_at(0)), row.number(1)}, false;
        },
        row_, kind(state), sqlite_id(id));
    return failed_ ? std::nullopt : found;
  }
  template <class Visit>
  void for_each_object(object_state state, Visit&& visit) {
    query(
        sqlite_query::objects,
        [&](const sqlite_run& row) {
          const time_seq id = id_at(row, 0);
          const file_object_record object{std::string(row.text_at(1)), row.number(2)};
          return !failed_ && visit(id, object);
        },
        row_, kind(state));
  }
  void put_object(object_state state, time_seq id, const file_object_record& object) {
    if (writes()) change(sqlite_query::put_object, row_, kind(state), sqlite_id(id), std::string_view(object.path), object.mono);
  }
  void erase_object(object_state state, time_seq id) {
    if (writes()) change(sqlite_query::drop_object, row_, kind(state), sqlite_id(id));
  }

  // Meta and samples.

  [[nodiscard]] time_seq meta_setter(std::string_view key) { return sqlite_time_seq(number(sqlite_query::meta_setter, row_, key)); }
  template <class Visit>
  void for_each_meta(Visit&& visit) {
    query(
        sqlite_query::meta,
        [&](const sqlite_run& row) {
          const time_seq setter = sqlite_time_seq(row.number(2));
          const std::string key(row.text_at(0));
          return !failed_ && visit(std::string_view(key), row.text_at(1), setter);
        },
        row_);
  }
  void put_meta(std::string_view key, std::string_view value, time_seq setter) {
    if (writes()) change(sqlite_query::put_meta, row_, key, value, sqlite_id(setter));
  }
  [[nodiscard]] std::optional<double> find_sample(std::string_view indicator) {
    std::optional<double> found;
    query(
        sqlite_query::find_sample, [&](const sqlite_run& row) { return found = row.real(0), false; }, row_, indicator);
    return failed_ ? std::nullopt : found;
  }
  template <class Visit>
  void for_each_sample(Visit&& visit) {
    query(
        sqlite_query::samples, [&](const sqlite_run& row) { return !failed_ && visit(row.text_at(0), row.real(1)); }, row_);
  }
  void put_sample(std::string_view indicator, double score) {
    if (writes()) change(sqlite_query::put_sample, row_, indicator, score);
  }
  void drop_meta_and_samples() {
    if (!writes()) return;
    change(sqlite_query::drop_meta, row_);
    change(sqlite_query::drop_samples, row_);
  }

 private:
  // Row numbers begin at 1, so that a catalog without a row finds nothing anywhere.
  static constexpr std::int64_t no_row = 0;

  [[nodiscard]] static std::int64_t kind(auto which) noexcept { return static_cast<std::int64_t>(which); }
  [[nodiscard]] static std::int64_t first(const pending_record& pending) noexcept { return sqlite_id(pending.batch.first); }
  [[nodiscard]] static std::int64_t last(const pending_record& pending) noexcept { return sqlite_id(pending.batch.last()); }

  void fail(std::string what) {
    if (failed_) return;
    failed_ = lake::error{
        errc::corrupt_index, {}, std::string(catalog_), "in the index file " + detail::in_quotes(session_.db().file()) + ", " + what};
  }
  void note(result<void> done) {
    if (!done && !failed_) failed_ = std::move(done).error();
  }
  template <class OnRow, class... Args>
  void query(sqlite_query which, OnRow&& on_row, const Args&... args) {
    if (!failed_) note(session_.each(which, on_row, args...));
  }
  template <class... Args>
  void change(sqlite_query which, const Args&... args) {
    if (!failed_) note(session_.run(which, args...));
  }
  /// The one number of a query, 0 without a row.
  template <class... Args>
  [[nodiscard]] std::int64_t number(sqlite_query which, const Args&... args) {
    std::int64_t found = 0;
    query(
        which, [&](const sqlite_run& row) { return found = row.number(0), false; }, args...);
    return failed_ ? 0 : found;
  }

  /// Before the first change: true if there is a row to write to. A reader's log notes the wish.
  [[nodiscard]] bool writes() {
    if (!may_write_) wanted_to_write_ = true;
    if (!may_write_ || failed_) return false;
    if (row_ == no_row)
      query(
          sqlite_query::add_catalog, [&](const sqlite_run& row) { return row_ = row.number(0), true; }, catalog_);
    return !failed_;
  }
  /// The reservation's members must have been pending, all of them.
  void demand_changes(const pending_record& pending) {
    if (failed_ || session_.db().changes() == std::int64_t{pending.batch.count}) return;
    fail("some of the " + std::to_string(pending.batch.count) + " members from " + pending.batch.first.to_string() + " on are not pending");
  }

  void load(const sqlite_run& row) {
    row_ = row.number(0);
    if (row.is_null(1)) return;
    control_.emplace();
    int column = 0;
    for (time_seq* id : {&control_->last, &control_->closed, &control_->cleared, &control_->gen, &control_->forgotten, &control_->stop}) {
      *id = sqlite_time_seq(row.number(++column));
    }
    control_->clk = row.number(7);
    control_->mono = row.number(8);
    control_->n = static_cast<std::uint64_t>(row.number(9));
    control_->ns = static_cast<std::uint64_t>(row.number(10));
  }
  [[nodiscard]] time_seq id_at(const sqlite_run& row, int column) {
    const time_seq id = sqlite_time_seq(row.number(column));
    if (id.is_zero() || !id.is_valid()) fail("a record has the id " + std::to_string(row.number(column)) + ", which is none");
    return id;
  }
  [[nodiscard]] merge_type merge_at(const sqlite_run& row, int column) {
    const std::int64_t stored = row.number(column);
    if (stored < 1 || stored > 3) fail("a record has the merge type " + std::to_string(stored) + ", and 1 to 3 are all there are");
    return static_cast<merge_type>(stored);
  }
  [[nodiscard]] snapshot_info snapshot_at(const sqlite_run& row) {
    return {.start = sqlite_time_seq(row.number(1)),
            .stop = id_at(row, 0),
            .gen = sqlite_time_seq(row.number(2)),
            .created = row.number(3),
            .length = std::bit_cast<std::uint64_t>(row.number(4)),
            .digest = std::bit_cast<std::uint64_t>(row.number(5))};
  }
  [[nodiscard]] file_record file_at(const sqlite_run& row, int column) {
    return {id_at(row, column), std::bit_cast<std::uint64_t>(row.number(column + 1)), std::bit_cast<std::uint64_t>(row.number(column + 2)),
            std::string(row.text_at(column + 3))};
  }

  sqlite_session& session_;
  std::string_view catalog_;
  const clock_source& clock_;
  sqlite_counted& counted_;
  std::int64_t row_ = no_row;
  std::optional<control_record> control_;
  std::optional<lake::error> failed_;
  bool may_write_;
  bool wanted_to_write_ = false;
};

static_assert(catalog_log<sqlite_log>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_SQLITE_LOG_HPP
