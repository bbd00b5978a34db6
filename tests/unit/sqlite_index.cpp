// What sqlite_index adds to the rules of the protocol: its file, its transactions, its lock.
#include <lake/detail/file_lock.hpp>
#include <lake/detail/sqlite_handle.hpp>
#include <lake/index/sqlite.hpp>
#include <lake/testing/manual_clock.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

/// A folder of its own, and the index file in it.
struct scratch_folder : lake_test::scratch_folder {
  [[nodiscard]] std::string file() const { return (path() / "lake.db").string(); }
};

lake::sqlite_index open_index(const std::string& file, const lake::testing::manual_clock& clock = lake::testing::manual_clock{}) {
  auto index = lake::sqlite_index::open({.file = file, .durability = lake::durability::none, .clock = clock.source()});
  INFO((index ? std::string() : index.error().to_string()));
  REQUIRE(index.has_value());
  return *std::move(index);
}

lake::write_token token(std::uint8_t number) { return {number}; }

lake::id_run reserve(lake::sqlite_index& index, std::string_view catalog, std::uint8_t writer) {
  const lake::member_spec member{.path = "/a"};
  const auto answer = index.reserve({.catalog = catalog, .token = token(writer), .members = {&member, 1}}, {});
  REQUIRE(answer.has_value());
  REQUIRE(answer->status == lake::reserve_status::reserved);
  return answer->ids;
}

void commit(lake::sqlite_index& index, std::string_view catalog, const lake::id_run& ids, std::uint8_t writer) {
  const auto answer = index.commit({.catalog = catalog, .ids = ids, .token = token(writer)}, {});
  REQUIRE(answer.has_value());
  REQUIRE(answer->status == lake::commit_status::ok);
}

lake::id_run write(lake::sqlite_index& index, std::string_view catalog, std::uint8_t writer = 1) {
  const lake::id_run ids = reserve(index, catalog, writer);
  commit(index, catalog, ids, writer);
  return ids;
}

std::string dump(const lake::sqlite_index& index) {
  const auto answer = index.dump();
  REQUIRE(answer.has_value());
  return *answer;
}

/// Runs SQL on the file, past the index.
void tamper(const std::string& file, const std::string& sql) {
  auto db = lake::detail::sqlite_connection::open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, std::chrono::seconds(1));
  REQUIRE(db.has_value());
  const auto done = db->execute(sql.c_str());
  INFO((done ? std::string() : done.error().to_string()));
  REQUIRE(done.has_value());
}

lake::error open_error(const lake::sqlite_index_options& options) {
  const auto index = lake::sqlite_index::open(options);
  REQUIRE(!index.has_value());
  return index.error();
}

bool names(const lake::error& what, std::string_view piece) { return what.message.find(piece) != std::string::npos; }

/// Holds the lock file as another process would: through a descriptor of its own.
class foreign_lock {
 public:
  explicit foreign_lock(const std::string& file) : descriptor_(::open((file + ".lock").c_str(), O_RDWR | O_CLOEXEC)) {
    REQUIRE(::flock(descriptor_, LOCK_EX | LOCK_NB) == 0);
  }
  foreign_lock(const foreign_lock&) = delete;
  foreign_lock& operator=(const foreign_lock&) = delete;
  ~foreign_lock() { ::close(descriptor_); }

 private:
  int descriptor_;
};

/// While it lives, no file of this process grows beyond the bytes given: a disk that is full.
class full_disk {
 public:
  explicit full_disk(std::uintmax_t bytes) : ignored_(::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit tight{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  }
  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;
  ~full_disk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, ignored_);
  }

 private:
  rlimit before_{};
  void (*ignored_)(int);
};

}  // namespace

