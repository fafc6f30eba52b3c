"""The private folder of an attempt, and the place for the agent's own account.

Invariants: nothing that an earlier attempt left is removed, it is moved aside; nothing is written
through a symbolic link that an agent may have put into its worktree.
"""

import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ropewalk.agents.base import AgentTask
from ropewalk.agents.notices import NOTICES
from ropewalk.errors import WorktreeError
from ropewalk.store.files import disk_error, make_folder

REPORT_NAME: Final = "report.json"
REST_NAME: Final = f"{REPORT_NAME}.rest"


def prepare_folder(task: AgentTask, extra: Mapping[str, bytes]) -> None:
    """Make the folder of an attempt: prompt, briefing, files, notices, home, temporary files, log.

    Args:
        task: the attempt.
        extra: further files by name, as the adapter asks for them.

    Raises:
        StorageError: the disk refused.
        WorktreeError: the worktree is missing, or the place of its result file leads out of it.
    """
    if not task.worktree.is_dir():
        raise WorktreeError(
            f"the worktree of '{task.domain}' is not there: {task.worktree}",
            hint="ropewalk doctor shows which worktrees are left",
        )
    make_folder(task.folder)
    make_folder(task.log.parent)
    files = {
        "prompt.md": task.prompt.encode("utf-8", errors="replace"),
        "briefing.md": task.briefing.encode("utf-8", errors="replace"),
        "files.txt": b"".join(os.fsencode(_one_line(path)) + b"\n" for path in task.files),
        **extra,
    }
    make_folder(task.home.parent)
    try:
        for path in (task.home, task.folder / "tmp"):
            path.mkdir(mode=0o700, exist_ok=True)
        for name, content in files.items():
            _write(_place(task, name), content)
        _write(task.log, b"")
        _move_aside(task.folder / REPORT_NAME)
        _move_aside(task.folder / REST_NAME)
        (task.folder / NOTICES).touch(mode=0o600)
    except OSError as error:
        raise disk_error("prepare", task.folder, error) from error
    _prepare_result(task)


def _place(task: AgentTask, name: str) -> Path:
    """Return where a file goes; one of the HOME goes into that of the session, which has a past.

    Raises:
        WorktreeError: an agent put a link in its way that leads out of the HOME.
    """
    inside = name.removeprefix("home/")
    path = task.folder / name if inside == name else task.home / inside
    root = task.folder if inside == name else task.home
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise WorktreeError(
            f"in the HOME of '{task.domain}' the folder {path.parent} is a link to elsewhere",
            hint=f"remove the link, or start anew: ropewalk retry {task.epic_id} {task.domain} "
            "--fresh",
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)


def _one_line(path: str) -> str:
    return json.dumps(path) if "\n" in path else path


def _prepare_result(task: AgentTask) -> None:
    """Make the folder of the result file and move an account of an earlier attempt aside."""
    result = task.result_path
    if not result.parent.resolve().is_relative_to(task.worktree.resolve()):
        raise WorktreeError(
            f"in the worktree of '{task.domain}' the folder {result.parent} is a link to elsewhere",
            hint="remove the link and retry",
        )
    try:
        result.parent.mkdir(parents=True, exist_ok=True)
        _move_aside(result, f".before-{task.number}")
    except OSError as error:
        raise disk_error("prepare", result, error) from error


def _move_aside(path: Path, word: str = ".before") -> None:
    """Give a file of an earlier attempt a name of its own, if it is there."""
    if os.path.lexists(path):
        counts = ("" if count == 0 else f"-{count}" for count in itertools.count())
        names = (f"{path.stem}{word}{count}{path.suffix}" for count in counts)
        free = (other for other in map(path.with_name, names) if not os.path.lexists(other))
        path.replace(next(free))
