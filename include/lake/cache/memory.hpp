// A cache in this process: bounded by bytes, forgets what was used longest ago, and what is too old. Knows no storage.
#ifndef LAKE_CACHE_MEMORY_HPP
#define LAKE_CACHE_MEMORY_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/envelope.hpp>
#include <lake/detail/lru_map.hpp>
#include <lake/detail/time_to_live.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

struct memory_cache_options {
  std::size_t max_bytes = std::size_t{64} << 20U;        ///< For all entries together: bodies, keys and what an entry costs besides.
  std::optional<std::chrono::milliseconds> ttl = {};     ///< Where set, instead of both below. `milliseconds::max()`: no expiry.
  std::chrono::milliseconds snapshot_ttl{7'200'000};     ///< How long a snapshot is kept at most.
  std::chrono::milliseconds delta_ttl{60'000};           ///< How long a delta or a file is kept at most.
  clock_source clock = {};                               ///< Its monotonic time says what is too old.
  std::size_t shards = 16;                               ///< Locks per kind of object; 0 is taken as 1.
};

struct memory_cache_stats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;       ///< Expired entries included.
  std::uint64_t evictions = 0;    ///< Entries that went to make room.
  std::uint64_t expirations = 0;  ///< Entries found too old.
  std::size_t bytes = 0;          ///< Counted as for the budget.
  std::size_t entries = 0;
};

/// Keeps bodies in memory, shared and never copied. A copyable handle, thread-safe; copies share the entries.
/// The budget is one for the whole cache, so a large body may take as much of it as it needs; the locks are many. Each kind of
/// object has shards of its own: one key may stand for three objects, and the time to live is a shard's. The clock's time of
/// an entry begins when it is stored; a hit makes it the last to be evicted, not younger.
class memory_cache {
 public:
  static constexpr bool enabled = true;

  explicit memory_cache(memory_cache_options options = {}) : state_(std::make_shared<state>(std::move(options))) {}

  /// The body, or null. Complexity: constant, one lock.
  [[nodiscard]] body_ptr find(object_kind kind, std::string_view key) {
    const std::uint64_t hash = map::hash(key);
    const std::size_t at = state_->shard_of(kind, hash);
    const time_point now = state_->now(kind);
    map::dropped gone;  // destroyed after unlocking
    shard& in = state_->shards[at];
    const std::lock_guard lock(in.mutex);
    const entry* const before = in.entries.oldest();
    entry* const found = in.entries.find(key, hash);
    if (found == nullptr) return ++in.misses, nullptr;
    if (now < found->expires) {
      found->used = state_->age.load(std::memory_order_relaxed);
      if (found == before) state_->publish_oldest(at);
      return ++in.hits, found->body;
    }
    gone = in.entries.erase(key, hash);
    state_->release(at, gone.bytes());
    return ++in.misses, ++in.expirations, nullptr;
  }

  /// Keeps the body, unless it exceeds the whole budget; makes room by dropping what was used longest ago, of any kind.
  /// Complexity: constant per entry dropped, plus a look at each shard.
  void store(object_kind kind, std::string_view key, const body_ptr& body) {
    if (body == nullptr) return;
    const std::size_t value_bytes = body->capacity() + body_overhead_bytes;
    const std::size_t bytes = value_bytes + map::overhead_bytes(key);
    if (!state_->make_room(bytes)) return forget(kind, key);
    const std::uint64_t hash = map::hash(key);
    const std::size_t at = state_->shard_of(kind, hash);
    const time_point expires = state_->expiry(kind);
    map::dropped gone;  // destroyed after unlocking
    shard& in = state_->shards[at];
    const std::lock_guard lock(in.mutex);
    const std::uint64_t used = state_->age.fetch_add(1, std::memory_order_relaxed) + 1;
    gone = in.entries.insert(key, hash, entry{body, expires, used}, value_bytes);
    state_->release(at, gone.bytes());
  }

  /// Drops the body, if there is one.
  void forget(object_kind kind, std::string_view key) {
    const std::uint64_t hash = map::hash(key);
    const std::size_t at = state_->shard_of(kind, hash);
    map::dropped gone;  // destroyed after unlocking
    shard& in = state_->shards[at];
    const std::lock_guard lock(in.mutex);
    gone = in.entries.erase(key, hash);
    state_->release(at, gone.bytes());
  }

