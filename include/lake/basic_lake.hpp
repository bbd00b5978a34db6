// The document store: a lake composed of an index, a storage, a cache and a codec. Declarations, documentation and delegation only;
// the work is in impl/, by verb. Knows the concepts and no concrete policy; knows nlohmann::json by name only.
// Longer than other headers, because it is the one place where a user reads what a lake does.
#ifndef LAKE_BASIC_LAKE_HPP
#define LAKE_BASIC_LAKE_HPP

#include <lake/config.hpp>
#include <lake/capabilities.hpp>
#include <lake/concepts.hpp>
#include <lake/core/options.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/core/trace.hpp>
#include <lake/fwd.hpp>
#include <lake/impl/check.hpp>
#include <lake/impl/files.hpp>
#include <lake/impl/history.hpp>
#include <lake/impl/list.hpp>
#include <lake/impl/read.hpp>
#include <lake/impl/state.hpp>
#include <lake/impl/write.hpp>
#include <lake/impl/write_many.hpp>
#include <lake/list_result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What a lake did since it was made. Counts, for people.
struct lake_stats {
  std::uint64_t writes = 0;            ///< Requests committed.
  std::uint64_t failed_writes = 0;
  std::uint64_t reads = 0;             ///< Documents returned.
  std::uint64_t failed_reads = 0;
  std::uint64_t bodies_loaded = 0;     ///< Delta, snapshot and file bodies asked for.
  std::uint64_t cache_hits = 0;        ///< Of these, served by the cache.
  std::uint64_t documents_reused = 0;  ///< Reads served by a document merged before, or gone on from one.
  std::uint64_t snapshots_saved = 0;
  std::uint64_t snapshots_failed = 0;  ///< In the background; the hook got the reasons.
};

/// A JSON document store. Thread-safe.
///
/// A catalog is one JSON document, kept as an ordered log of deltas: a write adds a delta, a read merges the newest snapshot with the
/// deltas after it. The four policies are checked against the concepts; what one lacks is named, a sentence per operation.
/// Movable, not copyable. Destruction, and assigning over a lake, waits for background snapshots. A moved-from lake may only be
/// destroyed or assigned to.
///
/// Every operation takes, after its own arguments, `const call_options&` and/or a trace sink. Errors common to all: the bad
/// request's own code; configuration and corrupt_index (the markers of index and storage do not fit); timeout, cancelled,
/// unavailable, io and what the policies report.
template <class Index, class Storage, class Cache, class Codec>
class basic_lake {
  static_assert(detail::explain<Index, Storage, Cache, Codec>());

 public:
  using state_type = detail::lake_state<Index, Storage, Cache, Codec>;
  using list_type = list_result<basic_lake>;
  using layout_type = typename Index::layout_type;

  /// A lake on these policies. Touches nothing before the first operation, which checks (or sets) the markers.
  explicit basic_lake(lake_options options = {}, Index index = Index{}, Storage storage = Storage{}, Cache cache = Cache{},
                      Codec codec = Codec{})
      : state_(std::make_unique<state_type>(std::move(options), std::move(index), std::move(storage), std::move(cache), std::move(codec))) {}

  /// Checks now, instead of at the first operation, that index and storage belong together and to this lake; sets their markers if both
  /// are new. Errors: configuration names what differs; corrupt_index where the index of this storage was lost.
  template <trace_sink Trace = no_trace>
  result<void> open(Trace&& sink = {}) {
    if (auto settled = state_->settle(sink); !settled) return settled;
    return state_->observe("open", state_->options.name, [&] { return state_->open(sink); });
  }

  // Writing -----------------------------------------------------------------------------------------------------------

  /// Writes one delta and returns its id. Once it returns, every later read sees the write.
  /// Errors: invalid_catalog, invalid_path, invalid_body, invalid_meta, invalid_argument, limit_exceeded; version_conflict and pending_write
  /// with `expected`; sequence_overflow; outcome_unknown carries the id, ask `committed`; every other error means "not written".
  /// Effects on failure: nothing changed (save after outcome_unknown); what a failed clean-up leaves ages out and is swept by clear_history.
  /// Complexity: two index round trips and one put; one validating scan and one copy of the body into its envelope. Threads: any.
  template <trace_sink Trace = no_trace>
  result<time_seq> write(const write_request& request, const call_options& call, Trace&& sink = {}) {
    return state_->observe("write", request.catalog, [&] { return detail::write_one(*state_, request, call, sink); });
  }
  template <trace_sink Trace = no_trace>
  result<time_seq> write(const write_request& request, Trace&& sink = {}) {
    return write(request, call_options{}, sink);
  }

