// A path literal that breaks the grammar does not compile.
// expect: this_literal_is_not_a_field_path
#include <lake/core/path.hpp>

int main() {
  using namespace lake::literals;
#ifdef LAKE_BAD
  constexpr auto path = "/123"_path;
#else
  constexpr auto path = "/user/profile"_path;
#endif
  return path.empty() ? 1 : 0;
}