TEST_CASE("A sqlite_index that is opened again holds everything it held") {
  const scratch_folder folder;
  std::string before;
  {
    lake::sqlite_index index = open_index(folder.file());
    const lake::id_run ids = reserve(index, "users", 1);
    const lake::meta_entry meta{.key = "owner", .value = R"("me")"};
    REQUIRE(index.commit({.catalog = "users", .ids = ids, .token = token(1), .meta = {&meta, 1}}, {}).has_value());
    reserve(index, "users", 2);
    REQUIRE(index.store_sample("users", "size", 1.5) == 1.5);
    const auto file = index.issue_id("users", "/avatar.png", {});
    REQUIRE(file.has_value());
    REQUIRE(
        index.put_file("users", "/avatar.png", {.id = file->id, .bytes = ~std::uint64_t{0}, .digest = ~std::uint64_t{1}, .meta = "{}"}) ==
        lake::put_file_status::ok);
    REQUIRE(index.set_marker("mark") == "mark");
    before = dump(index);
  }

  lake::sqlite_index index = open_index(folder.file());

  CHECK(dump(index) == before);
  CHECK(index.file() == folder.file());
  CHECK(before.find("marker \"mark\"\n") == 0);
  CHECK(index.marker() == std::optional<std::string>("mark"));
  CHECK(index.set_marker("other") == "mark");
}

TEST_CASE("The last sqlite_index to go folds the write-ahead log into the file, and copies share their state") {
  const scratch_folder folder;
  {
    lake::sqlite_index index = open_index(folder.file());
    lake::sqlite_index copy = index;
    write(copy, "users");
    CHECK(dump(index) == dump(copy));
    CHECK(std::filesystem::exists(folder.file() + "-wal"));
  }
  CHECK(!std::filesystem::exists(folder.file() + "-wal"));
}

TEST_CASE("A file of another program is refused by a message that names both, and left as it was") {
  const scratch_folder folder;
  tamper(folder.file(), "CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1); PRAGMA application_id = 7;");

  const lake::error refused = open_error({.file = folder.file()});

  CHECK(refused.code == lake::errc::configuration);
  CHECK(names(refused, folder.file()));
  CHECK(names(refused, "0x00000007"));
  CHECK(names(refused, "0x6c616b65"));
  CHECK(!std::filesystem::exists(folder.file() + "-wal"));
}

TEST_CASE("A database without an application's mark is refused as soon as it has a table") {
  const scratch_folder folder;
  tamper(folder.file(), "CREATE TABLE theirs(x);");

  CHECK(open_error({.file = folder.file()}).code == lake::errc::configuration);
}

TEST_CASE("An index file of a newer schema is refused by a message that names both versions") {
  const scratch_folder folder;
  { lake::sqlite_index index = open_index(folder.file()); }
  tamper(folder.file(), "PRAGMA user_version = 99;");

  const lake::error refused = open_error({.file = folder.file()});

  CHECK(refused.code == lake::errc::configuration);
  CHECK(names(refused, "version 99"));
  CHECK(names(refused, "version 1"));
}

TEST_CASE("A truncated index file and a file that is no database are corrupt_index, and the message names the file") {
  const scratch_folder folder;
  {
    lake::sqlite_index index = open_index(folder.file());
    write(index, "users");
  }
  std::error_code failed;
  SECTION("half of it is gone") { std::filesystem::resize_file(folder.file(), std::filesystem::file_size(folder.file()) / 2, failed); }
  SECTION("its head alone is left") { std::filesystem::resize_file(folder.file(), 100, failed); }
  SECTION("it never was one") {
    std::filesystem::remove(folder.file(), failed);
    std::ofstream(folder.file()) << std::string(5000, 'x');
  }
  REQUIRE(!failed);

  const lake::error refused = open_error({.file = folder.file()});

  CHECK(refused.code == lake::errc::corrupt_index);
  CHECK(names(refused, folder.file()));
}

