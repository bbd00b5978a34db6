// The control record of a catalog and the records beside it: plain structs, and their text in an index that stores text.
// Knows no index. Fields and their meaning: the index protocol, section 1. This header defines the text forms.
//
// | field              | text                                                                    |
// |--------------------|-------------------------------------------------------------------------|
// | last closed cleared gen forgotten stop | `{ts}_{seqid}`                                      |
// | clk mono           | decimal milliseconds                                                    |
// | n ns               | decimal                                                                 |
// | p:{id}             | `{stamp}|{token, 32 hex}|{first id of its batch}|{count}`               |
// | x:{id}, r:{id}     | `{merge type}|{mono}`                                                   |
// | s:{stop}           | `{start}|{gen}|{created}|{length}|{digest, 16 hex}`                     |
// | m:{key}            | `{ts}_{seqid}`                                                          |
// | f:{id}, d:{id}     | `{mono}|{file path}`                                                    |
// | file record        | `{id}|{bytes}|{digest, 16 hex}|{meta}`                                  |
//
// Decimals have no leading zero, no plus sign and no exponent; hex is lower case. Stamps are logical milliseconds (`mono`).
#ifndef LAKE_CORE_CONTROL_HPP
#define LAKE_CORE_CONTROL_HPP

#include <lake/config.hpp>
#include <lake/core/member.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/path.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/core/time_seq_parse.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/hex.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// 128 random bits that name one reservation: who repeats it, or commits it, shows the same token.
using write_token = std::array<std::uint8_t, 16>;

/// One per catalog: what no id may fall below, and the clock. A plain value.
struct control_record {
  time_seq last;          ///< Highest id ever issued, removal stamps included.
  time_seq closed;        ///< No id at or below may ever be committed any more. Never falls.
  time_seq cleared;       ///< Deltas at or below may be gone. Never falls.
  time_seq gen;           ///< Id taken by the last `remove_delta`; `0_0`: none.
  time_seq forgotten;     ///< Outcomes of absent ids at or below are no longer known.
  time_seq stop;          ///< Newest published snapshot stop.
  std::int64_t clk = 0;   ///< Last raw clock seen, milliseconds since the Unix epoch.
  std::int64_t mono = 0;  ///< Logical clock, milliseconds: never runs backwards.
  std::uint64_t n = 0;    ///< Number of members, pending and committed.
  std::uint64_t ns = 0;   ///< Number of snapshots.
  friend bool operator==(const control_record&, const control_record&) = default;
};

/// `p:{id}`, of a pending member.
struct pending_record {
  std::int64_t stamp = 0;  ///< `mono` at reserve, milliseconds.
  write_token token{};     ///< The writer's.
  id_run batch;            ///< All ids of its reservation.
  friend bool operator==(const pending_record&, const pending_record&) = default;
};

/// `x:{id}` (issued, certainly never committed) or `r:{id}` (taken out by `remove_delta`): names the body to sweep.
struct dead_record {
  merge_type merge = merge_type::replace;
  std::int64_t mono = 0;  ///< When it died, logical milliseconds.
  friend bool operator==(const dead_record&, const dead_record&) = default;
};

/// `s:{stop}`, of a published snapshot.
struct snapshot_record {
  time_seq start;
  time_seq gen;
  std::int64_t created = 0;  ///< `mono` at publish, milliseconds.
  std::uint64_t length = 0;  ///< Bytes of the document.
  std::uint64_t digest = 0;  ///< XXH64 of the document.
  friend bool operator==(const snapshot_record&, const snapshot_record&) = default;
};

/// `f:{id}`, a file object being written, or `d:{id}`, one waiting for the grace to pass.
struct file_object_record {
  std::string path;
  std::int64_t mono = 0;  ///< Logical milliseconds.
  friend bool operator==(const file_object_record&, const file_object_record&) = default;
};

