// Objects in a bucket: reading, writing, removing, listing, ranges, checks and signed URLs, request by request. The service is a script,
// and time is the test's.
#include "support/catch.hpp"
#include "support/recorded_transport.hpp"

#include <lake/concepts.hpp>
#include <lake/core/body.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/detail/s3_range.hpp>
#include <lake/detail/sigv4.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace lake_test;
using lake::errc;
using lines = std::vector<std::string>;

static_assert(lake::storage_policy<recorded_storage> && lake::listing_storage<recorded_storage> && lake::ranged_storage<recorded_storage>);
static_assert(lake::conditional_storage<recorded_storage> && lake::streaming_storage<recorded_storage>);

/// A page of a listing. `keys` as they stand in the document; each object has as many bytes as its key.
http_answer page(const lines& keys, const std::string& next = {}, bool encoded = true) {
  std::string body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>things</Name>";
  if (encoded) body += "<EncodingType>url</EncodingType>";
  body += next.empty() ? "<IsTruncated>false</IsTruncated>"
                       : "<IsTruncated>true</IsTruncated><NextContinuationToken>" + next + "</NextContinuationToken>";
  for (const std::string& key : keys) {
    body += "<Contents><Key>" + key + "</Key><LastModified>2026-11-21T23:00:00.000Z</LastModified><ETag>&quot;0cc1&quot;</ETag><Size>" +
            std::to_string(key.size()) + "</Size><StorageClass>STANDARD</StorageClass></Contents>";
  }
  return said(200, {{"content-type", "application/xml"}}, body + "</ListBucketResult>");
}

/// The keys that a listing gives.
lines listed(const recorded_storage& storage, std::string_view prefix) {
  lines out;
  storage
      .list(prefix,
            [&](const lake::object_info& each) {
              out.push_back(each.key);
              return true;
            })
      .value();
  return out;
}
lake::result<void> list_all(const recorded_storage& storage, std::string_view prefix) {
  return storage.list(prefix, [](const lake::object_info&) { return true; });
}

http_answer said_deleted(const std::vector<std::pair<std::string, std::string>>& failures = {}) {
  std::string body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const auto& [key, code] : failures) {
    body += "<Error><Key>" + key + "</Key><Code>" + code + "</Code><Message>Words for people.</Message></Error>";
  }
  return said(200, {}, body + "</DeleteResult>");
}
std::string object_of(const std::string& key) { return "<Object><Key>" + key + "</Key></Object>"; }
lines numbered(std::size_t count) {
  lines out;
  for (std::size_t i = 0; i < count; ++i) out.push_back("k" + std::to_string(i));
  return out;
}
std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++out;
  return out;
}

constexpr std::string_view twenty = "0123456789abcdefghij";

}  // namespace

// --- opening ---------------------------------------------------------------------------------------------------------------------

TEST_CASE("Opening sends nothing, and the kind is the options'") {
  s3_trial trial;
  CHECK(trial.storage().kind == lake::storage_kind::s3);
  trial.options.kind = lake::storage_kind::oss;
  CHECK(trial.storage().kind == lake::storage_kind::oss);
  CHECK(trial.storage().within({}).kind == lake::storage_kind::oss);

  CHECK(trial.service.count() == 0);
}

TEST_CASE("Options that cannot work are refused, naming them") {
  struct mistake {
    std::string_view named;
    void (*make)(lake::s3_options&);
  };
  constexpr mistake all[] = {
      {"prefix", [](lake::s3_options& options) { options.prefix = "/a"; }},
      {"prefix", [](lake::s3_options& options) { options.prefix = "a//b"; }},
      {"prefix", [](lake::s3_options& options) { options.prefix = "a/.."; }},
      {"part_bytes", [](lake::s3_options& options) { options.part_bytes = (std::size_t{5} << 20U) - 1; }},
      {"part_bytes", [](lake::s3_options& options) { options.part_bytes = (std::size_t{5} << 30U) + 1; }},
      {"multipart_from_bytes", [](lake::s3_options& options) { options.multipart_from_bytes = (std::size_t{5} << 30U) + 1; }},
      {"retry.attempts", [](lake::s3_options& options) { options.retry.attempts = 0; }},
      {"connections", [](lake::s3_options& options) { options.connections = 0; }},
      {"kind", [](lake::s3_options& options) { options.kind = lake::storage_kind::memory; }},
      {"bucket", [](lake::s3_options& options) { options.bucket = ""; }},
      {"endpoint", [](lake::s3_options& options) { options.endpoint = "ftp://s3.example"; }},
      {"secret key", [](lake::s3_options& options) { options.secret_key = ""; }},
  };
  for (const mistake& each : all) {
    s3_trial trial;
    each.make(trial.options);

    const auto refused = trial.refusal(recorded_storage::over(trial.options, trial.service));

    INFO(each.named << ": " << refused.to_string());
    CHECK(refused.code == errc::configuration);
    CHECK(has_part(refused.to_string(), each.named));
  }
}

