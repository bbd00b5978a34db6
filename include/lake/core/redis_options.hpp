// How a client talks to Redis: names, bounds and credentials, shared by the index and the cache. Plain data; knows no connection.
#ifndef LAKE_CORE_REDIS_OPTIONS_HPP
#define LAKE_CORE_REDIS_OPTIONS_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/random.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What a client of Redis is told besides the URL. Credentials here replace those of the URL; neither is ever printed.
struct redis_options {
  std::string client_name = "lake";                  ///< What CLIENT LIST shows; empty: none. A server that forbids it is not an error.
  std::size_t connections = 32;                      ///< At most so many to each server; who comes later waits, within its time.
  std::chrono::milliseconds connect_timeout{2'000};  ///< For one connection: network, TLS and authentication.
  std::chrono::milliseconds timeout{5'000};  ///< For one operation: the wait for a connection, sending, answers and repeats included.
  std::string user = {};                     ///< Empty: that of the URL, else the server's default user.
  std::string password = {};                 ///< Empty: that of the URL, else none.
  std::string ca_file = {};                  ///< For rediss://: who signed the server's certificate; empty: the system's list.
  std::string cert_file = {};                ///< For rediss://: this client's certificate (PEM), with `key_file`; empty: none.
  std::string key_file = {};                 ///< For rediss://: the key of `cert_file` (PEM).
  random_source random = {};                 ///< For the jitter of waits and the choice of servers.
  clock_source clock = {};                   ///< Its steady time bounds every operation.
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_REDIS_OPTIONS_HPP
