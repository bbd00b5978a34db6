// What the index scripts answer, taken apart and checked: pure functions on a reply. Knows no connection.
// Format: the last line of each script in index/redis_scripts.hpp; members and records as core/member.hpp and core/control.hpp say.
#ifndef LAKE_INDEX_REDIS_ANSWERS_HPP
#define LAKE_INDEX_REDIS_ANSWERS_HPP

#include <lake/config.hpp>
#include <lake/core/control.hpp>
#include <lake/core/log_entry.hpp>
#include <lake/core/member.hpp>
#include <lake/core/result.hpp>
#include <lake/core/time_seq.hpp>
#include <lake/core/time_seq_parse.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/index/redis_request.hpp>
#include <lake/protocol/types.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The error of an answer that no script of ours gives: another program's script, a proxy, or damage.
[[nodiscard]] inline lake::error strange_answer(std::string_view status) {
  return {errc::corrupt_index, {}, {}, "the script answered " + in_quotes(status.substr(0, 40)) + ", which is none of its answers"};
}

/// An id that a script sent as a number; `0_0` for what is no id, so that a hostile answer cannot make one.
[[nodiscard]] inline time_seq id_of(redis_view node) noexcept {
  const std::int64_t number = node.integer();
  const time_seq id = number > 0 ? redis_id(number) : time_seq{};
  return id.is_valid() ? id : time_seq{};
}

/// A score as Redis prints it.
[[nodiscard]] inline std::optional<double> score_of(std::string_view stored) noexcept {
  double score = 0;
  const auto [end, failed] = std::from_chars(stored.data(), stored.data() + stored.size(), score);
  if (failed != std::errc{} || end != stored.data() + stored.size()) return std::nullopt;
  return score;
}

/// Calls `visit(member)` for each member of a list of members and scores, both kinds. Errors: corrupt_index names the member: its format, its
/// score, an order that is not rising.
template <class F>
[[nodiscard]] result<void> visit_scored_members(redis_view rows, F&& visit) {
  time_seq before;
  for (std::size_t i = 0; i + 1 < rows.size(); i += 2) {
    const std::string_view stored = rows[i].text();
    const std::optional<double> score = score_of(rows[i + 1].text());
    if (!score) return bad_member(stored, "its score is no number");
    const result<delta_member> member = decode_delta_member(stored, *score);
    if (!member) return member.error();
    if (member->id <= before) return bad_member(stored, "it stands behind a member with a greater id");
    before = member->id;
    visit(*member);
  }
  return {};
}

/// The deltas of such a list; pending members are passed over.
[[nodiscard]] inline result<std::vector<delta>> deltas_of(redis_view rows) {
  std::vector<delta> deltas;
  deltas.reserve(rows.size() / 2);
  const result<void> whole = visit_scored_members(rows, [&](const delta_member& member) {
    if (!member.pending) deltas.push_back(delta{member.id, member.merge, std::string(member.path)});
  });
  if (!whole) return whole.error();
  return deltas;
}

/// A snapshot from its start, stop and record. Errors: corrupt_index.
[[nodiscard]] inline result<snapshot_info> snapshot_from(time_seq start, time_seq stop, std::string_view record) {
  const result<snapshot_record> known = decode_snapshot_record(record);
  if (!known) return known.error();
  if (known->start != start) return bad_record("snapshot record", record, "its start is not that of the member");
  return snapshot_info{start, stop, known->gen, known->created, known->length, known->digest};
}

/// A snapshot from its member and record; without a record only start and stop are known. Errors: corrupt_index.
[[nodiscard]] inline result<snapshot_info> snapshot_of(redis_view pair, bool record_needed) {
  const result<snapshot_member> member = decode_snapshot_member(pair[0].text());
  if (!member) return member.error();
  if (!record_needed && pair[1].text().empty()) return snapshot_info{.start = member->start, .stop = member->stop};
  return snapshot_from(member->start, member->stop, pair[1].text());
}

