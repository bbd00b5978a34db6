// Random histories for the merge tests: a base and steps that mostly fit it, all merge types, touches, array-heavy patches, values
// that move and are changed where they came to lie. Knows no test framework and no JSON library.
#ifndef LAKE_TESTS_SUPPORT_MERGE_HISTORIES_HPP
#define LAKE_TESTS_SUPPORT_MERGE_HISTORIES_HPP

#include "support/merge_texts.hpp"

#include <lake/core/path.hpp>
#include <lake/merge/read.hpp>
#include <lake/merge/reference.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

/// A base, steps, and how they are to be merged. A plain value.
struct history {
  std::string base = {};
  std::vector<lake::merge::step> steps = {};
  lake::merge::options with = {};
  text_style style = {};
  bool default_limits = true;  ///< `with` has the limits that no small text meets.

  /// The history as it can be pasted into a test.
  [[nodiscard]] std::string to_string() const {
    std::string out = "base: " + base + "\n";
    for (const lake::merge::step& one : steps) {
      out += one.touch ? "touch" : std::to_string(static_cast<unsigned>(one.type));
      out += " " + std::string(one.path.view()) + " " + std::string(one.body.view()) + "\n";
    }
    return out + "strict " + std::to_string(with.strict_rfc6902) + ", max_depth " + std::to_string(with.max_depth) + ", max_bytes " +
           std::to_string(with.max_bytes) + "\n";
  }
};

/// A value of a document: where it is, what it is, and how many children it has.
struct spot {
  std::string pointer;
  lake::merge::detail::kind what;
  std::size_t children;
  std::string_view text;
};

inline std::string escaped_token(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
  return out;
}

/// The values of a well-formed text, outer ones first. Recursive: for small texts.
inline void find_spots(std::string_view value, const std::string& pointer, std::vector<spot>& all, const lake::merge::detail::outline& within, std::size_t extent) {
  using lake::merge::detail::kind;
  const std::size_t own = all.size();
  all.push_back({pointer, lake::merge::detail::kind_of(value), 0, value});
  const bool object = all[own].what == kind::object;
  if (!object && all[own].what != kind::array) return;
  std::string room;
  for (lake::merge::detail::cursor walk(value, &within, extent); walk.next(); ++all[own].children) {
    const std::string token = object ? escaped_token(lake::merge::detail::meaning(walk.key, room)) : std::to_string(all[own].children);
    find_spots(walk.value, pointer + "/" + token, all, within, walk.extent_number);
  }
}
inline void find_spots(std::string_view document, std::vector<spot>& all) {
  lake::merge::detail::outline within{document};
  within.draw();
  find_spots(document, "", all, within, 0);
}

/// Writes histories. The plain engine runs along, so that most steps and operations fit what those before them left.
template <class Numbers>
class history_writer {
 public:
  /// `max_bytes`: the limit of bytes where a history has no lower one of its own.
  explicit history_writer(Numbers numbers, std::size_t max_bytes = lake::merge::options{}.max_bytes) : texts_(std::move(numbers)), max_bytes_(max_bytes) {}

  history write() {
    history out;
    begin(out);
    const auto opened = lake::merge::reference_apply(out.base, {}, out.with);
    std::string now = opened ? *opened : std::string("{}");
    for (std::size_t i = 1 + texts_.below(5); i > 0; --i) {
      lake::merge::step next = any_step(now, out.with);
      auto changed = lake::merge::reference_apply(now, std::span<const lake::merge::step>(&next, 1), out.with);
      // A step that fails ends the merge: nothing behind it would be tried.
      if (!changed && !texts_.one_in(5)) continue;
      out.steps.push_back(std::move(next));
      if (!changed) break;
      now = *std::move(changed);
    }
    return out;
  }

 private:
  using merge_type = lake::merge_type;
  using kind = lake::merge::detail::kind;

  void begin(history& out) {
    out.style.space = texts_.below(4);
    out.style.duplicates = texts_.one_in(5);
    out.style.odd = texts_.one_in(8);
    out.style.wide = texts_.one_in(10);
    texts_.style = out.style;
    array_heavy_ = texts_.one_in(3);
    out.with.strict_rfc6902 = texts_.one_in(5);
    out.base = texts_.space() + base() + texts_.space();
    out.with.max_bytes = max_bytes_;
    out.default_limits = !texts_.one_in(4);
    if (out.default_limits) return;
    if (texts_.one_in(2)) out.with.max_depth = 2 + texts_.below(5);
    else out.with.max_bytes = out.base.size() + texts_.below(200) - (texts_.one_in(8) ? out.base.size() / 2 : 0);
  }

  std::string base() {
    if (texts_.one_in(40)) return {};
    if (texts_.one_in(16)) return texts_.value(3);
    if (texts_.style.wide && texts_.one_in(3)) return texts_.wide_object();
    return texts_.object(array_heavy_ || texts_.one_in(2) ? 3 : 4);
  }

