// One call of an index script being put together: keys, then arguments, in one buffer. Knows no script and no connection.
#ifndef LAKE_INDEX_REDIS_REQUEST_HPP
#define LAKE_INDEX_REDIS_REQUEST_HPP

#include <lake/config.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/index/redis_seen.hpp>
#include <lake/pure/decimal.hpp>

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// An id as the scripts count: timestamp * 1,000,000 + seqid. Below 2^53, so a double keeps it exactly.
[[nodiscard]] constexpr std::int64_t redis_number(time_seq id) noexcept { return id.timestamp * 1'000'000 + id.seqid; }
[[nodiscard]] constexpr time_seq redis_id(std::int64_t number) noexcept {
  return {number / 1'000'000, static_cast<std::int32_t>(number % 1'000'000)};
}

/// Appends the score of an id in decimals: the double nearest to it is `time_seq::score()`, which no shorter text is sure to give.
inline void append_score(std::string& out, time_seq id) {
  pure::append_decimal(out, id.timestamp);
  const std::string digits = std::to_string(id.seqid);
  out += '.';
  out.append(6 - digits.size(), '0');
  out += digits;
}

/// Keys and arguments of one call. Confined; three allocations however many there are.
class redis_request {
 public:
  explicit redis_request(const redis_script& script, bool repeatable = true) : script_(&script), repeatable_(repeatable) { buffer_.reserve(512); }

  /// All keys come before the first argument.
  redis_request& key(std::string_view name) {
    ++keys_;
    return arg(name);
  }
  redis_request& arg(std::string_view value) {
    buffer_ += value;
    return end();
  }
  template <std::integral Number>
  redis_request& number(Number value) {
    pure::append_decimal(buffer_, value);
    return end();
  }
  redis_request& id(time_seq value) { return number(redis_number(value)); }
  redis_request& id_text(time_seq value) {
    value.append_to(buffer_);
    return end();
  }
  redis_request& score(time_seq value) {
    append_score(buffer_, value);
    return end();
  }
  /// Grows the argument that was given last.
  redis_request& also(std::string_view more) {
    buffer_ += more;
    ends_.back() = buffer_.size();
    return *this;
  }

  /// What was known of the catalog when the call was put together.
  seen_revisions::sight seen = {};

  /// The call. Lifetime: until the next change of this request.
  [[nodiscard]] redis_call call() {
    views_.clear();
    views_.reserve(ends_.size());
    std::size_t from = 0;
    for (const std::size_t to : ends_) {
      views_.push_back(std::string_view(buffer_).substr(from, to - from));
      from = to;
    }
    const std::span<const std::string_view> all(views_);
    return {script_, all.first(keys_), all.subspan(keys_), repeatable_};
  }

 private:
  redis_request& end() {
    ends_.push_back(buffer_.size());
    return *this;
  }

  const redis_script* script_;
  bool repeatable_;
  std::string buffer_;
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> views_;
  std::size_t keys_ = 0;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_REQUEST_HPP
