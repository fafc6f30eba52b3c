"""What an agent did not commit is committed for it, and its worktree settles there."""

from pathlib import Path

import pytest

from ropewalk.errors import WorktreeError
from ropewalk.git.command import Identity
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import (
    commit_leftovers,
    read_head,
    settle,
)
from ropewalk.git.worktree import add_worktree, admin_dir
from tests.conftest import RunGit

AUTHOR = Identity(name="Agent", email="agent@example.invalid", date="1700000000 +0000")
COMMITTER = Identity(name="Rope", email="rope@example.invalid", date="1700000000 +0000")


@pytest.fixture
def worktree(place: Place, repository: Path, git: RunGit) -> Path:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\n")
    path = repository / ".worktrees" / "shop" / "api"
    add_worktree(place, path, git(repository, "rev-parse", "HEAD"), reason="ropewalk shop/api")
    return path


def test_leftovers_become_a_commit_on_top_of_head(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    (worktree / "new.txt").write_text("new\n")
    head = read_head(place, worktree)

    commit = commit_leftovers(
        place, worktree, message="Left over\n\nDomain: api\n", author=AUTHOR, committer=COMMITTER
    )

    assert commit is not None
    told = git(repository, "log", "-1", "--format=%P|%an|%cn|%s|%(trailers)", commit).strip()
    assert told == f"{head}|Agent|Rope|Left over|Domain: api"
    assert read_head(place, worktree) == head


def test_without_leftovers_there_is_no_commit(place: Place, worktree: Path) -> None:
    commit = commit_leftovers(
        place, worktree, message="nothing", author=AUTHOR, committer=COMMITTER
    )

    assert commit is None


def test_leftovers_on_an_unreadable_head_are_refused(place: Place, worktree: Path) -> None:
    (admin_dir(place, worktree) / "HEAD").unlink()

    with pytest.raises(WorktreeError, match="cannot be read"):
        commit_leftovers(place, worktree, message="x", author=AUTHOR, committer=COMMITTER)


def test_settling_moves_head_and_index_and_no_file(
    place: Place, worktree: Path, git: RunGit
) -> None:
    git(worktree, "checkout", "-q", "-b", "topic")
    (worktree / "new.txt").write_text("new\n")
    (worktree / "README.md").write_text("changed\n")
    commit = commit_leftovers(place, worktree, message="x", author=AUTHOR, committer=COMMITTER)
    assert commit is not None
    times = (worktree / "new.txt").stat().st_mtime_ns

    settle(place, worktree, commit)

    assert read_head(place, worktree) == commit
    assert git(worktree, "status", "--porcelain") == ""
    assert git(worktree, "branch", "--show-current") == ""
    assert (worktree / "new.txt").stat().st_mtime_ns == times


def test_settling_replaces_a_trap_in_the_place_of_head(
    place: Place, worktree: Path, git: RunGit
) -> None:
    commit = git(worktree, "rev-parse", "HEAD")
    head = admin_dir(place, worktree) / "HEAD"
    head.unlink()
    head.symlink_to("/dev/zero")

    with pytest.raises(WorktreeError, match="damaged"):
        settle(place, worktree, commit)

    head.unlink()
    head.write_text("garbage\n")
    settle(place, worktree, commit)
    assert git(worktree, "status", "--porcelain") == ""


def test_settling_waits_for_another_git_and_then_says_so(
    place: Place, worktree: Path, git: RunGit
) -> None:
    lock = admin_dir(place, worktree) / "index.lock"
    lock.touch()

    with pytest.raises(WorktreeError, match="another git is at work"):
        settle(place, worktree, git(worktree, "rev-parse", "HEAD"))

    assert lock.exists()
