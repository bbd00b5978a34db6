// hiredis' reader of replies as a handle that cannot leak, with bounds against a server that is none. Knows no socket.
// Format: the Redis serialization protocol, version 2. Works alike with hiredis 0.14 and 1.x.
#ifndef LAKE_DETAIL_REDIS_READER_HPP
#define LAKE_DETAIL_REDIS_READER_HPP

#include <lake/config.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_reply.hpp>

#include <hiredis/hiredis.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

inline constexpr std::size_t max_redis_reply_bytes = std::size_t{512} << 20U;  ///< No bulk string of Redis is longer.
inline constexpr std::size_t max_redis_elements = std::size_t{1} << 24U;       ///< Of one array; each costs a pointer before it is read.
inline constexpr int max_redis_depth = 7;                                      ///< As hiredis 0.14 has it; 1.x would go on.

/// hiredis' own makers of replies, and the same behind the bounds.
struct redis_reply_makers {
  redisReplyObjectFunctions plain{};
  redisReplyObjectFunctions bounded{};

  static redis_reply_makers& shared() {
    static redis_reply_makers makers = take();
    return makers;
  }

 private:
  /// The count is an int in hiredis 0.14 and a size_t in 1.x.
  template <class Count>
  static void* make_array(const redisReadTask* task, Count elements) {
    int depth = 0;
    for (const redisReadTask* above = task->parent; above != nullptr; above = above->parent) ++depth;
    if (depth >= max_redis_depth || static_cast<std::size_t>(elements) > max_redis_elements) return nullptr;
    return shared().plain.createArray(task, elements);
  }

  static redis_reply_makers take() {
    redis_reply_makers makers;
    if (redisReader* probe = redisReaderCreate(); probe != nullptr) {
      makers.plain = *probe->fn;
      makers.bounded = makers.plain;
      makers.bounded.createArray = &make_array;
      redisReaderFree(probe);
    }
    return makers;
  }
};

/// Turns bytes into replies. Confined.
class redis_reader {
 public:
  enum class step : std::uint8_t { whole, part, broken };

  redis_reader() : reader_(redisReaderCreateWithFunctions(&redis_reply_makers::shared().bounded)) {}

  /// False where hiredis takes no more.
  [[nodiscard]] bool feed(std::string_view bytes) noexcept {
    pending_ += bytes.size();
    return reader_ != nullptr && redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK;
  }

  /// The next reply, if it is there.
  [[nodiscard]] step next(redis_reply& into) noexcept {
    void* made = nullptr;
    if (reader_ == nullptr || redisReaderGetReply(reader_.get(), &made) != REDIS_OK) return step::broken;
    if (made != nullptr) {
      into = redis_reply(static_cast<redisReply*>(made));
      pending_ = unread().size();
      return step::whole;
    }
    return pending_ > max_redis_reply_bytes || announces_too_much() ? step::broken : step::part;
  }

  /// True between replies: bytes beyond them would be taken for the next call's answer.
  [[nodiscard]] bool drained() const noexcept { return pending_ == 0; }

  /// Why the last step was `broken`.
  [[nodiscard]] std::string reason() const {
    if (reader_ != nullptr && reader_->err != 0 && reader_->err != REDIS_ERR_OOM)
      return shown_redis_message(static_cast<const char*>(reader_->errstr));
    return "it is larger than 512 MiB, or nested deeper than 7, or has more than 16777216 elements, or memory is exhausted";
  }

 private:
  struct release {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
  };

  [[nodiscard]] std::string_view unread() const noexcept {
    if (reader_->buf == nullptr || reader_->pos >= reader_->len) return {};
    return {reader_->buf + reader_->pos, reader_->len - reader_->pos};
  }

  /// A bulk string whose length alone is beyond the bound: nobody should wait for it. hiredis has consumed the type of what it is at, and
  /// everything but a bulk string is consumed as soon as its line is whole.
  [[nodiscard]] bool announces_too_much() const noexcept {
    const std::string_view front = unread().substr(0, 32);
    const std::size_t line = front.find('\r');
    if (line == std::string_view::npos || line == 0) return false;
    std::uint64_t length = 0;
    const auto [end, failed] = std::from_chars(front.data(), front.data() + line, length);
    return end == front.data() + line && (failed == std::errc::result_out_of_range || length > max_redis_reply_bytes);
  }

  std::unique_ptr<redisReader, release> reader_;
  std::size_t pending_ = 0;  ///< Bytes since the last whole reply.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_READER_HPP
