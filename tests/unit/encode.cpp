#include <lake/layout/encode.hpp>

#include <random>
#include <string>
#include <string_view>
#include <unordered_map>

#include "support/catch.hpp"

using lake::layout::enc;
using lake::layout::enc_rules;

TEST_CASE("safe names keep their text behind a mark, others become base32", "[layout]") {
  CHECK(enc("users") == "(users");
  CHECK(enc("USERS") == ")USERS");
  CHECK(enc("Users") == "kvzwk4tt");
  CHECK(enc("12345") == "(12345");
  CHECK(enc("team/a.b-c_d/v1") == "(team/a.b-c_d/v1");
  CHECK(enc("UPPER/2.0-RC_1") == ")UPPER/2.0-RC_1");
  CHECK(enc("a b") == "meqge");
  CHECK(enc("中文") == "4s4k3zuwq4");
  CHECK(enc("(users") == "fb2xgzlsom");
}

TEST_CASE("a catalog with a special segment is base32", "[layout]") {
  const std::string catalog = GENERATE("/a", "a/", "a//b", "/", ".", "..", "../x", "a/../b", "a/./b", "a/..", "delta", "snap", "files",
                                       "a/delta", "snap/a", "a/files/b");
  CAPTURE(catalog);

  CHECK(enc(catalog) == lake::pure::base32(catalog));
}

TEST_CASE("what only resembles a special segment keeps its text", "[layout]") {
  for (const char* catalog : {"...", ".a", "a.", "deltas", "a/snaps", "file", "a.delta"}) CHECK(enc(catalog) == std::string("(") + catalog);
  CHECK(enc("DELTA") == ")DELTA");
}

TEST_CASE("a file path may have the segments that are special in a catalog only", "[layout]") {
  CHECK(enc("delta/snap", enc_rules::file_path) == "(delta/snap");
  CHECK(enc("../x", enc_rules::file_path) == lake::pure::base32("../x"));
}

TEST_CASE("the rules of v2 clients know no special segment", "[layout]") {
  for (const char* name : {"/a", "a/", "a//b", "..", "a/../b", "delta"}) CHECK(enc(name, enc_rules::go_v2) == std::string("(") + name);
}

TEST_CASE("no two names share an encoding, whatever the file system folds", "[layout]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::string_view alphabet = "abAB2()/.-_ m\xc3";
  std::unordered_map<std::string, std::string> seen;
  for (int i = 0; i < 50000; ++i) {
    std::string name;
    for (auto left = random() % 5 + 1; left > 0; --left) name += alphabet[random() % alphabet.size()];

    std::string folded = enc(name);
    const bool upper = folded.starts_with(')');
    for (char& c : folded) {
      REQUIRE((upper || !(c >= 'A' && c <= 'Z')));
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }

    CAPTURE(name, folded);
    REQUIRE(seen.emplace(folded, name).first->second == name);
  }
}
