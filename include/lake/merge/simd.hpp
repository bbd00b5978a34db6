// Which vector instructions this machine has: asked once, so that one binary runs everywhere and fast where it can.
// Knows no JSON. Code for a level is a function with a target attribute, reached through a choice at run time.
#ifndef LAKE_MERGE_SIMD_HPP
#define LAKE_MERGE_SIMD_HPP

#include <lake/config.hpp>

#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// Levels of vector instructions, each with what it stands for. A machine that has one has all before it.
enum class simd : std::uint8_t {
  portable,  ///< No vector instruction: eight bytes at a time in a 64-bit word.
  sse2,      ///< x86-64: sixteen bytes; every such machine.
  avx2,      ///< 32 bytes: AVX2, BMI1, BMI2, POPCNT, PCLMULQDQ.
  avx512,    ///< 64 bytes: AVX-512 F, BW, VL besides.
};

[[nodiscard]] constexpr std::string_view to_string(simd level) noexcept {
  switch (level) {
    case simd::portable: return "portable";
    case simd::sse2: return "sse2";
    case simd::avx2: return "avx2";
    case simd::avx512: return "avx512";
  }
  return "unknown";
}

/// The widest level that this machine and its operating system have. Complexity: the machine is asked once, then one load.
[[nodiscard]] inline simd widest_simd() noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
  static const simd level = [] {
    const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                      __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul");
    if (!wide) return simd::sse2;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") ? simd::avx512 : simd::avx2;
  }();
  return level;
#else
  return simd::portable;
#endif
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_SIMD_HPP
