// The id of a delta: a second of the index's clock and a number within it. Knows nothing of indexes.
// Text form and limits: `{timestamp}_{seqid}`; parsing lives in time_seq_parse.hpp, which knows `result`.
#ifndef LAKE_CORE_TIME_SEQ_HPP
#define LAKE_CORE_TIME_SEQ_HPP

#include <lake/config.hpp>

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

template <class T>
class result;

/// An id within a catalog: ordered, and never issued twice. Immutable in use; any thread.
/// `0_0` (the default) alone means "before everything".
struct time_seq {
  /// The largest timestamp: beyond 2^33-1 a double cannot tell neighbouring sequence numbers apart.
  static constexpr std::int64_t max_timestamp = 8'589'934'591;
  /// The largest sequence number within one second.
  static constexpr std::int32_t max_seqid = 999'999;

  std::int64_t timestamp = 0;  ///< Whole Unix seconds, 0 … `max_timestamp`.
  std::int32_t seqid = 0;      ///< 1 … `max_seqid`; 0 only in `0_0`.

  /// The sorted-set score: `timestamp + seqid / 1e6`. Exact order up to `max_timestamp`.
  [[nodiscard]] double score() const noexcept { return static_cast<double>(timestamp) + static_cast<double>(seqid) / 1e6; }

  /// The text form, `1700000000_1`.
  [[nodiscard]] std::string to_string() const {
    std::string out;
    append_to(out);
    return out;
  }

  /// The most bytes of a text form.
  static constexpr std::size_t text_bytes = 32;

  /// Writes the text form to the `text_bytes` bytes at `to`; returns where it ends.
  char* write_to(char* to) const noexcept {
    to = std::to_chars(to, to + text_bytes, timestamp).ptr;
    *to++ = '_';
    return std::to_chars(to, to + text_bytes, seqid).ptr;
  }

  /// Appends the text form to `out`; no temporary.
  void append_to(std::string& out) const {
    char digits[text_bytes];
    out.append(digits, write_to(digits));
  }

  /// True for `0_0`.
  [[nodiscard]] constexpr bool is_zero() const noexcept { return timestamp == 0 && seqid == 0; }

  /// True for `0_0` and for every id that an index may issue.
  [[nodiscard]] constexpr bool is_valid() const noexcept {
    return is_zero() || (timestamp >= 0 && timestamp <= max_timestamp && seqid >= 1 && seqid <= max_seqid);
  }

  /// The id from `1700000000_1` or the six-decimal score `1700000000.000001`.
  /// Errors: invalid_time_seq names the text and what is wrong with it.
  static result<time_seq> parse(std::string_view text);

  /// The id whose `score()` this is. Errors: invalid_time_seq.
  static result<time_seq> from_score(double score);

  friend constexpr auto operator<=>(const time_seq&, const time_seq&) = default;
};

/// The id after `id`: the next number, or 1 of the next second after 999,999.
[[nodiscard]] constexpr time_seq next(time_seq id) noexcept {
  return id.seqid >= time_seq::max_seqid ? time_seq{id.timestamp + 1, 1} : time_seq{id.timestamp, id.seqid + 1};
}

/// `count` consecutive ids by `next()`: what one reservation gets. A plain value; any thread.
struct id_run {
  time_seq first;
  std::uint32_t count = 1;

  /// The `index`-th id of the run, from 0. Constant time.
  [[nodiscard]] constexpr time_seq operator[](std::uint32_t index) const noexcept {
    const std::int64_t offset = first.seqid - 1 + static_cast<std::int64_t>(index);
    if (offset < time_seq::max_seqid) [[likely]]
      return {first.timestamp, static_cast<std::int32_t>(offset) + 1};
    return {first.timestamp + offset / time_seq::max_seqid, static_cast<std::int32_t>(offset % time_seq::max_seqid) + 1};
  }
  [[nodiscard]] constexpr time_seq last() const noexcept { return (*this)[count - 1]; }
  [[nodiscard]] constexpr bool contains(time_seq id) const noexcept { return first <= id && id <= last(); }
  friend bool operator==(const id_run&, const id_run&) = default;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_TIME_SEQ_HPP
