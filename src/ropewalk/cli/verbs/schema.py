"""`ropewalk schema`: the JSON Schema of a document."""

import json

import click

from ropewalk import api
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.store.schema.documents import SCHEMA_NAMES


@click.command("schema")
@click.argument("name", required=False)
@click.option("--list", "listing", is_flag=True, help="Name the documents.")
@with_flags
@pass_session
def command(session: Session, name: str | None, *, listing: bool) -> int:
    """Print the JSON Schema of the document NAME."""
    if listing:
        names = list(SCHEMA_NAMES)
        click.echo(json.dumps({"schemas": names}) if session.as_json else "\n".join(names))
        return 0
    if name is None:
        raise click.UsageError("name a document, or list them with --list")
    click.echo(json.dumps(api.json_schema(name), ensure_ascii=False, indent=2))
    return 0
