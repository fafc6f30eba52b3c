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
_EPILOG = """\b
Examples:
  ropewalk plan docs/epics/search.md   the name of the file is the id
  ropewalk plan --from search.yaml     a plan that you wrote
  ropewalk plan "People can search" --id search --planner model
"""


@click.command("plan", epilog=_EPILOG)
@click.argument("epic", required=False)
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="A hand-written plan, YAML or JSON; - for standard input.",
)
@click.option("--id", "epic_id", metavar="ID", help="The id of the epic; else from plan or file.")
@click.option("--base", default="HEAD", metavar="REF", help="Where all domains start (HEAD).")
@click.option(
    "--planner",
    type=click.Choice([kind.value for kind in api.PlannerKind]),
    help="Who splits the epic: static by rules; model, agent: asked, with static as fall-back "
    "(default: [planner] default, else static).",
)
@click.option(
    "--no-cache", "cache", flag_value="off", help="Ask anew, and keep no answer for the next time."
)
@click.option("--refresh", "cache", flag_value="refresh", help="Ask anew, and keep the answer.")
@with_flags
@pass_session
def command(
    session: Session,
    epic: str | None,
    source: str | None,
    epic_id: str | None,
    base: str,
    planner: str | None,
    cache: str | None,
) -> int:
    """Split an epic into domains: a markdown file, - for standard input, or a quoted sentence.

    The plan says which files each domain has, in which order they merge, and whether it pays to
    work in parallel. Nothing is run.
    """
    if (epic is None) == (source is None):
        raise click.UsageError("give an epic, or a hand-written plan with --from")
    workspace = arguments.open_workspace(session)
    request = api.PlanRequest(
        epic=read_epic(epic, Path(session.directory)) if epic is not None else None,
        hand_written=_read_source(source, Path(session.directory)) if source is not None else None,
        source=_name_of(source),
        epic_id=epic_id,
        base=base,
        planner=api.PlannerKind(planner) if planner else None,
        cache=api.CacheUse(cache or api.CacheUse.USE),
    )
    planned = api.plan(workspace, request, tell=lambda text: screen.tell(session, [text]))
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
        forecast=api.forecast(workspace, planned.plan),
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
