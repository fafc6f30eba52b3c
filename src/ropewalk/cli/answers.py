"""Giving the answer of a verb: one JSON document, or lines for a person."""

from collections.abc import Callable, Iterable

import click

from ropewalk.cli import screen
from ropewalk.cli.session import Session
from ropewalk.epic.answer import Answer
from ropewalk.model.values import Value
from ropewalk.store.schema.documents import dump


def give(session: Session, answer: Answer, lines: Callable[[], Iterable[str]]) -> int:
    """Show what a verb answers; return its exit code.

    Args:
        session: decides between JSON, verbatim from the file if there is one, and lines.
        answer: the document, its file and the exit code.
        lines: what a person sees instead.
    """
    if session.as_json:
        data = answer.path.read_bytes() if answer.path is not None else dump(answer.document)
        click.echo(data, nl=False)
    else:
        screen.show(lines())
    return answer.exit_code


def give_document(
    session: Session,
    document: Value,
    lines: Callable[[], Iterable[str]],
    *,
    exit_code: int = 0,
) -> int:
    """Show a document that has no file."""
    return give(session, Answer(document=document, exit_code=exit_code), lines)
