// The law of a storage as code: whole objects, create-only, idempotent removal, and each refinement where it is offered.
// Any storage, ours or yours, runs through it. Knows no test framework.
#ifndef LAKE_TESTING_STORAGE_CONTRACT_HPP
#define LAKE_TESTING_STORAGE_CONTRACT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/pure/decimal.hpp>
#include <lake/pure/hex.hpp>
#include <lake/pure/xxh64.hpp>
#include <lake/testing/contract.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

/// How hard the cases try; smaller for a storage behind a network.
struct storage_trial {
  std::size_t large_bytes = std::size_t{8} << 20U;  ///< Of the largest object.
  std::size_t threads = 8;                          ///< That race each other.
  std::size_t rounds = 100;                         ///< Of every race.
};

/// Returns a line per object, `bytes digest key`, sorted by key: two storages hold the same if and only if their dumps are equal.
/// Errors: those of `list` and `get`.
template <listing_storage Storage>
[[nodiscard]] result<std::string> dump_storage(const Storage& storage) {
  std::vector<std::string> keys;
  auto listed = storage.list("", [&](const object_info& each) { return keys.push_back(each.key), true; });
  if (!listed) return std::move(listed).error();
  std::string dump;
  for (const std::string& key : keys) {
    const result<body_ptr> body = storage.get(key);
    if (!body) return body.error();
    pure::append_decimal(dump, (*body)->size());
    dump += ' ';
    pure::append_hex_u64(dump, pure::xxh64(**body));
    dump += ' ' + key + '\n';
  }
  return dump;
}

namespace detail_storage {

/// Keys that every storage takes: what layouts make, and what looks special to some shell, URL or file system.
[[nodiscard]] inline std::vector<std::string> good_keys() {
  const std::string part(249, 's');
  return {"lake.json", "9bc6/(users/delta/1700000000_1_1.json", "4020/)USERS/snap/0_0~1700000000_1.snap", "a~b.snap", "with space/and+plus",
          "per%25cent/100%", "q?query=1&x=2#frag", "quote'\"back\\slash", "\xc3\xa4/\xe4\xb8\xad\xe6\x96\x87/\xf0\x9f\x90\xac",
          "...", "a/.../b", ".hidden", "-rf", "*", "a:b@c!d$e,f;g=h", "UPPER/lower", "upper/LOWER", std::string(255, 'n'),
          part + '/' + part + '/' + part + '/' + part, 't' + part + '/' + part + '/' + part + '/' + part + '/' + std::string(22, 'z')};
}

[[nodiscard]] inline std::vector<std::string> bad_keys() {
  const std::string longest(255, 'n');
  return {"", "/", "/a", "a/", "a//b", ".", "..", "a/.", "./a", "a/./b", "a/../b", "../x", "a/..", std::string("a\0b", 3),
          longest + 'n', "a/" + longest + "n/b", longest + '/' + longest + '/' + longest + '/' + longest + "/n"};
}

/// "ok" or what failed, for sentences.
template <class T>
[[nodiscard]] std::string told(const result<T>& answer) {
  return answer ? "ok" : answer.error().to_string();
}

/// The operation failed, with this kind.
template <class T>
void fails(const result<T>& answer, errc wanted, const std::string& what, findings& found) {
  found.check(!answer && answer.error().code == wanted, what + ": wanted " + std::string(to_string(wanted)) + ", got " + told(answer));
}
template <class T>
bool works(const result<T>& answer, const std::string& what, findings& found) {
  return found.check(answer.has_value(), what + ": " + told(answer));
}

/// The object is there with these bytes, or (none) is not there.
template <class Storage>
void holds(const Storage& storage, const std::string& key, const std::optional<std::string>& bytes, findings& found) {
  const result<body_ptr> got = storage.get(key);
  const std::string name = "get " + lake::detail::in_quotes(key);
  if (!bytes) return fails(got, errc::not_found, name, found);
  if (!works(got, name, found) || !found.check(*got != nullptr, name + ": a null body")) return;
  const std::string sizes = std::to_string((*got)->size()) + " bytes, wanted " + std::to_string(bytes->size());
  found.check(**got == *bytes, name + ": other bytes, " + sizes);
}

/// Runs `body(thread)` in so many threads at once, and waits for them.
template <class Body>
void race(std::size_t threads, const Body& body) {
  std::atomic<bool> go{false};
  std::vector<std::thread> running;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
      body(thread);
    });
  }
  go.store(true, std::memory_order_release);
  for (std::thread& thread : running) thread.join();
}

