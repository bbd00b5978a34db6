// Which deltas of a list a later Replace hides, from merge types and paths alone: before any body is loaded. Knows no body and no id.
// The rule and why it is right: merge-engine.md, section 8.
//
// A delta is dead if a later Replace, at its path or above, overwrites all that it did, and nothing between the two could have seen it:
// RFC 7396 never looks at what it does not change, a patch (RFC 6902) sees what is below its path. So a live patch above the Replace's path
// is a barrier. What is left of a dead delta is a touch of the Replace's path: it may have made members, whose order stays visible.
// Dead is a property of one list at one time: of a prefix of the list, or once a delta was removed from it, others are dead.
#ifndef LAKE_MERGE_PRUNE_HPP
#define LAKE_MERGE_PRUNE_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/merge/name_hash.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {

/// What is known of a delta without its body. A plain value.
struct effect {
  merge_type type;        ///< The effective one.
  std::string_view path;  ///< A field path.
};

/// What a list of deltas needs of itself; deltas are named by their numbers in the list, from 0. A plain value.
struct pruned {
  /// Fates besides "touch the path of the delta with this number".
  static constexpr std::uint32_t live = (std::numeric_limits<std::uint32_t>::max)();
  static constexpr std::uint32_t gone = live - 1;  ///< Dead, and nothing is left of it: another touch does its part.

  std::size_t first = 0;                  ///< Where the list begins to matter; what is before is dead and needs no touch.
  bool base = true;                       ///< False: the delta `first` replaces the whole document, whatever was before.
  std::vector<std::uint32_t> fates = {};  ///< Of the deltas from `first` on; empty: all are live.

  /// What is to be done for the delta `number`, which is at least `first`: apply it (`live`), nothing (`gone`), or touch a path.
  [[nodiscard]] std::uint32_t fate(std::size_t number) const noexcept { return fates.empty() ? live : fates[number - first]; }
};

