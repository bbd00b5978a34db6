#include "nlohmann_merge.hpp"

#include <nlohmann/json.hpp>

namespace bench {

std::string merge_with_nlohmann(const std::string& document, const std::vector<change>& changes) {
  using nlohmann::json;
  json merged = json::parse(document);
  for (const change& each : changes) {
    json& target = merged[json::json_pointer(each.path)];
    json body = json::parse(each.body);
    switch (each.merge) {
      case lake::merge_type::replace: target = std::move(body); break;
      case lake::merge_type::rfc7396: target.merge_patch(body); break;
      case lake::merge_type::rfc6902: target = target.patch(body); break;
    }
  }
  return merged.dump();
}

}  // namespace bench
