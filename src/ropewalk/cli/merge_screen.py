"""How a merge looks to a person: the domains in order, the checks, where the target is. Pure."""

from collections.abc import Iterator, Sequence

from ropewalk.cli import words
from ropewalk.cli.conflict_view import (
    clash_words,
    conflict_lines,
    decision_lines,
    suggestion_lines,
)
from ropewalk.cli.failure_view import blame_lines, fix_lines
from ropewalk.cli.merge_choices import choice_lines
from ropewalk.cli.merge_rows import domain_rows
from ropewalk.model.merge import (
    MergedDomain,
    MergedDomainStatus,
    MergeReport,
    MergeStatus,
    ResolvedBy,
    ValidationRun,
)
from ropewalk.model.result import DomainResult

_DRY_RUN = "dry run"
_BY_HAND = " --resolve off --on-conflict stop"
_ALL = 100
_TAKEN_BACK = (MergeStatus.ABORTED, MergeStatus.UNDONE)


def merge_lines(
    report: MergeReport,
    *,
    exit_code: int,
    results: Sequence[DomainResult] = (),
    opened: str | None = None,
    width: int = 80,
) -> Iterator[str]:
    """Return the screen of a merge, a landing or an undo.

    Args:
        report: what happened.
        exit_code: what the verb ends with; it is said when it is not 0.
        results: what the domains brought.
        opened: the worktree in which a conflict or a failure waits for a person.
        width: columns of the screen.
    """
    if report.status not in _TAKEN_BACK:
        yield from domain_rows(report, results, is_dry=is_dry(report))
        yield from _check_lines(report)
        yield from _left_out_lines(report, width)
    yield from _end_lines(report, exit_code, width)
    if report.status not in _TAKEN_BACK:
        yield from _attention_lines(report)
        yield from _redo_lines(report, is_open=opened is not None)
    if opened is not None:
        is_conflict = report.status is MergeStatus.CONFLICT
        what = "resolve the conflict" if is_conflict else "mend what fails"
        yield f"{words.ATTENTION} {what} in {words.plain(opened)}, then:"
        yield f"  ropewalk merge {report.epic_id} --continue   (or --abort)"
    else:
        yield from choice_lines(report, is_dry=is_dry(report))


def review_lines(report: MergeReport, *, width: int) -> Iterator[str]:
    """Return every conflict of a merge with all that is known: its regions, what was decided."""
    met = [domain for domain in report.domains if domain.conflict is not None]
    if not met:
        return
    yield f"conflicts of the merge ({report.status.value.replace('_', ' ')}):"
    for domain in met:
        yield f"  {domain.name}: {domain.status.value}"
        yield from decision_lines(domain, report.validation)
        yield from suggestion_lines(domain, width=width, most=_ALL)
        yield from conflict_lines(domain, width=width, paths=_ALL, regions=_ALL)
    if any(domain.resolution is not None for domain in met):
        yield f"look at what was decided: ropewalk diff {report.epic_id} --resolved"


def is_dry(report: MergeReport) -> bool:
    """Return whether the report is what a merge would do."""
    return (report.target.reason or "").startswith(_DRY_RUN) or report.validation.method.endswith(
        _DRY_RUN
    )


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
    yield f"  checks {_checked_part(report, whole)}: {commands} {glyph} {_run(whole)}"
    if validation.blamed:
        yield from blame_lines(report)
    elif validation.culprit is not None:
        culprit = validation.culprit
        failed = [run.log for run in validation.runs if run.exit_code != 0]
        log = words.plain(failed[-1] if failed else whole.log)
        yield f"  they pass without {culprit} and fail with it: {log}"
    elif whole.exit_code != 0:
        if whole.said:
            yield f"  {words.plain(whole.said)}"
        yield f"  see {words.plain(whole.log)}"


def _checked_part(report: MergeReport, run: ValidationRun) -> str:
    """Return what was checked: all that was merged, or what is left without some domains."""
    ejected = [d.name for d in report.domains if d.status is MergedDomainStatus.EJECTED]
    if not ejected or set(ejected) & set(run.prefix):
        return "on the merged tree"
    return f"without {words.few(ejected)}"


def _run_of_the_whole(report: MergeReport) -> ValidationRun | None:
    """Return the checks of all that merged; the last ones may be of a part, to find a culprit."""
    built = {domain.name for domain in report.domains if domain.status in _IN}
    runs = report.validation.runs
    fitting = [run for run in runs if (set(run.prefix) == built if built else run.exit_code != 0)]
    return next(reversed(fitting or runs), None)


def _run(run: ValidationRun) -> str:
    took = "known from before" if run.cached else words.span(run.duration_s)
    return f"({took})   tree {words.short(run.tree)}"


