"""The library: what the command line calls and other programs import.

Every function takes a `Workspace` (see `open_workspace`) and plain values, and returns an `Answer`:
the document that the verb produced, the file it was written to, and the exit code it means. Nothing
here prints. Expected failures of agents, merges and checks are values in the documents; exceptions
are `RopewalkError`.

    from pathlib import Path
    from ropewalk import api

    workspace = api.open_workspace(Path("."))
    answer = api.run(workspace, "add-auth", api.RunRequest(agent="claude"))
    print(answer.document.status, answer.exit_code)
"""

import threading
from collections.abc import Callable, Mapping, Sequence

from ropewalk.engine.answers import CacheUse
from ropewalk.engine.history import fold as fold_history
from ropewalk.epic import clean as cleaning
from ropewalk.epic.again import RetryRequest, collect_steps, require_idle, retry_order
from ropewalk.epic.answer import Answer
from ropewalk.epic.at_bench import require_open, require_outside
from ropewalk.epic.attach import Attachment, attach
from ropewalk.epic.clean import CleanReport
from ropewalk.epic.conflicts import conflicts, watch_conflicts
from ropewalk.epic.diff import Diff, DomainDiff, SideDiff, diff_domains, diff_resolved
from ropewalk.epic.doctor import Diagnosis, examine
from ropewalk.epic.epic_text import EpicText, read_epic
from ropewalk.epic.finding import Finding, Level
from ropewalk.epic.forecast import forecast
from ropewalk.epic.init import FileAction, InitReport, initialise
from ropewalk.epic.landing import abort_merge, land_result, validate_steps
from ropewalk.epic.life import coordinate, with_steps
from ropewalk.epic.look import (
    Documents,
    LogFile,
    Logs,
    briefing_names,
    find_log,
    find_logs,
    read_documents,
    require_documents,
)
from ropewalk.epic.merge import (
    continued,
    preview,
    require_collected,
    require_options,
    require_results,
)
from ropewalk.epic.options import merge_defaults
from ropewalk.epic.picture import Picture, PictureFormat, picture
from ropewalk.epic.planning import (
    Planned,
    PlannerKind,
    PlanRequest,
    edited_plan,
    make_plan,
    plan_text,
    say_nothing,
)
from ropewalk.epic.resume import carry_out, recover
from ropewalk.epic.rounds import (
    Observe,
    exit_code_of,
    go,
    open_run,
    quiet_control,
    round_of,
)
from ropewalk.epic.runs import Run, find_run, list_runs, planned_epics, require_plan, require_run
from ropewalk.epic.segments import Through, merge_steps, postmortem_step
from ropewalk.epic.start import Prepared, RunRequest, begin, first_step, prepare_run
from ropewalk.epic.status import status
from ropewalk.epic.undo import operation_log, undo_last
from ropewalk.epic.workspace import Workspace, open_workspace
from ropewalk.merging.operations import Operation, OperationLog
from ropewalk.merging.values import MergeOptions
from ropewalk.model.conflict import LiveConflicts
from ropewalk.model.forecast import Forecast
from ropewalk.model.merge import MergeReport, OnConflict, Resolve
from ropewalk.model.plan import Mode
from ropewalk.model.result import Aggregate
from ropewalk.store.schema.documents import json_schema, to_json
from ropewalk.store.schema.documents import read_document as read

