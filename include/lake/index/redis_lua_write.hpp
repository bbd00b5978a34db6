// reserve, commit and rollback as Lua: what protocol/rules_write.hpp says in C++.
// Format of keys, arguments and answers: index/redis_scripts.hpp, which puts the pieces together.
#ifndef LAKE_INDEX_REDIS_LUA_WRITE_HPP
#define LAKE_INDEX_REDIS_LUA_WRITE_HPP

#include <lake/config.hpp>

#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua {

/// The usual reservation: one member, no `expected`, a control record that agrees with the log, nothing unusual with the clock. It comes before
/// all definitions, whose closures would cost as much as itself. It has an effect and answers, or has none and is as if it were not there.
inline constexpr std::string_view quick_reserve = R"lua(
local call,match,find,fmt=redis.call,string.match,string.find,string.format
while ARGV[7]=='' and ARGV[8]=='1' do
  local D,S,C,token=KEYS[1],KEYS[2],KEYS[3],ARGV[6]
  local f=call('HMGET',C,'last','stop','clk','mono','n','ns','pend','rev')
  local ts,seq=match(f[1] or '','^(%d+)_(%d+)$')
  if not ts or f[5]+0~=call('ZCARD',D) or f[6]+0~=call('ZCARD',S) then break end
  local top=f[6]=='0' and '0_0' or match(call('ZREVRANGE',S,0,0)[1],'|(%d+_%d+)$')
  local pend=f[7] or ''
  if top~=f[2] or pend~='' and find(pend,' '..token..'=',1,true) then break end
  ts,seq=ts+0,seq+0
  local rev=(f[8] or 0)+1
  if rev<=ARGV[2]+0 or seq==999999 then break end
  if f[5]~='0' then
    local a,b=match(call('ZREVRANGE',D,0,0)[1],'.*|(%d+)_(%d+)$')
    if a*1000000+b>ts*1000000+seq then break end
  end
  local clk,mono,second,now=f[3],f[4]
  if ARGV[1]=='' then
    local t=call('TIME')
    second,now=t[1]+0,t[1]..fmt('%03d',math.floor(t[2]/1000))
  else
    now=ARGV[1]
    second=math.floor(now/1000)
  end
  local ahead=now-clk
  if ahead<0 or second<0 then break end
  mono=clk==mono and now or fmt('%.0f',mono+ahead)
  if second>ts then ts,seq=second,1 else seq=seq+1 end
  if ts*1000>mono+ARGV[5] or ts>8589934591 then break end
  local text=fmt('%.0f',ts)
  local name=text..'_'..seq
  call('ZADD',D,text..fmt('.%06d',seq),'pending|delta|'..ARGV[9]..'|'..name)
  call('HSET',C,'last',name,'clk',now,'mono',mono,'n',fmt('%d',f[5]+1),'pend',pend..' '..token..'='..name,
       'rev',rev,'p:'..name,mono..'|'..token..'|'..name..'|1')
  return {'reserved',ts*1000000+seq,1,rev}
end
)lua";

/// The usual commit: one member that is live and ours, no `expected`, no meta. As `quick_reserve`.
inline constexpr std::string_view quick_commit = R"lua(
local call,match,find,fmt=redis.call,string.match,string.find,string.format
while ARGV[7]=='1' and ARGV[9]=='' and #ARGV==11 do
  local D,S,C,token,name=KEYS[1],KEYS[2],KEYS[3],ARGV[8],ARGV[6]
  local f=call('HMGET',C,'last','stop','clk','mono','n','ns','pend','closed','p:'..name,'rev')
  local stamp,held,count=match(f[9] or '','^(%d+)|(%x+)|[%d_]+|(%d+)$')
  if held~=token or count~='1' or not f[1] or f[5]+0~=call('ZCARD',D) or f[6]+0~=call('ZCARD',S) then break end
  local top=f[6]=='0' and '0_0' or match(call('ZREVRANGE',S,0,0)[1],'|(%d+_%d+)$')
  local v=ARGV[4]+0
  local function below(t) local a,b=match(t,'^(%d+)_(%d+)$') return a*1000000+b<v end
  local rev=(f[10] or 0)+1
  if top~=f[2] or rev<=ARGV[2]+0 then break end
  if f[2]~='0_0' and not below(f[2]) or f[8]~='0_0' and not below(f[8]) then break end
  local clk,mono,now=f[3],f[4]
  if ARGV[1]=='' then
    local t=call('TIME')
    now=t[1]..fmt('%03d',math.floor(t[2]/1000))
  else
    now=ARGV[1]
  end
  local ahead=now-clk
  if ahead<0 then break end
  mono=clk==mono and now or fmt('%.0f',mono+ahead)
  if mono-stamp>=ARGV[3]+0 then break end
  local found=call('ZRANGEBYSCORE',D,ARGV[10],ARGV[10])
  if #found~=1 or string.sub(found[1],1,8)~='pending|' then break end
  call('ZREM',D,found[1])
  call('ZADD',D,ARGV[10],string.sub(found[1],9))
  local pend,entry=f[7],' '..token..'='..name
  if pend==entry then
    call('HDEL',C,'p:'..name,'pend')
    call('HSET',C,'clk',now,'mono',mono,'rev',rev)
  else
    local s,e=find(pend,entry,1,true)
    call('HDEL',C,'p:'..name)
    call('HSET',C,'clk',now,'mono',mono,'rev',rev,'pend',string.sub(pend,1,s-1)..string.sub(pend,e+1))
  end
  return {'committed',rev}
