// Whole numbers as decimal text, canonical only: one text per number. Knows no other header.
#ifndef LAKE_PURE_DECIMAL_HPP
#define LAKE_PURE_DECIMAL_HPP

#include <lake/config.hpp>

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

/// Appends `number` in decimal.
template <std::integral Number>
void append_decimal(std::string& out, Number number) {
  char digits[48];
  out.append(digits, std::to_chars(digits, digits + 48, number).ptr);
}

/// The number, or nothing unless the text is what `append_decimal` writes: no leading zero, no plus sign, no exponent, in range.
template <std::integral Number>
[[nodiscard]] std::optional<Number> parse_decimal(std::string_view digits) noexcept {
  const std::string_view magnitude = digits.substr(digits.starts_with('-') ? 1 : 0);
  if (magnitude.empty() || (magnitude.front() == '0' && digits.size() > 1)) return std::nullopt;
  Number number{};
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_DECIMAL_HPP
