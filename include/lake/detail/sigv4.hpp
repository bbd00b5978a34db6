// AWS Signature Version 4 of a request, in its headers or in its query; pure functions, for time is an argument. Knows no connection.
// Format: "AWS Signature Version 4" in the Amazon S3 API reference: the path is signed as it is on the wire, encoded once, not normalised.
#ifndef LAKE_DETAIL_SIGV4_HPP
#define LAKE_DETAIL_SIGV4_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/openssl_digest.hpp>
#include <lake/detail/secret.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/percent.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

inline constexpr std::string_view sigv4_algorithm = "AWS4-HMAC-SHA256";
/// The longest life of a presigned query.
inline constexpr std::chrono::seconds sigv4_longest_expiry{7 * 24 * 3600};

/// What is signed. Views and pointers valid for the call.
struct sigv4_request {
  std::string_view method;
  std::string_view path;                 ///< Encoded, exactly as on the wire.
  const http_fields* query = nullptr;    ///< Neither encoded nor sorted.
  const http_fields* headers = nullptr;  ///< All are signed, in any order and case; Host must be among them.
  std::string_view payload_hash;         ///< Of the body, 64 hex digits, or a word that S3 knows: UNSIGNED-PAYLOAD.
};

/// Where a signature counts: "us-east-1", "s3".
struct sigv4_scope {
  std::string_view region;
  std::string_view service;
};

/// The bytes as they stand in a signed path or query: all but `A-Za-z0-9-._~`, and "/" if `keep_slash`, as `%` and two digits.
[[nodiscard]] inline std::string uri_encode(std::string_view bytes, bool keep_slash) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  pure::append_percent(out, bytes, [keep_slash](char c) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return !(alphanumeric || c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash));
  });
  return out;
}

/// The query as it is signed and as it goes on the wire: encoded, then sorted by name and value. Every name has a "=".
[[nodiscard]] inline std::string canonical_query(const http_fields& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const http_field& each : query) encoded.emplace_back(uri_encode(each.name, false), uri_encode(each.value, false));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append(1, '=').append(value);
  }
  return out;
}

/// The time as services want it in `x-amz-date`: "20260102T030405Z". Its first eight digits are the date of the scope.
[[nodiscard]] inline std::string sigv4_date(std::chrono::system_clock::time_point when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(when) - day);
  std::string out;
  const auto digits = [&out](auto number, std::size_t width) {
    const std::size_t begin = out.size();
    pure::append_decimal(out, number);
    if (const std::size_t size = out.size() - begin; size < width) out.insert(begin, width - size, '0');
  };
  digits(static_cast<int>(date.year()), 4);
  digits(static_cast<unsigned>(date.month()), 2);
  digits(static_cast<unsigned>(date.day()), 2);
  out += 'T';
  digits(time.hours().count(), 2);
  digits(time.minutes().count(), 2);
  digits(time.seconds().count(), 2);
  out += 'Z';
  return out;
}

/// The headers as they are signed.
struct canonical_headers {
  std::string lines = {};  ///< "name:value\n" each, by name.
  std::string names = {};  ///< "host;x-amz-date"
};

/// Appends a header's value without the blanks around it, runs of blanks within it as one. False if it holds a control byte: that would
/// be another header to the one who reads it, and another line here.
[[nodiscard]] inline bool append_header_value(std::string& out, std::string_view value) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const std::size_t begin = out.size();
  for (auto at = value.begin();;) {
    at = std::find_if_not(at, value.end(), is_blank);
    if (at == value.end()) return true;
    const auto end = std::find_if(at, value.end(), is_blank);
    if (std::any_of(at, end, is_control)) return false;
    if (out.size() > begin) out += ' ';
    out.append(at, end);
    at = end;
  }
}

