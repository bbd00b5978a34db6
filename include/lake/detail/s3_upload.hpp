// An object that is sent in parts: begun, filled, completed or abandoned. Knows the client, not where the bytes come from.
// Format: Amazon S3 API reference, CreateMultipartUpload, UploadPart, CompleteMultipartUpload, AbortMultipartUpload.
#ifndef LAKE_DETAIL_S3_UPLOAD_HPP
#define LAKE_DETAIL_S3_UPLOAD_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/s3_answer.hpp>
#include <lake/detail/s3_client.hpp>
#include <lake/detail/s3_lineage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Services take at most so many parts, and (but the last) none smaller than 5 MiB.
inline constexpr std::size_t s3_most_parts = 10'000;

/// The size of part `number` (from 1) of an upload whose length nobody knows: it doubles every 2,000 parts, so that 10,000 of them hold 6.2
/// times as much as if it did not.
[[nodiscard]] constexpr std::size_t part_size(std::size_t first_bytes, std::size_t number) noexcept {
  constexpr std::size_t largest_bytes = std::size_t{5} << 30U;
  return (std::min)(first_bytes << (std::min)((number - 1) / 2'000, std::size_t{4}), largest_bytes);
}
/// The size of all parts of an upload of `total` bytes: `wanted_bytes`, or more where 10,000 parts would not do.
[[nodiscard]] constexpr std::size_t part_size_of(std::size_t total, std::size_t wanted_bytes) noexcept {
  return (std::max)(wanted_bytes, total / s3_most_parts + (total % s3_most_parts != 0 ? 1 : 0));
}

/// One upload. Abandoned when it goes, unless it was completed: nothing of it is left then, as far as the service answers, and nobody ever
/// saw it. Confined.
template <class Client>
class s3_upload {
 public:
  /// Begins it. The object will carry this put token. Complexity: one round trip.
  [[nodiscard]] static result<s3_upload> begin(const Client& client, std::string_view operation, std::string_view key, std::string token) {
    s3_call call{.operation = operation, .method = "POST", .key = key, .query = {{"uploads", ""}}};
    call.headers.push_back({std::string(s3_lineage_header), token});
    auto reply = client.send(call);
    if (!reply) return std::move(reply).error();
    if (!reply->succeeded()) return client.failure(call, *reply);
    auto id = read_upload_id(reply->answer.body);
    if (!id) return client.named(std::move(id).error(), call);
    return s3_upload(client, operation, key, *std::move(id), std::move(token));
  }

  s3_upload(s3_upload&& other) noexcept
      : client_(std::move(other.client_)), operation_(other.operation_), key_(std::move(other.key_)), id_(std::exchange(other.id_, {})),
        token_(std::move(other.token_)), parts_(std::move(other.parts_)) {}
  s3_upload& operator=(s3_upload&&) = delete;
  ~s3_upload() { abandon(); }

  [[nodiscard]] std::size_t parts() const noexcept { return parts_.size(); }

  /// Sends the next part. Errors: limit_exceeded after 10,000; the service's. Complexity: one round trip; the bytes are not copied.
  [[nodiscard]] result<void> add(std::string_view bytes) {
    if (parts_.size() == s3_most_parts) {
      return lake::error{errc::limit_exceeded, std::string(operation_), key_, "an upload has at most 10,000 parts: raise part_bytes"};
    }
    s3_call call = call_of("PUT");
    const std::size_t number = parts_.size() + 1;
    call.query.push_back({"partNumber", std::to_string(number)});
    call.body = bytes;
    auto reply = client_.send(call);
    if (!reply) return std::move(reply).error();
    if (!reply->succeeded()) return failure(call, *reply);
    parts_.push_back({static_cast<std::uint32_t>(number), std::string(bare_tag(reply->answer.header("etag")))});
    return {};
  }

  /// Makes the parts an object, under these conditions as far as the service decides them here.
  /// Errors: already_exists; the service's. Effects on failure: the upload is abandoned.
  /// Complexity: one round trip; one more where an earlier answer was lost.
  [[nodiscard]] result<void> complete(const http_fields& conditions) {
    const std::string body = complete_body(parts_);
    s3_call call = call_of("POST");
    call.headers = conditions;
    call.headers.push_back({"content-type", "application/xml"});
    call.body = body;
    call.error_in_success = true;
    auto reply = client_.send(call);
    if (!reply) return std::move(reply).error();
    const bool said_so = reply->succeeded() && read_completed(reply->answer.body);
    if (!said_so && !((reply->succeeded() || reply->maybe_applied) && is_there())) {
      return reply->succeeded() ? client_.named(read_completed(reply->answer.body).error(), call) : failure(call, *reply);
    }
    id_.clear();
    return {};
  }

 private:
  s3_upload(const Client& client, std::string_view operation, std::string_view key, std::string id, std::string token)
      : client_(client), operation_(operation), key_(key), id_(std::move(id)), token_(std::move(token)) {}

  [[nodiscard]] s3_call call_of(std::string_view method) const {
    return {.operation = operation_, .method = method, .key = key_, .query = {{"uploadId", id_}}};
  }

  /// An upload that is not there was ended by somebody else, or by a rule of the bucket: repeating the whole of it helps.
  [[nodiscard]] lake::error failure(const s3_call& call, const s3_reply& reply) const {
    lake::error out = client_.failure(call, reply);
    if (reply.problem.code == "NoSuchUpload") out.code = errc::unavailable;
    return out;
  }

  /// Whether the object is this upload's: an upload that was completed is gone, and a repeated completion fails.
  [[nodiscard]] bool is_there() const {
    const auto reply = client_.send(s3_call{.operation = operation_, .method = "HEAD", .key = key_});
    return reply && reply->succeeded() && descends_from(reply->answer.header(s3_lineage_header), token_);
  }

  /// Best effort, and beyond the caller's patience: parts that stay are paid for, until a lifecycle rule of the bucket removes them.
  void abandon() noexcept {
    if (id_.empty()) return;
    const auto reply = client_.for_tidying().send(call_of("DELETE"));
    id_.clear();
    if (!reply) return;
  }

  Client client_;
  std::string_view operation_;
  std::string key_;
  std::string id_;
  std::string token_;
  std::vector<s3_part> parts_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_UPLOAD_HPP
