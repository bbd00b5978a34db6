#include <lake/codec/gzip.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace {

const lake::codec_context context{"00112233445566778899aabbccddeeff", "users", lake::object_kind::delta, {1'700'000'000, 1}};
const std::string json_body = R"({"users":[{"name":"Anna","active":true},{"name":"Bert","active":true},{"name":"Carl","active":true},)"
                              R"({"name":"Dora","active":false},{"name":"Emil","active":true}]})";

}  // namespace

TEST_CASE("gzip_codec stores one gzip member and says so") {
  const lake::gzip_codec codec;
  std::string out;

  const lake::result<lake::codec_ids> applied = codec.encode(context, json_body, out);

  REQUIRE(applied);
  CHECK(*applied == lake::codec_ids{.ids = {lake::gzip_codec_id}});
  CHECK(out.starts_with("\x1f\x8b\x08"));
  CHECK(out.size() < json_body.size());
}

TEST_CASE("gzip_codec stores a small body as it is") {
  std::string out = "before ";

  const lake::result<lake::codec_ids> applied = lake::gzip_codec{{.min_bytes = json_body.size() + 1}}.encode(context, json_body, out);

  REQUIRE(applied);
  CHECK(applied->empty());
  CHECK(out == "before " + json_body);
}

TEST_CASE("gzip_codec stores a body that does not shrink as it is") {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<char>(i));
  std::string out = "before ";

  const lake::result<lake::codec_ids> applied = lake::gzip_codec{}.encode(context, all_bytes, out);

  REQUIRE(applied);
  CHECK(applied->empty());
  CHECK(out == "before " + all_bytes);
}

TEST_CASE("gzip_codec refuses a level outside 1 to 9 with the first body, also a small one") {
  const int level = GENERATE(-1, 0, 10);
  const lake::gzip_codec codec{{.level = level}};
  std::string out = "before";

  for (const std::string_view plain : {std::string_view("{}"), std::string_view(json_body)}) {
    const lake::result<lake::codec_ids> applied = codec.encode(context, plain, out);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().to_string() ==
          "codec.encode \"users\": configuration: gzip: compression level " + std::to_string(level) + " is outside 1 to 9");
  }
  CHECK(out == "before");
}

TEST_CASE("gzip_codec reads a plain body that was stored by another codec") {
  CHECK(lake::gzip_codec{}.decode(context, {}, "{}", 2) == "{}");
  CHECK(lake::gzip_codec{}.decode(context, {}, "{}", 3).error().code == lake::errc::corrupt_body);
}

TEST_CASE("a codec names the codecs it does not know") {
  const auto message = [](const auto& codec, lake::codec_ids applied) {
    return codec.decode(context, applied, "bytes", 5).error().message;
  };

  CHECK(message(lake::gzip_codec{}, {.ids = {3}}) == "the body was encoded by codec 3 (aes_gcm), the lake is opened with gzip");
  CHECK(message(lake::gzip_codec{}, {.ids = {1, 3}}) ==
        "the body was encoded by codec 1 (gzip), 3 (aes_gcm), the lake is opened with gzip");
  CHECK(message(lake::gzip_codec{}, {.ids = {1, 1}}) ==
        "the body was encoded by codec 1 (gzip), 1 (gzip), the lake is opened with gzip");
  CHECK(message(lake::identity_codec{}, {.ids = {1}}) == "the body was encoded by codec 1 (gzip), the lake is opened with none");
  CHECK(message(lake::identity_codec{}, {.ids = {77}}) == "the body was encoded by codec 77 (unnamed), the lake is opened with none");
}

TEST_CASE("a copied gzip_codec outlives the first one") {
  std::string out;
  lake::codec_ids applied;
  lake::gzip_codec copy;
  {
    const lake::gzip_codec first{{.level = 9}};
    copy = first;
    applied = *first.encode(context, json_body, out);
  }

  CHECK(copy.decode(context, applied, out, json_body.size()) == json_body);
}
