// The four policy concepts of a lake and their refinements: syntax as concepts, the law as prose beside them.
// The law is also code: `testing/*_contract.hpp` runs any policy, ours or yours, through it. Knows no concrete policy.
//
// Common law. A policy is a cheap copyable handle: a copy shares the state of the original. Every operation may be called
// from any thread at any time. Operations return `lake::result`; they throw nothing. String views are valid for the call only.
#ifndef LAKE_CONCEPTS_HPP
#define LAKE_CONCEPTS_HPP

#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/envelope.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/protocol/types.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// A policy can be copied and moved like a handle.
template <class P>
concept policy_handle = std::copyable<P> && std::is_nothrow_move_constructible_v<P>;

// ---------------------------------------------------------------------------------------------------------------------
// Storage: named immutable objects.
//
// A key is 1 … 1,023 bytes, segments of at most 255 bytes between "/", none of them empty, "." or ".."; anything else is
// errc::invalid_argument. Visibility is atomic: a reader sees all bytes of an object or no object. What `create` or `put`
// acknowledged is read back by every later `get`, at the durability the storage promises.

/// Returns the object's bytes. Errors: not_found, io, unavailable. Complexity: one round trip.
template <class S>
concept storage_gets = requires(const S& s, std::string_view key) {
  { s.get(key) } -> std::same_as<result<body_ptr>>;
};
/// Creates an object; of several concurrent creators of one key exactly one succeeds. Errors: already_exists (nothing changed).
template <class S>
concept storage_creates = requires(S& s, std::string_view key, std::string bytes) {
  { s.create(key, std::move(bytes)) } -> std::same_as<result<void>>;
};
/// Creates or replaces an object atomically: readers see the old bytes or the new ones.
template <class S>
concept storage_puts = requires(S& s, std::string_view key, std::string bytes) {
  { s.put(key, std::move(bytes)) } -> std::same_as<result<void>>;
};
/// Removes an object. Idempotent: removing what is not there succeeds.
template <class S>
concept storage_removes = requires(S& s, std::string_view key) {
  { s.remove(key) } -> std::same_as<result<void>>;
};
/// Says what it is; the layout builds keys for it.
template <class S>
concept storage_has_kind = requires { requires std::same_as<std::remove_cvref_t<decltype(S::kind)>, storage_kind>; };

/// A place for bodies, snapshots and files.
template <class S>
concept storage_policy =
    policy_handle<S> && storage_has_kind<S> && storage_gets<S> && storage_creates<S> && storage_puts<S> && storage_removes<S>;

/// What a `list` visitor returns: whether to go on.
using list_visitor = bool (*)(const object_info&);

/// Refinement: visits the objects whose keys begin with `prefix`, sorted by bytes, until the visitor returns false; pages by itself.
template <class S>
concept listing_storage = storage_policy<S> && requires(const S& s, std::string_view prefix, list_visitor visit) {
  { s.list(prefix, visit) } -> std::same_as<result<void>>;
};
/// Refinement: parts of an object. A range that begins past the end is errc::invalid_argument; one that ends past it is cut.
template <class S>
concept ranged_storage = storage_policy<S> && requires(const S& s, std::string_view key, std::uint64_t offset, std::size_t length) {
  { s.get_range(key, offset, length) } -> std::same_as<result<std::string>>;
  { s.stat(key) } -> std::same_as<result<object_info>>;
};
/// Refinement: replace only what was seen. `swap` with the tag of `get_tagged` replaces the bytes and returns the new tag;
/// an empty tag means "must not exist". Errors: version_conflict (nothing changed).
template <class S>
concept conditional_storage = storage_policy<S> && requires(S& s, const S& c, std::string_view key, std::string bytes) {
  { c.get_tagged(key) } -> std::same_as<result<tagged_body>>;
  { s.swap(key, key, std::move(bytes)) } -> std::same_as<result<std::string>>;
};
/// A pull source: fills the span and returns how many bytes it wrote; 0 is the end.
using stream_source = result<std::size_t> (*)(std::span<char>);
/// A push sink: takes the next bytes.
using stream_sink = result<void> (*)(std::string_view);
/// Refinement: objects larger than memory. `create_from` is atomic like `create`: a failing source leaves nothing.
template <class S>
concept streaming_storage = storage_policy<S> && requires(S& s, const S& c, std::string_view key, stream_source source, stream_sink sink) {
  { s.create_from(key, source) } -> std::same_as<result<void>>;
  { c.get_into(key, sink) } -> std::same_as<result<void>>;
};

/// From how many bodies on it pays to load them concurrently: `S::concurrent_from`, 2 where a storage does not say.
template <class S>
inline constexpr std::size_t concurrent_from = [] {
  if constexpr (requires { S::concurrent_from; }) return static_cast<std::size_t>(S::concurrent_from);
  else return std::size_t{2};
}();

// ---------------------------------------------------------------------------------------------------------------------
// Cache: stored bytes kept nearer. It may forget anything at any time, but never lies: what `find` returns was stored under
// exactly this key. It never fails: an error inside is a miss.

