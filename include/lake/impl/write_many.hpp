// Many writes of many catalogs in few round trips: each catalog's requests are one job, the jobs go through the phases together.
// Knows a lake's state and the protocol's writer.
#ifndef LAKE_IMPL_WRITE_MANY_HPP
#define LAKE_IMPL_WRITE_MANY_HPP

#include <lake/config.hpp>
#include <lake/concepts.hpp>
#include <lake/impl/write.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// One catalog's share of a `write_many`.
template <class State>
struct bulk_job {
  std::vector<std::size_t> requests;          ///< Their places in the call.
  std::vector<checked_write> writes;
  std::optional<catalog_job<State>> job;
  std::unique_ptr<delta_bodies<State, no_trace>> bodies;
  write_token token{};
  std::optional<result<id_run>> reserved;     ///< Set once the reservation is decided.
  std::optional<result<protocol::store_outcome>> stored;
  std::optional<result<id_run>> outcome;      ///< Set once the job is decided.
};

/// Groups the requests by catalog, in order; a bad request decides the whole share of its catalog.
template <class State>
std::vector<std::unique_ptr<bulk_job<State>>> make_jobs(State& state, std::span<const write_request> requests, no_trace& off) {
  std::map<std::string_view, std::size_t> places;
  std::vector<std::unique_ptr<bulk_job<State>>> jobs;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto [place, fresh] = places.try_emplace(requests[i].catalog.view(), jobs.size());
    if (fresh) jobs.push_back(std::make_unique<bulk_job<State>>());
    bulk_job<State>& each = *jobs[place->second];
    each.requests.push_back(i);
    if (each.outcome) continue;
    auto checked = check_write(state.layout, requests[i], state.options.limits);
    if (checked) {
      each.writes.push_back(*checked);
    } else {
      lake::error reason = std::move(checked).error();
      reason.message = "request " + std::to_string(i) + ": " + reason.message;
      each.outcome = std::move(reason);
    }
  }
  for (auto& each : jobs) {
    if (each->outcome) continue;
    std::optional<time_seq> expected;
    for (const std::size_t i : each->requests) {
      if (!requests[i].expected) continue;
      if (expected && *expected != *requests[i].expected) {
        each->outcome = lake::error{errc::invalid_argument, "write_many", std::string(requests[i].catalog.view()),
                                    "two different values of expected for one catalog"};
      }
      expected = requests[i].expected;
    }
    auto job = catalog_job<State>::make(state, each->writes, expected);
    if (!job && !each->outcome) each->outcome = std::move(job).error();
    if (each->outcome) continue;
    each->job.emplace(*std::move(job));
    each->token = state.options.random.bits128();
    each->bodies = std::make_unique<delta_bodies<State, no_trace>>(state, each->writes, each->job->write_ids, off);
  }
  return jobs;
}

/// Phase one: all reservations in one round trip where the index can; whoever was not reserved at once goes the single way later.
template <class State>
void reserve_jobs(State& state, std::span<bulk_job<State>* const> jobs) {
  if constexpr (batching_index<typename State::index_type>) {
    std::vector<reserve_args> args;
    args.reserve(jobs.size());
    for (const bulk_job<State>* each : jobs) {
      const protocol::write_job job = each->job->view_job();
      args.push_back({job.catalog, each->token, job.members, job.expected});
    }
    auto answers = state.index.reserve_many(args, state.timing);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (answers[i] && answers[i]->status == reserve_status::reserved) jobs[i]->reserved = answers[i]->ids;
    }
  }
}

/// Phase two: all bodies, jobs side by side where the storage makes that worth while.
template <class State>
void store_jobs(State& state, std::span<bulk_job<State>* const> jobs) {
  const auto store = [&](std::size_t i) {
    jobs[i]->stored = jobs[i]->bodies->store(**jobs[i]->reserved);
    return true;
  };
  if (jobs.size() >= concurrent_from<typename State::storage_type> && jobs.size() > 1) {
    parallel_for(state.executor, jobs.size(), state.options.workers, store);
  } else {
    for (std::size_t i = 0; i < jobs.size(); ++i) store(i);
  }
}

/// Phase three: all commits in one round trip where the index can.
template <class State>
std::vector<result<commit_answer>> commit_jobs(State& state, std::span<bulk_job<State>* const> jobs) {
  std::vector<commit_args> args;
  args.reserve(jobs.size());
  for (const bulk_job<State>* each : jobs) {
    const protocol::write_job job = each->job->view_job();
    args.push_back({job.catalog, **each->reserved, each->token, job.expected, job.meta});
  }
  if constexpr (batching_index<typename State::index_type>) {
    return state.index.commit_many(args, state.timing);
  } else {
    std::vector<result<commit_answer>> answers;
    answers.reserve(args.size());
    for (const commit_args& each : args) answers.push_back(state.index.commit(each, state.timing));
    return answers;
  }
}

