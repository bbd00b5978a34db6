// How a lake saves snapshots: create-only object, then a publication that the index refuses if anything moved.
// Knows a lake's state; knows nothing of how the document was merged.
#ifndef LAKE_IMPL_SNAPSHOT_HPP
#define LAKE_IMPL_SNAPSHOT_HPP

#include <lake/config.hpp>
#include <lake/core/member.hpp>
#include <lake/impl/objects.hpp>
#include <lake/impl/state.hpp>
#include <lake/pure/xxh64.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// A merged document on its way to become a snapshot. A plain value; the document is shared.
struct snapshot_draft {
  std::string catalog;
  time_seq start, stop, gen;
  std::string hash;      ///< Of the delta members in (start, stop].
  body_ptr document;
};

/// The draft of what a view merged to. Requires: the view has at least one delta.
inline snapshot_draft draft_of(std::string_view catalog, const view_answer& answer, body_ptr document) {
  member_hash hash;
  for (const delta& each : answer.deltas) hash.add(each.id, each.merge, each.path);
  return {std::string(catalog), answer.base ? answer.base->stop : time_seq{}, answer.stop, answer.gen, hash.hex(), std::move(document)};
}

/// Puts the object, or finds it there with the same bytes. A damaged object of the same name is replaced only by bytes with the
/// digest that the index recorded (`repairs`). False: other bytes stand there, the draft is dropped.
template <class State>
result<bool> put_snapshot_object(State& state, const snapshot_draft& draft, const std::string& key, bool repairs) {
  // No write id: two clients that merge the same log should store the same bytes.
  envelope_fields fields;
  fields.kind = object_kind::snapshot;
  fields.id = draft.stop;
  fields.start = draft.start;
  fields.gen = draft.gen;
  fields.catalog = draft.catalog;
  auto bytes = wrap(state, fields, *draft.document);
  if (!bytes) return std::move(bytes).error();
  auto created = state.storage.create(key, *std::move(bytes));
  if (created) return true;
  if (created.error().code != errc::already_exists) return std::move(created).error();
  auto found = state.storage.get(key);
  if (!found) return std::move(found).error();
  // What counts is the document that is in it: another codec setting may have stored it in other bytes.
  auto opened = unwrap(state, *std::move(found), object_kind::snapshot, draft.catalog, draft.stop, key);
  if (opened && opened->bytes() == *draft.document) return true;
  if (!repairs) return false;
  bytes = wrap(state, fields, *draft.document);
  if (!bytes) return std::move(bytes).error();
  auto replaced = state.storage.put(key, *std::move(bytes));
  forget_object(state, object_kind::snapshot, key);  // After the put: a reader may have cached the damaged one again meanwhile.
  if (!replaced) return std::move(replaced).error();
  return true;
}

/// Saves and publishes a draft. `recorded_digest`: what the index says of a snapshot with the same stop, for repairs.
/// The object stays even if the publication is refused: it may be somebody's published snapshot of the same name.
template <class State>
result<publish_status> save_snapshot(State& state, const snapshot_draft& draft, std::optional<std::uint64_t> recorded_digest = {}) {
  const std::uint64_t digest = pure::xxh64(*draft.document);
  const std::string key = state.snapshot_key(draft.catalog, draft.start, draft.stop, draft.gen);
  auto put = put_snapshot_object(state, draft, key, recorded_digest == digest);
  if (!put) return std::move(put).error();
  if (!*put) return publish_status::stale;
  auto published = state.index.publish_snapshot(
      publish_args{draft.catalog, draft.start, draft.stop, draft.gen, draft.hash, draft.document->size(), digest}, state.timing);
  if (published && *published == publish_status::published) count(state.counted.snapshots_saved);
  return published;
}

/// Saves a draft behind the caller's back: at most one at a time for a catalog and stop, none if the queue is full.
/// Returns whether it was scheduled. Failures go to the hook.
template <class State>
bool schedule_snapshot(State& state, snapshot_draft draft, std::optional<std::uint64_t> recorded_digest) {
  std::string name = draft.stop.to_string() + '~' + draft.catalog;
  if (state.background.running(name)) return false;
  return state.background.start(std::move(name), [&state, draft = std::move(draft), recorded_digest] {
    auto saved = save_snapshot(state, draft, recorded_digest);
    if (saved) return;
    count(state.counted.snapshots_failed);
    state.tell(event_kind::background_failed, "snapshot", draft.catalog, &saved.error());
  });
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_SNAPSHOT_HPP
