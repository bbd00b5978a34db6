// lake::open: a lake from a Redis URL, a settings text or a folder, with policies that are chosen at run time out of closed sets.
// Knows every backend; what the settings mean is impl/settings_text.hpp.
#ifndef LAKE_SETTINGS_HPP
#define LAKE_SETTINGS_HPP

#include <lake/basic_lake.hpp>
#include <lake/cache/memory.hpp>
#include <lake/cache/none.hpp>
#include <lake/cache/redis.hpp>
#include <lake/cache/variant.hpp>
#include <lake/codec/go_v2.hpp>
#include <lake/codec/gzip.hpp>
#include <lake/codec/identity.hpp>
#include <lake/codec/variant.hpp>
#include <lake/config.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/core/storage_kind.hpp>
#include <lake/detail/redis_call.hpp>
#include <lake/detail/redis_client.hpp>
#include <lake/detail/redis_reply.hpp>
#include <lake/detail/secret.hpp>
#include <lake/detail/redis_url.hpp>
#include <lake/detail/s3_open.hpp>
#include <lake/embedded.hpp>
#include <lake/impl/settings_text.hpp>
#include <lake/index/memory.hpp>
#include <lake/index/redis.hpp>
#include <lake/index/sqlite.hpp>
#include <lake/index/variant.hpp>
#include <lake/layout/cluster.hpp>
#include <lake/layout/go_v2.hpp>
#include <lake/storage/filesystem.hpp>
#include <lake/storage/memory.hpp>
#include <lake/storage/s3.hpp>
#include <lake/storage/variant.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// A closed set of backends, out of which settings choose: a variant of each kind. The first of each must be default constructible.
template <class Index, class Storage, class Cache, class Codec>
struct backends {
  using index = Index;
  using storage = Storage;
  using cache = Cache;
  using codec = Codec;
};

/// Every backend there is.
using all_backends =
    backends<variant_index<memory_index, sqlite_index, redis_index, basic_redis_index<layout::cluster>, basic_redis_index<layout::go_v2>>,
             variant_storage<memory_storage, filesystem_storage, s3_storage>, variant_cache<no_cache, memory_cache, redis_cache>,
             variant_codec<identity_codec, gzip_codec, go_v2_codec>>;

/// What settings do not say.
struct open_options {
  lake_options lake = {};          ///< `name` is for folders only; elsewhere the setting `Name` is the name.
  redis_index_options index = {};  ///< Of the index in Redis; `url` is not looked at.
  /// A cache in Redis for stored bodies; with an empty `url` they are cached in memory. Lakes share it by their ids; v2 lakes have none, so
  /// those in one cache need different names.
  redis_cache_options cache = {};
  s3_options s3 = {};  ///< Of bodies in S3: bounds, a provider of credentials. What settings have a key for is not looked at.
};

namespace detail {

/// Where a lake was asked to come from, until it is known what it is made of. Immutable; may hold secrets, which are wiped at the end.
struct lake_source {
  enum class form : std::uint8_t { url, text, folder };
  lake_source(std::string_view given, open_options&& with) : from(given), options(std::move(with)) {}
  lake_source(const lake_source&) = delete;
  lake_source& operator=(const lake_source&) = delete;
  ~lake_source() {
    wipe(from);
    wipe(options.index.connection.password);
    wipe(options.cache.connection.password);
    wipe(options.cache.url);
    wipe(options.s3.secret_key);
    wipe(options.s3.session_token);
  }

  static constexpr std::string_view white = " \t\r\n";

  /// What a text is.
  [[nodiscard]] static form form_of(std::string_view given) noexcept {
    given.remove_prefix((std::min)(given.find_first_not_of(white), given.size()));
    if (given.starts_with('{')) return form::text;
    return given.find("://") != std::string_view::npos ? form::url : form::folder;
  }

  std::string from;
  open_options options;
};

template <class Set>
struct lake_parts;

/// The index of a lake that is opened by its settings. Until the lake is assembled it holds the first index of its set, which nobody asks.
template <class Set>
class settings_index : public Set::index {
 public:
  settings_index() = default;
  explicit settings_index(typename Set::index known) : Set::index(std::move(known)) {}
  explicit settings_index(std::shared_ptr<const lake_source> from) : from_(std::move(from)) {}

  /// Connects, reads the settings, and returns what they say the lake is made of. Changes nothing.
  [[nodiscard]] result<lake_parts<Set>> assemble() const;

