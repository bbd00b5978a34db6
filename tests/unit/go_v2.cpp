#include <lake/layout/go_v2.hpp>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <lake/core/member.hpp>

#include "support/catch.hpp"
#include "support/data.hpp"

using lake::errc;
using lake::merge_type;
using lake::storage_kind;
using lake::time_seq;
using lake::layout::go_v2;
using lake::layout::index_part;

namespace {

// The string values of a JSON text, in order; enough for the golden listings, whose strings hold simple escapes only.
std::vector<std::string> strings_of(const std::string& json) {
  std::vector<std::string> out;
  for (std::size_t at = json.find('"'); at != std::string::npos; at = json.find('"', at)) {
    std::string value;
    for (++at; json[at] != '"'; ++at) {
      if (json[at] == '\\') value += json[at++];
      value += json[at];
    }
    ++at;
    out.push_back(value);
  }
  return out;
}

struct golden_log {
  std::set<std::string> keys;
  std::set<std::string> objects;
};

// What the layout makes of the members a dump holds: the keys it would look under, and the objects it would fetch.
golden_log names_from(const std::vector<std::string>& dump, std::string_view prefix, storage_kind kind) {
  golden_log out;
  std::string catalog;
  bool of_files = false;
  for (std::size_t i = 0; i + 2 < dump.size(); ++i) {
    const std::string& value = dump[i];
    for (const index_part part : {index_part::delta, index_part::snap, index_part::meta, index_part::files, index_part::sample}) {
      const auto found = go_v2::catalog_of(prefix, part, value);
      if (!found) continue;
      catalog = *found;
      of_files = part == index_part::files;
      out.keys.insert(go_v2::index_key(prefix, part, catalog));
    }
    // A member is followed by the name "score" and the score as Redis prints it.
    const double score = std::strtod(dump[i + 2].c_str(), nullptr);
    if (const auto read = lake::decode_delta_member(value, score)) {
      out.objects.insert(go_v2::delta_key(kind, catalog, read->id, read->merge));
      out.keys.insert(go_v2::counter_key(catalog, read->id.timestamp));
    }
    if (const auto read = lake::decode_snapshot_member(value, score)) {
      out.objects.insert(go_v2::snapshot_key(kind, catalog, read->start, read->stop, {}));
    }
    if (of_files && lake::is_file_path(value)) out.objects.insert(go_v2::file_key(kind, catalog, value));
  }
  return out;
}

}  // namespace

TEST_CASE("the v2 layout names index keys with the raw catalog", "[layout]") {
  CHECK(go_v2::prefix(storage_kind::filesystem, "interop") == "file:interop");
  CHECK(go_v2::prefix(storage_kind::oss, "a:b") == "oss:a:b");
  CHECK(go_v2::injected_prefix == "lake");
  CHECK(go_v2::index_key("file:interop", index_part::delta, "has space:colon") == "file:interop:has space:colon:delta");
  CHECK(go_v2::index_key("lake", index_part::ctl, "users") == "lake:users:ctl");
  CHECK(go_v2::counter_key("users", 1700000000) == "lake:seqid:users:1700000000");
  CHECK(go_v2::catalog_of("lake", index_part::delta, "lake:a:delta:delta") == "a:delta");
  CHECK_FALSE(go_v2::catalog_of("lake", index_part::delta, "lake:delta"));
  CHECK_FALSE(go_v2::catalog_of("lake", index_part::delta, "lake::delta"));
}

