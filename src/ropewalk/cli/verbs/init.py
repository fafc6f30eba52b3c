"""`ropewalk init`: what a repository tells about itself becomes its configuration."""

import os
from collections.abc import Iterator

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, words
from ropewalk.cli.session import Session, pass_session, with_flags

_ACTIONS = {
    api.FileAction.WRITTEN: (words.DONE, "written"),
    api.FileAction.WOULD_WRITE: (words.WAITING, "would be written"),
    api.FileAction.KEPT: (words.ATTENTION, "exists and was left alone"),
}


@click.command("init")
@click.option("--dry-run", is_flag=True, help="Say what would be written; change nothing.")
@with_flags
@pass_session
def command(session: Session, *, dry_run: bool) -> int:
    """Write ropewalk.toml and briefings/; nothing that exists is overwritten.

    It looks for coding agents on PATH, for your checks, and for folders that belong together.
    """
    workspace = arguments.open_workspace(session)
    report = api.initialise(workspace, env=os.environ, dry_run=dry_run)
    return answers.give_document(session, report, lambda: _lines(report))


def _lines(report: api.InitReport) -> Iterator[str]:
    for file in report.files:
        glyph, action = _ACTIONS[file.action]
        yield f"{glyph} {words.plain(file.path)}: {action}"
    yield f"agents found: {words.few(report.agents, most=6) or 'none'}; {_default(report)}"
    if report.unusable:
        names = words.few(report.unusable, most=6)
        yield f"{words.ATTENTION} not usable as they are: {names}; ropewalk doctor says why"
    yield f"checks found: {words.few(report.checks, most=6) or 'none: add them to [checks]'}"
    yield f"domains proposed: {words.few(report.domains, most=6) or 'none: the planner finds them'}"
    yield f"hidden from git: {words.few(report.excludes, most=8)} (.git/info/exclude)"
    yield from words.next_lines(report.next_commands)


def _default(report: api.InitReport) -> str:
    if report.agent is not None:
        return f"{report.agent} is the default"
    return "none is the default: set [run] agent, or use run --agent-command 'SHELL'"
