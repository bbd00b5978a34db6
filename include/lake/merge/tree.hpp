// A JSON document as a tree that keeps its spelling: whatever is not changed is a view of the text it came from.
// Knows no delta; knows where white space goes, and how to take back what was done since a mark.
//
// The white-space rules make a tree a function of its own text: writing it out and reading it again changes nothing that
// is done later, so merging in one go and merging through a snapshot give the same bytes.
// - A removed member takes the separator before it along; the first one takes the one behind it.
// - A new member goes last, as `,"key":value`, before the container's original white space at the end.
// - A container that is empty, or becomes so, has no white space from its first new member on.
// - In arrays `,` stands between elements that became neighbours.
#ifndef LAKE_MERGE_TREE_HPP
#define LAKE_MERGE_TREE_HPP

#include <lake/config.hpp>
#include <lake/merge/scan.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

struct container;

/// A value: text as written, or a container that something descended into. A plain value; copying one shares the container.
struct value {
  std::string_view raw = {};        ///< The text, where `box` is null.
  container* box = nullptr;
  outline* origin = nullptr;        ///< What `raw` is a part of, where `raw` is a container.
  std::size_t extent_number = 0;    ///< Which container of `origin` it is.
  std::size_t height = 0;           ///< An upper bound of the containers open at once in it.
};

/// A member or an element. Unlinked ones keep their neighbours, so that they can be linked again.
struct entry {
  std::string_view gap = {};   ///< The separator before it; not written before a first child.
  std::string_view head = {};  ///< The key, the colon and their white space.
  std::string_view name = {};  ///< The key unescaped.
  value val = {};
  entry* previous = nullptr;
  entry* following = nullptr;
  entry* earlier = nullptr;    ///< The one before it with the same name, once it was looked for.
};

/// An object or array whose children are known. Objects are lists with a lazy index, arrays are vectors.
struct container {
  bool object = false;
  std::string_view lead = {};  ///< White space before the first child.
  std::string_view tail = {};  ///< White space after the last one.
  entry* first = nullptr;
  entry* last = nullptr;
  std::size_t count = 0;
  std::size_t searches = 0;
  std::map<std::string_view, entry*> index = {};  ///< The last member of each name; ordered, so that no choice of keys makes it slow.
  std::vector<entry*> elements = {};

  [[nodiscard]] bool is_empty() const noexcept { return object ? count == 0 : elements.empty(); }
};

[[nodiscard]] inline kind kind_of(const value& of) noexcept {
  if (of.box != nullptr) return of.box->object ? kind::object : kind::array;
  return kind_of(of.raw);
}

/// The tree. Confined to one thread; movable, not copyable. Its containers live in one arena, so that nothing about it is recursive.
/// Lifetime: all texts that were given to it must outlive it.
class tree {
 public:
  tree() = default;
  tree(tree&&) noexcept = default;
  tree& operator=(tree&&) noexcept = default;
  tree(const tree&) = delete;
  tree& operator=(const tree&) = delete;
  ~tree() = default;

  [[nodiscard]] value& root() noexcept { return root_; }

  /// A value of the text `input`, which is well formed, trimmed and no higher than `height`.
  [[nodiscard]] value from_text(std::string_view input, std::size_t height) {
    if (kind_of(input) != kind::object && kind_of(input) != kind::array) return {input, nullptr, nullptr, 0, 0};
    return {input, nullptr, &outlines_.emplace_back(outline{input}), 0, height};
  }
  /// The same of a text that the tree keeps.
  [[nodiscard]] value from_own_text(std::string&& input, std::size_t height) { return from_text(copies_.emplace_back(std::move(input)), height); }
  /// A new `{}`.
  [[nodiscard]] value new_object() {
    container& box = containers_.emplace_back();
    box.object = true;
    return {{}, &box, nullptr, 0, 1};
  }
  /// Text that lives as long as the tree.
  [[nodiscard]] std::string_view keep(std::string&& bytes) { return names_.emplace_back(std::move(bytes)); }

  /// The children of an object or array. Complexity: linear in them at the first call.
  container& expand(value& of);

  /// The last member called `name`; null if there is none.
  [[nodiscard]] entry* find(container& in, std::string_view name);

  // Changes. While there is a mark, each can be taken back.

  void assign(value& place, const value& now) {
    if (recording_) changes_.push_back({.did = change::assigned, .place = &place, .before = place});
    place = now;
  }
  /// Adds a member that is not there yet. `head` is a key with its colon.
  entry& append(container& in, std::string_view head, std::string_view name, const value& now);
  /// Removes a member and all others with its name. `at` came from `find`.
  void erase(container& in, entry& at);
  /// Removes the members before `at` that have its name. `at` came from `find`.
  void drop_earlier(container& in, entry& at);
  /// Puts an element before the one at `index`, or last.
  void insert(container& in, std::size_t index, const value& now);
  /// Removes the element at `index`.
  void erase(container& in, std::size_t index);

