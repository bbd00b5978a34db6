// The transport against a real server: scripts, credentials, pipelines, the pool, and servers that fail, restart or stand still.
#include "redis/transport_fake.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/redis_sentinel.hpp"
#include "support/redis_server.hpp"

#include <lake/detail/redis_client.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using lake::errc;
using lake::detail::may_have_happened;
using lake::detail::redis_client;
using lake::detail::redis_reply;
using lake::detail::redis_script;
using lake_test::calls_of;
using lake_test::connected;
using lake_test::eventually;
using lake_test::hasty;
using lake_test::owned_call;
using lake_test::redis_server;
using lake_test::shown;

/// How often the server ran the command, of all that it was asked.
int calls(const redis_server& server, const std::string& command) {
  const std::string line = server.info("commandstats", "cmdstat_" + command);
  return line.empty() ? 0 : std::stoi(line.substr(line.find("calls=") + 6));
}
int rejections(const redis_server& server, const std::string& command) {
  const std::string line = server.info("commandstats", "cmdstat_" + command);
  return line.empty() ? 0 : std::stoi(line.substr(line.find("rejected_calls=") + 15));
}

const redis_script& add_script() {
  static const redis_script script("return redis.call('INCRBY', KEYS[1], ARGV[1])");
  return script;
}

/// True once somebody waits in a blocking command.
bool somebody_waits(const redis_server& server) { return server.comes_to("clients", "blocked_clients", "1"); }

}  // namespace

TEST_CASE("A script is sent by its digest, and by its text where the server does not have it") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url());

  CHECK(shown(client.run(owned_call(add_script(), {"n"}, {"5"}))) == "5");
  CHECK(shown(client.run(owned_call(add_script(), {"n"}, {"2"}))) == "7");
  CHECK(calls(server, "eval") == 1);
  CHECK(calls(server, "evalsha") == 2);

  server.command({"SCRIPT", "FLUSH"});
  CHECK(shown(client.run(owned_call(add_script(), {"n"}, {"1"}).once())) == "8");
  CHECK(calls(server, "eval") == 2);
}

TEST_CASE("In a pipeline each script that the server does not have is sent as text once, in order") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url());
  const redis_script append("return redis.call('APPEND', KEYS[1], ARGV[1])");
  std::vector<owned_call> owned;
  std::string expected;
  for (int i = 0; i < 3'000; ++i) {
    const std::string digit = std::to_string(i % 10);
    owned.emplace_back(append, std::initializer_list<std::string_view>{"text"}, std::initializer_list<std::string_view>{digit});
    expected += digit;
  }

  const auto answers = client.run_many(calls_of(owned));

  REQUIRE(answers.size() == 3'000);
  for (std::size_t i = 0; i < answers.size(); ++i) REQUIRE(shown(answers[i]) == std::to_string(i + 1));
  CHECK(server.command({"GET", "text"}) == expected);
  CHECK(calls(server, "eval") == 1);
}

TEST_CASE("Where an ACL forbids EVALSHA, scripts go as text from then on") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  server.command({"ACL", "SETUSER", "app", "on", ">pw", "~*", "+@all", "-evalsha"});
  const redis_client client = connected("redis://app:pw@" + server.address());

  CHECK(shown(client.run(owned_call(add_script(), {"n"}, {"5"}))) == "5");
  CHECK(shown(client.run(owned_call(add_script(), {"n"}, {"5"}))) == "10");
  CHECK(rejections(server, "evalsha") == 1);

  const redis_client other = connected("redis://app:pw@" + server.address());
  const auto answers = other.run_many(calls_of({owned_call(add_script(), {"n"}, {"1"}), owned_call(add_script(), {"n"}, {"1"})}));
  CHECK(shown(answers[0]) == "11");
  CHECK(shown(answers[1]) == "12");
  const auto together =
      connected("redis://app:pw@" + server.address()).run_together("n", calls_of({owned_call(add_script(), {"n"}, {"1"}), {"PING"}}));
  CHECK(shown(together[0]) == "13");
  CHECK(shown(together[1]) == "PONG");
}

