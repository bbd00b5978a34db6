// A stored body as it is handed around: shared and immutable. Knows no policy.
#ifndef LAKE_CORE_BODY_HPP
#define LAKE_CORE_BODY_HPP

#include <lake/config.hpp>
#include <lake/core/time_seq.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Bytes shared between a storage, a cache and readers; nobody can change them. Never null in a successful result.
using body_ptr = std::shared_ptr<const std::string>;

/// One object of a listing.
struct object_info {
  std::string key;
  std::uint64_t bytes = 0;
};

/// A body with the tag that `swap` compares: opaque, differs whenever the bytes were replaced.
struct tagged_body {
  body_ptr body;
  std::string tag;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_BODY_HPP
