// Cases of the index contract about the log: the interleavings of section 5 of the index protocol that concern writes, reads, snapshots and
// compare-and-set. W writer, R reader, C clear, M remover. Knows any index through `index_trial`.
#ifndef LAKE_TESTING_INDEX_CASES_LOG_HPP
#define LAKE_TESTING_INDEX_CASES_LOG_HPP

#include <lake/config.hpp>
#include <lake/testing/index_trial.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing::detail_index {

using id_list = std::vector<time_seq>;

template <class T>
void expired_then_read_then_clock_back(T& t) {
  const written slow = t.reserve();
  t.expire_pendings();
  const written quick = t.put();
  t.equal(ids_of(t.view().deltas), id_list{quick.id()}, "a read passes over the expired reservation");
  t.clock.step(-t.timing.pending_timeout - one_second);

  t.equal(t.late_commit(slow), "fenced", "a commit below what was read");
  t.equal(ids_of(t.view().deltas), id_list{quick.id()}, "the read after it");
}

template <class T>
void a_read_alone_closes(T& t) {
  const written slow = t.reserve();
  t.expire_pendings();
  t.equal(t.view().status, view_status::ok, "a read of expired reservations only");
  t.clock.step(-one_year);

  t.equal(t.late_commit(slow), "fenced", "a commit that a read has passed over");
}

template <class T>
void a_fenced_commit_stays_fenced(T& t) {
  const written old = t.reserve();
  t.expire_pendings();
  t.equal(t.commit(old), "fenced", "a commit that is too old");
  const written again = t.put();
  t.clock.step(-one_year);

  for (int i = 0; i < 3; ++i) t.equal(t.late_commit(old), "fenced", "the delayed commit of a re-sequenced write");
  for (int i = 0; i < 3; ++i) t.equal(t.rollback(old), "rolled_back", "rollback of a fenced write");
  t.equal(ids_of(t.view().deltas), id_list{again.id()}, "the write was applied once");
  const written other = t.put();
  t.equal(t.remove_delta(other.id()).status, remove_delta_status::removed, "remove_delta");
  t.clear(t.snapshot_now());
  for (int i = 0; i < 3; ++i) t.equal(t.late_commit(old), "fenced", "the same after remove_delta, publish and clear");
  for (int i = 0; i < 3; ++i) t.equal(t.rollback(old), "rolled_back", "and its rollback");
}

template <class T>
void a_commit_is_repeated_for_ever(T& t) {
  const written one = t.put();
  const written two = t.put();
  const auto repeat = [&](std::string_view when) {
    for (int i = 0; i < 3; ++i) {
      t.equal(t.commit(one), "ok", std::string("repeated commit ") + std::string(when));
      t.equal(t.rollback(one), "committed", std::string("rollback of a committed write ") + std::string(when));
    }
  };
  repeat("at once");
  t.equal(t.remove_delta(one.id()).status, remove_delta_status::removed, "remove_delta");
  repeat("after remove_delta");
  const snapshot_info all = t.snapshot_now();
  repeat("after publish");
  t.clear(all);
  t.equal(t.commit(two), "ok", "repeated commit after clear");
  repeat("after clear");
}

template <class T>
void a_trimmed_commit_is_ok(T& t) {
  const written one = t.put();
  t.clear(t.snapshot_now());
  t.check(t.view().deltas.empty(), "the delta was trimmed");

  for (int i = 0; i < 3; ++i) t.equal(t.commit(one), "ok", "commit of a trimmed delta");
}

template <class T>
void rollback_decides_an_unknown_commit(T& t) {
  const written arrived = t.put();
  t.equal(t.rollback(arrived), "committed", "rollback after a commit whose reply was lost");
  t.equal(ids_of(t.view().deltas), id_list{arrived.id()}, "the delta is still there");

  const written lost = t.reserve();
  for (int i = 0; i < 3; ++i) t.equal(t.rollback(lost), "rolled_back", "rollback of a pending write");
  for (int i = 0; i < 3; ++i) t.equal(t.commit(lost), "fenced", "the commit that comes after it");
  t.equal(ids_of(t.view().deltas), id_list{arrived.id()}, "the failed write is not visible");
}

