// Where randomness comes from: a fast generator seeded by the system, or what a test injects. Not for keys or secrets.
// Generator: xoshiro256** (Blackman, Vigna: "Scrambled linear pseudorandom number generators").
#ifndef LAKE_CORE_RANDOM_HPP
#define LAKE_CORE_RANDOM_HPP

#include <lake/config.hpp>
#include <lake/detail/entropy.hpp>
#include <lake/pure/little_endian.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// 64 random bits a call: from a thread's own generator by default, or from an injected function.
/// Copyable; thread-safe if the injected function is.
class random_source {
 public:
  random_source() = default;

  /// Injected bits, so that a run can be repeated.
  explicit random_source(std::function<std::uint64_t()> bits) : bits_(std::move(bits)) {}

  [[nodiscard]] std::uint64_t operator()() const { return bits_ ? bits_() : generator()(); }

  /// 128 random bits: write ids, tokens, lake ids.
  [[nodiscard]] std::array<std::uint8_t, 16> bits128() const {
    std::array<char, 16> out;
    pure::store_little_endian(out.data(), (*this)());
    pure::store_little_endian(out.data() + 8, (*this)());
    return std::bit_cast<std::array<std::uint8_t, 16>>(out);
  }

  /// A number in [0, bound), `bound` > 0; the bias of the multiplication is below 2^-32 for bounds below 2^32.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) const { return ((*this)() >> 32U) * bound >> 32U; }

 private:
  class xoshiro {
   public:
    xoshiro() { detail::fill_with_entropy(state_); }
    std::uint64_t operator()() noexcept {
      const std::uint64_t out = std::rotl(state_[1] * 5, 7) * 9;
      const std::uint64_t shifted = state_[1] << 17U;
      state_[2] ^= state_[0];
      state_[3] ^= state_[1];
      state_[1] ^= state_[2];
      state_[0] ^= state_[3];
      state_[2] ^= shifted;
      state_[3] = std::rotl(state_[3], 45);
      return out;
    }

   private:
    std::array<std::uint64_t, 4> state_{1, 2, 3, 4};  // Never all zero, whatever the system gives.
  };

  static xoshiro& generator() {
    thread_local xoshiro engine;
    thread_local unsigned epoch = detail::fork_epoch();
    if (const unsigned now = detail::fork_epoch(); now != epoch) [[unlikely]] {
      // A child of fork() must not draw what its parent draws: two writers with one token would be one writer to the index.
      engine = xoshiro();
      epoch = now;
    }
    return engine;
  }

  std::function<std::uint64_t()> bits_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_RANDOM_HPP
