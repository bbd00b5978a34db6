// The index in Redis: many processes share it, and each primitive is one script there. Knows no storage. The rules are those of
// protocol/rules*.hpp, said again in Lua (index/redis_scripts.hpp); memory_index is the oracle that the scripts are held against.
#ifndef LAKE_INDEX_REDIS_HPP
#define LAKE_INDEX_REDIS_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/index/redis_answers.hpp>
#include <lake/index/redis_connect.hpp>
#include <lake/index/redis_layout.hpp>
#include <lake/index/redis_request.hpp>
#include <lake/index/redis_steps.hpp>
#include <lake/layout/documented.hpp>
#include <lake/protocol/rules_files.hpp>
#include <lake/protocol/rules_read.hpp>
#include <lake/protocol/rules_write.hpp>
#include <lake/protocol/types.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

/// The index for any layout. Thread-safe; a copyable handle, copies share connections and what was seen.
///
/// Every primitive is one round trip (EVALSHA; the script itself goes along once per server), sent once more where a connection broke and
/// the primitive may be repeated. Errors of all: invalid_argument; corrupt_index; index_regressed, once per catalog, where the index has
/// issued less than this client has seen; unavailable and timeout (both retryable); access_denied; limit_exceeded of view and read_log.
/// Complexity: as in memory, on the server, which does nothing else meanwhile: what lists or removes many members takes about 1 us for each.
class redis_index_base {
 public:
  result<reserve_answer> reserve(const reserve_args& args, const index_timing& timing) {
    if (result<void> checked = check_reserve(args); !checked) return std::move(checked).error();
    for (int tries = 0;; ++tries) {
      redis_request request = steps_.reserve(args, timing);
      result<redis_reply> reply = steps_.run("index.reserve", args.catalog, request);
      if (!reply) return std::move(reply).error();
      if (steps_.must_move_window(*reply, tries)) continue;
      return finish_reserve(args, *reply);
    }
  }
  result<commit_answer> commit(const commit_args& args, const index_timing& timing) {
    if (result<void> checked = check_commit(args); !checked) return std::move(checked).error();
    redis_request request = steps_.commit(args, timing, nullptr);
    result<redis_reply> reply = steps_.run("index.commit", args.catalog, request);
    for (int tries = 0; reply && reply->view()[0].text() == "meta" && tries < 100; ++tries) {
      result<redis_text_meta> merged = merge_text_meta(reply->view(), args);
      if (!merged) return std::move(merged).error();
      redis_request again = steps_.commit(args, timing, &*merged);
      reply = steps_.run("index.commit", args.catalog, again);
    }
    return steps_.decode("index.commit", args.catalog, std::move(reply), commit_answer_of);
  }
  result<rollback_status> rollback(std::string_view catalog, const id_run& ids, const write_token& token) {
    if (result<void> named = check_name("index.rollback", catalog); !named) return std::move(named).error();
    if (result<void> run = check_run("index.rollback", catalog, ids); !run) return std::move(run).error();
    redis_request request = steps_.rollback(catalog, ids, token);
    return steps_.ask("index.rollback", catalog, request, rollback_status_of);
  }
  result<view_answer> view(const view_args& args, const index_timing& timing) const {
    if (result<void> checked = check_view(args); !checked) return std::move(checked).error();
    redis_request request = steps_.view(args, timing);
    return steps_.ask("index.view", args.catalog, request, view_answer_of);
  }
  result<publish_status> publish_snapshot(const publish_args& args, const index_timing& timing) {
    constexpr std::string_view operation = "index.publish_snapshot";
    if (result<void> named = check_name(operation, args.catalog); !named) return std::move(named).error();
    if (result<void> id = check_id(operation, args.catalog, args.start, true); !id) return std::move(id).error();
    if (result<void> id = check_id(operation, args.catalog, args.stop, false); !id) return std::move(id).error();
    redis_request request = steps_.publish(args, timing);
    return steps_.ask(operation, args.catalog, request, [](redis_view answer) -> result<publish_status> {
      const std::string_view status = answer[0].text();
      if (status == "published") return publish_status::published;
      if (status == "stale") return publish_status::stale;
      if (status == "lost") return publish_status::no_control;
      return strange_answer(status);
    });
  }
  result<cut_answer> clear_cut(const cut_args& args, const index_timing& timing) {
    if (result<void> named = check_name("index.clear_cut", args.catalog); !named) return std::move(named).error();
    steps_.note_cut(args.catalog);
    redis_request request = steps_.clear_cut(args, timing);
    return steps_.ask("index.clear_cut", args.catalog, request, cut_answer_of);
  }
  result<removed_counts> remove_members(std::string_view catalog, const victims& gone, const index_timing& timing) {
    if (result<void> named = check_name("index.remove_members", catalog); !named) return std::move(named).error();
    redis_request request = steps_.remove_members(catalog, gone, timing);
    return steps_.ask("index.remove_members", catalog, request, [](redis_view answer) -> result<removed_counts> {
      if (answer[0].text() == "lost") return control_lost();
      return removed_counts_of(answer);
    });
  }
  /// Not repeated by itself where a connection broke: the answer to a repeat is `already`.
  result<remove_delta_answer> remove_delta(std::string_view catalog, time_seq id, const index_timing& timing) {
    constexpr std::string_view operation = "index.remove_delta";
    if (result<void> named = check_name(operation, catalog); !named) return std::move(named).error();
    if (result<void> valid = check_id(operation, catalog, id, false); !valid) return std::move(valid).error();
    for (int tries = 0;; ++tries) {
      steps_.note_cut(catalog);
      redis_request request = steps_.remove_delta(catalog, id, timing);
      result<redis_reply> reply = steps_.run(operation, catalog, request);
      if (reply && steps_.must_move_window(*reply, tries)) continue;
      return steps_.decode(operation, catalog, std::move(reply), remove_delta_answer_of);
    }
  }
  result<remove_catalog_answer> remove_catalog(std::string_view catalog, const index_timing& timing) {
    constexpr std::string_view operation = "index.remove_catalog";
    if (result<void> named = check_name(operation, catalog); !named) return std::move(named).error();
    for (int tries = 0;; ++tries) {
      steps_.note_cut(catalog);
      redis_request request = steps_.remove_catalog(catalog, timing);
      result<redis_reply> reply = steps_.run(operation, catalog, request);
      if (reply && steps_.must_move_window(*reply, tries)) continue;
      return steps_.decode(operation, catalog, std::move(reply), remove_catalog_answer_of);
    }
  }
  result<void> heal(const heal_args& args, const index_timing& timing) {
    if (result<void> named = check_name("index.heal", args.catalog); !named) return named;
    redis_request request = steps_.heal(args, timing);
    const result<redis_reply> healed = steps_.run("index.heal", args.catalog, request);
    return healed ? result<void>() : result<void>(healed.error());
  }
  result<log_answer> read_log(std::string_view catalog, time_seq since, std::size_t max_deltas) const {
    constexpr std::string_view operation = "index.read_log";
    if (result<void> named = check_name(operation, catalog); !named) return std::move(named).error();
    if (result<void> id = check_id(operation, catalog, since, true); !id) return std::move(id).error();
    redis_request request = steps_.read_log(catalog, since, max_deltas);
    return steps_.ask(operation, catalog, request, log_answer_of);
  }

