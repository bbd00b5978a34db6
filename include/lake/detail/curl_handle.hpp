// libcurl's handles, created and freed here only. Knows no request and no answer: see curl_exchange.hpp. libcurl 7.68 or newer.
#ifndef LAKE_DETAIL_CURL_HANDLE_HPP
#define LAKE_DETAIL_CURL_HANDLE_HPP

#include <lake/config.hpp>

#include <curl/curl.h>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// The oldest libcurl that can be woken from another thread (`curl_multi_wakeup`), which is how a stop token ends an exchange.
inline constexpr unsigned oldest_libcurl = 0x074400;
static_assert(LIBCURL_VERSION_NUM >= oldest_libcurl, "lake needs libcurl 7.68 or newer");

/// Sets libcurl up for the process, at first use; false if it cannot be used, or is older at run time than the oldest that can. It is
/// never torn down: other parts of the program may use it, and its handles may live in static objects.
/// Threads: any; a libcurl older than 7.84 wants no other code to call `curl_global_init` at the same moment.
[[nodiscard]] inline bool curl_ready() noexcept {
  static const bool ready =
      curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && curl_version_info(CURLVERSION_NOW)->version_num >= oldest_libcurl;
  return ready;
}

/// What one transfer is set up in. Confined to one thread at a time; not to be used in a child process after a fork.
class curl_easy {
 public:
  curl_easy() noexcept : handle_(curl_ready() ? curl_easy_init() : nullptr) {}
  curl_easy(const curl_easy&) = delete;
  curl_easy& operator=(const curl_easy&) = delete;
  ~curl_easy() { curl_easy_cleanup(handle_); }  // Takes null.

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  [[nodiscard]] CURL* get() const noexcept { return handle_; }

  /// False if libcurl refuses the value, or knows no such option. `Value` must be what the option takes: long, curl_off_t, a pointer.
  template <class Value>
  bool set(CURLoption option, Value value) noexcept {
    return curl_easy_setopt(handle_, option, value) == CURLE_OK;
  }

  /// What libcurl knows of the transfer; zero if it does not say. `Value` must be what the question gives: long, curl_off_t.
  template <class Value>
  [[nodiscard]] Value info(CURLINFO question) const noexcept {
    Value value{};
    return curl_easy_getinfo(handle_, question, &value) == CURLE_OK ? value : Value{};
  }

  /// Forgets every option, and with them the caller's memory; TLS sessions stay.
  void reset() noexcept { curl_easy_reset(handle_); }

 private:
  CURL* handle_;
};

/// What drives transfers and keeps their connections. Confined to one thread at a time, but for `wake`.
class curl_multi {
 public:
  curl_multi() noexcept : handle_(curl_ready() ? curl_multi_init() : nullptr) {}
  curl_multi(const curl_multi&) = delete;
  curl_multi& operator=(const curl_multi&) = delete;
  ~curl_multi() { curl_multi_cleanup(handle_); }  // Takes null.

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  [[nodiscard]] CURLM* get() const noexcept { return handle_; }

  /// Ends a `curl_multi_poll` that waits now, or else the next one at once. Threads: any.
  void wake() const noexcept { curl_multi_wakeup(handle_); }

 private:
  CURLM* handle_;
};

/// Lines that libcurl takes as a list. Wiped when they go: some are signatures and session tokens. Confined; must outlive the transfer.
class curl_lines {
 public:
  curl_lines() = default;
  curl_lines(const curl_lines&) = delete;
  curl_lines& operator=(const curl_lines&) = delete;
  ~curl_lines() {
    for (const curl_slist* each = first_; each != nullptr; each = each->next) {
      for (volatile char* c = each->data; *c != '\0'; ++c) *c = '\0';
    }
    curl_slist_free_all(first_);  // Takes null.
  }

  [[nodiscard]] curl_slist* get() const noexcept { return first_; }

  /// Copies the line to the end; false if there is no memory. Complexity: linear in the lines, which are few.
  [[nodiscard]] bool add(const char* line) noexcept {
    curl_slist* const grown = curl_slist_append(first_, line);
    if (grown != nullptr) first_ = grown;
    return grown != nullptr;
  }

 private:
  curl_slist* first_ = nullptr;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_CURL_HANDLE_HPP