end
)lua";

/// reserve. ARGV 5 borrow, 6 token, 7 expected or empty, 8 count, from 9 "{merge}|{path}" of each member.
inline constexpr std::string_view reserve = R"lua(
local token,k=ARGV[6],ARGV[8]+0
if lost then return {'lost'} end
if pend~='' then
  local s,e=string.find(pend,' '..token..'=',1,true)
  if s then
    local first=match(pend,'^%d+_%d+',e+1)
    return {'repeated',id(first),match(call('HGET',C,'p:'..first),'|(%d+)$')+0,rev}
  end
end
local expired=0
if ARGV[7]~='' then
  local want,newest=ARGV[7]+0,newest_delta('+inf')
  local version=max(newest,stop,gen)
  if want==0 and newest+stop>0 or want>0 and want~=version then return {'conflict',version} end
  local r
  r,expired=scan(math.huge)
  if r then keep_step_back() return {'blocked',r.first,mono-r.stamp} end
end
local first,final=fresh_run(k,ARGV[5]+0)
if outside then return {'window',outside} end
if not first then return {'overflow'} end
announce(first,final)
local name=str(first)
last,n=final,n+k
pend=pend..' '..token..'='..name
if k==1 then
  call('ZADD',D,score(first),'pending|delta|'..ARGV[9]..'|'..name)
