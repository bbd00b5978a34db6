// The engine against a small obvious model (values and key order), against its own laws (bytes), and against damage.
#include "support/catch.hpp"

#include <lake/merge.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake::merge_type;
using lake::merge::failure;
using lake::merge::step;
using nlohmann::ordered_json;

namespace {

constexpr std::uint32_t seed = 20240917;

/// Random texts and steps. Small alphabets, so that names meet.
class generator {
 public:
  explicit generator(std::uint32_t start, bool duplicates) : random_(start), duplicates_(duplicates) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool one_in(std::size_t n) { return below(n) == 0; }

  std::string space() {
    static const char* const some[] = {"", "", "", "", " ", "\n", "  ", "\t ", "\r\n  "};
    return spaces ? some[below(std::size(some))] : "";
  }
  std::string name() {
    static const char* const some[] = {"a", "b", "c", "d", "a", "b", "é", "m~n", "a/b", "", "0"};
    return some[below(std::size(some))];
  }
  std::string key() {
    const std::string chosen = name();
    if (chosen == "a" && one_in(4)) return R"("\u0061")";
    if (chosen == "a/b" && one_in(2)) return R"("a\/b")";
    if (chosen == "é" && one_in(2)) return R"("\u00E9")";
    return '"' + chosen + '"';
  }
  std::string scalar() {
    static const char* const some[] = {"0", "1", "1.0", "-0", "1e2", "12345678901234567890123", "true", "false", "null", "\"\"", "\"x\"", R"("\"\\")", R"("\u00e9]}")"};
    return some[below(std::size(some))];
  }
  /// The text of a value, without white space around it.
  std::string value(std::size_t depth) {
    const std::size_t what = depth == 0 ? 0 : below(5);
    if (what < 2) return scalar();
    return what == 2 ? array(depth) : object(depth);
  }
  std::string array(std::size_t depth) {
    std::string out = "[" + space();
    const std::size_t count = below(4);
    for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : "," + space()) + value(depth - 1) + space();
    return out + "]";
  }
  std::string object(std::size_t depth) {
    std::string out = "{" + space();
    std::vector<std::string> used;
    const std::size_t count = below(5);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string chosen = key();
      const std::string plain = nlohmann::json::parse(chosen);
      if (!(duplicates_ && one_in(2)) && std::find(used.begin(), used.end(), plain) != used.end()) continue;
      out += (used.empty() ? "" : "," + space()) + chosen + space() + ":" + space() + value(depth - 1) + space();
      used.push_back(plain);
    }
    return out + "}";
  }
  std::string document() { return one_in(12) ? value(3) : object(4); }

  std::string path() {
    std::string out;
    for (std::size_t i = below(4); i > 0; --i) out += std::string("/") + "abcd"[below(4)];
    return out.empty() ? "/" : out;
  }
  static std::string escaped(const std::string& token) {
    std::string out;
    for (const char c : token) out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
    return out;
  }
  /// A pointer that mostly exists below `under`.
  std::string pointer(const ordered_json* under) {
    std::string out;
    while (under != nullptr && under->is_structured() && !under->empty() && !one_in(4)) {
      auto child = under->begin();
      const std::size_t index = below(under->size());
      std::advance(child, index);
      out += "/" + (under->is_object() ? escaped(child.key()) : std::to_string(index));
      under = &*child;
    }
    if (one_in(2)) out += "/" + (under != nullptr && under->is_array() ? (one_in(2) ? std::string("-") : std::to_string(below(4))) : escaped(name()));
    if (one_in(6)) out += "/" + escaped(name());
    return out;
  }
  static std::string in_quotes(const std::string& bytes) { return nlohmann::json(bytes).dump(); }
  std::string operation(const ordered_json* under) {
    static const char* const verbs[] = {"add", "add", "add", "remove", "replace", "move", "copy", "test"};
    const std::string verb = verbs[below(std::size(verbs))];
    std::string out = "{" + space() + "\"op\":\"" + verb + "\",\"path\":" + in_quotes(pointer(under));
    if (verb == "move" || verb == "copy") return out + ",\"from\":" + in_quotes(pointer(under)) + "}";
    if (verb == "remove") return out + "}";
    return out + "," + space() + "\"value\":" + space() + value(2) + space() + "}";
  }
  /// A step that mostly fits `now`, the document it will be applied to.
  step any_step(const ordered_json& now) {
    const std::string where = path();
    const std::size_t what = below(3);
    if (what == 0) return {merge_type::replace, std::string(where), space() + value(3) + space()};
    if (what == 1) return {merge_type::rfc7396, std::string(where), space() + (one_in(8) ? value(2) : object(3)) + space()};
    const ordered_json* under = &now;
    for (std::size_t at = 1; under != nullptr && at < where.size(); at += 2) {
      const auto child = under->is_object() ? under->find(where.substr(at, 1)) : under->end();
      under = under->is_object() && child != under->end() ? &*child : nullptr;
    }
    std::string body = "[";
    for (std::size_t i = below(4); i > 0; --i) body += (body.size() == 1 ? "" : ",") + operation(under);
    return {merge_type::rfc6902, std::string(where), body + "]"};
  }

  bool spaces = true;

 private:
  std::mt19937 random_;
  bool duplicates_;
};

