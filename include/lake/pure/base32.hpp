// Base32 in lower case, without padding. Knows no other header.
// Format: RFC 4648 section 6 with the alphabet in lower case, section 3.2 (no padding), section 3.5 (unused bits are zero).
#ifndef LAKE_PURE_BASE32_HPP
#define LAKE_PURE_BASE32_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

inline constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/// The length of `base32` of that many bytes.
[[nodiscard]] constexpr std::size_t base32_length(std::size_t bytes) noexcept { return bytes / 5 * 8 + (bytes % 5 * 8 + 4) / 5; }

/// Appends `bytes` in lower-case base32, no padding.
inline void append_base32(std::string& out, std::string_view bytes) {
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 5;) out += base32_alphabet[(bits >> (held -= 5)) & 31U];
  }
  if (held > 0) out += base32_alphabet[(bits << (5 - held)) & 31U];
}

/// `bytes` in lower-case base32, no padding.
[[nodiscard]] inline std::string base32(std::string_view bytes) {
  std::string out;
  out.reserve(base32_length(bytes.size()));
  append_base32(out, bytes);
  return out;
}

/// The bytes behind `letters`, or nothing unless it is exactly what `base32` writes.
[[nodiscard]] inline std::optional<std::string> base32_decode(std::string_view letters) {
  const std::size_t rest = letters.size() % 8;
  if (rest == 1 || rest == 3 || rest == 6) return std::nullopt;
  std::string out;
  out.reserve(letters.size() / 8 * 5 + 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : letters) {
    const bool letter = c >= 'a' && c <= 'z';
    if (!letter && (c < '2' || c > '7')) return std::nullopt;
    bits = (bits << 5) | static_cast<unsigned>(letter ? c - 'a' : c - '2' + 26);
    held += 5;
    if (held >= 8) out += static_cast<char>(static_cast<unsigned char>(bits >> (held -= 8)));
  }
  if ((bits & ((1U << held) - 1U)) != 0) return std::nullopt;
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_BASE32_HPP
