"""`ropewalk status`: where every epic stands; loads no phase, so that it answers at once."""

from pathlib import Path

import click

from ropewalk.cli import answers, status_screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.epic.status import status
from ropewalk.epic.workspace import open_workspace


@click.command("status")
@click.argument("epic", required=False)
@with_flags
@pass_session
def command(session: Session, epic: str | None) -> int:
    """Show where every epic stands, or EPIC with its domains."""
    document = status(open_workspace(Path(session.directory)), epic)
    if epic is None:
        return answers.give_document(
            session, document, lambda: status_screen.status_lines(document)
        )
    return answers.give_document(
        session, document, lambda: status_screen.epic_lines(document.epics[0])
    )
