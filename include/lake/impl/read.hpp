// How a lake reads: load what a list names, merge it, keep the text, maybe save it; and what to do when an object is missing or damaged.
// Knows a lake's state and the merge engine.
#ifndef LAKE_IMPL_READ_HPP
#define LAKE_IMPL_READ_HPP

#include <lake/config.hpp>
#include <lake/core/executor.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/trace.hpp>
#include <lake/impl/document_store.hpp>
#include <lake/impl/list.hpp>
#include <lake/impl/objects.hpp>
#include <lake/impl/snapshot.hpp>
#include <lake/merge/apply.hpp>
#include <lake/merge/prune.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// What a read begins with and what it loads on top of that: decided on metadata, before any body is loaded. A plain value.
struct read_plan {
  std::shared_ptr<const kept_document> kept = {};  ///< Instead of the snapshot; null: none.
  std::size_t merged = 0;                          ///< So many of the list's deltas are merged in a kept document.
  bool base = false;                               ///< Whether to load the snapshot.
  merge::pruned rest = {};                         ///< Of the deltas after those that are merged.
  std::size_t deltas = 0;                          ///< All of the list's.
  std::vector<std::uint32_t> live = {};            ///< Where some of the rest are dead: the list's numbers of those that are live.

  /// The first delta of the list that has a part in the merge.
  [[nodiscard]] std::size_t first() const noexcept { return merged + rest.first; }
  /// How many deltas' bodies are loaded, and of which deltas.
  [[nodiscard]] std::size_t bodies() const noexcept { return rest.fates.empty() ? deltas - first() : live.size(); }
  [[nodiscard]] std::size_t delta_of_body(std::size_t body) const noexcept { return rest.fates.empty() ? first() + body : live[body]; }
  /// What becomes of a delta of the list: `merge::pruned::live` or `gone`, or the list's number of the delta whose path is touched.
  [[nodiscard]] std::uint32_t fate(std::size_t number) const noexcept {
    const std::uint32_t fate = rest.fate(number - merged);
    return fate >= merge::pruned::gone ? fate : fate + static_cast<std::uint32_t>(merged);
  }
};

/// Plans the read of a list that begins with what is kept of it. `whole_base`: the snapshot is to be loaded, even if no byte of it matters.
/// A read that skips what cannot be applied takes every delta: there one must be known to be good before it hides another.
inline read_plan plan_read(const list_data& list, head_start kept, bool whole_base) {
  const std::vector<delta>& deltas = list.answer.deltas;
  read_plan plan{.kept = std::move(kept.from), .merged = kept.deltas, .deltas = deltas.size()};
  if (list.options.unappliable == unappliable_mode::fail) {
    plan.rest = merge::prune(plan.deltas - plan.merged, [&](std::size_t i) {
      const delta& each = deltas[plan.merged + i];
      return merge::effect{each.merge, each.path};
    });
  }
  if (!plan.rest.base) plan.kept.reset();
  plan.base = list.answer.base && !plan.kept && (plan.rest.base || whole_base);
  if (plan.rest.fates.empty()) return plan;
  for (std::size_t i = plan.first(); i < plan.deltas; ++i) {
    if (plan.fate(i) == merge::pruned::live) plan.live.push_back(static_cast<std::uint32_t>(i));
  }
  return plan;
}

/// The bodies of a plan, in order; or the first failure and whose it was.
struct loaded_view {
  std::optional<loaded_body> base;
  std::vector<loaded_body> deltas;  ///< Of those that are live.
  std::uint64_t delta_bytes = 0;
  std::optional<lake::error> failed;
  bool base_failed = false;
};

