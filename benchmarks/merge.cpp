// The merge engine: 1, 10 and 100 changes of documents of 1 KB, 100 KB and 1 MB.

#include "documents.hpp"
#include "harness.hpp"
#include "nlohmann_merge.hpp"

#include <lake/merge.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {
namespace {

struct task {
  std::string document;
  std::vector<change> changes;
  std::vector<lake::merge::step> steps;

  task(std::size_t count, std::size_t bytes) : document(make_document(bytes)), changes(make_changes(count, users_in(bytes))) {
    for (const change& each : changes) steps.push_back({each.merge, each.path, each.body});
  }
};

/// Both must say the same, or the comparison means nothing.
void check_agreement(const task& given) {
  const std::string ours = lake::merge::apply(given.document, given.steps).value();
  if (nlohmann::json::parse(ours) != nlohmann::json::parse(merge_with_nlohmann(given.document, given.changes))) {
    throw std::runtime_error("lake and nlohmann::json merged to different documents");
  }
}

workload merge(std::size_t count, std::size_t bytes) {
  const auto given = std::make_shared<const task>(count, bytes);
  check_agreement(*given);
  const auto ours = [given] {
    return [given](std::size_t repeat) {
      for (std::size_t i = 0; i < repeat; ++i) keep(lake::merge::apply(given->document, given->steps).value().size());
    };
  };
  const auto rival = [given] {
    return [given](std::size_t repeat) {
      for (std::size_t i = 0; i < repeat; ++i) keep(merge_with_nlohmann(given->document, given->changes).size());
    };
  };
  const auto limit = [given] {
    return [given](std::size_t repeat) {
      for (std::size_t i = 0; i < repeat; ++i) {
        const std::string copy = given->document;
        keep(copy.data());
      }
    };
  };
  return {
      .what = std::to_string(count) + " changes (replace, RFC 7396, RFC 6902 in turn) of a document of " +
              std::to_string(given->document.size()) + " bytes",
      .bytes = static_cast<double>(given->document.size()),
      .contenders = {
          {"lake::merge::apply", role::ours, ours}, {"nlohmann parse, apply, dump", role::rival, rival}, {"memcpy", role::limit, limit}}};
}

}  // namespace

void add_merge_workloads(std::vector<entry>& all) {
  const std::vector<std::pair<std::string, std::size_t>> sizes{{"1k", 1'000}, {"100k", 100'000}, {"1m", 1'000'000}};
  for (const std::size_t count : {std::size_t{1}, std::size_t{10}, std::size_t{100}}) {
    for (const auto& [name, bytes] : sizes) {
      all.push_back(
          {"merge_" + std::to_string(count) + "_" + name, [count, bytes = bytes](const settings&) { return merge(count, bytes); }});
    }
  }
}

}  // namespace bench
