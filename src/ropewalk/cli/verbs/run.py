"""`ropewalk run`: the agents of an epic work, each in a worktree of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ropewalk import api
from ropewalk.cli import answers, arguments, endings, narrate, screen, words
from ropewalk.cli.session import Session, pass_session, with_flags
from ropewalk.cli.signals import cancellable
from ropewalk.cli.verbs.plan import lines_of, read_epic
from ropewalk.errors import NotPlanned
from ropewalk.model.config import AgentKind
from ropewalk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Value):
    """One domain that would be worked on."""

    domain: str
    agent: str
    worktree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun(Value):
    """What a run would do."""

    epic_id: str
    run_id: str | None
    mode: str
    through: str
    domains: tuple[Start, ...]
    schema_version: int = 1


_EPILOG = """\b
Examples, with an epic called search:
  ropewalk run search --agent claude --budget 6
  ropewalk run search --domain api         the others later, in the same run
  ropewalk run search --through validate   merge, check and land as well
"""


@click.command("run", epilog=_EPILOG)
@click.argument("epic")
@arguments.agent_options
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="At most so many agents at work."
)
@click.option("--parallel", "mode", flag_value="parallel", help="All at once, whatever the plan.")
@click.option("--sequential", "mode", flag_value="sequential", help="One after another.")
@click.option(
    "--through",
    type=click.Choice([each.value for each in api.Through]),
    default=api.Through.RESULTS.value,
    help="The last phase to go to (results).",
)
@arguments.budget_option
@click.option("--domain", "domains", multiple=True, metavar="D", help="Only these; repeatable.")
@click.option("--id", "epic_id", metavar="ID", help="The id, when EPIC is planned first.")
@click.option("--fresh", is_flag=True, help="Put the finished run away and start again.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@with_flags
@pass_session
def command(  # noqa: PLR0913 - one for each option
    session: Session,
    *,
    epic: str,
    agent: str | None,
    agent_command: str | None,
    jobs: int | None,
    mode: str | None,
    through: str,
    budget: float | None,
    domains: tuple[str, ...],
    epic_id: str | None,
    fresh: bool,
    dry_run: bool,
) -> int:
    """Let the agents of EPIC work: the id of a plan, or a file or sentence to plan first.

    All start at once, as far as memory, --jobs and the budget go. Your checkout is not touched.
    Ctrl-C ends the agents and keeps everything: `ropewalk resume` goes on.
    """
    workspace = arguments.open_workspace(session)
    request = api.RunRequest(
        agent=agent,
        agent_command=agent_command,
        jobs=jobs if jobs is not None else workspace.config.run.jobs,
        mode=api.Mode(mode) if mode else None,
        through=api.Through(through),
        budget_usd=budget,
        domains=domains,
        fresh=fresh,
        merge=api.merge_defaults(workspace),
    )
    name = _planned(session, workspace, epic, epic_id, dry_run=dry_run)
    if dry_run:
        return _show_dry_run(session, workspace, name, request)
    screen.tell(session, _scripted(workspace, name, request))
    known = None if fresh else api.find_run(workspace, name)
    held_usd = arguments.budget_held(workspace, known, budget)
    with (
        cancellable(lambda text: screen.tell(session, [text])) as cancel,
        narrate.narrating(session, budget_usd=held_usd) as observe,
    ):
        answer = api.run(workspace, name, request, observe=observe, cancel=cancel)
    return answers.give(session, answer, lambda: endings.all_lines(workspace, name, answer))


def _scripted(workspace: api.Workspace, name: str, request: api.RunRequest) -> Iterator[str]:
    """Say which of the agents only play what was recorded."""
    known = workspace.config.agents
    plan = api.require_plan(workspace, name)
    default = request.agent or workspace.config.run.agent if not request.agent_command else None
    used = {domain.agent or default for domain in plan.domains}
    for used_name in sorted(filter(None, used)):
        if used_name in known and known[used_name].kind is AgentKind.SCRIPT:
            yield f"the agent {used_name} is scripted: it plays what was recorded, without a model"


def _planned(
    session: Session, workspace: api.Workspace, epic: str, epic_id: str | None, *, dry_run: bool
) -> str:
    """Return the id of the epic to run; it is planned first when it is not an id."""
    if epic in api.planned_epics(workspace):
        return epic
    text = read_epic(epic, Path(session.directory)) if _may_be_text(session, epic) else None
    if text is None:
        api.require_plan(workspace, epic)
        return epic
    wanted = epic_id or text.epic_id
    if wanted in api.planned_epics(workspace):
        told = f"{wanted} was planned before; that plan is run (anew: ropewalk plan {epic})"
        screen.tell(session, [told])
        return str(wanted)
    if dry_run:
        raise NotPlanned(
            f"'{wanted or epic}' is not planned, and a dry run writes no plan",
            hint=f"ropewalk plan {epic}",
        )
    planned = api.plan(
        workspace,
        api.PlanRequest(epic=text, epic_id=epic_id),
        tell=lambda told: screen.tell(session, [told]),
    )
    screen.tell(session, [*list(lines_of(workspace, planned))[:-1], ""])
    return planned.plan.epic_id


def _may_be_text(session: Session, epic: str) -> bool:
    is_path = "/" in epic or epic.endswith(".md") or (Path(session.directory) / epic).is_file()
    return is_path or epic == "-" or " " in epic.strip()


def _show_dry_run(
    session: Session, workspace: api.Workspace, name: str, request: api.RunRequest
) -> int:
    prepared = api.check_run(workspace, name, request)
    order = prepared.order
    alone = order.mode is api.Mode.SEQUENTIAL
    layout = workspace.layout
    document = DryRun(
        epic_id=name,
        run_id=None if prepared.is_new else prepared.run_id,
        mode=order.mode.value,
        through=order.through.value,
        domains=tuple(
            Start(
                domain=domain,
                agent=order.agents[domain].shell or order.agents[domain].name,
                worktree=str(layout.sequential(name) if alone else layout.worktree(name, domain)),
            )
            for domain in order.domains
        ),
    )
    return answers.give_document(session, document, lambda: _dry_lines(document))


def _dry_lines(document: DryRun) -> Iterator[str]:
    how = "all at once" if document.mode == api.Mode.PARALLEL.value else "one after another"
    yield f"would run {document.epic_id}, {how}, through {document.through}; nothing was changed"
    rows = [[each.domain, each.agent, each.worktree] for each in document.domains]
    yield from (f"  {line}" for line in words.table(rows))
    yield "next: the same without --dry-run"
