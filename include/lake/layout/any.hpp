// A layout that is chosen at run time, out of a closed set: what a lake that was opened by its settings has. Knows no policy.
#ifndef LAKE_LAYOUT_ANY_HPP
#define LAKE_LAYOUT_ANY_HPP

#include <lake/config.hpp>
#include <lake/core/merge_type.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/layout/cluster.hpp>
#include <lake/layout/documented.hpp>
#include <lake/layout/encode.hpp>
#include <lake/layout/go_v2.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout {

/// One of the layouts, as a value: what it says and names is what that one does. Immutable but by assignment; by default `documented`.
class any {
 public:
  any() noexcept : any(documented{}) {}
  /// The value that stands for a layout.
  template <class Layout>
    requires std::same_as<Layout, documented> || std::same_as<Layout, cluster> || std::same_as<Layout, go_v2>
  explicit any(Layout /*which*/) noexcept
      : name(Layout::name),
        has_markers(Layout::has_markers),
        has_envelope(Layout::has_envelope),
        has_file_ids(Layout::has_file_ids),
        which_(std::same_as<Layout, go_v2>     ? which::go_v2
               : std::same_as<Layout, cluster> ? which::cluster
                                               : which::documented) {}

  [[nodiscard]] std::string prefix(storage_kind kind, std::string_view lake_name) const {
    return with([&](auto layout) { return layout.prefix(kind, lake_name); });
  }
  /// Of no meaning without markers.
  [[nodiscard]] static constexpr std::string_view marker_key() noexcept { return documented::marker_key(); }
  [[nodiscard]] std::string delta_key(storage_kind kind, std::string_view catalog, time_seq id, merge_type merge) const {
    return with([&](auto layout) { return layout.delta_key(kind, catalog, id, merge); });
  }
  [[nodiscard]] std::string snapshot_key(storage_kind kind, std::string_view catalog, time_seq start, time_seq stop, time_seq gen) const {
    return with([&](auto layout) { return layout.snapshot_key(kind, catalog, start, stop, gen); });
  }
  [[nodiscard]] std::string file_key(storage_kind kind, std::string_view catalog, std::string_view path, time_seq id) const {
    return with([&](auto layout) { return layout.file_key(kind, catalog, path, id); });
  }
  [[nodiscard]] std::string catalog_folder(storage_kind kind, std::string_view catalog) const {
    return with([&](auto layout) { return layout.catalog_folder(kind, catalog); });
  }
  [[nodiscard]] std::string cache_key(std::string_view lake_prefix, std::string_view lake_id, std::string_view object_key) const {
    return with([&](auto layout) { return layout.cache_key(lake_prefix, lake_id, object_key); });
  }
  [[nodiscard]] result<void> check_names(std::string_view catalog, name_limits limits = {}) const {
    return with([&](auto layout) { return layout.check_names(catalog, limits); });
  }
  [[nodiscard]] result<void> check_file_names(storage_kind kind, std::string_view catalog, std::string_view path,
                                              name_limits limits = {}) const {
    return with([&](auto layout) { return layout.check_file_names(kind, catalog, path, limits); });
  }

  std::string_view name;  ///< What the layout says of itself; see layout/documented.hpp.
  bool has_markers;
  bool has_envelope;
  bool has_file_ids;

 private:
  enum class which : std::uint8_t { documented, cluster, go_v2 };

  template <class Use>
  [[nodiscard]] auto with(const Use& use) const -> decltype(use(documented{})) {
    switch (which_) {
      case which::go_v2: return use(go_v2{});
      case which::cluster: return use(cluster{});
      case which::documented: break;
    }
    return use(documented{});
  }

  which which_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::layout

#endif  // LAKE_LAYOUT_ANY_HPP
