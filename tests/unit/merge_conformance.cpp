// Every engine against bodies of cases that others wrote: RFC 7396's appendix, json-patch-tests, the Go client's merges, and the
// texts whose meaning parsers dispute.
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/merge_engines.hpp"

#include <lake/merge.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using lake::merge_type;
using lake::merge::options;
using lake::merge::step;
using nlohmann::json;

namespace {

// How the result differs from the Go client's.
enum class ours { fails, succeeds, other };

struct difference {
  ours how;
  std::string_view rule;
};

constexpr std::string_view not_json = "bodies and bases that are not JSON are refused, never spliced";
constexpr std::string_view array_ancestor = "an ancestor that is an array becomes an object";
constexpr std::string_view duplicates = "of duplicate keys the last is written and the others are dropped";
constexpr std::string_view null_target = "a merge patch takes null as an empty object";
constexpr std::string_view arrays_whole = "arrays in a merge patch are kept whole, nulls in them too";
constexpr std::string_view strict_index = "an array index has no sign and no leading zero";
constexpr std::string_view no_padding = "a missing element is never created on the way";
constexpr std::string_view scalar_parent = "add does not create through a scalar or null";
constexpr std::string_view parents_now = "add creates parents when it runs, on unescaped tokens, and leaves no junk";
constexpr std::string_view pointer_syntax = "pointers follow RFC 6901";
constexpr std::string_view whole_value = "add and replace at \"\" take any value, move to \"\" sets the whole value";
constexpr std::string_view test_exact = "test needs its location and its value, and compares numbers by value";
constexpr std::string_view patch_shape = "a patch is an array of operations with one op and one path";
constexpr std::string_view read_leniently = "control bytes in strings that are stored already are kept";

const std::map<std::string_view, difference> differences = {
    {"7396/raw-control-char", {ours::succeeds, read_leniently}},
    {"replace/root-invalid-kept", {ours::fails, not_json}},
    {"replace/ancestor-array", {ours::succeeds, array_ancestor}},
    {"replace/ancestor-empty-array", {ours::succeeds, array_ancestor}},
    {"replace/ancestor-array-obj", {ours::succeeds, array_ancestor}},
    {"replace/root-is-array", {ours::succeeds, array_ancestor}},
    {"replace/root-is-empty-array", {ours::succeeds, array_ancestor}},
    {"replace/base-invalid", {ours::fails, not_json}},
    {"replace/base-trailing-garbage", {ours::fails, not_json}},
    {"replace/invalid-body-embedded", {ours::fails, not_json}},
    {"replace/invalid-body-two-values", {ours::fails, not_json}},
    {"replace/dup-keys-first", {ours::other, duplicates}},
    {"replace/dup-keys-nested", {ours::other, duplicates}},
    {"7396/field-is-null", {ours::succeeds, null_target}},
    {"7396/field-is-array-patch-array", {ours::other, arrays_whole}},
    {"7396/root-patch-array-nulls", {ours::other, arrays_whole}},
    {"7396/root-null-base", {ours::succeeds, null_target}},
    {"7396/null-in-obj-in-array-existing", {ours::other, arrays_whole}},
    {"7396/null-in-obj-in-array-new", {ours::other, arrays_whole}},
    {"7396/null-in-array-in-new-obj", {ours::other, arrays_whole}},
    {"7396/dup-keys-field", {ours::other, duplicates}},
    {"7396/ancestor-array", {ours::succeeds, array_ancestor}},
    {"7396/ancestor-array-of-obj", {ours::succeeds, array_ancestor}},
    {"6902/add-array-neg", {ours::fails, strict_index}},
    {"6902/add-array-neg2", {ours::fails, strict_index}},
    {"6902/add-array-leading-zero", {ours::fails, strict_index}},
    {"6902/add-array-plus", {ours::fails, strict_index}},
    {"6902/add-into-array-elem-missing", {ours::fails, no_padding}},
    {"6902/add-into-array-neg-obj", {ours::fails, strict_index}},
    {"6902/add-grandparent-scalar", {ours::fails, scalar_parent}},
    {"6902/add-grandparent-string", {ours::fails, scalar_parent}},
    {"6902/add-grandparent-null", {ours::fails, scalar_parent}},
    {"6902/add-dotted-parent", {ours::succeeds, parents_now}},
    {"6902/add-dotted-parent-exists", {ours::other, parents_now}},
    {"6902/add-tilde1-parent", {ours::succeeds, parents_now}},
    {"6902/add-tilde0-parent", {ours::succeeds, parents_now}},
    {"6902/add-tilde-bad", {ours::fails, pointer_syntax}},
    {"6902/add-tilde1-parent-exists", {ours::other, parents_now}},
    {"6902/add-star-parent", {ours::succeeds, parents_now}},
    {"6902/add-hash-key", {ours::succeeds, parents_now}},
    {"6902/add-at-parent", {ours::succeeds, parents_now}},
    {"6902/add-pipe-parent", {ours::succeeds, parents_now}},
    {"6902/add-colon-parent", {ours::succeeds, parents_now}},
    {"6902/add-unicode-parent", {ours::succeeds, parents_now}},
    {"6902/add-root-scalar", {ours::succeeds, whole_value}},
    {"6902/add-empty-segment", {ours::succeeds, parents_now}},
    {"6902/add-no-slash2", {ours::fails, pointer_syntax}},
    {"6902/remove-array-neg", {ours::fails, strict_index}},
    {"6902/replace-root-scalar", {ours::succeeds, whole_value}},
    {"6902/replace-array-neg", {ours::fails, strict_index}},
    {"6902/move-to-root", {ours::other, whole_value}},
    {"6902/test-missing-null", {ours::fails, test_exact}},
    {"6902/test-no-value", {ours::fails, test_exact}},
    {"6902/test-num-1.0", {ours::succeeds, test_exact}},
    {"6902/test-num-1e0", {ours::succeeds, test_exact}},
    {"6902/test-nested-num", {ours::succeeds, test_exact}},
    {"6902/field-array-nested-add", {ours::fails, no_padding}},
    {"6902/field-scalar-nested", {ours::fails, scalar_parent}},
    {"6902/field-null-nested", {ours::fails, scalar_parent}},
    {"6902/field-replace-root-scalar", {ours::succeeds, whole_value}},
    {"6902/field-ancestor-array", {ours::succeeds, array_ancestor}},
    {"6902/root-array-nested", {ours::fails, no_padding}},
    {"6902/ops-null", {ours::fails, patch_shape}},
    {"6902/dup-op-member", {ours::fails, patch_shape}},
    {"6902/dup-keys-base-remove", {ours::other, duplicates}},
    {"6902/parents-before-ops", {ours::succeeds, parents_now}},
    {"6902/parents-before-move", {ours::succeeds, parents_now}},
    {"6902/parents-before-add", {ours::succeeds, parents_now}},
    {"6902/parents-before-test", {ours::fails, parents_now}},
    {"6902/add-unicode-parent-exists", {ours::other, parents_now}},
    {"6902/add-unicode-parents-exist2", {ours::other, parents_now}},
    {"6902/replace-root-then-add-parents", {ours::succeeds, parents_now}},
    {"6902/dup-path-member", {ours::fails, patch_shape}},
    {"replace/bom-base", {ours::fails, not_json}},
};

/// A merge by the plain engine; the others must say the same wherever the base is JSON.
lake::result<std::string> apply(std::string_view base, const std::vector<step>& steps, const options& with = {}) {
  auto out = lake::merge::reference_apply(base, steps, with);
  const std::string_view inner = lake::merge::trim(base);
  if (inner.empty() || lake::merge::detail::check_grammar(inner, with.max_depth).reason == nullptr) {
    CHECK(lake_test::disagreement(lake_test::outcome(out), base, steps, with) == "");
  }
  return out;
}

/// The raw text at a pointer into a file of cases; empty if absent.
std::string_view raw(std::string_view document, const std::string& pointer) { return lake::merge::find(document, pointer).value_or(""); }

}  // namespace

