"""Which files changed together, from real histories."""

from pathlib import Path

import pytest

from ropewalk.git.co_change import read_co_change
from ropewalk.git.own import own_context
from ropewalk.git.repository import find_place
from tests.conftest import RunGit


def commit(git: RunGit, root: Path, *paths: str) -> str:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with (root / path).open("a") as file:
            file.write("x\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=change")
    return git(root, "rev-parse", "HEAD")


def test_files_that_changed_together_twice_are_found_most_often_first(
    repository: Path, git: RunGit
) -> None:
    for _ in range(3):
        commit(git, repository, "a.py", "b.py")
    for _ in range(2):
        commit(git, repository, "a.py", "odd \u00e9 name.py")
    commit(git, repository, "a.py", "once.py")
    last = commit(git, repository, *(f"many/{number}" for number in range(40)))

    found = read_co_change(own_context(find_place(repository)), last)

    assert found == {
        "a.py": ("b.py", "odd \u00e9 name.py"),
        "b.py": ("a.py",),
        "odd \u00e9 name.py": ("a.py",),
    }


@pytest.mark.parametrize("depth", [1, 2])
def test_a_history_that_was_cut_short_says_what_is_left_of_it(
    repository: Path, git: RunGit, tmp_path: Path, depth: int
) -> None:
    commit(git, repository, "a.py", "b.py")
    last = commit(git, repository, "a.py", "b.py")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", f"--depth={depth}", f"file://{repository}", str(shallow))

    found = read_co_change(own_context(find_place(shallow)), last)

    assert set(found) <= {"a.py", "b.py"}


def test_a_commit_that_is_not_there_has_no_past(repository: Path) -> None:
    assert read_co_change(own_context(find_place(repository)), "1" * 40) == {}