  /// Replaces the value at the path by `value`, serialised by nlohmann::json. Refuses text: is it JSON or a JSON string?
  template <class T, trace_sink Trace = no_trace>
  result<time_seq> write(std::string_view catalog, std::string_view path, const T& value, const call_options& call, Trace&& sink = {});
  template <class T, trace_sink Trace = no_trace>
  result<time_seq> write(std::string_view catalog, std::string_view path, const T& value, Trace&& sink = {});

  /// Writes all requests of one catalog, in order, or none. Returns their ids, consecutive.
  /// Errors: as write; invalid_argument for another catalog or two values of `expected` (one speaks for all).
  /// Complexity: two index round trips, one put per request (concurrent where that pays).
  template <trace_sink Trace = no_trace>
  result<std::vector<time_seq>> write_batch(std::span<const write_request> requests, const call_options& call, Trace&& sink = {}) {
    return state_->observe("write_batch", requests.empty() ? std::string_view() : requests.front().catalog.view(),
                           [&] { return detail::write_batch(*state_, requests, call, sink); });
  }
  template <trace_sink Trace = no_trace>
  result<std::vector<time_seq>> write_batch(std::span<const write_request> requests, Trace&& sink = {}) {
    return write_batch(requests, call_options{}, sink);
  }
  template <trace_sink Trace = no_trace>
  result<std::vector<time_seq>> write_batch(std::initializer_list<write_request> requests, const call_options& call, Trace&& sink = {}) {
    return write_batch(std::span<const write_request>(requests.begin(), requests.size()), call, sink);
  }
  template <trace_sink Trace = no_trace>
  result<std::vector<time_seq>> write_batch(std::initializer_list<write_request> requests, Trace&& sink = {}) {
    return write_batch(requests, call_options{}, sink);
  }

  /// Writes requests of any catalogs, atomic per catalog; one result per request, in order (those of one catalog share its fate).
  /// Complexity: two index round trips for all where the index batches, one put per request.
  template <trace_sink Trace = no_trace>
  std::vector<result<time_seq>> write_many(std::span<const write_request> requests, const call_options& call, Trace&& sink = {}) {
    return state_->observe_each(
        "write_many", [&](std::size_t i) { return requests[i].catalog.view(); }, [&] { return detail::write_many(*state_, requests, call, sink); });
  }
  template <trace_sink Trace = no_trace>
  std::vector<result<time_seq>> write_many(std::span<const write_request> requests, Trace&& sink = {}) {
    return write_many(requests, call_options{}, sink);
  }
  template <trace_sink Trace = no_trace>
  std::vector<result<time_seq>> write_many(std::initializer_list<write_request> requests, const call_options& call, Trace&& sink = {}) {
    return write_many(std::span<const write_request>(requests.begin(), requests.size()), call, sink);
  }
  template <trace_sink Trace = no_trace>
  std::vector<result<time_seq>> write_many(std::initializer_list<write_request> requests, Trace&& sink = {}) {
    return write_many(requests, call_options{}, sink);
  }

  /// Whether the write with this id is committed: the answer to errc::outcome_unknown. Ask for ids that a write named: of other issued ids
  /// (files, removals) it says true.
  /// Errors: outcome_unknown while it is still pending, or where the index no longer knows. Complexity: one index round trip.
  template <trace_sink Trace = no_trace>
  result<bool> committed(std::string_view catalog, time_seq id, const call_options& call, Trace&& sink = {}) {
    return with_catalog("committed", catalog, call, sink, [&] { return detail::ask_committed(*state_, catalog, id); });
  }
  template <trace_sink Trace = no_trace>
  result<bool> committed(std::string_view catalog, time_seq id, Trace&& sink = {}) {
    return committed(catalog, id, call_options{}, sink);
  }

  // Reading -----------------------------------------------------------------------------------------------------------

