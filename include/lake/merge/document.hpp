// The boundary to nlohmann::json: text to values and back. The only header of this room that knows a JSON library.
#ifndef LAKE_MERGE_DOCUMENT_HPP
#define LAKE_MERGE_DOCUMENT_HPP

#include <lake/config.hpp>
#include <lake/core/result.hpp>
#include <lake/merge/json_reader.hpp>
#include <lake/merge/step.hpp>
#include <lake/pure/utf8.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge {
namespace detail {

/// nlohmann::json, but known only once `T` is: so that including this header instantiates nothing of it.
template <class T>
using json_for = std::conditional_t<std::is_same_v<T, void>, void, nlohmann::json>;

template <class T>
inline constexpr bool is_json_type = std::same_as<T, nlohmann::json> || std::same_as<T, nlohmann::ordered_json>;
template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;
template <class T>
inline constexpr bool is_text_map = false;
template <class T, class C, class A>
inline constexpr bool is_text_map<std::map<std::string, T, C, A>> = true;

/// The types that convert without an exception: arithmetic, string, and vectors and maps of these.
template <class T>
[[nodiscard]] consteval bool converts_checked() {
  if constexpr (is_vector<T>) return converts_checked<typename T::value_type>();
  else if constexpr (is_text_map<T>) return converts_checked<typename T::mapped_type>();
  else return std::is_arithmetic_v<T> || std::same_as<T, std::string>;
}

[[nodiscard]] inline lake::error unfit(std::string message) { return {errc::invalid_argument, "convert", {}, std::move(message)}; }

/// True if the whole number `from` is one of T.
template <class T, class From>
[[nodiscard]] constexpr bool in_range(From from) noexcept {
  if constexpr (std::is_signed_v<From>) {
    if (from < 0) return std::is_signed_v<T> && static_cast<std::intmax_t>(from) >= static_cast<std::intmax_t>((std::numeric_limits<T>::min)());
  }
  return static_cast<std::uintmax_t>(from) <= static_cast<std::uintmax_t>((std::numeric_limits<T>::max)());
}

template <class T>
[[nodiscard]] result<T> checked_number(const nlohmann::json& from) {
  if (!from.is_number()) return unfit("a number is wanted, this is " + std::string(from.type_name()));
  if constexpr (std::is_integral_v<T>) {
    if (from.is_number_float()) return unfit("a whole number is wanted, this is " + from.dump());
    const auto* const plain = from.template get_ptr<const nlohmann::json::number_unsigned_t*>();
    const bool fits = plain != nullptr ? in_range<T>(*plain) : in_range<T>(*from.template get_ptr<const nlohmann::json::number_integer_t*>());
    if (!fits) return unfit("the number " + from.dump() + " does not fit the type");
  }
  return from.template get<T>();
}

/// `from` as a T without any exception. A number must fit its type.
template <class T>
[[nodiscard]] result<T> checked(const nlohmann::json& from) {
  if constexpr (std::same_as<T, bool>) {
    if (!from.is_boolean()) return unfit("a boolean is wanted, this is " + std::string(from.type_name()));
    return *from.template get_ptr<const bool*>();
  } else if constexpr (std::is_arithmetic_v<T>) {
    return checked_number<T>(from);
  } else if constexpr (std::same_as<T, std::string>) {
    if (!from.is_string()) return unfit("a string is wanted, this is " + std::string(from.type_name()));
    return *from.template get_ptr<const std::string*>();
  } else if constexpr (is_vector<T>) {
    if (!from.is_array()) return unfit("an array is wanted, this is " + std::string(from.type_name()));
    T all;
    for (const auto& one : from) {
      result<typename T::value_type> item = checked<typename T::value_type>(one);
      if (!item) return std::move(item).error();
      all.push_back(*std::move(item));
    }
    return all;
  } else {
    if (!from.is_object()) return unfit("an object is wanted, this is " + std::string(from.type_name()));
    T all;
    for (auto it = from.begin(); it != from.end(); ++it) {
      result<typename T::mapped_type> item = checked<typename T::mapped_type>(it.value());
      if (!item) return std::move(item).error();
      all.insert_or_assign(it.key(), *std::move(item));
    }
    return all;
  }
}

/// Why `of` cannot be written as JSON that says the same; null if it can. Checked here because a dump would throw, recurse
/// without bound, or silently put something else: U+FFFD for bytes that are not UTF-8, null for infinities.
template <class Json>
[[nodiscard]] const char* unwritable(const Json& of, std::size_t max_depth) {
  std::vector<std::pair<const Json*, std::size_t>> open{{&of, 0}};
  while (!open.empty()) {
    const auto [now, depth] = open.back();
    open.pop_back();
    if (const auto* bytes = now->template get_ptr<const typename Json::string_t*>()) {
      if (pure::utf8_error_offset(*bytes) != std::string_view::npos) return "a string of the value is not UTF-8";
    }
    if (const auto* number = now->template get_ptr<const typename Json::number_float_t*>()) {
      if (!std::isfinite(*number)) return "a number of the value is not finite";
    }
    if (now->is_binary()) return "the value holds binary data, which JSON does not have";
    if (!now->is_structured()) continue;
    if (depth >= max_depth) return "the value has too many containers in each other";
    for (auto it = now->begin(); it != now->end(); ++it) {
      if (now->is_object() && pure::utf8_error_offset(it.key()) != std::string_view::npos) return "a key of the value is not UTF-8";
      open.emplace_back(&it.value(), depth + 1);
    }
  }
  return nullptr;
}

/// Builds a value of `Json` from the inside out: each container once, when its children are known. Confined to one call.
template <class Json>
class json_builder {
 public:
  explicit json_builder(std::string_view input) : reader_(input) { finished_.reserve(16); }

