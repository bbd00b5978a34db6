// The tables of a `sqlite_index` and every statement it runs on them, in one place. Knows no rule of the protocol.
// This header defines the file format: SQLite 3, WAL, `application_id` "lake", `user_version` 1.
#ifndef LAKE_INDEX_SQLITE_SCHEMA_HPP
#define LAKE_INDEX_SQLITE_SCHEMA_HPP

#include <lake/config.hpp>
#include <lake/core/time_seq.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// `PRAGMA application_id`: "lake" in ASCII.
inline constexpr std::int64_t sqlite_application_id = 0x6c616b65;
/// `PRAGMA user_version`: the schema below.
inline constexpr std::int64_t sqlite_schema_version = 1;

/// Ids are kept as one integer, `timestamp * 1,000,000 + seqid`: it sorts as ids do and reads as one (1700000000000001 is 1700000000_1).
[[nodiscard]] constexpr std::int64_t sqlite_id(time_seq id) noexcept {
  // Open upper ends lie above every id; they must not overflow.
  if (id.timestamp > time_seq::max_timestamp * 2) return (std::numeric_limits<std::int64_t>::max)();
  return id.timestamp * 1'000'000 + id.seqid;
}
[[nodiscard]] constexpr time_seq sqlite_time_seq(std::int64_t stored) noexcept {
  return {stored / 1'000'000, static_cast<std::int32_t>(stored % 1'000'000)};
}

/// Unsigned 64-bit values (lengths, digests) are kept as the signed integer of the same bits.
inline constexpr const char* sqlite_schema = R"sql(
-- One row per catalog that was ever written; it stays when the catalog is removed, as the floor of its ids.
-- The columns from `last` on are the control record; all NULL: it is missing.
CREATE TABLE catalog(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  last INTEGER, closed INTEGER, cleared INTEGER, gen INTEGER, forgotten INTEGER, stop INTEGER,
  clk INTEGER, mono INTEGER, n INTEGER, ns INTEGER) STRICT;
-- The log: pending members and deltas in id order.
CREATE TABLE member(
  catalog INTEGER NOT NULL, id INTEGER NOT NULL, merge INTEGER NOT NULL, pending INTEGER NOT NULL, path TEXT NOT NULL,
  PRIMARY KEY(catalog, id)) STRICT, WITHOUT ROWID;
-- p: records, one per reservation: its ids are `first` to `last`.
CREATE TABLE reservation(
  catalog INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, stamp INTEGER NOT NULL,
  token BLOB NOT NULL,
  PRIMARY KEY(catalog, first)) STRICT, WITHOUT ROWID;
-- s: records (kind 0), and those of removed catalogs whose objects may still exist (kind 1).
CREATE TABLE snapshot(
  catalog INTEGER NOT NULL, kind INTEGER NOT NULL, stop INTEGER NOT NULL, start INTEGER NOT NULL, gen INTEGER NOT NULL,
  created INTEGER NOT NULL, length INTEGER NOT NULL, digest INTEGER NOT NULL,
  PRIMARY KEY(catalog, kind, stop)) STRICT, WITHOUT ROWID;
-- x: records (kind 0: killed) and r: records (kind 1: removed).
CREATE TABLE dead(
  catalog INTEGER NOT NULL, kind INTEGER NOT NULL, id INTEGER NOT NULL, merge INTEGER NOT NULL, mono INTEGER NOT NULL,
  PRIMARY KEY(catalog, kind, id)) STRICT, WITHOUT ROWID;
-- Meta with its m: records.
CREATE TABLE meta(
  catalog INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, setter INTEGER NOT NULL,
  PRIMARY KEY(catalog, key)) STRICT, WITHOUT ROWID;
-- File path to the object it points to.
CREATE TABLE file(
  catalog INTEGER NOT NULL, path TEXT NOT NULL, id INTEGER NOT NULL, bytes INTEGER NOT NULL, digest INTEGER NOT NULL,
  meta TEXT NOT NULL,
  PRIMARY KEY(catalog, path)) STRICT, WITHOUT ROWID;
-- f: records (kind 0: being written) and d: records (kind 1: superseded).
CREATE TABLE object(
  catalog INTEGER NOT NULL, kind INTEGER NOT NULL, id INTEGER NOT NULL, path TEXT NOT NULL, mono INTEGER NOT NULL,
  PRIMARY KEY(catalog, kind, id)) STRICT, WITHOUT ROWID;
CREATE TABLE sample(
  catalog INTEGER NOT NULL, indicator TEXT NOT NULL, score REAL NOT NULL,
  PRIMARY KEY(catalog, indicator)) STRICT, WITHOUT ROWID;
