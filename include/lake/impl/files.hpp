// How a lake keeps opaque files beside its documents: a new object for each write, and an index step that points to it. Under a layout
// without file ids a write replaces the object, so body and meta change one after the other. Knows a lake's state.
#ifndef LAKE_IMPL_FILES_HPP
#define LAKE_IMPL_FILES_HPP

#include <lake/config.hpp>
#include <lake/core/path.hpp>
#include <lake/core/request.hpp>
#include <lake/core/result.hpp>
#include <lake/impl/check.hpp>
#include <lake/impl/objects.hpp>
#include <lake/impl/state.hpp>
#include <lake/merge/read.hpp>
#include <lake/merge/validate.hpp>
#include <lake/pure/xxh64.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

template <class State>
result<void> check_file_request(const State& state, std::string_view catalog, std::string_view path) {
  if (auto named = check_name(state.layout, catalog, state.options.limits); !named) return named;
  if (auto valid = check_file_path(path, state.options.limits.path_bytes); !valid) return valid;
  return state.layout.check_file_names(state.storage.kind, catalog, path);
}

/// Puts the file's object under a fresh id, or in place of the one that is there.
/// Errors: already_exists where other bytes stand there: the index issued that id before.
template <class State>
result<file_record> put_file_object(State& state, const file_request& request, std::string_view meta) {
  auto issued = healed(state, request.catalog, [&] { return state.index.issue_id(request.catalog, request.path, state.timing); });
  if (!issued) return std::move(issued).error();
  if (issued->status != issue_status::issued) {
    return lake::error{errc::sequence_overflow, "write_file", std::string(request.catalog.view()), "not written: no id is left; repeat"};
  }
  const std::string_view bytes = request.body;
  file_record record{issued->id, bytes.size(), pure::xxh64(bytes), std::string(meta)};
  envelope_fields fields;
  fields.kind = object_kind::file;
  fields.id = record.id;
  fields.catalog = request.catalog;
  fields.path = request.path;
  fields.meta = meta;
  fields.write_id = state.options.random.bits128();
  auto wrapped = wrap(state, fields, bytes);
  if (!wrapped) return std::move(wrapped).error();
  const std::string key = state.file_key(request.catalog, request.path, record.id);
  auto stored = state.layout.has_file_ids ? state.storage.create(key, *std::move(wrapped)) : state.storage.put(key, *std::move(wrapped));
  if (!stored) return std::move(stored).error();
  return record;
}

/// A file's meta as a reader sees it: indexes may keep none or `{}` where none was given.
[[nodiscard]] inline std::string_view meta_of(const file_record& record) noexcept {
  return record.meta.empty() ? std::string_view("{}") : std::string_view(record.meta);
}

/// Points the index to the object. False: fenced before any reply was lost, so surely not written.
/// After a lost reply a repeat that is fenced asks what the file points to now: a larger id came after this write, whatever became of it.
/// Errors: outcome_unknown.
template <class State>
result<bool> commit_file(State& state, std::string_view catalog, std::string_view path, const file_record& record, const deadline& until) {
  lake::error story{errc::outcome_unknown, "write_file", std::string(path), "the index did not answer the commit", record.id};
  for (std::size_t attempt = 0;; ++attempt) {
    auto put = state.index.put_file(catalog, path, record);
    if (put && *put == put_file_status::ok) return true;
    if (put && attempt == 0) return false;
    if (put) {
      auto now = state.index.read_file(catalog, path);
      if (now && *now && !state.layout.has_file_ids) {
        // The object is ours or a later writer's. With our meta beside it all is as it would be had the reply come.
        if (meta_of(**now) == meta_of(record)) return true;
        return story;
      }
      if (now && *now) return (*now)->id >= record.id;  // An older write: ours was never the file.
      if (now) return story;                            // No file: ours was never written, or was removed since.
      put = std::move(now).error();
    }
    story.causes.assign(1, std::move(put).error());
    if (!story.causes.front().retryable() || until.passed()) return story;
    until.back_off(attempt);
  }
}