template <class T>
void a_publish_loser_changes_nothing(T& t) {
  const written one = t.put();
  const view_answer first = t.view();
  const view_answer second = t.view();
  t.equal(t.publish(first), publish_status::published, "the first publish");
  const snapshot_info recorded = t.view().base.value_or(snapshot_info{});

  // The same stop again is a repair only with a start below it; from the snapshot's own stop there is nothing to publish.
  view_answer loser = t.view();
  t.unchanged("a publish without a delta", [&] { t.equal(t.publish(loser), publish_status::stale, "a publish of no delta"); });
  loser = second;
  loser.stop = one.id();
  loser.gen = time_seq{1, 1};
  t.unchanged("a publish under another generation", [&] { t.equal(t.publish(loser), publish_status::stale, "another generation"); });
  t.equal(t.view().base, std::optional(recorded), "the winner's snapshot stays");
}

template <class T>
void a_removal_refuses_older_publishes(T& t) {
  const written one = t.put();
  const written two = t.put();
  const view_answer read = t.view();
  const remove_delta_answer removed = t.remove_delta(one.id());
  t.equal(removed.status, remove_delta_status::removed, "remove_delta of an uncovered delta");

  t.unchanged("a publish with a removed delta", [&] { t.equal(t.publish(read), publish_status::stale, "a publish with a removed delta"); });
  t.equal(t.publish_as(read, t.view().gen, hash_of(read.deltas), 7), publish_status::stale, "the same under the new generation");
  const view_answer after = t.view();
  t.equal(ids_of(after.deltas), id_list{two.id()}, "the removed delta is gone");
  t.check(after.gen > two.id() && after.version == after.gen, "the removal took an id of its own and made it the version");
  t.equal(t.publish(after), publish_status::published, "a publish of what is left");
  t.equal(t.view().base.value_or(snapshot_info{}).gen, after.gen, "the snapshot's generation");
  t.equal(t.remove_delta(two.id()).status, remove_delta_status::covered, "remove_delta of a covered delta");
  for (int i = 0; i < 3; ++i) t.equal(t.remove_delta(one.id()).status, remove_delta_status::already, "remove_delta again");
}

template <class T>
void a_publish_of_another_log_is_stale(T& t) {
  const written one = t.put();
  view_answer other = t.view();
  other.deltas.front().path = "/other";
  t.unchanged("a publish of other deltas", [&] { t.equal(t.publish(other), publish_status::stale, "equal counts, other deltas"); });

  view_answer beyond = t.view();
  beyond.stop = next(one.id());
  t.unchanged("a publish of a stop that is no delta",
              [&] { t.equal(t.publish(beyond), publish_status::stale, "a stop that is no delta"); });
  view_answer from = t.view();
  from.base = snapshot_info{.start = {}, .stop = time_seq{5, 5}};
  t.unchanged("a publish from an unknown base", [&] { t.equal(t.publish(from), publish_status::stale, "a start that is no snapshot"); });
}

template <class T>
void a_publish_beside_a_live_reservation_waits(T& t) {
  const written slow = t.reserve();
  const written quick = t.put();
  view_answer read;
  read.stop = quick.id();
  read.deltas = {delta{quick.id(), merge_type::replace, "/name"}};
  t.unchanged("a publish above a live reservation",
              [&] { t.equal(t.publish(read), publish_status::stale, "a live reservation below the stop"); });

  t.expire_pendings();
  t.equal(t.publish(read), publish_status::published, "the same once it has expired");
  t.equal(t.late_commit(slow), "fenced", "a commit below a published stop");
}

