// What `list` returns: the log of one catalog at one moment, or why there is none, and the reads that start from it.
#ifndef LAKE_LIST_RESULT_HPP
#define LAKE_LIST_RESULT_HPP

#include <lake/config.hpp>
#include <lake/core/log_entry.hpp>
#include <lake/core/trace.hpp>
#include <lake/impl/read.hpp>

#include <nlohmann/json_fwd.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One catalog's list; carries its error. Thread-compatible; reads are const and may run in several threads.
/// Lifetime: may be used as long as its lake's state lives; moving the lake is harmless.
template <class Lake>
class list_result {
 public:
  /// The name of the catalog.
  [[nodiscard]] const std::string& catalog() const& noexcept { return data_.catalog; }
  [[nodiscard]] std::string catalog() && { return std::move(data_.catalog); }
  /// Whether a live write in flight was seen. In the default mode `error()` then says errc::pending_write.
  [[nodiscard]] bool has_pending() const noexcept { return data_.answer.pending.has_value(); }
  [[nodiscard]] const std::optional<lake::error>& error() const& noexcept { return data_.failed; }
  [[nodiscard]] std::optional<lake::error> error() && { return std::move(data_.failed); }

  /// At least one delta or snapshot. Files and meta do not count.
  [[nodiscard]] bool exists() const noexcept { return data_.answer.base.has_value() || !data_.answer.deltas.empty(); }

  /// The score of `version()`.
  [[nodiscard]] double last_updated() const noexcept { return version().score(); }

  /// The id of the newest write, or of a later removal; `0_0` if nothing was written. Of a list of the past: its last delta.
  [[nodiscard]] time_seq version() const noexcept {
    const bool whole = !data_.options.as_of && !data_.answer.pending;
    return whole ? data_.answer.version : data_.answer.stop;
  }

  [[nodiscard]] const std::optional<snapshot>& latest_snapshot() const& noexcept { return latest_; }
  [[nodiscard]] std::optional<snapshot> latest_snapshot() && { return latest_; }
  /// The deltas after the snapshot, in order.
  [[nodiscard]] std::span<const delta> deltas() const& noexcept { return data_.answer.deltas; }
  [[nodiscard]] std::vector<delta> deltas() && { return std::move(data_.answer.deltas); }

  /// The list as text for people: catalog, version, snapshot, one line a delta.
  [[nodiscard]] std::string dump() const {
    std::string out = "catalog " + data_.catalog + " version " + version().to_string() + '\n';
    if (latest_) out += "  snap|" + latest_->start.to_string() + '|' + latest_->stop.to_string() + '\n';
    for (const delta& each : data_.answer.deltas) {
      out += "  delta|" + std::to_string(static_cast<unsigned>(each.merge)) + '|' + each.path + '|' + each.id.to_string() + '\n';
    }
    if (data_.failed) out += "  error " + data_.failed->to_string() + '\n';
    return out;
  }

  /// The merged document's text; `{}` if nothing was written.
  /// Errors: the list's own; merge_failed names the delta; corrupt_body and not_found name the key; unavailable (retryable).
  /// Complexity: one storage get per delta since the snapshot, none where the merged document is still kept in memory.
  template <trace_sink Trace = no_trace>
  result<std::string> read_string(Trace&& sink = {}) const {
    auto document = detail::read_document(*state_, data_, sink);
    if (!document) return std::move(document).error();
    return std::string(**document);
  }

  /// The same as bytes.
  template <trace_sink Trace = no_trace>
  result<std::vector<std::byte>> read_bytes(Trace&& sink = {}) const {
    auto document = detail::read_document(*state_, data_, sink);
    if (!document) return std::move(document).error();
    const auto* first = reinterpret_cast<const std::byte*>((*document)->data());
    return std::vector<std::byte>(first, first + (*document)->size());
  }

  /// The sub-document's text at an RFC 6901 pointer; "" and "/" are the whole document.
  /// Errors: as read_string; not_found if absent; invalid_path for a malformed pointer.
  template <trace_sink Trace = no_trace>
  result<std::string> read_at(std::string_view pointer, Trace&& sink = {}) const {
    auto document = detail::read_document(*state_, data_, sink);
    if (!document) return std::move(document).error();
    return merge::find(**document, pointer).transform([](std::string_view found) { return std::string(found); });
  }

  /// The document parsed. Needs `<nlohmann/json.hpp>`, which lake.hpp brings.
  template <trace_sink Trace = no_trace>
  result<nlohmann::json> read_json(Trace&& sink = {}) const;

  /// The document as a `T`, by nlohmann's conversions. `nlohmann::ordered_json` keeps the order of keys.
  template <class T, trace_sink Trace = no_trace>
  result<T> read(Trace&& sink = {}) const;

  /// The sub-document at the pointer as a `T`.
  template <class T, trace_sink Trace = no_trace>
  result<T> read_at(std::string_view pointer, Trace&& sink = {}) const;

  /// The deltas that `unappliable::skip` passes over, each as the error that it would have been. Merges the document.
  [[nodiscard]] result<std::vector<lake::error>> skipped() const {
    detail::list_data skipping = data_;
    skipping.options.unappliable = unappliable_mode::skip;
    no_trace off;
    auto outcome = detail::read_list(*state_, skipping, off);
    if (!outcome) return std::move(outcome).error();
    return std::move(outcome->skipped);
  }

 private:
  friend Lake;
  using state_type = typename Lake::state_type;
  list_result(state_type& state, detail::list_data data) : state_(&state), data_(std::move(data)) {
    if (data_.answer.base) latest_ = snapshot{data_.answer.base->start, data_.answer.base->stop};
  }

  state_type* state_;
  detail::list_data data_;
  std::optional<snapshot> latest_;
};

/// `list.read_string()` as a free function.
template <class Lake>
result<std::string> read_string(const list_result<Lake>& list) {
  return list.read_string();
}
/// `list.read_bytes()` as a free function.
template <class Lake>
result<std::vector<std::byte>> read_bytes(const list_result<Lake>& list) {
  return list.read_bytes();
}
/// `list.read<T>()` as a free function: spares dependent code the `template` keyword.
template <class T, class Lake>
result<T> read(const list_result<Lake>& list) {
  return list.template read<T>();
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_LIST_RESULT_HPP
