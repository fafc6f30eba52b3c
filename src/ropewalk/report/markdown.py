"""Pages for people, in markdown; every text from an agent or a file is made harmless first."""

import re
from collections.abc import Mapping, Sequence

from ropewalk.model.merge import MergeReport
from ropewalk.model.result import Aggregate, DomainResult
from ropewalk.model.validation import Postmortem
from ropewalk.report.aggregate import next_commands
from ropewalk.report.conflict_words import account
from ropewalk.store.files import safe_text


def escape(text: str) -> str:
    """Return ``text`` so that markdown and HTML show it as it is, on one line."""
    flat = " ".join(safe_text(text).split())
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", flat)


def postmortem_markdown(document: Postmortem) -> str:
    """Return the look back at an epic as a page."""
    return "\n".join(
        (
            f"# {document.epic_id}: looking back",
            "",
            f"Run {document.run_id}.",
            "",
            *_section("What worked", document.worked),
            *_section("What did not", document.failed),
            *_comparison(document.predicted, document.actual),
            *_changes(document),
            *(_section("Notes", document.notes) if document.notes else ()),
        )
    )


def _changes(document: Postmortem) -> list[str]:
    """Return the proposed patch, indented, so that nothing in it is markdown."""
    if document.briefing_changes is None:
        return []
    title = f"## Changes of briefings that {escape(document.by)} proposes"
    lines = (f"    {safe_text(line)}" for line in document.briefing_changes.splitlines())
    return [title, "", "Nothing of it is applied.", "", *lines, ""]


def report_markdown(
    aggregate: Aggregate, results: Sequence[DomainResult], merge: MergeReport | None
) -> str:
    """Return the report of a run as a page."""
    summary = aggregate.summary
    files = summary.files_created + summary.files_modified + summary.files_deleted
    counted = f"{files:,} {'file' if files == 1 else 'files'}"
    changed = _changed(summary.insertions, summary.deletions)
    lines = [
        f"# {aggregate.epic_id}",
        "",
        f"Run {aggregate.run_id}: {aggregate.status}.",
        f"{summary.succeeded} of {summary.domains_total} domains succeeded:",
        f"{counted}, {changed} lines, {summary.duration_s:,.0f} s.",
        "",
        "| domain | status | reason | files | lines | attempts | checks |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(result) for result in results),
        "",
    ]
    if merge is not None:
        lines += _merge_lines(merge)
    lines += _section("Next", next_commands(aggregate, merge))
    return "\n".join(lines)


def _changed(insertions: int, deletions: int) -> str:
    return f"+{insertions:,} −{deletions:,}"


def _row(result: DomainResult) -> str:
    passed = sum(check.has_passed for check in result.checks)
    checks = f"{passed} of {len(result.checks)}" if result.checks else "none"
    cells = (
        result.domain,
        result.status.value,
        result.reason.value.replace("_", " ") if result.reason else "",
        str(len(result.files.paths)),
        _changed(result.insertions, result.deletions),
        str(len(result.attempts)),
        checks,
    )
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"


def _merge_lines(merge: MergeReport) -> list[str]:
    target = merge.target.ref.removeprefix("refs/heads/")
    lines = ["## Merge", "", f"{merge.status} on {escape(target)}.", ""]
    for number, domain in enumerate(merge.domains, start=1):
        why = f": {escape(domain.reason)}" if domain.reason else ""
        lines.append(f"{number}. {domain.name}: {domain.status}{why}")
        lines += (f"   - {escape(text)}" for text in account(domain, merge.validation))
        if domain.resolution is not None:
            look = f"ropewalk diff {merge.epic_id} {domain.name} --resolved"
            lines.append(f"   - against both sides: `{look}`")
    for run in merge.validation.runs:
        outcome = "passed" if run.exit_code == 0 else f"failed with {run.exit_code}"
        lines.append(f"- checks on tree {run.tree[:12]}: {outcome}")
    return [*lines, ""]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    shown = [f"- {escape(line)}" for line in lines] or ["- nothing"]
    return [f"## {title}", "", *shown, ""]


def _comparison(predicted: Mapping[str, object], actual: Mapping[str, object]) -> list[str]:
    rows = [
        f"| {escape(key)} | {_cell(predicted.get(key), none='no estimate')} "
        f"| {_cell(actual.get(key), none='-')} |"
        for key in sorted({*predicted, *actual})
    ]
    return [
        "## Predicted and actual",
        "",
        "| | predicted | actual |",
        "| --- | --- | --- |",
        *rows,
        "",
    ]


def _cell(value: object, *, none: str) -> str:
    if value is None:
        return none
    if isinstance(value, list | tuple):
        return escape(", ".join(str(item) for item in value)) or "none"
    return escape(str(value))
