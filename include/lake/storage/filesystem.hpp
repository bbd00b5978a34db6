// A storage in a folder: one file per object, `{root}/{key}`; safe among threads, processes and losses of power.
// Knows no index and no codec.
//
// How an object appears: its bytes go to a temporary in the same folder (`.tmp-{process}-{random}`, a name of its own per write), are
// synced, then renamed or linked to their key. Readers see a whole object or none; a crash leaves at most a temporary, which no
// operation reads or lists (`sweep_temporaries` removes them). Names that begin with `.tmp-` are therefore no segment of a key.
//
// Attacks considered: a key that leaves the root (checked, then opened beneath the root's descriptor), a symbolic link planted inside
// the root (never followed: what lies behind one is no object), a FIFO in the place of an object (opened without waiting, then refused).
#ifndef LAKE_STORAGE_FILESYSTEM_HPP
#define LAKE_STORAGE_FILESYSTEM_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/durability.hpp>
#include <lake/core/error.hpp>
#include <lake/core/object_key.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/detail/file_sync.hpp>
#include <lake/detail/folder_tree.hpp>
#include <lake/detail/storage_error.hpp>
#include <lake/detail/temporary_file.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/xxh64.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Where and how a `filesystem_storage` keeps objects.
struct filesystem_options {
  std::filesystem::path root;                            ///< The folder; belongs to one lake.
  bool create = false;                                   ///< Make the folder where it is missing; false: that is an error.
  lake::durability durability = lake::durability::full;  ///< What an acknowledged object survives.
};

/// Objects as files beneath a folder. Thread-safe, also among processes; a copy shares the open root.
/// A moved-from storage may only be assigned to or destroyed.
///
/// A key that is the beginning of another's folders ("a" beside "a/b") is refused with invalid_argument, for a file is no folder.
/// Folders stay when their last object goes: another writer may just be about to use them.
/// Errors of every operation besides its own: invalid_argument for a bad key; access_denied; io; unavailable (out of descriptors).
class filesystem_storage {
 public:
  static constexpr storage_kind kind = storage_kind::filesystem;
  /// A warm file is read in a few microseconds: fewer loads than this are done before threads have woken up.
  static constexpr std::size_t concurrent_from = 16;

  /// Returns the storage of a folder.
  /// Errors: configuration if the root is empty, no folder, or missing while `create` is false.
  static result<filesystem_storage> open(filesystem_options options) {
    if (options.root.empty()) return misplaced(options, "filesystem_options::root is empty");
    if (options.create) {
      std::filesystem::path at;
      const int failed = detail::folder_tree::make_root(options.root, options.durability, at);
      if (failed != 0 && failed != ENOTDIR) return detail::file_error("storage.open", at.native(), "create the folder", failed);
    }
    const int fd = detail::uninterrupted([&] { return ::open(options.root.c_str(), detail::folder_flags | O_CLOEXEC); });
    if (fd < 0 && errno == ENOENT) return misplaced(options, "the root folder does not exist, and filesystem_options::create is false");
    if (fd < 0 && errno == ENOTDIR) return misplaced(options, "the root is not a folder");
    if (fd < 0) return detail::file_error("storage.open", options.root.native(), "open the root", errno);
    filesystem_storage made;
    made.state_ = std::make_shared<state>(detail::unique_fd(fd), options.durability);
    return made;
  }

  /// Returns the object's bytes. Errors: not_found.
  /// Complexity: four system calls, one copy of the bytes.
  result<body_ptr> get(std::string_view key) const {
    const call about{"storage.get", key};
    return open_object(about).and_then([&](const object_file& file) {
      return read(about, file, 0, file.bytes).transform([](std::string bytes) {
        return body_ptr(std::make_shared<const std::string>(std::move(bytes)));
      });
    });
  }

  /// Creates an object. Of several concurrent creators of a key, in any process, exactly one succeeds.
  /// Errors: already_exists; then the object that exists is as durable as one created here.
  /// Effects on failure: none, but after io from the last step (syncing the folder) the object may be there.
  result<void> create(std::string_view key, std::string bytes) {
    const call about{"storage.create", key};
    const auto fill = [&](int fd) { return write(about, fd, bytes); };
    return publish(about, fill, [&](const draft& made) { return name_new(about, made); });
  }

