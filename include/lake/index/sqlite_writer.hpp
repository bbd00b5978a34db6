// The writing half of a `sqlite_index`: one connection, behind a queue that puts all waiting steps into one transaction.
// Knows transactions and durability, and nothing of catalogs.
#ifndef LAKE_INDEX_SQLITE_WRITER_HPP
#define LAKE_INDEX_SQLITE_WRITER_HPP

#include <lake/config.hpp>
#include <lake/core/durability.hpp>
#include <lake/detail/file_lock.hpp>
#include <lake/detail/sqlite_handle.hpp>
#include <lake/index/sqlite_log.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Whether a step's answer may be given before the step is on the disk.
enum class sqlite_sync : bool { later, now };

/// Runs steps inside transactions. Thread-safe; not copyable.
///
/// A combining queue: each thread puts its step at the end; the one in front leads. The leader waits for the file lock (other processes
/// stand there), takes the steps that have queued up by then and want an fsync, or want none, as its own does, runs them in one transaction,
/// each inside a savepoint of its own, commits once, wakes everybody, and hands over to the next. So a hundred threads share one fsync, and
/// nobody ever waits for company.
/// A step is acknowledged only after the commit; a commit that fails fails every step in it.
class sqlite_writer {
 public:
  sqlite_writer(sqlite_session session, std::unique_ptr<file_lock> lock, durability level, std::chrono::milliseconds patience)
      : session_(std::move(session)), lock_(std::move(lock)), level_(level), patience_(patience) {}
  sqlite_writer(const sqlite_writer&) = delete;
  sqlite_writer& operator=(const sqlite_writer&) = delete;

  /// Runs `work(sqlite_session&) -> result<void>` in a transaction and returns when that is committed. An error of `work` undoes what it
  /// changed and is returned. Errors: also unavailable (retryable) when the lock was not to be had in time, and those of the commit; then
  /// nothing was changed, but for an io error of the commit itself: whether that is on the disk shows after the next crash only.
  template <class Work>
  [[nodiscard]] result<void> run(sqlite_sync sync, Work&& work) {
    step mine;
    mine.sync = sync;
    mine.closure = std::addressof(work);
    mine.work = [](void* closure, sqlite_session& session) { return (*static_cast<std::remove_reference_t<Work>*>(closure))(session); };
    mine.deadline = file_lock::time_point::clock::now() + patience_;
    enter(mine);
    return std::move(mine.outcome);
  }

  /// Runs `work(session) -> result<void>` inside a savepoint: an error undoes what it changed. Only from within a step.
  /// Effects on failure: mostly none; where the session is idle afterwards, the whole transaction was lost.
  template <class Work>
  [[nodiscard]] static result<void> nested(sqlite_session& session, Work&& work) {
    if (result<void> set = session.run(sqlite_query::savepoint); !set) return set;
    result<void> done = work(session);
    // An error may have cost the whole transaction (disk full): then there is no savepoint any more.
    if (session.db().idle()) return done ? lost_transaction(session) : std::move(done);
    result<void> left = done ? result<void>() : session.run(sqlite_query::undo);
    if (left) left = session.run(sqlite_query::release);
    if (left) return done;
    abandon(session);
    return left;
  }

  [[nodiscard]] const sqlite_connection& db() const noexcept { return session_.db(); }

 private:
  /// One waiting step; lives on its thread's stack.
  struct step {
    result<void> (*work)(void*, sqlite_session&) = nullptr;
    void* closure = nullptr;
    sqlite_sync sync = sqlite_sync::now;
    file_lock::time_point deadline;
    result<void> outcome;
    bool done = false;
    bool leads = false;
    std::condition_variable wake;
  };
  using steps = std::vector<step*>;

  /// So that a long queue does not become one endless transaction that others wait for.
  static constexpr std::size_t steps_per_transaction = 256;

  [[nodiscard]] static lake::error lost_transaction(const sqlite_session& session) {
    return lake::error{errc::io, "sqlite.step", session.db().file(), "SQLite gave the transaction up"};
  }

