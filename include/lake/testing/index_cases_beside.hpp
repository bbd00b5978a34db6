// Cases of the index contract about clocks, and about what lives beside the log: meta, files, samples, the marker, enumeration, batching.
// Knows any index through `index_trial`.
#ifndef LAKE_TESTING_INDEX_CASES_BESIDE_HPP
#define LAKE_TESTING_INDEX_CASES_BESIDE_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/testing/index_cases_log.hpp>
#include <lake/testing/index_trial.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing::detail_index {

template <class T>
void a_dead_writer_blocks_for_one_timeout(T& t) {
  for (const std::chrono::milliseconds jump : {one_second * 0, -one_second, -t.timing.pending_timeout, -one_year, one_second}) {
    t.catalog = "dead writer " + describe(jump.count());
    t.put();
    const time_seq version = t.view().version;
    t.reserve();
    t.clock.step(jump);
    t.equal(t.view().status, view_status::pending, t.catalog + ": a read just after");
    t.clock.advance(t.timing.pending_timeout);
    t.equal(t.view().status, view_status::ok, t.catalog + ": a read one timeout later");

    // The same for a writer with `expected`, while nobody reads.
    t.reserve();
    t.clock.step(jump);
    const result<reserve_answer> blocked = t.try_reserve(1, version, t.token());
    t.check(blocked && blocked->status == reserve_status::blocked, t.catalog + ": blocked: " + describe(blocked));
    t.clock.advance(t.timing.pending_timeout);
    t.reserve(1, version);
  }
}

/// A script of two writers and a reader with a jump of the clock before one of its steps: what was read is never changed below,
/// what was acknowledged is read, what was refused is not.
template <class T>
void run_with_jump(T& t, std::chrono::milliseconds jump, int where) {
  t.catalog = "jump " + describe(jump.count()) + " before step " + describe(where);
  std::vector<time_seq> acknowledged;
  std::vector<time_seq> seen;
  time_seq read_upto;
  int step = 0;
  const auto tick = [&] {
    t.clock.advance(std::chrono::milliseconds{10});
    if (step++ == where) t.clock.step(jump);
  };
  const auto read = [&](view_mode mode) {
    tick();
    const view_answer answer = t.view(mode);
    if (answer.status != view_status::ok) return;
    id_list below = ids_of(answer.deltas);
    below.erase(std::remove_if(below.begin(), below.end(), [&](time_seq id) { return id > read_upto; }), below.end());
    if (answer.stop >= read_upto) t.equal(below, seen, t.catalog + ": what was read before");
    if (answer.stop < read_upto) return;
    seen = ids_of(answer.deltas);
    read_upto = answer.stop;
  };
  const auto commit = [&](const written& one) {
    tick();
    const std::string answer = t.commit(one);
    t.check(answer == "ok" || answer == "fenced", t.catalog + ": commit answers " + answer);
    for (int i = 0; i < 3; ++i) t.equal(t.commit(one), answer, t.catalog + ": the repeated commit");
    if (answer == "ok") acknowledged.push_back(one.id());
  };
  tick();
  const written slow = t.reserve();
  tick();
  const written quick = t.reserve();
  commit(quick);
  read(view_mode::prefix);
  read(view_mode::fail);
  tick();
  const written third = t.reserve();
  commit(third);
  commit(slow);
  read(view_mode::fail);
  t.expire_pendings();
  std::sort(acknowledged.begin(), acknowledged.end());
  t.equal(ids_of(t.view().deltas), acknowledged, t.catalog + ": in the end every acknowledged write, and no other, is read");
}

template <class T>
void clocks_may_jump_anywhere(T& t) {
  for (const std::chrono::milliseconds size : {one_second, t.timing.pending_timeout, one_year}) {
    for (int where = 0; where < 9; ++where) {
      run_with_jump(t, size, where);
      run_with_jump(t, -size, where);
    }
  }
}

template <class T>
void meta_merges_in_id_order(T& t) {
  const written early = t.reserve();
  const written late = t.reserve();
  t.equal(t.commit_with(late, t.timing, {}, {{"b", "2"}, {"\xc3\xa9", "\"late\""}}), "ok", "commit of the later id");
  t.equal(t.commit_with(early, t.timing, {}, {{"a", "1"}, {"b", "1.0"}}), "ok", "commit of the earlier id");
  t.equal(describe(t.index.read_meta(t.catalog)), "[a=1, b=2, \xc3\xa9=\"late\"]", "a key that a later id has set stays");
  const written dead = t.reserve();
  t.equal(t.rollback(dead), "rolled_back", "rollback");
  t.equal(t.commit_with(dead, t.timing, {}, {{"a", "9"}}), "fenced", "a fenced commit");
  t.equal(t.commit_with(t.reserve(), t.timing, {}, {{"a", "null"}}), "ok", "commit of a null");
  t.equal(describe(t.index.read_meta(t.catalog)), "[a=null, b=2, \xc3\xa9=\"late\"]", "null is a value");
}

