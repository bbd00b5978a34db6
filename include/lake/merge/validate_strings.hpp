// Blocks of text divided into what is inside strings and what is not; escapes and UTF-8 checked. Knows no numbers and no nesting.
// Format: RFC 8259 section 7; the Unicode Standard, table 3-7. Works on one bit per byte, 64 bytes at a time.
#ifndef LAKE_MERGE_VALIDATE_STRINGS_HPP
#define LAKE_MERGE_VALIDATE_STRINGS_HPP

#include <lake/config.hpp>
#include <lake/merge/validate_blocks.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// What is known of one block of text.
struct block_bits {
  // What the bytes are, wherever they stand.
  byte_bits quote, backslash, space, control, high, digit, minus, dot, zero, structure, bit_0, bit_2, bit_5;
  // Outside of strings: the bytes of numbers and words; the first byte of each string, number and word, and every sign.
  byte_bits scalar, tokens;
};

/// A run of blocks that are checked together. Every stage goes over all of them before the next stage: so a machine that
/// executes out of order is busy with several blocks at once, where one block alone would keep it waiting.
struct block_window {
  static constexpr std::size_t most = 16;

  const char* input;  ///< The whole text.
  std::size_t size;
  std::size_t at;      ///< Where the first block begins.
  std::size_t blocks;  ///< 0 behind the end.
  bool last;           ///< The last block is the text's last one, of 1 to 64 bytes.
  const byte_patterns* patterns;
  block_bits bits[most];

  [[gnu::always_inline]] void open_at(std::size_t offset, std::string_view whole) noexcept {
    input = whole.data();
    size = whole.size();
    at = offset;
    blocks = at < size ? (size - at + 63) / 64 : 0;
    last = blocks <= most;
    if (!last) blocks = most;
    patterns = &all_byte_patterns;
    asm("" : "+r"(patterns));  // See byte_patterns.
  }

  /// Loads a block; the text's last one with spaces behind.
  template <class Lanes>
  [[gnu::always_inline]] void load(std::size_t number, Lanes& out) const noexcept {
    const std::size_t begin = at + 64 * number;
    out.patterns = patterns;
    if (last && number + 1 == blocks) out.load_rest(input + begin, size - begin);
    else out.load(input + begin);
  }
};

/// `some` moved up by `by` (1 to 63) places, with what moves in from the block before.
[[nodiscard, gnu::always_inline]] inline byte_bits moved_up(byte_bits some, byte_bits before, unsigned by) noexcept {
  return (some << by) | (before >> (64 - by));
}

/// What the strings of a block leave to the next one. The bits of escapes and of UTF-8 are valid while their `pending` is not 0.
struct string_state {
  byte_bits faults = 0;     ///< What the rare checks found.
  byte_bits in_string = 0;  ///< All bits if the last block ended inside a string.
  byte_bits escape_pending = 0;
  byte_bits utf8_pending = 0;
  byte_bits escaped, unicode, first_d, high_half;
  byte_bits lead, lead_3, lead_4, overlong_3, surrogates, overlong_4, last_4;
};

/// The bytes of a block that a backslash escapes: those behind a run of an odd number of backslashes, and the second of each
/// two of a run. A run that begins at an even place and ends before an odd one is odd, and the other way round; adding its
/// first bit to a run carries to the place behind it.
[[nodiscard, gnu::always_inline]] inline byte_bits escaped_bytes(byte_bits backslash, byte_bits& escaped_first) noexcept {
  constexpr byte_bits even = 0x5555555555555555u;
  const byte_bits free = backslash & ~escaped_first;
  const byte_bits starts = free & ~(free << 1);
  byte_bits behind_odd = 0;
  const bool over = __builtin_add_overflow(free, starts & ~even, &behind_odd);
  const byte_bits behind_even = free + (starts & even);
  const byte_bits even_runs = free & ~behind_even;
  const byte_bits behind = ((behind_even & ~even) | (behind_odd & even)) & ~free;
  const byte_bits out = behind | (even_runs & ~even) | (free & ~even_runs & even) | escaped_first;
  escaped_first = over ? 1 : 0;
  return out;
}