// The model: recursive, on values, in the words of the rules.

ordered_json* child(ordered_json& of, const std::string& token) {
  if (of.is_object()) {
    const auto found = of.find(token);
    return found == of.end() ? nullptr : &*found;
  }
  const std::size_t index = of.is_array() ? lake::merge::detail::array_index(token) : std::string::npos;
  return of.is_array() && index < of.size() ? &of[index] : nullptr;
}

void merge_patch(ordered_json& target, const ordered_json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = ordered_json::object();
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null()) target.erase(name);
    else merge_patch(target[name], value);
  }
}

bool insert(ordered_json& document, const std::vector<std::string>& tokens, const ordered_json& value, bool create) {
  if (tokens.empty()) {
    document = value;
    return true;
  }
  ordered_json* at = &document;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (create && at->is_object() && !at->contains(tokens[i])) (*at)[tokens[i]] = ordered_json::object();
    at = child(*at, tokens[i]);
    if (at == nullptr) return false;
  }
  if (at->is_object()) {
    (*at)[tokens.back()] = value;
    return true;
  }
  const std::size_t index = tokens.back() == "-" ? at->size() : lake::merge::detail::array_index(tokens.back());
  if (!at->is_array() || index > at->size()) return false;
  at->insert(at->begin() + static_cast<std::ptrdiff_t>(index), value);
  return true;
}

bool take(ordered_json& document, std::vector<std::string> tokens) {
  if (tokens.empty()) return false;
  ordered_json* at = &document;
  const std::string last = tokens.back();
  tokens.pop_back();
  for (const std::string& token : tokens) {
    at = child(*at, token);
    if (at == nullptr) return false;
  }
  if (child(*at, last) == nullptr) return false;
  if (at->is_object()) at->erase(last);
  else at->erase(lake::merge::detail::array_index(last));
  return true;
}

bool operate(ordered_json& document, const ordered_json& operation) {
  const std::string verb = operation["op"];
  const std::string path = operation["path"];
  const std::vector<std::string> tokens = lake::merge::detail::pointer_tokens(path);
  const auto locate = [&document](const std::vector<std::string>& way) {
    ordered_json* at = &document;
    for (const std::string& token : way) {
      if (at != nullptr) at = child(*at, token);
    }
    return at;
  };
  if (verb == "add") return insert(document, tokens, operation["value"], true);
  if (verb == "remove") return take(document, tokens);
  if (verb == "move" || verb == "copy") {
    const std::string from = operation["from"];
    const std::vector<std::string> source = lake::merge::detail::pointer_tokens(from);
    const ordered_json* const found = locate(source);
    if (found == nullptr) return false;
    const ordered_json moved = *found;
    if (verb == "copy") return insert(document, tokens, moved, false);
    if (source == tokens) return true;
    if (source.size() < tokens.size() && std::equal(source.begin(), source.end(), tokens.begin())) return false;
    return take(document, source) && insert(document, tokens, moved, false);
  }
  ordered_json* const found = locate(tokens);
  if (found == nullptr) return false;
  if (verb == "replace") {
    *found = operation["value"];
    return true;
  }
  return nlohmann::json::parse(found->dump()) == nlohmann::json::parse(operation["value"].dump());
}

