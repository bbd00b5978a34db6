#include <lake/pure/hex.hpp>
#include <lake/pure/sha1.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

std::string sha1_hex(std::string_view bytes) { return lake::pure::hex(lake::pure::sha1(bytes)); }

}  // namespace

TEST_CASE("sha1 has the digests of RFC 3174", "[pure]") {
  CHECK(sha1_hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") == "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(sha1_hex(std::string(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  CHECK(sha1_hex("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST_CASE("sha1 pads right at every length around a block", "[pure]") {
  // Digests of n times "a", from another implementation.
  CHECK(sha1_hex(std::string(55, 'a')) == "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  CHECK(sha1_hex(std::string(56, 'a')) == "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  CHECK(sha1_hex(std::string(63, 'a')) == "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
  CHECK(sha1_hex(std::string(64, 'a')) == "0098ba824b5c16427bd7a1122a5a442a25ec644d");
  CHECK(sha1_hex(std::string(65, 'a')) == "11655326c708d70319be2610e8a57d9a5b959d3b");
  CHECK(sha1_hex(std::string(119, 'a')) == "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56");
  CHECK(sha1_hex(std::string(120, 'a')) == "f34c1488385346a55709ba056ddd08280dd4c6d6");
}

TEST_CASE("a sha1 in parts is the sha1 of the whole, at every cut", "[pure]") {
  const std::string whole(150, 'x');
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    lake::pure::sha1_state state;

    state.update(std::string_view(whole).substr(0, cut));
    const auto halfway = state.digest();
    state.update(std::string_view(whole).substr(cut));

    CHECK(halfway == lake::pure::sha1(std::string_view(whole).substr(0, cut)));
    CHECK(state.digest() == lake::pure::sha1(whole));
  }
}
