// A client of Redis: one server, a cluster, or what sentinels watch, by its URL. Knows no key, script or layout. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_CLIENT_HPP
#define LAKE_DETAIL_REDIS_CLIENT_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/redis_options.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_cluster.hpp>
#include <lake/detail/redis_engine.hpp>
#include <lake/detail/redis_node.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/redis_router.hpp>
#include <lake/detail/redis_sentinel.hpp>
#include <lake/detail/redis_setup.hpp>
#include <lake/detail/redis_url.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// A handle; copies share connections. Thread-safe.
class redis_client {
  using alone = redis_engine<redis_fixed_router>;
  using clustered = redis_engine<redis_cluster_router>;
  using watched = redis_engine<redis_sentinel_router>;
  using engines = std::variant<alone, clustered, watched>;

  template <class F>
  decltype(auto) visit_engine(F&& f) const {
    return std::visit(std::forward<F>(f), *state_);
  }

 public:
  /// Connects once and authenticates, so that a wrong URL or password is told here.
  /// Errors: configuration (the URL, a file for TLS), unavailable, timeout, access_denied, unsupported (TLS). The URL's password is in none.
  [[nodiscard]] static result<redis_client> connect(std::string_view url, const redis_options& options = {}) {
    const result<redis_url> parts = parse_redis_url(url);
    if (!parts) return parts.error();
    result<std::shared_ptr<const redis_setup>> setup = redis_setup::make(*parts, options);
    if (!setup) {
      lake::error failed = std::move(setup).error();
      if (failed.subject.empty()) failed.subject = without_credentials(url);
      return failed;
    }
    redis_client made = of(*parts, std::move(*setup));
    if (result<void> reached = made.visit_engine([](auto& engine) { return engine.probe(); }); !reached) return std::move(reached).error();
    return made;
  }

  /// The answer, never an error reply: that is a `lake::error`.
  /// Errors: unavailable, timeout (`may_have_happened` tells whether the call may have been carried out), access_denied, corrupt_index
  /// (a key of another type), unsupported, configuration, io.
  [[nodiscard]] result<redis_reply> run(const redis_call& call) const {
    return visit_engine([&call](auto& engine) { return engine.run(call); });
  }

  /// The answers in the order of the calls, which are pipelined; in a cluster to each server its own, all at once.
  /// Calls of one key are carried out in their order, but for those that have to be repeated.
  [[nodiscard]] std::vector<result<redis_reply>> run_many(std::span<const redis_call> calls) const {
    return visit_engine([calls](auto& engine) { return engine.run_many(calls); });
  }

  /// The answers of calls that go over one connection, to the server of `key`, in one pipeline. Nothing is repeated but scripts that the
  /// server did not have.
  [[nodiscard]] std::vector<result<redis_reply>> run_together(std::string_view key, std::span<const redis_call> calls) const {
    return visit_engine([key, calls](auto& engine) { return engine.run_together(key, calls); });
  }

  /// The name of the server that calls of `key` go to now. Errors: those of finding it. Complexity: no round trip, unless it has to be found.
  [[nodiscard]] result<std::string> server_of(std::string_view key) const {
    return visit_engine([key](auto& engine) { return engine.server_of(key); });
  }

  /// Calls `visit(const redis_client&)`, which returns result<void>, with a client of each server that holds data of its own.
  /// Errors: those of `visit`, at the first of which it stops; those of finding the servers.
  template <class F>
  [[nodiscard]] result<void> for_each_primary(F&& visit) const {
    const result<std::vector<redis_node_ptr>> nodes = visit_engine([](auto& engine) { return engine.primaries(); });
    if (!nodes) return nodes.error();
    for (const redis_node_ptr& node : *nodes) {
      const redis_client one(std::make_shared<engines>(std::in_place_type<alone>, shared_setup(), node));
      if (result<void> visited = visit(one); !visited) return visited;
    }
    return {};
  }

 private:
  explicit redis_client(std::shared_ptr<engines> state) noexcept : state_(std::move(state)) {}

  [[nodiscard]] static redis_client of(const redis_url& url, std::shared_ptr<const redis_setup> setup) {
    switch (url.scheme) {
      case redis_scheme::cluster: return redis_client(std::make_shared<engines>(std::in_place_type<clustered>, setup, url.nodes, setup));
      case redis_scheme::sentinel:
        return redis_client(std::make_shared<engines>(std::in_place_type<watched>, setup, url.nodes, url.master, setup));
      case redis_scheme::server:
      case redis_scheme::socket: break;
    }
    return redis_client(
        std::make_shared<engines>(std::in_place_type<alone>, setup, std::make_shared<redis_node>(url.nodes.front(), setup)));
  }

  [[nodiscard]] std::shared_ptr<const redis_setup> shared_setup() const {
    return visit_engine([](auto& engine) { return engine.shared_setup(); });
  }

  std::shared_ptr<engines> state_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_CLIENT_HPP
