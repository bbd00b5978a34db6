#include <lake/core/time_seq_parse.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "support/catch.hpp"

using lake::errc;
using lake::time_seq;

TEST_CASE("an id is read from its text and from its score with six decimals", "[time_seq]") {
  CHECK(time_seq::parse("1700000000_1").value() == time_seq{1700000000, 1});
  CHECK(time_seq::parse("1700000000.000001").value() == time_seq{1700000000, 1});
  CHECK(time_seq::parse("8589934591_999999").value() == time_seq{8589934591, 999999});
  CHECK(time_seq::parse("8589934591.999999").value() == time_seq{8589934591, 999999});
  CHECK(time_seq::parse("0_0").value() == time_seq{});
  CHECK(time_seq::parse("0.000000").value() == time_seq{});
  CHECK(time_seq::parse("0_1").value() == time_seq{0, 1});
}

TEST_CASE("a text that is no id is refused with the rule it breaks", "[time_seq]") {
  struct row {
    const char* from;
    const char* rule;
  };
  const auto [from, rule] = GENERATE(
      row{"", "expected {timestamp}_{seqid}"}, row{"1700000000", "expected {timestamp}_{seqid}"}, row{"_1", "a number is missing"},
      row{"1_", "a number is missing"}, row{"01_1", "leading zeros"}, row{"1_01", "leading zeros"}, row{"00_1", "leading zeros"},
      row{"+1_1", "only digits"}, row{"-1_1", "only digits"}, row{"1e9_1", "only digits"}, row{" 1_1", "only digits"},
      row{"1_1 ", "only digits"}, row{"1_2_3", "only digits"}, row{"1_2.3", "only digits"}, row{"1_1000000", "seqid must be 1 to 999999"},
      row{"5_0", "seqid 0 is allowed in 0_0 only"}, row{"5.000000", "seqid 0 is allowed in 0_0 only"},
      row{"8589934592_1", "timestamp must be 0 to 8589934591"}, row{"99999999999999999999_1", "timestamp must be 0 to 8589934591"},
      row{"1_99999999999999999999", "seqid 1 to 999999"}, row{"1.00001", "exactly six decimals"}, row{"1.0000010", "exactly six decimals"},
      row{"1.", "exactly six decimals"}, row{"1.00000a", "exactly six decimals"}, row{".000001", "a number is missing"});
  CAPTURE(from);

  const auto id = time_seq::parse(from);

  REQUIRE_FALSE(id);
  CHECK(id.error().code == errc::invalid_time_seq);
  CAPTURE(id.error().message);
  CHECK(id.error().message.find(rule) != std::string::npos);
  CHECK(id.error().message.find(std::string("\"") + from + "\"") == 0);
}

TEST_CASE("every id comes back from its text and from its score", "[time_seq]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const time_seq id{static_cast<std::int64_t>(random() >> (31 + random() % 33)), static_cast<std::int32_t>(random() % 999999 + 1)};
    CAPTURE(id.timestamp, id.seqid);

    CHECK(time_seq::parse(id.to_string()).value() == id);
    CHECK(time_seq::from_score(id.score()).value() == id);
  }
}

TEST_CASE("neighbouring ids have different scores up to the last second", "[time_seq]") {
  for (const std::int64_t second : {std::int64_t{0}, std::int64_t{1700000000}, time_seq::max_timestamp}) {
    for (std::int32_t seqid = 1; seqid < 2000; ++seqid) {
      const time_seq id{second, seqid};

      CHECK(id.score() < lake::next(id).score());
      CHECK(time_seq::from_score(id.score()).value() == id);
    }
  }
}

TEST_CASE("a number that is no id's score is refused", "[time_seq]") {
  const double bad = GENERATE(-1.0, -0.5, 5.0, 1700000000.0000005, 0.0000001, 8589934592.0, 1e300, std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN());
  CAPTURE(bad);

  const auto id = time_seq::from_score(bad);

  REQUIRE_FALSE(id);
  CHECK(id.error().code == errc::invalid_time_seq);
  CHECK_FALSE(id.error().message.empty());
}

TEST_CASE("the score 0 is the id before everything", "[time_seq]") { CHECK(time_seq::from_score(0.0).value() == time_seq{}); }
