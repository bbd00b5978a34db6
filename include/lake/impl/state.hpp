// What a lake is made of, behind the facade: options, policies, identity, counters. Knows the concepts and no concrete policy.
#ifndef LAKE_IMPL_STATE_HPP
#define LAKE_IMPL_STATE_HPP

#include <lake/config.hpp>
#include <lake/concepts.hpp>
#include <lake/core/deadline.hpp>
#include <lake/core/event.hpp>
#include <lake/core/executor.hpp>
#include <lake/core/marker.hpp>
#include <lake/core/options.hpp>
#include <lake/core/result.hpp>
#include <lake/core/trace.hpp>
#include <lake/detail/contain.hpp>
#include <lake/detail/single_flight.hpp>
#include <lake/impl/background.hpp>
#include <lake/impl/document_store.hpp>
#include <lake/protocol/history.hpp>
#include <lake/pure/hex.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// Counters of a lake. Relaxed: they are for people, not for decisions.
struct counters {
  std::atomic<std::uint64_t> writes{0}, failed_writes{0}, reads{0}, failed_reads{0}, bodies_loaded{0}, cache_hits{0}, documents_reused{0},
      snapshots_saved{0}, snapshots_failed{0};
};

inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) noexcept { counter.fetch_add(by, std::memory_order_relaxed); }

/// The layout of an index: a value, because an index that is chosen at run time chooses its layout with it.
template <class Index>
typename Index::layout_type layout_of(const Index& index) {
  if constexpr (requires { index.layout(); }) return index.layout();
  else return {};
}

/// An index that stands for a lake of which nothing is known yet but where to ask: `assemble` connects, and returns the policies.
template <class Index, class Storage, class Cache, class Codec>
concept assembling_index = requires(const Index& index) {
  { index.assemble().value().name } -> std::convertible_to<std::string>;
  { index.assemble().value().index } -> std::convertible_to<Index>;
  { index.assemble().value().storage } -> std::convertible_to<Storage>;
  { index.assemble().value().cache } -> std::convertible_to<Cache>;
  { index.assemble().value().codec } -> std::convertible_to<Codec>;
};

/// The state of a lake. Thread-safe. Lives on the heap and never moves, so lists and background work may point to it.
template <class Index, class Storage, class Cache, class Codec>
struct lake_state {
  using index_type = Index;
  using storage_type = Storage;
  using cache_type = Cache;
  using codec_type = Codec;
  using layout_type = typename Index::layout_type;

  lake_state(lake_options given, Index&& its_index, Storage&& its_storage, Cache&& its_cache, Codec&& its_codec)
      : options(std::move(given)),
        executor(options.executor ? options.executor : executor_ref::threads(options.workers)),
        index(std::move(its_index)),
        storage(std::move(its_storage)),
        cache(std::move(its_cache)),
        codec(std::move(its_codec)),
        layout(layout_of(index)),
        timing{.pending_timeout = options.pending_timeout},
        prefix(layout.prefix(storage.kind, options.name)),
        documents(options.document_cache_bytes),
        flights(executor),
        clears(executor),
        background(executor, options.snapshot_queue),
        assemblies_(executor) {
    index.attach(prefix);
  }

  /// Makes sure that the policies are known. Before anything else: which names are good is the layout's affair. Nothing to do but for a
  /// lake that was opened by a URL; there, after the first success, one atomic load. Errors: those of connecting, and of the settings.
  template <trace_sink Trace>
  result<void> settle([[maybe_unused]] Trace& sink) {
    if constexpr (assembling_index<Index, Storage, Cache, Codec>) {
      if (assembled_.load(std::memory_order_acquire)) return {};
      const stage init(sink, "Init");
      return assemblies_.take({}, [this] { return assemble(); }).transform([](bool) {});
    } else {
      return {};
    }
  }

  /// Makes sure that index and storage belong together and to this lake; after the first success one atomic load.
  /// Requires: settled.
  /// Errors: configuration names what differs; corrupt_index where the storage is a lake's and the index has lost it.
  template <trace_sink Trace>
  result<void> open(Trace& sink) {
    if (opened_.load(std::memory_order_acquire)) return {};
    const stage init(sink, "Init");
    return open_slowly();
  }

  void tell(event_kind what, std::string_view operation, std::string_view subject, const lake::error* reason = nullptr,
            std::chrono::nanoseconds elapsed = {}) const noexcept {
    if (options.on_event) [[unlikely]]
      contained([&] { options.on_event(event{what, operation, subject, reason, elapsed}); });
  }

