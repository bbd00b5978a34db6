// Two indexes under the same random stream of primitives, on one clock: answers and states must be equal at every step. The memory index
// is the oracle of the others. Knows any index by its concept, and no test framework.
#ifndef LAKE_TESTING_INDEX_COMPARE_HPP
#define LAKE_TESTING_INDEX_COMPARE_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/protocol/types.hpp>
#include <lake/testing/index_describe.hpp>
#include <lake/testing/index_trial.hpp>
#include <lake/testing/manual_clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

namespace detail_index {

/// What the stream remembers of one catalog, to ask about it again.
struct compared_catalog {
  std::string name;
  std::vector<written> reserved = {};
  std::vector<view_answer> views = {};
  std::vector<victims> cuts = {};
  std::vector<file_ref> files = {};
  std::vector<time_seq> known = {};  ///< Any ids seen: versions, deltas, removals.
};

/// The stream. Confined.
template <class A, class B>
class index_comparer {
 public:
  index_comparer(A& oracle, B& other, manual_clock clock, std::uint64_t seed, std::size_t look_every)
      : oracle_(oracle), other_(other), clock_(clock), seed_(seed), state_(seed), look_every_(look_every) {
    for (const std::string_view name : {"users", "Users", "\xe4\xb8\xad/x y"})
      catalogs_.push_back(compared_catalog{.name = std::string(name)});
  }

  [[nodiscard]] std::vector<std::string> run(std::size_t steps) {
    for (step_ = 0; step_ < steps && found_.empty(); ++step_) {
      move_clock();
      compared_catalog& catalog = catalogs_[below(catalogs_.size())];
      choose(catalog);
      if ((step_ + 1) % look_every_ == 0 || step_ + 1 == steps) same_state();
    }
    return std::move(found_);
  }

 private:
  void choose(compared_catalog& c) {
    const std::uint64_t roll = below(100);
    if (roll < 22) return reserve(c);
    if (roll < 44) return commit(c);
    if (roll < 49) return rollback(c);
    if (roll < 66) return view(c);
    if (roll < 74) return publish(c);
    if (roll < 79) return cut(c);
    if (roll < 84) return remove(c);
    if (roll < 88) return remove_delta(c);
    if (roll < 97) return beside(c);
    if (roll < 98) return remove_catalog(c);
    read(c);
  }

