// Bodies as objects: codec and, where the layout has one, envelope on the way in; cache, envelope, codec and checks on the way out.
// Knows a lake's state; knows nothing of the log.
#ifndef LAKE_IMPL_OBJECTS_HPP
#define LAKE_IMPL_OBJECTS_HPP

#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/envelope.hpp>
#include <lake/core/result.hpp>
#include <lake/impl/state.hpp>
#include <lake/merge/scan.hpp>
#include <lake/merge/validate.hpp>
#include <lake/pure/xxh64.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// A body that was read and checked. Keeps alive what its text views; movable.
class loaded_body {
 public:
  loaded_body() = default;
  /// A body that lies in the envelope as it is: no copy.
  loaded_body(body_ptr stored, const envelope_view& envelope) : stored_(std::move(stored)), envelope_(envelope) {}
  /// A body that a codec decoded.
  loaded_body(body_ptr stored, const envelope_view& envelope, std::string decoded)
      : stored_(std::move(stored)), envelope_(envelope), decoded_(std::move(decoded)), encoded_(true) {}

  [[nodiscard]] std::string_view bytes() const noexcept { return encoded_ ? std::string_view(decoded_) : envelope_.stored_body; }
  [[nodiscard]] const envelope_view& envelope() const noexcept { return envelope_; }
  /// The bytes as a string of their own; no copy where a codec decoded them.
  [[nodiscard]] std::string take() && { return encoded_ ? std::move(decoded_) : std::string(envelope_.stored_body); }

 private:
  body_ptr stored_;
  envelope_view envelope_{};
  std::string decoded_;
  bool encoded_ = false;
};

/// Appends the encoded form of `body`; which codecs did it.
template <class State>
result<codec_ids> encode_body(const State& state, const envelope_fields& fields, std::string_view body, std::string& out) {
  if constexpr (State::codec_type::passthrough) {
    out += body;
    return codec_ids{};
  } else {
    return state.codec.encode(codec_context{state.lake_id, fields.catalog, fields.kind, fields.id}, body, out);
  }
}

/// The object of `body`: its envelope, or where the layout has none what the codec made of it. One string, one allocation where the codec
/// passes through.
template <class State>
result<std::string> wrap(const State& state, envelope_fields fields, std::string_view body) {
  std::string out;
  if (!state.layout.has_envelope) {
    auto applied = encode_body(state, fields, body, out);
    if (!applied) return std::move(applied).error();
    return out;
  }
  fields.decoded_bytes = body.size();
  fields.digest = pure::xxh64(body);
  out.reserve(detail::envelope::header_bytes + fields.catalog.size() + fields.path.size() + fields.meta.size() + body.size());
  envelope_writer writer(out, fields);
  auto applied = encode_body(state, fields, body, out);
  if (!applied) return std::move(applied).error();
  writer.finish(*applied);
  return out;
}

/// The same error, of this object unless it names one.
[[nodiscard]] inline lake::error of_object(lake::error reason, std::string_view key) {
  if (reason.subject.empty()) reason.subject = key;
  return reason;
}

/// Opens a bare object. Only its key says who it is, and other clients store what they like: so all of it is looked at before it is merged.
/// By its grammar alone, for their strings and numbers may be ones that a write refuses here.
template <class State>
result<loaded_body> unwrap_bare(const State& state, body_ptr stored, object_kind kind, std::string_view catalog, time_seq id,
                                std::string_view key) {
  std::string_view plain = *stored;
  std::string decoded;
  if constexpr (!State::codec_type::passthrough) {
    auto opened = state.codec.decode(codec_context{state.lake_id, catalog, kind, id}, codec_ids{}, plain, state.options.limits.body_bytes);
    if (!opened) {
      lake::error reason = std::move(opened).error();
      reason.subject = key;
      return reason;
    }
    decoded = *std::move(opened);
    plain = decoded;
  }
  if (kind != object_kind::file) {
    const auto found = merge::detail::check_grammar(plain, state.options.limits.depth);
    if (found.reason != nullptr) {
      return lake::error{errc::corrupt_body, "read", std::string(key),
                         "its body is no JSON: byte " + std::to_string(found.offset) + ": " + found.reason};
    }
    plain = merge::trim(plain);
  }
  envelope_view known;
  known.kind = kind;
  known.id = id;
  known.decoded_bytes = plain.size();
  if (kind != object_kind::delta) known.digest = pure::xxh64(plain);
  if constexpr (State::codec_type::passthrough) {
    known.stored_body = plain;
    return loaded_body(std::move(stored), known);
  } else {
    if (plain.size() != decoded.size()) decoded = std::string(plain);
    return loaded_body(std::move(stored), known, std::move(decoded));
  }
}

