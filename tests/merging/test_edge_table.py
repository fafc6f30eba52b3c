"""Which test shows which of the 35 rare situations of a merge; none is left out.

1 a branch that is unknown · 2 a tag of the name of a branch · 3 a branch that looks like an
option · 4 unrelated histories, shallow clone · 5 a missing blob, partial clone · 6 a tree instead
of a commit · 7 a git directory that cannot be written or is somebody else's · 8 SHA-256 · 9 two
merge bases · 10 nothing to merge · 11 an orphan · 12 the target moves · 13 a lock that stays · 14 a
veto · 15 the person is in the middle of a merge · 16 an ignored file in the way · 17 a worktree
deleted by hand · 18 work that was left uncommitted · 19 a detached worktree · 20 line ends · 21
neighbouring lines, no newline at the end · 22 union · 23 names of any bytes · 24 words behind the
last record · 25 a conflict without a path · 26 drivers that fail · 27 leaked variables · 28
replaced objects · 29 a full disk, another device · 30 no identity, no key · 31 types and cases that
clash · 32 deleted here, moved there · 33 cycles, unknown domains · 34 killed anywhere · 35 never
quiet.
"""

from collections.abc import Mapping
from types import ModuleType

from tests.git import (
    test_command,
    test_merge_answers,
    test_merge_kinds,
    test_merge_tree,
    test_refs,
    test_repository_state,
    test_signing,
    test_snapshot,
)
from tests.hazards import test_kill_everywhere
from tests.merging import (
    test_conflict_described,
    test_conflicts,
    test_edge_cases,
    test_landing,
    test_landing_checkouts,
    test_moved_target,
    test_order,
    test_recovery,
    test_regions,
    test_train,
    test_workbench,
)
from tests.merging.resolve import test_drivers
from tests.phases import test_live_matrix
from tests.stories import (
    test_bad_repositories,
    test_refused_landings,
)

