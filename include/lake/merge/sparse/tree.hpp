// The document as a sparse tree: expands what a delta reaches in one pass over its text, finds, adds and removes members.
// Knows the places that deltas name, but no delta. The text is trusted as far as that no text makes it crash.
#ifndef LAKE_MERGE_SPARSE_TREE_HPP
#define LAKE_MERGE_SPARSE_TREE_HPP

#include <lake/config.hpp>
#include <lake/merge/pointer.hpp>
#include <lake/merge/sparse/arena.hpp>
#include <lake/merge/sparse/model.hpp>
#include <lake/merge/sparse/reader.hpp>
#include <lake/merge/sparse/seek.hpp>
#include <lake/merge/sparse/sequence.hpp>
#include <lake/merge/sparse/trie.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// The members of an object that left the place it was expanded for, by name. Open addressing; a removed member leaves its slot.
struct name_index {
  struct slot {
    std::uint64_t hash;
    std::string_view name;
    member* newest;
  };
  slot* slots;
  std::size_t capacity;  ///< A power of two.
  std::size_t used;
};

/// The tree of one merge. Confined to it. Lifetime: all texts and the places must outlive it.
class tree {
 public:
  tree(arena& memory, trie& places, const skipper& skip) : elements(memory, places.hash_of({})), memory_(memory), places_(places), skip_(skip) {}
  tree(const tree&) = delete;
  tree& operator=(const tree&) = delete;
  ~tree() = default;

  value root = {};
  sequence elements;

  /// Expands a container of text for the place `at`: what places below it name becomes members and elements, all in one pass,
  /// down to where no place has children. False if the text is broken. `peak` of the result: see reader.
  [[nodiscard]] bool expand(value& of, node& at, std::size_t* peak = nullptr);

  /// The object `of` is, in a state in which the members below the place `at` can be found; null if its text is broken.
  [[nodiscard]] box* object_at(value& of, node& at) {
    if (of.inner == nullptr && !expand(of, at)) return nullptr;
    box& in = *of.inner;
    if (in.context == &at && at.owner == &in) return &in;
    if (in.context != nullptr && !build_index(in)) return nullptr;
    return &in;
  }
  /// The array `of` is; null if its text is broken.
  [[nodiscard]] box* array_at(value& of, node& at) {
    if (of.inner == nullptr && !expand(of, at)) return nullptr;
    return of.inner;
  }

  /// A new `{}` for the place `at`.
  [[nodiscard]] value new_object(node& at) {
    box* const made = memory_.make<box>();
    made->context = &at;
    made->compact = made->dirty = true;
    at.owner = made;
    return {.inner = made, .height = 1};
  }

  /// The last member that is called as the place `child`; null if there is none. `in` came from object_at of its parent.
  [[nodiscard]] member* find(box& in, const node& child) noexcept {
    if (in.context != nullptr) return child.slot_in == &in ? child.slot : nullptr;
    const name_index::slot& found = slot_of(*in.index, places_.hash_of(child.name), child.name);
    return found.newest;
  }

  /// Adds a member that is not there yet. `head` is a key with its colon.
  member& append(box& in, node& child, std::string_view head, const value& now) {
    member* const made = memory_.make<member>();
    made->key = head.data();
    made->begin = head.data() + head.size();
    made->now = now;
    made->changed = true;
    if (in.live == 0) in.compact = true;
    ++in.live;
    link(in, *made);
    if (in.fresh == nullptr) in.fresh = made;
    if (in.context != nullptr) {
      child.slot = made;
      child.slot_in = &in;
    } else {
      enter(*in.index, places_.hash_of(child.name), child.name, *made);
    }
    return *made;
  }

  /// Removes a member, found under `child`, and all others with its name.
  void erase(box& in, node& child, member& at) noexcept {
    drop_earlier(in, at);
    drop(in, at);
    if (in.context != nullptr) child.slot = nullptr;
    else slot_of(*in.index, places_.hash_of(child.name), child.name).newest = nullptr;
  }

  /// Removes the members before `at` that have its name.
  static void drop_earlier(box& in, member& at) noexcept {
    for (member* old = at.earlier; old != nullptr; old = old->earlier) drop(in, *old);
    at.earlier = nullptr;
  }

  void insert(box& in, std::size_t index, const value& now) {
    if (sequence::size(in) == 0) in.compact = true;
    elements.insert(in, index, now);
  }
  void erase(box& in, std::size_t index) {
    elements.erase(in, index);
    if (sequence::size(in) == 0) in.compact = true;
  }

