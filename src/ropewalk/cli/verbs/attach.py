"""`ropewalk attach`: how to go on by hand where an agent left off."""

from collections.abc import Iterator

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, words
from ropewalk.cli.session import Session, pass_session, with_flags


@click.command("attach")
@arguments.epic_argument
@click.argument("domain")
@with_flags
@pass_session
def command(session: Session, epic: str, domain: str) -> int:
    """Say how to go on with DOMAIN of EPIC by hand: where it is, and its agent's own session.

    Nothing is started or changed. `ropewalk collect` takes in what you did.
    """
    workspace = arguments.open_workspace(session)
    attachment = api.attach(workspace, epic, domain)
    return answers.give_document(session, attachment, lambda: _lines(attachment))


def _lines(attachment: api.Attachment) -> Iterator[str]:
    for note in attachment.notes:
        yield f"{words.ATTENTION} {words.plain(note)}"
    yield from (f"  {words.plain(command)}" for command in attachment.commands)
    yield from words.next_lines(attachment.next_commands)
