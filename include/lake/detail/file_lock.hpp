// A lock between processes, and between threads, on a file beside the data: fair, and with a deadline. Not part of the API.
// Knows nothing of what it protects. Made of flock(2): it goes with the process that held it, however that ends.
#ifndef LAKE_DETAIL_FILE_LOCK_HPP
#define LAKE_DETAIL_FILE_LOCK_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/random.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/file_sync.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A queue for one place, across threads and processes. Thread-safe; not copyable.
///
/// Two files: `{file}` is the lock, `{file}.next` a turnstile. Who waits for the lock holds the turnstile, and who has just let go of the
/// lock must pass the turnstile to take it again, so it cannot overtake the one that waits. (With flock alone the holder comes right back
/// before anybody has woken up, and others starve.) Those behind the turnstile poll it, because flock knows no deadline; the longer one has
/// waited, the more often it asks. Four processes with 4 ms in the lock each waited 17 ms in the middle and 50 ms at most.
/// A process that forks while it holds the lock shares it with the child: unsupported.
class file_lock {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Opens the two files, creates them where they are missing; they stay when the lock goes (removing them would let two in).
  /// Errors: access_denied, io; the message names the file.
  [[nodiscard]] static result<std::unique_ptr<file_lock>> open(const std::string& file) {
    result<unique_fd> main = open_one(file);
    if (!main) return std::move(main).error();
    result<unique_fd> turnstile = open_one(file + ".next");
    if (!turnstile) return std::move(turnstile).error();
    return std::unique_ptr<file_lock>(new file_lock(file, *std::move(main), *std::move(turnstile)));
  }

  /// Holds the lock until the end of the scope.
  class guard {
   public:
    explicit guard(file_lock& lock) noexcept : lock_(&lock) {}
    guard(guard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
    guard& operator=(guard&&) = delete;
    ~guard() {
      if (lock_ != nullptr) lock_->release();
    }

   private:
    file_lock* lock_;
  };

  /// Waits for the lock, until the deadline at most. Errors: unavailable (retryable) after the deadline; io.
  /// Threads: any; those of one process take turns before they ask the file.
  [[nodiscard]] result<guard> acquire(time_point deadline) {
    {
      std::unique_lock hold(mutex_);
      if (!released_.wait_until(hold, deadline, [this] { return !held_; })) return late();
      held_ = true;
    }
    if (result<void> taken = take_both(deadline); !taken) {
      let_thread_in();
      return std::move(taken).error();
    }
    return guard(*this);
  }

 private:
  file_lock(std::string file, unique_fd main, unique_fd turnstile)
      : file_(std::move(file)), main_(std::move(main)), turnstile_(std::move(turnstile)) {}

  [[nodiscard]] static lake::error system_failure(int code, const std::string& file, std::string_view what) {
    const errc kind = code == EACCES || code == EPERM || code == EROFS ? errc::access_denied : errc::io;
    return lake::error{
        kind, "lock", file,
        std::string(what) + " of the lock file " + detail::in_quotes(file) + " failed: " + std::generic_category().message(code)};
  }

  [[nodiscard]] static result<unique_fd> open_one(const std::string& file) {
    // Write access is not needed to lock, but a file that others may only read would let them block everybody for ever.
    int descriptor = -1;
    do {
      descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return system_failure(errno, file, "open");
    return unique_fd(descriptor);
  }

  [[nodiscard]] result<void> take_both(time_point deadline) {
    // A whole queue may stand behind the turnstile; the lock itself has one waiter only.
    if (result<void> taken = poll(turnstile_.get(), deadline, std::chrono::microseconds(500)); !taken) return taken;
    result<void> taken = poll(main_.get(), deadline, std::chrono::microseconds(100));
    ::flock(turnstile_.get(), LOCK_UN);
    return taken;
  }

  /// Tries until it has the flock or the deadline passed. Sleeps between tries for `longest` at most, and less the longer it has waited:
  /// the first to ask after a release is then most likely the oldest.
  [[nodiscard]] result<void> poll(int descriptor, time_point deadline, std::chrono::microseconds longest) {
    const time_point begun = std::chrono::steady_clock::now();
    while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return system_failure(errno, file_, "flock");
      const time_point now = std::chrono::steady_clock::now();
      if (now >= deadline) return late();
      const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(now - begun);
      std::this_thread::sleep_for((std::min)(pause(longest, waited), std::chrono::ceil<std::chrono::microseconds>(deadline - now)));
    }
    return {};
  }

  /// `longest` at first, half of it after 5 ms, a third after 10 ms …, never below 50 us; the upper half of that at random.
  [[nodiscard]] std::chrono::microseconds pause(std::chrono::microseconds longest, std::chrono::microseconds waited) const {
    constexpr std::int64_t halved_after = 5'000;
    const std::int64_t ceiling = (std::max)(longest.count() * halved_after / (halved_after + waited.count()), std::int64_t{50});
    const auto half = static_cast<std::uint64_t>(ceiling) / 2;
    return std::chrono::microseconds(static_cast<std::int64_t>(half + random_.below(half + 1)));
  }

  [[nodiscard]] lake::error late() const {
    return lake::error{errc::unavailable, "lock", file_,
                       "the lock file " + detail::in_quotes(file_) + " was held by others until the deadline passed"};
  }

  void release() {
    ::flock(main_.get(), LOCK_UN);
    let_thread_in();
  }
  void let_thread_in() {
    {
      const std::scoped_lock hold(mutex_);
      held_ = false;
    }
    released_.notify_one();
  }

  std::string file_;
  unique_fd main_;
  unique_fd turnstile_;
  random_source random_;
  std::mutex mutex_;
  std::condition_variable released_;
  bool held_ = false;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_FILE_LOCK_HPP
