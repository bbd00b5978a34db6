// The law of a cache as code: it may forget, it never lies. Any cache, ours or yours, runs through it. Knows no test framework.
#ifndef LAKE_TESTING_CACHE_CONTRACT_HPP
#define LAKE_TESTING_CACHE_CONTRACT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/clock.hpp>
#include <lake/testing/contract.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

/// What the cache under test promises beyond the common law. Of one that keeps nothing, all are false.
struct cache_promises {
  bool keeps = true;          ///< What was just stored is found, if it fits.
  bool shares_bodies = true;  ///< `find` gives the very body that was stored.
  bool bounded = true;        ///< Holds no more than `cache_setup::max_bytes`.
  bool kinds_apart = true;    ///< One key may stand for an object of each kind. (In a lake object keys differ by kind anyway.)
  bool expires = true;        ///< Goes by the times to live and the clock of `cache_setup`; a hit does not make an entry younger.
};

/// How a case wants its cache; a cache may disregard what its promises leave out.
struct cache_setup {
  std::size_t max_bytes = std::size_t{1} << 20U;
  std::chrono::milliseconds snapshot_ttl{7'200'000};
  std::chrono::milliseconds delta_ttl{60'000};  ///< Of files too.
  clock_source clock = {};
};

namespace detail_cache {

inline constexpr std::array<object_kind, 3> kinds = {object_kind::delta, object_kind::snapshot, object_kind::file};

[[nodiscard]] inline body_ptr body(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

[[nodiscard]] inline std::string in_quotes(std::string_view key) {
  return '"' + std::string(key.substr(0, 40)) + (key.size() > 40 ? "...\"" : "\"");
}

/// A clock that moves when told to; copies share the time.
class hand_clock {
 public:
  void advance(std::chrono::milliseconds by) const { passed_->fetch_add(by.count()); }
  [[nodiscard]] clock_source source() const {
    const auto moment = [passed = passed_] { return std::chrono::milliseconds(passed->load()); };
    return clock_source([moment] { return std::chrono::system_clock::time_point(moment()); },
                        [moment] { return std::chrono::steady_clock::time_point(moment()); });
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> passed_ = std::make_shared<std::atomic<std::int64_t>>(1'000'000);
};

/// Notes a lie: something found that is not `wanted`. Returns whether something was found.
template <class Cache>
bool finds(Cache& cache, const cache_promises& promises, object_kind kind, std::string_view key, const body_ptr& wanted, findings& found) {
  const body_ptr got = cache.find(kind, key);
  if (got == nullptr) return false;
  found.check(*got == *wanted, in_quotes(key) + ": other bytes than were stored under it");
  found.check(!promises.shares_bodies || got == wanted, in_quotes(key) + ": a copy of the body that was stored");
  return true;
}

template <class Cache>
void never_lies(Cache cache, const cache_promises& promises, findings& found) {
  const std::string longest(1'023, 'k');
  const std::vector<std::string> keys = {
      "a", "b", "aa", "9bc6/(users/delta/1_1_1.json", "9bc6/(users/delta/1_1_1.jso", std::string("a\0b", 3), std::string("a\0c", 3), "",
      longest, longest.substr(1)};
  for (const std::string& key : keys) {
    found.check(cache.find(object_kind::delta, key) == nullptr, in_quotes(key) + ": found before it was stored");
  }
  std::vector<body_ptr> bodies;
  for (const std::string& key : keys) {
    bodies.push_back(body("body of " + key));
    cache.store(object_kind::delta, key, bodies.back());
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool there = finds(cache, promises, object_kind::delta, keys[i], bodies[i], found);
    found.check(there || !promises.keeps, in_quotes(keys[i]) + ": not found though it fits");
  }
}

template <class Cache>
void replaces(Cache cache, const cache_promises& promises, findings& found) {
  const body_ptr second = body("second");
  cache.store(object_kind::snapshot, "key", body("first"));
  cache.store(object_kind::snapshot, "key", second);
  const bool there = finds(cache, promises, object_kind::snapshot, "key", second, found);
  found.check(there || !promises.keeps, "not found after it was replaced");
}

template <class Cache>
void forgets(Cache cache, const cache_promises& promises, findings& found) {
  const body_ptr kept = body("kept");
  cache.forget(object_kind::delta, "never stored");
  cache.store(object_kind::delta, "kept", kept);
  cache.store(object_kind::delta, "gone", body("gone"));
  cache.forget(object_kind::delta, "gone");
  cache.forget(object_kind::delta, "gone");
  found.check(cache.find(object_kind::delta, "gone") == nullptr, "found after it was forgotten");
  const bool there = finds(cache, promises, object_kind::delta, "kept", kept, found);
  found.check(there || !promises.keeps, "another key was forgotten too");
}

template <class Cache>
void separates_kinds(Cache cache, const cache_promises& promises, findings& found) {
  const std::array<body_ptr, 3> bodies = {body("delta"), body("snapshot"), body("file")};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    for (std::size_t k = i; k < kinds.size(); ++k) {
      found.check(cache.find(kinds[k], "key") == nullptr, "found under a kind it was not stored under");
    }
    cache.store(kinds[i], "key", bodies[i]);
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const bool there = finds(cache, promises, kinds[i], "key", bodies[i], found);
    found.check(there || !promises.keeps, "not found beside the same key of other kinds");
  }
  cache.forget(object_kind::snapshot, "key");
  found.check(cache.find(object_kind::snapshot, "key") == nullptr, "found after it was forgotten");
  found.check(finds(cache, promises, object_kind::delta, "key", bodies[0], found) || !promises.keeps, "forgotten with another kind");
}

template <class Cache>
void shares_state(Cache cache, const cache_promises& promises, findings& found) {
  Cache copy = cache;
  const body_ptr stored = body("stored");
  copy.store(object_kind::delta, "key", stored);
  found.check(finds(cache, promises, object_kind::delta, "key", stored, found) || !promises.keeps, "a copy has entries of its own");
  copy.forget(object_kind::delta, "key");
  found.check(cache.find(object_kind::delta, "key") == nullptr, "found after a copy forgot it");
}

template <class Cache>
void odd_bodies(Cache cache, const cache_promises& promises, findings& found) {
  const body_ptr empty = body("");
  cache.store(object_kind::file, "empty", empty);
  found.check(finds(cache, promises, object_kind::file, "empty", empty, found) || !promises.keeps, "an empty body is not kept");
  cache.store(object_kind::file, "null", nullptr);
  found.check(cache.find(object_kind::file, "null") == nullptr, "a null body is found");
}

/// Ten times the budget in keys of their own: what is found fits the budget, and the last one is there.
template <class Make>
void stays_within_budget(const Make& make, const cache_promises& promises, findings& found) {
  const cache_setup setup{.max_bytes = 200'000};
  auto cache = make(setup);
  constexpr std::size_t body_bytes = 2'000;
  const std::size_t count = setup.max_bytes * 10 / body_bytes;
  const auto key_of = [](std::size_t i) { return "key " + std::to_string(i); };
  const auto body_of = [](std::size_t i) { return body(std::to_string(i) + std::string(body_bytes, '.')); };
  const body_ptr first = body_of(0);
  for (std::size_t i = 0; i < count; ++i) {
    const body_ptr stored = i == 0 ? first : body_of(i);
    cache.store(kinds[i % kinds.size()], key_of(i), stored);
    const bool there = finds(cache, promises, kinds[i % kinds.size()], key_of(i), stored, found);
    found.check(there || !promises.keeps, key_of(i) + ": not found though it is the newest");
  }
  std::size_t held = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const body_ptr got = cache.find(kinds[i % kinds.size()], key_of(i));
    if (got == nullptr) continue;
    held += got->size();
    found.check(*got == *body_of(i), key_of(i) + ": other bytes than were stored under it");
  }
  found.check(held <= setup.max_bytes, std::to_string(held) + " bytes are kept of " + std::to_string(setup.max_bytes) + " allowed");
  found.check(held > setup.max_bytes / 4 || !promises.keeps, "only " + std::to_string(held) + " bytes are kept");
  found.check(first->size() == body_bytes + 1, "an evicted body that is still in use was changed");
}

template <class Make>
void refuses_too_large(const Make& make, findings& found) {
  const cache_setup setup{.max_bytes = 100'000};
  auto cache = make(setup);
  cache.store(object_kind::snapshot, "key", body("small"));
  cache.store(object_kind::snapshot, "key", body(std::string(setup.max_bytes + 1, 'x')));
  found.check(cache.find(object_kind::snapshot, "key") == nullptr, "found though it exceeds the whole budget, or replaced in vain");
}

template <class Make>
void expires(const Make& make, const cache_promises& promises, findings& found) {
  using std::chrono::milliseconds;
  const hand_clock clock;
  const cache_setup setup{.snapshot_ttl = std::chrono::seconds{100}, .delta_ttl = std::chrono::seconds{10}, .clock = clock.source()};
  auto cache = make(setup);
  const std::array<body_ptr, 3> bodies = {body("delta"), body("snapshot"), body("file")};
  for (std::size_t i = 0; i < kinds.size(); ++i) cache.store(kinds[i], to_string(kinds[i]), bodies[i]);
  clock.advance(setup.delta_ttl - milliseconds{1});
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    found.check(finds(cache, promises, kinds[i], to_string(kinds[i]), bodies[i], found) || !promises.keeps, "gone before its time");
  }
  clock.advance(milliseconds{1});
  found.check(cache.find(object_kind::delta, "delta") == nullptr, "a delta is found after its time");
  found.check(cache.find(object_kind::file, "file") == nullptr, "a file is found after its time");
  const bool kept = finds(cache, promises, object_kind::snapshot, "snapshot", bodies[1], found);
  found.check(kept || !promises.keeps, "a snapshot went with the deltas");
  clock.advance(setup.snapshot_ttl - setup.delta_ttl);
  found.check(cache.find(object_kind::snapshot, "snapshot") == nullptr, "a snapshot is found after its time");
}

/// Threads that store, find and forget the same few keys; a body says which key it belongs to.
template <class Cache>
void threads(Cache cache, findings& found) {
  std::array<std::atomic<std::size_t>, 4> lies{};
  std::vector<std::thread> running;
  for (std::size_t thread = 0; thread < lies.size(); ++thread) {
    running.emplace_back([&lies, thread, own = cache]() mutable {
      std::uint64_t word = thread + 1;
      for (std::size_t turn = 0; turn < 5'000; ++turn) {
        word = word * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        const object_kind kind = kinds[(word >> 40U) % kinds.size()];
        const std::string key = std::string(to_string(kind)) + ' ' + std::to_string((word >> 33U) % 300);
        const std::string told = key + std::string(1'000, '.');
        const std::uint64_t choice = (word >> 50U) % 8;
        if (choice == 0) own.forget(kind, key);
        else if (choice < 4) own.store(kind, key, body(told));
        else if (const body_ptr got = own.find(kind, key); got != nullptr && *got != told) ++lies[thread];
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  for (const std::atomic<std::size_t>& of : lies) found.check(of.load() == 0, std::to_string(of.load()) + " bodies belong to other keys");
}

}  // namespace detail_cache

/// The laws of a cache, as cases to run one by one or by `run_contract`. `make(const cache_setup&)` returns an empty cache.
template <class Make>
[[nodiscard]] std::vector<contract_case> cache_contract(Make make, cache_promises promises = {}) {
  using namespace detail_cache;  // NOLINT(google-build-using-namespace): the cases are short because of it
  const auto law = [make](std::string name, auto body) {
    return contract_case{std::move(name), [make, body] {
                           findings found;
                           body(make, found);
                           return std::move(found).take();
                         }};
  };
  std::vector<contract_case> cases;
  cases.push_back(law("finds under a key what was stored under exactly this key",
                      [promises](const Make& of, findings& found) { never_lies(of({}), promises, found); }));
  cases.push_back(law("finds the body stored last", [promises](const Make& of, findings& found) { replaces(of({}), promises, found); }));
  cases.push_back(law("forgets what it is told to forget",
                      [promises](const Make& of, findings& found) { forgets(of({}), promises, found); }));
  if (promises.kinds_apart) {
    cases.push_back(law("keeps the kinds of objects apart",
                        [promises](const Make& of, findings& found) { separates_kinds(of({}), promises, found); }));
  }
  cases.push_back(law("shares its entries with its copies",
                      [promises](const Make& of, findings& found) { shares_state(of({}), promises, found); }));
  cases.push_back(law("keeps an empty body and ignores a null one",
                      [promises](const Make& of, findings& found) { odd_bodies(of({}), promises, found); }));
  if (promises.bounded) {
    cases.push_back(law("stays within its budget",
                        [promises](const Make& of, findings& found) { stays_within_budget(of, promises, found); }));
    cases.push_back(law("does not keep what exceeds the whole budget",
                        [](const Make& of, findings& found) { refuses_too_large(of, found); }));
  }
  if (promises.expires) {
    cases.push_back(law("never finds what is too old", [promises](const Make& of, findings& found) { expires(of, promises, found); }));
  }
  cases.push_back(law("never lies to many threads", [](const Make& of, findings& found) { threads(of({.max_bytes = 200'000}), found); }));
  return cases;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_CACHE_CONTRACT_HPP
