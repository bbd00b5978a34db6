// What all connections of one client have in common: options, credentials, database, TLS. Knows no connection. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_SETUP_HPP
#define LAKE_DETAIL_REDIS_SETUP_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/redis_options.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/secret.hpp>
#include <lake/detail/redis_tls.hpp>
#include <lake/detail/redis_url.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Immutable once made; the password is wiped at the end.
class redis_setup {
 public:
  redis_setup(const redis_url& url, redis_options chosen) : options(std::move(chosen)), db(url.db) {
    if (options.connections == 0) options.connections = 1;
    if (options.user.empty() && options.password.empty()) options.user = url.user;
    if (options.password.empty()) options.password = url.password;
  }
  redis_setup(const redis_setup&) = delete;
  redis_setup& operator=(const redis_setup&) = delete;
  ~redis_setup() { wipe(options.password); }

  /// The same for servers that hold no data of ours: sentinels.
  [[nodiscard]] static std::shared_ptr<const redis_setup> of_sentinels(const redis_setup& other, bool with_password) {
    redis_options chosen = other.options;
    if (!with_password) {
      wipe(chosen.password);
      chosen.user.clear();
    }
    return std::make_shared<redis_setup>(redis_url{}, std::move(chosen));
  }

  /// Errors: unsupported where rediss:// is asked for and this program has no TLS; configuration for files that cannot be used.
  [[nodiscard]] static result<std::shared_ptr<const redis_setup>> make(const redis_url& url, const redis_options& options) {
    auto made = std::make_shared<redis_setup>(url, options);
    if (!made->options.user.empty() && made->options.password.empty()) {
      return lake::error{errc::configuration, "redis.connect", made->options.user, "a user of Redis comes with a password"};
    }
    if (url.tls) {
      result<std::shared_ptr<const redis_tls_context>> context = redis_tls_context::create(options);
      if (!context) return std::move(context).error();
      made->tls = std::move(*context);
    }
    return std::shared_ptr<const redis_setup>(std::move(made));
  }

  /// The bound of an operation that begins now.
  [[nodiscard]] redis_deadline deadline() const { return redis_deadline(options.clock, options.timeout); }

  redis_options options;
  std::uint32_t db = 0;
  std::shared_ptr<const redis_tls_context> tls;  ///< Null: none.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_SETUP_HPP
