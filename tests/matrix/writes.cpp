// Batches, compare-and-set and meta.
#include "support/lakes.hpp"

#include <map>
#include <string>
#include <vector>

using lake_test::describe;
using lake_test::embedded_matrix;
using lake_test::keys_with;
using lake_test::lake_home;

TEMPLATE_LIST_TEST_CASE("a batch is written in order, whole or not at all", "[lake][writes]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  const std::vector<lake::time_seq> ids = db.write_batch({{.catalog = "doc", .path = "/a", .body = "1", .meta = R"({"k":1})"},
                                                          {.catalog = "doc", .path = "/a", .body = "2"},
                                                          {.catalog = "doc", .path = "/b", .body = "3", .meta = R"({"k":2})"}})
                                              .value();
  REQUIRE(ids.size() == 3);
  CHECK(ids[1] == lake::time_seq{ids[0].timestamp, ids[0].seqid + 1});
  CHECK(ids[2] == lake::time_seq{ids[0].timestamp, ids[0].seqid + 2});
  CHECK(db.read_string("doc").value() == R"({"a":2,"b":3})");
  CHECK(db.meta("doc") == R"({"k":2})");
  CHECK(db.list("doc").version() == ids[2]);
  CHECK(db.write_batch({}).value().empty());

  const auto before = home.everything();
  CHECK(db.write_batch({{.catalog = "doc", .body = "{}"}, {.catalog = "other", .body = "{}"}}).error().code ==
        lake::errc::invalid_argument);
  CHECK(db.write_batch({{.catalog = "doc", .body = "{}"}, {.catalog = "doc", .body = "{"}}).error().code == lake::errc::invalid_body);
  CHECK(db.write_batch({{.catalog = "doc", .body = "1", .expected = ids[2]}, {.catalog = "doc", .body = "2", .expected = ids[1]}})
            .error()
            .code == lake::errc::invalid_argument);
  CHECK(db.write_batch({{.catalog = "doc", .body = "1"}, {.catalog = "doc", .body = "2", .expected = ids[1]}}).error().code ==
        lake::errc::version_conflict);
  CHECK(home.everything() == before);

  const auto more = db.write_batch({{.catalog = "doc", .body = "1"}, {.catalog = "doc", .body = "2", .expected = ids[2]}});
  REQUIRE(more.has_value());
  CHECK(db.read_string("doc").value() == "2");
}

TEMPLATE_LIST_TEST_CASE("one bad request of many fails its own catalog only", "[lake][writes]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  const auto answers = db.write_many({{.catalog = "a", .path = "/x", .body = "1"},
                                      {.catalog = "b", .path = "/x", .body = "2"},
                                      {.catalog = "a", .path = "/y", .body = "3"},
                                      {.catalog = "b", .path = "/y", .body = "{"},
                                      {.catalog = "", .path = "/y", .body = "4"},
                                      {.catalog = "c", .path = "/z", .body = "5", .expected = lake::time_seq{}},
                                      {.catalog = "d", .path = "/z", .body = "6", .expected = lake::time_seq{1, 1}}});

  REQUIRE(answers.size() == 7);
  CHECK(answers[2].value() == lake::time_seq{answers[0].value().timestamp, answers[0].value().seqid + 1});
  CHECK(answers[1].error().code == lake::errc::invalid_body);
  CHECK(answers[3].error().code == lake::errc::invalid_body);
  CHECK(answers[3].error().message.find("request 3") != std::string::npos);
  CHECK(answers[4].error().code == lake::errc::invalid_catalog);
  CHECK(answers[5].has_value());
  CHECK(answers[6].error().code == lake::errc::version_conflict);
  CHECK(db.read_string("a").value() == R"({"x":1,"y":3})");
  CHECK(db.read_string("c").value() == R"({"z":5})");
  CHECK(db.catalogs().value() == std::vector<std::string>{"a", "c"});
  CHECK(keys_with(home.storage(), "/delta/").size() == 3);
}

