// Cases of the index contract about what goes: clear_cut, remove_members, remove_catalog, the control record, refusals that change nothing.
// Knows any index through `index_trial`.
#ifndef LAKE_TESTING_INDEX_CASES_CLEAR_HPP
#define LAKE_TESTING_INDEX_CASES_CLEAR_HPP

#include <lake/config.hpp>
#include <lake/testing/index_cases_log.hpp>
#include <lake/testing/index_trial.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing::detail_index {

template <class T>
void a_cut_kills_before_bodies_go(T& t) {
  const written slow = t.reserve(2);
  t.expire_pendings();
  const cut_answer answer = t.cut({});
  t.equal(ids_of(answer.gone.pendings), id_list{slow.ids[0], slow.ids[1]}, "the expired reservation is a victim");

  t.equal(t.late_commit(slow), "fenced", "its commit between the cut and the deletion of its bodies");
  const removed_counts counts = t.remove(answer.gone);
  t.equal(counts.pendings, std::size_t{0}, "what the fenced commit killed is not counted again");
  t.equal(t.late_commit(slow), "fenced", "and after remove_members");
}

template <class T>
void live_reservations_are_no_victims(T& t) {
  const written live = t.reserve();
  const cut_answer answer = t.cut({});
  t.check(answer.gone.empty(), "a live reservation is no victim");
  const removed_counts counts = t.remove({.pendings = {body_ref{live.id(), merge_type::replace}}});
  t.check(counts.pendings == 0 && counts.kept == 1, "remove_members keeps it: " + describe(counts));
  t.equal(t.commit(live), "ok", "its commit");
}

template <class T>
void a_reservation_is_removed_as_a_whole(T& t) {
  const written slow = t.reserve(3);
  t.expire_pendings();
  cut_answer answer = t.cut({});
  if (!t.check(answer.gone.pendings.size() == 3, "all of the batch are victims")) return;
  // The body of one could not be deleted: its id is left out.
  answer.gone.pendings.pop_back();
  const removed_counts counts = t.remove(answer.gone);

  t.equal(counts.pendings, std::size_t{2}, "those asked for are counted");
  t.equal(t.late_commit(slow), "fenced", "commit of the batch");
  t.equal(t.rollback(slow), "rolled_back", "rollback of the batch");
  t.clock.advance(t.timing.horizon);
  t.equal(ids_of(t.cut({}).gone.records), id_list{slow.ids[0], slow.ids[1], slow.ids[2]}, "the dead records name all bodies");
}

template <class T>
void a_cut_is_verified_and_old_enough(T& t) {
  t.put();
  const snapshot_info all = t.snapshot_now();
  snapshot_info other = all;
  other.digest = 8;
  t.unchanged("a cut with another digest", [&] { t.equal(t.cut(other).status, cut_status::stale, "another digest"); });
  other = all;
  other.gen = time_seq{1, 1};
  t.unchanged("a cut with another generation", [&] { t.equal(t.cut(other).status, cut_status::stale, "another generation"); });
  other = all;
  other.stop = next(all.stop);
  t.unchanged("a cut at no snapshot", [&] { t.equal(t.cut(other).status, cut_status::stale, "no snapshot there"); });
  const std::chrono::milliseconds grace = one_second * 60;
  t.unchanged("a cut that is too new", [&] {
    const cut_answer early = t.cut(all, grace);
    t.equal(early.status, cut_status::too_new, "a snapshot younger than the grace");
    t.clock.advance(early.wait);
  });
  t.equal(t.cut(all, grace).status, cut_status::cut, "the cut after the wait it was told");
}

template <class T>
void a_step_back_does_not_lengthen_the_grace(T& t) {
  t.put();
  const snapshot_info all = t.snapshot_now();
  const std::chrono::milliseconds grace = one_second * 60;
  t.clock.step(-one_year);
  t.equal(t.cut(all, grace).status, cut_status::too_new, "a cut after the step back");
  t.clock.advance(grace);
  t.equal(t.cut(all, grace).status, cut_status::cut, "a cut one grace later");
}

