// A catalog in Redis as the stable text of protocol/dump.hpp: read key by key into the memory index's form, which is then written.
// For tests and diagnosis. Knows no script.
#ifndef LAKE_INDEX_REDIS_DUMP_HPP
#define LAKE_INDEX_REDIS_DUMP_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/control.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_client.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/index/memory_log.hpp>
#include <lake/index/redis_answers.hpp>
#include <lake/index/redis_scripts.hpp>
#include <lake/index/redis_text_meta.hpp>
#include <lake/protocol/catalog_log.hpp>
#include <lake/protocol/dump.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Puts one field of the control hash where it belongs. Errors: corrupt_index.
[[nodiscard]] inline result<void> read_control_field(memory_catalog& into, control_record& control, bool& has_control,
                                                     std::vector<std::pair<time_seq, std::string>>& snapshot_records, std::string_view name,
                                                     std::string_view value) {
  const result<bool> plain = decode_control_field(control, name, value);
  if (!plain) return plain.error();
  if (*plain) has_control = true;
  if (*plain || name == "pend" || name == "rev" || name == "dropped" || name.starts_with("m:")) return {};
  const std::optional<time_seq> id = parse_stored_id(name.substr((std::min)(name.size(), std::size_t{2})));
  if (!id || name.size() < 2 || name[1] != ':') return bad_record("control field", name, "no record of the control hash is called so");
  switch (name[0]) {
    case 'p': {
      const result<pending_record> record = decode_pending_record(value);
      if (!record) return record.error();
      into.pendings.push_back(*record);
      return {};
    }
    case 'x':
    case 'r': {
      const result<dead_record> record = decode_dead_record(value);
      if (!record) return record.error();
      part_of(into.dead, name[0] == 'x' ? dead_kind::killed : dead_kind::removed).emplace(*id, *record);
      return {};
    }
    case 'f':
    case 'd': {
      const result<file_object_record> record = decode_file_object_record(value);
      if (!record) return record.error();
      part_of(into.objects, name[0] == 'f' ? object_state::writing : object_state::superseded).emplace(*id, *record);
      return {};
    }
    case 'g': {
      const result<snapshot_record> record = decode_snapshot_record(value);
      if (!record) return record.error();
      part_of(into.snapshots, snapshot_set::removed)
          .push_back(snapshot_info{record->start, *id, record->gen, record->created, record->length, record->digest});
      return {};
    }
    case 's': snapshot_records.emplace_back(*id, value); return {};
    default: return bad_record("control field", name, "no record of the control hash is called so");
  }
}

[[nodiscard]] inline result<void> read_control(redis_view hash, memory_catalog& into, std::vector<std::pair<time_seq, std::string>>& records) {
  control_record control;
  bool has_control = false;
  for (std::size_t i = 0; i + 1 < hash.size(); i += 2) {
    const result<void> field = read_control_field(into, control, has_control, records, hash[i].text(), hash[i + 1].text());
    if (!field) return field;
  }
  if (has_control) into.control = control;
  std::sort(into.pendings.begin(), into.pendings.end(),
            [](const pending_record& left, const pending_record& right) { return left.batch.first < right.batch.first; });
  auto& removed = part_of(into.snapshots, snapshot_set::removed);
  std::sort(removed.begin(), removed.end(), [](const snapshot_info& left, const snapshot_info& right) { return left.stop < right.stop; });
  return {};
}

[[nodiscard]] inline result<void> read_snapshots(redis_view rows, const std::vector<std::pair<time_seq, std::string>>& records,
                                                 memory_catalog& into) {
  for (std::size_t i = 0; i + 1 < rows.size(); i += 2) {
    const result<snapshot_member> member = decode_snapshot_member(rows[i].text(), score_of(rows[i + 1].text()));
    if (!member) return member.error();
    const auto record = std::find_if(records.begin(), records.end(), [&](const auto& one) { return one.first == member->stop; });
    snapshot_info info{.start = member->start, .stop = member->stop};
    if (record != records.end()) {
      const result<snapshot_info> whole = snapshot_from(member->start, member->stop, record->second);
      if (!whole) return whole.error();
      info = *whole;
    }
    part_of(into.snapshots, snapshot_set::published).push_back(info);
  }
  return {};
}

