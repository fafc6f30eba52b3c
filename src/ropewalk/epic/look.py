"""Looking at an epic without becoming its coordinator: its documents, its logs. Reads only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ropewalk.agents.briefings import choose_briefing
from ropewalk.agents.transcript import transcript_path
from ropewalk.epic.runs import Run, find_run, require_plan, require_plan_of, require_run
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, RopewalkError, WrongPhase
from ropewalk.model.merge import MergeReport
from ropewalk.model.plan import Domain, Plan
from ropewalk.model.result import Aggregate, DomainResult
from ropewalk.model.validation import Postmortem, ValidationReport
from ropewalk.model.values import Value
from ropewalk.report.domain_state import DomainState
from ropewalk.store.schema.documents import read_document

T = TypeVar("T", bound=Value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents(Value):
    """Everything that is written about an epic; None, or empty, where a phase has not been."""

    epic_id: str
    run_id: str | None
    plan: Plan
    results: tuple[DomainResult, ...]
    aggregate: Aggregate | None
    merge: MergeReport | None
    validation: ValidationReport | None
    postmortem: Postmortem | None
    schema_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile(Value):
    """What one attempt, check or preparation printed; ``domain`` and ``attempt`` where known.

    ``transcript`` is the file with the readable story of an attempt, where there is one.
    """

    name: str
    path: str
    size: int
    domain: str | None = None
    attempt: int | None = None
    outcome: str | None = None
    transcript: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs(Value):
    """The logs of a run."""

    epic_id: str
    run_id: str
    logs: tuple[LogFile, ...]
    schema_version: int = 1


def read_documents(workspace: Workspace, name: str) -> Documents:
    """Return what is written about an epic, or about the epic of a run.

    Raises:
        NotPlanned: there is neither a plan nor a run of this name.
        WrongPhase: the run was replaced by a fresh one; its documents are in its trash.
    """
    run = find_run(workspace, name)
    if run is not None and run.state.superseded:
        raise WrongPhase(
            f"run {run.run_id} was replaced by a fresh one",
            hint=f"its documents are in {workspace.relative(workspace.layout.trash(run.run_id))}",
        )
    epic_id = run.state.epic_id if run is not None else name
    has_run, layout = run is not None, workspace.layout
    plan = require_plan_of(workspace, run) if run is not None else require_plan(workspace, name)
    return Documents(
        epic_id=epic_id,
        run_id=run.run_id if run is not None else None,
        plan=plan,
        results=tuple(_results(workspace, plan, run)),
        aggregate=_read(Aggregate, layout.aggregate(epic_id), wanted=has_run),
        merge=_read(MergeReport, layout.merge_results(epic_id), wanted=has_run),
        validation=_read(ValidationReport, layout.validation_results(epic_id), wanted=has_run),
        postmortem=_read(Postmortem, layout.postmortem(epic_id), wanted=has_run),
    )


def require_documents(workspace: Workspace, name: str) -> Documents:
    """Return what is written about an epic that has results.

    Raises:
        NotPlanned: there is neither a plan nor a run of this name.
        WrongPhase: no domain has been collected yet.
    """
    require_run(workspace, name)
    found = read_documents(workspace, name)
    if not found.results:
        raise WrongPhase(
            f"'{found.epic_id}' has no results yet", hint=f"ropewalk status {found.epic_id}"
        )
    return found


def find_logs(workspace: Workspace, name: str) -> Logs:
    """Return the logs of a run, those of agents first, in the order of domains and attempts.

    Raises:
        NotPlanned: there is neither a plan nor a run of this name.
        WrongPhase: the epic was not run.
    """
    run = require_run(workspace, name)
    folder = workspace.layout.log(run.run_id, "x", 1).parent
    files = sorted(folder.glob("*.log"), key=_by_number) if folder.is_dir() else []
    known = {log.path: log for log in _agent_logs(workspace, run)}
    others = [_other(path) for path in files if str(path) not in known]
    logs = (*known.values(), *others)
    return Logs(epic_id=run.state.epic_id, run_id=run.run_id, logs=logs)


def find_log(
    workspace: Workspace, name: str, wanted: str, *, attempt: int | None = None
) -> LogFile:
    """Return one log: of a domain's last or given attempt, or the one of this name.

    Raises:
        InvalidInput: there is no such log.
    """
    logs = find_logs(workspace, name)
    of_domain = [log for log in logs.logs if log.domain == wanted]
    if attempt is not None:
        of_domain = [log for log in of_domain if log.attempt == attempt]
    named = [log for log in logs.logs if log.name == wanted]
    if of_domain or named:
        return (of_domain or named)[-1]
    what = f"attempt {attempt} of '{wanted}'" if attempt is not None else f"'{wanted}'"
    raise InvalidInput(
        f"there is no log of {what}", hint=f"see which there are: ropewalk logs {logs.epic_id}"
    )


def briefing_names(workspace: Workspace, plan: Plan) -> dict[str, str]:
    """Return the briefing that each domain gets; one that does not exist is named as such."""
    return {domain.name: _briefing(workspace, domain) for domain in plan.domains}


def _briefing(workspace: Workspace, domain: Domain) -> str:
    try:
        return choose_briefing(domain, workspace.layout.briefings()).name
    except RopewalkError:
        return f"{domain.briefing} (missing)"


def _results(workspace: Workspace, plan: Plan, run: Run | None) -> Iterator[DomainResult]:
    for domain in plan.domains:
        state = run.state.domains.get(domain.name) if run is not None else None
        path = workspace.layout.domain_results(plan.epic_id, domain.name)
        if state is not None and state.status is not None and path.is_file():
            yield read_document(DomainResult, path)


def _read(kind: type[T], path: Path, *, wanted: bool) -> T | None:
    return read_document(kind, path) if wanted and path.is_file() else None


def _agent_logs(workspace: Workspace, run: Run) -> Iterator[LogFile]:
    for domain in run.state.domains.values():
        for attempt in domain.attempts:
            log = Path(attempt.log)
            yield _agent_log(log, domain, attempt.number, attempt.outcome.value)
        if domain.open_attempt is not None:
            step = f"work:{domain.name}"
            path = workspace.layout.log(run.run_id, step, domain.open_attempt)
            yield _agent_log(path, domain, domain.open_attempt, None)


def _agent_log(path: Path, domain: DomainState, number: int, outcome: str | None) -> LogFile:
    return LogFile(
        name=path.name.removesuffix(".log"),
        path=str(path),
        size=_size(path),
        domain=domain.name,
        attempt=number,
        outcome=outcome,
        transcript=_transcript(path),
    )


def _transcript(log: Path) -> str | None:
    path = transcript_path(log)
    return str(path) if path.is_file() else None


def _other(path: Path) -> LogFile:
    return LogFile(name=path.name.removesuffix(".log"), path=str(path), size=_size(path))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _by_number(path: Path) -> tuple[tuple[int, str], ...]:
    parts = re.split(r"(\d+)", path.name)
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in parts)
