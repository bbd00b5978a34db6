// The order of the tokens of a text and the nesting of its brackets. Knows neither strings nor numbers from inside.
// Works on three bits per token, 64 tokens at a time. Format: RFC 8259 sections 2, 4 and 5.
#ifndef LAKE_MERGE_VALIDATE_TOKENS_HPP
#define LAKE_MERGE_VALIDATE_TOKENS_HPP

#include <lake/config.hpp>
#include <lake/merge/validate_blocks.hpp>
#include <lake/merge/validate_keys.hpp>
#include <lake/merge/validate_queue.hpp>
#include <lake/merge/validate_strings.hpp>

#include <cstddef>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// What the tokens so far leave to the next ones.
struct token_state {
  byte_bits after_opener = 0;  ///< 1 if the last token was an opening bracket or a comma,
  byte_bits after_joint = 1;   ///< a comma or a colon (as if a colon stood before the text: it must be one value),
  byte_bits after_key = 0;     ///< a string behind an opening bracket or a comma.
  bit_planes words[block_window::most + 1];
  bit_queue tokens = {words};
};

/// What up to 64 tokens say of the containers around them.
struct token_signs {
  byte_bits open, close, brace;
  byte_bits of_array;   ///< Where a value stands in the place of a key, or no colon behind a string there: only in an array.
  byte_bits of_object;  ///< Colons: only in an object.
};

/// The open containers, one bit each, set for objects.
struct nesting_state {
  std::size_t max_depth;
  std::size_t height = 0;
  byte_bits bits = 0;  ///< The innermost 1 to 64.
  std::size_t depth = 0;
  std::vector<byte_bits> outer = {};

  [[gnu::noinline, gnu::cold]] void spill(byte_bits some) { outer.push_back(some); }
  [[nodiscard, gnu::noinline, gnu::cold]] byte_bits unspill() noexcept {
    const byte_bits out = outer.back();
    outer.pop_back();
    return out;
  }
};

/// The stages of tokens and brackets. `Keys`: keys are compared when their object closes.
template <class Lanes, bool Keys>
struct token_stage {
  /// Puts the tokens side by side, three bits each: 0 a number or word, 1 a string, 2 a colon, 3 a comma, 4 to 7 [ ] { }.
  /// Bits 0, 2 and 5 of a sign's byte tell it from the others.
  [[gnu::always_inline]] static void collect(const block_window& window, token_state& state) noexcept {
    bit_queue tokens = state.tokens;
    for (std::size_t i = 0; i < window.blocks; ++i) {
      const block_bits& of = window.bits[i];
      tokens.push({Lanes::squeeze(of.structure & of.bit_0, of.tokens), Lanes::squeeze(of.structure & of.bit_5, of.tokens),
                   Lanes::squeeze((of.structure & of.bit_2) | of.quote, of.tokens)},
                  Lanes::count(of.tokens));
    }
    state.tokens = tokens;
  }

  /// Checks the tokens so far, but for less than 64; at the end of the text all. Returns 0 if nothing is wrong.
  [[nodiscard, gnu::always_inline]] static byte_bits check(const block_window& window, token_state& state, nesting_state& nesting,
                                                           key_state* keys) {
    token_signs signs;
    for (const bit_planes* of = state.words; of != state.tokens.next; ++of) {
      const byte_bits faults = check(*of, ~byte_bits{0}, state, signs);
      if ((faults | nest(signs, nesting, keys)) != 0) return 1;
    }
    state.tokens.next = state.words;
    if (!window.last) return 0;
    // As if a comma stood behind the text: so the last token must end a value.
    const byte_bits end = byte_bits{1} << state.tokens.items;
    const byte_bits faults =
        check({state.tokens.rest.a, state.tokens.rest.b | end, state.tokens.rest.c | end}, end | (end - 1), state, signs);
    return faults | nest(signs, nesting, keys);
  }

