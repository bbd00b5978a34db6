// Moments as HTTP writes them, read into points of the system's clock. A pure function; knows no clock and no header.
// Format: RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", and the two forms that only old servers send.
#ifndef LAKE_DETAIL_HTTP_DATE_HPP
#define LAKE_DETAIL_HTTP_DATE_HPP

#include <lake/config.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail {

/// Reads one text by one pattern. Used once.
class http_date_reader {
 public:
  explicit http_date_reader(std::string_view date) noexcept : rest_(date) {}

  /// `%a` a weekday's three letters, `%A` its whole name, `%d` `%H` `%M` `%S` `%y` two digits, `%e` the same or a space and a digit, `%b` a
  /// month's three letters, `%Y` four digits; anything else is itself. The weekday is not compared with the date.
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> read(std::string_view pattern) noexcept {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      const bool field = pattern[i] == '%';
      if (field ? !take_field(pattern[++i]) : !take(pattern.substr(i, 1))) return std::nullopt;
    }
    return rest_.empty() ? moment() : std::nullopt;
  }

 private:
  bool take_field(char which) noexcept {
    constexpr std::array<std::string_view, 7> days{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    switch (which) {
      case 'a': return std::any_of(days.begin(), days.end(), [this](std::string_view day) { return take(day.substr(0, 3)); });
      case 'A': return std::any_of(days.begin(), days.end(), [this](std::string_view day) { return take(day); });
      case 'b': return take_month();
      case 'd': return take_number(2, day_);
      case 'e': return take_number(take(" ") ? 1 : 2, day_);
      case 'H': return take_number(2, hour_);
      case 'M': return take_number(2, minute_);
      case 'S': return take_number(2, second_);
      case 'Y': return take_number(4, year_);
      default: break;
    }
    if (!take_number(2, year_)) return false;
    // The RFC asks a clock for the century; here the clock may be what is in doubt. No S3 service is older than 1970.
    year_ += year_ < 70 ? 2000U : 1900U;
    return true;
  }

  bool take(std::string_view expected) noexcept {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  bool take_month() noexcept {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (month_ = 1; month_ <= 12; ++month_) {
      if (take(months.substr((month_ - 1) * 3, 3))) return true;
    }
    return false;
  }

  bool take_number(std::size_t digits, unsigned& into) noexcept {
    if (rest_.size() < digits) return false;
    into = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      into = into * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }

  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> moment() const noexcept {
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year_)}, std::chrono::month{month_}, std::chrono::day{day_}};
    // What the clock can hold in nanoseconds ends in 2262. A leap second is second 60.
    if (!date.ok() || year_ < 1970 || year_ > 2261 || hour_ > 23 || minute_ > 59 || second_ > 60) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{hour_} + std::chrono::minutes{minute_} + std::chrono::seconds{second_};
  }

  std::string_view rest_;
  unsigned year_ = 0;
  unsigned month_ = 0;
  unsigned day_ = 0;
  unsigned hour_ = 0;
  unsigned minute_ = 0;
  unsigned second_ = 0;
};

/// The moment that `date` names, or nothing if it is in none of the three forms.
[[nodiscard]] inline std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view date) noexcept {
  for (const std::string_view pattern : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    if (const auto moment = http_date_reader(date).read(pattern)) return moment;
  }
  return std::nullopt;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::detail

#endif  // LAKE_DETAIL_HTTP_DATE_HPP
