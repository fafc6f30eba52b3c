"""`ropewalk retry`: another attempt of one domain."""

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, endings, narrate, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.signals import cancellable

_EPILOG = """\b
Examples, with an epic called search:
  ropewalk retry search api --message "Use the index of db/search.sql."
  ropewalk retry search api --agent codex
  ropewalk retry search api --budget 8   for all of the run, from its start
  ropewalk retry search api --fresh
"""


@click.command("retry", epilog=_EPILOG)
@arguments.epic_argument
@click.argument("domain")
@arguments.agent_options
@click.option("--message", "-m", metavar="TEXT", help="What the agent is told besides its task.")
@arguments.budget_option
@click.option("--fresh", is_flag=True, help="From the domain's base again; its work is kept aside.")
@with_flags
@pass_session
def command(
    session: Session,
    epic: str,
    domain: str,
    *,
    agent: str | None,
    agent_command: str | None,
    message: str | None,
    budget: float | None,
    fresh: bool,
) -> int:
    """Let an agent try DOMAIN of EPIC again, on the work that it kept.

    The same agent goes on with its session where it can, another one with the files alone.
    """
    workspace = arguments.open_workspace(session)
    request = api.RetryRequest(
        domain=domain,
        agent=agent,
        agent_command=agent_command,
        message=message,
        fresh=fresh,
        budget_usd=budget,
    )
    run = api.require_run(workspace, epic)
    held_usd = arguments.budget_held(workspace, run, budget)
    with (
        cancellable(lambda text: screen.tell(session, [text])) as cancel,
        narrate.narrating(session, past=run.events, budget_usd=held_usd) as observe,
    ):
        answer = api.retry(workspace, epic, request, observe=observe, cancel=cancel)
    return answers.give(session, answer, lambda: endings.lines(workspace, epic, answer))
