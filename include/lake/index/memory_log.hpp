// How the memory index keeps one catalog, and the `catalog_log` over it. Knows no rule of the protocol and no lock: the index holds the
// catalog's shard while a log is in use.
#ifndef LAKE_INDEX_MEMORY_LOG_HPP
#define LAKE_INDEX_MEMORY_LOG_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/control.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/types.hpp>
#include <lake/pure/xxh64.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

struct memory_member {
  time_seq id;
  merge_type merge = merge_type::replace;
  bool pending = false;
  std::string path;
};

struct memory_meta {
  std::string value;
  time_seq setter;
};

/// One catalog. Members are a vector in id order whose front is trimmed by an offset: ids only ever grow, so new ones go to the back and a
/// cleared history leaves from the front, both without moving the rest.
struct memory_catalog {
  std::optional<control_record> control;
  std::vector<memory_member> members;
  std::size_t trimmed = 0;  ///< How many at the front of `members` are gone.
  std::vector<pending_record> pendings;
  std::array<std::vector<snapshot_info>, 2> snapshots;
  std::array<std::map<time_seq, dead_record>, 2> dead;
  std::map<std::string, file_record, std::less<>> files;
  std::array<std::map<time_seq, file_object_record>, 2> objects;
  std::map<std::string, memory_meta, std::less<>> meta;
  std::map<std::string, double, std::less<>> samples;

  [[nodiscard]] std::span<memory_member> live_members() noexcept { return std::span(members).subspan(trimmed); }
  [[nodiscard]] std::span<const memory_member> live_members() const noexcept { return std::span(members).subspan(trimmed); }
};

/// The one of two parts that `kind` (a dead_kind, snapshot_set or object_state) names.
template <class Parts, class Kind>
[[nodiscard]] auto& part_of(Parts& parts, Kind kind) noexcept {
  return parts[static_cast<std::size_t>(kind)];
}

/// A catalog's name with its hash: made once per step, for the shard and for the map in it.
struct hashed_name {
  hashed_name(std::string_view name) noexcept : text(name), hash(pure::xxh64(name)) {}  // NOLINT(google-explicit-constructor)
  friend bool operator==(std::string_view left, const hashed_name& right) noexcept { return left == right.text; }

  std::string_view text;
  std::uint64_t hash;
};
struct name_hash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(const hashed_name& name) const noexcept { return static_cast<std::size_t>(name.hash); }
  [[nodiscard]] std::size_t operator()(std::string_view name) const noexcept { return (*this)(hashed_name(name)); }
};
using memory_catalogs = std::unordered_map<std::string, memory_catalog, name_hash, std::equal_to<>>;

/// Access to one catalog of the memory index. Confined to one step, under the mutex of `catalogs`. A catalog begins to exist with the first
/// record put: reads and refusals leave no trace.
class memory_log {
 public:
  memory_log(memory_catalogs& catalogs, const hashed_name& name, const clock_source& clock)
      : catalogs_(catalogs), name_(name.text), clock_(clock) {
    const auto found = catalogs.find(name);
    if (found != catalogs.end()) catalog_ = &found->second;
  }

  // The clock is read inside the step: read before it, two threads could store their times in the other order, and each such pair would
  // look like a step back and make the logical clock run fast.
  [[nodiscard]] std::int64_t clock_ms() const { return clock_.now_ms(); }

  [[nodiscard]] std::optional<control_record> control() const { return seen().control; }
  void put_control(const control_record& control) { own().control = control; }
  [[nodiscard]] bool sizes_match(const control_record& control) const {
    const std::vector<snapshot_info>& published = part_of(seen().snapshots, snapshot_set::published);
    return control.n == seen().live_members().size() && control.ns == published.size() &&
           control.stop == (published.empty() ? time_seq{} : published.back().stop);
  }

  [[nodiscard]] time_seq newest_member() const {
    const std::span<const memory_member> members = seen().live_members();
    return members.empty() ? time_seq{} : members.back().id;
  }
  [[nodiscard]] time_seq newest_delta_below(time_seq bound) const {
    const std::span<const memory_member> members = seen().live_members();
    for (std::size_t i = place_of(members, bound); i > 0; --i) {
      if (!members[i - 1].pending) return members[i - 1].id;
    }
    return {};
  }
  template <class F>
  void for_each_member(time_seq from, time_seq upto, F&& visit) const {
    const std::span<const memory_member> members = seen().live_members();
    for (std::size_t i = place_of(members, from); i < members.size() && members[i].id <= upto; ++i) {
      if (!visit(member_row{members[i].id, members[i].merge, members[i].pending, members[i].path})) return;
    }
  }

