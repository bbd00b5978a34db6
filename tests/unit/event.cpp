// What hooks are given, and that their failures stay theirs.
#include <lake/core/event.hpp>
#include <lake/detail/contain.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

TEST_CASE("an event is a plain value with the reason of a failure", "[event]") {
  const lake::error reason{lake::errc::io, "put", "key", "full"};
  std::string told;
  const lake::event_hook hook = [&](const lake::event& each) {
    told += std::string(each.operation) + ' ' + std::string(each.subject) + ' ' + (each.reason ? each.reason->message : "well") + ';';
  };

  hook(lake::event{lake::event_kind::started, "write", "users"});
  hook(lake::event{lake::event_kind::failed, "write", "users", &reason, std::chrono::milliseconds(3)});

  CHECK(told == "write users well;write users full;");
  CHECK(lake::event{}.kind == lake::event_kind::started);
  CHECK(lake::event{}.elapsed.count() == 0);
}

TEST_CASE("what a hook throws is swallowed", "[event]") {
  int ran = 0;
  lake::detail::contained([&] { ++ran; });
  if constexpr (lake::has_exceptions) {
    lake::detail::contained([&] {
      ++ran;
      throw std::runtime_error("rude");
    });
    lake::detail::contained([&] {
      ++ran;
      throw 7;
    });
    CHECK(ran == 3);
  }
  static_assert(noexcept(lake::detail::contained([] {})));
}