/// Writes one file. Complexity: two index round trips and one put. Effects on failure: the file is as it was (under a layout without file
/// ids its bytes may be the new ones); an object nobody points to may remain until a clear.
template <class State, trace_sink Trace>
result<void> write_one_file(State& state, const file_request& request, const call_options& call, Trace& sink) {
  const limits_options& limits = state.options.limits;
  if (auto settled = state.settle(sink); !settled) return settled;
  if (auto valid = check_file_request(state, request.catalog, request.path); !valid) return valid;
  if (request.body.view().size() > limits.body_bytes) {
    return over_limit("file", request.body.view().size(), limits.body_bytes, request.catalog);
  }
  auto meta = check_meta(request.meta, request.catalog, limits);
  if (!meta) return std::move(meta).error();
  if (auto open = state.open(sink); !open) return open;
  const deadline until(state.options, state.executor, call);
  for (std::size_t attempt = 0; attempt < state.options.write_attempts; ++attempt) {
    if (auto on = until.check("write_file", request.path); !on) return on;
    result<file_record> record = [&] {
      const stage put(sink, "StoragePut");
      return put_file_object(state, request, *meta);
    }();
    if (!record && record.error().code == errc::already_exists) continue;
    if (!record) return std::move(record).error();
    const stage commit(sink, "Commit");
    auto ended = commit_file(state, request.catalog, request.path, *record, until);
    if (!ended) return std::move(ended).error();
    if (*ended) return {};
    // Fenced: the object is on the index's list for a later clear; a fresh id tries again.
  }
  return lake::error{errc::unavailable, "write_file", std::string(request.path.view()), "not written: fenced repeatedly, the store is too slow"};
}

/// A file's bytes. Errors: not_found, corrupt_body. Complexity: one index round trip and one get.
template <class State>
result<std::string> read_one_file(State& state, std::string_view catalog, std::string_view path) {
  for (bool again = false;; again = true) {
    auto record = state.index.read_file(catalog, path);
    if (!record) return std::move(record).error();
    if (!*record) return lake::error{errc::not_found, "read_file", std::string(path), "the catalog " + in_quotes(catalog) + " has no such file"};
    const std::string key = state.file_key(catalog, path, (*record)->id);
    auto loaded = load_object(state, object_kind::file, catalog, (*record)->id, key);
    // A record of a file that is overwritten in place does not know which write's bytes are there.
    const bool recorded = state.layout.has_file_ids;
    if (loaded && recorded && (loaded->envelope().digest != (*record)->digest || loaded->envelope().decoded_bytes != (*record)->bytes)) {
      return lake::error{errc::corrupt_body, "read_file", key, "the file is not the one that the index recorded: length or digest differ"};
    }
    if (loaded) return (*std::move(loaded)).take();
    if (again || loaded.error().code != errc::not_found) return std::move(loaded).error();
  }
}

/// `{"/avatar.png": {...}, ...}`: paths sorted by bytes, each with its file's meta as it was written, `{}` if none.
/// Errors: the index's; corrupt_index names a path whose meta is no JSON.
template <class State>
result<std::string> all_files(State& state, std::string_view catalog) {
  auto files = state.index.read_files(catalog);
  if (!files) return std::move(files).error();
  std::string out = "{";
  for (const auto& [path, record] : *files) {
    // Other clients of a layout without envelopes check no meta; ours was checked when it was written.
    const bool sound = state.layout.has_envelope || merge::detail::check_grammar(meta_of(record), state.options.limits.depth).reason == nullptr;
    if (!sound) {
      return lake::error{errc::corrupt_index, "files_and_meta", std::string(catalog), "the meta of the file " + in_quotes(path) + " is no JSON"};
    }
    if (out.size() > 1) out += ',';
    merge::append_quoted(out, path);
    out += ':';
    out += meta_of(record);
  }
  return out += '}';
}

/// The catalog's meta: keys sorted by bytes, values byte-exact.
template <class State>
result<std::string> all_meta(State& state, std::string_view catalog) {
  auto entries = state.index.read_meta(catalog);
  if (!entries) return std::move(entries).error();
  std::string out = "{";
  for (const auto& [key, value] : *entries) {
    if (out.size() > 1) out += ',';
    merge::append_quoted(out, key);
    out += ':';
    out += value;
  }
  return out += '}';
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_FILES_HPP
