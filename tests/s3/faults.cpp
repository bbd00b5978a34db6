// A real service behind a proxy that spoils one request in five: nothing is lost, nothing is doubled, and who gives up says why.
// Random tests print their seed; LAKE_SEED repeats one, LAKE_SEED=random takes a new one.
#include <lake/lake.hpp>

#include <lake/storage/s3.hpp>

#include "s3/support.hpp"
#include "support/catch.hpp"
#include "support/http_server.hpp"
#include "support/s3_server.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using lake::errc;
using lake::s3_options;
using lake::s3_storage;
using lake_test::complaints;
using lake_test::http_fault;
using lake_test::http_message;
using lake_test::http_proxy;
using lake_test::http_verdict;
using lake_test::run_threads;
using lake_test::s3_bucket;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t attempts = 6;

/// The storage's view of a bucket through a proxy: tries follow each other at once, and nobody waits long for an answer kept back.
s3_options through(const http_proxy& proxy, s3_options options) {
  options.endpoint = proxy.url();
  options.retry = {.attempts = attempts, .transient_base = 1ms, .throttle_base = 2ms, .longest_wait = 10ms, .tokens = 1'000'000};
  options.timeout = 500ms;
  return options;
}

bool may_confess(const http_message& request) {
  return request.method == "POST" && (request.target.find("uploadId=") != std::string::npos || request.target.find("?delete") != std::string::npos);
}

/// One request in five is spoilt, and no request more than three times in a row. An answer kept back costs the whole patience: there are few.
/// An error in the body of a success is what only completions of uploads and removals of many answer.
lake_test::http_judge one_in_five(std::uint64_t seed) {
  std::vector<http_fault> faults = {http_fault::stall};
  for (const http_fault each : {http_fault::error_500, http_fault::slow_down, http_fault::reset, http_fault::drop_answer, http_fault::cut_body,
                                http_fault::slow_body, http_fault::error_in_200}) {
    faults.insert(faults.end(), 6, each);
  }
  return [draw = lake_test::random_faults(seed, 200, std::move(faults))](const http_message& request, std::size_t nth) {
    http_verdict verdict = draw(request, nth);
    if (verdict.fault == http_fault::error_in_200 && !may_confess(request)) verdict.fault = http_fault::error_500;
    return verdict;
  };
}

/// Each kind of fault came about, the service behind was well, and nothing was tried more often than the options say: for tests that ask
/// for each thing once.
void check_fates(const http_proxy& proxy, const std::vector<std::string>& methods) {
  for (const http_fault each : {http_fault::error_500, http_fault::slow_down, http_fault::reset, http_fault::drop_answer, http_fault::stall,
                                http_fault::cut_body, http_fault::slow_body}) {
    INFO("fault " << static_cast<int>(each));
    CHECK(proxy.count(each) > 0);
  }
  CHECK(proxy.broken() == 0);
  std::size_t most = 0;
  for (const auto& [key, count] : proxy.counts()) {
    const bool counts = std::find(methods.begin(), methods.end(), key.substr(0, key.find(' '))) != methods.end();
    if (counts) most = (std::max)(most, count);
  }
  CHECK(most > 1);
  CHECK(most <= attempts);
}

/// A refusal that a busy machine brings about, where an answer that nobody kept back takes too long: it says so.
bool is_honest(const lake::error& reason) { return reason.code == errc::timeout || reason.code == errc::unavailable; }

/// On a machine that is not very busy there are none.
void check_few(std::size_t refused, std::size_t of) {
  INFO(refused << " of " << of << " refused");
  CHECK(refused * 50 <= of);
}

