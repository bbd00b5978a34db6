// How a lake reads from a service that is far away: its bodies at once, as many as it has workers, each of them once. How long that takes is a
// matter for the benchmarks; what is asked here is who waits for whom.
#include <lake/lake.hpp>

#include <lake/storage/s3.hpp>

#include "s3/support.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/process.hpp"
#include "support/s3_server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <thread>

using lake_test::http_fault;
using lake_test::http_message;
using lake_test::http_proxy;
using lake_test::http_verdict;
using lake_test::s3_bucket;
using lake_test::watched_s3;
using lake_test::watched_transport;
using namespace std::chrono_literals;

namespace {

using watched_lake = lake::basic_lake<lake::memory_index, watched_s3>;

/// A lake that begins with nothing in memory at each read, with a document of a snapshot and so many deltas, read through a proxy.
class far_lake {
 public:
  explicit far_lake(std::size_t deltas) {
    near_.write({.catalog = "doc", .body = R"({"begun":true})"}).value();
    near_.take_snapshot("doc").value();
    for (std::size_t i = 0; i < deltas; ++i) {
      near_.write({.catalog = "doc", .path = "/field" + std::to_string(i), .body = std::to_string(i)}).value();
    }
  }

  /// A lake on the same index and bucket that asks through the proxy.
  [[nodiscard]] watched_lake through(const http_proxy& proxy, const watched_transport& transport) const {
    lake::s3_options options = bucket_.options();
    options.endpoint = proxy.url();
    options.timeout = 60s;
    return watched_lake(quiet(), index_, watched_s3::over(options, transport).value());
  }

  [[nodiscard]] lake::s3_options options() const { return bucket_.options(); }
  [[nodiscard]] std::string document() const { return near_.read_string("doc").value(); }

 private:
  /// Ten workers, as by default; nothing is kept, and no read writes.
  [[nodiscard]] static lake::lake_options quiet() {
    lake::lake_options options;
    options.snapshots = lake::snapshot_policy::never();
    options.document_cache_bytes = 0;
    options.deadline = 60s;
    options.clear.grace = 10min;
    return options;
  }

  s3_bucket bucket_{lake_test::shared_rgw()};
  lake::memory_index index_;
  mutable lake::basic_lake<lake::memory_index, lake::s3_storage> near_{quiet(), index_, lake::s3_storage::open(bucket_.options()).value()};
};

/// How often each body was asked for, by path; the marker is none.
std::map<std::string, std::size_t> bodies_asked(const http_proxy& proxy) {
  std::map<std::string, std::size_t> out = proxy.counts();
  std::erase_if(out, [](const auto& each) { return !each.first.starts_with("GET ") || each.first.ends_with("/lake.json"); });
  return out;
}

}  // namespace

TEST_CASE("a read asks for each body once, whatever the number of deltas", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const std::size_t deltas = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{100});
  INFO(deltas << " deltas");
  const far_lake far(deltas);
  http_proxy proxy(lake_test::shared_rgw().port());
  const watched_transport transport = watched_transport::open(far.options());
  const auto db = far.through(proxy, transport);

  const std::string read = db.read_string("doc").value();

  CHECK(read == far.document());
  const auto asked = bodies_asked(proxy);
  CHECK(asked.size() == deltas + 1);
  CHECK(std::all_of(asked.begin(), asked.end(), [](const auto& each) { return each.second == 1; }));
  CHECK(transport.most_at_once() <= 10);
}

TEST_CASE("a read of many deltas has ten bodies under way at once, and no more", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const std::size_t deltas = GENERATE(std::size_t{10}, std::size_t{100});
  INFO(deltas << " deltas");
  const far_lake far(deltas);
  std::atomic<bool> keep_back{false};
  http_proxy proxy(lake_test::shared_rgw().port(), [&](const http_message&, std::size_t) {
    return http_verdict{keep_back ? http_fault::stall : http_fault::none, {}};
  });
  const watched_transport transport = watched_transport::open(far.options());
  auto db = far.through(proxy, transport);
  REQUIRE(db.open());
  keep_back = true;

  std::string read;
  std::thread reader([&] { read = db.read_string("doc").value_or("failed"); });
  const bool ten_wait = lake_test::eventually([&] { return proxy.stalled() == 10; });  // None of them is answered, so nobody waits for an answer.
  proxy.release();
  reader.join();

  CHECK(ten_wait);
  CHECK(transport.most_at_once() == 10);
  CHECK(read == far.document());
  CHECK(bodies_asked(proxy).size() == deltas + 1);
}

TEST_CASE("connections of a read serve the next one", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const far_lake far(30);
  http_proxy proxy(lake_test::shared_rgw().port());
  const watched_transport transport = watched_transport::open(far.options());
  const auto db = far.through(proxy, transport);

  for (int reads = 0; reads < 5; ++reads) REQUIRE(db.read_string("doc"));

  CHECK(transport.requests("GET") >= 5 * 31);
  CHECK(proxy.connections() <= 11);  // Ten workers', and the marker's if that was another.
}
