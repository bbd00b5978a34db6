// One connection to a Redis server: sends requests, takes their answers in order, and is never used again after anything went wrong.
// Knows no pool and no routing. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_CONNECTION_HPP
#define LAKE_DETAIL_REDIS_CONNECTION_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/entropy.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_encode.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_reader.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/secret.hpp>
#include <lake/detail/redis_setup.hpp>
#include <lake/detail/redis_socket.hpp>
#include <lake/detail/redis_tls.hpp>
#include <lake/detail/redis_url.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <poll.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// An authenticated connection. Confined to one thread at a time.
/// Use: `begin()`, encode into what it gives, `expect(replies)`, then `ask`, or `push`, `pull` and `take` where several are driven at once.
class redis_connection {
 public:
  /// Connects, starts TLS, authenticates, selects the database and names itself: two round trips, three with TLS.
  /// Errors: unavailable, timeout, access_denied, unsupported. None of them holds a credential.
  [[nodiscard]] static result<std::unique_ptr<redis_connection>> open(const redis_address& to, const redis_setup& setup,
                                                                      const redis_deadline& until) {
    result<redis_socket> socket = redis_socket::connect(to, until);
    if (!socket) return std::move(socket).error();
    std::unique_ptr<redis_connection> made(new redis_connection(std::move(*socket), to));
    if (setup.tls) {
      result<std::unique_ptr<redis_tls>> secured = redis_tls::start(*setup.tls, made->socket_, to, until);
      if (!secured) return std::move(secured).error();
      made->tls_ = std::move(*secured);
    } else {
      made->socket_.allow_waiting();
    }
    if (result<void> greeted = made->greet(setup, until); !greeted) {
      lake::error refused = std::move(greeted).error();
      refused.operation = redis_connecting;  // Nothing of the caller's was sent.
      return refused;
    }
    return made;
  }

  /// The empty buffer for the next requests.
  [[nodiscard]] std::string& begin() noexcept {
    if (out_.capacity() > kept_bytes) std::string().swap(out_);
    out_.clear();
    sent_ = 0;
    return out_;
  }
  /// How many replies the requests in the buffer have.
  void expect(std::size_t replies) noexcept { awaited_ += replies; }
  [[nodiscard]] std::size_t awaited() const noexcept { return awaited_; }
  /// How many bytes of the buffer have left.
  [[nodiscard]] std::size_t sent() const noexcept { return sent_; }
  [[nodiscard]] bool all_sent() const noexcept { return flushed_ && sent_ == out_.size(); }

  /// What the socket must be ready for before the next step; 0: nothing, go on.
  [[nodiscard]] short events() const noexcept {
    if (tls_ && tls_->pending()) return 0;
    return static_cast<short>(all_sent() ? POLLIN : POLLIN | POLLOUT);
  }
  [[nodiscard]] int fd() const noexcept { return socket_.fd(); }

  /// Sends what can be sent now. False: the connection is lost, see `failure`.
  [[nodiscard]] bool push() {
    const redis_io moved = tls_ ? tls_->send(out_, sent_) : socket_.send(out_, sent_);
    flushed_ = moved == redis_io::done;
    return note(moved);
  }

  /// Takes what has come. False: the connection is lost, see `failure`.
  [[nodiscard]] bool pull() {
    std::size_t got = 0;
    const redis_io moved = tls_ ? tls_->receive(in_, got) : socket_.receive(in_, got);
    return digest(moved, got);
  }

  /// The next reply. Nothing: it has not come whole, or (`failure`) never will.
  [[nodiscard]] bool take(redis_reply& into) noexcept {
    const redis_reader::step step = reader_.next(into);
    if (step == redis_reader::step::broken) return lose(loss::garbled);
    if (step == redis_reader::step::part) return false;
    --awaited_;
    return true;
  }

  /// Sends the buffer and takes all replies; the last one is the result.
  [[nodiscard]] result<redis_reply> ask(const redis_deadline& until) {
    redis_reply got;
    if (!push()) return failure();
    bool soon = !tls_ && all_sent() && until.left() > redis_socket::soon;
    while (awaited_ > 0) {
      if (!(std::exchange(soon, false) ? pull_soon() : pull_within(until))) return failure();
      while (awaited_ > 0 && take(got)) {
      }
      if (loss_ != loss::none) return failure();
    }
    return got;
  }

  /// The time is over: late answers must not be taken for those of the next call.
  void give_up() noexcept { (void)lose(loss::late); }  // `lose` always answers false.

  [[nodiscard]] bool lost() const noexcept { return loss_ != loss::none; }

  /// What happened to a connection that was lost. `whole`: all bytes of the request concerned had left.
  [[nodiscard]] lake::error failure(bool whole) const {
    const std::string_view step = whole ? redis_awaiting : redis_sending;
    switch (loss_) {
      case loss::late:
        return told(errc::timeout, step,
                    whole ? "no answer within the time given; the call may have been carried out"
                          : "the request could not be sent within the time given");
      case loss::garbled:
        return told(errc::io, step, "the answer is none of Redis's (" + reader_.reason() + "); the call may have been carried out");
      case loss::system:
      case loss::none: break;
    }
    const std::string reason = socket_.code() == 0 ? "the server closed the connection"
                                                   : "the connection broke: " + std::generic_category().message(socket_.code());
    return told(errc::unavailable, step, whole ? reason + " before its answer; the call may have been carried out" : reason);
  }
  [[nodiscard]] lake::error failure() const { return failure(all_sent()); }

