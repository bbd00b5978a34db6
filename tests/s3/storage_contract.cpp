// s3_storage against the law of storages, on two real services: Ceph, which decides races, and Swift, which is stricter about signatures.
#include <lake/storage/s3.hpp>
#include <lake/testing/storage_contract.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/s3_server.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

/// Makes an empty storage each time: a bucket of its own.
auto buckets_of(const lake_test::s3_service& server, bool virtual_hosted = false) {
  return [&server, virtual_hosted] {
    lake::s3_options each = server.options(server.fresh_bucket());
    if (virtual_hosted) {
      each.path_style = false;
      each.endpoint = "http://localhost:" + std::to_string(server.port());
    }
    return lake::s3_storage::open(each).value();
  };
}

/// Runs the laws but those named.
template <class Make>
void obeys(const Make& make, const lake::testing::storage_trial& trial, const std::vector<std::string>& except = {}) {
  for (const lake::testing::contract_case& law : lake::testing::storage_contract(make, trial)) {
    if (std::find(except.begin(), except.end(), law.name) != except.end()) continue;
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

}  // namespace

TEST_CASE("s3_storage holds the law of storages on Ceph", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();

  obeys(buckets_of(lake_test::shared_rgw()), {.threads = 6, .rounds = 40});
}

TEST_CASE("s3_storage holds the law of storages with the bucket in the host's name", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();

  obeys(buckets_of(lake_test::shared_rgw(), true), {.large_bytes = 100'000, .threads = 3, .rounds = 5});
}

TEST_CASE("s3_storage holds the law of storages on Swift, but for what needs a conditional put", "[s3]") {
  LAKE_SKIP_WITHOUT_SWIFT();

  obeys(buckets_of(lake_test::shared_swift()), {.large_bytes = std::size_t{6} << 20U, .threads = 4, .rounds = 5},
        {"lets one of many creators win", "swaps only what was seen", "loses no swap"});
}

TEST_CASE("storages of two prefixes in one bucket do not see each other", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  lake::s3_options options = lake_test::shared_rgw().options(lake_test::shared_rgw().fresh_bucket());
  const auto listed = [](const lake::s3_storage& storage) {
    std::vector<std::string> keys;
    storage.list("", [&](const lake::object_info& each) { return keys.push_back(each.key), true; }).value();
    return keys;
  };
  auto whole = lake::s3_storage::open(options).value();
  options.prefix = "a";
  auto first = lake::s3_storage::open(options).value();
  options.prefix = "a b/c";
  auto second = lake::s3_storage::open(options).value();

  first.create("k", "first").value();
  second.create("k", "second").value();

  CHECK(listed(first) == std::vector<std::string>{"k"});
  CHECK(listed(second) == std::vector<std::string>{"k"});
  CHECK(listed(whole) == std::vector<std::string>{"a b/c/k", "a/k"});
  CHECK(**second.get("k") == "second");
  CHECK(second.remove_many(std::vector<std::string>{"k", "never there"}).has_value());
  CHECK(listed(whole) == std::vector<std::string>{"a/k"});
}

TEST_CASE("the prefix counts for the length of a key", "[s3]") {
  lake::s3_options options{.endpoint = "http://127.0.0.1:1", .bucket = "bucket", .access_key = "key", .secret_key = "secret", .prefix = "four"};
  const auto storage = lake::s3_storage::open(options).value();
  const std::string segment(203, 'x');
  const std::string longest = segment + '/' + segment + '/' + segment + '/' + segment + '/' + segment;  // 1,019 bytes

  const auto refused = storage.get(longest);

  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == lake::errc::invalid_argument);
  CHECK(refused.error().message == "with the prefix \"four\" an object key has at most 1018 bytes");
}
