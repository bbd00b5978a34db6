// Which server is the primary now, as sentinels tell it: asked anew after every broken connection. Same members as redis_fixed_router.
// Knows nothing of what is sent. Source: redis.io/docs/reference/sentinel-clients.
#ifndef LAKE_DETAIL_REDIS_SENTINEL_HPP
#define LAKE_DETAIL_REDIS_SENTINEL_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_encode.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_gate.hpp>
#include <lake/detail/redis_node.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/redis_setup.hpp>
#include <lake/detail/redis_url.hpp>
#include <lake/pure/decimal.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The primary of a name. Thread-safe; nothing is asked of a server under its lock.
class redis_sentinel_router {
 public:
  redis_sentinel_router(std::vector<redis_address> sentinels, std::string master, std::shared_ptr<const redis_setup> setup)
      : sentinels_(std::move(sentinels)),
        master_(std::move(master)),
        setup_(std::move(setup)),
        open_setup_(redis_setup::of_sentinels(*setup_, false)),
        locked_setup_(redis_setup::of_sentinels(*setup_, true)) {}

  [[nodiscard]] result<redis_node_ptr> find(std::optional<std::string_view>, const redis_deadline& until) {
    // The primary that another call found may be in doubt again by now: then this call finds it itself.
    for (int tries = 0; tries < 3; ++tries) {
      if (redis_node_ptr known = current()) return known;
      result<void> found = gate_.pass(until, redis_connecting, [&]() -> result<void> {
        if (current()) return {};
        return resolve(until);
      });
      if (!found) return std::move(found).error();
    }
    return lake::error{errc::unavailable, std::string(redis_connecting), master_, "the primary was lost as soon as it was found"};
  }

  [[nodiscard]] redis_node_ptr moved(const redis_redirect&, const redis_node&) { return nullptr; }
  [[nodiscard]] redis_node_ptr asked(const redis_redirect&, const redis_node&) { return nullptr; }

  void doubt(redis_node& node) {
    node.drop();
    const std::lock_guard lock(mutex_);
    if (primary_.get() == &node) primary_.reset();
  }

  [[nodiscard]] result<std::vector<redis_node_ptr>> primaries(const redis_deadline& until) {
    result<redis_node_ptr> found = find(std::nullopt, until);
    if (!found) return std::move(found).error();
    return std::vector<redis_node_ptr>{std::move(*found)};
  }

  [[nodiscard]] static constexpr bool recovers() noexcept { return true; }
  [[nodiscard]] static constexpr bool redirects() noexcept { return false; }

 private:
  static constexpr std::chrono::milliseconds patience{1'000};  ///< With one sentinel; the others know as much.

  [[nodiscard]] redis_node_ptr current() {
    const std::lock_guard lock(mutex_);
    return primary_;
  }

  /// Asks one sentinel after the other, until one names a server that says of itself that it is a primary.
  [[nodiscard]] result<void> resolve(const redis_deadline& until) {
    result<void> last = lake::error{errc::timeout, std::string(redis_connecting), master_, "no sentinel was asked within the time given"};
    for (std::size_t i = 0; i < sentinels_.size() && !until.passed(); ++i) {
      const auto share =
          std::chrono::ceil<std::chrono::milliseconds>(until.left() / static_cast<int>((std::min)(sentinels_.size() - i, std::size_t{4})));
      const redis_deadline bound = until.within((std::min)(share, patience));
      const result<redis_address> told = ask_sentinel(sentinels_[i], bound);
      if (!told) {
        // What is wrong with the name or the password is told only if no sentinel knew better.
        last = told.error();
        continue;
      }
      last = verify(*told, until);
      if (last || last.error().code == errc::access_denied || last.error().code == errc::unsupported) return last;
    }
    return last;
  }

  /// The address that a sentinel gives for the name. A sentinel may have no password although the servers have one.
  [[nodiscard]] result<redis_address> ask_sentinel(const redis_address& sentinel, const redis_deadline& until) const {
    result<redis_address> told = ask_sentinel_as(sentinel, open_setup_, until);
    const bool locked = !told && told.error().code == errc::access_denied && !locked_setup_->options.password.empty();
    return locked ? ask_sentinel_as(sentinel, locked_setup_, until) : told;
  }

  [[nodiscard]] result<redis_address> ask_sentinel_as(const redis_address& sentinel, const std::shared_ptr<const redis_setup>& setup,
                                                      const redis_deadline& until) const {
    redis_node node(sentinel, setup);
    const result<redis_reply> answer = ask(node, {"SENTINEL", "get-master-addr-by-name", master_}, until);
    if (!answer) return answer.error();
    const redis_view told = answer->view();
    if (told.kind() == redis_kind::nil) {
      return lake::error{errc::configuration, std::string(redis_connecting), node.name(),
                         "the sentinel knows no master of this name: " + in_quotes(master_)};
    }
    const std::optional<std::uint16_t> port = pure::parse_decimal<std::uint16_t>(told[1].text());
    if (told[0].text().empty() || !port || *port == 0) {
      return lake::error{errc::io, std::string(redis_answered), node.name(), "the sentinel's answer is no address"};
    }
    return redis_address{std::string(told[0].text()), *port, {}};
  }

  /// Takes the server for the primary if it says so. One whose ACL forbids ROLE is believed.
  [[nodiscard]] result<void> verify(const redis_address& address, const redis_deadline& until) {
    const redis_node_ptr node = std::make_shared<redis_node>(address, setup_);
    const result<redis_reply> answer = ask(*node, {"ROLE"}, until);
    const bool silent = !answer && answer.error().operation == redis_answered && answer.error().code == errc::access_denied;
    if (!answer && !silent) return answer.error();
    if (answer && answer->view()[0].text() != "master") {
      return lake::error{errc::unavailable, std::string(redis_connecting), node->name(),
                         "the sentinels name it as the primary; it says it is a replica"};
    }
    const std::lock_guard lock(mutex_);
    primary_ = node;
    return {};
  }

  /// One command; an error reply is an error.
  [[nodiscard]] static result<redis_reply> ask(redis_node& node, std::initializer_list<std::string_view> words,
                                               const redis_deadline& until) {
    result<redis_node::lease> line = node.take(until, false);
    if (!line) return std::move(line).error();
    append_redis_command((*line)->begin(), words);
    (*line)->expect(1);
    result<redis_reply> answer = (*line)->ask(until);
    if (!answer) {
      lake::error broke = std::move(answer).error();
      broke.operation = redis_connecting;  // Nothing of the caller's was sent.
      return broke;
    }
    if (answer->view().kind() != redis_kind::failure) return answer;
    return redis_refusal(node.name(), answer->view().text(), judge_redis(answer->view().text()));
  }

  const std::vector<redis_address> sentinels_;
  const std::string master_;
  const std::shared_ptr<const redis_setup> setup_;
  const std::shared_ptr<const redis_setup> open_setup_;    ///< For sentinels without a password.
  const std::shared_ptr<const redis_setup> locked_setup_;  ///< For those with that of the servers.
  redis_gate gate_;
  std::mutex mutex_;
  redis_node_ptr primary_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_SENTINEL_HPP
