// The HTTP transport against a server of the test: what goes over the wire, what comes back, and what each way to fail is called.
#include "support/catch.hpp"
#include "support/folder.hpp"
#include "support/http_server.hpp"
#include "support/http_wire.hpp"
#include "support/process.hpp"

#include <lake/detail/curl_transport.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using lake::errc;
using lake::detail::curl_transport;
using lake::detail::curl_transport_options;
using lake::detail::http_answer;
using lake::detail::http_failure;
using lake::detail::http_fields;
using lake::detail::http_request;
using lake::detail::http_sink;
using lake_test::http_fault;
using lake_test::http_listener;
using lake_test::http_manner;
using lake_test::http_message;
using lake_test::http_proxy;
using lake_test::http_reply;
using lake_test::http_verdict;
using lake_test::http_wire;
using lake_test::scripted_server;
using namespace std::chrono_literals;

curl_transport opened(curl_transport_options options = {}) {
  lake::result<curl_transport> transport = curl_transport::open(std::move(options));
  REQUIRE(transport.has_value());
  return *std::move(transport);
}

http_answer ask(const curl_transport& transport, std::string_view method, const std::string& url, std::string_view body = {},
                const http_fields* headers = nullptr) {
  return transport.perform({.method = method, .url = url, .headers = headers, .body = body});
}

/// A server that always answers this.
scripted_server::script always(http_reply reply) {
  return [reply = std::move(reply)](const http_message&) { return reply; };
}

/// Bytes that show it if any is lost, moved or doubled.
std::string pattern(std::size_t bytes) {
  std::string out(bytes, '\0');
  std::uint64_t state = 88'172'645'463'325'252U;
  for (char& each : out) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    each = static_cast<char>(state);
  }
  return out;
}

/// A port of 127.0.0.1 where nobody listens, as a URL.
std::string nobody() { return "http://127.0.0.1:" + std::to_string(lake_test::free_port()) + "/key?X-Amz-Signature=topsecret"; }

/// A certificate that signs itself, for `name`, with its key; made by the openssl program.
struct certificate {
  explicit certificate(const std::string& name) {
    const std::string openssl = lake_test::program_file("openssl").string();
    REQUIRE_FALSE(openssl.empty());
    lake_test::child_process made({openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                                   "-subj", "/CN=test", "-addext", "subjectAltName=" + name, "-keyout", key, "-out", file},
                                  {}, folder.path(), folder.path() / "req.log");
    REQUIRE(lake_test::eventually([&] { return !made.alive(); }));
    REQUIRE(std::filesystem::exists(file));
  }
  lake_test::scratch_folder folder;
  std::string key = (folder.path() / "key.pem").string();
  std::string file = (folder.path() / "certificate.pem").string();
};

/// A server that speaks TLS and answers any GET with a page of its own.
class tls_server {
 public:
  explicit tls_server(const certificate& shown)
      : port_(lake_test::free_port()),
        child_({lake_test::program_file("openssl").string(), "s_server", "-accept", "127.0.0.1:" + std::to_string(port_), "-cert",
                shown.file, "-key", shown.key, "-www", "-quiet"},
               {}, shown.folder.path(), shown.folder.path() / "server.log") {
    REQUIRE(lake_test::eventually([&] {
      const int probe = http_wire::connect_to(port_);
      if (probe >= 0) ::close(probe);
      return probe >= 0;
    }));
  }
  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int port_;
  lake_test::child_process child_;
};

/// Passes a connection on to `port` until so many bytes have gone there, then resets it.
bool relay_until(http_wire& from, int port, std::size_t bytes) {
  const int to = http_wire::connect_to(port);
  char piece[16 * 1'024];
  for (std::size_t passed = 0; passed < bytes;) {
    pollfd watched[] = {{from.socket(), POLLIN, 0}, {to, POLLIN, 0}};
    ::poll(watched, 2, -1);
    const bool upwards = watched[0].revents != 0;
    const ssize_t count = ::recv(upwards ? from.socket() : to, piece, sizeof piece, 0);
    if (count <= 0 || ::send(upwards ? to : from.socket(), piece, static_cast<std::size_t>(count), MSG_NOSIGNAL) != count) break;
    if (upwards) passed += static_cast<std::size_t>(count);
  }
  ::close(to);
  from.reset_at_end();
  return false;
}

}  // namespace

TEST_CASE("An answer has its status, its headers by lower-case names, and its body") {
  scripted_server server(always({.status = 200, .headers = {{"ETag", "\"abc\""}, {"X-Empty", ""}, {"X-Two", " a  b "}}, .body = "hello"}));

  const http_answer answer = ask(opened(), "GET", server.url("/b/k?x=1"));

  CHECK(answer.failure == http_failure::none);
  CHECK(answer.succeeded());
  CHECK(answer.status == 200);
  CHECK(answer.header("etag") == "\"abc\"");
  CHECK(answer.header("x-empty").empty());
  CHECK(answer.header("x-two") == "a  b");
  CHECK(answer.header("content-length") == "5");
  CHECK(answer.body == "hello");
}

