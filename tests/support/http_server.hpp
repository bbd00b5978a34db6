// A loopback HTTP/1.1 server that answers as a test says, and a proxy that spoils what passes through it, both in threads of the test.
// Knows no S3 but the form of its error bodies. Answers keep the connection unless they say how it ends; no pipelining.
#ifndef LAKE_TESTS_SUPPORT_HTTP_SERVER_HPP
#define LAKE_TESTS_SUPPORT_HTTP_SERVER_HPP

#include "support/http_wire.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

/// The body of an S3 error.
inline std::string s3_error_body(std::string_view code, std::string_view message = "injected by a test") {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + std::string(code) + "</Code><Message>" + std::string(message) +
         "</Message><RequestId>test-request</RequestId><HostId>test-host</HostId></Error>";
}

/// How an answer goes out.
enum class http_manner : std::uint8_t {
  whole,  ///< As it should.
  close,  ///< After `body_bytes` of the body, or nothing at all, the connection is closed in good order.
  reset,  ///< The same, and the connection is reset.
  slow,   ///< In pieces of `piece_bytes` with a `pause` after each.
  stall,  ///< After `body_bytes` of the body, or nothing at all, no more comes until `release()`; then the rest.
};

/// What a scripted server answers.
struct http_reply {
  int status = 200;
  http_pairs headers = {};  ///< Content-Length comes by itself unless it is here, or the body is chunked.
  std::string body = {};
  http_manner manner = http_manner::whole;
  std::optional<std::size_t> body_bytes = {};
  std::size_t piece_bytes = 1'024;
  std::chrono::milliseconds pause{1};
  std::chrono::milliseconds latency{0};  ///< Before all of it.
  bool chunked = false;
  std::string before = {};              ///< Sent before the answer, as an interim one.
  std::optional<std::string> raw = {};  ///< Sent instead of all that, as it is.
};

/// Sends what belongs to an answer in its manner; false if the connection is to end.
inline bool send_in_manner(http_wire& wire, const http_listener& on, std::string_view head, std::string_view body, const http_reply& how,
                           const http_bell& released, std::atomic<std::size_t>& stalled) {
  const std::size_t at = (std::min)(how.body_bytes.value_or(0), body.size());
  const bool begins = how.body_bytes.has_value();
  switch (how.manner) {
    case http_manner::whole: return wire.send(std::string(head).append(body));
    case http_manner::reset: wire.reset_at_end(); [[fallthrough]];
    case http_manner::close:
      if (begins && wire.send(std::string(head).append(body.substr(0, at)))) return false;
      return false;
    case http_manner::slow: {
      bool good = wire.send(head);
      for (std::size_t next = 0; good && next < body.size(); next += how.piece_bytes) {
        good = wire.send(body.substr(next, how.piece_bytes)) && on.wait(how.pause);
      }
      return good;
    }
    case http_manner::stall:
      if (begins && !wire.send(std::string(head).append(body.substr(0, at)))) return false;
      ++stalled;
      if (!on.wait(wire, released)) return false;
      return begins ? wire.send(body.substr(at)) : wire.send(std::string(head).append(body));
  }
  return false;
}

/// A server that answers what a callable says, and remembers every request. Thread-safe.
class scripted_server {
 public:
  /// Called from many threads at once.
  using script = std::function<http_reply(const http_message&)>;

  explicit scripted_server(script answers) : script_(std::move(answers)), listener_([this](http_wire& wire) { return serve(wire); }) {}

