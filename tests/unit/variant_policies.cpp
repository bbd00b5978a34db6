// Policies that are chosen at run time: they hold the laws of those that they hold, and a lake on them names its objects accordingly.
#include <lake/lake.hpp>

#include <lake/cache/variant.hpp>
#include <lake/codec/go_v2.hpp>
#include <lake/codec/gzip.hpp>
#include <lake/codec/variant.hpp>
#include <lake/index/sqlite.hpp>
#include <lake/index/variant.hpp>
#include <lake/layout/any.hpp>
#include <lake/storage/variant.hpp>
#include <lake/testing/cache_contract.hpp>
#include <lake/testing/codec_contract.hpp>
#include <lake/testing/manual_clock.hpp>
#include <lake/testing/storage_contract.hpp>

#include "support/catch.hpp"
#include "support/folder.hpp"

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

using any_index = lake::variant_index<lake::memory_index, lake::basic_memory_index<lake::layout::cluster>,
                                      lake::basic_memory_index<lake::layout::go_v2>, lake::sqlite_index>;
using any_storage = lake::variant_storage<lake::memory_storage, lake::filesystem_storage>;
using any_cache = lake::variant_cache<lake::no_cache, lake::memory_cache>;
using any_codec = lake::variant_codec<lake::identity_codec, lake::gzip_codec, lake::go_v2_codec>;
using any_lake = lake::basic_lake<any_index, any_storage, any_cache, any_codec>;

static_assert(lake::index_policy<any_index> && lake::enumerating_index<any_index> && lake::batching_index<any_index>);
static_assert(lake::storage_policy<any_storage> && lake::listing_storage<any_storage> && lake::ranged_storage<any_storage>);
static_assert(lake::conditional_storage<any_storage> && lake::streaming_storage<any_storage>);
static_assert(lake::cache_policy<any_cache> && any_cache::enabled);
static_assert(lake::codec_policy<any_codec> && !lake::bare_codec<any_codec> && lake::bare_codec<lake::variant_codec<lake::go_v2_codec>>);
static_assert(!std::is_polymorphic_v<any_lake> && !std::is_polymorphic_v<any_index> && !std::is_polymorphic_v<any_storage>);

lake::filesystem_storage in_folder(const lake_test::scratch_folder& folder) {
  return lake::filesystem_storage::open({.root = folder.path(), .durability = lake::durability::none}).value();
}

template <class Cases>
void hold(const Cases& cases) {
  for (const lake::testing::contract_case& law : cases) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

std::set<std::string> keys_of(const any_storage& storage) {
  std::set<std::string> keys;
  storage
      .list("",
            [&](const lake::object_info& each) {
              keys.insert(each.key);
              return true;
            })
      .value();
  return keys;
}

}  // namespace

TEST_CASE("a variant of storages holds the law of storages, whichever it holds") {
  hold(lake::testing::storage_contract([] { return any_storage(lake::memory_storage{}); }));
  std::vector<std::unique_ptr<lake_test::scratch_folder>> folders;
  hold(lake::testing::storage_contract([&] {
    folders.push_back(std::make_unique<lake_test::scratch_folder>());
    return any_storage(in_folder(*folders.back()));
  }));
}

TEST_CASE("a variant of caches holds the law of caches") {
  hold(lake::testing::cache_contract([](const lake::testing::cache_setup& setup) {
    return any_cache(lake::memory_cache{
        {.max_bytes = setup.max_bytes, .snapshot_ttl = setup.snapshot_ttl, .delta_ttl = setup.delta_ttl, .clock = setup.clock}});
  }));
  hold(lake::testing::cache_contract([](const lake::testing::cache_setup&) { return any_cache(lake::no_cache{}); },
                                     {.keeps = false, .shares_bodies = false, .bounded = false, .expires = false}));
}

TEST_CASE("a variant of codecs holds the law of codecs") {
  using lawful = lake::variant_codec<lake::identity_codec, lake::gzip_codec>;
  hold(lake::testing::codec_contract([] { return lawful(lake::identity_codec{}); }));
  hold(lake::testing::codec_contract([] { return lawful(lake::gzip_codec{}); }));
}

