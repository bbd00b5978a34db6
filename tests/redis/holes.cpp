// The holes of the reference (lake.md section 12, reliability.md sections 1.1, 1.2 and 1.8), as far as they concern the index: each is tried
// on a real server, with the other client let in before each step of the first. H numbers are those of reliability.md.
#include <lake/lake.hpp>

#include <lake/index/redis.hpp>

#include "fault/support.hpp"
#include "support/catch.hpp"
#include "support/redis_lakes.hpp"
#include "support/redis_server.hpp"

#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using world_type = lake_test::faulty_world<lake_test::in_redis>;
using first_lake = world_type::lake_type;
using other_lake = lake::basic_lake<lake::redis_index, lake::memory_storage>;

/// Two clients of one lake; the first goes through faults, and what each was told of its writes is remembered.
struct clients {
  world_type world;
  first_lake first = world.open(options());
  other_lake other{options(), world.index(), world.storage()};
  std::map<std::string, lake::time_seq> written = {};  ///< Acknowledged, by the member it adds.
  std::set<std::string> refused = {};

  static lake::lake_options options() {
    lake::lake_options out;
    out.snapshots = lake::snapshot_policy::never();
    out.document_cache_bytes = 0;
    out.clear.grace = 60s;
    out.read_pending = lake::pending::wait{300s};
    out.deadline = 20s;
    return out;
  }
  template <class Lake>
  void write(Lake& db, const std::string& name) {
    const auto id = db.write({.catalog = "doc", .path = "/" + name, .body = "1"});
    if (id) written[name] = *id;
    else refused.insert(name);
  }
  /// Another client whose steps do not wait for time to pass.
  other_lake quick() {
    lake::lake_options patient = options();
    patient.clock = world.clock.source();
    patient.executor = lake_test::sleepless(world.clock);
    return other_lake(std::move(patient), world.index(), world.storage());
  }
  /// What is promised whatever happened: acknowledged writes are read, refused ones are not, ids rise, a replay gives the same.
  void check() {
    world.plan.clear();
    world.clock.advance(300s);
    other_lake reader = quick();
    const auto document = reader.read_json("doc");
    INFO((document ? std::string() : document.error().to_string()));
    REQUIRE(document.has_value());
    for (const auto& [name, id] : written) CHECK(document->contains(name));
    for (const std::string& name : refused) CHECK_FALSE(document->contains(name));
    std::set<lake::time_seq> ids;
    for (const auto& [name, id] : written) ids.insert(id);
    CHECK(ids.size() == written.size());
  }
};

/// Runs `first` again and again, each time on a new lake, with `other` let in once: before its first step, its second, and so on.
/// Returns at how many places that was.
std::size_t let_in_at_each_step(const std::function<void(clients&)>& first, const std::function<void(clients&)>& other,
                                const std::function<void(clients&)>& before = {}) {
  for (std::size_t place = 1;; ++place) {
    auto both = std::make_unique<clients>();
    both->first.write({.catalog = "doc", .path = "/begin", .body = "0"}).value();
    if (before) before(*both);
    std::size_t step = 0;
    bool came_in = false;
    both->world.plan.before_each([&](std::string_view, std::size_t) {
      if (++step != place || came_in) return;
      came_in = true;
      other(*both);
    });
    first(*both);
    both->world.plan.before_each({});
    if (!came_in) return place - 1;
    INFO("let in before step " << place);
    both->check();
    REQUIRE(place < 60);
  }
}

std::string dump_of(clients& both) { return both.world.index_dump(); }

}  // namespace

TEST_CASE("H1, section 12.1: a writer slower than the pending timeout does not commit below a snapshot") {
  LAKE_SKIP_WITHOUT_REDIS();
  const std::size_t places = let_in_at_each_step([](clients& both) { both.write(both.first, "slow"); },
                                                 [](clients& both) {
                                                   both.world.clock.advance(121s);
                                                   other_lake quick = both.quick();
                                                   both.write(quick, "quick");
                                                   CHECK(quick.take_snapshot("doc").has_value());
                                                 });
  CHECK(places >= 3);
}

