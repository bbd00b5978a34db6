// The pure parts of the index in Redis: meta kept as one text, answers of scripts taken apart, what was seen, calls put together, INFO.
#include "support/catch.hpp"

#include <lake/detail/redis_reader.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/index/redis_answers.hpp>
#include <lake/index/redis_connect.hpp>
#include <lake/index/redis_request.hpp>
#include <lake/index/redis_seen.hpp>
#include <lake/index/redis_text_meta.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using lake::body_ref;
using lake::errc;
using lake::merge_type;
using lake::time_seq;
using lake::detail::append_score;
using lake::detail::check_eviction;
using lake::detail::commit_answer_of;
using lake::detail::cut_answer_of;
using lake::detail::deltas_of;
using lake::detail::id_of;
using lake::detail::info_field;
using lake::detail::log_answer_of;
using lake::detail::merge_text_meta;
using lake::detail::read_info;
using lake::detail::read_text_meta;
using lake::detail::redis_call;
using lake::detail::redis_id;
using lake::detail::redis_number;
using lake::detail::redis_reader;
using lake::detail::redis_reply;
using lake::detail::redis_request;
using lake::detail::redis_script;
using lake::detail::redis_server_info;
using lake::detail::redis_view;
using lake::detail::remove_catalog_answer_of;
using lake::detail::remove_delta_answer_of;
using lake::detail::removed_counts_of;
using lake::detail::reserve_answer_of;
using lake::detail::rollback_status_of;
using lake::detail::score_of;
using lake::detail::seen_revisions;
using lake::detail::strange_answer;
using lake::detail::text_meta_members;
using lake::detail::view_answer_of;
using lake::detail::worst_eviction;
using lake::detail::write_text_meta;

// ------------------------------------------------------------------------------------------------------ replies
std::string bulk(std::string_view words) { return "$" + std::to_string(words.size()) + "\r\n" + std::string(words) + "\r\n"; }
std::string number(std::int64_t value) { return ":" + std::to_string(value) + "\r\n"; }
std::string list(std::initializer_list<std::string> parts) {
  std::string out = "*" + std::to_string(parts.size()) + "\r\n";
  for (const std::string& part : parts) out += part;
  return out;
}
const std::string none = "*0\r\n";

redis_reply reply_of(std::string_view bytes) {
  redis_reader reader;
  redis_reply made;
  REQUIRE(reader.feed(bytes));
  REQUIRE(reader.next(made) == redis_reader::step::whole);
  return made;
}

/// What `decode` makes of the bytes.
template <class Decode>
auto decoded(const Decode& decode, const std::string& bytes) {
  const redis_reply reply = reply_of(bytes);
  return decode(reply.view());
}
/// The kind of error, as a word; "none" where there is none.
template <class Result>
std::string refusal(const Result& of) {
  return of ? "none" : std::string(lake::to_string(of.error().code));
}

constexpr std::int64_t second = 1'700'000'000;
constexpr std::int64_t id_number_1 = second * 1'000'000 + 1;
constexpr time_seq id1{second, 1}, id2{second, 2}, id3{second, 3};
const std::string score1 = "1700000000.000001", score2 = "1700000000.000002";
const std::string delta1 = "delta|1|/a|1700000000_1", delta2 = "delta|2|/b|1700000000_2", waiting2 = "pending|delta|3|/b|1700000000_2";
const std::string snap1 = "snap|0_0|1700000000_1", record1 = "0_0|0_0|1234|56|00000000000000ff";

/// What is no answer of any script: another status, nothing, another type.
const std::vector<std::string> strange = {list({bulk("OK")}),
                                          list({bulk("")}),
                                          none,
                                          bulk("committed"),
                                          number(1),
                                          "$-1\r\n",
                                          "*-1\r\n",
                                          list({none}),
                                          "+OK\r\n",
                                          list({number(1)}),
                                          list({bulk("regressed"), number(1)})};

template <class Decode>
void refuses_strange_answers(const Decode& decode) {
  for (const std::string& one : strange) {
    INFO(one);
    const auto answer = decoded(decode, one);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == errc::corrupt_index);
    CHECK(answer.error().message.find("which is none of its answers") != std::string::npos);
  }
}

// --------------------------------------------------------------------------------------------------------- meta
text_meta_members read(std::string_view stored) {
  const auto members = read_text_meta(stored);
  INFO(stored);
  REQUIRE(members.has_value());
  return *members;
}
std::string rewritten(std::string_view stored) { return write_text_meta(read(stored)); }

seen_revisions seen_by(std::uint64_t seed) {
  return seen_revisions(lake::random_source([seed] { return seed; }));
}

}  // namespace