template <class Storage>
void keeps_every_key(Storage storage, findings& found) {
  for (const std::string& key : good_keys()) {
    holds(storage, key, std::nullopt, found);
    works(storage.create(key, "created " + key), "create " + lake::detail::in_quotes(key), found);
  }
  for (const std::string& key : good_keys()) holds(storage, key, "created " + key, found);
  for (const std::string& key : good_keys()) works(storage.put(key, "put " + key), "put " + lake::detail::in_quotes(key), found);
  for (const std::string& key : good_keys()) {
    holds(storage, key, "put " + key, found);
    works(storage.remove(key), "remove " + lake::detail::in_quotes(key), found);
    holds(storage, key, std::nullopt, found);
  }
}

template <class Storage>
void refuses_bad_keys(Storage storage, findings& found) {
  for (const std::string& key : bad_keys()) {
    const std::string name = lake::detail::in_quotes(key);
    fails(storage.get(key), errc::invalid_argument, "get " + name, found);
    fails(storage.create(key, "x"), errc::invalid_argument, "create " + name, found);
    fails(storage.put(key, "x"), errc::invalid_argument, "put " + name, found);
    fails(storage.remove(key), errc::invalid_argument, "remove " + name, found);
    if constexpr (ranged_storage<Storage>) {
      fails(storage.get_range(key, 0, 1), errc::invalid_argument, "get_range " + name, found);
      fails(storage.stat(key), errc::invalid_argument, "stat " + name, found);
    }
    if constexpr (conditional_storage<Storage>) {
      fails(storage.get_tagged(key), errc::invalid_argument, "get_tagged " + name, found);
      fails(storage.swap(key, "", "x"), errc::invalid_argument, "swap " + name, found);
    }
    if constexpr (streaming_storage<Storage>) {
      fails(storage.create_from(key, [](std::span<char>) -> result<std::size_t> { return std::size_t{0}; }), errc::invalid_argument,
            "create_from " + name, found);
      fails(storage.get_into(key, [](std::string_view) { return result<void>(); }), errc::invalid_argument, "get_into " + name, found);
    }
  }
  if constexpr (listing_storage<Storage>) {
    const result<std::string> dump = dump_storage(storage);
    if (works(dump, "dump", found)) found.check(dump->empty(), "a refused key left " + *dump);
  }
}

template <class Storage>
void create_never_replaces(Storage storage, findings& found) {
  works(storage.create("k", "first"), "create", found);
  fails(storage.create("k", "second"), errc::already_exists, "create again", found);
  fails(storage.create("k", "first"), errc::already_exists, "create again with the same bytes", found);
  holds(storage, "k", "first", found);
  works(storage.put("p", "put"), "put", found);
  fails(storage.create("p", "created"), errc::already_exists, "create over a put", found);
  holds(storage, "p", "put", found);
}

template <class Storage>
void put_replaces(Storage storage, findings& found) {
  works(storage.put("k", "the first bytes"), "put", found);
  const result<body_ptr> before = storage.get("k");
  works(storage.put("k", "second"), "put again", found);
  holds(storage, "k", "second", found);
  works(storage.put("k", ""), "put nothing", found);
  holds(storage, "k", "", found);
  if (works(before, "get", found)) found.check(**before == "the first bytes", "bytes that a reader holds were changed");
}

template <class Storage>
void remove_is_idempotent(Storage storage, findings& found) {
  works(storage.remove("never/there"), "remove what never was", found);
  works(storage.create("a/b/c", "x"), "create", found);
  works(storage.create("a/b/d", "y"), "create", found);
  works(storage.remove("a/b/c"), "remove", found);
  works(storage.remove("a/b/c"), "remove again", found);
  holds(storage, "a/b/c", std::nullopt, found);
  holds(storage, "a/b/d", "y", found);
  works(storage.create("a/b/c", "z"), "create after remove", found);
  holds(storage, "a/b/c", "z", found);
}

