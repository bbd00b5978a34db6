// Reads: of a document that is kept, of one that must be merged, and of the list alone.

#include "any_lake.hpp"
#include "documents.hpp"
#include "harness.hpp"
#include "nlohmann_merge.hpp"
#include "scratch.hpp"

#include <lake/core/log_entry.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr std::string_view catalog = "tenants/1";

/// A lake with a document of about `bytes` and `changes` deltas on it.
session open_filled(const settings& with, std::string_view composition, lake::lake_options options, std::size_t bytes, std::size_t changes,
                    const std::function<session(std::shared_ptr<any_lake>)>& use) {
  auto db = std::make_shared<any_lake>(open_lake(composition, fresh_folder(with.folder), std::move(options)));
  std::vector<lake::write_request> requests;
  requests.push_back({.catalog = catalog, .body = make_document(bytes)});
  for (change& each : make_changes(changes, users_in(bytes))) {
    requests.push_back({.catalog = catalog, .path = std::move(each.path), .body = std::move(each.body), .merge = each.merge});
  }
  db->write_batch(requests).value();
  return use(db);
}

session read_repeatedly(const settings& with, std::string_view composition, lake::lake_options options, std::size_t bytes,
                        std::size_t changes) {
  return open_filled(with, composition, std::move(options), bytes, changes, [](std::shared_ptr<any_lake> db) {
    db->read_string(catalog).value();
    db->flush();
    return [db](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) keep(db->read_string(catalog).value());
    };
  });
}

session copy_string(std::size_t bytes) {
  return [document = make_document(bytes)](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string copy = document;
      keep(copy.data());
    }
  };
}

workload read_hot(const settings& with, std::size_t bytes) {
  return {.what = with.lake + ", a document kept in memory, its snapshot made",
          .bytes = static_cast<double>(make_document(bytes).size()),
          .contenders = {{with.lake, role::ours, [=] { return read_repeatedly(with, with.lake, {}, bytes, 3); }},
                         {"copy of the string", role::limit, [=] { return copy_string(bytes); }}}};
}

lake::lake_options nothing_kept() { return {.snapshots = lake::snapshot_policy::never(), .document_cache_bytes = 0}; }

workload read_cold(const settings& with, const std::string& composition) {
  constexpr std::size_t bytes = 10'000;
  constexpr std::size_t changes = 100;
  const auto rival = [] {
    return [document = make_document(bytes), all = make_changes(changes, users_in(bytes))](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) keep(merge_with_nlohmann(document, all).size());
    };
  };
  return {.what = composition + ", a document of 10 KB and 100 deltas, nothing kept",
          .bytes = static_cast<double>(bytes),
          .contenders = {{composition, role::ours, [=] { return read_repeatedly(with, composition, nothing_kept(), bytes, changes); }},
                         {"nlohmann parse, apply, dump", role::rival, rival},
                         {"copy of the string", role::limit, [] { return copy_string(bytes); }}}};
}

workload list_1k(const settings& with) {
  constexpr std::size_t changes = 999;
  const auto list = [=] {
    return open_filled(with, with.lake, nothing_kept(), 1'000, changes, [](std::shared_ptr<any_lake> db) {
      return [db](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) keep(db->list(catalog));
      };
    });
  };
  const auto copy = [] {
    std::vector<lake::delta> all{{lake::time_seq{1'700'000'000, 1}, lake::merge_type::replace, "/"}};
    std::int32_t number = 1;
    for (change& each : make_changes(changes, users_in(1'000)))
      all.push_back({lake::time_seq{1'700'000'000, ++number}, each.merge, std::move(each.path)});
    return [all](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::vector<lake::delta> copied = all;
        keep(copied.data());
      }
    };
  };
  return {.what = with.lake + ", a list of 1,000 deltas",
          .contenders = {{with.lake, role::ours, list}, {"copy of a vector of them", role::limit, copy}}};
}

}  // namespace

void add_read_workloads(std::vector<entry>& all) {
  all.push_back({"read_hot_1k", [](const settings& with) { return read_hot(with, 1'000); }});
  all.push_back({"read_hot_100k", [](const settings& with) { return read_hot(with, 100'000); }});
  all.push_back({"read_cold_100_deltas", [](const settings& with) { return read_cold(with, with.lake); }});
  all.push_back({"read_cold_100_deltas_embedded", [](const settings& with) { return read_cold(with, std::string(embedded)); }});
  all.push_back({"list_1k", list_1k});
}

}  // namespace bench