template <class T>
void a_repair_replaces_a_snapshot(T& t) {
  t.put();
  const snapshot_info first = t.snapshot_now(1);
  const written two = t.put();
  const snapshot_info second = t.snapshot_now(2);
  t.equal(second.start, first.stop, "a snapshot starts where the one before stops");

  const view_answer older = t.view(view_mode::fail, {}, first.stop);
  t.equal(ids_of(older.deltas), id_list{two.id()}, "a read from the older snapshot");
  t.equal(t.publish(older, 3), publish_status::published, "a repair with an equal stop");
  t.equal(t.view().base.value_or(snapshot_info{}).digest, std::uint64_t{3}, "the repaired snapshot's digest");
  const view_answer whole = t.view(view_mode::fail, {}, time_seq{});
  t.equal(t.publish(whole, 4), publish_status::published, "a repair from the beginning");
  t.equal(t.view().base.value_or(snapshot_info{.start = {9, 9}, .stop = {}}).start, time_seq{}, "the start of a repair from the beginning");
  const result<log_answer> log = t.index.read_log(t.catalog, time_seq{}, 10);
  t.check(log && log->snapshots.size() == 2, "a repair adds no snapshot");
}

template <class T>
void as_of_above_the_last_id_is_no_bound(T& t) {
  const time_seq future{t.clock.wall().count() / 1000 + 100, 1};
  t.equal(t.view(view_mode::fail, future).status, view_status::ok, "as_of on an empty log");
  const written one = t.reserve();
  t.equal(t.view(view_mode::fail, future).status, view_status::pending, "as_of above the last id sees live reservations");
  t.equal(t.commit(one), "ok", "commit");
  t.equal(ids_of(t.view(view_mode::fail, future).deltas), id_list{one.id()}, "as_of above the last id");
}

template <class T>
void as_of_reads_the_past_and_closes_it(T& t) {
  const written one = t.put();
  const written slow = t.reserve(3);
  const written two = t.put();
  t.equal(t.view(view_mode::fail, one.id()).status, view_status::ok, "as_of below a live reservation");
  t.equal(t.view(view_mode::fail, two.id()).status, view_status::pending, "as_of above a live reservation");
  t.expire_pendings();
  // Inside the expired batch: half of it is closed, so the whole can never be committed.
  t.equal(ids_of(t.view(view_mode::fail, slow.ids[1]).deltas), id_list{one.id()}, "as_of inside an expired batch");

  t.equal(t.late_commit(slow), "fenced", "a batch that an as_of has cut");
  t.equal(t.rollback(slow), "rolled_back", "rollback of that batch");
  t.equal(ids_of(t.view().deltas), id_list{one.id(), two.id()}, "the read after it");
}

template <class T>
void as_of_below_cleared_is_trimmed(T& t) {
  const written one = t.put();
  const written two = t.put();
  const snapshot_info all = t.snapshot_now();
  const written three = t.put();
  t.clear(all);

  t.equal(t.view(view_mode::fail, one.id()).status, view_status::trimmed, "as_of below the cut");
  t.equal(t.view(view_mode::fail, {}, time_seq{}).status, view_status::trimmed, "a read from the beginning after a cut");
  t.equal(t.view(view_mode::fail, two.id()).status, view_status::ok, "as_of at the cut");
  t.equal(t.view(view_mode::fail, three.id()).status, view_status::ok, "as_of above the cut");
  t.equal(t.view(view_mode::fail, {}, one.id()).status, view_status::trimmed, "a base that is no snapshot");
}

template <class T>
void prefix_reads_stop_before_the_oldest_live(T& t) {
  const written one = t.put();
  const written slow = t.reserve(2);
  const written two = t.put();
  const view_answer prefix = t.view(view_mode::prefix);
  t.equal(prefix.status, view_status::ok, "a prefix read beside a live reservation");
  t.equal(ids_of(prefix.deltas), id_list{one.id()}, "a prefix read");
  t.equal(prefix.pending ? prefix.pending->id : time_seq{}, slow.id(), "the reservation that a prefix read names");
  t.equal(prefix.version, two.id(), "the version is that of the whole catalog");
  const view_answer failed = t.view();
  t.equal(failed.status, view_status::pending, "a default read beside a live reservation");
  t.check(failed.pending && failed.pending->id == slow.id() && failed.pending->path == "/name", "it names the oldest pending member");

  t.equal(t.commit(slow), "ok", "commit of the batch");
  t.equal(ids_of(t.view().deltas), id_list{one.id(), slow.ids[0], slow.ids[1], two.id()}, "the read after it, in id order");
}

