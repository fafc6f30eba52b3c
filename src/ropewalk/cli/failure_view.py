"""How a failed check of the merged tree looks to a person: the blame, and what mended it. Pure."""

from collections.abc import Iterator

from ropewalk.cli import words
from ropewalk.model.merge import Blame, Fix, MergeReport, ResolvedBy


def blame_lines(report: MergeReport) -> Iterator[str]:
    """Return what fails with each domain that had to be left out, and where that can be read."""
    for blame in report.validation.blamed:
        together = f", together with {blame.together_with}" if blame.together_with else ""
        failed = f"'{words.plain(blame.command)}' ({_ended(blame)})"
        yield f"{words.FAILED} with {blame.domain} they fail{together}: {failed}"
        if blame.said:
            yield f"    {words.plain(blame.said)}"
        yield f"    see {words.plain(blame.log)}"
        if report.target.landed:
            yield f"    mend it: ropewalk retry {report.epic_id} {blame.domain} --message '…'"


def _ended(blame: Blame) -> str:
    return "did not end in time" if blame.exit_code is None else f"exit {blame.exit_code}"


def fix_lines(report: MergeReport) -> Iterator[str]:
    """Return what was put on top of the train, and what else is worth a look."""
    for note in report.validation.notes:
        yield f"{words.ATTENTION} {words.plain(note)}"
    for fix in report.validation.fixes:
        what = f"what {fix.domain} broke was mended" if fix.domain else "the train was mended"
        look = f"git show {words.short(fix.commit)}"
        yield f"{words.ATTENTION} {what} by {_who(fix)}: look with  {look}"


def _who(fix: Fix) -> str:
    if fix.by is ResolvedBy.PERSON:
        return "a person"
    return f"agent {words.plain(fix.agent)}" if fix.agent else "an agent"
