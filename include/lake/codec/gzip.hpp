// The codec that compresses with gzip. Knows the raw compressor, no envelope.
// Format: one gzip member (RFC 1952; mtime 0, OS 255), so a stored body can be opened with any tool that reads gzip.
#ifndef LAKE_CODEC_GZIP_HPP
#define LAKE_CODEC_GZIP_HPP

#include <lake/codec/codec_id.hpp>
#include <lake/codec/identity.hpp>
#include <lake/compress/deflate.hpp>
#include <lake/concepts.hpp>
#include <lake/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

struct gzip_codec_options {
  int level = 1;                ///< 1 (fastest) to 9.
  std::size_t min_bytes = 128;  ///< Smaller bodies are stored as they are: they gain too little.
};

/// Compresses bodies that shrink. A copyable handle, thread-safe; copies share idle compressor states.
class gzip_codec {
 public:
  static constexpr bool passthrough = false;
  static constexpr bool plain_allowed = true;

  explicit gzip_codec(gzip_codec_options options = {}) : options_(options), deflater_(deflater_options{.level = options.level}) {}

  /// Appends the compressed form of `plain` to `out`, or `plain` itself and no codec where it is small or would not shrink.
  /// Errors: configuration names a level outside 1 to 9; io if there is no memory for a compressor.
  /// Effects on failure: `out` is as it was. Complexity: linear, no copy; a body that does not shrink is given up at its own size.
  [[nodiscard]] result<codec_ids> encode(const codec_context& context, std::string_view plain, std::string& out) const {
    const bool worth_it = plain.size() >= options_.min_bytes && !plain.empty();
    result<bool> shrunk = deflater_.compress(plain, out, worth_it ? plain.size() - 1 : 0);
    if (!shrunk) return located(std::move(shrunk).error(), "codec.encode", context);
    codec_ids applied;
    if (*shrunk) applied.push(gzip_codec_id);
    else out.append(plain);
    return applied;
  }

  /// Returns the plain bytes, exactly `decoded_bytes` of them.
  /// Errors: corrupt_body (damaged, truncated, followed by other bytes, longer or shorter than announced); configuration names the
  /// codecs of a body that was not encoded by gzip alone. Complexity: linear; never allocates more than `decoded_bytes` for them.
  [[nodiscard]] result<std::string> decode(const codec_context& context, const codec_ids& applied, std::string_view stored,
                                           std::size_t decoded_bytes) const {
    if (applied.empty()) return detail::decode_plain(context, stored, decoded_bytes);
    if (applied != codec_ids{.ids = {gzip_codec_id}}) return detail::unknown_codecs(context, applied, "gzip");
    result<std::string> plain = inflater_.decompress(stored, decoded_bytes);
    if (!plain) return located(std::move(plain).error(), "codec.decode", context);
    return plain;
  }

 private:
  [[nodiscard]] static lake::error located(lake::error reason, std::string_view operation, const codec_context& context) {
    reason.operation = operation;
    reason.subject = context.catalog;
    reason.message.insert(0, "gzip: ");
    return reason;
  }

  gzip_codec_options options_;
  deflater deflater_;
  inflater inflater_;
};

static_assert(codec_policy<gzip_codec>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CODEC_GZIP_HPP
