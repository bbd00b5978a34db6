// What a lake tells its hook: operations and background failures. Knows errors, nothing else.
#ifndef LAKE_CORE_EVENT_HPP
#define LAKE_CORE_EVENT_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

enum class event_kind : std::uint8_t {
  started,             ///< An operation began.
  finished,            ///< It succeeded; `elapsed` is set.
  failed,              ///< It failed; `reason` and `elapsed` are set.
  background_failed,   ///< A background snapshot could not be saved; reads go on without it.
  snapshot_damaged,    ///< A snapshot could not be read; the read fell back to what it covers.
  delta_skipped,       ///< A delta that cannot be applied was passed over, as `unappliable::skip` asks.
  cleanup_failed,      ///< An object nobody refers to could not be removed; `clear_history` will try again.
};

/// One event. Views are valid during the hook's call only. Never holds a secret.
struct event {
  event_kind kind = event_kind::started;
  std::string_view operation;
  std::string_view subject;
  const lake::error* reason = nullptr;
  std::chrono::nanoseconds elapsed{0};
};

/// Called on the thread of the operation, or on a worker for background failures; several at once. What it throws is swallowed.
using event_hook = std::function<void(const event&)>;

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_EVENT_HPP
