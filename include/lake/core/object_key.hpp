// What may name an object: one check for every storage, so that a key is good everywhere or nowhere. Knows no storage.
//
// Attacks considered: a catalog or file path that reaches a storage unencoded must not leave its root ("..", a leading "/"),
// must not name one object in two ways ("a//b", "a/./b") and must not be cut short (NUL).
#ifndef LAKE_CORE_OBJECT_KEY_HPP
#define LAKE_CORE_OBJECT_KEY_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

inline constexpr std::size_t object_key_max_bytes = 1023;
inline constexpr std::size_t object_key_segment_max_bytes = 255;

/// Returns the rule that `key` breaks, or nothing where the key is good.
/// Complexity: linear, no allocation.
[[nodiscard]] constexpr std::string_view broken_key_rule(std::string_view key) noexcept {
  if (key.empty()) return "an object key has at least 1 byte";
  if (key.size() > object_key_max_bytes) return "an object key has at most 1023 bytes";
  if (key.find('\0') != key.npos) return "an object key has no NUL byte";
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = (std::min)(key.find('/', begin), key.size());
    const std::string_view segment = key.substr(begin, end - begin);
    if (segment.empty()) return "an object key has no empty segment, so no \"/\" at its ends and no \"//\"";
    if (segment == "." || segment == "..") return "no segment of an object key is \".\" or \"..\"";
    if (segment.size() > object_key_segment_max_bytes) return "a segment of an object key has at most 255 bytes";
    begin = end + 1;
  }
  return {};
}

/// Returns success if `key` may name an object: 1 to 1,023 bytes; segments between "/" of 1 to 255 bytes, none "." or ".."; no NUL.
/// Errors: invalid_argument names the key and the rule.
[[nodiscard]] inline result<void> check_object_key(std::string_view key) {
  const std::string_view rule = broken_key_rule(key);
  if (rule.empty()) [[likely]] return {};
  return lake::error{errc::invalid_argument, {}, std::string(key), std::string(rule)};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_OBJECT_KEY_HPP
