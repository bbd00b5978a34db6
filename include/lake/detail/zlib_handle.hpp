// zlib's streams, created and freed here only, and the loop that feeds their 32-bit counters. Knows no format of the library.
#ifndef LAKE_DETAIL_ZLIB_HANDLE_HPP
#define LAKE_DETAIL_ZLIB_HANDLE_HPP

#include <lake/config.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// What zlib calls window bits: the largest window, and how the stream is wrapped.
inline constexpr int zlib_raw_bits = -MAX_WBITS;
inline constexpr int zlib_zlib_bits = MAX_WBITS;
inline constexpr int zlib_gzip_bits = MAX_WBITS + 16;

/// A deflate stream. Confined to one thread at a time; cannot move, because zlib keeps its address.
class deflate_handle {
 public:
  deflate_handle(int level, int window_bits) noexcept
      : status_(deflateInit2(&stream_, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY)) {
    if (status_ != Z_OK || window_bits <= MAX_WBITS) return;
    header_.os = 255;  // "unknown", on every system: equal input gives equal bytes
    status_ = deflateSetHeader(&stream_, &header_);
  }
  deflate_handle(const deflate_handle&) = delete;
  deflate_handle& operator=(const deflate_handle&) = delete;
  ~deflate_handle() { deflateEnd(&stream_); }

  /// As new, without allocating; false if zlib could not make the stream, `status` says why.
  [[nodiscard]] bool reset() noexcept {
    if (status_ == Z_OK) status_ = deflateReset(&stream_);
    return status_ == Z_OK;
  }
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] z_stream& stream() noexcept { return stream_; }

 private:
  z_stream stream_{};
  gz_header header_{};
  int status_;
};

/// An inflate stream. Confined to one thread at a time; cannot move, because zlib keeps its address.
class inflate_handle {
 public:
  explicit inflate_handle(int window_bits) noexcept : status_(inflateInit2(&stream_, window_bits)) {}
  inflate_handle(const inflate_handle&) = delete;
  inflate_handle& operator=(const inflate_handle&) = delete;
  ~inflate_handle() { inflateEnd(&stream_); }

  /// As new, without allocating; false if zlib could not make the stream, `status` says why.
  [[nodiscard]] bool reset() noexcept {
    if (status_ == Z_OK) status_ = inflateReset(&stream_);
    return status_ == Z_OK;
  }
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] z_stream& stream() noexcept { return stream_; }

 private:
  z_stream stream_{};
  int status_;
};

/// How far a run came: zlib's last answer, and how many bytes it took and made.
struct zlib_progress {
  int status = Z_OK;
  std::size_t taken = 0;
  std::size_t made = 0;
};

/// Runs `step(stream, flush)`, deflate or inflate, from `in` to `out` until the stream ends, breaks, or can go no further.
template <class Step>
[[nodiscard]] zlib_progress run_zlib(z_stream& stream, std::string_view in, std::span<char> out, Step step) {
  constexpr std::size_t most = std::size_t{1} << 30U;  // zlib counts with 32 bits
  zlib_progress so_far;
  for (;;) {
    const std::size_t given = (std::min)(most, in.size() - so_far.taken);
    const std::size_t room = (std::min)(most, out.size() - so_far.made);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data() + so_far.taken));  // zlib does not write there
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + so_far.made);
    stream.avail_out = static_cast<uInt>(room);
    so_far.status = step(stream, so_far.taken + given == in.size() ? Z_FINISH : Z_NO_FLUSH);
    const std::size_t taken = given - stream.avail_in;
    const std::size_t made = room - stream.avail_out;
    so_far.taken += taken;
    so_far.made += made;
    const bool going = so_far.status == Z_OK || so_far.status == Z_BUF_ERROR;
    if (!going || (taken == 0 && made == 0)) return so_far;
  }
}

[[nodiscard]] inline zlib_progress run_deflate(deflate_handle& handle, std::string_view in, std::span<char> out) {
  return run_zlib(handle.stream(), in, out, [](z_stream& stream, int flush) { return ::deflate(&stream, flush); });
}

[[nodiscard]] inline zlib_progress run_inflate(inflate_handle& handle, std::string_view in, std::span<char> out) {
  return run_zlib(handle.stream(), in, out, [](z_stream& stream, int flush) { return ::inflate(&stream, flush); });
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_ZLIB_HANDLE_HPP
