// A value or an error, an error's story, and the text of a request.
#include <lake/core/error.hpp>
#include <lake/core/result.hpp>
#include <lake/core/text.hpp>

#include "support/catch.hpp"
#include "support/repeat.hpp"

#include <cstddef>
#include <exception>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using lake::errc;
using lake::result;

namespace {

lake::error some_error() { return {errc::io, "storage.get", "a/key", "the disk is gone", lake::time_seq{7, 1}}; }

result<int> half(int number) {
  if (number % 2 != 0) return lake::error{errc::invalid_argument, "half", {}, std::to_string(number) + " is odd"};
  return number / 2;
}

/// Counts how many of its kind are alive.
struct counted {
  explicit counted(int& alive) : alive_(&alive) { ++*alive_; }
  counted(const counted& other) : alive_(other.alive_) { ++*alive_; }
  counted(counted&& other) noexcept : alive_(other.alive_) { ++*alive_; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) noexcept = default;
  ~counted() { --*alive_; }
  int* alive_;
};

}  // namespace

TEST_CASE("a result holds a value or an error", "[result]") {
  const result<int> good = half(8);
  const result<int> bad = half(7);

  CHECK(good.has_value());
  CHECK(static_cast<bool>(good));
  CHECK(*good == 4);
  CHECK(good.value() == 4);
  CHECK(good.value_or(1) == 4);
  CHECK(!bad.has_value());
  CHECK(bad.error().code == errc::invalid_argument);
  CHECK(bad.value_or(1) == 1);
  CHECK(result<std::string>("abc")->size() == 3);
  static_assert(!std::is_convertible_v<result<int>, int>);
  static_assert(!std::is_convertible_v<result<bool>, bool>);
  static_assert(sizeof(result<int>) == 2 * sizeof(void*));
}

TEST_CASE("a result equals its value, and no value where it is an error", "[result]") {
  const result<bool> yes = true;
  const result<bool> no = false;
  const result<bool> broken = some_error();

  CHECK(yes == true);
  CHECK(no == false);
  CHECK(!(no == true));
  CHECK(!(broken == true));
  CHECK(!(broken == false));
  CHECK(broken != false);
}

TEST_CASE("value() of an error throws the whole story", "[result]") {
  if constexpr (lake::has_exceptions) {
    try {
      const int never = half(3).value();
      FAIL("no exception, but " << never);
    } catch (const lake::bad_result& thrown) {
      CHECK(std::string(thrown.what()) == "half: invalid_argument: 3 is odd");
      CHECK(thrown.error().code == errc::invalid_argument);
    }
    CHECK_THROWS_AS(result<void>(some_error()).value(), std::exception);
    CHECK_NOTHROW(result<void>().value());
  }
}

TEST_CASE("a temporary result gives its value away", "[result]") {
  const auto words = [] { return result<std::vector<std::string>>(std::vector<std::string>{"one", lake_test::repeat(100, 'x')}); };
  std::size_t sum = 0;
  for (const auto& word : words().value()) sum += word.size();
  for (const auto& word : *words()) sum += word.size();
  CHECK(sum == 206);

  result<std::unique_ptr<int>> only = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = *std::move(only);
  CHECK(*taken == 5);
  static_assert(std::is_same_v<decltype(words().value()), std::vector<std::string>>);
  static_assert(std::is_same_v<decltype(*words()), std::vector<std::string>>);
  static_assert(std::is_same_v<decltype(words().error()), lake::error>);
}

TEST_CASE("results are copied, moved and assigned without leaking either side", "[result]") {
  int alive = 0;
  {
    result<counted> one = counted(alive);
    result<counted> two = some_error();
    CHECK(alive == 1);
    two = one;
    CHECK(alive == 2);
    one = some_error();
    CHECK(alive == 1);
    result<counted> three = std::move(two);
    two = one;
    CHECK(three.has_value());
    CHECK(two.error().message == "the disk is gone");
    result<counted>& same = three;
    three = same;
    CHECK(three.has_value());
    one = std::move(three);
    CHECK(one.has_value());
  }
  CHECK(alive == 0);

  result<void> done;
  result<void> failed = some_error();
  done = failed;
  CHECK(done.error().subject == "a/key");
  failed = {};
  CHECK(failed.has_value());
}

