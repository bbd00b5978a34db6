// Whole numbers as little-endian bytes, on any machine. Knows no other header.
#ifndef LAKE_PURE_LITTLE_ENDIAN_HPP
#define LAKE_PURE_LITTLE_ENDIAN_HPP

#include <lake/config.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

/// The number in the `sizeof(Number)` bytes at `from`. Requires that many readable bytes; no alignment.
template <std::unsigned_integral Number>
[[nodiscard]] Number load_little_endian(const char* from) noexcept {
  Number number{};
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&number, from, sizeof number);
  } else {
    for (std::size_t i = sizeof number; i-- > 0;) number = static_cast<Number>((number << 8) | static_cast<unsigned char>(from[i]));
  }
  return number;
}

/// Writes `number` to the `sizeof(Number)` bytes at `to`. Requires that many writable bytes; no alignment.
template <std::unsigned_integral Number>
void store_little_endian(char* to, Number number) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(to, &number, sizeof number);
  } else {
    for (std::size_t i = 0; i < sizeof number; ++i) to[i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
  }
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_LITTLE_ENDIAN_HPP
