// One request to an S3 service, taken to its end: credentials, date, signature, tries and waits. Knows requests, not objects.
#ifndef LAKE_DETAIL_S3_CLIENT_HPP
#define LAKE_DETAIL_S3_CLIENT_HPP

#include <lake/config.hpp>
#include <lake/core/deadline.hpp>
#include <lake/core/error.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/openssl_digest.hpp>
#include <lake/detail/s3_credentials.hpp>
#include <lake/detail/s3_endpoint.hpp>
#include <lake/detail/s3_problem.hpp>
#include <lake/detail/s3_retry.hpp>
#include <lake/detail/secret.hpp>
#include <lake/detail/sigv4.hpp>
#include <lake/pure/hex.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A request: what is asked of the service, without host, date and signature. Views valid for the call.
struct s3_call {
  std::string_view operation;   ///< For errors: "storage.get".
  std::string_view method;
  std::string_view key = {};    ///< As callers name it, without the prefix; empty: the bucket itself.
  http_fields query = {};
  http_fields headers = {};     ///< All of them are signed but Range.
  std::string_view body = {};   ///< Of PUT and POST.
  http_sink sink = {};          ///< For the body of a success. Gets every byte once, however many tries it takes.
  bool error_in_success = false;  ///< A 200 of this operation may carry an error document.
};

/// The last answer to a request, and what is known of the tries.
struct s3_reply {
  http_answer answer = {};
  s3_problem problem = {};
  std::size_t tries = 0;
  bool maybe_applied = false;  ///< A try without a clear answer may have done what was asked.
  std::string ended = {};      ///< Which bound ended the tries; empty if none did.
  bool out_of_time = false;    ///< That bound was the caller's deadline.

  [[nodiscard]] bool succeeded() const noexcept { return answer.succeeded() && problem.code.empty(); }
  [[nodiscard]] int status() const noexcept { return answer.status; }
};

/// What all handles of one storage share. Thread-safe.
struct s3_shared {
  s3_shared(s3_options&& from, s3_endpoint&& where, s3_credentials_source&& who)
      : options(std::move(from)), endpoint(std::move(where)), credentials(std::move(who)), tokens(options.retry) {
    wipe(options.secret_key);
    wipe(options.session_token);
  }

  s3_options options;  // without its secrets
  s3_endpoint endpoint;
  s3_credentials_source credentials;
  s3_retry_tokens tokens;
  sigv4_key_cache keys;
  std::atomic<std::int64_t> clock_offset_ms{0};  ///< The service's clock less ours, once it refused a date.
  std::atomic<bool> bare_tags{false};            ///< The service was found to want If-Match without quotes.
};

/// Whose patience bounds an operation, besides the options. Confined to one handle.
struct s3_bound {
  std::stop_token stop = {};
  std::optional<std::chrono::steady_clock::time_point> until = {};
};

/// Sends requests. A cheap copyable handle; thread-safe. `Transport` has `http_answer perform(const http_request&) const`.
template <class Transport>
class s3_client {
 public:
  s3_client(std::shared_ptr<s3_shared> shared, Transport transport) : shared_(std::move(shared)), transport_(std::move(transport)) {}

  [[nodiscard]] s3_shared& shared() const noexcept { return *shared_; }
  [[nodiscard]] const s3_options& options() const noexcept { return shared_->options; }

  /// The same service under this bound.
  [[nodiscard]] s3_client within(const call_options& call) const {
    s3_client out = *this;
    out.bound_.stop = call.stop;
    if (call.deadline) out.bound_.until = options().clock.steady() + deadline::bounded(*call.deadline);
    return out;
  }
  /// The same service for what must be tidied up although the caller gave up: for five seconds.
  [[nodiscard]] s3_client for_tidying() const { return within({.deadline = std::chrono::seconds(5)}); }

  /// Sends a request as often as the rules say. An answer of any kind is a success here; `problem` says what the service had to object.
  /// Errors: those of finding credentials.
  /// Complexity: one round trip, more after failures. Signing takes a hash of the body, once, and some microseconds a try.
  [[nodiscard]] result<s3_reply> send(const s3_call& call) const {
    auto hash = payload_hash(call.body);
    if (!hash) return std::move(hash).error();
    const std::string path = shared_->endpoint.object_path(full_key(call.key));
    s3_retry retry(options().retry, shared_->tokens, options().clock, options().random, bound_.until);
    delivery progress{call.sink};
    s3_reply reply;
    if (auto on = go_on(); !on) return named(std::move(on).error(), call);
    for (;;) {
      auto who = shared_->credentials.get();
      if (!who && reply.tries > 0) {
        reply.ended = "no credentials for another try: " + who.error().message;
        return reply;
      }
      if (!who) return named(std::move(who).error(), call);
      auto answer = try_once(call, path, *hash, **who, progress);
      if (!answer) return named(std::move(answer).error(), call);
      const auto wait = next_wait(call, *std::move(answer), **who, retry, reply);
      const bool resumable = progress.bytes == 0 || progress.has_strong_tag();  // else nobody knows whether it is the same object
      if (!wait || !resumable) return reply;
      pause(*wait);
      if (bound_.stop.stop_requested()) return cancelled(std::move(reply));
    }
  }

