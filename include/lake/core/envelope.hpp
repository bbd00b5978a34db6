// The envelope around every stored body (layouts documented and cluster): who it is, what was done to it, and two digests.
// Knows no storage and no codec, only the numbers of codecs. This header defines the format, version 1; numbers are little endian:
//
// | at  | bytes | what                                                                                        |
// |-----|-------|---------------------------------------------------------------------------------------------|
// | 0   | 4     | magic "LAKE"                                                                                |
// | 4   | 1     | format version, 1                                                                           |
// | 5   | 1     | kind: 1 delta, 2 snapshot, 3 file                                                           |
// | 6   | 1     | merge type of a delta: 1 replace, 2 RFC 7396, 3 RFC 6902; 0 for the other kinds              |
// | 7   | 1     | flags, 0                                                                                    |
// | 8   | 4     | codec ids in the order applied; 0 = none                                                    |
// | 12  | 4     | key id                                                                                      |
// | 16  | 8     | id.timestamp: of the delta, of the snapshot's stop, of the file object                      |
// | 24  | 8     | start.timestamp (snapshots, else 0)                                                         |
// | 32  | 8     | gen.timestamp (snapshots, else 0)                                                           |
// | 40  | 4     | id.seqid                                                                                    |
// | 44  | 4     | start.seqid                                                                                 |
// | 48  | 4     | gen.seqid                                                                                   |
// | 52  | 4     | catalog length                                                                              |
// | 56  | 4     | path length                                                                                 |
// | 60  | 4     | meta length                                                                                 |
// | 64  | 16    | write id                                                                                    |
// | 80  | 8     | decoded length of the body                                                                  |
// | 88  | 8     | stored length of the body                                                                   |
// | 96  | 8     | digest: XXH64 of the decoded body                                                           |
// | 104 | 8     | check: XXH64 of bytes 0 to 103, catalog, path, meta, and of the stored body if any codec id is not 0 |
// | 112 |       | catalog, path, meta, stored body                                                            |
//
// So damage anywhere is seen before a codec runs, and a body that no codec touched is hashed once, not twice.
#ifndef LAKE_CORE_ENVELOPE_HPP
#define LAKE_CORE_ENVELOPE_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/pure/little_endian.hpp>
#include <lake/pure/xxh64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What an object holds; the number is in its envelope.
enum class object_kind : std::uint8_t { delta = 1, snapshot = 2, file = 3 };

/// The kind's name for messages: "delta", "snapshot", "file"; "invalid" for any other number.
[[nodiscard]] constexpr std::string_view to_string(object_kind kind) noexcept {
  switch (kind) {
    case object_kind::delta: return "delta";
    case object_kind::snapshot: return "snapshot";
    case object_kind::file: return "file";
  }
  return "invalid";
}

/// The codecs a body went through, in the order applied: at most four, each a number other than 0.
struct codec_ids {
  std::array<std::uint8_t, 4> ids{};

  /// Adds the number of the codec applied next; false, and no change, if there are four already or the number is 0.
  constexpr bool push(std::uint8_t codec) noexcept {
    if (codec == 0 || size() == ids.size()) return false;
    ids[size()] = codec;
    return true;
  }
  [[nodiscard]] constexpr std::size_t size() const noexcept {
    std::size_t used = 0;
    while (used < ids.size() && ids[used] != 0) ++used;
    return used;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return ids == std::array<std::uint8_t, 4>{}; }
  friend bool operator==(const codec_ids&, const codec_ids&) = default;
};

/// What an envelope says about its body. Lifetime: the texts view what they were made from.
struct envelope_fields {
  object_kind kind = object_kind::delta;
  std::optional<merge_type> merge = {};  ///< Of a delta; written for no other kind.
  time_seq id = {};                      ///< The delta's id, the snapshot's stop, the file object's id.
  time_seq start = {};                   ///< Of a snapshot; written for no other kind.
  time_seq gen = {};                     ///< Of a snapshot; written for no other kind.
  std::string_view catalog = {};
  std::string_view path = {};               ///< Field path of a delta, file path of a file.
  std::string_view meta = {};               ///< Raw JSON text of the write; may be empty.
  std::array<std::uint8_t, 16> write_id{};  ///< Drawn once per write; survives re-sequencing.
  codec_ids codecs = {};
  std::uint32_t key_id = 0;         ///< The key that encrypted the body; 0: none.
  std::uint64_t decoded_bytes = 0;  ///< Length of the body before any codec.
  std::uint64_t digest = 0;         ///< XXH64 of the body before any codec.
};

