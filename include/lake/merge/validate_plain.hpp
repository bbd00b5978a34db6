// The plain check of JSON text, one byte after another: it runs everywhere, names every fault, and has the last word.
// Knows no delta and no vector instruction. Format: RFC 8259, and what design and specification add (see validate.hpp).
#ifndef LAKE_MERGE_VALIDATE_PLAIN_HPP
#define LAKE_MERGE_VALIDATE_PLAIN_HPP

#include <lake/config.hpp>
#include <lake/merge/number.hpp>
#include <lake/merge/scan.hpp>
#include <lake/pure/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// What a check found: `reason` is null if the text is JSON, else it belongs to the byte at `offset`.
struct findings {
  const char* reason = nullptr;
  std::size_t offset = 0;
  std::size_t height = 0;  ///< Most containers open at once.
};

/// A stack of bits, "the open container is an object", that allocates below 64 levels only.
class bracket_stack {
 public:
  [[nodiscard]] std::size_t depth() const noexcept { return depth_; }
  [[nodiscard]] bool in_object() const noexcept { return (bits_ & 1u) != 0; }
  void push(bool object) {
    if (depth_ != 0 && depth_ % 64 == 0) spilled_.push_back(bits_);
    bits_ = (bits_ << 1) | (object ? 1u : 0u);
    ++depth_;
  }
  void pop() noexcept {
    --depth_;
    bits_ >>= 1;
    if (depth_ != 0 && depth_ % 64 == 0) {
      bits_ = spilled_.back();
      spilled_.pop_back();
    }
  }

 private:
  std::uint64_t bits_ = 0;
  std::size_t depth_ = 0;
  std::vector<std::uint64_t> spilled_;
};

/// True for the bytes that a string is not run over: the quote, the backslash and, in the strict check, control bytes and what is not ASCII.
template <bool Strict>
inline constexpr std::array<bool, 256> stops_string = [] {
  std::array<bool, 256> table{};
  table[static_cast<std::size_t>('"')] = true;
  table[static_cast<std::size_t>('\\')] = true;
  if (Strict) {
    for (std::size_t byte = 0; byte < 0x20; ++byte) table[byte] = true;
    for (std::size_t byte = 0x80; byte < 0x100; ++byte) table[byte] = true;
  }
  return table;
}();

/// True if one of eight bytes may stop a string. May err towards true.
template <bool Strict>
[[nodiscard]] inline bool may_stop(std::uint64_t block) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t tops = 0x8080808080808080u;
  const std::uint64_t quote = block ^ (ones * 0x22u);
  const std::uint64_t slash = block ^ (ones * 0x5Cu);
  std::uint64_t hits = ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
  if (Strict) hits |= block | (block - ones * 0x20u);
  return (hits & tops) != 0;
}

/// The check itself. `Strict` adds to the grammar: UTF-8 and no control bytes in strings, surrogate pairs, the range of double. Confined to one call.
template <bool Strict>
class checker {
 public:
  checker(std::string_view input, std::size_t max_depth) noexcept : json_(input), max_depth_(max_depth) {}

  [[nodiscard]] findings run() {
    wanted now = wanted::value;
    for (;;) {
      at_ = skip_space(json_, at_);
      if (at_ == json_.size()) break;
      switch (now) {
        case wanted::value:
        case wanted::first_item: now = read_value(now == wanted::first_item); break;
        case wanted::key:
        case wanted::first_key: now = read_key(now == wanted::first_key); break;
        case wanted::colon: now = json_[at_] == ':' ? pass(wanted::value) : stop("expected ':'"); break;
        case wanted::comma: now = read_comma(); break;
        case wanted::nothing: break;
      }
      if (now == wanted::nothing) return found_;
    }
    if (now != wanted::comma || open_.depth() != 0) stop(json_.empty() ? "the text is empty" : "the text ends too early");
    return found_;
  }

 private:
  enum class wanted { value, first_item, key, first_key, colon, comma, nothing };

  wanted stop(const char* reason) noexcept { return stop_at(reason, at_); }
  wanted stop_at(const char* reason, std::size_t offset) noexcept {
    found_.reason = reason;
    found_.offset = offset;
    return wanted::nothing;
  }
  wanted pass(wanted then) noexcept {
    ++at_;
    return then;
  }
  wanted close() noexcept {
    open_.pop();
    return pass(wanted::comma);
  }

  wanted open(bool object) {
    if (open_.depth() >= max_depth_) return stop("too many open containers");
    open_.push(object);
    found_.height = (std::max)(found_.height, open_.depth());
    return pass(object ? wanted::first_key : wanted::first_item);
  }

  wanted read_value(bool may_close) {
    switch (json_[at_]) {
      case '{': return open(true);
      case '[': return open(false);
      case ']': return may_close ? close() : stop("expected a value");
      case '"': return read_string() ? wanted::comma : wanted::nothing;
      case 't': return read_word("true");
      case 'f': return read_word("false");
      case 'n': return read_word("null");
      default: return read_number();
    }
  }

  wanted read_key(bool may_close) {
    if (json_[at_] == '}' && may_close) return close();
    if (json_[at_] != '"') return stop(may_close ? "expected a key or '}'" : "expected a key");
    return read_string() ? wanted::colon : wanted::nothing;
  }