TEST_CASE("the examples of RFC 7396 give their results") {
  const std::string file = lake_test::file_bytes(lake_test::data_folder() / "json-conformance" / "rfc7396" / "appendix_a.json");
  if (file.empty()) LAKE_SKIP("the examples of RFC 7396 are absent");
  const std::size_t count = json::parse(file).size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string at = "/" + std::to_string(i);
    CAPTURE(i);
    const auto out = apply(raw(file, at + "/original"), {{merge_type::rfc7396, "/", raw(file, at + "/patch")}});

    REQUIRE(out);
    CHECK(json::parse(*out) == json::parse(raw(file, at + "/result")));
  }
  CHECK(count >= 15);
}

TEST_CASE("json-patch-tests passes in strict mode, and with the extension but for two known records") {
  const auto folder = lake_test::data_folder() / "json-conformance" / "json-patch-tests";
  const std::map<std::string, std::string> created = {{"4.1. add with missing object", R"({"q":{"bar":2},"a":{"b":1}})"},
                                                      {"A.12.  Adding to a Non-existent Target", R"({"foo":"bar","baz":{"bat":"qux"}})"}};
  std::set<std::string> seen;
  std::size_t run = 0;
  for (const char* name : {"tests.json", "spec_tests.json"}) {
    const std::string file = lake_test::file_bytes(folder / name);
    if (file.empty()) LAKE_SKIP("json-patch-tests is absent");
    const json records = json::parse(file);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const json& record = records[i];
      if (record.value("disabled", false) || !record.contains("patch")) continue;
      ++run;
      const std::string at = "/" + std::to_string(i);
      const std::string comment = record.value("comment", "");
      CAPTURE(name, i, comment);
      for (const bool strict : {true, false}) {
        CAPTURE(strict);
        const auto out = apply(raw(file, at + "/doc"), {{merge_type::rfc6902, "/", raw(file, at + "/patch")}}, {.strict_rfc6902 = strict});
        if (!strict && created.contains(comment)) {
          seen.insert(comment);
          REQUIRE(out);
          CHECK(json::parse(*out) == json::parse(created.at(comment)));
        } else {
          CHECK(out.has_value() == !record.contains("error"));
          if (out && record.contains("expected")) CHECK(json::parse(*out) == record["expected"]);
        }
      }
    }
  }
  CHECK(seen.size() == 2);
  CHECK(run == 108);
}