template <class T>
struct file_steps {
  T& t;
  time_seq issue(std::string_view path) {
    const result<issue_answer> answer = t.index.issue_id(t.catalog, path, t.timing);
    t.check(answer && answer->status == issue_status::issued, "issue_id: " + describe(answer));
    return answer ? answer->id : time_seq{};
  }
  void put(std::string_view path, time_seq id, put_file_status wanted, std::string_view what) {
    const result<put_file_status> answer = t.index.put_file(t.catalog, path, file_record{.id = id, .bytes = 3, .digest = 4, .meta = "{}"});
    t.equal(describe(answer), describe(wanted), what);
  }
  time_seq current(std::string_view path) {
    const result<std::optional<file_record>> record = t.index.read_file(t.catalog, path);
    return record && *record ? (*record)->id : time_seq{};
  }
};

template <class T>
void files_point_to_their_newest_object(T& t) {
  file_steps<T> files{t};
  const time_seq one = files.issue("/b");
  const time_seq two = files.issue("/b");
  const time_seq three = files.issue("/a/c");
  files.put("/b", two, put_file_status::ok, "put_file of the later id");
  files.put("/b", two, put_file_status::ok, "put_file again");
  files.put("/b", one, put_file_status::ok, "put_file of the earlier id");
  files.put("/a/c", three, put_file_status::ok, "put_file of another path");
  t.equal(files.current("/b"), two, "the later object stays");
  const auto all = t.index.read_files(t.catalog);
  t.check(all && all->size() == 2 && (*all)[0].first == "/a/c" && (*all)[1].first == "/b", "read_files is sorted: " + describe(all));
  files.put("/a/c", two, put_file_status::fenced, "put_file of an id of another path");

  t.equal(t.cut({}).gone.files, std::vector<file_ref>{{"/b", one}}, "the loser waits to be deleted");
  t.equal(describe(t.index.drop_file(t.catalog, "/b")), "1", "drop_file");
  t.equal(describe(t.index.drop_file(t.catalog, "/b")), "0", "drop_file again");
  t.check(t.cut({}, one_second).gone.files.empty(), "within the grace nothing goes");
  t.clock.advance(one_second);
  const cut_answer later = t.cut({}, one_second);
  t.equal(later.gone.files, std::vector<file_ref>{{"/b", one}, {"/b", two}}, "after it both objects go");
  t.equal(t.remove(later.gone).files, std::size_t{2}, "remove_members drops them");
  t.check(t.cut({}).gone.files.empty(), "then nothing is left");
}

template <class T>
void late_files_are_fenced(T& t) {
  file_steps<T> files{t};
  const time_seq late = files.issue("/late");
  t.check(t.cut({}).gone.files.empty(), "a young file in flight is left alone");
  t.expire_pendings();
  t.check(t.cut({}, one_second).gone.files.empty(), "an old one is fenced, and its object gets the grace");
  files.put("/late", late, put_file_status::fenced, "put_file after the fence");
  t.clock.advance(one_second);
  t.equal(t.cut({}, one_second).gone.files, std::vector<file_ref>{{"/late", late}}, "then its object goes");

  t.catalog = "removed";
  const time_seq kept = files.issue("/kept");
  files.put("/kept", kept, put_file_status::ok, "put_file");
  const time_seq flying = files.issue("/flying");
  t.equal(t.remove_catalog().gone.files, std::vector<file_ref>{{"/kept", kept}, {"/flying", flying}}, "remove_catalog names all objects");
  files.put("/flying", flying, put_file_status::fenced, "put_file after remove_catalog");
  t.equal(files.current("/kept"), time_seq{}, "its files are gone");
}

template <class T>
void samples_keep_the_larger(T& t) {
  t.equal(t.index.store_sample(t.catalog, "rank", 2.5), result<double>(2.5), "the first score");
  t.equal(t.index.store_sample(t.catalog, "rank", 1.5), result<double>(2.5), "a smaller score");
  t.equal(t.index.store_sample(t.catalog, "rank", 1700000000.000001), result<double>(1700000000.000001), "a larger score");
  t.equal(describe(t.index.read_sample(t.catalog, "rank")), describe(1700000000.000001), "read_sample");
  t.equal(describe(t.index.read_sample(t.catalog, "other")), "none", "another indicator");
}

