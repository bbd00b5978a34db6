// A cache in Redis that many processes share. A server that is down, slow or lying costs a miss and a bounded delay, never an error.
// Knows no storage and no lake. Format of a value: the functions `seal` and `unseal` here.
#ifndef LAKE_CACHE_REDIS_HPP
#define LAKE_CACHE_REDIS_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/envelope.hpp>
#include <lake/core/error.hpp>
#include <lake/core/random.hpp>
#include <lake/core/redis_options.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_client.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/time_to_live.hpp>
#include <lake/pure/little_endian.hpp>
#include <lake/pure/xxh64.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

struct redis_cache_options {
  std::string url = {};                               ///< Of the cache's own server; best not the index's, which must not evict.
  std::optional<std::chrono::milliseconds> ttl = {};  ///< Where set, instead of both below. `milliseconds::max()`: no expiry.
  std::chrono::milliseconds snapshot_ttl{7'200'000};  ///< How long a snapshot is kept after it was used last.
  std::chrono::milliseconds delta_ttl{60'000};        ///< How long a delta or a file is kept after it was used last.
  std::chrono::milliseconds timeout{250};      ///< Of one operation, in place of those in `connection`; must suffice for the largest body.
  std::chrono::milliseconds first_pause{100};  ///< How long the server is left alone after a failure; doubles with each further one.
  std::chrono::milliseconds longest_pause{2'000};        ///< Where the doubling ends.
  std::size_t max_value_bytes = std::size_t{64} << 20U;  ///< Larger bodies are not kept.
  clock_source clock = {};                               ///< Its monotonic time ends the pauses.
  random_source random = {};      ///< Shortens each pause by up to a half, so that many clients do not come back at once.
  redis_options connection = {};  ///< Everything else about the connections.
};

struct redis_cache_stats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;        ///< Whatever the reason: those below that concern a `find` are counted here too.
  std::uint64_t damaged = 0;       ///< Values that were not stored by this library under this key, or were changed since.
  std::uint64_t errors = 0;        ///< Operations that failed: server down, too slow, refusing.
  std::uint64_t skipped = 0;       ///< Operations not tried, because the server failed a moment ago.
  std::uint64_t bytes_found = 0;   ///< Of the bodies of all hits.
  std::uint64_t bytes_stored = 0;  ///< Of the bodies of all stores that succeeded.
};

namespace detail {

/// Leaves a failing server alone for a while: 1, 2, 4... pauses long, then one caller may try, while the others go on without it.
/// Thread-safe. Knows no clock: its callers say what time it is.
class circuit_breaker {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::milliseconds;

  /// Whether the caller may try now; if so, it must report by `succeeded` or `failed`. `trial` is how long that may take.
  [[nodiscard]] bool permits(time_point now, duration trial) {
    if (failures_.load(std::memory_order_acquire) == 0) return true;
    const std::lock_guard lock(mutex_);
    if (failures_.load(std::memory_order_relaxed) == 0) return true;
    if (now < closed_until_) return false;
    closed_until_ = now + trial;
    return true;
  }
  void succeeded() noexcept {
    if (failures_.load(std::memory_order_relaxed) != 0) failures_.store(0, std::memory_order_release);
  }
  /// `started` is when the caller was permitted: failures of calls that were under way together count once.
  void failed(time_point started, time_point now, duration first, duration longest, const random_source& random) {
    const std::lock_guard lock(mutex_);
    const unsigned before = failures_.load(std::memory_order_relaxed);
    if (before != 0 && started < failed_at_) return;
    const std::int64_t ceiling = (std::max)(std::int64_t{1}, (std::min)(first.count() << (std::min)(before, 16U), longest.count()));
    const auto shorter = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(ceiling / 2 + 1)));
    closed_until_ = now + duration(ceiling - shorter);
    failed_at_ = now;
    failures_.store(before + 1, std::memory_order_release);
  }

 private:
  std::mutex mutex_;
  std::atomic<unsigned> failures_{0};  ///< In a row.
  time_point closed_until_{};
  time_point failed_at_{};
};

/// A value in the cache, 24 bytes before the body: "lakC", version 1, three zero bytes, the body's length (8 bytes), and
/// XXH64 of the key's bytes and the body's (8 bytes), numbers little-endian. The key is in the digest, so a value that was
/// copied or renamed to another key is none.
inline constexpr std::size_t sealed_header_bytes = 24;
inline constexpr std::string_view sealed_magic{"lakC\1\0\0\0", 8};

[[nodiscard]] inline std::uint64_t sealed_digest(std::string_view key, std::string_view bytes) noexcept {
  pure::xxh64_state digest;
  digest.update(key);
  digest.update(bytes);
  return digest.digest();
}