  /// What lives beside the log: meta, files, samples.
  result<std::vector<std::pair<std::string, std::string>>> read_meta(std::string_view catalog) const { return steps_.read_meta(catalog); }
  result<issue_answer> issue_id(std::string_view catalog, std::string_view path, const index_timing& timing) {
    constexpr std::string_view operation = "index.issue_id";
    if (result<void> checked = check_file(operation, catalog, path); !checked) return std::move(checked).error();
    for (int tries = 0;; ++tries) {
      redis_request request = steps_.issue_id(catalog, path, timing);
      result<redis_reply> reply = steps_.run(operation, catalog, request);
      if (reply && steps_.must_move_window(*reply, tries)) continue;
      return steps_.decode(operation, catalog, std::move(reply), [](redis_view answer) -> result<issue_answer> {
        const std::string_view status = answer[0].text();
        if (status == "issued") return issue_answer{.id = id_of(answer[1])};
        if (status == "overflow") return issue_answer{.status = issue_status::overflow};
        if (status == "lost") return issue_answer{.status = issue_status::no_control};
        return strange_answer(status);
      });
    }
  }
  result<put_file_status> put_file(std::string_view catalog, std::string_view path, const file_record& record) {
    constexpr std::string_view operation = "index.put_file";
    if (result<void> checked = check_file(operation, catalog, path); !checked) return std::move(checked).error();
    if (result<void> id = check_id(operation, catalog, record.id, false); !id) return std::move(id).error();
    redis_request request = steps_.put_file(catalog, path, record);
    return steps_.ask(operation, catalog, request, [](redis_view answer) -> result<put_file_status> {
      if (answer[0].text() == "ok") return put_file_status::ok;
      if (answer[0].text() == "fenced") return put_file_status::fenced;
      return strange_answer(answer[0].text());
    });
  }
  /// Not repeated by itself where a connection broke: a repeat finds nothing.
  result<bool> drop_file(std::string_view catalog, std::string_view path) {
    constexpr std::string_view operation = "index.drop_file";
    if (result<void> checked = check_file(operation, catalog, path); !checked) return std::move(checked).error();
    redis_request request = steps_.drop_file(catalog, path);
    return steps_.ask(operation, catalog, request, [](redis_view answer) -> result<bool> {
      if (answer[0].text() == "dropped") return true;
      if (answer[0].text() == "absent") return false;
      if (answer[0].text() == "lost") return control_lost();
      return strange_answer(answer[0].text());
    });
  }
  result<std::optional<file_record>> read_file(std::string_view catalog, std::string_view path) const { return steps_.read_file(catalog, path); }
  result<std::vector<std::pair<std::string, file_record>>> read_files(std::string_view catalog) const { return steps_.read_files(catalog); }
  result<double> store_sample(std::string_view catalog, std::string_view indicator, double score) {
    if (result<void> named = check_name("index.store_sample", catalog); !named) return std::move(named).error();
    if (!std::isfinite(score)) return bad_argument("index.store_sample", catalog, "a sample's score must be a finite number");
    return steps_.store_sample(catalog, indicator, score);
  }
  result<std::optional<double>> read_sample(std::string_view catalog, std::string_view indicator) const {
    return steps_.read_sample(catalog, indicator);
  }

