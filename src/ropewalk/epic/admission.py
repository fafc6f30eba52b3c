"""Before an agent starts: the gate of its provider is open, and what it may spend is reserved.

Memory, slots and ``--jobs`` are pools of the engine, which a step holds while its agent works; here
is what a pool cannot know. Both waits end when the person stops the run, and say why they wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ropewalk.agents.budget import Allowance, Need
from ropewalk.agents.gate import gate_key
from ropewalk.agents.listener import EmitActivity
from ropewalk.agents.table import find_agent
from ropewalk.agents.watch import Terms
from ropewalk.engine.executor import Control
from ropewalk.epic.context import EpicContext
from ropewalk.epic.segments import AgentChoice
from ropewalk.model.config import AgentConfig
from ropewalk.model.graph import AttemptSpec
from ropewalk.model.values import JsonObject
from ropewalk.report.reading import budget_in


@dataclass(slots=True, kw_only=True)
class Admission:
    """An agent that may start on these terms; whether its cost tells what others will cost."""

    terms: Terms
    allowance: Allowance
    has_finished: bool = False


@contextmanager
def admitted(
    context: EpicContext,
    spec: AttemptSpec,
    control: Control,
    *,
    choice: AgentChoice,
    config: AgentConfig,
) -> Iterator[Admission | None]:
    """Wait until an agent may start on a domain, and hold what it reserved while this lasts.

    Yields None when too little of the budget is left, or the person stopped the run.
    """
    domain = str(spec.payload["domain"])

    def told(type_: str, data: JsonObject, /, *, sync: bool = False) -> None:
        control.emit(type_, {"domain": domain, **data}, sync=sync)

    need = _need(context, choice.name, config, spec.payload.get("budget_usd"))
    if choice.keeps_budget:
        need = replace(need, domain=domain, unstarted=_unstarted(context))
    with _admitted(context, control, need, config, told) as admission:
        yield admission


@contextmanager
def admitted_mender(
    context: EpicContext, control: Control, *, agent: str, tell: EmitActivity
) -> Iterator[Admission | None]:
    """Wait until an agent may start that puts a merge right, as `admitted` does.

    Its money is that of the run whose merge it is.
    """
    config = find_agent(context.workspace.config, agent)
    state = context.live.state
    asked = budget_in(state.request) or state.budget_usd
    budget = asked or context.workspace.config.run.budget_usd
    need = _need(context, agent, config, budget)
    with _admitted(context, control, need, config, tell) as admission:
        yield admission


@contextmanager
def _admitted(
    context: EpicContext, control: Control, need: Need, config: AgentConfig, tell: EmitActivity
) -> Iterator[Admission | None]:
    key, cancel = gate_key(config.kind, config.model), control.cancelled

    def told(data: JsonObject) -> None:
        tell("agent_waiting", data, sync=True)

    def told_until(seconds: float) -> None:
        until = datetime.now(tz=UTC) + timedelta(seconds=seconds)
        told({"reason": "rate", "provider": key, "until": until.isoformat(timespec="seconds")})

    def told_short(needed: float | None, free: float) -> None:
        told({"reason": "budget", "needed": needed, "free": free})

    is_open = context.together.gate.wait(key, cancel=cancel, told=told_until)
    allowance = context.purse.reserve(need, cancel=cancel, told=told_short) if is_open else None
    if allowance is None:
        yield None
        return
    terms = Terms(
        key=key,
        model=config.model,
        prices=context.workspace.config.prices,
        allowance=allowance,
        spent=lambda: _warn(context, control, need.budget_usd),
    )
    admission = Admission(terms=terms, allowance=allowance)
    try:
        yield admission
    finally:
        allowance.close(finished=admission.has_finished)


def _need(context: EpicContext, agent: str, config: AgentConfig, budget: object) -> Need:
    limited = float(budget) if isinstance(budget, int | float) else None
    return Need(
        agent=agent,
        budget_usd=limited,
        cap_usd=config.budget_usd,
        expected_usd=context.cost_before(agent) if limited is not None else None,
    )


def _unstarted(context: EpicContext) -> frozenset[str]:
    names = (domain.name for domain in context.plan.domains)
    return frozenset(name for name in names if context.domain_state(name).worked_in is None)


def _warn(context: EpicContext, control: Control, budget_usd: float | None) -> None:
    if context.purse.is_to_warn(budget_usd):
        data = {"spent_usd": round(context.purse.spent_usd, 6), "budget_usd": budget_usd}
        control.emit("budget_warning", data)