  template <class F>
  void for_each_pending(F&& visit) const {
    for (const pending_record& pending : seen().pendings) {
      if (!visit(pending)) return;
    }
  }
  void put_pending(const pending_record& pending, std::span<const member_spec> members) {
    memory_catalog& catalog = own();
    std::uint32_t index = 0;
    for (const member_spec& spec : members) {
      catalog.members.push_back(memory_member{pending.batch[index++], spec.merge, true, std::string(spec.path)});
    }
    catalog.pendings.push_back(pending);
  }
  void commit_pending(const pending_record& pending) {
    for (memory_member& one : run_of(pending.batch)) one.pending = false;
    drop_reservation(pending);
  }
  void kill_pending(const pending_record& pending, std::int64_t mono) {
    const std::span<memory_member> run = run_of(pending.batch);
    for (const memory_member& one : run) put_dead(dead_kind::killed, one.id, dead_record{one.merge, mono});
    erase_members(run);
    drop_reservation(pending);
  }
  void erase_delta(time_seq id) {
    const std::span<memory_member> run = run_of(id_run{id, 1});
    if (!run.empty() && !run.front().pending) erase_members(run);
  }

  [[nodiscard]] std::optional<snapshot_info> newest_snapshot(time_seq upto) const {
    const std::vector<snapshot_info>& published = part_of(seen().snapshots, snapshot_set::published);
    const auto above =
        std::upper_bound(published.begin(), published.end(), upto, [](time_seq id, const snapshot_info& one) { return id < one.stop; });
    if (above == published.begin()) return std::nullopt;
    return *std::prev(above);
  }
  template <class F>
  void for_each_snapshot(snapshot_set set, F&& visit) const {
    for (const snapshot_info& info : part_of(seen().snapshots, set)) {
      if (!visit(info)) return;
    }
  }
  void put_snapshot(snapshot_set set, const snapshot_info& info) {
    std::vector<snapshot_info>& all = part_of(own().snapshots, set);
    const auto at = place_of_snapshot(all, info.stop);
    if (at != all.end() && at->stop == info.stop) *at = info;
    else all.insert(at, info);
  }
  void erase_snapshot(snapshot_set set, time_seq stop) {
    std::vector<snapshot_info>& all = part_of(own().snapshots, set);
    const auto at = place_of_snapshot(all, stop);
    if (at != all.end() && at->stop == stop) all.erase(at);
  }

  [[nodiscard]] std::optional<dead_record> find_dead(dead_kind kind, time_seq id) const { return find_in(part_of(seen().dead, kind), id); }
  template <class F>
  void for_each_dead(dead_kind kind, F&& visit) const {
    visit_map(part_of(seen().dead, kind), visit);
  }
  void put_dead(dead_kind kind, time_seq id, const dead_record& record) { part_of(own().dead, kind).insert_or_assign(id, record); }
  void erase_dead(dead_kind kind, time_seq id) { part_of(own().dead, kind).erase(id); }

  [[nodiscard]] std::optional<file_record> find_file(std::string_view path) const { return find_in(seen().files, path); }
  template <class F>
  void for_each_file(F&& visit) const {
    visit_map(seen().files, visit);
  }
  void put_file(std::string_view path, const file_record& record) { own().files.insert_or_assign(std::string(path), record); }
  void erase_file(std::string_view path) { erase_key(own().files, path); }

  [[nodiscard]] std::optional<file_object_record> find_object(object_state state, time_seq id) const {
    return find_in(part_of(seen().objects, state), id);
  }
  template <class F>
  void for_each_object(object_state state, F&& visit) const {
    visit_map(part_of(seen().objects, state), visit);
  }
  void put_object(object_state state, time_seq id, const file_object_record& object) {
    part_of(own().objects, state).insert_or_assign(id, object);
  }
  void erase_object(object_state state, time_seq id) { part_of(own().objects, state).erase(id); }

