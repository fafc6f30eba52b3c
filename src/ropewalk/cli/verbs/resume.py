"""`ropewalk resume`: a run that was stopped or killed goes on."""

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, endings, narrate, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.signals import cancellable


@click.command("resume")
@arguments.epic_argument
@with_flags
@pass_session
def command(session: Session, epic: str) -> int:
    """Go on with EPIC where it was stopped or killed; what is finished is not done again."""
    workspace = arguments.open_workspace(session)
    run = api.require_run(workspace, epic)
    with (
        cancellable(lambda text: screen.tell(session, [text])) as cancel,
        narrate.narrating(session, past=run.events) as observe,
    ):
        answer = api.resume(workspace, epic, observe=observe, cancel=cancel)
    return answers.give(session, answer, lambda: endings.lines(workspace, epic, answer))
