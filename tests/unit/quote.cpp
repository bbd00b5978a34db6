#include <lake/core/quote.hpp>

#include <string>

#include "support/catch.hpp"
#include "support/repeat.hpp"

TEST_CASE("a quoted value is printable and never longer than a message bears", "[quote]") {
  using lake::detail::in_quotes;
  using lake_test::repeat;

  CHECK(in_quotes("users") == "\"users\"");
  CHECK(in_quotes("中\n\x7f") == "\"中\\x0a\\x7f\"");
  CHECK(in_quotes(repeat(120, 'a')) == "\"" + repeat(120, 'a') + "\"");
  CHECK(in_quotes(repeat(121, 'a')) == "\"" + repeat(120, 'a') + "\"...");
  // The cut falls into the second of three bytes: the whole character goes.
  CHECK(in_quotes(repeat(119, 'a') + "中b") == "\"" + repeat(119, 'a') + "\"...");
}
