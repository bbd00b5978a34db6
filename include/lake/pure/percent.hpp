// Percent-encoding of a chosen set of bytes. Knows no other header.
// Format: RFC 3986 section 2.1, upper-case digits.
#ifndef LAKE_PURE_PERCENT_HPP
#define LAKE_PURE_PERCENT_HPP

#include <lake/config.hpp>
#include <lake/pure/hex.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

/// Appends `bytes`; those for which `escapes(char)` is true as `%` and two upper-case digits.
/// The text can be told back only if `escapes('%')` is true.
template <std::predicate<char> Escapes>
void append_percent(std::string& out, std::string_view bytes, Escapes escapes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : bytes) {
    if (!escapes(c)) {
      out += c;
      continue;
    }
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
}

/// `bytes` with those of `set` percent-encoded. The text can be told back only if `set` has "%".
[[nodiscard]] inline std::string percent(std::string_view bytes, std::string_view set) {
  std::string out;
  out.reserve(bytes.size());
  append_percent(out, bytes, [set](char c) { return set.find(c) != std::string_view::npos; });
  return out;
}

/// The bytes behind `encoded`, or nothing where a `%` is not followed by two hex digits of either case.
[[nodiscard]] inline std::optional<std::string> percent_decode(std::string_view encoded) {
  const auto value = [](char c) { return hex_value(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c); };
  std::string out;
  out.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      out += encoded[i];
      continue;
    }
    if (encoded.size() - i < 3) return std::nullopt;
    const unsigned high = value(encoded[i + 1]);
    const unsigned low = value(encoded[i + 2]);
    if (high > 15 || low > 15) return std::nullopt;
    out += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_PERCENT_HPP
