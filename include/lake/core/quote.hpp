// How messages show a value that somebody else chose: quoted, clipped, printable. Knows no other header of the room.
#ifndef LAKE_CORE_QUOTE_HPP
#define LAKE_CORE_QUOTE_HPP

#include <lake/config.hpp>
#include <lake/pure/hex.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

inline constexpr std::size_t quoted_bytes = 120;

/// Appends `value` for people: control bytes as `\xNN`, the rest as it is.
inline void append_shown(std::string& out, std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
      continue;
    }
    out += "\\x";
    pure::append_hex_byte(out, byte);
  }
}

/// `value` in double quotes for a message: at most 120 bytes of it, control bytes as `\xNN`, what was cut shown as `...`.
[[nodiscard]] inline std::string in_quotes(std::string_view value) {
  std::size_t shown = value.size();
  if (shown > quoted_bytes) {
    shown = quoted_bytes;
    // Never end inside a UTF-8 sequence.
    while (shown > 0 && (static_cast<unsigned char>(value[shown]) & 0xc0U) == 0x80U) --shown;
  }
  std::string out = "\"";
  append_shown(out, value.substr(0, shown));
  out += shown < value.size() ? "\"..." : "\"";
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_CORE_QUOTE_HPP
