"""After a coordinator was killed while it moved a branch: back to before, or to the end.

A fast-forward writes files, then the index, then the branch. A kill in between leaves lock files
and half of the new files while the branch is still old; git alone does not get out of that. Nothing
is rolled back that is not provably the half-done move: a file that is neither old, nor new, nor the
beginning of the new one is somebody's edit, and then nothing at all is touched.
"""

import os
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum, auto
from pathlib import Path

from ropewalk.errors import LandingRefused
from ropewalk.git.command import run
from ropewalk.git.refs import RefUpdate, read_ref, update_refs
from ropewalk.git.repository import Place
from ropewalk.git.trees import RawChange, raw_changes
from ropewalk.merging.checkout import checkouts_of
from ropewalk.merging.halves import Found, has_file, is_gitlink, look_at_move
from ropewalk.merging.moving import move_files, wait_for_move

_CLOCK_SLACK_S = 2.0


class Recovery(StrEnum):
    """What was found: the move is complete, or undone so that it can be made again."""

    LANDED = auto()
    READY = auto()


def recover_landing(
    place: Place, *, ref: str, old: str, new: str, started_at: float, patience_s: float = 60.0
) -> Recovery:
    """Bring the branch and its checkout to ``new`` or back to ``old`` after a kill.

    Call it only while the lock of the epic is held and the killed coordinator is gone: it removes
    the lock files that were made since ``started_at``. A git process of the move that outlived the
    coordinator is waited for. It serves an undo that was killed as well, with the commits swapped.

    Args:
        place: the repository.
        ref: full name of the branch that was being moved.
        old: where it was moved from.
        new: where it was moved to.
        started_at: when the move was journalled, in seconds since the epoch.
        patience_s: how long a git process of the move is waited for.

    Raises:
        LandingRefused: a lock is older than the move, or files were edited since; nothing was
            changed but lock files of the killed move.
        Busy: a git process of the move is still at work.
    """
    wait_for_move(old, new, patience_s=patience_s)
    checkouts = checkouts_of(place, ref)
    for lock in _locks(place, checkouts, ref):
        _remove_lock(lock, started_at)
    if read_ref(place.context, ref) == new:
        return Recovery.LANDED
    if not checkouts or read_ref(place.context, ref) != old:
        return Recovery.READY
    changes = raw_changes(place.context, old, new)
    if _is_index_moved(checkouts[0], changes, new):
        update = RefUpdate(ref=ref, new=new, old=old)
        update_refs(place.context, [update], message="ropewalk: land")
        return Recovery.LANDED
    _roll_back(checkouts[0], changes)
    return Recovery.READY


def put_back(place: Place, checkout: Place, *, old: str, new: str) -> None:
    """Bring a checkout back to ``old`` after git wrote the files of ``new`` and moved no branch.

    Raises:
        LandingRefused: a file was edited meanwhile; nothing was changed.
    """
    changes = raw_changes(place.context, old, new)
    if _is_index_moved(checkout, changes, new):
        move_files(checkout, old=new, new=old)
    else:
        _roll_back(checkout, changes)


def _locks(place: Place, checkouts: Sequence[Place], ref: str) -> Iterator[Path]:
    yield place.common_dir / f"{ref}.lock"
    for checkout in checkouts:
        yield from (checkout.git_dir / f"{name}.lock" for name in ("index", "HEAD", "ORIG_HEAD"))


def _remove_lock(lock: Path, started_at: float) -> None:
    try:
        made = lock.lstat().st_mtime
    except FileNotFoundError:
        return
    if made < started_at - _CLOCK_SLACK_S:
        age = max(0, round(time.time() - made))
        raise LandingRefused(
            f"{lock} was there before landing began, {age} s ago",
            hint=f"if no git is running: rm {lock}",
        )
    lock.unlink(missing_ok=True)


def _is_index_moved(checkout: Place, changes: Sequence[RawChange], new: str) -> bool:
    output = run(
        checkout.context, "diff-index", "--cached", "-z", "--name-only", "--no-renames", new
    )
    differing = set(os.fsdecode(output.stdout).split("\0"))
    return not any(change.path in differing for change in changes)


def _roll_back(checkout: Place, changes: Sequence[RawChange]) -> None:
    found = look_at_move(checkout, changes)
    foreign = sorted(path for path, what in found.items() if what is Found.FOREIGN)
    if foreign:
        raise LandingRefused(
            f"landing was interrupted, and {', '.join(foreign)} in {checkout.top} was edited since",
            hint="move your edit away, then land again",
        )
    half = [change for change in changes if found[change.path] is Found.HALF]
    for change in half:
        if has_file(change.new_mode) and not has_file(change.old_mode):
            _remove(checkout.top, change.path)
        if is_gitlink(change.old_mode):
            (checkout.top / change.path).mkdir(parents=True, exist_ok=True)
    restored = [change.path for change in half if has_file(change.old_mode)]
    if restored:
        listing = b"".join(os.fsencode(path) + b"\0" for path in restored)
        run(checkout.context, "checkout-index", "-f", "-z", "--stdin", stdin=listing)


def _remove(top: Path, path: str) -> None:
    (top / path).unlink(missing_ok=True)
    for parent in (top / path).parents:
        if parent == top or any(parent.iterdir()):
            return
        parent.rmdir()
