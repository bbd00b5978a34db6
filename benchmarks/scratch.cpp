#include "scratch.hpp"

#include <atomic>
#include <stdexcept>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace bench {
namespace {

void demand(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("the bare disk write failed: ") + what);
}

}  // namespace

std::filesystem::path fresh_folder(const std::filesystem::path& parent) {
  static std::atomic<unsigned> number{0};
  std::filesystem::path path = parent / ("round" + std::to_string(number++));
  std::filesystem::create_directories(path);
  return path;
}

bare_disk::bare_disk(const std::filesystem::path& folder) : folder_(folder.string()) {
  folder_descriptor_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  demand(folder_descriptor_ >= 0, "open the folder");
  demand(sqlite3_open((folder_ + "/bare.db").c_str(), &database_) == SQLITE_OK, "open the database");
  run("PRAGMA journal_mode=WAL");
  run("PRAGMA synchronous=FULL");
  run("CREATE TABLE member(ts INTEGER NOT NULL, seq INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY(ts, seq)) WITHOUT ROWID");
  demand(sqlite3_prepare_v2(database_, "INSERT INTO member VALUES(1700000000, ?1, '/user')", -1, &insert_, nullptr) == SQLITE_OK,
         "prepare");
}

bare_disk::~bare_disk() {
  sqlite3_finalize(insert_);
  sqlite3_close(database_);
  close(folder_descriptor_);
}

void bare_disk::run(const char* statement) {
  demand(sqlite3_exec(database_, statement, nullptr, nullptr, nullptr) == SQLITE_OK, statement);
}

void bare_disk::write_file(std::string_view body) {
  const std::string name = folder_ + '/' + std::to_string(++files_);
  const int descriptor = open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  demand(descriptor >= 0, "create");
  demand(::write(descriptor, body.data(), body.size()) == static_cast<ssize_t>(body.size()), "write");
  demand(fsync(descriptor) == 0, "fsync");
  close(descriptor);
}

void bare_disk::write(std::span<const std::string_view> bodies) {
  const std::size_t before = files_;
  for (const std::string_view body : bodies) write_file(body);
  demand(fsync(folder_descriptor_) == 0, "fsync of the folder");
  run("BEGIN IMMEDIATE");
  for (std::size_t i = before; i < files_; ++i) {
    sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(i));
    demand(sqlite3_step(insert_) == SQLITE_DONE, "insert");
    sqlite3_reset(insert_);
  }
  run("COMMIT");
}

}  // namespace bench
