// One HTTP exchange on a libcurl handle: what is refused before it is sent, how it is set up, how the answer is taken, and what libcurl's
// verdict means. Knows no connection pool and no service. Syntax of header fields: RFC 9110 section 5.
#ifndef LAKE_DETAIL_CURL_EXCHANGE_HPP
#define LAKE_DETAIL_CURL_EXCHANGE_HPP

#include <lake/config.hpp>
#include <lake/detail/curl_handle.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/secret.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/version.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// How a transport connects, and the bounds of its patience and of what it takes in.
struct curl_transport_options {
  std::size_t connections = 64;                      ///< At most so many exchanges at once; who comes later waits.
  std::chrono::milliseconds connect_timeout{5'000};  ///< For one connection: name, network, TLS; 0: libcurl's.
  std::size_t low_speed_bytes = 1;                   ///< An exchange that moves fewer bytes a second than this …
  std::chrono::seconds low_speed_time{20};           ///< … for so long has timed out, also while it waits for the answer; 0: never.
  std::string ca_file = {};  ///< The only ones trusted to sign a server's certificate (PEM); empty: the system's list.
  std::string user_agent = "lake/" LAKE_VERSION_STRING;
  std::uint64_t max_body_bytes = std::uint64_t{5} << 30U;  ///< A larger body of a success is refused; a sink has no such bound.
};

inline constexpr std::size_t http_max_header_bytes = std::size_t{64} << 10U;      ///< Of one answer, with interim ones and trailers.
inline constexpr std::size_t http_max_error_bytes = std::size_t{1} << 20U;        ///< Kept of the body of an answer that is no success …
inline constexpr std::size_t http_max_sink_error_bytes = std::size_t{64} << 10U;  ///< … and if there is a sink.
inline constexpr std::size_t http_max_reserved_bytes = std::size_t{64} << 20U;    ///< Believed of a Content-Length before bytes come.

[[nodiscard]] constexpr char http_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] constexpr bool http_same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return http_lower(x) == http_lower(y); });
}

/// Where `url` names its server: the text between "://" and the path.
[[nodiscard]] constexpr std::string_view http_authority(std::string_view url) noexcept {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  url.remove_prefix(begin + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

/// Whether the server is this machine under one of its names for itself, which no proxy of another machine can mean.
[[nodiscard]] constexpr bool http_is_loopback(std::string_view authority) noexcept {
  if (authority.starts_with('[')) return authority.starts_with("[::1]");
  const std::string_view host = authority.substr(0, authority.find(':'));
  return (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos) ||
         http_same_name(host, "localhost") || (host.size() > 10 && http_same_name(host.substr(host.size() - 10), ".localhost"));
}

[[nodiscard]] constexpr bool http_good_value(std::string_view value) noexcept {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f'; });
}

/// Why this cannot be sent as it is: a rule, never a part of the request; empty if it can. A line break in a header or URL would let whoever
/// chose it write further headers or a second request; what frames the body is the transport's own affair.
[[nodiscard]] inline std::string_view http_unusable(const http_request& request) {
  const auto is_token = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  const auto all_token = [&](std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token); };
  if (!all_token(request.method)) return "a method is a word";
  const std::string_view url = request.url;
  if (!url.starts_with("http://") && !url.starts_with("https://")) return "a URL begins with http:// or https://";
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c >= '\x7f'; })) {
    return "a URL is encoded: visible ASCII only";  // char is signed or not: both ends are tested
  }
  if (url.find('#') != std::string_view::npos) return "a URL that is sent has no fragment";
  const std::string_view authority = http_authority(url);
  if (authority.empty() || authority.find('@') != std::string_view::npos) return "a URL names a server, and no user";
  if (request.headers == nullptr) return {};
  for (const http_field& each : *request.headers) {
    if (!all_token(each.name)) return "the name of a header is a word";
    if (!http_good_value(each.value)) return "the value of a header has no line break or other control character";
    for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Expect"}) {
      if (http_same_name(each.name, own)) return "Content-Length, Transfer-Encoding and Expect are set by the transport";
    }
  }
  return {};
}

