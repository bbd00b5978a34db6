// What a catalog may be called. Knows no layout: how a name becomes a key is layout/.
#ifndef LAKE_CORE_CATALOG_HPP
#define LAKE_CORE_CATALOG_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/pure/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// The default limit of a catalog's name in bytes.
inline constexpr std::size_t default_catalog_bytes = 1024;

namespace detail {

/// The error of a name that breaks a rule.
[[nodiscard]] inline lake::error bad_catalog(std::string_view name, std::size_t max_bytes) {
  if (name.empty()) return {errc::invalid_catalog, {}, {}, "a catalog's name must not be empty"};
  if (name.size() > max_bytes) {
    return {errc::limit_exceeded,
            {},
            {},
            "the catalog's name " + in_quotes(name) + " has " + std::to_string(name.size()) + " bytes, the limit is " +
                std::to_string(max_bytes)};
  }
  return {errc::invalid_catalog,
          {},
          {},
          "a catalog's name must be UTF-8: byte " + std::to_string(pure::utf8_error_offset(name)) + " of " + std::to_string(name.size()) +
              " is not"};
}

}  // namespace detail

/// Success if `name` may name a catalog: any non-empty valid UTF-8 within the limit.
/// Errors: invalid_catalog (empty; not UTF-8, with the offset); limit_exceeded names the length and the limit.
[[nodiscard]] inline result<void> check_catalog(std::string_view name, std::size_t max_bytes = default_catalog_bytes) {
  if (!name.empty() && name.size() <= max_bytes && pure::utf8_error_offset(name) == std::string_view::npos) [[likely]]
    return {};
  return detail::bad_catalog(name, max_bytes);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_CATALOG_HPP
