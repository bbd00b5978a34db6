// Who signs: found in the options, a provider, the environment or the shared file, kept, renewed before they expire, wiped when dropped.
// Knows no request. Format: the variables and the file that AWS's tools share ("Configuration and credential file settings").
#ifndef LAKE_DETAIL_S3_CREDENTIALS_HPP
#define LAKE_DETAIL_S3_CREDENTIALS_HPP

#include <lake/config.hpp>
#include <lake/core/clock.hpp>
#include <lake/core/error.hpp>
#include <lake/core/executor.hpp>
#include <lake/core/quote.hpp>
#include <lake/core/result.hpp>
#include <lake/core/s3_options.hpp>
#include <lake/detail/contain.hpp>
#include <lake/detail/process_environment.hpp>
#include <lake/detail/secret.hpp>
#include <lake/detail/single_flight.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Overwrites what signs.
inline void wipe(s3_credentials& who) noexcept {
  wipe(who.access_key);
  wipe(who.secret_key);
  wipe(who.session_token);
}

/// Credentials that are wiped when the last who uses them lets go. Filled in place: a short string that moves leaves a copy behind.
using s3_credentials_ptr = std::shared_ptr<s3_credentials>;
[[nodiscard]] inline s3_credentials_ptr new_s3_credentials() {
  return {new s3_credentials, [](s3_credentials* who) {
            wipe(*who);
            delete who;
          }};
}

[[nodiscard]] inline lake::error s3_credentials_error(std::string_view subject, std::string message) {
  return {errc::configuration, "s3.credentials", std::string(subject), std::move(message)};
}

/// Passes complete credentials on that can stand in a header. Errors: configuration names the place, never a value.
[[nodiscard]] inline result<s3_credentials_ptr> checked(s3_credentials_ptr who, std::string_view place) {
  if (who->access_key.empty() || who->secret_key.empty()) {
    const std::string_view missing =
        who->access_key.empty() ? (who->secret_key.empty() ? "both keys" : "the access key") : "the secret key";
    return s3_credentials_error({}, std::string(place) + ": " + std::string(missing) + " missing");
  }
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  for (const std::string* each : {&who->access_key, &who->session_token}) {
    if (std::all_of(each->begin(), each->end(), visible)) continue;
    return s3_credentials_error({}, std::string(place) + ": the access key or the session token holds a blank, a line's end or the like");
  }
  if (std::none_of(who->secret_key.begin(), who->secret_key.end(), control)) return who;
  return s3_credentials_error({}, std::string(place) + ": the secret key holds a line's end or another control byte");
}

/// Replaces a secret and leaves nothing of the one before.
inline void put(std::string& secret, std::string_view value) {
  wipe(secret);
  secret = value;
}

/// The text without blanks around it.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// The keys in a profile of a shared file's text, some maybe empty; null if it has no such profile. Lines are `[profile]` and
/// `name = value`; names are taken in any case, the last of the same counts, and "#" or ";" begins a comment, behind a value after a blank.
[[nodiscard]] inline s3_credentials_ptr read_profile(std::string_view text, std::string_view profile) {
  struct field {
    std::string_view name;
    std::string s3_credentials::*member;
  };
  constexpr field fields[] = {{"aws_access_key_id", &s3_credentials::access_key},
                              {"aws_secret_access_key", &s3_credentials::secret_key},
                              {"aws_session_token", &s3_credentials::session_token}};
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  s3_credentials_ptr found;
  for (bool inside = false; !text.empty();) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix((std::min)(text.size(), line.size() + 1));
    line = trimmed(line);
    if (line.starts_with('[')) {
      inside = trimmed(line.substr(1, line.find(']') - 1)) == profile;
      if (inside && !found) found = new_s3_credentials();
      continue;
    }
    const std::size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos || line.starts_with('#') || line.starts_with(';')) continue;
    std::string name(trimmed(line.substr(0, equals)));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    std::string_view value = line.substr(equals + 1);
    for (const std::string_view comment : {" #", " ;", "\t#", "\t;"}) value = value.substr(0, value.find(comment));
    for (const field& each : fields) {
      if (name == each.name) put(found.get()->*each.member, trimmed(value));
    }
  }
  return found;
}

