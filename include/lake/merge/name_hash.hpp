// Names and paths as bytes: a hash that hostile names cannot foresee, and comparisons that are quick for short ones. Knows no document.
#ifndef LAKE_MERGE_NAME_HASH_HPP
#define LAKE_MERGE_NAME_HASH_HPP

#include <lake/config.hpp>
#include <lake/detail/entropy.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// Up to sixteen bytes as two words that differ where the bytes do, given their number. Reads nothing beyond them.
struct short_words {
  std::uint64_t first = 0, second = 0;

  explicit __attribute__((always_inline)) short_words(std::string_view bytes) noexcept {
    const char* const at = bytes.data();
    const std::size_t size = bytes.size();
    if (size >= 8) {
      first = word<std::uint64_t>(at);
      second = word<std::uint64_t>(at + size - 8);
    } else if (size >= 4) {
      first = word<std::uint32_t>(at);
      second = word<std::uint32_t>(at + size - 4);
    } else if (size > 0) {
      const auto one = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
      first = (one(0) << 16) | (one(size / 2) << 8) | one(size - 1);
    }
  }

  template <class Word>
  [[nodiscard]] static std::uint64_t word(const char* at) noexcept {
    Word read = 0;
    std::memcpy(&read, at, sizeof read);
    return read;
  }
};

[[nodiscard]] inline bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  if (a.size() > 16) return a == b;
  const short_words left(a), right(b);
  return left.first == right.first && left.second == right.second;
}

/// How many bytes two texts have in common at their beginnings.
[[nodiscard]] inline std::size_t common_bytes(std::string_view a, std::string_view b) noexcept {
  const std::size_t most = (std::min)(a.size(), b.size());
  std::size_t same = 0;
  for (; same + 8 <= most; same += 8) {
    const std::uint64_t other = short_words::word<std::uint64_t>(a.data() + same) ^ short_words::word<std::uint64_t>(b.data() + same);
    if (other != 0) return same + static_cast<std::size_t>(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_clzll(other) : __builtin_ctzll(other)) / 8;
  }
  while (same < most && a[same] == b[same]) ++same;
  return same;
}

/// True if a string of these bytes is written as they are: no quote, no backslash, no control character.
[[nodiscard]] inline bool is_plain_name(std::string_view name) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= name.size(); at += 8) {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    const std::uint64_t eight = short_words::word<std::uint64_t>(name.data() + at);
    const auto below = [](std::uint64_t bytes, std::uint64_t bound) { return (bytes - ones * bound) & ~bytes; };
    if (((below(eight, 0x20) | below(eight ^ ones * '"', 1) | below(eight ^ ones * '\\', 1)) & ones << 7) != 0) return false;
  }
  for (; at < name.size(); ++at) {
    if (static_cast<unsigned char>(name[at]) < 0x20 || name[at] == '"' || name[at] == '\\') return false;
  }
  return true;
}

/// A hash of names that nobody outside the process can foresee: the names of a hostile document must not meet in one place.
/// Multiplies 128 bits wide and folds. Immutable.
class name_hash {
 public:
  name_hash() noexcept : secret_(drawn()) {}

  /// `salt`: what else tells the name from others, such as what it is below.
  [[nodiscard]] __attribute__((always_inline)) std::uint64_t operator()(std::string_view name, std::uint64_t salt = 0) const noexcept {
    const std::uint64_t state = secret_[0] ^ name.size() ^ salt;
    if (name.size() > 16) [[unlikely]] return long_one(name, state);
    const short_words words(name);
    return fold(words.first ^ secret_[1], words.second ^ state);
  }

 private:
  using two_words = std::array<std::uint64_t, 2>;
  [[nodiscard]] static const two_words& drawn() noexcept {
    static const two_words once = [] {
      two_words all{};
      lake::detail::fill_with_entropy(all);
      all[0] |= 1;
      return all;
    }();
    return once;
  }
  [[nodiscard]] static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using wide = unsigned __int128;
    const wide product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  [[nodiscard]] __attribute__((noinline)) std::uint64_t long_one(std::string_view name, std::uint64_t state) const noexcept {
    const char* at = name.data();
    const char* const last = at + name.size() - 16;
    const auto add = [&](const char* from) {
      state = fold(short_words::word<std::uint64_t>(from) ^ secret_[1], short_words::word<std::uint64_t>(from + 8) ^ state);
    };
    for (; at < last; at += 16) add(at);
    add(last);
    return state;
  }

  two_words secret_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_NAME_HASH_HPP
