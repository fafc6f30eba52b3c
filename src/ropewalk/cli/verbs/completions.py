"""`ropewalk completions`: a script that completes verbs, options, epics and domains."""

import json

import click
from click.shell_completion import get_completion_class

from ropewalk.cli.session import Session, pass_session, with_flags

_VARIABLE = "_ROPEWALK_COMPLETE"


@click.command("completions")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@with_flags
@click.pass_context
@pass_session
def command(session: Session, context: click.Context, shell: str) -> int:
    """Print the completion script for SHELL, such as: eval "$(ropewalk completions bash)"."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    script = kind(context.find_root().command, {}, "ropewalk", _VARIABLE).source()
    click.echo(json.dumps({"shell": shell, "script": script}) if session.as_json else script)
    return 0