 private:
  /// Checks of each token whether it may stand behind the one before. Values, and only they, stand behind openers and joints; a
  /// closing bracket may stand behind an opening one as well as behind a value.
  [[nodiscard, gnu::always_inline]] static byte_bits check(const bit_planes& of, byte_bits all, token_state& state,
                                                           token_signs& out) noexcept {
    const byte_bits close = of.a & of.c;
    const byte_bits joint = of.b & ~of.a;
    const byte_bits colon = joint & ~of.c;
    const byte_bits string = of.c & ~(of.a | of.b);
    const byte_bits value = ~(close | joint);
    const byte_bits opener = (of.a & ~of.c) | (joint & of.c);
    const byte_bits after_opener = (opener << 1) | state.after_opener;
    const byte_bits after_joint = (joint << 1) | state.after_joint;
    const byte_bits key = string & after_opener;
    const byte_bits after_key = (key << 1) | state.after_key;
    state.after_opener = opener >> 63;
    state.after_joint = joint >> 63;
    state.after_key = key >> 63;
    out.open = of.a & ~of.c;
    out.close = close;
    out.brace = of.b;
    out.of_array = ((after_opener & value & ~string) | (after_key & ~colon)) & all;
    out.of_object = colon & all;
    return (((value ^ (after_opener | after_joint)) & ~close) | (close & after_joint) | (colon & ~after_key)) & all;
  }

  /// Matches the brackets. What is a sign of an array or of an object must stand in one.
  [[nodiscard, gnu::always_inline]] static byte_bits nest(const token_signs& in, nesting_state& nesting, key_state* keys) {
    byte_bits faults = 0;
    byte_bits bits = nesting.bits;
    std::size_t depth = nesting.depth;
    byte_bits of_array = in.of_array;
    byte_bits of_object = in.of_object;
    for (byte_bits brackets = in.open | in.close; brackets != 0; brackets &= brackets - 1) {
      const byte_bits bracket = brackets & (0 - brackets);
      const byte_bits up_to = brackets ^ (brackets - 1);
      const byte_bits brace = (in.brace & bracket) != 0 ? 1 : 0;
      faults |= up_to & ((bits & 1) != 0 ? of_array : of_object);
      if constexpr (Keys) add_keys(of_object & up_to, keys);
      if ((in.open & bracket) != 0) {
        if (depth == 0) faults |= up_to & of_array;
        if (!open(brace, bits, depth, nesting)) return 1;
        if (Keys && brace != 0) keys->pile.open_object();
      } else {
        faults |= (bits ^ brace) & 1;
        if (Keys && (bits & brace) != 0 && keys->pile.close_object()) return 1;
        if (!close(bits, depth, nesting)) return 1;
      }
      of_array &= ~up_to;
      of_object &= ~up_to;
    }
    if constexpr (Keys) add_keys(of_object, keys);
    nesting.bits = bits;
    nesting.depth = depth;
    if (depth == 0) return faults | of_array | of_object;
    return faults | ((bits & 1) != 0 ? of_array : of_object);
  }

  [[nodiscard, gnu::always_inline]] static bool open(byte_bits brace, byte_bits& bits, std::size_t& depth, nesting_state& nesting) {
    if (depth % 64 == 0 && depth != 0) nesting.spill(bits);
    bits = (bits << 1) | brace;
    if (++depth > nesting.height) {
      nesting.height = depth;
      return depth <= nesting.max_depth;
    }
    return true;
  }
  [[nodiscard, gnu::always_inline]] static bool close(byte_bits& bits, std::size_t& depth, nesting_state& nesting) noexcept {
    if (depth == 0) return false;
    bits >>= 1;
    if (--depth % 64 == 0 && depth != 0) bits = nesting.unspill();
    return true;
  }

  /// Puts the keys before `colons` on the pile.
  [[gnu::always_inline]] static void add_keys(byte_bits colons, key_state* keys) {
    const std::size_t count = Lanes::count(colons);
    keys->pile.add(keys->hashes + keys->used, count);
    keys->used += count;
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_TOKENS_HPP