TEST_CASE("H2: a commit without its pending member adds nothing") {
  LAKE_SKIP_WITHOUT_REDIS();
  const std::size_t places = let_in_at_each_step([](clients& both) { both.write(both.first, "slow"); },
                                                 [](clients& both) {
                                                   both.world.clock.advance(121s);
                                                   other_lake quick = both.quick();
                                                   CHECK(quick.clear_history("doc").has_value());
                                                   CHECK(both.world.count_in_log("pending|") == 0);
                                                 });
  CHECK(places >= 3);
}

TEST_CASE("H3, section 12.3: a commit that cannot store its meta has changed nothing, and a write without meta is a success") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  CHECK(both.first.write({.catalog = "doc", .path = "/a", .body = "1"}).has_value());
  const lake::member_spec spec{lake::merge_type::replace, "/b"};
  const lake::write_token token{7};
  const auto ids = both.world.index().reserve({.catalog = "doc", .token = token, .members = {&spec, 1}}, {}).value().ids;
  lake_test::redis_talk talk(both.world.server_port());
  talk.ask({"SELECT", both.world.database_number()});
  const std::string meta_key = lake::layout::documented::index_key("memory:lake", lake::layout::index_part::meta, "doc");
  REQUIRE_FALSE(talk.ask({"SET", meta_key, "of another type"}).failed());
  const lake::meta_entry entry{"by", "\"me\""};
  const auto members = [&] { return talk.ask({"ZRANGE", lake::layout::documented::index_key("memory:lake", lake::layout::index_part::delta, "doc"), "0", "-1"}).flat(); };
  const std::string before = members();

  const auto answer = both.world.index().commit({.catalog = "doc", .ids = ids, .token = token, .meta = {&entry, 1}}, {});

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == lake::errc::corrupt_index);
  CHECK(members() == before);
  talk.ask({"DEL", meta_key});
  CHECK(both.world.index().commit({.catalog = "doc", .ids = ids, .token = token, .meta = {&entry, 1}}, {}).value().status ==
        lake::commit_status::ok);
}

TEST_CASE("H4: meta is opaque to the scripts: numbers, empty arrays and key order come back as they were") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.first.write({.catalog = "doc", .body = "{}", .meta = R"({"n":1234567890123456789,"a":[],"f":0.1234567890123456789,"é/":"x"})"}).value();

  CHECK(both.first.meta("doc") == std::string(R"({"a":[],"f":0.1234567890123456789,"n":1234567890123456789,"é/":"x"})"));
}

TEST_CASE("H5, section 12.2: a clock that steps back between any two steps re-issues no id") {
  LAKE_SKIP_WITHOUT_REDIS();
  for (const auto by : {1s, 7s, 120s, 31'536'000s}) {
    INFO(by.count() << " s back");
    let_in_at_each_step([](clients& both) { both.write(both.first, "one"); both.write(both.first, "two"); },
                        [by](clients& both) {
                          both.world.clock.step(-by);
                          other_lake quick = both.quick();
                          both.write(quick, "three");
                        });
  }
}

TEST_CASE("H6: a clock that jumps forward fences what is in flight, and nothing is lost or doubled") {
  LAKE_SKIP_WITHOUT_REDIS();
  let_in_at_each_step([](clients& both) { both.write(both.first, "one"); },
                      [](clients& both) {
                        both.world.clock.step(130s);
                        other_lake quick = both.quick();
                        both.write(quick, "two");
                        CHECK(quick.take_snapshot("doc").has_value());
                      });
}

TEST_CASE("H7: a control record that is lost between any two steps is healed, and ids go on above all that was issued") {
  LAKE_SKIP_WITHOUT_REDIS();
  let_in_at_each_step([](clients& both) { both.write(both.first, "one"); },
                      [](clients& both) {
                        lake_test::redis_talk talk(both.world.server_port());
                        talk.ask({"SELECT", both.world.database_number()});
                        talk.ask({"DEL", lake::layout::documented::index_key("memory:lake", lake::layout::index_part::ctl, "doc")});
                        other_lake quick = both.quick();
                        both.write(quick, "two");
                      });
}

