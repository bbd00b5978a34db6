// Where a JSON value ends, found without looking at what it says: 64 bytes at a time, quotes, backslashes and brackets only.
// Knows no delta. Trusts nothing: a text that is no JSON gives an end inside the text, or none. Format: RFC 8259.
#ifndef LAKE_MERGE_SKIP_HPP
#define LAKE_MERGE_SKIP_HPP

#include <lake/config.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/simd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// A block of 64 bytes, one kind per level of vector instructions. `equal(c)`: the bytes that are `c`, one bit each, the first
/// lowest. `folded(c)`: the bytes that are `c` but for bit 5, as the two kinds of brackets are. `inside`: every bit from a set
/// bit up to the next set one, so what lies between quotes. `count`: the set bits. `may_escape`: true if there is a quote with a
/// backslash before it; the byte before the block is looked at too.
///
/// Blocks for wider instructions carry a target attribute and must only be used inside functions that carry it too.
struct portable_block {
  const char* at;

  [[nodiscard]] std::uint64_t equal(char c) const noexcept { return match(c, 0); }
  [[nodiscard]] std::uint64_t folded(char c) const noexcept { return match(c, 0x20); }
  [[nodiscard]] bool may_escape() const noexcept { return (equal('"') & portable_block{at - 1}.equal('\\')) != 0; }
  /// Step by step, because a compiler keeps a loop of six steps, and its branches cost more than a carry-less multiplication saves.
  [[nodiscard]] static std::uint64_t inside(std::uint64_t quotes) noexcept {
    quotes ^= quotes << 1;
    quotes ^= quotes << 2;
    quotes ^= quotes << 4;
    quotes ^= quotes << 8;
    quotes ^= quotes << 16;
    return quotes ^ (quotes << 32);
  }
  [[nodiscard]] static std::size_t count(std::uint64_t bits) noexcept {
    bits -= (bits >> 1) & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + ((bits >> 2) & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return static_cast<std::size_t>((bits * 0x0101010101010101u) >> 56);
  }

 private:
  [[nodiscard]] std::uint64_t match(char c, unsigned char fold) const noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t low = 0x7F7F7F7F7F7F7F7Fu;
    std::uint64_t found = 0;
    for (unsigned word = 0; word < 8; ++word) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, at + word * 8, sizeof bytes);
      if constexpr (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) bytes = __builtin_bswap64(bytes);
      bytes = (bytes | (ones * fold)) ^ (ones * static_cast<unsigned char>(c));
      const std::uint64_t zeros = ~(((bytes & low) + low) | bytes | low);  // 0x80 where the byte is the one looked for.
      found |= ((zeros >> 7) * 0x0102040810204080u >> 56) << (word * 8);
    }
    return found;
  }
};

#if defined(__x86_64__) && defined(__GNUC__)
#define LAKE_DETAIL_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))
#define LAKE_DETAIL_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,popcnt,pclmul")))

struct sse2_block {
  using bytes = char __attribute__((vector_size(16)));
  const char* at;

  [[nodiscard]] std::uint64_t equal(char c) const noexcept { return match(c, 0); }
  [[nodiscard]] std::uint64_t folded(char c) const noexcept { return match(c, 0x20); }
  [[nodiscard]] bool may_escape() const noexcept {
    return __builtin_ia32_pmovmskb128((escaping<0>() | escaping<1>()) | (escaping<2>() | escaping<3>())) != 0;
  }
  [[nodiscard]] static std::uint64_t inside(std::uint64_t quotes) noexcept { return portable_block::inside(quotes); }
  [[nodiscard]] static std::size_t count(std::uint64_t bits) noexcept {
#if defined(__POPCNT__)
    return static_cast<std::size_t>(__builtin_popcountll(bits));
#else
    return portable_block::count(bits);
#endif
  }

 private:
  [[nodiscard]] static bytes load(const char* from) noexcept {
    bytes some;
    std::memcpy(&some, from, sizeof some);
    return some;
  }
  template <unsigned Part>
  [[nodiscard]] bytes escaping() const noexcept {
    const bytes quotes = static_cast<bytes>(load(at + Part * 16) == (bytes{} + '"'));
    return quotes & static_cast<bytes>(load(at + Part * 16 - 1) == (bytes{} + '\\'));
  }
  template <unsigned Part>
  [[nodiscard]] std::uint64_t part(bytes wanted, bytes fold) const noexcept {
    const auto found = static_cast<bytes>((load(at + Part * 16) | fold) == wanted);
    return std::uint64_t{static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(found))} << (Part * 16);
  }
  [[nodiscard]] std::uint64_t match(char c, char fold) const noexcept {
    const bytes wanted = bytes{} + c;
    const bytes folding = bytes{} + fold;
    return part<0>(wanted, folding) | part<1>(wanted, folding) | part<2>(wanted, folding) | part<3>(wanted, folding);
  }
};