  /// Sums over all shards, each looked at in its turn.
  [[nodiscard]] memory_cache_stats stats() const {
    memory_cache_stats sum;
    for (shard& in : state_->shards) {
      const std::lock_guard lock(in.mutex);
      sum.hits += in.hits;
      sum.misses += in.misses;
      sum.evictions += in.evictions;
      sum.expirations += in.expirations;
      sum.bytes += in.entries.bytes();
      sum.entries += in.entries.size();
    }
    return sum;
  }

 private:
  using time_point = std::chrono::steady_clock::time_point;
  struct entry {
    body_ptr body;
    time_point expires;
    std::uint64_t used;  ///< The cache's age, in stores, when the entry was used last.
  };
  using map = detail::lru_map<entry>;
  static constexpr std::uint64_t nothing = (std::numeric_limits<std::uint64_t>::max)();
  /// The string, its control block, and what an allocator adds to two blocks.
  static constexpr std::size_t body_overhead_bytes = sizeof(std::string) + 6 * sizeof(void*);

  struct alignas(64) shard {
    std::mutex mutex;
    map entries;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    std::uint64_t expirations = 0;
  };

  struct state {
    explicit state(memory_cache_options given)
        : options(std::move(given)), per_kind((std::max)(options.shards, std::size_t{1})), shards(3 * per_kind), oldest(3 * per_kind) {
      for (std::atomic<std::uint64_t>& used : oldest) used.store(nothing, std::memory_order_relaxed);
    }

    [[nodiscard]] std::size_t shard_of(object_kind kind, std::uint64_t hash) const noexcept {
      const std::size_t group = kind == object_kind::snapshot ? 0U : kind == object_kind::delta ? 1U : 2U;
      return group * per_kind + static_cast<std::size_t>((hash >> 32U) % per_kind);  // the low half chooses the bucket
    }
    /// The time, where it matters: an entry without expiry outlives any.
    [[nodiscard]] time_point now(object_kind kind) const {
      return detail::is_endless(detail::time_to_live(options, kind)) ? time_point{} : options.clock.steady();
    }
    [[nodiscard]] time_point expiry(object_kind kind) const {
      const std::chrono::milliseconds kept = detail::time_to_live(options, kind);
      return detail::is_endless(kept) ? (time_point::max)() : options.clock.steady() + (std::max)(kept, std::chrono::milliseconds{0});
    }

    /// Reserves bytes of the budget and drops entries until it holds; false if it cannot.
    /// Bytes are reserved before an entry goes in and released after it came out, so the entries never exceed the budget.
    [[nodiscard]] bool make_room(std::size_t bytes) {
      if (bytes > options.max_bytes) return false;
      held.fetch_add(bytes);
      while (held.load() > options.max_bytes) {
        if (evict_oldest()) continue;
        held.fetch_sub(bytes);  // what is held is only reserved, by others that are storing
        return false;
      }
      return true;
    }
    /// Drops the entry that was used longest ago, by what the shards published; false if there is none.
    [[nodiscard]] bool evict_oldest() {
      std::size_t at = 0;
      std::uint64_t least = nothing;
      for (std::size_t i = 0; i < oldest.size(); ++i) {
        const std::uint64_t used = oldest[i].load(std::memory_order_relaxed);
        if (used < least) least = used, at = i;
      }
      if (least == nothing) return false;
      map::dropped gone;  // destroyed after unlocking
      const std::lock_guard lock(shards[at].mutex);
      gone = shards[at].entries.erase_oldest();
      shards[at].evictions += gone.count();
      release(at, gone.bytes());
      return true;
    }
    /// Gives bytes of a shard back to the budget. Requires the shard's lock.
    void release(std::size_t at, std::size_t bytes) noexcept {
      if (bytes > 0) held.fetch_sub(bytes);
      publish_oldest(at);
    }
    /// Requires the shard's lock.
    void publish_oldest(std::size_t at) noexcept {
      const entry* const last = shards[at].entries.oldest();
      const std::uint64_t used = last == nullptr ? nothing : last->used;
      if (oldest[at].load(std::memory_order_relaxed) != used) oldest[at].store(used, std::memory_order_relaxed);
    }

    memory_cache_options options;
    std::size_t per_kind;
    std::vector<shard> shards;
    std::vector<std::atomic<std::uint64_t>> oldest;  ///< Per shard: `used` of its oldest entry, so that an eviction locks one shard.
    std::atomic<std::uint64_t> age{0};               ///< Counts stores.
    std::atomic<std::size_t> held{0};                ///< Bytes of the budget, those of stores under way included.
  };

  std::shared_ptr<state> state_;
};

static_assert(cache_policy<memory_cache>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CACHE_MEMORY_HPP
