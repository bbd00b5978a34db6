#include <lake/core/envelope.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"
#include "support/data.hpp"

using lake::envelope_fields;
using lake::errc;
using lake::merge_type;
using lake::object_kind;

namespace {

std::string golden(const char* file) { return lake_test::file_bytes(std::filesystem::path(LAKE_SOURCE_DIR) / "tests" / "golden" / file); }

std::string seal(envelope_fields fields, std::string_view decoded, std::string_view encoded, lake::codec_ids codecs = {},
                 std::uint32_t key_id = 0) {
  fields.decoded_bytes = decoded.size();
  fields.digest = lake::pure::xxh64(decoded);
  std::string out;
  lake::envelope_writer writer(out, fields);
  out += encoded;
  writer.finish(codecs, key_id);
  return out;
}

envelope_fields delta_fields() {
  envelope_fields fields{.kind = object_kind::delta,
                         .merge = merge_type::rfc7396,
                         .id = {1700000000, 1},
                         .catalog = "users",
                         .path = "/profile",
                         .meta = R"({"by":"t"})"};
  for (std::size_t i = 0; i < 16; ++i) fields.write_id[i] = static_cast<std::uint8_t>(i);
  return fields;
}

// A codec for these tests: each byte xor 0x5a, then one byte 1.
std::string scramble(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += static_cast<char>(c ^ 0x5a);
  return out += '\1';
}
std::string unscramble(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, bytes.empty() ? 0 : bytes.size() - 1)) out += static_cast<char>(c ^ 0x5a);
  return out;
}

lake::codec_ids two_codecs() {
  lake::codec_ids codecs;
  codecs.push(7);
  codecs.push(9);
  return codecs;
}

// What a reader does: read, decode, check. Success only if nothing is off.
lake::result<std::string> open(std::string_view stored) {
  auto envelope = lake::read_envelope(stored, "the/key");
  if (!envelope) return std::move(envelope).error();
  std::string decoded = envelope->codecs.empty() ? std::string(envelope->stored_body) : unscramble(envelope->stored_body);
  if (auto checked = lake::check_body(*envelope, decoded, "the/key"); !checked) return std::move(checked).error();
  return decoded;
}

constexpr std::string_view ada = R"({"name":"Ada","n":1.0})";

}  // namespace

TEST_CASE("the golden delta is written and read byte for byte", "[envelope]") {
  const std::string stored = golden("envelope_v1_delta.bin");
  REQUIRE(stored.size() == 157);

  CHECK(seal(delta_fields(), ada, ada) == stored);

  const auto read = lake::read_envelope(stored, "key");
  REQUIRE(read);
  CHECK(read->kind == object_kind::delta);
  CHECK(read->merge == merge_type::rfc7396);
  CHECK(read->id == lake::time_seq{1700000000, 1});
  CHECK(read->start.is_zero());
  CHECK(read->gen.is_zero());
  CHECK(read->catalog == "users");
  CHECK(read->path == "/profile");
  CHECK(read->meta == R"({"by":"t"})");
  CHECK(read->write_id == delta_fields().write_id);
  CHECK(read->codecs.empty());
  CHECK(read->key_id == 0);
  CHECK(read->stored_body == ada);
  CHECK(lake::check_body(*read, read->stored_body, "key").has_value());
}

TEST_CASE("the golden snapshot is written and read byte for byte", "[envelope]") {
  const std::string stored = golden("envelope_v1_snapshot.bin");
  const std::string_view body = "{\"城\":\"北京\"}";
  envelope_fields fields{
      .kind = object_kind::snapshot, .id = {8589934591, 999999}, .start = {1700000000, 1}, .gen = {1700000005, 42}, .catalog = "中文"};
  for (std::size_t i = 0; i < 16; ++i) fields.write_id[i] = static_cast<std::uint8_t>(255 - i);

  CHECK(seal(fields, body, scramble(body), two_codecs(), 0xa1b2c3d4) == stored);

  const auto read = lake::read_envelope(stored, "key");
  REQUIRE(read);
  CHECK(read->kind == object_kind::snapshot);
  CHECK_FALSE(read->merge.has_value());
  CHECK(read->id == fields.id);
  CHECK(read->start == fields.start);
  CHECK(read->gen == fields.gen);
  CHECK(read->catalog == "中文");
  CHECK(read->path.empty());
  CHECK(read->meta.empty());
  CHECK(read->write_id == fields.write_id);
  CHECK(read->codecs == two_codecs());
  CHECK(read->key_id == 0xa1b2c3d4);
  CHECK(open(stored).value() == body);
}

TEST_CASE("the golden file is written and read byte for byte", "[envelope]") {
  const std::string stored = golden("envelope_v1_file.bin");
  std::string body;
  for (int i = 0; i < 256; ++i) body += static_cast<char>(i);
  envelope_fields fields{
      .kind = object_kind::file, .id = {1700000001, 123456}, .catalog = "tenants/42", .path = "/avatar.png", .meta = "{}"};
  fields.write_id.fill(0xab);

  CHECK(seal(fields, body, body) == stored);

  const auto read = lake::read_envelope(stored, "key");
  REQUIRE(read);
  CHECK(read->kind == object_kind::file);
  CHECK(read->path == "/avatar.png");
  CHECK(open(stored).value() == body);
}

