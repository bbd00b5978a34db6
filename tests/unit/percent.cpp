#include <lake/pure/percent.hpp>

#include <string>

#include "support/catch.hpp"

TEST_CASE("percent encodes the bytes of the set and no other", "[pure]") {
  CHECK(lake::pure::percent("a:b%c{d}", ":%{}") == "a%3Ab%25c%7Bd%7D");
  CHECK(lake::pure::percent("plain", ":%{}") == "plain");
  CHECK(lake::pure::percent("\xff\x01", "\xff\x01") == "%FF%01");
}

TEST_CASE("percent_decode gives the bytes back and refuses half an escape", "[pure]") {
  CHECK(lake::pure::percent_decode("a%3Ab%25c%7bd%7D") == "a:b%c{d}");
  CHECK_FALSE(lake::pure::percent_decode("a%"));
  CHECK_FALSE(lake::pure::percent_decode("a%2"));
  CHECK_FALSE(lake::pure::percent_decode("a%g0"));
}
