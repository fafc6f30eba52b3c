"""Lock files of git that ended processes left in worktrees of ours."""

import time
from contextlib import suppress
from pathlib import Path

from ropewalk.epic.context import EpicContext
from ropewalk.errors import WorktreeError
from ropewalk.git.worktree import admin_dir, clear_locks

_LOCKS = ("index.lock", "HEAD.lock")
_PATIENCE_S = 10.0
_POLL_S = 0.1


def unlock_after_agent(context: EpicContext, name: str) -> None:
    """Remove the locks in the worktree of a domain; every process of its agent has ended."""
    with suppress(WorktreeError):
        clear_locks(context.workspace.place, context.worktree(name))


def unlock_after_kill(context: EpicContext) -> None:
    """Remove the locks in the worktrees that a killed coordinator worked in itself.

    A git that it had started may live a moment longer: a lock is given time to go by itself.
    """
    folder = context.workspace.layout.worktree(context.epic_id, "_check-0").parent
    for worktree in sorted((*folder.glob("_check-*"), *folder.glob("_fix"))):
        with suppress(WorktreeError):
            _wait(admin_dir(context.workspace.place, worktree))
            clear_locks(context.workspace.place, worktree)


def _wait(admin: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while any((admin / name).exists() for name in _LOCKS) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
