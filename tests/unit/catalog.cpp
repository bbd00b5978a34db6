#include <lake/core/catalog.hpp>

#include <string>

#include "support/catch.hpp"

using lake::check_catalog;
using lake::errc;

TEST_CASE("any non-empty UTF-8 may name a catalog", "[catalog]") {
  const char* name = GENERATE("users", "USERS", "中文", "tenants/42/profile", "x y:z", "delta", "../../etc", "\n", "/", "a|b");

  CHECK(check_catalog(name).has_value());
}

TEST_CASE("an empty catalog name is refused", "[catalog]") { CHECK(check_catalog("").error().code == errc::invalid_catalog); }

TEST_CASE("a catalog name that is not UTF-8 is refused with the offset", "[catalog]") {
  const auto checked = check_catalog("ab\xff");

  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == errc::invalid_catalog);
  CHECK(checked.error().message.find("byte 2") != std::string::npos);
}

TEST_CASE("a catalog name of more bytes than the limit is refused with both numbers", "[catalog]") {
  CHECK(check_catalog(std::string(1024, 'a')).has_value());
  const auto checked = check_catalog(std::string(1025, 'a'));

  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == errc::limit_exceeded);
  CHECK(checked.error().message.find("1025") != std::string::npos);
  CHECK(checked.error().message.find("1024") != std::string::npos);
  CHECK(checked.error().message.size() < 300);
}