else
  local pairs,at={},first
  for i=1,k do
    pairs[#pairs+1]=score(at)
    pairs[#pairs+1]='pending|delta|'..ARGV[8+i]..'|'..str(at)
    at=after(at)
  end
  chunked('ZADD',D,pairs)
end
local record=fmt('%.0f|%s|%s|%.0f',mono,token,name,k)
if fresh or expired>closed or adopted then
  closed=max(closed,expired)
  store()
  call('HSET',C,'p:'..name,record)
else
  rev=rev+1
  call('HSET',C,'last',k==1 and name or str(final),'clk',raw,'mono',mono,'n',n,'rev',rev,'pend',pend,'p:'..name,record)
end
return {'reserved',first,k,rev}
)lua";

/// What became of a run of ids: checks 2 to 4 of commit and rollback. ARGV 4 first, 5 last, 6 first as text, 7 count, 8 token.
/// Leaves the reservation in `run`, or answers.
inline constexpr std::string_view find_run = R"lua(
if lost then return {'lost'} end
local first,final,k,token=ARGV[4]+0,ARGV[5]+0,ARGV[7]+0,ARGV[8]
if final>last then return {'unknown',rev} end
local run=false
local stamp,held,count=match(f[13] or '','^(%-?%d+)|(%x+)|[%d_]+|(%d+)$')
if held==token and count+0==k then
  run={name=ARGV[6],first=first,last=final,stamp=stamp+0,token=token,count=k}
else
  local pending,orphans=0,{}
  local function place(v) local s=v%M return (v-s)/M*999999+s end
  for _,s in ipairs(starts()) do
    local r=reservation(s)
    if r.first>final then break end
    if r.last>=first then
      pending=pending+place(math.min(r.last,final))-place(max(r.first,first))+1
      if r.token=='00000000000000000000000000000000' and r.first>=first and r.last<=final then orphans[#orphans+1]=r end
    end
  end
  if pending==0 then
    local function any(kind)
      local at=first
      for i=1,k,1000 do
        local names={}
        for _=i,math.min(i+999,k) do names[#names+1]=kind..str(at) at=after(at) end
        for _,v in ipairs(call('HMGET',C,unpack(names))) do if v then return true end end
      end
      return false
    end
    if any('x:') then return {'killed',rev} end
    if call('ZCOUNT',D,score(first),score(final))>0 or any('r:') or first>forgotten then return {'committed',rev} end
    return {'unknown',rev}
  end
  if pending<k then return {'split'} end
  if #orphans~=k or final>closed then return {'unknown',rev} end
  for _,r in ipairs(orphans) do kill(r) end
  store()
  return {'killed',rev}
end
)lua";

/// commit. ARGV 9 expected or empty, 10 and 11 the scores of first and last, from 12 on meta keys and values. KEYS 4 meta, where there is meta.
inline constexpr std::string_view commit = R"lua(
local meta=#ARGV>11
{check meta}
if first<=stop or not live(run) then kill(run) store() return {'killed',rev} end
if ARGV[9]~='' then
  local want,below=ARGV[9]+0,newest_delta('('..ARGV[10])
  local version=max(below,stop,gen)
  if want==0 and below+stop>0 or want>0 and want~=version then kill(run) store() return {'conflict',version,rev} end
end
local found=call('ZRANGEBYSCORE',D,ARGV[10],ARGV[11],'WITHSCORES')
if #found~=2*k then return {'damaged'} end
for i=1,#found,2 do if sub(found[i],1,8)~='pending|' then return {'damaged'} end end
if k==1 then
  call('ZREM',D,found[1])
  call('ZADD',D,found[2],sub(found[1],9))
else
  local gone,pairs={},{}
  for i=1,#found,2 do
    gone[#gone+1]=found[i]
    pairs[#pairs+1]=found[i+1]
    pairs[#pairs+1]=sub(found[i],9)
  end
  chunked('ZREM',D,gone)
  chunked('ZADD',D,pairs)
end
local s,e=string.find(pend,' '..token..'='..ARGV[6],1,true)
pend=sub(pend,1,s-1)..sub(pend,e+1)
if pend=='' then
  call('HDEL',C,'p:'..ARGV[6],'pend')
else
  call('HDEL',C,'p:'..ARGV[6])
  call('HSET',C,'pend',pend)
end
rev=rev+1
call('HSET',C,'clk',raw,'mono',mono,'rev',rev)
{write meta}
return {'committed',rev}
)lua";

/// Meta as a hash: what may fail is asked first; a key that a later id has set stays.
inline constexpr std::string_view check_meta = R"lua(
local setters={}
if meta then
  call('HLEN',KEYS[4])
  for i=12,#ARGV,2 do setters[i]=id(call('HGET',C,'m:'..ARGV[i])) end
end
)lua";
inline constexpr std::string_view write_meta = R"lua(
for i=12,#ARGV,2 do
  if setters[i]<=first then
    call('HSET',KEYS[4],ARGV[i],ARGV[i+1])
    call('HSET',C,'m:'..ARGV[i],ARGV[6])
  end
end
)lua";

/// Meta as one JSON text, which the client merges: ARGV 12 is the number of keys, then the keys, then, from the second try on, the text
/// and the setters (joined by a blank) that the client has seen, and the new text. Lua's own JSON would damage numbers.
inline constexpr std::string_view check_text_meta = R"lua(
local keys,setters={},{}
if meta then
  for i=1,ARGV[12] do
    keys[i]='m:'..ARGV[12+i]
    setters[i]=call('HGET',C,keys[i]) or '0_0'
    if not match(setters[i],'^%d+_%d+$') then return {'damaged'} end
  end
  local current,at=call('GET',KEYS[4]) or '',ARGV[12]+13
  if not ARGV[at+2] or ARGV[at]~=current or ARGV[at+1]~=table.concat(setters,' ') then return {'meta',current,setters} end
end
)lua";
inline constexpr std::string_view write_text_meta = R"lua(
if meta then
  call('SET',KEYS[4],ARGV[#ARGV])
  for i=1,#keys do if id(setters[i])<=first then call('HSET',C,keys[i],ARGV[6]) end end
end
)lua";

inline constexpr std::string_view rollback = R"lua(
kill(run)
store()
return {'killed',rev}
)lua";

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail::lua

#endif  // LAKE_INDEX_REDIS_LUA_WRITE_HPP