/// Loads one object of a view; number 0 is the snapshot where there is one.
template <class State>
result<loaded_body> load_part(State& state, const list_data& list, std::size_t number) {
  const view_answer& answer = list.answer;
  if (answer.base && number == 0) {
    const snapshot_info& base = *answer.base;
    const std::string key = state.snapshot_key(list.catalog, base.start, base.stop, base.gen);
    auto loaded = load_object(state, object_kind::snapshot, list.catalog, base.stop, key);
    const bool recorded = base.length != 0;  // Other clients of go_v2 publish snapshots without length and digest.
    if (loaded && recorded && (loaded->envelope().decoded_bytes != base.length || loaded->envelope().digest != base.digest)) {
      forget_object(state, object_kind::snapshot, key);
      return lake::error{errc::corrupt_body, "read", key, "the snapshot is not the one that the index recorded: length or digest differ"};
    }
    return loaded;
  }
  const delta& each = answer.deltas[number - (answer.base ? 1 : 0)];
  return load_object(state, object_kind::delta, list.catalog, each.id, state.delta_key(list.catalog, each.id, each.merge));
}

/// Loads what a plan wants, concurrently where that pays; the first failure stops what has not started.
template <class State, trace_sink Trace>
loaded_view load_view(State& state, const list_data& list, const read_plan& plan, Trace& sink) {
  const std::size_t bases = plan.base ? 1 : 0;
  const std::size_t parts = plan.bodies() + bases;
  loaded_view view_bodies;
  view_bodies.deltas.resize(plan.bodies());
  std::mutex failing;
  const auto load = [&](std::size_t number) {
    auto loaded = number < bases ? load_part(state, list, 0)
                                 : load_part(state, list, plan.delta_of_body(number - bases) + (list.answer.base ? 1 : 0));
    if (loaded) {
      if (number < bases) view_bodies.base = *std::move(loaded);
      else view_bodies.deltas[number - bases] = *std::move(loaded);
      return true;
    }
    const std::lock_guard lock(failing);
    if (!view_bodies.failed) {
      view_bodies.failed = std::move(loaded).error();
      view_bodies.base_failed = number < bases;
    }
    return false;
  };
  bool going = true;
  std::size_t first = 0;
  const bool together = parts >= concurrent_from<typename State::storage_type> && parts > 1;
  if (bases != 0 && (Trace::enabled || !together)) {
    const stage step(sink, "LoadSnap");
    going = load(0);
    first = 1;
  }
  if (going && first < parts) {
    stage step(sink, "LoadDeltas");
    step.note([&] { return "{" + std::to_string(parts - first) + "}"; });
    if (together) parallel_for(state.executor, parts - first, state.options.workers, [&](std::size_t i) { return load(first + i); });
    else while (first < parts && load(first)) ++first;
  }
  for (const loaded_body& each : view_bodies.deltas) view_bodies.delta_bytes += each.bytes().size();
  return view_bodies;
}

/// The plan as steps. Lifetime: views the list and the bodies.
inline std::vector<merge::step> steps_of(const list_data& list, const read_plan& plan, const loaded_view& bodies) {
  std::vector<merge::step> steps;
  steps.reserve(plan.deltas - plan.first());
  std::size_t body = 0;
  for (std::size_t i = plan.first(); i < plan.deltas; ++i) {
    const delta& each = list.answer.deltas[i];
    const std::uint32_t fate = plan.fate(i);
    if (fate == merge::pruned::live) steps.push_back({each.merge, std::string_view(each.path), bodies.deltas[body++].bytes()});
    else if (fate != merge::pruned::gone) steps.push_back({each.merge, std::string_view(list.answer.deltas[fate].path), "", true});
  }
  return steps;
}

/// The list's number of the delta that a step was made of; nothing if there is no such step.
inline std::optional<std::size_t> delta_of_step(const read_plan& plan, std::size_t step) {
  for (std::size_t i = plan.first(); i < plan.deltas; ++i) {
    if (plan.fate(i) != merge::pruned::gone && step-- == 0) return i;
  }
  return std::nullopt;
}

/// The error of a delta that cannot be applied: catalog, path, id, merge type, operation and reason.
inline lake::error unappliable_error(const list_data& list, const read_plan& plan, const merge::failure& failed) {
  const std::optional<std::size_t> number = delta_of_step(plan, failed.step);
  if (!number) return {errc::merge_failed, "read", list.catalog, failed.reason};
  const delta& culprit = list.answer.deltas[*number];
  std::string message = "the delta " + culprit.id.to_string() + " (" + std::string(to_string(culprit.merge)) + " at " + detail::in_quotes(culprit.path) +
                        ") cannot be applied: ";
  if (failed.operation) message += "operation " + std::to_string(*failed.operation) + ", pointer " + detail::in_quotes(failed.pointer) + ": ";
  return {errc::merge_failed, "read", list.catalog, message + failed.reason, culprit.id};
}

