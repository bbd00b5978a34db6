// Text to nlohmann::json by our own reader: for each text the same value, or the same refusal, as from the library's parser, in both
// of its kinds of objects. Texts: real documents, JSONTestSuite, tables, random ones and what damage makes of them.
//
// Random texts are numbered from the seed on; a failing one is named by its seed and run alone with
//   LAKE_SEED=<its seed> LAKE_TEXTS=1 lake_tests_unit "[json_reader]"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/guarded.hpp"
#include "support/merge_texts.hpp"
#include "support/repeat.hpp"

#include <lake/merge/document.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake::errc;
using lake::merge::to_json;
using lake_test::repeat;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

/// How two scalars differ; empty if they do not. Of numbers the type counts, and each bit of a double.
template <class Json>
std::string scalar_difference(const Json& a, const Json& b) {
  if (a.type() != b.type()) return std::string(a.type_name()) + " is not " + b.type_name();
  if (a.is_number_float()) {
    const auto bits = [](const Json& of) { return std::bit_cast<std::uint64_t>(*of.template get_ptr<const double*>()); };
    return bits(a) == bits(b) ? "" : a.dump() + " is not " + b.dump();
  }
  return a.is_structured() || a == b ? "" : a.dump(-1, ' ', true, Json::error_handler_t::replace) + " is not " + b.dump(-1, ' ', true, Json::error_handler_t::replace);
}

/// The first difference between two values, found without recursion; the order of members counts. Empty if there is none.
template <class Json>
std::string difference(const Json& left, const Json& right) {
  std::vector<std::pair<const Json*, const Json*>> open{{&left, &right}};
  while (!open.empty()) {
    const auto [a, b] = open.back();
    open.pop_back();
    if (std::string found = scalar_difference(*a, *b); !found.empty()) return found;
    if (!a->is_structured()) continue;
    if (a->size() != b->size()) return "a container of " + std::to_string(a->size()) + " is not one of " + std::to_string(b->size());
    for (auto i = a->begin(), k = b->begin(); i != a->end(); ++i, ++k) {
      if (a->is_object() && i.key() != k.key()) return "key " + i.key() + " is not " + k.key();
      open.emplace_back(&*i, &*k);
    }
  }
  return {};
}

template <class Json>
std::string difference_from_parse(std::string_view input) {
  const Json wanted = Json::parse(input, nullptr, false);
  const auto read = to_json<Json>(input);
  if (!read) {
    if (!wanted.is_discarded()) return "refused: " + read.error().message;
    return read.error().code == errc::invalid_body && read.error().message.starts_with("byte ") ? "" : "a wrong error: " + read.error().to_string();
  }
  return wanted.is_discarded() ? "taken, and nlohmann refuses it" : difference(*read, wanted);
}

/// What the reader makes of a text otherwise than the library's parser; empty if nothing.
std::string differing(std::string_view input) {
  std::string found = difference_from_parse<json>(input);
  return found.empty() ? difference_from_parse<ordered_json>(input) : found;
}

std::string fault(std::string_view input) {
  const auto read = to_json(input);
  return read ? "" : read.error().message;
}

std::string quoted_with(std::string_view inside) { return "[\"" + std::string(inside) + "\"]"; }

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const set = std::getenv(variable);
  return set == nullptr ? otherwise : std::strtoull(set, nullptr, 10);
}

}  // namespace

TEST_CASE("real documents give the values that nlohmann's parser gives", "[json_reader]") {
  const std::filesystem::path folder = lake_test::data_folder() / "json-docs";
  if (!std::filesystem::exists(folder)) LAKE_SKIP("the real documents are absent");
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    CAPTURE(file.path().filename().string());
    const std::string whole = lake_test::file_bytes(file.path());
    // The library's ordered objects take quadratic time: one kind is enough for the large ones.
    CHECK(difference_from_parse<json>(whole).empty());
    if (whole.size() < 600'000) CHECK(difference_from_parse<ordered_json>(whole).empty());
    ++count;
  }
  CHECK(count == 7);
}

