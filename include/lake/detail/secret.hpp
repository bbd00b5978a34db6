// How a password leaves memory: overwritten, where a compiler may not leave that out. Knows no backend. Not part of the API.
#ifndef LAKE_DETAIL_SECRET_HPP
#define LAKE_DETAIL_SECRET_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Overwrites the whole storage of `secret` and empties it.
inline void wipe(std::string& secret) noexcept {
  volatile char* bytes = secret.data();
  for (std::size_t i = 0; i < secret.capacity(); ++i) bytes[i] = '\0';
  secret.clear();
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_SECRET_HPP
