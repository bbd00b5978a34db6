// A folder of its own for a test, gone with everything in it when the test ends.
#ifndef LAKE_TESTS_SUPPORT_FOLDER_HPP
#define LAKE_TESTS_SUPPORT_FOLDER_HPP

#include <filesystem>
#include <string>
#include <system_error>

#include <stdlib.h>

namespace lake_test {

/// A fresh, empty folder beneath the system's one for temporaries. Confined.
class scratch_folder {
 public:
  scratch_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lake-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_FOLDER_HPP
