// Threads that write to a lake while a test strikes its servers, and how far what is read afterwards is from what they were told.
#ifndef LAKE_TESTS_SUPPORT_REDIS_CROWD_HPP
#define LAKE_TESTS_SUPPORT_REDIS_CROWD_HPP

#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lake_test {

/// What a writer was told of one write.
enum class told : std::uint8_t { written, not_written, unknown };

inline told told_by(const lake::result<lake::time_seq>& id) {
  if (id) return told::written;
  return id.error().code == lake::errc::outcome_unknown ? told::unknown : told::not_written;
}

/// The names of a document's members: each write of these tests adds one.
inline std::set<std::string> names_in(const nlohmann::json& document) {
  std::set<std::string> names;
  for (auto each = document.begin(); each != document.end(); ++each) names.insert(each.key());
  return names;
}

/// The members of a catalog's document: what was written and is still there.
template <class Lake>
std::set<std::string> members(const Lake& db, const std::string& catalog) {
  const auto document = db.read_json(catalog);
  INFO((document ? std::string() : document.error().to_string()));
  REQUIRE(document.has_value());
  return names_in(*document);
}

/// What the writers of a crowd were told: names of members by catalog. A write of unknown outcome stands in neither.
struct crowd_record {
  std::map<std::string, std::set<std::string>> written, not_written;
  std::set<lake::errc> reasons;  ///< Why something was not acknowledged.
  std::set<std::string> errors;  ///< The same in words.
};

/// Threads that write members of their own to some catalogs until they are told to stop. The lake must outlive them.
template <class Lake>
class crowd {
 public:
  crowd(Lake& db, std::vector<std::string> catalogs, std::size_t threads) : db_(db), catalogs_(std::move(catalogs)) {
    for (std::size_t thread = 0; thread < threads; ++thread) running_.emplace_back([this, thread] { run(thread); });
  }
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  ~crowd() { stop(); }

  /// Waits for so many more acknowledged writes; false if they do not come.
  [[nodiscard]] bool go_on(std::size_t more) const {
    const std::size_t wanted = acknowledged_ + more;
    return eventually([&] { return acknowledged_ >= wanted; });
  }
  /// What they were told. Lifetime: that of the crowd.
  const crowd_record& stop() {
    stopping_ = true;
    for (std::thread& each : running_) each.join();
    running_.clear();
    return record_;
  }

 private:
  void run(std::size_t thread) {
    for (std::size_t i = 0; !stopping_; ++i) {
      const std::string& catalog = catalogs_[(i + thread) % catalogs_.size()];
      std::string name = "t" + std::to_string(thread) + "n" + std::to_string(i);
      note(catalog, name, db_.write({.catalog = catalog, .path = "/" + name, .body = "1"}));
    }
  }
  void note(const std::string& catalog, const std::string& name, const lake::result<lake::time_seq>& id) {
    const std::lock_guard lock(mutex_);
    const told outcome = told_by(id);
    if (outcome == told::written) record_.written[catalog].insert(name), ++acknowledged_;
    if (outcome == told::not_written) record_.not_written[catalog].insert(name);
    if (!id) record_.reasons.insert(id.error().code), record_.errors.insert(id.error().to_string());
  }

  Lake& db_;
  const std::vector<std::string> catalogs_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> acknowledged_ = 0;
  std::mutex mutex_;
  crowd_record record_;  // Under the mutex, until all threads have stopped.
  std::vector<std::thread> running_;
};

/// How far the documents are from what the writers were told.
struct verdict {
  std::size_t written = 0;  ///< Acknowledged.
  std::size_t lost = 0;     ///< Acknowledged, and not there.
  std::size_t ghosts = 0;   ///< Told to be not written, and there all the same.
};

template <class Lake>
verdict compare(const Lake& db, const crowd_record& record) {
  verdict out;
  const auto there = [](const std::set<std::string>& names, const std::set<std::string>& found) {
    return static_cast<std::size_t>(
        std::count_if(names.begin(), names.end(), [&](const std::string& name) { return found.contains(name); }));
  };
  for (const auto& [catalog, names] : record.written) {
    out.written += names.size();
    out.lost += names.size() - there(names, members(db, catalog));
  }
  for (const auto& [catalog, names] : record.not_written) out.ghosts += there(names, members(db, catalog));
  return out;
}

}  // namespace lake_test

#endif  // LAKE_TESTS_SUPPORT_REDIS_CROWD_HPP
