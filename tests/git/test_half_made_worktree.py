"""What a killed coordinator or a failed creation left is taken away, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.errors import WorktreeError
from ropewalk.git.repository import Place
from ropewalk.git.worktree import (
    WorktreeRequest,
    add_worktree,
    add_worktrees,
    discard_new_worktree,
    list_worktrees,
)
from tests.conftest import RunGit

MAKE_MANY = """
import sys
import time
from pathlib import Path
from ropewalk.git.repository import find_place
from ropewalk.git.worktree import WorktreeRequest, add_worktrees
place = find_place(Path(sys.argv[1]))
requests = [
    WorktreeRequest(path=place.top / ".worktrees" / sys.argv[3] / f"d{n}", commit=sys.argv[2],
                    reason=f"ropewalk {sys.argv[3]}/d{n}")
    for n in range(int(sys.argv[4]))
]
add_worktrees(place, requests, jobs=len(requests))
"""


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


def test_discarding_what_was_never_made_is_no_error(place: Place, path: Path) -> None:
    assert discard_new_worktree(place, path, is_ours=never) is None


def test_an_untouched_new_worktree_is_discarded(place: Place, path: Path, head: str) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")

    kept = discard_new_worktree(place, path, is_ours=always)

    assert kept is None
    assert list(path.parent.iterdir()) == []
    assert list_worktrees(place) == ()


def test_a_worktree_that_is_not_ours_is_not_discarded(place: Place, path: Path, head: str) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")

    with pytest.raises(WorktreeError, match="not made by this run"):
        discard_new_worktree(place, path, is_ours=never)

    assert (path / "README.md").is_file()


@pytest.mark.parametrize("what", ["changed", "new", "commit", "index gone"])
def test_a_new_worktree_with_something_in_it_is_put_aside(
    place: Place, path: Path, head: str, git: RunGit, what: str
) -> None:
    admin = add_worktree(place, path, head, reason="ropewalk shop/api").admin
    match what:
        case "changed":
            (path / "README.md").write_text("mine")
        case "new":
            (path / "mine.txt").write_text("mine")
        case "commit":
            git(path, "commit", "-q", "--allow-empty", "-m", "mine")
        case _:
            (admin / "commondir").unlink()

    kept = discard_new_worktree(place, path, is_ours=always)

    assert kept is not None
    assert (kept / "README.md").is_file()
    assert not path.exists()
    assert list_worktrees(place) == ()


def test_a_worktree_killed_before_it_was_filled_is_discarded(
    place: Place, path: Path, head: str, git: RunGit
) -> None:
    git(
        place.top,
        *("worktree", "add", "-q", "--detach", "--lock", "--reason", "ropewalk shop/api"),
        *("--no-checkout", str(path), head),
    )

    kept = discard_new_worktree(place, path, is_ours=always)

    assert kept is None
    assert not path.exists()
    assert list_worktrees(place) == ()


@pytest.mark.parametrize("delay_s", [0.0, 0.01, 0.02, 0.04, 0.08, 0.16])
def test_after_a_kill_the_same_worktrees_can_be_made_again(
    place: Place, repository: Path, head: str, delay_s: float
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", MAKE_MANY, repository, head, "one", "6"], process_group=0
    )
    root = repository / ".worktrees" / "one"
    while process.poll() is None and not root.exists():
        time.sleep(0.001)
    time.sleep(delay_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # The git that was running then goes on for a moment: it has a session of its own.
    time.sleep(0.5)
    paths = [root / f"d{number}" for number in range(6)]

    for path in paths:
        discard_new_worktree(place, path, is_ours=lambda other: other in paths)
    entries = add_worktrees(
        place,
        [WorktreeRequest(path=path, commit=head, reason="ropewalk one") for path in paths],
        is_ours=lambda other: other in paths,
    )

    assert [entry.head for entry in entries] == [head] * 6
    assert all((path / "web" / "index.html").is_file() for path in paths)


def test_a_discard_waits_for_a_program_that_still_fills_the_worktree(
    place: Place, path: Path, head: str
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")

    with subprocess.Popen(["sleep", "0.4"], cwd=path) as program:
        kept = discard_new_worktree(place, path, is_ours=always)
        ended = program.poll()

    assert ended == 0
    assert kept is None
    assert not path.exists()


def test_a_registration_whose_folder_never_came_is_discarded(
    place: Place, path: Path, head: str
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    path.rename(path.with_name("moved"))

    kept = discard_new_worktree(place, path, is_ours=always)

    assert kept is None
    assert list_worktrees(place) == ()


def half_made(place: Place, name: str, *, files: dict[str, str]) -> Path:
    admin = place.common_dir / "worktrees" / name
    admin.mkdir(parents=True)
    for file, text in files.items():
        (admin / file).write_text(text)
    return admin


@pytest.mark.parametrize("files", [{}, {"locked": "ropewalk shop/db"}, {"commondir": ""}])
def test_a_half_made_registration_of_ours_is_repaired(
    place: Place, path: Path, head: str, git: RunGit, files: dict[str, str]
) -> None:
    admin = half_made(place, "db", files=files)

    add_worktree(place, path, head, reason="ropewalk shop/api", is_ours=always)

    assert not admin.exists()
    assert len(git(place.top, "worktree", "list").splitlines()) == 2


@pytest.mark.parametrize("locked", [None, "by me"])
def test_a_half_made_registration_of_somebody_else_is_named_and_left(
    place: Place, path: Path, head: str, locked: str | None
) -> None:
    files = {"commondir": ""} | ({"locked": locked} if locked else {})
    admin = half_made(place, "theirs", files=files)
    is_ours: Callable[[Path], bool] = always if locked else never

    with pytest.raises(WorktreeError, match="half made"):
        add_worktree(place, path, head, reason="ropewalk shop/api", is_ours=is_ours)

    assert admin.exists()
    assert not path.exists()