  wanted read_comma() {
    if (open_.depth() == 0) return stop("text after the value");
    const bool object = open_.in_object();
    if (json_[at_] == ',') return pass(object ? wanted::key : wanted::value);
    if (json_[at_] == (object ? '}' : ']')) return close();
    return stop(object ? "expected ',' or '}'" : "expected ',' or ']'");
  }

  wanted read_word(std::string_view word) {
    if (json_.substr(at_, word.size()) != word) return stop("no JSON value");
    at_ += word.size();
    return wanted::comma;
  }

  bool digits() noexcept {
    const std::size_t begin = at_;
    while (at_ < json_.size() && is_digit(json_[at_])) ++at_;
    return at_ != begin;
  }

  wanted read_number() {
    const std::size_t begin = at_;
    if (json_[at_] == '-') ++at_;
    if (at_ == begin && !is_digit(json_[at_])) {
      return stop(begin == 0 && json_.substr(0, 3) == "\xEF\xBB\xBF" ? "a byte order mark is no JSON" : "expected a value");
    }
    const std::size_t whole = at_;
    if (!digits()) return stop("expected a digit");
    if (json_[whole] == '0' && at_ - whole > 1) return stop_at("a number must not begin with 0", whole);
    bool check_range = at_ - whole > 308;
    if (at_ < json_.size() && json_[at_] == '.') {
      ++at_;
      if (!digits()) return stop("expected a digit");
    }
    if (at_ < json_.size() && (json_[at_] == 'e' || json_[at_] == 'E')) {
      ++at_;
      if (at_ < json_.size() && (json_[at_] == '+' || json_[at_] == '-')) ++at_;
      if (!digits()) return stop("expected a digit");
      check_range = true;
    }
    if (Strict && check_range && overflows_double(json_.substr(begin, at_ - begin))) {
      return stop_at("the number is beyond the range of a double", begin);
    }
    return wanted::comma;
  }

  /// Reads the string at the quote; false after a fault.
  bool read_string() {
    const std::size_t begin = at_++;
    for (;;) {
      skip_plain();
      if (at_ == json_.size()) return stop_at("the string has no end", begin), false;
      const char c = json_[at_];
      if (c == '"') return ++at_, true;
      if (c == '\\') {
        if (!read_escape()) return false;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return stop("a control byte in a string must be escaped"), false;
      } else {
        const std::size_t length = pure::utf8_sequence_length(json_.substr(at_));
        if (length == 0) return stop("not UTF-8"), false;
        at_ += length;
      }
    }
  }

  void skip_plain() noexcept {
    std::uint64_t block = 0;
    while (json_.size() - at_ >= sizeof block) {
      std::memcpy(&block, json_.data() + at_, sizeof block);
      if (may_stop<Strict>(block)) break;
      at_ += sizeof block;
    }
    while (at_ < json_.size() && !stops_string<Strict>[static_cast<unsigned char>(json_[at_])]) ++at_;
  }

  bool read_escape() {
    const char what = at_ + 1 < json_.size() ? json_[at_ + 1] : '\0';
    if (what != 'u') {
      constexpr std::string_view known = "\"\\/bfnrt";
      if (what == '\0' || known.find(what) == npos) return stop("no such escape"), false;
      at_ += 2;
      return true;
    }
    const std::size_t unit = hex4(json_, at_ + 2);
    if (unit == npos) return stop("\\u needs four hexadecimal digits"), false;
    if (Strict && is_low_surrogate(unit)) return stop("a lone low surrogate"), false;
    if (Strict && is_high_surrogate(unit)) {
      const std::size_t low = json_.substr(at_ + 6, 2) == "\\u" ? hex4(json_, at_ + 8) : npos;
      if (low == npos || !is_low_surrogate(low)) return stop("a lone high surrogate"), false;
      at_ += 6;
    }
    at_ += 6;
    return true;
  }

  std::string_view json_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
  bracket_stack open_;
  findings found_;
};

/// The offset of a key that its object has had before (unescaped); npos if there is none. `input` has been checked.
/// Complexity: linear but for sorting the keys of each object.
[[nodiscard]] inline std::size_t duplicate_key_offset(std::string_view input) {
  using spot = std::pair<std::string_view, std::size_t>;
  std::vector<spot> keys;
  std::vector<std::size_t> starts;  // where the keys of each open container begin
  std::deque<std::string> unescaped;
  std::size_t found = npos;
  for (std::size_t at = 0; at < input.size();) {
    const char c = input[at];
    if (c == '"') {
      const std::size_t begin = at;
      at = string_end(input, at);
      if (at == npos) break;
      const std::size_t after = skip_space(input, at);
      if (after >= input.size() || input[after] != ':') continue;
      const std::string_view key = input.substr(begin, at - begin);
      keys.emplace_back(is_plain(key) ? key.substr(1, key.size() - 2) : meaning(key, unescaped.emplace_back()), begin);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') starts.push_back(keys.size());
    if ((c != '}' && c != ']') || starts.empty()) continue;
    const auto own = keys.begin() + static_cast<std::ptrdiff_t>(starts.back());
    std::sort(own, keys.end());
    for (auto key = own; key != keys.end() && key + 1 != keys.end(); ++key) {
      if (key->first == (key + 1)->first) found = (std::min)(found, (key + 1)->second);
    }
    keys.erase(own, keys.end());
    starts.pop_back();
  }
  return found;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_VALIDATE_PLAIN_HPP
