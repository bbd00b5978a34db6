// Keys that the law of storages does not try: what XML escapes or cannot hold, what is text twice, and those of a thousand bytes. Under each an
// object is created, listed, read, signed for and removed with all the others, on two real services.
#include <lake/storage/s3.hpp>

#include "s3/support.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/repeat.hpp"
#include "support/s3_server.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

using lake_test::s3_bucket;
using namespace std::chrono_literals;

namespace {

/// Sorted by their bytes, as a listing is.
std::vector<std::string> odd_keys() {
  const std::string part = lake_test::repeat(249, 'k');
  std::vector<std::string> keys = {
      "9bc6/(users/delta/1700000000_1_1.json", "a~b.snap", "a%7Eb.snap", " ", " leading", "trailing ", "a+b", "a b", "a%20b", "a%2Bb", "a%2Fb", "%",
      "<&>", "&amp;", "]]>", "<Key>a</Key>", "[a]{b}|c^d`e", "tab\there", "line\nend", "return\rhere", "\x7f", "\xe2\x80\xa8",
      "\xc3\xa9", "e\xcc\x81",  // One letter, composed and not.
      "\xf0\x9f\x90\xac/\xf4\x8f\xbf\xbd", "..a", "a..", "a/..b", part + '/' + part + '/' + part + '/' + part + "/1",
      "\xc3\xa4" + part + '/' + part + '/' + part + '/' + part + "/\xc3\xb6"};
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<std::string> listed(const lake::s3_storage& storage) {
  std::vector<std::string> keys;
  storage.list("", [&](const lake::object_info& each) { return keys.push_back(each.key), true; }).value();
  return keys;
}

void keeps(const lake_test::s3_service& server, const std::vector<std::string>& keys) {
  const s3_bucket bucket(server);
  lake::s3_options options = bucket.options();
  options.prefix = GENERATE(std::string(), std::string("pre+fix (1)"));
  lake::s3_storage storage = lake::s3_storage::open(options).value();

  for (const std::string& key : keys) {
    INFO(key);
    const auto made = storage.create(key, "bytes of " + key);
    INFO((made ? std::string() : made.error().to_string()));
    CHECK(made);
  }

  CHECK(listed(storage) == keys);
  for (const std::string& key : keys) {
    INFO(key);
    CHECK(**storage.get(key) == "bytes of " + key);
    CHECK(storage.stat(key)->bytes == ("bytes of " + key).size());
    CHECK(lake_test::ask_plainly("GET", storage.presign_get(key, 60s).value()).body == "bytes of " + key);
  }
  const auto removed = storage.remove_many(keys);
  INFO((removed ? std::string() : removed.error().to_string()));
  CHECK(removed);
  CHECK(listed(storage).empty());
}

}  // namespace

TEST_CASE("Ceph keeps objects under keys that XML escapes, and longest ones", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();

  keeps(lake_test::shared_rgw(), odd_keys());
}

TEST_CASE("Swift keeps objects under keys that XML escapes, and longest ones", "[s3]") {
  LAKE_SKIP_WITHOUT_SWIFT();

  keeps(lake_test::shared_swift(), odd_keys());
}

TEST_CASE("Ceph keeps objects under keys that XML cannot hold", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();

  keeps(lake_test::shared_rgw(), {"a\x01z", "a\x1f\x08z", "a\xef\xbf\xbfz"});
}
