// A lake on servers: its index in Redis, its bodies in a bucket of an S3 service, a cache in another Redis.
//
//   examples/full_stack     starts all three on this machine, runs this program, and stops them
//   03_full_stack           uses servers that run already, as the environment says: LAKE_INDEX_URL and LAKE_CACHE_URL (redis://...),
//                           LAKE_S3_ENDPOINT (http://... or https://...), LAKE_S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY

#include <lake/lake.hpp>

#include <lake/cache/redis.hpp>
#include <lake/codec/gzip.hpp>
#include <lake/index/redis.hpp>
#include <lake/storage/s3.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The stack is a type: swap a policy, and the rest of the program stays as it is. Tests of yours may say memory_index and memory_storage.
using stack = lake::basic_lake<lake::redis_index, lake::s3_storage, lake::redis_cache, lake::gzip_codec>;

// This example is a test too: it says what it expects, and fails where that is not so.
void expect(bool holds, std::string_view what) {
  if (!holds) throw std::runtime_error("not as expected: " + std::string(what));
}

std::string setting(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; examples/full_stack starts the servers and sets it");
  return value;
}

// What can be wrong with an address or a password is told here, as an error; value() throws it.
stack open_stack() {
  auto index = lake::redis_index::connect({.url = setting("LAKE_INDEX_URL")}).value();
  auto cache = lake::redis_cache::connect({.url = setting("LAKE_CACHE_URL"), .ttl = std::chrono::minutes(10)}).value();
  // No keys here: they come from the environment, as with other clients of S3, and are in no error and no log.
  auto storage = lake::s3_storage::open({.endpoint = setting("LAKE_S3_ENDPOINT"), .bucket = setting("LAKE_S3_BUCKET"), .path_style = true}).value();
  storage.check().value();  // is the bucket there, and may we?
  return stack({.name = "full-stack"}, index, storage, cache, lake::gzip_codec{});
}

void tour() {
  using nlohmann::json;
  stack db = open_stack();

  // The first write makes the lake; the second shows what a write costs: two steps in the index, one put.
  lake::trace first{"Write"};
  db.write({.catalog = "orders", .body = R"({"open": {}})"}, first).value();
  lake::trace writing{"Write"};
  db.write({.catalog = "orders", .path = "/open/order_1", .body = R"({"item": "lamp", "pieces": 2})"}, writing).value();
  std::cout << first.dump() << '\n' << writing.dump() << '\n';

  // Many writes of one catalog: one step, puts side by side, one step.
  const std::vector<lake::write_request> batch = {{.catalog = "orders", .path = "/open/order_2", .body = R"({"item": "chair", "pieces": 4})"},
                                                  {.catalog = "orders", .path = "/open/order_3", .body = R"({"item": "desk", "pieces": 1})"}};
  lake::trace batching{"WriteBatch"};
  db.write_batch(batch, batching).value();
  std::cout << batching.dump() << '\n';

  // A read: one step in the index, the bodies side by side, merged. Afterwards a snapshot is saved in the background ...
  lake::trace reading{"Read"};
  const json orders = db.read_json("orders", reading).value();
  std::cout << reading.dump() << '\n';
  expect(orders.at("open").size() == 3 && orders.at("open").at("order_2").at("item") == "chair", "all orders are read back");
  db.flush();  // ... which we wait for here, so that the next read shows it

  // ... and another client reads that, from the cache that both share.
  stack other = open_stack();
  lake::trace again{"Read"};
  expect(other.read_json("orders", again).value() == orders, "another client reads the same document");
  std::cout << again.dump() << '\n';

  // Files go to the bucket as they are, and a URL lets somebody without keys fetch an object for an hour.
  db.write_file({.catalog = "orders", .path = "/invoices/1.txt", .body = "2 lamps", .meta = R"({"type": "text/plain"})"}).value();
  expect(other.read_file("orders", "/invoices/1.txt") == "2 lamps", "the file");
  std::cout << "files     " << other.files_and_meta("orders").value() << '\n';
  const std::string url = db.storage().presign_get("lake.json", std::chrono::hours(1)).value();
  std::cout << "presigned " << url.substr(0, url.find('?')) << "?...\n";
}

int main() {
  try {
    tour();
  } catch (const std::exception& failure) {
    std::cerr << "03_full_stack: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}