TEST_CASE("An error of the server is an answer, with its body") {
  scripted_server server(always({.status = 404, .body = lake_test::s3_error_body("NoSuchKey")}));

  const http_answer answer = ask(opened(), "GET", server.url());

  CHECK(answer.failure == http_failure::none);
  CHECK_FALSE(answer.succeeded());
  CHECK(answer.status == 404);
  CHECK(answer.body == lake_test::s3_error_body("NoSuchKey"));
}

TEST_CASE("A redirect is an answer and is not followed") {
  scripted_server server(always({.status = 307, .headers = {{"Location", "http://127.0.0.1:1/elsewhere"}}}));

  const http_answer answer = ask(opened(), "GET", server.url());

  CHECK(answer.status == 307);
  CHECK(answer.header("location") == "http://127.0.0.1:1/elsewhere");
  CHECK(server.count() == 1);
}

TEST_CASE("HEAD and 204 have no body and leave the connection usable") {
  scripted_server server([](const http_message& request) {
    return request.method == "HEAD" ? http_reply{.body = std::string(1'000, 'x')} : http_reply{.status = 204};
  });
  const curl_transport transport = opened();

  const http_answer head = ask(transport, "HEAD", server.url());
  const http_answer removed = ask(transport, "DELETE", server.url());

  CHECK(head.status == 200);
  CHECK(head.header("content-length") == "1000");
  CHECK(head.body.empty());
  CHECK(removed.status == 204);
  CHECK(removed.body.empty());
  CHECK(server.connections() == 1);
}

TEST_CASE("A request goes out with the caller's headers and what HTTP needs, and nothing else") {
  scripted_server server(always({}));
  const curl_transport transport = opened();
  const http_fields headers = {{"X-Amz-Date", "20260101T000000Z"}, {"x-empty", ""}, {"x-blank", "  "}, {"If-None-Match", "*"}};

  REQUIRE(ask(transport, "PUT", server.url("/k"), {}, &headers).succeeded());
  REQUIRE(ask(transport, "POST", server.url("/k?uploads="), "<x/>", &headers).succeeded());
  REQUIRE(ask(transport, "GET", server.url("/k")).succeeded());
  REQUIRE(ask(transport, "DELETE", server.url("/k")).succeeded());
  REQUIRE(ask(transport, "PUT", server.url("/k"), std::string(3'000'000, 'x')).succeeded());

  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\nUser-Agent: lake/" LAKE_VERSION_STRING "\r\n";
  const std::string own = "X-Amz-Date: 20260101T000000Z\r\nx-empty: \r\nx-blank: \r\nIf-None-Match: *\r\n";
  const auto as_read = [](const http_message& message) {
    std::string out;
    for (const auto& [name, value] : message.headers) out += name + "=" + value + ";";
    return message.method + " " + message.target + " " + out;
  };
  const std::string base = "host=127.0.0.1:" + std::to_string(server.port()) + ";user-agent=lake/" LAKE_VERSION_STRING ";";
  const std::string given = "x-amz-date=20260101T000000Z;x-empty=;x-blank=;if-none-match=*;";
  const std::vector<http_message> seen = server.requests();
  REQUIRE(seen.size() == 5);
  CHECK(as_read(seen[0]) == "PUT /k " + base + given + "content-length=0;");
  CHECK(as_read(seen[1]) == "POST /k?uploads= " + base + given + "content-length=4;");
  CHECK(seen[1].body == "<x/>");
  CHECK(as_read(seen[2]) == "GET /k " + base);
  CHECK(as_read(seen[3]) == "DELETE /k " + base);
  CHECK(as_read(seen[4]) == "PUT /k " + base + "content-length=3000000;");
}

TEST_CASE("Accept, Content-Type and User-Agent are the caller's where the caller gives them") {
  scripted_server server(always({}));
  const http_fields headers = {{"Accept", "text/xml"}, {"content-type", "application/json"}, {"User-Agent", "mine"}};

  REQUIRE(ask(opened(), "PUT", server.url(), "{}", &headers).succeeded());

  const http_message seen = server.requests().at(0);
  CHECK(seen.header("accept") == "text/xml");
  CHECK(seen.header("content-type") == "application/json");
  CHECK(seen.header("user-agent") == "mine");
  CHECK(seen.headers.size() == 5);
}

TEST_CASE("A path goes on the wire as it is: dots, escapes, and double slashes") {
  scripted_server server(always({}));
  const std::string path = "/b/a/../b/./c//d%2Fe%2fg%20(h)/..?prefix=%2E&x=../y";

  REQUIRE(ask(opened(), "GET", server.url(path)).succeeded());

  CHECK(server.requests().at(0).target == path);
}

TEST_CASE("64 MiB go up and come down unchanged") {
  const std::string body = pattern(std::size_t{64} << 20U);
  scripted_server server([](const http_message& request) { return http_reply{.body = request.body}; });

  const http_answer answer = ask(opened(), "PUT", server.url(), body);

  CHECK(answer.failure == http_failure::none);
  CHECK(answer.body.size() == body.size());
  CHECK((answer.body == body));
}

TEST_CASE("A body in chunks comes whole, and the trailers after it are no headers") {
  const std::string body = pattern(10'001);
  scripted_server server(always({.body = body, .chunked = true}));
  const curl_transport transport = opened();

  const http_answer answer = ask(transport, "GET", server.url());

  CHECK((answer.body == body));
  CHECK(answer.header("x-trailer").empty());
  CHECK(ask(transport, "GET", server.url()).succeeded());
  CHECK(server.connections() == 1);
}

TEST_CASE("A compressed body comes as it is stored") {
  scripted_server server(always({.headers = {{"Content-Encoding", "gzip"}}, .body = "no gzip at all"}));

  CHECK(ask(opened(), "GET", server.url()).body == "no gzip at all");
}

TEST_CASE("Interim answers are passed over") {
  scripted_server server(
      always({.body = "x", .before = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\nX-Early: 1\r\n\r\n"}));

  const http_answer answer = ask(opened(), "PUT", server.url(), "body");

  CHECK(answer.status == 200);
  CHECK(answer.header("x-early").empty());
  CHECK(answer.body == "x");
}

TEST_CASE("A body without a stated length ends with its connection") {
  scripted_server server(always({.manner = http_manner::close, .body_bytes = 1'000, .raw = "HTTP/1.0 200 OK\r\nX-Old: 1\r\n\r\nhello"}));

  const http_answer answer = ask(opened(), "GET", server.url());

  CHECK(answer.status == 200);
  CHECK(answer.header("x-old") == "1");
  CHECK(answer.body == "hello");
}

TEST_CASE("Exchanges one after the other use one connection, whatever came of them") {
  scripted_server server(
      [](const http_message& request) { return http_reply{.status = request.method == "GET" ? 200 : 403, .body = "x"}; });
  const curl_transport transport = opened();

  for (int i = 0; i < 20; ++i) {
    CHECK(ask(transport, "GET", server.url()).status == 200);
    CHECK(ask(transport, "PUT", server.url(), "refused").status == 403);
  }

  CHECK(server.connections() == 1);
  CHECK(server.count() == 40);
}

TEST_CASE("A body that was cut short is lost, with a sink and without") {
  scripted_server server(always({.body = std::string(100'000, 'x'), .manner = http_manner::close, .body_bytes = 70'000}));
  std::string taken;
  auto take = [&](std::string_view bytes) { return taken += bytes, true; };

  const http_answer collected = ask(opened(), "GET", server.url());
  const http_answer streamed = opened().perform({.method = "GET", .url = server.url(), .sink = http_sink(take)});

  CHECK(collected.failure == http_failure::lost);
  CHECK(collected.body.empty());
  CHECK(collected.status == 200);
  CHECK(collected.header("content-length") == "100000");
  CHECK(streamed.failure == http_failure::lost);
  CHECK(taken.size() == 70'000);
}

TEST_CASE("A sink that wants an object from some byte on gets nothing else") {
  scripted_server server([](const lake_test::http_message& request) {
    if (request.target == "/part") return http_reply{.status = 206, .headers = {{"Content-Range", "bytes 4-9/10"}}, .body = "456789"};
    return http_reply{.body = "0123456789"};
  });
  std::string taken;
  auto take = [&](std::string_view bytes) { return taken += bytes, true; };

  const http_answer whole = opened().perform({.method = "GET", .url = server.url(), .sink = http_sink(take), .sink_from = 4});
  const http_answer other = opened().perform({.method = "GET", .url = server.url("/part"), .sink = http_sink(take), .sink_from = 5});
  CHECK(taken.empty());
  const http_answer wanted = opened().perform({.method = "GET", .url = server.url("/part"), .sink = http_sink(take), .sink_from = 4});

  CHECK(whole.body == "0123456789");
  CHECK(other.body == "456789");
  CHECK(wanted.body.empty());
  CHECK(taken == "456789");
}

TEST_CASE("A body in chunks that was cut short is lost") {
  scripted_server server(always(
      {.manner = http_manner::close, .body_bytes = 1'000, .raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}));

  CHECK(ask(opened(), "GET", server.url()).failure == http_failure::lost);
}

TEST_CASE("A connection that ends without an answer is lost") {
  for (const http_manner manner : {http_manner::close, http_manner::reset}) {
    scripted_server server(always({.manner = manner}));

    CHECK(ask(opened(), "PUT", server.url(), "body").failure == http_failure::lost);
    CHECK(ask(opened(), "GET", server.url()).failure == http_failure::lost);
  }
}

TEST_CASE("What may change something is sent once, also on a connection that had served before") {
  for (const std::string method : {"PUT", "POST", "DELETE"}) {
    for (const std::string_view body : {"", "body"}) {
      for (const http_manner manner : {http_manner::close, http_manner::reset}) {
        if (method == "DELETE" && !body.empty()) continue;
        scripted_server server(
            [&](const http_message& request) { return request.method == "GET" ? http_reply{} : http_reply{.manner = manner}; });
        const curl_transport transport = opened();
        REQUIRE(ask(transport, "GET", server.url()).succeeded());

        const http_answer answer = ask(transport, method, server.url(), body);

        INFO(method << " \"" << body << "\"");
        CHECK(answer.failure == http_failure::lost);
        CHECK(server.count() == 2);
      }
    }
  }
}

TEST_CASE("A read is sent again where a connection that had served before ends under it") {
  std::atomic<int> count = 0;
  scripted_server server(
      [&](const http_message&) { return ++count == 2 ? http_reply{.manner = http_manner::close} : http_reply{.body = "x"}; });
  const curl_transport transport = opened();
  REQUIRE(ask(transport, "GET", server.url()).succeeded());

  const http_answer answer = ask(transport, "GET", server.url());

  CHECK(answer.body == "x");
  CHECK(server.count() == 3);
}

TEST_CASE("A connection that the server ends after its answer is replaced before anything is sent") {
  for (const std::string header : {"", "Connection: close\r\n"}) {
    std::atomic<int> ended = 0;
    http_listener closing([&](http_wire& wire) {
      http_message request;
      const bool said = read_http_request(wire, request) && wire.send("HTTP/1.1 200 OK\r\n" + header + "Content-Length: 0\r\n\r\n");
      ::shutdown(wire.socket(), SHUT_RDWR);
      if (said) ++ended;
      return false;
    });
    const curl_transport transport = opened();
    const std::string url = "http://127.0.0.1:" + std::to_string(closing.port()) + "/";

    for (int i = 1; i <= 10; ++i) {
      CHECK(ask(transport, "PUT", url, "body").succeeded());
      REQUIRE(lake_test::eventually([&] { return ended == i; }));
    }
  }
}

TEST_CASE("Where nobody listens nothing was sent") {
  const http_answer answer = ask(opened(), "PUT", nobody(), "body");

  CHECK(answer.failure == http_failure::not_sent);
  CHECK(answer.status == 0);
  CHECK_FALSE(answer.reason.empty());
}

TEST_CASE("A connection that is not made in time is not sent") {
  scripted_server silent(always({}));  // Waits for a request while the client waits for TLS.
  const curl_transport transport = opened({.connect_timeout = 100ms});
  const std::string url = "https://127.0.0.1:" + std::to_string(silent.port()) + "/";

  CHECK(ask(transport, "PUT", url, "body").failure == http_failure::not_sent);
  CHECK(opened().perform({.method = "PUT", .url = url, .timeout = 100ms}).failure == http_failure::not_sent);
}

TEST_CASE("An answer that does not come in time has timed out, before and within its body") {
  scripted_server server([](const http_message& request) {
    http_reply reply{.body = std::string(1'000, 'x'), .manner = http_manner::stall};
    if (request.target == "/body") reply.body_bytes = 10;
    return reply;
  });

  for (const std::string path : {"/head", "/body"}) {
    const http_answer answer = opened().perform({.method = "GET", .url = server.url(path), .timeout = 100ms});

    INFO(path);
    CHECK(answer.failure == http_failure::timed_out);
    CHECK(answer.body.empty());
  }
}

TEST_CASE("An answer that stands still has timed out by low speed") {
  scripted_server server(always({.body = std::string(1'000, 'x'), .manner = http_manner::stall, .body_bytes = 10}));
  const curl_transport transport = opened({.low_speed_bytes = 1'000, .low_speed_time = 1s});

  CHECK(ask(transport, "GET", server.url()).failure == http_failure::timed_out);
}

TEST_CASE("A slow body that keeps coming is no failure") {
  scripted_server server(always({.body = std::string(300, 'x'), .manner = http_manner::slow, .piece_bytes = 3}));
  const curl_transport transport = opened({.low_speed_bytes = 1, .low_speed_time = 1s});

  CHECK(ask(transport, "GET", server.url()).body == std::string(300, 'x'));
}

TEST_CASE("A stop token of another thread ends a wait for the answer") {
  scripted_server server(always({.manner = http_manner::stall}));
  std::stop_source stop;
  http_answer answer;

  std::thread caller([&] { answer = opened().perform({.method = "PUT", .url = server.url(), .body = "x", .stop = stop.get_token()}); });
  const bool waits = lake_test::eventually([&] { return server.stalled() == 1; });
  stop.request_stop();
  caller.join();

  CHECK(waits);
  CHECK(answer.failure == http_failure::cancelled);
}

TEST_CASE("A stop token that was set before ends everything before anything is sent") {
  scripted_server server(always({}));
  std::stop_source stop;
  stop.request_stop();

  CHECK(opened().perform({.method = "GET", .url = server.url(), .stop = stop.get_token()}).failure == http_failure::cancelled);
  CHECK(server.connections() == 0);
}

TEST_CASE("A transport works on after exchanges that were given up") {
  scripted_server server(
      [](const http_message& request) { return http_reply{.manner = request.target == "/" ? http_manner::whole : http_manner::stall}; });
  const curl_transport transport = opened({.connections = 1});
  for (int i = 0; i < 3; ++i) {
    CHECK(transport.perform({.method = "GET", .url = server.url("/stall"), .timeout = 20ms}).failure == http_failure::timed_out);
    CHECK(ask(transport, "GET", nobody()).failure == http_failure::not_sent);
    CHECK(ask(transport, "GET", server.url()).succeeded());
  }
}

TEST_CASE("A sink takes the body of a success in pieces, and nothing is collected") {
  const std::string body = pattern(1'000'000);
  scripted_server server(always({.body = body}));
  std::string taken;
  auto take = [&](std::string_view bytes) { return taken += bytes, true; };

  const http_answer answer = opened().perform({.method = "GET", .url = server.url(), .sink = http_sink(take)});

  CHECK(answer.succeeded());
  CHECK(answer.body.empty());
  CHECK((taken == body));
}

TEST_CASE("A sink that refuses ends the exchange, and the next one is well") {
  scripted_server server(always({.headers = {{"ETag", "e"}}, .body = std::string(1'000'000, 'x')}));
  const curl_transport transport = opened();
  auto refuse = [](std::string_view) { return false; };

  const http_answer answer = transport.perform({.method = "GET", .url = server.url(), .sink = http_sink(refuse)});

  CHECK(answer.failure == http_failure::sink_refused);
  CHECK(answer.header("etag") == "e");
  CHECK(ask(transport, "GET", server.url()).body.size() == 1'000'000);
}

TEST_CASE("A sink sees nothing of an error, whose body is kept up to 64 KiB") {
  const std::string body = pattern(100'000);
  scripted_server server(always({.status = 500, .body = body}));
  bool called = false;
  auto take = [&](std::string_view) { return called = true; };

  const http_answer answer = opened().perform({.method = "GET", .url = server.url(), .sink = http_sink(take)});

  CHECK(answer.failure == http_failure::none);
  CHECK(answer.status == 500);
  CHECK((answer.body == body.substr(0, 64 * 1'024)));
  CHECK_FALSE(called);
}

TEST_CASE("The body of an error is kept up to 1 MiB, however long it goes on") {
  scripted_server server(always({.status = 500, .body = std::string(3'000'000, 'x')}));
  const curl_transport transport = opened();

  const http_answer answer = ask(transport, "GET", server.url());

  CHECK(answer.failure == http_failure::none);
  CHECK(answer.status == 500);
  CHECK(answer.body.size() == std::size_t{1} << 20U);
  CHECK(ask(transport, "GET", server.url()).status == 500);
}

TEST_CASE("A body of a success beyond the bound is refused, whether its length is stated or not") {
  for (const bool chunked : {false, true}) {
    scripted_server server(always({.body = std::string(1'001, 'x'), .chunked = chunked}));
    scripted_server fits(always({.body = std::string(1'000, 'x'), .chunked = chunked}));
    const curl_transport transport = opened({.max_body_bytes = 1'000});

    CHECK(ask(transport, "GET", server.url()).failure == http_failure::sink_refused);
    CHECK(ask(transport, "GET", fits.url()).body.size() == 1'000);
  }
}

TEST_CASE("A Content-Length that lies costs no memory: what does not come is lost") {
  for (const std::string length : {"5368709120", "1152921504606846976", "9223372036854775807"}) {
    scripted_server server(
        always({.manner = http_manner::close, .body_bytes = 100, .raw = "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\nx"}));
    const curl_transport transport = opened({.max_body_bytes = UINT64_MAX});

    INFO(length);
    CHECK(ask(transport, "GET", server.url()).failure == http_failure::lost);
  }
}

TEST_CASE("Hostile heads are lost, and cost no more than 64 KiB") {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 20'000; ++i) many += "a: b\r\n";
  std::string interim;
  for (int i = 0; i < 20'000; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  const std::vector<std::string> heads = {
      many + "\r\n",
      interim,
      "HTTP/1.1 200 OK\r\nX-Long: " + std::string(90'000, 'x') + "\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
      std::string("\0\0\0\0", 4),
  };
  for (const std::string& head : heads) {
    scripted_server server(always({.manner = http_manner::close, .body_bytes = head.size(), .raw = head}));

    const http_answer answer = ask(opened(), "PUT", server.url(), "body");

    INFO(head.substr(0, 60));
    CHECK(answer.failure == http_failure::lost);
    CHECK(answer.body.empty());
    std::size_t kept = 0;
    for (const lake::detail::http_field& each : answer.headers) kept += each.name.size() + each.value.size();
    CHECK(kept <= std::size_t{64} << 10U);
  }
}

TEST_CASE("Lines of a head that are no headers are passed over") {
  scripted_server server(
      always({.raw = "HTTP/1.1 200 OK\r\nX-One: 1\r\n folded\r\nbad name: 2\r\n: 3\r\nX-Four:4\r\nContent-Length: 0\r\n\r\n"}));

  const http_answer answer = ask(opened(), "GET", server.url());

  CHECK(answer.status == 200);
  CHECK(answer.header("x-four") == "4");
  CHECK(answer.header("").empty());
  CHECK(answer.header("bad name").empty());
}

TEST_CASE("What would smuggle a header, a request or a user into the wire is refused before anything is sent") {
  scripted_server server(always({}));
  const curl_transport transport = opened();
  const std::vector<http_fields> bad = {{{"X-A", "1\r\nX-B: 2"}},
                                        {{"X-A", "1\nX-B: 2"}},
                                        {{"X-A", std::string("1\0002", 3)}},
                                        {{"X-A\r\nX-B", "1"}},
                                        {{"X-A: 1\r\nX-B", "1"}},
                                        {{"X A", "1"}},
                                        {{"", "1"}},
                                        {{"X-A:", "1"}},
                                        {{"X-A;", ""}},
                                        {{"Content-Length", "5"}},
                                        {{"transfer-encoding", "chunked"}},
                                        {{"Expect", "100-continue"}}};

  for (const http_fields& headers : bad) {
    INFO(headers[0].name << ": " << headers[0].value);
    CHECK(ask(transport, "GET", server.url(), {}, &headers).failure == http_failure::unusable);
  }
  for (const std::string& url :
       {server.url("/a b"), server.url("/a\r\nX: 1"), server.url("/a\tb"), server.url("/\xc3\xa9"), server.url("/a#b"),
        "http://user:topsecret@127.0.0.1:" + std::to_string(server.port()) + "/", std::string("file:///etc/passwd"),
        std::string("ftp://127.0.0.1/"), std::string("127.0.0.1"), std::string(), std::string("http:///x"),
        std::string("http://127.0.0.1:99999/"), std::string("http://[::1/")}) {
    INFO(url);
    const http_answer answer = ask(transport, "GET", url);
    CHECK(answer.failure == http_failure::unusable);
    CHECK(answer.reason.find("secret") == std::string::npos);
  }
  CHECK(ask(transport, "GET /x HTTP/1.1\r\nX: 1", server.url()).failure == http_failure::unusable);
  CHECK(ask(transport, "", server.url()).failure == http_failure::unusable);
  CHECK(server.connections() == 0);
}

TEST_CASE("No reason shows a URL or a query") {
  scripted_server closing(always({.manner = http_manner::close}));
  scripted_server stalling(always({.manner = http_manner::stall}));
  const std::string query = "/k?X-Amz-Signature=topsecret";
  const std::vector<http_answer> answers = {
      ask(opened(), "GET", nobody()), ask(opened(), "GET", closing.url(query)), ask(opened(), "GET", "http://127.0.0.1:99999" + query),
      ask(opened(), "GET", "http://[::1" + query), opened().perform({.method = "GET", .url = stalling.url(query), .timeout = 50ms})};

  for (const http_answer& answer : answers) {
    INFO(answer.reason);
    CHECK(answer.failure != http_failure::none);
    CHECK_FALSE(answer.reason.empty());
    CHECK(answer.reason.find("secret") == std::string::npos);
    CHECK(answer.reason.find("Signature") == std::string::npos);
    CHECK(answer.reason.find("://") == std::string::npos);
  }
}

TEST_CASE("An error that comes before the body was sent is the answer") {
  http_listener hasty([](http_wire& wire) {
    http_message request;
    std::string rest;
    const bool said =
        read_http_head(wire, request) && wire.send("HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\nConnection: close\r\n\r\nslow");
    if (said) wire.take_all(rest);
    return false;
  });

  const http_answer answer = ask(opened(), "PUT", "http://127.0.0.1:" + std::to_string(hasty.port()) + "/", std::string(30'000'000, 'x'));

  CHECK(answer.status == 503);
  CHECK(answer.body == "slow");
}

TEST_CASE("32 threads at once get their own answers, over no more connections than were allowed") {
  scripted_server server([](const http_message& request) { return http_reply{.body = request.target + request.body}; });
  const curl_transport transport = opened({.connections = 8});
  std::atomic<int> wrong = 0;

  std::vector<std::thread> threads;
  for (int number = 0; number < 32; ++number) {
    threads.emplace_back([&, number] {
      for (int i = 0; i < 50; ++i) {
        const std::string path = "/" + std::to_string(number) + "/" + std::to_string(i);
        if (ask(transport, "PUT", server.url(path), "+" + path).body != path + "+" + path) ++wrong;
      }
    });
  }
  for (std::thread& each : threads) each.join();

  CHECK(wrong == 0);
  CHECK(server.count() == 32 * 50);
  CHECK(server.connections() <= 8);
}

TEST_CASE("Exchanges that take long run side by side") {
  scripted_server server(always({.manner = http_manner::stall}));
  const curl_transport transport = opened();
  std::atomic<int> good = 0;

  std::vector<std::thread> threads;
  for (int number = 0; number < 64; ++number)
    threads.emplace_back([&] { good += ask(transport, "GET", server.url()).succeeded() ? 1 : 0; });
  const bool all_there = lake_test::eventually([&] { return server.stalled() == 64; });
  server.release();
  for (std::thread& each : threads) each.join();

  CHECK(all_there);
  CHECK(good == 64);
}

TEST_CASE("Who waits for a free connection leaves by a stop token, by its time, or with the connection") {
  scripted_server server([](const http_message& request) {
    return http_reply{.manner = request.target == "/first" ? http_manner::stall : http_manner::whole};
  });
  const curl_transport transport = opened({.connections = 1});
  http_answer first;
  http_answer stopped;
  http_answer patient;
  std::stop_source stop;

  std::thread holder([&] { first = ask(transport, "GET", server.url("/first")); });
  const bool held = lake_test::eventually([&] { return server.stalled() == 1; });
  std::thread waiter([&] { stopped = transport.perform({.method = "GET", .url = server.url("/stopped"), .stop = stop.get_token()}); });
  std::thread other([&] { patient = ask(transport, "GET", server.url("/patient")); });
  const http_answer late = transport.perform({.method = "GET", .url = server.url("/late"), .timeout = 50ms});
  stop.request_stop();
  waiter.join();
  server.release();
  holder.join();
  other.join();

  CHECK(held);
  CHECK(late.failure == http_failure::not_sent);
  CHECK(stopped.failure == http_failure::cancelled);
  CHECK(first.succeeded());
  CHECK(patient.succeeded());
  CHECK(server.count() == 2);
}

TEST_CASE("A proxy of the environment is not asked for this machine's own names") {
  scripted_server server(always({.body = "direct"}));
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);

  const http_answer by_number = ask(opened(), "GET", server.url());
  const http_answer by_name = ask(opened(), "GET", "http://localhost:" + std::to_string(server.port()) + "/");
  const http_answer elsewhere = ask(opened(), "GET", "http://storage.test/");
  ::unsetenv("http_proxy");

  CHECK(by_number.body == "direct");
  CHECK(by_name.body == "direct");
  CHECK(elsewhere.failure == http_failure::not_sent);
  CHECK_THAT(elsewhere.reason, Catch::Matchers::Contains("port 1 "));
}

TEST_CASE("A certificate is trusted if it is the file's, and nobody else's") {
  const certificate shown("IP:127.0.0.1");
  const tls_server server(shown);

  const http_answer trusted = ask(opened({.ca_file = shown.file}), "GET", server.url());
  const http_answer unknown = ask(opened(), "PUT", server.url(), "body");

  CHECK(trusted.failure == http_failure::none);
  CHECK(trusted.status == 200);
  CHECK(unknown.failure == http_failure::untrusted);
}

TEST_CASE("A TLS connection that ends while a body is sent is lost, and raises no SIGPIPE") {
  const certificate shown("IP:127.0.0.1");
  const tls_server server(shown);
  http_listener relay([&](http_wire& wire) { return relay_until(wire, server.port(), 20'000); });
  auto* const before = std::signal(SIGPIPE, SIG_DFL);  // A program that does nothing about it would end here.

  const http_answer answer =
      ask(opened({.ca_file = shown.file}), "PUT", "https://127.0.0.1:" + std::to_string(relay.port()) + "/", std::string(30'000'000, 'x'));
  std::signal(SIGPIPE, before);

  CHECK(answer.failure == http_failure::lost);
}

TEST_CASE("A certificate for another name does not hold") {
  const certificate shown("DNS:storage.test,IP:127.0.0.9");
  const tls_server server(shown);

  CHECK(ask(opened({.ca_file = shown.file}), "GET", server.url()).failure == http_failure::untrusted);
}

TEST_CASE("Where a server speaks no TLS nothing was sent") {
  http_listener rude([](http_wire& wire) { return wire.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") && false; });

  const http_answer answer = ask(opened(), "PUT", "https://127.0.0.1:" + std::to_string(rude.port()) + "/", "x");

  CHECK(answer.failure == http_failure::not_sent);
}

TEST_CASE("A transport that cannot work is refused when it is opened") {
  const lake::result<curl_transport> none = curl_transport::open({.connections = 0});
  const lake::result<curl_transport> agent = curl_transport::open({.user_agent = "a\r\nX-Admin: 1"});
  const lake::result<curl_transport> past = curl_transport::open({.connect_timeout = -1ms});
  const lake::result<curl_transport> no_file = curl_transport::open({.ca_file = "/nowhere/ca.pem"});

  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == errc::configuration);
  REQUIRE_FALSE(agent.has_value());
  CHECK(agent.error().code == errc::configuration);
  REQUIRE_FALSE(past.has_value());
  CHECK(past.error().code == errc::configuration);
  REQUIRE_FALSE(no_file.has_value());
  CHECK(no_file.error().code == errc::configuration);
  CHECK(no_file.error().subject == "/nowhere/ca.pem");
}

TEST_CASE("The proxy passes requests and answers on unchanged, over kept connections") {
  scripted_server server([](const http_message& request) {
    if (request.method == "DELETE") return http_reply{.status = 204};
    return http_reply{.headers = {{"ETag", "e"}}, .body = request.body + request.target, .chunked = request.target == "/chunked"};
  });
  http_proxy proxy(server.port());
  const curl_transport transport = opened();
  const std::string body = pattern(300'000);

  CHECK((ask(transport, "PUT", proxy.url("/a%20b?x=1"), body).body == body + "/a%20b?x=1"));
  CHECK((ask(transport, "PUT", proxy.url("/chunked"), body).body == body + "/chunked"));
  CHECK(ask(transport, "HEAD", proxy.url("/a")).header("etag") == "e");
  CHECK(ask(transport, "DELETE", proxy.url("/a")).status == 204);
  CHECK(ask(transport, "GET", proxy.url("/a")).body == "/a");
  CHECK(proxy.connections() == 1);
  CHECK(server.connections() == 1);
  CHECK(proxy.count(http_fault::none) == 5);
  CHECK(proxy.count("PUT /a%20b") == 1);
  CHECK(proxy.broken() == 0);
}

TEST_CASE("Each fault of the proxy is what its name says") {
  scripted_server server(always({.body = std::string(1'000, 'x')}));
  http_proxy proxy(server.port());
  const auto met = [&](http_fault wanted) {
    proxy.judge_by([=](const http_message&, std::size_t) { return http_verdict{wanted, 0ms}; });
    return opened().perform(
        {.method = "PUT", .url = proxy.url("/k"), .body = "body", .timeout = wanted == http_fault::stall ? 100ms : 0ms});
  };

  CHECK(met(http_fault::error_500).body == lake_test::s3_error_body("InternalError"));
  CHECK(met(http_fault::slow_down).status == 503);
  CHECK(met(http_fault::reset).failure == http_failure::lost);
  CHECK(server.count() == 0);
  CHECK(met(http_fault::drop_answer).failure == http_failure::lost);
  CHECK(met(http_fault::stall).failure == http_failure::timed_out);
  CHECK(met(http_fault::cut_body).failure == http_failure::lost);
  CHECK(met(http_fault::slow_body).body == std::string(1'000, 'x'));
  CHECK(met(http_fault::error_in_200).body == lake_test::s3_error_body("InternalError"));
  CHECK(server.count() == 5);
  CHECK(proxy.count("PUT /k") == 8);
  for (const http_fault each : {http_fault::error_500, http_fault::slow_down, http_fault::reset, http_fault::drop_answer, http_fault::stall,
                                http_fault::cut_body, http_fault::slow_body, http_fault::error_in_200}) {
    CHECK(proxy.count(each) == 1);
  }
}

TEST_CASE("The proxy keeps 64 answers back at once") {
  scripted_server server(always({}));
  http_proxy proxy(server.port(), [](const http_message&, std::size_t) { return http_verdict{http_fault::stall, 1ms}; });
  const curl_transport transport = opened();
  std::atomic<int> good = 0;

  std::vector<std::thread> threads;
  for (int number = 0; number < 64; ++number)
    threads.emplace_back([&] { good += ask(transport, "PUT", proxy.url(), "x").succeeded() ? 1 : 0; });
  const bool all_there = lake_test::eventually([&] { return proxy.stalled() == 64; });
  proxy.release();
  for (std::thread& each : threads) each.join();

  CHECK(all_there);
  CHECK(good == 64);
}

TEST_CASE("Random faults follow from the seed, the key and its count, at the rate asked for and never too many in a row") {
  const std::vector<http_fault> all = {http_fault::error_500, http_fault::reset, http_fault::drop_answer};
  const lake_test::http_judge first = lake_test::random_faults(7, 300, all, 2);
  const lake_test::http_judge same = lake_test::random_faults(7, 300, all, 2);
  const lake_test::http_judge other = lake_test::random_faults(8, 300, all, 2);
  std::size_t spoilt = 0;
  std::size_t differs = 0;
  std::size_t in_a_row = 0;
  std::size_t longest = 0;

  for (std::size_t key = 0; key < 100; ++key) {
    in_a_row = 0;
    for (std::size_t nth = 0; nth < 100; ++nth) {
      const http_message request{.method = "PUT", .target = "/k" + std::to_string(key)};
      const http_fault fault = first(request, nth).fault;
      REQUIRE(same(request, nth).fault == fault);
      if (other(request, nth).fault != fault) ++differs;
      in_a_row = fault == http_fault::none ? 0 : in_a_row + 1;
      longest = (std::max)(longest, in_a_row);
      if (fault != http_fault::none) ++spoilt;
    }
  }

  CHECK(longest == 2);
  CHECK(spoilt > 2'500);
  CHECK(spoilt < 3'100);
  CHECK(differs > 1'000);
}
