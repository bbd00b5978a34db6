// Reads JSON text forward, member by member, without taking values apart. Knows no delta; never reads past the end.
#ifndef LAKE_MERGE_SPARSE_READER_HPP
#define LAKE_MERGE_SPARSE_READER_HPP

#include <lake/config.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/skip.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

#if defined(__x86_64__) && defined(__GNUC__)
/// Of sixteen bytes, those that are a quote or a backslash, one bit each, the first lowest.
[[nodiscard]] inline unsigned string_stops(const char* at) noexcept {
  using bytes = char __attribute__((vector_size(16)));
  bytes some;
  std::memcpy(&some, at, sizeof some);
  return static_cast<unsigned>(__builtin_ia32_pmovmskb128(static_cast<bytes>((some == (bytes{} + '"')) | (some == (bytes{} + '\\')))));
}

/// What of sixteen bytes opens, closes or quotes, one bit each.
struct flat_stops {
  unsigned closes;
  unsigned others;

  explicit flat_stops(const char* at) noexcept {
    using bytes = char __attribute__((vector_size(16)));
    bytes some;
    std::memcpy(&some, at, sizeof some);
    const bytes folded = some | (bytes{} + ' ');
    closes = static_cast<unsigned>(__builtin_ia32_pmovmskb128(static_cast<bytes>(folded == (bytes{} + '}'))));
    others = static_cast<unsigned>(__builtin_ia32_pmovmskb128(static_cast<bytes>((folded == (bytes{} + '{')) | (some == (bytes{} + '"')))));
  }
  /// True if the container that the bytes are in ends among them, and nothing in it opens or quotes.
  [[nodiscard]] bool flat() const noexcept { return closes != 0 && (others & ((closes & (0 - closes)) - 1)) == 0; }
};
#endif

/// The first quote or backslash from `at` on; `end` if there is none.
[[nodiscard]] inline const char* string_stop(const char* at, const char* end) noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
  for (; end - at >= 16; at += 16) {
    if (const unsigned stops = string_stops(at); stops != 0) return at + __builtin_ctz(stops);
  }
#endif
  while (at < end && *at != '"' && *at != '\\') ++at;
  return at;
}

/// One past the number or word at `at`: the first comma, closing bracket or byte up to the space. What it says is not looked at.
[[nodiscard]] inline const char* word_stop(const char* at, const char* end) noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
  using unsigned_bytes = unsigned char __attribute__((vector_size(16)));
  for (; end - at >= 16; at += 16) {
    unsigned_bytes some;
    std::memcpy(&some, at, sizeof some);
    using bytes = char __attribute__((vector_size(16)));
    const auto every = [](char c) { return unsigned_bytes{} + static_cast<unsigned char>(c); };
    const auto found = (some == every(',')) | ((some | every(' ')) == every('}')) | (some <= every(' '));
    const int stops = __builtin_ia32_pmovmskb128(bytes(found));
    if (stops != 0) return at + __builtin_ctz(static_cast<unsigned>(stops));
  }
#endif
  while (at < end && *at != ',' && *at != '}' && *at != ']' && static_cast<unsigned char>(*at) > ' ') ++at;
  return at;
}

/// A string without its quotes.
[[nodiscard]] inline std::string_view inside(std::string_view quoted_text) noexcept { return {quoted_text.data() + 1, quoted_text.size() - 2}; }

/// A place in a text. Confined to one call; views the text. Functions that return false have found the text broken.
struct reader {
  const char* at;
  const char* end;
  const skipper* skip;
  std::size_t peak = 0;  ///< Upper bound of the containers open at once in the values passed over, with those around them.

  __attribute__((always_inline)) void spaces() noexcept {
    if (at != end && static_cast<unsigned char>(*at) <= ' ') [[unlikely]] at = behind_spaces(at, end);
  }

  [[nodiscard]] bool is(char c) const noexcept { return at < end && *at == c; }
  [[nodiscard]] bool take(char c) noexcept {
    if (!is(c)) return false;
    ++at;
    return true;
  }

