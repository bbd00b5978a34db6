// The search for a container's end at each level of vector instructions, against positions that are known by construction.
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/merge_engines.hpp"
#include "support/repeat.hpp"

#include <lake/merge/skip.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using lake::merge::detail::npos;
using lake::merge::detail::skip_value;
using lake_test::guarded;
using lake_test::repeat;

namespace {

/// An object in which a string ends behind `backslashes` of them, `shift` bytes further on than with none. An odd number escapes its
/// first quote, so another one follows; brackets stand inside the string and behind it.
std::string object_with(std::size_t shift, std::size_t backslashes) {
  const std::string escaped = backslashes % 2 == 1 ? "\"}]{[" : "";
  return "{\"" + repeat(shift, 'k') + "\":\"}{" + repeat(backslashes, '\\') + escaped + "\",\"b\":[{\"c\":\"}\"},{}]}";
}

}  // namespace

TEST_CASE("A container ends where it ends, however many backslashes stand before a quote at the border of a block", "[unit]") {
  guarded memory(1024);
  for (const auto level : lake_test::simd_levels()) {
    for (std::size_t shift = 0; shift < 66; ++shift) {
      for (std::size_t backslashes = 0; backslashes < 135; ++backslashes) {
        const std::string object = object_with(shift, backslashes);
        const std::string_view tight = memory.at_end(object);
        if (skip_value(tight, 0, level) == object.size() && skip_value(object + "\"}]", 0, level) == object.size()) continue;
        FAIL("level " << lake_test::engine_name(level, false) << ", shift " << shift << ", " << backslashes << " backslashes");
      }
    }
  }
  SUCCEED();
}

TEST_CASE("A container that is cut off has no end", "[unit]") {
  guarded memory(1024);
  const std::string object = object_with(40, 85);
  for (const auto level : lake_test::simd_levels()) {
    std::size_t ends = 0;
    for (std::size_t size = 1; size < object.size(); ++size) {
      ends += skip_value(memory.at_end(std::string_view(object).substr(0, size)), 0, level) != npos ? 1U : 0U;
      ends += skip_value(memory.at_start(std::string_view(object).substr(0, size)), 0, level) != npos ? 1U : 0U;
    }
    CHECK(ends == 0);
  }
}
