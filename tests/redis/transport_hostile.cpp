// The transport against servers that lie, fall silent, or break off: an error of the right kind, no hang, and no answer taken for another's.
#include "redis/transport_fake.hpp"
#include "support/catch.hpp"

#include <lake/detail/redis_client.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake::errc;
using lake::detail::may_have_happened;
using lake::detail::redis_client;
using lake::detail::redis_reply;
using lake::detail::redis_script;
using lake_test::calls_of;
using lake_test::connected;
using lake_test::fake_answer;
using lake_test::fake_redis;
using lake_test::fake_request;
using lake_test::hasty;
using lake_test::owned_call;
using lake_test::shown;

/// Answers the first request with `first`, the others with their last word.
auto first_then_echo(fake_answer first) {
  return [first](const fake_request& request, std::size_t nth) {
    return nth == 0 ? first : fake_answer{.bytes = "$" + std::to_string(request.back().size()) + "\r\n" + request.back() + "\r\n"};
  };
}

/// Answers the first requests with these, the others with their last word.
auto these_then_echo(std::vector<std::string> first) {
  return [first](const fake_request& request, std::size_t nth) {
    return nth < first.size() ? fake_answer{.bytes = first[nth]}
                              : fake_answer{.bytes = "$" + std::to_string(request.back().size()) + "\r\n" + request.back() + "\r\n"};
  };
}

struct trick {
  std::string_view name;
  fake_answer answer;
  errc code;
};

}  // namespace

TEST_CASE("A hostile answer is an error, and the next call has its own answer on a new connection") {
  const std::vector<trick> tricks = {
      {"garbage", {.bytes = "HTTP/1.1 400 Bad Request\r\n\r\n"}, errc::io},
      {"a length below zero", {.bytes = "$-5\r\n"}, errc::io},
      {"no number", {.bytes = ":x\r\n"}, errc::io},
      {"a string announced larger than any", {.bytes = "$99999999999\r\nabc"}, errc::io},
      {"an array announced larger than any", {.bytes = "*1999999999\r\n"}, errc::io},
      {"too deep", {.bytes = "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"}, errc::io},
      {"cut in the middle", {.bytes = "$10\r\nabc", .hangs_up = true}, errc::unavailable},
      {"hung up", {.hangs_up = true}, errc::unavailable},
      {"silence", {}, errc::timeout},
      {"half an answer, then silence", {.bytes = "*2\r\n:1\r\n"}, errc::timeout},
      {"one byte after the other without end", {.bytes = "$400000000\r\n", .drips = true}, errc::timeout},
  };
  for (const trick& one : tricks) {
    INFO(one.name);
    fake_redis server(first_then_echo(one.answer));
    const redis_client client = connected(server.url(), hasty());

    const auto failed = client.run(owned_call({"GET", "first"}).once());
    const auto next = client.run(owned_call({"GET", "second"}));

    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == one.code);
    CHECK(may_have_happened(failed.error()));
    CHECK(failed.error().subject == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(shown(next) == "second");
    CHECK(server.connections() == 2);
  }
}

TEST_CASE("Bytes behind an answer are not taken for the next one") {
  fake_redis server(first_then_echo({.bytes = "$5\r\nfirst\r\n$5\r\nlater\r\n"}));
  const redis_client client = connected(server.url(), hasty(2s));

  CHECK(shown(client.run(owned_call({"GET", "first"}))) == "first");
  CHECK(shown(client.run(owned_call({"GET", "second"}))) == "second");
}

TEST_CASE("Answers of another shape than expected can be looked at") {
  fake_redis server(these_then_echo({"$-1\r\n", ":5\r\n", "*-1\r\n", "*0\r\n", "*3\r\n:1\r\n$-1\r\n*1\r\n+x\r\n"}));
  const redis_client client = connected(server.url(), hasty(2s));

  std::vector<std::string> seen;
  for (int i = 0; i < 5; ++i) {
    const lake::result<redis_reply> reply = client.run(owned_call({"GET", "k"}));
    REQUIRE(reply.has_value());
    CHECK(reply->view()[7].text().empty());
    seen.push_back(shown(reply));
  }

  CHECK(seen == std::vector<std::string>{"nil", "5", "nil", "[]", "[1 nil [x]]"});
}

