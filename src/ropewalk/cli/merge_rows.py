"""The domains of a train as rows, first to last: what became of each, and of how much. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ropewalk.cli import words
from ropewalk.cli.conflict_view import conflict_words, decision_lines
from ropewalk.model.merge import MergedDomain, MergedDomainStatus, MergeReport
from ropewalk.model.result import DomainResult

_WIDEST: Final = 40
_MERGED: Final = (MergedDomainStatus.MERGED, MergedDomainStatus.RESOLVED)


def domain_rows(
    report: MergeReport, results: Sequence[DomainResult], *, is_dry: bool
) -> Iterator[str]:
    """Yield a line for each domain, and below it what was decided about its conflict.

    Args:
        report: what became of the domains.
        results: what they brought, as far as it is known.
        is_dry: nothing of it has happened yet.
    """
    brought = {result.domain: result for result in results}
    facts = _facts(report, brought)
    statuses = [_status(domain, is_dry=is_dry) for domain in report.domains]
    names = [f"{number} {domain.name}" for number, domain in enumerate(report.domains, start=1)]
    name_width, status_width = (
        min(_WIDEST, max(map(len, texts), default=0)) for texts in (names, statuses)
    )
    for name, status, domain in zip(names, statuses, report.domains, strict=True):
        head = f"  {words.pad(name, name_width)}  {words.pad(status, status_width)}"
        yield f"{head}  {_note(domain, facts)}".rstrip()
        yield from decision_lines(domain, report.validation)


def _status(domain: MergedDomain, *, is_dry: bool) -> str:
    if is_dry and domain.status is MergedDomainStatus.MERGED:
        return "merges"
    return domain.status.value.replace("_", " ")


def _note(domain: MergedDomain, facts: Mapping[str, str]) -> str:
    """Return what a domain brought; for one that did not go in, why."""
    if domain.status in _MERGED:
        return facts.get(domain.name, "")
    if domain.status is MergedDomainStatus.EJECTED and domain.reason:
        return words.plain(domain.reason)
    if domain.conflict is not None:
        return conflict_words(domain.conflict)
    if domain.blocked_by is not None:
        return f"by {domain.blocked_by}"
    return words.plain(domain.reason or "")


def _facts(report: MergeReport, brought: Mapping[str, DomainResult]) -> dict[str, str]:
    """Return files, checks and time of the domains that went in, one under the other."""
    named = [
        brought[domain.name]
        for domain in report.domains
        if domain.status in _MERGED and domain.name in brought
    ]
    rows = [
        (
            words.count(len(result.files.paths), "file"),
            words.lines_changed(result.insertions, result.deletions),
            _checks(result),
            words.span(sum(attempt.duration_s for attempt in result.attempts)),
        )
        for result in named
    ]
    lines = _aligned(rows)
    return {result.domain: line for result, line in zip(named, lines, strict=True)}


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines, numbers and times flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "   ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def _checks(result: DomainResult) -> str:
    if not result.checks:
        return "no own checks"
    good = all(check.has_passed for check in result.checks)
    return f"checks {words.DONE if good else words.FAILED}"
