// The plain merge engine: one step after the other on a tree that keeps its spelling. Knows no catalog and no storage.
// Exact before it is fast; what a faster engine does is compared with this. Formats: RFC 7396, RFC 6902, RFC 6901.
#ifndef LAKE_MERGE_REFERENCE_HPP
#define LAKE_MERGE_REFERENCE_HPP

#include <lake/config.hpp>
#include <lake/core/path.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/equal.hpp>
#include <lake/merge/patch.hpp>
#include <lake/merge/step.hpp>
#include <lake/merge/tree.hpp>
#include <lake/merge/validate.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {
namespace detail {

/// A place in the document: the value, and how it was reached. The root and elements have no `via`.
struct place {
  value* at;
  container* in;
  entry* via;
};

/// A tree and the way to one place in it: all changes go through here, so that duplicates on the way are dropped, the
/// depth is watched and a refusal has a reason. Confined to one thread.
class editor {
 public:
  editor(const options& with, value root, tree&& of) : with_(with), tree_(std::move(of)) { tree_.root() = root; }

  [[nodiscard]] tree& document() noexcept { return tree_; }
  [[nodiscard]] const options& with() const noexcept { return with_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] value& here() noexcept { return *chain_.back().at; }
  [[nodiscard]] std::size_t depth() const noexcept { return chain_.size(); }
  void back_to(std::size_t depth) { chain_.resize(depth); }
  bool refuse(std::string why) {
    reason_ = std::move(why);
    return false;
  }

  /// Walks to a field path. Ancestors that are missing or no objects become objects; a missing member becomes `missing`.
  void walk(std::string_view path, const value& missing) {
    chain_.assign(1, {&tree_.root(), nullptr, nullptr});
    const path_segments segments(path);
    for (auto it = segments.begin(); it != segments.end();) {
      const std::string_view name = *it;
      ++it;
      if (kind_of(here()) != kind::object) assign_here(tree_.new_object());
      container& in = tree_.expand(here());
      entry* found = tree_.find(in, name);
      if (found == nullptr) {
        settle();
        found = &tree_.append(in, head_of(name), name, it == segments.end() ? missing : tree_.new_object());
      }
      chain_.push_back({&found->val, &in, found});
    }
    raise(chain_.size() - 1, here().height);
  }

  /// Goes to the child that `token` names. False, with a reason, if there is none.
  bool enter(std::string_view token) {
    value& now = here();
    const kind what = kind_of(now);
    if (what == kind::object) {
      container& in = tree_.expand(now);
      entry* const found = tree_.find(in, token);
      if (found == nullptr) return refuse("the object has no member " + lake::detail::in_quotes(token));
      chain_.push_back({&found->val, &in, found});
      return true;
    }
    if (what != kind::array) return refuse(std::string(to_string(what)) + " has no member " + lake::detail::in_quotes(token));
    container& in = tree_.expand(now);
    const std::size_t index = array_index(token);
    if (index >= in.elements.size()) return refuse_index(token, in.elements.size());
    chain_.push_back({&in.elements[index]->val, nullptr, nullptr});
    return true;
  }

  /// As `enter`, but a missing member of an object is created as an object.
  bool enter_or_create(std::string_view token) {
    if (kind_of(here()) == kind::object) {
      container& in = tree_.expand(here());
      if (tree_.find(in, token) == nullptr) add_member(in, token, tree_.new_object());
    }
    return enter(token);
  }

  /// The value here becomes `now`.
  bool set_here(value now) {
    if (!fits(now, chain_.size() - 1)) return false;
    assign_here(now);
    raise(chain_.size() - 1, now.height);
    return true;
  }

  /// False, with a reason, if the value here is too deep: a walk may have created it.
  bool check_here() { return fits(here(), chain_.size() - 1); }

  /// Adds or replaces the member `token`, or inserts an element before the index `token` (`-`: last).
  bool add_child(std::string_view token, value now) {
    const kind what = kind_of(here());
    if (what != kind::object && what != kind::array) return refuse(std::string(to_string(what)) + " can have no member " + lake::detail::in_quotes(token));
    if (!fits(now, chain_.size())) return false;
    container& in = tree_.expand(here());
    if (what == kind::object) {
      if (entry* const found = tree_.find(in, token)) {
        chain_.push_back({&found->val, &in, found});
        assign_here(now);
        chain_.pop_back();
      } else {
        add_member(in, token, now);
      }
    } else {
      const std::size_t index = token == "-" ? in.elements.size() : array_index(token);
      if (index > in.elements.size()) return refuse_index(token, in.elements.size());
      settle();
      tree_.insert(in, index, now);
    }
    raise(chain_.size(), now.height);
    return true;
  }