/// What a text of libcurl may say in a `reason`: URLs hold signatures, and what else a server chose has no place there.
[[nodiscard]] inline std::string http_reason(CURLcode code, std::string_view detailed) {
  const bool plain = std::none_of(detailed.begin(), detailed.end(), [](char c) { return c < ' ' || c == '?' || c == '\x7f'; });
  if (!detailed.empty() && plain && detailed.find("://") == std::string_view::npos) return std::string(detailed);
  return curl_easy_strerror(code);
}

/// What libcurl's verdict means. `sent`: a byte of the request may have left.
[[nodiscard]] constexpr http_failure http_failure_of(CURLcode code, bool sent) noexcept {
  switch (code) {
    case CURLE_OK: return http_failure::none;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CIPHER: return sent ? http_failure::lost : http_failure::unusable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS: return http_failure::untrusted;  // Certificates come first; what was sent until then was for a proxy.
    case CURLE_OPERATION_TIMEDOUT: return sent ? http_failure::timed_out : http_failure::not_sent;
    default: return sent ? http_failure::lost : http_failure::not_sent;
  }
}

/// One exchange, from set-up to answer. Confined; cannot move, because libcurl keeps its address until the handle is reset.
class curl_exchange {
 public:
  curl_exchange(curl_easy& easy, const http_request& request, const curl_transport_options& options) noexcept
      : easy_(easy), request_(request), options_(options) {}
  curl_exchange(const curl_exchange&) = delete;
  curl_exchange& operator=(const curl_exchange&) = delete;
  /// The handle keeps no pointer to the request. URLs hold signatures; libcurl's own copies are beyond reach.
  ~curl_exchange() {
    easy_.reset();
    wipe(url_);
  }

  /// Sets the handle up; false if libcurl refuses. `left`: for the whole exchange, 0: no bound.
  [[nodiscard]] bool prepare(std::chrono::milliseconds left) {
    return set_headers() && set_request() && set_callbacks() && set_connection(left);
  }

  /// What came of it, once libcurl has ended the transfer with `code`.
  [[nodiscard]] http_answer finish(CURLcode code) {
    answer_.status = static_cast<int>(easy_.info<long>(CURLINFO_RESPONSE_CODE));
    switch (end_) {
      case ending::by_libcurl: break;
      case ending::error_body_full: return std::move(answer_);
      case ending::sink_refused: return with_head(http_failure::sink_refused, "the sink takes no more");
      case ending::body_too_large: return with_head(http_failure::sink_refused, "the body is larger than the bound");
      case ending::headers_too_large: return {http_failure::lost, "the headers of the answer are larger than 64 KiB", 0, {}, {}};
      case ending::not_sent_twice: return {http_failure::lost, "the connection ended before the answer began", 0, {}, {}};
    }
    if (code == CURLE_OK) {
      if (stage_ != stage::after_head) return {http_failure::lost, "the answer has no head", 0, {}, {}};
      if (!whole_body()) return with_head(http_failure::lost, "the body has not the length that the answer states");
      return std::move(answer_);
    }
    return with_head(http_failure_of(code, may_have_left()), http_reason(code, error_));
  }

 private:
  /// Who ended the transfer, and why.
  enum class ending : std::uint8_t { by_libcurl, error_body_full, sink_refused, body_too_large, headers_too_large, not_sent_twice };
  enum class stage : std::uint8_t { before_head, in_head, after_head };

