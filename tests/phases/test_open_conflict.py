"""A conflict that is at a person: going on, giving up, and standing in the wrong place."""

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.errors import InvalidInput, LandingRefused, WrongPhase
from ropewalk.model.merge import MergeReport, MergeStatus, OnConflict
from ropewalk.model.plan import Mode
from tests.conftest import RunGit, run_git
from tests.harness import Epic

STOP = api.MergeOptions(on_conflict=OnConflict.STOP, resolve=api.Resolve.OFF)
GO_ON = api.MergeOptions(proceed=True)
ABORT = api.MergeOptions(abort=True)


@pytest.fixture
def stopped(epic: Epic, git: RunGit) -> Epic:
    """Two domains that clash; what a person made of it is staged."""
    clash = "echo $ROPEWALK_DOMAIN > api/service.py"
    domains = [{"name": name, "files": ["api/**"], "command": clash} for name in ("a", "b")]
    epic.plan(json.dumps({"epic_id": "back", "domains": domains, "validation": ["true"]}))
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    epic.merge(STOP)
    (bench(epic) / "api/service.py").write_text("a and b\n")
    git(bench(epic), "add", "api/service.py")
    return epic


@pytest.fixture
def back() -> Iterator[None]:
    """The working directory is left as it was."""
    before = Path.cwd()
    yield
    os.chdir(before)


def bench(epic: Epic) -> Path:
    return epic.workspace.layout.worktree("back", "_resolve")


@pytest.mark.usefixtures("back")
def test_who_stands_in_the_worktree_of_the_conflict_is_told_where_to_go_on(stopped: Epic) -> None:
    os.chdir(bench(stopped) / "api")
    refused = {}
    for name, options in {
        "--continue": GO_ON,
        "--abort": api.MergeOptions(abort=True),
        "--skip b": api.MergeOptions(skip=("b",)),
    }.items():
        with pytest.raises(WrongPhase, match="you stand in") as caught:
            api.merge(stopped.workspace, "back", options)
        refused[name] = caught.value.hint
    os.chdir(stopped.repository)

    report = stopped.merge(GO_ON)

    go = f"cd {shlex.quote(str(stopped.repository))} && ropewalk merge back"
    assert refused == {name: f"{go} {name}" for name in refused}
    assert report.status is MergeStatus.LANDED
    assert (stopped.repository / "api/service.py").read_text() == "a and b\n"


def test_continue_after_an_undo_does_not_land_again(stopped: Epic, git: RunGit) -> None:
    before = git(stopped.repository, "rev-parse", "main")
    stopped.merge(GO_ON)
    api.undo(stopped.workspace, "back")

    with pytest.raises(WrongPhase, match="no conflict of 'back' is open"):
        stopped.merge(GO_ON)

    assert git(stopped.repository, "rev-parse", "main") == before
    assert stopped.state.request == {}


def test_a_target_that_was_deleted_is_named_with_what_brings_it_back(
    stopped: Epic, git: RunGit
) -> None:
    landed = stopped.merge(GO_ON).target.result
    git(stopped.repository, "checkout", "--quiet", "--detach")
    git(stopped.repository, "branch", "--quiet", "-D", "main")

    with pytest.raises(InvalidInput, match="there is no branch 'main' to land on"):
        stopped.merge()
    with pytest.raises(LandingRefused, match="refs/heads/main is gone since back landed") as lost:
        api.undo(stopped.workspace, "back")
    git(stopped.repository, *lost.value.hint.split("git ", 1)[1].split())

    assert git(stopped.repository, "rev-parse", "main") == landed
    assert api.undo(stopped.workspace, "back").exit_code == 0


def test_a_landing_that_was_taken_back_can_be_resolved_again(stopped: Epic) -> None:
    stopped.merge(GO_ON)
    undone = api.undo(stopped.workspace, "back").document

    opened = stopped.merge(STOP)
    (bench(stopped) / "api/service.py").write_text("another\n")
    run_git(bench(stopped), "add", "api/service.py")
    landed = stopped.merge(GO_ON)

    assert isinstance(undone, MergeReport)
    assert "the landing of 'back' was taken back: main is at " in str(undone.target.reason)
    assert str(undone.target.reason).endswith("; its worktrees stay removed")
    assert undone.next_commands[-1] == "ropewalk restore back"
    assert opened.status is MergeStatus.CONFLICT
    assert landed.status is MergeStatus.LANDED
    assert (stopped.repository / "api/service.py").read_text() == "another\n"


def test_abort_forgets_a_resolution_that_only_was_built_and_says_so_where_all_landed(
    stopped: Epic,
) -> None:
    stopped.merge(replace(GO_ON, land=False))
    aborted = api.merge(stopped.workspace, "back", ABORT).document
    nothing = api.merge(stopped.workspace, "back", ABORT).document
    opened = stopped.merge(replace(STOP, resolve=api.Resolve.VERIFY))
    (bench(stopped) / "api/service.py").write_text("another\n")
    run_git(bench(stopped), "add", "api/service.py")
    landed = stopped.merge(GO_ON)
    with pytest.raises(WrongPhase, match="no merge of 'back' is open: what was merged last has"):
        api.merge(stopped.workspace, "back", ABORT)

    assert isinstance(aborted, MergeReport)
    assert "the built train was dropped; main was and is at " in str(aborted.target.reason)
    assert isinstance(nothing, MergeReport)
    assert str(nothing.target.reason).startswith("no merge was open, and no train was built")
    assert opened.status is MergeStatus.CONFLICT
    assert landed.status is MergeStatus.LANDED


def test_a_resolution_that_fails_is_made_again_by_the_command_that_is_printed(
    stopped: Epic,
) -> None:
    api.merge(stopped.workspace, "back", ABORT)
    checked = replace(STOP, checks=("! grep -q wrong api/service.py",))
    stopped.merge(checked)
    (bench(stopped) / "api/service.py").write_text("wrong\n")
    run_git(bench(stopped), "add", "api/service.py")
    failed = stopped.merge(GO_ON)
    (printed,) = [line for line in failed.next_commands if " && " in line]
    first, _and, second = printed.partition(" && ")

    api.merge(stopped.workspace, "back", ABORT)
    opened = stopped.merge(checked)

    assert failed.status is MergeStatus.VALIDATION_FAILED
    assert first == "ropewalk merge back --abort"
    assert second.endswith(" --resolve off --on-conflict stop")
    assert opened.status is MergeStatus.CONFLICT
    assert "<<<<<<<" in (bench(stopped) / "api/service.py").read_text()
