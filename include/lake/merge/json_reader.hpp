// JSON text taken apart for those who build values of it: tokens, and each container as it closes. Knows no JSON library.
// Format: RFC 8259, read as nlohmann::json 3.11 reads it: kinds of numbers, duplicate keys, what is taken and what refused.
#ifndef LAKE_MERGE_JSON_READER_HPP
#define LAKE_MERGE_JSON_READER_HPP

#include <lake/config.hpp>
#include <lake/merge/number.hpp>
#include <lake/merge/scan.hpp>
#include <lake/pure/utf8.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// What a json_token is. `plain` and `escaped` are strings; an `escaped` one has escapes, which have been checked.
enum class token_kind : std::uint8_t { null, no, yes, natural, negative, real, plain, escaped, container };

/// A key or a value that waits for its container to close. Sixteen bytes without a destructor: cheap to pile up and to drop.
struct json_token {
  union payload {
    std::uint64_t natural;  ///< natural; container: its number, as `replace` was told.
    std::int64_t negative;
    double real;
    const char* begin;  ///< plain, escaped: what stands behind the quote.
  };
  payload value;
  std::uint64_t tag;  ///< The kind in the low byte, above it the bytes of a string.

  [[nodiscard]] static json_token string(token_kind kind, const char* begin, const char* end) noexcept {
    return {{.begin = begin}, (static_cast<std::uint64_t>(end - begin) << 8) | static_cast<std::uint64_t>(kind)};
  }
  [[nodiscard]] token_kind kind() const noexcept { return static_cast<token_kind>(tag & 0xFFu); }
  [[nodiscard]] std::string_view inside() const noexcept { return {value.begin, static_cast<std::size_t>(tag >> 8)}; }
};

/// Looks at many bytes at once, where the compiler knows how; their number if none of them is what is looked for.
struct byte_run {
  static constexpr std::size_t plain_width = 32, space_width = 16;  // Most strings end within 32 bytes: a branch easy to foresee.
#if defined(__x86_64__) && defined(__GNUC__)
  using bytes = signed char __attribute__((vector_size(16)));

  /// The first byte that a string is not run over: quote, backslash, control byte, not ASCII (as a signed number below the space too).
  [[nodiscard]] static std::size_t plain(const char* at) noexcept {
    const auto odd = [](bytes some) { return bits((some == bytes{} + '"') | (some == bytes{} + '\\') | (some < bytes{} + ' ')); };
    return first(odd(load(at)) | (odd(load(at + 16)) << 16) | (std::uint64_t{1} << plain_width));
  }
  /// The first byte that is no white space.
  [[nodiscard]] static std::size_t space(const char* at) noexcept {
    const bytes some = load(at);
    const bytes blank = (some == bytes{} + ' ') | (some == bytes{} + '\n') | (some == bytes{} + '\r') | (some == bytes{} + '\t');
    return first(~bits(blank));  // The bits above the sixteen become ones.
  }

 private:
  using chars = char __attribute__((vector_size(16)));
  [[nodiscard]] static bytes load(const char* at) noexcept {
    bytes some;
    std::memcpy(&some, at, sizeof some);
    return some;
  }
  [[nodiscard]] static std::uint64_t bits(bytes hits) noexcept {
    return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<chars>(hits)));
  }
  [[nodiscard]] static std::size_t first(std::uint64_t hits) noexcept { return static_cast<std::size_t>(std::countr_zero(hits)); }
#else
  [[nodiscard]] static std::size_t plain(const char* at) noexcept {
    const auto odd = [](char c) { return c == '"' || c == '\\' || static_cast<signed char>(c) < ' '; };
    return static_cast<std::size_t>(std::find_if(at, at + plain_width, odd) - at);
  }
  [[nodiscard]] static std::size_t space(const char* at) noexcept {
    return static_cast<std::size_t>(std::find_if_not(at, at + space_width, is_space) - at);
  }