/// An envelope that was read: its fields and the stored body. Lifetime: views into the stored bytes.
struct envelope_view : envelope_fields {
  std::string_view stored_body;
};

namespace detail::envelope {

inline constexpr std::string_view magic = "LAKE";
inline constexpr std::uint8_t version = 1;
inline constexpr std::size_t header_bytes = 112;
inline constexpr std::size_t at_codecs = 8;
inline constexpr std::size_t at_key_id = 12;
inline constexpr std::size_t at_write_id = 64;
inline constexpr std::size_t at_stored_bytes = 88;
inline constexpr std::size_t at_check = 104;

[[nodiscard]] inline std::uint32_t load32(std::string_view from, std::size_t at) noexcept {
  return pure::load_little_endian<std::uint32_t>(from.data() + at);
}
[[nodiscard]] inline std::uint64_t load64(std::string_view from, std::size_t at) noexcept {
  return pure::load_little_endian<std::uint64_t>(from.data() + at);
}
inline void store_id(char* header, std::size_t at_timestamp, std::size_t at_seqid, time_seq id) noexcept {
  pure::store_little_endian(header + at_timestamp, static_cast<std::uint64_t>(id.timestamp));
  pure::store_little_endian(header + at_seqid, static_cast<std::uint32_t>(id.seqid));
}
/// The id, or nothing if the numbers are those of no id.
[[nodiscard]] inline std::optional<time_seq> load_id(std::string_view from, std::size_t at_timestamp, std::size_t at_seqid) noexcept {
  const std::uint64_t timestamp = load64(from, at_timestamp);
  const std::uint32_t seqid = load32(from, at_seqid);
  if (timestamp > static_cast<std::uint64_t>(time_seq::max_timestamp) || seqid > static_cast<std::uint32_t>(time_seq::max_seqid))
    return std::nullopt;
  const time_seq id{static_cast<std::int64_t>(timestamp), static_cast<std::int32_t>(seqid)};
  return id.is_valid() ? std::optional(id) : std::nullopt;
}

/// The check of a whole envelope whose body begins at `body`.
[[nodiscard]] inline std::uint64_t check(std::string_view stored, std::size_t body, bool encoded) noexcept {
  pure::xxh64_state state;
  state.update({stored.data(), at_check});
  state.update(encoded ? stored.substr(header_bytes) : stored.substr(header_bytes, body - header_bytes));
  return state.digest();
}

}  // namespace detail::envelope

/// Writes one envelope to the end of a string, in two steps, so that a codec appends its output in place: construct,
/// append the encoded body to the same string, `finish`. Confined to one thread.
/// Requires: catalog, path and meta shorter than 4 GiB each.
/// Lifetime: `out` must outlive the writer; the fields' texts are copied by the constructor.
class envelope_writer {
 public:
  /// Appends header, catalog, path and meta. The body comes next; codecs and key id are taken by `finish`.
  envelope_writer(std::string& out, const envelope_fields& fields) : out_(out), start_(out.size()) {
    namespace layout_v1 = detail::envelope;
    out_.reserve(start_ + layout_v1::header_bytes + fields.catalog.size() + fields.path.size() + fields.meta.size());
    char header[layout_v1::header_bytes] = {};
    const auto length = [](std::string_view text) { return static_cast<std::uint32_t>(text.size()); };
    layout_v1::magic.copy(header, layout_v1::magic.size());
    header[4] = static_cast<char>(layout_v1::version);
    header[5] = static_cast<char>(fields.kind);
    if (fields.kind == object_kind::delta && fields.merge) header[6] = static_cast<char>(*fields.merge);
    layout_v1::store_id(header, 16, 40, fields.id);
    if (fields.kind == object_kind::snapshot) {
      layout_v1::store_id(header, 24, 44, fields.start);
      layout_v1::store_id(header, 32, 48, fields.gen);
    }
    pure::store_little_endian(header + 52, length(fields.catalog));
    pure::store_little_endian(header + 56, length(fields.path));
    pure::store_little_endian(header + 60, length(fields.meta));
    std::memcpy(header + layout_v1::at_write_id, fields.write_id.data(), fields.write_id.size());
    pure::store_little_endian(header + 80, fields.decoded_bytes);
    pure::store_little_endian(header + 96, fields.digest);
    out_.append(header, sizeof header);
    out_ += fields.catalog;
    out_ += fields.path;
    out_ += fields.meta;
    body_ = out_.size();
  }

