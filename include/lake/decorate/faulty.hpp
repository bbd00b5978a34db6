// A storage and an index that fail where a test tells them to: the wrapped policy otherwise. Knows no concrete policy.
#ifndef LAKE_DECORATE_FAULTY_HPP
#define LAKE_DECORATE_FAULTY_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/protocol/types.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// On which side of the effect a call fails.
enum class fault_mode : std::uint8_t {
  before,  ///< Nothing happened.
  after,   ///< It happened, and the reply was lost.
};

/// Which calls fail, and how. Operations are named as the policies' functions: "create", "commit".
struct fault_rule {
  static constexpr std::size_t until_cleared = (std::numeric_limits<std::size_t>::max)();

  std::string operation = {};                 ///< Empty: every operation.
  std::size_t nth = 1;                        ///< The first call that fails, of those that match from now on; from 1.
  std::size_t times = 1;                      ///< How many fail, one after the other.
  fault_mode mode = fault_mode::before;
  errc code = errc::unavailable;
};

/// What one or several faulty policies go by. Thread-safe; a copy shares the rules, the counts and the hook.
class fault_plan {
 public:
  /// Called before each operation with its name and its number (from 1) among the calls of that name. It may add rules, crash the plan,
  /// or use the unwrapped policies to do what another client would do at this moment. For tests: a faulty policy is on no path that must be fast.
  using hook = std::function<void(std::string_view operation, std::size_t number)>;

  /// Adds a rule. Of several that match a call, the first given decides.
  void fail(fault_rule rule) {
    const std::lock_guard lock(state_->mutex);
    state_->rules.push_back({std::move(rule), 0});
  }

  /// From now on every call fails before its effect, as after the death of the process or the backend.
  void crash() {
    const std::lock_guard lock(state_->mutex);
    state_->crashed = true;
  }

  /// Forgets rules, crash and hook; the counts stay.
  void clear() {
    const std::lock_guard lock(state_->mutex);
    state_->rules.clear();
    state_->crashed = false;
    state_->before_each = nullptr;
  }

  /// Sets the hook; an empty one ends it.
  void before_each(hook call) {
    const std::lock_guard lock(state_->mutex);
    state_->before_each = std::move(call);
  }

  /// How many calls of an operation there were, failed ones included.
  [[nodiscard]] std::size_t calls(std::string_view operation) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->counts.find(operation);
    return found == state_->counts.end() ? 0 : found->second;
  }

  /// What is to go wrong with a call that begins now, if anything. For wrappers.
  struct fault {
    fault_mode mode;
    lake::error failure;
  };
  [[nodiscard]] std::optional<fault> enter(std::string_view operation) const {
    std::size_t number = 0;
    hook call;
    {
      const std::lock_guard lock(state_->mutex);
      number = ++state_->counts[std::string(operation)];
      call = state_->before_each;
    }
    if (call) call(operation, number);  // without the lock: it may use the plan
    const std::lock_guard lock(state_->mutex);
    std::optional<fault> decided;
    for (given& each : state_->rules) {
      if (!each.rule.operation.empty() && each.rule.operation != operation) continue;
      const std::size_t since = ++each.seen;  // every rule counts, also behind one that decides
      if (decided || since < each.rule.nth || since - each.rule.nth >= each.rule.times) continue;
      decided = fault{each.rule.mode, story(operation, number, each.rule.code, "a fault as planned")};
    }
    if (state_->crashed) return fault{fault_mode::before, story(operation, number, errc::unavailable, "crashed as planned")};
    return decided;
  }

 private:
  struct given {
    fault_rule rule;
    std::size_t seen = 0;
  };
  struct state {
    std::mutex mutex;
    std::vector<given> rules;
    std::map<std::string, std::size_t, std::less<>> counts;
    bool crashed = false;
    hook before_each;
  };

  static lake::error story(std::string_view operation, std::size_t number, errc code, std::string_view what) {
    return {code, std::string(operation), {}, std::string(what) + ", call " + std::to_string(number)};
  }

  std::shared_ptr<state> state_ = std::make_shared<state>();
};

namespace detail {

/// Runs a call under the plan.
template <class Call>
auto run_faulty(const fault_plan& plan, std::string_view operation, Call&& call) -> decltype(call()) {
  std::optional<fault_plan::fault> fault = plan.enter(operation);
  if (!fault) return call();
  if (fault->mode == fault_mode::after) static_cast<void>(call());  // its reply is what gets lost
  return std::move(fault->failure);
}

/// The same for a call that answers `count` times: all the replies are lost together.
template <class Call>
auto run_faulty_many(const fault_plan& plan, std::string_view operation, std::size_t count, Call&& call) -> decltype(call()) {
  const std::optional<fault_plan::fault> fault = plan.enter(operation);
  if (!fault) return call();
  if (fault->mode == fault_mode::after) static_cast<void>(call());
  return decltype(call())(count, fault->failure);
}

}  // namespace detail