  /// True if the next call may use it: nothing awaited, nothing left over, and `ours`.
  [[nodiscard]] bool reusable() const noexcept { return loss_ == loss::none && awaited_ == 0 && reader_.drained() && ours(); }

  /// False in a child of fork: the connection is the parent's.
  [[nodiscard]] bool ours() const noexcept { return epoch_ == fork_epoch(); }

  /// True if the server has not hung up meanwhile; costs a system call.
  [[nodiscard]] bool quiet() const noexcept { return socket_.quiet(); }

 private:
  enum class loss : std::uint8_t { none, late, garbled, system };
  static constexpr std::size_t kept_bytes = std::size_t{1} << 20U;

  redis_connection(redis_socket socket, const redis_address& to)
      : socket_(std::move(socket)), server_(to.to_string()), epoch_(fork_epoch()) {}

  [[nodiscard]] bool lose(loss how) noexcept {
    if (loss_ == loss::none) loss_ = how;
    return false;
  }
  [[nodiscard]] bool note(redis_io moved) noexcept { return moved == redis_io::done || moved == redis_io::again || lose(loss::system); }

  [[nodiscard]] bool digest(redis_io moved, std::size_t got) {
    if (moved == redis_io::done && !reader_.feed({in_.data(), got})) return lose(loss::garbled);
    return note(moved);
  }

  [[nodiscard]] bool pull_soon() {
    std::size_t got = 0;
    const redis_io moved = socket_.receive_soon(in_, got);
    return digest(moved, got);
  }

  /// Waits, sends the rest, takes what came. False: lost, or the time is over.
  [[nodiscard]] bool pull_within(const redis_deadline& until) {
    pollfd watched{fd(), events(), 0};
    if (watched.events != 0 && !poll_until({&watched, 1}, until)) return lose(loss::late);
    return (all_sent() || push()) && pull();
  }

  [[nodiscard]] lake::error told(errc code, std::string_view step, std::string story) const {
    return lake::error{code, std::string(step), server_, std::move(story)};
  }

  /// One command of the greeting: the message of the error reply, "" where there is none.
  [[nodiscard]] result<std::string> say(std::initializer_list<std::string_view> words, const redis_deadline& until) {
    append_redis_command(begin(), words);
    expect(1);
    const result<redis_reply> answer = ask(until);
    if (!answer) return answer.error();
    return std::string(answer->view().kind() == redis_kind::failure ? answer->view().text() : std::string_view());
  }

  [[nodiscard]] result<void> greet(const redis_setup& setup, const redis_deadline& until) {
    const redis_options& options = setup.options;
    if (!options.password.empty()) {
      if (result<void> known = authenticate(options, until); !known) return known;
    }
    if (setup.db != 0) {
      const result<std::string> refusal = say({"SELECT", std::to_string(setup.db)}, until);
      if (!refusal) return refusal.error();
      redis_verdict verdict = judge_redis(*refusal);
      if (verdict.code == errc::io) verdict.code = errc::configuration;  // "ERR DB index is out of range"
      if (!refusal->empty()) return redis_refusal(server_, *refusal, verdict);
    }
    // A name is a courtesy: an ACL that forbids it, or a server that does not know it, harms nothing. A server that wants a password,
    // or takes no more clients, says so here.
    const result<std::string> refusal =
        options.client_name.empty() ? say({"PING"}, until) : say({"CLIENT", "SETNAME", options.client_name}, until);
    if (!refusal) return refusal.error();
    const redis_verdict verdict = judge_redis(*refusal);
    if (refusal->starts_with("NOAUTH") || refusal->starts_with("DENIED") || refusal->starts_with("ERR max number of clients")) {
      return redis_refusal(server_, *refusal, verdict);
    }
    return {};
  }

  /// A server that does not know AUTH repeats its arguments in the message: only the first word is shown.
  [[nodiscard]] result<void> authenticate(const redis_options& options, const redis_deadline& until) {
    const result<std::string> refusal =
        options.user.empty() ? say({"AUTH", options.password}, until) : say({"AUTH", options.user, options.password}, until);
    wipe(out_);
    if (!refusal) return refusal.error();
    if (refusal->empty()) return {};
    const errc code = judge_redis(*refusal).code == errc::unavailable ? errc::unavailable : errc::access_denied;
    const std::string word = refusal->substr(0, refusal->find(' '));
    return told(code, redis_answered, "Redis refuses the user or the password (" + shown_redis_message(word) + ")");
  }

  redis_socket socket_;
  std::unique_ptr<redis_tls> tls_;
  redis_reader reader_;
  std::string out_;
  std::size_t sent_ = 0;
  std::size_t awaited_ = 0;
  loss loss_ = loss::none;
  bool flushed_ = true;
  std::string server_;
  unsigned epoch_;
  std::array<char, 32768> in_;  // Written before it is read.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_CONNECTION_HPP
