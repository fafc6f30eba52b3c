"""The command that holds all verbs; a verb's module is imported when it is used."""

import importlib
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import click

from ropewalk import __version__
from ropewalk.cli.session import Session, with_flags
from ropewalk.cli.table import GROUPS, VERBS

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


class Verbs(click.Group):
    """A group whose commands are the table of verbs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the verbs in the order of help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command of a verb."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        module = importlib.import_module(verb.module)  # noqa: TID251 - the one table of verbs
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; name near ones when there is none."""
        if args[0] not in VERBS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(args[0], VERBS, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no verb '{args[0]}'{meant}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs before the options: they are what a person looks for."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs by group, those of a normal day first."""
        column = max(map(len, VERBS))
        for group in GROUPS:
            rows = [(f"{n:<{column}}", v.help) for n, v in VERBS.items() if v.group == group]
            with formatter.section(group):
                formatter.write_dl(rows)


@click.command(
    cls=Verbs,
    subcommand_metavar="VERB …",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="More about a verb: ropewalk VERB --help",
)
@click.option("-C", "directory", metavar="DIR", type=_FOLDER, help="Work in this directory.")
@with_flags
@click.version_option(__version__, message="ropewalk %(version)s")
@click.pass_context
def root(context: click.Context, directory: Path | None) -> None:
    """Split an epic, let coding agents work on its parts at once, merge in order."""
    session = context.ensure_object(Session)
    if directory is not None:
        session = replace(session, directory=directory.absolute())
    context.obj = session