#endif
};

/// Adds the digits at `at` to `digits`, which wraps around when there are too many; returns one past the last.
[[nodiscard]] inline const char* read_digits(const char* at, const char* end, std::uint64_t& digits) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t high = 0xF0F0F0F0F0F0F0F0u;
    std::uint64_t eight = 0;
    for (; end - at >= 8; at += 8) {
      std::memcpy(&eight, at, sizeof eight);
      if (((eight & high) | (((eight + 0x0606060606060606u) & high) >> 4)) != 0x3333333333333333u) break;
      // Neighbours join: eight digits become four pairs, two fours, one number.
      eight = (((eight & ~high) * (1 + (10 << 8))) >> 8) & 0x00FF00FF00FF00FFu;
      eight = ((eight * (1 + (100 << 16))) >> 16) & 0x0000FFFF0000FFFFu;
      eight = (eight * (1 + (std::uint64_t{10000} << 32))) >> 32;
      digits = digits * 100000000 + eight;
    }
  }
  for (; at != end && is_digit(*at); ++at) digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
  return at;
}

#if defined(__SIZEOF_INT128__)
/// Up to this many digits `nearest_quotient` takes.
inline constexpr std::size_t quotient_digits = 19;

/// The double nearest to `digits` / 10^`places`, for digits of at least 1 and at most 19 places. Exact: a division of whole
/// numbers gives ten bits more than a double has, and a bit for "there is a remainder" stands in for all that follow.
[[nodiscard]] inline double nearest_quotient(std::uint64_t digits, std::size_t places) noexcept {
  __extension__ typedef unsigned __int128 wide;
  static constexpr std::array<std::uint64_t, 20> powers = [] {
    std::array<std::uint64_t, 20> table{1};
    for (std::size_t i = 1; i < table.size(); ++i) table[i] = table[i - 1] * 10;
    return table;
  }();
  const int up = std::countl_zero(digits);
  const int down = std::countl_zero(powers[places]);
  const std::uint64_t divisor = powers[places] << down;
  const wide dividend = static_cast<wide>(digits << up) << 63;
  const auto quotient = static_cast<std::uint64_t>(dividend / divisor);  // at least 2^62, less than 2^64
  const std::uint64_t remainder = static_cast<std::uint64_t>(dividend) - quotient * divisor;
  const auto scale = std::bit_cast<double>(static_cast<std::uint64_t>(1023 - 63 + down - up) << 52);
  return static_cast<double>(quotient | (remainder != 0 ? 1u : 0u)) * scale;
}
#else
inline constexpr std::size_t quotient_digits = 0;
[[nodiscard]] inline double nearest_quotient(std::uint64_t, std::size_t) noexcept { return 0; }
#endif

/// The double nearest to a JSON number, zero or infinity where there is none nearer.
[[nodiscard]] inline double nearest_double(std::string_view number) noexcept {
  double found = 0;
  const auto status = std::from_chars(number.data(), number.data() + number.size(), found).ec;
  if (status != std::errc::result_out_of_range) return found;
  if (overflows_double(number)) return std::numeric_limits<double>::infinity();
  return number.front() == '-' ? -0.0 : 0.0;
}

/// The number that the four hexadecimal digits at `at` spell; negative if one of the four bytes is no such digit.
[[nodiscard]] inline int hex_unit(const char* at) noexcept {
  static constexpr std::array<signed char, 256> digits = [] {
    std::array<signed char, 256> table{};
    table.fill(-1);
    for (unsigned i = 0; i < 10; ++i) table['0' + i] = static_cast<signed char>(i);
    for (unsigned i = 10; i < 16; ++i) table['a' + i - 10] = table['A' + i - 10] = static_cast<signed char>(i);
    return table;
  }();
  const auto digit = [at](std::size_t i) { return int{digits[static_cast<unsigned char>(at[i])]}; };
  return digit(0) * 4096 | digit(1) * 256 | digit(2) * 16 | digit(3);
}

