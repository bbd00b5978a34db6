// Searches an object for a few names without visiting its other members, at the speed of the skipper: 64 bytes at a time. Knows the
// places below a place, but no delta. Trusts nothing: a text that is no JSON gives a place inside it, or none. Format: RFC 8259.
//
// Only blocks that have bytes of the object itself are looked at closer, and there only strings that end as one of the names does,
// in its last two bytes. Escapes in such a block end the search: a key may be written with them.
#ifndef LAKE_MERGE_SPARSE_SEEK_HPP
#define LAKE_MERGE_SPARSE_SEEK_HPP

#include <lake/config.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/simd.hpp>
#include <lake/merge/skip.hpp>
#include <lake/merge/sparse/model.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// The places that a search is for: from one up to `most`, none with an empty name.
struct sought_places {
  static constexpr std::size_t most = 4;

  std::size_t count = 0;
  node* places[most] = {};

  [[nodiscard]] char last(std::size_t i) const noexcept { return places[i < count ? i : 0]->name.back(); }
  /// The byte before the last one: of a name of one byte the opening quote.
  [[nodiscard]] char before_last(std::size_t i) const noexcept {
    const std::string_view name = places[i < count ? i : 0]->name;
    return name.size() > 1 ? name[name.size() - 2] : '"';
  }
};

/// Where a search stopped.
struct sought {
  enum outcome : std::uint8_t {
    alike,    ///< `at` is the closing quote of a string of the object itself that ends as one of the names does.
    end,      ///< There is none up to the end of the object; `at` is behind its bracket.
    escapes,  ///< The object itself has escapes here: its keys must be read.
    broken,   ///< The text ends first.
  };
  outcome what;
  const char* at;
  std::size_t peak;       ///< Upper bound of the containers open at once in what was passed over, the object included.
  node* found = nullptr;  ///< The place, once the string has proved to be a key that names it.
};

/// A search for one level of vector instructions. `begin` is in an object, outside its strings and values; at least two bytes of the
/// object are before it.
using seeker = sought (*)(const sought_places& all, const char* begin, const char* end) noexcept;

/// The places below another, of which there are but a few, by their names.
[[nodiscard]] inline node* find_among_few(const node& parent, std::string_view name) noexcept {
  for (node* child = parent.children; child != nullptr; child = child->sibling) {
    if (child->name == name) return child;
  }
  return nullptr;
}

/// The brackets of a block outside strings, and the containers open before it.
template <class Block>
struct block_brackets {
  std::uint64_t opens;
  std::uint64_t closes;
  std::size_t depth;

  /// The first of some bytes that is in the outermost container and in none inside it, as one bit; 0 if there is none.
  [[nodiscard]] __attribute__((always_inline)) std::uint64_t first_outside(std::uint64_t bits) const noexcept {
    for (; bits != 0; bits &= bits - 1) {
      const std::uint64_t below = (bits & (0 - bits)) - 1;
      if (depth + Block::count(opens & below) == 1 + Block::count(closes & below)) break;
    }
    return bits & (0 - bits);
  }
};

/// A block of text with the two bytes before it: where it lies, or a copy filled up with zeros if fewer than 64 bytes are left.
struct padded_part {
  char bytes[66];
  [[nodiscard]] const char* of(const char* at, std::size_t left) noexcept {
    if (left >= 64) return at;
    std::memset(bytes, 0, sizeof bytes);
    std::memcpy(bytes, at - 2, left + 2);
    return bytes + 2;
  }
};

