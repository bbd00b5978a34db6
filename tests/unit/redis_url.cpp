// URLs of Redis servers: what they name, which rules they keep, and that no message shows a password.
#include "support/catch.hpp"

#include <lake/detail/redis_url.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace {

using lake::errc;
using lake::detail::parse_redis_url;
using lake::detail::redis_scheme;
using lake::detail::redis_url;
using lake::detail::without_credentials;

redis_url parsed(std::string_view url) {
  lake::result<redis_url> parts = parse_redis_url(url);
  INFO(url);
  INFO((parts ? std::string() : parts.error().to_string()));
  REQUIRE(parts.has_value());
  return *std::move(parts);
}

struct mistake {
  std::string_view url;
  std::string_view rule;  // A part of the message.
};

}  // namespace

TEST_CASE("A URL of one server gives host, port and database, with their usual values where they are left out") {
  const redis_url plain = parsed("redis://cache.example");
  CHECK(plain.scheme == redis_scheme::server);
  CHECK_FALSE(plain.tls);
  REQUIRE(plain.nodes.size() == 1);
  CHECK(plain.nodes[0].to_string() == "cache.example:6379");
  CHECK(plain.db == 0);
  CHECK(plain.user.empty());
  CHECK(plain.password.empty());

  const redis_url full = parsed("rediss://writer:s3cret@10.0.0.7:7000/12");
  CHECK(full.tls);
  CHECK(full.nodes[0].to_string() == "10.0.0.7:7000");
  CHECK(full.user == "writer");
  CHECK(full.password == "s3cret");
  CHECK(full.db == 12);

  CHECK(parsed("redis://h/").db == 0);
  CHECK(parsed("redis://:p@h").user.empty());
  CHECK(parsed("redis://:p@h").password == "p");
}

TEST_CASE("An IPv6 host stands in brackets, in the URL and in messages") {
  const redis_url url = parsed("redis://[::1]:7001/3");

  CHECK(url.nodes[0].host == "::1");
  CHECK(url.nodes[0].port == 7001);
  CHECK(url.nodes[0].to_string() == "[::1]:7001");
  CHECK(parsed("redis://[fe80::1]").nodes[0].port == 6379);
}

TEST_CASE("User and password are percent-decoded") {
  const redis_url url = parsed("redis://a%3Ab:p%40%2F%3F%25%20w@h:1");

  CHECK(url.user == "a:b");
  CHECK(url.password == "p@/?% w");
  CHECK(url.nodes[0].to_string() == "h:1");
}

TEST_CASE("A local socket has a path, and its database in the query") {
  const redis_url plain = parsed("unix:///run/redis.sock");
  CHECK(plain.scheme == redis_scheme::socket);
  CHECK(plain.nodes[0].path == "/run/redis.sock");
  CHECK(plain.nodes[0].to_string() == "/run/redis.sock");

  const redis_url full = parsed("unix://:pw@/run/a%20b@c.sock?db=4");
  CHECK(full.password == "pw");
  CHECK(full.nodes[0].path == "/run/a b@c.sock");
  CHECK(full.db == 4);
}

TEST_CASE("A cluster has seeds, sentinels a name to watch") {
  const redis_url cluster = parsed("redis+cluster://u:p@a:7000,b,[::1]:7002/");
  CHECK(cluster.scheme == redis_scheme::cluster);
  REQUIRE(cluster.nodes.size() == 3);
  CHECK(cluster.nodes[0].to_string() == "a:7000");
  CHECK(cluster.nodes[1].to_string() == "b:6379");
  CHECK(cluster.nodes[2].to_string() == "[::1]:7002");
  CHECK(cluster.user == "u");

  const redis_url watched = parsed("redis+sentinel://:p@s1,s2:26380/my%20master/5");
  CHECK(watched.scheme == redis_scheme::sentinel);
  REQUIRE(watched.nodes.size() == 2);
  CHECK(watched.nodes[0].to_string() == "s1:26379");
  CHECK(watched.nodes[1].to_string() == "s2:26380");
  CHECK(watched.master == "my master");
  CHECK(watched.db == 5);
  CHECK(parsed("redis+sentinel://s/m").db == 0);
}

