// A durable lake in a folder, from the first write to a second process that reads it.
//
//   01_quickstart [folder]      without a folder: in a temporary one, removed at the end

#include "support/process.hpp"
#include "support/temporary_folder.hpp"

#include <lake/embedded.hpp>

#include <nlohmann/json.hpp>

#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// A plain struct, and one line that tells nlohmann::json about it.
struct user {
  std::string name;
  int age = 0;
  std::string city;
  std::vector<std::string> tags;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(user, name, age, city, tags)

// This example is a test too: it says what it expects, and fails where that is not so.
void expect(bool holds, std::string_view what) {
  if (!holds) throw std::runtime_error("not as expected: " + std::string(what));
}

void tour(const std::filesystem::path& folder, const std::string& this_program) {
  using nlohmann::json;

  // Opens the lake in the folder, or makes it: an SQLite index and files, no server. Whatever can fail returns a result;
  // value() takes the value out, or throws the error with its whole story.
  auto db = lake::open_embedded(folder).value();

  // A catalog is one JSON document, and a write is one change of it. There are three kinds of change:
  // replace the value at a path ...
  const lake::time_seq first = db.write({.catalog = "users",
                                         .body = R"({"alice": {"name": "Alice", "age": 30, "city": "Lyon", "tags": []}})",
                                         .meta = R"({"source": "quickstart"})"}).value();

  // ... merge a patch into it (RFC 7396): what the patch names changes, the rest stays ...
  db.write({.catalog = "users", .path = "/alice", .body = R"({"age": 31, "city": "Paris"})", .merge = lake::merge_type::rfc7396}).value();

  // ... or run a list of operations on it, all or none (RFC 6902).
  db.write({.catalog = "users",
            .path = "/alice",
            .body = R"([{"op": "test", "path": "/age", "value": 31}, {"op": "add", "path": "/tags/-", "value": "vip"}])",
            .merge = lake::merge_type::rfc6902}).value();

  // A read merges the changes into the document.
  const std::string document = db.read_string("users").value();
  std::cout << "users           " << document << '\n';
  expect(json::parse(document) == R"({"alice": {"name": "Alice", "age": 31, "city": "Paris", "tags": ["vip"]}})"_json, "the document");

  // A part of it, by JSON Pointer; and the same as a struct.
  std::cout << "its first tag   " << db.read_at("users", "/alice/tags/0").value() << '\n';
  const user alice = db.read_at<user>("users", "/alice").value();
  std::cout << "as a struct     " << alice.name << " is " << alice.age << " and lives in " << alice.city << '\n';
  expect(alice.age == 31 && alice.city == "Paris", "the struct");

  // Every version stays readable until you clear the history.
  const std::string before = db.list("users", {.as_of = first}).read_at("/alice/city").value();
  std::cout << "city as of " << first.to_string() << "   " << before << '\n';
  expect(before == R"("Lyon")", "the first version");

  // Meta and files live beside the document.
  db.write_file({.catalog = "users", .path = "/avatars/alice.txt", .body = ":-)", .meta = R"({"type": "text/plain"})"}).value();
  std::cout << "meta            " << db.meta("users").value() << '\n';
  std::cout << "files           " << db.files_and_meta("users").value() << '\n';
  expect(db.read_file("users", "/avatars/alice.txt") == ":-)", "the file");

  // Errors are values. They say what is wrong, and leave everything as it was.
  const auto refused = db.write({.catalog = "users", .path = "/alice/age", .body = "thirty-two"});
  expect(!refused && refused.error().code == lake::errc::invalid_body, "a body that is no JSON is refused");
  std::cout << "a bad write     " << refused.error().to_string() << '\n';

  // Where did the time go? Any operation takes a trace; without one, tracing is not even compiled in.
  lake::trace writing{"Write"};
  db.write({.catalog = "users", .path = "/alice/age", .body = "32"}, writing).value();
  lake::trace reading{"Read"};
  const json newest = db.read_json("users", reading).value();
  std::cout << '\n' << writing.dump() << reading.dump() << '\n';
  expect(newest.at("alice").at("age") == 32, "the last write is read back");

  // It is all on the disk: another process reads the same document.
  std::cout << "another process reads\n";
  const std::string theirs = examples::output_of({this_program, "--read", folder.string()});
  std::cout << theirs;
  expect(json::parse(theirs) == newest, "another process reads the same");
}

// The second process: opens the lake, prints the document.
void read_back(const std::filesystem::path& folder) {
  const auto db = lake::open_embedded(folder).value();
  std::cout << db.read_json("users").value().dump(2) << '\n';
}

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 2 && arguments[0] == "--read") {
      read_back(arguments[1]);
      return 0;
    }
    if (arguments.size() > 1 || (!arguments.empty() && arguments[0].starts_with('-'))) {
      std::cerr << "usage: 01_quickstart [folder]\n";
      return 2;
    }
    std::optional<examples::temporary_folder> temporary;
    const std::filesystem::path folder = arguments.empty() ? temporary.emplace().path() : std::filesystem::path(arguments[0]);
    tour(folder, argv[0]);
  } catch (const std::exception& failure) {
    std::cerr << "01_quickstart: " << failure.what() << '\n';
    return 1;
  }
  std::cout << "\nWhat to try next:\n"
               "  01_quickstart ./my-lake        keep the lake; run it twice; look into ./my-lake/objects\n"
               "  db.history(\"users\")            every change of a catalog, with its id, path and size\n"
               "  db.take_snapshot(\"users\")      then db.clear_history(\"users\"): keep the document, drop the past\n"
               "  .expected = list.version()     in a write: only if nobody wrote meanwhile\n"
               "  lake::memory_lake db;          the same interface without a disk, for tests: #include <lake/lake.hpp>\n";
  return 0;
}