/// The jobs of `all` for which `wanted` holds.
template <class State, class Wanted>
std::vector<bulk_job<State>*> pick(const std::vector<std::unique_ptr<bulk_job<State>>>& all, const Wanted& wanted) {
  std::vector<bulk_job<State>*> some;
  for (const auto& each : all) {
    if (!each->outcome && wanted(*each)) some.push_back(each.get());
  }
  return some;
}

/// Takes every job to its outcome: the common way together, everything else through the protocol's writer one by one.
template <class State>
void run_jobs(State& state, const std::vector<std::unique_ptr<bulk_job<State>>>& all, const deadline& until) {
  no_trace off;
  if (auto on = until.check("write_many", {}); !on) {
    for (const auto& each : all) {
      if (!each->outcome) each->outcome = on.error();
    }
    return;
  }
  with_writer(state, until, [&](const auto& writer) {
    reserve_jobs<State>(state, pick(all, [](const auto&) { return true; }));
    const auto reserved = pick(all, [](const auto& each) { return each.reserved.has_value(); });
    store_jobs<State>(state, reserved);
    auto stored = pick(all, [](const auto& each) { return each.stored && *each.stored == protocol::store_outcome::stored; });
    if (auto on = until.check("commit", {}); !on) {
      for (bulk_job<State>* each : stored) each->stored = on.error();  // Not committed: taken back below.
      stored.clear();
    }
    auto answers = commit_jobs<State>(state, stored);
    for (std::size_t i = 0; i < stored.size(); ++i) {
      bulk_job<State>& each = *stored[i];
      auto ended = writer.settle(each.job->view_job(), **each.reserved, each.token, *each.bodies, std::move(answers[i]));
      if (!ended) each.outcome = std::move(ended).error();
      else if (*ended == protocol::commit_end::committed) each.outcome = **each.reserved;
    }
    for (bulk_job<State>* each : pick(all, [](const auto& job) { return job.stored && !(*job.stored == protocol::store_outcome::stored); })) {
      auto ended = writer.after_store(each->job->view_job(), **each->reserved, each->token, *each->bodies, *std::move(each->stored));
      if (!ended) each->outcome = std::move(ended).error();
    }
    for (bulk_job<State>* each : pick(all, [](const auto&) { return true; })) {
      const write_token token = each->reserved ? state.options.random.bits128() : each->token;  // Reserved and not done: it was fenced.
      each->outcome = writer.run(each->job->view_job(), token, *each->bodies, off);
    }
  });
}

/// Any catalogs, atomic per catalog. Complexity: two index round trips for all where the index batches, one put per request.
template <class State, trace_sink Trace>
std::vector<result<time_seq>> write_many(State& state, std::span<const write_request> requests, const call_options& call, Trace& sink) {
  const auto refuse_all = [&](const lake::error& reason) { return std::vector<result<time_seq>>(requests.size(), result<time_seq>(reason)); };
  if (requests.empty()) return {};
  if (requests.size() > state.options.limits.batch) {
    return refuse_all({errc::limit_exceeded, "write_many", {},
                       std::to_string(requests.size()) + " requests, the limit is " + std::to_string(state.options.limits.batch)});
  }
  if (auto ready = state.settle(sink).and_then([&] { return state.open(sink); }); !ready) return refuse_all(ready.error());
  const deadline until(state.options, state.executor, call);
  no_trace off;
  const auto jobs = make_jobs(state, requests, off);
  {
    stage all(sink, "WriteMany");
    all.note([&] { return "{requests:" + std::to_string(requests.size()) + ", catalogs:" + std::to_string(jobs.size()) + "}"; });
    run_jobs(state, jobs, until);
  }
  std::vector<result<time_seq>> answers(requests.size(), result<time_seq>(time_seq{}));
  for (const auto& each : jobs) {
    count(*each->outcome ? state.counted.writes : state.counted.failed_writes, each->requests.size());
    for (std::size_t i = 0; i < each->requests.size(); ++i) {
      if (*each->outcome) answers[each->requests[i]] = (**each->outcome)[static_cast<std::uint32_t>(i)];
      else answers[each->requests[i]] = each->outcome->error();
    }
  }
  return answers;
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_WRITE_MANY_HPP
