// Puts that depend on what is there: create and swap in each way that services know, and how an answer that was lost is settled. The
// service is a script, and time is the test's.
#include "support/catch.hpp"
#include "support/recorded_transport.hpp"

#include <lake/core/error.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/s3_conditions.hpp>

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace lake_test;
using lake::errc;
using lines = std::vector<std::string>;

/// The first token that a trial draws, another's, and that of the object that was there.
constexpr std::string_view own = "8000000000000001";
constexpr std::string_view foreign = "00000000deadbeef";
constexpr std::string_view before = "00000000cafecafe";

/// HEAD of an object.
http_answer head(const std::string& tag, std::string_view lineage = {}) {
  http_answer out = said_object("", tag, std::string(lineage));
  return out;
}
std::string text(std::string_view first, std::string_view second = {}, std::string_view third = {}) {
  std::string out(first);
  for (const std::string_view each : {second, third}) {
    if (!each.empty()) out.append(" ").append(each);
  }
  return out;
}
const http_answer mishap = aws_error(500, "InternalError");
const http_answer refused_412 = aws_error(412, "PreconditionFailed");

}  // namespace

// --- create ------------------------------------------------------------------------------------------------------------------

TEST_CASE("Create asks the service to refuse if an object is there, and marks the object with a token") {
  s3_trial trial;
  trial.service.then({said_stored("t1")});

  CHECK(trial.storage().create("k", "hello").has_value());

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.line() == "PUT /things/k");
  CHECK(sent.body == "hello");
  CHECK(sent.header("if-none-match") == "*");
  CHECK(sent.header("x-amz-meta-lake-put") == own);
  CHECK_FALSE(sent.has("x-oss-forbid-overwrite"));
  CHECK(signed_names(sent) == "host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-meta-lake-put");
}

TEST_CASE("Create gives the tag that the object has now") {
  s3_trial trial;
  trial.service.then({said_stored("t1")});
  const auto client = trial.client();

  CHECK(lake::detail::s3_conditions(client).create("storage.create", "k", "x").value() == text("t1", own));
}

TEST_CASE("Two puts have two tokens") {
  s3_trial trial;
  trial.service.then({said_stored("t1"), said_stored("t2")});
  auto storage = trial.storage();

  storage.create("a", "x").value();
  storage.create("b", "x").value();

  CHECK(trial.service.request(0).header("x-amz-meta-lake-put") != trial.service.request(1).header("x-amz-meta-lake-put"));
}

TEST_CASE("At Aliyun's endpoints create uses Aliyun's header") {
  s3_trial trial;
  trial.options.endpoint = "oss-cn-hangzhou";
  trial.options.region = "";
  trial.options.path_style = false;
  trial.service.then({said_stored("T1")});

  CHECK(trial.storage().create("k", "x").has_value());

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.url == "https://things.s3.oss-cn-hangzhou.aliyuncs.com/k");
  CHECK(sent.header("x-oss-forbid-overwrite") == "true");
  CHECK_FALSE(sent.has("if-none-match"));
  CHECK(has_part(signed_names(sent), "x-oss-forbid-overwrite"));
}

TEST_CASE("The way to create can be chosen at any endpoint") {
  s3_trial header;
  header.options.create = lake::s3_create::header;
  header.service.then({said_stored("t1")});
  s3_trial atomic;
  atomic.options.endpoint = "oss-cn-hangzhou";
  atomic.options.path_style = false;
  atomic.options.create = lake::s3_create::atomic;
  atomic.service.then({said_stored("t1")});

  header.storage().create("k", "x").value();
  atomic.storage().create("k", "x").value();

  CHECK(header.service.request(0).header("x-oss-forbid-overwrite") == "true");
  CHECK_FALSE(header.service.request(0).has("if-none-match"));
  CHECK(atomic.service.request(0).header("if-none-match") == "*");
  CHECK_FALSE(atomic.service.request(0).has("x-oss-forbid-overwrite"));
}