  [[nodiscard]] result<Json> run() {
    for (;;) {
      switch (reader_.next()) {
        case token_reader::event::array: finish(make_array()); break;
        case token_reader::event::object: finish(make_object()); break;
        case token_reader::event::finished: return make(reader_.children().front());
        case token_reader::event::fault:
          return lake::error{errc::invalid_body, "to_json", {}, "byte " + std::to_string(reader_.offset()) + ": " + reader_.reason()};
      }
    }
  }

 private:
  using kind_type = typename Json::value_t;

  /// What a value that is no string or container is created as. `fill` does the rest in place.
  [[nodiscard]] static kind_type kind_of(const json_token& of) noexcept {
    static constexpr std::array<kind_type, 6> kinds = {kind_type::null,            kind_type::boolean,        kind_type::boolean,
                                                       kind_type::number_unsigned, kind_type::number_integer, kind_type::number_float};
    return kinds[static_cast<std::size_t>(of.kind())];
  }

  static void fill(Json& out, const json_token& with) {
    switch (with.kind()) {
      case token_kind::yes: *out.template get_ptr<bool*>() = true; break;
      case token_kind::natural: *out.template get_ptr<std::uint64_t*>() = with.value.natural; break;
      case token_kind::negative: *out.template get_ptr<std::int64_t*>() = with.value.negative; break;
      case token_kind::real: *out.template get_ptr<double*>() = with.value.real; break;
      default: break;
    }
  }

  [[nodiscard]] std::string string_of(const json_token& of) {
    if (of.kind() == token_kind::plain) return std::string(of.inside());
    if (unescaped_.size() < of.inside().size()) unescaped_.resize(of.inside().size());
    const char* const end = undo_escapes(of.inside(), unescaped_.data());
    return std::string(unescaped_.data(), static_cast<std::size_t>(end - unescaped_.data()));
  }

  /// Creates the value of a token where it shall stand: `emplace` makes it of what it is given, and returns it.
  template <class Emplace>
  void create(const json_token& of, const Emplace& emplace) {
    if (of.kind() == token_kind::container) ++nested_, emplace(std::move(finished_[static_cast<std::size_t>(of.value.natural)]));
    else if (of.kind() >= token_kind::plain) emplace(string_of(of));
    else fill(emplace(kind_of(of)), of);
  }

  [[nodiscard]] Json make(const json_token& of) {
    Json made;
    create(of, [&made](auto&& from) -> Json& { return made = Json(std::forward<decltype(from)>(from)); });
    return made;
  }

  [[nodiscard]] Json make_array() {
    Json made(kind_type::array);
    auto& all = *made.template get_ptr<typename Json::array_t*>();
    all.reserve(reader_.children().size());
    const auto emplace = [&all](auto&& from) -> Json& { return all.emplace_back(std::forward<decltype(from)>(from)); };
    for (const json_token& of : reader_.children()) create(of, emplace);
    return made;
  }

  static constexpr bool ordered = std::same_as<Json, nlohmann::ordered_json>;

  /// Adds a member whose key is not there yet: behind all others in an ordered object, before all others in a map, where that
  /// takes one comparison of keys (behind all others it would take two).
  void add(typename Json::object_t& all, const json_token& key, const json_token& of) {
    create(of, [&all, name = key.inside()](auto&& from) -> Json& {
      // An ordered object is a vector of its members; its own insertion would look at all of them each time.
      if constexpr (ordered) {
        auto& behind = static_cast<typename Json::object_t::Container&>(all);
        return behind.emplace_back(name, std::forward<decltype(from)>(from)).second;
      } else {
        return all.emplace_hint(all.begin(), name, std::forward<decltype(from)>(from))->second;
      }
    });
  }