/// The bytes of the escape at the backslash, of a surrogate pair both; 0 if it is none that stands for a character.
[[nodiscard]] inline std::size_t escape_length(const char* at, const char* end) noexcept {
  if (end - at < 2) return 0;
  if (at[1] != 'u') return std::string_view("\"\\/bfnrt").find(at[1]) != npos ? 2 : 0;
  const int unit = end - at < 6 ? -1 : hex_unit(at + 2);
  if (unit < 0 || (unit & 0xFC00) == 0xDC00) return 0;
  if ((unit & 0xFC00) != 0xD800) return 6;
  const int low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? hex_unit(at + 8) : -1;
  return low >= 0 && (low & 0xFC00) == 0xDC00 ? 12 : 0;
}

/// Writes a code point as UTF-8; returns one past the last byte.
inline char* put_code_point(char* to, unsigned point) noexcept {
  const auto put = [&to](unsigned byte) { *to++ = static_cast<char>(static_cast<unsigned char>(byte)); };
  if (point < 0x80) return put(point), to;
  if (point < 0x800) return put(0xC0 | (point >> 6)), put(0x80 | (point & 0x3F)), to;
  if (point < 0x10000) put(0xE0 | (point >> 12));
  else put(0xF0 | (point >> 18)), put(0x80 | ((point >> 12) & 0x3F));
  return put(0x80 | ((point >> 6) & 0x3F)), put(0x80 | (point & 0x3F)), to;
}

/// Writes what stands between the quotes of a checked string, its escapes undone; returns one past the last byte. Never
/// writes more bytes than it reads.
inline char* undo_escapes(std::string_view inside, char* to) noexcept {
  while (!inside.empty()) {
    if (inside[0] != '\\') {
      const std::size_t run = (std::min)(inside.find('\\'), inside.size());
      std::memcpy(to, inside.data(), run);
      to += run;
      inside.remove_prefix(run);
    } else if (inside[1] != 'u') {
      *to++ = std::string_view("\"\\/\b\f\n\r\t")[std::string_view("\"\\/bfnrt").find(inside[1])];
      inside.remove_prefix(2);
    } else {
      auto point = static_cast<unsigned>(hex_unit(inside.data() + 2));
      const bool pair = (point & 0xFC00) == 0xD800;
      if (pair) point = 0x10000 + ((point - 0xD800) << 10) + (static_cast<unsigned>(hex_unit(inside.data() + 8)) - 0xDC00);
      to = put_code_point(to, point);
      inside.remove_prefix(pair ? 12 : 6);
    }
  }
  return to;
}

/// Takes JSON text apart and hands over each container as it closes. No recursion; never reads past the end.
/// Confined to one call. Lifetime: tokens view the text.
class token_reader {
 public:
  enum class event : std::uint8_t { array, object, finished, fault };

  explicit token_reader(std::string_view input) : begin_(input.data()), at_(begin_), end_(begin_ + input.size()) {
    tokens_.reserve(60);  // Less than a kilobyte: what most documents need, and what allocators have at hand.
    opens_.reserve(16);
    if (input.starts_with("\xEF\xBB\xBF")) at_ += 3;
  }

  /// Reads on until a container closes, whose tokens are then the children and must be replaced; until the value ends, which
  /// is then the only child; or up to a fault.
  [[nodiscard]] event next() {
    for (;;) {
      if (want_value_) {
        if (!read_value()) return event::fault;
        if (closed_) return close();
        if (want_value_) continue;
      }
      if (opens_.empty()) return read_end();
      skip_blanks();
      const char c = at_ != end_ ? *at_ : '\0';
      if (c == (in_object() ? '}' : ']')) return ++at_, close();
      if (c != ',') return fault(in_object() ? "expected ',' or '}'" : "expected ',' or ']'"), event::fault;
      ++at_;
      if (in_object() && !read_key()) return event::fault;
      want_value_ = true;
    }
  }

