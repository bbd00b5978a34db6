// The deltas of one merge, compiled: every place they name found once, so that applying them hashes nothing. Knows no document.
// Formats: RFC 7396, RFC 6902, RFC 6901.
#ifndef LAKE_MERGE_SPARSE_PROGRAM_HPP
#define LAKE_MERGE_SPARSE_PROGRAM_HPP

#include <lake/config.hpp>
#include <lake/core/path.hpp>
#include <lake/core/quote.hpp>
#include <lake/merge/patch.hpp>
#include <lake/merge/sparse/arena.hpp>
#include <lake/merge/sparse/model.hpp>
#include <lake/merge/sparse/reader.hpp>
#include <lake/merge/sparse/trie.hpp>
#include <lake/merge/step.hpp>
#include <lake/merge/validate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse {

/// A member of a merge patch. Those of one patch stand in a list, an object's own before those of the object itself.
struct patch_member {
  node* at = nullptr;
  std::string_view head = {};      ///< The key as written, and a colon. The byte before it can be read.
  std::string_view body = {};
  patch_member* next = nullptr;
  patch_member* last = nullptr;    ///< The last one of what is in it; itself if nothing is.
  bool null = false;
  bool object = false;
  bool overruled = false;          ///< A later one has the same name: it counts as if it were not there.
  std::size_t object_number = 0;   ///< The object of the patch that it stands in.
};

/// An operation of a JSON Patch.
struct patch_operation {
  verb what = verb::test;
  node* path = nullptr;
  node* from = nullptr;            ///< move, copy.
  std::string_view pointer = {};   ///< `path` unescaped.
  std::string_view source = {};    ///< `from` unescaped.
  value now = {};                  ///< add, replace, test.
  patch_operation* next = nullptr;
};

/// A step.
struct command {
  enum kinds { touch, replace, merge, patch } what = touch;
  node* at = nullptr;
  std::size_t depth = 0;           ///< Segments of its path, ...
  std::size_t shared = 0;          ///< ... of which so many are the same as those of the step before.
  value body = {};                 ///< replace: what is stored; merge: its text and height.
  patch_member* members = nullptr;
  patch_operation* operations = nullptr;
};

/// The members of an operation.
enum class field { op, path, from, value, other };

/// Compiles steps one after the other. Confined to one merge. Lifetime: the steps must outlive what it makes.
class compiler {
 public:
  compiler(arena& memory, trie& places, const skipper& skip, const options& with) : memory_(memory), places_(places), skip_(skip), with_(with) {}

  /// Compiles `one` into `out`. False if it cannot be applied to any document: `why` has the reason, but for the step's number.
  [[nodiscard]] bool compile(const step& one, command& out, failure& why);

 private:
  /// An object of a merge patch that is being read.
  struct level {
    node* at;
    patch_member* owner;
    std::size_t number;
  };
  /// A segment of the path that was found last.
  struct segment {
    std::size_t end;
    node* at;
  };
  /// The members of an operation that mean something.
  struct fields {
    std::string_view op = {}, path = {}, from = {}, value = {};
    bool path_plain = true, from_plain = true;  ///< They are written without escapes.
    std::size_t value_height = 0;
    std::size_t highest = 0;  ///< Of all its values.
  };

  static bool refuse(failure& why, std::string reason) {
    why.reason = std::move(reason);
    return false;
  }
  [[nodiscard]] bool find_place(std::string_view path, command& out, failure& why);
  [[nodiscard]] bool compile_body(command& out);
  [[nodiscard]] static bool blame_body(const command& out, failure& why);
  [[nodiscard]] bool compile_merge(reader& from, command& out);
  [[nodiscard]] patch_member& add_member(const level& in, std::string_view key, bool plain, std::string_view head);
  [[nodiscard]] bool compile_patch(reader& from, command& out);
  [[nodiscard]] bool read_field(reader& from, field& what);
  [[nodiscard]] bool read_fields(reader& from, fields& out);
  [[nodiscard]] bool compile_operation(const fields& given, command& out, patch_operation& made);
  [[nodiscard]] node* place_of(node& below, std::string_view quoted_pointer, bool plain, std::string_view& pointer);
  [[nodiscard]] bool next_token(const char*& at, const char* end, std::string_view& token);
  [[nodiscard]] std::string_view unescaped(std::string_view key, bool plain) {
    return plain ? inside(key) : memory_.keep(meaning(key, room_));
  }

