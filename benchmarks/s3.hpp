// The least that a program must do to store and fetch objects in an S3 service: bare libcurl, one handle with one connection, and requests
// that were signed before. No pool, no clock, no tries, and no look at an answer but for its status.
#ifndef BENCHMARKS_S3_HPP
#define BENCHMARKS_S3_HPP

#include <lake/core/s3_options.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/openssl_digest.hpp>
#include <lake/detail/s3_endpoint.hpp>
#include <lake/detail/s3_lineage.hpp>
#include <lake/detail/sigv4.hpp>
#include <lake/version.hpp>

#include <curl/curl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

/// A request as libcurl wants it. The service takes its signature for 15 minutes, as often as it comes.
struct bare_request {
  std::string url;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers{nullptr, curl_slist_free_all};
};

/// Signs as lake does, with the headers that lake sends. Confined.
class bare_signer {
 public:
  explicit bare_signer(const lake::s3_options& account)
      : endpoint_(lake::detail::s3_endpoint::of(account).value()), who_{.access_key = account.access_key, .secret_key = account.secret_key} {}

  [[nodiscard]] bare_request get(std::string_view key) { return sign("GET", key, {}, {}); }
  [[nodiscard]] bare_request put(std::string_view key, std::string_view body) { return sign("PUT", key, body, {token()}); }
  [[nodiscard]] bare_request create(std::string_view key, std::string_view body) {
    return sign("PUT", key, body, {token(), {"if-none-match", "*"}});
  }

 private:
  [[nodiscard]] static lake::detail::http_field token() { return {std::string(lake::detail::s3_lineage_header), "0123456789abcdef"}; }

  [[nodiscard]] bare_request sign(std::string_view method, std::string_view key, std::string_view body, lake::detail::http_fields headers) {
    const auto now = std::chrono::system_clock::now();
    const std::string hash = lake::detail::sha256_hex(body).value();
    const std::string path = endpoint_.object_path(key);
    const lake::detail::http_fields no_query;
    headers.push_back({"x-amz-content-sha256", hash});
    headers.push_back({"x-amz-date", lake::detail::sigv4_date(now)});
    headers.push_back({"host", endpoint_.host});
    const lake::detail::sigv4_request request{method, path, &no_query, &headers, hash};
    const std::string signature = lake::detail::sigv4_authorization(request, who_, {endpoint_.region, "s3"}, now, keys_).value();
    headers.back() = {"authorization", signature};
    bare_request made{.url = endpoint_.base_url + path};
    for (const auto& [name, value] : headers) add(made, name + ": " + value);
    for (const char* none : {"Accept:", "Content-Type:", "Expect:"}) add(made, none);
    return made;
  }
  static void add(bare_request& to, const std::string& line) {
    curl_slist* const grown = curl_slist_append(to.headers.get(), line.c_str());
    if (grown == nullptr) throw std::runtime_error("libcurl has no memory");
    to.headers.release();
    to.headers.reset(grown);
  }

  lake::detail::s3_endpoint endpoint_;
  lake::s3_credentials who_;
  lake::detail::sigv4_key_cache keys_;
};

/// One connection, kept. Throws std::runtime_error at the first answer that is no success. Confined.
class bare_s3 {
 public:
  bare_s3() : handle_(curl_easy_init(), curl_easy_cleanup) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_USERAGENT, "lake/" LAKE_VERSION_STRING);
    set(CURLOPT_BUFFERSIZE, 128L << 10U);
    set(CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10U);
    set(CURLOPT_WRITEFUNCTION, &bare_s3::take);
    set(CURLOPT_WRITEDATA, &body_);
  }

  /// `bytes`: the size of the object, which this caller happens to know.
  std::string get(const bare_request& request, std::size_t bytes) {
    set(CURLOPT_HTTPGET, 1L);
    set(CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr));
    body_.clear();
    body_.reserve(bytes);
    perform(request);
    return std::move(body_);
  }
  /// `bare_signer::put` or `create` of the same body.
  void put(const bare_request& request, std::string_view body) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_CUSTOMREQUEST, "PUT");
    perform(request);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) throw std::runtime_error("libcurl refuses an option");
  }
  void perform(const bare_request& request) {
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, request.headers.get());
    long status = 0;
    if (curl_easy_perform(handle_.get()) != CURLE_OK) throw std::runtime_error("libcurl has no answer");
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) throw std::runtime_error("the service answers with " + std::to_string(status) + ": " + body_);
  }
  static std::size_t take(char* bytes, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(bytes, size * count);
    return size * count;
  }

  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::string body_;
};

}  // namespace bench

#endif  // BENCHMARKS_S3_HPP
