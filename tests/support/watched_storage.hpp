// A storage that remembers which objects were asked for, in a lake of any type of the matrix. Tests only.
#ifndef LAKE_TESTS_SUPPORT_WATCHED_STORAGE_HPP
#define LAKE_TESTS_SUPPORT_WATCHED_STORAGE_HPP

#include "support/lakes.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

/// Passes everything on and notes the keys of `get`. Thread-safe as the storage within; a copy shares objects and notes.
template <class Storage>
class watched_storage {
 public:
  static constexpr std::size_t concurrent_from = lake::concurrent_from<Storage>;

  explicit watched_storage(Storage inner = Storage{}) : kind(inner.kind), inner_(std::move(inner)) {}

  lake::storage_kind kind;

  lake::result<lake::body_ptr> get(std::string_view key) const {
    {
      const std::lock_guard lock(notes_->mutex);
      notes_->keys.emplace_back(key);
    }
    return inner_.get(key);
  }
  lake::result<void> create(std::string_view key, std::string bytes) { return inner_.create(key, std::move(bytes)); }
  lake::result<void> put(std::string_view key, std::string bytes) { return inner_.put(key, std::move(bytes)); }
  lake::result<void> remove(std::string_view key) { return inner_.remove(key); }
  template <class Visit>
  lake::result<void> list(std::string_view prefix, Visit&& visit) const {
    return inner_.list(prefix, visit);
  }

  /// The keys of deltas and snapshots that were asked for since the last call, sorted.
  std::vector<std::string> fetched() const {
    const std::lock_guard lock(notes_->mutex);
    std::vector<std::string> keys = std::exchange(notes_->keys, {});
    std::erase(keys, "lake.json");
    std::sort(keys.begin(), keys.end());
    return keys;
  }

 private:
  struct notes {
    std::mutex mutex;
    std::vector<std::string> keys;
  };
  Storage inner_;
  std::shared_ptr<notes> notes_ = std::make_shared<notes>();
};

/// A home of lakes whose storage is watched. Confined to the test; lakes made here must go before it.
template <class Lake>
class watched_home : public lake_home<Lake> {
 public:
  using storage_type = watched_storage<typename policies_of<Lake>::storage>;
  using lake_type = lake::basic_lake<typename policies_of<Lake>::index, storage_type, typename policies_of<Lake>::cache,
                                     typename policies_of<Lake>::codec>;

  /// A lake that is watched, with a cache of its own.
  [[nodiscard]] lake_type watched(lake::lake_options options) {
    return lake_type(std::move(options), this->index(), watch, this->fresh_cache());
  }
  [[nodiscard]] lake_type watched() { return watched(this->options()); }

  [[nodiscard]] std::string delta_key(std::string_view catalog, lake::time_seq id, lake::merge_type merge = lake::merge_type::replace) const {
    return Lake::layout_type::delta_key(watch.kind, catalog, id, merge);
  }

  storage_type watch{this->storage()};
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_WATCHED_STORAGE_HPP
