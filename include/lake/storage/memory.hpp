// A storage in this process's memory: for tests, caches of work, and as the model of a small policy. Knows no index and no codec.
#ifndef LAKE_STORAGE_MEMORY_HPP
#define LAKE_STORAGE_MEMORY_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/error.hpp>
#include <lake/core/object_key.hpp>
#include <lake/core/random.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/detail/object_table.hpp>
#include <lake/detail/storage_error.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/xxh64.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Objects in memory. Thread-safe; a copy shares the objects, and they live as long as the last copy or body.
/// A moved-from storage may only be assigned to or destroyed.
class memory_storage {
 public:
  static constexpr storage_kind kind = storage_kind::memory;
  /// Loads take less time than waking a thread: never worth doing concurrently.
  static constexpr std::size_t concurrent_from = (std::numeric_limits<std::size_t>::max)();

  memory_storage() : state_(std::make_shared<state>()) {}

  /// Returns the object's bytes: shared, not copied. They stay valid when the object is replaced or removed.
  /// Errors: not_found; invalid_argument for a bad key (so in every operation).
  /// Complexity: constant, no allocation.
  result<body_ptr> get(std::string_view key) const {
    return find("storage.get", key).transform([](const object_ptr& object) { return body_of(object); });
  }

  /// Creates an object. Of several concurrent creators of a key exactly one succeeds.
  /// Errors: already_exists.
  result<void> create(std::string_view key, std::string bytes) {
    const auto absent = [&](const object_ptr* current) -> result<void> {
      return current == nullptr ? result<void>() : detail::object_exists("storage.create", key);
    };
    return store("storage.create", key, std::move(bytes), absent).and_then(done);
  }

  /// Creates or replaces an object.
  result<void> put(std::string_view key, std::string bytes) {
    const auto always = [](const object_ptr*) { return result<void>(); };
    return store("storage.put", key, std::move(bytes), always).and_then(done);
  }

  /// Removes an object; one that is not there is removed already.
  result<void> remove(std::string_view key) {
    if (auto good = check_object_key(key); !good) return named("storage.remove", std::move(good).error());
    const std::uint64_t hash = hash_of(key);
    shard& home = shard_of(hash);
    object_ptr gone;  // before the lock: large bytes are freed after it is released
    const std::lock_guard lock(home.mutex);
    gone = home.objects.erase(hash, key);
    return {};
  }

  /// Calls `visit(object_info)` for the objects whose keys begin with `prefix`, sorted by bytes, until it returns false.
  /// Objects created or removed meanwhile may be missing or present. No lock is held while `visit` runs.
  /// Complexity: linear in all objects, n log n in those that match.
  template <class Visit>
  result<void> list(std::string_view prefix, Visit&& visit) const {
    std::vector<object_ptr> found;
    for (shard& each : state_->shards) {
      const std::lock_guard lock(each.mutex);
      each.objects.for_each([&](const object_ptr& object) {
        if (object->key.starts_with(prefix)) found.push_back(object);
      });
    }
    std::sort(found.begin(), found.end(), [](const object_ptr& a, const object_ptr& b) { return a->key < b->key; });
    for (const object_ptr& object : found) {
      if (!visit(info_of(object))) break;
    }
    return {};
  }

  /// Returns up to `length` bytes from `offset` on; fewer, maybe none, where the object ends before.
  /// Errors: not_found; invalid_argument if `offset` is greater than the object's size.
  result<std::string> get_range(std::string_view key, std::uint64_t offset, std::size_t length) const {
    return find("storage.get_range", key).and_then([&](const object_ptr& object) -> result<std::string> {
      if (offset <= object->bytes.size()) return object->bytes.substr(static_cast<std::size_t>(offset), length);
      return detail::range_past_end("storage.get_range", key, offset, object->bytes.size());
    });
  }

  /// Returns the object's size. Errors: not_found.
  result<object_info> stat(std::string_view key) const {
    return find("storage.stat", key).transform([](const object_ptr& object) { return info_of(object); });
  }

  /// Returns the bytes with their tag. Errors: not_found.
  result<tagged_body> get_tagged(std::string_view key) const {
    return find("storage.get_tagged", key).transform([](const object_ptr& object) {
      return tagged_body{body_of(object), tag_of(object->version)};
    });
  }

