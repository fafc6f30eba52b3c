from itertools import count
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.history import read_history
from ropewalk.git.repository import Place
from tests.conftest import RunGit

NUMBERS = count()


def commit(git: RunGit, top: Path, *parents: str) -> str:
    tree = git(top, "rev-parse", "HEAD^{tree}")
    options = [option for parent in parents for option in ("-p", parent)]
    return git(top, "commit-tree", *options, "-m", f"number {next(NUMBERS)}", tree)


def test_a_history_holds_what_came_since_the_base_and_no_more(place: Place, git: RunGit) -> None:
    old = git(place.top, "rev-parse", "HEAD")
    base = commit(git, place.top, old)
    left = commit(git, place.top, base)
    right = commit(git, place.top, base, old)
    merged = commit(git, place.top, left, right)
    beside = commit(git, place.top, old)
    alone = commit(git, place.top)

    history = read_history(place.context, base, [merged, beside, alone, base, old])

    assert set(history.parents) == {left, right, merged, beside, alone}
    assert history.since_base(merged) == {left, right, merged}
    assert history.since_base(beside) == {beside}
    assert history.since_base(base) == history.since_base(old) == frozenset()
    assert [history.has_base(tip) for tip in (merged, right, base)] == [True, True, True]
    assert [history.has_base(tip) for tip in (beside, alone, old)] == [False, False, False]


def test_a_tip_that_is_missing_is_an_error(place: Place, git: RunGit) -> None:
    with pytest.raises(GitError):
        read_history(place.context, git(place.top, "rev-parse", "HEAD"), ["1" * 40])