  /// The marker, if one was set; a layout without markers has none.
  result<std::optional<std::string>> marker() const { return steps_.marker(); }
  /// Sets the marker unless there is one; the marker that is kept.
  result<std::string> set_marker(std::string_view marker) { return steps_.set_marker(marker); }
  /// Waits as `redis_index_options::barrier` says. Errors: unavailable if the servers did not confirm in time, or if one of them was
  /// restarted or replaced since the last look, so that what was acknowledged before may be gone.
  result<void> barrier() { return steps_.barrier(); }
  /// The key prefix of this handle's lake.
  void attach(std::string_view prefix) { steps_.attach(prefix); }

  /// Visits the names of catalogs in use that begin with `prefix`, sorted by bytes, until `visit` returns false.
  /// Complexity: SCAN over all keys of the database (of every primary): the one operation that looks at more than it names.
  template <class F>
  result<void> for_each_catalog(std::string_view prefix, F&& visit) const {
    const result<std::set<std::string>> names = steps_.catalogs(prefix);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (!visit(std::string_view(name))) break;
    }
    return {};
  }

  /// Many primitives in one pipeline (one per server of a cluster), each its own atomic step.
  std::vector<result<reserve_answer>> reserve_many(std::span<const reserve_args> reserves, const index_timing& timing) {
    return steps_.many<reserve_answer>(
        "index.reserve", reserves, [&](const reserve_args& args) { return check_reserve(args); },
        [&](const reserve_args& args) { return steps_.reserve(args, timing); },
        [&](const reserve_args& args, const redis_reply& reply) {
          return steps_.is_window(reply) ? reserve(args, timing) : finish_reserve(args, reply);
        });
  }
  std::vector<result<commit_answer>> commit_many(std::span<const commit_args> commits, const index_timing& timing) {
    return steps_.many<commit_answer>(
        "index.commit", commits, [&](const commit_args& args) { return check_commit(args); },
        [&](const commit_args& args) { return steps_.commit(args, timing, nullptr); },
        [&](const commit_args& args, const redis_reply& reply) {
          return reply.view()[0].text() == "meta" ? commit(args, timing) : commit_answer_of(reply.view());
        });
  }
  std::vector<result<view_answer>> view_many(std::span<const view_args> views, const index_timing& timing) const {
    return steps_.many<view_answer>(
        "index.view", views, [&](const view_args& args) { return check_view(args); },
        [&](const view_args& args) { return steps_.view(args, timing); },
        [&](const view_args&, const redis_reply& reply) { return view_answer_of(reply.view()); });
  }

  /// All that the index holds of this lake, one fact per line, sorted, as memory_index says it. For tests and diagnosis: many round trips, no
  /// one moment.
  result<std::string> dump() const { return steps_.dump(); }

  /// What the server does when its memory is full; "unknown" where it does not tell.
  [[nodiscard]] std::string eviction_policy() const { return steps_.eviction_policy(); }

 protected:
  explicit redis_index_base(redis_steps steps) : steps_(std::move(steps)) {}

 private:
  [[nodiscard]] static lake::error control_lost() { return {errc::corrupt_index, {}, {}, "the control record is missing"}; }
  [[nodiscard]] static result<void> check_commit(const commit_args& args) {
    if (result<void> named = check_name("index.commit", args.catalog); !named) return named;
    if (result<void> run = check_run("index.commit", args.catalog, args.ids); !run) return run;
    return args.expected ? check_id("index.commit", args.catalog, *args.expected, true) : result<void>();
  }
  [[nodiscard]] result<reserve_answer> finish_reserve(const reserve_args& args, const redis_reply& reply) const {
    result<reserve_answer> answer = reserve_answer_of(reply.view());
    if (answer && answer->status == reserve_status::reserved && answer->ids.count != args.members.size()) {
      return bad_argument("index.reserve", args.catalog,
                          "the token belongs to a reservation of " + std::to_string(answer->ids.count) + " members, not " +
                              std::to_string(args.members.size()));
    }
    return answer;
  }

  redis_steps steps_;
};

}  // namespace detail

