#include <lake/core/member.hpp>

#include <string>

#include "support/catch.hpp"

using lake::errc;
using lake::merge_type;
using lake::time_seq;

TEST_CASE("members have these texts", "[member]") {
  CHECK(lake::encode_delta_member({1700000000, 1}, merge_type::replace, "/") == "delta|1|/|1700000000_1");
  CHECK(lake::encode_delta_member({1700000000, 12}, merge_type::rfc6902, "/a/b.c") == "delta|3|/a/b.c|1700000000_12");
  CHECK(lake::encode_pending_member({1700000000, 1}, merge_type::rfc7396, "/a") == "pending|delta|2|/a|1700000000_1");
  CHECK(lake::encode_snapshot_member({}, {1700000000, 1}) == "snap|0_0|1700000000_1");
}

TEST_CASE("a member is read back as it was written", "[member]") {
  const time_seq id{1700000000, 999999};

  const std::string committed = lake::encode_delta_member(id, merge_type::rfc7396, "/$a/b");
  CHECK(lake::decode_delta_member(committed, id.score()).value() == lake::delta_member{false, merge_type::rfc7396, "/$a/b", id});

  const std::string pending = lake::encode_pending_member(id, merge_type::rfc6902, "/");
  CHECK(lake::decode_delta_member(pending).value() == lake::delta_member{true, merge_type::rfc6902, "/", id});

  const std::string snap = lake::encode_snapshot_member({1, 2}, id);
  CHECK(lake::decode_snapshot_member(snap, id.score()).value() == lake::snapshot_member{{1, 2}, id});
}

TEST_CASE("a delta member that breaks a rule is a corrupt index, with the member in the message", "[member]") {
  const std::string stored =
      GENERATE("", "delta", "delta|1|/", "delta|1|/|1_1|", "delta|1|/|1_1|x", "delta|0|/|1_1", "delta|4|/|1_1", "delta|01|/|1_1",
               "delta||/|1_1", "delta|1||1_1", "delta|1|a|1_1", "delta|1|/a/|1_1", "delta|1|/|1", "delta|1|/|0_0", "delta|1|/|01_1",
               "delta|1|/|1.000001", "delta|1|/|1_1000000", "Delta|1|/|1_1", "pending|1|/|1_1", "pending|delta|1|/",
               "pending|pending|delta|1|/|1_1", "snap|1_1|2_1", "delta|1|/|1_1 ", "delta|1|/|-1_1");
  CAPTURE(stored);

  const auto decoded = lake::decode_delta_member(stored);

  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == errc::corrupt_index);
  CHECK(decoded.error().message.find("\"" + stored + "\"") != std::string::npos);
}

TEST_CASE("a snapshot member that breaks a rule is a corrupt index", "[member]") {
  const std::string stored = GENERATE("", "snap", "snap|0_0", "snap|0_0|1_1|2_2", "snap|0_0|0_0", "snap|2_1|1_1", "snap|x|1_1",
                                      "snap|0_0|1.000001", "snap|0.000000|1_1", "delta|0_0|1_1", "snap||1_1");
  CAPTURE(stored);

  const auto decoded = lake::decode_snapshot_member(stored);

  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == errc::corrupt_index);
}

TEST_CASE("a member whose score is not that of its id is a corrupt index", "[member]") {
  CHECK(lake::decode_delta_member("delta|1|/|1700000000_1", 1700000000.000002).error().code == errc::corrupt_index);
  CHECK(lake::decode_snapshot_member("snap|0_0|1700000000_1", 1700000000.0).error().code == errc::corrupt_index);
  CHECK(lake::decode_delta_member("delta|1|/|1700000000_1", 1700000000.000001).has_value());
}

TEST_CASE("the member hash is the SHA-1 of the delta members, a line each", "[member]") {
  lake::member_hash hash;
  CHECK(hash.hex() == "da39a3ee5e6b4b0d3255bfef95601890afd80709");

  hash.add({1700000000, 1}, merge_type::replace, "/");
  hash.add({1700000000, 2}, merge_type::rfc6902, "/a");

  const auto wanted = lake::pure::hex(lake::pure::sha1("delta|1|/|1700000000_1\ndelta|3|/a|1700000000_2\n"));
  CHECK(hash.hex() == wanted);
  CHECK(hash.hex() == wanted);
}