  /// Creates or replaces an object; readers see the old bytes or the new ones.
  result<void> put(std::string_view key, std::string bytes) {
    const call about{"storage.put", key};
    const auto fill = [&](int fd) { return write(about, fd, bytes); };
    return publish(about, fill, [&](const draft& made) -> result<void> {
      const detail::root_lock lock(state_->folders.root(), LOCK_SH);  // between the look and the change of a swap there is no put
      if (lock.failed() != 0) return about.failed("lock the root", lock.failed());
      return name_over(about, made);
    });
  }

  /// Removes an object; one that is not there is removed already. Not synced: after a loss of power the object may be back.
  result<void> remove(std::string_view key) {
    const call about{"storage.remove", key};
    if (auto good = check(about); !good) return good;
    const detail::opened folder = state_->folders.open(folder_of(key));
    if (absent(folder.failed)) return {};
    if (!folder.fd) return about.failed("open the folder", folder.failed);
    const detail::root_lock lock(state_->folders.root(), LOCK_SH);
    if (lock.failed() != 0) return about.failed("lock the root", lock.failed());
    if (::unlinkat(folder.fd.get(), name_of(key).c_str(), 0) == 0 || absent(errno) || errno == EISDIR) return {};
    return about.failed("remove the file", errno);
  }

  /// Calls `visit(object_info)` for the objects whose keys begin with `prefix`, sorted by bytes, until it returns false.
  /// Objects created or removed meanwhile may be missing or present. No lock is held while `visit` runs.
  /// Complexity: a system call per object; memory for the names of one folder per level.
  template <class Visit>
  result<void> list(std::string_view prefix, Visit&& visit) const {
    const call about{"storage.list", prefix};
    const std::size_t slash = prefix.rfind('/');
    const std::string_view folder = folder_of(prefix);
    if (slash != prefix.npos && !check({about.operation, folder})) return {};  // no key begins so
    const detail::opened from = state_->folders.open(folder);
    if (absent(from.failed)) return {};
    if (!from.fd) return about.failed("open the folder", from.failed);
    std::string path(prefix.substr(0, slash + 1));
    return list_folder(about, from.fd.get(), path, prefix.substr(slash + 1), visit).and_then([](bool) { return result<void>(); });
  }

  /// Returns up to `length` bytes from `offset` on; fewer, maybe none, where the object ends before.
  /// Errors: not_found; invalid_argument if `offset` is greater than the object's size.
  result<std::string> get_range(std::string_view key, std::uint64_t offset, std::size_t length) const {
    const call about{"storage.get_range", key};
    return open_object(about).and_then([&](const object_file& file) -> result<std::string> {
      if (offset > file.bytes) return detail::range_past_end(about.operation, key, offset, file.bytes);
      return read(about, file, offset, (std::min)(static_cast<std::uint64_t>(length), file.bytes - offset));
    });
  }

  /// Returns the object's size. Errors: not_found.
  result<object_info> stat(std::string_view key) const {
    return open_object({"storage.stat", key}).transform([&](const object_file& file) {
      return object_info{std::string(key), file.bytes};
    });
  }

  /// Returns the bytes with their tag: XXH64 and length. The same bytes put again have the same tag. Errors: not_found.
  result<tagged_body> get_tagged(std::string_view key) const {
    return get(key).transform([](body_ptr body) {
      std::string tag = tag_of(*body);
      return tagged_body{std::move(body), std::move(tag)};
    });
  }

  /// Replaces the bytes seen with `tag`, or creates the object if `tag` is empty, and returns the new tag.
  /// Atomic against `put`, `remove` and `swap` of every process: all hold the lock of `{root}/.tmp-lock` around their last step.
  /// Errors: version_conflict. Effects on failure: none, as for `create`.
  result<std::string> swap(std::string_view key, std::string_view tag, std::string bytes) {
    const call about{"storage.swap", key};
    const auto fill = [&](int fd) { return write(about, fd, bytes); };
    result<void> done = publish(about, fill, [&](const draft& made) -> result<void> {
      if (tag.empty()) return name_new(about, made);
      const detail::root_lock lock(state_->folders.root(), LOCK_EX);
      if (lock.failed() != 0) return about.failed("lock the root", lock.failed());
      const result<tagged_body> current = get_tagged(key);
      if (!current && current.error().code != errc::not_found) return current.error();
      if (!current || current->tag != tag) return detail::tag_differs(about.operation, key, tag);
      return name_over(about, made);
    });
    if (done) return tag_of(bytes);
    if (done.error().code == errc::already_exists) return detail::tag_differs(about.operation, key, tag);
    return std::move(done).error();
  }