TEST_CASE("H7: a snapshot that was made after a removal is found again by its object's name when the control record is lost") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.write(both.first, "stays");
  const auto gone = both.first.write({.catalog = "doc", .path = "/gone", .body = "1"}).value();
  CHECK(both.first.remove_delta("doc", gone) == true);
  const auto saved = both.first.take_snapshot("doc").value();
  lake_test::redis_talk talk(both.world.server_port());
  talk.ask({"SELECT", both.world.database_number()});
  talk.ask({"DEL", lake::layout::documented::index_key("memory:lake", lake::layout::index_part::ctl, "doc")});

  const auto list = both.first.list("doc");

  REQUIRE_FALSE(list.error().has_value());
  CHECK(list.latest_snapshot()->stop == saved.stop);
  CHECK(list.read_string().value() == R"({"stays":1})");
  const auto recorded = both.world.index().view({.catalog = "doc"}, {}).value().base.value();
  CHECK(recorded.gen > gone);
  CHECK(recorded.length == std::string(R"({"stays":1})").size());
}

TEST_CASE("H8: a reply that is lost at any step is asked for again: one write, no ghost that blocks readers") {
  LAKE_SKIP_WITHOUT_REDIS();
  for (const std::string_view step : {"reserve", "create", "commit"}) {
    INFO(step);
    clients both;
    both.world.plan.fail({.operation = std::string(step), .mode = lake::fault_mode::after});
    both.write(both.first, "one");
    // A body whose reply was lost is not committed: that is told as not written, and is true.
    CHECK(both.written.size() == (step == "create" ? 0 : 1));
    CHECK(both.world.count_in_log("pending|") == 0);
    CHECK(both.world.count_in_log("delta|1|/one") == both.written.size());
  }
}

TEST_CASE("H9: a write that is cancelled after its reservation rolls it back all the same") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  std::stop_source stop;
  both.world.plan.before_each([&](std::string_view operation, std::size_t) {
    if (operation == "create") stop.request_stop();
  });
  const auto id = both.first.write({.catalog = "doc", .path = "/a", .body = "1"}, lake::call_options{.stop = stop.get_token()});

  REQUIRE_FALSE(id.has_value());
  CHECK(id.error().code == lake::errc::cancelled);
  CHECK(both.world.count_in_log("pending|") == 0);
  CHECK(both.world.count_in_log("delta|") == 0);
}

TEST_CASE("H10, section 12.15: a write in flight fails a list, is waited for by a read, and hides later writes only where that was asked for") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.write(both.first, "before");
  const lake::member_spec spec{lake::merge_type::replace, "/flying"};
  const auto flying = both.world.index().reserve({.catalog = "doc", .token = {9}, .members = {&spec, 1}}, {}).value();
  both.write(both.other, "after");

  CHECK(both.first.list("doc").error()->code == lake::errc::pending_write);
  const auto prefix = both.first.list("doc", {.pending = lake::pending::committed_prefix{}});
  CHECK(prefix.read_string().value() == R"({"before":1})");
  both.world.clock.advance(121s);  // The writer is dead: it is passed over.
  CHECK(both.first.read_string("doc").value() == R"({"before":1,"after":1})");
  CHECK(both.world.index().commit({.catalog = "doc", .ids = flying.ids, .token = {9}}, {}).value().status == lake::commit_status::fenced);
}

TEST_CASE("H11, section 12.6: pending members of dead writers are reaped with their bodies, those in flight stay") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.world.plan.fail({.operation = "commit", .times = lake::fault_rule::until_cleared});
  both.world.plan.fail({.operation = "rollback", .times = lake::fault_rule::until_cleared});
  CHECK_FALSE(both.first.write({.catalog = "doc", .path = "/dead", .body = "1"}).has_value());
  both.world.plan.clear();
  CHECK(both.world.count_in_log("pending|") == 1);
  both.world.clock.advance(121s);
  both.write(both.other, "alive");
  other_lake quick = both.quick();

  quick.take_snapshot("doc").value();
  both.world.clock.advance(61s);
  const auto cleared = quick.clear_history("doc").value();

  CHECK(cleared.removed.pendings == 1);
  CHECK(both.world.storage_dump().find("/delta/") == std::string::npos);
  CHECK(quick.read_string("doc").value() == R"({"alive":1})");
}