TEST_CASE("Options at their bounds are taken") {
  s3_trial trial;
  trial.options.part_bytes = std::size_t{5} << 30U;
  trial.options.multipart_from_bytes = std::size_t{5} << 30U;
  trial.options.retry.attempts = 1;
  trial.options.connections = 1;
  trial.service.then({said(500)});

  CHECK_FALSE(trial.storage().get("k").has_value());

  CHECK(trial.service.count() == 1);
}

// --- get, put, remove --------------------------------------------------------------------------------------------------------------

TEST_CASE("Get gives all bytes as they are") {
  s3_trial trial;
  const std::string bytes("a\0b\xff\r\n", 6);
  trial.service.then({said_object(bytes, "t1"), said_object("", "t2")});
  const auto storage = trial.storage();

  CHECK(*storage.get("k").value() == bytes);
  CHECK(storage.get("k").value()->empty());
}

TEST_CASE("What is not there is not found, whoever says so, and what he said is behind the error") {
  for (const http_answer& answer :
       {aws_error(404, "NoSuchKey"), rgw_error(404, "NoSuchKey"), oss_error(404, "NoSuchKey"), r2_error(404, "NoSuchKey"), said(404)}) {
    s3_trial trial;
    trial.service.then({answer, answer, answer, answer, answer});
    const auto storage = trial.storage();

    const auto refused = trial.refusal(storage.get("k"));
    CHECK(refused.code == errc::not_found);
    CHECK(refused.operation == "storage.get");
    CHECK(refused.subject == "k");
    CHECK(refused.message == "no object has this key");
    REQUIRE(refused.causes.size() == 1);
    CHECK(has_part(refused.causes[0].message, answer.body.empty() ? "NotFound (HTTP 404)" : "NoSuchKey (HTTP 404)"));

    CHECK(trial.refusal(storage.get_tagged("k")).code == errc::not_found);
    CHECK(trial.refusal(storage.stat("k")).code == errc::not_found);
    CHECK(trial.refusal(storage.get_range("k", 0, 1)).code == errc::not_found);
    CHECK(trial.refusal(storage.get_into("k", [](std::string_view) { return lake::result<void>(); })).code == errc::not_found);
  }
}

TEST_CASE("A put has no condition, and is tried again after a lost answer") {
  s3_trial trial;
  trial.service.then({said_nothing(), said_stored("t1")});

  CHECK(trial.storage().put("k", "hello").has_value());

  CHECK(trial.service.lines() == lines{"PUT /things/k", "PUT /things/k"});
  for (const recorded_request& each : trial.service.requests()) {
    CHECK(each.body == "hello");
    CHECK_FALSE(each.has("if-none-match"));
    CHECK_FALSE(each.has("if-match"));
    CHECK(each.has("x-amz-meta-lake-put"));
  }
}

TEST_CASE("What is not there is removed already") {
  s3_trial trial;
  trial.service.then({said(204), oss_error(404, "NoSuchKey"), said(404), said(200)});
  auto storage = trial.storage();

  for (int i = 0; i < 4; ++i) CHECK(storage.remove("k").has_value());

  CHECK(trial.service.count("DELETE /things/k") == 4);
}

TEST_CASE("A removal from a bucket that is not there, or without the right to, fails") {
  s3_trial trial;
  trial.service.then({aws_error(404, "NoSuchBucket"), aws_error(403, "AccessDenied")});
  auto storage = trial.storage();

  CHECK(trial.refusal(storage.remove("k")).code == errc::configuration);
  CHECK(trial.refusal(storage.remove("k")).code == errc::access_denied);
}

