// Each primitive's call, put together: keys by the layout, arguments as index/redis_scripts.hpp says. Sends nothing; knows no rule.
#ifndef LAKE_INDEX_REDIS_CALLS_HPP
#define LAKE_INDEX_REDIS_CALLS_HPP

#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/detail/redis_client.hpp>
#include <lake/index/redis_connect.hpp>
#include <lake/index/redis_layout.hpp>
#include <lake/index/redis_request.hpp>
#include <lake/index/redis_scripts.hpp>
#include <lake/index/redis_seen.hpp>
#include <lake/index/redis_text_meta.hpp>
#include <lake/layout/index_part.hpp>
#include <lake/protocol/types.hpp>
#include <lake/pure/hex.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A step after which objects are deleted: the catalog's control key, when, and what was known of the servers.
struct redis_cut {
  std::string key;
  std::chrono::steady_clock::time_point at;
  std::uint64_t losses = 0;
};

/// What the copies of an index in Redis share. Thread-safe: but for what the mutex guards it is set before it is shared, or atomic.
struct redis_state {
  redis_state(redis_index_options given, redis_client connected, const redis_layout& its_layout)
      : options(std::move(given)), client(std::move(connected)), layout(its_layout), seen(options.connection.random) {}
  redis_index_options options;
  redis_client client;
  redis_layout layout;
  std::string eviction;
  seen_revisions seen;
  std::atomic<std::int64_t> server_ahead{0};  ///< Seconds by which the server's ids are ahead of our clock.
  std::atomic<bool> may_run{false};           ///< The user's permissions were looked at.
  std::mutex mutex;
  std::vector<redis_server_info> servers;     ///< As they were at the last look. Under the mutex.
  std::vector<redis_cut> cuts;                ///< The steps behind which a barrier may be waiting. Under the mutex.
  std::uint64_t losses = 0;                   ///< How often the servers were found to be others. Under the mutex.
};

/// A handle. Thread-safe but for `attach`; copies share all but the prefix.
class redis_calls {
 public:
  void attach(std::string_view prefix) { prefix_ = state_->options.prefix.empty() ? prefix : std::string_view(state_->options.prefix); }