  /// A field path; often the one before, or something below it.
  std::string path() {
    static constexpr std::string_view names[] = {"a", "b", "c", "d", "a", "b", "$", "a.b"};
    std::string out;
    if (texts_.one_in(3)) out = last_path_ == "/" ? "" : last_path_;
    if (texts_.style.wide && texts_.one_in(2)) out += "/w" + std::to_string(texts_.below(60));
    for (std::size_t i = texts_.below(4 - (out.empty() ? 0 : 2)); i > 0; --i) out += "/" + std::string(texts_.one_of(names));
    if (texts_.one_in(500)) out += "/1";
    last_path_ = out.empty() ? "/" : out;
    return last_path_;
  }

  std::string framed(const std::string& body) { return texts_.space() + body + texts_.space(); }

  lake::merge::step any_step(const std::string& now, const lake::merge::options& with) {
    const std::string where = path();
    const std::size_t what = texts_.below(array_heavy_ ? 16 : 10);
    if (what == 0) return {merge_type::replace, std::string(where), "", true};
    if (texts_.one_in(300)) return {static_cast<merge_type>(texts_.one_in(2) ? 0 : 7), std::string(where), "1"};
    if (what < 3) return {merge_type::replace, std::string(where), framed(damaged(texts_.value(3)))};
    if (what < 6) return {merge_type::rfc7396, std::string(where), framed(damaged(texts_.one_in(8) ? texts_.value(2) : texts_.merge_patch(4)))};
    return {merge_type::rfc6902, std::string(where), framed(damaged(patch(now, where, with)))};
  }

  /// Now and then a body that is no JSON: its refusal has words too.
  std::string damaged(std::string body) {
    if (!texts_.one_in(100) || body.empty()) return body;
    if (texts_.one_in(2)) body.resize(texts_.below(body.size()));
    else body[texts_.below(body.size())] = "{}[]\",:\\x0 "[texts_.below(11)];
    return body;
  }

  // A patch is written operation by operation; the document at its path is kept as each operation leaves it.

  std::string patch(const std::string& now, const std::string& where, const lake::merge::options& with) {
    const auto found = lake::merge::find(now, where);
    with_ = with;
    target_ = found ? std::string(*found) : "{}";
    operations_ = "[" + texts_.space();
    failed_ = false;
    look();
    for (std::size_t rounds = texts_.below(5); rounds > 0 && !failed_; --rounds) {
      const std::size_t what = texts_.below(4);
      if (what == 0 || (what == 1 && array_heavy_)) array_storm();
      else if (what == 1) there_and_back();
      else any_operation();
    }
    return operations_ + texts_.space() + "]";
  }

  void look() {
    spots_.clear();
    find_spots(target_, spots_);
  }

  /// Takes the operation over if it succeeds, and now and then if it fails; false if it failed.
  bool emit(std::string_view verb, const std::string& at, const std::string* from, const std::string* value) {
    if (failed_) return false;
    const std::string one = operation(verb, at, from, value);
    const lake::merge::step alone{merge_type::rfc6902, "/", "[" + one + "]"};
    auto changed = lake::merge::reference_apply(target_, std::span<const lake::merge::step>(&alone, 1), with_);
    failed_ = !changed && texts_.one_in(20);
    if (!changed && !failed_) return false;
    operations_ += (operations_.back() == '}' ? "," : "") + texts_.space() + one;
    if (!changed) return false;
    target_ = *std::move(changed);
    look();
    return true;
  }
  bool add(const std::string& at, const std::string& value) { return emit("add", at, nullptr, &value); }
  bool replace(const std::string& at, const std::string& value) { return emit("replace", at, nullptr, &value); }
  bool test(const std::string& at, const std::string& value) { return emit("test", at, nullptr, &value); }
  bool remove(const std::string& at) { return emit("remove", at, nullptr, nullptr); }
  bool move(const std::string& from, const std::string& to) { return emit("move", to, &from, nullptr); }
  bool copy(const std::string& from, const std::string& to) { return emit("copy", to, &from, nullptr); }

  std::string member(std::string_view name, const std::string& value) {
    return texts_.space() + (texts_.one_in(20) ? texts_.spelled(name) : '"' + std::string(name) + '"') + texts_.space() + ":" + texts_.space() + value;
  }

  std::string operation(std::string_view verb, const std::string& at, const std::string* from, const std::string* value) {
    std::vector<std::string> members;
    members.push_back(member("op", texts_.one_in(20) ? texts_.spelled(verb) : '"' + std::string(verb) + '"'));
    members.push_back(member("path", texts_.spelled(at)));
    if (from != nullptr) members.push_back(member("from", texts_.spelled(*from)));
    if (value != nullptr) members.push_back(member("value", *value));
    if (texts_.one_in(40)) members.push_back(member(texts_.one_in(3) ? "op" : texts_.one_in(3) ? "value" : "more", texts_.value(2)));
    std::swap(members.front(), members[texts_.below(members.size())]);
    std::string out = "{";
    for (const std::string& one : members) out += (out.size() == 1 ? "" : ",") + one;
    return out + texts_.space() + "}";
  }

  const spot& any_spot() { return spots_[texts_.below(spots_.size())]; }

