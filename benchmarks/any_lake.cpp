#include "any_lake.hpp"

#include <lake/embedded.hpp>

#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

using lake::durability;
using maker = any_lake (*)(const std::filesystem::path&, durability, lake::lake_options);

lake::result<lake::memory_index> open_policy(const lake::memory_index*, const std::filesystem::path&, durability) {
  return lake::memory_index{};
}
lake::result<lake::sqlite_index> open_policy(const lake::sqlite_index*, const std::filesystem::path& folder, durability level) {
  return lake::sqlite_index::open({.file = folder / "index.db", .durability = level});
}
lake::result<lake::memory_storage> open_policy(const lake::memory_storage*, const std::filesystem::path&, durability) {
  return lake::memory_storage{};
}
lake::result<lake::filesystem_storage> open_policy(const lake::filesystem_storage*, const std::filesystem::path& folder, durability level) {
  return lake::filesystem_storage::open({.root = folder / "objects", .create = true, .durability = level});
}

template <class Index, class Storage, class Cache = lake::no_cache, class Codec = lake::identity_codec>
any_lake make(const std::filesystem::path& folder, durability level, lake::lake_options options) {
  using lake_type = lake::basic_lake<Index, Storage, Cache, Codec>;
  auto index = open_policy(static_cast<const Index*>(nullptr), folder, level).value();
  auto storage = open_policy(static_cast<const Storage*>(nullptr), folder, level).value();
  const auto db = std::make_shared<lake_type>(std::move(options), std::move(index), std::move(storage));
  return {[db](const lake::write_request& request) { return db->write(request); },
          [db](std::span<const lake::write_request> requests) { return db->write_batch(requests); },
          [db](std::string_view catalog) { return db->read_string(catalog); },
          [db](std::string_view catalog) { return db->list(catalog).deltas().size(); }, [db] { db->flush(); }};
}

const std::map<std::string, maker, std::less<>>& makers() {
  using namespace lake;
  static const std::map<std::string, maker, std::less<>> all{
      {"memory+memory", make<memory_index, memory_storage>},
      {"memory+memory+gzip", make<memory_index, memory_storage, no_cache, gzip_codec>},
      {"memory+filesystem", make<memory_index, filesystem_storage>},
      {"sqlite+memory", make<sqlite_index, memory_storage>},
      {"sqlite+filesystem", make<sqlite_index, filesystem_storage>},
      {"sqlite+filesystem+gzip", make<sqlite_index, filesystem_storage, no_cache, gzip_codec>},
      {std::string(embedded), make<sqlite_index, filesystem_storage, memory_cache, gzip_codec>},
  };
  return all;
}

}  // namespace

any_lake open_lake(std::string_view name, const std::filesystem::path& folder, lake::lake_options options) {
  const std::size_t colon = name.find(':');
  const std::string_view level = colon == std::string_view::npos ? "full" : name.substr(colon + 1);
  const auto found = makers().find(name.substr(0, colon));
  if (found == makers().end()) throw std::invalid_argument("there is no lake \"" + std::string(name) + "\"; --list shows their names");
  for (const durability each : {durability::none, durability::data, durability::full}) {
    if (level == to_string(each)) return found->second(folder, each, std::move(options));
  }
  throw std::invalid_argument("a durability is none, data or full, not \"" + std::string(level) + "\"");
}

std::vector<std::string> compositions() {
  std::vector<std::string> names;
  for (const auto& [name, made_by] : makers()) names.push_back(name);
  return names;
}

}  // namespace bench