  /// Runs one operation between its events; `run` returns a result, or a list that carries its error.
  template <class Run>
  auto observe(std::string_view operation, std::string_view subject, const Run& run) const {
    if (!options.on_event) [[likely]]
      return run();
    const auto begin = options.clock.steady();
    tell(event_kind::started, operation, subject);
    auto outcome = run();
    tell_end(operation, subject, failure_of(outcome), options.clock.steady() - begin);
    return outcome;
  }

  /// Runs one operation that answers for several subjects: one start, an end for each.
  template <class SubjectOf, class Run>
  auto observe_each(std::string_view operation, const SubjectOf& subject_of, const Run& run) const {
    if (!options.on_event) [[likely]]
      return run();
    const auto begin = options.clock.steady();
    tell(event_kind::started, operation, {});
    auto outcomes = run();
    const auto elapsed = options.clock.steady() - begin;
    for (std::size_t i = 0; i < outcomes.size(); ++i) tell_end(operation, subject_of(i), failure_of(outcomes[i]), elapsed);
    return outcomes;
  }

  /// The keys of the lake's objects, and of what a cache holds of them.
  [[nodiscard]] std::string delta_key(std::string_view catalog, time_seq id, merge_type merge) const {
    return layout.delta_key(storage.kind, catalog, id, merge);
  }
  [[nodiscard]] std::string snapshot_key(std::string_view catalog, time_seq start, time_seq stop, time_seq gen) const {
    return layout.snapshot_key(storage.kind, catalog, start, stop, gen);
  }
  [[nodiscard]] std::string file_key(std::string_view catalog, std::string_view path, time_seq id) const {
    return layout.file_key(storage.kind, catalog, path, id);
  }
  [[nodiscard]] std::string cache_key(std::string_view object_key) const { return layout.cache_key(prefix, lake_id, object_key); }

  lake_options options;
  executor_ref executor;
  Index index;
  Storage storage;
  [[no_unique_address]] Cache cache;
  [[no_unique_address]] Codec codec;
  [[no_unique_address]] layout_type layout;
  index_timing timing;
  std::string prefix;
  std::string lake_id;  // Set once, before `opened_`; empty where the layout has no markers.
  counters counted;
  document_store documents;
  single_flight<body_ptr, executor_ref> flights;      // Loads, by cache key.
  single_flight<clear_result, executor_ref> clears;   // By catalog and options.
  background_tasks background;  // Last: destroyed, and so waited for, first.

 private:
  template <class Outcome>
  static const lake::error* failure_of(const Outcome& outcome) {
    if constexpr (is_result<Outcome>) return outcome ? nullptr : &outcome.error();
    else return outcome.error() ? &*outcome.error() : nullptr;
  }
  void tell_end(std::string_view operation, std::string_view subject, const lake::error* reason, std::chrono::nanoseconds elapsed) const noexcept {
    tell(reason == nullptr ? event_kind::finished : event_kind::failed, operation, subject, reason, elapsed);
  }

  /// Takes the policies over from the index that knows where to ask for them. Nobody else looks at them before `assembled_`.
  result<bool> assemble() {
    if (assembled_.load(std::memory_order_acquire)) return true;
    auto parts = index.assemble();
    if (!parts) return std::move(parts).error();
    options.name = std::move(parts->name);
    index = std::move(parts->index);
    storage = std::move(parts->storage);
    cache = std::move(parts->cache);
    codec = std::move(parts->codec);
    layout = layout_of(index);
    prefix = layout.prefix(storage.kind, options.name);
    index.attach(prefix);
    assembled_.store(true, std::memory_order_release);
    return true;
  }

  result<void> open_slowly() {
    if (auto fits = check_options(); !fits) return fits;
    std::string agreed;
    if constexpr (requires(const layout_type& names) { names.marker_key(); }) {
      if (layout.has_markers) {
        auto identity = agree_on_marker();
        if (!identity) return std::move(identity).error();
        agreed = std::move(identity->lake_id);
      }
    }
    const std::lock_guard lock(opening_);
    if (opened_.load(std::memory_order_relaxed)) return {};
    lake_id = std::move(agreed);
    opened_.store(true, std::memory_order_release);
    return {};
  }

