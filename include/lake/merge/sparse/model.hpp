// The parts of a sparse tree: values, members of objects, elements of arrays, and the nodes of the path trie that they meet.
// Plain data that lives in an arena; what may be done with it is said elsewhere.
//
// A document is text with a few holes: an object is the span of its text and those of its members that a delta reaches, in text
// order; what lies between them has no representation of its own.
#ifndef LAKE_MERGE_SPARSE_MODEL_HPP
#define LAKE_MERGE_SPARSE_MODEL_HPP

#include <lake/config.hpp>
#include <lake/merge/scan.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

struct box;
struct member;
struct name_index;
struct piece;
struct patch_member;

/// A place that some delta names: the root, or a member or an element below another such place. Where an object was expanded at the
/// place `owner` stands for, a child's `slot` is its member of that name, as long as `slot_in` is that object.
struct node {
  node* parent = nullptr;
  std::string_view name = {};      ///< Unescaped.
  std::uint64_t hash = 0;          ///< Of its name and its parent.
  std::uint64_t filter = 0;        ///< The filter bits of its children's names.
  node* children = nullptr;        ///< The newest of them; the others by `sibling`.
  node* sibling = nullptr;
  std::uint64_t* wide_filter = nullptr;  ///< Where there are many children: sixteen bits for each, by their names' hashes ...
  std::uint32_t wide_mask = 0;           ///< ... in this many words, less one.
  bool has_indexes = false;        ///< A child's name is `-` or begins with a digit.
  std::uint32_t child_count = 0;
  box* owner = nullptr;
  member* slot = nullptr;
  box* slot_in = nullptr;
  patch_member* patched = nullptr; ///< The newest member of a merge patch that names this place.
};

/// A value: text, or a container that something descended into. A plain value; a copy shares the container.
struct value {
  std::string_view raw = {};  ///< The text; of an expanded container the text it was expanded from, empty if it is new.
  box* inner = nullptr;
  std::size_t height = 0;     ///< An upper bound of the containers open at once in it; 0: not known.
};

/// A member of an object: one that stands in its text, or a new one.
struct member {
  /// Its opening quote; the byte before it can be read. `key` to `begin` is the key, the colon and their white space.
  const char* key = nullptr;
  const char* begin = nullptr;    ///< Where the value begins in the text; of a new member the end of the key and colon.
  const char* end = nullptr;      ///< Where the value ends in the text.
  value now = {};
  member* next = nullptr;
  member* earlier = nullptr;      ///< The one before it with the same name, if there is one that is not removed.
  bool changed = false;           ///< `now` is not the text from `begin` to `end`.
  bool removed = false;
};

/// An object or an array whose parts can be reached.
struct box {
  bool object = true;
  bool dirty = false;              ///< Something in it is not as in its text.
  bool compact = false;            ///< It was empty at some time: nothing of its text is left, nor any white space.
  std::string_view text = {};      ///< With its brackets; empty if it is new.
  node* context = nullptr;         ///< Object: the place it was expanded for; null once it has an index of its own.
  std::size_t live = 0;            ///< Object: its members; where some were not counted, fewer, but more than are reached.
  member* first = nullptr;         ///< Object: the members of the text that are reached, in order, then the new ones.
  member* last = nullptr;
  member* fresh = nullptr;         ///< Object: the first new one.
  name_index* index = nullptr;     ///< Object without a context: its members by name.
  const char* const* begins = nullptr;  ///< Array: where each element of the text begins, ...
  std::size_t count = 0;                ///< ... how many there are, ...
  const char* last_end = nullptr;       ///< ... and where the last one ends.
  piece* pieces = nullptr;         ///< Array: its elements, a tree of pieces.
};

/// Which of 64 bits stands for a name: cheaper than its hash, and most names that are not looked for differ in it.
[[nodiscard]] constexpr std::uint64_t filter_bit(std::string_view name) noexcept {
  if (name.size() < 2) return name.empty() ? 1 : std::uint64_t{2} << (static_cast<unsigned char>(name.front()) & 31);
  const auto byte = [name](std::size_t at) { return std::size_t{static_cast<unsigned char>(name[at])}; };
  return std::uint64_t{1} << ((name.size() * 9 + byte(0) + byte(name.size() - 1) * 5 + byte(name.size() - 2) * 23) & 63);
}

[[nodiscard]] inline bool is_object(const value& of) noexcept {
  return of.inner != nullptr ? of.inner->object : !of.raw.empty() && of.raw.front() == '{';
}

/// What a value is.
[[nodiscard]] inline kind kind_of(const value& of) noexcept {
  if (of.inner != nullptr) return of.inner->object ? kind::object : kind::array;
  return detail::kind_of(of.raw);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_MODEL_HPP
