// How a lake looks at and cuts its past: histories, changes, clearing, removals. Knows a lake's state and the snapshot rules.
#ifndef LAKE_IMPL_HISTORY_HPP
#define LAKE_IMPL_HISTORY_HPP

#include <lake/config.hpp>
#include <lake/core/executor.hpp>
#include <lake/protocol/history.hpp>
#include <lake/impl/list.hpp>
#include <lake/impl/objects.hpp>
#include <lake/impl/read.hpp>
#include <lake/impl/snapshot.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

/// The newest snapshot, made now if there are newer deltas. Reads the committed prefix, however long it is.
/// Errors: not_found if nothing was ever written; as a read.
template <class State, trace_sink Trace>
result<snapshot_info> snapshot_now(State& state, std::string_view catalog, const pending_mode& pending, const call_options& call, Trace& sink) {
  const deadline until(state.options, state.executor, call);
  for (std::size_t attempt = 0;; ++attempt) {
    list_data list = prepare_list(state, catalog, {.pending = pending});
    list.max_deltas = all_deltas;
    view_into(state, list, until);
    if (list.failed) return *list.failed;
    if (list.answer.deltas.empty()) {
      if (list.answer.base) return *list.answer.base;
      return lake::error{errc::not_found, "take_snapshot", std::string(catalog), "nothing was ever written"};
    }
    auto outcome = read_list(state, list, sink, keep::document);
    if (!outcome) return of_read(std::move(outcome).error(), catalog);
    const snapshot_draft draft = draft_of(catalog, list.answer, std::move(outcome->document));
    auto saved = save_snapshot(state, draft);
    if (!saved) return std::move(saved).error();
    if (*saved == publish_status::published) {
      return snapshot_info{draft.start, draft.stop, draft.gen, list.answer.clock, draft.document->size(), pure::xxh64(*draft.document)};
    }
    // Another snapshot or a removal came in between: look again.
    if (auto on = until.check("take_snapshot", catalog); !on) return std::move(on).error();
    until.back_off(attempt);
  }
}

/// Removes objects, ten at a time where that pays; keeps in `items` those that are surely gone.
template <class State, class Item, class KeyOf>
void remove_objects(State& state, std::vector<Item>& items, object_kind kind, const KeyOf& key_of, clear_result& outcome) {
  std::vector<char> gone(items.size(), 0);
  std::mutex reporting;
  const auto remove = [&](std::size_t i) {
    const std::string key = key_of(items[i]);
    auto removed = remove_object(state, kind, key);
    const std::lock_guard lock(reporting);
    gone[i] = removed ? 1 : 0;
    if (removed) ++outcome.objects_removed;
    else outcome.failures.push_back(std::move(removed).error());
    return true;
  };
  if (items.size() >= concurrent_from<typename State::storage_type>) parallel_for(state.executor, items.size(), state.options.workers, remove);
  else for (std::size_t i = 0; i < items.size(); ++i) remove(i);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (gone[i] == 0) continue;
    if (kept != i) items[kept] = std::move(items[i]);
    ++kept;
  }
  items.resize(kept);
}

/// Takes out of `files` those whose path has a file now, and returns them: where files are overwritten in place, the object of a superseded
/// write is the current one. (A path that is written for the first time since its removal while this runs is a race that such a layout
/// cannot decide: nothing in it tells the two objects apart.)
template <class State>
result<std::vector<file_ref>> spare_current_files(State& state, std::string_view catalog, std::vector<file_ref>& files) {
  std::vector<file_ref> current;
  if (state.layout.has_file_ids || files.empty()) return current;
  auto records = state.index.read_files(catalog);
  if (!records) return std::move(records).error();
  const auto is_current = [&](const file_ref& each) {
    return std::any_of(records->begin(), records->end(), [&](const auto& record) { return record.first == each.path; });
  };
  const auto kept = std::stable_partition(files.begin(), files.end(), [&](const file_ref& each) { return !is_current(each); });
  current.assign(std::make_move_iterator(kept), std::make_move_iterator(files.end()));
  files.erase(kept, files.end());
  return current;
}