TEST_CASE("A folder, a missing name, a missing file and a missing folder are refused clearly") {
  const scratch_folder folder;
  std::error_code failed;
  std::filesystem::create_directory(folder.file(), failed);

  CHECK(open_error({.file = folder.file()}).code == lake::errc::configuration);
  CHECK(names(open_error({.file = folder.file()}), "is a folder"));
  CHECK(open_error({.file = {}}).code == lake::errc::configuration);
  CHECK(open_error({.file = folder.path() / "none.db", .create = false}).code == lake::errc::not_found);
  CHECK(!std::filesystem::exists(folder.path() / "none.db.lock"));
  CHECK(open_error({.file = folder.path() / "none" / "lake.db"}).code == lake::errc::io);
  std::ofstream(folder.path() / "empty.db").close();
  CHECK(open_error({.file = folder.path() / "empty.db", .create = false}).code == lake::errc::not_found);
}

TEST_CASE("A lock held by another process makes a step unavailable after the deadline, and changes nothing") {
  const scratch_folder folder;
  auto index = lake::sqlite_index::open(
      {.file = folder.file(), .durability = lake::durability::none, .lock_deadline = std::chrono::milliseconds(40)});
  REQUIRE(index.has_value());
  write(*index, "users");
  const std::string before = dump(*index);
  const lake::member_spec member{.path = "/a"};

  const auto asked = std::chrono::steady_clock::now();
  const auto refused = [&] {
    const foreign_lock held(folder.file());
    return index->reserve({.catalog = "users", .token = token(9), .members = {&member, 1}}, {});
  }();

  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == lake::errc::unavailable);
  CHECK(refused.error().retryable());
  CHECK(names(refused.error(), folder.file()));
  CHECK(std::chrono::steady_clock::now() - asked >= std::chrono::milliseconds(40));
  CHECK(dump(*index) == before);
  CHECK(index->reserve({.catalog = "users", .token = token(9), .members = {&member, 1}}, {}).has_value());
}

TEST_CASE("A program that writes without taking turns makes a step unavailable, and readers do not notice") {
  const scratch_folder folder;
  auto index = lake::sqlite_index::open(
      {.file = folder.file(), .durability = lake::durability::none, .lock_deadline = std::chrono::milliseconds(40)});
  REQUIRE(index.has_value());
  write(*index, "users");
  auto intruder = lake::detail::sqlite_connection::open(folder.file(), SQLITE_OPEN_READWRITE, std::chrono::seconds(1));
  REQUIRE(intruder.has_value());
  REQUIRE(intruder->execute("BEGIN IMMEDIATE").has_value());
  const lake::member_spec member{.path = "/a"};

  const auto refused = index->reserve({.catalog = "users", .token = token(9), .members = {&member, 1}}, {});

  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == lake::errc::unavailable);
  const auto seen = index->view({.catalog = "users"}, {});
  REQUIRE(seen.has_value());
  CHECK(seen->deltas.size() == 1);
  REQUIRE(intruder->execute("ROLLBACK").has_value());
  write(*index, "users", 2);
}

TEST_CASE(
    "A full disk fails the steps that need room and all in their transaction, changes nothing, and is forgotten when there is room again") {
  const scratch_folder folder;
  lake::sqlite_index index = open_index(folder.file());
  write(index, "users");
  const std::string before = dump(index);
  const lake::member_spec member{.path = "/a"};
  std::vector<std::string> catalogs;
  for (int i = 0; i < 400; ++i) catalogs.push_back(std::string(900, 'x') + std::to_string(i));
  std::vector<lake::reserve_args> reserves;
  for (const std::string& name : catalogs) reserves.push_back({.catalog = name, .token = token(3), .members = {&member, 1}});

  const auto [one, many] = [&] {
    const full_disk full(std::filesystem::file_size(folder.file() + "-wal"));
    return std::pair(index.reserve(reserves.front(), {}), index.reserve_many(reserves, {}));
  }();

  REQUIRE(!one.has_value());
  CHECK(one.error().code == lake::errc::io);
  CHECK(names(one.error(), folder.file()));
  for (const auto& each : many) CHECK(!each.has_value());
  CHECK(dump(index) == before);
  for (const auto& each : index.reserve_many(reserves, {})) CHECK(each.has_value());
}