TEST_CASE("meta kept as one text: members are taken apart, values stay as they are, keys are sorted") {
  CHECK(read("").empty());
  CHECK(read("{}").empty());
  CHECK(read(" \t\r\n{ } \n").empty());
  CHECK(read(R"({"b":1,"a":"x"})") == text_meta_members{{"a", "\"x\""}, {"b", "1"}});
  CHECK(read(R"( { "n" : 12345678901234567890 , "o" : {"x":[1,{"y":"}"}]} , "l":[ ],"t" : true } )") ==
        text_meta_members{{"l", "[ ]"}, {"n", "12345678901234567890"}, {"o", R"({"x":[1,{"y":"}"}]})"}, {"t", "true"}});
  CHECK(read(R"({"a":"\\\"},\\"})") == text_meta_members{{"a", R"("\\\"},\\")"}});
  CHECK(read(R"({"a":1,"a":2})") == text_meta_members{{"a", "2"}});
  CHECK(rewritten(R"( {"z": 1 ,"a" :[1, 2] } )") == R"({"a":[1, 2],"z":1})");
  CHECK(write_text_meta({}) == "{}");
}

TEST_CASE("meta kept as one text: an array counts as an object with the keys 1, 2, ...") {
  CHECK(read("[]").empty());
  CHECK(read(R"(["x",{"a":[1,2]}, null])") == text_meta_members{{"1", "\"x\""}, {"2", R"({"a":[1,2]})"}, {"3", "null"}});
  CHECK(rewritten("[7,8]") == R"({"1":7,"2":8})");
}

TEST_CASE("meta kept as one text: escapes of keys are read, and written only where they must be") {
  CHECK(read(R"({"\b\f\n\r\t\"\\\/":1})") == text_meta_members{{"\b\f\n\r\t\"\\/", "1"}});
  CHECK(read(R"({"\u0041\u00e9\u20AC\ud83d\ude00":1})") == text_meta_members{{"A\u00e9\u20AC\U0001F600", "1"}});
  CHECK(read(R"({"\u0000":1})") == text_meta_members{{std::string(1, '\0'), "1"}});
  CHECK(rewritten(R"({"\u0041\/\u00e9":"\u0041"})") == "{\"A/\u00e9\":\"\\u0041\"}");
  CHECK(rewritten(R"({"\n\u001F\"\\":1})") == R"({"\u000a\u001f\"\\":1})");
  // One key, said in two ways.
  CHECK(read(R"({"\u0061":1,"a":2})") == text_meta_members{{"a", "2"}});
}

TEST_CASE("meta kept as one text: half a surrogate pair in a key survives reading and writing") {
  CHECK(read(R"({"\ud800":1})") == text_meta_members{{"\xed\xa0\x80", "1"}});
  CHECK(rewritten(R"({"\ud800":1})") == R"({"\ud800":1})");
  CHECK(rewritten(R"({"\uDBFF":1,"\udc00":2,"\uDFFF":3})") == R"({"\udbff":1,"\udc00":2,"\udfff":3})");
  CHECK(rewritten(R"({"a\ud800z":1})") == R"({"a\ud800z":1})");
  CHECK(rewritten(R"({"\ud800\u0041":1})") == R"({"\ud800A":1})");
  CHECK(rewritten(R"({"\ud800\ud83d\ude00":1})") == "{\"\\ud800\U0001F600\":1}");
  CHECK(rewritten(R"({"\ude00\ud83d":1})") == R"({"\ude00\ud83d":1})");
  // What begins with the same byte and is no surrogate stays as it is.
  CHECK(rewritten("{\"\ud7ff\":1}") == "{\"\ud7ff\":1}");
}

TEST_CASE("meta kept as one text: whatever is written is read back as the same members") {
  std::string every_byte;
  for (int c = 0; c < 0x80; ++c) every_byte += static_cast<char>(c);
  const text_meta_members members{
      {"", "1"}, {every_byte, "\"\\u0000\""}, {"\u00e9\u20AC\U0001F600", "[]"}, {"\xed\xb0\x80", "{}"}, {"\xed\xa0", "0"}};
  CHECK(read(write_text_meta(members)) == members);
}