/// The core of a seeker. `Ends`: of a block, the bytes with the last two bytes of one of the names before them.
template <class Block, class Ends>
[[nodiscard]] __attribute__((always_inline)) inline sought seek_in(const sought_places& all, const char* begin, const char* end) noexcept {
  const Ends ends(all);
  padded_part rest;
  quote_filter real;
  std::uint64_t in_string = 0;
  std::size_t depth = 1;
  std::size_t peak = 1;
  for (const char* at = begin; at < end; at += 64) {
    const char* const bytes = rest.of(at, static_cast<std::size_t>(end - at));
    const Block block{bytes};
    const std::uint64_t backslashes = block.equal('\\');
    const std::uint64_t quotes = real(block.equal('"'), backslashes);
    const std::uint64_t strings = Block::inside(quotes) ^ in_string;
    in_string = 0 - (strings >> 63);
    const block_brackets<Block> brackets{block.folded('{') & ~strings, block.folded('}') & ~strings, depth};
    const std::size_t opened = Block::count(brackets.opens);
    const std::size_t closed = Block::count(brackets.closes);
    if (depth + opened > peak) peak = depth + opened;
    if (closed + 1 >= depth) {  // Else no byte of the block is in the object itself.
      const std::uint64_t within = closed >= depth ? bytes_before_end<Block>(brackets.opens, brackets.closes, depth) : ~std::uint64_t{0};
      if (backslashes != 0 && brackets.first_outside(backslashes & within) != 0) return {sought::escapes, begin, peak};
      if (const std::uint64_t alike = ends(bytes) & quotes & ~strings & within; alike != 0) {
        if (const std::uint64_t first = brackets.first_outside(alike); first != 0) return {sought::alike, at + Block::count(first - 1), peak};
      }
      if (~within != 0) return {sought::end, at + Block::count(within) + 1, peak};
    }
    depth += opened;
    depth -= closed;
  }
  return {sought::broken, nullptr, peak};
}

#if defined(__x86_64__) && defined(__GNUC__)
#define LAKE_DETAIL_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))
#define LAKE_DETAIL_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,popcnt,pclmul")))

template <std::size_t Count>
struct sse2_ends {
  using bytes = char __attribute__((vector_size(16)));
  bytes last[Count], before[Count];

  explicit sse2_ends(const sought_places& all) noexcept {
    for (std::size_t i = 0; i < Count; ++i) {
      last[i] = bytes{} + all.last(i);
      before[i] = bytes{} + all.before_last(i);
    }
  }
  [[nodiscard]] std::uint64_t operator()(const char* at) const noexcept { return part<0>(at) | part<1>(at) | part<2>(at) | part<3>(at); }

 private:
  template <unsigned Part>
  [[nodiscard]] std::uint64_t part(const char* at) const noexcept {
    bytes one, two;
    std::memcpy(&one, at + Part * 16 - 1, sizeof one);
    std::memcpy(&two, at + Part * 16 - 2, sizeof two);
    auto found = (one == last[0]) & (two == before[0]);
    for (std::size_t i = 1; i < Count; ++i) found |= (one == last[i]) & (two == before[i]);
    return std::uint64_t{static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(bytes(found)))} << (Part * 16);
  }
};

template <std::size_t Count>
struct avx2_ends {
  using bytes = char __attribute__((vector_size(32)));
  bytes last[Count], before[Count];

  LAKE_DETAIL_AVX2 explicit avx2_ends(const sought_places& all) noexcept {
    for (std::size_t i = 0; i < Count; ++i) {
      last[i] = bytes{} + all.last(i);
      before[i] = bytes{} + all.before_last(i);
    }
  }
  [[nodiscard]] LAKE_DETAIL_AVX2 std::uint64_t operator()(const char* at) const noexcept {
    return part(at) | (std::uint64_t{part(at + 32)} << 32);
  }

 private:
  [[nodiscard]] LAKE_DETAIL_AVX2 std::uint32_t part(const char* at) const noexcept {
    bytes one, two;
    std::memcpy(&one, at - 1, sizeof one);
    std::memcpy(&two, at - 2, sizeof two);
    auto found = (one == last[0]) & (two == before[0]);
    for (std::size_t i = 1; i < Count; ++i) found |= (one == last[i]) & (two == before[i]);
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(bytes(found)));
  }
};

template <std::size_t Count>
struct avx512_ends {
  using bytes = char __attribute__((vector_size(64)));
  bytes last[Count], before[Count];

  LAKE_DETAIL_AVX512 explicit avx512_ends(const sought_places& all) noexcept {
    for (std::size_t i = 0; i < Count; ++i) {
      last[i] = bytes{} + all.last(i);
      before[i] = bytes{} + all.before_last(i);
    }
  }
  [[nodiscard]] LAKE_DETAIL_AVX512 std::uint64_t operator()(const char* at) const noexcept {
    bytes one, two;
    std::memcpy(&one, at - 1, sizeof one);
    std::memcpy(&two, at - 2, sizeof two);
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < Count; ++i) {
      found |= static_cast<std::uint64_t>(__builtin_ia32_cmpb512_mask(two, before[i], 0, __builtin_ia32_cmpb512_mask(one, last[i], 0, ~0ull)));
    }
    return found;
  }
};

