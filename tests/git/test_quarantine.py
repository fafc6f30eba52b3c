import os
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import StorageError
from ropewalk.git.objects import write_blob, write_commit
from ropewalk.git.own import own_context, quarantined
from ropewalk.git.repository import Place
from tests.git.conftest import PERSON


def test_a_disk_that_takes_no_commit_is_said(place: Place) -> None:
    with quarantined(own_context(place)) as apart:
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