/// A storage that fails by plan. Offers the refinements of the wrapped one. Thread-safe as that; a copy shares objects and plan.
template <class Storage>
class faulty_storage {
 public:
  static_assert(storage_policy<Storage>, "lake: faulty_storage wraps a storage");
  static constexpr std::size_t concurrent_from = lake::concurrent_from<Storage>;

  explicit faulty_storage(Storage inner = Storage{}, fault_plan plan = {})
      : kind(inner.kind), inner_(std::move(inner)), plan_(std::move(plan)) {}

  storage_kind kind;  ///< That of the wrapped storage.

  /// The plan, to give rules to.
  [[nodiscard]] fault_plan& plan() noexcept { return plan_; }
  /// The wrapped storage, past every fault.
  [[nodiscard]] Storage& inner() noexcept { return inner_; }

  result<body_ptr> get(std::string_view key) const {
    return run("get", [&] { return inner_.get(key); });
  }
  result<void> create(std::string_view key, std::string bytes) {
    return run("create", [&] { return inner_.create(key, std::move(bytes)); });
  }
  result<void> put(std::string_view key, std::string bytes) {
    return run("put", [&] { return inner_.put(key, std::move(bytes)); });
  }
  result<void> remove(std::string_view key) {
    return run("remove", [&] { return inner_.remove(key); });
  }
  template <class Visit>
  result<void> list(std::string_view prefix, Visit&& visit) const
    requires listing_storage<Storage>
  {
    return run("list", [&] { return inner_.list(prefix, visit); });
  }
  result<std::string> get_range(std::string_view key, std::uint64_t offset, std::size_t length) const
    requires ranged_storage<Storage>
  {
    return run("get_range", [&] { return inner_.get_range(key, offset, length); });
  }
  result<object_info> stat(std::string_view key) const
    requires ranged_storage<Storage>
  {
    return run("stat", [&] { return inner_.stat(key); });
  }
  result<tagged_body> get_tagged(std::string_view key) const
    requires conditional_storage<Storage>
  {
    return run("get_tagged", [&] { return inner_.get_tagged(key); });
  }
  result<std::string> swap(std::string_view key, std::string_view tag, std::string bytes)
    requires conditional_storage<Storage>
  {
    return run("swap", [&] { return inner_.swap(key, tag, std::move(bytes)); });
  }
  template <class Source>
  result<void> create_from(std::string_view key, Source&& source)
    requires streaming_storage<Storage>
  {
    return run("create_from", [&] { return inner_.create_from(key, source); });
  }
  template <class Sink>
  result<void> get_into(std::string_view key, Sink&& sink) const
    requires streaming_storage<Storage>
  {
    return run("get_into", [&] { return inner_.get_into(key, sink); });
  }

 private:
  template <class Call>
  auto run(std::string_view operation, Call&& call) const {
    return detail::run_faulty(plan_, operation, call);
  }

  Storage inner_;
  fault_plan plan_;
};

/// An index that fails by plan. Offers the refinements of the wrapped one. Thread-safe as that; a copy shares state and plan.
/// More members than the house allows, because an index has as many primitives.
template <class Index>
class faulty_index {
 public:
  static_assert(index_policy<Index>, "lake: faulty_index wraps an index");
  using layout_type = typename Index::layout_type;

  explicit faulty_index(Index inner = Index{}, fault_plan plan = {}) : inner_(std::move(inner)), plan_(std::move(plan)) {}

  /// The plan, to give rules to.
  [[nodiscard]] fault_plan& plan() noexcept { return plan_; }
  /// The wrapped index, past every fault.
  [[nodiscard]] Index& inner() noexcept { return inner_; }