TEST_CASE("A checked create looks first, and puts without a condition") {
  s3_trial trial;
  trial.options.create = lake::s3_create::checked;
  trial.service.then({said(404), said_stored("t1")});

  CHECK(trial.storage().create("k", "x").has_value());

  CHECK(trial.service.lines() == lines{"HEAD /things/k", "PUT /things/k"});
  CHECK_FALSE(trial.service.request(1).has("if-none-match"));
  CHECK_FALSE(trial.service.request(1).has("x-oss-forbid-overwrite"));
}

TEST_CASE("A checked create that sees an object puts nothing") {
  s3_trial trial;
  trial.options.create = lake::s3_create::checked;
  trial.service.then({head("t1")});

  CHECK(trial.refusal(trial.storage().create("k", "x")).code == errc::already_exists);

  CHECK(trial.service.lines() == lines{"HEAD /things/k"});
}

TEST_CASE("A checked create that cannot look puts nothing") {
  s3_trial trial;
  trial.options.create = lake::s3_create::checked;
  trial.service.then({said(403, {{"date", std::string(trial_begin_date)}})});

  CHECK(trial.refusal(trial.storage().create("k", "x")).code == errc::access_denied);

  CHECK(trial.service.count() == 1);
}

TEST_CASE("A first answer that an object is there holds, unless it is our own, which somebody on the way may have sent twice") {
  for (const http_answer& taken :
       {refused_412, rgw_error(412, "PreconditionFailed"), r2_error(412, "PreconditionFailed"), oss_error(409, "FileAlreadyExists")}) {
    s3_trial trial;
    trial.service.then({taken, head("t1", foreign)});

    const auto refused = trial.refusal(trial.storage().create("k", "x"));

    CHECK(refused.code == errc::already_exists);
    CHECK(refused.operation == "storage.create");
    CHECK(refused.subject == "k");
    CHECK(trial.service.lines() == lines{"PUT /things/k", "HEAD /things/k"});
  }
  s3_trial ours;
  ours.service.then({refused_412, head("t1", text(own))});
  CHECK(ours.storage().create("k", "x").has_value());
}

TEST_CASE("Tries that surely did nothing leave no doubt about an object that is there") {
  for (const http_answer& first :
       {said_nothing(http_failure::not_sent), aws_error(503, "SlowDown"), said(429), aws_error(409, "ConditionalRequestConflict"),
        aws_error(403, "RequestTimeTooSkewed", {{"date", std::string(trial_begin_date)}})}) {
    INFO(first.status << ' ' << first.body);
    s3_trial trial;
    trial.service.then({first, refused_412});

    CHECK(trial.refusal(trial.storage().create("k", "x")).code == errc::already_exists);

    CHECK(trial.service.lines() == lines{"PUT /things/k", "PUT /things/k", "HEAD /things/k"});
  }
}

TEST_CASE("After a try that may have stored the object, one that is there with our token is ours") {
  for (const http_answer& first :
       {mishap, said(502), said(503), said(504), said_nothing(http_failure::lost), said_nothing(http_failure::timed_out)}) {
    INFO(first.status << ' ' << static_cast<int>(first.failure));
    s3_trial trial;
    trial.service.then({first, refused_412, head("t1", own)});

    CHECK(trial.storage().create("k", "x").has_value());

    CHECK(trial.service.lines() == lines{"PUT /things/k", "PUT /things/k", "HEAD /things/k"});
    CHECK(trial.service.request(1).header("x-amz-meta-lake-put") == own);  // Each try is the same put.
  }
}

TEST_CASE("The same holds for the way in which Aliyun says it") {
  s3_trial trial;
  trial.options.endpoint = "oss-cn-hangzhou";
  trial.options.path_style = false;
  trial.service.then({said_nothing(), oss_error(409, "FileAlreadyExists"), head("T1", own)});

  CHECK(trial.storage().create("k", "x").has_value());

  CHECK(trial.service.count() == 3);
}

TEST_CASE("An object of ours that somebody replaced since was created all the same") {
  s3_trial trial;
  trial.service.then({mishap, refused_412, head("t2", text(foreign, own))});

  CHECK(trial.storage().create("k", "x").has_value());
}

