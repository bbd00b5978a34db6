// Kept documents: which views they are a beginning of, and which of them stay.
#include "support/catch.hpp"

#include <lake/impl/document_store.hpp>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using lake::delta;
using lake::merge_type;
using lake::time_seq;
using lake::view_answer;
using lake::detail::document_store;

namespace {

time_seq id(int number) { return {1'700'000'000, number}; }

/// A view of the deltas with these numbers, above a snapshot of all up to `base` (0: none).
view_answer view_of(std::initializer_list<int> numbers, int base = 0, std::string_view snapshot = {}) {
  view_answer view;
  if (base != 0) view.base = lake::snapshot_info{{}, id(base), {}, 0, snapshot.size(), lake::pure::xxh64(snapshot)};
  for (const int number : numbers) view.deltas.push_back({id(number), merge_type::replace, "/n" + std::to_string(number)});
  view.stop = numbers.size() > 0 ? view.deltas.back().id : id(base);
  view.clock = view.stop.seqid;
  return view;
}

lake::body_ptr text(std::string_view of) { return std::make_shared<const std::string>(of); }

/// How many of the view's deltas are merged already; -1: nothing is kept of it.
int merged(document_store& store, const view_answer& view) {
  const auto found = store.find("doc", view);
  return found.from ? static_cast<int>(found.deltas) : -1;
}

}  // namespace

TEST_CASE("a kept document is found by every view that goes on from it") {
  document_store store(10'000);
  CHECK(merged(store, view_of({1})) == -1);
  store.store("doc", view_of({1, 2, 3}), text("three"), 30, false);

  CHECK(merged(store, view_of({1, 2, 3})) == 3);
  CHECK(merged(store, view_of({1, 2, 3, 5, 6})) == 3);
  CHECK(merged(store, view_of({2, 3, 4}, 1)) == 2);
  CHECK(merged(store, view_of({}, 3, "three")) == 0);
  CHECK(merged(store, view_of({4, 5}, 3, "three")) == 0);
  CHECK(*store.find("doc", view_of({1, 2, 3, 4})).from->document() == "three");
  CHECK(!store.find("other", view_of({1, 2, 3})).from);

  CHECK(merged(store, view_of({1, 2})) == -1);
  CHECK(merged(store, view_of({5, 6}, 4, "four")) == -1);
  CHECK(merged(store, view_of({}, 2, "two")) == -1);
}

TEST_CASE("a view of another history does not go on from a kept document") {
  document_store store(10'000);
  store.store("doc", view_of({1, 2, 3}), text("three"), 30, false);

  view_answer removed = view_of({1, 2, 3, 4});
  removed.gen = id(4);
  CHECK(merged(store, removed) == -1);
  // An index that fell back issued the ids again.
  view_answer other_path = view_of({1, 2, 3, 4});
  other_path.deltas[2].path = "/else";
  CHECK(merged(store, other_path) == -1);
  view_answer other_type = view_of({1, 2, 3, 4});
  other_type.deltas[2].merge = merge_type::rfc7396;
  CHECK(merged(store, other_type) == -1);
  CHECK(merged(store, view_of({1, 3, 4})) == -1);
  CHECK(merged(store, view_of({1, 2, 4})) == -1);
  CHECK(merged(store, view_of({4}, 3, "other")) == -1);
  CHECK(merged(store, view_of({4}, 3, "THREE")) == -1);
}

TEST_CASE("a kept snapshot is known by what the index recorded of it") {
  document_store store(10'000);
  store.store("doc", view_of({}, 3, "three"), text("three"), 0, false);

  CHECK(merged(store, view_of({}, 3, "three")) == 0);
  CHECK(merged(store, view_of({4}, 3, "three")) == 0);
  CHECK(merged(store, view_of({4}, 3, "other")) == -1);
  CHECK(merged(store, view_of({2, 3, 4}, 1)) == -1);  // Which delta it ended with was never seen.
}

TEST_CASE("the bytes of deltas are those above the view's snapshot") {
  document_store store(10'000);
  store.store("doc", view_of({1, 2, 3}), text("three"), 30, false);
  const auto bytes = [&](const view_answer& view) { return store.find("doc", view).from->delta_bytes(view); };

  CHECK(bytes(view_of({1, 2, 3, 4})) == 30);
  CHECK(bytes(view_of({3, 4}, 2)) == 30);
  CHECK(bytes(view_of({4}, 3, "three")) == 0);
}

TEST_CASE("the head of a catalog is its newest document, older ones stand beside it") {
  document_store store(10'000);
  store.store("doc", view_of({1, 2, 3}), text("three"), 0, false);
  store.store("doc", view_of({1, 2}), text("two"), 0, false);  // A slow reader.
  CHECK(merged(store, view_of({1, 2, 3, 4})) == 3);
  CHECK(merged(store, view_of({1, 2})) == 2);
  CHECK(*store.find("doc", view_of({1, 2})).from->document() == "two");

  view_answer past = view_of({1});
  past.clock = 100;  // Taken later, of the past.
  store.store("doc", past, text("one"), 0, true);
  CHECK(merged(store, view_of({1, 2, 3, 4})) == 3);
  CHECK(merged(store, view_of({1})) == 1);

  INFO("an index that fell back");
  view_answer now = view_of({1, 2});
  now.deltas.back().path = "/else";
  now.clock = 200;
  store.store("doc", now, text("else"), 0, false);
  now.deltas.push_back({id(7), merge_type::replace, "/"});
  now.stop = id(7);
  CHECK(merged(store, now) == 2);
  CHECK(merged(store, view_of({1, 2, 3, 4})) == -1);
}

TEST_CASE("what is kept is bounded") {
  document_store none(0);
  none.store("doc", view_of({1}), text("one"), 0, false);
  CHECK(merged(none, view_of({1})) == -1);

  document_store store(3'000);
  store.store("doc", view_of({1}), text(std::string(1'500, 'x')), 0, false);
  CHECK(merged(store, view_of({1})) == 1);
  store.store("other", view_of({1}), text(std::string(1'500, 'x')), 0, false);
  CHECK(merged(store, view_of({1})) == -1);
  store.store("doc", view_of({1}), text(std::string(4'000, 'x')), 0, false);
  CHECK(merged(store, view_of({1})) == -1);
  for (int i = 1; i < 50; ++i) {
    view_answer view = view_of({i});
    store.store("doc", view, text(std::string(1'500, 'x')), 0, false);
    CHECK(merged(store, view) == 1);
  }
}
