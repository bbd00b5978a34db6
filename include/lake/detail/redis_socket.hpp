// A byte stream to a server: TCP or a local socket, waited for with poll. Knows nothing of what is said over it.
// Not part of the API. Source: POSIX.1-2008, sys/socket.h.
#ifndef LAKE_DETAIL_REDIS_SOCKET_HPP
#define LAKE_DETAIL_REDIS_SOCKET_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_url.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// What came of an attempt to move bytes without waiting.
enum class redis_io : std::uint8_t { done, again, closed, failed };

/// Waits until one of `watched` is ready. False where the time is over.
[[nodiscard]] inline bool poll_until(std::span<pollfd> watched, const redis_deadline& until) {
  for (;;) {
    const int wait = until.left_for_poll();
    const int ready = ::poll(watched.data(), static_cast<nfds_t>(watched.size()), wait);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;  // Time that poll has waited is over, whatever an injected clock says.
    if (wait == 0) return false;
  }
}

/// A connected socket. Movable; closes itself. Confined to one thread at a time.
class redis_socket {
 public:
  redis_socket() = default;
  redis_socket(redis_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), code_(other.code_) {}
  redis_socket& operator=(redis_socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(code_, other.code_);
    return *this;
  }
  ~redis_socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// Errors: unavailable (no such host, refused), timeout, configuration (a path that no socket can have).
  [[nodiscard]] static result<redis_socket> connect(const redis_address& to, const redis_deadline& until) {
    return to.path.empty() ? connect_host(to, until) : connect_path(to, until);
  }

  [[nodiscard]] int fd() const noexcept { return fd_; }
  /// The system's error number behind the last `failed`.
  [[nodiscard]] int code() const noexcept { return code_; }

  /// Sends what the system takes now, and adds its size to `sent`. A closed peer raises no signal.
  [[nodiscard]] redis_io send(std::string_view bytes, std::size_t& sent) noexcept {
    while (sent < bytes.size()) {
      const ::ssize_t count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0) sent += static_cast<std::size_t>(count);
      else if (errno != EINTR) return note(errno);
    }
    return redis_io::done;
  }

  /// Takes what is there; `got` is its size.
  [[nodiscard]] redis_io receive(std::span<char> into, std::size_t& got) noexcept { return receive(into, got, MSG_DONTWAIT); }

  /// How long `receive_soon` waits.
  static constexpr std::chrono::milliseconds soon{20};

  /// Prepares `receive_soon`. Effects on failure: it waits no longer than `receive`, that is, not at all.
  void allow_waiting() noexcept {
    const timeval wait{0, std::chrono::duration_cast<std::chrono::microseconds>(soon).count()};
    if (::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0) ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
  }

  /// The same, but waits a moment for something to come: one system call where poll and recv are two.
  [[nodiscard]] redis_io receive_soon(std::span<char> into, std::size_t& got) noexcept { return receive(into, got, 0); }
  /// True if nothing came and nobody hung up: an idle connection that is fit for use.
  [[nodiscard]] bool quiet() const noexcept {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  explicit redis_socket(int fd) noexcept : fd_(fd) {}

  [[nodiscard]] redis_io receive(std::span<char> into, std::size_t& got, int flags) noexcept {
    for (;;) {
      const ::ssize_t count = ::recv(fd_, into.data(), into.size(), flags);
      got = count > 0 ? static_cast<std::size_t>(count) : 0;
      if (count > 0) return redis_io::done;
      if (count == 0) return redis_io::closed;
      if (errno != EINTR) return note(errno);
    }
  }

  [[nodiscard]] redis_io note(int code) noexcept {
    if (code == EAGAIN || code == EWOULDBLOCK) return redis_io::again;
    code_ = code;
    return code == EPIPE || code == ECONNRESET ? redis_io::closed : redis_io::failed;
  }

  [[nodiscard]] static lake::error refused(const redis_address& to, int code) {
    return lake::error{errc::unavailable, std::string(redis_connecting), to.to_string(),
                       "no connection: " + std::generic_category().message(code)};
  }

  struct release_addresses {
    void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
  };

  /// Tries every address of the host, each with its share of the time.
  [[nodiscard]] static result<redis_socket> connect_host(const redis_address& to, const redis_deadline& until) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    const int failed = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &raw);
    const std::unique_ptr<addrinfo, release_addresses> list(raw);
    if (failed != 0) {
      return lake::error{errc::unavailable, std::string(redis_connecting), to.to_string(),
                         std::string("the host's name has no address: ") + ::gai_strerror(failed)};
    }
    int waiting = 0;
    for (const addrinfo* one = raw; one != nullptr; one = one->ai_next) ++waiting;
    result<redis_socket> last = refused(to, EADDRNOTAVAIL);
    for (const addrinfo* one = raw; one != nullptr; one = one->ai_next, --waiting) {
      const auto share = std::chrono::ceil<std::chrono::milliseconds>(until.left() / waiting);
      last = connect_address(to, one->ai_family, one->ai_addr, one->ai_addrlen, until.within(share));
      if (!last) continue;
      const int on = 1;
      ::setsockopt(last->fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::setsockopt(last->fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
      break;
    }
    return last;
  }

  [[nodiscard]] static result<redis_socket> connect_path(const redis_address& to, const redis_deadline& until) {
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    if (to.path.size() >= sizeof place.sun_path) {
      return lake::error{errc::configuration, std::string(redis_connecting), to.path, "the path of a local socket is too long"};
    }
    std::memcpy(place.sun_path, to.path.data(), to.path.size());
    return connect_address(to, AF_UNIX, reinterpret_cast<const sockaddr*>(&place), sizeof place, until);
  }

  [[nodiscard]] static result<redis_socket> connect_address(const redis_address& to, int family, const sockaddr* place, socklen_t size,
                                                            const redis_deadline& until) {
    redis_socket made(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (made.fd_ < 0) return refused(to, errno);
    if (::connect(made.fd_, place, size) == 0) return made;
    if (errno != EINPROGRESS && errno != EINTR) return refused(to, errno);
    pollfd watched{made.fd_, POLLOUT, 0};
    if (!poll_until({&watched, 1}, until)) {
      return lake::error{errc::timeout, std::string(redis_connecting), to.to_string(), "no connection within the time given"};
    }
    int code = 0;
    socklen_t length = sizeof code;
    if (::getsockopt(made.fd_, SOL_SOCKET, SO_ERROR, &code, &length) != 0) code = errno;
    if (code != 0) return refused(to, code);
    return made;
  }

  int fd_ = -1;
  int code_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_SOCKET_HPP