template <class T>
void a_clear_is_finished_by_the_next(T& t) {
  const written one = t.put();
  const written two = t.put();
  const snapshot_info all = t.snapshot_now();
  const written three = t.put();
  cut_answer answer = t.cut(all);
  t.equal(ids_of(answer.gone.deltas), id_list{one.id(), two.id()}, "the deltas below the cut");
  // A crash here: nothing was removed. The next clear, at no snapshot, goes on with what is at or below `cleared`.
  t.equal(ids_of(t.cut({}).gone.deltas), id_list{one.id(), two.id()}, "the victims of the next clear");

  answer.gone.deltas.push_back(body_ref{three.id(), merge_type::replace});
  const removed_counts counts = t.remove(answer.gone);
  t.check(counts.deltas == 2 && counts.kept == 1, "remove_members re-checks each: " + describe(counts));
  t.check(t.remove(answer.gone).deltas == 0, "a repeat removes nothing");
  t.equal(ids_of(t.view().deltas), id_list{three.id()}, "the read after it");
}

template <class T>
void old_snapshots_go_and_kept_ones_stay(T& t) {
  std::vector<snapshot_info> made;
  for (std::uint64_t i = 0; i < 4; ++i) {
    t.put();
    made.push_back(t.snapshot_now(i + 1));
  }
  const cut_answer answer = t.cut(made[3], std::chrono::milliseconds{0}, 2);
  t.equal(answer.gone.snapshots, std::vector<snapshot_info>{made[0]}, "all below the cut but two");
  victims all;
  all.snapshots = made;
  const removed_counts counts = t.remove(all);
  t.check(counts.snapshots == 3 && counts.kept == 1, "the newest snapshot is never removed: " + describe(counts));
  t.equal(t.view().base, std::optional(made[3]), "the read after it");
}

template <class T>
void dead_records_live_for_the_horizon(T& t) {
  const written dead = t.reserve();
  t.equal(t.rollback(dead), "rolled_back", "rollback");
  const written one = t.put();
  t.equal(t.remove_delta(one.id()).status, remove_delta_status::removed, "remove_delta");
  victims records;
  records.records = {body_ref{dead.id(), merge_type::replace}, body_ref{one.id(), merge_type::replace}};
  t.check(t.cut({}).gone.records.empty(), "young records are no victims");
  t.equal(t.remove(records).kept, std::size_t{2}, "remove_members keeps them");

  t.clock.advance(t.timing.horizon);
  t.equal(ids_of(t.cut({}).gone.records), id_list{dead.id(), one.id()}, "old records are victims");
  t.equal(t.remove(records).records, std::size_t{2}, "remove_members takes them");
  t.equal(t.commit(dead), "unknown", "a commit beyond the horizon");
  t.equal(t.rollback(dead), "unknown", "a rollback beyond the horizon");
  t.equal(t.commit(one), "ok", "the removed delta had been committed");
}

template <class T>
void a_removed_catalog_leaves_a_tombstone(T& t) {
  const written one = t.put();
  const snapshot_info all = t.snapshot_now();
  const written two = t.reserve();
  t.equal(t.commit_with(two, t.timing, {}, {{"k", "1"}}), "ok", "commit with meta");
  const written live = t.reserve();
  const view_answer read = t.view(view_mode::prefix);
  const remove_catalog_answer removed = t.remove_catalog();
  t.equal(removed.status, remove_catalog_status::removed, "remove_catalog");
  t.equal(ids_of(removed.gone.records), id_list{live.id(), one.id(), two.id()}, "its bodies, those of killed writes first");
  t.equal(removed.gone.snapshots, std::vector<snapshot_info>{all}, "its snapshots");

  const view_answer empty = t.view();
  t.check(empty.status == view_status::ok && empty.deltas.empty() && !empty.base, "it reads as nothing: " + describe(empty));
  t.equal(empty.version, empty.gen, "its version is the removal's id");
  t.equal(t.late_commit(live), "fenced", "a commit in flight");
  t.equal(t.commit(two), "ok", "the repeated commit of a removed delta");
  t.equal(t.publish(read), publish_status::stale, "a publish in flight");
  t.equal(t.view(view_mode::fail, two.id()).status, view_status::trimmed, "as_of before the removal");
  const auto meta = t.index.read_meta(t.catalog);
  t.check(meta && meta->empty(), "its meta is gone");
  t.equal(t.remove_catalog().gone, removed.gone, "a repeat after a crash names the same objects");
}