__all__ = [
    "Aggregate",
    "Answer",
    "Attachment",
    "CacheUse",
    "CleanReport",
    "Diagnosis",
    "Diff",
    "Documents",
    "DomainDiff",
    "EpicText",
    "FileAction",
    "Finding",
    "Forecast",
    "InitReport",
    "Level",
    "LiveConflicts",
    "LogFile",
    "Logs",
    "MergeOptions",
    "MergeReport",
    "Mode",
    "Observe",
    "OnConflict",
    "Operation",
    "OperationLog",
    "Picture",
    "PictureFormat",
    "PlanRequest",
    "Planned",
    "PlannerKind",
    "Resolve",
    "RetryRequest",
    "Run",
    "RunRequest",
    "SideDiff",
    "Through",
    "Workspace",
    "attach",
    "briefing_names",
    "check_run",
    "clean",
    "collect",
    "conflicts",
    "diff_domains",
    "diff_resolved",
    "edited_plan",
    "examine",
    "find_log",
    "find_logs",
    "find_run",
    "forecast",
    "initialise",
    "json_schema",
    "land",
    "list_runs",
    "merge",
    "merge_defaults",
    "open_workspace",
    "operations",
    "picture",
    "plan",
    "plan_text",
    "planned_epics",
    "postmortem",
    "read",
    "read_documents",
    "read_epic",
    "require_documents",
    "require_plan",
    "require_run",
    "restore",
    "resume",
    "retry",
    "run",
    "status",
    "undo",
    "validate",
    "watch_conflicts",
]


def plan(
    workspace: Workspace,
    request: PlanRequest,
    *,
    tell: Callable[[str], None] = say_nothing,
    cancel: threading.Event | None = None,
    env: Mapping[str, str] | None = None,
) -> Planned:
    """Split an epic, or take a hand-written split, and write the plan.

    Args:
        workspace: the repository.
        request: what is planned, and by whom.
        tell: told what takes long.
        cancel: ends an agent that plans when set.
        env: holds the key and the address of a model; None: those of this process.

    Raises:
        InvalidInput: the epic or the plan cannot be used, or who is to plan is not configured;
            no plan was written.
        Busy: another coordinator works on this epic.
    """
    return make_plan(workspace, request, tell=tell, cancel=cancel, env=env)