  /// Lists one catalog: snapshot, deltas, version; the list carries its error. The default fails while a write is in flight.
  /// Complexity: one index round trip (more while `pending::wait` waits).
  template <trace_sink Trace = no_trace>
  list_type list(std::string_view catalog, const list_options& options, const call_options& call, Trace&& sink = {}) const {
    return state_->observe("list", catalog, [&] { return list_quietly(catalog, options, call, sink); });
  }
  template <trace_sink Trace = no_trace>
  list_type list(std::string_view catalog, const list_options& options, Trace&& sink = {}) const {
    return list(catalog, options, call_options{}, sink);
  }
  template <std::same_as<call_options> Call, trace_sink Trace = no_trace>  // Deduced, so that `{}` means list_options.
  list_type list(std::string_view catalog, const Call& call, Trace&& sink = {}) const {
    return list(catalog, list_options{}, call, sink);
  }
  template <trace_sink Trace = no_trace>
  list_type list(std::string_view catalog, Trace&& sink = {}) const {
    return list(catalog, list_options{}, call_options{}, sink);
  }
  list_type list(std::initializer_list<const char*>) const = delete;  // Two literals would be the iterators of one string_view.

  /// Lists many catalogs, each with its own outcome. Complexity: one index round trip where the index batches.
  template <trace_sink Trace = no_trace>
  std::vector<list_type> batch_list(std::span<const std::string> catalogs, const list_options& options, const call_options& call,
                                    Trace&& sink = {}) const {
    return batch(std::vector<std::string_view>(catalogs.begin(), catalogs.end()), options, call, sink);
  }
  template <trace_sink Trace = no_trace>
  std::vector<list_type> batch_list(std::span<const std::string> catalogs, const list_options& options = {}, Trace&& sink = {}) const {
    return batch_list(catalogs, options, call_options{}, sink);
  }
  template <trace_sink Trace>
  std::vector<list_type> batch_list(std::span<const std::string> catalogs, Trace&& sink) const {
    return batch_list(catalogs, list_options{}, call_options{}, sink);
  }
  template <trace_sink Trace = no_trace>
  std::vector<list_type> batch_list(std::initializer_list<std::string_view> catalogs, const list_options& options, const call_options& call,
                                    Trace&& sink = {}) const {
    return batch(std::vector<std::string_view>(catalogs), options, call, sink);
  }
  template <trace_sink Trace = no_trace>
  std::vector<list_type> batch_list(std::initializer_list<std::string_view> catalogs, const list_options& options = {}, Trace&& sink = {}) const {
    return batch(std::vector<std::string_view>(catalogs), options, call_options{}, sink);
  }
  template <trace_sink Trace>
  std::vector<list_type> batch_list(std::initializer_list<std::string_view> catalogs, Trace&& sink) const {
    return batch(std::vector<std::string_view>(catalogs), list_options{}, call_options{}, sink);
  }

  /// The newest merged document's text, `{}` if nothing was written; waits for writes in flight as `lake_options::read_pending` says.
  /// Errors: pending_write (retryable); merge_failed names the delta; corrupt_body names the key; unavailable (retryable).
  /// Complexity: one index round trip + one get per delta since the snapshot or the document kept in memory, but for deltas that a later
  /// Replace hides.
  template <trace_sink Trace = no_trace>
  result<std::string> read_string(std::string_view catalog, const call_options& call, Trace&& sink = {}) const {
    return observe_read(catalog, call, sink, [&](const list_type& head) { return head.read_string(sink); });
  }
  template <trace_sink Trace = no_trace>
  result<std::string> read_string(std::string_view catalog, Trace&& sink = {}) const {
    return read_string(catalog, call_options{}, sink);
  }

  /// The same as bytes.
  template <trace_sink Trace = no_trace>
  result<std::vector<std::byte>> read_bytes(std::string_view catalog, const call_options& call, Trace&& sink = {}) const {
    return observe_read(catalog, call, sink, [&](const list_type& head) { return head.read_bytes(sink); });
  }
  template <trace_sink Trace = no_trace>
  result<std::vector<std::byte>> read_bytes(std::string_view catalog, Trace&& sink = {}) const {
    return read_bytes(catalog, call_options{}, sink);
  }

