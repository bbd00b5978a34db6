// Strict UTF-8: which bytes of a text are not well formed. Knows no JSON and no catalog.
// Format: the Unicode Standard, table 3-7 (no overlong form, no surrogate, nothing above U+10FFFF).
#ifndef LAKE_PURE_UTF8_HPP
#define LAKE_PURE_UTF8_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

/// Returns the length (1 to 4) of the well-formed sequence at the start of `bytes`, 0 if there is none. Constant time.
[[nodiscard]] constexpr std::size_t utf8_sequence_length(std::string_view bytes) noexcept {
  if (bytes.empty()) return 0;
  const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto follows = [&at](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return bytes.size() >= 2 && follows(1) ? 2 : 0;
  if (bytes.size() < 3 || !follows(1) || !follows(2)) return 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = lead == 0xF0 && at(1) < 0x90;
  const bool beyond = lead == 0xF4 && at(1) > 0x8F;
  return bytes.size() >= 4 && follows(3) && !overlong && !beyond ? 4 : 0;
}

/// Returns the offset of the first byte that begins no well-formed sequence, `std::string_view::npos` if all is well formed.
/// Complexity: linear; eight bytes at a time over ASCII.
[[nodiscard]] inline std::size_t utf8_error_offset(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint64_t block = 0;
    if (bytes.size() - at >= sizeof block) {
      std::memcpy(&block, bytes.data() + at, sizeof block);
      if ((block & 0x8080808080808080u) == 0) {
        at += sizeof block;
        continue;
      }
    }
    if (static_cast<unsigned char>(bytes[at]) < 0x80) {
      ++at;
      continue;
    }
    const std::size_t length = utf8_sequence_length(bytes.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_UTF8_HPP
