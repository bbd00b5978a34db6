// The durable embedded index: one SQLite file, shared by threads and processes of one machine, no server. Knows how steps become
// transactions; what a step does is protocol/rules.hpp. File format: index/sqlite_schema.hpp. Needs SQLite 3.37 or newer.
#ifndef LAKE_INDEX_SQLITE_HPP
#define LAKE_INDEX_SQLITE_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/durability.hpp>
#include <lake/core/result.hpp>
#include <lake/index/sqlite_log.hpp>
#include <lake/index/sqlite_open.hpp>
#include <lake/index/sqlite_schema.hpp>
#include <lake/index/sqlite_writer.hpp>
#include <lake/layout/documented.hpp>
#include <lake/protocol/rules.hpp>
#include <lake/protocol/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// An index in one SQLite file. A copyable handle: copies share connections; thread-safe.
///
/// Writes. Each primitive is one transaction of one connection, behind a queue: steps that wait at the same time share a transaction and
/// its fsync (index/sqlite_writer.hpp). Processes take turns by a lock file. A step that did not get its turn in time is
/// errc::unavailable, retryable, and has changed nothing. After an io error of a commit call, ask again with the same token.
///
/// Reads. Each is one read transaction of a connection of its own, beside the writer and beside each other. A view that finds something to
/// store (expired pending members, a clock that stepped back) is repeated through the queue.
///
/// Durability. The death of a process loses nothing that was acknowledged, at any level. A power loss:
/// - `full`: nothing acknowledged is lost. Only reservations (reserve, issue_id) and what views close are not fsynced at once: a lost one
///   is a pending member nobody was promised (all clients are on the machine that lost its power), its id meets a create-only body, and
///   the commit's fsync covers the whole log before it. `barrier` has nothing to do: every other step was fsynced before its answer.
/// - `data`: the file is sound, but the last steps may be missing. `barrier` makes all before it durable, so bodies are deleted only after
///   the cut that gives them up is on the disk.
/// - `none`: no fsync; the file may be damaged. `barrier` does nothing.
///
/// A handle must not be used in a child after fork(): open the file anew there. Errors of any operation besides those of its rule:
/// unavailable, io, access_denied, corrupt_index; each names the file.
template <class Layout = layout::documented>
class basic_sqlite_index {
 public:
  using layout_type = Layout;

  /// Opens the file, creates it if allowed.
  /// Errors: configuration (a folder; another program's file; a newer schema: the message names both); not_found (missing, and `create` is
  /// false); corrupt_index (no database, or a truncated one); access_denied; io; unavailable.
  [[nodiscard]] static result<basic_sqlite_index> open(const sqlite_index_options& options) {
    result<std::shared_ptr<detail::sqlite_state>> state = detail::sqlite_state::open(options);
    if (!state) return std::move(state).error();
    return basic_sqlite_index(*std::move(state));
  }

  /// The index file, as an absolute path.
  [[nodiscard]] const std::string& file() const noexcept { return state_->writer.db().file(); }
  /// One file holds one lake: nothing to tell apart.
  void attach(std::string_view) noexcept {}

