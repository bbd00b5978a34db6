// Objects in a bucket of an S3 service: Amazon's, Ceph, MinIO, R2, Aliyun OSS and others that speak its protocol. Knows no index and no
// codec. Protocol: Amazon S3 API reference; how the services differ: the table in README.
#ifndef LAKE_STORAGE_S3_HPP
#define LAKE_STORAGE_S3_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/error.hpp>
#include <lake/core/object_key.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/detail/curl_transport.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/s3_client.hpp>
#include <lake/detail/s3_conditions.hpp>
#include <lake/detail/s3_lineage.hpp>
#include <lake/detail/s3_many.hpp>
#include <lake/detail/s3_open.hpp>
#include <lake/detail/s3_range.hpp>
#include <lake/detail/s3_upload.hpp>
#include <lake/detail/storage_error.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// Objects in a bucket. Thread-safe: each transfer has a connection of its own, kept for the next. A copy shares the connections, the
/// credentials and the retry budget. A moved-from storage may only be assigned to or destroyed.
///
/// What failed is tried again as `s3_options::retry` says, signed anew each time, if the answer shows that it may help. A conditional request
/// whose answer was lost is settled by asking for the object: each put carries a token (detail/s3_lineage.hpp).
///
/// Errors of every operation besides its own: invalid_argument for a bad key; access_denied (credentials, signature, permissions);
/// configuration (no such bucket, another region, no credentials to be found); unavailable and timeout, both retryable, once the tries are
/// used up; cancelled; unsupported, where the service does not know the operation; limit_exceeded; io. They name key, bucket, the service's
/// code and its request id, never a secret or a signed URL.
/// Complexity of every operation: one round trip if it says nothing else; a body is hashed once for its signature, and copied once (into
/// or out of the connection's buffer).
///
/// `Transport` carries requests: curl_transport, or what a test puts in its place.
template <class Transport>
class basic_s3_storage {
 public:
  /// A load is a round trip: two are worth doing at once.
  static constexpr std::size_t concurrent_from = 2;

  /// `s3`, or `oss` where the options say so: a part of the index's key prefix.
  storage_kind kind = storage_kind::s3;

  /// A storage on this bucket. Sends nothing: `check` does.
  /// Errors: configuration (endpoint, bucket, region, prefix, credentials, CA file), naming the value but for secrets.
  [[nodiscard]] static result<basic_s3_storage> open(s3_options options) {
    const detail::s3_secrets_guard wiped(options);
    auto transport = Transport::open(detail::transport_options(options));
    if (!transport) return std::move(transport).error();
    return over(std::move(options), *std::move(transport));
  }
  /// The same on a transport that is there already.
  [[nodiscard]] static result<basic_s3_storage> over(s3_options options, Transport transport) {
    const detail::s3_secrets_guard wiped(options);
    auto shared = detail::open_s3(std::move(options));
    if (!shared) return std::move(shared).error();
    return basic_s3_storage(client_type(*std::move(shared), std::move(transport)));
  }

  /// The same storage for one caller's patience: every operation of it ends with cancelled or timeout when `call` says so, but that a wait
  /// by an injected executor is not cut short. Its deadline counts from now on.
  [[nodiscard]] basic_s3_storage within(const call_options& call) const { return basic_s3_storage(client_.within(call)); }

