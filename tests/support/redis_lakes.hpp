// Lakes in Redis for the typed suites: one server for all tests of a program, a database of it for each home of lakes.
#ifndef LAKE_TESTS_SUPPORT_REDIS_LAKES_HPP
#define LAKE_TESTS_SUPPORT_REDIS_LAKES_HPP

#include <lake/basic_lake.hpp>
#include <lake/cache/none.hpp>
#include <lake/cache/redis.hpp>
#include <lake/codec/go_v2.hpp>
#include <lake/codec/gzip.hpp>
#include <lake/codec/identity.hpp>
#include <lake/index/redis.hpp>
#include <lake/layout/cluster.hpp>
#include <lake/layout/go_v2.hpp>
#include <lake/storage/filesystem.hpp>
#include <lake/storage/memory.hpp>

#include "support/redis_server.hpp"

#include <set>
#include <string>
#include <tuple>

namespace lake_test {

#ifdef LAKE_TESTS_GO_V2
/// The layout of v2 clients, each storage, with and without the cache in Redis.
using go_v2_index = lake::basic_redis_index<lake::layout::go_v2>;
using redis_matrix = std::tuple<lake::basic_lake<go_v2_index, lake::memory_storage, lake::redis_cache, lake::go_v2_codec>,
                                lake::basic_lake<go_v2_index, lake::filesystem_storage, lake::no_cache, lake::go_v2_codec>>;
#else
/// Each layout with an envelope, each storage, with and without the cache in Redis. Server lakes are slow to compile: a third, in S3, is
/// among those of s3_lakes.hpp.
using redis_matrix = std::tuple<
    lake::basic_lake<lake::redis_index, lake::memory_storage, lake::redis_cache, lake::gzip_codec>,
    lake::basic_lake<lake::basic_redis_index<lake::layout::cluster>, lake::filesystem_storage, lake::no_cache, lake::identity_codec>>;
#endif

/// An empty database of the program's server, for as long as this lives. Confined.
class redis_database {
 public:
  redis_database() {
    while (taken().contains(number_)) ++number_;
    taken().insert(number_);
    redis_talk talk(server().port());
    talk.ask({"SELECT", std::to_string(number_)});
    talk.ask({"FLUSHDB"});
  }
  redis_database(const redis_database&) = delete;
  redis_database& operator=(const redis_database&) = delete;
  ~redis_database() { taken().erase(number_); }

  [[nodiscard]] std::string url() const { return server().url(number_); }
  [[nodiscard]] int port() const { return server().port(); }
  [[nodiscard]] std::string number() const { return std::to_string(number_); }

 private:
  static redis_server& server() {
    static redis_server one({.lines = {"databases 4096"}});
    return one;
  }
  static std::set<int>& taken() {
    static std::set<int> numbers;
    return numbers;
  }

  int number_ = 0;
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REDIS_LAKES_HPP