/// Objects beside folders of the same name: some storages cannot. Then they say so and change nothing.
template <class Storage>
void clashing_names(Storage storage, findings& found) {
  const auto tries = [&](const std::string& key, const result<void>& answer) {
    const bool refused = !answer && answer.error().code == errc::invalid_argument;
    found.check(answer || refused, "beside a clashing key: wanted ok or invalid_argument, got " + told(answer));
    holds(storage, key, answer ? std::optional<std::string>("second") : std::nullopt, found);
  };
  works(storage.create("a", "first"), "create a", found);
  tries("a/b", storage.create("a/b", "second"));
  works(storage.create("x/y", "first"), "create x/y", found);
  tries("x", storage.create("x", "second"));
  works(storage.create("p/q", "first"), "create p/q", found);
  tries("p", storage.put("p", "second"));
  works(storage.remove("p"), "remove a clashing key", found);
  for (const char* key : {"a", "x/y", "p/q"}) holds(storage, key, "first", found);
  works(storage.remove("a/b/c"), "remove beneath an object", found);
  holds(storage, "a/b/c", std::nullopt, found);
}

template <class Storage>
void keeps_bytes_as_they_are(Storage storage, const storage_trial& trial, findings& found) {
  std::string binary;
  for (int i = 0; i < 512; ++i) binary += static_cast<char>(i & 0xff);
  std::string large(trial.large_bytes, '\0');
  std::uint64_t word = 1;
  for (char& c : large) c = static_cast<char>((word = word * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U) >> 56U);
  const std::vector<std::string> bodies = {"", std::string(1, '\0'), "\r\n\n", binary, large};
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const std::string key = "body/" + std::to_string(i);
    works(storage.create(key, bodies[i]), "create " + key, found);
    holds(storage, key, bodies[i], found);
    works(storage.put(key + "p", bodies[i]), "put " + key, found);
    holds(storage, key + "p", bodies[i], found);
  }
}

template <class Storage>
void copies_share(Storage storage, findings& found) {
  Storage copy = storage;
  works(copy.create("k", "v"), "create through a copy", found);
  holds(storage, "k", "v", found);
  works(storage.remove("k"), "remove", found);
  holds(copy, "k", std::nullopt, found);
}

template <class Storage>
void one_creator_wins(Storage storage, const storage_trial& trial, findings& found) {
  std::vector<std::atomic<std::size_t>> winners(trial.rounds);
  std::atomic<std::size_t> other{0};
  race(trial.threads, [&, shared = storage](std::size_t thread) {
    Storage own = shared;
    for (std::size_t round = 0; round < trial.rounds; ++round) {
      const auto made = own.create("race/" + std::to_string(round), std::to_string(thread));
      if (made) winners[round].fetch_add(1 + (thread << 16U));
      else if (made.error().code != errc::already_exists) ++other;
    }
  });
  found.check(other == 0, std::to_string(other) + " creates failed with another error than already_exists");
  for (std::size_t round = 0; round < trial.rounds; ++round) {
    const std::size_t won = winners[round];
    found.check((won & 0xffffU) == 1, std::to_string(won & 0xffffU) + " creators of one key succeeded");
    if ((won & 0xffffU) == 1) holds(storage, "race/" + std::to_string(round), std::to_string(won >> 16U), found);
  }
}

/// Writers replace an object by bodies of one repeated letter and different sizes; a reader must never see two letters or a wrong size.
template <class Storage>
void readers_see_whole_objects(Storage storage, const storage_trial& trial, findings& found) {
  const auto body_of = [](std::size_t i) { return std::string(1'000 + 7'919 * (i % 11), static_cast<char>('a' + i % 11)); };
  works(storage.put("k", body_of(0)), "put", found);
  std::atomic<std::size_t> torn{0}, failed{0};
  race(trial.threads, [&, shared = storage](std::size_t thread) {
    Storage own = shared;
    for (std::size_t round = 0; round < trial.rounds; ++round) {
      if (thread % 4 == 0) {
        if (!own.put("k", body_of(thread + round))) ++failed;
      } else if (const result<body_ptr> got = own.get("k"); !got) {
        ++failed;
      } else if (**got != body_of(static_cast<std::size_t>((*got)->front() - 'a'))) {
        ++torn;
      }
    }
  });
  found.check(torn == 0, std::to_string(torn) + " reads saw neither the old bytes nor the new ones");
  found.check(failed == 0, std::to_string(failed) + " operations failed");
}