TEST_CASE("An error from inside a script is told and the script not run again") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  server.command({"ACL", "SETUSER", "app", "on", ">pw", "~*", "+@all", "-del"});
  server.command({"LPUSH", "list", "x"});
  const redis_client client = connected("redis://app:pw@" + server.address());
  const redis_script forbidden("redis.call('INCR', KEYS[1]) return redis.call('DEL', KEYS[2])");
  const redis_script wrong("redis.call('INCR', KEYS[1]) return redis.call('GET', KEYS[2])");
  const redis_script broken("redis.call('INCR', KEYS[1]) return nothing.there");

  CHECK_FALSE(client.run(owned_call(forbidden, {"n", "list"})).has_value());
  CHECK(server.command({"GET", "n"}) == "1");
  CHECK(shown(client.run(owned_call(wrong, {"n", "list"}))) == "corrupt_index!");
  CHECK(server.command({"GET", "n"}) == "2");
  CHECK(shown(client.run(owned_call(broken, {"n"}))) == "io!");
  CHECK(server.command({"GET", "n"}) == "3");
}

TEST_CASE("Credentials come from the URL or the options, and a wrong one is told at connect without being shown") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.password = "right s/cret"});
  const std::string place = server.address();
  lake::redis_options options;
  options.password = "right s/cret";

  CHECK(shown(connected("redis://:right%20s%2Fcret@" + place).run(owned_call({"PING"}))) == "PONG");
  CHECK(shown(connected("redis://" + place, options).run(owned_call({"PING"}))) == "PONG");
  CHECK(shown(connected("redis://:wrong@" + place, options).run(owned_call({"PING"}))) == "PONG");
  options.user = "default";
  CHECK(shown(connected("redis://" + place, options).run(owned_call({"PING"}))) == "PONG");

  for (const std::string& url : {"redis://:wrong-s3cret@" + place, "redis://nobody:wrong-s3cret@" + place}) {
    const auto failed = redis_client::connect(url);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == errc::access_denied);
    CHECK(failed.error().to_string().find("s3cret") == std::string::npos);
  }
  const auto without = redis_client::connect("redis://" + place);
  REQUIRE_FALSE(without.has_value());
  CHECK(without.error().code == errc::access_denied);
}

TEST_CASE("The database is that of the URL, and one that is not there is told at connect") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  REQUIRE(shown(connected(server.url(3)).run(owned_call({"SET", "k", "three"}))) == "OK");

  CHECK(shown(connected(server.url(3)).run(owned_call({"GET", "k"}))) == "three");
  CHECK(shown(connected(server.url(0)).run(owned_call({"GET", "k"}))) == "nil");
  const auto failed = redis_client::connect(server.url(99));
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::configuration);
}

TEST_CASE("The connection has a name, and a server that forbids names is served all the same") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client named = connected(server.url());
  CHECK_THAT(server.command({"CLIENT", "LIST"}), Catch::Matchers::Contains("name=lake "));

  server.command({"ACL", "SETUSER", "app", "on", ">pw", "~*", "+@all", "-client"});
  CHECK(shown(connected("redis://app:pw@" + server.address()).run(owned_call({"PING"}))) == "PONG");
  lake::redis_options options;
  options.client_name = "a name with spaces";
  CHECK(shown(connected(server.url(), options).run(owned_call({"PING"}))) == "PONG");
  options.client_name = "";
  CHECK(shown(connected(server.url(), options).run(owned_call({"PING"}))) == "PONG");
}

TEST_CASE("A local socket serves like a port") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.password = "pw"});

  CHECK(shown(connected(server.unix_url()).run(owned_call({"SET", "k", "v"}))) == "OK");
  CHECK(shown(connected(server.unix_url() + "?db=2").run(owned_call({"GET", "k"}))) == "nil");
  const auto failed = redis_client::connect("unix:///nowhere/redis.sock");
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK(failed.error().subject == "/nowhere/redis.sock");
}

