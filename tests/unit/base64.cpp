#include <lake/pure/base64.hpp>

#include <random>
#include <string>

#include "support/catch.hpp"

TEST_CASE("base64url writes the vectors of RFC 4648 without padding", "[pure]") {
  using lake::pure::base64url;

  CHECK(base64url("").empty());
  CHECK(base64url("f") == "Zg");
  CHECK(base64url("fo") == "Zm8");
  CHECK(base64url("foo") == "Zm9v");
  CHECK(base64url("foob") == "Zm9vYg");
  CHECK(base64url("fooba") == "Zm9vYmE");
  CHECK(base64url("foobar") == "Zm9vYmFy");
  CHECK(base64url("\xfb\xff\xfe") == "-__-");
}

TEST_CASE("base64 writes the vectors of RFC 4648 with padding", "[pure]") {
  using lake::pure::base64;

  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xfb\xff\xfe") == "+//+");
}

TEST_CASE("base64url refuses what it would not write", "[pure]") {
  using lake::pure::base64url_decode;

  CHECK_FALSE(base64url_decode("Z"));
  CHECK_FALSE(base64url_decode("Zg=="));
  CHECK_FALSE(base64url_decode("Zh"));
  CHECK_FALSE(base64url_decode("Zm9"));
  CHECK_FALSE(base64url_decode("Zm+v"));
  CHECK_FALSE(base64url_decode("Zm 9v"));
}

TEST_CASE("base64url gives random bytes back, in the length it announces", "[pure]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());

    const std::string letters = lake::pure::base64url(bytes);

    CHECK(letters.size() == lake::pure::base64url_length(size));
    CHECK(lake::pure::base64url_decode(letters) == bytes);
  }
}