/// Meta with who set it, files and samples.
[[nodiscard]] inline result<void> read_beside(redis_view control, redis_view meta, redis_view files, redis_view samples, redis_dialect dialect,
                                              memory_catalog& into) {
  if (dialect == redis_dialect::own) {
    for (std::size_t i = 0; i + 1 < meta.size(); i += 2) into.meta[std::string(meta[i].text())].value = meta[i + 1].text();
  } else {
    result<text_meta_members> members = read_text_meta(meta.text());
    if (!members) return std::move(members).error();
    for (auto& [name, value] : *members) into.meta[name].value = std::move(value);
  }
  for (std::size_t i = 0; i + 1 < control.size(); i += 2) {
    const std::string_view name = control[i].text();
    if (!name.starts_with("m:")) continue;
    const result<time_seq> setter = decode_meta_id(control[i + 1].text());
    if (!setter) return setter.error();
    into.meta[std::string(name.substr(2))].setter = *setter;
  }
  for (std::size_t i = 0; i + 1 < files.size(); i += 2) {
    file_record record{.id = {}, .bytes = 0, .digest = 0, .meta = std::string(files[i + 1].text())};
    if (dialect == redis_dialect::own) {
      result<file_record> known = decode_file_record(files[i + 1].text());
      if (!known) return std::move(known).error();
      record = *std::move(known);
    }
    into.files.emplace(files[i].text(), std::move(record));
  }
  for (std::size_t i = 0; i + 1 < samples.size(); i += 2) {
    const std::optional<double> score = score_of(samples[i + 1].text());
    if (!score) return bad_record("sample", samples[i].text(), "its score is no number");
    into.samples.emplace(samples[i].text(), *score);
  }
  return {};
}

/// Appends the facts of one catalog. `keys`: delta, snap, ctl, meta, files, sample. Errors: corrupt_index and the connection's.
[[nodiscard]] inline result<void> dump_redis_catalog(const redis_client& client, const std::array<std::string, 6>& keys, redis_dialect dialect,
                                                     std::string_view catalog, std::string& out) {
  const std::array<std::string_view, 5> deltas{"ZRANGE", keys[0], "0", "-1", "WITHSCORES"}, snaps{"ZRANGE", keys[1], "0", "-1", "WITHSCORES"},
      samples{"ZRANGE", keys[5], "0", "-1", "WITHSCORES"};
  const std::array<std::string_view, 2> control{"HGETALL", keys[2]}, meta{dialect == redis_dialect::own ? "HGETALL" : "GET", keys[3]},
      files{"HGETALL", keys[4]};
  std::array<std::string_view, 6> routes;
  std::copy(keys.begin(), keys.end(), routes.begin());
  const auto route = [&](std::size_t at) { return std::span<const std::string_view>(routes).subspan(at, 1); };
  const std::array<redis_call, 6> calls{redis_call{.keys = route(0), .args = deltas}, redis_call{.keys = route(1), .args = snaps},
                                        redis_call{.keys = route(2), .args = control}, redis_call{.keys = route(3), .args = meta},
                                        redis_call{.keys = route(4), .args = files}, redis_call{.keys = route(5), .args = samples}};
  const std::vector<result<redis_reply>> replies = client.run_many(calls);
  for (const result<redis_reply>& reply : replies) {
    if (!reply) return reply.error();
  }
  memory_catalogs all;
  memory_catalog& into = all[std::string(catalog)];
  std::vector<std::pair<time_seq, std::string>> records;
  const result<void> read =
      visit_scored_members(replies[0]->view(),
                           [&](const delta_member& member) {
                             into.members.push_back({member.id, member.merge, member.pending, std::string(member.path)});
                           })
          .and_then([&] { return read_control(replies[2]->view(), into, records); })
          .and_then([&] { return read_snapshots(replies[1]->view(), records, into); })
          .and_then([&] {
            return read_beside(replies[2]->view(), replies[3]->view(), replies[4]->view(), replies[5]->view(), dialect, into);
          });
  if (!read) return read;
  const clock_source no_clock;
  memory_log log(all, hashed_name(catalog), no_clock);
  append_dump(log, catalog, out);
  return {};
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_INDEX_REDIS_DUMP_HPP
