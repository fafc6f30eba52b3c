"""`ropewalk undo`: the last merge, landing or cleaning is taken back; again, the one before it."""

from collections.abc import Iterator

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, words
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.verbs.merge import give_merge

_WIDEST = 60


_EPILOG = """\b
Examples, with an epic called search:
  ropewalk undo search --list   what can be taken back, the last one first
  ropewalk undo search
"""


@click.command("undo", epilog=_EPILOG)
@arguments.epic_argument
@click.option("--list", "is_list", is_flag=True, help="Say what can be taken back; change nothing.")
@with_flags
@pass_session
def command(session: Session, epic: str, *, is_list: bool) -> int:
    """Take back the last merge, landing or cleaning of EPIC; again: the one before it.

    A landing: the branch goes back to where it was, as long as nothing was built on it. A merge
    that did not land: the built train is dropped. A cleaning: the worktrees come back. The work of
    the domains stays as it is.
    """
    workspace = arguments.open_workspace(session)
    if is_list:
        log = api.operations(workspace, epic)
        return answers.give_document(session, log, lambda: log_lines(log))
    answer = api.undo(workspace, epic)
    document = answer.document
    if isinstance(document, api.OperationLog):
        return answers.give(session, answer, lambda: log_lines(document))
    return give_merge(session, answer)


def log_lines(log: api.OperationLog) -> Iterator[str]:
    """Return the screen of the log: one line for each operation, the last one first."""
    if not log.operations:
        yield f"nothing of {log.epic_id} was merged, landed or cleaned"
    rows = [
        [one.at[:19].replace("T", " "), one.verb, _effect(one), "taken back" if one.undone else ""]
        for one in reversed(log.operations)
    ]
    yield from words.table(rows, widest=_WIDEST)
    yield from words.next_lines(log.next_commands)


def _effect(operation: api.Operation) -> str:
    parts = [
        f"{words.branch(move.ref)} {words.short(move.old)} → {words.short(move.new)}"
        for move in operation.landings
    ]
    if operation.has_built and not parts:
        parts.append("a train, not landed")
    if operation.removed:
        parts.append(f"{words.count(len(operation.removed), 'worktree')} saved and removed")
    return "; ".join(parts)