struct avx2_block {
  using bytes = char __attribute__((vector_size(32)));
  const char* at;

  [[nodiscard]] LAKE_DETAIL_AVX2 std::uint64_t equal(char c) const noexcept { return match(c, 0); }
  [[nodiscard]] LAKE_DETAIL_AVX2 std::uint64_t folded(char c) const noexcept { return match(c, 0x20); }
  [[nodiscard]] LAKE_DETAIL_AVX2 bool may_escape() const noexcept {
    bytes first, second, before_first, before_second;
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&second, at + 32, sizeof second);
    std::memcpy(&before_first, at - 1, sizeof first);
    std::memcpy(&before_second, at + 31, sizeof second);
    const bytes quote = bytes{} + '"';
    const bytes backslash = bytes{} + '\\';
    const bytes low = static_cast<bytes>(first == quote) & static_cast<bytes>(before_first == backslash);
    const bytes high = static_cast<bytes>(second == quote) & static_cast<bytes>(before_second == backslash);
    return __builtin_ia32_pmovmskb256(low | high) != 0;
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 static std::uint64_t inside(std::uint64_t quotes) noexcept {
    using pair = long long __attribute__((vector_size(16)));
    return static_cast<std::uint64_t>(__builtin_ia32_pclmulqdq128(pair{static_cast<long long>(quotes), 0}, pair{-1, 0}, 0)[0]);
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 static std::size_t count(std::uint64_t bits) noexcept { return static_cast<std::size_t>(__builtin_popcountll(bits)); }

 private:
  [[nodiscard]] LAKE_DETAIL_AVX2 std::uint64_t match(char c, char fold) const noexcept {
    bytes first, second;
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&second, at + 32, sizeof second);
    const bytes wanted = bytes{} + c;
    const bytes folding = bytes{} + fold;
    const auto low = static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(static_cast<bytes>((first | folding) == wanted)));
    const auto high = static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(static_cast<bytes>((second | folding) == wanted)));
    return low | (std::uint64_t{high} << 32);
  }
};

struct avx512_block {
  using bytes = char __attribute__((vector_size(64)));
  const char* at;

  [[nodiscard]] LAKE_DETAIL_AVX512 std::uint64_t equal(char c) const noexcept { return match(c, 0); }
  [[nodiscard]] LAKE_DETAIL_AVX512 std::uint64_t folded(char c) const noexcept { return match(c, 0x20); }
  [[nodiscard]] LAKE_DETAIL_AVX512 bool may_escape() const noexcept {
    return (equal('"') & avx512_block{at - 1}.equal('\\')) != 0;
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 static std::uint64_t inside(std::uint64_t quotes) noexcept { return avx2_block::inside(quotes); }
  [[nodiscard]] LAKE_DETAIL_AVX512 static std::size_t count(std::uint64_t bits) noexcept { return static_cast<std::size_t>(__builtin_popcountll(bits)); }

 private:
  [[nodiscard]] LAKE_DETAIL_AVX512 std::uint64_t match(char c, char fold) const noexcept {
    bytes all;
    std::memcpy(&all, at, sizeof all);
    return static_cast<std::uint64_t>(__builtin_ia32_cmpb512_mask(all | (bytes{} + fold), bytes{} + c, 0, ~0ull));
  }
};
#endif

/// The quotes of one block after another that begin or end a string: those that no backslash escapes.
struct quote_filter {
  std::uint64_t escaped_first = 0;  ///< 1 if the block's first byte is escaped by the block before.