TEST_CASE("An object with another's token, or without one, was there before us") {
  for (const std::string_view lineage : {foreign, std::string_view()}) {
    s3_trial trial;
    trial.service.then({mishap, refused_412, head("t1", lineage)});

    CHECK(trial.refusal(trial.storage().create("k", "x")).code == errc::already_exists);
  }
}

TEST_CASE("Where the object that is there cannot be looked at, the error says that it cannot be told") {
  s3_trial trial;
  trial.service.then({mishap, refused_412, said(403, {{"date", std::string(trial_begin_date)}})});

  const auto refused = trial.refusal(trial.storage().create("k", "x"));

  CHECK(refused.code == errc::unavailable);
  CHECK(has_part(refused.message, "whether the object was stored cannot be told"));
  REQUIRE(refused.causes.size() == 1);
  CHECK(refused.causes[0].code == errc::access_denied);
}

TEST_CASE("A create all of whose answers were lost says that the object may have been stored") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said_nothing(); });

  const auto refused = trial.refusal(trial.storage().create("k", "x"));

  CHECK(trial.service.count("PUT /things/k") == 6);
  CHECK(refused.code == errc::unavailable);
  CHECK(has_part(refused.message, "the object may have been stored all the same"));
  CHECK(has_part(refused.message, "6 attempts in 775 ms"));
}

TEST_CASE("A create that surely did nothing does not say that the object may have been stored") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return aws_error(503, "SlowDown"); });

  CHECK_FALSE(has_part(trial.refusal(trial.storage().create("k", "x")).message, "may have been stored"));
}

TEST_CASE("Another conditional request that is under way for the key is waited for") {
  s3_trial trial;
  trial.service.then({aws_error(409, "ConditionalRequestConflict"), aws_error(409, "ConditionalRequestConflict"), said_stored("t1")});

  CHECK(trial.storage().create("k", "x").has_value());

  CHECK(*trial.waited == waits{25ms, 50ms});
}

TEST_CASE("A service that knows no conditional put is told from others, with what to set") {
  s3_trial trial;
  trial.service.then({aws_error(501, "NotImplemented")});

  const auto refused = trial.refusal(trial.storage().create("k", "x"));

  CHECK(refused.code == errc::unsupported);
  CHECK(has_part(refused.message, "s3_create::checked"));
  CHECK(trial.service.count() == 1);
}

TEST_CASE("A bucket that is not there is a matter of configuration") {
  s3_trial trial;
  trial.service.then({aws_error(404, "NoSuchBucket")});

  CHECK(trial.refusal(trial.storage().create("k", "x")).code == errc::configuration);
}

// --- swap --------------------------------------------------------------------------------------------------------------------

TEST_CASE("The tag of an object is its ETag and its lineage") {
  s3_trial trial;
  trial.service.then({said_object("hello", "t1", text(before, "0")), said_object("hello", "t1")});
  const auto storage = trial.storage();

  const auto with = storage.get_tagged("k").value();
  const auto without = storage.get_tagged("k").value();

  CHECK(*with.body == "hello");
  CHECK(with.tag == text("t1", before, "0"));
  CHECK(without.tag == "t1");
}

TEST_CASE("A swap puts if the object has the tag that was seen, and its lineage goes on from there") {
  s3_trial trial;
  trial.service.then({said_stored("t2")});

  CHECK(trial.storage().swap("k", text("t1", before), "new").value() == text("t2", own, before));

  const recorded_request sent = trial.service.request(0);
  CHECK(sent.line() == "PUT /things/k");
  CHECK(sent.body == "new");
  CHECK(sent.header("if-match") == "\"t1\"");
  CHECK(sent.header("x-amz-meta-lake-put") == text(own, before));
  CHECK_FALSE(sent.has("if-none-match"));
}

TEST_CASE("A swap of an object without a token notes that there was none") {
  s3_trial trial;
  trial.service.then({said_stored("t2")});

  CHECK(trial.storage().swap("k", "t1", "new").value() == text("t2", own, "0"));

  CHECK(trial.service.request(0).header("x-amz-meta-lake-put") == text(own, "0"));
}

