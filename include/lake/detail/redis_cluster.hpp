// Which node of a Redis Cluster a call goes to: a table of slots, asked of any node, corrected by every MOVED. Same members as
// redis_fixed_router. Knows nothing of what is sent. Source: the Redis cluster specification.
#ifndef LAKE_DETAIL_REDIS_CLUSTER_HPP
#define LAKE_DETAIL_REDIS_CLUSTER_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_encode.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_gate.hpp>
#include <lake/detail/redis_node.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/redis_setup.hpp>
#include <lake/detail/redis_slots.hpp>
#include <lake/detail/redis_url.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The map of a cluster. Thread-safe; nothing is asked of a server under its lock.
class redis_cluster_router {
 public:
  redis_cluster_router(std::vector<redis_address> seeds, std::shared_ptr<const redis_setup> setup)
      : seeds_(std::move(seeds)), setup_(std::move(setup)), owners_(redis_slots) {}

  [[nodiscard]] result<redis_node_ptr> find(std::optional<std::string_view> key, const redis_deadline& until) {
    const std::uint16_t slot = key ? redis_slot(*key) : redis_slots;
    if (redis_node_ptr owner = known_owner(slot)) return owner;
    if (result<void> known = learn(until); !known) return std::move(known).error();
    if (redis_node_ptr owner = owner_of(slot)) return owner;
    const std::lock_guard lock(mutex_);
    stale_ = true;
    return lake::error{errc::unavailable, std::string(redis_connecting), seeds_.front().to_string(),
                       "no node of the cluster owns slot " + std::to_string(slot)};
  }

  [[nodiscard]] redis_node_ptr moved(const redis_redirect& to, const redis_node& from) {
    const std::lock_guard lock(mutex_);
    return owners_[to.slot] = node_at(address_of(to, from));
  }

  [[nodiscard]] redis_node_ptr asked(const redis_redirect& to, const redis_node& from) {
    const std::lock_guard lock(mutex_);
    return node_at(address_of(to, from));
  }

  void doubt(redis_node& node) {
    node.drop();
    const std::lock_guard lock(mutex_);
    stale_ = true;
  }

  [[nodiscard]] result<std::vector<redis_node_ptr>> primaries(const redis_deadline& until) {
    if (result<void> known = learn(until); !known) return std::move(known).error();
    const std::lock_guard lock(mutex_);
    std::vector<redis_node_ptr> out(owners_);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    std::erase(out, nullptr);
    return out;
  }

  [[nodiscard]] static constexpr bool recovers() noexcept { return true; }
  [[nodiscard]] static constexpr bool redirects() noexcept { return true; }

 private:
  [[nodiscard]] static redis_address address_of(const redis_redirect& to, const redis_node& from) {
    return {to.host.empty() ? from.address().host : to.host, to.port, {}};
  }

  /// The owner of the slot; of `redis_slots`, any server. Null: nobody.
  [[nodiscard]] redis_node_ptr owner_of(std::uint16_t slot) {
    const std::lock_guard lock(mutex_);
    if (slot < redis_slots) return owners_[slot];
    return nodes_.empty() ? nullptr : nodes_.begin()->second;
  }
  /// The same, if there is no doubt about the table.
  [[nodiscard]] redis_node_ptr known_owner(std::uint16_t slot) { return current() ? owner_of(slot) : nullptr; }

  /// Under the lock.
  [[nodiscard]] redis_node_ptr node_at(const redis_address& address) {
    redis_node_ptr& known = nodes_[address.to_string()];
    if (!known) known = std::make_shared<redis_node>(address, setup_);
    return known;
  }

  [[nodiscard]] bool current() {
    const std::lock_guard lock(mutex_);
    return !stale_;
  }

  /// Asks for the table if there is none, or doubt about it.
  [[nodiscard]] result<void> learn(const redis_deadline& until) {
    if (current()) return {};
    return gate_.pass(until, redis_connecting, [&]() -> result<void> {
      if (current()) return {};
      return ask_anyone(until);
    });
  }

