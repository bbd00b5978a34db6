// TLS to a Redis server through hiredis 1.x, for programs that ask for it by LAKE_WITH_REDIS_TLS; else the sentence that says so.
// Knows no command. Not part of the API. Such a program has hiredis_ssl.h and OpenSSL, and links hiredis_ssl, ssl and crypto.
#ifndef LAKE_DETAIL_REDIS_TLS_HPP
#define LAKE_DETAIL_REDIS_TLS_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/redis_options.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_socket.hpp>
#include <lake/detail/redis_url.hpp>
#include <lake/detail/sigpipe_guard.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#if defined(LAKE_WITH_REDIS_TLS)
#include <hiredis/hiredis.h>

// By names of ours: what lists the libraries that lake needs must not take these for some of them.
#define LAKE_DETAIL_REDIS_TLS_HEADER <hiredis/hiredis_ssl.h>
#define LAKE_DETAIL_OPENSSL_HEADER <openssl/ssl.h>
#define LAKE_DETAIL_OPENSSL_ERRORS <openssl/err.h>
#include LAKE_DETAIL_REDIS_TLS_HEADER
#include LAKE_DETAIL_OPENSSL_HEADER
#include LAKE_DETAIL_OPENSSL_ERRORS
#undef LAKE_DETAIL_REDIS_TLS_HEADER
#undef LAKE_DETAIL_OPENSSL_HEADER
#undef LAKE_DETAIL_OPENSSL_ERRORS
#endif

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

#if defined(LAKE_WITH_REDIS_TLS)

/// True where rediss:// works in this program.
inline constexpr bool has_redis_tls = true;

/// What all TLS connections of a client share: whom they trust, and who they are. Thread-safe.
class redis_tls_context {
 public:
  /// Errors: configuration names the file that cannot be used.
  [[nodiscard]] static result<std::shared_ptr<const redis_tls_context>> create(const redis_options& options) {
    auto made = std::make_shared<redis_tls_context>();
    SSL_CTX* raw = made->context_.get();
    if (raw == nullptr) return lake::error{errc::io, "redis.tls", "", "OpenSSL gives no TLS context"};
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    const int trusting = options.ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw)
                                                 : SSL_CTX_load_verify_locations(raw, options.ca_file.c_str(), nullptr);
    if (trusting != 1) return unusable("ca_file", options.ca_file);
    if (options.cert_file.empty() != options.key_file.empty()) {
      return unusable("cert_file and key_file, of which one is missing", options.cert_file + options.key_file);
    }
    if (options.cert_file.empty()) return std::shared_ptr<const redis_tls_context>(std::move(made));
    if (SSL_CTX_use_certificate_chain_file(raw, options.cert_file.c_str()) != 1) return unusable("cert_file", options.cert_file);
    if (SSL_CTX_use_PrivateKey_file(raw, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) return unusable("key_file", options.key_file);
    return std::shared_ptr<const redis_tls_context>(std::move(made));
  }