 private:
  std::shared_ptr<const lake_source> from_ = nullptr;
};

/// The policies of a lake, and its name.
template <class Set>
struct lake_parts {
  std::string name = {};
  settings_index<Set> index = {};
  typename Set::storage storage = {};
  typename Set::cache cache = {};
  typename Set::codec codec = {};
};

template <class Variant, class T>
inline constexpr bool holds = false;
template <class... All, class T>
inline constexpr bool holds<std::variant<All...>, T> = (std::same_as<All, T> || ...);

/// Puts one lake together out of a set of backends. Used once.
template <class Set>
class lake_assembly {
 public:
  explicit lake_assembly(const lake_source& source) : source_(source), options_(source.options) {}

  [[nodiscard]] result<lake_parts<Set>> assemble() {
    switch (lake_source::form_of(source_.from)) {
      case lake_source::form::url:
        if constexpr (has_redis) return from_redis();
        where_ = without_credentials(source_.from);
        return refuse(errc::unsupported, "this set of backends has no index in Redis");
      case lake_source::form::text: return from_text();
      case lake_source::form::folder: break;
    }
    where_ = source_.from;
    lake_parts<Set> parts;
    parts.name = options_.lake.name;
    return embedded(std::move(parts), source_.from);
  }

 private:
  [[nodiscard]] lake::error refuse(errc code, std::string message) const { return bad_settings(where_, std::move(message), code); }

  using indexes = typename Set::index::variant_type;
  static constexpr bool has_redis =
      holds<indexes, redis_index> || holds<indexes, basic_redis_index<layout::cluster>> || holds<indexes, basic_redis_index<layout::go_v2>>;

  /// Puts the policy that `make(std::type_identity<Policy>)` returns into its variant. A set that lacks it does not compile what makes it.
  /// Errors: unsupported; those of making it.
  template <class Policy, class Variant, class Make>
  [[nodiscard]] result<void> place(Variant& into, std::string_view what, const Make& make) const {
    if constexpr (holds<typename Variant::variant_type, Policy>) {
      result<Policy> made = make(std::type_identity<Policy>{});
      if (!made) return std::move(made).error();
      into = Variant(*std::move(made));
      return {};
    } else {
      return refuse(errc::unsupported, "this set of backends has no " + std::string(what));
    }
  }
  /// The same for a policy that its default constructor makes.
  template <class Policy, class Variant>
  [[nodiscard]] result<void> place(Variant& into, std::string_view what) const {
    return place<Policy>(into, what, []<class P>(std::type_identity<P>) { return result<P>(P{}); });
  }

  // A lake in Redis ---------------------------------------------------------------------------------------------------

  [[nodiscard]] result<lake_parts<Set>> from_redis() {
    where_ = without_credentials(source_.from) + " lake.setting";
    auto stored = read_setting();
    if (!stored) return std::move(stored).error();
    auto settings = read_settings(*stored, where_);
    wipe(*stored);
    if (!settings) return std::move(settings).error();
    if (auto fit = check_shared(*settings); !fit) return std::move(fit).error();
    lake_parts<Set> parts;
    parts.name = settings->name;
    if (settings->layout == "go_v2") return with_layout<layout::go_v2>(*settings, std::move(parts));
    if (settings->layout == "cluster") return with_layout<layout::cluster>(*settings, std::move(parts));
    return with_layout<layout::documented>(*settings, std::move(parts));
  }

  /// The text at lake.setting. Errors: configuration where there is none; the client's.
  [[nodiscard]] result<std::string> read_setting() const {
    auto client = redis_client::connect(source_.from, options_.index.connection);
    if (!client) return std::move(client).error();
    constexpr std::array<std::string_view, 1> keys{"lake.setting"};
    constexpr std::array<std::string_view, 2> command{"GET", "lake.setting"};
    auto reply = client->run(redis_call{.keys = keys, .args = command});
    if (!reply) return std::move(reply).error();
    if (reply->view().kind() == redis_kind::text) return std::string(reply->view().text());
    return refuse(errc::configuration,
                  "the index has no settings: SET the key lake.setting to a JSON object, such as "
                  R"({"Name":"my-lake","Storage":"file","BasePath":"/srv/my-lake"})");
  }

