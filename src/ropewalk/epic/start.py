"""Starting a run, and adding rounds of work to it; everything is looked at before it is changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ropewalk.agents.briefings import choose_briefing
from ropewalk.agents.table import find_agent
from ropewalk.engine.history import History
from ropewalk.epic.choice import check_agents_within, choose_agent
from ropewalk.epic.planning_agent import clear_planning
from ropewalk.epic.runs import Run, find_run, new_run_id, plan_copy
from ropewalk.epic.segments import AgentChoice, Through, WorkOrder, next_round
from ropewalk.epic.space import require_space
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import Busy, InvalidInput, PlanChanged, WrongPhase
from ropewalk.git.refs import RefUpdate, domain_branch, epic_ref, list_refs, read_ref, update_refs
from ropewalk.merging.values import MergeOptions
from ropewalk.model.graph import Step
from ropewalk.model.plan import Mode, Plan
from ropewalk.model.values import JsonObject
from ropewalk.planner.resolve import is_unchanged, override_mode
from ropewalk.store.journal import Journal
from ropewalk.store.lock import is_epic_locked
from ropewalk.store.schema.documents import to_json, write_document


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What ``run`` is asked to do; ``domains`` empty means all that were not attempted yet."""

    agent: str | None = None
    agent_command: str | None = None
    jobs: int | None = None
    mode: Mode | None = None
    through: Through = Through.RESULTS
    budget_usd: float | None = None
    domains: tuple[str, ...] = ()
    fresh: bool = False
    merge: MergeOptions = field(default_factory=MergeOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that may start: its id, whether it is new, and the first step of its next round."""

    run_id: str
    is_new: bool
    order: WorkOrder


def prepare_run(
    workspace: Workspace, plan: Plan, request: RunRequest, history: History | None
) -> Prepared:
    """Decide what a run would do; nothing is changed.

    Raises:
        PlanChanged: the plan was changed by something other than ``plan`` or ``edit``.
        WrongPhase: the epic has been run and there is nothing left to attempt.
        InvalidInput: a domain, agent or briefing does not exist, or something lies in the way.
        WorktreeError: the disk has no room for the worktrees.
    """
    if not is_unchanged(plan):
        raise PlanChanged(
            f"the plan of '{plan.epic_id}' was changed by hand after it was made",
            hint=f"take the change in: ropewalk edit {plan.epic_id}",
        )
    known = find_run(workspace, plan.epic_id)
    run = None if request.fresh else known
    names = _names(workspace, plan, request, run)
    if known is None:
        _require_free(workspace, plan)
    workspace.identity()
    _require_checks(workspace, plan, request)
    if request.agent is not None:
        find_agent(workspace.config, request.agent)
    for name in names:
        choose_briefing(plan.domain(name), workspace.layout.briefings())
    checked = check_agents_within(
        workspace,
        plan,
        _agents(workspace, plan, request, names),
        asked_usd=request.budget_usd,
        earlier_usd=run.state.budget_usd if run else None,
    )
    order = WorkOrder(
        round=next_round(step.id for step in history.graph.steps) if history else 1,
        domains=names,
        mode=request.mode or plan.decision.mode,
        through=request.through,
        agents=checked.agents,
        merge=to_json(request.merge),
        budget_usd=checked.budget_usd,
        budget_configured=checked.budget_configured,
    )
    if run is None:
        count = 1 if order.mode is Mode.SEQUENTIAL else len(plan.domains)
        require_space(workspace, plan.epic_id, plan.base.commit, worktrees=count)
    return Prepared(run_id=run.run_id if run else new_run_id(), is_new=run is None, order=order)


def _agents(
    workspace: Workspace,
    plan: Plan,
    request: RunRequest,
    names: Sequence[str],
) -> dict[str, AgentChoice]:
    return {
        name: choose_agent(
            workspace.config,
            plan.domain(name),
            agent=request.agent,
            agent_command=request.agent_command,
        )
        for name in names
    }


def begin(
    workspace: Workspace,
    plan: Plan,
    prepared: Prepared,
    journal: Journal,
    *,
    request: JsonObject,
) -> None:
    """Pin the base of a new run and journal its start; called under the lock of the epic.

    ``request`` is what the run is asked to do, so that a kill right after this loses nothing.

    Raises:
        WrongPhase: another coordinator ran the epic after this run was prepared.
    """
    other = find_run(workspace, plan.epic_id)
    if other is not None:
        raise WrongPhase(
            f"'{plan.epic_id}' was run by another coordinator just now ({other.run_id})",
            hint=f"ropewalk results {plan.epic_id}",
        )
    clear_planning(workspace, plan.epic_id, trash_id=prepared.run_id)
    _pin_base(workspace, plan)
    write_document(plan_copy(workspace, prepared.run_id), plan)
    decision = override_mode(plan, prepared.order.mode).decision
    journal.emit(
        "run_started",
        {
            "epic_id": plan.epic_id,
            "plan_hash": plan.plan_hash,
            "base": plan.base.commit,
            "target": plan.target,
            "domains": [domain.name for domain in plan.domains],
            "mode": prepared.order.mode.value,
            "mode_reason": "; ".join(reason.text for reason in decision.reasons),
            "agent": ", ".join(sorted({a.name for a in prepared.order.agents.values()})),
            "filters": list(workspace.place.filters),
            "drivers": list(workspace.place.drivers),
            "request": request,
        },
        sync=True,
    )


def _pin_base(workspace: Workspace, plan: Plan) -> None:
    context = workspace.place.context
    ref = epic_ref(plan.epic_id, "base")
    old = read_ref(context, ref)
    if old != plan.base.commit:
        update_refs(context, [RefUpdate(ref=ref, new=plan.base.commit, old=old)])


def first_step(order: WorkOrder) -> Step:
    """Return the step from which a round of work grows."""
    return Step(id=f"prepare:{order.round}", kind="prepare", payload=to_json(order))


def _require_checks(workspace: Workspace, plan: Plan, request: RunRequest) -> None:
    validates = request.through in (Through.VALIDATE, Through.POSTMORTEM)
    if validates and not plan.validation and not workspace.config.checks.commands:
        raise InvalidInput(
            f"there is nothing to validate '{plan.epic_id}' with",
            hint='add [checks] commands = ["…"] to ropewalk.toml, or validation to the plan',
        )


def _names(
    workspace: Workspace, plan: Plan, request: RunRequest, run: Run | None
) -> tuple[str, ...]:
    known = {domain.name for domain in plan.domains}
    for name in request.domains:
        if name not in known:
            raise InvalidInput(
                f"domain '{name}' is not in the plan of {plan.epic_id}",
                hint=f"its domains are {', '.join(sorted(known))}",
            )
    wanted = request.domains or tuple(domain.name for domain in plan.domains)
    if run is None:
        return wanted
    return _left(workspace, plan, wanted, run)


def _left(workspace: Workspace, plan: Plan, wanted: Sequence[str], run: Run) -> tuple[str, ...]:
    epic = plan.epic_id
    if run.state.request and is_epic_locked(workspace.layout.common_dir, epic):
        raise Busy(f"'{epic}' is being worked on ({run.run_id})", hint=f"ropewalk watch {epic}")
    if run.state.request:
        raise WrongPhase(
            f"the run of '{epic}' ({run.run_id}) is not finished", hint=f"ropewalk resume {epic}"
        )
    open_ones = {
        name
        for name in (domain.name for domain in plan.domains)
        if name not in run.state.domains or run.state.domains[name].status is None
    }
    left = tuple(name for name in wanted if name in open_ones)
    if not left:
        raise WrongPhase(
            f"'{epic}' has been run ({run.run_id})",
            hint=f"ropewalk results {epic}, or start again: ropewalk run {epic} --fresh",
        )
    return left


def _require_free(workspace: Workspace, plan: Plan) -> None:
    for domain in plan.domains:
        path = workspace.layout.worktree(plan.epic_id, domain.name)
        if path.exists() or path.is_symlink():
            raise InvalidInput(
                f"{workspace.relative(path)} exists and is not a worktree of this run"
                if path.is_relative_to(workspace.layout.top)
                else f"{path} exists and is not a worktree of this run",
                hint="move it away, or plan the epic under another id: --id",
            )
    refs = list_refs(workspace.place.context, "refs/heads/")
    prefix = domain_branch(plan.epic_id, "x").rsplit("/", 1)[0]
    for blocker in (prefix, prefix.rsplit("/", 1)[0]):
        if blocker in refs:
            raise InvalidInput(
                f"the branch '{blocker.removeprefix('refs/heads/')}' stands where branches of the "
                "epic would go",
                hint="rename that branch, or plan the epic under another id: --id",
                code="ref_conflict",
            )
    taken = [ref for ref in refs if ref.startswith(f"{prefix}/")]
    if taken:
        raise InvalidInput(
            f"the branch '{taken[0].removeprefix('refs/heads/')}' exists and is not of this run",
            hint="rename or delete it, or plan the epic under another id: --id",
            code="ref_conflict",
        )
