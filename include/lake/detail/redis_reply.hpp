// What Redis answered, as hiredis read it: owned once, looked at without copying. Knows no connection.
// Format: the Redis serialization protocol, version 2, redis.io/docs/reference/protocol-spec.
#ifndef LAKE_DETAIL_REDIS_REPLY_HPP
#define LAKE_DETAIL_REDIS_REPLY_HPP

#include <lake/config.hpp>

#include <hiredis/hiredis.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Status and bulk strings are both text; a failure is an error reply.
enum class redis_kind : std::uint8_t { nil, text, integer, array, failure };

/// A node of a reply. Never null: out of range, or of another kind than asked for, gives nil, "", 0 or no elements, so that a hostile
/// answer can be looked at like any other. Lifetime: that of the reply it was taken from.
class redis_view {
 public:
  redis_view() = default;
  explicit redis_view(const redisReply* node) noexcept : node_(node) {}

  [[nodiscard]] redis_kind kind() const noexcept {
    if (node_ == nullptr) return redis_kind::nil;
    switch (node_->type) {
      case REDIS_REPLY_STRING:
      case REDIS_REPLY_STATUS: return redis_kind::text;
      case REDIS_REPLY_INTEGER: return redis_kind::integer;
      case REDIS_REPLY_ARRAY: return redis_kind::array;
      case REDIS_REPLY_ERROR: return redis_kind::failure;
      default: return redis_kind::nil;
    }
  }
  /// Of a text, or the message of a failure.
  [[nodiscard]] std::string_view text() const noexcept {
    const redis_kind is = kind();
    if ((is != redis_kind::text && is != redis_kind::failure) || node_->str == nullptr) return {};
    return {node_->str, static_cast<std::size_t>(node_->len)};
  }
  [[nodiscard]] std::int64_t integer() const noexcept { return kind() == redis_kind::integer ? node_->integer : 0; }
  [[nodiscard]] std::size_t size() const noexcept { return kind() == redis_kind::array ? node_->elements : 0; }
  [[nodiscard]] redis_view operator[](std::size_t at) const noexcept { return at < size() ? redis_view(node_->element[at]) : redis_view{}; }

 private:
  const redisReply* node_ = nullptr;
};

/// A reply. Movable; frees what hiredis made.
class redis_reply {
 public:
  redis_reply() = default;
  explicit redis_reply(redisReply* made) noexcept : node_(made) {}

  [[nodiscard]] redis_view view() const noexcept { return redis_view(node_.get()); }

 private:
  struct release {
    void operator()(redisReply* made) const noexcept { freeReplyObject(made); }
  };
  std::unique_ptr<redisReply, release> node_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_REPLY_HPP
