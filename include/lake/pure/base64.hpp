// Base64: with the URL and file name safe alphabet and without padding, for names; the usual one, for headers. Knows no other header.
// Format: RFC 4648 section 5, section 3.2 (no padding), section 3.5 (unused bits are zero); section 4.
#ifndef LAKE_PURE_BASE64_HPP
#define LAKE_PURE_BASE64_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

inline constexpr std::string_view base64url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The length of `base64url` of that many bytes.
[[nodiscard]] constexpr std::size_t base64url_length(std::size_t bytes) noexcept { return bytes / 3 * 4 + (bytes % 3 * 4 + 2) / 3; }

/// Appends `bytes` in the letters of this alphabet, no padding.
inline void append_base64(std::string& out, std::string_view bytes, std::string_view alphabet) {
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6;) out += alphabet[(bits >> (held -= 6)) & 63U];
  }
  if (held > 0) out += alphabet[(bits << (6 - held)) & 63U];
}

/// Appends `bytes` in base64url, no padding.
inline void append_base64url(std::string& out, std::string_view bytes) { append_base64(out, bytes, base64url_alphabet); }

/// `bytes` in the usual base64, padded with "=".
[[nodiscard]] inline std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  out.resize((bytes.size() + 2) / 3 * 4, '=');
  return out;
}

/// `bytes` in base64url, no padding.
[[nodiscard]] inline std::string base64url(std::string_view bytes) {
  std::string out;
  out.reserve(base64url_length(bytes.size()));
  append_base64url(out, bytes);
  return out;
}

/// The value of a character of the alphabet, or 64.
[[nodiscard]] constexpr unsigned base64url_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26U;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52U;
  return c == '-' ? 62U : c == '_' ? 63U : 64U;
}

/// The bytes behind `letters`, or nothing unless it is exactly what `base64url` writes.
[[nodiscard]] inline std::optional<std::string> base64url_decode(std::string_view letters) {
  if (letters.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(letters.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : letters) {
    const unsigned value = base64url_value(c);
    if (value > 63) return std::nullopt;
    bits = (bits << 6) | value;
    held += 6;
    if (held >= 8) out += static_cast<char>(static_cast<unsigned char>(bits >> (held -= 8)));
  }
  if ((bits & ((1U << held) - 1U)) != 0) return std::nullopt;
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_BASE64_HPP
