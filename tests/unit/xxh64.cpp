#include <lake/pure/xxh64.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

constexpr std::uint64_t vector_seed = 2654435761U;

// The bytes over which the reference implementation publishes its vectors.
std::string vector_bytes(std::size_t size) {
  std::string out;
  std::uint64_t generator = vector_seed;
  for (std::size_t i = 0; i < size; ++i) {
    out += static_cast<char>(static_cast<unsigned char>(generator >> 56));
    generator *= 11400714785074694797U;
  }
  return out;
}

}  // namespace

TEST_CASE("xxh64 has the published digests", "[pure]") {
  using lake::pure::xxh64;
  const std::string bytes = vector_bytes(222);
  const std::string_view all = bytes;

  CHECK(xxh64("") == 0xef46db3751d8e999U);
  CHECK(xxh64("", vector_seed) == 0xac75fda2929b17efU);
  CHECK(xxh64(all.substr(0, 1)) == 0xe934a84adb052768U);
  CHECK(xxh64(all.substr(0, 1), vector_seed) == 0x5014607643a9b4c3U);
  CHECK(xxh64(all.substr(0, 4)) == 0x9136a0dca57457eeU);
  CHECK(xxh64(all.substr(0, 14)) == 0x8282dcc4994e35c8U);
  CHECK(xxh64(all.substr(0, 14), vector_seed) == 0xc3bd6bf63deb6df0U);
  CHECK(xxh64(all) == 0xb641ae8cb691c174U);
  CHECK(xxh64(all, vector_seed) == 0x20cb8ab7ae10c14aU);
}

TEST_CASE("xxh64 in parts is the xxh64 of the whole, at any two cuts", "[pure]") {
  const std::string bytes = vector_bytes(222);
  const std::string_view whole = bytes;
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::size_t first = random() % (size + 1);
    const std::size_t second = first + random() % (size - first + 1);
    lake::pure::xxh64_state state(vector_seed);

    state.update(whole.substr(0, first));
    state.update(whole.substr(first, second - first));
    const std::uint64_t halfway = state.digest();
    state.update(whole.substr(second, size - second));

    CHECK(halfway == lake::pure::xxh64(whole.substr(0, second), vector_seed));
    CHECK(state.digest() == lake::pure::xxh64(whole.substr(0, size), vector_seed));
  }
}
