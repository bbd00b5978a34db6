// The collecting sink, what it prints, and the sink that is off.
#include <lake/core/trace.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>

using namespace std::chrono_literals;

namespace {

/// A sink of somebody else's.
struct counting_sink {
  static constexpr bool enabled = true;
  int steps = 0;
  std::string last;
  void add(std::string_view name, std::chrono::nanoseconds, std::string detail) {
    ++steps;
    last = std::string(name) + detail;
  }
};

}  // namespace

TEST_CASE("a trace prints its total and a line a step", "[trace]") {
  lake::trace trace{"Write"};
  trace.add("Init", 14'840us, "");
  trace.add("PreCommit", 2'140us, "{tsSeq:1700000000_1, seqID:1}");
  trace.add("StoragePut", 203'480us, "{key:a/b.json, size:5}");
  trace.add("Commit", 2'570us, "");

  CHECK(trace.total() == 223'030us);
  CHECK(trace.steps().size() == 4);
  CHECK(trace.dump() ==
        "=== Trace [Write]: Total 223.03ms ===\n"
        "[1] Init: 14.84ms\n"
        "[2] PreCommit: 2.14ms {tsSeq:1700000000_1, seqID:1}\n"
        "[3] StoragePut: 203.48ms {key:a/b.json, size:5}\n"
        "[4] Commit: 2.57ms\n");
}

TEST_CASE("durations are printed in milliseconds without needless zeros", "[trace]") {
  const auto line = [](std::chrono::nanoseconds duration) {
    lake::trace trace{"T"};
    trace.add("S", duration, "");
    return trace.dump().substr(trace.dump().find('\n') + 1);
  };
  lake::trace scheduled{"R"};
  scheduled.add("SnapSave", {}, "scheduled");
  CHECK(scheduled.dump() == "=== Trace [R]: Total 0ms ===\n[1] SnapSave: scheduled\n");
  CHECK(lake::trace{"Empty"}.dump() == "=== Trace [Empty]: Total 0ms ===\n");
  CHECK(line(248ms) == "[1] S: 248ms\n");
  CHECK(line(100ms) == "[1] S: 100ms\n");
  CHECK(line(1'500us) == "[1] S: 1.5ms\n");
  CHECK(line(4'999ns) == "[1] S: 0ms\n");
  CHECK(line(5'001ns) == "[1] S: 0.01ms\n");
  CHECK(line(10h) == "[1] S: 36000000ms\n");
}

TEST_CASE("a stage reports when it ends, and is nothing with the sink off", "[trace]") {
  counting_sink sink;
  {
    lake::detail::stage<counting_sink> stage(sink, "Load");
    stage.note([] { return std::string("{2}"); });
    CHECK(sink.steps == 0);
  }
  CHECK(sink.steps == 1);
  CHECK(sink.last == "Load{2}");

  lake::no_trace off;
  bool asked = false;
  lake::detail::stage<lake::no_trace> nothing(off, "Load");
  nothing.note([&] {
    asked = true;
    return std::string();
  });
  CHECK(!asked);
  static_assert(std::is_empty_v<lake::detail::stage<lake::no_trace>>);
  static_assert(lake::trace_sink<lake::trace> && lake::trace_sink<lake::no_trace> && lake::trace_sink<counting_sink&>);
  static_assert(!lake::trace_sink<int>);
}
