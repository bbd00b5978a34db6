#include <lake/core/marker.hpp>

#include <string>

#include "support/catch.hpp"

using lake::decode_marker;
using lake::errc;

namespace {

lake::lake_marker sample() { return {"00112233445566778899aabbccddeeff", "my \"lake\" \\ \n 中", "documented", 1, 1'700'000'000, 120'000}; }

std::string with(const std::string& replaced, const std::string& by) {
  std::string json = lake::encode_marker({"00112233445566778899aabbccddeeff", "n", "documented", 1, 1'700'000'000, 120'000});
  return json.replace(json.find(replaced), replaced.size(), by);
}

}  // namespace

TEST_CASE("a marker is JSON with its members in a fixed order, and comes back", "[marker]") {
  const std::string json = lake::encode_marker(sample());

  CHECK(json ==
        "{\"lake_id\":\"00112233445566778899aabbccddeeff\",\"name\":\"my \\\"lake\\\" \\\\ \\u000a 中\",\"layout\":\"documented\","
        "\"format_version\":1,\"created\":1700000000,\"pending_timeout_ms\":120000}");
  CHECK(decode_marker(json, "lake.json").value() == sample());
}

TEST_CASE("a marker may have white space, another order, escapes and members of the future", "[marker]") {
  const auto marker = decode_marker(
      " { \"pending_timeout_ms\" : 5 ,\n\"created\":-1,\"salt\":\"x\",\"n\":7,\"format_version\":1,\t\"layout\":\"go\\/v\\u0032\","
      "\"name\":\"\\u4e2d\\uD83D\\uDE00\\u00e9\\t\",\"lake_id\":\"00112233445566778899aabbccddeeff\" } ",
      "lake.json");

  REQUIRE(marker);
  CHECK(marker->name == "中😀é\t");
  CHECK(marker->layout == "go/v2");
  CHECK(marker->created == -1);
  CHECK(marker->pending_timeout_ms == 5);
}

TEST_CASE("a damaged marker is a corrupt index that names its subject", "[marker]") {
  const std::string json =
      GENERATE(std::string(), std::string("[]"), std::string("{"), std::string("{}"), std::string("{}x"), with("\"n\"", "7"),
               with("\"n\"", "\"\xff\""), with("\"n\"", "\"\\ud800\""), with("\"n\"", "\"\\udc00\""), with("\"n\"", "\"\\x\""),
               with("\"n\"", "\"a\nb\""), with("\"n\"", "null"), with("\"n\"", "{}"), with("1700000000", "1e3"), with("1700000000", "01"),
               with("1700000000", "1.5"), with("120000", "0"), with("00112233", "0011223"), with("aabb", "AABB"),
               with("format_version\":1", "format_version\":0"), with("\"layout\"", "\"name\""), with("created", "credited"),
               with("}", ",}"), with("}", "}}"), with("{", "{,"));
  CAPTURE(json);

  const auto marker = decode_marker(json, "lake.json");

  REQUIRE_FALSE(marker);
  CHECK(marker.error().code == errc::corrupt_index);
  CHECK(marker.error().subject == "lake.json");
}

TEST_CASE("a marker of a later format version is a configuration error with both numbers", "[marker]") {
  const auto marker = decode_marker(with("format_version\":1", "format_version\":2"), "lake.json");

  REQUIRE_FALSE(marker);
  CHECK(marker.error().code == errc::configuration);
  CHECK(marker.error().message.find("version 2") != std::string::npos);
}

TEST_CASE("every cut of a marker is refused", "[marker]") {
  const std::string json = lake::encode_marker(sample());
  for (std::size_t size = 0; size < json.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode_marker(json.substr(0, size), "lake.json"));
  }
}
