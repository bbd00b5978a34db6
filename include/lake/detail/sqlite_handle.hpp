// SQLite's connections and prepared statements as handles that cannot leak, and its result codes as `lake::error`. Not part of the API.
// Knows no table. Result codes: sqlite.org/rescode.html.
#ifndef LAKE_DETAIL_SQLITE_HANDLE_HPP
#define LAKE_DETAIL_SQLITE_HANDLE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#if SQLITE_VERSION_NUMBER < 3037000
#error "lake: sqlite_index needs SQLite 3.37 or newer (STRICT tables)"
#endif

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The kind of error behind a result code. `system` is the operating system's error number, where SQLite knows one.
[[nodiscard]] inline errc sqlite_errc(int code, int system) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return errc::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:  // The statements never break a constraint of the schema on a sound file.
    case SQLITE_MISMATCH: return errc::corrupt_index;
    case SQLITE_PERM:
    case SQLITE_AUTH: return errc::access_denied;
    case SQLITE_READONLY: return code == SQLITE_READONLY_DBMOVED ? errc::io : errc::access_denied;
    case SQLITE_CANTOPEN: return system == EACCES || system == EPERM || system == EROFS ? errc::access_denied : errc::io;
    case SQLITE_TOOBIG: return errc::limit_exceeded;
    case SQLITE_INTERRUPT: return errc::cancelled;
    default: return errc::io;
  }
}

/// An error that names the file, the code and SQLite's own message. `db` may be null.
[[nodiscard]] inline lake::error sqlite_failure(int code, sqlite3* db, std::string_view operation, const std::string& file) {
  const int extended = db != nullptr && (sqlite3_errcode(db) & 0xff) == (code & 0xff) ? sqlite3_extended_errcode(db) : code;
  const int system = db != nullptr ? sqlite3_system_errno(db) : 0;
  std::string story = "SQLite on " + detail::in_quotes(file) + " answers " + sqlite3_errstr(code);
  if (extended == code || extended == (code & 0xff)) story += " (" + std::to_string(code) + ")";
  else story += " (" + std::to_string(code) + ", extended " + std::to_string(extended) + ")";
  if (db != nullptr && sqlite3_errcode(db) != SQLITE_OK) {
    if (const std::string_view more = sqlite3_errmsg(db); more != sqlite3_errstr(code)) story.append(": ").append(more);
  }
  return lake::error{sqlite_errc(extended, system), std::string(operation), file, std::move(story)};
}

/// A prepared statement. Confined to its connection; finalised before it.
class sqlite_statement {
 public:
  sqlite_statement() = default;
  explicit sqlite_statement(sqlite3_stmt* prepared) noexcept : prepared_(prepared) {}

  [[nodiscard]] sqlite3_stmt* get() const noexcept { return prepared_.get(); }
  explicit operator bool() const noexcept { return prepared_ != nullptr; }

 private:
  struct finalize {
    void operator()(sqlite3_stmt* prepared) const noexcept { sqlite3_finalize(prepared); }
  };
  std::unique_ptr<sqlite3_stmt, finalize> prepared_;
};

/// One run of a prepared statement: binds, steps, shows columns, and resets at the end of the scope, also after an error (a statement
/// that was not reset keeps its transaction open). What was bound must live as long as the run. Confined.
class sqlite_run {
 public:
  explicit sqlite_run(sqlite3_stmt* prepared) noexcept : prepared_(prepared) {}
  sqlite_run(const sqlite_run&) = delete;
  sqlite_run& operator=(const sqlite_run&) = delete;
  ~sqlite_run() { sqlite3_reset(prepared_); }

  /// Binds the arguments to ?1, ?2, …
  template <class... Args>
  void bind(const Args&... args) {
    int index = 0;
    (bind_one(++index, args), ...);
  }

  /// SQLITE_ROW, SQLITE_DONE, or an error code.
  [[nodiscard]] int step() { return bound_ == SQLITE_OK ? sqlite3_step(prepared_) : bound_; }