namespace detail {

/// The paths of live Replaces and patches with how old each is, while a list is scanned from its newest delta on. Confined to one thread.
/// A trie whose edges are as many segments as nothing branches off from: so it has at most two nodes for each path, and a path is walked in
/// time linear in its bytes, however deep it is. Children are found by a hash that nobody outside the process can foresee.
/// Lifetime: the paths must outlive it.
class path_marks {
 public:
  /// At most `paths` paths will be marked. Takes memory for what is marked: pages of a list that is hidden by few Replaces stay untouched.
  explicit path_marks(std::size_t paths)
      : slots_(std::bit_ceil((std::min)(paths * 3 / 2, std::size_t{16'384}) + 2)) {
    nodes_.reserve(paths * 2 + 1);
    nodes_.emplace_back();
  }

  /// The age of the Replace that hides a delta older than all that were marked; 0: it is live, and `mark_*` may be called for it.
  [[nodiscard]] std::uint32_t killer_of(std::string_view path) noexcept {
    at_ = 0;
    slot_ = no_slot;
    rest_ = path.substr((std::min)(path.size(), std::size_t{1}));
    std::uint32_t oldest_bar = nodes_[0].bar;
    while (!rest_.empty()) {
      const std::size_t found = find_child();
      if (found == no_slot) return 0;
      const node& child = nodes_[slots_[found].node];
      shared_ = shared_segments(child.edge(), rest_);
      if (shared_ < child.bytes) {
        slot_ = found;
        return 0;
      }
      if (child.replace > oldest_bar) return child.replace;
      oldest_bar = (std::max)(oldest_bar, child.bar);
      at_ = slots_[found].node;
      rest_.remove_prefix((std::min)(shared_ + 1, rest_.size()));
    }
    return 0;
  }

  /// Marks the path that `killer_of` was last asked for, as that of a live Replace or of a live patch. Ages grow from 1.
  void mark_replace(std::uint32_t age) { nodes_[insert()].replace = age; }
  void mark_barrier(std::uint32_t age) { nodes_[insert()].bar = age; }

 private:
  struct node {
    const char* text = nullptr;  // The segments from the parent to here, without the first slash.
    std::uint32_t bytes = 0;
    std::uint32_t parent = 0;
    std::uint32_t replace = 0;  // Age of the oldest live Replace here; 0: none.
    std::uint32_t bar = 0;      // Age of the oldest live patch here; 0: none.

    [[nodiscard]] std::string_view edge() const noexcept { return {text, bytes}; }
  };
  struct slot {
    std::uint32_t tag = 0;   // Half of the hash; its low bits say where the search begins.
    std::uint32_t node = 0;  // 0, the root, is nobody's child: an empty slot.
  };
  static constexpr std::size_t no_slot = (std::numeric_limits<std::size_t>::max)();

  [[nodiscard]] static std::string_view first_segment(std::string_view segments) noexcept { return segments.substr(0, segments.find('/')); }

  /// How many bytes of whole segments two texts begin with in common.
  [[nodiscard]] static std::size_t shared_segments(std::string_view edge, std::string_view rest) noexcept {
    const std::size_t same = common_bytes(edge, rest);
    const auto ends = [same](std::string_view one) { return one.size() == same || one[same] == '/'; };
    if (ends(edge) && ends(rest)) return same;
    const std::size_t slash = same == 0 ? std::string_view::npos : edge.rfind('/', same - 1);
    return slash == std::string_view::npos ? 0 : slash;
  }

  [[nodiscard]] std::uint32_t tag_of(std::uint32_t parent, std::string_view name) const noexcept {
    return static_cast<std::uint32_t>(hash_(name, std::uint64_t{parent} << 32U) >> 32U);
  }

  /// The slot of the child of `at_` whose edge begins with the first segment of `rest_`.
  [[nodiscard]] std::size_t find_child() const noexcept {
    const std::string_view name = first_segment(rest_);
    const std::uint32_t tag = tag_of(at_, name);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t place = tag & mask; slots_[place].node != 0; place = (place + 1) & mask) {
      if (slots_[place].tag != tag) continue;
      const node& child = nodes_[slots_[place].node];
      const bool fits =
          child.parent == at_ && (child.bytes == name.size() || (child.bytes > name.size() && child.text[name.size()] == '/'));
      if (fits && std::memcmp(child.text, name.data(), name.size()) == 0) return place;
    }
    return no_slot;
  }

  static void put(std::vector<slot>& slots, slot entry) noexcept {
    const std::size_t mask = slots.size() - 1;
    std::size_t place = entry.tag & mask;
    while (slots[place].node != 0) place = (place + 1) & mask;
    slots[place] = entry;
  }

  /// Makes a child of `at_` findable. Every node but the root has one slot.
  void enter(std::uint32_t child) {
    if (nodes_.size() > slots_.size() / 4 * 3) {
      std::vector<slot> larger(slots_.size() * 4);
      for (const slot& each : slots_) {
        if (each.node != 0) put(larger, each);
      }
      slots_ = std::move(larger);
    }
    put(slots_, {tag_of(nodes_[child].parent, first_segment(nodes_[child].edge())), child});
  }

  std::uint32_t add_node(std::string_view edge) {
    nodes_.push_back({.text = edge.data(), .bytes = static_cast<std::uint32_t>(edge.size()), .parent = at_});
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  /// The node of the path where the last walk ended; made where it is missing.
  std::uint32_t insert() {
    if (slot_ != no_slot) {  // The walk ended within an edge: a node of its own for the part that is shared.
      const std::uint32_t lower = slots_[slot_].node;
      const std::uint32_t upper = add_node(nodes_[lower].edge().substr(0, shared_));
      slots_[slot_].node = upper;
      nodes_[lower].text += shared_ + 1;
      nodes_[lower].bytes -= static_cast<std::uint32_t>(shared_ + 1);
      nodes_[lower].parent = upper;
      enter(lower);
      at_ = upper;
      rest_.remove_prefix((std::min)(shared_ + 1, rest_.size()));
    }
    if (!rest_.empty()) {
      const std::uint32_t leaf = add_node(rest_);
      enter(leaf);
      at_ = leaf;
    }
    return at_;
  }

  std::vector<node> nodes_;
  std::vector<slot> slots_;  // Open addressing; their number is a power of two.
  name_hash hash_ = {};
  // Where the last walk ended: the deepest node on the path, what is left of the path, and the edge that shares some of that.
  std::uint32_t at_ = 0;
  std::string_view rest_ = {};
  std::size_t slot_ = no_slot;
  std::size_t shared_ = 0;
};

/// Finds where the list begins to matter. Returns how many deltas after that may leave a mark that others meet; 0: none of them is dead.
template <class EffectOf>
[[nodiscard]] std::size_t find_first(std::size_t count, const EffectOf& effect_of, pruned& out) {
  std::size_t marks = 0;
  std::size_t newest_replace = count;
  for (std::size_t i = count; i-- > 0;) {
    const effect each = effect_of(i);
    if (each.type == merge_type::rfc7396) continue;
    if (each.type == merge_type::replace && each.path.size() == 1) {
      out.first = i;
      out.base = false;
      break;
    }
    ++marks;
    if (each.type == merge_type::replace && newest_replace == count) newest_replace = i;
  }
  const std::size_t oldest = out.base ? 0 : out.first + 1;
  return newest_replace == count || newest_replace == oldest ? 0 : marks;
}

/// Of several touches of one path with no live delta between them the first is enough: what a touch made exists, and no touch undoes it.
inline void drop_repeated_touches(pruned& of) {
  std::vector<std::uint32_t> touched_in(of.fates.size(), 0);  // By killer: the run of dead deltas that touched its path last, from 1.
  std::uint32_t run = 1;
  for (std::uint32_t& fate : of.fates) {
    if (fate == pruned::live) {
      ++run;
      continue;
    }
    std::uint32_t& last = touched_in[fate - of.first];
    if (last == run) fate = pruned::gone;
    last = run;
  }
}

}  // namespace detail

/// Returns what a list of `count` deltas needs of itself: `effect_of(i)` is the effect of its delta `i`, oldest first.
/// Merging what is left, with the touches, gives the bytes that merging the whole list gives, where that succeeds; an error of a dead
/// delta is gone. Not for a merge that skips deltas that cannot be applied: there one must be known to be good before it hides others.
/// Complexity: linear in the bytes of the paths; no allocation where no Replace has a delta before it that matters.
template <class EffectOf>
[[nodiscard]] pruned prune(std::size_t count, const EffectOf& effect_of) {
  pruned out;
  if (count >= pruned::gone) return out;
  const std::size_t marks = detail::find_first(count, effect_of, out);
  if (marks == 0) return out;
  detail::path_marks marked(marks);
  const std::size_t oldest = out.base ? 0 : out.first + 1;
  for (std::size_t i = count; i-- > oldest;) {
    const effect each = effect_of(i);
    const auto age = static_cast<std::uint32_t>(count - i);
    if (const std::uint32_t killer = marked.killer_of(each.path); killer != 0) {
      if (out.fates.empty()) out.fates.assign(count - out.first, pruned::live);
      out.fates[i - out.first] = static_cast<std::uint32_t>(count) - killer;
    } else if (each.type == merge_type::replace) {
      marked.mark_replace(age);
    } else if (each.type == merge_type::rfc6902) {
      marked.mark_barrier(age);
    }
  }
  if (!out.fates.empty()) detail::drop_repeated_touches(out);
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_PRUNE_HPP
