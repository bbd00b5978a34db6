// The highest revision that this client has seen of each catalog: what an index must never fall behind. Knows no connection.
#ifndef LAKE_INDEX_REDIS_SEEN_HPP
#define LAKE_INDEX_REDIS_SEEN_HPP

#include <lake/config.hpp>
#include <lake/core/random.hpp>
#include <lake/pure/xxh64.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Remembers about 8,000 catalogs, in 200 KiB; of two that share a place the newer one stays, and nothing is known of the other: it is then
/// only less watched. The hash is seeded by chance, so that nobody can name a catalog to meet another. Thread-safe; 64 mutexes. Constant time.
class seen_revisions {
 public:
  explicit seen_revisions(const random_source& random) : seed_(random()) {}

  /// What is known of a catalog. `epoch` counts how often that was given up; an answer to a question of an earlier epoch tells nothing.
  struct sight {
    std::uint64_t hash = 0;     ///< Of prefix and name.
    std::int64_t revision = 0;  ///< 0 where nothing is known.
    std::uint32_t epoch = 0;
  };
  [[nodiscard]] sight of(std::string_view prefix, std::string_view catalog) const {
    const std::uint64_t hash = pure::xxh64(catalog, pure::xxh64(prefix, seed_));
    const shard& in = shards_[shard_of(hash)];
    const std::lock_guard lock(in.mutex);
    const place& at = in.places[place_of(hash)];
    return {hash, at.hash == hash ? at.revision : 0, at.epoch};
  }
  /// The answer to a question that was asked with this sight showed this revision.
  void note(const sight& asked, std::int64_t revision) {
    if (revision <= 0) return;
    shard& in = shards_[shard_of(asked.hash)];
    const std::lock_guard lock(in.mutex);
    place& at = in.places[place_of(asked.hash)];
    if (at.epoch != asked.epoch) return;
    at.revision = at.hash == asked.hash ? (std::max)(at.revision, revision) : revision;
    at.hash = asked.hash;
  }
  /// The index fell behind that sight: from now on `revision` counts. False: another caller was told before.
  [[nodiscard]] bool accept(const sight& asked, std::int64_t revision) {
    shard& in = shards_[shard_of(asked.hash)];
    const std::lock_guard lock(in.mutex);
    place& at = in.places[place_of(asked.hash)];
    if (at.epoch != asked.epoch) return false;
    at = {asked.hash, revision, asked.epoch + 1};
    return true;
  }

 private:
  struct place {
    std::uint64_t hash = 0;
    std::int64_t revision = 0;
    std::uint32_t epoch = 0;
  };
  struct shard {
    mutable std::mutex mutex;
    std::array<place, 128> places;
  };

  [[nodiscard]] static std::size_t shard_of(std::uint64_t hash) noexcept { return static_cast<std::size_t>((hash >> 32U) % 64); }
  [[nodiscard]] static std::size_t place_of(std::uint64_t hash) noexcept { return static_cast<std::size_t>(hash % 128); }

  std::uint64_t seed_;
  std::array<shard, 64> shards_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_SEEN_HPP
