// What must hold before a storage in S3 is used: options that can work, an endpoint, credentials to look for. Sends nothing.
#ifndef LAKE_DETAIL_S3_OPEN_HPP
#define LAKE_DETAIL_S3_OPEN_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/object_key.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/detail/curl_transport.hpp>
#include <lake/detail/s3_client.hpp>
#include <lake/detail/s3_credentials.hpp>
#include <lake/detail/s3_endpoint.hpp>
#include <lake/detail/secret.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

[[nodiscard]] inline curl_transport_options transport_options(const s3_options& from) {
  return {.connections = from.connections,
          .connect_timeout = from.connect_timeout,
          .low_speed_bytes = from.low_speed_bytes,
          .low_speed_time = from.low_speed_time,
          .ca_file = from.ca_file};
}

/// Wipes the secrets of options at the end of a scope, however that comes about; also what moving a short text leaves behind.
class s3_secrets_guard {
 public:
  explicit s3_secrets_guard(s3_options& of) noexcept : of_(of) {}
  s3_secrets_guard(const s3_secrets_guard&) = delete;
  s3_secrets_guard& operator=(const s3_secrets_guard&) = delete;
  ~s3_secrets_guard() {
    wipe(of_.secret_key);
    wipe(of_.session_token);
  }

 private:
  s3_options& of_;
};

[[nodiscard]] inline lake::error bad_s3_options(const s3_options& options, std::string message) {
  return {errc::configuration, "s3_storage.open", options.bucket, std::move(message)};
}

/// Options that can work. Errors: configuration, naming the value and the rule.
[[nodiscard]] inline result<void> check_s3_options(const s3_options& options) {
  constexpr std::size_t least_part = std::size_t{5} << 20U;
  constexpr std::size_t largest_part = std::size_t{5} << 30U;
  if (options.kind != storage_kind::s3 && options.kind != storage_kind::oss) {
    return bad_s3_options(options, "kind is \"" + std::string(to_string(options.kind)) + "\": it must be s3 or oss");
  }
  if (const std::string_view rule = broken_key_rule(options.prefix); !options.prefix.empty() && !rule.empty()) {
    return bad_s3_options(options, "prefix " + in_quotes(options.prefix) + ": " + std::string(rule));
  }
  if (options.prefix.size() > object_key_max_bytes / 2) {
    return bad_s3_options(options, "prefix has " + std::to_string(options.prefix.size()) + " bytes: it has at most 511, for keys stand behind it");
  }
  if (options.part_bytes < least_part || options.part_bytes > largest_part) {
    return bad_s3_options(options, "part_bytes is " + std::to_string(options.part_bytes) + ": a part has 5 MiB to 5 GiB");
  }
  if (options.multipart_from_bytes > largest_part) {
    return bad_s3_options(options, "multipart_from_bytes is " + std::to_string(options.multipart_from_bytes) + ": one put has at most 5 GiB");
  }
  if (options.retry.attempts == 0) return bad_s3_options(options, "retry.attempts is 0: a request is tried at least once");
  if (options.timeout.count() < 0) return bad_s3_options(options, "timeout is negative: 0 stands for none");
  if (options.connections == 0) return bad_s3_options(options, "connections is 0: at least one is needed");
  return {};
}

/// What all handles of the storage will share. Errors: configuration.
[[nodiscard]] inline result<std::shared_ptr<s3_shared>> open_s3(s3_options&& options) {
  if (auto good = check_s3_options(options); !good) return std::move(good).error();
  auto endpoint = s3_endpoint::of(options);
  if (!endpoint) return std::move(endpoint).error();
  if (!options.sign_payload && !endpoint->https) {
    return bad_s3_options(options, "sign_payload is false: without https nothing else tells that a body was changed on the way");
  }
  auto credentials = s3_credentials_source::of(options);
  if (!credentials) return std::move(credentials).error();
  return std::make_shared<s3_shared>(std::move(options), *std::move(endpoint), *std::move(credentials));
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_OPEN_HPP
