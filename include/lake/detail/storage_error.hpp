// The refusals that every storage words alike. Knows no storage.
#ifndef LAKE_DETAIL_STORAGE_ERROR_HPP
#define LAKE_DETAIL_STORAGE_ERROR_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/pure/decimal.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Nothing can be got under this key.
[[nodiscard]] inline lake::error no_object(std::string_view operation, std::string_view key) {
  return {errc::not_found, std::string(operation), std::string(key), "no object has this key"};
}

/// A create-only key is taken.
[[nodiscard]] inline lake::error object_exists(std::string_view operation, std::string_view key) {
  return {errc::already_exists, std::string(operation), std::string(key), "an object with this key exists"};
}

/// A swap saw other bytes than the caller. An empty tag: the caller wanted to see none.
[[nodiscard]] inline lake::error tag_differs(std::string_view operation, std::string_view key, std::string_view tag) {
  return {errc::version_conflict, std::string(operation), std::string(key),
          tag.empty() ? "the object exists already" : "the object was replaced or removed since its tag was read"};
}

/// A range begins past the end of an object.
[[nodiscard]] inline lake::error range_past_end(std::string_view operation, std::string_view key, std::uint64_t offset,
                                                std::uint64_t object_bytes) {
  std::string story = "offset ";
  pure::append_decimal(story, offset);
  story += " is past the end of an object of ";
  pure::append_decimal(story, object_bytes);
  story += " bytes";
  return {errc::invalid_argument, std::string(operation), std::string(key), std::move(story)};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_STORAGE_ERROR_HPP