/// The headers by name, in lower case; values of the same name joined with "," in their order.
/// Errors: invalid_argument names a header with a control byte, never its value.
[[nodiscard]] inline result<canonical_headers> canonicalise(const http_fields& headers) {
  std::vector<std::pair<std::string, std::string_view>> sorted;
  sorted.reserve(headers.size());
  std::size_t size = 0;  // Exactly enough: a string that grows leaves its old storage behind, with a token in it maybe.
  for (const http_field& each : headers) {
    size += each.name.size() + each.value.size() + 2;
    std::string& name = sorted.emplace_back(each.name, each.value).first;
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  canonical_headers out;
  out.lines.reserve(size);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto& [name, value] = sorted[i];
    if (i > 0 && sorted[i - 1].first == name) {
      out.lines.back() = ',';
    } else {
      if (!out.names.empty()) out.names += ';';
      out.names += name;
      out.lines.append(name).append(1, ':');
    }
    if (!append_header_value(out.lines, value)) {
      wipe(out.lines);
      return lake::error{errc::invalid_argument, "sign", {}, "the header " + in_quotes(name) + " holds a control byte"};
    }
    out.lines += '\n';
  }
  return out;
}

/// The first text of the algorithm. May hold a session token: to be wiped.
[[nodiscard]] inline std::string canonical_request(const sigv4_request& request, std::string_view query, const canonical_headers& headers) {
  std::string out;
  out.reserve(request.method.size() + request.path.size() + query.size() + headers.lines.size() + headers.names.size() +
              request.payload_hash.size() + 5);
  out.append(request.method).append(1, '\n').append(request.path).append(1, '\n').append(query).append(1, '\n');
  out.append(headers.lines).append(1, '\n').append(headers.names).append(1, '\n').append(request.payload_hash);
  return out;
}

/// "20260102/us-east-1/s3/aws4_request"
[[nodiscard]] inline std::string scope_text(std::string_view date, const sigv4_scope& scope) {
  std::string out(date.substr(0, 8));
  return out.append(1, '/').append(scope.region).append(1, '/').append(scope.service).append("/aws4_request");
}

/// The second text of the algorithm. `date` is what `sigv4_date` gives. Errors: io.
[[nodiscard]] inline result<std::string> string_to_sign(std::string_view date, const sigv4_scope& scope, std::string_view canonical) {
  const result<std::string> hash = sha256_hex(canonical);
  if (!hash) return hash.error();
  std::string out(sigv4_algorithm);
  return out.append(1, '\n').append(date).append(1, '\n').append(scope_text(date, scope)).append(1, '\n').append(*hash);
}

/// A key that signs for one day, region and service. Wiped when it goes.
struct sigv4_key {
  sigv4_key() = default;
  sigv4_key(const sigv4_key&) = default;
  sigv4_key& operator=(const sigv4_key&) = default;
  ~sigv4_key() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

  sha256_digest bytes{};
};

/// The key of a secret for the day (eight digits) and scope. Errors: io. Complexity: four HMACs.
[[nodiscard]] inline result<sigv4_key> make_sigv4_key(std::string_view secret, std::string_view day, const sigv4_scope& scope) {
  std::string first;
  first.reserve(4 + secret.size());
  first.append("AWS4").append(secret);
  std::span<const unsigned char> under(reinterpret_cast<const unsigned char*>(first.data()), first.size());
  sigv4_key key;
  std::optional<lake::error> refused;
  for (const std::string_view step : {day, scope.region, scope.service, std::string_view("aws4_request")}) {
    const result<sha256_digest> made = hmac_sha256(under, step);
    if (!made) {
      refused = made.error();
      break;
    }
    key.bytes = *made;
    under = key.bytes;
  }
  wipe(first);
  if (refused) return *std::move(refused);
  return key;
}

/// Keeps the last key made, so that signing takes one HMAC and not five. Thread-safe; wiped when it goes.
class sigv4_key_cache {
 public:
  sigv4_key_cache() = default;
  sigv4_key_cache(const sigv4_key_cache&) = delete;
  sigv4_key_cache& operator=(const sigv4_key_cache&) = delete;
  ~sigv4_key_cache() { wipe(secret_); }

  /// The key as `make_sigv4_key` gives it. Errors: io.
  [[nodiscard]] result<sigv4_key> get(std::string_view secret, std::string_view day, const sigv4_scope& scope) {
    const std::lock_guard lock(mutex_);
    if (!day_.empty() && day_ == day && same_secret(secret) && region_ == scope.region && service_ == scope.service) return key_;
    result<sigv4_key> made = make_sigv4_key(secret, day, scope);
    if (!made) return made;
    wipe(secret_);  // Before it is assigned to: that may leave the old storage behind.
    secret_ = secret;
    day_ = day;
    region_ = scope.region;
    service_ = scope.service;
    key_ = *made;
    return made;
  }

