// How a lake writes: bodies into objects, jobs through the protocol, one catalog or many.
// Knows a lake's state and the protocol; knows no concrete policy.
#ifndef LAKE_IMPL_WRITE_HPP
#define LAKE_IMPL_WRITE_HPP

#include <lake/config.hpp>
#include <lake/core/executor.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/core/trace.hpp>
#include <lake/impl/check.hpp>
#include <lake/impl/heal.hpp>
#include <lake/impl/objects.hpp>
#include <lake/impl/state.hpp>
#include <lake/protocol/write.hpp>
#include <lake/pure/xxh64.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

using write_id = std::array<std::uint8_t, 16>;

/// The bodies of one job's deltas, as the protocol's writer wants them. Confined to one call; `store_one` from workers.
template <class State, trace_sink Trace>
class delta_bodies {
 public:
  delta_bodies(State& state, std::span<const checked_write> writes, std::span<const write_id> ids, Trace& sink)
      : state_(state), writes_(writes), write_ids_(ids), sink_(sink), many_(writes.size() > 1 ? writes.size() : 0) {}

  result<protocol::store_outcome> store(const id_run& ids) {
    stage put(sink_, "StoragePut");
    for (std::size_t i = 0; i < writes_.size(); ++i) put_at(i) = put_state::untouched;
    first_failure_.reset();
    foreign_ = false;
    const auto one = [&](std::size_t i) { return store_one(i, ids[static_cast<std::uint32_t>(i)]); };
    if (writes_.size() >= concurrent_from<typename State::storage_type> && writes_.size() > 1) {
      parallel_for(state_.executor, writes_.size(), state_.options.workers, one);
    } else {
      for (std::size_t i = 0; i < writes_.size() && one(i); ++i) {
      }
    }
    put.note([&] { return "{key:" + key(0, ids.first) + ", size:" + std::to_string(writes_[0].body.size()) + "}"; });
    if (first_failure_) return *std::move(first_failure_);
    return foreign_ ? protocol::store_outcome::foreign : protocol::store_outcome::stored;
  }

  void discard(const id_run& ids) {
    for (std::size_t i = 0; i < writes_.size(); ++i) {
      if (put_at(i) == put_state::untouched) continue;
      const time_seq id = ids[static_cast<std::uint32_t>(i)];
      const std::string name = key(i, id);
      // A bare body does not say whose it is: one that may be somebody else's stays, until a clear meets its dead record.
      if (put_at(i) == put_state::uncertain && !(state_.layout.has_envelope && is_ours(i, id, name) == true)) continue;
      if (auto gone = remove_object(state_, object_kind::delta, name); !gone) {
        state_.tell(event_kind::cleanup_failed, "write", name, &gone.error());
      }
    }
  }

 private:
  enum class put_state : std::uint8_t { untouched, uncertain, created };

  put_state& put_at(std::size_t i) { return many_.empty() ? one_ : many_[i]; }
  std::string key(std::size_t i, time_seq id) const { return state_.delta_key(writes_[i].catalog, id, writes_[i].merge); }

  result<std::string> object_of(std::size_t i, time_seq id) const {
    const checked_write& write = writes_[i];
    envelope_fields fields;
    fields.kind = object_kind::delta;
    fields.merge = write.merge;
    fields.id = id;
    fields.catalog = write.catalog;
    fields.path = write.path;
    fields.meta = write.meta;
    fields.write_id = write_ids_[i];
    return wrap(state_, fields, write.body);
  }

  bool store_one(std::size_t i, time_seq id) {
    auto bytes = object_of(i, id);
    if (!bytes) return fail(std::move(bytes).error());
    const std::string name = key(i, id);
    const std::uint64_t bare_digest = state_.layout.has_envelope ? 0 : pure::xxh64(*bytes);
    auto created = state_.storage.create(name, *std::move(bytes));
    if (created) {
      put_at(i) = put_state::created;
      return true;
    }
    if (created.error().code != errc::already_exists) {
      put_at(i) = put_state::uncertain;
      return fail(std::move(created).error());
    }
    // A put whose reply was lost, perhaps.
    const result<bool> ours = state_.layout.has_envelope ? is_ours(i, id, name) : holds(name, bare_digest);
    if (!ours || *ours) put_at(i) = ours && state_.layout.has_envelope ? put_state::created : put_state::uncertain;
    if (!ours) return fail(ours.error());
    if (*ours) return true;
    const std::lock_guard lock(mutex_);
    foreign_ = true;
    return false;
  }

