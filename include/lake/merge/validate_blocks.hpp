// Which of 64 bytes are what: one bit per byte, by vector instructions. Knows no grammar.
// Each kind of lanes carries a target attribute and must only be used inside functions that carry it too.
#ifndef LAKE_MERGE_VALIDATE_BLOCKS_HPP
#define LAKE_MERGE_VALIDATE_BLOCKS_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// One bit per byte of a block of 64 bytes, the first byte lowest.
using byte_bits = std::uint64_t;

#if defined(__x86_64__) && defined(__GNUC__)
#define LAKE_DETAIL_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))
#define LAKE_DETAIL_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,popcnt,pclmul")))

/// What blocks are compared with, each byte repeated over the widest vector. To be used through a pointer that the compiler cannot
/// see through: from constants it would make every vector anew, two instructions more for each comparison.
struct byte_patterns {
  enum row : unsigned {
    quote, backslash, blank, minus, plus, dot, zero, slash, eight, nine, spaces, structure,
    digit_shift, below_digit, hex_shift, below_hex_a, below_hex_c,
    letter_a, letter_b, letter_d, letter_e, letter_f, letter_n, letter_r, letter_t, letter_u,
    lead_of_two, overlong_two, lead_of_three, lead_of_surrogates, lead_of_four, last_lead, behind_last_lead, rows
  };
  signed char bytes[rows][64];

  constexpr byte_patterns() : bytes() {
    constexpr unsigned char each[rows] = {
        '"', '\\', ' ', '-', '+', '.', '0', '/', '8', '9', 0, 0,
        127 - '9', 127 - 10, 127 - 'f', 127 - 6, 127 - 4,
        'a', 'b', 'd', 'e', 'f', 'n', 'r', 't', 'u',
        0xC0, 0xC1, 0xE0, 0xED, 0xF0, 0xF4, 0xF5};
    for (unsigned which = 0; which < rows; ++which) {
      for (signed char& byte : bytes[which]) byte = static_cast<signed char>(each[which]);
    }
    for (unsigned at = 0; at < 64; at += 16) {  // By the lower half of a byte: the one white space or sign that it could be.
      bytes[spaces][at] = ' ';
      bytes[spaces][at + 9] = '\t';
      bytes[spaces][at + 10] = '\n';
      bytes[spaces][at + 13] = '\r';
      bytes[structure][at + 10] = ':';
      bytes[structure][at + 11] = '{';
      bytes[structure][at + 12] = ',';
      bytes[structure][at + 13] = '}';
    }
  }
};
alignas(64) inline constexpr byte_patterns all_byte_patterns{};

/// A pointer for builtins whose parameter's type differs between compilers.
struct any_bytes {
  const char* at;
  template <class Byte>
  operator const Byte*() const noexcept {  // NOLINT(google-explicit-constructor): that is its purpose.
    return reinterpret_cast<const Byte*>(at);
  }
};

/// What is left of up to 32 bytes when they are mixed: for a hash. `escapes` is true if there is a backslash among them.
struct mixed_bytes {
  std::uint64_t one, two;
  bool escapes;
};

/// 32 bytes that are kept behind a place of ours, 32 that are not.
struct byte_mask {
  signed char bytes[64];
  constexpr byte_mask() : bytes() {
    for (unsigned i = 0; i < 32; ++i) bytes[i] = -1;
  }
};
alignas(64) inline constexpr byte_mask first_bytes_mask{};

/// 64 bytes in two vectors.
struct avx2_lanes {
  using bytes = signed char __attribute__((vector_size(32)));
  using chars = char __attribute__((vector_size(32)));
  using naturals = unsigned char __attribute__((vector_size(32)));
  using words = int __attribute__((vector_size(32)));
  using quads = unsigned long long __attribute__((vector_size(32)));
  using row = byte_patterns::row;

  bytes one;
  bytes two;
  const byte_patterns* patterns;

