// Sockets of a loopback HTTP/1.1 server in threads of the test: a connection, reading requests from it, and a listener with a thread for
// each. Knows no answer: see http_server.hpp.
#ifndef LAKE_TESTS_SUPPORT_HTTP_WIRE_HPP
#define LAKE_TESTS_SUPPORT_HTTP_WIRE_HPP

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lake_test {

using http_pairs = std::vector<std::pair<std::string, std::string>>;

/// A request as it came, or an answer of the server behind a proxy.
struct http_message {
  std::string head = {};  ///< As it stood on the wire, with the blank line.
  std::string method = {};
  std::string target = {};
  http_pairs headers = {};  ///< Names in lower case, in order.
  std::string body = {};

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [each, value] : headers) {
      if (each == name) return value;
    }
    return {};
  }
  [[nodiscard]] bool has(std::string_view name) const {
    return std::any_of(headers.begin(), headers.end(), [&](const auto& each) { return each.first == name; });
  }
  /// What is asked of what: "PUT /bucket/key", without the query.
  [[nodiscard]] std::string key() const { return method + " " + target.substr(0, target.find('?')); }
};

/// Wakes all who wait for it, once and for good. Thread-safe.
class http_bell {
 public:
  http_bell() {
    if (::pipe2(ends_, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  http_bell(const http_bell&) = delete;
  http_bell& operator=(const http_bell&) = delete;
  ~http_bell() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  void ring() noexcept { [[maybe_unused]] const ssize_t done = ::write(ends_[1], "x", 1); }
  [[nodiscard]] int descriptor() const noexcept { return ends_[0]; }
  /// Waits so long (-1: for ever) for the bell; whether it rang.
  [[nodiscard]] bool wait(int milliseconds) const noexcept {
    pollfd watched{ends_[0], POLLIN, 0};
    return ::poll(&watched, 1, milliseconds) > 0;
  }

 private:
  int ends_[2] = {-1, -1};
};

/// One connection, with what has come and is not taken yet; every wait ends when `stop` rings. Confined.
class http_wire {
 public:
  http_wire(int socket, const http_bell& stop) noexcept : socket_(socket), stop_(stop) {
    const int yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  http_wire(const http_wire&) = delete;
  http_wire& operator=(const http_wire&) = delete;
  ~http_wire() {
    if (socket_ >= 0) ::close(socket_);
  }

  /// A connection to a port of 127.0.0.1; -1 if nobody listens.
  [[nodiscard]] static int connect_to(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
    ::close(made);
    return -1;
  }

  [[nodiscard]] int socket() const noexcept { return socket_; }
  [[nodiscard]] bool send(std::string_view bytes) const noexcept {
    while (!bytes.empty()) {
      if (!ready(POLLOUT)) return false;
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EINTR && errno != EAGAIN) return false;
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// What comes next without end of its own: moves it to `out` until the other side closes.
  void take_all(std::string& out) {
    do out += std::exchange(come_, {});
    while (more());
  }
  /// Moves exactly so many bytes to `out`; false if the connection ends before.
  [[nodiscard]] bool take(std::size_t bytes, std::string& out) {
    while (come_.size() < bytes) {
      if (!more()) return false;
    }
    out.append(come_, 0, bytes);
    come_.erase(0, bytes);
    return true;
  }
  /// Moves what ends with `mark` to `out`.
  [[nodiscard]] bool take_until(std::string_view mark, std::string& out) {
    for (std::size_t from = 0;;) {
      const std::size_t at = come_.find(mark, from);
      if (at != std::string::npos) return take(at + mark.size(), out);
      from = come_.size() - (std::min)(come_.size(), mark.size() - 1);
      if (!more()) return false;
    }
  }
  /// Whether an idle connection is still there: no end and no stray byte has come.
  [[nodiscard]] bool idle() const noexcept {
    pollfd watched{socket_, POLLIN, 0};
    return socket_ >= 0 && come_.empty() && ::poll(&watched, 1, 0) == 0;
  }
  /// When this object goes, the connection ends with a reset: the other side loses what it has not read.
  void reset_at_end() const noexcept {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  [[nodiscard]] bool ready(short events) const noexcept {
    pollfd watched[] = {{socket_, events, 0}, {stop_.descriptor(), POLLIN, 0}};
    while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
    }
    return watched[0].revents != 0 && watched[1].revents == 0;
  }
  [[nodiscard]] bool more() {
    char bytes[64 * 1024];
    while (ready(POLLIN)) {
      const ssize_t count = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
      if (count > 0) return come_.append(bytes, static_cast<std::size_t>(count)), true;
      if (count == 0 || (errno != EINTR && errno != EAGAIN)) return false;
    }
    return false;
  }

  int socket_;
  const http_bell& stop_;
  std::string come_;
};

/// Reads a head and takes it apart; false if the connection ends before, or it is none.
inline bool read_http_head(http_wire& wire, http_message& out) {
  if (!wire.take_until("\r\n\r\n", out.head)) return false;
  std::string_view rest = out.head;
  const auto line = [&] {
    const std::size_t end = rest.find("\r\n");
    const std::string_view taken = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return taken;
  };
  const std::string_view first = line();
  const std::size_t space = first.find(' ');
  if (space == std::string_view::npos) return false;
  out.method = first.substr(0, space);  // Of an answer: its version.
  out.target = first.substr(space + 1, first.find(' ', space + 1) - space - 1);
  for (std::string_view each = line(); !each.empty(); each = line()) {
    const std::size_t colon = (std::min)(each.find(':'), each.size() - 1);
    std::string name(each.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::size_t begin = (std::min)(each.find_first_not_of(' ', colon + 1), each.size());
    out.headers.emplace_back(std::move(name), each.substr(begin));
  }
  return true;
}

/// What Content-Length says; 0 if nothing.
inline std::size_t stated_length(const http_message& message) {
  const std::string text = message.header("content-length");
  std::size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

/// Reads a request with its body; false if the connection ends before.
inline bool read_http_request(http_wire& wire, http_message& out) {
  if (!read_http_head(wire, out)) return false;
  if (out.has("expect") && !wire.send("HTTP/1.1 100 Continue\r\n\r\n")) return false;
  return wire.take(stated_length(out), out.body);
}

/// Listens on a free port of 127.0.0.1 and serves each connection in a thread of its own, until it goes. Thread-safe.
class http_listener {
 public:
  /// Takes the next request of a connection and answers it; false ends the connection. Called from many threads.
  using serve = std::function<bool(http_wire&)>;

  explicit http_listener(serve each) : serve_(std::move(each)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, general, size) != 0 || ::listen(listener_, 1'024) != 0 ||
        ::getsockname(listener_, general, &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  http_listener(const http_listener&) = delete;
  http_listener& operator=(const http_listener&) = delete;
  ~http_listener() {
    stopping_.ring();
    acceptor_.join();
    ::close(listener_);
    for (worker& each : workers_) each.thread.join();
  }

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] const http_bell& stopping() const noexcept { return stopping_; }
  /// Connections so far.
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }
  /// Lets time pass; false if the server is to stop.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) const noexcept {
    return time.count() == 0 || !stopping_.wait(static_cast<int>(time.count()));
  }
  /// Waits until the bell rings (true), or the client gives up or the server stops (false).
  [[nodiscard]] bool wait(const http_wire& wire, const http_bell& bell) const noexcept {
    pollfd watched[] = {{bell.descriptor(), POLLIN, 0}, {wire.socket(), POLLRDHUP, 0}, {stopping_.descriptor(), POLLIN, 0}};
    while (::poll(watched, 3, -1) < 0 && errno == EINTR) {
    }
    return watched[0].revents != 0 && watched[1].revents == 0 && watched[2].revents == 0;
  }

 private:
  struct worker {
    std::thread thread;
    std::atomic<bool> done = false;
  };

  void accept_all() {
    for (;;) {
      pollfd watched[] = {{listener_, POLLIN, 0}, {stopping_.descriptor(), POLLIN, 0}};
      if (::poll(watched, 2, -1) < 0 && errno != EINTR) return;
      if (watched[1].revents != 0) return;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      workers_.remove_if([](worker& each) {
        const bool over = each.done;
        if (over) each.thread.join();
        return over;
      });
      worker& mine = workers_.emplace_back();
      mine.thread = std::thread([this, socket, &mine] {
        {
          http_wire wire(socket, stopping_);
          while (serve_(wire)) {
          }
        }
        mine.done = true;
      });
    }
  }

  serve serve_;
  http_bell stopping_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<std::size_t> connections_ = 0;
  std::list<worker> workers_;  // The accepting thread's, until the destructor has joined it.
  std::thread acceptor_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_HTTP_WIRE_HPP
