// One server and the connections to it: handed out, taken back, and closed at the first doubt. Knows no command. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_NODE_HPP
#define LAKE_DETAIL_REDIS_NODE_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/entropy.hpp>
#include <lake/detail/redis_connection.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_setup.hpp>
#include <lake/detail/redis_url.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A server with its pool. Thread-safe.
class redis_node {
 public:
  /// A connection in use; goes back to its node, or is closed if it must not be used again. Lifetime: within that of the node.
  class lease {
   public:
    lease(redis_node& owner, std::unique_ptr<redis_connection> line, std::uint64_t generation) noexcept
        : owner_(&owner), line_(std::move(line)), generation_(generation) {}
    lease(lease&& other) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease() {
      if (line_) owner_->give_back(std::move(line_), generation_);
    }

    redis_connection& operator*() const noexcept { return *line_; }
    redis_connection* operator->() const noexcept { return line_.get(); }

   private:
    redis_node* owner_;
    std::unique_ptr<redis_connection> line_;
    std::uint64_t generation_;
  };

  redis_node(redis_address address, std::shared_ptr<const redis_setup> setup)
      : address_(std::move(address)), name_(address_.to_string()), setup_(std::move(setup)), epoch_(fork_epoch()) {
    idle_.reserve(setup_->options.connections);
  }
  redis_node(const redis_node&) = delete;
  redis_node& operator=(const redis_node&) = delete;

  [[nodiscard]] const redis_address& address() const noexcept { return address_; }
  /// For messages.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const redis_setup& setup() const noexcept { return *setup_; }

  /// A connection: an idle one, a new one, or, at the cap, the next that is given back. `checked`: one whose server has not hung up as
  /// far as this side knows. Errors: those of `redis_connection::open`; timeout.
  [[nodiscard]] result<lease> take(const redis_deadline& until, bool checked) {
    std::unique_lock lock(mutex_);
    if (epoch_ != fork_epoch()) [[unlikely]]
      start_over();
    for (;;) {
      while (!idle_.empty()) {
        std::unique_ptr<redis_connection> line = std::move(idle_.back());
        idle_.pop_back();
        if (!checked || line->quiet()) return lease(*this, std::move(line), generation_);
        --open_;
      }
      if (open_ < setup_->options.connections) return open_one(lock, until);
      ++waiting_;
      const std::cv_status woken = free_.wait_for(lock, until.left());
      --waiting_;
      if (woken == std::cv_status::timeout && idle_.empty() && open_ >= setup_->options.connections) {
        return lake::error{errc::timeout, std::string(redis_queueing), name_,
                           "all " + std::to_string(open_) + " connections are in use, and none became free within the time given"};
      }
    }
  }

  /// Closes what is idle, and later what is in use: the server was restarted, replaced or demoted.
  void drop() {
    std::vector<std::unique_ptr<redis_connection>> closing;  // Closed without the lock.
    const std::lock_guard lock(mutex_);
    ++generation_;
    open_ -= idle_.size();
    closing.swap(idle_);
    free_.notify_all();
  }

  /// How many connections there are, in use or idle.
  [[nodiscard]] std::size_t open_connections() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  [[nodiscard]] result<lease> open_one(std::unique_lock<std::mutex>& lock, const redis_deadline& until) {
    ++open_;
    const std::uint64_t generation = generation_;
    lock.unlock();
    result<std::unique_ptr<redis_connection>> made =
        redis_connection::open(address_, *setup_, until.within(setup_->options.connect_timeout));
    if (made) return lease(*this, std::move(*made), generation);
    lock.lock();
    --open_;
    free_.notify_one();
    return std::move(made).error();
  }

  void give_back(std::unique_ptr<redis_connection> line, std::uint64_t generation) noexcept {
    const bool fit = line->reusable();
    if (!line->ours()) [[unlikely]]
      return;  // Counted by the parent process alone.
    std::unique_lock lock(mutex_);
    if (fit && generation == generation_) idle_.push_back(std::move(line));
    else --open_;
    const bool wanted = waiting_ > 0;
    lock.unlock();
    if (wanted) free_.notify_one();
  }

  /// In a child of fork: the parent's connections are its own.
  void start_over() noexcept {
    epoch_ = fork_epoch();
    idle_.clear();
    open_ = 0;
    waiting_ = 0;
  }

  const redis_address address_;
  const std::string name_;
  const std::shared_ptr<const redis_setup> setup_;
  mutable std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<redis_connection>> idle_;
  std::size_t open_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t generation_ = 0;
  unsigned epoch_;
};

using redis_node_ptr = std::shared_ptr<redis_node>;

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_NODE_HPP