  [[nodiscard]] int port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
  }
  [[nodiscard]] std::size_t connections() const noexcept { return listener_.connections(); }
  /// How many answers have come to where they stall.
  [[nodiscard]] std::size_t stalled() const noexcept { return stalled_; }
  /// Stalled answers go on, and no later one stalls.
  void release() noexcept { released_.ring(); }
  /// All requests so far, in the order in which they were read.
  [[nodiscard]] std::vector<http_message> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }

 private:
  bool serve(http_wire& wire) {
    http_message request;
    if (!read_http_request(wire, request)) return false;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const http_reply reply = script_(request);
    if (!listener_.wait(reply.latency)) return false;
    if (reply.raw) return send_in_manner(wire, listener_, {}, *reply.raw, reply, released_, stalled_);
    const bool no_body = request.method == "HEAD" || reply.status == 204 || reply.status == 304;
    const std::string body = no_body ? std::string() : reply.chunked ? in_chunks(reply.body) : reply.body;
    return send_in_manner(wire, listener_, reply.before + head_of(reply), body, reply, released_, stalled_);
  }

  [[nodiscard]] static std::string head_of(const http_reply& reply) {
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Some Reason\r\n";
    bool framed = reply.chunked || reply.status == 204 || reply.status == 304;
    for (const auto& [name, value] : reply.headers) {
      head += name + ": " + value + "\r\n";
      framed = framed || name == "Content-Length";
    }
    if (reply.chunked) head += "Transfer-Encoding: chunked\r\n";
    if (!framed) head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    return head + "\r\n";
  }
  [[nodiscard]] static std::string in_chunks(std::string_view body) {
    std::string out;
    while (!body.empty()) {
      const std::string_view piece = body.substr(0, 1'000);
      char size[16];
      out.append(size, std::to_chars(size, size + sizeof size, piece.size(), 16).ptr).append("\r\n").append(piece).append("\r\n");
      body.remove_prefix(piece.size());
    }
    return out + "0\r\nX-Trailer: late\r\n\r\n";
  }

  script script_;
  mutable std::mutex mutex_;
  std::vector<http_message> requests_;
  http_bell released_;
  std::atomic<std::size_t> stalled_ = 0;
  http_listener listener_;  // Last: its threads use all the others.
};

/// What a proxy does to one request.
enum class http_fault : std::uint8_t {
  none,
  error_500,     ///< Answered with 500 InternalError; not forwarded.
  slow_down,     ///< Answered with 503 SlowDown; not forwarded.
  reset,         ///< The connection is reset; not forwarded.
  drop_answer,   ///< Forwarded, and the connection reset when the server has answered.
  stall,         ///< Forwarded, and the answer kept back until the client gives up or `release()`.
  cut_body,      ///< The connection is closed in the middle of the answer's body; one without a body is dropped.
  slow_body,     ///< The answer comes in small pieces.
  error_in_200,  ///< Forwarded, and answered with 200 and an error in the body.
};

/// The fault of one request, and how long its answer takes in addition.
struct http_verdict {
  http_fault fault = http_fault::none;
  std::chrono::milliseconds latency{0};
};

/// Decides about each request: `nth` counts those of the same key (`http_message::key`) from 0. Called by one thread at a time.
using http_judge = std::function<http_verdict(const http_message&, std::size_t nth)>;