TEST_CASE("meta kept as one text: what is no object is corrupt_index, and the message shows its beginning only") {
  for (const char* bad : {"null",      "7",         "\"x\"",      "{",     "[",    "}",          "{\"a\"",      "{\"a\":",   "{\"a\":}",
                          "{\"a\":1",  "{\"a\":1,", "{\"a\":1,}", "[1,]",  "[,]",  "{,}",        "{a:1}",       "{1:2}",     "{\"a\" 1}",
                          "{\"a\":1]", "[1}",       "{}x",        "{} {}", "[][]", "{\"a\":\"x", "{\"a\\\":1}", "{\"a\":[1", " "}) {
    INFO(bad);
    const auto members = read_text_meta(bad);
    REQUIRE_FALSE(members.has_value());
    CHECK(members.error().code == errc::corrupt_index);
    CHECK(members.error().message.find("is no JSON object") != std::string::npos);
  }
  CHECK(read_text_meta(std::string(5'000, 'x')).error().message == "the meta \"" + std::string(80, 'x') + "\" is no JSON object");
}

TEST_CASE("meta kept as one text: escapes that are none neither read beyond the key nor end the reading") {
  CHECK(read(R"({"\q\u12":1})") == text_meta_members{{"qu12", "1"}});
  CHECK(read(R"({"\ud83d\u":1})").size() == 1);
  CHECK(read(R"({"\ud83d\ude0":1})").size() == 1);
  CHECK(read(R"({"\uzzzz":1})").size() == 1);
}

TEST_CASE("a meta commit is merged into what is there, but not over what a later id has set") {
  const std::array<lake::meta_entry, 3> entries{{{"a", "\"new\""}, {"b", "2"}, {"c", "3"}}};
  const lake::commit_args args{.catalog = "doc", .ids = {id2, 2}, .meta = entries};
  const auto merge = [&](redis_view answer) { return merge_text_meta(answer, args); };
  const std::string known = R"({"b":"theirs","z":[ 1 ]})";

  const auto merged = decoded(merge, list({bulk("meta"), bulk(known), list({bulk("1700000000_1"), bulk("1700000000_3"), bulk("0_0")})}));

  REQUIRE(merged.has_value());
  CHECK(merged->known == known);
  CHECK(merged->setters == "1700000000_1 1700000000_3 0_0");
  CHECK(merged->merged == R"({"a":"new","b":"theirs","c":3,"z":[ 1 ]})");
  // The same id is a repeat of this write.
  CHECK(decoded(merge, list({bulk("meta"), bulk(""), list({bulk("1700000000_2"), bulk("0_0"), bulk("0_0")})}))->merged ==
        R"({"a":"new","b":2,"c":3})");
}

TEST_CASE("a meta commit over what breaks its format is refused") {
  const std::array<lake::meta_entry, 1> entries{{{"a", "1"}}};
  const lake::commit_args args{.catalog = "doc", .ids = {id2, 1}, .meta = entries};
  const auto merge = [&](redis_view answer) { return merge_text_meta(answer, args); };

  CHECK(refusal(decoded(merge, list({bulk("meta"), bulk("7"), list({bulk("0_0")})}))) == "corrupt_index");
  CHECK(refusal(decoded(merge, list({bulk("meta"), bulk("{}"), list({bulk("nonsense")})}))) == "corrupt_index");
  CHECK_FALSE(decoded(merge, list({bulk("meta"), bulk("{}"), none})).has_value());
  CHECK_FALSE(decoded(merge, list({bulk("meta")})).has_value());
}

TEST_CASE("an answer that no script gives is corrupt_index for each primitive") {
  refuses_strange_answers(reserve_answer_of);
  refuses_strange_answers(commit_answer_of);
  refuses_strange_answers(rollback_status_of);
  refuses_strange_answers(view_answer_of);
  refuses_strange_answers(cut_answer_of);
  refuses_strange_answers(removed_counts_of);
  refuses_strange_answers(remove_delta_answer_of);
  refuses_strange_answers(remove_catalog_answer_of);
  refuses_strange_answers(log_answer_of);
  CHECK(strange_answer(std::string(50, 'x')).message ==
        "the script answered \"" + std::string(40, 'x') + "\", which is none of its answers");
}

TEST_CASE("a view that waits for nobody and a reservation of too many ids are corrupt_index") {
  const std::string nothing = list({});

  CHECK(refusal(decoded(view_answer_of, list({bulk("pending"), number(1), number(0), number(0), number(0), number(0), nothing, nothing, nothing}))) ==
        "corrupt_index");
  CHECK(refusal(decoded(reserve_answer_of, list({bulk("reserved"), number(id_number_1), number((std::int64_t{1} << 32) + 1)}))) == "corrupt_index");
}

TEST_CASE("an id in an answer is one that an index may issue, or 0_0") {
  const auto id = [](const std::string& bytes) { return decoded([](redis_view node) { return id_of(node); }, bytes); };
  CHECK(id(number(id_number_1)) == id1);
  CHECK(id(number(8'589'934'591'999'999)) == time_seq{8'589'934'591, 999'999});
  for (const std::int64_t none_of_ours :
       {std::int64_t{0}, std::int64_t{-1}, second * 1'000'000, std::int64_t{8'589'934'592'000'001}, INT64_MAX, INT64_MIN}) {
    INFO(none_of_ours);
    CHECK(id(number(none_of_ours)) == time_seq{});
  }
  CHECK(id(bulk("1700000000000001")) == time_seq{});
  CHECK(id("$-1\r\n") == time_seq{});
}

TEST_CASE("a score is a whole number text, or none") {
  CHECK(score_of("1700000000.000001") == 1'700'000'000.000001);
  CHECK(score_of("-2.5e3") == -2'500.0);
  for (const char* bad : {"", " 1", "1 ", "1,5", "0x10", "+1", "one", "1.2.3"}) {
    INFO(bad);
    CHECK(score_of(bad) == std::nullopt);
  }
}

TEST_CASE("members and scores become deltas, pending ones are passed over") {
  const auto deltas =
      decoded(deltas_of,
              list({bulk(delta1), bulk(score1), bulk(waiting2), bulk(score2), bulk("delta|3|/c|1700000000_3"), bulk("1700000000.000003")}));

  REQUIRE(deltas.has_value());
  REQUIRE(deltas->size() == 2);
  CHECK((*deltas)[0].id == id1);
  CHECK((*deltas)[0].merge == merge_type::replace);
  CHECK((*deltas)[0].path == "/a");
  CHECK((*deltas)[1].id == id3);
  CHECK(decoded(deltas_of, none)->empty());
}

TEST_CASE("a member that breaks its format, its score or the order is corrupt_index and is named") {
  const auto told = [](const std::string& rows) {
    const auto deltas = decoded(deltas_of, rows);
    REQUIRE_FALSE(deltas.has_value());
    CHECK(deltas.error().code == errc::corrupt_index);
    return deltas.error().message;
  };
  const std::string named = "the member \"" + delta1 + "\": ";
  CHECK(told(list({bulk(delta1), bulk("nan0")})) == named + "its score is no number");
  CHECK(told(list({bulk(delta1), number(id_number_1)})) == named + "its score is no number");
  CHECK(told(list({bulk(delta1), bulk(score2)})) == named + "its score is not that of its id");
  CHECK(told(list({bulk(delta1), bulk("nan")})) == named + "its score is not that of its id");
  CHECK(told(list({bulk(delta2), bulk(score2), bulk(delta1), bulk(score1)})) == named + "it stands behind a member with a greater id");
  CHECK(told(list({bulk(delta1), bulk(score1), bulk(delta1), bulk(score1)})) == named + "it stands behind a member with a greater id");
  CHECK(told(list({bulk("delta|9|/a|1700000000_1"), bulk(score1)})) ==
        "the member \"delta|9|/a|1700000000_1\": the merge type must be 1, 2 or 3");
  CHECK(told(list({bulk(""), bulk(score1)})).find("a delta member has four parts") != std::string::npos);
  CHECK(told(list({none, bulk(score1)})).find("a delta member has four parts") != std::string::npos);
}

TEST_CASE("the answers to a reservation") {
  for (const char* status : {"reserved", "repeated"}) {
    const auto answer = decoded(reserve_answer_of, list({bulk(status), number(id_number_1), number(3), number(9)}));
    REQUIRE(answer.has_value());
    CHECK(answer->status == lake::reserve_status::reserved);
    CHECK(answer->ids == lake::id_run{id1, 3});
    for (const std::string& bad : {list({bulk(status)}), list({bulk(status), number(0), number(1)}),
                                   list({bulk(status), number(-1), number(1)}), list({bulk(status), number(id_number_1), number(0)}),
                                   list({bulk(status), bulk("1700000000_1"), number(1)}), list({bulk(status), none, none})}) {
      INFO(bad);
      CHECK(refusal(decoded(reserve_answer_of, bad)) == "corrupt_index");
    }
  }
  const auto conflict = decoded(reserve_answer_of, list({bulk("conflict"), number(id_number_1)}));
  CHECK(conflict->status == lake::reserve_status::conflict);
  CHECK(conflict->seen == id1);
  const auto blocked = decoded(reserve_answer_of, list({bulk("blocked"), number(id_number_1), number(250)}));
  CHECK(blocked->status == lake::reserve_status::blocked);
  CHECK(blocked->seen == id1);
  CHECK(blocked->age == 250ms);
  CHECK(decoded(reserve_answer_of, list({bulk("overflow")}))->status == lake::reserve_status::overflow);
  CHECK(decoded(reserve_answer_of, list({bulk("lost")}))->status == lake::reserve_status::no_control);
}

TEST_CASE("the answers to a commit and a rollback") {
  const auto commit = [](const char* status) { return decoded(commit_answer_of, list({bulk(status), number(id_number_1)})).value(); };
  CHECK(commit("committed").status == lake::commit_status::ok);
  CHECK(commit("killed").status == lake::commit_status::fenced);
  CHECK(commit("conflict").status == lake::commit_status::conflict);
  CHECK(commit("conflict").version == id1);
  CHECK(commit("unknown").status == lake::commit_status::unknown);
  CHECK(commit("lost").status == lake::commit_status::no_control);
  const auto rollback = [](const char* status) { return decoded(rollback_status_of, list({bulk(status)})).value(); };
  CHECK(rollback("killed") == lake::rollback_status::rolled_back);
  CHECK(rollback("committed") == lake::rollback_status::committed);
  CHECK(rollback("unknown") == lake::rollback_status::unknown);
  CHECK(rollback("lost") == lake::rollback_status::no_control);
}

TEST_CASE("the answers to a view") {
  const auto view = [](const std::string& status, const std::string& pending, const std::string& base, const std::string& rows) {
    return decoded(view_answer_of, list({bulk(status), number(77), number(id_number_1 + 1), number(0), number(id_number_1), number(5),
                                         pending, base, rows}));
  };
  const std::string base = list({bulk(snap1), bulk(record1)});
  const std::string rows = list({bulk(delta2), bulk(score2)});

  const auto whole = view("ok", list({bulk(waiting2), number(40)}), base, rows);
  REQUIRE(whole.has_value());
  CHECK(whole->status == lake::view_status::ok);
  CHECK(whole->clock == 77);
  CHECK(whole->version == id2);
  CHECK(whole->gen.is_zero());
  CHECK(whole->cleared == id1);
  CHECK(whole->base == lake::snapshot_info{time_seq{}, id1, time_seq{}, 1234, 56, 255});
  CHECK(whole->deltas.size() == 1);
  CHECK(whole->stop == id2);
  REQUIRE(whole->pending.has_value());
  CHECK(whole->pending->id == id2);
  CHECK(whole->pending->path == "/b");
  CHECK(whole->pending->age == 40ms);

  CHECK(view("ok", none, base, none)->stop == id1);
  CHECK(view("ok", none, none, none)->stop.is_zero());
  CHECK(view("pending", list({bulk(waiting2), number(40)}), none, none)->status == lake::view_status::pending);
  CHECK(view("trimmed", none, base, none)->status == lake::view_status::trimmed);
  CHECK(decoded(view_answer_of, list({bulk("lost"), number(77)}))->status == lake::view_status::no_control);
  CHECK(decoded(view_answer_of, list({bulk("fresh"), number(77)}))->clock == 77);

  CHECK(refusal(view("ok", list({bulk("nonsense"), number(1)}), none, none)) == "corrupt_index");
  CHECK(refusal(view("ok", none, list({bulk(snap1), bulk("")}), none)) == "corrupt_index");
  CHECK(refusal(view("ok", none, list({bulk(snap1), bulk("1700000000_1|0_0|1|2|00000000000000ff")}), none)) == "corrupt_index");
  CHECK(refusal(view("ok", none, list({bulk("snap|1700000000_2|1700000000_1"), bulk(record1)}), none)) == "corrupt_index");
  CHECK(refusal(view("ok", none, none, list({bulk(delta2), bulk(score1)}))) == "corrupt_index");
}

TEST_CASE("the answers to a cut") {
  const std::string removed = list({list({bulk("1700000000_3"), bulk(record1)}), list({bulk("1700000000_2"), bulk(record1)})});
  const std::string files = list({list({bulk("/f"), bulk("1700000000_2")}), list({bulk("/g"), bulk("1700000000_1")})});
  const std::string records = list({list({bulk("1700000000_3"), bulk("2")})});
  const auto cut = [&](const std::string& deltas, const std::string& dead, const std::string& snapshots, const std::string& old,
                       const std::string& objects) {
    return decoded(cut_answer_of, list({bulk("cut"), deltas, list({bulk(waiting2)}), dead, snapshots, old, objects}));
  };
  const std::string snapshots = list({list({bulk(snap1), bulk(record1)})});

  const auto gone = cut(list({bulk(delta1)}), records, snapshots, removed, files);
  REQUIRE(gone.has_value());
  CHECK(gone->gone.deltas == std::vector<body_ref>{{id1, merge_type::replace}});
  CHECK(gone->gone.pendings == std::vector<body_ref>{{id2, static_cast<merge_type>(3)}});
  CHECK(gone->gone.records == std::vector<body_ref>{{id3, static_cast<merge_type>(2)}});
  REQUIRE(gone->gone.snapshots.size() == 3);
  CHECK(gone->gone.snapshots[0].stop == id1);
  CHECK(gone->gone.snapshots[1].stop == id2);  // The removed ones follow, by stop.
  CHECK(gone->gone.snapshots[2].stop == id3);
  CHECK(gone->gone.files == std::vector<lake::file_ref>{{"/g", id1}, {"/f", id2}});

  CHECK(decoded(cut_answer_of, list({bulk("lost")}))->status == lake::cut_status::no_control);
  CHECK(decoded(cut_answer_of, list({bulk("stale")}))->status == lake::cut_status::stale);
  CHECK(decoded(cut_answer_of, list({bulk("too_new"), number(90)}))->wait == 90ms);
  CHECK(decoded(cut_answer_of, list({bulk("fresh")}))->gone.empty());
  CHECK(decoded(cut_answer_of, list({bulk("cut")}))->gone.empty());

  CHECK(refusal(cut(list({bulk("delta")}), none, none, none, none)) == "corrupt_index");
  CHECK(refusal(cut(none, list({list({bulk("1700000000_3"), bulk("4")})}), none, none, none)) == "corrupt_index");
  CHECK(refusal(cut(none, list({bulk("1700000000_3")}), none, none, none)) == "corrupt_index");
  CHECK(refusal(cut(none, none, list({list({bulk(snap1)})}), none, none)) == "corrupt_index");
  CHECK(refusal(cut(none, none, none, list({list({bulk("1700000000.000001"), bulk(record1)})}), none)) == "corrupt_index");
  CHECK(refusal(cut(none, none, none, list({list({bulk("1700000000_1"), bulk("nonsense")})}), none)) == "corrupt_index");
  CHECK(refusal(cut(none, none, none, none, list({list({bulk("/f"), bulk("nonsense")})}))) == "corrupt_index");
}

TEST_CASE("the answers to removals") {
  const auto counts =
      decoded(removed_counts_of, list({bulk("counts"), number(1), number(2), number(3), number(4), number(5), number(6)})).value();
  CHECK(std::array{counts.deltas, counts.pendings, counts.records, counts.snapshots, counts.files, counts.kept} ==
        std::array<std::size_t, 6>{1, 2, 3, 4, 5, 6});

  const auto removal = [](const std::string& status, const std::string& merge) {
    return decoded(remove_delta_answer_of, list({bulk(status), bulk(merge), number(4)}));
  };
  CHECK(removal("removed", "2")->status == lake::remove_delta_status::removed);
  CHECK(removal("removed", "2")->merge == static_cast<merge_type>(2));
  CHECK(removal("already", "1")->status == lake::remove_delta_status::already);
  for (const char* merge : {"", "0", "4", "11", "x"}) CHECK(refusal(removal("removed", merge)) == "corrupt_index");
  CHECK(removal("not_found", "")->status == lake::remove_delta_status::not_found);
  CHECK(removal("pending", "")->status == lake::remove_delta_status::pending);
  CHECK(removal("covered", "")->status == lake::remove_delta_status::covered);
  CHECK(removal("overflow", "")->status == lake::remove_delta_status::overflow);
  CHECK(removal("lost", "")->status == lake::remove_delta_status::no_control);

  const auto dead = [](const char* kind, const char* id) { return list({bulk(kind), bulk(id), bulk("1")}); };
  const auto catalog =
      decoded(remove_catalog_answer_of,
              list({bulk("removed"), list({dead("r", "1700000000_1"), dead("x", "1700000000_3"), dead("x", "1700000000_2")}),
                    list({list({bulk("1700000000_1"), bulk(record1)})}), none}));
  REQUIRE(catalog.has_value());
  CHECK(catalog->gone.records == std::vector<body_ref>{{id2, merge_type::replace}, {id3, merge_type::replace}, {id1, merge_type::replace}});
  CHECK(catalog->gone.snapshots.size() == 1);
  CHECK(decoded(remove_catalog_answer_of, list({bulk("not_found")}))->status == lake::remove_catalog_status::not_found);
  CHECK(decoded(remove_catalog_answer_of, list({bulk("lost")}))->status == lake::remove_catalog_status::no_control);
  CHECK(refusal(decoded(remove_catalog_answer_of, list({bulk("removed"), list({dead("x", "0")}), none, none}))) == "corrupt_index");
}

TEST_CASE("the answers to a reading of the log: without the control record snapshots need no record") {
  const auto log = [](const std::string& status, const std::string& record) {
    return decoded(log_answer_of, list({bulk(status), number(9), number(0), number(id_number_1), list({bulk(delta1), bulk(score1)}),
                                        list({list({bulk(snap1), bulk(record)})}), list({bulk(waiting2)})}));
  };
  CHECK(log("ok", record1)->status == lake::view_status::ok);
  CHECK(log("ok", record1)->version == id1);
  CHECK(log("ok", record1)->mono == 9);
  CHECK(log("ok", record1)->pendings == std::vector<body_ref>{{id2, static_cast<merge_type>(3)}});
  CHECK(log("lost", "")->status == lake::view_status::no_control);
  CHECK(log("lost", "")->snapshots == std::vector<lake::snapshot_info>{{time_seq{}, id1}});
  CHECK(refusal(log("ok", "")) == "corrupt_index");
  CHECK(decoded(log_answer_of, list({bulk("fresh"), number(9)}))->deltas.empty());
}

TEST_CASE("the highest revision of a catalog is remembered, by prefix and name") {
  seen_revisions seen = seen_by(7);
  CHECK(seen.of("memory:lake", "doc").revision == 0);

  seen.note(seen.of("memory:lake", "doc"), 5);
  seen.note(seen.of("memory:lake", "doc"), 3);  // An answer that was overtaken.
  seen.note(seen.of("memory:lake", "doc"), 0);
  seen.note(seen.of("memory:lake", "doc"), -9);

  CHECK(seen.of("memory:lake", "doc").revision == 5);
  CHECK(seen.of("memory:other", "doc").revision == 0);
  CHECK(seen.of("memory:lake", "docs").revision == 0);
  CHECK(seen_by(8).of("memory:lake", "doc").hash != seen.of("memory:lake", "doc").hash);
}

TEST_CASE("a catalog that fell behind is accepted once, and answers to older questions tell nothing any more") {
  seen_revisions seen = seen_by(7);
  seen.note(seen.of("p", "doc"), 5);
  const seen_revisions::sight first = seen.of("p", "doc");
  const seen_revisions::sight other = seen.of("p", "doc");

  CHECK(seen.accept(first, 2));
  CHECK_FALSE(seen.accept(other, 2));
  CHECK(seen.of("p", "doc").revision == 2);
  CHECK(seen.of("p", "doc").epoch == first.epoch + 1);

  seen.note(other, 9);  // Answered before the loss.
  CHECK(seen.of("p", "doc").revision == 2);
  seen.note(seen.of("p", "doc"), 3);
  CHECK(seen.of("p", "doc").revision == 3);
}

TEST_CASE("of two catalogs that share a place the newer one is remembered, and nothing is known of the other") {
  seen_revisions seen = seen_by(7);
  const seen_revisions::sight one = seen.of("p", "doc");
  seen_revisions::sight other = one;
  other.hash ^= std::uint64_t{1} << 20U;  // In neither of the places' digits.
  seen.note(one, 5);

  seen.note(other, 3);
  CHECK(seen.of("p", "doc").revision == 0);
  seen.note(one, 4);
  CHECK(seen.of("p", "doc").revision == 4);
}

TEST_CASE("an id is one number in a script, and its score is what a double of it is") {
  CHECK(redis_number(id1) == id_number_1);
  CHECK(redis_id(id_number_1) == id1);
  for (const time_seq id :
       {id1, time_seq{}, time_seq{0, 1}, time_seq{second, 999'999}, time_seq{8'589'934'591, 999'999}, time_seq{8'589'934'591, 1}}) {
    INFO(id.to_string());
    CHECK(redis_id(redis_number(id)) == id);
    std::string text;
    append_score(text, id);
    CHECK(score_of(text) == id.score());
  }
  std::string text = "x";
  append_score(text, {second, 42});
  CHECK(text == "x1700000000.000042");
}

TEST_CASE("a request keeps keys and arguments apart, whatever bytes they have") {
  const redis_script script("return 1");
  redis_request request(script, false);
  request.key("k 1")
      .key("")
      .number(-7)
      .arg("")
      .arg(std::string_view("a\0b", 3))
      .id(id1)
      .id_text(id1)
      .score(id1)
      .arg("1")
      .also("|")
      .also("/a");

  const redis_call call = request.call();

  CHECK(call.script == &script);
  CHECK_FALSE(call.repeatable);
  CHECK(std::vector<std::string>(call.keys.begin(), call.keys.end()) == std::vector<std::string>{"k 1", ""});
  CHECK(std::vector<std::string>(call.args.begin(), call.args.end()) ==
        std::vector<std::string>{"-7", "", std::string("a\0b", 3), "1700000000000001", "1700000000_1", "1700000000.000001", "1|/a"});
  CHECK(redis_request(script).call().repeatable);
  CHECK(redis_request(script).call().args.empty());
  // Put together once more, after a longer argument has moved the buffer.
  request.arg(std::string(10'000, 'x'));
  CHECK(request.call().keys[0] == "k 1");
  CHECK(request.call().args.back().size() == 10'000);
}

TEST_CASE("a field of INFO is found by its whole name at the beginning of a line") {
  constexpr std::string_view info = "# Server\r\nnot_run_id:x\r\nrun_id_too:y\r\nrun_id:abc\r\nempty:\r\nlast:end";
  CHECK(info_field(info, "run_id") == "abc");
  CHECK(info_field(info, "empty") == "");
  CHECK(info_field(info, "last") == "end");
  CHECK(info_field(info, "# Server") == std::nullopt);
  CHECK(info_field(info, "absent") == std::nullopt);
  CHECK(info_field(info, "run") == std::nullopt);
  CHECK(info_field("", "run_id") == std::nullopt);
  CHECK(info_field("run_id", "run_id") == std::nullopt);
  CHECK(info_field("run_id:a:b\nx:1", "run_id") == "a:b");
}

TEST_CASE("what a server says of itself, and what it leaves out") {
  const redis_server_info told = read_info(
      "run_id:r\r\nmaster_replid:m\r\nmaster_replid2:0\r\nmaxmemory_policy:allkeys-lru\r\naof_enabled:1\r\nconnected_slaves:2\r\n");
  CHECK(told.run_id == "r");
  CHECK(told.replication_id == "m");
  CHECK(told.eviction_policy == "allkeys-lru");
  CHECK(told.append_only);
  CHECK(told.replicas == 2);

  const redis_server_info untold = read_info("aof_enabled:0\r\nconnected_slaves:-1\r\n");
  CHECK(untold.run_id.empty());
  CHECK(untold.replication_id.empty());
  CHECK(untold.eviction_policy.empty());
  CHECK_FALSE(untold.append_only);
  CHECK(untold.replicas == 0);
  CHECK(read_info("connected_slaves:many\r\naof_enabled:10").replicas == 0);
  CHECK_FALSE(read_info("aof_enabled:10").append_only);
}

TEST_CASE("of several servers the one that is worst for an index counts") {
  const auto worst = [](std::initializer_list<const char*> policies) {
    std::vector<redis_server_info> servers;
    for (const char* policy : policies) servers.push_back({.run_id = {}, .replication_id = {}, .eviction_policy = policy});
    return worst_eviction(servers);
  };
  CHECK(worst({}) == "unknown");
  CHECK(worst({"noeviction", "noeviction"}) == "noeviction");
  CHECK(worst({"noeviction", "volatile-lru", "noeviction"}) == "volatile-lru");
  CHECK(worst({"volatile-ttl", ""}) == "unknown");
  CHECK(worst({"", "noeviction"}) == "unknown");
  CHECK(worst({"", "volatile-lru"}) == "unknown");
  CHECK(worst({"", "allkeys-lfu"}) == "allkeys-lfu");
  CHECK(worst({"noeviction", "allkeys-random", ""}) == "allkeys-random");
}

TEST_CASE("a server that may evict any key is refused unless that was accepted, and one that does not tell is reported") {
  std::vector<std::string> notices;
  lake::redis_index_options options;
  options.on_notice = [&](const lake::error& what) { notices.push_back(what.message); };

  CHECK(refusal(check_eviction(options, "allkeys-lru")) == "configuration");
  CHECK(notices.empty());
  CHECK(check_eviction(options, "noeviction").has_value());
  CHECK(check_eviction(options, "volatile-lru").has_value());
  CHECK(notices.empty());
  CHECK(check_eviction(options, "unknown").has_value());
  options.accept_eviction = true;
  CHECK(check_eviction(options, "allkeys-lru").has_value());
  REQUIRE(notices.size() == 2);
  CHECK(notices[0].find("does not tell its maxmemory-policy") != std::string::npos);
  CHECK(notices[1].find("maxmemory-policy is allkeys-lru") != std::string::npos);
  options.on_notice = {};
  CHECK(check_eviction(options, "allkeys-lru").has_value());
}
