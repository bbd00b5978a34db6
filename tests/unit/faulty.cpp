// faulty_storage and faulty_index fail where the plan says, and are the wrapped policy otherwise.
#include <lake/decorate/faulty.hpp>
#include <lake/storage/memory.hpp>
#include <lake/testing/storage_contract.hpp>

#include "support/catch.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using lake::fault_mode;
using planned_storage = lake::faulty_storage<lake::memory_storage>;

static_assert(lake::storage_policy<planned_storage> && lake::listing_storage<planned_storage> && lake::ranged_storage<planned_storage> &&
              lake::conditional_storage<planned_storage> && lake::streaming_storage<planned_storage>);
static_assert(lake::concurrent_from<planned_storage> == lake::concurrent_from<lake::memory_storage>);

/// A storage without a refinement.
struct bare_storage {
  static constexpr lake::storage_kind kind = lake::storage_kind::s3;
  lake::result<lake::body_ptr> get(std::string_view) const { return lake::error{lake::errc::not_found, {}, {}, {}}; }
  lake::result<void> create(std::string_view, std::string) { return {}; }
  lake::result<void> put(std::string_view, std::string) { return {}; }
  lake::result<void> remove(std::string_view) { return {}; }
};
static_assert(lake::storage_policy<lake::faulty_storage<bare_storage>>);
static_assert(!lake::listing_storage<lake::faulty_storage<bare_storage>> && !lake::ranged_storage<lake::faulty_storage<bare_storage>> &&
              !lake::conditional_storage<lake::faulty_storage<bare_storage>> &&
              !lake::streaming_storage<lake::faulty_storage<bare_storage>>);

struct no_layout {};

/// An index that answers everything with a default and counts commits; batches, enumerates and dumps.
struct idle_index {
  using layout_type = no_layout;
  template <class Answer>
  static std::vector<lake::result<Answer>> many(std::size_t count) {
    return std::vector<lake::result<Answer>>(count, Answer{});
  }
  lake::result<lake::reserve_answer> reserve(const lake::reserve_args&, const lake::index_timing&) { return lake::reserve_answer{}; }
  lake::result<lake::commit_answer> commit(const lake::commit_args&, const lake::index_timing&) { return ++commits, lake::commit_answer{}; }
  lake::result<lake::rollback_status> rollback(std::string_view, const lake::id_run&, const lake::write_token&) {
    return lake::rollback_status{};
  }
  lake::result<lake::view_answer> view(const lake::view_args&, const lake::index_timing&) const { return lake::view_answer{}; }
  lake::result<lake::publish_status> publish_snapshot(const lake::publish_args&, const lake::index_timing&) {
    return lake::publish_status{};
  }
  lake::result<lake::cut_answer> clear_cut(const lake::cut_args&, const lake::index_timing&) { return lake::cut_answer{}; }
  lake::result<lake::removed_counts> remove_members(std::string_view, const lake::victims&, const lake::index_timing&) {
    return lake::removed_counts{};
  }
  lake::result<lake::remove_delta_answer> remove_delta(std::string_view, lake::time_seq, const lake::index_timing&) {
    return lake::remove_delta_answer{};
  }
  lake::result<lake::remove_catalog_answer> remove_catalog(std::string_view, const lake::index_timing&) {
    return lake::remove_catalog_answer{};
  }
  lake::result<void> heal(const lake::heal_args&, const lake::index_timing&) { return {}; }
  lake::result<lake::log_answer> read_log(std::string_view, lake::time_seq, std::size_t) const { return lake::log_answer{}; }
  lake::result<std::vector<std::pair<std::string, std::string>>> read_meta(std::string_view) const {
    return std::vector<std::pair<std::string, std::string>>{};
  }
  lake::result<lake::issue_answer> issue_id(std::string_view, std::string_view, const lake::index_timing&) { return lake::issue_answer{}; }
  lake::result<lake::put_file_status> put_file(std::string_view, std::string_view, const lake::file_record&) {
    return lake::put_file_status{};
  }
  lake::result<bool> drop_file(std::string_view, std::string_view) { return true; }
  lake::result<std::optional<lake::file_record>> read_file(std::string_view, std::string_view) const {
    return std::optional<lake::file_record>{};
  }
  lake::result<std::vector<std::pair<std::string, lake::file_record>>> read_files(std::string_view) const {
    return std::vector<std::pair<std::string, lake::file_record>>{};
  }
  lake::result<double> store_sample(std::string_view, std::string_view, double score) { return score; }
  lake::result<std::optional<double>> read_sample(std::string_view, std::string_view) const { return std::optional<double>{}; }
  lake::result<std::optional<std::string>> marker() const { return std::optional<std::string>{}; }
  lake::result<std::string> set_marker(std::string_view wanted) { return std::string(wanted); }
  lake::result<void> barrier() { return {}; }
  void attach(std::string_view prefix) { attached = prefix; }
  template <class Visit>
  lake::result<void> for_each_catalog(std::string_view, Visit&&) const {
    return {};
  }
  std::vector<lake::result<lake::reserve_answer>> reserve_many(std::span<const lake::reserve_args> each, const lake::index_timing&) {
    return many<lake::reserve_answer>(each.size());
  }
  std::vector<lake::result<lake::commit_answer>> commit_many(std::span<const lake::commit_args> each, const lake::index_timing&) {
    commits += static_cast<int>(each.size());
    return many<lake::commit_answer>(each.size());
  }
  std::vector<lake::result<lake::view_answer>> view_many(std::span<const lake::view_args> each, const lake::index_timing&) const {
    return many<lake::view_answer>(each.size());
  }
  lake::result<std::string> dump() const { return std::string("idle"); }

