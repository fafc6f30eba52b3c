from itertools import count
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import run
from ropewalk.git.history import read_history, read_work
from ropewalk.git.repository import Place
from ropewalk.git.trees import raw_entries_of
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


def made_by_hand(place: Place, git: RunGit, tree: str, base: str, rest: bytes) -> str:
    """Write a commit of which only the first lines are as git writes them."""
    who = b"a <a> 1 +0000"
    lines = b"tree %b\nparent %b\nauthor %b\ncommitter %b\n" % (
        tree.encode(),
        base.encode(),
        who,
        who,
    )
    argv = ("hash-object", "-w", "-t", "commit", "--literally", "--stdin")
    return run(place.context, *argv, stdin=lines + rest).text


def test_work_is_the_history_and_the_entries_whatever_the_commits_say(
    place: Place, git: RunGit
) -> None:
    base = git(place.top, "rev-parse", "HEAD")
    (place.top / "new\n:000000 100644 name").write_text("x", encoding="utf-8")
    (place.top / "commit").write_text("y", encoding="utf-8")
    git(place.top, "add", "--all")
    tree = git(place.top, "write-tree")
    entry = b":000000 100644 " + b"0" * 40 + b" " + b"1" * 40 + b" A"
    heads = [
        made_by_hand(place, git, tree, base, rest)
        for rest in (
            b"\nplain\n",
            b"",
            b"\n",
            b"\n\n\nlate\n\n\tmessage\n" + entry,
            entry + b"\n\nan entry as a header\n",
            entry + b"\n",
            b"encoding UTF-7\n\n+AAo- is a line break\n" + entry + b"\n",
            b"parent " + base.encode() + b"\n\nnot where parents stand\n",
            b"gpgsig one\n two\n\nsigned\n",
            b"\nwith\0zero " + entry + b"\0evil\0\n",
            b"\ncommit " + base.encode() + b"\ntree " + tree.encode() + b"\n",
            b"\nno \xff text\r\n",
        )
    ]
    more = [commit(git, place.top, heads[0]), commit(git, place.top, base, heads[0]), base]

    for asked in (heads, [*heads, base], [*heads, *more], more, []):
        history, entries = read_work(place.context, base, asked)
        assert history == read_history(place.context, base, asked)
        assert entries == raw_entries_of(place.context, base, asked)
    for head in heads:
        assert read_work(place.context, base, [head])[0].has_base(head)