TEST_CASE("H12: beyond 999,999 ids a second the next seconds are borrowed from, and then it is an honest refusal") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.write(both.first, "first");
  lake_test::redis_talk talk(both.world.server_port());
  talk.ask({"SELECT", both.world.database_number()});
  talk.ask({"HSET", lake::layout::documented::index_key("memory:lake", lake::layout::index_part::ctl, "doc"), "last", "1700000000_999000"});
  const std::vector<lake::member_spec> many(2'000, lake::member_spec{lake::merge_type::replace, "/a"});
  lake::redis_index& index = both.world.index();

  CHECK(index.reserve({.catalog = "doc", .token = {1}, .members = many}, {.borrow = 0ms}).value().status == lake::reserve_status::overflow);
  const auto ids = index.reserve({.catalog = "doc", .token = {2}, .members = many}, {}).value().ids;
  CHECK(ids.first == lake::time_seq{1'700'000'000, 999'001});
  CHECK(ids.last() == lake::time_seq{1'700'000'001, 1'001});
  CHECK(index.commit({.catalog = "doc", .ids = ids, .token = {2}}, {}).value().status == lake::commit_status::ok);
  CHECK(index.view({.catalog = "doc"}, {}).value().version == ids.last());
}

TEST_CASE("H13: the scores that the scripts store are those of the ids, up to the last second of the format") {
  LAKE_SKIP_WITHOUT_REDIS();
  for (const std::int64_t second : {std::int64_t{0}, std::int64_t{1'700'000'000}, std::int64_t{4'294'967'295}, lake::time_seq::max_timestamp - 1}) {
    clients both;
    both.world.clock.step(std::chrono::seconds(second) - std::chrono::seconds(1'700'000'000));
    const std::vector<lake::member_spec> many(20'000, lake::member_spec{lake::merge_type::replace, "/a"});
    const auto ids = both.world.index().reserve({.catalog = "doc", .token = {1}, .members = many}, {}).value().ids;
    const auto stored = both.world.index().commit({.catalog = "doc", .ids = ids, .token = {1}}, {}).value();
    CHECK(stored.status == lake::commit_status::ok);
    // The view compares each member's score with that of its id.
    CHECK(both.world.index().view({.catalog = "doc"}, {}).value().deltas.size() == many.size());
  }
}

TEST_CASE("H14, section 12.7: a merge type that no reader takes is refused before anything is written") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  const std::string before = dump_of(both);
  for (const int type : {0, 4, 255}) {
    const lake::member_spec spec{static_cast<lake::merge_type>(type), "/a"};
    CHECK(both.world.index().reserve({.catalog = "doc", .token = {1}, .members = {&spec, 1}}, {}).error().code == lake::errc::invalid_argument);
    CHECK(both.first.write({.catalog = "doc", .body = "{}", .merge = static_cast<lake::merge_type>(type)}).error().code == lake::errc::invalid_argument);
  }
  CHECK(dump_of(both) == before);
}

TEST_CASE("H15, section 12.7: a body that is empty or no JSON is refused before anything is written") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  const std::string before = dump_of(both);
  for (const char* body : {"", "{oops", "[1,]", "nul"}) CHECK(both.first.write({.catalog = "doc", .path = "/a", .body = body}).error().code == lake::errc::invalid_body);
  CHECK(dump_of(both) == before);
}

TEST_CASE("H16, section 12.4: a history that is cleared between any two steps of a read does not tear it") {
  LAKE_SKIP_WITHOUT_REDIS();
  let_in_at_each_step(
      [](clients& both) {
        const auto read = both.first.read_json("doc");
        INFO((read ? std::string() : read.error().to_string()));
        REQUIRE(read.has_value());
        CHECK(read->contains("one"));
      },
      [](clients& both) {
        other_lake quick = both.quick();
        both.write(quick, "two");
        quick.take_snapshot("doc").value();
        both.world.clock.advance(61s);
        CHECK(quick.clear_history("doc").value().removed.deltas == 3);
      },
      [](clients& both) { both.write(both.first, "one"); });
}

TEST_CASE("H17, section 12.6: nothing is removed on the word of a snapshot that cannot be read") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.write(both.first, "one");
  other_lake quick = both.quick();
  const auto saved = quick.take_snapshot("doc").value();
  both.world.storage().put(lake::layout::documented::snapshot_key(lake::storage_kind::memory, "doc", saved.start, saved.stop, {}), "damaged").value();
  both.world.clock.advance(61s);

  CHECK_FALSE(quick.clear_history("doc").has_value());
  CHECK(both.world.count_in_log("delta|") == 1);
  CHECK(quick.read_string("doc").value() == R"({"one":1})");
}

