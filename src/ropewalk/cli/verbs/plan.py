"""`ropewalk plan`: an epic becomes domains with their files."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, plan_screen, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.errors import InvalidInput

_SOURCE_LIMIT = 1 << 20


@click.command("plan")
@click.argument("epic", required=False)
@click.option(
    "--from", "source", metavar="FILE", help="A hand-written plan, YAML or JSON; - reads."
)
@click.option("--id", "epic_id", metavar="ID", help="The id of the epic; else from plan or file.")
@click.option("--base", default="HEAD", metavar="REF", help="Where all domains start (HEAD).")
@click.option(
    "--planner",
    type=click.Choice([kind.value for kind in api.PlannerKind]),
    default=api.PlannerKind.STATIC.value,
    help="Who splits the epic; static needs no model (default).",
)
@with_flags
@pass_session
def command(
    session: Session,
    epic: str | None,
    source: str | None,
    epic_id: str | None,
    base: str,
    planner: str,
) -> int:
    """Split an epic into domains: a markdown file, - for standard input, or a quoted sentence."""
    if (epic is None) == (source is None):
        raise click.UsageError("give an epic, or a hand-written plan with --from")
    workspace = arguments.open_workspace(session)
    request = api.PlanRequest(
        epic=read_epic(epic, Path(session.directory)) if epic is not None else None,
        hand_written=_read_source(source, Path(session.directory)) if source is not None else None,
        source=_name_of(source),
        epic_id=epic_id,
        base=base,
        planner=api.PlannerKind(planner),
    )
    planned = api.plan(workspace, request)
    answer = api.Answer(document=planned.plan, path=planned.path)
    return answers.give(session, answer, lambda: lines_of(workspace, planned))


def lines_of(workspace: api.Workspace, planned: api.Planned) -> Iterator[str]:
    """Return the screen of a plan that was just written."""
    return plan_screen.plan_lines(
        planned.plan,
        planned.notes,
        briefings=api.briefing_names(workspace, planned.plan),
        path=workspace.relative(planned.path),
        width=screen.columns(),
    )


def read_epic(argument: str, directory: Path) -> api.EpicText:
    """Return the epic that an argument means; ``-`` is read from standard input."""
    stdin = sys.stdin.read() if argument == "-" else None
    return api.read_epic(argument, stdin=stdin, cwd=directory)


def _read_source(source: str, directory: Path) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(_SOURCE_LIMIT + 1)
    path = directory / source
    try:
        with path.open("rb") as stream:
            return stream.read(_SOURCE_LIMIT + 1)
    except OSError as error:
        raise InvalidInput(
            f"the plan '{source}' cannot be read: {error.strerror}",
            hint="ropewalk plan --from plan.yaml",
        ) from error


def _name_of(source: str | None) -> str:
    return "standard input" if source == "-" else source or "plan"
