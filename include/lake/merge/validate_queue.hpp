// Bits that are scattered over the blocks of a text, put side by side in words of 64. Knows no grammar.
// Then a word's neighbours are neighbours, and one step of logic does for several blocks.
#ifndef LAKE_MERGE_VALIDATE_QUEUE_HPP
#define LAKE_MERGE_VALIDATE_QUEUE_HPP

#include <lake/config.hpp>
#include <lake/merge/validate_blocks.hpp>

#include <cstddef>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// 64 items of three bits each.
struct bit_planes {
  byte_bits a, b, c;
};

/// Items one after another: in full words, and the last of them in one that is not full. Plain value; views the full words.
struct bit_queue {
  bit_planes* next;  ///< Where the next full word goes. There must be room.
  bit_planes rest = {0, 0, 0};
  std::size_t items = 0;  ///< In `rest`; below 64.

  /// Appends the first `count` (at most 64) items of `some`, behind which all bits are 0.
  [[gnu::always_inline]] void push(const bit_planes& some, std::size_t count) noexcept {
    rest = {rest.a | (some.a << items), rest.b | (some.b << items), rest.c | (some.c << items)};
    keep_apart();
    if (items + count < 64) {
      items += count;
      return;
    }
    next->a = rest.a;
    next->b = rest.b;
    next->c = rest.c;
    ++next;
    const std::size_t left = 63 - items;
    rest = {some.a >> 1 >> left, some.b >> 1 >> left, some.c >> 1 >> left};
    keep_apart();
    items = items + count - 64;
  }

 private:
  /// Keeps the compiler from making one vector of the three numbers: the way into it and back takes longer than all the rest.
  [[gnu::always_inline]] void keep_apart() noexcept {
    asm("" : "+r"(rest.a));
    asm("" : "+r"(rest.b));
    asm("" : "+r"(rest.c));
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_QUEUE_HPP
