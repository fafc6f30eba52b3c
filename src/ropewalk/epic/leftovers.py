"""Lock files of git that ended processes left in worktrees of ours."""

from contextlib import suppress

from ropewalk.epic.context import EpicContext
from ropewalk.errors import WorktreeError
from ropewalk.git.worktree import clear_locks


def unlock_after_agent(context: EpicContext, name: str) -> None:
    """Remove the locks in the worktree of a domain; every process of its agent has ended."""
    with suppress(WorktreeError):
        clear_locks(context.workspace.place, context.worktree(name))


def unlock_after_kill(context: EpicContext) -> None:
    """Remove the locks in the worktrees that a killed coordinator worked in itself.

    Call it when every git process that it had started is gone.
    """
    folder = context.workspace.layout.worktree(context.epic_id, "_check-0").parent
    for worktree in sorted((*folder.glob("_check-*"), *folder.glob("_fix"))):
        with suppress(WorktreeError):
            clear_locks(context.workspace.place, worktree)
