// What the scripts of the index share: ids and clock, the control record, reservations, fresh ids. Knows no primitive.
// Format of keys, arguments and answers: index/redis_scripts.hpp, which puts the pieces together.
#ifndef LAKE_INDEX_REDIS_LUA_SHARED_HPP
#define LAKE_INDEX_REDIS_LUA_SHARED_HPP

#include <lake/config.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua {

/// Ids and their texts; the clock; what every script needs of names.
inline constexpr std::string_view ids = R"lua(
local D,S,C=KEYS[1],KEYS[2],KEYS[3]
local call,fmt,match,sub,max=redis.call,string.format,string.match,string.sub,math.max
local M=1000000
local function id(t)
  if not t or t=='0_0' then return 0 end
  local a,b=match(t,'^(%d+)_(%d+)$')
  return a*M+b
end
local function str(v) local s=v%M return fmt('%.0f_%.0f',(v-s)/M,s) end
local function score(v) local s=v%M return fmt('%.0f.%06.0f',(v-s)/M,s) end
local function after(v) if v%M==999999 then return v+2 end return v+1 end
local function before(v)
  local s=v%M
  if s>1 then return v-1 end
  if v>s then return v-s-1 end
  return 0
end
local function run_last(first,count)
  if count==1 then return first end
  local s=first%M
  local place=(first-s)/M*999999+s+count-1
  local seq=(place-1)%999999+1
  return (place-seq)/999999*M+seq
end
local function member_id(m) return id(match(m,'.*|(%d+_%d+)$')) end
)lua";

/// Reads clock and control record, and compares it with the log (section 1 of the protocol). {extra}: more fields for `f`.
inline constexpr std::string_view open_checked = R"lua(
local raw
if ARGV[1]=='' then local t=call('TIME') raw=t[1]*1000+math.floor(t[2]/1000) else raw=max(0,ARGV[1]+0) end
local f=call('HMGET',C,'last','closed','cleared','gen','forgotten','stop','clk','mono','n','ns','pend','rev'{extra})
local members,snaps=call('ZCARD',D),call('ZCARD',S)
local fresh=not f[1]
local lost=fresh and (members>0 or snaps>0)
local last,closed,cleared,gen,forgotten,stop=id(f[1]),id(f[2]),id(f[3]),id(f[4]),id(f[5]),id(f[6])
local clk,mono,n,ns,pend=(f[7] or raw)+0,(f[8] or raw)+0,(f[9] or 0)+0,(f[10] or 0)+0,f[11] or ''
local adopted,rev=false,(f[12] or 0)+0
if fresh then mono=raw else mono=mono+max(0,raw-clk) end
if not lost and rev<ARGV[2]+0 then return {'regressed',rev} end
local top=false
if not fresh then
  if n~=members or ns~=snaps then return {'damaged'} end
  if snaps>0 then top=call('ZREVRANGE',S,0,0)[1] end
  if (top and match(top,'|(%d+_%d+)$') or '0_0')~=f[6] then return {'damaged'} end
end
)lua";

/// The same beside clients that know no control record: what they did is adopted. Only our own changes are counted.
inline constexpr std::string_view open_adopted = R"lua(
local raw
if ARGV[1]=='' then local t=call('TIME') raw=t[1]*1000+math.floor(t[2]/1000) else raw=max(0,ARGV[1]+0) end
local f=call('HMGET',C,'last','closed','cleared','gen','forgotten','stop','clk','mono','n','ns','pend','rev'{extra})
local n,ns=call('ZCARD',D),call('ZCARD',S)
local members,snaps=n,ns
local fresh,lost=not f[1],false
local last,closed,cleared,gen,forgotten=id(f[1]),id(f[2]),id(f[3]),id(f[4]),id(f[5])
local clk,mono,pend=(f[7] or raw)+0,(f[8] or raw)+0,f[11] or ''
if fresh then mono=raw else mono=mono+max(0,raw-clk) end
local adopted,top,stop=true,false,0
if ns>0 then top=call('ZREVRANGE',S,0,0)[1] stop=member_id(top) end
if fresh and (n>0 or ns>0) then cleared,fresh=stop,false end
local rev=(f[12] or 0)+0
last=max(last,stop)
if n>0 then last=max(last,member_id(call('ZREVRANGE',D,0,0)[1])) end
if rev<ARGV[2]+0 then return {'regressed',rev} end
)lua";

