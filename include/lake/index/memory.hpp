// The index in this process's memory: the smallest complete index, and the oracle of the others. Knows no rule of the protocol: these are
// protocol/rules.hpp; this header gives them a catalog under its shard's mutex.
#ifndef LAKE_INDEX_MEMORY_HPP
#define LAKE_INDEX_MEMORY_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/control.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/index/memory_log.hpp>
#include <lake/layout/documented.hpp>
#include <lake/protocol/rules.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What a memory index can be told.
struct memory_index_options {
  clock_source clock = {};  ///< The index's clock: ids and ages come from it. Injected functions must not call the index.
};

/// An index in memory. A handle: copies share the state; it is gone with the last of them. Thread-safe; 16 mutexes share the catalogs.
/// Durability: none. Refinements: enumerating, batching, dumping.
template <class Layout = layout::documented>
class basic_memory_index {
 public:
  using layout_type = Layout;

  explicit basic_memory_index(memory_index_options options = {}) : state_(std::make_shared<state>()) {
    state_->clock = std::move(options.clock);
  }

  /// The primitives of the index protocol. Errors: invalid_argument; corrupt_index; view and read_log: limit_exceeded.
  /// Complexity: linear in what is asked for or changed; `reserve` and `commit` of one member are constant but for pending ones.
  result<reserve_answer> reserve(const reserve_args& args, const index_timing& timing) {
    return step(args.catalog, [&](auto& log) { return rules::reserve(log, args, timing); });
  }
  result<commit_answer> commit(const commit_args& args, const index_timing& timing) {
    return step(args.catalog, [&](auto& log) { return rules::commit(log, args, timing); });
  }
  result<rollback_status> rollback(std::string_view catalog, const id_run& ids, const write_token& token) {
    return step(catalog, [&](auto& log) { return rules::rollback(log, catalog, ids, token); });
  }
  result<view_answer> view(const view_args& args, const index_timing& timing) const {
    return step(args.catalog, [&](auto& log) { return rules::view(log, args, timing); });
  }
  result<publish_status> publish_snapshot(const publish_args& args, const index_timing& timing) {
    return step(args.catalog, [&](auto& log) { return rules::publish_snapshot(log, args, timing); });
  }
  result<cut_answer> clear_cut(const cut_args& args, const index_timing& timing) {
    return step(args.catalog, [&](auto& log) { return rules::clear_cut(log, args, timing); });
  }
  result<removed_counts> remove_members(std::string_view catalog, const victims& gone, const index_timing& timing) {
    return step(catalog, [&](auto& log) { return rules::remove_members(log, catalog, gone, timing); });
  }
  result<remove_delta_answer> remove_delta(std::string_view catalog, time_seq id, const index_timing& timing) {
    return step(catalog, [&](auto& log) { return rules::remove_delta(log, catalog, id, timing); });
  }
  result<remove_catalog_answer> remove_catalog(std::string_view catalog, const index_timing& timing) {
    return step(catalog, [&](auto& log) { return rules::remove_catalog(log, catalog, timing); });
  }
  result<void> heal(const heal_args& args, const index_timing& timing) {
    return step(args.catalog, [&](auto& log) { return rules::heal(log, args, timing); });
  }
  result<log_answer> read_log(std::string_view catalog, time_seq since, std::size_t max_deltas) const {
    return step(catalog, [&](auto& log) { return rules::read_log(log, catalog, since, max_deltas); });
  }

  /// What lives beside the log: meta, files, samples. Errors: invalid_argument; corrupt_index.
  result<std::vector<std::pair<std::string, std::string>>> read_meta(std::string_view catalog) const {
    return step(catalog, [](auto& log) { return rules::read_meta(log); });
  }
  result<issue_answer> issue_id(std::string_view catalog, std::string_view path, const index_timing& timing) {
    return step(catalog, [&](auto& log) { return rules::issue_id(log, catalog, path, timing); });
  }
  result<put_file_status> put_file(std::string_view catalog, std::string_view path, const file_record& record) {
    return step(catalog, [&](auto& log) { return rules::put_file(log, catalog, path, record); });
  }
  result<bool> drop_file(std::string_view catalog, std::string_view path) {
    return step(catalog, [&](auto& log) { return rules::drop_file(log, catalog, path); });
  }
  result<std::optional<file_record>> read_file(std::string_view catalog, std::string_view path) const {
    return step(catalog, [&](auto& log) { return log.find_file(path); });
  }
  result<std::vector<std::pair<std::string, file_record>>> read_files(std::string_view catalog) const {
    return step(catalog, [](auto& log) { return rules::read_files(log); });
  }
  result<double> store_sample(std::string_view catalog, std::string_view indicator, double score) {
    return step(catalog, [&](auto& log) { return rules::store_sample(log, catalog, indicator, score); });
  }
  result<std::optional<double>> read_sample(std::string_view catalog, std::string_view indicator) const {
    return step(catalog, [&](auto& log) { return log.find_sample(indicator); });
  }