  /// Whether the object is the one that this write puts. The write id says so: it is drawn once per write, and codecs need not give
  /// the same bytes twice.
  result<bool> is_ours(std::size_t i, time_seq id, const std::string& name) const {
    const auto found = state_.storage.get(name);
    if (!found) return found.error();
    const auto envelope = read_envelope(**found, name);
    return envelope && envelope->write_id == write_ids_[i] && envelope->id == id && envelope->decoded_bytes == writes_[i].body.size() &&
           envelope->digest == pure::xxh64(writes_[i].body);
  }

  /// Whether the bare object has the very bytes that this write puts.
  result<bool> holds(const std::string& name, std::uint64_t digest) const {
    return state_.storage.get(name).transform([digest](const body_ptr& found) { return pure::xxh64(*found) == digest; });
  }

  bool fail(lake::error reason) {
    const std::lock_guard lock(mutex_);
    if (!first_failure_) first_failure_ = std::move(reason);
    return false;
  }

  State& state_;
  std::span<const checked_write> writes_;
  std::span<const write_id> write_ids_;
  Trace& sink_;
  put_state one_ = put_state::untouched;
  std::vector<put_state> many_;
  std::mutex mutex_;
  std::optional<lake::error> first_failure_;
  bool foreign_ = false;
};

/// Everything one catalog's writes need on their way. Views valid for the call.
template <class State>
struct catalog_job {
  std::span<const checked_write> writes;
  std::vector<member_spec> specs;
  std::vector<write_id> write_ids;
  meta_members meta;
  std::optional<time_seq> expected;

  [[nodiscard]] protocol::write_job view_job() const { return {writes.front().catalog, specs, expected, meta.entries()}; }

  static result<catalog_job> make(const State& state, std::span<const checked_write> writes, std::optional<time_seq> expected) {
    auto meta = meta_members::of(writes);
    if (!meta) return std::move(meta).error();
    catalog_job job{writes, {}, {}, *std::move(meta), expected};
    job.specs.reserve(writes.size());
    job.write_ids.reserve(writes.size());
    for (const checked_write& write : writes) {
      job.specs.push_back({write.merge, write.path});
      job.write_ids.push_back(state.options.random.bits128());
    }
    return job;
  }
};

/// Calls `use(writer)` with the protocol's writer for this call.
template <class State, class Use>
auto with_writer(State& state, const deadline& until, const Use& use) {
  const auto heal = [&state](std::string_view catalog) { return heal_catalog(state, catalog); };
  const protocol::writer<typename State::index_type, decltype(heal)> writer(state.index, state.timing, until, state.options.random,
                                                                           state.options.write_attempts, heal);
  return use(writer);
}

/// One write. Complexity: two index round trips and one put; without meta no allocation but envelope and key.
template <class State, trace_sink Trace>
result<time_seq> write_one(State& state, const write_request& request, const call_options& call, Trace& sink) {
  if (auto settled = state.settle(sink); !settled) return std::move(settled).error();
  auto checked = check_write(state.layout, request, state.options.limits);
  if (!checked) return std::move(checked).error();
  if (auto open = state.open(sink); !open) return std::move(open).error();
  const deadline until(state.options, state.executor, call);
  const std::span<const checked_write> writes(&*checked, 1);
  auto meta = meta_members::of(writes);
  if (!meta) return std::move(meta).error();
  const member_spec spec{checked->merge, checked->path};
  const write_id id = state.options.random.bits128();
  const protocol::write_job job{checked->catalog, {&spec, 1}, request.expected, meta->entries()};
  delta_bodies<State, Trace> bodies(state, writes, {&id, 1}, sink);
  auto ids = with_writer(state, until, [&](const auto& writer) { return writer.run(job, bodies, sink); });
  count(ids ? state.counted.writes : state.counted.failed_writes);
  return std::move(ids).transform([](const id_run& run) { return run.first; });
}