/// Objects first, then the members of exactly those whose removal was confirmed.
template <class State>
result<void> sweep(State& state, std::string_view catalog, victims gone, clear_result& outcome) {
  auto spared = spare_current_files(state, catalog, gone.files);
  if (!spared) return std::move(spared).error();
  const auto delta_key = [&](const body_ref& each) { return state.delta_key(catalog, each.id, each.merge); };
  remove_objects(state, gone.deltas, object_kind::delta, delta_key, outcome);
  remove_objects(state, gone.pendings, object_kind::delta, delta_key, outcome);
  remove_objects(state, gone.records, object_kind::delta, delta_key, outcome);
  remove_objects(state, gone.snapshots, object_kind::snapshot,
                 [&](const snapshot_info& each) { return state.snapshot_key(catalog, each.start, each.stop, each.gen); },
                 outcome);
  remove_objects(state, gone.files, object_kind::file,
                 [&](const file_ref& each) { return state.file_key(catalog, each.path, each.id); }, outcome);
  gone.files.insert(gone.files.end(), std::make_move_iterator(spared->begin()), std::make_move_iterator(spared->end()));
  if (gone.empty()) return {};
  auto counted = state.index.remove_members(catalog, gone, state.timing);
  if (!counted) return std::move(counted).error();
  outcome.removed = *counted;
  return {};
}

/// The snapshot to cut at: the newest one that is old enough (the oldest, if none is), read back and checked. None: there is none.
template <class State>
result<std::optional<snapshot_info>> verified_cut(State& state, std::string_view catalog, std::chrono::milliseconds least_age) {
  auto log = healed(state, catalog, [&] { return state.index.read_log(catalog, snapshots_only, 0); });
  if (!log) return std::move(log).error();
  if (log->snapshots.empty()) return std::optional<snapshot_info>{};
  auto chosen = log->snapshots.rbegin();
  while (std::next(chosen) != log->snapshots.rend() && log->mono - chosen->created < least_age.count()) ++chosen;
  // From storage, not from the cache: from here on this object is primary data.
  forget_object(state, object_kind::snapshot,
                state.snapshot_key(catalog, chosen->start, chosen->stop, chosen->gen));
  list_data list{std::string(catalog)};
  list.answer.base = *chosen;
  if (auto loaded = load_part(state, list, 0); !loaded) return of_read(std::move(loaded).error(), catalog);
  return std::optional<snapshot_info>(*chosen);
}

/// The cut, from a snapshot that is there, or from the first one, made now. None: nothing was ever written.
/// Errors: corrupt_body and not_found where the snapshot cannot be read; a read that repairs it is under way then.
template <class State, trace_sink Trace>
result<std::optional<snapshot_info>> find_cut(State& state, std::string_view catalog, std::chrono::milliseconds least_age, const call_options& call,
                                              Trace& sink) {
  auto cut = verified_cut(state, catalog, least_age);
  if (!cut && (cut.error().code == errc::corrupt_body || cut.error().code == errc::not_found)) {
    const list_data head = list_one(state, catalog, {.pending = pending::committed_prefix{}}, call, sink);
    static_cast<void>(read_list(state, head, sink, keep::fresh));  // For its repair; what it finds is reported by what follows.
    return cut;
  }
  if (!cut || *cut) return cut;
  auto made = snapshot_now(state, catalog, pending::committed_prefix{}, call, sink);
  if (made) return verified_cut(state, catalog, least_age);
  const bool nothing = made.error().code == errc::not_found && made.error().operation == "take_snapshot";
  if (nothing) return std::optional<snapshot_info>{};
  return std::move(made).error();
}

/// Clears one catalog's history.
template <class State, trace_sink Trace>
result<clear_result> clear_catalog(State& state, std::string_view catalog, const clear_options& options, const call_options& call, Trace& sink) {
  const auto least_age = (std::max)(options.grace, options.older_than);
  auto cut = find_cut(state, catalog, least_age, call, sink);
  if (!cut) return std::move(cut).error();
  clear_result outcome;
  const auto record_cut = [&](const std::optional<snapshot_info>& at) {
    return healed(state, catalog, [&] { return state.index.clear_cut(cut_args{catalog, at, options.keep_snaps, least_age}, state.timing); });
  };
  auto answer = record_cut(*cut);
  if (answer && answer->status == cut_status::too_new) {
    outcome.wait = answer->wait;
    cut->reset();
    answer = record_cut(*cut);  // Pending members and orphans may go all the same.
  }
  if (!answer) return std::move(answer).error();
  if (answer->status == cut_status::stale) {
    return lake::error{errc::unavailable, "clear_history", std::string(catalog), "another removal came in between: repeat"};
  }
  if (*cut) outcome.cut = (*cut)->stop;
  if (auto durable = state.index.barrier(); !durable) return std::move(durable).error();
  if (auto swept = sweep(state, catalog, std::move(answer->gone), outcome); !swept) return std::move(swept).error();
  return outcome;
}

