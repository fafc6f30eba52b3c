"""What was removed or landed can be taken back, also after a kill or a later merge."""

import json
import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.errors import StorageError, WrongPhase
from ropewalk.git.refs import epic_ref
from ropewalk.git.trash import save_worktree
from ropewalk.model.merge import MergeStatus, OnConflict
from ropewalk.model.plan import Mode
from tests.conftest import run_git
from tests.harness import Epic
from tests.stories.shell import ARGV, ropewalk

NEW_FILE = "echo $ROPEWALK_DOMAIN > n; echo kept > secret.log"
PLAN = json.dumps(
    {
        "epic_id": "back",
        "domains": [
            {"name": "one", "new_files": ["n"], "command": NEW_FILE},
            {"name": "two", "new_files": ["n"], "command": NEW_FILE},
        ],
        "validation": ["test -s n"],
    }
)


@pytest.fixture
def finished(epic: Epic) -> Epic:
    with (epic.repository / ".git" / "info" / "exclude").open("a") as excludes:
        excludes.write("*.log\n")
    epic.plan(PLAN)
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    return epic


def kill_after_renaming(epic: Epic, domain: str) -> Path:
    """Leave what a coordinator leaves that is killed right after it renamed a saved worktree."""
    worktree = epic.worktree(domain)
    aside = worktree.with_name(f".removing-{domain}")
    request_and_removal = 2
    seq = epic.state.last_seq + request_and_removal
    env = {**os.environ, "ROPEWALK_FAILPOINT": str(seq)}
    ended = ropewalk(epic.repository, "--yes", "clean", "back", "--unmerged", env=env)
    assert ended.code == -9
    name = next(one.name for one in epic.state.domains.values() if one.removing)
    assert name == domain
    ref = epic.state.domains[domain].removing
    assert ref is not None
    save_worktree(epic.workspace.place, worktree, ref)
    worktree.rename(aside)
    return aside


def removing_first(epic: Epic) -> None:
    """Leave only the worktree of the first domain, so that the kill is sure to hit it."""
    api.clean(epic.workspace, "back", unmerged=True, yes=True)
    api.restore(epic.workspace, "back", ["one"])


def test_a_worktree_whose_removal_was_killed_can_be_restored(finished: Epic) -> None:
    removing_first(finished)
    aside = kill_after_renaming(finished, "one")

    api.restore(finished.workspace, "back", ["one"])

    assert (finished.worktree("one") / "secret.log").read_text() == "kept\n"
    assert not aside.exists()


def test_cleaning_again_after_a_kill_finishes_the_removal_and_it_stays_restorable(
    finished: Epic,
) -> None:
    removing_first(finished)
    aside = kill_after_renaming(finished, "one")
    again = ropewalk(finished.repository, "--yes", "clean", "back", "--unmerged")
    is_left = aside.exists()

    api.restore(finished.workspace, "back", [])

    assert again.code == 0
    assert not is_left
    assert (finished.worktree("one") / "secret.log").read_text() == "kept\n"
    assert (finished.worktree("two") / "secret.log").read_text() == "kept\n"


def test_a_worktree_deleted_by_hand_is_not_said_to_be_restorable(finished: Epic) -> None:
    removing_first(finished)
    run_git(finished.repository, "worktree", "unlock", str(finished.worktree("one")))
    run_git(finished.repository, "worktree", "remove", "--force", str(finished.worktree("one")))

    with pytest.raises(WrongPhase, match="nothing of 'back' was removed"):
        api.restore(finished.workspace, "back", ["one"])


def test_an_aborted_merge_does_not_hide_the_landing_before_it_from_undo(finished: Epic) -> None:
    before = run_git(finished.repository, "rev-parse", "main")
    as_git_says = api.MergeOptions(resolve=api.Resolve.OFF)
    landed = finished.merge(replace(as_git_says, on_conflict=OnConflict.PARK))
    conflict = finished.merge(as_git_says)

    api.undo(finished.workspace, "back")

    assert (landed.status, conflict.status) == (MergeStatus.LANDED, MergeStatus.CONFLICT)
    assert run_git(finished.repository, "rev-parse", "main") == before
    assert all(one.merged is None for one in finished.state.domains.values())


def test_a_damaged_journal_is_said_to_be_damaged_not_that_nothing_was_run(finished: Epic) -> None:
    run = api.require_run(finished.workspace, "back")
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join((*lines[:4], b"garbage\n", *lines[5:])))

    with pytest.raises(StorageError, match="line 5 of the journal") as caught:
        api.require_run(finished.workspace, "back")

    assert caught.value.code == "journal_damaged"
    assert run_git(finished.repository, "for-each-ref", epic_ref("back", "head"))


@pytest.mark.parametrize("where", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_defect(finished: Epic, where: str) -> None:
    line = f"exec {shlex.join((*ARGV, '-C', str(finished.repository), 'status'))} {where}"

    ended = subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60, check=False)

    assert ended.returncode == 0
    assert b"defect" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_answer_that_finds_no_room_is_said_to_be_that(
    finished: Epic, options: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*ARGV, "-C", str(finished.repository), *options, "results", "back"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 1
    assert ended.stderr == b"error: the answer could not be written: the disk is full\n"