/// Applies a step; false, and nothing changed, if it cannot be applied.
bool model_apply(ordered_json& document, const step& one) {
  ordered_json changed = document;
  ordered_json* at = &changed;
  const ordered_json body = ordered_json::parse(one.body.view());
  bool missing = false;
  for (const std::string_view name : lake::path_segments(one.path)) {
    if (!at->is_object()) *at = ordered_json::object();
    missing = !at->contains(std::string(name));
    at = &(*at)[std::string(name)];
    if (missing) *at = ordered_json::object();
  }
  if (one.type == merge_type::replace) *at = body;
  if (one.type == merge_type::rfc7396) merge_patch(*at, body);
  if (one.type == merge_type::rfc6902) {
    for (const ordered_json& operation : body) {
      if (!operate(*at, operation)) return false;
    }
  }
  document = std::move(changed);
  return true;
}

std::string skipping(std::string_view base, std::span<const step> steps, std::vector<failure>& skipped) {
  return lake::merge::apply_skipping(base, steps, {}, skipped).value();
}

bool is_ancestor(std::string_view above, std::string_view below) {
  if (above == "/") return below != "/";
  return below.size() > above.size() && below.starts_with(above) && below[above.size()] == '/';
}

/// Rule P by its definition: dead steps become touches.
std::vector<step> pruned(const std::vector<step>& steps) {
  std::vector<step> out = steps;
  for (std::size_t i = steps.size(); i-- > 0;) {
    for (std::size_t j = i + 1; j < steps.size() && !out[i].touch; ++j) {
      const std::string_view killer = steps[j].path;
      const bool covers = killer == steps[i].path.view() || is_ancestor(killer, steps[i].path);
      bool barred = false;
      for (std::size_t k = i + 1; k < j; ++k) barred = barred || (!out[k].touch && steps[k].type == merge_type::rfc6902 && is_ancestor(steps[k].path, killer));
      if (steps[j].type == merge_type::replace && covers && !barred) out[i] = {merge_type::replace, killer, "", true};
    }
  }
  return out;
}

/// The text in a block of exactly its size, so that a sanitizer sees every byte read beyond it.
class exact {
 public:
  explicit exact(std::string_view bytes) : bytes_(std::make_unique<char[]>(bytes.size())), size_(bytes.size()) { std::copy(bytes.begin(), bytes.end(), bytes_.get()); }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

std::string damaged(generator& random, std::string bytes) {
  for (std::size_t i = 1 + random.below(3); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = random.below(bytes.size());
    const std::size_t how = random.below(4);
    if (how == 0) bytes.resize(at);
    else if (how == 1) bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1u << random.below(8)));
    else if (how == 2) bytes.insert(at, 1, "{}[]\",:\\u0-e."[random.below(13)]);
    else bytes.erase(at, 1);
  }
  return bytes;
}

}  // namespace

TEST_CASE("random merges give the values and the key order of the model") {
  generator random(seed, false);
  std::size_t failed = 0;
  for (int round = 0; round < 2500; ++round) {
    random.spaces = round % 2 == 0;
    const std::string base = random.document();
    ordered_json model = ordered_json::parse(base);
    std::vector<step> steps;
    std::vector<std::size_t> void_steps;
    for (std::size_t i = 0; i < 6; ++i) {
      steps.push_back(random.any_step(model));
      if (!model_apply(model, steps.back())) void_steps.push_back(i);
    }
    std::vector<failure> skipped;
    const std::string out = skipping(base, steps, skipped);

    std::vector<std::size_t> skipped_steps;
    for (const failure& one : skipped) skipped_steps.push_back(one.step);
    failed += skipped.size();
    if (ordered_json::parse(out).dump() == model.dump() && skipped_steps == void_steps) continue;
    CAPTURE(seed, round, base, out);
    for (const step& one : steps) UNSCOPED_INFO(static_cast<int>(one.type) << " " << one.path.view() << " " << one.body.view());
    CHECK(skipped_steps == void_steps);
    CHECK(ordered_json::parse(out).dump() == model.dump());
  }
  INFO("steps that failed: " << failed);
  CHECK(failed > 200);
  CHECK(failed < 5000);
}

