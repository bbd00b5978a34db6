#include <lake/core/control.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using lake::errc;
using lake::merge_type;
using lake::time_seq;

namespace {

constexpr std::int64_t stamp = 1'700'000'000'123;

lake::write_token counting_token() {
  lake::write_token token{};
  for (std::size_t i = 0; i < token.size(); ++i) token[i] = static_cast<std::uint8_t>(i * 17);
  return token;
}

}  // namespace

TEST_CASE("a control record is ten fields of text, and comes back from them", "[control]") {
  const lake::control_record record{{9, 1}, {8, 1}, {7, 1}, {6, 1}, {5, 1}, {4, 1}, stamp, stamp + 5, 3, 2};
  std::map<std::string, std::string, std::less<>> fields;

  lake::encode_control(record, [&fields](std::string_view name, std::string_view value) { fields.emplace(name, value); });

  CHECK(fields == std::map<std::string, std::string, std::less<>>{{"last", "9_1"},
                                                                  {"closed", "8_1"},
                                                                  {"cleared", "7_1"},
                                                                  {"gen", "6_1"},
                                                                  {"forgotten", "5_1"},
                                                                  {"stop", "4_1"},
                                                                  {"clk", "1700000000123"},
                                                                  {"mono", "1700000000128"},
                                                                  {"n", "3"},
                                                                  {"ns", "2"}});
  lake::control_record back;
  for (const auto& [name, value] : fields) CHECK(lake::decode_control_field(back, name, value) == true);
  CHECK(back == record);
}

TEST_CASE("a field that is none of the ten is told apart from a damaged one", "[control]") {
  lake::control_record record;

  CHECK(lake::decode_control_field(record, "p:1_1", "whatever") == false);
  for (const auto& [name, value] :
       {std::pair{"last", "1.000001"}, std::pair{"last", ""}, std::pair{"last", "x"}, std::pair{"clk", "1.7e+12"}, std::pair{"n", "-1"},
        std::pair{"mono", "007"}, std::pair{"closed", "1_0"}}) {
    CAPTURE(name, value);
    const auto decoded = lake::decode_control_field(record, name, value);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == errc::corrupt_index);
    CHECK(decoded.error().message.find(name) != std::string::npos);
  }
  CHECK(record == lake::control_record{});
}

TEST_CASE("record names are a letter, a colon and an id or key", "[control]") {
  CHECK(lake::record_name(lake::record_kind::pending, {1700000000, 1}) == "p:1700000000_1");
  CHECK(lake::record_name(lake::record_kind::file_dropped, {1700000000, 1}) == "d:1700000000_1");
  CHECK(lake::meta_record_name("a:b") == "m:a:b");

  const auto parts = lake::split_record_name("m:a:b");
  REQUIRE(parts);
  CHECK(parts->kind == lake::record_kind::meta);
  CHECK(parts->rest == "a:b");
  CHECK(lake::split_record_name("m:")->rest.empty());
  for (const char* other : {"last", "n", "ns", "", "p", "q:1_1"}) CHECK_FALSE(lake::split_record_name(other));
}

TEST_CASE("every record is text that comes back", "[control]") {
  const lake::pending_record pending{stamp, counting_token(), {{1700000000, 999999}, 10000}};
  CHECK(lake::encode_pending_record(pending) == "1700000000123|00112233445566778899aabbccddeeff|1700000000_999999|10000");
  CHECK(lake::decode_pending_record(lake::encode_pending_record(pending)).value() == pending);

  const lake::dead_record dead{merge_type::rfc6902, stamp};
  CHECK(lake::encode_dead_record(dead) == "3|1700000000123");
  CHECK(lake::decode_dead_record(lake::encode_dead_record(dead)).value() == dead);

  const lake::snapshot_record snap{{}, {1700000000, 5}, stamp, (std::numeric_limits<std::uint64_t>::max)(), 0xef46db3751d8e999};
  CHECK(lake::encode_snapshot_record(snap) == "0_0|1700000000_5|1700000000123|18446744073709551615|ef46db3751d8e999");
  CHECK(lake::decode_snapshot_record(lake::encode_snapshot_record(snap)).value() == snap);

  CHECK(lake::decode_meta_id(lake::encode_meta_id({1700000000, 7})).value() == time_seq{1700000000, 7});

  const lake::file_object_record object{"/a/b.png", stamp};
  CHECK(lake::encode_file_object_record(object) == "1700000000123|/a/b.png");
  CHECK(lake::decode_file_object_record(lake::encode_file_object_record(object)).value() == object);

  const lake::file_record file{{1700000000, 1}, 12, 0x1, "{\"a|b\":\"|\n\"}"};
  CHECK(lake::encode_file_record(file) == "1700000000_1|12|0000000000000001|{\"a|b\":\"|\n\"}");
  CHECK(lake::decode_file_record(lake::encode_file_record(file)).value() == file);
  CHECK(lake::decode_file_record("1_1|0|0000000000000000|").value() == lake::file_record{{1, 1}, 0, 0, ""});
}

TEST_CASE("a damaged record is a corrupt index", "[control]") {
  const std::string token = "00112233445566778899aabbccddeeff";
  for (const std::string& bad :
       {std::string(), "1|" + token + "|1_1", "1|" + token + "|1_1|1|", "x|" + token + "|1_1|1", "1|" + token + "|0_0|1",
        "1|" + token + "|1_1|0", "1|" + token.substr(1) + "|1_1|1", "1|" + token + "|1_1|4294967296"}) {
    CAPTURE(bad);
    CHECK(lake::decode_pending_record(bad).error().code == errc::corrupt_index);
  }
  for (const char* bad : {"", "1", "0|1", "4|1", "1|", "1|1|1", "1|1.5"}) {
    CAPTURE(bad);
    CHECK(lake::decode_dead_record(bad).error().code == errc::corrupt_index);
  }
  for (const char* bad :
       {"", "0_0|0_0|1|1", "0_0|0_0|1|1|1", "0_0|x|1|1|0000000000000000", "0_0|0_0|1|-1|0000000000000000", "0_0|0_0||1|0000000000000000"}) {
    CAPTURE(bad);
    CHECK(lake::decode_snapshot_record(bad).error().code == errc::corrupt_index);
  }
  for (const char* bad : {"", "1", "1|", "1|a", "1|/../x", "|/a", "1|/a|"}) {
    CAPTURE(bad);
    CHECK(lake::decode_file_object_record(bad).error().code == errc::corrupt_index);
  }
  for (const char* bad : {"", "1_1|1|0000000000000000", "0_0|1|0000000000000000|{}", "1_1|x|0000000000000000|{}", "1_1|1|0|{}"}) {
    CAPTURE(bad);
    CHECK(lake::decode_file_record(bad).error().code == errc::corrupt_index);
  }
  CHECK(lake::decode_meta_id("1.000001").error().code == errc::corrupt_index);
}