[[nodiscard]] inline result<std::vector<snapshot_info>> snapshots_of(redis_view list, bool records_needed) {
  std::vector<snapshot_info> all;
  for (std::size_t i = 0; i < list.size(); ++i) {
    result<snapshot_info> one = snapshot_of(list[i], records_needed);
    if (!one) return std::move(one).error();
    all.push_back(*one);
  }
  return all;
}

/// Snapshots of a removed catalog: stop and record of each, sorted by stop.
[[nodiscard]] inline result<std::vector<snapshot_info>> removed_snapshots_of(redis_view list) {
  std::vector<snapshot_info> all;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::optional<time_seq> stop = parse_stored_id(list[i][0].text());
    const result<snapshot_record> record = decode_snapshot_record(list[i][1].text());
    if (!stop) return bad_record("removed snapshot", list[i][0].text(), "expected {timestamp}_{seqid}");
    if (!record) return record.error();
    all.push_back(snapshot_info{record->start, *stop, record->gen, record->created, record->length, record->digest});
  }
  std::sort(all.begin(), all.end(), [](const snapshot_info& left, const snapshot_info& right) { return left.stop < right.stop; });
  return all;
}

/// The bodies of a list of members without scores. Errors: corrupt_index.
[[nodiscard]] inline result<std::vector<body_ref>> bodies_of(redis_view members) {
  std::vector<body_ref> all;
  all.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const result<delta_member> member = decode_delta_member(members[i].text());
    if (!member) return member.error();
    all.push_back(body_ref{member->id, member->merge});
  }
  return all;
}

/// One id and merge type as texts. Errors: corrupt_index.
[[nodiscard]] inline result<body_ref> body_of(std::string_view id, std::string_view merge) {
  const std::optional<time_seq> known = parse_stored_id(id);
  const std::optional<merge_type> type = parse_merge_type(merge);
  if (!known || !type) return bad_record("record of a body", id, "expected an id and a merge type 1, 2 or 3");
  return body_ref{*known, *type};
}

/// Dead records as (id, merge type). Errors: corrupt_index.
[[nodiscard]] inline result<std::vector<body_ref>> records_of(redis_view list) {
  std::vector<body_ref> all;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const result<body_ref> one = body_of(list[i][0].text(), list[i][1].text());
    if (!one) return one.error();
    all.push_back(*one);
  }
  return all;
}

/// The same as (kind, id, merge type): the killed ones first, each kind in id order.
[[nodiscard]] inline result<std::vector<body_ref>> sorted_records_of(redis_view list) {
  std::vector<body_ref> killed, removed;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const result<body_ref> one = body_of(list[i][1].text(), list[i][2].text());
    if (!one) return one.error();
    (list[i][0].text() == "x" ? killed : removed).push_back(*one);
  }
  const auto by_id = [](const body_ref& left, const body_ref& right) { return left.id < right.id; };
  std::sort(killed.begin(), killed.end(), by_id);
  std::sort(removed.begin(), removed.end(), by_id);
  killed.insert(killed.end(), removed.begin(), removed.end());
  return killed;
}

/// File objects as (path, id), in id order. Errors: corrupt_index.
[[nodiscard]] inline result<std::vector<file_ref>> files_of(redis_view list) {
  std::vector<file_ref> all;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::optional<time_seq> id = parse_stored_id(list[i][1].text());
    if (!id) return bad_record("file object", list[i][1].text(), "expected {timestamp}_{seqid}");
    all.push_back(file_ref{std::string(list[i][0].text()), *id});
  }
  std::sort(all.begin(), all.end(), [](const file_ref& left, const file_ref& right) { return left.id < right.id; });
  return all;
}

