// The shape of JSON text without its meaning: white space, ends of strings and values, children of a container, keys.
// Knows nothing of deltas. Never reads past the end of a text, whatever is in it. Format: RFC 8259.
#ifndef LAKE_MERGE_SCAN_HPP
#define LAKE_MERGE_SCAN_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {

/// True for the four white-space characters of JSON.
[[nodiscard]] constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Returns `input` without the JSON white space around it. Lifetime: a view of the argument.
[[nodiscard]] constexpr std::string_view trim(std::string_view input) noexcept {
  while (!input.empty() && is_space(input.front())) input.remove_prefix(1);
  while (!input.empty() && is_space(input.back())) input.remove_suffix(1);
  return input;
}

/// Appends `unescaped` to `out` as a JSON string: quotes, and only the escapes that RFC 8259 demands.
inline void append_quoted(std::string& out, std::string_view unescaped) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : unescaped) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15u];
    }
  }
  out += '"';
}

namespace detail {

inline constexpr std::size_t npos = std::string_view::npos;

/// What stands at a place of a JSON text.
enum class kind { object, array, string, number, boolean, null, nothing };

[[nodiscard]] constexpr kind kind_of(std::string_view value) noexcept {
  if (value.empty()) return kind::nothing;
  switch (value.front()) {
    case '{': return kind::object;
    case '[': return kind::array;
    case '"': return kind::string;
    case 't':
    case 'f': return kind::boolean;
    case 'n': return kind::null;
    case '-': return kind::number;
    default: return value.front() >= '0' && value.front() <= '9' ? kind::number : kind::nothing;
  }
}

/// The kind with its article, for messages: "an object".
[[nodiscard]] constexpr std::string_view to_string(kind what) noexcept {
  switch (what) {
    case kind::object: return "an object";
    case kind::array: return "an array";
    case kind::string: return "a string";
    case kind::number: return "a number";
    case kind::boolean: return "a boolean";
    case kind::null: return "null";
    case kind::nothing: break;
  }
  return "no value";
}

[[nodiscard]] constexpr std::size_t skip_space(std::string_view input, std::size_t at) noexcept {
  while (at < input.size() && is_space(input[at])) ++at;
  return at;
}

/// One past the closing quote of the string whose opening quote is at `at`; npos if the text ends first.
[[nodiscard]] constexpr std::size_t string_end(std::string_view input, std::size_t at) noexcept {
  for (++at; at < input.size(); ++at) {
    if (input[at] == '"') return at + 1;
    if (input[at] == '\\') ++at;
  }
  return npos;
}

/// One past the last byte of the number or word at `at`.
[[nodiscard]] constexpr std::size_t word_end(std::string_view input, std::size_t at) noexcept {
  constexpr std::string_view ends = ",:]}[{\" \n\r\t";
  while (at < input.size() && ends.find(input[at]) == npos) ++at;
  return at;
}

/// One past the value that begins at `at`; npos if the text ends first. Counts brackets only; no recursion.
[[nodiscard]] constexpr std::size_t value_end(std::string_view input, std::size_t at) noexcept {
  if (at >= input.size()) return npos;
  if (input[at] == '"') return string_end(input, at);
  if (input[at] != '{' && input[at] != '[') return word_end(input, at);
  std::size_t depth = 0;
  while (at < input.size()) {
    const char c = input[at];
    if (c == '"') {
      at = string_end(input, at);
      if (at == npos) return npos;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    else if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return npos;
}

/// The number of containers open at once in a well-formed text.
[[nodiscard]] constexpr std::size_t height_of(std::string_view input) noexcept {
  std::size_t highest = 0;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < input.size(); ++at) {
    const char c = input[at];
    if (c == '"') {
      const std::size_t end = string_end(input, at);
      if (end == npos) break;
      at = end - 1;
    } else if (c == '{' || c == '[') {
      if (++depth > highest) highest = depth;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return highest;
}

/// Where a container ends in its text, and the number of the first container that opens after that.
struct extent {
  std::size_t end;
  std::size_t following;
};

/// The extents of all containers of one text in the order in which they open. With it no byte is scanned once per level
/// of nesting, so a deep document costs what a flat one costs.
[[nodiscard]] inline std::vector<extent> extents_of(std::string_view input) {
  std::vector<extent> all;
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at < input.size();) {
    const char c = input[at];
    if (c == '"') {
      at = string_end(input, at);
      if (at == npos) break;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      open.push_back(all.size());
      all.push_back({input.size(), 0});
    } else if ((c == '}' || c == ']') && !open.empty()) {
      all[open.back()] = {at, all.size()};
      open.pop_back();
    }
  }
  for (const std::size_t number : open) all[number].following = all.size();
  return all;
}

/// A text and, once something descends into it, the extents of its containers.
struct outline {
  std::string_view bytes;
  std::vector<extent> extents = {};

  void draw() {
    if (extents.empty()) extents = extents_of(bytes);
  }
};

/// Walks the children of one container in text order. Thread-compatible; views the container's text.
class cursor {
 public:
  /// `container` begins with its bracket. `within` (drawn) and `number` name it in an outline; without one, children are scanned.
  explicit cursor(std::string_view container, const outline* within = nullptr, std::size_t number = 0) noexcept
      : json_(container), within_(within), child_(number + 1),
        start_(within != nullptr ? static_cast<std::size_t>(container.data() - within->bytes.data()) : 0),
        object_(kind_of(container) == kind::object), broken_(!object_ && kind_of(container) != kind::array) {}

  std::string_view gap = {};     ///< What stands before the child: white space and, but for the first, a comma. After the last child: the white space before the bracket.
  std::string_view head = {};    ///< Object: the key, the colon and their white space, up to the value.
  std::string_view key = {};     ///< Object: the key as written, with its quotes.
  std::string_view value = {};   ///< The child as written.
  std::size_t extent_number = 0; ///< The child's extent, if it is a container and there is an outline.

  /// True where the text broke off or was no JSON.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

  /// Moves to the next child; false after the last one, or where the text is broken.
  bool next() noexcept {
    if (broken_ || done_) return false;
    std::size_t at = skip_space(json_, at_);
    if (at >= json_.size()) return fail();
    if (json_[at] == (object_ ? '}' : ']')) {
      gap = json_.substr(at_, at - at_);
      done_ = true;
      return false;
    }
    if (!first_) {
      if (json_[at] != ',') return fail();
      at = skip_space(json_, at + 1);
    }
    gap = json_.substr(at_, at - at_);
    first_ = false;
    if (object_ && !read_head(at)) return fail();
    return read_value(at) || fail();
  }

 private:
  bool fail() noexcept {
    broken_ = true;
    return false;
  }

  bool read_head(std::size_t& at) noexcept {
    if (at >= json_.size() || json_[at] != '"') return false;
    const std::size_t begin = at;
    at = string_end(json_, at);
    if (at == npos) return false;
    key = json_.substr(begin, at - begin);
    at = skip_space(json_, at);
    if (at >= json_.size() || json_[at] != ':') return false;
    at = skip_space(json_, at + 1);
    head = json_.substr(begin, at - begin);
    return true;
  }

  bool read_value(std::size_t at) noexcept {
    if (at >= json_.size()) return false;
    std::size_t end = npos;
    if (within_ != nullptr && (json_[at] == '{' || json_[at] == '[')) {
      if (child_ >= within_->extents.size()) return false;
      extent_number = child_;
      end = within_->extents[child_].end - start_;
      child_ = within_->extents[child_].following;
    } else {
      end = value_end(json_, at);
    }
    if (end == npos || end == at || end > json_.size()) return false;
    value = json_.substr(at, end - at);
    at_ = end;
    return true;
  }

  std::string_view json_;
  const outline* within_;
  std::size_t child_;
  std::size_t start_;
  std::size_t at_ = 1;
  bool object_;
  bool first_ = true;
  bool done_ = false;
  bool broken_;
};

/// The number that four hexadecimal digits at `at` spell; npos if there are not four.
[[nodiscard]] constexpr std::size_t hex4(std::string_view input, std::size_t at) noexcept {
  if (at > input.size() || input.size() - at < 4) return npos;
  std::size_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char c = input[i];
    if (c >= '0' && c <= '9') number = number * 16 + static_cast<std::size_t>(c - '0');
    else if (c >= 'a' && c <= 'f') number = number * 16 + static_cast<std::size_t>(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F') number = number * 16 + static_cast<std::size_t>(c - 'A') + 10;
    else return npos;
  }
  return number;
}

[[nodiscard]] constexpr bool is_high_surrogate(std::size_t unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
[[nodiscard]] constexpr bool is_low_surrogate(std::size_t unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// Appends a code point as UTF-8. A lone surrogate gets the three bytes of the same pattern, so that it equals only itself.
inline void append_code_point(std::string& out, std::size_t point) {
  const auto put = [&out](std::size_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      put(0xE0 | (point >> 12));
    } else {
      put(0xF0 | (point >> 18));
      put(0x80 | ((point >> 12) & 0x3F));
    }
    put(0x80 | ((point >> 6) & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

/// Appends the character of the escape at `at` (the backslash) and returns the offset behind it. An escape that JSON does not know stays as it is.
inline std::size_t append_escape(std::string& out, std::string_view input, std::size_t at) {
  constexpr std::string_view from = "\"\\/bfnrt";
  constexpr std::string_view to = "\"\\/\b\f\n\r\t";
  const char what = at + 1 < input.size() ? input[at + 1] : '\0';
  std::size_t unit = what == 'u' ? hex4(input, at + 2) : npos;
  if (unit != npos) {
    at += 6;
    if (is_high_surrogate(unit) && input.substr(at, 2) == "\\u") {
      const std::size_t low = hex4(input, at + 2);
      if (low != npos && is_low_surrogate(low)) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        at += 6;
      }
    }
    append_code_point(out, unit);
    return at;
  }
  const std::size_t known = what == '\0' ? npos : from.find(what);
  if (known == npos) {
    out += input[at];
    return at + 1;
  }
  out += to[known];
  return at + 2;
}

/// Appends what the JSON string `quoted` (with its quotes) means.
inline void append_unescaped(std::string& out, std::string_view quoted) {
  const std::string_view inside = quoted.size() < 2 ? std::string_view() : quoted.substr(1, quoted.size() - 2);
  for (std::size_t at = 0; at < inside.size();) {
    if (inside[at] == '\\') {
      at = append_escape(out, inside, at);
    } else {
      out += inside[at++];
    }
  }
}

/// True if the meaning of the JSON string `quoted` is what stands between its quotes.
[[nodiscard]] constexpr bool is_plain(std::string_view quoted) noexcept { return quoted.find('\\') == npos; }

/// What the JSON string `quoted` means: a view of it, or of `room` if it has escapes.
[[nodiscard]] inline std::string_view meaning(std::string_view quoted, std::string& room) {
  if (is_plain(quoted)) return quoted.size() < 2 ? std::string_view() : quoted.substr(1, quoted.size() - 2);
  room.clear();
  append_unescaped(room, quoted);
  return room;
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_SCAN_HPP
