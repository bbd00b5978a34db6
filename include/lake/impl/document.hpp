// The typed face of a lake: parsed documents and values, through the merge room's nlohmann boundary. The bodies of the members that
// basic_lake.hpp and list_result.hpp declare with nlohmann::json known by name only.
#ifndef LAKE_IMPL_DOCUMENT_HPP
#define LAKE_IMPL_DOCUMENT_HPP

#include <lake/config.hpp>
#include <lake/basic_lake.hpp>
#include <lake/merge/document.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

template <class Lake>
template <trace_sink Trace>
result<nlohmann::json> list_result<Lake>::read_json(Trace&& sink) const {
  return read<nlohmann::json>(sink);
}

template <class Lake>
template <class T, trace_sink Trace>
result<T> list_result<Lake>::read(Trace&& sink) const {
  auto document = detail::read_document(*state_, data_, sink);
  if (!document) return std::move(document).error();
  return merge::to_value<T>(**document);
}

template <class Lake>
template <class T, trace_sink Trace>
result<T> list_result<Lake>::read_at(std::string_view pointer, Trace&& sink) const {
  auto document = detail::read_document(*state_, data_, sink);
  if (!document) return std::move(document).error();
  return merge::find(**document, pointer).and_then([](std::string_view found) { return merge::to_value<T>(found); });
}

template <class Index, class Storage, class Cache, class Codec>
template <class T, trace_sink Trace>
result<time_seq> basic_lake<Index, Storage, Cache, Codec>::write(std::string_view catalog, std::string_view path, const T& value,
                                                                const call_options& call, Trace&& sink) {
  static_assert(!std::is_convertible_v<const T&, std::string_view>,
                "lake: is this text JSON or a string? JSON text: write({.catalog, .path, .body = text}); a JSON string: write(catalog, path, "
                "nlohmann::json(text))");
  auto body = merge::from_value(value);
  if (!body) return std::move(body).error();
  return write(write_request{.catalog = catalog, .path = path, .body = *std::move(body)}, call, sink);
}
template <class Index, class Storage, class Cache, class Codec>
template <class T, trace_sink Trace>
result<time_seq> basic_lake<Index, Storage, Cache, Codec>::write(std::string_view catalog, std::string_view path, const T& value, Trace&& sink) {
  return write(catalog, path, value, call_options{}, sink);
}

template <class Index, class Storage, class Cache, class Codec>
template <trace_sink Trace>
result<nlohmann::json> basic_lake<Index, Storage, Cache, Codec>::read_json(std::string_view catalog, const call_options& call, Trace&& sink) const {
  return observe_read(catalog, call, sink, [&](const list_type& head) { return head.read_json(sink); });
}
template <class Index, class Storage, class Cache, class Codec>
template <trace_sink Trace>
result<nlohmann::json> basic_lake<Index, Storage, Cache, Codec>::read_json(std::string_view catalog, Trace&& sink) const {
  return read_json(catalog, call_options{}, sink);
}

template <class Index, class Storage, class Cache, class Codec>
template <class T, trace_sink Trace>
result<T> basic_lake<Index, Storage, Cache, Codec>::read(std::string_view catalog, const call_options& call, Trace&& sink) const {
  return observe_read(catalog, call, sink, [&](const list_type& head) { return head.template read<T>(sink); });
}
template <class Index, class Storage, class Cache, class Codec>
template <class T, trace_sink Trace>
result<T> basic_lake<Index, Storage, Cache, Codec>::read(std::string_view catalog, Trace&& sink) const {
  return this->template read<T>(catalog, call_options{}, sink);
}

template <class Index, class Storage, class Cache, class Codec>
template <class T, trace_sink Trace>
result<T> basic_lake<Index, Storage, Cache, Codec>::read_at(std::string_view catalog, std::string_view pointer, const call_options& call,
                                                            Trace&& sink) const {
  return observe_read(catalog, call, sink, [&](const list_type& head) { return head.template read_at<T>(pointer, sink); });
}
template <class Index, class Storage, class Cache, class Codec>
template <class T, trace_sink Trace>
result<T> basic_lake<Index, Storage, Cache, Codec>::read_at(std::string_view catalog, std::string_view pointer, Trace&& sink) const {
  return this->template read_at<T>(catalog, pointer, call_options{}, sink);
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_DOCUMENT_HPP
