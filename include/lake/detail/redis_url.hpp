// URLs of Redis servers, taken apart and checked; a pure function. Knows no connection.
// Format: RFC 3986 for the parts; schemes redis and rediss as registered with IANA; unix, redis+cluster and redis+sentinel are defined here.
//
// | form                                                              | what it names                                   |
// |-------------------------------------------------------------------|-------------------------------------------------|
// | `redis://[user[:password]@]host[:port][/db]`                      | one server; `rediss` for TLS                    |
// | `unix://[user:password@]/path[?db=N]`                             | one server's local socket                       |
// | `redis+cluster://[user:password@]host[:port][,host[:port]…]`      | a cluster, by some of its nodes                 |
// | `redis+sentinel://[user:password@]host[:port][,…]/master[/db]`    | what the sentinels there call `master`          |
#ifndef LAKE_DETAIL_REDIS_URL_HPP
#define LAKE_DETAIL_REDIS_URL_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/secret.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/percent.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// What a URL names.
enum class redis_scheme : std::uint8_t { server, socket, cluster, sentinel };

/// Where a server listens: a host and port, or the path of a local socket.
struct redis_address {
  std::string host = {};
  std::uint16_t port = 0;
  std::string path = {};  ///< Not empty: a local socket; host and port mean nothing.

  /// "host:port", an IPv6 host in brackets; or the path. Holds no credentials.
  [[nodiscard]] std::string to_string() const {
    if (!path.empty()) return path;
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
  }
  friend bool operator==(const redis_address&, const redis_address&) = default;
};

/// A URL taken apart. The password is wiped at the end.
struct redis_url {
  redis_url() = default;
  redis_url(const redis_url&) = default;
  redis_url(redis_url&&) = default;
  redis_url& operator=(const redis_url&) = default;
  redis_url& operator=(redis_url&&) = default;
  ~redis_url() { wipe(password); }

  redis_scheme scheme = redis_scheme::server;
  bool tls = false;
  std::vector<redis_address> nodes = {};  ///< One, or the seeds of a cluster, or the sentinels.
  std::string user = {};
  std::string password = {};
  std::uint32_t db = 0;
  std::string master = {};  ///< Of a sentinel URL.
};

/// The URL for messages: what may hold a password is `***`. Everything up to the last "@" is taken for that, also where the URL is
/// wrong: a password with a bare "/" or "?" in it must not show either.
[[nodiscard]] inline std::string without_credentials(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t at = url.rfind('@');
  std::string out(url.substr(0, begin));
  if (at != std::string_view::npos && at >= begin) {
    out += "***";
    url.remove_prefix(at);
  } else {
    url.remove_prefix(begin);
  }
  const std::size_t query = url.find('?');  // Other clients take a password there.
  out += url.substr(0, query);
  if (query != std::string_view::npos) out += url.substr(query).starts_with("?db=") ? url.substr(query) : "?***";
  return out;
}

/// Takes one URL apart. Used once.
class redis_url_parser {
 public:
  explicit redis_url_parser(std::string_view url) noexcept : url_(url) {}

