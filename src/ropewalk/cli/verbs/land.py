"""`ropewalk land`: the target moves to what was merged and checked before."""

import click

from ropewalk import api
from ropewalk.cli import arguments
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.verbs.merge import give_merge


@click.command("land")
@arguments.epic_argument
@click.option("--unchecked", is_flag=True, help="Land although no check is configured.")
@with_flags
@pass_session
def command(session: Session, epic: str, *, unchecked: bool) -> int:
    """Move the target branch of EPIC to the very commit that was merged and checked."""
    workspace = arguments.open_workspace(session)
    answer = api.land(workspace, epic, unchecked=unchecked)
    return give_merge(session, answer, results=api.read_documents(workspace, epic).results)
