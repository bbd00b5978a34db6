// The elements of an array as a sequence of pieces: runs of elements that nobody touched, and single ones. Knows no delta.
#ifndef LAKE_MERGE_SPARSE_SEQUENCE_HPP
#define LAKE_MERGE_SPARSE_SEQUENCE_HPP

#include <lake/config.hpp>
#include <lake/merge/sparse/arena.hpp>
#include <lake/merge/sparse/model.hpp>
#include <lake/merge/sparse/reader.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// A run of elements of the array's text, or one element with a value of its own; and a node of a treap over the elements' numbers.
struct piece {
  std::size_t first = 0;      ///< The number of the run's first element in the text.
  std::size_t elements = 1;
  bool own = false;           ///< One element, whose value is `now`.
  bool glued = false;         ///< Between it and the piece before it stands what stood there in the text.
  value now = {};
  piece* next = nullptr;      ///< The piece behind it.
  piece* left = nullptr;
  piece* right = nullptr;
  std::size_t total = 1;      ///< Elements in the whole subtree.
  std::uint64_t rank = 0;     ///< Random: the highest is the root, so no order of changes makes the tree deep.
};

/// The changes of an array. Confined to one merge. Complexity: expected O(log pieces) each; the recursion is as deep.
class sequence {
 public:
  sequence(arena& memory, std::uint64_t seed) : memory_(memory), state_(seed | 1) {}

  [[nodiscard]] static std::size_t size(const box& in) noexcept { return in.pieces != nullptr ? in.pieces->total : 0; }
  [[nodiscard]] static const piece* front(const box& in) noexcept { return in.pieces != nullptr ? leftmost(in.pieces) : nullptr; }

  /// The text of element `number` of the array's text.
  [[nodiscard]] static std::string_view text_of(const box& in, std::size_t number, std::size_t elements = 1) noexcept {
    const char* const begin = in.begins[number];
    return {begin, static_cast<std::size_t>(end_of(in, number + elements - 1) - begin)};
  }
  /// Where element `number` of the array's text ends.
  [[nodiscard]] static const char* end_of(const box& in, std::size_t number) noexcept {
    return number + 1 < in.count ? end_before(in.text.data(), in.begins[number + 1]) : in.last_end;
  }

  /// Adds untouched elements behind the others, as they stand in the text.
  void append_run(box& in, std::size_t first, std::size_t elements) {
    if (elements != 0) attach(in, {.first = first, .elements = elements});
  }
  /// Adds an element of the text that has been expanded already.
  void append_own(box& in, std::size_t number, const value& now) { attach(in, {.first = number, .own = true, .now = now}); }

  /// The element at `index`, which there is, as a piece of its own.
  [[nodiscard]] piece& at(box& in, std::size_t index) {
    piece* found = in.pieces;
    for (std::size_t left = index;;) {
      const std::size_t before = total(found->left);
      if (left < before) {
        found = found->left;
      } else if (left - before < found->elements) {
        break;
      } else {
        left -= before + found->elements;
        found = found->right;
      }
    }
    if (found->elements != 1) {
      piece *before = nullptr, *rest = nullptr, *behind = nullptr;
      split(in.pieces, index, before, rest);
      split(rest, 1, found, behind);
      in.pieces = join(join(before, found), behind);
    }
    if (!found->own) {
      found->own = true;
      found->now = {.raw = text_of(in, found->first)};
    }
    return *found;
  }

  /// Puts an element before the one at `index`, or last.
  void insert(box& in, std::size_t index, const value& now) {
    piece *before = nullptr, *behind = nullptr;
    split(in.pieces, index, before, behind);
    piece* const made = make({.own = true, .now = now});
    if (before != nullptr) rightmost(before)->next = made;
    if (behind != nullptr) {
      made->next = leftmost(behind);
      made->next->glued = false;
    }
    in.pieces = join(join(before, made), behind);
  }

  /// Removes the element at `index`, which there is.
  void erase(box& in, std::size_t index) {
    piece *before = nullptr, *gone = nullptr, *behind = nullptr;
    split(in.pieces, index, before, gone);
    split(gone, 1, gone, behind);
    if (before != nullptr) rightmost(before)->next = gone->next;
    if (gone->next != nullptr) gone->next->glued = false;
    in.pieces = join(before, behind);
  }

 private:
  [[nodiscard]] static std::size_t total(const piece* of) noexcept { return of != nullptr ? of->total : 0; }
  [[nodiscard]] static piece* leftmost(piece* of) noexcept {
    while (of->left != nullptr) of = of->left;
    return of;
  }
  [[nodiscard]] static piece* rightmost(piece* of) noexcept {
    while (of->right != nullptr) of = of->right;
    return of;
  }
  static void count(piece& of) noexcept { of.total = total(of.left) + of.elements + total(of.right); }

  [[nodiscard]] piece* make(const piece& like) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    piece* const made = memory_.make<piece>(like);
    made->rank = state_;
    count(*made);
    return made;
  }

  void attach(box& in, const piece& like) {
    piece* const made = make(like);
    made->glued = true;
    if (in.pieces != nullptr) rightmost(in.pieces)->next = made;
    in.pieces = join(in.pieces, made);
  }

  [[nodiscard]] static piece* join(piece* before, piece* behind) noexcept {
    if (before == nullptr) return behind;
    if (behind == nullptr) return before;
    if (before->rank > behind->rank) {
      before->right = join(before->right, behind);
      count(*before);
      return before;
    }
    behind->left = join(before, behind->left);
    count(*behind);
    return behind;
  }

  /// The first `elements` of `of` become `before`, the others `behind`; a run is cut where that is in its midst.
  void split(piece* of, std::size_t elements, piece*& before, piece*& behind) {
    if (of == nullptr) {
      before = behind = nullptr;
      return;
    }
    const std::size_t lower = total(of->left);
    if (elements <= lower) {
      piece* kept = nullptr;
      split(of->left, elements, before, kept);
      of->left = kept;
      behind = of;
    } else if (elements >= lower + of->elements) {
      piece* kept = nullptr;
      split(of->right, elements - lower - of->elements, kept, behind);
      of->right = kept;
      before = of;
    } else {
      const std::size_t taken = elements - lower;
      piece* const rest = make({.first = of->first + taken, .elements = of->elements - taken, .glued = true, .next = of->next});
      of->elements = taken;
      of->next = rest;
      behind = join(rest, std::exchange(of->right, nullptr));
      before = of;
    }
    count(*of);
  }

  arena& memory_;
  std::uint64_t state_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_SEQUENCE_HPP
