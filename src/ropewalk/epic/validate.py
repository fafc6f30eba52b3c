"""Phase 2: the checks on the merged tree, with a bounded number of repairs by an agent.

A repair is a commit on top of the tree that failed, made by the coordinator from what the agent
left in a worktree of its own. The loop ends when the checks pass, when the same failure comes back,
or when the attempts are used up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ropewalk.agents.mend_prompts import Mending, fix_prompt
from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext, interrupted, stopped
from ropewalk.epic.errand import Errand, mender
from ropewalk.epic.failures import is_same_failure
from ropewalk.epic.mend_parts import end_of_log
from ropewalk.epic.mending import mend
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput
from ropewalk.git.objects import tree_of
from ropewalk.git.own import own_context
from ropewalk.git.refs import RefUpdate, epic_ref, read_ref, update_refs
from ropewalk.merging import hooks
from ropewalk.merging.landing import land
from ropewalk.merging.values import Checked
from ropewalk.model.config import Hooks
from ropewalk.model.graph import AttemptResult, AttemptSpec, StepState
from ropewalk.model.merge import MergeReport
from ropewalk.model.plan import Plan
from ropewalk.model.result import CheckRun
from ropewalk.model.validation import ValidationAttempt, ValidationReport, ValidationStatus
from ropewalk.model.values import JsonObject
from ropewalk.store.schema.documents import from_json, read_document, to_json, write_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of checks on a commit."""

    commit: str
    attempt: ValidationAttempt

    @property
    def failure(self) -> CheckRun | None:
        """The first check that failed, or None when all passed."""
        return next((run for run in self.attempt.commands if not run.has_passed), None)


def commands_for(workspace: Workspace, plan: Plan) -> tuple[str, ...]:
    """Return the commands that validate the merged tree, each once, in order.

    Where neither the plan nor the configuration names any, those that the last merge was checked
    with.
    """
    named = (*plan.validation, *workspace.config.checks.commands)
    path = workspace.layout.merge_results(plan.epic_id)
    if not named and path.is_file():
        named = read_document(MergeReport, path).validation.commands
    return tuple(dict.fromkeys(named))


def validate_commit(
    context: EpicContext, control: Control, commit: str, *, number: int
) -> tuple[ValidationReport, str]:
    """Check ``commit``, repairing it if an agent is configured; return the report and last commit.

    Raises:
        InvalidInput: there is nothing to check with.
    """
    commands = commands_for(context.workspace, context.plan)
    if not commands:
        raise InvalidInput(
            f"no check is configured for '{context.epic_id}'",
            hint='add [checks] commands = ["…"] to ropewalk.toml, or validation to the plan',
        )
    rounds = [_round(context, control, commit, number=number, attempt=1)]
    for _ in range(_fix_attempts(context)):
        last = rounds[-1]
        if last.failure is None or stopped(control, context):
            break
        fixed = _repair(context, control, last, number=number)
        if fixed is None:
            break
        rounds.append(_round(context, control, fixed, number=number, attempt=len(rounds) + 1))
        again = rounds[-1].failure
        if again is not None and is_same_failure(again, last.failure):
            break
    return _report(context, rounds), rounds[-1].commit


def run_validate(context: EpicContext, spec: AttemptSpec, control: Control) -> AttemptResult:
    """Validate the train that was built before this step, or the commit that the payload names."""
    if stopped(control, context):
        return interrupted(spec)
    before = next((outputs for outputs in spec.needs.values() if "checked" in outputs), {})
    commit = _commit(spec, before)
    number = int(spec.step.rsplit(":", 1)[-1])
    report, last = validate_commit(context, control, commit, number=number)
    if stopped(control, context):
        return interrupted(spec)
    if spec.payload.get("lands"):
        report = _land_repair(context, control, spec, report, last)
    write_document(context.workspace.layout.validation_results(context.epic_id), report)
    control.emit("validated", {"status": report.status.value, "commit": last}, sync=True)
    outputs: JsonObject = {"status": report.status.value, "validated": last}
    if before:
        outputs = {**before, **_with_fixes(context, before, last, report), **outputs}
    return AttemptResult(attempt_id=spec.attempt_id, state=StepState.SUCCEEDED, outputs=outputs)


