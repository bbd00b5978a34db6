// Strings of many equal characters whose length the optimiser does not see.
#ifndef LAKE_TESTS_SUPPORT_REPEAT_HPP
#define LAKE_TESTS_SUPPORT_REPEAT_HPP

#include <cstddef>
#include <string>

namespace lake_test {

/// `times` times `what`. Not inlined: of a string whose length it knows, g++ 12 at -O2 claims out-of-bounds writes that do not happen
/// (GCC bug 105651; goes when g++ 12 is no longer built with).
[[gnu::noinline]] inline std::string repeat(std::size_t times, char what) { return std::string(times, what); }

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REPEAT_HPP