  [[nodiscard]] SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  [[nodiscard]] static lake::error unusable(std::string_view option, const std::string& file) {
    ERR_clear_error();
    return lake::error{errc::configuration, "redis.tls", file, "TLS cannot use " + std::string(option)};
  }
  struct release {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, release> context_{SSL_CTX_new(TLS_client_method())};
};

/// TLS over a connected socket. Confined, like the socket.
class redis_tls {
 public:
  /// Errors: access_denied (the certificate is not of that host, or of nobody we trust), unavailable, timeout.
  [[nodiscard]] static result<std::unique_ptr<redis_tls>> start(const redis_tls_context& shared, const redis_socket& socket,
                                                                const redis_address& to, const redis_deadline& until) {
    const sigpipe_guard guard;
    std::unique_ptr<redis_tls> made(new redis_tls(redisConnectFd(socket.fd())));
    std::unique_ptr<SSL, release_ssl> session(SSL_new(shared.get()));
    if (made->context_ == nullptr || made->context_->err != 0 || session == nullptr)
      return made->failure(to, "OpenSSL or hiredis gives no session");
    made->context_->flags &= ~REDIS_BLOCK;
    if (!name_host(session.get(), to.host)) return made->failure(to, "the host's name cannot be checked");
    if (redisInitiateSSL(made->context_.get(), session.get()) != REDIS_OK) return made->failure(to, session.get());
    made->session_ = session.release();  // freed with the context
    for (;;) {
      ERR_clear_error();
      const int done = SSL_do_handshake(made->session_);
      if (done == 1) return made;
      const int wants = SSL_get_error(made->session_, done);
      if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE) return made->failure(to, made->session_);
      pollfd watched{socket.fd(), static_cast<short>(wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
      if (!poll_until({&watched, 1}, until)) {
        return lake::error{errc::timeout, std::string(redis_connecting), to.to_string(), "no TLS handshake within the time given"};
      }
    }
  }

  /// As `redis_socket::send`; what hiredis has taken over counts as sent.
  [[nodiscard]] redis_io send(std::string_view bytes, std::size_t& sent) {
    const sigpipe_guard guard;
    ERR_clear_error();
    if (sent < bytes.size()) {
      if (redisAppendFormattedCommand(context_.get(), bytes.data() + sent, bytes.size() - sent) != REDIS_OK) return redis_io::failed;
      sent = bytes.size();
    }
    int done = 0;
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return redis_io::closed;
    return done != 0 ? redis_io::done : redis_io::again;
  }

  /// As `redis_socket::receive`.
  [[nodiscard]] redis_io receive(std::span<char> into, std::size_t& got) {
    const sigpipe_guard guard;
    ERR_clear_error();
    const auto count = context_->funcs->read(context_.get(), into.data(), into.size());
    got = count > 0 ? static_cast<std::size_t>(count) : 0;
    if (count > 0) return redis_io::done;
    return count == 0 ? redis_io::again : redis_io::closed;
  }

  /// True if decrypted bytes wait, of which poll knows nothing.
  [[nodiscard]] bool pending() const noexcept { return SSL_pending(session_) > 0; }

 private:
  struct release_context {
    void operator()(redisContext* context) const noexcept { redisFreeKeepFd(context); }
  };
  struct release_ssl {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
  };

  explicit redis_tls(redisContext* context) noexcept : context_(context) {}

  [[nodiscard]] static bool name_host(SSL* session, const std::string& host) {
    X509_VERIFY_PARAM* rules = SSL_get0_param(session);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1) return true;
    ERR_clear_error();
    return SSL_set1_host(session, host.c_str()) == 1 && SSL_set_tlsext_host_name(session, host.c_str()) == 1;
  }

  [[nodiscard]] static lake::error failure(const redis_address& to, const char* reason) {
    return lake::error{errc::unavailable, std::string(redis_connecting), to.to_string(), std::string("no TLS connection: ") + reason};
  }
  [[nodiscard]] static lake::error failure(const redis_address& to, SSL* session) {
    const long verified = SSL_get_verify_result(session);
    const char* reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    if (verified == X509_V_OK) return failure(to, reason != nullptr ? reason : "the server hung up");
    lake::error refused = failure(to, X509_verify_cert_error_string(verified));
    refused.code = errc::access_denied;
    return refused;
  }

  std::unique_ptr<redisContext, release_context> context_;
  SSL* session_ = nullptr;  ///< Owned by the context.
};

#else

inline constexpr bool has_redis_tls = false;

/// Stands in where this program has no TLS.
class redis_tls_context {
 public:
  /// Errors: unsupported, always.
  [[nodiscard]] static result<std::shared_ptr<const redis_tls_context>> create(const redis_options&) {
    return lake::error{errc::unsupported, "redis.url", "",
                       "rediss:// needs hiredis 1.0 or newer with its TLS part, OpenSSL, and a program compiled with LAKE_WITH_REDIS_TLS"};
  }
};

/// Never made.
class redis_tls {
 public:
  [[nodiscard]] static result<std::unique_ptr<redis_tls>> start(const redis_tls_context&, const redis_socket&, const redis_address& to,
                                                                const redis_deadline&) {
    return lake::error{errc::unsupported, std::string(redis_connecting), to.to_string(), "this program was compiled without TLS"};
  }
  [[nodiscard]] redis_io send(std::string_view, std::size_t&) { return redis_io::failed; }
  [[nodiscard]] redis_io receive(std::span<char>, std::size_t&) { return redis_io::failed; }
  [[nodiscard]] bool pending() const noexcept { return false; }
};

#endif

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_TLS_HPP
