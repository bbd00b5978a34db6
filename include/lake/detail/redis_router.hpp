// Which server a call goes to, where there is only one. Routers for clusters and sentinels have the same members.
// Knows nothing of what is sent. Not part of the API.
#ifndef LAKE_DETAIL_REDIS_ROUTER_HPP
#define LAKE_DETAIL_REDIS_ROUTER_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_deadline.hpp>
#include <lake/detail/redis_error.hpp>
#include <lake/detail/redis_node.hpp>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Always the same server. Thread-safe.
class redis_fixed_router {
 public:
  explicit redis_fixed_router(redis_node_ptr node) : node_(std::move(node)) {}

  /// The server of `key`; of none: any server.
  [[nodiscard]] result<redis_node_ptr> find(std::optional<std::string_view>, const redis_deadline&) { return node_; }
  /// The server that MOVED names, from now on that of the slot; nothing where redirects mean nothing.
  [[nodiscard]] redis_node_ptr moved(const redis_redirect&, const redis_node&) { return nullptr; }
  /// The server that ASK names, for one call.
  [[nodiscard]] redis_node_ptr asked(const redis_redirect&, const redis_node&) { return nullptr; }
  /// A connection to `node` broke, or it is no server to write to any more.
  void doubt(redis_node& node) { node.drop(); }
  /// All servers that hold data of their own.
  [[nodiscard]] result<std::vector<redis_node_ptr>> primaries(const redis_deadline&) { return std::vector<redis_node_ptr>{node_}; }
  /// True if `find` may give another server after `doubt`.
  [[nodiscard]] static constexpr bool recovers() noexcept { return false; }
  /// True if servers may send a call elsewhere.
  [[nodiscard]] static constexpr bool redirects() noexcept { return false; }

 private:
  redis_node_ptr node_;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_REDIS_ROUTER_HPP
