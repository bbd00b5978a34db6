// The documents of S3: what its answers list and name, and the bodies of requests that have one. Knows no transport and no signature.
// Format: the API reference of Amazon S3: ListObjectsV2, CreateMultipartUpload, CompleteMultipartUpload, DeleteObjects.
#ifndef LAKE_DETAIL_S3_ANSWER_HPP
#define LAKE_DETAIL_S3_ANSWER_HPP

#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/s3_problem.hpp>
#include <lake/detail/s3_xml.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/percent.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A tag as it is compared: without quotes and without the mark of a weak one.
[[nodiscard]] constexpr std::string_view bare_tag(std::string_view etag) noexcept {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag.remove_prefix(1);
    etag.remove_suffix(1);
  }
  return etag;
}

/// An answer that is not the document it should be. `rule` says why; never a part of the answer.
[[nodiscard]] inline lake::error unreadable_answer(std::string_view document, std::string_view rule,
                                                   std::optional<std::size_t> offset = std::nullopt) {
  std::string story = "the service's answer is no ";
  story += document;
  story += ": ";
  story += rule;
  if (offset) {
    story += " at byte ";
    pure::append_decimal(story, *offset);
  }
  return {errc::io, {}, {}, std::move(story)};
}

/// Reads `body` as a document with this root; `child` is called in each of its children and leaves it, or says which rule it breaks.
template <class Child>
[[nodiscard]] result<void> read_document(std::string_view body, std::string_view root, Child child) {
  xml_reader in(body);
  std::string_view broken;
  while (in.next_child()) {
    if (in.name() != root) return unreadable_answer(root, "its root is another element");
    while (broken.empty() && in.next_child()) broken = child(in);
    if (!broken.empty() && !in.failed()) return unreadable_answer(root, broken);
  }
  if (in.failed()) return unreadable_answer(root, in.reason(), in.offset());
  return {};
}

/// One page of a bucket's objects.
struct s3_listing {
  std::vector<object_info> objects = {};  ///< In the service's order, which is that of the bytes of the keys.
  bool truncated = false;                 ///< There are more, to be asked for with `next`.
  std::string next = {};                  ///< The continuation token; never empty if `truncated`.
};

/// Reads one `<Contents>`; says which rule it breaks.
[[nodiscard]] inline std::string_view read_listed_object(xml_reader& in, object_info& into) {
  std::optional<std::uint64_t> bytes;
  while (in.next_child()) {
    if (in.name() == "Key") into.key = in.text();
    else if (in.name() == "Size") bytes = pure::parse_decimal<std::uint64_t>(in.text());
    else in.skip();
  }
  if (into.key.empty()) return "an object without a key";
  if (!bytes) return "an object whose size is no number";
  into.bytes = *bytes;
  return {};
}

/// A key as encoding-type=url writes it, decoded in place: "%" and two digits is a byte, "+" a space. False if it is no such text.
[[nodiscard]] inline bool decode_listed_key(std::string& key) {
  std::replace(key.begin(), key.end(), '+', ' ');
  if (key.find('%') == std::string::npos) return true;
  std::optional<std::string> decoded = pure::percent_decode(key);
  if (decoded) key = *std::move(decoded);
  return decoded.has_value();
}

/// Reads the answer to ListObjectsV2. Keys are percent-decoded if the answer says that they are encoded ("url"). Groups of keys
/// (CommonPrefixes) are passed over: nobody asks for them.
/// Errors: io names the rule that the document breaks. Complexity: linear.
[[nodiscard]] inline result<s3_listing> read_listing(std::string_view body) {
  constexpr std::string_view document = "ListBucketResult";
  s3_listing out;
  bool encoded = false;
  std::optional<bool> truncated;
  result<void> whole = read_document(body, document, [&](xml_reader& in) -> std::string_view {
    if (in.name() == "Contents") return read_listed_object(in, out.objects.emplace_back());
    if (in.name() == "NextContinuationToken") {
      out.next = in.text();
    } else if (in.name() == "IsTruncated") {
      const std::string_view said = in.text();
      if (said != "true" && said != "false") return "IsTruncated is neither true nor false";
      truncated = said == "true";
    } else if (in.name() == "EncodingType") {
      const std::string_view said = in.text();
      if (said != "url" && !said.empty()) return "keys in an unknown encoding";
      encoded = said == "url";
    } else {
      in.skip();
    }
    return {};
  });
  if (!whole) return std::move(whole).error();
  // A page taken for the last one would hide objects, and one without a token would be asked for again for ever.
  if (!truncated) return unreadable_answer(document, "it does not say whether there are more objects");
  if (*truncated && out.next.empty()) return unreadable_answer(document, "there are more objects, but no token to ask for them");
  out.truncated = *truncated;
  if (!out.truncated) out.next.clear();
  if (encoded && !std::all_of(out.objects.begin(), out.objects.end(), [](object_info& one) { return decode_listed_key(one.key); }))
    return unreadable_answer(document, "a key whose \"%\" is not followed by two hex digits");
  return out;
}