  /// The same parsed. Needs `<nlohmann/json.hpp>`, which lake.hpp brings.
  template <trace_sink Trace = no_trace>
  result<nlohmann::json> read_json(std::string_view catalog, const call_options& call, Trace&& sink = {}) const;
  template <trace_sink Trace = no_trace>
  result<nlohmann::json> read_json(std::string_view catalog, Trace&& sink = {}) const;

  /// The same as a `T`, by nlohmann's conversions. Errors: also invalid_argument where the document does not fit.
  template <class T, trace_sink Trace = no_trace>
  result<T> read(std::string_view catalog, const call_options& call, Trace&& sink = {}) const;
  template <class T, trace_sink Trace = no_trace>
  result<T> read(std::string_view catalog, Trace&& sink = {}) const;

  /// The text of a part: any RFC 6901 pointer, array elements and any key included; "" and "/" are the whole document.
  /// Errors: as read_string; not_found if absent; invalid_path for a malformed pointer.
  template <trace_sink Trace = no_trace>
  result<std::string> read_at(std::string_view catalog, std::string_view pointer, const call_options& call, Trace&& sink = {}) const {
    return observe_read(catalog, call, sink, [&](const list_type& head) { return head.read_at(pointer, sink); });
  }
  template <trace_sink Trace = no_trace>
  result<std::string> read_at(std::string_view catalog, std::string_view pointer, Trace&& sink = {}) const {
    return read_at(catalog, pointer, call_options{}, sink);
  }
  template <class T, trace_sink Trace = no_trace>
  result<T> read_at(std::string_view catalog, std::string_view pointer, const call_options& call, Trace&& sink = {}) const;
  template <class T, trace_sink Trace = no_trace>
  result<T> read_at(std::string_view catalog, std::string_view pointer, Trace&& sink = {}) const;

  // Meta and files ----------------------------------------------------------------------------------------------------

  /// The catalog's meta as a JSON object: keys sorted by bytes, values byte-exact, `{}` if none. Complexity: one index round trip.
  template <trace_sink Trace = no_trace>
  result<std::string> meta(std::string_view catalog, const call_options& call, Trace&& sink = {}) const {
    return with_catalog("meta", catalog, call, sink, [&] { return detail::all_meta(*state_, catalog); });
  }
  template <trace_sink Trace = no_trace>
  result<std::string> meta(std::string_view catalog, Trace&& sink = {}) const {
    return meta(catalog, call_options{}, sink);
  }
  /// The meta of many catalogs, by name. The first failure is the call's. Complexity: one index round trip each.
  template <trace_sink Trace = no_trace>
  result<std::map<std::string, std::string>> batch_meta(std::span<const std::string> catalogs, const call_options& call, Trace&& sink = {}) const {
    std::map<std::string, std::string> all;
    for (const std::string& catalog : catalogs) {
      auto one = meta(catalog, call, sink);
      if (!one) return std::move(one).error();
      all.insert_or_assign(catalog, *std::move(one));
    }
    return all;
  }
  template <trace_sink Trace = no_trace>
  result<std::map<std::string, std::string>> batch_meta(std::span<const std::string> catalogs, Trace&& sink = {}) const {
    return batch_meta(catalogs, call_options{}, sink);
  }

