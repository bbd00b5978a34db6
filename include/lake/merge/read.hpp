// Looking into a JSON text without parsing it: a value at a pointer, the members of an object. Knows no delta.
// Format: RFC 6901 for pointers.
#ifndef LAKE_MERGE_READ_HPP
#define LAKE_MERGE_READ_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/pointer.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/simd.hpp>
#include <lake/merge/skip.hpp>
#include <lake/merge/sparse/reader.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {
namespace detail {

/// Goes down one pointer in one pass over a text: what no token names is skipped, no byte is looked at again, whatever the depth.
/// As a later member of the same name wins, each match is followed at once, and what it came to holds until there is another.
/// Confined to one call.
class pointer_walk {
 public:
  enum class outcome { found, absent, broken };

  /// `pointer` is a JSON Pointer with at least one token; `document` has no white space around it.
  pointer_walk(std::string_view document, std::string_view pointer, simd level)
      : skip_(skipper::of(level)), in_{document.data(), document.data() + document.size(), &skip_} {
    tokens_.reserve(pointer.size());
    ends_.reserve(8);
    for (std::size_t at = 1; at < pointer.size(); ++at) {
      if (pointer[at] == '/') ends_.push_back(tokens_.size());
      else if (pointer[at] == '~') tokens_ += pointer[++at] == '1' ? '/' : '~';
      else tokens_ += pointer[at];
    }
    ends_.push_back(tokens_.size());
  }

  [[nodiscard]] outcome run() {
    bool sound = match();
    while (sound && !open_.empty() && !over_) sound = open_.back() == '{' ? member() : element();
    if (!sound) return outcome::broken;
    return found_.empty() ? outcome::absent : outcome::found;
  }
  /// The value, if it was found.
  [[nodiscard]] std::string_view found() const noexcept { return found_; }
  /// What has no such child, if it was not, and the token that names none.
  [[nodiscard]] kind within() const noexcept { return within_; }
  [[nodiscard]] std::string_view missing() const noexcept { return token(missing_); }

 private:
  [[nodiscard]] std::string_view token(std::size_t number) const noexcept {
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(tokens_).substr(begin, ends_[number] - begin);
  }
  /// The token that names a child of the innermost open container.
  [[nodiscard]] std::string_view wanted() const noexcept { return token(open_.size() - 1); }

  /// Takes the value here, which the tokens used so far name: as the answer, or as the container of the next token's child.
  [[nodiscard]] bool match() {
    const char* const begin = in_.at;
    found_ = {};
    if (open_.size() == ends_.size()) {
      if (!in_.value(0)) return false;
      found_ = {begin, static_cast<std::size_t>(in_.at - begin)};
      return true;
    }
    within_ = kind_of({begin, static_cast<std::size_t>(in_.end - begin)});
    missing_ = open_.size();
    if (within_ != kind::object && within_ != kind::array) return within_ != kind::nothing && in_.value(0);
    open_ += *in_.at++;
    objects_ += within_ == kind::object ? 1 : 0;
    first_ = true;
    return true;
  }

  [[nodiscard]] bool member() {
    in_.spaces();
    if (in_.take('}')) return leave();
    if (!first_) {
      if (!in_.take(',')) return false;
      in_.spaces();
    }
    first_ = false;
    std::string_view key;
    bool plain = true;
    if (!in_.key(key, plain)) return false;
    const std::string_view inside = key.substr(1, key.size() - 2);
    return (plain ? inside : meaning(key, room_)) == wanted() ? match() : in_.value(0);
  }

  /// Passes over the elements before the wanted one and takes that; called again behind it, over those that follow.
  [[nodiscard]] bool element() {
    const std::size_t index = array_index(wanted());
    if (!first_ || index == npos) return pass_elements();
    in_.spaces();
    if (in_.take(']')) return leave();
    for (std::size_t i = 0; i < index; ++i) {
      if (!in_.value(0)) return false;
      in_.spaces();
      if (in_.take(']')) return leave();
      if (!in_.take(',')) return false;
      in_.spaces();
    }
    first_ = false;
    return match();
  }

