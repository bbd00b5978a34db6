// Bytes and 64-bit numbers as lower-case hex. Knows no other header.
// Format: RFC 4648 section 8 in lower case.
#ifndef LAKE_PURE_HEX_HPP
#define LAKE_PURE_HEX_HPP

#include <lake/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

inline constexpr std::string_view hex_alphabet = "0123456789abcdef";

/// Appends one byte as two digits.
inline void append_hex_byte(std::string& out, std::uint8_t byte) {
  out += hex_alphabet[byte >> 4];
  out += hex_alphabet[byte & 15U];
}

/// Appends `bytes` as two lower-case digits each.
inline void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) append_hex_byte(out, byte);
}

/// `bytes` as two lower-case digits each.
[[nodiscard]] inline std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  append_hex(out, bytes);
  return out;
}

/// The bytes of a text as two lower-case digits each.
[[nodiscard]] inline std::string hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) append_hex_byte(out, static_cast<std::uint8_t>(c));
  return out;
}

/// The value of a lower-case digit, or 16.
[[nodiscard]] constexpr unsigned hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10U : 16U;
}

/// The bytes behind `digits`, or nothing unless it is exactly what `hex` writes.
[[nodiscard]] inline std::optional<std::string> hex_decode(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const unsigned high = hex_value(digits[i]);
    const unsigned low = hex_value(digits[i + 1]);
    if (high > 15 || low > 15) return std::nullopt;
    out += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
  }
  return out;
}

/// Exactly `Size` bytes behind `digits`, or nothing.
template <std::size_t Size>
[[nodiscard]] constexpr std::optional<std::array<std::uint8_t, Size>> hex_decode_array(std::string_view digits) noexcept {
  if (digits.size() != Size * 2) return std::nullopt;
  std::array<std::uint8_t, Size> out{};
  for (std::size_t i = 0; i < Size; ++i) {
    const unsigned high = hex_value(digits[2 * i]);
    const unsigned low = hex_value(digits[2 * i + 1]);
    if (high > 15 || low > 15) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return out;
}

/// Appends `number` as 16 digits, highest first.
inline void append_hex_u64(std::string& out, std::uint64_t number) {
  for (unsigned shift = 64; shift > 0;) out += hex_alphabet[(number >> (shift -= 4)) & 15U];
}

/// The number behind exactly 16 digits, or nothing.
[[nodiscard]] constexpr std::optional<std::uint64_t> hex_decode_u64(std::string_view digits) noexcept {
  if (digits.size() != 16) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    const unsigned value = hex_value(c);
    if (value > 15) return std::nullopt;
    number = (number << 4) | value;
  }
  return number;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_HEX_HPP
