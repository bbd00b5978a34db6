// Field paths and file paths: their grammar, checked at run time or at compile time, and a walk over their segments.
// Knows no document and no storage. Format of a field path: `/`, or segments `/[A-Za-z_$][A-Za-z0-9_$.]*`; of a file path:
// segments `/[A-Za-z0-9_$.]+`, none of them `.` or `..`.
#ifndef LAKE_CORE_PATH_HPP
#define LAKE_CORE_PATH_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>

#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// The default limit of a path in bytes.
inline constexpr std::size_t default_path_bytes = 4096;

namespace detail {

[[nodiscard]] constexpr bool is_path_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
[[nodiscard]] constexpr bool is_path_char(char c) noexcept { return is_path_start(c) || (c >= '0' && c <= '9') || c == '.'; }

/// is_path_char of every byte, for loops that must be quick.
inline constexpr auto path_chars = [] {
  std::array<bool, 256> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = is_path_char(static_cast<char>(i));
  return all;
}();

/// The rule a segment of a field path breaks; empty if none.
[[nodiscard]] constexpr std::string_view field_segment_fault(std::string_view segment) noexcept {
  if (segment.empty()) return "is empty";
  if (!is_path_start(segment.front())) return "must begin with a letter, '_' or '$'";
  for (const char c : segment) {
    if (!is_path_char(c)) return "may hold letters, digits, '_', '$' and '.' only";
  }
  return {};
}

/// The rule a segment of a file path breaks; empty if none.
[[nodiscard]] constexpr std::string_view file_segment_fault(std::string_view segment) noexcept {
  if (segment.empty()) return "is empty";
  if (segment == "." || segment == "..") return "must not be '.' or '..'";
  for (const char c : segment) {
    if (!is_path_char(c)) return "may hold letters, digits, '_', '$' and '.' only";
  }
  return {};
}

/// Where and how a path breaks the grammar; `rule` is empty if it does not.
struct path_fault {
  std::string_view segment;
  std::string_view rule;
};

/// Checks every segment of a path that begins with a slash.
template <class SegmentFault>
[[nodiscard]] constexpr path_fault find_path_fault(std::string_view path, SegmentFault segment_fault) noexcept {
  if (path.empty() || path.front() != '/') return {{}, "must begin with '/'"};
  for (std::size_t at = 1;;) {
    std::size_t end = path.find('/', at);
    if (end == std::string_view::npos) end = path.size();
    const std::string_view segment = path.substr(at, end - at);
    if (const std::string_view rule = segment_fault(segment); !rule.empty()) return {segment, rule};
    if (end == path.size()) return {};
    at = end + 1;
  }
}

[[nodiscard]] constexpr path_fault field_path_fault(std::string_view path) noexcept {
  return path == "/" ? path_fault{} : find_path_fault(path, field_segment_fault);
}
[[nodiscard]] constexpr path_fault file_path_fault(std::string_view path) noexcept { return find_path_fault(path, file_segment_fault); }

/// The error of a path that broke the grammar or the limit.
[[nodiscard]] inline lake::error bad_path(std::string_view what, std::string_view path, const path_fault& fault, std::size_t max_bytes) {
  std::string message = "the " + std::string(what) + " " + in_quotes(path);
  if (path.size() > max_bytes) {
    message += " has " + std::to_string(path.size()) + " bytes, the limit is " + std::to_string(max_bytes);
    return {errc::limit_exceeded, {}, {}, std::move(message)};
  }
  if (path.empty() || path.front() != '/') message += ' ';
  else message += ": the segment " + in_quotes(fault.segment) + " ";
  message += fault.rule;
  return {errc::invalid_path, {}, {}, std::move(message)};
}

}  // namespace detail

/// True if `path` is a field path: `/`, or `/name/name` with names as in the file comment. No limit on its length.
[[nodiscard]] constexpr bool is_field_path(std::string_view path) noexcept { return detail::field_path_fault(path).rule.empty(); }

/// True if `path` is a file path: `/name/name`, no name `.` or `..`. No limit on its length.
[[nodiscard]] constexpr bool is_file_path(std::string_view path) noexcept { return detail::file_path_fault(path).rule.empty(); }

