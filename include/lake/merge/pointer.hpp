// JSON Pointers: their syntax and their tokens. Knows no document. Format: RFC 6901.
#ifndef LAKE_MERGE_POINTER_HPP
#define LAKE_MERGE_POINTER_HPP

#include <lake/config.hpp>
#include <lake/merge/number.hpp>
#include <lake/merge/scan.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// The rule that `pointer` breaks; empty if it is a JSON Pointer.
[[nodiscard]] constexpr std::string_view pointer_fault(std::string_view pointer) noexcept {
  if (!pointer.empty() && pointer.front() != '/') return "a JSON Pointer is empty or begins with '/'";
  for (std::size_t at = pointer.find('~'); at != npos; at = pointer.find('~', at + 1)) {
    const char c = at + 1 < pointer.size() ? pointer[at + 1] : '\0';
    if (c != '0' && c != '1') return "'~' in a JSON Pointer must be followed by 0 or 1";
  }
  return {};
}

/// The tokens of a well-formed pointer, unescaped.
[[nodiscard]] inline std::vector<std::string> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    if (pointer[at] == '/') {
      tokens.emplace_back();
    } else if (pointer[at] == '~' && at + 1 < pointer.size()) {
      tokens.back() += pointer[++at] == '1' ? '/' : '~';
    } else {
      tokens.back() += pointer[at];
    }
  }
  return tokens;
}

/// The array index that `token` spells: digits without a leading zero or sign; npos for anything else.
[[nodiscard]] constexpr std::size_t array_index(std::string_view token) noexcept {
  if (token.empty() || token.size() > 18 || (token.size() > 1 && token.front() == '0')) return npos;
  std::size_t index = 0;
  for (const char c : token) {
    if (!is_digit(c)) return npos;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return index;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_POINTER_HPP
