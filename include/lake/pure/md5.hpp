// The MD5 digest: used only to spread names over folders, where it is on the wire. Not for security. Knows no other header.
// Format: RFC 1321 section 3.
#ifndef LAKE_PURE_MD5_HPP
#define LAKE_PURE_MD5_HPP

#include <lake/config.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

namespace detail_md5 {

/// floor(2^32 * |sin(i + 1)|), the table of RFC 1321.
inline constexpr std::array<std::uint32_t, 64> sines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1,
    0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
    0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
    0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
    0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
    0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/// One of the four rounds: 16 steps with the mixing function `f`; step `i` takes word `(first + i * stride) % 16`.
template <class Mix>
constexpr void round(std::array<std::uint32_t, 4>& state, const std::array<std::uint32_t, 16>& words, const std::uint32_t* sine,
                     std::size_t first, std::size_t stride, const std::array<int, 4>& shifts, Mix f) noexcept {
  auto [a, b, c, d] = state;
  std::size_t word = first;
  // Four steps turn the four words once around, so nothing has to be moved between them.
  for (std::size_t i = 0; i < 16; i += 4) {
    a = b + std::rotl(a + f(b, c, d) + sine[i] + words[word % 16], shifts[0]);
    d = a + std::rotl(d + f(a, b, c) + sine[i + 1] + words[(word + stride) % 16], shifts[1]);
    c = d + std::rotl(c + f(d, a, b) + sine[i + 2] + words[(word + 2 * stride) % 16], shifts[2]);
    b = c + std::rotl(b + f(c, d, a) + sine[i + 3] + words[(word + 3 * stride) % 16], shifts[3]);
    word += 4 * stride;
  }
  state = {a, b, c, d};
}

/// Mixes one block of 16 words into the four words of state.
constexpr void mix(std::array<std::uint32_t, 4>& state, const std::array<std::uint32_t, 16>& words) noexcept {
  using word = std::uint32_t;
  const std::array<std::uint32_t, 4> before = state;
  const std::uint32_t* const sine = sines.data();
  round(state, words, sine, 0, 1, {7, 12, 17, 22}, [](word x, word y, word z) { return (x & y) | (~x & z); });
  round(state, words, sine + 16, 1, 5, {5, 9, 14, 20}, [](word x, word y, word z) { return (x & z) | (y & ~z); });
  round(state, words, sine + 32, 5, 3, {4, 11, 16, 23}, [](word x, word y, word z) { return x ^ y ^ z; });
  round(state, words, sine + 48, 0, 7, {6, 10, 15, 21}, [](word x, word y, word z) { return y ^ (x | ~z); });
  for (std::size_t i = 0; i < 4; ++i) state[i] += before[i];
}

}  // namespace detail_md5

/// The 16 bytes of the MD5 digest of `bytes`.
[[nodiscard]] constexpr std::array<std::uint8_t, 16> md5(std::string_view bytes) noexcept {
  std::array<std::uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::uint64_t bits = static_cast<std::uint64_t>(bytes.size()) * 8;
  // The last block has room for the length; the one before it may hold nothing but padding.
  const std::size_t blocks = (bytes.size() + 8) / 64 + 1;
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::string_view part = bytes.substr((std::min)(block * 64, bytes.size()), 64);
    std::array<std::uint32_t, 16> words{};
    for (std::size_t i = 0; i < part.size(); ++i) words[i / 4] |= std::uint32_t{static_cast<unsigned char>(part[i])} << (i % 4 * 8);
    if (bytes.size() / 64 == block) words[part.size() / 4] |= 0x80U << (part.size() % 4 * 8);
    if (block + 1 == blocks) {
      words[14] = static_cast<std::uint32_t>(bits);
      words[15] = static_cast<std::uint32_t>(bits >> 32);
    }
    detail_md5::mix(state, words);
  }
  std::array<std::uint8_t, 16> out{};
  for (std::size_t i = 0; i < 16; ++i) out[i] = static_cast<std::uint8_t>(state[i / 4] >> (i % 4 * 8));
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_MD5_HPP
