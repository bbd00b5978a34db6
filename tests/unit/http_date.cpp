// Moments as HTTP writes them: the three forms, and what is none of them.
#include "support/catch.hpp"

#include <lake/detail/http_date.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace {

std::optional<std::int64_t> seconds_of(std::string_view date) {
  const auto moment = lake::detail::parse_http_date(date);
  if (!moment) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(moment->time_since_epoch()).count();
}

}  // namespace

TEST_CASE("The three forms of a date name the same moment") {
  CHECK(seconds_of("Sun, 06 Nov 1994 08:49:37 GMT") == 784'111'777);
  CHECK(seconds_of("Sunday, 06-Nov-94 08:49:37 GMT") == 784'111'777);
  CHECK(seconds_of("Sun Nov  6 08:49:37 1994") == 784'111'777);
}

TEST_CASE("A date is read over the whole of the clock's range") {
  CHECK(seconds_of("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
  CHECK(seconds_of("Thu, 29 Feb 2024 23:59:59 GMT") == 1'709'251'199);
  CHECK(seconds_of("Sat, 31 Dec 2016 23:59:60 GMT") == 1'483'228'800);
  CHECK(seconds_of("Tue, 31 Dec 2261 23:59:59 GMT") == 9'214'646'399);
  CHECK(seconds_of("Sat Nov 21 23:49:13 2026") == 1'795'304'953);
}

TEST_CASE("Two digits of a year are those of 1970 to 2069") {
  CHECK(seconds_of("Saturday, 21-Nov-26 23:49:13 GMT") == 1'795'304'953);
  CHECK(seconds_of("Thursday, 01-Jan-70 00:00:00 GMT") == 0);
}

TEST_CASE("What is no date of HTTP is nothing") {
  for (const std::string_view wrong :
       {"", "Sun", "06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 nov 1994 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "20261121T234914Z", "2026-11-21T23:49:14Z"}) {
    INFO(wrong);
    CHECK(seconds_of(wrong) == std::nullopt);
  }
}
