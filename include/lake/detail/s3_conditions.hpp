// Puts that depend on what is there: create-only and compare-and-swap, and how a lost answer is settled. Knows the client, not the storage.
// Format: RFC 9110 sections 13.1.1 and 13.1.2 as S3 services take them; Aliyun OSS, PutObject, x-oss-forbid-overwrite.
#ifndef LAKE_DETAIL_S3_CONDITIONS_HPP
#define LAKE_DETAIL_S3_CONDITIONS_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/s3_answer.hpp>
#include <lake/detail/s3_client.hpp>
#include <lake/detail/s3_lineage.hpp>
#include <lake/detail/storage_error.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The tag of the object that an answer speaks of.
[[nodiscard]] inline std::string tag_of(const http_answer& answer) {
  return make_tag(bare_tag(answer.header("etag")), answer.header(s3_lineage_header));
}

/// Conditional puts through one client. Confined to a call.
template <class Client>
class s3_conditions {
 public:
  explicit s3_conditions(const Client& client) : client_(client) {}

  /// How this service creates only where nothing is.
  [[nodiscard]] s3_create way() const {
    const s3_create wanted = client_.options().create;
    if (wanted != s3_create::automatic) return wanted;
    return client_.shared().endpoint.is_aliyun ? s3_create::header : s3_create::atomic;
  }
  /// The headers of a put that the service carries out only where no object is; none, if it knows none.
  [[nodiscard]] http_fields absence() const {
    switch (way()) {
      case s3_create::checked: return {};
      case s3_create::header: return {{"x-oss-forbid-overwrite", "true"}};
      case s3_create::automatic:
      case s3_create::atomic: break;
    }
    return {{"if-none-match", "*"}};
  }

  /// The headers of a put that anybody may replace.
  [[nodiscard]] http_fields fresh_token() const { return {{std::string(s3_lineage_header), make_put_token(client_.options().random)}}; }

  /// Creates an object where none is. Returns its tag. `doubt`: the kind of error where it cannot be told whether the object was stored.
  /// Errors: already_exists; the service's.
  [[nodiscard]] result<std::string> create(std::string_view operation, std::string_view key, std::string_view bytes,
                                           errc doubt = errc::unavailable) const {
    if (way() == s3_create::checked) {
      if (auto absent = must_be_absent(operation, key); !absent) return std::move(absent).error();
    }
    const std::string token = make_put_token(client_.options().random);
    s3_call call{.operation = operation, .method = "PUT", .key = key, .headers = absence(), .body = bytes};
    call.headers.push_back({std::string(s3_lineage_header), token});
    auto reply = client_.send(call);
    if (!reply) return std::move(reply).error();
    if (reply->succeeded()) return make_tag(bare_tag(reply->answer.header("etag")), token);
    if (!is_taken(*reply)) return refusal(call, *reply, doubt);
    auto now = look(operation, key);  // also after one try: somebody on the way, a load balancer, may have sent it twice
    if (!now && reply->maybe_applied) return unsettled(std::move(now).error(), operation, key, doubt);
    if (now && *now && descends_from(split_tag(**now).lineage, token)) return **now;
    return object_exists(operation, key);
  }

  /// Replaces what was seen with `tag`; creates where it is empty. Returns the new tag.
  /// Errors: version_conflict; outcome_unknown; unsupported; the service's.
  [[nodiscard]] result<std::string> swap(std::string_view key, std::string_view tag, std::string_view bytes) const {
    if (way() == s3_create::checked || (way() == s3_create::header && !tag.empty())) {
      return lake::error{errc::unsupported, "storage.swap", std::string(key),
                         "this service has no conditional put (s3_options::create): it could not decide between two writers"};
    }
    if (tag.empty()) {
      auto made = create("storage.swap", key, bytes, errc::outcome_unknown);
      if (!made && made.error().code == errc::already_exists) return tag_differs("storage.swap", key, tag);
      return made;
    }
    const s3_tag seen = split_tag(tag);
    if (seen.etag.empty() || seen.etag == "*") return tag_differs("storage.swap", key, tag);  // no object's
    const bool bare = wants_bare_tags();  // asked once: another thread may learn it meanwhile
    auto swapped = try_swap(key, seen, bytes, bare);
    if (!swapped || !swapped->refuses_this_form || bare || !may_learn()) return outcome_of(key, tag, std::move(swapped));
    swapped = try_swap(key, seen, bytes, true);
    if (swapped && !swapped->tag.empty()) client_.shared().bare_tags.store(true, std::memory_order_relaxed);
    return outcome_of(key, tag, std::move(swapped));
  }

  /// An error if an object has this key. Complexity: one round trip.
  [[nodiscard]] result<void> must_be_absent(std::string_view operation, std::string_view key) const {
    auto now = look(operation, key);
    if (!now) return std::move(now).error();
    if (*now) return object_exists(operation, key);
    return {};
  }

