// The codec that does nothing: bodies are stored as they are. Knows no other codec.
#ifndef LAKE_CODEC_IDENTITY_HPP
#define LAKE_CODEC_IDENTITY_HPP

#include <lake/codec/codec_id.hpp>
#include <lake/concepts.hpp>
#include <lake/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

/// A copy of a body that no codec changed, if it has the length announced.
[[nodiscard]] inline result<std::string> decode_plain(const codec_context& context, std::string_view stored, std::size_t decoded_bytes) {
  if (stored.size() == decoded_bytes) return std::string(stored);
  return error{errc::corrupt_body, "codec.decode", std::string(context.catalog),
               "a plain body of " + std::to_string(stored.size()) + " bytes, not of the " + std::to_string(decoded_bytes) + " announced"};
}

/// Why a codec that knows only `known` does not decode.
[[nodiscard]] inline error unknown_codecs(const codec_context& context, const codec_ids& applied, std::string_view known) {
  return {errc::configuration, "codec.decode", std::string(context.catalog),
          "the body was encoded by codec " + describe(applied) + ", the lake is opened with " + std::string(known)};
}

}  // namespace detail

/// Stores bodies as they are. Immutable, thread-safe.
class identity_codec {
 public:
  static constexpr bool passthrough = true;
  static constexpr bool plain_allowed = true;

  /// Appends `plain` to `out`; no codec was applied.
  [[nodiscard]] result<codec_ids> encode(const codec_context& /*context*/, std::string_view plain, std::string& out) const {
    out.append(plain);
    return codec_ids{};
  }

  /// Returns the stored bytes.
  /// Errors: configuration names the codecs of a body that was encoded; corrupt_body if the length is not as announced.
  [[nodiscard]] result<std::string> decode(const codec_context& context, const codec_ids& applied, std::string_view stored,
                                           std::size_t decoded_bytes) const {
    if (!applied.empty()) return detail::unknown_codecs(context, applied, "none");
    return detail::decode_plain(context, stored, decoded_bytes);
  }
};

static_assert(codec_policy<identity_codec>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CODEC_IDENTITY_HPP
