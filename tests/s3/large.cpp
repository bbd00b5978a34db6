// Objects that are larger than what a process may hold: streamed in and out in bounded memory, in parts, and nothing of them is left where the
// source fails.
#include <lake/storage/s3.hpp>

#include "s3/support.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/s3_server.hpp"
#include "support/s3_talk.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <malloc.h>

using lake::errc;
using lake::s3_options;
using lake::s3_storage;
using lake_test::s3_bucket;
using lake_test::watched_s3;
using lake_test::watched_transport;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

/// A long text that is told by its places: random bytes that repeat after a prime number of them, so that no part is like another.
class long_text {
 public:
  long_text() : period_(1'000'003, '\0') {
    std::uint64_t state = 88'172'645'463'325'252U;
    for (char& each : period_) {
      state ^= state << 13U;
      state ^= state >> 7U;
      state ^= state << 17U;
      each = static_cast<char>(state);
    }
  }
  /// What stands at `offset`, up to the period's end.
  [[nodiscard]] std::string_view at(std::uint64_t offset) const {
    return std::string_view(period_).substr(static_cast<std::size_t>(offset % period_.size()));
  }

  void copy(std::uint64_t offset, std::span<char> to) const {
    for (std::size_t done = 0; done < to.size();) done += at(offset + done).copy(to.data() + done, to.size() - done);
  }
  [[nodiscard]] bool stands_at(std::uint64_t offset, std::string_view bytes) const {
    for (std::size_t done = 0; done < bytes.size();) {
      const std::string_view wanted = at(offset + done).substr(0, bytes.size() - done);
      if (bytes.substr(done, wanted.size()) != wanted) return false;
      done += wanted.size();
    }
    return true;
  }
  [[nodiscard]] std::string first(std::size_t bytes) const {
    std::string out(bytes, '\0');
    copy(0, out);
    return out;
  }

 private:
  std::string period_;
};

