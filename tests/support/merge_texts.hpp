// Random JSON texts for the merge tests, drawn from a seed or from a fuzzer's bytes. Small alphabets, so that names meet; values that
// are longer than a block of vector instructions, so that blocks end anywhere. Knows no engine and no test framework.
#ifndef LAKE_TESTS_SUPPORT_MERGE_TEXTS_HPP
#define LAKE_TESTS_SUPPORT_MERGE_TEXTS_HPP

#include <lake/merge/scan.hpp>
#include <lake/pure/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

/// Numbers that follow from a seed (splitmix64).
class seeded_numbers {
 public:
  explicit seeded_numbers(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t limit) {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::size_t>((mixed ^ (mixed >> 31)) % limit);
  }

 private:
  std::uint64_t state_;
};

/// Numbers that are spelled by bytes: what a fuzzer changes. Zeros behind the last byte. Lifetime: views the bytes.
class spelled_numbers {
 public:
  explicit spelled_numbers(std::string_view bytes) : bytes_(bytes) {}
  std::size_t below(std::size_t limit) {
    std::size_t number = 0;
    for (std::size_t range = 1; range < limit && !bytes_.empty(); range *= 256) {
      number = number * 256 + static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
    }
    return number % limit;
  }

 private:
  std::string_view bytes_;
};

/// How texts are written. A plain value.
struct text_style {
  std::size_t space = 0;    ///< 0: none; 1: a little; 2: much; 3: now and then more than a block of it.
  bool duplicates = false;  ///< Objects may have several members of one name.
  bool odd = false;         ///< Strings and numbers that the grammar has and a strict reader refuses.
  bool wide = false;        ///< Some objects and arrays have many children.
};

/// Writes texts. `Numbers` has `below(limit)`.
template <class Numbers>
class text_writer {
 public:
  explicit text_writer(Numbers numbers) : numbers_(std::move(numbers)) {}

  text_style style;

  std::size_t below(std::size_t limit) { return numbers_.below(limit); }
  /// True once in `n` times; false where a fuzzer's bytes have run out.
  bool one_in(std::size_t n) { return below(n) + 1 == n; }
  template <std::size_t N>
  std::string_view one_of(const std::string_view (&some)[N]) {
    return some[below(N)];
  }

  std::string space() {
    static constexpr std::string_view some[] = {"", " ", "", "\n", "  ", "\t ", "\r\n  ", "\n    "};
    if (style.space == 0 || (style.space == 1 && !one_in(3))) return {};
    if (style.space == 3 && one_in(16)) return std::string(below(150), ' ');
    return std::string(one_of(some));
  }

  /// A member's name, unescaped. Half of them can stand in a path.
  std::string name() {
    static constexpr std::string_view some[] = {"a", "b", "c", "d", "a", "b", "$", "a.b", "é", "m~n", "a/b", "", "0", "1", "-", "~1", "q\"\\", "\xF0\x9F\x98\x80", "\n"};
    static constexpr std::string_view odd[] = {"\xED\xA0\x80", "\xED\xB0\x80", "\xff"};
    if (style.odd && one_in(6)) return std::string(one_of(odd));
    if (one_in(40)) return std::string(one_in(2) ? 60 + below(12) : below(220), 'k');
    if (style.wide && one_in(3)) return "w" + std::to_string(below(60));
    return std::string(one_of(some));
  }

  /// A JSON string that means `plain`, spelled with more escapes than need be: none, many, or now and then one.
  std::string spelled(std::string_view plain) {
    const std::size_t mood = below(4);
    const std::size_t seldom = mood == 0 ? 2 : 60;
    std::string out = "\"";
    for (std::size_t at = 0; at < plain.size();) {
      const char c = plain[at];
      const bool must = c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
      if (must || (mood < 2 && one_in(seldom))) {
        at = put_escape(out, plain, at);
      } else {
        out += c;
        ++at;
      }
    }
    return out + '"';
  }

  std::string scalar() {
    static constexpr std::string_view some[] = {"0", "1", "1.0", "-0", "1e2", "10", "-1.5E-7", "12345678901234567890123", "true", "false", "null", "\"\"", "\"x\"",
                                                R"("\"\\")", R"("\u00e9]}")", R"("{[,:")", R"("\\")"};
    static constexpr std::string_view odd[] = {R"("\ud800")", R"("\udC00\uD800")", "\"\x01\"", "\"\xff\"", "\"\xED\xA0\x80\"", "1e400"};
    if (style.odd && one_in(4)) return std::string(one_of(odd));
    if (one_in(8)) return long_string();
    return std::string(one_of(some));
  }

