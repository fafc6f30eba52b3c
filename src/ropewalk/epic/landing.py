"""Landing a train that was built before, aborting one, and validating what stands."""

from dataclasses import replace
from pathlib import Path

from ropewalk.engine.executor import Control
from ropewalk.epic.answer import Answer
from ropewalk.epic.context import EpicContext
from ropewalk.epic.life import Coordinator
from ropewalk.epic.merge import digest_of, finish_landed, options_before, write_report
from ropewalk.epic.options import merge_defaults
from ropewalk.epic.requests import requested
from ropewalk.epic.rounds import exit_code_of
from ropewalk.errors import LandingRefused, WrongPhase
from ropewalk.git.refs import epic_ref, read_ref
from ropewalk.git.repository import Place
from ropewalk.merging import hooks
from ropewalk.merging.again import merge_typed
from ropewalk.merging.forgetting import forget_unlanded
from ropewalk.merging.landing import land
from ropewalk.merging.undo import undo_building
from ropewalk.merging.workbench import NAME as BENCH
from ropewalk.merging.workbench import close_conflict, is_open, workbench
from ropewalk.model.config import Hooks
from ropewalk.model.graph import Step
from ropewalk.model.merge import MergeReport, MergeStatus
from ropewalk.model.values import JsonObject
from ropewalk.store.schema.documents import read_document

_NOTHING_OPEN = "no merge was open, and no train was built: nothing has changed"
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
    _require_landable(context, report, unchecked=unchecked)
    result = report.target.result
    if result is None:
        return write_answer(coordinator, report)
    with requested(coordinator, {"verb": "land", "unchecked": unchecked}):
        return _land(coordinator, report, result, unchecked=unchecked)


def _land(coordinator: Coordinator, report: MergeReport, result: str, *, unchecked: bool) -> Answer:
    context = coordinator.context
    landing = land(
        context.workspace.place,
        ref=report.target.ref,
        old=report.target.base,
        new=result,
        note=coordinator.journal.emit,
        hooks=context.workspace.config.merge.hooks is Hooks.RUN,
        bench=context.workspace.layout.worktree(context.epic_id, hooks.NAME),
    )
    status = MergeStatus.LANDED if landing.landed else MergeStatus.LAND_REFUSED
    target = replace(
        report.target,
        landed=landing.landed,
        reason=landing.reason,
        unchecked=unchecked and not report.validation.commands,
    )
    commands = next_after(coordinator, status)
    if landing.has_moved:
        commands = (_merge_again(coordinator),)
    landed = replace(report, status=status, target=target, next_commands=commands)
    answer = write_answer(coordinator, landed)
    coordinator.journal.emit("merge_finished", {"status": status.value}, sync=True)
    if landing.landed:
        finish_landed(context, _control(coordinator), landed)
    return answer


def abort_merge(coordinator: Coordinator) -> Answer:
    """Take back a train that did not land, with the place where its conflict was being resolved.

    What lies in that place is saved, and `restore` lays it out again.

    Raises:
        WrongPhase: nothing was merged, or nothing of it is left to take back.
    """
    context, emit = coordinator.context, coordinator.journal.emit
    report = require_report(context)
    place, layout = context.workspace.place, context.workspace.layout
    is_saved = workbench(layout, context.epic_id).exists()
    is_begun = context.live.state.request.get("verb") == "abort"
    if report.target.landed and not (is_saved or is_begun or is_open(place, context.epic_id)):
        raise WrongPhase(
            f"no merge of '{context.epic_id}' is open: what was merged last has landed",
            hint=f"take the landing back: ropewalk undo {context.epic_id}",
        )
    target = read_ref(place.context, report.target.ref) or report.target.base
    with requested(coordinator, {"verb": "abort"}):
        close_conflict(place, layout, epic_id=context.epic_id, run_id=context.run_id)
        forget_unlanded(place, context.epic_id, target=target)
        if report.target.landed:
            return write_answer(coordinator, report)
        had_train = bool(undo_building(place, context.epic_id, note=emit))
        has_dropped = had_train or is_saved or is_begun
        reason = dropped(place, report.target.ref) if has_dropped else _NOTHING_OPEN
        return _aborted(coordinator, report, reason=reason, is_saved=is_saved)


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
    known = {context.live.state.merge_digest, context.live.state.merge_writing} - {None}
    if known and digest_of(path) not in known:
        raise WrongPhase(
            f"{context.workspace.relative(path)} was changed after it was written",
            hint=f"ropewalk merge {context.epic_id}",
        )


def _require_landable(context: EpicContext, report: MergeReport, *, unchecked: bool) -> None:
    epic = report.epic_id
    result = read_ref(context.workspace.place.context, epic_ref(epic, "result"))
    is_back = report.status is MergeStatus.UNDONE and result == report.target.result is not None
    if report.status not in _LANDABLE and not is_back:
        end = "" if report.status in _TAKEN_BACK else " --on-conflict park"
        usual = f"ropewalk merge {epic}{end}"
        offered = [each for each in report.next_commands if each.startswith("ropewalk merge ")]
        raise LandingRefused(
            f"the last merge of '{epic}' ended with {report.status}",
            hint=next((each for each in offered if each.endswith(end)), usual),
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


def _aborted(
    coordinator: Coordinator, report: MergeReport, *, reason: str, is_saved: bool
) -> Answer:
    status = MergeStatus.ABORTED
    coordinator.journal.emit("merge_finished", {"status": status.value}, sync=True)
    target = replace(report.target, landed=False, reason=reason)
    commands = next_after(coordinator, status)
    if is_saved:
        commands += (f"ropewalk restore {report.epic_id} {BENCH}",)
    changed = replace(report, status=status, target=target, next_commands=commands)
    return write_answer(coordinator, changed)


def dropped(place: Place, ref: str) -> str:
    """Say that a train which never landed is gone, and that its target never moved."""
    now = read_ref(place.context, ref)
    where = ref.removeprefix("refs/heads/")
    stands = f"{where} was and is at {now[:7]}" if now else f"there is no {where}"
    return f"the built train was dropped; {stands}"


def write_answer(coordinator: Coordinator, report: MergeReport) -> Answer:
    """Write a report of a merge and return it with the exit code that it means."""
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


def next_after(coordinator: Coordinator, status: MergeStatus) -> tuple[str, ...]:
    """Return the commands that make sense after a landing, an abort or an undo."""
    epic = coordinator.context.epic_id
    match status:
        case MergeStatus.LANDED:
            return (f"ropewalk report {epic}", f"ropewalk undo {epic}")
        case MergeStatus.LAND_REFUSED:
            return (f"ropewalk land {epic}", _merge_again(coordinator))
        case _:
            return (_merge_again(coordinator), f"ropewalk results {epic}")


def _merge_again(coordinator: Coordinator) -> str:
    """Return the command that merges and lands what the last merge was asked for."""
    context = coordinator.context
    usual = merge_defaults(context.workspace)
    options = options_before(coordinator.history) or usual
    return merge_typed(context.epic_id, replace(options, land=True), usual)
