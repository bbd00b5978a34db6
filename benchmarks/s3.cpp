// Objects in Ceph's gateway on loopback, against bare libcurl of the same shape: same threads, connections, requests and headers. The server
// shares the machine and takes most of a request's time, so a ratio near 1 says little about us; 'cpu each' is of the client alone and says
// more. Reads of a lake go through a proxy that keeps each request back as a distant service would; it runs in this process.

#include "s3.hpp"

#include "crew.hpp"
#include "harness.hpp"

#include <lake/lake.hpp>

#include <lake/index/memory.hpp>
#include <lake/storage/s3.hpp>

#include "support/http_server.hpp"
#include "support/s3_server.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench {
namespace {

using s3_lake = lake::basic_lake<lake::memory_index, lake::s3_storage>;

constexpr std::size_t objects_of_a_thread = 50;  // also: requests of a thread in one operation of the workloads with many threads
constexpr std::size_t body_bytes = 1'000;
constexpr std::size_t large_bytes = std::size_t{8} << 20U;
constexpr std::chrono::milliseconds latency{20};
constexpr const char* bare_name = "bare libcurl";

/// A server for one workload, and what its contenders send to it.
struct s3_site {
  explicit s3_site(std::size_t bytes, std::vector<std::string> lines = {})
      : server({.lines = std::move(lines)}), account(server.options(server.fresh_bucket())), body(bytes, 'x') {
    body.front() = body.back() = '"';
  }
  [[nodiscard]] static std::string key(std::size_t thread, std::size_t number) {
    return "objects/" + std::to_string(thread) + '/' + std::to_string(number);
  }

  lake_test::rgw_server server;
  lake::s3_options account;
  std::string body;
  std::size_t created = 0;  ///< Sessions that create objects: each under names of its own.
};
using shared_site = std::shared_ptr<s3_site>;

std::shared_ptr<lake::s3_storage> open_storage(const s3_site& at) {
  return std::make_shared<lake::s3_storage>(lake::s3_storage::open(at.account).value());
}

/// What one thread of a session does: one request, each time it is called.
using requests = std::function<void()>;

/// A session in which `threads` do what `make(thread)` returns. One thread: an operation is a request; more: so many of each.
template <class Make>
session on_threads(std::size_t threads, const Make& make) {
  if (threads == 1) {
    return [once = requests(make(std::size_t{0}))](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) once();
    };
  }
  const auto all = std::make_shared<crew>(threads, [&](std::size_t thread) {
    return [once = requests(make(thread))] {
      for (std::size_t i = 0; i < objects_of_a_thread; ++i) once();
    };
  });
  return [all](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) all->run();
  };
}

constexpr std::size_t items_on(std::size_t threads) { return threads == 1 ? 1 : threads * objects_of_a_thread; }

workload compare(std::string what, std::size_t threads, std::size_t bytes, std::function<session()> ours, std::function<session()> bare) {
  const double items = static_cast<double>(items_on(threads));
  const std::string on = threads == 1 ? "one thread" : std::to_string(threads) + " threads; figures per request";
  return {.what = "s3_storage on Ceph, " + std::move(what) + ", " + on,
          .bytes = static_cast<double>(bytes) * items,
          .items = items,
          .wanted = {.ratio = 0.8, .against = bare_name},
          .contenders = {{"lake", role::ours, std::move(ours)}, {bare_name, role::limit, std::move(bare)}}};
}

// ------------------------------------------------------------------------------------------------------------------ objects

/// Both replace the same objects; the bare ones' requests are signed beforehand.
workload s3_put(const shared_site& at, std::string what, std::size_t threads, std::size_t objects) {
  const auto ours = [=] {
    const auto storage = open_storage(*at);
    return on_threads(threads, [&](std::size_t thread) {
      return [=, next = std::size_t{0}]() mutable { storage->put(s3_site::key(thread, next++ % objects), at->body).value(); };
    });
  };
  const auto bare = [=] {
    return on_threads(threads, [&](std::size_t thread) {
      const auto signed_puts = std::make_shared<std::vector<bare_request>>();
      bare_signer signer(at->account);
      for (std::size_t i = 0; i < objects; ++i) signed_puts->push_back(signer.put(s3_site::key(thread, i), at->body));
      return [=, by = std::make_shared<bare_s3>(), next = std::size_t{0}]() mutable { by->put((*signed_puts)[next++ % objects], at->body); };
    });
  };
  return compare(std::move(what), threads, at->body.size(), ours, bare);
}