TEST_CASE("results are chained", "[result]") {
  CHECK(half(8).and_then(half) == 2);
  CHECK(half(6).and_then(half).error().message == "3 is odd");
  CHECK(half(7).and_then(half).error().message == "7 is odd");
  CHECK(half(8).transform([](int number) { return std::to_string(number); }) == "4");
  CHECK(half(7).transform([](int number) { return std::to_string(number); }).error().code == errc::invalid_argument);
  CHECK(half(7).or_else([](const lake::error&) { return result<int>(0); }) == 0);
  CHECK(half(8).or_else([](const lake::error&) { return result<int>(0); }) == 4);

  const result<void> done;
  const result<void> failed = some_error();
  CHECK(done.and_then([] { return half(2); }) == 1);
  CHECK(failed.and_then([] { return half(2); }).error().code == errc::io);
  CHECK(done.transform([] { return 3; }) == 3);
  int ran = 0;
  CHECK(done.transform([&] { ++ran; }).has_value());
  CHECK(!failed.transform([&] { ++ran; }).has_value());
  CHECK(ran == 1);
  CHECK(result<void>(some_error()).or_else([](const lake::error&) { return result<void>(); }).has_value());
}

TEST_CASE("an error tells its whole story on one line", "[error]") {
  CHECK(some_error().to_string() == "storage.get \"a/key\": io: the disk is gone [7_1]");
  CHECK(lake::error{errc::timeout, {}, {}, {}}.to_string() == "timeout");
  CHECK(lake::error{errc::not_found, {}, "users", {}}.to_string() == "\"users\": not_found");
  const lake::error story =
      lake::error{errc::outcome_unknown, "write", "users", "ask later"}.because(some_error()).because({errc::io, {}, {}, "and more"});
  CHECK(story.to_string() ==
        "write \"users\": outcome_unknown: ask later; caused by: storage.get \"a/key\": io: the disk is gone [7_1]; caused by: "
        "io: and more");
  CHECK(story.causes.size() == 2);
}

TEST_CASE("every kind of error has a name of its own, and some are worth a retry", "[error]") {
  std::set<std::string_view> names;
  std::vector<std::string_view> retryable;
  for (int code = 0; code <= static_cast<int>(errc::checksum_mismatch); ++code) {
    const auto kind = static_cast<errc>(code);
    names.insert(lake::to_string(kind));
    if (lake::error{kind, {}, {}, {}}.retryable()) retryable.push_back(lake::to_string(kind));
  }
  CHECK(names.size() == static_cast<std::size_t>(errc::checksum_mismatch) + 1);
  CHECK(names.count("unnamed_error") == 0);
  CHECK(lake::to_string(static_cast<errc>(9'999)) == "unnamed_error");
  CHECK(retryable == std::vector<std::string_view>{"pending_write", "sequence_overflow", "timeout", "unavailable", "snapshot_conflict"});
}

TEST_CASE("text views what stays and keeps what would go", "[text]") {
  std::string stays = "a text that is longer than any small string";
  const lake::text viewed = stays;
  CHECK(viewed.view().data() == stays.data());

  std::vector<lake::text> kept;
  for (int i = 0; i < 3; ++i) kept.push_back(lake_test::repeat(40, static_cast<char>('a' + i)));
  CHECK(kept[0].view() == lake_test::repeat(40, 'a'));
  CHECK(kept[2].view() == lake_test::repeat(40, 'c'));
  const lake::text copied = kept[1];
  kept.clear();
  CHECK(std::string_view(copied) == lake_test::repeat(40, 'b'));
  CHECK(lake::text("literal").view() == "literal");
  CHECK(lake::text(std::string_view("a\0b", 3)).view().size() == 3);
  static_assert(!std::is_default_constructible_v<lake::text>);
  static_assert(!std::is_constructible_v<lake::text, std::nullptr_t>);
}

TEST_CASE("a failed result that was moved from does not turn into a success", "[result]") {
  lake::result<void> nothing(lake::error{lake::errc::io, "test", {}, "as planned"});
  lake::result<int> number(lake::error{lake::errc::io, "test", {}, "as planned"});

  const lake::result<void> taken_nothing(std::move(nothing));
  const lake::result<int> taken_number(std::move(number));

  CHECK(!taken_nothing);
  CHECK(!taken_number);
  CHECK(!nothing.has_value());  // NOLINT(bugprone-use-after-move)
  CHECK(!number.has_value());   // NOLINT(bugprone-use-after-move)
}

TEST_CASE("text keeps a const temporary too", "[text]") {
  const auto make = []() -> const std::string { return lake_test::repeat(100, 'x'); };

  const lake::text kept(make());

  CHECK(kept.view() == lake_test::repeat(100, 'x'));
}