/// Success if `path` is a field path within the limit.
/// Errors: invalid_path names the path, the segment and the rule; limit_exceeded names the length and the limit.
[[nodiscard]] inline result<void> check_field_path(std::string_view path, std::size_t max_bytes = default_path_bytes) {
  const detail::path_fault fault = path.size() > max_bytes ? detail::path_fault{} : detail::field_path_fault(path);
  if (path.size() <= max_bytes && fault.rule.empty()) [[likely]]
    return {};
  return detail::bad_path("field path", path, fault, max_bytes);
}

/// Success if `path` is a file path within the limit.
/// Errors: invalid_path names the path, the segment and the rule; limit_exceeded names the length and the limit.
[[nodiscard]] inline result<void> check_file_path(std::string_view path, std::size_t max_bytes = default_path_bytes) {
  const detail::path_fault fault = path.size() > max_bytes ? detail::path_fault{} : detail::file_path_fault(path);
  if (path.size() <= max_bytes && fault.rule.empty()) [[likely]]
    return {};
  return detail::bad_path("file path", path, fault, max_bytes);
}

/// The segments of a checked path, without slashes: none for `/`. Immutable.
/// Lifetime: views into the path.
class path_segments {
 public:
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    constexpr iterator() noexcept = default;
    [[nodiscard]] constexpr std::string_view operator*() const noexcept { return rest_.substr(0, rest_.find('/')); }
    constexpr iterator& operator++() noexcept {
      const std::size_t slash = rest_.find('/');
      rest_ = slash == std::string_view::npos ? std::string_view{} : rest_.substr(slash + 1);
      return *this;
    }
    constexpr iterator operator++(int) noexcept {
      const iterator before = *this;
      ++*this;
      return before;
    }
    friend constexpr bool operator==(const iterator& left, const iterator& right) noexcept {
      return left.rest_.size() == right.rest_.size();
    }

   private:
    friend class path_segments;
    constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) {}
    // No segment of a checked path is empty, so an empty rest is the end.
    std::string_view rest_;
  };

  constexpr explicit path_segments(std::string_view path) noexcept : rest_(path.empty() ? path : path.substr(1)) {}
  [[nodiscard]] constexpr iterator begin() const noexcept { return iterator(rest_); }
  [[nodiscard]] constexpr iterator end() const noexcept { return iterator(); }

 private:
  std::string_view rest_;
};

/// A field path that has been checked. Thread-compatible.
class field_path {
 public:
  /// The root, `/`.
  field_path() : path_("/") {}

  /// The checked path. Errors: as check_field_path.
  [[nodiscard]] static result<field_path> parse(std::string_view path, std::size_t max_bytes = default_path_bytes) {
    if (result<void> checked = check_field_path(path, max_bytes); !checked) return std::move(checked).error();
    return field_path(std::string(path));
  }

  /// `profile.name` as `/profile/name`; the empty text as `/`. Errors: as check_field_path, about the path with slashes.
  [[nodiscard]] static result<field_path> from_dotted(std::string_view dotted, std::size_t max_bytes = default_path_bytes) {
    std::string path = "/";
    path += dotted;
    for (char& c : path) {
      if (c == '.') c = '/';
    }
    if (dotted.find('/') != std::string_view::npos) {
      return lake::error{errc::invalid_path, {}, {}, "the dotted path " + detail::in_quotes(dotted) + " must not hold '/'"};
    }
    return parse(path, max_bytes);
  }

  /// The path's text. Lifetime: that of this object.
  [[nodiscard]] std::string_view view() const noexcept { return path_; }
  operator std::string_view() const noexcept { return path_; }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] path_segments segments() const noexcept { return path_segments(path_); }
  friend bool operator==(const field_path&, const field_path&) = default;

 private:
  explicit field_path(std::string path) noexcept : path_(std::move(path)) {}
  std::string path_;
};

namespace detail {

// Never defined: a call in a constant expression stops the compiler, and its name is the message.
void this_literal_is_not_a_field_path();

}  // namespace detail

namespace literals {

/// The literal itself, checked as a field path when the program is compiled: `"/user/profile"_path`.
[[nodiscard]] consteval std::string_view operator""_path(const char* path, std::size_t size) {
  if (!is_field_path({path, size})) detail::this_literal_is_not_a_field_path();
  return {path, size};
}

}  // namespace literals

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_PATH_HPP
