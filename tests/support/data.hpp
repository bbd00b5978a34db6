// The golden and conformance data beside the repository, and the honest way to do without it.
#ifndef LAKE_TESTS_SUPPORT_DATA_HPP
#define LAKE_TESTS_SUPPORT_DATA_HPP

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#ifndef LAKE_SOURCE_DIR
#define LAKE_SOURCE_DIR "."
#endif

/// Says on standard output that the running test was skipped and why, and leaves it. `tests/run` counts these lines.
#define LAKE_SKIP(reason)                                         \
  do {                                                            \
    std::printf("SKIPPED: %s\n", std::string(reason).c_str());    \
    std::fflush(stdout);                                          \
    SUCCEED();                                                    \
    return;                                                       \
  } while (false)

namespace lake_test {

/// The folder of shared data: `LAKE_DATA`, else `../shared/data` beside the repository.
inline std::filesystem::path data_folder() {
  if (const char* set = std::getenv("LAKE_DATA")) return set;
  return std::filesystem::path(LAKE_SOURCE_DIR) / ".." / "shared" / "data";
}

/// A file's bytes; empty if it cannot be read.
inline std::string file_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_DATA_HPP
