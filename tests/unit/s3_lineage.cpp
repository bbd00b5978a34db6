// How a put is known again: tokens, the line of tokens behind an object, tags made of it, and what they say of a swap whose answer was
// lost.
#include "support/catch.hpp"

#include <lake/core/random.hpp>
#include <lake/detail/s3_lineage.hpp>

#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace lake::detail;

/// A token that tells its number: 16 digits.
std::string token(int number) {
  std::string digits = std::to_string(number);
  return std::string(16 - digits.size(), '0') + digits;
}

/// The lineage after so many swaps, from the object with token 1 on.
std::string lineage_of(int puts) {
  std::string out = token(1);
  for (int i = 2; i <= puts; ++i) out = lineage_after(token(i), out);
  return out;
}

constexpr std::string_view own = "00000000000000aa";
constexpr std::string_view other = "00000000000000bb";
constexpr std::string_view seen = "00000000000000cc";
constexpr std::string_view older = "00000000000000dd";

std::string line(std::initializer_list<std::string_view> tokens) {
  std::string out;
  for (const std::string_view each : tokens) out.append(out.empty() ? "" : " ").append(each);
  return out;
}

}  // namespace

TEST_CASE("A put token is 16 hex digits of random bits") {
  CHECK(make_put_token(lake::random_source([] { return std::uint64_t{0x0123'4567'89ab'cdef}; })) == "0123456789abcdef");
  CHECK(make_put_token(lake::random_source([] { return std::uint64_t{7}; })) == "0000000000000007");
}

TEST_CASE("Put tokens of the real source differ") {
  std::set<std::string> all;
  for (int i = 0; i < 1'000; ++i) all.insert(make_put_token(lake::random_source()));

  CHECK(all.size() == 1'000);
}

TEST_CASE("The first token of a lineage is the object's own, 0 where it has none") {
  CHECK(first_put("") == "0");
  CHECK(first_put(own) == own);
  CHECK(first_put(line({own, seen, "0"})) == own);
}

TEST_CASE("A lineage names its tokens and no parts of them") {
  const std::string lineage = line({own, seen, older});

  CHECK(descends_from(lineage, own));
  CHECK(descends_from(lineage, seen));
  CHECK(descends_from(lineage, older));
  CHECK_FALSE(descends_from(lineage, other));
  CHECK_FALSE(descends_from(lineage, "00000000000000"));
  CHECK_FALSE(descends_from(lineage, "aa"));
  CHECK_FALSE(descends_from(lineage, line({own, seen})));
  CHECK_FALSE(descends_from("", own));
}

TEST_CASE("No text is taken for a token of an empty lineage, and blanks are no tokens") {
  CHECK_FALSE(descends_from("", ""));
  CHECK_FALSE(descends_from("   ", own));
  CHECK(descends_from("  00000000000000aa ", own));
}

TEST_CASE("A put that replaces an object stands before the object's lineage") {
  CHECK(lineage_after(own, line({seen, older})) == line({own, seen, older}));
}

TEST_CASE("A put that replaces an object without a token says so") { CHECK(lineage_after(own, "") == line({own, "0"})); }

TEST_CASE("A lineage has at most 32 tokens, the newest") {
  const std::string full = lineage_of(32);
  CHECK(full.size() == 32 * 17 - 1);
  CHECK(first_put(full) == token(32));
  CHECK(descends_from(full, token(1)));

  const std::string next = lineage_of(33);

  CHECK(next.size() == 32 * 17 - 1);
  CHECK(first_put(next) == token(33));
  CHECK_FALSE(descends_from(next, token(1)));
  CHECK(descends_from(next, token(2)));
  CHECK(next.ends_with(' ' + token(2)));
}

TEST_CASE("A lineage that somebody made too long does not grow further") {
  const std::string one_word(100'000, 'f');
  const std::string many_words = [] {
    std::string out;
    for (int i = 0; i < 10'000; ++i) out += "f ";
    return out;
  }();

  CHECK(lineage_after(own, one_word) == own);
  CHECK(lineage_after(own, many_words).size() <= 32 * 17 - 1);
  CHECK(lineage_after(own, many_words).starts_with(line({own, "f", "f"})));
}

TEST_CASE("A tag is an ETag and a lineage, and comes apart as it was put together") {
  const std::string tag = make_tag("t1", line({own, seen}));
  CHECK(tag == "t1 00000000000000aa 00000000000000cc");

  CHECK(split_tag(tag).etag == "t1");
  CHECK(split_tag(tag).lineage == line({own, seen}));
}

TEST_CASE("The tag of an object without a lineage is its ETag") {
  CHECK(make_tag("t1", "") == "t1");
  CHECK(split_tag("t1").etag == "t1");
  CHECK(split_tag("t1").lineage.empty());
}

TEST_CASE("A swap whose token the object names was done") {
  CHECK(fate_of_swap(own, {"t1", seen}, {"t2", line({own, seen})}) == swap_fate::done);
  CHECK(fate_of_swap(own, {"t1", seen}, {"t3", line({other, own, seen})}) == swap_fate::done);
  CHECK(fate_of_swap(own, {"t1", ""}, {"t2", line({own, "0"})}) == swap_fate::done);
}

TEST_CASE("A swap was done also where the bytes are what they were before") {
  CHECK(fate_of_swap(own, {"t1", seen}, {"t1", line({own, seen})}) == swap_fate::done);
}

TEST_CASE("A swap was not done where the object is still the one seen") {
  CHECK(fate_of_swap(own, {"t1", seen}, {"t1", seen}) == swap_fate::not_done);
  CHECK(fate_of_swap(own, {"t1", line({seen, older})}, {"t1", line({seen, older})}) == swap_fate::not_done);
  CHECK(fate_of_swap(own, {"t1", ""}, {"t1", ""}) == swap_fate::not_done);
}

TEST_CASE("A swap was not done where others replaced the object that was seen") {
  CHECK(fate_of_swap(own, {"t1", line({seen, older})}, {"t2", line({other, seen, older})}) == swap_fate::not_done);
}

TEST_CASE("What became of a swap cannot be told where the object does not go back to the one seen") {
  CHECK(fate_of_swap(own, {"t1", seen}, {"t2", other}) == swap_fate::unknown);
  CHECK(fate_of_swap(own, {"t1", seen}, {"t2", ""}) == swap_fate::unknown);
  CHECK(fate_of_swap(own, {"t1", seen}, {"", ""}) == swap_fate::unknown);
  CHECK(fate_of_swap(own, {"t1", line({seen, older})}, {"t2", line({other, older})}) == swap_fate::unknown);
  CHECK(fate_of_swap(own, {"t1", seen}, {"t1", other}) == swap_fate::unknown);
}

TEST_CASE("Of two objects without a token nobody can say that they are the same") {
  // Another program may have put over what this swap stored, and a third writer swapped that: then 0 stands behind its token.
  CHECK(fate_of_swap(own, {"t1", ""}, {"t3", line({other, "0"})}) == swap_fate::unknown);
}
