"""`ropewalk validate`: the merged tree is checked, and repaired by an agent within bounds."""

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, endings, narrate, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.signals import cancellable


@click.command("validate")
@arguments.epic_argument
@with_flags
@pass_session
def command(session: Session, epic: str) -> int:
    """Check the merged tree of EPIC; let an agent repair it; land the repairs if it has landed."""
    workspace = arguments.open_workspace(session)
    run = api.require_run(workspace, epic)
    with (
        cancellable(lambda text: screen.tell(session, [text])) as cancel,
        narrate.narrating(session, past=run.events) as observe,
    ):
        answer = api.validate(workspace, epic, observe=observe, cancel=cancel)
    return answers.give(session, answer, lambda: endings.lines(workspace, epic, answer))