TEST_CASE("A swap without a tag creates, and an object that is there is a version conflict") {
  s3_trial trial;
  trial.service.then({said_stored("t1"), refused_412, head("t1", foreign), oss_error(409, "FileAlreadyExists"), head("t1", foreign)});
  auto storage = trial.storage();

  CHECK(storage.swap("k", "", "x").value() == text("t1", own));
  CHECK(trial.refusal(storage.swap("k", "", "x")).code == errc::version_conflict);
  CHECK(trial.refusal(storage.swap("k", "", "x")).operation == "storage.swap");

  CHECK(trial.service.request(0).header("if-none-match") == "*");
  CHECK_FALSE(trial.service.request(0).has("if-match"));
  CHECK(trial.service.count() == 5);
}

TEST_CASE("A swap without a tag is settled as a create is") {
  s3_trial ours;
  ours.service.then({mishap, refused_412, head("t1", own)});
  s3_trial theirs;
  theirs.service.then({mishap, refused_412, head("t1", foreign)});

  CHECK(ours.storage().swap("k", "", "x").value() == text("t1", own));
  CHECK(theirs.refusal(theirs.storage().swap("k", "", "x")).code == errc::version_conflict);
}

TEST_CASE("The outcome of a swap without a tag is unknown where its answers were lost") {
  s3_trial lost;
  lost.service.always([](const recorded_request&) { return said_nothing(); });
  s3_trial hidden;
  hidden.service.then({mishap, refused_412, said(403, {{"date", std::string(trial_begin_date)}})});

  CHECK(lost.refusal(lost.storage().swap("k", "", "x")).code == errc::outcome_unknown);
  CHECK(hidden.refusal(hidden.storage().swap("k", "", "x")).code == errc::outcome_unknown);
}

TEST_CASE("An object with another tag is a version conflict") {
  s3_trial trial;
  trial.service.then({refused_412, head("t2", foreign)});

  const auto refused = trial.refusal(trial.storage().swap("k", text("t1", before), "new"));

  CHECK(refused.code == errc::version_conflict);
  CHECK(refused.subject == "k");
  CHECK(trial.service.lines() == lines{"PUT /things/k", "HEAD /things/k"});
}

TEST_CASE("Where the form of tags is set, the other is not tried") {
  for (const lake::s3_tag_form form : {lake::s3_tag_form::quoted, lake::s3_tag_form::bare}) {
    s3_trial trial;
    trial.options.tag_form = form;
    trial.service.then({refused_412, head("t1", before)});

    CHECK(trial.refusal(trial.storage().swap("k", text("t1", before), "new")).code == errc::version_conflict);

    CHECK(trial.service.count() == 2);
    CHECK(trial.service.request(0).header("if-match") == (form == lake::s3_tag_form::quoted ? "\"t1\"" : "t1"));
  }
}

TEST_CASE("A service that refuses the tag that its object has gets it without quotes, from then on") {
  s3_trial trial;
  trial.service.then({rgw_error(412, "PreconditionFailed"), head("t1", before), said_stored("t2"),  // learned
                      said_stored("t3"), rgw_error(412, "PreconditionFailed"), head("t3", foreign)});
  auto storage = trial.storage();
  auto copy = storage;

  CHECK(storage.swap("k", text("t1", before), "new").has_value());
  CHECK(copy.swap("k", "t2", "newer").has_value());
  CHECK(trial.refusal(storage.swap("k", "t2", "late")).code == errc::version_conflict);

  std::vector<std::string> conditions;
  for (const recorded_request& each : trial.service.requests()) {
    if (each.method == "PUT") conditions.push_back(each.header("if-match"));
  }
  CHECK(conditions == lines{"\"t1\"", "t1", "t2", "t2"});
  CHECK(trial.service.count() == 6);
}