  /// The tokens of the container that has closed; of an object key and value in turn.
  [[nodiscard]] std::span<json_token> children() noexcept { return std::span(tokens_).subspan(first_); }
  /// Puts the container `number` in the place of the children.
  void replace(std::size_t number) {
    tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(first_), tokens_.end());
    push({.natural = number}, token_kind::container);
  }
  [[nodiscard]] const char* reason() const noexcept { return reason_; }
  [[nodiscard]] std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

 private:
  [[nodiscard]] bool in_object() const noexcept { return (opens_.back() & 1u) != 0; }

  bool fault_at(const char* at, const char* reason) noexcept { return at_ = at, reason_ = reason, false; }
  /// A fault where a token should be.
  bool fault(const char* reason) noexcept { return fault_at(at_, ends() ? "the text ends too early" : reason); }
  /// As for nlohmann's parser, a zero byte where a token should be is the end.
  [[nodiscard]] bool ends() const noexcept { return at_ == end_ || *at_ == '\0'; }

  bool push(json_token::payload value, token_kind kind) {
    return tokens_.push_back({value, static_cast<std::uint64_t>(kind)}), true;
  }

  bool push_string(token_kind kind, const char* begin, const char* end) {
    at_ = end + 1;
    return tokens_.push_back(json_token::string(kind, begin, end)), true;
  }

  event close() {
    const event what = in_object() ? event::object : event::array;
    first_ = opens_.back() >> 1;
    opens_.pop_back();
    closed_ = want_value_ = false;
    return what;
  }

  event read_end() {
    skip_blanks();
    first_ = 0;
    return ends() ? event::finished : (fault("text after the value"), event::fault);
  }

  void skip_blanks() noexcept {
    if (at_ == end_ || static_cast<unsigned char>(*at_) > ' ') return;
    if (*at_ == ' ' && end_ - at_ > 1 && static_cast<unsigned char>(at_[1]) > ' ') return static_cast<void>(++at_);
    while (static_cast<std::size_t>(end_ - at_) >= byte_run::space_width) {
      const std::size_t run = byte_run::space(at_);
      at_ += run;
      if (run < byte_run::space_width) return;
    }
    while (at_ != end_ && is_space(*at_)) ++at_;
  }

  bool read_value() {
    skip_blanks();
    const char c = at_ != end_ ? *at_ : '\0';
    if (c == '{' || c == '[') return open(c == '{' ? 1 : 0);
    want_value_ = false;
    if (c == '"') return read_string();
    if (c == 't') return read_word("true", token_kind::yes);
    if (c == 'f') return read_word("false", token_kind::no);
    if (c == 'n') return read_word("null", token_kind::null);
    return c == '-' || is_digit(c) ? read_number() : fault("expected a value");
  }

  bool open(std::size_t object) {
    opens_.push_back((tokens_.size() << 1) | object);
    ++at_;
    skip_blanks();
    closed_ = at_ != end_ && *at_ == (object != 0 ? '}' : ']');
    return closed_ ? (++at_, true) : object == 0 || read_key();
  }

  bool read_key() {
    skip_blanks();
    if (at_ == end_ || *at_ != '"') return fault("expected a key");
    if (!read_string()) return false;
    skip_blanks();
    if (at_ == end_ || *at_ != ':') return fault("expected ':'");
    ++at_;
    return true;
  }

  bool read_word(std::string_view word, token_kind kind) {
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) != word) return fault("no JSON value");
    at_ += word.size();
    return push({.natural = 0}, kind);
  }

  bool read_string() {
    const char* const begin = at_ + 1;
    if (static_cast<std::size_t>(end_ - begin) < byte_run::plain_width) return read_string(begin, begin);
    const char* const at = begin + byte_run::plain(begin);
    return at != begin + byte_run::plain_width && *at == '"' ? push_string(token_kind::plain, begin, at) : read_string(begin, at);
  }

  /// Reads the rest of a string that is plain up to `at`.
  bool read_string(const char* begin, const char* at) {
    token_kind kind = token_kind::plain;
    for (;;) {
      at = skip_plain(at);
      if (at == end_) return fault_at(begin - 1, "the string has no end");
      if (*at == '"') return push_string(kind, begin, at);
      std::size_t length = 0;
      if (*at == '\\') {
        kind = token_kind::escaped;
        length = escape_length(at, end_);
        if (length == 0) return fault_at(at, "no such escape, or half of a surrogate pair");
      } else {
        if (static_cast<unsigned char>(*at) < ' ') return fault_at(at, "a control byte in a string must be escaped");
        length = pure::utf8_sequence_length({at, static_cast<std::size_t>(end_ - at)});
        if (length == 0) return fault_at(at, "not UTF-8");
      }
      at += length;
    }
  }

  /// The first byte at `at` or behind that a string is not run over; the end if there is none.
  [[nodiscard]] const char* skip_plain(const char* at) const noexcept {
    // In text that is not ASCII, the next byte is not either: no block is worth looking at.
    if (at != end_ && static_cast<signed char>(*at) < ' ') return at;
    while (static_cast<std::size_t>(end_ - at) >= byte_run::plain_width) {
      const std::size_t run = byte_run::plain(at);
      at += run;
      if (run < byte_run::plain_width) return at;
    }
    while (at != end_ && *at != '"' && *at != '\\' && static_cast<signed char>(*at) >= ' ') ++at;
    return at;
  }

  bool read_number() {
    const char* const begin = at_;
    if (*at_ == '-') ++at_;
    if (at_ == end_ || !is_digit(*at_)) return fault("expected a digit");
    const char* const whole = at_;
    std::uint64_t digits = 0;
    at_ = *at_ == '0' ? at_ + 1 : read_digits(at_, end_, digits);
    const auto count = static_cast<std::size_t>(at_ - whole);
    if (at_ != end_ && (*at_ == '.' || *at_ == 'e' || *at_ == 'E')) return read_real(begin, digits, count);
    const bool fits = count < 20 || (count == 20 && std::from_chars(whole, at_, digits).ec == std::errc());
    if (fits && whole == begin) return push({.natural = digits}, token_kind::natural);
    if (fits && digits <= std::uint64_t{1} << 63) return push({.negative = static_cast<std::int64_t>(0 - digits)}, token_kind::negative);
    return push_real(begin);
  }

  /// Reads what follows the whole digits of a number: a fraction, an exponent.
  bool read_real(const char* begin, std::uint64_t digits, std::size_t count) {
    std::size_t places = 0;
    if (*at_ == '.') {
      const char* const point = at_++;
      at_ = read_digits(at_, end_, digits);
      places = static_cast<std::size_t>(at_ - point) - 1;
      if (places == 0) return fault("expected a digit");
    }
    if (at_ == end_ || (*at_ != 'e' && *at_ != 'E')) {
      if (count + places > quotient_digits || digits == 0) return push_real(begin);
      const double real = nearest_quotient(digits, places);
      return push({.real = *begin == '-' ? -real : real}, token_kind::real);
    }
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    const char* const exponent = at_;
    at_ = read_digits(at_, end_, digits);
    return at_ == exponent ? fault("expected a digit") : push_real(begin);
  }

  bool push_real(const char* begin) {
    const double real = nearest_double({begin, static_cast<std::size_t>(at_ - begin)});
    if (real > (std::numeric_limits<double>::max)()) return fault_at(begin, "the number is beyond the range of a double");
    return push({.real = real}, token_kind::real);
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* reason_ = nullptr;
  bool want_value_ = true;
  bool closed_ = false;
  std::size_t first_ = 0;
  std::vector<json_token> tokens_;
  std::vector<std::size_t> opens_;  ///< Of each open container the number of its first token, doubled, plus 1 for an object.
};

