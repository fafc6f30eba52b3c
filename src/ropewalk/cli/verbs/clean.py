"""`ropewalk clean`: worktrees that are no longer needed go, saved first; a dry run unless --yes."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, words
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanAll(Value):
    """What was removed of each epic, or would be."""

    epics: tuple[api.CleanReport, ...]
    schema_version: int = 1


@click.command("clean")
@click.argument("epic", required=False)
@click.option("--unmerged", is_flag=True, help="Also worktrees whose work has not landed.")
@with_flags
@pass_session
def command(session: Session, epic: str | None, *, unmerged: bool) -> int:
    """Show which worktrees of EPIC, or of all epics, are no longer needed; --yes removes them."""
    workspace = arguments.open_workspace(session)
    if epic is not None:
        report = api.clean(workspace, epic, unmerged=unmerged, yes=session.yes)
        return answers.give_document(session, report, lambda: _lines(report))
    reports = CleanAll(
        epics=tuple(
            api.clean(workspace, view.epic_id, unmerged=unmerged, yes=session.yes)
            for view in api.status(workspace).epics
            if view.run_id is not None and view.state != "running"
        )
    )
    return answers.give_document(session, reports, lambda: _all_lines(reports))


def _all_lines(reports: CleanAll) -> Iterator[str]:
    if not reports.epics:
        yield "no epic has been run here"
    for report in reports.epics:
        yield from _lines(report)


def _lines(report: api.CleanReport) -> Iterator[str]:
    number = words.count(len(report.removals), "worktree")
    if not report.removals:
        yield f"{report.epic_id}: nothing to remove"
    elif report.done:
        yield f"{words.DONE} {report.epic_id}: {number} saved and removed"
    else:
        yield f"{report.epic_id}: would save and remove {number}; nothing was changed"
    rows = [[each.name, each.restore if report.done else each.path] for each in report.removals]
    yield from (f"  {line}" for line in words.table(rows))
    yield from (f"  {words.WAITING} stays: {words.plain(text)}" for text in report.kept)
    yield from words.next_lines(report.next_commands)
