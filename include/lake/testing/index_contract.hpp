// The law of an index as code: section 8 of the index protocol. Any index, ours or yours, runs through it; see also `compare_indexes` in
// testing/index_compare.hpp. Knows no index and no test framework.
#ifndef LAKE_TESTING_INDEX_CONTRACT_HPP
#define LAKE_TESTING_INDEX_CONTRACT_HPP

#include <lake/concepts.hpp>
#include <lake/config.hpp>
#include <lake/testing/contract.hpp>
#include <lake/testing/index_cases_beside.hpp>
#include <lake/testing/index_cases_clear.hpp>
#include <lake/testing/index_cases_log.hpp>
#include <lake/testing/index_compare.hpp>
#include <lake/testing/index_trial.hpp>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing {

/// The cases every index must pass, each with indexes of its own.
///
/// `make(const clock_source&)` returns a new, empty index on that clock; `damage` says how to lose its records behind its back (what is
/// empty is not tried). An index that can dump is also held to "a refusal leaves the whole state as it was".
/// Threads: cases are independent; each runs in one thread. (Longer than 40 lines because it is the contract's table of contents.)
template <class Make, class Index = std::invoke_result_t<Make&, const clock_source&>>
[[nodiscard]] std::vector<contract_case> index_contract(Make make, index_damage<Index> damage = {}) {
  static_assert(index_policy<Index>, "lake: index_contract wants a callable `Index make(const clock_source&)` of an index_policy");
  using trial = index_trial<Index>;
  std::vector<contract_case> cases;
  const auto add = [&](std::string name, void (*body)(trial&)) {
    cases.push_back({std::move(name), [make, damage, body] {
                       trial one(make, damage);
                       body(one);
                       return std::move(one).take();
                     }});
  };
  namespace c = detail_index;
  add("what was read is closed, though the clock steps back", &c::expired_then_read_then_clock_back<trial>);
  add("a read alone closes what it passes over", &c::a_read_alone_closes<trial>);
  add("a fenced commit stays fenced", &c::a_fenced_commit_stays_fenced<trial>);
  add("a commit can be repeated for ever", &c::a_commit_is_repeated_for_ever<trial>);
  add("a trimmed commit is still ok", &c::a_trimmed_commit_is_ok<trial>);
  add("rollback decides an unknown commit", &c::rollback_decides_an_unknown_commit<trial>);
  add("a publish that loses changes nothing", &c::a_publish_loser_changes_nothing<trial>);
  add("a removal refuses older publishes", &c::a_removal_refuses_older_publishes<trial>);
  add("a publish of another log is stale", &c::a_publish_of_another_log_is_stale<trial>);
  add("a publish above a live reservation is stale", &c::a_publish_beside_a_live_reservation_waits<trial>);
  add("a repair replaces a snapshot", &c::a_repair_replaces_a_snapshot<trial>);
  add("as_of above the last id is no bound", &c::as_of_above_the_last_id_is_no_bound<trial>);
  add("as_of reads the past and closes it", &c::as_of_reads_the_past_and_closes_it<trial>);
  add("as_of below the cut is trimmed", &c::as_of_below_cleared_is_trimmed<trial>);
  add("prefix reads stop before the oldest live reservation", &c::prefix_reads_stop_before_the_oldest_live<trial>);
  add("compare-and-set waits for live reservations", &c::expected_refuses_live_reservations<trial>);
  add("compare-and-set is checked again at commit", &c::expected_is_checked_again_at_commit<trial>);
  add("compare-and-set closes what it passes over", &c::expected_closes_what_it_passed_over<trial>);
  add("versions never return", &c::versions_never_return<trial>);
  add("ids only rise", &c::ids_only_rise<trial>);
  add("ids borrow within the limit", &c::ids_borrow_within_the_limit<trial>);
  add("a token repeats its reservation", &c::a_token_repeats_its_reservation<trial>);
  add("a commit must show its token", &c::a_commit_shows_its_token<trial>);
  add("a batch is all or nothing", &c::a_batch_is_all_or_nothing<trial>);

  add("a cut kills before bodies go", &c::a_cut_kills_before_bodies_go<trial>);
  add("live reservations are no victims", &c::live_reservations_are_no_victims<trial>);
  add("a reservation is removed as a whole", &c::a_reservation_is_removed_as_a_whole<trial>);
  add("a cut is verified and old enough", &c::a_cut_is_verified_and_old_enough<trial>);
  add("a step back does not lengthen the grace", &c::a_step_back_does_not_lengthen_the_grace<trial>);
  add("a clear is finished by the next", &c::a_clear_is_finished_by_the_next<trial>);
  add("old snapshots go and kept ones stay", &c::old_snapshots_go_and_kept_ones_stay<trial>);
  add("dead records live for the horizon", &c::dead_records_live_for_the_horizon<trial>);
  add("a removed catalog leaves a tombstone", &c::a_removed_catalog_leaves_a_tombstone<trial>);
  add("a removed catalog can be written again", &c::a_removed_catalog_can_be_written_again<trial>);
  add("a removed catalog leaks nothing", &c::a_removed_catalog_leaks_nothing<trial>);
  add("invalid arguments change nothing", &c::invalid_arguments_change_nothing<trial>);
  add("refusals change nothing", &c::refusals_change_nothing<trial>);
  add("an unknown catalog is nothing", &c::an_unknown_catalog_is_nothing<trial>);
  add("a lost control record is healed", &c::a_lost_control_record_is_healed<trial>);
  add("lost members and snapshots are noticed", &c::lost_members_and_snapshots_are_noticed<trial>);

  add("a dead writer blocks for at most one timeout", &c::a_dead_writer_blocks_for_one_timeout<trial>);
  add("the clock may jump anywhere", &c::clocks_may_jump_anywhere<trial>);
  add("meta merges in id order", &c::meta_merges_in_id_order<trial>);
  add("files point to their newest object", &c::files_point_to_their_newest_object<trial>);
  add("late files are fenced", &c::late_files_are_fenced<trial>);
  add("samples keep the larger score", &c::samples_keep_the_larger<trial>);
  add("the marker is set once", &c::the_marker_is_set_once<trial>);
  add("copies share, catalogs do not", &c::copies_share_and_catalogs_do_not<trial>);
  add("enumeration shows the catalogs in use", &c::enumeration_shows_catalogs_in_use<trial, Index>);
  add("batches equal single calls", &c::batches_equal_single_calls<trial, Index>);
  return cases;
}

}  // namespace lake::inline v0::inline LAKE_DETAIL_ABI::testing

#endif  // LAKE_TESTING_INDEX_CONTRACT_HPP
