// Applies compiled deltas to a sparse tree, in order. Knows what each kind of delta means; formats: RFC 7396, RFC 6902.
#ifndef LAKE_MERGE_SPARSE_RUN_HPP
#define LAKE_MERGE_SPARSE_RUN_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/merge/equal.hpp>
#include <lake/merge/pointer.hpp>
#include <lake/merge/sparse/arena.hpp>
#include <lake/merge/sparse/output.hpp>
#include <lake/merge/sparse/program.hpp>
#include <lake/merge/sparse/tree.hpp>
#include <lake/merge/step.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// Runs commands on a tree. A command that fails leaves the tree half changed: the merge has failed. Confined to one merge.
class runner {
 public:
  /// `height` is an upper bound of the containers open at once in the document.
  runner(arena& memory, tree& document, std::size_t height, const options& with)
      : memory_(memory), tree_(document), with_(with), height_(height), text_(memory) {
    chain_.push({&tree_.root, nullptr, nullptr});
  }

  /// Applies one command. False if it cannot be applied: `why` says more, but for the step's number.
  [[nodiscard]] bool run(const command& one, failure& why);

 private:
  /// A place on the way to where the runner stands: the value, and the member that holds it. The root and elements have none.
  struct place {
    value* at;
    member* via;
    box* in;  ///< Whose member it is.
  };
  /// An object that a merge patch is being applied to, and the last member of the patch that belongs there.
  struct level {
    box* in;
    const patch_member* last;
  };

  [[nodiscard]] value& here() noexcept { return *chain_.back().at; }
  [[nodiscard]] std::size_t around() const noexcept { return chain_.size() - 1; }
  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }
  bool refuse_broken() { return refuse("a value on the way is not JSON"); }
  bool refuse_index(std::string_view token, std::size_t length) {
    return refuse(lake::detail::in_quotes(token) + " is no index here, the array has " + std::to_string(length) + " elements");
  }

  /// Sets `way_` to the places from below `top` down to `at`.
  void find_way(const node& top, node& at) {
    way_.shrink(0);
    for (node* each = &at; each != &top; each = each->parent) way_.push(each);
  }

  void touch_above(std::size_t height);
  void assign_here(const value& now);
  [[nodiscard]] std::string_view head_of(std::string_view name);
  [[nodiscard]] box* object_here(node& at) { return tree_.object_at(here(), at); }

  [[nodiscard]] bool walk(const command& one);
  [[nodiscard]] bool merge(const command& one);
  [[nodiscard]] bool merge_member(const patch_member& one);
  [[nodiscard]] bool patch(const command& one, failure& why);

  [[nodiscard]] bool operate(node& top, const patch_operation& one, std::string_view& blamed);
  [[nodiscard]] bool enter(node& child);
  [[nodiscard]] bool enter_all(node& top, node& at, std::size_t but = 0);
  [[nodiscard]] bool enter_or_create(node& child);
  /// True if here is an object without a member called as `child`.
  [[nodiscard]] bool lacks(node& child) {
    if (!is_object(here())) return false;
    box* const in = object_here(*child.parent);
    return in != nullptr && tree_.find(*in, child) == nullptr;
  }
  [[nodiscard]] bool set_here(value now);
  [[nodiscard]] bool add(node& top, node& at, const value& now, bool create_parents);
  [[nodiscard]] bool add_child(node& child, value now);
  [[nodiscard]] bool remove(node& top, node& at);
  [[nodiscard]] bool move(node& top, const patch_operation& one, std::string_view& blamed);
  [[nodiscard]] bool copy(node& top, const patch_operation& one, std::string_view& blamed);
  [[nodiscard]] bool test(const value& expected);

  [[nodiscard]] std::size_t bound_of(const value& of, std::size_t around) const noexcept {
    if (of.inner == nullptr && detail::kind_of(of.raw) != kind::object && detail::kind_of(of.raw) != kind::array) return 0;
    return of.height != 0 ? of.height : height_ - (std::min)(height_, around);
  }
  [[nodiscard]] bool fits(value& now, std::size_t around);
  [[nodiscard]] std::string_view text_of(const value& of);

  arena& memory_;
  tree& tree_;
  const options& with_;
  std::size_t height_;
  std::size_t scope_ = 1;         ///< Length of the chain that the walk left: a patch is relative to its last value.
  std::size_t copied_bytes_ = 0;
  output text_;
  stack<place> chain_{memory_};
  stack<node*> way_{memory_};
  stack<level> levels_{memory_};
  std::string reason_ = {};
  std::string room_ = {};
  std::string text_room_ = {};
};

