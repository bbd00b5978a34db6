// The layout of data written by deployed v2 clients (Go), byte for byte. Knows no policy. Format, in full:
//   index       {prefix}:{catalog}:{delta|snap|meta|files|sample}, our control record in {prefix}:{catalog}:ctl, raw catalog;
//               counter lake:seqid:{catalog}:{timestamp}
//   s3, oss     {md5[0:4]}/{enc}/{ts_seq}_{merge}.dat   {md5[0:4]}/{enc}/{start}~{stop}.snap   {md5[0:4]}/{enc}/files/{enc(path without "/")}
//   file        {md5[0:2]}/{enc}/{h1}/{h2}/{h3}/{ts_seq}_{merge}.dat, snapshots in the same folders, files {md5[0:2]}/{enc}{path}
//               (h1 h2 h3: hex bytes of the low 24 bits of the timestamp, of the stop for snapshots)
//   memory      {catalog}/delta/{ts_seq}_{merge}.json   {catalog}/snap/{start}~{stop}.snap   {catalog}{path}
#ifndef LAKE_LAYOUT_GO_V2_HPP
#define LAKE_LAYOUT_GO_V2_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/layout/encode.hpp>
#include <lake/layout/index_part.hpp>
#include <lake/pure/base32.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/hex.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout {

/// The layout of v2 clients. Stateless; any thread. Catalogs and paths given to it have been checked, by `check_names` too.
struct go_v2 {
  static constexpr std::string_view name = "go_v2";
  static constexpr bool has_markers = false;   ///< No marker says whose root this is.
  static constexpr bool has_envelope = false;  ///< Bodies are stored bare.
  static constexpr bool has_file_ids = false;  ///< A file is overwritten in place.

  /// The prefix of clients that were made with an injected storage, whatever its kind.
  static constexpr std::string_view injected_prefix = "lake";

  /// `{storage kind}:{Name}`, the name as it is.
  [[nodiscard]] static std::string prefix(storage_kind kind, std::string_view lake_name) {
    std::string out(to_string(kind));
    out += ':';
    out += lake_name;
    return out;
  }

  /// The key of one part of a catalog in the index.
  [[nodiscard]] static std::string index_key(std::string_view lake_prefix, index_part part, std::string_view catalog) {
    std::string out;
    out.reserve(lake_prefix.size() + catalog.size() + 8);
    out += lake_prefix;
    out += ':';
    out += catalog;
    out += ':';
    out += to_string(part);
    return out;
  }

  /// The catalog of an index key of that part, or nothing if it is no such key.
  [[nodiscard]] static std::optional<std::string> catalog_of(std::string_view lake_prefix, index_part part, std::string_view key) {
    const std::size_t around = lake_prefix.size() + to_string(part).size() + 2;
    if (key.size() <= around || index_key(lake_prefix, part, key.substr(lake_prefix.size() + 1, key.size() - around)) != key)
      return std::nullopt;
    return std::string(key.substr(lake_prefix.size() + 1, key.size() - around));
  }

  /// The counter from which v2 clients take the seqids of a second. It has no prefix: lakes in one index share it.
  [[nodiscard]] static std::string counter_key(std::string_view catalog, std::int64_t timestamp) {
    std::string out = "lake:seqid:";
    out += catalog;
    out += ':';
    pure::append_decimal(out, timestamp);
    return out;
  }

  /// The key of a delta's body.
  [[nodiscard]] static std::string delta_key(storage_kind kind, std::string_view catalog, time_seq id, merge_type merge) {
    std::string out = start_key(kind, catalog, 48);
    if (kind == storage_kind::memory) {
      detail::append_delta_name(out, "/delta/", id, merge, ".json");
      return out;
    }
    out += '/';
    if (kind == storage_kind::filesystem) append_time_folders(out, id.timestamp);
    detail::append_delta_name(out, {}, id, merge, ".dat");
    return out;
  }

  /// The key of a snapshot's body. `gen` is not in it: a v2 client would not find the object. So after a removal a key may be
  /// taken by a snapshot with other content, and that stop cannot be saved.
  [[nodiscard]] static std::string snapshot_key(storage_kind kind, std::string_view catalog, time_seq start, time_seq stop,
                                                time_seq /*gen*/) {
    std::string out = start_key(kind, catalog, 64);
    out += kind == storage_kind::memory ? "/snap/" : "/";
    if (kind == storage_kind::filesystem) append_time_folders(out, stop.timestamp);
    detail::append_snapshot_name(out, start, stop);
    out += ".snap";
    return out;
  }

