// Requests as the log will see them: every rule that a bad request can break, before anything is touched.
// Knows limits and the merge engine's text functions; knows no policy.
#ifndef LAKE_IMPL_CHECK_HPP
#define LAKE_IMPL_CHECK_HPP

#include <lake/config.hpp>
#include <lake/core/catalog.hpp>
#include <lake/core/options.hpp>
#include <lake/core/path.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/patch.hpp>
#include <lake/merge/read.hpp>
#include <lake/merge/validate.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// A write that broke no rule, as it will be stored. Views the request.
struct checked_write {
  std::string_view catalog;
  std::string_view path;
  std::string_view body;   ///< Without outer white space; with envelopes the value itself where the write is a Replace in effect.
  merge_type merge = merge_type::replace;  ///< With envelopes the effective type, else the one asked for.
  std::string_view meta;   ///< Raw text, trimmed; empty if none.
};

[[nodiscard]] inline merge::options merge_limits(const limits_options& limits) {
  return {.refuse_duplicate_keys = limits.refuse_duplicate_keys, .max_depth = limits.depth, .max_bytes = limits.body_bytes};
}

[[nodiscard]] inline lake::error over_limit(std::string_view what, std::size_t value, std::size_t limit, std::string_view catalog) {
  return {errc::limit_exceeded, "write", std::string(catalog),
          "the " + std::string(what) + " has " + std::to_string(value) + " bytes, the limit is " + std::to_string(limit)};
}

/// The same error, said of a write of this catalog.
[[nodiscard]] inline lake::error of_write(lake::error reason, std::string_view catalog) {
  reason.operation = "write";
  reason.subject = catalog;
  return reason;
}

template <class Layout>
result<void> check_name(const Layout& layout, std::string_view catalog, const limits_options& limits) {
  if (auto named = check_catalog(catalog, limits.catalog_bytes); !named) return named;
  return layout.check_names(catalog);
}

/// `meta`, empty or a JSON object within the limit. Returns it trimmed.
[[nodiscard]] inline result<std::string_view> check_meta(std::string_view meta, std::string_view catalog, const limits_options& limits) {
  if (meta.empty()) return meta;
  if (meta.size() > limits.meta_bytes) return over_limit("meta", meta.size(), limits.meta_bytes, catalog);
  auto valid = merge::validated(meta, merge_limits(limits), 0);
  if (!valid) {
    lake::error reason = std::move(valid).error();
    return lake::error{errc::invalid_meta, "write", std::string(catalog), "the meta is not valid JSON"}.because(std::move(reason));
  }
  if (!valid->starts_with('{')) return lake::error{errc::invalid_meta, "write", std::string(catalog), "the meta must be a JSON object"};
  return valid;
}

/// One validating scan of the body, and all other rules. Errors: invalid_catalog, invalid_path, invalid_body, invalid_meta,
/// invalid_argument (merge type), limit_exceeded; each names value and rule. Complexity: linear in body and meta; no allocation.
template <class Layout>
result<checked_write> check_write(const Layout& layout, const write_request& request, const limits_options& limits) {
  const std::string_view catalog = request.catalog;
  if (auto named = check_name(layout, catalog, limits); !named) return std::move(named).error();
  if (auto path = check_field_path(request.path, limits.path_bytes); !path) return of_write(std::move(path).error(), catalog);
  if (!is_merge_type(request.merge)) {
    return lake::error{errc::invalid_argument, "write", std::string(catalog),
                       "merge type " + std::to_string(static_cast<unsigned>(request.merge)) + " is none: 1 replace, 2 rfc7396, 3 rfc6902"};
  }
  const std::string_view given = request.body;
  if (given.size() > limits.body_bytes) return over_limit("body", given.size(), limits.body_bytes, catalog);
  const merge::options rules = merge_limits(limits);
  const std::string_view path = request.path;
  const auto segments = path == "/" ? 0U : static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  auto body = merge::validated(given, rules, segments);
  if (!body) return of_write(std::move(body).error(), catalog);
  auto effect = merge::effective_write(request.merge, *body);
  if (!effect) return of_write(std::move(effect).error(), catalog);
  auto meta = check_meta(request.meta, catalog, limits);
  if (!meta) return std::move(meta).error();
  // Bare bodies are read by other clients too: they get what was asked, as their own writes are.
  if (!layout.has_envelope) return checked_write{catalog, path, *body, request.merge, *meta};
  return checked_write{catalog, path, effect->body, effect->type, *meta};
}

/// A meta text split for the index; keeps its unescaped keys.
class meta_members {
 public:
  meta_members() = default;
  meta_members(meta_members&&) noexcept = default;  // The entries view keys in nodes, which stay where they are; a copy's would not.
  meta_members& operator=(meta_members&&) noexcept = default;

  /// The metas of the writes in order; of equal keys the last wins. Errors: none for checked metas.
  static result<meta_members> of(std::span<const checked_write> writes) {
    meta_members all;
    for (const checked_write& write : writes) {
      if (write.meta.empty()) continue;
      auto members = merge::members(write.meta);
      if (!members) return std::move(members).error();
      for (auto& [key, value] : *members) all.members_.insert_or_assign(std::move(key), value);
    }
    for (const auto& [key, value] : all.members_) all.entries_.push_back({key, value});
    return all;
  }
  [[nodiscard]] std::span<const meta_entry> entries() const noexcept { return entries_; }

 private:
  std::map<std::string, std::string_view> members_;  // Nodes: the entries view keys that stay where they are.
  std::vector<meta_entry> entries_;
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_CHECK_HPP
