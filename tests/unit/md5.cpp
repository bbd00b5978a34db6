#include <lake/pure/hex.hpp>
#include <lake/pure/md5.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

std::string md5_hex(std::string_view bytes) { return lake::pure::hex(lake::pure::md5(bytes)); }

}  // namespace

TEST_CASE("md5 has the digests of RFC 1321", "[pure]") {
  CHECK(md5_hex("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(md5_hex("a") == "0cc175b9c0f1b6a831c399e269772661");
  CHECK(md5_hex("abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(md5_hex("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
  CHECK(md5_hex("abcdefghijklmnopqrstuvwxyz") == "c3fcd3d76192e4007dfb496cca67e13b");
  CHECK(md5_hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == "d174ab98d277d9f5a5611c2c9f419d9f");
  CHECK(md5_hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890") == "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("md5 pads right at every length around a block", "[pure]") {
  // Digests of n times "a" for n = 55, 56, 63, 64, 65, from another implementation.
  CHECK(md5_hex(std::string(55, 'a')) == "ef1772b6dff9a122358552954ad0df65");
  CHECK(md5_hex(std::string(56, 'a')) == "3b0c8ac703f828b04c6c197006d17218");
  CHECK(md5_hex(std::string(63, 'a')) == "b06521f39153d618550606be297466d5");
  CHECK(md5_hex(std::string(64, 'a')) == "014842d480b571495a4a0363793f7367");
  CHECK(md5_hex(std::string(65, 'a')) == "c743a45e0d2e6a95cb859adae0248435");
}

TEST_CASE("md5 can be computed at compile time", "[pure]") {
  constexpr auto digest = lake::pure::md5("users");

  STATIC_REQUIRE(digest[0] == 0x9b);
  STATIC_REQUIRE(digest[1] == 0xc6);
}
