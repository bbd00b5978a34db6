// Names as numbers: a hash that hostile names cannot foresee, and a comparison that is quick for short ones. Knows no document.
#ifndef LAKE_MERGE_NAME_HASH_HPP
#define LAKE_MERGE_NAME_HASH_HPP

#include <lake/config.hpp>
#include <lake/detail/entropy.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// Up to sixteen bytes as two words that differ where the bytes do, given their number. Reads nothing beyond them.
struct short_words {
  std::uint64_t first = 0, second = 0;

  explicit short_words(std::string_view bytes) noexcept {
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

/// A hash of names that nobody outside the process can foresee: the names of a hostile document must not meet in one place.
/// Multiplies 128 bits wide and folds. Immutable.
class name_hash {
 public:
  name_hash() noexcept : secret_(drawn()) {}

  [[nodiscard]] std::uint64_t operator()(std::string_view name) const noexcept {
    std::uint64_t state = secret_[0] ^ name.size();
    if (name.size() <= 16) {
      const short_words words(name);
      return fold(fold(words.first ^ secret_[1], words.second ^ state), secret_[0]);
    }
    const char* at = name.data();
    const char* const last = at + name.size() - 16;
    const auto add = [&](const char* from) {
      state = fold(short_words::word<std::uint64_t>(from) ^ secret_[1], short_words::word<std::uint64_t>(from + 8) ^ state);
    };
    for (; at < last; at += 16) add(at);
    add(last);
    return fold(state, secret_[0]);
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

  two_words secret_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_NAME_HASH_HPP