  [[nodiscard]] redis_request reserve(const reserve_args& args, const index_timing& timing) const {
    redis_request request = begin_with_ids(scripts().reserve, args.catalog, timing.pending_timeout, true);
    request.number(timing.borrow.count()).arg(pure::hex(args.token));
    expected(request, args.expected).number(args.members.size());
    for (const member_spec& spec : args.members) {
      const char digit = static_cast<char>('0' + static_cast<int>(spec.merge));
      request.arg({&digit, 1}).also("|").also(spec.path);
    }
    return request;
  }
  /// `merged`: of a second try, where meta is one text.
  [[nodiscard]] redis_request commit(const commit_args& args, const index_timing& timing, const redis_text_meta* merged) const {
    redis_request request(scripts().commit);
    keys(request, args.catalog);
    if (!args.meta.empty()) request.key(key(layout::index_part::meta, args.catalog));
    common(request, args.catalog, timing.pending_timeout);
    run_of(request, args.ids, args.token);
    expected(request, args.expected).score(args.ids.first).score(args.ids.last());
    if (state_->layout.dialect == redis_dialect::own) {
      for (const meta_entry& entry : args.meta) request.arg(entry.key).arg(entry.value);
    } else if (!args.meta.empty()) {
      request.number(args.meta.size());
      for (const meta_entry& entry : args.meta) request.arg(entry.key);
      if (merged != nullptr) request.arg(merged->known).arg(merged->setters).arg(merged->merged);
    }
    return request;
  }
  [[nodiscard]] redis_request rollback(std::string_view catalog, const id_run& ids, const write_token& token) const {
    redis_request request = begin(scripts().rollback, catalog, {});
    run_of(request, ids, token);
    return request;
  }
  [[nodiscard]] redis_request view(const view_args& args, const index_timing& timing) const {
    redis_request request = begin(scripts().view, args.catalog, timing.pending_timeout);
    request.arg(args.mode == view_mode::fail ? "fail" : "prefix");
    optional_id(optional_id(request, args.base), args.upto).number((std::min)(args.max_deltas, most_deltas));
    return request;
  }
  [[nodiscard]] redis_request publish(const publish_args& args, const index_timing& timing) const {
    redis_request request = begin(scripts().publish, args.catalog, timing.pending_timeout);
    request.id(args.start).id(args.stop).id(args.gen).arg(args.hash).number(args.length).arg(digest(args.digest));
    return request;
  }
  [[nodiscard]] redis_request clear_cut(const cut_args& args, const index_timing& timing) const {
    redis_request request = begin(scripts().clear_cut, args.catalog, timing.pending_timeout);
    request.number((std::min)(args.keep, most_deltas)).number(args.grace.count()).number(timing.horizon.count());
    if (!args.cut) request.arg("");
    else request.id(args.cut->stop).arg(start_and_gen(*args.cut)).arg(digest(args.cut->digest));
    return request;
  }
  [[nodiscard]] redis_request remove_members(std::string_view catalog, const victims& gone, const index_timing& timing) const {
    redis_request request = begin(scripts().remove_members, catalog, timing.pending_timeout);
    request.number(timing.horizon.count());
    for (const std::vector<body_ref>* bodies : {&gone.deltas, &gone.pendings, &gone.records}) {
      request.number(bodies->size());
      for (const body_ref& body : *bodies) request.id(body.id).number(static_cast<int>(body.merge));
    }
    request.number(gone.snapshots.size());
    for (const snapshot_info& info : gone.snapshots) request.id(info.stop).arg(start_and_gen(info)).arg(digest(info.digest));
    request.number(gone.files.size());
    for (const file_ref& file : gone.files) request.id(file.id).arg(file.path);
    return request;
  }
  [[nodiscard]] redis_request remove_delta(std::string_view catalog, time_seq id, const index_timing& timing) const {
    redis_request request = begin_with_ids(scripts().remove_delta, catalog, timing.pending_timeout, false);
    request.number(timing.borrow.count()).id(id);
    return request;
  }
  [[nodiscard]] redis_request remove_catalog(std::string_view catalog, const index_timing& timing) const {
    redis_request request(scripts().remove_catalog);
    keys(request, catalog);
    const std::int64_t window = window_begin();
    const std::size_t counters = counter_keys(request, catalog, window);
    for (const layout::index_part part : {layout::index_part::meta, layout::index_part::files, layout::index_part::sample}) {
      request.key(key(part, catalog));
    }
    common(request, catalog, timing.pending_timeout);
    request.number(window).number(4 + counters);
    return request;
  }
  [[nodiscard]] redis_request heal(const heal_args& args, const index_timing& timing) const {
    redis_request request = begin(scripts().heal, args.catalog, timing.pending_timeout);
    for (const snapshot_info& info : args.snapshots) {
      request.id(info.stop).arg(start_and_gen(info)).number(info.length).arg(digest(info.digest));
    }
    return request;
  }
  [[nodiscard]] redis_request read_log(std::string_view catalog, time_seq since, std::size_t max_deltas) const {
    redis_request request = begin(scripts().read_log, catalog, {});
    request.id(since).number((std::min)(max_deltas, most_deltas));
    return request;
  }
  [[nodiscard]] redis_request issue_id(std::string_view catalog, std::string_view path, const index_timing& timing) const {
    redis_request request = begin_with_ids(scripts().issue_id, catalog, timing.pending_timeout, true);
    request.number(timing.borrow.count()).arg(path);
    return request;
  }
  [[nodiscard]] redis_request put_file(std::string_view catalog, std::string_view path, const file_record& record) const {
    // Repeated by whoever can tell a repeat: a `fenced` after a lost answer may be its own doing.
    redis_request request = begin_with_files(scripts().put_file, catalog, false);
    request.arg(path).id_text(record.id);
    request.arg(state_->layout.dialect == redis_dialect::own ? encode_file_record(record) : record.meta.empty() ? "{}" : record.meta);
    return request;
  }
  [[nodiscard]] redis_request drop_file(std::string_view catalog, std::string_view path) const {
    redis_request request = begin_with_files(scripts().drop_file, catalog, false);
    request.arg(path);
    return request;
  }

