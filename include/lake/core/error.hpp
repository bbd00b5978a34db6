// What went wrong: a kind to branch on and a story to read. Knows ids, nothing else.
#ifndef LAKE_CORE_ERROR_HPP
#define LAKE_CORE_ERROR_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/time_seq.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// The kind of an error, with what to do about it. Branch on this, never on the message.
enum class errc {
  invalid_catalog,    ///< The catalog's name breaks a rule: mend the name.
  invalid_path,       ///< The field or file path breaks the grammar: mend the path.
  invalid_body,       ///< The body is not strict JSON, or no well-formed patch: mend the body.
  invalid_meta,       ///< The meta is not a JSON object: mend the meta.
  invalid_time_seq,   ///< Not an id: mend the text.
  invalid_argument,   ///< Some other argument breaks a rule: mend the call.
  limit_exceeded,     ///< A limit of the options was passed: ask for less, or raise the limit.
  pending_write,      ///< A write is in flight: wait and repeat.
  merge_failed,       ///< A delta cannot be applied: skip it, or remove_delta.
  not_found,          ///< What was asked for is not there.
  already_exists,     ///< A create-only object is there already.
  version_conflict,   ///< `expected` did not hold: read again, decide, write again.
  outcome_unknown,    ///< The write may or may not have happened: ask `committed` later.
  history_trimmed,    ///< That part of the past has been cleared.
  corrupt_index,      ///< The index contradicts itself: restore or rebuild it.
  corrupt_body,       ///< An object is damaged, truncated or exchanged.
  index_regressed,    ///< The index is older than what was seen before (fail-over).
  sequence_overflow,  ///< More ids a second than the format holds: slow down, repeat.
  io,                 ///< The operating system refused: see the message.
  timeout,            ///< The deadline passed.
  cancelled,          ///< The caller's stop token was set.
  unavailable,        ///< A backend is unreachable or busy: repeat later.
  access_denied,      ///< Credentials or permissions do not suffice.
  configuration,      ///< The pieces do not fit together: mend the set-up.
  unsupported,        ///< This composition cannot do that.
  no_snapshots,       ///< (datasets) Nothing has been written yet.
  manifest_invalid,   ///< (datasets) A manifest breaks its format.
  range_missing,      ///< (volumes) A range was never written.
  overlapping_blocks, ///< (volumes) Two blocks of one commit overlap.
  snapshot_conflict,  ///< (datasets, volumes) Another commit came first: read, repeat.
  schema_violation,   ///< (datasets) A record breaks its schema.
  format_mismatch,    ///< (datasets) Stored in another format than asked for.
  checksum_mismatch,  ///< (datasets, volumes) Bytes are not what was written.
};

/// The kind's name as written in the enumeration: "pending_write".
[[nodiscard]] constexpr std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::invalid_catalog: return "invalid_catalog";
    case errc::invalid_path: return "invalid_path";
    case errc::invalid_body: return "invalid_body";
    case errc::invalid_meta: return "invalid_meta";
    case errc::invalid_time_seq: return "invalid_time_seq";
    case errc::invalid_argument: return "invalid_argument";
    case errc::limit_exceeded: return "limit_exceeded";
    case errc::pending_write: return "pending_write";
    case errc::merge_failed: return "merge_failed";
    case errc::not_found: return "not_found";
    case errc::already_exists: return "already_exists";
    case errc::version_conflict: return "version_conflict";
    case errc::outcome_unknown: return "outcome_unknown";
    case errc::history_trimmed: return "history_trimmed";
    case errc::corrupt_index: return "corrupt_index";
    case errc::corrupt_body: return "corrupt_body";
    case errc::index_regressed: return "index_regressed";
    case errc::sequence_overflow: return "sequence_overflow";
    case errc::io: return "io";
    case errc::timeout: return "timeout";
    case errc::cancelled: return "cancelled";
    case errc::unavailable: return "unavailable";
    case errc::access_denied: return "access_denied";
    case errc::configuration: return "configuration";
    case errc::unsupported: return "unsupported";
    case errc::no_snapshots: return "no_snapshots";
    case errc::manifest_invalid: return "manifest_invalid";
    case errc::range_missing: return "range_missing";
    case errc::overlapping_blocks: return "overlapping_blocks";
    case errc::snapshot_conflict: return "snapshot_conflict";
    case errc::schema_violation: return "schema_violation";
    case errc::format_mismatch: return "format_mismatch";
    case errc::checksum_mismatch: return "checksum_mismatch";
  }
  return "unnamed_error";
}

/// An error: kind, operation, subject, message, and what caused it. A plain value; never holds a secret.
struct error {
  errc code;
  std::string operation;  ///< The call or step that failed: "write", "storage.get". May be empty until a caller names it.
  std::string subject;    ///< What it was about: a catalog, an object key, a file. May be empty.
  std::string message;    ///< Names the offending value and the rule it breaks.
  std::optional<time_seq> id = {};   ///< The delta or write concerned, where there is one.
  std::vector<error> causes = {};    ///< What lies behind this error, nearest first.

  /// True where the same call may succeed later without a change by the caller.
  [[nodiscard]] bool retryable() const noexcept {
    switch (code) {
      case errc::pending_write:
      case errc::sequence_overflow:
      case errc::timeout:
      case errc::unavailable:
      case errc::snapshot_conflict: return true;
      default: return false;
    }
  }

  /// The whole story on one line: `write "users": pending_write: … [1700000000_1]; caused by: …`.
  [[nodiscard]] std::string to_string() const {
    std::string out = operation;
    if (!subject.empty()) {
      if (!out.empty()) out += ' ';
      out += detail::in_quotes(subject);
    }
    if (!out.empty()) out += ": ";
    out += lake::to_string(code);
    if (!message.empty()) {
      out += ": ";
      out += message;
    }
    if (id) {
      out += " [";
      id->append_to(out);
      out += ']';
    }
    for (const error& cause : causes) {
      out += "; caused by: ";
      out += cause.to_string();
    }
    return out;
  }

  /// The same error with `cause` behind it.
  [[nodiscard]] error because(error cause) && {
    causes.push_back(std::move(cause));
    return std::move(*this);
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_ERROR_HPP
