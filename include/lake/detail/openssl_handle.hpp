// OpenSSL's cipher contexts, created and freed here only, AES-256-GCM on them, and memory for keys that is wiped. Knows no format of the
// library: what stands where in a body is the codecs' affair. AES-256-GCM: NIST SP 800-38D, nonce of 12 bytes, tag of 16.
#ifndef LAKE_DETAIL_OPENSSL_HANDLE_HPP
#define LAKE_DETAIL_OPENSSL_HANDLE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Wipes bytes in a way that no compiler leaves out.
inline void cleanse(std::span<char> secret) noexcept { OPENSSL_cleanse(secret.data(), secret.size()); }

/// A key of 256 bits. Cannot be copied, compared or printed; wiped when it goes. Immutable once filled.
class aes_256_key {
 public:
  static constexpr std::size_t size = 32;

  aes_256_key() = default;
  aes_256_key(const aes_256_key&) = delete;
  aes_256_key& operator=(const aes_256_key&) = delete;
  ~aes_256_key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  [[nodiscard]] std::array<unsigned char, size>& bytes() noexcept { return bytes_; }
  [[nodiscard]] const std::array<unsigned char, size>& bytes() const noexcept { return bytes_; }

 private:
  std::array<unsigned char, size> bytes_{};
};

/// A cipher context. Confined to one thread at a time; cannot move.
class cipher_handle {
 public:
  cipher_handle() noexcept : context_(EVP_CIPHER_CTX_new()) {}
  cipher_handle(const cipher_handle&) = delete;
  cipher_handle& operator=(const cipher_handle&) = delete;
  ~cipher_handle() { EVP_CIPHER_CTX_free(context_); }  // Wipes the key schedule; takes null.

  [[nodiscard]] EVP_CIPHER_CTX* get() const noexcept { return context_; }

 private:
  EVP_CIPHER_CTX* context_;
};

inline constexpr std::size_t gcm_nonce_bytes = 12;
inline constexpr std::size_t gcm_tag_bytes = 16;

[[nodiscard]] inline lake::error openssl_refused(std::string_view step) {
  return {errc::io, "openssl", {}, "OpenSSL could not " + std::string(step)};
}

/// Fills the bytes with random numbers that nobody can guess. Errors: io.
[[nodiscard]] inline result<void> fill_unguessable(std::span<char> out) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) == 1) return {};
  return openssl_refused("give random numbers");
}

/// EVP_EncryptUpdate or EVP_DecryptUpdate.
using gcm_step = int (*)(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int);

/// Runs the step over all the bytes in place: its counter has 31 bits.
[[nodiscard]] inline bool gcm_transform(const cipher_handle& context, std::span<char> bytes, gcm_step step) {
  constexpr std::size_t most = std::size_t{1} << 30U;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = (std::min)(most, bytes.size() - at);
    auto* const place = reinterpret_cast<unsigned char*>(bytes.data() + at);
    int done = 0;
    if (step(context.get(), place, &done, place, static_cast<int>(size)) != 1 || static_cast<std::size_t>(done) != size) return false;
    at += size;
  }
  return true;
}

/// Encrypts `bytes` in place and writes the tag. `nonce` must never come twice under one key. Errors: io.
[[nodiscard]] inline result<void> gcm_seal(const aes_256_key& key, std::span<const char, gcm_nonce_bytes> nonce, std::span<char> bytes,
                                           std::span<char, gcm_tag_bytes> tag) {
  const cipher_handle context;
  if (context.get() == nullptr) return openssl_refused("make a cipher context");
  const auto* const iv = reinterpret_cast<const unsigned char*>(nonce.data());
  unsigned char rest[gcm_tag_bytes];
  int left = 0;
  const bool sealed = EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes().data(), iv) == 1 &&
                      gcm_transform(context, bytes, &EVP_EncryptUpdate) && EVP_EncryptFinal_ex(context.get(), rest, &left) == 1 &&
                      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag.size()), tag.data()) == 1;
  if (!sealed) return openssl_refused("encrypt with AES-256-GCM");
  return {};
}

/// Decrypts `bytes` in place. False, and `bytes` wiped, if the tag is not that of these bytes under this key. Errors: io.
[[nodiscard]] inline result<bool> gcm_open(const aes_256_key& key, std::span<const char, gcm_nonce_bytes> nonce, std::span<char> bytes,
                                           std::span<const char, gcm_tag_bytes> tag) {
  const cipher_handle context;
  if (context.get() == nullptr) return openssl_refused("make a cipher context");
  const auto* const iv = reinterpret_cast<const unsigned char*>(nonce.data());
  std::array<char, gcm_tag_bytes> expected{};  // OpenSSL wants to be able to write there.
  std::copy(tag.begin(), tag.end(), expected.begin());
  const bool decrypted = EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes().data(), iv) == 1 &&
                         gcm_transform(context, bytes, &EVP_DecryptUpdate) &&
                         EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(expected.size()), expected.data()) == 1;
  if (!decrypted) return openssl_refused("decrypt with AES-256-GCM");
  unsigned char rest[gcm_tag_bytes];
  int left = 0;
  if (EVP_DecryptFinal_ex(context.get(), rest, &left) == 1) return true;
  cleanse(bytes);
  return false;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_OPENSSL_HANDLE_HPP
