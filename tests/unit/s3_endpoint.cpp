// Where a bucket is found: hosts, styles, regions and paths, and which names and endpoints are refused without showing a secret.
#include "support/catch.hpp"
#include "support/data.hpp"

#include <lake/detail/s3_endpoint.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace {

using lake::errc;
using lake::s3_options;
using lake::detail::s3_endpoint;

struct variables {
  std::map<std::string, std::string> set = {};
  std::string variable(const char* name) const {
    const auto found = set.find(name);
    return found == set.end() ? std::string() : found->second;
  }
};

lake::result<s3_endpoint> find(const s3_options& options, const variables& environment = {}) {
  return s3_endpoint::of(options, environment);
}

s3_endpoint found(const s3_options& options, const variables& environment = {}) {
  lake::result<s3_endpoint> endpoint = find(options, environment);
  INFO(options.endpoint << " " << options.bucket);
  INFO((endpoint ? std::string() : endpoint.error().to_string()));
  REQUIRE(endpoint.has_value());
  return *std::move(endpoint);
}

std::string base_url(std::string endpoint, std::string bucket = "bkt", bool path_style = false) {
  return found({.endpoint = std::move(endpoint), .bucket = std::move(bucket), .path_style = path_style}).base_url;
}

std::string region(std::string endpoint) { return found({.endpoint = std::move(endpoint), .bucket = "bkt"}).region; }