TEST_CASE("H18: a snapshot that cannot be read is fallen back from while the deltas are there") {
  LAKE_SKIP_WITHOUT_REDIS();
  let_in_at_each_step([](clients& both) { CHECK(both.first.read_json("doc").value().contains("one")); },
                      [](clients& both) {
                        other_lake quick = both.quick();
                        const auto saved = quick.take_snapshot("doc").value();
                        const auto key = lake::layout::documented::snapshot_key(lake::storage_kind::memory, "doc", saved.start, saved.stop, {});
                        both.world.storage().put(key, "damaged").value();
                      },
                      [](clients& both) { both.write(both.first, "one"); });
}

TEST_CASE("H19: the grace of a clear counts from the snapshot's creation, not from the age of its data") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.write(both.first, "one");
  both.world.clock.advance(3600s);
  other_lake quick = both.quick();
  quick.take_snapshot("doc").value();

  const auto cleared = quick.clear_history("doc").value();

  CHECK(cleared.removed.deltas == 0);
  CHECK(cleared.wait == 60s);
}

TEST_CASE("H20, section 12.6: a member goes only after its body is surely gone, and a crash in between is finished by the next clear") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.write(both.first, "one");
  both.write(both.first, "two");
  both.quick().take_snapshot("doc").value();
  both.world.clock.advance(61s);
  both.world.plan.fail({.operation = "remove", .nth = 1, .times = 1});

  const auto cleared = both.first.clear_history("doc").value();

  CHECK(cleared.failures.size() == 1);
  CHECK(cleared.removed.deltas == 1);
  CHECK(both.world.count_in_log("delta|") == 1);
  CHECK(both.quick().clear_history("doc").value().removed.deltas == 1);
  CHECK(both.world.storage_dump().find("/delta/") == std::string::npos);
}

TEST_CASE("H21, section 12.5: ages come with each answer of the index: a client that was started before the server reads them right") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  const lake::member_spec spec{lake::merge_type::replace, "/a"};
  REQUIRE(both.world.index().reserve({.catalog = "doc", .token = {1}, .members = {&spec, 1}}, {}).has_value());
  both.world.clock.advance(119s);
  CHECK(both.world.index().view({.catalog = "doc"}, {}).value().pending->age == 119s);
  both.world.clock.advance(1s);
  CHECK(both.world.index().view({.catalog = "doc"}, {}).value().status == lake::view_status::ok);
}

TEST_CASE("H22: clears that keep different numbers of snapshots do not answer for one another") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  other_lake quick = both.quick();
  for (const std::string name : {"a", "b", "c"}) {
    both.write(both.first, name);
    quick.take_snapshot("doc").value();
  }
  both.world.clock.advance(61s);
  CHECK(quick.clear_history_with_retention("doc", 2).value().removed.snapshots == 0);
  CHECK(quick.clear_history_with_retention("doc", 0).value().removed.snapshots == 2);
}

TEST_CASE("H24: a snapshot that is published late never takes the place of a newer one") {
  LAKE_SKIP_WITHOUT_REDIS();
  let_in_at_each_step([](clients& both) { static_cast<void>(both.first.take_snapshot("doc")); },
                      [](clients& both) {
                        other_lake quick = both.quick();
                        both.write(quick, "two");
                        quick.take_snapshot("doc").value();
                        const auto newest = quick.list("doc").latest_snapshot()->stop;
                        CHECK(newest == both.written.at("two"));
                      });
}

TEST_CASE("H25: a delta that is removed between any two steps of a snapshot is in no snapshot that is published") {
  LAKE_SKIP_WITHOUT_REDIS();
  for (const bool saved_before : {false, true}) {
    let_in_at_each_step(
        [](clients& both) { static_cast<void>(both.first.take_snapshot("doc")); },
        [](clients& both) {
          other_lake quick = both.quick();
          const auto removed = quick.remove_delta("doc", both.written.at("gone"));
          if (!removed) return;  // A published snapshot covers it.
          both.written.erase("gone");
          both.refused.insert("gone");
        },
        [saved_before](clients& both) {
          if (saved_before) both.first.take_snapshot("doc").value();
          both.write(both.first, "gone");
        });
  }
}