TEST_CASE("A file_lock is handed over, and refused after its deadline") {
  const scratch_folder folder;
  auto left = lake::detail::file_lock::open(folder.file());
  auto right = lake::detail::file_lock::open(folder.file());
  REQUIRE(left.has_value());
  REQUIRE(right.has_value());
  const auto soon = [] { return std::chrono::steady_clock::now() + std::chrono::milliseconds(10); };
  {
    const auto held = (*left)->acquire(soon());
    REQUIRE(held.has_value());
    const auto by_thread = (*left)->acquire(soon());
    REQUIRE(!by_thread.has_value());
    CHECK(by_thread.error().code == lake::errc::unavailable);
    const auto by_file = (*right)->acquire(soon());
    REQUIRE(!by_file.has_value());
    CHECK(by_file.error().code == lake::errc::unavailable);
  }
  CHECK((*right)->acquire(soon()).has_value());
  CHECK((*left)->acquire(soon()).has_value());
}

TEST_CASE("In a batch of steps each has its own answer, and a failing one undoes nothing of the others") {
  const scratch_folder folder;
  lake::sqlite_index index = open_index(folder.file());
  const lake::member_spec good{.path = "/a"};
  const lake::member_spec bad{.path = "no path"};
  const lake::reserve_args reserves[] = {{.catalog = "a", .token = token(1), .members = {&good, 1}},
                                         {.catalog = "b", .token = token(2), .members = {&bad, 1}},
                                         {.catalog = "c", .token = token(3), .members = {&good, 1}}};

  const auto reserved = index.reserve_many(reserves, {});
  REQUIRE(reserved.size() == 3);
  REQUIRE(reserved[0].has_value());
  REQUIRE(!reserved[1].has_value());
  REQUIRE(reserved[2].has_value());
  CHECK(reserved[1].error().code == lake::errc::invalid_argument);

  const lake::commit_args commits[] = {{.catalog = "a", .ids = reserved[0]->ids, .token = token(1)},
                                       {.catalog = "c", .ids = reserved[2]->ids, .token = token(7)}};
  const auto committed = index.commit_many(commits, {});
  REQUIRE(committed.size() == 2);
  CHECK(committed[0]->status == lake::commit_status::ok);
  CHECK(committed[1]->status == lake::commit_status::unknown);

  const lake::view_args views[] = {{.catalog = "a"}, {.catalog = ""}, {.catalog = "c"}};
  const auto seen = index.view_many(views, {});
  REQUIRE(seen.size() == 3);
  CHECK(seen[0]->deltas.size() == 1);
  CHECK(!seen[1].has_value());
  CHECK(seen[2]->status == lake::view_status::pending);
  CHECK(index.reserve_many({}, {}).empty());
}

TEST_CASE("A view that passes over an expired pending member closes it, in one view as in many") {
  const scratch_folder folder;
  lake::testing::manual_clock clock;
  lake::sqlite_index index = open_index(folder.file(), clock);
  const lake::id_run late = reserve(index, "users", 1);
  clock.step(lake::index_timing{}.pending_timeout);
  const lake::view_args args{.catalog = "users"};

  SECTION("one view") { REQUIRE(index.view(args, {}).has_value()); }
  SECTION("many views") { REQUIRE(index.view_many({&args, 1}, {}).front().has_value()); }

  CHECK(dump(index).find("closed " + late.first.to_string() + "\n") != std::string::npos);
  // Even if the clock steps back: what was passed over stays out.
  clock.step(-lake::index_timing{}.pending_timeout);
  const auto refused = index.commit({.catalog = "users", .ids = late, .token = token(1)}, {});
  REQUIRE(refused.has_value());
  CHECK(refused->status == lake::commit_status::fenced);
}