/// Checks the four digits behind each \u of a block (`unicode`: the u); if `Strict`, that surrogates come in pairs: behind the
/// first digit d, the second one tells the high half of a pair from the low one, whose digit stands six places on.
template <class Lanes, bool Strict>
[[gnu::always_inline]] inline void check_unicode(const Lanes& of, byte_bits unicode, string_state& state) noexcept {
  using row = byte_patterns::row;
  const byte_bits first = moved_up(unicode, state.unicode, 1);
  const byte_bits hex =
      first | moved_up(unicode, state.unicode, 2) | moved_up(unicode, state.unicode, 3) | moved_up(unicode, state.unicode, 4);
  byte_bits faults = hex & ~(of.digit() | of.hex_letter(row::below_hex_a));
  state.escape_pending |= unicode >> 60;
  if constexpr (Strict) {
    const byte_bits first_d = first & of.folded(row::letter_d);
    const byte_bits second = moved_up(first_d, state.first_d, 1);
    const byte_bits low_half = second & of.hex_letter(row::below_hex_c);
    const byte_bits high_half = second & (of.equal(row::eight) | of.equal(row::nine) | of.folded(row::letter_a) | of.folded(row::letter_b));
    faults |= low_half ^ moved_up(high_half, state.high_half, 6);
    state.first_d = first_d;
    state.high_half = high_half;
    state.escape_pending |= (first_d >> 63) | (high_half >> 58);
  }
  state.unicode = unicode;
  state.faults |= faults;
}

/// Checks the escapes of a block. Returns the quotes that no backslash escapes.
template <class Lanes, bool Strict>
[[nodiscard, gnu::always_inline]] inline byte_bits check_escapes(const Lanes& of, byte_bits backslash, string_state& state) noexcept {
  using row = byte_patterns::row;
  if (state.escape_pending == 0) state.escaped = state.unicode = state.first_d = state.high_half = 0;
  const byte_bits escaped = escaped_bytes(backslash, state.escaped);
  const byte_bits quote = of.equal(row::quote);
  const byte_bits unicode = of.equal(row::letter_u) & escaped;
  const byte_bits known = unicode | quote | backslash | of.equal(row::slash) | of.equal(row::letter_b) | of.equal(row::letter_f) |
                          of.equal(row::letter_n) | of.equal(row::letter_r) | of.equal(row::letter_t);
  state.faults |= escaped & ~known;
  state.escape_pending = state.escaped;
  if ((unicode | (state.unicode >> 60) | (state.first_d >> 63) | (state.high_half >> 58)) != 0) {
    check_unicode<Lanes, Strict>(of, unicode, state);
  } else {
    state.unicode = state.first_d = state.high_half = 0;
  }
  return quote & ~escaped;
}