template <class Storage>
void lists_in_order(Storage storage, findings& found) {
  std::vector<std::string> keys = {"a-b", "a.b", "a/b", "a/b-c", "a/b0", "a0", "ab/c/a", "ab/c/d-e", "b", "Z/z", "\xc3\xa4", "a/d/e/f"};
  for (const std::string& key : keys) works(storage.create(key, key), "create " + key, found);
  std::sort(keys.begin(), keys.end());
  const auto listed = [&](std::string_view prefix, std::size_t most) {
    std::vector<std::string> seen;
    const auto answer = storage.list(prefix, [&](const object_info& each) {
      found.check(each.bytes == each.key.size(), "wrong size of " + each.key);
      seen.push_back(each.key);
      return seen.size() < most;
    });
    works(answer, "list", found);
    return seen;
  };
  for (const std::string_view prefix : {"", "a", "a/", "a/b", "a/b-", "ab", "ab/c/d", "a/d/e/f", "a/d/e/f/", "zz", "/", "a//", "../",
                                        "a/../", "a/no/x"}) {
    std::vector<std::string> wanted;
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(wanted), [&](const std::string& key) { return key.starts_with(prefix); });
    const std::vector<std::string> seen = listed(prefix, keys.size() + 1);
    found.check(seen == wanted, "list of " + lake::detail::in_quotes(prefix) + ": not the keys in order of their bytes");
  }
  found.check(listed("", 3) == std::vector<std::string>(keys.begin(), keys.begin() + 3), "the visitor said stop after three keys");
  works(storage.remove("a/b"), "remove", found);
  found.check(listed("a/b", 9) == std::vector<std::string>{"a/b-c", "a/b0"}, "a removed object is listed");
}

/// More keys than a page of any service: none is lost or repeated at a page's end.
template <class Storage>
void lists_many(Storage storage, const storage_trial& trial, findings& found) {
  const std::size_t count = trial.rounds * 12;
  for (std::size_t i = 0; i < count; ++i) {
    works(storage.create("many/" + std::to_string(i % 7) + '/' + std::to_string(i), ""), "create", found);
  }
  std::size_t seen = 0;
  std::string last;
  const auto visit = [&](const object_info& each) {
    found.check(last < each.key, "not in order: " + each.key);
    last = each.key;
    return ++seen, true;
  };
  works(storage.list("many/", visit), "list", found);
  found.check(seen == count, std::to_string(seen) + " of " + std::to_string(count) + " objects listed");
}

template <class Storage>
void reads_ranges(Storage storage, findings& found) {
  works(storage.create("k", "0123456789"), "create", found);
  works(storage.create("empty", ""), "create", found);
  const auto gives = [&](const std::string& key, std::uint64_t offset, std::size_t length, const std::string& wanted) {
    const result<std::string> got = storage.get_range(key, offset, length);
    found.check(got == wanted, "range " + std::to_string(offset) + "+" + std::to_string(length) + ": " + (got ? *got : told(got)));
  };
  gives("k", 0, 10, "0123456789");
  gives("k", 3, 4, "3456");
  gives("k", 9, 1, "9");
  gives("k", 7, 100, "789");
  gives("k", 7, static_cast<std::size_t>(-1), "789");
  gives("k", 10, 5, "");
  gives("k", 4, 0, "");
  gives("empty", 0, 5, "");
  fails(storage.get_range("k", 11, 1), errc::invalid_argument, "range that begins past the end", found);
  fails(storage.get_range("k", static_cast<std::uint64_t>(-1), 1), errc::invalid_argument, "range that begins far past the end", found);
  fails(storage.get_range("none", 0, 1), errc::not_found, "range of nothing", found);
  const result<object_info> info = storage.stat("k");
  if (works(info, "stat", found)) found.check(info->key == "k" && info->bytes == 10, "stat: wrong key or size");
  fails(storage.stat("none"), errc::not_found, "stat of nothing", found);
}

