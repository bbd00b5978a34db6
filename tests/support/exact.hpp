// A text in a block of exactly its size, so that a sanitizer sees every byte read beyond it.
#ifndef LAKE_TESTS_SUPPORT_EXACT_HPP
#define LAKE_TESTS_SUPPORT_EXACT_HPP

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

namespace lake_test {

class exact {
 public:
  explicit exact(std::string_view bytes) : bytes_(std::make_unique<char[]>(bytes.size())), size_(bytes.size()) { std::copy(bytes.begin(), bytes.end(), bytes_.get()); }
  /// Lifetime: as the object, also when it was moved.
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_EXACT_HPP
