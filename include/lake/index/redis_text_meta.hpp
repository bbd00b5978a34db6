// Meta kept as one JSON text, as v2 clients keep it: taken apart at its top level, and merged. Knows no connection; values are never parsed.
// Format: a JSON object (RFC 8259) as Redis' Lua or this header writes it; an array, which v2 clients store too, counts as an object with
// the keys "1", "2", ... as they make of it.
#ifndef LAKE_INDEX_REDIS_TEXT_META_HPP
#define LAKE_INDEX_REDIS_TEXT_META_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/core/time_seq_parse.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/protocol/types.hpp>
#include <lake/pure/hex.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Unescaped key -> raw value, sorted by key bytes.
using text_meta_members = std::map<std::string, std::string, std::less<>>;

/// Walks one JSON text whose strings and brackets are taken to be well-formed; whatever is not ends it. Confined.
class text_meta_reader {
 public:
  explicit text_meta_reader(std::string_view from) : left_(from) {}

  /// The members, or nothing if this is neither an object nor an array.
  [[nodiscard]] std::optional<text_meta_members> read() {
    text_meta_members members;
    const bool object = take('{');
    if (!object && !take('[')) return std::nullopt;
    const char end = object ? '}' : ']';
    for (std::size_t place = 1; !take(end); ++place) {
      if (place > 1 && !take(',')) return std::nullopt;
      std::string key = std::to_string(place);
      if (object) {
        const std::optional<std::string_view> raw = raw_string();
        if (!raw || !take(':')) return std::nullopt;
        key = unescaped(*raw);
      }
      const std::string_view value = raw_value();
      if (value.empty()) return std::nullopt;
      members.insert_or_assign(std::move(key), std::string(value));
    }
    skip_blanks();
    return left_.empty() ? std::optional(std::move(members)) : std::nullopt;
  }

 private:
  void skip_blanks() { left_.remove_prefix((std::min)(left_.find_first_not_of(" \t\r\n"), left_.size())); }
  [[nodiscard]] bool take(char wanted) {
    skip_blanks();
    if (!left_.starts_with(wanted)) return false;
    left_.remove_prefix(1);
    return true;
  }
  /// How many bytes the string at the beginning has, quotes included; 0: none.
  [[nodiscard]] static std::size_t string_bytes(std::string_view from) {
    for (std::size_t i = 1; from.starts_with('"') && i < from.size(); ++i) {
      if (from[i] == '\\') ++i;
      else if (from[i] == '"') return i + 1;
    }
    return 0;
  }
  [[nodiscard]] std::optional<std::string_view> raw_string() {
    skip_blanks();
    const std::size_t bytes = string_bytes(left_);
    if (bytes == 0) return std::nullopt;
    const std::string_view inner = left_.substr(1, bytes - 2);
    left_.remove_prefix(bytes);
    return inner;
  }
  /// The value at the beginning, up to the comma or bracket that ends it.
  [[nodiscard]] std::string_view raw_value() {
    skip_blanks();
    std::size_t depth = 0;
    std::size_t i = 0;
    while (i < left_.size()) {
      const char c = left_[i];
      if (c == '"') {
        const std::size_t bytes = string_bytes(left_.substr(i));
        if (bytes == 0) return {};
        i += bytes;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++i;
    }
    std::string_view value = left_.substr(0, i);
    left_.remove_prefix(i);
    value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
    return value;
  }

  [[nodiscard]] static std::uint32_t code_unit(std::string_view digits) {
    std::uint32_t unit = 0;
    for (const char c : digits) unit = unit * 16 + static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    return unit;
  }
  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) return put(0xC0 | code >> 6U), put(0x80 | (code & 0x3FU));
    if (code < 0x10000) return put(0xE0 | code >> 12U), put(0x80 | (code >> 6U & 0x3FU)), put(0x80 | (code & 0x3FU));
    put(0xF0 | code >> 18U), put(0x80 | (code >> 12U & 0x3FU)), put(0x80 | (code >> 6U & 0x3FU)), put(0x80 | (code & 0x3FU));
  }
  [[nodiscard]] static std::string unescaped(std::string_view raw) {
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\' || i + 1 == raw.size()) {
        out += raw[i];
        continue;
      }
      const char kind = raw[++i];
      const std::size_t simple = std::string_view("bfnrt").find(kind);
      if (simple != std::string_view::npos) {
        out += "\b\f\n\r\t"[simple];
      } else if (kind == 'u' && raw.size() - i > 4) {
        std::uint32_t code = code_unit(raw.substr(i + 1, 4));
        i += 4;
        const bool paired = code >= 0xD800 && code < 0xDC00 && raw.substr(i + 1).starts_with("\\u") && raw.size() - i > 6;
        const std::uint32_t second = paired ? code_unit(raw.substr(i + 3, 4)) : 0;
        if (second >= 0xDC00 && second < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10U) + (second - 0xDC00);
          i += 6;
        }
        append_utf8(out, code);
      } else {
        out += kind;
      }
    }
    return out;
  }

  std::string_view left_;
};