[[nodiscard]] inline std::string seal(std::string_view key, std::string_view bytes) {
  std::array<char, 16> numbers;
  pure::store_little_endian(numbers.data(), static_cast<std::uint64_t>(bytes.size()));
  pure::store_little_endian(numbers.data() + 8, sealed_digest(key, bytes));
  std::string out;
  out.reserve(sealed_header_bytes + bytes.size());
  out += sealed_magic;
  out.append(numbers.data(), numbers.size());
  out += bytes;
  return out;
}

/// The bytes inside, a view of `value`; nothing if it was not sealed under this key, or changed since.
[[nodiscard]] inline std::optional<std::string_view> unseal(std::string_view key, std::string_view value) noexcept {
  if (value.size() < sealed_header_bytes || value.substr(0, sealed_magic.size()) != sealed_magic) return std::nullopt;
  const std::string_view bytes = value.substr(sealed_header_bytes);
  if (pure::load_little_endian<std::uint64_t>(value.data() + 8) != bytes.size()) return std::nullopt;
  if (pure::load_little_endian<std::uint64_t>(value.data() + 16) != sealed_digest(key, bytes)) return std::nullopt;
  return bytes;
}

}  // namespace detail

/// Keeps stored bytes in a Redis of its own. A copyable handle, thread-safe; copies share connections, pauses and statistics.
/// One key stands for one body, of whichever kind was stored last. After an operation failed, those of the next moments are
/// skipped: a dead server costs `timeout` once per pause, not once per read. A `forget` that is skipped or fails is lost; the
/// value then goes when its time to live ends.
class redis_cache {
 public:
  static constexpr bool enabled = true;

  /// A cache at `options.url`. A server that cannot be reached now is tried again when the cache is used.
  /// Errors: configuration (no URL, or one that breaks a rule); access_denied (wrong password); unsupported (no TLS here).
  [[nodiscard]] static result<redis_cache> connect(redis_cache_options options) {
    if (options.url.empty())
      return lake::error{errc::configuration, "redis_cache.connect", {}, "the URL is empty: it says where the cache is"};
    if (options.timeout.count() <= 0) return lake::error{errc::configuration, "redis_cache.connect", {}, "the timeout must be above zero"};
    options.connection.timeout = options.timeout;
    options.connection.connect_timeout = (std::min)(options.connection.connect_timeout, options.timeout);
    auto shared = std::make_shared<state>(std::move(options));
    const time_point started = shared->options.clock.steady();
    auto client = detail::redis_client::connect(shared->options.url, shared->options.connection);
    if (client) shared->client = *std::move(client);
    else if (lasting(client.error().code)) return std::move(client).error();
    else shared->note_failure(shared->reach, started);
    return redis_cache(std::move(shared));
  }

  /// The body, or null: not there, damaged, or the server fails. A hit keeps it for another time to live; to spare a round trip,
  /// only once an eighth of the last one is over. Complexity: one round trip, at most two.
  [[nodiscard]] body_ptr find(object_kind kind, std::string_view key) {
    body_ptr found = look_up(kind, key);
    count(found ? state_->hits : state_->misses);
    if (found) count(state_->bytes_found, found->size());
    return found;
  }

  /// Keeps the body for its time to live, unless it is too large or the server fails. Complexity: one round trip.
  void store(object_kind kind, std::string_view key, const body_ptr& body) {
    if (body == nullptr) return;
    const std::chrono::milliseconds kept = detail::time_to_live(state_->options, kind);
    if (body->size() > state_->options.max_value_bytes || kept.count() <= 0) return forget(kind, key);
    const time_point started = state_->options.clock.steady();
    if (!permitted(state_->reach, started) || !permitted(state_->room, started)) return;
    const std::string value = detail::seal(key, *body);
    const std::string milliseconds = std::to_string(kept.count());
    const std::array<std::string_view, 5> words = {"SET", key, value, "PX", milliseconds};
    const auto done = run(key, detail::is_endless(kept) ? word_span(words).first(3) : word_span(words));
    if (!done) {
      // A server that refuses to take more may still answer finds.
      return state_->note_failure(done.error().code == errc::timeout ? state_->reach : state_->room, started);
    }
    state_->reach.succeeded();
    state_->room.succeeded();
    count(state_->bytes_stored, body->size());
  }

  /// Drops the body, if the server can be reached. Complexity: one round trip.
  void forget(object_kind /*kind*/, std::string_view key) {
    const time_point started = state_->options.clock.steady();
    if (!permitted(state_->reach, started)) return;
    drop(key, started);
  }

  [[nodiscard]] redis_cache_stats stats() const noexcept {
    const auto now = [](const std::atomic<std::uint64_t>& of) { return of.load(std::memory_order_relaxed); };
    return {now(state_->hits),    now(state_->misses),      now(state_->damaged),     now(state_->errors),
            now(state_->skipped), now(state_->bytes_found), now(state_->bytes_stored)};
  }

