"""The account of a merge for people and programs. Pure."""

import shlex
from dataclasses import replace

from ropewalk.merging.train import backup_ref
from ropewalk.merging.values import IN_TRAIN, Checked, MergeInput
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    MergeValidation,
    OnConflict,
    Target,
)

NOT_RUN = MergeValidation(method="not run", commands=(), runs=(), culprit=None)
_WHOLE = (*IN_TRAIN, MergedDomainStatus.NOTHING_TO_MERGE)


def merge_report(
    given: MergeInput, checked: Checked, status: MergeStatus, *, reason: str | None
) -> MergeReport:
    """Return the report of a merge that stands at ``status``."""
    train = checked.train
    proved = checked.problem is None and bool(checked.validation.runs)
    commands = checked.validation.commands if proved else ()
    return MergeReport(
        epic_id=given.epic_id,
        run_id=given.run_id,
        status=status,
        target=Target(
            ref=given.target,
            base=train.base,
            result=train.result if train.steps else None,
            landed=status is MergeStatus.LANDED,
            reason=reason,
            unchecked=given.options.unchecked and not checked.validation.commands,
        ),
        order=train.order,
        order_reason=train.order_reason,
        drivers_used=train.drivers_used,
        attributes_changes=train.attributes_changes,
        domains=tuple(_verified(entry, commands) for entry in train.domains),
        matrix=train.matrix,
        validation=checked.validation,
        backup_refs=(backup_ref(given.epic_id, train.base),) if train.steps else (),
        next_commands=next_commands(given, status, checked),
    )


def exit_code(report: MergeReport) -> int:
    """Return what ``merge`` and ``land`` end with."""
    match report.status:
        case MergeStatus.CONFLICT:
            return 3
        case MergeStatus.VALIDATION_FAILED:
            return 4
        case MergeStatus.LAND_REFUSED:
            return 5
        case MergeStatus.ABORTED | MergeStatus.UNDONE:
            return 0
        case MergeStatus.LANDED:
            return 0 if _is_whole(report) else 6
        case MergeStatus.BUILT:
            has_any = any(entry.status in _WHOLE for entry in report.domains)
            return 0 if has_any or _is_whole(report) else 6


def next_commands(given: MergeInput, status: MergeStatus, checked: Checked) -> tuple[str, ...]:
    """Return what a person may type next, with what was asked for the first time repeated."""
    epic_id, again = given.epic_id, f"ropewalk merge {given.epic_id}{_repeated(given)}"
    match status:
        case MergeStatus.LANDED:
            report = f"ropewalk report {epic_id}"
            checks = f"ropewalk validate {epic_id}" if checked.validation.commands else report
            return (checks, f"ropewalk undo {epic_id}")
        case MergeStatus.BUILT:
            has_steps = bool(checked.train.steps)
            return (f"ropewalk land {epic_id}", f"ropewalk undo {epic_id}") if has_steps else ()
        case MergeStatus.CONFLICT:
            asked = given.options.on_conflict is OnConflict.AGENT
            ways = ("park", "stop") if asked else ("park", "stop", "agent")
            look = any(entry.suggestions for entry in checked.train.domains)
            shown = (f"ropewalk diff {epic_id} --resolved",) if look else ()
            return (*(f"{again} --on-conflict {way}" for way in ways), *shown)
        case MergeStatus.VALIDATION_FAILED:
            choices = (f"{again} --on-conflict {each}" for each in ("park", "stop", "agent"))
            others = tuple(choices) if checked.validation.blamed else ()
            return (f"ropewalk logs {epic_id}", *others, f"ropewalk merge {epic_id} --abort")
        case MergeStatus.LAND_REFUSED:
            if not checked.validation.commands:
                return (f"{again} --check 'COMMAND'", f"ropewalk land {epic_id} --unchecked")
            return (f"ropewalk land {epic_id}", again)
        case MergeStatus.ABORTED | MergeStatus.UNDONE:
            return (again,)


def _repeated(given: MergeInput) -> str:
    options = given.options
    flags = [("include", name) for name in options.include]
    flags += [("skip", name) for name in options.skip]
    flags += [("check", command) for command in options.checks]
    flags += [("into", options.into)] if options.into else []
    return "".join(f" --{flag} {shlex.quote(value)}" for flag, value in flags)


def _is_whole(report: MergeReport) -> bool:
    return all(entry.status in _WHOLE for entry in report.domains)


def _verified(entry: MergedDomain, commands: tuple[str, ...]) -> MergedDomain:
    resolution = entry.resolution
    if resolution is None or resolution.verified_by:
        return entry
    return replace(entry, resolution=replace(resolution, verified_by=commands))
