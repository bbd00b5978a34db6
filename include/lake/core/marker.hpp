// The marker object `lake.json` that says which lake a storage root belongs to. Knows no storage.
// Format: one flat JSON object (RFC 8259) of strings and whole numbers, written with its members in the order of the struct.
#ifndef LAKE_CORE_MARKER_HPP
#define LAKE_CORE_MARKER_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Which lake a storage root belongs to. A plain value.
struct lake_marker {
  /// The newest format version this library knows.
  static constexpr int newest_format = 1;

  std::string lake_id;  ///< 128 random bits as 32 lower-case hex digits; new after `rebuild_index`.
  std::string name;
  std::string layout;
  int format_version = newest_format;
  std::int64_t created = 0;             ///< Unix seconds.
  std::int64_t pending_timeout_ms = 0;  ///< Milliseconds.
  friend bool operator==(const lake_marker&, const lake_marker&) = default;
};

namespace detail {

/// Appends `value` as a JSON string.
inline void append_json_string(std::string& out, std::string_view value) {
  out += '"';
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      pure::append_hex_byte(out, byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// Reads one flat JSON object of strings and whole numbers; nothing else is taken. Confined to one thread.
class flat_json_reader {
 public:
  explicit flat_json_reader(std::string_view input) noexcept : rest_(input) {}

  /// Calls `visit(key, string, number)` for each member, one of the two set; false where the text is no such object.
  template <class Visit>
  [[nodiscard]] bool read(Visit&& visit) {
    if (!take('{')) return false;
    if (take('}')) return at_end();
    do {
      const std::optional<std::string> key = string();
      if (!key || !take(':')) return false;
      skip_space();
      std::optional<std::string> as_string;
      std::optional<std::int64_t> as_number;
      if (rest_.starts_with('"')) as_string = string();
      else as_number = number();
      if (!as_string && !as_number) return false;
      visit(*key, as_string, as_number);
    } while (take(','));
    return take('}') && at_end();
  }

 private:
  void skip_space() noexcept {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) rest_.remove_prefix(1);
  }
  [[nodiscard]] bool take(char c) noexcept {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool at_end() noexcept { return skip_space(), rest_.empty(); }

  [[nodiscard]] std::optional<std::int64_t> number() noexcept {
    const std::size_t end = (std::min)(rest_.find_first_not_of("-0123456789"), rest_.size());
    const std::optional<std::int64_t> found = pure::parse_decimal<std::int64_t>(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return found;
  }

  [[nodiscard]] std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return pure::utf8_error_offset(out) == std::string_view::npos ? std::optional(std::move(out)) : std::nullopt;
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\') out += c;
      else if (!escape(out)) return std::nullopt;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool escape(std::string& out) {
    if (rest_.empty()) return false;
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (const std::size_t at = letters.find(c); at != std::string_view::npos) return out += meant[at], true;
    if (c != 'u') return false;
    std::uint32_t code = 0;
    if (!four_digits(code)) return false;
    if (code >= 0xd800 && code < 0xdc00) {
      std::uint32_t low = 0;
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      if (!four_digits(low) || low < 0xdc00 || low > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return append_utf8(out, code);
  }

  [[nodiscard]] bool four_digits(std::uint32_t& code) noexcept {
    if (rest_.size() < 4) return false;
    for (const char c : rest_.substr(0, 4)) {
      const unsigned value = pure::hex_value(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
      if (value > 15) return false;
      code = code * 16 + value;
    }
    rest_.remove_prefix(4);
    return true;
  }

  [[nodiscard]] static bool append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&out](std::uint32_t bits) { out += static_cast<char>(static_cast<unsigned char>(0x80U | (bits & 0x3fU))); };
    const auto lead = [&out](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code >= 0xd800 && code <= 0xdfff) return false;
    if (code < 0x80) return lead(code), true;
    if (code < 0x800) return lead(0xc0U | (code >> 6)), tail(code), true;
    if (code < 0x10000) return lead(0xe0U | (code >> 12)), tail(code >> 6), tail(code), true;
    return lead(0xf0U | (code >> 18)), tail(code >> 12), tail(code >> 6), tail(code), true;
  }

  std::string_view rest_;
};

}  // namespace detail

/// The marker as JSON text, members in the order of the struct.
[[nodiscard]] inline std::string encode_marker(const lake_marker& marker) {
  std::string out = "{\"lake_id\":";
  detail::append_json_string(out, marker.lake_id);
  out += ",\"name\":";
  detail::append_json_string(out, marker.name);
  out += ",\"layout\":";
  detail::append_json_string(out, marker.layout);
  out += ",\"format_version\":";
  pure::append_decimal(out, marker.format_version);
  out += ",\"created\":";
  pure::append_decimal(out, marker.created);
  out += ",\"pending_timeout_ms\":";
  pure::append_decimal(out, marker.pending_timeout_ms);
  out += '}';
  return out;
}

/// The marker behind its JSON text; `subject` (an object key, an index key) goes into errors. Members it does not know are passed over.
/// Errors: corrupt_index (no flat JSON object; a member is missing, twice there or of the wrong kind; the message names it);
/// configuration (written by a later format version).
[[nodiscard]] inline result<lake_marker> decode_marker(std::string_view input, std::string_view subject) {
  const auto fail = [subject](errc code, std::string message) { return lake::error{code, {}, std::string(subject), std::move(message)}; };
  std::optional<std::string> lake_id, name, layout;
  std::optional<std::int64_t> version, created, pending_timeout;
  std::string fault;
  const auto keep = [&fault](auto& into, const auto& found, std::string_view key) {
    if (into || !found) fault = "the member " + detail::in_quotes(key) + (into ? " is there twice" : " has the wrong type");
    else into = found;
  };
  const bool well_formed = detail::flat_json_reader(input).read([&](std::string_view key, const auto& as_string, const auto& as_number) {
    if (key == "lake_id") keep(lake_id, as_string, key);
    else if (key == "name") keep(name, as_string, key);
    else if (key == "layout") keep(layout, as_string, key);
    else if (key == "format_version") keep(version, as_number, key);
    else if (key == "created") keep(created, as_number, key);
    else if (key == "pending_timeout_ms") keep(pending_timeout, as_number, key);
  });
  if (!well_formed) return fail(errc::corrupt_index, "the lake's marker is not a flat JSON object: " + detail::in_quotes(input));
  if (!fault.empty()) return fail(errc::corrupt_index, "the lake's marker: " + fault);
  if (version && *version > lake_marker::newest_format) {
    return fail(errc::configuration, "the lake has format version " + std::to_string(*version) + ", this library knows up to " +
                                         std::to_string(lake_marker::newest_format));
  }
  if (!version || *version < 1) return fail(errc::corrupt_index, "the lake's marker: format_version is missing or below 1");
  if (!lake_id || !pure::hex_decode_array<16>(*lake_id)) {
    return fail(errc::corrupt_index, "the lake's marker: lake_id is not 32 lower-case hex digits");
  }
  if (!name || !layout) return fail(errc::corrupt_index, "the lake's marker: name or layout is missing");
  if (!created || !pending_timeout || *pending_timeout < 1) {
    return fail(errc::corrupt_index, "the lake's marker: created or pending_timeout_ms is missing, or the timeout is below 1");
  }
  return lake_marker{std::move(*lake_id), std::move(*name), std::move(*layout), static_cast<int>(*version), *created, *pending_timeout};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_MARKER_HPP
