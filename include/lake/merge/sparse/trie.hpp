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
    const std::uint64_t hash = hash_(name);
    if (parent.wide_filter != nullptr && (parent.wide_filter[(hash >> 6) & parent.wide_mask] >> (hash & 63) & 1) == 0) return nullptr;
    return slot_of(parent, name, key_of(parent, hash)).at;
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
      const std::uint64_t hash = hash_(each->name);
      parent.wide_filter[(hash >> 6) & parent.wide_mask] |= std::uint64_t{1} << (hash & 63);
    }
  }

  /// The same, made where it is missing.
  [[nodiscard]] node& child(node& parent, std::string_view name) {
    const std::uint64_t key = key_of(parent, hash_(name));
    slot* found = &slot_of(parent, name, key);
    if (found->at != nullptr) return *found->at;
    node* const made = memory_.make<node>();
    made->parent = &parent;
    made->name = name;
    made->sibling = parent.children;
    parent.children = made;
    parent.filter |= filter_bit(name);
    ++parent.child_count;
    if (!name.empty() && (name.front() == '-' || (name.front() >= '0' && name.front() <= '9'))) parent.has_indexes = true;
    if (++count_ * 2 > capacity_) {
      grow();
      found = &slot_of(parent, name, key);
    }
    *found = {key, made};
    return *made;
  }

 private:
  /// A place, and the hash of its name and of what it is below.
  struct slot {
    std::uint64_t key;
    node* at;
  };

  [[nodiscard]] static std::uint64_t key_of(const node& parent, std::uint64_t hash) noexcept {
    return (hash ^ (reinterpret_cast<std::uintptr_t>(&parent) >> 3)) * 0x9E3779B97F4A7C15u;
  }
  /// The slot of a place, or the empty one where it belongs.
  [[nodiscard]] slot& slot_of(const node& parent, std::string_view name, std::uint64_t key) const noexcept {
    std::size_t at = static_cast<std::size_t>(key >> shift_);
    for (;; at = (at + 1) & (capacity_ - 1)) {
      slot& one = slots_[at];
      if (one.at == nullptr || (one.key == key && one.at->parent == &parent && same_name(one.at->name, name))) return one;
    }
  }
  void grow() {
    const slot* const old = slots_;
    const std::size_t old_capacity = capacity_;
    capacity_ *= 4;
    shift_ -= 2;
    slots_ = memory_.array<slot>(capacity_);
    std::memset(static_cast<void*>(slots_), 0, capacity_ * sizeof(slot));
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (old[i].at != nullptr) slot_of(*old[i].at->parent, old[i].at->name, old[i].key) = old[i];
    }
  }

  static constexpr std::size_t first_capacity = 32;
  name_hash hash_ = {};
  arena& memory_;
  node* root_;
  slot first_[first_capacity];
  slot* slots_ = first_;
  std::size_t capacity_ = first_capacity;
  unsigned shift_ = 64 - 5;
  std::size_t count_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_TRIE_HPP