/// Returns the body, or null. Constant time for memory caches.
template <class C>
concept cache_finds = requires(C& c, object_kind kind, std::string_view key) {
  { c.find(kind, key) } -> std::same_as<body_ptr>;
};
/// Keeps a body, maybe.
template <class C>
concept cache_stores = requires(C& c, object_kind kind, std::string_view key, const body_ptr& body) {
  { c.store(kind, key, body) } -> std::same_as<void>;
};
/// Drops a body, surely.
template <class C>
concept cache_forgets = requires(C& c, object_kind kind, std::string_view key) {
  { c.forget(kind, key) } -> std::same_as<void>;
};
/// A cache in front of storage reads. `C::enabled` false: the lake does not even build keys for it.
template <class C>
concept cache_policy = policy_handle<C> && cache_finds<C> && cache_stores<C> && cache_forgets<C> && requires {
  { C::enabled } -> std::convertible_to<bool>;
};

// ---------------------------------------------------------------------------------------------------------------------
// Codec: body bytes to stored bytes and back. Law: decode(encode(x)) == x for the same context; nothing else decodes without error
// where the codec authenticates.

/// Where a body lives: what an authenticating codec binds it to. Views valid for the call only.
struct codec_context {
  std::string_view lake_id;   ///< 32 hex digits.
  std::string_view catalog;
  object_kind kind = object_kind::delta;
  time_seq id;                ///< Delta id, snapshot stop, file object id.
};

/// Appends the encoded form of `plain` to `out` and returns the codecs applied, in order; none: the bytes were appended as they are
/// (they would not shrink). Complexity: linear.
template <class K>
concept codec_encodes = requires(const K& k, const codec_context& context, std::string_view plain, std::string& out) {
  { k.encode(context, plain, out) } -> std::same_as<result<codec_ids>>;
};
/// Returns the plain bytes, exactly `decoded_bytes` of them. Errors: corrupt_body (damaged, too long, too short),
/// configuration (encoded with a codec this one does not know). Never allocates more than `decoded_bytes` for the output.
template <class K>
concept codec_decodes =
    requires(const K& k, const codec_context& context, const codec_ids& applied, std::string_view stored, std::size_t decoded_bytes) {
      { k.decode(context, applied, stored, decoded_bytes) } -> std::same_as<result<std::string>>;
    };
/// A transformation of bodies. `K::passthrough`: encode changes nothing, ever. `K::plain_allowed`: a body stored without any
/// codec may be read as it is, without asking `decode` (an encrypting codec says false).
template <class K>
concept codec_policy = policy_handle<K> && codec_encodes<K> && codec_decodes<K> && requires {
  { K::passthrough } -> std::convertible_to<bool>;
  { K::plain_allowed } -> std::convertible_to<bool>;
};

// ---------------------------------------------------------------------------------------------------------------------
// Index: the ordered log of each catalog, its control record, meta, files and samples.
//
// Each primitive is one atomic step of the index protocol: all checks, in the protocol's order, before the first effect. A refusal is
// part of the answer; `result` errors are corrupt_index (the state contradicts itself, or a member read back breaks its format),
// invalid_argument, limit_exceeded, and the backend's own (io, unavailable, timeout). An index that keeps its state in this process
// implements them with protocol/rules.hpp; `index_timing` is the same for every client of a lake.

