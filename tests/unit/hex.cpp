#include <lake/pure/hex.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "support/catch.hpp"

TEST_CASE("hex writes every byte as two lower-case digits and reads them back", "[pure]") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);

  const std::string digits = lake::pure::hex(std::string_view(bytes));

  CHECK(digits.size() == 512);
  CHECK(digits.substr(0, 6) == "000102");
  CHECK(digits.substr(506) == "fdfeff");
  CHECK(lake::pure::hex_decode(digits) == bytes);
}

TEST_CASE("hex refuses upper case, odd lengths and other characters", "[pure]") {
  CHECK_FALSE(lake::pure::hex_decode("0"));
  CHECK_FALSE(lake::pure::hex_decode("AB"));
  CHECK_FALSE(lake::pure::hex_decode("0g"));
  CHECK_FALSE(lake::pure::hex_decode_array<2>("abcdef"));
  CHECK_FALSE(lake::pure::hex_decode_array<2>("abxy"));
}

TEST_CASE("a 64-bit number is sixteen digits, highest first", "[pure]") {
  std::string digits;

  lake::pure::append_hex_u64(digits, 0x0123456789abcdefULL);

  CHECK(digits == "0123456789abcdef");
  CHECK(lake::pure::hex_decode_u64(digits) == 0x0123456789abcdefULL);
  CHECK_FALSE(lake::pure::hex_decode_u64("123"));
  CHECK_FALSE(lake::pure::hex_decode_u64("0123456789ABCDEF"));
}
