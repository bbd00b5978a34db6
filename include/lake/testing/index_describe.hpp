// Answers of index primitives as text, for failure messages and for comparing two indexes. Knows no index and no test framework.
#ifndef LAKE_TESTING_INDEX_DESCRIBE_HPP
#define LAKE_TESTING_INDEX_DESCRIBE_HPP

#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/error.hpp>
#include <lake/core/log_entry.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/protocol/types.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

template <class A, class B>
[[nodiscard]] std::string describe(const std::pair<A, B>& both);
template <class T>
[[nodiscard]] std::string describe(const std::vector<T>& all);
template <class T>
[[nodiscard]] std::string describe(const std::optional<T>& value);
template <class T>
[[nodiscard]] std::string describe(const result<T>& answer);

[[nodiscard]] inline std::string describe(std::string_view value) { return std::string(value); }
[[nodiscard]] inline std::string describe(const std::string& value) { return value; }
template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] std::string describe(T value) { return std::to_string(value); }
/// A status is described by its number in its enumeration.
template <class E>
  requires std::is_enum_v<E>
[[nodiscard]] std::string describe(E value) { return "#" + std::to_string(static_cast<int>(value)); }
[[nodiscard]] inline std::string describe(time_seq id) { return id.to_string(); }
[[nodiscard]] inline std::string describe(const id_run& ids) { return ids.first.to_string() + "x" + std::to_string(ids.count); }
[[nodiscard]] inline std::string describe(const body_ref& body) { return describe(body.id) + describe(body.merge); }
[[nodiscard]] inline std::string describe(const file_ref& file) { return describe(file.id) + file.path; }
[[nodiscard]] inline std::string describe(const delta& one) { return describe(one.id) + describe(one.merge) + one.path; }
[[nodiscard]] inline std::string describe(const snapshot_info& s) {
  return describe(s.start) + "~" + describe(s.stop) + "~" + describe(s.gen) + " created " + describe(s.created) + " length " +
         describe(s.length) + " digest " + describe(s.digest);
}
[[nodiscard]] inline std::string describe(const pending_info& p) {
  return describe(p.id) + describe(p.merge) + p.path + " age " + describe(p.age.count());
}
[[nodiscard]] inline std::string describe(const file_record& f) {
  return describe(f.id) + " " + describe(f.bytes) + " " + describe(f.digest) + " " + f.meta;
}
template <class A, class B>
[[nodiscard]] std::string describe(const std::pair<A, B>& both) {
  return describe(both.first) + "=" + describe(both.second);
}
template <class T>
[[nodiscard]] std::string describe(const std::vector<T>& all) {
  std::string out = "[";
  for (const T& one : all) out += (out.size() > 1 ? ", " : "") + describe(one);
  return out + "]";
}
template <class T>
[[nodiscard]] std::string describe(const std::optional<T>& value) {
  return value ? describe(*value) : "none";
}
[[nodiscard]] inline std::string describe(const victims& gone) {
  return "deltas " + describe(gone.deltas) + " pendings " + describe(gone.pendings) + " records " + describe(gone.records) + " snapshots " +
         describe(gone.snapshots) + " files " + describe(gone.files);
}
[[nodiscard]] inline std::string describe(const reserve_answer& a) {
  return describe(a.status) + " ids " + describe(a.ids) + " seen " + describe(a.seen) + " age " + describe(a.age.count());
}
[[nodiscard]] inline std::string describe(const commit_answer& a) { return describe(a.status) + " version " + describe(a.version); }
[[nodiscard]] inline std::string describe(const view_answer& a) {
  return describe(a.status) + " base " + describe(a.base) + " deltas " + describe(a.deltas) + " stop " + describe(a.stop) + " version " +
         describe(a.version) + " gen " + describe(a.gen) + " cleared " + describe(a.cleared) + " clock " + describe(a.clock) + " pending " +
         describe(a.pending);
}
[[nodiscard]] inline std::string describe(const cut_answer& a) {
  return describe(a.status) + " " + describe(a.gone) + " wait " + describe(a.wait.count());
}
[[nodiscard]] inline std::string describe(const removed_counts& c) {
  return "deltas " + describe(c.deltas) + " pendings " + describe(c.pendings) + " records " + describe(c.records) + " snapshots " +
         describe(c.snapshots) + " files " + describe(c.files) + " kept " + describe(c.kept);
}
[[nodiscard]] inline std::string describe(const remove_delta_answer& a) { return describe(a.status) + " merge " + describe(a.merge); }
[[nodiscard]] inline std::string describe(const remove_catalog_answer& a) { return describe(a.status) + " " + describe(a.gone); }
[[nodiscard]] inline std::string describe(const issue_answer& a) { return describe(a.status) + " id " + describe(a.id); }
[[nodiscard]] inline std::string describe(const log_answer& a) {
  return describe(a.status) + " deltas " + describe(a.deltas) + " snapshots " + describe(a.snapshots) + " cleared " + describe(a.cleared) +
         " version " + describe(a.version);
}
/// A result's value, or its error's kind: messages may differ from index to index.
template <class T>
[[nodiscard]] std::string describe(const result<T>& answer) {
  if (!answer) return "error " + std::string(to_string(answer.error().code));
  if constexpr (std::is_void_v<T>) return "done";
  else return describe(*answer);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_INDEX_DESCRIBE_HPP
