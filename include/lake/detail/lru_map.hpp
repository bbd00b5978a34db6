// A map from text to values that forgets what was used longest ago when its bytes exceed a budget. Knows no clock and no lock.
// One allocation per entry holds links, value and key; buckets are one pointer each, so an entry costs its key and about 70 bytes.
#ifndef LAKE_DETAIL_LRU_MAP_HPP
#define LAKE_DETAIL_LRU_MAP_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A bounded map from text to `Value`, ordered by use. Thread-compatible; movable.
/// What leaves the map is handed out as `dropped`, so that a caller with a lock can destroy values after unlocking.
template <class Value>
class lru_map {
  struct node {
    node* newer;
    node* older;
    node* chain;  ///< The next of the same bucket; in `dropped`, the next dropped.
    std::uint64_t hash;
    std::size_t bytes;
    std::size_t key_bytes;  ///< The key's bytes follow the node.
    Value value;

    [[nodiscard]] std::string_view key() const noexcept { return {reinterpret_cast<const char*>(this + 1), key_bytes}; }
  };

 public:
  /// No budget: nothing is forgotten.
  static constexpr std::size_t unbounded = (std::numeric_limits<std::size_t>::max)();

  /// Entries that have left the map, still alive; destroyed with this.
  class dropped {
   public:
    dropped() = default;
    dropped(dropped&& other) noexcept
        : first_(std::exchange(other.first_, nullptr)), count_(std::exchange(other.count_, 0)), bytes_(std::exchange(other.bytes_, 0)) {}
    dropped& operator=(dropped&& other) noexcept {
      std::swap(first_, other.first_);
      std::swap(count_, other.count_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~dropped() {
      while (first_ != nullptr) destroy(std::exchange(first_, first_->chain));
    }

    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    /// What they counted in the map.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

   private:
    friend class lru_map;
    void add(node* entry) noexcept {
      ++count_;
      bytes_ += entry->bytes;
      entry->chain = std::exchange(first_, entry);
    }

    node* first_ = nullptr;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
  };

  explicit lru_map(std::size_t max_bytes = unbounded) noexcept : max_bytes_(max_bytes) {}
  lru_map(lru_map&& other) noexcept
      : buckets_(std::exchange(other.buckets_, {})),
        newest_(std::exchange(other.newest_, nullptr)),
        oldest_(std::exchange(other.oldest_, nullptr)),
        count_(std::exchange(other.count_, 0)),
        bytes_(std::exchange(other.bytes_, 0)),
        max_bytes_(other.max_bytes_) {}
  lru_map& operator=(lru_map&&) = delete;
  ~lru_map() { clear(); }

  /// The hash that the other operations take, so that it is computed once.
  [[nodiscard]] static std::uint64_t hash(std::string_view key) noexcept { return std::hash<std::string_view>{}(key); }

  /// What an entry counts besides its value's own bytes: key, links, bucket, and what an allocator adds.
  [[nodiscard]] static constexpr std::size_t overhead_bytes(std::string_view key) noexcept {
    return sizeof(node) + key.size() + 3 * sizeof(void*);
  }

  /// The value, which becomes the newest, or null. Valid until the map changes. Complexity: constant on average.
  [[nodiscard]] Value* find(std::string_view key, std::uint64_t key_hash) noexcept {
    node* const found = lookup(key, key_hash);
    if (found == nullptr) return nullptr;
    if (found != newest_) {
      unlink(found);
      link_newest(found);
    }
    return &found->value;
  }
  [[nodiscard]] Value* find(std::string_view key) noexcept { return find(key, hash(key)); }

  /// Keeps the value as the newest, in place of an older one of the key, and drops the oldest entries until the budget holds.
  /// A value that exceeds the budget alone is not kept. `value_bytes` is what it counts besides `overhead_bytes`.
  dropped insert(std::string_view key, std::uint64_t key_hash, Value value, std::size_t value_bytes) {
    dropped gone = erase(key, key_hash);
    const std::size_t overhead = overhead_bytes(key);
    if (overhead > max_bytes_ || value_bytes > max_bytes_ - overhead) return gone;
    while (bytes_ > max_bytes_ - overhead - value_bytes) drop(oldest_, gone);
    if (count_ == buckets_.size()) grow();
    node* const made = create(key, key_hash, std::move(value), overhead + value_bytes);
    node*& bucket = bucket_of(key_hash);
    made->chain = std::exchange(bucket, made);
    link_newest(made);
    ++count_;
    bytes_ += made->bytes;
    return gone;
  }
  dropped insert(std::string_view key, Value value, std::size_t value_bytes) {
    return insert(key, hash(key), std::move(value), value_bytes);
  }

  /// Takes the entry out, if there is one.
  dropped erase(std::string_view key, std::uint64_t key_hash) noexcept {
    dropped gone;
    if (node* const found = lookup(key, key_hash)) drop(found, gone);
    return gone;
  }
  dropped erase(std::string_view key) noexcept { return erase(key, hash(key)); }

  /// Takes out the entry that was used longest ago, if there is one.
  dropped erase_oldest() noexcept {
    dropped gone;
    if (oldest_ != nullptr) drop(oldest_, gone);
    return gone;
  }

  /// Takes out every entry.
  dropped clear() noexcept {
    dropped gone;
    while (oldest_ != nullptr) drop(oldest_, gone);
    return gone;
  }

  /// The value that was used longest ago, or null.
  [[nodiscard]] const Value* oldest() const noexcept { return oldest_ == nullptr ? nullptr : &oldest_->value; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  /// The bytes of all entries, overhead included.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t max_bytes() const noexcept { return max_bytes_; }

 private:
  static_assert(alignof(node) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "lake: lru_map takes no over-aligned values");

  static node* create(std::string_view key, std::uint64_t key_hash, Value value, std::size_t bytes) {
    void* const memory = ::operator new(sizeof(node) + key.size());
    node* const made = ::new (memory) node{nullptr, nullptr, nullptr, key_hash, bytes, key.size(), std::move(value)};
    if (!key.empty()) std::memcpy(static_cast<char*>(memory) + sizeof(node), key.data(), key.size());
    return made;
  }
  static void destroy(node* entry) noexcept {
    std::destroy_at(entry);
    ::operator delete(entry);
  }

  [[nodiscard]] node*& bucket_of(std::uint64_t key_hash) noexcept { return buckets_[key_hash & (buckets_.size() - 1)]; }
  [[nodiscard]] node* lookup(std::string_view key, std::uint64_t key_hash) noexcept {
    if (buckets_.empty()) return nullptr;
    node* at = bucket_of(key_hash);
    while (at != nullptr && (at->hash != key_hash || at->key() != key)) at = at->chain;
    return at;
  }

  /// Doubles the buckets; their number is a power of two.
  void grow() {
    buckets_.assign(buckets_.empty() ? 16 : buckets_.size() * 2, nullptr);
    for (node* at = oldest_; at != nullptr; at = at->newer) at->chain = std::exchange(bucket_of(at->hash), at);
  }

  void link_newest(node* entry) noexcept {
    entry->newer = nullptr;
    entry->older = newest_;
    (newest_ != nullptr ? newest_->newer : oldest_) = entry;
    newest_ = entry;
  }
  void unlink(node* entry) noexcept {
    (entry->newer != nullptr ? entry->newer->older : newest_) = entry->older;
    (entry->older != nullptr ? entry->older->newer : oldest_) = entry->newer;
  }
  void drop(node* entry, dropped& gone) noexcept {
    node** at = &bucket_of(entry->hash);
    while (*at != entry) at = &(*at)->chain;
    *at = entry->chain;
    unlink(entry);
    --count_;
    bytes_ -= entry->bytes;
    gone.add(entry);
  }

  std::vector<node*> buckets_;
  node* newest_ = nullptr;
  node* oldest_ = nullptr;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t max_bytes_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_LRU_MAP_HPP