 private:
  /// An element that is expanded in the same pass as its array.
  struct guided_element {
    std::size_t number;
    node* at;
    value now;
  };
  /// How the members of an object are found.
  enum class course : std::uint8_t {
    weigh,   ///< One after the other, until a few have shown whether a search pays.
    walk,    ///< One after the other.
    search,  ///< By the names that are looked for.
  };
  /// A container that the pass is in.
  struct frame {
    box* in;
    node* at;
    value* into;               ///< Whose container it is ...
    member* via;               ///< ... and the member it belongs to, if it does.
    std::size_t begins;        ///< Array: where its elements begin in `begins_` ...
    guided_element* guided;    ///< ... and those that are to be expanded, ascending by number ...
    std::size_t guided_count;
    std::size_t guided_next;   ///< ... from this one on.
    course how;                ///< Object.
  };

  static void link(box& in, member& at) noexcept {
    (in.last != nullptr ? in.last->next : in.first) = &at;
    in.last = &at;
  }
  static void drop(box& in, member& at) noexcept {
    at.removed = true;
    if (--in.live == 0) in.compact = true;
  }

  // When a search is tried: after how many members at most, behind a value of which size, and before how much text.
  static constexpr std::size_t members_weighed = 8;
  static constexpr std::ptrdiff_t least_passed = 96;
  static constexpr std::ptrdiff_t most_passed = 2048;
  static constexpr std::ptrdiff_t least_searched = 1024;
  /// True if a search is likely to be faster than a walk that has just passed over `passed` bytes of a value.
  [[nodiscard]] static bool search_pays(std::ptrdiff_t passed, std::ptrdiff_t left) noexcept {
    return passed >= least_passed && passed <= most_passed && left >= least_searched;
  }
  void open(reader& from, value& into, member* via, node& at);
  [[nodiscard]] bool close(reader& from);
  [[nodiscard]] bool scan_object(reader& from, bool& descends) {
    switch (frames_.back().how) {
      case course::weigh: return walk_object<true>(from, descends);
      case course::walk: return walk_object<false>(from, descends);
      case course::search: return search_object(from, descends);
    }
    return false;
  }
  template <bool Weighs>
  [[nodiscard]] bool walk_object(reader& from, bool& descends);
  [[nodiscard]] bool search_object(reader& from, bool& descends);
  [[nodiscard]] bool pass_reached(reader& from, box& in, node& child, const char* key, bool& descends);
  [[nodiscard]] bool scan_array(reader& from, bool& descends);
  void find_guided(frame& of);
  [[nodiscard]] member& reach(box& in, node& child, const char* key, const char* begin);
  [[nodiscard]] std::string_view name_of(std::string_view key, bool plain) { return plain ? inside(key) : meaning(key, room_); }

  /// Finds every member of an object and makes it independent of the place that it was expanded for. False if the text is broken.
  [[nodiscard]] bool build_index(box& in);
  [[nodiscard]] bool link_all(box& in);
  [[nodiscard]] static name_index::slot& slot_of(const name_index& in, std::uint64_t hash, std::string_view name) noexcept {
    std::size_t at = static_cast<std::size_t>(hash) & (in.capacity - 1);
    while (in.slots[at].name.data() != nullptr && (in.slots[at].hash != hash || in.slots[at].name != name)) at = (at + 1) & (in.capacity - 1);
    return in.slots[at];
  }
  [[nodiscard]] name_index* new_index(std::size_t names) {
    std::size_t capacity = 8;
    while (capacity < names * 2) capacity *= 2;
    auto* const made = memory_.make<name_index>(memory_.array<name_index::slot>(capacity), capacity, std::size_t{0});
    for (std::size_t i = 0; i < capacity; ++i) made->slots[i] = {};
    return made;
  }
  void enter(name_index& in, std::uint64_t hash, std::string_view name, member& at) {
    name_index::slot* found = &slot_of(in, hash, name);
    if (found->name.data() == nullptr) {
      if (++in.used * 2 > in.capacity) {
        const name_index old = in;
        in = *new_index(in.capacity * 2);
        in.used = old.used;
        for (std::size_t i = 0; i < old.capacity; ++i) {
          if (old.slots[i].name.data() != nullptr) slot_of(in, old.slots[i].hash, old.slots[i].name) = old.slots[i];
        }
        found = &slot_of(in, hash, name);
      }
      *found = {hash, name, nullptr};
    }
    at.earlier = found->newest;
    found->newest = &at;
  }

  arena& memory_;
  trie& places_;
  const skipper& skip_;
  stack<frame> frames_{memory_};
  std::vector<const char*> begins_ = {};
  std::string room_ = {};
};

