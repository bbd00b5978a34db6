// The documents of S3 as services write them: answers recorded from Ceph (16.2) and Swift (2.30), and those of Amazon S3 and Aliyun as their
// references show them; and that no error shows what a request was signed with.
#include "support/catch.hpp"

#include <lake/detail/s3_answer.hpp>
#include <lake/detail/s3_problem.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using lake::errc;
using lake::detail::http_answer;
using lake::detail::http_failure;
using lake::detail::http_fields;
using lake::detail::read_listing;
using lake::detail::read_problem;
using lake::detail::s3_listing;
using lake::detail::s3_problem;

http_answer answer_of(int status, std::string_view body = {}, http_fields headers = {}) {
  http_answer out;
  out.status = status;
  out.body = body;
  out.headers = std::move(headers);
  return out;
}

/// An error document of this code.
std::string document_of(std::string_view code) { return "<Error><Code>" + std::string(code) + "</Code></Error>"; }

/// The kind of error that an answer of this status and code comes to.
errc kind_of(int status, std::string_view code) {
  const http_answer answer = answer_of(status, code.empty() ? "" : document_of(code));
  return lake::detail::s3_error("storage.get", "bkt", "key", answer, read_problem(answer)).code;
}

/// The objects as "key bytes, …".
std::string shown(const s3_listing& listing) {
  std::string out;
  for (const lake::object_info& one : listing.objects) out += (out.empty() ? "" : ", ") + one.key + " " + std::to_string(one.bytes);
  return out;
}

/// A listing with these children.
std::string listing_of(std::string_view children) { return "<ListBucketResult>" + std::string(children) + "</ListBucketResult>"; }

constexpr std::string_view ceph_not_found =
    R"(<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Message></Message><BucketName>bkt</BucketName><RequestId>tx000004975b304f6a2a064-006b022df9-1008-default</RequestId><HostId>1008-default-default</HostId></Error>)";

constexpr std::string_view swift_wrong_signature =
    R"(<?xml version='1.0' encoding='UTF-8'?>
<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided. Check your key and signing method.</Message><RequestId>tx6d2cc2a9cd064c3280f4c-006b022dfa</RequestId><AWSAccessKeyId>test:tester</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256
20261121T234914Z
20261121/us-east-1/s3/aws4_request
8761af408b1801f40aecf55d82f370ac075d412659d3372fcfed4faba7e73d10</StringToSign><SignatureProvided>5fd7a9f5706734064859d8923f417f22b34c937a264b30215e23610b15c38ce1</SignatureProvided><StringToSignBytes>41 57 53 34</StringToSignBytes><CanonicalRequest>GET
/bkt/a%20b

host:127.0.0.1:37147
x-amz-date:20261121T234914Z

host;x-amz-date
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855</CanonicalRequest><CanonicalRequestBytes>47 45 54 0a</CanonicalRequestBytes></Error>)";

constexpr std::string_view ceph_listing =
    R"(<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><Name>bkt</Name><Prefix></Prefix><MaxKeys>5</MaxKeys><IsTruncated>true</IsTruncated><Contents><Key>(x)~!*</Key><LastModified>2026-11-21T23:49:13.592Z</LastModified><ETag>&quot;dad3a37aa9d50688b5157698acfd7aee&quot;</ETag><Size>6</Size><StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents><Contents><Key>a%20b</Key><LastModified>2026-11-21T23:49:13.564Z</LastModified><ETag>&quot;f561aaf6ef0bf14d4208bb46a4ccb3ad&quot;</ETag><Size>3</Size><StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents><Contents><Key>a%2F%2Fb</Key><LastModified>2026-11-21T23:49:13.595Z</LastModified><ETag>&quot;ea416ed0759d46a8de58f63a59077499&quot;</ETag><Size>4</Size><StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents><Contents><Key>amp%26lt%3C%3E%22&apos;</Key><LastModified>2026-11-21T23:49:13.586Z</LastModified><ETag>&quot;336311a016184326ddbdd61edd4eeb52&quot;</ETag><Size>10</Size><StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents><Contents><Key>per%2541cent</Key><LastModified>2026-11-21T23:49:13.575Z</LastModified><ETag>&quot;336311a016184326ddbdd61edd4eeb52&quot;</ETag><Size>10</Size><StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents><NextContinuationToken>per%41cent &amp; on</NextContinuationToken><KeyCount>5</KeyCount></ListBucketResult>)";

