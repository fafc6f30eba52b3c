"""What can be done with domains whose work landed, was taken back, or whose worktree is gone."""

import json
from collections.abc import Mapping

import pytest

from ropewalk import api
from ropewalk.epic.rounds import open_run
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.git.worktree import add_worktree
from ropewalk.model.merge import MergedDomainStatus, MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus
from ropewalk.model.worktree import WorktreeStatus
from tests.conftest import RunGit
from tests.harness import Epic

APPEND = 'echo line >> "$ROPEWALK_DOMAIN.txt"'


def run_domains(epic: Epic, *domains: Mapping[str, object]) -> None:
    full = [{"new_files": [f"{d['name']}.txt"], "command": APPEND, **d} for d in domains]
    epic.plan(json.dumps({"epic_id": "after", "domains": full, "validation": ["true"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))


def states(epic: Epic) -> dict[str, str]:
    [entry] = api.status(epic.workspace, "after").epics
    return {domain.name: domain.state for domain in entry.domains}


def test_a_domain_that_was_taken_back_is_no_longer_shown_as_merged(epic: Epic) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b"})
    epic.merge()
    landed = states(epic)

    api.undo(epic.workspace, "after")

    assert landed == {"a": "merged", "b": "merged"}
    assert states(epic) == {"a": "success", "b": "success"}
    assert epic.metadata("a").status is WorktreeStatus.REMOVED


def test_a_domain_that_landed_can_be_retried_once_it_was_taken_back(
    epic: Epic, git: RunGit
) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b"})
    epic.merge()
    with pytest.raises(WrongPhase, match="has landed"):
        api.retry(epic.workspace, "after", api.RetryRequest(domain="a"))
    api.undo(epic.workspace, "after")

    api.retry(epic.workspace, "after", api.RetryRequest(domain="a"))

    assert git(epic.repository, "show", f"{epic.result('a').head}:a.txt") == "line\nline"
    assert epic.merge().status is MergeStatus.LANDED
    assert (epic.repository / "a.txt").read_text() == "line\nline\n"


def test_a_merge_after_everything_landed_says_so_and_names_undo(epic: Epic) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b"})
    epic.merge()

    again = epic.merge()

    assert (again.status, again.target.reason) == (MergeStatus.BUILT, "everything has landed")
    assert again.next_commands == ("ropewalk undo after",)
    assert epic.merge(api.MergeOptions(dry_run=True)).next_commands == ("ropewalk undo after",)
    api.undo(epic.workspace, "after")
    assert not (epic.repository / "a.txt").exists()


def test_a_retry_leaves_the_removed_worktrees_of_other_domains_alone(epic: Epic) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b", "command": f"{APPEND}; exit 1"})
    epic.merge()
    assert not epic.worktree("a").exists()

    api.retry(epic.workspace, "after", api.RetryRequest(domain="b", agent_command="echo > b.txt"))

    assert epic.result("b").status is DomainStatus.SUCCESS
    assert not epic.worktree("a").exists()
    assert epic.merge().status is MergeStatus.LANDED
    assert epic.merged("a").status is MergedDomainStatus.NOTHING_TO_MERGE


def test_a_retry_goes_on_with_the_work_of_a_worktree_that_was_cleaned_up(
    epic: Epic, git: RunGit
) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b"})
    api.clean(epic.workspace, "after", unmerged=True, yes=True)
    assert not epic.worktree("a").exists()

    api.retry(epic.workspace, "after", api.RetryRequest(domain="a"))

    assert git(epic.repository, "show", f"{epic.result('a').head}:a.txt") == "line\nline"
    assert not epic.worktree("b").exists()


def test_a_restore_that_was_cut_off_is_made_again(epic: Epic) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b"})
    api.clean(epic.workspace, "after", unmerged=True, yes=True)
    path = epic.worktree("a")
    with open_run(epic.workspace, "after") as (_, coordinator):
        data = {"domain": "a", "path": str(path)}
        coordinator.journal.emit("worktree_restoring", data, sync=True)
        base = coordinator.context.plan.base.commit
        add_worktree(epic.workspace.place, path, base, reason="cut off")

    api.restore(epic.workspace, "after", ["a"])

    assert (path / "a.txt").read_text() == "line\n"


def test_a_restore_leaves_what_somebody_put_in_its_place(epic: Epic) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b"})
    api.clean(epic.workspace, "after", unmerged=True, yes=True)
    epic.worktree("a").mkdir(parents=True)
    (epic.worktree("a") / "foreign").write_text("keep me")

    for _ in range(2):
        with pytest.raises(InvalidInput, match="exists"):
            api.restore(epic.workspace, "after", ["a"])

    assert (epic.worktree("a") / "foreign").read_text() == "keep me"


def test_a_worktree_restored_after_an_undo_counts_as_completed(epic: Epic) -> None:
    run_domains(epic, {"name": "a"}, {"name": "b"})
    epic.merge()
    api.undo(epic.workspace, "after")

    api.restore(epic.workspace, "after", ["a"])

    assert epic.metadata("a").status is WorktreeStatus.COMPLETED
    assert states(epic) == {"a": "success", "b": "success"}
