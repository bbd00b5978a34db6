// A value or an error: what every fallible operation returns. Knows `error`, nothing else.
#ifndef LAKE_CORE_RESULT_HPP
#define LAKE_CORE_RESULT_HPP

#include <lake/config.hpp>
#include <lake/core/error.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace lake::inline v0::inline LAKE_DETAIL_ABI {

/// What `result::value()` throws when there is no value: `what()` is the error's whole story.
class bad_result : public std::exception {
 public:
  explicit bad_result(lake::error reason) : reason_(std::move(reason)), story_(reason_.to_string()) {}
  [[nodiscard]] const char* what() const noexcept override { return story_.c_str(); }
  [[nodiscard]] const lake::error& error() const noexcept { return reason_; }

 private:
  lake::error reason_;
  std::string story_;
};

namespace detail {

[[noreturn]] inline void fail_value(const lake::error& reason) {
#if defined(__cpp_exceptions) && __cpp_exceptions >= 199711L
  throw bad_result(reason);
#else
  std::fprintf(stderr, "lake: value() of a failed result: %s\n", reason.to_string().c_str());
  std::abort();
#endif
}

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

}  // namespace detail

/// A `T` or a `lake::error`. Thread-compatible, like `std::optional`.
/// A temporary gives its value away, so `for (auto& x : f().value())` is safe. The error lives on the heap: a result is
/// no larger than its value and one pointer, and a success allocates nothing.
template <class T>
class [[nodiscard]] result {
  static_assert(!std::is_reference_v<T> && !std::is_same_v<std::remove_cv_t<T>, lake::error>,
                "lake: a result holds a value that is neither a reference nor an error");

 public:
  using value_type = T;

  result(lake::error reason) : failed_(new lake::error(std::move(reason))), ok_(false) {}  // NOLINT(google-explicit-constructor)
  template <class U = T>
    requires(std::is_constructible_v<T, U &&> && std::is_convertible_v<U &&, T> && !detail::is_result<std::remove_cvref_t<U>> &&
             !std::is_same_v<std::remove_cvref_t<U>, lake::error>)
  result(U&& from) : value_(std::forward<U>(from)), ok_(true) {}  // NOLINT(google-explicit-constructor)

  result(const result& other)
    requires std::is_copy_constructible_v<T>
      : ok_(other.ok_) {
    if (ok_) std::construct_at(std::addressof(value_), other.value_);
    else failed_ = new lake::error(*other.failed_);
  }
  /// A failed result that was moved from is still a failed one; it may only be destroyed or assigned to.
  result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : ok_(other.ok_) {
    if (ok_) std::construct_at(std::addressof(value_), std::move(other.value_));
    else failed_ = std::exchange(other.failed_, nullptr);
  }
  result& operator=(result other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    destroy();
    ok_ = other.ok_;
    if (ok_) {
      std::construct_at(std::addressof(value_), std::move(other.value_));
    } else {
      failed_ = std::exchange(other.failed_, nullptr);
    }
    return *this;
  }
  ~result() { destroy(); }

