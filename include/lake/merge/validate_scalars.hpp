// Numbers and words of blocks whose strings are known. Knows no nesting. Format: RFC 8259 sections 3 and 6.
// Works on one bit per byte, 64 bytes at a time; what is rare reads the text.
#ifndef LAKE_MERGE_VALIDATE_SCALARS_HPP
#define LAKE_MERGE_VALIDATE_SCALARS_HPP

#include <lake/config.hpp>
#include <lake/merge/number.hpp>
#include <lake/merge/validate_blocks.hpp>
#include <lake/merge/validate_queue.hpp>
#include <lake/merge/validate_strings.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// True if the number around `at` is beyond a double. Complexity: linear in the number.
[[nodiscard, gnu::noinline, gnu::cold]] inline bool overflows_at(std::string_view input, std::size_t at) {
  const auto belongs = [input](std::size_t i) {
    return is_digit(input[i]) || input[i] == '.' || input[i] == '-' || input[i] == '+' || (input[i] | 0x20) == 'e';
  };
  std::size_t begin = at;
  std::size_t end = at;
  while (begin > 0 && belongs(begin - 1)) --begin;
  while (end < input.size() && belongs(end)) ++end;
  return overflows_double(input.substr(begin, end - begin));
}

/// What the numbers and words of a block leave to the next one. The bits of exponents are valid while their `pending` is not 0.
struct scalar_state {
  byte_bits faults = 0;    ///< What the rare checks found.
  byte_bits scalar = 0;    ///< 1 if the last byte is part of a number or word.
  byte_bits pending = 0;   ///< Any of the next three.
  byte_bits word = 0;      ///< What a word covers of the next block.
  byte_bits word_end = 0;  ///< 1 if the last byte is part of a word.
  byte_bits exponent_pending = 0;
  byte_bits mark, sign, run, first, digit;
  bool long_numbers = false;  ///< A block of this window is nothing but digits.
  bool in_long = false;       ///< The last block of the window before was.
  // Of the numbers side by side: what stands behind the last byte.
  byte_bits after_digit = 1, after_minus = 0, after_point = 0, after_zero = 0, fraction = 0;
  bit_planes words[block_window::most + 1];
  bit_queue numbers = {words};
};

/// The bytes of numbers and words in a block; `odd` are those that are neither digits, minuses and points nor part of a word.
struct number_bytes {
  byte_bits odd, scalar, digit, minus;
};

/// Checks the exponents of numbers. Returns their bytes; that a digit stands before them is not checked here.
/// An exponent of one or two digits takes no number beyond a double that does not fill a block.
template <class Lanes, bool Strict>
[[nodiscard, gnu::always_inline]] inline byte_bits check_exponents(const Lanes& of, const number_bytes& in, std::string_view input,
                                                                   std::size_t at, scalar_state& state) {
  using row = byte_patterns::row;
  if (state.exponent_pending == 0) state.mark = state.sign = state.run = state.first = state.digit = 0;
  const byte_bits mark = in.odd & of.folded(row::letter_e);
  const byte_bits behind = moved_up(mark, state.mark, 1);
  const byte_bits sign = behind & (in.minus | (in.odd & of.equal(row::plus)));
  const byte_bits first = (behind & ~sign) | moved_up(sign, state.sign, 1);
  byte_bits sum = 0;
  state.run = __builtin_add_overflow(first | state.run, in.digit, &sum) ? 1 : 0;
  state.faults |= (in.odd & ~(mark | sign)) | (first & ~in.digit) | (sum & ~in.digit & in.scalar);
  if constexpr (Strict) {
    byte_bits third = moved_up(first, state.first, 2) & in.digit & moved_up(in.digit, state.digit, 1);
    // Not in a text that is at fault: there a run of such bytes need not be one number, and would be walked over again and again.
    for (; third != 0 && state.faults == 0; third &= third - 1) {
      if (overflows_at(input, at + static_cast<std::size_t>(__builtin_ctzll(third)))) state.faults = 1;
    }
  }
  state.mark = mark;
  state.sign = sign;
  state.first = first;
  state.digit = in.digit;
  state.exponent_pending = (mark >> 63) | (sign >> 63) | state.run | (first >> 62);
  return mark | sign | (in.digit & ~sum);
}

/// The stages of numbers and words. `Level` has the lanes and, as functions of their own, the rare checks.
template <class Level, bool Strict>
struct scalar_stage {
  using lanes = typename Level::lanes;

  /// Finds where numbers and words begin, takes words and exponents out, and puts the rest of all numbers side by side.
  /// Returns 0 if nothing is wrong; what the rare checks found is in the state.
  [[nodiscard, gnu::always_inline]] static byte_bits collect(block_window& window, scalar_state& state) {
    byte_bits faults = 0;
    bool long_numbers = false;
    byte_bits before = state.scalar;
    bit_queue numbers = state.numbers;
    for (std::size_t i = 0; i < window.blocks; ++i) {
      block_bits& bits = window.bits[i];
      byte_bits scalar = bits.scalar;
      const byte_bits starts = scalar & ~((scalar << 1) | before);
      before = scalar >> 63;
      bits.tokens |= starts;
      const byte_bits digit = bits.digit & scalar;
      if constexpr (Strict) long_numbers |= digit == ~byte_bits{0};
      const byte_bits odd = scalar & ~(digit | bits.minus | bits.dot);
      if ((odd | state.pending) != 0) faults |= take_out(window, i, starts, odd, scalar, state);
      const byte_bits sign = bits.minus | bits.dot;
      const byte_bits other = (digit & ~bits.zero) | bits.dot;
      numbers.push({lanes::squeeze(sign, scalar), lanes::squeeze(other, scalar), lanes::squeeze(starts, scalar)}, lanes::count(scalar));
    }
    state.scalar = before;
    state.numbers = numbers;
    state.long_numbers = long_numbers;
    return faults;
  }