def _land_repair(
    context: EpicContext,
    control: Control,
    spec: AttemptSpec,
    report: ValidationReport,
    last: str,
) -> ValidationReport:
    """Move the target, on which the epic has landed, to the repaired commit."""
    if report.status is not ValidationStatus.FIXED:
        return replace(report, landed=report.status is ValidationStatus.PASSED)
    landing = land(
        context.workspace.place,
        ref=str(spec.payload["ref"]),
        old=str(spec.payload["commit"]),
        new=last,
        note=control.emit,
        hooks=context.workspace.config.merge.hooks is Hooks.RUN,
        bench=context.workspace.layout.worktree(context.epic_id, hooks.NAME),
    )
    return replace(report, landed=landing.landed)


def _commit(spec: AttemptSpec, before: JsonObject) -> str:
    if not before:
        return str(spec.payload["commit"])
    checked = from_json(Checked, _mapping(before["checked"]))
    return (checked.whole or checked.train).result


def _with_fixes(
    context: EpicContext, before: JsonObject, last: str, report: ValidationReport
) -> JsonObject:
    """Return the whole train with the repairs on top of it, when they made it pass."""
    checked = from_json(Checked, _mapping(before["checked"]))
    before_it = checked.whole or checked.train
    if report.status is not ValidationStatus.FIXED or before_it.result == last:
        return {}
    refs = context.workspace.place.context
    ref = epic_ref(context.epic_id, "result")
    update_refs(refs, [RefUpdate(ref=ref, new=last, old=read_ref(refs, ref))])
    mended = replace(
        checked,
        train=replace(before_it, result=last),
        validation=replace(checked.validation, culprit=None, blamed=()),
        problem=None,
        whole=None,
    )
    return {"checked": to_json(mended)}


def _mapping(value: object) -> JsonObject:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return value


def _round(
    context: EpicContext, control: Control, commit: str, *, number: int, attempt: int
) -> Round:
    layout = context.workspace.layout
    verdict = context.checks.run(
        commit,
        commands_for(context.workspace, context.plan),
        log=lambda count: layout.log(context.run_id, f"validate:{number}:{attempt}", count),
        cancel=control.cancelled,
        starting=lambda command: control.emit("check_started", {"command": command}),
    )
    done = ValidationAttempt(
        number=attempt,
        commands=verdict.runs,
        fix_commit=commit if attempt > 1 else None,
        agent=mender(context.workspace.config) if attempt > 1 else None,
    )
    return Round(commit=commit, attempt=done)


def _fix_attempts(context: EpicContext) -> int:
    config = context.workspace.config
    return config.merge.fix_attempts if mender(config) else 0


def _repair(context: EpicContext, control: Control, last: Round, *, number: int) -> str | None:
    """Let an agent repair the tree in a worktree of its own; return the commit, or None."""
    errand = Errand(
        step=f"fix:{number}",
        subject="validation",
        about="a check that fails on the merged tree",
        number=last.attempt.number,
        start=last.commit,
        message=_fix_message(context, last),
        prompt=partial(_fix_prompt, context, last),
    )
    left = mend(context, control, errand)
    return left.commit if left.problem is None else None


def _fix_message(context: EpicContext, last: Round) -> str:
    command = last.failure.command if last.failure else ""
    return (
        f"Repair after merging {context.epic_id}: {command}"[:72]
        + f"\n\nEpic: {context.epic_id}\nAgent: {mender(context.workspace.config)}\n"
        + f"Run: {context.run_id}\n"
    )


def _fix_prompt(context: EpicContext, last: Round, worktree: Path) -> str:
    failed = next(run for run in last.attempt.commands if not run.has_passed)
    mending = Mending(
        title=f"{context.plan.title}\n\n{context.plan.description}".strip(),
        worktree=worktree,
        parties=(),
        checks=commands_for(context.workspace, context.plan),
    )
    output = end_of_log(failed.log)
    return fix_prompt(mending, failed.command, exit_code=failed.exit_code, output=output)


def _report(context: EpicContext, rounds: Sequence[Round]) -> ValidationReport:
    last = rounds[-1]
    passed = ValidationStatus.PASSED if len(rounds) == 1 else ValidationStatus.FIXED
    return ValidationReport(
        epic_id=context.epic_id,
        run_id=context.run_id,
        status=ValidationStatus.FAILED if last.failure else passed,
        tree=tree_of(own_context(context.workspace.place), last.commit),
        attempts=tuple(each.attempt for each in rounds),
        landed=False,
    )
