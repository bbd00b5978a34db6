// The folders beneath a root: opened without following symbolic links, made where missing, each synced once. Knows no storage.
// Functions return 0 or the error number.
#ifndef LAKE_DETAIL_FOLDER_TREE_HPP
#define LAKE_DETAIL_FOLDER_TREE_HPP

#include <lake/config.hpp>
#include <lake/core/durability.hpp>
#include <lake/detail/file_sync.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// An open root and the folders beneath it. Paths are checked keys' folders; "" is the root. Thread-safe.
class folder_tree {
 public:
  folder_tree(unique_fd root, durability level) : root_(std::move(root)), level_(level) {}

  [[nodiscard]] int root() const noexcept { return root_.get(); }
  [[nodiscard]] durability level() const noexcept { return level_; }

  /// Opens a folder that exists.
  [[nodiscard]] opened open(std::string_view path) const {
    return path.empty() ? open_in(root(), ".", folder_flags) : open_beneath(root(), path, folder_flags);
  }

  /// Opens a folder, makes it where it is missing, and syncs it and its ancestors as far as the durability asks and they are not known
  /// to be synced: another process may have made one and died before its sync.
  [[nodiscard]] opened open_or_make(std::string_view path) {
    if (settled(path)) {
      opened there = open(path);
      if (there.fd || there.failed != ENOENT) return there;
    }
    opened at = open({});
    for (std::size_t begin = 0; at.fd && begin < path.size();) {
      const std::size_t end = (std::min)(path.find('/', begin), path.size());
      const bool sync = !settled(path.substr(0, end));
      at = step_into(at.fd.get(), std::string(path.substr(begin, end - begin)), sync);
      if (at.fd && sync) remember(path.substr(0, end));
      begin = end + 1;
    }
    return at;
  }

  /// Makes `root` and what is missing above it, each synced into its parent. On failure `failed_at` is the folder concerned.
  [[nodiscard]] static int make_root(const std::filesystem::path& root, durability level, std::filesystem::path& failed_at) {
    std::filesystem::path at;
    for (const std::filesystem::path& step : root) {
      const std::filesystem::path above = at.empty() ? std::filesystem::path(".") : at;
      failed_at = at /= step;
      if (::mkdir(at.c_str(), 0777) != 0) {
        if (errno == EEXIST) continue;
        return errno;
      }
      const unique_fd parent(::open(above.c_str(), folder_flags | O_CLOEXEC));
      const int failed = parent ? sync_folder(parent.get(), level) : errno;
      if (failed != 0) return failed;
    }
    return 0;
  }

 private:
  static constexpr std::size_t kept = 4096;

  /// Opens or makes one folder in another; syncs the parent if the folder is new or the caller says so.
  [[nodiscard]] opened step_into(int parent, const std::string& name, bool sync) const {
    opened inner = open_in(parent, name.c_str(), folder_flags);
    if (inner.failed == ENOENT) {
      if (::mkdirat(parent, name.c_str(), 0777) != 0 && errno != EEXIST) return {{}, errno};  // EEXIST: another writer was faster
      inner = open_in(parent, name.c_str(), folder_flags);
      sync = true;
    }
    if (!inner.fd || !sync) return inner;
    const int failed = sync_folder(parent, level_);
    return failed == 0 ? std::move(inner) : opened{{}, failed};
  }

  /// True if nothing needs to be synced for this folder's name to last.
  [[nodiscard]] bool settled(std::string_view path) const {
    if (path.empty() || level_ != durability::full) return true;
    const std::lock_guard lock(mutex_);
    return synced_.find(std::string(path)) != synced_.end();
  }
  void remember(std::string_view path) {
    const std::lock_guard lock(mutex_);
    if (synced_.size() >= kept) synced_.clear();  // forgetting costs a sync each, nothing else
    synced_.emplace(path);
  }

  unique_fd root_;
  durability level_;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> synced_;  // folders known to be on the disk with all their ancestors
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_FOLDER_TREE_HPP