/// What the `files` key holds for a file path: the object it points to, and the meta of its last write.
struct file_record {
  time_seq id;
  std::uint64_t bytes = 0;   ///< Length of the file.
  std::uint64_t digest = 0;  ///< XXH64 of the file's bytes.
  std::string meta;          ///< Raw JSON text; empty if none was given.
  friend bool operator==(const file_record&, const file_record&) = default;
};

/// What stands before the colon in the name of a record beside the control record.
enum class record_kind : char {
  pending = 'p',       ///< `p:{id}`, a pending_record.
  dead = 'x',          ///< `x:{id}`, a dead_record.
  removed = 'r',       ///< `r:{id}`, a dead_record.
  snapshot = 's',      ///< `s:{stop}`, a snapshot_record.
  meta = 'm',          ///< `m:{key}`, the id that last set the meta key.
  file_writing = 'f',  ///< `f:{id}`, a file_object_record.
  file_dropped = 'd',  ///< `d:{id}`, a file_object_record.
};

/// The name of a record of an id: `p:1700000000_1`.
[[nodiscard]] inline std::string record_name(record_kind kind, time_seq id) {
  std::string out = {static_cast<char>(kind), ':'};
  id.append_to(out);
  return out;
}

/// The name of the record of a meta key: `m:{key}`.
[[nodiscard]] inline std::string meta_record_name(std::string_view key) {
  std::string out = "m:";
  out += key;
  return out;
}

/// A record's name, taken apart. Lifetime: `rest` views the name.
struct record_name_parts {
  record_kind kind = record_kind::pending;
  std::string_view rest;  ///< The id's text, or the meta key.
};

/// The parts of a record's name, or nothing if it is not one (the plain fields of the control record are not).
[[nodiscard]] constexpr std::optional<record_name_parts> split_record_name(std::string_view name) noexcept {
  if (name.size() < 2 || name[1] != ':' || std::string_view("pxrsmfd").find(name[0]) == std::string_view::npos) return std::nullopt;
  return record_name_parts{static_cast<record_kind>(name[0]), name.substr(2)};
}

namespace detail {

[[nodiscard]] inline lake::error bad_record(std::string_view what, std::string_view stored, std::string_view rule) {
  return {errc::corrupt_index, {}, {}, "the " + std::string(what) + " " + in_quotes(stored) + ": " + std::string(rule)};
}

/// The id in its underscore text, or nothing.
[[nodiscard]] inline std::optional<time_seq> parse_stored_id(std::string_view stored) {
  if (stored.find('_') == std::string_view::npos) return std::nullopt;
  result<time_seq> id = time_seq::parse(stored);
  return id ? std::optional(*id) : std::nullopt;
}

/// Calls `visit(name, number or id)` for each plain field of a control record, const or not.
template <class Record, class Visit>
constexpr void visit_control_fields(Record& record, Visit&& visit) {
  visit(std::string_view("last"), record.last);
  visit(std::string_view("closed"), record.closed);
  visit(std::string_view("cleared"), record.cleared);
  visit(std::string_view("gen"), record.gen);
  visit(std::string_view("forgotten"), record.forgotten);
  visit(std::string_view("stop"), record.stop);
  visit(std::string_view("clk"), record.clk);
  visit(std::string_view("mono"), record.mono);
  visit(std::string_view("n"), record.n);
  visit(std::string_view("ns"), record.ns);
}

}  // namespace detail

/// Calls `store(name, text)` for each of the ten plain fields, in the order of the struct.
template <std::invocable<std::string_view, std::string_view> Store>
void encode_control(const control_record& record, Store&& store) {
  std::string line;
  detail::visit_control_fields(record, [&](std::string_view name, const auto& value) {
    line.clear();
    if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, time_seq>) value.append_to(line);
    else pure::append_decimal(line, value);
    store(name, std::string_view(line));
  });
}