TABLE: Mapping[ModuleType, Mapping[str, set[int]]] = {
    test_command: {
        "test_a_lock_that_stays_is_an_error_and_stays": {13},
        "test_leaked_variables_do_not_redirect_a_call": {27},
        "test_replace_refs_are_not_followed": {28},
    },
    test_merge_answers: {
        "test_an_empty_answer_is_an_error": {1},
        "test_text_behind_the_last_record_is_kept_apart": {24},
        "test_a_conflict_without_any_path_is_still_a_conflict": {25},
        "test_git_is_never_asked_to_be_quiet_about_a_merge": {35},
    },
    test_merge_kinds: {
        "test_every_kind_of_conflict_is_told_by_its_stages": {24, 31},
    },
    test_merge_tree: {
        "test_an_operand_that_is_no_commit_is_an_error_and_no_conflict": {1, 6},
        "test_unrelated_histories_are_an_error": {4},
        "test_a_missing_blob_is_an_error_and_no_conflict": {5},
        "test_a_sha256_repository_merges": {8},
        "test_two_merge_bases_are_merged_first": {9},
        "test_an_ancestor_changes_nothing": {10},
        "test_any_name_is_read_as_it_is": {23},
    },
    test_refs: {
        "test_a_branch_wins_over_a_tag_of_the_same_name": {2},
        "test_a_branch_that_looks_like_an_option_is_a_branch": {3},
        "test_one_moved_ref_stops_the_whole_transaction": {12},
        "test_a_veto_of_the_persons_hook_is_an_error_and_moves_nothing": {14},
    },
    test_repository_state: {
        "test_a_shallow_clone_is_noted": {4},
        "test_a_partial_clone_is_noted": {5},
    },
    test_signing: {
        "test_a_key_that_is_not_there_is_named": {30},
    },
    test_snapshot: {
        "test_a_deleted_worktree_is_an_error": {17},
        "test_changed_new_deleted_and_staged_files_are_taken_and_ignored_ones_not": {18},
        "test_a_repository_inside_becomes_a_flagged_link": {18},
        "test_a_repository_inside_without_a_commit_makes_it_partial": {18},
        "test_conflict_markers_of_a_merge_under_way_are_flagged": {18},
        "test_a_clean_worktree_is_its_head": {19},
    },
    test_kill_everywhere: {
        "test_a_sample_of_kills_ends_like_the_uncut_run": {34},
    },
    test_drivers: {
        "test_a_driver_that_fails_hangs_or_is_missing_offers_nothing": {26},
    },
    test_conflict_described: {
        "test_line_ends_alone_are_told_from_a_real_conflict": {20},
        "test_with_text_auto_in_the_target_line_ends_do_not_conflict": {20},
        "test_a_union_driver_that_brings_deleted_lines_back_is_listed": {22},
        "test_a_conflict_that_leaves_no_path_in_the_index_is_one_and_says_why": {25},
        "test_a_conflict_that_names_no_path_at_all_is_still_described": {25},
    },
    test_conflicts: {
        "test_a_failure_of_git_is_no_conflict": {5},
        "test_names_that_are_no_utf8_survive": {23},
        "test_a_merge_driver_of_the_configuration_is_not_run": {26},
        "test_every_kind_of_conflict_is_reported_and_nothing_lands": {32},
    },
    test_edge_cases: {
        "test_a_target_beyond_the_boundary_of_a_shallow_clone_is_named_as_that": {4},
        "test_lines_next_to_each_other_conflict_for_git_and_have_a_candidate": {21},
        "test_objects_in_quarantine_on_another_device_are_brought_home": {29},
    },
    test_landing: {
        "test_a_train_whose_target_moved_since_is_refused": {12},
        "test_a_veto_of_the_reference_transaction_hook_refuses": {14},
        "test_a_merge_in_progress_refuses": {15},
        "test_an_ignored_file_in_the_way_refuses": {16},
        "test_an_ignored_folder_where_a_file_comes_refuses": {16},
    },
    test_landing_checkouts: {
        "test_what_the_person_has_begun_refuses": {15},
    },
    test_moved_target: {
        "test_the_train_is_built_again_on_a_target_that_went_forward": {12},
    },
    test_order: {
        "test_a_cycle_names_those_in_it": {33},
    },
    test_recovery: {
        "test_a_lock_from_before_the_landing_is_not_removed": {13},
        "test_a_kill_while_git_writes_files_is_healed": {34},
    },
    test_regions: {
        "test_a_missing_line_end_at_the_end_of_the_file": {21},
    },
    test_train: {
        "test_a_domain_without_commits_has_nothing_to_merge": {10},
        "test_a_head_without_common_history_is_left_out": {11},
        "test_an_unknown_domain_in_an_option_is_refused": {33},
        "test_a_failed_domain_cannot_be_included": {33},
    },
    test_workbench: {
        "test_a_conflict_in_a_sha256_repository_can_be_resolved": {8},
    },
    test_live_matrix: {
        "test_the_last_known_commit_counts_for_a_worktree_that_vanished": {17},
    },
    test_bad_repositories: {
        "test_a_git_directory_that_cannot_be_written_to_is_refused": {7},
        "test_a_repository_that_cannot_be_worked_on_is_refused_and_stays_as_it_was": {7},
        "test_nobody_to_sign_is_refused_up_front_and_a_configured_author_is_enough": {30},
    },
    test_refused_landings: {
        "test_a_target_that_moved_after_the_train_was_built_is_not_overwritten": {12},
        "test_landing_is_refused_names_what_is_in_its_way_and_leaves_it": {13},
        "test_a_full_disk_stops_a_run_before_anything_is_made": {29},
        "test_files_whose_names_differ_in_case_only_are_a_conflict": {31},
    },
}


def test_every_case_is_shown_by_a_test_that_exists() -> None:
    shown = {
        case
        for module, tests in TABLE.items()
        for name, cases in tests.items()
        if name.startswith("test_") and callable(getattr(module, name))
        for case in cases
    }

    assert shown == set(range(1, 36))
