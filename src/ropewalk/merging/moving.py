"""Marks the git processes that move a branch, so that one that outlives its coordinator is found.

A coordinator that is killed takes no git process with it: that one goes on, usually to its end.
Nobody may look at the half-done move, or begin another one, before it is gone.
"""

import time
from collections.abc import Mapping

from ropewalk.errors import Busy
from ropewalk.git.command import run
from ropewalk.git.leftovers import marked_gits
from ropewalk.git.repository import Place

_VARIABLE = "ROPEWALK_MOVE"
_POLL_S = 0.05
# A process that was being started when its coordinator was killed shows its mark a moment later.
_QUIET_S = 0.3
_PATIENCE_S = 900.0


def move_mark(old: str, new: str) -> Mapping[str, str]:
    """Return the environment of a git process that moves a branch from ``old`` to ``new``."""
    return {_VARIABLE: f"{old}..{new}"}


def move_files(checkout: Place, *, old: str, new: str) -> None:
    """Move files and index of a checkout from one commit to another; the branch stays.

    What the person has changed or staged elsewhere is kept.

    Raises:
        GitError: something is in the way; nothing was changed.
    """
    env = move_mark(old, new)
    # Files that only look changed, because they were copied or touched, are not in the way.
    run(checkout.context, "update-index", "-q", "--refresh", allowed=(0, 1), env=env)
    run(checkout.context, "read-tree", "-m", "-u", old, new, timeout_s=_PATIENCE_S, env=env)


def wait_for_move(old: str, new: str, *, patience_s: float) -> None:
    """Wait until no process moves a branch from ``old`` to ``new``.

    Raises:
        Busy: one still does after ``patience_s`` seconds.
    """
    deadline = time.monotonic() + patience_s
    quiet_since: float | None = None
    while quiet_since is None or time.monotonic() - quiet_since < _QUIET_S:
        left = _movers(old, new)
        if left and time.monotonic() > deadline:
            listed = ", ".join(map(str, left))
            raise Busy(
                f"the git process {listed} of an earlier landing is still at work",
                hint="wait for it to end, or end it, and try again",
            )
        quiet_since = None if left else quiet_since or time.monotonic()
        time.sleep(_POLL_S)


def _movers(old: str, new: str) -> tuple[int, ...]:
    ((name, wanted),) = move_mark(old, new).items()
    return tuple(pid for pid, value in marked_gits(name) if value == wanted)