TEST_CASE("A size is what HEAD says") {
  s3_trial trial;
  trial.service.then({said(200, {{"content-length", "18446744073709551615"}}), said(200), said(200, {{"content-length", "-1"}})});
  const auto storage = trial.storage();

  const auto info = storage.stat("a/b").value();
  CHECK(info.key == "a/b");
  CHECK(info.bytes == (std::numeric_limits<std::uint64_t>::max)());
  CHECK(trial.refusal(storage.stat("k")).code == errc::io);
  CHECK(trial.refusal(storage.stat("k")).code == errc::io);

  CHECK(trial.service.request(0).line() == "HEAD /things/a/b");
}

// --- remove_many -------------------------------------------------------------------------------------------------------------------

TEST_CASE("Many objects are removed by one request with their keys, and its digest") {
  s3_trial trial;
  trial.service.then({said_deleted()});

  CHECK(trial.storage().remove_many(lines{"a", "b&<c>"}).has_value());

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.line() == "POST /things?delete=");
  CHECK(sent.body == "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>" + object_of("a") +
                         object_of("b&amp;&lt;c&gt;") + "</Delete>");
  CHECK(sent.header("content-md5") == "0AJ0KBy7ssHqtN78ZEDH2A==");
  CHECK(signed_names(sent) == "content-md5;content-type;host;x-amz-content-sha256;x-amz-date");
  CHECK(sent.header("authorization") == expected_authorization(sent,
                                                               {.access_key = "AKIDTRIAL", .secret_key = std::string(s3_trial::secret_key)},
                                                               "eu-test-1", trial_begin));
}

