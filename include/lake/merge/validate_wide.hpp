// The check of JSON text by vector instructions: yes, or "ask the plain check". Knows no reasons and no offsets.
// Stages over 64-byte blocks: what the bytes are, strings, numbers and words, tokens and brackets, each logic on bits in words.
#ifndef LAKE_MERGE_VALIDATE_WIDE_HPP
#define LAKE_MERGE_VALIDATE_WIDE_HPP

#include <lake/config.hpp>
#include <lake/merge/simd.hpp>
#include <lake/merge/validate_blocks.hpp>
#include <lake/merge/validate_keys.hpp>
#include <lake/merge/validate_scalars.hpp>
#include <lake/merge/validate_strings.hpp>
#include <lake/merge/validate_tokens.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// What a check refuses besides what is no JSON.
enum class strictness {
  grammar,  ///< Nothing.
  strict,   ///< What is not UTF-8, control bytes in strings, surrogates without the other half, numbers beyond a double.
  unique,   ///< Equal keys in one object too.
};

/// Texts below this length the plain check reads faster.
inline constexpr std::size_t least_wide_bytes = 32;

#if defined(__x86_64__) && defined(__GNUC__)

/// The core of the check. True if `input`, of at least `least_wide_bytes` bytes, passes; false asks for the plain check.
template <class Level, strictness How>
[[nodiscard, gnu::always_inline]] inline bool passes(std::string_view input, nesting_state& nesting) {
  constexpr bool strict = How != strictness::grammar;
  constexpr bool unique = How == strictness::unique;
  using strings = string_stage<Level, strict>;
  using scalars = scalar_stage<Level, strict>;
  using tokens = token_stage<typename Level::lanes, unique>;
  struct nothing {};
  block_window window;
  string_state in_strings;
  scalar_state in_scalars;
  token_state in_tokens;
  std::conditional_t<unique, key_state, nothing> in_keys;
  key_state* keys = nullptr;
  for (window.open_at(0, input); window.blocks != 0; window.open_at(window.at + 64 * block_window::most, input)) {
    strings::classify(window);
    byte_bits faults = strings::divide(window, in_strings);
    faults |= scalars::collect(window, in_scalars);
    tokens::collect(window, in_tokens);
    faults |= scalars::check(window, in_scalars);
    if ((faults | in_strings.faults | in_scalars.faults) != 0) return false;
    if (strict && (in_scalars.long_numbers | in_scalars.in_long) && scalars::check_long(window, in_scalars) != 0) return false;
    if constexpr (unique) {
      if (key_stage<typename Level::lanes>::collect(window, in_keys) != 0) return false;
      keys = &in_keys;
    }
    if (tokens::check(window, in_tokens, nesting, keys) != 0) return false;
  }
  const byte_bits open = in_strings.in_string | in_strings.escape_pending | in_strings.utf8_pending | in_scalars.scalar;
  return open == 0 && nesting.depth == 0;
}

#define LAKE_DETAIL_AVX2 gnu::target("avx2,bmi,bmi2,popcnt,pclmul"), gnu::flatten
#define LAKE_DETAIL_AVX512 gnu::target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,popcnt,pclmul"), gnu::flatten

/// The check on a machine with AVX2. Flattened, so that the lanes' functions, which have the same target, become part of it.
/// The rare checks are functions of their own: in the loop they would take the registers.
struct avx2_level {
  template <strictness How>
  [[nodiscard, LAKE_DETAIL_AVX2]] static bool passes(std::string_view input, nesting_state& nesting) {
    return detail::passes<of<How>, How>(input, nesting);
  }

  template <strictness How>
  struct of {
    using lanes = avx2_lanes;
    [[nodiscard, gnu::noinline, LAKE_DETAIL_AVX2]] static byte_bits escapes(const block_window& window, std::size_t number,
                                                                            string_state& state) {
      lanes block;
      window.load(number, block);
      return check_escapes<lanes, How != strictness::grammar>(block, window.bits[number].backslash, state);
    }
    [[gnu::noinline, LAKE_DETAIL_AVX2]] static void utf8(const block_window& window, std::size_t number, string_state& state) {
      lanes block;
      window.load(number, block);
      check_utf8(block, window.bits[number].high, state);
    }
    [[nodiscard, gnu::noinline, LAKE_DETAIL_AVX2]] static byte_bits exponents(const block_window& window, std::size_t number,
                                                                              const number_bytes& in, scalar_state& state) {
      lanes block;
      window.load(number, block);
      return check_exponents<lanes, How != strictness::grammar>(block, in, {window.input, window.size}, window.at + 64 * number, state);
    }
  };
};

/// The same with AVX-512.
struct avx512_level {
  template <strictness How>
  [[nodiscard, LAKE_DETAIL_AVX512]] static bool passes(std::string_view input, nesting_state& nesting) {
    return detail::passes<of<How>, How>(input, nesting);
  }

  template <strictness How>
  struct of {
    using lanes = avx512_lanes;
    [[nodiscard, gnu::noinline, LAKE_DETAIL_AVX512]] static byte_bits escapes(const block_window& window, std::size_t number,
                                                                              string_state& state) {
      lanes block;
      window.load(number, block);
      return check_escapes<lanes, How != strictness::grammar>(block, window.bits[number].backslash, state);
    }
    [[gnu::noinline, LAKE_DETAIL_AVX512]] static void utf8(const block_window& window, std::size_t number, string_state& state) {
      lanes block;
      window.load(number, block);
      check_utf8(block, window.bits[number].high, state);
    }
    [[nodiscard, gnu::noinline, LAKE_DETAIL_AVX512]] static byte_bits exponents(const block_window& window, std::size_t number,
                                                                                const number_bytes& in, scalar_state& state) {
      lanes block;
      window.load(number, block);
      return check_exponents<lanes, How != strictness::grammar>(block, in, {window.input, window.size}, window.at + 64 * number, state);
    }
  };
};
#undef LAKE_DETAIL_AVX2
#undef LAKE_DETAIL_AVX512
#endif

/// True if the wide check of `level` passes `input`; its height is in `height`. False if it must be asked of the plain check.
template <strictness How>
[[nodiscard]] inline bool passes_wide(std::string_view input, std::size_t max_depth, simd level, std::size_t& height) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (level < simd::avx2 || input.size() < least_wide_bytes) return false;
  nesting_state nesting{max_depth};
  const bool out = level == simd::avx2 ? avx2_level::passes<How>(input, nesting) : avx512_level::passes<How>(input, nesting);
  height = nesting.height;
  return out;
#else
  static_cast<void>(input), static_cast<void>(max_depth), static_cast<void>(level), static_cast<void>(height);
  return false;
#endif
}

/// The level at which this machine checks fastest: the widest, but for the first machines with BMI2, whose PEXT takes a step
/// for each bit. Complexity: the machine is asked once, then one load.
[[nodiscard]] inline simd quickest_check() noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
  static const simd level = [] {
    const bool slow_pext = __builtin_cpu_is("znver1") || __builtin_cpu_is("znver2") || __builtin_cpu_is("bdver4");
    return slow_pext ? simd::sse2 : widest_simd();
  }();
  return level;
#else
  return widest_simd();
#endif
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_WIDE_HPP