/// The text's first bytes as a source, in pieces of an odd size.
auto source_of(const long_text& text, std::uint64_t bytes) {
  return [&text, bytes, given = std::uint64_t{0}](std::span<char> to) mutable -> lake::result<std::size_t> {
    const std::size_t count = static_cast<std::size_t>((std::min)({std::uint64_t{to.size()}, bytes - given, std::uint64_t{300'007}}));
    text.copy(given, to.first(count));
    given += count;
    return count;
  };
}

/// A figure of this process's memory in bytes, as Linux tells it; nothing elsewhere.
std::optional<std::size_t> memory_figure(std::string_view name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t begin = line.find_first_of("0123456789");
    std::size_t kibibytes = 0;
    if (begin == std::string::npos) return std::nullopt;
    std::from_chars(line.data() + begin, line.data() + line.size(), kibibytes);
    return kibibytes * 1'024;
  }
  return std::nullopt;
}

/// By how much the process's resident memory rises above that of its construction. Memory that earlier tests freed is given back first.
class memory_rise {
 public:
  memory_rise() {
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << 5;  // The peak is that of now on.
    before_ = memory_figure("VmRSS:");
    const auto peak = memory_figure("VmHWM:");
    measures_ = before_ && peak && *peak < *before_ + mebibyte;
  }
  /// Nothing where it cannot be told.
  [[nodiscard]] std::optional<std::size_t> bytes() const {
    const auto peak = memory_figure("VmHWM:");
    if (!measures_ || !peak) return std::nullopt;
    return *peak - (std::min)(*peak, *before_);
  }

 private:
  std::optional<std::size_t> before_;
  bool measures_ = false;
};

void check_rise(const memory_rise& rise, std::size_t most, const char* what) {
  if (sanitized) return void(std::printf("%s: memory is not measured under a sanitizer\n", what));
  const auto bytes = rise.bytes();
  if (!bytes) return void(std::printf("%s: this system does not tell the peak of memory\n", what));
  std::printf("%s: peak of memory %zu KiB above the start\n", what, *bytes / 1'024);
  CHECK(*bytes < most);
}

/// Uploads begun and neither completed nor abandoned.
std::size_t uploads_of(const s3_bucket& bucket) {
  const lake_test::s3_said said = lake_test::s3_ask(lake_test::shared_rgw().account(), "GET", "/" + bucket.name() + "?uploads=");
  REQUIRE(said.status == 200);
  std::size_t found = 0;
  for (std::size_t at = 0; (at = said.body.find("<Upload>", at)) != std::string::npos; ++at) ++found;
  return found;
}

}  // namespace

TEST_CASE("an object of 256 MiB is streamed in and out in less than 64 MiB of memory", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  constexpr std::uint64_t total = 256 * mebibyte + 12'345;
  const s3_bucket bucket(lake_test::shared_rgw());
  s3_storage storage = s3_storage::open(bucket.options()).value();
  const long_text text;
  std::uint64_t came = 0;
  bool same = true;
  const auto sink = [&](std::string_view piece) -> lake::result<void> {
    same = same && text.stands_at(came, piece);
    came += piece.size();
    return {};
  };

  const memory_rise in;
  const auto created = storage.create_from("large", source_of(text, total));
  check_rise(in, 64 * mebibyte, "256 MiB in");
  const memory_rise out;
  const auto got = storage.get_into("large", sink);
  check_rise(out, 64 * mebibyte, "256 MiB out");

  INFO((created ? std::string() : created.error().to_string()));
  CHECK(created);
  CHECK(got);
  CHECK(same);
  CHECK(came == total);
  CHECK(storage.stat("large")->bytes == total);
  CHECK(text.stands_at(200 * mebibyte - 3, *storage.get_range("large", 200 * mebibyte - 3, 1'000)));
  CHECK(uploads_of(bucket) == 0);
  CHECK(storage.remove("large"));
}

TEST_CASE("a put of 80 MiB goes in parts of eight, a put of 64 MiB in one", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  const watched_transport transport = watched_transport::open(bucket.options());
  watched_s3 storage = watched_s3::over(bucket.options(), transport).value();
  const long_text text;

  CHECK(storage.put("in parts", text.first(80 * mebibyte)));

  CHECK(transport.requests("PUT") == 10);
  CHECK(transport.requests("POST") == 2);
  CHECK(transport.requests() == 12);
  const auto got = storage.get("in parts");
  REQUIRE(got);
  CHECK((*got)->size() == 80 * mebibyte);
  CHECK(text.stands_at(0, **got));
  CHECK(uploads_of(bucket) == 0);

  CHECK(storage.put("in parts", text.first(64 * mebibyte)));

  CHECK(transport.requests("PUT") == 11);
  CHECK(storage.stat("in parts")->bytes == 64 * mebibyte);
  CHECK(storage.remove("in parts"));
}

TEST_CASE("a source that fails in the midst of an upload leaves neither object nor upload", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  s3_storage storage = s3_storage::open(bucket.options()).value();
  const long_text text;
  std::size_t seen = 0;
  auto failing = [&, inner = source_of(text, 40 * mebibyte), given = std::size_t{0}](std::span<char> to) mutable -> lake::result<std::size_t> {
    if (given > 20 * mebibyte) {
      seen = uploads_of(bucket);
      return lake::error{errc::io, "source", "tape", "it is torn"};
    }
    const auto got = inner(to);
    given += *got;
    return got;
  };

  const auto made = storage.create_from("torn", failing);

  REQUIRE_FALSE(made);
  CHECK(made.error().code == errc::io);
  CHECK(made.error().message == "it is torn");
  CHECK(seen == 1);
  CHECK(uploads_of(bucket) == 0);
  CHECK(storage.stat("torn").error().code == errc::not_found);
  CHECK(storage.create_from("torn", source_of(text, 20 * mebibyte)));
  CHECK(storage.create_from("torn", source_of(text, 20 * mebibyte)).error().code == errc::already_exists);
  CHECK(uploads_of(bucket) == 0);
  CHECK(storage.remove("torn"));
}

TEST_CASE("an object that another creates in the midst of a streamed creation stays, and no upload is left", "[s3]") {
  LAKE_SKIP_WITHOUT_RGW();
  const s3_bucket bucket(lake_test::shared_rgw());
  s3_storage storage = s3_storage::open(bucket.options()).value();
  s3_storage other = storage;
  const long_text text;
  auto overtaken = [&, inner = source_of(text, 20 * mebibyte), calls = 0](std::span<char> to) mutable -> lake::result<std::size_t> {
    if (++calls == 50) other.create("key", "of another").value();
    return inner(to);
  };

  const auto made = storage.create_from("key", overtaken);

  REQUIRE_FALSE(made);
  CHECK(made.error().code == errc::already_exists);
  CHECK(**storage.get("key") == "of another");
  CHECK(uploads_of(bucket) == 0);
}