  /// Writes a file: opaque bytes beside the document, body and meta at once.
  /// Errors: invalid_path, invalid_meta, limit_exceeded; outcome_unknown; else "not written". Complexity: two index round trips, one put.
  template <trace_sink Trace = no_trace>
  result<void> write_file(const file_request& request, const call_options& call, Trace&& sink = {}) {
    return state_->observe("write_file", request.path, [&] { return detail::write_one_file(*state_, request, call, sink); });
  }
  template <trace_sink Trace = no_trace>
  result<void> write_file(const file_request& request, Trace&& sink = {}) {
    return write_file(request, call_options{}, sink);
  }
  /// The file's bytes. Errors: not_found; corrupt_body names the key. Complexity: one index round trip, one get.
  template <trace_sink Trace = no_trace>
  result<std::string> read_file(std::string_view catalog, std::string_view path, const call_options& call, Trace&& sink = {}) const {
    return with_file("read_file", catalog, path, call, sink, [&] { return detail::read_one_file(*state_, catalog, path); });
  }
  template <trace_sink Trace = no_trace>
  result<std::string> read_file(std::string_view catalog, std::string_view path, Trace&& sink = {}) const {
    return read_file(catalog, path, call_options{}, sink);
  }
  /// True: was there, and is gone for every later call; false: was not. Its bytes go with a clear, after the grace.
  template <trace_sink Trace = no_trace>
  result<bool> remove_file(std::string_view catalog, std::string_view path, const call_options& call, Trace&& sink = {}) {
    return with_file("remove_file", catalog, path, call, sink, [&] { return state_->index.drop_file(catalog, path); });
  }
  template <trace_sink Trace = no_trace>
  result<bool> remove_file(std::string_view catalog, std::string_view path, Trace&& sink = {}) {
    return remove_file(catalog, path, call_options{}, sink);
  }
  /// Whether the file is there: `if (db.file_exists(c, p) == true)`. Complexity: one index round trip.
  template <trace_sink Trace = no_trace>
  result<bool> file_exists(std::string_view catalog, std::string_view path, const call_options& call, Trace&& sink = {}) const {
    return with_file("file_exists", catalog, path, call, sink,
                     [&] { return state_->index.read_file(catalog, path).transform([](const auto& found) { return found.has_value(); }); });
  }
  template <trace_sink Trace = no_trace>
  result<bool> file_exists(std::string_view catalog, std::string_view path, Trace&& sink = {}) const {
    return file_exists(catalog, path, call_options{}, sink);
  }
  /// `{"/avatar.png": {...}, ...}`: every file's meta, paths sorted by bytes; `{}` without files. Complexity: one index round trip.
  template <trace_sink Trace = no_trace>
  result<std::string> files_and_meta(std::string_view catalog, const call_options& call, Trace&& sink = {}) const {
    return with_catalog("files_and_meta", catalog, call, sink, [&] { return detail::all_files(*state_, catalog); });
  }
  template <trace_sink Trace = no_trace>
  result<std::string> files_and_meta(std::string_view catalog, Trace&& sink = {}) const {
    return files_and_meta(catalog, call_options{}, sink);
  }

  // History -----------------------------------------------------------------------------------------------------------

  /// The newest snapshot, made now if anything is newer than it. Errors: not_found if nothing was ever written; as read_string.
  template <trace_sink Trace = no_trace>
  result<snapshot> take_snapshot(std::string_view catalog, const call_options& call, Trace&& sink = {}) {
    return with_catalog("take_snapshot", catalog, call, sink, [&] {
      return detail::snapshot_now(*state_, catalog, state_->options.read_pending, call, sink).transform([](const snapshot_info& made) {
        return snapshot{made.start, made.stop};
      });
    });
  }
  template <trace_sink Trace = no_trace>
  result<snapshot> take_snapshot(std::string_view catalog, Trace&& sink = {}) {
    return take_snapshot(catalog, call_options{}, sink);
  }

  /// Removes the deltas and snapshots that the newest old-enough snapshot replaces, after reading that snapshot back; makes one first if
  /// there is none (so `take_snapshot` first to keep as little as possible). Calls with the same options at the same time are one. Also reaps expired pending members, superseded files and orphans. A crash anywhere is finished by the next call.
  /// Errors: corrupt_body where the snapshot cannot be read (nothing is removed). Objects that resist are in the result.
  template <trace_sink Trace = no_trace>
  result<clear_result> clear_history(std::string_view catalog, const clear_options& options, const call_options& call, Trace&& sink = {}) {
    return with_catalog("clear_history", catalog, call, sink,
                        [&] { return detail::clear_together(*state_, catalog, options, call, sink); });
  }
  template <trace_sink Trace = no_trace>
  result<clear_result> clear_history(std::string_view catalog, const clear_options& options, Trace&& sink = {}) {
    return clear_history(catalog, options, call_options{}, sink);
  }
  template <std::same_as<call_options> Call, trace_sink Trace = no_trace>  // Deduced, so that `{}` means clear_options.
  result<clear_result> clear_history(std::string_view catalog, const Call& call, Trace&& sink = {}) {
    return clear_history(catalog, state_->options.clear, call, sink);
  }
  template <trace_sink Trace = no_trace>
  result<clear_result> clear_history(std::string_view catalog, Trace&& sink = {}) {
    return clear_history(catalog, state_->options.clear, call_options{}, sink);
  }
  /// The same, keeping `keep_snaps` historical snapshots.
  template <trace_sink Trace = no_trace>
  result<clear_result> clear_history_with_retention(std::string_view catalog, std::size_t keep_snaps, const call_options& call, Trace&& sink = {}) {
    clear_options options = state_->options.clear;
    options.keep_snaps = keep_snaps;
    return clear_history(catalog, options, call, sink);
  }
  template <trace_sink Trace = no_trace>
  result<clear_result> clear_history_with_retention(std::string_view catalog, std::size_t keep_snaps, Trace&& sink = {}) {
    return clear_history_with_retention(catalog, keep_snaps, call_options{}, sink);
  }

