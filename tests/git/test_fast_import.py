import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError, StorageError
from ropewalk.git.command import GitContext
from ropewalk.git.fast_import import NewCommit, can_import, import_commits
from ropewalk.git.objects import tree_of, write_blob, write_commit
from ropewalk.git.own import absorb, own_context, quarantined
from ropewalk.git.repository import Place
from ropewalk.git.trees import RawChange, list_tree
from tests.conftest import RunGit
from tests.git.conftest import PERSON


@pytest.fixture
def apart(place: Place) -> Iterator[GitContext]:
    """A quarantine of a repository whose person has names fold case."""
    folds = replace(place, conversions=("core.ignorecase=true",))
    with quarantined(own_context(folds)) as context:
        yield context


def put(path: str, oid: str, *, mode: str = "100644") -> RawChange:
    zeros = "0" * len(oid)
    return RawChange(
        status="A",
        old_mode="000000",
        new_mode=mode,
        old_oid=zeros,
        new_oid=oid,
        path=path,
        old_path=path,
    )


def commit(*changes: RawChange, merged: str | None = None) -> NewCommit:
    return NewCommit(changes=changes, merged=merged, message="made\n", identity=PERSON)


def test_commits_stand_one_on_another_and_no_ref_is_written(
    place: Place, apart: GitContext, git: RunGit
) -> None:
    head = git(place.top, "rev-parse", "HEAD")
    blob = write_blob(apart, b"new\n")
    names = ("new.txt", " blank", "tab\there", "line\nbreak", '"quoted"', "\udcff", "README.MD")

    made = import_commits(apart, head, [commit(put(name, blob)) for name in names])
    absorb(apart, own_context(place), tips=[made[-1].commit], known=[head])

    last = made[-1].commit
    assert git(place.top, "rev-list", "--first-parent", f"{head}..{last}").split() == [
        one.commit for one in reversed(made)
    ]
    assert [tree_of(place.context, one.commit) for one in made] == [one.tree for one in made]
    held = {entry.path for entry in list_tree(place.context, last)}
    assert held >= {*names, "README.md"}
    assert git(place.top, "for-each-ref", "refs/ropewalk") == ""
    assert git(place.top, "log", "-1", "--format=%an %at %cn", last) == "Ada 1700000000 Ada"


def test_what_git_refuses_is_an_error_and_not_half_a_row(
    place: Place, apart: GitContext, git: RunGit
) -> None:
    head = git(place.top, "rev-parse", "HEAD")
    known = write_blob(apart, b"new\n")
    good, bad = commit(put("a", known)), commit(put("b", "1" * 40))

    with pytest.raises(GitError):
        import_commits(apart, head, [good, bad])


def test_modes_that_git_has_no_more_are_not_imported() -> None:
    assert can_import([put("a", "1" * 40), put("b", "1" * 40, mode="160000")])
    assert not can_import([put("a", "1" * 40, mode="100664")])


def test_without_a_quarantine_nothing_is_imported(signed: GitContext) -> None:
    with pytest.raises(ValueError, match="quarantine"):
        import_commits(signed, "1" * 40, [])


def test_a_disk_that_takes_no_commit_is_said(apart: GitContext) -> None:
    assert apart.objects is not None
    apart.objects.rmdir()
    apart.objects.write_bytes(b"in the way")
    context = replace(apart, author=PERSON, committer=PERSON)

    with pytest.raises(StorageError, match="a commit cannot be written"):
        write_commit(context, "1" * 40, parents=(), message="x\n")


def test_a_quarantine_leaves_nothing_behind(place: Place) -> None:
    with quarantined(own_context(place)) as context:
        folder = context.objects or Path()
        write_blob(context, b"kept nowhere\n")
        assert any(folder.rglob("*"))

    assert not folder.exists()


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(place: Place) -> None:
    with quarantined(own_context(place)) as context:
        mine = (context.objects or Path()).parent
        dead = mine.with_name(f"ropewalk-quarantine-{os.getpid()}.1-left")
        young = mine.with_name(f"ropewalk-quarantine-{os.getpid()}.1-new")
        for folder in (dead, young):
            folder.mkdir()
        for folder in (dead, mine):
            os.utime(folder, (0, 0))

        with quarantined(own_context(place)):
            left = [folder.exists() for folder in (dead, young, mine)]

        young.rmdir()
    assert left == [False, True, True]