  /// Where in the string the body begins.
  [[nodiscard]] std::size_t body_offset() const noexcept { return body_; }

  /// Completes the envelope; everything appended since the constructor is the stored body.
  void finish(codec_ids codecs = {}, std::uint32_t key_id = 0) noexcept {
    namespace layout_v1 = detail::envelope;
    char* const header = out_.data() + start_;
    std::memcpy(header + layout_v1::at_codecs, codecs.ids.data(), codecs.ids.size());
    pure::store_little_endian(header + layout_v1::at_key_id, key_id);
    pure::store_little_endian(header + layout_v1::at_stored_bytes, static_cast<std::uint64_t>(out_.size() - body_));
    const std::string_view whole(header, out_.size() - start_);
    pure::store_little_endian(header + layout_v1::at_check, layout_v1::check(whole, body_ - start_, !codecs.empty()));
  }

 private:
  std::string& out_;
  std::size_t start_;
  std::size_t body_ = 0;
};

namespace detail::envelope {

[[nodiscard]] inline lake::error corrupt(std::string_view object_key, std::string message) {
  return {errc::corrupt_body, {}, std::string(object_key), std::move(message)};
}

/// Magic, version and every length against the actual size; the offset of the body on success.
[[nodiscard]] inline result<std::size_t> check_frame(std::string_view stored, std::string_view object_key) {
  if (!stored.starts_with(magic)) return corrupt(object_key, "it does not begin with \"LAKE\": no envelope");
  if (stored.size() < 5) return corrupt(object_key, "it is truncated: " + std::to_string(stored.size()) + " bytes");
  const auto found = static_cast<std::uint8_t>(stored[4]);
  if (found > version) {
    return lake::error{
        errc::unsupported,
        {},
        std::string(object_key),
        "its envelope has format version " + std::to_string(found) + ", this library reads up to " + std::to_string(version)};
  }
  if (found != version) return corrupt(object_key, "its envelope has format version 0");
  if (stored.size() < header_bytes)
    return corrupt(object_key, "it is truncated: " + std::to_string(stored.size()) + " of 112 header bytes");
  // Three 32-bit lengths cannot overflow 64 bits; the stored length is compared, never added.
  const std::uint64_t names = std::uint64_t{load32(stored, 52)} + load32(stored, 56) + load32(stored, 60);
  const std::uint64_t rest = stored.size() - header_bytes;
  if (names > rest || load64(stored, at_stored_bytes) != rest - names) {
    return corrupt(object_key, "its " + std::to_string(stored.size()) + " bytes are not what its header declares: 112 + " +
                                   std::to_string(names) + " + a body of " + std::to_string(load64(stored, at_stored_bytes)));
  }
  return header_bytes + static_cast<std::size_t>(names);
}

[[nodiscard]] inline codec_ids load_codecs(std::string_view stored) noexcept {
  codec_ids codecs;
  std::memcpy(codecs.ids.data(), stored.data() + at_codecs, codecs.ids.size());
  return codecs;
}

/// What the numbers may not be in an envelope whose check holds; empty if all is well.
[[nodiscard]] inline std::string_view meaning_fault(std::string_view stored, const codec_ids& codecs) noexcept {
  const auto kind = static_cast<std::uint8_t>(stored[5]);
  const auto merge = static_cast<std::uint8_t>(stored[6]);
  if (kind < 1 || kind > 3) return "its kind is not 1, 2 or 3";
  if (kind == 1 ? merge < 1 || merge > 3 : merge != 0) return "its merge type does not go with its kind";
  const std::size_t used = codecs.size();
  for (std::size_t i = used; i < codecs.ids.size(); ++i) {
    if (codecs.ids[i] != 0) return "its codec ids have a gap";
  }
  const std::optional<time_seq> id = load_id(stored, 16, 40);
  const std::optional<time_seq> start = load_id(stored, 24, 44);
  const std::optional<time_seq> gen = load_id(stored, 32, 48);
  if (!id || id->is_zero() || !start || !gen) return "one of its ids is none";
  if (kind == 2 ? *start > *id : !start->is_zero() || !gen->is_zero()) return "its start or gen does not go with its kind";
  if (used == 0 && load64(stored, at_stored_bytes) != load64(stored, 80)) return "its stored and its decoded length differ without a codec";
  return {};
}

}  // namespace detail::envelope

