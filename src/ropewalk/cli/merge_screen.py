"""How a merge looks to a person: the domains in order, the checks, where the target is. Pure."""

from collections.abc import Iterator

from ropewalk.cli import words
from ropewalk.model.conflict import Conflict
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    Resolution,
    ResolvedBy,
    ValidationRun,
)

_DRY_RUN = "dry run"
_TAKEN_BACK = (MergeStatus.ABORTED, MergeStatus.UNDONE)


def merge_lines(
    report: MergeReport, *, exit_code: int, again: str = "", opened: str | None = None
) -> Iterator[str]:
    """Return the screen of a merge, a landing or an undo.

    Args:
        report: what happened.
        exit_code: what the verb ends with; it is said when it is not 0.
        again: after a dry run, the options of the command that does it.
        opened: the worktree in which a conflict waits to be resolved by hand.
    """
    if report.status not in _TAKEN_BACK:
        yield from _domain_lines(report)
        yield from _check_lines(report)
    yield from _end_lines(report, exit_code)
    yield from _attention_lines(report)
    if opened is not None:
        yield f"{words.ATTENTION} resolve the conflict in {words.plain(opened)}, then:"
        yield f"  ropewalk merge {report.epic_id} --continue   (or --abort)"
    else:
        yield from _choice_lines(report, again)


def is_dry(report: MergeReport) -> bool:
    """Return whether the report is what a merge would do."""
    return (report.target.reason or "").startswith(_DRY_RUN) or report.validation.method.endswith(
        _DRY_RUN
    )


def _domain_lines(report: MergeReport) -> Iterator[str]:
    wide = max((len(domain.name) for domain in report.domains), default=0)
    dry = is_dry(report)
    for number, domain in enumerate(report.domains, start=1):
        would = dry and domain.status is MergedDomainStatus.MERGED
        yield f"  {number} {domain.name:<{wide}}  {'merges' if would else _standing(domain)}"


def _standing(domain: MergedDomain) -> str:
    status = domain.status.value.replace("_", " ")
    if domain.resolution is not None:
        return f"{status}   {_resolved(domain, domain.resolution)}"
    if domain.conflict is not None:
        return f"{status}   {_conflict(domain.conflict)}"
    if domain.blocked_by is not None:
        return f"{status}   by {domain.blocked_by}"
    return f"{status}   {words.plain(domain.reason)}" if domain.reason else status


def _conflict(conflict: Conflict) -> str:
    paths = [f"{path.path} ({path.kind.value.replace('_', ' ')})" for path in conflict.paths]
    others = " and ".join(conflict.with_domains)
    return f"{words.few(paths)}{f' with {others}' if others else ''}"


def _resolved(domain: MergedDomain, resolution: Resolution) -> str:
    paths = [path.path for path in domain.conflict.paths] if domain.conflict else []
    by = f"by {resolution.by}"
    if resolution.candidates_tried:
        by = f"{resolution.by} {resolution.candidates_tried}"
    proof = words.few(resolution.verified_by) or "nothing: no check is configured"
    return f"{words.few(paths)}  {by}; proved by {proof}"


def _check_lines(report: MergeReport) -> Iterator[str]:
    validation = report.validation
    commands = words.few(validation.commands)
    if is_dry(report):
        if commands:
            yield f"  would check the merged tree with: {commands}"
        return
    whole = _run_of_the_whole(report)
    if whole is None:
        return
    glyph = words.DONE if whole.exit_code == 0 else words.FAILED
    yield f"  checks on the merged tree: {commands} {glyph} {_run(whole)}"
    if validation.culprit is not None:
        culprit = validation.culprit
        failed = [run.log for run in validation.runs if run.exit_code != 0]
        log = words.plain(failed[-1] if failed else whole.log)
        yield f"  they pass without {culprit} and fail with it: {log}"
    elif whole.exit_code != 0:
        yield f"  see {words.plain(whole.log)}"


def _run_of_the_whole(report: MergeReport) -> ValidationRun | None:
    """Return the checks of all that merged; the last ones may be of a part, to find a culprit."""
    built = {domain.name for domain in report.domains if domain.status in _IN}
    runs = report.validation.runs
    fitting = [run for run in runs if (set(run.prefix) == built if built else run.exit_code != 0)]
    return next(reversed(fitting or runs), None)


