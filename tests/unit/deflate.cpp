#include <lake/compress/deflate.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

std::string repeated(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

std::string noise(std::size_t bytes) {
  std::string out;
  for (std::uint64_t word = 1; out.size() < bytes; word = word * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U) {
    out.push_back(static_cast<char>(word >> 56U));
  }
  return out;
}

std::string compressed(const lake::deflater& with, std::string_view plain) {
  std::string out;
  REQUIRE(with.compress(plain, out) == true);
  return out;
}

}  // namespace

TEST_CASE("what is deflated inflates, in every container and at every level") {
  const auto container = GENERATE(lake::deflate_container::raw, lake::deflate_container::zlib, lake::deflate_container::gzip);
  const int level = GENERATE(1, 5, 9);
  CAPTURE(static_cast<int>(container), level);
  const lake::deflater out_way({.level = level, .container = container});
  const lake::inflater back(container);

  for (const std::string& plain : {std::string(), std::string("x"), repeated("{\"a\":1}", 5'000), noise(100'000)}) {
    const std::string stored = compressed(out_way, plain);
    CHECK(back.decompress(stored, plain.size()) == plain);
    std::string all = "before ";
    REQUIRE(back.decompress_all(stored, all, plain.size()));
    CHECK(all == "before " + plain);
  }
}

TEST_CASE("a gzip member has no time and no system in its header") {
  const std::string stored = compressed(lake::deflater({.level = 6}), "hello");

  CHECK(stored.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
}

TEST_CASE("a reused state gives the bytes of a fresh one") {
  const lake::deflater used;
  for (std::size_t i = 1; i < 50; ++i) {
    std::string out;
    REQUIRE(used.compress(repeated(std::to_string(i * 7919), 10 * i), out));
    REQUIRE(used.compress(noise(i * 100), out, 10));
  }
  const std::string plain = repeated("{\"name\":\"value\"},", 300);

  CHECK(compressed(used, plain) == compressed(lake::deflater{}, plain));
}

TEST_CASE("deflate appends, and gives up beyond the limit with nothing appended") {
  const lake::deflater with;
  const std::string plain = repeated("abc", 1'000);
  const std::size_t needed = compressed(with, plain).size();

  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, needed - 1}) {
    std::string out = "before";
    CHECK(with.compress(plain, out, limit) == false);
    CHECK(out == "before");
  }
  std::string out = "before";
  CHECK(with.compress(plain, out, needed) == true);
  CHECK(out.size() == 6 + needed);
}

TEST_CASE("a level outside 1 to 9 is an error that names it") {
  const int level = GENERATE(-1, 0, 10);
  const lake::deflater with({.level = level});
  std::string out = "before";

  const lake::result<bool> done = with.compress("plain", out);

  REQUIRE_FALSE(done);
  CHECK(done.error().code == lake::errc::configuration);
  CHECK(done.error().message == "compression level " + std::to_string(level) + " is outside 1 to 9");
  CHECK(out == "before");
}

TEST_CASE("inflate to an announced length says what is wrong") {
  const std::string plain = repeated("abc", 1'000);
  const std::string stored = compressed(lake::deflater{}, plain);
  const lake::inflater back;
  const auto message = [&back](std::string_view bytes, std::size_t length) { return back.decompress(bytes, length).error().message; };

  CHECK(message(stored, 2'999) == "decodes to more than the 2999 bytes announced");
  CHECK(message(stored, 3'001) == "decodes to 3000 bytes, not to the 3001 announced");
  CHECK(message(stored.substr(0, stored.size() - 1), 3'000) == "the compressed stream is truncated");
  CHECK(message(stored + "xyz", 3'000) == "3 bytes follow the end of the compressed stream");
  CHECK(message("", 0) == "the compressed stream is truncated");
  CHECK(message("not gzip at all", 100) == "the compressed stream is damaged: incorrect header check");
  CHECK(message("x", 5'000'000'000'000) == "1 stored bytes cannot hold 5000000000000 bytes");
}

TEST_CASE("gzip members in a row inflate as one text") {
  const lake::deflater with;
  const std::string stored = compressed(with, "one ") + compressed(with, "") + compressed(with, repeated("two ", 10'000));
  const lake::inflater back;
  std::string out;

  REQUIRE(back.decompress_all(stored, out, 100'000));
  CHECK(out == "one " + repeated("two ", 10'000));

  CHECK(back.decompress(stored, 40'004).error().code == lake::errc::corrupt_body);
}

TEST_CASE("inflating to the end stops at the limit and leaves the text as it was") {
  const std::string plain = repeated("0123456789", 100'000);
  const std::string stored = compressed(lake::deflater{}, plain);
  const lake::inflater back;
  std::string out = "before";

  const lake::result<void> over = back.decompress_all(stored, out, 999'999);
  REQUIRE_FALSE(over);
  CHECK(over.error().code == lake::errc::limit_exceeded);
  CHECK(over.error().message == "decodes to more than the limit of 999999 bytes");

  const std::string half = stored.substr(0, stored.size() / 2);
  for (const std::string& damaged : {std::string(), half, stored.substr(0, stored.size() - 1), stored + "x"}) {
    const lake::result<void> broken = back.decompress_all(damaged, out, 1'000'000);
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == lake::errc::corrupt_body);
  }
  CHECK(out == "before");

  REQUIRE(back.decompress_all(stored, out, 1'000'000));
  CHECK(out == "before" + plain);
}

TEST_CASE("raw deflate has no trailer, and what follows it is still noticed") {
  const lake::deflater with({.container = lake::deflate_container::raw});
  const std::string plain(10'000, 'a');
  const std::string stored = compressed(with, plain);
  const lake::inflater back(lake::deflate_container::raw);
  std::string out;

  CHECK(back.decompress(stored + "x", 10'000).error().message == "1 bytes follow the end of the compressed stream");
  CHECK(back.decompress(stored, 9'999).error().message == "decodes to more than the 9999 bytes announced");
  CHECK(back.decompress_all(stored, out, 9'999).error().code == lake::errc::limit_exceeded);
  CHECK(back.decompress_all(stored + "x", out, 20'000).error().code == lake::errc::corrupt_body);
}
