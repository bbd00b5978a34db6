// Why an S3 service refused, read from its answer, and the error a caller gets for it. Knows no transport.
// Format: the error documents of Amazon S3 ("Error Responses" in its API reference), which Ceph, Swift, MinIO, R2 and Aliyun OSS share.
#ifndef LAKE_DETAIL_S3_PROBLEM_HPP
#define LAKE_DETAIL_S3_PROBLEM_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/s3_verdict.hpp>
#include <lake/detail/s3_xml.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

inline constexpr std::size_t max_s3_message_bytes = 500;  ///< Of what a service says for people.

/// What a service says of a refusal. Everything else in its document is left there: that of a wrong signature tells the signature, the
/// text that was signed and the access key.
struct s3_problem {
  std::string code = {};        ///< "NoSuchKey"; of an answer without a document what its status says; empty: nobody knows.
  std::string message = {};     ///< For people; at most 500 bytes, printable.
  std::string request_id = {};  ///< For the service's support.
  std::string host_id = {};     ///< The same.
  std::string region = {};      ///< Where the bucket is, if it is elsewhere.
  std::string endpoint = {};    ///< The same as a host, if the service names one.
};

/// True where `text` repeats what a request was signed with. Services have elements of their own for that, which are never read; but
/// nobody forbids them any other place.
[[nodiscard]] inline bool tells_signature(std::string_view text) noexcept {
  constexpr std::string_view signs[] = {"AWS4-HMAC-SHA256", "AWS4-ECDSA", "Signature=", "X-Amz-Credential", "X-Amz-Security-Token"};
  const auto in_text = [text](std::string_view sign) { return text.find(sign) != std::string_view::npos; };
  return std::any_of(std::begin(signs), std::end(signs), in_text);
}

/// True where `text` is such as services write for machines: names, hosts, ids.
[[nodiscard]] inline bool is_s3_token(std::string_view text, std::size_t longest) noexcept {
  const auto usual = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._:/+=").find(c) != std::string_view::npos;
  };
  return text.size() <= longest && std::all_of(text.begin(), text.end(), usual) && !tells_signature(text);
}

/// What a service says for people, fit for a message: bounded, printable, and empty where it tells a signature.
[[nodiscard]] inline std::string shown_s3_message(std::string_view said) {
  if (tells_signature(said)) return {};
  std::size_t shown = (std::min)(said.size(), max_s3_message_bytes);
  while (shown < said.size() && shown > 0 && (static_cast<unsigned char>(said[shown]) & 0xc0U) == 0x80U) --shown;
  std::string out(said.substr(0, shown));
  std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, ' ');
  if (shown < said.size()) out += "...";
  return out;
}

/// Takes what the element just entered says, if it is one of those that are told; false if it is another, which is not left.
[[nodiscard]] inline bool read_problem_part(xml_reader& in, s3_problem& into) {
  struct part {
    std::string_view name;
    std::string s3_problem::*where;
    std::size_t longest;
  };
  constexpr part all[] = {{"Code", &s3_problem::code, 64},
                          {"RequestId", &s3_problem::request_id, 128},
                          {"HostId", &s3_problem::host_id, 128},
                          {"Region", &s3_problem::region, 64},
                          {"Endpoint", &s3_problem::endpoint, 255}};
  if (in.name() == "Message") {
    into.message = shown_s3_message(in.text());
    return true;
  }
  for (const part& one : all) {
    if (in.name() != one.name) continue;
    const std::string_view text = in.text();
    if (is_s3_token(text, one.longest)) into.*one.where = text;
    return true;
  }
  return false;
}

/// Reads an error document into `into`; false if `body` is none. Of one that was cut short, what there is.
inline bool read_error_document(std::string_view body, s3_problem& into) {
  xml_reader in(body);
  if (!in.next_child() || in.name() != "Error") return false;
  while (in.next_child()) {
    if (!read_problem_part(in, into)) in.skip();
  }
  return true;
}