  arena& memory_;
  trie& places_;
  const skipper& skip_;
  const options& with_;
  stack<level> levels_{memory_};
  stack<segment> segments_{memory_};
  std::string_view last_path_ = {};
  std::size_t objects_ = 0;
  std::string room_ = {};
};

inline bool compiler::compile(const step& one, command& out, failure& why) {
  if (!find_place(one.path, out, why)) return false;
  if (one.touch) return true;
  if (!is_merge_type(one.type)) return refuse(why, "merge type " + std::to_string(static_cast<unsigned>(one.type)) + " is none of 1, 2, 3");
  out.body.raw = trim(one.body);
  out.what = one.type == merge_type::rfc6902 ? command::patch : command::replace;
  if (one.type == merge_type::rfc7396 && !out.body.raw.empty() && out.body.raw.front() == '{') out.what = command::merge;
  const std::size_t limit = out.what == command::patch ? with_.max_depth : with_.max_depth - out.depth;
  if (with_.trust_bodies && compile_body(out) && out.body.height <= limit) return true;
  const findings found = check_grammar(out.body.raw, limit);
  if (found.reason != nullptr) return refuse(why, "the body is no JSON: " + to_error(found, limit).message);
  if (!compile_body(out)) return blame_body(out, why);
  out.body.height = found.height;
  return true;
}

/// Compiles a body that is taken to be JSON, and bounds its height. False if it is not, or no patch.
inline bool compiler::compile_body(command& out) {
  reader from{out.body.raw.data(), out.body.raw.data() + out.body.raw.size(), &skip_};
  const bool good = out.what == command::merge ? compile_merge(from, out) : out.what == command::patch ? compile_patch(from, out) : from.value(0);
  out.body.height = from.peak;
  return good && from.at == from.end;
}

/// Says why a body that is JSON cannot be compiled: read the plain way.
inline bool compiler::blame_body(const command& out, failure& why) {
  std::vector<operation> operations;
  auto fault = out.what == command::patch ? read_patch(out.body.raw, operations) : std::nullopt;
  if (!fault) return refuse(why, "the body is no JSON");
  why.operation = fault->operation;
  return refuse(why, "the body is no JSON Patch: " + fault->reason);
}

/// Finds the place of a path. The segments it has in common with the path before it are not looked up again.
inline bool compiler::find_place(std::string_view path, command& out, failure& why) {
  const std::size_t same = common_bytes(path, last_path_);
  while (!segments_.empty() && (segments_.back().end > same || (segments_.back().end < path.size() && path[segments_.back().end] != '/'))) segments_.pop();
  last_path_ = path;
  out.shared = segments_.size();
  node* place = segments_.empty() ? &places_.root() : segments_.back().at;
  const char* at = path.data() + (segments_.empty() ? 0 : segments_.back().end);
  const char* const end = path.data() + path.size();
  bool good = !path.empty() && path.front() == '/';
  while (good && at != end && path.size() > 1) {
    const char* const begin = ++at;
    good = at != end && lake::detail::is_path_start(*at);
    while (at != end && lake::detail::path_chars[static_cast<unsigned char>(*at)]) ++at;
    good = good && (at == end || *at == '/');
    if (!good) break;
    place = &places_.child(*place, {begin, static_cast<std::size_t>(at - begin)});
    segments_.push({static_cast<std::size_t>(at - path.data()), place});
  }
  out.at = place;
  out.depth = segments_.size();
  if (!good) return refuse(why, "the path " + lake::detail::in_quotes(path) + " is no field path");
  if (out.depth <= with_.max_depth) return true;
  return refuse(why, "the path has " + std::to_string(out.depth) + " segments, the limit of the depth is " + std::to_string(with_.max_depth));
}

