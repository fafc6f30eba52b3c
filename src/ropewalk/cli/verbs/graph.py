"""`ropewalk graph`: the domains and their order, or the steps of a run, drawn."""

import json
from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import arguments, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.errors import StorageError


@click.command("graph")
@arguments.epic_argument
@click.option("--steps", is_flag=True, help="The steps of the run instead of the domains.")
@click.option(
    "--format",
    "kind",
    type=click.Choice([each.value for each in api.PictureFormat]),
    default=api.PictureFormat.TEXT.value,
    help="text (default), mermaid, dot or json.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to this file.")
@with_flags
@pass_session
def command(session: Session, epic: str, *, steps: bool, kind: str, output: str | None) -> int:
    """Draw the domains of EPIC in the order in which they merge, with their states."""
    workspace = arguments.open_workspace(session)
    picture = api.picture(workspace, epic, steps=steps)
    if session.as_json or kind == api.PictureFormat.JSON.value:
        text = json.dumps(picture.data(), ensure_ascii=False, indent=2) + "\n"
    else:
        text = picture.text(api.PictureFormat(kind))
    if output is None:
        click.echo(text, nl=False)
    else:
        write_file(Path(session.directory) / output, text)
        screen.tell(session, [f"written {output}"])
    return 0


def write_file(path: Path, text: str) -> None:
    """Write what a person asked for into the file that they named.

    Raises:
        StorageError: the disk refused.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"'{path}' cannot be written: {error.strerror}", hint="name another file with -o"
        ) from error