  LAKE_DETAIL_AVX2 void load(const char* at) noexcept {
    std::memcpy(&one, at, sizeof one);
    std::memcpy(&two, at + sizeof one, sizeof two);
  }
  /// Loads the `left` (1 to 64) bytes at `at`, the last ones of a text that has at least four, and spaces behind them.
  /// No byte outside the text is read: whole words under a mask, what is left of them from the text's last four bytes.
  LAKE_DETAIL_AVX2 void load_rest(const char* at, std::size_t left) noexcept {
    const unsigned odd = static_cast<unsigned>(left % 4);
    std::uint32_t last = 0x20202020u;
    if (odd != 0) {
      std::memcpy(&last, at + left - 4, sizeof last);
      last = (last >> (32 - 8 * odd)) | (0x20202020u << (8 * odd));
    }
    const words whole = words{} + static_cast<int>(left / 4);
    const words first = {0, 1, 2, 3, 4, 5, 6, 7};
    const words second = first + 8;
    const words rest = words{} + static_cast<int>(last);
    const words blanks = words{} + 0x20202020;
    const words low = reinterpret_cast<words>(__builtin_ia32_maskloadd256(any_bytes{at}, first < whole));
    const words high = reinterpret_cast<words>(__builtin_ia32_maskloadd256(any_bytes{at + 32}, second < whole));
    one = reinterpret_cast<bytes>(low | ((first == whole) & rest) | ((first > whole) & blanks));
    two = reinterpret_cast<bytes>(high | ((second == whole) & rest) | ((second > whole) & blanks));
  }

  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits equal(row which) const noexcept { return join(one == of(which), two == of(which)); }
  /// The bytes that are `which` but for bit 5, as letters of both cases are.
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits folded(row which) const noexcept {
    return join((one | of(row::blank)) == of(which), (two | of(row::blank)) == of(which));
  }
  /// The bytes that are less than `which` as signed numbers.
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits below(row which) const noexcept { return join(one < of(which), two < of(which)); }
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits digit() const noexcept {
    return join(sum(one, row::digit_shift) > of(row::below_digit), sum(two, row::digit_shift) > of(row::below_digit));
  }
  /// The letters of either case up to F, from the one above `floor`.
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits hex_letter(row floor) const noexcept {
    return join(sum(one | of(row::blank), row::hex_shift) > of(floor), sum(two | of(row::blank), row::hex_shift) > of(floor));
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits space() const noexcept {
    return join(found(row::spaces, one) == one, found(row::spaces, two) == two);
  }
  /// The six signs, and the control bytes 0x0C and 0x1A, which are no text's.
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits structure() const noexcept {
    return join(found(row::structure, one) == (one | of(row::blank)), found(row::structure, two) == (two | of(row::blank)));
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits control() const noexcept {
    const naturals least = reinterpret_cast<naturals>(of(row::blank));
    return join(reinterpret_cast<bytes>(reinterpret_cast<naturals>(one) < least),
                reinterpret_cast<bytes>(reinterpret_cast<naturals>(two) < least));
  }
  /// The bytes whose bit `Bit` is set.
  template <int Bit>
  [[nodiscard]] LAKE_DETAIL_AVX2 byte_bits bit() const noexcept {
    return join(reinterpret_cast<bytes>(reinterpret_cast<quads>(one) << (7 - Bit)),
                reinterpret_cast<bytes>(reinterpret_cast<quads>(two) << (7 - Bit)));
  }

  /// Every bit from a set one up to the next set one, without that.
  [[nodiscard]] LAKE_DETAIL_AVX2 static byte_bits inside(byte_bits quotes) noexcept {
    using pair = long long __attribute__((vector_size(16)));
    return static_cast<byte_bits>(__builtin_ia32_pclmulqdq128(pair{static_cast<long long>(quotes), 0}, pair{-1, 0}, 0)[0]);
  }
  /// The bits of `some` at the set bits of `mask`, side by side.
  [[nodiscard]] LAKE_DETAIL_AVX2 static byte_bits squeeze(byte_bits some, byte_bits mask) noexcept {
    return __builtin_ia32_pext_di(some, mask);
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 static std::size_t count(byte_bits some) noexcept {
    return static_cast<std::size_t>(__builtin_popcountll(some));
  }

  /// Mixes the `size` (at most 32) bytes at `at`, where `left` bytes are left of a text that has at least 32. Reads none outside of it.
  [[nodiscard]] LAKE_DETAIL_AVX2 static mixed_bytes mix(const char* at, std::size_t size, std::size_t left) noexcept {
    bytes some;
    if (left >= sizeof some) {
      std::memcpy(&some, at, sizeof some);
    } else {
      quads last = {};
      for (std::size_t i = 0; i < 4; ++i) {
        const bool whole = 8 * i + 8 <= left;
        unsigned long long word = 0;
        std::memcpy(&word, whole ? at + 8 * i : at + left - 8, sizeof word);
        last[i] = whole ? word : word >> (8 * (8 * i + 8 - left) % 64);
      }
      some = reinterpret_cast<bytes>(last);
    }
    bytes kept;
    std::memcpy(&kept, first_bytes_mask.bytes + 32 - size, sizeof kept);
    some &= kept;
    const quads salt = {0x1E3779B97F4A7C15, 0x51B54A32D192ED03, 0x0AEF17502108EF2D, 0x2545F4914F6CDD1D};
    const quads salted = reinterpret_cast<quads>(some) ^ salt;
    const auto product = __builtin_ia32_pmuludq256(reinterpret_cast<words>(salted), reinterpret_cast<words>(salted >> 32));
    const quads out = reinterpret_cast<quads>(product) + reinterpret_cast<quads>(some);
    const bool escapes = __builtin_ia32_pmovmskb256(reinterpret_cast<chars>(some == bytes{} + '\\')) != 0;
    return {out[0] ^ out[2], out[1] ^ out[3], escapes};
  }

 private:
  [[nodiscard]] LAKE_DETAIL_AVX2 bytes of(row which) const noexcept {
    bytes out;
    std::memcpy(&out, patterns->bytes[which], sizeof out);
    return out;
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 bytes sum(bytes some, row which) const noexcept {
    return reinterpret_cast<bytes>(reinterpret_cast<naturals>(some) + reinterpret_cast<naturals>(of(which)));
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 bytes found(row which, bytes some) const noexcept {
    return reinterpret_cast<bytes>(__builtin_ia32_pshufb256(reinterpret_cast<chars>(of(which)), reinterpret_cast<chars>(some)));
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 static byte_bits join(bytes low, bytes high) noexcept {
    const auto first = static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<chars>(low)));
    const auto second = static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(reinterpret_cast<chars>(high)));
    return first | (byte_bits{second} << 32);
  }
};

/// 64 bytes in one vector.
struct avx512_lanes {
  using bytes = signed char __attribute__((vector_size(64)));
  using chars = char __attribute__((vector_size(64)));
  using naturals = unsigned char __attribute__((vector_size(64)));
  using row = byte_patterns::row;

  bytes all;
  const byte_patterns* patterns;

  LAKE_DETAIL_AVX512 void load(const char* at) noexcept { std::memcpy(&all, at, sizeof all); }
  /// Loads the `left` (1 to 64) bytes at `at` and spaces behind them. No byte behind `left` is read.
  LAKE_DETAIL_AVX512 void load_rest(const char* at, std::size_t left) noexcept {
    all = reinterpret_cast<bytes>(__builtin_ia32_loaddquqi512_mask(any_bytes{at}, chars{} + ' ', ~byte_bits{0} >> (64 - left)));
  }

  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits equal(row which) const noexcept { return compare<0>(all, of(which)); }
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits folded(row which) const noexcept { return compare<0>(all | of(row::blank), of(which)); }
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits below(row which) const noexcept { return compare<1>(all, of(which)); }
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits digit() const noexcept { return compare<6>(sum(all, row::digit_shift), of(row::below_digit)); }
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits hex_letter(row floor) const noexcept {
    return compare<6>(sum(all | of(row::blank), row::hex_shift), of(floor));
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits space() const noexcept { return compare<0>(found(row::spaces), all); }
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits structure() const noexcept { return compare<0>(found(row::structure), all | of(row::blank)); }
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits control() const noexcept {
    const chars least = reinterpret_cast<chars>(of(row::blank));
    return static_cast<byte_bits>(__builtin_ia32_ucmpb512_mask(reinterpret_cast<chars>(all), least, 1, ~0ull));
  }
  template <int Bit>
  [[nodiscard]] LAKE_DETAIL_AVX512 byte_bits bit() const noexcept {
    if constexpr (Bit == 7) return static_cast<byte_bits>(__builtin_ia32_cvtb2mask512(reinterpret_cast<chars>(all)));
    return compare<4>(all & (bytes{} + static_cast<signed char>(1 << Bit)), bytes{});
  }

  [[nodiscard]] LAKE_DETAIL_AVX512 static byte_bits inside(byte_bits quotes) noexcept { return avx2_lanes::inside(quotes); }
  [[nodiscard]] LAKE_DETAIL_AVX512 static byte_bits squeeze(byte_bits some, byte_bits mask) noexcept {
    return avx2_lanes::squeeze(some, mask);
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 static std::size_t count(byte_bits some) noexcept { return avx2_lanes::count(some); }
  [[nodiscard]] LAKE_DETAIL_AVX512 static mixed_bytes mix(const char* at, std::size_t size, std::size_t left) noexcept {
    return avx2_lanes::mix(at, size, left);
  }

 private:
  [[nodiscard]] LAKE_DETAIL_AVX512 bytes of(row which) const noexcept {
    bytes out;
    std::memcpy(&out, patterns->bytes[which], sizeof out);
    return out;
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 bytes sum(bytes some, row which) const noexcept {
    return reinterpret_cast<bytes>(reinterpret_cast<naturals>(some) + reinterpret_cast<naturals>(of(which)));
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 bytes found(row which) const noexcept {
    const chars table = reinterpret_cast<chars>(of(which));
    const chars some = reinterpret_cast<chars>(all);
#if defined(__clang__)
    return reinterpret_cast<bytes>(__builtin_ia32_pshufb512(table, some));
#else
    return reinterpret_cast<bytes>(__builtin_ia32_pshufb512_mask(table, some, chars{}, ~0ull));
#endif
  }
  template <int How>
  [[nodiscard]] LAKE_DETAIL_AVX512 static byte_bits compare(bytes left, bytes right) noexcept {
    return static_cast<byte_bits>(__builtin_ia32_cmpb512_mask(reinterpret_cast<chars>(left), reinterpret_cast<chars>(right), How, ~0ull));
  }
};
#undef LAKE_DETAIL_AVX2
#undef LAKE_DETAIL_AVX512
#endif

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_BLOCKS_HPP