template <class T>
void expected_refuses_live_reservations(T& t) {
  const written plain = t.reserve();
  const result<reserve_answer> blocked = t.try_reserve(1, time_seq{}, t.token());
  t.check(blocked && blocked->status == reserve_status::blocked && blocked->seen == plain.id(),
          "blocked by the live reservation: " + describe(blocked));
  t.equal(t.commit(plain), "ok", "commit of the plain write");
  const result<reserve_answer> conflict = t.try_reserve(1, time_seq{}, t.token());
  t.check(conflict && conflict->status == reserve_status::conflict && conflict->seen == plain.id(),
          "then a conflict: " + describe(conflict));
  const written set = t.reserve(1, plain.id());
  t.equal(t.commit(set, plain.id()), "ok", "a compare-and-set whose base holds");
}

template <class T>
void expected_is_checked_again_at_commit(T& t) {
  const written base = t.put();
  const written set = t.reserve(1, base.id());
  t.equal(t.remove_delta(base.id()).status, remove_delta_status::removed, "M removes the base");

  t.equal(t.commit(set, base.id()), "conflict", "a compare-and-set whose base is gone");
  t.equal(t.rollback(set), "rolled_back", "it was killed");
  t.equal(t.commit(set), "fenced", "it stays dead");
}

template <class T>
void expected_closes_what_it_passed_over(T& t) {
  const written slow = t.reserve();
  t.expire_pendings();
  const written set = t.reserve(1, time_seq{});
  t.equal(t.commit(set, time_seq{}), "ok", "a compare-and-set beside an expired reservation");

  t.equal(t.late_commit(slow), "fenced", "the expired one slips not below it");
}

template <class T>
void versions_never_return(T& t) {
  const written one = t.put();
  const written two = t.put();
  const time_seq seen = t.view().version;
  t.equal(seen, two.id(), "the version is the newest delta");
  t.equal(t.remove_delta(two.id()).status, remove_delta_status::removed, "remove_delta");
  const result<reserve_answer> old = t.try_reserve(1, one.id(), t.token());
  t.check(old && old->status == reserve_status::conflict, "the version before the removed write does not come back: " + describe(old));
  const written set = t.reserve(1, t.view().version);
  t.equal(t.commit(set, t.view().version), "ok", "a compare-and-set on the removal's id");
  t.check(set.id() > seen, "ids go on above");

  t.catalog = "gone";
  const written only = t.put();
  t.equal(t.remove_delta(only.id()).status, remove_delta_status::removed, "remove_delta of the only delta");
  const written none = t.reserve(1, time_seq{});
  t.equal(t.commit(none, time_seq{}), "ok", "0_0 matches a catalog without delta and snapshot, also after a removal");
}

template <class T>
void ids_only_rise(T& t) {
  time_seq newest;
  const auto rises = [&](time_seq id, std::string_view what) {
    t.check(id > newest, std::string(what) + ": " + describe(id) + " is not above " + describe(newest));
    newest = id;
  };
  const written one = t.reserve();
  rises(one.id(), "the first id");
  t.equal(t.rollback(one), "rolled_back", "rollback");
  rises(t.put().id(), "after a rollback");
  t.clock.step(-one_year);
  const written batch = t.put(1000);
  rises(batch.id(), "after a step back");
  newest = batch.ids.last();
  t.equal(t.remove_delta(batch.id()).status, remove_delta_status::removed, "remove_delta");
  rises(t.view().gen, "a removal's id");
  t.clear(t.snapshot_now());
  rises(t.put().id(), "after a clear");
  const result<issue_answer> file = t.index.issue_id(t.catalog, "/a", t.timing);
  rises(file ? file->id : time_seq{}, "a file's id");
  t.remove_catalog();
  t.clock.step(-one_second);
  rises(t.put().id(), "after remove_catalog");
}

