"""`ropewalk collect`: work that was done by hand or later is taken in."""

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, endings, narrate, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.signals import cancellable


@click.command("collect")
@arguments.epic_argument
@arguments.domains_argument
@with_flags
@pass_session
def command(session: Session, epic: str, domains: tuple[str, ...]) -> int:
    """Take in what lies in the worktrees of EPIC now, whoever made it."""
    workspace = arguments.open_workspace(session)
    run = api.require_run(workspace, epic)
    with (
        cancellable(lambda text: screen.tell(session, [text])) as cancel,
        narrate.narrating(session, past=run.events) as observe,
    ):
        answer = api.collect(workspace, epic, domains, observe=observe, cancel=cancel)
    return answers.give(session, answer, lambda: endings.lines(workspace, epic, answer))
