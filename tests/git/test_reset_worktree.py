"""A worktree moves to another commit, and what lay in it is kept."""

from pathlib import Path

import pytest

from ropewalk.errors import WorktreeError
from ropewalk.git.repository import Place
from ropewalk.git.worktree import (
    add_worktree,
    read_head,
    reset_worktree,
)
from tests.conftest import RunGit


@pytest.fixture
def head(repository: Path, git: RunGit) -> str:
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def path(repository: Path) -> Path:
    return repository / ".worktrees" / "shop" / "api"


def never(path: Path) -> bool:
    return False


def always(path: Path) -> bool:
    return True


def test_a_reset_worktree_holds_exactly_the_commit_and_what_lay_there_is_kept(
    place: Place, repository: Path, path: Path, head: str, git: RunGit
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    (path / "README.md").write_text("changed")
    (path / "new.txt").write_text("new")
    (path / "web" / "app.js").unlink()
    git(path, "commit", "-q", "-a", "-m", "work")
    (path / "api" / "routes.py").write_text("uncommitted")

    kept = reset_worktree(place, path, head)

    assert git(path, "status", "--porcelain") == ""
    assert read_head(place, path) == head
    assert not (path / "new.txt").exists()
    assert (path / "web" / "app.js").is_file()
    assert kept is not None
    assert git(repository, "show", f"{kept}:new.txt") == "new"
    assert git(repository, "show", f"{kept}:api/routes.py") == "uncommitted"
    assert kept in git(repository, "for-each-ref", "refs/ropewalk/shop/backup/api/")


def test_a_reset_forward_keeps_no_needless_copy(
    place: Place, repository: Path, path: Path, head: str, git: RunGit
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    git(repository, "commit", "-q", "--allow-empty", "-m", "later")
    later = git(repository, "rev-parse", "HEAD")

    kept = reset_worktree(place, path, later)

    assert kept is None
    assert read_head(place, path) == later


def test_a_reset_spares_ignored_files_and_moves_aside_what_is_in_its_way(
    place: Place, repository: Path, path: Path, head: str, git: RunGit
) -> None:
    (repository / "made.log").write_text("from the commit")
    git(repository, "add", "made.log")
    git(repository, "commit", "-qm", "a log")
    later = git(repository, "rev-parse", "HEAD")
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\n")
    add_worktree(place, path, head, reason="ropewalk shop/api")
    (path / "made.log").write_text("precious")
    (path / "other.log").write_text("stays")

    reset_worktree(place, path, later)

    assert (path / "made.log").read_text() == "from the commit"
    assert (path / "other.log").read_text() == "stays"
    aside = next(path.parent.glob(".kept-api-*"))
    assert (aside / "made.log").read_text() == "precious"


def test_a_reset_moves_a_repository_inside_aside(
    place: Place, path: Path, head: str, git: RunGit
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    nested = path / "inner"
    git(path, "init", "-q", str(nested))
    git(nested, "commit", "-q", "--allow-empty", "-m", "inside")
    commit = git(nested, "rev-parse", "HEAD")

    reset_worktree(place, path, head)

    assert not nested.exists()
    aside = next(path.parent.glob(".kept-api-*")) / "inner"
    assert git(aside, "rev-parse", "HEAD") == commit


def test_a_worktree_for_checks_is_emptied_without_a_copy(
    place: Place, repository: Path, path: Path, head: str, git: RunGit
) -> None:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\nkept*/\n")
    add_worktree(place, path, head, reason="ropewalk shop/_check-1")
    (path / "junk.txt").write_text("junk")
    (path / "junk.log").write_text("junk")
    (path / "kept [1]").mkdir()
    (path / "kept [1]" / "it").write_text("set up")
    git(path, "init", "-q", "inner")
    (path / "README.md").write_text("junk")

    kept = reset_worktree(place, path, head, discard=True, ignored=True, keep=("kept [1]",))

    assert kept is None
    assert git(path, "status", "--porcelain") == ""
    assert sorted(p.name for p in path.iterdir()) == [
        *(".git", "README.md", "api", "db", "docs", "kept [1]", "tests", "web")
    ]
    assert git(repository, "for-each-ref", "refs/ropewalk/") == ""


def test_a_reset_runs_nothing_that_was_configured_in_the_worktree(
    place: Place, repository: Path, path: Path, head: str, git: RunGit, tmp_path: Path
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    mark = tmp_path / "ran"
    for key in ("filter.x.smudge", "filter.x.clean", "core.fsmonitor"):
        git(repository, "config", key, f"touch {mark}; cat")
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
    (path / "README.md").write_text("changed")

    reset_worktree(place, path, head)

    assert not mark.exists()
    assert (path / "README.md").read_text() == (repository / "README.md").read_text()


def test_what_cannot_be_read_is_not_replaced(place: Place, path: Path, head: str) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    (path / "inner" / ".git").mkdir(parents=True)
    (path / "inner" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (path / "inner" / ".git" / "objects").mkdir()
    (path / "inner" / ".git" / "refs").mkdir()

    with pytest.raises(WorktreeError, match="not everything"):
        reset_worktree(place, path, head)

    assert (path / "inner" / ".git" / "HEAD").exists()