inline bool runner::run(const command& one, failure& why) {
  bool done = walk(one);
  if (done && one.what == command::patch) return patch(one, why);
  if (done && one.what == command::merge) done = merge(one);
  if (!done) why.reason = std::move(reason_);
  return done;
}

/// What is above the place where the runner stands is about to change: of duplicates on the way only the last is left, and no
/// bound is lower than that of what comes, a value of `height` below the last place.
inline void runner::touch_above(std::size_t height) {
  height += chain_.size();
  for (const place& each : chain_) {
    if (each.via != nullptr && each.via->earlier != nullptr) tree::drop_earlier(*each.in, *each.via);
    if (each.at->inner != nullptr) each.at->inner->dirty = true;
    if (each.at->height != 0) each.at->height = (std::max)(each.at->height, height);
    --height;
  }
}

inline void runner::assign_here(const value& now) {
  touch_above(now.height);
  const place& last = chain_.back();
  *last.at = now;
  if (last.via != nullptr) last.via->changed = true;
}

/// A key of that name and its colon, behind a comma.
inline std::string_view runner::head_of(std::string_view name) {
  if (!is_plain_name(name)) {
    room_.assign(1, ',');
    append_quoted(room_, name);
    room_ += ':';
    return memory_.keep(room_).substr(1);
  }
  char* const head = memory_.array<char>(name.size() + 4);
  head[0] = ',';
  head[1] = '"';
  if (!name.empty()) std::memcpy(head + 2, name.data(), name.size());
  head[2 + name.size()] = '"';
  head[3 + name.size()] = ':';
  return {head + 1, name.size() + 3};
}

/// Walks to the command's path. Ancestors that are missing or no objects become objects. At the end a Replace puts its body; a
/// missing member becomes `{}` for patches of both kinds, null for a touch. What the path has in common with that of the command
/// before it is not walked again: a command changes nothing above the place it is for.
inline bool runner::walk(const command& one) {
  chain_.shrink((std::min)(scope_, one.shared + 1));
  way_.shrink(0);
  node* top = one.at;
  for (std::size_t left = one.depth + 1 - chain_.size(); left != 0; --left, top = top->parent) way_.push(top);
  const bool replaces = one.what == command::replace;
  for (std::size_t i = way_.size(); i-- > 0; top = way_[i]) {
    node& child = *way_[i];
    if (!is_object(here())) assign_here(tree_.new_object(*top));
    box* const in = object_here(*top);
    if (in == nullptr) return refuse_broken();
    member* found = tree_.find(*in, child);
    if (found == nullptr) {
      const bool object = i != 0 || one.what == command::merge || one.what == command::patch;
      const value made = object ? tree_.new_object(child) : replaces ? one.body : value{.raw = "null"};
      touch_above(made.height);
      height_ = (std::max)(height_, chain_.size() + made.height);
      found = &tree_.append(*in, child, head_of(child.name), made);
      if (i == 0 && replaces) {
        scope_ = chain_.size();
        return true;
      }
    }
    chain_.push({&found->now, found, in});
  }
  scope_ = chain_.size();
  if (!replaces) return true;
  assign_here(one.body);
  height_ = (std::max)(height_, one.depth + one.body.height);
  return true;
}

/// Applies a merge patch to the value here (RFC 7396 section 2, without its recursion).
inline bool runner::merge(const command& one) {
  touch_above((std::max)(one.body.height, std::size_t{1}));
  height_ = (std::max)(height_, one.depth + (std::max)(one.body.height, std::size_t{1}));
  if (!is_object(here())) assign_here(tree_.new_object(*one.at));
  if (one.members == nullptr) return true;
  box* const in = object_here(*one.at);
  if (in == nullptr) return refuse_broken();
  in->dirty = true;
  levels_.shrink(0);
  levels_.push({in, nullptr});
  for (const patch_member* now = one.members; now != nullptr;) {
    const std::size_t depth = levels_.size();
    if (!now->overruled && !merge_member(*now)) return refuse_broken();
    if (levels_.size() > depth) {
      now = now->next;
      continue;
    }
    const patch_member* const done = now->last;
    while (levels_.back().last == done) levels_.pop();
    now = done->next;
  }
  return true;
}

