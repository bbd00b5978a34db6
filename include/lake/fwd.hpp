// Names of the public types, for headers that only pass them along. Knows nothing.
#ifndef LAKE_FWD_HPP
#define LAKE_FWD_HPP

#include <lake/config.hpp>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

struct error;
struct time_seq;
struct lake_options;
struct write_request;
struct file_request;
template <class T>
class result;

class no_cache;
class identity_codec;

template <class Index, class Storage, class Cache = no_cache, class Codec = identity_codec>
class basic_lake;
template <class Lake>
class list_result;

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_FWD_HPP