/// Spoils `per_mille` of the requests with one of `faults`, never more than `in_a_row` of a key one after the other. What becomes of the
/// nth request of a key depends on the seed alone, in whichever order threads come.
inline http_judge random_faults(std::uint64_t seed, std::uint64_t per_mille, std::vector<http_fault> faults, std::size_t in_a_row = 3) {
  const auto draw = [seed](const std::string& key, std::size_t nth) {
    std::uint64_t mixed = seed ^ 0xcbf29ce484222325U;
    for (const char c : key + '#' + std::to_string(nth)) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  };
  return [=](const http_message& request, std::size_t nth) {
    const std::string key = request.key();
    std::size_t before = 0;
    while (before < nth && before < in_a_row && draw(key, nth - before - 1) % 1'000 < per_mille) ++before;
    const std::uint64_t mine = draw(key, nth);
    const bool spoilt = mine % 1'000 < per_mille && before < in_a_row && !faults.empty();
    return http_verdict{spoilt ? faults[(mine / 1'000) % faults.size()] : http_fault::none, {}};
  };
}

/// Passes requests on to a server on another port of 127.0.0.1, and answers back, byte for byte, but for what the judge decides; counts
/// both. Requests have a Content-Length or no body. Thread-safe.
class http_proxy {
 public:
  explicit http_proxy(
      int backend_port, http_judge judge = [](const http_message&, std::size_t) { return http_verdict{}; })
      : backend_port_(backend_port), judge_(std::move(judge)), listener_([this](http_wire& wire) { return serve(wire); }) {}

  [[nodiscard]] int port() const noexcept { return listener_.port(); }
  [[nodiscard]] std::string url(std::string_view path = "") const {
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
  }
  [[nodiscard]] std::size_t connections() const noexcept { return listener_.connections(); }
  /// How many answers were kept back.
  [[nodiscard]] std::size_t stalled() const noexcept { return stalled_; }
  /// Answers kept back go on, and no later one is kept back.
  void release() noexcept { released_.ring(); }
  /// From now on another judge decides.
  void judge_by(http_judge judge) {
    const std::lock_guard lock(mutex_);
    judge_ = std::move(judge);
  }
  /// How many requests met this fate; `none`: those that passed.
  [[nodiscard]] std::size_t count(http_fault fault) const {
    const std::lock_guard lock(mutex_);
    const auto found = fates_.find(fault);
    return found == fates_.end() ? 0 : found->second;
  }
  /// How many requests came by key, as in "PUT /bucket/key".
  [[nodiscard]] std::map<std::string, std::size_t> counts() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  [[nodiscard]] std::size_t count(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(key);
    return found == keys_.end() ? 0 : found->second;
  }
  /// Requests that the server behind did not answer: none, if it is well.
  [[nodiscard]] std::size_t broken() const noexcept { return broken_; }

 private:
  /// One connection of a client, and its own to the server behind.
  bool serve(http_wire& wire) {
    std::unique_ptr<http_wire> behind;
    http_message request;
    while (read_http_request(wire, request)) {
      const http_verdict verdict = decide(request);
      if (!listener_.wait(verdict.latency) || !answer(wire, behind, request, verdict.fault)) return false;
      request = {};
    }
    return false;
  }

  http_verdict decide(const http_message& request) {
    const std::lock_guard lock(mutex_);
    const http_verdict verdict = judge_(request, keys_[request.key()]++);
    ++fates_[verdict.fault];
    return verdict;
  }

  bool answer(http_wire& wire, std::unique_ptr<http_wire>& behind, const http_message& request, http_fault fault) {
    const bool head_only = request.method == "HEAD";
    const auto send_error = [&](std::string_view status, std::string_view code) {
      const std::string body = s3_error_body(code);
      std::string bytes = "HTTP/1.1 " + std::string(status) +
                          "\r\nContent-Type: application/xml\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
      return wire.send(head_only ? bytes : bytes.append(body));
    };
    if (fault == http_fault::error_500) return send_error("500 Internal Server Error", "InternalError");
    if (fault == http_fault::slow_down) return send_error("503 Slow Down", "SlowDown");
    if (fault == http_fault::reset) return wire.reset_at_end(), false;
    http_message came;
    if (!forward(behind, request, came)) return ++broken_, wire.reset_at_end(), false;
    if (fault == http_fault::error_in_200) return send_error("200 OK", "InternalError");
    http_reply how;
    switch (fault) {
      case http_fault::drop_answer: how.manner = http_manner::reset; break;
      case http_fault::stall: how.manner = http_manner::stall; break;
      case http_fault::slow_body: how.manner = http_manner::slow; break;
      case http_fault::cut_body:
        how.manner = http_manner::close;
        if (!came.body.empty()) how.body_bytes = came.body.size() / 2;
        break;
      default: break;
    }
    how.piece_bytes = came.body.size() / 16 + 1;
    return send_in_manner(wire, listener_, came.head, came.body, how, released_, stalled_) && !came.method.empty();
  }

  /// Asks the server behind, on the connection of before if that is still there. An answer that only its connection's end delimits comes
  /// back without `method`.
  bool forward(std::unique_ptr<http_wire>& behind, const http_message& request, http_message& came) {
    if (!behind || !behind->idle()) behind = std::make_unique<http_wire>(http_wire::connect_to(backend_port_), listener_.stopping());
    if (!behind->send(request.head) || !behind->send(request.body)) return false;
    do {
      came = {};
      if (!read_http_head(*behind, came)) return false;
    } while (came.target.starts_with('1'));
    if (request.method == "HEAD" || came.target == "204" || came.target == "304") return true;
    if (came.header("transfer-encoding") == "chunked") return take_chunks(*behind, came.body);
    if (came.has("content-length")) return behind->take(stated_length(came), came.body);
    behind->take_all(came.body);
    came.method.clear();
    return true;
  }

  [[nodiscard]] static bool take_chunks(http_wire& from, std::string& out) {
    for (;;) {
      const std::size_t begin = out.size();
      if (!from.take_until("\r\n", out)) return false;
      std::size_t size = 0;
      std::from_chars(out.data() + begin, out.data() + out.size(), size, 16);
      if (size == 0) break;
      if (!from.take(size + 2, out)) return false;
    }
    for (std::size_t line = 0; line != 2;) {  // Trailers, until an empty line.
      const std::size_t begin = out.size();
      if (!from.take_until("\r\n", out)) return false;
      line = out.size() - begin;
    }
    return true;
  }

  int backend_port_;
  http_judge judge_;
  mutable std::mutex mutex_;
  std::map<http_fault, std::size_t> fates_;
  std::map<std::string, std::size_t> keys_;
  http_bell released_;
  std::atomic<std::size_t> stalled_ = 0;
  std::atomic<std::size_t> broken_ = 0;
  http_listener listener_;  // Last: its threads use all the others.
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_HTTP_SERVER_HPP
