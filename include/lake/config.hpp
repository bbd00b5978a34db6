// What every header needs to open the library's namespace: the exception mode and the assertion hook. Knows no type of the library.
//
// `LAKE_DETAIL_ABI` names the exception mode and is the one internal macro that stays defined: every header opens
// `namespace lake::inline v0::inline LAKE_DETAIL_ABI`, so that objects built with and without exceptions do not link
// where a type of the library crosses between them. `LAKE_ASSERT(condition)` may be defined before the first include;
// it must have one definition per program.
#ifndef LAKE_CONFIG_HPP
#define LAKE_CONFIG_HPP

#include <lake/version.hpp>

#include <cassert>

#if defined(__cpp_exceptions) && __cpp_exceptions >= 199711L
#define LAKE_DETAIL_ABI ex
#else
#define LAKE_DETAIL_ABI nx
#endif

#ifndef LAKE_ASSERT
#define LAKE_ASSERT(condition) assert(condition)
#endif

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// True where `result::value()` throws `bad_result`; false where it prints and aborts.
inline constexpr bool has_exceptions =
#if defined(__cpp_exceptions) && __cpp_exceptions >= 199711L
    true;
#else
    false;
#endif

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CONFIG_HPP