TEST_CASE("JSONTestSuite is taken, refused and read as nlohmann's parser does", "[json_reader]") {
  const std::filesystem::path suite = lake_test::data_folder() / "json-conformance" / "JSONTestSuite";
  if (!std::filesystem::exists(suite)) LAKE_SKIP("JSONTestSuite is absent");
  std::size_t count = 0;
  for (const std::string_view folder : {"test_parsing", "test_transform"}) {
    for (const auto& file : std::filesystem::directory_iterator(suite / folder)) {
      const std::string name = file.path().filename().string();
      CAPTURE(name);
      const std::string whole = lake_test::file_bytes(file.path());
      CHECK(differing(whole) == "");
      if (name.starts_with("y_")) CHECK(to_json(whole).has_value());
      // A zero byte behind the value ends the text for the library, and so here.
      if (name.starts_with("n_") && name != "n_multidigit_number_then_00.json") CHECK_FALSE(to_json(whole).has_value());
      ++count;
    }
  }
  CHECK(count > 300);
}

TEST_CASE("a number has the type and the value that nlohmann's parser gives it", "[json_reader]") {
  const std::vector<std::string> numbers = {
      "0", "-0", "7", "-7", "00", "01", "-01", "+1", "-", "--1", ".5", "1.", "1.e1", "-.5", "1e", "1e+", "1e-", "1E5", "1e5", "1e+5", "1e-5", "1.5e", "0e0", "-0e0",
      "0.0", "-0.0", "0e99999999999", "-0.0e-99999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
      "18446744073709551615", "18446744073709551616", "-18446744073709551615", "99999999999999999999", "9999999999999999999", "10000000000000000000",
      "123456789012345678901234567890", "-123456789012345678901234567890", "1e400", "-1e400", "1e-400", "-1e-400", "1e99999999999999999999",
      "1e-99999999999999999999", "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1.797693134862315807e308",
      "1.797693134862315808e308", "17976931348623157" + repeat(292, '0'), "17976931348623159" + repeat(292, '0'), "-17976931348623159" + repeat(292, '0'),
      repeat(308, '9'), repeat(309, '9'), repeat(400, '9'), repeat(400, '9') + ".5", repeat(400, '9') + "e-100", "0." + repeat(400, '0') + "1",
      "0." + repeat(400, '0') + "1e400", "4.9406564584124654e-324", "5e-324", "4e-324", "3e-324", "2.4703282292062328e-324", "2.4703282292062327e-324", "2e-324", "1e-324",
      "2.2250738585072014e-308", "2.2250738585072011e-308", "2.225073858507201e-308", "2.2250738585072009e-308", "1e23", "8.5e22", "9007199254740993", "9007199254740993.0",
      "9007199254740992.999999999", "9007199254740993.0000000000000000000000000000000001", "0.1", "0.2", "0.30000000000000004", "0.1e1", "65.613616999999977", "-65.613616999999977",
      "43.420273000000009", "1.1", "1.0", "1.00000000000000011102230246251565404", "1.00000000000000011102230246251565405", "1.0000000000000002220446049250313",
      "1234567890123456789.0", "123456789012345678.90", "12345678.12345678", "0.1234567890123456789", "0.123456789012345678", "0.000000000000000001", "9.999999999999999999",
      "18446744073709551615.0", "1844674407370955161.5", "9999999999999999.999", "0.5e-300", "6.0221409e+23", "1.6e-19", "100000000000000000000000e-23", "1a", "1 2", "1,", "0x10", "1_000"};
  for (const std::string& number : numbers) {
    for (const std::string& whole : {number, "[" + number + "]", " " + number + " ", "{\"a\":" + number + ",\"b\":[" + number + "," + number + "]}"}) {
      CAPTURE(whole);
      CHECK(differing(whole) == "");
    }
  }
}