  [[nodiscard]] time_seq meta_setter(std::string_view key) const {
    const auto found = seen().meta.find(key);
    return found == seen().meta.end() ? time_seq{} : found->second.setter;
  }
  template <class F>
  void for_each_meta(F&& visit) const {
    for (const auto& [key, entry] : seen().meta) {
      if (!visit(std::string_view(key), std::string_view(entry.value), entry.setter)) return;
    }
  }
  void put_meta(std::string_view key, std::string_view value, time_seq setter) {
    own().meta.insert_or_assign(std::string(key), memory_meta{std::string(value), setter});
  }
  [[nodiscard]] std::optional<double> find_sample(std::string_view indicator) const { return find_in(seen().samples, indicator); }
  template <class F>
  void for_each_sample(F&& visit) const {
    visit_map(seen().samples, visit);
  }
  void put_sample(std::string_view indicator, double score) { own().samples.insert_or_assign(std::string(indicator), score); }
  void drop_meta_and_samples() {
    own().meta.clear();
    own().samples.clear();
  }

 private:
  [[nodiscard]] const memory_catalog& seen() const { return catalog_ != nullptr ? *catalog_ : nothing(); }
  [[nodiscard]] static const memory_catalog& nothing() {
    static const memory_catalog empty;
    return empty;
  }
  [[nodiscard]] memory_catalog& own() {
    if (catalog_ == nullptr) catalog_ = &catalogs_.try_emplace(std::string(name_)).first->second;
    return *catalog_;
  }

  /// Where `id` is, or would be. Writes look for the newest ids, so the back is asked first.
  [[nodiscard]] static std::size_t place_of(std::span<const memory_member> members, time_seq id) noexcept {
    if (members.empty() || members.back().id < id) return members.size();
    if (members.back().id == id) return members.size() - 1;
    const auto at =
        std::lower_bound(members.begin(), members.end(), id, [](const memory_member& one, time_seq wanted) { return one.id < wanted; });
    return static_cast<std::size_t>(at - members.begin());
  }
  [[nodiscard]] static std::vector<snapshot_info>::iterator place_of_snapshot(std::vector<snapshot_info>& all, time_seq stop) {
    return std::lower_bound(all.begin(), all.end(), stop, [](const snapshot_info& one, time_seq wanted) { return one.stop < wanted; });
  }
  [[nodiscard]] std::span<memory_member> run_of(const id_run& ids) {
    const std::span<memory_member> members = own().live_members();
    const std::size_t first = place_of(members, ids.first);
    std::size_t last = first;
    while (last < members.size() && ids.contains(members[last].id)) ++last;
    return members.subspan(first, last - first);
  }
  void drop_reservation(const pending_record& pending) {
    std::vector<pending_record>& all = own().pendings;
    const auto at = std::find_if(all.begin(), all.end(), [&](const pending_record& one) { return one.batch.first == pending.batch.first; });
    if (at != all.end()) all.erase(at);
  }
  void erase_members(std::span<memory_member> run) {
    memory_catalog& catalog = own();
    const auto begin = run.data() - catalog.members.data();
    const auto first = catalog.members.begin() + begin;
    if (static_cast<std::size_t>(begin) != catalog.trimmed) {
      catalog.members.erase(first, first + static_cast<std::ptrdiff_t>(run.size()));
      return;
    }
    for (memory_member& one : run) one.path = std::string();
    catalog.trimmed += run.size();
    // Half of the vector is gone: give it back. Each member is moved at most once per doubling.
    if (catalog.trimmed * 2 < catalog.members.size()) return;
    catalog.members.erase(catalog.members.begin(), catalog.members.begin() + static_cast<std::ptrdiff_t>(catalog.trimmed));
    catalog.trimmed = 0;
  }

  template <class Map, class Key>
  [[nodiscard]] static std::optional<typename Map::mapped_type> find_in(const Map& map, const Key& key) {
    const auto found = map.find(key);
    if (found == map.end()) return std::nullopt;
    return found->second;
  }
  template <class Map, class F>
  static void visit_map(const Map& map, F& visit) {
    for (const auto& [key, value] : map) {
      if (!visit(key, value)) return;
    }
  }
  template <class Map>
  static void erase_key(Map& map, std::string_view key) {
    const auto found = map.find(key);
    if (found != map.end()) map.erase(found);
  }

  memory_catalogs& catalogs_;
  std::string_view name_;
  const clock_source& clock_;
  memory_catalog* catalog_ = nullptr;
};

static_assert(catalog_log<memory_log>, "lake: memory_log must be a catalog_log (see protocol/catalog_log.hpp)");

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_MEMORY_LOG_HPP
