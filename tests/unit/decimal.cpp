#include <lake/pure/decimal.hpp>

#include <cstdint>
#include <limits>
#include <string>

#include "support/catch.hpp"

TEST_CASE("a decimal number has exactly one text", "[pure]") {
  using lake::pure::parse_decimal;

  CHECK(parse_decimal<std::int64_t>("0") == 0);
  CHECK(parse_decimal<std::int64_t>("-9223372036854775808") == (std::numeric_limits<std::int64_t>::min)());
  CHECK(parse_decimal<std::uint64_t>("18446744073709551615") == (std::numeric_limits<std::uint64_t>::max)());
  for (const char* bad : {"", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1e3", "1.0", "0x1", "9223372036854775808"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_decimal<std::int64_t>(bad));
  }
  CHECK_FALSE(parse_decimal<std::uint64_t>("-1"));
  CHECK_FALSE(parse_decimal<std::uint32_t>("4294967296"));
}