/// Writing the control record. `free`: a server whose memory is full refuses the first write of a script that may take memory, and no later
/// one; what makes room, or closes what a reader relies on, begins with a write that takes none.
inline constexpr std::string_view store = R"lua(
local function free() call('HDEL',C,'') end
local function store()
  free()
  rev=rev+1
  call('HSET',C,'rev',rev,'last',str(last),'closed',str(closed),'cleared',str(cleared),'gen',str(gen),'forgotten',str(forgotten),
       'stop',str(stop),'clk',raw,'mono',mono,'n',n,'ns',ns)
  if pend~='' then call('HSET',C,'pend',pend) else call('HDEL',C,'pend') end
end
local function keep_step_back()
  if not fresh and raw<clk then free() call('HSET',C,'clk',raw,'mono',mono) end
end
local function chunked(command,key,args)
  for i=1,#args,4000 do call(command,key,unpack(args,i,math.min(i+3999,#args))) end
end
)lua";

/// The reservations of this client's kind: `starts` their first ids in order, `reservation` one of them.
inline constexpr std::string_view reservations_own = R"lua(
local function recorded(m) return call('HGET',C,'s:'..match(m,'|(%d+_%d+)$')) or '' end
local function starts(from)
  local t={}
  for s in string.gmatch(pend,'=(%d+_%d+)') do t[#t+1]=s end
  return t
end
local function reservation(s)
  local stamp,token,count=match(call('HGET',C,'p:'..s),'^(%-?%d+)|(%x+)|[%d_]+|(%d+)$')
  local first=id(s)
  return {name=s,first=first,last=run_last(first,count+0),stamp=stamp+0,token=token,count=count+0}
end
)lua";

/// The same beside clients whose pending members have no record: their age is that of their id.
inline constexpr std::string_view reservations_all = R"lua(
local function recorded(m)
  local start,v=match(m,'^snap|([%d_]+)|(%d+_%d+)$')
  return call('HGET',C,'s:'..v) or fmt('%s|0_0|%s000|0|0000000000000000',start,match(v,'^%d+'))
end
local function dropped() return call('HINCRBY',C,'dropped',1)%999999+1 end
local function starts(from)
  local t,covered={},0
  for _,m in ipairs(call('ZRANGEBYSCORE',D,from and '('..score(from) or '-inf','+inf')) do
    if sub(m,1,8)=='pending|' then
      local v=member_id(m)
      if v>covered then
        t[#t+1]=str(v)
        local p=call('HGET',C,'p:'..str(v))
        covered=p and run_last(v,match(p,'|(%d+)$')+0) or v
      end
    end
  end
  return t
end
local function reservation(s)
  local first,p=id(s),call('HGET',C,'p:'..s)
  if not p then
    return {name=s,first=first,last=first,stamp=mono-(raw-(first-first%M)/M*1000),token='00000000000000000000000000000000',count=1}
  end
  local stamp,token,count=match(p,'^(%-?%d+)|(%x+)|[%d_]+|(%d+)$')
  return {name=s,first=first,last=run_last(first,count+0),stamp=stamp+0,token=token,count=count+0}
end
)lua";

/// Who is live, and what `E` is; killing; the newest delta and snapshots.
inline constexpr std::string_view log = R"lua(
local timeout=ARGV[3]+0
local function live(r) return r.first>closed and mono-r.stamp<timeout end
local function scan(bound)
  local expired=0
  local all=starts(stop)
  for i,s in ipairs(all) do
    if id(s)>bound then break end
    -- What ends before a closed id is closed: neither live, nor news to E.
    if not all[i+1] or id(all[i+1])>closed then
      local r=reservation(s)
      if live(r) then return r,expired end
      expired=math.min(r.last,bound)
    end
  end
  return false,expired
end
local function drop(r)
  call('HDEL',C,'p:'..r.name)
  local s,e=string.find(pend,' '..r.token..'='..r.name,1,true)
  if s then pend=sub(pend,1,s-1)..sub(pend,e+1) end
