"""The command that holds all verbs; a verb's module is imported when it is used."""

import importlib
import os
from dataclasses import replace

import click

from ropewalk import __version__
from ropewalk.cli.session import Session, with_flags
from ropewalk.cli.table import GROUPS, VERBS

_FOLDER = click.Path(exists=True, file_okay=False, path_type=str)


class NoSuchVerb(click.UsageError):
    """A word that is no verb; whoever shows it names a near one."""

    def __init__(self, word: str, *, ctx: click.Context) -> None:
        super().__init__(f"there is no verb '{word}'", ctx=ctx)
        self.word = word


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
            raise NoSuchVerb(args[0], ctx=ctx)
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
def root(context: click.Context, directory: str | None) -> None:
    """Split an epic, let coding agents work on its parts at once, merge in order."""
    session = context.ensure_object(Session)
    if directory is not None:
        session = replace(session, directory=os.path.join(os.getcwd(), directory))  # noqa: PTH109, PTH118
    context.obj = session