  [[nodiscard]] result<redis_url> parse() {
    const result<std::string_view> rest = take_scheme();
    if (!rest) return rest.error();
    const std::size_t end = (std::min)(rest->find_first_of("/?"), rest->size());
    std::string_view authority = rest->substr(0, end);
    std::string_view path = rest->substr(end);
    if (out_.scheme != redis_scheme::socket && path.find('@') != std::string_view::npos) {
      return wrong("\"/\", \"?\" and \"@\" in a user or password are written %2F, %3F and %40");
    }
    if (path.find('#') != std::string_view::npos) return wrong("it has no fragment (\"#\")");
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
      if (result<void> taken = take_credentials(authority.substr(0, at)); !taken) return std::move(taken).error();
      authority.remove_prefix(at + 1);
    }
    if (result<void> taken = take_places(authority); !taken) return std::move(taken).error();
    if (result<void> taken = take_path(path); !taken) return std::move(taken).error();
    return std::move(out_);
  }

 private:
  /// Names the rule and never a part of the URL: a misread URL may show a piece of the password as a host.
  [[nodiscard]] lake::error wrong(std::string_view rule) const {
    return lake::error{errc::configuration, "redis.url", without_credentials(url_), "a Redis URL breaks a rule: " + std::string(rule)};
  }

  [[nodiscard]] result<std::string_view> take_scheme() {
    struct known {
      std::string_view prefix;
      redis_scheme scheme;
      bool tls;
    };
    constexpr known all[] = {{"redis://", redis_scheme::server, false},
                             {"rediss://", redis_scheme::server, true},
                             {"unix://", redis_scheme::socket, false},
                             {"redis+cluster://", redis_scheme::cluster, false},
                             {"redis+sentinel://", redis_scheme::sentinel, false}};
    for (const known& one : all) {
      if (!url_.starts_with(one.prefix)) continue;
      out_.scheme = one.scheme;
      out_.tls = one.tls;
      return url_.substr(one.prefix.size());
    }
    return wrong("it begins with redis://, rediss://, unix://, redis+cluster:// or redis+sentinel://");
  }

  [[nodiscard]] result<void> take_credentials(std::string_view stated) {
    const std::size_t colon = stated.find(':');
    if (colon == std::string_view::npos) return wrong("before \"@\" stands user:password or :password");
    std::optional<std::string> user = pure::percent_decode(stated.substr(0, colon));
    std::optional<std::string> password = pure::percent_decode(stated.substr(colon + 1));
    if (!user || !password) return wrong("\"%\" in a user or password is followed by two hex digits (\"%\" itself is %25)");
    out_.user = std::move(*user);
    out_.password = std::move(*password);
    if (!out_.user.empty() && out_.password.empty()) return wrong("a user comes with a password");
    return {};
  }

  [[nodiscard]] result<void> take_places(std::string_view authority) {
    if (out_.scheme == redis_scheme::socket) {
      if (!authority.empty()) return wrong("the path of a unix:// URL is absolute: unix:///path, or unix://user:password@/path");
      return {};
    }
    const bool many = out_.scheme != redis_scheme::server;
    for (;;) {
      const std::size_t comma = many ? authority.find(',') : std::string_view::npos;
      if (result<void> taken = take_place(authority.substr(0, comma)); !taken) return taken;
      if (comma == std::string_view::npos) return {};
      authority.remove_prefix(comma + 1);
    }
  }

  [[nodiscard]] result<void> take_place(std::string_view place) {
    redis_address address;
    address.port = out_.scheme == redis_scheme::sentinel ? 26379 : 6379;
    if (place.starts_with('[')) {
      const std::size_t close = place.find(']');
      if (close == std::string_view::npos) return wrong("an IPv6 host ends with \"]\"");
      address.host = place.substr(1, close - 1);
      if (address.host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos || address.host.find(':') == std::string::npos) {
        return wrong("in brackets stands an IPv6 address");
      }
      place.remove_prefix(close + 1);
    } else {
      address.host = place.substr(0, place.find(':'));
      place.remove_prefix(address.host.size());
      if (address.host.empty()) return wrong("a host stands before the port");
      const auto usual = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
      };
      if (!std::all_of(address.host.begin(), address.host.end(), usual))
        return wrong("a host has letters, digits, \"-\", \"_\" and \".\" only");
    }
    if (!place.empty()) {
      const std::optional<std::uint16_t> port = place.starts_with(':') ? pure::parse_decimal<std::uint16_t>(place.substr(1)) : std::nullopt;
      if (!port || *port == 0) return wrong("a port is a number from 1 to 65535 (an IPv6 host stands in brackets)");
      address.port = *port;
    }
    out_.nodes.push_back(std::move(address));
    return {};
  }

  [[nodiscard]] result<void> take_path(std::string_view path) {
    const std::size_t mark = (std::min)(path.find('?'), path.size());
    const std::string_view query = path.substr(mark);
    path = path.substr(0, mark);
    switch (out_.scheme) {
      case redis_scheme::server: break;
      case redis_scheme::socket: return take_socket(path, query);
      case redis_scheme::cluster:
        if (path != "" && path != "/" && path != "/0") return wrong("a cluster has database 0 only");
        path = {};
        break;
      case redis_scheme::sentinel: {
        if (!path.empty()) path.remove_prefix(1);
        const std::size_t slash = (std::min)(path.find('/'), path.size());
        std::optional<std::string> master = pure::percent_decode(path.substr(0, slash));
        if (!master || master->empty()) return wrong("after the sentinels stands the master's name: redis+sentinel://host:port/master");
        out_.master = std::move(*master);
        path.remove_prefix(slash);
        break;
      }
    }
    if (!query.empty()) return wrong("it has no query (\"?\"); the database stands in the path, as in redis://host:port/2");
    if (path.starts_with('/')) path.remove_prefix(1);
    return path.empty() ? result<void>{} : take_database(path);
  }

  [[nodiscard]] result<void> take_socket(std::string_view path, std::string_view query) {
    std::optional<std::string> decoded = pure::percent_decode(path);
    if (!decoded || decoded->size() < 2) return wrong("the path of a unix:// URL is absolute: unix:///path");
    if (decoded->size() > 107 || decoded->find('\0') != std::string::npos)
      return wrong("the path of a local socket has at most 107 bytes, none of them zero");
    out_.nodes.push_back(redis_address{{}, 0, std::move(*decoded)});
    if (query.empty()) return {};
    constexpr std::string_view name = "?db=";
    if (!query.starts_with(name)) return wrong("its query is ?db=N or absent");
    return take_database(query.substr(name.size()));
  }

  [[nodiscard]] result<void> take_database(std::string_view digits) {
    const std::optional<std::uint32_t> db = pure::parse_decimal<std::uint32_t>(digits);
    if (!db || *db > 0x7fffffffU) return wrong("a database is a number, 0 or more");
    out_.db = *db;
    return {};
  }

  std::string_view url_;
  redis_url out_;
};

/// The parts of `url`. Errors: configuration names the broken rule, and the URL without what may be a password.
[[nodiscard]] inline result<redis_url> parse_redis_url(std::string_view url) { return redis_url_parser(url).parse(); }

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_URL_HPP
