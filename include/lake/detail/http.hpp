// One HTTP exchange as plain data: what is asked, what came back, and why nothing did. Knows no transport and no service.
#ifndef LAKE_DETAIL_HTTP_HPP
#define LAKE_DETAIL_HTTP_HPP

#include <lake/config.hpp>
#include <lake/pure/decimal.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stop_token>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A name and a value: a header (as sent, or as received with its name in lower case), or a query parameter (neither encoded).
struct http_field {
  std::string name;
  std::string value;
};
using http_fields = std::vector<http_field>;

/// Where the body of a success goes, in pieces: a reference to a callable that takes a `std::string_view` and says whether to go on.
/// Empty: the body is collected.
class http_sink {
 public:
  http_sink() = default;
  template <class Take>
  explicit http_sink(Take& take)
      : object_(&take), take_([](void* object, std::string_view bytes) -> bool { return (*static_cast<Take*>(object))(bytes); }) {}

  explicit operator bool() const noexcept { return take_ != nullptr; }
  [[nodiscard]] bool operator()(std::string_view bytes) const { return take_(object_, bytes); }

 private:
  void* object_ = nullptr;
  bool (*take_)(void*, std::string_view) = nullptr;
};

/// What is asked. Views valid for the exchange.
struct http_request {
  std::string_view method;   ///< "GET", "HEAD", "PUT", "POST", "DELETE".
  std::string_view url;      ///< Absolute, encoded: goes on the wire as it is.
  const http_fields* headers = nullptr;  ///< Sent exactly these, and what HTTP itself needs (Host, Content-Length).
  std::string_view body = {};            ///< Of PUT and POST; may be empty. Never copied.
  http_sink sink = {};                   ///< For the body of a 2xx answer.
  std::uint64_t sink_from = 0;           ///< Not 0: of a part of an object only that begins at this byte.
  std::chrono::milliseconds timeout{0};  ///< For the whole exchange; 0: none.
  std::stop_token stop = {};             ///< Ends the exchange at once.
};

/// Why there is no answer.
enum class http_failure : std::uint8_t {
  none,
  not_sent,     ///< The server was not reached (name, connection, TLS handshake): surely nothing happened there.
  lost,         ///< The connection broke in the midst of it: the server may have done what was asked.
  timed_out,    ///< The same, by a bound of time.
  cancelled,    ///< The stop token was set. The server may have done what was asked.
  sink_refused, ///< The sink said stop.
  untrusted,    ///< The server's certificate does not hold: trying again is no use.
  unusable,     ///< The request cannot be sent as it is (URL, protocol): trying again is no use.
};

/// What came of it. A body that was cut short is a failure (`lost`), never a short body.
struct http_answer {
  http_failure failure = http_failure::none;
  std::string reason = {};   ///< What the transport says of the failure; never a URL or a header.
  int status = 0;            ///< Of HTTP; with a failure, of as much of an answer as came; 0: none.
  http_fields headers = {};  ///< Names in lower case, in order; with a failure, those that came.
  std::string body = {};     ///< All of it, or of an answer that is no 2xx where there is a sink: the first 64 KiB.

  /// The first header of this name (lower case); empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    for (const http_field& each : headers) {
      if (each.name == name) return each.value;
    }
    return {};
  }
  /// Whether it is a part of an object that begins at this byte (RFC 9110 section 14.4).
  [[nodiscard]] bool begins_at(std::uint64_t offset) const {
    return status == 206 && header("content-range").starts_with("bytes " + std::to_string(offset) + "-");
  }
  [[nodiscard]] bool succeeded() const noexcept { return failure == http_failure::none && status >= 200 && status < 300; }
};

/// The size of the whole object, as an answer to a range says it: "bytes 0-9/20", "bytes */20".
[[nodiscard]] inline std::optional<std::uint64_t> whole_size(const http_answer& answer) {
  const std::string_view range = answer.header("content-range");
  const std::size_t slash = range.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return pure::parse_decimal<std::uint64_t>(range.substr(slash + 1));
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_HTTP_HPP
