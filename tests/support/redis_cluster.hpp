// A Redis Cluster of three primaries on loopback, whose slots a test moves step by step. Needs no Catch2.
#ifndef LAKE_TESTS_SUPPORT_REDIS_CLUSTER_HPP
#define LAKE_TESTS_SUPPORT_REDIS_CLUSTER_HPP

#include "support/redis_server.hpp"

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

/// Three primaries without replicas that agree on who owns which slot when the constructor returns. Throws std::runtime_error.
class redis_cluster {
 public:
  static constexpr std::size_t size = 3;
  static constexpr int slots = 16'384;

  explicit redis_cluster(const std::vector<std::string>& lines = {}) {
    for (std::size_t i = 0; i < size; ++i) nodes_.push_back(start_node(lines));
    for (std::size_t i = 0; i < size; ++i) {
      demand(i, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
      demand(i, {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first_slot(i)), std::to_string(first_slot(i + 1) - 1)});
      ids_.push_back(demand(i, {"CLUSTER", "MYID"}));
    }
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t other = 0; other < size; ++other) {
        if (other != i) meet(i, other);  // each with each: gossip would find them too, some seconds later
      }
    }
    if (!eventually([this] { return agrees(); })) throw std::runtime_error("the cluster does not come together:\n" + nodes_[0].log());
  }

  [[nodiscard]] redis_server& node(std::size_t at) { return nodes_.at(at); }
  [[nodiscard]] const redis_server& node(std::size_t at) const { return nodes_.at(at); }
  /// All nodes as seeds, or the one given.
  [[nodiscard]] std::string url() const {
    return "redis+cluster://" + node(0).address() + "," + node(1).address() + "," + node(2).address();
  }
  [[nodiscard]] std::string url(std::size_t seed) const { return "redis+cluster://" + node(seed).address(); }

  [[nodiscard]] int slot_of(const std::string& key) const { return std::atoi(node(0).command({"CLUSTER", "KEYSLOT", key}).c_str()); }
  /// Which node owned the slot at first: the owner until a test moves it.
  [[nodiscard]] static std::size_t first_owner(int slot) {
    std::size_t at = 0;
    while (slot >= first_slot(at + 1)) ++at;
    return at;
  }
  [[nodiscard]] std::size_t keys_in(int slot, std::size_t at) const {
    return std::strtoul(node(at).command({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}).c_str(), nullptr, 10);
  }

  /// First step of moving a slot: from now on `from` answers ASK for keys that it does not hold.
  void begin_move(int slot, std::size_t from, std::size_t to) {
    demand(to, {"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", ids_[from]});
    demand(from, {"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", ids_[to]});
  }
  /// Second step, as often as wanted: moves up to `most` keys; returns how many.
  std::size_t move_keys(int slot, std::size_t from, std::size_t to, std::size_t most = 1'000'000) {
    const redis_said keys = node(from).ask({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), std::to_string(most)});
    for (const redis_said& each : keys.parts) {
      demand(from, {"MIGRATE", "127.0.0.1", std::to_string(node(to).port()), each.words, "0", "10000"});
    }
    return keys.parts.size();
  }
  /// Last step: the slot is `to`'s; the other nodes are told too.
  void end_move(int slot, std::size_t from, std::size_t to) {
    demand(to, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", ids_[to]});
    demand(from, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", ids_[to]});
    for (std::size_t i = 0; i < size; ++i) {
      if (i != to && i != from) demand(i, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", ids_[to]});
    }
  }
  /// All steps. Keys that are made meanwhile appear at `to`.
  void migrate_slot(int slot, std::size_t from, std::size_t to) {
    migrate_slot(slot, from, to, [] {});
  }
  /// All steps, and then until all nodes agree that the slot of `key` is `to`'s: moved back before they do, an older claim of the slot may
  /// win, and its keys be dropped by the server. Throws std::runtime_error.
  void migrate_and_settle(const std::string& key, std::size_t from, std::size_t to) {
    const int slot = slot_of(key);
    migrate_slot(slot, from, to);
    const std::string told = "-MOVED " + std::to_string(slot) + " " + node(to).address();
    const bool settled = eventually([&] {
      const std::string epoch = node(to).command({"CLUSTER", "INFO"});
      const auto epoch_of = [](const std::string& all) { return all.substr(all.find("cluster_current_epoch:"), 30); };
      for (std::size_t i = 0; i < size; ++i) {
        const std::string said = node(i).command({"EXISTS", key});
        if (i == to ? said.starts_with('-') : said != told) return false;
        if (epoch_of(node(i).command({"CLUSTER", "INFO"})) != epoch_of(epoch)) return false;
      }
      return true;
    });
    if (!settled) throw std::runtime_error("the nodes do not agree on the slot");
  }
  /// All steps, with `act()` after the first, after each key, and after the last.
  template <class Act>
  void migrate_slot(int slot, std::size_t from, std::size_t to, Act act) {
    begin_move(slot, from, to);
    act();
    while (move_keys(slot, from, to, 1) > 0) act();
    end_move(slot, from, to);
    act();
  }

 private:
  [[nodiscard]] static int first_slot(std::size_t at) { return static_cast<int>(at * std::size_t{slots} / size); }
  [[nodiscard]] static redis_server start_node(const std::vector<std::string>& more) {
    for (int tries = 0; tries < 10; ++tries) {
      std::vector<std::string> lines = {"cluster-enabled yes", "cluster-node-timeout 3000", "cluster-port " + std::to_string(free_port())};
      lines.insert(lines.end(), more.begin(), more.end());
      try {
        return redis_server({.lines = std::move(lines)});
      } catch (const std::runtime_error&) {
        if (tries == 9) throw;  // before that: the bus port was taken meanwhile
      }
    }
    throw std::runtime_error("unreachable");
  }
  void meet(std::size_t at, std::size_t other) {
    const redis_said bus = node(other).ask({"CONFIG", "GET", "cluster-port"});
    demand(at, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(node(other).port()), bus.parts.at(1).words});
  }
  std::string demand(std::size_t at, const std::vector<std::string>& words) {
    const redis_said said = node(at).ask(words);
    if (said.failed()) throw std::runtime_error(words[0] + " " + (words.size() > 1 ? words[1] : "") + ": " + said.flat());
    return said.flat();
  }
  [[nodiscard]] bool agrees() const {
    for (const redis_server& each : nodes_) {
      const std::string told = each.command({"CLUSTER", "INFO"});
      if (told.find("cluster_state:ok") == std::string::npos || told.find("cluster_known_nodes:3") == std::string::npos) return false;
      if (each.ask({"CLUSTER", "SLOTS"}).parts.size() != size) return false;
    }
    return true;
  }

  std::vector<redis_server> nodes_;
  std::vector<std::string> ids_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REDIS_CLUSTER_HPP
