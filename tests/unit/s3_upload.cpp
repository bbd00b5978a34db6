// Objects that are sent in parts: sizes and numbers of parts, the completion, and that an upload which fails leaves nothing behind. The
// service is a script, and time is the test's.
#include "support/catch.hpp"
#include "support/recorded_transport.hpp"

#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/s3_upload.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace lake_test;
using lake::errc;
using lines = std::vector<std::string>;
using upload = lake::detail::s3_upload<lake::detail::s3_client<recorded_transport>>;

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
constexpr std::string_view own = "8000000000000001";

// What each step of an upload is, on the wire; the id "2~Up/load+Id=&" has what a URL must encode.
const std::string begins = "POST /things/k?uploads=";
const std::string completes = "POST /things/k?uploadId=2~Up%2Fload%2BId%3D%26";
const std::string abandons = "DELETE /things/k?uploadId=2~Up%2Fload%2BId%3D%26";
std::string sends(int number) { return "PUT /things/k?partNumber=" + std::to_string(number) + "&uploadId=2~Up%2Fload%2BId%3D%26"; }

http_answer said_begun() {
  return said(200, {},
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
              "<Bucket>things</Bucket><Key>k</Key><UploadId>2~Up/load+Id=&amp;</UploadId></InitiateMultipartUploadResult>");
}
http_answer said_completed() {
  return said(200, {},
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUploadResult><Location>somewhere</Location>"
              "<ETag>&quot;whole-3&quot;</ETag></CompleteMultipartUploadResult>");
}

/// A service that does all that is asked; where `instead` gives an answer for a request, that one.
recorded_transport::answerer obliging(std::function<std::optional<http_answer>(const recorded_request&)> instead = {}) {
  return [instead = std::move(instead)](const recorded_request& request) {
    if (instead) {
      if (auto other = instead(request)) return *std::move(other);
    }
    const std::string line = request.line();
    if (line == begins) return said_begun();
    if (request.method == "POST") return said_completed();
    if (request.method == "HEAD") return said(404);
    if (request.method == "DELETE") return said(204);
    return said_stored("part-" + request.parameter("partNumber"));
  };
}
/// The same, with this answer for requests of this line.
recorded_transport::answerer obliging_but(std::string line, http_answer answer) {
  return obliging([line = std::move(line), answer = std::move(answer)](const recorded_request& request) -> std::optional<http_answer> {
    if (request.line() == line) return answer;
    return std::nullopt;
  });
}
http_answer head(std::string_view lineage) { return said_object("", "whole-3", std::string(lineage)); }

/// So many bytes, not all alike.
std::string bytes_of(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; i += 1'021) out[i] = static_cast<char>('a' + i % 26);
  return out;
}

/// Gives so many bytes in pieces of at most `most`; counts what it gave.
struct pieces {
  std::size_t left;
  std::size_t most = mebibyte;
  std::size_t given = 0;

  lake::result<std::size_t> operator()(std::span<char> to) {
    const std::size_t size = (std::min)({to.size(), left, most});
    std::fill_n(to.begin(), size, 'x');
    left -= size;
    given += size;
    return size;
  }
};

/// An upload of three small parts.
upload begun(const lake::detail::s3_client<recorded_transport>& client) {
  auto made = upload::begin(client, "storage.put", "k", std::string(own));
  REQUIRE(made.has_value());
  for (const std::string_view part : {"one", "two", "three"}) REQUIRE(made->add(part).has_value());
  return *std::move(made);
}

}  // namespace

// --- sizes ---------------------------------------------------------------------------------------------------------------------

