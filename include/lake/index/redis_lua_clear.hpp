// clear_cut, remove_members and remove_delta as Lua: what protocol/rules_clear.hpp says in C++.
// Format of keys, arguments and answers: index/redis_scripts.hpp, which puts the pieces together.
#ifndef LAKE_INDEX_REDIS_LUA_CLEAR_HPP
#define LAKE_INDEX_REDIS_LUA_CLEAR_HPP

#include <lake/config.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua {

/// clear_cut. ARGV 4 keep, 5 grace, 6 horizon, 7 cut or empty, 8 its record from `start` to `gen`, 9 its digest.
inline constexpr std::string_view clear_cut = R"lua(
if lost then return {'lost'} end
local cut,grace=0,ARGV[5]+0
if ARGV[7]~='' then
  cut=ARGV[7]+0
  local m,v=newest_snapshot(cut)
  if not m or v~=cut then return {'stale'} end
  local start,g,created,digest=match(recorded(m),'^([%d_]+)|([%d_]+)|(%-?%d+)|%d+|(%x+)$')
  if not start then return {'damaged'} end
  if start..'|'..g~=ARGV[8] or digest~=ARGV[9] then return {'stale'} end
  local age=mono-created
  if age<grace then keep_step_back() return {'too_new',grace-age} end