TEST_CASE("the v2 layout names objects as each storage of v2 clients did", "[layout]") {
  constexpr time_seq id{1795188355, 7};
  constexpr time_seq start{1, 2};

  for (const storage_kind kind : {storage_kind::s3, storage_kind::oss}) {
    CHECK(go_v2::delta_key(kind, "users", id, merge_type::rfc6902) == "9bc6/(users/1795188355_7_3.dat");
    CHECK(go_v2::snapshot_key(kind, "users", start, id, {}) == "9bc6/(users/1_2~1795188355_7.snap");
    CHECK(go_v2::file_key(kind, "Users", "/a/B.png") == "f9aa/kvzwk4tt/files/" + lake::pure::base32("a/B.png"));
    CHECK(go_v2::file_key(kind, "users", "/a/b.png") == "9bc6/(users/files/(a/b.png");
    CHECK(go_v2::catalog_folder(kind, "users") == "9bc6/(users/");
  }
  CHECK(go_v2::delta_key(storage_kind::filesystem, "users", id, merge_type::replace) == "9b/(users/00/66/83/1795188355_7_1.dat");
  CHECK(go_v2::snapshot_key(storage_kind::filesystem, "users", start, id, {9, 9}) == "9b/(users/00/66/83/1_2~1795188355_7.snap");
  CHECK(go_v2::file_key(storage_kind::filesystem, "users", "/a/B.png") == "9b/(users/a/B.png");
  CHECK(go_v2::delta_key(storage_kind::memory, "Us ers", id, merge_type::replace) == "Us ers/delta/1795188355_7_1.json");
  CHECK(go_v2::snapshot_key(storage_kind::memory, "Us ers", {}, id, {}) == "Us ers/snap/0_0~1795188355_7.snap");
  CHECK(go_v2::file_key(storage_kind::memory, "Us ers", "/a/B.png") == "Us ers/a/B.png");
}

TEST_CASE("a catalog that would leave the root is refused, one that is encoded is not", "[layout]") {
  for (const char* bad : {"../../etc", "a/../b", "a/..", "A/../B"}) {
    CAPTURE(bad);
    const auto checked = go_v2::check_names(bad);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == errc::invalid_catalog);
  }
  for (const char* good : {"users", "..", "a..b/c", "Users/../x", "x y:z", "delta"}) {
    CAPTURE(good);
    CHECK(go_v2::check_names(good).has_value());
  }
  CHECK(go_v2::check_names(std::string(160, ' ')).error().code == errc::limit_exceeded);
}

TEST_CASE("a file path shaped like a delta or snapshot is refused where the two would meet", "[layout]") {
  for (const char* bad : {"/00/63/24/1795187492_1_1.dat", "/b/00/63/24/1795187492_1_1.dat", "/00/6A/ff/x.snap"}) {
    CAPTURE(bad);
    CHECK(go_v2::check_file_names(storage_kind::filesystem, "users", bad).error().code == errc::invalid_path);
    CHECK(go_v2::check_file_names(storage_kind::s3, "users", bad).has_value());
    CHECK(go_v2::check_file_names(storage_kind::memory, "users", bad).has_value());
  }
  for (const char* bad : {"/delta/1_1_1.json", "/snap/x", "/b/delta/1_1_1.json"}) {
    CAPTURE(bad);
    CHECK(go_v2::check_file_names(storage_kind::memory, "users", bad).error().code == errc::invalid_path);
    CHECK(go_v2::check_file_names(storage_kind::filesystem, "users", bad).has_value());
  }
  for (const char* good : {"/avatar.png", "/00/63/24/x.png", "/0/63/24/1_1_1.dat", "/63/24/1_1_1.dat", "/x00/63/24/1_1_1.dat", "/a.dat"}) {
    CAPTURE(good);
    CHECK(go_v2::check_file_names(storage_kind::filesystem, "users", good).has_value());
  }
}

TEST_CASE("every key and every object of a lake written by a v2 client is named alike", "[layout]") {
  const std::string run = GENERATE("plain", "aes");
  const std::filesystem::path folder = lake_test::data_folder() / "go_v2" / run;
  const std::vector<std::string> files = strings_of(lake_test::file_bytes(folder / "storage-files.json"));
  const std::vector<std::string> dump = strings_of(lake_test::file_bytes(folder / "redis-dump.json"));
  if (files.empty() || dump.empty()) LAKE_SKIP("the golden data of go_v2 is absent");
  CAPTURE(run);

  const golden_log made = names_from(dump, "file:interop", storage_kind::filesystem);

  std::set<std::string> wanted_keys;
  for (const std::string& value : dump) {
    if (value.starts_with("file:interop:") || value.starts_with("lake:seqid:")) wanted_keys.insert(value);
  }
  CHECK(wanted_keys.size() >= 40);
  CHECK(made.keys == wanted_keys);
  CHECK(files.size() >= 80);
  CHECK(made.objects == std::set<std::string>(files.begin(), files.end()));
}