TEST_CASE("H62, section 12.13: scripts that a server forgets between any two steps are sent again") {
  LAKE_SKIP_WITHOUT_REDIS();
  let_in_at_each_step([](clients& both) { both.write(both.first, "one"); CHECK(both.first.read_json("doc").value().contains("one")); },
                      [](clients& both) { lake_test::redis_talk(both.world.server_port()).ask({"SCRIPT", "FLUSH"}); });
}

TEST_CASE("H63: a lake works for a user who may not call EVALSHA, FLUSH*, KEYS, CONFIG or INFO, and says that the eviction policy is unknown") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server;
  server.command({"ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-evalsha", "-flushall", "-flushdb", "-keys", "-config", "-info", "-client"});
  std::vector<std::string> notices;
  auto index = lake::redis_index::connect({.url = "redis://app:secret@" + server.address(),
                                           .on_notice = [&](const lake::error& told) { notices.push_back(told.to_string()); }});
  INFO((index ? std::string() : index.error().to_string()));
  REQUIRE(index.has_value());
  CHECK(index->eviction_policy() == "unknown");
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("INFO is denied") != std::string::npos);
  other_lake db(clients::options(), *index, lake::memory_storage{});
  const auto id = db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  CHECK(db.read_string("doc") == std::string(R"({"a":1})"));
  CHECK(db.remove_delta("doc", id) == true);
  CHECK(db.catalogs().value() == std::vector<std::string>{});
}

TEST_CASE("H63: commands that were renamed away are not missed") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server({.lines = {"rename-command FLUSHALL \"\"", "rename-command FLUSHDB \"\"", "rename-command KEYS \"\"", "rename-command CONFIG \"\""}});
  other_lake db(clients::options(), lake::redis_index::connect({.url = server.url()}).value(), lake::memory_storage{});
  db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  db.take_snapshot("doc").value();
  CHECK(db.catalogs().value() == std::vector<std::string>{"doc"});
  CHECK(db.remove_catalog("doc") == true);
}

TEST_CASE("H66: an index that has fallen back is told once per catalog, before anything is written") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  both.write(both.first, "one");
  lake_test::redis_talk talk(both.world.server_port());
  talk.ask({"SELECT", both.world.database_number()});
  const std::string control = lake::layout::documented::index_key("memory:lake", lake::layout::index_part::ctl, "doc");
  const std::string image = talk.ask({"DUMP", control}).words;
  const std::string members = lake::layout::documented::index_key("memory:lake", lake::layout::index_part::delta, "doc");
  const std::string old_members = talk.ask({"DUMP", members}).words;
  both.write(both.first, "two");
  talk.ask({"RESTORE", control, "0", image, "REPLACE"});
  talk.ask({"RESTORE", members, "0", old_members, "REPLACE"});
  const std::string before = dump_of(both);

  const auto refused = both.first.write({.catalog = "doc", .path = "/three", .body = "1"});

  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == lake::errc::index_regressed);
  CHECK(dump_of(both) == before);
  CHECK(both.first.write({.catalog = "doc", .path = "/three", .body = "1"}).has_value());
}

TEST_CASE("H68: a connection that the server has closed raises no SIGPIPE") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server;
  lake::redis_index index = lake::redis_index::connect({.url = server.url(), .connection = {.timeout = 200ms}}).value();
  index.attach("memory:lake");
  REQUIRE(index.view({.catalog = "doc"}, {}).has_value());
  auto* const before = std::signal(SIGPIPE, SIG_DFL);  // A program that does nothing about it would end here.

  server.kill();
  const std::vector<lake::member_spec> many(20'000, lake::member_spec{lake::merge_type::replace, "/a"});
  for (int i = 0; i < 3; ++i) {
    const auto refused = index.reserve({.catalog = "doc", .token = {1}, .members = many}, {});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().retryable());
  }

  std::signal(SIGPIPE, before);
}

TEST_CASE("H69: a sample that is stored late does not take the place of a greater one") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  lake::redis_index& index = both.world.index();
  CHECK(index.store_sample("doc", "hot", 1700000000.000007) == 1700000000.000007);
  CHECK(index.store_sample("doc", "hot", 1700000000.000003) == 1700000000.000007);
  CHECK(index.read_sample("doc", "hot").value() == 1700000000.000007);
}