TEST_CASE("an envelope can be written behind other bytes, and around an empty body", "[envelope]") {
  std::string out = "before";
  envelope_fields fields = delta_fields();
  fields.digest = lake::pure::xxh64("");

  lake::envelope_writer writer(out, fields);
  CHECK(writer.body_offset() == out.size());
  writer.finish();

  CHECK(out.substr(0, 6) == "before");
  CHECK(open(std::string_view(out).substr(6)).value().empty());
}

TEST_CASE("a flipped bit anywhere is found", "[envelope]") {
  const bool encoded = GENERATE(false, true);
  CAPTURE(encoded);
  const std::string good =
      seal(delta_fields(), ada, encoded ? scramble(ada) : std::string(ada), encoded ? two_codecs() : lake::codec_ids{});
  REQUIRE(open(good).value() == ada);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    CAPTURE(bit);

    const auto opened = open(bad);

    REQUIRE_FALSE(opened);
    // A later version has its own answer: only the version byte can look like one.
    REQUIRE((opened.error().code == errc::corrupt_body || (bit / 8 == 4 && opened.error().code == errc::unsupported)));
    REQUIRE(opened.error().subject == "the/key");
  }
}

TEST_CASE("an envelope cut off anywhere, or with bytes behind it, is found", "[envelope]") {
  const bool encoded = GENERATE(false, true);
  const std::string good =
      seal(delta_fields(), ada, encoded ? scramble(ada) : std::string(ada), encoded ? two_codecs() : lake::codec_ids{});
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    // An exact allocation, so that a sanitizer sees a read behind the end.
    const std::string cut(good, 0, size);
    const auto opened = open(cut);
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().code == errc::corrupt_body);
  }
  CHECK(open(good + "x").error().code == errc::corrupt_body);
}

TEST_CASE("lengths that overflow are found before anything is read with them", "[envelope]") {
  std::string bad = seal(delta_fields(), ada, ada);
  const std::size_t at = GENERATE(52u, 56u, 60u, 88u);
  CAPTURE(at);
  for (std::size_t i = 0; i < (at == 88 ? 8u : 4u); ++i) bad[at + i] = '\xff';

  CHECK(lake::read_envelope(bad, "key").error().code == errc::corrupt_body);
}

TEST_CASE("a later format version is unsupported, by its number", "[envelope]") {
  std::string later = seal(delta_fields(), ada, ada);
  later[4] = 2;

  const auto read = lake::read_envelope(later, "the/key");

  REQUIRE_FALSE(read);
  CHECK(read.error().code == errc::unsupported);
  CHECK(read.error().message.find("version 2") != std::string::npos);
  CHECK(read.error().subject == "the/key");
}

TEST_CASE("numbers without a meaning are refused although the check holds", "[envelope]") {
  const auto code_of = [](const envelope_fields& fields, lake::codec_ids codecs = {}) {
    const std::string stored = seal(fields, ada, ada, codecs);
    const auto read = lake::read_envelope(stored, "key");
    return read ? std::optional<errc>() : std::optional(read.error().code);
  };
  envelope_fields fields = delta_fields();
  REQUIRE_FALSE(code_of(fields));

  SECTION("no merge type in a delta") { fields.merge.reset(); }
  SECTION("a merge type beyond 3") { fields.merge = static_cast<merge_type>(4); }
  SECTION("a kind beyond 3") { fields.kind = static_cast<object_kind>(4); }
  SECTION("the id 0_0") { fields.id = {}; }
  SECTION("a seqid of 0") { fields.id = {5, 0}; }
  SECTION("a negative timestamp") { fields.id = {-1, 1}; }
  SECTION("a start above the stop") { fields = {.kind = object_kind::snapshot, .id = {5, 1}, .start = {6, 1}, .catalog = "users"}; }

  CHECK(code_of(fields) == errc::corrupt_body);
}

TEST_CASE("codec ids with a gap are refused, and a fifth codec is not taken", "[envelope]") {
  lake::codec_ids gap;
  gap.ids = {0, 7, 0, 0};
  const std::string stored = seal(delta_fields(), ada, ada, gap);
  CHECK(lake::read_envelope(stored, "key").error().code == errc::corrupt_body);

  lake::codec_ids full;
  for (std::uint8_t id = 1; id <= 4; ++id) CHECK(full.push(id));
  CHECK_FALSE(full.push(5));
  CHECK_FALSE(lake::codec_ids{}.push(0));
  CHECK(full.size() == 4);
}

TEST_CASE("a body of another length or digest does not pass", "[envelope]") {
  const std::string stored = seal(delta_fields(), ada, ada);
  const auto read = lake::read_envelope(stored, "key");
  REQUIRE(read);

  CHECK(lake::check_body(*read, ada.substr(1), "key").error().code == errc::corrupt_body);
  std::string other(ada);
  other[0] = '[';
  CHECK(lake::check_body(*read, other, "key").error().code == errc::corrupt_body);
}

TEST_CASE("an exchanged object is found by kind, catalog or id", "[envelope]") {
  const std::string stored = seal(delta_fields(), ada, ada);
  const auto read = lake::read_envelope(stored, "key");
  REQUIRE(read);

  CHECK(lake::expect(*read, object_kind::delta, "users", {1700000000, 1}, "key").has_value());
  for (const auto& checked : {lake::expect(*read, object_kind::file, "users", {1700000000, 1}, "key"),
                              lake::expect(*read, object_kind::delta, "Users", {1700000000, 1}, "key"),
                              lake::expect(*read, object_kind::delta, "users", {1700000000, 2}, "key")}) {
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == errc::corrupt_body);
    CHECK(checked.error().message.find("delta 1700000000_1 of \"users\"") != std::string::npos);
  }
}