TEST_CASE("Every mistake in a URL is an error that names the rule and never shows the password") {
  const std::string long_path = "unix:///" + std::string(107, 's');
  const std::vector<mistake> mistakes = {
      {"http://:topsecret@h", "begins with redis://"},
      {"", "begins with redis://"},
      {"user:topsecret@h:1", "begins with redis://"},
      {"REDIS://h", "begins with redis://"},
      {"redis://", "a host stands before the port"},
      {"redis://:topsecret@", "a host stands before the port"},
      {"redis://:topsecret@:6379", "a host stands before the port"},
      {"redis://:topsecret@h:0", "1 to 65535"},
      {"redis://:topsecret@h:65536", "1 to 65535"},
      {"redis://:topsecret@h:06379", "1 to 65535"},
      {"redis://:topsecret@h:", "1 to 65535"},
      {"redis://:topsecret@h:x", "1 to 65535"},
      {"redis://:topsecret@::1:6379", "a host stands before the port"},
      {"redis://:topsecret@fe80::1", "1 to 65535"},
      {"redis://:topsecret@[::1", "ends with \"]\""},
      {"redis://:topsecret@[host]", "an IPv6 address"},
      {"redis://:topsecret@[::1]x", "1 to 65535"},
      {"redis://:topsecret@a b", "letters, digits"},
      {"redis://:topsecret@h\n", "letters, digits"},
      {"redis://topsecret@h", "user:password"},
      {"redis://user:@h", "comes with a password"},
      {"redis://:topsecret%4@h", "two hex digits"},
      {"redis://:topsecret%zz@h", "two hex digits"},
      {"redis://:top/secret@h", "%2F"},
      {"redis://:top?secret@h", "%2F"},
      {"redis://:topsecret@h/x", "a database is a number"},
      {"redis://:topsecret@h/-1", "a database is a number"},
      {"redis://:topsecret@h/01", "a database is a number"},
      {"redis://:topsecret@h/1/2", "a database is a number"},
      {"redis://:topsecret@h/4294967296", "a database is a number"},
      {"redis://h/0?password=topsecret", "no query"},
      {"redis://:topsecret@h/0#x", "no fragment"},
      {"redis://:topsecret@a,b", "letters, digits"},
      {"unix://run/redis.sock", "is absolute"},
      {"unix://", "is absolute"},
      {"unix:///", "is absolute"},
      {"unix:///a%00b", "none of them zero"},
      {"unix:///s?base=2", "?db=N"},
      {"unix:///s?db=", "a database is a number"},
      {long_path, "at most 107 bytes"},
      {"redis+cluster://:topsecret@a,,b", "a host stands before the port"},
      {"redis+cluster://:topsecret@a,b/3", "database 0 only"},
      {"redis+sentinel://:topsecret@s", "the master's name"},
      {"redis+sentinel://:topsecret@s/", "the master's name"},
      {"redis+sentinel://:topsecret@s//1", "the master's name"},
      {"redis+sentinel://:topsecret@s/m/x", "a database is a number"},
  };
  for (const mistake& one : mistakes) {
    const lake::result<redis_url> parts = parse_redis_url(one.url);

    INFO(one.url);
    REQUIRE_FALSE(parts.has_value());
    CHECK(parts.error().code == errc::configuration);
    CHECK_THAT(parts.error().message, Catch::Matchers::Contains(std::string(one.rule)));
    CHECK(parts.error().to_string().find("secret") == std::string::npos);
    CHECK(parts.error().to_string().find("top") == std::string::npos);
  }
}

TEST_CASE("A URL for messages keeps what helps and hides what may be a password") {
  CHECK(without_credentials("redis://u:p@h:1/2") == "redis://***@h:1/2");
  CHECK(without_credentials("redis://h:1/2") == "redis://h:1/2");
  CHECK(without_credentials("unix://:p@/s?db=2") == "unix://***@/s?db=2");
  CHECK(without_credentials("redis://a@b@h") == "redis://***@h");
  CHECK(without_credentials("redis://h?password=x") == "redis://h?***");
}