  /// Creates an object from a source: called with a span to fill, returns how many bytes it wrote, 0 at the end.
  /// Errors: the source's own; already_exists. Effects on failure: none, as for `create`.
  template <class Source>
  result<void> create_from(std::string_view key, Source&& source) {
    const call about{"storage.create_from", key};
    const auto fill = [&](int fd) -> result<void> {
      std::string buffer(stream_step_bytes, '\0');
      for (;;) {
        result<std::size_t> got = source(std::span<char>(buffer));
        if (!got) return std::move(got).error();
        LAKE_ASSERT(*got <= buffer.size());
        if (*got == 0) return {};
        if (auto wrote = write(about, fd, std::string_view(buffer).substr(0, *got)); !wrote) return wrote;
      }
    };
    return publish(about, fill, [&](const draft& made) { return name_new(about, made); });
  }

  /// Hands the bytes to `sink(std::string_view)`, piece by piece. Errors: not_found; the sink's own.
  template <class Sink>
  result<void> get_into(std::string_view key, Sink&& sink) const {
    const call about{"storage.get_into", key};
    return open_object(about).and_then([&](const object_file& file) -> result<void> {
      for (std::uint64_t offset = 0; offset < file.bytes;) {
        const result<std::string> part = read(about, file, offset, (std::min)(file.bytes - offset, std::uint64_t{stream_step_bytes}));
        if (!part) return part.error();
        if (part->empty()) break;
        if (auto taken = sink(std::string_view(*part)); !taken) return taken;
        offset += part->size();
      }
      return {};
    });
  }

  /// Removes the temporaries of crashed writers that were last written before `older_than`, and returns how many.
  /// Choose a time at which no write now running had begun: a day ago, say.
  result<std::size_t> sweep_temporaries(std::chrono::system_clock::time_point older_than) {
    return sweep_folder(state_->folders.root(), std::chrono::system_clock::to_time_t(older_than));
  }

 private:
  static constexpr std::size_t stream_step_bytes = std::size_t{256} << 10U;

  struct state {
    state(detail::unique_fd root, lake::durability level) : folders(std::move(root), level) {}
    detail::folder_tree folders;
    std::atomic<detail::placing> how{detail::placing::rename};  // the first way that this file system knows
  };
  /// What an operation is called and about: the head of its errors.
  struct call {
    std::string_view operation;
    std::string_view key;
    [[nodiscard]] lake::error failed(std::string_view step, int number) const { return detail::file_error(operation, key, step, number); }
    [[nodiscard]] lake::error refused(std::string_view story) const {
      return {errc::invalid_argument, std::string(operation), std::string(key), std::string(story)};
    }
  };
  /// A temporary that is about to get its name.
  struct draft {
    int folder;
    detail::temporary_file& file;
    const char* name;
  };
  struct object_file {
    detail::unique_fd fd;
    std::uint64_t bytes = 0;
  };
  struct entry {
    std::string name;  // of a folder with "/": so sorted, a walk meets whole keys in order ("a-b" before "a/b")
    std::uint64_t bytes = 0;
  };

  filesystem_storage() = default;  // only `open` makes one

  // Keys and errors -------------------------------------------------------------------------------------------------

  static result<void> check(const call& about) {
    const std::string_view rule = broken_key_rule(about.key);
    if (!rule.empty()) return about.refused(rule);
    if (!about.key.starts_with(detail::reserved_name) && about.key.find("/.tmp-") == std::string_view::npos) [[likely]] return {};
    return about.refused("no segment of a key in a filesystem storage begins with \".tmp-\"");
  }

