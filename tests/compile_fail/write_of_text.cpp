// Text given as a typed value is refused: is it JSON, or a JSON string?
// expect: lake: .*text.*JSON
#include <lake/lake.hpp>

int main() {
  lake::memory_lake db{};
#ifdef LAKE_BAD
  return db.write("users", "/", R"({"name":"Ada"})") ? 0 : 1;
#else
  return db.write("users", "/", nlohmann::json{{"name", "Ada"}}) ? 0 : 1;
#endif
}
