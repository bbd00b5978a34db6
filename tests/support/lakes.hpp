// How a test makes a lake of each type of the embedded matrix: policies that several lakes may share, a folder that goes with the
// test, and a clock that the test moves. Tests only; knows the embedded policies and no test case.
#ifndef LAKE_TESTS_SUPPORT_LAKES_HPP
#define LAKE_TESTS_SUPPORT_LAKES_HPP

#include <lake/lake.hpp>

#include <lake/codec/gzip.hpp>
#include <lake/index/sqlite.hpp>
#include <lake/matrix.hpp>
#include <lake/testing/manual_clock.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"
#ifdef LAKE_TESTS_REDIS_MATRIX
#include "support/redis_lakes.hpp"
#endif
#ifdef LAKE_TESTS_S3_MATRIX
#include "support/s3_lakes.hpp"
#endif

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lake_test {

using namespace std::chrono_literals;

#ifdef LAKE_TESTS_S3_MATRIX
/// The same suite on lakes in Redis, and on lakes with bodies in S3.
using embedded_matrix = decltype(std::tuple_cat(std::declval<redis_matrix>(), std::declval<s3_matrix>()));
#elif defined(LAKE_TESTS_REDIS_MATRIX)
/// The same suite on lakes in Redis.
using embedded_matrix = redis_matrix;
#elif defined(LAKE_TESTS_SMALL_MATRIX)
/// Four lakes in which each policy is met twice, for the builds that are slow to compile or to run.
using embedded_matrix = std::tuple<lake::basic_lake<lake::memory_index, lake::memory_storage, lake::no_cache, lake::identity_codec>,
                                   lake::basic_lake<lake::memory_index, lake::filesystem_storage, lake::memory_cache, lake::identity_codec>,
                                   lake::basic_lake<lake::sqlite_index, lake::memory_storage, lake::no_cache, lake::gzip_codec>,
                                   lake::basic_lake<lake::sqlite_index, lake::filesystem_storage, lake::memory_cache, lake::gzip_codec>>;
#else
/// Index x storage x cache x codec, whatever needs no server: 16 lakes.
using embedded_matrix =
    lake::matrix<std::tuple<lake::memory_index, lake::sqlite_index>, std::tuple<lake::memory_storage, lake::filesystem_storage>,
                 std::tuple<lake::no_cache, lake::memory_cache>, std::tuple<lake::identity_codec, lake::gzip_codec>>;
#endif

template <class Lake>
struct policies_of;
template <class Index, class Storage, class Cache, class Codec>
struct policies_of<lake::basic_lake<Index, Storage, Cache, Codec>> {
  using index = Index;
  using storage = Storage;
  using cache = Cache;
  using codec = Codec;
};

template <class Index>
inline constexpr bool is_redis_index = requires(const Index& index) { index.eviction_policy(); };
template <class Storage>
inline constexpr bool is_s3_storage = requires(const Storage& storage) { storage.presign_get("key", std::chrono::seconds(1)); };
template <class Cache>
inline constexpr bool is_redis_cache = requires { Cache::connect; };

/// The lake's policies in words: "sqlite_index x filesystem_storage x memory_cache x gzip_codec".
template <class Lake>
std::string describe() {
  using policies = policies_of<Lake>;
  std::string out = "memory_index";
  if constexpr (std::is_same_v<typename policies::index, lake::sqlite_index>) out = "sqlite_index";
  if constexpr (is_redis_index<typename policies::index>) {
    out = "redis_index<" + std::string(policies::index::layout_type::name) + ">";
  }
  out += std::is_same_v<typename policies::storage, lake::memory_storage> ? " x memory_storage"
         : is_s3_storage<typename policies::storage>                      ? " x s3_storage"
                                                                          : " x filesystem_storage";
  out += !policies::cache::enabled ? " x no_cache" : is_redis_cache<typename policies::cache> ? " x redis_cache" : " x memory_cache";
  out += policies::codec::passthrough ? " x identity_codec" : " x gzip_codec";
  return out;
}

/// An executor on threads whose sleeps only move the clock: a lake that waits finds the time passed at once.
inline lake::executor_ref impatient_executor(const lake::testing::manual_clock& clock, std::size_t workers = 4) {
  const lake::executor_ref threads = lake::executor_ref::threads(workers);
  return lake::executor_ref(
      lake::executor_functions{.spawn = [threads](std::function<void()> task) { threads.spawn(std::move(task)); },
                               .sleep =
                                   [clock = lake::testing::manual_clock(clock)](std::chrono::nanoseconds duration) mutable {
                                     clock.advance(std::chrono::duration_cast<std::chrono::milliseconds>(duration) + 1ms);
                                   },
                               .wait = [threads](std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                                                 const std::function<bool()>& ready) { threads.wait(lock, condition, ready); },
                               .wake = [threads](std::condition_variable& condition) { threads.wake(condition); }});
}

/// Options under which nothing happens behind the test's back: no snapshots by themselves, no grace, time by the clock given.
inline lake::lake_options quiet_options(const lake::testing::manual_clock& clock) {
  lake::lake_options options;
  options.snapshots = lake::snapshot_policy::never();
  options.clear.grace = 0ms;
  options.clock = clock.source();
  options.executor = impatient_executor(clock);
  return options;
}

/// All objects of a storage, by key.
template <class Storage>
std::map<std::string, std::string> objects_of(const Storage& storage) {
  std::vector<std::string> keys;
  storage
      .list("",
            [&](const lake::object_info& each) {
              keys.push_back(each.key);
              return true;
            })
      .value();
  std::map<std::string, std::string> all;
  for (const std::string& key : keys) all[key] = *storage.get(key).value();
  return all;
}

/// The keys of a storage that contain `part`. "/delta/" and "/snap/" stand for the bodies of that kind, whatever the layout calls their folder.
template <class Storage>
std::vector<std::string> keys_with(const Storage& storage, std::string_view part) {
  const std::string_view ending = part == "/delta/" ? ".dat" : part == "/snap/" ? ".snap" : "";
  std::vector<std::string> keys;
  storage
      .list("",
            [&](const lake::object_info& each) {
              const bool named = each.key.find(part) != std::string::npos || (!ending.empty() && each.key.ends_with(ending));
              if (named) keys.push_back(each.key);
              return true;
            })
      .value();
  return keys;
}

/// The policies of one lake, and lakes on them. Confined to the test; lakes made here must go before it.
template <class Lake>
class lake_home {
 public:
  using index_type = typename policies_of<Lake>::index;
  using storage_type = typename policies_of<Lake>::storage;
  using cache_type = typename policies_of<Lake>::cache;
  using codec_type = typename policies_of<Lake>::codec;

  lake::testing::manual_clock clock;  ///< The time of index, cache and options.

  lake_home() : index_(new_index("index.db")), storage_(new_storage()) {
    index_.attach(index_type::layout_type::prefix(storage_.kind, lake::lake_options{}.name));
  }

  /// A lake on the shared index and storage, with a cache of its own: another client.
  Lake client(lake::lake_options options) const { return Lake(std::move(options), index_, storage_, fresh_cache(), codec()); }
  Lake client() const { return client(quiet_options(clock)); }

  /// A lake as after a restart: what can be opened anew from the folder is, the rest is shared.
  Lake reopened(lake::lake_options options) const {
    index_type index = index_;
    storage_type storage = storage_;
    if constexpr (!std::is_same_v<index_type, lake::memory_index>) index = new_index("index.db");
    if constexpr (std::is_same_v<storage_type, lake::filesystem_storage>) storage = new_storage();
    return Lake(std::move(options), std::move(index), std::move(storage), fresh_cache(), codec());
  }
  Lake reopened() const { return reopened(quiet_options(clock)); }

  /// A lake on this storage whose index was lost.
  Lake without_index() const { return Lake(options(), new_index("another_index.db"), storage_, fresh_cache(), codec()); }

  /// A lake of this home on other handles, for instance a cache that the test looks into.
  Lake with_cache(cache_type cache) const { return Lake(options(), index_, storage_, std::move(cache), codec()); }

  /// An empty cache.
  [[nodiscard]] cache_type fresh_cache() const {
    if constexpr (std::is_same_v<cache_type, lake::memory_cache>)
      return lake::memory_cache{{.max_bytes = 8U << 20U, .clock = clock.source()}};
    else if constexpr (is_redis_cache<cache_type>) return cache_type::connect({.url = this->database_of("cache " + std::to_string(this->databases_.size()))}).value();
    else return cache_type{};
  }

  [[nodiscard]] index_type& index() { return index_; }
  [[nodiscard]] storage_type& storage() { return storage_; }
  [[nodiscard]] std::map<std::string, std::string> objects() const { return objects_of(storage_); }
  [[nodiscard]] std::string index_dump() const { return index_.dump().value(); }
  [[nodiscard]] lake::lake_options options() const { return quiet_options(clock); }

  /// Everything the lake keeps, for "nothing changed".
  struct contents {
    std::string index;
    std::map<std::string, std::string> objects;
    friend bool operator==(const contents&, const contents&) = default;
  };
  [[nodiscard]] contents everything() const { return {index_dump(), objects()}; }

 private:
  [[nodiscard]] index_type new_index(const std::string& file) const {
    if constexpr (std::is_same_v<index_type, lake::sqlite_index>) {
      return lake::sqlite_index::open({.file = folder_.path() / file, .durability = lake::durability::none, .clock = clock.source()})
          .value();
    } else if constexpr (is_redis_index<index_type>) {
      return index_type::connect({.url = this->database_of(file), .clock = clock.source()}).value();
    } else {
      return lake::memory_index({.clock = clock.source()});
    }
  }
  [[nodiscard]] storage_type new_storage() const {
    if constexpr (std::is_same_v<storage_type, lake::filesystem_storage>) {
      return lake::filesystem_storage::open({.root = folder_.path() / "objects", .create = true, .durability = lake::durability::none})
          .value();
    } else if constexpr (is_s3_storage<storage_type>) {
      return this->s3_storage();
    } else {
      return lake::memory_storage{};
    }
  }
  [[nodiscard]] static codec_type codec() {
    if constexpr (std::is_same_v<codec_type, lake::gzip_codec>) return lake::gzip_codec{{.level = 1, .min_bytes = 16}};
    else if constexpr (requires { codec_type::create({.password = "s3cret-key"}); }) return codec_type::create({.password = "s3cret-key"}).value();
    else return codec_type{};
  }

#ifdef LAKE_TESTS_S3_MATRIX
  [[nodiscard]] static lake::s3_storage s3_storage() { return fresh_s3_storage(); }
#endif
#ifdef LAKE_TESTS_REDIS_MATRIX
  /// The database that stands in for the file.
  [[nodiscard]] std::string database_of(const std::string& file) const {
    std::unique_ptr<redis_database>& one = databases_[file];
    if (one == nullptr) one = std::make_unique<redis_database>();
    return one->url();
  }
  mutable std::map<std::string, std::unique_ptr<redis_database>> databases_;
#endif

  scratch_folder folder_;
  index_type index_;
  storage_type storage_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_LAKES_HPP