  /// Both signs must say no: which of them a version of libcurl sets first is not documented.
  [[nodiscard]] bool may_have_left() const noexcept {
    return easy_.info<long>(CURLINFO_REQUEST_SIZE) > 0 || easy_.info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) > 0;
  }
  /// libcurl reads on to the end of the connection where a Content-Length is no number it can hold; here that is no body.
  [[nodiscard]] bool whole_body() const noexcept {
    const std::string_view stated = answer_.header("content-length");
    const bool unframed = stated.empty() || !answer_.header("transfer-encoding").empty();
    if (unframed || method_ == "HEAD" || answer_.status == 204 || answer_.status == 304) return true;
    return pure::parse_decimal<std::uint64_t>(stated) == received_;
  }
  [[nodiscard]] http_answer with_head(http_failure failure, std::string reason) {
    return {failure, std::move(reason), answer_.status, std::move(answer_.headers), {}};
  }
  /// A second request is no harm where nothing is changed.
  [[nodiscard]] bool only_reads() const noexcept { return request_.method == "GET" || request_.method == "HEAD"; }
  [[nodiscard]] bool uploads() const noexcept { return request_.method == "PUT" || request_.method == "POST" || !request_.body.empty(); }

  [[nodiscard]] bool set_headers() {
    std::string line;
    const http_fields none;
    const http_fields& given = request_.headers != nullptr ? *request_.headers : none;
    for (const http_field& each : given) {
      const bool blank = each.value.find_first_not_of(" \t") == std::string::npos;
      line.assign(each.name).append(blank ? ";" : ": ");  // libcurl takes "Name:" as "leave it out", "Name;" as a header without value
      if (!blank) line += each.value;
      const bool added = lines_.add(line.c_str());
      wipe(line);
      if (!added) return false;
    }
    const auto leave_out = [&](std::string_view name, const char* as_line) {
      return std::any_of(given.begin(), given.end(), [&](const http_field& each) { return http_same_name(each.name, name); }) ||
             lines_.add(as_line);
    };
    return leave_out("Accept", "Accept:") && leave_out("Content-Type", "Content-Type:") && lines_.add("Expect:");
  }

  /// A body goes as that of a POST does, whatever the method: libcurl takes it where it is, and rewinds it by itself; a small one leaves
  /// in one piece with the head.
  [[nodiscard]] bool set_request() {
    url_ = request_.url;
    method_ = request_.method;
    bool good = easy_.set(CURLOPT_URL, url_.c_str()) && easy_.set(CURLOPT_PATH_AS_IS, 1L) && easy_.set(CURLOPT_HTTPHEADER, lines_.get()) &&
                easy_.set(CURLOPT_USERAGENT, options_.user_agent.c_str()) && easy_.set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    if (uploads()) {
      good = good && easy_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size())) &&
             easy_.set(CURLOPT_POSTFIELDS, request_.body.empty() ? "" : request_.body.data());
      constexpr std::size_t small_bytes = std::size_t{64} << 10U;
      if (request_.body.size() > small_bytes) easy_.set(CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10U);  // Faster; no matter if refused.
    }
    if (method_ == "HEAD") return good && easy_.set(CURLOPT_NOBODY, 1L);
    const bool known = method_ == (uploads() ? "POST" : "GET");
    return good && (known || easy_.set(CURLOPT_CUSTOMREQUEST, method_.c_str()));
  }

  [[nodiscard]] bool set_callbacks() {
    return easy_.set(CURLOPT_HEADERFUNCTION, &curl_exchange::on_header) && easy_.set(CURLOPT_HEADERDATA, this) &&
           easy_.set(CURLOPT_WRITEFUNCTION, &curl_exchange::on_body) && easy_.set(CURLOPT_WRITEDATA, this) &&
           easy_.set(CURLOPT_SOCKOPTFUNCTION, &curl_exchange::on_socket) && easy_.set(CURLOPT_SOCKOPTDATA, this) &&
           easy_.set(CURLOPT_ERRORBUFFER, error_);
  }

  /// The scheme was looked at, and no redirect is followed: no other protocol can come up. Proxies are those of the environment
  /// (http_proxy, https_proxy, no_proxy), but for this machine's own names.
  [[nodiscard]] bool set_connection(std::chrono::milliseconds left) {
    const auto as_long = [](auto count) {
      return static_cast<long>((std::min)(static_cast<std::uint64_t>(count), std::uint64_t{0x7fffffff}));
    };
    bool good = easy_.set(CURLOPT_NOSIGNAL, 1L) && easy_.set(CURLOPT_TCP_NODELAY, 1L) && easy_.set(CURLOPT_TCP_KEEPALIVE, 1L) &&
                easy_.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
                easy_.set(CURLOPT_CONNECTTIMEOUT_MS, as_long(options_.connect_timeout.count())) &&
                easy_.set(CURLOPT_TIMEOUT_MS, as_long(left.count())) &&
                easy_.set(CURLOPT_LOW_SPEED_LIMIT, as_long(options_.low_speed_bytes)) &&
                easy_.set(CURLOPT_LOW_SPEED_TIME, as_long(options_.low_speed_time.count())) &&
                (!http_is_loopback(http_authority(url_)) || easy_.set(CURLOPT_PROXY, ""));
    if (url_.starts_with("https")) {
      good = good && easy_.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) && easy_.set(CURLOPT_SSL_VERIFYPEER, 1L) &&
             easy_.set(CURLOPT_SSL_VERIFYHOST, 2L);
      if (!options_.ca_file.empty()) {
        good = good && easy_.set(CURLOPT_CAINFO, options_.ca_file.c_str());
        easy_.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // Else the system's folder counts too; refused where there is none.
      }
      easy_.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));  // A libcurl without HTTP/2 refuses, and speaks 1.1.
    }
    easy_.set(CURLOPT_BUFFERSIZE, 128L << 10U);  // Refused while a buffer of an exchange that failed early is still there.
