"""`ropewalk postmortem`: what worked, what did not, predicted against actual."""

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, endings, narrate, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.signals import cancellable


@click.command("postmortem")
@arguments.epic_argument
@click.option("--facts", is_flag=True, help="Only what was measured; no agent is asked.")
@with_flags
@pass_session
def command(session: Session, epic: str, *, facts: bool) -> int:
    """Look back at EPIC and write phase3_postmortem.json and .md.

    The agent of [merge], else of [run], may only read: it says what it sees and may propose
    changes of the briefings, which are never applied by themselves.
    """
    workspace = arguments.open_workspace(session)
    run = api.require_run(workspace, epic)
    with (
        cancellable(lambda text: screen.tell(session, [text])) as cancel,
        narrate.narrating(session, past=run.events) as observe,
    ):
        answer = api.postmortem(workspace, epic, facts=facts, observe=observe, cancel=cancel)
    return answers.give(session, answer, lambda: endings.lines(workspace, epic, answer))