/// Checks all requests of a batch; nothing is touched if one is bad.
template <class State>
result<std::vector<checked_write>> check_batch(const State& state, std::span<const write_request> requests) {
  if (requests.size() > state.options.limits.batch) {
    return lake::error{errc::limit_exceeded, "write_batch", {}, std::to_string(requests.size()) + " requests, the limit is " +
                                                                    std::to_string(state.options.limits.batch)};
  }
  std::vector<checked_write> all;
  all.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto checked = check_write(state.layout, requests[i], state.options.limits);
    if (!checked) {
      lake::error reason = std::move(checked).error();
      reason.message = "request " + std::to_string(i) + ": " + reason.message;
      return reason;
    }
    all.push_back(*checked);
  }
  return all;
}

/// The one `expected` of a batch. Errors: invalid_argument for two different ones.
inline result<std::optional<time_seq>> batch_expected(std::span<const write_request> requests) {
  std::optional<time_seq> only;
  for (const write_request& request : requests) {
    if (!request.expected) continue;
    if (only && *only != *request.expected) {
      return lake::error{errc::invalid_argument, "write_batch", std::string(request.catalog.view()),
                         "two different values of expected, " + only->to_string() + " and " + request.expected->to_string() +
                             "; one speaks for the whole batch"};
    }
    only = request.expected;
  }
  return only;
}

/// One catalog, all or nothing. Complexity: two index round trips, one put per request (concurrent where that pays).
template <class State, trace_sink Trace>
result<std::vector<time_seq>> write_batch(State& state, std::span<const write_request> requests, const call_options& call, Trace& sink) {
  if (requests.empty()) return std::vector<time_seq>{};
  if (auto settled = state.settle(sink); !settled) return std::move(settled).error();
  auto checked = check_batch(state, requests);
  if (!checked) return std::move(checked).error();
  for (const checked_write& each : *checked) {
    if (each.catalog == checked->front().catalog) continue;
    return lake::error{errc::invalid_argument, "write_batch", std::string(each.catalog),
                       "a batch is for one catalog, this one began with " + in_quotes(checked->front().catalog)};
  }
  auto expected = batch_expected(requests);
  if (!expected) return std::move(expected).error();
  if (auto open = state.open(sink); !open) return std::move(open).error();
  const deadline until(state.options, state.executor, call);
  auto job = catalog_job<State>::make(state, *checked, *expected);
  if (!job) return std::move(job).error();
  delta_bodies<State, Trace> bodies(state, *checked, job->write_ids, sink);
  auto ids = with_writer(state, until, [&](const auto& writer) { return writer.run(job->view_job(), bodies, sink); });
  count(ids ? state.counted.writes : state.counted.failed_writes, requests.size());
  if (!ids) return std::move(ids).error();
  std::vector<time_seq> all(requests.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = (*ids)[static_cast<std::uint32_t>(i)];
  return all;
}

/// Whether an id is committed, asked with a token that is nobody's: no reservation can be changed by asking.
template <class State>
result<bool> ask_committed(State& state, std::string_view catalog, time_seq id) {
  if (id.is_zero() || !id.is_valid()) return lake::error{errc::invalid_time_seq, "committed", std::string(catalog), id.to_string() + " is no id of a write"};
  const commit_args question{catalog, id_run{id, 1}, state.options.random.bits128()};
  auto answer = healed(state, catalog, [&] { return state.index.commit(question, state.timing); });
  if (!answer) return std::move(answer).error();
  if (answer->status == commit_status::ok) return true;
  if (answer->status == commit_status::fenced) return false;
  return lake::error{errc::outcome_unknown, "committed", std::string(catalog), "the write is still pending, or the index no longer knows it", id};
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_WRITE_HPP
