// Strict UTF-8.
#include "support/catch.hpp"

#include <lake/pure/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using lake::pure::utf8_error_offset;

namespace {
constexpr auto fine = std::string_view::npos;
}

TEST_CASE("well-formed UTF-8 of every length has no error") {
  const std::string_view texts[] = {"", "ascii only, longer than a block", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                    "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "中文 and more text"};
  for (const std::string_view one : texts) {
    CAPTURE(one);
    CHECK(utf8_error_offset(one) == fine);
  }
}

TEST_CASE("malformed UTF-8 is found at its first byte") {
  const std::string_view tails[] = {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80", "\xED\xBF\xBF",
                                    "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xF8\x88\x80\x80\x80"};
  for (const std::string_view tail : tails) {
    for (std::size_t before = 0; before < 20; ++before) {
      CAPTURE(tail.size(), before);
      CHECK(utf8_error_offset(std::string(before, 'a') + std::string(tail)) == before);
      CHECK(utf8_error_offset(std::string(before, 'a') + std::string(tail) + "long ascii behind it") == before);
    }
  }
}

TEST_CASE("a code point is well formed exactly if it is a Unicode scalar value") {
  for (unsigned long point = 0; point < 0x110400; ++point) {
    std::string bytes;
    const auto put = [&bytes](unsigned long byte) { bytes += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0 | (point >> 6));
    } else if (point < 0x10000) {
      put(0xE0 | (point >> 12));
    } else {
      put(0xF0 | (point >> 18));
      put(0x80 | ((point >> 12) & 0x3F));
    }
    if (point >= 0x800) put(0x80 | ((point >> 6) & 0x3F));
    if (point >= 0x80) put(0x80 | (point & 0x3F));

    const bool scalar = point < 0x110000 && (point < 0xD800 || point > 0xDFFF);

    if ((utf8_error_offset(bytes) == fine) != scalar) FAIL("code point " << point);
  }
  SUCCEED();
}