  // Taking back.

  /// Sets the mark: from now on changes are noted.
  void set_mark() {
    changes_.clear();
    recording_ = true;
    copies_at_mark_ = copies_.size();
  }
  /// Takes the mark away: what was done is done.
  void clear_mark() noexcept {
    changes_.clear();
    recording_ = false;
  }
  /// Takes back everything since the mark, and takes the mark away.
  void restore() {
    recording_ = false;
    for (; !changes_.empty(); changes_.pop_back()) take_back(changes_.back());
    copies_.resize(copies_at_mark_);
  }

  // Reading.

  /// Gives the pieces of the text of `of` to `put` in order.
  template <class Put>
  static void write(const value& of, Put put);

  /// The exact number of containers open at once.
  [[nodiscard]] static std::size_t exact_height(const value& of);

 private:
  struct change {
    enum what { assigned, appended, unlinked, erased_key, joined, inserted, erased } did;
    container* in = nullptr;
    entry* at = nullptr;
    entry* other = nullptr;
    value* place = nullptr;
    value before = {};
    std::size_t index = 0;
    std::string_view gap = {};
    std::string_view lead = {};
    std::string_view tail = {};
  };
  /// A container that is being written or measured, and the child whose turn is next.
  struct frame {
    const container* in;
    const entry* at;
    std::size_t index = 0;

    explicit frame(const container& of) noexcept
        : in(&of), at(of.object ? of.first : of.elements.empty() ? nullptr : of.elements.front()) {}
    void advance() noexcept {
      if (in->object) at = at->following;
      else at = ++index < in->elements.size() ? in->elements[index] : nullptr;
    }
    [[nodiscard]] bool at_first() const noexcept { return in->object ? at == in->first : index == 0; }
  };
  static constexpr std::size_t wide_members = 16;
  static constexpr std::size_t linear_searches = 4;

  void note(enum change::what did, container& in, entry* at, std::size_t index = 0, std::string_view gap = {}) {
    if (recording_) changes_.push_back({.did = did, .in = &in, .at = at, .index = index, .gap = gap, .lead = in.lead, .tail = in.tail});
  }
  static void take_back(const change& done);
  static void link_last(container& in, entry& at) noexcept;
  static void relink(container& in, entry& at) noexcept;
  static void unlink(container& in, entry& at) noexcept;
  static void build_index(container& in);

  value root_;
  std::deque<outline> outlines_;
  std::deque<container> containers_;
  std::deque<entry> entries_;
  std::deque<std::string> names_;
  std::deque<std::string> copies_;
  std::vector<change> changes_;
  std::size_t copies_at_mark_ = 0;
  bool recording_ = false;
};

inline container& tree::expand(value& of) {
  if (of.box != nullptr) return *of.box;
  of.origin->draw();
  container& box = containers_.emplace_back();
  box.object = kind_of(of.raw) == kind::object;
  cursor walk(of.raw, of.origin, of.extent_number);
  const std::size_t inner_height = of.height == 0 ? 0 : of.height - 1;
  while (walk.next()) {
    entry& child = entries_.emplace_back();
    child.gap = walk.gap;
    child.val.raw = walk.value;
    if (const kind what = kind_of(walk.value); what == kind::object || what == kind::array) {
      child.val.origin = of.origin;
      child.val.extent_number = walk.extent_number;
      child.val.height = inner_height;
    }
    if (box.is_empty()) box.lead = walk.gap;
    if (box.object) {
      child.head = walk.head;
      child.name = is_plain(walk.key) ? walk.key.substr(1, walk.key.size() - 2) : meaning(walk.key, names_.emplace_back());
      link_last(box, child);
    } else {
      box.elements.push_back(&child);
    }
  }
  (box.is_empty() ? box.lead : box.tail) = walk.gap;
  of.box = &box;
  return box;
}

inline void tree::link_last(container& in, entry& at) noexcept {
  at.previous = in.last;
  at.following = nullptr;
  (in.last != nullptr ? in.last->following : in.first) = &at;
  in.last = &at;
  ++in.count;
}

inline void tree::relink(container& in, entry& at) noexcept {
  (at.previous != nullptr ? at.previous->following : in.first) = &at;
  (at.following != nullptr ? at.following->previous : in.last) = &at;
  ++in.count;
}

inline void tree::unlink(container& in, entry& at) noexcept {
  (at.previous != nullptr ? at.previous->following : in.first) = at.following;
  (at.following != nullptr ? at.following->previous : in.last) = at.previous;
  if (--in.count == 0) in.lead = in.tail = {};
}

inline void tree::build_index(container& in) {
  for (entry* at = in.first; at != nullptr; at = at->following) {
    entry*& newest = in.index[at->name];
    at->earlier = newest;
    newest = at;
  }
}

