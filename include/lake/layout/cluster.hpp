// The layout for a clustered index: all keys of a catalog in one hash slot. Knows no policy.
// Format: as layout/documented.hpp, but index keys are {prefix}:{part}:{ + base64url(catalog) + }, the braces being the hash tag.
#ifndef LAKE_LAYOUT_CLUSTER_HPP
#define LAKE_LAYOUT_CLUSTER_HPP

#include <lake/config.hpp>
#include <lake/layout/documented.hpp>
#include <lake/layout/index_part.hpp>
#include <lake/pure/base64.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout {

/// The documented layout with the catalog as a hash tag in index keys. Stateless; any thread.
/// The prefix holds no brace (documented::prefix encodes them), so the tag is the first one in the key.
struct cluster : documented {
  static constexpr std::string_view name = "cluster";

  /// The key of one part of a catalog in the index.
  [[nodiscard]] static std::string index_key(std::string_view lake_prefix, index_part part, std::string_view catalog) {
    std::string out;
    out.reserve(lake_prefix.size() + pure::base64url_length(catalog.size()) + 10);
    append_index_stem(out, lake_prefix, part);
    pure::append_base64url(out, catalog);
    out += '}';
    return out;
  }

  /// The catalog of an index key of that part, or nothing if it is no such key.
  [[nodiscard]] static std::optional<std::string> catalog_of(std::string_view lake_prefix, index_part part, std::string_view key) {
    std::string stem;
    append_index_stem(stem, lake_prefix, part);
    if (!key.starts_with(stem) || !key.ends_with('}') || key.size() < stem.size() + 2) return std::nullopt;
    return pure::base64url_decode(key.substr(stem.size(), key.size() - stem.size() - 1));
  }

 private:
  static void append_index_stem(std::string& out, std::string_view lake_prefix, index_part part) {
    out += lake_prefix;
    out += ':';
    out += to_string(part);
    out += ":{";
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout

#endif  // LAKE_LAYOUT_CLUSTER_HPP
