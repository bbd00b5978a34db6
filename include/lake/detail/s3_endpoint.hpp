// Where a bucket is: what its URLs, the header Host and the region of signatures are; pure functions. Knows no connection.
// Format: RFC 3986 for the parts of a URL; "Virtual hosting of buckets" in the Amazon S3 user guide; Aliyun's "Access OSS using AWS SDKs".
#ifndef LAKE_DETAIL_S3_ENDPOINT_HPP
#define LAKE_DETAIL_S3_ENDPOINT_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/process_environment.hpp>
#include <lake/detail/sigv4.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A bucket's place. Immutable once made.
struct s3_endpoint {
  bool https = true;
  bool path_style = false;  ///< https://host/bucket/key, not https://bucket.host/key.
  bool is_aliyun = false;
  std::string host = {};      ///< With the bucket, unless `path_style`, and with a port that is not the scheme's: the header Host.
  std::string base_url = {};  ///< "https://" and the host. What `object_path` gives stands behind it.
  std::string bucket = {};
  std::string region = {};  ///< Of signatures.

  /// What the options and the environment (`AWS_REGION`, `AWS_DEFAULT_REGION`) name. `Environment` is as `process_environment`.
  /// Errors: configuration names the value and the rule it breaks; of an endpoint with credentials in it, not those.
  template <class Environment = process_environment>
  [[nodiscard]] static result<s3_endpoint> of(const s3_options& options, const Environment& environment = {});

  /// The path of a key as it is on the wire; of an empty key, that of the bucket.
  [[nodiscard]] std::string object_path(std::string_view key) const {
    std::string out;
    if (path_style) out.append(1, '/').append(bucket);
    if (!path_style || !key.empty()) out.append(1, '/').append(uri_encode(key, true));
    return out;
  }

  /// The URL of what `object_path` gives, with a query that is encoded already.
  [[nodiscard]] std::string object_url(std::string_view path, std::string_view query = {}) const {
    std::string out = base_url;
    out.append(path);
    if (!query.empty()) out.append(1, '?').append(query);
    return out;
  }
};

/// A host whose name tells the region: itself, or with a "*" in the place of what stands for one name, or for the region if none is given.
struct s3_host_rule {
  std::string_view host;
  std::string_view region = {};
};

/// The first that fits counts. Of one without "*" and region nothing is known: such a host serves all of them.
inline constexpr s3_host_rule s3_host_rules[] = {
    {"s3.amazonaws.com", "us-east-1"},
    {"s3-external-1.amazonaws.com", "us-east-1"},
    {"s3-accelerate.amazonaws.com"},
    {"s3.*.amazonaws.com"},
    {"s3-*.amazonaws.com"},
    {"s3.dualstack.*.amazonaws.com"},
    {"s3-fips.*.amazonaws.com"},
    {"s3.*.amazonaws.com.cn"},
    {"s3.oss-accelerate.aliyuncs.com"},
    {"s3.oss-accelerate-overseas.aliyuncs.com"},
    {"s3.oss-*-internal.aliyuncs.com"},
    {"s3.oss-*.aliyuncs.com"},
    {"*.r2.cloudflarestorage.com", "auto"},
    {"*.eu.r2.cloudflarestorage.com", "auto"},
    {"*.digitaloceanspaces.com"},
    {"s3.*.backblazeb2.com"},
    {"s3.wasabisys.com", "us-east-1"},
    {"s3.*.wasabisys.com"},
    {"s3.*.scw.cloud"},
    {"storage.googleapis.com", "auto"},
};

/// The region that a host's name tells; empty if it tells none.
[[nodiscard]] constexpr std::string_view s3_region_of(std::string_view host) noexcept {
  for (const s3_host_rule& rule : s3_host_rules) {
    const std::size_t star = rule.host.find('*');
    if (star == std::string_view::npos) {
      if (host == rule.host) return rule.region;
      continue;
    }
    const std::string_view before = rule.host.substr(0, star);
    const std::string_view behind = rule.host.substr(star + 1);
    if (host.size() <= before.size() + behind.size() || !host.starts_with(before) || !host.ends_with(behind)) continue;
    const std::string_view part = host.substr(before.size(), host.size() - before.size() - behind.size());
    if (part.find('.') == std::string_view::npos) return rule.region.empty() ? part : rule.region;
  }
  return {};
}

