// Answers of a real server that are lost on the way: what was done is found out, and nothing is done twice.
#include <lake/lake.hpp>

#include <lake/index/redis.hpp>

#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using redis_lake = lake::basic_lake<lake::redis_index, lake::memory_storage>;

/// Stands between a client of one connection at a time and a server, and loses one answer: after so many others it calls `then` and hangs up.
class thief {
 public:
  explicit thief(int server_port) : server_port_(server_port), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t bytes = sizeof address;
    REQUIRE(::bind(listening_, reinterpret_cast<const sockaddr*>(&address), bytes) == 0);
    REQUIRE(::listen(listening_, 8) == 0);
    REQUIRE(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &bytes) == 0);
    port_ = ntohs(address.sin_port);
    running_ = std::thread([this] { run(); });
  }
  thief(const thief&) = delete;
  thief& operator=(const thief&) = delete;
  ~thief() {
    over_ = true;
    running_.join();
    ::close(listening_);
  }

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  /// From now on: lets `others` answers pass and loses the next one.
  void lose(int others, std::function<void()> then) {
    then_ = std::move(then);
    left_ = others;
    armed_ = true;
  }
  [[nodiscard]] bool done() const { return !armed_; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  void run() {
    while (!over_) {
      pollfd wanted{listening_, POLLIN, 0};
      if (::poll(&wanted, 1, 20) <= 0) continue;
      const int client = ::accept(listening_, nullptr, nullptr);
      const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(server_port_);
      if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) carry(client, server);
      ::close(client);
      ::close(server);
    }
  }
  void carry(int client, int server) {
    while (!over_) {
      std::array<pollfd, 2> both{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
      if (::poll(both.data(), both.size(), 20) <= 0) continue;
      if (both[0].revents != 0 && !pass(client, server, false)) return;
      if (both[1].revents != 0 && !pass(server, client, true)) return;
    }
  }
  /// One packet; false where this connection ends.
  bool pass(int from, int to, bool answer) {
    std::array<char, 65536> packet;
    const ssize_t bytes = ::recv(from, packet.data(), packet.size(), 0);
    if (bytes <= 0) return false;
    const std::string_view content(packet.data(), static_cast<std::size_t>(bytes));
    const bool counts = answer && armed_ && content.find("NOSCRIPT") == std::string_view::npos;
    if (counts && left_-- == 0) {
      then_();
      armed_ = false;
      return false;
    }
    return ::send(to, packet.data(), static_cast<std::size_t>(bytes), MSG_NOSIGNAL) == bytes;
  }

  int server_port_;
  int listening_;
  int port_ = 0;
  std::atomic<bool> over_{false}, armed_{false};
  std::atomic<int> left_{0};
  std::function<void()> then_;
  std::thread running_;
};

redis_lake open_lake(const std::string& url, const lake::memory_storage& bodies) {
  lake::lake_options options;
  options.snapshots = lake::snapshot_policy::never();
  return redis_lake(options, lake::redis_index::connect({.url = url, .connection = {.connections = 1}}).value(), bodies);
}

}  // namespace

TEST_CASE("a write of which one answer is lost, that of the reservation or that of the commit, is done once") {
  LAKE_SKIP_WITHOUT_REDIS();
  for (const int others : {0, 1}) {
    INFO("answers before the lost one: " << others);
    lake_test::redis_server server;
    thief between(server.port());
    redis_lake db = open_lake(between.url(), lake::memory_storage{});
    db.write({.catalog = "doc", .path = "/first", .body = "0"}).value();

    between.lose(others, [] {});
    const auto id = db.write({.catalog = "doc", .path = "/a", .body = R"([{"op":"add","path":"/-","value":1}])", .merge = lake::merge_type::replace});

    INFO((id ? std::string() : id.error().to_string()));
    REQUIRE(id.has_value());
    CHECK(between.done());
    CHECK(db.list("doc").deltas().size() == 2);
    CHECK_FALSE(db.list("doc").has_pending());
  }
}

TEST_CASE("a file write whose answer is lost does not come back over the write of another") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server;
  const lake::memory_storage bodies;
  thief between(server.port());
  redis_lake first = open_lake(between.url(), bodies);
  redis_lake other = open_lake(server.url(), bodies);
  first.write_file({.catalog = "doc", .path = "/f", .body = "zero"}).value();

  std::string seen;
  between.lose(1, [&] {
    seen = other.read_file("doc", "/f").value();
    other.write_file({.catalog = "doc", .path = "/f", .body = "two"}).value();
  });
  const auto written = first.write_file({.catalog = "doc", .path = "/f", .body = "one"});

  CHECK(between.done());
  CHECK(seen == "one");
  CHECK((written.has_value() || written.error().code == lake::errc::outcome_unknown));
  CHECK(other.read_file("doc", "/f") == std::string("two"));
}
