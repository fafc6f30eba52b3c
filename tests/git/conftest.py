"""Repositories and contexts that the tests of git share."""

import os
from pathlib import Path

import pytest

from ropewalk.git.command import GitContext, Identity
from ropewalk.git.repository import Place, find_place

PERSON = Identity(name="Ada", email="ada@example.invalid", date="1700000000 +0000")


@pytest.fixture
def place(repository: Path) -> Place:
    return find_place(repository)


@pytest.fixture
def signed(place: Place) -> GitContext:
    """The person's repository, with identities and dates that make commits repeatable."""
    context = place.context
    return GitContext(
        directory=context.directory,
        git_dir=context.git_dir,
        common_dir=context.common_dir,
        work_tree=context.work_tree,
        author=PERSON,
        committer=PERSON,
    )


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script that stands before the real git on PATH; the test writes it."""
    folder = tmp_path / "fake"
    folder.mkdir()
    script = folder / "git"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return script
