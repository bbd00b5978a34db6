// What the tests of S3 share: the library's transport with a look at what passes through it, and a request that nobody signed. Tests only.
#ifndef LAKE_TESTS_S3_SUPPORT_HPP
#define LAKE_TESTS_S3_SUPPORT_HPP

#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/curl_transport.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/s3_open.hpp>
#include <lake/storage/s3.hpp>

#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/threads.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

/// The transport of the library, which counts what passes and, where a test wants it, meddles after the signing. Copies share; thread-safe.
class watched_transport {
 public:
  [[nodiscard]] static watched_transport open(const lake::s3_options& options) {
    return watched_transport(lake::detail::curl_transport::open(lake::detail::transport_options(options)).value());
  }

  /// From now on each request carries this header, which nobody signed.
  void add_header(lake::detail::http_field header) { notes_->added.push_back(std::move(header)); }
  /// From now on answers come without this header.
  void drop_from_answers(std::string name) { notes_->dropped = std::move(name); }

  [[nodiscard]] lake::detail::http_answer perform(const lake::detail::http_request& request) const {
    lake::detail::http_request sent = request;
    lake::detail::http_fields headers = *request.headers;
    headers.insert(headers.end(), notes_->added.begin(), notes_->added.end());
    sent.headers = &headers;
    begin(std::string(request.method));
    lake::detail::http_answer answer = inner_.perform(sent);
    end(answer.status);
    std::erase_if(answer.headers, [&](const auto& each) { return each.name == notes_->dropped; });
    return answer;
  }

  /// Requests so far.
  [[nodiscard]] std::size_t requests() const { return counted(notes_->methods); }
  [[nodiscard]] std::size_t requests(const std::string& method) const { return counted(notes_->methods, &method); }
  /// Answers so far with this status; 0: none came.
  [[nodiscard]] std::size_t answers(int status) const { return counted(notes_->statuses, &status); }
  /// The most requests that were under way at one moment.
  [[nodiscard]] std::size_t most_at_once() const {
    const std::lock_guard lock(notes_->mutex);
    return notes_->most;
  }

 private:
  struct notes {
    std::mutex mutex;
    std::map<std::string, std::size_t> methods;
    std::map<int, std::size_t> statuses;
    std::size_t now = 0;
    std::size_t most = 0;
    lake::detail::http_fields added;  // Set before the first request, as the next.
    std::string dropped;
  };

  explicit watched_transport(lake::detail::curl_transport inner) : inner_(std::move(inner)) {}

  void begin(const std::string& method) const {
    const std::lock_guard lock(notes_->mutex);
    ++notes_->methods[method];
    notes_->most = (std::max)(notes_->most, ++notes_->now);
  }
  void end(int status) const {
    const std::lock_guard lock(notes_->mutex);
    ++notes_->statuses[status];
    --notes_->now;
  }
  template <class Key>
  [[nodiscard]] std::size_t counted(const std::map<Key, std::size_t>& in, const Key* only = nullptr) const {
    const std::lock_guard lock(notes_->mutex);
    std::size_t sum = 0;
    for (const auto& [key, count] : in) sum += only == nullptr || key == *only ? count : 0;
    return sum;
  }

  lake::detail::curl_transport inner_;
  std::shared_ptr<notes> notes_ = std::make_shared<notes>();
};

/// The storage under test on that transport.
using watched_s3 = lake::basic_s3_storage<watched_transport>;

/// The seed of a random test: LAKE_SEED, "random" for a new one; printed, so that a run can be repeated.
inline std::uint64_t told_seed(const char* what) {
  const char* const set = std::getenv("LAKE_SEED");
  const std::string_view wanted = set == nullptr ? "" : set;
  const std::uint64_t seed = wanted == "random" ? std::random_device{}() : wanted.empty() ? 20'240'917 : std::strtoull(set, nullptr, 10);
  std::printf("%s: LAKE_SEED=%llu\n", what, static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

/// What came back for a request without a signature of its own: "http://127.0.0.1:<port>/…", as a presigned URL is.
struct plain_answer {
  int status = 0;
  std::string body = {};
};
inline plain_answer ask_plainly(std::string_view method, std::string_view url, std::string_view body = {}, std::string_view content_type = {}) {
  constexpr std::string_view server = "http://127.0.0.1:";
  REQUIRE(url.starts_with(server));
  url.remove_prefix(server.size());
  const std::string_view port_text = url.substr(0, url.find('/'));
  int port = 0;
  std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  std::string sent = std::string(method) + ' ' + std::string(url.substr(port_text.size())) + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                     std::string(port_text) + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (!content_type.empty()) sent.append("Content-Type: ").append(content_type).append("\r\n");
  sent.append("\r\n").append(body);

  const http_bell never;
  http_wire wire(http_wire::connect_to(port), never);
  http_message came;
  plain_answer answer;
  REQUIRE(wire.send(sent));
  REQUIRE(read_http_head(wire, came));
  std::from_chars(came.target.data(), came.target.data() + came.target.size(), answer.status);
  if (came.has("content-length")) CHECK(wire.take(stated_length(came), answer.body));
  else wire.take_all(answer.body);
  return answer;
}

}  // namespace lake_test

#endif  // LAKE_TESTS_S3_SUPPORT_HPP