TEST_CASE("Parts of an upload whose length nobody knows double every 2,000 parts") {
  using lake::detail::part_size;
  CHECK(part_size(5 * mebibyte, 1) == 5 * mebibyte);
  CHECK(part_size(5 * mebibyte, 2'000) == 5 * mebibyte);
  CHECK(part_size(5 * mebibyte, 2'001) == 10 * mebibyte);
  CHECK(part_size(5 * mebibyte, 4'000) == 10 * mebibyte);
  CHECK(part_size(5 * mebibyte, 4'001) == 20 * mebibyte);
  CHECK(part_size(5 * mebibyte, 8'001) == 80 * mebibyte);
  CHECK(part_size(5 * mebibyte, 10'000) == 80 * mebibyte);
  CHECK(part_size(5 * mebibyte, 10'001) == 80 * mebibyte);
}

TEST_CASE("Parts of an upload of known length are as wanted, or larger where 10,000 would not do") {
  using lake::detail::part_size_of;
  constexpr std::size_t all = 10'000 * 5 * mebibyte;
  CHECK(part_size_of(12 * mebibyte, 5 * mebibyte) == 5 * mebibyte);
  CHECK(part_size_of(all, 5 * mebibyte) == 5 * mebibyte);
  CHECK(part_size_of(all + 1, 5 * mebibyte) == 5 * mebibyte + 1);
  CHECK(part_size_of(std::size_t{5} << 40U, 8 * mebibyte) == 549'755'814);
  CHECK(part_size_of(0, 5 * mebibyte) == 5 * mebibyte);
}

TEST_CASE("10,000 parts of the size chosen are enough for any length") {
  for (const std::size_t total : {std::size_t{1}, std::size_t{9'999}, std::size_t{10'000}, std::size_t{10'001}, (std::size_t{5} << 40U) - 1,
                                  std::size_t{5} << 40U, (std::numeric_limits<std::size_t>::max)()}) {
    const std::size_t size = lake::detail::part_size_of(total, 1);
    CHECK(total / size + (total % size != 0 ? 1 : 0) <= lake::detail::s3_most_parts);
  }
}

// --- put -----------------------------------------------------------------------------------------------------------------------

TEST_CASE("A large body is put in parts, which the completion names with their tags") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 6 * mebibyte;
  trial.options.part_bytes = 5 * mebibyte;
  trial.service.always(obliging());
  const std::string body = bytes_of(12 * mebibyte);

  CHECK(trial.storage().put("k", body).has_value());

  CHECK(trial.service.lines() == lines{begins, sends(1), sends(2), sends(3), completes});
  const auto sent = trial.service.requests();
  CHECK(sent[0].header("x-amz-meta-lake-put") == own);
  CHECK(sent[0].body.empty());
  CHECK(sent[1].body.size() == 5 * mebibyte);
  CHECK(sent[2].body.size() == 5 * mebibyte);
  CHECK(sent[3].body.size() == 2 * mebibyte);
  CHECK((sent[1].body + sent[2].body + sent[3].body == body));
  CHECK(sent[4].body ==
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Part><PartNumber>1</PartNumber><ETag>&quot;part-1&quot;</ETag></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>&quot;part-2&quot;</ETag></Part>"
        "<Part><PartNumber>3</PartNumber><ETag>&quot;part-3&quot;</ETag></Part></CompleteMultipartUpload>");
  CHECK(sent[4].header("content-type") == "application/xml");
  CHECK_FALSE(sent[4].has("if-none-match"));
  for (const recorded_request& each : sent) {
    CHECK(each.header("authorization") ==
          expected_authorization(each, {.access_key = "AKIDTRIAL", .secret_key = std::string(s3_trial::secret_key)}, "eu-test-1",
                                 trial_begin));
  }
}

TEST_CASE("A body of the bound is put at once, one byte more in parts") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 100;
  trial.service.always(obliging());
  auto storage = trial.storage();

  storage.put("k", std::string(100, 'x')).value();
  CHECK(trial.service.lines() == lines{"PUT /things/k"});
  storage.put("k", std::string(101, 'x')).value();

  CHECK(trial.service.lines() == lines{"PUT /things/k", begins, sends(1), completes});
}

TEST_CASE("A part that meets a mishap is sent again, with the same number") {
  s3_trial trial;
  trial.service.then({said_begun(), said(500), said_stored("part-1"), said_completed()});
  const auto client = trial.client();

  auto made = upload::begin(client, "storage.put", "k", std::string(own)).value();
  CHECK(made.add("one").has_value());
  CHECK(made.complete({}).has_value());

  CHECK(trial.service.lines() == lines{begins, sends(1), sends(1), completes});
  CHECK(trial.service.request(2).body == "one");
}

TEST_CASE("An upload that cannot be begun leaves nothing to abandon") {
  s3_trial trial;
  trial.service.then({aws_error(403, "AccessDenied"), said(200, {}, "<html/>"), said(200, {}, "<InitiateMultipartUploadResult/>")});
  trial.options.multipart_from_bytes = 2;
  auto storage = trial.storage();

  CHECK(trial.refusal(storage.put("k", "xyz")).code == errc::access_denied);
  for (int i = 0; i < 2; ++i) {
    const auto refused = trial.refusal(storage.put("k", "xyz"));
    CHECK(refused.code == errc::io);
    CHECK(refused.operation == "storage.put");
    CHECK(refused.subject == "k");
  }

  CHECK(trial.service.lines() == lines{begins, begins, begins});
}

// --- what is abandoned ---------------------------------------------------------------------------------------------------------

TEST_CASE("Nothing is abandoned after a success") {
  s3_trial trial;
  trial.service.always(obliging());

  CHECK(begun(trial.client()).complete({}).has_value());

  CHECK(trial.service.last().line() == completes);
  CHECK(trial.service.count(abandons) == 0);
}

TEST_CASE("An upload is abandoned once when a part fails for good") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 6 * mebibyte;
  trial.options.part_bytes = 5 * mebibyte;
  trial.service.always(obliging_but(sends(2), aws_error(403, "AccessDenied")));

  const auto refused = trial.refusal(trial.storage().put("k", bytes_of(12 * mebibyte)));

  CHECK(refused.code == errc::access_denied);
  CHECK(refused.operation == "storage.put");
  CHECK(trial.service.lines() == lines{begins, sends(1), sends(2), abandons});
}

TEST_CASE("An upload that somebody else ended is no object that is missing") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 2;
  trial.service.always(obliging_but(sends(1), aws_error(404, "NoSuchUpload")));

  const auto refused = trial.refusal(trial.storage().put("k", "xyz"));

  CHECK(refused.code != errc::not_found);
  CHECK(has_part(refused.message, "NoSuchUpload"));
}

TEST_CASE("An upload is abandoned once when its completion fails for good") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 2;
  trial.service.always(obliging_but(completes, aws_error(400, "InvalidPart")));

  CHECK(trial.refusal(trial.storage().put("k", "xyz")).code == errc::invalid_argument);

  CHECK(trial.service.lines() == lines{begins, sends(1), completes, abandons});
}

TEST_CASE("An upload is abandoned once when its completion does not succeed in any try, and is not there") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 2;
  trial.service.always(obliging_but(completes, aws_error(200, "InternalError")));

  const auto refused = trial.refusal(trial.storage().put("k", "xyz"));

  CHECK(refused.code == errc::unavailable);
  CHECK(has_part(refused.message, "6 attempts"));
  CHECK(trial.service.count(completes) == 6);
  CHECK(trial.service.count(abandons) == 1);
  CHECK(trial.service.last().line() == abandons);
}

TEST_CASE("An upload is abandoned once when the source fails") {
  s3_trial trial;
  trial.options.part_bytes = 5 * mebibyte;
  trial.service.always(obliging());
  pieces source{12 * mebibyte};

  const auto refused = trial.refusal(trial.storage().create_from("k", [&](std::span<char> to) -> lake::result<std::size_t> {
    if (source.given >= 7 * mebibyte) return lake::error{errc::io, "reader", "file", "cannot be read"};
    return source(to);
  }));

  CHECK(refused.code == errc::io);
  CHECK(refused.subject == "file");
  CHECK(trial.service.lines() == lines{"HEAD /things/k", begins, sends(1), abandons});
}

TEST_CASE("An upload is abandoned also when the caller's stop token is set") {
  s3_trial trial;
  trial.options.part_bytes = 5 * mebibyte;
  std::stop_source stop;
  trial.service.always(obliging([&stop](const recorded_request& request) -> std::optional<http_answer> {
    if (request.line() == sends(2)) stop.request_stop();
    return std::nullopt;
  }));

  const auto refused = trial.refusal(trial.storage().within({.stop = stop.get_token()}).create_from("k", pieces{12 * mebibyte}));

  CHECK(refused.code == errc::cancelled);
  CHECK(trial.service.lines() == lines{"HEAD /things/k", begins, sends(1), sends(2), abandons});
}

TEST_CASE("An upload is abandoned also when the caller's deadline has passed, within five seconds") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 2;
  trial.service.always(obliging([&trial](const recorded_request& request) -> std::optional<http_answer> {
    if (request.line() != sends(1)) return std::nullopt;
    trial.clock.advance(10s);
    return said_nothing(http_failure::timed_out);
  }));

  const auto refused = trial.refusal(trial.storage().within({.deadline = 5s}).put("k", "xyz"));

  CHECK(refused.code == errc::timeout);
  CHECK(trial.service.lines() == lines{begins, sends(1), abandons});
  CHECK(trial.service.request(1).timeout == 5s);
  CHECK(trial.service.request(2).timeout == 5s);
}

TEST_CASE("An upload that cannot be abandoned fails as what it met before") {
  s3_trial trial;
  trial.options.multipart_from_bytes = 2;
  trial.service.then({said_begun(), aws_error(403, "AccessDenied"), aws_error(404, "NoSuchUpload")});

  CHECK(trial.refusal(trial.storage().put("k", "xyz")).code == errc::access_denied);

  CHECK(trial.service.lines() == lines{begins, sends(1), abandons});
}

TEST_CASE("An upload that is moved is abandoned once, where it went") {
  s3_trial trial;
  trial.service.always(obliging());
  {
    upload first = begun(trial.client());
    const upload second = std::move(first);
    CHECK(second.parts() == 3);
  }

  CHECK(trial.service.count(abandons) == 1);
}

// --- completion ------------------------------------------------------------------------------------------------------------------

TEST_CASE("A completion that confesses an error in a success is tried again") {
  s3_trial trial;
  trial.service.then({said_begun(), said_stored("1"), said_stored("2"), said_stored("3"), aws_error(200, "InternalError"),
                      aws_error(200, "SlowDown"), said_completed()});

  CHECK(begun(trial.client()).complete({}).has_value());

  CHECK(trial.service.count(completes) == 3);
  CHECK(*trial.waited == waits{25ms, 500ms});
  CHECK(trial.service.all_said());
}

TEST_CASE("After a lost completion an upload that is gone became our object, if that has our token") {
  for (const std::string_view lineage : {"8000000000000001", "00000000deadbeef 8000000000000001 0"}) {
    s3_trial trial;
    trial.service.then({said_begun(), said_stored("1"), said_stored("2"), said_stored("3"), said_nothing(), aws_error(404, "NoSuchUpload"),
                        head(lineage)});

    CHECK(begun(trial.client()).complete({}).has_value());

    CHECK(trial.service.lines() == lines{begins, sends(1), sends(2), sends(3), completes, completes, "HEAD /things/k"});
  }
}

TEST_CASE("After a lost completion and a refusal by the condition our own object is no other's") {
  s3_trial trial;
  trial.service.then({said_begun(), said_stored("1"), said_stored("2"), said_stored("3"), said_nothing(),
                      aws_error(412, "PreconditionFailed"), head(own)});

  CHECK(begun(trial.client()).complete({{"if-none-match", "*"}}).has_value());

  CHECK(trial.service.count(abandons) == 0);
}

TEST_CASE("After completions all of whose answers were lost, our object tells that it is there") {
  s3_trial trial;
  trial.service.always(obliging([](const recorded_request& request) -> std::optional<http_answer> {
    if (request.line() == completes) return said_nothing();
    if (request.method == "HEAD") return head(own);
    return std::nullopt;
  }));

  CHECK(begun(trial.client()).complete({}).has_value());

  CHECK(trial.service.count(completes) == 6);
  CHECK(trial.service.count(abandons) == 0);
}

TEST_CASE("An object of another is not taken for ours") {
  s3_trial trial;
  trial.service.then({said_begun(), said_stored("1"), said_stored("2"), said_stored("3"), said_nothing(), aws_error(404, "NoSuchUpload"),
                      head("00000000deadbeef"), said(204)});

  const auto refused = trial.refusal(begun(trial.client()).complete({}));

  CHECK(refused.code != errc::not_found);
  CHECK(trial.service.last().line() == abandons);
}

TEST_CASE("An upload that is gone at the first completion is a failure, with no look at the object") {
  s3_trial trial;
  trial.service.always(obliging_but(completes, aws_error(404, "NoSuchUpload")));

  CHECK(has_part(trial.story(begun(trial.client()).complete({})), "NoSuchUpload"));

  CHECK(trial.service.count("HEAD /things/k") == 0);
}

TEST_CASE("A success whose document does not say so is believed if the object is ours") {
  for (const std::string& body : {std::string(), std::string("<CompleteMultipartUploadResult><ETag>"), std::string("<html>fine</html>")}) {
    INFO(body);
    s3_trial ours;
    ours.service.then({said_begun(), said_stored("1"), said_stored("2"), said_stored("3"), said(200, {}, body), head(own)});
    s3_trial none;
    none.service.then({said_begun(), said_stored("1"), said_stored("2"), said_stored("3"), said(200, {}, body), said(404), said(204)});

    CHECK(begun(ours.client()).complete({}).has_value());
    CHECK(ours.service.count(abandons) == 0);

    const auto refused = none.refusal(begun(none.client()).complete({}));
    CHECK(refused.code == errc::io);
    CHECK(refused.operation == "storage.put");
    CHECK(refused.subject == "k");
    CHECK(none.service.count(abandons) == 1);
  }
}

TEST_CASE("An upload has at most 10,000 parts") {
  s3_trial trial;
  trial.service.always(obliging());
  const auto client = trial.client();
  auto made = upload::begin(client, "storage.create_from", "k", std::string(own)).value();
  for (int i = 0; i < 10'000; ++i) {
    if (!made.add("x")) FAIL("part " << i + 1);
  }

  const auto more = made.add("x");

  REQUIRE_FALSE(more.has_value());
  CHECK(more.error().code == errc::limit_exceeded);
  CHECK(has_part(more.error().message, "part_bytes"));
  CHECK(trial.service.last().parameter("partNumber") == "10000");
}

// --- create_from -------------------------------------------------------------------------------------------------------------------

TEST_CASE("What fits into one part is created by one conditional put") {
  s3_trial trial;
  trial.options.part_bytes = 5 * mebibyte;
  trial.service.always(obliging());
  auto storage = trial.storage();

  CHECK(storage.create_from("k", pieces{5 * mebibyte - 1}).has_value());
  CHECK(storage.create_from("k", pieces{0}).has_value());

  CHECK(trial.service.lines() == lines{"PUT /things/k", "PUT /things/k"});
  for (const recorded_request& each : trial.service.requests()) {
    CHECK(each.header("if-none-match") == "*");
    CHECK(each.has("x-amz-meta-lake-put"));
  }
  CHECK(trial.service.request(0).body.size() == 5 * mebibyte - 1);
  CHECK(trial.service.request(1).body.empty());
}

TEST_CASE("A small object that is there already is not replaced") {
  s3_trial trial;
  trial.service.then({aws_error(412, "PreconditionFailed")});

  const auto refused = trial.refusal(trial.storage().create_from("k", pieces{3}));

  CHECK(refused.code == errc::already_exists);
  CHECK(refused.operation == "storage.create_from");
}

TEST_CASE("A long source is sent part by part, with never more than one part held") {
  s3_trial trial;
  trial.options.part_bytes = 5 * mebibyte;
  pieces source{12 * mebibyte};
  std::vector<std::size_t> given;
  trial.service.always(obliging([&](const recorded_request&) -> std::optional<http_answer> {
    given.push_back(source.given / mebibyte);
    return std::nullopt;
  }));

  CHECK(trial.storage().create_from("k", source).has_value());

  CHECK(trial.service.lines() == lines{"HEAD /things/k", begins, sends(1), sends(2), sends(3), "HEAD /things/k", completes});
  CHECK(given == std::vector<std::size_t>{5, 5, 5, 10, 12, 12, 12});
  CHECK(trial.service.request(2).body.size() == 5 * mebibyte);
  CHECK(trial.service.request(4).body.size() == 2 * mebibyte);
  CHECK(trial.service.last().header("if-none-match") == "*");
}

TEST_CASE("A source of exactly one part, or two, has no empty part behind") {
  for (const int parts : {1, 2}) {
    s3_trial trial;
    trial.options.part_bytes = 5 * mebibyte;
    trial.service.always(obliging());

    CHECK(trial.storage().create_from("k", pieces{static_cast<std::size_t>(parts) * 5 * mebibyte}).has_value());

    CHECK(trial.service.count() == static_cast<std::size_t>(parts) + 4);
    CHECK(trial.service.count(sends(parts)) == 1);
  }
}

TEST_CASE("A source that fails in its first part sends nothing") {
  s3_trial trial;

  const auto refused = trial.refusal(trial.storage().create_from("k", [](std::span<char>) -> lake::result<std::size_t> {
    return lake::error{errc::io, "reader", "file", "cannot be read"};
  }));

  CHECK(refused.subject == "file");
  CHECK(trial.service.count() == 0);
}

TEST_CASE("A large object is not begun where one is, and not completed where one came meanwhile") {
  s3_trial before;
  before.options.part_bytes = 5 * mebibyte;
  before.service.then({head("00000000deadbeef")});
  s3_trial meanwhile;
  meanwhile.options.part_bytes = 5 * mebibyte;
  meanwhile.service.then({said(404), said_begun(), said_stored("1"), head("00000000deadbeef"), said(204)});

  CHECK(before.refusal(before.storage().create_from("k", pieces{5 * mebibyte})).code == errc::already_exists);
  CHECK(meanwhile.refusal(meanwhile.storage().create_from("k", pieces{5 * mebibyte})).code == errc::already_exists);

  CHECK(before.service.count() == 1);
  CHECK(meanwhile.service.lines() == lines{"HEAD /things/k", begins, sends(1), "HEAD /things/k", abandons});
}

TEST_CASE("A service that honours the condition of a completion decides between creators") {
  s3_trial trial;
  trial.options.part_bytes = 5 * mebibyte;
  trial.service.then({said(404), said_begun(), said_stored("1"), said(404), aws_error(412, "PreconditionFailed"), said(204)});

  const auto refused = trial.refusal(trial.storage().create_from("k", pieces{5 * mebibyte}));

  CHECK(refused.code == errc::already_exists);
  CHECK(refused.operation == "storage.create_from");
  CHECK(trial.service.last().line() == abandons);
}

TEST_CASE("Where the service knows no If-None-Match, a completion has none") {
  for (const lake::s3_create way : {lake::s3_create::header, lake::s3_create::checked}) {
    s3_trial trial;
    trial.options.part_bytes = 5 * mebibyte;
    trial.options.create = way;
    trial.service.always(obliging());

    CHECK(trial.storage().create_from("k", pieces{5 * mebibyte}).has_value());

    CHECK(trial.service.last().line() == completes);
    CHECK_FALSE(trial.service.last().has("if-none-match"));
  }
}