/// An index in Redis under a layout: documented (one server, or behind Sentinel), cluster (all keys of a catalog in one slot), go_v2 (beside
/// clients of v2). A copyable handle, thread-safe. Refinements: enumerating, batching, dumping.
template <class Layout = layout::documented>
class basic_redis_index : public detail::redis_index_base {
 public:
  using layout_type = Layout;

  /// Connects, authenticates, and looks whether the server may keep an index.
  /// Errors: configuration (a bad URL; a cluster with a layout that is not for one; a server that may evict, see the options); unsupported
  /// (TLS without support for it; a barrier that the server is too old for); access_denied; unavailable; timeout.
  [[nodiscard]] static result<basic_redis_index> connect(redis_index_options options) {
    result<detail::redis_steps> steps = detail::redis_steps::connect(std::move(options), detail::redis_layout_of<Layout>());
    if (!steps) return std::move(steps).error();
    return basic_redis_index(*std::move(steps));
  }

 private:
  explicit basic_redis_index(detail::redis_steps steps) : redis_index_base(std::move(steps)) {}
};

/// The Redis index of the default layout.
using redis_index = basic_redis_index<>;

static_assert(index_policy<redis_index> && enumerating_index<redis_index> && batching_index<redis_index> && dumping_index<redis_index>,
              "lake: redis_index must be an index with all refinements (see concepts.hpp)");

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_INDEX_REDIS_HPP
