// Are two JSON values equal? By meaning, not by spelling; without recursion. Knows no document.
// Format: RFC 6902 section 4.6, numbers by exact decimal value.
#ifndef LAKE_MERGE_EQUAL_HPP
#define LAKE_MERGE_EQUAL_HPP

#include <lake/config.hpp>
#include <lake/merge/number.hpp>
#include <lake/merge/scan.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// Compares two values with a list of pairs that are still to be equal. Confined to one call.
class comparison {
 public:
  comparison(std::string_view left, std::string_view right) : left_{left}, right_{right} {}

  [[nodiscard]] bool run() {
    left_.draw();
    right_.draw();
    open_.push_back({{{}, left_.bytes, 0}, {{}, right_.bytes, 0}});
    while (!open_.empty()) {
      const pair now = open_.back();
      open_.pop_back();
      if (!compare(now.left, now.right)) return false;
    }
    return true;
  }

 private:
  struct item {
    std::string_view name;
    std::string_view value;
    std::size_t extent_number;
  };
  struct pair {
    item left, right;
  };

  bool compare(const item& left, const item& right) {
    const kind what = kind_of(left.value);
    if (what != kind_of(right.value)) return false;
    switch (what) {
      case kind::number: return same_number(left.value, right.value);
      case kind::string: return same_string(left.value, right.value);
      case kind::array:
      case kind::object: return expand(left, right, what == kind::object);
      default: return left.value == right.value;
    }
  }

  bool same_string(std::string_view left, std::string_view right) {
    return left == right || meaning(left, left_room_) == meaning(right, right_room_);
  }

  bool expand(const item& left, const item& right, bool object) {
    const std::vector<item> lefts = children(left, left_, object);
    const std::vector<item> rights = children(right, right_, object);
    if (lefts.size() != rights.size()) return false;
    for (std::size_t i = 0; i < lefts.size(); ++i) {
      if (lefts[i].name != rights[i].name) return false;
      open_.push_back({lefts[i], rights[i]});
    }
    return true;
  }

  /// The children; those of an object sorted by name, of duplicates the last.
  std::vector<item> children(const item& of, const outline& within, bool object) {
    std::vector<item> all;
    cursor walk(of.value, &within, of.extent_number);
    while (walk.next()) {
      std::string_view name;
      if (object) name = is_plain(walk.key) ? meaning(walk.key, left_room_) : meaning(walk.key, names_.emplace_back());
      all.push_back({name, walk.value, walk.extent_number});
    }
    if (!object) return all;
    std::stable_sort(all.begin(), all.end(), [](const item& a, const item& b) { return a.name < b.name; });
    std::vector<item> last;
    for (const item& one : all) {
      if (!last.empty() && last.back().name == one.name) last.back() = one;
      else last.push_back(one);
    }
    return last;
  }

  outline left_, right_;
  std::vector<pair> open_;
  std::deque<std::string> names_;
  std::string left_room_, right_room_;
};

/// True if two well-formed values mean the same: numbers by decimal value, strings and keys unescaped, objects in any order.
/// Complexity: linear but for sorting the keys of objects.
[[nodiscard]] inline bool same_value(std::string_view left, std::string_view right) {
  return left == right || comparison(left, right).run();
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_EQUAL_HPP