def _run(run: ValidationRun) -> str:
    took = "known from before" if run.cached else words.span(run.duration_s)
    return f"({took})   tree {words.short(run.tree)}"


def _end_lines(report: MergeReport, exit_code: int) -> Iterator[str]:
    where = words.plain(words.branch(report.target.ref))
    reason = words.plain(report.target.reason or "")
    exit_text = f" (exit {exit_code})" if exit_code else ""
    match report.status:
        case MergeStatus.LANDED:
            yield f"  landed on {where} {_move(report)}"
            if exit_code:
                yield f"  a part of the epic did not land{exit_text}"
        case MergeStatus.BUILT:
            dry = is_dry(report)
            yield f"  nothing was changed: {reason}" if dry else f"  built, not landed: {reason}"
        case MergeStatus.LAND_REFUSED:
            yield f"{words.FAILED} not landed on {where}: {reason}{exit_text}"
        case MergeStatus.CONFLICT:
            yield from _conflict_lines(report, exit_text)
        case MergeStatus.VALIDATION_FAILED:
            yield f"{words.FAILED} the merged tree fails its checks: {reason}{exit_text}"
            yield f"  nothing on {where} has changed"
        case MergeStatus.ABORTED | MergeStatus.UNDONE:
            yield f"{words.DONE} taken back: {where} is at {words.short(report.target.base)}"


def _move(report: MergeReport) -> str:
    target = report.target
    how = "fast-forward, unchecked" if target.unchecked else "fast-forward"
    move = f"{words.short(target.base)} → {words.short(target.result)}"
    return f"{move} ({how}; your uncommitted files were not touched)"


def _conflict_lines(report: MergeReport, exit_text: str) -> Iterator[str]:
    for domain in report.domains:
        if domain.status is MergedDomainStatus.CONFLICT:
            what = words.plain(domain.reason or "for an unknown reason")
            what = _conflict(domain.conflict) if domain.conflict else what
            yield f"{words.FAILED} {domain.name} does not merge: {what}"
    where = words.plain(words.branch(report.target.ref))
    built = [d.name for d in report.domains if d.status in _IN]
    kept = ""
    if built and not is_dry(report):
        names = " and ".join(filter(None, (", ".join(built[:-1]), built[-1])))
        kept = f"; {names} {'is' if len(built) == 1 else 'are'} merged in "
        kept += f"refs/ropewalk/{report.epic_id}/result"
    yield f"  nothing on {where} has changed{kept}{exit_text}"


_IN = (MergedDomainStatus.MERGED, MergedDomainStatus.RESOLVED)


def _attention_lines(report: MergeReport) -> Iterator[str]:
    resolutions = [domain.resolution for domain in report.domains if domain.resolution]
    resolved = [each for each in resolutions if each.by is not ResolvedBy.PERSON]
    if resolved:
        were = "conflict was" if len(resolved) == 1 else "conflicts were"
        look = f"ropewalk diff {report.epic_id} --resolved"
        yield f"{words.ATTENTION} {len(resolved)} {were} resolved by a rule: look with  {look}"
    if report.attributes_changes:
        what = words.few(report.attributes_changes)
        yield f"{words.ATTENTION} domains change how git treats files: {what}"
    if report.target.unchecked and report.target.landed:
        yield f"{words.ATTENTION} no check has been run on what landed"


def _choice_lines(report: MergeReport, again: str) -> Iterator[str]:
    epic = report.epic_id
    match report.status:
        case MergeStatus.BUILT if is_dry(report):
            yield f"next: ropewalk merge {epic}{again}"
        case MergeStatus.CONFLICT:
            rest = [d.name for d in report.domains if d.status is MergedDomainStatus.CONFLICT]
            choices = (
                f"land the rest without {', '.join(rest)}:",
                "resolve by hand, then --continue:",
            )
            rows = tuple(zip(choices, report.next_commands, strict=False))
            yield from (f"  {line}" for line in words.table(rows, widest=48))
        case MergeStatus.LANDED:
            yield f"undo: ropewalk undo {epic}"
        case _:
            yield from words.next_lines(report.next_commands)
