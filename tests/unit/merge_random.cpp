// Random histories: the engines against each other and against their own laws (bytes and messages), against an obvious model and
// nlohmann::json (values and key order), and against damage. Run by an entry of its own: the test cases are tagged [histories].
//
// Histories are numbered from the seed on, so a failing one, which is named by its seed, is run alone with
//   LAKE_SEED=<its seed> LAKE_HISTORIES=1 lake_tests_unit "[histories]"
// Without LAKE_HISTORIES there are 100,000 in an optimised build and 2,000 in others, with LAKE_FULL=1 ten times as many.
// LAKE_SEED=random takes a new seed.
#include "support/catch.hpp"
#include "support/exact.hpp"
#include "support/merge_laws.hpp"
#include "support/merge_model.hpp"

#include <lake/merge.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake::merge_type;
using lake::merge::failure;
using lake::merge::step;
using lake_test::exact;
using lake_test::history;
using lake_test::history_writer;
using lake_test::seeded_numbers;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

std::string setting(const char* name) {
  const char* const set = std::getenv(name);
  return set == nullptr ? std::string() : set;
}

std::uint64_t first_seed() {
  const std::string set = setting("LAKE_SEED");
  if (set == "random") return std::random_device{}();
  return set.empty() ? 20240917 : std::strtoull(set.c_str(), nullptr, 10);
}

/// The seeds of a test case: a share of all the histories.
class seeds {
 public:
  explicit seeds(const char* what, std::size_t share = 1) : first_(first_seed()) {
#if defined(__OPTIMIZE__)
    count_ = 100'000;
#else
    count_ = 2'000;
#endif
    if (setting("LAKE_FULL") == "1") count_ *= 10;
    if (const std::string set = setting("LAKE_HISTORIES"); !set.empty()) count_ = std::strtoull(set.c_str(), nullptr, 10);
    count_ = (count_ + share - 1) / share;
    std::printf("%s: %zu histories from LAKE_SEED=%llu on\n", what, count_, static_cast<unsigned long long>(first_));
    std::fflush(stdout);
  }
  std::size_t count() const { return count_; }
  std::uint64_t operator[](std::size_t i) const { return first_ + i; }
  /// A run that is long enough for statements about how often something happens.
  bool many() const { return count_ >= 200; }

 private:
  std::uint64_t first_;
  std::size_t count_;
};

bool is_well_formed(std::string_view input) { return lake::merge::detail::check_grammar(lake::merge::trim(input), 1'000'000).reason == nullptr; }

/// Bodies that the grammar has and nlohmann refuses, or that it reads otherwise: values cannot be compared.
bool has_odd_body(const history& of) {
  return std::any_of(of.steps.begin(), of.steps.end(), [](const step& one) {
    return !one.touch && is_well_formed(one.body) != json::accept(one.body.view());
  });
}

/// What the model and nlohmann make of a history otherwise than the engine; empty if nothing.
std::string differing_values(const history& of) {
  if (of.style.odd || !of.default_limits || has_odd_body(of)) return {};
  const auto merged = lake::merge::reference_apply(of.base, of.steps, of.with);
  ordered_json model = of.base.find_first_not_of(" \t\r\n") == std::string::npos ? ordered_json::object() : ordered_json::parse(of.base);
  bool applied = true;
  for (const step& one : of.steps) applied = applied && lake_test::model::apply(model, one, of.with.strict_rfc6902);
  if (applied != merged.has_value()) return applied ? "the model can apply what the engine cannot\n" : "the engine applies what the model cannot\n";
  if (!merged) return {};
  const ordered_json values = ordered_json::parse(*merged);
  // Where an object has a name twice, the model's place for it is the first one and the engine's the last.
  const bool same = of.style.duplicates ? json(values) == json(model) : values.dump() == model.dump();
  return same ? std::string() : "the model has " + model.dump() + "\n";
}

/// nlohmann's own merge_patch and patch on the value at the path of one step. It is no reference for what must fail: `add` below
/// a scalar parent aborts, `remove` below one succeeds, `add` below null makes an object (merge-engine.md section 9). So it is
/// asked only where the engine, strictly, succeeds.
std::string differing_from_nlohmann(std::string_view now, const step& one) {
  const auto found = lake::merge::find(now, one.path);
  const std::string target(found ? *found : "{}");
  const step at_root{one.type, "/", one.body.view()};
  const auto merged = lake::merge::reference_apply(target, std::span<const step>(&at_root, 1), {.strict_rfc6902 = true});
  if (one.touch || one.type == merge_type::replace || !merged) return {};
  const json body = json::parse(one.body.view());
  json value = json::parse(target);
  if (one.type == merge_type::rfc7396) {
    value.merge_patch(body);
  } else {
    for (const json& operation : body) {
      // It has no way to move the whole value onto itself.
      if (operation["op"] == "move" && operation["from"] == operation["path"]) continue;
      value = value.patch(json::array({operation}));
    }
  }
  return value == json::parse(*merged) ? std::string() : "nlohmann makes of " + target + "\n  " + value.dump() + "\n";
}

