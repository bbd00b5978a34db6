// issue_id, put_file, drop_file and samples: the rules of what lives beside the log (section 4b of the protocol).
// Knows a catalog only through its `catalog_log`.
#ifndef LAKE_PROTOCOL_RULES_FILES_HPP
#define LAKE_PROTOCOL_RULES_FILES_HPP

#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/path.hpp>
#include <lake/core/result.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/rule_step.hpp>
#include <lake/protocol/types.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

namespace detail {

[[nodiscard]] inline result<void> check_file(std::string_view operation, std::string_view catalog, std::string_view path) {
  if (result<void> named = check_name(operation, catalog); !named) return named;
  result<void> checked = check_file_path(path, (std::numeric_limits<std::size_t>::max)());
  if (checked) return {};
  return bad_argument(operation, catalog, checked.error().message);
}

}  // namespace detail

namespace rules {

/// A fresh id for a file object about to be written; the object is remembered as `f:`. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<issue_answer> issue_id(Log& log, std::string_view catalog, std::string_view path, const index_timing& timing) {
  if (result<void> checked = detail::check_file("index.issue_id", catalog, path); !checked) return std::move(checked).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.issue_id", catalog);
  if (at.presence == detail::log_presence::lost) return issue_answer{.status = issue_status::no_control};
  const std::optional<id_run> fresh = detail::fresh_ids(log, at, 1, timing);
  if (!fresh) return issue_answer{.status = issue_status::overflow};
  at.tick();
  at.control.last = fresh->first;
  log.put_object(object_state::writing, fresh->first, file_object_record{std::string(path), at.mono});
  log.put_control(at.control);
  return issue_answer{.status = issue_status::issued, .id = fresh->first};
}

/// Points the path to the object, unless a newer one is there: of two objects the older waits for its deletion.
/// Without `f:` it is `fenced`, also where the control record is gone (its `f:` is a part of it); but a repeat after a lost reply, while
/// the record is still this one, is `ok`: a caller told `fenced` deletes the object. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<put_file_status> put_file(Log& log, std::string_view catalog, std::string_view path, const file_record& record) {
  if (result<void> checked = detail::check_file("index.put_file", catalog, path); !checked) return std::move(checked).error();
  if (result<void> id = detail::check_id("index.put_file", catalog, record.id, false); !id) return std::move(id).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.put_file", catalog);
  if (at.presence != detail::log_presence::ready) return put_file_status::fenced;
  const std::optional<file_record> current = log.find_file(path);
  const std::optional<file_object_record> writing = log.find_object(object_state::writing, record.id);
  if (!writing || writing->path != path) {
    return current && current->id == record.id ? put_file_status::ok : put_file_status::fenced;
  }
  at.tick();
  log.erase_object(object_state::writing, record.id);
  const bool newer = !current || current->id < record.id;
  if (newer) log.put_file(path, record);
  if (current) log.put_object(object_state::superseded, newer ? current->id : record.id, file_object_record{std::string(path), at.mono});
  log.put_control(at.control);
  return put_file_status::ok;
}

/// Takes the path's record out; its object waits for its deletion. False: there was none. Errors: invalid_argument; corrupt_index.
template <catalog_log Log>
[[nodiscard]] result<bool> drop_file(Log& log, std::string_view catalog, std::string_view path) {
  if (result<void> checked = detail::check_file("index.drop_file", catalog, path); !checked) return std::move(checked).error();
  detail::log_step at = detail::open_log(log);
  if (at.presence == detail::log_presence::damaged) return detail::damaged_log("index.drop_file", catalog);
  if (at.presence == detail::log_presence::lost) {
    return lake::error{errc::corrupt_index, "index.drop_file", std::string(catalog), "the control record is missing"};
  }
  const std::optional<file_record> current = log.find_file(path);
  if (!current) return false;
  at.tick();
  log.erase_file(path);
  log.put_object(object_state::superseded, current->id, file_object_record{std::string(path), at.mono});
  log.put_control(at.control);
  return true;
}

/// The catalog's file records, sorted by the bytes of their paths.
template <catalog_log Log>
[[nodiscard]] std::vector<std::pair<std::string, file_record>> read_files(Log& log) {
  std::vector<std::pair<std::string, file_record>> all;
  log.for_each_file([&](std::string_view path, const file_record& record) {
    all.emplace_back(path, record);
    return true;
  });
  return all;
}

/// Keeps the larger of the stored score and this one, and returns it. Errors: invalid_argument (not a finite number).
/// Samples are no part of the log: the control record is neither asked nor changed.
template <catalog_log Log>
[[nodiscard]] result<double> store_sample(Log& log, std::string_view catalog, std::string_view indicator, double score) {
  if (result<void> named = detail::check_name("index.store_sample", catalog); !named) return std::move(named).error();
  if (!std::isfinite(score)) return detail::bad_argument("index.store_sample", catalog, "a sample's score must be a finite number");
  const std::optional<double> stored = log.find_sample(indicator);
  if (stored && *stored >= score) return *stored;
  log.put_sample(indicator, score);
  return score;
}

}  // namespace rules

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_PROTOCOL_RULES_FILES_HPP