end
if fresh then return {'fresh'} end
local _,expired=scan(math.huge)
cleared=max(cleared,cut)
closed=max(closed,cut,expired)
store()
local gone={deltas={},pendings={},records={},snaps={},removed={},files={}}
for _,m in ipairs(call('ZRANGEBYSCORE',D,'-inf',score(cleared))) do
  if sub(m,1,8)~='pending|' then gone.deltas[#gone.deltas+1]=m end
end
for _,s in ipairs(starts()) do
  local r=reservation(s)
  if r.first<=closed then
    for _,m in ipairs(call('ZRANGEBYSCORE',D,score(r.first),score(math.min(r.last,closed)))) do gone.pendings[#gone.pendings+1]=m end
  end
end
if cut>0 then
  local old=call('ZRANGEBYSCORE',S,'-inf','('..score(cut))
  for i=1,#old-ARGV[4] do gone.snaps[#gone.snaps+1]=snapshot(old[i]) end
end
for _,one in ipairs(kinds.g) do gone.removed[#gone.removed+1]={one.name,one.value} end
local below,horizon=emptied(),ARGV[6]+0
for _,kind in ipairs({'x','r'}) do
  for _,one in ipairs(kinds[kind]) do
    local merge,when=merge_and_mono(one.value)
    if mono-when>=horizon or kind=='r' and one.v<=below then gone.records[#gone.records+1]={one.name,merge} end
  end
end
for _,one in ipairs(kinds.f) do
  local when,path=mono_and_path(one.value)
  if mono-when>=timeout then
    call('HDEL',C,'f:'..one.name)
    local value=fmt('%.0f|%s',mono,path)
    call('HSET',C,'d:'..one.name,value)
    kinds.d[#kinds.d+1]={v=one.v,name=one.name,value=value}
  end
end
table.sort(kinds.d,function(a,b) return a.v<b.v end)
for _,one in ipairs(kinds.d) do
  local when,path=mono_and_path(one.value)
  if mono-when>=grace then gone.files[#gone.files+1]={path,one.name} end
end
return {'cut',gone.deltas,gone.pendings,gone.records,gone.snaps,gone.removed,gone.files}
)lua";

/// remove_members. ARGV 4 horizon, then five lists, each behind its length: deltas and pendings and records as id and merge,
/// snapshots as stop, "start|gen" and digest, files as id and path.
inline constexpr std::string_view remove_members = R"lua(
if lost then return {'lost'} end
if fresh then return {'counts',0,0,0,0,0,0} end
local at,horizon=5,ARGV[4]+0
local function list(width)
  local items,count={},ARGV[at]+0
  at=at+1
  for i=1,count do
    local item={}
    for j=1,width do item[j]=ARGV[at] at=at+1 end
    items[i]=item
  end
  return items
end
local deltas,pendings,records,snaps,files=list(2),list(2),list(2),list(3),list(2)
local counts={deltas=0,pendings=0,records=0,snaps=0,files=0,kept=0}
local out,seen={},{}
for _,item in ipairs(deltas) do
  local v=item[1]+0
  local m=call('ZRANGEBYSCORE',D,score(v),score(v))[1]
  if m and not seen[m] then
    if v>cleared or sub(m,1,8)=='pending|' or sub(m,7,7)~=item[2] then
      counts.kept=counts.kept+1
    else
      seen[m]=true
      out[#out+1]=m
      counts.deltas=counts.deltas+1
    end
  end
end
local dead,order={},{}
for _,s in ipairs(#pendings>0 and starts() or {}) do order[#order+1]=reservation(s) end
for _,item in ipairs(pendings) do
  local v=item[1]+0
  for i,r in ipairs(order) do
    if r.first<=v and v<=r.last then
      if v>closed then counts.kept=counts.kept+1 else counts.pendings=counts.pendings+1 dead[i]=true end
      break
    end
  end
end
local stops={}
for _,item in ipairs(snaps) do
  local v=item[1]+0
  local name=str(v)
  local m=call('ZRANGEBYSCORE',S,score(v),score(v))[1]
  if stops[name] then
  elseif call('HEXISTS',C,'g:'..name)==1 then
    stops[name]={'g:'..name,false}
    counts.snaps=counts.snaps+1
  elseif m then
    local start,g,digest=match(recorded(m),'^([%d_]+)|([%d_]+)|%-?%d+|%d+|(%x+)$')
    if not start then return {'damaged'} end
    if v>=cleared or v==stop or start..'|'..g~=item[2] or digest~=item[3] then
      counts.kept=counts.kept+1
    else
      stops[name]={'s:'..name,m}
      counts.snaps=counts.snaps+1
    end
  end
end
for _,item in ipairs(records) do
  for _,kind in ipairs({'x:','r:'}) do
    local value=call('HGET',C,kind..str(item[1]+0))
    if value and not match(value,'^%d|%-?%d+$') then return {'damaged'} end
  end
end
local below=emptied()
chunked('ZREM',D,out)
n=n-#out
for i,r in ipairs(order) do if dead[i] then kill(r) end end
for _,one in pairs(stops) do
  call('HDEL',C,one[1])
  if one[2] then call('ZREM',S,one[2]) ns=ns-1 end
end
for _,item in ipairs(records) do
  local v=item[1]+0
  for _,kind in ipairs({'x','r'}) do
    local name=kind..':'..str(v)
    local value=call('HGET',C,name)
    if value then
      local merge,when=match(value,'^(%d)|(%-?%d+)$')
      if merge~=item[2] or not (mono-when>=horizon or kind=='r' and v<=below) then
        counts.kept=counts.kept+1
      else
        call('HDEL',C,name)
        if kind=='x' then forgotten=max(forgotten,v) end
        counts.records=counts.records+1
      end
    end
  end
end
for _,item in ipairs(files) do
  local name='d:'..str(item[1]+0)
  local value=call('HGET',C,name)
  if value and match(value,'^%-?%d+|(.*)$')==item[2] then
    call('HDEL',C,name)
    counts.files=counts.files+1
  end
end
store()
return {'counts',counts.deltas,counts.pendings,counts.records,counts.snaps,counts.files,counts.kept}
)lua";

/// remove_delta. ARGV 5 borrow, 6 id.
inline constexpr std::string_view remove_delta = R"lua(
if lost then return {'lost'} end
local v=ARGV[6]+0
local name=str(v)
local removed=call('HGET',C,'r:'..name)
if removed then return {'already',sub(removed,1,1)} end
local m=call('ZRANGEBYSCORE',D,score(v),score(v))[1]
if m and sub(m,1,8)=='pending|' then return {'pending'} end
if v<=stop or v<=cleared then return {'covered'} end
if not m then return {'not_found'} end
local g=fresh_run(1,ARGV[5]+0)
if outside then return {'window',outside} end
if not g then return {'overflow'} end
last,gen,n=g,g,n-1
call('ZREM',D,m)
announce(g,g)
call('HSET',C,'r:'..name,sub(m,7,7)..fmt('|%.0f',mono))
store()
return {'removed',sub(m,7,7),rev}
)lua";

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua

#endif  // LAKE_INDEX_REDIS_LUA_CLEAR_HPP