/// Merges the loaded bodies. `skipped` gets the deltas passed over, where the options ask for that.
template <class State, trace_sink Trace>
result<std::string> merge_view(const State& state, const list_data& list, const read_plan& plan, const loaded_view& bodies,
                               std::vector<lake::error>& skipped, Trace& sink) {
  stage step(sink, "Merge");
  const std::vector<merge::step> steps = steps_of(list, plan, bodies);
  std::string_view base;
  if (plan.kept) base = *plan.kept->document();
  else if (plan.rest.base && bodies.base) base = bodies.base->bytes();
  const merge::options rules = merge_limits(state.options.limits);
  merge::options trusting = rules;
  trusting.trust_bodies = true;  // Validated when they were written (digests say that they are what was written), or when they were loaded.
  std::vector<merge::failure> failures;
  const bool skips = list.options.unappliable == unappliable_mode::skip;
  auto merged = skips ? merge::apply_skipping(base, steps, rules, failures) : merge::apply(base, steps, trusting);
  if (!merged && merged.error().code == errc::merge_failed && !skips) {
    // Which delta it was: the first one that a skipping merge passes over.
    auto probe = merge::apply_skipping(base, steps, rules, failures);
    if (!failures.empty()) return unappliable_error(list, plan, failures.front());
    lake::error reason = std::move(merged).error();
    reason.subject = list.catalog;
    return reason;
  }
  for (const merge::failure& each : failures) skipped.push_back(unappliable_error(list, plan, each));
  if (merged) step.note([&] { return "{bytes:" + std::to_string(merged->size()) + "}"; });
  return merged;
}

/// A document, and what was passed over on the way to it.
struct read_outcome {
  body_ptr document;
  std::vector<lake::error> skipped;
};

/// Whether a read may keep what it merged: for later reads, and as a background snapshot.
enum class keep : std::uint8_t { document_and_snapshot, document, fresh };

/// Whether the document is worth a snapshot. Counted are all deltas since the newest one, dead or alive: so many stay in the log. Their
/// bytes are those of the live ones, merged now or in the kept document: so many a reader without one would load.
template <class State>
bool snapshot_due(const State& state, const list_data& list, const read_plan& plan, std::uint64_t delta_bytes, std::size_t document_bytes) {
  // One Replace of the whole document is as good as a snapshot of it: its bytes are no reason to save another.
  const bool whole = !plan.rest.base && plan.bodies() == 1;
  return state.options.snapshots.due(list.answer.deltas.size(), whole ? 0 : delta_bytes, document_bytes);
}

/// Reads exactly what the list names; keeps and saves the text where `keeps` and the options say so.
template <class State, trace_sink Trace>
result<read_outcome> read_view(State& state, const list_data& list, keep keeps, std::optional<std::uint64_t> repairs, loaded_view& bodies,
                               Trace& sink) {
  const bool fresh = keeps == keep::fresh;
  head_start kept;
  if (list.options.unappliable == unappliable_mode::fail && !fresh && !repairs) kept = state.documents.find(list.catalog, list.answer);
  if (kept.from && kept.deltas == list.answer.deltas.size()) {
    count(state.counted.documents_reused);
    return read_outcome{kept.from->document(), {}};
  }
  const read_plan plan = plan_read(list, std::move(kept), fresh && !repairs);
  if (plan.kept) count(state.counted.documents_reused);
  bodies = load_view(state, list, plan, sink);
  if (bodies.failed) return *bodies.failed;
  read_outcome outcome;
  auto merged = merge_view(state, list, plan, bodies, outcome.skipped, sink);
  if (!merged) return std::move(merged).error();
  outcome.document = std::make_shared<const std::string>(*std::move(merged));
  if (!outcome.skipped.empty()) return outcome;
  const std::uint64_t delta_bytes = bodies.delta_bytes + (plan.kept ? plan.kept->delta_bytes(list.answer) : 0);
  state.documents.store(list.catalog, list.answer, outcome.document, delta_bytes, list.options.as_of.has_value());
  const bool due = snapshot_due(state, list, plan, delta_bytes, outcome.document->size());
  if (keeps != keep::document && !list.options.as_of && !list.answer.deltas.empty() && (due || repairs)) {
    if (schedule_snapshot(state, draft_of(list.catalog, list.answer, outcome.document), repairs)) {
      if constexpr (Trace::enabled) sink.add("SnapSave", {}, "scheduled");
    }
  }
  return outcome;
}