TEST_CASE("A server that reads no more does not hang the sender") {
  fake_redis server(first_then_echo({.bytes = "+OK\r\n", .stops_reading = true}));
  const redis_client client = connected(server.url(), hasty());
  REQUIRE(shown(client.run(owned_call({"SET", "k"}))) == "OK");
  const std::string large(std::size_t{64} << 20U, 'x');

  const auto failed = client.run(owned_call({"SET", "k", large}).once());

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::timeout);
  CHECK_FALSE(may_have_happened(failed.error()));
}

TEST_CASE("A server that is silent from the start is told by connect") {
  fake_redis server([](const fake_request&, std::size_t) { return fake_answer{}; }, true);

  const auto failed = redis_client::connect(server.url(), hasty());

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::timeout);
  CHECK(failed.error().operation == "redis.connect");
}

TEST_CASE("A call that may be repeated is sent once more where its answer was lost, and not a third time") {
  fake_redis once(
      [](const fake_request&, std::size_t nth) { return nth == 0 ? fake_answer{.hangs_up = true} : fake_answer{.bytes = ":1\r\n"}; });
  const redis_client lucky = connected(once.url(), hasty(2s));
  CHECK(shown(lucky.run(owned_call({"GET", "k"}))) == "1");
  CHECK(once.requests().size() == 2);

  fake_redis always([](const fake_request&, std::size_t) { return fake_answer{.hangs_up = true}; });
  const redis_client unlucky = connected(always.url(), hasty(2s));
  const auto failed = unlucky.run(owned_call({"GET", "k"}));
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK(may_have_happened(failed.error()));
  CHECK(always.requests().size() == 2);
}

TEST_CASE("A call that must not be repeated is sent once where its answer was lost") {
  fake_redis server(
      [](const fake_request&, std::size_t nth) { return nth == 0 ? fake_answer{.hangs_up = true} : fake_answer{.bytes = ":1\r\n"}; });
  const redis_client client = connected(server.url(), hasty(2s));

  const auto failed = client.run(owned_call({"INCR", "k"}).once());

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK(may_have_happened(failed.error()));
  CHECK_THAT(failed.error().message, Catch::Matchers::Contains("may have been carried out"));
  CHECK(server.requests().size() == 1);
}

TEST_CASE("An error after a lost answer still says that the call may have happened") {
  fake_redis server([](const fake_request&, std::size_t nth) {
    return nth == 0 ? fake_answer{.hangs_up = true} : fake_answer{.bytes = "-OOM full\r\n"};
  });
  const redis_client client = connected(server.url(), hasty(2s));

  const auto failed = client.run(owned_call({"SET", "k", "v"}));

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK(may_have_happened(failed.error()));
}

TEST_CASE("H64: errors of servers that did nothing are waited out, also for calls that must not be repeated") {
  fake_redis server(these_then_echo({"-LOADING Redis is loading the dataset in memory\r\n", "-BUSY Redis is busy\r\n",
                                     "-TRYAGAIN later\r\n", "-CLUSTERDOWN The cluster is down\r\n",
                                     "-MASTERDOWN Link with MASTER is down\r\n", "-ERR max number of clients reached\r\n"}));
  const redis_client client = connected(server.url());

  CHECK(shown(client.run(owned_call({"INCR", "k"}).once())) == "k");
  CHECK(server.requests().size() == 7);
  CHECK(server.connections() == 1);
}

TEST_CASE("A server that keeps loading is unavailable when the time is over") {
  fake_redis server(
      [](const fake_request&, std::size_t) { return fake_answer{.bytes = "-LOADING Redis is loading the dataset in memory\r\n"}; });
  const redis_client client = connected(server.url(), hasty());

  const auto failed = client.run(owned_call({"GET", "k"}));

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK_FALSE(may_have_happened(failed.error()));
  CHECK_THAT(failed.error().message, Catch::Matchers::Contains("LOADING"));
  CHECK(server.requests().size() >= 2);
}

