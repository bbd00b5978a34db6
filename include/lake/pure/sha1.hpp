// The SHA-1 digest: used only where Redis's Lua must compute the same digest, and it offers no other. Not for security.
// Knows no other header. Format: RFC 3174 section 6.1.
#ifndef LAKE_PURE_SHA1_HPP
#define LAKE_PURE_SHA1_HPP

#include <lake/config.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

/// A SHA-1 digest in the making. Confined to one thread.
class sha1_state {
 public:
  /// Adds `bytes` to what has been digested.
  constexpr void update(std::string_view bytes) noexcept {
    length_ += bytes.size();
    while (!bytes.empty()) {
      const std::size_t taken = (std::min)(bytes.size(), block_.size() - held_);
      for (std::size_t i = 0; i < taken; ++i) block_[held_ + i] = static_cast<std::uint8_t>(bytes[i]);
      held_ += taken;
      bytes.remove_prefix(taken);
      if (held_ == block_.size()) mix();
    }
  }

  /// The 20 bytes of the digest of everything added so far; the state may go on.
  [[nodiscard]] constexpr std::array<std::uint8_t, 20> digest() const noexcept {
    sha1_state closing = *this;
    closing.block_[closing.held_++] = 0x80;
    if (closing.held_ > 56) {
      std::fill(closing.block_.begin() + static_cast<std::ptrdiff_t>(closing.held_), closing.block_.end(), std::uint8_t{0});
      closing.mix();
    }
    std::fill(closing.block_.begin() + static_cast<std::ptrdiff_t>(closing.held_), closing.block_.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < 8; ++i) closing.block_[56 + i] = static_cast<std::uint8_t>((length_ * 8) >> (56 - 8 * i));
    closing.mix();
    std::array<std::uint8_t, 20> out{};
    for (std::size_t i = 0; i < 20; ++i) out[i] = static_cast<std::uint8_t>(closing.state_[i / 4] >> (24 - i % 4 * 8));
    return out;
  }

 private:
  using word = std::uint32_t;

  /// Twenty steps with one mixing function and one constant.
  template <class Mix>
  static constexpr void round(std::array<word, 5>& state, const word* words, word constant, Mix f) noexcept {
    auto [a, b, c, d, e] = state;
    const auto step = [f, constant](word& v, word& w, word x, word y, word& z, word from) {
      z += std::rotl(v, 5) + f(w, x, y) + constant + from;
      w = std::rotl(w, 30);
    };
    // Five steps turn the five words once around, so nothing has to be moved between them.
    for (std::size_t i = 0; i < 20; i += 5) {
      step(a, b, c, d, e, words[i]);
      step(e, a, b, c, d, words[i + 1]);
      step(d, e, a, b, c, words[i + 2]);
      step(c, d, e, a, b, words[i + 3]);
      step(b, c, d, e, a, words[i + 4]);
    }
    state = {a, b, c, d, e};
  }

  /// Mixes the held block into the state.
  constexpr void mix() noexcept {
    std::array<word, 80> words{};
    for (std::size_t i = 0; i < 16; ++i) {
      words[i] = (word{block_[4 * i]} << 24) | (word{block_[4 * i + 1]} << 16) | (word{block_[4 * i + 2]} << 8) | word{block_[4 * i + 3]};
    }
    for (std::size_t i = 16; i < 80; ++i) words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    std::array<word, 5> turned = state_;
    round(turned, words.data(), 0x5a827999, [](word x, word y, word z) { return (x & y) | (~x & z); });
    round(turned, words.data() + 20, 0x6ed9eba1, [](word x, word y, word z) { return x ^ y ^ z; });
    round(turned, words.data() + 40, 0x8f1bbcdc, [](word x, word y, word z) { return (x & y) | (x & z) | (y & z); });
    round(turned, words.data() + 60, 0xca62c1d6, [](word x, word y, word z) { return x ^ y ^ z; });
    for (std::size_t i = 0; i < 5; ++i) state_[i] += turned[i];
    held_ = 0;
  }

  std::array<word, 5> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::array<std::uint8_t, 64> block_{};
  std::size_t held_ = 0;
  std::uint64_t length_ = 0;
};

/// The 20 bytes of the SHA-1 digest of `bytes`.
[[nodiscard]] constexpr std::array<std::uint8_t, 20> sha1(std::string_view bytes) noexcept {
  sha1_state state;
  state.update(bytes);
  return state.digest();
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_SHA1_HPP
