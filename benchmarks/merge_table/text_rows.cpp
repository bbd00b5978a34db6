// Rows about texts alone: skipping, strings full of escapes, checking, and the way into nlohmann::json.

#include "engine.hpp"
#include "figures.hpp"
#include "rival.hpp"
#include "table.hpp"

#include <lake/merge/document.hpp>
#include <lake/merge/validate.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace merge_table {
namespace {

using bench::keep;
using nlohmann::json;

constexpr const char* worst_counts = "the worst document";

side accept(const std::string& body) {
  return {"nlohmann accept", [&body] { keep(json::accept(body)); }};
}

/// A row whose figure is the worst document's: how many times as long the last side takes as the first.
template <class Sides>
row worst_of(row made, const settings& with, std::size_t documents, double must, double stretch, Sides&& sides_for) {
  if (with.documents.empty()) {
    made.note = "LAKE_DATA is not set: its folder json-docs holds the documents";
    return made;
  }
  std::vector<real_document> all = read_documents(with.documents);
  all.resize((std::min)(documents, all.size()));
  double worst = 0;
  for (const real_document& each : all) {
    const measurement& seen = made.measured.emplace_back(race(each.name, sides_for(each.body), with.seconds / 2));
    const double times = ratio(seen, seen.sides.size() - 1, 0);
    made.note += (made.note.empty() ? std::string(worst_counts) + " of " : ", ") + each.name + ' ' + bench::fixed(times, 1) + 'x';
    if (worst == 0 || times < worst) worst = times;
  }
  made.figures = {{measure::times, worst, must, stretch}};
  return made;
}

constexpr std::size_t all_documents = 100;

row skipper(const settings& with) {
  return worst_of({.name = "skipper vs nlohmann accept on the same document (SSE)"}, with, all_documents, 30, 60,
                  [](const std::string& body) {
                    std::vector<side> sides;
                    for (const level each : levels()) {
                      const std::string name = "skip " + std::string(lake::merge::detail::to_string(each));
                      sides.push_back({name, [each, &body] { keep(skip(each, body)); }});
                    }
                    sides.push_back(accept(body));
                    return sides;
                  });
}

row escapes(const settings& with) {
  row made{.name = R"(merge over a 10 MB string of \\ or \" pairs, vs plain letters)"};
  const task plain = make_long_string(10'000'000, "ab");
  const task backslashes = make_long_string(10'000'000, R"(\\)");
  const task quotes = make_long_string(10'000'000, R"(\")");
  const auto side_of = [](const char* name, const task& given) { return side{name, [&given] { keep(merge(given).data()); }}; };
  const measurement& seen = made.measured.emplace_back(
      race("10 MB", {side_of("letters", plain), side_of(R"(\\)", backslashes), side_of(R"(\")", quotes)}, with.seconds));
  made.figures = {{measure::share, (std::min)(ratio(seen, 0, 1), ratio(seen, 0, 2)), 0.5, 0.75}};
  made.note = R"(the worse of the two; \\ )" + bench::fixed(ratio(seen, 0, 1), 2) + R"(, \" )" + bench::fixed(ratio(seen, 0, 2), 2);
  return made;
}

std::vector<side> validating(const std::string& body, const lake::merge::options& how) {
  lake::merge::validate(body, how).value();
  return {{"lake validate", [&body, how] { keep(lake::merge::validate(body, how).has_value()); }}, accept(body)};
}

row validator(const settings& with) {
  return worst_of({.name = "validator vs nlohmann accept"}, with, all_documents, 5, 10,
                  [](const std::string& body) { return validating(body, {}); });
}

row validator_without_duplicates(const settings& with) {
  return worst_of({.name = "... with duplicate-key rejection"}, with, all_documents, 4, 7,
                  [](const std::string& body) { return validating(body, {.refuse_duplicate_keys = true}); });
}

row to_json(const settings& with) {
  constexpr std::size_t first_four = 4;  // twitter, citm_catalog, canada, update-center.
  return worst_of({.name = "text -> nlohmann::json vs json::parse"}, with, first_four, 1.8, 2.5,
                  [](const std::string& body) -> std::vector<side> {
                    if (lake::merge::to_json(body).value() != json::parse(body))
                      throw std::runtime_error("lake and nlohmann::json read different documents");
                    return {{"lake to_json", [&body] { keep(lake::merge::to_json(body).value().size()); }},
                            {"nlohmann parse", [&body] { keep(json::parse(body).size()); }}};
                  });
}

}  // namespace

void add_text_rows(std::vector<row_maker>& all) {
  all.push_back({"skipper", skipper});
  all.push_back({"escapes", escapes});
  all.push_back({"validator", validator});
  all.push_back({"validator_duplicates", validator_without_duplicates});
  all.push_back({"to_json", to_json});
}

}  // namespace merge_table
