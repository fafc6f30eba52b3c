"""Which test stands for which row of the tables of bad input; no row is left out."""

from collections.abc import Mapping
from types import ModuleType

from tests.stories import (
    test_bad_plans,
    test_bad_repositories,
    test_bad_results,
    test_refused_landings,
    test_strange_agents,
)

PLANS: Mapping[str, set[int]] = {
    "test_a_plan_that_cannot_be_used_is_refused_in_its_own_words_and_changes_nothing": {
        case.row for case in test_bad_plans.REFUSED.values()
    },
    "test_a_branch_where_the_branches_of_the_epic_would_go_is_named_and_stays": {11},
    "test_a_path_through_a_link_that_leaves_the_repository_is_refused": {17},
    "test_a_pattern_that_matches_nothing_is_a_warning": {19},
    "test_files_claimed_twice_are_reported_and_merge_in_the_order_of_dependencies": {19, 20},
    "test_a_chain_of_ten_thousand_domains_is_planned": {23},
    "test_words_that_older_yaml_takes_for_other_things_are_names": {28},
    "test_a_plan_that_was_changed_since_it_was_made_is_not_run": {31},
    "test_file_names_that_mean_something_elsewhere_are_only_names": {32},
}
REPOSITORIES: Mapping[str, set[int]] = {
    "test_a_repository_that_cannot_be_worked_on_is_refused_and_stays_as_it_was": {35, 36, 48},
    "test_a_git_directory_that_cannot_be_written_to_is_refused": {50},
    "test_nobody_to_sign_is_refused_up_front_and_a_configured_author_is_enough": {45},
    "test_a_folder_or_branch_of_our_name_is_named_never_used_and_never_deleted": {56},
    "test_an_odd_repository_is_worked_on_and_what_is_odd_is_said": {
        case.row for case in test_bad_repositories.WORKS.values()
    },
    "test_a_signature_that_cannot_be_made_stops_the_merge_with_nothing_half_done": {46},
    "test_hooks_that_forbid_the_merge_refuse_landing_and_can_be_left_out": {47},
    "test_a_bare_repository_is_worked_on_and_its_train_is_built_but_does_not_land": {37},
    "test_without_a_branch_checked_out_landing_needs_one_to_be_named": {38},
    "test_a_branch_that_was_deleted_since_is_still_the_base": {54},
    "test_a_half_made_worktree_of_somebody_else_is_named_and_stays": {52},
}
LANDINGS: Mapping[str, set[int]] = {
    "test_landing_is_refused_names_what_is_in_its_way_and_leaves_it": {
        way.row for way in test_refused_landings.WAYS.values()
    },
    "test_changes_of_other_files_do_not_stand_in_the_way_and_stay": {39},
    "test_a_target_that_moved_during_the_run_is_merged_upon_never_overwritten": {53},
    "test_a_target_that_moved_after_the_train_was_built_is_not_overwritten": {53},
    "test_a_full_disk_stops_a_run_before_anything_is_made": {55},
    "test_files_whose_names_differ_in_case_only_are_a_conflict": {58},
}
RESULTS: Mapping[str, set[int]] = {
    "test_no_account_of_an_agent_stops_the_run_or_counts_for_more_than_git": {
        case.row for case in {**test_bad_results.REFUSED, **test_bad_results.TAKEN}.values()
    },
    "test_what_was_taken_in_is_not_read_again": {70},
}
AGENTS: Mapping[str, set[int]] = {
    "test_a_strange_agent_is_marked_and_its_work_is_pinned": {
        case.row for case in test_strange_agents.CASES.values()
    },
}
TABLES: Mapping[ModuleType, Mapping[str, set[int]]] = {
    test_bad_plans: PLANS,
    test_bad_repositories: REPOSITORIES,
    test_refused_landings: LANDINGS,
    test_bad_results: RESULTS,
    test_strange_agents: AGENTS,
}


def test_every_row_is_covered_by_a_test_that_exists() -> None:
    rows = {
        row
        for module, tests in TABLES.items()
        for name, covered in tests.items()
        if callable(getattr(module, name))
        for row in covered
    }

    assert set(range(1, 71)) <= rows
    assert rows <= set(range(1, 91))