/// Looks for credentials where the options say. Immutable; thread-safe if the provider is.
template <class Environment>
class s3_credentials_search {
 public:
  s3_credentials_search(const s3_options& options, Environment environment)
      : stated_(new_s3_credentials()),
        provider_(options.provider),
        file_(options.credentials_file),
        profile_(options.profile),
        environment_(std::move(environment)) {
    stated_->access_key = options.access_key;
    stated_->secret_key = options.secret_key;
    stated_->session_token = options.session_token;
  }

  /// True if finding them is somebody else's work, that may take its time.
  [[nodiscard]] bool asks_provider() const noexcept { return !is_stated() && provider_ != nullptr; }

  /// The first that there are: of the options, the provider, the environment, the shared file; of a file or profile that the options name
  /// before the environment.
  /// Errors: configuration names where it looked and what is missing there; those of the provider.
  [[nodiscard]] result<s3_credentials_ptr> find() const {
    if (is_stated()) return checked(stated_, "access_key and secret_key of the options");
    if (provider_) return ask_provider();
    if (!file_.empty() || !profile_.empty()) return read_file();  // who names one means it
    s3_credentials_ptr set = new_s3_credentials();
    take_variable("AWS_ACCESS_KEY_ID", set->access_key);
    take_variable("AWS_SECRET_ACCESS_KEY", set->secret_key);
    take_variable("AWS_SESSION_TOKEN", set->session_token);
    if (!set->access_key.empty() || !set->secret_key.empty()) {
      return checked(std::move(set), "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment");
    }
    return read_file();
  }

 private:
  [[nodiscard]] bool is_stated() const noexcept {
    return !stated_->access_key.empty() || !stated_->secret_key.empty() || !stated_->session_token.empty();
  }

  void take_variable(const char* name, std::string& into) const {
    std::string value = environment_.variable(name);
    put(into, value);
    wipe(value);
  }

  [[nodiscard]] result<s3_credentials_ptr> ask_provider() const {
    std::optional<result<s3_credentials>> given;
    contained([&] { given.emplace(provider_()); });
    if (!given) return s3_credentials_error({}, "the provider of the options left by an exception");
    if (!*given) {
      return lake::error{given->error().code, "s3.credentials", {}, "the provider of the options gave none"}.because(given->error());
    }
    s3_credentials_ptr found = new_s3_credentials();
    *found = std::move(**given);
    wipe(**given);
    return checked(std::move(found), "the provider of the options");
  }

  [[nodiscard]] result<s3_credentials_ptr> read_file() const {
    std::string file = file_.empty() ? environment_.variable("AWS_SHARED_CREDENTIALS_FILE") : file_;
    const bool file_chosen = !file.empty();
    const std::string home = environment_.variable("HOME");
    if (!file_chosen && !home.empty()) file = "~/.aws/credentials";
    if (file.starts_with("~/")) file.replace(0, 1, home);
    std::string profile = profile_.empty() ? environment_.variable("AWS_PROFILE") : profile_;
    const bool profile_chosen = !profile.empty();
    if (!profile_chosen) profile = "default";
    if (file.empty()) return none_anywhere(file, profile);

    result<std::string> text = environment_.file(file);
    if (!text) {
      if (text.error().code == errc::not_found && !file_chosen && !profile_chosen) return none_anywhere(file, profile);
      return s3_credentials_error(file, "the shared credentials file: " + text.error().message);
    }
    s3_credentials_ptr found = read_profile(*text, profile);
    wipe(*text);
    if (found) return checked(std::move(found), "profile " + in_quotes(profile) + " of the shared credentials file " + in_quotes(file));
    if (!profile_chosen) return none_anywhere(file, profile);
    return s3_credentials_error(file, "the shared credentials file has no profile " + in_quotes(profile));
  }

  [[nodiscard]] static lake::error none_anywhere(std::string_view file, std::string_view profile) {
    return s3_credentials_error(
        {},
        "there are no credentials: neither access_key and secret_key nor a provider in the options, nor AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY in the environment, nor profile " +
            in_quotes(profile) + " in the shared credentials file" +
            (file.empty() ? std::string(", for HOME is not set") : " " + in_quotes(file)));
  }

  s3_credentials_ptr stated_;
  s3_credentials_provider provider_;
  std::string file_;
  std::string profile_;
  Environment environment_;
};