  [[nodiscard]] result<void> check_options() const {
    const auto refuse = [&](std::string message) { return lake::error{errc::configuration, "open", options.name, std::move(message)}; };
    if (options.name.empty()) return refuse("lake_options::name is empty");
    if (options.pending_timeout.count() <= 0) return refuse("lake_options::pending_timeout must be positive");
    // Without a marker there is no place to keep another: every client goes by the one that the first of them were built with.
    if (!layout.has_markers && options.pending_timeout != index_timing{}.pending_timeout) {
      return refuse("lake_options::pending_timeout is " + std::to_string(options.pending_timeout.count()) + " ms; under the layout " +
                    std::string(layout.name) + " it is fixed at " + std::to_string(index_timing{}.pending_timeout.count()) + " ms");
    }
    if (options.write_attempts == 0) return refuse("lake_options::write_attempts must be at least 1");
    if (options.clear.grace.count() != 0 && options.deadline >= options.clear.grace) {
      return refuse("lake_options::deadline (" + std::to_string(options.deadline.count()) + " ms) must be shorter than clear.grace (" +
                    std::to_string(options.clear.grace.count()) + " ms), so that no reader is older than what a clear removes");
    }
    return {};
  }

  /// Reads both markers, or makes them. The storage's is read first and written last: whoever sees it can rely on the index's.
  result<lake_marker> agree_on_marker() {
    auto stored = stored_marker();
    if (!stored) return std::move(stored).error();
    auto indexed = index.marker();
    if (!indexed) return std::move(indexed).error();
    if (!*indexed && *stored) {
      return lake::error{errc::corrupt_index, "open", options.name,
                         "the storage holds lake " + (*stored)->lake_id + ", the index holds none: it was lost; rebuild or restore it"};
    }
    const std::string fresh = *indexed ? std::string() : encode_marker(new_marker());
    auto kept = *indexed ? result<std::string>(std::move(**indexed)) : index.set_marker(fresh);
    if (!kept) return std::move(kept).error();
    auto identity = decode_marker(*kept, "the index's marker");
    if (!identity) return identity;
    if (auto fits = check_identity(*identity, "index"); !fits) return std::move(fits).error();
    if (!*stored) {
      auto created = storage.create(layout.marker_key(), encode_marker(*identity));
      if (!created && created.error().code != errc::already_exists) return std::move(created).error();
      if (!created) {
        stored = stored_marker();
        if (!stored) return std::move(stored).error();
      }
    }
    if (*stored && (*stored)->lake_id != identity->lake_id) {
      return lake::error{errc::configuration, "open", options.name,
                         "the index belongs to lake " + identity->lake_id + " (\"" + identity->name + "\"), the storage to lake " +
                             (*stored)->lake_id + " (\"" + (*stored)->name + "\")"};
    }
    return identity;
  }

  result<std::optional<lake_marker>> stored_marker() {
    auto found = storage.get(layout.marker_key());
    if (!found) {
      if (found.error().code == errc::not_found) return std::optional<lake_marker>{};
      return std::move(found).error();
    }
    auto marker = decode_marker(**found, layout.marker_key());
    if (!marker) return std::move(marker).error();
    if (auto fits = check_identity(*marker, "storage"); !fits) return std::move(fits).error();
    return std::optional<lake_marker>(*std::move(marker));
  }

  [[nodiscard]] lake_marker new_marker() const {
    lake_marker marker;
    const auto bits = options.random.bits128();
    marker.lake_id = pure::hex(bits);
    marker.name = options.name;
    marker.layout = layout.name;
    marker.created = options.clock.now_ms() / 1000;
    marker.pending_timeout_ms = options.pending_timeout.count();
    return marker;
  }

  [[nodiscard]] result<void> check_identity(const lake_marker& marker, std::string_view where) const {
    const auto refuse = [&](std::string message) {
      return lake::error{errc::configuration, "open", options.name, "the " + std::string(where) + " belongs to " + std::move(message)};
    };
    if (marker.name != options.name) return refuse("the lake \"" + marker.name + "\", not to \"" + options.name + "\"");
    if (marker.layout != layout.name) return refuse("a lake with layout " + marker.layout + ", not " + std::string(layout.name));
    if (marker.pending_timeout_ms != options.pending_timeout.count()) {
      return refuse("a lake with a pending timeout of " + std::to_string(marker.pending_timeout_ms) + " ms, the options say " +
                    std::to_string(options.pending_timeout.count()) + " ms");
    }
    return {};
  }

  single_flight<bool, executor_ref> assemblies_;
  std::atomic<bool> assembled_{false};
  std::mutex opening_;
  std::atomic<bool> opened_{false};
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_STATE_HPP