/// Sets the field `name` of `record` from its text. True: a plain field, set; false: not one of the ten (a record beside them).
/// Errors: corrupt_index names field and text; `record` is unchanged.
[[nodiscard]] inline result<bool> decode_control_field(control_record& record, std::string_view name, std::string_view stored) {
  bool known = false;
  bool good = false;
  detail::visit_control_fields(record, [&](std::string_view field, auto& value) {
    if (field != name) return;
    known = true;
    std::optional<std::remove_cvref_t<decltype(value)>> found;
    if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, time_seq>) found = detail::parse_stored_id(stored);
    else found = pure::parse_decimal<std::remove_cvref_t<decltype(value)>>(stored);
    good = found.has_value();
    if (found) value = *found;
  });
  if (known && !good) return detail::bad_record("control field " + std::string(name), stored, "expected an id or a decimal number");
  return known;
}

/// `{stamp}|{token}|{first}|{count}`.
[[nodiscard]] inline std::string encode_pending_record(const pending_record& record) {
  std::string out;
  pure::append_decimal(out, record.stamp);
  out += '|';
  pure::append_hex(out, record.token);
  out += '|';
  record.batch.first.append_to(out);
  out += '|';
  pure::append_decimal(out, record.batch.count);
  return out;
}

/// The pending record behind its text. Errors: corrupt_index with the text and the rule.
[[nodiscard]] inline result<pending_record> decode_pending_record(std::string_view stored) {
  const auto parts = detail::split_parts<4>(stored);
  if (!parts) return detail::bad_record("pending record", stored, "expected {stamp}|{token}|{first id}|{count}");
  const auto stamp = pure::parse_decimal<std::int64_t>((*parts)[0]);
  const auto token = pure::hex_decode_array<16>((*parts)[1]);
  const auto first = detail::parse_stored_id((*parts)[2]);
  const auto count = pure::parse_decimal<std::uint32_t>((*parts)[3]);
  if (!stamp) return detail::bad_record("pending record", stored, "its stamp is no decimal number");
  if (!token) return detail::bad_record("pending record", stored, "its token is not 32 lower-case hex digits");
  if (!first || first->is_zero()) return detail::bad_record("pending record", stored, "its first id is none");
  if (!count || *count == 0) return detail::bad_record("pending record", stored, "its count is no decimal number above 0");
  return pending_record{*stamp, *token, {*first, *count}};
}

/// `{merge type}|{mono}`, of `x:` and `r:`.
[[nodiscard]] inline std::string encode_dead_record(const dead_record& record) {
  std::string out = {static_cast<char>('0' + static_cast<int>(record.merge)), '|'};
  pure::append_decimal(out, record.mono);
  return out;
}

/// The dead or removed record behind its text. Errors: corrupt_index with the text and the rule.
[[nodiscard]] inline result<dead_record> decode_dead_record(std::string_view stored) {
  const auto parts = detail::split_parts<2>(stored);
  if (!parts) return detail::bad_record("dead record", stored, "expected {merge type}|{mono}");
  const auto merge = detail::parse_merge_type((*parts)[0]);
  const auto mono = pure::parse_decimal<std::int64_t>((*parts)[1]);
  if (!merge) return detail::bad_record("dead record", stored, "its merge type is not 1, 2 or 3");
  if (!mono) return detail::bad_record("dead record", stored, "its time is no decimal number");
  return dead_record{*merge, *mono};
}

/// `{start}|{gen}|{created}|{length}|{digest}`.
[[nodiscard]] inline std::string encode_snapshot_record(const snapshot_record& record) {
  std::string out;
  record.start.append_to(out);
  out += '|';
  record.gen.append_to(out);
  out += '|';
  pure::append_decimal(out, record.created);
  out += '|';
  pure::append_decimal(out, record.length);
  out += '|';
  pure::append_hex_u64(out, record.digest);
  return out;
}

