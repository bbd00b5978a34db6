// How the index in Redis is opened: its options, and what the servers say of themselves. Knows no script.
// Format: INFO, redis.io/commands/info.
#ifndef LAKE_INDEX_REDIS_CONNECT_HPP
#define LAKE_INDEX_REDIS_CONNECT_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/redis_options.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_client.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What must be sure before a body is deleted whose deletion the index has recorded: else a fail-over or a power cut could bring back a
/// reference to nothing. Waited for by `clear_history`, `remove_delta` and `remove_catalog`, never by a write or a read.
struct redis_barrier {
  std::optional<std::size_t> replicas = {};  ///< How many replicas have it (WAIT); empty: as many as are connected.
  bool fsync = true;                         ///< Where the server keeps an append-only file: it is on disk (WAITAOF; before 7.2: two seconds).
  std::chrono::milliseconds timeout{3'000};  ///< Then errc::unavailable: nothing is deleted, the call may be repeated.
};

/// How to open an index in Redis.
struct redis_index_options {
  /// redis://[user:password@]host[:port][/db], rediss:// (TLS), unix:///path, redis+cluster://host:port,host:port (layout::cluster only),
  /// redis+sentinel://host:port,host:port/name-of-primary[/db].
  std::string url = "redis://127.0.0.1:6379";
  redis_options connection = {};
  redis_barrier barrier = {};
  /// Instead of the layout's prefix of keys: "lake" for data of v2 clients that were made with an injected storage.
  std::string prefix = {};
  /// A server that evicts loses catalogs without a word, so `connect` refuses one whose maxmemory-policy is allkeys-*. True: open it all the same.
  bool accept_eviction = false;
  /// Told what does not fail `connect`: the eviction policy is unknown, or evicts and was accepted. Called by `connect` only, on its thread.
  std::function<void(const lake::error&)> on_notice = {};
  /// Instead of the server's clock, from which ids and ages come. For tests.
  std::optional<clock_source> clock = {};
};

namespace detail {

/// What one server says of itself.
struct redis_server_info {
  std::string run_id;           ///< Another after each start; empty: not told.
  std::string replication_id;   ///< Another after each fail-over; empty: not told.
  std::string eviction_policy;  ///< Empty: not told.
  bool append_only = false;
  std::size_t replicas = 0;
};

/// The value of `name` in the text of INFO, or nothing.
[[nodiscard]] inline std::optional<std::string_view> info_field(std::string_view info, std::string_view name) {
  for (std::size_t at = info.find(name); at != std::string_view::npos; at = info.find(name, at + 1)) {
    const bool begins = at == 0 || info[at - 1] == '\n';
    if (!begins || !info.substr(at + name.size()).starts_with(':')) continue;
    const std::string_view value = info.substr(at + name.size() + 1);
    return value.substr(0, value.find_first_of("\r\n"));
  }
  return std::nullopt;
}

[[nodiscard]] inline redis_server_info read_info(std::string_view info) {
  redis_server_info out;
  out.run_id = info_field(info, "run_id").value_or("");
  out.replication_id = info_field(info, "master_replid").value_or("");
  out.eviction_policy = info_field(info, "maxmemory_policy").value_or("");
  out.append_only = info_field(info, "aof_enabled") == "1";
  out.replicas = pure::parse_decimal<std::size_t>(info_field(info, "connected_slaves").value_or("")).value_or(0);
  return out;
}

/// Asks one server; nothing told where INFO is forbidden, renamed or unknown. Errors: those of the connection.
template <class Node>
[[nodiscard]] result<redis_server_info> ask_info(const Node& node) {
  constexpr std::array<std::string_view, 1> info{"INFO"};
  const result<redis_reply> reply = node.run(redis_call{.args = info});
  if (reply) return read_info(reply->view().text());
  const errc code = reply.error().code;
  if (code != errc::access_denied && code != errc::unsupported && code != errc::io) return reply.error();
  redis_server_info untold;
  untold.append_only = true;  // As it may well be: whoever needs it on disk waits.
  return untold;
}

[[nodiscard]] inline result<std::vector<redis_server_info>> ask_all_servers(const redis_client& client) {
  std::vector<redis_server_info> all;
  const result<void> asked = client.for_each_primary([&](const auto& node) -> result<void> {
    result<redis_server_info> one = ask_info(node);
    if (!one) return std::move(one).error();
    all.push_back(*std::move(one));
    return {};
  });
  if (!asked) return asked.error();
  return all;
}

/// The policy of the server that is worst for an index: one that evicts, one that does not tell, one that keeps.
[[nodiscard]] inline std::string worst_eviction(const std::vector<redis_server_info>& servers) {
  std::string worst = servers.empty() ? "unknown" : "noeviction";
  for (const redis_server_info& one : servers) {
    if (one.eviction_policy.starts_with("allkeys-")) return one.eviction_policy;
    if (one.eviction_policy.empty()) worst = "unknown";
    else if (worst == "noeviction") worst = one.eviction_policy;
  }
  return worst;
}

/// Errors: configuration for a server that evicts any key, unless the options accept that. The hook hears of what was let through.
[[nodiscard]] inline result<void> check_eviction(const redis_index_options& options, const std::string& policy) {
  lake::error found{errc::configuration, "redis_index::connect", {}, {}};
  if (policy.starts_with("allkeys-")) {
    found.message = "the server's maxmemory-policy is " + policy +
                    ": it may drop any part of the index without a word; an index needs noeviction (or set accept_eviction)";
    if (!options.accept_eviction) return found;
  } else if (policy == "unknown") {
    found.message = "the server does not tell its maxmemory-policy (INFO is denied): make sure that it is noeviction";
  } else {
    return {};
  }
  if (options.on_notice) options.on_notice(found);
  return {};
}

/// Waits until the server has no sync of its append-only file under way. Errors: unavailable if that takes longer than `most`.
template <class Node>
[[nodiscard]] result<void> await_idle_disk(const Node& node, std::chrono::milliseconds most) {
  constexpr std::chrono::milliseconds between{10};
  constexpr std::array<std::string_view, 2> ask{"INFO", "persistence"};
  for (std::chrono::milliseconds waited{0};; waited += between) {
    const result<redis_reply> reply = node.run(redis_call{.args = ask});
    if (!reply) {
      const errc code = reply.error().code;
      if (code == errc::access_denied || code == errc::unsupported || code == errc::io) return {};  // as far as one can see
      return reply.error();
    }
    if (info_field(reply->view().text(), "aof_pending_bio_fsync").value_or("0") == "0") return {};
    if (waited >= most) {
      return lake::error{errc::unavailable, "index.barrier", {},
                         "the server's disk takes too long to sync the append-only file; nothing was deleted, repeat the call"};
    }
    std::this_thread::sleep_for(between);
  }
}

/// Waits until what the server has answered is on its disk, without WAITAOF (before 7.2).
/// Errors: unavailable if the disk does not come to rest.
template <class Node>
[[nodiscard]] result<void> await_disk(const Node& node, std::chrono::milliseconds most) {
  constexpr std::array<std::string_view, 3> ask{"CONFIG", "GET", "appendfsync"};
  const result<redis_reply> policy = node.run(redis_call{.args = ask});
  if (policy && policy->view()[1].text() == "always") return {};
  // Once no sync is under way, all that was answered is appended, and within two seconds the server begins a sync of it; so it is on disk
  // when, after them, no sync is under way again. A disk that hangs never comes to that.
  if (result<void> idle = await_idle_disk(node, most); !idle) return idle;
  std::this_thread::sleep_for(std::chrono::milliseconds(2'100));
  return await_idle_disk(node, most);
}

[[nodiscard]] inline lake::error barrier_failed(std::string why) {
  return {errc::unavailable, "index.barrier", {}, std::move(why) + "; nothing was deleted, repeat the call"};
}

/// Waits on the server of `key`, a control key, for what `redis_barrier` asks.
/// WAIT and WAITAOF count from what the connection wrote last, so a write that changes nothing goes before them, on the same connection.
/// Errors: unavailable if the server did not confirm in time; those of the connection.
[[nodiscard]] inline result<void> await_server(const redis_client& client, const redis_script& touch, const std::string& key,
                                               const redis_server_info& info, const redis_barrier& wanted) {
  const std::size_t replicas = wanted.replicas.value_or(info.replicas);
  const std::string count = std::to_string(replicas);
  const std::string wait_ms = std::to_string((std::max)(std::int64_t{1}, static_cast<std::int64_t>(wanted.timeout.count())));
  const std::array<std::string_view, 1> route{key};
  const redis_call write{.script = &touch, .keys = route};
  if (replicas > 0) {
    const std::array<std::string_view, 3> wait{"WAIT", count, wait_ms};
    const std::array<redis_call, 2> calls{write, redis_call{.args = wait}};
    const std::vector<result<redis_reply>> answers = client.run_together(key, calls);
    for (const result<redis_reply>& answer : answers) {
      if (!answer) return answer.error();
    }
    const std::int64_t confirmed = answers.back()->view().integer();
    if (confirmed < static_cast<std::int64_t>(replicas)) {
      return barrier_failed("only " + std::to_string(confirmed) + " of " + count + " replicas confirmed in " + wait_ms + " ms");
    }
  }
  if (!wanted.fsync || !info.append_only) return {};
  const std::array<std::string_view, 4> wait{"WAITAOF", "1", "0", wait_ms};
  const std::array<redis_call, 2> calls{write, redis_call{.args = wait}};
  const std::vector<result<redis_reply>> answers = client.run_together(key, calls);
  if (answers.back()) {
    if (answers.back()->view()[0].integer() >= 1) return {};
    return barrier_failed("the append-only file was not on disk in " + wait_ms + " ms");
  }
  const errc code = answers.back().error().code;
  if (code != errc::unsupported && code != errc::io && code != errc::access_denied) return answers.back().error();
  return client.for_each_primary([&](const redis_client& node) { return await_disk(node, wanted.timeout); });
}

}  // namespace detail

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_INDEX_REDIS_CONNECT_HPP