TEST_CASE("At most 1,000 objects are removed by one request") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said_deleted(); });
  auto storage = trial.storage();

  CHECK(storage.remove_many(numbered(2'001)).has_value());
  CHECK(storage.remove_many(numbered(1'000)).has_value());
  CHECK(storage.remove_many(lines{}).has_value());

  std::vector<std::size_t> counts;
  for (const recorded_request& each : trial.service.requests()) counts.push_back(count_of(each.body, "<Object>"));
  CHECK(counts == std::vector<std::size_t>{1'000, 1'000, 1, 1'000});
  CHECK(has_part(trial.service.request(2).body, object_of("k2000")));
}

TEST_CASE("The prefix stands before keys that are removed, and not before those in errors") {
  s3_trial trial;
  trial.options.prefix = "tenants/7";
  trial.service.then({said_deleted({{"tenants/7/b", "AccessDenied"}})});

  const auto refused = trial.refusal(trial.storage().remove_many(lines{"a", "b"}));

  CHECK(has_part(trial.service.request(0).body, object_of("tenants/7/a") + object_of("tenants/7/b")));
  CHECK(refused.subject == "b");
}

TEST_CASE("Of objects that were not removed the first is named, and how many there are") {
  s3_trial trial;
  trial.service.then({said_deleted({{"b", "AccessDenied"}, {"c", "InternalError"}})});

  const auto refused = trial.refusal(trial.storage().remove_many(lines{"a", "b", "c"}));

  CHECK(refused.code == errc::access_denied);
  CHECK(refused.operation == "storage.remove_many");
  CHECK(refused.subject == "b");
  CHECK(has_part(refused.message, "2 of 3 objects were not removed"));
}

TEST_CASE("An object that is not there is removed already, also where the service lists that as a failure") {
  s3_trial trial;
  trial.service.then({said_deleted({{"b", "NoSuchKey"}})});

  CHECK(trial.storage().remove_many(lines{"a", "b"}).has_value());
}

TEST_CASE("A failure for one key keeps no other from being removed") {
  s3_trial trial;
  trial.service.then({said_deleted({{"k7", "AccessDenied"}}), said_deleted()});

  const auto refused = trial.refusal(trial.storage().remove_many(numbered(1'001)));

  CHECK(refused.subject == "k7");
  CHECK(trial.service.count() == 2);
}

TEST_CASE("Keys that XML cannot hold are removed one by one") {
  s3_trial trial;
  trial.service.always([](const recorded_request& request) { return request.method == "POST" ? said_deleted() : said(204); });

  CHECK(trial.storage().remove_many(lines{"a", "b\x01", "c", "d\xff"}).has_value());

  auto sent = trial.service.lines();
  std::sort(sent.begin(), sent.end());
  CHECK(sent == lines{"DELETE /things/b%01", "DELETE /things/d%FF", "POST /things?delete="});
  CHECK(count_of(trial.service.last().body, "<Object>") == 2);
}

TEST_CASE("Nothing is removed where one of the keys is bad") {
  s3_trial trial;

  CHECK(trial.refusal(trial.storage().remove_many(lines{"a", "../b"})).code == errc::invalid_argument);

  CHECK(trial.service.count() == 0);
}

TEST_CASE("A removal of many that the service refuses as a whole, or does not answer in its form, fails") {
  s3_trial trial;
  trial.service.then({aws_error(403, "AccessDenied"), said(200, {}, "<html/>")});
  auto storage = trial.storage();

  CHECK(trial.refusal(storage.remove_many(lines{"a"})).code == errc::access_denied);
  const auto refused = trial.refusal(storage.remove_many(lines{"a"}));
  CHECK(refused.code == errc::io);
  CHECK(refused.operation == "storage.remove_many");
}

// --- list --------------------------------------------------------------------------------------------------------------------------

TEST_CASE("A listing asks for keys with a prefix, encoded, and gives keys and sizes") {
  s3_trial trial;
  trial.service.then({page({"logs/a", "logs/b%2Bc"})});
  std::vector<std::uint64_t> sizes;
  lines keys;

  trial.storage()
      .list("logs/",
            [&](const lake::object_info& each) {
              keys.push_back(each.key);
              sizes.push_back(each.bytes);
              return true;
            })
      .value();

  CHECK(keys == lines{"logs/a", "logs/b+c"});
  CHECK(sizes == std::vector<std::uint64_t>{6, 10});
  CHECK(trial.service.lines() == lines{"GET /things?encoding-type=url&list-type=2&prefix=logs%2F"});
}

TEST_CASE("A listing of everything has an empty prefix") {
  s3_trial trial;
  trial.service.then({page({})});

  CHECK(listed(trial.storage(), "").empty());

  CHECK(trial.service.request(0).line() == "GET /things?encoding-type=url&list-type=2&prefix=");
}

TEST_CASE("A listing goes on from page to page with the token of the page before") {
  s3_trial trial;
  trial.service.then({page({"a"}, "to+ken/1="), page({"b", "c"}, "2&amp;3"), page({"d"})});

  CHECK(listed(trial.storage(), "") == lines{"a", "b", "c", "d"});

  CHECK_FALSE(has_part(trial.service.request(0).url, "continuation-token"));
  CHECK(trial.service.request(1).query() == "continuation-token=to%2Bken%2F1%3D&encoding-type=url&list-type=2&prefix=");
  CHECK(trial.service.request(2).parameter("continuation-token") == "2&3");
  CHECK(trial.service.request(1).header("authorization") ==
        expected_authorization(trial.service.request(1), {.access_key = "AKIDTRIAL", .secret_key = std::string(s3_trial::secret_key)},
                               "eu-test-1", trial_begin));
}

TEST_CASE("A page without objects is not the end") {
  s3_trial trial;
  trial.service.then({page({"a"}, "1"), page({}, "2"), page({"b"})});

  CHECK(listed(trial.storage(), "") == lines{"a", "b"});
}

TEST_CASE("A visitor who has enough ends the listing") {
  s3_trial trial;
  trial.service.then({page({"a", "b", "c"}, "1")});
  lines seen;

  CHECK(trial.storage()
            .list("",
                  [&](const lake::object_info& each) {
                    seen.push_back(each.key);
                    return seen.size() < 2;
                  })
            .has_value());

  CHECK(seen == lines{"a", "b"});
  CHECK(trial.service.count() == 1);
}

TEST_CASE("The prefix of the storage is asked for and taken off") {
  s3_trial trial;
  trial.options.prefix = "tenants/7";
  trial.service.then({page({"tenants/7/logs/a"}), page({"tenants/7/x", "tenants/7/y"})});
  const auto storage = trial.storage();

  CHECK(listed(storage, "logs/") == lines{"logs/a"});
  CHECK(listed(storage, "") == lines{"x", "y"});

  CHECK(trial.service.request(0).parameter("prefix") == "tenants/7/logs/");
  CHECK(trial.service.request(1).parameter("prefix") == "tenants/7/");
}

TEST_CASE("A key outside the prefix of the storage is an error") {
  s3_trial trial;
  trial.options.prefix = "tenants/7";
  trial.service.then({page({"tenants/7/a", "tenants/70/b"})});

  const auto refused = trial.refusal(list_all(trial.storage(), ""));

  CHECK(refused.code == errc::io);
  CHECK(refused.operation == "storage.list");
}

TEST_CASE("A key outside the prefix that was asked for is an error") {
  s3_trial trial;
  trial.service.then({page({"logs/a", "other/b"})});

  CHECK(trial.refusal(list_all(trial.storage(), "logs/")).code == errc::io);
}

TEST_CASE("A listing that is not in order, or comes round again, is an error") {
  s3_trial unsorted;
  unsorted.service.then({page({"b", "a"})});
  s3_trial endless;
  endless.service.always([turn = std::make_shared<int>(0)](const recorded_request&) { return page({"a"}, "token" + std::to_string(++*turn % 2)); });

  CHECK(unsorted.refusal(list_all(unsorted.storage(), "")).code == errc::io);
  CHECK(endless.refusal(list_all(endless.storage(), "")).code == errc::io);

  CHECK(endless.service.count() == 2);
}

TEST_CASE("Objects under keys that no storage makes are passed over") {
  s3_trial trial;
  trial.options.prefix = "p";
  trial.service.then({page({"p/", "p/../x", "p//y", "p/a", "p/a//b", "p/folder/", "p/z"})});

  CHECK(listed(trial.storage(), "") == lines{"a", "z"});
}

TEST_CASE("Keys that are not encoded are taken as they are, entities resolved") {
  s3_trial trial;
  trial.service.then({page({"a+b", "c%2Bd", "e&amp;f", "g&#x20;h"}, {}, false), page({"a+b", "c%2Bd", "x%2Fy", "%C3%A9"})});
  const auto storage = trial.storage();

  CHECK(listed(storage, "") == lines{"a+b", "c%2Bd", "e&f", "g h"});
  CHECK(listed(storage, "") == lines{"a b", "c+d", "x/y", "\xC3\xA9"});
}

TEST_CASE("A listing that says that there is more and not where to go on is an error, not an end") {
  const std::string no_token = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
  const std::string no_word = "<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>";
  for (const std::string& body : {no_token, no_word, std::string(), std::string("<html/>"), page({"a"}).body.substr(0, 120)}) {
    INFO(body);
    s3_trial trial;
    trial.service.then({said(200, {}, body)});

    const auto refused = trial.refusal(list_all(trial.storage(), "logs/"));

    CHECK(refused.code == errc::io);
    CHECK(refused.operation == "storage.list");
    CHECK(refused.subject == "logs/");
    CHECK(trial.service.count() == 1);
  }
}

TEST_CASE("A listing that would go on where it was is an error") {
  s3_trial trial;
  trial.service.then({page({"a"}, "1"), page({"a"}, "1")});

  CHECK(trial.refusal(list_all(trial.storage(), "")).code == errc::io);

  CHECK(trial.service.count() == 2);
}

TEST_CASE("A page that meets a mishap is asked for again, and one that is refused ends the listing") {
  s3_trial trial;
  trial.service.then({page({"a"}, "1"), said(500), page({"b"}), aws_error(404, "NoSuchBucket")});
  const auto storage = trial.storage();

  CHECK(listed(storage, "") == lines{"a", "b"});
  CHECK(trial.refusal(list_all(storage, "")).code == errc::configuration);

  CHECK(trial.service.request(2).parameter("continuation-token") == "1");
}

// --- get_range ---------------------------------------------------------------------------------------------------------------------

TEST_CASE("The Range of an offset and a length") {
  using lake::detail::range_text;
  constexpr std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)();
  CHECK(range_text(0, 10) == "bytes=0-9");
  CHECK(range_text(5, 1) == "bytes=5-5");
  CHECK(range_text(5, 0) == "bytes=5-5");
  CHECK(range_text(3, (std::numeric_limits<std::size_t>::max)()) == "bytes=3-");
  CHECK(range_text(most, 1) == "bytes=18446744073709551615-");
  CHECK(range_text(most - 1, 1) == "bytes=18446744073709551614-18446744073709551614");
}

TEST_CASE("The size of the object that an answer to a range tells") {
  using lake::detail::whole_size;
  CHECK(whole_size(said(206, {{"content-range", "bytes 0-9/20"}})) == std::uint64_t{20});
  CHECK(whole_size(said(416, {{"content-range", "bytes */20"}})) == std::uint64_t{20});
  CHECK_FALSE(whole_size(said(206, {{"content-range", "bytes 0-9/*"}})).has_value());
  CHECK_FALSE(whole_size(said(206, {{"content-range", "bytes"}})).has_value());
  CHECK_FALSE(whole_size(said(206)).has_value());
}

TEST_CASE("A range is asked for, and may end with the object") {
  s3_trial trial;
  trial.service.then({said(206, {{"content-range", "bytes 2-4/20"}}, "234"), said(206, {{"content-range", "bytes 18-19/20"}}, "ij")});
  const auto storage = trial.storage();

  CHECK(storage.get_range("k", 2, 3).value() == "234");
  CHECK(storage.get_range("k", 18, 10).value() == "ij");

  CHECK(trial.service.request(0).header("range") == "bytes=2-4");
  CHECK(trial.service.request(1).header("range") == "bytes=18-27");
}

TEST_CASE("Of a service that knows no ranges the part is taken out of the whole") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said_object(std::string(twenty), "t"); });
  const auto storage = trial.storage();

  CHECK(storage.get_range("k", 2, 3).value() == "234");
  CHECK(storage.get_range("k", 18, 10).value() == "ij");
  CHECK(storage.get_range("k", 20, 10).value().empty());
  CHECK(storage.get_range("k", 2, 0).value().empty());
  CHECK(trial.refusal(storage.get_range("k", 21, 0)).code == errc::invalid_argument);
}

TEST_CASE("A range that begins at the end is empty, one past it an error, by the size in the refusal") {
  for (const bool body : {false, true}) {
    const http_answer outside =
        body ? aws_error(416, "InvalidRange", {{"content-range", "bytes */20"}}) : said(416, {{"content-range", "bytes */20"}});
    s3_trial trial;
    trial.service.then({outside, outside});
    const auto storage = trial.storage();

    CHECK(storage.get_range("k", 20, 5).value().empty());
    const auto refused = trial.refusal(storage.get_range("k", 21, 5));

    CHECK(refused.code == errc::invalid_argument);
    CHECK(refused.operation == "storage.get_range");
    CHECK(refused.subject == "k");
    CHECK(has_part(refused.message, "offset 21 is past the end of an object of 20 bytes"));
    CHECK(trial.service.count() == 2);
  }
}

TEST_CASE("A refusal that does not tell the size costs a HEAD") {
  s3_trial trial;
  const http_answer outside = rgw_error(416, "InvalidRange");
  const http_answer size = said(200, {{"content-length", "20"}});
  trial.service.then({outside, size, outside, size, outside, said(404)});
  const auto storage = trial.storage();

  CHECK(storage.get_range("k", 20, 5).value().empty());
  CHECK(trial.refusal(storage.get_range("k", 21, 5)).code == errc::invalid_argument);
  CHECK(trial.refusal(storage.get_range("k", 21, 5)).code == errc::not_found);

  CHECK(trial.service.lines() ==
        lines{"GET /things/k", "HEAD /things/k", "GET /things/k", "HEAD /things/k", "GET /things/k", "HEAD /things/k"});
}

TEST_CASE("A range of no bytes is empty where the object is, and an error past its end") {
  s3_trial trial;
  trial.service.then({said(206, {{"content-range", "bytes 2-2/20"}}, "2"), said(416, {{"content-range", "bytes */20"}}),
                      said(416, {{"content-range", "bytes */20"}}), said(416, {{"content-range", "bytes */0"}})});
  const auto storage = trial.storage();

  CHECK(storage.get_range("k", 2, 0).value().empty());
  CHECK(storage.get_range("k", 20, 0).value().empty());
  CHECK(trial.refusal(storage.get_range("k", 21, 0)).code == errc::invalid_argument);
  CHECK(storage.get_range("k", 0, 0).value().empty());

  CHECK(trial.service.request(0).header("range") == "bytes=2-2");
}

TEST_CASE("An answer with another range than was asked for is no success") {
  s3_trial elsewhere;
  elsewhere.service.then({said(206, {{"content-range", "bytes 0-2/20"}}, "012")});
  s3_trial more;
  more.service.then({said(206, {{"content-range", "bytes 2-19/20"}}, std::string(twenty.substr(2)))});

  CHECK_FALSE(elsewhere.storage().get_range("k", 2, 3).has_value());
  CHECK(more.storage().get_range("k", 2, 3).value_or("").size() <= 3);
}

TEST_CASE("A part of an object that broke on the way is no success") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return cut_short(206, "0123", {{"content-range", "bytes 0-9/20"}}); });

  CHECK(trial.refusal(trial.storage().get_range("k", 0, 10)).code == errc::unavailable);
  CHECK(trial.service.count() == 6);
}

TEST_CASE("A part that is shorter than was asked for must reach the object's end") {
  s3_trial trial;
  trial.service.then({said(206, {{"content-range", "bytes 0-3/20"}}, "0123"), said(206, {{"content-range", "bytes 16-19/20"}}, "ghij"),
                      said(416, {{"content-range", "bytes */20"}})});
  const auto storage = trial.storage();

  CHECK(trial.refusal(storage.get_range("k", 0, 10)).code == errc::io);
  CHECK(storage.get_range("k", 16, 10).value() == "ghij");
  CHECK_FALSE(storage.get_range("k", 5, 3).has_value());
}

// --- checks --------------------------------------------------------------------------------------------------------------------------

TEST_CASE("A check asks the bucket for one object of a listing, since a refusal of HEAD would not say why") {
  s3_trial trial;
  trial.options.prefix = "p";
  trial.service.then({page({"q"})});

  CHECK(trial.storage().check().has_value());

  CHECK(trial.service.lines() == lines{"GET /things?list-type=2&max-keys=1&prefix=p%2F"});
}

TEST_CASE("A check tells what is wrong with the set-up") {
  const std::vector<std::pair<http_answer, errc>> all{
      {aws_error(404, "NoSuchBucket"), errc::configuration},
      {rgw_error(404, "NoSuchBucket"), errc::configuration},
      {aws_error(403, "AccessDenied"), errc::access_denied},
      {aws_error(403, "InvalidAccessKeyId"), errc::access_denied},
      {aws_error(301, "PermanentRedirect", {{"x-amz-bucket-region", "ap-south-1"}}), errc::configuration},
      {said_nothing(http_failure::untrusted), errc::configuration},
  };
  for (const auto& [answer, kind] : all) {
    INFO(answer.status << ' ' << answer.body);
    s3_trial trial;
    trial.service.then({answer});

    const auto refused = trial.refusal(trial.storage().check());

    CHECK(refused.code == kind);
    CHECK(refused.operation == "storage.check");
    CHECK(refused.subject == "things");
    if (answer.status == 301) CHECK(has_part(refused.message, "is in region ap-south-1"));
    CHECK(trial.service.count() == 1);
  }
}

TEST_CASE("A check that does not reach the service is repeated, and may be again") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said_nothing(http_failure::not_sent); });

  const auto refused = trial.refusal(trial.storage().check());

  CHECK(refused.code == errc::unavailable);
  CHECK(refused.retryable());
  CHECK(trial.service.count() == 6);
}

