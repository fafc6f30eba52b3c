"""The account of a merge for people and programs. Pure."""

from dataclasses import replace

from ropewalk.merging.train import backup_ref
from ropewalk.merging.values import IN_TRAIN, Checked, MergeInput, Train
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    MergeValidation,
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
        next_commands=next_commands(given.epic_id, status, train),
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


def next_commands(epic_id: str, status: MergeStatus, train: Train) -> tuple[str, ...]:
    """Return what a person may type next."""
    match status:
        case MergeStatus.LANDED:
            return (f"ropewalk validate {epic_id}", f"ropewalk undo {epic_id}")
        case MergeStatus.BUILT:
            return (f"ropewalk land {epic_id}", f"ropewalk undo {epic_id}") if train.steps else ()
        case MergeStatus.CONFLICT:
            return (
                f"ropewalk conflicts {epic_id}",
                f"ropewalk merge {epic_id} --on-conflict stop",
                f"ropewalk merge {epic_id} --on-conflict park",
            )
        case MergeStatus.VALIDATION_FAILED:
            return (
                f"ropewalk logs {epic_id}",
                f"ropewalk merge {epic_id} --on-conflict park",
                f"ropewalk merge {epic_id} --abort",
            )
        case MergeStatus.LAND_REFUSED:
            return (f"ropewalk land {epic_id}", f"ropewalk merge {epic_id}")
        case MergeStatus.ABORTED | MergeStatus.UNDONE:
            return (f"ropewalk merge {epic_id}",)


def _is_whole(report: MergeReport) -> bool:
    return all(entry.status in _WHOLE for entry in report.domains)


def _verified(entry: MergedDomain, commands: tuple[str, ...]) -> MergedDomain:
    resolution = entry.resolution
    if resolution is None or resolution.verified_by:
        return entry
    return replace(entry, resolution=replace(resolution, verified_by=commands))