  /// The key of a file's body. The id is not in it.
  [[nodiscard]] static std::string file_key(storage_kind kind, std::string_view catalog, std::string_view path, time_seq /*id*/ = {}) {
    std::string out = start_key(kind, catalog, pure::base32_length(path.size()) + 8);
    if (kind == storage_kind::memory || kind == storage_kind::filesystem) {
      out += path;
      return out;
    }
    out += "/files/";
    append_enc(out, path.substr(1), enc_rules::go_v2);
    return out;
  }

  /// A prefix of every object key of the catalog. Another catalog's keys may begin with it too.
  [[nodiscard]] static std::string catalog_folder(storage_kind kind, std::string_view catalog) {
    return start_key(kind, catalog, 1) += '/';
  }

  /// The key of a cached object. Not that of v2 clients: what they cache is encoded otherwise.
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

  /// Success if the catalog's keys stay in its root and within the limits, for every kind of storage.
  /// Errors: invalid_catalog (a ".." segment behind a slash); limit_exceeded names the length and the limit.
  [[nodiscard]] static result<void> check_names(std::string_view catalog, name_limits limits = {}) {
    const std::string encoded = enc(catalog, enc_rules::go_v2);
    if (!detail::all_segments(encoded, [](std::string_view segment) { return segment != ".."; })) {
      return lake::error{
          errc::invalid_catalog,
          {},
          {},
          "the catalog's name " + lake::detail::in_quotes(catalog) + " has a segment '..', which would leave the root under the layout go_v2"};
    }
    const std::size_t longest_tail = std::string_view("ff/00/00/00/~.snap").size() + 1 + 2 * detail::longest_id;
    return detail::check_key_length("catalog", catalog, encoded, encoded.size() + longest_tail, limits);
  }

  /// Success if the file's key is no delta's or snapshot's, and within the limits.
  /// Errors: invalid_path names the path; limit_exceeded names the length and the limit.
  [[nodiscard]] static result<void> check_file_names(storage_kind kind, std::string_view catalog, std::string_view path,
                                                     name_limits limits = {}) {
    const bool taken =
        (kind == storage_kind::filesystem && has_time_folders(path)) || (kind == storage_kind::memory && has_memory_folder(path));
    if (taken) {
      return lake::error{
          errc::invalid_path,
          {},
          {},
          "the file path " + lake::detail::in_quotes(path) + " is shaped like that of a delta or snapshot under the layout go_v2"};
    }
    const std::string key = file_key(kind, catalog, path);
    const bool raw = kind == storage_kind::memory || kind == storage_kind::filesystem;
    return detail::check_key_length("file path", path, raw ? std::string(path) : enc(path.substr(1), enc_rules::go_v2), key.size(), limits);
  }

 private:
  /// `{md5[0:4]}/{enc}`, `{md5[0:2]}/{enc}` or `{catalog}`, with room for `more` bytes.
  [[nodiscard]] static std::string start_key(storage_kind kind, std::string_view catalog, std::size_t more) {
    std::string out;
    out.reserve(pure::base32_length(catalog.size()) + 8 + more);
    if (kind == storage_kind::memory) {
      out += catalog;
      return out;
    }
    detail::append_spread(out, catalog, kind == storage_kind::filesystem ? 2 : 4);
    append_enc(out, catalog, enc_rules::go_v2);
    return out;
  }

  /// `{h1}/{h2}/{h3}/`.
  static void append_time_folders(std::string& out, std::int64_t timestamp) {
    for (const int shift : {16, 8, 0}) {
      pure::append_hex_byte(out, static_cast<std::uint8_t>(static_cast<std::uint64_t>(timestamp) >> shift));
      out += '/';
    }
  }

  /// True if the path ends in `/{h1}/{h2}/{h3}/{name}.dat` or `.snap`. The end decides: what stands before may be the rest of
  /// another catalog's name, whose folder this one's contains.
  [[nodiscard]] static bool has_time_folders(std::string_view path) noexcept {
    const std::size_t last = path.rfind('/');
    const std::string_view leaf = path.substr(last + 1);
    if (!leaf.ends_with(".dat") && !leaf.ends_with(".snap")) return false;
    if (last < 9) return false;
    // Either case: some file systems do not tell them apart.
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    const std::string_view folders = path.substr(last - 9, 9);
    for (std::size_t i = 0; i < folders.size(); i += 3) {
      if (folders[i] != '/' || !is_hex(folders[i + 1]) || !is_hex(folders[i + 2])) return false;
    }
    return true;
  }

  /// True if the path holds a folder `delta` or `snap`, where a memory storage keeps the bodies of this catalog or of one below it.
  [[nodiscard]] static bool has_memory_folder(std::string_view path) noexcept {
    const std::string_view folder = path.substr(0, path.rfind('/'));
    return folder.ends_with("/delta") || folder.ends_with("/snap");
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout

#endif  // LAKE_LAYOUT_GO_V2_HPP
