"""`ropewalk conflicts`: which domains clash now, while they are still being worked on."""

import json
from collections.abc import Iterator

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, conflicts_screen, screen, signals
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.store.schema.documents import to_json
from ropewalk.store.text import escape_surrogates

_EPILOG = """\b
Examples, with an epic called search:
  ropewalk conflicts search          now
  ropewalk conflicts search --watch  in a second terminal, beside ropewalk run
"""


@click.command("conflicts", epilog=_EPILOG)
@arguments.epic_argument
@click.option("--watch", "watching", is_flag=True, help="Go on and show every change; Ctrl-C ends.")
@with_flags
@pass_session
def command(session: Session, epic: str, *, watching: bool) -> int:
    """Show which domains of EPIC clash now; uncommitted work counts, nothing is changed.

    Two domains clash when what their worktrees hold now does not merge: it becomes a conflict
    of `ropewalk merge` if both stay as they are.
    """
    workspace = arguments.open_workspace(session)
    if watching:
        return _watch(session, api.watch_conflicts(workspace, epic))
    document = api.conflicts(workspace, epic)
    return answers.give_document(
        session, document, lambda: conflicts_screen.conflicts_lines(document)
    )


def _watch(session: Session, documents: Iterator[api.LiveConflicts]) -> int:
    try:
        for document in documents:
            if session.as_json:
                click.echo(escape_surrogates(json.dumps(to_json(document), ensure_ascii=False)))
            else:
                screen.show((*conflicts_screen.conflicts_lines(document), ""))
    except KeyboardInterrupt:
        screen.tell(session, ("no longer watching; nothing was changed",))
        return signals.INTERRUPTED
    return 0