  void reserve(compared_catalog& c) {
    constexpr std::array<std::string_view, 5> paths{"/", "/a", "/a/b.c", "/$x", "not a path"};
    std::vector<member_spec> members(below(10) == 0 ? 1 + below(20) : 1);
    for (member_spec& one : members) one = {static_cast<merge_type>(1 + below(3)), paths[below(30) == 0 ? 4 : below(4)]};
    written one{.ids = {}, .token = token()};
    if (below(12) == 0 && !c.reserved.empty()) one.token = any(c.reserved).token;
    const std::optional<time_seq> expected = maybe_expected(c, 5);
    const auto answer = both("reserve", [&](auto& index) {
      return index.reserve({.catalog = c.name, .token = one.token, .members = members, .expected = expected}, timing_);
    });
    if (!answer || answer->status != reserve_status::reserved) return;
    one.ids = answer->ids;
    remember(c.reserved, one);
  }
  void commit(compared_catalog& c) {
    if (c.reserved.empty()) return;
    const written one = spoiled(any_recent(c.reserved));
    const std::optional<time_seq> expected = maybe_expected(c, 8);
    const std::string value = std::to_string(step_);
    const std::vector<meta_entry> meta(below(3), meta_entry{below(2) == 0 ? "k" : "\"\n", value});
    both("commit", [&](auto& index) {
      return index.commit({.catalog = c.name, .ids = one.ids, .token = one.token, .expected = expected, .meta = meta}, timing_);
    });
    remember(c.known, one.id());
  }
  void rollback(compared_catalog& c) {
    if (c.reserved.empty()) return;
    const written one = spoiled(any_recent(c.reserved));
    both("rollback", [&](auto& index) { return index.rollback(c.name, one.ids, one.token); });
  }
  void view(compared_catalog& c) {
    view_args args{.catalog = c.name, .mode = below(3) == 0 ? view_mode::prefix : view_mode::fail};
    if (below(6) == 0) args.upto = any_id(c);
    if (below(6) == 0) args.base = any_id(c);
    if (below(20) == 0) args.max_deltas = 2;
    const auto answer = both("view", [&](const auto& index) { return index.view(args, timing_); });
    if (!answer) return;
    remember(c.known, answer->version);
    if (answer->status == view_status::ok) remember(c.views, *answer);
    if (answer->status == view_status::no_control) heal(c);
  }
  void heal(compared_catalog& c) {
    both("heal", [&](auto& index) { return index.heal({.catalog = c.name}, timing_); });
  }
  void publish(compared_catalog& c) {
    if (c.views.empty()) return;
    const view_answer read = any_recent(c.views);
    const std::string hash = hash_of(read.deltas);
    const time_seq start = read.base ? read.base->stop : time_seq{};
    both("publish_snapshot", [&](auto& index) {
      return index.publish_snapshot(
          {.catalog = c.name, .start = start, .stop = read.stop, .gen = read.gen, .hash = hash, .length = step_, .digest = seed_ ^ step_},
          timing_);
    });
  }
  void cut(compared_catalog& c) {
    cut_args args{.catalog = c.name, .keep = below(3), .grace = below(2) == 0 ? one_second * 0 : one_second * 60};
    if (!c.views.empty() && below(4) != 0) args.cut = any_recent(c.views).base;
    const auto answer = both("clear_cut", [&](auto& index) { return index.clear_cut(args, timing_); });
    if (answer && answer->status == cut_status::cut) remember(c.cuts, answer->gone);
  }
  void remove(compared_catalog& c) {
    victims gone = c.cuts.empty() ? victims{} : any_recent(c.cuts);
    if (below(3) == 0) gone.deltas.push_back({any_id(c), merge_type::replace});
    if (below(3) == 0) gone.pendings.push_back({any_id(c), merge_type::replace});
    if (below(3) == 0) gone.records.push_back({any_id(c), merge_type::replace});
    if (below(4) == 0 && !gone.pendings.empty()) gone.pendings.pop_back();
    both("remove_members", [&](auto& index) { return index.remove_members(c.name, gone, timing_); });
  }
  void remove_delta(compared_catalog& c) {
    const time_seq id = any_id(c);
    const auto answer = both("remove_delta", [&](auto& index) { return index.remove_delta(c.name, id, timing_); });
    if (answer && answer->status == remove_delta_status::removed) remember(c.known, next(id));
  }
  void remove_catalog(compared_catalog& c) {
    const auto answer = both("remove_catalog", [&](auto& index) { return index.remove_catalog(c.name, timing_); });
    if (answer) remember(c.cuts, answer->gone);
  }
  void beside(compared_catalog& c) {
    constexpr std::array<std::string_view, 4> paths{"/f", "/g.png", "/d/h", "/../x"};
    const std::string_view path = paths[below(20) == 0 ? 3 : below(3)];
    const std::uint64_t roll = below(10);
    if (roll < 4) {
      const auto answer = both("issue_id", [&](auto& index) { return index.issue_id(c.name, path, timing_); });
      if (answer && answer->status == issue_status::issued) remember(c.files, file_ref{std::string(path), answer->id});
    } else if (roll < 7 && !c.files.empty()) {
      const file_ref file = any_recent(c.files);
      const file_record record{.id = file.id, .bytes = step_, .digest = seed_, .meta = "{\"n\":\"\\n\"}"};
      both(
          "put_file", [&](auto& index) { return index.put_file(c.name, below(20) == 0 ? path : std::string_view(file.path), record); },
          false);
    } else if (roll < 8) {
      both("drop_file", [&](auto& index) { return index.drop_file(c.name, path); });
    } else {
      const double score = static_cast<double>(below(1000)) / 8;
      both("store_sample", [&](auto& index) { return index.store_sample(c.name, path, score); });
    }
  }
  void read(compared_catalog& c) {
    const time_seq since = below(2) == 0 ? any_id(c) : time_seq{};
    both("read_log", [&](const auto& index) { return index.read_log(c.name, since, 1000); });
    both("read_meta", [&](const auto& index) { return index.read_meta(c.name); });
    both("read_files", [&](const auto& index) { return index.read_files(c.name); });
    both("read_file", [&](const auto& index) { return index.read_file(c.name, "/f"); });
    both("read_sample", [&](const auto& index) { return index.read_sample(c.name, "/f"); });
  }