/// The keys of one object after another: do they ascend, and if not, what is their order? Confined to one call.
class key_sorter {
 public:
  struct entry {
    std::uint64_t lead;
    const json_token* key;
    const json_token* value;  ///< That of the last member of the name.
  };

  key_sorter() { entries_.reserve(40); }

  /// Takes the members of an object, key and value in turn, and undoes the escapes of the keys. True if they ascend in the
  /// order of their bytes, so that none is there twice.
  [[nodiscard]] bool ascend(std::span<json_token> members) {
    undo_all_escapes(members);
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < members.size(); i += 2) {
      const std::uint64_t lead = lead_of(members[i].inside());
      if (i != 0 && (lead < before || (lead == before && members[i].inside() <= members[i - 2].inside()))) return false;
      before = lead;
    }
    return true;
  }

  /// The keys of such members, each once, in the order of their bytes.
  [[nodiscard]] std::span<entry> sort(std::span<const json_token> members) {
    entries_.clear();
    for (std::size_t i = 0; i < members.size(); i += 2) entries_.push_back({lead_of(members[i].inside()), &members[i], &members[i + 1]});
    std::sort(entries_.begin(), entries_.end(), [](const entry& a, const entry& b) {
      const int order = compare(a, b);
      return order != 0 ? order < 0 : a.key < b.key;
    });
    const auto same = [](entry& kept, const entry& next) {
      const bool equal = compare(kept, next) == 0;
      if (equal) kept.value = next.value;
      return equal;
    };
    entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
    return entries_;
  }

 private:
  [[nodiscard]] static int compare(const entry& a, const entry& b) noexcept {
    if (a.lead != b.lead) return a.lead < b.lead ? -1 : 1;
    return a.key->inside().compare(b.key->inside());
  }

  /// The first eight bytes, the first one highest, zeros for what is missing: tells most keys apart, in their order.
  [[nodiscard]] static std::uint64_t lead_of(std::string_view name) noexcept {
    const std::size_t size = name.size();
    std::uint64_t lead = 0;
    if (size >= 8 && std::endian::native == std::endian::little) {
      std::memcpy(&lead, name.data(), sizeof lead);
    } else if (size >= 4 && std::endian::native == std::endian::little) {
      std::uint32_t first = 0, last = 0;  // may overlap
      std::memcpy(&first, name.data(), sizeof first);
      std::memcpy(&last, name.data() + size - sizeof last, sizeof last);
      lead = first | (std::uint64_t{last} << (8 * (size - sizeof last)));
    } else {
      for (std::size_t i = 0; i < size && i < 8; ++i) lead |= std::uint64_t{static_cast<unsigned char>(name[i])} << (8 * i);
    }
    lead = ((lead >> 8) & 0x00FF00FF00FF00FFu) | ((lead & 0x00FF00FF00FF00FFu) << 8);
    lead = ((lead >> 16) & 0x0000FFFF0000FFFFu) | ((lead & 0x0000FFFF0000FFFFu) << 16);
    return (lead >> 32) | (lead << 32);
  }

  void undo_all_escapes(std::span<json_token> members) {
    std::size_t room = 0;
    for (std::size_t i = 0; i < members.size(); i += 2) room += members[i].kind() == token_kind::escaped ? members[i].inside().size() : 0;
    if (unescaped_.size() < room) unescaped_.resize(room);
    char* to = unescaped_.data();
    for (std::size_t i = 0; room != 0 && i < members.size(); i += 2) {
      if (members[i].kind() != token_kind::escaped) continue;
      char* const end = undo_escapes(members[i].inside(), to);
      members[i] = json_token::string(token_kind::plain, to, end);
      to = end;
    }
  }

  std::vector<entry> entries_;
  std::vector<char> unescaped_;  ///< Room for keys with escapes. Only grows.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_JSON_READER_HPP
