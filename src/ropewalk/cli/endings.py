"""What a verb that did work says at its end: every phase that it went through, in order."""

from collections.abc import Iterator

from ropewalk import api
from ropewalk.cli import merge_screen, results_screen, screen, words
from ropewalk.model.merge import MergeReport
from ropewalk.model.result import Aggregate
from ropewalk.model.validation import Postmortem, ValidationReport, ValidationStatus


def lines(workspace: api.Workspace, name: str, answer: api.Answer) -> Iterator[str]:
    """Return the screen for the last phase, with the results of phase 1 before it."""
    match answer.document:
        case Aggregate() as aggregate:
            found = api.read_documents(workspace, name)
            yield from results_screen.summary_lines(aggregate, found.results)
        case MergeReport() as report:
            found = api.read_documents(workspace, name)
            yield from merge_screen.merge_lines(
                report,
                exit_code=answer.exit_code,
                results=found.results,
                width=screen.columns(),
            )
        case ValidationReport() as validation:
            yield from validation_lines(validation)
        case Postmortem() as postmortem:
            yield from postmortem_lines(postmortem)
            if postmortem.briefing_changes is not None:
                path = workspace.relative(workspace.layout.briefing_changes(postmortem.epic_id))
                yield f"changes of briefings are proposed; look at them, then: git apply {path}"
        case _:
            return


def all_lines(workspace: api.Workspace, name: str, answer: api.Answer) -> Iterator[str]:
    """Return the totals of phase 1, then what `lines` returns, for a run that went further."""
    found = api.read_documents(workspace, name)
    if found.aggregate is not None and not isinstance(answer.document, Aggregate):
        yield results_screen.totals(found.aggregate)
    if found.merge is not None and isinstance(answer.document, Postmortem):
        yield from merge_screen.merge_lines(
            found.merge, exit_code=0, results=found.results, width=screen.columns()
        )
    yield from lines(workspace, name, answer)


def validation_lines(report: ValidationReport) -> Iterator[str]:
    """Return the screen of phase 2."""
    good = report.status is not ValidationStatus.FAILED
    glyph = words.DONE if good else words.FAILED
    yield f"{glyph} validation {report.status} on tree {words.short(report.tree)}"
    for attempt in report.attempts:
        by = f" after a repair by {attempt.agent}" if attempt.fix_commit else ""
        for check in attempt.commands:
            mark = words.DONE if check.has_passed else words.FAILED
            took = words.span(check.duration_s)
            yield f"  {attempt.number}. {mark} {words.plain(check.command)} ({took}){by}"
            if not check.has_passed:
                yield f"     see {words.plain(check.log)}"
    if not report.attempts:
        yield "  no check is configured: add [checks] commands to ropewalk.toml"
    if report.landed and any(attempt.fix_commit for attempt in report.attempts):
        yield "  the repairs have landed"
    after = f"ropewalk postmortem {report.epic_id}" if good else f"ropewalk logs {report.epic_id}"
    yield f"next: {after}"


def postmortem_lines(document: Postmortem) -> Iterator[str]:
    """Return the screen of phase 3."""
    yield f"{document.epic_id}: looking back"
    yield from (f"  {words.DONE} {words.plain(text)}" for text in document.worked)
    yield from (f"  {words.FAILED} {words.plain(text)}" for text in document.failed)
    rows = [["", "predicted", "actual"]]
    rows += [
        [
            key.replace("_", " "),
            _cell(document.predicted.get(key), unknown="no estimate"),
            _cell(document.actual.get(key), unknown="-"),
        ]
        for key in sorted({*document.predicted, *document.actual})
    ]
    yield from (f"  {line}" for line in words.table(rows))
    yield from (f"  {words.WAITING} {words.plain(note)}" for note in document.notes)
    yield f"next: ropewalk report {document.epic_id}"


def _cell(value: object, *, unknown: str) -> str:
    if value is None:
        return unknown
    if isinstance(value, list | tuple):
        return words.few(value) or "none"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
