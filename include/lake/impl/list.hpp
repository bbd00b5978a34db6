// How a lake lists: one index step, and what a live pending member means to the reader. Knows a lake's state.
#ifndef LAKE_IMPL_LIST_HPP
#define LAKE_IMPL_LIST_HPP

#include <lake/config.hpp>
#include <lake/concepts.hpp>
#include <lake/core/deadline.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/core/trace.hpp>
#include <lake/impl/check.hpp>
#include <lake/impl/heal.hpp>
#include <lake/impl/state.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// What one list knows: the request and the index's answer, or why there is none. A plain value.
struct list_data {
  std::string catalog;
  list_options options = {};
  view_answer answer = {};
  std::optional<lake::error> failed = {};
  std::size_t max_deltas = 0;   ///< 0: as the lake's limits say.
};

/// For `read_log`: no delta lies above this id, so only the snapshots are in the answer.
inline constexpr time_seq snapshots_only{time_seq::max_timestamp, time_seq::max_seqid};

template <class State>
view_args args_of(const State& state, const list_data& list) {
  const bool prefix = std::holds_alternative<pending::committed_prefix>(list.options.pending);
  return {.catalog = list.catalog,
          .mode = prefix ? view_mode::prefix : view_mode::fail,
          .upto = list.options.as_of,
          .max_deltas = list.max_deltas != 0 ? list.max_deltas : state.options.limits.deltas_per_list};
}

inline lake::error pending_error(const list_data& list, const pending_info& blocker) {
  return {errc::pending_write, "list", list.catalog,
          "a write is in flight: pending|delta|" + std::to_string(static_cast<unsigned>(blocker.merge)) + "|" + blocker.path + "|" +
              blocker.id.to_string() + ", " + std::to_string(blocker.age.count()) + " ms old",
          blocker.id};
}

/// Puts one answer of the index into the list.
inline void take_answer(list_data& list, result<view_answer> answer) {
  list.failed.reset();
  if (!answer) {
    list.failed = std::move(answer).error();
    return;
  }
  list.answer = *std::move(answer);
  switch (list.answer.status) {
    case view_status::ok: return;
    case view_status::pending: list.failed = pending_error(list, *list.answer.pending); return;
    case view_status::trimmed:
      list.failed = lake::error{errc::history_trimmed, "list", list.catalog,
                                "the document as of " + list.options.as_of.value_or(list.answer.stop).to_string() +
                                    " can no longer be built: history up to " + list.answer.cleared.to_string() + " was cleared"};
      return;
    case view_status::no_control:
      list.failed = lake::error{errc::corrupt_index, "list", list.catalog, "the control record is lost"};
      return;
  }
}

/// One view, healed once if the control record was lost.
template <class State>
result<view_answer> view_once(State& state, const view_args& args) {
  return healed(state, args.catalog, [&] { return state.index.view(args, state.timing); });
}

/// Views until nothing is in the way, the wait is over, or the call is.
template <class State>
void view_into(State& state, list_data& list, const deadline& until) {
  const auto* waits = std::get_if<pending::wait>(&list.options.pending);
  const auto begin = waits != nullptr ? state.options.clock.steady() : std::chrono::steady_clock::time_point{};
  for (std::size_t attempt = 0;; ++attempt) {
    if (auto on = until.check("list", list.catalog); !on) {
      // At the deadline what the list waited for says more; a cancelled wait says that it was cancelled.
      if (!list.failed || until.cancelled()) list.failed = std::move(on).error();
      return;
    }
    take_answer(list, view_once(state, args_of(state, list)));
    if (waits == nullptr || !list.failed || list.failed->code != errc::pending_write) return;
    if (state.options.clock.steady() - begin >= deadline::bounded(waits->timeout)) return;
    until.back_off(attempt);
  }
}

/// A list that nothing was asked for yet; fails where the request breaks a rule.
template <class State>
list_data prepare_list(const State& state, std::string_view catalog, const list_options& options) {
  list_data list{std::string(catalog), options};
  if (auto named = check_name(state.layout, catalog, state.options.limits); !named) {
    list.failed = std::move(named).error();
  } else if (options.as_of && !options.as_of->is_valid()) {
    list.failed = lake::error{errc::invalid_time_seq, "list", list.catalog, options.as_of->to_string() + " is no id"};
  }
  return list;
}

/// Lists one catalog. Complexity: one index round trip (more while waiting).
template <class State, trace_sink Trace>
list_data list_one(State& state, std::string_view catalog, const list_options& options, const call_options& call, Trace& sink) {
  if (auto settled = state.settle(sink); !settled) {
    return {.catalog = std::string(catalog), .options = options, .failed = std::move(settled).error()};
  }
  list_data list = prepare_list(state, catalog, options);
  if (list.failed) return list;
  if (auto open = state.open(sink); !open) {
    list.failed = std::move(open).error();
    return list;
  }
  stage step(sink, "List");
  view_into(state, list, deadline(state.options, state.executor, call));
  step.note([&] { return "{deltas:" + std::to_string(list.answer.deltas.size()) + "}"; });
  return list;
}

/// Lists many catalogs, each with its own outcome. Complexity: one index round trip where the index batches; catalogs with a write in
/// flight are waited for one by one.
template <class State, trace_sink Trace>
std::vector<list_data> list_many(State& state, std::span<const std::string_view> catalogs, const list_options& options, const call_options& call,
                                 Trace& sink) {
  std::vector<list_data> lists;
  lists.reserve(catalogs.size());
  if constexpr (batching_index<typename State::index_type>) {
    const deadline until(state.options, state.executor, call);
    const result<void> settled = until.check("list", {}).and_then([&] { return state.settle(sink); });
    const result<void> open = settled.and_then([&] { return state.open(sink); });
    std::vector<view_args> args;
    std::vector<std::size_t> places;
    for (const std::string_view catalog : catalogs) {
      list_data& each = lists.emplace_back(settled ? prepare_list(state, catalog, options) : list_data{std::string(catalog), options});
      if (!each.failed && !open) each.failed = open.error();
    }
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (lists[i].failed) continue;
      args.push_back(args_of(state, lists[i]));
      places.push_back(i);
    }
    stage step(sink, "List");
    auto answers = state.index.view_many(args, state.timing);
    for (std::size_t i = 0; i < places.size(); ++i) {
      list_data& each = lists[places[i]];
      take_answer(each, std::move(answers[i]));
      const bool again = each.answer.status == view_status::no_control ||
                         (each.answer.status == view_status::pending && std::holds_alternative<pending::wait>(options.pending));
      if (again) view_into(state, each, until);
    }
  } else {
    for (const std::string_view catalog : catalogs) lists.push_back(list_one(state, catalog, options, call, sink));
  }
  return lists;
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_LIST_HPP