  /// Every node that is known, then the seeds, from one by chance on.
  [[nodiscard]] std::vector<redis_node_ptr> whom_to_ask() {
    const std::lock_guard lock(mutex_);
    stale_ = false;  // A doubt that comes while the answer is under way asks once more.
    std::vector<redis_node_ptr> out;
    for (const auto& [name, node] : nodes_) out.push_back(node);
    if (out.size() > 1)
      std::rotate(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(setup_->options.random.below(out.size())), out.end());
    for (const redis_address& seed : seeds_) {
      if (nodes_.find(seed.to_string()) == nodes_.end()) out.push_back(std::make_shared<redis_node>(seed, setup_));
    }
    return out;
  }

  [[nodiscard]] result<void> ask_anyone(const redis_deadline& until) {
    const std::vector<redis_node_ptr> all = whom_to_ask();
    result<void> last;
    for (std::size_t i = 0; i < all.size() && !until.passed(); ++i) {
      // One that does not answer leaves time for three others.
      const auto share =
          std::chrono::ceil<std::chrono::milliseconds>(until.left() / static_cast<int>((std::min)(all.size() - i, std::size_t{4})));
      last = ask_one(*all[i], until.within(share));
      if (last) return last;
      if (last.error().code == errc::access_denied || last.error().code == errc::configuration) break;
    }
    const std::lock_guard lock(mutex_);
    stale_ = true;
    if (last) return lake::error{errc::timeout, std::string(redis_connecting), seeds_.front().to_string(), "the time given is over"};
    return last;
  }

  [[nodiscard]] result<void> ask_one(redis_node& node, const redis_deadline& until) {
    result<redis_node::lease> line = node.take(until, true);
    if (!line) return std::move(line).error();
    append_redis_command((*line)->begin(), {"CLUSTER", "SLOTS"});
    (*line)->expect(1);
    const result<redis_reply> told = (*line)->ask(until);
    if (!told) return told.error();
    if (told->view().kind() == redis_kind::failure) return refusal(node, told->view().text());
    const std::optional<std::vector<redis_slot_range>> ranges = parse_cluster_slots(told->view(), node.address().host);
    if (!ranges) return lake::error{errc::io, std::string(redis_answered), node.name(), "the answer to CLUSTER SLOTS is none"};
    if (ranges->empty()) {
      return lake::error{errc::unavailable, std::string(redis_answered), node.name(),
                         "the node knows of no slots: it is in no cluster yet"};
    }
    adopt(*ranges);
    return {};
  }

  [[nodiscard]] static lake::error refusal(const redis_node& node, std::string_view message) {
    redis_verdict verdict = judge_redis(message);
    if (message.find("cluster support disabled") != std::string_view::npos) {
      verdict = {errc::configuration, redis_remedy::none, "it belongs to no cluster: use redis://"};
    }
    return redis_refusal(node.name(), message, verdict);
  }

  void adopt(const std::vector<redis_slot_range>& ranges) {
    const std::lock_guard lock(mutex_);
    std::map<std::string, redis_node_ptr> kept;
    std::vector<redis_node_ptr> owners(redis_slots);
    for (const redis_slot_range& range : ranges) {
      const redis_node_ptr node = node_at(range.owner);
      kept[node->name()] = node;
      std::fill(owners.begin() + range.first, owners.begin() + range.last + 1, node);
    }
    nodes_.swap(kept);
    owners_.swap(owners);
  }

  const std::vector<redis_address> seeds_;
  const std::shared_ptr<const redis_setup> setup_;
  redis_gate gate_;
  std::mutex mutex_;
  bool stale_ = true;
  std::vector<redis_node_ptr> owners_;  ///< By slot; null: nobody.
  std::map<std::string, redis_node_ptr> nodes_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_CLUSTER_HPP