-- "marker": the lake's marker. "barrier": written to make what came before durable; its value means nothing.
CREATE TABLE lake(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql";

/// The statements; `sqlite_statements` has their texts in this order, a blank line where here a line ends.
// clang-format off
enum class sqlite_query : std::uint8_t {
  begin_read, begin_write, commit, rollback, savepoint, release, undo,
  find_catalog, add_catalog, put_control,
  count_members, newest_member, newest_delta_below, members, add_member, commit_members, bury_members, drop_members, drop_delta,
  reservations, add_reservation, drop_reservation,
  count_snapshots, newest_snapshot, snapshots, put_snapshot, drop_snapshot,
  find_dead, dead, put_dead, drop_dead,
  find_file, files, put_file, drop_file,
  find_object, objects, put_object, drop_object,
  meta_setter, meta, put_meta, drop_meta,
  find_sample, samples, put_sample, drop_samples,
  find_setting, add_setting, touch_setting, catalogs_in_use, all_catalogs,
  count_  // how many there are
};
// clang-format on

inline constexpr std::array<std::string_view, static_cast<std::size_t>(sqlite_query::count_)> sqlite_statements{
    "BEGIN DEFERRED",
    // A deferred transaction that turns into a writing one fails as busy, and the busy handler is not asked.
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT step",
    "RELEASE step",
    "ROLLBACK TO step",

    "SELECT id, last, closed, cleared, gen, forgotten, stop, clk, mono, n, ns FROM catalog WHERE name = ?1",
    "INSERT INTO catalog(name) VALUES(?1) RETURNING id",
    "UPDATE catalog SET last = ?2, closed = ?3, cleared = ?4, gen = ?5, forgotten = ?6, stop = ?7, clk = ?8, mono = ?9, n = ?10, ns = ?11 "
    "WHERE id = ?1",

    "SELECT count(*) FROM member WHERE catalog = ?1",
    "SELECT id FROM member WHERE catalog = ?1 ORDER BY id DESC LIMIT 1",
    "SELECT id FROM member WHERE catalog = ?1 AND id < ?2 AND pending = 0 ORDER BY id DESC LIMIT 1",
    "SELECT id, merge, pending, path FROM member WHERE catalog = ?1 AND id BETWEEN ?2 AND ?3 ORDER BY id",
    "INSERT INTO member(catalog, id, merge, pending, path) VALUES(?1, ?2, ?3, 1, ?4)",
    "UPDATE member SET pending = 0 WHERE catalog = ?1 AND id BETWEEN ?2 AND ?3 AND pending = 1",
    "INSERT INTO dead(catalog, kind, id, merge, mono) SELECT catalog, 0, id, merge, ?4 FROM member "
    "WHERE catalog = ?1 AND id BETWEEN ?2 AND ?3 AND pending = 1",
    "DELETE FROM member WHERE catalog = ?1 AND id BETWEEN ?2 AND ?3 AND pending = 1",
    "DELETE FROM member WHERE catalog = ?1 AND id = ?2 AND pending = 0",

    "SELECT first, last, count, stamp, token FROM reservation WHERE catalog = ?1 ORDER BY first",
    "INSERT INTO reservation(catalog, first, last, count, stamp, token) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "DELETE FROM reservation WHERE catalog = ?1 AND first = ?2",

    "SELECT count(*) FROM snapshot WHERE catalog = ?1 AND kind = 0",
    "SELECT stop, start, gen, created, length, digest FROM snapshot WHERE catalog = ?1 AND kind = 0 AND stop <= ?2 "
    "ORDER BY stop DESC LIMIT 1",
    "SELECT stop, start, gen, created, length, digest FROM snapshot WHERE catalog = ?1 AND kind = ?2 ORDER BY stop",
    "INSERT OR REPLACE INTO snapshot(catalog, kind, stop, start, gen, created, length, digest) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    "DELETE FROM snapshot WHERE catalog = ?1 AND kind = ?2 AND stop = ?3",

    "SELECT merge, mono FROM dead WHERE catalog = ?1 AND kind = ?2 AND id = ?3",
    "SELECT id, merge, mono FROM dead WHERE catalog = ?1 AND kind = ?2 ORDER BY id",
    "INSERT OR REPLACE INTO dead(catalog, kind, id, merge, mono) VALUES(?1, ?2, ?3, ?4, ?5)",
    "DELETE FROM dead WHERE catalog = ?1 AND kind = ?2 AND id = ?3",

    "SELECT id, bytes, digest, meta FROM file WHERE catalog = ?1 AND path = ?2",
    "SELECT path, id, bytes, digest, meta FROM file WHERE catalog = ?1 ORDER BY path",
    "INSERT OR REPLACE INTO file(catalog, path, id, bytes, digest, meta) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "DELETE FROM file WHERE catalog = ?1 AND path = ?2",

    "SELECT path, mono FROM object WHERE catalog = ?1 AND kind = ?2 AND id = ?3",
    "SELECT id, path, mono FROM object WHERE catalog = ?1 AND kind = ?2 ORDER BY id",
    "INSERT OR REPLACE INTO object(catalog, kind, id, path, mono) VALUES(?1, ?2, ?3, ?4, ?5)",
    "DELETE FROM object WHERE catalog = ?1 AND kind = ?2 AND id = ?3",

    "SELECT setter FROM meta WHERE catalog = ?1 AND key = ?2",
    "SELECT key, value, setter FROM meta WHERE catalog = ?1 ORDER BY key",
    "INSERT OR REPLACE INTO meta(catalog, key, value, setter) VALUES(?1, ?2, ?3, ?4)",
    "DELETE FROM meta WHERE catalog = ?1",

    "SELECT score FROM sample WHERE catalog = ?1 AND indicator = ?2",
    "SELECT indicator, score FROM sample WHERE catalog = ?1 ORDER BY indicator",
    "INSERT OR REPLACE INTO sample(catalog, indicator, score) VALUES(?1, ?2, ?3)",
    "DELETE FROM sample WHERE catalog = ?1",

    "SELECT value FROM lake WHERE key = ?1",
    "INSERT OR IGNORE INTO lake(key, value) VALUES(?1, ?2)",
    "INSERT INTO lake(key, value) VALUES(?1, '0') ON CONFLICT(key) DO UPDATE SET value = value + 1",

    "SELECT name FROM catalog AS c WHERE name >= ?1 AND ("
    "EXISTS(SELECT 1 FROM member WHERE catalog = c.id) OR EXISTS(SELECT 1 FROM snapshot WHERE catalog = c.id AND kind = 0) OR "
    "EXISTS(SELECT 1 FROM meta WHERE catalog = c.id) OR EXISTS(SELECT 1 FROM file WHERE catalog = c.id)) ORDER BY name LIMIT ?2",
    "SELECT name FROM catalog ORDER BY name",
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_SQLITE_SCHEMA_HPP
