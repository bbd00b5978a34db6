// Signatures of requests against those that AWS's own client, botocore and the S3 reference give, and against FIPS and RFC figures.
#include "support/catch.hpp"
#include "support/data.hpp"

#include <lake/detail/openssl_digest.hpp>
#include <lake/detail/sigv4.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/percent.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lake::errc;
using lake::s3_credentials;
using lake::detail::http_fields;
using lake::detail::sigv4_key_cache;
using lake::detail::sigv4_request;
using lake::detail::sigv4_scope;
using time_point = std::chrono::system_clock::time_point;
using json_value = nlohmann::json;

// "20150830T123600Z", or the same with "-" and ":" between.
time_point time_of(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const auto number = [&digits](std::size_t at, std::size_t count) { return std::stoi(digits.substr(at, count)); };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)), std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(6, 2))));
  return std::chrono::sys_days(date) + std::chrono::hours(number(8, 2)) + std::chrono::minutes(number(10, 2)) +
         std::chrono::seconds(number(12, 2));
}

// A query as a browser shows it, taken apart and decoded.
http_fields query_of(std::string_view text) {
  http_fields out;
  while (!text.empty()) {
    const std::string_view each = text.substr(0, text.find('&'));
    text.remove_prefix((std::min)(text.size(), each.size() + 1));
    const std::size_t equals = (std::min)(each.find('='), each.size());
    const std::string_view value = each.substr((std::min)(each.size(), equals + 1));
    out.push_back({lake::pure::percent_decode(each.substr(0, equals)).value(), lake::pure::percent_decode(value).value()});
  }
  return out;
}

std::string sha256_of(std::string_view bytes) { return lake::detail::sha256_hex(bytes).value(); }