  [[nodiscard]] bool is_null(int column) const { return sqlite3_column_type(prepared_, column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(prepared_, column); }
  [[nodiscard]] double real(int column) const { return sqlite3_column_double(prepared_, column); }
  /// Valid until the next `step`.
  [[nodiscard]] std::string_view text_at(int column) const {
    const auto* from = reinterpret_cast<const char*>(sqlite3_column_text(prepared_, column));
    return from == nullptr ? std::string_view{} : std::string_view(from, static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column)));
  }
  /// Valid until the next `step`.
  [[nodiscard]] std::span<const std::uint8_t> blob(int column) const {
    const auto* from = static_cast<const std::uint8_t*>(sqlite3_column_blob(prepared_, column));
    return {from, from == nullptr ? 0 : static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column))};
  }

 private:
  void note(int code) noexcept {
    if (bound_ == SQLITE_OK) bound_ = code;
  }
  void bind_one(int index, std::int64_t value) { note(sqlite3_bind_int64(prepared_, index, value)); }
  void bind_one(int index, double value) { note(sqlite3_bind_double(prepared_, index, value)); }
  void bind_one(int index, std::string_view value) {
    // A null pointer would bind NULL instead of the empty text.
    const char* from = value.data() == nullptr ? "" : value.data();
    note(sqlite3_bind_text64(prepared_, index, from, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  }
  void bind_one(int index, std::span<const std::uint8_t> value) {
    note(sqlite3_bind_blob64(prepared_, index, value.data(), value.size(), SQLITE_STATIC));
  }

  sqlite3_stmt* prepared_;
  int bound_ = SQLITE_OK;
};

/// A connection to one database file, without SQLite's own mutex: confined to one thread at a time.
class sqlite_connection {
 public:
  sqlite_connection() = default;

  /// Opens the file. `flags`: SQLITE_OPEN_…; `busy`: how long a statement waits for another connection's lock.
  /// Errors: those of `sqlite_errc`; nothing is read from the file yet.
  [[nodiscard]] static result<sqlite_connection> open(std::string file, int flags, std::chrono::milliseconds busy) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    sqlite_connection opened(raw, std::move(file));
    if (code != SQLITE_OK) return sqlite_failure(code & 0xff, raw, "sqlite.open", opened.file_);
    sqlite3_busy_timeout(raw, static_cast<int>(busy.count()));
    // A hostile file must not run code of its own, nor corrupt itself through a view or trigger.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return opened;
  }

  [[nodiscard]] sqlite3* get() const noexcept { return db_.get(); }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  /// False while a transaction is open.
  [[nodiscard]] bool idle() const noexcept { return sqlite3_get_autocommit(db_.get()) != 0; }
  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t changes() const noexcept { return sqlite3_changes(db_.get()); }

  [[nodiscard]] lake::error failure(int code, std::string_view operation) const {
    return sqlite_failure(code & 0xff, db_.get(), operation, file_);
  }

  /// Runs statements without results. Effects on failure: those before the failing one stay.
  [[nodiscard]] result<void> execute(const char* sql) const {
    const int code = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(code, "sqlite.execute");
    return {};
  }

  /// A statement that is kept for many runs.
  [[nodiscard]] result<sqlite_statement> prepare(std::string_view sql) const {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK) return failure(code, "sqlite.prepare");
    return sqlite_statement(raw);
  }

  /// The one value of a query with one row, as text.
  [[nodiscard]] result<std::string> query_text(std::string_view sql) const {
    result<sqlite_statement> prepared = prepare(sql);
    if (!prepared) return std::move(prepared).error();
    sqlite_run run(prepared->get());
    if (const int code = run.step(); code != SQLITE_ROW) return failure(code, "sqlite.query");
    return std::string(run.text_at(0));
  }

  /// The one value of a query with one row, as a number.
  [[nodiscard]] result<std::int64_t> query_number(std::string_view sql) const {
    result<sqlite_statement> prepared = prepare(sql);
    if (!prepared) return std::move(prepared).error();
    sqlite_run run(prepared->get());
    if (const int code = run.step(); code != SQLITE_ROW) return failure(code, "sqlite.query");
    return run.number(0);
  }

 private:
  sqlite_connection(sqlite3* raw, std::string file) noexcept : db_(raw), file_(std::move(file)) {}

  struct close {
    void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, close> db_;
  std::string file_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_SQLITE_HANDLE_HPP
