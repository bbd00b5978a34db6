#include "rival.hpp"

#include <lake/merge/apply.hpp>

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <utility>

namespace merge_table {
namespace {

using nlohmann::json;
using pointer = json::json_pointer;

/// As `add` of RFC 6902, but it creates missing parents.
void add(json& document, const pointer& at, json value) {
  if (at.empty()) {
    document = std::move(value);
    return;
  }
  json& parent = document[at.parent_pointer()];  // For a name that is not there: creates it.
  const std::string& last = at.back();
  if (!parent.is_array()) parent[last] = std::move(value);
  else if (last == "-") parent.push_back(std::move(value));
  else parent.insert(parent.begin() + std::stol(last), std::move(value));
}

json take(json& document, const pointer& from) {
  json& parent = document.at(from.parent_pointer());
  json taken = std::move(document.at(from));
  if (parent.is_array()) parent.erase(parent.begin() + std::stol(from.back()));
  else parent.erase(from.back());
  return taken;
}

void patch(json& document, json&& operations) {
  for (json& each : operations) {
    const auto& verb = each.at("op").get_ref<const std::string&>();
    const pointer at(each.at("path").get_ref<const std::string&>());
    if (verb == "add") add(document, at, std::move(each.at("value")));
    else if (verb == "replace") document.at(at) = std::move(each.at("value"));
    else if (verb == "remove") take(document, at);
    else if (verb == "move") add(document, at, take(document, pointer(each.at("from").get_ref<const std::string&>())));
    else throw std::runtime_error("the workload has no operation " + verb);
  }
}

}  // namespace

std::string merge_with_nlohmann(const task& given) {
  json merged = json::parse(given.base);
  for (const change& each : given.changes) {
    json& target = each.path == "/" ? merged : merged[pointer(each.path)];
    json body = json::parse(each.body);
    switch (each.merge) {
      case lake::merge_type::replace: target = std::move(body); break;
      case lake::merge_type::rfc7396: target.merge_patch(body); break;
      case lake::merge_type::rfc6902: patch(target, std::move(body)); break;
    }
  }
  return merged.dump();
}

void check_agreement(const task& given) {
  const json wanted = json::parse(merge_with_nlohmann(given));
  for (const bool trusted : {true, false}) {
    const std::string ours = lake::merge::apply(given.base, given.steps, {.trust_bodies = trusted}).value();
    if (json::parse(ours) != wanted) throw std::runtime_error("lake and nlohmann::json merged to different documents");
  }
}

}  // namespace merge_table
