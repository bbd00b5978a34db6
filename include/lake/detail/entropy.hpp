// Random bytes from the operating system, and when a process became another; without <random>, which costs its includer some 6,000 lines.
#ifndef LAKE_DETAIL_ENTROPY_HPP
#define LAKE_DETAIL_ENTROPY_HPP

#include <lake/config.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <pthread.h>
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

/// How many forks lie between this process and the first use of the library: a generator seeded under another number is a copy of the
/// parent's, and must be seeded anew. One relaxed load.
[[nodiscard]] inline unsigned fork_epoch() noexcept {
  struct watch {
    watch() { ::pthread_atfork(nullptr, nullptr, [] { forks().fetch_add(1, std::memory_order_relaxed); }); }
    static std::atomic<unsigned>& forks() noexcept {
      static std::atomic<unsigned> count{0};
      return count;
    }
  };
  static const watch registered;
  return watch::forks().load(std::memory_order_relaxed);
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_DETAIL_ENTROPY_HPP
