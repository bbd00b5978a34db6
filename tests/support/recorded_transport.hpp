// S3 without a network: a transport that answers from a script and keeps every request, answers as real services word them, and a storage
// on both whose time is the test's. Tests only.
#ifndef LAKE_TESTS_SUPPORT_RECORDED_TRANSPORT_HPP
#define LAKE_TESTS_SUPPORT_RECORDED_TRANSPORT_HPP

#include <lake/core/body.hpp>
#include <lake/core/error.hpp>
#include <lake/core/executor.hpp>
#include <lake/core/random.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/sigv4.hpp>
#include <lake/pure/percent.hpp>
#include <lake/storage/s3.hpp>
#include <lake/testing/manual_clock.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake_test {

using lake::detail::http_answer;
using lake::detail::http_failure;
using lake::detail::http_field;
using lake::detail::http_fields;
using lake::detail::http_request;

/// A request as the transport got it.
struct recorded_request {
  std::string method = {};
  std::string url = {};
  http_fields headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{0};
  bool has_sink = false;
  std::uint64_t sink_from = 0;

  /// The value of the header; empty without one. Names as they were given: in lower case.
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const http_field& each : headers) {
      if (each.name == name) return each.value;
    }
    return {};
  }
  [[nodiscard]] bool has(std::string_view name) const {
    return std::any_of(headers.begin(), headers.end(), [&](const http_field& each) { return each.name == name; });
  }
  [[nodiscard]] std::string host() const {
    const std::size_t begin = url.find("://") + 3;
    return url.substr(begin, url.find('/', begin) - begin);
  }
  /// As on the wire.
  [[nodiscard]] std::string path() const {
    const std::size_t begin = url.find('/', url.find("://") + 3);
    return url.substr(begin, url.find('?') - begin);
  }
  [[nodiscard]] std::string query() const { return url.find('?') == std::string::npos ? "" : url.substr(url.find('?') + 1); }
  /// The query decoded, in the order of the URL.
  [[nodiscard]] http_fields parameters() const {
    http_fields out;
    const std::string all = query();
    for (std::string_view rest = all; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find('&'));
      rest.remove_prefix((std::min)(one.size() + 1, rest.size()));
      const std::size_t equals = (std::min)(one.find('='), one.size());
      const std::string_view value = one.substr((std::min)(equals + 1, one.size()));
      out.push_back({lake::pure::percent_decode(one.substr(0, equals)).value(), lake::pure::percent_decode(value).value()});
    }
    return out;
  }
  [[nodiscard]] std::string parameter(std::string_view name) const {
    for (const http_field& each : parameters()) {
      if (each.name == name) return each.value;
    }
    return {};
  }
  /// "PUT /bucket/key", with the query: what most tests compare.
  [[nodiscard]] std::string line() const { return method + ' ' + path() + (query().empty() ? "" : "?" + query()); }
};

/// Answers the first requests from a list, later ones by a function. A handle: copies share script and record. Thread-safe.
class recorded_transport {
 public:
  using answerer = std::function<http_answer(const recorded_request&)>;

  recorded_transport() : state_(std::make_shared<state>()) {}

  /// What the requests not yet made will get, one each; appended to what is left.
  void then(std::vector<http_answer> answers) {
    const std::lock_guard lock(state_->mutex);
    for (http_answer& each : answers) state_->script.push_back(std::move(each));
  }
  /// What every request gets that finds the list empty.
  void always(answerer each) {
    const std::lock_guard lock(state_->mutex);
    state_->each = std::move(each);
  }

  /// A sink gets the body of an answer that it is meant for, in pieces of a few bytes, also if a failure cuts that body short. A stop
  /// token that is set ends the exchange.
  [[nodiscard]] http_answer perform(const http_request& request) const {
    recorded_request seen{.method = std::string(request.method),
                          .url = std::string(request.url),
                          .headers = *request.headers,
                          .body = std::string(request.body),
                          .timeout = request.timeout,
                          .has_sink = static_cast<bool>(request.sink),
                          .sink_from = request.sink_from};
    http_answer answer = next(seen);
    if (request.stop.stop_requested()) return {.failure = http_failure::cancelled};
    if (request.method == "HEAD") answer.body.clear();
    const bool wanted = answer.status / 100 == 2 && (request.sink_from == 0 || answer.begins_at(request.sink_from));
    if (request.sink && wanted) {
      for (std::string_view rest = answer.body; !rest.empty(); rest.remove_prefix((std::min)(rest.size(), std::size_t{7}))) {
        if (!request.sink(rest.substr(0, 7))) return {.failure = http_failure::sink_refused, .status = answer.status};
      }
      answer.body.clear();
    }
    if (answer.failure != http_failure::none) answer.body.clear();
    return answer;
  }