  /// Removes the child that `token` names.
  bool remove_child(std::string_view token) {
    if (!enter(token)) return false;
    const place gone = chain_.back();
    chain_.pop_back();
    settle();
    container& in = tree_.expand(here());
    if (gone.via != nullptr) tree_.erase(in, *gone.via);
    else tree_.erase(in, array_index(token));
    return true;
  }

  /// Applies a merge patch, an object of at most `height`, to the value here (RFC 7396 section 2, without its recursion).
  void merge_here(value patch, std::size_t height) {
    struct level {
      container* target;
      container* patch;
      entry* turn;
    };
    settle();
    if (kind_of(here()) != kind::object) tree_.assign(here(), tree_.new_object());
    std::vector<level> open;
    const auto descend = [&](value& target, value& with) {
      target.height = (std::max)(target.height, with.height);
      container& members = tree_.expand(with);
      open.push_back({&tree_.expand(target), &members, members.first});
    };
    descend(here(), patch);
    raise(chain_.size() - 1, height);
    while (!open.empty()) {
      const level now = open.back();
      if (now.turn == nullptr) {
        open.pop_back();
        continue;
      }
      open.back().turn = now.turn->following;
      // Of duplicate keys in the patch the last one counts.
      if (tree_.find(*now.patch, now.turn->name) != now.turn) continue;
      if (value* const target = merge_member(*now.target, *now.turn)) descend(*target, now.turn->val);
    }
  }

  /// A copy of `of` that shares nothing changeable with it; empty, with a reason, if the limit is passed.
  [[nodiscard]] std::optional<value> copy_of(const value& of) {
    std::size_t bytes = 0;
    tree::write(of, [&bytes](std::string_view piece) { bytes += piece.size(); });
    if (bytes > with_.max_bytes - (std::min)(copied_bytes_, with_.max_bytes)) {
      refuse("the copy operations of the merge exceed the limit of " + std::to_string(with_.max_bytes) + " bytes");
      return std::nullopt;
    }
    copied_bytes_ += bytes;
    if (of.box == nullptr) return of;
    return tree_.from_own_text(text_of(of, bytes), of.height);
  }

  [[nodiscard]] static std::string text_of(const value& of, std::size_t bytes) {
    std::string out;
    out.reserve(bytes);
    tree::write(of, [&out](std::string_view piece) { out += piece; });
    return out;
  }

  /// From now on a step can be taken back.
  void begin() {
    tree_.set_mark();
    copied_at_mark_ = copied_bytes_;
  }
  void keep() noexcept { tree_.clear_mark(); }
  void take_back() {
    tree_.restore();
    copied_bytes_ = copied_at_mark_;
  }

 private:
  bool refuse_index(std::string_view token, std::size_t length) {
    return refuse(lake::detail::in_quotes(token) + " is no index here, the array has " + std::to_string(length) + " elements");
  }

  [[nodiscard]] std::string_view head_of(std::string_view name) {
    std::string head;
    append_quoted(head, name);
    head += ':';
    return tree_.keep(std::move(head));
  }

  void add_member(container& in, std::string_view token, const value& now) {
    settle();
    tree_.append(in, head_of(token), tree_.keep(std::string(token)), now);
  }

  /// A write goes to the last of duplicate keys; the others on the way are dropped.
  void settle() {
    for (const place& one : chain_) {
      if (one.via != nullptr) tree_.drop_earlier(*one.in, *one.via);
    }
  }

  void assign_here(const value& now) {
    settle();
    tree_.assign(here(), now);
  }

  /// Keeps the bounds of the first `around` values of the chain above a value of `height` in them. All of them: a bound that was
  /// sharpened may be lower than that of a child, which was not.
  void raise(std::size_t around, std::size_t height) noexcept {
    for (std::size_t i = 0; i < around; ++i) chain_[i].at->height = (std::max)(chain_[i].at->height, height + (around - i));
  }

  /// True if `now` may stand inside `around` containers; sharpens its bound if that decides it.
  bool fits(value& now, std::size_t around) {
    if (around + now.height > with_.max_depth) now.height = tree::exact_height(now);
    if (around + now.height <= with_.max_depth) return true;
    return refuse("the document would have " + std::to_string(around + now.height) + " open containers, the limit is " + std::to_string(with_.max_depth));
  }

  /// One member of a merge patch; the target to descend into if both are objects.
  value* merge_member(container& target, const entry& patch) {
    const kind what = kind_of(patch.val);
    entry* found = tree_.find(target, patch.name);
    if (what == kind::null) {
      if (found != nullptr) tree_.erase(target, *found);
      return nullptr;
    }
    if (found == nullptr) {
      found = &tree_.append(target, compact_head(patch), patch.name, what == kind::object ? tree_.new_object() : patch.val);
    } else {
      tree_.drop_earlier(target, *found);
      if (what != kind::object) tree_.assign(found->val, patch.val);
      else if (kind_of(found->val) != kind::object) tree_.assign(found->val, tree_.new_object());
    }
    return what == kind::object ? &found->val : nullptr;
  }

