// `list({"a", "b"})` would be one string view from one literal to the other; it is refused.
// expect: list
// expect: deleted
#include <lake/lake.hpp>

int main() {
  lake::memory_lake db{};
#ifdef LAKE_BAD
  return db.list({"a", "b"}).exists() ? 0 : 1;
#else
  return db.list("a").exists() ? 0 : 1;
#endif
}
