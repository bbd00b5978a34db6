// A flat hash table of shared objects: what memory_storage keeps them in. Knows no storage and no lock.
//
// Flat, because a node-based map costs two more allocations and a cold line per object, which is most of a write in memory.
// Open addressing with linear probing, at most three quarters full; erasing moves later entries back, so there are no tombstones.
#ifndef LAKE_DETAIL_OBJECT_TABLE_HPP
#define LAKE_DETAIL_OBJECT_TABLE_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// An object with its key. Immutable once shared.
struct stored_object {
  explicit stored_object(std::string&& given) noexcept : bytes(std::move(given)) {}
  stored_object(const stored_object&) = delete;
  stored_object& operator=(const stored_object&) = delete;
  ~stored_object() = default;

  std::string bytes;
  std::string_view key;       ///< Its characters lie behind the object: one allocation for key, object and reference count.
  std::uint64_t version = 0;  ///< Differs between any two objects that a table held under one key.
};
using object_ptr = std::shared_ptr<const stored_object>;

/// How many bytes an allocation is to have behind its object, and where they came to lie.
struct tail_room {
  std::size_t size;
  char* place = nullptr;
};

/// Allocates an object with bytes behind it. The room is looked at by `allocate` only.
template <class T>
class tail_allocator {
 public:
  using value_type = T;

  explicit tail_allocator(tail_room& room) noexcept : room_(&room) {}
  template <class U>
  tail_allocator(const tail_allocator<U>& other) noexcept : room_(other.room_) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] T* allocate(std::size_t count) const {
    void* const got = ::operator new(count * sizeof(T) + room_->size);
    room_->place = static_cast<char*>(got) + count * sizeof(T);
    return static_cast<T*>(got);
  }
  void deallocate(T* given, std::size_t) const noexcept { ::operator delete(given); }
  template <class U>
  bool operator==(const tail_allocator<U>&) const noexcept { return true; }

 private:
  template <class>
  friend class tail_allocator;
  tail_room* room_;
};

/// An object with a copy of the key.
[[nodiscard]] inline std::shared_ptr<stored_object> make_object(std::string_view key, std::string&& bytes) {
  tail_room room{key.size()};
  auto made = std::allocate_shared<stored_object>(tail_allocator<stored_object>(room), std::move(bytes));
  made->key = {room.place, key.copy(room.place, key.size())};
  return made;
}

/// Objects by key; the caller hashes. Thread-compatible.
class object_table {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Returns the place of the object with this key, or null. Valid until the next `add` or `erase`.
  [[nodiscard]] object_ptr* find(std::uint64_t hash, std::string_view key) noexcept {
    if (size_ == 0) return nullptr;
    slot& at = slots_[probe(hash, key)];
    return at.object ? &at.object : nullptr;
  }

  /// Adds an object whose key is not there.
  void add(std::uint64_t hash, object_ptr object) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    slot& at = slots_[probe(hash, object->key)];
    at = slot{hash, std::move(object)};
    ++size_;
  }

  /// Takes out and returns the object with this key, or null.
  object_ptr erase(std::uint64_t hash, std::string_view key) noexcept {
    if (size_ == 0) return nullptr;
    std::size_t hole = probe(hash, key);
    object_ptr gone = std::move(slots_[hole].object);
    if (!gone) return nullptr;
    --size_;
    for (std::size_t i = following(hole); slots_[i].object; i = following(i)) {
      const std::size_t home = slots_[i].hash & mask();
      if (((i - home) & mask()) < ((i - hole) & mask())) continue;  // its probe begins after the hole: it may stay
      slots_[hole] = std::move(slots_[i]);
      hole = i;
    }
    return gone;
  }

  /// Calls `take(object)` for every object, in no order.
  template <class Take>
  void for_each(Take&& take) const {
    for (const slot& at : slots_) {
      if (at.object) take(at.object);
    }
  }

 private:
  struct slot {
    std::uint64_t hash = 0;
    object_ptr object;
  };

  [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
  [[nodiscard]] std::size_t following(std::size_t i) const noexcept { return (i + 1) & mask(); }

  /// Where the key is, or the empty slot where it would go.
  [[nodiscard]] std::size_t probe(std::uint64_t hash, std::string_view key) const noexcept {
    std::size_t i = hash & mask();
    while (slots_[i].object && (slots_[i].hash != hash || slots_[i].object->key != key)) i = following(i);
    return i;
  }

  void grow() {
    std::vector<slot> old = std::exchange(slots_, std::vector<slot>(slots_.empty() ? 16 : slots_.size() * 2));
    for (slot& at : old) {
      if (!at.object) continue;
      std::size_t i = at.hash & mask();
      while (slots_[i].object) i = following(i);
      slots_[i] = std::move(at);
    }
  }

  std::vector<slot> slots_;  // size 0 or a power of two
  std::size_t size_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_OBJECT_TABLE_HPP