 private:
  using time_point = std::chrono::steady_clock::time_point;
  using word_span = std::span<const std::string_view>;

  struct state {
    explicit state(redis_cache_options given) : options(std::move(given)) {}

    void note_failure(detail::circuit_breaker& of, time_point started) {
      count(errors);
      of.failed(started, options.clock.steady(), options.first_pause, options.longest_pause, options.random);
    }

    redis_cache_options options;
    detail::circuit_breaker reach;  ///< Whether the server answers.
    detail::circuit_breaker room;   ///< Whether it takes values.
    std::mutex mutex;               ///< Of `client`.
    std::optional<detail::redis_client> client;
    std::atomic<std::uint64_t> hits{0}, misses{0}, damaged{0}, errors{0}, skipped{0}, bytes_found{0}, bytes_stored{0};
  };

  explicit redis_cache(std::shared_ptr<state> shared) noexcept : state_(std::move(shared)) {}

  static void count(std::atomic<std::uint64_t>& of, std::uint64_t by = 1) noexcept { of.fetch_add(by, std::memory_order_relaxed); }
  /// Whether the error will be there tomorrow.
  [[nodiscard]] static bool lasting(errc code) noexcept {
    return code == errc::configuration || code == errc::access_denied || code == errc::unsupported || code == errc::invalid_argument;
  }
  [[nodiscard]] bool permitted(detail::circuit_breaker& by, time_point now) const {
    const bool yes = by.permits(now, 2 * state_->options.timeout);
    if (!yes) count(state_->skipped);
    return yes;
  }

  [[nodiscard]] body_ptr look_up(object_kind kind, std::string_view key) {
    const time_point started = state_->options.clock.steady();
    if (!permitted(state_->reach, started)) return nullptr;
    const std::array<std::string_view, 2> get = {"GET", key};
    const std::array<std::string_view, 2> pttl = {"PTTL", key};
    const std::array<detail::redis_call, 2> calls = {command(key, get), command(key, pttl)};
    const auto client = connected();
    const auto answers = client ? client->run_many(calls) : std::vector<result<detail::redis_reply>>{};
    if (answers.size() != calls.size()) return state_->note_failure(state_->reach, started), nullptr;
    const auto& value = answers[0];
    if (!value && value.error().code != errc::corrupt_index) return state_->note_failure(state_->reach, started), nullptr;
    state_->reach.succeeded();
    if (value && value->view().kind() == detail::redis_kind::nil) return nullptr;
    const bool is_text = value && value->view().kind() == detail::redis_kind::text;
    const auto bytes = is_text ? detail::unseal(key, value->view().text()) : std::nullopt;
    if (!bytes) {  // Of another type, of another program, or damaged: it would be a miss for ever, and nobody else's to keep.
      count(state_->damaged);
      return drop(key, started), nullptr;
    }
    body_ptr out = std::make_shared<const std::string>(*bytes);
    if (answers[1]) keep_longer(kind, key, answers[1]->view().integer());
    return out;
  }
  /// Only for a value that proved good: one that is damaged must not live on by being asked for.
  void keep_longer(object_kind kind, std::string_view key, std::int64_t left_ms) {
    const std::chrono::milliseconds kept = detail::time_to_live(state_->options, kind);
    if (detail::is_endless(kept) || kept.count() <= 0 || left_ms == -2 || left_ms > kept.count() - kept.count() / 8) return;
    const std::string milliseconds = std::to_string(kept.count());
    const std::array<std::string_view, 3> expire = {"PEXPIRE", key, milliseconds};
    const time_point started = state_->options.clock.steady();
    if (!run(key, expire)) state_->note_failure(state_->reach, started);
  }
  void drop(std::string_view key, time_point started) {
    const std::array<std::string_view, 2> del = {"DEL", key};
    if (run(key, del)) state_->reach.succeeded();
    else state_->note_failure(state_->reach, started);
  }

  [[nodiscard]] static detail::redis_call command(const std::string_view& key, word_span args) {
    return {.keys = word_span(&key, 1), .args = args};
  }
  [[nodiscard]] result<detail::redis_reply> run(const std::string_view& key, word_span args) {
    const auto client = connected();
    if (!client) return client.error();
    return client->run(command(key, args));
  }
  /// The client, connected now if it could not be before.
  [[nodiscard]] result<detail::redis_client> connected() {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->client) return *state_->client;
    }
    auto client = detail::redis_client::connect(state_->options.url, state_->options.connection);
    const std::lock_guard lock(state_->mutex);
    if (client && !state_->client) state_->client = *client;
    return client;
  }

  std::shared_ptr<state> state_;
};

static_assert(cache_policy<redis_cache>);

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CACHE_REDIS_HPP
