// A primary with its replica, and sentinels that watch them with fast settings. Needs no Catch2.
#ifndef LAKE_TESTS_SUPPORT_REDIS_SENTINEL_HPP
#define LAKE_TESTS_SUPPORT_REDIS_SENTINEL_HPP

#include "support/redis_server.hpp"

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace lake_test {

/// Two servers, the second a replica of the first, in step when the constructor returns. Throws std::runtime_error.
class redis_replica_pair {
 public:
  explicit redis_replica_pair(const std::vector<std::string>& lines = {})
      : servers_{redis_server({.lines = lines}), redis_server({.lines = lines})} {
    follow(1, 0);
  }

  [[nodiscard]] redis_server& primary() { return servers_[0]; }  ///< The one that was the primary at first.
  [[nodiscard]] redis_server& replica() { return servers_[1]; }  ///< The one that was the replica at first.
  [[nodiscard]] const redis_server& primary() const { return servers_[0]; }
  [[nodiscard]] const redis_server& replica() const { return servers_[1]; }

  /// Waits until the replica has everything that the primary had when this was called.
  void catch_up() const {
    const std::string wanted = primary().info("replication", "master_repl_offset");
    const auto reached = [&] {
      return std::strtoll(replica().info("replication", "slave_repl_offset").c_str(), nullptr, 10) >=
             std::strtoll(wanted.c_str(), nullptr, 10);
    };
    if (!eventually(reached)) throw std::runtime_error("the replica does not catch up:\n" + replica().log());
  }
  /// Makes the replica a primary, as an operator or a failover does.
  void promote() {
    if (replica().ask({"REPLICAOF", "NO", "ONE"}).failed()) throw std::runtime_error("the replica is not promoted");
  }
  /// Stops the replica; what the primary takes from now on it does not have when it is started again.
  void stop_replica() { replica().stop(); }
  /// Starts the stopped replica as a primary of what it had, at the address of the old primary, which must be down. Give the pair
  /// a persistence for that ("appendonly yes").
  void replace_primary() { replica().start_in_place_of(primary(), {"replicaof no one"}); }

 private:
  void follow(std::size_t replica, std::size_t primary) {
    servers_[replica].ask({"REPLICAOF", "127.0.0.1", std::to_string(servers_[primary].port())});
    const bool up = servers_[replica].comes_to("replication", "master_link_status", "up") &&
                    servers_[replica].comes_to("persistence", "aof_rewrite_in_progress", "0") &&  // of what the primary sent first
                    servers_[replica].comes_to("persistence", "aof_rewrite_scheduled", "0") &&
                    servers_[primary].comes_to("replication", "connected_slaves", "1");
    if (!up) throw std::runtime_error("the replica does not follow:\n" + servers_[replica].log());
  }

  redis_server servers_[2];
};

/// Sentinels (one or three) over a pair, by the name "mine". They know the replica and each other when the constructor returns;
/// a dead primary is replaced about a second later. Throws std::runtime_error.
class redis_sentinel {
 public:
  static constexpr const char* name = "mine";

  explicit redis_sentinel(const redis_replica_pair& watched, std::size_t count = 1) {
    const std::string quorum = std::to_string(count / 2 + 1);
    for (std::size_t i = 0; i < count; ++i) {
      sentinels_.emplace_back(redis_server_options{
          .lines = {"sentinel monitor mine 127.0.0.1 " + std::to_string(watched.primary().port()) + " " + quorum,
                    "sentinel down-after-milliseconds mine 500", "sentinel failover-timeout mine 3000", "sentinel parallel-syncs mine 1"},
          .sentinel = true});
    }
    for (const redis_server& each : sentinels_) {
      const bool knows =
          eventually([&] { return field(each, "num-slaves") == "1" && field(each, "num-other-sentinels") == std::to_string(count - 1); });
      if (!knows) throw std::runtime_error("a sentinel does not find its fellows:\n" + each.log());
    }
  }

  [[nodiscard]] redis_server& sentinel(std::size_t at) { return sentinels_.at(at); }
  [[nodiscard]] std::string url(int database = 0) const {
    std::string out = "redis+sentinel://";
    for (std::size_t i = 0; i < sentinels_.size(); ++i) out += (i == 0 ? "" : ",") + sentinels_[i].address();
    return out + "/" + name + "/" + std::to_string(database);
  }
  /// The port of the primary that the first sentinel names now.
  [[nodiscard]] int primary_port() const {
    const redis_said said = sentinels_.at(0).ask({"SENTINEL", "get-master-addr-by-name", name});
    return said.parts.size() == 2 ? std::atoi(said.parts[1].words.c_str()) : 0;
  }
  /// Waits until the sentinels name `wanted` as the primary, and it says so itself; false if they never did.
  [[nodiscard]] bool promoted(const redis_server& wanted) const {
    return eventually([&] { return primary_port() == wanted.port() && wanted.info("replication", "role") == "master"; });
  }

 private:
  /// A field of what a sentinel knows of the primary.
  [[nodiscard]] static std::string field(const redis_server& sentinel, const std::string& wanted) {
    const redis_said said = sentinel.ask({"SENTINEL", "MASTER", name});
    for (std::size_t i = 0; i + 1 < said.parts.size(); i += 2) {
      if (said.parts[i].words == wanted) return said.parts[i + 1].words;
    }
    return {};
  }

  std::vector<redis_server> sentinels_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REDIS_SENTINEL_HPP