TEST_CASE("Nobody there is unavailable at once for connect") {
  const auto failed = redis_client::connect("redis://127.0.0.1:1");

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  CHECK(failed.error().operation == "redis.connect");
  CHECK(failed.error().subject == "127.0.0.1:1");
}

TEST_CASE("TLS that this program does not have is refused with the sentence that says so") {
  if (lake::detail::has_redis_tls) LAKE_SKIP("this program has TLS");

  const auto failed = redis_client::connect("rediss://:tops3cret@127.0.0.1:1");

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unsupported);
  CHECK_THAT(failed.error().message, Catch::Matchers::Contains("hiredis 1.0"));
  CHECK(failed.error().subject == "rediss://***@127.0.0.1:1");
}

TEST_CASE("Error replies are what they are") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url());
  server.command({"LPUSH", "list", "x"});

  CHECK(shown(client.run(owned_call({"GET", "list"}))) == "corrupt_index!");
  CHECK(shown(client.run(owned_call({"NOSUCHCOMMAND"}))) == "unsupported!");
  CHECK(shown(client.run(owned_call({"INCRBY", "n", "x"}))) == "io!");
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  const auto full = client.run(owned_call({"SET", "k", "v"}));
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == errc::unavailable);
  CHECK_THAT(full.error().message, Catch::Matchers::Contains("its maxmemory must be raised"));
  server.command({"CONFIG", "SET", "maxmemory", "0"});
  server.command({"CONFIG", "SET", "min-replicas-to-write", "1"});
  CHECK(shown(client.run(owned_call({"SET", "k", "v"}))) == "unavailable!");
  server.command({"CONFIG", "SET", "min-replicas-to-write", "0"});
  CHECK(shown(client.run(owned_call({"SET", "k", "v"}))) == "OK");
}

TEST_CASE("A replica refuses a write, and the refusal is unavailable") {
  LAKE_SKIP_WITHOUT_REDIS();
  const lake_test::redis_replica_pair pair;
  const redis_client client = connected(pair.replica().url());

  CHECK(shown(client.run(owned_call({"SET", "k", "v"}))) == "unavailable!");
  CHECK(shown(client.run(owned_call(add_script(), {"n"}, {"5"}))) == "unavailable!");
  CHECK(shown(client.run(owned_call({"GET", "k"}))) == "nil");
}

TEST_CASE("A server that is busy with a script is waited for") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server({.lines = {"busy-reply-threshold 1"}});
  const redis_client quick = connected(server.url(), hasty());
  const redis_client patient = connected(server.url(), hasty(20s));
  lake_test::redis_talk talk(server.port());
  talk.tell({"EVAL", "while true do end", "0"});
  REQUIRE(eventually([&] { return server.command({"GET", "k"}).starts_with("-BUSY"); }));

  const auto late = quick.run(owned_call({"SET", "k", "v"}));
  std::thread helper([&] { server.command({"SCRIPT", "KILL"}); });
  const auto served = patient.run(owned_call({"SET", "k", "v"}));
  helper.join();

  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == errc::unavailable);
  CHECK_THAT(late.error().message, Catch::Matchers::Contains("BUSY"));
  CHECK(shown(served) == "OK");
}

TEST_CASE("After a restart of the server, old connections are noticed before a call that must not be repeated") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const redis_client client = connected(server.url());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { (void)client.run(owned_call({"PING"})); });
  for (std::thread& each : threads) each.join();

  server.kill();
  server.start_again();
  CHECK(shown(client.run(owned_call({"INCR", "n"}).once())) == "1");
  server.kill();
  server.start_again();
  CHECK(shown(client.run(owned_call({"PING"}))) == "PONG");
  server.kill();
  server.start_again();
  const auto answers = client.run_many(calls_of({{"PING"}, owned_call({"INCR", "n"}).once()}));
  CHECK(shown(answers[0]) == "PONG");
  CHECK(shown(answers[1]) == "1");
  server.kill();
  server.start_again();
  CHECK(shown(client.run_together("n", calls_of({{"INCR", "n"}}))[0]) == "1");
}