/// The endpoint for messages: what may hold a secret is `***`, also where the text is no good URL.
[[nodiscard]] inline std::string shown_endpoint(std::string_view text) {
  std::string out;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    out = scheme;
    text.remove_prefix(scheme.size());
    break;
  }
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    out += "***";
    text.remove_prefix(at);
  }
  const std::size_t query = (std::min)(text.find_first_of("?#"), text.size());
  out += text.substr(0, query);
  if (query < text.size()) out.append(1, text[query]).append("***");
  return out;
}

/// Finds one endpoint. Used once.
class s3_endpoint_finder {
 public:
  explicit s3_endpoint_finder(const s3_options& options) noexcept : options_(options) {}

  /// `region`: the one if neither options nor endpoint tell it.
  [[nodiscard]] result<s3_endpoint> find(std::string_view region) {
    if (result<void> good = check_bucket(); !good) return std::move(good).error();
    out_.region = options_.region.empty() ? region : options_.region;
    if (options_.endpoint.empty()) {
      host_ = "s3." + out_.region + (out_.region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
    } else if (result<void> taken = take_endpoint(options_.endpoint); !taken) {
      return std::move(taken).error();
    }
    if (result<void> chosen = choose_region(); !chosen) return std::move(chosen).error();
    if (result<void> chosen = choose_style(); !chosen) return std::move(chosen).error();
    out_.bucket = options_.bucket;
    out_.host = (out_.path_style ? std::string() : out_.bucket + '.') + host_ + port_;
    out_.base_url = (out_.https ? "https://" : "http://") + out_.host;
    return std::move(out_);
  }

 private:
  static constexpr std::string_view digits = "0123456789";
  static constexpr std::string_view label_letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  static constexpr std::string_view host_letters = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  static constexpr std::string_view region_letters = "abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  static constexpr std::string_view bucket_letters = "abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ._";

  [[nodiscard]] static bool consists_of(std::string_view text, std::string_view letters) noexcept {
    return text.find_first_not_of(letters) == std::string_view::npos;
  }
  [[nodiscard]] static lake::error refused(std::string_view what, std::string_view value, std::string_view rule) {
    return {errc::configuration, "s3." + std::string(what), std::string(value),
            "an S3 " + std::string(what) + " breaks a rule: " + std::string(rule)};
  }
  /// Names the rule and never a part of the text: of a misread one that may be a piece of a secret.
  [[nodiscard]] lake::error wrong(std::string_view rule) const { return refused("endpoint", shown_endpoint(options_.endpoint), rule); }

  /// What services name a bucket differs; this is what a path and the text to be signed bear.
  [[nodiscard]] result<void> check_bucket() const {
    const std::string_view name = options_.bucket;
    const bool good = !name.empty() && name.size() <= 255 && name != "." && name != ".." && consists_of(name, bucket_letters);
    if (good) return {};
    return refused("bucket", name, "it has 1 to 255 letters, digits, \".\", \"-\" and \"_\", and is neither \".\" nor \"..\"");
  }

  [[nodiscard]] result<void> take_endpoint(std::string_view text) {
    if (text.find('@') != std::string_view::npos) {
      return wrong("it holds no credentials: those are access_key and secret_key of the options, or stand in the environment");
    }
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) {
      if (text.starts_with("oss-") && consists_of(text, label_letters)) return take_host(std::string(text) + ".aliyuncs.com");
    } else {
      const std::string name = lower(text.substr(0, scheme));
      if (name != "https" && name != "http") return wrong("it begins with https:// or http://, or with the host");
      out_.https = name == "https";
      text.remove_prefix(scheme + 3);
    }
    if (text.find_first_of("?#") != std::string_view::npos) return wrong("it has no query and no fragment");
    if (text.ends_with('/')) text.remove_suffix(1);
    // Services differ in whether a path before the bucket is signed.
    if (text.find('/') != std::string_view::npos) return wrong("it has no path: the bucket is an option of its own, and so is the prefix");
    return take_authority(text);
  }

  [[nodiscard]] result<void> take_authority(std::string_view text) {
    const std::size_t close = text.starts_with('[') ? text.find(']') : 0;
    if (close == std::string_view::npos) return wrong("an IPv6 host ends with \"]\"");
    const std::size_t colon = (std::min)(text.find(':', close), text.size());
    if (colon < text.size()) {
      const std::optional<std::uint16_t> port = pure::parse_decimal<std::uint16_t>(text.substr(colon + 1));
      if (!port || *port == 0) return wrong("a port is a number from 1 to 65535");
      if (*port != (out_.https ? 443 : 80)) port_ = ':' + std::to_string(*port);
    }
    const std::string_view host = text.substr(0, colon);
    if (!host.starts_with('[')) return take_host(lower(host));
    if (!host.ends_with(']')) return wrong("behind an IPv6 host stands \":\" and a port, or nothing");
    return take_address(AF_INET6, std::string(host.substr(1, host.size() - 2)));
  }

