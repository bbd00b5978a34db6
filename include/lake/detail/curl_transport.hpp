// HTTP through libcurl: a pool of lanes, each a handle with its own connections, leased to one thread for one exchange. Knows no service:
// what is asked and answered is plain data of http.hpp.
#ifndef LAKE_DETAIL_CURL_TRANSPORT_HPP
#define LAKE_DETAIL_CURL_TRANSPORT_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/curl_exchange.hpp>
#include <lake/detail/curl_handle.hpp>
#include <lake/detail/http.hpp>
#include <lake/detail/sigpipe_guard.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A place for one exchange at a time, with the connections that earlier ones left open. Confined to who leased it.
class curl_lane {
 public:
  curl_lane() noexcept {
    if (multi_) curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 2L);  // One is used again and again; another host may come between.
  }

  explicit operator bool() const noexcept { return multi_ && easy_; }

  /// Does the exchange. `left`: its bound of time, 0: none.
  [[nodiscard]] http_answer perform(const http_request& request, const curl_transport_options& options, std::chrono::milliseconds left) {
    std::optional<sigpipe_guard> guard;  // An older libcurl lets OpenSSL write with write().
    if (request.url.starts_with("https")) guard.emplace();
    curl_exchange exchange(easy_, request, options);
    if (!exchange.prepare(left)) return {http_failure::unusable, "libcurl refuses the request", 0, {}, {}};
    if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) return {http_failure::not_sent, "libcurl has no room", 0, {}, {}};
    const std::optional<CURLcode> code = drive(request.stop);
    http_answer answer = code ? exchange.finish(*code) : http_answer{http_failure::cancelled, "the stop token was set", 0, {}, {}};
    curl_multi_remove_handle(multi_.get(), easy_.get());  // Closes the connection if the transfer has not ended.
    return answer;
  }

 private:
  /// Waits and works until the transfer has ended, or nothing once `stop` is set: its callback ends a wait at once.
  [[nodiscard]] std::optional<CURLcode> drive(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { multi_.wake(); });
    for (;;) {
      if (stop.stop_requested()) return std::nullopt;
      int running = 0;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
      if (running == 0) return verdict();
      constexpr int at_most_ms = 1'000;  // libcurl's own timers end it earlier.
      if (curl_multi_poll(multi_.get(), nullptr, 0, at_most_ms, nullptr) != CURLM_OK) return CURLE_FAILED_INIT;
    }
  }
  [[nodiscard]] CURLcode verdict() {
    int more = 0;
    const CURLMsg* const message = curl_multi_info_read(multi_.get(), &more);
    return message != nullptr && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
  }

  curl_multi multi_;
  curl_easy easy_;  // After `multi_`, whose connections outlive it.
};

/// At most so many lanes, lent one exchange at a time; the one used last is lent first, so that few connections stay warm. Thread-safe.
class curl_lanes {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit curl_lanes(std::size_t limit) noexcept : limit_(limit) {}

  /// A lane on loan. Goes back when this object goes.
  class lease {
   public:
    lease() = default;
    lease(curl_lanes& from, std::unique_ptr<curl_lane> lane) noexcept : from_(&from), lane_(std::move(lane)) {}
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() {
      if (lane_) from_->give_back(std::move(lane_));
    }
    explicit operator bool() const noexcept { return lane_ != nullptr; }
    [[nodiscard]] curl_lane& operator*() const noexcept { return *lane_; }

   private:
    curl_lanes* from_ = nullptr;
    std::unique_ptr<curl_lane> lane_;
  };

  /// A free lane, or a new one, or waits for one; empty once `stop` is set or `until` has passed.
  [[nodiscard]] lease take(const std::stop_token& stop, std::optional<time_point> until) {
    const auto is_free = [this] { return !idle_.empty() || made_ < limit_; };
    std::unique_lock lock(mutex_);
    const bool got = until ? freed_.wait_until(lock, stop, *until, is_free) : freed_.wait(lock, stop, is_free);
    if (!got) return {};
    if (idle_.empty()) {
      idle_.reserve(++made_);  // So that giving back cannot fail.
      lock.unlock();
      return {*this, std::make_unique<curl_lane>()};
    }
    std::unique_ptr<curl_lane> lane = std::move(idle_.back());
    idle_.pop_back();
    return {*this, std::move(lane)};
  }

 private:
  void give_back(std::unique_ptr<curl_lane> lane) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (*lane) idle_.push_back(std::move(lane));
      else --made_;
    }
    freed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::vector<std::unique_ptr<curl_lane>> idle_;
  std::size_t made_ = 0;
  const std::size_t limit_;
};

/// Does HTTP exchanges. A copyable handle, copies share their connections; thread-safe. Not to be used in a child process after a fork.
class curl_transport {
 public:
  /// A transport without a connection: each is made when an exchange needs it, and kept for the next.
  /// Errors: configuration if libcurl cannot be used, the file of certificates cannot be read, or an option makes no sense.
  [[nodiscard]] static result<curl_transport> open(curl_transport_options options) {
    const auto wrong = [](std::string subject, std::string why) {
      return lake::error{errc::configuration, "http.open", std::move(subject), std::move(why)};
    };
    if (!curl_ready()) return wrong("libcurl", "it cannot be set up, or is older than 7.68");
    if (options.connections == 0) return wrong("connections", "at least one connection is needed");
    if (options.connect_timeout.count() < 0 || options.low_speed_time.count() < 0)
      return wrong("timeout", "a bound of time is not negative");
    if (!http_good_value(options.user_agent)) return wrong("user_agent", "a header has no line break or other control character");
    if (!options.ca_file.empty() && !std::ifstream(options.ca_file))
      return wrong(options.ca_file, "the file of certificates cannot be read");
    return curl_transport(std::make_shared<shared_state>(std::move(options)));
  }

  /// Asks, waits for the answer and gives it. What may change something (not GET, not HEAD) is sent at most once.
  /// Complexity: one round trip, and those of a new connection where none is warm; one copy of the body each way.
  /// Threads: any; blocks the caller. The sink is called in the caller's thread.
  [[nodiscard]] http_answer perform(const http_request& request) const {
    if (const std::string_view why = http_unusable(request); !why.empty()) return {http_failure::unusable, std::string(why), 0, {}, {}};
    constexpr std::chrono::milliseconds no_bound{0};
    constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 20};  // libcurl counts milliseconds in 31 bits
    const std::chrono::milliseconds length = std::clamp(request.timeout, no_bound, longest);
    std::optional<curl_lanes::time_point> until;
    if (length > no_bound) until = std::chrono::steady_clock::now() + length;
    const curl_lanes::lease lane = state_->lanes.take(request.stop, until);
    if (request.stop.stop_requested()) return {http_failure::cancelled, "the stop token was set", 0, {}, {}};
    if (!lane) return {http_failure::not_sent, "no connection became free in time", 0, {}, {}};
    if (!*lane) return {http_failure::not_sent, "libcurl gives no handle", 0, {}, {}};
    if (!until) return (*lane).perform(request, state_->options, no_bound);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - std::chrono::steady_clock::now());
    return (*lane).perform(request, state_->options, (std::max)(left, std::chrono::milliseconds{1}));
  }

 private:
  struct shared_state {
    explicit shared_state(curl_transport_options wanted) : options(std::move(wanted)), lanes(options.connections) {}
    const curl_transport_options options;
    curl_lanes lanes;
  };

  explicit curl_transport(std::shared_ptr<shared_state> state) noexcept : state_(std::move(state)) {}

  std::shared_ptr<shared_state> state_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_CURL_TRANSPORT_HPP