TEST_CASE("A server that is down is waited for within the time, then unavailable") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const redis_client patient = connected(server.url(), hasty(20s));
  const redis_client quick = connected(server.url(), hasty());
  server.kill();

  const auto failed = quick.run(owned_call({"PING"}));
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::unavailable);
  std::string waited;
  std::thread waiting([&] { waited = shown(patient.run(owned_call({"INCR", "n"}).once())); });
  server.start_again();
  waiting.join();
  CHECK(waited == "1");
  CHECK(shown(quick.run(owned_call({"PING"}))) == "PONG");
}

TEST_CASE("A connection that is killed under a call: sent again if it may be, else it may have happened") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url(), hasty(20s));
  std::string once;
  bool lost = false;
  std::thread first([&] {
    const auto reply = client.run(owned_call({"BLPOP", "list", "0"}).once());
    once = shown(reply);
    lost = !reply && may_have_happened(reply.error());
  });
  REQUIRE(somebody_waits(server));
  server.command({"CLIENT", "KILL", "TYPE", "normal"});
  first.join();
  CHECK(once == "unavailable!");
  CHECK(lost);

  std::string again;
  std::thread second([&] { again = shown(client.run(owned_call({"BLPOP", "list", "0"}))); });
  REQUIRE(somebody_waits(server));
  server.command({"CLIENT", "KILL", "TYPE", "normal"});
  REQUIRE(eventually([&] { return calls(server, "blpop") >= 3 || server.info("clients", "blocked_clients") == "1"; }));
  server.command({"RPUSH", "list", "x"});
  second.join();
  CHECK(again == "[list x]");
}

TEST_CASE("H67: a server that stands still is a timeout, and its late answer is nobody else's") {
  LAKE_SKIP_WITHOUT_REDIS();
  redis_server server;
  const redis_client client = connected(server.url(), hasty());
  REQUIRE(shown(client.run(owned_call({"SET", "a", "first"}))) == "OK");
  REQUIRE(shown(client.run(owned_call({"SET", "b", "second"}))) == "OK");

  server.suspend();
  const auto failed = client.run(owned_call({"GET", "a"}));
  const auto many = client.run_many(calls_of({{"GET", "a"}, {"GET", "a"}}));
  server.resume();

  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == errc::timeout);
  CHECK(may_have_happened(failed.error()));
  CHECK(shown(many[0]) == "timeout!");
  CHECK(shown(many[1]) == "timeout!");
  CHECK(shown(client.run(owned_call({"GET", "b"}))) == "second");
}

TEST_CASE("A pipeline whose requests and answers are both large does not stand still") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url(), hasty(60s));
  const std::string value(100'000, 'v');
  std::vector<owned_call> owned;
  for (int i = 0; i < 300; ++i) {
    owned.push_back(owned_call{"SET", "k" + std::to_string(i), value});
    owned.push_back(owned_call{"GET", "k" + std::to_string(i)});
  }

  const auto answers = client.run_many(calls_of(owned));

  REQUIRE(answers.size() == 600);
  for (std::size_t i = 0; i < answers.size(); i += 2) {
    REQUIRE(shown(answers[i]) == "OK");
    REQUIRE(shown(answers[i + 1]) == value);
  }
}

TEST_CASE("A pipeline keeps the error of each call to itself") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url());

  const auto answers = client.run_many(calls_of({{"SET", "k", "v"}, {"INCR", "k"}, {"NOSUCHCOMMAND"}, {"LPUSH", "k", "x"}, {"GET", "k"}}));

  REQUIRE(answers.size() == 5);
  CHECK(shown(answers[0]) == "OK");
  CHECK(shown(answers[1]) == "io!");
  CHECK(shown(answers[2]) == "unsupported!");
  CHECK(shown(answers[3]) == "corrupt_index!");
  CHECK(shown(answers[4]) == "v");
  CHECK(client.run_many({}).empty());
}