/// The same view on the next older base, for a snapshot that cannot be read. Errors: the given one where nothing older is whole.
template <class State, trace_sink Trace>
result<read_outcome> fall_back(State& state, list_data list, const lake::error& reason, keep keeps, Trace& sink) {
  const std::uint64_t recorded = list.answer.base->digest;
  state.tell(event_kind::snapshot_damaged, "read", list.catalog, &reason);
  auto log = state.index.read_log(list.catalog, snapshots_only, 0);
  if (!log) return lake::error(reason).because(std::move(log).error());
  std::vector<time_seq> bases{time_seq{}};
  for (const snapshot_info& each : log->snapshots) {
    if (each.stop < list.answer.base->stop) bases.push_back(each.stop);
  }
  for (auto base = bases.rbegin(); base != bases.rend(); ++base) {
    view_args args = args_of(state, list);
    args.base = *base;
    take_answer(list, state.index.view(args, state.timing));
    if (list.failed && list.failed->code == errc::pending_write) return *list.failed;
    if (list.failed) continue;
    loaded_view bodies;
    auto outcome = read_view(state, list, keeps, recorded, bodies, sink);
    if (outcome || !bodies.base_failed) return outcome;
  }
  return reason;
}

/// The document of a list. Complexity: one get per live delta that no kept document has merged, one merge, no further index round trip.
template <class State, trace_sink Trace>
result<read_outcome> read_list(State& state, const list_data& list, Trace& sink, keep keeps = keep::document_and_snapshot) {
  if (list.failed) return *list.failed;
  if (!list.answer.base && list.answer.deltas.empty()) return read_outcome{std::make_shared<const std::string>("{}"), {}};
  loaded_view bodies;
  auto outcome = read_view(state, list, keeps, {}, bodies, sink);
  if (outcome || !bodies.failed) return outcome;
  if (bodies.failed->code == errc::not_found) {
    // The history may have been cleared between the list and the load: list again, once.
    list_data again{list.catalog, list.options};
    again.max_deltas = list.max_deltas;
    view_into(state, again, deadline(state.options, state.executor, {}));
    if (again.failed) return *again.failed;
    if (!again.answer.base && again.answer.deltas.empty()) return read_outcome{std::make_shared<const std::string>("{}"), {}};
    outcome = read_view(state, again, keeps, {}, bodies, sink);
    if (outcome || !bodies.failed || !bodies.base_failed) return outcome;
    return fall_back(state, std::move(again), *bodies.failed, keeps, sink);
  }
  if (bodies.base_failed && bodies.failed->code == errc::corrupt_body) return fall_back(state, list, *bodies.failed, keeps, sink);
  return outcome;
}

/// The same error, said of a read of this catalog; an object's key moves into the message.
inline lake::error of_read(lake::error reason, std::string_view catalog) {
  if (reason.subject == catalog) return reason;
  if (!reason.subject.empty()) reason.message = "the object " + in_quotes(reason.subject) + ": " + reason.message;
  reason.operation = "read";
  reason.subject = catalog;
  return reason;
}

/// The document of a list, counted, with skipped deltas told to the hook.
template <class State, trace_sink Trace>
result<body_ptr> read_document(State& state, const list_data& list, Trace& sink) {
  auto outcome = read_list(state, list, sink);
  count(outcome ? state.counted.reads : state.counted.failed_reads);
  if (!outcome) return of_read(std::move(outcome).error(), list.catalog);
  for (const lake::error& each : outcome->skipped) state.tell(event_kind::delta_skipped, "read", list.catalog, &each);
  return std::move(outcome->document);
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_READ_HPP