  /// Mostly a little time passes; now and then a timeout or a horizon, or the wall clock jumps.
  void move_clock() {
    const std::uint64_t roll = below(1000);
    if (roll < 500) clock_.advance(std::chrono::milliseconds(below(40)));
    else if (roll < 560) clock_.advance(std::chrono::milliseconds(below(3000)));
    else if (roll < 590) clock_.advance(timing_.pending_timeout / 2 + one_second);
    else if (roll < 600) clock_.advance(timing_.pending_timeout);
    else if (roll < 603) clock_.advance(timing_.horizon);
    else if (roll < 620) clock_.step(below(2) == 0 ? one_second : -one_second);
    else if (roll < 626) clock_.step(below(2) == 0 ? timing_.pending_timeout : -timing_.pending_timeout);
    else if (roll < 628) clock_.step(below(2) == 0 ? one_year : -one_year);
  }

  /// Asks both; the oracle's value, if it has one.
  template <class Call>
  auto both(std::string_view what, Call&& call, bool repeatable = true) {
    // A call that draws random numbers must draw the same for both.
    const std::uint64_t before = state_;
    auto wanted = call(oracle_);
    if (!repeatable) state_ = before;
    const auto got = call(other_);
    const std::string left = describe(wanted);
    const std::string right = describe(got);
    if (left != right) differ(std::string(what) + " answers\n" + right + "\nthe oracle answers\n" + left);
    using value = typename decltype(wanted)::value_type;
    if constexpr (!std::is_void_v<value>) return wanted ? std::optional<value>(*std::move(wanted)) : std::nullopt;
  }
  void same_state() {
    if constexpr (dumping_index<A> && dumping_index<B>) {
      const std::string left = describe(oracle_.dump());
      const std::string right = describe(other_.dump());
      if (left != right) differ("the state is\n" + right + "\nthat of the oracle is\n" + left);
    }
  }
  void differ(const std::string& how) {
    found_.push_back("seed " + std::to_string(seed_) + ", step " + std::to_string(step_) + ": " + how);
  }

  /// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
  std::uint64_t bits() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(bits() % bound); }
  write_token token() {
    write_token fresh{};
    for (std::uint8_t& byte : fresh) byte = static_cast<std::uint8_t>(bits());
    return fresh;
  }
  template <class X>
  const X& any(const std::vector<X>& all) {
    return all[below(all.size())];
  }
  template <class X>
  const X& any_recent(const std::vector<X>& all) {
    const std::size_t window = below(4) == 0 ? all.size() : (all.size() < 3 ? all.size() : 3);
    return all[all.size() - 1 - below(window)];
  }
  template <class X>
  static void remember(std::vector<X>& all, const X& one) {
    if (all.size() >= 64) all.erase(all.begin(), all.begin() + 32);
    all.push_back(one);
  }
  time_seq any_id(compared_catalog& c) {
    if (below(10) == 0) return time_seq{};
    if (!c.reserved.empty() && below(2) == 0) {
      const id_run& ids = any_recent(c.reserved).ids;
      return ids[static_cast<std::uint32_t>(below(ids.count))];
    }
    return c.known.empty() ? time_seq{1, 1} : any_recent(c.known);
  }
  std::optional<time_seq> maybe_expected(compared_catalog& c, std::size_t one_in) {
    if (below(one_in) != 0) return std::nullopt;
    return any_id(c);
  }
  /// Now and then somebody else's ids or token.
  written spoiled(written one) {
    const std::size_t roll = below(60);
    if (roll == 0) one.token = token();
    if (roll == 1) ++one.ids.count;
    if (roll == 2 && one.ids.count > 1) --one.ids.count;
    if (roll == 3) one.ids.first = next(one.ids.first);
    return one;
  }

  A& oracle_;
  B& other_;
  manual_clock clock_;
  std::uint64_t seed_;
  std::uint64_t state_;
  std::size_t look_every_;
  std::size_t step_ = 0;
  index_timing timing_;
  std::vector<compared_catalog> catalogs_;
  std::vector<std::string> found_;
};

}  // namespace detail_index

/// Runs the same `steps` random primitives on both indexes, which must be in the same state and go by `clock`. Returns the first difference
/// between their answers or their dumps (where both can dump), with the seed and the step; nothing if there is none.
/// The dumps are looked at after each step, or every `look_every` steps and at the end.
template <index_policy Oracle, index_policy Other>
[[nodiscard]] std::vector<std::string> compare_indexes(Oracle& oracle, Other& other, manual_clock clock, std::uint64_t seed,
                                                       std::size_t steps, std::size_t look_every = 1) {
  return detail_index::index_comparer<Oracle, Other>(oracle, other, std::move(clock), seed, look_every).run(steps);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_INDEX_COMPARE_HPP
