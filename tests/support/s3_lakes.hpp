// Lakes whose bodies are in a real S3 service, for the typed suites: one server and one bucket for all tests of a program, a prefix of it for
// each home of lakes.
#ifndef LAKE_TESTS_SUPPORT_S3_LAKES_HPP
#define LAKE_TESTS_SUPPORT_S3_LAKES_HPP

#include <lake/basic_lake.hpp>
#include <lake/cache/memory.hpp>
#include <lake/cache/none.hpp>
#include <lake/cache/redis.hpp>
#include <lake/codec/gzip.hpp>
#include <lake/codec/identity.hpp>
#include <lake/index/memory.hpp>
#include <lake/index/redis.hpp>
#include <lake/index/sqlite.hpp>
#include <lake/storage/s3.hpp>

#include "support/s3_server.hpp"

#include <string>
#include <tuple>

namespace lake_test {

/// Each index over the same service, each with another cache.
using s3_matrix = std::tuple<lake::basic_lake<lake::memory_index, lake::s3_storage, lake::no_cache, lake::identity_codec>,
                             lake::basic_lake<lake::sqlite_index, lake::s3_storage, lake::memory_cache, lake::gzip_codec>,
                             lake::basic_lake<lake::redis_index, lake::s3_storage, lake::redis_cache, lake::identity_codec>>;

/// A storage that is empty: another prefix of the program's bucket at each call.
inline lake::s3_storage fresh_s3_storage() {
  static const s3_bucket bucket(shared_rgw());
  static int made = 0;
  lake::s3_options options = bucket.options();
  options.prefix = "home-" + std::to_string(++made);
  return lake::s3_storage::open(options).value();
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_S3_LAKES_HPP
