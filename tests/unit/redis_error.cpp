// What Redis's error replies mean, how requests look on the wire, and how far the reader of replies trusts a server.
#include "support/catch.hpp"

#include <lake/detail/redis_encode.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_reader.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace {

using lake::errc;
using lake::detail::append_redis_call;
using lake::detail::judge_redis;
using lake::detail::parse_redirect;
using lake::detail::redis_call;
using lake::detail::redis_form;
using lake::detail::redis_kind;
using lake::detail::redis_reader;
using lake::detail::redis_remedy;
using lake::detail::redis_reply;
using lake::detail::redis_script;

struct known {
  std::string_view message;
  errc code;
  redis_remedy remedy;
};

redis_reader::step read_all(std::string_view bytes) {
  redis_reader reader;
  redis_reply made;
  REQUIRE(reader.feed(bytes));
  return reader.next(made);
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

}  // namespace

TEST_CASE("Each error reply is what it is, and only those that did nothing are repeated") {
  const std::array<known, 32> all = {{
      {"NOSCRIPT No matching script. Please use EVAL.", errc::unavailable, redis_remedy::load},
      {"ERR NOSCRIPT No matching script.", errc::unavailable, redis_remedy::load},
      {"LOADING Redis is loading the dataset in memory", errc::unavailable, redis_remedy::wait},
      {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", errc::unavailable, redis_remedy::wait},
      {"TRYAGAIN Multiple keys request during rehashing of slot", errc::unavailable, redis_remedy::wait},
      {"CLUSTERDOWN The cluster is down", errc::unavailable, redis_remedy::wait},
      {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", errc::unavailable, redis_remedy::stray},
      {"READONLY You can't write against a read only replica.", errc::unavailable, redis_remedy::leave},
      {"READONLY You can't write against a read only replica. script: 1f, on @user_script:1.", errc::unavailable, redis_remedy::leave},
      {"OOM command not allowed when used memory > 'maxmemory'.", errc::unavailable, redis_remedy::none},
      {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", errc::unavailable,
       redis_remedy::none},
      {"NOREPLICAS Not enough good replicas to write.", errc::unavailable, redis_remedy::none},
      {"NOAUTH Authentication required.", errc::access_denied, redis_remedy::none},
      {"WRONGPASS invalid username-password pair or user is disabled.", errc::access_denied, redis_remedy::none},
      {"NOPERM User u has no permissions to run the 'evalsha' command", errc::access_denied, redis_remedy::whole},
      {"NOPERM this user has no permissions to run the 'evalsha' command or its subcommand", errc::access_denied, redis_remedy::whole},
      {"NOPERM User u has no permissions to run the 'evalsha' command script: 1f, on @user_script:1.", errc::access_denied,
       redis_remedy::none},
      {"NOPERM User u has no permissions to run the 'config|get' command", errc::access_denied, redis_remedy::none},
      {"NOPERM No permissions to access a key", errc::access_denied, redis_remedy::none},
      {"WRONGTYPE Operation against a key holding the wrong kind of value", errc::corrupt_index, redis_remedy::none},
      {"WRONGTYPE Operation against a key holding the wrong kind of value script: 1f, on @user_script:1.", errc::corrupt_index,
       redis_remedy::none},
      {"MOVED 3999 127.0.0.1:6381", errc::configuration, redis_remedy::move},
      {"ASK 3999 127.0.0.1:6381", errc::configuration, redis_remedy::ask},
      {"CROSSSLOT Keys in request don't hash to the same slot", errc::configuration, redis_remedy::none},
      {"EXECABORT Transaction discarded because of previous errors.", errc::unsupported, redis_remedy::none},
      {"ERR unknown command 'FOO', with args beginning with: ", errc::unsupported, redis_remedy::none},
      {"ERR max number of clients reached", errc::unavailable, redis_remedy::wait},
      {"ERR Error running script (call to f_1f): @user_script:1: LOADING", errc::io, redis_remedy::none},
      {"TRYAGAIN x script: 1f, on @user_script:1.", errc::unavailable, redis_remedy::none},
      {"ERR value is not an integer or out of range", errc::io, redis_remedy::none},
      {"ERR READONLY is only a word here", errc::io, redis_remedy::none},
      {"", errc::io, redis_remedy::none},
  }};
  for (const known& one : all) {
    INFO(one.message);
    CHECK(judge_redis(one.message).code == one.code);
    CHECK(judge_redis(one.message).remedy == one.remedy);
  }
}

TEST_CASE("A server's message is shown printable and cut") {
  const lake::error refused = lake::detail::redis_refusal("h:1", "ERR a\r\n\x01" + std::string(1'000, 'x'), {});

  CHECK(refused.subject == "h:1");
  CHECK_THAT(refused.message, Catch::Matchers::Contains("ERR a\\x0d\\x0a\\x01xxx"));
  CHECK(refused.message.size() < 400);
}

TEST_CASE("A redirect names slot, host and port, and nothing that is none passes for one") {
  const auto moved = parse_redirect("MOVED 3999 127.0.0.1:6381");
  REQUIRE(moved.has_value());
  CHECK(moved->slot == 3999);
  CHECK(moved->host == "127.0.0.1");
  CHECK(moved->port == 6381);
  CHECK(parse_redirect("ASK 0 ::1:6381")->host == "::1");
  CHECK(parse_redirect("MOVED 1 :6381")->host.empty());
  CHECK(parse_redirect("MOVED 1 ?:6381")->host.empty());
  for (const std::string_view message : {"MOVED", "MOVED 1", "MOVED x h:1", "MOVED 16384 h:1", "MOVED 1 h", "MOVED 1 h:0",
                                         "MOVED 1 h:65536", "MOVED 1 a b:1", "MOVED -1 h:1"}) {
    INFO(message);
    CHECK_FALSE(parse_redirect(message).has_value());
  }
}

TEST_CASE("A script is sent as its digest or its text, with its keys counted, and bytes as they are") {
  const redis_script script("return 1");
  const std::array<std::string_view, 2> keys = {"k1", ""};
  const std::array<std::string_view, 1> args = {std::string_view("a\r\n\0", 4)};
  std::string digest;
  std::string whole;
  std::string command;

  append_redis_call(digest, {&script, keys, args}, redis_form::digest);
  append_redis_call(whole, {&script, keys, args}, redis_form::whole);
  append_redis_call(command, {nullptr, keys, args}, redis_form::whole);

  const std::string tail = std::string("$1\r\n2\r\n$2\r\nk1\r\n$0\r\n\r\n$4\r\na\r\n") + '\0' + "\r\n";
  CHECK(digest == "*6\r\n$7\r\nEVALSHA\r\n$40\r\n" + std::string(script.sha()) + "\r\n" + tail);
  CHECK(whole == "*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n" + tail);
  CHECK(command == std::string("*1\r\n$4\r\na\r\n") + '\0' + "\r\n");
  CHECK(script.sha() == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST_CASE("A reply is looked at without fear: what is not there is nil, empty or zero") {
  redis_reader reader;
  redis_reply reply;
  REQUIRE(reader.feed("*4\r\n$2\r\nab\r\n:7\r\n$-1\r\n-ERR no\r\n"));
  REQUIRE(reader.next(reply) == redis_reader::step::whole);

  CHECK(reader.drained());
  CHECK(reply.view().kind() == redis_kind::array);
  CHECK(reply.view().size() == 4);
  CHECK(reply.view()[0].text() == "ab");
  CHECK(reply.view()[0].integer() == 0);
  CHECK(reply.view()[0].size() == 0);
  CHECK(reply.view()[1].integer() == 7);
  CHECK(reply.view()[1].text().empty());
  CHECK(reply.view()[2].kind() == redis_kind::nil);
  CHECK(reply.view()[3].kind() == redis_kind::failure);
  CHECK(reply.view()[3].text() == "ERR no");
  CHECK(reply.view()[9][9][9].kind() == redis_kind::nil);
  CHECK(redis_reply().view().kind() == redis_kind::nil);
}

TEST_CASE("Bytes that come piece by piece make the same reply, and bytes behind it are noticed") {
  const std::string_view whole = "*2\r\n$3\r\nabc\r\n:1\r\n+OK\r\n";
  redis_reader reader;
  redis_reply reply;
  for (std::size_t i = 0; i < 17; ++i) {
    REQUIRE(reader.feed(whole.substr(i, 1)));
    REQUIRE(reader.next(reply) == (i == 16 ? redis_reader::step::whole : redis_reader::step::part));
  }
  CHECK(reader.drained());
  REQUIRE(reader.feed(whole.substr(17)));
  CHECK_FALSE(reader.drained());
}

TEST_CASE("Replies nested too deeply, announced too large, or that are none, are refused at once") {
  CHECK(read_all(repeated("*1\r\n", 7) + ":1\r\n") == redis_reader::step::whole);
  CHECK(read_all(repeated("*1\r\n", 8) + ":1\r\n") == redis_reader::step::broken);
  CHECK(read_all(repeated("*1\r\n", 4'000)) == redis_reader::step::broken);
  CHECK(read_all("*2000000000\r\n") == redis_reader::step::broken);
  CHECK(read_all("$536870912\r\nx") == redis_reader::step::part);
  CHECK(read_all("$536870913\r\nx") == redis_reader::step::broken);
  CHECK(read_all("*2\r\n:1\r\n$99999999999\r\n") == redis_reader::step::broken);
  CHECK(read_all("$99999999999999999999999\r\n") == redis_reader::step::broken);
  CHECK(read_all("HTTP/1.1 400 Bad Request\r\n") == redis_reader::step::broken);
  CHECK(read_all("$-7\r\n") == redis_reader::step::broken);
  CHECK(read_all("$3\r\nabcd\r\n:1\r\n") != redis_reader::step::part);
}
