"""`ropewalk restore`: removed worktrees come back, byte for byte."""

from dataclasses import dataclass

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, words
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored(Value):
    """The domains whose worktrees are back."""

    epic_id: str
    domains: tuple[str, ...]
    schema_version: int = 1


@click.command("restore")
@arguments.epic_argument
@arguments.domains_argument
@with_flags
@pass_session
def command(session: Session, epic: str, domains: tuple[str, ...]) -> int:
    """Bring the removed worktrees of EPIC back, ignored files included."""
    workspace = arguments.open_workspace(session)
    restored = Restored(epic_id=epic, domains=api.restore(workspace, epic, domains))
    names = ", ".join(restored.domains)
    lines = [f"{words.DONE} restored: {names}", f"next: ropewalk status {epic}"]
    return answers.give_document(session, restored, lambda: lines)