/// Checks the UTF-8 of a block with bytes that are not ASCII (`high`), or that follows an unfinished sequence.
template <class Lanes>
[[gnu::always_inline]] inline void check_utf8(const Lanes& of, byte_bits high, string_state& state) noexcept {
  using row = byte_patterns::row;
  if (state.utf8_pending == 0) {
    state.lead = state.lead_3 = state.lead_4 = state.overlong_3 = state.surrogates = state.overlong_4 = state.last_4 = 0;
  }
  const byte_bits follows = of.below(row::lead_of_two);
  const byte_bits lead = high & ~follows;
  const byte_bits lead_3 = high & ~of.below(row::lead_of_three);
  const byte_bits lead_4 = high & ~of.below(row::lead_of_four);
  const byte_bits overlong_3 = of.equal(row::lead_of_three);
  const byte_bits surrogates = of.equal(row::lead_of_surrogates);
  byte_bits faults = of.equal(row::lead_of_two) | of.equal(row::overlong_two);
  faults |= follows ^ (moved_up(lead, state.lead, 1) | moved_up(lead_3, state.lead_3, 2) | moved_up(lead_4, state.lead_4, 3));
  byte_bits overlong_4 = 0;
  byte_bits last_4 = 0;
  if ((overlong_3 | surrogates | lead_4 | ((state.overlong_3 | state.surrogates | state.lead_4) >> 63)) != 0) {
    overlong_4 = of.equal(row::lead_of_four);
    last_4 = of.equal(row::last_lead);
    const byte_bits from_a0 = of.template bit<5>();
    const byte_bits from_90 = from_a0 | of.template bit<4>();
    faults |= high & ~of.below(row::behind_last_lead);
    faults |= (moved_up(overlong_3, state.overlong_3, 1) & ~from_a0) | (moved_up(surrogates, state.surrogates, 1) & from_a0);
    faults |= (moved_up(overlong_4, state.overlong_4, 1) & ~from_90) | (moved_up(last_4, state.last_4, 1) & from_90);
  }
  state.lead = lead;
  state.lead_3 = lead_3;
  state.lead_4 = lead_4;
  state.overlong_3 = overlong_3;
  state.surrogates = surrogates;
  state.overlong_4 = overlong_4;
  state.last_4 = last_4;
  state.utf8_pending = (lead >> 63) | (lead_3 >> 62) | (lead_4 >> 61);
  state.faults |= faults;
}

/// The first stages: what the bytes of a window are, and which of them are inside strings.
/// `Level` has the lanes and, as functions of their own, the rare checks.
template <class Level, bool Strict>
struct string_stage {
  using lanes = typename Level::lanes;

  [[gnu::always_inline]] static void classify(block_window& window) noexcept {
    lanes of;
    of.patterns = window.patterns;
    const std::size_t whole = window.blocks - (window.last ? 1 : 0);
    for (std::size_t i = 0; i < whole; ++i) {
      of.load(window.input + window.at + 64 * i);
      classify(of, window.bits[i]);
    }
    if (!window.last) return;
    window.load(whole, of);
    classify(of, window.bits[whole]);
  }

  /// Returns 0 if nothing is wrong; what the rare checks found is in the state.
  [[nodiscard, gnu::always_inline]] static byte_bits divide(block_window& window, string_state& state) noexcept {
    byte_bits faults = 0;
    byte_bits in_string = state.in_string;
    for (std::size_t i = 0; i < window.blocks; ++i) {
      block_bits& bits = window.bits[i];
      byte_bits quote = bits.quote;
      if ((bits.backslash | state.escape_pending) != 0) quote = Level::escapes(window, i, state);
      const byte_bits inside = lanes::inside(quote) ^ in_string;
      in_string = static_cast<byte_bits>(static_cast<std::int64_t>(inside) >> 63);
      if constexpr (Strict) {
        if ((bits.high | state.utf8_pending) != 0) Level::utf8(window, i, state);
      }
      const byte_bits structure = bits.structure & ~inside;
      faults |= bits.control & (Strict ? inside | ~bits.space : ~(inside | bits.space));
      bits.quote = quote & inside;
      bits.structure = structure;
      bits.tokens = structure | (quote & inside);
      bits.scalar = ~(inside | quote | structure | bits.space);
    }
    state.in_string = in_string;
    return faults;
  }

 private:
  [[gnu::always_inline]] static void classify(const lanes& of, block_bits& out) noexcept {
    using row = byte_patterns::row;
    out.quote = of.equal(row::quote);
    out.backslash = of.equal(row::backslash);
    out.space = of.space();
    out.control = of.control();
    out.high = of.template bit<7>();
    out.digit = of.digit();
    out.minus = of.equal(row::minus);
    out.dot = of.equal(row::dot);
    out.zero = of.equal(row::zero);
    out.structure = of.structure();
    out.bit_0 = of.template bit<0>();
    out.bit_2 = of.template bit<2>();
    out.bit_5 = of.template bit<5>();
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_STRINGS_HPP