  /// Passes over the string whose opening quote is here. `plain`: it has no escapes.
  [[nodiscard]] __attribute__((always_inline)) bool string(bool& plain) noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
    if (end - at > 16) [[likely]] {
      const unsigned stops = string_stops(at + 1);
      if (stops != 0 && at[1 + __builtin_ctz(stops)] == '"') [[likely]] {
        at += 2 + __builtin_ctz(stops);
        plain = true;
        return true;
      }
    }
#endif
    const string_end found = end_of(at, end, *skip);
    if (found.at == nullptr) return false;
    at = found.at;
    plain = found.plain;
    return true;
  }
  [[nodiscard]] __attribute__((always_inline)) bool word() noexcept {
    const char* const begin = at;
    at = word_stop(at, end);
    return at != begin;
  }
  [[nodiscard]] __attribute__((always_inline)) bool container(std::size_t depth) noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
    if (end - at > 16) {
      const flat_stops stops(at + 1);
      if (stops.flat()) {
        at += 2 + __builtin_ctz(stops.closes);
        peak = (std::max)(peak, depth + 1);
        return true;
      }
    }
#endif
    const container_end found = skip->container(at, end);
    if (found.at == nullptr) return false;
    peak = (std::max)(peak, depth + found.peak);
    at = found.at;
    return true;
  }

  /// Passes over the value here, which has `depth` containers around it.
  [[nodiscard]] __attribute__((always_inline)) bool value(std::size_t depth) noexcept {
    bool plain = true;
    return value(depth, plain);
  }
  /// The same; `plain`: it is no string with escapes.
  [[nodiscard]] __attribute__((always_inline)) bool value(std::size_t depth, bool& plain) noexcept {
    if (at == end) return false;
    if (*at == '"') return string(plain);
    if (*at == '{' || *at == '[') return container(depth);
    return word();
  }

  /// Passes over a key, its colon and the white space up to the value. `key` has its quotes.
  [[nodiscard]] __attribute__((always_inline)) bool key(std::string_view& key, bool& plain) noexcept {
    const char* const begin = at;
    if (!is('"') || !string(plain)) return false;
    key = {begin, static_cast<std::size_t>(at - begin)};
    spaces();
    if (!take(':')) return false;
    spaces();
    return true;
  }

 private:
  // What is seldom needed takes and gives positions, not the reader, so that a reader stays in registers.

  /// One past a string; null if it does not end.
  struct string_end {
    const char* at;
    bool plain;
  };
  [[nodiscard]] __attribute__((noinline)) static string_end end_of(const char* at, const char* end, const skipper& skip) noexcept {
    constexpr std::ptrdiff_t near_bytes = 64;
    const char* const stop = string_stop(at + 1, end - at > near_bytes ? at + near_bytes : end);
    if (stop < end && *stop == '"') return {stop + 1, true};
    const char* const behind = skip.string(stop, end);
    return {behind, behind != nullptr && std::memchr(stop, '\\', static_cast<std::size_t>(behind - stop)) == nullptr};
  }
  [[nodiscard]] __attribute__((noinline)) static const char* behind_spaces(const char* at, const char* end) noexcept {
    constexpr std::uint64_t blanks = 0x2020202020202020u;
    for (std::uint64_t eight = blanks; end - at > 8; at += 8) {
      std::memcpy(&eight, at + 1, sizeof eight);
      if (!is_space(*at) || eight != blanks) break;
    }
    while (at < end && is_space(*at)) ++at;
    return at;
  }
};

/// Where the member or element before the one at `at` ends: behind its value, before the white space and the comma between them.
/// `at` itself, less white space, where there is no comma: it is the first. Never goes below `begin`, the container's bracket.
[[nodiscard]] inline const char* end_before(const char* begin, const char* at) noexcept {
  const auto back = [begin](const char* from) {
    while (from > begin + 1 && is_space(from[-1])) --from;
    return from;
  };
  at = back(at);
  return at > begin + 1 && at[-1] == ',' ? back(at - 1) : at;
}

/// Where the next member or element begins behind the one that ends at `at`; null if it is the last.
[[nodiscard]] inline const char* begin_behind(const char* at, const char* end) noexcept {
  reader text{at, end, nullptr};
  text.spaces();
  if (!text.take(',')) return nullptr;
  text.spaces();
  return text.at;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_READER_HPP