  [[nodiscard]] Json make_object() {
    Json made(kind_type::object);
    auto& all = *made.template get_ptr<typename Json::object_t*>();
    const std::span<json_token> members = reader_.children();
    if constexpr (ordered) all.reserve(members.size() / 2);
    const auto nth = [](std::size_t i, std::size_t count) { return ordered ? i : count - 1 - i; };
    if (keys_.ascend(members)) {
      for (std::size_t i = 0; i < members.size() / 2; ++i) {
        const std::size_t key = 2 * nth(i, members.size() / 2);
        add(all, members[key], members[key + 1]);
      }
      return made;
    }
    const std::span<key_sorter::entry> entries = keys_.sort(members);
    if constexpr (ordered) std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const key_sorter::entry& one = entries[nth(i, entries.size())];
      add(all, *one.key, *one.value);
    }
    const auto is_container = [](const json_token& of) { return of.kind() == token_kind::container; };
    if (entries.size() != members.size() / 2) nested_ = static_cast<std::size_t>(std::count_if(members.begin(), members.end(), is_container));
    return made;
  }

  /// Keeps a container until its parent closes, in the place of its own children.
  void finish(Json made) {
    waiting_ -= nested_;
    nested_ = 0;
    if (waiting_ == finished_.size()) finished_.emplace_back(kind_type::null);
    finished_[waiting_].swap(made);
    reader_.replace(waiting_++);
  }

  token_reader reader_;
  key_sorter keys_;
  std::vector<Json> finished_;  ///< The first `waiting_` wait for their parent; those behind are null, or no one's.
  std::size_t waiting_ = 0;
  std::size_t nested_ = 0;  ///< Containers among the children of the one that is being built.
  std::string unescaped_;   ///< Room for strings with escapes. Only grows.
};

}  // namespace detail

/// Returns `body` as a `nlohmann::json` (or `to_json<nlohmann::ordered_json>(body)`). Spelling is lost: the values stay.
/// Takes, refuses and gives what `Json::parse` does, only faster: a whole number that fits is `number_unsigned`, with a minus
/// `number_integer`, any other `number_float`; of duplicate keys the last value, in an ordered object at the place of the
/// first; a byte order mark before the value is skipped, and a zero byte after it ends the text.
/// Errors: invalid_body names the byte's offset and the reason: not JSON or not UTF-8, half of a surrogate pair, a number
/// beyond the range of a double. Complexity: linear but for sorting the keys of each object; no recursion.
template <class Json = nlohmann::json>
[[nodiscard]] result<Json> to_json(std::string_view body) {
  static_assert(detail::is_json_type<Json>, "lake: to_json gives a nlohmann::json or a nlohmann::ordered_json");
  return detail::json_builder<Json>(body).run();
}

/// Returns `body` as a `T`: arithmetic types, strings, and vectors and maps (keyed by strings) of these by checked
/// conversions, a number must fit its type; any other type through nlohmann's conversions, which needs exceptions.
/// Errors: invalid_body (not JSON); invalid_argument (the document does not fit `T`).
template <class T>
[[nodiscard]] result<T> to_value(std::string_view body) {
  if constexpr (detail::is_json_type<T>) {
    return to_json<T>(body);
  } else {
    static_assert(has_exceptions || detail::converts_checked<T>(),
                  "lake: without exceptions, a typed read gives arithmetic types, strings, and vectors and maps of these");
    auto parsed = to_json<detail::json_for<T>>(body);
    if (!parsed) return std::move(parsed).error();
    if constexpr (detail::converts_checked<T>()) {
      return detail::checked<T>(*parsed);
    } else {
#if defined(__cpp_exceptions) && __cpp_exceptions >= 199711L
      try {
        return parsed->template get<T>();
      } catch (const nlohmann::json::exception& reason) {
        return detail::unfit(reason.what());
      }
#endif
    }
  }
}

/// Returns `from` as JSON text through nlohmann's conversions, without white space.
/// Errors: invalid_argument (a string that is not UTF-8, a number that is not finite, more than `max_depth` containers in
/// each other; a conversion of the type's own that fails).
template <class T>
[[nodiscard]] result<std::string> from_value(const T& from, const options& with = {}) {
  if constexpr (detail::is_json_type<T>) {
    if (const char* const why = detail::unwritable(from, with.max_depth)) return detail::unfit(why);
    return from.dump(-1, ' ', false, T::error_handler_t::replace);
  } else {
#if defined(__cpp_exceptions) && __cpp_exceptions >= 199711L
    try {
      return from_value(detail::json_for<T>(from), with);
    } catch (const nlohmann::json::exception& reason) {
      return detail::unfit(reason.what());
    }
#else
    return from_value(nlohmann::json(from), with);
#endif
  }
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::merge

#endif  // LAKE_MERGE_DOCUMENT_HPP
