// Deflate, whole texts at a time, on zlib with states that are reused: a fresh one costs twenty times the work on a small body.
// Knows no envelope and no codec. Formats: RFC 1951 (raw), RFC 1950 (zlib), RFC 1952 (gzip).
#ifndef LAKE_COMPRESS_DEFLATE_HPP
#define LAKE_COMPRESS_DEFLATE_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/state_pool.hpp>
#include <lake/detail/zlib_handle.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// How a deflate stream is wrapped. gzip is written with mtime 0 and OS 255, so equal input gives equal bytes.
enum class deflate_container : std::uint8_t { raw, zlib, gzip };

struct deflater_options {
  int level = 1;  ///< 1 (fastest) to 9; on JSON 9 takes twelve times as long as 1 for a tenth of the size.
  deflate_container container = deflate_container::gzip;
};

namespace detail {

[[nodiscard]] constexpr int zlib_bits(deflate_container container) noexcept {
  switch (container) {
    case deflate_container::raw: return zlib_raw_bits;
    case deflate_container::zlib: return zlib_zlib_bits;
    case deflate_container::gzip: break;
  }
  return zlib_gzip_bits;
}

[[nodiscard]] inline error zlib_refused(std::string_view operation, int status) {
  return {errc::io, std::string(operation), {}, std::string("zlib could not make or reset a stream: ") + zError(status)};
}

}  // namespace detail

/// Compresses whole texts. A copyable handle, thread-safe; copies share idle states.
class deflater {
 public:
  static constexpr int lowest_level = 1;
  static constexpr int highest_level = 9;

  explicit deflater(deflater_options options = {}) : options_(options), pool_(std::make_shared<pool>()) {}

  /// True after appending the compressed form of `plain` to `out`; false, and `out` as it was, if that takes more than `max_bytes`.
  /// Errors: configuration names a level outside 1 to 9; io if zlib cannot make a stream (out of memory).
  /// Complexity: linear; `out` is grown once, by min(`max_bytes`, zlib's bound), and cut back.
  [[nodiscard]] result<bool> compress(std::string_view plain, std::string& out, std::size_t max_bytes = SIZE_MAX) const {
    if (options_.level < lowest_level || options_.level > highest_level) return bad_level();
    if (max_bytes == 0) return false;
    const int bits = detail::zlib_bits(options_.container);
    auto state = pool_->take([this, bits] { return std::make_unique<detail::deflate_handle>(options_.level, bits); });
    if (!state->reset()) return refused(state);
    const std::size_t before = out.size();
    const std::size_t room = (std::min)(max_bytes, bound(*state, plain.size()));
    out.resize(before + room);
    const detail::zlib_progress done = detail::run_deflate(*state, plain, std::span(out).subspan(before));
    const bool fits = done.status == Z_STREAM_END;
    out.resize(before + (fits ? done.made : 0));
    return fits;
  }

  [[nodiscard]] const deflater_options& options() const noexcept { return options_; }

 private:
  using pool = detail::state_pool<detail::deflate_handle>;

  [[nodiscard]] lake::error bad_level() const {
    return {errc::configuration, "deflate", {}, "compression level " + std::to_string(options_.level) + " is outside 1 to 9"};
  }
  [[nodiscard]] static lake::error refused(pool::lease& state) {
    const int status = state->status();
    state.discard();
    return detail::zlib_refused("deflate", status);
  }
  /// zlib's bound; where its counter is too narrow for the size, that of stored blocks: 5 bytes each 16,383, and the container.
  [[nodiscard]] static std::size_t bound(detail::deflate_handle& state, std::size_t plain_bytes) noexcept {
    if (plain_bytes <= (std::size_t{1} << 30U)) return deflateBound(&state.stream(), static_cast<uLong>(plain_bytes));
    return plain_bytes + plain_bytes / 2048 + 64;
  }

  deflater_options options_;
  std::shared_ptr<pool> pool_;
};

/// Decompresses whole texts. A copyable handle, thread-safe; copies share idle states.
class inflater {
 public:
  explicit inflater(deflate_container container = deflate_container::gzip) : container_(container), pool_(std::make_shared<pool>()) {}