TEST_CASE("Catalogs are enumerated by the bytes of their names, page by page, and the visitor may use the index") {
  const scratch_folder folder;
  lake::sqlite_index index = open_index(folder.file());
  std::vector<std::string> expected;
  for (int i = 1000; i < 1600; ++i) expected.push_back("p" + std::to_string(i));
  std::vector<lake::reserve_args> reserves;
  const lake::member_spec member{.path = "/"};
  for (const std::string& name : expected) reserves.push_back({.catalog = name, .token = token(1), .members = {&member, 1}});
  for (const std::string_view name : {"a", "p", "q", "\xe4\xb8\xad\xe6\x96\x87"}) {
    reserves.push_back({.catalog = name, .token = token(1), .members = {&member, 1}});
  }
  for (const auto& one : index.reserve_many(reserves, {})) REQUIRE(one.has_value());
  expected.insert(expected.begin(), "p");

  std::vector<std::string> found;
  const auto ended = index.for_each_catalog("p", [&](std::string_view name) {
    found.emplace_back(name);
    return index.view({.catalog = name}, {}).has_value();
  });

  CHECK(ended.has_value());
  CHECK(found == expected);
  std::size_t visited = 0;
  CHECK(index.for_each_catalog("", [&](std::string_view) { return ++visited < 300; }).has_value());
  CHECK(visited == 300);
}

TEST_CASE("A record that breaks its format is corrupt_index, and the message names file and rule") {
  const scratch_folder folder;
  lake::sqlite_index index = open_index(folder.file());
  write(index, "users");
  const auto [sql, rule] = GENERATE(table<std::string, std::string>({{"UPDATE member SET merge = 9", "merge type 9"},
                                                                     {"UPDATE member SET path = 'x|y'", "\"x|y\""},
                                                                     {"UPDATE member SET id = 5000000", "the id 5000000"}}));
  CAPTURE(sql);
  tamper(folder.file(), sql);

  const auto seen = index.view({.catalog = "users", .base = lake::time_seq{}}, {});

  REQUIRE(!seen.has_value());
  CHECK(seen.error().code == lake::errc::corrupt_index);
  CHECK(names(seen.error(), folder.file()));
  CHECK(names(seen.error(), rule));
}

TEST_CASE("Lost members are noticed by the first look of a process, a lost control record is healed") {
  const scratch_folder folder;
  lake::id_run first;
  {
    lake::sqlite_index index = open_index(folder.file());
    first = write(index, "users", 1);
    write(index, "users", 2);
  }

  SECTION("a member") {
    tamper(folder.file(), "DELETE FROM member WHERE id = (SELECT max(id) FROM member)");
    lake::sqlite_index index = open_index(folder.file());
    const auto seen = index.view({.catalog = "users"}, {});
    REQUIRE(!seen.has_value());
    CHECK(seen.error().code == lake::errc::corrupt_index);
  }
  SECTION("the control record") {
    tamper(folder.file(), "UPDATE catalog SET last = NULL");
    lake::sqlite_index index = open_index(folder.file());
    REQUIRE(index.view({.catalog = "users"}, {})->status == lake::view_status::no_control);
    REQUIRE(index.heal({.catalog = "users"}, {}).has_value());
    const auto seen = index.view({.catalog = "users"}, {});
    REQUIRE(seen.has_value());
    CHECK(seen->deltas.size() == 2);
    CHECK(seen->deltas.front().id == first.first);
  }
}

TEST_CASE("Every durability level writes, reads and passes its barrier") {
  const scratch_folder folder;
  const lake::durability level = GENERATE(lake::durability::none, lake::durability::data, lake::durability::full);
  CAPTURE(lake::to_string(level));
  auto index = lake::sqlite_index::open({.file = folder.file(), .durability = level});
  REQUIRE(index.has_value());

  write(*index, "users");

  CHECK(index->barrier().has_value());
  CHECK(index->view({.catalog = "users"}, {})->deltas.size() == 1);
}