  /// Which settings go together with an index that processes share.
  [[nodiscard]] result<void> check_shared(const lake_settings& settings) const {
    if (settings.storage == "memory") {
      return refuse(errc::configuration,
                    "Storage \"memory\" keeps bodies in one process, where the other processes that share this index cannot read them: use "
                    "\"file\", \"s3\" or \"oss\", or for a lake of one process give lake::open the settings text itself");
    }
    if (settings.layout != "go_v2") return no_password(settings);
    return {};
  }
  [[nodiscard]] result<void> no_password(const lake_settings& settings) const {
    if (settings.aes_password.empty()) return {};
    return refuse(errc::unsupported, "AESPwd is supported with the Layout \"go_v2\" only; nothing would be encrypted");
  }

  template <class Layout>
  [[nodiscard]] result<lake_parts<Set>> with_layout(const lake_settings& settings, lake_parts<Set> parts) {
    using index_type = basic_redis_index<Layout>;
    if constexpr (!holds<typename Set::index::variant_type, index_type>) {
      return refuse(errc::unsupported, "this set of backends has no Redis index with the layout " + std::string(Layout::name));
    } else {
      auto index = index_type::connect(redis_options_for_url());
      if (!index) return std::move(index).error();
      bool fresh = false;
      if constexpr (Layout::has_markers) {
        auto marked = has_marker(*index, settings);
        if (!marked) return std::move(marked).error();
        if (auto ours = *marked ? result<void>() : check_for_v2(settings); !ours) return std::move(ours).error();
        fresh = !*marked;
      }
      parts.index = settings_index<Set>(typename Set::index(*std::move(index)));
      auto opened = kind_of(settings) == storage_kind::filesystem ? open_folder(parts, settings, fresh) : open_bucket(parts, settings, fresh);
      if (!opened) return std::move(opened).error();
      if (auto coded = choose_codec<Layout>(parts, settings); !coded) return std::move(coded).error();
      if (auto cached = choose_cache(parts); !cached) return std::move(cached).error();
      return parts;
    }
  }

  [[nodiscard]] redis_index_options redis_options_for_url() const {
    redis_index_options options = options_.index;
    options.url = source_.from;
    return options;
  }

  /// Where the bodies of a lake are that processes share.
  [[nodiscard]] static storage_kind kind_of(const lake_settings& settings) {
    if (settings.storage == "s3") return storage_kind::s3;
    return settings.storage == "oss" ? storage_kind::oss : storage_kind::filesystem;
  }

  template <class Index>
  [[nodiscard]] result<bool> has_marker(Index& index, const lake_settings& settings) const {
    index.attach(Index::layout_type::prefix(kind_of(settings), settings.name));
    return index.marker().transform([](const std::optional<std::string>& found) { return found.has_value(); });
  }

  /// A new lake must not be begun beside the keys of a v2 lake of the same name. Only asked where no layout is stated.
  [[nodiscard]] result<void> check_for_v2(const lake_settings& settings) const {
    if (!settings.layout.empty()) return {};
    auto index = basic_redis_index<layout::go_v2>::connect(redis_options_for_url());
    if (!index) return std::move(index).error();
    index->attach(layout::go_v2::prefix(kind_of(settings), settings.name));
    std::string found;
    auto asked = index->for_each_catalog({}, [&found](std::string_view catalog) {
      found = catalog;
      return false;
    });
    if (!asked || found.empty()) return asked;
    return refuse(errc::configuration,
                  "the index holds a lake named " + in_quotes(settings.name) + " that a v2 client wrote (it has the catalog " +
                      in_quotes(found) +
                      "): set \"Layout\" to \"go_v2\" to go on with it, or to \"documented\" to begin another beside it");
  }

  /// The folder of a lake that has been opened before is never made: one that is missing is a wrong path or a disk that is not mounted, and
  /// what is written in its place is lost. Without markers nobody knows, so it is not made either.
  [[nodiscard]] result<void> open_folder(lake_parts<Set>& parts, const lake_settings& settings, bool fresh) const {
    if (settings.base_path.empty()) {
      return refuse(errc::configuration, "BasePath is missing or empty: with Storage \"file\" it is the folder of the bodies");
    }
    auto opened = place<filesystem_storage>(parts.storage, "filesystem_storage", [&]<class Storage>(std::type_identity<Storage>) {
      return Storage::open({.root = settings.base_path, .create = fresh});
    });
    if (opened || fresh || opened.error().code != errc::configuration) return opened;
    return refuse(errc::configuration,
                  "the folder BasePath, " + in_quotes(settings.base_path) +
                      ", cannot be opened, and is not made for a lake that may have bodies there: is its disk mounted?")
        .because(std::move(opened).error());
  }