TEST_CASE("A tag that is refused in both forms is a version conflict, and nothing is learned from it") {
  s3_trial trial;
  trial.service.then({refused_412, head("t1", before), refused_412, head("t1", before), said_stored("t3")});
  auto storage = trial.storage();

  CHECK(trial.refusal(storage.swap("k", text("t1", before), "new")).code == errc::version_conflict);
  CHECK(storage.swap("k", "t2", "new").has_value());

  CHECK(trial.service.request(2).header("if-match") == "t1");
  CHECK(trial.service.request(4).header("if-match") == "\"t2\"");
}

TEST_CASE("A tag that no object has is a version conflict, and nothing is sent") {
  s3_trial trial;

  for (const std::string_view tag : {"*", " ", " abc", "* abc"}) {
    CHECK(trial.refusal(trial.storage().swap("k", tag, "new")).code == errc::version_conflict);
  }

  CHECK(trial.service.count() == 0);
}

TEST_CASE("A swap that somebody on the way sent twice is done, though its only answer is a refusal") {
  s3_trial trial;
  trial.service.then({refused_412, head("t2", text(own, before))});

  CHECK(trial.storage().swap("k", text("t1", before), "new").value() == text("t2", own, before));
}

TEST_CASE("An object that is gone is a version conflict, a bucket that is gone is not") {
  s3_trial trial;
  trial.options.tag_form = lake::s3_tag_form::quoted;
  trial.service.then({aws_error(404, "NoSuchKey"), aws_error(404, "NoSuchBucket")});
  auto storage = trial.storage();

  CHECK(trial.refusal(storage.swap("k", "t1", "new")).code == errc::version_conflict);
  CHECK(trial.refusal(storage.swap("k", "t1", "new")).code == errc::configuration);
}

TEST_CASE("A swap after a mishap that did nothing is done by the next try") {
  s3_trial trial;
  trial.service.then({mishap, said_stored("t2")});

  CHECK(trial.storage().swap("k", text("t1", before), "new").value() == text("t2", own, before));

  CHECK(trial.service.count() == 2);
}

TEST_CASE("A swap that is refused after a lost answer was done where the object has its token") {
  for (const http_answer& first :
       {mishap, rgw_error(500, "UnknownError"), said_nothing(http_failure::lost), said_nothing(http_failure::timed_out)}) {
    s3_trial trial;
    trial.service.then({first, refused_412, head("t2", text(own, before))});

    CHECK(trial.storage().swap("k", text("t1", before), "new").value() == text("t2", own, before));

    CHECK(trial.service.lines() == lines{"PUT /things/k", "PUT /things/k", "HEAD /things/k"});
  }
}

TEST_CASE("A swap that was done and replaced since is done, and its tag is no object's") {
  s3_trial trial;
  trial.options.tag_form = lake::s3_tag_form::quoted;
  trial.service.then({mishap, refused_412, head("t3", text(foreign, own, before)), refused_412, head("t3", text(foreign, own, before))});
  auto storage = trial.storage();

  const std::string tag = storage.swap("k", text("t1", before), "new").value();
  CHECK(tag != text("t3", foreign, own));
  CHECK(trial.refusal(storage.swap("k", tag, "next")).code == errc::version_conflict);

  CHECK(trial.service.request(3).header("if-match") != "\"t3\"");
  CHECK(trial.service.request(3).header("if-match") != "\"t2\"");
}

TEST_CASE("A swap that was not done is a version conflict: what it saw is there, or was replaced by another") {
  for (const http_answer& now : {head("t1", before), head("t2", text(foreign, before))}) {
    s3_trial trial;
    trial.options.tag_form = lake::s3_tag_form::quoted;
    trial.service.then({mishap, refused_412, now});

    CHECK(trial.refusal(trial.storage().swap("k", text("t1", before), "new")).code == errc::version_conflict);

    CHECK(trial.service.count() == 3);
  }
}

