// Where credentials are looked for and in which order, when they are renewed, and that no message shows one.
#include "support/catch.hpp"
#include "support/folder.hpp"

#include <lake/core/s3_options.hpp>
#include <lake/detail/s3_credentials.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using lake::errc;
using lake::s3_credentials;
using lake::s3_options;
using lake::detail::read_profile;
using credentials_ptr = std::shared_ptr<const s3_credentials>;
using std::chrono::minutes;
using std::chrono::seconds;

// Variables and files of a made-up process.
struct given {
  std::map<std::string, std::string> variables = {};
  std::map<std::string, std::string> files = {};
  std::string variable(const char* name) const {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  }
  lake::result<std::string> file(const std::string& path) const {
    const auto found = files.find(path);
    if (found == files.end()) return lake::error{errc::not_found, {}, path, "there is no such file"};
    if (found->second == "unreadable") return lake::error{errc::configuration, {}, path, "the file cannot be opened"};
    return found->second;
  }
};
using source = lake::detail::basic_s3_credentials_source<given>;

constexpr std::string_view two_profiles =
    "[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key = s3cret-default\n\n"
    "[other]\naws_access_key_id=AKOTHER\naws_secret_access_key=s3cret-other\naws_session_token=s3cret-token\n";

given machine(std::map<std::string, std::string> variables = {}) {
  variables.emplace("HOME", "/home/u");
  return {std::move(variables), {{"/home/u/.aws/credentials", std::string(two_profiles)}}};
}

credentials_ptr found(const s3_options& options, const given& environment = {}) {
  const auto made = source::of(options, environment);
  INFO((made ? std::string() : made.error().to_string()));
  REQUIRE(made.has_value());
  const auto who = made->get();
  INFO((who ? std::string() : who.error().to_string()));
  REQUIRE(who.has_value());
  return *who;
}

lake::error refusal(const s3_options& options, const given& environment = {}) {
  const auto made = source::of(options, environment);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == errc::configuration);
  CHECK(made.error().operation == "s3.credentials");
  CHECK(made.error().to_string().find("s3cret") == std::string::npos);
  return made.error();
}

bool tells(const lake::error& error, std::initializer_list<std::string_view> parts) {
  const std::string text = error.to_string();
  for (const std::string_view part : parts) {
    if (text.find(part) == std::string::npos) return UNSCOPED_INFO(text), false;
  }
  return true;
}

// A provider whose answers and clock a test sets.
struct role {
  std::chrono::system_clock::time_point wall = std::chrono::system_clock::time_point(minutes(1'000'000));
  std::chrono::steady_clock::time_point steady = {};
  std::optional<std::chrono::system_clock::duration> life = minutes(60);
  bool failing = false;
  int asked = 0;

  s3_options options() {
    s3_options out;
    out.clock = lake::clock_source([this] { return wall; }, [this] { return steady; });
    out.provider = [this]() -> lake::result<s3_credentials> {
      ++asked;
      if (failing) return lake::error{errc::unavailable, "role", {}, "no answer"};
      s3_credentials who{.access_key = "AK" + std::to_string(asked), .secret_key = "s3cret", .session_token = "token"};
      if (life) who.expires = wall + *life;
      return who;
    };
    return out;
  }
  void pass(std::chrono::seconds time) {
    wall += time;
    steady += time;
  }
};

std::string key_of(const source& from) {
  const auto who = from.get();
  return who ? (*who)->access_key : std::string(lake::to_string(who.error().code));
}

}  // namespace

