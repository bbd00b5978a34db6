// The laws that every merge keeps, checked on one history: the engines agree, merging through any intermediate text changes nothing,
// steps that a later Replace hides may be touches. Knows no test framework.
#ifndef LAKE_TESTS_SUPPORT_MERGE_LAWS_HPP
#define LAKE_TESTS_SUPPORT_MERGE_LAWS_HPP

#include "support/merge_engines.hpp"
#include "support/merge_histories.hpp"

#include <lake/merge/patch.hpp>
#include <lake/merge/prune.hpp>
#include <lake/merge/validate.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

/// True if `above` is a field path above `below`.
inline bool is_ancestor(std::string_view above, std::string_view below) {
  if (above == "/") return below != "/";
  return below.size() > above.size() && below.starts_with(above) && below[above.size()] == '/';
}

/// Rule P by its definition: the dead steps become touches.
inline std::vector<step> naively_pruned(std::span<const step> steps) {
  std::vector<step> out(steps.begin(), steps.end());
  for (std::size_t i = steps.size(); i-- > 0;) {
    for (std::size_t j = i + 1; j < steps.size() && !out[i].touch; ++j) {
      const std::string_view killer = steps[j].path;
      if (steps[j].type != lake::merge_type::replace || steps[j].touch) continue;
      if (killer != steps[i].path.view() && !is_ancestor(killer, steps[i].path)) continue;
      bool barred = false;
      for (std::size_t k = i + 1; k < j; ++k) {
        barred = barred || (!out[k].touch && steps[k].type == lake::merge_type::rfc6902 && is_ancestor(steps[k].path, killer));
      }
      if (!barred) out[i] = {lake::merge_type::replace, killer, "", true};
    }
  }
  return out;
}

/// A history as a lake would merge it: the steps that are writes in effect, without those that `prune` finds dead. Nothing if
/// the history has touches of its own, or a step that no lake would store.
inline std::optional<history> pruned_as_stored(const history& of) {
  history stored{.base = of.base, .with = of.with};
  for (const step& one : of.steps) {
    if (one.touch) return std::nullopt;
    const auto effective = lake::merge::effective_write(one.type, one.body);
    if (!effective) return std::nullopt;
    stored.steps.push_back({effective->type, one.path.view(), effective->body});
  }
  const std::vector<step> whole = std::move(stored.steps);
  const lake::merge::pruned what =
      lake::merge::prune(whole.size(), [&whole](std::size_t i) { return lake::merge::effect{whole[i].type, whole[i].path}; });
  if (!what.base) stored.base.clear();
  stored.steps.clear();
  for (std::size_t i = what.first; i < whole.size(); ++i) {
    const std::uint32_t fate = what.fate(i);
    if (fate == lake::merge::pruned::live) stored.steps.push_back(whole[i]);
    else if (fate != lake::merge::pruned::gone) stored.steps.push_back({lake::merge_type::replace, whole[fate].path, "", true});
  }
  return stored;
}

/// `message` with the number of its step lowered by `less`: what a merge says that begins `less` steps later.
inline std::string renumbered(const std::string& message, std::size_t less) {
  const std::string begin = "error: merge: merge_failed: step ";
  if (!message.starts_with(begin)) return message;
  std::size_t end = begin.size();
  std::size_t number = 0;
  while (end < message.size() && lake::merge::detail::is_digit(message[end])) number = number * 10 + static_cast<std::size_t>(message[end++] - '0');
  return begin + std::to_string(number - (less < number ? less : number)) + message.substr(end);
}

/// The number of the step that an outcome blames; the number of steps if it blames none.
inline std::size_t blamed_step(const std::string& outcome, std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) {
    if (outcome.starts_with("error: merge: merge_failed: step " + std::to_string(i) + ":")) return i;
  }
  return steps;
}

/// A merge by one of the engines: the span engine at a level, or the plain one where there is no level.
inline lake::result<std::string> merge_by(const simd* level, std::string_view base, std::span<const step> steps, const options& with) {
  return level != nullptr ? span_merge(base, steps, with, *level) : lake::merge::reference_apply(base, steps, with);
}

/// True if a merge was refused for its limit of bytes. That limit is one of each merge, and of the texts between merges too.
inline bool blames_bytes(std::string_view outcome) {
  return outcome.find("bytes, the limit is ") != std::string_view::npos || outcome.find("exceed the limit of ") != std::string_view::npos;
}

/// Is merging the steps in two parts the same as merging them at once? Says what is not.
inline std::string broken_by_split(const simd* level, std::string_view wanted, const history& of, std::size_t split) {
  const std::span<const step> all(of.steps);
  options with = of.with;
  with.max_bytes = options{}.max_bytes;
  const auto first = merge_by(level, of.base, all.first(split), with);
  std::string said = outcome(first);
  if (first) {
    said = outcome(merge_by(level, *first, all.subspan(split), with));
    // Rather the whole merge's message is lowered than the part's raised: both must name the same step.
    if (!said.starts_with('=')) return difference("the second part, from step " + std::to_string(split) + " on,", said, renumbered(std::string(wanted), split));
  }
  return difference("merging in two parts, from step " + std::to_string(split) + " on,", said, wanted);
}

/// Are the steps that a later Replace hides no more than touches? Says what is not.
inline std::string broken_by_pruning(simd level, std::string_view wanted, const history& of) {
  const std::vector<step> fewer = naively_pruned(of.steps);
  std::string broken = difference("pruned by the definition, the plain engine", outcome(lake::merge::reference_apply(of.base, fewer, of.with)), wanted);
  broken += difference("pruned by the definition, the span engine", outcome(span_merge(of.base, fewer, of.with, level)), wanted);
  if (const auto stored = pruned_as_stored(of)) {
    broken += difference("pruned, the plain engine", outcome(lake::merge::reference_apply(stored->base, stored->steps, of.with)), wanted);
    broken += difference("pruned, the span engine", outcome(span_merge(stored->base, stored->steps, of.with, level)), wanted);
  }
  return broken;
}

/// The laws that a history breaks, in words; empty if it keeps them all. The base must be well formed. The engines are compared at the
/// levels given; `turn` chooses the split and the level for the costlier laws.
inline std::string broken_laws(const history& of, std::size_t turn, std::span<const simd> levels) {
  const auto whole = lake::merge::reference_apply(of.base, of.steps, of.with);
  const std::string wanted = outcome(whole);
  std::string broken = disagreement(wanted, of.base, of.steps, of.with, levels);
  const simd level = levels[turn % levels.size()];
  if (whole && lake::merge::detail::check_grammar(*whole, of.with.max_depth).reason != nullptr) broken += "the result is no JSON or too deep\n";
  const bool good_base = whole || blamed_step(wanted, of.steps.size()) < of.steps.size();
  if (good_base && !blames_bytes(wanted)) {
    const std::size_t split = turn % (of.steps.size() + 1);
    broken += broken_by_split(nullptr, wanted, of, split);
    broken += broken_by_split(&level, wanted, of, split);
  }
  return whole ? broken + broken_by_pruning(level, wanted, of) : broken;
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_MERGE_LAWS_HPP