  [[nodiscard]] bool has_value() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }

  T& operator*() & noexcept { return LAKE_ASSERT(ok_), value_; }
  const T& operator*() const& noexcept { return LAKE_ASSERT(ok_), value_; }
  T operator*() && { return LAKE_ASSERT(ok_), std::move(value_); }
  T* operator->() noexcept { return LAKE_ASSERT(ok_), std::addressof(value_); }
  const T* operator->() const noexcept { return LAKE_ASSERT(ok_), std::addressof(value_); }

  /// The value; without one: throws `bad_result`, or prints and aborts where exceptions are off.
  T& value() & { return demand(), value_; }
  const T& value() const& { return demand(), value_; }
  T value() && { return demand(), std::move(value_); }

  /// The error. Requires `!has_value()`.
  [[nodiscard]] const lake::error& error() const& noexcept { return LAKE_ASSERT(!ok_), *failed_; }
  [[nodiscard]] lake::error error() && { return LAKE_ASSERT(!ok_), std::move(*failed_); }

  [[nodiscard]] T value_or(T fallback) const& { return ok_ ? value_ : std::move(fallback); }
  [[nodiscard]] T value_or(T fallback) && { return ok_ ? std::move(value_) : std::move(fallback); }

  /// `f(value)`, itself a result, or this error.
  template <class F>
  auto and_then(F&& f) && {
    using next_result = std::remove_cvref_t<decltype(std::forward<F>(f)(std::move(value_)))>;
    return ok_ ? std::forward<F>(f)(std::move(value_)) : next_result(std::move(*failed_));
  }
  template <class F>
  auto and_then(F&& f) const& {
    using next_result = std::remove_cvref_t<decltype(std::forward<F>(f)(value_))>;
    return ok_ ? std::forward<F>(f)(value_) : next_result(*failed_);
  }
  /// A result of `f(value)`, which may be void, or this error.
  template <class F>
  auto transform(F&& f) && {
    using next_result = result<std::remove_cvref_t<decltype(std::forward<F>(f)(std::move(value_)))>>;
    if (!ok_) return next_result(std::move(*failed_));
    if constexpr (std::is_void_v<typename next_result::value_type>) return std::forward<F>(f)(std::move(value_)), next_result();
    else return next_result(std::forward<F>(f)(std::move(value_)));
  }
  template <class F>
  auto transform(F&& f) const& {
    using next_result = result<std::remove_cvref_t<decltype(std::forward<F>(f)(value_))>>;
    if (!ok_) return next_result(*failed_);
    if constexpr (std::is_void_v<typename next_result::value_type>) return std::forward<F>(f)(value_), next_result();
    else return next_result(std::forward<F>(f)(value_));
  }
  /// This value, or `f(error)`, itself a result.
  template <class F>
  result or_else(F&& f) && {
    return ok_ ? std::move(*this) : std::forward<F>(f)(std::move(*failed_));
  }

  /// True if there is a value and it equals `wanted`: `if (db.file_exists(c, p) == true)`.
  friend bool operator==(const result& left, const T& wanted)
    requires requires(const T& a) { static_cast<bool>(a == a); }
  {
    return left.ok_ && left.value_ == wanted;
  }

 private:
  void demand() const {
    if (!ok_) [[unlikely]] detail::fail_value(*failed_);
  }
  void destroy() noexcept {
    if (ok_) std::destroy_at(std::addressof(value_));
    else delete failed_;
  }

  union {
    T value_;
    lake::error* failed_;
  };
  bool ok_;
};

/// Success, or a `lake::error`.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  result() noexcept = default;
  result(lake::error reason)  // NOLINT(google-explicit-constructor)
      : failed_(std::make_unique<lake::error>(std::move(reason))), ok_(false) {}
  result(const result& other) : failed_(other.failed_ ? std::make_unique<lake::error>(*other.failed_) : nullptr), ok_(other.ok_) {}
  /// As for any result: a failed one that was moved from is still a failed one.
  result(result&&) noexcept = default;
  result& operator=(result other) noexcept {
    failed_ = std::move(other.failed_);
    ok_ = other.ok_;
    return *this;
  }
  ~result() = default;

  [[nodiscard]] bool has_value() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }
  void operator*() const noexcept { LAKE_ASSERT(ok_); }
  void value() const {
    if (!ok_) [[unlikely]] detail::fail_value(*failed_);
  }
  [[nodiscard]] const lake::error& error() const& noexcept { return LAKE_ASSERT(failed_ != nullptr), *failed_; }
  [[nodiscard]] lake::error error() && { return LAKE_ASSERT(failed_ != nullptr), std::move(*failed_); }

  template <class F>
  auto and_then(F&& f) const& {
    using next_result = std::remove_cvref_t<decltype(std::forward<F>(f)())>;
    return has_value() ? std::forward<F>(f)() : next_result(*failed_);
  }
  template <class F>
  auto transform(F&& f) const& {
    using next_result = result<std::remove_cvref_t<decltype(std::forward<F>(f)())>>;
    if (!has_value()) return next_result(*failed_);
    if constexpr (std::is_void_v<typename next_result::value_type>) return std::forward<F>(f)(), next_result();
    else return next_result(std::forward<F>(f)());
  }
  template <class F>
  result or_else(F&& f) && {
    return has_value() ? std::move(*this) : std::forward<F>(f)(std::move(*failed_));
  }

 private:
  std::unique_ptr<lake::error> failed_;
  bool ok_ = true;
};

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI

#endif  // LAKE_CORE_RESULT_HPP