end
local function kill(r)
  local gone,dead=call('ZRANGEBYSCORE',D,score(r.first),score(r.last)),{}
  for _,m in ipairs(gone) do
    dead[#dead+1]='x:'..match(m,'|(%d+_%d+)$')
    dead[#dead+1]=sub(m,15,15)..fmt('|%.0f',mono)
  end
  chunked('ZREM',D,gone)
  chunked('HSET',C,dead)
  drop(r)
  n=n-#gone
end
local function newest_delta(upper)
  local from=0
  while true do
    local some=call('ZREVRANGEBYSCORE',D,upper,'-inf','LIMIT',from,32)
    for _,m in ipairs(some) do
      if sub(m,1,8)~='pending|' then return member_id(m) end
    end
    if #some<32 then return 0 end
    from=from+32
  end
end
local function newest_snapshot(bound)
  if top and stop<=bound then return top,stop end
  if not top then return false,0 end
  local m=call('ZREVRANGEBYSCORE',S,score(bound),'-inf','LIMIT',0,1)[1]
  if m then return m,member_id(m) end
  return false,0
end
local function emptied()
  if cleared==0 then return 0 end
  local _,cut=newest_snapshot(cleared)
  if cut==cleared then return 0 end
  return cleared
end
local function snapshot(m) return {m,recorded(m)} end
)lua";

/// Fresh ids: above all that was issued, seen or closed.
inline constexpr std::string_view fresh_ids = R"lua(
local outside=false
local function fresh_id()
  local floor=max(last,stop,gen,closed)
  if members>0 then floor=max(floor,member_id(call('ZREVRANGE',D,0,0)[1])) end
  return max(math.floor(raw/1000)*M+1,after(floor))
end
local function fresh_run(count,borrow)
  local first=fresh_id()
  local final=run_last(first,count)
  local second=(final-final%M)/M
  if second>8589934591 or second*1000>mono+borrow then return false end
  return first,final
end
local function announce(first,final) end
)lua";

/// The same beside clients that count the seqids of a second in a key: KEYS from 4 on are the counters of the seconds from ARGV[4] on.
/// Answers `window` and the second where the ids lie outside.
inline constexpr std::string_view fresh_ids_counted = R"lua(
local window,seconds=ARGV[4]+0,#KEYS-3
local function counter(second)
  local at=second-window
  if at<0 or at>=seconds then return nil end
  return KEYS[4+at]
end
local outside=false
local function fresh_id()
  local first=max(math.floor(raw/1000)*M+1,after(max(last,stop,gen,closed)))
  while true do
    local second=(first-first%M)/M
    local key=counter(second)
    if not key then outside=second return first end
    local taken=math.min((call('GET',key) or 0)+0,999999)
    if first%M>taken then return first end
    first=after(second*M+taken)
  end
end
local function fresh_run(count,borrow)
  local first=fresh_id()
  local final=run_last(first,count)
  local second=(final-final%M)/M
  if second>8589934591 or second*1000>mono+borrow then outside=false return false end
  if not outside and not counter(second) then outside=second end
  return first,final
end
local function announce(first,final)
  local second,now=(first-first%M)/M,math.floor(raw/1000)
  local till=(final-final%M)/M
  while second<=till do
    local key=counter(second)
    if key then call('SET',key,second==till and final%M or 999999,'EX',max(0,second-now)+5) end
    second=second+1
  end
end
)lua";

/// All records of one kind in the control hash, as (name behind the colon, value), in id order.
inline constexpr std::string_view records = R"lua(
local kinds={x={},r={},g={},f={},d={}}
local all=call('HGETALL',C)
for i=1,#all,2 do
  local kind=kinds[match(all[i],'^(%a):') or '']
  if kind then kind[#kind+1]={v=id(sub(all[i],3)),name=sub(all[i],3),value=all[i+1]} end
end
for _,kind in pairs(kinds) do table.sort(kind,function(a,b) return a.v<b.v end) end
local function merge_and_mono(value) local m,t=match(value,'^(%d)|(%-?%d+)$') return m,t+0 end
local function mono_and_path(value) local t,p=match(value,'^(%-?%d+)|(.*)$') return t+0,p end
)lua";

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua

#endif  // LAKE_INDEX_REDIS_LUA_SHARED_HPP