/// Waits by the executor of the options; without one, as a thread does. A function object is made for a caller that has to wait, never for
/// a request while credentials are at hand.
struct s3_waiter {
  executor_ref executor = {};
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition, const std::function<bool()>& ready) const {
    if (executor) executor.wait(lock, condition, ready);
    else thread_waiter{}.wait(lock, condition, ready);
  }
  void wake(std::condition_variable& condition) const {
    if (executor) executor.wake(condition);
    else thread_waiter{}.wake(condition);
  }
};

/// The credentials of one storage: found once, renewed two minutes before they expire. A copyable handle, copies share; thread-safe.
/// A provider is called by one thread at a time. `Environment` is as `process_environment`.
template <class Environment = process_environment>
class basic_s3_credentials_source {
 public:
  static constexpr std::chrono::seconds renewed_before{120};
  /// A provider is not asked again so soon after it failed, or gave what expires at once, while what it gave before may do.
  static constexpr std::chrono::seconds asked_after{10};

  /// Looks for credentials at once, so that a set-up without them fails early; but a provider is asked at first use.
  /// Errors: configuration, as `s3_credentials_search::find`.
  [[nodiscard]] static result<basic_s3_credentials_source> of(const s3_options& options, Environment environment = {}) {
    basic_s3_credentials_source made(std::make_shared<state>(options, std::move(environment)));
    if (made.state_->search.asks_provider()) return made;
    return made.get().transform([&made](const auto&) { return made; });
  }

  /// The credentials to sign with now. While they are renewed, the old ones do as long as they hold.
  /// Errors: those of the search. Complexity: a lock; now and then what the provider takes.
  [[nodiscard]] result<std::shared_ptr<const s3_credentials>> get() const {
    state& shared = *state_;
    const moment now = shared.now();
    {
      const std::lock_guard lock(shared.mutex);
      if (shared.current && (shared.fresh(now) || (!shared.expired(now) && shared.flights.in_flight() > 0))) return shared.current;
    }
    return shared.flights.take("", [&shared] { return shared.renew(); });
  }

  /// The service did not take these any more: unless they were replaced already, the next `get` looks for others. Null: whichever they are.
  void invalidate(const s3_credentials* refused = nullptr) const {
    const std::lock_guard lock(state_->mutex);
    if (refused == nullptr || refused == state_->current.get()) state_->current.reset();
  }

 private:
  struct moment {
    std::chrono::system_clock::time_point wall;
    std::chrono::steady_clock::time_point steady;
  };
  struct state {
    state(const s3_options& options, Environment&& environment)
        : search(options, std::move(environment)), clock(options.clock), flights(s3_waiter{options.executor}) {}

    [[nodiscard]] moment now() const { return {clock.now(), clock.steady()}; }
    [[nodiscard]] bool expired(const moment& now) const { return current->expires && *current->expires <= now.wall; }
    /// True if nobody needs to be asked now. The clock may be wrong: what seems to expire is used until it is worth asking again.
    [[nodiscard]] bool fresh(const moment& now) const {
      return !current->expires || now.wall < *current->expires - renewed_before || (ask_from && now.steady < *ask_from);
    }
    /// Called by one thread at a time.
    [[nodiscard]] result<std::shared_ptr<const s3_credentials>> renew() {
      const moment before = now();
      {
        const std::lock_guard lock(mutex);
        if (current && fresh(before)) return current;  // The flight before this one brought them.
      }
      result<s3_credentials_ptr> found = search.find();
      const moment after = now();
      const std::lock_guard lock(mutex);
      if (found) current = *std::move(found);
      else if (!current || expired(after)) return std::move(found).error();
      ask_from = after.steady + asked_after;
      return current;
    }

    const s3_credentials_search<Environment> search;
    const clock_source clock;
    std::mutex mutex;  // guards the two below
    std::shared_ptr<const s3_credentials> current;
    std::optional<std::chrono::steady_clock::time_point> ask_from;
    single_flight<std::shared_ptr<const s3_credentials>, s3_waiter> flights;
  };

  explicit basic_s3_credentials_source(std::shared_ptr<state> made) noexcept : state_(std::move(made)) {}

  std::shared_ptr<state> state_;
};

using s3_credentials_source = basic_s3_credentials_source<>;

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_S3_CREDENTIALS_HPP
