"""`ropewalk doctor`: what could stop work, and what helps."""

import os
from collections.abc import Iterator
from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers, words
from ropewalk.cli.session import Session, pass_session, with_flags

_GLYPHS = {
    api.Level.OK: words.DONE,
    api.Level.NOTE: words.WAITING,
    api.Level.ATTENTION: words.ATTENTION,
    api.Level.PROBLEM: words.FAILED,
}


@click.command("doctor")
@with_flags
@pass_session
def command(session: Session) -> int:
    """Look at git, the repository, the configuration, agents, checks, disk and leftovers.

    Of each agent: its version, whether it can run here, what it may do and see, how many fit.
    """
    diagnosis = api.examine(Path(session.directory), env=os.environ)
    exit_code = 0 if diagnosis.healthy else 1
    return answers.give_document(session, diagnosis, lambda: _lines(diagnosis), exit_code=exit_code)


def _lines(diagnosis: api.Diagnosis) -> Iterator[str]:
    for finding in diagnosis.findings:
        glyph = _GLYPHS[finding.level]
        yield f"{glyph} {finding.subject:<13}  {words.plain(finding.text)}"
        yield from (f"  {'':<13}  {words.plain(detail)}" for detail in finding.details)
        if finding.hint:
            yield f"  {'':<13}  {words.plain(finding.hint)}"
    if not diagnosis.healthy:
        yield "work is stopped by what is marked ✗"
    elif any(finding.level is api.Level.ATTENTION for finding in diagnosis.findings):
        yield "nothing is broken, but what is marked ▲ can stop some work"
    else:
        yield "nothing stops work"
