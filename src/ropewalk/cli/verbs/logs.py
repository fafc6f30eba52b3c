"""`ropewalk logs`: the story of a run, or what one agent or check printed."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, screen, words
from ropewalk.cli.narrate import Plain
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.store.journal import follow
from ropewalk.store.schema.documents import to_json
from ropewalk.store.text import safe_text

_PAUSE_S = 0.1


@click.command("logs")
@arguments.epic_argument
@click.argument("name", required=False, metavar="[DOMAIN]")
@click.option("--follow", "-f", "following", is_flag=True, help="Go on until the run rests.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Else the last one.")
@with_flags
@pass_session
def command(
    session: Session, epic: str, name: str | None, *, following: bool, attempt: int | None
) -> int:
    """Tell the story of EPIC and list its logs, or print the log of DOMAIN."""
    workspace = arguments.open_workspace(session)
    if name is not None:
        log = api.find_log(workspace, epic, name, attempt=attempt)
        return _print_log(session, workspace, epic, log, following=following)
    if attempt is not None:
        raise click.UsageError("--attempt needs a domain")
    run = api.require_run(workspace, epic)
    if following:
        _follow_story(session, workspace, run)
        return 0
    logs = api.find_logs(workspace, epic)
    return answers.give_document(session, logs, lambda: _story(session, run, logs))


def _story(session: Session, run: api.Run, logs: api.Logs) -> Iterator[str]:
    told: list[str] = []
    narrator = Plain(told.append, verbose=session.verbose)
    for event in run.events:
        narrator.take(event)
    yield from told
    rows = [
        [log.name, (log.outcome or "").replace("_", " "), f"{log.size:,} bytes", log.path]
        for log in logs.logs
    ]
    yield from words.table(rows, widest=32)
    yield f"next: ropewalk logs {logs.epic_id} NAME"


def _follow_story(session: Session, workspace: api.Workspace, run: api.Run) -> None:
    narrator = Plain(lambda line: screen.show([line]), verbose=session.verbose)
    with arguments.until_rest(workspace, run.run_id) as rests:
        for event in follow(run.journal, stop=rests):
            if session.as_json:
                click.echo(json.dumps(to_json(event), ensure_ascii=False))
            else:
                narrator.take(event)


def _print_log(
    session: Session, workspace: api.Workspace, epic: str, log: api.LogFile, *, following: bool
) -> int:
    run = api.require_run(workspace, epic)
    if not following:
        document = api.Logs(epic_id=run.state.epic_id, run_id=run.run_id, logs=(log,))
        return answers.give_document(session, document, lambda: _lines(Path(log.path)))
    with arguments.until_rest(workspace, run.run_id) as rests:
        for text in _follow_file(Path(log.path), rests):
            if session.as_json:
                line = {"domain": log.domain, "attempt": log.attempt, "text": text}
                click.echo(json.dumps(line, ensure_ascii=False))
            else:
                click.echo(safe_text(text), nl=False)
    return 0


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        yield from (line.rstrip("\n") for line in stream)


def _follow_file(path: Path, rests: threading.Event) -> Iterator[str]:
    """Yield whole lines of a file as they are written, and the rest when nothing more comes."""
    rest, offset = b"", 0
    while True:
        is_last = rests.is_set()
        data = _read_from(path, offset)
        offset += len(data)
        whole, newline, rest = (rest + data).rpartition(b"\n")
        text = whole + newline + (rest if is_last else b"")
        if text:
            yield text.decode("utf-8", "replace")
        if is_last:
            return
        rests.wait(_PAUSE_S)


def _read_from(path: Path, offset: int) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read()