/// Who waits, of a view: member and age; nothing if the list is empty. Errors: corrupt_index.
[[nodiscard]] inline result<std::optional<pending_info>> waiting_of(redis_view pair) {
  if (pair.size() == 0) return std::optional<pending_info>{};
  const result<delta_member> member = decode_delta_member(pair[0].text());
  if (!member) return member.error();
  return std::optional<pending_info>(
      pending_info{member->id, member->merge, std::string(member->path), std::chrono::milliseconds(pair[1].integer())});
}

[[nodiscard]] inline result<reserve_answer> reserve_answer_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  if (status == "reserved" || status == "repeated") {
    const std::int64_t count = answer[2].integer();
    const id_run ids{id_of(answer[1]), static_cast<std::uint32_t>(count)};
    if (ids.first.is_zero() || count < 1 || count > time_seq::max_seqid) return strange_answer(status);
    return reserve_answer{.ids = ids};
  }
  if (status == "conflict") return reserve_answer{.status = reserve_status::conflict, .seen = id_of(answer[1])};
  if (status == "blocked") {
    return reserve_answer{
        .status = reserve_status::blocked, .seen = id_of(answer[1]), .age = std::chrono::milliseconds(answer[2].integer())};
  }
  if (status == "overflow") return reserve_answer{.status = reserve_status::overflow};
  if (status == "lost") return reserve_answer{.status = reserve_status::no_control};
  return strange_answer(status);
}

[[nodiscard]] inline result<commit_answer> commit_answer_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  if (status == "committed") return commit_answer{.status = commit_status::ok};
  if (status == "killed") return commit_answer{.status = commit_status::fenced};
  if (status == "conflict") return commit_answer{.status = commit_status::conflict, .version = id_of(answer[1])};
  if (status == "unknown") return commit_answer{.status = commit_status::unknown};
  if (status == "lost") return commit_answer{.status = commit_status::no_control};
  return strange_answer(status);
}

[[nodiscard]] inline result<rollback_status> rollback_status_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  if (status == "killed") return rollback_status::rolled_back;
  if (status == "committed") return rollback_status::committed;
  if (status == "unknown") return rollback_status::unknown;
  if (status == "lost") return rollback_status::no_control;
  return strange_answer(status);
}

/// The parts of a view that every answer has.
[[nodiscard]] inline result<view_answer> view_answer_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  view_answer out;
  out.clock = answer[1].integer();
  if (status == "fresh") return out;
  out.status = status == "ok"        ? view_status::ok
               : status == "pending" ? view_status::pending
               : status == "trimmed" ? view_status::trimmed
                                     : view_status::no_control;
  if (status == "lost") return out;
  if (out.status == view_status::no_control) return strange_answer(status);
  out.version = id_of(answer[2]);
  out.gen = id_of(answer[3]);
  out.cleared = id_of(answer[4]);
  result<std::optional<pending_info>> waiting = waiting_of(answer[6]);
  if (!waiting) return std::move(waiting).error();
  out.pending = *std::move(waiting);
  if (out.status == view_status::pending && !out.pending) return strange_answer(status);
  if (answer[7].size() > 0) {
    result<snapshot_info> base = snapshot_of(answer[7], true);
    if (!base) return std::move(base).error();
    out.base = *base;
  }
  if (out.status != view_status::ok) return out;
  if (out.base) out.stop = out.base->stop;
  result<std::vector<delta>> deltas = deltas_of(answer[8]);
  if (!deltas) return std::move(deltas).error();
  out.deltas = *std::move(deltas);
  if (!out.deltas.empty()) out.stop = out.deltas.back().id;
  return out;
}