inline bool compiler::compile_merge(reader& from, command& out) {
  reader in = from;
  patch_member* last = nullptr;
  patch_member** place = &out.members;
  *place = nullptr;
  levels_.shrink(0);
  level now{out.at, nullptr, ++objects_};
  bool first = true;
  in.peak = (std::max)(in.peak, std::size_t{1});
  for (++in.at;;) {
    in.spaces();
    if (in.take('}')) {
      if (now.owner == nullptr) break;
      now.owner->last = last;
      now = levels_.back();
      levels_.pop();
      first = false;
      continue;
    }
    if (!std::exchange(first, false)) {
      if (!in.take(',')) return false;
      in.spaces();
    }
    std::string_view key;
    bool plain = true;
    if (!in.key(key, plain) || in.at == in.end) return false;
    last = &add_member(now, key, plain, {key.data(), static_cast<std::size_t>(in.at - key.data())});
    *place = last;
    place = &last->next;
    if (*in.at == '{') {
      last->object = true;
      ++in.at;
      levels_.push(now);
      now = {last->at, last, ++objects_};
      in.peak = (std::max)(in.peak, levels_.size() + 1);
      first = true;
      continue;
    }
    const char* const begin = in.at;
    if (!in.value(levels_.size() + 1)) return false;
    last->body = {begin, static_cast<std::size_t>(in.at - begin)};
    last->null = *begin == 'n';
  }
  from = in;
  return true;
}

__attribute__((always_inline)) inline patch_member& compiler::add_member(const level& in, std::string_view key, bool plain, std::string_view head) {
  patch_member* const made = memory_.make<patch_member>();
  made->at = &places_.child(*in.at, unescaped(key, plain));
  made->last = made;
  made->head = head;
  if (head.size() != key.size() + 1) [[unlikely]] {
    room_.assign(1, ',').append(key).push_back(':');
    made->head = memory_.keep(room_).substr(1);
  }
  made->object_number = in.number;
  patch_member*& patched = made->at->patched;
  if (patched != nullptr && patched->object_number == in.number) patched->overruled = true;
  patched = made;
  return *made;
}

inline bool compiler::compile_patch(reader& from, command& out) {
  patch_operation** place = &out.operations;
  *place = nullptr;
  if (!from.take('[')) return false;
  std::size_t highest = 1;
  for (bool first = true;; first = false) {
    from.spaces();
    if (from.take(']')) break;
    if (!first) {
      if (!from.take(',')) return false;
      from.spaces();
    }
    fields given;
    if (!from.take('{') || !read_fields(from, given)) return false;
    highest = (std::max)(highest, 2 + given.highest);
    patch_operation* const made = memory_.make<patch_operation>();
    if (!compile_operation(given, out, *made)) return false;
    *place = made;
    place = &made->next;
  }
  from.peak = highest;
  return true;
}

/// What a member of an operation is, by its name.
[[nodiscard]] constexpr field field_of(std::string_view name) noexcept {
  if (name.size() == 2) return name == "op" ? field::op : field::other;
  if (name.size() == 4) return name == "path" ? field::path : name == "from" ? field::from : field::other;
  return name == "value" ? field::value : field::other;
}

