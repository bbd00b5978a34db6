#include <lake/core/path.hpp>

#include <iterator>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <lake/core/text.hpp>

#include "support/catch.hpp"

using lake::errc;

namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> out;
  for (const std::string_view segment : lake::path_segments(path)) out.emplace_back(segment);
  return out;
}

static_assert(std::forward_iterator<lake::path_segments::iterator>);

}  // namespace

TEST_CASE("the grammar of field paths takes these", "[path]") {
  const char* path = GENERATE("/", "/user", "/user/profile", "/user.info", "/_a/$b", "/a1.2_3$", "/A/b/C/d", "/a../b.");
  CAPTURE(path);

  CHECK(lake::is_field_path(path));
  CHECK(lake::check_field_path(path).has_value());
}

TEST_CASE("the grammar of field paths refuses these and names the rule", "[path]") {
  struct row {
    const char* path;
    const char* rule;
  };
  const auto [path, rule] =
      GENERATE(row{"", "must begin with '/'"}, row{"user", "must begin with '/'"}, row{"/user/", "segment \"\" is empty"},
               row{"//", "is empty"}, row{"//a", "is empty"}, row{"/a//b", "is empty"}, row{"/123", "segment \"123\" must begin"},
               row{"/user-name", "may hold"}, row{"/a|b", "may hold"}, row{"/.a", "must begin"}, row{"/a/..", "segment \"..\" must begin"},
               row{"/a b", "may hold"}, row{"/é", "must begin"}, row{"/a\n", "may hold"});
  CAPTURE(path);

  const auto checked = lake::check_field_path(path);

  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == errc::invalid_path);
  CAPTURE(checked.error().message);
  CHECK(checked.error().message.find(rule) != std::string::npos);
  CHECK_FALSE(lake::is_field_path(path));
}

TEST_CASE("the grammar of file paths takes digits first and refuses dot segments", "[path]") {
  for (const char* good : {"/a", "/avatar.png", "/0/1_2", "/...", "/.hidden", "/a.b/c_d", "/$"}) {
    CAPTURE(good);
    CHECK(lake::check_file_path(good).has_value());
  }
  for (const char* bad : {"", "/", "a", "/a/", "//a", "/.", "/..", "/a/../b", "/a-b", "/a|b", "/a/./b", "/a b", "/a~b"}) {
    CAPTURE(bad);
    const auto checked = lake::check_file_path(bad);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == errc::invalid_path);
  }
}

TEST_CASE("both grammars agree with their regular expressions on random texts", "[path]") {
  const std::regex field("^/([A-Za-z_$][A-Za-z0-9_$.]*(/[A-Za-z_$][A-Za-z0-9_$.]*)*)?$");
  const std::regex file("^/[A-Za-z0-9_$.]+(/[A-Za-z0-9_$.]+)*$");
  const std::regex dots("(^|.*/)\\.\\.?(/.*|$)");
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::string_view alphabet = "//aZ_$.09-|";
  for (int i = 0; i < 20000; ++i) {
    std::string path = i % 8 == 0 ? "" : "/";
    for (auto left = random() % 7; left > 0; --left) path += alphabet[random() % alphabet.size()];
    CAPTURE(path);

    REQUIRE(lake::is_field_path(path) == std::regex_match(path, field));
    REQUIRE(lake::is_file_path(path) == (std::regex_match(path, file) && !std::regex_match(path, dots)));
  }
}

TEST_CASE("a path longer than the limit is refused with both numbers", "[path]") {
  const std::string longest = "/" + std::string(4095, 'a');
  CHECK(lake::check_field_path(longest).has_value());
  CHECK(lake::check_file_path(longest).has_value());

  for (const auto& checked :
       {lake::check_field_path(longest + "a"), lake::check_file_path(longest + "a"), lake::check_field_path("/abc", 3)}) {
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == errc::limit_exceeded);
  }
  CHECK(lake::check_field_path("/abc", 3).error().message.find("has 4 bytes, the limit is 3") != std::string::npos);
}

TEST_CASE("the segments of a path come in order, none for the root", "[path]") {
  CHECK(segments_of("/").empty());
  CHECK(segments_of("/a") == std::vector<std::string>{"a"});
  CHECK(segments_of("/user.info/x/$y") == std::vector<std::string>{"user.info", "x", "$y"});
}

TEST_CASE("a dotted path becomes a field path", "[path]") {
  CHECK(lake::field_path::from_dotted("profile.name").value().view() == "/profile/name");
  CHECK(lake::field_path::from_dotted("").value().view() == "/");
  CHECK(lake::field_path().view() == "/");
  CHECK(lake::field_path::parse("/a/b").value() == lake::field_path::from_dotted("a.b").value());
  for (const char* bad : {"a..b", ".a", "a.", "a/b", "1.a"}) {
    CAPTURE(bad);
    CHECK(lake::field_path::from_dotted(bad).error().code == errc::invalid_path);
  }
}

TEST_CASE("a path literal is checked by the compiler and serves where text is wanted", "[path]") {
  using namespace lake::literals;
  constexpr std::string_view path = "/user/profile"_path;

  const lake::text given = "/user/profile"_path;

  STATIC_REQUIRE(path == "/user/profile");
  CHECK(given.view() == path);
}
