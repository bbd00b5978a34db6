// The two-phase write, once for every index: reserve, store the bodies, commit, and what each answer obliges the writer to do.
// Knows index primitives and a way to store bodies; knows neither envelopes, keys nor storages.
#ifndef LAKE_PROTOCOL_WRITE_HPP
#define LAKE_PROTOCOL_WRITE_HPP

#include <lake/config.hpp>
#include <lake/core/deadline.hpp>
#include <lake/core/error.hpp>
#include <lake/core/random.hpp>
#include <lake/core/result.hpp>
#include <lake/core/trace.hpp>
#include <lake/protocol/types.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace protocol {

/// What one reservation of one catalog is to write. Views valid for the write.
struct write_job {
  std::string_view catalog;
  std::span<const member_spec> members;
  std::optional<time_seq> expected = {};
  std::span<const meta_entry> meta = {};
};

/// What storing the bodies came to.
enum class store_outcome : std::uint8_t {
  stored,   ///< All bodies are there, and they are ours.
  foreign,  ///< Other bytes stand under one of the keys: the index issued that id before. They stay; take a new id.
};

/// What a writer must be able to do with bodies. `discard` removes what the last `store` put and nothing else, best effort, and
/// reports failures by itself; it is called only when no commit of these ids can succeed any more.
template <class B>
concept body_keeper = requires(B& bodies, const id_run& ids) {
  { bodies.store(ids) } -> std::same_as<result<store_outcome>>;
  { bodies.discard(ids) } -> std::same_as<void>;
};

/// How commit ended, where it did end.
enum class commit_end : std::uint8_t { committed, fenced };

/// One writer's way through the protocol for one catalog. Confined to one thread.
/// `Heal` is called with the catalog after `no_control`, and returns `result<void>`.
template <class Index, class Heal>
class writer {
 public:
  writer(Index& index, const index_timing& timing, const detail::deadline& until, const random_source& random, std::size_t attempts,
         const Heal& heal)
      : index_(index), timing_(timing), until_(until), random_(random), attempts_(attempts), heal_(heal) {}

  /// Writes the job. Returns its ids.
  /// Errors: pending_write, version_conflict, sequence_overflow, and "not written" for the rest; outcome_unknown carries the first id.
  /// Effects on failure: nothing visible, and no pending member unless the rollback failed too; the causes say so.
  template <body_keeper Bodies, trace_sink Trace>
  result<id_run> run(const write_job& job, Bodies& bodies, Trace& sink) const {
    if (auto on = until_.check_begin("reserve", job.catalog); !on) return not_written(std::move(on).error(), job.catalog);
    return run_in_time(job, random_.bits128(), bodies, sink);
  }

  /// The same in the midst of a call, beginning with a token under which ids may have been reserved already.
  template <body_keeper Bodies, trace_sink Trace>
  result<id_run> run(const write_job& job, const write_token& token, Bodies& bodies, Trace& sink) const {
    if (auto on = until_.check("reserve", job.catalog); !on) return not_written(std::move(on).error(), job.catalog);
    return run_in_time(job, token, bodies, sink);
  }

  /// Reserves ids under `token`. A lost reply is repeated with the same token, so it cannot reserve twice.
  template <trace_sink Trace>
  result<id_run> reserve(const write_job& job, const write_token& token, Trace& sink) const {
    detail::stage stage(sink, "PreCommit");
    const reserve_args args{job.catalog, token, job.members, job.expected};
    std::size_t failures = 0;
    for (std::size_t attempt = 0;; ++attempt) {
      if (until_.cancelled()) return not_written(until_.check("reserve", job.catalog).error(), job.catalog);
      auto answer = index_.reserve(args, timing_);
      if (!answer) {
        if (!answer.error().retryable() || ++failures > repeats || until_.passed()) return not_written(std::move(answer).error(), job.catalog);
      } else if (answer->status == reserve_status::reserved) {
        stage.note([&] { return describe(answer->ids.first); });
        return answer->ids;
      } else if (auto refused = refusal(job, *answer); !refused) {
        return std::move(refused).error();
      } else if (until_.passed()) {
        return lake::error{errc::timeout, "reserve", std::string(job.catalog), "not written: the deadline passed"};
      }
      until_.back_off(attempt);
    }
  }