  result<reserve_answer> reserve(const reserve_args& args, const index_timing& timing) {
    return run("reserve", [&] { return inner_.reserve(args, timing); });
  }
  result<commit_answer> commit(const commit_args& args, const index_timing& timing) {
    return run("commit", [&] { return inner_.commit(args, timing); });
  }
  result<rollback_status> rollback(std::string_view catalog, const id_run& ids, const write_token& token) {
    return run("rollback", [&] { return inner_.rollback(catalog, ids, token); });
  }
  result<view_answer> view(const view_args& args, const index_timing& timing) const {
    return run("view", [&] { return inner_.view(args, timing); });
  }
  result<publish_status> publish_snapshot(const publish_args& args, const index_timing& timing) {
    return run("publish_snapshot", [&] { return inner_.publish_snapshot(args, timing); });
  }
  result<cut_answer> clear_cut(const cut_args& args, const index_timing& timing) {
    return run("clear_cut", [&] { return inner_.clear_cut(args, timing); });
  }
  result<removed_counts> remove_members(std::string_view catalog, const victims& gone, const index_timing& timing) {
    return run("remove_members", [&] { return inner_.remove_members(catalog, gone, timing); });
  }
  result<remove_delta_answer> remove_delta(std::string_view catalog, time_seq id, const index_timing& timing) {
    return run("remove_delta", [&] { return inner_.remove_delta(catalog, id, timing); });
  }
  result<remove_catalog_answer> remove_catalog(std::string_view catalog, const index_timing& timing) {
    return run("remove_catalog", [&] { return inner_.remove_catalog(catalog, timing); });
  }
  result<void> heal(const heal_args& args, const index_timing& timing) {
    return run("heal", [&] { return inner_.heal(args, timing); });
  }
  result<log_answer> read_log(std::string_view catalog, time_seq since, std::size_t max_deltas) const {
    return run("read_log", [&] { return inner_.read_log(catalog, since, max_deltas); });
  }
  result<std::vector<std::pair<std::string, std::string>>> read_meta(std::string_view catalog) const {
    return run("read_meta", [&] { return inner_.read_meta(catalog); });
  }
  result<issue_answer> issue_id(std::string_view catalog, std::string_view path, const index_timing& timing) {
    return run("issue_id", [&] { return inner_.issue_id(catalog, path, timing); });
  }
  result<put_file_status> put_file(std::string_view catalog, std::string_view path, const file_record& record) {
    return run("put_file", [&] { return inner_.put_file(catalog, path, record); });
  }
  result<bool> drop_file(std::string_view catalog, std::string_view path) {
    return run("drop_file", [&] { return inner_.drop_file(catalog, path); });
  }
  result<std::optional<file_record>> read_file(std::string_view catalog, std::string_view path) const {
    return run("read_file", [&] { return inner_.read_file(catalog, path); });
  }
  result<std::vector<std::pair<std::string, file_record>>> read_files(std::string_view catalog) const {
    return run("read_files", [&] { return inner_.read_files(catalog); });
  }
  result<double> store_sample(std::string_view catalog, std::string_view indicator, double score) {
    return run("store_sample", [&] { return inner_.store_sample(catalog, indicator, score); });
  }
  result<std::optional<double>> read_sample(std::string_view catalog, std::string_view indicator) const {
    return run("read_sample", [&] { return inner_.read_sample(catalog, indicator); });
  }
  result<std::optional<std::string>> marker() const {
    return run("marker", [&] { return inner_.marker(); });
  }
  result<std::string> set_marker(std::string_view marker) {
    return run("set_marker", [&] { return inner_.set_marker(marker); });
  }
  result<void> barrier() {
    return run("barrier", [&] { return inner_.barrier(); });
  }
  /// Never fails: it talks to nobody.
  void attach(std::string_view prefix) { inner_.attach(prefix); }

  template <class Visit>
  result<void> for_each_catalog(std::string_view prefix, Visit&& visit) const
    requires enumerating_index<Index>
  {
    return run("for_each_catalog", [&] { return inner_.for_each_catalog(prefix, visit); });
  }
  std::vector<result<reserve_answer>> reserve_many(std::span<const reserve_args> each, const index_timing& timing)
    requires batching_index<Index>
  {
    return detail::run_faulty_many(plan_, "reserve_many", each.size(), [&] { return inner_.reserve_many(each, timing); });
  }
  std::vector<result<commit_answer>> commit_many(std::span<const commit_args> each, const index_timing& timing)
    requires batching_index<Index>
  {
    return detail::run_faulty_many(plan_, "commit_many", each.size(), [&] { return inner_.commit_many(each, timing); });
  }
  std::vector<result<view_answer>> view_many(std::span<const view_args> each, const index_timing& timing) const
    requires batching_index<Index>
  {
    return detail::run_faulty_many(plan_, "view_many", each.size(), [&] { return inner_.view_many(each, timing); });
  }
  result<std::string> dump() const
    requires dumping_index<Index>
  {
    return inner_.dump();  // for the test itself: not counted, never failing by plan
  }

 private:
  template <class Call>
  auto run(std::string_view operation, Call&& call) const {
    return detail::run_faulty(plan_, operation, call);
  }

  Index inner_;
  fault_plan plan_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_DECORATE_FAULTY_HPP
