#include <lake/core/quote.hpp>

#include <string>

#include "support/catch.hpp"

TEST_CASE("a quoted value is printable and never longer than a message bears", "[quote]") {
  using lake::detail::in_quotes;

  CHECK(in_quotes("users") == "\"users\"");
  CHECK(in_quotes("中\n\x7f") == "\"中\\x0a\\x7f\"");
  CHECK(in_quotes(std::string(120, 'a')) == "\"" + std::string(120, 'a') + "\"");
  CHECK(in_quotes(std::string(121, 'a')) == "\"" + std::string(120, 'a') + "\"...");
  // The cut falls into the second of three bytes: the whole character goes.
  CHECK(in_quotes(std::string(119, 'a') + "中b") == "\"" + std::string(119, 'a') + "\"...");
}