template <class T>
void a_removed_catalog_can_be_written_again(T& t) {
  t.put();
  t.snapshot_now();
  const remove_catalog_answer removed = t.remove_catalog();
  const removed_counts counts = t.remove(removed.gone);
  t.check(counts.kept == 0 && counts.records == 1 && counts.snapshots == 1, "what it left may go at once: " + describe(counts));
  t.equal(t.remove_catalog().status, remove_catalog_status::not_found, "remove_catalog of what is gone");

  const written set = t.reserve(1, time_seq{});
  t.equal(t.commit(set, time_seq{}), "ok", "a compare-and-set on nothing");
  t.check(set.id() > t.view().gen, "its id lies above the removal");
  t.equal(ids_of(t.view().deltas), id_list{set.id()}, "a read from the beginning of the new log");
  t.equal(t.view(view_mode::fail, {}, time_seq{}).status, view_status::ok, "asked for from the beginning");
  const written next_one = t.put();
  t.equal(ids_of(t.view(view_mode::fail, set.id()).deltas), id_list{set.id()}, "as_of inside the new log");
  const snapshot_info made = t.snapshot_now();
  t.equal(t.publish(t.view(view_mode::fail, {}, time_seq{}), 9), publish_status::published, "a repair from the beginning of the new log");
  t.equal(made.stop, next_one.id(), "a snapshot of the new log");
  t.clear(t.view().base.value_or(snapshot_info{}));
  t.equal(t.view(view_mode::fail, {}, time_seq{}).status, view_status::trimmed, "after a clear the beginning is gone");
  t.equal(t.remove_catalog().status, remove_catalog_status::removed, "the second removal");
}

template <class T>
void a_removed_catalog_leaks_nothing(T& t) {
  t.put();
  t.snapshot_now();
  const remove_catalog_answer removed = t.remove_catalog();
  // The caller crashes; somebody clears instead.
  const cut_answer later = t.cut({});
  t.equal(ids_of(later.gone.records), ids_of(removed.gone.records), "clear_cut names the bodies");
  t.equal(later.gone.snapshots, removed.gone.snapshots, "clear_cut names the snapshots");

  t.catalog = "one delta";
  const written one = t.put();
  t.remove_delta(one.id());
  const remove_catalog_answer rest = t.remove_catalog();
  t.equal(ids_of(rest.gone.records), id_list{one.id()}, "a removed delta goes with its catalog");
  t.equal(t.remove(rest.gone).records, std::size_t{1}, "at once");
  t.equal(t.remove_catalog().status, remove_catalog_status::not_found, "then nothing is left");
}