/// True if `body` is an error document, as the body of an answer 200 may be: of CompleteMultipartUpload, CopyObject and the like.
[[nodiscard]] inline bool is_error_document(std::string_view body) {
  xml_reader in(body);
  return in.next_child() && in.name() == "Error";
}

/// What a status says where no document does (an answer to HEAD has none). Empty: nothing in particular.
[[nodiscard]] constexpr std::string_view code_of_status(int status) noexcept {
  switch (status) {
    case 301: return "PermanentRedirect";
    case 307: return "TemporaryRedirect";
    case 400: return "BadRequest";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "NotFound";
    case 405: return "MethodNotAllowed";
    case 408: return "RequestTimeout";
    case 409: return "Conflict";
    case 411: return "MissingContentLength";
    case 412: return "PreconditionFailed";
    case 413: return "EntityTooLarge";
    case 416: return "InvalidRange";
    case 429: return "TooManyRequests";
    case 500: return "InternalError";
    case 501: return "NotImplemented";
    case 503: return "ServiceUnavailable";
    default: return {};
  }
}

/// Why the answer is no success; all empty for a success, and where there was no answer. The body of a success is never looked at: it may
/// be an object that is an error document.
[[nodiscard]] inline s3_problem read_problem(const http_answer& answer) {
  s3_problem out;
  if (answer.failure != http_failure::none || answer.succeeded()) return out;
  read_error_document(answer.body, out);
  const auto from_header = [&answer](std::string& where, std::string_view name, std::size_t longest) {
    const std::string_view value = answer.header(name);
    if (where.empty() && is_s3_token(value, longest)) where = value;
  };
  from_header(out.code, "x-amz-error-code", 64);
  if (out.code.empty()) out.code = code_of_status(answer.status);
  if (out.message.empty()) out.message = shown_s3_message(answer.header("x-amz-error-message"));
  from_header(out.request_id, "x-amz-request-id", 128);
  from_header(out.request_id, "x-oss-request-id", 128);
  from_header(out.host_id, "x-amz-id-2", 128);
  from_header(out.region, "x-amz-bucket-region", 64);
  return out;
}

/// What the body of an apparent success confesses; all empty if it confesses nothing. For the answers that may: to
/// CompleteMultipartUpload, CopyObject, DeleteObjects. `judge` takes its code.
[[nodiscard]] inline s3_problem problem_in_success(const http_answer& answer) {
  s3_problem out;
  if (answer.succeeded() && read_error_document(answer.body, out) && out.code.empty()) out.code = "InternalError";
  return out;
}

/// The kind of error that a code names by itself; nothing for codes whose status says enough.
[[nodiscard]] constexpr std::optional<errc> kind_of_s3_code(std::string_view code) noexcept {
  struct known {
    std::string_view code;
    errc kind;
  };
  constexpr known all[] = {
      {"AccessDenied", errc::access_denied},
      {"AuthorizationQueryParametersError", errc::access_denied},
      {"BadDigest", errc::io},  // Bytes were damaged on the way, as with the others that are `io`, but for the full disk.
      {"BucketAlreadyExists", errc::already_exists},
      {"BucketAlreadyOwnedByYou", errc::already_exists},
      {"EntityTooLarge", errc::limit_exceeded},
      {"FileAlreadyExists", errc::already_exists},  // Aliyun's answer where x-oss-forbid-overwrite stood.
      {"FileImmutable", errc::access_denied},
      {"IllegalLocationConstraintException", errc::configuration},
      {"IncompleteBody", errc::io},
      {"InsufficientCapacity", errc::io},
      {"InvalidAccessKeyId", errc::access_denied},
      {"InvalidBucketName", errc::configuration},
      {"InvalidDigest", errc::io},
      {"InvalidObjectState", errc::unsupported},  // In an archive: it cannot be read before somebody restores it.
      {"InvalidRegionName", errc::configuration},
      {"InvalidToken", errc::access_denied},
      {"MaxMessageLengthExceeded", errc::limit_exceeded},
      {"MissingSecurityHeader", errc::access_denied},
      {"NoSuchBucket", errc::configuration},
      {"NotImplemented", errc::unsupported},
      {"PermanentRedirect", errc::configuration},
      {"QuotaExceeded", errc::limit_exceeded},
      {"TemporaryRedirect", errc::configuration},
      {"TooManyParts", errc::limit_exceeded},
      {"XAmzContentChecksumMismatch", errc::io},
      {"XAmzContentSHA256Mismatch", errc::io},
  };
  for (const known& one : all) {
    if (one.code == code) return one.kind;
  }
  return std::nullopt;
}

