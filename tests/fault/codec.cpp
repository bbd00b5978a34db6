// A codec that never gives the same bytes twice, as encryption does: a lost reply must still find its own body.
#include "fault/support.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

/// Puts a fresh byte in front of each body.
class nonce_codec {
 public:
  static constexpr bool passthrough = false;
  static constexpr bool plain_allowed = false;

  lake::result<lake::codec_ids> encode(const lake::codec_context&, std::string_view plain, std::string& out) const {
    out += static_cast<char>(random_());
    out += plain;
    lake::codec_ids applied;
    applied.push(200);
    return applied;
  }
  lake::result<std::string> decode(const lake::codec_context&, const lake::codec_ids&, std::string_view stored, std::size_t decoded_bytes) const {
    if (stored.size() != decoded_bytes + 1) return lake::error{lake::errc::corrupt_body, "decode", {}, "another length than declared"};
    return std::string(stored.substr(1));
  }

 private:
  lake::random_source random_;
};

}  // namespace

TEST_CASE("A store whose reply was lost finds its own body again, whatever the codec drew", "[fault]") {
  lake_test::faulty_world<lake_test::in_memory> world;
  auto plain = world.open();
  REQUIRE(plain.open());
  lake::lake_options options{.snapshots = lake::snapshot_policy::never(), .clock = world.clock.source(), .executor = lake_test::sleepless(world.clock)};
  lake::basic_lake db(options, plain.index(), plain.storage(), lake::no_cache{}, nonce_codec{});
  const std::string storage_before = world.storage_dump();
  world.plan.fail({.operation = "create", .mode = lake::fault_mode::after});

  const auto written = db.write({.catalog = "users", .path = "/a", .body = "1"});

  // The store failed as far as the writer knows: rolled back, and its body removed.
  REQUIRE(!written);
  CHECK(written.error().to_string().find("not written") != std::string::npos);
  CHECK(world.storage_dump() == storage_before);
  CHECK(db.write({.catalog = "users", .path = "/a", .body = "2"}));
  CHECK(db.read_string("users") == R"({"a":2})");
}