  /// The text of a value, without white space around it.
  std::string value(std::size_t depth) {
    const std::size_t what = depth == 0 ? 0 : below(5);
    if (what < 2) return scalar();
    return what == 2 ? array(depth) : object(depth);
  }
  std::string array(std::size_t depth) {
    std::string out = "[" + space();
    for (std::size_t i = 0, count = children(); i < count; ++i) out += (i == 0 ? "" : "," + space()) + value(depth - 1) + space();
    return out + "]";
  }
  std::string object(std::size_t depth) {
    return members([this, depth] { return value(depth - 1); });
  }
  /// An object of many members, most of them short.
  std::string wide_object() {
    std::string out = "{" + space();
    for (std::size_t i = 0, count = 20 + below(50); i < count; ++i) {
      out += (i == 0 ? "" : "," + space()) + spelled("w" + std::to_string(i)) + space() + ":" + space() + (one_in(3) ? value(2) : scalar()) + space();
      if (one_in(10)) out += "," + spelled(std::string(below(220), 'l') + std::to_string(i)) + ":" + space() + value(1);
    }
    return out + "}";
  }
  /// A merge patch that is an object: nulls, patches in it, and values.
  std::string merge_patch(std::size_t depth) {
    return members([this, depth] {
      const std::size_t what = below(5);
      if (what < 2) return std::string("null");
      return depth > 1 && what < 4 ? merge_patch(depth - 1) : value(depth - 1);
    });
  }

 private:
  std::size_t children() { return style.wide && one_in(10) ? 14 + below(12) : below(5); }

  template <class Value>
  std::string members(Value value_of_one) {
    std::string out = "{" + space();
    std::vector<std::string> used;
    for (std::size_t i = 0, count = children(); i < count; ++i) {
      std::string chosen = name();
      if (!(style.duplicates && one_in(2)) && std::find(used.begin(), used.end(), chosen) != used.end()) continue;
      out += (used.empty() ? "" : "," + space()) + spelled(chosen) + space() + ":" + space() + value_of_one() + space();
      used.push_back(std::move(chosen));
    }
    return out + "}";
  }

  /// Up to some blocks of characters, with runs of backslashes, escaped quotes and brackets in it.
  std::string long_string() {
    static constexpr std::string_view some[] = {"\\\\", "\\\"", "{", "}", "[", "]", ",", ":", "\\\\\\\\", "\\u0022", "é", "\\n"};
    std::string out = "\"";
    for (std::size_t i = below(12); i > 0; --i) {
      if (one_in(2)) {
        out += std::string(below(70), 'x');
      } else {
        const std::string_view piece = one_of(some);
        for (std::size_t times = 1 + below(6); times > 0; --times) out += piece;
      }
    }
    return out + '"';
  }

  void put_unit(std::string& out, std::size_t unit) {
    const std::string_view digits = one_in(2) ? "0123456789ABCDEF" : "0123456789abcdef";
    out += "\\u";
    for (const std::size_t shift : {12u, 8u, 4u, 0u}) out += digits[(unit >> shift) & 15u];
  }

  /// Writes the character at `at` as an escape, and returns the offset behind it. Bytes that are not UTF-8 stay as they are, but for the
  /// pattern of a lone surrogate, which an escape spells too.
  std::size_t put_escape(std::string& out, std::string_view plain, std::size_t at) {
    static constexpr std::string_view shorts = "\"\\/\b\f\n\r\t";
    const auto byte = [&plain, at](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(plain[at + i])); };
    const std::size_t known = shorts.find(plain[at]);
    if (known != std::string_view::npos && one_in(2)) {
      out += '\\';
      out += "\"\\/bfnrt"[known];
      return at + 1;
    }
    const std::string_view rest = plain.substr(at);
    const bool surrogate = rest.size() >= 3 && byte(0) == 0xED && byte(1) >= 0xA0;
    const std::size_t length = surrogate ? 3 : lake::pure::utf8_sequence_length(rest);
    if (length == 0) {
      out += plain[at];
      return at + 1;
    }
    std::size_t point = length == 1 ? byte(0) : byte(0) & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) point = (point << 6) | (byte(i) & 0x3Fu);
    if (point >= 0x10000) {
      put_unit(out, 0xD800 + ((point - 0x10000) >> 10));
      put_unit(out, 0xDC00 + ((point - 0x10000) & 0x3FFu));
    } else {
      put_unit(out, point);
    }
    return at + length;
  }

  Numbers numbers_;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_MERGE_TEXTS_HPP