std::string differing_from_nlohmann(const history& of) {
  if (of.style.odd || !of.default_limits || has_odd_body(of)) return {};
  auto now = lake::merge::reference_apply(of.base, {}, of.with);
  std::string all;
  for (std::size_t i = 0; i < of.steps.size() && now; ++i) {
    all += differing_from_nlohmann(*now, of.steps[i]);
    now = lake::merge::reference_apply(*now, std::span<const step>(&of.steps[i], 1), of.with);
  }
  return all;
}

/// How often something happened in the histories, so that a generator that lost a feature is seen.
class census {
 public:
  /// Looks at one history in eight: counting is no test.
  void add(const history& of, std::uint64_t seed) {
    if (seed % 8 != 0) return;
    const auto merged = lake::merge::reference_apply(of.base, of.steps, of.with);
    ++counted_;
    ++seen_[merged ? "merged" : "failed"];
    for (const step& one : of.steps) ++seen_[one.touch ? "touch" : std::string(to_string(one.type))];
    if (!merged) return;
    for (const step& one : of.steps) {
      if (one.type == merge_type::rfc6902 && !one.touch) add_operations(one.body);
    }
    const auto fewer = lake_test::naively_pruned(of.steps);
    if (std::count_if(fewer.begin(), fewer.end(), [](const step& one) { return one.touch; }) >
        std::count_if(of.steps.begin(), of.steps.end(), [](const step& one) { return one.touch; })) {
      ++seen_["pruned"];
    }
  }
  /// What happened less than once in `n` histories.
  std::string rarer_than_one_in(std::size_t n) const {
    static constexpr std::string_view all[] = {"failed", "touch", "replace", "rfc7396", "rfc6902", "pruned", "add", "remove", "move", "copy", "test"};
    std::string rare;
    for (const std::string_view one : all) {
      const auto found = seen_.find(std::string(one));
      if (found == seen_.end() || found->second < counted_ / n) rare += std::string(one) + " ";
    }
    return rare;
  }
  double merged() const { return static_cast<double>(seen_.at("merged")) / static_cast<double>(counted_); }

 private:
  void add_operations(std::string_view body) {
    std::vector<lake::merge::detail::operation> operations;
    static_cast<void>(lake::merge::detail::read_patch(body, operations));  // merged: nothing is wrong with it
    static constexpr const char* names[] = {"add", "remove", "replaced", "move", "copy", "test"};
    for (const auto& one : operations) ++seen_[names[static_cast<std::size_t>(one.what)]];
  }

  std::map<std::string, std::size_t> seen_;
  std::size_t counted_ = 0;
};

/// A merge by `apply_skipping`, with all that it says, step numbers counted from `first` on.
std::string skipping_outcome(const lake::result<std::string>& merged, const std::vector<failure>& skipped, std::size_t first = 0) {
  std::string out = lake_test::outcome(merged);
  for (failure one : skipped) {
    one.step += first;
    out += "\n" + one.to_string();
  }
  return out;
}