  result<reserve_answer> reserve(const reserve_args& args, const index_timing& timing) {
    return write<reserve_answer>(detail::sqlite_sync::later, args.catalog, [&](log& on) { return rules::reserve(on, args, timing); });
  }
  result<commit_answer> commit(const commit_args& args, const index_timing& timing) {
    return write<commit_answer>(acknowledged(), args.catalog, [&](log& on) { return rules::commit(on, args, timing); });
  }
  result<rollback_status> rollback(std::string_view catalog, const id_run& ids, const write_token& token) {
    return write<rollback_status>(acknowledged(), catalog, [&](log& on) { return rules::rollback(on, catalog, ids, token); });
  }
  result<view_answer> view(const view_args& args, const index_timing& timing) const {
    return read<view_answer>(args.catalog, [&](log& on) { return rules::view(on, args, timing); });
  }
  result<publish_status> publish_snapshot(const publish_args& args, const index_timing& timing) {
    return write<publish_status>(acknowledged(), args.catalog, [&](log& on) { return rules::publish_snapshot(on, args, timing); });
  }
  result<cut_answer> clear_cut(const cut_args& args, const index_timing& timing) {
    return write<cut_answer>(acknowledged(), args.catalog, [&](log& on) { return rules::clear_cut(on, args, timing); });
  }
  result<removed_counts> remove_members(std::string_view catalog, const victims& gone, const index_timing& timing) {
    return write<removed_counts>(acknowledged(), catalog, [&](log& on) { return rules::remove_members(on, catalog, gone, timing); });
  }
  result<remove_delta_answer> remove_delta(std::string_view catalog, time_seq id, const index_timing& timing) {
    return write<remove_delta_answer>(acknowledged(), catalog, [&](log& on) { return rules::remove_delta(on, catalog, id, timing); });
  }
  result<remove_catalog_answer> remove_catalog(std::string_view catalog, const index_timing& timing) {
    return write<remove_catalog_answer>(acknowledged(), catalog, [&](log& on) { return rules::remove_catalog(on, catalog, timing); });
  }
  result<void> heal(const heal_args& args, const index_timing& timing) {
    const result<done> healed =
        write<done>(acknowledged(), args.catalog, [&](log& on) { return rules::heal(on, args, timing).transform([] { return done{}; }); });
    return healed ? result<void>() : healed.error();
  }
  result<log_answer> read_log(std::string_view catalog, time_seq since, std::size_t max_deltas) const {
    return read<log_answer>(catalog, [&](log& on) { return rules::read_log(on, catalog, since, max_deltas); });
  }

  using meta_list = std::vector<std::pair<std::string, std::string>>;
  using file_list = std::vector<std::pair<std::string, file_record>>;

  result<meta_list> read_meta(std::string_view catalog) const {
    return read<meta_list>(catalog, [&](log& on) -> result<meta_list> { return rules::read_meta(on); });
  }
  result<issue_answer> issue_id(std::string_view catalog, std::string_view path, const index_timing& timing) {
    return write<issue_answer>(detail::sqlite_sync::later, catalog, [&](log& on) { return rules::issue_id(on, catalog, path, timing); });
  }
  result<put_file_status> put_file(std::string_view catalog, std::string_view path, const file_record& record) {
    return write<put_file_status>(acknowledged(), catalog, [&](log& on) { return rules::put_file(on, catalog, path, record); });
  }
  result<bool> drop_file(std::string_view catalog, std::string_view path) {
    return write<bool>(acknowledged(), catalog, [&](log& on) { return rules::drop_file(on, catalog, path); });
  }
  result<std::optional<file_record>> read_file(std::string_view catalog, std::string_view path) const {
    using answer = std::optional<file_record>;
    return read<answer>(catalog, [&](log& on) -> result<answer> { return on.find_file(path); });
  }
  result<file_list> read_files(std::string_view catalog) const {
    return read<file_list>(catalog, [&](log& on) -> result<file_list> { return rules::read_files(on); });
  }
  result<double> store_sample(std::string_view catalog, std::string_view indicator, double score) {
    return write<double>(acknowledged(), catalog, [&](log& on) { return rules::store_sample(on, catalog, indicator, score); });
  }
  result<std::optional<double>> read_sample(std::string_view catalog, std::string_view indicator) const {
    using answer = std::optional<double>;
    return read<answer>(catalog, [&](log& on) -> result<answer> { return on.find_sample(indicator); });
  }

  result<std::optional<std::string>> marker() const {
    std::optional<std::string> found;
    const result<void> ended = state_->readers.run([&](detail::sqlite_session& session) { return find_marker(session, found); });
    if (!ended) return ended.error();
    return found;
  }
  result<std::string> set_marker(std::string_view marker) {
    std::optional<std::string> kept;
    const result<void> ended = state_->writer.run(acknowledged(), [&](detail::sqlite_session& session) -> result<void> {
      result<void> added = session.run(detail::sqlite_query::add_setting, marker_key, marker);
      return added ? find_marker(session, kept) : std::move(added);
    });
    if (!ended) return ended.error();
    return *std::move(kept);
  }

  /// See the class: `full` has fsynced already; `data` does it now, by a transaction that writes one row.
  result<void> barrier() {
    if (state_->level != durability::data) return {};
    return state_->writer.run(detail::sqlite_sync::now, [](detail::sqlite_session& session) {
      return session.run(detail::sqlite_query::touch_setting, std::string_view("barrier"));
    });
  }

