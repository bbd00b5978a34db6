// Rows about whole merges: against nlohmann::json, against the least that must be done, and against other merges of ours.

#include "engine.hpp"
#include "figures.hpp"
#include "rival.hpp"
#include "table.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace merge_table {
namespace {

using bench::keep;

constexpr std::array<std::size_t, 4> counts{1, 10, 100, 1000};

std::string deltas(std::size_t count) { return "N=" + std::to_string(count); }
std::string name_of(level with) { return std::string(lake::merge::detail::to_string(with)); }

side ours(const task& given) {
  return {"lake", [&given] { keep(merge(given).data()); }};
}
side ours(std::string name, const task& given) {
  return {std::move(name), [&given] { keep(merge(given).data()); }};
}
side ours_at(level with, const task& given) {
  return {"lake " + name_of(with), [with, &given] { keep(merge_at(with, given).data()); }};
}
side ours_checked(const task& given) {
  return {"lake, bodies checked too", [&given] { keep(merge_checked(given).data()); }};
}
side nlohmanns(const task& given) {
  return {"nlohmann", [&given] { keep(merge_with_nlohmann(given).data()); }};
}

/// A place to copy to whose pages are there.
class warm_buffer {
 public:
  explicit warm_buffer(std::size_t bytes) : bytes_(bytes, 'x') {}
  void copy(std::string_view from) {
    std::memcpy(bytes_.data(), from.data(), from.size());
    keep(bytes_.data());
  }

 private:
  std::string bytes_;
};

side copy_of(const std::string& result, warm_buffer& to) {
  return {"memcpy", [&result, &to] { to.copy(result); }};
}

/// The least that an engine without an index of the base must do: look at all of it, and copy the result. It copies the base, of
/// nearly the same bytes, as that is in the caches already.
side skip_and_copy(level with, const task& given, warm_buffer& to) {
  return {"skip + memcpy " + name_of(with), [with, &given, &to] {
            keep(skip(with, given.base));
            to.copy(given.base);
          }};
}

row against_nlohmann(const settings& with, std::string name, std::size_t bytes, const std::array<double, 4>& must,
                     const std::array<double, 4>& stretch) {
  row made{.name = std::move(name)};
  std::string checked;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const task given = make_task(bytes, counts[i]);
    check_agreement(given);
    std::vector<side> sides{ours(given), nlohmanns(given)};
    if (bytes == kilobyte) sides.push_back(ours_checked(given));
    const double seconds = bytes < megabyte ? with.seconds : with.seconds * 2;  // Few samples of a slow rival would flatter us.
    const measurement& seen = made.measured.emplace_back(race(deltas(counts[i]), sides, seconds));
    made.figures.push_back({measure::times, ratio(seen, 1, 0), must[i], stretch[i]});
    if (sides.size() > 2) checked += (checked.empty() ? "" : " / ") + bench::fixed(ratio(seen, 1, 2), 1) + 'x';
  }
  if (!checked.empty()) made.note = "with the default options, which check the bodies again: " + checked;
  return made;
}

row against_least(const settings& with) {
  row made{.name = "merge / (skip base + memcpy result), base >= 1 MB: N=1 / 10"};
  constexpr std::array<double, 2> must{1.25, 1.6};
  constexpr std::array<double, 2> stretch{1.1, 1.3};
  for (std::size_t i = 0; i < must.size(); ++i) {
    double worst = 0;
    for (const std::size_t bytes : {megabyte, ten_megabytes}) {
      const task given = make_task(bytes, counts[i]);
      warm_buffer to(given.base.size());
      std::vector<side> sides;
      for (const level each : levels()) {
        sides.push_back(ours_at(each, given));
        sides.push_back(skip_and_copy(each, given, to));
      }
      const measurement& seen =
          made.measured.emplace_back(race(deltas(counts[i]) + ", " + std::to_string(given.base.size()) + " bytes", sides, with.seconds));
      for (std::size_t j = 0; j < sides.size(); j += 2) worst = (std::max)(worst, ratio(seen, j, j + 1));
    }
    made.figures.push_back({measure::ratio_at_most, worst, must[i], stretch[i]});
  }
  made.note = "the worst of bases and instruction sets; the merge makes a fresh std::string, memcpy goes to a warm buffer";
  return made;
}