TEST_CASE("merges differ from the Go client's only where a rule says so") {
  std::istringstream file(lake_test::file_bytes(lake_test::data_folder() / "merge" / "go_v2_cases.jsonl"));
  if (file.peek() == std::istringstream::traits_type::eof()) LAKE_SKIP("the Go client's merges are absent");
  std::size_t differing = 0;
  for (std::string line; std::getline(file, line);) {
    const json record = json::parse(line);
    const std::string name = record["name"];
    CAPTURE(line);
    const std::string base = record["base"];
    const std::string path = record["path"];
    const std::string body = record["body"];
    const auto out = apply(base, {{static_cast<merge_type>(record["merge"].get<int>()), path, body}});

    const bool go_failed = record.contains("error");
    const std::string wanted = go_failed ? std::string() : record["result"].get<std::string>();
    const json wanted_value = json::parse(wanted, nullptr, false);
    const bool same_value = out && (*out == wanted || (!wanted_value.is_discarded() && json::parse(*out, nullptr, false) == wanted_value));
    const auto known = differences.find(name);
    if (known == differences.end()) {
      CHECK(out.has_value() == !go_failed);
      if (!go_failed) CHECK(same_value);
      continue;
    }
    INFO(known->second.rule);
    ++differing;
    if (known->second.how == ours::fails) CHECK((!out.has_value() && !go_failed));
    if (known->second.how == ours::succeeds) CHECK((out.has_value() && go_failed));
    if (known->second.how == ours::other) CHECK((out.has_value() && !go_failed && *out != wanted));
  }
  CHECK(differing == differences.size());
}

