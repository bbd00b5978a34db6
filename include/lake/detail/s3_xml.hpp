// A pull reader for the XML that S3 services answer with, and the escapes of the XML they are sent. Knows no element by name.
// Format: the part of XML 1.0 that those answers use: elements, text, the five named entities and numeric ones, CDATA; comments, processing
// instructions and attributes are passed over, prefixes of names too. No DTD and so no entity of its own: nothing can grow while it is
// read. Line ends stay as they are, and so do control characters, which keys may hold.
#ifndef LAKE_DETAIL_S3_XML_HPP
#define LAKE_DETAIL_S3_XML_HPP

#include <lake/config.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/utf8.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

inline constexpr std::size_t max_xml_depth = 16;  ///< Of elements in elements; the answers of S3 have at most 5.

/// Walks over a text once, element by element:
///
///   xml_reader in(body);
///   while (in.next_child()) {            // the root; after it the rest of the text is checked
///     while (in.next_child()) {          // its children
///       if (in.name() == "Key") key = in.text();
///       else in.skip();
///     }
///   }
///   if (in.failed()) ... in.reason() ... in.offset()
///
/// Each element that `next_child` entered is left by exactly one of: `text`, `skip`, or `next_child` saying false. After a failure every
/// call says false or gives an empty text. Confined; allocates only for a text with entities or in pieces.
/// Lifetime: the text read outlives the reader.
class xml_reader {
 public:
  explicit xml_reader(std::string_view xml) noexcept : xml_(xml) {
    if (xml_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    if (const std::size_t bad = pure::utf8_error_offset(xml_); bad != std::string_view::npos) fail(bad, "bytes that are not UTF-8");
    else if (const std::size_t zero = xml_.find('\0'); zero != std::string_view::npos) fail(zero, "a zero byte");
  }

  /// Enters the next child of the element we are in (of the document, at first: its root); false at its end, which is left, or on failure.
  [[nodiscard]] bool next_child() {
    if (failed() || leave_empty()) return false;
    for (;;) {
      const std::size_t begin = at_;
      at_ = (std::min)(xml_.find('<', at_), xml_.size());
      if (const std::size_t stray = xml_.substr(begin, at_ - begin).find_first_not_of(" \t\r\n"); stray != std::string_view::npos)
        return fail(begin + stray, "text where elements are expected");
      if (at_ == xml_.size()) return end_of_document();
      switch (take_markup()) {
        case markup::open: return true;
        case markup::close:
        case markup::broken: return false;
        case markup::data: return fail(at_, "text where elements are expected");
        case markup::passed_over: break;
      }
    }
  }

  /// The name of the element entered last, without its prefix.
  [[nodiscard]] std::string_view name() const noexcept { return name_; }

  /// All of the text of the element entered last, which is left; an element in it is a failure. Valid until the next call, where it holds
  /// no entity as long as the document.
  [[nodiscard]] std::string_view text() {
    if (failed() || leave_empty()) return {};
    room_.clear();
    std::string_view only;  // Where there is but one piece without entities: that piece, and `room_` stays empty.
    const auto add = [this, &only](std::string_view piece) {
      if (piece.empty()) return;
      if (only.empty() && room_.empty()) {
        only = piece;
        return;
      }
      if (room_.empty()) room_ = only;
      room_ += piece;
    };
    for (;;) {
      const std::size_t begin = at_;
      at_ = (std::min)(xml_.find_first_of("<&", at_), xml_.size());
      add(xml_.substr(begin, at_ - begin));
      if (at_ == xml_.size()) {
        fail(at_, "the document ends in an element");
        return {};
      }
      if (xml_[at_] == '&') {
        if (room_.empty()) room_ = only;
        if (!take_entity()) return {};
        continue;
      }
      switch (take_markup()) {
        case markup::close: return room_.empty() ? only : std::string_view(room_);
        case markup::open: fail(at_, "an element where text is expected"); return {};
        case markup::broken: return {};
        case markup::data: add(data_); break;
        case markup::passed_over: break;
      }
    }
  }

  /// Leaves the element entered last, whatever it holds.
  void skip() {
    if (failed() || leave_empty()) return;
    for (const std::size_t outside = depth_ - 1; depth_ > outside;) {
      at_ = (std::min)(xml_.find('<', at_), xml_.size());
      if (at_ == xml_.size()) {
        fail(at_, "the document ends in an element");
        return;
      }
      if (take_markup() == markup::broken) return;
      static_cast<void>(leave_empty());
    }
  }

  [[nodiscard]] bool failed() const noexcept { return !reason_.empty(); }
  /// Which rule the text breaks, and where. Never a part of it.
  [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

 private:
  enum class markup : std::uint8_t { open, close, data, passed_over, broken };

  bool fail(std::size_t at, std::string_view reason) noexcept {
    offset_ = at;
    reason_ = reason;
    return false;
  }
  markup broken(std::string_view reason) noexcept {
    fail(at_, reason);
    return markup::broken;
  }

  /// Between elements the text ended: right only after the root.
  bool end_of_document() noexcept {
    if (depth_ > 0) return fail(at_, "the document ends in an element");
    return rooted_ ? false : fail(at_, "no element at all");
  }

  /// True if the element entered last is `<a/>`: it is left.
  bool leave_empty() noexcept {
    if (!empty_) return false;
    empty_ = false;
    --depth_;
    return true;
  }

  /// Passes over what begins with the "<" we are at.
  markup take_markup() {
    if (take("<!--")) return take_until("-->", markup::passed_over);
    if (take("<?")) return take_until("?>", markup::passed_over);
    if (take("<![CDATA[")) return take_until("]]>", markup::data);
    if (xml_.substr(at_).starts_with("<!")) return broken("a declaration (<!), which no answer of S3 has");
    if (take("</")) return take_close();
    take("<");
    return take_open();
  }

  markup take_until(std::string_view end, markup what) {
    const std::size_t found = xml_.find(end, at_);
    if (found == std::string_view::npos) return broken("a comment, instruction or CDATA section without end");
    data_ = xml_.substr(at_, found - at_);
    at_ = found + end.size();
    return what;
  }

  markup take_close() {
    const std::string_view closed = take_name();
    take_spaces();
    if (depth_ == 0 || closed != open_[depth_ - 1]) return broken("an end tag that closes another element than was opened");
    if (!take(">")) return broken("a tag without end");
    --depth_;
    return markup::close;
  }

  markup take_open() {
    const std::string_view whole = take_name();
    if (whole.empty()) return broken("a tag without a name");
    if (depth_ == 0 && rooted_) return broken("a second root");
    if (depth_ == max_xml_depth) return broken("more elements in each other than any answer of S3 has");
    if (!take_attributes()) return broken("a tag whose attributes or end are not well formed");
    rooted_ = true;
    open_[depth_++] = whole;
    name_ = whole.substr(whole.rfind(':') + 1);  // No colon: npos + 1 is 0.
    return markup::open;
  }

  /// Up to the end of the tag.
  bool take_attributes() noexcept {
    for (;;) {
      const bool apart = take_spaces();
      if (take(">")) return true;
      if (take("/>")) return empty_ = true;
      if (!apart || take_name().empty()) return false;
      take_spaces();
      if (!take("=")) return false;
      take_spaces();
      const std::string_view quote = xml_.substr((std::min)(at_, xml_.size()), 1);
      if ((quote != "\"" && quote != "'")) return false;
      const std::size_t end = xml_.find(quote, at_ + 1);
      if (end == std::string_view::npos || xml_.substr(at_, end - at_).find('<') != std::string_view::npos) return false;
      at_ = end + 1;
    }
  }

  /// Appends what the entity at `at_` stands for to the text being read.
  bool take_entity() {
    constexpr std::size_t longest = 12;  // "&#x0010FFFF;"
    const std::size_t end = xml_.substr(at_, longest).find(';');
    if (end == std::string_view::npos) return fail(at_, "an entity without end");
    const std::string_view entity = xml_.substr(at_ + 1, end - 1);
    if (entity == "lt") room_ += '<';
    else if (entity == "gt") room_ += '>';
    else if (entity == "amp") room_ += '&';
    else if (entity == "quot") room_ += '"';
    else if (entity == "apos") room_ += '\'';
    else if (!take_point(entity)) return fail(at_, "an unknown entity");
    at_ += end + 1;
    return true;
  }

  /// "#10" or "#xA".
  bool take_point(std::string_view entity) {
    if (!entity.starts_with('#')) return false;
    const bool hex = entity.starts_with("#x");
    entity.remove_prefix(hex ? 2 : 1);
    std::uint32_t point = 0;
    const auto [end, failed] = std::from_chars(entity.data(), entity.data() + entity.size(), point, hex ? 16 : 10);
    if (failed != std::errc{} || end != entity.data() + entity.size()) return false;
    if (point == 0 || point > 0x10FFFFU || (point >= 0xD800U && point <= 0xDFFFU)) return false;
    append_point(point);
    return true;
  }

  /// A code point in UTF-8.
  void append_point(std::uint32_t point) {
    const auto tail = [this, point](unsigned shift) { room_ += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
    if (point < 0x80U) {
      room_ += static_cast<char>(point);
    } else if (point < 0x800U) {
      room_ += static_cast<char>(0xC0U | (point >> 6U));
      tail(0);
    } else if (point < 0x10000U) {
      room_ += static_cast<char>(0xE0U | (point >> 12U));
      tail(6);
      tail(0);
    } else {
      room_ += static_cast<char>(0xF0U | (point >> 18U));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  bool take(std::string_view expected) noexcept {
    if (!xml_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  /// True if there was a space.
  bool take_spaces() noexcept {
    const std::size_t begin = at_;
    at_ = (std::min)(xml_.find_first_not_of(" \t\r\n", at_), xml_.size());
    return at_ > begin;
  }

  /// Empty if no name is here.
  std::string_view take_name() noexcept {
    const auto inside = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80 ||
             c == '_' || c == '-' || c == '.' || c == ':';
    };
    const std::size_t begin = at_;
    while (at_ < xml_.size() && inside(xml_[at_])) ++at_;
    const std::string_view name = xml_.substr(begin, at_ - begin);
    return name.empty() || std::string_view("0123456789-.").find(name.front()) != std::string_view::npos ? std::string_view{} : name;
  }

  std::string_view xml_;
  std::size_t at_ = 0;
  std::array<std::string_view, max_xml_depth> open_{};  ///< The whole names of the elements we are in.
  std::size_t depth_ = 0;
  bool rooted_ = false;
  bool empty_ = false;  ///< The element entered last is `<a/>`, and not left yet.
  std::string_view name_;
  std::string_view data_;  ///< Of the last CDATA section.
  std::string room_;       ///< A text that is no piece of the document.
  std::string_view reason_;
  std::size_t offset_ = 0;
};

/// True if `text` can stand in XML 1.0: UTF-8, and no control character but tab and the line ends. A key that cannot is no key for a
/// request with a body: services refuse the whole of it.
[[nodiscard]] inline bool xml_can_hold(std::string_view text) noexcept {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; };
  return std::none_of(text.begin(), text.end(), control) && pure::utf8_error_offset(text) == std::string_view::npos &&
         text.find("\xEF\xBF\xBE") == std::string_view::npos && text.find("\xEF\xBF\xBF") == std::string_view::npos;
}

/// Appends `text` as the text of an element; what a reader would take for markup, or would change (line ends), as entities.
inline void append_xml(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&apos;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out += c;
          break;
        }
        out += "&#";
        pure::append_decimal(out, static_cast<unsigned>(static_cast<unsigned char>(c)));
        out += ';';
    }
  }
}

/// `text` as the text of an element.
[[nodiscard]] inline std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_xml(out, text);
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_XML_HPP
