// Opening the file of a `sqlite_index`: whose file is it, is it new, and the connections that write and read it.
// Knows no catalog. What is checked: index/sqlite_schema.hpp.
#ifndef LAKE_INDEX_SQLITE_OPEN_HPP
#define LAKE_INDEX_SQLITE_OPEN_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/durability.hpp>
#include <lake/core/quote.hpp>
#include <lake/detail/file_lock.hpp>
#include <lake/detail/sqlite_handle.hpp>
#include <lake/index/sqlite_log.hpp>
#include <lake/index/sqlite_schema.hpp>
#include <lake/index/sqlite_writer.hpp>
#include <lake/pure/hex.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// How to open a `sqlite_index`.
struct sqlite_index_options {
  /// The database; SQLite keeps `{file}-wal` and `{file}-shm` beside it, we `{file}.lock` and `{file}.lock.next`. On a local disk:
  /// WAL needs shared memory, which network file systems do not have.
  std::filesystem::path file;
  /// What survives a power loss; see `basic_sqlite_index`.
  lake::durability durability = lake::durability::full;
  /// The index's clock: only its wall time is used. It must not call the index, nor throw.
  clock_source clock = {};
  /// How long a step waits for its turn among processes, and SQLite once more for programs that take no turns. At most a day.
  std::chrono::milliseconds lock_deadline{10'000};
  /// Make the file if it is missing. Its folder must exist.
  bool create = true;
};

namespace detail {

/// `lock_deadline`, within what the clocks and SQLite can count.
[[nodiscard]] inline std::chrono::milliseconds sqlite_patience(const sqlite_index_options& options) noexcept {
  return (std::clamp)(options.lock_deadline, std::chrono::milliseconds(0), std::chrono::milliseconds(std::chrono::hours(24)));
}

/// The file as an absolute path, so that a later change of the working folder means nothing, and no name is special to SQLite.
/// Errors: configuration (no name, a folder); not_found (missing, and not to be created); io.
[[nodiscard]] inline result<std::string> sqlite_file(const sqlite_index_options& options) {
  const auto refuse = [&](errc code, std::string message) {
    return lake::error{code, "sqlite_index.open", options.file.string(), std::move(message)};
  };
  if (options.file.empty()) return refuse(errc::configuration, "the option `file` must name the index file");
  std::error_code failed;
  const std::filesystem::path file = std::filesystem::absolute(options.file, failed);
  if (failed)
    return refuse(errc::io, "the absolute path of " + detail::in_quotes(options.file.string()) + " is not known: " + failed.message());
  const std::filesystem::file_status status = std::filesystem::status(file, failed);
  if (std::filesystem::is_directory(status)) {
    return refuse(errc::configuration, detail::in_quotes(file.string()) + " is a folder; the index is a file");
  }
  if (!std::filesystem::exists(status) && !options.create) {
    return refuse(errc::not_found, "there is no index file " + detail::in_quotes(file.string()) + ", and the option `create` is false");
  }
  return file.string();
}

[[nodiscard]] inline std::string sqlite_hex(std::int64_t number) {
  std::string out = "0x";
  for (int shift = 24; shift >= 0; shift -= 8) pure::append_hex_byte(out, static_cast<std::uint8_t>(number >> shift));
  return out;
}

/// True if the file is new, false if it is an index of ours. Errors: configuration names what the file says and what we want.
[[nodiscard]] inline result<bool> sqlite_is_new(const sqlite_connection& db) {
  const result<std::int64_t> application = db.query_number("PRAGMA application_id");
  if (!application) return application.error();
  const result<std::int64_t> version = db.query_number("PRAGMA user_version");
  if (!version) return version.error();
  const result<std::int64_t> tables = db.query_number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  const auto refuse = [&](std::string message) {
    return lake::error{errc::configuration, "sqlite_index.open", db.file(), "the file " + detail::in_quotes(db.file()) + std::move(message)};
  };
  if (*application == 0 && *version == 0 && *tables == 0) return true;
  if (*application != sqlite_application_id) {
    return refuse(" belongs to another program: its application_id is " + sqlite_hex(*application) + ", that of a lake's index is " +
                  sqlite_hex(sqlite_application_id));
  }
  if (*version != sqlite_schema_version) {
    return refuse(" has schema version " + std::to_string(*version) + ", this program knows version " +
                  std::to_string(sqlite_schema_version));
  }
  return false;
}

/// Creates the tables in one transaction, so that a crash leaves a new file or a whole index.
[[nodiscard]] inline result<void> sqlite_create(const sqlite_connection& db) {
  std::string script = "BEGIN IMMEDIATE;";
  script += sqlite_schema;
  script += "PRAGMA application_id = " + std::to_string(sqlite_application_id) + ";";
  script += "PRAGMA user_version = " + std::to_string(sqlite_schema_version) + ";COMMIT;";
  return db.execute(script.c_str());
}

/// The connection that writes, on a file that is ours. The caller holds the file lock: two that create would disturb each other.
[[nodiscard]] inline result<sqlite_connection> sqlite_open_writer(const std::string& file, const sqlite_index_options& options) {
  const int flags = SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0);
  result<sqlite_connection> db = sqlite_connection::open(file, flags, sqlite_patience(options));
  if (!db) return db;
  const result<bool> is_new = sqlite_is_new(*db);
  if (!is_new) return is_new.error();
  if (*is_new && !options.create) {
    return lake::error{errc::not_found, "sqlite_index.open", file,
                       "the file " + detail::in_quotes(file) + " holds no index, and the option `create` is false"};
  }
  if (options.durability == durability::none) {
    if (result<void> off = db->execute("PRAGMA synchronous = OFF"); !off) return std::move(off).error();
  }
  const result<std::string> mode = db->query_text("PRAGMA journal_mode = WAL");
  if (!mode) return mode.error();
  if (*mode != "wal") {
    return lake::error{errc::configuration, "sqlite_index.open", file,
                       "SQLite cannot use its write-ahead log on " + detail::in_quotes(file) + " (it says " + detail::in_quotes(*mode) +
                           "); the file must be on a local disk"};
  }
  if (*is_new) {
    if (result<void> made = sqlite_create(*db); !made) return std::move(made).error();
  }
  return db;
}

/// Connections for readers: as many as there are readers at a time. Thread-safe; not copyable.
class sqlite_readers {
 public:
  sqlite_readers(std::string file, durability level, std::chrono::milliseconds busy) : file_(std::move(file)), level_(level), busy_(busy) {}
  sqlite_readers(const sqlite_readers&) = delete;
  sqlite_readers& operator=(const sqlite_readers&) = delete;

