// What callers pass to a lake: writes, files, and how to list. Plain aggregates for designated initialisers.
#ifndef LAKE_CORE_REQUEST_HPP
#define LAKE_CORE_REQUEST_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/text.hpp>
#include <lake/core/time_seq.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <variant>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One write. Name the members in this order: catalog, path, body, merge, meta, expected.
struct write_request {
  text catalog;                                ///< Any non-empty valid UTF-8 name within the limit.
  text path = "/";                             ///< Field path; "/" is the root. `"/user/profile"_path` is checked at compile time.
  text body;                                   ///< JSON text.
  merge_type merge = merge_type::replace;
  text meta = "";                              ///< Empty, or a JSON object, merged into the catalog's meta at top level.
  std::optional<time_seq> expected = {};       ///< Compare-and-set on the catalog's version; `time_seq{}` = must not exist.
};

/// One file write.
struct file_request {
  text catalog;
  text path;                                   ///< File path: "/avatars/1.png".
  text body;                                   ///< Opaque bytes.
  text meta = "";                              ///< Empty, or a JSON object; replaces the file's meta.
};

/// What a list does about writes in flight.
namespace pending {
/// The list carries errc::pending_write. The default of `list`.
struct fail {};
/// Waits, polling with jitter, and fails after the timeout. The default of `db.read_*`.
struct wait {
  std::chrono::milliseconds timeout{2'000};
};
/// Everything before the oldest write in flight: consistent, but may hide an acknowledged later write.
struct committed_prefix {};
}  // namespace pending
using pending_mode = std::variant<pending::fail, pending::wait, pending::committed_prefix>;

/// What a read does about a delta that cannot be applied.
enum class unappliable_mode : std::uint8_t { fail, skip };
namespace unappliable {
/// The read fails with errc::merge_failed that names the delta.
inline constexpr unappliable_mode fail = unappliable_mode::fail;
/// The delta is void; each is reported as `event_kind::delta_skipped` and by `list.skipped()`. Such a read saves no snapshot.
inline constexpr unappliable_mode skip = unappliable_mode::skip;
}  // namespace unappliable

struct list_options {
  pending_mode pending = pending::fail{};
  unappliable_mode unappliable = unappliable::fail;
  std::optional<time_seq> as_of = {};          ///< The document as it was at this id; offer ids that a write or read returned.
};

/// What bounds one call.
struct call_options {
  std::optional<std::chrono::milliseconds> deadline = {};  ///< Instead of `lake_options::deadline`.
  std::stop_token stop = {};                               ///< errc::cancelled at the next step once set; never after the commit was sent.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_REQUEST_HPP