/// The text of one child of the root; empty if there is none.
[[nodiscard]] inline result<std::string> read_single(std::string_view body, std::string_view root, std::string_view name) {
  std::string out;
  result<void> whole = read_document(body, root, [&](xml_reader& in) -> std::string_view {
    if (in.name() == name) out = in.text();
    else in.skip();
    return {};
  });
  if (!whole) return std::move(whole).error();
  return out;
}

/// Reads the answer to CreateMultipartUpload: the upload's id, not empty. Errors: io.
[[nodiscard]] inline result<std::string> read_upload_id(std::string_view body) {
  constexpr std::string_view document = "InitiateMultipartUploadResult";
  result<std::string> id = read_single(body, document, "UploadId");
  if (id && id->empty()) return unreadable_answer(document, "it names no upload");
  return id;
}

/// Reads the answer to CompleteMultipartUpload: the object's bare tag, empty if the service does not say. Errors: io, also for an error
/// document, which `problem_in_success` tells.
[[nodiscard]] inline result<std::string> read_completed(std::string_view body) {
  result<std::string> tag = read_single(body, "CompleteMultipartUploadResult", "ETag");
  if (!tag) return tag;
  return std::string(bare_tag(*tag));
}

/// A key that DeleteObjects did not delete.
struct s3_delete_failure {
  std::string key;
  s3_problem problem;
};

/// Reads the answer to DeleteObjects: what failed; empty if all are gone. Errors: io, also for an error document.
[[nodiscard]] inline result<std::vector<s3_delete_failure>> read_deleted(std::string_view body) {
  std::vector<s3_delete_failure> out;
  result<void> whole = read_document(body, "DeleteResult", [&](xml_reader& in) -> std::string_view {
    if (in.name() != "Error") {
      in.skip();
      return {};
    }
    s3_delete_failure& one = out.emplace_back();
    while (in.next_child()) {
      if (in.name() == "Key") one.key = in.text();
      else if (!read_problem_part(in, one.problem)) in.skip();
    }
    return one.key.empty() ? "a failure without a key" : "";
  });
  if (!whole) return std::move(whole).error();
  return out;
}

/// A part that was sent: its number from 1, and the bare tag that the service answered.
struct s3_part {
  std::uint32_t number = 0;
  std::string tag = {};
};

/// The body of CompleteMultipartUpload; the parts by rising number.
[[nodiscard]] inline std::string complete_body(std::span<const s3_part> parts) {
  std::string out = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const s3_part& part : parts) {
    out += "<Part><PartNumber>";
    pure::append_decimal(out, part.number);
    out += "</PartNumber><ETag>&quot;";
    append_xml(out, part.tag);
    out += "&quot;</ETag></Part>";
  }
  out += "</CompleteMultipartUpload>";
  return out;
}

/// The body of DeleteObjects, for at most 1,000 keys, for each of which `xml_can_hold`. Quiet: the answer names failures only.
[[nodiscard]] inline std::string delete_body(std::span<const std::string> keys, bool quiet) {
  std::string out = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  if (quiet) out += "<Quiet>true</Quiet>";
  for (const std::string& key : keys) {
    out += "<Object><Key>";
    append_xml(out, key);
    out += "</Key></Object>";
  }
  out += "</Delete>";
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_ANSWER_HPP
