"""The places where a branch is checked out, and what would be overwritten there by moving it.

Looks only. A move is refused for everything in its way that git does not know or that differs from
what git knows, ignored files included: git itself would overwrite those without a word.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.git.admin import require_entry
from ropewalk.git.command import run
from ropewalk.git.repository import Place, checked_out_at, operation_in_progress
from ropewalk.git.trees import RawChange

_ABSENT = "000000"
_NO_FILE = frozenset((_ABSENT, "160000"))
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What differs from the last commit in a checkout."""

    dirty: frozenset[str]
    unmerged: frozenset[str]


def checkouts_of(place: Place, ref: str) -> tuple[Place, ...]:
    """Return the worktrees in which the branch ``ref`` is checked out, each as a place of its own.

    Raises:
        WorktreeError: the admin folder of a linked worktree cannot be read.
    """
    return tuple(_checkout(place, path) for path in checked_out_at(place, ref))


def why_not_movable(checkout: Place, changes: Sequence[RawChange]) -> str | None:
    """Return why the files of ``checkout`` must not be changed by ``changes``; None: they may."""
    where = checkout.top
    operation = operation_in_progress(checkout)
    if operation is not None:
        return f"a {operation} is in progress in {where}"
    state = _state(checkout)
    if state.unmerged:
        return f"{_name(state.unmerged)} in {where} has unmerged changes"
    dirty = state.dirty & {change.path for change in changes}
    if dirty:
        return f"{_name(dirty)} in {where} has changes that are not committed"
    hidden = _hidden_edits(checkout, changes)
    if hidden:
        return f"{_name(hidden)} in {where} has changes that git was told not to look at"
    blocked = set(_in_the_way(where, changes))
    if blocked:
        return f"{_name(blocked)} in {where} would be overwritten, and git does not know it"
    return None


def _checkout(place: Place, path: Path) -> Place:
    if path == place.top:
        return place
    return replace(place, top=path, git_dir=require_entry(place, path).admin, bare=False)


def _state(checkout: Place) -> _State:
    listing = run(
        checkout.context,
        *("status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=no"),
        "--ignore-submodules=dirty",
    ).stdout
    dirty: set[str] = set()
    unmerged: set[str] = set()
    for record in os.fsdecode(listing).split("\0"):
        if record.startswith("1 "):
            dirty.add(record.split(" ", 8)[8])
        elif record.startswith("u "):
            unmerged.add(record.split(" ", 10)[10])
    return _State(dirty=frozenset(dirty), unmerged=frozenset(unmerged))


def _hidden_edits(checkout: Place, changes: Sequence[RawChange]) -> frozenset[str]:
    """Return files that differ although git takes them as unchanged, or as not checked out."""
    known = {change.path: change for change in changes if change.old_mode not in _NO_FILE}
    listing = run(checkout.context, "ls-files", "-v", "-z").stdout
    records = [record for record in os.fsdecode(listing).split("\0") if record]
    flagged = [record[2:] for record in records if record[0] == "S" or record[0].islower()]
    return frozenset(
        path
        for path in flagged
        if path in known and _is_file(checkout.top / path) and _differs(checkout, known[path])
    )


def _differs(checkout: Place, change: RawChange) -> bool:
    path = checkout.top / change.path
    if path.is_symlink():
        target = os.fsencode(path.readlink())
        return run(checkout.context, "cat-file", "blob", change.old_oid).stdout != target
    now = run(checkout.context, "hash-object", f"--path={change.path}", "--", str(path)).text
    return now != change.old_oid


def _in_the_way(top: Path, changes: Sequence[RawChange]) -> Iterator[str]:
    """Yield what lies, unknown to git, where the move puts a file that was not there."""
    leaving = {change.path for change in changes if change.new_mode == _ABSENT}
    coming = [change.path for change in changes if change.old_mode == _ABSENT]
    for path in coming:
        parents = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)]
        yield from (
            parent for parent in parents if parent not in leaving and _is_file(top / parent)
        )
        if _is_file(top / path):
            yield path
        elif (top / path).is_dir():
            yield from _unknown_below(top, path, leaving)


def _unknown_below(top: Path, folder: str, leaving: set[str]) -> Iterator[str]:
    for root, folders, names in os.walk(top / folder):
        for name in (*names, *(each for each in folders if (Path(root) / each).is_symlink())):
            path = (Path(root) / name).relative_to(top).as_posix()
            if path not in leaving:
                yield path


def _is_file(path: Path) -> bool:
    return path.is_symlink() or (path.exists() and not path.is_dir())


def _name(paths: Iterable[str]) -> str:
    known = sorted(paths)
    more = len(known) - _NAMED
    listed = ", ".join(f"'{path}'" for path in known[:_NAMED])
    return f"{listed} and {more} more" if more > 0 else listed