def run(
    workspace: Workspace,
    epic_id: str,
    request: RunRequest,
    *,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Run the agents of a planned epic, and the later phases that ``request.through`` names.

    Raises:
        InvalidInput: the plan, an agent or an option cannot be used; nothing was changed.
        Interrupted: ``cancel`` was set; everything is kept for ``resume``.
    """
    the_plan = require_plan(workspace, epic_id)
    if request.fresh and find_run(workspace, epic_id) is not None:
        check_run(workspace, epic_id, request)
        with open_run(workspace, epic_id) as (_, old):
            cleaning.supersede(old)
    prepared = check_run(workspace, epic_id, request)
    with coordinate(workspace, the_plan, prepared.run_id, observe=observe, cancel=cancel) as found:
        steps = (first_step(prepared.order),)
        asked = {"verb": "run", "through": request.through.value, "jobs": request.jobs}
        if prepared.is_new:
            whole = with_steps(asked, steps)
            begin(found.context.workspace, the_plan, prepared, found.journal, request=whole)
        return go(found, asked, steps, jobs=request.jobs)


def check_run(workspace: Workspace, epic_id: str, request: RunRequest) -> Prepared:
    """Return what `run` would do; nothing is changed.

    Raises:
        InvalidInput: as for `run`.
    """
    the_plan = require_plan(workspace, epic_id)
    known = None if request.fresh else find_run(workspace, epic_id)
    history = fold_history(known.events) if known else None
    return prepare_run(workspace, the_plan, request, history)


def retry(
    workspace: Workspace,
    name: str,
    request: RetryRequest,
    *,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Run another attempt of one domain on the work that was kept."""
    with open_run(workspace, name, observe=observe, cancel=cancel) as (known, found):
        order = retry_order(workspace, found.context.plan, known, request, found.history)
        found.journal.emit("outside_settled", {"domain": request.domain})
        return go(found, {"verb": "retry", "domain": request.domain}, (first_step(order),))


def collect(
    workspace: Workspace,
    name: str,
    domains: Sequence[str] = (),
    *,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Take in what lies in the worktrees now, whoever made it."""
    with open_run(workspace, name, observe=observe, cancel=cancel) as (known, found):
        steps = collect_steps(found.context.plan, known, domains, found.history)
        for step in steps:
            if step.kind == "collect":
                data = {"domain": step.payload["domain"]}
                found.journal.emit("outside_settled", data)
        return go(found, {"verb": "collect"}, steps)


def merge(
    workspace: Workspace,
    name: str,
    options: MergeOptions,
    *,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Merge what succeeded in dependency order, check the exact tree, and land it.

    Raises:
        InvalidInput: an option names something that does not exist.
        WrongPhase: the run is not finished, or a worktree holds work that was not collected.
    """
    with open_run(workspace, name, observe=observe, cancel=cancel) as (known, found):
        require_idle(known)
        require_outside(workspace, found.context.epic_id, options)
        if options.abort:
            return abort_merge(found)
        require_results(found.context)
        require_options(found.context, options)
        require_collected(found.context, found.context.results())
        if options.dry_run:
            report = preview(found.context, options, quiet_control(found.context.cancel))
            return Answer(document=report, exit_code=exit_code_of(report))
        wanted = options
        if options.proceed:
            wanted = continued(found.history, found.context.epic_id, options)
            require_open(workspace, found.context.epic_id)
        steps = merge_steps(round_of(found), to_json(wanted))
        return go(found, {"verb": "merge"}, steps)


def land(workspace: Workspace, name: str, *, unchecked: bool = False) -> Answer:
    """Land a train that was built and checked before."""
    with open_run(workspace, name) as (known, found):
        require_idle(known)
        return land_result(found, unchecked=unchecked)


def undo(workspace: Workspace, name: str) -> Answer:
    """Take back the last operation on an epic.

    Taken back is the last merge, landing or cleaning that stands; again, the one before it.

    Raises:
        WrongPhase: nothing is left to take back.
        LandingRefused: the target moved on, or files are in the way; nothing was changed.
    """
    with open_run(workspace, name) as (known, found):
        require_idle(known)
        return undo_last(found)


def operations(workspace: Workspace, name: str) -> OperationLog:
    """Return what was merged, landed and cleaned, and what of it can be taken back; looks only."""
    return operation_log(require_run(workspace, name))


def resume(
    workspace: Workspace,
    name: str,
    *,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Go on where a killed or interrupted coordinator stopped; finished steps are not run again."""
    with open_run(workspace, name, observe=observe, cancel=cancel) as (known, found):
        recover(found)
        answer = carry_out(found)
        if answer is not None:
            return answer
        jobs = known.state.request.get("jobs")
        return go(found, {}, (), jobs=jobs if isinstance(jobs, int) else None)


def validate(
    workspace: Workspace,
    name: str,
    *,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Check the merged tree, with a bounded number of repairs by an agent; land the repairs."""
    with open_run(workspace, name, observe=observe, cancel=cancel) as (known, found):
        require_idle(known)
        return go(found, {"verb": "validate"}, validate_steps(found, round_of(found)))


def postmortem(
    workspace: Workspace,
    name: str,
    *,
    facts: bool = False,
    observe: Observe | None = None,
    cancel: threading.Event | None = None,
) -> Answer:
    """Look back at a run: what worked, what did not, predicted against actual.

    The agent of `[merge]`, else of `[run]`, adds what it sees, unless only ``facts`` are wanted.
    """
    with open_run(workspace, name, observe=observe, cancel=cancel) as (known, found):
        require_idle(known)
        step = postmortem_step(round_of(found), facts=facts)
        return go(found, {"verb": "postmortem"}, (step,))


def clean(
    workspace: Workspace, name: str, *, unmerged: bool = False, yes: bool = False
) -> CleanReport:
    """Remove the worktrees that a run no longer needs, saved first; a dry run unless ``yes``."""
    known = require_run(workspace, name)
    if not yes:
        return cleaning.planned(known.state, unmerged=unmerged)
    with open_run(workspace, name) as (_, found):
        return cleaning.clean(found, unmerged=unmerged)


def restore(workspace: Workspace, name: str, domains: Sequence[str] = ()) -> tuple[str, ...]:
    """Bring removed worktrees back, byte for byte; return the domains that were restored.

    Those of a run that was replaced by a fresh one are laid beside those of the present run, below
    the id of their own.
    """
    known = require_run(workspace, name)
    if known.state.superseded:
        return cleaning.restore_aside(workspace, known, domains)
    with open_run(workspace, name) as (_, found):
        return cleaning.restore(found, domains)
