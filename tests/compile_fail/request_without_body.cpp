// A request whose body is forgotten does not compile.
// expect: text
// expect: deleted
#include <lake/core/request.hpp>

#include <string_view>

int main() {
#ifdef LAKE_BAD
  const lake::write_request request{.catalog = "users"};
#else
  const lake::write_request request{.catalog = "users", .body = "{}"};
#endif
  return std::string_view(request.catalog).empty() ? 1 : 0;
}
