// How filesystem_storage makes an object appear in one step: a temporary beside it, renamed or linked to its name; and the root's lock.
// Functions return 0 or the error number. Knows no storage.
#ifndef LAKE_DETAIL_TEMPORARY_FILE_HPP
#define LAKE_DETAIL_TEMPORARY_FILE_HPP

#include <lake/config.hpp>
#include <lake/core/random.hpp>
#include <lake/detail/file_sync.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/hex.hpp>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Names that begin so are the storage's own: never listed, never a segment of a key.
inline constexpr std::string_view reserved_name = ".tmp-";
inline constexpr const char* lock_name = ".tmp-lock";

/// True for the name of a temporary: `.tmp-`, a process id, "-", a random number.
[[nodiscard]] inline bool is_temporary_name(std::string_view name) noexcept {
  return name.starts_with(reserved_name) && name.size() > reserved_name.size() && name[reserved_name.size()] >= '0' &&
         name[reserved_name.size()] <= '9';
}

/// How a temporary gets its final name without replacing what may be there.
enum class placing : unsigned char {
  rename,  ///< renameat2 with RENAME_NOREPLACE: one change of the folder. Linux; not NFS.
  link,    ///< A second link, then the first is removed. Not FAT.
  check,   ///< A look, then a rename: right only while all creators hold the root's lock.
};

/// Gives the file `from` the name `to` in the same folder. EEXIST: something has that name, nothing changed.
/// EINVAL, ENOSYS, EPERM, ENOTSUP, EOPNOTSUPP, EMLINK: this way does not work here, try the next.
[[nodiscard]] inline int place_new(int folder, const char* from, const char* to, placing how) {
  switch (how) {
    case placing::rename:
#if defined(__linux__) && defined(RENAME_NOREPLACE)
      return ::renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
#else
      return ENOSYS;
#endif
    case placing::link: {
      if (::linkat(folder, from, folder, to, 0) != 0) return errno;
      ::unlinkat(folder, from, 0);  // whatever it says: the object is there, and a left-over name is hidden and can be swept
      return 0;
    }
    case placing::check: {
      struct ::stat there {};
      if (::fstatat(folder, to, &there, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
      if (errno != ENOENT) return errno;
      return ::renameat(folder, from, folder, to) == 0 ? 0 : errno;
    }
  }
  return ENOSYS;
}

/// True if another way of placing may work where one failed with this number.
[[nodiscard]] inline bool placing_unsupported(int number) noexcept {
  return number == EINVAL || number == ENOSYS || number == EPERM || number == ENOTSUP || number == EOPNOTSUPP || number == EMLINK;
}

/// A file in the making, under a name that nobody reads; gone on destruction unless it was given its final name. Confined to one thread.
/// The name holds the process id and 64 random bits: writers of one key never meet in one file. `folder` must outlive it.
class temporary_file {
 public:
  explicit temporary_file(int folder) : folder_(folder), name_(reserved_name) {
    pure::append_decimal(name_, ::getpid());
    name_ += '-';
    pure::append_hex_u64(name_, random_source()());
    opened made = open_in(folder, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL);
    fd_ = std::move(made.fd);
    failed_ = made.failed;
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file() {
    if (fd_ && !placed_) ::unlinkat(folder_, name_.c_str(), 0);
  }

  /// Why there is no file, or 0.
  [[nodiscard]] int failed() const noexcept { return failed_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// Gives it its final name; nothing may have that name. EEXIST: nothing changed.
  [[nodiscard]] int place(const char* name, placing how) {
    const int number = place_new(folder_, name_.c_str(), name, how);
    placed_ = number == 0;
    return number;
  }
  /// Gives it its final name in place of what has it.
  [[nodiscard]] int replace(const char* name) {
    if (::renameat(folder_, name_.c_str(), folder_, name) != 0) return errno;
    placed_ = true;
    return 0;
  }

 private:
  int folder_;
  std::string name_;
  unique_fd fd_;
  int failed_ = 0;
  bool placed_ = false;
};

/// The root's advisory lock, held until destruction: shared or exclusive between threads and processes. Confined to one thread.
/// Every holder opens the file anew, because locks belong to open files and threads of one process must exclude each other too.
class root_lock {
 public:
  explicit root_lock(int root, int kind) {
    opened file = open_in(root, lock_name, O_RDWR | O_CREAT);
    fd_ = std::move(file.fd);
    failed_ = file.failed;
    if (fd_ && uninterrupted([&] { return ::flock(fd_.get(), kind); }) != 0) failed_ = errno;
  }
  /// Why the lock is not held, or 0.
  [[nodiscard]] int failed() const noexcept { return failed_; }

 private:
  unique_fd fd_;
  int failed_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_TEMPORARY_FILE_HPP