  /// A byte is escaped if the run of backslashes before it is odd. A run that begins at an even place and ends before an odd
  /// one is odd, and the other way round; adding its first bit to a run carries to the place behind it.
  [[nodiscard]] std::uint64_t operator()(std::uint64_t quotes, std::uint64_t backslashes) noexcept {
    if ((backslashes | escaped_first) == 0) return quotes;
    if ((backslashes & (backslashes << 1 | escaped_first)) == 0) {  // Each stands alone.
      const std::uint64_t escaped = backslashes << 1 | escaped_first;
      escaped_first = backslashes >> 63;
      return quotes & ~escaped;
    }
    constexpr std::uint64_t even = 0x5555555555555555u;
    quotes &= ~escaped_first;
    backslashes &= ~escaped_first;
    const std::uint64_t starts = backslashes & ~(backslashes << 1);
    std::uint64_t behind_odd = 0;
    escaped_first = __builtin_add_overflow(backslashes, starts & ~even, &behind_odd) ? 1 : 0;
    const std::uint64_t behind_even = backslashes + (starts & even);
    return quotes & ~(((behind_even & ~even) | (behind_odd & even)) & ~backslashes);
  }
};

/// A block of text: where it lies, or a copy filled up with zeros if fewer than 64 bytes are left.
struct padded_block {
  char bytes[64];
  [[nodiscard]] const char* of(const char* at, std::size_t left) noexcept {
    if (left >= sizeof bytes) return at;
    std::memset(bytes, 0, sizeof bytes);
    std::memcpy(bytes, at, left);
    return bytes;
  }
};

/// What is known of the container that is being skipped. `peak` is an upper bound of the containers open at once.
struct container_end {
  const char* at;  ///< One past the closing bracket; null if the text ends first.
  std::size_t peak;
};

/// True if the run of backslashes before `at` is odd: the byte there is escaped.
template <class Block>
[[nodiscard]] __attribute__((always_inline)) inline bool is_escaped(const char* begin, const char* at) noexcept {
  if (at == begin || at[-1] != '\\') return false;
  if (at - 1 == begin || at[-2] != '\\') return true;
  const char* run = at;
  while (run - begin >= 64 && Block{run - 64}.equal('\\') == ~std::uint64_t{0}) run -= 64;
  while (run != begin && run[-1] == '\\') --run;
  return ((at - run) & 1) != 0;
}

/// The quotes of a block that begin or end a string, exactly. `at`: where the block begins in the text, which begins at `begin`.
/// Backslashes at the end of the block before are looked for backwards: only a block whose quotes they may escape needs them, so
/// each is seen twice at most.
template <class Block>
[[nodiscard]] __attribute__((always_inline)) inline std::uint64_t exact_quotes(const Block& block, const char* begin, const char* at) noexcept {
  quote_filter real{is_escaped<Block>(begin, at) ? std::uint64_t{1} : 0};
  return real(block.equal('"'), block.equal('\\'));
}

/// Of a block's brackets outside strings, the bytes before the one that closes the outermost of `depth` open containers; all bytes if
/// none does.
template <class Block>
[[nodiscard]] __attribute__((always_inline)) inline std::uint64_t bytes_before_end(std::uint64_t opens, std::uint64_t closes,
                                                                                   std::size_t depth) noexcept {
  for (std::uint64_t bits = closes; bits != 0; bits &= bits - 1, --depth) {
    const std::uint64_t below = (bits & (0 - bits)) - 1;
    if (depth + Block::count(opens & below) == 1) return below;
  }
  return ~std::uint64_t{0};
}

/// A search for the end of a container, between two blocks.
template <class Block>
struct container_search {
  std::uint64_t outside = ~std::uint64_t{0};  ///< All bits if the next block begins outside a string, or none.
  std::size_t depth = 1;
  std::size_t peak = 1;

  /// How many bytes of the block belong to the container if it ends there, else 0. Brackets are only counted; of `{]` they make a
  /// container, which is for the validator to refuse.
  [[nodiscard]] __attribute__((always_inline)) std::size_t end_in(const Block& block, std::uint64_t quotes) noexcept {
    const std::uint64_t bare = Block::inside(quotes) ^ outside;
    outside = 0 - (bare >> 63);
    const std::uint64_t opens = block.folded('{') & bare;
    const std::uint64_t closes = block.folded('}') & bare;
    const std::size_t closed = Block::count(closes);
    const std::size_t before = depth;
    depth += Block::count(opens);
    if (depth > peak) peak = depth;
    depth -= closed;
    if (closed < before) [[likely]] return 0;
    const std::uint64_t within = bytes_before_end<Block>(opens, closes, before);
    return ~within != 0 ? Block::count(within) + 1 : 0;
  }
};

/// The core of skip_container.
template <class Block>
[[nodiscard]] __attribute__((always_inline)) inline container_end end_of_container(const char* at, const char* end) noexcept {
  container_search<Block> search;
  const char* const begin = ++at;
  for (; end - at >= 64; at += 64) {
    const Block block{at};
    std::uint64_t quotes = block.equal('"');
    if (block.may_escape()) [[unlikely]] quotes = exact_quotes(block, begin, at);
    if (const std::size_t size = search.end_in(block, quotes); size != 0) return {at + size, search.peak};
  }
  if (at >= end) return {nullptr, search.peak};
  padded_block rest;
  const Block block{rest.of(at, static_cast<std::size_t>(end - at))};
  const std::size_t size = search.end_in(block, exact_quotes(block, begin, at));
  return {size == 0 ? nullptr : at + size, search.peak};
}

/// The core of skip_string: `at` is behind the opening quote.
template <class Block>
[[nodiscard]] __attribute__((always_inline)) inline const char* end_of_string(const char* at, const char* end) noexcept {
  padded_block rest;
  for (const char* const begin = at; at < end; at += 64) {
    const Block block{rest.of(at, static_cast<std::size_t>(end - at))};
    if (block.equal('"') == 0) continue;
    const std::uint64_t quotes = exact_quotes(block, begin, at);
    if (quotes != 0) return at + Block::count((quotes & (0 - quotes)) - 1) + 1;
  }
  return nullptr;
}

/// The searches for one level of vector instructions.
struct skipper {
  container_end (*container)(const char* at, const char* end) noexcept;  ///< `at`: the opening bracket, a byte that does not matter.
  const char* (*string)(const char* at, const char* end) noexcept;       ///< `at`: behind the opening quote. One past the closing one, or null.