std::string damaged(seeded_numbers& random, std::string bytes) {
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

TEST_CASE("every engine gives the same bytes or the same message, also in parts, also pruned, and the values of the model", "[histories]") {
  const seeds all("random histories");
  census seen;
  std::size_t bad = 0;
  for (std::size_t i = 0; i < all.count() && bad < 5; ++i) {
    const history one = history_writer(seeded_numbers(all[i])).write();
    seen.add(one, all[i]);
    const std::string broken = lake_test::broken_laws(one, all[i], lake_test::simd_levels()) + differing_values(one) + (all[i] % 4 == 0 ? differing_from_nlohmann(one) : std::string());
    if (broken.empty()) continue;
    ++bad;
    FAIL_CHECK("LAKE_SEED=" << all[i] << "\n" << one.to_string() << broken);
  }
  if (bad > 0 || !all.many()) return;

  CHECK(seen.rarer_than_one_in(30) == "");
  CHECK(seen.merged() > 0.5);
}

TEST_CASE("steps that cannot be applied are void, the same ones in parts, and the model skips the same", "[histories]") {
  const seeds all("histories with failing steps", 10);
  std::size_t skipped_steps = 0;
  std::size_t bad = 0;
  for (std::size_t i = 0; i < all.count() && bad < 5; ++i) {
    history one = history_writer(seeded_numbers(all[i])).write();
    // Steps that were made for another base: many of them fail.
    const history other = history_writer(seeded_numbers(all[i] + (std::uint64_t{1} << 40))).write();
    one.steps.insert(one.steps.end(), other.steps.begin(), other.steps.end());
    one.with.max_bytes = lake::merge::options{}.max_bytes;
    std::vector<failure> skipped;
    const auto merged = lake::merge::reference_apply_skipping(one.base, one.steps, one.with, skipped);
    const std::string wanted = skipping_outcome(merged, skipped);
    skipped_steps += skipped.size();
    std::vector<failure> also_skipped;
    std::string broken = lake_test::difference("apply_skipping", skipping_outcome(lake::merge::apply_skipping(one.base, one.steps, one.with, also_skipped), also_skipped), wanted);
    if (merged) {
      const std::size_t split = all[i] % (one.steps.size() + 1);
      const std::span<const step> steps(one.steps);
      std::vector<failure> first;
      std::vector<failure> second;
      const auto part = lake::merge::apply_skipping(one.base, steps.first(split), one.with, first);
      const auto whole = part ? lake::merge::apply_skipping(*part, steps.subspan(split), one.with, second) : part;
      for (failure& late : second) late.step += split;
      first.insert(first.end(), second.begin(), second.end());
      broken += lake_test::difference("in two parts", skipping_outcome(whole, first), wanted);
    }
    if (broken.empty()) continue;
    ++bad;
    FAIL_CHECK("LAKE_SEED=" << all[i] << "\n" << one.to_string() << broken);
  }
  if (all.many()) CHECK(skipped_steps > all.count() / 10);
}

TEST_CASE("touches of what exists and patches that only test return the identical bytes", "[histories]") {
  const seeds all("identical bytes", 10);
  std::size_t bad = 0;
  for (std::size_t i = 0; i < all.count() && bad < 5; ++i) {
    const history one = history_writer(seeded_numbers(all[i])).write();
    const std::string base(lake::merge::trim(one.base));
    if (base.empty() || !base.starts_with('{')) continue;
    std::vector<lake_test::spot> spots;
    lake_test::find_spots(base, spots);
    std::vector<step> steps;
    std::string patch;
    seeded_numbers random(all[i]);
    for (int n = 0; n < 5; ++n) {
      const std::string pointer = spots[random.below(spots.size())].pointer;
      const auto found = lake::merge::find(base, pointer);
      // A member "" of the root, and what only an earlier one of duplicate keys has, cannot be found.
      if (!found || pointer == "/") continue;
      if (lake::is_field_path(pointer)) steps.push_back({merge_type::replace, std::string(pointer), "", true});
      std::string quoted;
      lake::merge::append_quoted(quoted, pointer);
      patch += (patch.empty() ? "[" : ",") + std::string("{\"op\":\"test\",\"path\":") + quoted + ",\"value\":" + std::string(*found) + "}";
    }
    if (!patch.empty()) steps.push_back({merge_type::rfc6902, "/", patch + "]"});
    const std::string broken = lake_test::disagreement("=" + base, base, steps, {});
    if (broken.empty()) continue;
    ++bad;
    FAIL_CHECK("LAKE_SEED=" << all[i] << "\nbase: " << base << "\npatch: " << patch << "\n" << broken);
  }
}

TEST_CASE("damaged texts give an error or a result, and the validator agrees with the grammar's other reader", "[histories]") {
  const seeds all("damaged histories", 5);
  std::size_t bad = 0;
  for (std::size_t i = 0; i < all.count() && bad < 5; ++i) {
    const history one = history_writer(seeded_numbers(all[i])).write();
    seeded_numbers random(all[i]);
    const exact base(random.below(2) == 0 ? one.base : damaged(random, one.base));
    std::vector<exact> bodies;
    std::vector<step> steps;
    for (const step& whole : one.steps) {
      bodies.emplace_back(random.below(3) == 0 ? damaged(random, std::string(whole.body.view())) : std::string(whole.body.view()));
      steps.push_back({whole.type, whole.path.view(), bodies.back().view(), whole.touch});
    }
    const bool sound_base = lake::merge::trim(base.view()).empty() || is_well_formed(base.view());
    const bool sound_bodies = std::all_of(bodies.begin(), bodies.end(), [](const auto& body) { return is_well_formed(body.view()); });
    const std::string wanted = lake_test::outcome(lake::merge::reference_apply(base.view(), steps, one.with));
    std::string broken;
    for (const bool trusting : {false, true}) {
      lake::merge::options with = one.with;
      with.trust_bodies = trusting;
      for (const auto level : lake_test::simd_levels()) {
        const std::string said = lake_test::outcome(lake_test::span_merge(base.view(), steps, with, level));
        if (sound_base && (!trusting || sound_bodies) && !(trusting && lake_test::blames_a_body(wanted))) {
          broken += lake_test::difference(lake_test::engine_name(level, trusting), said, wanted);
        }
      }
    }
    static_cast<void>(lake::merge::find(base.view(), "/a/b/0"));  // error or result: only a crash would be wrong
    static_cast<void>(lake::merge::members(base.view()));         // the same
    for (const step& each : steps) {
      static_cast<void>(lake::merge::effective_write(each.type, each.body));  // the same
      // The other reader takes a byte order mark, and a zero byte for the end.
      const bool comparable = !each.body.view().starts_with("\xEF\xBB\xBF") && each.body.view().find('\0') == std::string_view::npos;
      if (comparable && lake::merge::validate(each.body).has_value() != json::accept(each.body.view())) broken += "the validator differs on " + std::string(each.body.view()) + "\n";
    }
    if (broken.empty()) continue;
    ++bad;
    FAIL_CHECK("LAKE_SEED=" << all[i] << "\nbase: " << base.view() << "\n" << broken);
  }
}