  /// Complexity: a read transaction per 256 names, so catalogs that come or go meanwhile may be missed, as in any listing that streams.
  /// The visitor runs outside of all transactions and may use the index.
  template <class Visit>
  result<void> for_each_catalog(std::string_view prefix, Visit&& visit) const {
    std::string from(prefix);
    for (;;) {
      result<std::vector<std::string>> names = names_from(from);
      if (!names) return std::move(names).error();
      for (const std::string& name : *names) {
        if (!name.starts_with(prefix) || !visit(std::string_view(name))) return {};
      }
      if (names->size() < names_per_page) return {};
      // The smallest text above the last name.
      from = names->back() + '\0';
    }
  }

  std::vector<result<reserve_answer>> reserve_many(std::span<const reserve_args> reserves, const index_timing& timing) {
    return write_many<reserve_answer>(detail::sqlite_sync::later, reserves,
                                      [&](log& on, const reserve_args& args) { return rules::reserve(on, args, timing); });
  }
  std::vector<result<commit_answer>> commit_many(std::span<const commit_args> commits, const index_timing& timing) {
    return write_many<commit_answer>(acknowledged(), commits,
                                     [&](log& on, const commit_args& args) { return rules::commit(on, args, timing); });
  }
  /// One read transaction for all; views that have something to store are repeated, all of these in one transaction.
  std::vector<result<view_answer>> view_many(std::span<const view_args> views, const index_timing& timing) const {
    std::vector<std::optional<result<view_answer>>> answers(views.size());
    std::vector<std::size_t> again;
    const auto rule = [&](log& on, std::size_t i) { return rules::view(on, views[i], timing); };
    const result<void> ended = state_->readers.run([&](detail::sqlite_session& session) -> result<void> {
      for (std::size_t i = 0; i < views.size(); ++i) {
        log on(session, views[i].catalog, state_->clock, state_->counted, false);
        answers[i] = settled(on, rule(on, i));
        if (on.wanted_to_write()) again.push_back(i);
      }
      return {};
    });
    if (!ended) return std::vector<result<view_answer>>(views.size(), ended.error());
    write_each(
        detail::sqlite_sync::later, again, answers, [&](std::size_t i) { return views[i].catalog; }, rule);
    return unwrapped(std::move(answers));
  }

  /// All that the index holds, one fact per line, of one moment. Format: protocol/dump.hpp; first a line `marker "..."` if there is one.
  result<std::string> dump() const {
    std::string out;
    const result<void> ended = state_->readers.run([&](detail::sqlite_session& session) { return dump_to(session, out); });
    if (!ended) return ended.error();
    return out;
  }

 private:
  using log = detail::sqlite_log;
  struct done {};

  static constexpr std::string_view marker_key = "marker";
  static constexpr std::size_t names_per_page = 256;

  explicit basic_sqlite_index(std::shared_ptr<detail::sqlite_state> state) noexcept : state_(std::move(state)) {}

  /// What a step needs before its caller may be told that it is done.
  [[nodiscard]] detail::sqlite_sync acknowledged() const noexcept {
    return state_->level == durability::full ? detail::sqlite_sync::now : detail::sqlite_sync::later;
  }

  /// The rule's answer, unless its log failed on the way.
  template <class Answer>
  [[nodiscard]] static result<Answer> settled(log& on, result<Answer> answer) {
    if (std::optional<lake::error> failed = on.take_failure()) return *std::move(failed);
    return answer;
  }

  /// One rule on one catalog as one step of the queue.
  template <class Answer, class Rule>
  [[nodiscard]] result<Answer> write(detail::sqlite_sync sync, std::string_view catalog, const Rule& rule) const {
    std::optional<result<Answer>> answer;
    const result<void> ended =
        state_->writer.run(sync, [&](detail::sqlite_session& session) { return step(session, catalog, rule, answer); });
    if (!ended) return ended.error();
    return *std::move(answer);
  }
  template <class Answer, class Rule>
  [[nodiscard]] result<void> step(detail::sqlite_session& session, std::string_view catalog, const Rule& rule,
                                  std::optional<result<Answer>>& answer) const {
    log on(session, catalog, state_->clock, state_->counted, true);
    answer = settled(on, rule(on));
    if (!*answer) return answer->error();
    return {};
  }

