// POSIX files for filesystem_storage: descriptors that close themselves, whole reads and writes, syncing, opening beneath a root.
// Functions return 0 or the error number, and `file_error` makes a story of it. Knows no storage.
#ifndef LAKE_DETAIL_FILE_SYNC_HPP
#define LAKE_DETAIL_FILE_SYNC_HPP

#include <lake/config.hpp>
#include <lake/core/durability.hpp>
#include <lake/core/error.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#if defined(__linux__) && __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// An open file or folder; closed on destruction. Thread-compatible.
class unique_fd {
 public:
  unique_fd() = default;
  explicit unique_fd(int number) noexcept : number_(number) {}
  unique_fd(unique_fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~unique_fd() {
    if (number_ >= 0) ::close(number_);  // every write was checked by then: close has no news to report
  }

  [[nodiscard]] int get() const noexcept { return number_; }
  /// Gives the descriptor up to whoever closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  explicit operator bool() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// What an open gives: the descriptor, or why there is none.
struct opened {
  unique_fd fd;
  int failed = 0;
};

/// The error behind an error number, as a storage reports it.
[[nodiscard]] inline lake::error file_error(std::string_view operation, std::string_view key, std::string_view step, int number) {
  errc code = errc::io;
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS: code = errc::access_denied; break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN: code = errc::unavailable; break;
    case ENAMETOOLONG: code = errc::invalid_argument; break;
    default: break;
  }
  return {code, std::string(operation), std::string(key), std::string(step) + ": " + std::generic_category().message(number)};
}

/// Repeats a call while a signal interrupts it. Returns its value, negative on failure with `errno` set.
template <class Call>
auto uninterrupted(Call&& call) {
  for (;;) {
    const auto answer = call();
    if (answer >= 0 || errno != EINTR) return answer;
  }
}

/// Opens `name` in a folder, never through a symbolic link. `O_NONBLOCK`: opening a stray FIFO must not wait for its other end.
[[nodiscard]] inline opened open_in(int folder, const char* name, int flags, mode_t mode = 0666) {
  const int fd = uninterrupted([&] { return ::openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode); });
  return fd >= 0 ? opened{unique_fd(fd)} : opened{{}, errno};
}

inline constexpr int folder_flags = O_RDONLY | O_DIRECTORY;

/// Opens a checked relative path beneath a folder, one step a segment, none of them through a symbolic link.
[[nodiscard]] inline opened walk_beneath(int root, std::string_view path, int flags) {
  unique_fd folder;
  for (;;) {
    const int at = folder ? folder.get() : root;
    const std::size_t slash = path.find('/');
    const std::string segment(path.substr(0, slash));
    if (slash == path.npos) return open_in(at, segment.c_str(), flags);
    opened inner = open_in(at, segment.c_str(), folder_flags);
    if (!inner.fd) return inner;
    folder = std::move(inner.fd);
    path.remove_prefix(slash + 1);
  }
}

/// The same in one system call where the kernel offers it (Linux 5.6, unless a sandbox forbids it), else by walking.
[[nodiscard]] inline opened open_beneath(int root, std::string_view path, int flags) {
#if defined(__linux__) && defined(SYS_openat2) && defined(RESOLVE_BENEATH)
  ::open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string name(path);
  const long fd = uninterrupted([&] { return ::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how); });
  if (fd >= 0) return {unique_fd(static_cast<int>(fd))};
  const bool refused = errno == ENOSYS || errno == EPERM || errno == EAGAIN || errno == E2BIG || errno == EINVAL;
  if (!refused) return {{}, errno};
#endif
  return walk_beneath(root, path, flags);
}

/// Writes all bytes.
[[nodiscard]] inline int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = uninterrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (wrote < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

/// Reads `size` bytes from `offset` on, or up to the end of the file, into `to`, and sets `got` to how many.
[[nodiscard]] inline int read_at(int fd, off_t offset, char* to, std::size_t size, std::size_t& got) {
  for (got = 0; got < size;) {
    const ssize_t count = uninterrupted([&] { return ::pread(fd, to + got, size - got, offset + static_cast<off_t>(got)); });
    if (count < 0) return errno;
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  return 0;
}

/// Puts a file or folder on the disk itself, through the drive's cache where the system allows.
[[nodiscard]] inline int sync_all(int fd) {
#if defined(F_FULLFSYNC)
  if (::fcntl(fd, F_FULLFSYNC) == 0) return 0;
#endif
  return uninterrupted([&] { return ::fsync(fd); }) == 0 ? 0 : errno;
}

/// Puts a file's bytes and size on the disk as far as `level` asks.
[[nodiscard]] inline int sync_file(int fd, durability level) {
  if (level == durability::none) return 0;
#if defined(__linux__)
  if (level == durability::data) return uninterrupted([&] { return ::fdatasync(fd); }) == 0 ? 0 : errno;
#endif
  return sync_all(fd);
}

/// Puts a folder's entries on the disk if `level` asks for it.
[[nodiscard]] inline int sync_folder(int fd, durability level) { return level == durability::full ? sync_all(fd) : 0; }

/// A folder's names, read one by one. Confined to one thread.
class folder_reader {
 public:
  /// Takes a descriptor of its own: reading moves a position that descriptors share.
  explicit folder_reader(int folder) {
    opened own = open_in(folder, ".", folder_flags);
    failed_ = own.failed;
    if (!own.fd) return;
    stream_ = ::fdopendir(own.fd.get());
    if (!stream_) failed_ = errno;
    else static_cast<void>(own.fd.release());  // closedir closes it
  }
  folder_reader(const folder_reader&) = delete;
  folder_reader& operator=(const folder_reader&) = delete;
  ~folder_reader() {
    if (stream_) ::closedir(stream_);
  }

  /// The next name but "." and ".."; null at the end or on failure.
  [[nodiscard]] const char* read() {
    while (stream_) {
      errno = 0;
      const dirent* const entry = ::readdir(stream_);
      if (!entry) {
        failed_ = errno;
        return nullptr;
      }
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") return entry->d_name;
    }
    return nullptr;
  }
  [[nodiscard]] int failed() const noexcept { return failed_; }

 private:
  DIR* stream_ = nullptr;
  int failed_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_FILE_SYNC_HPP
