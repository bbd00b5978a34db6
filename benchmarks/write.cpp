// Writes: one at a time and a hundred at a time, in memory and on the disk.

#include "any_lake.hpp"
#include "documents.hpp"
#include "harness.hpp"
#include "scratch.hpp"

#include <lake/merge/validate.hpp>

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t catalogs = 8;  // One catalog alone has no more than 999,999 ids a second.
constexpr std::size_t batch = 100;
constexpr double mean_body_bytes = 132;

/// What all write workloads send.
struct traffic {
  std::vector<std::string> names;
  std::vector<std::string> bodies = make_small_bodies(4096);

  traffic() {
    for (std::size_t i = 0; i < catalogs; ++i) names.push_back("tenants/" + std::to_string(i));
  }
  [[nodiscard]] lake::write_request request(std::size_t number, std::size_t catalog) const {
    return {.catalog = names[catalog % catalogs], .path = "/user", .body = bodies[number % bodies.size()]};
  }
};

using shared_traffic = std::shared_ptr<const traffic>;

/// A lake in which every catalog was written once: what the first write of a catalog makes, folders above all, is not what is measured.
std::shared_ptr<any_lake> open_warm(const traffic& sent, std::string_view composition, const std::filesystem::path& parent) {
  auto db = std::make_shared<any_lake>(open_lake(composition, fresh_folder(parent), {.snapshots = lake::snapshot_policy::never()}));
  for (std::size_t i = 0; i < catalogs; ++i) db->write(sent.request(i, i)).value();
  return db;
}

session write_singles(const shared_traffic& traffic_of, std::string_view composition, const std::filesystem::path& parent,
                      std::size_t per_operation) {
  const auto db = open_warm(*traffic_of, composition, parent);
  return [db, traffic_of, per_operation, next_number = std::size_t{0}](std::size_t count) mutable {
    for (std::size_t i = 0; i < count * per_operation; ++i, ++next_number) {
      db->write(traffic_of->request(next_number, per_operation == 1 ? next_number : next_number / per_operation)).value();
    }
  };
}

session write_batches(const shared_traffic& traffic_of, std::string_view composition, const std::filesystem::path& parent) {
  const auto db = open_warm(*traffic_of, composition, parent);
  return [db, traffic_of, next_number = std::size_t{0}](std::size_t count) mutable {
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<lake::write_request> requests;
      requests.reserve(batch);
      for (std::size_t j = 0; j < batch; ++j) requests.push_back(traffic_of->request(next_number + j, next_number / batch));
      next_number += batch;
      db->write_batch(requests).value();
    }
  };
}

/// What a lake in memory cannot do without: check, copy, find again by key, keep the order.
class plain_store {
 public:
  void write(const std::string& catalog, const std::string& body) {
    lake::merge::validate(body).value();
    std::string key = catalog + '/' + std::to_string(++last_);
    log_.push_back({last_, "/user"});
    bodies_.emplace(std::move(key), std::make_shared<const std::string>(body));
  }

 private:
  struct member {
    std::size_t id;
    std::string path;
  };
  std::size_t last_ = 0;
  std::vector<member> log_;
  std::unordered_map<std::string, std::shared_ptr<const std::string>> bodies_;
};

session write_plain(const shared_traffic& traffic_of, std::size_t per_operation) {
  auto to = std::make_shared<plain_store>();
  return [to, traffic_of, next_number = std::size_t{0}, per_operation](std::size_t count) mutable {
    for (std::size_t i = 0; i < count * per_operation; ++i, ++next_number) {
      to->write(traffic_of->names[next_number % catalogs], traffic_of->bodies[next_number % traffic_of->bodies.size()]);
    }
  };
}

session write_bare(const shared_traffic& traffic_of, const std::filesystem::path& parent, std::size_t per_operation) {
  const auto disk = std::make_shared<bare_disk>(fresh_folder(parent));
  disk->write(std::vector<std::string_view>{"{}"});
  return [disk, traffic_of, next_number = std::size_t{0}, per_operation](std::size_t count) mutable {
    std::vector<std::string_view> bodies(per_operation);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::string_view& body : bodies) body = traffic_of->bodies[next_number++ % traffic_of->bodies.size()];
      disk->write(bodies);
    }
  };
}

workload write_small(const settings& with) {
  const auto sent = std::make_shared<const traffic>();
  workload made{.what = with.lake + ", bodies of 64 to 200 bytes over 8 catalogs, one thread", .bytes = mean_body_bytes, .contenders = {}};
  const bool in_memory = with.lake.starts_with("memory+memory");
  if (in_memory) made.operations = with.full ? 1'000'000 : 200'000;
  if (with.lake == "memory+memory") made.wanted = {.per_second = 1'000'000};
  made.contenders = {{with.lake, role::ours, [=] { return write_singles(sent, with.lake, with.folder, 1); }},
                     {"validate + unordered_map", role::limit, [=] { return write_plain(sent, 1); }}};
  return made;
}

workload write_small_embedded(const settings& with) {
  const auto sent = std::make_shared<const traffic>();
  const auto lake_with = [=](std::string_view level) {
    return [=] { return write_singles(sent, std::string(embedded) + std::string(level), with.folder, 1); };
  };
  return {.what = "open_embedded, durable, bodies of 64 to 200 bytes over 8 catalogs, one thread",
          .bytes = mean_body_bytes,
          .wanted = {.ratio = 0.7, .against = "bare file + SQLite commit"},
          .contenders = {{"embedded, full", role::ours, lake_with(":full")},
                         {"bare file + SQLite commit", role::limit, [=] { return write_bare(sent, with.folder, 1); }},
                         {"embedded, data", role::ours, lake_with(":data")},
                         {"embedded, none", role::ours, lake_with(":none")}}};
}

workload write_batch(const settings& with) {
  const auto sent = std::make_shared<const traffic>();
  return {.what = with.lake + ", batches of 100 for one catalog at a time; figures per write",
          .bytes = mean_body_bytes * batch,
          .items = batch,
          .operations = with.full ? std::size_t{10'000} : std::size_t{2'000},
          .contenders = {{with.lake + ", batches", role::ours, [=] { return write_batches(sent, with.lake, with.folder); }},
                         {with.lake + ", singles", role::rival, [=] { return write_singles(sent, with.lake, with.folder, batch); }},
                         {"validate + unordered_map", role::limit, [=] { return write_plain(sent, batch); }}}};
}

workload write_batch_embedded(const settings& with) {
  const auto sent = std::make_shared<const traffic>();
  return {.what = "open_embedded, durable, batches of 100 for one catalog at a time; figures per write",
          .bytes = mean_body_bytes * batch,
          .items = batch,
          .contenders = {{"embedded, batches", role::ours, [=] { return write_batches(sent, embedded, with.folder); }},
                         {"embedded, singles", role::rival, [=] { return write_singles(sent, embedded, with.folder, batch); }},
                         {"bare files + one commit", role::limit, [=] { return write_bare(sent, with.folder, batch); }}}};
}

}  // namespace

void add_write_workloads(std::vector<entry>& all) {
  all.push_back({"write_small", write_small});
  all.push_back({"write_small_embedded", write_small_embedded});
  all.push_back({"write_batch", write_batch});
  all.push_back({"write_batch_embedded", write_batch_embedded});
}

}  // namespace bench
