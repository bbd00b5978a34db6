// The arguments and answers of the index primitives: plain data between the write protocol and an index policy.
// What each primitive checks and does, in which order, is the index protocol; its one implementation for indexes that live
// in this process is protocol/rules.hpp.
#ifndef LAKE_PROTOCOL_TYPES_HPP
#define LAKE_PROTOCOL_TYPES_HPP

#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/log_entry.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/time_seq.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// The durations that the primitives go by; the same for every client of a lake.
struct index_timing {
  std::chrono::milliseconds pending_timeout{120'000};  ///< A pending member this old is expired.
  std::chrono::milliseconds borrow{5'000};             ///< How far ids may run ahead of the logical clock.
  std::chrono::milliseconds horizon{86'400'000};       ///< How long outcomes of dead and removed ids are remembered.
};

/// What one reserved member will be.
struct member_spec {
  merge_type merge = merge_type::replace;
  std::string_view path;
};

struct reserve_args {
  std::string_view catalog;
  write_token token{};                      ///< Fresh 128 random bits per reservation; a repeat carries the same.
  std::span<const member_spec> members;     ///< At least one; their ids are consecutive.
  std::optional<time_seq> expected = {};    ///< Compare-and-set; `0_0` matches a catalog without delta and snapshot.
};
enum class reserve_status : std::uint8_t { reserved, conflict, blocked, overflow, no_control };
struct reserve_answer {
  reserve_status status = reserve_status::reserved;
  id_run ids = {};                          ///< reserved: as many as asked for.
  time_seq seen = {};                       ///< conflict: the version; blocked: the oldest live pending id.
  std::chrono::milliseconds age{0};         ///< blocked: the age of that pending.
};

/// One top-level member of a write's meta: unescaped key, raw JSON value.
struct meta_entry {
  std::string_view key;
  std::string_view value;
};

struct commit_args {
  std::string_view catalog;
  id_run ids;
  write_token token{};
  std::optional<time_seq> expected = {};
  std::span<const meta_entry> meta = {};
};
enum class commit_status : std::uint8_t { ok, fenced, conflict, unknown, no_control };
struct commit_answer {
  commit_status status = commit_status::ok;
  time_seq version = {};                    ///< conflict: the version that was found.
};

enum class rollback_status : std::uint8_t { rolled_back, committed, unknown, no_control };

/// A snapshot as the index records it.
struct snapshot_info {
  time_seq start, stop;
  time_seq gen = {};                        ///< Removal generation it was made under.
  std::int64_t created = 0;                 ///< Logical milliseconds at publication.
  std::uint64_t length = 0;                 ///< Decoded bytes.
  std::uint64_t digest = 0;                 ///< XXH64 of the decoded bytes.
  friend bool operator==(const snapshot_info&, const snapshot_info&) = default;
};

/// A pending member that stands in a reader's way.
struct pending_info {
  time_seq id;
  merge_type merge = merge_type::replace;
  std::string path;
  std::chrono::milliseconds age{0};
};

enum class view_mode : std::uint8_t {
  fail,    ///< A live pending member at or below the bound is the answer.
  prefix,  ///< Everything before the oldest live pending member.
};
struct view_args {
  std::string_view catalog;
  view_mode mode = view_mode::fail;
  std::optional<time_seq> base = {};        ///< Stop of an older recorded snapshot to start from; `0_0`: from the beginning.
  std::optional<time_seq> upto = {};        ///< Only ids up to this one (as_of).
  std::size_t max_deltas = 100'000;         ///< More than this many deltas: errc::limit_exceeded.
};
enum class view_status : std::uint8_t { ok, pending, trimmed, no_control };
struct view_answer {
  view_status status = view_status::ok;
  std::optional<snapshot_info> base = {};   ///< The snapshot to start from.
  std::vector<delta> deltas = {};           ///< Those in (base, bound], in id order.
  time_seq stop = {};                       ///< Last delta in the answer, or the base's stop, or `0_0`.
  time_seq version = {};                    ///< max(newest delta, newest stop, gen) of the whole catalog.
  time_seq gen = {};
  time_seq cleared = {};
  std::int64_t clock = 0;                   ///< The index's wall clock, milliseconds.
  std::optional<pending_info> pending = {}; ///< The oldest live pending member at or below the bound.
};

struct publish_args {
  std::string_view catalog;
  time_seq start, stop, gen;
  std::string_view hash;                    ///< `member_hash` of the delta members in (start, stop].
  std::uint64_t length = 0;
  std::uint64_t digest = 0;
};
enum class publish_status : std::uint8_t { published, stale, no_control };

struct cut_args {
  std::string_view catalog;
  std::optional<snapshot_info> cut = {};    ///< The verified snapshot to cut at; none: only pending members are reaped.
  std::size_t keep = 0;                     ///< Snapshots below the cut to keep.
  std::chrono::milliseconds grace{60'000};
};
/// An id whose body may exist: enough to build its object key.
struct body_ref {
  time_seq id;
  merge_type merge = merge_type::replace;
  friend bool operator==(const body_ref&, const body_ref&) = default;
};
/// A file object: enough to build its key.
struct file_ref {
  std::string path;
  time_seq id;
  friend bool operator==(const file_ref&, const file_ref&) = default;
};
/// What may go: objects first, then, through `remove_members`, what names them.
struct victims {
  std::vector<body_ref> deltas = {};
  std::vector<body_ref> pendings = {};
  std::vector<body_ref> records = {};       ///< Dead and removed ids (`x:`, `r:`) whose bodies may linger.
  std::vector<snapshot_info> snapshots = {};
  std::vector<file_ref> files = {};         ///< Superseded or orphaned file objects past the grace (`d:`).
  [[nodiscard]] bool empty() const noexcept {
    return deltas.empty() && pendings.empty() && records.empty() && snapshots.empty() && files.empty();
  }
};
enum class cut_status : std::uint8_t { cut, stale, too_new, no_control };
struct cut_answer {
  cut_status status = cut_status::cut;
  lake::victims gone = {};
  std::chrono::milliseconds wait{0};        ///< too_new: how long until the snapshot is old enough.
};
/// How many of each kind `remove_members` took out; what failed its re-check stays and is counted in `kept`.
struct removed_counts {
  std::size_t deltas = 0, pendings = 0, records = 0, snapshots = 0, files = 0, kept = 0;
};

enum class remove_delta_status : std::uint8_t { removed, already, not_found, pending, covered, overflow, no_control };
struct remove_delta_answer {
  remove_delta_status status = remove_delta_status::removed;
  merge_type merge = merge_type::replace;   ///< removed, already: of the delta, to find its body.
};

enum class remove_catalog_status : std::uint8_t { removed, not_found, no_control };
struct remove_catalog_answer {
  remove_catalog_status status = remove_catalog_status::removed;
  lake::victims gone = {};                  ///< Every object of the catalog that may still exist; also on a repeat after a crash.
};

struct heal_args {
  std::string_view catalog;
  std::span<const snapshot_info> snapshots = {};  ///< Of the indexed snapshots, as their envelopes tell.
};

enum class issue_status : std::uint8_t { issued, overflow, no_control };
struct issue_answer {
  issue_status status = issue_status::issued;
  time_seq id = {};
};
enum class put_file_status : std::uint8_t { ok, fenced };

/// All that the index still knows of a catalog's past, in id order.
struct log_answer {
  view_status status = view_status::ok;     ///< ok, or no_control: then all that is there, for a heal to go by.
  std::vector<delta> deltas = {};           ///< Above `cleared`, or above `since` where that is higher.
  std::vector<snapshot_info> snapshots = {};
  std::vector<body_ref> pendings = {};      ///< With no_control only.
  std::int64_t mono = 0;                    ///< The logical clock now, milliseconds: what `snapshot_info::created` is counted by.
  time_seq cleared = {};
  time_seq version = {};
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_TYPES_HPP
