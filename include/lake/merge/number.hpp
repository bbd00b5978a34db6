// Numbers as text: equal by exact decimal value, too large for a double. Knows nothing of documents; never rounds.
#ifndef LAKE_MERGE_NUMBER_HPP
#define LAKE_MERGE_NUMBER_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// A JSON number taken apart: 0.`digits` times ten to the power of `point` plus the written exponent.
struct decimal {
  bool negative = false;
  bool exponent_negative = false;
  std::string digits;              ///< Significant digits without zeros at either end; empty for zero.
  std::int64_t point = 0;          ///< Digits before the decimal point; negative for leading zeros behind it.
  std::string_view exponent = {};  ///< Digits of the written exponent, without leading zeros.
};

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes a JSON number apart. Any text may be given; what follows the number is not looked at.
[[nodiscard]] inline decimal split_number(std::string_view number) {
  decimal out;
  std::size_t at = 0;
  if (at < number.size() && number[at] == '-') {
    out.negative = true;
    ++at;
  }
  bool behind_point = false;
  for (; at < number.size(); ++at) {
    if (number[at] == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (!is_digit(number[at])) break;
    if (number[at] == '0' && out.digits.empty()) {
      if (behind_point) --out.point;
      continue;
    }
    out.digits += number[at];
    if (!behind_point) ++out.point;
  }
  while (!out.digits.empty() && out.digits.back() == '0') out.digits.pop_back();
  if (at < number.size() && (number[at] == 'e' || number[at] == 'E')) {
    ++at;
    if (at < number.size() && (number[at] == '+' || number[at] == '-')) out.exponent_negative = number[at++] == '-';
    while (at < number.size() && number[at] == '0') ++at;
    std::size_t end = at;
    while (end < number.size() && is_digit(number[end])) ++end;
    out.exponent = number.substr(at, end - at);
  }
  return out;
}

/// Exponents of up to this many digits fit an integer with room for the point of any text.
inline constexpr std::size_t small_exponent_digits = 17;

[[nodiscard]] inline std::int64_t small_exponent(const decimal& number) noexcept {
  std::int64_t value = 0;
  for (const char c : number.exponent) value = value * 10 + (c - '0');
  return number.point + (number.exponent_negative ? -value : value);
}

/// The power of ten, point included, in decimal: exact for exponents of any length.
[[nodiscard]] inline std::string power_text(const decimal& number) {
  if (number.exponent.size() <= small_exponent_digits) return std::to_string(small_exponent(number));
  std::string magnitude(number.exponent);
  std::int64_t carry = number.exponent_negative ? -number.point : number.point;
  for (std::size_t i = magnitude.size(); i-- > 0 && carry != 0;) {
    carry += magnitude[i] - '0';
    std::int64_t digit = carry % 10;
    if (digit < 0) digit += 10;
    carry = (carry - digit) / 10;
    magnitude[i] = static_cast<char>('0' + digit);
  }
  if (carry > 0) magnitude.insert(0, std::to_string(carry));
  magnitude.erase(0, magnitude.find_first_not_of('0'));
  return number.exponent_negative ? "-" + magnitude : magnitude;
}

/// True if two JSON numbers have the same exact decimal value: 1.0, 1 and 10e-1 are equal, and so are 0 and -0.
/// Complexity: linear in the texts, also for exponents of any size.
[[nodiscard]] inline bool same_number(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const decimal a = split_number(left);
  const decimal b = split_number(right);
  if (a.digits != b.digits) return false;
  if (a.digits.empty()) return true;
  return a.negative == b.negative && power_text(a) == power_text(b);
}

/// The first number that rounds to infinity, 2^1024 - 2^970, as the digits behind "0." of 0.… times ten to the 309.
inline constexpr std::string_view overflow_digits =
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641669288"
    "79109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555713669596228429148"
    "19860834936475292719074168444365510704342711559699508093042880177904174497792";

/// True if `number` is beyond the largest double after rounding to nearest. Underflow is not.
[[nodiscard]] inline bool overflows_double(std::string_view number) {
  const decimal value = split_number(number);
  if (value.digits.empty()) return false;
  if (value.exponent.size() > small_exponent_digits) return !value.exponent_negative;
  const std::int64_t power = small_exponent(value);
  return power > 309 || (power == 309 && value.digits >= overflow_digits);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_NUMBER_HPP
