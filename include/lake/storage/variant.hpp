// A storage that is chosen at run time, out of a closed set. Knows the concept of a storage, and none of them.
#ifndef LAKE_STORAGE_VARIANT_HPP
#define LAKE_STORAGE_VARIANT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One of the storages, and everything that all of them can do; errors, complexity and guarantees are those of the one that is held. A
/// copyable handle, thread-safe as that one is. No virtual call: the set is closed.
template <storage_policy... Storages>
  requires(sizeof...(Storages) > 0)
class variant_storage {
 public:
  using variant_type = std::variant<Storages...>;

  /// Holds the first of the set.
  variant_storage() requires std::default_initializable<variant_type>
  = default;
  /// Holds this storage.
  template <class Storage>
    requires(std::same_as<Storage, Storages> || ...)
  explicit variant_storage(Storage held) : kind(held.kind), held_(std::move(held)) {}

  /// From how many loads on it pays with the one of the set that gains first.
  static constexpr std::size_t concurrent_from = (std::min)({lake::concurrent_from<Storages>...});

  /// The kind of the storage that is held: another one's keys.
  storage_kind kind = first_kind();

  [[nodiscard]] variant_type& held() noexcept { return held_; }
  [[nodiscard]] const variant_type& held() const noexcept { return held_; }

  result<body_ptr> get(std::string_view key) const {
    return std::visit([&](const auto& storage) { return storage.get(key); }, held_);
  }
  result<void> create(std::string_view key, std::string bytes) {
    return std::visit([&](auto& storage) { return storage.create(key, std::move(bytes)); }, held_);
  }
  result<void> put(std::string_view key, std::string bytes) {
    return std::visit([&](auto& storage) { return storage.put(key, std::move(bytes)); }, held_);
  }
  result<void> remove(std::string_view key) {
    return std::visit([&](auto& storage) { return storage.remove(key); }, held_);
  }

  template <class Visit>
    requires(listing_storage<Storages>&&...)
  result<void> list(std::string_view prefix, Visit&& visit)
  const {
    return std::visit([&](const auto& storage) { return storage.list(prefix, visit); }, held_);
  }
  result<std::string> get_range(std::string_view key, std::uint64_t offset, std::size_t length) const
      requires(ranged_storage<Storages>&&...) {
    return std::visit([&](const auto& storage) { return storage.get_range(key, offset, length); }, held_);
  }
  result<object_info> stat(std::string_view key) const requires(ranged_storage<Storages>&&...) {
    return std::visit([&](const auto& storage) { return storage.stat(key); }, held_);
  }
  result<tagged_body> get_tagged(std::string_view key) const requires(conditional_storage<Storages>&&...) {
    return std::visit([&](const auto& storage) { return storage.get_tagged(key); }, held_);
  }
  result<std::string> swap(std::string_view key, std::string_view tag, std::string bytes) requires(conditional_storage<Storages>&&...) {
    return std::visit([&](auto& storage) { return storage.swap(key, tag, std::move(bytes)); }, held_);
  }
  template <class Source>
    requires(streaming_storage<Storages>&&...)
  result<void> create_from(std::string_view key, Source&& source) {
    return std::visit([&](auto& storage) { return storage.create_from(key, source); }, held_);
  }
  template <class Sink>
    requires(streaming_storage<Storages>&&...)
  result<void> get_into(std::string_view key, Sink&& sink)
  const {
    return std::visit([&](const auto& storage) { return storage.get_into(key, sink); }, held_);
  }

 private:
  static constexpr storage_kind first_kind() noexcept {
    using first = std::variant_alternative_t<0, variant_type>;
    if constexpr (std::is_member_pointer_v<decltype(&first::kind)>) return storage_kind::memory;
    else return first::kind;
  }

  variant_type held_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_STORAGE_VARIANT_HPP
