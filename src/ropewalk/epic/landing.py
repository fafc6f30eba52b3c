"""Landing a train that was built before, taking a landing back, and validating what stands."""

from dataclasses import replace
from pathlib import Path

from ropewalk.engine.executor import Control
from ropewalk.epic.answer import Answer
from ropewalk.epic.context import EpicContext
from ropewalk.epic.life import Coordinator
from ropewalk.epic.merge import digest_of, finish_landed, write_report
from ropewalk.epic.rounds import exit_code_of
from ropewalk.errors import LandingRefused, WrongPhase
from ropewalk.git.objects import is_ancestor
from ropewalk.git.refs import epic_ref, read_ref
from ropewalk.merging.landing import land
from ropewalk.merging.undo import undo_building, undo_landing
from ropewalk.merging.workbench import close_conflict
from ropewalk.model.config import Hooks
from ropewalk.model.graph import Step
from ropewalk.model.merge import MergeReport, MergeStatus
from ropewalk.model.values import JsonObject
from ropewalk.store.schema.documents import read_document

_LANDABLE = frozenset((MergeStatus.BUILT, MergeStatus.LAND_REFUSED, MergeStatus.LANDED))
_TAKEN_BACK = frozenset((MergeStatus.UNDONE, MergeStatus.ABORTED))


def land_result(coordinator: Coordinator, *, unchecked: bool) -> Answer:
    """Land the train of the last merge; the very commit that was checked.

    Raises:
        WrongPhase: nothing was merged.
        LandingRefused: the train has a conflict or failed its checks, or was not checked.
    """
    context = coordinator.context
    report = require_report(context)
    _require_written_by_us(context, context.workspace.layout.merge_results(context.epic_id))
    _require_landable(report, unchecked=unchecked)
    result = report.target.result
    if result is None:
        return _write(coordinator, report)
    landing = land(
        context.workspace.place,
        ref=report.target.ref,
        old=report.target.base,
        new=result,
        note=coordinator.journal.emit,
        hooks=context.workspace.config.merge.hooks is Hooks.RUN,
    )
    status = MergeStatus.LANDED if landing.landed else MergeStatus.LAND_REFUSED
    target = replace(
        report.target,
        landed=landing.landed,
        reason=landing.reason,
        unchecked=unchecked and not report.validation.commands,
    )
    landed = replace(report, status=status, target=target, next_commands=_next(context, status))
    answer = _write(coordinator, landed)
    coordinator.journal.emit("merge_finished", {"status": status.value}, sync=True)
    if landing.landed:
        finish_landed(context, _control(coordinator), landed)
    return answer


def undo_merge(coordinator: Coordinator) -> Answer:
    """Take back the train that was built, or, where there is none, the landing that stands.

    Raises:
        WrongPhase: nothing was merged.
        LandingRefused: the target moved on, or files are in the way; nothing was changed.
    """
    context, emit = coordinator.context, coordinator.journal.emit
    place, report = context.workspace.place, require_report(context)
    if _has_train(context, report):
        undo_building(place, context.epic_id, note=emit)
        return _taken_back(coordinator, report, MergeStatus.UNDONE)
    report = _standing(context, report)
    names = _landed_since(context, report.target.base)
    undo_landing(place, report, note=emit)
    undo_building(place, context.epic_id, note=emit)
    for name in names:
        emit("domain_taken_back", {"domain": name}, sync=True)
    return _taken_back(coordinator, report, MergeStatus.UNDONE)


def _has_train(context: EpicContext, report: MergeReport) -> bool:
    """Whether a train was built that is not on its target."""
    git = context.workspace.place.context
    result = read_ref(git, epic_ref(context.epic_id, "result"))
    tip = read_ref(git, report.target.ref)
    return result is not None and (tip is None or not is_ancestor(git, result, tip))


def _standing(context: EpicContext, report: MergeReport) -> MergeReport:
    """Return the report turned to the last landing that stands; only the journal knows it.

    Raises:
        WrongPhase: none stands.
    """
    landed = context.live.state.landed
    if landed is None:
        raise WrongPhase(
            f"nothing of '{context.epic_id}' is left to take back",
            hint=f"ropewalk merge {context.epic_id}",
        )
    ref, old, new = (str(landed[key]) for key in ("ref", "old", "new"))
    target = replace(report.target, ref=ref, base=old, result=new, landed=True)
    return replace(report, target=target)


def _landed_since(context: EpicContext, base: str) -> tuple[str, ...]:
    git = context.workspace.place.context
    return tuple(
        one.name
        for one in context.live.state.domains.values()
        if one.merged is not None and not (one.merged and is_ancestor(git, one.merged, base))
    )