/// The snapshot record behind its text. Errors: corrupt_index with the text and the rule.
[[nodiscard]] inline result<snapshot_record> decode_snapshot_record(std::string_view stored) {
  const auto parts = detail::split_parts<5>(stored);
  if (!parts) return detail::bad_record("snapshot record", stored, "expected {start}|{gen}|{created}|{length}|{digest}");
  const auto start = detail::parse_stored_id((*parts)[0]);
  const auto gen = detail::parse_stored_id((*parts)[1]);
  const auto created = pure::parse_decimal<std::int64_t>((*parts)[2]);
  const auto length = pure::parse_decimal<std::uint64_t>((*parts)[3]);
  const auto digest = pure::hex_decode_u64((*parts)[4]);
  if (!start || !gen) return detail::bad_record("snapshot record", stored, "its start or gen is no id");
  if (!created || !length) return detail::bad_record("snapshot record", stored, "its time or length is no decimal number");
  if (!digest) return detail::bad_record("snapshot record", stored, "its digest is not 16 lower-case hex digits");
  return snapshot_record{*start, *gen, *created, *length, *digest};
}

/// The text of `m:{key}`: `{ts}_{seqid}`.
[[nodiscard]] inline std::string encode_meta_id(time_seq id) { return id.to_string(); }

/// The id behind the text of `m:{key}`. Errors: corrupt_index with the text.
[[nodiscard]] inline result<time_seq> decode_meta_id(std::string_view stored) {
  const std::optional<time_seq> id = detail::parse_stored_id(stored);
  if (!id) return detail::bad_record("meta record", stored, "expected {timestamp}_{seqid}");
  return *id;
}

/// `{mono}|{path}`, of `f:` and `d:`.
[[nodiscard]] inline std::string encode_file_object_record(const file_object_record& record) {
  std::string out;
  pure::append_decimal(out, record.mono);
  out += '|';
  out += record.path;
  return out;
}

/// The file object record behind its text. Errors: corrupt_index with the text and the rule.
[[nodiscard]] inline result<file_object_record> decode_file_object_record(std::string_view stored) {
  const auto parts = detail::split_parts<2>(stored);
  if (!parts) return detail::bad_record("file object record", stored, "expected {mono}|{path}");
  const auto mono = pure::parse_decimal<std::int64_t>((*parts)[0]);
  if (!mono) return detail::bad_record("file object record", stored, "its time is no decimal number");
  if (!is_file_path((*parts)[1])) return detail::bad_record("file object record", stored, "its path is no file path");
  return file_object_record{std::string((*parts)[1]), *mono};
}

/// `{id}|{bytes}|{digest}|{meta}`.
[[nodiscard]] inline std::string encode_file_record(const file_record& record) {
  std::string out;
  out.reserve(record.meta.size() + 64);
  record.id.append_to(out);
  out += '|';
  pure::append_decimal(out, record.bytes);
  out += '|';
  pure::append_hex_u64(out, record.digest);
  out += '|';
  out += record.meta;
  return out;
}

/// The file record behind its text; the meta may hold any byte. Errors: corrupt_index with the text and the rule.
[[nodiscard]] inline result<file_record> decode_file_record(std::string_view stored) {
  std::size_t meta_at = 0;
  for (int bars = 0; bars < 3; ++bars) {
    const std::size_t bar = stored.find('|', meta_at);
    if (bar == std::string_view::npos) return detail::bad_record("file record", stored, "expected {id}|{bytes}|{digest}|{meta}");
    meta_at = bar + 1;
  }
  const auto parts = detail::split_parts<3>(stored.substr(0, meta_at - 1));
  if (!parts) return detail::bad_record("file record", stored, "expected {id}|{bytes}|{digest}|{meta}");
  const auto id = detail::parse_stored_id((*parts)[0]);
  const auto bytes = pure::parse_decimal<std::uint64_t>((*parts)[1]);
  const auto digest = pure::hex_decode_u64((*parts)[2]);
  if (!id || id->is_zero()) return detail::bad_record("file record", stored, "its id is none");
  if (!bytes) return detail::bad_record("file record", stored, "its length is no decimal number");
  if (!digest) return detail::bad_record("file record", stored, "its digest is not 16 lower-case hex digits");
  return file_record{*id, *bytes, *digest, std::string(stored.substr(meta_at))};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_CONTROL_HPP