  // The containers' loops begin at a line of the cache: elsewhere the processor fetches them up to an eighth slower.
  template <class Block>
  [[nodiscard]] __attribute__((flatten, aligned(64))) static container_end plain_container(const char* at, const char* end) noexcept { return end_of_container<Block>(at, end); }
  template <class Block>
  [[nodiscard]] static const char* plain_string(const char* at, const char* end) noexcept { return end_of_string<Block>(at, end); }
#if defined(__x86_64__) && defined(__GNUC__)
  // Flattened, so that the blocks' functions, which have the same target, become part of the loops.
  [[nodiscard]] LAKE_DETAIL_AVX2 __attribute__((flatten, aligned(64))) static container_end avx2_container(const char* at, const char* end) noexcept {
    return end_of_container<avx2_block>(at, end);
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 __attribute__((flatten)) static const char* avx2_string(const char* at, const char* end) noexcept {
    return end_of_string<avx2_block>(at, end);
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 __attribute__((flatten, aligned(64))) static container_end avx512_container(const char* at, const char* end) noexcept {
    return end_of_container<avx512_block>(at, end);
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 __attribute__((flatten)) static const char* avx512_string(const char* at, const char* end) noexcept {
    return end_of_string<avx512_block>(at, end);
  }
#endif

  /// The searches for `level`, which the machine must have.
  [[nodiscard]] static const skipper& of(simd level) noexcept {
    static constexpr skipper portable{&plain_container<portable_block>, &plain_string<portable_block>};
#if defined(__x86_64__) && defined(__GNUC__)
    static constexpr skipper sse2{&plain_container<sse2_block>, &plain_string<sse2_block>};
    static constexpr skipper avx2{&avx2_container, &avx2_string};
    static constexpr skipper avx512{&avx512_container, &avx512_string};
    switch (level) {
      case simd::sse2: return sse2;
      case simd::avx2: return avx2;
      case simd::avx512: return avx512;
      case simd::portable: break;
    }
#else
    static_cast<void>(level);
#endif
    return portable;
  }
};

#if defined(__x86_64__) && defined(__GNUC__)
#undef LAKE_DETAIL_AVX2
#undef LAKE_DETAIL_AVX512
#endif

/// One past the closing quote of the string whose opening quote is at `at`; npos if the text ends first.
[[nodiscard]] inline std::size_t skip_string(std::string_view input, std::size_t at, simd level = widest_simd()) noexcept {
  const char* const end = skipper::of(level).string(input.data() + at + 1, input.data() + input.size());
  return end == nullptr ? npos : static_cast<std::size_t>(end - input.data());
}

/// One past the value that begins at `at`; npos if the text ends first. No recursion; what is inside a container is not checked.
/// Complexity: linear, 64 bytes at a time.
[[nodiscard]] inline std::size_t skip_value(std::string_view input, std::size_t at, simd level = widest_simd()) noexcept {
  if (at >= input.size()) return npos;
  if (input[at] == '"') return skip_string(input, at, level);
  if (input[at] != '{' && input[at] != '[') return word_end(input, at);
  const char* const end = skipper::of(level).container(input.data() + at, input.data() + input.size()).at;
  return end == nullptr ? npos : static_cast<std::size_t>(end - input.data());
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_SKIP_HPP
