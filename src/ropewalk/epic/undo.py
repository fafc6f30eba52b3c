"""Taking operations back: a landing, a train that was built, a cleaning; the last one first.

What is taken back stands in the request itself, so that a coordinator that is killed goes on with
the same operation and not with the one before it. Nothing is taken back that would lose newer work.
"""

from collections.abc import Sequence
from dataclasses import replace

from ropewalk.epic.answer import Answer
from ropewalk.epic.context import EpicContext
from ropewalk.epic.landing import dropped, next_after, require_report, write_answer
from ropewalk.epic.life import Coordinator
from ropewalk.epic.requests import requested
from ropewalk.epic.runs import Run, require_run
from ropewalk.epic.tidy import bring_back
from ropewalk.errors import WrongPhase
from ropewalk.git.objects import is_ancestor
from ropewalk.git.refs import epic_ref, read_ref
from ropewalk.git.repository import Place
from ropewalk.merging.operations import (
    CLEAN,
    Operation,
    OperationLog,
    RefMove,
    find_last,
    read_operations,
)
from ropewalk.merging.undo import put_train_back, require_takeable, undo_landing
from ropewalk.merging.workbench import find_opened, workbench
from ropewalk.model.merge import MergeReport, MergeStatus


def operation_log(run: Run) -> OperationLog:
    """Return what was merged, landed and cleaned in a run, and what was taken back."""
    operations = read_operations(run.events)
    command = (f"ropewalk undo {run.state.epic_id}",)
    return OperationLog(
        epic_id=run.state.epic_id,
        run_id=run.run_id,
        operations=operations,
        next_commands=command if find_last(operations) else (),
    )


def undo_last(coordinator: Coordinator, *, asked: int | None = None) -> Answer:
    """Take back the last operation that stands.

    Args:
        coordinator: the writer of the run.
        asked: the operation that an earlier coordinator was taking back when it was killed.

    Raises:
        WrongPhase: nothing is left to take back, or a conflict is open.
        LandingRefused: the target moved on, or files are in the way; nothing was changed.
    """
    context = coordinator.context
    operations = read_operations(require_run(context.workspace, context.run_id).events)
    wanted = [one for one in operations if one.id == asked]
    operation = wanted[0] if wanted else find_last(operations)
    if operation is None:
        raise WrongPhase(
            f"nothing of '{context.epic_id}' is left to take back",
            hint=f"ropewalk merge {context.epic_id}",
        )
    if asked is None:
        _require_closed(context)
        for move in operation.landings[-1:]:
            require_takeable(context.workspace.place, _report_of(context, move))
    with requested(coordinator, {"verb": "undo", "operation": operation.id}):
        if not operation.undone:
            _take_back(coordinator, operation)
            done = {"operation": operation.id, "verb": operation.verb}
            coordinator.journal.emit("operation_undone", done, sync=True)
        return _answer(coordinator, operation)


def _take_back(coordinator: Coordinator, operation: Operation) -> None:
    context, emit = coordinator.context, coordinator.journal.emit
    place = context.workspace.place
    if operation.landings:
        names = _landed_since(context, place, operation.landings[0].old)
        for move in reversed(operation.landings):
            undo_landing(place, _report_of(context, move), note=emit)
        for name in names:
            emit("domain_taken_back", {"domain": name}, sync=True)
    if operation.before is not None:
        put_train_back(place, context.epic_id, operation.before, note=emit)
    if operation.verb == CLEAN:
        for name in operation.removed:
            bring_back(context, emit, name)


def _require_closed(context: EpicContext) -> None:
    opened = find_opened(context.workspace.place, context.epic_id)
    if opened is not None:
        where = workbench(context.workspace.layout, context.epic_id)
        raise WrongPhase(
            f"the conflict of '{opened.domain}' is open in {where}",
            hint=f"ropewalk merge {context.epic_id} --continue, or --abort",
        )


def _report_of(context: EpicContext, move: RefMove) -> MergeReport:
    """Return the last report, turned to one landing of the journal."""
    report = require_report(context)
    target = replace(report.target, ref=move.ref, base=move.old, result=move.new, landed=True)
    return replace(report, target=target)


def _landed_since(context: EpicContext, place: Place, base: str) -> Sequence[str]:
    return [
        one.name
        for one in context.live.state.domains.values()
        if one.merged is not None
        and not (one.merged and is_ancestor(place.context, one.merged, base))
    ]


def _answer(coordinator: Coordinator, operation: Operation) -> Answer:
    context = coordinator.context
    if operation.verb == CLEAN:
        return Answer(document=operation_log(require_run(context.workspace, context.run_id)))
    report = require_report(context)
    if operation.landings:
        report = _report_of(context, operation.landings[0])
    status = MergeStatus.UNDONE
    result = read_ref(context.workspace.place.context, epic_ref(context.epic_id, "result"))
    stands = result is not None and result == report.target.result
    commands = (f"ropewalk land {context.epic_id}",) if stands else ()
    coordinator.journal.emit("merge_finished", {"status": status.value}, sync=True)
    return write_answer(
        coordinator,
        replace(
            report,
            status=status,
            target=replace(report.target, landed=False, reason=_said(context, report, operation)),
            next_commands=(
                *commands,
                *next_after(coordinator, status),
                *_restoring(context, operation),
            ),
        ),
    )


def _said(context: EpicContext, report: MergeReport, operation: Operation) -> str:
    """Say what was taken back and where the target is now."""
    place, target = context.workspace.place, report.target
    if not operation.landings:
        return dropped(place, target.ref)
    now = read_ref(place.context, target.ref) or target.base
    where = target.ref.removeprefix("refs/heads/")
    said = f"the landing of '{context.epic_id}' was taken back: {where} is at {now[:7]}"
    return f"{said}; its worktrees stay removed" if _restoring(context, operation) else said


def _restoring(context: EpicContext, operation: Operation) -> tuple[str, ...]:
    """Return the command that brings back what a merge removed and its undo does not."""
    states = (context.domain_state(name) for name in operation.removed)
    is_gone = bool(operation.landings) and any(state.removed for state in states)
    return (f"ropewalk restore {context.epic_id}",) if is_gone else ()