  /// Returns the plain bytes of the one stream in `stored`, exactly `decoded_bytes` of them.
  /// Errors: corrupt_body (damaged, truncated, followed by other bytes, longer or shorter than said); io if zlib cannot make a stream.
  /// Complexity: linear. Allocates `decoded_bytes`, and nothing for a length that deflate cannot reach from `stored`.
  [[nodiscard]] result<std::string> decompress(std::string_view stored, std::size_t decoded_bytes) const {
    if (decoded_bytes / most_expansion > stored.size()) {
      return corrupt(std::to_string(stored.size()) + " stored bytes cannot hold " + std::to_string(decoded_bytes) + " bytes");
    }
    auto state = take();
    if (!state->reset()) return refused(state);
    std::string out(decoded_bytes, '\0');
    const detail::zlib_progress done = detail::run_inflate(*state, stored, out);
    if (done.status != Z_STREAM_END) {
      const bool overflows = done.made == decoded_bytes && has_more(*state, done, stored.substr(done.taken));
      return overflows ? corrupt("decodes to more than the " + std::to_string(decoded_bytes) + " bytes announced") : broken(*state, done);
    }
    if (done.made != decoded_bytes) {
      return corrupt("decodes to " + std::to_string(done.made) + " bytes, not to the " + std::to_string(decoded_bytes) + " announced");
    }
    if (done.taken != stored.size()) return trailing(stored.size() - done.taken);
    return out;
  }

  /// Appends the plain bytes of `stored` to `out`, for formats that do not record their number; of gzip any number of members in a row.
  /// Errors: corrupt_body (damaged, truncated, empty, followed by other bytes); limit_exceeded beyond `max_bytes`; io if zlib cannot
  /// make a stream. Effects on failure: `out` is as it was. Complexity: linear; allocates at most `max_bytes`, by doubling.
  [[nodiscard]] result<void> decompress_all(std::string_view stored, std::string& out, std::size_t max_bytes) const {
    auto state = take();
    if (!state->reset()) return refused(state);
    const std::size_t before = out.size();
    const std::size_t reachable = stored.size() > max_bytes / most_expansion ? max_bytes : stored.size() * most_expansion;
    std::size_t room = (std::min)(reachable, stored.size() * 4 + 64);
    std::size_t made = 0;
    for (;;) {
      out.resize(before + room);
      const detail::zlib_progress done = detail::run_inflate(*state, stored, std::span(out).subspan(before + made));
      stored.remove_prefix(done.taken);
      made += done.made;
      const bool ended = done.status == Z_STREAM_END;
      if (ended && !stored.empty() && container_ == deflate_container::gzip && state->reset()) continue;
      const bool full = done.status == Z_BUF_ERROR && made == room;
      if (full && room < reachable) {
        room = room > reachable / 2 ? reachable : room * 2;
        continue;
      }
      out.resize(before + (ended && stored.empty() ? made : 0));
      if (!ended) return full && has_more(*state, done, stored) ? too_long(max_bytes) : broken(*state, done);
      if (!stored.empty()) return trailing(stored.size());
      return {};
    }
  }

 private:
  using pool = detail::state_pool<detail::inflate_handle>;
  /// The shortest code gives 258 bytes for 2 bits.
  static constexpr std::size_t most_expansion = 1032;

  [[nodiscard]] pool::lease take() const {
    return pool_->take([this] { return std::make_unique<detail::inflate_handle>(detail::zlib_bits(container_)); });
  }
  [[nodiscard]] static lake::error refused(pool::lease& state) {
    const int status = state->status();
    state.discard();
    return detail::zlib_refused("inflate", status);
  }
  [[nodiscard]] static lake::error corrupt(std::string message) { return {errc::corrupt_body, "inflate", {}, std::move(message)}; }
  [[nodiscard]] static lake::error trailing(std::size_t bytes) {
    return corrupt(std::to_string(bytes) + " bytes follow the end of the compressed stream");
  }
  [[nodiscard]] static lake::error too_long(std::size_t max_bytes) {
    return {errc::limit_exceeded, "inflate", {}, "decodes to more than the limit of " + std::to_string(max_bytes) + " bytes"};
  }
  /// Whether a stream that filled its room would give another byte.
  [[nodiscard]] static bool has_more(detail::inflate_handle& state, const detail::zlib_progress& done, std::string_view rest) {
    char another = 0;
    return done.status == Z_BUF_ERROR && detail::run_inflate(state, rest, std::span(&another, 1)).made == 1;
  }
  /// What zlib says of a stream that did not end.
  [[nodiscard]] static lake::error broken(detail::inflate_handle& state, const detail::zlib_progress& done) {
    if (done.status == Z_BUF_ERROR) return corrupt("the compressed stream is truncated");
    if (done.status == Z_MEM_ERROR) return detail::zlib_refused("inflate", done.status);
    const char* const reason = state.stream().msg;
    return corrupt(std::string("the compressed stream is damaged: ") + (reason != nullptr ? reason : zError(done.status)));
  }

  deflate_container container_;
  std::shared_ptr<pool> pool_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_COMPRESS_DEFLATE_HPP
