// Of two missing operations both are reported.
// expect: lake: .*storage.*\bget\b
// expect: lake: .*storage.*\bremove\b
#include <lake/lake.hpp>

struct forgetful_storage : lake::memory_storage {
#ifdef LAKE_BAD
  void get(std::string_view) const = delete;
  void remove(std::string_view) = delete;
#endif
};

int main() {
  lake::basic_lake<lake::memory_index, forgetful_storage> db{};
  return db.write({.catalog = "users", .body = "{}"}) ? 0 : 1;
}
