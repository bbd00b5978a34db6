// How a name becomes a part of an object key that no file system and no case folding confuses. Knows no layout, only their rules.
// Format: lower-case-safe [a-z0-9-_/.] -> "(" + name; upper-case-safe [A-Z0-9-_/.] -> ")" + name; anything else, and what the
// rules of a layout call special, -> lower-case base32 without padding. This header defines it.
#ifndef LAKE_LAYOUT_ENCODE_HPP
#define LAKE_LAYOUT_ENCODE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/pure/base32.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/md5.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout {

/// Which names are base32 although all their characters are safe.
enum class enc_rules : std::uint8_t {
  catalog,    ///< An empty, "." or ".." segment (so a leading or trailing "/"), and "delta", "snap", "files" as a segment.
  file_path,  ///< An empty, "." or ".." segment.
  go_v2,      ///< None.
};

/// Limits of the object keys that a layout makes.
struct name_limits {
  std::size_t segment_bytes = 255;  ///< Of one segment between slashes.
  std::size_t key_bytes = 1023;     ///< Of a whole key.
};

namespace detail {

/// Calls `visit(segment)` for each segment between slashes until it returns false; true if it never did.
template <class Visit>
constexpr bool all_segments(std::string_view name, Visit&& visit) {
  for (;;) {
    const std::size_t slash = name.find('/');
    if (!visit(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

[[nodiscard]] constexpr bool has_special_segment(std::string_view name, enc_rules rules) noexcept {
  if (rules == enc_rules::go_v2) return false;
  return !all_segments(name, [rules](std::string_view segment) {
    if (segment.empty() || segment == "." || segment == "..") return false;
    // A catalog "a/delta" would live among the deltas of a catalog "a".
    return rules != enc_rules::catalog || (segment != "delta" && segment != "snap" && segment != "files");
  });
}

/// For each byte, the marks that a name with it may have: bit 0 "(", bit 1 ")".
inline constexpr std::array<std::uint8_t, 256> enc_marks = [] {
  std::array<std::uint8_t, 256> marks{};
  for (const char c : std::string_view("0123456789-_/.")) marks[static_cast<unsigned char>(c)] = 3;
  for (unsigned i = 0; i < 26; ++i) marks['a' + i] = 1, marks['A' + i] = 2;
  return marks;
}();

/// "(", ")", or 0 for base32.
[[nodiscard]] constexpr char enc_mark(std::string_view name, enc_rules rules) noexcept {
  unsigned marks = 3;
  for (const char c : name) marks &= enc_marks[static_cast<unsigned char>(c)];
  if (marks == 0 || has_special_segment(name, rules)) return 0;
  return (marks & 1U) != 0 ? '(' : ')';
}

/// Appends the first `digits` hex digits of the MD5 of the name, and a slash.
inline void append_spread(std::string& out, std::string_view name, std::size_t digits) {
  const std::array<std::uint8_t, 16> digest = pure::md5(name);
  for (std::size_t i = 0; i < digits; i += 2) pure::append_hex_byte(out, digest[i / 2]);
  out += '/';
}

/// Appends `{before}{ts}_{seqid}_{merge}{after}`; `before` and `after` have at most 8 bytes.
inline void append_delta_name(std::string& out, std::string_view before, time_seq id, merge_type merge, std::string_view after) {
  char name[time_seq::text_bytes + 18];
  char* end = id.write_to(name + before.copy(name, 8));
  *end++ = '_';
  *end++ = static_cast<char>('0' + static_cast<int>(merge));
  end += after.copy(end, 8);
  out.append(name, end);
}

/// Appends `{start}~{stop}`.
inline void append_snapshot_name(std::string& out, time_seq start, time_seq stop) {
  start.append_to(out);
  out += '~';
  stop.append_to(out);
}

/// The longest text of an id, `8589934591_999999`.
inline constexpr std::size_t longest_id = 17;

/// Success if every segment of `encoded` and the longest key with it are within the limits; errors name `name`.
[[nodiscard]] inline result<void> check_key_length(std::string_view what, std::string_view name, std::string_view encoded,
                                                   std::size_t longest_key, name_limits limits) {
  const auto fail = [&](std::string_view of, std::size_t bytes, std::size_t limit) {
    return lake::error{errc::limit_exceeded,
                       {},
                       {},
                       "the " + std::string(what) + " " + lake::detail::in_quotes(name) + " needs " + std::string(of) + " of " +
                           std::to_string(bytes) + " bytes, the limit is " + std::to_string(limit)};
  };
  if (longest_key > limits.key_bytes) return fail("object keys", longest_key, limits.key_bytes);
  std::size_t longest = 0;
  all_segments(encoded, [&longest](std::string_view segment) {
    if (segment.size() > longest) longest = segment.size();
    return true;
  });
  if (longest > limits.segment_bytes) return fail("an encoded segment", longest, limits.segment_bytes);
  return {};
}

}  // namespace detail

/// Appends the encoded `name`. One to one for each set of rules; empty for the empty name under the first two.
inline void append_enc(std::string& out, std::string_view name, enc_rules rules = enc_rules::catalog) {
  const char mark = detail::enc_mark(name, rules);
  if (mark == 0) {
    pure::append_base32(out, name);
    return;
  }
  out += mark;
  out += name;
}

/// The encoded `name`: `users` -> `(users`, `USERS` -> `)USERS`, `Users` -> `kvzwk4tt`.
[[nodiscard]] inline std::string enc(std::string_view name, enc_rules rules = enc_rules::catalog) {
  std::string out;
  out.reserve(pure::base32_length(name.size()) + 1);
  append_enc(out, name, rules);
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout

#endif  // LAKE_LAYOUT_ENCODE_HPP
