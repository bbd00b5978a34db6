// An index whose layout has no envelopes is refused with a codec that needs one to be decoded, with a sentence that names the right one.
// expect: lake: the layout of this index has no envelopes.*go_v2_codec
#include <lake/lake.hpp>

#include <lake/codec/go_v2.hpp>
#include <lake/codec/gzip.hpp>
#include <lake/layout/go_v2.hpp>

#ifdef LAKE_BAD
using codec = lake::gzip_codec;
#else
using codec = lake::go_v2_codec;
#endif

int main() {
  lake::basic_lake<lake::basic_memory_index<lake::layout::go_v2>, lake::memory_storage, lake::no_cache, codec> db{};
  return db.write({.catalog = "users", .body = "{}"}) ? 0 : 1;
}
