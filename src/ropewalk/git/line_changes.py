"""Which lines of a file two versions hold differently, as git's own merge sees it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ropewalk.git.command import GitContext, run

_HUNK: Final = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_PAIR: Final = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64})")
# The algorithm of merge-tree: what is a change here is one there.
_AS_MERGED: Final = ("--diff-algorithm=histogram", "--no-indent-heuristic")
_PLAIN: Final = ("--no-ext-diff", "--no-textconv", "--no-renames", "--text", "--no-color")
_NAME: Final = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """A stretch of lines that was replaced; counted from 0, ``stop`` is behind the last one."""

    old_start: int
    old_stop: int
    new_start: int
    new_stop: int


def line_changes(
    context: GitContext, pairs: Iterable[tuple[str | None, str]]
) -> dict[tuple[str | None, str], tuple[LineChange, ...]]:
    """Return how the second blob of each pair differs from the first, with two processes in all.

    Args:
        context: takes a small tree for each blob, so a place for objects that is thrown away.
        pairs: ids of blobs; None instead of the first one is an empty file.
    """
    wanted = tuple(dict.fromkeys(pairs))
    if not wanted:
        return {}
    blobs = tuple(dict.fromkeys(oid for pair in wanted for oid in pair))
    trees = dict(zip(blobs, _make_trees(context, blobs), strict=True))
    asked = {(trees[old], trees[new]): (old, new) for old, new in wanted}
    stdin = "".join(f"{old} {new}\n" for old, new in asked).encode()
    output = run(
        context,
        *("diff-tree", "--stdin", "-r", "-p", "--unified=0", *_AS_MERGED, *_PLAIN),
        stdin=stdin,
    )
    found: dict[tuple[str | None, str], list[LineChange]] = {pair: [] for pair in wanted}
    changes: list[LineChange] = []
    # Lines of the files themselves begin with a sign, so that these two forms are git's own.
    for line in output.stdout.split(b"\n"):
        if pair := _PAIR.fullmatch(line):
            changes = found[asked[pair[1].decode(), pair[2].decode()]]
        elif hunk := _HUNK.match(line):
            changes.append(_change(hunk))
    return {pair: tuple(of_pair) for pair, of_pair in found.items()}


def _make_trees(context: GitContext, blobs: Sequence[str | None]) -> tuple[str, ...]:
    records = (f"100644 blob {oid}\t{_NAME}\0" if oid else "" for oid in blobs)
    stdin = "\0".join(records).encode() + b"\0"
    return tuple(run(context, "mktree", "-z", "--batch", stdin=stdin).text.split())


def _change(hunk: re.Match[bytes]) -> LineChange:
    old, old_count, new, new_count = (1 if each is None else int(each) for each in hunk.groups())
    # Where no line is meant, git names the line before.
    old_start, new_start = old - bool(old_count), new - bool(new_count)
    return LineChange(
        old_start=old_start,
        old_stop=old_start + old_count,
        new_start=new_start,
        new_stop=new_start + new_count,
    )
