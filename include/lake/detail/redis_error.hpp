// What an error reply of Redis means: which kind of error it is, and what may be done about it. Pure; knows no connection.
// Source: the error codes of Redis 5 to 7.2 (redis.io/docs/reference/protocol-spec, "Simple errors"), and the cluster specification.
#ifndef LAKE_DETAIL_REDIS_ERROR_HPP
#define LAKE_DETAIL_REDIS_ERROR_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The steps of an operation on Redis, as `lake::error::operation` names them.
inline constexpr std::string_view redis_queueing = "redis.wait";       ///< All connections were in use; nothing was sent.
inline constexpr std::string_view redis_connecting = "redis.connect";  ///< Nothing was sent.
inline constexpr std::string_view redis_sending = "redis.send";        ///< The request did not leave whole: it was not carried out.
inline constexpr std::string_view redis_awaiting = "redis.answer";     ///< The request left whole, its answer did not come.
inline constexpr std::string_view redis_answered = "redis.reply";      ///< The server answered with an error.

/// True where the request may have been carried out although it failed: its answer was lost.
[[nodiscard]] inline bool may_have_happened(const lake::error& failed) noexcept { return failed.operation == redis_awaiting; }

/// What the client may do about an error reply.
enum class redis_remedy : std::uint8_t {
  none,   ///< Tell the caller.
  wait,   ///< Nothing was done: repeat after a pause.
  stray,  ///< Nothing was done, and another server may do it: look for that, then repeat.
  leave,  ///< The server is not the one to write to: leave it; repeat elsewhere where there is one.
  load,   ///< The server does not have the script: send its text.
  whole,  ///< The user may not use EVALSHA: send texts from now on.
  move,   ///< A cluster: the slot lives elsewhere.
  ask,    ///< A cluster: the key has moved already, its slot has not.
};

struct redis_verdict {
  errc code = errc::io;
  redis_remedy remedy = redis_remedy::none;
  std::string_view advice = {};  ///< What the user can do; may be empty.
};

/// True if the message tells of an error raised while a script ran: some of its commands may have been carried out.
[[nodiscard]] inline bool came_from_script(std::string_view message) noexcept {
  return message.find("user_script") != std::string_view::npos || message.find("running script") != std::string_view::npos ||
         message.find(" script: ") != std::string_view::npos;
}

/// What the first word of an error reply says.
[[nodiscard]] inline std::optional<redis_verdict> judge_redis_code(std::string_view code) noexcept {
  struct known {
    std::string_view code;
    redis_verdict verdict;
  };
  using enum redis_remedy;
  constexpr known all[] = {
      {"NOSCRIPT", {errc::unavailable, load, {}}},
      {"MOVED", {errc::configuration, move, "this server belongs to a cluster: use redis+cluster://"}},
      {"ASK", {errc::configuration, ask, "this server belongs to a cluster: use redis+cluster://"}},
      {"CROSSSLOT", {errc::configuration, none, "in a cluster all keys of a call share a slot: use layout::cluster"}},
      {"TRYAGAIN", {errc::unavailable, wait, {}}},
      {"CLUSTERDOWN", {errc::unavailable, wait, {}}},
      {"LOADING", {errc::unavailable, wait, {}}},
      {"BUSY", {errc::unavailable, wait, {}}},
      {"MASTERDOWN", {errc::unavailable, stray, {}}},
      {"READONLY", {errc::unavailable, leave, "it is a replica, or was made one"}},
      {"OOM", {errc::unavailable, none, "it is full: its maxmemory must be raised, or something removed"}},
      {"MISCONF", {errc::unavailable, none, "it cannot save its data: see its log"}},
      {"NOREPLICAS", {errc::unavailable, none, "fewer replicas are there than min-replicas-to-write asks for"}},
      {"NOAUTH", {errc::access_denied, none, "it wants a password"}},
      {"WRONGPASS", {errc::access_denied, none, "the user or the password is wrong"}},
      {"NOPERM", {errc::access_denied, none, "the user's ACL does not permit it"}},
      {"DENIED", {errc::access_denied, none, "it takes local connections only"}},
      {"WRONGTYPE", {errc::corrupt_index, none, "a key holds something that is not ours"}},
      {"EXECABORT", {errc::unsupported, none, {}}},
      {"NOPROTO", {errc::unsupported, none, {}}},
  };
  for (const known& one : all) {
    if (one.code == code) return one.verdict;
  }
  return std::nullopt;
}

/// What an error reply says. An error raised inside a script is never a reason to send the call again.
[[nodiscard]] inline redis_verdict judge_redis(std::string_view message) noexcept {
  const bool inside = came_from_script(message);
  const bool generic = message.starts_with("ERR ");
  std::string_view told = generic ? message.substr(4) : message;
  const std::string_view code = told.substr(0, told.find(' '));
  redis_verdict verdict;
  if (!generic || code == "NOSCRIPT") verdict = judge_redis_code(code).value_or(verdict);
  if (generic && !inside) {
    if (told.starts_with("unknown command") || told.starts_with("unknown subcommand") || told.starts_with("Unknown subcommand")) {
      verdict = {errc::unsupported, redis_remedy::none, {}};
    } else if (told.starts_with("max number of clients")) {
      verdict = {errc::unavailable, redis_remedy::wait, "its maxclients is reached"};
    }
  }
  if (code == "NOPERM" && !inside &&
      (message.find("evalsha") != std::string_view::npos || message.find("EVALSHA") != std::string_view::npos)) {
    verdict.remedy = redis_remedy::whole;
  }
  // To leave a replica is not to repeat: the caller of this decides about that.
  if (inside && verdict.remedy != redis_remedy::leave) verdict.remedy = redis_remedy::none;
  return verdict;
}

/// A server's message as shown: at most 300 bytes, control bytes as `\xNN`.
[[nodiscard]] inline std::string shown_redis_message(std::string_view message) {
  constexpr std::size_t most = 300;
  std::string out;
  append_shown(out, message.substr(0, most));
  if (message.size() > most) out += "...";
  return out;
}

/// The error of an error reply. `server`: its address.
[[nodiscard]] inline lake::error redis_refusal(std::string_view server, std::string_view message, const redis_verdict& verdict) {
  std::string told = "Redis answers \"" + shown_redis_message(message) + "\"";
  if (!verdict.advice.empty()) told.append(": ").append(verdict.advice);
  return lake::error{verdict.code, std::string(redis_answered), std::string(server), std::move(told)};
}

/// Where a MOVED or ASK points.
struct redis_redirect {
  std::uint16_t slot = 0;
  std::string host = {};  ///< Empty: the host that was asked.
  std::uint16_t port = 0;
};

/// The parts of "MOVED 3999 127.0.0.1:6381" or "ASK …", or nothing. The host may be empty, "?", a name, or IPv6 without brackets.
[[nodiscard]] inline std::optional<redis_redirect> parse_redirect(std::string_view message) {
  const std::size_t first = message.find(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = message.find(' ', first + 1);
  const std::size_t colon = message.rfind(':');
  if (second == std::string_view::npos || colon == std::string_view::npos || colon < second) return std::nullopt;
  const auto slot = pure::parse_decimal<std::uint16_t>(message.substr(first + 1, second - first - 1));
  const auto port = pure::parse_decimal<std::uint16_t>(message.substr(colon + 1));
  if (!slot || *slot >= 16384 || !port || *port == 0) return std::nullopt;
  const std::string_view host = message.substr(second + 1, colon - second - 1);
  if (host.find(' ') != std::string_view::npos) return std::nullopt;
  return redis_redirect{*slot, host == "?" ? std::string() : std::string(host), *port};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_ERROR_HPP
