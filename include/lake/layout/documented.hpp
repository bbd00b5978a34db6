// The default layout: names of index keys, objects and cache entries. Knows no policy. This header defines the names:
//   index    {prefix}:{delta|snap|meta|files|sample|ctl}:{base64url(catalog)}   {prefix}:lake   with {prefix} = {storage kind}:{Name}
//   objects  lake.json
//            {md5(catalog)[0:4]}/{enc(catalog)}/delta/{ts}_{seqid}_{merge}.json
//            {md5(catalog)[0:4]}/{enc(catalog)}/snap/{start}~{stop}.snap, after a remove_delta {start}~{stop}~{gen}.snap
//            {md5(catalog)[0:4]}/{enc(catalog)}/files/{enc(file path without its leading "/")}/{ts}_{seqid}
//   cache    {prefix}:cache:{lake id}:{object key}
#ifndef LAKE_LAYOUT_DOCUMENTED_HPP
#define LAKE_LAYOUT_DOCUMENTED_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/layout/encode.hpp>
#include <lake/layout/index_part.hpp>
#include <lake/layout/stem.hpp>
#include <lake/pure/base64.hpp>
#include <lake/pure/percent.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout {

/// The default layout. Stateless; any thread. Catalogs and paths given to it have been checked.
struct documented {
  static constexpr std::string_view name = "documented";
  static constexpr bool has_markers = true;   ///< A marker object and a marker key exist.
  static constexpr bool has_envelope = true;  ///< Bodies are stored in envelopes.
  static constexpr bool has_file_ids = true;  ///< Each write of a file makes a new object.

  /// `{storage kind}:{Name}`, with `:`, `%`, `{` and `}` of the name percent-encoded.
  [[nodiscard]] static std::string prefix(storage_kind kind, std::string_view lake_name) {
    std::string out(to_string(kind));
    out += ':';
    pure::append_percent(out, lake_name, [](char c) { return c == ':' || c == '%' || c == '{' || c == '}'; });
    return out;
  }

  /// The key of one part of a catalog in the index.
  [[nodiscard]] static std::string index_key(std::string_view lake_prefix, index_part part, std::string_view catalog) {
    std::string out;
    out.reserve(lake_prefix.size() + pure::base64url_length(catalog.size()) + 8);
    append_index_stem(out, lake_prefix, part);
    pure::append_base64url(out, catalog);
    return out;
  }

  /// The catalog of an index key of that part, or nothing if it is no such key.
  [[nodiscard]] static std::optional<std::string> catalog_of(std::string_view lake_prefix, index_part part, std::string_view key) {
    std::string stem;
    append_index_stem(stem, lake_prefix, part);
    if (!key.starts_with(stem) || key.size() == stem.size()) return std::nullopt;
    return pure::base64url_decode(key.substr(stem.size()));
  }

  /// The key of the lake's own hash in the index: layout, format version, pending timeout.
  [[nodiscard]] static std::string lake_key(std::string_view lake_prefix) { return std::string(lake_prefix) += ":lake"; }

  /// The key of the marker object.
  [[nodiscard]] static constexpr std::string_view marker_key() noexcept { return "lake.json"; }

  /// The key of a delta's body.
  [[nodiscard]] static std::string delta_key(storage_kind, std::string_view catalog, time_seq id, merge_type merge) {
    std::string out = start_key(catalog, 48);
    detail::append_delta_name(out, "/delta/", id, merge, ".json");
    return out;
  }

  /// The key of a snapshot's body. It carries `gen` after a removal, so that equal keys mean equal content.
  [[nodiscard]] static std::string snapshot_key(storage_kind, std::string_view catalog, time_seq start, time_seq stop, time_seq gen) {
    std::string out = start_key(catalog, 72);
    out += "/snap/";
    detail::append_snapshot_name(out, start, stop);
    if (!gen.is_zero()) {
      out += '~';
      gen.append_to(out);
    }
    out += ".snap";
    return out;
  }

  /// The key of a file's body.
  [[nodiscard]] static std::string file_key(storage_kind, std::string_view catalog, std::string_view path, time_seq id) {
    std::string out = start_key(catalog, pure::base32_length(path.size()) + 32);
    out += "/files/";
    append_enc(out, path.substr(1), enc_rules::file_path);
    out += '/';
    id.append_to(out);
    return out;
  }

  /// A prefix of every object key of the catalog. Another catalog's keys may begin with it too (`a` and `a/b`, where four
  /// digits of their MD5 agree): what is found there is this catalog's only if its envelope says so.
  [[nodiscard]] static std::string catalog_folder(storage_kind, std::string_view catalog) { return start_key(catalog, 1) += '/'; }

  /// The key of a cached object.
  [[nodiscard]] static std::string cache_key(std::string_view lake_prefix, std::string_view lake_id, std::string_view object_key) {
    std::string out;
    out.reserve(lake_prefix.size() + lake_id.size() + object_key.size() + 8);
    out += lake_prefix;
    out += ":cache:";
    out += lake_id;
    out += ':';
    out += object_key;
    return out;
  }

  /// Success if every object key of the catalog, deltas and snapshots, is within the limits. No name can escape the root.
  /// Errors: limit_exceeded names the length and the limit.
  [[nodiscard]] static result<void> check_names(std::string_view catalog, name_limits limits = {}) {
    constexpr std::size_t longest_tail = std::string_view("/snap/~~.snap").size() + 3 * detail::longest_id;
    // A short name fits, whatever it is.
    const std::size_t longest = detail::longest_stem(catalog.size());
    if (longest <= limits.segment_bytes && longest + longest_tail <= limits.key_bytes) return {};
    const std::string encoded = enc(catalog);
    return detail::check_key_length("catalog", catalog, encoded, detail::spread_digits + 1 + encoded.size() + longest_tail, limits);
  }

  /// Success if the object keys of the file are within the limits. Errors: limit_exceeded names the length and the limit.
  [[nodiscard]] static result<void> check_file_names(storage_kind kind, std::string_view catalog, std::string_view path,
                                                     name_limits limits = {}) {
    const std::string encoded = enc(path.substr(1), enc_rules::file_path);
    const std::size_t longest_key = file_key(kind, catalog, path, {time_seq::max_timestamp, time_seq::max_seqid}).size();
    return detail::check_key_length("file path", path, encoded, longest_key, limits);
  }

 private:
  static void append_index_stem(std::string& out, std::string_view lake_prefix, index_part part) {
    out += lake_prefix;
    out += ':';
    out += to_string(part);
    out += ':';
  }

  /// `{md5[0:4]}/{enc}`, with room for `more` bytes.
  [[nodiscard]] static std::string start_key(std::string_view catalog, std::size_t more) {
    std::string out;
    out.reserve(detail::longest_stem(catalog.size()) + more);
    detail::append_stem(out, catalog);
    return out;
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout

#endif  // LAKE_LAYOUT_DOCUMENTED_HPP