TEST_CASE("merging through any snapshot gives the same bytes, duplicates and skipped steps included") {
  generator random(seed + 1, true);
  for (int round = 0; round < 2000; ++round) {
    const std::string base = random.space() + random.document() + random.space();
    ordered_json now = ordered_json::parse(base);
    std::vector<step> steps;
    for (std::size_t i = 0; i < 5; ++i) {
      steps.push_back(random.any_step(now));
      model_apply(now, steps.back());
    }
    std::vector<failure> at_once;
    const std::string whole = skipping(base, steps, at_once);
    for (std::size_t split = 0; split <= steps.size(); ++split) {
      std::vector<failure> in_parts;
      const std::span<const step> all(steps);
      const std::string first = skipping(base, all.first(split), in_parts);
      const std::string second = skipping(first, all.subspan(split), in_parts);
      if (second == whole && in_parts.size() == at_once.size()) continue;
      CAPTURE(seed, round, split, base, first);
      for (const step& one : steps) UNSCOPED_INFO(static_cast<int>(one.type) << " " << one.path.view() << " " << one.body.view());
      CHECK(second == whole);
      CHECK(in_parts.size() == at_once.size());
    }
  }
}

TEST_CASE("touches of what exists and patches that only test return the identical bytes") {
  generator random(seed + 2, true);
  for (int round = 0; round < 4000; ++round) {
    const std::string base = random.object(4);
    const ordered_json now = ordered_json::parse(base);
    std::vector<step> steps;
    std::string patch;
    for (int i = 0; i < 4; ++i) {
      const std::string pointer = random.pointer(&now);
      const auto found = lake::merge::find(base, pointer);
      if (!found || pointer == "/") continue;
      if (lake::is_field_path(pointer)) steps.push_back({merge_type::replace, std::string(pointer), "", true});
      patch += (patch.empty() ? "[" : ",") + std::string("{\"op\":\"test\",\"path\":") + generator::in_quotes(pointer) + ",\"value\":" + std::string(*found) + "}";
    }
    if (!patch.empty()) steps.push_back({merge_type::rfc6902, "/", patch + "]"});
    const auto out = lake::merge::apply(base, steps);
    if (out == base) continue;
    CAPTURE(seed, round, base, patch);
    REQUIRE(out);
    CHECK(*out == base);
  }
}

TEST_CASE("steps that a later replace hides may be touches: the bytes are the same") {
  generator random(seed + 3, true);
  std::size_t compared = 0;
  for (int round = 0; round < 2500; ++round) {
    const std::string base = random.document();
    ordered_json now = ordered_json::parse(base);
    std::vector<step> steps;
    while (steps.size() < 6) {
      step one = random.any_step(now);
      if (model_apply(now, one)) steps.push_back(std::move(one));
    }
    const auto whole = lake::merge::apply(base, steps);
    if (!whole) continue;
    const std::vector<step> fewer = pruned(steps);
    if (std::none_of(fewer.begin(), fewer.end(), [](const step& one) { return one.touch; })) continue;
    ++compared;
    const auto out = lake::merge::apply(base, fewer);
    if (out == *whole) continue;
    CAPTURE(seed, round, base);
    for (const step& one : steps) UNSCOPED_INFO(static_cast<int>(one.type) << " " << one.path.view() << " " << one.body.view());
    REQUIRE(out);
    CHECK(*out == *whole);
  }
  CHECK(compared > 500);
}

TEST_CASE("damaged texts give an error or a result, and the validator agrees with the grammar's other reader") {
  generator random(seed + 4, true);
  for (int round = 0; round < 6000; ++round) {
    const std::string text_of_base = random.document();
    const ordered_json now = ordered_json::parse(text_of_base);
    const step whole = random.any_step(now);
    const exact base(damaged(random, text_of_base));
    const exact body(damaged(random, std::string(whole.body.view())));
    CAPTURE(seed, round, base.view(), body.view());

    const auto merged = lake::merge::apply(base.view(), {{whole.type, whole.path.view(), body.view()}});
    const auto kept = lake::merge::apply(text_of_base, {{whole.type, whole.path.view(), body.view()}});
    const auto found = lake::merge::find(base.view(), random.pointer(&now));
    const auto members = lake::merge::members(base.view());
    const auto patch = lake::merge::validate_patch(body.view());
    const auto effective = lake::merge::effective_write(whole.type, body.view());
    const bool valid = lake::merge::validate(body.view(), {}).has_value();

    // The other reader takes a byte order mark, and a zero byte for the end.
    const bool comparable = !body.view().starts_with("\xEF\xBB\xBF") && body.view().find('\0') == std::string_view::npos;
    if (comparable && valid != nlohmann::json::accept(body.view())) FAIL("the validator says " << valid);
    if (valid && kept && !nlohmann::json::accept(*kept)) FAIL("the result is no JSON: " << *kept);
    if (!valid && merged && found && members && patch && effective) SUCCEED();
  }
}