  /// Takes one delta out of the log. True: removed now; false: removed before.
  /// Errors: not_found, pending_write; history_trimmed where a published snapshot covers it. Complexity: one index round trip, one removal.
  template <trace_sink Trace = no_trace>
  result<bool> remove_delta(std::string_view catalog, time_seq id, const call_options& call, Trace&& sink = {}) {
    return with_catalog("remove_delta", catalog, call, sink, [&] { return detail::remove_one_delta(*state_, catalog, id); });
  }
  template <trace_sink Trace = no_trace>
  result<bool> remove_delta(std::string_view catalog, time_seq id, Trace&& sink = {}) {
    return remove_delta(catalog, id, call_options{}, sink);
  }
  /// Empties a catalog in one step, files and meta included, then removes its objects; ids are never reused.
  /// True: something was there. Objects that resist go to the hook; repeat the call to try them again.
  template <trace_sink Trace = no_trace>
  result<bool> remove_catalog(std::string_view catalog, const call_options& call, Trace&& sink = {}) {
    return with_catalog("remove_catalog", catalog, call, sink, [&] { return detail::remove_whole_catalog(*state_, catalog); });
  }
  template <trace_sink Trace = no_trace>
  result<bool> remove_catalog(std::string_view catalog, Trace&& sink = {}) {
    return remove_catalog(catalog, call_options{}, sink);
  }

  /// Every delta that is left, oldest first, with path, type, size and meta. Complexity: one index round trip, one get per delta.
  template <trace_sink Trace = no_trace>
  result<std::vector<history_entry>> history(std::string_view catalog, const call_options& call, Trace&& sink = {}) const {
    return with_catalog("history", catalog, call, sink, [&] { return detail::history_of(*state_, catalog); });
  }
  template <trace_sink Trace = no_trace>
  result<std::vector<history_entry>> history(std::string_view catalog, Trace&& sink = {}) const {
    return history(catalog, call_options{}, sink);
  }
  /// The deltas after `since`, in order: pass the last id of one call to the next and miss nothing.
  /// Stops before a write in flight. Errors: history_trimmed. Complexity: two index round trips.
  template <trace_sink Trace = no_trace>
  result<std::vector<delta>> changes(std::string_view catalog, time_seq since, const call_options& call, Trace&& sink = {}) const {
    return with_catalog("changes", catalog, call, sink, [&] { return detail::changes_since(*state_, catalog, since); });
  }
  template <trace_sink Trace = no_trace>
  result<std::vector<delta>> changes(std::string_view catalog, time_seq since, Trace&& sink = {}) const {
    return changes(catalog, since, call_options{}, sink);
  }

  // The lake ----------------------------------------------------------------------------------------------------------

  /// The names of all catalogs in use that begin with `prefix`, sorted by bytes. Complexity: one pass over the index.
  template <trace_sink Trace = no_trace>
    requires enumerating_index<Index>
  result<std::vector<std::string>> catalogs(std::string_view prefix = {}, Trace&& sink = {}) const {
    return catalogs(prefix, call_options{}, sink);
  }
  template <trace_sink Trace>
    requires enumerating_index<Index>
  result<std::vector<std::string>> catalogs(Trace&& sink) const {
    return catalogs(std::string_view(), call_options{}, sink);
  }
  template <trace_sink Trace = no_trace>
    requires enumerating_index<Index>
  result<std::vector<std::string>> catalogs(std::string_view prefix, const call_options& call, Trace&& sink = {}) const {
    return state_->observe("catalogs", prefix, [&]() -> result<std::vector<std::string>> {
      if (auto on = detail::deadline(state_->options, state_->executor, call).check("catalogs", prefix); !on) return std::move(on).error();
      if (auto settled = state_->settle(sink); !settled) return std::move(settled).error();
      if (auto open = state_->open(sink); !open) return std::move(open).error();
      std::vector<std::string> names;
      auto visited = state_->index.for_each_catalog(prefix, [&names](std::string_view name) {
        names.emplace_back(name);
        return true;
      });
      if (!visited) return std::move(visited).error();
      return names;
    });
  }