constexpr std::string_view swift_listing =
    R"(<?xml version='1.0' encoding='UTF-8'?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bkt</Name><Prefix/><KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>%28x%29~%21%2A</Key><LastModified>2026-11-21T23:49:14.000Z</LastModified><ETag>"dad3a37aa9d50688b5157698acfd7aee"</ETag><Size>6</Size><StorageClass>STANDARD</StorageClass></Contents><Contents><Key>plus%2Bplus</Key><LastModified>2026-11-21T23:49:14.000Z</LastModified><ETag>"aba369f7d2b28a9098a0a26feb7dc965"</ETag><Size>9</Size><StorageClass>STANDARD</StorageClass></Contents><Contents><Key>%C3%BCn%C3%AF/emoji%F0%9F%98%80</Key><LastModified>2026-11-21T23:49:14.000Z</LastModified><ETag>"336311a016184326ddbdd61edd4eeb52"</ETag><Size>10</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>)";

}  // namespace

// --- why a service refused ---------------------------------------------------------------------------------------------

TEST_CASE("A refusal is read from its document") {
  const s3_problem ceph = read_problem(answer_of(404, ceph_not_found));
  CHECK(ceph.code == "NoSuchKey");
  CHECK(ceph.message.empty());
  CHECK(ceph.request_id == "tx000004975b304f6a2a064-006b022df9-1008-default");
  CHECK(ceph.host_id == "1008-default-default");

  const s3_problem swift = read_problem(answer_of(400, R"(<?xml version='1.0' encoding='UTF-8'?>
<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'</Message><RequestId>tx79f6</RequestId><Region>us-east-1</Region></Error>)"));
  CHECK(swift.code == "AuthorizationHeaderMalformed");
  CHECK(swift.message == "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'");
  CHECK(swift.region == "us-east-1");

  const s3_problem amazon = read_problem(answer_of(301, R"(<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message><Endpoint>bkt.s3-eu-west-1.amazonaws.com</Endpoint><Bucket>bkt</Bucket><RequestId>8D1B2</RequestId><HostId>wA/x+Y=</HostId></Error>)",
                                                   {{"x-amz-bucket-region", "eu-west-1"}}));
  CHECK(amazon.endpoint == "bkt.s3-eu-west-1.amazonaws.com");
  CHECK(amazon.region == "eu-west-1");
  CHECK(amazon.host_id == "wA/x+Y=");
}

TEST_CASE("A refusal without a document is read from headers and status") {
  const s3_problem head = read_problem(answer_of(404, "", {{"x-amz-request-id", "tx1"}, {"x-amz-id-2", "id2"}}));
  CHECK(head.code == "NotFound");
  CHECK(head.request_id == "tx1");
  CHECK(head.host_id == "id2");

  CHECK(read_problem(answer_of(404, "", {{"x-amz-error-code", "NoSuchBucket"}, {"x-amz-error-message", "No."}})).code == "NoSuchBucket");
  CHECK(read_problem(answer_of(404, "", {{"x-amz-error-code", "NoSuchBucket"}, {"x-amz-error-message", "No."}})).message == "No.");
  CHECK(read_problem(answer_of(403, "", {{"x-oss-request-id", "5C3D"}})).request_id == "5C3D");
  CHECK(read_problem(answer_of(403)).code == "Forbidden");
  CHECK(read_problem(answer_of(412)).code == "PreconditionFailed");
  CHECK(read_problem(answer_of(418)).code.empty());
}

TEST_CASE("A page that is no document of S3 is read from its status") {
  const s3_problem proxy = read_problem(answer_of(502, "<!DOCTYPE html><html><body>Bad Gateway</body></html>"));
  CHECK(proxy.code.empty());
  CHECK(proxy.message.empty());

  CHECK(read_problem(answer_of(403, "{\"error\":1}")).code == "Forbidden");
  CHECK(read_problem(answer_of(403, "<html><Code>X</Code></html>")).code == "Forbidden");
}

TEST_CASE("A document that was cut short tells what is there") {
  const s3_problem cut = read_problem(answer_of(503, "<Error><Code>SlowDown</Code><Message>Please re"));

  CHECK(cut.code == "SlowDown");
  CHECK(cut.message.empty());
}

TEST_CASE("A success is never taken for a refusal: it may be an object that is an error document") {
  CHECK(read_problem(answer_of(200, ceph_not_found)).code.empty());
  CHECK(read_problem(answer_of(206, ceph_not_found)).code.empty());
}

TEST_CASE("What the body of a success confesses is read where it is asked for") {
  const http_answer confessing = answer_of(200, "<?xml version=\"1.0\"?>\n\n   <Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>");

  CHECK(lake::detail::problem_in_success(confessing).code == "InternalError");
  CHECK(lake::detail::problem_in_success(answer_of(200, "<Error/>")).code == "InternalError");
  CHECK(lake::detail::problem_in_success(answer_of(200, "<CompleteMultipartUploadResult/>")).code.empty());
  CHECK(lake::detail::problem_in_success(answer_of(500, document_of("SlowDown"))).code.empty());
  CHECK(lake::detail::is_error_document(confessing.body));
  CHECK_FALSE(lake::detail::is_error_document("<Errors/>"));
  CHECK_FALSE(lake::detail::is_error_document(""));
}

TEST_CASE("What services write for machines is taken only if it looks so") {
  const s3_problem strange = read_problem(answer_of(
      403, "<Error><Code>Access Denied\n</Code><RequestId>a b</RequestId><Region>eu&#10;west</Region><Endpoint>h/&lt;x&gt;</Endpoint></Error>"));
  CHECK(strange.code == "Forbidden");
  CHECK(strange.request_id.empty());
  CHECK(strange.region.empty());
  CHECK(strange.endpoint.empty());

  CHECK(read_problem(answer_of(403, document_of(std::string(65, 'a')))).code == "Forbidden");
  CHECK(read_problem(answer_of(403, "", {{"x-amz-request-id", std::string(129, 'a')}})).request_id.empty());
}

TEST_CASE("A message is bounded and printable") {
  const auto message_of = [](const std::string& text) { return read_problem(answer_of(400, "<Error><Message>" + text + "</Message></Error>")).message; };

  CHECK(message_of("a\nb&#27;[31mc&#127;") == "a b [31mc ");
  CHECK(message_of(std::string(500, 'x')) == std::string(500, 'x'));
  CHECK(message_of(std::string(501, 'x')) == std::string(500, 'x') + "...");
  CHECK(message_of(std::string(499, 'x') + "\xC3\xA9") == std::string(499, 'x') + "...");
}

TEST_CASE("An error never shows what a request was signed with, wherever the service repeats it") {
  const http_answer swift = answer_of(403, swift_wrong_signature);
  const std::string story = lake::detail::s3_error("storage.get", "bkt", "a b", swift, read_problem(swift)).to_string();
  CHECK(story ==
        "storage.get \"a b\": access_denied: SignatureDoesNotMatch (HTTP 403): The request signature we calculated does not match the signature "
        "you provided. Check your key and signing method.; bucket \"bkt\"; request tx6d2cc2a9cd064c3280f4c-006b022dfa");

  for (const char* told : {"you sent AWS4-HMAC-SHA256 Credential=AKID/x, Signature=5fd7a9", "GET /k?X-Amz-Credential=AKID&amp;X-Amz-Signature=5fd7a9",
                           "X-Amz-Security-Token: 5fd7a9"}) {
    INFO(told);
    CHECK(read_problem(answer_of(403, "<Error><Code>AccessDenied</Code><Message>" + std::string(told) + "</Message></Error>")).message.empty());
    CHECK(read_problem(answer_of(403, "", {{"x-amz-error-message", told}})).message.empty());
    CHECK(read_problem(answer_of(403, "", {{"x-amz-request-id", "Signature=5fd7a9"}})).request_id.empty());
  }
}

// --- the error a caller gets -------------------------------------------------------------------------------------------

TEST_CASE("An error names the code, the status, the bucket and the request") {
  const http_answer answer = answer_of(404, ceph_not_found);
  const lake::error error = lake::detail::s3_error("storage.get", "bkt", "users/1", answer, read_problem(answer));

  CHECK(error.code == errc::not_found);
  CHECK(error.operation == "storage.get");
  CHECK(error.subject == "users/1");
  CHECK(error.message == "NoSuchKey (HTTP 404); bucket \"bkt\"; request tx000004975b304f6a2a064-006b022df9-1008-default");
}

TEST_CASE("An error that concerns no key names the bucket, one of a wrong region the right one") {
  const http_answer answer = answer_of(301, document_of("PermanentRedirect"), {{"x-amz-bucket-region", "eu-west-1"}});
  const lake::error error = lake::detail::s3_error("storage.list", "bkt", "", answer, read_problem(answer));

  CHECK(error.code == errc::configuration);
  CHECK(error.subject == "bkt");
  CHECK(error.message == "PermanentRedirect (HTTP 301); bucket \"bkt\" is in region eu-west-1");
}

TEST_CASE("An error of a status that nobody knows says so") {
  const http_answer answer = answer_of(418);

  CHECK(lake::detail::s3_error("storage.get", "bkt", "k", answer, read_problem(answer)).message == "the service refused (HTTP 418); bucket \"bkt\"");
}

TEST_CASE("An exchange without an answer is an error of the transport") {
  const auto error_of = [](http_failure failure) {
    http_answer answer;
    answer.failure = failure;
    answer.reason = "the peer went away";
    return lake::detail::s3_error("storage.put", "bkt", "k", answer, read_problem(answer));
  };

  CHECK(error_of(http_failure::not_sent).code == errc::unavailable);
  CHECK(error_of(http_failure::lost).code == errc::unavailable);
  CHECK(error_of(http_failure::timed_out).code == errc::timeout);
  CHECK(error_of(http_failure::cancelled).code == errc::cancelled);
  CHECK(error_of(http_failure::sink_refused).code == errc::cancelled);
  CHECK(error_of(http_failure::untrusted).code == errc::configuration);
  CHECK(error_of(http_failure::unusable).code == errc::configuration);
  CHECK(error_of(http_failure::lost).message == "the connection broke before the answer was whole: the peer went away; bucket \"bkt\"");
}

TEST_CASE("Each refusal is of the kind that says what to do") {
  struct known {
    int status;
    std::string_view code;
    errc kind;
  };
  const std::vector<known> all = {
      {404, "NoSuchKey", errc::not_found},
      {404, "", errc::not_found},
      {404, "NoSuchUpload", errc::not_found},
      {404, "NoSuchBucket", errc::configuration},
      {400, "InvalidBucketName", errc::configuration},
      {400, "IllegalLocationConstraintException", errc::configuration},
      {301, "", errc::configuration},
      {307, "TemporaryRedirect", errc::configuration},
      {401, "", errc::access_denied},
      {403, "", errc::access_denied},
      {403, "AccessDenied", errc::access_denied},
      {403, "InvalidAccessKeyId", errc::access_denied},
      {403, "SignatureDoesNotMatch", errc::access_denied},
      {403, "RequestTimeTooSkewed", errc::access_denied},
      {400, "ExpiredToken", errc::access_denied},
      {400, "InvalidToken", errc::access_denied},
      {400, "AuthorizationHeaderMalformed", errc::access_denied},
      {403, "InvalidObjectState", errc::unsupported},
      {405, "MethodNotAllowed", errc::unsupported},
      {501, "NotImplemented", errc::unsupported},
      {412, "PreconditionFailed", errc::version_conflict},
      {412, "", errc::version_conflict},
      {409, "BucketNotEmpty", errc::version_conflict},
      {409, "FileAlreadyExists", errc::already_exists},
      {409, "ConditionalRequestConflict", errc::unavailable},
      {409, "OperationAborted", errc::unavailable},
      {416, "InvalidRange", errc::invalid_argument},
      {400, "KeyTooLongError", errc::invalid_argument},
      {400, "InvalidPart", errc::invalid_argument},
      {411, "", errc::invalid_argument},
      {400, "EntityTooLarge", errc::limit_exceeded},
      {413, "", errc::limit_exceeded},
      {403, "QuotaExceeded", errc::limit_exceeded},
      {400, "BadDigest", errc::io},
      {400, "XAmzContentSHA256Mismatch", errc::io},
      {507, "InsufficientCapacity", errc::io},
      {429, "", errc::unavailable},
      {503, "SlowDown", errc::unavailable},
      {503, "", errc::unavailable},
      {500, "InternalError", errc::unavailable},
      {502, "", errc::unavailable},
      {400, "RequestTimeout", errc::unavailable},
      {400, "ThrottlingException", errc::unavailable},
      {408, "", errc::unavailable},
  };
  for (const known& one : all) {
    INFO(one.status << " " << one.code);
    CHECK(lake::to_string(kind_of(one.status, one.code)) == lake::to_string(one.kind));
  }
}

TEST_CASE("A signature for another region than the bucket's is a matter of the set-up") {
  const http_answer answer = answer_of(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>us-west-2</Region></Error>");

  CHECK(lake::detail::s3_error("storage.get", "bkt", "k", answer, read_problem(answer)).code == errc::configuration);
}

// --- listings ----------------------------------------------------------------------------------------------------------

TEST_CASE("A listing is read as Ceph writes it") {
  const s3_listing page = read_listing(ceph_listing).value();

  CHECK(shown(page) == "(x)~!* 6, a b 3, a//b 4, amp&lt<>\"' 10, per%41cent 10");
  CHECK(page.truncated);
  CHECK(page.next == "per%41cent & on");
}

TEST_CASE("A listing is read as Swift writes it") {
  const s3_listing page = read_listing(swift_listing).value();

  CHECK(shown(page) == "(x)~!* 6, plus+plus 9, \xC3\xBCn\xC3\xAF/emoji\xF0\x9F\x98\x80 10");
  CHECK_FALSE(page.truncated);
  CHECK(page.next.empty());
}

TEST_CASE("Keys are decoded only where the answer says that they are encoded") {
  const std::string one = "<IsTruncated>false</IsTruncated><Contents><Key>a+b%20c%2bd</Key><Size>0</Size></Contents>";

  CHECK(shown(read_listing(listing_of(one)).value()) == "a+b%20c%2bd 0");
  CHECK(shown(read_listing(listing_of(one + "<EncodingType></EncodingType>")).value()) == "a+b%20c%2bd 0");
  CHECK(shown(read_listing(listing_of(one + "<EncodingType>url</EncodingType>")).value()) == "a b c+d 0");
}

TEST_CASE("An empty listing has no objects") {
  const s3_listing page = read_listing(listing_of("<KeyCount>0</KeyCount><IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>")).value();

  CHECK(page.objects.empty());
  CHECK_FALSE(page.truncated);
}

TEST_CASE("A size is any that an object may have") {
  const auto page = read_listing(listing_of("<IsTruncated>false</IsTruncated><Contents><Size>18446744073709551615</Size><Key>k</Key></Contents>"));

  CHECK(page.value().objects.front().bytes == ~std::uint64_t{0});
}

TEST_CASE("A listing that breaks its format is an error that names the rule") {
  struct mistake {
    std::string body;
    std::string_view rule;
  };
  const std::string good = "<IsTruncated>false</IsTruncated>";
  const std::vector<mistake> mistakes = {
      {"", "no element at all at byte 0"},
      {"<Error><Code>NoSuchKey</Code></Error>", "its root is another element"},
      {"<!DOCTYPE html><html></html>", "a declaration (<!), which no answer of S3 has at byte 0"},
      {listing_of(""), "it does not say whether there are more objects"},
      {listing_of("<IsTruncated>maybe</IsTruncated>"), "IsTruncated is neither true nor false"},
      {listing_of("<IsTruncated>true</IsTruncated>"), "there are more objects, but no token to ask for them"},
      {listing_of("<IsTruncated>true</IsTruncated><NextContinuationToken/>"), "there are more objects, but no token to ask for them"},
      {listing_of(good + "<EncodingType>gzip</EncodingType>"), "keys in an unknown encoding"},
      {listing_of(good + "<Contents><Size>1</Size></Contents>"), "an object without a key"},
      {listing_of(good + "<Contents><Key></Key><Size>1</Size></Contents>"), "an object without a key"},
      {listing_of(good + "<Contents/>"), "an object without a key"},
      {listing_of(good + "<Contents><Key>k</Key></Contents>"), "an object whose size is no number"},
      {listing_of(good + "<Contents><Key>k</Key><Size>-1</Size></Contents>"), "an object whose size is no number"},
      {listing_of(good + "<Contents><Key>k</Key><Size> 1</Size></Contents>"), "an object whose size is no number"},
      {listing_of(good + "<Contents><Key>k</Key><Size>18446744073709551616</Size></Contents>"), "an object whose size is no number"},
      {listing_of(good + "<EncodingType>url</EncodingType><Contents><Key>%4</Key><Size>1</Size></Contents>"), "not followed by two hex digits"},
      {listing_of(good + "<Contents>x<Key>k</Key></Contents>"), "text where elements are expected at byte 60"},
      {listing_of(good) + "<x/>", "a second root"},
      {std::string(ceph_listing.substr(0, ceph_listing.size() - 1)), "a tag without end"},
      {std::string(ceph_listing.substr(0, 605)), "the document ends in an element at byte 605"},
  };
  for (const mistake& one : mistakes) {
    const auto page = read_listing(one.body);

    INFO(one.body);
    REQUIRE_FALSE(page.has_value());
    CHECK(page.error().code == errc::io);
    CHECK_THAT(page.error().message, Catch::Matchers::StartsWith("the service's answer is no ListBucketResult: "));
    CHECK_THAT(page.error().message, Catch::Matchers::Contains(std::string(one.rule)));
  }
}

TEST_CASE("No beginning of a listing is taken for the whole of it") {
  for (std::size_t bytes = 0; bytes < ceph_listing.size(); ++bytes) {
    INFO(bytes);
    REQUIRE_FALSE(read_listing(ceph_listing.substr(0, bytes)).has_value());
  }
}

// --- uploads in parts, and deletions -----------------------------------------------------------------------------------

TEST_CASE("An upload's id is read, and missed where there is none") {
  CHECK(lake::detail::read_upload_id(R"(<?xml version="1.0" encoding="UTF-8"?><InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>bkt</Bucket><Key>mp</Key><UploadId>2~6DyLp4CeN3iLd7w61sCeXwsyOQ9ov6k</UploadId></InitiateMultipartUploadResult>)")
            .value() == "2~6DyLp4CeN3iLd7w61sCeXwsyOQ9ov6k");
  CHECK(lake::detail::read_upload_id("<InitiateMultipartUploadResult/>").error().message ==
        "the service's answer is no InitiateMultipartUploadResult: it names no upload");
  CHECK(lake::detail::read_upload_id("<html></html>").error().code == errc::io);
}

TEST_CASE("A completed upload has the tag that the service says, if it says one") {
  using lake::detail::read_completed;
  CHECK(read_completed(R"(<?xml version='1.0' encoding='UTF-8'?>
<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Location>http://127.0.0.1:37147/bkt/mp</Location><Bucket>bkt</Bucket><Key>mp</Key><ETag>"0b31670df42a7f2c6e7c39d06df55a22-1"</ETag></CompleteMultipartUploadResult>)")
            .value() == "0b31670df42a7f2c6e7c39d06df55a22-1");
  CHECK(read_completed("<CompleteMultipartUploadResult><ETag>&quot;3858f62230ac3c915f300c664312c11f-9&quot;</ETag></CompleteMultipartUploadResult>").value() ==
        "3858f62230ac3c915f300c664312c11f-9");
  // Ceph's first answer to a completion.
  CHECK(read_completed("<CompleteMultipartUploadResult><Location>localhost/bkt/mp</Location><ETag></ETag></CompleteMultipartUploadResult>").value().empty());
  CHECK(read_completed("\n\n  <?xml version=\"1.0\"?><CompleteMultipartUploadResult/>").value().empty());
  CHECK_FALSE(read_completed(document_of("InternalError")).has_value());
}

TEST_CASE("Deletions that failed are read with their reasons") {
  const auto failures = lake::detail::read_deleted(R"(<?xml version="1.0" encoding="UTF-8"?>
<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Deleted><Key>sample1.txt</Key></Deleted><Error><Key>sample2&amp;&#x0d;.txt</Key><VersionId>v</VersionId><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>)");

  REQUIRE(failures.value().size() == 1);
  CHECK(failures->front().key == "sample2&\r.txt");
  CHECK(failures->front().problem.code == "AccessDenied");
  CHECK(failures->front().problem.message == "Access Denied");
}

TEST_CASE("Deletions without a failure have none, however they are told") {
  using lake::detail::read_deleted;
  CHECK(read_deleted("<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>").value().empty());
  CHECK(read_deleted("<DeleteResult><Deleted><Key>tab\there</Key></Deleted><Deleted><Key>new\nline</Key></Deleted></DeleteResult>").value().empty());
  CHECK_FALSE(read_deleted("<DeleteResult><Error><Code>AccessDenied</Code></Error></DeleteResult>").has_value());
  CHECK_FALSE(read_deleted(document_of("AccessDenied")).has_value());
}

TEST_CASE("The body of a completion names the parts") {
  const std::vector<lake::detail::s3_part> parts = {{1, "abc"}, {10'000, "d\"e"}};

  CHECK(lake::detail::complete_body(parts) ==
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag></Part>"
        "<Part><PartNumber>10000</PartNumber><ETag>&quot;d&quot;e&quot;</ETag></Part></CompleteMultipartUpload>");
}

TEST_CASE("The body of a deletion names the keys") {
  const std::vector<std::string> keys = {"a b", "<&>\r\n"};

  CHECK(lake::detail::delete_body(keys, false) ==
        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a b</Key></Object><Object><Key>&lt;&amp;&gt;&#13;&#10;</Key></Object></Delete>");
  CHECK(lake::detail::delete_body({}, true) == "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet></Delete>");
}

TEST_CASE("A tag is compared without its quotes") {
  using lake::detail::bare_tag;
  CHECK(bare_tag("\"abc\"") == "abc");
  CHECK(bare_tag("W/\"abc\"") == "abc");
  CHECK(bare_tag("abc") == "abc");
  CHECK(bare_tag("\"\"").empty());
  CHECK(bare_tag("\"") == "\"");
  CHECK(bare_tag("").empty());
}
