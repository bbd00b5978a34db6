// The strict validator: what a write accepts. JSONTestSuite in full, and the rules that the grammar leaves open.
#include "support/catch.hpp"
#include "support/data.hpp"

#include <lake/merge/validate.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

using lake::errc;
using lake::merge::options;
using lake::merge::validate;
using lake::merge::validated;

namespace {

using lake::merge::detail::findings;
using lake::merge::detail::simd;

bool operator==(const findings& left, const findings& right) {
  const auto text = [](const char* reason) { return std::string_view(reason == nullptr ? "" : reason); };
  return text(left.reason) == text(right.reason) && left.offset == right.offset && left.height == right.height;
}

/// True if all levels of this machine find the same in `json`; behind white space too, so that short texts come to the wide checks.
bool levels_agree(std::string_view json, std::size_t max_depth) {
  for (const std::size_t spaces : {0u, 40u, 61u}) {
    const std::string text = std::string(spaces, ' ') + std::string(json) + "     ";
    for (const auto check : {&lake::merge::detail::check_strictly, &lake::merge::detail::check_grammar, &lake::merge::detail::check_unique}) {
      const findings wanted = check(text, max_depth, simd::portable);
      for (const simd level : {simd::sse2, simd::avx2, simd::avx512}) {
        if (level <= lake::merge::detail::widest_simd() && !(check(text, max_depth, level) == wanted)) return false;
      }
    }
  }
  return true;
}

std::string fault(std::string_view json, const options& with = {}) {
  if (!levels_agree(json, with.max_depth)) return "the levels do not agree";
  const auto checked = validate(json, with);
  if (checked) return "";
  return checked.error().code == errc::invalid_body ? checked.error().message : "another kind of error";
}
bool accepts(std::string_view json, const options& with = {}) { return fault(json, with).empty(); }
std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

struct choice {
  bool accepted;
  std::string_view reason;
};

/// What the suite leaves open, and what is chosen here.
const std::map<std::string_view, choice> open_questions = {
    {"i_number_double_huge_neg_exp.json", {true, "underflow is accepted"}},
    {"i_number_huge_exp.json", {false, "beyond a double"}},
    {"i_number_neg_int_huge_exp.json", {false, "beyond a double"}},
    {"i_number_pos_double_huge_exp.json", {false, "beyond a double"}},
    {"i_number_real_neg_overflow.json", {false, "beyond a double"}},
    {"i_number_real_pos_overflow.json", {false, "beyond a double"}},
    {"i_number_real_underflow.json", {true, "underflow is accepted"}},
    {"i_number_too_big_neg_int.json", {true, "within a double, kept as text"}},
    {"i_number_too_big_pos_int.json", {true, "within a double, kept as text"}},
    {"i_number_very_big_negative_int.json", {true, "within a double, kept as text"}},
    {"i_object_key_lone_2nd_surrogate.json", {false, "lone surrogate"}},
    {"i_string_1st_surrogate_but_2nd_missing.json", {false, "lone surrogate"}},
    {"i_string_1st_valid_surrogate_2nd_invalid.json", {false, "lone surrogate"}},
    {"i_string_UTF-16LE_with_BOM.json", {false, "not UTF-8"}},
    {"i_string_UTF-8_invalid_sequence.json", {false, "not UTF-8"}},
    {"i_string_UTF8_surrogate_U+D800.json", {false, "not UTF-8"}},
    {"i_string_incomplete_surrogate_and_escape_valid.json", {false, "lone surrogate"}},
    {"i_string_incomplete_surrogate_pair.json", {false, "lone surrogate"}},
    {"i_string_incomplete_surrogates_escape_valid.json", {false, "lone surrogate"}},
    {"i_string_invalid_lonely_surrogate.json", {false, "lone surrogate"}},
    {"i_string_invalid_surrogate.json", {false, "lone surrogate"}},
    {"i_string_invalid_utf-8.json", {false, "not UTF-8"}},
    {"i_string_inverted_surrogates_U+1D11E.json", {false, "lone surrogate"}},
    {"i_string_iso_latin_1.json", {false, "not UTF-8"}},
    {"i_string_lone_second_surrogate.json", {false, "lone surrogate"}},
    {"i_string_lone_utf8_continuation_byte.json", {false, "not UTF-8"}},
    {"i_string_not_in_unicode_range.json", {false, "not UTF-8"}},
    {"i_string_overlong_sequence_2_bytes.json", {false, "not UTF-8"}},
    {"i_string_overlong_sequence_6_bytes.json", {false, "not UTF-8"}},
    {"i_string_overlong_sequence_6_bytes_null.json", {false, "not UTF-8"}},
    {"i_string_truncated-utf-8.json", {false, "not UTF-8"}},
    {"i_string_utf16BE_no_BOM.json", {false, "not UTF-8"}},
    {"i_string_utf16LE_no_BOM.json", {false, "not UTF-8"}},
    {"i_structure_500_nested_arrays.json", {true, "within the depth limit"}},
    {"i_structure_UTF-8_BOM_empty_object.json", {false, "byte order mark"}},
};

}  // namespace

