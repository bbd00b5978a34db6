// What is sent to Redis: a script with its keys and arguments, or a plain command. Plain data; knows no connection.
#ifndef LAKE_DETAIL_REDIS_CALL_HPP
#define LAKE_DETAIL_REDIS_CALL_HPP

#include <lake/config.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/sha1.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A Lua script and its SHA-1, by which EVALSHA names it. Immutable.
class redis_script {
 public:
  explicit redis_script(std::string source) : source_(std::move(source)) {
    pure::sha1_state state;
    state.update(source_);
    sha_ = pure::hex(state.digest());
  }
  [[nodiscard]] std::string_view source() const noexcept { return source_; }
  [[nodiscard]] std::string_view sha() const noexcept { return sha_; }  ///< 40 lower-case hex digits.

 private:
  std::string source_;
  std::string sha_;
};

/// One request. Views valid for the call. Its first key says which node of a cluster it goes to.
struct redis_call {
  const redis_script* script = nullptr;           ///< Null: `args` is a whole command, its name first.
  std::span<const std::string_view> keys = {};    ///< KEYS of the script; of a command only a copy for routing, may be empty.
  std::span<const std::string_view> args = {};    ///< ARGV of the script, or the command.
  bool repeatable = true;                         ///< May be sent once more where the connection broke before its answer.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_CALL_HPP