  int commits = 0;
  std::string attached;
};
using planned_index = lake::faulty_index<idle_index>;
static_assert(lake::index_policy<planned_index> && lake::enumerating_index<planned_index> && lake::batching_index<planned_index> &&
              lake::dumping_index<planned_index>);

}  // namespace

TEST_CASE("a faulty_storage without a rule holds the law of storages") {
  for (const lake::testing::contract_case& law : lake::testing::storage_contract([] { return planned_storage{}; })) {
    INFO(law.name);
    CHECK(law.run() == std::vector<std::string>{});
  }
}

TEST_CASE("a fault before the effect changes nothing") {
  planned_storage faulty;
  faulty.plan().fail({.operation = "create", .code = lake::errc::timeout});

  const auto first = faulty.create("k", "v");

  REQUIRE(first.error().to_string() == "create: timeout: a fault as planned, call 1");
  REQUIRE(faulty.inner().get("k").error().code == lake::errc::not_found);
  REQUIRE(faulty.create("k", "v"));
}

TEST_CASE("a fault after the effect loses the reply only") {
  planned_storage faulty;
  faulty.plan().fail({.operation = "create", .mode = fault_mode::after});

  REQUIRE(faulty.create("k", "v").error().code == lake::errc::unavailable);

  REQUIRE(*faulty.inner().get("k").value() == "v");
  REQUIRE(faulty.create("k", "v").error().code == lake::errc::already_exists);
}

TEST_CASE("a rule counts the calls that match it from when it was given") {
  planned_storage faulty;
  REQUIRE(faulty.put("k", "0"));
  faulty.plan().fail({.operation = "put", .nth = 2, .times = 2});

  std::string outcome;
  for (int i = 0; i < 5; ++i) {
    outcome += faulty.get("k") ? 'g' : '-';
    outcome += faulty.put("k", "1") ? 'p' : '-';
  }

  REQUIRE(outcome == "gpg-g-gpgp");
  REQUIRE(faulty.plan().calls("put") == 6);
  REQUIRE(faulty.plan().calls("get") == 5);
  REQUIRE(faulty.plan().calls("remove") == 0);
}

TEST_CASE("a rule without an operation matches all, until it is cleared") {
  planned_storage faulty;
  planned_storage copy = faulty;
  faulty.plan().fail({.times = lake::fault_rule::until_cleared});

  REQUIRE(!copy.put("k", "v"));
  REQUIRE(!faulty.get("k"));
  REQUIRE(!faulty.remove("k"));
  faulty.plan().clear();
  REQUIRE(copy.put("k", "v"));
}

TEST_CASE("a hook runs before each operation and may crash the plan or act as another client") {
  planned_storage faulty;
  lake::memory_storage other = faulty.inner();
  faulty.plan().before_each([&, plan = faulty.plan()](std::string_view operation, std::size_t number) mutable {
    if (operation == "create" && number == 1) REQUIRE(other.create("k", "theirs"));
    if (operation == "create" && number == 2) plan.crash();
  });

  REQUIRE(faulty.create("k", "ours").error().code == lake::errc::already_exists);
  REQUIRE(faulty.create("l", "ours").error().message == "crashed as planned, call 2");
  REQUIRE(faulty.get("k").error().code == lake::errc::unavailable);

  faulty.plan().clear();
  REQUIRE(*faulty.get("k").value() == "theirs");
}

TEST_CASE("a faulty_index fails by the same plan as a storage") {
  lake::fault_plan plan;
  planned_storage faulty{lake::memory_storage{}, plan};
  planned_index log{idle_index{}, plan};
  const lake::index_timing timing;
  plan.fail({.operation = "commit", .mode = fault_mode::after});
  plan.fail({.operation = "reserve"});

  REQUIRE(!log.reserve({}, timing));
  REQUIRE(!log.commit({}, timing));
  REQUIRE(log.commit({}, timing));
  REQUIRE(faulty.put("k", "v"));
  REQUIRE(log.barrier());
  log.attach("memory:lake");

  REQUIRE(log.inner().commits == 2);
  REQUIRE(log.inner().attached == "memory:lake");
  REQUIRE(plan.calls("commit") == 2);
  REQUIRE(plan.calls("put") == 1);
}

TEST_CASE("a fault in a batch fails every answer of it") {
  planned_index log;
  const lake::index_timing timing;
  const std::vector<lake::commit_args> batch(3);
  log.plan().fail({.operation = "commit_many", .mode = fault_mode::after, .code = lake::errc::timeout});

  const auto lost = log.commit_many(batch, timing);
  const auto fine = log.commit_many(batch, timing);

  REQUIRE(lost.size() == 3);
  for (const auto& answer : lost) REQUIRE(answer.error().code == lake::errc::timeout);
  for (const auto& answer : fine) REQUIRE(answer);
  REQUIRE(log.inner().commits == 6);
}
