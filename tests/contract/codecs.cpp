// Every codec against the law of codecs.
#include <lake/codec/gzip.hpp>
#include <lake/codec/identity.hpp>
#include <lake/testing/codec_contract.hpp>

#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

template <class Make>
void hold(Make make) {
  for (const lake::testing::contract_case& law : lake::testing::codec_contract(make)) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

}  // namespace

TEST_CASE("identity_codec holds the law of codecs") {
  hold([] { return lake::identity_codec{}; });
}

TEST_CASE("gzip_codec holds the law of codecs at any level and for any least size") {
  hold([] { return lake::gzip_codec{}; });
  hold([] { return lake::gzip_codec{{.level = 9, .min_bytes = 0}}; });
  hold([] { return lake::gzip_codec{{.level = 6, .min_bytes = 10'000'000}}; });
}