 private:
  [[nodiscard]] bool same_secret(std::string_view secret) const noexcept {
    return secret_.size() == secret.size() && CRYPTO_memcmp(secret_.data(), secret.data(), secret.size()) == 0;
  }

  std::mutex mutex_;
  std::string secret_;
  std::string day_;
  std::string region_;
  std::string service_;
  sigv4_key key_;
};

/// The signature, 64 hex digits, of a request whose query and headers are canonical. Errors: io.
[[nodiscard]] inline result<std::string> sigv4_signature(const sigv4_request& request, std::string_view query,
                                                         const canonical_headers& headers, std::string_view secret,
                                                         const sigv4_scope& scope, std::string_view date, sigv4_key_cache& keys) {
  std::string canonical = canonical_request(request, query, headers);
  const result<std::string> text = string_to_sign(date, scope, canonical);
  wipe(canonical);
  if (!text) return text.error();
  const result<sigv4_key> key = keys.get(secret, date.substr(0, 8), scope);
  if (!key) return key.error();
  const result<sha256_digest> signature = hmac_sha256(key->bytes, *text);
  if (!signature) return signature.error();
  return pure::hex(*signature);
}

/// The value of the header Authorization. `x-amz-date` (of the same `when`, see `sigv4_date`), `x-amz-content-sha256` and, of temporary
/// credentials, `x-amz-security-token` are among the request's headers already.
/// Errors: io; invalid_argument for a header that cannot be sent.
/// Complexity: 2 to 4 µs, more with a long session token: a hash of some hundred bytes, one HMAC, and as much again for the texts.
[[nodiscard]] inline result<std::string> sigv4_authorization(const sigv4_request& request, const s3_credentials& who,
                                                             const sigv4_scope& scope, std::chrono::system_clock::time_point when,
                                                             sigv4_key_cache& keys) {
  result<canonical_headers> headers = canonicalise(*request.headers);
  if (!headers) return std::move(headers).error();
  const std::string date = sigv4_date(when);
  const result<std::string> signature =
      sigv4_signature(request, canonical_query(*request.query), *headers, who.secret_key, scope, date, keys);
  wipe(headers->lines);
  if (!signature) return signature.error();
  std::string out(sigv4_algorithm);
  out.append(" Credential=").append(who.access_key).append(1, '/').append(scope_text(date, scope));
  out.append(", SignedHeaders=").append(headers->names).append(", Signature=").append(*signature);
  return out;
}

/// The whole query of a presigned URL: the request's own, what the signature is about, and the signature. Whoever sends the request sends
/// the request's headers with it. S3 wants UNSIGNED-PAYLOAD as the payload's hash.
/// Errors: io; invalid_argument for a life of less than a second or more than seven days, or a header that cannot be sent.
[[nodiscard]] inline result<std::string> sigv4_presigned_query(const sigv4_request& request, const s3_credentials& who,
                                                               const sigv4_scope& scope, std::chrono::system_clock::time_point when,
                                                               std::chrono::seconds expires, sigv4_key_cache& keys) {
  std::string life = std::to_string(expires.count());
  if (expires < std::chrono::seconds(1) || expires > sigv4_longest_expiry) {
    return lake::error{errc::invalid_argument, "presign", {}, "a signed URL lives 1 to 604800 seconds, not " + life};
  }
  const result<canonical_headers> headers = canonicalise(*request.headers);
  if (!headers) return headers.error();
  const std::string date = sigv4_date(when);
  http_fields fields = *request.query;
  fields.push_back({"X-Amz-Algorithm", std::string(sigv4_algorithm)});
  fields.push_back({"X-Amz-Credential", who.access_key + '/' + scope_text(date, scope)});
  fields.push_back({"X-Amz-Date", date});
  fields.push_back({"X-Amz-Expires", std::move(life)});
  fields.push_back({"X-Amz-SignedHeaders", headers->names});
  if (!who.session_token.empty()) fields.push_back({"X-Amz-Security-Token", who.session_token});
  std::string query = canonical_query(fields);
  const result<std::string> signature = sigv4_signature(request, query, *headers, who.secret_key, scope, date, keys);
  if (!signature) return signature.error();
  return std::move(query.append("&X-Amz-Signature=").append(*signature));
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_SIGV4_HPP