  static std::string_view folder_of(std::string_view key) {
    const std::size_t slash = key.rfind('/');
    return slash == key.npos ? std::string_view() : key.substr(0, slash);
  }
  static std::string name_of(std::string_view key) { return std::string(key.substr(key.rfind('/') + 1)); }

  /// Nothing is there, or only what no object can be or lie behind: another kind of file, a symbolic link.
  static bool absent(int failed) noexcept { return failed == ENOENT || failed == ENOTDIR || failed == ELOOP || failed == ENXIO; }

  static std::string tag_of(std::string_view bytes) {
    std::string tag;
    pure::append_hex_u64(tag, pure::xxh64(bytes));
    tag += '-';
    pure::append_decimal(tag, bytes.size());
    return tag;
  }

  static lake::error misplaced(const filesystem_options& options, std::string_view story) {
    return {errc::configuration, "storage.open", options.root.native(), std::string(story)};
  }

  // Writing -----------------------------------------------------------------------------------------------------------

  /// The way of every write: check, folder, temporary, `fill(fd)`, sync, `finish(draft)`, sync the folder.
  template <class Fill, class Finish>
  result<void> publish(const call& about, const Fill& fill, const Finish& finish) {
    if (auto good = check(about); !good) return good;
    const detail::opened folder = state_->folders.open_or_make(folder_of(about.key));
    const bool blocked = folder.failed == ENOTDIR || folder.failed == ELOOP;
    if (blocked) return about.refused("one of the key's folders is an object or a symbolic link");
    if (!folder.fd) return about.failed("open or create the folder", folder.failed);
    detail::temporary_file file(folder.fd.get());
    if (file.failed() != 0) return about.failed("create a temporary file", file.failed());
    if (auto filled = fill(file.fd()); !filled) return filled;
    const lake::durability level = state_->folders.level();
    if (const int failed = detail::sync_file(file.fd(), level)) return about.failed("sync the file", failed);
    const result<void> finished = finish(draft{folder.fd.get(), file, name_of(about.key).c_str()});
    if (!finished && finished.error().code != errc::already_exists) return finished;
    // Also when the object exists: its creator may not have come to this, and who hears "already exists" may rely on the object.
    if (const int failed = detail::sync_folder(folder.fd.get(), level)) return about.failed("sync the folder", failed);
    return finished;
  }

  static result<void> write(const call& about, int fd, std::string_view bytes) {
    const int failed = detail::write_all(fd, bytes);
    return failed == 0 ? result<void>() : about.failed("write", failed);
  }

