// How a writer knows its own object again: each put carries a token, and behind it the tokens of what it replaced. Knows no transport.
// Format: `x-amz-meta-lake-put`: tokens of 16 hex digits with spaces between, the object's own first, then those of the objects that swaps
// replaced, nearest first, at most 32; "0" stands for a replaced object that had none, and ends the line. The tag of an object, as
// `get_tagged` gives it: its ETag without quotes, a space, and that text.
#ifndef LAKE_DETAIL_S3_LINEAGE_HPP
#define LAKE_DETAIL_S3_LINEAGE_HPP

#include <lake/config.hpp>
#include <lake/core/random.hpp>
#include <lake/pure/hex.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The header that carries it.
inline constexpr std::string_view s3_lineage_header = "x-amz-meta-lake-put";

/// A token that no other put has.
[[nodiscard]] inline std::string make_put_token(const random_source& random) {
  std::string out;
  pure::append_hex_u64(out, random());
  return out;
}

/// The first token of a lineage; "0" for an object without one.
[[nodiscard]] constexpr std::string_view first_put(std::string_view lineage) noexcept {
  const std::string_view first = lineage.substr(0, lineage.find(' '));
  return first.empty() ? "0" : first;
}

/// Whether a lineage names this put.
[[nodiscard]] constexpr bool descends_from(std::string_view lineage, std::string_view token) noexcept {
  while (!lineage.empty()) {
    const std::size_t end = (std::min)(lineage.find(' '), lineage.size());
    if (lineage.substr(0, end) == token) return true;
    lineage.remove_prefix((std::min)(end + 1, lineage.size()));
  }
  return false;
}

/// The lineage of a put that replaces an object of the lineage `seen`. Bounded: 32 tokens.
[[nodiscard]] inline std::string lineage_after(std::string_view own, std::string_view seen) {
  constexpr std::size_t most_bytes = 32 * 17 - 1;
  std::string out(own);
  out += ' ';
  out += seen.empty() ? "0" : seen;
  if (out.size() > most_bytes) out.resize(out.rfind(' ', most_bytes));
  return out;
}

/// A tag, taken apart.
struct s3_tag {
  std::string_view etag;
  std::string_view lineage;
};
[[nodiscard]] constexpr s3_tag split_tag(std::string_view tag) noexcept {
  const std::size_t end = tag.find(' ');
  return end == std::string_view::npos ? s3_tag{tag, {}} : s3_tag{tag.substr(0, end), tag.substr(end + 1)};
}
[[nodiscard]] inline std::string make_tag(std::string_view etag, std::string_view lineage) {
  std::string out(etag);
  if (!lineage.empty()) out.append(" ").append(lineage);
  return out;
}

/// What the object that is there now says about a swap whose answer was lost.
enum class swap_fate : std::uint8_t {
  done,      ///< It is this swap's, or came after it.
  not_done,  ///< What this swap wanted to replace is there, or was replaced by others only.
  unknown,   ///< Something else put it there, or too much happened since.
};
/// `own`: the token of the swap; `seen`: the tag that it wanted to replace; `now`: that of what is there.
[[nodiscard]] constexpr swap_fate fate_of_swap(std::string_view own, s3_tag seen, s3_tag now) noexcept {
  if (descends_from(now.lineage, own)) return swap_fate::done;
  if (now.etag == seen.etag && now.lineage == seen.lineage) return swap_fate::not_done;
  const bool is_visible = !seen.lineage.empty() && descends_from(now.lineage, first_put(seen.lineage));  // "0" may be any object's
  return is_visible ? swap_fate::not_done : swap_fate::unknown;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_LINEAGE_HPP