  /// What this lake did since it was made.
  [[nodiscard]] lake_stats stats() const noexcept {
    const auto& from = state_->counted;
    const auto load = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
    return {load(from.writes),     load(from.failed_writes),    load(from.reads),           load(from.failed_reads),    load(from.bodies_loaded),
            load(from.cache_hits), load(from.documents_reused), load(from.snapshots_saved), load(from.snapshots_failed)};
  }

  /// Returns when no background snapshot is under way.
  void flush() { state_->background.wait(); }

  [[nodiscard]] Index& index() noexcept { return state_->index; }
  [[nodiscard]] const Index& index() const noexcept { return state_->index; }
  [[nodiscard]] Storage& storage() noexcept { return state_->storage; }
  [[nodiscard]] const Storage& storage() const noexcept { return state_->storage; }
  [[nodiscard]] Cache& cache() noexcept { return state_->cache; }
  [[nodiscard]] const Cache& cache() const noexcept { return state_->cache; }
  [[nodiscard]] Codec& codec() noexcept { return state_->codec; }
  [[nodiscard]] const Codec& codec() const noexcept { return state_->codec; }

 private:
  template <trace_sink Trace>
  list_type list_quietly(std::string_view catalog, const list_options& options, const call_options& call, Trace& sink) const {
    return list_type(*state_, detail::list_one(*state_, catalog, options, call, sink));
  }

  template <trace_sink Trace, class Read>
  auto observe_read(std::string_view catalog, const call_options& call, Trace& sink, const Read& read_head) const {
    return state_->observe("read", catalog, [&] {
      return read_head(list_quietly(catalog, list_options{.pending = state_->options.read_pending}, call, sink));
    });
  }

  /// Events told, call in time, name checked, lake open: then `run`.
  template <trace_sink Trace, class Run>
  auto with_catalog(std::string_view operation, std::string_view catalog, const call_options& call, Trace& sink, const Run& run) const {
    return state_->observe(operation, catalog, [&]() -> decltype(run()) {
      if (auto settled = state_->settle(sink); !settled) return std::move(settled).error();
      if (auto named = detail::check_name(state_->layout, catalog, state_->options.limits); !named) return std::move(named).error();
      if (auto on = detail::deadline(state_->options, state_->executor, call).check(operation, catalog); !on) return std::move(on).error();
      if (auto open = state_->open(sink); !open) return std::move(open).error();
      return run();
    });
  }
  template <trace_sink Trace, class Run>
  auto with_file(std::string_view operation, std::string_view catalog, std::string_view path, const call_options& call, Trace& sink,
                 const Run& run) const {
    return with_catalog(operation, catalog, call, sink, [&]() -> decltype(run()) {
      if (auto valid = detail::check_file_request(*state_, catalog, path); !valid) return std::move(valid).error();
      return run();
    });
  }
  template <trace_sink Trace>
  std::vector<list_type> batch(const std::vector<std::string_view>& catalogs, const list_options& options, const call_options& call,
                               Trace& sink) const {
    return state_->observe_each(
        "batch_list", [&](std::size_t i) { return catalogs[i]; },
        [&] {
          std::vector<list_type> lists;
          lists.reserve(catalogs.size());
          for (auto& each : detail::list_many(*state_, catalogs, options, call, sink)) lists.push_back(list_type(*state_, std::move(each)));
          return lists;
        });
  }

  std::unique_ptr<state_type> state_;
};

/// `db.read<T>(catalog)` as a free function: spares dependent code the `template` keyword.
template <class T, class Index, class Storage, class Cache, class Codec>
result<T> read(const basic_lake<Index, Storage, Cache, Codec>& db, std::string_view catalog) {
  return db.template read<T>(catalog);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_BASIC_LAKE_HPP
