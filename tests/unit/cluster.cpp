#include <lake/layout/cluster.hpp>

#include <string>

#include "support/catch.hpp"

using lake::storage_kind;
using lake::layout::cluster;
using lake::layout::documented;
using lake::layout::index_part;

TEST_CASE("the cluster layout puts the catalog into a hash tag and changes nothing else", "[layout]") {
  const std::string prefix = cluster::prefix(storage_kind::s3, "a{b}");

  CHECK(cluster::name == "cluster");
  CHECK(prefix == "s3:a%7Bb%7D");
  CHECK(cluster::index_key(prefix, index_part::delta, "users") == prefix + ":delta:{dXNlcnM}");
  CHECK(cluster::index_key(prefix, index_part::ctl, "users") == prefix + ":ctl:{dXNlcnM}");
  CHECK(cluster::lake_key(prefix) == prefix + ":lake");
  CHECK(cluster::delta_key(storage_kind::s3, "users", {1, 1}, lake::merge_type::replace) ==
        documented::delta_key(storage_kind::s3, "users", {1, 1}, lake::merge_type::replace));
}

TEST_CASE("a catalog is told from its clustered index key", "[layout]") {
  const std::string key = cluster::index_key("s3:l", index_part::snap, "a:b");

  CHECK(cluster::catalog_of("s3:l", index_part::snap, key) == "a:b");
  CHECK_FALSE(cluster::catalog_of("s3:l", index_part::delta, key));
  CHECK_FALSE(cluster::catalog_of("s3:l", index_part::snap, "s3:l:snap:{}"));
  CHECK_FALSE(cluster::catalog_of("s3:l", index_part::snap, documented::index_key("s3:l", index_part::snap, "a:b")));
}
