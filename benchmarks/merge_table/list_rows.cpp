// Rows about lists: of deltas to prune, of array elements to insert, of moves to and fro.

#include "engine.hpp"
#include "figures.hpp"
#include "rival.hpp"
#include "table.hpp"

#include <lake/merge/prune.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace merge_table {
namespace {

using bench::keep;
using lake::merge_type;

side ours(std::string name, const task& given) {
  return {std::move(name), [&given] { keep(merge(given).data()); }};
}

/// What `prune` is told of a delta.
struct listed {
  merge_type type;
  std::string path;
};

enum class mix { thirds, mostly_replaces, distinct_replaces };

std::string random_path(std::mt19937_64& random) {
  std::string path = "/data/sec" + std::to_string(random() % 30);
  if (random() % 20 > 0) path += "/rec" + std::to_string(random() % 100);
  if (random() % 3 > 0) path += "/field" + std::to_string(random() % 8);
  return path;
}

std::vector<listed> make_list(mix of, std::size_t count) {
  std::mt19937_64 random(6);
  std::vector<listed> all;
  for (std::size_t i = 0; i < count; ++i) {
    if (of == mix::distinct_replaces) {
      all.push_back({merge_type::replace, "/data/sec" + std::to_string(i % 97) + "/rec" + std::to_string(i)});
      continue;
    }
    const auto roll = random() % (of == mix::thirds ? 3 : 20);
    all.push_back({roll == 1 ? merge_type::rfc7396 : roll == 2 ? merge_type::rfc6902 : merge_type::replace, random_path(random)});
  }
  return all;
}

side pruning(const std::vector<listed>& all) {
  return {"N=" + std::to_string(all.size()), [&all] {
            const auto effect_of = [&all](std::size_t i) { return lake::merge::effect{all[i].type, all[i].path}; };
            keep(lake::merge::prune(all.size(), effect_of).first);
          }};
}

row prune(const settings& with) {
  row made{.name = "prune: per delta at N=10,000 / growth from 1000 to 10,000"};
  constexpr std::size_t many_deltas = 10'000;
  double slowest = 0;
  double growth = 0;
  for (const auto& [of, name] : {std::pair{mix::thirds, "random paths, a third of each type"},
                                 std::pair{mix::mostly_replaces, "random paths, nine in ten are Replaces"},
                                 std::pair{mix::distinct_replaces, "Replaces at distinct paths"}}) {
    const std::vector<listed> many = make_list(of, many_deltas);
    const std::vector<listed> few = make_list(of, many_deltas / 10);
    const measurement& seen = made.measured.emplace_back(race(name, {pruning(few), pruning(many)}, with.seconds / 2));
    slowest = (std::max)(slowest, seen.sides[1].best / static_cast<double>(many_deltas) / 1e3);
    growth = (std::max)(growth, ratio(seen, 1, 0));
  }
  made.figures = {{measure::microseconds_at_most, slowest, 0.5, 0.3}, {measure::times_at_most, growth, 15, 12}};
  made.note = "the worst of the lists";
  return made;
}

row inserts(const settings& with) {
  row made{.name = "6902: 1000 inserts at the head of 100,000 elements vs one append"};
  constexpr std::size_t elements = 100'000;
  constexpr std::size_t count = 1000;
  const task append = make_append(elements);
  const task singly = make_inserts(elements, count, place::head, 1);
  const task at_once = make_inserts(elements, count, place::head, count);
  const task random = make_inserts(elements, count, place::random, count);
  for (const task* each : {&append, &singly, &at_once, &random}) check_agreement(*each);
  const measurement& seen = made.measured.emplace_back(
      race("100,000 numbers",
           {ours("one append", append), ours("1000 deltas, one insert each", singly), ours("one delta of 1000 inserts", at_once),
            ours("one delta of 1000 inserts at random places", random)},
           with.seconds));
  made.figures = {{measure::times_at_most, (std::max)(ratio(seen, 1, 0), ratio(seen, 2, 0)), 3, 1.5}};
  made.note = "the worse of 1000 deltas, " + bench::fixed(ratio(seen, 1, 0), 2) + "x, and one of 1000 operations, " +
              bench::fixed(ratio(seen, 2, 0), 2) + "x; random places: " + bench::fixed(ratio(seen, 3, 0), 2) + 'x';
  return made;
}

row moves(const settings& with) {
  row made{.name = "6902: move of a 600 KB object 1000 times, an edit between, vs once"};
  constexpr std::size_t bytes = 600'000;
  constexpr std::size_t count = 1000;
  const task once = make_moves(bytes, 1, edits::one_field, 1);
  const task singly = make_moves(bytes, count, edits::one_field, 1);
  const task at_once = make_moves(bytes, count, edits::one_field, count);
  const task spread = make_moves(bytes, count, edits::spread, count);
  for (const task* each : {&once, &singly, &at_once, &spread}) check_agreement(*each);
  const measurement& seen = made.measured.emplace_back(
      race("600 KB",
           {ours("once", once), ours("1000 deltas, one move and edit each", singly), ours("one delta of 1000 moves and edits", at_once),
            ours("the same with each edit in another record", spread)},
           with.seconds));
  made.figures = {{measure::times_at_most, (std::max)(ratio(seen, 1, 0), ratio(seen, 2, 0)), 6, 3}};
  made.note = "the worse of 1000 deltas, " + bench::fixed(ratio(seen, 1, 0), 2) + "x, and one of 2000 operations, " +
              bench::fixed(ratio(seen, 2, 0), 2) +
              "x; with each edit in another record, 1000 of them visited: " + bench::fixed(ratio(seen, 3, 0), 2) + 'x';
  return made;
}

}  // namespace

void add_list_rows(std::vector<row_maker>& all) {
  all.push_back({"prune", prune});
  all.push_back({"inserts", inserts});
  all.push_back({"moves", moves});
}

}  // namespace merge_table
