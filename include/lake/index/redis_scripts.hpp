// The primitives of the index protocol as Lua: one script each, which checks everything that can fail before its first effect. Knows no
// connection. Their pieces are in redis_lua_*.hpp, one header for each of protocol/rules_*.hpp.
//
// Format. KEYS: 1 delta, 2 snap, 3 ctl, then what a script names in its comment. ARGV: 1 the clock in milliseconds, empty for the server's;
// 2 the highest revision this client has seen (below it: the index regressed); 3 the pending timeout in milliseconds; then the script's own.
// An id is one number, timestamp * 1,000,000 + seqid: below 2^53, so Lua's doubles keep it exactly, and ids compare as numbers.
// An answer is an array that begins with a word. Beside the fields of the control record that core/control.hpp names, `ctl` has
//   pend       " {token}={first id}" of each reservation, in id order; absent where there is none. What `p:{first id}` is found by.
//   rev        how many changes the catalog has seen: what a client knows an older copy of the index by
//   g:{stop}   the record of a snapshot of a removed catalog, as `s:{stop}`
//   dropped    layout go_v2: how many files were dropped; they have no ids, so their `d:` records are numbered
// A reservation has one record, `p:{first id}`. After a heal its token may be 32 zeros: lost, everybody's; such ids can only be killed.
#ifndef LAKE_INDEX_REDIS_SCRIPTS_HPP
#define LAKE_INDEX_REDIS_SCRIPTS_HPP

#include <lake/config.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/index/redis_lua_catalog.hpp>
#include <lake/index/redis_lua_clear.hpp>
#include <lake/index/redis_lua_files.hpp>
#include <lake/index/redis_lua_read.hpp>
#include <lake/index/redis_lua_shared.hpp>
#include <lake/index/redis_lua_write.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

namespace lua {

/// The text with the first `{name}` replaced.
[[nodiscard]] inline std::string with(std::string text, std::string_view name, std::string_view value) {
  const std::string hole = '{' + std::string(name) + '}';
  const std::size_t at = text.find(hole);
  return at == std::string::npos ? text : text.replace(at, hole.size(), value);
}

}  // namespace lua

/// How the clients of an index keep its records.
enum class redis_dialect : std::uint8_t {
  own,      ///< As this header says.
  foreign,  ///< Beside v2 clients: no record of their own, counters of seqids, meta as one text, files in place.
};

/// All scripts of one dialect. Immutable. `reserve` and `commit` begin with a short way for the usual write.
struct redis_scripts {
  redis_script reserve, commit, rollback, view, publish, clear_cut, remove_members, remove_delta, remove_catalog, heal, read_log, issue_id,
      put_file, drop_file, store_sample, touch, may_run;

  explicit redis_scripts(redis_dialect dialect)
      : reserve(short_way(dialect, lua::quick_reserve) + make(dialect, {lua::log, lua::fresh_ids, lua::reserve})),
        commit(short_way(dialect, lua::quick_commit) + make(dialect, {lua::log, lua::find_run, lua::commit}, ",'p:'..ARGV[6]")),
        rollback(make(dialect, {lua::log, lua::find_run, lua::rollback}, ",'p:'..ARGV[6]")),
        view(make(dialect, {lua::log, lua::view})),
        publish(make(dialect, {lua::log, lua::publish})),
        clear_cut(make(dialect, {lua::log, lua::records, lua::clear_cut})),
        remove_members(make(dialect, {lua::log, lua::remove_members})),
        remove_delta(make(dialect, {lua::log, lua::fresh_ids, lua::remove_delta})),
        remove_catalog(make(dialect, {lua::log, lua::fresh_ids, lua::records, lua::remove_catalog})),
        heal(make(dialect, {lua::log, lua::heal})),
        read_log(make(dialect, {lua::log, lua::read_log})),
        issue_id(make(dialect, {lua::log, lua::fresh_ids, lua::issue_id})),
        put_file(dialect == redis_dialect::own ? make(dialect, {lua::put_file}) : make(dialect, {lua::records, lua::put_file_in_place})),
        drop_file(make(dialect, {dialect == redis_dialect::own ? lua::drop_file : lua::drop_file_in_place})),
        store_sample(std::string(lua::store_sample)),
        touch(std::string(lua::touch)),
        may_run(std::string(lua::may_run)) {}

  /// The scripts of a dialect, made once.
  [[nodiscard]] static const redis_scripts& of(redis_dialect dialect) {
    static const redis_scripts own(redis_dialect::own);
    static const redis_scripts foreign(redis_dialect::foreign);
    return dialect == redis_dialect::own ? own : foreign;
  }

 private:
  /// Beside v2 clients there is none: their counters, and members that nobody counted, are in the way.
  [[nodiscard]] static std::string short_way(redis_dialect dialect, std::string_view quick) {
    return dialect == redis_dialect::own ? std::string(quick) : std::string();
  }
  [[nodiscard]] static std::string make(redis_dialect dialect, std::initializer_list<std::string_view> parts, std::string_view extra = {}) {
    const bool own = dialect == redis_dialect::own;
    std::string out(lua::ids);
    out += lua::with(std::string(own ? lua::open_checked : lua::open_adopted), "extra", extra);
    out += lua::store;
    out += own ? lua::reservations_own : lua::reservations_all;
    for (const std::string_view part : parts) out += !own && part == lua::fresh_ids ? lua::fresh_ids_counted : part;
    out = lua::with(std::move(out), "check meta", own ? lua::check_meta : lua::check_text_meta);
    out = lua::with(std::move(out), "write meta", own ? lua::write_meta : lua::write_text_meta);
    return lua::with(std::move(out), "file id", own ? "match(call('HGET',files,p),'^(%d+_%d+)|')" : "'0_'..dropped()");
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_SCRIPTS_HPP
