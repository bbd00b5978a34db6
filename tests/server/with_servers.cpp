// with_servers COMMAND...: runs a command with a whole stack of servers of its own on this machine, and stops them when it ends: a Redis for
// an index (each write on disk), another for a cache, and Ceph's S3 service with an empty bucket. Their addresses are in the command's
// environment: LAKE_INDEX_URL, LAKE_CACHE_URL, LAKE_S3_ENDPOINT, LAKE_S3_BUCKET, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
// Ends as the command does. Where a server's program is not installed it says so, and runs nothing.
#include "support/redis_server.hpp"
#include "support/s3_server.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Runs the command; what its shell would say it ended with.
int run(char** command) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execvp(command[0], command);
    std::perror(command[0]);
    ::_exit(127);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (child < 0) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_among_servers(char** command) {
  const lake_test::redis_server index({.lines = {"appendonly yes", "appendfsync always", "zset-max-listpack-entries 16"}});
  const lake_test::redis_server cache({.lines = {"maxmemory 64mb", "maxmemory-policy allkeys-lru"}});
  const lake_test::rgw_server service;
  const auto tell = [](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); };
  tell("LAKE_INDEX_URL", index.url());
  tell("LAKE_CACHE_URL", cache.url());
  tell("LAKE_S3_ENDPOINT", service.endpoint());
  tell("LAKE_S3_BUCKET", service.fresh_bucket());
  tell("AWS_REGION", service.region());
  tell("AWS_ACCESS_KEY_ID", service.access_key());
  tell("AWS_SECRET_ACCESS_KEY", service.secret_key());
  std::printf("index  %s\ncache  %s\nbodies %s\n\n", index.url().c_str(), cache.url().c_str(), service.endpoint().c_str());
  std::fflush(stdout);
  return run(command);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: with_servers COMMAND...\n");
    return 2;
  }
  if (lake_test::redis_missing() || lake_test::rgw_missing()) {
    std::printf("SKIPPED: redis-server or Ceph's radosgw is not installed\n");
    return 0;
  }
  try {
    return run_among_servers(argv + 1);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "with_servers: %s\n", failure.what());
    return 1;
  }
}
