// The stable text of a catalog: every fact of its log on a line of its own, for tests and diagnosis. Knows a catalog only through its
// `catalog_log`. Two indexes in the same state have the same text, whatever they are made of.
//
// A line is the catalog's name in double quotes, a blank and the fact. Names, keys, values and paths are quoted; in them `"`, `\`, control
// bytes and DEL are `\xNN`. Ids, stamps and records are written as in core/control.hpp. The facts in this order, each sorted:
//   last closed cleared gen forgotten stop n ns clk mono {value} | delta|... and pending|delta|... | p:{first id} of each reservation |
//   snap|... with its record | g: | x: | r: | file | f: | d: | meta {key} {value} {m:} | sample
#ifndef LAKE_PROTOCOL_DUMP_HPP
#define LAKE_PROTOCOL_DUMP_HPP

#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/member.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/types.hpp>
#include <lake/pure/hex.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

/// All of `value` in double quotes, on one line.
inline void append_dumped(std::string& out, std::string_view value) {
  out += '"';
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte != 0x7f && c != '"' && c != '\\') {
      out += c;
      continue;
    }
    out += "\\x";
    pure::append_hex_byte(out, byte);
  }
  out += '"';
}

inline void append_hex64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) pure::append_hex_byte(out, static_cast<std::uint8_t>(value >> shift));
}

/// Writes the lines of one catalog.
class dump_writer {
 public:
  dump_writer(std::string& out, std::string_view catalog) : out_(out) {
    append_dumped(head_, catalog);
    head_ += ' ';
  }
  dump_writer& begin(std::string_view fact) {
    out_ += head_;
    out_ += fact;
    return *this;
  }
  dump_writer& operator<<(std::string_view piece) { return out_ += piece, *this; }
  dump_writer& operator<<(time_seq id) { return id.append_to(out_), *this; }
  dump_writer& number(std::int64_t value) { return out_ += std::to_string(value), *this; }
  dump_writer& size(std::uint64_t value) { return out_ += std::to_string(value), *this; }
  dump_writer& quoted(std::string_view value) { return append_dumped(out_, value), *this; }
  dump_writer& hex64(std::uint64_t value) { return append_hex64(out_, value), *this; }
  dump_writer& hex(const write_token& token) {
    for (const std::uint8_t byte : token) pure::append_hex_byte(out_, byte);
    return *this;
  }
  void end() { out_ += '\n'; }

 private:
  std::string& out_;
  std::string head_;
};

inline void dump_control(dump_writer& out, const control_record& control) {
  const std::array<std::pair<std::string_view, time_seq>, 6> ids{{{"last ", control.last},
                                                                  {"closed ", control.closed},
                                                                  {"cleared ", control.cleared},
                                                                  {"gen ", control.gen},
                                                                  {"forgotten ", control.forgotten},
                                                                  {"stop ", control.stop}}};
  for (const auto& [name, id] : ids) (out.begin(name) << id).end();
  out.begin("n ").size(control.n).end();
  out.begin("ns ").size(control.ns).end();
  out.begin("clk ").number(control.clk).end();
  out.begin("mono ").number(control.mono).end();
}

inline void dump_snapshot(dump_writer& out, std::string_view kind, const snapshot_info& info) {
  (out.begin(kind) << info.start << "|" << info.stop << " " << info.gen << "|").number(info.created) << "|";
  (out.size(info.length) << "|").hex64(info.digest).end();
}

template <catalog_log Log>
void dump_members(Log& log, dump_writer& out) {
  log.for_each_member(time_seq{0, 1}, beyond_all, [&](const member_row& row) {
    out.begin(row.pending ? encode_pending_member(row.id, row.merge, row.path) : encode_delta_member(row.id, row.merge, row.path)).end();
    return true;
  });
  log.for_each_pending([&](const pending_record& pending) {
    ((out.begin("p:") << pending.batch.first << " ").number(pending.stamp) << "|").hex(pending.token) << "|";
    (out << pending.batch.first << "|").size(pending.batch.count).end();
    return true;
  });
  for (const snapshot_set set : {snapshot_set::published, snapshot_set::removed}) {
    log.for_each_snapshot(set, [&](const snapshot_info& info) {
      dump_snapshot(out, set == snapshot_set::published ? "snap|" : "g:", info);
      return true;
    });
  }
  for (const dead_kind kind : {dead_kind::killed, dead_kind::removed}) {
    log.for_each_dead(kind, [&](time_seq id, const dead_record& record) {
      ((out.begin(kind == dead_kind::killed ? "x:" : "r:") << id << " ").number(static_cast<int>(record.merge)) << "|")
          .number(record.mono)
          .end();
      return true;
    });
  }
}

template <catalog_log Log>
void dump_beside(Log& log, dump_writer& out) {
  log.for_each_file([&](std::string_view path, const file_record& record) {
    ((out.begin("file ").quoted(path) << " " << record.id << "|").size(record.bytes) << "|").hex64(record.digest) << "|";
    out.quoted(record.meta).end();
    return true;
  });
  for (const object_state state : {object_state::writing, object_state::superseded}) {
    log.for_each_object(state, [&](time_seq id, const file_object_record& object) {
      ((out.begin(state == object_state::writing ? "f:" : "d:") << id << " ").number(object.mono) << "|").quoted(object.path).end();
      return true;
    });
  }
  log.for_each_meta([&](std::string_view key, std::string_view value, time_seq setter) {
    ((out.begin("meta ").quoted(key) << " ").quoted(value) << " " << setter).end();
    return true;
  });
  log.for_each_sample([&](std::string_view indicator, double score) {
    // The bits, because decimal text of a double is not stable everywhere.
    (out.begin("sample ").quoted(indicator) << " ").hex64(std::bit_cast<std::uint64_t>(score)).end();
    return true;
  });
}

}  // namespace detail

/// Appends the catalog's facts to `out`, one per line, each line ended by a line feed; nothing for a catalog without any.
template <catalog_log Log>
void append_dump(Log& log, std::string_view catalog, std::string& out) {
  detail::dump_writer writer(out, catalog);
  if (const std::optional<control_record> control = log.control()) detail::dump_control(writer, *control);
  detail::dump_members(log, writer);
  detail::dump_beside(log, writer);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_DUMP_HPP
