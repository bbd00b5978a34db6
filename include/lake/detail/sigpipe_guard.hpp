// A scope in which a broken connection raises no signal. Knows no connection. Not part of the API.
#ifndef LAKE_DETAIL_SIGPIPE_GUARD_HPP
#define LAKE_DETAIL_SIGPIPE_GUARD_HPP

#include <lake/config.hpp>

#include <cerrno>
#include <csignal>

#include <pthread.h>
#include <time.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// OpenSSL writes to the socket with write(): its SIGPIPE is held back for this thread and this scope, and swallowed if it came.
class sigpipe_guard {
 public:
  sigpipe_guard() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t waiting;
    sigemptyset(&waiting);
    sigpending(&waiting);
    was_pending_ = sigismember(&waiting, SIGPIPE) == 1;
    if (!was_pending_) pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  sigpipe_guard(const sigpipe_guard&) = delete;
  sigpipe_guard& operator=(const sigpipe_guard&) = delete;
  ~sigpipe_guard() {
    if (was_pending_) return;
    const timespec now{};
    while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_SIGPIPE_GUARD_HPP
