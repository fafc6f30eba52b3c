"""An agent that only looks: attempts with permission to read, in a worktree that is taken away.

Nothing that it does to files counts; what it wrote into its worktree goes to the trash. It is
watched like any other, so that a change outside of its worktree is known.
"""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ropewalk.agents.base import AgentTask
from ropewalk.agents.listener import EmitActivity
from ropewalk.agents.runner import AttemptReport, run_attempt
from ropewalk.agents.watch import Terms, Together
from ropewalk.epic.lookout import Lookout, nobody_else
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, StorageError
from ropewalk.git.worktree import add_worktree, discard_new_worktree
from ropewalk.model.config import AgentConfig, Permission
from ropewalk.store.files import make_folder, read_limited

_LOG_READ: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """How an attempt ended, its whole answer, and what it changed outside its worktree."""

    report: AttemptReport
    answer: str
    outside: tuple[str, ...] = ()


@contextmanager
def reading_worktree(workspace: Workspace, task: AgentTask) -> Iterator[None]:
    """Make the worktree of a task at its base; take it away at the end, and an older one before.

    To be used under the lock of the epic.

    Raises:
        WorktreeError: it could not be made.
    """
    put_away(workspace, task.worktree, trash_id=task.run_id)
    reason = f"ropewalk {task.epic_id}/{task.domain}"
    place = workspace.place
    add_worktree(place, task.worktree, task.base, reason=reason, is_ours=task.worktree.__eq__)
    try:
        yield
    finally:
        put_away(workspace, task.worktree, trash_id=task.run_id)


def put_away(workspace: Workspace, worktree: Path, *, trash_id: str) -> None:
    """Take a worktree away; one that somebody wrote into goes to the trash as it is.

    Args:
        workspace: the repository.
        worktree: of a reader; it is no error when there is none.
        trash_id: names the folder of the trash.
    """
    aside = discard_new_worktree(workspace.place, worktree, is_ours=worktree.__eq__)
    with suppress(OSError, StorageError):
        if aside is not None:
            trash = workspace.layout.trash(trash_id)
            make_folder(trash)
            for left in (aside, aside.with_name(f"{aside.name}.git")):
                shutil.move(left, trash / left.name.removeprefix("."))
        worktree.parent.rmdir()


def read_once(
    workspace: Workspace,
    task: AgentTask,
    config: AgentConfig,
    *,
    emit: EmitActivity,
    cancel: threading.Event,
    others: Callable[[], Mapping[str, Path]] = nobody_else,
    together: Together | None = None,
    terms: Terms | None = None,
) -> Read:
    """Run one attempt in the worktree that `reading_worktree` made.

    Args:
        workspace: the repository.
        task: what is asked.
        config: the agent; it gets permission to read, whatever stands there.
        emit: see `run_attempt`, as `cancel`, `together` and `terms`.
        cancel: ends it when set.
        others: see `Lookout`.
        together: what it shares with other agents.
        terms: what it may spend.

    Raises:
        InvalidInput: the agent cannot be used.
        StorageError: the disk refused.
    """
    lookout = Lookout(workspace.place, task, others=others)
    lookout.started()
    report = run_attempt(
        task, as_reader(config), emit=emit, cancel=cancel, together=together, terms=terms
    )
    lookout.ended()
    return Read(report=report, answer=whole_answer(report), outside=lookout.outside)


def as_reader(config: AgentConfig) -> AgentConfig:
    """Return an agent that may only look."""
    return replace(config, permission=Permission.READ)


def whole_answer(report: AttemptReport) -> str:
    """Return the last word of an agent; of one that has none what it printed, as far as kept."""
    if report.answer:
        return report.answer
    try:
        return read_limited(report.log, _LOG_READ).decode(errors="replace")
    except (InvalidInput, StorageError):
        return "\n".join(report.tail)