  /// Everything after the reservation.
  template <body_keeper Bodies, trace_sink Trace>
  result<commit_end> store_and_commit(const write_job& job, const id_run& ids, const write_token& token, Bodies& bodies, Trace& sink) const {
    auto stored = bodies.store(ids);
    if (!stored || *stored != store_outcome::stored) return after_store(job, ids, token, bodies, std::move(stored));
    if (auto on = until_.check("commit", job.catalog); !on) return abandon(job, ids, token, bodies, std::move(on).error(), "commit");
    detail::stage stage(sink, "Commit");
    return settle(job, ids, token, bodies, index_.commit(commit_args{job.catalog, ids, token, job.expected, job.meta}, timing_));
  }

  /// What to do when the bodies are not all stored: an error, or `fenced` where a fresh id is wanted.
  template <body_keeper Bodies>
  result<commit_end> after_store(const write_job& job, const id_run& ids, const write_token& token, Bodies& bodies,
                                 result<store_outcome> stored) const {
    if (!stored) return abandon(job, ids, token, bodies, std::move(stored).error(), "store");
    if (auto undone = roll_back(job, ids, token); !undone) return not_written(std::move(undone).error(), job.catalog);
    bodies.discard(ids);
    return commit_end::fenced;
  }

  /// Takes a first answer of `commit` to its end: repeats it after a lost reply, lets the rollback decide at the deadline.
  template <body_keeper Bodies>
  result<commit_end> settle(const write_job& job, const id_run& ids, const write_token& token, Bodies& bodies,
                            result<commit_answer> answer) const {
    const commit_args args{job.catalog, ids, token, job.expected, job.meta};
    for (std::size_t attempt = 0;; ++attempt) {
      if (answer) {
        switch (answer->status) {
          case commit_status::ok: return commit_end::committed;
          case commit_status::fenced: bodies.discard(ids); return commit_end::fenced;
          case commit_status::conflict: bodies.discard(ids); return conflict(job, answer->version);
          case commit_status::unknown: return unknown(job, ids, "the index no longer knows this id");
          case commit_status::no_control:
            if (auto healed = heal_(job.catalog); !healed) return unknown(job, ids, "the control record is lost").because(std::move(healed).error());
            if (until_.passed()) return unknown(job, ids, "the control record is lost again and again");
            break;
        }
      } else if (!answer.error().retryable() || until_.passed()) {
        return decide_by_rollback(job, ids, token, bodies, std::move(answer).error());
      }
      until_.back_off(attempt);
      answer = index_.commit(args, timing_);
    }
  }

 private:
  static constexpr std::size_t repeats = 2;  // A reservation that never happened harms nobody: give up early.

  /// The attempts of `run`, of which the first is in time.
  template <body_keeper Bodies, trace_sink Trace>
  result<id_run> run_in_time(const write_job& job, write_token token, Bodies& bodies, Trace& sink) const {
    for (std::size_t attempt = 0; attempt < attempts_; ++attempt, token = random_.bits128()) {
      if (attempt > 0) {
        if (auto on = until_.check("reserve", job.catalog); !on) return not_written(std::move(on).error(), job.catalog);
      }
      auto ids = reserve(job, token, sink);
      if (!ids) return std::move(ids).error();
      LAKE_ASSERT(ids->count == job.members.size());
      auto ended = store_and_commit(job, *ids, token, bodies, sink);
      if (!ended) return std::move(ended).error();
      if (*ended == commit_end::committed) return *ids;
    }
    return lake::error{errc::unavailable, "commit", std::string(job.catalog),
                       "not written: " + std::to_string(attempts_) +
                           " ids in turn were fenced (the store is slower than the pending timeout) or taken by other bodies"};
  }

