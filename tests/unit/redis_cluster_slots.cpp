// Which slot a key has, and what a cluster says of its slots: against vectors of the specification, and answers that make no sense.
#include "support/catch.hpp"

#include <lake/detail/redis_reader.hpp>
#include <lake/detail/redis_slots.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using lake::detail::parse_cluster_slots;
using lake::detail::redis_crc16;
using lake::detail::redis_reader;
using lake::detail::redis_reply;
using lake::detail::redis_slot;
using lake::detail::redis_slot_range;
using lake::detail::redis_tag;

redis_reply reply_of(std::string_view bytes) {
  redis_reader reader;
  redis_reply made;
  REQUIRE(reader.feed(bytes));
  REQUIRE(reader.next(made) == redis_reader::step::whole);
  return made;
}

std::optional<std::vector<redis_slot_range>> slots_of(std::string_view bytes) {
  return parse_cluster_slots(reply_of(bytes).view(), "asked");
}

}  // namespace

TEST_CASE("The checksum of keys is CRC-16/XMODEM") {
  CHECK(redis_crc16("123456789") == 0x31C3);
  CHECK(redis_crc16("") == 0);
  CHECK(redis_crc16(std::string_view("\0", 1)) == 0);
  CHECK(redis_crc16("\xff") == 0x1EF0);
}

TEST_CASE("A key's slot is that of its first non-empty tag") {
  CHECK(redis_slot("123456789") == 0x31C3 % 16384);
  CHECK(redis_slot("foo") == 12182);
  CHECK(redis_slot("{user1000}.following") == redis_slot("{user1000}.followers"));
  CHECK(redis_slot("x{foo}y") == 12182);

  CHECK(redis_tag("plain") == "plain");
  CHECK(redis_tag("foo{}{bar}") == "foo{}{bar}");
  CHECK(redis_tag("foo{{bar}}zap") == "{bar");
  CHECK(redis_tag("foo{bar}{zap}") == "bar");
  CHECK(redis_tag("foo{bar") == "foo{bar");
  CHECK(redis_tag("foo}bar{") == "foo}bar{");
}

TEST_CASE("The table of slots names the owner of every run, and the asked host where a node does not know its own") {
  const auto ranges = slots_of(
      "*2\r\n"
      "*4\r\n:0\r\n:5460\r\n*3\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n*3\r\n$9\r\n127.0.0.1\r\n:7003\r\n$2\r\nr1\r\n"
      "*3\r\n:5461\r\n:16383\r\n*2\r\n$0\r\n\r\n:7001\r\n");

  REQUIRE(ranges.has_value());
  REQUIRE(ranges->size() == 2);
  CHECK((*ranges)[0] == redis_slot_range{0, 5460, {"127.0.0.1", 7000, {}}});
  CHECK((*ranges)[1] == redis_slot_range{5461, 16383, {"asked", 7001, {}}});
  CHECK(slots_of("*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$-1\r\n:7001\r\n")->at(0).owner.host == "asked");
  CHECK(slots_of("*0\r\n")->empty());
}

TEST_CASE("A table of slots that makes no sense is refused") {
  for (const std::string_view told :
       {"+OK\r\n", ":1\r\n", "$-1\r\n", "*1\r\n:1\r\n", "*1\r\n*0\r\n", "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
        "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$1\r\nh\r\n:1\r\n", "*1\r\n*3\r\n:-1\r\n:4\r\n*2\r\n$1\r\nh\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n$1\r\nh\r\n:0\r\n", "*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n$1\r\nh\r\n:65536\r\n",
        "*1\r\n*2\r\n:0\r\n:4\r\n", "*1\r\n*3\r\n$1\r\n0\r\n:4\r\n*2\r\n$1\r\nh\r\n:1\r\n"}) {
    INFO(told);
    CHECK_FALSE(slots_of(told).has_value());
  }
}