  /// Passes over the rest of an array. Where only arrays are open, nothing behind can change the answer.
  [[nodiscard]] bool pass_elements() {
    over_ = objects_ == 0;
    if (over_) return true;
    // The skipper begins behind the bracket that it is given, and no string is open here: any byte does for the bracket.
    in_.at = skip_.container(in_.at - 1, in_.end).at;
    return in_.at != nullptr && leave();
  }

  bool leave() {
    objects_ -= open_.back() == '{' ? 1 : 0;
    open_.pop_back();
    first_ = false;
    return true;
  }

  const skipper& skip_;
  sparse::reader in_;
  std::string tokens_;             ///< Unescaped, one behind the other.
  std::vector<std::size_t> ends_;  ///< Where each ends.
  std::string open_;               ///< The brackets of the open containers, each named by the tokens before it.
  std::size_t objects_ = 0;        ///< How many of them are objects.
  bool first_ = true;              ///< No child of the innermost one has been passed.
  bool over_ = false;
  std::string_view found_;
  kind within_ = kind::nothing;
  std::size_t missing_ = 0;
  std::string room_;
};

[[nodiscard]] inline lake::error broken_document() {
  return {errc::invalid_body, "find", {}, "the document is not JSON"};
}

}  // namespace detail

/// Returns the value at `pointer` as written. "" and "/" both mean the whole document, so a member "" of the root cannot
/// be reached; of duplicate keys the last is found.
/// Errors: invalid_path (no JSON Pointer); not_found names the token; invalid_body (the document is not JSON).
/// Complexity: linear, one pass; values that the pointer does not name are skipped, not parsed. Lifetime: a view of `document`.
[[nodiscard]] inline result<std::string_view> find(std::string_view document, std::string_view pointer) {
  const std::string_view fault = detail::pointer_fault(pointer);
  if (!fault.empty()) return lake::error{errc::invalid_path, "find", {}, lake::detail::in_quotes(pointer) + ": " + std::string(fault)};
  document = trim(document);
  if (document.empty()) return detail::broken_document();
  if (pointer.empty() || pointer == "/") return document;
  using detail::pointer_walk;
  pointer_walk walk(document, pointer, detail::widest_simd());
  switch (walk.run()) {
    case pointer_walk::outcome::found: return walk.found();
    case pointer_walk::outcome::broken: break;
    case pointer_walk::outcome::absent:
      return lake::error{errc::not_found, "find", {}, "pointer " + lake::detail::in_quotes(pointer) + ": " + std::string(detail::to_string(walk.within())) +
                                                          " has no " + lake::detail::in_quotes(walk.missing())};
  }
  return detail::broken_document();
}

/// Returns the members of the object `object` in text order: the key unescaped, the value as written. Duplicates are all there.
/// Errors: invalid_body (no object, or not JSON). Lifetime: the values view `object`.
[[nodiscard]] inline result<std::vector<std::pair<std::string, std::string_view>>> members(std::string_view object) {
  object = trim(object);
  const detail::kind what = detail::kind_of(object);
  if (what != detail::kind::object) {
    return lake::error{errc::invalid_body, "members", {}, "an object is wanted, this is " + std::string(detail::to_string(what))};
  }
  std::vector<std::pair<std::string, std::string_view>> all;
  detail::sparse::reader in{object.data() + 1, object.data() + object.size(), &detail::skipper::of(detail::widest_simd())};
  in.spaces();
  while (!in.take('}')) {
    if (!all.empty()) {
      if (!in.take(',')) return detail::broken_document();
      in.spaces();
    }
    std::string_view key;
    bool plain = true;
    if (!in.key(key, plain)) return detail::broken_document();
    const char* const begin = in.at;
    if (!in.value(0)) return detail::broken_document();
    auto& [name, value] = all.emplace_back();
    if (plain) name.assign(key.substr(1, key.size() - 2));
    else detail::append_unescaped(name, key);
    value = {begin, static_cast<std::size_t>(in.at - begin)};
    in.spaces();
  }
  return all;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_READ_HPP
