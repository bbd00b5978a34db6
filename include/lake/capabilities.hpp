// What a composition of policies can do, and what it lacks: every missing operation is named in a sentence of its own.
// Knows the concepts and no concrete policy.
#ifndef LAKE_CAPABILITIES_HPP
#define LAKE_CAPABILITIES_HPP

#include <lake/config.hpp>
#include <lake/concepts.hpp>

#include <type_traits>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What the policies of a lake offer beyond the least; members of the lake exist only where this says so.
template <class Index, class Storage>
struct capabilities {
  static constexpr bool lists_catalogs = enumerating_index<Index>;
  static constexpr bool batches = batching_index<Index>;
  static constexpr bool lists_objects = listing_storage<Storage>;
  static constexpr bool reads_ranges = ranged_storage<Storage>;
  static constexpr bool swaps = conditional_storage<Storage>;
  static constexpr bool streams = streaming_storage<Storage>;
};

/// A codec says of itself that its output holds all that decoding needs. It applies no ids, and takes the announced length as an upper
/// bound.
template <class K>
concept says_bare = requires { requires K::bare; };
/// A codec for layouts without envelopes.
template <class K>
concept bare_codec = codec_policy<K> && (K::passthrough || says_bare<K>);

namespace detail {

/// Whether the constants of a layout are members of a value.
template <class Layout>
consteval bool is_chosen_later() {
  return std::is_member_pointer_v<decltype(&Layout::has_envelope)>;
}

template <class I>
consteval void explain_index() {
  static_assert(policy_handle<I>, "lake: the index policy must be copyable and nothrow movable, a handle to shared state");
  static_assert(index_has_layout<I>, "lake: the index policy lacks `using layout_type = layout::documented` (or another layout)");
  static_assert(index_reserves<I>, "lake: the index policy lacks `result<reserve_answer> reserve(const reserve_args&, const index_timing&)`");
  static_assert(index_commits<I>, "lake: the index policy lacks `result<commit_answer> commit(const commit_args&, const index_timing&)`");
  static_assert(index_rolls_back<I>,
                "lake: the index policy lacks `result<rollback_status> rollback(std::string_view catalog, const id_run&, const write_token&)`");
  static_assert(index_views<I>, "lake: the index policy lacks `result<view_answer> view(const view_args&, const index_timing&) const`");
  static_assert(index_publishes<I>,
                "lake: the index policy lacks `result<publish_status> publish_snapshot(const publish_args&, const index_timing&)`");
  static_assert(index_cuts<I>, "lake: the index policy lacks `result<cut_answer> clear_cut(const cut_args&, const index_timing&)`");
  static_assert(index_removes_members<I>, "lake: the index policy lacks `result<removed_counts> remove_members(std::string_view catalog, "
                                          "const victims&, const index_timing&)`");
  static_assert(index_removes_delta<I>, "lake: the index policy lacks `result<remove_delta_answer> remove_delta(std::string_view catalog, "
                                        "time_seq, const index_timing&)`");
  static_assert(index_removes_catalog<I>, "lake: the index policy lacks `result<remove_catalog_answer> remove_catalog(std::string_view "
                                          "catalog, const index_timing&)`");
  static_assert(index_heals<I>, "lake: the index policy lacks `result<void> heal(const heal_args&, const index_timing&)`");
  static_assert(index_reads_log<I>, "lake: the index policy lacks `result<log_answer> read_log(std::string_view catalog, time_seq since, "
                                    "std::size_t max_deltas) const`");
  static_assert(index_reads_meta<I>, "lake: the index policy lacks `result<std::vector<std::pair<std::string, std::string>>> "
                                     "read_meta(std::string_view catalog) const`");
  static_assert(index_keeps_files<I>, "lake: the index policy lacks one of `issue_id`, `put_file`, `drop_file`, `read_file`, `read_files`");
  static_assert(index_keeps_samples<I>, "lake: the index policy lacks `store_sample` or `read_sample`");
  static_assert(index_keeps_marker<I>, "lake: the index policy lacks `result<std::optional<std::string>> marker() const` or "
                                       "`result<std::string> set_marker(std::string_view)`");
  static_assert(index_has_barrier<I>, "lake: the index policy lacks `result<void> barrier()`");
  static_assert(index_attaches<I>, "lake: the index policy lacks `void attach(std::string_view prefix)`");
}

template <class S>
consteval void explain_storage() {
  static_assert(policy_handle<S>, "lake: the storage policy must be copyable and nothrow movable, a handle to shared state");
  static_assert(storage_has_kind<S>, "lake: the storage policy lacks `static constexpr storage_kind kind`");
  static_assert(storage_gets<S>, "lake: the storage policy lacks `result<body_ptr> get(std::string_view key) const`");
  static_assert(storage_creates<S>, "lake: the storage policy lacks `result<void> create(std::string_view key, std::string bytes)`");
  static_assert(storage_puts<S>, "lake: the storage policy lacks `result<void> put(std::string_view key, std::string bytes)`");
  static_assert(storage_removes<S>, "lake: the storage policy lacks `result<void> remove(std::string_view key)`");
}

template <class C>
consteval void explain_cache() {
  static_assert(policy_handle<C>, "lake: the cache policy must be copyable and nothrow movable, a handle to shared state");
  static_assert(cache_finds<C>, "lake: the cache policy lacks `body_ptr find(object_kind, std::string_view key)`");
  static_assert(cache_stores<C>, "lake: the cache policy lacks `void store(object_kind, std::string_view key, const body_ptr&)`");
  static_assert(cache_forgets<C>, "lake: the cache policy lacks `void forget(object_kind, std::string_view key)`");
  static_assert(cache_policy<C>, "lake: the cache policy lacks `static constexpr bool enabled`");
}

template <class K>
consteval void explain_codec() {
  static_assert(policy_handle<K>, "lake: the codec policy must be copyable and nothrow movable, a handle to shared state");
  static_assert(codec_encodes<K>, "lake: the codec policy lacks `result<codec_ids> encode(const codec_context&, std::string_view plain, "
                                  "std::string& out) const`");
  static_assert(codec_decodes<K>, "lake: the codec policy lacks `result<std::string> decode(const codec_context&, const codec_ids&, "
                                  "std::string_view stored, std::size_t decoded_bytes) const`");
  static_assert(codec_policy<K>, "lake: the codec policy lacks `static constexpr bool passthrough` or `static constexpr bool plain_allowed`");
}

/// True, or one sentence for each operation that a policy lacks. A function, because a compiler may stop at the first failed
/// assertion of a class body.
template <class Index, class Storage, class Cache, class Codec>
consteval bool explain() {
  explain_index<Index>();
  explain_storage<Storage>();
  explain_cache<Cache>();
  explain_codec<Codec>();
  // What a layout that is chosen at run time has is not known here: lake::open sees to it.
  if constexpr (index_has_layout<Index> && !is_chosen_later<typename Index::layout_type>()) {
    if constexpr (Index::layout_type::has_envelope) {
      static_assert(!says_bare<Codec>, "lake: a codec for bare bodies (go_v2_codec) needs an index with layout::go_v2");
    } else {
      static_assert(bare_codec<Codec>, "lake: the layout of this index has no envelopes to keep codec numbers in: its codec must be "
                                       "go_v2_codec, or one that says `static constexpr bool bare = true`");
    }
  }
  return true;
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CAPABILITIES_HPP