[[nodiscard]] inline result<cut_answer> cut_answer_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  if (status == "lost") return cut_answer{.status = cut_status::no_control};
  if (status == "stale") return cut_answer{.status = cut_status::stale};
  if (status == "too_new") return cut_answer{.status = cut_status::too_new, .wait = std::chrono::milliseconds(answer[1].integer())};
  if (status == "fresh") return cut_answer{};
  if (status != "cut") return strange_answer(status);
  cut_answer out;
  auto deltas = bodies_of(answer[1]);
  auto pendings = bodies_of(answer[2]);
  auto records = records_of(answer[3]);
  auto snapshots = snapshots_of(answer[4], true);
  auto removed = removed_snapshots_of(answer[5]);
  auto files = files_of(answer[6]);
  if (!deltas) return std::move(deltas).error();
  if (!pendings) return std::move(pendings).error();
  if (!records) return std::move(records).error();
  if (!snapshots) return std::move(snapshots).error();
  if (!removed) return std::move(removed).error();
  if (!files) return std::move(files).error();
  snapshots->insert(snapshots->end(), removed->begin(), removed->end());
  out.gone = {*std::move(deltas), *std::move(pendings), *std::move(records), *std::move(snapshots), *std::move(files)};
  return out;
}

[[nodiscard]] inline result<removed_counts> removed_counts_of(redis_view answer) {
  if (answer[0].text() != "counts") return strange_answer(answer[0].text());
  const auto count = [&](std::size_t at) { return static_cast<std::size_t>(answer[at].integer()); };
  return removed_counts{.deltas = count(1), .pendings = count(2), .records = count(3), .snapshots = count(4), .files = count(5), .kept = count(6)};
}

[[nodiscard]] inline result<remove_delta_answer> remove_delta_answer_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  if (status == "removed" || status == "already") {
    const std::optional<merge_type> merge = parse_merge_type(answer[1].text());
    if (!merge) return strange_answer(status);
    return remove_delta_answer{status == "removed" ? remove_delta_status::removed : remove_delta_status::already, *merge};
  }
  if (status == "not_found") return remove_delta_answer{.status = remove_delta_status::not_found};
  if (status == "pending") return remove_delta_answer{.status = remove_delta_status::pending};
  if (status == "covered") return remove_delta_answer{.status = remove_delta_status::covered};
  if (status == "overflow") return remove_delta_answer{.status = remove_delta_status::overflow};
  if (status == "lost") return remove_delta_answer{.status = remove_delta_status::no_control};
  return strange_answer(status);
}

[[nodiscard]] inline result<remove_catalog_answer> remove_catalog_answer_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  if (status == "not_found") return remove_catalog_answer{.status = remove_catalog_status::not_found};
  if (status == "lost") return remove_catalog_answer{.status = remove_catalog_status::no_control};
  if (status != "removed") return strange_answer(status);
  remove_catalog_answer out;
  auto records = sorted_records_of(answer[1]);
  auto snapshots = removed_snapshots_of(answer[2]);
  auto files = files_of(answer[3]);
  if (!records) return std::move(records).error();
  if (!snapshots) return std::move(snapshots).error();
  if (!files) return std::move(files).error();
  out.gone.records = *std::move(records);
  out.gone.snapshots = *std::move(snapshots);
  out.gone.files = *std::move(files);
  return out;
}

[[nodiscard]] inline result<log_answer> log_answer_of(redis_view answer) {
  const std::string_view status = answer[0].text();
  log_answer out;
  out.mono = answer[1].integer();
  if (status == "fresh") return out;
  if (status != "ok" && status != "lost") return strange_answer(status);
  const bool lost = status == "lost";
  if (lost) out.status = view_status::no_control;
  out.cleared = id_of(answer[2]);
  out.version = id_of(answer[3]);
  auto deltas = deltas_of(answer[4]);
  auto snapshots = snapshots_of(answer[5], !lost);
  auto pendings = bodies_of(answer[6]);
  if (!deltas) return std::move(deltas).error();
  if (!snapshots) return std::move(snapshots).error();
  if (!pendings) return std::move(pendings).error();
  out.deltas = *std::move(deltas);
  out.snapshots = *std::move(snapshots);
  out.pendings = *std::move(pendings);
  return out;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_ANSWERS_HPP
