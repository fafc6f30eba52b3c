"""The disk is asked for room before a worktree is made."""

import shutil
from pathlib import Path

import pytest

from ropewalk.epic.space import LEAST_FREE_BYTES, checkout_bytes, free_bytes, require_space
from ropewalk.errors import WorktreeError
from tests.conftest import RunGit
from tests.harness import Epic


def test_worktrees_that_do_not_fit_are_refused_with_what_is_needed_and_what_there_is(
    epic: Epic, git: RunGit
) -> None:
    (epic.repository / "large.bin").write_bytes(b"\0" * 3_000_000)
    git(epic.repository, "add", "large.bin")
    git(epic.repository, "commit", "-qm", "large")
    commit = git(epic.repository, "rev-parse", "HEAD")
    one = checkout_bytes(epic.workspace, commit)
    enough = 4 * one + LEAST_FREE_BYTES

    require_space(epic.workspace, "shop", commit, worktrees=4, free=enough)
    require_space(epic.workspace, "shop", commit, worktrees=0, free=0)
    require_space(epic.workspace, "shop", commit, worktrees=4)
    with pytest.raises(WorktreeError) as refused:
        require_space(epic.workspace, "shop", commit, worktrees=4, free=enough - 1)
    with pytest.raises(WorktreeError) as alone:
        require_space(epic.workspace, "shop", commit, worktrees=1, free=0)

    assert 3_000_000 < one < 3_200_000
    assert "4 worktrees need about 76 MB, and 75 MB are free on the disk of" in str(refused.value)
    assert "--sequential" in refused.value.hint
    assert "1 worktree needs about 67 MB, and 0 MB are free" in str(alone.value)
    assert "--sequential" not in alone.value.hint


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_the_one_above(
    tmp_path: Path,
) -> None:
    free = free_bytes(tmp_path / "not" / "there")

    assert abs(free - shutil.disk_usage(tmp_path).free) < 10**9