def _left_out_lines(report: MergeReport, width: int) -> Iterator[str]:
    """Yield the conflicts that the rest of the train goes on without."""
    for domain in report.domains:
        if domain.status is MergedDomainStatus.PARKED:
            yield f"{words.ATTENTION} {domain.name} is left out: {_why(domain)}"
            yield from suggestion_lines(domain, width=width)
            yield from conflict_lines(domain, width=width)


def _end_lines(report: MergeReport, exit_code: int, width: int) -> Iterator[str]:
    where = words.plain(words.branch(report.target.ref))
    reason = words.plain(report.target.reason or "")
    exit_text = f" (exit {exit_code})" if exit_code else ""
    match report.status:
        case MergeStatus.LANDED:
            yield f"  landed on {where} {_move(report)}"
            if exit_code:
                yield f"  a part of the epic did not land{exit_text}"
        case MergeStatus.BUILT:
            yield f"  {_built_words(report)}: {reason}"
        case MergeStatus.LAND_REFUSED:
            yield f"{words.FAILED} not landed on {where}: {reason}{exit_text}"
        case MergeStatus.CONFLICT:
            yield from _conflict_lines(report, exit_text, width)
        case MergeStatus.VALIDATION_FAILED:
            # What fails with whom has been said above, beside what passes without them.
            what = "not landed" if report.validation.blamed else "the merged tree fails its checks"
            yield f"{words.FAILED} {what}: {reason}{exit_text}"
            yield f"  nothing on {where} has changed"
        case MergeStatus.ABORTED | MergeStatus.UNDONE:
            kept = f"taken back: {where} is at {words.short(report.target.base)}"
            yield f"{words.DONE} {reason or kept}"


def _built_words(report: MergeReport) -> str:
    if is_dry(report):
        return "nothing was changed"
    return "built, not landed" if report.target.result else "nothing was built"


def _move(report: MergeReport) -> str:
    target = report.target
    how = "fast-forward, unchecked" if target.unchecked else "fast-forward"
    move = f"{words.short(target.base)} → {words.short(target.result)}"
    return f"{move} ({how}; your uncommitted files were not touched)"


def _conflict_lines(report: MergeReport, exit_text: str, width: int) -> Iterator[str]:
    for domain in report.domains:
        if domain.status is MergedDomainStatus.CONFLICT:
            yield f"{words.FAILED} {domain.name} does not merge: {_why(domain)}"
            yield from suggestion_lines(domain, width=width)
            yield from conflict_lines(domain, width=width)
    where = words.plain(words.branch(report.target.ref))
    built = [d.name for d in report.domains if d.status in _IN]
    kept = ""
    if built and not is_dry(report):
        names = " and ".join(filter(None, (", ".join(built[:-1]), built[-1])))
        kept = f"; {names} {'is' if len(built) == 1 else 'are'} merged in "
        kept += f"refs/ropewalk/{report.epic_id}/result"
    yield f"  nothing on {where} has changed{kept}{exit_text}"


def _why(domain: MergedDomain) -> str:
    """Return what a domain is in conflict with, where, and what was tried about it."""
    said = words.plain(domain.reason or "for an unknown reason")
    if domain.conflict is None:
        return said
    tried = said.partition("; ")[2]
    return "; ".join(filter(None, (clash_words(domain.conflict), tried)))


_IN = (MergedDomainStatus.MERGED, MergedDomainStatus.RESOLVED)


def _redo_lines(report: MergeReport, *, is_open: bool) -> Iterator[str]:
    """Yield how to resolve once more what was resolved by hand and fails its checks."""
    again = f"ropewalk merge {report.epic_id}"
    plain = f"{again} --abort && {again}{_BY_HAND}" if is_open else f"{again}{_BY_HAND}"
    command = next((each for each in report.next_commands if each.endswith(_BY_HAND)), plain)
    for domain in report.domains:
        if domain.fails_as_resolved:
            yield f"{words.ATTENTION} {domain.name} was resolved by hand; to resolve it again:"
            yield f"  {command}"


def _attention_lines(report: MergeReport) -> Iterator[str]:
    yield from fix_lines(report)
    resolutions = [domain.resolution for domain in report.domains if domain.resolution]
    resolved = [each for each in resolutions if each.by is not ResolvedBy.PERSON]
    if resolved:
        were = "conflict was" if len(resolved) == 1 else "conflicts were"
        by = "an agent" if all(each.by is ResolvedBy.AGENT for each in resolved) else "a rule"
        look = f"ropewalk diff {report.epic_id} --resolved"
        yield f"{words.ATTENTION} {len(resolved)} {were} resolved by {by}: look with  {look}"
    if report.drivers_used:
        what = words.few(report.drivers_used)
        yield f"{words.ATTENTION} merged by a driver that the target asks for: {what}"
    if report.attributes_changes:
        what = words.few(report.attributes_changes)
        yield f"{words.ATTENTION} domains change how git treats files: {what}"
    if report.target.unchecked and report.target.landed:
        yield f"{words.ATTENTION} no check has been run on what landed"
