"""Whether a merge may go on, or be given up, while a person is at a conflict or a failed check."""

import contextlib
import shlex
from pathlib import Path

from ropewalk.epic.workspace import Workspace
from ropewalk.errors import WrongPhase
from ropewalk.merging.values import MergeOptions
from ropewalk.merging.workbench import is_open, workbench


def require_open(workspace: Workspace, epic_id: str) -> None:
    """Raise WrongPhase unless something is at a person, so that a merge can go on from it.

    A merge that took it in and was killed behind that is gone on with by ``resume``.
    """
    if not is_open(workspace.place, epic_id):
        raise WrongPhase(
            f"no conflict of '{epic_id}' is open",
            hint=f"ropewalk merge {epic_id} --on-conflict stop",
        )


def require_outside(workspace: Workspace, epic_id: str, options: MergeOptions) -> None:
    """Raise WrongPhase when the person stands in a worktree that this merge would take away."""
    path = workbench(workspace.layout, epic_id)
    if not (options.proceed or options.abort or options.skip) or not _is_inside(path):
        return
    if options.skip:
        again = f"ropewalk merge {epic_id} --skip {' --skip '.join(options.skip)}"
    else:
        again = f"ropewalk merge {epic_id} {'--continue' if options.proceed else '--abort'}"
    raise WrongPhase(
        f"you stand in {path}, which goes away when the merge goes on",
        hint=f"cd {shlex.quote(str(workspace.place.top))} && {again}",
    )


def _is_inside(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path.cwd().is_relative_to(path)
    return False
