// The operations of a JSON Patch, read from its text. Knows no document. Format: RFC 6902.
#ifndef LAKE_MERGE_PATCH_HPP
#define LAKE_MERGE_PATCH_HPP

#include <lake/config.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/pointer.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/step.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {
namespace detail {

enum class verb { add, remove, replace, move, copy, test };

/// One well-formed operation. Lifetime: `value` views the patch.
struct operation {
  verb what = verb::test;
  std::string path = {};
  std::string from = {};        ///< move, copy.
  std::string_view value = {};  ///< add, replace, test: as written.
};

/// Why a text is no patch.
struct patch_fault {
  std::optional<std::size_t> operation = {};
  std::string reason = {};
};

[[nodiscard]] constexpr std::optional<verb> verb_of(std::string_view name) noexcept {
  // By length first: each comparison is then one of as many bytes as are known.
  switch (name.size()) {
    case 3:
      if (name == "add") return verb::add;
      break;
    case 4:
      if (name == "move") return verb::move;
      if (name == "copy") return verb::copy;
      if (name == "test") return verb::test;
      break;
    case 6:
      if (name == "remove") return verb::remove;
      break;
    case 7:
      if (name == "replace") return verb::replace;
      break;
    default: break;
  }
  return std::nullopt;
}

/// The members of an operation that mean something, as written; of `op` and `path` also how many there were.
struct raw_operation {
  std::string_view op = {}, path = {}, from = {}, value = {};
  std::size_t ops = 0, paths = 0;
};

/// Reads a pointer; the rule it breaks, or an empty text.
[[nodiscard]] inline std::string read_pointer(std::string_view name, std::string_view raw, std::string& out) {
  const std::string quoted_name = lake::detail::in_quotes(name);
  if (raw.empty()) return "the operation has no " + quoted_name;
  if (kind_of(raw) != kind::string) return quoted_name + " must be a string";
  out.clear();
  append_unescaped(out, raw);
  const std::string_view fault = pointer_fault(out);
  return fault.empty() ? std::string() : quoted_name + " " + lake::detail::in_quotes(out) + ": " + std::string(fault);
}

[[nodiscard]] inline raw_operation gather(std::string_view object, bool& broken) {
  raw_operation raw;
  std::string room;
  cursor members(object);
  while (members.next()) {
    const std::string_view name = meaning(members.key, room);
    if (name == "op") {
      raw.op = members.value;
      ++raw.ops;
    } else if (name == "path") {
      raw.path = members.value;
      ++raw.paths;
    } else if (name == "from") {
      raw.from = members.value;
    } else if (name == "value") {
      raw.value = members.value;
    }
  }
  broken = members.broken();
  return raw;
}

/// Reads one operation; the rule it breaks, or an empty text.
[[nodiscard]] inline std::string read_operation(std::string_view object, operation& out) {
  if (kind_of(object) != kind::object) return "an operation must be an object, this is " + std::string(to_string(kind_of(object)));
  bool broken = false;
  const raw_operation raw = gather(object, broken);
  if (broken) return "the operation is not JSON";
  if (raw.ops != 1) return "an operation has exactly one \"op\", this has " + std::to_string(raw.ops);
  if (raw.paths != 1) return "an operation has exactly one \"path\", this has " + std::to_string(raw.paths);
  if (kind_of(raw.op) != kind::string) return "\"op\" must be a string";
  std::string room;
  const std::string_view name = meaning(raw.op, room);
  const std::optional<verb> what = verb_of(name);
  if (!what) return "\"op\" is " + lake::detail::in_quotes(name) + ", none of add, remove, replace, move, copy, test";
  out.what = *what;
  out.value = raw.value;
  if (std::string fault = read_pointer("path", raw.path, out.path); !fault.empty()) return fault;
  const bool moves = out.what == verb::move || out.what == verb::copy;
  if (moves) return read_pointer("from", raw.from, out.from);
  if (out.what != verb::remove && raw.value.empty()) return "the operation has no \"value\"";
  return {};
}

/// Reads all operations of `body` into `out`; what is wrong with the first bad one.
[[nodiscard]] inline std::optional<patch_fault> read_patch(std::string_view body, std::vector<operation>& out) {
  body = trim(body);
  if (kind_of(body) != kind::array) {
    return patch_fault{std::nullopt, "a JSON Patch must be an array, this is " + std::string(to_string(kind_of(body)))};
  }
  cursor items(body);
  while (items.next()) {
    std::string fault = read_operation(items.value, out.emplace_back());
    if (!fault.empty()) return patch_fault{out.size() - 1, std::move(fault)};
  }
  if (items.broken()) return patch_fault{out.size(), "the patch is not JSON"};
  return std::nullopt;
}

[[nodiscard]] inline lake::error to_error(const patch_fault& fault) {
  std::string message = fault.operation ? "operation " + std::to_string(*fault.operation) + ": " : std::string();
  return {errc::invalid_body, "validate", {}, message + fault.reason};
}

}  // namespace detail

/// Success if `body`, which has passed `validate`, is a JSON Patch: an array of objects with exactly one `op` and one
/// `path` each, the `value` or `from` their operation needs, and well-formed pointers. Other members are passed over.
/// Errors: invalid_body names the operation's number, from 0, and the rule. Complexity: linear.
[[nodiscard]] inline result<void> validate_patch(std::string_view body, const options& = {}) {
  std::vector<detail::operation> operations;
  if (const auto fault = detail::read_patch(body, operations)) return detail::to_error(*fault);
  return {};
}

/// What a write does in effect. Lifetime: `body` views the body that was given.
struct effective {
  merge_type type;
  std::string_view body;
};

/// Returns what a write of `body` (which has passed `validate`) does in effect: RFC 7396 with no object, and RFC 6902
/// with the single operation `add` or `replace` at "", are a Replace with the value as written; all else is what was asked.
/// Errors: invalid_argument (no merge type); invalid_body (RFC 6902, as `validate_patch`).
[[nodiscard]] inline result<effective> effective_write(merge_type asked, std::string_view body) {
  if (!is_merge_type(asked)) {
    return lake::error{errc::invalid_argument, "validate", {}, "merge type " + std::to_string(static_cast<unsigned>(asked)) + " is none of 1, 2, 3"};
  }
  body = trim(body);
  if (asked == merge_type::rfc7396 && detail::kind_of(body) != detail::kind::object) return effective{merge_type::replace, body};
  if (asked != merge_type::rfc6902) return effective{asked, body};
  std::vector<detail::operation> operations;
  if (const auto fault = detail::read_patch(body, operations)) return detail::to_error(*fault);
  if (operations.size() != 1 || !operations.front().path.empty()) return effective{asked, body};
  const detail::operation& only = operations.front();
  if (only.what != detail::verb::add && only.what != detail::verb::replace) return effective{asked, body};
  return effective{merge_type::replace, only.value};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_PATCH_HPP