template <class T>
void invalid_arguments_change_nothing(T& t) {
  const written live = t.reserve();
  const index_timing& timing = t.timing;
  t.unchanged("invalid arguments", [&] {
    const member_spec bad_path{merge_type::replace, "name"};
    const member_spec bad_type{static_cast<merge_type>(4), "/"};
    const member_spec good{merge_type::replace, "/"};
    const auto refused = [&](const reserve_args& args, std::string_view what) {
      const result<reserve_answer> answer = t.index.reserve(args, timing);
      t.equal(describe(answer), "error invalid_argument", what);
    };
    refused({.catalog = t.catalog, .token = t.token(), .members = {}}, "no member");
    refused({.catalog = t.catalog, .token = t.token(), .members = {&bad_path, 1}}, "a path without slash");
    refused({.catalog = t.catalog, .token = t.token(), .members = {&bad_type, 1}}, "merge type 4");
    refused({.catalog = "", .token = t.token(), .members = {&good, 1}}, "no catalog");
    refused({.catalog = t.catalog, .token = t.token(), .members = {&good, 1}, .expected = time_seq{1, 0}}, "expected is no id");
    t.equal(t.commit(written{id_run{live.id(), 0}, live.token}), "error invalid_argument", "commit of no id");
    t.equal(describe(t.index.issue_id(t.catalog, "/a/../b", timing)), "error invalid_argument", "a file path with ..");
  });
}

template <class T>
void refusals_change_nothing(T& t) {
  t.put();
  const written live = t.reserve();
  const index_timing& timing = t.timing;
  t.unchanged("compare-and-set refusals", [&] {
    const result<reserve_answer> conflict = t.try_reserve(1, time_seq{}, t.token());
    t.check(conflict && conflict->status == reserve_status::conflict, "conflict: " + describe(conflict));
    const result<reserve_answer> blocked = t.try_reserve(1, conflict ? conflict->seen : time_seq{}, t.token());
    t.check(blocked && blocked->status == reserve_status::blocked, "blocked: " + describe(blocked));
  });
  t.unchanged("reads", [&] {
    t.equal(t.view().status, view_status::pending, "view");
    t.equal(t.view(view_mode::prefix).status, view_status::ok, "prefix view");
    t.equal(t.view(view_mode::prefix, {}, time_seq{77, 7}).status, view_status::trimmed, "view from an unknown base");
    t.check(t.index.read_log(t.catalog, time_seq{}, 1).has_value(), "read_log");
    t.equal(describe(t.index.read_log(t.catalog, time_seq{}, 0)), "error limit_exceeded", "read_log of too many");
    t.equal(describe(t.index.view({.catalog = t.catalog, .mode = view_mode::prefix, .max_deltas = 0}, timing)), "error limit_exceeded",
            "view of too many");
  });
  t.unchanged("removals of nothing", [&] {
    t.equal(t.remove_delta(live.id()).status, remove_delta_status::pending, "remove_delta of a pending member");
    t.equal(t.remove_delta(next(live.id())).status, remove_delta_status::not_found, "remove_delta of no delta");
    t.equal(describe(t.index.drop_file(t.catalog, "/none")), "0", "drop_file of no file");
    t.equal(describe(t.index.put_file(t.catalog, "/none", file_record{.id = live.id(), .bytes = 0, .digest = 0, .meta = {}})), "#1",
            "put_file without issue_id is fenced");
  });
}

template <class T>
void an_unknown_catalog_is_nothing(T& t) {
  t.unchanged("asking about an unknown catalog", [&] {
    const view_answer nothing = t.view();
    t.check(nothing.status == view_status::ok && nothing.deltas.empty() && nothing.version.is_zero(), "view: " + describe(nothing));
    t.equal(nothing.clock, t.clock.wall().count(), "the clock of a view of nothing");
    const written never{id_run{time_seq{1, 1}, 1}, t.token()};
    t.equal(t.commit(never), "unknown", "commit");
    t.equal(t.rollback(never), "unknown", "rollback");
    t.equal(t.remove_delta(time_seq{1, 1}).status, remove_delta_status::not_found, "remove_delta");
    t.equal(t.remove_catalog().status, remove_catalog_status::not_found, "remove_catalog");
    t.check(t.cut({}).gone.empty(), "clear_cut");
    t.equal(t.cut(snapshot_info{.start = {}, .stop = {1, 1}}).status, cut_status::stale, "clear_cut at a snapshot");
    t.equal(describe(t.remove({.deltas = {body_ref{{1, 1}, merge_type::replace}}})), describe(removed_counts{}), "remove_members");
    t.equal(describe(t.index.heal({.catalog = t.catalog}, t.timing)), "done", "heal");
    t.equal(describe(t.index.read_meta(t.catalog)), "[]", "read_meta");
    t.equal(describe(t.index.read_files(t.catalog)), "[]", "read_files");
    t.equal(describe(t.index.read_sample(t.catalog, "i")), "none", "read_sample");
  });
}

