// Which slot a key has, and who owns which slots, as a cluster tells it. Pure; knows no connection.
// Format: the Redis cluster specification (redis.io/docs/reference/cluster-spec): CRC-16/XMODEM, hash tags, the reply of CLUSTER SLOTS.
#ifndef LAKE_DETAIL_REDIS_SLOTS_HPP
#define LAKE_DETAIL_REDIS_SLOTS_HPP

#include <lake/config.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/redis_url.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

inline constexpr std::uint16_t redis_slots = 16384;

/// CRC-16/XMODEM: polynomial 0x1021, from zero, nothing reflected.
[[nodiscard]] constexpr std::uint16_t redis_crc16(std::string_view bytes) noexcept {
  constexpr auto table = [] {
    std::array<std::uint16_t, 256> out{};
    for (unsigned i = 0; i < 256; ++i) {
      unsigned crc = i << 8U;
      for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
      out[i] = static_cast<std::uint16_t>(crc & 0xffffU);
    }
    return out;
  }();
  unsigned crc = 0;
  for (const char c : bytes) crc = ((crc << 8U) & 0xffffU) ^ table[((crc >> 8U) ^ static_cast<unsigned char>(c)) & 0xffU];
  return static_cast<std::uint16_t>(crc);
}

/// What of a key is hashed: between its first "{" and the next "}", if something stands there; else all of it.
[[nodiscard]] constexpr std::string_view redis_tag(std::string_view key) noexcept {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

[[nodiscard]] constexpr std::uint16_t redis_slot(std::string_view key) noexcept {
  return static_cast<std::uint16_t>(redis_crc16(redis_tag(key)) % redis_slots);
}

/// A run of slots and the primary that owns them.
struct redis_slot_range {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  redis_address owner = {};
  friend bool operator==(const redis_slot_range&, const redis_slot_range&) = default;
};

/// The answer to CLUSTER SLOTS, or nothing where it makes no sense. A node that does not know its own name leaves the host empty: then
/// it is `asked`, the host that was asked.
[[nodiscard]] inline std::optional<std::vector<redis_slot_range>> parse_cluster_slots(redis_view told, std::string_view asked) {
  if (told.kind() != redis_kind::array) return std::nullopt;
  std::vector<redis_slot_range> out;
  for (std::size_t i = 0; i < told.size(); ++i) {
    const redis_view range = told[i];
    const redis_view owner = range[2];
    const std::int64_t first = range[0].integer();
    const std::int64_t last = range[1].integer();
    const std::int64_t port = owner[1].integer();
    const bool numbers = range[0].kind() == redis_kind::integer && range[1].kind() == redis_kind::integer;
    if (!numbers || first < 0 || last < first || last >= redis_slots || port < 1 || port > 65535) return std::nullopt;
    const std::string_view host = owner[0].text();
    out.push_back({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last),
                   redis_address{std::string(host.empty() || host == "?" ? asked : host), static_cast<std::uint16_t>(port), {}}});
  }
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_SLOTS_HPP