TEST_CASE("Credentials are those of the options, else of the provider, else of the environment, else of the shared file") {
  const std::map<std::string, std::string> keys = {
      {"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}, {"AWS_SESSION_TOKEN", "token"}};
  s3_options asking;
  asking.provider = [] { return lake::result<s3_credentials>(s3_credentials{.access_key = "AKROLE", .secret_key = "s3cret"}); };
  s3_options stating = asking;
  stating.access_key = "AKSTATED";
  stating.secret_key = "s3cret";

  CHECK(found(stating, machine(keys))->access_key == "AKSTATED");
  CHECK(found(stating, machine(keys))->session_token.empty());
  CHECK(found(asking, machine(keys))->access_key == "AKROLE");
  CHECK(found({}, machine(keys))->access_key == "AKENV");
  CHECK(found({}, machine(keys))->session_token == "token");
  CHECK(found({}, machine())->access_key == "AKDEFAULT");
  CHECK(found({}, machine())->secret_key == "s3cret-default");
}

TEST_CASE("A file or profile that the options name comes before the environment") {
  const given environment = machine({{"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}});

  CHECK(found({}, environment)->access_key == "AKENV");
  CHECK(found({.profile = "other"}, environment)->access_key == "AKOTHER");
  CHECK(found({.credentials_file = "/home/u/.aws/credentials"}, environment)->access_key == "AKDEFAULT");
}

TEST_CASE("File and profile are those of the options, else of the environment, else the usual ones") {
  given environment = machine({{"AWS_PROFILE", "other"}});
  environment.files["/keys"] =
      "[other]\naws_access_key_id=AKFILE\naws_secret_access_key=s\n[third]\naws_access_key_id=AK3\naws_secret_access_key=s\n";
  environment.files["/home/u/keys"] = environment.files["/keys"];

  CHECK(found({}, environment)->access_key == "AKOTHER");
  CHECK(found({}, environment)->session_token == "s3cret-token");
  CHECK(found({.profile = "default"}, environment)->access_key == "AKDEFAULT");
  CHECK(found({.credentials_file = "/keys"}, environment)->access_key == "AKFILE");
  CHECK(found({.credentials_file = "~/keys", .profile = "third"}, environment)->access_key == "AK3");
  environment.variables["AWS_SHARED_CREDENTIALS_FILE"] = "/keys";
  CHECK(found({}, environment)->access_key == "AKFILE");
  CHECK(found({.credentials_file = "/home/u/.aws/credentials"}, environment)->access_key == "AKOTHER");
}

TEST_CASE("Where there are none, the message says all four places that were looked at") {
  const lake::error nowhere = refusal({}, {{{"HOME", "/home/u"}}, {}});
  CHECK(tells(nowhere, {"access_key", "provider", "AWS_ACCESS_KEY_ID", "\"default\"", "/home/u/.aws/credentials"}));
  CHECK(tells(refusal({}, {}), {"AWS_SECRET_ACCESS_KEY", "HOME is not set"}));
  given other = machine();
  other.files["/home/u/.aws/credentials"] = "[work]\naws_access_key_id=a\naws_secret_access_key=b\n";
  CHECK(tells(refusal({}, other), {"there are no credentials", "\"default\""}));
}

TEST_CASE("A profile or file that was asked for and is not there is named") {
  CHECK(tells(refusal({.profile = "none"}, machine()), {"no profile \"none\"", "/home/u/.aws/credentials"}));
  CHECK(tells(refusal({}, machine({{"AWS_PROFILE", "none"}})), {"no profile \"none\""}));
  CHECK(tells(refusal({.credentials_file = "/nokeys"}, machine()), {"/nokeys", "no such file"}));
  CHECK(tells(refusal({.profile = "other"}, {{{"HOME", "/home/v"}}, {}}), {"/home/v/.aws/credentials", "no such file"}));
  given locked = machine();
  locked.files["/home/u/.aws/credentials"] = "unreadable";
  CHECK(tells(refusal({}, locked), {"/home/u/.aws/credentials", "cannot be opened"}));
}

TEST_CASE("One key without the other is refused where it stands, whatever else there is") {
  CHECK(tells(refusal({.access_key = "AK"}, machine()), {"options", "the secret key missing"}));
  CHECK(tells(refusal({.secret_key = "s3cret"}, machine()), {"options", "the access key missing"}));
  CHECK(tells(refusal({.session_token = "s3cret"}, machine()), {"options", "both keys missing"}));
  CHECK(tells(refusal({}, machine({{"AWS_ACCESS_KEY_ID", "AK"}})), {"AWS_SECRET_ACCESS_KEY", "the secret key missing"}));
  CHECK(tells(refusal({}, machine({{"AWS_SECRET_ACCESS_KEY", "s3cret"}})), {"AWS_ACCESS_KEY_ID", "the access key missing"}));
  given half = machine();
  half.files["/home/u/.aws/credentials"] = "[default]\naws_access_key_id = AK\n[other]\naws_secret_access_key = s3cret\n[empty]\n";
  CHECK(tells(refusal({}, half), {"\"default\"", "the secret key missing"}));
  CHECK(tells(refusal({.profile = "other"}, half), {"\"other\"", "the access key missing"}));
  CHECK(tells(refusal({.profile = "empty"}, half), {"\"empty\"", "both keys missing"}));
}

TEST_CASE("A key that cannot stand in a header is refused without showing it") {
  for (const char* bad : {"s3cret\n", "s3cret\r\nx-amz-acl: public", " s3cret", "s3cret\x7f", "s3cret\xc3\xa9"}) {
    CHECK(tells(refusal({.access_key = bad, .secret_key = "s"}), {"options", "access key"}));
    CHECK(tells(refusal({.access_key = "AK", .secret_key = "s", .session_token = bad}), {"options", "session token"}));
  }
  CHECK(tells(refusal({.access_key = "AK", .secret_key = "s3cret\n"}), {"the secret key holds"}));
  CHECK(found({.access_key = "test:tester", .secret_key = "pass phrase \xc3\xa9"})->access_key == "test:tester");
}

TEST_CASE("The shared file is read with comments, blanks, Windows lines and names in any case; the last of the same counts") {
  const std::string text =
      "\xef\xbb\xbf# a comment\n; another\naws_access_key_id = AKSTRAY\n  [ work ]  # mine\r\n"
      "\tAWS_Access_Key_ID\t=\tAKWORK  ; comment\r\naws_secret_access_key = a#b;c+/= # comment\r\n#aws_session_token = no\n; "
      "aws_session_token = no\n"
      "region = eu-west-1\nnonsense\n[broken\n[other]\naws_access_key_id = AKOTHER\n[work]\naws_access_key_id = AKLAST";

  const auto work = read_profile(text, "work");

  REQUIRE(work != nullptr);
  CHECK(work->access_key == "AKLAST");
  CHECK(work->secret_key == "a#b;c+/=");
  CHECK(work->session_token.empty());
  CHECK(read_profile(text, "other")->access_key == "AKOTHER");
  CHECK(read_profile(text, "default") == nullptr);
  CHECK(read_profile("", "default") == nullptr);
  CHECK(read_profile("[", "default") == nullptr);
  CHECK(read_profile("[]\naws_access_key_id==\n", "")->access_key == "=");
}

TEST_CASE("A provider is asked at first use, then two minutes before its credentials expire") {
  role machine_role;
  const source from = source::of(machine_role.options()).value();
  CHECK(machine_role.asked == 0);
  CHECK(key_of(from) == "AK1");
  machine_role.pass(minutes(58) - seconds(1));
  CHECK(key_of(from) == "AK1");
  machine_role.pass(seconds(1));
  CHECK(key_of(from) == "AK2");
  CHECK(key_of(from) == "AK2");
  CHECK(machine_role.asked == 2);
}

TEST_CASE("Credentials without an end are asked for once, and those found before stay valid for who holds them") {
  role machine_role;
  machine_role.life.reset();
  const source from = source::of(machine_role.options()).value();
  const credentials_ptr held = from.get().value();
  machine_role.pass(minutes(100'000));
  CHECK(key_of(from) == "AK1");

  from.invalidate();

  CHECK(key_of(from) == "AK2");
  CHECK(held->access_key == "AK1");
}

TEST_CASE("Where renewing fails, the old credentials are used as long as they hold, and the provider is left in peace for a while") {
  role machine_role;
  const source from = source::of(machine_role.options()).value();
  CHECK(key_of(from) == "AK1");
  machine_role.pass(minutes(58));
  machine_role.failing = true;
  CHECK(key_of(from) == "AK1");
  CHECK(key_of(from) == "AK1");
  CHECK(machine_role.asked == 2);
  machine_role.pass(seconds(10));
  CHECK(key_of(from) == "AK1");
  CHECK(machine_role.asked == 3);
  machine_role.pass(seconds(110));
  CHECK(key_of(from) == "unavailable");
  machine_role.failing = false;
  CHECK(key_of(from) == "AK5");
}

TEST_CASE("Credentials that seem to have expired already are used all the same: the clock may be wrong") {
  role machine_role;
  machine_role.life = -minutes(60);
  const source from = source::of(machine_role.options()).value();
  CHECK(key_of(from) == "AK1");
  CHECK(key_of(from) == "AK1");
  machine_role.pass(seconds(10));
  CHECK(key_of(from) == "AK2");
}

TEST_CASE("What the service refused is not used again, and several refusals of the same cost one look") {
  role machine_role;
  const source from = source::of(machine_role.options()).value();
  const credentials_ptr first = from.get().value();

  from.invalidate(first.get());
  const credentials_ptr second = from.get().value();
  from.invalidate(first.get());

  CHECK(from.get().value() == second);
  CHECK(second->access_key == "AK2");
  from.invalidate(second.get());
  machine_role.failing = true;
  CHECK(key_of(from) == "unavailable");
}

TEST_CASE("A provider's failures are told with their cause: an error, an exception, half a pair") {
  s3_options options;
  const auto get = [&options] {
    const auto who = source::of(options).value().get();
    REQUIRE_FALSE(who.has_value());
    return who.error();
  };
  options.provider = []() -> lake::result<s3_credentials> { return lake::error{errc::timeout, "imds", {}, "no answer in 1 s"}; };
  CHECK(get().code == errc::timeout);
  CHECK(tells(get(), {"provider", "no answer in 1 s"}));
  options.provider = []() -> lake::result<s3_credentials> { throw std::runtime_error("s3cret"); };
  CHECK(tells(get(), {"provider", "exception"}));
  CHECK_FALSE(tells(get(), {"s3cret"}));
  options.provider = []() -> lake::result<s3_credentials> { return s3_credentials{.access_key = "AK", .secret_key = {}}; };
  CHECK(tells(get(), {"provider", "the secret key missing"}));
}

TEST_CASE("Of many threads one asks the provider, and all get its answer") {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_answer = false;
  std::atomic<int> asked{0};
  s3_options options;
  options.provider = [&]() -> lake::result<s3_credentials> {
    ++asked;
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return may_answer; });
    return s3_credentials{.access_key = "AK", .secret_key = "s"};
  };
  const source from = source::of(options).value();
  std::vector<std::string> keys(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(keys.size());
    for (std::string& key : keys) threads.emplace_back([&from, &key] { key = key_of(from); });
    const std::lock_guard lock(mutex);
    may_answer = true;
    changed.notify_all();
  }
  CHECK(keys == std::vector<std::string>(8, "AK"));
  CHECK(asked == 1);
}

TEST_CASE("While credentials are renewed, the old ones are given to others without waiting") {
  role machine_role;
  s3_options options = machine_role.options();
  std::optional<source> from;
  std::string meanwhile;
  options.provider = [&, ask = options.provider] {
    if (machine_role.asked == 1) std::jthread([&] { meanwhile = key_of(*from); }).join();
    return ask();
  };
  from = source::of(options).value();
  CHECK(key_of(*from) == "AK1");
  machine_role.pass(minutes(59));

  CHECK(key_of(*from) == "AK2");

  CHECK(meanwhile == "AK1");
}

TEST_CASE("A process's own variables and files are read as they are, and a folder is no file") {
  const lake_test::scratch_folder folder;
  const std::string file = (folder.path() / "credentials").string();
  std::ofstream(file) << two_profiles;
  const lake::detail::process_environment here;

  CHECK(here.file(file) == std::string(two_profiles));
  CHECK(here.file(file + ".none").error().code == errc::not_found);
  CHECK(here.file(file + "/below").error().code == errc::not_found);
  CHECK(here.file(folder.path().string()).error().code == errc::configuration);
  CHECK(here.file("/dev/zero").error().code == errc::configuration);
  CHECK(here.variable("LAKE_SURELY_NOT_SET").empty());
  CHECK(lake::detail::s3_credentials_source::of({.access_key = "AK", .secret_key = "s"}).value().get().value()->access_key == "AK");
}