template <std::size_t Count>
[[nodiscard]] sought sse2_seek(const sought_places& all, const char* begin, const char* end) noexcept {
  return seek_in<sse2_block, sse2_ends<Count>>(all, begin, end);
}
// Flattened, so that the blocks' functions, which have the same target, become part of the loops.
template <std::size_t Count>
[[nodiscard]] LAKE_DETAIL_AVX2 __attribute__((flatten)) sought avx2_seek(const sought_places& all, const char* begin, const char* end) noexcept {
  return seek_in<avx2_block, avx2_ends<Count>>(all, begin, end);
}
template <std::size_t Count>
[[nodiscard]] LAKE_DETAIL_AVX512 __attribute__((flatten)) sought avx512_seek(const sought_places& all, const char* begin, const char* end) noexcept {
  return seek_in<avx512_block, avx512_ends<Count>>(all, begin, end);
}

#undef LAKE_DETAIL_AVX2
#undef LAKE_DETAIL_AVX512
#endif

/// A search for the members that the places below one name, with the vector instructions of a skipper. Views the places.
class name_search {
 public:
  name_search(const node& at, const skipper& skip) noexcept {
    for (node* child = at.children; child != nullptr; child = child->sibling) {
      if (child->name.empty() || all_.count == sought_places::most) return;
      all_.places[all_.count++] = child;
    }
    seek_ = seeker_beside(skip, all_.count);
  }

  /// Goes from `begin`, which is as for a seeker, to the next key that names one of the places, at its opening quote (`alike`);
  /// or as a seeker.
  [[nodiscard]] sought operator()(const char* begin, const char* end) const noexcept {
    std::size_t peak = 1;
    if (seek_ == nullptr) return {sought::escapes, begin, peak};
    const char* at = begin;
    // Where names alike are so close to each other that stopping at them costs more than it saves, the walk is better.
    for (std::ptrdiff_t misses = 0; misses < least_misses || at - begin >= misses * bytes_a_miss; ++misses) {
      sought stop = seek_(all_, at, end);
      stop.peak = peak = (std::max)(peak, stop.peak);
      if (stop.what != sought::alike || is_key(stop, begin, end)) return stop;
      at = stop.at + 1;
    }
    return {sought::escapes, begin, peak};
  }

 private:
  static constexpr std::ptrdiff_t least_misses = 16;
  static constexpr std::ptrdiff_t bytes_a_miss = 128;

  /// True if the string whose closing quote is at `stop` is a key that names a place: goes back to its opening quote.
  [[nodiscard]] bool is_key(sought& stop, const char* begin, const char* end) const noexcept {
    const char* behind = stop.at + 1;
    while (behind < end && is_space(*behind)) ++behind;
    if (behind == end || *behind != ':') return false;
    for (std::size_t i = 0; i < all_.count; ++i) {
      const std::string_view name = all_.places[i]->name;
      if (static_cast<std::size_t>(stop.at - begin) <= name.size()) continue;
      const char* const quote = stop.at - name.size() - 1;
      if (*quote != '"' || std::memcmp(quote + 1, name.data(), name.size()) != 0) continue;
      stop.at = quote;
      stop.found = all_.places[i];
      return true;
    }
    return false;
  }
  /// Null where walking is as fast.
  [[nodiscard]] static seeker seeker_beside(const skipper& skip, std::size_t count) noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
    if (count == 0 || &skip == &skipper::of(simd::portable)) return nullptr;
    static constexpr seeker sse2[]{&sse2_seek<1>, &sse2_seek<2>, &sse2_seek<4>};
    static constexpr seeker avx2[]{&avx2_seek<1>, &avx2_seek<2>, &avx2_seek<4>};
    static constexpr seeker avx512[]{&avx512_seek<1>, &avx512_seek<2>, &avx512_seek<4>};
    return (&skip == &skipper::of(simd::avx512) ? avx512 : &skip == &skipper::of(simd::avx2) ? avx2 : sse2)[count < 3 ? count - 1 : 2];
#else
    static_cast<void>(skip);
    static_cast<void>(count);
    return nullptr;
#endif
  }

  sought_places all_ = {};
  seeker seek_ = nullptr;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_SEEK_HPP
