"""The runs of a repository: finding the one that a person means, opening its journal."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ropewalk.epic.workspace import Workspace
from ropewalk.errors import NotPlanned, StorageError, WrongPhase
from ropewalk.model.event import Event
from ropewalk.model.plan import Plan
from ropewalk.report.state import RunState, fold
from ropewalk.store.journal import Journal, read_events
from ropewalk.store.journal_lines import parse_line
from ropewalk.store.lock import epic_lock
from ropewalk.store.schema.documents import read_document, write_document

_LONGEST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as its journal tells it now."""

    run_id: str
    journal: Path
    events: tuple[Event, ...]
    state: RunState


def new_run_id(now: datetime | None = None) -> str:
    """Return an id that sorts by time and does not collide."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    return f"r{stamp}-{secrets.token_hex(2)}"


def list_runs(workspace: Workspace) -> tuple[Run, ...]:
    """Return every run of the repository that can be read, oldest first."""
    folder = workspace.layout.run("x").parent
    if not folder.is_dir():
        return ()
    found = []
    for run_folder in sorted(folder.iterdir()):
        run = _read(workspace, run_folder.name)
        if run is not None:
            found.append(run)
    return tuple(found)


def find_run(workspace: Workspace, name: str) -> Run | None:
    """Return the current run of the epic, or the run, called ``name``; None when there is none.

    Raises:
        StorageError: its journal is damaged.
    """
    if workspace.layout.journal(name).is_file():
        return _load(workspace, name)
    runs = [
        run
        for run in list_runs(workspace)
        if run.state.epic_id == name and not run.state.superseded
    ]
    if not runs:
        _require_undamaged(workspace, name)
    return runs[-1] if runs else None


def require_run(workspace: Workspace, name: str) -> Run:
    """Return the current run of the epic, or the run, called ``name``.

    Raises:
        WrongPhase: the epic is planned but has not been run.
        NotPlanned: there is neither a plan nor a run of this name.
    """
    run = find_run(workspace, name)
    if run is not None:
        return run
    if workspace.layout.analysis(name).is_file():
        raise WrongPhase(f"epic '{name}' has not been run", hint=f"ropewalk run {name}")
    raise _unknown(workspace, name)


def require_plan(workspace: Workspace, epic_id: str) -> Plan:
    """Return the plan of ``epic_id``.

    Raises:
        NotPlanned: there is none.
        InvalidInput: the file cannot be read as a plan.
    """
    path = workspace.layout.analysis(epic_id)
    if not path.is_file():
        raise _unknown(workspace, epic_id)
    return read_document(Plan, path)


def plan_copy(workspace: Workspace, run_id: str) -> Path:
    """Return where the plan that a run was started with is kept."""
    return workspace.layout.run(run_id) / "plan.json"


def require_plan_of(workspace: Workspace, run: Run) -> Plan:
    """Return the plan of a run's epic; the copy of the run takes the place of a lost one.

    Raises:
        NotPlanned: there is neither.
    """
    path, copy = workspace.layout.analysis(run.state.epic_id), plan_copy(workspace, run.run_id)
    if not path.is_file() and copy.is_file():
        write_document(path, read_document(Plan, copy))
    return require_plan(workspace, run.state.epic_id)


def planned_epics(workspace: Workspace) -> tuple[str, ...]:
    """Return the ids of all epics that have a plan, sorted."""
    outputs = workspace.layout.outputs("x").parent
    if not outputs.is_dir():
        return ()
    return tuple(
        sorted(folder.name for folder in outputs.iterdir() if _has_plan(workspace, folder.name))
    )


@contextmanager
def open_journal(
    workspace: Workspace, epic_id: str, run_id: str, *, observe: Callable[[Event], None] | None
) -> Iterator[Journal]:
    """Hold the epic's lock and its run's journal, as the only writer.

    Raises:
        Busy: another coordinator works on this epic.
        StorageError: the journal is damaged.
    """
    path = workspace.layout.journal(run_id)
    with epic_lock(workspace.layout.common_dir, epic_id):
        try:
            with Journal.open(path, run_id, observe=observe) as journal:
                yield journal
        finally:
            _drop_unbegun(path)


def _drop_unbegun(journal: Path) -> None:
    """Remove the folder of a run that never began: its journal is there and holds nothing."""
    with suppress(OSError):
        if journal.stat().st_size == 0:
            shutil.rmtree(journal.parent)


def _has_plan(workspace: Workspace, epic_id: str) -> bool:
    return workspace.layout.analysis(epic_id).is_file()


def _read(workspace: Workspace, run_id: str) -> Run | None:
    try:
        return _load(workspace, run_id)
    except StorageError:
        return None


def _load(workspace: Workspace, run_id: str) -> Run | None:
    journal = workspace.layout.journal(run_id)
    if not journal.is_file():
        return None
    events = read_events(journal)
    state = fold(events)
    return Run(run_id=run_id, journal=journal, events=events, state=state) if events else None


def _require_undamaged(workspace: Workspace, epic_id: str) -> None:
    """Raise StorageError when the journal of a run of the epic cannot be read."""
    for journal in sorted(workspace.layout.run("x").parent.glob("*/journal.jsonl")):
        try:
            read_events(journal)
        except StorageError:
            if _epic_of(journal) == epic_id:
                raise


def _epic_of(journal: Path) -> object:
    """Return the epic that the first line of a journal names, as far as it can be read."""
    try:
        with journal.open("rb") as stream:
            first = parse_line(stream.readline(_LONGEST_LINE))
    except OSError:
        return None
    return first.data.get("epic_id") if first else None


def _unknown(workspace: Workspace, name: str) -> NotPlanned:
    known = ", ".join(planned_epics(workspace))
    hint = f"planned epics: {known}" if known else "plan one: ropewalk plan EPIC.md"
    return NotPlanned(f"there is no epic or run called '{name}'", hint=hint)
