"""Looks for what could stop work, and says what helps. Reads only; what it finds is a value."""

import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ropewalk.epic.doctor_agents import find_agents
from ropewalk.epic.finding import Finding, Level
from ropewalk.epic.runs import list_runs
from ropewalk.epic.space import LEAST_FREE_BYTES
from ropewalk.epic.workspace import Workspace, open_workspace
from ropewalk.errors import RopewalkError
from ropewalk.git.command import require_git
from ropewalk.git.repository import (
    find_place,
    head_branch,
    operation_in_progress,
    repository_notes,
    stale_locks,
)
from ropewalk.model.config import Config
from ropewalk.model.values import Value
from ropewalk.report.state import RunState
from ropewalk.store.lock import is_epic_locked
from ropewalk.store.paths import Layout

_GIB = 1024**3
_ENOUGH_BYTES = 2 * _GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis(Value):
    """The ``doctor`` document; ``healthy`` when nothing stops work."""

    healthy: bool
    findings: tuple[Finding, ...]
    schema_version: int = 1


def examine(directory: Path, *, env: Mapping[str, str]) -> Diagnosis:
    """Look at git, the repository, the configuration, agents, checks, the disk and leftovers.

    Args:
        directory: where the person stands.
        env: the environment that agents would be started from.
    """
    findings = tuple(_find(directory, env))
    healthy = all(finding.level is not Level.PROBLEM for finding in findings)
    return Diagnosis(healthy=healthy, findings=findings)


def _find(directory: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    yield _ok("python", platform.python_version())
    try:
        yield _ok("git", ".".join(map(str, require_git())))
    except RopewalkError as error:
        yield _problem("git", error)
        return
    try:
        place = find_place(directory)
    except RopewalkError as error:
        yield _problem("repository", error)
        return
    workspace = Workspace(
        place=place, layout=Layout(top=place.top, common_dir=place.common_dir), config=Config()
    )
    try:
        workspace = open_workspace(directory)
    except RopewalkError as error:
        yield _problem("configuration", error)
    else:
        yield _configuration(workspace)
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _repository(workspace),
        lambda: _identity(workspace),
        lambda: find_agents(workspace.config, env),
        lambda: _checks(workspace),
        lambda: _disk(workspace),
        lambda: _leftovers(workspace),
    )
    for look in looks:
        try:
            yield from look()
        except RopewalkError as error:
            yield _problem("repository", error)


def _repository(workspace: Workspace) -> Iterator[Finding]:
    place = workspace.place
    branch = head_branch(place)
    where = branch.removeprefix("refs/heads/") if branch else "a detached HEAD"
    yield _ok("repository", f"{place.top} on {where}{', bare' if place.bare else ''}")
    if branch is None:
        yield Finding(
            subject="repository",
            level=Level.ATTENTION,
            text="no branch is checked out, so an epic planned now has no branch to land on",
            hint="git switch BRANCH, or ropewalk merge EPIC --into BRANCH",
        )
    operation = operation_in_progress(place)
    if operation is not None:
        yield Finding(
            subject="repository",
            level=Level.ATTENTION,
            text=f"a {operation} is in progress; landing on its branch will be refused",
            hint=f"finish or abort it: git {operation} --continue, git {operation} --abort",
        )
    for note in repository_notes(place):
        yield Finding(subject="repository", level=Level.NOTE, text=note)
    for lock in stale_locks(place):
        yield Finding(
            subject="repository",
            level=Level.ATTENTION,
            text=f"lock file {lock}",
            hint="when no git is running, remove it",
        )


def _configuration(workspace: Workspace) -> Finding:
    path = workspace.layout.config()
    if path.is_file():
        return _ok("configuration", workspace.relative(path))
    return Finding(
        subject="configuration",
        level=Level.NOTE,
        text="there is no ropewalk.toml",
        hint="ropewalk init",
    )


def _identity(workspace: Workspace) -> Iterator[Finding]:
    try:
        identity = workspace.identity()
    except RopewalkError as error:
        yield _problem("identity", error)
        return
    yield _ok("identity", f"{identity.name} <{identity.email}>")


def _checks(workspace: Workspace) -> Iterator[Finding]:
    commands = workspace.config.checks.commands
    if commands:
        yield _ok("checks", ", ".join(commands))
        return
    yield Finding(
        subject="checks",
        level=Level.ATTENTION,
        text="no check is configured, so landing needs --unchecked",
        hint="[checks] commands in ropewalk.toml",
    )


def _disk(workspace: Workspace) -> Iterator[Finding]:
    free = shutil.disk_usage(workspace.layout.top).free
    text = f"{free / _GIB:.1f} GiB free"
    if free >= _ENOUGH_BYTES:
        yield _ok("disk", text)
        return
    level = Level.ATTENTION if free >= LEAST_FREE_BYTES else Level.PROBLEM
    yield Finding(subject="disk", level=level, text=text, hint="each domain needs a whole checkout")


def _leftovers(workspace: Workspace) -> Iterator[Finding]:
    known = set()
    for run in list_runs(workspace):
        state, epic = run.state, run.state.epic_id
        known |= {Path(d.path) for d in state.domains.values() if d.path and not d.removed}
        if state.superseded or is_epic_locked(workspace.layout.common_dir, epic):
            continue
        yield from _interrupted(state)
    root = workspace.layout.worktree_root
    folders = (path for path in root.glob("*/*") if path.is_dir() and path.parent.name[:1] != ".")
    for folder in sorted(folders):
        if folder not in known and not folder.name.startswith("_"):
            yield Finding(
                subject="leftovers",
                level=Level.ATTENTION,
                text=f"{folder} belongs to no run",
                hint=f"look at it; if it is not needed: git worktree remove {folder}",
            )


def _interrupted(state: RunState) -> Iterator[Finding]:
    if state.request:
        yield Finding(
            subject="leftovers",
            level=Level.ATTENTION,
            text=f"the run of '{state.epic_id}' ({state.run_id}) was cut short",
            hint=f"ropewalk resume {state.epic_id}",
        )
    landed = [d.name for d in state.domains.values() if d.merged and d.path and d.removed is None]
    if landed:
        yield Finding(
            subject="leftovers",
            level=Level.NOTE,
            text=f"worktrees of '{state.epic_id}' whose work has landed: {', '.join(landed)}",
            hint=f"ropewalk clean {state.epic_id}",
        )


def _ok(subject: str, text: str) -> Finding:
    return Finding(subject=subject, level=Level.OK, text=text)


def _problem(subject: str, error: RopewalkError) -> Finding:
    return Finding(subject=subject, level=Level.PROBLEM, text=str(error), hint=error.hint)