  /// Checks the numbers so far, but for less than 64 bytes; at the end of the text all.
  [[nodiscard, gnu::always_inline]] static byte_bits check(const block_window& window, scalar_state& state) noexcept {
    byte_bits faults = 0;
    for (const bit_planes* of = state.words; of != state.numbers.next; ++of) faults |= check(*of, state);
    state.numbers.next = state.words;
    if (!window.last) return faults;
    if (state.numbers.items == 0) return faults | (state.after_digit ^ 1);
    // As if behind the last number a number 1 began, of nothing but digits.
    const byte_bits fill = ~byte_bits{0} << state.numbers.items;
    return faults | check({state.numbers.rest.a, state.numbers.rest.b | fill, state.numbers.rest.c | (fill & (0 - fill))}, state);
  }

  /// Numbers that fill a block are checked one by one: each at the first block that it fills.
  [[nodiscard, gnu::noinline, gnu::cold]] static byte_bits check_long(const block_window& window, scalar_state& state) {
    for (std::size_t i = 0; i < window.blocks; ++i) {
      const bool fills = (window.bits[i].digit & window.bits[i].scalar) == ~byte_bits{0};
      if (fills && !state.in_long && overflows_at({window.input, window.size}, window.at + 64 * i)) return 1;
      state.in_long = fills;
    }
    return 0;
  }

 private:
  /// Takes words and exponents out of `scalar`. `odd` are the bytes that are neither digits nor minuses nor points.
  [[nodiscard, gnu::always_inline]] static byte_bits take_out(const block_window& window, std::size_t number, byte_bits starts,
                                                              byte_bits odd, byte_bits& scalar, scalar_state& state) {
    byte_bits covered = state.word;
    const byte_bits word_end = state.word_end;
    state.word = 0;
    if ((starts & odd) != 0) covered |= words(window, window.at + 64 * number, starts & odd, state);
    state.word_end = covered >> 63;
    const byte_bits faults = ((covered << 1) | word_end) & ~covered & scalar;
    scalar &= ~covered;
    odd &= ~covered;
    if ((odd | state.exponent_pending) != 0) {
      const block_bits& bits = window.bits[number];
      scalar &= ~Level::exponents(window, number, {odd, scalar, bits.digit & scalar, bits.minus & scalar}, state);
    }
    state.pending = state.word | state.word_end | state.exponent_pending;
    return faults;
  }

  /// The bytes of the words that begin at `starts`; what they cover of the next block is in the state. Where less than five
  /// bytes are left no word is known, not even one that is the whole text: the plain check knows it.
  [[nodiscard, gnu::always_inline]] static byte_bits words(const block_window& window, std::size_t block_at, byte_bits starts,
                                                           scalar_state& state) noexcept {
    static constexpr std::uint32_t known[4] = {0x736C6166u, 0x6C6C756Eu, 0x65757274u, 0};  // "fals", "null", "true", the first byte lowest
    byte_bits covered = 0;
    byte_bits beyond = 0;
    std::uint32_t wrong = 0;
    do {
      const unsigned bit = static_cast<unsigned>(__builtin_ctzll(starts));
      const std::size_t at = block_at + bit;
      if (window.size - at < 5) {
        wrong = 1;
        break;
      }
      std::uint32_t four = 0;
      std::memcpy(&four, window.input + at, sizeof four);
      const std::uint32_t which = (four >> 3) & 3;
      const bool five = which == 0;
      wrong |= (four ^ known[which]) | static_cast<std::uint32_t>(five & (window.input[at + 4] != 'e'));
      const byte_bits cover = 15 | (byte_bits{five} << 4);
      covered |= cover << bit;
      beyond |= cover >> 1 >> (63 - bit);
      starts &= starts - 1;
    } while (starts != 0);
    state.word = beyond;
    state.faults |= wrong;
    return covered;
  }

  /// Checks numbers without their exponents: of each byte whether it may stand behind the one before. Three bits per byte: a
  /// for minus and point, b for the point and all digits but 0, c where a number begins.
  [[nodiscard, gnu::always_inline]] static byte_bits check(const bit_planes& of, scalar_state& state) noexcept {
    const byte_bits start = of.c;
    const byte_bits digit = ~of.a;
    const byte_bits point = of.a & of.b;
    const byte_bits minus = of.a & ~of.b;
    const byte_bits after_digit = (digit << 1) | state.after_digit;
    const byte_bits after_minus = (minus << 1) | state.after_minus;
    const byte_bits after_point = (point << 1) | state.after_point;
    byte_bits faults = ((start | point) & ~after_digit) | ((after_minus | after_point) & ~digit) | (minus & ~start) | (point & start);
    // The digits behind a point end where a number begins, or at a second point.
    const byte_bits more = digit & ~start;
    byte_bits sum = 0;
    state.fraction = __builtin_add_overflow(after_point | state.fraction, more, &sum) ? 1 : 0;
    faults |= sum & point;
    const byte_bits zero = digit & ~of.b & (start | after_minus);
    faults |= ((zero << 1) | state.after_zero) & more;
    state.after_digit = digit >> 63;
    state.after_minus = minus >> 63;
    state.after_point = point >> 63;
    state.after_zero = zero >> 63;
    return faults;
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_SCALARS_HPP
