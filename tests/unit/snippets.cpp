// What a user writes first must compile as it is written, without a warning, and do what it says.
// POSIX's `::read` and the standard's names stand beside ours here, as they do in programs.
#include <iomanip>

#include <unistd.h>

#include <lake/lake.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace lake::literals;

namespace {

struct user {
  std::string name;
  int age = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(user, name, age)

/// A storage that cannot be made from nothing.
class opened_only : public lake::memory_storage {
 public:
  static opened_only open() { return opened_only(1); }

 private:
  explicit opened_only(int) {}
};

/// Dependent code, where `db.read<T>` would need the keyword `template`.
template <class Lake>
user dependent_read(const Lake& db) {
  return lake::read<user>(db, "users").value();
}

lake::result<lake::memory_lake> make_lake() { return lake::memory_lake{}; }
lake::result<std::string> text_result() { return "abc"; }
lake::result<void> void_result() { return {}; }

/// The operations that need an overload of their own to take a trace alone.
template <class Lake>
concept takes_trace_alone = requires(const Lake& db, lake::trace& tr, const std::vector<std::string>& names) {
  db.list("c", tr);
  db.catalogs(tr);
  db.batch_list(names, tr);
};

template <class From, class To>
inline constexpr bool becomes = std::is_convertible_v<From, To>;

}  // namespace

TEST_CASE("a lake is made in every way that a user tries", "[snippets]") {
  lake::memory_lake plain;
  lake::memory_lake braced{};
  lake::memory_lake with_options{lake::lake_options{}};
  lake::memory_lake named{{.name = "x"}};
  lake::basic_lake three{lake::lake_options{}, lake::memory_index{}, lake::memory_storage{}};
  lake::basic_lake four{lake::lake_options{}, lake::memory_index{}, lake::memory_storage{}, lake::memory_cache{{.max_bytes = 1}}};
  lake::basic_lake five{lake::lake_options{}, lake::memory_index{}, lake::memory_storage{}, lake::no_cache{}, lake::identity_codec{}};
  lake::basic_lake<lake::memory_index, opened_only> opened{lake::lake_options{}, lake::memory_index{}, opened_only::open()};
  lake::memory_lake made = make_lake().value();
  const lake_test::scratch_folder folder;
  auto files = lake::filesystem_storage::open({.root = folder.path() / "lake", .create = true});
  lake::basic_lake on_files{lake::lake_options{.name = "files"}, lake::memory_index{}, files.value()};

  static_assert(std::is_same_v<decltype(three), lake::memory_lake>);
  const auto works = [](auto& db) { return db.write({.catalog = "c", .body = "1"}).has_value() && db.read_string("c") == "1"; };
  CHECK(works(plain));
  CHECK(works(braced));
  CHECK(works(with_options));
  CHECK(works(named));
  CHECK(works(four));
  CHECK(works(five));
  CHECK(works(opened));
  CHECK(works(made));
  CHECK(works(on_files));

  lake::memory_lake moved = std::move(plain);
  CHECK(moved.read_string("c") == "1");
  moved = std::move(braced);
  CHECK(moved.read_string("c") == "1");
  static_assert(!std::is_copy_constructible_v<lake::memory_lake>);
  static_assert(std::is_nothrow_move_constructible_v<lake::memory_lake> && std::is_move_assignable_v<lake::memory_lake>);
  static_assert(!becomes<lake::lake_options, lake::memory_lake>);
}

TEST_CASE("writes are written as the documentation shows them", "[snippets]") {
  lake::memory_lake db;
  lake::trace tr{"Write"};
  nlohmann::json j{{"a", 1}};

  db.write({.catalog = "users", .body = R"({"name":"Ann","age":40})"}).value();
  db.write({.catalog = "users", .path = "/user/profile"_path, .body = j.dump()}).value();
  db.write({.catalog = "users", .body = R"({"x":1})", .merge = lake::merge_type::rfc7396, .meta = R"({"by":"me"})"}).value();
  db.write({.catalog = "fresh", .body = "1", .expected = lake::time_seq{}}).value();
  const lake::write_request request{.catalog = "users", .path = "/y", .body = "2"};
  db.write(request, tr).value();
  db.write({.catalog = "users", .path = "/z", .body = "3"}, tr).value();
  db.write({.catalog = "users", .path = "/z", .body = "3"}, lake::call_options{.deadline = 1s}).value();
  db.write({.catalog = "users", .path = "/z", .body = "3"}, lake::call_options{}, lake::trace{"T"}).value();
  db.write("users", "/age", 41).value();
  db.write("users", "/friend", user{"Bob", 7}, tr).value();
  db.write("users", "/list", std::vector<int>{1, 2}).value();
  db.write("users", "/json", j).value();
  db.write("users", "/text", nlohmann::json("a string")).value();
  CHECK(tr.steps().size() > 6);

  // Requests that outlive what they were made of.
  std::vector<lake::write_request> requests;
  for (int i = 0; i < 3; ++i)
    requests.push_back({.catalog = "batch", .path = "/n" + std::to_string(i), .body = nlohmann::json{{"a long enough key", i}}.dump()});
  CHECK(db.write_batch(requests).value().size() == 3);
  CHECK(db.write_batch(requests, tr).value().size() == 3);
  CHECK(db.write_batch({{.catalog = "batch", .body = "{}"}, {.catalog = "batch", .path = "/a", .body = "1"}}).value().size() == 2);
  CHECK(db.write_many(requests).size() == 3);
  CHECK(db.write_many({{.catalog = "one", .body = "{}"}, {.catalog = "two", .path = "/a", .body = "1"}}).size() == 2);
  CHECK(db.read_string("batch") == R"({"a":1,"n0":{"a long enough key":0},"n1":{"a long enough key":1},"n2":{"a long enough key":2}})");

  static_assert(std::is_same_v<decltype(db.write(request)), lake::result<lake::time_seq>>);
  static_assert(std::is_same_v<decltype(db.write_batch(requests)), lake::result<std::vector<lake::time_seq>>>);
  static_assert(std::is_same_v<decltype(db.write_many(requests)), std::vector<lake::result<lake::time_seq>>>);
}

TEST_CASE("reads are written as the documentation shows them", "[snippets]") {
  lake::memory_lake db;
  lake::trace tr{"Read"};
  db.write({.catalog = "users", .body = R"({"name":"Ann","age":40})"}).value();

  CHECK(db.read_string("users") == R"({"name":"Ann","age":40})");
  CHECK(db.read_string("users", tr).has_value());
  CHECK(db.read_string("users", lake::call_options{.deadline = 1s}, tr).has_value());
  CHECK(db.read_json("users").value()["age"] == 40);
  CHECK(db.read_json("users", tr).has_value());
  CHECK(db.read<user>("users").value().name == "Ann");
  CHECK(db.read<user>("users", tr).value().age == 40);
  CHECK(db.read<std::map<std::string, nlohmann::json>>("users").value().size() == 2);
  CHECK(db.read<nlohmann::ordered_json>("users").value().begin().key() == "name");
  CHECK(db.read_at("users", "/name") == "\"Ann\"");
  CHECK(db.read_at<std::string>("users", "/name") == "Ann");
  CHECK(dependent_read(db).age == 40);
  CHECK(lake::read<user>(db, "users").value().age == 40);

  const auto list = db.list("users");
  CHECK(db.list("users", tr).exists());
  CHECK(db.list("users", {}, tr).exists());
  CHECK(db.list("users", {.pending = lake::pending::wait{1s}}, tr).exists());
  CHECK(db.list("users", {.as_of = list.version()}).exists());
  CHECK(db.list(std::string("users")).exists());
  CHECK(db.list("users", lake::list_options{}, lake::call_options{.deadline = 1s}).exists());
  CHECK(read_string(list) == R"({"name":"Ann","age":40})");
  CHECK(read_bytes(list).value().size() == 23);
  CHECK(read<user>(list).value().age == 40);
  CHECK(list.read_json().value().size() == 2);
  for (const auto& each : db.list("users").deltas()) CHECK(each.path == "/");
  for (const auto& name : db.catalogs().value()) CHECK(name == "users");

  CHECK(db.batch_list({"users", "nobody"}).size() == 2);
  const std::vector<std::string> names{"users", "nobody"};
  CHECK(db.batch_list(names).size() == 2);
  CHECK(db.batch_list(std::span<const std::string>(names), {.pending = lake::pending::committed_prefix{}}).size() == 2);
  CHECK(db.batch_meta(names).value().size() == 2);
  CHECK(db.catalogs("us").value().size() == 1);
  CHECK(db.catalogs("us", tr).value().size() == 1);
  CHECK(takes_trace_alone<lake::memory_lake>);

  static_assert(std::is_same_v<decltype(db.read_string("users")), lake::result<std::string>>);
  static_assert(std::is_same_v<decltype(db.read_json("users")), lake::result<nlohmann::json>>);
  static_assert(std::is_same_v<lake::memory_lake::list_type, lake::list_result<lake::memory_lake>>);
}

TEST_CASE("files and history are written as the documentation shows them", "[snippets]") {
  lake::memory_lake db{{.clear = {.grace = 0ms}}};
  const lake::time_seq id = db.write({.catalog = "users", .body = "{}"}).value();

  db.write_file({.catalog = "users", .path = "/avatar.png", .body = "bytes", .meta = R"({"w":1})"}).value();
  if (db.file_exists("users", "/avatar.png") == true) CHECK(db.read_file("users", "/avatar.png") == "bytes");
  CHECK(db.file_exists("users", "/other").value_or(false) == false);
  CHECK(db.files_and_meta("users") == R"({"/avatar.png":{"w":1}})");
  CHECK(db.remove_file("users", "/avatar.png").value());
  CHECK(db.take_snapshot("users").value().stop == id);
  CHECK(db.committed("users", id) == true);
  CHECK(db.history("users").value().size() == 1);
  CHECK(db.changes("users", {}).value().size() == 1);
  CHECK(db.clear_history("users").value().removed.deltas == 1);
  CHECK(db.clear_history_with_retention("users", 2).has_value());
  CHECK(db.remove_delta("users", id).error().code == lake::errc::history_trimmed);
  CHECK(db.remove_catalog("users").value());
  db.flush();
  CHECK(db.stats().writes == 1);
}

TEST_CASE("the merge engine is used alone", "[snippets]") {
  const lake::merge::step steps[] = {{lake::merge_type::replace, "/a", nlohmann::json{{"k", 1}}.dump()},
                                     {lake::merge_type::rfc7396, "/", R"({"b":2})"}};
  CHECK(lake::merge::apply("{}", steps) == R"({"a":{"k":1},"b":2})");
  CHECK(lake::merge::apply("{}", {{lake::merge_type::replace, "/a", "1"}, {lake::merge_type::replace, "/b", "2"}}) == R"({"a":1,"b":2})");
  CHECK(lake::merge::validate("[1]").has_value());
  CHECK(lake::merge::validate("[1").error().code == lake::errc::invalid_body);
}

TEST_CASE("results convert from what a function returns, and to nothing by themselves", "[snippets]") {
  CHECK(text_result() == "abc");
  CHECK(void_result().has_value());
  static_assert(!becomes<lake::result<std::string>, std::string>);
  static_assert(!std::is_assignable_v<std::string&, lake::result<std::string>>);
  static_assert(!becomes<lake::result<nlohmann::json>, nlohmann::json>);
  static_assert(!becomes<lake::result<bool>, bool>);
  static_assert(std::is_constructible_v<bool, lake::result<bool>>);
}