template <class Storage>
void swaps(Storage storage, findings& found) {
  fails(storage.get_tagged("k"), errc::not_found, "get_tagged of nothing", found);
  fails(storage.swap("k", "some-tag", "x"), errc::version_conflict, "swap of nothing with a tag", found);
  holds(storage, "k", std::nullopt, found);
  const result<std::string> first = storage.swap("k", "", "first");
  if (!works(first, "swap in", found)) return;
  found.check(!first->empty(), "the tag of an object is empty");
  fails(storage.swap("k", "", "again"), errc::version_conflict, "swap in what exists", found);
  const result<tagged_body> seen = storage.get_tagged("k");
  if (!works(seen, "get_tagged", found)) return;
  found.check(*seen->body == "first" && seen->tag == *first, "get_tagged: other bytes or another tag than swap gave");
  const result<std::string> second = storage.swap("k", seen->tag, "second");
  if (!works(second, "swap", found)) return;
  found.check(*second != *first, "the tag did not change with the bytes");
  fails(storage.swap("k", *first, "late"), errc::version_conflict, "swap with an old tag", found);
  holds(storage, "k", "second", found);
  works(storage.put("k", "third"), "put", found);
  fails(storage.swap("k", *second, "late"), errc::version_conflict, "swap after a put", found);
  works(storage.remove("k"), "remove", found);
  fails(storage.swap("k", *second, "late"), errc::version_conflict, "swap after a remove", found);
  holds(storage, "k", std::nullopt, found);
}

/// Threads count up one number by swaps: none of the steps may be lost, and of several creators one wins.
template <class Storage>
void swaps_lose_nothing(Storage storage, const storage_trial& trial, findings& found) {
  std::atomic<std::size_t> steps{0}, creators{0};
  std::atomic<bool> broken{false};
  race(trial.threads, [&, shared = storage](std::size_t) {
    Storage own = shared;
    if (own.swap("n", "", "0")) ++creators;
    for (std::size_t round = 0; round < trial.rounds;) {
      const result<tagged_body> seen = own.get_tagged("n");
      if (!seen) return broken.store(true);
      const std::optional<std::size_t> number = pure::parse_decimal<std::size_t>(*seen->body);
      const result<std::string> done = own.swap("n", seen->tag, std::to_string(number.value_or(0) + 1));
      if (!done && done.error().code != errc::version_conflict) return broken.store(true);
      if (done) ++steps, ++round;
    }
  });
  found.check(creators == 1, std::to_string(creators) + " creators succeeded");
  found.check(!broken, "an operation failed with another error than version_conflict");
  holds(storage, "n", std::to_string(steps), found);
}

