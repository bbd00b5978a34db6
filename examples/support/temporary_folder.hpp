// A fresh folder for an example that was given none, removed at the end.
#ifndef EXAMPLES_SUPPORT_TEMPORARY_FOLDER_HPP
#define EXAMPLES_SUPPORT_TEMPORARY_FOLDER_HPP

#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>

namespace examples {

/// A folder that nobody else has, gone with this object.
class temporary_folder {
 public:
  temporary_folder() : path_(std::filesystem::temp_directory_path() / ("lake-example-" + std::to_string(std::random_device()()))) {
    if (!std::filesystem::create_directory(path_)) throw std::runtime_error("the folder " + path_.string() + " is there already");
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  ~temporary_folder() {
    std::error_code ignored;  // What cannot be removed stays behind in the system's temporary folder.
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace examples

#endif  // EXAMPLES_SUPPORT_TEMPORARY_FOLDER_HPP