TEST_CASE("H70: a file and its meta change together, whoever writes it between any two steps") {
  LAKE_SKIP_WITHOUT_REDIS();
  let_in_at_each_step([](clients& both) { CHECK(both.first.write_file({.catalog = "doc", .path = "/f", .body = "one", .meta = R"({"is":"one"})"}).has_value()); },
                      [](clients& both) {
                        other_lake quick = both.quick();
                        CHECK(quick.write_file({.catalog = "doc", .path = "/f", .body = "two", .meta = R"({"is":"two"})"}).has_value());
                        CHECK(quick.files_and_meta("doc").value() == "{\"/f\":{\"is\":\"" + quick.read_file("doc", "/f").value() + "\"}}");
                      });
}

TEST_CASE("a user who may not run one of the scripts' commands is refused when the lake is opened: a script stopped in its midst would leave half an effect") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server;
  for (const std::string denied : {"hdel", "zadd", "hset", "zrem"}) {
    INFO(denied);
    server.command({"ACL", "SETUSER", "app", "reset", "on", ">secret", "~*", "&*", "+@all", "-" + denied});
    other_lake db(clients::options(), lake::redis_index::connect({.url = "redis://app:secret@" + server.address()}).value(), lake::memory_storage{});
    const auto refused = db.write({.catalog = "doc", .path = "/a", .body = "1"});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == lake::errc::access_denied);
    CHECK(server.command({"DBSIZE"}) == "0");
  }
}

TEST_CASE("a record that breaks its format is corrupt_index before anything is changed") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  lake::redis_index& index = both.world.index();
  lake_test::redis_talk talk(both.world.server_port());
  talk.ask({"SELECT", both.world.database_number()});
  const auto key = [](lake::layout::index_part part) { return lake::layout::documented::index_key("memory:lake", part, "doc"); };
  const auto image = [&] {
    std::string all;
    for (const auto part : {lake::layout::index_part::delta, lake::layout::index_part::ctl, lake::layout::index_part::files}) {
      const lake_test::redis_said dumped = talk.ask({"DUMP", key(part)});
      REQUIRE_FALSE(dumped.failed());
      all += dumped.flat();
    }
    return all;
  };
  both.write(both.first, "one");
  const lake::member_spec spec{lake::merge_type::replace, "/b"};
  const auto ids = index.reserve({.catalog = "doc", .token = {7}, .members = {&spec, 1}}, {}).value().ids;

  talk.ask({"HSET", key(lake::layout::index_part::ctl), "m:by", "nonsense"});
  std::string before = image();
  const lake::meta_entry entry{"by", "\"me\""};
  CHECK(index.commit({.catalog = "doc", .ids = ids, .token = {7}, .meta = {&entry, 1}}, {}).error().code == lake::errc::corrupt_index);
  CHECK(image() == before);
  talk.ask({"HDEL", key(lake::layout::index_part::ctl), "m:by"});

  talk.ask({"HSET", key(lake::layout::index_part::files), "/f", "nonsense"});
  before = image();
  CHECK(index.remove_catalog("doc", {}).error().code == lake::errc::corrupt_index);
  CHECK(image() == before);
}

TEST_CASE("a pending member whose record is gone is corrupt_index, though the script only stumbles over it") {
  LAKE_SKIP_WITHOUT_REDIS();
  clients both;
  lake::redis_index& index = both.world.index();
  const std::string control = lake::layout::documented::index_key("memory:lake", lake::layout::index_part::ctl, "doc");
  both.write(both.first, "one");
  const lake::member_spec spec{lake::merge_type::replace, "/b"};
  const auto ids = index.reserve({.catalog = "doc", .token = {7}, .members = {&spec, 1}}, {}).value().ids;
  lake_test::redis_talk talk(both.world.server_port());
  talk.ask({"SELECT", both.world.database_number()});
  REQUIRE(talk.ask({"HDEL", control, "p:" + ids.first.to_string()}).words == "1");
  const std::string before = talk.ask({"DUMP", control}).words;

  const auto seen = index.view({.catalog = "doc"}, {});

  REQUIRE_FALSE(seen.has_value());
  CHECK(seen.error().code == lake::errc::corrupt_index);
  CHECK(seen.error().operation == "index.view");
  CHECK(seen.error().subject == "doc");
  REQUIRE(seen.error().causes.size() == 1);
  CHECK(seen.error().causes[0].message.find("bad argument") != std::string::npos);
  CHECK_FALSE(seen.error().retryable());
  CHECK(talk.ask({"DUMP", control}).words == before);
}

