// Requests about many objects at once: a page of a listing, and the removal of up to a thousand. Knows the client, not the storage.
// Format: Amazon S3 API reference, ListObjectsV2 and DeleteObjects.
#ifndef LAKE_DETAIL_S3_MANY_HPP
#define LAKE_DETAIL_S3_MANY_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/s3_answer.hpp>
#include <lake/detail/s3_client.hpp>
#include <lake/pure/base64.hpp>
#include <lake/pure/md5.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A page of the objects whose keys begin with `prefix`, without the storage's own prefix; `next` is where the page before said to go on.
/// Errors: the service's; io, if its answer is no listing.
template <class Client>
[[nodiscard]] result<s3_listing> s3_list(const Client& client, std::string_view prefix, const std::string& next) {
  const std::string own = client.own_prefix();
  const std::string asked = own + std::string(prefix);
  s3_call call{.operation = "storage.list", .method = "GET"};
  call.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", asked}};
  if (!next.empty()) call.query.push_back({"continuation-token", next});
  auto reply = client.send(call);
  if (!reply) return std::move(reply).error();
  if (!reply->succeeded()) return client.failure(call, *reply);
  auto page = read_listing(reply->answer.body);
  call.key = prefix;
  if (!page) return client.named(std::move(page).error(), call);
  if (page->truncated && (page->next.empty() || page->next == next)) {
    return lake::error{errc::io, "storage.list", std::string(prefix), "the service says that there is more, but not where to go on"};
  }
  for (object_info& each : page->objects) {
    if (!each.key.starts_with(asked)) {
      return lake::error{errc::io, "storage.list", std::string(prefix), "the service listed a key that does not begin as was asked"};
    }
    each.key.erase(0, own.size());
  }
  return page;
}

/// Removes these objects, whose keys XML can hold. Returns the error of the first that is still there and how many are, or nothing.
/// Errors: the service's, for the whole request.
template <class Client>
[[nodiscard]] result<std::optional<lake::error>> s3_remove(const Client& client, std::span<const std::string> keys) {
  std::vector<std::string> full;
  full.reserve(keys.size());
  for (const std::string& key : keys) full.push_back(client.full_key(key));
  const std::string body = delete_body(full, true);
  s3_call call{.operation = "storage.remove_many", .method = "POST", .query = {{"delete", ""}}, .body = body, .error_in_success = true};
  const auto digest = pure::md5(body);
  call.headers = {{"content-md5", pure::base64(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()))},
                  {"content-type", "application/xml"}};
  auto reply = client.send(call);
  if (!reply) return std::move(reply).error();
  if (!reply->succeeded()) return client.failure(call, *reply);
  auto failed = read_deleted(reply->answer.body);
  if (!failed) return client.named(std::move(failed).error(), call);
  std::erase_if(*failed, [](const s3_delete_failure& each) { return each.problem.code == "NoSuchKey"; });
  if (failed->empty()) return std::optional<lake::error>();
  const s3_delete_failure& first = failed->front();
  call.key = std::string_view(first.key).substr((std::min)(client.own_prefix().size(), first.key.size()));
  lake::error out = client.failure(call, s3_reply{.answer = {.status = 200}, .problem = first.problem});
  out.message += "; " + std::to_string(failed->size()) + " of " + std::to_string(keys.size()) + " objects were not removed";
  return std::optional<lake::error>(std::move(out));
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_MANY_HPP