TEST_CASE("A service that refuses a second creation keeps the promise, and nothing stays") {
  s3_trial trial;
  trial.service.then({said_stored("t1"), aws_error(412, "PreconditionFailed"), said(200, {{"etag", "\"t1\""}}), said(204)});

  CHECK(trial.storage().check_create().has_value());

  const auto sent = trial.service.requests();
  REQUIRE(sent.size() == 4);
  CHECK(sent[0].method == "PUT");
  CHECK(sent[0].path().starts_with("/things/lake-check-"));
  CHECK(sent[1].line() == sent[0].line());
  CHECK(sent[3].line() == "DELETE " + sent[0].path());
}

TEST_CASE("A service that creates twice passes over the condition, and the error says what to set") {
  s3_trial trial;
  trial.service.then({said_stored("t1"), said_stored("t2"), said(204)});

  const auto refused = trial.refusal(trial.storage().check_create());

  CHECK(refused.code == errc::unsupported);
  CHECK(refused.operation == "storage.check_create");
  CHECK(refused.subject == "things");
  CHECK(has_part(refused.message, "s3_create::checked"));
  CHECK(trial.service.last().method == "DELETE");
}

TEST_CASE("A service that refuses to create at all says so") {
  s3_trial trial;
  trial.service.then({aws_error(501, "NotImplemented")});

  CHECK(trial.refusal(trial.storage().check_create()).code == errc::unsupported);

  CHECK(trial.service.count() == 1);
}