TEST_CASE("a barrier fails after a restart of the server, whoever noticed it first, as long as a step before it may be waiting") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server({.lines = {"appendonly yes", "appendfsync always"}});
  lake::redis_index index = lake::redis_index::connect({.url = server.url()}).value();
  index.attach("memory:lake");
  other_lake db(clients::options(), index, lake::memory_storage{});
  const auto id = db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  CHECK(index.barrier().has_value());
  REQUIRE(index.remove_delta("doc", id, {}).has_value());

  server.kill();
  server.start_again();

  lake::redis_index noticing = index;
  CHECK(noticing.barrier().error().code == lake::errc::unavailable);
  CHECK(index.barrier().error().code == lake::errc::unavailable);
}

TEST_CASE("a barrier fails where the replication id changed since a step: a replica may have taken the primary's place without a restart") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server({.lines = {"appendonly yes", "appendfsync always", "enable-debug-command yes"}});
  lake::redis_index index = lake::redis_index::connect({.url = server.url()}).value();
  index.attach("memory:lake");
  other_lake db(clients::options(), index, lake::memory_storage{});
  const auto id = db.write({.catalog = "doc", .path = "/a", .body = "1"}).value();
  CHECK(index.barrier().has_value());
  REQUIRE(index.remove_delta("doc", id, {}).has_value());
  const std::string run_id = server.info("server", "run_id");

  REQUIRE(server.command({"DEBUG", "CHANGE-REPL-ID"}) == "OK");

  const auto failed = index.barrier();
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == lake::errc::unavailable);
  CHECK(failed.error().message.find("restarted or replaced") != std::string::npos);
  CHECK(server.info("server", "run_id") == run_id);
}

TEST_CASE("a server whose memory is full can be cleared") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server;
  lake::lake_options options = clients::options();
  options.clear.grace = 0ms;
  other_lake db(options, lake::redis_index::connect({.url = server.url()}).value(), lake::memory_storage{});
  for (int i = 0; i < 100; ++i) db.write({.catalog = "doc", .path = "/p" + std::to_string(i), .body = "1"}).value();
  server.command({"CONFIG", "SET", "maxmemory", "1"});
  CHECK(db.write({.catalog = "doc", .path = "/more", .body = "1"}).error().code == lake::errc::unavailable);

  const auto cleared = db.clear_history("doc");

  INFO((cleared ? std::string() : cleared.error().to_string()));
  REQUIRE(cleared.has_value());
  CHECK(cleared->removed.deltas == 100);
}

TEST_CASE("write_batch is one script call per phase, write_many and batch_list are one pipeline per phase") {
  LAKE_SKIP_WITHOUT_REDIS();
  lake_test::redis_server server;
  other_lake db(clients::options(), lake::redis_index::connect({.url = server.url()}).value(), lake::memory_storage{});
  db.write({.catalog = "warm", .body = "{}"}).value();
  std::vector<lake::write_request> one, many;
  for (int i = 0; i < 100; ++i) {
    one.push_back({.catalog = "doc", .path = "/p" + std::to_string(i), .body = "1"});
    many.push_back({.catalog = "doc" + std::to_string(i), .path = "/p", .body = "1"});
  }
  const auto calls = [&] {
    const std::string line = server.info("commandstats", "cmdstat_evalsha");
    const std::size_t from = line.find("calls=") + 6;
    return std::stoi(line.substr(from, line.find(',', from) - from));
  };
  int before = calls();
  CHECK(db.write_batch(one).value().size() == 100);
  CHECK(calls() - before == 2);

  // For pipelines the server reads far fewer packets than there are calls.
  const auto packets = [&] { return std::stoll(server.info("stats", "total_reads_processed")); };
  before = calls();
  long long packets_before = packets();
  for (const auto& each : db.write_many(many)) CHECK(each.has_value());
  CHECK(calls() - before == 200);
  CHECK(packets() - packets_before < 60);

  std::vector<std::string> catalogs;
  for (const lake::write_request& request : many) catalogs.emplace_back(request.catalog);
  db.list(catalogs[0]);  // The script is sent once.
  before = calls();
  packets_before = packets();
  for (const auto& each : db.batch_list(catalogs)) CHECK(each.deltas().size() == 1);
  CHECK(calls() - before == 100);
  CHECK(packets() - packets_before < 30);
}