  /// Replaces the bytes seen with `tag`, or creates the object if `tag` is empty, and returns the new tag.
  /// Errors: version_conflict. Effects on failure: none.
  result<std::string> swap(std::string_view key, std::string_view tag, std::string bytes) {
    const auto seen = [&](const object_ptr* current) -> result<void> {
      if (tag.empty() ? current == nullptr : current != nullptr && tag_of((*current)->version) == tag) return {};
      return detail::tag_differs("storage.swap", key, tag);
    };
    return store("storage.swap", key, std::move(bytes), seen).transform([](std::uint64_t version) { return tag_of(version); });
  }

  /// Creates an object from a source: called with a span to fill, returns how many bytes it wrote, 0 at the end.
  /// Errors: the source's own; already_exists. Effects on failure: none.
  template <class Source>
  result<void> create_from(std::string_view key, Source&& source) {
    constexpr std::size_t step = std::size_t{64} << 10U;
    std::string bytes;
    for (;;) {
      const std::size_t had = bytes.size();
      bytes.resize(had + step);
      result<std::size_t> got = source(std::span<char>(bytes).subspan(had));
      if (!got) return std::move(got).error();
      LAKE_ASSERT(*got <= step);
      bytes.resize(had + *got);
      if (*got == 0) return create(key, std::move(bytes));
    }
  }

  /// Hands the bytes to `sink(std::string_view)`. Errors: not_found; the sink's own.
  template <class Sink>
  result<void> get_into(std::string_view key, Sink&& sink) const {
    return find("storage.get_into", key).and_then([&](const object_ptr& object) -> result<void> {
      return object->bytes.empty() ? result<void>() : sink(std::string_view(object->bytes));
    });
  }

  /// How many objects there are now.
  [[nodiscard]] std::size_t object_count() const {
    std::size_t sum = 0;
    for (shard& each : state_->shards) {
      const std::lock_guard lock(each.mutex);
      sum += each.objects.size();
    }
    return sum;
  }

 private:
  using object_ptr = detail::object_ptr;

  /// A part of the objects under a lock of its own, on its own cache lines: writers of different keys rarely meet.
  struct alignas(64) shard {
    std::mutex mutex;
    detail::object_table objects;
    std::uint64_t last_version = 0;  // a key has one shard for ever, so versions need not be unique beyond it
  };
  struct state {
    std::uint64_t seed = random_source()();  // nobody outside can choose keys that collide
    std::array<shard, 16> shards;
  };

  /// The step behind create, put and swap: stores the bytes if `permit(current object or null)` succeeds; returns the new version.
  template <class Permit>
  result<std::uint64_t> store(std::string_view operation, std::string_view key, std::string&& bytes, const Permit& permit) {
    if (auto good = check_object_key(key); !good) return named(operation, std::move(good).error());
    auto fresh = detail::make_object(key, std::move(bytes));
    const std::uint64_t hash = hash_of(key);
    shard& home = shard_of(hash);
    object_ptr replaced;  // before the lock: large bytes are freed after it is released
    const std::lock_guard lock(home.mutex);
    object_ptr* const current = home.objects.find(hash, key);
    if (auto permitted = permit(current); !permitted) return std::move(permitted).error();
    fresh->version = ++home.last_version;
    if (current) replaced = std::exchange(*current, std::move(fresh));
    else home.objects.add(hash, std::move(fresh));
    return home.last_version;
  }

  result<object_ptr> find(std::string_view operation, std::string_view key) const {
    if (auto good = check_object_key(key); !good) return named(operation, std::move(good).error());
    const std::uint64_t hash = hash_of(key);
    shard& home = shard_of(hash);
    const std::lock_guard lock(home.mutex);
    if (const object_ptr* found = home.objects.find(hash, key)) return *found;
    return detail::no_object(operation, key);
  }

  std::uint64_t hash_of(std::string_view key) const noexcept { return pure::xxh64(key, state_->seed); }
  /// The upper bits choose the shard; the table goes by the lower ones.
  shard& shard_of(std::uint64_t hash) const noexcept { return state_->shards[hash >> 60U]; }

  static body_ptr body_of(const object_ptr& object) { return body_ptr(object, &object->bytes); }
  static object_info info_of(const object_ptr& object) { return {std::string(object->key), object->bytes.size()}; }
  static std::string tag_of(std::uint64_t version) {
    std::string tag;
    pure::append_decimal(tag, version);
    return tag;
  }
  static result<void> done(std::uint64_t) { return {}; }
  static lake::error named(std::string_view operation, lake::error failure) {
    failure.operation = operation;
    return failure;
  }

  std::shared_ptr<state> state_;
};

static_assert(storage_policy<memory_storage>);
static_assert(listing_storage<memory_storage> && ranged_storage<memory_storage> && conditional_storage<memory_storage> &&
              streaming_storage<memory_storage>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_STORAGE_MEMORY_HPP