/// One member of a merge patch; goes down into it if it is an object with members.
inline bool runner::merge_member(const patch_member& one) {
  box& in = *levels_.back().in;
  member* found = tree_.find(in, *one.at);
  if (one.null) {
    if (found != nullptr) tree_.erase(in, *one.at, *found);
    return true;
  }
  const bool object = one.object;
  if (found == nullptr) {
    found = &tree_.append(in, *one.at, one.head, object ? tree_.new_object(*one.at) : value{.raw = one.body});
  } else {
    tree::drop_earlier(in, *found);
    if (!object || !is_object(found->now)) {
      found->now = object ? tree_.new_object(*one.at) : value{.raw = one.body};
      found->changed = true;
    }
  }
  if (!object || one.last == &one) return true;
  box* const inner = tree_.object_at(found->now, *one.at);
  if (inner == nullptr) return false;
  inner->dirty = true;
  found->now.height = 0;
  levels_.push({inner, one.last});
  return true;
}

inline bool runner::patch(const command& one, failure& why) {
  if (!fits(here(), around())) {
    why.reason = std::move(reason_);
    return false;
  }
  std::size_t number = 0;
  for (const patch_operation* each = one.operations; each != nullptr; each = each->next, ++number) {
    std::string_view blamed = each->pointer;
    chain_.shrink(scope_);
    if (operate(*one.at, *each, blamed)) continue;
    why.operation = number;
    why.pointer = blamed;
    why.reason = std::move(reason_);
    return false;
  }
  return true;
}

inline bool runner::operate(node& top, const patch_operation& one, std::string_view& blamed) {
  switch (one.what) {
    case verb::add: return add(top, *one.path, one.now, !with_.strict_rfc6902);
    case verb::remove: return remove(top, *one.path);
    case verb::replace: return enter_all(top, *one.path) && set_here(one.now);
    case verb::move: return move(top, one, blamed);
    case verb::copy: return copy(top, one, blamed);
    case verb::test: return enter_all(top, *one.path) && test(one.now);
  }
  return false;
}

/// Goes to the child called as `child`. False, with a reason, if there is none.
inline bool runner::enter(node& child) {
  const kind what = kind_of(here());
  if (what == kind::object) {
    box* const in = object_here(*child.parent);
    if (in == nullptr) return refuse_broken();
    member* const found = tree_.find(*in, child);
    if (found == nullptr) return refuse("the object has no member " + lake::detail::in_quotes(child.name));
    chain_.push({&found->now, found, in});
    return true;
  }
  if (what != kind::array) return refuse(std::string(to_string(what)) + " has no member " + lake::detail::in_quotes(child.name));
  box* const in = tree_.array_at(here(), *child.parent);
  if (in == nullptr) return refuse_broken();
  const std::size_t index = array_index(child.name);
  if (index >= sequence::size(*in)) return refuse_index(child.name, sequence::size(*in));
  chain_.push({&tree_.elements.at(*in, index).now, nullptr, in});
  return true;
}

/// Goes from `top` to `at`, but for the last `but` places of the way.
inline bool runner::enter_all(node& top, node& at, std::size_t but) {
  find_way(top, at);
  for (std::size_t i = way_.size(); i-- > but;) {
    if (!enter(*way_[i])) return false;
  }
  return true;
}

/// As `enter`, but a missing member of an object is created as an object.
inline bool runner::enter_or_create(node& child) {
  if (is_object(here())) {
    box* const in = object_here(*child.parent);
    if (in == nullptr) return refuse_broken();
    if (tree_.find(*in, child) == nullptr) {
      touch_above(1);
      tree_.append(*in, child, head_of(child.name), tree_.new_object(child));
      height_ = (std::max)(height_, chain_.size() + 1);
    }
  }
  return enter(child);
}

inline bool runner::set_here(value now) {
  if (!fits(now, around())) return false;
  assign_here(now);
  return true;
}

