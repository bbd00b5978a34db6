// A codec that is chosen at run time, out of a closed set. Knows the concept of a codec, and none of them.
#ifndef LAKE_CODEC_VARIANT_HPP
#define LAKE_CODEC_VARIANT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One of the codecs. A copyable handle, thread-safe as the one that is held is. No virtual call: the set is closed.
template <codec_policy... Codecs>
  requires(sizeof...(Codecs) > 0)
class variant_codec {
 public:
  using variant_type = std::variant<Codecs...>;
  static constexpr bool passthrough = (Codecs::passthrough && ...);
  /// Only where each of the set allows it: the one that is held decides, in `decode`, where they differ.
  static constexpr bool plain_allowed = (Codecs::plain_allowed && ...);
  /// Only where each of the set needs no envelope: concept `bare_codec`.
  static constexpr bool bare = ([] {
    if constexpr (requires { Codecs::bare; }) return Codecs::bare;
    else return false;
  }() && ...);

  /// Holds the first of the set.
  variant_codec() requires std::default_initializable<variant_type>
  = default;
  /// Holds this codec.
  template <class Codec>
    requires(std::same_as<Codec, Codecs> || ...)
  explicit variant_codec(Codec held) : held_(std::move(held)) {}

  [[nodiscard]] variant_type& held() noexcept { return held_; }
  [[nodiscard]] const variant_type& held() const noexcept { return held_; }

  [[nodiscard]] result<codec_ids> encode(const codec_context& context, std::string_view plain, std::string& out) const {
    return std::visit([&](const auto& codec) { return codec.encode(context, plain, out); }, held_);
  }
  [[nodiscard]] result<std::string> decode(const codec_context& context, const codec_ids& applied, std::string_view stored,
                                           std::size_t decoded_bytes) const {
    return std::visit([&](const auto& codec) { return codec.decode(context, applied, stored, decoded_bytes); }, held_);
  }

 private:
  variant_type held_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CODEC_VARIANT_HPP
