// The servers that the tests of S3 stand on: that they are up, check who asks, and leave nothing behind. They are asked by the program curl.
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/process.hpp"
#include "support/s3_server.hpp"
#include "support/s3_talk.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using lake_test::s3_account;
using lake_test::s3_ask;

namespace {

bool says(const lake_test::s3_said& said, int status, const std::string& code) {
  INFO(said.status << " " << said.body);
  CHECK(said.status == status);
  return said.body.find("<Code>" + code + "</Code>") != std::string::npos;
}

}  // namespace

TEST_CASE("Ceph's gateway keeps what its user puts") {
  LAKE_SKIP_WITHOUT_RGW();
  const lake_test::s3_bucket bucket(lake_test::shared_rgw());
  const s3_account& account = lake_test::shared_rgw().account();

  const lake_test::s3_said put = s3_ask(account, "PUT", "/" + bucket.name() + "/a/b", "some bytes");
  const lake_test::s3_said got = s3_ask(account, "GET", "/" + bucket.name() + "/a/b");

  CHECK(put.status == 200);
  CHECK(got.status == 200);
  CHECK(got.body == "some bytes");
}

TEST_CASE("Ceph's gateway refuses a wrong secret and an unknown user") {
  LAKE_SKIP_WITHOUT_RGW();
  s3_account wrong = lake_test::shared_rgw().account();
  s3_account unknown = wrong;

  wrong.secret_key.back() = wrong.secret_key.back() == '0' ? '1' : '0';
  unknown.access_key = "NOBODY";

  CHECK(says(s3_ask(wrong, "GET", "/"), 403, "SignatureDoesNotMatch"));
  CHECK(says(s3_ask(unknown, "GET", "/"), 403, "InvalidAccessKeyId"));
}

TEST_CASE("Ceph's gateway creates an object once where the second creator says so") {
  LAKE_SKIP_WITHOUT_RGW();
  const lake_test::s3_bucket bucket(lake_test::shared_rgw());
  const s3_account& account = lake_test::shared_rgw().account();
  const std::string target = "/" + bucket.name() + "/once";

  const lake_test::s3_said first = s3_ask(account, "PUT", target, "first", {"If-None-Match: *"});
  const lake_test::s3_said second = s3_ask(account, "PUT", target, "second", {"If-None-Match: *"});

  CHECK(first.status == 200);
  CHECK(says(second, 412, "PreconditionFailed"));
  CHECK(s3_ask(account, "GET", target).body == "first");
}

TEST_CASE("Ceph's gateway serves https with a certificate that its file vouches for") {
  LAKE_SKIP_WITHOUT_RGW();
  const lake_test::rgw_server server({.lines = {}, .tls = true});
  s3_account strict = server.account();
  strict.ca_file.clear();

  const lake_test::s3_said stranger = s3_ask(strict, "GET", "/");

  CHECK(server.endpoint().starts_with("https://"));
  CHECK(std::filesystem::exists(server.options("bucket").ca_file));
  CHECK(s3_ask(server.account(), "GET", "/").status == 200);
  CHECK(stranger.status == 0);
  CHECK(stranger.body.find("certificate") != std::string::npos);
}

TEST_CASE("Ceph's gateway asks to slow down above the requests that its configuration allows") {
  LAKE_SKIP_WITHOUT_RGW();
  const lake_test::rgw_server server({.lines = {"rgw_max_concurrent_requests = 1"}});
  const std::string bucket = server.fresh_bucket();
  const lake_test::scratch_folder folder;
  std::ofstream(folder.path() / "body") << std::string(1'000'000, 'x');
  std::vector<std::string> slowly = lake_test::s3_command(server.account(), "PUT", "/" + bucket + "/slow", {"Content-Type: text/plain"});
  slowly.insert(slowly.end(), {"--limit-rate", "50k", "--data-binary", "@body"});

  lake_test::child_process upload;
  lake_test::s3_said said;
  for (int tries = 0; tries < 200 && said.status != 503; ++tries) {
    // The upload may be the one that is refused: then it ends at once.
    if (!upload.alive()) upload = lake_test::child_process(slowly, {}, folder.path(), folder.path() / "said");
    said = s3_ask(server.account(), "GET", "/");
  }

  CHECK(says(said, 503, "SlowDown"));
}

TEST_CASE("Swift keeps what its user puts") {
  LAKE_SKIP_WITHOUT_SWIFT();
  const lake_test::s3_bucket bucket(lake_test::shared_swift());
  const s3_account& account = lake_test::shared_swift().account();

  const lake_test::s3_said put = s3_ask(account, "PUT", "/" + bucket.name() + "/a/b", "some bytes");
  const lake_test::s3_said got = s3_ask(account, "GET", "/" + bucket.name() + "/a/b");

  CHECK(put.status == 200);
  CHECK(got.status == 200);
  CHECK(got.body == "some bytes");
}

TEST_CASE("Swift refuses a wrong secret and another region") {
  LAKE_SKIP_WITHOUT_SWIFT();
  s3_account wrong = lake_test::shared_swift().account();
  s3_account elsewhere = wrong;

  wrong.secret_key.back() = wrong.secret_key.back() == '0' ? '1' : '0';
  elsewhere.region = "eu-central-1";

  CHECK(says(s3_ask(wrong, "GET", "/"), 403, "SignatureDoesNotMatch"));
  CHECK(says(s3_ask(elsewhere, "GET", "/"), 400, "AuthorizationHeaderMalformed"));
}

TEST_CASE("buckets of two tests on one server know nothing of each other") {
  LAKE_SKIP_WITHOUT_RGW();
  const lake_test::s3_bucket one(lake_test::shared_rgw());
  const lake_test::s3_bucket other(lake_test::shared_rgw());
  const s3_account& account = lake_test::shared_rgw().account();

  s3_ask(account, "PUT", "/" + one.name() + "/key", "bytes");

  CHECK(one.name() != other.name());
  CHECK(one.options().bucket == one.name());
  CHECK(says(s3_ask(account, "GET", "/" + other.name() + "/key"), 404, "NoSuchKey"));
}

TEST_CASE("a server that goes leaves neither its port nor its folder behind") {
  const auto gone = [](auto begin) {
    auto server = begin();
    const int port = server->port();
    const std::filesystem::path folder = server->folder();
    CHECK(lake_test::port_answers(port));
    CHECK(std::filesystem::exists(folder));

    server.reset();

    CHECK_FALSE(lake_test::port_answers(port));
    CHECK_FALSE(std::filesystem::exists(folder));
  };
  SECTION("Ceph") {
    LAKE_SKIP_WITHOUT_RGW();
    gone([] { return std::make_unique<lake_test::rgw_server>(); });
  }
  SECTION("Swift") {
    LAKE_SKIP_WITHOUT_SWIFT();
    gone([] { return std::make_unique<lake_test::swift_server>(); });
  }
}