  [[nodiscard]] std::vector<recorded_request> requests() const {
    const std::lock_guard lock(state_->mutex);
    return state_->seen;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const recorded_request& each : requests()) out.push_back(each.line());
    return out;
  }
  [[nodiscard]] std::size_t count() const { return requests().size(); }
  /// How many requests had this line.
  [[nodiscard]] std::size_t count(std::string_view line) const {
    const auto all = lines();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), line));
  }
  [[nodiscard]] recorded_request request(std::size_t index) const { return requests().at(index); }
  [[nodiscard]] recorded_request last() const { return requests().back(); }
  [[nodiscard]] bool all_said() const {
    const std::lock_guard lock(state_->mutex);
    return state_->script.size() == state_->said;
  }

 private:
  struct state {
    std::mutex mutex;
    std::vector<http_answer> script;
    std::size_t said = 0;
    answerer each;
    std::vector<recorded_request> seen;
  };

  http_answer next(const recorded_request& request) const {
    std::unique_lock lock(state_->mutex);
    state_->seen.push_back(request);
    if (state_->said < state_->script.size()) return state_->script[state_->said++];
    const answerer each = state_->each;
    lock.unlock();
    if (each) return each(request);
    return {.failure = http_failure::unusable, .reason = "the test's script has no more answers"};
  }

  std::shared_ptr<state> state_;
};

// --- what services answer ------------------------------------------------------------------------------------------------

inline http_answer said(int status, http_fields headers = {}, std::string body = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}
/// An object, with its tag in quotes.
inline http_answer said_object(std::string body, const std::string& tag, const std::string& lineage = {}) {
  http_fields headers{{"etag", '"' + tag + '"'}, {"content-length", std::to_string(body.size())}};
  if (!lineage.empty()) headers.push_back({"x-amz-meta-lake-put", lineage});
  return said(200, std::move(headers), std::move(body));
}
inline http_answer said_stored(const std::string& tag) { return said(200, {{"etag", '"' + tag + '"'}}); }
/// No answer.
inline http_answer said_nothing(http_failure failure = http_failure::lost) { return {.failure = failure, .reason = "the script says so"}; }
/// A body of which only this much came.
inline http_answer cut_short(int status, std::string came, http_fields headers) {
  return {.failure = http_failure::lost,
          .reason = "the script says so",
          .status = status,
          .headers = std::move(headers),
          .body = std::move(came)};
}

/// An error as Amazon words it: with ids in the headers as well, and with what was asked for.
inline http_answer aws_error(int status, const std::string& code, http_fields headers = {}) {
  headers.push_back({"x-amz-request-id", "AWSREQ4442587FB7"});
  headers.push_back({"x-amz-id-2", "AWSHOSTuBxMqOs="});
  headers.push_back({"content-type", "application/xml"});
  return said(
      status, std::move(headers),
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code><Message>Words for people about " + code +
          "</Message><Resource>/somewhere</Resource><RequestId>AWSREQ4442587FB7</RequestId><HostId>AWSHOSTuBxMqOs=</HostId></Error>");
}
/// As Ceph words it: no message, the bucket's name.
inline http_answer rgw_error(int status, const std::string& code, http_fields headers = {}) {
  headers.push_back({"x-amz-request-id", "tx00000c0ffee-0064-1081-default"});
  return said(status, std::move(headers),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code +
                  "</Code><BucketName>things</BucketName><RequestId>tx00000c0ffee-0064-1081-default</"
                  "RequestId><HostId>1081-default-default</HostId></Error>");
}
/// As Aliyun words it: a header of its own for the id, and a number for its support.
inline http_answer oss_error(int status, const std::string& code, http_fields headers = {}) {
  headers.push_back({"x-oss-request-id", "OSSREQ5C3D9175B6"});
  return said(status, std::move(headers),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>" + code +
                  "</Code>\n  <Message>Words for people.</Message>\n  " +
                  "<RequestId>OSSREQ5C3D9175B6</RequestId>\n  <HostId>things.oss-cn-hangzhou.aliyuncs.com</HostId>\n  "
                  "<EC>0026-00000051</EC>\n</Error>\n");
}
/// As Cloudflare words it: a code and a message, no more.
inline http_answer r2_error(int status, const std::string& code) {
  return said(status, {{"cf-ray", "8d1b2c3d4e5f-AMS"}},
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code + "</Code><Message>Words for people.</Message></Error>");
}

// --- a storage on them ---------------------------------------------------------------------------------------------------

/// Saturday, 21 November 2026, 23:49:13: when each test begins; the same as services write it, and as it is signed.
inline constexpr std::chrono::milliseconds trial_begin{1'795'304'953'000};
inline constexpr std::string_view trial_begin_date = "Sat, 21 Nov 2026 23:49:13 GMT";
inline constexpr std::string_view trial_begin_signed = "20261121T234913Z";

using recorded_storage = lake::basic_s3_storage<recorded_transport>;
using waits = std::vector<std::chrono::milliseconds>;

