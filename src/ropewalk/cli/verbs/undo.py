"""`ropewalk undo`: a landing is taken back."""

import click

from ropewalk import api
from ropewalk.cli import arguments
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.verbs.merge import give_merge


@click.command("undo")
@arguments.epic_argument
@with_flags
@pass_session
def command(session: Session, epic: str) -> int:
    """Take back the landing of EPIC, or what was merged and did not land."""
    workspace = arguments.open_workspace(session)
    return give_merge(session, api.undo(workspace, epic))