TEST_CASE("H64: errors that no repeat can mend come back at once, as what they are") {
  struct refusal {
    std::string_view reply;
    errc code;
  };
  for (const refusal& one :
       std::vector<refusal>{{"-OOM command not allowed when used memory > 'maxmemory'.", errc::unavailable},
                            {"-MISCONF Redis is configured to save RDB snapshots", errc::unavailable},
                            {"-NOREPLICAS Not enough good replicas to write.", errc::unavailable},
                            {"-READONLY You can't write against a read only replica.", errc::unavailable},
                            {"-NOPERM User u has no permissions to run the 'get' command", errc::access_denied},
                            {"-WRONGTYPE Operation against a key holding the wrong kind of value", errc::corrupt_index},
                            {"-MOVED 1 127.0.0.1:1", errc::configuration},
                            {"-ASK 1 127.0.0.1:1", errc::configuration},
                            {"-EXECABORT Transaction discarded", errc::unsupported},
                            {"-ERR unknown command 'GET'", errc::unsupported},
                            {"-ERR something else", errc::io},
                            {"-WEIRD thing", errc::io}}) {
    INFO(one.reply);
    fake_redis server(first_then_echo({.bytes = std::string(one.reply) + "\r\n"}));
    const redis_client client = connected(server.url(), hasty(2s));

    const auto failed = client.run(owned_call({"GET", "k"}));

    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == one.code);
    CHECK(failed.error().operation == "redis.reply");
    CHECK(server.requests().size() == 1);
    CHECK(shown(client.run(owned_call({"GET", "again"}))) == "again");
  }
}

TEST_CASE("ERR NOSCRIPT is NOSCRIPT too") {
  const redis_script script("return ARGV[1]");
  fake_redis server(these_then_echo({"-ERR NOSCRIPT No matching script\r\n"}));
  const redis_client client = connected(server.url(), hasty(2s));

  CHECK(shown(client.run(owned_call(script, {"k"}, {"v"}))) == "v");

  const std::vector<fake_request> sent = server.requests();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0] == fake_request{"EVALSHA", std::string(script.sha()), "1", "k", "v"});
  CHECK(sent[1] == fake_request{"EVAL", "return ARGV[1]", "1", "k", "v"});
}

TEST_CASE("A refusal of EVALSHA from inside a script is no reason to run it again") {
  const redis_script script("return 1");
  fake_redis server(
      first_then_echo({.bytes = "-NOPERM User u has no permissions to run the 'evalsha' command script: 1f, on @user_script:1.\r\n"}));
  const redis_client client = connected(server.url(), hasty(2s));

  CHECK(shown(client.run(owned_call(script, {"k"}))) == "access_denied!");
  CHECK(server.requests().size() == 1);
}

TEST_CASE("A server that repeats the password in its refusal does not make us show it") {
  // One that knows no AUTH repeats its arguments.
  fake_redis server(
      [](const fake_request& request, std::size_t) {
        return fake_answer{.bytes = "-ERR unknown command 'AUTH', with args: '" + request.back() + "'\r\n"};
      },
      true);

  const auto failed = redis_client::connect("redis://:tops3cret@127.0.0.1:" + std::to_string(server.port()), hasty(2s));

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::access_denied);
  CHECK(failed.error().to_string().find("s3cret") == std::string::npos);
}

TEST_CASE("A pipeline that breaks in the middle keeps the answers it had, and repeats only what may be repeated") {
  // The connection ends with the third request; the fourth was sent with it and may have been carried out.
  fake_redis server([](const fake_request& request, std::size_t nth) {
    return fake_answer{.bytes = nth == 2 ? "" : ":" + request.back() + "\r\n", .hangs_up = nth == 2};
  });
  const redis_client client = connected(server.url(), hasty(2s));

  const auto answers = client.run_many(calls_of({{"GET", "0"}, {"GET", "1"}, owned_call({"GET", "2"}).once(), {"GET", "3"}}));

  REQUIRE(answers.size() == 4);
  CHECK(shown(answers[0]) == "0");
  CHECK(shown(answers[1]) == "1");
  CHECK(shown(answers[2]) == "unavailable!");
  CHECK(may_have_happened(answers[2].error()));
  CHECK(shown(answers[3]) == "3");
}