/// Passes over a key and its colon. Those that mean something are told by their first bytes, where they stand as most write them.
inline bool compiler::read_field(reader& from, field& what) {
  if (from.end - from.at > 8) {
    const auto pass = [&](field now, std::size_t bytes) {
      what = now;
      from.at += bytes;
      return true;
    };
    if (std::memcmp(from.at, "\"op\":\"", 6) == 0) return pass(field::op, 5);
    if (std::memcmp(from.at, "\"path\":\"", 8) == 0) return pass(field::path, 7);
    if (std::memcmp(from.at, "\"from\":\"", 8) == 0) return pass(field::from, 7);
    if (std::memcmp(from.at, "\"value\":", 8) == 0 && !is_space(from.at[8])) return pass(field::value, 8);
  }
  std::string_view key;
  bool plain = true;
  if (!from.key(key, plain)) return false;
  what = field_of(plain ? inside(key) : meaning(key, room_));
  return true;
}

/// Reads an operation behind its bracket.
inline bool compiler::read_fields(reader& from, fields& out) {
  reader in = from;
  std::size_t ops = 0, paths = 0;
  for (bool first = true;; first = false) {
    in.spaces();
    if (in.take('}')) break;
    if (!first) {
      if (!in.take(',')) return false;
      in.spaces();
    }
    field what = field::other;
    if (!read_field(in, what)) return false;
    const char* const begin = in.at;
    bool plain = true;
    in.peak = 0;
    if (!in.value(0, plain)) return false;
    const std::string_view now(begin, static_cast<std::size_t>(in.at - begin));
    out.highest = (std::max)(out.highest, in.peak);
    switch (what) {
      case field::op: out.op = now, ++ops; break;
      case field::path: out.path = now, out.path_plain = plain, ++paths; break;
      case field::from: out.from = now, out.from_plain = plain; break;
      case field::value: out.value = now, out.value_height = in.peak; break;
      case field::other: break;
    }
  }
  from = in;
  return ops == 1 && paths == 1;
}

inline bool compiler::compile_operation(const fields& given, command& out, patch_operation& made) {
  if (given.op.empty() || given.op.front() != '"') return false;
  const std::optional<verb> what = verb_of(meaning(given.op, room_));
  if (!what) return false;
  made.what = *what;
  made.path = place_of(*out.at, given.path, given.path_plain, made.pointer);
  if (made.path == nullptr) return false;
  if (made.what == verb::move || made.what == verb::copy) {
    made.from = place_of(*out.at, given.from, given.from_plain, made.source);
    return made.from != nullptr;
  }
  made.now = {.raw = given.value, .height = given.value_height};
  return made.what == verb::remove || !given.value.empty();
}

/// The place that a pointer names below another; null if it is no pointer. `quoted_pointer` is a JSON string.
inline node* compiler::place_of(node& below, std::string_view quoted_pointer, bool plain, std::string_view& pointer) {
  if (quoted_pointer.empty() || quoted_pointer.front() != '"') return nullptr;
  pointer = unescaped(quoted_pointer, plain);
  node* at = &below;
  const char* next = pointer.data();
  const char* const end = next + pointer.size();
  if (next != end && *next != '/') return nullptr;
  while (next != end) {
    std::string_view token;
    if (!next_token(next, end, token)) return nullptr;
    at = &places_.child(*at, token);
  }
  return at;
}

/// Reads the token behind the slash at `at`, which moves to the next slash or to the end. False after a `~` that escapes nothing.
inline bool compiler::next_token(const char*& at, const char* end, std::string_view& token) {
  const char* const begin = at + 1;
  const char* stop = begin;
  bool plain = true;
  for (; stop != end && *stop != '/'; ++stop) {
    if (*stop == '~') [[unlikely]] plain = false;
  }
  at = stop;
  token = {begin, static_cast<std::size_t>(stop - begin)};
  if (plain) [[likely]] return true;
  if (!pointer_fault({begin - 1, token.size() + 1}).empty()) return false;
  room_.clear();
  for (std::size_t i = 0; i < token.size(); ++i) room_ += token[i] != '~' ? token[i] : token[++i] == '1' ? '/' : '~';
  token = memory_.keep(room_);
  return true;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge::detail::sparse

#endif  // LAKE_MERGE_SPARSE_PROGRAM_HPP
