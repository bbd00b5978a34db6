// view, publish_snapshot and read_log as Lua: what protocol/rules_read.hpp says in C++.
// Format of keys, arguments and answers: index/redis_scripts.hpp, which puts the pieces together.
#ifndef LAKE_INDEX_REDIS_LUA_READ_HPP
#define LAKE_INDEX_REDIS_LUA_READ_HPP

#include <lake/config.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua {

/// view. ARGV 4 "fail" or "prefix", 5 base or empty, 6 upto or empty, 7 the most deltas.
inline constexpr std::string_view view = R"lua(
if lost then return {'lost',raw} end
if fresh then return {'fresh',raw} end
local bound=math.huge
if ARGV[6]~='' and ARGV[6]+0<=last then bound=ARGV[6]+0 end
local function upper() if bound==math.huge then return '+inf' end return score(bound) end
local r,expired=scan(bound)
local waiting={}
local version
if r then
  local m=call('ZRANGEBYSCORE',D,score(r.first),score(r.first))[1]
  if not m then return {'damaged'} end
  waiting={m,mono-r.stamp}
  if ARGV[4]=='fail' then
    keep_step_back()
    return {'pending',raw,max(newest_delta('+inf'),stop,gen),gen,cleared,rev,waiting}
  end
  bound=before(r.first)
end
local base,start=false,0
local trimmed=false
if ARGV[5]=='' then
  base,start=newest_snapshot(bound)
elseif ARGV[5]~='0' then
  base,start=newest_snapshot(ARGV[5]+0)
  trimmed=start~=ARGV[5]+0 or start>bound
end
if not trimmed and start~=bound and start<cleared then
  local from=start==0 and emptied() or 0
  trimmed=from==0 or from>bound
end
if trimmed then return {'trimmed',raw,max(newest_delta('+inf'),stop,gen),gen,cleared,rev,waiting,base and snapshot(base) or {}} end
local most=ARGV[7]+0
local rows=call('ZRANGEBYSCORE',D,'('..score(start),upper(),'WITHSCORES','LIMIT',0,most+1)
if #rows>2*most then
  rows=call('ZRANGEBYSCORE',D,'('..score(start),upper(),'WITHSCORES')
  local deltas=0
  for i=1,#rows,2 do if sub(rows[i],1,8)~='pending|' then deltas=deltas+1 end end
  if deltas>most then return {'limit'} end
end
if bound==math.huge and start==stop and not r then
  local newest=0
  for i=#rows-1,1,-2 do
    if sub(rows[i],1,8)~='pending|' then newest=member_id(rows[i]) break end
  end
  version=max(newest,stop,gen)
else
  version=max(newest_delta('+inf'),stop,gen)
end
if raw<clk or expired>closed then
  closed=max(closed,expired)
  free()
  if raw<clk then call('HSET',C,'clk',raw,'mono',mono,'closed',str(closed)) else call('HSET',C,'closed',str(closed)) end
end
return {'ok',raw,version,gen,cleared,rev,waiting,base and snapshot(base) or {},rows}
)lua";

/// publish_snapshot. ARGV 4 start, 5 stop, 6 gen, 7 hash, 8 length, 9 digest.
inline constexpr std::string_view publish = R"lua(
if lost then return {'lost'} end
local from,to=ARGV[4]+0,ARGV[5]+0
if ARGV[6]+0~=gen or to<stop then return {'stale'} end
if from~=stop then
  local _,base=newest_snapshot(from)
  if from>0 and base~=from then return {'stale'} end
  if from<cleared and not (from==0 and emptied()>0) then return {'stale'} end
end
local lines,newest={},0
for _,m in ipairs(call('ZRANGEBYSCORE',D,'('..score(from),score(to))) do
  if sub(m,1,8)~='pending|' then lines[#lines+1]=m newest=m end
end
if newest==0 or member_id(newest)~=to then return {'stale'} end
lines[#lines+1]=''
if redis.sha1hex(table.concat(lines,'\n'))~=ARGV[7] then return {'stale'} end
if scan(to) then return {'stale'} end
closed=max(closed,to)
free()
for _,m in ipairs(call('ZRANGEBYSCORE',S,score(to),score(to))) do call('ZREM',S,m) ns=ns-1 end
ns,stop=ns+1,to
call('ZADD',S,score(to),'snap|'..str(from)..'|'..str(to))
call('HSET',C,'s:'..str(to),fmt('%s|%s|%.0f|%s|%s',str(from),str(gen),mono,ARGV[8],ARGV[9]))
store()
return {'published'}
)lua";

/// read_log. ARGV 4 since, 5 the most deltas.
inline constexpr std::string_view read_log = R"lua(
if fresh and not lost then return {'fresh',mono} end
local from,most=max(ARGV[4]+0,cleared),ARGV[5]+0
local rows,pendings,deltas=call('ZRANGEBYSCORE',D,'('..score(from),'+inf','WITHSCORES'),{},0
for i=1,#rows,2 do if sub(rows[i],1,8)~='pending|' then deltas=deltas+1 end end
if deltas>most then return {'limit'} end
if lost then
  for _,m in ipairs(call('ZRANGE',D,0,-1)) do if sub(m,1,8)=='pending|' then pendings[#pendings+1]=m end end
end
local list={}
for _,m in ipairs(call('ZRANGE',S,0,-1)) do list[#list+1]=snapshot(m) end
return {lost and 'lost' or 'ok',mono,cleared,max(newest_delta('+inf'),stop,gen),rows,list,pendings}
)lua";

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua

#endif  // LAKE_INDEX_REDIS_LUA_READ_HPP
