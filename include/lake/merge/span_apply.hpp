// The fast merge engine: compiles the deltas, expands what they reach in one pass over the base, applies them, writes the result
// as runs of the texts it came from. Knows no catalog and no storage. What it gives is what the plain engine gives, byte for byte.
#ifndef LAKE_MERGE_SPAN_APPLY_HPP
#define LAKE_MERGE_SPAN_APPLY_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/skip.hpp>
#include <lake/merge/sparse/arena.hpp>
#include <lake/merge/sparse/output.hpp>
#include <lake/merge/sparse/program.hpp>
#include <lake/merge/sparse/run.hpp>
#include <lake/merge/sparse/tree.hpp>
#include <lake/merge/sparse/trie.hpp>
#include <lake/merge/step.hpp>
#include <lake/merge/validate.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail {

/// One merge by the fast engine. Confined to it.
class span_merge {
 public:
  span_merge(const options& with, simd level) : with_(with), skip_(skipper::of(level)) {}
  span_merge(const span_merge&) = delete;
  span_merge& operator=(const span_merge&) = delete;
  ~span_merge() = default;

  [[nodiscard]] result<std::string> run(std::string_view base, std::span<const step> steps) {
    failure why;
    auto* const commands = memory_.array<sparse::command>(steps.size());
    const std::size_t good = compile(steps, commands, why);
    if (auto opened = open(base); !opened) return std::move(opened).error();
    sparse::runner runner(memory_, tree_, height_, with_);
    for (std::size_t i = 0; i < good; ++i) {
      failure wrong{.step = i};
      if (!runner.run(commands[i], wrong)) return wrong.to_error();
    }
    if (good != steps.size()) return why.to_error();
    return finish(steps.size());
  }

 private:
  /// Returns how many steps could be compiled: all before the first that cannot be applied to any document.
  [[nodiscard]] std::size_t compile(std::span<const step> steps, sparse::command* commands, failure& why) {
    sparse::compiler compiler(memory_, places_, skip_, with_);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      ::new (static_cast<void*>(commands + i)) sparse::command;
      why.step = i;
      if (!compiler.compile(steps[i], commands[i], why)) return i;
    }
    return steps.size();
  }

  /// Expands the base as far as the steps reach into it.
  [[nodiscard]] result<void> open(std::string_view base) {
    base = trim(base);
    if (base.empty()) base = "{}";
    if (base.size() > with_.max_bytes) {
      return bad_base(std::to_string(base.size()) + " bytes, the limit is " + std::to_string(with_.max_bytes));
    }
    tree_.root.raw = base;
    const sparse::node& top = places_.root();
    bool good = false;
    if (top.children != nullptr && (base.front() == '{' || (base.front() == '[' && top.has_indexes))) {
      good = tree_.expand(tree_.root, places_.root(), &height_);
    } else {
      sparse::reader all{base.data(), base.data() + base.size(), &skip_};
      good = kind_of(base) != kind::nothing && all.value(0) && all.at == all.end;
      height_ = all.peak;
    }
    if (good && height_ <= with_.max_depth) return {};
    const findings found = check_grammar(base, with_.max_depth);
    if (found.reason != nullptr) return bad_base(to_error(found, with_.max_depth).message);
    height_ = found.height;
    return good ? result<void>() : bad_base("it is not JSON");
  }

  [[nodiscard]] result<std::string> finish(std::size_t steps) {
    sparse::output text(memory_);
    text.collect(tree_.root);
    if (text.bytes() > with_.max_bytes) {
      const failure why{.step = steps == 0 ? 0 : steps - 1,
                        .reason = "the merged document has " + std::to_string(text.bytes()) + " bytes, the limit is " + std::to_string(with_.max_bytes)};
      return why.to_error();
    }
    std::string out;
    text.append_to(out);
    return out;
  }

  [[nodiscard]] static lake::error bad_base(const std::string& why) { return {errc::merge_failed, "merge", {}, "base: " + why}; }

  const options& with_;
  const skipper& skip_;
  sparse::arena memory_;
  sparse::trie places_{memory_};
  sparse::tree tree_{memory_, places_, skip_};
  std::size_t height_ = 0;
};

/// `apply` of apply.hpp by the fast engine, with the vector instructions of `level`, which the machine must have.
[[nodiscard]] inline result<std::string> span_apply(std::string_view base, std::span<const step> steps, const options& with = {},
                                                    simd level = widest_simd()) {
  return span_merge(with, level).run(base, steps);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail

#endif  // LAKE_MERGE_SPAN_APPLY_HPP
