// Collects what a lake tells its hook, for tests to look at afterwards. Tests only.
#ifndef LAKE_TESTS_SUPPORT_EVENTS_HPP
#define LAKE_TESTS_SUPPORT_EVENTS_HPP

#include <lake/core/error.hpp>
#include <lake/core/event.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lake_test {

/// What a hook was told. Thread-safe; shared with the hook.
class event_log {
 public:
  struct entry {
    lake::event_kind kind;
    std::string operation, subject;
    std::optional<lake::error> reason;
  };

  lake::event_hook hook() const {
    return [shared = shared_](const lake::event& told) {
      const std::lock_guard lock(shared->mutex);
      shared->entries.push_back({told.kind, std::string(told.operation), std::string(told.subject),
                                 told.reason != nullptr ? std::optional(*told.reason) : std::nullopt});
    };
  }
  [[nodiscard]] std::vector<entry> of(lake::event_kind kind) const {
    const std::lock_guard lock(shared_->mutex);
    std::vector<entry> found;
    for (const entry& each : shared_->entries) {
      if (each.kind == kind) found.push_back(each);
    }
    return found;
  }
  void clear() {
    const std::lock_guard lock(shared_->mutex);
    shared_->entries.clear();
  }

 private:
  struct shared_state {
    std::mutex mutex;
    std::vector<entry> entries;
  };
  std::shared_ptr<shared_state> shared_ = std::make_shared<shared_state>();
};

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_EVENTS_HPP
