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


@click.command("merge")
@arguments.epic_argument
@click.option("--include", multiple=True, metavar="D", help="Also this partial domain; repeatable.")
@click.option("--skip", multiple=True, metavar="D", help="Without this domain; repeatable.")
@arguments.on_conflict_option
@click.option(
    "--resolve",
    type=click.Choice([each.value for each in api.Resolve]),
    help="verify: take resolutions that the checks prove (default); suggest; off.",
)
@click.option("--continue", "proceed", is_flag=True, help="Take in the conflict you resolved.")
@click.option("--abort", is_flag=True, help="Take back what was merged and did not land.")
@click.option("--check", "checks", multiple=True, metavar="SHELL", help="Must pass; repeatable.")
@click.option("--unchecked", is_flag=True, help="Land although no check is configured.")
@click.option("--no-land", is_flag=True, help="Merge and check, leave the target alone.")
@click.option("--squash", is_flag=True, help="One commit for each domain.")
@click.option(
    "--window",
    type=click.IntRange(min=1),
    default=1,
    metavar="W",
    help="Check W prefixes at once while a failure is searched.",
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
        narrate.narrating(session) as observe,
    ):
        answer = api.merge(workspace, epic, options, observe=observe, cancel=cancel)
    bench = workspace.layout.worktree(_report(answer).epic_id, "_resolve")
    opened = str(bench) if answer.exit_code in WAITING and bench.is_dir() else None
    results = api.read_documents(workspace, epic).results
    return give_merge(session, answer, results=results, again=_options(options), opened=opened)


def give_merge(
    session: Session,
    answer: api.Answer,
    *,
    results: Sequence[DomainResult] = (),
    again: str = "",
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
            again=again,
            opened=opened,
            width=screen.columns(),
        ),
    )


def _report(answer: api.Answer) -> api.MergeReport:
    if not isinstance(answer.document, api.MergeReport):
        raise TypeError(answer.document)
    return answer.document


def _options(options: api.MergeOptions) -> str:
    """Return the options that decide what is merged, as they are typed."""
    words = [f" --include {name}" for name in options.include]
    words += [f" --skip {name}" for name in options.skip]
    words += [f" --into {options.into}"] if options.into else []
    words += [" --unchecked"] if options.unchecked else []
    return "".join(words)
