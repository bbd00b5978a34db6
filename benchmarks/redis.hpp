// The least that a program must do to write to and read from a Redis index: bare hiredis, one connection, the very scripts of the index,
// or scripts that do nothing but move a member. No pool, no deadline, no repeats, no checks, no bodies.
#ifndef BENCHMARKS_REDIS_HPP
#define BENCHMARKS_REDIS_HPP

#include <lake/index/redis_request.hpp>
#include <lake/index/redis_scripts.hpp>
#include <lake/layout/documented.hpp>
#include <lake/protocol/types.hpp>

#include <hiredis/hiredis.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The words of one command, in buffers that are used again. Confined.
class bare_command {
 public:
  void begin() { buffer_.clear(), ends_.clear(); }
  bare_command& word(std::string_view text) {
    buffer_ += text;
    ends_.push_back(buffer_.size());
    return *this;
  }
  bare_command& number(std::int64_t value) { return word(std::to_string(value)); }
  /// Adds the command to what the connection will send.
  void append_to(redisContext& to) {
    starts_.clear(), lengths_.clear();
    std::size_t from = 0;
    for (const std::size_t end : ends_) {
      starts_.push_back(buffer_.data() + from);
      lengths_.push_back(end - from);
      from = end;
    }
    redisAppendCommandArgv(&to, static_cast<int>(starts_.size()), starts_.data(), lengths_.data());
  }

 private:
  std::string buffer_;
  std::vector<std::size_t> ends_;
  std::vector<const char*> starts_;
  std::vector<std::size_t> lengths_;
};

using bare_reply = std::unique_ptr<redisReply, void (*)(void*)>;

/// What a catalog's scripts are given as keys.
struct bare_catalog {
  bare_catalog(std::string_view prefix, std::string_view name)
      : keys{lake::layout::documented::index_key(prefix, lake::layout::index_part::delta, name),
             lake::layout::documented::index_key(prefix, lake::layout::index_part::snap, name),
             lake::layout::documented::index_key(prefix, lake::layout::index_part::ctl, name)} {}
  std::array<std::string, 3> keys;
};

/// One connection. Throws std::runtime_error at the first answer that is not what it should be. Confined.
class bare_redis {
 public:
  /// `number`: another for each connection; reservations are told apart by it.
  bare_redis(int port, std::size_t number) : number_(number), context_(redisConnect("127.0.0.1", port), redisFree) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error("hiredis does not connect");
    const lake::detail::redis_scripts& scripts = lake::detail::redis_scripts::of(lake::detail::redis_dialect::own);
    for (const lake::detail::redis_script* each : {&scripts.reserve, &scripts.commit, &scripts.view}) load(each->source());
    reserve_ = scripts.reserve.sha();
    commit_ = scripts.commit.sha();
    view_ = scripts.view.sha();
    add_ = load("redis.call('ZADD',KEYS[1],ARGV[1],ARGV[2])");
    move_ = load("redis.call('ZREM',KEYS[1],ARGV[1]) redis.call('ZADD',KEYS[1],ARGV[2],ARGV[3])");
  }

  /// Reserves and commits one run of `count` ids in each catalog: each phase a pipeline over all of them.
  void write(std::span<const bare_catalog* const> to, std::size_t count) {
    for (const bare_catalog* each : to) reserve(*each, count);
    firsts_.clear();
    for (std::size_t i = 0; i < to.size(); ++i) {
      const bare_reply reply = answer();
      if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2) throw std::runtime_error("no ids were reserved");
      firsts_.push_back(reply->element[1]->integer);
    }
    for (std::size_t i = 0; i < to.size(); ++i) commit(*to[i], firsts_[i], count, next_token_ - to.size() + i);
    for (std::size_t i = 0; i < to.size(); ++i) {
      const bare_reply reply = answer();
      if (reply->type != REDIS_REPLY_ARRAY || std::string_view(reply->element[0]->str) != "committed") throw std::runtime_error("not committed");
    }
  }
  /// Adds a member and moves it: what no index of two phases can do without.
  void write_minimal(const bare_catalog& to) {
    const std::string id = std::to_string(++last_);
    const std::string member = "delta|1|/user|1700000000_" + id;
    const std::string pending = "pending|" + member;
    command_.begin();
    command_.word("EVALSHA").word(add_).word("1").word(to.keys[0]).word(id).word(pending).append_to(*context_);
    answer();
    command_.begin();
    command_.word("EVALSHA").word(move_).word("1").word(to.keys[0]).word(pending).word(id).word(member).append_to(*context_);
    answer();
  }
  /// What `list` asks; the number of deltas in the answer.
  std::size_t view(const bare_catalog& of) {
    begin_script(view_, of);
    command_.word("fail").word("").word("").word("100000").append_to(*context_);
    const bare_reply reply = answer();
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 9) throw std::runtime_error("no view");
    return reply->element[8]->elements / 2;
  }

 private:
  std::string load(std::string_view source) {
    command_.begin();
    command_.word("SCRIPT").word("LOAD").word(source).append_to(*context_);
    return answer()->str;
  }
  bare_reply answer() {
    void* made = nullptr;
    if (redisGetReply(context_.get(), &made) != REDIS_OK) throw std::runtime_error("hiredis: " + std::string(context_->errstr));
    bare_reply reply(static_cast<redisReply*>(made), freeReplyObject);
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(reply->str);
    return reply;
  }
  void begin_script(std::string_view sha, const bare_catalog& of) {
    command_.begin();
    command_.word("EVALSHA").word(sha).word("3").word(of.keys[0]).word(of.keys[1]).word(of.keys[2]).word("").word("0").word("120000");
  }
  [[nodiscard]] std::string token(std::size_t number) const {
    std::string digits = std::to_string(number_) + 'f' + std::to_string(number);
    return std::string(32 - digits.size(), '0') + digits;
  }
  void reserve(const bare_catalog& to, std::size_t count) {
    begin_script(reserve_, to);
    command_.word("0").word("5000").word(token(next_token_++)).word("").number(static_cast<std::int64_t>(count));
    for (std::size_t i = 0; i < count; ++i) command_.word("1|/user");
    command_.append_to(*context_);
  }
  void commit(const bare_catalog& to, std::int64_t first, std::size_t count, std::size_t number) {
    const lake::id_run run{lake::detail::redis_id(first), static_cast<std::uint32_t>(count)};
    std::string first_score;
    std::string last_score;
    lake::detail::append_score(first_score, run.first);
    lake::detail::append_score(last_score, run.last());
    begin_script(commit_, to);
    command_.number(first).number(lake::detail::redis_number(run.last())).word(run.first.to_string()).number(static_cast<std::int64_t>(count));
    command_.word(token(number)).word("").word(first_score).word(last_score).append_to(*context_);
  }

  std::size_t number_;
  std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
  std::string reserve_, commit_, view_, add_, move_;
  bare_command command_;
  std::vector<std::int64_t> firsts_;
  std::size_t next_token_ = 1;
  std::size_t last_ = 0;
};

}  // namespace bench

#endif  // BENCHMARKS_REDIS_HPP