TEMPLATE_LIST_TEST_CASE("expected compares with the catalog's version, which never comes again", "[lake][writes]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();

  const lake::time_seq first = db.write({.catalog = "doc", .body = "1", .expected = lake::time_seq{}}).value();
  CHECK(db.write({.catalog = "doc", .body = "2", .expected = lake::time_seq{}}).error().code == lake::errc::version_conflict);
  const lake::time_seq second = db.write({.catalog = "doc", .body = "2", .expected = first}).value();
  const auto refused = db.write({.catalog = "doc", .body = "3", .expected = first});
  REQUIRE(!refused);
  CHECK(refused.error().code == lake::errc::version_conflict);
  CHECK(refused.error().message.find(first.to_string()) != std::string::npos);
  CHECK(refused.error().message.find(second.to_string()) != std::string::npos);
  CHECK(keys_with(home.storage(), "/delta/").size() == 2);

  // A removal moves the version on, and an empty log is one that "must not exist" again.
  CHECK(db.remove_delta("doc", second) == true);
  CHECK(db.write({.catalog = "doc", .body = "4", .expected = first}).error().code == lake::errc::version_conflict);
  CHECK(db.write({.catalog = "doc", .body = "4", .expected = second}).error().code == lake::errc::version_conflict);
  CHECK(db.remove_delta("doc", first) == true);
  const lake::time_seq removal = db.list("doc").version();
  CHECK(removal > second);
  const lake::time_seq third = db.write({.catalog = "doc", .body = "5", .expected = lake::time_seq{}}).value();
  CHECK(third > removal);

  CHECK(db.remove_catalog("doc") == true);
  CHECK(db.write({.catalog = "doc", .body = "6", .expected = third}).error().code == lake::errc::version_conflict);
  const lake::time_seq fourth = db.write({.catalog = "doc", .body = "6", .expected = lake::time_seq{}}).value();
  CHECK(fourth > third);
  db.take_snapshot("doc").value();
  CHECK(db.clear_history("doc").value().cut == fourth);
  CHECK(db.write({.catalog = "doc", .body = "7", .expected = lake::time_seq{}}).error().code == lake::errc::version_conflict);
  CHECK(db.write({.catalog = "doc", .body = "7", .expected = fourth}).has_value());
}

TEMPLATE_LIST_TEST_CASE("meta is merged at top level, in the order of ids, byte for byte", "[lake][writes]", embedded_matrix) {
  INFO(describe<TestType>());
  lake_home<TestType> home;
  TestType db = home.client();
  CHECK(db.meta("doc") == "{}");

  db.write({.catalog = "doc", .body = "1", .meta = R"( {"z": {"a" : 1.0, "b":2}, "\u0061": 1e2, "é":[ ] } )"}).value();
  CHECK(db.meta("doc") == R"({"a":1e2,"z":{"a" : 1.0, "b":2},"é":[ ]})");
  db.write({.catalog = "doc", .body = "2", .meta = R"({"z":{"c":3},"a":null,"q\"":"x"})"}).value();
  CHECK(db.meta("doc") == R"({"a":null,"q\"":"x","z":{"c":3},"é":[ ]})");
  db.write({.catalog = "doc", .body = "3"}).value();
  db.write({.catalog = "doc", .body = "3", .meta = "{}"}).value();
  CHECK(db.meta("doc") == R"({"a":null,"q\"":"x","z":{"c":3},"é":[ ]})");
  CHECK(db.read_string("doc").value() == "3");

  // A write that was reserved before another one and commits after it does not turn the meta back.
  const lake::index_timing timing;
  const lake::member_spec member{lake::merge_type::replace, "/"};
  const lake::write_token token = lake::random_source{}.bits128();
  const auto early = db.index().reserve({.catalog = "late", .token = token, .members = {&member, 1}}, timing).value();
  db.write({.catalog = "late", .body = "2", .meta = R"({"k":"late","l":1})"}).value();
  const std::vector<lake::meta_entry> entries{{"k", "\"early\""}, {"m", "3"}};
  const auto committed = db.index().commit({.catalog = "late", .ids = early.ids, .token = token, .meta = entries}, timing).value();
  CHECK(committed.status == lake::commit_status::ok);
  CHECK(db.meta("late") == R"({"k":"late","l":1,"m":3})");

  const std::vector<std::string> names{"late", "doc", "nothing"};
  const std::map<std::string, std::string> all = db.batch_meta(names).value();
  CHECK(all.size() == 3);
  CHECK(all.at("late") == R"({"k":"late","l":1,"m":3})");
  CHECK(all.at("nothing") == "{}");
}
