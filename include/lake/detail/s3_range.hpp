// A part of an object. Knows the client, not the storage. Format: RFC 9110 section 14.
#ifndef LAKE_DETAIL_S3_RANGE_HPP
#define LAKE_DETAIL_S3_RANGE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/s3_client.hpp>
#include <lake/detail/storage_error.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The Range header of `length` bytes from `offset` on; one byte stands for none, since no range is empty.
[[nodiscard]] inline std::string range_text(std::uint64_t offset, std::size_t length) {
  const std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)() - offset;
  const std::uint64_t last = offset + (std::min)(most, static_cast<std::uint64_t>((std::max)(length, std::size_t{1}) - 1));
  return "bytes=" + std::to_string(offset) + '-' + (last == (std::numeric_limits<std::uint64_t>::max)() ? "" : std::to_string(last));
}

/// Up to `length` bytes from `offset` on. Errors: not_found; invalid_argument past the end; the service's.
/// Complexity: one round trip; a second where the range begins at the end, if the service does not tell the size.
template <class Client>
[[nodiscard]] result<std::string> s3_range(const Client& client, std::string_view key, std::uint64_t offset, std::size_t length) {
  s3_call call{.operation = "storage.get_range", .method = "GET", .key = key, .headers = {{"range", range_text(offset, length)}}};
  auto reply = client.send(call);
  if (!reply) return std::move(reply).error();
  std::string& body = reply->answer.body;
  if (reply->succeeded() && reply->status() == 206) {
    const std::size_t wanted = (std::max)(length, std::size_t{1});
    const bool reaches_end = whole_size(reply->answer) == offset + body.size();
    const bool is_asked = reply->answer.begins_at(offset) && (body.size() == wanted || (body.size() < wanted && reaches_end));
    if (is_asked) return length == 0 ? std::string() : std::move(body);
    return lake::error{errc::io, std::string(call.operation), std::string(key), "the service gave another part of the object than was asked for"};
  }
  if (reply->succeeded()) {  // It does not know ranges, or the object is empty: all of it.
    if (offset > body.size()) return range_past_end(call.operation, key, offset, body.size());
    return body.substr(static_cast<std::size_t>(offset), length);
  }
  if (reply->status() != 416) {
    lake::error reason = client.failure(call, *reply);
    if (reason.code == errc::not_found) return no_object(call.operation, key).because(std::move(reason));
    return reason;
  }
  std::optional<std::uint64_t> size = whole_size(reply->answer);
  if (!size) {
    const s3_call ask{.operation = call.operation, .method = "HEAD", .key = key};
    auto head = client.send(ask);
    if (!head) return std::move(head).error();
    if (!head->succeeded()) return client.failure(ask, *head);
    size = pure::parse_decimal<std::uint64_t>(head->answer.header("content-length"));
  }
  if (size && offset > *size) return range_past_end(call.operation, key, offset, *size);
  if (size && offset < *size) return client.failure(call, *reply);  // it refuses what it has
  return std::string();
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_RANGE_HPP
