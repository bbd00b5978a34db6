// What only a storage in a folder can get wrong: its root, links, temporaries, names in the way, the ways of placing a file.
#include <lake/storage/filesystem.hpp>
#include <lake/testing/storage_contract.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/folder.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using lake::errc;
using lake::filesystem_storage;
using lake::detail::placing;

filesystem_storage opened(const fs::path& root, lake::durability level = lake::durability::none) {
  return filesystem_storage::open({.root = root, .create = true, .durability = level}).value();
}

void write_file(const fs::path& file, std::string_view bytes) { std::ofstream(file, std::ios::binary) << bytes; }

std::vector<std::string> listed(const filesystem_storage& storage, std::string_view prefix = "") {
  std::vector<std::string> keys;
  REQUIRE(storage.list(prefix, [&](const lake::object_info& each) { return keys.push_back(each.key), true; }));
  return keys;
}

/// The names in a folder, its parts below included, without the lock.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& each : fs::recursive_directory_iterator(folder)) {
    if (each.path().filename() != lake::detail::lock_name) names.push_back(fs::relative(each.path(), folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("a filesystem_storage needs its root, unless it may create it") {
  const lake_test::scratch_folder folder;
  const fs::path root = folder.path() / "new" / "deep" / "";

  const auto missing = filesystem_storage::open({.root = root});
  REQUIRE(missing.error().code == errc::configuration);
  REQUIRE(missing.error().message == "the root folder does not exist, and filesystem_options::create is false");
  REQUIRE(missing.error().subject == root.string());
  REQUIRE(!fs::exists(root));

  REQUIRE(filesystem_storage::open({.root = root, .create = true}));
  REQUIRE(filesystem_storage::open({.root = root}));
  REQUIRE(filesystem_storage::open({}).error().message == "filesystem_options::root is empty");
}

TEST_CASE("a root that is a file is a configuration error") {
  const lake_test::scratch_folder folder;
  write_file(folder.path() / "file", "x");

  REQUIRE(filesystem_storage::open({.root = folder.path() / "file"}).error().message == "the root is not a folder");
  REQUIRE(filesystem_storage::open({.root = folder.path() / "file", .create = true}).error().code == errc::configuration);
  REQUIRE(filesystem_storage::open({.root = folder.path() / "file" / "in", .create = true}).error().code == errc::configuration);
}

TEST_CASE("an object is a file of its key beneath the root, and nothing else is left") {
  const lake_test::scratch_folder folder;
  filesystem_storage storage = opened(folder.path(), lake::durability::full);

  REQUIRE(storage.create("9bc6/(users/delta/1700000000_1_1.json", "{}"));
  REQUIRE(storage.create("9bc6/(users/delta/1700000000_1_1.json", "[]").error().code == errc::already_exists);
  REQUIRE(storage.put("lake.json", "marker"));
  REQUIRE(storage.swap("lake.json", "wrong tag", "x").error().code == errc::version_conflict);

  REQUIRE(names_in(folder.path()) ==
          std::vector<std::string>{"9bc6", "9bc6/(users", "9bc6/(users/delta", "9bc6/(users/delta/1700000000_1_1.json", "lake.json"});
  REQUIRE(lake_test::file_bytes(folder.path() / "lake.json") == "marker");
}

TEST_CASE("symbolic links inside the root lead nowhere") {
  const lake_test::scratch_folder outside;
  const lake_test::scratch_folder inside;
  write_file(outside.path() / "secret", "secret");
  filesystem_storage storage = opened(inside.path());
  REQUIRE(storage.create("real/object", "x"));
  fs::create_symlink(outside.path() / "secret", inside.path() / "link");
  fs::create_directory_symlink(outside.path(), inside.path() / "folder");
  fs::create_directory_symlink("real", inside.path() / "near-folder");

  REQUIRE(storage.get("link").error().code == errc::not_found);
  REQUIRE(storage.get("folder/secret").error().code == errc::not_found);
  REQUIRE(storage.get("near-folder/object").error().code == errc::not_found);
  REQUIRE(storage.create("link", "x").error().code == errc::invalid_argument);
  REQUIRE(storage.create("folder/new", "x").error().code == errc::invalid_argument);
  REQUIRE(storage.put("folder/secret", "x").error().code == errc::invalid_argument);
  REQUIRE(storage.remove("folder/secret"));
  REQUIRE(listed(storage) == std::vector<std::string>{"real/object"});
  REQUIRE(listed(storage, "folder/").empty());

  REQUIRE(storage.put("link", "mine"));
  REQUIRE(*storage.get("link").value() == "mine");
  REQUIRE(lake_test::file_bytes(outside.path() / "secret") == "secret");
  REQUIRE(names_in(outside.path()) == std::vector<std::string>{"secret"});
}

TEST_CASE("walking to a file refuses what the one system call refuses") {
  const lake_test::scratch_folder folder;
  fs::create_directories(folder.path() / "a" / "b");
  write_file(folder.path() / "a" / "b" / "c", "deep");
  fs::create_directory_symlink("a", folder.path() / "link");
  const lake::detail::unique_fd root(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto walk = GENERATE(lake::detail::walk_beneath, lake::detail::open_beneath);

  REQUIRE(walk(root.get(), "a/b/c", O_RDONLY).fd);
  REQUIRE(walk(root.get(), "a/b/d", O_RDONLY).failed == ENOENT);
  REQUIRE(walk(root.get(), "a/b/c/d", O_RDONLY).failed == ENOTDIR);
  const int through_link = walk(root.get(), "link/b/c", O_RDONLY).failed;
  REQUIRE((through_link == ELOOP || through_link == ENOTDIR));
}

TEST_CASE("other kinds of file are no objects, and no operation waits for them") {
  const lake_test::scratch_folder folder;
  filesystem_storage storage = opened(folder.path());
  REQUIRE(::mkfifo((folder.path() / "fifo").c_str(), 0600) == 0);
  fs::create_directory(folder.path() / "folder");

  for (const char* key : {"fifo", "folder"}) {
    REQUIRE(storage.get(key).error().code == errc::not_found);
    REQUIRE(storage.stat(key).error().code == errc::not_found);
    REQUIRE(storage.create(key, "x").error().code == errc::invalid_argument);
  }
  REQUIRE(storage.put("folder", "x").error().message == "a folder has this name: it begins other keys");
  REQUIRE(storage.remove("folder"));
  REQUIRE(listed(storage).empty());
}

TEST_CASE("temporaries of a crashed writer are hidden, refused as keys, and swept by age") {
  const lake_test::scratch_folder folder;
  filesystem_storage storage = opened(folder.path());
  REQUIRE(storage.create("a/b", "x"));
  REQUIRE(storage.put("c", "y"));
  write_file(folder.path() / "a" / ".tmp-123-00ff", "half");
  write_file(folder.path() / ".tmp-4-0", "half");
  write_file(folder.path() / ".tmp-notes", "not ours");
  fs::last_write_time(folder.path() / ".tmp-4-0", fs::file_time_type::clock::now() - std::chrono::hours(48));

  REQUIRE(listed(storage) == std::vector<std::string>{"a/b", "c"});
  for (const char* key : {".tmp-4-0", "a/.tmp-123-00ff", ".tmp-/x", "a/.tmp-lock"}) {
    REQUIRE(storage.get(key).error().message == "no segment of a key in a filesystem storage begins with \".tmp-\"");
    REQUIRE(storage.create(key, "x").error().code == errc::invalid_argument);
    REQUIRE(storage.remove(key).error().code == errc::invalid_argument);
  }

  const auto now = std::chrono::system_clock::now();
  REQUIRE(storage.sweep_temporaries(now - std::chrono::hours(24)).value() == 1);
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{".tmp-notes", "a", "a/.tmp-123-00ff", "a/b", "c"});
  REQUIRE(storage.sweep_temporaries(now + std::chrono::hours(1)).value() == 1);
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{".tmp-notes", "a", "a/b", "c"});
}

TEST_CASE("a root that may not be written refuses writes and still reads") {
  const lake_test::scratch_folder folder;
  filesystem_storage storage = opened(folder.path());
  REQUIRE(storage.create("k", "v"));
  REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  const bool super = ::geteuid() == 0;
  if (super) REQUIRE(::seteuid(65'534) == 0);  // permissions do not hold for the superuser

  const auto made = storage.create("l", "v");
  const auto put = storage.put("k", "w");
  const auto inner = storage.create("folder/l", "v");
  const auto read = storage.get("k");

  if (super) REQUIRE(::seteuid(0) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(made.error().code == errc::access_denied);
  REQUIRE(put.error().code == errc::access_denied);
  REQUIRE(inner.error().code == errc::access_denied);
  REQUIRE(*read.value() == "v");
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{"k"});
}

TEST_CASE("every way of placing a file refuses to replace one") {
  const lake_test::scratch_folder folder;
  const lake::detail::unique_fd root(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const placing how = GENERATE(placing::rename, placing::link, placing::check);
  CAPTURE(static_cast<int>(how));
  const auto placed = [&](std::string_view bytes) {
    lake::detail::temporary_file file(root.get());
    REQUIRE(lake::detail::write_all(file.fd(), bytes) == 0);
    return file.place("name", how);
  };

  REQUIRE(placed("first") == 0);
  REQUIRE(placed("second") == EEXIST);

  REQUIRE(lake_test::file_bytes(folder.path() / "name") == "first");
  REQUIRE(names_in(folder.path()) == std::vector<std::string>{"name"});
}

TEST_CASE("a tag is the bytes' own: the same bytes put again have the same tag") {
  const lake_test::scratch_folder folder;
  filesystem_storage storage = opened(folder.path());
  REQUIRE(storage.put("k", "abc"));
  const std::string tag = storage.get_tagged("k").value().tag;

  REQUIRE(tag == "44bc2cf5ad770999-3");
  REQUIRE(storage.put("k", "abc"));
  const std::string fresh = storage.swap("k", tag, "abcd").value();
  REQUIRE(fresh == storage.get_tagged("k").value().tag);
}

TEST_CASE("what one storage wrote, another on the same root reads") {
  const lake_test::scratch_folder folder;
  filesystem_storage first = opened(folder.path());
  const filesystem_storage second = opened(folder.path(), lake::durability::full);
  REQUIRE(first.create("a/b", "x"));

  REQUIRE(*second.get("a/b").value() == "x");
  REQUIRE(lake::testing::dump_storage(first).value() == lake::testing::dump_storage(second).value());
}