inline entry* tree::find(container& in, std::string_view name) {
  if (in.index.empty() && in.count > wide_members && ++in.searches > linear_searches) build_index(in);
  if (!in.index.empty()) {
    const auto found = in.index.find(name);
    return found == in.index.end() ? nullptr : found->second;
  }
  entry* newest = nullptr;
  for (entry* at = in.first; at != nullptr; at = at->following) {
    if (at->name != name) continue;
    at->earlier = newest;
    newest = at;
  }
  return newest;
}

inline entry& tree::append(container& in, std::string_view head, std::string_view name, const value& now) {
  entry& added = entries_.emplace_back();
  added.gap = ",";
  added.head = head;
  added.name = name;
  added.val = now;
  note(change::appended, in, &added);
  if (in.count == 0) in.lead = in.tail = {};
  link_last(in, added);
  if (!in.index.empty()) in.index[name] = &added;
  return added;
}

inline void tree::erase(container& in, entry& at) {
  drop_earlier(in, at);
  note(change::erased_key, in, &at);
  unlink(in, at);
  in.index.erase(at.name);
}

inline void tree::drop_earlier(container& in, entry& at) {
  if (at.earlier == nullptr) return;
  if (recording_) changes_.push_back({.did = change::joined, .at = &at, .other = at.earlier});
  for (entry* old = at.earlier; old != nullptr; old = old->earlier) {
    note(change::unlinked, in, old);
    unlink(in, *old);
  }
  at.earlier = nullptr;
}

inline void tree::insert(container& in, std::size_t index, const value& now) {
  entry& added = entries_.emplace_back();
  added.gap = ",";
  added.val = now;
  entry* const behind = index < in.elements.size() ? in.elements[index] : nullptr;
  note(change::inserted, in, &added, index, behind != nullptr ? behind->gap : std::string_view());
  if (behind != nullptr) behind->gap = ",";
  if (in.elements.empty()) in.lead = in.tail = {};
  in.elements.insert(in.elements.begin() + static_cast<std::ptrdiff_t>(index), &added);
}

inline void tree::erase(container& in, std::size_t index) {
  entry* const behind = index + 1 < in.elements.size() ? in.elements[index + 1] : nullptr;
  note(change::erased, in, in.elements[index], index, behind != nullptr ? behind->gap : std::string_view());
  if (behind != nullptr) behind->gap = ",";
  in.elements.erase(in.elements.begin() + static_cast<std::ptrdiff_t>(index));
  if (in.elements.empty()) in.lead = in.tail = {};
}

/// Undoes one change; changes are taken back in reverse order, so everything is as it was just after it.
inline void tree::take_back(const change& done) {
  if (done.did == change::assigned) {
    *done.place = done.before;
    return;
  }
  if (done.did == change::joined) {
    done.at->earlier = done.other;
    return;
  }
  container& in = *done.in;
  const auto position = in.elements.begin() + static_cast<std::ptrdiff_t>(done.index);
  if (done.did == change::appended) {
    in.index.erase(done.at->name);
    unlink(in, *done.at);
  } else if (done.did == change::unlinked || done.did == change::erased_key) {
    if (done.did == change::erased_key && !in.index.empty()) in.index[done.at->name] = done.at;
    relink(in, *done.at);
  } else if (done.did == change::inserted) {
    const auto behind = in.elements.erase(position);
    if (behind != in.elements.end()) (*behind)->gap = done.gap;
  } else {
    const auto again = in.elements.insert(position, done.at);
    if (again + 1 != in.elements.end()) (*(again + 1))->gap = done.gap;
  }
  in.lead = done.lead;
  in.tail = done.tail;
}

template <class Put>
void tree::write(const value& of, Put put) {
  if (of.box == nullptr) return put(of.raw);
  std::vector<frame> open;
  const auto enter = [&open, &put](const container& box) {
    put(box.object ? std::string_view("{") : std::string_view("["));
    put(box.lead);
    open.emplace_back(box);
  };
  enter(*of.box);
  while (!open.empty()) {
    frame& now = open.back();
    if (now.at == nullptr) {
      put(now.in->tail);
      put(now.in->object ? std::string_view("}") : std::string_view("]"));
      open.pop_back();
      continue;
    }
    const entry& child = *now.at;
    if (!now.at_first()) put(child.gap);
    put(child.head);
    now.advance();
    if (child.val.box != nullptr) enter(*child.val.box);
    else put(child.val.raw);
  }
}

inline std::size_t tree::exact_height(const value& of) {
  if (of.box == nullptr) return height_of(of.raw);
  std::size_t highest = 1;
  std::vector<frame> open{frame(*of.box)};
  while (!open.empty()) {
    frame& now = open.back();
    if (now.at == nullptr) {
      open.pop_back();
      continue;
    }
    const value& child = now.at->val;
    now.advance();
    if (child.box != nullptr) open.emplace_back(*child.box);
    highest = (std::max)(highest, open.size() + (child.box == nullptr ? height_of(child.raw) : 0));
  }
  return highest;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_TREE_HPP