/// The kind of error that a status names.
[[nodiscard]] constexpr errc kind_of_s3_status(int status) noexcept {
  switch (status) {
    case 401:
    case 403: return errc::access_denied;
    case 404: return errc::not_found;
    case 405:
    case 501: return errc::unsupported;
    case 409:
    case 412: return errc::version_conflict;
    case 413: return errc::limit_exceeded;
    case 507: return errc::io;
    default: break;
  }
  if (status >= 300 && status < 400) return errc::configuration;
  return status >= 400 && status < 500 ? errc::invalid_argument : errc::unavailable;
}

/// The kind of error that an exchange came to.
[[nodiscard]] inline errc kind_of_s3_answer(const http_answer& answer, const s3_problem& problem) noexcept {
  switch (answer.failure) {
    case http_failure::none: break;
    case http_failure::not_sent:
    case http_failure::lost: return errc::unavailable;
    case http_failure::timed_out: return errc::timeout;
    case http_failure::cancelled:
    case http_failure::sink_refused: return errc::cancelled;
    case http_failure::untrusted:  // Whose certificates are trusted is a part of the set-up, as the URL is.
    case http_failure::unusable: return errc::configuration;
  }
  if (problem.code == "AuthorizationHeaderMalformed") return problem.region.empty() ? errc::access_denied : errc::configuration;
  switch (judge(answer, problem.code)) {
    case s3_verdict::transient:
    case s3_verdict::throttled:
    case s3_verdict::conflicting: return errc::unavailable;
    case s3_verdict::skewed:
    case s3_verdict::expired: return errc::access_denied;
    case s3_verdict::done:
    case s3_verdict::final: break;
  }
  return kind_of_s3_code(problem.code).value_or(kind_of_s3_status(answer.status));
}

/// What a failed exchange means, for people: before what the transport says.
[[nodiscard]] constexpr std::string_view story_of(http_failure failure) noexcept {
  switch (failure) {
    case http_failure::none: break;
    case http_failure::not_sent: return "the service was not reached";
    case http_failure::lost: return "the connection broke before the answer was whole";
    case http_failure::timed_out: return "no answer came in time";
    case http_failure::cancelled: return "the caller's stop token was set";
    case http_failure::sink_refused: return "the receiver of the bytes wanted no more";
    case http_failure::untrusted: return "the service's certificate is not trusted";
    case http_failure::unusable: return "the request cannot be sent";
  }
  return {};
}

/// The error of an exchange that did not succeed: `bucket` and `key` as the caller of the storage knows them; an empty key: it was about
/// the bucket. Holds nothing of the request.
[[nodiscard]] inline lake::error s3_error(std::string_view operation, std::string_view bucket, std::string_view key,
                                          const http_answer& answer, const s3_problem& problem) {
  std::string story;
  const auto add = [&story](std::string_view before, std::string_view what) {
    if (!what.empty()) story.append(before).append(what);
  };
  if (answer.failure != http_failure::none) {
    story = story_of(answer.failure);
    add(": ", shown_s3_message(answer.reason));
  } else {
    story = problem.code.empty() ? "the service refused" : problem.code;
    story += " (HTTP ";
    pure::append_decimal(story, answer.status);
    story += ')';
    add(": ", problem.message);
  }
  add("; bucket ", in_quotes(bucket));
  add(" is in region ", problem.region);
  add(", endpoint ", problem.endpoint);
  add("; request ", problem.request_id);
  return {kind_of_s3_answer(answer, problem), std::string(operation), std::string(key.empty() ? bucket : key), std::move(story)};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_PROBLEM_HPP
