#include <lake/layout/documented.hpp>

#include <string>

#include "support/catch.hpp"

using lake::errc;
using lake::merge_type;
using lake::storage_kind;
using lake::layout::documented;
using lake::layout::index_part;

TEST_CASE("the documented layout names index keys", "[layout]") {
  const std::string prefix = documented::prefix(storage_kind::oss, "my-lake");

  CHECK(prefix == "oss:my-lake");
  CHECK(documented::prefix(storage_kind::filesystem, "a:b%{c}") == "file:a%3Ab%25%7Bc%7D");
  CHECK(documented::prefix(storage_kind::memory, "x") == "memory:x");
  CHECK(documented::prefix(storage_kind::s3, "x") == "s3:x");
  CHECK(documented::index_key(prefix, index_part::delta, "users") == "oss:my-lake:delta:dXNlcnM");
  CHECK(documented::index_key(prefix, index_part::snap, "users") == "oss:my-lake:snap:dXNlcnM");
  CHECK(documented::index_key(prefix, index_part::meta, "users") == "oss:my-lake:meta:dXNlcnM");
  CHECK(documented::index_key(prefix, index_part::files, "users") == "oss:my-lake:files:dXNlcnM");
  CHECK(documented::index_key(prefix, index_part::sample, "users") == "oss:my-lake:sample:dXNlcnM");
  CHECK(documented::index_key(prefix, index_part::ctl, "users") == "oss:my-lake:ctl:dXNlcnM");
  CHECK(documented::lake_key(prefix) == "oss:my-lake:lake");
  CHECK(documented::cache_key(prefix, "0f", "9bc6/(users/x") == "oss:my-lake:cache:0f:9bc6/(users/x");
}

TEST_CASE("the documented layout names objects, alike for every kind of storage", "[layout]") {
  const storage_kind kind = GENERATE(storage_kind::memory, storage_kind::filesystem, storage_kind::s3, storage_kind::oss);

  CHECK(documented::marker_key() == "lake.json");
  CHECK(documented::delta_key(kind, "users", {1700000000, 1}, merge_type::replace) == "9bc6/(users/delta/1700000000_1_1.json");
  CHECK(documented::delta_key(kind, "USERS", {1700000000, 2}, merge_type::rfc7396) == "4020/)USERS/delta/1700000000_2_2.json");
  CHECK(documented::delta_key(kind, "Users", {1700000000, 3}, merge_type::rfc6902) == "f9aa/kvzwk4tt/delta/1700000000_3_3.json");
  CHECK(documented::snapshot_key(kind, "users", {}, {1700000000, 1}, {}) == "9bc6/(users/snap/0_0~1700000000_1.snap");
  CHECK(documented::snapshot_key(kind, "users", {}, {1700000000, 1}, {1700000009, 4}) ==
        "9bc6/(users/snap/0_0~1700000000_1~1700000009_4.snap");
  CHECK(documented::file_key(kind, "users", "/a/b.png", {1700000000, 1}) == "9bc6/(users/files/(a/b.png/1700000000_1");
  CHECK(documented::file_key(kind, "users", "/Photo.png", {1700000000, 1}) == "9bc6/(users/files/kbug65dpfzyg4zy/1700000000_1");
  CHECK(documented::catalog_folder(kind, "users") == "9bc6/(users/");
}

TEST_CASE("a catalog is told from its index key", "[layout]") {
  for (const char* catalog : {"users", "a:b", "中文", "x"}) {
    const std::string key = documented::index_key("file:l", index_part::ctl, catalog);
    CHECK(documented::catalog_of("file:l", index_part::ctl, key) == catalog);
    CHECK_FALSE(documented::catalog_of("file:l", index_part::delta, key));
    CHECK_FALSE(documented::catalog_of("file:l2", index_part::ctl, key));
  }
  CHECK_FALSE(documented::catalog_of("file:l", index_part::ctl, "file:l:ctl:"));
  CHECK_FALSE(documented::catalog_of("file:l", index_part::ctl, "file:l:ctl:!!"));
}

TEST_CASE("a catalog whose keys are too long is refused with value and limit", "[layout]") {
  CHECK(documented::check_names("users").has_value());
  CHECK(documented::check_names("../../etc").has_value());
  CHECK(documented::check_names(std::string(254, 'a')).has_value());
  CHECK(documented::check_names(std::string(159, ' ')).has_value());

  const auto segment = documented::check_names(std::string(255, 'a'));
  REQUIRE_FALSE(segment);
  CHECK(segment.error().code == errc::limit_exceeded);
  CHECK(segment.error().message.find("256") != std::string::npos);
  CHECK(segment.error().message.find("255") != std::string::npos);
  CHECK(documented::check_names(std::string(160, ' ')).error().code == errc::limit_exceeded);

  std::string deep = "a";
  while (deep.size() < 1000) deep += "/a";
  const auto key = documented::check_names(deep);
  REQUIRE_FALSE(key);
  CHECK(key.error().code == errc::limit_exceeded);
  CHECK(key.error().message.find("1023") != std::string::npos);
  CHECK(documented::check_names(deep, {.segment_bytes = 255, .key_bytes = 2000}).has_value());
}

TEST_CASE("the longest keys of an accepted catalog are within the limit", "[layout]") {
  std::string catalog = "a";
  while (documented::check_names(catalog + "/a")) catalog += "/a";
  if (documented::check_names(catalog + "a")) catalog += "a";
  constexpr lake::time_seq longest{lake::time_seq::max_timestamp, lake::time_seq::max_seqid};

  CHECK(documented::snapshot_key(storage_kind::s3, catalog, longest, longest, longest).size() == 1023);
  CHECK(documented::delta_key(storage_kind::s3, catalog, longest, merge_type::rfc6902).size() <= 1023);
}

TEST_CASE("a file whose key is too long is refused with value and limit", "[layout]") {
  CHECK(documented::check_file_names(storage_kind::s3, "users", "/a/b.png").has_value());
  CHECK(documented::check_file_names(storage_kind::s3, "users", "/" + std::string(254, 'a')).has_value());
  CHECK(documented::check_file_names(storage_kind::s3, "users", "/" + std::string(255, 'a')).error().code == errc::limit_exceeded);
  CHECK(documented::check_file_names(storage_kind::s3, "users", "/A" + std::string(159, 'a')).error().code == errc::limit_exceeded);
}