template <class I>
concept index_reserves = requires(I& i, const reserve_args& args, const index_timing& timing) {
  { i.reserve(args, timing) } -> std::same_as<result<reserve_answer>>;
};
template <class I>
concept index_commits = requires(I& i, const commit_args& args, const index_timing& timing) {
  { i.commit(args, timing) } -> std::same_as<result<commit_answer>>;
};
template <class I>
concept index_rolls_back = requires(I& i, std::string_view catalog, const id_run& ids, const write_token& token) {
  { i.rollback(catalog, ids, token) } -> std::same_as<result<rollback_status>>;
};
/// May write (it closes expired pending members), yet is called on a const handle: it changes no answer.
template <class I>
concept index_views = requires(const I& i, const view_args& args, const index_timing& timing) {
  { i.view(args, timing) } -> std::same_as<result<view_answer>>;
};
template <class I>
concept index_publishes = requires(I& i, const publish_args& args, const index_timing& timing) {
  { i.publish_snapshot(args, timing) } -> std::same_as<result<publish_status>>;
};
template <class I>
concept index_cuts = requires(I& i, const cut_args& args, const index_timing& timing) {
  { i.clear_cut(args, timing) } -> std::same_as<result<cut_answer>>;
};
template <class I>
concept index_removes_members = requires(I& i, std::string_view catalog, const victims& gone, const index_timing& timing) {
  { i.remove_members(catalog, gone, timing) } -> std::same_as<result<removed_counts>>;
};
template <class I>
concept index_removes_delta = requires(I& i, std::string_view catalog, time_seq id, const index_timing& timing) {
  { i.remove_delta(catalog, id, timing) } -> std::same_as<result<remove_delta_answer>>;
};
template <class I>
concept index_removes_catalog = requires(I& i, std::string_view catalog, const index_timing& timing) {
  { i.remove_catalog(catalog, timing) } -> std::same_as<result<remove_catalog_answer>>;
};
template <class I>
concept index_heals = requires(I& i, const heal_args& args, const index_timing& timing) {
  { i.heal(args, timing) } -> std::same_as<result<void>>;
};
/// All deltas above `max(since, cleared)` and all snapshots, for histories; never changes anything.
template <class I>
concept index_reads_log = requires(const I& i, std::string_view catalog, time_seq since, std::size_t max_deltas) {
  { i.read_log(catalog, since, max_deltas) } -> std::same_as<result<log_answer>>;
};
/// Meta as (unescaped key, raw JSON value), sorted by key bytes.
template <class I>
concept index_reads_meta = requires(const I& i, std::string_view catalog) {
  { i.read_meta(catalog) } -> std::same_as<result<std::vector<std::pair<std::string, std::string>>>>;
};
/// Files: `issue_id`, then the object, then `put_file` is the commit; paths sorted by bytes in `read_files`.
template <class I>
concept index_keeps_files =
    requires(I& i, const I& c, std::string_view catalog, std::string_view path, time_seq id, const file_record& record, const index_timing& timing) {
      { i.issue_id(catalog, path, timing) } -> std::same_as<result<issue_answer>>;
      { i.put_file(catalog, path, record) } -> std::same_as<result<put_file_status>>;
      { i.drop_file(catalog, path) } -> std::same_as<result<bool>>;
      { c.read_file(catalog, path) } -> std::same_as<result<std::optional<file_record>>>;
      { c.read_files(catalog) } -> std::same_as<result<std::vector<std::pair<std::string, file_record>>>>;
    };
/// Samples: `store_sample` keeps the larger score and returns what is kept.
template <class I>
concept index_keeps_samples = requires(I& i, const I& c, std::string_view catalog, std::string_view indicator, double score) {
  { i.store_sample(catalog, indicator, score) } -> std::same_as<result<double>>;
  { c.read_sample(catalog, indicator) } -> std::same_as<result<std::optional<double>>>;
};
/// The marker: a text set once. `set_marker` keeps what is there and returns what is kept.
template <class I>
concept index_keeps_marker = requires(I& i, const I& c, std::string_view marker) {
  { c.marker() } -> std::same_as<result<std::optional<std::string>>>;
  { i.set_marker(marker) } -> std::same_as<result<std::string>>;
};
/// Everything acknowledged before `barrier` returns survives what the index's durability setting promises to survive.
template <class I>
concept index_has_barrier = requires(I& i) {
  { i.barrier() } -> std::same_as<result<void>>;
};
/// Tells this handle (not its copies) the key prefix of its lake; an index that holds one lake only ignores it.
template <class I>
concept index_attaches = requires(I& i, std::string_view prefix) {
  { i.attach(prefix) } -> std::same_as<void>;
};
/// Names of keys and objects: a struct of layout/.
template <class I>
concept index_has_layout = requires { typename I::layout_type; };

/// An index.
template <class I>
concept index_policy =
    policy_handle<I> && index_has_layout<I> && index_reserves<I> && index_commits<I> && index_rolls_back<I> && index_views<I> &&
    index_publishes<I> && index_cuts<I> && index_removes_members<I> && index_removes_delta<I> && index_removes_catalog<I> && index_heals<I> &&
    index_reads_log<I> && index_reads_meta<I> && index_keeps_files<I> && index_keeps_samples<I> && index_keeps_marker<I> &&
    index_has_barrier<I> && index_attaches<I>;

/// What a `for_each_catalog` visitor returns: whether to go on.
using catalog_visitor = bool (*)(std::string_view);

/// Refinement: visits every catalog with a member, snapshot, meta or file whose name begins with `prefix`, sorted by bytes.
template <class I>
concept enumerating_index = index_policy<I> && requires(const I& i, std::string_view prefix, catalog_visitor visit) {
  { i.for_each_catalog(prefix, visit) } -> std::same_as<result<void>>;
};
/// Refinement: many catalogs in one round trip (or one transaction); each its own answer, in order.
template <class I>
concept batching_index = index_policy<I> && requires(I& i, const I& c, std::span<const reserve_args> reserves,
                                                     std::span<const commit_args> commits, std::span<const view_args> views,
                                                     const index_timing& timing) {
  { i.reserve_many(reserves, timing) } -> std::same_as<std::vector<result<reserve_answer>>>;
  { i.commit_many(commits, timing) } -> std::same_as<std::vector<result<commit_answer>>>;
  { c.view_many(views, timing) } -> std::same_as<std::vector<result<view_answer>>>;
};
/// Refinement: a stable text of all that the index holds, for tests and diagnosis.
template <class I>
concept dumping_index = index_policy<I> && requires(const I& i) {
  { i.dump() } -> std::same_as<result<std::string>>;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CONCEPTS_HPP