  /// The marker, if one was set.
  result<std::optional<std::string>> marker() const {
    const std::lock_guard lock(state_->marker_mutex);
    return state_->marker;
  }
  /// Sets the marker unless there is one; the marker that is kept.
  result<std::string> set_marker(std::string_view marker) {
    const std::lock_guard lock(state_->marker_mutex);
    if (!state_->marker) state_->marker = std::string(marker);
    return *state_->marker;
  }
  /// Nothing to wait for: memory survives nothing.
  result<void> barrier() { return {}; }
  /// Ignored: a memory index holds one lake.
  void attach(std::string_view) {}

  /// Visits the names of catalogs in use that begin with `prefix`, sorted by bytes, until `visit` returns false. No lock is held meanwhile.
  /// Complexity: linear in the number of catalogs, then a sort.
  template <class F>
  result<void> for_each_catalog(std::string_view prefix, F&& visit) const {
    for (const std::string& name : names(prefix)) {
      if (step(name, [](auto& log) { return rules::is_in_use(log); }) && !visit(std::string_view(name))) break;
    }
    return {};
  }

  /// Many primitives, each its own atomic step, in order.
  std::vector<result<reserve_answer>> reserve_many(std::span<const reserve_args> reserves, const index_timing& timing) {
    std::vector<result<reserve_answer>> answers;
    answers.reserve(reserves.size());
    for (const reserve_args& args : reserves) answers.push_back(reserve(args, timing));
    return answers;
  }
  std::vector<result<commit_answer>> commit_many(std::span<const commit_args> commits, const index_timing& timing) {
    std::vector<result<commit_answer>> answers;
    answers.reserve(commits.size());
    for (const commit_args& args : commits) answers.push_back(commit(args, timing));
    return answers;
  }
  std::vector<result<view_answer>> view_many(std::span<const view_args> views, const index_timing& timing) const {
    std::vector<result<view_answer>> answers;
    answers.reserve(views.size());
    for (const view_args& args : views) answers.push_back(view(args, timing));
    return answers;
  }

  /// All that the index holds, one fact per line, sorted. Format: protocol/dump.hpp; first a line `marker "..."` if there is one.
  result<std::string> dump() const {
    std::string out;
    {
      const std::lock_guard lock(state_->marker_mutex);
      if (state_->marker) {
        out += "marker ";
        detail::append_dumped(out, *state_->marker);
        out += '\n';
      }
    }
    for (const std::string& name : names({})) {
      step(name, [&](auto& log) { append_dump(log, name, out); });
    }
    return out;
  }

 private:
  friend struct memory_index_access;  // tests that damage an index on purpose

  static constexpr std::size_t shard_count = 16;
  struct shard {
    std::mutex mutex;
    detail::memory_catalogs catalogs;
  };
  struct state {
    clock_source clock;
    std::array<shard, shard_count> shards;
    std::mutex marker_mutex;
    std::optional<std::string> marker;
  };

  [[nodiscard]] shard& shard_of(const detail::hashed_name& catalog) const {
    // The high bits: the map inside the shard goes by the hash as a whole.
    return state_->shards[(catalog.hash >> 32U) % shard_count];
  }

  /// Runs one atomic step. The only user code under the mutex is the clock.
  template <class Rule>
  auto step(std::string_view catalog, Rule&& rule) const {
    const detail::hashed_name name(catalog);
    shard& home = shard_of(name);
    const std::lock_guard lock(home.mutex);
    detail::memory_log log(home.catalogs, name, state_->clock);
    return rule(log);
  }

  [[nodiscard]] std::vector<std::string> names(std::string_view prefix) const {
    std::vector<std::string> found;
    for (shard& one : state_->shards) {
      const std::lock_guard lock(one.mutex);
      for (const auto& [name, catalog] : one.catalogs) {
        if (name.starts_with(prefix)) found.push_back(name);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  std::shared_ptr<state> state_;
};

/// The memory index of the default layout.
using memory_index = basic_memory_index<>;

static_assert(index_policy<memory_index> && enumerating_index<memory_index> && batching_index<memory_index> && dumping_index<memory_index>,
              "lake: memory_index must be an index with all refinements (see concepts.hpp)");

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_INDEX_MEMORY_HPP