  /// One rule on one catalog in one read transaction; in the queue if it has something to store.
  template <class Answer, class Rule>
  [[nodiscard]] result<Answer> read(std::string_view catalog, const Rule& rule) const {
    std::optional<result<Answer>> answer;
    bool again = false;
    const result<void> ended = state_->readers.run([&](detail::sqlite_session& session) -> result<void> {
      log on(session, catalog, state_->clock, state_->counted, false);
      answer = settled(on, rule(on));
      again = on.wanted_to_write();
      return {};
    });
    if (!ended) return ended.error();
    if (again) return write<Answer>(detail::sqlite_sync::later, catalog, rule);
    return *std::move(answer);
  }

  template <class Answer, class Args, class Rule>
  [[nodiscard]] std::vector<result<Answer>> write_many(detail::sqlite_sync sync, std::span<const Args> all, const Rule& rule) const {
    std::vector<std::optional<result<Answer>>> answers(all.size());
    std::vector<std::size_t> each(all.size());
    for (std::size_t i = 0; i < each.size(); ++i) each[i] = i;
    write_each(
        sync, each, answers, [&](std::size_t i) { return all[i].catalog; }, [&](log& on, std::size_t i) { return rule(on, all[i]); });
    return unwrapped(std::move(answers));
  }
  /// The rules of the numbered arguments as one step, each undone alone if it fails.
  template <class Answer, class CatalogOf, class Rule>
  void write_each(detail::sqlite_sync sync, const std::vector<std::size_t>& numbers, std::vector<std::optional<result<Answer>>>& answers,
                  const CatalogOf& catalog_of, const Rule& rule) const {
    if (numbers.empty()) return;
    const result<void> ended = state_->writer.run(sync, [&](detail::sqlite_session& session) -> result<void> {
      for (const std::size_t i : numbers) {
        const result<void> one = detail::sqlite_writer::nested(session, [&](detail::sqlite_session& inner) {
          return step(
              inner, catalog_of(i), [&](log& on) { return rule(on, i); }, answers[i]);
        });
        if (session.db().idle()) return one;
        if (!one) answers[i] = one.error();
      }
      return {};
    });
    if (ended) return;
    for (const std::size_t i : numbers) answers[i] = ended.error();
  }
  template <class Answer>
  [[nodiscard]] static std::vector<result<Answer>> unwrapped(std::vector<std::optional<result<Answer>>> answers) {
    std::vector<result<Answer>> out;
    out.reserve(answers.size());
    for (std::optional<result<Answer>>& answer : answers) out.push_back(*std::move(answer));
    return out;
  }

  [[nodiscard]] static result<void> find_marker(detail::sqlite_session& session, std::optional<std::string>& found) {
    return session.each(
        detail::sqlite_query::find_setting, [&](const detail::sqlite_run& row) { return found = std::string(row.text_at(0)), false; },
        marker_key);
  }
  [[nodiscard]] result<std::vector<std::string>> names_from(std::string_view from) const {
    std::vector<std::string> names;
    const result<void> ended = state_->readers.run([&](detail::sqlite_session& session) {
      return session.each(
          detail::sqlite_query::catalogs_in_use, [&](const detail::sqlite_run& row) { return names.emplace_back(row.text_at(0)), true; },
          from, static_cast<std::int64_t>(names_per_page));
    });
    if (!ended) return ended.error();
    return names;
  }
  [[nodiscard]] result<void> dump_to(detail::sqlite_session& session, std::string& out) const {
    std::optional<std::string> marker;
    if (result<void> found = find_marker(session, marker); !found) return found;
    if (marker) {
      out += "marker ";
      detail::append_dumped(out, *marker);
      out += '\n';
    }
    std::vector<std::string> names;
    result<void> listed = session.each(detail::sqlite_query::all_catalogs,
                                       [&](const detail::sqlite_run& row) { return names.emplace_back(row.text_at(0)), true; });
    if (!listed) return listed;
    for (const std::string& name : names) {
      log on(session, name, state_->clock, state_->counted, false);
      append_dump(on, name, out);
      if (std::optional<lake::error> failed = on.take_failure()) return *std::move(failed);
    }
    return {};
  }

  std::shared_ptr<detail::sqlite_state> state_;
};

/// The embedded index with the default layout.
using sqlite_index = basic_sqlite_index<>;

static_assert(index_policy<sqlite_index> && enumerating_index<sqlite_index> && batching_index<sqlite_index> && dumping_index<sqlite_index>,
              "lake: sqlite_index must be an index with all refinements (see concepts.hpp)");

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_INDEX_SQLITE_HPP
