// remove_catalog and heal as Lua, what protocol/rules_catalog.hpp says in C++; and what a lake asks of the server as a whole.
// Format of keys, arguments and answers: index/redis_scripts.hpp, which puts the pieces together.
#ifndef LAKE_INDEX_REDIS_LUA_CATALOG_HPP
#define LAKE_INDEX_REDIS_LUA_CATALOG_HPP

#include <lake/config.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua {

/// remove_catalog. The last KEYS are meta, files and sample; their place is ARGV 5.
inline constexpr std::string_view remove_catalog = R"lua(
if lost then return {'lost'} end
local at=ARGV[5]+0
local meta,files,sample=KEYS[at],KEYS[at+1],KEYS[at+2]
local paths=call('HKEYS',files)
local content=members>0 or snaps>0 or #paths>0 or #kinds.f>0 or call('EXISTS',meta)+call('ZCARD',sample)>0
local function garbage(above)
  for _,kind in ipairs({'r','d','g'}) do
    for _,one in ipairs(kinds[kind]) do if one.v>above then return true end end
  end
  return false
end
if content or garbage(emptied()) then
  local g=fresh_id()
  if outside then return {'window',outside} end
  local ids={}
  for i,p in ipairs(paths) do
    ids[i]={file id}
    if not ids[i] then return {'damaged'} end
  end
  free()
  announce(g,g)
  local stamp=fmt('|%.0f',mono)
  for _,s in ipairs(starts()) do kill(reservation(s)) end
  local dead={}
  for _,m in ipairs(call('ZRANGE',D,0,-1)) do
    dead[#dead+1]='r:'..match(m,'|(%d+_%d+)$')
    dead[#dead+1]=sub(m,7,7)..stamp
  end
  for _,m in ipairs(call('ZRANGE',S,0,-1)) do
    local v=match(m,'|(%d+_%d+)$')
    dead[#dead+1]='g:'..v
    dead[#dead+1]=recorded(m)
    call('HDEL',C,'s:'..v)
  end
  for i,p in ipairs(paths) do
    dead[#dead+1]='d:'..ids[i]
    dead[#dead+1]=fmt('%.0f|%s',mono,p)
  end
  for _,one in ipairs(kinds.f) do
    local _,p=mono_and_path(one.value)
    call('HDEL',C,'f:'..one.name)
    dead[#dead+1]='d:'..one.name
    dead[#dead+1]=fmt('%.0f|%s',mono,p)
  end
  local setters={}
  for i=1,#all,2 do if sub(all[i],1,2)=='m:' then setters[#setters+1]=all[i] end end
  chunked('HDEL',C,setters)
  chunked('HSET',C,dead)
  call('DEL',D,S,meta,files,sample)
  last,closed,cleared,gen,forgotten,stop,n,ns=g,g,g,g,g,0,0,0
  store()
elseif not garbage(0) then
  return {'not_found'}
end
local gone={records={},removed={},files={}}
local now=call('HGETALL',C)
for i=1,#now,2 do
  local kind,name=match(now[i],'^(%a):(.*)$')
  if kind=='x' or kind=='r' then gone.records[#gone.records+1]={kind,name,sub(now[i+1],1,1)}
  elseif kind=='g' then gone.removed[#gone.removed+1]={name,now[i+1]}
  elseif kind=='d' then gone.files[#gone.files+1]={match(now[i+1],'^%-?%d+|(.*)$'),name} end
end
return {'removed',gone.records,gone.removed,gone.files,rev}
)lua";

/// heal. ARGV from 4 on, per snapshot that an envelope told of: stop, "start|gen", length, digest.
inline constexpr std::string_view heal = R"lua(
if not lost then return {'healed'} end
local told={}
for i=4,#ARGV,4 do told[str(ARGV[i]+0)]={ARGV[i+1],ARGV[i+2],ARGV[i+3]} end
local newest,final=0,0
if snaps>0 then newest=member_id(call('ZREVRANGE',S,0,0)[1]) end
if members>0 then final=member_id(call('ZREVRANGE',D,0,0)[1]) end
local from=max(final,newest,(math.floor(raw/1000)+5)*M+999999)
closed,forgotten=from,from
last=after(from)
gen,cleared,stop=last,newest,newest
mono=max(raw,(last-last%M)/M*1000)
n,ns,pend,rev=members,snaps,'',max(rev,ARGV[2]+0)
local fields={}
for _,m in ipairs(call('ZRANGE',D,0,-1)) do
  if sub(m,1,8)=='pending|' then
    local v=match(m,'|(%d+_%d+)$')
    fields[#fields+1]='p:'..v
    fields[#fields+1]=fmt('%.0f|00000000000000000000000000000000|%s|1',mono,v)
    pend=pend..' 00000000000000000000000000000000='..v
  end
end
for _,m in ipairs(call('ZRANGE',S,0,-1)) do
  local start,v=match(m,'^snap|(%d+_%d+)|(%d+_%d+)$')
  local one,had=told[v],call('HGET',C,'s:'..v)
  local record
  if one and match(one[1],'^([^|]+)')==start then
    record=fmt('%s|%.0f|%s|%s',one[1],mono,one[2],one[3])
  elseif had then
    local head,tail=match(had,'^([%d_]+|[%d_]+)|%-?%d+|(.*)$')
    record=fmt('%s|%.0f|%s',head,mono,tail)
  else
    record=fmt('%s|0_0|%.0f|0|0000000000000000',start,mono)
  end
  fields[#fields+1]='s:'..v
  fields[#fields+1]=record
end
local old=call('HGETALL',C)
local stale={}
for i=1,#old,2 do
  local kind=match(old[i],'^(%a):')
  if kind=='p' then
    stale[#stale+1]=old[i]
  elseif kind=='x' or kind=='r' then
    local merge,when=match(old[i+1],'^(%d)|(%-?%d+)$')
    if when+0>mono then fields[#fields+1]=old[i] fields[#fields+1]=fmt('%s|%.0f',merge,mono) end
  elseif kind=='f' or kind=='d' then
    local when,path=match(old[i+1],'^(%-?%d+)|(.*)$')
    if when+0>mono then fields[#fields+1]=old[i] fields[#fields+1]=fmt('%.0f|%s',mono,path) end
  end
end
chunked('HDEL',C,stale)
chunked('HSET',C,fields)
store()
return {'healed'}
)lua";

/// A write that changes nothing and is sent to replicas and to the append-only file. KEYS 1 ctl. Stands alone.
inline constexpr std::string_view touch = R"lua(
local clk=redis.call('HGET',KEYS[1],'clk')
if clk then redis.call('HSET',KEYS[1],'clk',clk) end
return 1
)lua";

/// Whether the user may run what the scripts run; answers the first command that is denied, else an empty text. A script that is stopped
/// in its midst would leave half an effect. KEYS 1 any key of the lake. Servers before 7.0 cannot tell.
inline constexpr std::string_view may_run = R"lua(
if not redis.acl_check_cmd then return '' end
local k=KEYS[1]
for _,one in ipairs({{'HSET',k,'f','v'},{'HDEL',k,'f'},{'HGET',k,'f'},{'HMGET',k,'f'},{'HGETALL',k},{'HKEYS',k},{'HLEN',k},{'HEXISTS',k,'f'},
    {'HINCRBY',k,'f','1'},{'ZADD',k,'1','m'},{'ZREM',k,'m'},{'ZCARD',k},{'ZCOUNT',k,'0','1'},{'ZRANGE',k,'0','1'},{'ZREVRANGE',k,'0','1'},
    {'ZRANGEBYSCORE',k,'0','1'},{'ZREVRANGEBYSCORE',k,'1','0'},{'ZSCORE',k,'m'},{'GET',k},{'SET',k,'v'},{'DEL',k},{'EXISTS',k},{'TIME'}}) do
  if not redis.acl_check_cmd(unpack(one)) then return one[1] end
end
return ''
)lua";

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua

#endif  // LAKE_INDEX_REDIS_LUA_CATALOG_HPP
