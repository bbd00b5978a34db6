// Memory between two pages that nobody may touch: a read beyond either end of a text that lies against one of them is a crash, in every
// build, whatever instruction reads.
#ifndef LAKE_TESTS_SUPPORT_GUARDED_HPP
#define LAKE_TESTS_SUPPORT_GUARDED_HPP

#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

namespace lake_test {

/// Holds one text at a time.
class guarded {
 public:
  /// Room for texts of at most `bytes`.
  explicit guarded(std::size_t bytes) : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))), room_((bytes / page_ + 1) * page_) {
    void* const all = ::mmap(nullptr, room_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    all_ = static_cast<char*>(all);
    if (::mprotect(all_ + page_, room_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  guarded(const guarded&) = delete;
  guarded& operator=(const guarded&) = delete;
  ~guarded() { ::munmap(all_, room_ + 2 * page_); }

  /// The text directly before the forbidden page behind the memory. Lifetime: until the next call.
  std::string_view at_end(std::string_view bytes) { return put(all_ + page_ + room_ - bytes.size(), bytes); }
  /// The text directly behind the forbidden page before the memory. Lifetime: until the next call.
  std::string_view at_start(std::string_view bytes) { return put(all_ + page_, bytes); }

 private:
  static std::string_view put(char* where, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(where, bytes.data(), bytes.size());
    return {where, bytes.size()};
  }

  std::size_t page_;
  std::size_t room_;
  char* all_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_GUARDED_HPP