  /// The bucket must be there, whatever the lake: it is never made. For a new lake the service shows too that it lets one creator win.
  [[nodiscard]] result<void> open_bucket(lake_parts<Set>& parts, const lake_settings& settings, bool fresh) const {
    return place<s3_storage>(parts.storage, "s3_storage", [&]<class Storage>(std::type_identity<Storage>) -> result<Storage> {
      s3_options options = bucket_options(settings);
      const s3_secrets_guard wiped(options);
      auto storage = Storage::open(options);
      if (!storage) return refuse(errc::configuration, "the bucket cannot be used").because(std::move(storage).error());
      auto usable = storage->check();
      if (usable && fresh) usable = storage->check_create();
      if (usable) return storage;
      const errc code = usable.error().code;
      return refuse(code, "the bucket cannot be used").because(std::move(usable).error());
    });
  }
  [[nodiscard]] s3_options bucket_options(const lake_settings& settings) const {
    s3_options s3 = options_.s3;
    s3.endpoint = settings.endpoint;
    s3.bucket = settings.bucket;
    s3.region = settings.region;
    s3.path_style = settings.path_style;
    s3.kind = kind_of(settings);
    const std::string_view path = settings.base_path;
    const std::size_t begin = (std::min)(path.find_first_not_of('/'), path.size());
    s3.prefix = path.substr(begin, path.find_last_not_of('/') + 1 - begin);
    if (!settings.access_key.empty() || !settings.secret_key.empty()) {
      s3.access_key = settings.access_key;
      s3.secret_key = settings.secret_key;
      wipe(s3.session_token);
    }
    return s3;
  }

  template <class Layout>
  [[nodiscard]] result<void> choose_codec(lake_parts<Set>& parts, const lake_settings& settings) const {
    if constexpr (Layout::has_envelope) {
      return place<gzip_codec>(parts.codec, "gzip_codec");
    } else {
      return place<go_v2_codec>(parts.codec, "go_v2_codec",
                                [&]<class Codec>(std::type_identity<Codec>) { return Codec::create({.password = settings.aes_password}); });
    }
  }

  [[nodiscard]] result<void> choose_cache(lake_parts<Set>& parts) const {
    if (options_.cache.url.empty()) return place<memory_cache>(parts.cache, "memory_cache");
    return place<redis_cache>(parts.cache, "redis_cache",
                              [&]<class Cache>(std::type_identity<Cache>) { return Cache::connect(options_.cache); });
  }

  // A lake of this machine --------------------------------------------------------------------------------------------

  [[nodiscard]] result<lake_parts<Set>> from_text() {
    where_ = "the settings text";
    auto settings = read_settings(source_.from, where_);
    if (!settings) return std::move(settings).error();
    if (settings->storage == "oss" || settings->storage == "s3") {
      return refuse(errc::configuration, "Storage \"" + settings->storage +
                                             "\" keeps bodies where processes share them, so their index must be shared too: SET these settings "
                                             "at the key lake.setting of a Redis and give lake::open its URL");
    }
    if (!settings->layout.empty() && settings->layout != "documented") {
      return refuse(errc::unsupported, "Layout \"" + settings->layout + "\" is for an index in Redis: give lake::open its URL");
    }
    if (auto plain = no_password(*settings); !plain) return std::move(plain).error();
    lake_parts<Set> parts;
    parts.name = settings->name;
    if (settings->storage == "file") {
      if (settings->base_path.empty())
        return refuse(errc::configuration, "BasePath is missing or empty: with Storage \"file\" it is the folder of the lake");
      return embedded(std::move(parts), settings->base_path);
    }
    typename Set::index index;
    auto placed = place<memory_index>(index, "memory_index")
                      .and_then([&] { return place<memory_storage>(parts.storage, "memory_storage"); })
                      .and_then([&] { return place<no_cache>(parts.cache, "no_cache"); })
                      .and_then([&] { return place<identity_codec>(parts.codec, "identity_codec"); });
    parts.index = settings_index<Set>(std::move(index));
    if (!placed) return std::move(placed).error();
    return parts;
  }

