"""Further rounds on an epic that was run: another attempt, or taking in work done by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ropewalk.engine.history import History
from ropewalk.epic.choice import check_agents_within, choose_agent
from ropewalk.epic.runs import Run
from ropewalk.epic.segments import AgentChoice, WorkOrder, aggregate_step, collect_step, next_round
from ropewalk.epic.workspace import Workspace
from ropewalk.errors import InvalidInput, WrongPhase
from ropewalk.model.graph import Step
from ropewalk.model.plan import Mode, Plan
from ropewalk.store.schema.documents import from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """Another attempt of one domain; ``fresh`` starts again from its base.

    ``budget_usd`` is what the run may cost from now on, what it has spent included.
    """

    domain: str
    agent: str | None = None
    agent_command: str | None = None
    message: str | None = None
    fresh: bool = False
    budget_usd: float | None = None


def require_idle(run: Run) -> None:
    """Raise WrongPhase unless everything that was asked of the run so far is finished."""
    if run.state.request:
        epic = run.state.epic_id
        raise WrongPhase(
            f"the run of '{epic}' ({run.run_id}) is not finished", hint=f"ropewalk resume {epic}"
        )


def retry_order(
    workspace: Workspace, plan: Plan, run: Run, request: RetryRequest, history: History
) -> WorkOrder:
    """Return the order for another attempt of one domain.

    Raises:
        InvalidInput: there is no such domain, no agent for it, or nothing left of the budget.
        WrongPhase: the run is not finished, or the domain has landed.
    """
    require_idle(run)
    _require_domains(plan, [request.domain])
    state = run.state.domains[request.domain]
    if state.merged is not None:
        raise WrongPhase(
            f"domain '{request.domain}' has landed", hint=f"undo it: ropewalk undo {plan.epic_id}"
        )
    domain = plan.domain(request.domain)
    asked = request.agent is not None or request.agent_command is not None
    chosen = replace(domain, agent=None, command=None) if asked else domain
    before = None if asked else _agent_before(history, request.domain)
    if before is not None and before.shell is None:
        chosen, before = replace(domain, agent=before.name, command=None), None
    choice = before or choose_agent(
        workspace.config, chosen, agent=request.agent, agent_command=request.agent_command
    )
    checked = check_agents_within(
        workspace,
        plan,
        {request.domain: choice},
        asked_usd=request.budget_usd,
        earlier_usd=run.state.budget_usd,
    )
    _require_money(run, request.domain, checked.budget_usd)
    return WorkOrder(
        round=next_round(step.id for step in history.graph.steps),
        domains=(request.domain,),
        mode=Mode(run.state.mode),
        agents=checked.agents,
        message=request.message,
        fresh=request.fresh,
        budget_usd=checked.budget_usd,
        budget_configured=checked.budget_configured,
    )


def _require_money(run: Run, domain: str, budget_usd: float | None) -> None:
    spent = run.state.spent_usd
    if budget_usd is not None and spent >= budget_usd:
        epic = run.state.epic_id
        raise InvalidInput(
            f"nothing is left of the budget of '{epic}': {spent:.2f} of {budget_usd:.2f} USD "
            "are spent",
            hint=f"give it more than {spent:.2f}, as what was spent counts: "
            f"ropewalk retry {epic} {domain} --budget USD",
            code="budget_used_up",
        )


def _agent_before(history: History, name: str) -> AgentChoice | None:
    """Return the agent that last worked on a domain, as its round chose it."""
    orders = [step.payload for step in history.graph.steps if step.kind == "prepare"]
    for payload in reversed(orders):
        agents = from_json(WorkOrder, payload).agents
        if name in agents:
            return agents[name]
    return None


def collect_steps(plan: Plan, run: Run, names: Sequence[str], history: History) -> tuple[Step, ...]:
    """Return the steps that take in what lies in the worktrees now, whoever made it.

    Raises:
        InvalidInput: there is no such domain.
        WrongPhase: the run is not finished, or a domain has no worktree.
    """
    require_idle(run)
    _require_domains(plan, names)
    wanted = tuple(names) or tuple(domain.name for domain in plan.domains)
    number = next_round(step.id for step in history.graph.steps)
    steps = []
    for name in wanted:
        state = run.state.domains[name]
        if names and (state.path is None or not Path(state.path).is_dir()):
            raise WrongPhase(
                f"domain '{name}' has no worktree", hint=f"ropewalk restore {plan.epic_id}"
            )
        if state.path is not None and Path(state.path).is_dir():
            steps.append(collect_step(name, number, payload={"domain": name, "by_hand": True}))
    return (*steps, aggregate_step(number, needs=[step.id for step in steps]))


def _require_domains(plan: Plan, names: Sequence[str]) -> None:
    known = {domain.name for domain in plan.domains}
    for name in names:
        if name not in known:
            raise InvalidInput(
                f"domain '{name}' is not in the plan of {plan.epic_id}",
                hint=f"its domains are {', '.join(sorted(known))}",
            )
