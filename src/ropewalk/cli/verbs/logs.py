"""`ropewalk logs`: the story of a run, or what one agent or check printed."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, log_tail, screen, words
from ropewalk.cli.narrate import Plain
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.store.journal import follow
from ropewalk.store.schema.documents import to_json
from ropewalk.store.text import safe_text


@click.command("logs")
@arguments.epic_argument
@click.argument("name", required=False, metavar="[DOMAIN]")
@click.option("--follow", "-f", "following", is_flag=True, help="Go on until the run rests.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Else the last one.")
@click.option("--raw", is_flag=True, help="What the agent printed, not the transcript.")
@with_flags
@pass_session
def command(
    session: Session,
    epic: str,
    name: str | None,
    *,
    following: bool,
    attempt: int | None,
    raw: bool,
) -> int:
    """Tell the story of EPIC and list its logs, or tell what the agent of DOMAIN said and did.

    With DOMAIN and --follow, later attempts are followed too.
    """
    workspace = arguments.open_workspace(session)
    if name is not None:
        log = api.find_log(workspace, epic, name, attempt=attempt)
        every = attempt is None
        return _print_log(session, workspace, epic, log, following=following, every=every, raw=raw)
    if attempt is not None or raw:
        raise click.UsageError(f"{'--raw' if raw else '--attempt'} needs a domain")
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
    session: Session,
    workspace: api.Workspace,
    epic: str,
    log: api.LogFile,
    *,
    following: bool,
    every: bool,
    raw: bool,
) -> int:
    run = api.require_run(workspace, epic)
    if not following:
        document = api.Logs(epic_id=run.state.epic_id, run_id=run.run_id, logs=(log,))
        return answers.give_document(session, document, lambda: _lines(_shown(log, raw=raw)))
    with arguments.until_rest(workspace, run.run_id) as rests:
        tails = log_tail.attempts(workspace, run.run_id, log, rests, raw=raw)
        for tail in tails if every else islice(tails, 1):
            for text in tail.texts:
                _print_text(session, tail.log, text)
    return 0


def _print_text(session: Session, log: api.LogFile, text: str) -> None:
    if session.as_json:
        line = {"domain": log.domain, "attempt": log.attempt, "text": text}
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        click.echo(safe_text(text), nl=False)


def _shown(log: api.LogFile, *, raw: bool) -> Path:
    return Path(log.path if raw or log.transcript is None else log.transcript)


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        yield from (line.rstrip("\n") for line in stream)