  result<void> name_new(const call& about, const draft& made) const {
    const int failed = place(made);
    if (failed == 0) return {};
    if (failed != EEXIST) return about.failed("name the file", failed);
    struct ::stat there {};
    const bool object = ::fstatat(made.folder, made.name, &there, AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(there.st_mode);
    return object ? detail::object_exists(about.operation, about.key) : about.refused("a folder or a symbolic link has this name");
  }

  static result<void> name_over(const call& about, const draft& made) {
    const int failed = made.file.replace(made.name);
    if (failed == 0) return {};
    return failed == EISDIR ? about.refused("a folder has this name: it begins other keys") : about.failed("name the file", failed);
  }

  /// Names a temporary where nothing has the name, in the first way that works here.
  int place(const draft& made) const {
    using detail::placing;
    for (placing how = state_->how.load(std::memory_order_relaxed);; how = how == placing::rename ? placing::link : placing::check) {
      int failed = 0;
      if (how == placing::check) {
        const detail::root_lock lock(state_->folders.root(), LOCK_EX);
        failed = lock.failed() != 0 ? lock.failed() : made.file.place(made.name, how);
      } else {
        failed = made.file.place(made.name, how);
      }
      if (failed == 0) state_->how.store(how, std::memory_order_relaxed);
      if (how == placing::check || !detail::placing_unsupported(failed)) return failed;
    }
  }

  // Reading -----------------------------------------------------------------------------------------------------------

  result<object_file> open_object(const call& about) const {
    if (auto good = check(about); !good) return std::move(good).error();
    detail::opened file = detail::open_beneath(state_->folders.root(), about.key, O_RDONLY);
    if (absent(file.failed)) return detail::no_object(about.operation, about.key);
    if (!file.fd) return about.failed("open the file", file.failed);
    struct ::stat found {};
    if (::fstat(file.fd.get(), &found) != 0) return about.failed("stat the file", errno);
    if (!S_ISREG(found.st_mode)) return detail::no_object(about.operation, about.key);
    return object_file{std::move(file.fd), static_cast<std::uint64_t>(found.st_size)};
  }

  static result<std::string> read(const call& about, const object_file& file, std::uint64_t offset, std::uint64_t length) {
    std::string bytes(static_cast<std::size_t>(length), '\0');
    std::size_t got = 0;
    const int failed = detail::read_at(file.fd.get(), static_cast<off_t>(offset), bytes.data(), bytes.size(), got);
    if (failed != 0) return about.failed("read", failed);
    bytes.resize(got);
    return bytes;
  }

  /// Visits what is beneath a folder whose path is `path`, "" or ending in "/"; false: the visitor has seen enough.
  template <class Visit>
  static result<bool> list_folder(const call& about, int folder, std::string& path, std::string_view name_prefix, Visit&& visit) {
    result<std::vector<entry>> entries = read_folder(about, folder, name_prefix);
    if (!entries) return std::move(entries).error();
    const std::size_t length = path.size();
    for (entry& each : *entries) {
      path.resize(length);
      path += each.name;
      if (path.size() > object_key_max_bytes) continue;  // not ours: no key is so long, and no walk so deep
      result<bool> more = true;
      if (each.name.back() != '/') {
        more = visit(object_info{path, each.bytes});
      } else {
        each.name.pop_back();
        const detail::opened inner = detail::open_in(folder, each.name.c_str(), detail::folder_flags);
        if (!inner.fd && !absent(inner.failed)) return about.failed("open a folder beneath it", inner.failed);
        if (inner.fd) more = list_folder(about, inner.fd.get(), path, {}, visit);
      }
      if (!more || !*more) return more;
    }
    path.resize(length);
    return true;
  }

  /// The files and folders in a folder, sorted; neither the storage's own names nor other kinds of file.
  static result<std::vector<entry>> read_folder(const call& about, int folder, std::string_view name_prefix) {
    std::vector<entry> entries;
    detail::folder_reader names(folder);
    while (const char* name = names.read()) {
      const std::string_view seen = name;
      if (!seen.starts_with(name_prefix) || seen.starts_with(detail::reserved_name)) continue;
      struct ::stat found {};
      if (::fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        if (absent(errno)) continue;  // removed since
        return about.failed("stat a file beneath it", errno);
      }
      if (S_ISDIR(found.st_mode)) entries.push_back({std::string(seen) + '/', 0});
      else if (S_ISREG(found.st_mode)) entries.push_back({std::string(seen), static_cast<std::uint64_t>(found.st_size)});
    }
    if (names.failed() != 0) return about.failed("read a folder", names.failed());
    std::sort(entries.begin(), entries.end(), [](const entry& a, const entry& b) { return a.name < b.name; });
    return entries;
  }

  static result<std::size_t> sweep_folder(int folder, std::time_t older_than) {
    std::size_t swept = 0;
    detail::folder_reader names(folder);
    while (const char* name = names.read()) {
      struct ::stat found {};
      if (::fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISREG(found.st_mode) && detail::is_temporary_name(name) && found.st_mtime < older_than) {
        if (::unlinkat(folder, name, 0) == 0) ++swept;
      } else if (S_ISDIR(found.st_mode)) {
        const detail::opened inner = detail::open_in(folder, name, detail::folder_flags);
        if (!inner.fd) continue;
        const result<std::size_t> below = sweep_folder(inner.fd.get(), older_than);
        if (!below) return below;
        swept += *below;
      }
    }
    if (names.failed() != 0) return detail::file_error("storage.sweep_temporaries", {}, "read a folder", names.failed());
    return swept;
  }

  std::shared_ptr<state> state_;
};

static_assert(storage_policy<filesystem_storage>);
static_assert(listing_storage<filesystem_storage> && ranged_storage<filesystem_storage> && conditional_storage<filesystem_storage> &&
              streaming_storage<filesystem_storage>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_STORAGE_FILESYSTEM_HPP
