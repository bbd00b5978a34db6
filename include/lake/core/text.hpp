// Text in a request: views what the caller keeps, keeps what the caller gives away. Knows no other header.
#ifndef LAKE_CORE_TEXT_HPP
#define LAKE_CORE_TEXT_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Views an lvalue, keeps an rvalue: `{.body = j.dump()}` in a vector of requests does not dangle. Thread-compatible.
/// There is no default constructor, so a field of this type cannot be forgotten.
/// Lifetime: an lvalue must outlive the last use of the text.
class text {
 public:
  text() = delete;
  text(std::nullptr_t) = delete;
  text(const char* view) : value_(std::string_view(view)) {}           // NOLINT(google-explicit-constructor)
  text(std::string_view view) noexcept : value_(view) {}               // NOLINT(google-explicit-constructor)
  text(const std::string& view) noexcept : value_(std::string_view(view)) {}  // NOLINT(google-explicit-constructor)
  text(std::string&& keep) noexcept : value_(std::move(keep)) {}       // NOLINT(google-explicit-constructor)
  text(const std::string&& keep) : value_(std::string(keep)) {}        // NOLINT(google-explicit-constructor)

  [[nodiscard]] std::string_view view() const noexcept {
    if (const auto* viewed = std::get_if<std::string_view>(&value_)) return *viewed;
    return *std::get_if<std::string>(&value_);
  }
  operator std::string_view() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

 private:
  std::variant<std::string_view, std::string> value_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_TEXT_HPP