TEST_CASE("A check of creation that fails on the way removes its object all the same") {
  s3_trial trial;
  trial.service.then({said_stored("t1"), aws_error(403, "AccessDenied"), said(204)});

  CHECK(trial.refusal(trial.storage().check_create()).code == errc::access_denied);

  CHECK(trial.service.last().method == "DELETE");
}

// --- signed URLs -----------------------------------------------------------------------------------------------------------------------

TEST_CASE("A signed URL to read has all that the request needs, and nothing is sent") {
  s3_trial trial;
  trial.options.prefix = "p";

  const std::string url = trial.storage().presign_get("a (1)+b.snap", 600s).value();

  lake::detail::sigv4_key_cache keys;
  const http_fields no_query;
  const http_fields headers{{"host", "s3.example:7480"}};
  const std::string path = "/things/p/a%20%281%29%2Bb.snap";
  CHECK(url == "http://s3.example:7480" + path + '?' +
                   lake::detail::sigv4_presigned_query({"GET", path, &no_query, &headers, "UNSIGNED-PAYLOAD"},
                                                       {.access_key = "AKIDTRIAL", .secret_key = std::string(s3_trial::secret_key)},
                                                       {"eu-test-1", "s3"}, std::chrono::system_clock::time_point(trial_begin), 600s, keys)
                       .value());
  CHECK(has_part(url, "X-Amz-Date=20261121T234913Z&X-Amz-Expires=600&"));
  CHECK(has_part(url, "X-Amz-Credential=AKIDTRIAL%2F20261121%2Feu-test-1%2Fs3%2Faws4_request"));
  CHECK_FALSE(has_part(url, s3_trial::secret_key));
  CHECK(trial.service.count() == 0);
}

