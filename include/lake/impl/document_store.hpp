// Merged documents kept for the next read: bounded, least recently used first out. Knows ids and views of a log, nothing of policies.
#ifndef LAKE_IMPL_DOCUMENT_STORE_HPP
#define LAKE_IMPL_DOCUMENT_STORE_HPP

#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/log_entry.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/detail/lru_map.hpp>
#include <lake/protocol/types.hpp>
#include <lake/pure/xxh64.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// A merged document, and enough of the log that it was merged from to know that log again. Immutable but for a memo; thread-safe.
class kept_document {
 public:
  /// What `view` merged to. `delta_bytes`: decoded bytes of its live deltas.
  kept_document(body_ptr document, const view_answer& view, std::uint64_t delta_bytes)
      : document_(std::move(document)),
        stop_(view.stop),
        gen_(view.gen),
        start_(start_of(view)),
        clock_(view.clock),
        deltas_(view.deltas.size()),
        delta_bytes_(delta_bytes) {
    if (!view.deltas.empty()) {
      merge_ = view.deltas.back().merge;
      path_ = view.deltas.back().path;
    } else if (view.base) {
      digest_.store(view.base->digest, std::memory_order_relaxed);
      digested_.store(true, std::memory_order_relaxed);
    }
  }

  [[nodiscard]] const body_ptr& document() const noexcept { return document_; }

  /// How many of the view's deltas are merged in this document, if it is the merge of a beginning of what the view names.
  ///
  /// While its removal generation stays, a log changes at its end only, and merging is associative to the byte: so the view must have the
  /// last delta that was merged. An index that fell back to an older state (a fail-over, a restored file) issues ids again, hence more than
  /// the id is compared: objects are create-only and their keys hold id and merge type, so another delta of this id has another type; and
  /// the count tells of deltas that came or went in the middle. Where the document ends with the view's snapshot, its text is compared with
  /// what the index recorded of that.
  [[nodiscard]] std::optional<std::size_t> merged_of(const view_answer& view) const {
    const time_seq begin = start_of(view);
    if (gen_ != view.gen || stop_ < begin || stop_ > view.stop) return std::nullopt;
    if (stop_ == begin) {
      const bool same = view.base && view.base->length == document_->size() && view.base->digest == digest();
      return same ? std::optional<std::size_t>(0) : std::nullopt;
    }
    const auto found =
        std::lower_bound(view.deltas.begin(), view.deltas.end(), stop_, [](const delta& each, time_seq id) { return each.id < id; });
    if (found == view.deltas.end() || found->id != stop_ || found->merge != merge_ || found->path != path_) return std::nullopt;
    const auto merged = static_cast<std::size_t>(found - view.deltas.begin()) + 1;
    if (start_ == begin && deltas_ != merged) return std::nullopt;
    return merged;
  }

  /// Decoded bytes of the live deltas that this document merged and that lie above the view's snapshot; too many rather than too few, where
  /// that snapshot came in between. Requires: `merged_of(view)`.
  [[nodiscard]] std::uint64_t delta_bytes(const view_answer& view) const noexcept { return stop_ == start_of(view) ? 0 : delta_bytes_; }

  /// True if this one should stay the head of its catalog beside `other`: it is of a later state. But a view of the present that was taken
  /// later is, even if its ids are lower: then the index fell back. `past`: `other` is of a view of the past.
  [[nodiscard]] bool outlives(const kept_document& other, bool past) const noexcept {
    if (std::tie(gen_, stop_) <= std::tie(other.gen_, other.stop_)) return false;
    return past || other.clock_ <= clock_;
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return document_->size() + path_.size() + sizeof(kept_document); }

 private:
  static time_seq start_of(const view_answer& view) noexcept { return view.base ? view.base->stop : time_seq{}; }

  [[nodiscard]] std::uint64_t digest() const noexcept {
    if (!digested_.load(std::memory_order_acquire)) {
      digest_.store(pure::xxh64(*document_), std::memory_order_relaxed);
      digested_.store(true, std::memory_order_release);
    }
    return digest_.load(std::memory_order_relaxed);
  }

  body_ptr document_;
  time_seq stop_, gen_;
  time_seq start_;                          // Stop of the snapshot below the deltas that were merged.
  std::int64_t clock_;                      // The index's, when the view was taken.
  std::size_t deltas_;                      // Those in (start, stop].
  std::uint64_t delta_bytes_;               // Of these, the live ones'.
  merge_type merge_ = merge_type::replace;  // The delta `stop`: its type and path; an empty path where no delta was merged.
  std::string path_ = {};
  mutable std::atomic<std::uint64_t> digest_{0};  // Of the document, once it was asked for.
  mutable std::atomic<bool> digested_{false};
};

/// What of a view need not be merged again. A plain value.
struct head_start {
  std::shared_ptr<const kept_document> from = {};  ///< Null: nothing.
  std::size_t deltas = 0;                          ///< How many of the view's deltas it has merged.
};

/// Merged documents by catalog: of each the newest, its head, from which a read goes on with newer deltas; older ones by their last id, for
/// lists that are read again. Thread-safe. A budget of 0 keeps nothing.
class document_store {
 public:
  explicit document_store(std::size_t budget_bytes) : documents_(budget_bytes), on_(budget_bytes > 0) {}

  /// The kept document to begin a read of the view with.
  [[nodiscard]] head_start find(std::string_view catalog, const view_answer& view) {
    if (!on_) return {};
    head_start head = lookup(catalog, view);
    return head.from ? head : lookup(past_name(catalog, view), view);
  }

  /// Keeps what a view merged to, completely. `past`: the view was one of the past.
  void store(std::string_view catalog, const view_answer& view, const body_ptr& document, std::uint64_t delta_bytes, bool past) {
    if (!on_) return;
    kept made = std::make_shared<const kept_document>(document, view, delta_bytes);
    const std::size_t bytes = made->bytes();
    lru_map<kept>::dropped gone;  // Destroyed after the lock is released.
    const std::lock_guard lock(mutex_);
    const kept* const head = documents_.find(catalog);
    const bool aside = head != nullptr && (*head)->outlives(*made, past);
    gone = documents_.insert(aside ? std::string_view(past_name(catalog, view)) : catalog, std::move(made), bytes);
  }

 private:
  using kept = std::shared_ptr<const kept_document>;

  /// No name of a catalog: those are UTF-8.
  static std::string past_name(std::string_view catalog, const view_answer& view) {
    std::string name = "\xff";
    name.reserve(catalog.size() + 48);
    view.stop.append_to(name);
    name += '~';
    view.gen.append_to(name);
    name += '~';
    name += catalog;
    return name;
  }

  [[nodiscard]] head_start lookup(std::string_view name, const view_answer& view) {
    kept found;
    {
      const std::lock_guard lock(mutex_);
      if (const kept* const entry = documents_.find(name)) found = *entry;
    }
    if (!found) return {};
    const std::optional<std::size_t> merged = found->merged_of(view);
    return merged ? head_start{std::move(found), *merged} : head_start{};
  }

  std::mutex mutex_;
  lru_map<kept> documents_;
  bool on_;
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_DOCUMENT_STORE_HPP