/// Opens an object: who it is, what is in it, and that it is whole.
template <class State>
result<loaded_body> unwrap(const State& state, body_ptr stored, object_kind kind, std::string_view catalog, time_seq id, std::string_view key) {
  if (!state.layout.has_envelope) return unwrap_bare(state, std::move(stored), kind, catalog, id, key);
  auto envelope = read_envelope(*stored, key);
  if (!envelope) return std::move(envelope).error();
  if (auto same = expect(*envelope, kind, catalog, id, key); !same) return std::move(same).error();
  if (envelope->codecs.empty() && State::codec_type::plain_allowed) {
    if (auto whole = check_body(*envelope, envelope->stored_body, key); !whole) return std::move(whole).error();
    return loaded_body(std::move(stored), *envelope);
  }
  auto decoded = state.codec.decode(codec_context{state.lake_id, catalog, kind, id}, envelope->codecs, envelope->stored_body,
                                    static_cast<std::size_t>(envelope->decoded_bytes));
  if (!decoded) return of_object(std::move(decoded).error(), key);
  if (auto whole = check_body(*envelope, *decoded, key); !whole) return std::move(whole).error();
  return loaded_body(std::move(stored), *envelope, *std::move(decoded));
}

/// Whether a cache may hold an object: not where its bytes can become others under the same key.
template <class State>
[[nodiscard]] bool is_cached(const State& state, object_kind kind) noexcept {
  return State::cache_type::enabled && (kind != object_kind::file || state.layout.has_file_ids);
}

/// Reads one object through the cache. A cached value that is damaged counts as a miss.
template <class State>
result<loaded_body> load_through_cache(State& state, object_kind kind, std::string_view catalog, time_seq id, const std::string& key) {
  const std::string name = state.cache_key(key);
  bool trusted = true;
  if (body_ptr hit = state.cache.find(kind, name)) {
    if (auto opened = unwrap(state, std::move(hit), kind, catalog, id, key)) {
      count(state.counted.cache_hits);
      return opened;
    }
    state.cache.forget(kind, name);
    trusted = false;  // A forget may be lost too: go past the cache.
  }
  auto stored = state.flights.take(name, [&]() -> result<body_ptr> {
    if (trusted) {
      if (body_ptr landed = state.cache.find(kind, name)) return landed;  // Loaded between the miss and now.
    }
    return state.storage.get(key);
  });
  if (!stored) return std::move(stored).error();
  auto opened = unwrap(state, *stored, kind, catalog, id, key);
  if (opened) state.cache.store(kind, name, *stored);
  return opened;
}

/// Reads one object. Errors: not_found, corrupt_body, and the storage's. Complexity: no round trip where the cache has it, else one.
template <class State>
result<loaded_body> load_object(State& state, object_kind kind, std::string_view catalog, time_seq id, const std::string& key) {
  count(state.counted.bodies_loaded);
  if constexpr (State::cache_type::enabled) {
    if (is_cached(state, kind)) return load_through_cache(state, kind, catalog, id, key);
  }
  auto stored = state.storage.get(key);
  if (!stored) return std::move(stored).error();
  return unwrap(state, *std::move(stored), kind, catalog, id, key);
}

/// Drops what the cache holds of one object.
template <class State>
void forget_object(State& state, object_kind kind, std::string_view key) {
  if (is_cached(state, kind)) state.cache.forget(kind, state.cache_key(key));
}

/// Removes one object and what the cache holds of it. Errors: the storage's.
template <class State>
result<void> remove_object(State& state, object_kind kind, const std::string& key) {
  forget_object(state, kind, key);
  return state.storage.remove(key);
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_OBJECTS_HPP