lake::error refusal(const s3_options& options) {
  const auto endpoint = find(options);
  INFO(options.endpoint << " " << options.bucket << " " << options.region);
  REQUIRE_FALSE(endpoint.has_value());
  CHECK(endpoint.error().code == errc::configuration);
  return endpoint.error();
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("An endpoint has the bucket before its host, and a port only where it is not the scheme's") {
  CHECK(base_url("https://minio.example:9000") == "https://bkt.minio.example:9000");
  CHECK(base_url("http://localhost:9000") == "http://bkt.localhost:9000");
  CHECK(base_url("https://minio.example:443/") == "https://bkt.minio.example");
  CHECK(base_url("http://minio.example:80") == "http://bkt.minio.example");
  CHECK(base_url("http://minio.example:443") == "http://bkt.minio.example:443");
  CHECK(base_url("minio.example") == "https://bkt.minio.example");
  CHECK(base_url("minio_1:9000") == "https://bkt.minio_1:9000");
  CHECK(base_url("HTTP://MinIO.Example") == "http://bkt.minio.example");
  CHECK(found({.endpoint = "http://minio.example:9000", .bucket = "bkt"}).host == "bkt.minio.example:9000");
}

TEST_CASE("Without an endpoint the bucket is at Amazon's of the region") {
  CHECK(found({.bucket = "bkt"}).base_url == "https://bkt.s3.us-east-1.amazonaws.com");
  CHECK(found({.bucket = "bkt", .region = "eu-west-1"}).base_url == "https://bkt.s3.eu-west-1.amazonaws.com");
  CHECK(found({.bucket = "bkt", .region = "cn-north-1"}).base_url == "https://bkt.s3.cn-north-1.amazonaws.com.cn");
  CHECK(found({.bucket = "bkt"}, {{{"AWS_REGION", "eu-north-1"}}}).host == "bkt.s3.eu-north-1.amazonaws.com");
}

TEST_CASE("The bucket stands in the path when asked, at bare addresses, and where its name cannot stand before a host") {
  const auto styled = [](std::string endpoint, std::string bucket) {
    return found({.endpoint = std::move(endpoint), .bucket = std::move(bucket)}).path_style;
  };
  CHECK(base_url("https://minio.example:9000", "bkt", true) == "https://minio.example:9000");
  CHECK(base_url("http://127.0.0.1:7480") == "http://127.0.0.1:7480");
  CHECK(base_url("http://[::1]:7480") == "http://[::1]:7480");
  CHECK(base_url("https://[2001:DB8:0:0::1]") == "https://[2001:db8::1]");
  CHECK(styled("http://127.0.0.1:7480", "bkt"));
  CHECK(styled("https://s3.example", "my.bucket"));
  CHECK_FALSE(styled("http://s3.example", "my.bucket"));
  for (const char* bucket : {"Upper", "under_score", "ab", "-lead", "trail-", ".lead", "trail.", "a..b", "a.-b", "a-.b"}) {
    CAPTURE(bucket);
    CHECK(styled("http://s3.example", bucket));
  }
  CHECK(styled("http://s3.example", std::string(64, 'b')));
  CHECK_FALSE(styled("http://s3.example", std::string(63, 'b')));
}

TEST_CASE("Aliyun's short names and hosts become its S3 hosts, with the bucket before them") {
  for (const char* endpoint : {"oss-cn-hangzhou", "oss-cn-hangzhou.aliyuncs.com", "https://oss-cn-hangzhou.aliyuncs.com",
                               "https://s3.oss-cn-hangzhou.aliyuncs.com"}) {
    const s3_endpoint at = found({.endpoint = endpoint, .bucket = "bkt"});
    CHECK(at.base_url == "https://bkt.s3.oss-cn-hangzhou.aliyuncs.com");
    CHECK(at.region == "cn-hangzhou");
    CHECK(at.is_aliyun);
  }
  const s3_endpoint internal = found({.endpoint = "oss-cn-hangzhou-internal", .bucket = "bkt"});
  CHECK(internal.base_url == "https://bkt.s3.oss-cn-hangzhou-internal.aliyuncs.com");
  CHECK(internal.region == "cn-hangzhou");
  CHECK(base_url("http://oss-us-west-1-internal.aliyuncs.com") == "http://bkt.s3.oss-us-west-1-internal.aliyuncs.com");
  CHECK_FALSE(found({.endpoint = "https://oss-mock:9000", .bucket = "bkt"}).is_aliyun);
  CHECK_FALSE(found({.endpoint = "https://aliyuncs.com.example", .bucket = "bkt"}).is_aliyun);
}

TEST_CASE("Aliyun's region is taken in the form of its host names too, and path style is refused there") {
  CHECK(found({.endpoint = "oss-accelerate", .bucket = "bkt", .region = "oss-cn-beijing"}).region == "cn-beijing");
  CHECK(found({.endpoint = "oss-cn-hangzhou", .bucket = "bkt", .region = "oss-cn-beijing-internal"}).region == "cn-beijing");
  CHECK(holds(refusal({.endpoint = "oss-cn-hangzhou", .bucket = "bkt", .path_style = true}).message, "path_style"));
  CHECK(refusal({.endpoint = "oss-cn-hangzhou", .bucket = "under_score"}).subject == "under_score");
}

TEST_CASE("A host's name tells the region") {
  CHECK(region("https://s3.amazonaws.com") == "us-east-1");
  CHECK(region("https://s3.eu-west-1.amazonaws.com") == "eu-west-1");
  CHECK(region("https://s3-eu-west-1.amazonaws.com") == "eu-west-1");
  CHECK(region("https://s3.dualstack.eu-west-1.amazonaws.com") == "eu-west-1");
  CHECK(region("https://s3-fips.us-gov-west-1.amazonaws.com") == "us-gov-west-1");
  CHECK(region("https://s3.cn-north-1.amazonaws.com.cn") == "cn-north-1");
  CHECK(region("https://0123abc.r2.cloudflarestorage.com") == "auto");
  CHECK(region("https://0123abc.eu.r2.cloudflarestorage.com") == "auto");
  CHECK(region("https://fra1.digitaloceanspaces.com") == "fra1");
  CHECK(region("https://s3.us-west-004.backblazeb2.com") == "us-west-004");
  CHECK(region("https://s3.wasabisys.com") == "us-east-1");
  CHECK(region("https://s3.eu-central-1.wasabisys.com") == "eu-central-1");
  CHECK(region("https://s3.fr-par.scw.cloud:443") == "fr-par");
  CHECK(region("https://storage.googleapis.com") == "auto");
  CHECK(region("https://s3.oss-ap-southeast-1.aliyuncs.com") == "ap-southeast-1");
}

TEST_CASE("The region is that of the options, else of the host, else of the environment, else us-east-1") {
  const variables both = {{{"AWS_REGION", "eu-north-1"}, {"AWS_DEFAULT_REGION", "eu-south-1"}}};
  const variables one = {{{"AWS_DEFAULT_REGION", "eu-south-1"}}};
  const std::string amazon = "https://s3.eu-west-1.amazonaws.com";

  CHECK(found({.endpoint = amazon, .bucket = "bkt", .region = "eu-west-9"}, both).region == "eu-west-9");
  CHECK(found({.endpoint = amazon, .bucket = "bkt"}, both).region == "eu-west-1");
  CHECK(found({.endpoint = "http://minio.example", .bucket = "bkt"}, both).region == "eu-north-1");
  CHECK(found({.endpoint = "http://minio.example", .bucket = "bkt"}, one).region == "eu-south-1");
  CHECK(found({.endpoint = "http://minio.example", .bucket = "bkt"}).region == "us-east-1");
  CHECK(found({.endpoint = "https://s3-accelerate.amazonaws.com", .bucket = "bkt"}, one).region == "eu-south-1");
  CHECK(found({.endpoint = "oss-accelerate", .bucket = "bkt"}, one).region == "eu-south-1");
}

TEST_CASE("A key is encoded once in its path, behind the bucket where that is the style") {
  const s3_endpoint path_style = found({.endpoint = "http://127.0.0.1:9000", .bucket = "bkt"});
  const s3_endpoint before_host = found({.endpoint = "http://localhost:9000", .bucket = "bkt"});

  CHECK(path_style.object_path("9bc6/(users/a b+%41") == "/bkt/9bc6/%28users/a%20b%2B%2541");
  CHECK(path_style.object_path("") == "/bkt");
  CHECK(path_style.object_path("a//../b") == "/bkt/a//../b");
  CHECK(before_host.object_path("4020/)u/~") == "/4020/%29u/~");
  CHECK(before_host.object_path("") == "/");
  CHECK(path_style.object_url("/bkt/k", "uploads=") == "http://127.0.0.1:9000/bkt/k?uploads=");
  CHECK(before_host.object_url("/k") == "http://bkt.localhost:9000/k");
}

TEST_CASE("Host and path of every S3 request that botocore signed are those of the endpoint") {
  const std::string file = lake_test::file_bytes(lake_test::data_folder() / "sigv4" / "s3-botocore-generated.json");
  if (file.empty()) LAKE_SKIP("botocore's S3 signatures are absent");
  std::size_t run = 0;
  const auto book = nlohmann::json::parse(file);
  for (const auto& each : book["cases"]) {
    CAPTURE(each["name"].get<std::string>());
    const std::string host = each["host"];
    const bool amazon = host.starts_with("bkt.");
    const s3_endpoint at = found({.endpoint = amazon ? "" : "http://" + host, .bucket = "bkt"});
    const std::string path = at.object_path(each["key"].is_null() ? std::string() : each["key"].get<std::string>());
    CHECK(at.host == host);
    if (each.contains("wire_path")) CHECK(path == each["wire_path"].get<std::string>());
    else CHECK(each["url"].get<std::string>().starts_with(std::string("http://").append(host).append(path).append(1, '?')));
    ++run;
  }
  CHECK(run == 68);
}

TEST_CASE("A bucket's name that would break the URL is refused with its rule") {
  for (const char* bucket : {"", ".", "..", "a/b", "a?b", "a#b", "a%2Fb", "a b", "a@b", "a:b", "a\nb", "b\xc3\xa9"}) {
    const lake::error refused = refusal({.endpoint = "https://s3.example", .bucket = bucket});
    CHECK(refused.subject == bucket);
    CHECK(holds(refused.message, "1 to 255 letters"));
  }
  CHECK(refusal({.bucket = std::string(256, 'b')}).operation == "s3.bucket");
}

TEST_CASE("A region that would break the scope of a signature is refused") {
  for (const char* name : {"eu/west", "eu west", "eu-west-1\n", "eu.west", "a@b"}) {
    const lake::error refused = refusal({.bucket = "bkt", .region = name});
    CHECK(refused.operation == "s3.region");
    CHECK(refused.subject == name);
  }
}

TEST_CASE("An endpoint that is no host with a port is refused, and the message names the rule") {
  struct mistake {
    std::string_view endpoint;
    std::string_view rule;
  };
  const mistake mistakes[] = {
      {"s3://bucket", "https://"},
      {"ftp://h", "https://"},
      {"://h", "https://"},
      {"https://", "single dots"},
      {"https:///", "single dots"},
      {"https://h/base", "no path"},
      {"https://h//", "no path"},
      {"h/bucket", "no path"},
      {"https://h?x=1", "no query"},
      {"https://h/#x", "no query"},
      {"https://h:", "a port"},
      {"https://h:0", "a port"},
      {"https://h:65536", "a port"},
      {"https://h:080", "a port"},
      {"https://h:-1", "a port"},
      {"https://h:80:80", "a port"},
      {"https://:80", "single dots"},
      {"https://a..b", "single dots"},
      {"https://a.b.", "single dots"},
      {"https://a b", "single dots"},
      {"https://a%41", "single dots"},
      {"https://b\xc3\xbc"
       "cher.example",
       "single dots"},
      {"https://a\\b", "single dots"},
      {"https://127.1", "IPv4"},
      {"https://1.2.3.256", "IPv4"},
      {"https://010.0.0.1", "IPv4"},
      {"https://0x7f000001", "IPv4"},
      {"https://2130706433", "IPv4"},
      {"https://[::1", "\"]\""},
      {"https://[::1]x", "behind an IPv6"},
      {"https://[::1]x:80", "behind an IPv6"},
      {"https://[fe80::1%25eth0]", "IPv6"},
      {"https://[1.2.3.4]", "IPv6"},
      {"https://[]", "IPv6"},
  };
  for (const mistake& each : mistakes) {
    const lake::error refused = refusal({.endpoint = std::string(each.endpoint), .bucket = "bkt"});
    CHECK(refused.operation == "s3.endpoint");
    CHECK(holds(refused.message, each.rule));
  }
  const std::string nul("https://1.2.3.4\0.5", 18);
  CHECK(refusal({.endpoint = nul, .bucket = "bkt"}).operation == "s3.endpoint");
  CHECK(holds(refusal({.endpoint = "https://" + std::string(64, 'h'), .bucket = "bkt"}).message, "1 to 63"));
  std::string labels = std::string(63, 'a');
  for (int i = 0; i < 3; ++i) labels += '.' + std::string(63, 'b');
  CHECK(holds(refusal({.endpoint = labels, .bucket = "bkt"}).message, "253"));
}

TEST_CASE("An endpoint with credentials in it is refused without showing them") {
  for (const char* endpoint : {"https://key:s3cret@h", "https://s3cret@h:9000/x", "key:s3cret@h", "https://k:s3/s3cret?s3cret@h",
                               "h?token=s3cret", "https://h/?s3cret", "https://h#s3cret", "k:s3cret://@h", "https://h/x@s3cret@h"}) {
    const lake::error refused = refusal({.endpoint = endpoint, .bucket = "bkt"});
    CHECK_FALSE(holds(refused.to_string(), "s3cret"));
    CHECK(holds(refused.subject, "***"));
  }
}