inline bool tree::expand(value& of, node& at, std::size_t* peak) {
  reader from{of.raw.data(), of.raw.data() + of.raw.size(), &skip_};
  frames_.shrink(0);
  begins_.clear();
  open(from, of, nullptr, at);
  while (!frames_.empty()) {
    bool descends = false;
    const bool object = frames_.back().in->object;
    if (!(object ? scan_object(from, descends) : scan_array(from, descends))) return false;
    if (!descends && !close(from)) return false;
  }
  if (peak != nullptr) *peak = from.peak;
  return from.at == from.end;
}

inline void tree::open(reader& from, value& into, member* via, node& at) {
  box* const in = memory_.make<box>();
  in->object = *from.at == '{';
  in->context = &at;
  in->text = {from.at, static_cast<std::size_t>(from.end - from.at)};
  if (in->object) {
    at.owner = in;
    places_.widen(at);
  }
  ++from.at;
  const bool may_search = at.child_count <= sought_places::most && from.end - from.at >= least_searched;
  frames_.push({in, &at, &into, via, begins_.size(), nullptr, 0, 0, may_search ? course::weigh : course::walk});
  from.peak = (std::max)(from.peak, frames_.size());
  // Not where there are more places than the text can have elements: then looking for them would cost more than the text.
  if (!in->object && at.child_count <= in->text.size()) find_guided(frames_.back());
}

/// Behind the closing bracket: the container is known.
inline bool tree::close(reader& from) {
  const frame done = frames_.back();
  frames_.pop();
  box& in = *done.in;
  in.text = {in.text.data(), static_cast<std::size_t>(from.at - in.text.data())};
  done.into->raw = in.text;
  done.into->inner = done.in;
  if (done.via != nullptr) done.via->end = from.at;
  if (in.object) return true;
  in.count = begins_.size() - done.begins;
  const char** const kept = memory_.array<const char*>(in.count);
  if (in.count != 0) std::memcpy(static_cast<void*>(kept), begins_.data() + done.begins, in.count * sizeof(const char*));
  begins_.resize(done.begins);
  in.begins = kept;
  in.last_end = end_before(in.text.data(), in.text.data() + in.text.size() - 1);
  std::size_t next = 0;
  for (std::size_t i = 0; i < done.guided_next; ++i) {
    const guided_element& one = done.guided[i];
    if (one.now.inner == nullptr) continue;
    elements.append_run(in, next, one.number - next);
    elements.append_own(in, one.number, one.now);
    next = one.number + 1;
  }
  elements.append_run(in, next, in.count - next);
  return true;
}

/// Reads members up to the closing bracket, or up to a container that places below name. `Weighs`: goes over to a search behind a
/// member that is large, but not so large that the walk goes as fast over those like it, and to mere walking if there is none soon.
template <bool Weighs>
inline bool tree::walk_object(reader& from, bool& descends) {
  box& in = *frames_.back().in;
  const node& at = *frames_.back().at;
  const std::size_t depth = frames_.size();
  std::size_t live = in.live;
  for (;; ++live) {
    from.spaces();
    if (from.take('}')) {
      in.live = live;
      return true;
    }
    if (live != 0) {
      if (!from.take(',')) return false;
      from.spaces();
    }
    std::string_view key;
    bool plain = true;
    if (!from.key(key, plain)) return false;
    const std::string_view name = name_of(key, plain);
    node* const child = Weighs ? find_among_few(at, name) : places_.find(at, name);
    if (child == nullptr) {
      const char* const begin = from.at;
      if (!from.value(depth)) return false;
      if constexpr (Weighs) {
        const bool pays = search_pays(from.at - begin, from.end - from.at);
        if (!pays && live < members_weighed) continue;
        in.live = live + 1;
        frames_.back().how = pays ? course::search : course::walk;
        return scan_object(from, descends);
      }
      continue;
    }
    if (!pass_reached(from, in, *child, key.data(), descends)) return false;
    if (!descends) continue;
    in.live = live + 1;
    return true;
  }
}

/// As walk_object, but goes from one name that is looked for to the next. What lies between them is not counted: the member before
/// the search, which no place names, stands for all of it, as an object with a member that nothing reaches never becomes empty.
inline bool tree::search_object(reader& from, bool& descends) {
  box& in = *frames_.back().in;
  const node& at = *frames_.back().at;
  const std::size_t depth = frames_.size();
  const name_search search(at, skip_);
  for (;;) {
    const sought next = search(from.at, from.end);
    if (next.what == sought::broken) return false;
    if (next.what == sought::escapes) {
      frames_.back().how = course::walk;
      return scan_object(from, descends);
    }
    from.peak = (std::max)(from.peak, depth - 1 + next.peak);
    from.at = next.at;
    if (next.what == sought::end) return true;
    std::string_view key;
    bool plain = true;
    node* const child = next.found;
    if (!from.key(key, plain)) return false;
    ++in.live;
    if (!pass_reached(from, in, *child, key.data(), descends)) return false;
    if (descends) return true;
  }
}

