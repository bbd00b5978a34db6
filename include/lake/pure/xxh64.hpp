// XXH64: the digest of every body and envelope. It finds damage, not malice. Knows no other header of the library but little_endian.
// Format: the public XXH64 specification ("XXH64 algorithm description", steps 1 to 6).
#ifndef LAKE_PURE_XXH64_HPP
#define LAKE_PURE_XXH64_HPP

#include <lake/config.hpp>
#include <lake/pure/little_endian.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure {

namespace detail_xxh64 {

inline constexpr std::uint64_t prime1 = 0x9e3779b185ebca87;
inline constexpr std::uint64_t prime2 = 0xc2b2ae3d27d4eb4f;
inline constexpr std::uint64_t prime3 = 0x165667b19e3779f9;
inline constexpr std::uint64_t prime4 = 0x85ebca77c2b2ae63;
inline constexpr std::uint64_t prime5 = 0x27d4eb2f165667c5;

using lanes = std::array<std::uint64_t, 4>;

[[nodiscard]] constexpr std::uint64_t turn(std::uint64_t sum, std::uint64_t lane) noexcept {
  return std::rotl(sum + lane * prime2, 31) * prime1;
}

[[nodiscard]] constexpr lanes start(std::uint64_t seed) noexcept { return {seed + prime1 + prime2, seed + prime2, seed, seed - prime1}; }

/// Mixes whole stripes of 32 bytes into the sums; `size` is a multiple of 32.
inline void stripes(lanes& sums, const char* from, std::size_t size) noexcept {
  auto [a, b, c, d] = sums;
  for (const char* const end = from + size; from != end; from += 32) {
    a = turn(a, load_little_endian<std::uint64_t>(from));
    b = turn(b, load_little_endian<std::uint64_t>(from + 8));
    c = turn(c, load_little_endian<std::uint64_t>(from + 16));
    d = turn(d, load_little_endian<std::uint64_t>(from + 24));
  }
  sums = {a, b, c, d};
}

[[nodiscard]] constexpr std::uint64_t converge(const lanes& sums) noexcept {
  std::uint64_t hash = std::rotl(sums[0], 1) + std::rotl(sums[1], 7) + std::rotl(sums[2], 12) + std::rotl(sums[3], 18);
  for (const std::uint64_t sum : sums) hash = (hash ^ turn(0, sum)) * prime1 + prime4;
  return hash;
}

/// Mixes in the last bytes, fewer than 32, and avalanches.
[[nodiscard]] inline std::uint64_t finish(std::uint64_t hash, std::string_view rest) noexcept {
  for (; rest.size() >= 8; rest.remove_prefix(8)) {
    hash = std::rotl(hash ^ turn(0, load_little_endian<std::uint64_t>(rest.data())), 27) * prime1 + prime4;
  }
  if (rest.size() >= 4) {
    hash = std::rotl(hash ^ (load_little_endian<std::uint32_t>(rest.data()) * prime1), 23) * prime2 + prime3;
    rest.remove_prefix(4);
  }
  for (const char c : rest) hash = std::rotl(hash ^ (static_cast<unsigned char>(c) * prime5), 11) * prime1;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  return hash ^ (hash >> 32);
}

}  // namespace detail_xxh64

/// The XXH64 of `bytes`.
/// Complexity: linear, one pass, no allocation.
[[nodiscard]] inline std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed = 0) noexcept {
  std::uint64_t hash = seed + detail_xxh64::prime5;
  const std::size_t whole = bytes.size() / 32 * 32;
  if (whole > 0) {
    detail_xxh64::lanes sums = detail_xxh64::start(seed);
    detail_xxh64::stripes(sums, bytes.data(), whole);
    hash = detail_xxh64::converge(sums);
  }
  return detail_xxh64::finish(hash + bytes.size(), bytes.substr(whole));
}

/// An XXH64 in the making: any division of the bytes into updates gives the digest of the whole. Confined to one thread.
class xxh64_state {
 public:
  explicit xxh64_state(std::uint64_t seed = 0) noexcept : sums_(detail_xxh64::start(seed)), seed_(seed) {}

  /// Adds `bytes` to what has been digested.
  void update(std::string_view bytes) noexcept {
    length_ += bytes.size();
    if (held_ > 0) {
      const std::size_t taken = (std::min)(bytes.size(), held_bytes_.size() - held_);
      hold(bytes.substr(0, taken));
      bytes.remove_prefix(taken);
      if (held_ < held_bytes_.size()) return;
      detail_xxh64::stripes(sums_, held_bytes_.data(), held_bytes_.size());
      held_ = 0;
    }
    const std::size_t whole = bytes.size() / 32 * 32;
    if (whole > 0) detail_xxh64::stripes(sums_, bytes.data(), whole);
    hold(bytes.substr(whole));
  }

  /// The digest of everything added so far; the state may go on.
  [[nodiscard]] std::uint64_t digest() const noexcept {
    const std::uint64_t hash = length_ >= 32 ? detail_xxh64::converge(sums_) : seed_ + detail_xxh64::prime5;
    return detail_xxh64::finish(hash + length_, {held_bytes_.data(), held_});
  }

 private:
  void hold(std::string_view bytes) noexcept {
    if (bytes.empty()) return;
    std::memcpy(held_bytes_.data() + held_, bytes.data(), bytes.size());
    held_ += bytes.size();
  }

  detail_xxh64::lanes sums_;
  std::uint64_t seed_;
  std::uint64_t length_ = 0;
  std::array<char, 32> held_bytes_{};
  std::size_t held_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::pure

#endif  // LAKE_PURE_XXH64_HPP