/// A storage in the bucket "things" of a service on plain HTTP, whose waits move the clock and are noted. Random numbers have a half as
/// their upper part, so that each jitter is half of its ceiling, and count up below. Change `options` before the first `storage()`.
/// Confined to the test.
struct s3_trial {
  static constexpr std::string_view secret_key = "SECRET/wJalrXUtnFEMIbPxRfiCY";
  static constexpr std::string_view session_token = "TOKEN//FwoGZXIvYXdzEBYaDK";

  lake::testing::manual_clock clock{trial_begin};
  recorded_transport service = {};
  std::shared_ptr<waits> waited = std::make_shared<waits>();
  std::function<void()> while_waiting = {};  ///< Called in each wait.
  lake::s3_options options = {};

  s3_trial() {
    options.endpoint = "http://s3.example:7480";
    options.bucket = "things";
    options.region = "eu-test-1";
    options.access_key = "AKIDTRIAL";
    options.secret_key = secret_key;
    options.path_style = true;
    options.clock = clock.source();
    options.random = lake::random_source([next = std::make_shared<std::uint64_t>(0x8000'0000'0000'0000U)] { return ++*next; });
    options.executor = lake::executor_ref(
        lake::executor_functions{.spawn = [](std::function<void()> task) { task(); },
                                 .sleep =
                                     [this](std::chrono::nanoseconds duration) {
                                       waited->push_back(std::chrono::duration_cast<std::chrono::milliseconds>(duration));
                                       clock.advance(waited->back());
                                       if (while_waiting) while_waiting();
                                     },
                                 .wait = [](std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                                            const std::function<bool()>& ready) { condition.wait(lock, ready); },
                                 .wake = [](std::condition_variable& condition) { condition.notify_all(); }});
  }
  s3_trial(const s3_trial&) = delete;
  s3_trial& operator=(const s3_trial&) = delete;

  [[nodiscard]] recorded_storage storage() const {
    auto made = recorded_storage::over(options, service);
    INFO((made ? std::string() : made.error().to_string()));
    REQUIRE(made.has_value());
    return *std::move(made);
  }

  /// What the storage is made of, for tests of the pieces.
  [[nodiscard]] lake::detail::s3_client<recorded_transport> client() const { return {lake::detail::open_s3(lake::s3_options(options)).value(), service}; }

  /// The error of a result that must have one, after a look for secrets in it.
  template <class T>
  [[nodiscard]] lake::error refusal(const lake::result<T>& outcome) const {
    REQUIRE_FALSE(outcome.has_value());
    const std::string story = outcome.error().to_string();
    INFO(story);
    for (const std::string& secret : secrets()) CHECK(story.find(secret) == std::string::npos);
    return outcome.error();
  }
  /// The same as text.
  template <class T>
  [[nodiscard]] std::string story(const lake::result<T>& outcome) const {
    return refusal(outcome).to_string();
  }

  /// What no message may hold: keys and tokens, and of each request its signature and its query.
  [[nodiscard]] std::vector<std::string> secrets() const {
    std::vector<std::string> out{std::string(secret_key), std::string(session_token), "AWS4-HMAC-SHA256", "Signature="};
    for (const recorded_request& each : service.requests()) {
      if (const std::string all = each.header("authorization"); !all.empty()) out.push_back(all.substr(all.rfind('=') + 1));
      if (!each.query().empty()) out.push_back('?' + each.query());
    }
    return out;
  }
};

/// The Authorization that this request must have, if it was signed at `when` by these credentials for this region: of the headers that it
/// names, as they were sent.
inline std::string expected_authorization(const recorded_request& request, const lake::s3_credentials& who, std::string_view region,
                                          std::chrono::milliseconds when) {
  const std::string said = request.header("authorization");
  const std::size_t begin = said.find("SignedHeaders=") + 14;
  const std::string names = ';' + said.substr(begin, said.find(',', begin) - begin) + ';';
  http_fields sent = request.headers;
  sent.push_back({"host", request.host()});
  std::erase_if(sent, [&](const http_field& each) { return names.find(';' + each.name + ';') == std::string::npos; });
  const http_fields query = request.parameters();
  const std::string path = request.path();
  const std::string hash = request.header("x-amz-content-sha256");
  lake::detail::sigv4_key_cache keys;
  return lake::detail::sigv4_authorization({request.method, path, &query, &sent, hash}, who, {region, "s3"},
                                           std::chrono::system_clock::time_point(when), keys)
      .value();
}
/// The names in SignedHeaders.
inline std::string signed_names(const recorded_request& request) {
  const std::string said = request.header("authorization");
  const std::size_t begin = said.find("SignedHeaders=") + 14;
  return said.substr(begin, said.find(',', begin) - begin);
}

/// True if the text has this part.
inline bool has_part(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_RECORDED_TRANSPORT_HPP
