"""`ropewalk status`: where every epic stands."""

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, status_screen
from ropewalk.cli.session import Session, pass_session, with_flags


@click.command("status")
@click.argument("epic", required=False)
@with_flags
@pass_session
def command(session: Session, epic: str | None) -> int:
    """Show where every epic stands, or EPIC with its domains."""
    document = api.status(arguments.open_workspace(session), epic)
    if epic is None:
        return answers.give_document(
            session, document, lambda: status_screen.status_lines(document)
        )
    return answers.give_document(
        session, document, lambda: status_screen.epic_lines(document.epics[0])
    )
