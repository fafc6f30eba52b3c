"""`ropewalk watch`: follow a run of another terminal until it rests."""

import json

import click

from ropewalk import api
from ropewalk.cli import arguments, narrate, screen, signals, status_screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.errors import WrongPhase
from ropewalk.store.journal import follow
from ropewalk.store.schema.documents import to_json


@click.command("watch")
@click.argument("epic", required=False)
@with_flags
@pass_session
def command(session: Session, epic: str | None) -> int:
    """Follow the run of EPIC until it rests; with --json, its events one a line."""
    workspace = arguments.open_workspace(session)
    name = epic or _busy_one(workspace)
    run = api.require_run(workspace, name)
    with arguments.until_rest(workspace, run.run_id) as rests:
        if session.as_json:
            for event in follow(run.journal, stop=rests):
                click.echo(json.dumps(to_json(event), ensure_ascii=False))
            return 0
        try:
            with narrate.narrating(session) as observe:
                for event in follow(run.journal, stop=rests):
                    observe(event)
        except KeyboardInterrupt:
            lines = (
                f"no longer watching; the run of '{name}' goes on",
                f"next: ropewalk watch {name}",
            )
            screen.tell(session, lines)
            return signals.INTERRUPTED
    screen.show(status_screen.epic_lines(api.status(workspace, run.run_id).epics[0]))
    return 0


def _busy_one(workspace: api.Workspace) -> str:
    epics = api.status(workspace).epics
    busy = [epic for epic in epics if epic.state == "running"]
    if len(busy) == 1:
        return busy[0].epic_id
    raise WrongPhase(
        "nothing is running" if not busy else "more than one epic is running",
        hint="ropewalk status, then ropewalk watch EPIC",
    )
