// The codec of bodies that deployed v2 clients (Go) read and write: gzip, then AES-256-GCM if there is a password. Knows no envelope: what
// it makes is the whole object. Format, with a password: nonce (12 bytes), AES-256-GCM of one gzip member (RFC 1952), tag (16 bytes); no
// associated data; the key is the password's bytes, cut to 32 or padded with zeros. Without: the gzip member alone.
#ifndef LAKE_CODEC_GO_V2_HPP
#define LAKE_CODEC_GO_V2_HPP

#include <lake/compress/deflate.hpp>
#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/openssl_handle.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

struct go_v2_codec_options {
  std::string password = {};  ///< The setting `AESPwd`; empty: no encryption. `create` wipes its copy.
  int level = 1;              ///< Of gzip, 1 (fastest) to 9. v2 clients write with 9 and read any.
};

/// Bodies as v2 clients store them. A copyable handle, thread-safe; copies share the key, which is wiped with the last of them, and idle
/// compressor states. For layouts without envelopes only.
///
/// The encryption is that of those clients: a password is used as a key without any derivation, and nothing binds a body to its place, so
/// whoever can write to the storage can exchange bodies. Nonces are random: change the password before 2^32 bodies were written under it.
class go_v2_codec {
 public:
  static constexpr bool passthrough = false;
  static constexpr bool plain_allowed = false;  ///< That no codec is recorded does not mean that none was applied.
  static constexpr bool bare = true;            ///< The object needs no envelope: see concept `bare_codec`.

  /// Without a password.
  go_v2_codec() = default;

  /// The codec of these options. Errors: configuration names a level outside 1 to 9.
  [[nodiscard]] static result<go_v2_codec> create(go_v2_codec_options options) {
    if (options.level < deflater::lowest_level || options.level > deflater::highest_level) {
      detail::cleanse(options.password);
      return lake::error{
          errc::configuration, "go_v2_codec", {}, "compression level " + std::to_string(options.level) + " is outside 1 to 9"};
    }
    go_v2_codec made;
    made.deflater_ = deflater(deflater_options{.level = options.level});
    if (!options.password.empty()) {
      auto key = std::make_shared<detail::aes_256_key>();
      const std::size_t used = (std::min)(options.password.size(), key->size);
      std::copy_n(options.password.begin(), used, key->bytes().begin());
      made.key_ = std::move(key);
    }
    detail::cleanse(options.password);
    return made;
  }

  /// Whether bodies are encrypted.
  [[nodiscard]] bool encrypts() const noexcept { return key_ != nullptr; }

  /// Appends the object of `plain` to `out`; no codec ids, for there is no envelope to hold them.
  /// Errors: io (no memory for a compressor; no random numbers). Effects on failure: `out` is as it was. Complexity: linear, no copy.
  [[nodiscard]] result<codec_ids> encode(const codec_context& context, std::string_view plain, std::string& out) const {
    const std::size_t before = out.size();
    auto done = key_ ? seal(plain, out) : deflater_.compress(plain, out).transform([](bool) {});
    if (done) return codec_ids{};
    out.resize(before);
    return located(std::move(done).error(), "codec.encode", context);
  }

  /// Returns the plain bytes, at most `decoded_bytes` of them: how many there are is not written anywhere.
  /// Errors: corrupt_body: truncated, encrypted under another password or changed, not encrypted, not gzip, damaged, followed by other
  /// bytes, or longer than that, each in a sentence of its own; configuration where an envelope says that another codec was at work.
  /// Complexity: linear; allocates at most twice `decoded_bytes` for the output.
  [[nodiscard]] result<std::string> decode(const codec_context& context, const codec_ids& applied, std::string_view stored,
                                           std::size_t decoded_bytes) const {
    auto plain = !applied.empty() ? result<std::string>(lake::error{errc::configuration, {}, {}, "the body was encoded by another codec"})
                 : key_           ? open(stored, decoded_bytes)
                                  : inflate(stored, decoded_bytes);
    if (plain) return plain;
    return located(std::move(plain).error(), "codec.decode", context);
  }

 private:
  static constexpr std::size_t overhead_bytes = detail::gcm_nonce_bytes + detail::gcm_tag_bytes;
  /// The smallest gzip member: its header, an empty block, and its trailer.
  static constexpr std::size_t least_gzip_bytes = 20;
  static constexpr std::string_view gzip_magic = "\x1f\x8b";

  [[nodiscard]] static lake::error corrupt(std::string message) { return {errc::corrupt_body, {}, {}, std::move(message)}; }

  [[nodiscard]] static lake::error located(lake::error reason, std::string_view operation, const codec_context& context) {
    reason.operation = operation;
    reason.subject = context.catalog;
    return reason;
  }

  /// Nonce, gzip, tag, all in the string where they stay.
  [[nodiscard]] result<void> seal(std::string_view plain, std::string& out) const {
    const std::size_t start = out.size();
    out.append(detail::gcm_nonce_bytes, '\0');
    auto shrunk = deflater_.compress(plain, out);
    if (!shrunk) return std::move(shrunk).error();
    out.append(detail::gcm_tag_bytes, '\0');
    const auto whole = std::span<char>(out).subspan(start);
    const auto nonce = whole.first<detail::gcm_nonce_bytes>();
    if (auto drawn = detail::fill_unguessable(nonce); !drawn) return drawn;
    return detail::gcm_seal(*key_, nonce, whole.subspan(detail::gcm_nonce_bytes, whole.size() - overhead_bytes),
                            whole.last<detail::gcm_tag_bytes>());
  }

  [[nodiscard]] result<std::string> open(std::string_view stored, std::size_t decoded_bytes) const {
    const bool fits = stored.size() >= overhead_bytes + least_gzip_bytes;
    if (fits) {
      std::string inner(stored.substr(detail::gcm_nonce_bytes, stored.size() - overhead_bytes));
      const std::span<const char> all(stored);
      auto genuine = detail::gcm_open(*key_, all.first<detail::gcm_nonce_bytes>(), inner, all.last<detail::gcm_tag_bytes>());
      if (!genuine) return std::move(genuine).error();
      if (*genuine) return inflate(inner, decoded_bytes);
    }
    if (stored.starts_with(gzip_magic) && inflate(stored, decoded_bytes)) {
      return corrupt("it is not encrypted, and this lake has an AESPwd: it was written without one");
    }
    if (fits) return corrupt("AES-256-GCM refuses it: it was encrypted under another AESPwd, or its bytes were changed or cut");
    return corrupt("it is truncated: " + std::to_string(stored.size()) + " bytes, an encrypted body has at least " +
                   std::to_string(overhead_bytes + least_gzip_bytes));
  }

  [[nodiscard]] result<std::string> inflate(std::string_view stored, std::size_t decoded_bytes) const {
    if (!stored.starts_with(gzip_magic)) {
      return corrupt(key_ ? "what was encrypted is no gzip stream"
                          : "it is no gzip stream: it is damaged, or encrypted and this lake has no AESPwd");
    }
    std::string plain;
    auto done = inflater_.decompress_all(stored, plain, decoded_bytes);
    if (done) return plain;
    lake::error reason = std::move(done).error();
    if (reason.code == errc::limit_exceeded || reason.code == errc::corrupt_body) return corrupt("gzip: " + reason.message);
    return reason;
  }

  deflater deflater_{};
  inflater inflater_{};
  std::shared_ptr<const detail::aes_256_key> key_;  ///< Null: bodies are not encrypted.
};

static_assert(codec_policy<go_v2_codec>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CODEC_GO_V2_HPP
