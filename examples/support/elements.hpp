// Walks the elements of a JSON array without parsing them. For text that is known to be JSON (lake::merge::validate says so).
#ifndef EXAMPLES_SUPPORT_ELEMENTS_HPP
#define EXAMPLES_SUPPORT_ELEMENTS_HPP

#include <lake/merge.hpp>

#include <cstddef>
#include <string_view>

namespace examples {

/// One past the value that begins at `at`.
inline std::size_t end_of_value(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  bool in_string = false;
  for (; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string) {
      if (c == '\\') ++at;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth > 0 && (c == ']' || c == '}')) {
      --depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      break;
    }
  }
  return at;
}

/// Calls `use(std::string_view)` for each element, as it is written, in order. `array` begins with its bracket.
template <class Use>
void for_each_element(std::string_view array, const Use& use) {
  std::size_t at = 1;
  while (at < array.size()) {
    const std::size_t end = end_of_value(array, at);
    const std::string_view element = lake::merge::trim(array.substr(at, end - at));
    if (!element.empty()) use(element);  // Empty only in `[]`.
    at = end + 1;
  }
}

}  // namespace examples

#endif  // EXAMPLES_SUPPORT_ELEMENTS_HPP