  /// The files of open_embedded.
  [[nodiscard]] result<lake_parts<Set>> embedded(lake_parts<Set> parts, const std::filesystem::path& folder) const {
    auto files = embedded_files_in(folder, "lake.open");
    if (!files) return std::move(files).error();
    const auto open_index = [&]<class Index>(std::type_identity<Index>) { return Index::open(files->index); };
    const auto open_storage = [&]<class Storage>(std::type_identity<Storage>) { return Storage::open(files->storage); };
    typename Set::index index;
    auto placed = place<sqlite_index>(index, "sqlite_index", open_index)
                      .and_then([&] { return place<filesystem_storage>(parts.storage, "filesystem_storage", open_storage); })
                      .and_then([&] { return place<memory_cache>(parts.cache, "memory_cache"); })
                      .and_then([&] { return place<gzip_codec>(parts.codec, "gzip_codec"); });
    parts.index = settings_index<Set>(std::move(index));
    if (!placed) return std::move(placed).error();
    return parts;
  }

  const lake_source& source_;
  const open_options& options_;
  std::string where_;
};

template <class Set>
result<lake_parts<Set>> settings_index<Set>::assemble() const {
  if (from_ != nullptr) return lake_assembly<Set>(*from_).assemble();
  return bad_settings({}, "a lake of chosen policies is opened by lake::open");
}

}  // namespace detail

/// A lake whose policies were chosen at run time, out of a closed set. Everything that a `basic_lake` is. `index()`, `storage()`, `cache()`
/// and `codec()` are the lake's own once it is assembled: after its first operation, or `open()`.
template <class Set = all_backends>
using runtime_lake = basic_lake<detail::settings_index<Set>, typename Set::storage, typename Set::cache, typename Set::codec>;

/// Opens a lake from
/// - a Redis URL (redis://, rediss://, unix://, redis+cluster://, redis+sentinel://; credentials as in `redis_index_options::url`): the
///   settings are the JSON text at the key lake.setting there. Nothing is connected before the first operation, or `open()` of the lake; a
///   first operation that fails leaves the next to try again.
/// - a settings text, which begins with "{": Storage "file" is a lake as `open_embedded` makes, in the folder BasePath; "memory" is one in
///   memory.
/// - a folder: a lake as `open_embedded` makes. Without options these two have those of `embedded_options`.
///
/// Settings: Name; Storage ("file", "memory", "s3", "oss"); BasePath, a folder, in a bucket what stands before every key; Bucket, Endpoint
/// (as `s3_options::endpoint` has it), Region, PathStyle, AccessKey, SecretKey (without them: as `s3_options` finds them); Layout
/// ("documented" if it is missing, "cluster", "go_v2"); AESPwd (with "go_v2" only). A lake in Redis keeps bodies compressed by gzip and caches them in memory, or where `cache` says.
/// Errors, here or where the lake is used first: configuration (a bad URL; no settings, no JSON, a key missing or of a wrong type, an
/// unknown Storage or Layout; bodies in memory behind an index that is shared; keys of a v2 lake of this name and no Layout); unsupported;
/// those of the backends. None shows a secret.
template <class Set = all_backends>
[[nodiscard]] result<runtime_lake<Set>> open(std::string_view url_folder_or_settings, open_options options) {
  using form = detail::lake_source::form;
  const std::size_t begin = url_folder_or_settings.find_first_not_of(detail::lake_source::white);
  if (begin == std::string_view::npos)
    return detail::bad_settings({}, "lake::open wants a Redis URL, a settings text or a folder, it got nothing");
  if (url_folder_or_settings[begin] == '{') url_folder_or_settings.remove_prefix(begin);
  lake_options lake = options.lake;
  auto source = std::make_shared<const detail::lake_source>(url_folder_or_settings, std::move(options));
  const form which = detail::lake_source::form_of(source->from);
  if (which == form::url) {
    if (auto parsed = detail::parse_redis_url(source->from); !parsed) return std::move(parsed).error();
  }
  runtime_lake<Set> db(std::move(lake), detail::settings_index<Set>(std::move(source)));
  if (which == form::url) return db;
  if (auto opened = db.open(); !opened) return std::move(opened).error();
  return db;
}
template <class Set = all_backends>
[[nodiscard]] result<runtime_lake<Set>> open(std::string_view url_folder_or_settings, lake_options options) {
  return lake::open<Set>(url_folder_or_settings, open_options{.lake = std::move(options)});
}
template <class Set = all_backends>
[[nodiscard]] result<runtime_lake<Set>> open(std::string_view url_folder_or_settings) {
  const bool remote = detail::lake_source::form_of(url_folder_or_settings) == detail::lake_source::form::url;
  return lake::open<Set>(url_folder_or_settings, remote ? lake_options{} : embedded_options());
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_SETTINGS_HPP
