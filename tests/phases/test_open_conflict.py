"""A conflict that is at a person: going on, giving up, and standing in the wrong place."""

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.errors import InvalidInput, LandingRefused, WrongPhase
from ropewalk.model.merge import MergeStatus, OnConflict
from ropewalk.model.plan import Mode
from tests.conftest import RunGit
from tests.harness import Epic

STOP = api.MergeOptions(on_conflict=OnConflict.STOP, resolve=api.Resolve.OFF)
GO_ON = api.MergeOptions(proceed=True)


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
