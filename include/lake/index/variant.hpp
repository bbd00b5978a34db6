// An index that is chosen at run time, out of a closed set, and its layout with it. Knows the concept of an index, and none of them.
#ifndef LAKE_INDEX_VARIANT_HPP
#define LAKE_INDEX_VARIANT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/layout/any.hpp>
#include <lake/protocol/types.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// One of the indexes, and everything that all of them can do; errors, complexity and guarantees are those of the one that is held. A
/// copyable handle, thread-safe as that one is. No virtual call: the set is closed. `layout()` says which layout goes with it.
template <index_policy... Indexes>
  requires(sizeof...(Indexes) > 0)
class variant_index {
 public:
  using variant_type = std::variant<Indexes...>;
  using layout_type = lake::layout::any;

  /// Holds the first of the set.
  variant_index() requires std::default_initializable<variant_type>
  = default;
  /// Holds this index.
  template <class Index>
    requires(std::same_as<Index, Indexes> || ...)
  explicit variant_index(Index held) : held_(std::move(held)) {}

  [[nodiscard]] variant_type& held() noexcept { return held_; }
  [[nodiscard]] const variant_type& held() const noexcept { return held_; }

  /// The layout of the index that is held.
  [[nodiscard]] layout_type layout() const {
    return visit([](const auto& index) { return layout_type(typename std::remove_cvref_t<decltype(index)>::layout_type{}); });
  }

  result<reserve_answer> reserve(const reserve_args& args, const index_timing& timing) {
    return visit([&](auto& index) { return index.reserve(args, timing); });
  }
  result<commit_answer> commit(const commit_args& args, const index_timing& timing) {
    return visit([&](auto& index) { return index.commit(args, timing); });
  }
  result<rollback_status> rollback(std::string_view catalog, const id_run& ids, const write_token& token) {
    return visit([&](auto& index) { return index.rollback(catalog, ids, token); });
  }
  result<view_answer> view(const view_args& args, const index_timing& timing) const {
    return visit([&](const auto& index) { return index.view(args, timing); });
  }
  result<publish_status> publish_snapshot(const publish_args& args, const index_timing& timing) {
    return visit([&](auto& index) { return index.publish_snapshot(args, timing); });
  }
  result<cut_answer> clear_cut(const cut_args& args, const index_timing& timing) {
    return visit([&](auto& index) { return index.clear_cut(args, timing); });
  }
  result<removed_counts> remove_members(std::string_view catalog, const victims& gone, const index_timing& timing) {
    return visit([&](auto& index) { return index.remove_members(catalog, gone, timing); });
  }
  result<remove_delta_answer> remove_delta(std::string_view catalog, time_seq id, const index_timing& timing) {
    return visit([&](auto& index) { return index.remove_delta(catalog, id, timing); });
  }
  result<remove_catalog_answer> remove_catalog(std::string_view catalog, const index_timing& timing) {
    return visit([&](auto& index) { return index.remove_catalog(catalog, timing); });
  }
  result<void> heal(const heal_args& args, const index_timing& timing) {
    return visit([&](auto& index) { return index.heal(args, timing); });
  }
  result<log_answer> read_log(std::string_view catalog, time_seq since, std::size_t max_deltas) const {
    return visit([&](const auto& index) { return index.read_log(catalog, since, max_deltas); });
  }

  result<std::vector<std::pair<std::string, std::string>>> read_meta(std::string_view catalog) const {
    return visit([&](const auto& index) { return index.read_meta(catalog); });
  }
  result<issue_answer> issue_id(std::string_view catalog, std::string_view path, const index_timing& timing) {
    return visit([&](auto& index) { return index.issue_id(catalog, path, timing); });
  }
  result<put_file_status> put_file(std::string_view catalog, std::string_view path, const file_record& record) {
    return visit([&](auto& index) { return index.put_file(catalog, path, record); });
  }
  result<bool> drop_file(std::string_view catalog, std::string_view path) {
    return visit([&](auto& index) { return index.drop_file(catalog, path); });
  }
  result<std::optional<file_record>> read_file(std::string_view catalog, std::string_view path) const {
    return visit([&](const auto& index) { return index.read_file(catalog, path); });
  }
  result<std::vector<std::pair<std::string, file_record>>> read_files(std::string_view catalog) const {
    return visit([&](const auto& index) { return index.read_files(catalog); });
  }
  result<double> store_sample(std::string_view catalog, std::string_view indicator, double score) {
    return visit([&](auto& index) { return index.store_sample(catalog, indicator, score); });
  }
  result<std::optional<double>> read_sample(std::string_view catalog, std::string_view indicator) const {
    return visit([&](const auto& index) { return index.read_sample(catalog, indicator); });
  }

  result<std::optional<std::string>> marker() const {
    return visit([](const auto& index) { return index.marker(); });
  }
  result<std::string> set_marker(std::string_view marker) {
    return visit([&](auto& index) { return index.set_marker(marker); });
  }
  result<void> barrier() {
    return visit([](auto& index) { return index.barrier(); });
  }
  void attach(std::string_view prefix) {
    visit([&](auto& index) { index.attach(prefix); });
  }

  template <class F>
    requires(enumerating_index<Indexes>&&...)
  result<void> for_each_catalog(std::string_view prefix, F&& take)
  const {
    return visit([&](const auto& index) { return index.for_each_catalog(prefix, take); });
  }
  std::vector<result<reserve_answer>> reserve_many(std::span<const reserve_args> reserves,
                                                   const index_timing& timing) requires(batching_index<Indexes>&&...) {
    return visit([&](auto& index) { return index.reserve_many(reserves, timing); });
  }
  std::vector<result<commit_answer>> commit_many(std::span<const commit_args> commits,
                                                 const index_timing& timing) requires(batching_index<Indexes>&&...) {
    return visit([&](auto& index) { return index.commit_many(commits, timing); });
  }
  std::vector<result<view_answer>> view_many(std::span<const view_args> views, const index_timing& timing) const
      requires(batching_index<Indexes>&&...) {
    return visit([&](const auto& index) { return index.view_many(views, timing); });
  }
  result<std::string> dump() const requires(dumping_index<Indexes>&&...) {
    return visit([](const auto& index) { return index.dump(); });
  }

 private:
  template <class Use>
  decltype(auto) visit(const Use& use) {
    return std::visit(use, held_);
  }
  template <class Use>
  decltype(auto) visit(const Use& use) const {
    return std::visit(use, held_);
  }

  variant_type held_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_INDEX_VARIANT_HPP
