// The primitives of the index protocol as Lua: one script each, which checks everything that can fail before its first effect. Knows no
// connection. Longer than 500 lines, because the scripts share their beginning and are read beside one another, as protocol/rules*.hpp are.
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

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

namespace lua {

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

/// store_sample. KEYS 1 sample. ARGV 1 indicator, 2 score in 17 digits. Stands alone.
inline constexpr std::string_view store_sample = R"lua(
local kept=redis.call('ZSCORE',KEYS[1],ARGV[1])
if kept and kept+0>=ARGV[2]+0 then return kept end
redis.call('ZADD',KEYS[1],ARGV[2],ARGV[1])
return ARGV[2]
)lua";

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