 private:
  [[nodiscard]] bool may_learn() const { return client_.options().tag_form == s3_tag_form::automatic; }
  [[nodiscard]] bool wants_bare_tags() const {
    if (!may_learn()) return client_.options().tag_form == s3_tag_form::bare;
    return client_.shared().bare_tags.load(std::memory_order_relaxed);
  }

  /// The service says that an object is in the way: 412, or Aliyun's 409.
  [[nodiscard]] static bool is_taken(const s3_reply& reply) {
    return reply.status() == 412 || (reply.status() == 409 && reply.problem.code == "FileAlreadyExists");
  }

  /// What a try to swap came to.
  struct swap_try {
    std::string tag = {};            ///< The new tag; empty: refused.
    bool refuses_this_form = false;  ///< It refused a tag that the object has: perhaps for its quotes.
  };
  [[nodiscard]] static result<std::string> outcome_of(std::string_view key, std::string_view tag, result<swap_try> tried) {
    if (!tried) return std::move(tried).error();
    if (tried->tag.empty()) return tag_differs("storage.swap", key, tag);
    return std::move(tried->tag);
  }

  [[nodiscard]] result<swap_try> try_swap(std::string_view key, s3_tag seen, std::string_view bytes, bool bare) const {
    const std::string own = make_put_token(client_.options().random);
    const std::string lineage = lineage_after(own, seen.lineage);
    s3_call call{.operation = "storage.swap", .method = "PUT", .key = key, .headers = {{std::string(s3_lineage_header), lineage}}, .body = bytes};
    call.headers.push_back({"if-match", bare ? std::string(seen.etag) : '"' + std::string(seen.etag) + '"'});
    auto reply = client_.send(call);
    if (!reply) return std::move(reply).error();
    if (reply->succeeded()) return swap_try{make_tag(bare_tag(reply->answer.header("etag")), lineage)};
    const bool refused = is_taken(*reply) || (reply->status() == 404 && reply->problem.code != "NoSuchBucket");
    if (!refused) return refusal(call, *reply, errc::outcome_unknown);
    return settle_swap(key, own, seen, reply->maybe_applied);
  }

  /// A swap was refused. Whose object is there now? A try without an answer, or somebody on the way, may have done it before.
  [[nodiscard]] result<swap_try> settle_swap(std::string_view key, std::string_view own, s3_tag seen, bool maybe_applied) const {
    auto now = look("storage.swap", key);
    if (!now && !maybe_applied) return swap_try{};
    if (!now) return unsettled(std::move(now).error(), "storage.swap", key, errc::outcome_unknown);
    const s3_tag there = *now ? split_tag(**now) : s3_tag{};
    const swap_fate fate = fate_of_swap(own, seen, there);
    if (fate == swap_fate::done) return swap_try{first_put(there.lineage) == own ? **now : make_tag("superseded", own)};
    if (fate == swap_fate::not_done || !maybe_applied) return swap_try{.refuses_this_form = there.etag == seen.etag};
    return unsettled({errc::version_conflict, "storage.swap", std::string(key), "another object stands there, or none"}, "storage.swap", key,
                     errc::outcome_unknown);
  }

  /// The tag of what is there; nothing where nothing is. Errors: the service's.
  [[nodiscard]] result<std::optional<std::string>> look(std::string_view operation, std::string_view key) const {
    const s3_call call{.operation = operation, .method = "HEAD", .key = key};
    auto reply = client_.send(call);
    if (!reply) return std::move(reply).error();
    if (reply->succeeded()) return std::optional<std::string>(tag_of(reply->answer));
    if (reply->status() == 404 && reply->problem.code != "NoSuchBucket") return std::optional<std::string>();
    return client_.failure(call, *reply);
  }

  /// What a reply means that is neither a success nor says that an object is in the way.
  [[nodiscard]] lake::error refusal(const s3_call& call, const s3_reply& reply, errc doubt) const {
    lake::error out = client_.failure(call, reply);
    if (reply.status() == 501) {
      out.message += "; a service that knows no conditional put needs s3_options::create = s3_create::checked";
    }
    if (!reply.maybe_applied) return out;
    out.message += "; the object may have been stored all the same";
    return doubt == errc::outcome_unknown ? unsettled(std::move(out), call.operation, call.key, doubt) : out;
  }
  [[nodiscard]] static lake::error unsettled(lake::error cause, std::string_view operation, std::string_view key, errc code) {
    lake::error out{code, std::string(operation), std::string(key), "an answer was lost, and whether the object was stored cannot be told"};
    return std::move(out).because(std::move(cause));
  }

  const Client& client_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_CONDITIONS_HPP
