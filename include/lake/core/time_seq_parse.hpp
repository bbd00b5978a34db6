// Ids from their text and from their score: the definitions that core/time_seq.hpp declares. Knows no index.
// Format: `{timestamp}_{seqid}` without leading zeros, signs or exponents, or the score with exactly six decimals.
#ifndef LAKE_CORE_TIME_SEQ_PARSE_HPP
#define LAKE_CORE_TIME_SEQ_PARSE_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/pure/decimal.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

[[nodiscard]] inline lake::error no_time_seq(std::string shown, std::string_view rule) {
  shown += " is no id: ";
  shown += rule;
  return {errc::invalid_time_seq, {}, {}, std::move(shown)};
}

/// The digits of one half of an id; on failure `rule` says what is wrong with it.
[[nodiscard]] inline std::optional<std::int64_t> id_number(std::string_view digits, std::string_view& rule) noexcept {
  if (digits.empty()) {
    rule = "a number is missing";
  } else if (digits.find_first_not_of("0123456789") != std::string_view::npos) {
    rule = "only digits may stand beside the separator, no sign, exponent or white space";
  } else if (digits.size() > 1 && digits.front() == '0') {
    rule = "leading zeros are not allowed";
  } else {
    rule = "the timestamp must be 0 to 8589934591 and the seqid 1 to 999999";
    return pure::parse_decimal<std::int64_t>(digits);
  }
  return std::nullopt;
}

/// The id of two numbers, or the rule that they break.
[[nodiscard]] inline std::optional<time_seq> id_of(std::int64_t timestamp, std::int64_t seqid, std::string_view& rule) noexcept {
  rule = {};
  if (timestamp < 0 || timestamp > time_seq::max_timestamp) rule = "the timestamp must be 0 to 8589934591";
  else if (seqid < 0 || seqid > time_seq::max_seqid) rule = "the seqid must be 1 to 999999";
  else if (seqid == 0 && timestamp != 0) rule = "seqid 0 is allowed in 0_0 only";
  if (!rule.empty()) return std::nullopt;
  return time_seq{timestamp, static_cast<std::int32_t>(seqid)};
}

/// The number of exactly six decimals, which may begin with zeros.
[[nodiscard]] inline std::optional<std::int64_t> six_decimals(std::string_view digits, std::string_view& rule) noexcept {
  rule = "a score has exactly six decimals";
  if (digits.size() != 6 || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  return number;
}

}  // namespace detail

inline result<time_seq> time_seq::parse(std::string_view from) {
  const std::size_t separator = from.find_first_of("_.");
  if (separator == std::string_view::npos) {
    return detail::no_time_seq(detail::in_quotes(from), "expected {timestamp}_{seqid}, or a score with six decimals");
  }
  std::string_view rule;
  const std::string_view tail = from.substr(separator + 1);
  const std::optional<std::int64_t> seconds = detail::id_number(from.substr(0, separator), rule);
  if (!seconds) return detail::no_time_seq(detail::in_quotes(from), rule);
  const std::optional<std::int64_t> number = from[separator] == '_' ? detail::id_number(tail, rule) : detail::six_decimals(tail, rule);
  if (!number) return detail::no_time_seq(detail::in_quotes(from), rule);
  const std::optional<time_seq> id = detail::id_of(*seconds, *number, rule);
  if (!id) return detail::no_time_seq(detail::in_quotes(from), rule);
  return *id;
}

inline result<time_seq> time_seq::from_score(double from) {
  // `!(a && b)` also catches NaN.
  if (!(from >= 0.0 && from < static_cast<double>(max_timestamp) + 1.0)) {
    char shown[64];
    std::snprintf(shown, sizeof shown, "%.17g", from);
    return detail::no_time_seq(shown, "a score is 0, or lies between 0.000001 and 8589934591.999999");
  }
  const double seconds = std::floor(from);
  const auto number = static_cast<std::int64_t>(std::llround((from - seconds) * 1e6));
  std::string_view rule;
  const std::optional<time_seq> id = detail::id_of(static_cast<std::int64_t>(seconds), number, rule);
  if (id && id->score() == from) return *id;
  char shown[64];
  std::snprintf(shown, sizeof shown, "%.17g", from);
  return detail::no_time_seq(shown, id ? "it is not the score of any id, timestamp + seqid / 1e6" : rule);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_TIME_SEQ_PARSE_HPP