/// As of an allocator that keeps what it was given back: glibc's gives blocks of more than 32 MB back to the system at once.
class keeping_memory {
 public:
  keeping_memory() {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
  }
  keeping_memory(const keeping_memory&) = delete;
  keeping_memory& operator=(const keeping_memory&) = delete;
  ~keeping_memory() {
    mallopt(M_MMAP_MAX, 65'536);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    malloc_trim(0);
  }
};

row against_memcpy(const settings& with) {
  row made{.name = "fraction of memcpy, 64 MB base, N=1: SSE / AVX2+"};
  const task given = make_task(beyond_caches, 1);
  const std::string result = merge(given);
  warm_buffer to(result.size());
  std::vector<side> sides{copy_of(result, to)};
  for (const level each : levels()) sides.push_back(ours_at(each, given));
  const std::size_t widest = sides.size() - 1;
  sides.push_back({"copy to a fresh std::string", [&result] {
                     const std::string copy = result;
                     keep(copy.data());
                   }});
  const measurement fresh = race("memory fresh from the system", sides, with.seconds * 2);
  made.note =
      "with memory that the allocator kept, as a reused buffer; with pages fresh from the system: " + bench::fixed(ratio(fresh, 0, 1), 3) +
      " / " + bench::fixed(ratio(fresh, 0, widest), 3) + ", where a mere copy of the result has " +
      bench::fixed(ratio(fresh, 0, widest + 1), 3);
  const keeping_memory while_this_lasts;
  const measurement kept = race("memory that the allocator kept", sides, with.seconds * 2);
  made.figures = {{measure::share, ratio(kept, 0, 1), 0.22, 0.35}, {measure::share, ratio(kept, 0, widest), 0.30, 0.45}};
  made.measured = {kept, fresh};
  return made;
}

row linearity(const settings& with) {
  row made{.name = "linearity: T(10 MB, N=1000) / T(10 MB, N=1)"};
  const task many = make_task(ten_megabytes, 1000);
  const task one = make_task(ten_megabytes, 1);
  const measurement& seen = made.measured.emplace_back(race("10 MB", {ours("N=1000", many), ours("N=1", one)}, with.seconds));
  made.figures = {{measure::ratio_at_most, ratio(seen, 0, 1), 4, 2.5}};
  return made;
}

row wide_object(const settings& with) {
  row made{.name = "wide object, 10,000 keys: 1000 deltas / 1 delta"};
  for (const std::size_t keys : {std::size_t{10'000}, std::size_t{100'000}}) {
    const task many = make_wide(keys, 1000);
    const task one = make_wide(keys, 1);
    check_agreement(many);
    const measurement& seen =
        made.measured.emplace_back(race(std::to_string(keys) + " keys", {ours("1000 deltas", many), ours("1 delta", one)}, with.seconds));
    if (made.figures.empty()) made.figures = {{measure::ratio_at_most, ratio(seen, 0, 1), 3, 2}};
  }
  return made;
}

row slope(const settings& with) {
  row made{.name = "extra cost per small delta (N=100 to 1000), 1 KB base, of nlohmann's"};
  const task few = make_task(kilobyte, 100);
  const task many = make_task(kilobyte, 1000);
  const measurement& seen = made.measured.emplace_back(race("1 KB",
                                                            {{"lake N=100", ours(few).once},
                                                             {"lake N=1000", ours(many).once},
                                                             {"nlohmann N=100", nlohmanns(few).once},
                                                             {"nlohmann N=1000", nlohmanns(many).once}},
                                                            with.seconds * 2));
  const double mine = seen.sides[1].best - seen.sides[0].best;
  const double theirs = seen.sides[3].best - seen.sides[2].best;
  made.figures = {{measure::one_in, theirs / mine, 6, 12}};
  made.note = "per delta: lake " + bench::duration(mine / 900) + ", nlohmann " + bench::duration(theirs / 900);
  return made;
}

row nesting(const settings& with) {
  row made{.name = "8 levels around 10 MB, a delta on each / the bottom alone, one delta"};
  const task nested = make_nested(ten_megabytes);
  const task bottom = make_bottom(ten_megabytes);
  check_agreement(nested);
  const measurement& seen = made.measured.emplace_back(race("10 MB", {ours("nested", nested), ours("bottom", bottom)}, with.seconds));
  made.figures = {{measure::ratio_at_most, ratio(seen, 0, 1), 1.3, 1.1}};
  return made;
}

}  // namespace

void add_merge_rows(std::vector<row_maker>& all) {
  all.push_back(
      {"nlohmann_1k", [](const settings& with) {
         return against_nlohmann(with, "merge vs nlohmann, 1 KB: N=1 / 10 / 100 / 1000", kilobyte, {15, 6, 6, 6}, {25, 12, 12, 12});
       }});
  all.push_back({"nlohmann_100k", [](const settings& with) {
                   return against_nlohmann(with, "... 100 KB", hundred_kilobytes, {70, 45, 17, 6}, {130, 90, 35, 15});
                 }});
  all.push_back({"nlohmann_1m", [](const settings& with) {
                   return against_nlohmann(with, "... 1 MB", megabyte, {80, 70, 40, 18}, {200, 150, 80, 35});
                 }});
  all.push_back({"nlohmann_10m", [](const settings& with) {
                   return against_nlohmann(with, "... 10 MB", ten_megabytes, {140, 140, 100, 55}, {300, 280, 200, 110});
                 }});
  all.push_back({"least", against_least});
  all.push_back({"memcpy", against_memcpy});
  all.push_back({"linearity", linearity});
  all.push_back({"wide", wide_object});
  all.push_back({"slope", slope});
  all.push_back({"nesting", nesting});
}

}  // namespace merge_table
