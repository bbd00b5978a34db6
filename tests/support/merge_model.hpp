// What a merge means, on values: recursive, in the words of the rules, on ordered objects. Knows no engine, no text and no test framework.
#ifndef LAKE_TESTS_SUPPORT_MERGE_MODEL_HPP
#define LAKE_TESTS_SUPPORT_MERGE_MODEL_HPP

#include <lake/core/path.hpp>
#include <lake/merge/patch.hpp>
#include <lake/merge/step.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test::model {

using nlohmann::ordered_json;

inline ordered_json* child(ordered_json& of, const std::string& token) {
  if (of.is_object()) {
    const auto found = of.find(token);
    return found == of.end() ? nullptr : &*found;
  }
  const std::size_t index = of.is_array() ? lake::merge::detail::array_index(token) : std::string::npos;
  return of.is_array() && index < of.size() ? &of[index] : nullptr;
}

inline void merge_patch(ordered_json& target, const ordered_json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = ordered_json::object();
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null()) target.erase(name);
    else merge_patch(target[name], value);
  }
}

inline bool insert(ordered_json& document, const std::vector<std::string>& tokens, const ordered_json& value, bool create) {
  if (tokens.empty()) {
    document = value;
    return true;
  }
  ordered_json* at = &document;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (create && at->is_object() && !at->contains(tokens[i])) (*at)[tokens[i]] = ordered_json::object();
    at = child(*at, tokens[i]);
    if (at == nullptr) return false;
  }
  if (at->is_object()) {
    (*at)[tokens.back()] = value;
    return true;
  }
  const std::size_t index = tokens.back() == "-" ? at->size() : lake::merge::detail::array_index(tokens.back());
  if (!at->is_array() || index > at->size()) return false;
  at->insert(at->begin() + static_cast<std::ptrdiff_t>(index), value);
  return true;
}

inline bool take(ordered_json& document, std::vector<std::string> tokens) {
  if (tokens.empty()) return false;
  ordered_json* at = &document;
  const std::string last = tokens.back();
  tokens.pop_back();
  for (const std::string& token : tokens) {
    at = child(*at, token);
    if (at == nullptr) return false;
  }
  if (child(*at, last) == nullptr) return false;
  if (at->is_object()) at->erase(last);
  else at->erase(lake::merge::detail::array_index(last));
  return true;
}

inline ordered_json* locate(ordered_json& document, const std::vector<std::string>& tokens) {
  ordered_json* at = &document;
  for (const std::string& token : tokens) {
    if (at != nullptr) at = child(*at, token);
  }
  return at;
}

inline bool move_or_copy(ordered_json& document, bool copy, const std::vector<std::string>& from, const std::vector<std::string>& to) {
  const ordered_json* const found = locate(document, from);
  if (found == nullptr) return false;
  const ordered_json moved = *found;
  if (copy) return insert(document, to, moved, false);
  if (from == to) return true;
  if (from.size() < to.size() && std::equal(from.begin(), from.end(), to.begin())) return false;
  return take(document, from) && insert(document, to, moved, false);
}

inline bool operate(ordered_json& document, const ordered_json& operation, bool strict) {
  const std::string verb = operation["op"];
  const std::string path = operation["path"];
  const std::vector<std::string> tokens = lake::merge::detail::pointer_tokens(path);
  if (verb == "add") return insert(document, tokens, operation["value"], !strict);
  if (verb == "remove") return take(document, tokens);
  if (verb == "move" || verb == "copy") {
    const std::string from = operation["from"];
    return move_or_copy(document, verb == "copy", lake::merge::detail::pointer_tokens(from), tokens);
  }
  ordered_json* const found = locate(document, tokens);
  if (found == nullptr) return false;
  if (verb == "replace") {
    *found = operation["value"];
    return true;
  }
  return nlohmann::json(*found) == nlohmann::json(operation["value"]);
}

/// Applies a step; false, and nothing changed, if it cannot be applied.
inline bool apply(ordered_json& document, const lake::merge::step& one, bool strict) {
  if (!lake::is_field_path(one.path) || !(one.touch || lake::is_merge_type(one.type))) return false;
  const ordered_json body = one.touch ? ordered_json() : ordered_json::parse(one.body.view(), nullptr, false);
  if (body.is_discarded()) return false;
  if (!one.touch && one.type == lake::merge_type::rfc6902 && !lake::merge::validate_patch(one.body)) return false;
  ordered_json changed = document;
  ordered_json* at = &changed;
  for (const std::string_view name : lake::path_segments(one.path)) {
    if (!at->is_object()) *at = ordered_json::object();
    const bool missing = !at->contains(std::string(name));
    at = &(*at)[std::string(name)];
    if (missing && !one.touch) *at = ordered_json::object();
  }
  if (!one.touch && one.type == lake::merge_type::replace) *at = body;
  if (!one.touch && one.type == lake::merge_type::rfc7396) merge_patch(*at, body);
  if (!one.touch && one.type == lake::merge_type::rfc6902) {
    for (const ordered_json& operation : body) {
      if (!operate(*at, operation, strict)) return false;
    }
  }
  document = std::move(changed);
  return true;
}

}  // namespace lake_test::model

#endif  // LAKE_TESTS_SUPPORT_MERGE_MODEL_HPP
