// Files and samples as Lua: what protocol/rules_files.hpp says in C++.
// Format of keys, arguments and answers: index/redis_scripts.hpp, which puts the pieces together.
#ifndef LAKE_INDEX_REDIS_LUA_FILES_HPP
#define LAKE_INDEX_REDIS_LUA_FILES_HPP

#include <lake/config.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua {

/// issue_id. ARGV 5 borrow, 6 path.
inline constexpr std::string_view issue_id = R"lua(
if lost then return {'lost'} end
local v=fresh_run(1,ARGV[5]+0)
if outside then return {'window',outside} end
if not v then return {'overflow'} end
announce(v,v)
last=v
call('HSET',C,'f:'..str(v),fmt('%.0f|%s',mono,ARGV[6]))
store()
return {'issued',v,rev}
)lua";

/// put_file. KEYS 4 files. ARGV 4 path, 5 id as text, 6 the record.
inline constexpr std::string_view put_file = R"lua(
if lost or fresh then return {'fenced'} end
local path,name=ARGV[4],ARGV[5]
local current=call('HGET',KEYS[4],path)
local holder=current and match(current,'^(%d+_%d+)|')
local writing=call('HGET',C,'f:'..name)
if not writing or match(writing,'^%-?%d+|(.*)$')~=path then
  return {holder==name and 'ok' or 'fenced'}
end
call('HDEL',C,'f:'..name)
local newer=not holder or id(holder)<id(name)
if newer then call('HSET',KEYS[4],path,ARGV[6]) end
if holder then call('HSET',C,'d:'..(newer and holder or name),fmt('%.0f|%s',mono,path)) end
store()
return {'ok'}
)lua";

/// The same where the file's object is overwritten in place and its record is its meta.
inline constexpr std::string_view put_file_in_place = R"lua(
local path,name=ARGV[4],ARGV[5]
call('HLEN',KEYS[4])
local writing=call('HGET',C,'f:'..name)
if not writing or match(writing,'^%-?%d+|(.*)$')~=path then return {'fenced'} end
call('HDEL',C,'f:'..name)
for _,one in ipairs(kinds.d) do
  if match(one.value,'^%-?%d+|(.*)$')==path then call('HDEL',C,'d:'..one.name) end
end
call('HSET',KEYS[4],path,ARGV[6])
store()
return {'ok'}
)lua";

/// drop_file. KEYS 4 files. ARGV 4 path.
inline constexpr std::string_view drop_file = R"lua(
if lost then return {'lost'} end
local path=ARGV[4]
local current=call('HGET',KEYS[4],path)
if not current then return {'absent'} end
local v=match(current,'^(%d+_%d+)|')
call('HDEL',KEYS[4],path)
call('HSET',C,'d:'..v,fmt('%.0f|%s',mono,path))
store()
return {'dropped'}
)lua";

inline constexpr std::string_view drop_file_in_place = R"lua(
if call('HDEL',KEYS[4],ARGV[4])==0 then return {'absent'} end
call('HSET',C,'d:0_'..dropped(),fmt('%.0f|%s',mono,ARGV[4]))
store()
return {'dropped'}
)lua";

/// store_sample. KEYS 1 sample. ARGV 1 indicator, 2 score in 17 digits. Stands alone.
inline constexpr std::string_view store_sample = R"lua(
local kept=redis.call('ZSCORE',KEYS[1],ARGV[1])
if kept and kept+0>=ARGV[2]+0 then return kept end
redis.call('ZADD',KEYS[1],ARGV[2],ARGV[1])
return ARGV[2]
)lua";

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua

#endif  // LAKE_INDEX_REDIS_LUA_FILES_HPP
