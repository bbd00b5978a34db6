// The path trie: every place that a delta names, found by the place above it and a name. Knows no document.
#ifndef LAKE_MERGE_SPARSE_TRIE_HPP
#define LAKE_MERGE_SPARSE_TRIE_HPP

#include <lake/config.hpp>
#include <lake/merge/name_hash.hpp>
#include <lake/merge/sparse/arena.hpp>
#include <lake/merge/sparse/model.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// All places. Confined to one merge. Lifetime: names view the deltas or the arena.
class trie {
 public:
  explicit trie(arena& memory) : memory_(memory), root_(memory.make<node>()) { std::memset(static_cast<void*>(first_), 0, sizeof first_); }
  trie(const trie&) = delete;
  trie& operator=(const trie&) = delete;
  ~trie() = default;

  [[nodiscard]] node& root() noexcept { return *root_; }
  [[nodiscard]] std::uint64_t hash_of(std::string_view name) const noexcept { return hash_(name); }

  /// The place `name` below `parent`; null if no delta names it. Complexity: constant.
  [[nodiscard]] node* find(const node& parent, std::string_view name) const noexcept {
    if ((parent.filter & filter_bit(name)) == 0) return nullptr;
    const std::uint64_t hash = hash_(name, salt_of(parent));
    if (parent.wide_filter != nullptr && (parent.wide_filter[(hash >> 6) & parent.wide_mask] >> (hash & 63) & 1) == 0) return nullptr;
    return *slot_of(parent, name, hash);
  }

  /// Makes `find` below a place with many children faster. No child may be added to it any more.
  void widen(node& parent) {
    constexpr std::uint32_t many = 16;
    if (parent.child_count <= many || parent.wide_filter != nullptr) return;
    std::size_t words = 1;
    while (words * 4 < parent.child_count) words *= 2;
    parent.wide_filter = memory_.array<std::uint64_t>(words);
    std::memset(parent.wide_filter, 0, words * sizeof(std::uint64_t));
    parent.wide_mask = static_cast<std::uint32_t>(words - 1);
    for (const node* each = parent.children; each != nullptr; each = each->sibling) {
      parent.wide_filter[(each->hash >> 6) & parent.wide_mask] |= std::uint64_t{1} << (each->hash & 63);
    }
  }

  /// The same, made where it is missing.
  [[nodiscard]] node& child(node& parent, std::string_view name) {
    const std::uint64_t hash = hash_(name, salt_of(parent));
    node** found = slot_of(parent, name, hash);
    if (*found != nullptr) return **found;
    if (++count_ * 2 > capacity_) [[unlikely]] {
      grow();
      found = slot_of(parent, name, hash);
    }
    node* const made = memory_.make<node>();
    *found = made;
    made->parent = &parent;
    made->name = name;
    made->hash = hash;
    made->sibling = parent.children;
    parent.children = made;
    parent.filter |= filter_bit(name);
    ++parent.child_count;
    if (!name.empty() && (name.front() == '-' || (name.front() >= '0' && name.front() <= '9'))) parent.has_indexes = true;
    return *made;
  }

 private:
  [[nodiscard]] static std::uint64_t salt_of(const node& parent) noexcept { return reinterpret_cast<std::uintptr_t>(&parent) << 8; }

  /// The slot of a place, or the empty one where it belongs.
  [[nodiscard]] node** slot_of(const node& parent, std::string_view name, std::uint64_t hash) const noexcept {
    for (std::size_t at = static_cast<std::size_t>(hash >> shift_);; at = (at + 1) & (capacity_ - 1)) {
      const node* const one = slots_[at];
      if (one == nullptr || (one->hash == hash && one->parent == &parent && same_name(one->name, name))) return slots_ + at;
    }
  }
  __attribute__((noinline)) void grow() {
    node** const old = slots_;
    const std::size_t old_capacity = capacity_;
    capacity_ *= 4;
    shift_ -= 2;
    slots_ = memory_.array<node*>(capacity_);
    std::memset(static_cast<void*>(slots_), 0, capacity_ * sizeof(node*));
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (old[i] == nullptr) continue;
      std::size_t at = static_cast<std::size_t>(old[i]->hash >> shift_);
      while (slots_[at] != nullptr) at = (at + 1) & (capacity_ - 1);
      slots_[at] = old[i];
    }
  }

  static constexpr std::size_t first_capacity = 32;
  name_hash hash_ = {};
  arena& memory_;
  node* root_;
  node* first_[first_capacity];
  node** slots_ = first_;
  std::size_t capacity_ = first_capacity;
  unsigned shift_ = 64 - 5;
  std::size_t count_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_TRIE_HPP