template <class T>
void the_marker_is_set_once(T& t) {
  t.equal(describe(t.index.marker()), "none", "no marker");
  t.equal(describe(t.index.set_marker("{\"a\":1}")), "{\"a\":1}", "set_marker");
  t.equal(describe(t.index.set_marker("other")), "{\"a\":1}", "set_marker again");
  t.equal(describe(t.index.marker()), "{\"a\":1}", "marker");
  t.equal(describe(t.index.barrier()), "done", "barrier");
}

template <class T>
void copies_share_and_catalogs_do_not(T& t) {
  auto copy = t.index;
  const written one = t.put();
  const result<view_answer> seen = copy.view({.catalog = t.catalog}, t.timing);
  t.check(seen && ids_of(seen->deltas) == id_list{one.id()}, "a copy sees what the original wrote");
  for (const std::string_view name : {"Users", "USERS", "users/", "../../etc", "x y:z", "\xe4\xb8\xad\xe6\x96\x87", "delta", "a\nb"}) {
    t.catalog = std::string(name);
    t.check(t.view().deltas.empty(), "the catalog " + t.catalog + " has nothing of another");
    t.put();
    t.equal(t.view().deltas.size(), std::size_t{1}, "the catalog " + t.catalog);
  }
}

template <class T, class Index>
void enumeration_shows_catalogs_in_use(T& t) {
  if constexpr (enumerating_index<Index>) {
    for (const std::string_view name : {"b", "a/2", "a/1", "B"}) {
      t.catalog = std::string(name);
      t.put();
    }
    t.catalog = "a/rolled back";
    t.equal(t.rollback(t.reserve()), "rolled_back", "rollback");
    t.catalog = "a/removed";
    t.put();
    t.remove_catalog();
    t.catalog = "a/file";
    file_steps<T> files{t};
    files.put("/f", files.issue("/f"), put_file_status::ok, "put_file");
    const auto names = [&](std::string_view prefix, std::size_t limit) {
      std::vector<std::string> found;
      const result<void> done = t.index.for_each_catalog(prefix, [&](std::string_view name) {
        found.emplace_back(name);
        return found.size() < limit;
      });
      t.check(done.has_value(), "for_each_catalog failed: " + describe(done));
      return describe(found);
    };
    t.equal(names("", 100), "[B, a/1, a/2, a/file, b]", "all catalogs in use, sorted by bytes");
    t.equal(names("a/", 100), "[a/1, a/2, a/file]", "those with a prefix");
    t.equal(names("", 2), "[B, a/1]", "until the visitor has enough");
    t.equal(names("zz", 2), "[]", "none");
  }
}

template <class T, class Index>
void batches_equal_single_calls(T& t) {
  if constexpr (batching_index<Index>) {
    Index single = t.another();
    const member_spec member{merge_type::rfc7396, "/a"};
    const std::array<std::string, 4> names{"one", "two", "one", ""};
    std::vector<reserve_args> reserves;
    for (const std::string& name : names) reserves.push_back({.catalog = name, .token = t.token(), .members = {&member, 1}});
    std::vector<result<reserve_answer>> alone;
    for (const reserve_args& args : reserves) alone.push_back(single.reserve(args, t.timing));
    const auto together = t.index.reserve_many(reserves, t.timing);
    t.equal(describe(together), describe(alone), "reserve_many");
    if (together.size() != names.size()) return;

    std::vector<commit_args> commits;
    for (std::size_t i = 0; i < 3; ++i) {
      if (together[i]) commits.push_back({.catalog = names[i], .ids = together[i]->ids, .token = reserves[i].token});
    }
    commits.push_back({.catalog = "one", .ids = id_run{time_seq{9, 9}, 1}, .token = t.token()});
    std::vector<result<commit_answer>> committed;
    for (const commit_args& args : commits) committed.push_back(single.commit(args, t.timing));
    t.equal(describe(t.index.commit_many(commits, t.timing)), describe(committed), "commit_many");

    std::vector<view_args> views;
    for (const std::string& name : names) views.push_back({.catalog = name});
    std::vector<result<view_answer>> viewed;
    for (const view_args& args : views) viewed.push_back(std::as_const(single).view(args, t.timing));
    t.equal(describe(std::as_const(t.index).view_many(views, t.timing)), describe(viewed), "view_many");
    t.equal(t.dump(), t.dump_of(single), "the states");
  }
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing::detail_index

#endif  // LAKE_TESTING_INDEX_CASES_BESIDE_HPP