template <class T>
void ids_borrow_within_the_limit(T& t) {
  // A borrow limit below zero asks for more than the clock gives: every allocation overflows, and nothing changes.
  const written one = t.put();
  t.timing.borrow = -one_second * 10;
  t.unchanged("an overflow", [&] {
    const result<reserve_answer> refused = t.try_reserve(1, {}, t.token());
    t.check(refused && refused->status == reserve_status::overflow, "reserve beyond the limit: " + describe(refused));
    t.equal(t.remove_delta(one.id()).status, remove_delta_status::overflow, "remove_delta beyond the limit");
    const result<issue_answer> issued = t.index.issue_id(t.catalog, "/a", t.timing);
    t.check(issued && issued->status == issue_status::overflow, "issue_id beyond the limit: " + describe(issued));
  });
  t.timing.borrow = std::chrono::milliseconds{5'000};
  // After a forward step and one back, ids are ahead of the wall clock, not of the logical one.
  t.clock.step(one_year);
  const written ahead = t.put();
  t.clock.step(-one_year);
  t.equal(t.put().id(), next(ahead.id()), "an id ahead of the wall clock");
}

template <class T>
void a_token_repeats_its_reservation(T& t) {
  const write_token token = t.token();
  const result<reserve_answer> first = t.try_reserve(3, {}, token);
  t.check(first && first->status == reserve_status::reserved && first->ids.count == 3, "reserve of three: " + describe(first));
  t.unchanged("a repeated reserve", [&] { t.equal(t.try_reserve(3, {}, token), first, "reserve with the same token"); });
  t.check(t.reserve().id() > first->ids.last(), "another token gets ids of its own");
}

template <class T>
void a_commit_shows_its_token(T& t) {
  const written one = t.reserve(2);
  const written stranger{one.ids, t.token()};
  const written half{id_run{one.ids[1], 1}, one.token};
  t.unchanged("a foreign commit", [&] {
    t.equal(t.commit(stranger), "unknown", "commit with another token");
    t.equal(t.rollback(stranger), "unknown", "rollback with another token");
    t.equal(t.commit(half), "unknown", "commit of a part of a batch");
    t.equal(t.rollback(half), "unknown", "rollback of a part of a batch");
  });
  t.equal(t.commit(one), "ok", "commit with its own token");
  const written later{id_run{time_seq{one.id().timestamp + 50, 1}, 1}, t.token()};
  t.unchanged("a commit of an id never issued", [&] {
    t.equal(t.commit(later), "unknown", "commit above the last id");
    t.equal(t.rollback(later), "unknown", "rollback above the last id");
  });
}

template <class T>
void a_batch_is_all_or_nothing(T& t) {
  const written whole = t.reserve(3);
  t.equal(t.view().status, view_status::pending, "a live batch");
  t.equal(t.commit(whole), "ok", "commit of a batch");
  t.equal(ids_of(t.view().deltas), id_list{whole.ids[0], whole.ids[1], whole.ids[2]}, "its ids are consecutive");
  const written none = t.reserve(3);
  t.equal(t.rollback(none), "rolled_back", "rollback of a batch");
  t.equal(t.view().deltas.size(), std::size_t{3}, "nothing of it is visible");
  const written open = t.reserve();
  const written across{id_run{none.ids.last(), 2}, open.token};
  t.unchanged("a commit across a reservation's edge", [&] { t.equal(t.commit(across), "error corrupt_index", "some pending, some not"); });
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing::detail_index

#endif  // LAKE_TESTING_INDEX_CASES_LOG_HPP
