// Requests as the bytes that Redis reads: arrays of bulk strings. Pure; knows no connection.
// Format: the Redis serialization protocol, version 2, redis.io/docs/reference/protocol-spec.
#ifndef LAKE_DETAIL_REDIS_ENCODE_HPP
#define LAKE_DETAIL_REDIS_ENCODE_HPP

#include <lake/config.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/pure/decimal.hpp>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

inline void append_redis_size(std::string& out, char mark, std::size_t size) {
  out += mark;
  pure::append_decimal(out, size);
  out += "\r\n";
}

inline void append_redis_bulk(std::string& out, std::string_view bytes) {
  append_redis_size(out, '$', bytes.size());
  out += bytes;
  out += "\r\n";
}

inline void append_redis_command(std::string& out, std::initializer_list<std::string_view> words) {
  append_redis_size(out, '*', words.size());
  for (const std::string_view word : words) append_redis_bulk(out, word);
}

/// How a script is named: by its digest, or by its text.
enum class redis_form : bool { digest, whole };

/// Appends `call`; a plain command looks the same in both forms.
inline void append_redis_call(std::string& out, const redis_call& call, redis_form form) {
  if (call.script == nullptr) {
    append_redis_size(out, '*', call.args.size());
  } else {
    append_redis_size(out, '*', 3 + call.keys.size() + call.args.size());
    append_redis_bulk(out, form == redis_form::whole ? "EVAL" : "EVALSHA");
    append_redis_bulk(out, form == redis_form::whole ? call.script->source() : call.script->sha());
    std::string count;
    pure::append_decimal(count, call.keys.size());
    append_redis_bulk(out, count);
    for (const std::string_view key : call.keys) append_redis_bulk(out, key);
  }
  for (const std::string_view arg : call.args) append_redis_bulk(out, arg);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_ENCODE_HPP