TEST_CASE("a base that ends too early, goes on behind its end, or begins with a byte order mark is refused at every level") {
  std::istringstream file(lake_test::file_bytes(lake_test::data_folder() / "merge" / "go_v2_cases.jsonl"));
  if (file.peek() == std::istringstream::traits_type::eof()) LAKE_SKIP("the Go client's merges are absent");
  std::size_t refused = 0;
  for (std::string line; std::getline(file, line);) {
    const json record = json::parse(line);
    const std::string base = record["base"];
    if (lake::merge::reference_apply(base, {})) continue;
    CAPTURE(line);
    ++refused;
    const std::string path = record["path"];
    const std::string body = record["body"];
    const std::vector<step> steps = {{static_cast<merge_type>(record["merge"].get<int>()), path, body}};
    for (const auto level : lake_test::simd_levels()) CHECK_FALSE(lake_test::span_merge(base, steps, {}, level).has_value());
  }
  CHECK(refused == 8);
}

TEST_CASE("JSONTestSuite's texts come back unchanged, or are refused by every engine alike") {
  const auto folder = lake_test::data_folder() / "json-conformance" / "JSONTestSuite" / "test_parsing";
  if (!std::filesystem::exists(folder)) LAKE_SKIP("JSONTestSuite is absent");
  std::size_t kept = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    const std::string bytes = lake_test::file_bytes(file.path());
    CAPTURE(name);
    // A base is read by the grammar alone: what a write refuses beyond it is kept where it is stored already.
    const auto as_base = apply(bytes, {{merge_type::replace, "/lake_test/new", "1"}, {merge_type::rfc7396, "/", R"({"lake_test":null})"}});
    const auto as_body = apply("{}", {{merge_type::replace, "/a", bytes}});
    const auto as_member = apply("{\"a\":0}", {{merge_type::rfc6902, "/", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":" + bytes + "}]"}});
    const bool is_json = lake::merge::detail::check_grammar(bytes, 1000).reason == nullptr;
    if (name.starts_with("y_")) CHECK(is_json);
    CHECK(as_body.has_value() == is_json);
    if (!is_json) continue;
    ++kept;
    const std::string inner(lake::merge::trim(bytes));
    CHECK(as_body == "{\"a\":" + inner + "}");
    CHECK(as_member == "{\"a\":" + inner + "}");
    CHECK(apply(bytes, {}) == inner);
    if (!inner.starts_with('{')) CHECK(as_base == "{}");
    else if (inner.find_first_not_of("{} \n\r\t") != std::string::npos) CHECK(as_base == inner);
  }
  CHECK(kept > 95);
}

TEST_CASE("texts whose meaning parsers dispute come back unchanged") {
  const auto folder = lake_test::data_folder() / "json-conformance" / "JSONTestSuite" / "test_transform";
  if (!std::filesystem::exists(folder)) LAKE_SKIP("JSONTestSuite is absent");
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string bytes = lake_test::file_bytes(file.path());
    CAPTURE(file.path().filename().string());
    CHECK(apply(bytes, {}) == std::string(lake::merge::trim(bytes)));
    const auto inside = apply("{\"v\":" + bytes + "}", {{merge_type::replace, "/w", "1"}});
    CHECK(inside == "{\"v\":" + bytes.substr(0, bytes.find_last_not_of(" \n\r\t") + 1) + ",\"w\":1" + bytes.substr(bytes.find_last_not_of(" \n\r\t") + 1) + "}");
  }
}
