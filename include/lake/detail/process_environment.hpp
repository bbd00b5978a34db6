// What a process was given from outside: environment variables and small files. A test brings its own. Knows no variable's meaning.
#ifndef LAKE_DETAIL_PROCESS_ENVIRONMENT_HPP
#define LAKE_DETAIL_PROCESS_ENVIRONMENT_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/secret.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// This process's environment. Thread-safe as long as nobody changes the environment (setenv).
struct process_environment {
  static constexpr std::size_t most_file_bytes = std::size_t{256} << 10U;

  /// The variable's value; empty if it is not set.
  [[nodiscard]] std::string variable(const char* name) const {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  }

  /// A file's text, which may be secret: no buffer keeps a copy of it.
  /// Errors: not_found; configuration for one that cannot be read, or of more than 256 KiB.
  [[nodiscard]] result<std::string> file(const std::string& path) const {
    struct closing {
      void operator()(std::FILE* open) const noexcept { std::fclose(open); }
    };
    const std::unique_ptr<std::FILE, closing> in(std::fopen(path.c_str(), "rb"));
    if (in == nullptr) {
      if (errno == ENOENT || errno == ENOTDIR) return lake::error{errc::not_found, {}, path, "there is no such file"};
      return lake::error{errc::configuration, {}, path, "the file cannot be opened"};
    }
    std::setvbuf(in.get(), nullptr, _IONBF, 0);
    std::string text(most_file_bytes + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), in.get()));
    if (std::ferror(in.get()) == 0 && text.size() <= most_file_bytes) return text;
    wipe(text);
    return lake::error{errc::configuration, {}, path, "the file cannot be read, or has more than 256 KiB"};
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_PROCESS_ENVIRONMENT_HPP