// What AWS does with the paths of other services than S3: "." and ".." and empty parts go.
std::string normalised(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix((std::min)(rest.size(), part.size() + 1));
    if (part == ".." && !parts.empty()) parts.pop_back();
    else if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  std::string out;
  for (const std::string_view part : parts) out.append("/").append(part);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

// A request as the official cases have it: text, not encoded, headers maybe folded.
struct raw_request {
  std::string method = {};
  std::string path = {};
  http_fields query = {};
  http_fields headers = {};
  std::string body = {};
};

raw_request parse(std::string_view text) {
  const auto line = [&text] {
    const std::string_view out = text.substr(0, text.find('\n'));
    text.remove_prefix((std::min)(text.size(), out.size() + 1));
    return out;
  };
  raw_request out;
  std::string_view first = line();
  out.method = first.substr(0, first.find(' '));
  first = first.substr(out.method.size() + 1, first.rfind(' ') - out.method.size() - 1);
  out.path = first.substr(0, first.find('?'));
  if (out.path.size() < first.size()) out.query = query_of(first.substr(out.path.size() + 1));
  for (std::string_view each = line(); !each.empty(); each = line()) {
    if (each.front() == ' ' || each.front() == '\t') {
      out.headers.back().value.append(each);
      continue;
    }
    const std::size_t colon = each.find(':');
    out.headers.push_back({std::string(each.substr(0, colon)), std::string(each.substr(colon + 1))});
  }
  out.body = text;
  return out;
}

// A case of the official suite, as its context says that it is to be signed.
struct official_case {
  explicit official_case(const std::filesystem::path& from) : folder(from) {
    const json_value context = json_value::parse(file("context.json"));
    request = parse(file("request.txt"));
    request.path = lake::detail::uri_encode(context["normalize"] ? normalised(request.path) : request.path, true);
    const json_value& known = context["credentials"];
    who.access_key = known["access_key_id"];
    who.secret_key = known["secret_access_key"];
    if (!context.value("omit_session_token", false)) who.session_token = known.value("token", "");
    when = time_of(context["timestamp"].get<std::string>());
    expires = std::chrono::seconds(context["expiration_in_seconds"].get<int>());
    region = context["region"];
    service = context["service"];
    sign_body = context["sign_body"];
    hash = sha256_of(sign_body ? request.body : "");
  }

  std::string file(std::string_view name) const { return lake_test::file_bytes(folder / name); }
  sigv4_scope scope() const { return {region, service}; }
  sigv4_request with(const http_fields& headers) const { return {request.method, request.path, &request.query, &headers, hash}; }

  std::filesystem::path folder;
  raw_request request = {};
  s3_credentials who = {};
  time_point when = {};
  std::chrono::seconds expires{0};
  std::string region = {};
  std::string service = {};
  bool sign_body = false;
  std::string hash = {};
};

std::vector<official_case> official_cases() {
  std::vector<official_case> out;
  const auto folder = lake_test::data_folder() / "sigv4" / "aws-c-auth-v4";
  if (!std::filesystem::exists(folder)) return out;
  for (const auto& each : std::filesystem::directory_iterator(folder)) out.emplace_back(each.path());
  return out;
}

std::string canonical(const sigv4_request& request, std::string_view query) {
  return lake::detail::canonical_request(request, query, lake::detail::canonicalise(*request.headers).value());
}

std::string signature_of(std::string_view signed_text, std::string_view before) {
  const std::size_t at = signed_text.rfind(before);
  REQUIRE(at != std::string_view::npos);
  return std::string(signed_text.substr(at + before.size(), 64));
}

// The query without the signature behind it.
std::string_view unsigned_part(std::string_view query) { return query.substr(0, query.rfind("&X-Amz-Signature=")); }

const s3_credentials example_keys{.access_key = "AKIAIOSFODNN7EXAMPLE", .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
  CHECK(sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_of(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231, also under keys as long as a block and longer") {
  const auto code = [](const std::vector<unsigned char>& key, std::string_view bytes) {
    return lake::pure::hex(lake::detail::hmac_sha256(key, bytes).value());
  };

  CHECK(code(std::vector<unsigned char>(20, 0x0b), "Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(code({'J', 'e', 'f', 'e'}, "what do ya want for nothing?") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(code(std::vector<unsigned char>(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(code({}, "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  // Computed with Python's hmac module.
  CHECK(code(std::vector<unsigned char>(64, 'k'), "x") == "f91c4c403625fb06910ef93999265bbd2d62baeaec6ff36455498cc124fe3e66");
  CHECK(code(std::vector<unsigned char>(65, 'k'), "x") == "75092ca3ee2b307470c227697b42b3e65376aa3bae98fb5a1f7b7536daa9588a");
}

TEST_CASE("Every official case gives the expected texts and signature in its headers") {
  const std::vector<official_case> cases = official_cases();
  if (cases.empty()) LAKE_SKIP("the official signature cases are absent");
  for (const official_case& each : cases) {
    CAPTURE(each.folder.filename().string());
    sigv4_key_cache keys;
    http_fields headers = each.request.headers;
    const std::string date = lake::detail::sigv4_date(each.when);
    headers.push_back({"X-Amz-Date", date});
    if (!each.who.session_token.empty()) headers.push_back({"X-Amz-Security-Token", each.who.session_token});
    if (each.sign_body) headers.push_back({"x-amz-content-sha256", each.hash});
    const sigv4_request request = each.with(headers);

    const std::string text = canonical(request, lake::detail::canonical_query(each.request.query));
    const auto authorization = lake::detail::sigv4_authorization(request, each.who, each.scope(), each.when, keys);

    CHECK(text == each.file("header-canonical-request.txt"));
    CHECK(lake::detail::string_to_sign(date, each.scope(), text) == each.file("header-string-to-sign.txt"));
    REQUIRE(authorization.has_value());
    CHECK(signature_of(*authorization, "Signature=") == each.file("header-signature.txt"));
    CHECK(each.file("header-signed-request.txt").find("\nAuthorization:" + *authorization + "\n") != std::string::npos);
  }
  CHECK(cases.size() == 38);
}

TEST_CASE("Every official case gives the expected texts and signature in its query") {
  const std::vector<official_case> cases = official_cases();
  if (cases.empty()) LAKE_SKIP("the official signature cases are absent");
  for (const official_case& each : cases) {
    CAPTURE(each.folder.filename().string());
    sigv4_key_cache keys;
    const sigv4_request request = each.with(each.request.headers);

    const auto query = lake::detail::sigv4_presigned_query(request, each.who, each.scope(), each.when, each.expires, keys);

    REQUIRE(query.has_value());
    const std::string text = canonical(request, unsigned_part(*query));
    CHECK(text == each.file("query-canonical-request.txt"));
    CHECK(lake::detail::string_to_sign(lake::detail::sigv4_date(each.when), each.scope(), text) == each.file("query-string-to-sign.txt"));
    CHECK(signature_of(*query, "&X-Amz-Signature=") == each.file("query-signature.txt"));
  }
  CHECK(cases.size() == 38);
}

TEST_CASE("botocore's cases of duplicate names in a query and of a dollar in a path come out alike") {
  const auto folder = lake_test::data_folder() / "sigv4" / "botocore-extra";
  if (!std::filesystem::exists(folder)) LAKE_SKIP("botocore's signature cases are absent");
  const s3_credentials who{.access_key = "AKIDEXAMPLE", .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  const sigv4_scope scope{"us-east-1", "service"};
  const time_point when = time_of("20150830T123600Z");
  std::size_t run = 0;
  for (const auto& each : std::filesystem::directory_iterator(folder)) {
    const std::string name = each.path().filename().string();
    CAPTURE(name);
    const auto file = [&](std::string_view kind) { return lake_test::file_bytes(each.path() / (name + std::string(kind))); };
    raw_request raw = parse(file(".req"));
    raw.path = lake::detail::uri_encode(raw.path, true);
    const std::string hash = sha256_of(raw.body);
    const sigv4_request request{raw.method, raw.path, &raw.query, &raw.headers, hash};
    sigv4_key_cache keys;

    const std::string text = canonical(request, lake::detail::canonical_query(raw.query));

    CHECK(text == file(".creq"));
    CHECK(lake::detail::string_to_sign("20150830T123600Z", scope, text) == file(".sts"));
    CHECK(lake::detail::sigv4_authorization(request, who, scope, when, keys) == file(".authz"));
    ++run;
  }
  CHECK(run == 3);
}

TEST_CASE("The S3 reference's examples give their signing key, texts and signatures") {
  const std::string file = lake_test::file_bytes(lake_test::data_folder() / "sigv4" / "s3-examples.json");
  if (file.empty()) LAKE_SKIP("the S3 reference's examples are absent");
  const json_value book = json_value::parse(file);
  const s3_credentials who{.access_key = book["access_key"], .secret_key = book["secret_key"]};
  const sigv4_scope scope{"us-east-1", "s3"};
  const time_point when = time_of(book["timestamp"].get<std::string>());
  const auto key = lake::detail::make_sigv4_key(who.secret_key, "20130524", scope);
  CHECK(lake::pure::hex(key.value().bytes) == book["signing_key_hex"].get<std::string>());
  for (const json_value& each : book["examples"]) {
    CAPTURE(each["id"].get<std::string>());
    const std::string method = each["method"];
    const std::string path = each["canonical_uri"];
    const std::string hash = each["payload_hash"];
    const std::string signature = each["signature"];
    const std::string body = each["body"];
    http_fields headers;
    for (const json_value& header : each["headers"]) headers.push_back({header[0], header[1]});
    const bool presigned = each["id"] == "presigned-get";
    const http_fields query = presigned ? http_fields() : query_of(each["canonical_query"].get<std::string>());
    const sigv4_request request{method, path, &query, &headers, hash};
    sigv4_key_cache keys;

    if (presigned) {
      const auto whole = lake::detail::sigv4_presigned_query(request, who, scope, when, std::chrono::seconds(86400), keys);
      CHECK(whole == each["canonical_query"].get<std::string>() + "&X-Amz-Signature=" + signature);
    } else {
      const auto authorization = lake::detail::sigv4_authorization(request, who, scope, when, keys);
      CHECK(canonical(request, lake::detail::canonical_query(query)) == each["canonical_request"].get<std::string>());
      CHECK(authorization == "AWS4-HMAC-SHA256 Credential=" + who.access_key + "/20130524/us-east-1/s3/aws4_request, SignedHeaders=" +
                                 each["signed_headers"].get<std::string>() + ", Signature=" + signature);
    }
    if (hash.size() == 64) CHECK(sha256_of(body) == hash);
  }
  CHECK(book["examples"].size() == 6);
}

TEST_CASE("S3 requests are signed as botocore signs them: odd keys, sessions, regions, unsigned bodies, presigned URLs") {
  const std::string file = lake_test::file_bytes(lake_test::data_folder() / "sigv4" / "s3-botocore-generated.json");
  if (file.empty()) LAKE_SKIP("botocore's S3 signatures are absent");
  const json_value book = json_value::parse(file);
  const std::string date = book["timestamp"];
  const time_point when = time_of(date);
  std::size_t in_headers = 0;
  std::size_t in_queries = 0;
  for (const json_value& each : book["cases"]) {
    CAPTURE(each["name"].get<std::string>());
    const bool presigned = each["kind"] == "presign";
    const std::string method = each["method"];
    const std::string host = each["host"];
    const std::string key = each["key"].is_null() ? "" : each["key"];
    const std::string bucket_path = host.starts_with("bkt.") ? "" : "/bkt";
    const std::string path = key.empty() && !bucket_path.empty() ? bucket_path : bucket_path + "/" + lake::detail::uri_encode(key, true);
    const bool unsigned_body = presigned || each["payload_mode"] == "UNSIGNED-PAYLOAD";
    const std::string hash = unsigned_body ? "UNSIGNED-PAYLOAD" : sha256_of(each["body"].get<std::string>());
    s3_credentials who = example_keys;
    http_fields headers = {{"host", host}};
    for (const auto& [name, value] : each["extra_headers"].items()) headers.push_back({name, value});
    sigv4_key_cache keys;
    if (presigned) {
      const http_fields query;
      const sigv4_request request{method, path, &query, &headers, hash};
      const auto whole = lake::detail::sigv4_presigned_query(request, who, {"us-east-1", "s3"}, when,
                                                             std::chrono::seconds(each["expires"].get<int>()), keys);
      REQUIRE(whole.has_value());
      CHECK(std::string("http://").append(host).append(path).append(1, '?').append(*whole) == each["url"].get<std::string>());
      CHECK(canonical(request, unsigned_part(*whole)) == each["canonical_request"].get<std::string>());
      ++in_queries;
      continue;
    }
    if (!each["session_token"].is_null()) who.session_token = each["session_token"];
    headers.push_back({"x-amz-date", date});
    headers.push_back({"x-amz-content-sha256", hash});
    if (!who.session_token.empty()) headers.push_back({"x-amz-security-token", who.session_token});
    const http_fields query = query_of(each["query"].get<std::string>());
    const std::string region = each["region"];
    const sigv4_request request{method, path, &query, &headers, hash};
    const std::string text = canonical(request, lake::detail::canonical_query(query));
    CHECK(path == each["wire_path"].get<std::string>());
    CHECK(text == each["canonical_request"].get<std::string>());
    CHECK(lake::detail::string_to_sign(date, {region, "s3"}, text) == each["string_to_sign"].get<std::string>());
    CHECK(lake::detail::sigv4_authorization(request, who, {region, "s3"}, when, keys) == each["authorization"].get<std::string>());
    ++in_headers;
  }
  CHECK(in_headers == 52);
  CHECK(in_queries == 16);
}

TEST_CASE("Every byte but the unreserved ones is encoded, the slash as asked") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);

  const std::string encoded = lake::detail::uri_encode(all, false);

  CHECK(lake::pure::percent_decode(encoded) == all);
  CHECK(encoded.size() == 66 + (256 - 66) * 3);
  CHECK(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%") == std::string::npos);
  CHECK(lake::detail::uri_encode("a/b c", true) == "a/b%20c");
  CHECK(lake::detail::uri_encode("a/b c", false) == "a%2Fb%20c");
}

TEST_CASE("A query is sorted by its encoded names, then by its encoded values") {
  const http_fields query = {{"a-b", "1"}, {"a", "2"}, {"a", "1"}, {"a", "-"}, {"A", "x"}, {"uploads", ""}, {"\xc3\xa9", "&="}};

  CHECK(lake::detail::canonical_query(query) == "%C3%A9=%26%3D&A=x&a=-&a=1&a=2&a-b=1&uploads=");
  CHECK(lake::detail::canonical_query({}).empty());
}

TEST_CASE("A date is written in UTC with leading zeros, whole seconds only, before 1970 too") {
  using std::chrono::milliseconds;

  CHECK(lake::detail::sigv4_date(time_of("20260102T030405Z") + milliseconds(999)) == "20260102T030405Z");
  CHECK(lake::detail::sigv4_date(time_of("20240229T235959Z")) == "20240229T235959Z");
  CHECK(lake::detail::sigv4_date(time_point() - milliseconds(1)) == "19691231T235959Z");
}

TEST_CASE("A header's order and case do not matter, and a control byte in one is refused without showing its value") {
  const auto lines = [](const http_fields& headers) { return lake::detail::canonicalise(headers).value().lines; };
  CHECK(lines({{"X-B", " 1 \t 2 "}, {"Host", "h"}}) == lines({{"host", "h"}, {"x-b", "1 2"}}));
  CHECK(lines({{"a", "\t "}, {"A", "2"}}) == "a:,2\n");
  http_fields many;
  std::string joined;
  for (int i = 0; i < 100; ++i) {
    many.push_back({i % 2 == 0 ? "x" : "X", std::to_string(i)});
    joined.append(i == 0 ? "x:" : ",").append(std::to_string(i));
  }
  CHECK(lines(many) == joined + "\n");
  for (const char* value : {"s3cret\nx-amz-acl:public", "s3cret\r", "s3cret\x7f"}) {
    const auto refused = lake::detail::canonicalise({{"host", "h"}, {"x-amz-security-token", value}});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(refused.error().message.find("x-amz-security-token") != std::string::npos);
    CHECK(refused.error().to_string().find("s3cret") == std::string::npos);
  }
}

TEST_CASE("A presigned URL lives between one second and seven days") {
  const http_fields query;
  const http_fields headers = {{"host", "h"}};
  const sigv4_request request{"GET", "/k", &query, &headers, "UNSIGNED-PAYLOAD"};
  sigv4_key_cache keys;
  const auto presign = [&](int seconds) {
    return lake::detail::sigv4_presigned_query(request, example_keys, {"us-east-1", "s3"}, time_point(), std::chrono::seconds(seconds),
                                               keys);
  };

  CHECK(presign(1).has_value());
  CHECK(presign(604800).has_value());
  for (const int seconds : {-1, 0, 604801}) {
    const auto refused = presign(seconds);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::invalid_argument);
    CHECK(refused.error().message.find(std::to_string(seconds)) != std::string::npos);
  }
}

TEST_CASE("A kept signing key is that of the secret, day, region and service asked for, whatever was asked before") {
  struct question {
    std::string_view secret;
    std::string_view day;
    sigv4_scope scope;
  };
  const question first{"secret", "20260102", {"us-east-1", "s3"}};
  const std::vector<question> others = {{"", "", {"", ""}},
                                        {"secreT", "20260102", {"us-east-1", "s3"}},
                                        {"secret", "20260103", {"us-east-1", "s3"}},
                                        {"secret", "20260102", {"us-east-2", "s3"}},
                                        {"secret", "20260102", {"us-east-1", "s4"}}};
  const auto fresh = [](const question& asked) { return lake::detail::make_sigv4_key(asked.secret, asked.day, asked.scope).value().bytes; };
  sigv4_key_cache keys;
  const auto kept = [&keys](const question& asked) { return keys.get(asked.secret, asked.day, asked.scope).value().bytes; };

  for (const question& other : others) {
    CHECK(kept(other) == fresh(other));
    CHECK(kept(first) == fresh(first));
    CHECK(kept(first) == fresh(first));
    CHECK(fresh(first) != fresh(other));
  }
}