TEST_CASE("random numbers have the value that nlohmann's parser gives them, to the last bit", "[json_reader]") {
  const std::uint64_t seed = number_from("LAKE_SEED", 20240917);
  std::printf("json_reader: random numbers, LAKE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  lake_test::seeded_numbers random(seed);
  const auto digits = [&random](std::size_t count) {
    std::string out;
    for (; count > 0; --count) out += static_cast<char>('0' + random.below(10));
    return out;
  };
  for (std::size_t round = 0; round < 200; ++round) {
    std::string all = "[0";
    for (std::size_t i = 0; i < 100; ++i) {
      all += random.below(2) == 0 ? "," : ",-";
      all += random.below(3) == 0 ? std::string("0") : static_cast<char>('1' + random.below(9)) + digits(random.below(20));
      if (random.below(4) != 0) all += "." + digits(1 + random.below(20));
      if (random.below(4) == 0) all += (random.below(2) == 0 ? "e-" : "E") + digits(1 + random.below(2));
    }
    CAPTURE(round);
    REQUIRE(difference_from_parse<json>(all + "]") == "");
  }
}

TEST_CASE("strings of each length end, escape and break as nlohmann's parser has it", "[json_reader]") {
  lake_test::guarded room(4096);
  const std::vector<std::string> pieces = {"",     "\\n",     "\\u00e9", "\\ud83d\\ude00", "é",      "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\\",   "\\x",     "\\u12",     "\\ud800", "\\udc00", "\\ud800\\u0041",
                                           "\x01", "\x1f\"", "\x7f",    "\xff",           "\xC3",   "\xE4\xB8",     "\xED\xA0\x80",     "\xC0\x80", "\\u0000", "\\u00zz", "\\uFFFF", "\\\"",   "\\/"};
  for (const std::string& piece : pieces) {
    for (std::size_t before = 0; before < 36; ++before) {
      for (const std::size_t behind : {0u, 1u, 15u, 16u, 40u}) {
        const std::string inside = repeat(before, 'x') + piece + repeat(behind, 'y');
        CAPTURE(inside);
        REQUIRE(differing(room.at_end(quoted_with(inside))) == "");
        REQUIRE(differing(room.at_end("{\"" + inside + "\":1}")) == "");
      }
    }
  }
}

TEST_CASE("every escape and every code point is read", "[json_reader]") {
  std::string all = "[\"\"";
  const auto unit = [](unsigned number) {
    char digits[8];
    std::snprintf(digits, sizeof digits, "\\u%04x", number);
    return std::string(digits);
  };
  for (unsigned point = 0; point < 0xD800; point += 7) all += ",\"" + unit(point) + "\"";
  for (unsigned point = 0x10000; point < 0x110000; point += 1021) {
    all += ",\"" + unit(0xD800 + ((point - 0x10000) >> 10)) + unit(0xDC00 + (point & 0x3FFu)) + "\"";
  }
  CHECK(differing(all + R"(,"\"\\\/\b\f\n\r\t","\uABCD\uabcd\uAbCd"])") == "");
  for (unsigned byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const std::string one(1, static_cast<char>(byte));
    CHECK(differing(quoted_with("\\" + one)) == "");
    CHECK(differing(quoted_with("\\u00e" + one)) == "");
    CHECK(differing(quoted_with("\\" + one + "00e9")) == "");
    for (const std::string& whole : {one, "[" + one + "]", "[1" + one + "]", "{" + one + "}", "{\"a\"" + one + "1}", "[1,2]" + one, quoted_with(one), one + "[]", "nul" + one, "[tru" + one + "]", "-" + one}) {
      CAPTURE(whole);
      CHECK(differing(whole) == "");
    }
  }
}

TEST_CASE("of duplicate keys the last value is read, in an ordered object at the place of the first", "[json_reader]") {
  for (const std::string_view whole :
       {R"({"a":1,"b":2,"a":3})", R"({"a":1,"\u0061":{"x":1},"b":[1],"a":[2]})", R"({"b":{"x":1},"b":2,"a":{"b":1,"a":2,"b":3}})", R"({"":1,"":2})",
        R"({"aaaaaaaab":1,"aaaaaaaaa":2,"aaaaaaaab":3,"aaaaaaaa":4})", R"({"a":[[1],{"k":[2]}],"c":1,"a":{"z":[3]},"b":[4]})", R"({"a":1,"a\u0000":2,"a\u0000\u0000":3,"a":4})",
        R"({"\u00e9":1,"z":2,"é":3,"\ud83d\ude00":4})"}) {
    CAPTURE(whole);
    CHECK(differing(whole) == "");
  }
  std::string many = "[0";
  for (std::size_t i = 0; i < 100; ++i) many += R"(,{"b":[3],"a":[1,[2]],"c":{"z":{}},"a":[4],"b":{"k":[5]}},[[6],{"x":[7],"x":[8]}])";
  CHECK(differing(many + "]") == "");
  CHECK(to_json<ordered_json>(R"({"b":1,"a":2,"b":{"c":3}})").value().dump() == R"({"b":{"c":3},"a":2})");
}

TEST_CASE("wide objects give what nlohmann's parser gives, whatever the order of their keys", "[json_reader]") {
  for (const std::size_t count : {15u, 16u, 17u, 24u, 25u, 60u, 1000u}) {
    for (const std::size_t step : {1u, 7u, 999u}) {
      std::string whole = "{";
      for (std::size_t i = 0; i < count; ++i) whole += (i == 0 ? "\"key number " : ",\"key number ") + std::to_string(i * step % 1000) + "\":[" + std::to_string(i) + "]";
      CAPTURE(count, step);
      CHECK(differing(whole + "}") == "");
      CHECK(differing(whole + "," + whole.substr(1) + "}") == "");
    }
  }
}

TEST_CASE("a hundred thousand open containers are read without recursion", "[json_reader]") {
  std::string objects;
  for (std::size_t i = 0; i < 100'000; ++i) objects += "{\"k\":";
  const std::string arrays = repeat(100'000, '[');

  for (const std::string& whole : {arrays + repeat(100'000, ']'), arrays + "1" + repeat(100'000, ']'), objects + "1" + repeat(100'000, '}')}) {
    const auto read = to_json(whole);
    REQUIRE(read);
    CHECK(difference(*read, json::parse(whole)) == "");
  }
  CHECK(fault(arrays) == "byte 100000: the text ends too early");
  CHECK(fault(objects) == "byte 500000: the text ends too early");
  CHECK(fault(arrays + repeat(100'000, '}')) == "byte 100000: expected a value");
}

TEST_CASE("a fault of a text is named with its offset and its reason", "[json_reader]") {
  CHECK(fault("") == "byte 0: the text ends too early");
  CHECK(fault("  ") == "byte 2: the text ends too early");
  CHECK(fault("{bad") == "byte 1: expected a key");
  CHECK(fault("{\"a\" 1}") == "byte 5: expected ':'");
  CHECK(fault("{\"a\":1 \"b\"") == "byte 7: expected ',' or '}'");
  CHECK(fault("[1 2]") == "byte 3: expected ',' or ']'");
  CHECK(fault("[1,]") == "byte 3: expected a value");
  CHECK(fault("[-]") == "byte 2: expected a digit");
  CHECK(fault("[1.]") == "byte 3: expected a digit");
  CHECK(fault("[1,trux]") == "byte 3: no JSON value");
  CHECK(fault("{} x") == "byte 3: text after the value");
  CHECK(fault("[01]") == "byte 2: expected ',' or ']'");
  CHECK(fault("\"ab") == "byte 0: the string has no end");
  CHECK(fault("\"\x01\"") == "byte 1: a control byte in a string must be escaped");
  CHECK(fault("\"abcdefgh\xff\"") == "byte 9: not UTF-8");
  CHECK(fault("[\"ab\\ud800\"]") == "byte 4: no such escape, or half of a surrogate pair");
  CHECK(fault("[1,1e400]") == "byte 3: the number is beyond the range of a double");
  CHECK(fault("[-1e400]") == "byte 1: the number is beyond the range of a double");
  CHECK(to_json("[").error().operation == "to_json");
}

TEST_CASE("a byte order mark before a value is skipped, a zero byte behind it ends the text", "[json_reader]") {
  using namespace std::string_view_literals;
  for (const std::string_view whole : {"\xEF\xBB\xBF[1]"sv, "\xEF\xBB\xBF 1"sv, "\xEF\xBB\xBF"sv, "\xEF\xBB"sv, "\xEF"sv, "\xEF\xBB\xBF\xEF\xBB\xBF""1"sv, " \xEF\xBB\xBF""1"sv, "1\0x"sv, "[1]\0"sv, "[1\0]"sv,
                                       "\0"sv, "\0""1"sv, "[\0""1]"sv, "{\0}"sv, "{\"a\"\0:1}"sv, "tru\0"sv, "1\0\0"sv}) {
    CAPTURE(whole);
    CHECK(differing(whole) == "");
  }
  CHECK(to_json("\xEF\xBB\xBF[1]").has_value());
  CHECK(to_json("1\0x"sv).has_value());
}

TEST_CASE("random texts, damaged and not, give what nlohmann's parser gives", "[json_reader]") {
  static constexpr std::string_view signs = "{}[]:,\"\\u019eE+-. \n\t\x01\x7f\xEF\xC3\xA9tfnrl";
  const std::uint64_t first = number_from("LAKE_SEED", 20240917);
  const std::uint64_t count = number_from("LAKE_TEXTS", 1000);
  std::printf("json_reader: %llu random texts from LAKE_SEED=%llu on\n", static_cast<unsigned long long>(count), static_cast<unsigned long long>(first));
  lake_test::guarded room(1 << 20);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    lake_test::text_writer writer{lake_test::seeded_numbers(seed)};
    writer.style = {.space = writer.below(4), .duplicates = writer.one_in(3), .odd = writer.one_in(4), .wide = writer.one_in(3)};
    std::string whole = writer.value(1 + writer.below(5));
    CAPTURE(seed);
    REQUIRE(differing(room.at_end(whole)) == "");
    for (std::size_t damage = 0; damage < 12 && !whole.empty(); ++damage) {
      const std::size_t at = writer.below(whole.size());
      if (writer.one_in(3)) whole.erase(at, 1 + writer.below(3));
      else if (writer.one_in(2)) whole.insert(at, 1, signs[writer.below(signs.size())]);
      else whole[at] = writer.one_in(4) ? static_cast<char>(writer.below(256)) : signs[writer.below(signs.size())];
      CAPTURE(damage, whole);
      REQUIRE(differing(room.at_end(whole)) == "");
    }
  }
}

TEST_CASE("a text that is cut anywhere is read as nlohmann's parser reads it, and never beyond its end", "[json_reader]") {
  const std::string whole = R"( {"a" : [1, -2.5e+3, 12345678901234567890, 0.1234567890123456789, true, false, null],"b\u00e9\ud83d\ude00é中😀":"a string that is longer than a block \\ \" é 😀 \ud83d\ude00 中",)"
                            R"("nested":{"empty":{},"list":[[],[[]],{"x":{}}]},"long key that is longer than a block of sixteen bytes":"" , "a":-0} )";
  lake_test::guarded room(4096);
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    CAPTURE(length);
    REQUIRE(differing(room.at_end(std::string_view(whole).substr(0, length))) == "");
    REQUIRE(differing(room.at_start(std::string_view(whole).substr(length))) == "");
  }
}
