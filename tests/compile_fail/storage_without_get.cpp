// A storage policy without `get` is refused with a sentence that names the policy kind, the operation and the type.
// expect: lake: .*storage.*\bget\b
// expect: forgetful_storage
#include <lake/lake.hpp>

struct forgetful_storage : lake::memory_storage {
#ifdef LAKE_BAD
  void get(std::string_view) const = delete;
#endif
};

int main() {
  lake::basic_lake<lake::memory_index, forgetful_storage> db{};
  return db.write({.catalog = "users", .body = "{}"}) ? 0 : 1;
}