/// The envelope in `stored`, checked: magic, version, lengths, check, and every number's meaning. With codecs the stored body
/// is checked too; without, `check_body` does that.
/// Errors: corrupt_body names the key and what is off; unsupported names a later version, or flags this one does not know.
/// Complexity: one pass over the names, and over the stored body if it is encoded; no allocation.
/// Lifetime: the view looks into `stored`.
[[nodiscard]] inline result<envelope_view> read_envelope(std::string_view stored, std::string_view object_key) {
  namespace layout_v1 = detail::envelope;
  const result<std::size_t> body = layout_v1::check_frame(stored, object_key);
  if (!body) return body.error();
  const codec_ids codecs = layout_v1::load_codecs(stored);
  if (layout_v1::check(stored, *body, !codecs.empty()) != layout_v1::load64(stored, layout_v1::at_check)) {
    return layout_v1::corrupt(object_key, "its check does not hold: the envelope is damaged");
  }
  if (stored[7] != 0)
    return lake::error{errc::unsupported, {}, std::string(object_key), "its envelope has flags that this library does not know"};
  if (const std::string_view fault = layout_v1::meaning_fault(stored, codecs); !fault.empty()) {
    return layout_v1::corrupt(object_key, std::string(fault));
  }
  envelope_view out;
  out.kind = static_cast<object_kind>(stored[5]);
  if (out.kind == object_kind::delta) out.merge = static_cast<merge_type>(stored[6]);
  out.id = layout_v1::load_id(stored, 16, 40).value_or(time_seq{});
  out.start = layout_v1::load_id(stored, 24, 44).value_or(time_seq{});
  out.gen = layout_v1::load_id(stored, 32, 48).value_or(time_seq{});
  const std::size_t catalog_bytes = layout_v1::load32(stored, 52);
  const std::size_t path_bytes = layout_v1::load32(stored, 56);
  out.catalog = stored.substr(layout_v1::header_bytes, catalog_bytes);
  out.path = stored.substr(layout_v1::header_bytes + catalog_bytes, path_bytes);
  out.meta = stored.substr(layout_v1::header_bytes + catalog_bytes + path_bytes, layout_v1::load32(stored, 60));
  std::memcpy(out.write_id.data(), stored.data() + layout_v1::at_write_id, out.write_id.size());
  out.codecs = codecs;
  out.key_id = layout_v1::load32(stored, layout_v1::at_key_id);
  out.decoded_bytes = layout_v1::load64(stored, 80);
  out.digest = layout_v1::load64(stored, 96);
  out.stored_body = stored.substr(*body);
  return out;
}

/// Success if `decoded` is the body the envelope was written around: length and digest agree.
/// Errors: corrupt_body names the key and what is off.
[[nodiscard]] inline result<void> check_body(const envelope_view& envelope, std::string_view decoded, std::string_view object_key) {
  if (decoded.size() != envelope.decoded_bytes) {
    return detail::envelope::corrupt(object_key, "its body has " + std::to_string(decoded.size()) + " bytes, the envelope declares " +
                                                     std::to_string(envelope.decoded_bytes));
  }
  if (pure::xxh64(decoded) != envelope.digest)
    return detail::envelope::corrupt(object_key, "its body does not have the digest in its envelope");
  return {};
}

/// Success if the envelope is that of the object asked for; else two objects were exchanged.
/// Errors: corrupt_body names the key, what was found and what was wanted.
[[nodiscard]] inline result<void> expect(const envelope_view& envelope, object_kind kind, std::string_view catalog, time_seq id,
                                         std::string_view object_key) {
  if (envelope.kind == kind && envelope.catalog == catalog && envelope.id == id) [[likely]]
    return {};
  const auto described = [](object_kind of_kind, std::string_view of_catalog, time_seq of_id) {
    return std::string(to_string(of_kind)) + " " + of_id.to_string() + " of " + detail::in_quotes(of_catalog);
  };
  return detail::envelope::corrupt(object_key, "it holds another object: " + described(envelope.kind, envelope.catalog, envelope.id) +
                                                   ", not " + described(kind, catalog, id));
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_ENVELOPE_HPP