TEST_CASE("Calls that belong together share a connection, also where the server does not have the script") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url());

  for (int round = 1; round <= 2; ++round) {
    const auto answers = client.run_together(
        "n", calls_of({{"CLIENT", "ID"}, owned_call(add_script(), {"n"}, {"1"}), {"WAIT", "0", "10"}, {"CLIENT", "ID"}}));
    REQUIRE(answers.size() == 4);
    CHECK(shown(answers[0]) == shown(answers[3]));
    CHECK(shown(answers[1]) == std::to_string(round));
    CHECK(shown(answers[2]) == "0");
    server.command({"SCRIPT", "FLUSH"});
  }
  // A script that is carried out behind one that is not there: to send both once more would carry it out twice.
  const redis_script other("return redis.call('INCRBY', KEYS[1], 10)");
  REQUIRE(shown(client.run(owned_call(other, {"m"}))) == "10");
  const auto mixed = client.run_together("n", calls_of({owned_call(add_script(), {"n"}, {"1"}), owned_call(other, {"m"})}));
  CHECK(shown(mixed[0]) == "unavailable!");
  CHECK(shown(mixed[1]) == "20");
  CHECK(server.command({"GET", "m"}) == "20");
}

TEST_CASE("There are never more connections than the cap, and who finds none free in time is told") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  lake::redis_options options;
  options.connections = 3;
  const redis_client client = connected(server.url(), options);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) failures += client.run(owned_call(add_script(), {"n"}, {"1"})).has_value() ? 0 : 1;
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(failures == 0);
  CHECK(server.command({"GET", "n"}) == "3200");
  const std::string list = server.command({"CLIENT", "LIST"});
  std::size_t named = 0;
  for (std::size_t at = list.find("name=lake "); at != std::string::npos; at = list.find("name=lake ", at + 1)) ++named;
  CHECK(named >= 1);
  CHECK(named <= 3);
}

TEST_CASE("Who finds no connection free within its time is told, and nothing was sent") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  lake::redis_options options;
  options.connections = 1;
  const auto url = lake::detail::parse_redis_url(server.url());
  REQUIRE(url.has_value());
  const auto setup = lake::detail::redis_setup::make(*url, options);
  REQUIRE(setup.has_value());
  lake::detail::redis_node node(url->nodes.front(), *setup);
  const lake::detail::redis_deadline until = (*setup)->deadline();
  {
    const auto held = node.take(until, false);
    REQUIRE(held.has_value());

    const auto refused = node.take(until.within(5ms), false);

    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::timeout);
    CHECK(refused.error().operation == "redis.wait");
    CHECK_FALSE(may_have_happened(refused.error()));
  }
  CHECK(node.open_connections() == 1);
  CHECK(node.take(until, true).has_value());
  node.drop();
  CHECK(node.open_connections() == 0);
}

TEST_CASE("A child of fork talks over connections of its own") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url());
  REQUIRE(shown(client.run(owned_call({"SET", "whose", "parent"}))) == "OK");
  const std::string mine = shown(client.run(owned_call({"CLIENT", "ID"})));

  const pid_t child = ::fork();
  if (child == 0) {
    const std::string theirs = shown(client.run(owned_call({"CLIENT", "ID"})));
    const bool right = theirs != mine && shown(client.run(owned_call({"GET", "whose"}))) == "parent";
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);

  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(shown(client.run(owned_call({"CLIENT", "ID"}))) == mine);
}

TEST_CASE("The lone server is the only primary") {
  LAKE_SKIP_WITHOUT_REDIS();
  const redis_server server;
  const redis_client client = connected(server.url(5));
  REQUIRE(shown(client.run(owned_call({"SET", "k", "v"}))) == "OK");
  int visits = 0;

  const lake::result<void> done = client.for_each_primary([&](const redis_client& one) -> lake::result<void> {
    ++visits;
    CHECK(shown(one.run(owned_call({"DBSIZE"}))) == "1");
    return {};
  });
  const lake::result<void> stopped = client.for_each_primary([&](const redis_client&) -> lake::result<void> {
    return lake::error{errc::cancelled, "visit", "", "enough"};
  });

  CHECK(done.has_value());
  CHECK(visits == 1);
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().code == errc::cancelled);
}
