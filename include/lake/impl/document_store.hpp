// Merged documents kept for the next read: bounded, least recently used first out. Knows ids, nothing of policies.
#ifndef LAKE_IMPL_DOCUMENT_STORE_HPP
#define LAKE_IMPL_DOCUMENT_STORE_HPP

#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/detail/lru_map.hpp>

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// Merged documents by (catalog, last id, removal generation): merging is associative to the byte, so these three name one text,
/// whatever snapshot it was built from. Thread-safe. A budget of 0 keeps nothing.
class document_store {
 public:
  explicit document_store(std::size_t budget_bytes) : documents_(budget_bytes), on_(budget_bytes > 0) {}

  [[nodiscard]] body_ptr find(std::string_view catalog, time_seq stop, time_seq gen) {
    if (!on_) return nullptr;
    const std::string name = name_of(catalog, stop, gen);
    const std::lock_guard lock(mutex_);
    body_ptr* found = documents_.find(name);
    return found != nullptr ? *found : nullptr;
  }

  void store(std::string_view catalog, time_seq stop, time_seq gen, const body_ptr& document) {
    if (!on_) return;
    const std::string name = name_of(catalog, stop, gen);
    lru_map<body_ptr>::dropped gone;  // Destroyed after the lock is released.
    const std::lock_guard lock(mutex_);
    gone = documents_.insert(name, document, document->size());
  }

 private:
  static std::string name_of(std::string_view catalog, time_seq stop, time_seq gen) {
    std::string name;
    name.reserve(catalog.size() + 48);
    stop.append_to(name);
    name += '~';
    gen.append_to(name);
    name += '~';
    name += catalog;
    return name;
  }

  std::mutex mutex_;
  lru_map<body_ptr> documents_;
  bool on_;
};

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_DOCUMENT_STORE_HPP