  /// Some value; often one at or below the place that was last written to.
  const spot& some_spot() {
    if (!favourite_.empty() && texts_.one_in(2)) {
      const std::size_t first = texts_.below(spots_.size());
      for (std::size_t i = 0; i < spots_.size(); ++i) {
        const spot& one = spots_[(first + i) % spots_.size()];
        if (one.pointer.starts_with(favourite_)) return one;
      }
    }
    return any_spot();
  }

  /// A place in or below `in` where something may come to stand.
  std::string place_in(const spot& in) {
    if (in.what == kind::array) return in.pointer + "/" + (texts_.one_in(3) ? std::string("-") : std::to_string(texts_.below(in.children + 1)));
    std::string out = in.pointer + "/" + escaped_token(texts_.name());
    while (texts_.one_in(8)) out += "/" + escaped_token(texts_.name());
    return out;
  }
  std::string some_place() {
    const spot& chosen = some_spot();
    if (texts_.one_in(200)) return "/~";
    if (texts_.one_in(3)) return chosen.pointer;
    return place_in(chosen);
  }

  /// The same value in other words, mostly.
  std::string respelled(std::string_view value) {
    static constexpr std::string_view ones[] = {"1", "1.0", "10e-1", "0.1E+1"};
    if (texts_.one_in(12)) return texts_.value(1);
    if (value == "1" || value == "1.0") return std::string(texts_.one_of(ones));
    std::string room;
    if (value.starts_with('"')) return texts_.spelled(lake::merge::detail::meaning(value, room));
    if (!value.starts_with('{') || texts_.style.duplicates) return std::string(value);
    std::string out;
    for (lake::merge::detail::cursor walk(value); walk.next();) out = std::string(walk.key) + ":" + std::string(walk.value) + (out.empty() ? "" : ",") + out;
    return "{" + out + "}";
  }

  void any_operation() {
    const std::string from = some_spot().pointer;
    const std::string to = some_place();
    switch (texts_.below(8)) {
      case 0: remove(from); break;
      case 1: replace(from, texts_.value(2)); break;
      case 2:
        if (move(from, to)) favourite_ = to;
        break;
      case 3:
        if (copy(from, to)) favourite_ = to;
        break;
      case 4: {
        const spot looked = any_spot();
        test(looked.pointer, respelled(std::string(looked.text)));
        break;
      }
      default:
        if (add(to, texts_.value(3))) favourite_ = to;
    }
  }

  /// Changes in a value that lies at `at`, if it has an inside.
  void change_inside(const std::string& at) {
    favourite_ = at;
    for (std::size_t i = 1 + texts_.below(3); i > 0; --i) any_operation();
  }

  /// A value goes elsewhere, is changed there, and comes back.
  void there_and_back() {
    const std::string from = any_spot().pointer;
    const std::string to = place_in(any_spot());
    if (!move(from, to)) return;
    change_inside(to);
    if (move(to, from)) change_inside(from);
  }

  /// Several operations on one array: elements come, go, change places, and are changed after they were shifted.
  void array_storm() {
    std::string array = "/" + escaped_token(texts_.name());
    const std::size_t first = texts_.below(spots_.size());
    const spot* found = nullptr;
    for (std::size_t i = 0; i < spots_.size() && found == nullptr; ++i) {
      const spot& one = spots_[(first + i) % spots_.size()];
      if (one.what == kind::array && one.children > 0) found = &one;
    }
    if (found != nullptr) array = found->pointer;
    else if (!add(array, "[" + texts_.object(2) + " , " + texts_.value(1) + "," + texts_.object(1) + "]")) return;
    for (std::size_t i = 2 + texts_.below(7); i > 0 && !failed_; --i) storm_once(array);
  }

  void storm_once(const std::string& array) {
    std::size_t length = 0;
    for (const spot& one : spots_) {
      if (one.pointer == array && one.what == kind::array) length = one.children;
    }
    const auto element = [&array, &length, this] { return array + "/" + std::to_string(length == 0 ? 0 : texts_.below(length)); };
    switch (texts_.below(8)) {
      case 0:
      case 1: add(array + "/" + (texts_.one_in(4) ? std::string("-") : std::to_string(texts_.below(length + 1))), texts_.value(2)); break;
      case 2: remove(element()); break;
      case 3: move(element(), element()); break;
      case 4: copy(element(), texts_.one_in(3) ? array + "/-" : element()); break;
      case 5: add(element() + "/" + escaped_token(texts_.name()), texts_.value(1)); break;
      case 6: change_inside(element()); break;
      default: out_and_in(array, element(), element());
    }
  }

  /// An element becomes a member of the target, is changed there, and becomes an element again.
  void out_and_in(const std::string& array, const std::string& element, const std::string& back) {
    const std::string outside = "/" + escaped_token(texts_.name());
    if (array.starts_with(outside) || !move(element, outside)) return;
    change_inside(outside);
    move(outside, back);
  }

  text_writer<Numbers> texts_;
  std::size_t max_bytes_;
  bool array_heavy_ = false;
  std::string last_path_ = "/";
  lake::merge::options with_;
  std::string target_;
  std::string operations_;
  std::vector<spot> spots_;
  std::string favourite_;
  bool failed_ = false;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_MERGE_HISTORIES_HPP