TEST_CASE("the validator decides the parsing part of JSONTestSuite as it should") {
  const std::filesystem::path folder = lake_test::data_folder() / "json-conformance" / "JSONTestSuite" / "test_parsing";
  if (!std::filesystem::exists(folder)) LAKE_SKIP("JSONTestSuite is absent");
  std::size_t open = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    CAPTURE(name);
    const bool accepted = accepts(lake_test::file_bytes(file.path()));
    if (name.starts_with("y_")) CHECK(accepted);
    if (name.starts_with("n_")) CHECK_FALSE(accepted);
    if (!name.starts_with("i_")) continue;
    ++open;
    const auto chosen = open_questions.find(name);
    REQUIRE(chosen != open_questions.end());
    INFO(chosen->second.reason);
    CHECK(accepted == chosen->second.accepted);
  }
  CHECK(open == open_questions.size());
}

TEST_CASE("a fault is named with its offset and its reason") {
  CHECK(fault("") == "byte 0: the text is empty");
  CHECK(fault("  ") == "byte 2: the text ends too early");
  CHECK(fault("{\"a\" 1}") == "byte 5: expected ':'");
  CHECK(fault("[1 2]") == "byte 3: expected ',' or ']'");
  CHECK(fault("[1,]") == "byte 3: expected a value");
  CHECK(fault("{\"a\":1,}") == "byte 7: expected a key");
  CHECK(fault("{} x") == "byte 3: text after the value");
  CHECK(fault("[01]") == "byte 1: a number must not begin with 0");
  CHECK(fault("\"ab") == "byte 0: the string has no end");
  CHECK(fault("\"\x01\"") == "byte 1: a control byte in a string must be escaped");
  CHECK(fault("\"abcdefgh\xff\"") == "byte 9: not UTF-8");
  CHECK(fault("\xEF\xBB\xBF{}") == "byte 0: a byte order mark is no JSON");
  CHECK(fault(nested(1001)) == "byte 1000: too many open containers, the limit is 1000");
}

TEST_CASE("white space around a value is accepted") { CHECK(accepts(" \t\r\n{ } \n")); }

TEST_CASE("a thousand open containers are accepted, one more is refused") {
  CHECK(accepts(nested(1000)));
  CHECK_FALSE(accepts(nested(1001)));
  CHECK(accepts(nested(64)));
  CHECK(accepts(nested(65)));
  CHECK(accepts("[" + nested(128) + "," + nested(129) + "]"));
  CHECK(accepts("{\"a\":" + nested(63) + ",\"b\":" + nested(64) + ",\"c\":{\"d\":" + nested(62) + "}}"));
  CHECK_FALSE(accepts(nested(3), {.max_depth = 2}));
  CHECK(accepts("1", {.max_depth = 0}));
  CHECK_FALSE(accepts("[]", {.max_depth = 0}));
}

TEST_CASE("brackets must match at every depth") {
  for (const std::size_t depth : {1u, 63u, 64u, 65u, 127u, 128u, 129u, 500u}) {
    CAPTURE(depth);
    std::string mixed;
    std::string closing;
    for (std::size_t i = 0; i < depth; ++i) {
      mixed += i % 3 == 0 ? "[" : "{\"k\":";
      closing.insert(0, i % 3 == 0 ? "]" : "}");
    }
    CHECK(accepts(mixed + "1" + closing));
    for (std::size_t i = 0; i < depth; i += 7) {
      std::string wrong = closing;
      wrong[i] = wrong[i] == ']' ? '}' : ']';
      CHECK_FALSE(accepts(mixed + "1" + wrong));
    }
  }
}