/// The same, once for all who ask for it at the same time with the same options.
template <class State, trace_sink Trace>
result<clear_result> clear_together(State& state, std::string_view catalog, const clear_options& options, const call_options& call, Trace& sink) {
  const std::string name = std::to_string(options.keep_snaps) + '|' + std::to_string(options.older_than.count()) + '|' +
                           std::to_string(options.grace.count()) + '|' + std::string(catalog);
  return state.clears.take(name, [&] { return clear_catalog(state, catalog, options, call, sink); });
}

/// Takes one delta out of the log, then its body.
template <class State>
result<bool> remove_one_delta(State& state, std::string_view catalog, time_seq id) {
  const auto refuse = [&](errc code, std::string why) { return lake::error{code, "remove_delta", std::string(catalog), std::move(why), id}; };
  auto answer = healed(state, catalog, [&] { return state.index.remove_delta(catalog, id, state.timing); });
  if (!answer) return std::move(answer).error();
  switch (answer->status) {
    case remove_delta_status::already: return false;
    case remove_delta_status::not_found: return refuse(errc::not_found, "the log has no delta " + id.to_string());
    case remove_delta_status::pending: return refuse(errc::pending_write, "that write is still in flight");
    case remove_delta_status::covered: return refuse(errc::history_trimmed, "a published snapshot covers that delta");
    case remove_delta_status::overflow: return refuse(errc::sequence_overflow, "no id is left for the removal; repeat");
    case remove_delta_status::no_control:
    case remove_delta_status::removed: break;
  }
  if (auto durable = state.index.barrier(); !durable) return std::move(durable).error();
  const std::string key = state.delta_key(catalog, id, answer->merge);
  // The delta is out of the log whatever becomes of its body; `r:` names the body for the next sweep.
  if (auto gone = remove_object(state, object_kind::delta, key); !gone) state.tell(event_kind::cleanup_failed, "remove_delta", key, &gone.error());
  return true;
}

/// Empties a catalog in one index step, then removes its objects.
template <class State>
result<bool> remove_whole_catalog(State& state, std::string_view catalog) {
  auto answer = healed(state, catalog, [&] { return state.index.remove_catalog(catalog, state.timing); });
  if (!answer) return std::move(answer).error();
  if (answer->status != remove_catalog_status::removed) return false;
  if (auto durable = state.index.barrier(); !durable) return std::move(durable).error();
  clear_result outcome;
  if (auto swept = sweep(state, catalog, std::move(answer->gone), outcome); !swept) return std::move(swept).error();
  for (const lake::error& each : outcome.failures) state.tell(event_kind::cleanup_failed, "remove_catalog", catalog, &each);
  return true;
}

/// The deltas that came after `since`: none that could still be preceded by a write in flight.
template <class State>
result<std::vector<delta>> changes_since(State& state, std::string_view catalog, time_seq since) {
  auto head = view_once(state, view_args{.catalog = catalog, .mode = view_mode::prefix, .max_deltas = state.options.limits.deltas_per_list});
  if (!head) return std::move(head).error();
  auto log = healed(state, catalog, [&] { return state.index.read_log(catalog, since, state.options.limits.deltas_per_list); });
  if (!log) return std::move(log).error();
  if (since < log->cleared) {
    return lake::error{errc::history_trimmed, "changes", std::string(catalog),
                       "what came after " + since.to_string() + " is gone: history up to " + log->cleared.to_string() + " was cleared"};
  }
  std::erase_if(log->deltas, [&](const delta& each) { return each.id > head->stop; });
  return std::move(log->deltas);
}

/// Every delta that is left, with what its envelope says.
template <class State>
result<std::vector<history_entry>> history_of(State& state, std::string_view catalog) {
  auto deltas = healed(state, catalog, [&] { return state.index.read_log(catalog, {}, state.options.limits.deltas_per_list); });
  if (!deltas) return std::move(deltas).error();
  std::vector<history_entry> entries(deltas->deltas.size());
  std::mutex failing;
  std::optional<lake::error> failed;
  const auto load = [&](std::size_t i) {
    const delta& each = deltas->deltas[i];
    auto loaded = load_object(state, object_kind::delta, catalog, each.id, state.delta_key(catalog, each.id, each.merge));
    if (loaded) {
      entries[i] = {each.id, each.merge, each.path, loaded->envelope().decoded_bytes, std::string(loaded->envelope().meta)};
      return true;
    }
    const std::lock_guard lock(failing);
    if (!failed) failed = std::move(loaded).error();
    return false;
  };
  if (entries.size() >= concurrent_from<typename State::storage_type>) parallel_for(state.executor, entries.size(), state.options.workers, load);
  else for (std::size_t i = 0; i < entries.size() && load(i); ++i) {
  }
  if (failed) return *std::move(failed);
  return entries;
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_HISTORY_HPP