template <class Storage>
void streams(Storage storage, const storage_trial& trial, findings& found) {
  const std::size_t total = trial.large_bytes / 2 + 12'345;
  const auto letter = [](std::size_t at) { return static_cast<char>('a' + at / 100'003 % 26); };
  std::size_t given = 0;
  const auto source = [&](std::span<char> to) -> result<std::size_t> {
    const std::size_t count = (std::min)({to.size(), total - given, std::size_t{10'007}});
    for (std::size_t i = 0; i < count; ++i) to[i] = letter(given + i);
    given += count;
    return count;
  };
  works(storage.create_from("k", source), "create_from", found);
  std::size_t taken = 0;
  bool same = true;
  const auto sink = [&](std::string_view part) {
    for (const char c : part) same = same && c == letter(taken++);
    return result<void>();
  };
  works(storage.get_into("k", sink), "get_into", found);
  found.check(same && taken == total, "other bytes than the source gave: " + std::to_string(taken) + " of " + std::to_string(total));
  given = 0;
  fails(storage.create_from("k", source), errc::already_exists, "create_from over an object", found);
  const auto nothing = [](std::span<char>) -> result<std::size_t> { return std::size_t{0}; };
  works(storage.create_from("empty", nothing), "create_from an empty source", found);
  holds(storage, "empty", "", found);
}

template <class Storage>
void failing_streams(Storage storage, findings& found) {
  std::size_t calls = 0;
  const auto failing = [&](std::span<char> to) -> result<std::size_t> {
    if (++calls == 3) return lake::error{errc::cancelled, "source", {}, "as arranged"};
    return to[0] = 'x', std::size_t{1};
  };
  fails(storage.create_from("k", failing), errc::cancelled, "create_from a failing source", found);
  holds(storage, "k", std::nullopt, found);
  if constexpr (listing_storage<Storage>) {
    const result<std::string> dump = dump_storage(storage);
    if (works(dump, "dump", found)) found.check(dump->empty(), "a failing source left " + *dump);
  }
  works(storage.create("k", "bytes"), "create", found);
  const auto refuse = [](std::string_view) -> result<void> { return lake::error{errc::cancelled, "sink", {}, "as arranged"}; };
  fails(storage.get_into("k", refuse), errc::cancelled, "get_into a failing sink", found);
  fails(storage.get_into("none", refuse), errc::not_found, "get_into of nothing", found);
}

}  // namespace detail_storage

/// The laws of a storage, as cases to run one by one or by `run_contract`. `make()` returns an empty storage.
template <class Make>
[[nodiscard]] std::vector<contract_case> storage_contract(Make make, storage_trial trial = {}) {
  using storage = decltype(make());
  static_assert(storage_policy<storage>, "lake: make() returns a storage, by value");
  std::vector<contract_case> cases;
  const auto law = [&](std::string name, auto body) {
    cases.push_back({std::move(name), [make, trial, body] {
                       findings found;
                       body(make(), trial, found);
                       return std::move(found).take();
                     }});
  };
  using trial_in = const storage_trial&;
  law("keeps objects under every allowed key", [](storage s, trial_in, findings& f) { detail_storage::keeps_every_key(s, f); });
  law("refuses bad keys everywhere", [](storage s, trial_in, findings& f) { detail_storage::refuses_bad_keys(s, f); });
  law("creates, never replaces", [](storage s, trial_in, findings& f) { detail_storage::create_never_replaces(s, f); });
  law("puts over what was there", [](storage s, trial_in, findings& f) { detail_storage::put_replaces(s, f); });
  law("removes once and again", [](storage s, trial_in, findings& f) { detail_storage::remove_is_idempotent(s, f); });
  law("keeps or refuses keys that begin other keys", [](storage s, trial_in, findings& f) { detail_storage::clashing_names(s, f); });
  law("keeps bytes as they are", [](storage s, trial_in t, findings& f) { detail_storage::keeps_bytes_as_they_are(s, t, f); });
  law("shares its objects with its copies", [](storage s, trial_in, findings& f) { detail_storage::copies_share(s, f); });
  law("lets one of many creators win", [](storage s, trial_in t, findings& f) { detail_storage::one_creator_wins(s, t, f); });
  law("shows whole objects to readers", [](storage s, trial_in t, findings& f) { detail_storage::readers_see_whole_objects(s, t, f); });
  if constexpr (listing_storage<storage>) {
    law("lists keys in order of their bytes", [](storage s, trial_in, findings& f) { detail_storage::lists_in_order(s, f); });
    law("lists more than a page", [](storage s, trial_in t, findings& f) { detail_storage::lists_many(s, t, f); });
  }
  if constexpr (ranged_storage<storage>) {
    law("reads ranges", [](storage s, trial_in, findings& f) { detail_storage::reads_ranges(s, f); });
  }
  if constexpr (conditional_storage<storage>) {
    law("swaps only what was seen", [](storage s, trial_in, findings& f) { detail_storage::swaps(s, f); });
    law("loses no swap", [](storage s, trial_in t, findings& f) { detail_storage::swaps_lose_nothing(s, t, f); });
  }
  if constexpr (streaming_storage<storage>) {
    law("streams in and out", [](storage s, trial_in t, findings& f) { detail_storage::streams(s, t, f); });
    law("leaves nothing of a failing stream", [](storage s, trial_in, findings& f) { detail_storage::failing_streams(s, f); });
  }
  return cases;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_STORAGE_CONTRACT_HPP