TEST_CASE("a number that rounds to infinity is refused, the largest double and underflow are not") {
  const std::string largest = "1.7976931348623157e308";
  const std::string first_refused =
      "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273"
      "854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";
  std::string last_accepted = first_refused;
  last_accepted.back() = '1';
  CHECK(accepts(largest));
  CHECK(accepts("-" + largest));
  CHECK(accepts(last_accepted));
  CHECK(accepts(last_accepted + ".99999999999"));
  CHECK_FALSE(accepts(first_refused));
  CHECK_FALSE(accepts("-" + first_refused + "e0"));
  CHECK_FALSE(accepts("1e309"));
  CHECK_FALSE(accepts("0.001e312"));
  CHECK(accepts("0.0001e312"));
  CHECK(accepts("1e-99999999999999999999999"));
  CHECK_FALSE(accepts("1e99999999999999999999999"));
  CHECK(accepts("0e99999999999999999999999"));
  CHECK(accepts("1" + std::string(308, '0')));
  CHECK_FALSE(accepts("1" + std::string(309, '0')));
  CHECK(accepts("1" + std::string(400, '0') + "e-100"));
  CHECK(accepts("0." + std::string(400, '0') + "1e+700"));
}

TEST_CASE("surrogate escapes must come in pairs") {
  CHECK(accepts(R"("\ud83d\ude00")"));
  CHECK(accepts(R"("\uDBFF\uDFFF")"));
  for (const std::string_view bad : {R"("\ud83d")", R"("\ude00")", R"("\ude00\ud83d")", R"("\ud83d\ud83d\ude00")", R"("\ud83dx")", R"("\ud83d\n")", R"("\ud83d\u00")", R"("\u12g4")", R"("\x")"}) {
    CAPTURE(bad);
    CHECK_FALSE(accepts(bad));
  }
}

TEST_CASE("special bytes in strings are found at every distance") {
  for (std::size_t before = 0; before < 24; ++before) {
    for (std::size_t behind = 0; behind < 12; ++behind) {
      CAPTURE(before, behind);
      const std::string head = "\"" + std::string(before, 'a');
      const std::string tail = std::string(behind, 'b') + "\"";
      CHECK(accepts(head + tail));
      CHECK(accepts(head + "\\\"" + tail));
      CHECK(accepts(head + "é中😀\x7f" + tail));
      CHECK_FALSE(accepts(head + "\"" + tail));
      CHECK_FALSE(accepts(head + "\x1f" + tail));
      CHECK_FALSE(accepts(head + std::string(1, '\0') + tail));
      CHECK_FALSE(accepts(head + "\x80" + tail));
      CHECK_FALSE(accepts(head + "\\" + tail.substr(tail.size() - 1)));
    }
  }
}

TEST_CASE("duplicate keys are kept by default and refused by option, compared unescaped") {
  const options strict{.refuse_duplicate_keys = true};
  CHECK(accepts(R"({"a":1,"a":2})"));
  CHECK(fault(R"({"a":1,"b":2,"a":3})", strict) == "byte 13: the object has this key already");
  CHECK(fault(R"([{"x":{"a":1,"\u0061" :2}}])", strict) == "byte 13: the object has this key already");
  CHECK(accepts(R"({"a":{"a":[{"a":"a"},{"a":"a"}]},"b":"a"})", strict));
  CHECK(accepts(R"({"é":1,"e":2,"":3})", strict));
}

TEST_CASE("a validated body has no outer white space, and its path counts as depth") {
  CHECK(validated(" {} \n").value() == "{}");
  CHECK(validated(nested(998), {}, 2).has_value());
  CHECK_FALSE(validated(nested(999), {}, 2).has_value());
  CHECK(validated("1", {}, 1000).has_value());
  CHECK_FALSE(validated("1", {}, 1001).has_value());
}

TEST_CASE("the check of the grammar lets through what other writers stored") {
  for (const std::string_view odd : {"\"\xff\"", R"("\ud800")", "1e400", "\"\x01\""}) {
    CAPTURE(odd);
    CHECK(lake::merge::detail::check_grammar(odd, 1000).reason == nullptr);
  }
  for (const std::string_view bad : {"\"\\x\"", "[1,]", "{", "01", "\xEF\xBB\xBF{}"}) CHECK(lake::merge::detail::check_grammar(bad, 1000).reason != nullptr);
}
