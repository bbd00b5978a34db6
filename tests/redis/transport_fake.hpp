// A server on loopback that reads requests as Redis does and answers what a test tells it to: damage, silence, lies.
#ifndef LAKE_TESTS_REDIS_TRANSPORT_FAKE_HPP
#define LAKE_TESTS_REDIS_TRANSPORT_FAKE_HPP

#include "support/catch.hpp"

#include <lake/detail/redis_client.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lake_test {

/// What the fake does with one request.
struct fake_answer {
  std::string bytes = {};      ///< Sent at once.
  bool hangs_up = false;       ///< After them.
  bool stops_reading = false;  ///< For good; the connection stays.
  bool drips = false;          ///< Then single bytes for as long as somebody listens.
};

using fake_request = std::vector<std::string>;

/// Greetings (AUTH, SELECT, CLIENT, PING) it answers itself, unless it is `rude`. One thread a connection; all end with the object.
class fake_redis {
 public:
  /// `answer(request, nth)` is asked for the nth request, from 0, that is no greeting; from several threads, one at a time.
  explicit fake_redis(std::function<fake_answer(const fake_request&, std::size_t)> answer, bool rude = false)
      : answer_(std::move(answer)), rude_(rude) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 64) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  fake_redis(const fake_redis&) = delete;
  fake_redis& operator=(const fake_redis&) = delete;
  ~fake_redis() {
    over_ = true;
    acceptor_.join();
    for (std::thread& each : talkers_) each.join();
    ::close(listener_);
  }

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }
  /// The requests that were no greetings.
  [[nodiscard]] std::vector<fake_request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  /// False once the fake is over.
  bool wait(int socket, short events) {
    pollfd watched{socket, events, 0};
    while (!over_) {
      if (::poll(&watched, 1, 5) > 0) return true;
    }
    return false;
  }

  void accept_all() {
    while (wait(listener_, POLLIN)) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      talkers_.emplace_back([this, socket] {
        talk(socket);
        ::close(socket);
      });
    }
  }

  bool fill(int socket, std::string& unread) {
    std::array<char, 65536> more;
    if (!wait(socket, POLLIN)) return false;
    const ssize_t got = ::recv(socket, more.data(), more.size(), 0);
    if (got > 0) unread.append(more.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
  bool take_line(int socket, std::string& unread, std::string& line) {
    std::size_t end = 0;
    while ((end = unread.find("\r\n")) == std::string::npos) {
      if (!fill(socket, unread)) return false;
    }
    line = unread.substr(0, end);
    unread.erase(0, end + 2);
    return true;
  }
  bool take_request(int socket, std::string& unread, fake_request& request) {
    std::string line;
    if (!take_line(socket, unread, line)) return false;
    request.clear();
    for (long words = std::strtol(line.c_str() + 1, nullptr, 10); words > 0; --words) {
      if (!take_line(socket, unread, line)) return false;
      const auto size = static_cast<std::size_t>(std::strtol(line.c_str() + 1, nullptr, 10));
      while (unread.size() < size + 2) {
        if (!fill(socket, unread)) return false;
      }
      request.push_back(unread.substr(0, size));
      unread.erase(0, size + 2);
    }
    return true;
  }

  static bool is_greeting(const fake_request& request) {
    return request[0] == "AUTH" || request[0] == "SELECT" || request[0] == "CLIENT" || request[0] == "PING";
  }
  fake_answer answer_to(const fake_request& request) {
    if (!rude_ && is_greeting(request)) return {.bytes = "+OK\r\n"};
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    return answer_(request, requests_.size() - 1);
  }

  void talk(int socket) {
    std::string unread;
    fake_request request;
    while (take_request(socket, unread, request)) {
      const fake_answer said = answer_to(request);
      if (!send(socket, said.bytes) || said.hangs_up) return;
      while (said.drips && !over_) {
        ::poll(nullptr, 0, 1);
        if (!send(socket, "1")) return;
      }
      while (said.stops_reading && !over_) ::poll(nullptr, 0, 1);
    }
  }
  static bool send(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  std::function<fake_answer(const fake_request&, std::size_t)> answer_;
  bool rude_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> over_{false};
  std::atomic<std::size_t> connections_{0};
  std::mutex mutex_;
  std::vector<fake_request> requests_;
  std::list<std::thread> talkers_;
  std::thread acceptor_;
};

// --- Calls with little ceremony. --------------------------------------------------------------------------------------------

/// A call that owns its words, for tests. Movable.
class owned_call {
 public:
  /// A plain command.
  owned_call(std::initializer_list<std::string_view> words) : words_(words.begin(), words.end()) { point(); }
  /// A script.
  owned_call(const lake::detail::redis_script& script, std::initializer_list<std::string_view> keys,
             std::initializer_list<std::string_view> args = {})
      : script_(&script), keys_(keys.begin(), keys.end()), words_(args.begin(), args.end()) {
    point();
  }
  owned_call(const owned_call& other) : script_(other.script_), keys_(other.keys_), words_(other.words_), repeatable_(other.repeatable_) {
    point();
  }
  owned_call& operator=(const owned_call&) = delete;

  /// Routed by this key.
  owned_call&& at(std::string_view key) && {
    keys_.assign(1, std::string(key));
    point();
    return std::move(*this);
  }
  /// Never sent twice.
  owned_call&& once() && {
    repeatable_ = false;
    return std::move(*this);
  }
  operator lake::detail::redis_call() const {
    return {script_, key_views_, word_views_, repeatable_};
  }  // NOLINT(google-explicit-constructor)

 private:
  void point() {
    key_views_.assign(keys_.begin(), keys_.end());
    word_views_.assign(words_.begin(), words_.end());
  }

  const lake::detail::redis_script* script_ = nullptr;
  std::vector<std::string> keys_;
  std::vector<std::string> words_;
  bool repeatable_ = true;
  std::vector<std::string_view> key_views_;
  std::vector<std::string_view> word_views_;
};

inline std::vector<lake::detail::redis_call> calls_of(const std::vector<owned_call>& owned) { return {owned.begin(), owned.end()}; }

/// A reply as one text: "nil", "7", "text", "[a b]"; an error as its kind's name and "!".
inline std::string shown(lake::detail::redis_view node) {
  using lake::detail::redis_kind;
  switch (node.kind()) {
    case redis_kind::nil: return "nil";
    case redis_kind::text: return std::string(node.text());
    case redis_kind::integer: return std::to_string(node.integer());
    case redis_kind::failure: return "-" + std::string(node.text());
    case redis_kind::array: break;
  }
  std::string out = "[";
  for (std::size_t i = 0; i < node.size(); ++i) out += (i == 0 ? "" : " ") + shown(node[i]);
  return out + "]";
}
inline std::string shown(const lake::result<lake::detail::redis_reply>& reply) {
  return reply ? shown(reply->view()) : std::string(lake::to_string(reply.error().code)) + "!";
}

inline lake::detail::redis_client connected(std::string_view url, const lake::redis_options& options = {}) {
  lake::result<lake::detail::redis_client> client = lake::detail::redis_client::connect(url, options);
  INFO((client ? std::string() : client.error().to_string()));
  REQUIRE(client.has_value());
  return *std::move(client);
}

/// Patience for tests in which the time is to run out.
inline lake::redis_options hasty(std::chrono::milliseconds timeout = std::chrono::milliseconds{300}) {
  lake::redis_options options;
  options.timeout = timeout;
  options.connect_timeout = timeout;
  return options;
}

}  // namespace lake_test

#endif  // LAKE_TESTS_REDIS_TRANSPORT_FAKE_HPP