  /// Success where the caller may try again; else the error that the refusal means.
  result<void> refusal(const write_job& job, const reserve_answer& answer) const {
    switch (answer.status) {
      case reserve_status::conflict: return conflict(job, answer.seen);
      case reserve_status::overflow:
        return lake::error{errc::sequence_overflow, "reserve", std::string(job.catalog),
                           "not written: more than 999,999 ids a second, and the next seconds are used up"};
      case reserve_status::no_control: return heal_(job.catalog);
      case reserve_status::blocked:
        if (!until_.passed()) return {};
        return lake::error{errc::pending_write, "reserve", std::string(job.catalog),
                           "not written: `expected` waits for a write in flight, " + std::to_string(answer.age.count()) + " ms old", answer.seen};
      case reserve_status::reserved: break;
    }
    return {};
  }

  /// After a failed store: no commit was sent, so the write is surely not done; the bodies go only once the pending member is gone.
  template <body_keeper Bodies>
  lake::error abandon(const write_job& job, const id_run& ids, const write_token& token, Bodies& bodies, lake::error cause,
                      std::string_view step) const {
    auto undone = roll_back(job, ids, token);
    if (undone) bodies.discard(ids);
    lake::error story{cause.code, std::string(step), std::string(job.catalog), "not written", ids.first};
    story = std::move(story).because(std::move(cause));
    if (!undone) {
      story.message = "not written; the pending member could not be rolled back and ages out";
      story = std::move(story).because(std::move(undone).error());
    }
    return story;
  }

  /// Rolls back, repeating a lost reply; success: the ids will never be committed.
  result<void> roll_back(const write_job& job, const id_run& ids, const write_token& token) const {
    for (std::size_t attempt = 0;; ++attempt) {
      auto answer = index_.rollback(job.catalog, ids, token);
      if (answer) {
        if (*answer == rollback_status::rolled_back) return {};
        if (*answer != rollback_status::no_control) return unknown(job, ids, "the index does not know this reservation");
        if (auto healed = heal_(job.catalog); !healed || attempt >= repeats) return unknown(job, ids, "the control record is lost");
      } else if (!answer.error().retryable() || attempt >= repeats) {
        return std::move(answer).error();
      }
      until_.back_off(attempt);
    }
  }

  /// Commit could not be settled in time: the rollback's answer is final either way.
  template <body_keeper Bodies>
  result<commit_end> decide_by_rollback(const write_job& job, const id_run& ids, const write_token& token, Bodies& bodies,
                                        lake::error cause) const {
    auto answer = index_.rollback(job.catalog, ids, token);
    if (answer && *answer == rollback_status::committed) return commit_end::committed;
    if (answer && *answer == rollback_status::rolled_back) {
      bodies.discard(ids);
      lake::error story{cause.code, "commit", std::string(job.catalog), "not written", ids.first};
      return std::move(story).because(std::move(cause));
    }
    lake::error story = unknown(job, ids, "the index did not answer the commit").because(std::move(cause));
    if (!answer) story = std::move(story).because(std::move(answer).error());
    return story;
  }

  static lake::error conflict(const write_job& job, time_seq version) {
    return {errc::version_conflict, "write", std::string(job.catalog),
            "not written: expected version " + job.expected.value_or(time_seq{}).to_string() + ", found " + version.to_string()};
  }
  static lake::error unknown(const write_job& job, const id_run& ids, std::string_view why) {
    return {errc::outcome_unknown, "commit", std::string(job.catalog), std::string(why) + "; ask `committed` with this id later", ids.first};
  }
  static lake::error not_written(lake::error cause, std::string_view catalog) {
    lake::error story{cause.code, "write", std::string(catalog), "not written"};
    return std::move(story).because(std::move(cause));
  }
  static std::string describe(time_seq id) {
    return "{tsSeq:" + id.to_string() + ", seqID:" + std::to_string(id.seqid) + "}";
  }

  Index& index_;
  const index_timing& timing_;
  const detail::deadline& until_;
  const random_source& random_;
  std::size_t attempts_;
  const Heal& heal_;
};

}  // namespace protocol
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_WRITE_HPP
