// What the cases of the index contract work with: a fresh index on a manual clock, its primitives with everything else filled in, and
// comparisons that end as sentences. Knows any index by its concept, and no test framework.
#ifndef LAKE_TESTING_INDEX_TRIAL_HPP
#define LAKE_TESTING_INDEX_TRIAL_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/member.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/protocol/types.hpp>
#include <lake/testing/contract.hpp>
#include <lake/testing/index_describe.hpp>
#include <lake/testing/manual_clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

/// How to damage an index on purpose, behind its back. What is left empty is not tried. For tests: nothing here is on a path that must be fast.
template <class Index>
struct index_damage {
  std::function<void(Index&, std::string_view catalog)> drop_control = {};
  std::function<void(Index&, std::string_view catalog, time_seq id)> drop_member = {};
  std::function<void(Index&, std::string_view catalog, time_seq stop)> drop_snapshot = {};
};

/// A new, empty index on this clock.
template <class Index>
using index_maker = std::function<Index(const clock_source&)>;

inline constexpr std::chrono::milliseconds one_second{1'000};
inline constexpr std::chrono::milliseconds one_year{31'536'000'000};

/// The hash a publisher sends for these deltas.
[[nodiscard]] inline std::string hash_of(const std::vector<delta>& deltas) {
  member_hash hash;
  for (const delta& one : deltas) hash.add(one.id, one.merge, one.path);
  return hash.hex();
}

/// A reservation as its writer remembers it.
struct written {
  id_run ids;
  write_token token{};
  [[nodiscard]] time_seq id() const noexcept { return ids.first; }
};

/// One case's index, clock and findings. Confined.
template <class Index>
class index_trial {
 public:
  index_trial(index_maker<Index> make, index_damage<Index> damage_with)
      : damage(std::move(damage_with)), index(make(clock.source())), make_(std::move(make)) {}

  manual_clock clock;
  index_damage<Index> damage;
  Index index;
  index_timing timing = {};
  /// A timing for which nothing looks expired: what a step back of the clock, or another client's clock, can make of any age.
  index_timing patient = {.pending_timeout = 100 * one_year};
  std::string catalog = "users";

  /// Another empty index on the same clock.
  [[nodiscard]] Index another() { return make_(clock.source()); }
  void expire_pendings() { clock.advance(timing.pending_timeout); }

  // ------------------------------------------------------------------------------------------------------- primitives
  [[nodiscard]] write_token token() {
    write_token fresh{};
    ++tokens_;
    for (std::size_t i = 0; i < 8; ++i) fresh[i] = static_cast<std::uint8_t>(tokens_ >> (8 * i));
    return fresh;
  }
  result<reserve_answer> try_reserve(std::size_t count, std::optional<time_seq> expected, const write_token& with) {
    const std::vector<member_spec> members(count, member_spec{merge_type::replace, "/name"});
    return index.reserve({.catalog = catalog, .token = with, .members = members, .expected = expected}, timing);
  }
  written reserve(std::size_t count = 1, std::optional<time_seq> expected = {}) {
    written one{.ids = {}, .token = token()};
    const result<reserve_answer> answer = try_reserve(count, expected, one.token);
    if (check(answer && answer->status == reserve_status::reserved, "reserve was refused: " + describe(answer))) one.ids = answer->ids;
    return one;
  }
  std::string commit(const written& one, std::optional<time_seq> expected = {}) { return commit_with(one, timing, expected, {}); }
  /// Commit as an index whose clock shows no age: only what the index has recorded can refuse it.
  std::string late_commit(const written& one) { return commit_with(one, patient, {}, {}); }
  std::string commit_with(const written& one, const index_timing& with, std::optional<time_seq> expected,
                          const std::vector<meta_entry>& meta) {
    const result<commit_answer> answer =
        index.commit({.catalog = catalog, .ids = one.ids, .token = one.token, .expected = expected, .meta = meta}, with);
    if (!answer) return describe(answer);
    switch (answer->status) {
      case commit_status::ok: return "ok";
      case commit_status::fenced: return "fenced";
      case commit_status::conflict: return "conflict";
      case commit_status::unknown: return "unknown";
      case commit_status::no_control: return "no_control";
    }
    return "no status";
  }
  std::string rollback(const written& one) {
    const result<rollback_status> answer = index.rollback(catalog, one.ids, one.token);
    if (!answer) return describe(answer);
    switch (*answer) {
      case rollback_status::rolled_back: return "rolled_back";
      case rollback_status::committed: return "committed";
      case rollback_status::unknown: return "unknown";
      case rollback_status::no_control: return "no_control";
    }
    return "no status";
  }
  /// A whole write.
  written put(std::size_t count = 1) {
    const written one = reserve(count);
    equal(commit(one), "ok", "commit of a fresh reservation");
    return one;
  }
  view_answer view(view_mode mode = view_mode::fail, std::optional<time_seq> upto = {}, std::optional<time_seq> base = {}) {
    result<view_answer> answer = index.view({.catalog = catalog, .mode = mode, .base = base, .upto = upto}, timing);
    check(answer.has_value(), "view failed: " + describe(answer));
    return answer ? *std::move(answer) : view_answer{};
  }
  publish_status publish(const view_answer& read, std::uint64_t digest = 7) {
    return publish_as(read, read.gen, hash_of(read.deltas), digest);
  }
  publish_status publish_as(const view_answer& read, time_seq gen, std::string_view hash, std::uint64_t digest) {
    const result<publish_status> answer = index.publish_snapshot({.catalog = catalog,
                                                                  .start = read.base ? read.base->stop : time_seq{},
                                                                  .stop = read.stop,
                                                                  .gen = gen,
                                                                  .hash = hash,
                                                                  .length = 100,
                                                                  .digest = digest},
                                                                 timing);
    check(answer.has_value(), "publish_snapshot failed: " + describe(answer));
    return answer ? *answer : publish_status::no_control;
  }
  /// Reads and publishes; the snapshot as recorded.
  snapshot_info snapshot_now(std::uint64_t digest = 7) {
    equal(publish(view(), digest), publish_status::published, "publish of what was just read");
    return view().base.value_or(snapshot_info{});
  }
  cut_answer cut(std::optional<snapshot_info> at, std::chrono::milliseconds grace = std::chrono::milliseconds{0}, std::size_t keep = 0) {
    result<cut_answer> answer = index.clear_cut({.catalog = catalog, .cut = at, .keep = keep, .grace = grace}, timing);
    check(answer.has_value(), "clear_cut failed: " + describe(answer));
    return answer ? *std::move(answer) : cut_answer{};
  }
  removed_counts remove(const victims& gone) {
    const result<removed_counts> counts = index.remove_members(catalog, gone, timing);
    check(counts.has_value(), "remove_members failed: " + describe(counts));
    return counts ? *counts : removed_counts{};
  }
  /// A whole clear_history at a snapshot.
  removed_counts clear(const snapshot_info& at, std::size_t keep = 0) {
    const cut_answer answer = cut(at, std::chrono::milliseconds{0}, keep);
    equal(answer.status, cut_status::cut, "clear_cut at a recorded snapshot");
    return remove(answer.gone);
  }
  remove_delta_answer remove_delta(time_seq id) {
    const result<remove_delta_answer> answer = index.remove_delta(catalog, id, timing);
    check(answer.has_value(), "remove_delta failed: " + describe(answer));
    return answer ? *answer : remove_delta_answer{};
  }
  remove_catalog_answer remove_catalog() {
    result<remove_catalog_answer> answer = index.remove_catalog(catalog, timing);
    check(answer.has_value(), "remove_catalog failed: " + describe(answer));
    return answer ? *std::move(answer) : remove_catalog_answer{};
  }

  // ----------------------------------------------------------------------------------------------------------- findings
  bool check(bool holds, std::string sentence) { return found_.check(holds, std::move(sentence)); }
  template <class Got, class Wanted>
  bool equal(const Got& got, const Wanted& wanted, std::string_view what) {
    const std::string left = describe(got);
    const std::string right = describe(wanted);
    return check(left == right, std::string(what) + ": " + left + ", not " + right);
  }
  bool equal(const std::string& got, const char* wanted, std::string_view what) { return equal(got, std::string_view(wanted), what); }
  /// All that the index holds; empty for an index that cannot dump.
  [[nodiscard]] std::string dump() { return dump_of(index); }
  [[nodiscard]] std::string dump_of(const Index& of) {
    if constexpr (dumping_index<Index>) {
      result<std::string> all = of.dump();
      check(all.has_value(), "dump failed: " + describe(all));
      return all ? *std::move(all) : std::string();
    } else {
      return {};
    }
  }
  /// `step` must leave the whole state byte-equal. Time goes on by a little before it.
  template <class Step>
  void unchanged(std::string_view what, Step&& step) {
    clock.advance(std::chrono::milliseconds{3});
    const std::string before = dump();
    step();
    check(dump() == before, std::string(what) + " changed the state, from\n" + before + "to\n" + dump());
  }
  [[nodiscard]] std::vector<std::string> take() && { return std::move(found_).take(); }

 private:
  index_maker<Index> make_;
  findings found_;
  std::uint64_t tokens_ = 0;
};

/// The ids of deltas.
[[nodiscard]] inline std::vector<time_seq> ids_of(const std::vector<delta>& deltas) {
  std::vector<time_seq> ids;
  for (const delta& one : deltas) ids.push_back(one.id);
  return ids;
}
[[nodiscard]] inline std::vector<time_seq> ids_of(const std::vector<body_ref>& bodies) {
  std::vector<time_seq> ids;
  for (const body_ref& one : bodies) ids.push_back(one.id);
  return ids;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_INDEX_TRIAL_HPP
