// What the merge engine is asked to do, and how it says what it could not do. Knows no engine and no catalog.
#ifndef LAKE_MERGE_STEP_HPP
#define LAKE_MERGE_STEP_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/text.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {

/// One change of a document: a delta without its id. A plain value.
/// Lifetime: what `path` and `body` view must outlive the merge.
struct step {
  merge_type type;
  text path;  ///< A field path.
  text body;  ///< JSON.
  /// True for a step that stands in for a delta which a later Replace hides: the member at `path` comes to exist and
  /// keeps its place in the key order, its value stays; `type` and `body` are not looked at.
  bool touch = false;
};

/// How texts are checked and merged. A plain value.
struct options {
  bool strict_rfc6902 = false;          ///< `add` creates no missing parents: RFC 6902 to the letter.
  bool refuse_duplicate_keys = false;   ///< `validate` refuses two members of one object with equal unescaped keys.
  std::size_t max_depth = 1000;         ///< Open containers in a text; the segments of a path count too.
  std::size_t max_bytes = 1u << 30;     ///< Bytes of a base, of a result, and of all that the `copy` operations of one merge copied.
  /// `apply` takes the bodies' word that they are JSON: they passed `validate` when they were written and are the bytes that were
  /// written. Bodies that are not may then give a text that is no JSON; never a crash.
  bool trust_bodies = false;
};

/// A step that could not be applied. A plain value.
struct failure {
  std::size_t step = 0;                        ///< Its number, from 0.
  std::optional<std::size_t> operation = {};   ///< RFC 6902: the number of the operation, from 0, where one is to blame.
  std::string pointer = {};                    ///< RFC 6902: the operation's pointer, relative to the step's path. May be empty.
  std::string reason = {};                     ///< Names the offending value and the rule it breaks.

  /// The story in one line: `step 3: operation 1: pointer "/a/0": there is no member "a"`.
  [[nodiscard]] std::string to_string() const {
    std::string out = "step " + std::to_string(step) + ": ";
    if (operation) out += "operation " + std::to_string(*operation) + ": ";
    if (!pointer.empty()) out += "pointer " + lake::detail::in_quotes(pointer) + ": ";
    out += reason;
    return out;
  }

  /// The same as an error of kind merge_failed.
  [[nodiscard]] lake::error to_error() const { return {errc::merge_failed, "merge", {}, to_string()}; }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_STEP_HPP
