// Looking into a JSON text without parsing it: a value at a pointer, the members of an object. Knows no delta.
// Format: RFC 6901 for pointers.
#ifndef LAKE_MERGE_READ_HPP
#define LAKE_MERGE_READ_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/pointer.hpp>
#include <lake/merge/scan.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {
namespace detail {

/// The child of a container that a token names, as written; of duplicate keys the last. Empty if there is none or the text is broken.
[[nodiscard]] inline std::string_view child_of(std::string_view container, std::string_view token, bool& broken) {
  std::string_view found;
  std::string room;
  cursor children(container);
  if (kind_of(container) == kind::object) {
    while (children.next()) {
      if (meaning(children.key, room) == token) found = children.value;
    }
  } else {
    std::size_t left = array_index(token);
    while (left != npos && children.next()) {
      if (left-- == 0) return children.value;
    }
  }
  broken = children.broken();
  return found;
}

[[nodiscard]] inline lake::error broken_document() {
  return {errc::invalid_body, "find", {}, "the document is not JSON"};
}

}  // namespace detail

/// Returns the value at `pointer` as written. "" and "/" both mean the whole document, so a member "" of the root cannot
/// be reached; of duplicate keys the last is found.
/// Errors: invalid_path (no JSON Pointer); not_found names the token; invalid_body (the document is not JSON).
/// Complexity: linear in each container on the way. Lifetime: a view of `document`.
[[nodiscard]] inline result<std::string_view> find(std::string_view document, std::string_view pointer) {
  const std::string_view fault = detail::pointer_fault(pointer);
  if (!fault.empty()) return lake::error{errc::invalid_path, "find", {}, lake::detail::in_quotes(pointer) + ": " + std::string(fault)};
  std::string_view at = trim(document);
  if (at.empty()) return detail::broken_document();
  if (pointer == "/") return at;
  for (const std::string& token : detail::pointer_tokens(pointer)) {
    const detail::kind what = detail::kind_of(at);
    bool broken = what == detail::kind::nothing;
    const bool container = what == detail::kind::object || what == detail::kind::array;
    const std::string_view child = container ? detail::child_of(at, token, broken) : std::string_view();
    if (broken) return detail::broken_document();
    if (child.empty()) {
      return lake::error{errc::not_found, "find", {}, "pointer " + lake::detail::in_quotes(pointer) + ": " + std::string(detail::to_string(what)) +
                                                          " has no " + lake::detail::in_quotes(token)};
    }
    at = child;
  }
  return at;
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
  detail::cursor children(object);
  while (children.next()) {
    auto& [key, value] = all.emplace_back(std::string(), children.value);
    detail::append_unescaped(key, children.key);
  }
  if (children.broken()) return detail::broken_document();
  return all;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_READ_HPP
