// Random bytes from the operating system, without <random>, which costs its includer some 6,000 lines.
#ifndef LAKE_DETAIL_ENTROPY_HPP
#define LAKE_DETAIL_ENTROPY_HPP

#include <lake/config.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <unistd.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// Mixes system entropy into `words`. Where the system gives none (an old kernel), clock and address make them differ at least between
/// threads and runs: these words name things, they guard nothing. Source: getentropy, POSIX.1-2024.
template <std::size_t Words>
void fill_with_entropy(std::array<std::uint64_t, Words>& words) noexcept {
  static_assert(Words * sizeof(std::uint64_t) <= 256, "lake: getentropy gives at most 256 bytes a call");
  std::array<std::uint64_t, Words> fresh{};
  if (::getentropy(fresh.data(), sizeof fresh) != 0) {
    fresh[0] = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    fresh[Words - 1] ^= reinterpret_cast<std::uintptr_t>(&words);
  }
  for (std::size_t i = 0; i < Words; ++i) words[i] ^= fresh[i];
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_DETAIL_ENTROPY_HPP