#if LIBCURL_VERSION_NUM >= 0x075700
    easy_.set(CURLOPT_QUICK_EXIT, 1L);  // Who gives up does not wait for the system's resolver.
#endif
    return good;
  }

  /// Takes a line of the head. One head follows another where interim answers (1xx) come first; only the last one counts.
  [[nodiscard]] bool take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > http_max_header_bytes) return end_ = ending::headers_too_large, false;
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (stage_ == stage::before_head) {
      answer_.headers.clear();
      answer_.headers.reserve(16);
      stage_ = stage::in_head;
    } else if (stage_ == stage::in_head && line.empty()) {
      answer_.status = static_cast<int>(easy_.info<long>(CURLINFO_RESPONSE_CODE));
      stage_ = answer_.status < 200 ? stage::before_head : stage::after_head;
    } else if (stage_ == stage::in_head) {
      add_header(line);
    }
    return true;  // After the head come trailers, which nobody wants.
  }

  void add_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || line.find_first_of(" \t") < colon) return;
    http_field& field = answer_.headers.emplace_back();
    field.name.resize(colon);
    std::transform(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), field.name.begin(), http_lower);
    line.remove_prefix(colon + 1);
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin != std::string_view::npos) field.value = line.substr(begin, line.find_last_not_of(" \t") + 1 - begin);
  }

  [[nodiscard]] bool take_body(std::string_view bytes) {
    received_ += bytes.size();
    const bool success = answer_.succeeded() && (request_.sink_from == 0 || answer_.begins_at(request_.sink_from));
    if (success && request_.sink) {
      if (request_.sink(bytes)) return true;
      return end_ = ending::sink_refused, false;
    }
    const std::uint64_t bound = success ? options_.max_body_bytes : request_.sink ? http_max_sink_error_bytes : http_max_error_bytes;
    if (answer_.body.empty()) {
      const auto stated = static_cast<std::uint64_t>((std::max)(easy_.info<curl_off_t>(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T), curl_off_t{0}));
      if (success && stated > bound) return end_ = ending::body_too_large, false;
      answer_.body.reserve(static_cast<std::size_t>((std::min)({stated, bound, std::uint64_t{http_max_reserved_bytes}})));
    }
    const std::uint64_t room = bound - answer_.body.size();
    answer_.body.append(bytes.substr(0, static_cast<std::size_t>((std::min)(room, std::uint64_t{bytes.size()}))));
    if (bytes.size() <= room) return true;
    return end_ = success ? ending::body_too_large : ending::error_body_full, false;
  }

  // libcurl's side, in C: an exception (no memory) cannot pass through it, so it ends the program here.
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
    return static_cast<curl_exchange*>(self)->take_header({bytes, size * count}) ? size * count : 0;
  }
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept {
    return static_cast<curl_exchange*>(self)->take_body({bytes, size * count}) ? size * count : 0;
  }
  /// A new connection. libcurl sends a request again by itself if a connection that it kept ends without an answer; the server may have
  /// done what was asked by then, and whoever asked must know: so what may change something is sent once.
  static int on_socket(void* self, curl_socket_t, curlsocktype) noexcept {
    auto& mine = *static_cast<curl_exchange*>(self);
    if (mine.only_reads() || mine.easy_.info<long>(CURLINFO_REQUEST_SIZE) == 0) return CURL_SOCKOPT_OK;
    mine.end_ = ending::not_sent_twice;
    return CURL_SOCKOPT_ERROR;
  }

  curl_easy& easy_;
  const http_request& request_;
  const curl_transport_options& options_;
  curl_lines lines_;
  std::string url_;
  std::string method_;
  http_answer answer_;
  std::uint64_t received_ = 0;
  std::size_t header_bytes_ = 0;
  stage stage_ = stage::before_head;
  ending end_ = ending::by_libcurl;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_CURL_EXCHANGE_HPP