 protected:
  explicit redis_calls(std::shared_ptr<redis_state> made) : state_(std::move(made)) {}

  [[nodiscard]] std::string key(layout::index_part part, std::string_view catalog) const {
    return state_->layout.index_key(prefix_, part, catalog);
  }
  [[nodiscard]] const redis_scripts& scripts() const { return redis_scripts::of(state_->layout.dialect); }
  [[nodiscard]] std::int64_t local_seconds() const {
    return (state_->options.clock ? state_->options.clock->now_ms() : state_->options.connection.clock.now_ms()) / 1000;
  }

  std::shared_ptr<redis_state> state_;
  std::string prefix_;

 private:
  /// Beyond any log that can be read; small enough for the server's integers.
  static constexpr std::size_t most_deltas = 1'000'000'000;
  /// The seconds whose counters a call names: from one before the server's to beyond what ids may borrow.
  static constexpr std::int64_t window_seconds = 12;

  void keys(redis_request& request, std::string_view catalog) const {
    for (const layout::index_part part : {layout::index_part::delta, layout::index_part::snap, layout::index_part::ctl}) {
      request.key(key(part, catalog));
    }
  }
  /// The first three arguments of every script.
  void common(redis_request& request, std::string_view catalog, std::chrono::milliseconds timeout) const {
    if (state_->options.clock) request.number(state_->options.clock->now_ms());
    else request.arg("");
    request.seen = state_->seen.of(prefix_, catalog);
    request.number(request.seen.revision).number(timeout.count());
  }
  [[nodiscard]] redis_request begin(const redis_script& script, std::string_view catalog, std::chrono::milliseconds timeout) const {
    redis_request request(script);
    keys(request, catalog);
    common(request, catalog, timeout);
    return request;
  }
  [[nodiscard]] redis_request begin_with_files(const redis_script& script, std::string_view catalog, bool repeatable) const {
    redis_request request(script, repeatable);
    keys(request, catalog);
    request.key(key(layout::index_part::files, catalog));
    common(request, catalog, {});
    return request;
  }
  /// For scripts that issue ids: beside v2 clients the counters of the seconds around now are keys too.
  [[nodiscard]] redis_request begin_with_ids(const redis_script& script, std::string_view catalog, std::chrono::milliseconds timeout,
                                             bool repeatable) const {
    redis_request request(script, repeatable);
    keys(request, catalog);
    const std::int64_t window = window_begin();
    counter_keys(request, catalog, window);
    common(request, catalog, timeout);
    request.number(window);
    return request;
  }
  std::size_t counter_keys(redis_request& request, std::string_view catalog, std::int64_t from) const {
    if (state_->layout.counter_key == nullptr) return 0;
    for (std::int64_t second = from; second < from + window_seconds; ++second) request.key(state_->layout.counter_key(catalog, second));
    return static_cast<std::size_t>(window_seconds);
  }
  /// Where the counters named begin: the server's second, as far as it is known, less one. The script says where that is wrong.
  [[nodiscard]] std::int64_t window_begin() const {
    return (std::max)(std::int64_t{0}, local_seconds() + state_->server_ahead.load(std::memory_order_relaxed) - 1);
  }
  static void run_of(redis_request& request, const id_run& ids, const write_token& token) {
    request.id(ids.first).id(ids.last()).id_text(ids.first).number(ids.count).arg(pure::hex(token));
  }
  static redis_request& optional_id(redis_request& request, const std::optional<time_seq>& id) { return id ? request.id(*id) : request.arg(""); }
  static redis_request& expected(redis_request& request, const std::optional<time_seq>& id) { return optional_id(request, id); }
  [[nodiscard]] static std::string digest(std::uint64_t value) {
    std::string out;
    pure::append_hex_u64(out, value);
    return out;
  }
  [[nodiscard]] static std::string start_and_gen(const snapshot_info& info) {
    std::string out;
    info.start.append_to(out);
    out += '|';
    info.gen.append_to(out);
    return out;
  }
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_CALLS_HPP