TEST_CASE("a variant storage tells the kind of the storage that it holds, and a copy tells it too") {
  const lake_test::scratch_folder folder;
  any_storage storage;
  CHECK(storage.kind == lake::storage_kind::memory);

  storage = any_storage(in_folder(folder));

  CHECK(storage.kind == lake::storage_kind::filesystem);
  CHECK(any_storage(storage).kind == lake::storage_kind::filesystem);
}

TEST_CASE("a layout that is chosen at run time names what the chosen one names") {
  const lake::time_seq id{1'700'000'000, 7};
  const lake::layout::any documented, cluster(lake::layout::cluster{}), go_v2(lake::layout::go_v2{});

  CHECK(documented.name == "documented");
  CHECK(cluster.name == "cluster");
  CHECK(go_v2.name == "go_v2");
  CHECK(documented.has_envelope);
  CHECK_FALSE(go_v2.has_envelope);
  CHECK(documented.prefix(lake::storage_kind::filesystem, "a:b") == "file:a%3Ab");
  CHECK(go_v2.prefix(lake::storage_kind::filesystem, "a:b") == "file:a:b");
  for (const auto kind : {lake::storage_kind::memory, lake::storage_kind::filesystem, lake::storage_kind::s3}) {
    CHECK(documented.delta_key(kind, "Users", id, lake::merge_type::rfc7396) ==
          lake::layout::documented::delta_key(kind, "Users", id, lake::merge_type::rfc7396));
    CHECK(go_v2.delta_key(kind, "Users", id, lake::merge_type::rfc7396) ==
          lake::layout::go_v2::delta_key(kind, "Users", id, lake::merge_type::rfc7396));
    CHECK(go_v2.snapshot_key(kind, "Users", {}, id, {}) == lake::layout::go_v2::snapshot_key(kind, "Users", {}, id, {}));
    CHECK(go_v2.file_key(kind, "Users", "/a.png", id) == lake::layout::go_v2::file_key(kind, "Users", "/a.png", id));
    CHECK(cluster.file_key(kind, "Users", "/a.png", id) == lake::layout::cluster::file_key(kind, "Users", "/a.png", id));
    CHECK(go_v2.catalog_folder(kind, "Users") == lake::layout::go_v2::catalog_folder(kind, "Users"));
  }
  CHECK(go_v2.check_names("a/../b").error().code == lake::errc::invalid_catalog);
  CHECK(documented.check_names("a/../b").has_value());
  CHECK(go_v2.check_file_names(lake::storage_kind::memory, "a", "/delta/x", {}).error().code == lake::errc::invalid_path);
}

TEST_CASE("a lake on variants stores as its chosen layout says") {
  const lake_test::scratch_folder folder;
  lake::testing::manual_clock clock;
  lake::lake_options options;
  options.clock = clock.source();

  SECTION("documented") {
    any_storage storage(in_folder(folder));
    any_lake db(options, any_index(lake::memory_index{{.clock = clock.source()}}), storage, any_cache(lake::memory_cache{}),
                any_codec(lake::gzip_codec{}));
    db.write({.catalog = "users", .body = "{\"a\":1}"}).value();
    CHECK(db.read_string("users").value() == "{\"a\":1}");
    db.flush();
    CHECK(keys_of(storage) ==
          std::set<std::string>{"9bc6/(users/delta/1700000000_1_1.json", "9bc6/(users/snap/0_0~1700000000_1.snap", "lake.json"});
  }
  SECTION("go_v2") {
    any_storage storage(in_folder(folder));
    any_lake db(options, any_index(lake::basic_memory_index<lake::layout::go_v2>{{.clock = clock.source()}}), storage,
                any_cache(lake::no_cache{}), any_codec(lake::go_v2_codec{}));
    db.write({.catalog = "users", .body = "{\"a\":1}"}).value();
    CHECK(db.read_string("users").value() == "{\"a\":1}");
    CHECK(db.catalogs().value() == std::vector<std::string>{"users"});
    db.flush();
    CHECK(keys_of(storage) == std::set<std::string>{"9b/(users/53/f1/00/1700000000_1_1.dat", "9b/(users/53/f1/00/0_0~1700000000_1.snap"});
  }
}
