// What a lake does when a catalog's control record is gone while members or snapshots are there: check the storage, then let the
// index make a new one that fences everything in flight. Knows a lake's state.
#ifndef LAKE_IMPL_HEAL_HPP
#define LAKE_IMPL_HEAL_HPP

#include <lake/config.hpp>
#include <lake/concepts.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq_parse.hpp>
#include <lake/impl/objects.hpp>
#include <lake/impl/state.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// No limit: for maintenance, which must cope with logs that are too long to read.
inline constexpr std::size_t all_deltas = (std::numeric_limits<std::size_t>::max)();

/// The id at the end of an object's name in the folder of deltas (`{id}_{merge}.json`) or snapshots (`{start}~{stop}[~{gen}].snap`).
inline std::optional<time_seq> id_in_name(std::string_view name, object_kind kind) {
  if (kind == object_kind::delta) {
    name = name.substr(0, (std::min)(name.rfind('_'), name.size()));
  } else {
    const std::size_t tilde = name.find('~');
    if (tilde == std::string_view::npos) return std::nullopt;
    name.remove_prefix(tilde + 1);
    name = name.substr(0, name.find_first_of("~."));
  }
  auto id = time_seq::parse(name);
  return id ? std::optional(*id) : std::nullopt;
}

/// Errors: corrupt_index where the storage holds an object that the index should know and does not (an orphan, perhaps:
/// `rebuild_index` decides), or where the storage cannot list.
template <class State>
result<void> check_before_heal(const State& state, std::string_view catalog, const log_answer& log) {
  const auto refuse = [&](std::string why) {
    return lake::error{errc::corrupt_index, "heal", std::string(catalog), "the control record is lost and cannot be healed: " + std::move(why)};
  };
  if constexpr (listing_storage<typename State::storage_type>) {
    const time_seq newest = log.snapshots.empty() ? time_seq{} : log.snapshots.back().stop;
    std::vector<time_seq> members;
    for (const delta& each : log.deltas) members.push_back(each.id);
    for (const body_ref& each : log.pendings) members.push_back(each.id);
    std::sort(members.begin(), members.end());
    std::string orphan;
    for (const object_kind kind : {object_kind::delta, object_kind::snapshot}) {
      const std::string_view part = kind == object_kind::delta ? "delta/" : "snap/";
      const std::string folder = state.layout.catalog_folder(state.storage.kind, catalog) += part;
      auto listed = state.storage.list(folder, [&](const object_info& each) {
        const auto id = id_in_name(std::string_view(each.key).substr(folder.size()), kind);
        if (!id || *id <= newest) return true;
        const bool known = kind == object_kind::delta && std::binary_search(members.begin(), members.end(), *id);
        if (!known) orphan = each.key;
        return known;
      });
      if (!listed) return listed;
      if (!orphan.empty()) return refuse("the storage holds " + orphan + ", of which the index knows nothing; rebuild the index");
    }
    return {};
  } else {
    return refuse("this storage cannot list its objects; rebuild the index");
  }
}

/// The removal generation of a snapshot whose record is lost with the control record: its object's name has it
/// (`{start}~{stop}~{gen}.snap`; without `~{gen}`: none). Of several names of one range the last, which was made last.
template <class State>
time_seq gen_in_storage(const State& state, std::string_view catalog, const snapshot_info& info) {
  time_seq gen = info.gen;
  if constexpr (listing_storage<typename State::storage_type>) {
    const std::string plain = state.snapshot_key(catalog, info.start, info.stop, {});
    const std::string stem = plain.substr(0, plain.rfind('.')) + '~';
    const auto listed = state.storage.list(stem, [&](const object_info& each) {
      std::string_view name = std::string_view(each.key).substr(stem.size());
      name = name.substr(0, name.rfind('.'));
      if (const auto found = time_seq::parse(name); found && *found > gen) gen = *found;
      return true;
    });
    if (!listed) return info.gen;  // Then its length and digest stay unknown, and the snapshot is replaced by the next one.
  }
  return gen;
}

/// Makes a new control record for the catalog. Complexity: rare; two index round trips, two listings, a listing and a get per snapshot.
template <class State>
result<void> heal_catalog(State& state, std::string_view catalog) {
  auto log = state.index.read_log(catalog, {}, all_deltas);
  if (!log) return std::move(log).error();
  if (log->status != view_status::no_control) return {};  // Somebody else healed it.
  if (auto whole = check_before_heal(state, catalog, *log); !whole) return whole;
  for (snapshot_info& each : log->snapshots) {
    if (each.digest == 0 && each.length == 0) each.gen = gen_in_storage(state, catalog, each);
    const std::string key = state.snapshot_key(catalog, each.start, each.stop, each.gen);
    if (auto loaded = load_object(state, object_kind::snapshot, catalog, each.stop, key)) {
      each.length = loaded->envelope().decoded_bytes;
      each.digest = loaded->envelope().digest;
    }
  }
  return state.index.heal(heal_args{catalog, log->snapshots}, state.timing);
}

/// Runs one index step; if it answers that the control record is lost, heals and runs it once more.
template <class State, class Step>
auto healed(State& state, std::string_view catalog, const Step& step) -> decltype(step()) {
  auto answer = step();
  if (!answer || answer->status != decltype(answer->status)::no_control) return answer;
  if (auto whole = heal_catalog(state, catalog); !whole) return std::move(whole).error();
  answer = step();
  if (!answer || answer->status != decltype(answer->status)::no_control) return answer;
  return lake::error{errc::corrupt_index, "heal", std::string(catalog), "the control record is lost again and again"};
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_HEAL_HPP