TEST_CASE("A signed URL to write is another one, and may bind the content type") {
  s3_trial trial;
  const auto storage = trial.storage();

  const std::string any = storage.presign_put("k", 600s).value();
  const std::string text = storage.presign_put("k", 600s, "text/plain").value();

  CHECK(any != storage.presign_get("k", 600s).value());
  CHECK(has_part(any, "X-Amz-SignedHeaders=host&"));
  CHECK(has_part(text, "X-Amz-SignedHeaders=content-type%3Bhost&"));
  CHECK(trial.service.count() == 0);
}

TEST_CASE("A signed URL of temporary credentials carries their token") {
  s3_trial trial;
  trial.options.session_token = s3_trial::session_token;

  CHECK(has_part(trial.storage().presign_get("k", 1s).value(), "X-Amz-Security-Token=TOKEN%2F%2FFwoGZXIvYXdzEBYaDK&"));
}

TEST_CASE("A signed URL lives from one second to seven days") {
  s3_trial trial;
  const auto storage = trial.storage();

  CHECK(storage.presign_get("k", 1s).has_value());
  CHECK(storage.presign_get("k", 604'800s).has_value());
  CHECK(storage.presign_put("k", 604'800s).has_value());
  for (const std::chrono::seconds wrong : {0s, -1s, 604'801s, std::chrono::seconds::max(), std::chrono::seconds::min()}) {
    const auto refused = trial.refusal(storage.presign_get("k", wrong));
    CHECK(refused.code == errc::invalid_argument);
    CHECK(refused.operation == "storage.presign_get");
    CHECK(refused.subject == "k");
    CHECK(trial.refusal(storage.presign_put("k", wrong)).operation == "storage.presign_put");
  }
}

TEST_CASE("A content type that cannot stand in a header is refused") {
  s3_trial trial;

  CHECK(trial.refusal(trial.storage().presign_put("k", 60s, "text/plain\r\nx-evil: 1")).code == errc::invalid_argument);
}

TEST_CASE("A signed URL without credentials is an error that names the call") {
  s3_trial trial;
  trial.options.access_key.clear();
  trial.options.secret_key.clear();
  trial.options.provider = []() -> lake::result<lake::s3_credentials> {
    return lake::error{errc::unavailable, "role", {}, "the role's server is away"};
  };

  const auto refused = trial.refusal(trial.storage().presign_get("k", 60s));

  CHECK(refused.code == errc::unavailable);
  CHECK(refused.operation == "storage.presign_get");
  CHECK(refused.subject == "k");
}