/// No object is there before, so each request is another: the bare ones too are signed one by one.
workload s3_create(const shared_site& at, std::string what, std::size_t threads) {
  const auto ours = [=] {
    const std::string prefix = "created/" + std::to_string(at->created++) + '/';
    const auto storage = open_storage(*at);
    return on_threads(threads, [&](std::size_t thread) {
      return [=, next = std::size_t{0}]() mutable { storage->create(prefix + s3_site::key(thread, next++), at->body).value(); };
    });
  };
  const auto bare = [=] {
    const std::string prefix = "created/" + std::to_string(at->created++) + '/';
    return on_threads(threads, [&](std::size_t thread) {
      return [=, signer = std::make_shared<bare_signer>(at->account), by = std::make_shared<bare_s3>(), next = std::size_t{0}]() mutable {
        by->put(signer->create(prefix + s3_site::key(thread, next++), at->body), at->body);
      };
    });
  };
  return compare(std::move(what), threads, at->body.size(), ours, bare);
}

workload s3_get(const shared_site& at, std::string what, std::size_t threads, std::size_t objects) {
  for (std::size_t thread = 0; thread < threads; ++thread) {
    for (std::size_t i = 0; i < objects; ++i) open_storage(*at)->put(s3_site::key(thread, i), at->body).value();
  }
  const auto ours = [=] {
    const auto storage = open_storage(*at);
    return on_threads(threads, [&](std::size_t thread) {
      return [=, next = std::size_t{0}]() mutable {
        if (storage->get(s3_site::key(thread, next++ % objects)).value()->size() != at->body.size()) throw std::runtime_error("not what was put");
      };
    });
  };
  const auto bare = [=] {
    return on_threads(threads, [&](std::size_t thread) {
      const auto signed_gets = std::make_shared<std::vector<bare_request>>();
      bare_signer signer(at->account);
      for (std::size_t i = 0; i < objects; ++i) signed_gets->push_back(signer.get(s3_site::key(thread, i)));
      return [=, by = std::make_shared<bare_s3>(), next = std::size_t{0}]() mutable {
        if (by->get((*signed_gets)[next++ % objects], at->body.size()).size() != at->body.size()) throw std::runtime_error("not what was put");
      };
    });
  };
  return compare(std::move(what), threads, at->body.size(), ours, bare);
}

/// The gateway keeps what replaced objects had beyond their first chunk until it tidies up: with one chunk to an object nothing piles up.
shared_site large_site() {
  return std::make_shared<s3_site>(large_bytes, std::vector<std::string>{"rgw_max_chunk_size = 16777216", "rgw_obj_stripe_size = 16777216"});
}
shared_site usual_site() { return std::make_shared<s3_site>(body_bytes); }

// ------------------------------------------------------------------------------------------------------------------ signing

workload s3_sign(const settings&) {
  using lake::detail::http_fields;
  const std::string hash = lake::detail::sha256_hex("").value();
  const auto sign = [hash] {
    const auto keys = std::make_shared<lake::detail::sigv4_key_cache>();
    const lake::s3_credentials who{.access_key = "AKIAIOSFODNN7EXAMPLE", .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
    return [=](std::size_t count) {
      const http_fields no_query;
      for (std::size_t i = 0; i < count; ++i) {
        const auto now = std::chrono::system_clock::now();
        const http_fields headers = {{"x-amz-content-sha256", hash}, {"x-amz-date", lake::detail::sigv4_date(now)}, {"host", "127.0.0.1:9000"}};
        const lake::detail::sigv4_request request{"GET", "/bucket/objects/1", &no_query, &headers, hash};
        keep(lake::detail::sigv4_authorization(request, who, {"us-east-1", "s3"}, now, *keys).value().data());
      }
    };
  };
  const auto hashes = [] {
    return [key = lake::detail::sha256("key").value(), canonical = std::string(330, 'c'), text = std::string(130, 't')](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        keep(lake::detail::sha256(canonical).value()[0]);
        keep(lake::detail::hmac_sha256(key, text).value()[0]);
      }
    };
  };
  return {.what = "signature of a GET: date, texts, one hash, one HMAC; no request",
          .contenders = {{"lake", role::ours, sign}, {"the hash and the HMAC alone", role::limit, hashes}}};
}

