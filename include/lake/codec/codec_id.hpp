// The numbers of the codecs, as envelopes keep them: the one place where they are given out. Knows no codec.
//
// | id | codec                     | encoded form                                                        |
// |----|---------------------------|---------------------------------------------------------------------|
// | 0  | -                         | none: an unused place in an envelope                                |
// | 1  | gzip_codec, libdeflate's  | one gzip member (RFC 1952)                                          |
// | 2  | zstd_codec                | one zstd frame (RFC 8878)                                           |
// | 3  | aes_gcm_codec             | AES-256-GCM; the header that defines the codec defines its layout   |
//
// Numbers below 128 are the library's and are never used again for something else; 128 to 255 are free for codecs of others.
#ifndef LAKE_CODEC_CODEC_ID_HPP
#define LAKE_CODEC_CODEC_ID_HPP

#include <lake/config.hpp>
#include <lake/core/envelope.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

inline constexpr std::uint8_t gzip_codec_id = 1;
inline constexpr std::uint8_t zstd_codec_id = 2;
inline constexpr std::uint8_t aes_gcm_codec_id = 3;

/// The name that a message gives a codec: "gzip", "unnamed" for a number the library has not given out.
[[nodiscard]] constexpr std::string_view codec_name(std::uint8_t id) noexcept {
  switch (id) {
    case gzip_codec_id: return "gzip";
    case zstd_codec_id: return "zstd";
    case aes_gcm_codec_id: return "aes_gcm";
    default: return "unnamed";
  }
}

/// The codecs for a message: "none", or "1 (gzip), 3 (aes_gcm)" in the order applied.
[[nodiscard]] inline std::string describe(const codec_ids& applied) {
  if (applied.empty()) return "none";
  std::string out;
  for (std::size_t i = 0; i < applied.size(); ++i) {
    if (i > 0) out += ", ";
    out += std::to_string(applied.ids[i]);
    out += " (";
    out += codec_name(applied.ids[i]);
    out += ')';
  }
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CODEC_CODEC_ID_HPP
