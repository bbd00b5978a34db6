// Bodies as objects: envelope and codec on the way in, cache, envelope, codec and digests on the way out.
// Knows a lake's state; knows nothing of the log.
#ifndef LAKE_IMPL_OBJECTS_HPP
#define LAKE_IMPL_OBJECTS_HPP

#include <lake/config.hpp>
#include <lake/core/body.hpp>
#include <lake/core/envelope.hpp>
#include <lake/core/result.hpp>
#include <lake/impl/state.hpp>
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

/// The envelope of `body`, encoded: one string, one allocation where the codec passes through.
template <class State>
result<std::string> wrap(const State& state, envelope_fields fields, std::string_view body) {
  fields.decoded_bytes = body.size();
  fields.digest = pure::xxh64(body);
  std::string out;
  out.reserve(detail::envelope::header_bytes + fields.catalog.size() + fields.path.size() + fields.meta.size() + body.size());
  envelope_writer writer(out, fields);
  if constexpr (State::codec_type::passthrough) {
    out += body;
    writer.finish();
  } else {
    auto applied = state.codec.encode(codec_context{state.lake_id, fields.catalog, fields.kind, fields.id}, body, out);
    if (!applied) return std::move(applied).error();
    writer.finish(*applied);
  }
  return out;
}

/// Opens an envelope: who it is, what is in it, and that it is whole.
template <class State>
result<loaded_body> unwrap(const State& state, body_ptr stored, object_kind kind, std::string_view catalog, time_seq id, std::string_view key) {
  auto envelope = read_envelope(*stored, key);
  if (!envelope) return std::move(envelope).error();
  if (auto same = expect(*envelope, kind, catalog, id, key); !same) return std::move(same).error();
  if (envelope->codecs.empty() && State::codec_type::plain_allowed) {
    if (auto whole = check_body(*envelope, envelope->stored_body, key); !whole) return std::move(whole).error();
    return loaded_body(std::move(stored), *envelope);
  }
  auto decoded = state.codec.decode(codec_context{state.lake_id, catalog, kind, id}, envelope->codecs, envelope->stored_body,
                                    static_cast<std::size_t>(envelope->decoded_bytes));
  if (!decoded) {
    lake::error reason = std::move(decoded).error();
    if (reason.subject.empty()) reason.subject = key;
    return reason;
  }
  if (auto whole = check_body(*envelope, *decoded, key); !whole) return std::move(whole).error();
  return loaded_body(std::move(stored), *envelope, *std::move(decoded));
}

/// Reads one object through the cache. A cached value that is damaged counts as a miss.
/// Errors: not_found, corrupt_body, and the storage's. Complexity: no round trip on a hit, else one.
template <class State>
result<loaded_body> load_object(State& state, object_kind kind, std::string_view catalog, time_seq id, const std::string& key) {
  count(state.counted.bodies_loaded);
  if constexpr (State::cache_type::enabled) {
    const std::string name = State::layout::cache_key(state.prefix, state.lake_id, key);
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
  } else {
    auto stored = state.storage.get(key);
    if (!stored) return std::move(stored).error();
    return unwrap(state, *std::move(stored), kind, catalog, id, key);
  }
}

/// Drops what the cache holds of one object.
template <class State>
void forget_object(State& state, object_kind kind, std::string_view key) {
  if constexpr (State::cache_type::enabled) state.cache.forget(kind, State::layout::cache_key(state.prefix, state.lake_id, key));
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