// ------------------------------------------------------------------------------------------------------------- a lake's read

/// A snapshot and `deltas`, each of which is loaded: nothing is kept, and they are at different paths.
session open_distant_lake(const s3_site& at, const lake_test::http_proxy& proxy, std::size_t deltas) {
  lake::s3_options distant = at.account;
  distant.endpoint = proxy.url();
  distant.prefix = "lake-" + lake_test::random_hex(8);  // A lake of its own: the index of the one before is gone.
  auto db = std::make_shared<s3_lake>(lake::lake_options{.snapshots = lake::snapshot_policy::never(), .document_cache_bytes = 0},
                                      lake::memory_index{}, lake::s3_storage::open(distant).value());
  const std::string catalog = "tenants/1";
  db->write({.catalog = catalog, .body = "{}"}).value();
  db->take_snapshot(catalog).value();
  std::vector<lake::write_request> all;
  for (std::size_t i = 0; i < deltas; ++i) all.push_back({.catalog = catalog, .path = "/user" + std::to_string(i), .body = at.body});
  if (!all.empty()) db->write_batch(all).value();
  db->read_string(catalog).value();  // Connections are there now.
  return [db, catalog, deltas](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (db->read_string(catalog).value().size() < deltas * body_bytes) throw std::runtime_error("not what was written");
    }
  };
}

workload s3_read_deltas(const settings&, std::size_t deltas) {
  const shared_site at = usual_site();
  const auto proxy = std::make_shared<lake_test::http_proxy>(
      at->server.port(), [](const lake_test::http_message&, std::size_t) { return lake_test::http_verdict{.latency = latency}; });
  const std::size_t workers = lake::lake_options{}.workers;
  const std::size_t waits = 1 + (deltas + workers - 1) / workers;
  const std::string bound = std::to_string(waits) + " x 20 ms";
  const auto wait = [waits] {
    return [waits](std::size_t count) {
      for (std::size_t i = 0; i < count * waits; ++i) std::this_thread::sleep_for(latency);
    };
  };
  return {.what = "a lake, memory_index + s3_storage at 20 ms: read of a snapshot and " + std::to_string(deltas) +
                  " deltas of 1 KB, nothing kept, 10 workers; the goal is 1.3 times the bound",
          .bytes = static_cast<double>(deltas * body_bytes),
          .wanted = {.ratio = 1 / 1.3, .against = bound},
          .contenders = {{"lake", role::ours, [=] { return open_distant_lake(*at, *proxy, deltas); }}, {bound, role::limit, wait}}};
}

}  // namespace

/// None but the signature where Ceph's gateway is not installed.
void add_s3_workloads(std::vector<entry>& all) {
  all.push_back({"s3_sign", s3_sign});
  if (lake_test::rgw_missing()) return;
  for (const std::size_t threads : {std::size_t{1}, std::size_t{8}, std::size_t{32}}) {
    const std::string on = "_" + std::to_string(threads);
    const auto at_once = [threads](auto make, const char* what) {
      return [=](const settings&) { return make(usual_site(), what, threads); };
    };
    const auto put = [](const shared_site& at, const char* what, std::size_t count) { return s3_put(at, what, count, objects_of_a_thread); };
    const auto get = [](const shared_site& at, const char* what, std::size_t count) { return s3_get(at, what, count, objects_of_a_thread); };
    all.push_back({"s3_put" + on, at_once(put, "put of 1 KB")});
    all.push_back({"s3_create" + on, at_once(s3_create, "create of 1 KB")});
    all.push_back({"s3_get" + on, at_once(get, "get of 1 KB")});
  }
  all.push_back({"s3_put_large", [](const settings&) { return s3_put(large_site(), "put of 8 MiB, ours copied for the call and hashed", 1, 4); }});
  all.push_back({"s3_get_large", [](const settings&) { return s3_get(large_site(), "get of 8 MiB", 1, 4); }});
  for (const std::size_t deltas : {std::size_t{0}, std::size_t{10}, std::size_t{100}}) {
    all.push_back({"s3_read_deltas_" + std::to_string(deltas), [deltas](const settings& with) { return s3_read_deltas(with, deltas); }});
  }
}

}  // namespace bench
