// The members an index keeps per catalog, as text: deltas (pending and committed), snapshots, and the digest over them.
// Knows no index. This header defines the format; every index that stores text, and every client, must agree on it:
//   delta|{merge}|{path}|{ts_seq}    pending|delta|{merge}|{path}|{ts_seq}    snap|{start}|{stop}
#ifndef LAKE_CORE_MEMBER_HPP
#define LAKE_CORE_MEMBER_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/path.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/core/time_seq_parse.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/sha1.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// A delta's member, read back. Lifetime: `path` views the member's text.
struct delta_member {
  bool pending = false;
  merge_type merge = merge_type::replace;
  std::string_view path;
  time_seq id;
  friend bool operator==(const delta_member&, const delta_member&) = default;
};

/// A snapshot's member, read back.
struct snapshot_member {
  time_seq start;
  time_seq stop;
  friend bool operator==(const snapshot_member&, const snapshot_member&) = default;
};

/// Appends `delta|{merge}|{path}|{ts_seq}`.
inline void append_delta_member(std::string& out, time_seq id, merge_type merge, std::string_view path) {
  out += "delta|";
  out += static_cast<char>('0' + static_cast<int>(merge));
  out += '|';
  out += path;
  out += '|';
  id.append_to(out);
}

/// `delta|{merge}|{path}|{ts_seq}`.
[[nodiscard]] inline std::string encode_delta_member(time_seq id, merge_type merge, std::string_view path) {
  std::string out;
  out.reserve(path.size() + 32);
  append_delta_member(out, id, merge, path);
  return out;
}

/// `pending|delta|{merge}|{path}|{ts_seq}`.
[[nodiscard]] inline std::string encode_pending_member(time_seq id, merge_type merge, std::string_view path) {
  std::string out;
  out.reserve(path.size() + 40);
  out += "pending|";
  append_delta_member(out, id, merge, path);
  return out;
}

/// `snap|{start}|{stop}`.
[[nodiscard]] inline std::string encode_snapshot_member(time_seq start, time_seq stop) {
  std::string out = "snap|";
  start.append_to(out);
  out += '|';
  stop.append_to(out);
  return out;
}

namespace detail {

[[nodiscard]] inline lake::error bad_member(std::string_view stored, std::string_view rule) {
  return {errc::corrupt_index, {}, {}, "the member " + in_quotes(stored) + ": " + std::string(rule)};
}

/// Splits at `|` into exactly `Parts` parts; nothing if there are more or fewer.
template <std::size_t Parts>
[[nodiscard]] constexpr std::optional<std::array<std::string_view, Parts>> split_parts(std::string_view from) noexcept {
  std::array<std::string_view, Parts> parts;
  for (std::size_t i = 0; i + 1 < Parts; ++i) {
    const std::size_t bar = from.find('|');
    if (bar == std::string_view::npos) return std::nullopt;
    parts[i] = from.substr(0, bar);
    from.remove_prefix(bar + 1);
  }
  if (from.find('|') != std::string_view::npos) return std::nullopt;
  parts[Parts - 1] = from;
  return parts;
}

[[nodiscard]] inline std::optional<merge_type> parse_merge_type(std::string_view digit) noexcept {
  if (digit.size() != 1 || digit[0] < '1' || digit[0] > '3') return std::nullopt;
  return static_cast<merge_type>(digit[0] - '0');
}

}  // namespace detail

/// The delta, pending or committed, behind a stored member. With `score`, the id's score must equal it.
/// Errors: corrupt_index with the member and the rule it breaks.
/// Lifetime: the path views `stored`.
[[nodiscard]] inline result<delta_member> decode_delta_member(std::string_view stored, std::optional<double> score = {}) {
  constexpr std::string_view pending_prefix = "pending|";
  const bool pending = stored.starts_with(pending_prefix);
  const auto parts = detail::split_parts<4>(pending ? stored.substr(pending_prefix.size()) : stored);
  if (!parts) return detail::bad_member(stored, pending ? "a pending member has five parts" : "a delta member has four parts");
  const auto& [kind, merge_text, path, id_text] = *parts;
  if (kind != "delta") return detail::bad_member(stored, "expected delta|... or pending|delta|...");
  const std::optional<merge_type> merge = detail::parse_merge_type(merge_text);
  if (!merge) return detail::bad_member(stored, "the merge type must be 1, 2 or 3");
  if (!is_field_path(path)) return detail::bad_member(stored, "the path is no field path");
  result<time_seq> id = time_seq::parse(id_text);
  if (!id) return detail::bad_member(stored, id.error().message);
  if (id->is_zero() || id_text.find('_') == std::string_view::npos)
    return detail::bad_member(stored, "the id must be {timestamp}_{seqid}, not 0_0");
  if (score && *score != id->score()) return detail::bad_member(stored, "its score is not that of its id");
  return delta_member{pending, *merge, path, *id};
}

/// The snapshot behind a stored member. With `score`, the score of its stop must equal it.
/// Errors: corrupt_index with the member and the rule it breaks.
[[nodiscard]] inline result<snapshot_member> decode_snapshot_member(std::string_view stored, std::optional<double> score = {}) {
  const auto parts = detail::split_parts<3>(stored);
  if (!parts) return detail::bad_member(stored, "a snapshot member has three parts");
  const auto& [kind, start_text, stop_text] = *parts;
  if (kind != "snap") return detail::bad_member(stored, "expected snap|...");
  result<time_seq> start = time_seq::parse(start_text);
  if (!start) return detail::bad_member(stored, start.error().message);
  result<time_seq> stop = time_seq::parse(stop_text);
  if (!stop) return detail::bad_member(stored, stop.error().message);
  if (stored.find('.') != std::string_view::npos) return detail::bad_member(stored, "its ids must be {timestamp}_{seqid}");
  if (stop->is_zero() || *start > *stop) return detail::bad_member(stored, "its stop must not be 0_0 nor below its start");
  if (score && *score != stop->score()) return detail::bad_member(stored, "its score is not that of its stop");
  return snapshot_member{*start, *stop};
}

/// The digest over the delta members of a view, in id order, each followed by a line feed: two logs with equal digests
/// merge to the same document. SHA-1, because an index that runs Lua can compute it too. Confined to one thread.
class member_hash {
 public:
  /// Adds the committed delta. No allocation once the longest path was seen.
  void add(time_seq id, merge_type merge, std::string_view path) {
    line_.clear();
    append_delta_member(line_, id, merge, path);
    line_ += '\n';
    state_.update(line_);
  }

  /// The digest of all added so far: 40 lower-case hex digits. More may be added.
  [[nodiscard]] std::string hex() const { return pure::hex(state_.digest()); }

 private:
  pure::sha1_state state_;
  std::string line_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_MEMBER_HPP