TEST_CASE("The outcome of a swap is unknown where the object does not tell it") {
  for (const http_answer& now : {head("t2", foreign), head("t2"), said(404), said(403, {{"date", std::string(trial_begin_date)}})}) {
    INFO(now.status);
    s3_trial trial;
    trial.options.tag_form = lake::s3_tag_form::quoted;
    trial.service.then({mishap, refused_412, now});

    const auto refused = trial.refusal(trial.storage().swap("k", text("t1", before), "new"));

    CHECK(refused.code == errc::outcome_unknown);
    CHECK(refused.operation == "storage.swap");
    CHECK(refused.subject == "k");
    CHECK(has_part(refused.message, "whether the object was stored cannot be told"));
    CHECK(trial.service.count() == 3);
  }
}

TEST_CASE("The outcome of a swap is unknown where all of its answers were lost") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return said_nothing(); });

  const auto refused = trial.refusal(trial.storage().swap("k", "t1", "new"));

  CHECK(refused.code == errc::outcome_unknown);
  REQUIRE(refused.causes.size() == 1);
  CHECK(refused.causes[0].code == errc::unavailable);
}

TEST_CASE("The outcome of a swap is unknown where another failure follows a lost answer") {
  s3_trial trial;
  trial.service.then({said_nothing(), aws_error(403, "AccessDenied")});

  CHECK(trial.refusal(trial.storage().swap("k", "t1", "new")).code == errc::outcome_unknown);
}

TEST_CASE("A swap that surely did nothing fails as what it met") {
  s3_trial trial;
  trial.service.always([](const recorded_request&) { return aws_error(503, "SlowDown"); });
  s3_trial denied;
  denied.service.then({aws_error(403, "AccessDenied")});

  CHECK(trial.refusal(trial.storage().swap("k", "t1", "new")).code == errc::unavailable);
  CHECK(denied.refusal(denied.storage().swap("k", "t1", "new")).code == errc::access_denied);
}

TEST_CASE("A swap cannot be had where the client only looks, nor with a tag where Aliyun's header is all there is") {
  s3_trial checked;
  checked.options.create = lake::s3_create::checked;
  s3_trial header;
  header.options.create = lake::s3_create::header;
  header.service.then({said_stored("t1")});

  CHECK(checked.refusal(checked.storage().swap("k", "t1", "x")).code == errc::unsupported);
  CHECK(checked.refusal(checked.storage().swap("k", "", "x")).code == errc::unsupported);
  CHECK(header.refusal(header.storage().swap("k", "t1", "x")).code == errc::unsupported);
  CHECK(checked.service.count() == 0);
  CHECK(header.service.count() == 0);

  CHECK(header.storage().swap("k", "", "x").has_value());
  CHECK(header.service.request(0).header("x-oss-forbid-overwrite") == "true");
}

TEST_CASE("A service that knows no conditional put refuses a swap with what to set") {
  s3_trial trial;
  trial.service.then({aws_error(501, "NotImplemented")});

  const auto refused = trial.refusal(trial.storage().swap("k", "t1", "x"));

  CHECK(refused.code == errc::unsupported);
  CHECK(has_part(refused.message, "s3_options::create"));
}

TEST_CASE("A tag that cannot stand in a header is refused before anything is sent") {
  s3_trial trial;

  CHECK(trial.refusal(trial.storage().swap("k", "t1\r\nx-amz-acl: public-read", "x")).code == errc::invalid_argument);
  CHECK(trial.refusal(trial.storage().swap("k", "t1 a\nb", "x")).code == errc::invalid_argument);

  CHECK(trial.service.count() == 0);
}

TEST_CASE("A stop token that is set after a lost answer leaves the outcome of a swap unknown, and a create says so") {
  for (const bool swaps : {false, true}) {
    s3_trial trial;
    std::stop_source stop;
    trial.while_waiting = [&stop] { stop.request_stop(); };
    trial.service.then({said_nothing()});
    auto storage = trial.storage().within({.stop = stop.get_token()});

    if (swaps) {
      CHECK(trial.refusal(storage.swap("k", "t1", "x")).code == errc::outcome_unknown);
    } else {
      const auto refused = trial.refusal(storage.create("k", "x"));
      CHECK(refused.code == errc::cancelled);
      CHECK(has_part(refused.message, "the object may have been stored all the same"));
    }
    CHECK(trial.service.count() == 1);
  }
}