std::string body_of(std::size_t number) { return std::to_string(number) + std::string(number * 37 % 3'000, static_cast<char>('a' + number % 26)); }

/// The bodies under `names`, asked for directly.
void check_bodies(const s3_storage& direct, const std::map<std::string, std::string>& bodies) {
  std::vector<const std::pair<const std::string, std::string>*> all;
  for (const auto& each : bodies) all.push_back(&each);
  complaints wrong;
  run_threads(8, [&](std::size_t thread) {
    for (std::size_t i = thread; i < all.size(); i += 8) {
      const auto got = direct.get(all[i]->first);
      if (wrong.expect(got, "get " + all[i]->first)) wrong.expect(**got == all[i]->second, "other bytes: " + all[i]->first);
    }
  });
  wrong.check_none();
}

std::set<std::string> keys_of(const s3_storage& storage) {
  std::set<std::string> keys;
  storage.list("", [&](const lake::object_info& each) { return keys.insert(each.key).second; }).value();
  return keys;
}

/// Spoils the first request of each method and key in this way, and nothing else.
lake_test::http_judge the_first(http_fault fault) {
  return [fault](const http_message&, std::size_t nth) { return http_verdict{nth == 0 ? fault : http_fault::none, {}}; };
}

}  // namespace

TEST_CASE("of 2,000 creations and reads with one request in five spoilt none is lost or doubled", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::size_t threads = 8, objects = 2'000;
  const s3_bucket bucket(lake_test::shared_rgw());
  http_proxy proxy(lake_test::shared_rgw().port(), one_in_five(lake_test::told_seed("creations under faults")));
  const s3_storage storage = s3_storage::open(through(proxy, bucket.options())).value();
  std::array<std::map<std::string, std::string>, threads> created;
  std::atomic<std::size_t> refused{0};
  complaints wrong;

  run_threads(threads, [&](std::size_t thread) {
    s3_storage own = storage;
    for (std::size_t i = thread; i < objects; i += threads) {
      const std::string key = "object/" + std::to_string(i);
      const auto made = own.create(key, body_of(i));
      if (!made) {
        ++refused;
        wrong.expect(is_honest(made.error()), made.error().to_string());
        continue;
      }
      created[thread][key] = body_of(i);
      const auto got = own.get(key);
      if (got) wrong.expect(**got == body_of(i), "other bytes through the proxy: " + key);
      else ++refused, wrong.expect(is_honest(got.error()), got.error().to_string());
    }
  });

  wrong.check_none();
  std::map<std::string, std::string> all;
  for (auto& each : created) all.merge(each);
  const s3_storage direct = s3_storage::open(bucket.options()).value();
  check_few(refused, 2 * objects);
  CHECK(all.size() + refused >= objects);
  check_bodies(direct, all);
  CHECK(keys_of(direct).size() >= all.size());
  CHECK(keys_of(direct).size() <= objects);
  check_fates(proxy, {"PUT", "GET", "HEAD"});

  std::vector<std::string> keys;
  for (std::size_t i = 0; i < objects; ++i) keys.push_back("object/" + std::to_string(i));
  s3_options patient = through(proxy, bucket.options());
  patient.timeout = 30s;
  proxy.judge_by([](const http_message&, std::size_t nth) {
    return http_verdict{nth == 0 ? http_fault::error_in_200 : nth == 1 ? http_fault::drop_answer : http_fault::none, {}};
  });
  const auto removed = s3_storage::open(patient).value().remove_many(keys);
  INFO((removed ? std::string() : removed.error().to_string()));
  CHECK(removed);
  CHECK(keys_of(direct).empty());
}

TEST_CASE("of three creators of an object one wins and knows it, with one request in five spoilt", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::size_t creators = 3, objects = 250;
  const s3_bucket bucket(lake_test::shared_rgw());
  http_proxy proxy(lake_test::shared_rgw().port(), one_in_five(lake_test::told_seed("races under faults")));
  s3_options options = through(proxy, bucket.options());
  options.retry.attempts = 2 * attempts;  // Three creators of a key share its row of faults: one of them may meet most of them.
  const s3_storage storage = s3_storage::open(options).value();
  std::array<std::atomic<std::size_t>, objects> winners{};
  std::array<std::atomic<std::size_t>, objects> winner{};
  std::array<std::atomic<std::size_t>, objects> unsure{};
  complaints wrong;

  run_threads(creators, [&](std::size_t creator) {
    s3_storage own = storage;
    for (std::size_t i = 0; i < objects; ++i) {
      const auto made = own.create("object/" + std::to_string(i), "of creator " + std::to_string(creator));
      if (made) ++winners[i], winner[i] = creator;
      else if (is_honest(made.error())) ++unsure[i];
      else wrong.expect(made.error().code == errc::already_exists, made.error().to_string());
    }
  });

  wrong.check_none();
  std::map<std::string, std::string> bodies;
  std::size_t all_unsure = 0;
  for (std::size_t i = 0; i < objects; ++i) {
    INFO("object " << i);
    all_unsure += unsure[i];
    CHECK(winners[i] <= 1);
    CHECK(winners[i] + unsure[i] >= 1);
    if (winners[i] == 1) bodies["object/" + std::to_string(i)] = "of creator " + std::to_string(winner[i]);
  }
  check_few(all_unsure, creators * objects);
  check_bodies(s3_storage::open(bucket.options()).value(), bodies);
}

TEST_CASE("swaps that count up a number lose no step, with one request in five spoilt", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::size_t threads = 4, steps = 40;
  const s3_bucket bucket(lake_test::shared_rgw());
  http_proxy proxy(lake_test::shared_rgw().port(), one_in_five(lake_test::told_seed("swaps under faults")));
  s3_options options = through(proxy, bucket.options());
  options.retry.attempts = 50;  // All requests are for one key, and share its row of faults.
  s3_storage storage = s3_storage::open(options).value();
  REQUIRE(storage.swap("number", "", "0"));
  std::atomic<std::size_t> done{0}, unknown{0};
  complaints wrong;

  run_threads(threads, [&](std::size_t) {
    s3_storage own = storage;
    for (std::size_t step = 0; step < steps;) {
      const auto seen = own.get_tagged("number");
      if (!wrong.expect(seen, "get_tagged")) return;
      const auto swapped = own.swap("number", seen->tag, std::to_string(std::stoul(*seen->body) + 1));
      if (swapped) ++done, ++step;
      else if (swapped.error().code == errc::outcome_unknown || is_honest(swapped.error())) ++unknown, ++step;
      else wrong.expect(swapped.error().code == errc::version_conflict, swapped.error().to_string());
    }
  });

  wrong.check_none();
  const std::size_t number = std::stoul(**s3_storage::open(bucket.options()).value().get("number"));
  INFO(unknown << " swaps could not tell");
  CHECK(number >= done);
  CHECK(number <= done + unknown);
  CHECK(proxy.broken() == 0);
}

TEST_CASE("a lake takes 2,000 writes with one request in five spoilt: each is in the document once", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::size_t threads = 8, writes = 2'000;
  const s3_bucket bucket(lake_test::shared_rgw());
  http_proxy proxy(lake_test::shared_rgw().port(), one_in_five(lake_test::told_seed("a lake under faults")));
  lake::lake_options options;
  options.snapshots = lake::snapshot_policy::never();
  options.deadline = 10min;
  options.clear.grace = 20min;
  options.pending_timeout = 20min;
  lake::basic_lake db(options, lake::memory_index{}, s3_storage::open(through(proxy, bucket.options())).value());
  db.write({.catalog = "log", .body = R"({"entries":[]})"}).value();
  std::array<std::vector<std::size_t>, threads> acknowledged;
  std::array<std::vector<std::size_t>, threads> refused, unknown;
  complaints wrong;

  run_threads(threads, [&](std::size_t thread) {
    for (std::size_t i = thread; i < writes; i += threads) {
      const std::string body = R"([{"op":"add","path":"/entries/-","value":)" + std::to_string(i) + "}]";
      const auto id = db.write({.catalog = "log", .body = body, .merge = lake::merge_type::rfc6902});
      if (id) acknowledged[thread].push_back(i);
      else if (id.error().code == errc::outcome_unknown) unknown[thread].push_back(i);
      else refused[thread].push_back(i), wrong.expect(is_honest(id.error()), id.error().to_string());
    }
  });

  wrong.check_none();
  std::vector<std::size_t> wanted, found;
  std::size_t not_written = 0, not_known = 0;
  for (const auto& each : acknowledged) wanted.insert(wanted.end(), each.begin(), each.end());
  for (const auto& each : refused) not_written += each.size();
  for (const auto& each : unknown) not_known += each.size();
  CHECK(wanted.size() + not_written + not_known == writes);
  CHECK(not_known == 0);  // The index is well: it always tells.
  check_few(not_written, writes);

  auto text = db.read_string("log");
  for (int again = 0; !text && is_honest(text.error()) && again < 5; ++again) text = db.read_string("log");
  REQUIRE(text);
  const nlohmann::json document = nlohmann::json::parse(*text);
  for (const auto& each : document.at("entries")) found.push_back(each.get<std::size_t>());
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  CHECK(found.size() == wanted.size());
  CHECK((found == wanted));

  const auto listed = db.list("log");
  CHECK(listed.deltas().size() == wanted.size() + 1);
  CHECK_FALSE(listed.has_pending());
  // One object for each delta, and the lake's marker. A refused write may leave another.
  const std::size_t objects = keys_of(s3_storage::open(bucket.options()).value()).size();
  CHECK(objects >= wanted.size() + 2);
  CHECK(objects <= wanted.size() + 2 + not_written);
  check_fates(proxy, {"PUT", "HEAD"});
}

TEST_CASE("large bodies go in parts and come back whole, with one request in five spoilt", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::size_t threads = 4, objects = 12, bytes = 6'000'000;
  const s3_bucket bucket(lake_test::shared_rgw());
  http_proxy proxy(lake_test::shared_rgw().port(), one_in_five(lake_test::told_seed("large bodies under faults")));
  s3_options options = through(proxy, bucket.options());
  options.timeout = 2s;
  options.part_bytes = std::size_t{5} << 20U;
  options.multipart_from_bytes = options.part_bytes;
  options.retry.attempts = 20;  // Parts and what completes them have one path, so they share its row of faults.
  const s3_storage storage = s3_storage::open(options).value();
  const auto large = [](std::size_t number) {
    std::string out(bytes, '\0');
    for (std::size_t i = 0; i < out.size(); i += 997) out[i] = static_cast<char>('a' + (i + number) % 26);
    return out;
  };
  complaints wrong;

  run_threads(threads, [&](std::size_t thread) {
    s3_storage own = storage;
    for (std::size_t i = thread; i < objects; i += threads) {
      const std::string key = "large/" + std::to_string(i), wanted = large(i);
      std::string_view rest = wanted;
      const auto source = [&rest](std::span<char> to) -> lake::result<std::size_t> {
        const std::size_t taken = rest.copy(to.data(), (std::min)(to.size(), std::size_t{100'000}));
        rest.remove_prefix(taken);
        return taken;
      };
      wrong.expect(i % 2 == 0 ? own.put(key, wanted) : own.create_from(key, source), "store " + key);
      std::string came;
      const auto sink = [&came](std::string_view part) -> lake::result<void> {
        came += part;
        return {};
      };
      wrong.expect(own.get_into(key, sink), "get_into " + key);
      wrong.expect(came == wanted, "other bytes in " + key);
    }
  });

  wrong.check_none();
  const s3_storage direct = s3_storage::open(bucket.options()).value();
  CHECK(keys_of(direct).size() == objects);
  for (std::size_t i = 0; i < objects; i += 5) CHECK(**direct.get("large/" + std::to_string(i)) == large(i));
}

TEST_CASE("one spoilt request of each kind costs one more try, and no more", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  s3_storage direct = s3_storage::open(bucket.options()).value();
  const http_fault fault = GENERATE(http_fault::error_500, http_fault::slow_down, http_fault::reset, http_fault::drop_answer, http_fault::cut_body);
  INFO("fault " << static_cast<int>(fault));
  const bool done_unseen = fault == http_fault::drop_answer || fault == http_fault::cut_body;
  http_proxy proxy(lake_test::shared_rgw().port(), the_first(fault));
  s3_options options = through(proxy, bucket.options());
  options.timeout = 10s;
  s3_storage storage = s3_storage::open(options).value();
  const std::string at = "/" + bucket.name() + "/";
  for (const std::string key : {"get", "put", "remove", "stat", "range", "taken"}) REQUIRE(direct.put(key, "0123456789"));

  CHECK(**storage.get("get") == "0123456789");
  CHECK(storage.put("put", "other bytes"));
  CHECK(storage.create("create", "created"));
  CHECK(storage.remove("remove"));
  CHECK(storage.stat("stat")->bytes == 10);
  CHECK(storage.get_range("range", 3, 4).value() == "3456");
  CHECK(storage.create("taken", "created").error().code == errc::already_exists);

  CHECK(proxy.count("GET " + at + "get") == 2);
  CHECK(proxy.count("PUT " + at + "put") == 2);
  CHECK(proxy.count("PUT " + at + "create") == 2);
  CHECK(proxy.count("HEAD " + at + "create") == (done_unseen ? 2 : 0));  // Whose is it? The first such request is spoilt too.
  CHECK(proxy.count("DELETE " + at + "remove") == 2);
  CHECK(proxy.count("HEAD " + at + "stat") == 2);
  CHECK(proxy.count("GET " + at + "range") == 2);
  CHECK(**direct.get("put") == "other bytes");
  CHECK(**direct.get("create") == "created");
  CHECK(direct.get("remove").error().code == errc::not_found);
  CHECK(**direct.get("taken") == "0123456789");
}

TEST_CASE("an answer that does not come costs one more try, and that it was our object is found out", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  s3_storage direct = s3_storage::open(bucket.options()).value();
  http_proxy proxy(lake_test::shared_rgw().port(), the_first(http_fault::stall));
  s3_options options = through(proxy, bucket.options());
  options.timeout = 500ms;
  s3_storage storage = s3_storage::open(options).value();
  const std::string at = "/" + bucket.name() + "/";
  REQUIRE(direct.put("get", "bytes"));

  CHECK(**storage.get("get") == "bytes");
  CHECK(storage.create("create", "created"));

  CHECK(proxy.stalled() == 3);
  CHECK(proxy.count("GET " + at + "get") == 2);
  CHECK(proxy.count("PUT " + at + "create") == 2);
  CHECK(proxy.count("HEAD " + at + "create") == 2);
  CHECK(**direct.get("create") == "created");
}

TEST_CASE("an error in the body of a success is seen, and what was done all the same is found out", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  std::size_t spoilt = 0;
  http_proxy proxy(lake_test::shared_rgw().port(), [&spoilt](const http_message& request, std::size_t) {
    const bool first = may_confess(request) && spoilt == 0;
    return http_verdict{first ? ++spoilt, http_fault::error_in_200 : http_fault::none, {}};
  });
  s3_options options = through(proxy, bucket.options());
  options.timeout = 5s;
  options.part_bytes = std::size_t{5} << 20U;
  options.multipart_from_bytes = options.part_bytes;
  s3_storage storage = s3_storage::open(options).value();
  const s3_storage direct = s3_storage::open(bucket.options()).value();
  const std::string large(6'000'000, 'l');

  CHECK(storage.put("large", large));
  CHECK(proxy.count("POST /" + bucket.name() + "/large") == 3);  // It was begun, and completed twice.
  CHECK(**direct.get("large") == large);

  spoilt = 0;
  CHECK(storage.remove_many(std::vector<std::string>{"large"}));
  CHECK(proxy.count("POST /" + bucket.name()) == 2);
  CHECK(keys_of(direct).empty());
}

TEST_CASE("what the service refuses for good is asked for once", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  http_proxy proxy(lake_test::shared_rgw().port());
  s3_storage storage = s3_storage::open(through(proxy, bucket.options())).value();
  REQUIRE(storage.put("taken", "bytes"));

  CHECK(storage.get("nothing").error().code == errc::not_found);
  CHECK(storage.create("taken", "others").error().code == errc::already_exists);
  CHECK(storage.get_range("taken", 9, 1).error().code == errc::invalid_argument);

  const std::string at = "/" + bucket.name() + "/";
  CHECK(proxy.count("GET " + at + "nothing") == 1);
  CHECK(proxy.count("PUT " + at + "taken") == 2);  // With the put.
  CHECK(proxy.count("GET " + at + "taken") == 1);
  CHECK(proxy.counts().size() == 4);  // A look at the size of "taken" besides: Ceph does not tell it with the refusal of a range.
}

TEST_CASE("a service that is down for good is an error that says which bound ended the tries", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  http_fault fault = http_fault::none;
  http_proxy proxy(lake_test::shared_rgw().port(), [&fault](const http_message&, std::size_t) { return http_verdict{fault, {}}; });
  s3_options options = through(proxy, bucket.options());
  const auto refusal = [&](http_fault each) {
    fault = each;
    s3_storage storage = s3_storage::open(options).value();
    const auto made = storage.create("key", "bytes");
    REQUIRE_FALSE(made);
    return made.error();
  };
  const auto says = [](const lake::error& reason, const std::vector<std::string>& parts) {
    INFO(reason.to_string());
    return std::all_of(parts.begin(), parts.end(), [&](const std::string& each) { return reason.to_string().find(each) != std::string::npos; });
  };
  const std::string put = "PUT /" + bucket.name() + "/key";

  SECTION("attempts, each refused") {
    const lake::error reason = refusal(http_fault::slow_down);
    CHECK(reason.code == errc::unavailable);
    CHECK(says(reason, {"storage.create \"key\"", "SlowDown", "HTTP 503", bucket.name(), "test-request", "6 attempts in"}));
    CHECK(proxy.count(put) == attempts);
  }
  SECTION("attempts, after each of which the object may be there") {
    const lake::error reason = refusal(http_fault::error_500);
    CHECK(reason.code == errc::unavailable);
    CHECK(says(reason, {"InternalError", "6 attempts in", "may have been stored"}));
    CHECK(proxy.count(put) == attempts);
  }
  SECTION("attempts, each without an answer in time") {
    options.timeout = 20ms;
    options.retry.attempts = 3;
    const lake::error reason = refusal(http_fault::stall);
    CHECK(reason.code == errc::timeout);
    CHECK(says(reason, {"no answer came in time", "3 attempts in", "may have been stored"}));
    CHECK(proxy.count(put) == 3);
  }
  SECTION("attempts, each cut off") {
    const lake::error reason = refusal(http_fault::reset);
    CHECK(reason.code == errc::unavailable);
    CHECK(says(reason, {"the connection broke", "6 attempts in", "may have been stored"}));
    CHECK(proxy.count(put) == attempts);
  }
  SECTION("the retry budget of the storage") {
    options.retry.tokens = 12;
    options.retry.token_cost = 4;
    const lake::error reason = refusal(http_fault::slow_down);
    CHECK(reason.code == errc::unavailable);
    CHECK(says(reason, {"SlowDown", "4 attempts in", "the retry budget of this storage is used up"}));
    CHECK(proxy.count(put) == 4);
  }
  SECTION("the total time") {
    options.retry.total = 1ms;
    options.retry.throttle_base = 10s;
    options.retry.longest_wait = 10s;
    options.random = lake::random_source([] { return ~std::uint64_t{0}; });
    const lake::error reason = refusal(http_fault::slow_down);
    CHECK(reason.code == errc::unavailable);
    CHECK(says(reason, {"SlowDown", "1 attempt in", "no other begins within the time allowed"}));
    CHECK(proxy.count(put) == 1);
  }
  CHECK(s3_storage::open(bucket.options()).value().stat("key").has_value() == (fault == http_fault::stall));
}
