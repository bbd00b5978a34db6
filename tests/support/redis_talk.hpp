// A plain conversation with one Redis server, for tests: no hiredis, no pool, no repeats, nothing of the library under test.
// Format: RESP2, as its public specification describes it.
#ifndef LAKE_TESTS_SUPPORT_REDIS_TALK_HPP
#define LAKE_TESTS_SUPPORT_REDIS_TALK_HPP

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace lake_test {

/// An answer: `type` is RESP's letter (`+`, `$`, `:`, `*`, `-`), `_` for nil, and '!' where the connection failed.
struct redis_said {
  char type = '!';
  std::string words;              ///< Of a status, an error, a text; the digits of a number.
  std::vector<redis_said> parts;  ///< Of an array.

  [[nodiscard]] bool failed() const noexcept { return type == '-' || type == '!'; }
  /// As one text: an array's parts a line each, an error behind "-", nil as "(nil)", a broken connection as "!".
  [[nodiscard]] std::string flat() const {
    if (type == '_') return "(nil)";
    if (type == '-' || type == '!') return type + words;
    if (type != '*') return words;
    std::string out;
    for (const redis_said& each : parts) {
      if (!out.empty()) out += '\n';
      out += each.flat();
    }
    return out;
  }
};

/// One connection to 127.0.0.1. An answer takes ten seconds at most. Confined.
class redis_talk {
 public:
  explicit redis_talk(int port, const std::string& password = {}) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) hang_up();
    if (connected() && !password.empty() && ask({"AUTH", password}).failed()) hang_up();
  }
  redis_talk(const redis_talk&) = delete;
  redis_talk& operator=(const redis_talk&) = delete;
  ~redis_talk() { hang_up(); }

  [[nodiscard]] bool connected() const noexcept { return socket_ >= 0; }
  /// Sends the command and reads its answer.
  redis_said ask(const std::vector<std::string>& words) {
    tell(words);
    return answer();
  }
  /// Sends the command; its answer waits for `answer`.
  void tell(const std::vector<std::string>& words) {
    std::string out = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& each : words) out += "$" + std::to_string(each.size()) + "\r\n" + each + "\r\n";
    std::string_view rest = out;
    while (!rest.empty() && connected()) {
      const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return hang_up();
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  redis_said answer() {
    const std::string line = take_line();
    if (line.empty()) return {};
    redis_said out{line[0], line.substr(1), {}};
    const long count = std::strtol(out.words.c_str(), nullptr, 10);
    if ((out.type == '$' || out.type == '*') && count < 0) return {'_', {}, {}};
    if (out.type == '$') {
      out.words = take(static_cast<std::size_t>(count));
      take(2);
    }
    for (long i = 0; out.type == '*' && i < count && connected(); ++i) out.parts.push_back(answer());
    return connected() ? out : redis_said{};
  }

 private:
  void hang_up() noexcept {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  bool fill() {
    char more[16'384];
    const ssize_t got = connected() ? ::recv(socket_, more, sizeof more, 0) : -1;
    if (got <= 0) return hang_up(), false;
    unread_.append(more, static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t count) {
    while (unread_.size() < count && fill()) {
    }
    std::string out = unread_.substr(0, count);
    unread_.erase(0, count);
    return out;
  }
  std::string take_line() {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    std::string out = take(end);
    take(2);
    return out;
  }

  int socket_ = -1;
  std::string unread_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REDIS_TALK_HPP
