"""`ropewalk postmortem`: what worked, what did not, predicted against actual."""

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, endings
from ropewalk.cli.session import Session, pass_session, with_flags


@click.command("postmortem")
@arguments.epic_argument
@with_flags
@pass_session
def command(session: Session, epic: str) -> int:
    """Look back at EPIC and write phase3_postmortem.json and .md."""
    workspace = arguments.open_workspace(session)
    answer = api.postmortem(workspace, epic)
    return answers.give(session, answer, lambda: endings.lines(workspace, epic, answer))
