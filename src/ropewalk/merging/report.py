"""The account of a merge for people and programs. Pure."""

from dataclasses import replace

from ropewalk.merging.again import merge_again, merge_by_hand, merge_with
from ropewalk.merging.train import backup_ref
from ropewalk.merging.values import IN_TRAIN, Checked, MergeInput, Train
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    MergeValidation,
    OnConflict,
    Resolve,
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
    epic_id, again = given.epic_id, merge_again(given)
    match status:
        case MergeStatus.LANDED:
            report = f"ropewalk report {epic_id}"
            checks = f"ropewalk validate {epic_id}" if checked.validation.commands else report
            return (checks, f"ropewalk undo {epic_id}")
        case MergeStatus.BUILT:
            return _after_building(given, checked)
        case MergeStatus.CONFLICT:
            return _after_conflict(given, checked)
        case MergeStatus.VALIDATION_FAILED:
            # Resolutions stay in: with none the first conflict would be opened, not what fails.
            ways = _ways(given, by_hand=merge_with(given, OnConflict.STOP))
            others = (*ways, *_redone(given, checked)) if checked.validation.blamed else ()
            return (f"ropewalk logs {epic_id}", *others, f"ropewalk merge {epic_id} --abort")
        case MergeStatus.LAND_REFUSED:
            if not checked.validation.commands:
                return (f"{again} --check 'COMMAND'", f"ropewalk land {epic_id} --unchecked")
            return (f"ropewalk land {epic_id}", again)
        case MergeStatus.ABORTED | MergeStatus.UNDONE:
            return (again,)


def why_nothing(given: MergeInput, train: Train) -> str:
    """Say why a train without a commit does not land."""
    return "everything has landed" if _has_all_landed(given, train) else "there is nothing to land"


def _has_all_landed(given: MergeInput, train: Train) -> bool:
    nothing = MergedDomainStatus.NOTHING_TO_MERGE
    return bool(given.landed) and all(
        entry.status is nothing and entry.name in given.landed for entry in train.domains
    )


def _after_building(given: MergeInput, checked: Checked) -> tuple[str, ...]:
    epic_id = given.epic_id
    if _has_all_landed(given, checked.train):
        return (f"ropewalk undo {epic_id}",)
    if not checked.train.steps:
        return (f"ropewalk results {epic_id}",)
    if given.options.dry_run:
        return (merge_again(given),)
    return (f"ropewalk land {epic_id}", f"ropewalk undo {epic_id}")


def _after_conflict(given: MergeInput, checked: Checked) -> tuple[str, ...]:
    look = any(entry.suggestions for entry in checked.train.domains)
    shown = (f"ropewalk diff {given.epic_id} --resolved",) if look else ()
    # In a dry run resolutions were not tried; where none could be proved there is nothing to try.
    is_proving = given.options.resolve is Resolve.VERIFY and bool(checked.validation.commands)
    untried = (merge_again(given),) if given.options.dry_run and is_proving else ()
    # What was resolved before stays in: with none the first conflict would be opened, not this one.
    is_later = any(entry.status is MergedDomainStatus.RESOLVED for entry in checked.train.domains)
    by_hand = merge_with(given, OnConflict.STOP) if is_later else merge_by_hand(given)
    ways = _ways(given, by_hand=by_hand)
    return tuple(dict.fromkeys((*untried, *ways, *shown)))


def _redone(given: MergeInput, checked: Checked) -> tuple[str, ...]:
    """Return the command that opens what a person resolved and a check refuses once more."""
    if not any(entry.fails_as_resolved for entry in checked.train.domains):
        return ()
    # The failure that was opened is put away first.
    is_open = given.options.on_conflict is OnConflict.STOP
    abort = f"ropewalk merge {given.epic_id} --abort && " if is_open else ""
    return (f"{abort}{merge_by_hand(given)}",)


def _ways(given: MergeInput, *, by_hand: str) -> tuple[str, ...]:
    """Return the same merge with each other answer; an agent only where one would be asked."""
    options = given.options
    ways = (merge_with(given, OnConflict.PARK), by_hand)
    may_ask = options.resolve is Resolve.VERIFY and options.on_conflict is not OnConflict.AGENT
    return (*ways, merge_with(given, OnConflict.AGENT)) if may_ask else ways


def _is_whole(report: MergeReport) -> bool:
    return all(entry.status in _WHOLE for entry in report.domains)


def _verified(entry: MergedDomain, commands: tuple[str, ...]) -> MergedDomain:
    resolution = entry.resolution
    is_in = entry.status is MergedDomainStatus.RESOLVED
    if resolution is None or resolution.verified_by or not is_in:
        return entry
    return replace(entry, resolution=replace(resolution, verified_by=commands))