  /// The key as the patch wrote it, and a colon without white space.
  [[nodiscard]] std::string_view compact_head(const entry& member) {
    const std::size_t end = string_end(member.head, 0);
    if (end + 1 == member.head.size()) return member.head;
    return tree_.keep(std::string(member.head.substr(0, end)) + ":");
  }

  options with_;
  tree tree_;
  std::vector<place> chain_ = {};
  std::string reason_ = {};
  std::size_t copied_bytes_ = 0;
  std::size_t copied_at_mark_ = 0;
};

/// Runs the operations of a JSON Patch at the place where an editor stands. Confined to one call.
class patch_run {
 public:
  patch_run(editor& in, std::size_t value_height) : in_(in), scope_(in.depth()), value_height_(value_height) {}

  /// The pointer that the last refusal is about.
  [[nodiscard]] const std::string& blamed() const noexcept { return *blamed_; }

  bool run(const operation& one) {
    in_.back_to(scope_);
    blamed_ = &one.path;
    switch (one.what) {
      case verb::add: return add(one.path, in_.document().from_text(one.value, value_height_), !in_.with().strict_rfc6902);
      case verb::remove: return remove(one.path);
      case verb::replace: return enter_all(one.path) && in_.set_here(in_.document().from_text(one.value, value_height_));
      case verb::move: return move(one);
      case verb::copy: return copy(one);
      case verb::test: return test(one);
    }
    return false;
  }

 private:
  bool enter_all(std::string_view pointer) {
    in_.back_to(scope_);
    for (const std::string& token : pointer_tokens(pointer)) {
      if (!in_.enter(token)) return false;
    }
    return true;
  }

  bool add(std::string_view pointer, const value& now, bool create_parents) {
    in_.back_to(scope_);
    const std::vector<std::string> tokens = pointer_tokens(pointer);
    if (tokens.empty()) return in_.set_here(now);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (!(create_parents ? in_.enter_or_create(tokens[i]) : in_.enter(tokens[i]))) return false;
    }
    return in_.add_child(tokens.back(), now);
  }

  bool remove(std::string_view pointer) {
    in_.back_to(scope_);
    const std::vector<std::string> tokens = pointer_tokens(pointer);
    if (tokens.empty()) return in_.refuse("the whole value cannot be removed");
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (!in_.enter(tokens[i])) return false;
    }
    return in_.remove_child(tokens.back());
  }

  bool move(const operation& one) {
    blamed_ = &one.from;
    if (!enter_all(one.from)) return false;
    if (one.from == one.path) return true;
    if (one.path.compare(0, one.from.size(), one.from) == 0 && one.path[one.from.size()] == '/') {
      return in_.refuse("a value cannot move into itself, to " + lake::detail::in_quotes(one.path));
    }
    const value moved = in_.here();
    if (!remove(one.from)) return false;
    blamed_ = &one.path;
    return add(one.path, moved, false);
  }

  bool copy(const operation& one) {
    blamed_ = &one.from;
    if (!enter_all(one.from)) return false;
    const std::optional<value> copied = in_.copy_of(in_.here());
    blamed_ = &one.path;
    return copied && add(one.path, *copied, false);
  }

  bool test(const operation& one) {
    if (!enter_all(one.path)) return false;
    const value& found = in_.here();
    const bool same = kind_of(found) == kind_of(one.value) &&
                      (found.box == nullptr ? same_value(found.raw, one.value) : same_value(editor::text_of(found, 0), one.value));
    return same || in_.refuse("the value is not the one that the test expects");
  }

  editor& in_;
  std::size_t scope_;
  std::size_t value_height_;
  const std::string* blamed_ = nullptr;
};

}  // namespace detail

/// A document that steps are applied to, one at a time. Confined to one thread; movable.
/// Lifetime: the base and the steps must outlive it.
class reference_document {
 public:
  /// The document with the text `base`; the empty text is `{}`.
  /// Errors: merge_failed (not JSON by its grammar, deeper than `max_depth`, larger than `max_bytes`).
  [[nodiscard]] static result<reference_document> open(std::string_view base, const options& with = {}) {
    base = trim(base);
    if (base.empty()) base = "{}";
    const auto failed = [](const std::string& why) { return lake::error{errc::merge_failed, "merge", {}, "base: " + why}; };
    if (base.size() > with.max_bytes) {
      return failed(std::to_string(base.size()) + " bytes, the limit is " + std::to_string(with.max_bytes));
    }
    const detail::findings found = detail::check_grammar(base, with.max_depth);
    if (found.reason != nullptr) return failed(detail::to_error(found, with.max_depth).message);
    detail::tree of;
    const detail::value root = of.from_text(base, found.height);
    return reference_document(detail::editor(with, root, std::move(of)));
  }

