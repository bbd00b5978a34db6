// The settings of a lake as JSON text: which keys there are, and what is wrong with one that is not as it should be. Knows no backend.
// Format, as v2 clients have it at the key lake.setting: an object with Name, Storage ("oss", "s3", "file" or "memory"), Bucket, Endpoint,
// AccessKey, SecretKey, AESPwd, BasePath (texts); ours besides: Region, Layout ("documented", "cluster" or "go_v2") and PathStyle (a boolean).
#ifndef LAKE_IMPL_SETTINGS_TEXT_HPP
#define LAKE_IMPL_SETTINGS_TEXT_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/detail/secret.hpp>
#include <lake/merge/validate.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {
namespace detail {

/// Settings that were read. What is secret is wiped at the end; nothing here is ever printed but Name, Storage, Layout and BasePath.
struct lake_settings {
  lake_settings() = default;
  lake_settings(lake_settings&&) = default;
  lake_settings& operator=(lake_settings&&) = default;
  lake_settings(const lake_settings&) = delete;
  lake_settings& operator=(const lake_settings&) = delete;
  ~lake_settings() {
    wipe(access_key);
    wipe(secret_key);
    wipe(aes_password);
  }

  std::string name;
  std::string storage;
  std::string layout;  ///< Empty: not stated.
  std::string base_path;
  std::string bucket;
  std::string endpoint;
  std::string region;
  std::string access_key;
  std::string secret_key;
  std::string aes_password;
  bool path_style = false;
};

[[nodiscard]] inline lake::error bad_settings(std::string_view where, std::string message, errc code = errc::configuration) {
  return {code, "lake.open", std::string(where), std::move(message)};
}

/// Takes settings out of a JSON object. Used once.
class settings_reader {
 public:
  settings_reader(nlohmann::json& from, std::string_view where) : from_(from), where_(where) {}

  [[nodiscard]] result<lake_settings> read() {
    lake_settings out;
    const std::array<std::pair<std::string_view, std::string*>, 10> texts{{{"Name", &out.name},
                                                                           {"Storage", &out.storage},
                                                                           {"Layout", &out.layout},
                                                                           {"BasePath", &out.base_path},
                                                                           {"Bucket", &out.bucket},
                                                                           {"Endpoint", &out.endpoint},
                                                                           {"Region", &out.region},
                                                                           {"AccessKey", &out.access_key},
                                                                           {"SecretKey", &out.secret_key},
                                                                           {"AESPwd", &out.aes_password}}};
    for (const auto& [key, value] : texts) {
      if (auto taken = take(key, *value); !taken) return std::move(taken).error();
    }
    if (auto taken = take_path_style(out.path_style); !taken) return std::move(taken).error();
    if (auto known = one_of("Storage", out.storage, {"oss", "s3", "file", "memory"}); !known) return std::move(known).error();
    if (out.name.empty()) return bad_settings(where_, "Name is missing or empty: it is a part of every key of the lake");
    if (!out.layout.empty()) {
      if (auto known = one_of("Layout", out.layout, {"documented", "cluster", "go_v2"}); !known) return std::move(known).error();
    }
    return out;
  }

 private:
  /// A text, empty where the key is missing or null. What stands there instead is never shown: it may be a secret in the wrong place.
  [[nodiscard]] result<void> take(std::string_view key, std::string& out) {
    const auto found = from_.find(key);
    if (found == from_.end() || found->is_null()) return {};
    if (!found->is_string()) return wrong_type(key, "a text", *found);
    out = std::move(found->get_ref<std::string&>());
    return {};
  }

  [[nodiscard]] result<void> take_path_style(bool& out) {
    const auto found = from_.find("PathStyle");
    if (found == from_.end() || found->is_null()) return {};
    if (!found->is_boolean()) return wrong_type("PathStyle", "true or false", *found);
    out = found->get<bool>();
    return {};
  }

  [[nodiscard]] lake::error wrong_type(std::string_view key, std::string_view wanted, const nlohmann::json& found) const {
    return bad_settings(where_, std::string(key) + " must be " + std::string(wanted) + ", it is of type " + found.type_name());
  }

  [[nodiscard]] result<void> one_of(std::string_view key, const std::string& value, std::initializer_list<std::string_view> known) const {
    if (std::find(known.begin(), known.end(), value) != known.end()) return {};
    std::string all;
    for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + in_quotes(each);
    if (value.empty()) return bad_settings(where_, std::string(key) + " is missing or empty: it is one of " + all);
    return bad_settings(where_, std::string(key) + " " + in_quotes(value) + " is not known: it is one of " + all);
  }

  nlohmann::json& from_;
  std::string_view where_;
};

/// The settings in a JSON text; keys that are not known are passed over. `where` is the subject of errors.
/// Errors: configuration: no JSON (with the byte's offset), no object, a wrong type, Name or Storage missing, an unknown Storage or Layout.
/// None shows a value but that of Storage and Layout.
[[nodiscard]] inline result<lake_settings> read_settings(std::string_view from, std::string_view where) {
  if (auto valid = merge::validate(from); !valid) return bad_settings(where, "the settings are no JSON: " + valid.error().message);
  nlohmann::json parsed = nlohmann::json::parse(from, nullptr, false);
  if (!parsed.is_object())
    return bad_settings(where, std::string("the settings must be a JSON object, they are of type ") + parsed.type_name());
  return settings_reader(parsed, where).read();
}

}  // namespace detail
}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_IMPL_SETTINGS_TEXT_HPP
