// Bodies as v2 clients store them: every golden object, and every way in which one can be wrong.
#include <lake/codec/go_v2.hpp>
#include <lake/layout/go_v2.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t most = std::size_t{1} << 20U;

lake::codec_context context() { return {"", "users", lake::object_kind::delta, lake::time_seq{1'700'000'000, 1}}; }

lake::go_v2_codec with_password(std::string password, int level = 1) {
  return lake::go_v2_codec::create({.password = std::move(password), .level = level}).value();
}
std::string encoded(const lake::go_v2_codec& codec, std::string_view plain) {
  std::string out;
  CHECK(codec.encode(context(), plain, out).value().empty());
  return out;
}
lake::result<std::string> decoded(const lake::go_v2_codec& codec, std::string_view stored, std::size_t bound = most) {
  return codec.decode(context(), {}, stored, bound);
}
/// The message of a corrupt_body; anything else fails the test.
std::string refusal(const lake::go_v2_codec& codec, std::string_view stored, std::size_t bound = most) {
  const auto plain = decoded(codec, stored, bound);
  REQUIRE_FALSE(plain.has_value());
  CHECK(plain.error().code == lake::errc::corrupt_body);
  return plain.error().message;
}

/// The bodies of the write script by the key that a delta of them has on a file system.
struct golden_body {
  std::string catalog;
  std::string bytes;
};
std::vector<nlohmann::json> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(in, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

/// The objects of one golden run decode to what its script wrote: deltas in order per catalog, files by path; snapshots to JSON.
void decode_golden_run(const std::filesystem::path& run, const lake::go_v2_codec& codec) {
  std::map<std::string, std::vector<std::string>> deltas;
  std::map<std::string, std::string> files;
  for (const nlohmann::json& op : lines_of(run / "ops.jsonl")) {
    const std::string what = op.at("do");
    if (what == "write") deltas[op.at("catalog")].push_back(op.at("bodyText"));
    if (what == "file")
      files[lake::layout::go_v2::file_key(lake::storage_kind::filesystem, op.at("catalog").get<std::string>(),
                                          op.at("path").get<std::string>())] = op.at("bodyText");
  }
  std::size_t checked = 0;
  const auto dump = nlohmann::json::parse(lake_test::file_bytes(run / "redis-dump.json"));
  for (const auto& [catalog, bodies] : deltas) {
    INFO("catalog " << catalog);
    std::map<lake::time_seq, lake::merge_type> members;
    for (const nlohmann::json& key : dump) {
      if (key.at("key") != "file:interop:" + catalog + ":delta") continue;
      for (const nlohmann::json& each : key.at("members")) {
        const auto member = each.at("member").get<std::string>();
        const auto read = lake::decode_delta_member(member).value();
        members[read.id] = read.merge;
      }
    }
    REQUIRE(members.size() == bodies.size());
    std::size_t i = 0;
    for (const auto& [id, merge] : members) {
      const auto key = lake::layout::go_v2::delta_key(lake::storage_kind::filesystem, catalog, id, merge);
      INFO(key);
      CHECK(decoded(codec, lake_test::file_bytes(run / "storage" / key)) == bodies[i++]);
      ++checked;
    }
  }
  std::size_t objects = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(run / "storage")) {
    if (!entry.is_regular_file()) continue;
    ++objects;
    const std::string key = std::filesystem::relative(entry.path(), run / "storage").generic_string();
    INFO(key);
    const auto plain = decoded(codec, lake_test::file_bytes(entry.path()));
    REQUIRE(plain.has_value());
    if (const auto file = files.find(key); file != files.end()) {
      CHECK(*plain == file->second);
      ++checked;
    } else if (key.ends_with(".snap")) {
      CHECK(nlohmann::json::accept(*plain));
      ++checked;
    }
  }
  CHECK(checked == objects);
  CHECK(objects > 50);
}

}  // namespace

TEST_CASE("every object of the golden v2 runs decodes to what was written, plain and encrypted") {
  const auto data = lake_test::data_folder() / "go_v2";
  if (!std::filesystem::exists(data)) LAKE_SKIP("no golden data in " + data.string());

  decode_golden_run(data / "plain", lake::go_v2_codec{});
  decode_golden_run(data / "aes", with_password("s3cret-key"));
}

TEST_CASE("a go_v2 body comes back, at any level, with and without a password, and leaves what was in the string") {
  std::string noise(5'000, '\0');
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>((i * 2'654'435'761U) >> 13U);
  for (const std::string& plain : {std::string(), std::string("{}"), std::string(100'000, 'a'), noise}) {
    for (const char* password : {"", "short", "exactly thirty-two bytes of key!", "a password that is longer than thirty-two bytes"}) {
      for (const int level : {1, 9}) {
        const auto codec = with_password(password, level);
        std::string out = "before";
        REQUIRE(codec.encode(context(), plain, out).has_value());
        REQUIRE(out.starts_with("before"));
        CHECK(decoded(codec, std::string_view(out).substr(6)) == plain);
        CHECK(codec.encrypts() == (*password != '\0'));
      }
    }
  }
}

TEST_CASE("a go_v2 password is cut at 32 bytes and padded with zeros") {
  const std::string cut = "exactly thirty-two bytes of key!";

  CHECK(decoded(with_password(cut), encoded(with_password(cut + " and more"), "{}")) == "{}");
  CHECK(decoded(with_password(std::string("key\0\0", 5)), encoded(with_password("key"), "{}")) == "{}");
  CHECK_FALSE(decoded(with_password("key!"), encoded(with_password("key"), "{}")).has_value());
}

TEST_CASE("an encrypted go_v2 body is nonce, text and tag, and never the same twice") {
  const auto codec = with_password("pw");
  const std::string plain = encoded(lake::go_v2_codec{}, "{\"a\":1}");

  const std::string first = encoded(codec, "{\"a\":1}");
  const std::string second = encoded(codec, "{\"a\":1}");

  CHECK(plain.starts_with("\x1f\x8b"));
  CHECK(first.size() == plain.size() + 28);
  CHECK(first.substr(0, 12) != second.substr(0, 12));
  CHECK(first.substr(12) != second.substr(12));
}

TEST_CASE("each fault of a go_v2 body has its own sentence, and none tells the password") {
  const auto codec = with_password("s3cret-key");
  const std::string body = encoded(codec, std::string(500, 'x') + "end");
  const std::string bare = encoded(lake::go_v2_codec{}, std::string(500, 'x') + "end");

  CHECK(refusal(codec, body.substr(0, 30)) == "it is truncated: 30 bytes, an encrypted body has at least 48");
  const std::string refused = "AES-256-GCM refuses it: it was encrypted under another AESPwd, or its bytes were changed or cut";
  CHECK(refusal(codec, body.substr(0, body.size() - 1)) == refused);
  CHECK(refusal(with_password("s3cret-kez"), body) == refused);
  CHECK(refusal(codec, bare) == "it is not encrypted, and this lake has an AESPwd: it was written without one");
  CHECK(refusal(lake::go_v2_codec{}, "{\"a\":1}") == "it is no gzip stream: it is damaged, or encrypted and this lake has no AESPwd");
  CHECK(refusal(lake::go_v2_codec{}, bare.substr(0, bare.size() - 1)) == "gzip: the compressed stream is truncated");
  CHECK(refusal(lake::go_v2_codec{}, bare, 502) == "gzip: decodes to more than the limit of 502 bytes");
  CHECK(refusal(codec, body, 502) == "gzip: decodes to more than the limit of 502 bytes");
  CHECK(refusal(lake::go_v2_codec{}, bare + "x") != "");
  CHECK(decoded(lake::go_v2_codec{}, bare, 503).has_value());
  for (const std::string& message : {refusal(with_password("s3cret-kez"), body), refusal(codec, bare)}) {
    CHECK(message.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("no bit of a go_v2 body can be flipped unseen") {
  const std::string plain = "{\"a\":[1,2,3],\"b\":\"text\"}";
  for (const char* password : {"", "pw"}) {
    const auto codec = with_password(password);
    const std::string body = encoded(codec, plain);
    std::size_t unseen = 0;
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
      std::string flipped = body;
      flipped[bit / 8] = static_cast<char>(static_cast<unsigned char>(flipped[bit / 8]) ^ (1U << (bit % 8)));
      const auto read = decoded(codec, flipped);
      if (!read) CHECK(read.error().code == lake::errc::corrupt_body);
      else if (*read != plain || codec.encrypts()) ++unseen;  // Of a bare gzip header some bits mean nothing.
    }
    CHECK(unseen == 0);
  }
}

TEST_CASE("a go_v2 codec with a level that gzip does not have is refused") {
  const auto made = lake::go_v2_codec::create({.password = "pw", .level = 10});

  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == lake::errc::configuration);
  CHECK(made.error().to_string() == "go_v2_codec: configuration: compression level 10 is outside 1 to 9");
}
