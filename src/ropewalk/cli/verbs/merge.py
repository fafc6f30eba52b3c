"""`ropewalk merge`: the results become one branch, in order, checked, landed."""

from collections.abc import Sequence
from dataclasses import replace

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, merge_screen, narrate, screen
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.signals import cancellable
from ropewalk.model.result import DomainResult

WAITING = (3, 4)


_EPILOG = """\b
Examples, with an epic called search:
  ropewalk merge search --dry-run           say what would happen
  ropewalk merge search --on-conflict park  land what can be landed
  ropewalk merge search --on-conflict stop  resolve or mend by hand; after it:
  ropewalk merge search --continue

\b
Exit codes: 0 landed, or built with --no-land; 2 input that cannot be used;
3 a conflict waits; 4 a check fails on the merged tree; 5 landing refused,
or no check is configured; 6 landed in part; 8 another ropewalk is at work;
130 interrupted: ropewalk resume goes on.
"""


@click.command("merge", epilog=_EPILOG)
@arguments.epic_argument
@click.option("--include", multiple=True, metavar="D", help="Also this partial domain; repeatable.")
@click.option("--skip", multiple=True, metavar="D", help="Without this domain; repeatable.")
@arguments.on_conflict_option
@click.option(
    "--resolve",
    type=click.Choice([each.value for each in api.Resolve]),
    help="Before --on-conflict. verify: take a resolution that the checks prove (default); "
    "suggest: show what is found, take none; off: look for none.",
)
@click.option(
    "--continue",
    "proceed",
    is_flag=True,
    help="Go on with what you resolved or mended after --on-conflict stop.",
)
@click.option("--abort", is_flag=True, help="Take back what was merged and did not land.")
@click.option(
    "--check", "checks", multiple=True, metavar="SHELL", help="Must pass, too; repeatable."
)
@click.option("--unchecked", is_flag=True, help="Land although no check is configured.")
@click.option("--no-land", is_flag=True, help="Merge and check, leave the target alone.")
@click.option("--squash", is_flag=True, help="One commit for each domain.")
@click.option(
    "--window",
    type=click.IntRange(min=1),
    default=1,
    metavar="W",
    help="When the checks fail: try so many parts of the merge at once to find who breaks them.",
)
@click.option("--into", metavar="BRANCH", help="Land here; else where the plan says.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@with_flags
@pass_session
def command(  # noqa: PLR0913 - one for each option
    session: Session,
    *,
    epic: str,
    include: tuple[str, ...],
    skip: tuple[str, ...],
    on_conflict: str | None,
    resolve: str | None,
    proceed: bool,
    abort: bool,
    checks: tuple[str, ...],
    unchecked: bool,
    no_land: bool,
    squash: bool,
    window: int,
    into: str | None,
    dry_run: bool,
) -> int:
    """Merge the domains of EPIC that succeeded, check the merged tree, land it."""
    if proceed and abort:
        raise click.UsageError("--continue and --abort exclude each other")
    workspace = arguments.open_workspace(session)
    run = api.require_run(workspace, epic)
    defaults = api.merge_defaults(workspace)
    options = replace(
        defaults,
        include=include,
        skip=skip,
        on_conflict=api.OnConflict(on_conflict) if on_conflict else defaults.on_conflict,
        resolve=api.Resolve(resolve) if resolve else defaults.resolve,
        checks=checks,
        unchecked=unchecked,
        land=not no_land,
        squash=squash or defaults.squash,
        window=window,
        into=into,
        dry_run=dry_run,
        proceed=proceed,
        abort=abort,
    )
    with (
        cancellable(lambda text: screen.tell(session, [text])) as cancel,
        narrate.narrating(session, past=run.events) as observe,
    ):
        answer = api.merge(workspace, epic, options, observe=observe, cancel=cancel)
    bench = workspace.layout.worktree(_report(answer).epic_id, "_resolve")
    opened = str(bench) if answer.exit_code in WAITING and bench.is_dir() else None
    results = api.read_documents(workspace, epic).results
    return give_merge(session, answer, results=results, opened=opened)


def give_merge(
    session: Session,
    answer: api.Answer,
    *,
    results: Sequence[DomainResult] = (),
    opened: str | None = None,
) -> int:
    """Show the report of a merge, a landing or an undo; ``results`` is what the domains brought."""
    report = _report(answer)
    return answers.give(
        session,
        answer,
        lambda: merge_screen.merge_lines(
            report,
            exit_code=answer.exit_code,
            results=results,
            opened=opened,
            width=screen.columns(),
        ),
    )


def _report(answer: api.Answer) -> api.MergeReport:
    if not isinstance(answer.document, api.MergeReport):
        raise TypeError(answer.document)
    return answer.document