/// Links the member with the value here, which the place `child` names, and passes over the value; opens it instead if places below
/// name parts of it.
__attribute__((always_inline)) inline bool tree::pass_reached(reader& from, box& in, node& child, const char* key, bool& descends) {
  member& found = reach(in, child, key, from.at);
  if (child.children != nullptr && (from.is('{') || (from.is('[') && child.has_indexes))) {
    descends = true;
    open(from, found.now, &found, child);
    return true;
  }
  if (!from.value(frames_.size())) return false;
  found.end = from.at;
  found.now.raw = {found.begin, static_cast<std::size_t>(from.at - found.begin)};
  return true;
}

/// A member of the text that a place below names.
inline member& tree::reach(box& in, node& child, const char* key, const char* begin) {
  member* const found = memory_.make<member>();
  found->key = key;
  found->begin = begin;
  if (child.slot_in == &in) found->earlier = child.slot;
  child.slot = found;
  child.slot_in = &in;
  link(in, *found);
  return *found;
}

/// Reads elements up to the closing bracket, or up to a container that places below name.
inline bool tree::scan_array(reader& from, bool& descends) {
  frame& now = frames_.back();
  const std::size_t depth = frames_.size();
  for (;;) {
    from.spaces();
    if (from.take(']')) return true;
    const std::size_t number = begins_.size() - now.begins;
    if (number != 0) {
      if (!from.take(',')) return false;
      from.spaces();
    }
    if (from.at == from.end) return false;
    begins_.push_back(from.at);
    if (now.guided_next < now.guided_count && now.guided[now.guided_next].number == number) {
      guided_element& one = now.guided[now.guided_next++];
      if (*from.at == '{' || (*from.at == '[' && one.at->has_indexes)) {
        descends = true;
        open(from, one.now, nullptr, *one.at);
        return true;
      }
    }
    if (!from.value(depth)) return false;
  }
}

/// The elements that places below the array's go into.
inline void tree::find_guided(frame& of) {
  std::size_t count = 0;
  for (const node* child = of.at->children; child != nullptr; child = child->sibling) count += child->children != nullptr ? 1 : 0;
  if (count == 0) return;
  of.guided = memory_.array<guided_element>(count);
  for (node* child = of.at->children; child != nullptr; child = child->sibling) {
    const std::size_t number = child->children != nullptr ? array_index(child->name) : npos;
    if (number != npos) of.guided[of.guided_count++] = {number, child, {}};
  }
  std::sort(of.guided, of.guided + of.guided_count, [](const guided_element& a, const guided_element& b) { return a.number < b.number; });
}

inline bool tree::build_index(box& in) {
  if (!in.text.empty() && !in.compact && !link_all(in)) return false;
  in.context = nullptr;
  in.live = 0;
  for (const member* each = in.first; each != nullptr; each = each->next) in.live += each->removed ? 0 : 1;
  in.index = new_index(in.live);
  for (member* each = in.first; each != nullptr; each = each->next) {
    if (each->removed) continue;
    const std::string_view key(each->key, static_cast<std::size_t>(each->begin - each->key));
    const std::string_view written = key.substr(0, string_end(key, 0));
    const std::string_view name = is_plain(written) ? name_of(written, true) : memory_.keep(name_of(written, false));
    enter(*in.index, places_.hash_of(name), name, *each);
  }
  return true;
}

/// Puts the members that nothing has reached yet between those that something has.
inline bool tree::link_all(box& in) {
  reader from{in.text.data() + 1, in.text.data() + in.text.size(), &skip_};
  member* reached = in.first;
  member** place = &in.first;
  in.last = nullptr;
  for (bool first = true;; first = false) {
    from.spaces();
    if (from.take('}')) break;
    if (!first) {
      if (!from.take(',')) return false;
      from.spaces();
    }
    member* one = reached;
    if (reached != nullptr && reached->key == from.at) {
      reached = reached->next;
      from.at = one->end;
    } else {
      one = memory_.make<member>();
      one->key = from.at;
      std::string_view key;
      bool plain = true;
      if (!from.key(key, plain)) return false;
      one->begin = from.at;
      if (!from.value(0)) return false;
      one->end = from.at;
      one->now.raw = {one->begin, static_cast<std::size_t>(one->end - one->begin)};
    }
    *place = one;
    place = &one->next;
    in.last = one;
  }
  *place = in.fresh;
  if (in.fresh != nullptr) {
    for (in.last = in.fresh; in.last->next != nullptr;) in.last = in.last->next;
  }
  return true;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_TREE_HPP