  /// Whether the bucket is there and the credentials reach it. Asks for a listing of one object, which they must be allowed to: an answer to
  /// HEAD would not say why not.
  /// Errors: configuration (no such bucket, another region), access_denied, unavailable …
  result<void> check() const {
    const detail::s3_call call{.operation = "storage.check", .method = "GET", .query = {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", client_.own_prefix()}}};
    return client_.send(call).and_then([&](const reply& answer) -> result<void> {
      if (answer.succeeded()) return {};
      return client_.failure(call, answer);
    });
  }

  /// Whether the service keeps the promise of `create`: a second creation of an object is refused. Some services pass over a condition that
  /// they do not know. Puts a small object under a key of its own and removes it.
  /// Errors: unsupported, with what to set instead; those of `create`. Complexity: three round trips.
  result<void> check_create() {
    const std::string key = "lake-check-" + detail::make_put_token(options().random);
    if (auto first = create(key, "first"); !first) return first;
    const auto second = create(key, "second");
    if (auto removed = remove(key); !removed) return removed;
    if (!second && second.error().code == errc::already_exists) return {};
    if (!second) return second;
    return lake::error{errc::unsupported, "storage.check_create", std::string(options().bucket),
                       "the service created an object twice, it passes over the condition: set s3_options::create to s3_create::checked"};
  }

  /// Returns the object's bytes. Errors: not_found; access_denied instead, where the credentials may not list the bucket.
  result<body_ptr> get(std::string_view key) const {
    return ask({.operation = "storage.get", .method = "GET", .key = key}).transform([](reply&& answer) { return body_of(answer); });
  }

  /// Creates an object; of several concurrent creators exactly one succeeds, unless `s3_options::create` is `checked`.
  /// Errors: already_exists. An unavailable or timeout leaves open whether the object was stored: create it again to know.
  /// Complexity: two round trips with `checked`; one more where it is refused.
  result<void> create(std::string_view key, std::string bytes) {
    if (auto good = check_key("storage.create", key); !good) return good;
    return conditions().create("storage.create", key, bytes).transform([](std::string&&) {});
  }

  /// Creates or replaces an object. An upload in parts whose first answer was lost stays begun, and what was sent is paid for, until a
  /// lifecycle rule of the bucket removes it: have one. Complexity: a body above `multipart_from_bytes` takes a round trip for each part, and two more.
  result<void> put(std::string_view key, std::string bytes) {
    if (auto good = check_key("storage.put", key); !good) return good;
    if (bytes.size() > options().multipart_from_bytes) return put_in_parts(key, bytes);
    detail::s3_call call{.operation = "storage.put", .method = "PUT", .key = key, .headers = conditions().fresh_token(), .body = bytes};
    return ask(call).transform([](reply&&) {});
  }

  /// Removes an object; one that is not there is removed already.
  result<void> remove(std::string_view key) {
    auto answer = ask({.operation = "storage.remove", .method = "DELETE", .key = key});
    if (answer || answer.error().code == errc::not_found) return {};
    return std::move(answer).error();
  }

  /// Removes objects, up to 1,000 in one request; what is not there is removed already.
  /// Errors: the first that the service reports for a key, with how many of its request were not removed; all others are, whatever stands
  /// between them. A request that fails as a whole ends it.
  result<void> remove_many(std::span<const std::string> keys) {
    for (const std::string& key : keys) {
      if (auto good = check_key("storage.remove_many", key); !good) return good;
    }
    result<void> out;
    std::vector<std::string> batch;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (detail::xml_can_hold(keys[i])) batch.push_back(keys[i]);
      else if (auto removed = remove(keys[i]); !removed) return removed;
      if (batch.empty() || (batch.size() < most_at_once && i + 1 < keys.size())) continue;
      auto left = detail::s3_remove(client_, batch);
      if (!left) return std::move(left).error();
      if (*left && out) out = **std::move(left);
      batch.clear();
    }
    return out;
  }

  /// Calls `visit(object_info)` for the objects whose keys begin with `prefix`, sorted by bytes, until it returns false. Objects under keys
  /// that no storage makes ("folder/", "a//b") are passed over. Errors: io, if the service does not list in order.
  /// Complexity: a round trip for each 1,000 objects.
  template <class Visit>
  result<void> list(std::string_view prefix, Visit&& visit) const {
    std::string next;
    std::string last;
    do {
      auto page = detail::s3_list(client_, prefix, next);
      if (!page) return std::move(page).error();
      for (object_info& each : page->objects) {
        if (each.key <= last && !last.empty()) {
          return lake::error{errc::io, "storage.list", std::string(prefix), "the service does not list keys in the order of their bytes"};
        }
        if (broken_key_rule(each.key).empty() && !visit(std::as_const(each))) return {};
        last = std::move(each.key);
      }
      next = page->truncated ? std::move(page->next) : std::string();
    } while (!next.empty());
    return {};
  }

  /// Returns up to `length` bytes from `offset` on; fewer, maybe none, where the object ends before.
  /// Errors: not_found; invalid_argument if `offset` is greater than the object's size.
  result<std::string> get_range(std::string_view key, std::uint64_t offset, std::size_t length) const {
    if (auto good = check_key("storage.get_range", key); !good) return std::move(good).error();
    return detail::s3_range(client_, key, offset, length);
  }

  /// Returns the object's size. Errors: not_found.
  result<object_info> stat(std::string_view key) const {
    return ask({.operation = "storage.stat", .method = "HEAD", .key = key}).and_then([&](reply&& answer) -> result<object_info> {
      const auto bytes = pure::parse_decimal<std::uint64_t>(answer.answer.header("content-length"));
      if (bytes) return object_info{std::string(key), *bytes};
      return lake::error{errc::io, "storage.stat", std::string(key), "the service does not tell the object's size"};
    });
  }

  /// Returns the bytes with their tag. Errors: not_found.
  result<tagged_body> get_tagged(std::string_view key) const {
    return ask({.operation = "storage.get_tagged", .method = "GET", .key = key}).transform([](reply&& answer) {
      std::string tag = detail::tag_of(answer.answer);
      return tagged_body{body_of(answer), std::move(tag)};
    });
  }

  /// Replaces the bytes seen with `tag`, or creates the object if `tag` is empty, and returns the new tag. The service compares ETags: an
  /// object that was replaced by the same bytes and back is not told apart.
  /// Errors: version_conflict; outcome_unknown, where an answer was lost and the object does not tell whose it is; unsupported with
  /// `s3_create::checked`, and with a tag where `s3_create::header` is all there is. Effects on failure: none, but with outcome_unknown.
  /// Complexity: a conflict takes two round trips.
  result<std::string> swap(std::string_view key, std::string_view tag, std::string bytes) {
    if (auto good = check_key("storage.swap", key); !good) return std::move(good).error();
    return conditions().swap(key, tag, bytes);
  }

  /// Creates an object from a source: called with a span to fill, returns how many bytes it wrote, 0 at the end. What fits into one part
  /// is created like `create`; more is sent in parts, and there only a service that honours If-None-Match when an upload is completed (AWS)
  /// decides between concurrent creators; at others a look before the completion must do.
  /// Errors: the source's own; already_exists. Effects on failure: none, but that an unavailable or timeout of the last request leaves open
  /// whether the object was stored, as with `create`.
  /// Complexity: a round trip for each part, and four more; memory for one part.
  template <class Source>
  result<void> create_from(std::string_view key, Source&& source) {
    if (auto good = check_key("storage.create_from", key); !good) return good;
    std::string part;
    if (auto filled = fill(part, options().part_bytes, source); !filled) return filled;
    if (part.size() < options().part_bytes) {
      return conditions().create("storage.create_from", key, part).transform([](std::string&&) {});
    }
    return create_in_parts(key, std::move(part), source);
  }

  /// Hands the bytes to `sink(std::string_view)`, in pieces, never all in memory. A connection that breaks is resumed where it broke. The sink
  /// does not throw. It holds one of the connections while it runs: sinks that use this storage can wait for each other for ever once all
  /// connections are theirs.
  /// Errors: not_found; the sink's own; version_conflict, if the object was replaced in the midst of it.
  template <class Sink>
  result<void> get_into(std::string_view key, Sink&& sink) const {
    result<void> taken;
    auto take = [&](std::string_view part) {
      taken = sink(part);
      return taken.has_value();
    };
    auto answer = ask({.operation = "storage.get_into", .method = "GET", .key = key, .sink = detail::http_sink(take)});
    if (!taken) return taken;
    return std::move(answer).transform([](reply&&) {});
  }

  /// A URL by which whoever has it may read this object until `expires` has passed, at most seven days. It is a secret.
  /// Errors: invalid_argument. Complexity: no round trip.
  result<std::string> presign_get(std::string_view key, std::chrono::seconds expires) const {
    return presign("storage.presign_get", "GET", key, {}, expires);
  }
  /// The same to write it, with a PUT that carries this Content-Type (empty: any).
  result<std::string> presign_put(std::string_view key, std::chrono::seconds expires, std::string_view content_type = {}) const {
    detail::http_fields headers;
    if (!content_type.empty()) headers.push_back({"content-type", std::string(content_type)});
    return presign("storage.presign_put", "PUT", key, headers, expires);
  }

 private:
  using client_type = detail::s3_client<Transport>;
  using reply = detail::s3_reply;
  static constexpr std::size_t most_at_once = 1'000;

  explicit basic_s3_storage(client_type client) : kind(client.options().kind), client_(std::move(client)) {}

  [[nodiscard]] const s3_options& options() const noexcept { return client_.options(); }
  [[nodiscard]] detail::s3_conditions<client_type> conditions() const { return detail::s3_conditions<client_type>(client_); }

  [[nodiscard]] result<void> check_key(std::string_view operation, std::string_view key) const {
    auto good = check_object_key(key);
    const std::size_t before = options().prefix.empty() ? 0 : options().prefix.size() + 1;
    if (good && key.size() + before <= object_key_max_bytes) return {};
    if (good) {
      good = lake::error{errc::invalid_argument, {}, std::string(key),
                         "with the prefix " + detail::in_quotes(options().prefix) + " an object key has at most " +
                             std::to_string(object_key_max_bytes - before) + " bytes"};
    }
    lake::error reason = std::move(good).error();
    reason.operation = operation;
    return reason;
  }

  /// A request for one object; every answer but a success is an error.
  [[nodiscard]] result<reply> ask(const detail::s3_call& call) const {
    if (auto good = check_key(call.operation, call.key); !good) return std::move(good).error();
    auto answer = client_.send(call);
    if (!answer || answer->succeeded()) return answer;
    lake::error reason = client_.failure(call, *answer);
    if (reason.code == errc::not_found) return detail::no_object(call.operation, call.key).because(std::move(reason));
    return reason;
  }

  [[nodiscard]] result<std::string> presign(std::string_view operation, std::string_view method, std::string_view key,
                                            const detail::http_fields& headers, std::chrono::seconds expires) const {
    if (auto good = check_key(operation, key); !good) return std::move(good).error();
    return client_.presign(operation, method, key, headers, expires);
  }

  [[nodiscard]] result<void> put_in_parts(std::string_view key, std::string_view bytes) {
    auto upload = detail::s3_upload<client_type>::begin(client_, "storage.put", key, detail::make_put_token(options().random));
    if (!upload) return std::move(upload).error();
    const std::size_t size = detail::part_size_of(bytes.size(), options().part_bytes);
    for (; !bytes.empty(); bytes.remove_prefix((std::min)(size, bytes.size()))) {
      if (auto sent = upload->add(bytes.substr(0, size)); !sent) return sent;
    }
    return upload->complete({});
  }

  /// Appends to `part` until it has `size` bytes or the source ends.
  template <class Source>
  [[nodiscard]] static result<void> fill(std::string& part, std::size_t size, Source& source) {
    std::size_t had = part.size();
    part.resize(size);
    while (had < size) {
      result<std::size_t> got = source(std::span<char>(part).subspan(had));
      if (!got) return std::move(got).error();
      LAKE_ASSERT(*got <= size - had);
      if (*got == 0) break;
      had += *got;
    }
    part.resize(had);
    return {};
  }

  template <class Source>
  [[nodiscard]] result<void> create_in_parts(std::string_view key, std::string part, Source& source) {
    if (auto absent = conditions().must_be_absent("storage.create_from", key); !absent) return absent;
    auto upload = detail::s3_upload<client_type>::begin(client_, "storage.create_from", key, detail::make_put_token(options().random));
    if (!upload) return std::move(upload).error();
    while (!part.empty()) {
      if (auto sent = upload->add(part); !sent) return sent;
      part.clear();
      if (auto filled = fill(part, detail::part_size(options().part_bytes, upload->parts() + 1), source); !filled) return filled;
    }
    if (auto absent = conditions().must_be_absent("storage.create_from", key); !absent) return absent;
    auto done = upload->complete(conditions().absence());
    if (done || done.error().code != errc::version_conflict) return done;
    return detail::object_exists("storage.create_from", key);
  }

  [[nodiscard]] static body_ptr body_of(reply& answer) { return std::make_shared<const std::string>(std::move(answer.answer.body)); }

  client_type client_;
};

/// Objects in a bucket of an S3 service, on libcurl.
using s3_storage = basic_s3_storage<detail::curl_transport>;

static_assert(storage_policy<s3_storage>);
static_assert(listing_storage<s3_storage> && ranged_storage<s3_storage> && conditional_storage<s3_storage> && streaming_storage<s3_storage>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_STORAGE_S3_HPP