def abort_merge(coordinator: Coordinator) -> Answer:
    """Take back a train that did not land, with the place where its conflict was being resolved.

    Raises:
        WrongPhase: nothing was merged, or it has landed.
    """
    context, emit = coordinator.context, coordinator.journal.emit
    report = require_report(context)
    if report.target.landed:
        raise WrongPhase(
            f"'{context.epic_id}' has landed", hint=f"take it back: ropewalk undo {context.epic_id}"
        )
    place, layout = context.workspace.place, context.workspace.layout
    close_conflict(place, layout, epic_id=context.epic_id, run_id=context.run_id)
    undo_building(place, context.epic_id, note=emit)
    return _taken_back(coordinator, report, MergeStatus.ABORTED)


def validate_steps(coordinator: Coordinator, number: int) -> tuple[Step, ...]:
    """Return the steps that validate what was merged, and land the repairs if it has landed.

    Raises:
        WrongPhase: nothing was merged.
    """
    context = coordinator.context
    report = require_report(context)
    place, ref = context.workspace.place, report.target.ref
    commit = read_ref(place.context, epic_ref(context.epic_id, "result"))
    if report.target.landed:
        commit = read_ref(place.context, ref)
    if commit is None:
        raise WrongPhase(
            f"nothing of '{context.epic_id}' is merged", hint=f"ropewalk merge {context.epic_id}"
        )
    payload = {"commit": commit, "ref": ref, "lands": report.target.landed}
    return (Step(id=f"validate:{number}", kind="validate", payload=payload),)


def require_report(context: EpicContext) -> MergeReport:
    """Return the report of the last merge.

    Raises:
        WrongPhase: there was none in this run.
    """
    path = context.workspace.layout.merge_results(context.epic_id)
    if not path.is_file():
        raise WrongPhase(
            f"'{context.epic_id}' has not been merged", hint=f"ropewalk merge {context.epic_id}"
        )
    return read_document(MergeReport, path)


def _require_written_by_us(context: EpicContext, path: Path) -> None:
    """Raise WrongPhase when the report is not the one whose digest the journal holds."""
    known = context.live.state.merge_digest
    if known is not None and digest_of(path) != known:
        raise WrongPhase(
            f"{context.workspace.relative(path)} was changed after it was written",
            hint=f"ropewalk merge {context.epic_id}",
        )


def _require_landable(report: MergeReport, *, unchecked: bool) -> None:
    epic = report.epic_id
    if report.status not in _LANDABLE:
        again = "" if report.status in _TAKEN_BACK else " --on-conflict park"
        raise LandingRefused(
            f"the last merge of '{epic}' ended with {report.status}",
            hint=f"ropewalk merge {epic}{again}",
        )
    failed = any(run.exit_code != 0 for run in report.validation.runs[-1:])
    if failed:
        raise LandingRefused(
            f"the checks on the merged tree of '{epic}' failed", hint=f"ropewalk validate {epic}"
        )
    if not report.validation.commands and not unchecked:
        raise LandingRefused(
            f"no check is configured for '{epic}'",
            hint=f"ropewalk land {epic} --unchecked, or add [checks] commands to ropewalk.toml",
        )


def _taken_back(coordinator: Coordinator, report: MergeReport, status: MergeStatus) -> Answer:
    context = coordinator.context
    target = replace(report.target, landed=False, reason=None)
    changed = replace(report, status=status, target=target, next_commands=_next(context, status))
    coordinator.journal.emit("merge_finished", {"status": status.value}, sync=True)
    return _write(coordinator, changed)


def _write(coordinator: Coordinator, report: MergeReport) -> Answer:
    context = coordinator.context
    path = write_report(context, coordinator.journal.emit, report)
    return Answer(document=report, path=path, exit_code=exit_code_of(report))


def _control(coordinator: Coordinator) -> Control:
    emit = coordinator.journal.emit

    def _forward(type_: str, data: JsonObject, sync: bool) -> None:  # noqa: FBT001
        emit(type_, data, sync=sync)

    return Control(
        on_event=_forward,
        cancelled=coordinator.context.cancel,
    )


def _next(context: EpicContext, status: MergeStatus) -> tuple[str, ...]:
    epic = context.epic_id
    match status:
        case MergeStatus.LANDED:
            return (f"ropewalk report {epic}", f"ropewalk undo {epic}")
        case MergeStatus.LAND_REFUSED:
            return (f"ropewalk land {epic}", f"ropewalk merge {epic}")
        case _:
            return (f"ropewalk merge {epic}", f"ropewalk results {epic}")