  static void abandon(sqlite_session& session) {
    if (session.db().idle()) return;
    (void)session.run(sqlite_query::rollback);  // if even this fails, the next transaction will say so
  }

  void enter(step& mine) {
    std::unique_lock hold(mutex_);
    waiting_.push_back(&mine);
    if (led_) {
      mine.wake.wait(hold, [&mine] { return mine.done || mine.leads; });
      if (mine.done) return;
    }
    led_ = true;
    hold.unlock();
    lead(mine);
  }

  /// Serves one transaction and hands over. `mine` is the first in the queue.
  void lead(step& mine) {
    steps batch;
    result<void> failed;
    {
      result<file_lock::guard> lock = lock_->acquire(mine.deadline);
      batch = take(mine, lock.has_value());
      if (lock) run_batch(batch, mine.sync);
      else failed = std::move(lock).error();
    }
    const std::scoped_lock hold(mutex_);
    // Under the mutex: a waiter that finds itself done may be gone, and its condition with it, as soon as the mutex is free.
    for (step* one : batch) {
      if (!failed) one->outcome = failed;
      one->done = true;
      if (one != &mine) one->wake.notify_one();
    }
    led_ = !waiting_.empty();
    if (!led_) return;
    waiting_.front()->leads = true;
    waiting_.front()->wake.notify_one();
  }

  /// With the lock: the steps of the next transaction, those that want an fsync as the leader does or does not: a reservation is not held up
  /// by an fsync that it does not need. Without: the leader's, and those whose time is over too.
  [[nodiscard]] steps take(const step& leader, bool locked) {
    const auto now = file_lock::time_point::clock::now();
    steps batch;
    steps left;
    const std::scoped_lock hold(mutex_);
    for (step* one : waiting_) {
      const bool fits = locked ? one->sync == leader.sync && batch.size() < steps_per_transaction : one->deadline <= now;
      (one == &leader || fits ? batch : left).push_back(one);
    }
    waiting_ = std::move(left);
    return batch;
  }

  void run_batch(const steps& batch, sqlite_sync sync) {
    result<void> whole = set_synchronous(sync);
    if (whole) whole = session_.run(sqlite_query::begin_write);
    if (whole) whole = run_steps(batch);
    if (whole) whole = session_.run(sqlite_query::commit);
    if (whole) return;
    abandon(session_);
    for (step* one : batch) {
      if (one->outcome) one->outcome = whole;
    }
  }

  /// Success if the transaction still stands, whatever became of single steps.
  [[nodiscard]] result<void> run_steps(const steps& batch) {
    for (step* one : batch) {
      if (batch.size() == 1) {
        // Alone, the transaction is the savepoint.
        one->outcome = one->work(one->closure, session_);
        if (!one->outcome) return one->outcome;
      } else {
        one->outcome = nested(session_, [one](sqlite_session& session) { return one->work(one->closure, session); });
      }
      if (session_.db().idle()) return lost_transaction(session_);
    }
    return {};
  }

  /// PRAGMA synchronous takes effect when it is compiled, so a prepared statement would be compiled anew each time: 0.6 us either way.
  [[nodiscard]] result<void> set_synchronous(sqlite_sync sync) {
    const bool now = sync == sqlite_sync::now;
    const int wanted = level_ == durability::none ? 0 : now ? 2 : 1;
    if (wanted == synchronous_) return {};
    const char* const pragmas[] = {"PRAGMA synchronous = OFF", "PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL"};
    result<void> done = session_.db().execute(pragmas[wanted]);
    synchronous_ = done ? wanted : -1;
    return done;
  }

  sqlite_session session_;
  std::unique_ptr<file_lock> lock_;
  durability level_;
  std::chrono::milliseconds patience_;
  int synchronous_ = -1;  // as SQLite counts: 0 OFF, 1 NORMAL, 2 FULL; -1: not known

  std::mutex mutex_;
  std::vector<step*> waiting_;
  bool led_ = false;  // somebody leads, or has been told to
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_SQLITE_WRITER_HPP
