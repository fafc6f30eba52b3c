"""Answers of git that are rare, or that other versions of git give."""

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext
from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place
from ropewalk.model.conflict import ConflictKind
from tests.git.bench import LINES, bench_of, changed

FakeAnswer = Callable[[str, int], None]


@pytest.fixture
def own(place: Place) -> GitContext:
    return own_context(place)


def kinds(merged: MergedTree) -> dict[str, ConflictKind]:
    return {path.path: path.kind for path in merged.paths}


@pytest.fixture
def answer(fake_git: Path, own: GitContext) -> FakeAnswer:
    """Makes git answer every merge with a fixed output; other commands answer nothing."""

    def write(output: str, code: int) -> None:
        fake_git.write_text(
            f"#!/bin/sh\ncase \"$*\" in *merge-tree*) printf '{output}'; exit {code};; esac\n",
            encoding="utf-8",
        )
        fake_git.chmod(0o755)

    return write


TREE = "a" * 40


def test_text_behind_the_last_record_is_kept_apart(own: GitContext, answer: FakeAnswer) -> None:
    records = "1\\000sub\\000CONFLICT (submodule not initialized)\\000CONFLICT: sub\\n\\000"
    answer(f"{TREE}\\000160000 {TREE} 2\\tsub\\000\\000{records}Failed to merge sub\\nhint\\n", 1)

    merged = merge_tree(own, TREE, TREE)

    assert kinds(merged) == {"sub": ConflictKind.SUBMODULE}
    assert merged.raw_tail == "Failed to merge sub\nhint"


def test_an_empty_answer_is_an_error(own: GitContext, answer: FakeAnswer) -> None:
    answer("", 1)

    with pytest.raises(GitError, match="git cannot merge") as caught:
        merge_tree(own, TREE, TREE)

    assert caught.value.code == "merge_refused"


def test_a_type_that_nobody_knows_is_still_a_conflict(own: GitContext, answer: FakeAnswer) -> None:
    answer(f"{TREE}\\000100644 {TREE} 2\\tf\\000\\0001\\000f\\000CONFLICT (novel)\\000text\\000", 1)

    merged = merge_tree(own, TREE, TREE)

    assert not merged.is_clean
    assert kinds(merged) == {"f": ConflictKind.UNKNOWN}


def test_a_conflict_without_any_path_is_still_a_conflict(
    own: GitContext, answer: FakeAnswer
) -> None:
    answer(f"{TREE}\\000\\000", 1)

    merged = merge_tree(own, TREE, TREE)

    assert not merged.is_clean
    assert merged.paths == ()


def test_a_record_that_is_cut_off_is_kept_as_text(own: GitContext, answer: FakeAnswer) -> None:
    answer(f"{TREE}\\000\\0009\\000f\\000", 1)

    merged = merge_tree(own, TREE, TREE)

    assert merged.messages == ()
    assert merged.raw_tail == "9\0f"


def test_git_is_never_asked_to_be_quiet_about_a_merge(
    place: Place, fake_git: Path, tmp_path: Path
) -> None:
    # Newer ones call this clean with --quiet: both sides also add to a directory that sorts later.
    log = tmp_path / "asked"
    real = shutil.which("git", path=os.environ["PATH"].partition(os.pathsep)[2])
    fake_git.write_text(
        f'#!/bin/sh\necho "$*" >> {shlex.quote(str(log))}\nexec {real} "$@"\n',
        encoding="utf-8",
    )
    fake_git.chmod(0o755)
    bench = bench_of(place)

    merged = bench.merge(
        {"f.txt": LINES, "new/n": b"n\n"},
        {"f.txt": changed(9, b"ours"), "new/1": b"1\n"},
        {"f.txt": changed(9, b"theirs"), "new/2": b"2\n"},
    )

    asked = [line for line in log.read_text().splitlines() if " merge-tree " in line]
    assert kinds(merged) == {"f.txt": ConflictKind.CONTENT}
    assert len(asked) == 1
    assert "--quiet" not in asked[0]
