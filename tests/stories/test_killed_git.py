"""A git process of a verb is killed; the verb stops, and resume brings it to its end."""

import os
import shutil
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.model.merge import MergeReport, MergeStatus
from ropewalk.model.plan import Mode
from tests.conftest import RunGit
from tests.harness import Epic
from tests.stories.shell import ropewalk

PLAN = """
epic_id: cut
domains:
  - {name: a, new_files: [a.txt], command: "echo a > a.txt"}
  - {name: b, new_files: [b.txt], command: "echo b > b.txt"}
validation: ["test -s a.txt"]
"""


@pytest.fixture
def ran(epic: Epic) -> Epic:
    epic.plan(PLAN)
    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    return epic


def deadly_path(folder: Path, command: str) -> dict[str, str]:
    """Return an environment in which git kills itself when it is told ``command``."""
    folder.mkdir()
    script = folder / "git"
    git = shutil.which("git")
    script.write_text(
        f'#!/bin/sh\ncase " $* " in *"{command}"*) kill -KILL $$;; esac\nexec {git} "$@"\n'
    )
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def finish(epic: Epic) -> MergeReport:
    answer = epic.resume()
    assert isinstance(answer.document, MergeReport)
    return answer.document


@pytest.mark.parametrize("command", [" update-ref ", " worktree add ", " merge --ff-only "])
def test_a_merge_whose_git_was_killed_is_finished_by_resume(
    ran: Epic, tmp_path: Path, command: str
) -> None:
    (ran.repository / "mine.txt").write_text("mine\n")

    killed = ropewalk(ran.repository, "merge", "cut", env=deadly_path(tmp_path / "bin", command))
    report = finish(ran)

    assert (killed.code, "ropewalk resume cut" in killed.stderr) == (130, True)
    assert report.status is MergeStatus.LANDED
    assert (ran.repository / "a.txt").read_text() == "a\n"
    assert (ran.repository / "mine.txt").read_text() == "mine\n"


def test_a_landing_and_an_undo_whose_git_was_killed_are_finished_by_resume(
    ran: Epic, tmp_path: Path, git: RunGit
) -> None:
    base = git(ran.repository, "rev-parse", "main")
    ran.merge(api.MergeOptions(land=False))

    landing = ropewalk(
        ran.repository, "land", "cut", env=deadly_path(tmp_path / "land", " merge --ff-only ")
    )
    landed = finish(ran)
    undoing = ropewalk(
        ran.repository, "undo", "cut", env=deadly_path(tmp_path / "undo", " read-tree -m -u ")
    )
    undone = finish(ran)

    assert [one.code for one in (landing, undoing)] == [1, 1]
    assert all("hint: ropewalk resume cut" in one.stderr for one in (landing, undoing))
    assert (landed.status, undone.status) == (MergeStatus.LANDED, MergeStatus.UNDONE)
    assert git(ran.repository, "rev-parse", "main") == base
    assert git(ran.repository, "status", "--porcelain") == ""