/// The members of a meta text; an empty text has none. Errors: corrupt_index.
[[nodiscard]] inline result<text_meta_members> read_text_meta(std::string_view stored) {
  if (stored.empty()) return text_meta_members{};
  std::optional<text_meta_members> members = text_meta_reader(stored).read();
  if (!members) return lake::error{errc::corrupt_index, {}, {}, "the meta " + in_quotes(stored.substr(0, 80)) + " is no JSON object"};
  return *std::move(members);
}

/// The members as one text, keys sorted by bytes.
[[nodiscard]] inline std::string write_text_meta(const text_meta_members& members) {
  std::string out = "{";
  for (const auto& [key, value] : members) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (std::size_t i = 0; i < key.size(); ++i) {
      const auto c = static_cast<std::uint8_t>(key[i]);
      if (c < 0x20) {
        out += "\\u00";
        pure::append_hex_byte(out, c);
      } else if (c == 0xED && key.size() - i > 2 && static_cast<std::uint8_t>(key[i + 1]) >= 0xA0) {
        // A surrogate without its other half, which only the escape can say.
        const auto unit = static_cast<std::uint32_t>(0xD000U | (static_cast<std::uint8_t>(key[i + 1]) & 0x3FU) << 6U |
                                                     (static_cast<std::uint8_t>(key[i + 2]) & 0x3FU));
        out += "\\u";
        pure::append_hex_byte(out, static_cast<std::uint8_t>(unit >> 8U));
        pure::append_hex_byte(out, static_cast<std::uint8_t>(unit & 0xFFU));
        i += 2;
      } else {
        if (c == '"' || c == '\\') out += '\\';
        out += key[i];
      }
    }
    out += "\":";
    out += value;
  }
  return out += '}';
}

/// What a second try of `commit` sends: what the first one found, and the text to put in its place.
struct redis_text_meta {
  std::string known;
  std::string setters;  ///< The ids that set the keys last, joined by a blank.
  std::string merged;
};

/// Merges what a commit brings into what is there: a key that a greater id has set stays. Errors: corrupt_index.
[[nodiscard]] inline result<redis_text_meta> merge_text_meta(redis_view answer, const commit_args& args) {
  redis_text_meta out;
  out.known = answer[1].text();
  result<text_meta_members> members = read_text_meta(out.known);
  if (!members) return std::move(members).error();
  for (std::size_t i = 0; i < args.meta.size(); ++i) {
    const std::string_view stored = answer[2][i].text();
    if (i > 0) out.setters += ' ';
    out.setters += stored;
    const result<time_seq> setter = time_seq::parse(stored);
    if (!setter) return lake::error{errc::corrupt_index, {}, std::string(args.catalog), "the setter of a key of meta is no id"}.because(setter.error());
    if (*setter <= args.ids.first) members->insert_or_assign(std::string(args.meta[i].key), std::string(args.meta[i].value));
  }
  out.merged = write_text_meta(*members);
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_TEXT_META_HPP
