// What a consumer does first: write a document and read it. LAKE_CONSUMER_EMBEDDED also opens a lake in a folder.
#ifdef LAKE_CONSUMER_EMBEDDED
#include <lake/embedded.hpp>
#endif
#include <lake/lake.hpp>

#include <iostream>

int main(int argc, char** argv) {
  lake::memory_lake db{};
  db.write({.catalog = "users", .path = "/name", .body = R"("Ada")"}).value();
  const std::string document = db.read_string("users").value();
#ifdef LAKE_CONSUMER_EMBEDDED
  auto durable = lake::open_embedded(argc > 1 ? argv[1] : "lake-data").value();
  durable.write({.catalog = "users", .body = document}).value();
  std::cout << durable.read_string("users").value() << '\n';
#else
  static_cast<void>(argc);
  static_cast<void>(argv);
#endif
  std::cout << document << '\n';
  return document == R"({"name":"Ada"})" ? 0 : 1;
}