template <class T>
void a_lost_control_record_is_healed(T& t) {
  if (!t.damage.drop_control) return;
  const written one = t.put();
  const snapshot_info all = t.snapshot_now(5);
  t.clear(all);
  const written two = t.put();
  const written live = t.reserve();
  const view_answer read = t.view(view_mode::prefix);
  t.damage.drop_control(t.index, t.catalog);

  t.unchanged("asking without a control record", [&] {
    t.equal(t.view().status, view_status::no_control, "view");
    t.equal(t.commit(live), "no_control", "commit");
    t.equal(t.rollback(live), "no_control", "rollback");
    const result<reserve_answer> reserved = t.try_reserve(1, {}, t.token());
    t.check(reserved && reserved->status == reserve_status::no_control, "reserve: " + describe(reserved));
    t.equal(t.publish(read), publish_status::no_control, "publish");
    t.equal(t.cut({}).status, cut_status::no_control, "clear_cut");
    t.equal(t.remove_delta(two.id()).status, remove_delta_status::no_control, "remove_delta");
    t.equal(t.remove_catalog().status, remove_catalog_status::no_control, "remove_catalog");
  });
  const std::vector<snapshot_info> told{all};
  t.equal(describe(t.index.heal({.catalog = t.catalog, .snapshots = told}, t.timing)), "done", "heal");
  const std::string healed = t.dump();
  t.equal(describe(t.index.heal({.catalog = t.catalog, .snapshots = told}, t.timing)), "done", "heal again");
  t.equal(t.dump(), healed, "a second heal changes nothing");

  t.equal(t.publish(read), publish_status::stale, "a publish from before");
  t.equal(t.view(view_mode::fail, {}, time_seq{}).status, view_status::trimmed, "what was below the snapshot counts as cleared");
  const view_answer after = t.view();
  t.equal(ids_of(after.deltas), id_list{two.id()}, "the log is as before");
  t.equal(after.base.value_or(snapshot_info{}).digest, all.digest, "and so is the snapshot");
  t.equal(t.late_commit(live), "fenced", "a write from before");
  t.equal(t.commit(two), "ok", "the outcome of what is still there is not");
  t.equal(t.commit(one), "unknown", "the outcome of a trimmed id is forgotten");
  t.check(t.put().id() > after.gen, "ids go on above");
}

template <class T>
void lost_members_and_snapshots_are_noticed(T& t) {
  const written one = t.put();
  const snapshot_info all = t.snapshot_now();
  t.put();
  const auto corrupt = [&](std::string_view what) {
    t.equal(describe(t.index.view({.catalog = t.catalog}, t.timing)), "error corrupt_index", what);
    t.equal(describe(t.try_reserve(1, {}, t.token())), "error corrupt_index", what);
    t.equal(t.commit(one), "error corrupt_index", what);
  };
  if (t.damage.drop_snapshot) {
    t.damage.drop_snapshot(t.index, t.catalog, all.stop);
    corrupt("a lost snapshot");
  }
  if (!t.damage.drop_member) return;
  t.catalog = "members";
  const written lost = t.put();
  t.put();
  t.damage.drop_member(t.index, t.catalog, lost.id());
  corrupt("a lost member");
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing::detail_index

#endif  // LAKE_TESTING_INDEX_CASES_CLEAR_HPP
