"""Git processes that outlived their coordinator, and the locks that killed ones left behind.

A coordinator that is killed takes no git process with it: that one goes on, usually to its end. A
git process that is killed itself leaves its lock files. Both are found here: every git process of
ours carries the identity of its coordinator, and a lock counts as left over only below names that
are ours alone, or when no git is at work on the repository at all.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ropewalk.errors import Busy
from ropewalk.git.admin import list_entries
from ropewalk.git.command import COORDINATOR, coordinator_mark
from ropewalk.git.refs import domain_branch, epic_ref
from ropewalk.git.repository import Place
from ropewalk.process.identity import find_name, find_row, find_variable, process_table

_POLL_S = 0.05
_PATIENCE_S = 60.0
# A process that was being started when its coordinator was killed shows its mark a moment later.
_LOOKS = 3
# Only these can be left in a place that is not ours alone; `packed-refs.new` blocks like a lock.
_SHARED = ("packed-refs.lock", "packed-refs.new")


def wait_for_leftovers(*, patience_s: float = _PATIENCE_S) -> None:
    """Wait until no git process is left whose coordinator is gone.

    Raises:
        Busy: one is still at work after ``patience_s`` seconds.
    """
    deadline = time.monotonic() + patience_s
    quiet = 0
    while quiet < _LOOKS:
        left = tuple(_leftovers())
        if left and time.monotonic() > deadline:
            raise Busy(
                f"the git process {', '.join(map(str, left))} of an earlier coordinator is at work",
                hint="wait for it to end, or end it, and try again",
            )
        quiet = 0 if left else quiet + 1
        time.sleep(_POLL_S)


def remove_leftover_locks(place: Place, epic_id: str, *, since: float) -> tuple[Path, ...]:
    """Remove the locks that killed git processes left on the refs of an epic; return them.

    Call it only while the lock of the epic is held, after `wait_for_leftovers`.

    Args:
        place: the repository.
        epic_id: whose refs.
        since: when the work that was cut short began, in seconds since the epoch; a lock in a
            place that others use too is removed only when it is younger and no git works here.
    """
    common = place.common_dir
    found = [
        path
        for prefix in (epic_ref(epic_id), domain_branch(epic_id, "").rstrip("/"))
        for path in (common / prefix).rglob("*.lock")
    ]
    places = [common / name for name in _SHARED]
    places += (common / "ropewalk" / "bare").rglob("*.lock")
    shared = [path for path in places if _is_younger(path, since)]
    if shared and not _is_git_at_work(place):
        found += shared
    for path in found:
        path.unlink(missing_ok=True)
    return tuple(found)


def marked_gits(name: str) -> Iterator[tuple[int, str]]:
    """Yield the live git processes that carry a variable, and its value.

    Other programs are left out: what a hook starts inherits the variable and may live for ever.
    """
    for row in process_table():
        value = find_variable(row.pid, name) if row.state not in "ZX" else None
        if value is not None and (find_name(row.pid) or "").startswith("git"):
            yield row.pid, value


def _leftovers() -> Iterator[int]:
    for pid, mark in marked_gits(COORDINATOR):
        if mark != coordinator_mark() and not _is_there(mark):
            yield pid


def _is_there(mark: str) -> bool:
    pid, _, start_time = mark.partition(".")
    row = find_row(int(pid)) if pid.isdigit() else None
    return row is not None and row.state not in "ZX" and str(row.start_time) == start_time


def _is_younger(path: Path, since: float) -> bool:
    try:
        return path.lstat().st_mtime >= since
    except FileNotFoundError:
        return False


def _is_git_at_work(place: Place) -> bool:
    """Say whether a git works on the repository; where that cannot be seen, one may."""
    if sys.platform != "linux":
        return True
    worktrees = [entry.path for entry in list_entries(place) if entry.path is not None]
    folders = (place.top, place.common_dir, *worktrees)
    return any(_is_git_in(row.pid, folders) for row in process_table() if row.state not in "ZX")


def _is_git_in(pid: int, folders: Sequence[Path]) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        if not (find_name(pid) or "").startswith("git"):
            return False
        where = Path(os.readlink(process / "cwd"))  # noqa: PTH115 - a folder that is gone has a name
        words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return any(where.is_relative_to(one) or os.fsencode(one) in words for one in folders)
