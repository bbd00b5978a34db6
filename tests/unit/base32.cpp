#include <lake/pure/base32.hpp>

#include <random>
#include <string>

#include "support/catch.hpp"

TEST_CASE("base32 writes the vectors of RFC 4648 in lower case without padding", "[pure]") {
  using lake::pure::base32;

  CHECK(base32("").empty());
  CHECK(base32("f") == "my");
  CHECK(base32("fo") == "mzxq");
  CHECK(base32("foo") == "mzxw6");
  CHECK(base32("foob") == "mzxw6yq");
  CHECK(base32("fooba") == "mzxw6ytb");
  CHECK(base32("foobar") == "mzxw6ytboi");
}

TEST_CASE("base32 refuses what it would not write", "[pure]") {
  using lake::pure::base32_decode;

  CHECK_FALSE(base32_decode("m"));
  CHECK_FALSE(base32_decode("mzx"));
  CHECK_FALSE(base32_decode("mzxw6y"));
  CHECK_FALSE(base32_decode("MY"));
  CHECK_FALSE(base32_decode("my======"));
  CHECK_FALSE(base32_decode("mz"));
  CHECK_FALSE(base32_decode("m1"));
}

TEST_CASE("base32 gives random bytes back, in the length it announces", "[pure]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());

    const std::string letters = lake::pure::base32(bytes);

    CHECK(letters.size() == lake::pure::base32_length(size));
    CHECK(lake::pure::base32_decode(letters) == bytes);
  }
}
