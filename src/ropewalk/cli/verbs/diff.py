"""`ropewalk diff`: what the domains changed, or what automatic resolutions decided."""

import sys
from collections.abc import Iterator

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, screen, words
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.store.text import safe_text

_PATHS = "ropewalk.paths"
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_HEADINGS = ("diff ", "index ", "--- ", "+++ ", "new ", "deleted ", "rename ", "similarity ")


class _WithPaths(click.Command):
    """A command that keeps what comes after ``--`` apart from its arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the paths into ``ctx.meta``."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_PATHS] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


_EPILOG = """\b
Examples, with an epic called search that has a domain api:
  ropewalk diff search api -- src     what api changed below src
  ropewalk diff search --resolved     how conflicts were decided
"""


@click.command("diff", cls=_WithPaths, options_metavar="[OPTIONS] [-- PATH…]", epilog=_EPILOG)
@arguments.epic_argument
@arguments.domains_argument
@click.option(
    "--resolved",
    is_flag=True,
    help="How the conflicts of the last merge were decided, by whom and proved by what; or the "
    "suggestions that were not taken, each with the commands that take it.",
)
@with_flags
@click.pass_context
@pass_session
def command(
    session: Session, context: click.Context, epic: str, domains: tuple[str, ...], *, resolved: bool
) -> int:
    """Show what the domains of EPIC changed; after --, only these paths from the top."""
    paths = context.meta[_PATHS]
    workspace = arguments.open_workspace(session)
    look = api.diff_resolved if resolved else api.diff_domains
    diff = look(workspace, epic, domains, paths=paths)
    if session.as_json:
        return answers.give_document(session, diff, lambda: ())
    if sys.stdout.isatty():
        _show(diff)
    else:
        click.echo("".join(_plain(diff)).encode("utf-8", "surrogateescape"), nl=False)
    if not diff.diffs:
        screen.tell(session, [_nothing(diff)])
    return 0


def _plain(diff: api.Diff) -> Iterator[str]:
    for each in diff.diffs:
        yield from (f"# {line}\n" for line in _headings(diff, each))
        yield each.patch
        for side in each.sides:
            yield f"# {_against(each, side)}\n"
            yield side.patch


def _show(diff: api.Diff) -> None:
    colour = screen.has_colour(sys.stdout)
    for each in diff.diffs:
        for heading in _headings(diff, each):
            click.echo(click.style(heading, bold=True) if colour else heading)
        _show_patch(each.patch, colour=colour)
        for side in each.sides:
            against = _against(each, side)
            click.echo(click.style(against, bold=True) if colour else against)
            _show_patch(side.patch, colour=colour)


def _show_patch(patch: str, *, colour: bool) -> None:
    for line in patch.splitlines():
        click.echo(_paint(line) if colour else safe_text(line))


def _against(each: api.DomainDiff, side: api.SideDiff) -> str:
    """Return the heading of the same content against one side."""
    same = "" if side.patch else " (the same there)"
    return f"{each.domain} against {words.plain(side.side)} {words.short(side.base)}{same}"


def _headings(diff: api.Diff, each: api.DomainDiff) -> list[str]:
    """Return what is said before a patch; nothing where there is one patch and nothing to say."""
    notes = [words.plain(note) for note in each.notes]
    if len(diff.diffs) == 1 and not notes:
        return []
    return [f"{each.domain} {words.short(each.base)}..{words.short(each.head)}", *notes]


def _paint(line: str) -> str:
    safe = safe_text(line)
    if safe.startswith(_HEADINGS):
        return click.style(safe, bold=True)
    colour = _COLOURS.get(safe[:1])
    return click.style(safe, fg=colour) if colour else safe


def _nothing(diff: api.Diff) -> str:
    if diff.resolved:
        return "no conflict was resolved automatically"
    return f"there is no work to show (ropewalk results {diff.epic_id})"