  /// Applies a step; nothing if it was applied, else why not.
  /// Effects on failure: the document is unchanged, and the step counts.
  [[nodiscard]] std::optional<failure> apply(const step& one) {
    failure why{.step = steps_++};
    if (apply_step(one, why)) return std::nullopt;
    if (why.reason.empty()) why.reason = editor_.reason();
    return why;
  }

  /// Returns the document's text. Errors: merge_failed names the last step if the text is larger than `max_bytes`.
  /// Complexity: linear in the text.
  [[nodiscard]] result<std::string> finish() {
    std::size_t bytes = 0;
    detail::tree::write(editor_.document().root(), [&bytes](std::string_view piece) { bytes += piece.size(); });
    const std::size_t limit = editor_.with().max_bytes;
    if (bytes > limit) {
      const failure why{.step = steps_ == 0 ? 0 : steps_ - 1,
                        .reason = "the merged document has " + std::to_string(bytes) + " bytes, the limit is " + std::to_string(limit)};
      return why.to_error();
    }
    return detail::editor::text_of(editor_.document().root(), bytes);
  }

 private:
  explicit reference_document(detail::editor&& in) : editor_(std::move(in)) {}

  bool apply_step(const step& one, failure& why) {
    const std::string_view path = one.path;
    if (!is_field_path(path)) return editor_.refuse("the path " + lake::detail::in_quotes(path) + " is no field path");
    const path_segments segments(path);
    const auto around = static_cast<std::size_t>(std::distance(segments.begin(), segments.end()));
    const std::size_t limit = editor_.with().max_depth;
    if (around > limit) return editor_.refuse("the path has " + std::to_string(around) + " segments, the limit of the depth is " + std::to_string(limit));
    if (one.touch) return editor_.walk(path, {.raw = "null"}), true;
    if (!is_merge_type(one.type)) return editor_.refuse("merge type " + std::to_string(static_cast<unsigned>(one.type)) + " is none of 1, 2, 3");
    const std::string_view body = trim(one.body);
    const std::size_t inner = one.type == merge_type::rfc6902 ? limit : limit - around;
    const detail::findings found = detail::check_grammar(body, inner);
    if (found.reason != nullptr) return editor_.refuse("the body is no JSON: " + detail::to_error(found, inner).message);
    if (one.type == merge_type::rfc6902) return apply_patch(path, body, found.height, why);
    const detail::value now = editor_.document().from_text(body, found.height);
    if (one.type == merge_type::rfc7396 && detail::kind_of(body) == detail::kind::object) {
      editor_.walk(path, editor_.document().new_object());
      editor_.merge_here(now, found.height);
      return true;
    }
    editor_.walk(path, {.raw = "null"});
    return editor_.set_here(now);
  }

  bool apply_patch(std::string_view path, std::string_view body, std::size_t height, failure& why) {
    std::vector<detail::operation> operations;
    if (auto fault = detail::read_patch(body, operations)) {
      why.operation = fault->operation;
      return editor_.refuse("the body is no JSON Patch: " + fault->reason);
    }
    editor_.begin();
    editor_.walk(path, editor_.document().new_object());
    if (!editor_.check_here()) {
      editor_.take_back();
      return false;
    }
    // The values lie two containers deep in the patch: in its array and in an operation.
    detail::patch_run run(editor_, height < 2 ? 0 : height - 2);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (run.run(operations[i])) continue;
      why.operation = i;
      why.pointer = run.blamed();
      editor_.take_back();
      return false;
    }
    editor_.keep();
    return true;
  }

  detail::editor editor_;
  std::size_t steps_ = 0;
};

/// `apply` of apply.hpp by the plain engine.
[[nodiscard]] inline result<std::string> reference_apply(std::string_view base, std::span<const step> steps, const options& with = {}) {
  result<reference_document> document = reference_document::open(base, with);
  if (!document) return std::move(document).error();
  for (const step& one : steps) {
    if (const auto why = document->apply(one)) return why->to_error();
  }
  return document->finish();
}

/// `apply_skipping` of apply.hpp by the plain engine.
[[nodiscard]] inline result<std::string> reference_apply_skipping(std::string_view base, std::span<const step> steps, const options& with,
                                                                  std::vector<failure>& skipped) {
  result<reference_document> document = reference_document::open(base, with);
  if (!document) return std::move(document).error();
  for (const step& one : steps) {
    if (auto why = document->apply(one)) skipped.push_back(*std::move(why));
  }
  return document->finish();
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_REFERENCE_HPP