/// Adds or replaces the member, or inserts an element before the index (`-`: last).
inline bool runner::add_child(node& child, value now) {
  const kind what = kind_of(here());
  if (what != kind::object && what != kind::array) return refuse(std::string(to_string(what)) + " can have no member " + lake::detail::in_quotes(child.name));
  if (!fits(now, chain_.size())) return false;
  if (what == kind::object) {
    box* const in = object_here(*child.parent);
    if (in == nullptr) return refuse_broken();
    if (member* const found = tree_.find(*in, child)) {
      chain_.push({&found->now, found, in});
      assign_here(now);
    } else {
      touch_above(now.height);
      tree_.append(*in, child, head_of(child.name), now);
    }
    return true;
  }
  box* const in = tree_.array_at(here(), *child.parent);
  if (in == nullptr) return refuse_broken();
  const std::size_t index = child.name == "-" ? sequence::size(*in) : array_index(child.name);
  if (index > sequence::size(*in)) return refuse_index(child.name, sequence::size(*in));
  touch_above(now.height);
  tree_.insert(*in, index, now);
  return true;
}

inline bool runner::add(node& top, node& at, const value& now, bool create_parents) {
  chain_.shrink(scope_);
  if (&top == &at) return set_here(now);
  find_way(top, at);
  for (std::size_t i = way_.size(); i-- > 1;) {
    if (create_parents && lacks(*way_[i])) {
      // All that is behind it will be made too: if that is too deep, it is so before it is made.
      value last = now;
      if (!fits(last, chain_.size() + i)) return false;
    }
    if (!(create_parents ? enter_or_create(*way_[i]) : enter(*way_[i]))) return false;
  }
  return add_child(at, now);
}

inline bool runner::remove(node& top, node& at) {
  chain_.shrink(scope_);
  if (&top == &at) return refuse("the whole value cannot be removed");
  if (!enter_all(top, at)) return false;
  const place gone = chain_.back();
  chain_.pop();
  touch_above(0);
  if (gone.via != nullptr) tree_.erase(*gone.in, at, *gone.via);
  else tree_.erase(*gone.in, array_index(at.name));
  return true;
}

inline bool runner::move(node& top, const patch_operation& one, std::string_view& blamed) {
  blamed = one.source;
  if (!enter_all(top, *one.from)) return false;
  if (one.from == one.path) return true;
  for (const node* each = one.path; each != &top; each = each->parent) {
    if (each->parent == one.from) return refuse("a value cannot move into itself, to " + lake::detail::in_quotes(one.pointer));
  }
  value moved = here();
  if (moved.height == 0) moved.height = bound_of(moved, around());
  if (!remove(top, *one.from)) return false;
  blamed = one.pointer;
  return add(top, *one.path, moved, false);
}

inline bool runner::copy(node& top, const patch_operation& one, std::string_view& blamed) {
  blamed = one.source;
  if (!enter_all(top, *one.from)) return false;
  value copied = {.raw = text_of(here()), .height = bound_of(here(), around())};
  blamed = one.pointer;
  if (copied.raw.size() > with_.max_bytes - (std::min)(copied_bytes_, with_.max_bytes)) {
    return refuse("the copy operations of the merge exceed the limit of " + std::to_string(with_.max_bytes) + " bytes");
  }
  copied_bytes_ += copied.raw.size();
  if (copied.raw.data() == text_room_.data()) copied.raw = memory_.keep(copied.raw);
  return add(top, *one.path, copied, false);
}

inline bool runner::test(const value& expected) {
  const bool same = kind_of(here()) == kind_of(expected) && same_value(text_of(here()), expected.raw);
  return same || refuse("the value is not the one that the test expects");
}

/// True if `now` may stand inside `around` containers; sharpens its bound if that decides it.
inline bool runner::fits(value& now, std::size_t around) {
  std::size_t height = bound_of(now, around);
  if (around + height > with_.max_depth) {
    height = height_of(text_of(now));
    if (height != 0) now.height = height;
    if (around + height > with_.max_depth) {
      return refuse("the document would have " + std::to_string(around + height) + " open containers, the limit is " + std::to_string(with_.max_depth));
    }
  }
  height_ = (std::max)(height_, around + height);
  return true;
}

/// The text of a value as it is now, good until the next call. Complexity: nothing for text that was not changed, else linear in it.
inline std::string_view runner::text_of(const value& of) {
  if (of.inner == nullptr) return of.raw;
  if (!of.inner->dirty) return of.inner->text;
  text_.collect(of);
  text_room_.clear();
  text_.append_to(text_room_);
  return text_room_;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_RUN_HPP
