// Calls into user code from places that must not throw. Not part of the API.
#ifndef LAKE_DETAIL_CONTAIN_HPP
#define LAKE_DETAIL_CONTAIN_HPP

#include <lake/config.hpp>

#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// Calls `f` and swallows what it throws: a hook's failure must not become the library's.
template <class F>
void contained(F&& f) noexcept {
#if defined(__cpp_exceptions) && __cpp_exceptions >= 199711L
  try {
    std::forward<F>(f)();
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
#else
  std::forward<F>(f)();
#endif
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_DETAIL_CONTAIN_HPP