  /// The error that a reply means.
  [[nodiscard]] lake::error failure(const s3_call& call, const s3_reply& reply) const {
    lake::error out = s3_error(call.operation, options().bucket, call.key, reply.answer, reply.problem);
    if (!reply.ended.empty()) out.message += "; " + reply.ended;
    if (reply.out_of_time) out.code = errc::timeout;
    return out;
  }
  /// The same error, of this call.
  [[nodiscard]] static lake::error named(lake::error reason, const s3_call& call) {
    reason.operation = call.operation;
    if (reason.subject.empty()) reason.subject = call.key;
    return reason;
  }

  /// A URL by which whoever has it may do this one request until it expires.
  [[nodiscard]] result<std::string> presign(std::string_view operation, std::string_view method, std::string_view key,
                                            const http_fields& headers, std::chrono::seconds expires) const {
    const s3_call call{.operation = operation, .method = method, .key = key};
    auto who = shared_->credentials.get();
    if (!who) return named(std::move(who).error(), call);
    http_fields all = headers;
    all.push_back({"host", shared_->endpoint.host});
    const std::string path = shared_->endpoint.object_path(full_key(key));
    const http_fields no_query;
    const sigv4_request request{method, path, &no_query, &all, unsigned_payload};
    auto query = sigv4_presigned_query(request, **who, scope(), now(), expires, shared_->keys);
    if (!query) return named(std::move(query).error(), call);
    return shared_->endpoint.object_url(path, *query);
  }

  /// What stands before every key.
  [[nodiscard]] std::string own_prefix() const { return options().prefix.empty() ? std::string() : options().prefix + '/'; }
  /// The key as the service knows it.
  [[nodiscard]] std::string full_key(std::string_view key) const { return key.empty() ? std::string() : own_prefix().append(key); }

 private:
  static constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

  /// What a sink got so far: a further try asks for the rest of the very same object.
  struct delivery {
    const http_sink& sink;
    std::uint64_t bytes = 0;
    std::string tag = {};

    bool operator()(std::string_view part) {
      bytes += part.size();
      return sink(part);
    }
    /// A weak tag equals none (RFC 9110 section 8.8.3.2).
    [[nodiscard]] bool has_strong_tag() const noexcept { return !tag.empty() && !tag.starts_with("W/"); }
  };

  [[nodiscard]] result<std::string> payload_hash(std::string_view body) const {
    if (!options().sign_payload && shared_->endpoint.https) return std::string(unsigned_payload);
    return sha256_hex(body);
  }
  [[nodiscard]] sigv4_scope scope() const { return {shared_->endpoint.region, "s3"}; }
  [[nodiscard]] std::chrono::system_clock::time_point now() const {
    return options().clock.now() + std::chrono::milliseconds(shared_->clock_offset_ms.load(std::memory_order_relaxed));
  }

  [[nodiscard]] result<http_answer> try_once(const s3_call& call, const std::string& path, const std::string& hash,
                                             const s3_credentials& who, delivery& progress) const {
    auto headers = signed_headers(call, path, hash, who);
    if (!headers) return std::move(headers).error();
    http_request request{.method = call.method, .url = {}, .headers = &*headers, .body = call.body, .timeout = time_left(), .stop = bound_.stop};
    if (call.sink) {
      request.sink = http_sink(progress);
      if (progress.bytes > 0) ask_for_rest(progress, *headers, request);
    }
    const std::string url = shared_->endpoint.object_url(path, canonical_query(call.query));
    request.url = url;
    http_answer answer = transport_.perform(request);
    for (http_field& each : *headers) wipe(each.value);
    if (request.sink_from != 0) judge_rest(request.sink_from, answer);
    else if (call.sink) progress.tag = answer.header("etag");
    return answer;
  }

  /// Host, date, hash, token, what the call has, then what is not signed, and the signature last.
  [[nodiscard]] result<http_fields> signed_headers(const s3_call& call, const std::string& path, const std::string& hash,
                                                   const s3_credentials& who) const {
    const auto when = now();
    http_fields all;
    all.reserve(call.headers.size() + 5);
    all = call.headers;
    std::erase_if(all, [](const http_field& each) { return each.name == "range"; });
    all.push_back({"x-amz-content-sha256", hash});
    all.push_back({"x-amz-date", sigv4_date(when)});
    if (!who.session_token.empty()) all.push_back({"x-amz-security-token", who.session_token});
    all.push_back({"host", shared_->endpoint.host});
    const sigv4_request request{call.method, path, &call.query, &all, hash};
    auto authorization = sigv4_authorization(request, who, scope(), when, shared_->keys);
    if (!authorization) return std::move(authorization).error();
    all.pop_back();  // HTTP's own
    for (const http_field& each : call.headers) {
      if (each.name == "range") all.push_back(each);
    }
    all.push_back({"authorization", *std::move(authorization)});
    return all;
  }