  /// Runs `work(sqlite_session&) -> result<void>` inside a read transaction: all it sees is one moment.
  template <class Work>
  [[nodiscard]] result<void> run(Work&& work) {
    result<std::unique_ptr<sqlite_session>> session = take();
    if (!session) return std::move(session).error();
    if (result<void> begun = (*session)->run(sqlite_query::begin_read); !begun) return begun;
    result<void> done = work(**session);
    const result<void> ended = (*session)->run(sqlite_query::commit);
    // One that did not end well is closed with its transaction.
    if (ended) give_back(*std::move(session));
    return done;
  }

 private:
  static constexpr std::size_t most_idle = 16;

  [[nodiscard]] result<std::unique_ptr<sqlite_session>> take() {
    {
      const std::scoped_lock hold(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<sqlite_session> session = std::move(idle_.back());
        idle_.pop_back();
        return session;
      }
    }
    // Reading a write-ahead log takes write access to its shared memory.
    result<sqlite_connection> db = sqlite_connection::open(file_, SQLITE_OPEN_READWRITE, busy_);
    if (!db) return std::move(db).error();
    if (level_ == durability::none) {
      if (result<void> off = db->execute("PRAGMA synchronous = OFF"); !off) return std::move(off).error();
    }
    if (result<void> set = db->execute("PRAGMA query_only = ON"); !set) return std::move(set).error();
    return std::make_unique<sqlite_session>(*std::move(db));
  }
  void give_back(std::unique_ptr<sqlite_session> session) {
    const std::scoped_lock hold(mutex_);
    if (idle_.size() < most_idle) idle_.push_back(std::move(session));
  }

  std::string file_;
  durability level_;
  std::chrono::milliseconds busy_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<sqlite_session>> idle_;
};

/// What the copies of one index share. Thread-safe.
struct sqlite_state {
  sqlite_state(sqlite_connection db, std::unique_ptr<file_lock> lock, const sqlite_index_options& options)
      : clock(options.clock),
        level(options.durability),
        writer(sqlite_session(std::move(db)), std::move(lock), options.durability, sqlite_patience(options)),
        readers(writer.db().file(), options.durability, sqlite_patience(options)) {}

  /// Errors: those of `sqlite_file`, `file_lock` and `sqlite_open_writer`.
  [[nodiscard]] static result<std::shared_ptr<sqlite_state>> open(const sqlite_index_options& options) {
    if (sqlite3_threadsafe() == 0) {
      return lake::error{errc::configuration, "sqlite_index.open", options.file.string(),
                         "this SQLite was built without support for threads"};
    }
    const result<std::string> file = sqlite_file(options);
    if (!file) return file.error();
    result<std::unique_ptr<file_lock>> lock = file_lock::open(*file + ".lock");
    if (!lock) return std::move(lock).error();
    result<file_lock::guard> turn = (*lock)->acquire(file_lock::time_point::clock::now() + sqlite_patience(options));
    if (!turn) return std::move(turn).error();
    result<sqlite_connection> db = sqlite_open_writer(*file, options);
    if (!db) return std::move(db).error();
    // The guard points at the lock itself, which stays where it is.
    return std::make_shared<sqlite_state>(*std::move(db), *std::move(lock), options);
  }

  clock_source clock;
  durability level;
  sqlite_counted counted;
  sqlite_writer writer;
  sqlite_readers readers;  // after the writer: closed before it, so that the last connection to close is one that may write
};

}  // namespace detail

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_INDEX_SQLITE_OPEN_HPP
