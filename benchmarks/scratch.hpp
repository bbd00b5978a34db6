// Folders of workloads that write to the disk, and the least that a durable write must do there.
#ifndef BENCHMARKS_SCRATCH_HPP
#define BENCHMARKS_SCRATCH_HPP

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace bench {

/// Makes an empty folder below `parent`. It is removed with `parent`, at the end of the run, and not before: for five seconds after a
/// file's removal ext4 avoids its inode and searches for another, so that removing a round's files slows the next round down
/// several times.
[[nodiscard]] std::filesystem::path fresh_folder(const std::filesystem::path& parent);

/// The bare equivalent of durable writes: each body into a new file, the file and the folder fsynced, and then one row per body in
/// one SQLite transaction (WAL, synchronous FULL). No temporary files, no names to agree on, no checks. Confined to one thread.
class bare_disk {
 public:
  explicit bare_disk(const std::filesystem::path& folder);
  bare_disk(const bare_disk&) = delete;
  bare_disk& operator=(const bare_disk&) = delete;
  ~bare_disk();

  /// Throws std::runtime_error where the system refuses.
  void write(std::span<const std::string_view> bodies);

 private:
  void write_file(std::string_view body);
  void run(const char* statement);

  std::string folder_;
  int folder_descriptor_ = -1;
  std::size_t files_ = 0;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

}  // namespace bench

#endif  // BENCHMARKS_SCRATCH_HPP