  /// Nobody signs these two, so they can be added. An object that was replaced meanwhile is refused by the service (412).
  static void ask_for_rest(const delivery& progress, http_fields& headers, http_request& request) {
    headers.insert(headers.begin(), {"range", "bytes=" + std::to_string(progress.bytes) + "-"});
    headers.insert(headers.begin(), {"if-match", progress.tag});
    request.sink_from = progress.bytes;
  }

  /// What the answer to a request for the rest of an object means for the whole transfer.
  static void judge_rest(std::uint64_t from, http_answer& answer) {
    if (answer.failure == http_failure::none && answer.status == 416 && whole_size(answer) == from) answer.status = 206;  // it was whole
    else if (answer.succeeded() && !answer.begins_at(from)) {
      answer.failure = http_failure::lost;
      answer.reason = "the service does not go on where a transfer broke";
    }
  }

  /// Judges an answer and takes it into the reply. Returns the wait before another try, or nothing where this one was the last.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_wait(const s3_call& call, http_answer&& answer, const s3_credentials& who,
                                                                   s3_retry& retry, s3_reply& reply) const {
    reply.problem = call.error_in_success && answer.succeeded() ? problem_in_success(answer) : read_problem(answer);
    reply.answer = std::move(answer);
    ++reply.tries;
    s3_verdict verdict = judge(reply.answer, reply.problem.code);
    if (verdict == s3_verdict::final && call.method == "HEAD") verdict = judge_head(reply.answer, who);
    if (verdict == s3_verdict::skewed && !server_time(reply.answer)) verdict = s3_verdict::final;  // no time to adopt
    if (verdict == s3_verdict::done) {
      if (reply.tries == 1) shared_->tokens.give_back();
      return std::nullopt;
    }
    reply.maybe_applied = reply.maybe_applied || !surely_not_applied(reply.answer, reply.problem.code);
    if (verdict == s3_verdict::skewed) adopt_clock(reply.answer);
    if (verdict == s3_verdict::expired) shared_->credentials.invalidate(&who);
    const auto wait = retry.before_next(verdict, retry_after(reply.answer, options().clock.now()));
    if (wait) return wait;
    reply.ended = retry.why_ended();
    reply.out_of_time = retry.met_deadline();
    return std::nullopt;
  }

  /// A refused HEAD says no code: what may be mended is guessed.
  [[nodiscard]] s3_verdict judge_head(const http_answer& answer, const s3_credentials& who) const {
    if (clock_seems_off(answer, now())) return s3_verdict::skewed;
    return answer.status == 400 && !who.session_token.empty() ? s3_verdict::expired : s3_verdict::final;
  }

  void adopt_clock(const http_answer& answer) const {
    const auto theirs = server_time(answer);
    if (!theirs) return;
    const auto ahead = std::chrono::duration_cast<std::chrono::milliseconds>(*theirs - options().clock.now());
    shared_->clock_offset_ms.store(ahead.count(), std::memory_order_relaxed);
  }

  [[nodiscard]] std::chrono::milliseconds time_left() const {
    const std::chrono::milliseconds each = options().timeout;
    if (!bound_.until) return each;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*bound_.until - options().clock.steady());
    const auto at_least = (std::max)(left, std::chrono::milliseconds{1});
    return each.count() == 0 ? at_least : (std::min)(each, at_least);
  }

  [[nodiscard]] static s3_reply cancelled(s3_reply reply) {
    reply.answer = {.failure = http_failure::cancelled, .reason = "the stop token was set between two tries"};
    reply.problem = {};
    return reply;
  }

  /// An error if the caller wants no more, before anything was sent.
  [[nodiscard]] result<void> go_on() const {
    if (bound_.stop.stop_requested()) return lake::error{errc::cancelled, {}, {}, "the caller's stop token was set"};
    if (!bound_.until || options().clock.steady() < *bound_.until) return {};
    return lake::error{errc::timeout, {}, {}, "the caller's deadline passed"};
  }

  /// Waits; a stop token that is set ends it.
  void pause(std::chrono::milliseconds wait) const {
    if (options().executor) return options().executor.sleep(wait);
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, bound_.stop, wait, [] { return false; });
  }

  std::shared_ptr<s3_shared> shared_;
  Transport transport_;
  s3_bound bound_ = {};
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_CLIENT_HPP