  /// A host in lower case, without port.
  [[nodiscard]] result<void> take_host(std::string host) {
    const std::string_view last = std::string_view(host).substr(host.rfind('.') + 1);
    if (!last.empty() && (consists_of(last, digits) || last.starts_with("0x"))) return take_address(AF_INET, host);
    for (std::string_view rest = host;;) {
      const std::string_view label = rest.substr(0, rest.find('.'));
      if (label.empty() || label.size() > 63 || !consists_of(label, host_letters)) {
        return wrong("a host consists of names of 1 to 63 letters, digits, \"-\" and \"_\", with single dots between");
      }
      if (label.size() == rest.size()) break;
      rest.remove_prefix(label.size() + 1);
    }
    if (host.size() > 253) return wrong("a host has at most 253 bytes");
    out_.is_aliyun = host.ends_with(".aliyuncs.com");
    host_ = out_.is_aliyun && host.starts_with("oss-") ? "s3." + host : std::move(host);
    return {};
  }

  /// Writes an address as those do who send it in Host; a shortened one ("127.1") would be another text there than here.
  [[nodiscard]] result<void> take_address(int family, const std::string& text) {
    std::array<char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> written{};
    if (inet_pton(family, text.c_str(), bytes.data()) != 1 || text.find('\0') != std::string::npos ||
        inet_ntop(family, bytes.data(), written.data(), static_cast<socklen_t>(written.size())) == nullptr) {
      return wrong(family == AF_INET ? "an IPv4 address is four numbers from 0 to 255"
                                     : "in brackets stands an IPv6 address, without zone");
    }
    host_ = written.data();
    if (family == AF_INET6) host_ = '[' + host_ + ']';
    is_address_ = true;
    return {};
  }

  [[nodiscard]] result<void> choose_region() {
    std::string& region = out_.region;
    if (options_.region.empty()) {
      if (const std::string_view told = s3_region_of(host_); !told.empty()) region = told;
    } else if (out_.is_aliyun) {  // Its consoles also show what stands in host names; signatures want the bare region.
      if (region.starts_with("oss-")) region.erase(0, 4);
      if (region.ends_with("-internal")) region.resize(region.size() - 9);
    }
    if (!region.empty() && region.size() <= 63 && consists_of(region, region_letters)) return {};
    return refused("region", region, "it has 1 to 63 letters, digits and \"-\"");
  }

  /// A bucket can stand before the host if that is a name, and with TLS only in one piece: a certificate's "*" has no dots.
  [[nodiscard]] result<void> choose_style() {
    const std::string_view name = options_.bucket;
    const bool label =
        name.size() >= 3 && name.size() <= 63 && are_labels(name) && !(out_.https && name.find('.') != std::string_view::npos);
    out_.path_style = options_.path_style || is_address_ || !label;
    if (!out_.path_style || !out_.is_aliyun) return {};
    if (!label) return refused("bucket", name, "at Aliyun it has 3 to 63 lower-case letters, digits and \"-\", the latter within only");
    return wrong("Aliyun's have the bucket before the host: path_style cannot be had there");
  }

  [[nodiscard]] static bool are_labels(std::string_view names) noexcept {
    for (;;) {
      const std::string_view label = names.substr(0, names.find('.'));
      if (label.empty() || label.front() == '-' || label.back() == '-' || !consists_of(label, label_letters)) return false;
      if (label.size() == names.size()) return true;
      names.remove_prefix(label.size() + 1);
    }
  }

  [[nodiscard]] static std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
  }

  const s3_options& options_;
  s3_endpoint out_;
  bool is_address_ = false;
  std::string host_;  ///< Of the service.
  std::string port_;  ///< With its colon.
};

template <class Environment>
result<s3_endpoint> s3_endpoint::of(const s3_options& options, const Environment& environment) {
  std::string region = environment.variable("AWS_REGION");
  if (region.empty()) region = environment.variable("AWS_DEFAULT_REGION");
  return s3_endpoint_finder(options).find(region.empty() ? "us-east-1" : region);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_ENDPOINT_HPP
