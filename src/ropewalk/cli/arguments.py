"""Arguments and options that several verbs share."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from ropewalk import api
from ropewalk.cli.session import Session
from ropewalk.errors import RopewalkError
from ropewalk.model.merge import OnConflict

F = TypeVar("F", bound=Callable[..., Any])
_LOOK_EVERY_S = 0.3


def epic_argument(command: F) -> F:
    """Let a command take the id of an epic or of a run."""
    return click.argument("epic", shell_complete=_complete_epic)(command)


def domains_argument(command: F) -> F:
    """Let a command take names of domains, none meaning all."""
    return click.argument(
        "domains", nargs=-1, metavar="[DOMAIN]…", shell_complete=_complete_domain
    )(command)


def agent_options(command: F) -> F:
    """Let a command choose the agent."""
    command = click.option(
        "--agent-command",
        metavar="SHELL",
        help="A shell command as the agent: its task is on stdin, it works where it is started.",
    )(command)
    return click.option("--agent", metavar="NAME", help="An agent of ropewalk.toml.")(command)


def budget_option(command: F) -> F:
    """Let a command say what the run may cost."""
    return click.option(
        "--budget",
        type=click.FloatRange(min=0, min_open=True),
        metavar="USD",
        help="What all agents of the run may spend together; their work is kept.",
    )(command)


def budget_held(
    workspace: api.Workspace, run: api.Run | None, asked_usd: float | None
) -> float | None:
    """Return what a round may spend, for the board: what is asked for, was, or is configured."""
    earlier_usd = run.state.budget_usd if run else None
    return asked_usd or earlier_usd or workspace.config.run.budget_usd


def on_conflict_option(command: F) -> F:
    """Let a command say what a conflict does to the rest."""
    return click.option(
        "--on-conflict",
        type=click.Choice([each.value for each in OnConflict]),
        help="What to do with a conflict that no resolution was taken for, and with a domain "
        "that breaks the checks. report: land nothing (default); stop: open a worktree for you, "
        "then --continue; park: land the rest without it; agent: let one try.",
    )(command)


def open_workspace(session: Session) -> api.Workspace:
    """Return the repository that the person works on."""
    return api.open_workspace(Path(session.directory))


@contextmanager
def until_rest(workspace: api.Workspace, run_id: str) -> Iterator[threading.Event]:
    """Yield an event that is set as soon as nobody works on a run any more."""
    rests = threading.Event()

    def look() -> None:
        while not rests.is_set():
            if api.status(workspace, run_id).epics[0].state != "running":
                rests.set()
            rests.wait(_LOOK_EVERY_S)

    watcher = threading.Thread(target=look, name="rest", daemon=True)
    watcher.start()
    try:
        yield rests
    finally:
        rests.set()
        watcher.join()


def _complete_epic(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    try:
        workspace = open_workspace(context.find_object(Session) or Session())
        names = api.planned_epics(workspace)
    except (RopewalkError, OSError):
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _complete_domain(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    try:
        workspace = open_workspace(context.find_object(Session) or Session())
        plan = api.require_plan(workspace, str(context.params.get("epic", "")))
    except (RopewalkError, OSError):
        return []
    names = (domain.name for domain in plan.domains)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
