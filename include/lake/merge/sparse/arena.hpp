// Memory for one merge: handed out by moving a pointer, given back all at once. Knows nothing of documents.
#ifndef LAKE_MERGE_SPARSE_ARENA_HPP
#define LAKE_MERGE_SPARSE_ARENA_HPP

#include <lake/config.hpp>

#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// Memory that lives as long as the arena. Confined to one thread; neither copied nor moved. The first bytes come from the
/// arena itself, so that a small merge allocates nothing; later chunks grow, so that their number stays small.
class arena {
 public:
  arena() = default;
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  ~arena() {
    while (chunks_ != nullptr) ::operator delete(std::exchange(chunks_, chunks_->before));
  }

  /// Room for `bytes`, aligned for any of the merge's types.
  [[nodiscard]] __attribute__((always_inline)) void* allocate(std::size_t bytes) {
    bytes = (bytes + (alignment - 1)) & ~(alignment - 1);
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
    return std::exchange(at_, at_ + bytes);
  }

  /// A new T: from the arguments; without any by its default constructor, which must set all that is read.
  template <class T, class... Arguments>
  [[nodiscard]] T* make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= alignment, "lake: an arena destroys nothing");
    // Not T{}: gcc clears an aggregate by a string instruction, which takes longer to begin than all the stores.
    if constexpr (sizeof...(Arguments) == 0) return ::new (allocate(sizeof(T))) T;
    else return ::new (allocate(sizeof(T))) T{std::forward<Arguments>(arguments)...};
  }

  /// Room for `count` objects of type T, which the caller fills.
  template <class T>
  [[nodiscard]] T* array(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignment, "lake: an arena destroys nothing");
    return static_cast<T*>(allocate(count * sizeof(T)));
  }

  /// A copy of `bytes`.
  [[nodiscard]] std::string_view keep(std::string_view bytes) {
    char* const room = array<char>(bytes.size());
    if (!bytes.empty()) std::memcpy(room, bytes.data(), bytes.size());
    return {room, bytes.size()};
  }

 private:
  static constexpr std::size_t alignment = 8;
  static constexpr std::size_t first_bytes = 6 * 1024;
  static constexpr std::size_t growth = 4;  // So that the last chunk is most of all: malloc then keeps it for the next merge, and no page is asked for again.
  static constexpr std::size_t large_bytes = std::size_t{4} << 20;  // Above it, what is not used weighs more.
  struct chunk {
    chunk* before;
  };

  __attribute__((noinline)) void grow(std::size_t bytes) {
    const std::size_t wanted = bytes + sizeof(chunk) > next_ ? bytes + sizeof(chunk) : next_;
    next_ = next_ < large_bytes ? next_ * growth : next_ / 2 * 3;
    char* const room = static_cast<char*>(::operator new(wanted));
    chunks_ = ::new (static_cast<void*>(room)) chunk{chunks_};
    at_ = room + sizeof(chunk);
    end_ = room + wanted;
  }

  alignas(alignment) char first_[first_bytes];
  char* at_ = first_;
  char* end_ = first_ + first_bytes;
  chunk* chunks_ = nullptr;
  std::size_t next_ = 3 * first_bytes;
};

/// A stack of plain items in an arena. What it outgrows stays in the arena. Confined as the arena is.
template <class T>
class stack {
 public:
  explicit stack(arena& memory) : memory_(memory) {}

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T* data() noexcept { return items_; }
  [[nodiscard]] T& operator[](std::size_t at) noexcept { return items_[at]; }
  [[nodiscard]] T& back() noexcept { return items_[size_ - 1]; }
  [[nodiscard]] T* begin() noexcept { return items_; }
  [[nodiscard]] T* end() noexcept { return items_ + size_; }

  __attribute__((always_inline)) void push(const T& item) {
    if (size_ == capacity_) [[unlikely]] grow();
    ::new (static_cast<void*>(items_ + size_)) T(item);
    ++size_;
  }
  void pop() noexcept { --size_; }
  void shrink(std::size_t size) noexcept { size_ = size; }

 private:
  __attribute__((noinline)) void grow() {
    const T* const old = items_;
    capacity_ = capacity_ == 0 ? 8 : capacity_ * 2;
    items_ = memory_.array<T>(capacity_);
    if (old != nullptr) std::memcpy(static_cast<void*>(items_), old, size_ * sizeof(T));
  }

  arena& memory_;
  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_ARENA_HPP
